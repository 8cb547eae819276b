"""Rules on partly known shapes, with TensorFlow's messages: broadcasting, merging, ranks, reshaping.

A shape is a tuple with None for an unknown dimension, or None for an unknown rank.
"""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from onevar.core.spec import UNKNOWN, Shape, ShapeError, show

Dim = int | None


def sizes(shape: Iterable[Any]) -> tuple[Dim, ...]:
    """A shape that a kernel computed, with None for the unknown sizes.

    Args:
        shape: Integers (-1: to be found out) and `UNKNOWN`.

    Returns:
        The tuple; -1 stays -1.
    """
    return tuple(None if n is UNKNOWN or n is None else int(n) for n in shape)


def broadcast(a: Shape, b: Shape) -> Shape:
    """What two shapes broadcast to.

    Args:
        a: A shape.
        b: Another.

    Returns:
        The common shape: an unknown size against 1 is unknown, against another size is that size.

    Raises:
        ShapeError: Two sizes differ and neither is 1.
    """
    if a == b:
        return a
    if a is None or b is None:
        return None
    if len(a) < len(b):
        a, b = b, a
    ahead = len(a) - len(b)
    return a[:ahead] + tuple([broadcast_dim(m, n) for m, n in zip(a[ahead:], b, strict=True)])


def broadcast_dim(m: Dim, n: Dim) -> Dim:
    """What two sizes broadcast to.

    Args:
        m: A size or None.
        n: Another.

    Returns:
        The size or None.

    Raises:
        ShapeError: They differ and neither is 1.
    """
    if m == n:
        return m
    if m == 1:
        return n
    if n == 1:
        return m
    if m is None:
        return n
    if n is None:
        return m
    raise ShapeError(f"Dimensions must be equal, but are {m} and {n}")


def broadcast_all(shapes: Iterable[Shape]) -> Shape:
    """What several shapes broadcast to.

    Args:
        shapes: The shapes.

    Returns:
        The common shape.

    Raises:
        ShapeError: They do not fit together.
    """
    result: Shape = ()
    for shape in shapes:
        result = broadcast(result, shape)
    return result


def with_rank(shape: Shape, rank: int) -> tuple[Dim, ...]:
    """The shape, known to have this rank.

    Args:
        shape: A shape.
        rank: The rank that it must have.

    Returns:
        The shape; all sizes unknown where nothing was known.

    Raises:
        ShapeError: It has another rank.
    """
    if shape is None:
        return (None,) * rank
    if len(shape) != rank:
        raise ShapeError(f"Shape must be rank {rank} but is rank {len(shape)}")
    return shape


def at_least(shape: Shape, rank: int) -> Shape:
    """The shape, if it may have at least this rank.

    Args:
        shape: A shape.
        rank: The least rank.

    Returns:
        The shape.

    Raises:
        ShapeError: It has fewer dimensions.
    """
    if shape is not None and len(shape) < rank:
        raise ShapeError(f"Shape must be at least rank {rank} but is rank {len(shape)}")
    return shape


def at_most(shape: Shape, rank: int) -> Shape:
    """The shape, if it may have at most this rank.

    Args:
        shape: A shape.
        rank: The greatest rank.

    Returns:
        The shape.

    Raises:
        ShapeError: It has more dimensions.
    """
    if shape is not None and len(shape) > rank:
        raise ShapeError(f"Shape must be at most rank {rank} but is rank {len(shape)}")
    return shape


def merge_dim(m: Dim, n: Dim) -> Dim:
    """The size, from two that must be equal.

    Args:
        m: A size or None.
        n: Another.

    Returns:
        The one that is known, if one is.

    Raises:
        ShapeError: They differ.
    """
    if m is None:
        return n
    if n is not None and m != n:
        raise ShapeError(f"Dimensions must be equal, but are {m} and {n}")
    return m


def merge(a: Shape, b: Shape) -> Shape:
    """The shape, from two that must be equal.

    Args:
        a: A shape.
        b: Another.

    Returns:
        All that either of them knows.

    Raises:
        ShapeError: They contradict each other.
    """
    if a is None or a == b:
        return b
    if b is None:
        return a
    if len(a) != len(b):
        raise ShapeError(f"Shapes must be equal rank, but are {len(a)} and {len(b)}")
    for i, (m, n) in enumerate(zip(a, b, strict=True)):
        if m is not None and n is not None and m != n:
            raise ShapeError(
                f"Dimension {i} in both shapes must be equal, but are {m} and {n}. Shapes are {show(a)} and {show(b)}."
            )
    return tuple([n if m is None else m for m, n in zip(a, b, strict=True)])


def merge_all(shapes: Sequence[Shape]) -> Shape:
    """The shape, from several that must be equal.

    Args:
        shapes: The shapes.

    Returns:
        All that any of them knows.

    Raises:
        ShapeError: Two contradict each other.
    """
    result = shapes[-1] if shapes else None
    for i in range(len(shapes) - 2, -1, -1):
        try:
            result = merge(shapes[i], result)
        except ShapeError as error:
            raise ShapeError(f"{error}\n\tFrom merging shape {i} with other shapes.") from None
    return result


def with_value(n: Dim, value: int) -> int:
    """The size, known to be this one.

    Args:
        n: A size or None.
        value: What it must be.

    Returns:
        The value.

    Raises:
        ShapeError: It is another.
    """
    if n is not None and n != value:
        raise ShapeError(f"Dimension must be {value} but is {n}")
    return value


def size(shape: Shape) -> Dim:
    """The number of elements.

    Args:
        shape: A shape.

    Returns:
        The number, or None where it is not known (0 is, if a dimension is 0).
    """
    if shape is None:
        return None
    if 0 in shape:
        return 0
    return None if None in shape else prod(shape)  # type: ignore[arg-type]


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front.

    Args:
        axis: The axis, negative ones from the end.
        rank: The number of dimensions.

    Returns:
        It, between 0 and `rank - 1`.

    Raises:
        ShapeError: It is out of bounds.
    """
    if not -rank <= axis < rank:
        raise ShapeError(f"Invalid reduction dimension {axis} for input with {rank} dimensions.")
    return axis % rank if axis < 0 else axis


def reduce(shape: Shape, axes: Sequence[int] | None, keepdims: bool) -> Shape:
    """The shape after a reduction.

    Args:
        shape: A shape.
        axes: The axes; None means all.
        keepdims: Whether they stay, with size 1.

    Returns:
        The shape.

    Raises:
        ShapeError: An axis is out of bounds.
    """
    if axes is None and not keepdims:
        return ()
    if shape is None:
        return None
    gone = range(len(shape)) if axes is None else {axis_of(axis, len(shape)) for axis in axes}
    if keepdims:
        return tuple([1 if i in gone else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in gone])


def _known_part(shape: tuple[Dim, ...]) -> tuple[int, list[int]]:
    if 0 in shape:
        return 0, []
    return prod(n for n in shape if n is not None), [i for i, n in enumerate(shape) if n is None]


def reshape(shape: Shape, target: Shape) -> Shape:
    """The shape after a reshape.

    Args:
        shape: The shape before.
        target: The shape that is asked for, None (or -1) where it is to be found out.

    Returns:
        The target, with what follows from `shape`.

    Raises:
        ShapeError: The numbers of elements cannot be equal.
    """
    if target is None:
        return None
    target = tuple([None if n is not None and n < 0 else n for n in target])
    if shape is None:
        return target
    before, unknown_before = _known_part(shape)
    after = prod(n for n in target if n is not None)
    unknown_after = [i for i, n in enumerate(target) if n is None]
    if len(unknown_after) > 1 or len(unknown_before) > 1:
        return target
    if not unknown_after:
        _check_elements(before, bool(unknown_before), after, target)
    elif not unknown_before and after > 0:
        return _replace(target, unknown_after[0], divide(before, after))
    return target


def _check_elements(before: int, some_unknown: bool, after: int, target: Shape) -> None:
    if some_unknown:
        if before:
            divide(after, before)
    elif before != after:
        raise ShapeError(f"Cannot reshape a tensor with {before} elements to shape {show(target)} ({after} elements)")


def _replace(shape: tuple[Dim, ...], index: int, n: Dim) -> tuple[Dim, ...]:
    return (*shape[:index], n, *shape[index + 1 :])


def divide(n: Dim, by: int) -> Dim:
    """A size divided by a number that must divide it.

    Args:
        n: The size or None.
        by: The number.

    Returns:
        The quotient or None.

    Raises:
        ShapeError: There is a remainder.
    """
    if n is None:
        return None
    if n % by:
        raise ShapeError(f"Dimension size must be evenly divisible by {by} but is {n}")
    return n // by


def concat(shapes: Sequence[Shape], axis: int) -> Shape:
    """The shape of a concatenation.

    Args:
        shapes: The shapes of the parts.
        axis: Along which axis.

    Returns:
        The shape.

    Raises:
        ShapeError: The other axes differ.
    """
    rank = next((len(shape) for shape in shapes if shape is not None), None)
    if rank is None:
        return None
    if not -rank <= axis < rank:
        raise ShapeError(f"Shape must be at least rank {axis + 1 if axis >= 0 else -axis} but is rank {rank}")
    axis %= rank
    total: Dim = 0
    before: Shape = None
    after: Shape = None
    for part in shapes:
        shape = with_rank(part, rank)
        total = None if total is None or shape[axis] is None else total + shape[axis]  # type: ignore[operator]
        before, after = merge(before, shape[:axis]), merge(after, shape[axis + 1 :])
    return (*(before or ()), total, *(after or ()))
