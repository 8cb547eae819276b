"""How a tensor of strings is stored: the lengths as varints, a checksum of the lengths, then all the bytes.

The checksum of the lengths, and the tensor's own, run over each length as four little-endian bytes (eight if it
needs them), not over the varints. The tensor's goes on over the stored checksum and the bytes.
"""

from collections.abc import Iterator

import numpy as np

from onevar.core.bundle.checksum import extend, mask
from onevar.core.bundle.wire import Malformed, read_varint, varint

_CHECKSUM = 4
#: Strings written at a time.
_BATCH = 4096


def as_bytes(array: np.ndarray) -> list[bytes]:
    """Return the elements of an array of text as bytes; str in UTF-8.

    Raises:
        TypeError: An element is neither bytes nor str.
    """
    found = []
    for value in array.reshape(-1).tolist():
        if isinstance(value, str):
            value = value.encode()
        if not isinstance(value, bytes):
            raise TypeError(f"an element is a {type(value).__name__}, neither bytes nor str")
        found.append(value)
    return found


def encode(values: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield pairs: bytes to write, and the bytes that the tensor's checksum takes for them."""
    lengths = [len(value) for value in values]
    plain = _plain(lengths)
    yield b"".join(map(varint, lengths)), plain
    checksum = mask(extend(0, plain)).to_bytes(_CHECKSUM, "little")
    yield checksum, checksum
    for i in range(0, len(values), _BATCH):
        batch = b"".join(values[i : i + _BATCH])
        yield batch, batch


def decode(data: bytes, count: int) -> tuple[list[bytes], int]:
    """Return the strings and the checksum calculated on the way, not yet masked.

    Args:
        data: All the bytes of the tensor.
        count: How many strings it has.

    Raises:
        Malformed: The lengths are damaged, or do not add up to the size.
    """
    lengths, at = [], 0
    for _ in range(count):
        length = data[at] if at < len(data) else 0x80
        if length < 0x80:  # most are short
            at += 1
        else:
            length, at = read_varint(data, at)
        lengths.append(length)
    crc = extend(0, _plain(lengths))
    stored = data[at : at + _CHECKSUM]
    at += _CHECKSUM
    if stored != mask(crc).to_bytes(_CHECKSUM, "little"):
        raise Malformed("the checksum of the string lengths does not match")
    if at + sum(lengths) != len(data):
        raise Malformed(f"the strings should take {sum(lengths)} bytes, and there are {len(data) - at}")
    crc = extend(crc, data[at - _CHECKSUM :])
    values = []
    for length in lengths:
        values.append(data[at : at + length])
        at += length
    return values, crc


def _plain(lengths: list[int]) -> bytes:
    if max(lengths, default=0) <= 0xFFFFFFFF:
        return np.array(lengths, "<u4").tobytes()
    return b"".join(length.to_bytes(4 if length <= 0xFFFFFFFF else 8, "little") for length in lengths)
