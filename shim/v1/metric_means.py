"""Metrics that are means: `tf.metrics.mean`, `tf.metrics.accuracy`, `tf.metrics.mean_squared_error` and the like."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.default_graph import control_dependencies
from onevar.v1.array_ops_create import ones, ones_like, zeros_like
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import reshape, size
from onevar.v1.broadcast_weights import broadcast_weights
from onevar.v1.common import dtype_of, rank_of, shape_of
from onevar.v1.confusion_ops import confusion_matrix, remove_squeezable_dimensions
from onevar.v1.export import export, exported
from onevar.v1.math_ops_elementwise import abs_, cast, divide, equal, less, multiply, not_equal, sqrt, subtract
from onevar.v1.math_ops_reduce import reduce_mean, reduce_sum
from onevar.v1.metric_variables import aligned, listed, metric_variable, ratio, refuse_eager
from onevar.v1.state_ops import assign_add
from onevar.v1.variable_scopes import variable_scope

Metric = tuple[Any, Any]


@export("metrics.mean")
def mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean of all values so far, and what adds `values` to them; see `tf.compat.v1.metrics.mean`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: The weights' shape does not fit.
    """
    refuse_eager("mean")
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, dtypes.float32)
        total = metric_variable([], dtypes.float32, name="total")
        count = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            number = cast(size(values), dtypes.float32)
        else:
            values, weights = _weighed(values, weights)
            number = reduce_sum(weights)
        return _mean_of(total, count, values, (lambda: reduce_sum(values), number),
                        metrics_collections, updates_collections)  # fmt: skip


def _weighed(values: Any, weights: Any) -> tuple[Any, Any]:
    values, _, weights = aligned(values, None, weights)
    weights = broadcast_weights(cast(weights, dtypes.float32), values)
    return multiply(values, weights), weights


def _mean_of(
    total: Any, count: Any, values: Any, added: tuple[Callable[[], Any], Any], metrics: Any, updates: Any
) -> Metric:
    more, number = added
    update_total = assign_add(total, more())
    with control_dependencies([values]):
        update_count = assign_add(count, number)
    value = listed(metrics, ratio(total, count, "value"))
    return value, listed(updates, ratio(update_total, update_count, "update_op"))


@export("metrics.mean_tensor")
def mean_tensor(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean of all values so far, element by element; see `tf.compat.v1.metrics.mean_tensor`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: The weights' shape does not fit.
    """
    refuse_eager("mean_tensor")
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, dtypes.float32)
        total = metric_variable(shape_of(values), dtypes.float32, name="total_tensor")
        count = metric_variable(shape_of(values), dtypes.float32, name="count_tensor")
        number = ones_like(values)
        if weights is not None:
            values, weights = _weighed(values, weights)
            number = multiply(number, weights)
        return _mean_of(total, count, values, (lambda: values, number), metrics_collections, updates_collections)


@export("metrics.accuracy")
def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return how often predictions were the labels; see `tf.compat.v1.metrics.accuracy`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("accuracy")
    predictions, labels, weights = aligned(predictions, labels, weights)
    shape_of(predictions).assert_is_compatible_with(shape_of(labels))
    if dtype_of(labels) is not dtype_of(predictions):
        predictions = cast(predictions, dtype_of(labels))
    is_correct = cast(equal(predictions, labels), dtypes.float32)
    return mean(is_correct, weights, metrics_collections, updates_collections, name or "accuracy")


@export("metrics.mean_absolute_error")
def mean_absolute_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean of `|predictions - labels|`; see `tf.compat.v1.metrics.mean_absolute_error`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("mean_absolute_error")
    predictions, labels, weights = aligned(predictions, labels, weights)
    errors = abs_(predictions - labels)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_absolute_error")


@export("metrics.mean_cosine_distance")
def mean_cosine_distance(
    labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return one minus the mean inner product; see `tf.compat.v1.metrics.mean_cosine_distance`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("mean_cosine_distance")
    predictions, labels, weights = aligned(predictions, labels, weights)
    products = reduce_sum(multiply(predictions, labels), axis=[dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    value, update = subtract(1.0, value), subtract(1.0, update)
    return listed(metrics_collections, value), listed(updates_collections, update)


@export("metrics.mean_relative_error")
def mean_relative_error(
    labels: Any, predictions: Any, normalizer: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean of `|predictions - labels| / normalizer`; see `tf.compat.v1.metrics.mean_relative_error`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("mean_relative_error")
    predictions, labels, weights = aligned(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    shape_of(predictions).assert_is_compatible_with(shape_of(normalizer))
    is_zero = equal(normalizer, 0.0)
    errors = where(is_zero, zeros_like(labels), divide(abs_(labels - predictions), normalizer))
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_relative_error")


@export("metrics.mean_squared_error")
def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean of `(predictions - labels) ** 2`; see `tf.compat.v1.metrics.mean_squared_error`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("mean_squared_error")
    predictions, labels, weights = aligned(predictions, labels, weights)
    errors = op("SquaredDifference", x=labels, y=predictions)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_squared_error")


@export("metrics.root_mean_squared_error")
def root_mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the square root of the mean squared error; see `tf.compat.v1.metrics.root_mean_squared_error`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("root_mean_squared_error")
    predictions, labels, weights = aligned(predictions, labels, weights)
    value, update = mean_squared_error(labels, predictions, weights, None, None, name or "root_mean_squared_error")
    return listed(metrics_collections, sqrt(value)), listed(updates_collections, sqrt(update))


@export("metrics.percentage_below")
def percentage_below(
    values: Any, threshold: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return which share of values was below a threshold; see `tf.compat.v1.metrics.percentage_below`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: The weights' shape does not fit.
    """
    refuse_eager("percentage_below")
    is_below = cast(less(values, threshold), dtypes.float32)
    return mean(is_below, weights, metrics_collections, updates_collections, name or "percentage_below_threshold")


def _flat(tensor: Any) -> Any:
    return reshape(tensor, [-1]) if _dimensions(tensor) > 1 else tensor


def _dimensions(tensor: Any) -> int:
    known = rank_of(tensor)
    if known is None:
        raise TypeError(f"The rank of {tensor} has to be known.")
    return known


@export("metrics.mean_per_class_accuracy")
def mean_per_class_accuracy(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean over classes of their accuracy; see `tf.compat.v1.metrics.mean_per_class_accuracy`.

    The second of the pair updates it, and returns the accuracy of each class.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
        TypeError: An unknown rank.
    """
    refuse_eager("mean_per_class_accuracy")
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = _flat(cast(labels, dtypes.int64))
        predictions = _flat(predictions)
        shape_of(predictions).assert_is_compatible_with(shape_of(labels))
        total = metric_variable([num_classes], dtypes.float32, name="total")
        count = metric_variable([num_classes], dtypes.float32, name="count")
        seen = ones([size(labels)], dtypes.float32)
        if dtype_of(labels) is not dtype_of(predictions):
            predictions = cast(predictions, dtype_of(labels))
        is_correct = cast(equal(predictions, labels), dtypes.float32)
        if weights is not None:
            weights = cast(_flat(weights), dtypes.float32)
            is_correct *= weights
            seen *= weights
        update_total = exported("scatter_add")(total, labels, seen)
        update_count = exported("scatter_add")(count, labels, is_correct)
        value = reduce_mean(ratio(count, total, None), name="mean_accuracy")
        update = ratio(update_count, update_total, "update_op")
        return listed(metrics_collections, value), listed(updates_collections, update)


@export("metrics.mean_iou")
def mean_iou(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean over classes of intersection over union; see `tf.compat.v1.metrics.mean_iou`.

    The second of the pair updates it, and returns the confusion matrix so far.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
        TypeError: An unknown rank.
    """
    refuse_eager("mean_iou")
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        shape_of(predictions).assert_is_compatible_with(shape_of(labels))
        matrix, update = _counted_pairs(labels, predictions, num_classes, weights)
        value = _intersection_over_union(matrix)
        return listed(metrics_collections, value), listed(updates_collections, update)


def _counted_pairs(labels: Any, predictions: Any, num_classes: int, weights: Any) -> Metric:
    """Return the confusion matrix of all that was seen, and what updates it."""
    total = metric_variable([num_classes, num_classes], dtypes.float64, name="total_confusion_matrix")
    predictions, labels = cast(predictions, dtypes.int64), cast(labels, dtypes.int64)
    classes = cast(num_classes, dtypes.int64)
    predictions, labels = _flat(predictions), _flat(labels)
    weights = None if weights is None else _flat(weights)
    current = confusion_matrix(labels, predictions, classes, weights=weights, dtype=dtypes.float64)
    return total, assign_add(total, current)


def _intersection_over_union(matrix: Any) -> Any:
    labelled = cast(reduce_sum(matrix, 0), dtypes.float32)
    predicted = cast(reduce_sum(matrix, 1), dtypes.float32)
    both = cast(exported("diag_part")(matrix), dtypes.float32)
    union = labelled + predicted - both
    # Classes that neither occur nor were predicted are no part of the mean.
    number = reduce_sum(cast(not_equal(union, 0), dtype=dtypes.float32))
    union = where(op("Greater", x=union, y=0), union, ones_like(union))
    shares = divide(both, union)
    return where(op("Greater", x=number, y=0), reduce_sum(shares, name="mean_iou") / number, 0)
