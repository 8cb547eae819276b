"""`tf.contrib.losses`, which is `slim.losses` too: predictions come first, and the mean counts what has a weight."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collection, get_collection
from onevar.core.name_scope import name_scope
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.public_functions import tf


def _names(name: str) -> tuple[str, str]:
    return f"contrib.losses.{name}", f"contrib.slim.losses.{name}"


def _slice(value: Any, begin: int, count: int) -> Any:
    return tf.slice(value, [begin], [count])


def _float(value: Any) -> Any:
    return tf.cast(value, dtypes.float32)


def _rank(value: Any, name: str) -> int:
    ndims = value.get_shape().ndims
    if ndims is None:
        raise ValueError(f"{name}.get_shape().ndims cannot be None")
    return ndims


def _scaled(losses: Any, weights: Any) -> Any:
    """Return the sum of the losses, each times its weight."""
    axes = list(range(max(0, weights.get_shape().ndims), losses.get_shape().ndims))
    return tf.reduce_sum(tf.multiply(tf.reduce_sum(losses, axis=axes), weights))


def _present(losses: Any, weights: Any, per_batch: bool = False) -> Any:
    """Return how many losses have a weight that is not 0, in all or for each example."""
    ndims = weights.get_shape().ndims
    if ndims == 0:
        examples = tf.reshape(_slice(tf.shape(losses), 0, 1), [])
        each = tf.div(_float(tf.size(losses)), _float(examples))
        each = tf.where(tf.equal(weights, 0), 0.0, each)
        each = tf.multiply(tf.ones(tf.reshape(examples, [1])), each)
    else:
        counted = tf.reduce_sum(_float(tf.not_equal(weights, 0)), axis=list(range(1, ndims)))
        each = tf.multiply(counted, _float(tf.reduce_prod(_slice(tf.shape(losses), ndims, -1))))
    return each if per_batch else tf.reduce_sum(each)


@export(*_names("add_loss"))
@add_arg_scope
def add_loss(loss: Any, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Put a loss into a collection.

    Args:
        loss: The loss.
        loss_collection: The collection; None does nothing.
    """
    if loss_collection:
        add_to_collection(loss_collection, loss)


@export(*_names("get_losses"))
def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """Return the losses in a collection.

    Args:
        scope: What their names begin with.
        loss_collection: The collection.
    """
    return get_collection(loss_collection, scope)


@export(*_names("get_regularization_losses"))
def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """Return the regularization losses.

    Args:
        scope: What their names begin with.
    """
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


@export(*_names("get_total_loss"))
def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Any:
    """Return the sum of all losses.

    Args:
        add_regularization_losses: Whether those of weights count.
        name: Of the operation.

    Raises:
        ValueError: There are none.
    """
    losses = list(get_losses())
    return tf.add_n([*losses, *get_regularization_losses()] if add_regularization_losses else losses, name=name)


@export(*_names("compute_weighted_loss"))
def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> Any:
    """Return the mean of losses, counting those alone that have a weight; it is added to the graph's losses.

    Args:
        losses: `[batch, ...]`.
        weights: A scalar, or of the shape of the losses' first dimensions.
        scope: Of the operations.

    Raises:
        ValueError: A rank is not known.
    """
    with name_scope(scope, "weighted_loss", [losses, weights]):
        losses = convert_to_tensor(losses)
        given = losses.dtype
        losses, weights = _float(losses), _float(convert_to_tensor(weights))
        _rank(losses, "losses")
        if _rank(weights, "weights") > 1 and weights.get_shape().dims[-1].is_compatible_with(1):
            weights = tf.squeeze(weights, [-1])
        total = tf.reduce_sum(_scaled(losses, weights))
        mean = tf.cast(tf.div_no_nan(total, _present(losses, weights), name="value"), given)
        add_loss(mean)
        return mean


def _same_shape(predictions: Any, labels: Any) -> None:
    predictions.get_shape().assert_is_compatible_with(labels.get_shape())


@export(*_names("absolute_difference"))
def absolute_difference(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Any:
    """Return the mean of `|predictions - labels|`.

    Args:
        predictions: A tensor.
        labels: Of its shape.
        weights: See `compute_weighted_loss`.
        scope: Of the operations.
    """
    with name_scope(scope, "absolute_difference", [predictions, labels, weights]) as scope:
        _same_shape(predictions, labels)
        losses = tf.abs(tf.subtract(_float(predictions), _float(labels)))
        return compute_weighted_loss(losses, weights, scope=scope)


@export(*_names("sigmoid_cross_entropy"))
def sigmoid_cross_entropy(
    logits: Any, multi_class_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None
) -> Any:
    """Return the mean of the cross entropies of each class on its own.

    Args:
        logits: `[batch, classes]`.
        multi_class_labels: Of its shape, 0 or 1.
        weights: See `compute_weighted_loss`.
        label_smoothing: How far labels move towards 1/2.
        scope: Of the operations.
    """
    with name_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as scope:
        _same_shape(logits, multi_class_labels)
        labels = tf.cast(multi_class_labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=scope)


@export(*_names("softmax_cross_entropy"))
def softmax_cross_entropy(
    logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None
) -> Any:
    """Return the mean of the cross entropies.

    Args:
        logits: `[batch, classes]`.
        onehot_labels: Of its shape.
        weights: See `compute_weighted_loss`.
        label_smoothing: How far labels move towards 1/classes.
        scope: Of the operations.
    """
    with name_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as scope:
        _same_shape(logits, onehot_labels)
        labels = tf.cast(onehot_labels, logits.dtype)
        if label_smoothing > 0:
            classes = tf.cast(tf.shape(labels)[1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        losses = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=scope)


@export(*_names("sparse_softmax_cross_entropy"))
def sparse_softmax_cross_entropy(logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None) -> Any:
    """Return the mean of the cross entropies.

    Args:
        logits: `[batch, classes]`.
        labels: `[batch]` or `[batch, 1]`, integers.
        weights: See `compute_weighted_loss`.
        scope: Of the operations.
    """
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as scope:
        labels = tf.reshape(labels, shape=[tf.shape(labels)[0]])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=scope)


@export(*_names("log_loss"))
def log_loss(
    predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None
) -> Any:
    """Return the mean of the log losses.

    Args:
        predictions: Probabilities.
        labels: Of their shape, 0 or 1.
        weights: See `compute_weighted_loss`.
        epsilon: Keeps the logarithm's argument from 0.
        scope: Of the operations.
    """
    with name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        _same_shape(predictions, labels)
        predictions, labels = _float(predictions), _float(labels)
        positive = -tf.multiply(labels, tf.log(predictions + epsilon))
        losses = positive - tf.multiply(1 - labels, tf.log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope=scope)


@export(*_names("hinge_loss"))
def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Any:
    """Return the hinge losses, one for each logit.

    Args:
        logits: A tensor.
        labels: Of its shape, 0 or 1.
        scope: Of the operations.
    """
    with name_scope(scope, "hinge_loss", [logits, labels]) as scope:
        _same_shape(logits, labels)
        labels = _float(labels)
        ones_ = tf.ones_like(labels)
        labels = tf.subtract(2 * labels, ones_)
        return tf.nn.relu(tf.subtract(ones_, tf.multiply(labels, logits)))


@export(*_names("mean_squared_error"))
def mean_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Any:
    """Return the mean of the squared differences.

    Args:
        predictions: A tensor.
        labels: Of its shape.
        weights: See `compute_weighted_loss`.
        scope: Of the operations.
    """
    with name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as scope:
        _same_shape(predictions, labels)
        return compute_weighted_loss(tf.squared_difference(_float(predictions), _float(labels)), weights, scope=scope)


@export(*_names("mean_pairwise_squared_error"))
def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Any:
    """Return the mean of the squared differences between pairs of an example's differences.

    Args:
        predictions: `[batch, ...]`.
        labels: Of its shape.
        weights: A scalar, or `[batch]`.
        scope: Of the operations.

    Raises:
        ValueError: A rank is not known.
    """
    with name_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]) as scope:
        _same_shape(predictions, labels)
        predictions, labels = _float(predictions), _float(labels)
        weights = _float(convert_to_tensor(weights))
        differences = tf.subtract(predictions, labels)
        axes = list(range(1, _rank(differences, "diffs")))
        _rank(weights, "weights")
        squares = tf.reduce_sum(tf.square(differences), axis=axes)
        present = _present(differences, weights, per_batch=True)
        own = 2.0 * tf.div_no_nan(squares, present, name="value")
        total = tf.reduce_sum(differences, axis=axes)
        mean = 2.0 * tf.div_no_nan(tf.square(total), tf.square(present), name="value")
        loss = _scaled(own - mean, weights)
        found = tf.where(tf.reduce_sum(present) > 0, loss, tf.zeros_like(loss), name="value")
        add_loss(found)
        return found


@export(*_names("cosine_distance"))
def cosine_distance(
    predictions: Any, labels: Any = None, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """Return the mean of the cosine distances of unit vectors.

    Args:
        predictions: A tensor of unit vectors.
        labels: Of its shape.
        axis: Along which they lie.
        weights: See `compute_weighted_loss`.
        scope: Of the operations.
        dim: The older name of `axis`.

    Raises:
        ValueError: No axis is given, or both names are.
    """
    if dim is not None:
        if axis is not None:
            raise ValueError("Cannot specify both 'axis' and 'dim'.")
        axis = dim
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    with name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        _same_shape(predictions, labels)
        losses = 1 - tf.reduce_sum(tf.multiply(_float(predictions), _float(labels)), axis=[axis])
        return compute_weighted_loss(losses, weights, scope=scope)
