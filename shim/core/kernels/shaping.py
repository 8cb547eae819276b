"""Shapes asked for and changed: the elements stay as they are."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.checks import check
from onevar.core.infer import same_shape
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, ShapeError, Spec, show


def _sizes_of(x: Spec, *, out_type: str) -> Any:
    """The `Spec` of a tensor that holds the shape of `x`."""
    shape = x.shape
    if shape is None:
        return (None,)
    if None not in shape:
        return Spec((len(shape),), out_type, np.array(shape, out_type))
    return Spec((len(shape),), out_type, shape if any(shape) else None)


@kernel("Shape", infer=_sizes_of)
def _shape(k: Any, x: Any, *, out_type: str) -> Any:
    return np.array(k.shape(x), out_type)


@kernel("ShapeN", infer=lambda xs, *, out_type: [_sizes_of(x, out_type=out_type) for x in xs])
def _shape_n(k: Any, xs: list[Any], *, out_type: str) -> Any:
    return [np.array(k.shape(x), out_type) for x in xs]


def _size_spec(x: Spec, *, out_type: str) -> Any:
    count = rules.size(x.shape)
    return () if count is None else Spec((), out_type, np.array(count, out_type))


@kernel("Size", infer=_size_spec)
def _size(k: Any, x: Any, *, out_type: str) -> Any:
    return np.array(np.prod(k.shape(x), dtype=np.int64), out_type)


@kernel("Rank", infer=lambda x: () if x.shape is None else Spec((), "int32", np.array(len(x.shape), np.int32)))
def _rank(k: Any, x: Any) -> Any:
    return np.array(len(k.shape(x)), np.int32)


def _reshaped(x: Spec, shape: Spec) -> Shape:
    rules.at_most(shape.shape, 1)
    return rules.reshape(x.shape, shape.partial_shape())


@kernel("Reshape", host=("shape",), infer=_reshaped)
def _reshape(k: Any, x: Any, shape: np.ndarray) -> Any:
    return k.reshape(x, tuple(shape.tolist()))


def _expanded(x: Spec, dim: Spec) -> Shape:
    if x.shape is None:
        return None
    rank = len(x.shape)
    if dim.value is None:
        return (None,) * (rank + 1)
    axis = int(np.asarray(dim.value).item())
    if not -rank - 1 <= axis <= rank:
        raise ShapeError(f"dim {axis} not in the interval [{-rank - 1}, {rank}].")
    axis = axis % (rank + 1)
    return (*x.shape[:axis], 1, *x.shape[axis:])


@kernel("ExpandDims", host=("dim",), infer=_expanded)
def _expand_dims(k: Any, x: Any, dim: np.ndarray) -> Any:
    return k.expand_dims(x, axis=dim.item())


def _squeezed(x: Spec, *, squeeze_dims: list[int]) -> Shape:
    shape = x.shape
    if shape is None or (not squeeze_dims and None in shape):
        return None
    rank = len(shape)
    gone = {_squeeze_axis(axis, rank) for axis in squeeze_dims} or {i for i, n in enumerate(shape) if n == 1}
    for axis in gone:
        if shape[axis] not in (1, None):
            raise ShapeError(f"Can not squeeze dim[{axis}], expected a dimension of 1, got {shape[axis]}")
    return tuple([n for i, n in enumerate(shape) if i not in gone])


def _squeeze_axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ShapeError(f"Tried to squeeze dim index {axis} for tensor with {rank} dimensions.")
    return axis % rank


@kernel("Squeeze", infer=_squeezed)
def _squeeze(k: Any, x: Any, *, squeeze_dims: list[int]) -> Any:
    axes = tuple(squeeze_dims) or tuple(i for i, n in enumerate(k.shape(x)) if n == 1)
    return k.squeeze(x, axes) if axes else x


def _transposed(x: Spec, perm: Spec) -> Shape:
    shape = x.shape
    if shape is None:
        count = rules.with_rank(perm.shape, 1)[0]
        return None if count is None else (None,) * count
    count = rules.with_rank(perm.shape, 1)[0]
    rules.with_value(count, len(shape))
    if not isinstance(perm.value, np.ndarray):
        return (None,) * len(shape)
    axes = perm.value.tolist()
    for axis in axes:
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(f"perm dim {axis} is out of range of input rank {len(shape)}")
    return tuple([shape[axis] for axis in axes])


@kernel("Transpose", host=("perm",), infer=_transposed)
def _transpose(k: Any, x: Any, perm: np.ndarray) -> Any:
    rank = len(perm)
    return k.permute_dims(x, tuple([axis % rank for axis in perm.tolist()]))


@kernel("ConjugateTranspose", host=("perm",), infer=_transposed)
def _conjugate_transpose(k: Any, x: Any, perm: np.ndarray) -> Any:
    moved = _transpose(k, x, perm)
    return k.conj(moved) if "complex" in k.dtype(x) else moved


@kernel("EnsureShape", infer=lambda x, *, shape: rules.merge(x.shape, shape))
def _ensure_shape(k: Any, x: Any, *, shape: Shape) -> Any:
    found = k.shape(x)
    fits = shape is None or (
        len(found) == len(shape) and all(n is None or n == m for m, n in zip(found, shape, strict=True))
    )
    if not fits:
        raise ShapeError(f"Shape of tensor input {show(found)} is not compatible with expected shape {show(shape)}.")
    return x


def _broadcasted(x: Spec, shape: Spec) -> Shape:
    target = shape.partial_shape()
    if target is None or x.shape is None:
        return target
    if len(x.shape) > len(target):
        raise ShapeError(f"Shape must be at most rank {len(target)} but is rank {len(x.shape)}")
    return rules.broadcast(x.shape, target)


@kernel("BroadcastTo", host=("shape",), infer=_broadcasted)
def _broadcast_to(k: Any, x: Any, shape: np.ndarray) -> Any:
    return k.broadcast_to(x, tuple(shape.tolist()))


@kernel("BroadcastArgs", host=("s0", "s1"), infer=lambda s0, s1: _longer(s0, s1))
def _broadcast_args(k: Any, s0: np.ndarray, s1: np.ndarray) -> Any:
    return np.array(np.broadcast_shapes(tuple(s0.tolist()), tuple(s1.tolist())), s0.dtype)


def _longer(s0: Spec, s1: Spec) -> Shape:
    lengths = [rules.with_rank(s.shape, 1)[0] for s in (s0, s1)]
    return (None,) if None in lengths else (max(n for n in lengths if n is not None),)


@kernel("BroadcastGradientArgs", host=("s0", "s1"), infer=lambda s0, s1: [(None,), (None,)])
def _broadcast_gradient_args(k: Any, s0: np.ndarray, s1: np.ndarray) -> Any:
    if np.array_equal(s0, s1):
        return np.zeros(0, s0.dtype), np.zeros(0, s0.dtype)
    rank = max(len(s0), len(s1))
    padded = [np.array([1] * (rank - len(s)) + s.tolist()) for s in (s0, s1)]
    return tuple([np.flatnonzero(sizes == 1).astype(s0.dtype) for sizes in padded])


@kernel("CheckNumerics", infer=same_shape)
def _check_numerics(k: Any, x: Any, *, message: str) -> Any:
    infinite, no_number = k.any(k.isinf(x)), k.any(k.isnan(x))
    for found, what in ((k.logical_and(infinite, no_number), "Inf and NaN"), (infinite, "Inf"), (no_number, "NaN")):
        text = f"{message} : Tensor had {what} values"
        check(k.logical_not(found), lambda text=text: InvalidArgumentError(None, None, text))  # type: ignore[misc]
    return x


@kernel("InvertPermutation", infer=lambda x: rules.with_rank(x.shape, 1))
def _invert_permutation(k: Any, x: Any) -> Any:
    return k.astype(k.argsort(x), k.dtype(x))
