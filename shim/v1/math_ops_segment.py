"""Segments and counts: `tf.segment_sum`, `tf.unsorted_segment_sum`, `tf.bincount`, `tf.confusion_matrix`, `tf.sort`."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.array_ops_create import constant, ones
from onevar.v1.array_ops_index import tensor_scatter_nd_update
from onevar.v1.array_ops_shape import (
    concat,
    rank,
    reshape,
    shape,
    shape_internal,
    size,
    transpose,
)
from onevar.v1.common import dtype_of, rank_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, sqrt
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_max


def _segment(op_type: str, function_name: str) -> None:
    def function(data: Any, segment_ids: Any, name: str | None = None) -> Any:
        return op(op_type, data=data, segment_ids=segment_ids, name=name)

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"Reduce rows that belong together, in order; see `tf.math.{function_name}`."
    export(function_name, f"math.{function_name}")(function)


def _unsorted(op_type: str, function_name: str) -> None:
    def function(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
        return op(op_type, data=data, segment_ids=segment_ids, num_segments=num_segments, name=name)

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"Reduce rows that belong together, in any order; see `tf.math.{function_name}`."
    export(function_name, f"math.{function_name}")(function)


for _kind in ("max", "mean", "min", "prod", "sum"):
    _segment(f"Segment{_kind.capitalize()}", f"segment_{_kind}")
for _kind in ("max", "min", "prod", "sum"):
    _unsorted(f"UnsortedSegment{_kind.capitalize()}", f"unsorted_segment_{_kind}")


def _counts(data: Any, segment_ids: Any, num_segments: Any) -> Any:
    num_segments = convert_to_tensor(num_segments)
    filled = ones(shape_internal(segment_ids), dtype=dtype_of(data))
    counts = op("UnsortedSegmentSum", data=filled, segment_ids=segment_ids, num_segments=num_segments)
    kind = dtype_of(num_segments)
    parts = [num_segments[None], ones([rank(data) - rank(segment_ids)], dtype=kind)]
    counts = reshape(counts, concat(parts, axis=0))
    return op("Maximum", x=counts, y=1)


@export("unsorted_segment_mean", "math.unsorted_segment_mean")
def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """Return the means of rows that belong together; see `tf.math.unsorted_segment_mean`."""
    with name_scope(name, "UnsortedSegmentMean"):
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        counts = _counts(data, segment_ids, num_segments)
        return op("UnsortedSegmentSum", data=data, segment_ids=segment_ids, num_segments=num_segments) / counts


@export("unsorted_segment_sqrt_n", "math.unsorted_segment_sqrt_n")
def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """Return sums over the roots of counts; see `tf.math.unsorted_segment_sqrt_n`."""
    with name_scope(name, "UnsortedSegmentSqrtN"):
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        counts = _counts(data, segment_ids, num_segments)
        total = op("UnsortedSegmentSum", data=data, segment_ids=segment_ids, num_segments=num_segments)
        return total / sqrt(counts)


def _sparse_segment(op_type: str, function_name: str) -> None:
    def function(
        data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None,
        sparse_gradient: bool = False,
    ) -> Any:  # fmt: skip
        arguments = {"data": data, "indices": indices, "segment_ids": segment_ids, "sparse_gradient": sparse_gradient}
        if num_segments is None:
            return op(op_type, **arguments, name=name)
        return op(f"{op_type}WithNumSegments", **arguments, num_segments=num_segments, name=name)

    function.__name__ = function.__qualname__ = f"sparse_segment_{function_name}"
    function.__doc__ = f"Reduce chosen rows that belong together; see `tf.sparse.segment_{function_name}`."
    export(f"sparse_segment_{function_name}", f"sparse.segment_{function_name}")(function)


_sparse_segment("SparseSegmentSum", "sum")
_sparse_segment("SparseSegmentMean", "mean")
_sparse_segment("SparseSegmentSqrtN", "sqrt_n")


@export("bincount", "math.bincount")
def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = dtypes.int32
) -> Any:
    """Return how often each integer occurs; see `tf.compat.v1.bincount`."""
    with name_scope("bincount"):
        arr = convert_to_tensor(arr, name="arr")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
        if not dtype_of(arr).is_integer:
            arr = cast(arr, dtypes.int32)
        kind = dtype_of(arr)
        count = cast(size(arr) > 0, kind) * (reduce_max(arr) + 1)
        if minlength is not None:
            minlength = convert_to_tensor(minlength, name="minlength", dtype=kind)
            count = op("Maximum", x=minlength, y=count)
        if maxlength is not None:
            maxlength = convert_to_tensor(maxlength, name="maxlength", dtype=kind)
            count = op("Minimum", x=maxlength, y=count)
        if weights is not None:
            weights = reshape(weights, [-1])
        arr = reshape(arr, [-1])
        if weights is None:
            weights = constant([], dtype=dtype or kind)
        return op("DenseBincount", input=arr, size=count, weights=weights)


@export("sort")
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """Return a tensor sorted along a dimension; see `tf.sort`."""
    with name_scope(name, "sort"):
        return _sorted(values, axis, direction, False)


@export("argsort")
def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Any:
    """Return the order that sorts a tensor along a dimension; see `tf.argsort`."""
    with name_scope(name, "argsort"):
        return _sorted(values, axis, direction, True)


def _sorted(values: Any, axis: Any, direction: str, positions: bool) -> Any:
    known_directions = ("ASCENDING", "DESCENDING")
    if direction not in known_directions:
        listed = ", ".join(known_directions)
        raise ValueError(f"Argument `direction` should be one of {listed}. Received: direction={direction}")
    axis = convert_to_tensor(axis, name="axis")
    known = constant_value(axis) if isinstance(axis, Tensor) else np.asarray(axis)
    if known is None or known.ndim:
        raise ValueError(f"Argument `axis` must be a constant scalar. Received: axis={axis}.")
    values = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(values, int(known), positions)
    kind = as_dtype(dtype_of(values))
    if kind.is_unsigned:
        out = _descending(kind.max - values, int(known), positions)
        return out if positions else kind.max - out
    flip = (lambda x: -x - 1) if kind.is_integer else (lambda x: -x)
    out = _descending(flip(values), int(known), positions)
    return out if positions else flip(out)


def _descending(values: Any, axis: int, positions: bool) -> Any:
    count, full = shape(values)[axis], rank(values)
    known = rank_of(values)
    order: Any = None
    if axis != -1 and axis + 1 != known:
        order = _last_exchanged(axis, known, full)
        values = transpose(values, order)
    top, indices = op("TopKV2", input=values, k=count, sorted=True)
    out = indices if positions else top
    return out if order is None else transpose(out, order)


def _last_exchanged(axis: int, known: int | None, full: Any) -> Any:
    """The order of dimensions in which `axis` and the last one have changed places."""
    if known is None:
        position = axis + full if axis < 0 else axis
        return tensor_scatter_nd_update(range_(full), [[position], [full - 1]], [full - 1, position])
    axis %= known
    order = [*range(axis), known - 1, *range(axis + 1, known - 1), axis]
    return convert_to_tensor(order) if executing_eagerly() else constant(np.array(order), name="transposition")
