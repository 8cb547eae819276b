"""`tf.confusion_matrix`, and the ranks of labels and predictions."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import ones_like
from onevar.v1.array_ops_index import scatter_nd
from onevar.v1.array_ops_shape import rank, squeeze, stack
from onevar.v1.check_ops import assert_less, assert_non_negative
from onevar.v1.common import shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.math_ops_elementwise import cast, equal, maximum
from onevar.v1.math_ops_reduce import reduce_max


def may_be_squeezed(tensor: Any) -> bool:
    """Whether a tensor's last dimension may turn out to be 1.

    Args:
        tensor: A tensor that is no scalar, as far as is known.
    """
    shape = shape_of(tensor)
    return shape.dims is None or shape.dims[-1].is_compatible_with(1)


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, expected_rank_diff: int = 0, name: str | None = None
) -> tuple[Any, Any]:
    """Return labels and predictions, one of them without its last dimension if it has one too many.

    Args:
        labels: A tensor.
        predictions: Another.
        expected_rank_diff: By how many dimensions predictions have more.
        name: Of the scope.
    """
    with name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions = convert_to_tensor(predictions)
        labels = convert_to_tensor(labels)
        ranks = shape_of(predictions).rank, shape_of(labels).rank
        if ranks[0] is not None and ranks[1] is not None:
            more = ranks[0] - ranks[1]
            if more == expected_rank_diff + 1 and may_be_squeezed(predictions):
                predictions = squeeze(predictions, [-1])
            elif more == expected_rank_diff - 1 and may_be_squeezed(labels):
                labels = squeeze(labels, [-1])
            return labels, predictions
        difference = rank(predictions) - rank(labels)
        if may_be_squeezed(predictions):
            predictions = _squeezed_if(equal(expected_rank_diff + 1, difference), predictions)
        if may_be_squeezed(labels):
            labels = _squeezed_if(equal(expected_rank_diff - 1, difference), labels)
        return labels, predictions


def _squeezed_if(condition: Any, tensor: Any) -> Any:
    return cond(condition, lambda: squeeze(tensor, [-1]), lambda: tensor)


@export("confusion_matrix", "math.confusion_matrix")
def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = dtypes.int32, name: str | None = None,
    weights: Any = None,
) -> Any:  # fmt: skip
    """Return how often each class, a row, was predicted as each, a column.

    Args:
        labels: The true classes, a vector of integers.
        predictions: The predicted ones.
        num_classes: How many there are; by default one more than the largest that occurs.
        dtype: Of the result.
        name: Of the scope.
        weights: What each prediction counts; by default 1.

    Raises:
        ValueError: The shapes are known not to fit.
    """
    with name_scope(name, "confusion_matrix", [predictions, labels, num_classes, weights]):
        labels, predictions = (
            convert_to_tensor(labels, name="labels"),
            convert_to_tensor(predictions, name="predictions"),
        )
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions = cast(predictions, dtypes.int64)
        labels = cast(labels, dtypes.int64)
        check = assert_non_negative(labels, message="`labels` contains negative values")
        labels = with_dependencies([check], labels)
        check = assert_non_negative(predictions, message="`predictions` contains negative values")
        predictions = with_dependencies([check], predictions)
        if num_classes is None:
            num_classes = maximum(reduce_max(predictions), reduce_max(labels)) + 1
        else:
            limit = cast(num_classes, dtypes.int64)
            labels = with_dependencies([assert_less(labels, limit, message="`labels` out of bound")], labels)
            check = assert_less(predictions, limit, message="`predictions` out of bound")
            predictions = with_dependencies([check], predictions)
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            shape_of(predictions).assert_is_compatible_with(shape_of(weights))
            weights = cast(weights, dtype)
        size = stack([num_classes, num_classes])
        indices = stack([labels, predictions], axis=1)
        values = ones_like(predictions, dtype) if weights is None else weights
        return scatter_nd(indices=indices, updates=values, shape=cast(size, dtypes.int64))
