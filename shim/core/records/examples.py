"""`Example` and `SequenceExample` as bytes: which features they have, and the numbers and strings in one of them.

Only what is asked for is decoded, so that a record of which a program wants two features costs two features.
"""

from typing import Any

import numpy as np

from onevar.core.bundle.wire import Malformed, read_varint

#: The kinds of a feature's values, by the number of its field.
BYTES, FLOAT, INT64 = 1, 2, 3
#: ... by the name of the dtype.
KIND_OF = {"string": BYTES, "float32": FLOAT, "int64": INT64}
#: ... and back, as TensorFlow writes it.
NAME_OF = {BYTES: "string", FLOAT: "float", INT64: "int64", 0: "INVALID"}

_FIRST = 0x0A
_SECOND = 0x12
_FIXED = {1: 8, 5: 4}
_FEW = 32
_GROUP, _END = 3, 4


def _skipped(data: bytes, at: int) -> int:
    """Where the field that starts at `at` ends."""
    tag, at = read_varint(data, at)
    kind = tag & 7
    if not tag >> 3:
        raise Malformed("no field has the number 0")
    if kind == 0:
        return read_varint(data, at)[1]
    if kind == 2:
        size, at = read_varint(data, at)
        return at + size
    if kind in _FIXED:
        return at + _FIXED[kind]
    raise Malformed(f"wire type {kind}")


def _messages(data: bytes, tag: int) -> list[bytes]:
    """The messages (or strings) of all fields with a tag of one byte, in order."""
    found: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        if data[at] != tag:
            at = _skipped(data, at)
            continue
        size, at = read_varint(data, at + 1)
        found.append(data[at : at + size])
        at += size
    if at > end:
        raise Malformed("a field runs past the end of its message")
    return found


def _entry(data: bytes) -> tuple[bytes, bytes]:
    """Key and value of an entry of a map."""
    key = value = b""
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        if tag not in (_FIRST, _SECOND):
            at = _skipped(data, at)
            continue
        size, at = read_varint(data, at + 1)
        if tag == _FIRST:
            key = data[at : at + size]
        else:
            value = data[at : at + size]
        at += size
    if at > end:
        raise Malformed("a field runs past the end of its message")
    return key, value


def _map(data: bytes) -> dict[bytes, bytes]:
    # Of equal keys the last one counts, as protocol buffers say.
    return dict([_entry(entry) for entry in _messages(data, _FIRST)])


def features(example: bytes) -> dict[bytes, bytes]:
    """Return the features of an `Example`, not decoded, by their names.

    Args:
        example: Its bytes.

    Raises:
        Malformed: It is not an `Example`.
    """
    try:
        parts = _messages(example, _FIRST)
        if len(parts) == 1:
            return _map(parts[0])
        return {key: value for part in parts for key, value in _map(part).items()}
    except IndexError:
        raise Malformed("it ends within a field") from None


def sequence(example: bytes) -> tuple[dict[bytes, bytes], dict[bytes, list[bytes]]]:
    """Return the context's features of a `SequenceExample`, and its lists of features, not decoded.

    Args:
        example: Its bytes.

    Raises:
        Malformed: It is not a `SequenceExample`.
    """
    try:
        context = {key: value for part in _messages(example, _FIRST) for key, value in _map(part).items()}
        lists = {key: value for part in _messages(example, _SECOND) for key, value in _map(part).items()}
        return context, {key: _messages(value, _FIRST) for key, value in lists.items()}
    except IndexError:
        raise Malformed("it ends within a field") from None


def values(feature: bytes) -> tuple[int, Any]:
    """Return the kind of a feature and its values: an array of float32 or int64, or a list of bytes.

    Args:
        feature: Its bytes; none at all is a feature of no kind (0), without values.

    Raises:
        Malformed: It is not a feature.
    """
    kind, content = 0, b""
    at, end = 0, len(feature)
    try:
        while at < end:
            tag = feature[at]
            if tag & 7 != 2 or not _FIRST <= tag <= 0x1A:
                at = _skipped(feature, at)
                continue
            size, at = read_varint(feature, at + 1)
            part = feature[at : at + size]
            # The last kind counts; two parts of one kind are one list.
            content = content + part if tag >> 3 == kind else part
            kind = tag >> 3
            at += size
        if at > end:
            raise Malformed("a field runs past the end of its message")
        return kind, _DECODERS[kind](content)
    except IndexError:
        raise Malformed("it ends within a field") from None


def _floats(data: bytes) -> np.ndarray:
    if not data:
        return np.zeros(0, np.float32)
    if data[0] == _FIRST:
        size, at = read_varint(data, 1)
        if at + size == len(data) and size % 4 == 0:
            return np.frombuffer(data, "<f4", size // 4, at)
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        size = 4
        if data[at] == _FIRST:
            size, at = read_varint(data, at + 1)
        elif data[at] == 0x0D:
            at += 1
        else:
            at = _skipped(data, at)
            continue
        parts.append(data[at : at + size])
        at += size
    joined = b"".join(parts)
    if at > len(data) or len(joined) % 4:
        raise Malformed("a list of floats ends within one")
    return np.frombuffer(joined, "<f4")


def _integers(data: bytes) -> np.ndarray:
    if not data:
        return np.zeros(0, np.int64)
    if data[0] == _FIRST:
        size, at = read_varint(data, 1)
        if at + size == len(data):
            return varints(data[at:])
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        if data[at] == _FIRST:
            size, at = read_varint(data, at + 1)
        elif data[at] == 0x08:
            at += 1
            size = read_varint(data, at)[1] - at
        else:
            at = _skipped(data, at)
            continue
        parts.append(data[at : at + size])
        at += size
    if at > len(data):
        raise Malformed("a list of integers ends within one")
    return varints(b"".join(parts))


def varints(data: bytes) -> np.ndarray:
    """Return int64 numbers that are encoded as varints, one after the other.

    Args:
        data: Their bytes.

    Raises:
        Malformed: The last one does not end, or one is too long.
    """
    if len(data) <= _FEW:
        at, found = 0, []
        while at < len(data):
            value, at = read_varint(data, at)
            found.append(value)
        return np.array(found, np.uint64).view(np.int64)
    parts = np.frombuffer(data, np.uint8)
    last = parts < 0x80
    if last.all():
        return parts.astype(np.int64)
    if not last[-1]:
        raise Malformed("a number runs past its end")
    ends = np.flatnonzero(last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 10:
        raise Malformed("a number runs past its end")
    place = np.arange(len(parts)) - np.repeat(starts, lengths)
    bits = (parts & 0x7F).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.bitwise_or.reduceat(bits, starts).view(np.int64)


_DECODERS = {0: lambda data: [], BYTES: lambda data: _messages(data, _FIRST), FLOAT: _floats, INT64: _integers}
