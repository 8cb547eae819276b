"""What metrics have in common: their local variables, the shapes of what they are given, and their collections."""

from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collections
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_shape import expand_dims, rank, squeeze
from onevar.v1.common import rank_of, shape_of
from onevar.v1.confusion_ops import may_be_squeezed, remove_squeezable_dimensions
from onevar.v1.control_flow_ops import cond
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.math_ops_elementwise import div_no_nan, equal, maximum
from onevar.v1.variable_enums import VariableAggregation, VariableSynchronization
from onevar.v1.variables import Variable


def refuse_eager(name: str) -> None:
    """Refuse to make a metric that would have nowhere to keep its state.

    Args:
        name: The metric's.

    Raises:
        RuntimeError: Execution is eager.
    """
    if executing_eagerly():
        raise RuntimeError(f"tf.metrics.{name} is not supported when eager execution is enabled.")


def metric_variable(shape: Any, dtype: Any, validate_shape: bool = True, name: str | None = None) -> Any:
    """Return a local variable of zeros that is listed as a metric's.

    Args:
        shape: Its shape.
        dtype: Its dtype.
        validate_shape: Whether its shape stays that of the zeros.
        name: Its name below the current scope, or a scope's own name, which ends in `/`.
    """
    return Variable(
        lambda: zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def listed(collections: Any, value: Any) -> Any:
    """Return a tensor that is in the collections from now on.

    Args:
        collections: Their names, or None.
        value: The tensor.
    """
    if collections:
        add_to_collections(collections, value)
    return value


def ratio(total: Any, count: Any, name: str | None) -> Any:
    """Return a mean, 0 if there was nothing.

    Args:
        total: The sum.
        count: Of how many.
        name: Of the operation.
    """
    return div_no_nan(total, maximum(count, 0), name=name)


def aligned(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Return tensors of one rank, where one has a dimension of 1 at its end too many or too few.

    Args:
        predictions: A tensor.
        labels: A tensor of its shape, or None.
        weights: A scalar, or a tensor that can be broadcast to it, or None.

    Raises:
        ValueError: Predictions and labels are known to have different shapes.
    """
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        shape_of(predictions).assert_is_compatible_with(shape_of(labels))
    if weights is None:
        return predictions, labels, None
    return predictions, labels, _of_rank(convert_to_tensor(weights), predictions)


def _of_rank(weights: Any, predictions: Any) -> Any:
    """Return weights of the rank of predictions, if they are one dimension off."""
    ranks = rank_of(weights), rank_of(predictions)
    if ranks[0] == 0:
        return weights
    if ranks[0] is not None and ranks[1] is not None:
        if ranks[0] - ranks[1] == 1:
            return squeeze(weights, [-1])
        return expand_dims(weights, [-1]) if ranks[1] - ranks[0] == 1 else weights
    weights_rank = rank(weights)
    difference = weights_rank - rank(predictions)

    def smaller() -> Any:
        return squeeze(weights, [-1]) if may_be_squeezed(weights) else weights

    def larger() -> Any:
        return cond(equal(difference, -1), lambda: expand_dims(weights, [-1]), lambda: weights)

    return cond(equal(weights_rank, 0), lambda: weights, lambda: cond(equal(difference, 1), smaller, larger))
