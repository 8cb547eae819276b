"""Weights of losses and metrics: checked against the values that they weigh, and made as large as those."""

from typing import Any

import numpy as np

from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.array_ops_create import ones_like
from onevar.v1.array_ops_shape import concat, expand_dims, rank, shape, size
from onevar.v1.check_ops import assert_, name_of
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.grouping_ops import no_op
from onevar.v1.math_ops_elementwise import equal, multiply
from onevar.v1.set_ops import set_difference

_PREFIX = "weights can not be broadcast to values."


def _measured(value: Any, name: str) -> tuple[Any, Any, Any]:
    """Return a value as a tensor, with the tensors of its shape and rank, below a scope of this name."""
    with name_scope(None, name, [value]) as scope:
        tensor = convert_to_tensor(value, name=scope)
        return tensor, shape(tensor, name="shape"), rank(tensor, name="rank")


def _known(tensor: Any) -> Any:
    return constant_value(tensor) if isinstance(tensor, Tensor) else tensor


def assert_broadcastable(weights: Any, values: Any) -> Any:
    """Check that `weights` are a scalar, or of the rank of `values` with each size 1 or that of `values`.

    Args:
        weights: What is to be multiplied.
        values: With what.

    Returns:
        An operation that checks; one that does nothing where the shapes are known to fit.

    Raises:
        ValueError: They are known not to.
    """
    with name_scope(None, "assert_broadcastable", [weights, values]) as scope:
        weights, weights_shape, weights_rank = _measured(weights, "weights")
        values, values_shape, values_rank = _measured(values, "values")
        if executing_eagerly():
            _check(weights, values)
            return None
        ranks = _known(weights_rank), _known(values_rank)
        if ranks[0] is not None and ranks[1] is not None:
            if ranks[0] == 0:
                return no_op("static_scalar_check_success")
            sizes = _known(weights_shape), _known(values_shape)
            if ranks[0] != ranks[1] or (sizes[0] is not None and sizes[1] is not None):
                _check(weights, values)
                return no_op("static_dims_check_success")
        is_scalar = equal(0, weights_rank, name="is_scalar")
        is_valid = cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _has_valid_shape(weights_rank, weights_shape, values_rank, values_shape),
            name="is_valid_shape",
        )
        data = [_PREFIX, "weights.shape=", name_of(weights), weights_shape, "values.shape=", name_of(values)]
        return assert_(is_valid, [*data, values_shape, "is_scalar=", is_scalar], name=scope)


def _check(weights: Any, values: Any) -> None:
    """Compare shapes that are known."""
    mine, other = shape_of(weights), shape_of(values)
    if mine.rank == 0:
        return
    received = f"Received weights={weights}, values={values}"
    if mine.rank != other.rank:
        ranks = f"values.rank={other.rank}. weights.rank={mine.rank}."
        raise ValueError(f"{_PREFIX} {ranks} values.shape={other}. weights.shape={mine}. {received}")
    own, wanted = np.array(mine.as_list()), np.array(other.as_list())
    for i, (m, n) in enumerate(zip(own, wanted, strict=True)):
        if m not in (1, n):
            raise ValueError(f"{_PREFIX} Mismatch at dim {i}. values.shape={wanted}, weights.shape={own}. {received}")


def _has_valid_shape(weights_rank: Any, weights_shape: Any, values_rank: Any, values_shape: Any) -> Any:
    """Return whether weights that are no scalar fit, once the shapes are known."""
    measured = [weights_rank, weights_shape, values_rank, values_shape]
    with name_scope(None, "has_valid_nonscalar_shape", measured) as scope:
        is_same_rank = equal(values_rank, weights_rank, name="is_same_rank")
        return cond(
            is_same_rank, lambda: _has_valid_sizes(weights_shape, values_shape), lambda: is_same_rank, name=scope
        )


def _has_valid_sizes(weights_shape: Any, values_shape: Any) -> Any:
    with name_scope(None, "has_invalid_dims", [weights_shape, values_shape]) as scope:
        # Each row the sizes that would do: that of the values, and 1.
        values_column = expand_dims(values_shape, -1)
        valid = concat([values_column, ones_like(values_column)], axis=1)
        invalid = set_difference(expand_dims(weights_shape, -1), valid)
        return equal(0, size(invalid.values, name="num_invalid_dims"), name=scope)


def broadcast_weights(weights: Any, values: Any) -> Any:
    """Return `weights` as large as `values`.

    Args:
        weights: A scalar, or of the rank of `values` with each size 1 or that of `values`.
        values: What is to be weighed.

    Raises:
        ValueError: The shapes are known not to fit.
    """
    with name_scope(None, "broadcast_weights", [weights, values]) as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(weights, dtype=dtype_of(values), name="weights")
        mine, other = shape_of(weights), shape_of(values)
        if mine.is_fully_defined() and mine.is_compatible_with(other) and other.is_fully_defined():
            return weights
        with control_dependencies([assert_broadcastable(weights, values)]):
            return multiply(weights, ones_like(values), name=scope)
