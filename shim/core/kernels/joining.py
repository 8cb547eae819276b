"""Tensors put together and taken apart: concatenation, stacking, splitting, tiling, padding, flipping."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import same_shape
from onevar.core.kernel import kernel
from onevar.core.shape_rules import Dim
from onevar.core.spec import Shape, ShapeError, Spec


def _joined(values: list[Spec], axis: Spec) -> Shape:
    rules.with_rank(axis.shape, 0)
    shapes = [value.shape for value in values]
    if not isinstance(axis.value, np.ndarray):
        rank = next((len(shape) for shape in shapes if shape is not None), None)
        return None if rank is None else (None,) * rank
    return rules.concat(shapes, int(axis.value))


@kernel("ConcatV2", host=("axis",), infer=_joined)
def _concat_v2(k: Any, values: list[Any], axis: np.ndarray) -> Any:
    return k.concat(values, axis=int(axis))


@kernel("Concat", host=("concat_dim",), infer=lambda axis, values: _joined(values, axis))
def _concat(k: Any, axis: np.ndarray, values: list[Any]) -> Any:
    return k.concat(values, axis=int(axis))


@kernel("ConcatOffset", host=("concat_dim", "shape"), infer=lambda axis, shapes: [s.shape for s in shapes])
def _concat_offset(k: Any, axis: np.ndarray, shapes: list[np.ndarray]) -> Any:
    offsets, at = [], 0
    for shape in shapes:
        offset = np.zeros_like(shape)
        offset[int(axis)] = at
        at += shape[int(axis)]
        offsets.append(offset)
    return offsets


def _packed(values: list[Spec], *, axis: int) -> Shape:
    shape = rules.merge_all([value.shape for value in values])
    if shape is None:
        return None
    at = _axis_within(axis, len(shape) + 1)
    return (*shape[:at], len(values), *shape[at:])


def _axis_within(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ShapeError(f"Invalid axis: {axis}; must be in [{-rank},{rank})")
    return axis % rank


@kernel("Pack", infer=_packed)
def _pack(k: Any, values: list[Any], *, axis: int) -> Any:
    return k.stack(values, axis=axis)


def _unpacked(value: Spec, *, num: int, axis: int) -> list[Shape]:
    if value.shape is None:
        return [None] * num
    at = _axis_within(axis, len(value.shape))
    rules.merge_dim(value.shape[at], num)
    return [(*value.shape[:at], *value.shape[at + 1 :])] * num


@kernel("Unpack", infer=_unpacked)
def _unpack(k: Any, value: Any, *, num: int, axis: int) -> Any:
    return list(k.unstack(value, axis=axis))


def _parts(k: Any, value: Any, lengths: Sequence[int], axis: int) -> list[Any]:
    before = (slice(None),) * rules.axis_of(axis, len(k.shape(value)))
    ends = np.cumsum(lengths).tolist()
    return [k.getitem(value, (*before, slice(e - n, e))) for n, e in zip(lengths, ends, strict=True)]


def _replaced(shape: tuple[Dim, ...], axis: int, n: Dim) -> Shape:
    return (*shape[:axis], n, *shape[axis + 1 :])


def _split_shapes(axis: Spec, value: Spec, *, num_split: int) -> list[Shape]:
    shape = value.shape
    if shape is None:
        return [None] * num_split
    if axis.value is None:
        return [(None,) * len(shape)] * num_split
    at = rules.axis_of(int(axis.value), len(shape))
    try:
        part = rules.divide(shape[at], num_split)
    except ShapeError as error:
        note = "Number of ways to split should evenly divide the split dimension"
        raise ShapeError(f"{error}\n\t{note}") from None
    return [_replaced(shape, at, part)] * num_split


@kernel("Split", host=("split_dim",), infer=_split_shapes)
def _split(k: Any, axis: np.ndarray, value: Any, *, num_split: int) -> Any:
    n = k.shape(value)[int(axis)]
    rules.divide(n, num_split)
    return _parts(k, value, [n // num_split] * num_split, int(axis))


def _split_v_shapes(value: Spec, sizes: Spec, axis: Spec, *, num_split: int) -> list[Shape]:
    shape = value.shape
    if shape is None:
        return [None] * num_split
    if axis.value is None:
        return [(None,) * len(shape)] * num_split
    at = rules.axis_of(int(axis.value), len(shape))
    if sizes.value is None:
        return [_replaced(shape, at, None)] * num_split
    known = list(sizes.value) if isinstance(sizes.value, tuple) else sizes.value.tolist()
    return [_replaced(shape, at, n) for n in _lengths(known, shape[at])]


def _lengths(lengths: Sequence[Dim], total: Dim) -> list[Dim]:
    """The lengths, -1 replaced by what the others leave."""
    if -1 not in lengths:
        if None not in lengths and total is not None and sum(lengths) != total:  # type: ignore[arg-type]
            raise ShapeError(f"can't split axis of size {total} into pieces of size [{','.join(map(str, lengths))}]")
        return list(lengths)
    others = [n for n in lengths if n != -1]
    rest = None if total is None or None in others else total - sum(others)  # type: ignore[arg-type]
    return [rest if n == -1 else n for n in lengths]


@kernel("SplitV", host=("size_splits", "split_dim"), infer=_split_v_shapes)
def _split_v(k: Any, value: Any, sizes: np.ndarray, axis: np.ndarray, *, num_split: int) -> Any:
    lengths = _lengths(sizes.tolist(), k.shape(value)[int(axis)])
    return _parts(k, value, lengths, int(axis))  # type: ignore[arg-type]


def _tiled(x: Spec, multiples: Spec) -> Shape:
    rank = rules.with_rank(multiples.shape, 1)[0]
    if x.shape is not None:
        if rank is not None:
            rules.with_rank((None,) * rank, len(x.shape))
        rank = len(x.shape)
    if rank is None:
        return None
    known = multiples.value
    times = [None] * rank if known is None else list(known) if isinstance(known, tuple) else known.tolist()
    return tuple([_times(n, m) for n, m in zip(x.shape or (None,) * rank, times, strict=True)])


def _times(n: Dim, m: Dim) -> Dim:
    if n == 0 or m == 0:
        return 0
    return None if n is None or m is None else n * m


@kernel("Tile", host=("multiples",), infer=_tiled)
def _tile(k: Any, x: Any, multiples: np.ndarray) -> Any:
    return k.tile(x, tuple(multiples.tolist()))


def _padded(x: Spec, paddings: Spec, *_: Spec) -> Shape:
    rows, pair = rules.with_rank(paddings.shape, 2)
    rules.merge_dim(pair, 2)
    rank = len(x.shape) if x.shape is not None else rows
    if rank is None:
        return None
    if rows is not None:
        rules.with_rank(x.shape, rows)
    if not isinstance(paddings.value, np.ndarray):
        return (None,) * rank
    shape = x.shape if x.shape is not None else (None,) * rank
    return tuple(
        [None if n is None else n + sum(width) for n, width in zip(shape, paddings.value.tolist(), strict=True)]
    )


@kernel("Pad", host=("paddings",), infer=_padded)
def _pad(k: Any, x: Any, paddings: np.ndarray) -> Any:
    return k.pad(x, [tuple(width) for width in paddings.tolist()], "constant", 0)


@kernel("PadV2", host=("paddings", "constant_values"), infer=_padded)
def _pad_v2(k: Any, x: Any, paddings: np.ndarray, constant_values: np.ndarray) -> Any:
    return k.pad(x, [tuple(width) for width in paddings.tolist()], "constant", constant_values.item())


@kernel("MirrorPad", host=("paddings",), infer=_padded)
def _mirror_pad(k: Any, x: Any, paddings: np.ndarray, *, mode: str) -> Any:
    return k.pad(x, [tuple(width) for width in paddings.tolist()], mode.lower(), 0)


@kernel("ReverseV2", host=("axis",), infer=same_shape)
def _reverse_v2(k: Any, x: Any, axis: np.ndarray) -> Any:
    return k.flip(x, axis=tuple(axis.tolist())) if axis.size else x


def _reversed_shape(x: Spec, dims: Spec) -> Shape:
    rank = rules.with_rank(dims.shape, 1)[0]
    return x.shape if rank is None else rules.with_rank(x.shape, rank)


@kernel("Reverse", host=("dims",), infer=_reversed_shape)
def _reverse(k: Any, x: Any, dims: np.ndarray) -> Any:
    axes = tuple(np.flatnonzero(dims).tolist())
    return k.flip(x, axis=axes) if axes else x


def _with_lengths(x: Spec, lengths: Spec, *, batch_dim: int) -> Shape:
    """The shape of `x`, with as many elements of the batch as there are lengths."""
    if x.shape is None or lengths.shape is None:
        return x.shape
    batch = rules.merge((x.shape[batch_dim],), lengths.shape) or (None,)
    return (*x.shape[:batch_dim], batch[0], *x.shape[batch_dim + 1 :])


@kernel("ReverseSequence", infer=_with_lengths)
def _reverse_sequence(k: Any, x: Any, lengths: Any, *, seq_dim: int, batch_dim: int) -> Any:
    shape = k.shape(x)
    steps = k.arange(0, shape[seq_dim], 1, k.dtype(lengths))
    steps = k.reshape(steps, tuple([-1 if i == seq_dim else 1 for i in range(len(shape))]))
    lengths = k.reshape(lengths, tuple([-1 if i == batch_dim else 1 for i in range(len(shape))]))
    back = k.subtract(k.subtract(lengths, 1), steps)
    positions = k.where(k.less(steps, lengths), back, steps)
    return k.take_along_axis(x, k.broadcast_to(positions, shape), axis=seq_dim)


@kernel("Roll", host=("shift", "axis"), infer=same_shape)
def _roll(k: Any, x: Any, shift: np.ndarray, axis: np.ndarray) -> Any:
    for amount, along in zip(shift.reshape(-1).tolist(), axis.reshape(-1).tolist(), strict=True):
        x = k.roll(x, amount, axis=along)
    return x
