"""A damaged checkpoint is an error, never other numbers: every byte flipped, every length cut."""

from pathlib import Path

import bundle_contents as contents
import numpy as np
import pytest

from onevar.core import op_errors
from onevar.core.bundle import Reader, Slices, write
from onevar.core.bundle.checksum import masked
from onevar.core.bundle.snappy import decompress
from onevar.core.bundle.sstable import FOOTER, Table, _append, _between, _Block, build
from onevar.core.bundle.wire import Malformed

WHOLE = np.arange(20, dtype=np.float32).reshape(4, 5)
TENSORS = {
    "w": WHOLE,
    "s": np.array([b"abc", b"", b"defgh"], object),
    "p": Slices([("4 5 0,2:-", WHOLE[:2]), ("4 5 2,2:-", WHOLE[2:])]),
    "flag": np.array([True, False]),
}
WANTED = {**TENSORS, "p": WHOLE}


@pytest.fixture
def prefix(tmp_path):
    prefix = str(tmp_path / "ckpt")
    write(prefix, TENSORS)
    return prefix


def attempt(prefix):
    """Read all that can be read; what can must be right. Return the errors."""
    try:
        reader = Reader(prefix)
    except op_errors.OpError as error:
        return [error]
    errors = []
    with reader:
        for name in WANTED:
            try:
                assert contents.same(reader.read(name), np.asarray(WANTED[name])), name
            except op_errors.OpError as error:
                errors.append(error)
        try:
            assert reader.keys() == sorted(WANTED)
        except op_errors.OpError as error:
            errors.append(error)
    return errors


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_every_byte_of_the_index(prefix, mask):
    path = Path(prefix + ".index")
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ mask]) + good[i + 1 :])
        errors = attempt(prefix)
        assert errors, f"byte {i} of {len(good)}"
        assert all(isinstance(e, op_errors.DataLossError) and path.name in e.message for e in errors)


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_every_byte_of_the_data(prefix, mask):
    path = Path(prefix + ".data-00000-of-00001")
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ mask]) + good[i + 1 :])
        (error,) = attempt(prefix)  # of exactly one tensor
        assert isinstance(error, op_errors.DataLossError)
        assert path.name in error.message and "tensor " in error.message and "Take another" in error.message


@pytest.mark.parametrize("end", [".index", ".data-00000-of-00001"])
def test_every_truncation(prefix, end):
    path = Path(prefix + end)
    good = path.read_bytes()
    for size in range(len(good)):
        path.write_bytes(good[:size])
        errors = attempt(prefix)
        assert errors and all(isinstance(e, op_errors.DataLossError) for e in errors), size


def test_a_part_is_checked_as_the_whole_is(prefix):
    path = Path(prefix + ".data-00000-of-00001")
    good = path.read_bytes()
    path.write_bytes(good[:79] + b"\xff" + good[80:])
    with Reader(prefix) as reader, pytest.raises(op_errors.DataLossError, match="Checksum does not match"):
        reader.read("w", "4 5 0,1:-")


def test_zeros_are_no_data(prefix):
    path = Path(prefix + ".data-00000-of-00001")
    path.write_bytes(bytes(path.stat().st_size))
    assert len(attempt(prefix)) == len(WANTED)


def test_a_missing_data_file(prefix):
    Path(prefix + ".data-00000-of-00001").unlink()
    errors = attempt(prefix)
    assert len(errors) == len(WANTED)
    assert all(isinstance(e, op_errors.NotFoundError) and "data-00000-of-00001; No such" in e.message for e in errors)


def test_the_index_of_one_with_the_data_of_another(prefix, tmp_path):
    write(tmp_path / "other", {"w": WHOLE + 1, "s": "x", "p": WHOLE, "flag": np.array([True, True])})
    Path(prefix + ".data-00000-of-00001").write_bytes((tmp_path / "other.data-00000-of-00001").read_bytes())
    assert len(attempt(prefix)) == len(WANTED)


def test_garbage(tmp_path):
    chance = np.random.default_rng(5)
    path = tmp_path / "g.index"
    for size in (0, 1, 47, 48, 49, 1000):
        path.write_bytes(chance.bytes(size))
        with pytest.raises(op_errors.DataLossError, match=r"g\.index is damaged"):
            Reader(tmp_path / "g")
        path.write_bytes(chance.bytes(size) + build([])[-FOOTER:])
        with pytest.raises(op_errors.DataLossError):
            Reader(tmp_path / "g")
    for items in ([], [(b"a", b"")], [(b"", b"\x08\x00")], [(b"", b"\xff")], [(b"", b"\x0a\x05a")]):
        path.write_bytes(build(items))
        with pytest.raises(op_errors.DataLossError):
            Reader(tmp_path / "g")


@pytest.mark.parametrize(
    "entry",
    [
        b"\xff\xff", b"\x12\x02\x08", b"\x0a\x00", b"\x10\x01", b"\x18\x05", b"\x08\x01\x28\xff\xff\xff\xff\x0f",
        b"\x08\x01\x12\x0b\x12\x09\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x28\x04",
        b"\x08\x01\x12\x02\x18\x01", b"\x20" + b"\xff" * 9 + b"\x01",
        b"\x08\x07\x12\x06\x12\x04\x08\xff\xff\x7f\x28\x03",
        b"\x08\x01\x3a\x02\x0a\x00", b"\x0b",
    ],
)  # fmt: skip
def test_entries_that_lie(prefix, entry):
    """With checksums that are right: what is read is still bounded by what is there."""
    path = Path(prefix + ".index")
    data = path.read_bytes()
    table = dict(Table(lambda offset, size: data[offset : offset + size], len(data)))
    path.write_bytes(build(sorted({**table, b"w": entry}.items())))
    with Reader(prefix) as reader, pytest.raises(op_errors.OpError, match=r"damaged|only TensorFlow"):
        reader.read("w")


def test_compressed_blocks():
    text = b"checkpoint checkpoint checkpoint"
    packed = bytes([len(text), 10 << 2]) + text[:11] + bytes([(21 - 1) << 2 | 2, 11, 0])
    assert decompress(packed) == text
    assert decompress(bytes([8, 0]) + b"a" + bytes([(7 - 4) << 2 | 1, 1])) == b"a" * 8
    assert decompress(bytes([70, 60 << 2, 69]) + bytes(70)) == bytes(70)
    for broken in (packed[:-1], packed[:5], bytes([33]) + packed[1:], b"\x04\x01\x05", b"", b"\xff" * 12):
        with pytest.raises(Malformed):
            decompress(broken)


def test_a_table_with_a_compressed_block():
    plain = _Block(16)
    plain.add(b"k", b"v" * 20)
    raw = bytes(plain)
    packed = bytes([len(raw), (len(raw) - 1) << 2]) + raw

    class Packed(_Block):
        def __bytes__(self):
            return packed

    data = bytearray()
    handle = _append(data, Packed(16))
    data[-5] = 1
    data[-4:] = masked(bytes(data[:-4])).to_bytes(4, "little")
    meta = _append(data, _Block(16))
    index = _Block(1)
    index.add(b"l", bytes(handle))
    at = _append(data, index)
    data += bytes((*meta, *at)).ljust(FOOTER - 8, b"\0") + build([])[-8:]
    table = Table(lambda offset, size: bytes(data[offset : offset + size]), len(data))
    assert dict(table) == {b"k": b"v" * 20}


def test_short_keys_between():
    for low, high in ((b"a", b"c"), (b"abc", b"abd"), (b"ab", b"abc"), (b"a\xff", b"b"), (b"a\xffz", b"c")):
        assert low <= _between(low, high) < high


def test_files_that_cannot_be_read(prefix, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", path)

    with Reader(prefix) as reader:
        with monkeypatch.context() as patch:
            patch.setattr("builtins.open", refuse)
            for read in (lambda: Reader(prefix), lambda: reader.read("w")):
                with pytest.raises(op_errors.PermissionDeniedError, match="ckpt.*change its permissions"):
                    read()
        assert reader.read("flag").tolist() == [True, False]

        def broken(*_):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr("onevar.core.bundle.files.Source._fill", broken)
        for read in (lambda: Reader(prefix), lambda: reader.read("w")):
            with pytest.raises(op_errors.DataLossError, match="ckpt.*Input/output error"):
                read()
