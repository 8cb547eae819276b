"""Primitives on NumPy arrays of objects, sizes of which some are `UNKNOWN`: see `onevar.core.infer`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from onevar.core.spec import UNKNOWN, Spec, UnknownShape


class PartialPrimitives:
    """The few primitives that sizes are computed with; any other one gives up."""

    is_shape = False
    name = "sizes"

    add = staticmethod(np.add)
    subtract = staticmethod(np.subtract)
    multiply = staticmethod(np.multiply)
    negative = staticmethod(np.negative)
    floor_divide = staticmethod(np.floor_divide)
    reshape = staticmethod(np.reshape)
    expand_dims = staticmethod(np.expand_dims)
    squeeze = staticmethod(np.squeeze)
    concat = staticmethod(np.concatenate)
    stack = staticmethod(np.stack)
    tile = staticmethod(np.tile)
    flip = staticmethod(np.flip)
    permute_dims = staticmethod(np.transpose)
    shape = staticmethod(np.shape)

    @staticmethod
    def dtype(x: Any) -> str:
        """What sizes are, for those that ask.

        Args:
            x: Sizes.

        Returns:
            An integer type's name.
        """
        return "int64"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's own questions, not a primitive
            raise AttributeError(name)
        raise UnknownShape(name)

    def maximum(self, x: np.ndarray, y: np.ndarray) -> Any:
        """The greater ones.

        Args:
            x: Sizes.
            y: Sizes.

        Returns:
            Sizes, unknown where one of the two is.
        """
        return _each(lambda m, n: UNKNOWN if m is UNKNOWN or n is UNKNOWN else max(m, n), x, y)

    def minimum(self, x: np.ndarray, y: np.ndarray) -> Any:
        """The lesser ones.

        Args:
            x: Sizes.
            y: Sizes.

        Returns:
            Sizes, unknown where one of the two is.
        """
        return _each(lambda m, n: UNKNOWN if m is UNKNOWN or n is UNKNOWN else min(m, n), x, y)

    def where(self, condition: np.ndarray, x: np.ndarray, y: np.ndarray) -> Any:
        """One or the other.

        Args:
            condition: Which.
            x: Sizes.
            y: Sizes.

        Returns:
            Sizes, unknown where the condition is.
        """
        return _each(lambda c, m, n: UNKNOWN if c is UNKNOWN else m if c else n, condition, x, y)

    def astype(self, x: np.ndarray, dtype: str) -> np.ndarray:
        """Sizes as another dtype.

        Args:
            x: Sizes.
            dtype: An integer type's name; others give up.

        Returns:
            The sizes as they are.

        Raises:
            UnknownShape: It is no integer type.
        """
        if dtype not in ("int32", "int64"):
            raise UnknownShape(dtype)
        return x

    def full(self, shape: tuple[int, ...], value: Any, dtype: str) -> np.ndarray:
        """One size repeated.

        Args:
            shape: How often.
            value: The size, which may be unknown.
            dtype: Not looked at.

        Returns:
            The sizes.
        """
        return np.full(shape, np.asarray(value, object).item(), object)

    def getitem(self, x: np.ndarray, index: Any) -> np.ndarray:
        """A part.

        Args:
            x: Sizes.
            index: Which.

        Returns:
            The part; an array also where it is one size.
        """
        return np.asarray(x[index], object)

    def take(self, x: np.ndarray, indices: np.ndarray, axis: int = 0) -> np.ndarray:
        """Some of the sizes.

        Args:
            x: Sizes.
            indices: Which.
            axis: Along which axis.

        Returns:
            Them.
        """
        return np.asarray(np.take(x, np.asarray(indices).astype(np.int64), axis), object)

    def unstack(self, x: np.ndarray, axis: int = 0) -> list[np.ndarray]:
        """The parts along an axis.

        Args:
            x: Sizes.
            axis: The axis.

        Returns:
            The parts.
        """
        return [np.asarray(part, object) for part in np.moveaxis(x, axis, 0)]

    def prod(self, x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
        """The product.

        Args:
            x: Sizes.
            axis: Over which axes.
            keepdims: Whether they stay.

        Returns:
            The product; unknown where a factor is, unless another is 0.
        """
        return _accumulated(np.multiply, x, axis, keepdims)

    def sum(self, x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
        """The sum.

        Args:
            x: Sizes.
            axis: Over which axes.
            keepdims: Whether they stay.

        Returns:
            The sum; unknown where a term is.
        """
        return _accumulated(np.add, x, axis, keepdims)


def _each(function: Any, *arrays: Any) -> Any:
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)


def _accumulated(function: Any, x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    return np.asarray(function.reduce(x.astype(object), axis, keepdims=keepdims), object)


PARTIAL = PartialPrimitives()


def _packed_scalars(inputs: Sequence[Any], attrs: Mapping[str, Any], made: Spec) -> bool:
    values = inputs[0]
    if made.shape != (len(values),) or made.dtype not in ("int32", "int64"):
        return False
    items = [spec.value for spec in values]
    known = [item is not None for item in items]
    if all(known):
        made.value = np.array(items, made.dtype)
    elif any(known):
        made.value = tuple([None if item is None else int(item) for item in items])
    return True


_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask")


def _one_size(inputs: Sequence[Any], attrs: Mapping[str, Any], made: Spec) -> bool:
    """`sizes[i]`, what programs do most with a shape."""
    sizes, begin = inputs[0].value, inputs[1].value
    if made.shape != () or sizes is None or attrs.get("shrink_axis_mask") != 1 or not isinstance(begin, np.ndarray):
        return False
    if len(sizes) != inputs[0].shape[0] or begin.shape != (1,) or any(attrs.get(mask) for mask in _MASKS):
        return False
    item = sizes[int(begin[0])]
    if item is not None:
        made.value = np.array(item, object if made.dtype == "string" else made.dtype)
    return True


#: The commonest steps from sizes to sizes, done without the definitions. Each fills in the contents, or says no.
SHORTCUTS: dict[str, Callable[[Sequence[Any], Mapping[str, Any], Spec], bool]] = {
    "Pack": _packed_scalars,
    "StridedSlice": _one_size,
}
