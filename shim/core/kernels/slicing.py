"""Slices: `Slice` and `StridedSlice` with all its masks."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import host_value
from onevar.core.kernel import kernel
from onevar.core.spec import UNKNOWN, Shape, ShapeError, Spec, UnknownShape


def _slice_shape(x: Spec, begin: Spec, size: Spec) -> Shape:
    for vector in (begin, size):
        rules.with_rank(vector.shape, 1)
    count = rules.merge_dim((begin.shape or (None,))[0], (size.shape or (None,))[0])
    if x.shape is not None:
        count = rules.merge_dim(len(x.shape), count)
    if count is None:
        return None
    shape = x.shape if x.shape is not None else (None,) * count
    begins, lengths = (_items(vector, count) for vector in (begin, size))
    return tuple([_slice_length(*each) for each in zip(shape, begins, lengths, strict=True)])


def _items(vector: Spec, count: int) -> list[Any]:
    try:
        return host_value(vector).tolist()
    except UnknownShape:
        return [UNKNOWN] * count


def _slice_length(n: int | None, begin: Any, length: Any) -> int | None:
    if length is UNKNOWN or (length == -1 and (n is None or begin is UNKNOWN)):
        return None
    if n is None or begin is UNKNOWN:
        return length
    return n - begin if length == -1 else length


@kernel("Slice", host=("begin", "size"), infer=_slice_shape)
def _slice(k: Any, x: Any, begin: np.ndarray, size: np.ndarray) -> Any:
    index = []
    for i, (start, length, n) in enumerate(zip(begin.tolist(), size.tolist(), k.shape(x), strict=True)):
        end = n if length == -1 else start + length
        if not 0 <= start <= end <= n:
            raise ShapeError(
                f"Expected begin[{i}] in [0, {n}], but got {start}"
                if not 0 <= start <= n
                else f"Expected size[{i}] in [0, {n - start}], but got {length}"
            )
        index.append(slice(start, end))
    return k.getitem(x, tuple(index))


def _has(mask: int, i: int) -> bool:
    return bool(mask >> i & 1)


def strided_index(
    shape: tuple[Any, ...],
    begin: np.ndarray,
    end: np.ndarray,
    strides: np.ndarray,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> tuple[Any, ...]:
    """The index that a strided slice's vectors and masks stand for.

    Args:
        shape: Of what is indexed; sizes may be `UNKNOWN`.
        begin: Where to start, for each item.
        end: Where to end.
        strides: The steps.
        begin_mask: Bits of the items whose begin does not count.
        end_mask: Bits of the items whose end does not count.
        ellipsis_mask: The bit of the item that is an ellipsis.
        new_axis_mask: Bits of the items that are new axes.
        shrink_axis_mask: Bits of the items that are single indices.

    Returns:
        A tuple of integers, slices and None, for all dimensions.

    Raises:
        ShapeError: It does not fit.
    """
    count = len(begin)
    if bin(ellipsis_mask & ((1 << count) - 1)).count("1") > 1:
        raise ShapeError("Multiple ellipses in slice spec not allowed")
    at_ellipsis = next((i for i in range(count) if _has(ellipsis_mask, i)), count)
    taken = sum(1 for i in range(count) if i != at_ellipsis and not _has(new_axis_mask, i))
    fill = len(shape) - taken
    if fill < 0:
        raise ShapeError(f"Index out of range using input dim {len(shape)}; input has only {len(shape)} dims")
    index: list[Any] = []
    dimension = 0
    for i, (start, stop, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        if i == at_ellipsis:
            index += [slice(None)] * fill
            dimension += fill
        elif _has(new_axis_mask, i):
            index.append(None)
        elif _has(shrink_axis_mask, i):
            index.append(_position(start, step, shape[dimension], dimension))
            dimension += 1
        else:
            if step is not UNKNOWN and step == 0:
                raise ShapeError(f"strides[{i}] must be non-zero")
            index.append(slice(None if _has(begin_mask, i) else start, None if _has(end_mask, i) else stop, step))
            dimension += 1
    if at_ellipsis == count:
        index += [slice(None)] * fill
    return tuple(index)


def _position(start: Any, step: Any, n: Any, dimension: int) -> Any:
    if step is not UNKNOWN and step <= 0:
        raise ShapeError("only stride 1 allowed on non-range indexing.")
    if start is UNKNOWN or n is UNKNOWN:
        return start
    if not -n <= start < n:
        raise ShapeError(f"slice index {start} of dimension {dimension} out of bounds.")
    return start % n


def _strided_shape(
    x: Spec,
    begin: Spec,
    end: Spec,
    strides: Spec,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> Shape:
    if x.shape is None:
        return None
    vectors = [host_value(vector) for vector in (begin, end, strides)]
    shape = tuple([UNKNOWN if n is None else n for n in x.shape])
    index = strided_index(
        shape,
        *vectors,
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask,
        shrink_axis_mask=shrink_axis_mask,
    )
    sizes = iter(x.shape)
    result: list[int | None] = []
    for part in index:
        if part is None:
            result.append(1)
        elif isinstance(part, slice):
            result.append(_strided_length(next(sizes), part))
        else:
            next(sizes)
    return tuple(result)


def _strided_length(n: int | None, part: slice) -> int | None:
    ends = (part.start, part.stop, part.step)
    if n is None:
        # As TensorFlow has it: not even `[:]` of an unknown size, `[2:1]` or `[:0]` are looked into.
        return None
    return None if any(e is UNKNOWN for e in ends) else len(range(*part.indices(n)))


@kernel("StridedSlice", host=("begin", "end", "strides"), infer=_strided_shape)
def _strided_slice(
    k: Any,
    x: Any,
    begin: np.ndarray,
    end: np.ndarray,
    strides: np.ndarray,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> Any:
    index = strided_index(
        k.shape(x),
        begin,
        end,
        strides,
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask,
        shrink_axis_mask=shrink_axis_mask,
    )
    return k.getitem(x, index)
