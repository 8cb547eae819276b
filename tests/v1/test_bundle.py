"""Checkpoints of TensorFlow's V2 format, without TensorFlow: recorded ones, and round trips."""

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import bundle_contents as contents
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from onevar.core import op_errors
from onevar.core.bundle import Reader, Slices, grouped, merge, write
from onevar.core.bundle.entries import Header
from onevar.core.bundle.sstable import Table, build

GOLDEN = Path(__file__).parent / "golden"
RECORDED = ("bundle", "bundle_sharded")


@pytest.fixture
def prefix(tmp_path):
    return str(tmp_path / "model.ckpt-7")


@pytest.fixture(params=RECORDED)
def recorded(request):
    with Reader(GOLDEN / request.param) as reader:
        yield reader


def test_recorded_names_shapes_and_dtypes(recorded):
    wholes = contents.tensors() | {name: whole for name, (whole, _) in contents.pieces().items()}
    assert recorded.keys() == list(recorded) == sorted(wholes, key=str.encode) and len(recorded) == len(wholes)
    assert recorded.shape_map == {name: np.shape(value) for name, value in wholes.items()}
    dtypes = recorded.dtype_map
    assert dtypes["strings/many"] == "string"
    assert all(dtypes[f"dtypes/{name}"] == name for name in contents.NUMERIC + contents.QUANTIZED)


@pytest.mark.parametrize("name", contents.tensors())
def test_recorded_tensors(recorded, name):
    assert contents.same(recorded.read(name), np.asarray(contents.tensors()[name]))


@pytest.mark.parametrize("name", contents.pieces())
def test_recorded_pieces(recorded, name):
    whole, specs = contents.pieces()[name]
    assert contents.same(recorded.read(name), whole)
    for spec in specs:
        assert contents.same(recorded.read(name, spec), whole[contents.index(spec)])


def test_parts_that_cross_pieces(recorded):
    whole, _ = contents.pieces()["parts/boxes"]
    for spec in ("4 5 1,2:-", "4 5 -:1,3", "4 5 1,2:1,3", "4 5 3,1:4,1", "4 5 -:-"):
        assert contents.same(recorded.read("parts/boxes", spec), whole[contents.index(spec)])


def test_parts_of_whole_tensors(recorded):
    whole = contents.tensors()["shapes/five"]
    for spec in ("2 2 2 2 2 1,1:-:-:-:-", "2 2 2 2 2 -:-:-:-:1,1", "2 2 2 2 2 0,1:1,1:0,1:1,1:0,1"):
        assert contents.same(recorded.read("shapes/five", spec), whole[contents.index(spec)])
    text = contents.tensors()["strings/many"]
    assert contents.same(recorded.read("strings/many", "2 3 1,1:0,2"), text[1:, :2])


def test_what_is_written_is_what_tensorflow_writes(prefix):
    write(prefix, grouped(*contents.operands()))
    for end in (".index", ".data-00000-of-00001"):
        assert Path(prefix + end).read_bytes() == (GOLDEN / f"bundle{end}").read_bytes()


def test_replacing_leaves_what_writing_makes(prefix, tmp_path):
    write(prefix, {"other": np.ones(1000)})
    write(prefix, grouped(*contents.operands()))
    assert sorted(os.listdir(tmp_path)) == ["model.ckpt-7.data-00000-of-00001", "model.ckpt-7.index"]
    for end in (".index", ".data-00000-of-00001"):
        assert Path(prefix + end).read_bytes() == (GOLDEN / f"bundle{end}").read_bytes()


@pytest.mark.parametrize("old", RECORDED)
def test_replacing_what_tensorflow_wrote(prefix, tmp_path, old):
    for file in GOLDEN.glob(f"{old}.*"):
        (tmp_path / file.name.replace(old, "model.ckpt-7")).write_bytes(file.read_bytes())
    write(prefix, {"w": np.float32([1, 2])})
    with Reader(prefix) as reader:
        assert reader.keys() == ["w"] and reader.read("w").tolist() == [1, 2]
    assert len(os.listdir(tmp_path)) == 2


def test_replacing_without_hard_links(prefix, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    for i in range(5):
        write(prefix, {"w": np.full(100, i)})
        with Reader(prefix) as reader:
            assert (reader.read("w") == i).all()
        assert len(os.listdir(tmp_path)) == 2


_dtypes = st.sampled_from([contents.held(name) for name in contents.NUMERIC + contents.QUANTIZED])
_shapes = nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)


@st.composite
def _arrays(draw):
    if draw(st.booleans()):
        shape = draw(_shapes)
        return draw(nps.arrays(object, shape, elements=st.binary(max_size=200)))
    dtype, shape = draw(_dtypes), draw(_shapes)
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8)
    if dtype in (np.dtype(bool), *map(contents.held, ("int4", "uint4", "int2", "uint2"))):
        raw = raw & 1
    return raw.view(dtype).reshape(shape)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tensors=st.dictionaries(st.text(min_size=1, max_size=20), _arrays(), max_size=8))
def test_round_trip(tmp_path, tensors):
    prefix = tmp_path / "round"
    write(prefix, tensors)
    with Reader(prefix) as reader:
        assert set(reader.keys()) == set(tensors)
        for name, value in tensors.items():
            found = reader.read(name)
            assert contents.same(found, value)
            assert found.flags.writeable and found.flags.owndata | (found.base is not None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pieces_round_trip(tmp_path, data):
    shape = data.draw(nps.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=7))
    whole = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    axis = data.draw(st.integers(0, len(shape) - 1))
    cuts = sorted(data.draw(st.sets(st.integers(1, shape[axis]), max_size=4)) | {0, shape[axis]})
    sizes = " ".join(map(str, shape))

    def spec(start, stop):
        extents = ["-"] * len(shape)
        extents[axis] = f"{start},{stop - start}"
        return f"{sizes} {':'.join(extents)}"

    specs = data.draw(st.permutations([spec(a, b) for a, b in itertools.pairwise(cuts)]))
    write(tmp_path / "p", {"w": Slices([(s, whole[contents.index(s)]) for s in specs])})
    starts = [data.draw(st.integers(0, n - 1)) for n in shape]
    extents = [f"{a},{data.draw(st.integers(1, n - a))}" for a, n in zip(starts, shape, strict=True)]
    part = f"{sizes} {':'.join(extents)}"
    with Reader(tmp_path / "p") as reader:
        assert contents.same(reader.read("w"), whole)
        assert contents.same(reader.read("w", part), whole[contents.index(part)])


@given(st.dictionaries(st.binary(min_size=1, max_size=30), st.binary(max_size=60), max_size=60))
def test_tables(items):
    data = build(sorted(items.items()))
    table = Table(lambda offset, size: data[offset : offset + size], len(data))
    assert dict(table) == items
    assert all(table.get(key) == value for key, value in items.items())
    assert table.get(b"\xff" * 40) is None


def test_tables_of_many_blocks():
    items = {f"layer_{i:06d}/kernel".encode(): bytes(50) for i in range(20_000)}
    data = build(items.items())
    reads = []
    table = Table(lambda offset, size: reads.append(size) or data[offset : offset + size], len(data))
    opened = len(reads)
    assert table.get(b"layer_012345/kernel") == bytes(50)
    assert len(reads) == opened + 1, "one block, not the whole index"
    assert dict(table) == items


def test_values_of_other_kinds(prefix):
    big = np.arange(6, dtype=">f4").reshape(2, 3)
    write(
        prefix,
        {
            "big": big,
            "turned": big.T,
            "step": np.arange(10)[::3],
            "bytes": [b"a\0", b"b"],
            "text": np.array(["ä", "b"]),
            "s": "word",
            "python": 1.5,
            "ints": [1, 2],
        },
    )
    with Reader(prefix) as reader:
        assert contents.same(reader.read("big"), big.astype("<f4"))
        assert contents.same(reader.read("turned"), big.T.astype("<f4"))
        assert reader.read("step").tolist() == [0, 3, 6, 9]
        assert reader.read("bytes").tolist() == [b"a\0", b"b"]
        assert reader.read("text").tolist() == ["ä".encode(), b"b"]
        assert reader.read("s")[()] == b"word" and reader.read("python")[()] == 1.5
        assert reader.dtype_map["ints"] == "int64"


def test_a_mapping_is_asked_once_for_each(prefix):
    class Lazy(dict):
        asked = []

        def __getitem__(self, name):
            self.asked.append(name)
            return np.zeros(3)

    write(prefix, Lazy.fromkeys(("b", "a")))
    assert Lazy.asked == ["b", "a"]


def test_threads_share_a_reader(prefix):
    tensors = {str(i): np.full(200_000, i, np.int32) for i in range(16)}
    write(prefix, tensors)
    wrong = []
    with Reader(prefix) as reader:

        def read(names):
            wrong.extend(name for name in names if not contents.same(reader.read(name), tensors[name]))

        threads = [threading.Thread(target=read, args=(list(tensors)[i::4] * 3,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (np.array([1, None], object), op_errors.InvalidArgumentError, "neither bytes nor str"),
        (np.array("2020-01-01", "M8[D]"), op_errors.InvalidArgumentError, "no dtype datetime64"),
        (np.ma.masked_array([1, 2], [True, False]), op_errors.InvalidArgumentError, "masked"),
        (Slices([]), op_errors.InvalidArgumentError, "no pieces"),
        (Slices([("4 0,2", np.zeros(2)), ("4 1,2", np.zeros(2))]), op_errors.InvalidArgumentError, "overlap"),
        (Slices([("4 0,2", np.zeros(2)), ("5 2,2", np.zeros(2))]), op_errors.InvalidArgumentError, "different tensors"),
        (Slices([("4 0,2", np.zeros(2)), ("4 2,2", np.zeros(2, "i4"))]), op_errors.InvalidArgumentError, "different"),
        (Slices([("4 0,2", np.zeros(3))]), op_errors.InvalidArgumentError, "does not match the shape"),
        (Slices([("4 3,2", np.zeros(2))]), op_errors.InternalError, "out of bounds"),
        (Slices([("4 0,2:-", np.zeros(2))]), op_errors.InternalError, "Mismatching ranks"),
        (Slices([("4 0,0", np.zeros(0))]), op_errors.InvalidArgumentError, "positive length"),
        (Slices([("4 a", np.zeros(0))]), op_errors.InvalidArgumentError, "Expected a pair of numbers or '-'"),
        (Slices([("x 0,1", np.zeros(0))]), op_errors.InvalidArgumentError, "Non numerical dimension"),
        (Slices([("0,1", np.zeros(0))]), op_errors.InvalidArgumentError, "Need least two elements"),
    ],
)
def test_values_that_cannot_be_saved(prefix, tmp_path, value, error, says):
    write(prefix, {"w": np.float32(1)})
    with pytest.raises(error, match=says):
        write(prefix, {"a": np.zeros(10), "bad": value})
    with Reader(prefix) as reader:
        assert reader.read("w") == 1
    assert len(os.listdir(tmp_path)) == 2


def test_empty_and_double_names(prefix):
    with pytest.raises(op_errors.InvalidArgumentError, match="must have a name"):
        write(prefix, {"": np.zeros(1)})
    with pytest.raises(op_errors.InvalidArgumentError, match="Adding duplicate key: w"):
        grouped(["w", "w"], ["", ""], [1, 2])
    with pytest.raises(op_errors.InvalidArgumentError, match="Adding duplicate key: w"):
        grouped(["w", "w"], ["", "4 0,2"], [1, 2])


def test_reading_what_is_not_there(recorded):
    with pytest.raises(op_errors.NotFoundError, match="Key nope not found in checkpoint"):
        recorded.read("nope")
    with pytest.raises(op_errors.NotFoundError, match="not found"):
        recorded.read("")
    assert "nope" not in recorded and "" not in recorded and "global_step" in recorded
    with pytest.raises(op_errors.InvalidArgumentError, match=r"\[5,5\] does not match the shape stored.*\[4,5\]"):
        recorded.read("parts/rows", "5 5 0,1:-")
    with pytest.raises(op_errors.InternalError, match="out of bounds"):
        recorded.read("parts/rows", "4 5 1,9:-")


def test_pieces_that_were_not_saved(prefix):
    write(prefix, {"w": Slices([("4 5 0,2:-", np.zeros((2, 5)))])})
    with Reader(prefix) as reader:
        assert reader.read("w", "4 5 0,2:1,2").shape == (2, 2)
        for spec in (None, "4 5 1,2:-"):
            with pytest.raises(op_errors.InvalidArgumentError, match="Does not have sufficient slices"):
                reader.read("w", spec)


def test_prefixes_that_are_something_else(prefix, tmp_path):
    write(prefix, {"w": np.zeros(1)})
    with pytest.raises(op_errors.NotFoundError, match="Failed to find any matching files for .*nope"):
        Reader(tmp_path / "nope")
    with pytest.raises(op_errors.NotFoundError, match="latest_checkpoint"):
        Reader(tmp_path)
    for end in (".index", ".data-00000-of-00001"):
        with pytest.raises(op_errors.NotFoundError, match="Give the checkpoint's prefix"):
            Reader(prefix + end)
    old = tmp_path / "v1.ckpt"
    old.write_bytes(build([(b"", b"")]))
    with pytest.raises(op_errors.UnimplementedError, match="before V2.*write_version"):
        Reader(old)


def test_what_cannot_be_read_is_said(prefix):
    for header, says in ((Header(big_endian=True), "big-endian"), (Header(oldest_reader=9), "version 9")):
        Path(prefix + ".index").write_bytes(build([(b"", header.encode())]))
        with pytest.raises(op_errors.UnimplementedError, match=says):
            Reader(prefix)
    write(prefix, {"good": np.float32(3), "odd": np.float32(1)})
    data = Path(prefix + ".index").read_bytes()
    table = dict(Table(lambda offset, size: data[offset : offset + size], len(data)))
    for code, says in ((21, "variant"), (20, "resource"), (99, "dtype 99")):
        table[b"odd"] = bytes([8, code]) + table[b"odd"][2:]
        Path(prefix + ".index").write_bytes(build(sorted(table.items())))
        with Reader(prefix) as reader:
            assert says in reader.dtype_map["odd"] and reader.read("good") == 3
            with pytest.raises(op_errors.UnimplementedError, match=f"odd.*{says}.*only TensorFlow"):
                reader.read("odd")


def test_large_tensors_are_not_held_twice(tmp_path):
    code = """
import resource, sys, numpy as np
from onevar.core.bundle import Reader, write
x = np.ones(64 << 20, np.uint8)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
write(sys.argv[1], {"w": x})
before = peak()
with Reader(sys.argv[1]) as reader:
    part = reader.read("w", f"{64 << 20} 5,10")
    assert peak() - before < 16, "a part"
    y = reader.read("w")
assert peak() - before < 80, "the whole"
assert (x == y).all() and (part == 1).all()
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "big")], check=True, timeout=120)


@pytest.mark.parametrize("delete", [False, True])
def test_merging(tmp_path, delete):
    names, specs, arrays = contents.operands()
    parts = [tmp_path / f"temp{i}" / "part" for i in range(3)]
    for i, part in enumerate(parts):
        write(part, grouped(names[i::3], specs[i::3], arrays[i::3]))
    (tmp_path / "temp1" / "other").write_text("not ours")
    merge(parts, tmp_path / "model", delete)
    with Reader(tmp_path / "model") as reader:
        for name, value in contents.tensors().items():
            assert contents.same(reader.read(name), np.asarray(value))
        for name, (whole, pieces) in contents.pieces().items():
            assert contents.same(reader.read(name), whole)
            assert sorted(reader.slices(name)) == sorted(pieces)
        assert reader.slices("global_step") == []
    left = ["model.data-00000-of-00001", "model.index", *(["temp1"] if delete else ["temp0", "temp1", "temp2"])]
    assert sorted(os.listdir(tmp_path)) == left
    assert (os.listdir(tmp_path / "temp1") == ["other"]) == delete


def test_what_cannot_be_merged(tmp_path):
    write(tmp_path / "a", {"w": np.zeros(2)})
    with pytest.raises(op_errors.InvalidArgumentError, match="Adding duplicate key: w"):
        merge([tmp_path / "a", tmp_path / "a"], tmp_path / "b")
    with pytest.raises(op_errors.InvalidArgumentError, match="No checkpoints to merge"):
        merge([], tmp_path / "b")
    merge([tmp_path / "a"], tmp_path / "a", delete_old_dirs=True)
    with Reader(tmp_path / "a") as reader:
        assert reader.read("w").tolist() == [0, 0]
    assert len(os.listdir(tmp_path)) == 2
