"""Checkpoints in both directions with the TensorFlow that is installed."""

import os
from pathlib import Path

import bundle_contents as contents
import numpy as np
import pytest

from onevar.core import op_errors
from onevar.core.bundle import Reader, files, grouped, merge, write
from onevar.core.bundle.slices import parse

tf = pytest.importorskip("tensorflow")


def constant(array):
    return tf.constant(array, dtype=tf.string if array.dtype == object else tf.as_dtype(array.dtype))


def save(prefix, names, specs, arrays):
    tensors = [constant(np.asarray(array)) for array in arrays]
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=specs, tensors=tensors)


def restore(prefix, name, spec, dtype):
    dtype = tf.string if dtype.hasobject else tf.as_dtype(dtype)
    (found,) = tf.raw_ops.RestoreV2(prefix=str(prefix), tensor_names=[name], shape_and_slices=[spec], dtypes=[dtype])
    if dtype != tf.string:
        return found.numpy().view(dtype.as_numpy_dtype)  # quantized numbers come as plain ones
    out = np.empty(found.shape, object)
    out[...] = found.numpy()
    return out


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("ours") / "model"
    write(prefix, grouped(*contents.operands()))
    return prefix


@pytest.mark.parametrize("name", contents.tensors())
def test_tensorflow_reads_tensors(ours, name):
    value = np.asarray(contents.tensors()[name])
    assert contents.same(restore(ours, name, "", value.dtype), value)


@pytest.mark.parametrize("name", sorted(contents.pieces().keys() - {"parts/text"}))  # which TensorFlow saves only
def test_tensorflow_reads_pieces(ours, name):
    whole, specs = contents.pieces()[name]
    for spec in ("", *specs):
        found = restore(ours, name, spec, whole.dtype)
        assert contents.same(found, whole[contents.index(spec)] if spec else whole)


def test_tensorflow_lists_what_we_wrote(ours):
    reader = tf.train.load_checkpoint(str(ours))
    with Reader(ours) as mine:
        assert {n: tuple(s) for n, s in reader.get_variable_to_shape_map().items()} == mine.shape_map
        assert {n: d.name for n, d in reader.get_variable_to_dtype_map().items()} == mine.dtype_map


@pytest.mark.parametrize("links", [True, False], ids=["links", "no_links"])
def test_tensorflow_reads_every_stage_of_a_replacement(tmp_path, monkeypatch, links):
    """At each step that changes a name, real TensorFlow finds the old checkpoint or the new one."""
    prefix = str(tmp_path / "model")
    seen = []

    def look():
        found = restore(prefix, "w", "", np.dtype(np.int32))
        assert (found == found[0]).all()
        seen.append(int(found[0]))

    def looking(call):
        def wrapper(*args):
            look()
            call(*args)
            look()

        return wrapper

    def refuse(*_):
        raise OSError("no links")

    write(prefix, {"w": np.full(1000, 1, np.int32)})
    for name in ("replace", "unlink", "link"):
        monkeypatch.setattr(os, name, looking(getattr(os, name)))
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    write(prefix, {"w": np.full(1000, 2, np.int32)})
    assert seen == sorted(seen) and set(seen) == {1, 2}
    look()
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize("count", [0, 1, 17, 20_000])
def test_the_same_bytes_for_many_keys(tmp_path, count):
    """Names with and without common beginnings, past the end of a block."""
    names = [f"layer_{i % 977}/{'x' * (i % 40)}/kernel_{i}" for i in range(count)]
    write(tmp_path / "a", {name: np.int32(i) for i, name in enumerate(names)})
    if count:
        save(tmp_path / "b", names, [""] * count, [np.int32(i) for i in range(count)])
        for end in (".index", ".data-00000-of-00001"):
            assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()
    assert len(tf.train.list_variables(str(tmp_path / "a"))) == count


def test_tensorflow_v1_saver(tmp_path):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        kernel = v1.get_variable("kernel", [7, 5], partitioner=tf.compat.v1.fixed_size_partitioner(3))
        step = v1.get_variable("step", initializer=np.int64(7), use_resource=False)
        saver = v1.train.Saver([*kernel, step], sharded=True)
        session.run(v1.global_variables_initializer())
        wanted = session.run(tf.convert_to_tensor(kernel))
        prefix = saver.save(session, str(tmp_path / "model"), global_step=3)
        with Reader(prefix) as reader:
            assert contents.same(reader.read("kernel"), wanted)
            assert reader.read("step") == 7
        write(prefix, {"kernel": wanted + 1, "step": np.int64(8)})
        saver.restore(session, prefix)
        assert contents.same(session.run(tf.convert_to_tensor(kernel)), wanted + 1)
        assert session.run(step) == 8


def test_tensorflow_reads_what_we_merged(tmp_path):
    names, specs, arrays = contents.operands()
    parts = [tmp_path / f"part{i}" for i in range(2)]
    for i, part in enumerate(parts):
        save(part, names[i::2], specs[i::2], arrays[i::2])
    merge(parts, tmp_path / "model")
    for name in ("parts/rows", "parts/boxes"):
        whole, _ = contents.pieces()[name]
        assert contents.same(restore(tmp_path / "model", name, "", whole.dtype), whole)
    assert len(tf.train.list_variables(str(tmp_path / "model"))) == len(contents.tensors()) + len(contents.pieces())


def test_keras_style_object_checkpoint(tmp_path):
    variable = tf.Variable([[1.5, 2.5]])
    prefix = tf.train.Checkpoint(model=variable).save(str(tmp_path / "ckpt"))
    with Reader(prefix) as reader:
        assert reader.read("model/.ATTRIBUTES/VARIABLE_VALUE").tolist() == [[1.5, 2.5]]
        assert reader.dtype_map["_CHECKPOINTABLE_OBJECT_GRAPH"] == "string"
        copy = {name: reader.read(name) for name in reader}
    write(tmp_path / "copy", copy)
    variable.assign([[0, 0]])
    tf.train.Checkpoint(model=variable).restore(str(tmp_path / "copy")).expect_partial()
    assert variable.numpy().tolist() == [[1.5, 2.5]]


@pytest.mark.parametrize(
    "spec",
    ["4 5 0,2:-", "5 5 -:-", "4 5 1,9:1,3", "4 5 1,2", "4 5 a", "0,2:-", "4 x 0,2:-", " ", "4 5 0,0:-", "4 5 0,-1:-"],
)
def test_the_same_errors(ours, spec):
    def outcome(read):
        try:
            return read().tolist()
        except (op_errors.OpError, tf.errors.OpError) as error:
            return type(error).__name__

    with Reader(ours) as reader:
        for name in ("parts/rows", "nope"):
            mine = outcome(lambda name=name: reader.read(name, spec))
            theirs = outcome(lambda name=name: restore(ours, name, spec, np.dtype(np.float32)))
            if name == "nope":
                assert mine == "NotFoundError"
            else:
                assert mine == theirs


@pytest.mark.parametrize("spec", ["4 5 1,9:1,3", "4 5 1,2", "4 5 a", "0,2:-", "4 x 0,2:-", "4 5 0,0:-", "4 5 0,-1:-"])
def test_the_same_messages(ours, spec):
    with pytest.raises(op_errors.OpError) as mine:
        parse(spec)
    with pytest.raises(tf.errors.OpError) as theirs:
        restore(ours, "parts/rows", spec, np.dtype(np.float32))
    assert mine.value.message in str(theirs.value)


def test_leftovers_of_tensorflow_are_not_touched(tmp_path):
    left = Path(files.data_name(str(tmp_path / "m"), 0, 1) + ".tempstate123")
    left.write_bytes(b"")
    write(tmp_path / "m", {"w": np.zeros(1)})
    assert left.exists()
