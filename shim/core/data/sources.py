"""Datasets that are made of tensors and numbers: one element, slices, ranges, random numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.data.base import INFINITE, Context, Row, Rows, Source
from onevar.core.data.seeds import Sampler, seeds_or_random
from onevar.core.op_errors import InvalidArgumentError


class _Listed(Rows):
    """Elements that are found by their number."""

    __slots__ = ("at", "count", "get")

    def __init__(self, count: int, get: Callable[[int], Row]):
        self.at, self.count, self.get = 0, count, get

    def next(self) -> Row | None:
        at = self.at
        if at >= self.count:
            return None
        self.at = at + 1
        return self.get(at)


class Tensors(Source):
    """One element.

    Args:
        components: Its components.
        types: Their dtypes.
        shapes: What is known of their shapes.
    """

    def __init__(self, components: Sequence[Any], types: Sequence[str], shapes: Sequence[Any]):
        super().__init__(types, shapes)
        self.components = tuple(components)

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _Listed(1, lambda _: self.components)

    def cardinality(self) -> int:
        """Return one."""
        return 1


class Slices(Source):
    """An element for each row of some arrays.

    Args:
        components: Arrays of one size along the first axis.
        types: Their dtypes.
        shapes: What is known of the shapes of the rows.

    Raises:
        InvalidArgumentError: They have different sizes, or none.
    """

    def __init__(self, components: Sequence[np.ndarray], types: Sequence[str], shapes: Sequence[Any]):
        super().__init__(types, shapes)
        self.components = tuple(components)
        for index, array in enumerate(self.components):
            if not array.ndim:
                raise InvalidArgumentError(None, None, f"All components must be at least 1-dimensional: {index} is not")
            if len(array) != len(self.components[0]):
                raise InvalidArgumentError(
                    None, None, f"All components must have the same size in the 0th dimension: {index} has not"
                )

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _Slices(self.components)

    def cardinality(self) -> int:
        """Return the size."""
        return len(self.components[0]) if self.components else 0


class _Slices(Rows):
    __slots__ = ("at", "components", "count")

    def __init__(self, components: tuple[np.ndarray, ...]):
        self.components = components
        self.at, self.count = 0, len(components[0]) if components else 0

    def next(self) -> Row | None:
        at = self.at
        if at >= self.count:
            return None
        self.at = at + 1
        # With the ellipsis a scalar stays an array, of objects as well.
        return tuple([array[at, ...] for array in self.components])


class SparseSlices(Source):
    """An element for each row of a sparse tensor: its indices, values and shape.

    Raises:
        InvalidArgumentError: The parts do not belong together.
        UnimplementedError: The rows are not in order.
    """

    def __init__(self, indices: np.ndarray, values: np.ndarray, dense_shape: np.ndarray, dtype: str):
        rank = None if indices.ndim != 2 else indices.shape[1] - 1
        super().__init__(["int64", dtype, "int64"], [(None, rank), (None,), (rank,)])
        if indices.ndim != 2 or values.ndim != 1 or dense_shape.ndim != 1:
            raise InvalidArgumentError(
                None, None, "Input indices must be a matrix, and values and dense_shape must be vectors"
            )
        if len(indices) != len(values) or indices.shape[1] != len(dense_shape):
            raise InvalidArgumentError(
                None, None, f"Number of values must match first dimension of indices. Got {len(values)} values, "
                f"indices shape: [{len(indices)},{indices.shape[1]}]",
            )  # fmt: skip
        if len(indices) and (np.diff(indices[:, 0]) < 0).any():
            from onevar.core.op_errors import UnimplementedError

            raise UnimplementedError(
                None, None, "The SparseTensor must be ordered in the batch dimension; handling arbitrarily ordered "
                "input is not currently supported.",
            )  # fmt: skip
        self.indices, self.values, self.dense_shape = indices, values, dense_shape

    def _row(self, at: int) -> Row:
        lo, hi = np.searchsorted(self.indices[:, 0], [at, at + 1])
        return self.indices[lo:hi, 1:].copy(), self.values[lo:hi].copy(), self.dense_shape[1:].copy()

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _Listed(self.cardinality(), self._row)

    def cardinality(self) -> int:
        """Return the number of rows."""
        return int(self.dense_shape[0])


class Range(Source):
    """The numbers of a range.

    Raises:
        InvalidArgumentError: The step is zero.
    """

    def __init__(self, start: int, stop: int, step: int, dtype: str, numpy_type: Any):
        super().__init__([dtype], [()])
        if step == 0:
            raise InvalidArgumentError(None, None, "step must be a non-zero integer.")
        self.numbers = range(start, stop, step)
        self.numpy_type = numpy_type

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        numbers, numpy_type = self.numbers, self.numpy_type
        return _Listed(self.cardinality(), lambda at: (np.array(numbers[at], numpy_type),))

    def cardinality(self) -> int:
        """Return the size of the range."""
        try:
            return len(self.numbers)
        except OverflowError:
            return 2**63 - 1


class RandomNumbers(Source):
    """Random numbers of 32 bits without end.

    Args:
        seed: The first seed; two zeros stand for any.
        seed2: The second.
        again: Whether each walk gives other numbers.
    """

    def __init__(self, seed: int, seed2: int, again: bool = False):
        super().__init__(["int64"], [()])
        self.seeds = seeds_or_random(seed, seed2)
        self.again = again
        self._parent = Sampler(*self.seeds)

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        seeds = (self._parent.draw(), self._parent.draw()) if self.again else self.seeds
        return _RandomRows(Sampler(*seeds))

    def cardinality(self) -> int:
        """Return that there is no end."""
        return INFINITE


class _RandomRows(Rows):
    __slots__ = ("sampler",)

    def __init__(self, sampler: Sampler):
        self.sampler = sampler

    def next(self) -> Row | None:
        return (np.array(self.sampler.draw(), np.int64),)
