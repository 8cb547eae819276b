"""`tf.contrib.metrics`: accuracy of one batch, the best F1 score, counts, agreement, and what sorts metrics."""

from collections.abc import Mapping
from typing import Any

from onevar.core import dtype as dtypes
from onevar.v1.broadcast_weights import broadcast_weights
from onevar.v1.contrib_metric_aliases import both
from onevar.v1.export import export, export_lazily
from onevar.v1.metric_internal import confusion_matrix_at_thresholds
from onevar.v1.metric_variables import aligned, listed, metric_variable, refuse_eager
from onevar.v1.public_functions import tf

for _name in ("set_difference", "set_intersection", "set_size", "set_union"):
    for _full in both(_name):
        export_lazily(_full, "set_ops", _name)


@export(*both("accuracy"))
def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Any:
    """Return how often predictions and labels are equal in this batch.

    Args:
        predictions: A tensor.
        labels: Of its shape and dtype: booleans, integers or strings.
        weights: What each counts.
        name: Of the scope.

    Raises:
        ValueError: The dtypes are others, or differ.
    """
    if not (labels.dtype.is_integer or labels.dtype in (dtypes.bool, dtypes.string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype!r}")
    if not labels.dtype.is_compatible_with(predictions.dtype):
        raise ValueError(
            f"Dtypes of predictions and labels should match. Given: predictions ({predictions.dtype!r}) and labels "
            f"({labels.dtype!r})"
        )
    with tf.name_scope(name, "accuracy", values=[predictions, labels]):
        correct = tf.cast(tf.equal(predictions, labels), dtypes.float32)
        if weights is None:
            return tf.reduce_mean(correct)
        correct = tf.multiply(correct, weights)
        every = tf.multiply(weights, tf.ones_like(correct))
        return tf.div(tf.reduce_sum(correct), tf.reduce_sum(every))


@export(*both("confusion_matrix"))
def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = dtypes.int32, name: str | None = None,
    weights: Any = None,
) -> Any:  # fmt: skip
    """Return `tf.confusion_matrix` of the same arguments.

    Args:
        labels: The right classes.
        predictions: The predicted ones.
        num_classes: How many there are.
        dtype: Of the result.
        name: Of the scope.
        weights: What each counts.
    """
    return tf.confusion_matrix(
        labels=labels, predictions=predictions, num_classes=num_classes, dtype=dtype, name=name, weights=weights
    )


@export(*both("f1_score"))
def f1_score(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the best F1 score over thresholds.

    Args:
        labels: Bools.
        predictions: Between 0 and 1.
        weights: What each counts.
        num_thresholds: How many thresholds.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    epsilon = 1e-7
    with tf.variable_scope(name, "f1", (labels, predictions, weights)):
        predictions, labels, weights = aligned(predictions, labels, weights)
        thresholds = [(i + 1) * 1.0 / (num_thresholds - 1) for i in range(num_thresholds - 2)]
        values, updates = confusion_matrix_at_thresholds(
            labels, predictions, [0.0 - epsilon, *thresholds, 1.0 + epsilon], weights, includes=("tp", "fp", "fn")
        )

        def best(counts: Mapping[str, Any], which: str) -> Any:
            hits = counts["tp"]
            precision = tf.div(hits, epsilon + hits + counts["fp"], name=f"precision_{which}")
            recall = tf.div(hits, epsilon + hits + counts["fn"], name=f"recall_{which}")
            return tf.reduce_max(2.0 * precision * recall / (precision + recall + epsilon))

        value, update = best(values, "value"), best(updates, "update")
        return listed(metrics_collections, value), listed(updates_collections, update)


@export(*both("count"))
def count(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return how many values there were.

    Args:
        values: A tensor.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.

    Raises:
        RuntimeError: Eagerly.
    """
    refuse_eager("count")
    with tf.variable_scope(name, "count", (values, weights)):
        total = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            number = tf.cast(tf.size(values), dtypes.float32)
        else:
            values, _, weights = aligned(tf.cast(values, dtypes.float32), None, weights)
            number = tf.reduce_sum(broadcast_weights(tf.cast(weights, dtypes.float32), values))
        with tf.control_dependencies([values]):
            update = tf.assign_add(total, number)
        return listed(metrics_collections, total), listed(updates_collections, update)


@export(*both("cohen_kappa"))
def cohen_kappa(
    labels: Any, predictions_idx: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return how far two raters agree, beyond chance.

    Args:
        labels: Classes, `[batch]` or `[batch, 1]`.
        predictions_idx: Classes, `[batch]`.
        num_classes: How many there are.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.

    Raises:
        RuntimeError: Eagerly.
        ValueError: There are fewer than two classes.
    """
    refuse_eager("cohen_kappa")
    if num_classes < 2:
        raise ValueError(f"`num_classes` must be >= 2.Found: {num_classes}")
    with tf.variable_scope(name, "cohen_kappa", (labels, predictions_idx, weights)):
        labels.get_shape().with_rank_at_most(2)
        if labels.get_shape().ndims == 2:
            labels = tf.squeeze(labels, axis=[-1])
        predictions_idx, labels, weights = aligned(predictions_idx, labels, weights)
        dtype = dtypes.int64 if weights is None or weights.dtype.is_integer else dtypes.float32
        agreed, rows, columns = (
            metric_variable((num_classes,), dtype, name=name) for name in ("po", "pe_row", "pe_col")
        )
        table = tf.confusion_matrix(
            labels, predictions_idx, num_classes=num_classes, weights=weights, dtype=dtype, name="counts_in_table"
        )
        added = tf.diag_part(table), tf.reduce_sum(table, axis=0), tf.reduce_sum(table, axis=1)
        updates = [tf.assign_add(*pair) for pair in zip((agreed, rows, columns), added, strict=True)]
        value = _kappa(agreed, rows, columns, "value")
        update = _kappa(updates[0], updates[1], updates[2], "update_op")
        return listed(metrics_collections, value), listed(updates_collections, update)


def _kappa(agreed: Any, rows: Any, columns: Any, name: str) -> Any:
    def double(value: Any) -> Any:
        return tf.cast(value, dtypes.float64)

    observed, total = tf.reduce_sum(agreed), tf.reduce_sum(rows)
    chance = tf.reduce_sum(tf.div_no_nan(double(rows * columns), double(total)))
    observed, total = double(observed), double(total)
    return tf.div_no_nan(observed - chance, total - chance, name=name)


@export(*both("aggregate_metrics"))
def aggregate_metrics(*value_update_tuples: tuple[Any, Any]) -> tuple[list[Any], list[Any]]:
    """Return the values and the updates of several metrics.

    Args:
        *value_update_tuples: Pairs of value and update.

    Raises:
        ValueError: There are none.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    return [value for value, _ in value_update_tuples], [update for _, update in value_update_tuples]


@export(*both("aggregate_metric_map"))
def aggregate_metric_map(names_to_tuples: Mapping[str, tuple[Any, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values and the updates of several metrics, by name.

    Args:
        names_to_tuples: Pairs of value and update by name.
    """
    pairs = names_to_tuples.items()
    return {name: pair[0] for name, pair in pairs}, {name: pair[1] for name, pair in pairs}
