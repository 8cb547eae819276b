"""What is known of a tensor before it exists: its shape, its dtype, sometimes its contents."""

from typing import Any

import numpy as np

#: A shape: one entry a dimension, None where it is not known; None alone where not even the rank is.
Shape = tuple[int | None, ...] | None


class ShapeError(ValueError):
    """Shapes that an op cannot take. The message is TensorFlow's detail, without the part that names the node."""


class UnknownShape(Exception):
    """A computation asked for a size that is not known yet. Never leaves shape inference."""


class Spec:
    """What is known of a tensor.

    Attributes:
        shape: A tuple with None for unknown dimensions, or None: unknown rank.
        dtype: The dtype's name.
        value: The contents: a NumPy array if they are all known; for a vector of integers of which some are
            known, a tuple with None for the others; None if they are not known. Not to be written to.
    """

    __slots__ = ("dtype", "shape", "value")

    def __init__(self, shape: Shape, dtype: str, value: Any = None):
        self.shape = shape
        self.dtype = dtype
        self.value = value

    @property
    def rank(self) -> int | None:
        """The number of dimensions, or None."""
        return None if self.shape is None else len(self.shape)

    def partial_shape(self) -> Shape:
        """Return the shape that this tensor, a vector of integers, stands for as far as that is known.

        Returns:
            A tuple with None where a size is -1 or not known, or None if not even the length is known.
        """
        value = self.value
        if isinstance(value, np.ndarray):
            value = value.reshape(-1).tolist()
        if value is not None:
            return tuple(None if n is None or n < 0 else n for n in value)
        if self.shape is None or self.shape == (None,):
            return None
        return (None,) * (self.shape[0] or 0) if self.shape else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spec):
            return NotImplemented
        return self.shape == other.shape and self.dtype == other.dtype and _same(self.value, other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        value = "" if self.value is None else f", {self.value!r}"
        return f"Spec({self.shape}, {self.dtype!r}{value})"


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    return type(a) is type(b) and a == b


class _Unknown:
    """A size that is not known: arithmetic with it is not known either, and no question about it has an answer."""

    __slots__ = ()

    def __add__(self, other: Any) -> "_Unknown":
        return self

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __add__
    __truediv__ = __rtruediv__ = __add__

    def __neg__(self) -> "_Unknown":
        return self

    __abs__ = __pos__ = __neg__

    def __lt__(self, other: Any) -> bool:
        raise UnknownShape

    __le__ = __gt__ = __ge__ = __lt__

    def __eq__(self, other: object) -> bool:
        raise UnknownShape

    def __ne__(self, other: object) -> bool:
        raise UnknownShape

    def __hash__(self) -> int:
        raise UnknownShape

    def __bool__(self) -> bool:
        raise UnknownShape

    def __index__(self) -> int:
        raise UnknownShape

    __int__ = __index__

    def __float__(self) -> float:
        raise UnknownShape

    def __repr__(self) -> str:
        return "?"


#: Stands for an unknown size where a kernel computes with sizes.
UNKNOWN = _Unknown()


def show(shape: Shape) -> str:
    """Write a shape as TensorFlow's messages do: `[2,?]`.

    Args:
        shape: The shape.

    Returns:
        The text; `<unknown>` for an unknown rank.
    """
    return "<unknown>" if shape is None else "[" + ",".join("?" if n is None else str(n) for n in shape) + "]"
