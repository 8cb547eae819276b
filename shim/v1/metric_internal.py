"""What of `tensorflow.python.ops.metrics_impl` other packages build their metrics with."""

from collections.abc import Sequence
from typing import Any

from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import div_no_nan
from onevar.v1.metric_ranks import mean_average_precision
from onevar.v1.metric_thresholds import counts_at_thresholds
from onevar.v1.metric_variables import listed

_HERE = "python.ops.metrics_impl"


@export(f"{_HERE}._aggregate_variable")
def aggregate_variable(v: Any, collections: Any) -> Any:
    """Return a metric's value, which is in the collections from now on.

    Args:
        v: The value.
        collections: Their names, or None.
    """
    return listed(collections, v)


@export(f"{_HERE}._aggregate_across_replicas")
def aggregate_across_replicas(metrics_collections: Any, metric_value_fn: Any, *args: Any) -> Any:
    """Return a metric's value, which is in the collections from now on: there is one replica.

    Args:
        metrics_collections: Their names, or None.
        metric_value_fn: A function of the strategy and `args`.
        *args: What the value is made of.
    """
    return listed(metrics_collections, metric_value_fn(None, *args))


@export(f"{_HERE}._safe_scalar_div")
def safe_scalar_div(numerator: Any, denominator: Any, name: str) -> Any:
    """Return a quotient, 0 where the denominator is 0.

    Args:
        numerator: A tensor.
        denominator: A tensor.
        name: Of the operation.
    """
    return div_no_nan(numerator, denominator, name=name)


@export(f"{_HERE}._confusion_matrix_at_thresholds")
def confusion_matrix_at_thresholds(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
    includes: Sequence[str] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Return for each of the four cases how often it occurred at each threshold, and what adds these.

    Args:
        labels: Bools.
        predictions: Of their shape, between 0 and 1.
        thresholds: Above which a prediction counts as true.
        weights: Of their shape, or None.
        includes: Which of `"tp"`, `"fn"`, `"tn"`, `"fp"`; None means all.

    Raises:
        ValueError: There is no such case.
    """
    cases = ("tp", "fn", "tn", "fp")
    for include in includes or ():
        if include not in cases:
            raise ValueError(f"Invalid key: {include}.")
    return counts_at_thresholds(labels, predictions, thresholds, weights, includes or cases)


@export(f"{_HERE}._streaming_sparse_average_precision_at_top_k")
def streaming_sparse_average_precision_at_top_k(
    labels: Any, predictions_idx: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the mean of the average precision of classes in their order, and what updates it.

    Args:
        labels: Classes that are right.
        predictions_idx: Classes, the best first.
        weights: Of their shape, or None.
        metrics_collections: What the mean joins.
        updates_collections: What the update joins.
        name: Of the scope.
    """
    return mean_average_precision(labels, predictions_idx, weights, metrics_collections, updates_collections, name)
