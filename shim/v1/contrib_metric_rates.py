"""`tf.contrib.metrics`: false positives and negatives as rates, at thresholds, and points of curves."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.v1.broadcast_weights import broadcast_weights
from onevar.v1.contrib_metric_aliases import both
from onevar.v1.export import export, export_value
from onevar.v1.metric_variables import aligned, listed, metric_variable, refuse_eager
from onevar.v1.public_functions import tf

Counts = dict[str, Any]
_EPSILON = 1e-7
#: The four cases: their variables' names, whether the label is true, whether the prediction is.
_CASES = {
    "tp": ("true_positives", True, True), "fn": ("false_negatives", True, False),
    "tn": ("true_negatives", False, False), "fp": ("false_positives", False, True),
}  # fmt: skip


def _spread(count: int) -> list[float]:
    """Return thresholds over the unit interval, a little beyond at both ends."""
    inner = [(i + 1) * 1.0 / (count - 1) for i in range(count - 2)]
    return [0.0 - _EPSILON, *inner, 1.0 + _EPSILON]


def _at_thresholds(
    predictions: Any,
    labels: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    cases: Sequence[str] = tuple(_CASES),
) -> tuple[Counts, Counts]:  # fmt: skip
    """Return for each case how often it occurred at each threshold, and what adds these. Labels may be numbers."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    number = len(thresholds)
    flat = tf.reshape(predictions, [-1, 1])
    total = flat.get_shape().as_list()[0]
    total = tf.shape(flat)[0] if total is None else total
    limits = tf.tile(tf.expand_dims(tf.constant(thresholds), [1]), tf.stack([1, total]))
    above = tf.greater(tf.tile(tf.transpose(flat), [number, 1]), limits)
    true = tf.tile(tf.reshape(tf.cast(labels, dtype=dtypes.bool), [1, -1]), [number, 1])
    if weights is not None:
        each = broadcast_weights(tf.cast(weights, dtypes.float32), predictions)
        weights = tf.tile(tf.reshape(each, [1, -1]), [number, 1])
    values, updates = {}, {}
    for case in cases:
        name, label, prediction = _CASES[case]
        counted = metric_variable([number], dtypes.float32, name=name)
        sides = true if label else tf.logical_not(true), above if prediction else tf.logical_not(above)
        hit = tf.cast(tf.logical_and(*sides), dtypes.float32)
        if weights is not None:
            hit *= weights
        values[case], updates[case] = counted, tf.assign_add(counted, tf.reduce_sum(hit, 1))
    return values, updates


def _counter(case: str) -> None:
    name = f"streaming_{_CASES[case][0]}_at_thresholds"

    def function(predictions: Any, labels: Any, thresholds: Sequence[float], weights: Any = None) -> tuple[Any, Any]:
        values, updates = _at_thresholds(predictions, labels, thresholds, weights, (case,))
        return values[case], updates[case]

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Return how often the case occurred at each threshold, and what adds a batch."
    for full in both(name):
        export_value(full, function)


for _case in _CASES:
    _counter(_case)


def _rate(wrong: str, right: str, short: str) -> None:
    """Export the rate of a wrong case, of all with the same label, over all batches and at thresholds."""
    name = _CASES[wrong][0].removesuffix("s") + "_rate"

    def function(
        predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> tuple[Any, Any]:  # fmt: skip
        with tf.variable_scope(name, default, (predictions, labels, weights)):
            predictions, labels, weights = aligned(
                tf.cast(predictions, dtype=dtypes.bool), tf.cast(labels, dtype=dtypes.bool), weights
            )
            counts = [
                getattr(tf.metrics, _CASES[case][0])(labels=labels, predictions=predictions, weights=weights)
                for case in (wrong, right)
            ]

            def share(index: int, name: str) -> Any:
                bad, good = counts[0][index], counts[1][index]
                return tf.where(tf.greater(bad + good, 0), tf.div(bad, bad + good), 0, name)

            value, update = share(0, "value"), share(1, "update_op")
            return listed(metrics_collections, value), listed(updates_collections, update)

    def at_thresholds(
        predictions: Any, labels: Any, thresholds: Sequence[float], weights: Any = None,
        metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    ) -> tuple[Any, Any]:  # fmt: skip
        with tf.variable_scope(name, f"{default}_at_thresholds", (predictions, labels, weights)):
            values, updates = _at_thresholds(predictions, labels, thresholds, weights, (wrong, right))

            def share(counts: Counts, name: str) -> Any:
                return tf.div(counts[wrong], _EPSILON + counts[wrong] + counts[right], name=f"{short}_{name}")

            value, update = share(values, "value"), share(updates, "update_op")
            return listed(metrics_collections, value), listed(updates_collections, update)

    default = name
    for made, full in ((function, f"streaming_{name}"), (at_thresholds, f"streaming_{name}_at_thresholds")):
        made.__name__ = made.__qualname__ = full
        made.__doc__ = "Return the share of wrong ones among those with this label, and what adds a batch."
        for one in both(full):
            export_value(one, made)


_rate("fp", "tn", "fpr")
_rate("fn", "tp", "fnr")


@export(*both("streaming_curve_points"))
def streaming_curve_points(
    labels: Any = None, predictions: Any = None, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return points of a curve, `[num_thresholds, 2]`.

    Args:
        labels: Bools.
        predictions: Between 0 and 1.
        weights: What each counts.
        num_thresholds: How many points.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        curve: `"ROC"` or `"PR"`.
        name: Of the scope.

    Raises:
        ValueError: There is no such curve.
    """
    with tf.variable_scope(name, "curve_points", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        values, updates = _at_thresholds(predictions, labels, _spread(num_thresholds), weights)
        epsilon = 1e-6
        hits, missed, clean, false = (values[case] for case in _CASES)
        recall = tf.div(hits + epsilon, hits + missed + epsilon)
        if curve == "ROC":
            pair = tf.div(false, false + clean + epsilon), recall
        else:
            pair = recall, tf.div(hits + epsilon, hits + false + epsilon)
        points, update = tf.stack(list(pair), axis=1), tf.group(*updates.values())
        return listed(metrics_collections, points), listed(updates_collections, update)


def _best(
    default: str, name: str | None, labels: Any, predictions: Any, weights: Any, thresholds: list[float],
    choose: Callable[[Counts, str], Any], collections: tuple[Any, Any],
) -> tuple[Any, Any]:  # fmt: skip
    with tf.variable_scope(name, default, (predictions, labels, weights)):
        values, updates = _at_thresholds(predictions, labels, thresholds, weights)
        value, update = choose(values, "value"), choose(updates, "update_op")
        return listed(collections[0], value), listed(collections[1], update)


@export(*both("recall_at_precision"))
def recall_at_precision(
    labels: Any, predictions: Any, precision: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    strict_mode: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the recall at the threshold whose precision is nearest.

    Args:
        labels: Bools.
        predictions: Between 0 and 1.
        precision: The precision.
        weights: What each counts.
        num_thresholds: How many thresholds.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
        strict_mode: Whether the precision must not be lower; 0 if it is everywhere.

    Raises:
        ValueError: The precision is not between 0 and 1.
    """
    if not 0 <= precision <= 1:
        raise ValueError("`precision` must be in the range [0, 1].")

    def choose(counts: Counts, name: str) -> Any:
        hits, missed, false = counts["tp"], counts["fn"], counts["fp"]
        found = tf.div(hits, hits + false + _EPSILON)
        if not strict_mode:
            at = tf.argmin(tf.abs(found - precision), 0, output_type=dtypes.int32)
            return tf.div(hits[at], hits[at] + missed[at] + _EPSILON, name)
        at = tf.argmax(tf.div(1.0, found - precision + _EPSILON), 0, output_type=dtypes.int32)
        return tf.cond(
            found[at] >= precision, lambda: tf.div(hits[at], hits[at] + missed[at] + _EPSILON, name), lambda: 0.0
        )

    return _best(
        "recall_at_precision", name, labels, predictions, weights, _spread(num_thresholds), choose,
        (metrics_collections, updates_collections),
    )  # fmt: skip


@export(*both("precision_at_recall"))
def precision_at_recall(
    labels: Any, predictions: Any, target_recall: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the precision at the highest threshold whose recall is high enough.

    Args:
        labels: Bools.
        predictions: Between 0 and 1.
        target_recall: The recall.
        weights: What each counts.
        num_thresholds: How many thresholds.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.

    Raises:
        RuntimeError: Eagerly.
        ValueError: The recall is not between 0 and 1.
    """
    refuse_eager("precision_at_recall")
    if target_recall < 0 or target_recall > 1:
        raise ValueError("`target_recall` must be in the range [0, 1].")

    def choose(counts: Counts, name: str) -> Any:
        hits, missed, false = counts["tp"], counts["fn"], counts["fp"]
        enough = tf.greater_equal(tf.div(hits, hits + missed + _EPSILON), target_recall)
        at = tf.reduce_sum(tf.cast(enough, dtypes.int64)) - 1
        return tf.div(hits[at] + _EPSILON, hits[at] + false[at] + _EPSILON, name)

    return _best(
        "precision_at_recall", name, labels, predictions, weights, _spread(num_thresholds), choose,
        (metrics_collections, updates_collections),
    )  # fmt: skip
