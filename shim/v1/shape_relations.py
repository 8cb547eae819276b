"""How what is known of two values goes together: shapes, dtypes and other parts of descriptions."""

from typing import Any

from onevar.core.tensor_shape import TensorShape


def same(first: Any, second: Any) -> bool:
    """Whether two parts are the same; shapes are by what is known of them.

    Args:
        first: The one.
        second: The other.
    """
    if isinstance(first, tuple) and isinstance(second, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, TensorShape) and isinstance(second, TensorShape):
        return first.tuple == second.tuple
    return first == second


def fits(first: Any, second: Any) -> bool:
    """Whether two parts may describe one value; names do not count.

    Args:
        first: The one.
        second: The other.
    """
    if hasattr(first, "is_compatible_with"):
        return first.is_compatible_with(second)
    return True if isinstance(first, str) or first is None else first == second


def common_shape(first: TensorShape, second: TensorShape) -> TensorShape:
    """Return what is known of the shapes of both kinds of values.

    Args:
        first: Of the one.
        second: Of the other.
    """
    if first.ndims is None or first.ndims != second.ndims:
        return TensorShape(None)
    return TensorShape([a if a == b else None for a, b in zip(first.as_list(), second.as_list(), strict=True)])
