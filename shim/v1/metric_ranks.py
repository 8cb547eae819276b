"""Metrics of the best `k` predictions: `tf.metrics.precision_at_k`, `tf.metrics.recall_at_k` and the like."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import fill, ones, ones_like, zeros_like
from onevar.v1.array_ops_index import slice_, where_v2
from onevar.v1.array_ops_shape import concat, expand_dims, rank, reshape, shape, size, tile
from onevar.v1.broadcast_weights import assert_broadcastable, broadcast_weights
from onevar.v1.common import dims_of, rank_of, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export, exported
from onevar.v1.math_ops_elementwise import add, cast, div_no_nan, divide, equal, minimum, multiply
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import cumsum, reduce_max, reduce_sum
from onevar.v1.metric_variables import listed, metric_variable, refuse_eager
from onevar.v1.set_ops import set_difference, set_intersection, set_size, tensor_or_sparse
from onevar.v1.sparse_types import SparseTensor, SparseTensorValue
from onevar.v1.state_ops import assign_add

Metric = tuple[Any, Any]


def _at_k(name: str, k: int | None, class_id: int | None = None) -> str:
    name = f"{name}_at_k" if k is None else f"{name}_at_{k}"
    return name if class_id is None else f"{name}_class{class_id}"


def _with_sets(labels: Any, predictions: Any) -> Any:
    """Return labels as sets, of the rank of predictions: one label each becomes a set of one."""
    with name_scope(None, "expand_labels", [labels, predictions]) as scope:
        labels = tensor_or_sparse(labels)
        if isinstance(labels, SparseTensor):
            return cond(
                equal(rank(predictions), size(labels.dense_shape) + 1),
                lambda: exported("sparse_reshape")(labels, shape=concat((labels.dense_shape, (1,)), 0), name=scope),
                lambda: labels,
            )
        ranks = rank_of(labels), rank_of(predictions)
        if ranks[0] is None or ranks[1] is None:
            return cond(
                equal(rank(predictions), rank(labels) + 1),
                lambda: expand_dims(labels, -1, name=scope),
                lambda: labels,
            )
        if ranks[1] == ranks[0]:
            return labels
        if ranks[1] == ranks[0] + 1:
            return expand_dims(labels, -1, name=scope)
        raise ValueError(
            f"Unexpected labels shape {shape_of(labels)} for predictions shape {shape_of(predictions)}. Predictions "
            "rank should be the same rank as labels rank or labels rank plus one ."
        )


def _only(ids: Any, class_id: int) -> SparseTensor:
    """Return sets without all elements but one."""
    ids = tensor_or_sparse(ids)
    if isinstance(ids, SparseTensor):
        return exported("sparse_retain")(ids, equal(ids.values, class_id))
    sizes = shape(ids, out_type=dtypes.int64)
    last = reshape(size(sizes) - 1, [1])
    filled = fill(_reduced_shape(sizes, last), cast(class_id, dtypes.int64))
    result = set_intersection(filled, ids)
    return SparseTensor(result.indices, result.values, sizes)


def _reduced_shape(sizes: Any, axes: Any) -> Any:
    """Return a shape with 1 in the place of some sizes, by operations."""
    number = size(sizes)
    axes = (axes + number) % number
    new = shape(axes)
    return exported("dynamic_stitch")([range_(number), axes], [sizes, ones(new, dtype=dtypes.int64)])


def _hits(predictions: Any, labels: Any) -> SparseTensor:
    return set_intersection(predictions, labels)


def _missed(predictions: Any, labels: Any) -> SparseTensor:
    return set_difference(predictions, labels, aminusb=False)


def _wrong(predictions: Any, labels: Any) -> SparseTensor:
    return set_difference(predictions, labels, aminusb=True)


#: The sets that are counted: the scope of the count, that of the total, and the operation.
_KINDS: dict[str, tuple[str, Callable[[Any, Any], SparseTensor]]] = {
    "true_positive": ("true_positives", _hits),
    "false_negative": ("false_negatives", _missed),
    "false_positive": ("false_positives", _wrong),
}


def _count(kind: str, labels: Any, predictions: Any, class_id: int | None = None, weights: Any = None,
           name: str | None = None) -> Any:  # fmt: skip
    """Return how many elements of a kind each pair of sets has."""
    scope, chosen = _KINDS[kind]
    with name_scope(name, scope, [predictions, labels, weights]):
        if class_id is not None:
            labels, predictions = _only(labels, class_id), _only(predictions, class_id)
        count = cast(set_size(chosen(predictions, labels)), dtypes.float64)
        if weights is not None:
            with control_dependencies([assert_broadcastable(weights, count)]):
                count = multiply(count, cast(weights, dtypes.float64))
        return count


def _total(kind: str, labels: Any, predictions: Any, k: int | None, class_id: int | None, weights: Any) -> Metric:
    """Return how many elements of a kind there were so far, and what adds these."""
    with name_scope(None, _at_k(kind, k, class_id), [predictions, labels, weights]) as scope:
        count = _count(kind, labels, predictions, class_id, weights)
        batch = cast(reduce_sum(count), dtypes.float64)
        total = metric_variable([], dtypes.float64, name=scope)
        return total, assign_add(total, batch, name="update")


def _share(
    short: str, missed: str, labels: Any, predictions_idx: Any, k: int | None, class_id: int | None, weights: Any,
    collections: tuple[Any, Any], name: str | None,
) -> Metric:  # fmt: skip
    """Return true positives over themselves and another kind."""
    with name_scope(name, _at_k(short, k, class_id), [predictions_idx, labels, weights]) as scope:
        labels = _with_sets(labels, predictions_idx)
        best = cast(predictions_idx, dtypes.int64)
        hits, update_hits = _total("true_positive", labels, best, k, class_id, weights)
        misses, update_misses = _total(missed, labels, best, k, class_id, weights)
        value = listed(collections[0], divide(hits, add(hits, misses), name=scope))
        update = divide(update_hits, add(update_hits, update_misses), name="update")
        return value, listed(collections[1], update)


@export("metrics.recall_at_top_k")
def recall_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return which share of labels is among the best predictions; see `tf.compat.v1.metrics.recall_at_top_k`.

    Raises:
        ValueError: Shapes that do not fit.
    """
    collections = metrics_collections, updates_collections
    return _share("recall", "false_negative", labels, predictions_idx, k, class_id, weights, collections, name)


@export("metrics.precision_at_top_k")
def precision_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return which share of the best predictions is right; see `tf.compat.v1.metrics.precision_at_top_k`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("precision_at_top_k")
    collections = metrics_collections, updates_collections
    return _share("precision", "false_positive", labels, predictions_idx, k, class_id, weights, collections, name)


@export("metrics.recall_at_k")
def recall_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return which share of labels is among the `k` best; see `tf.compat.v1.metrics.recall_at_k`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("recall_at_k")
    with name_scope(name, _at_k("recall", k, class_id), [predictions, labels, weights]) as scope:
        _, best = exported("nn.top_k")(predictions, k)
        return recall_at_top_k(labels, best, k, class_id, weights, metrics_collections, updates_collections, scope)


@export("metrics.precision_at_k")
def precision_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return which share of the `k` best is right; see `tf.compat.v1.metrics.precision_at_k`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit.
    """
    refuse_eager("sparse_precision_at_k")
    with name_scope(name, _at_k("precision", k, class_id), [predictions, labels, weights]) as scope:
        _, best = exported("nn.top_k")(predictions, k)
        return precision_at_top_k(labels, best, k, class_id, weights, metrics_collections, updates_collections, scope)


@export("metrics.sparse_precision_at_k")
def sparse_precision_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return `precision_at_k` of the same arguments; the older name."""
    return precision_at_k(labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name)


def _tiled(tensor: Any, multiple: int, name: str) -> Any:
    """Return sets, each so many times: a dimension before the last one is added."""
    with name_scope(name, "expand_and_tile", [tensor, multiple, -1]) as scope:
        tensor = tensor_or_sparse(tensor)
        if isinstance(tensor, SparseTensor):
            return _tiled_sparse(tensor, multiple, scope)
        expanded = expand_dims(tensor, -2, name="expand")
        if multiple == 1:
            return expanded
        once = ones_like(shape(tensor))
        times = concat((once[:-1], (multiple,), once[-1:]), 0, name="multiples")
        return tile(expanded, times, name=scope)


def _tiled_sparse(tensor: SparseTensor, multiple: int, scope: str) -> SparseTensor:
    before = reshape(size(tensor.dense_shape) + -1, [1])
    front = slice_(tensor.dense_shape, [0], before)
    back = slice_(tensor.dense_shape, before, [-1])
    expanded_shape = concat((front, [1], back), 0, name="expanded_shape")
    expanded = exported("sparse_reshape")(tensor, shape=expanded_shape, name="expand")
    return expanded if multiple == 1 else exported("sparse_concat")(-2, [expanded] * multiple, name=scope)


def _relevant(labels: Any, k: int) -> Any:
    """Return how many of the labels of each set `k` predictions can hit."""
    with name_scope(None, "num_relevant", [labels]) as scope:
        labels = tensor_or_sparse(labels)
        if isinstance(labels, SparseTensor):
            return minimum(set_size(labels), k, name=scope)
        is_label = op("GreaterEqual", x=labels, y=0)
        number = reduce_sum(where_v2(is_label, ones_like(labels), zeros_like(labels)), axis=-1)
        return minimum(number, k, name=scope)


def _average_precision(labels: Any, predictions_idx: Any) -> Any:
    """Return for each set of labels the mean of the precisions at each hit."""
    with name_scope(None, "average_precision", [predictions_idx, labels]) as scope:
        best = cast(predictions_idx, dtypes.int64, name="predictions_idx")
        dims = dims_of(best)
        if dims == ():
            raise ValueError("The rank of `predictions_idx` must be at least 1.")
        k = None if dims is None else dims[-1]
        if k is None:
            raise ValueError("The last dimension of predictions_idx must be set. Currently, it is None.")
        labels = _with_sets(labels, best)
        best_each = expand_dims(best, -1, name="predictions_idx_per_k")
        labels_each = _tiled(labels, k, name="labels_per_k")
        hits = _count("true_positive", labels_each, best_each, name="relevant_per_k")
        found = cumsum(hits, axis=-1, name="tp_per_k")
        tried = cumsum(ones_like(hits), axis=-1, name="retrieved_per_k")
        precision = divide(cast(found, dtypes.float64), cast(tried, dtypes.float64), name="precision_per_k")
        at_hits = multiply(precision, cast(hits, dtypes.float64), name="relevant_precision_per_k")
        total = reduce_sum(at_hits, axis=(-1,), name="precision_sum")
        return divide(total, cast(_relevant(labels, k), dtypes.float64), name=scope)


def mean_average_precision(
    labels: Any, predictions_idx: Any, weights: Any, metrics: Any, updates: Any, name: str | None
) -> Metric:
    """Return the mean of the average precision of classes in their order, and what updates it.

    Args:
        labels: Classes that are right.
        predictions_idx: Classes, the best first.
        weights: Of their shape, or None.
        metrics: What the mean joins.
        updates: What the update joins.
        name: Of the scope.
    """
    with name_scope(name, "average_precision_at_top_k", [predictions_idx, labels, weights]) as scope:
        precision = _average_precision(labels, predictions_idx)
        if weights is not None:
            weights = broadcast_weights(cast(weights, dtypes.float64), precision)
            precision = multiply(precision, weights)
        with name_scope(None, "max", [precision]) as max_scope:
            largest = metric_variable([], dtypes.float64, name=max_scope)
            if weights is None:
                batch = cast(size(precision, name="batch_max"), dtypes.float64)
            else:
                batch = reduce_sum(weights, name="batch_max")
            update_largest = assign_add(largest, batch, name="update")
        with name_scope(None, "total", [precision]) as total_scope:
            total = metric_variable([], dtypes.float64, name=total_scope)
            update_total = assign_add(total, reduce_sum(precision, name="batch_total"), name="update")
        value = listed(metrics, div_no_nan(total, largest, name="mean"))
        return value, listed(updates, div_no_nan(update_total, update_largest, name=scope))


def _without_unknown(labels: Any, classes: Any) -> Any:
    """Return labels with -1 in the place of those that are no class."""
    is_sparse = isinstance(labels, SparseTensor | SparseTensorValue)

    def replaced(values: Any) -> Any:
        is_unknown = op("GreaterEqual", x=values, y=classes)
        return where_v2(is_unknown, -1 * ones_like(values), values)

    def cleaned() -> Any:
        if not is_sparse:
            return replaced(labels)
        return type(labels)(labels.indices, replaced(labels.values), labels.dense_shape)

    largest = reduce_max(labels.values if is_sparse else labels)
    return cond(op("GreaterEqual", x=largest, y=classes), cleaned, lambda: labels)


@export("metrics.average_precision_at_k")
def average_precision_at_k(
    labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return the mean of the average precision of the `k` best; see `tf.compat.v1.metrics.average_precision_at_k`.

    Raises:
        RuntimeError: Execution is eager.
        ValueError: Shapes that do not fit, or a `k` below 1.
    """
    refuse_eager("sparse_average_precision_at_k")
    if k < 1:
        raise ValueError(f"Invalid k={k}. `k` should be >= 1.")
    with name_scope(name, _at_k("average_precision", k), [predictions, labels, weights]) as scope:
        _, best = exported("nn.top_k")(predictions, k)
        labels = _without_unknown(labels, cast(shape(predictions)[-1], dtypes.int64))
        return mean_average_precision(labels, best, weights, metrics_collections, updates_collections, scope)


@export("metrics.sparse_average_precision_at_k")
def sparse_average_precision_at_k(
    labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """Return `average_precision_at_k` of the same arguments; the older name."""
    return average_precision_at_k(labels, predictions, k, weights, metrics_collections, updates_collections, name)
