"""Losses: `tf.losses.softmax_cross_entropy`, `tf.losses.mean_squared_error` and the like."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import ones_like, zeros_like
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import rank, shape, size, squeeze, stop_gradient
from onevar.v1.broadcast_weights import assert_broadcastable, broadcast_weights
from onevar.v1.common import dtype_of, rank_of, renamed, shape_of
from onevar.v1.confusion_ops import may_be_squeezed, remove_squeezable_dimensions
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.loss_collections import add_loss
from onevar.v1.math_ops_elementwise import (
    abs_,
    add,
    cast,
    div_no_nan,
    equal,
    log,
    maximum,
    minimum,
    multiply,
    square,
    subtract,
)
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_sum
from onevar.v1.nn_loss import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)


@export("losses.Reduction")
class Reduction:
    """How the losses of a batch become one; see `tf.compat.v1.losses.Reduction`."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return all of them."""
        by_weights = (cls.SUM_OVER_NONZERO_WEIGHTS, cls.SUM_BY_NONZERO_WEIGHTS)
        return (cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, *by_weights)

    @classmethod
    def validate(cls, key: str) -> None:
        """Check that `key` is one of them.

        Args:
            key: A value of one.

        Raises:
            ValueError: It is not.
        """
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Key should be one of {cls.all()}.")


def _count(losses: Any) -> Any:
    """Return how many elements there are, in their own dtype."""
    with name_scope(None, "num_elements", [losses]) as scope:
        return cast(size(losses, name=scope), dtype=dtype_of(losses))


def _present(losses: Any, weights: Any, per_batch: bool = False) -> Any:
    """Return how many losses have a weight that is not 0, of all or of each row."""
    if executing_eagerly() and rank_of(weights) == 0 and float(weights) != 0:
        return _count(losses)
    with name_scope(None, "num_present", [losses, weights]) as scope:
        weights = cast(weights, dtype=dtypes.float32)
        present = where(equal(weights, 0.0), zeros_like(weights), ones_like(weights))
        present = broadcast_weights(present, losses)
        if per_batch:
            return reduce_sum(present, axis=range_(1, rank(present)), keepdims=True, name=scope)
        return reduce_sum(present, name=scope)


def _safe_mean(losses: Any, count: Any) -> Any:
    return div_no_nan(reduce_sum(losses), count, name="value")


@export("losses.compute_weighted_loss")
def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return losses times weights, reduced, and list the result in the graph.

    Args:
        losses: A tensor.
        weights: A scalar, or of the rank of `losses` with each size 1 or that of `losses`.
        scope: Of the operations.
        loss_collection: The collection's name, or None for none.
        reduction: One of `tf.losses.Reduction`.

    Raises:
        ValueError: The weights' shape does not fit, or there is no such reduction.
    """
    Reduction.validate(reduction)
    with (
        name_scope(scope, "weighted_loss", [losses, weights]),
        control_dependencies([assert_broadcastable(weights, losses)]),
    ):
        losses = convert_to_tensor(losses)
        given = dtype_of(losses)
        losses = cast(losses, dtype=dtypes.float32)
        weights = cast(weights, dtype=dtypes.float32)
        loss = cast(_reduced(losses, weights, reduction), given)
        add_loss(loss, loss_collection)
        return loss


def _reduced(losses: Any, weights: Any, reduction: str) -> Any:
    loss = multiply(losses, weights)
    if reduction == Reduction.NONE:
        return loss
    loss = reduce_sum(loss)
    if reduction == Reduction.MEAN:
        return _safe_mean(loss, reduce_sum(ones_like(losses) * weights))
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return _safe_mean(loss, _present(losses, weights))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return _safe_mean(loss, _count(losses))
    return loss


def _given(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")


def _as_floats(predictions: Any, labels: Any) -> tuple[Any, Any]:
    """Return both as float32, of shapes that may be the same."""
    predictions = cast(predictions, dtype=dtypes.float32)
    labels = cast(labels, dtype=dtypes.float32)
    shape_of(predictions).assert_is_compatible_with(shape_of(labels))
    return predictions, labels


@export("losses.absolute_difference")
def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return the loss `|predictions - labels|`; see `tf.compat.v1.losses.absolute_difference`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(labels=labels, predictions=predictions)
    with name_scope(scope, "absolute_difference", [predictions, labels, weights]) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = abs_(subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@export("losses.cosine_distance")
def cosine_distance(
    labels: Any, predictions: Any, axis: Any = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS, dim: Any = None,
) -> Any:  # fmt: skip
    """Return one minus the inner product of unit vectors; see `tf.compat.v1.losses.cosine_distance`.

    Raises:
        ValueError: Shapes that do not fit, no axis, or None.
    """
    axis = renamed("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify argument `axis`.")
    _given(labels=labels, predictions=predictions)
    with name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = 1 - reduce_sum(multiply(predictions, labels), axis=(axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@export("losses.hinge_loss")
def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return the hinge loss of labels 0 and 1; see `tf.compat.v1.losses.hinge_loss`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(labels=labels, logits=logits)
    with name_scope(scope, "hinge_loss", [logits, labels, weights]) as scope:
        logits, labels = _as_floats(logits, labels)
        ones = ones_like(labels)
        labels = subtract(2 * labels, ones)
        losses = op("Relu", features=subtract(ones, multiply(labels, logits)))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@export("losses.huber_loss")
def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: Any = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return a loss that is quadratic up to `delta` and linear from there; see `tf.compat.v1.losses.huber_loss`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(labels=labels, predictions=predictions)
    with name_scope(scope, "huber_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _as_floats(predictions, labels)
        error = abs_(subtract(predictions, labels))
        quadratic = minimum(error, delta)
        # The rest is computed from `quadratic`, not from `delta`, so that the gradient at 0 is 0.
        linear = subtract(error, quadratic)
        half = convert_to_tensor(0.5, dtype=dtype_of(quadratic))
        losses = add(multiply(half, multiply(quadratic, quadratic)), multiply(delta, linear))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@export("losses.log_loss")
def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: Any = 1e-7, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return the cross entropy of probabilities; see `tf.compat.v1.losses.log_loss`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(labels=labels, predictions=predictions)
    with name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _as_floats(predictions, labels)
        of_ones = -multiply(labels, log(predictions + epsilon))
        losses = of_ones - multiply(1 - labels, log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@export("losses.mean_pairwise_squared_error")
def mean_pairwise_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
) -> Any:  # fmt: skip
    """Return how far differences of elements are off; see `tf.compat.v1.losses.mean_pairwise_squared_error`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(labels=labels, predictions=predictions)
    with name_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]):
        weights = cast(weights, dtype=dtypes.float32)
        labels = cast(labels, dtype=dtypes.float32)
        with control_dependencies([assert_broadcastable(weights, labels)]):
            predictions = cast(predictions, dtype=dtypes.float32)
            shape_of(predictions).assert_is_compatible_with(shape_of(labels))
            loss = _pairwise(subtract(predictions, labels), weights)
            add_loss(loss, loss_collection)
            return loss


def _pairwise(differences: Any, weights: Any) -> Any:
    """Return twice the variance of the differences within each row, weighed and summed."""
    axis = range_(1, rank(differences))
    squares = reduce_sum(square(differences), axis=axis, keepdims=True)
    count = _present(differences, weights, per_batch=True)
    first = 2.0 * div_no_nan(squares, maximum(count - 1, 0), name="value")
    total = reduce_sum(differences, axis=axis, keepdims=True)
    second = 2.0 * div_no_nan(square(total), maximum(multiply(count, count - 1), 0), name="value")
    loss = reduce_sum(multiply(first - second, weights))
    return where(reduce_sum(count) > 0, loss, zeros_like(loss), name="value")


@export("losses.mean_squared_error")
def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return the loss `(predictions - labels) ** 2`; see `tf.compat.v1.losses.mean_squared_error`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(labels=labels, predictions=predictions)
    with name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = op("SquaredDifference", x=predictions, y=labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@export("losses.sigmoid_cross_entropy")
def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: Any = 0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return the cross entropy of logits of independent classes; see `tf.compat.v1.losses.sigmoid_cross_entropy`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(multi_class_labels=multi_class_labels, logits=logits)
    with name_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        labels = cast(multi_class_labels, dtype_of(logits))
        shape_of(logits).assert_is_compatible_with(shape_of(labels))
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@export("losses.softmax_cross_entropy")
def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: Any = 0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return the cross entropy of logits of classes that exclude each other, no gradient flowing to the labels.

    See `tf.compat.v1.losses.softmax_cross_entropy`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(onehot_labels=onehot_labels, logits=logits)
    with name_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        labels = cast(onehot_labels, dtype_of(logits))
        shape_of(logits).assert_is_compatible_with(shape_of(labels))
        if label_smoothing > 0:
            classes = cast(shape(labels)[-1], dtype_of(logits))
            spread = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + spread
        labels = stop_gradient(labels, name="labels_stop_gradient")
        losses = softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def _squeezed(labels: Any, predictions: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Return labels and weights without a last dimension of 1 that predictions of one class each do not have."""
    labels, predictions = remove_squeezable_dimensions(labels, predictions, expected_rank_diff=1)
    if weights is None:
        return labels, predictions, None
    weights = convert_to_tensor(weights)
    ranks = rank_of(weights), rank_of(labels)
    if ranks[0] is not None and ranks[1] is not None:
        return labels, predictions, squeeze(weights, [-1]) if ranks[0] - ranks[1] == 1 else weights
    difference = rank(weights) - rank(labels)
    if ranks[0] != 0 and may_be_squeezed(weights):
        weights = cond(equal(1, difference), lambda: squeeze(weights, [-1]), lambda: weights)
    return labels, predictions, weights


@export("losses.sparse_softmax_cross_entropy")
def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:  # fmt: skip
    """Return the cross entropy of logits with labels that are numbers of classes.

    See `tf.compat.v1.losses.sparse_softmax_cross_entropy`.

    Raises:
        ValueError: Shapes that do not fit, or None.
    """
    _given(labels=labels, logits=logits)
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as scope:
        labels, logits, weights = _squeezed(labels, logits, weights)
        losses = sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)
