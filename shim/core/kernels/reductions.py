"""Reductions along axes, positions of extremes, and running sums."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import host_value, same_shape
from onevar.core.kernel import kernel
from onevar.core.spec import Shape, ShapeError, Spec, UnknownShape


def _axes(indices: np.ndarray) -> tuple[int, ...]:
    return tuple([int(axis) for axis in indices.reshape(-1).tolist()])


def _reduced_shape(x: Spec, indices: Spec, *, keep_dims: bool) -> Shape:
    rules.at_most(indices.shape, 1)
    try:
        axes = _axes(host_value(indices))
    except UnknownShape:
        return (None,) * len(x.shape) if keep_dims and x.shape is not None else None
    return rules.reduce(x.shape, axes, keep_dims)


def _reduction(type: str, compute: Callable[[Any, Any, tuple[int, ...], bool], Any]) -> None:
    @kernel(type, host=("reduction_indices",), infer=_reduced_shape)
    def reduce(k: Any, x: Any, indices: np.ndarray, *, keep_dims: bool) -> Any:
        rank = len(k.shape(x))
        axes = tuple(dict.fromkeys(rules.axis_of(axis, rank) for axis in _axes(indices)))
        return compute(k, x, axes, keep_dims)


_reduction("Sum", lambda k, x, axes, keep: k.sum(x, axis=axes, keepdims=keep))
_reduction("Prod", lambda k, x, axes, keep: k.prod(x, axis=axes, keepdims=keep))
_reduction("Mean", lambda k, x, axes, keep: k.mean(x, axis=axes, keepdims=keep))
_reduction("Max", lambda k, x, axes, keep: k.max(x, axis=axes, keepdims=keep))
_reduction("Min", lambda k, x, axes, keep: k.min(x, axis=axes, keepdims=keep))
_reduction("All", lambda k, x, axes, keep: k.all(x, axis=axes, keepdims=keep))
_reduction("Any", lambda k, x, axes, keep: k.any(x, axis=axes, keepdims=keep))
_reduction("EuclideanNorm", lambda k, x, axes, keep: _norm(k, x, axes, keep))


def _norm(k: Any, x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    squares = k.multiply(x, k.conj(x)) if "complex" in k.dtype(x) else k.square(x)
    return k.sqrt(k.sum(squares, axis=axes, keepdims=keep))


def _position_shape(x: Spec, dimension: Spec) -> Shape:
    rules.with_rank(dimension.shape, 0)
    if x.shape is None:
        return None
    rank = len(x.shape)
    if rank <= 1:
        return ()
    if dimension.value is None:
        return (None,) * (rank - 1)
    axis = int(dimension.value)
    if not -rank <= axis < rank:
        raise ShapeError(
            f"Dimension ({axis}) must be in the range [{-rank}, {rank}), where {rank} is the number of dimensions "
            "in the input."
        )
    return rules.reduce(x.shape, (axis,), False)


@kernel("ArgMax", host=("dimension",), infer=_position_shape)
def _arg_max(k: Any, x: Any, dimension: np.ndarray, *, output_type: str) -> Any:
    return k.astype(k.argmax(x, axis=int(dimension)), output_type)


@kernel("ArgMin", host=("dimension",), infer=_position_shape)
def _arg_min(k: Any, x: Any, dimension: np.ndarray, *, output_type: str) -> Any:
    return k.astype(k.argmin(x, axis=int(dimension)), output_type)


def _running(k: Any, function: Callable, start: Callable, x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    rank = len(k.shape(x))
    axis = rules.axis_of(axis, rank)
    if reverse:
        x = k.flip(x, axis=axis)
    if exclusive:
        # The one before the first, and not the last: subtracting `x` again would lose digits.
        shape = k.shape(x)
        first = start((*shape[:axis], min(1, shape[axis]), *shape[axis + 1 :]), k.dtype(x))
        x = k.concat([first, k.getitem(x, (slice(None),) * axis + (slice(0, max(0, shape[axis] - 1)),))], axis=axis)
    total = function(x, axis=axis)
    return k.flip(total, axis=axis) if reverse else total


@kernel("Cumsum", host=("axis",), infer=same_shape)
def _cumsum(k: Any, x: Any, axis: np.ndarray, *, exclusive: bool, reverse: bool) -> Any:
    return _running(k, k.cumulative_sum, k.zeros, x, int(axis), exclusive, reverse)


@kernel("Cumprod", host=("axis",), infer=same_shape)
def _cumprod(k: Any, x: Any, axis: np.ndarray, *, exclusive: bool, reverse: bool) -> Any:
    return _running(k, k.cumulative_prod, k.ones, x, int(axis), exclusive, reverse)


def _count_shape(values: Spec, size: Spec, weights: Spec) -> Shape:
    return (None,) if size.value is None else (int(size.value),)


@kernel("Bincount", host=("size",), infer=_count_shape)
def _bincount(k: Any, values: Any, size: np.ndarray, weights: Any) -> Any:
    flat = k.reshape(values, (-1,))
    if 0 in k.shape(weights):
        return k.segment_sum(k.ones(k.shape(flat), k.dtype(weights)), flat, int(size))
    return k.segment_sum(k.reshape(weights, (-1,)), flat, int(size))


def _dense_count_shape(values: Spec, size: Spec, weights: Spec) -> Shape:
    shape = rules.at_least(rules.at_most(values.shape, 2), 1)
    if shape is None:
        return None
    return (*shape[:-1], None if size.value is None else int(size.value))


@kernel("DenseBincount", host=("size",), infer=_dense_count_shape)
def _dense_bincount(k: Any, values: Any, size: np.ndarray, weights: Any, *, binary_output: bool) -> Any:
    shape, bins, dtype = k.shape(values), int(size), k.dtype(weights)
    plain = 0 in k.shape(weights) or binary_output
    counted = k.ones(shape, dtype) if plain else weights
    ids = values
    if len(shape) == 2:
        # One row of bins after the other; what is outside of its row's bins is dropped.
        starts = k.asarray(np.arange(shape[0]).reshape(-1, 1).astype(k.dtype(values)) * bins)
        ids = k.where(k.less(values, bins), k.add(values, starts), k.full((), -1, k.dtype(values)))
    rows = int(np.prod(shape[:-1], dtype=np.int64))
    counts = k.segment_sum(k.reshape(counted, (-1,)), k.reshape(ids, (-1,)), rows * bins)
    if binary_output:
        counts = k.astype(k.greater(counts, 0), dtype)
    return k.reshape(counts, (*shape[:-1], bins))
