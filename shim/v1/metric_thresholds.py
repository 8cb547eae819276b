"""Metrics at thresholds: `tf.metrics.auc`, `tf.metrics.precision_at_thresholds` and the like."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.v1.array_ops_create import constant, ones_like
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import expand_dims, identity, reshape, shape, stack, tile, transpose
from onevar.v1.broadcast_weights import broadcast_weights
from onevar.v1.check_ops import assert_greater_equal, assert_less_equal
from onevar.v1.common import dims_of, dtype_of, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import (
    abs_,
    cast,
    divide,
    equal,
    log,
    maximum,
    minimum,
    multiply,
)
from onevar.v1.math_ops_reduce import argmax, argmin, cumsum, reduce_min, reduce_sum
from onevar.v1.metric_variables import aligned, listed, metric_variable, ratio, refuse_eager
from onevar.v1.state_ops import assign_add
from onevar.v1.tf_logging import warning
from onevar.v1.variable_scopes import variable_scope

Metric = tuple[Any, Any]
Counts = dict[str, Any]

#: The four cases: their variables' names, whether the label is true, and whether the prediction is.
_CASES = {
    "tp": ("true_positives", True, True),
    "fn": ("false_negatives", True, False),
    "tn": ("true_negatives", False, False),
    "fp": ("false_positives", False, True),
}
_EPSILON = 1e-7


def _in_unit_interval(predictions: Any) -> list[Any]:
    message = "predictions must be in [0, 1]"
    kind = dtype_of(predictions)
    return [
        assert_greater_equal(predictions, cast(0.0, dtype=kind), message=message),
        assert_less_equal(predictions, cast(1.0, dtype=kind), message=message),
    ]


def counts_at_thresholds(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, wanted: Sequence[str] = tuple(_CASES)
) -> tuple[Counts, Counts]:
    """Return for the wanted cases how often each occurred at each threshold, and what adds these.

    Args:
        labels: Bools.
        predictions: Of their shape, between 0 and 1.
        thresholds: Above which a prediction counts as true.
        weights: Of their shape, or None.
        wanted: Of `"tp"`, `"fn"`, `"tn"`, `"fp"`.
    """
    with control_dependencies(_in_unit_interval(convert_to_tensor(predictions))):
        predictions = cast(predictions, dtypes.float32)
        predictions, labels, weights = aligned(predictions, cast(labels, dtype=dtypes.bool), weights)
    sides, weights = _sides(labels, predictions, thresholds, weights, wanted)
    values, updates = {}, {}
    for key in (key for key in _CASES if key in wanted):
        name, label, prediction = _CASES[key]
        values[key] = metric_variable([len(thresholds)], dtypes.float32, name=name)
        found = cast(op("LogicalAnd", x=sides["label", label], y=sides["prediction", prediction]), dtypes.float32)
        if weights is not None:
            found *= weights
        updates[key] = assign_add(values[key], reduce_sum(found, 1))
    return values, updates


def _sides(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, wanted: Sequence[str]
) -> tuple[dict[tuple[str, bool], Any], Any]:
    """Return whether labels and predictions are true or false, and the weights, a row for each threshold."""
    rows = len(thresholds)
    column = reshape(predictions, [-1, 1])
    labels_row = reshape(cast(labels, dtype=dtypes.bool), [1, -1])
    number = (dims_of(column) or (None,))[0]
    if number is None:
        number = shape(column)[0]
    limits = tile(expand_dims(constant(thresholds), [1]), stack([1, number]))
    sides = {("prediction", True): op("Greater", x=tile(transpose(column), [rows, 1]), y=limits)}
    if "fn" in wanted or "tn" in wanted:
        sides["prediction", False] = op("LogicalNot", x=sides["prediction", True])
    sides["label", True] = tile(labels_row, [rows, 1])
    if "fp" in wanted or "tn" in wanted:
        sides["label", False] = op("LogicalNot", x=sides["label", True])
    if weights is not None:
        weights = broadcast_weights(cast(weights, dtypes.float32), predictions)
        weights = tile(reshape(weights, [1, -1]), [rows, 1])
        shape_of(limits).assert_is_compatible_with(shape_of(weights))
    return sides, weights


def _counter(key: str) -> None:
    """Make and export the metric that counts one of the four cases at thresholds."""
    scope = _CASES[key][0]
    public = f"{scope}_at_thresholds"

    def function(
        labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
        metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    ) -> Metric:  # fmt: skip
        refuse_eager(public)
        with variable_scope(name, scope, (predictions, labels, weights)):
            values, updates = counts_at_thresholds(labels, predictions, thresholds, weights, (key,))
            value = listed(metrics_collections, identity(values[key]))
            return value, listed(updates_collections, updates[key])

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"Return the number of {scope.replace('_', ' ')} at each threshold; see `tf.metrics.{public}`."
    export(f"metrics.{public}")(function)


for _key in _CASES:
    _counter(_key)


def _of_positives(short: str, missed: str) -> None:
    """Make and export the metric that is the share of true positives at thresholds."""
    public = f"{short}_at_thresholds"

    def share(counts: Counts, name: str) -> Any:
        return divide(counts["tp"], _EPSILON + counts["tp"] + counts[missed], name=f"{short}_{name}")

    def function(
        labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
        metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
    ) -> Metric:  # fmt: skip
        refuse_eager(public)
        with variable_scope(name, public, (predictions, labels, weights)):
            values, updates = counts_at_thresholds(labels, predictions, thresholds, weights, ("tp", missed))
            value = listed(metrics_collections, share(values, "value"))
            return value, listed(updates_collections, share(updates, "update_op"))

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"Return the {short} at each threshold; see `tf.compat.v1.metrics.{public}`."
    export(f"metrics.{public}")(function)


_of_positives("precision", "fp")
_of_positives("recall", "fn")


def _spread(count: int, last: float = 1.0 + _EPSILON) -> list[float]:
    """Return thresholds from a little less than 0 to a little more than 1."""
    return [0.0 - _EPSILON, *[(i + 1) * 1.0 / (count - 1) for i in range(count - 2)], last]


@export("metrics.auc")
def auc(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
    summation_method: str = "trapezoidal", thresholds: Sequence[float] | None = None,
) -> Metric:  # fmt: skip
    """Return the area under the ROC or the precision-recall curve; see `tf.compat.v1.metrics.auc`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit, or no such curve or summation method.
    """
    refuse_eager("auc")
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"Curve must be either ROC or PR. Curve {curve} is unknown.")
        if thresholds is None:
            limits = _spread(num_thresholds)
        else:
            limits = [0.0 - _EPSILON, *sorted(thresholds), 1.0 + _EPSILON]
        values, updates = counts_at_thresholds(labels, predictions, limits, weights)
        value = listed(metrics_collections, _area(values, curve, summation_method, len(limits), "value"))
        update = _area(updates, curve, summation_method, len(limits), "update_op")
        return value, listed(updates_collections, update)


_HEIGHTS: dict[str, Callable[[Any, Any], Any]] = {
    "trapezoidal": lambda before, after: (before + after) / 2.0,
    "careful_interpolation": lambda before, after: (before + after) / 2.0,
    "minoring": lambda before, after: minimum(before, after),
    "majoring": lambda before, after: maximum(before, after),
}


def _area(counts: Counts, curve: str, method: str, number: int, name: str) -> Any:
    """Return the area under a curve that is known at some points."""
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated(counts, number)
    if curve == "PR" and method == "trapezoidal":
        warning(
            'Trapezoidal rule is known to produce incorrect PR-AUCs; please switch to "careful_interpolation" instead.'
        )
    small = 1e-6
    tp, fn, tn, fp = counts["tp"], counts["fn"], counts["tn"], counts["fp"]
    recall = divide(tp + small, tp + fn + small)
    if curve == "ROC":
        x, y = divide(fp, fp + tn + small), recall
    else:
        x, y = recall, divide(tp + small, tp + fp + small)
    if method not in _HEIGHTS:
        known = "'trapezoidal', 'careful_interpolation', 'minoring', or 'majoring'"
        raise ValueError(f"Invalid summation_method: {method} summation_method should be {known}.")
    widths = x[: number - 1] - x[1:]
    return reduce_sum(multiply(widths, _HEIGHTS[method](y[: number - 1], y[1:])), name=name)


def _interpolated(counts: Counts, number: int) -> Any:
    """Return the area under a precision-recall curve whose points are joined as counts, not as shares, would be.

    Between two points the true positives are taken to be a linear function of all positives
    (https://www.biostat.wisc.edu/~page/rocpr.pdf).
    """
    tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
    more = tp[: number - 1] - tp[1:]
    positives = tp + fp
    slope = ratio(more, positives[: number - 1] - positives[1:], "prec_slope")
    intercept = tp[1:] - multiply(slope, positives[1:])
    both = op("LogicalAnd", x=positives[: number - 1] > 0, y=positives[1:] > 0)
    relative = ratio(positives[: number - 1], positives[1:], "recall_relative_ratio")
    growth = where(both, relative, ones_like(positives[1:]))
    areas = slope * (more + intercept * log(growth))
    return reduce_sum(ratio(areas, tp[1:] + fn[1:], "pr_auc_increment"), name="interpolate_pr_auc")


@export("metrics.sensitivity_at_specificity")
def sensitivity_at_specificity(
    labels: Any, predictions: Any, specificity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the sensitivity at a specificity; see `tf.compat.v1.metrics.sensitivity_at_specificity`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit, or a specificity that is no share.
    """
    refuse_eager("sensitivity_at_specificity")
    if not 0 <= specificity <= 1:
        raise ValueError(f"`specificity` must be in the range [0, 1]. Currently, `specificity` got {specificity}.")

    def sensitivity(counts: Counts, name: str) -> Any:
        tp, tn, fp, fn = counts["tp"], counts["tn"], counts["fp"], counts["fn"]
        reached = divide(tn, tn + fp + _EPSILON)
        at = cast(argmin(abs_(reached - specificity), 0), dtypes.int32)
        return divide(tp[at], tp[at] + fn[at] + _EPSILON, name)

    with variable_scope(name, "sensitivity_at_specificity", (predictions, labels, weights)):
        values, updates = counts_at_thresholds(labels, predictions, _spread(num_thresholds), weights)
        value = listed(metrics_collections, sensitivity(values, "value"))
        return value, listed(updates_collections, sensitivity(updates, "update_op"))


@export("metrics.specificity_at_sensitivity")
def specificity_at_sensitivity(
    labels: Any, predictions: Any, sensitivity: float, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the specificity at a sensitivity; see `tf.compat.v1.metrics.specificity_at_sensitivity`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit, or a sensitivity that is no share.
    """
    refuse_eager("specificity_at_sensitivity")
    if not 0 <= sensitivity <= 1:
        raise ValueError(f"`sensitivity` must be in the range [0, 1]. Currently, `sensitivity` is {sensitivity}.")

    def specificity(counts: Counts, name: str) -> Any:
        tp, tn, fp, fn = counts["tp"], counts["tn"], counts["fp"], counts["fn"]
        reached = divide(tp, tp + fn + _EPSILON)
        nearest = reduce_min(abs_(reached - sensitivity))
        # The last of the thresholds that come nearest.
        is_nearest = cast(equal(abs_(reached - sensitivity), nearest), dtypes.int64)
        at = cast(argmax(cumsum(is_nearest), 0), dtypes.int32)
        return divide(tn[at], tn[at] + fp[at] + _EPSILON, name)

    with variable_scope(name, "specificity_at_sensitivity", (predictions, labels, weights)):
        limits = _spread(num_thresholds, 1.0 - _EPSILON)  # TensorFlow's last one is below 1 here
        values, updates = counts_at_thresholds(labels, predictions, limits, weights)
        value = listed(metrics_collections, specificity(values, "value"))
        return value, listed(updates_collections, specificity(updates, "update_op"))
