"""`TensorProto`: an array as bytes, with its type and shape, as TensorFlow writes and reads it."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from onevar.core.bundle.wire import Malformed, field, field_bytes, fields, read_varint, signed, varint
from onevar.core.dtype import as_dtype
from onevar.core.records.examples import varints

_DTYPE, _SHAPE, _CONTENT, _STRINGS = 1, 2, 4, 8
#: Fields of values one by one: how they are encoded.
_FLOATS = {5: "<f4", 6: "<f8", 9: "<f4", 12: "<f8"}
_INTEGERS = (7, 10, 11, 13, 16, 17)


def encode(array: np.ndarray, dtype: str, joined: bool = False) -> bytes:
    """Return an array as a serialized `TensorProto`, the contents in one piece.

    Args:
        array: The array; strings are bytes in an array of objects.
        dtype: Its dtype's name.
        joined: Whether strings are in one piece too: their lengths, then all bytes.
    """
    dims = b"".join([field_bytes(2, field(1, n)) for n in array.shape])
    head = field(_DTYPE, as_dtype(dtype).as_datatype_enum) + field_bytes(_SHAPE, dims)
    if dtype == "string" and joined:
        texts = array.reshape(-1).tolist()
        data = b"".join([varint(len(text)) for text in texts]) + b"".join(texts)
        return head + (field_bytes(_CONTENT, data) if data else b"")
    if dtype == "string":
        return head + b"".join([field_bytes(_STRINGS, text) for text in array.reshape(-1).tolist()])
    data = np.ascontiguousarray(array).tobytes()
    return head + (field_bytes(_CONTENT, data) if data else b"")


def decode(data: bytes) -> tuple[str, np.ndarray]:
    """Return the dtype's name and the array of a serialized `TensorProto`.

    Args:
        data: Its bytes.

    Raises:
        Malformed: It is none, or says too little of itself.
    """
    enum, shape = 0, ()  # type: tuple[int, tuple[int, ...]]
    content: bytes | None = None
    strings: list[bytes] = []
    loose: dict[int, list[Any]] = {}
    for number, value in fields(data):
        if number == _DTYPE and isinstance(value, int):
            enum = value
        elif number == _SHAPE and isinstance(value, bytes):
            shape = _shape(value)
        elif number == _CONTENT and isinstance(value, bytes):
            content = value
        elif number == _STRINGS and isinstance(value, bytes):
            strings.append(value)
        else:
            loose.setdefault(number, []).append(value)
    try:
        kind = as_dtype(enum)
    except TypeError:
        raise Malformed(f"no dtype has the number {enum}") from None
    if kind.key == "string":
        return "string", _spread(_objects(_split(content, prod(shape)) if content else strings), shape)
    numpy_type = np.dtype(kind.as_numpy_dtype)
    if content:
        if len(content) != prod(shape) * numpy_type.itemsize:
            raise Malformed("as many bytes as its shape has not")
        return kind.key, np.frombuffer(content, numpy_type).reshape(shape).copy()
    return kind.key, _spread(_loose(loose, numpy_type, kind.key), shape)


def _split(content: bytes, count: int) -> list[bytes]:
    """Strings in one piece: their lengths, then all bytes."""
    at, lengths = 0, []
    for _ in range(count):
        length, at = read_varint(content, at)
        lengths.append(length)
    found = []
    for length in lengths:
        found.append(content[at : at + length])
        at += length
    if at != len(content):
        raise Malformed("other bytes than its strings have")
    return found


def _shape(data: bytes) -> tuple[int, ...]:
    dims = []
    for number, value in fields(data):
        if number == 2 and isinstance(value, bytes):
            sizes = [signed(n) for at, n in fields(value) if at == 1 and isinstance(n, int)]
            dims.append(sizes[-1] if sizes else 0)
    if any(n < 0 for n in dims):
        raise Malformed("a dimension is not known")
    return tuple(dims)


def _objects(strings: Sequence[bytes]) -> np.ndarray:
    made = np.empty(len(strings), object)
    made[:] = strings
    return made


def _loose(loose: dict[int, list[Any]], dtype: np.dtype, key: str) -> np.ndarray:
    """Values that are given one by one, packed or not."""
    for number, values in loose.items():
        if number in _FLOATS:
            size = 4 if _FLOATS[number] == "<f4" else 8
            parts = [v if isinstance(v, bytes) else v.to_bytes(size, "little") for v in values]
            numbers = np.frombuffer(b"".join(parts), _FLOATS[number])
            return numbers.view("<c8" if size == 4 else "<c16").astype(dtype) if number in (9, 12) else numbers
        if number in _INTEGERS:
            packed = varints(b"".join([v if isinstance(v, bytes) else varint(v) for v in values]))
            if number == 13:
                # Half floats are their bits, as integers.
                return packed.astype(np.uint16).view(dtype)
            return packed.astype(dtype)
    return np.zeros(0, dtype)


def _spread(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The array: the last value stands for those that are left out."""
    size = prod(shape)
    if len(values) > size:
        raise Malformed("more values than its shape has")
    if len(values) == size:
        return values.reshape(shape).copy()
    out = np.empty(size, values.dtype)
    out[: len(values)] = values
    out[len(values) :] = values[-1] if len(values) else b"" if values.dtype == object else 0
    return out.reshape(shape)
