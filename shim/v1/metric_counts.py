"""Metrics that count: `tf.metrics.true_positives`, `tf.metrics.precision`, `tf.metrics.recall` and the like."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.default_graph import control_dependencies
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import identity, rank
from onevar.v1.check_ops import assert_type
from onevar.v1.check_ops_shape import assert_rank_in
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, divide, equal, multiply
from onevar.v1.math_ops_reduce import reduce_sum
from onevar.v1.metric_variables import aligned, listed, metric_variable, refuse_eager
from onevar.v1.state_ops import assign_add
from onevar.v1.variable_scopes import variable_scope

Metric = tuple[Any, Any]


def _as_bools(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    predictions = cast(predictions, dtype=dtypes.bool)
    return aligned(predictions, cast(labels, dtype=dtypes.bool), weights)


def _counted(values: Any, weights: Any, metrics: Any, updates: Any) -> Metric:
    """Return how many values were true so far, and what adds these."""
    assert_type(values, dtypes.bool)
    count = metric_variable([], dtypes.float32, name="count")
    values = cast(values, dtypes.float32)
    if weights is not None:
        with control_dependencies([assert_rank_in(weights, (0, rank(values)))]):
            values = multiply(values, cast(weights, dtypes.float32))
    value = listed(metrics, identity(count))
    return value, listed(updates, assign_add(count, reduce_sum(values)))


def _counter(name: str, label: bool, prediction: bool) -> Callable[..., Metric]:
    """Make and export the metric that counts one of the four cases."""
    scope = name

    def function(
        labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> Metric:  # fmt: skip
        refuse_eager(scope)
        with variable_scope(name, scope, (predictions, labels, weights)):
            predictions, labels, weights = _as_bools(predictions, labels, weights)
            found = op("LogicalAnd", x=equal(labels, label), y=equal(predictions, prediction))
            return _counted(found, weights, metrics_collections, updates_collections)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return the number of {name.replace('_', ' ')}; see `tf.compat.v1.metrics.{name}`."
    return export(f"metrics.{name}")(function)


true_positives = _counter("true_positives", True, True)
false_positives = _counter("false_positives", False, True)
true_negatives = _counter("true_negatives", False, False)
false_negatives = _counter("false_negatives", True, False)


def _share(hits: Any, misses: Any, name: str) -> Any:
    return where(op("Greater", x=hits + misses, y=0), divide(hits, hits + misses), 0, name)


def _of_positives(name: str, missed: Callable[..., Metric], what: str, eager_name: str) -> None:
    """Make and export the metric that is the share of true positives."""
    scope = name

    def function(
        labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> Metric:  # fmt: skip
        refuse_eager(eager_name)
        with variable_scope(name, scope, (predictions, labels, weights)):
            predictions, labels, weights = _as_bools(predictions, labels, weights)
            hits, update_hits = true_positives(labels, predictions, weights)
            misses, update_misses = missed(labels, predictions, weights)
            value = listed(metrics_collections, _share(hits, misses, "value"))
            return value, listed(updates_collections, _share(update_hits, update_misses, "update_op"))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return which share of the {what} was true; see `tf.compat.v1.metrics.{name}`."
    export(f"metrics.{name}")(function)


_of_positives("precision", false_positives, "predictions that said so", "precision")
_of_positives("recall", false_negatives, "labels that are so, and was predicted,", "recall is not supported")
