"""The snappy compression of an index block, which TensorFlow reads but does not write itself.

The format is short enough to be read here: the length as a varint, then pieces, each of them literal bytes or a copy
of earlier output (https://github.com/google/snappy/blob/main/format_description.txt).
"""

from onevar.core.bundle.wire import Malformed, read_varint


def decompress(data: bytes) -> bytes:
    """Return what `data` is the compressed form of.

    Raises:
        Malformed: It is not in that form.
    """
    length, at = read_varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            at = _literal(out, data, tag >> 2, at)
        else:
            at = _copy(out, data, tag, at)
        if len(out) > length:
            break
    if len(out) != length:
        raise Malformed("a compressed block does not have the length that it says")
    return bytes(out)


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise Malformed("a compressed block breaks off")
    return int.from_bytes(data[at : at + size], "little")


def _literal(out: bytearray, data: bytes, size: int, at: int) -> int:
    if size >= 60:
        extra = size - 59
        size = _number(data, at, extra)
        at += extra
    end = at + size + 1
    if end > len(data):
        raise Malformed("a compressed block breaks off")
    out += data[at:end]
    return end


def _copy(out: bytearray, data: bytes, tag: int, at: int) -> int:
    kind = tag & 3
    if kind == 1:
        size, extra = (tag >> 2 & 7) + 4, 1
        back = (tag >> 5) << 8 | _number(data, at, 1)
    else:
        size, extra = (tag >> 2) + 1, 2 * kind - 2
        back = _number(data, at, extra)
    if not 0 < back <= len(out):
        raise Malformed("a compressed block refers to what is before its beginning")
    piece = bytes(out[-back:][:size])
    out += (piece * (size // len(piece) + 1))[:size]
    return at + extra
