"""`Dimension`: one dimension of a `TensorShape`, as TensorFlow 1 has it."""

import operator
from collections.abc import Callable
from typing import Any

_LOWER = "Dimension %d must be >= 0"


class Dimension:
    """One dimension of a shape: a size, or unknown.

    Arithmetic with an unknown dimension gives an unknown one; comparing with one gives None.

    Args:
        value: An integer, another `Dimension`, or None for an unknown one.

    Raises:
        TypeError: `value` is none of these.
        ValueError: It is negative.

    Attributes:
        value: The size, or None.
    """

    __slots__ = ("_value",)
    _value: int | None

    def __init__(self, value: Any):
        if value is None or isinstance(value, int):
            self._value = value
        elif isinstance(value, Dimension):
            self._value = value._value
        else:
            self._value = _index_of(value)
        if self._value is not None and self._value < 0:
            raise ValueError(_LOWER % self._value)

    @property
    def value(self) -> int | None:
        """The size, or None."""
        return self._value

    def is_compatible_with(self, other: Any) -> bool:
        """Whether the two may be equal.

        Args:
            other: A `Dimension`, or what its constructor accepts.
        """
        b = as_dimension(other)._value
        return self._value is None or b is None or self._value == b

    def assert_is_compatible_with(self, other: Any) -> None:
        """Check that the two may be equal.

        Args:
            other: A `Dimension`, or what its constructor accepts.

        Raises:
            ValueError: They differ.
        """
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other: Any) -> "Dimension":
        """Return the dimension that says what this one and `other` say together.

        Args:
            other: A `Dimension`, or what its constructor accepts.

        Raises:
            ValueError: They differ.
        """
        other = as_dimension(other)
        self.assert_is_compatible_with(other)
        return Dimension(other._value if self._value is None else self._value)

    def __eq__(self, other: object) -> Any:
        return _equal(self, other, operator.eq)

    def __ne__(self, other: object) -> Any:
        return _equal(self, other, operator.ne)

    # As in TensorFlow, where defining `__eq__` alone has the same effect: unknown dimensions equal nothing.
    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: Any) -> bool | None:
        return _both(self, other, operator.lt)

    def __le__(self, other: Any) -> bool | None:
        return _both(self, other, operator.le)

    def __gt__(self, other: Any) -> bool | None:
        return _both(self, other, operator.gt)

    def __ge__(self, other: Any) -> bool | None:
        return _both(self, other, operator.ge)

    def __add__(self, other: Any) -> "Dimension":
        return _arithmetic(self, other, operator.add)

    def __sub__(self, other: Any) -> "Dimension":
        return _arithmetic(self, other, operator.sub)

    def __mul__(self, other: Any) -> "Dimension":
        return _arithmetic(self, other, operator.mul)

    def __floordiv__(self, other: Any) -> "Dimension":
        return _arithmetic(self, other, operator.floordiv)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> "Dimension":
        return as_dimension(other) - self

    def __rfloordiv__(self, other: Any) -> "Dimension":
        return as_dimension(other) // self

    def __mod__(self, other: Any) -> "Dimension":
        return Dimension(_both(self, other, operator.mod))

    def __rmod__(self, other: Any) -> "Dimension":
        return as_dimension(other) % self

    def __truediv__(self, other: Any) -> Any:
        raise TypeError(
            f"unsupported operand type(s) for /: 'Dimension' and '{type(other).__name__}', please use // instead"
        )

    def __rtruediv__(self, other: Any) -> Any:
        raise TypeError(
            f"unsupported operand type(s) for /: '{type(other).__name__}' and 'Dimension', please use // instead"
        )

    def __div__(self, other: Any) -> "Dimension":
        return self // other

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return self._value  # type: ignore[return-value]

    def __index__(self) -> int:
        return self._value  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Dimension({self._value!r})"

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __reduce__(self) -> tuple:
        return Dimension, (self._value,)


def _index_of(value: Any) -> int:
    try:
        return int(value.__index__())
    except AttributeError:
        raise TypeError(
            "Dimension value must be integer or None or have an __index__ method, "
            f"got value '{value!r}' with type '{type(value)!r}'"
        ) from None


def _both(a: Dimension, b: Any, how: Callable[[Any, Any], Any]) -> Any:
    """What `how` makes of the two sizes, or None if one is unknown."""
    b = as_dimension(b)
    return None if a._value is None or b._value is None else how(a._value, b._value)


def _equal(a: Dimension, b: Any, how: Callable[[Any, Any], bool]) -> Any:
    try:
        return _both(a, b, how)
    except (TypeError, ValueError):
        return NotImplemented


def _arithmetic(a: Dimension, b: Any, how: Callable[[Any, Any], int]) -> Dimension:
    try:
        b = as_dimension(b)
    except (TypeError, ValueError):
        return NotImplemented
    return Dimension(_both(a, b, how))


def as_dimension(value: Any) -> Dimension:
    """Return `value` as a `Dimension`.

    Args:
        value: A `Dimension`, or what its constructor accepts.
    """
    return value if isinstance(value, Dimension) else Dimension(value)


def dimension_value(dimension: Any) -> int | None:
    """Return the integer of a `Dimension`, and an integer or None as it is.

    Args:
        dimension: A `Dimension`, an integer or None.
    """
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: Any, index: int) -> Dimension:
    """Return one `Dimension` of a shape, an unknown one if the rank is unknown.

    Args:
        shape: A `TensorShape`.
        index: Which; may be negative.
    """
    return Dimension(None if shape.tuple is None else shape.tuple[index])
