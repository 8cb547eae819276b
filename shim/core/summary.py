"""Tensors as text, as TensorFlow writes them: in `tf.Print`, in `tf.print` and in the messages of assertions."""

from typing import Any

import numpy as np

_FIRST_TRY = {np.dtype(np.float32): (6, 9), np.dtype(np.float64): (15, 17)}


def element_text(value: Any, dtype: np.dtype, quoted: bool = False) -> str:
    """Return one element as text: floats with as few digits as give the same number back, bools as 1 and 0.

    Args:
        value: The element.
        dtype: Of the array that it is from.
        quoted: Whether strings stand in quotation marks, with escapes.
    """
    if isinstance(value, bytes):
        return f'"{_escaped(value)}"' if quoted else value.decode("utf-8", "replace")
    if dtype.kind == "b":
        return "1" if value else "0"
    if dtype.kind == "c":
        return "?"
    if dtype in _FIRST_TRY:
        short, exact = _FIRST_TRY[dtype]
        text = f"{float(value):.{short}g}"
        return text if dtype.type(text) == value or value != value else f"{float(value):.{exact}g}"
    if dtype.kind in "iu":
        return str(int(value))
    return f"{float(value):.6g}"


_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escaped(value: bytes) -> str:
    text = "".join(_ESCAPES.get(b) or chr(b) for b in value)
    return text.encode("latin-1").decode("utf-8", "replace")


def summarize_tensor(array: Any, limit: int) -> str:
    """Return the first elements of an array as text, as `tf.Print` writes them, without the outermost brackets.

    Args:
        array: The array.
        limit: How many elements; all if negative.
    """
    array = np.asarray(array)
    limit = array.size if limit < 0 else min(limit, array.size)
    if array.ndim == 0:
        return element_text(array.item() if array.dtype == object else array[()], array.dtype) if limit else "..."
    pieces: list[str] = []
    _write(array, 0, limit, 0, pieces)
    return "".join(pieces) + ("..." if array.size > limit else "")


def _write(array: np.ndarray, depth: int, limit: int, done: int, pieces: list[str]) -> int:
    """Write the elements that are still within the limit; return how many have been written altogether."""
    if array.ndim == 1:
        for i, item in enumerate(array):
            if done >= limit:
                pieces.append("..." if depth else "")
                return done
            pieces.append((" " if i else "") + element_text(item, array.dtype))
            done += 1
        return done
    for part in array:
        if done >= limit:
            return done
        pieces.append("[")
        done = _write(part, depth + 1, limit, done, pieces)
        pieces.append("]")
    return done


def format_tensor(array: Any, edge: int) -> str:
    """Return the outer elements of each dimension of an array as text, as `tf.print` and `tf.strings.format` do.

    Args:
        array: The array.
        edge: How many elements at each end of a dimension; all if negative.
    """
    array = np.asarray(array)
    if array.ndim == 0:
        return element_text(array.item() if array.dtype == object else array[()], array.dtype, quoted=True)
    return _formatted(array, 1, array.ndim, edge)


def _formatted(array: np.ndarray, depth: int, ndim: int, edge: int) -> str:
    separator = " " if array.ndim == 1 else "\n" * (ndim - depth) + " " * depth
    cut = edge >= 0 and len(array) > 2 * edge
    items = [*array[:edge], *array[len(array) - edge :]] if cut else list(array)
    if array.ndim == 1:
        texts = [element_text(item, array.dtype, quoted=True) for item in items]
    else:
        texts = [_formatted(item, depth + 1, ndim, edge) for item in items]
    if cut:
        texts.insert(edge, "...")
    return "[" + separator.join(texts) + "]"
