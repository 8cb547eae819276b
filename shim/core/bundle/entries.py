"""What a checkpoint's index holds: a header under the empty key, and an entry for each tensor and each piece of one.

`BundleHeaderProto`, `BundleEntryProto`, `TensorShapeProto` and `TensorSliceProto`, as plain data.
"""

from dataclasses import dataclass

from onevar.core.bundle import wire
from onevar.core.bundle.ordered_code import Extents
from onevar.core.bundle.wire import Malformed, integer, message

HEADER_KEY = b""
#: The version of the format that is written, and the newest that is understood.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Header:
    """How many data files there are, in which byte order, and which version may read them."""

    shards: int = 1
    big_endian: bool = False
    producer: int = VERSION
    oldest_reader: int = 0

    def encode(self) -> bytes:
        """Return the message."""
        version = wire.field(1, self.producer) + wire.field(2, self.oldest_reader)
        return wire.field(1, self.shards) + wire.field(2, self.big_endian) + wire.field_bytes(3, version)

    @classmethod
    def decode(cls, data: bytes) -> "Header":
        """Return the header in a message; raises `Malformed` if it is none."""
        known = dict(wire.fields(data))
        version = {number: integer(v) for number, v in wire.fields(message(known.get(3, b""))) if number < 3}
        shards = integer(known.get(1, 0))
        if shards < 1:
            raise Malformed(f"its header says that there are {shards} data files")
        return cls(shards, integer(known.get(2, 0)) != 0, version.get(1, 0), version.get(2, 0))


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor is, and what it is.

    Attributes:
        code: TensorFlow's number for the dtype.
        shape: Of the whole tensor, or of the piece.
        shard: Which data file.
        offset: Of the first byte in it.
        size: In bytes.
        crc: The masked CRC-32C of the bytes.
        slices: The pieces in which a partitioned tensor is stored, under keys of their own; the tensor itself
            then has no bytes.
    """

    code: int
    shape: tuple[int, ...]
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0
    slices: tuple[Extents, ...] = ()

    def encode(self) -> bytes:
        """Return the message."""
        dims = b"".join(wire.field_bytes(2, wire.field(1, size)) for size in self.shape)
        return b"".join(
            (
                wire.field(1, self.code),
                wire.field_bytes(2, dims),
                wire.field(3, self.shard),
                wire.field(4, self.offset),
                wire.field(5, self.size),
                wire.field_fixed32(6, self.crc),
                *(wire.field_bytes(7, _encode_slice(extents)) for extents in self.slices),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "Entry":
        """Return the entry in a message; raises `Malformed` if it is none."""
        numbers = dict.fromkeys((1, 3, 4, 5, 6), 0)
        shape: tuple[int, ...] = ()
        slices = []
        for number, value in wire.fields(data):
            if number == 2:
                shape = _decode_shape(message(value))
            elif number == 7:
                slices.append(_decode_slice(message(value)))
            elif number in numbers:
                numbers[number] = integer(value)
        if min(numbers.values()) < 0 or any(size < 0 for size in shape):
            raise Malformed("an entry has a negative size, offset or dimension")
        return cls(numbers[1], shape, numbers[3], numbers[4], numbers[5], numbers[6], tuple(slices))


def _decode_shape(data: bytes) -> tuple[int, ...]:
    sizes = []
    for number, value in wire.fields(data):
        if number == 2:
            sizes.append(sum(integer(v) for n, v in wire.fields(message(value)) if n == 1))
        elif number == 3 and value:
            raise Malformed("an entry has a shape of unknown rank")
    return tuple(sizes)


def _encode_slice(extents: Extents) -> bytes:
    return b"".join(
        wire.field_bytes(1, b"" if length < 0 else wire.field(1, start) + _length(length)) for start, length in extents
    )


def _length(value: int) -> bytes:
    # A member of a oneof is written even if it is 0: a piece may be empty.
    return wire.field(2, value) or wire.varint(2 << 3 | wire.VARINT) + b"\0"


def _decode_slice(data: bytes) -> Extents:
    extents = []
    for number, value in wire.fields(data):
        if number == 1:
            extent = {n: integer(v) for n, v in wire.fields(message(value))}
            extents.append((extent.get(1, 0), extent.get(2, -1)))
    return tuple(extents)
