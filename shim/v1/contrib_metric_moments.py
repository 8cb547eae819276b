"""`tf.contrib.metrics`: covariance and correlation over all batches, and everything that was seen, put together."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.v1.broadcast_weights import broadcast_weights
from onevar.v1.contrib_metric_aliases import both
from onevar.v1.export import export
from onevar.v1.metric_variables import aligned, listed, metric_variable
from onevar.v1.public_functions import tf


@export(*both("streaming_covariance"))
def streaming_covariance(
    predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the covariance of predictions and labels, without keeping them.

    Args:
        predictions: A tensor.
        labels: Of its shape.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    with tf.variable_scope(name, "covariance", (predictions, labels, weights)):
        predictions, labels, weights = aligned(predictions, labels, weights)
        count, mean_x, mean_y, comoment = (
            metric_variable([], dtypes.float32, name=one)
            for one in ("count", "mean_prediction", "mean_label", "comoment")
        )
        if weights is None:
            number = tf.cast(tf.size(labels), dtypes.float32)
            weighted = predictions, labels
        else:
            weights = broadcast_weights(weights, labels)
            number = tf.reduce_sum(weights)
            weighted = tf.multiply(predictions, weights), tf.multiply(labels, weights)
        new_count = tf.assign_add(count, number)
        batch_x, before_x = _moved(mean_x, weighted[0], number, new_count)
        batch_y, before_y = _moved(mean_y, weighted[1], number, new_count)
        products = (predictions - batch_x) * (labels - batch_y)
        own = tf.reduce_sum(products if weights is None else products * weights)
        # What the batch adds is its own comoment, and that of the two means.
        between = (before_x - batch_x) * (before_y - batch_y) * ((new_count - number) * number / new_count)
        update_comoment = tf.assign_add(comoment, own + between)

        def covariance(name: str) -> Any:
            return tf.where(
                tf.less_equal(count, 1.0), float("nan"), tf.truediv(comoment, count - 1), name=name
            )  # fmt: skip

        value = covariance("covariance")
        with tf.control_dependencies([update_comoment]):
            update = covariance("update_op")
    return listed(metrics_collections, value), listed(updates_collections, update)


def _moved(mean: Any, weighted: Any, number: Any, count: Any) -> tuple[Any, Any]:
    """Move a mean by a batch, and return the batch's own mean and what the mean was before."""
    batch = tf.div_no_nan(tf.reduce_sum(weighted), number)
    step = tf.div_no_nan((batch - mean) * number, count)
    return batch, tf.assign_add(mean, step) - step


@export(*both("streaming_pearson_correlation"))
def streaming_pearson_correlation(
    predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return Pearson's correlation of predictions and labels.

    Args:
        predictions: A tensor.
        labels: Of its shape.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    with tf.variable_scope(name, "pearson_r", (predictions, labels, weights)):
        predictions, labels, weights = aligned(predictions, labels, weights)
        if weights is not None:
            weights = broadcast_weights(weights, labels)
        both_, own_x, own_y = (
            streaming_covariance(x, y, weights=weights, name=one)
            for x, y, one in (
                (predictions, labels, "covariance"),
                (predictions, predictions, "variance_predictions"),
                (labels, labels, "variance_labels"),
            )
        )

        def correlation(index: int, name: str) -> Any:
            scale = tf.multiply(tf.sqrt(own_x[index]), tf.sqrt(own_y[index]))
            return tf.truediv(both_[index], scale, name=name)

        value, update = correlation(0, "pearson_r"), correlation(1, "update_op")
    return listed(metrics_collections, value), listed(updates_collections, update)


@export(*both("streaming_concat"))
def streaming_concat(
    values: Any, axis: int = 0, max_size: int | None = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return all batches, put together along an axis.

    Args:
        values: Of known rank, all dimensions but that of the axis known.
        axis: Along which.
        max_size: How many are kept at most; None keeps all.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.

    Raises:
        ValueError: The axis is not there, or a dimension is not known.
    """
    with tf.variable_scope(name, "streaming_concat", (values,)):
        axis, fixed = _axis_and_rest(values.get_shape(), axis)
        rank = len(fixed) + 1
        kept = metric_rows([0 if max_size is None else max_size, *fixed], values.dtype)
        size = metric_variable([], dtypes.int32, name="size")
        valid = kept[:size]
        valid.set_shape([None, *fixed])
        order = [0 if n == axis else n + 1 if n < axis else n for n in range(rank)]
        value = tf.transpose(valid, order, name="concat")
        number = tf.shape(values)[axis]
        if max_size is not None:
            number = tf.minimum(number, max_size - size)
        batch = tf.transpose(values, [axis, *(n for n in range(rank) if n != axis)])[:number]
        new_size = size + number
        room = tf.shape(kept)[0]

        def grow() -> Any:
            more = tf.zeros(tf.stack([_next_size(new_size), *fixed]), dtype=values.dtype)
            # A copy: what is read of a variable is read when it is used.
            old = tf.identity(kept.value())
            with tf.control_dependencies([old]):
                emptied = tf.assign(kept, more, validate_shape=False)
            with tf.control_dependencies([emptied]):
                copied = kept[:size].assign(old[:size])
            with tf.control_dependencies([copied]):
                return tf.no_op()

        with tf.control_dependencies([tf.cond(new_size > room, grow, tf.no_op)]):
            appended = kept[size:new_size].assign(batch)
        with tf.control_dependencies([appended]):
            update = size.assign(new_size)
        return listed(metrics_collections, value), listed(updates_collections, update)


def metric_rows(shape: list[int], dtype: Any) -> Any:
    """Return a metric's local variable whose first dimension may change.

    Args:
        shape: The first shape.
        dtype: The dtype.
    """
    keys = tf.GraphKeys
    return tf.Variable(
        lambda: tf.zeros(shape, dtype), trainable=False, validate_shape=False, name="array",
        collections=[keys.LOCAL_VARIABLES, keys.METRIC_VARIABLES],
    )  # fmt: skip


def _axis_and_rest(shape: Any, axis: int) -> tuple[int, list[int]]:
    if shape.dims is None:
        raise ValueError("`values` must have known statically known rank")
    rank = len(shape)
    where = axis + rank if axis < 0 else axis
    if not 0 <= where < rank:
        raise ValueError(f"axis = {where!r} not in [0, {rank!r})")
    rest = [size for n, size in enumerate(shape.as_list()) if n != where]
    if None in rest:
        raise ValueError(
            "all dimensions of `values` other than the dimension to concatenate along must have statically known size"
        )
    return where, rest


def _next_size(required: Any, factor: float = 1.5) -> Any:
    """Return the smallest power of the factor that is enough."""
    exponent = tf.ceil(tf.log(tf.cast(required, dtypes.float32)) / tf.log(tf.cast(factor, dtypes.float32)))
    return tf.cast(tf.ceil(factor**exponent), dtypes.int32)
