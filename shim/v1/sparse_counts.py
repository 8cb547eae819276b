"""`tf.sparse.bincount`: how often each value occurs, as a sparse tensor."""

from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import reshape
from onevar.v1.check_ops import assert_equal
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.math_ops_reduce import reduce_all
from onevar.v1.sparse_types import SparseTensor


@export("sparse.bincount")
def sparse_bincount(
    values: Any,
    weights: Any = None,
    axis: int | None = 0,
    minlength: int | None = None,
    maxlength: int | None = None,
    binary_output: bool = False,
    name: str | None = None,
) -> SparseTensor:
    """Return how often each value occurs.

    Args:
        values: Integers that are not negative, a dense or a sparse tensor of one or two dimensions.
        weights: What each occurrence counts, in the form of `values`; None is 1.
        axis: 0 counts in all of the tensor, -1 in each row.
        minlength: How many values the result has at least.
        maxlength: How many it has at most; larger values are not counted.
        binary_output: Whether to say only that a value occurs.
        name: Of the operations.

    Raises:
        ValueError: The axis is another, or weights and `binary_output` are given both.
        TypeError: The values are sparse and the weights are not.
    """
    with name_scope(name, "count", [values, weights]):
        if not isinstance(values, SparseTensor):
            values = convert_to_tensor(values, name="values")
        if weights is not None and not isinstance(weights, SparseTensor):
            weights = convert_to_tensor(weights, name="weights")
        if weights is not None and binary_output:
            raise ValueError("Arguments `binary_output` and `weights` are mutually exclusive. Please specify only one.")
        axis = 0 if axis is None else axis
        if axis not in (0, -1):
            raise ValueError(f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported.")
        if axis == 0:
            values, weights = _flat(values, weights)
        limits: dict[str, Any] = {
            "minlength": -1 if minlength is None else minlength,
            "maxlength": -1 if maxlength is None else maxlength,
            "binary_output": binary_output,
        }
        if isinstance(values, SparseTensor):
            given = _of_sparse(values, weights)
            parts: dict[str, Any] = {
                "indices": values.indices,
                "values": values.values,
                "dense_shape": values.dense_shape,
            }
            return SparseTensor(*op("SparseCountSparseOutput", **parts, weights=given, **limits))
        if weights is None:
            weights = constant([], dtype=dtype_of(values))
        return SparseTensor(*op("DenseCountSparseOutput", values=values, weights=weights, **limits))


def _flat(values: Any, weights: Any) -> tuple[Any, Any]:
    if isinstance(values, SparseTensor):
        return values.values, None if weights is None else _of_sparse(values, weights)
    return reshape(values, [-1]), None if weights is None else reshape(weights, [-1])


def _of_sparse(values: SparseTensor, weights: Any) -> Any:
    if weights is None:
        return constant([], dtype=dtype_of(values.values))
    if not isinstance(weights, SparseTensor):
        raise TypeError(
            "Argument `weights` must be a SparseTensor if `values` is a SparseTensor. Received weights={weights} of "
            f"type: {type(weights).__name__}"
        )
    if shape_of(weights.values).is_fully_defined() and shape_of(weights.values) == shape_of(values.values):
        return weights.values
    same = reduce_all(op("Equal", x=weights.indices, y=values.indices))
    return with_dependencies([assert_equal(same, True)], weights.values)
