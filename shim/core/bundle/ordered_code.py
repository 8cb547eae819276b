"""Keys whose bytes sort as what they encode does.

The piece of a partitioned variable is found in the index under such a key: 0, the variable's name, the rank,
and start and length for each dimension. The length of a whole dimension is -1.
"""

_ZERO, _FF, _END = b"\x00\xff", b"\xff\x00", b"\x00\x01"

#: (start, length) for each dimension.
Extents = tuple[tuple[int, int], ...]


def slice_key(name: bytes, extents: Extents) -> bytes:
    """Return the key under which the index holds one piece of a variable.

    Args:
        name: The variable's name in UTF-8.
        extents: (start, length) for each dimension, (0, -1) for a whole one.
    """
    parts = [unsigned(0), text(name), unsigned(len(extents))]
    for start, length in extents:
        parts += signed(start), signed(length)
    return b"".join(parts)


def text(value: bytes) -> bytes:
    """Encode bytes; the end mark sorts below everything that may follow."""
    return _ZERO.join(part.replace(b"\xff", _FF) for part in value.split(b"\x00")) + _END


def unsigned(value: int) -> bytes:
    """Encode a number that is not negative: its bytes without leading zeros, after their count."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def signed(value: int) -> bytes:
    """Encode an `int64`.

    In `n` bytes there are `7 * n - 1` bits of value behind a sign bit; `n` stands as a run of `n` bits before
    them (ones for numbers that are not negative, zeros for negative ones), so that longer numbers sort further out.
    """
    magnitude = ~value if value < 0 else value
    size = magnitude.bit_length() // 7 + 1
    header = ((1 << size) - 1) << (8 * size - size)
    return ((value & ((1 << 8 * size) - 1)) ^ header).to_bytes(size, "big")
