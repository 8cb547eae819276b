"""TFRecord files, examples and other strings that hold records, against what TensorFlow read, wrote and said."""

import base64
import json
import warnings
from pathlib import Path

import pytest
from record_programs import GROUPS, result

import onevar.v1 as tf
from onevar import use_backend

GOLDEN = json.loads((Path(__file__).parent / "golden" / "records.json").read_text(encoding="utf-8"))
RECORDS = [b"hello", b"", b"x" * 1000, bytes(range(256))]


@pytest.mark.parametrize("group", GROUPS)
def test_same_as_tensorflow(group):
    wrong = {}
    with use_backend("numpy"):
        for name, program in GROUPS[group](tf).items():
            found = json.loads(json.dumps(result(tf, program)))
            if found != GOLDEN["programs"][group][name]:
                wrong[name] = found, GOLDEN["programs"][group][name]
    assert not wrong


@pytest.fixture(name="written", params=["", "GZIP", "ZLIB"])
def written_file(request, tmp_path):
    path = tmp_path / "records"
    path.write_bytes(base64.b64decode(GOLDEN["files"][request.param]))
    return path, request.param


def test_reads_files_of_tensorflow(written):
    path, kind = written
    assert list(tf.python_io.tf_record_iterator(str(path), kind)) == RECORDS


def test_writes_files_of_tensorflow(written, tmp_path):
    path, kind = written
    with tf.python_io.TFRecordWriter(str(tmp_path / "ours"), tf.python_io.TFRecordOptions(kind)) as writer:
        for record in RECORDS:
            writer.write(record)
    if not kind:
        assert (tmp_path / "ours").read_bytes() == path.read_bytes()
    assert list(tf.python_io.tf_record_iterator(str(tmp_path / "ours"), kind)) == RECORDS


#: What is done to the bytes of a file, how many records are read then, and what is said.
DAMAGE = {
    "within the second header": (lambda data: data[:30], 1, None),
    "within the first record": (
        lambda data: data[:14], 0, "truncated record at 0' failed with Read less bytes than requested"
    ),
    "in the first record": (lambda data: data[:13] + b"?" + data[14:], 0, "corrupted record at 12"),
    "in the first length": (
        lambda data: b"?" + data[1:], 0, r"corrupted record at 0 \(Is this even a TFRecord file\?\)"
    ),
    "text": (lambda data: b"this is no file of records at all", 0, "corrupted record at 0"),
    "empty": (lambda data: b"", 0, None),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files(damage, tmp_path):
    change, count, message = DAMAGE[damage]
    path = tmp_path / "damaged"
    path.write_bytes(change(base64.b64decode(GOLDEN["files"][""])))
    reading = tf.python_io.tf_record_iterator(str(path))
    assert [next(reading) for _ in range(count)] == RECORDS[:count]
    if message is None:
        assert next(reading, None) is None
        return
    with pytest.raises(tf.errors.DataLossError, match=message):
        next(reading)


def test_a_file_that_grows(tmp_path):
    writer = tf.python_io.TFRecordWriter(str(tmp_path / "growing"))
    writer.write(b"first")
    writer.flush()
    reading = tf.python_io.tf_record_iterator(str(tmp_path / "growing"))
    assert next(reading) == b"first"
    assert next(reading, None) is None
    writer.write(b"second")
    writer.close()
    assert next(reading) == b"second"


def test_writers_that_are_closed_or_cannot_write(tmp_path):
    writer = tf.python_io.TFRecordWriter(str(tmp_path / "records"))
    writer.close()
    writer.close()
    for action in (writer.flush, lambda: writer.write(b"more")):
        with pytest.raises(tf.errors.FailedPreconditionError, match="Writer not initialized or previously closed"):
            action()
    with pytest.raises(tf.errors.NotFoundError, match="No such file or directory"):
        tf.python_io.TFRecordWriter(str(tmp_path / "missing" / "records"))
    with pytest.raises(tf.errors.NotFoundError, match="No such file or directory"):
        tf.python_io.tf_record_iterator(str(tmp_path / "missing"))
    with pytest.raises(ValueError, match='Not a valid compression_type: "FOO"'):
        tf.python_io.TFRecordWriter(str(tmp_path / "other"), "FOO")
    with pytest.raises(TypeError, match="expected bytes, int found"):
        tf.python_io.TFRecordWriter(str(tmp_path / "other")).write(3)


def test_full_disk():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full: a disk cannot be made full here")
    writer = tf.python_io.TFRecordWriter("/dev/full")
    writer.write(b"x" * 10)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="/dev/full; No space left on device"):
        writer.close()


def test_readers_leave_nothing_open(tmp_path):
    with tf.python_io.TFRecordWriter(str(tmp_path / "records")) as writer:
        writer.write(b"one")
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        assert next(tf.python_io.tf_record_iterator(str(tmp_path / "records"))) == b"one"


def test_examples_are_messages():
    example = tf.train.Example()
    example.features.feature["n"].int64_list.value.extend([1, -2])
    example.features.feature["t"].bytes_list.value.append(b"text")
    again = tf.train.Example.FromString(example.SerializeToString())
    assert again == example
    assert again.features.feature["n"].WhichOneof("kind") == "int64_list"
    assert list(again.features.feature["n"].int64_list.value) == [1, -2]
