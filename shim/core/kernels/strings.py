"""Strings: joined, split, cut, replaced, parsed and hashed, on the host."""

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import op_errors
from onevar.core.farmhash import fingerprint64
from onevar.core.infer import same_shape
from onevar.core.kernel import kernel
from onevar.core.siphash import siphash24
from onevar.core.spec import Spec
from onevar.core.summary import format_tensor


def _strings(values: list[bytes], shape: tuple[int, ...]) -> np.ndarray:
    out = np.empty(shape, object)
    out.reshape(-1)[:] = values
    return out


def _mapped(function: Callable[[bytes], bytes], array: np.ndarray) -> np.ndarray:
    return _strings([function(item) for item in array.reshape(-1)], array.shape)


def _invalid(message: str) -> op_errors.OpError:
    return op_errors.InvalidArgumentError(None, None, message)


def _joined_shape(inputs: list[Spec]) -> Any:
    known = [spec.shape for spec in inputs if spec.shape != ()]
    return known[0] if known else ()


@kernel("StringJoin", on_host=True, infer=_joined_shape)
def string_join(k: Any, inputs: list[np.ndarray], *, separator: str) -> np.ndarray:
    """Join strings element by element; scalars go with everything."""
    shape = next((item.shape for item in inputs if item.ndim), ())
    flat = [np.broadcast_to(item, shape).reshape(-1) for item in inputs]
    between = separator.encode()
    return _strings([between.join(parts) for parts in zip(*flat, strict=True)], shape)


def _table(indices: list[tuple[int, int]], values: list[bytes], rows: int, columns: int) -> tuple[np.ndarray, ...]:
    places = np.array(indices, np.int64).reshape(-1, 2)
    return places, _strings(values, (len(values),)), np.array([rows, columns], np.int64)


def _split_shapes(*_: Spec) -> list[Any]:
    return [(None, 2), (None,), (2,)]


def _as_table(rows: list[list[bytes]]) -> tuple[np.ndarray, ...]:
    indices = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    return _table(indices, [part for row in rows for part in row], len(rows), max(map(len, rows), default=0))


@kernel("StringSplit", on_host=True, infer=_split_shapes)
def string_split(k: Any, input: np.ndarray, delimiter: np.ndarray, *, skip_empty: bool) -> tuple[np.ndarray, ...]:
    """Split at any of the characters of the delimiter; an empty one splits into characters."""
    marks = delimiter.item()
    rows = []
    for item in input.reshape(-1):
        parts = re.split(b"[" + re.escape(marks) + b"]", item) if marks else [bytes([b]) for b in item]
        rows.append([part for part in parts if part or not (skip_empty or not marks)])
    return _as_table(rows)


@kernel("StringSplitV2", on_host=True, infer=_split_shapes)
def string_split_v2(k: Any, input: np.ndarray, sep: np.ndarray, *, maxsplit: int) -> tuple[np.ndarray, ...]:
    """Split at a separator, or at white space if it is empty."""
    return _as_table([item.split(sep.item() or None, maxsplit) for item in input.reshape(-1)])


@kernel("Substr", on_host=True, infer=lambda *specs: specs[0].shape)
def substr(k: Any, input: np.ndarray, pos: np.ndarray, len: np.ndarray, *, unit: str) -> np.ndarray:
    """Cut a part out of each string."""
    shape = np.broadcast_shapes(input.shape, pos.shape)
    triples = zip(*(np.broadcast_to(a, shape).reshape(-1) for a in (input, pos, len)), strict=True)
    return _strings([_part(item, int(start), int(count), unit) for item, start, count in triples], shape)


def _part(item: bytes, start: int, count: int, unit: str) -> bytes:
    text: Any = item.decode("utf-8", "replace") if unit == "UTF8_CHAR" else item
    size = len(text)
    if not -size <= start <= size:
        shown = item.decode("utf-8", "replace")
        raise _invalid(f"pos {start} out of range for string b'{shown}' at index 0")
    start = start + size if start < 0 else start
    part = text[start : start + max(count, 0)]
    return part.encode() if isinstance(part, str) else part


def _pattern(pattern: str | bytes) -> re.Pattern[bytes]:
    try:
        return re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
    except re.error as error:
        raise _invalid(f"Invalid pattern: {pattern!r}, error: {error}") from None


def _replaced(input: np.ndarray, pattern: Any, rewrite: Any, everywhere: bool) -> np.ndarray:
    compiled = _pattern(pattern)
    rewrite = rewrite.encode() if isinstance(rewrite, str) else rewrite
    # RE2 writes groups as \1, and \0 for the whole; every other backslash is itself escaped.
    template = re.sub(rb"\\(\d)", rb"\\g<\1>", rewrite)
    return _mapped(lambda item: compiled.sub(template, item, count=0 if everywhere else 1), input)


@kernel("RegexReplace", on_host=True, infer=same_shape)
def regex_replace(
    k: Any, input: np.ndarray, pattern: np.ndarray, rewrite: np.ndarray, *, replace_global: bool
) -> np.ndarray:
    """Replace what matches a regular expression."""
    return _replaced(input, pattern.item(), rewrite.item(), replace_global)


@kernel("StaticRegexReplace", on_host=True, infer=same_shape)
def static_regex_replace(k: Any, input: np.ndarray, *, pattern: str, rewrite: str, replace_global: bool) -> np.ndarray:
    """Replace what matches a regular expression."""
    return _replaced(input, pattern, rewrite, replace_global)


def _matches(input: np.ndarray, pattern: Any) -> np.ndarray:
    compiled = _pattern(pattern)
    found = [compiled.fullmatch(item) is not None for item in input.reshape(-1)]
    return np.array(found, bool).reshape(input.shape)


@kernel("RegexFullMatch", on_host=True, infer=same_shape)
def regex_full_match(k: Any, input: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Whether a regular expression matches all of a string."""
    return _matches(input, pattern.item())


@kernel("StaticRegexFullMatch", on_host=True, infer=same_shape)
def static_regex_full_match(k: Any, input: np.ndarray, *, pattern: str) -> np.ndarray:
    """Whether a regular expression matches all of a string."""
    return _matches(input, pattern)


_NUMBER = re.compile(rb"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?|nan)\s*", re.IGNORECASE)
_INTEGER = re.compile(rb"\s*[+-]?\d+\s*")


@kernel("StringToNumber", on_host=True, infer=same_shape)
def string_to_number(k: Any, string_tensor: np.ndarray, *, out_type: str) -> np.ndarray:
    """Read numbers."""
    is_float = out_type.startswith("float")
    values = []
    for item in string_tensor.reshape(-1):
        if not (_NUMBER if is_float else _INTEGER).fullmatch(item):
            raise _invalid(f"StringToNumberOp could not correctly convert string: {item.decode('utf-8', 'replace')}")
        values.append(float(item) if is_float else int(item))
    try:
        return np.array(values, out_type).reshape(string_tensor.shape)
    except OverflowError:
        raise _invalid(f"StringToNumberOp could not correctly convert string: {values}") from None


@kernel("StringLength", on_host=True, infer=same_shape)
def string_length(k: Any, input: np.ndarray, *, unit: str) -> np.ndarray:
    """Count bytes, or characters."""
    sizes = [len(i.decode("utf-8", "replace") if unit == "UTF8_CHAR" else i) for i in input.reshape(-1)]
    return np.array(sizes, np.int32).reshape(input.shape)


@kernel("StringLower", on_host=True, infer=same_shape)
def string_lower(k: Any, input: np.ndarray, *, encoding: str) -> np.ndarray:
    """Make letters small."""
    return _mapped(lambda i: i.decode().lower().encode() if encoding else i.lower(), input)


@kernel("StringUpper", on_host=True, infer=same_shape)
def string_upper(k: Any, input: np.ndarray, *, encoding: str) -> np.ndarray:
    """Make letters large."""
    return _mapped(lambda i: i.decode().upper().encode() if encoding else i.upper(), input)


@kernel("StringStrip", on_host=True, infer=same_shape)
def string_strip(k: Any, input: np.ndarray) -> np.ndarray:
    """Remove white space at the ends."""
    return _mapped(bytes.strip, input)


@kernel("AsString", on_host=True, infer=same_shape)
def as_string(
    k: Any, input: np.ndarray, *, precision: int, scientific: bool, shortest: bool, width: int, fill: str
) -> np.ndarray:
    """Write numbers as C's `printf` does."""
    kind = input.dtype.kind
    if kind == "O":
        return input
    if kind in "iub" and (scientific or shortest or precision >= 0):
        what = "scientific and shortest format" if scientific or shortest else "precision"
        raise _invalid(f"{what} not supported for datatype {input.dtype.name}")
    letter = "d" if kind in "iu" else "e" if scientific else "g" if shortest else "f"
    form = f"%{fill.strip()}{width if width > -1 else ''}{f'.{precision}' if precision >= 0 else ''}{letter}"

    def write(item: Any) -> bytes:
        if kind == "b":
            return b"true" if item else b"false"
        if kind == "c":
            return f"({form % item.real},{form % item.imag})".encode()
        return (form % (int(item) if kind in "iu" else float(item))).encode()

    return _strings([write(item) for item in input.reshape(-1)], input.shape)


def _reduced(inputs: Spec, reduction_indices: Spec, *, keep_dims: bool) -> Any:
    axes = reduction_indices.value
    if inputs.shape is None or not isinstance(axes, np.ndarray):
        return None
    gone = {int(a) % len(inputs.shape) for a in axes.reshape(-1)}
    return tuple(1 if i in gone else n for i, n in enumerate(inputs.shape) if keep_dims or i not in gone)


@kernel("ReduceJoin", on_host=True, infer=_reduced)
def reduce_join(
    k: Any, inputs: np.ndarray, reduction_indices: np.ndarray, *, keep_dims: bool, separator: str
) -> np.ndarray:
    """Join strings over dimensions, in the order in which these are given."""
    axes = [int(a) % inputs.ndim for a in reduction_indices.reshape(-1)]
    kept = [i for i in range(inputs.ndim) if i not in axes]
    rows = inputs.transpose([*kept, *axes])
    outer = rows.shape[: len(kept)]
    rows = rows.reshape(int(np.prod(outer)), -1)
    joined = _strings([separator.encode().join(row) for row in rows], outer)
    return joined.reshape([1 if i in axes else n for i, n in enumerate(inputs.shape)]) if keep_dims else joined


@kernel("EncodeBase64", on_host=True, infer=same_shape)
def encode_base64(k: Any, input: np.ndarray, *, pad: bool) -> np.ndarray:
    """Write bytes as web-safe base64."""
    encode = base64.urlsafe_b64encode
    return _mapped(lambda item: encode(item) if pad else encode(item).rstrip(b"="), input)


@kernel("DecodeBase64", on_host=True, infer=same_shape)
def decode_base64(k: Any, input: np.ndarray) -> np.ndarray:
    """Read web-safe base64."""

    def decode(item: bytes) -> bytes:
        if not re.fullmatch(rb"[A-Za-z0-9_-]*={0,2}", item):
            raise _invalid("Invalid character found in base64.")
        bare = item.rstrip(b"=")
        return base64.urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))

    return _mapped(decode, input)


def _buckets(input: np.ndarray, hashed: Callable[[bytes], int], count: int) -> np.ndarray:
    return np.array([hashed(item) % count for item in input.reshape(-1)], np.int64).reshape(input.shape)


@kernel("StringToHashBucketFast", on_host=True, infer=same_shape)
def string_to_hash_bucket_fast(k: Any, input: np.ndarray, *, num_buckets: int) -> np.ndarray:
    """Hash with FarmHash's fingerprint."""
    return _buckets(input, fingerprint64, num_buckets)


@kernel("StringToHashBucketStrong", on_host=True, infer=same_shape)
def string_to_hash_bucket_strong(k: Any, input: np.ndarray, *, num_buckets: int, key: list[int]) -> np.ndarray:
    """Hash with a key."""
    return _buckets(input, lambda item: siphash24(item, key[0], key[1]), num_buckets)


@kernel("StringFormat", on_host=True, infer=lambda *_: ())
def string_format(
    k: Any, inputs: list[np.ndarray], *, template: str, placeholder: str, summarize: int
) -> np.ndarray:
    """Put tensors into a text."""
    parts = template.split(placeholder)
    shown = [format_tensor(item, summarize) for item in inputs] + [""]
    text = "".join(part + value for part, value in zip(parts, shown, strict=True))
    return _strings([text.encode()], ())


