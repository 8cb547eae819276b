"""Operations that few programs use: sorted search, stacking rows, flat indices, running logsumexp, mixed products."""

from typing import Any

import numpy as np

from onevar.core import op_errors
from onevar.core import shape_rules as rules
from onevar.core.infer import same_shape
from onevar.core.kernel import kernel
from onevar.core.kernels.matrices import _product_shape
from onevar.core.spec import Shape, Spec


@kernel("GuaranteeConst", infer=same_shape)
def _guarantee_const(k: Any, input: Any) -> Any:
    return input


def _stacked_shape(values: list[Spec], *, shape: Shape) -> Shape:
    return shape


@kernel("ParallelConcat", infer=_stacked_shape)
def _parallel_concat(k: Any, values: list[Any]) -> Any:
    return k.concat(values, axis=0)


def _search_shape(sorted_inputs: Spec, values: Spec) -> Shape:
    return rules.at_most(rules.at_least(values.shape, 2), 2)


def _counted(k: Any, flags: Any, out_type: str) -> Any:
    return k.sum(k.astype(flags, out_type), axis=-1)


@kernel("LowerBound", infer=_search_shape)
def _lower_bound(k: Any, sorted_inputs: Any, values: Any, *, out_type: str) -> Any:
    smaller = k.less(k.expand_dims(sorted_inputs, axis=1), k.expand_dims(values, axis=2))
    return _counted(k, smaller, out_type)


@kernel("UpperBound", infer=_search_shape)
def _upper_bound(k: Any, sorted_inputs: Any, values: Any, *, out_type: str) -> Any:
    not_larger = k.less_equal(k.expand_dims(sorted_inputs, axis=1), k.expand_dims(values, axis=2))
    return _counted(k, not_larger, out_type)


def _coordinates_shape(indices: Spec, dims: Spec) -> Shape:
    if indices.shape is None or dims.shape is None:
        return None
    return (dims.shape[0], *((indices.shape[0],) if indices.shape else ()))


@kernel("UnravelIndex", on_host=True, infer=_coordinates_shape)
def _unravel_index(k: Any, indices: np.ndarray, dims: np.ndarray) -> np.ndarray:
    try:
        return np.stack(np.unravel_index(indices, dims.tolist())).astype(indices.dtype)
    except ValueError:
        message = f"index is out of bound as with dims {dims.tolist()}"
        raise op_errors.InvalidArgumentError(None, None, message) from None


@kernel("SparseMatMul", heavy=True, infer=_product_shape)
def _sparse_mat_mul(k: Any, a: Any, b: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    a, b = k.astype(a, "float32"), k.astype(b, "float32")
    return k.matmul(k.matrix_transpose(a) if transpose_a else a, k.matrix_transpose(b) if transpose_b else b)


@kernel("CumulativeLogsumexp", host=("axis",), infer=same_shape)
def _cumulative_logsumexp(k: Any, x: Any, axis: np.ndarray, *, exclusive: bool, reverse: bool) -> Any:
    rank = len(k.shape(x))
    along = rules.axis_of(int(axis), rank)
    size = k.shape(x)[along]
    moved = k.moveaxis(x, along, rank - 1)
    # Which elements belong to each running sum; the others count as log 0.
    mask = np.triu(np.ones((size, size), bool), 1 if exclusive else 0)
    mask = (mask.T if reverse else mask).T
    nothing = k.full((1,) * (rank + 1), -np.inf, k.dtype(x))
    table = k.where(k.asarray(mask), k.expand_dims(moved, axis=rank - 1), nothing)
    return k.moveaxis(k.logsumexp(table, axis=-1), rank - 1, along)


def _histogram_shape(values: Spec, value_range: Spec, nbins: Spec) -> Shape:
    return (None if nbins.value is None else int(nbins.value),)


@kernel("HistogramFixedWidth", host=("nbins",), infer=_histogram_shape)
def _histogram_fixed_width(k: Any, values: Any, value_range: Any, nbins: np.ndarray, *, dtype: str) -> Any:
    count = int(nbins)
    low, high = k.getitem(value_range, (0,)), k.getitem(value_range, (1,))
    flat, kind = k.reshape(values, (-1,)), "float64" if k.dtype(values) == "float64" else "float32"
    step = k.divide(k.subtract(k.astype(high, kind), k.astype(low, kind)), k.full((), count, kind))
    places = k.floor(k.divide(k.astype(k.subtract(flat, low), kind), step))
    places = k.astype(k.clip(places, k.full((), 0, kind), k.full((), count - 1, kind)), "int32")
    return k.segment_sum(k.ones(k.shape(flat), dtype), places, count)
