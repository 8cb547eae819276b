"""Python values as arrays, by TensorFlow 1's rules for constants."""

import numbers
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from onevar.core.context import executing_eagerly
from onevar.core.dtype import DType, as_dtype

#: Kinds of NumPy arrays that a dtype takes Python values of, and what such a value is an instance of.
_PYTHON_KINDS: tuple[tuple[Callable[[DType], bool], str, type | tuple[type, ...]], ...] = (
    (lambda d: d.is_bool, "b", (bool, np.bool_)),
    (lambda d: d.is_integer, "iub", (numbers.Integral, np.integer)),
    (lambda d: d.is_floating, "iufb", (numbers.Real, np.floating, np.integer)),
    (lambda d: d.is_complex, "iufcb", (numbers.Complex,)),
    (lambda d: d.key == "string", "SUO", (str, bytes)),
)


def array_of(value: Any, dtype: DType | None = None) -> np.ndarray:
    """Return `value` as an array of `dtype`, or of the dtype that TensorFlow takes it for.

    Arrays keep their dtype, or are cast. Python's floats become float32, integers int32 where they fit.

    Args:
        value: A number, string, nested sequence of these, or an array.
        dtype: What it is to be; None leaves it to the rule.

    Returns:
        An array of its own; strings are objects of `bytes`.

    Raises:
        TypeError: The values are not of a kind that `dtype` takes.
        ValueError: None, or rows of different lengths.
    """
    if isinstance(value, np.ndarray | np.generic):
        return _cast(np.asarray(value), dtype)
    if value is None:
        raise ValueError("None values not supported.")
    if type(value) is float and dtype is None:
        return np.array(value, np.float32)
    if hasattr(value, "__array__") and not isinstance(value, list | tuple):
        return _cast(np.asarray(value), dtype)
    try:
        raw = np.array(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"Argument must be a dense tensor: {value!r} - {error}") from None
    if raw.dtype.kind in "SUO":
        raw = _objects(value, raw, dtype)
    if dtype is None:
        return _narrowed(raw, value)
    _check_kind(raw, value, dtype)
    return _cast(raw, dtype, value)


def _objects(value: Any, raw: np.ndarray, dtype: DType | None) -> np.ndarray:
    if raw.dtype.kind == "O":
        first = next((leaf for leaf in leaves(value) if not isinstance(leaf, str | bytes)), None)
        if first is None:
            return raw
        first = next((leaf for leaf in leaves(value) if not isinstance(leaf, numbers.Number | str | bytes)), first)
        if isinstance(first, numbers.Integral):
            raise ValueError(f"{value!r} does not fit: an integer is too large for int64.")
        if dtype is not None:
            raise TypeError(f"Expected {dtype.name}, but got {first!r} of type '{type(first).__name__}'.")
        raise TypeError(
            f"Failed to convert elements of {value!r} to Tensor. Consider casting elements to a supported type."
        )
    out = np.empty(raw.shape, object)
    # NumPy's own string types would drop trailing NULs.
    out.reshape(-1)[:] = list(leaves(value))
    return out


def _narrowed(raw: np.ndarray, value: Any) -> np.ndarray:
    if raw.dtype == np.float64:
        return raw.astype(np.float32)
    if raw.dtype == np.int64:
        small = raw.astype(np.int32)
        return small if np.array_equal(small, raw) else raw
    return _cast(raw, None, value)


def _check_kind(raw: np.ndarray, value: Any, dtype: DType) -> None:
    if raw.size == 0:
        return
    for applies, kinds, types in _PYTHON_KINDS:
        if applies(dtype):
            if raw.dtype.kind in kinds:
                return
            bad = next((leaf for leaf in leaves(value) if not isinstance(leaf, types)), value)
            raise TypeError(f"Expected {dtype.name}, but got {bad!r} of type '{type(bad).__name__}'.")


def leaves(value: Any) -> Iterator[Any]:
    """Yield what is in nested lists and tuples."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, np.ndarray):
        yield from value.reshape(-1).tolist()
    else:
        yield value


def _cast(array: np.ndarray, dtype: DType | None, value: Any = None) -> np.ndarray:
    if array.dtype.kind in "SUO":
        if dtype is not None and dtype.key != "string":
            bad = array.reshape(-1)[0] if array.size else value
            raise TypeError(f"Expected {dtype.name}, but got {bad!r} of type '{type(bad).__name__}'.")
        return _bytes(array)
    if dtype is None:
        as_dtype(array.dtype)  # a type that TensorFlow does not have is an error here
        return np.array(array)
    if dtype.key == "string":
        if not array.size:
            return np.empty(array.shape, object)  # NumPy takes an empty list for floats
        bad = array.reshape(-1)[0]
        raise TypeError(f"Expected string, but got {bad!r} of type '{type(bad).__name__}'.")
    wanted = dtype.as_numpy_dtype
    strict = executing_eagerly() or array.dtype == np.uint64
    if value is not None and array.dtype.kind in "iu" and dtype.is_integer and strict:
        # In a graph TensorFlow takes the low bits of an int64, and programs write 0xFFFFFFFF for an int32.
        _check_range(array, dtype, wanted)
    return array.astype(wanted)


def _check_range(array: np.ndarray, dtype: DType, wanted: Any) -> None:
    if array.size and np.dtype(wanted).kind in "iu":
        limits = np.iinfo(wanted)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise ValueError(f"Python int too large to convert to {dtype.name}: {array.tolist()!r}")


def _bytes(array: np.ndarray) -> np.ndarray:
    out = np.empty(array.shape, object)
    flat = out.reshape(-1)
    for index, item in enumerate(array.reshape(-1).tolist()):
        if not isinstance(item, str | bytes):
            raise TypeError(f"Unsupported object type {type(item).__name__} in an array of strings: {item!r}")
        flat[index] = item.encode() if isinstance(item, str) else item
    return out
