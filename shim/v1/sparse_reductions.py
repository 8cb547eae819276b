"""Sparse tensors reduced, and compared element by element: `tf.sparse.reduce_max`, `tf.sparse.maximum` and the like."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.build import op
from onevar.v1.array_ops_create import constant
from onevar.v1.common import renamed
from onevar.v1.export import export
from onevar.v1.math_ops_reduce import reduction_dims
from onevar.v1.sparse_types import SparseTensor, as_sparse


def _reduced(op_type: str, sp_input: Any, axis: Any, keepdims: Any, axes: Any, keep_dims: Any) -> Any:
    keepdims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    axis = renamed("axis", axis, "reduction_axes", axes)
    if axis is None and sp_input.shape.rank is not None:
        axis = constant(np.arange(sp_input.shape.rank, dtype=np.int32))
    axes = reduction_dims(sp_input, axis)
    parts = {"input_indices": sp_input.indices, "input_values": sp_input.values, "input_shape": sp_input.dense_shape}
    return op(op_type, **parts, reduction_axes=axes, keep_dims=bool(keepdims))


def _reduction(op_type: str, name: str, what: str) -> Callable[..., Any]:
    def function(
        sp_input: Any, axis: Any = None, keepdims: bool | None = None, reduction_axes: Any = None,
        keep_dims: bool | None = None,
    ) -> Any:  # fmt: skip
        made = _reduced(op_type, sp_input, axis, keepdims, reduction_axes, keep_dims)
        return SparseTensor(*made) if op_type.endswith("Sparse") else made

    function.__name__ = function.__qualname__ = f"sparse_{name}"
    function.__doc__ = f"Return {what}; see `tf.compat.v1.sparse_{name}`."
    return export(f"sparse_{name}", f"sparse.{name}")(function)


sparse_reduce_sum = _reduction("SparseReduceSum", "reduce_sum", "sums over dimensions as a dense tensor")
sparse_reduce_sum_sparse = _reduction("SparseReduceSumSparse", "reduce_sum_sparse", "sums over dimensions")
sparse_reduce_max = _reduction("SparseReduceMax", "reduce_max", "the greatest over dimensions as a dense tensor")
sparse_reduce_max_sparse = _reduction("SparseReduceMaxSparse", "reduce_max_sparse", "the greatest over dimensions")


def _pairwise(op_type: str, name: str, what: str) -> Callable[..., SparseTensor]:
    def function(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
        left = {"a_indices": sp_a.indices, "a_values": sp_a.values, "a_shape": sp_a.dense_shape}
        right = {"b_indices": sp_b.indices, "b_values": sp_b.values, "b_shape": sp_b.dense_shape}
        indices, values = op(op_type, **left, **right, name=name)
        return SparseTensor(indices, values, sp_a.dense_shape)

    function.__name__ = function.__qualname__ = f"sparse_{name}"
    function.__doc__ = f"Return the {what} of each pair of elements, one that is not there being 0."
    return export(f"sparse_{name}", f"sparse.{name}")(function)


sparse_maximum = _pairwise("SparseSparseMaximum", "maximum", "greater")
sparse_minimum = _pairwise("SparseSparseMinimum", "minimum", "lesser")


@export("edit_distance")
def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str | None = "edit_distance") -> Any:
    """Return the Levenshtein distance between sequences that lie along the last dimension.

    Args:
        hypothesis: A sparse tensor.
        truth: Another, of the same rank.
        normalize: Whether to divide by the length of the truth.
        name: Of the operation.

    Raises:
        TypeError: One of them is not sparse.
    """
    hypothesis = as_sparse(hypothesis, "Hypothesis must be a SparseTensor.")
    truth = as_sparse(truth, "Truth must be a SparseTensor.")
    return op(
        "EditDistance",
        hypothesis_indices=hypothesis.indices, hypothesis_values=hypothesis.values,
        hypothesis_shape=hypothesis.dense_shape, truth_indices=truth.indices, truth_values=truth.values,
        truth_shape=truth.dense_shape, normalize=normalize, name=name,
    )  # fmt: skip
