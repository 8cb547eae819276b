"""`TensorShape` and `Dimension`: what is known of a tensor's shape while a graph is built.

As in TensorFlow 1, indexing and iterating a `TensorShape` give `Dimension` objects. Code of our own uses
`TensorShape.of` and `TensorShape.tuple` instead: a plain tuple of `int | None`, or None when even the rank is unknown.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from onevar.core.dimension import Dimension, as_dimension, dimension_at_index, dimension_value

__all__ = [
    "Dimension",
    "TensorShape",
    "as_dimension",
    "as_shape",
    "broadcast_shape",
    "dimension_at_index",
    "dimension_value",
    "is_broadcast_compatible",
    "matrix",
    "scalar",
    "unknown_shape",
    "vector",
]

Dims = tuple[int | None, ...]


def _dims_of(dims: Any) -> Dims | None:
    if dims is None or isinstance(dims, TensorShape):
        return dims.tuple if dims is not None else None
    if isinstance(dims, list | tuple):
        return tuple([d if type(d) is int and d >= 0 else as_dimension(d).value for d in dims])
    if hasattr(dims, "unknown_rank") and hasattr(dims, "dim"):  # a TensorShapeProto
        return None if dims.unknown_rank else tuple([None if d.size == -1 else d.size for d in dims.dim])
    try:
        iterator = iter(dims)
    except TypeError:
        return (as_dimension(dims).value,)
    return tuple([_dim_of(d, dims) for d in iterator])


def _dim_of(dim: Any, dims: Any) -> int | None:
    try:
        return as_dimension(dim).value
    except TypeError as error:
        raise TypeError(
            f"Failed to convert '{dims!r}' to a shape: '{dim!r}'could not be converted to a dimension. A shape should "
            "either be single dimension (e.g. 10), or an iterable of dimensions (e.g. [1, 10, None])."
        ) from error


class TensorShape:
    """The static shape of a tensor: known, partly known, or unknown.

    Args:
        dims: The dimensions, each an integer, a `Dimension` or None; one dimension alone; a `TensorShapeProto`;
            another `TensorShape`; or None for a shape of unknown rank.

    Raises:
        TypeError: `dims` is none of these.
        ValueError: A dimension is negative.

    Attributes:
        tuple: The dimensions as a tuple of `int | None`, or None for unknown rank.
    """

    __slots__ = ("__dict__", "tuple")
    tuple: Dims | None

    def __init__(self, dims: Any):
        self.tuple = _dims_of(dims)

    @classmethod
    def of(cls, dims: Dims | None) -> "TensorShape":
        """Return a shape without checking the dimensions.

        Args:
            dims: A tuple of `int | None`, or None for unknown rank.
        """
        shape = object.__new__(cls)
        shape.tuple = dims
        return shape

    @property
    def rank(self) -> int | None:
        """The number of dimensions, or None."""
        return None if self.tuple is None else len(self.tuple)

    ndims = rank

    @property
    def dims(self) -> list[Dimension] | None:
        """The dimensions as `Dimension` objects, or None for unknown rank."""
        return None if self.tuple is None else [Dimension(d) for d in self.tuple]

    def __len__(self) -> int:
        if self.tuple is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self.tuple)

    def __bool__(self) -> bool:
        return self.tuple is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self.tuple is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter([Dimension(d) for d in self.tuple])

    def __getitem__(self, key: Any) -> Any:
        if self.tuple is not None:
            return TensorShape.of(self.tuple[key]) if isinstance(key, slice) else Dimension(self.tuple[key])
        if not isinstance(key, slice):
            return Dimension(None)
        if key.step is not None:
            raise ValueError("Steps are not yet handled")
        start, stop = key.start or 0, key.stop
        if stop is None or start < 0 or stop < 0:
            return _UNKNOWN
        return unknown_shape(rank=stop - start)

    def num_elements(self) -> int | None:
        """Return the number of elements, or None unless every dimension is known."""
        return math.prod(self.tuple) if self.is_fully_defined() else None  # type: ignore[arg-type]

    def merge_with(self, other: Any) -> "TensorShape":
        """Return the shape that says what this one and `other` say together.

        Args:
            other: A `TensorShape`, or what its constructor accepts.

        Raises:
            ValueError: They contradict each other.
        """
        other = as_shape(other)
        if self.tuple is None:
            return other
        if other.tuple is None:
            return self
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape.of(tuple([b if a is None else a for a, b in zip(self.tuple, other.tuple, strict=True)]))

    def concatenate(self, other: Any) -> "TensorShape":
        """Return the dimensions of this shape followed by those of `other`.

        Args:
            other: A `TensorShape`, or what its constructor accepts. If either is unknown, so is the result.
        """
        other = as_shape(other)
        if self.tuple is None or other.tuple is None:
            return _UNKNOWN
        return TensorShape.of(self.tuple + other.tuple)

    __concat__ = concatenate

    def __add__(self, other: Any) -> "TensorShape":
        return self.concatenate(other)

    def __radd__(self, other: Any) -> "TensorShape":
        return as_shape(other).concatenate(self)

    def assert_same_rank(self, other: Any) -> None:
        """Check that the ranks do not contradict each other.

        Args:
            other: A `TensorShape`, or what its constructor accepts.

        Raises:
            ValueError: They do.
        """
        other = as_shape(other)
        if self.tuple is not None and other.tuple is not None and len(self.tuple) != len(other.tuple):
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_has_rank(self, rank: int) -> None:
        """Check that the rank may be `rank`.

        Args:
            rank: A number of dimensions.

        Raises:
            ValueError: It is known to be another.
        """
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank:d}")

    def with_rank(self, rank: int) -> "TensorShape":
        """Return this shape, or `rank` unknown dimensions if its rank is unknown.

        Args:
            rank: A number of dimensions.

        Raises:
            ValueError: The rank is known to be another.
        """
        self.assert_has_rank(rank)
        return self.merge_with(unknown_shape(rank=rank))

    def with_rank_at_least(self, rank: int) -> "TensorShape":
        """Return this shape.

        Args:
            rank: A number of dimensions.

        Raises:
            ValueError: It is known to have fewer.
        """
        if self.tuple is not None and len(self.tuple) < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank:d}")
        return self

    def with_rank_at_most(self, rank: int) -> "TensorShape":
        """Return this shape.

        Args:
            rank: A number of dimensions.

        Raises:
            ValueError: It is known to have more.
        """
        if self.tuple is not None and len(self.tuple) > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank:d}")
        return self

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every shape that this one allows is allowed by `other`.

        Args:
            other: Another `TensorShape`.
        """
        if not isinstance(other, TensorShape):
            return False
        if self.tuple == other.tuple or other.tuple is None:
            return True
        if self.tuple is None or len(self.tuple) != len(other.tuple):
            return False
        return all(b is None or a == b for a, b in zip(self.tuple, other.tuple, strict=True))

    def most_specific_common_supertype(self, others: Iterable[Any]) -> "TensorShape | None":
        """Return the narrowest shape that allows all that this one and `others` allow.

        Args:
            others: `TensorShape` objects; if any is something else the result is None.
        """
        merged = self
        for other in others:
            if not isinstance(other, TensorShape):
                return None
            merged = merged.most_specific_compatible_shape(other)
        return merged

    def is_compatible_with(self, other: Any) -> bool:
        """Whether some fully defined shape agrees with both this one and `other`.

        Args:
            other: A `TensorShape`, or what its constructor accepts.
        """
        a, b = self.tuple, as_shape(other).tuple
        if a is None or b is None or a == b:
            return True
        if len(a) != len(b):
            return False
        return all(x is None or y is None or x == y for x, y in zip(a, b, strict=True))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Check that some fully defined shape agrees with both this one and `other`.

        Args:
            other: A `TensorShape`, or what its constructor accepts.

        Raises:
            ValueError: None does.
        """
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are incompatible")

    def most_specific_compatible_shape(self, other: Any) -> "TensorShape":
        """Return the shape that keeps of this one what `other` agrees with.

        Args:
            other: A `TensorShape`, or what its constructor accepts.
        """
        a, b = self.tuple, as_shape(other).tuple
        if a is None or b is None or len(a) != len(b):
            return _UNKNOWN
        return TensorShape.of(tuple([x if x == y else None for x, y in zip(a, b, strict=True)]))

    def is_fully_defined(self) -> bool:
        """Whether every dimension is known."""
        return self.tuple is not None and None not in self.tuple

    def assert_is_fully_defined(self) -> None:
        """Check that every dimension is known.

        Raises:
            ValueError: One is not.
        """
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def as_list(self) -> list[int | None]:
        """Return the dimensions as a list of `int | None`.

        Raises:
            ValueError: The rank is unknown.
        """
        if self.tuple is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self.tuple)

    def as_proto(self) -> dict[str, Any]:
        """Return the content of TensorFlow's `TensorShapeProto`, by field names; an unknown dimension is -1."""
        if self.tuple is None:
            return {"unknown_rank": True}
        return {"dim": [{"size": -1 if d is None else d} for d in self.tuple]}

    def __eq__(self, other: object) -> bool:
        if type(other) is TensorShape:
            return self.tuple == other.tuple
        try:
            return self.tuple == _dims_of(other)
        except TypeError:
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self.tuple)

    def __repr__(self) -> str:
        return f"TensorShape({self.dims})"

    def __str__(self) -> str:
        if self.tuple is None:
            return "<unknown>"
        dims = ["?" if d is None else str(d) for d in self.tuple]
        return f"({dims[0]},)" if len(dims) == 1 else f"({', '.join(dims)})"

    def __reduce__(self) -> Any:
        return TensorShape, (self.tuple,)


_UNKNOWN = TensorShape(None)


def as_shape(shape: Any) -> TensorShape:
    """Return `shape` as a `TensorShape`.

    Args:
        shape: A `TensorShape`, or what its constructor accepts.
    """
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank: int | None = None, **kwargs: int | None) -> TensorShape:
    """Return a shape of unknown dimensions.

    Args:
        rank: How many; None if that is unknown too.
        **kwargs: `ndims`, an older name of `rank`.

    Raises:
        TypeError: Any other keyword was given.
    """
    if rank is None and "ndims" in kwargs:
        rank = kwargs.pop("ndims")
    if kwargs:
        raise TypeError(f"Unknown argument: {kwargs}")
    return _UNKNOWN if rank is None else TensorShape.of((None,) * rank)


def scalar() -> TensorShape:
    """Return the shape of a scalar."""
    return TensorShape.of(())


def vector(length: Any) -> TensorShape:
    """Return the shape of a vector.

    Args:
        length: An integer, a `Dimension` or None.
    """
    return TensorShape([length])


def matrix(rows: Any, cols: Any) -> TensorShape:
    """Return the shape of a matrix.

    Args:
        rows: An integer, a `Dimension` or None.
        cols: The same.
    """
    return TensorShape([rows, cols])


def _broadcast_dim(a: int | None, b: int | None) -> int | None:
    """The dimension that `a` and `b` broadcast to; -1 if they do not."""
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    if a is None or b is None:  # the other is known, and not 1: this one must match it or be 1
        return (b if a is None else a) or None  # TensorFlow does not conclude from an empty dimension
    return -1


def _broadcast(a: Dims, b: Dims) -> Dims | None:
    dims = tuple([_broadcast_dim(x, y) for x, y in zip_longest(reversed(a), reversed(b), fillvalue=1)])[::-1]
    return None if -1 in dims else dims


def is_broadcast_compatible(shape_x: TensorShape, shape_y: TensorShape) -> bool:
    """Whether two shapes of known rank can be broadcast to one.

    Args:
        shape_x: A shape.
        shape_y: Another.
    """
    if shape_x.tuple is None or shape_y.tuple is None:
        return False
    return _broadcast(shape_x.tuple, shape_y.tuple) is not None


def broadcast_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """Return the shape that two shapes broadcast to.

    Args:
        shape_x: A shape.
        shape_y: Another.

    Raises:
        ValueError: They cannot be broadcast.
    """
    if shape_x.tuple is None or shape_y.tuple is None:
        return _UNKNOWN
    dims = _broadcast(shape_x.tuple, shape_y.tuple)
    if dims is None:
        raise ValueError(
            "Incompatible shapes for broadcasting. Two shapes are compatible if for each dimension pair they are "
            f"either equal or one of them is 1. Received: {shape_x} and {shape_y}."
        )
    return TensorShape.of(dims)
