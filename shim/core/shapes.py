"""Shapes as tuples of ints, Keras's helpers for them included."""

from typing import Any


def standardize_shape(shape: Any) -> tuple[int | None, ...]:
    """Return `shape` as a tuple of ints and Nones.

    Args:
        shape: An iterable of ints, of anything that `int()` takes, and of None for an unknown
            dimension. A symbolic dimension of a tracer is an unknown one.

    Raises:
        ValueError: It is None, not iterable, or has a negative, fractional or textual dimension.
    """
    if shape is None:
        raise ValueError("Undefined shapes are not supported.")
    if not hasattr(shape, "__iter__") or isinstance(shape, str):
        raise ValueError(f"Cannot convert '{shape}' to a shape.")
    return tuple(_dimension(d, shape) for d in shape)


def _dimension(d: Any, shape: Any) -> int | None:
    if d is None or _is_symbolic(d):
        return None
    if isinstance(d, str | float):
        raise ValueError(_invalid(d, shape))
    try:
        size = int(d)
    except (TypeError, ValueError) as error:
        raise ValueError(_invalid(d, shape)) from error
    if size < 0:
        raise ValueError(f"Cannot convert '{shape}' to a shape. Negative dimensions are not allowed.")
    return size


def _is_symbolic(d: Any) -> bool:
    # torch's SymInt and JAX's _DimExpr, told by name: asking must not import a framework.
    names = {kind.__name__ for kind in type(d).__mro__} | {getattr(d, "__class__", type(d)).__name__}
    return bool(names & {"SymInt", "_DimExpr"})


def _invalid(d: Any, shape: Any) -> str:
    return f"Cannot convert '{shape}' to a shape. Found invalid dimension '{d}' of type '{type(d)}'. "


def shape_equal(a_shape: Any, b_shape: Any) -> bool:
    """Whether two shapes agree, None agreeing with every size."""
    if len(a_shape) != len(b_shape):
        return False
    return all(a is None or b is None or a == b for a, b in zip(a_shape, b_shape, strict=True))
