"""Elements chosen by a condition, by rank or by being first: Select, Where, TopK, Unique."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.spec import Shape, ShapeError, Spec


def _selected(condition: Spec, x: Spec, y: Spec) -> Shape:
    shape = rules.merge(x.shape, y.shape)
    chosen = condition.shape
    if shape is None or chosen is None or len(chosen) == 0:
        return shape
    if len(chosen) == 1 and len(shape) != 1:
        if shape:
            rules.merge_dim(chosen[0], shape[0])
        return shape
    return rules.merge(shape, chosen)


@kernel("Select", infer=_selected)
def _select(k: Any, condition: Any, x: Any, y: Any) -> Any:
    rank, depth = len(k.shape(x)), len(k.shape(condition))
    if depth == 1 and rank > 1:
        # A vector chooses whole rows.
        condition = k.reshape(condition, (-1,) + (1,) * (rank - 1))
    return k.where(condition, x, y)


@kernel("Where", on_host=True, infer=lambda x: (None, None if x.shape is None else len(x.shape)))
def _where(k: Any, condition: np.ndarray) -> Any:
    return np.argwhere(condition).astype(np.int64)


def _hot_shape(indices: Spec, depth: Spec, on: Spec, off: Spec, *, axis: int) -> Shape:
    if axis < -1:
        raise ShapeError("axis must be >= -1")
    rules.with_rank(depth.shape, 0)
    if indices.shape is None:
        return None
    at = len(indices.shape) if axis == -1 else axis
    return (*indices.shape[:at], None if depth.value is None else int(depth.value), *indices.shape[at:])


@kernel("OneHot", host=("depth",), infer=_hot_shape)
def _one_hot(k: Any, indices: Any, depth: np.ndarray, on: Any, off: Any, *, axis: int) -> Any:
    rank = len(k.shape(indices))
    at = rank if axis == -1 else axis
    classes = k.arange(0, int(depth), 1, k.dtype(indices))
    classes = k.reshape(classes, tuple([-1 if i == at else 1 for i in range(rank + 1)]))
    return k.where(k.equal(k.expand_dims(indices, axis=at), classes), on, off)


def _top_shapes(x: Spec, n: Any) -> list[Shape]:
    shape = rules.at_least(x.shape, 1)
    if shape is None:
        return [None, None]
    if n is not None and shape[-1] is not None and shape[-1] < n:
        raise ShapeError(f"input must have last dimension >= k = {n} but is {shape[-1]}")
    return [(*shape[:-1], n)] * 2


@kernel("TopKV2", host=("k",), infer=lambda x, n: _top_shapes(x, None if n.value is None else int(n.value)))
def _top_k_v2(k: Any, x: Any, n: np.ndarray, *, index_type: str) -> Any:
    values, positions = k.top_k(x, int(n))
    return values, k.astype(positions, index_type)


def _top_k_shapes(x: Spec, *, k: int) -> list[Shape]:
    return _top_shapes(x, k)


def _in_top_k(primitives: Any, predictions: Any, targets: Any, n: Any) -> Any:
    p = primitives
    classes = p.shape(predictions)[-1]
    valid = p.logical_and(p.greater_equal(targets, 0), p.less(targets, classes))
    safe = p.where(valid, targets, p.zeros_like(targets))
    chosen = p.take_along_axis(predictions, p.expand_dims(safe, axis=-1), axis=-1)
    better = p.astype(p.greater(predictions, chosen), "int32")
    within = p.less(p.sum(better, axis=-1), n)
    finite = p.all(p.isfinite(predictions), axis=-1)
    return p.logical_and(p.logical_and(within, finite), valid)


def _in_top_shape(predictions: Spec, targets: Spec, *_: Spec) -> Shape:
    rows = rules.with_rank(predictions.shape, 2)[0]
    return (rules.merge_dim(rows, rules.with_rank(targets.shape, 1)[0]),)


@kernel("InTopKV2", infer=_in_top_shape)
def _in_top_k_v2(p: Any, predictions: Any, targets: Any, n: Any) -> Any:
    return _in_top_k(p, predictions, targets, p.astype(n, "int32"))


# `k` is the attribute's name here, so that the primitives come first and by position.
def _top_k(p: Any, x: Any, /, *, k: int) -> Any:
    return p.top_k(x, k)


def _in_top_k_v1(p: Any, predictions: Any, targets: Any, /, *, k: int) -> Any:
    return _in_top_k(p, predictions, targets, k)


kernel("TopK", infer=_top_k_shapes)(_top_k)
kernel("InTopK", infer=_in_top_shape)(_in_top_k_v1)


def _first_seen(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different elements in order of appearance, where each element is among them, and how often they occur."""
    items = x.tolist() if x.dtype == object else x
    _, first, inverse, counts = np.unique(items, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return x[first[order]], place[inverse.reshape(-1)], counts[order]


def _unique_shapes(x: Spec) -> list[Shape]:
    return [(None,), rules.with_rank(x.shape, 1)]


@kernel("Unique", on_host=True, infer=_unique_shapes)
def _unique(k: Any, x: np.ndarray, *, out_idx: str) -> Any:
    y, places, _ = _first_seen(x)
    return y, places.astype(out_idx)


@kernel("UniqueWithCounts", on_host=True, infer=lambda x: [*_unique_shapes(x), (None,)])
def _unique_with_counts(k: Any, x: np.ndarray, *, out_idx: str) -> Any:
    y, places, counts = _first_seen(x)
    return y, places.astype(out_idx), counts.astype(out_idx)


def _along(x: np.ndarray, axis: np.ndarray, out_idx: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not axis.size:
        y, places, counts = _first_seen(x)
        return y, places.astype(out_idx), counts.astype(out_idx)
    rows = np.moveaxis(x, int(axis.item()), 0)
    keys = [row.tobytes() if row.dtype != object else tuple(row.reshape(-1).tolist()) for row in rows]
    place: dict[Any, int] = {}
    places = np.array([place.setdefault(key, len(place)) for key in keys], out_idx)
    first = [keys.index(key) for key in place]
    y = np.moveaxis(rows[first], 0, int(axis.item()))
    return y, places, np.bincount(places, minlength=len(place)).astype(out_idx)


def _unique_v2_shapes(x: Spec, axis: Spec) -> list[Shape]:
    if x.shape is None:
        return [None, (None,)]
    if axis.value is None or not axis.value.size:
        return [(None,) * len(x.shape), x.shape if len(x.shape) == 1 else (None,)]
    at = rules.axis_of(int(axis.value.item()), len(x.shape))
    return [(*x.shape[:at], None, *x.shape[at + 1 :]), (x.shape[at],)]


@kernel("UniqueV2", on_host=True, infer=_unique_v2_shapes)
def _unique_v2(k: Any, x: np.ndarray, axis: np.ndarray, *, out_idx: str) -> Any:
    return _along(x, axis, out_idx)[:2]


@kernel("UniqueWithCountsV2", on_host=True, infer=lambda x, axis: [*_unique_v2_shapes(x, axis), (None,)])
def _unique_with_counts_v2(k: Any, x: np.ndarray, axis: np.ndarray, *, out_idx: str) -> Any:
    return _along(x, axis, out_idx)


@kernel("ListDiff", on_host=True, infer=lambda x, y: [(None,), (None,)])
def _list_diff(k: Any, x: np.ndarray, y: np.ndarray, *, out_idx: str) -> Any:
    places = np.flatnonzero(~np.isin(x, y)) if x.dtype != object else _text_diff(x, y)
    return x[places], places.astype(out_idx)


def _text_diff(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    there = set(y.tolist())
    return np.array([i for i, item in enumerate(x.tolist()) if item not in there], np.int64)
