"""`tf.contrib.metrics.streaming_*` that are metrics of `tf.metrics` with the predictions before the labels."""

import inspect
from collections.abc import Callable
from typing import Any

from onevar.v1.export import export, export_value, exported

_COLLECTIONS: tuple[tuple[str, Any], ...] = (
    ("metrics_collections", None), ("updates_collections", None), ("name", None),
)  # fmt: skip
_WEIGHTS = ("weights", None)
#: Name below `contrib.metrics`: the metric below `tf`, and the arguments before the collections. A tuple has a default.
_ALIASES: dict[str, tuple[str, tuple[Any, ...]]] = {
    **{
        f"streaming_{name}": (f"metrics.{name}", ("predictions", "labels", _WEIGHTS))
        for name in (
            "true_positives", "true_negatives", "false_positives", "false_negatives", "accuracy", "precision",
            "recall", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error",
        )
    },
    "streaming_mean": ("metrics.mean", ("values", _WEIGHTS)),
    "streaming_mean_tensor": ("metrics.mean_tensor", ("values", _WEIGHTS)),
    "streaming_mean_relative_error": (
        "metrics.mean_relative_error", ("predictions", "labels", "normalizer", _WEIGHTS),
    ),
    "streaming_percentage_less": ("metrics.percentage_below", ("values", "threshold", _WEIGHTS)),
    "streaming_mean_iou": ("metrics.mean_iou", ("predictions", "labels", "num_classes", _WEIGHTS)),
    "streaming_specificity_at_sensitivity": (
        "metrics.specificity_at_sensitivity",
        ("predictions", "labels", "sensitivity", _WEIGHTS, ("num_thresholds", 200)),
    ),
    "streaming_sensitivity_at_specificity": (
        "metrics.sensitivity_at_specificity",
        ("predictions", "labels", "specificity", _WEIGHTS, ("num_thresholds", 200)),
    ),
    "streaming_precision_at_thresholds": (
        "metrics.precision_at_thresholds", ("predictions", "labels", "thresholds", _WEIGHTS),
    ),
    "streaming_recall_at_thresholds": (
        "metrics.recall_at_thresholds", ("predictions", "labels", "thresholds", _WEIGHTS),
    ),
    "streaming_sparse_recall_at_k": (
        "metrics.recall_at_k", ("predictions", "labels", "k", ("class_id", None), _WEIGHTS),
    ),
    "streaming_sparse_precision_at_k": (
        "metrics.precision_at_k", ("predictions", "labels", "k", ("class_id", None), _WEIGHTS),
    ),
    "streaming_sparse_average_precision_at_k": (
        "metrics.average_precision_at_k", ("predictions", "labels", "k", _WEIGHTS),
    ),
}  # fmt: skip


def _alias(name: str, metric: str, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """Return a function with these arguments that calls the metric with the same ones by name."""
    signature = inspect.Signature(
        [
            inspect.Parameter(one, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            if isinstance(one, str)
            else inspect.Parameter(one[0], inspect.Parameter.POSITIONAL_OR_KEYWORD, default=one[1])
            for one in (*arguments, *_COLLECTIONS)
        ]
    )

    def function(*args: Any, **kwargs: Any) -> Any:
        return exported(metric)(**signature.bind(*args, **kwargs).arguments)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return `tf.{metric}` of the same arguments, which come in another order."
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def both(name: str) -> tuple[str, str]:
    """Return the two names of something: `slim.metrics` is `tf.contrib.metrics`.

    Args:
        name: The name below.
    """
    return f"contrib.metrics.{name}", f"contrib.slim.metrics.{name}"


for _name, (_metric, _arguments) in _ALIASES.items():
    _made = _alias(_name, _metric, _arguments)
    for _full in both(_name):
        export_value(_full, _made)


@export(*both("streaming_auc"))
def streaming_auc(
    predictions: Any, labels: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
) -> Any:  # fmt: skip
    """Return `tf.metrics.auc` of the same arguments.

    Args:
        predictions: Between 0 and 1.
        labels: Bools.
        weights: What each counts.
        num_thresholds: At how many places the curve is known.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        curve: `"ROC"` or `"PR"`.
        name: Of the scope.
    """
    return exported("metrics.auc")(
        predictions=predictions, labels=labels, weights=weights, num_thresholds=num_thresholds, curve=curve,
        metrics_collections=metrics_collections, updates_collections=updates_collections, name=name,
    )  # fmt: skip


def _at_k(name: str, k: int | None = None, class_id: int | None = None) -> str:
    name = f"{name}_at_k" if k is None else f"{name}_at_{k}"
    return name if class_id is None else f"{name}_class{class_id}"


@export(*both("streaming_recall_at_k"))
def streaming_recall_at_k(
    predictions: Any, labels: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return how often the label is among the `k` likeliest classes.

    Args:
        predictions: `[batch, classes]`.
        labels: `[batch]`.
        k: How many.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    hit = exported("cast")(exported("nn.in_top_k")(predictions, labels, k), exported("float32"))
    return exported("metrics.mean")(hit, weights, metrics_collections, updates_collections, name or _at_k("recall", k))


def _at_top_k(kind: str) -> Callable[..., Any]:
    def function(
        labels: Any, top_k_predictions: Any, class_id: Any, weights: Any, collections: tuple[Any, Any],
        name: str | None,
    ) -> Any:  # fmt: skip
        given = (top_k_predictions, labels, weights)
        with exported("name_scope")(name, _at_k(kind, class_id=class_id), given) as scope:
            return exported(f"metrics.{kind}_at_top_k")(
                labels=labels, predictions_idx=top_k_predictions, class_id=class_id, weights=weights,
                metrics_collections=collections[0], updates_collections=collections[1], name=scope,
            )  # fmt: skip

    return function


_precision_at_top_k, _recall_at_top_k = _at_top_k("precision"), _at_top_k("recall")


@export(*both("streaming_sparse_precision_at_top_k"))
def streaming_sparse_precision_at_top_k(
    top_k_predictions: Any, labels: Any, class_id: Any = None, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return `tf.metrics.precision_at_top_k` of the same arguments.

    Args:
        top_k_predictions: The likeliest classes of each example.
        labels: The right ones.
        class_id: Only this class counts.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    collections = metrics_collections, updates_collections
    return _precision_at_top_k(labels, top_k_predictions, class_id, weights, collections, name)


@export(*both("sparse_recall_at_top_k"))
def sparse_recall_at_top_k(
    labels: Any, top_k_predictions: Any, class_id: Any = None, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return `tf.metrics.recall_at_top_k` of the same arguments.

    Args:
        labels: The right ones.
        top_k_predictions: The likeliest classes of each example.
        class_id: Only this class counts.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    collections = metrics_collections, updates_collections
    return _recall_at_top_k(labels, top_k_predictions, class_id, weights, collections, name)


@export(*both("streaming_sparse_average_precision_at_top_k"))
def streaming_sparse_average_precision_at_top_k(
    top_k_predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the mean average precision of given classes.

    Args:
        top_k_predictions: The likeliest classes of each example.
        labels: The right ones.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    return exported("python.ops.metrics_impl._streaming_sparse_average_precision_at_top_k")(
        predictions_idx=top_k_predictions, labels=labels, weights=weights, metrics_collections=metrics_collections,
        updates_collections=updates_collections, name=name,
    )  # fmt: skip


@export(*both("streaming_mean_cosine_distance"))
def streaming_mean_cosine_distance(
    predictions: Any, labels: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the mean cosine distance of unit vectors.

    Args:
        predictions: Unit vectors.
        labels: Of their shape.
        dim: Along which they lie.
        weights: What each counts.
        metrics_collections: Where the value is put.
        updates_collections: Where the update is put.
        name: Of the scope.
    """
    return exported("metrics.mean_cosine_distance")(
        labels, predictions, dim, weights, metrics_collections, updates_collections, name
    )
