"""The wire format of protocol buffers, as much of it as a checkpoint's index needs.

A field is a varint tag (number << 3 | wire type) and its value; unknown fields are stepped over, as every
protocol buffer reader must. See https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED32: 4, FIXED64: 8}
_LONGEST = 10
_SMALL = [bytes([value]) for value in range(0x80)]


class Malformed(ValueError):
    """Bytes that are not what the format says; whoever knows the file and the tensor names them."""


def varint(value: int) -> bytes:
    """Encode an int of 64 bits; a negative one takes ten bytes, as protocol buffers' `int64` does."""
    if 0 <= value < 0x80:
        return _SMALL[value]
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode the unsigned varint that starts at `at`.

    Returns:
        The value, and where the next thing starts.

    Raises:
        Malformed: It runs out of the data, or out of 64 bits.
    """
    if at < len(data) and data[at] < 0x80:
        return data[at], at + 1
    value = 0
    for i, byte in enumerate(data[at : at + _LONGEST]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if value >> 64:
                break
            return value, at + i + 1
    raise Malformed("a number runs past its end")


def signed(value: int) -> int:
    """Return the `int64` that the unsigned value of a varint stands for."""
    return value - (1 << 64) if value >> 63 else value


def field(number: int, value: int) -> bytes:
    """Encode a field with a varint; nothing for 0, which is the default of proto3."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def field_bytes(number: int, value: bytes) -> bytes:
    """Encode a field with bytes or a message; an empty one is written too."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def field_fixed32(number: int, value: int) -> bytes:
    """Encode a `fixed32` field; nothing for 0."""
    return varint(number << 3 | FIXED32) + value.to_bytes(4, "little") if value else b""


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message as (number, value): ints (unsigned) and bytes.

    Raises:
        Malformed: It is not a message.
    """
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        kind = tag & 7
        value: int | bytes
        if kind == VARINT:
            value, at = read_varint(data, at)
        elif kind == BYTES:
            size, at = read_varint(data, at)
            value = data[at : at + size]
            at += size
        elif kind in _FIXED:
            value = int.from_bytes(data[at : at + _FIXED[kind]], "little")
            at += _FIXED[kind]
        else:
            raise Malformed(f"wire type {kind}")
        if at > len(data):
            raise Malformed("a field runs past the end of its message")
        yield tag >> 3, value


def integer(value: int | bytes) -> int:
    """Return `value`, which the message's definition has as an integer, with its sign."""
    if isinstance(value, int):
        return signed(value)
    raise Malformed("bytes where a number should be")


def message(value: int | bytes) -> bytes:
    """Return `value`, which the message's definition has as bytes or a message."""
    if isinstance(value, bytes):
        return value
    raise Malformed("a number where a message should be")
