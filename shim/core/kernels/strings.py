"""Operations on strings. Strings are arrays of objects, `bytes`, and stay on the host."""

import re
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import broadcast_shape, same_shape
from onevar.core.kernel import kernel
from onevar.core.spec import Shape, ShapeError, Spec


def _each(function: Callable[[Any], Any], x: np.ndarray, dtype: Any = object) -> np.ndarray:
    """An array of the same shape with `function` of each element."""
    result = np.empty(np.shape(x), dtype)
    flat = result.reshape(-1)
    flat[:] = [function(item) for item in np.asarray(x).reshape(-1).tolist()]
    return flat.reshape(np.shape(x))


def _simple(type: str, function: Callable[[bytes], Any], dtype: Any = object) -> None:
    kernel(type, on_host=True, infer=same_shape)(lambda k, x: _each(function, x, dtype))


_simple("StringStrip", lambda text: text.strip())


@kernel("StringLower", on_host=True, infer=same_shape)
def _string_lower(k: Any, x: np.ndarray, *, encoding: str) -> Any:
    return _each(lambda text: text.decode().lower().encode() if encoding else text.lower(), x)


@kernel("StringUpper", on_host=True, infer=same_shape)
def _string_upper(k: Any, x: np.ndarray, *, encoding: str) -> Any:
    return _each(lambda text: text.decode().upper().encode() if encoding else text.upper(), x)


@kernel("StringLength", on_host=True, infer=same_shape)
def _string_length(k: Any, x: np.ndarray, *, unit: str) -> Any:
    return _each(lambda text: len(text.decode()) if unit == "UTF8_CHAR" else len(text), x, np.int32)


@kernel("StringJoin", on_host=True, infer=lambda xs: broadcast_shape(*xs))
def _string_join(k: Any, xs: list[np.ndarray], *, separator: str) -> Any:
    arrays = np.broadcast_arrays(*xs)
    joined = [separator.encode().join(parts) for parts in zip(*[a.reshape(-1).tolist() for a in arrays], strict=True)]
    result = np.empty(len(joined), object)
    result[:] = joined
    return result.reshape(arrays[0].shape)


@kernel("ReduceJoin", on_host=True, infer=lambda x, axes, *, keep_dims: _reduced(x, axes, keep_dims))
def _reduce_join(k: Any, x: np.ndarray, axes: np.ndarray, *, keep_dims: bool, separator: str) -> Any:
    # The axis that is given first varies fastest.
    gone = [axis % x.ndim for axis in axes.reshape(-1).tolist()] or list(range(x.ndim))
    if not axes.size and axes.ndim:
        return x
    kept = [i for i in range(x.ndim) if i not in gone]
    rows = x.transpose([*kept, *reversed(gone)]).reshape(*[x.shape[i] for i in kept], -1)
    result = np.empty(rows.shape[:-1], object)
    for index in np.ndindex(*result.shape):
        result[index] = separator.encode().join(rows[index].tolist())
    return result.reshape([1 if i in gone else n for i, n in enumerate(x.shape)]) if keep_dims else result


def _reduced(x: Spec, axes: Spec, keep_dims: bool) -> Shape:
    if not isinstance(axes.value, np.ndarray):
        return (None,) * len(x.shape) if keep_dims and x.shape is not None else None
    return rules.reduce(x.shape, axes.value.reshape(-1).tolist(), keep_dims)


_KINDS = {
    "int8": "d",
    "int16": "d",
    "int32": "d",
    "int64": "d",
    "uint8": "u",
    "uint16": "u",
    "uint32": "u",
    "uint64": "u",
}


@kernel("AsString", on_host=True, infer=same_shape)
def _as_string(
    k: Any,
    x: np.ndarray,
    *,
    T: str,  # noqa: N803
    precision: int,
    scientific: bool,
    shortest: bool,
    width: int,
    fill: str,
) -> Any:
    if (T == "bool" or T in _KINDS) and (scientific or shortest or precision >= 0):
        raise ValueError(f"precision, scientific and shortest format not supported for datatype {T}")
    if T == "bool":
        return _each(lambda value: b"true" if value else b"false", x)
    if T == "string":
        return x
    flags = fill + (str(width) if width >= 0 else "")
    digits = f".{precision}" if precision >= 0 else ""
    if T in _KINDS:
        return _each(lambda value: f"%{flags}d".__mod__(value).encode(), x)
    kind = "e" if scientific else "g" if shortest else "f"
    spec = f"%{flags}{digits}{kind}"
    if T.startswith("complex"):
        return _each(lambda value: f"({spec % value.real},{spec % value.imag})".encode(), x)
    return _each(lambda value: (spec % value).encode(), x.astype(np.float64))


@kernel("StringToNumber", on_host=True, infer=same_shape)
def _string_to_number(k: Any, x: np.ndarray, *, out_type: str) -> Any:
    return _each(lambda text: _number(text, out_type), x, np.dtype(out_type))


_NUMBER = re.compile(rb"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?|nan)\s*", re.IGNORECASE)
_INTEGER = re.compile(rb"\s*[+-]?\d+\s*")


def _number(text: bytes, dtype: str) -> Any:
    is_int = "int" in dtype
    if not (_INTEGER if is_int else _NUMBER).fullmatch(text):
        raise ValueError(f"StringToNumberOp could not correctly convert string: {text.decode(errors='replace')}")
    number = int(text) if is_int else float(text)
    if is_int and not np.iinfo(dtype).min <= number <= np.iinfo(dtype).max:
        raise ValueError(f"StringToNumberOp could not correctly convert string: {text.decode(errors='replace')}")
    return number


@kernel(
    "Substr", on_host=True, infer=lambda x, pos, length: rules.broadcast(x.shape, rules.merge(pos.shape, length.shape))
)
def _substr(k: Any, x: np.ndarray, pos: np.ndarray, length: np.ndarray, *, unit: str) -> Any:
    x, pos, length = np.broadcast_arrays(x, pos, length)
    result = np.empty(x.shape, object)
    for index in np.ndindex(*x.shape):
        text: Any = x[index]
        result[index] = _part(text, int(pos[index]), int(length[index]), unit)
    return result


def _part(text: bytes, pos: int, length: int, unit: str) -> bytes:
    items: Any = text.decode() if unit == "UTF8_CHAR" else text
    if not -len(items) <= pos <= len(items):
        raise ValueError(f"pos {pos} out of range for string b'{text.decode(errors='replace')}' at index 0")
    start = pos % len(items) if pos < 0 else pos
    part = items[start : start + max(0, length)]
    return part.encode() if isinstance(part, str) else part


def _sparse(rows: list[list[bytes]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of different lengths as a SparseTensor."""
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    values = np.empty(len(places), object)
    values[:] = [item for row in rows for item in row]
    longest = max(map(len, rows), default=0)
    return np.array(places, np.int64).reshape(-1, 2), values, np.array([len(rows), longest], np.int64)


def _sparse_shapes(*_: Spec) -> list[Shape]:
    return [(None, 2), (None,), (2,)]


@kernel("StringSplit", on_host=True, infer=_sparse_shapes)
def _string_split(k: Any, x: np.ndarray, delimiter: np.ndarray, *, skip_empty: bool) -> Any:
    # Every byte of the delimiter separates; without one, every byte stands alone.
    marks = delimiter.item()

    def parts(text: bytes) -> list[bytes]:
        if not marks:
            found = [bytes([byte]) for byte in text]
        else:
            found = re.split(b"[" + re.escape(marks) + b"]", text)
        return [part for part in found if part] if skip_empty else found

    return _sparse([parts(text) for text in x.tolist()])


@kernel("StringSplitV2", on_host=True, infer=_sparse_shapes)
def _string_split_v2(k: Any, x: np.ndarray, sep: np.ndarray, *, maxsplit: int) -> Any:
    mark = sep.item() or None
    return _sparse([text.split(mark, maxsplit) for text in x.tolist()])


def _pattern(pattern: bytes) -> re.Pattern[bytes]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"Invalid pattern: {pattern.decode(errors='replace')}, error: {error}") from error


def _rewritten(rewrite: bytes) -> bytes:
    """A replacement as Python writes it: `\\0` of RE2 is the whole match."""
    return re.sub(rb"\\(\d)", rb"\\g<\1>", rewrite)


@kernel("RegexReplace", on_host=True, infer=lambda x, pattern, rewrite: x.shape)
def _regex_replace(k: Any, x: np.ndarray, pattern: np.ndarray, rewrite: np.ndarray, *, replace_global: bool) -> Any:
    return _replaced(x, pattern.item(), rewrite.item(), replace_global)


def _replaced(x: np.ndarray, pattern: bytes, rewrite: bytes, everywhere: bool) -> np.ndarray:
    found, new = _pattern(pattern), _rewritten(rewrite)
    return _each(lambda text: found.sub(new, text, count=0 if everywhere else 1), x)


@kernel("StaticRegexReplace", on_host=True, infer=same_shape)
def _static_regex_replace(k: Any, x: np.ndarray, *, pattern: str, rewrite: str, replace_global: bool) -> Any:
    return _replaced(x, pattern.encode(), rewrite.encode(), replace_global)


@kernel("RegexFullMatch", on_host=True, infer=lambda x, pattern: x.shape)
def _regex_full_match(k: Any, x: np.ndarray, pattern: np.ndarray) -> Any:
    found = _pattern(pattern.item())
    return _each(lambda text: found.fullmatch(text) is not None, x, np.bool_)


@kernel("StaticRegexFullMatch", on_host=True, infer=same_shape)
def _static_regex_full_match(k: Any, x: np.ndarray, *, pattern: str) -> Any:
    found = _pattern(pattern.encode())
    return _each(lambda text: found.fullmatch(text) is not None, x, np.bool_)


@kernel("DecodeRaw", on_host=True, infer=lambda x: None if x.shape is None else (*x.shape, None))
def _decode_raw(k: Any, x: np.ndarray, *, out_type: str, little_endian: bool) -> Any:
    dtype = np.dtype(getattr(ml_dtypes, out_type, None) or out_type)
    texts = np.asarray(x).reshape(-1).tolist()
    length = len(texts[0]) if texts else 0
    for i, text in enumerate(texts):
        if len(text) != length:
            raise ShapeError(
                "DecodeRaw requires input strings to all be the same size, but "
                f"element {i} has size {length} != {len(text)}"
            )
    if length % dtype.itemsize:
        raise ShapeError(
            f"Input to DecodeRaw has length {length} that is not a multiple of {dtype.itemsize}, the size of {out_type}"
        )
    flat = np.frombuffer(b"".join(texts), dtype)
    if not little_endian:
        flat = flat.byteswap()
    return flat.reshape(*np.shape(x), length // dtype.itemsize).copy()
