"""`tf.contrib.losses.metric_learning`: losses of embeddings, by which examples are alike."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.v1.export import export
from onevar.v1.public_functions import tf
from onevar.v1.refusals import export_refused

_MODULE = "contrib.losses.metric_learning"

export_refused(
    "Write it with tf.matmul and tf.reduce_sum, as the paper has it; triplet_semihard_loss, npairs_loss and "
    "contrastive_loss are there.",
    *(f"{_MODULE}.{name}" for name in ("cluster_loss", "lifted_struct_loss", "npairs_loss_multilabel")),
)


def _squared_distances(feature: Any) -> Any:
    """Return the squared distance of each row from each other one; 0 from itself."""
    squares = tf.reduce_sum(tf.square(feature), axis=[1], keepdims=True)
    products = tf.matmul(feature, feature, transpose_b=True)
    distances = tf.maximum(squares + tf.transpose(squares) - 2.0 * products, 0.0)
    return distances * (tf.ones_like(distances) - tf.diag(tf.ones([tf.shape(feature)[0]])))


def _same(labels: Any) -> Any:
    """Return which pairs of examples have one label."""
    if tf.shape(labels).shape != [1]:
        raise AssertionError(f"labels: a vector is wanted. Received: {labels}")
    labels = tf.reshape(labels, [-1, 1])
    return tf.equal(labels, tf.transpose(labels))


@export(f"{_MODULE}.contrastive_loss")
def contrastive_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0) -> Any:
    """Return the mean loss of pairs: alike ones are to be near, others at least a margin apart.

    Args:
        labels: `[batch]`, 1 for alike.
        embeddings_anchor: `[batch, size]`.
        embeddings_positive: Of its shape.
        margin: The margin.
    """
    distances = tf.sqrt(tf.reduce_sum(tf.squared_difference(embeddings_anchor, embeddings_positive), 1))
    alike = tf.cast(labels, distances.dtype)
    apart = tf.square(tf.maximum(margin - distances, 0.0))
    return tf.reduce_mean(alike * tf.square(distances) + (1.0 - alike) * apart, name="contrastive_loss")


@export(f"{_MODULE}.triplet_semihard_loss")
def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Any:
    """Return the mean loss of pairs that are alike, each with the nearest other that is farther away.

    Args:
        labels: `[batch]`, integers.
        embeddings: `[batch, size]`, of length 1.
        margin: How much farther the other is to be.

    Raises:
        AssertionError: The labels are no vector.
    """
    alike = _same(labels)
    distances = _squared_distances(embeddings)
    other = tf.logical_not(alike)
    # [anchor, positive, negative]
    candidates = tf.expand_dims(distances, 1)
    farther = tf.logical_and(tf.expand_dims(other, 1), tf.greater(candidates, tf.expand_dims(distances, 2)))
    largest = tf.reduce_max(distances, 1, keepdims=True)
    masked = (candidates - tf.expand_dims(largest, 2)) * tf.cast(farther, dtypes.float32)
    outside = tf.reduce_min(masked, 2) + largest
    smallest = tf.reduce_min(distances, 1, keepdims=True)
    inside = tf.reduce_max((distances - smallest) * tf.cast(other, dtypes.float32), 1, keepdims=True) + smallest
    inside = tf.tile(inside, [1, tf.shape(distances)[0]])
    negatives = tf.where(tf.reduce_any(farther, 2), outside, inside)
    positives = tf.cast(alike, dtypes.float32) - tf.diag(tf.ones([tf.shape(distances)[0]]))
    losses = tf.maximum((margin + distances - negatives) * positives, 0.0)
    return tf.truediv(tf.reduce_sum(losses), tf.reduce_sum(positives), name="triplet_semihard_loss")


@export(f"{_MODULE}.npairs_loss")
def npairs_loss(
    labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002,
    print_losses: bool = False,
) -> Any:  # fmt: skip
    """Return the cross entropy of which pairs are alike, and a regularizer of the embeddings.

    Args:
        labels: `[batch]`, integers.
        embeddings_anchor: `[batch, size]`.
        embeddings_positive: Of its shape.
        reg_lambda: The regularizer's weight.
        print_losses: Whether both parts are printed in each run.

    Raises:
        AssertionError: The labels are no vector.
    """
    anchor, positive = (
        tf.reduce_mean(tf.reduce_sum(tf.square(one), 1)) for one in (embeddings_anchor, embeddings_positive)
    )
    regularizer = tf.multiply(0.25 * reg_lambda, anchor + positive, name="l2loss")
    similarity = tf.matmul(embeddings_anchor, embeddings_positive, transpose_a=False, transpose_b=True)
    alike = tf.cast(_same(labels), dtypes.float32)
    alike /= tf.reduce_sum(alike, 1, keepdims=True)
    entropy = tf.nn.softmax_cross_entropy_with_logits(logits=similarity, labels=alike)
    entropy = tf.reduce_mean(entropy, name="xentropy")
    if print_losses:
        entropy = tf.Print(entropy, ["cross entropy:", entropy, "l2loss:", regularizer])
    return regularizer + entropy
