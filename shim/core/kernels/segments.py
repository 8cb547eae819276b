"""Reductions of segments: rows that have the same number."""

from math import prod
from typing import Any

import ml_dtypes
import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.spec import Shape, Spec


def _least(dtype: str) -> Any:
    """The lowest finite number: what TensorFlow says is the maximum of nothing."""
    if "float" in dtype:
        return float(ml_dtypes.finfo(dtype).min)
    return int(np.iinfo(dtype).min)


def _greatest(dtype: str) -> Any:
    return float(ml_dtypes.finfo(dtype).max) if "float" in dtype else int(np.iinfo(dtype).max)


def _reduced(k: Any, data: Any, ids: Any, count: int, mode: str, start: Any) -> Any:
    """Rows of `data` gathered into `count` rows that begin as `start`; negative numbers are dropped."""
    shape, rank = k.shape(data), len(k.shape(ids))
    rows = k.reshape(data, (prod(shape[:rank]), *shape[rank:]))
    ids = k.reshape(ids, (-1,))
    spare = k.where(k.less(ids, 0), k.full((), count, k.dtype(ids)), ids)
    result = k.scatter(k.full((count + 1, *shape[rank:]), start, k.dtype(data)), spare, rows, mode)
    return k.getitem(result, (slice(0, count),))


def _sums(k: Any, data: Any, ids: Any, count: int) -> Any:
    shape, rank = k.shape(data), len(k.shape(ids))
    return k.segment_sum(k.reshape(data, (prod(shape[:rank]), *shape[rank:])), k.reshape(ids, (-1,)), count)


def _segment_shape(data: Spec, ids: Spec) -> Shape:
    rules.with_rank(ids.shape, 1)
    shape = rules.at_least(data.shape, 1)
    if shape is None:
        return None
    known = ids.value if isinstance(ids.value, np.ndarray) else None
    return (None if known is None else _count(known), *shape[1:])


def _count(ids: np.ndarray) -> int:
    return int(ids[-1]) + 1 if ids.size else 0


def _check_sorted(ids: np.ndarray) -> None:
    if ids.size and (ids[0] < 0 or (np.diff(ids) < 0).any()):
        raise ValueError("segment ids are not increasing" if (np.diff(ids) < 0).any() else "segment ids must be >= 0")


def _means(k: Any, sums: Any, counts: np.ndarray, power: float = 1.0) -> Any:
    divisors = np.maximum(counts, 1).astype(np.float64) ** power
    divisors = divisors.reshape(-1, *(1,) * (len(k.shape(sums)) - 1))
    return k.divide(sums, k.astype(k.asarray(divisors), k.dtype(sums)))


@kernel("SegmentSum", host=("segment_ids",), infer=_segment_shape)
def _segment_sum(k: Any, data: Any, ids: np.ndarray) -> Any:
    _check_sorted(ids)
    return _sums(k, data, k.asarray(ids), _count(ids))


@kernel("SegmentMean", host=("segment_ids",), infer=_segment_shape)
def _segment_mean(k: Any, data: Any, ids: np.ndarray) -> Any:
    return _means(k, _segment_sum(k, data, ids), np.bincount(ids, minlength=_count(ids)))


def _sorted_reduction(type: str, mode: str, start: Any, empty: int) -> None:
    """A reduction of sorted segments, whose value where there are no rows is `empty`."""

    def reduce(k: Any, data: Any, ids: np.ndarray) -> Any:
        _check_sorted(ids)
        count = _count(ids)
        result = _reduced(k, data, k.asarray(ids), count, mode, start(k.dtype(data)))
        gaps = np.bincount(ids, minlength=count) == 0
        if not gaps.any() or start(k.dtype(data)) == empty:
            return result
        gaps = gaps.reshape(-1, *(1,) * (len(k.shape(result)) - 1))
        return k.where(k.asarray(gaps), k.full((), empty, k.dtype(data)), result)

    kernel(type, host=("segment_ids",), infer=_segment_shape)(reduce)


_sorted_reduction("SegmentProd", "multiply", lambda dtype: 1, 1)
_sorted_reduction("SegmentMax", "max", _least, 0)
_sorted_reduction("SegmentMin", "min", _greatest, 0)


def _unsorted_shape(data: Spec, ids: Spec, count: Spec) -> Shape:
    rules.with_rank(count.shape, 0)
    if data.shape is None or ids.shape is None:
        return None
    rules.merge(data.shape[: len(ids.shape)], ids.shape)
    return (None if count.value is None else int(count.value), *data.shape[len(ids.shape) :])


@kernel("UnsortedSegmentSum", host=("num_segments",), infer=_unsorted_shape)
def _unsorted_segment_sum(k: Any, data: Any, ids: Any, count: np.ndarray) -> Any:
    return _sums(k, data, ids, int(count))


def _unsorted_reduction(type: str, mode: str, start: Any) -> None:
    def reduce(k: Any, data: Any, ids: Any, count: np.ndarray) -> Any:
        return _reduced(k, data, ids, int(count), mode, start(k.dtype(data)))

    kernel(type, host=("num_segments",), infer=_unsorted_shape)(reduce)


_unsorted_reduction("UnsortedSegmentProd", "multiply", lambda dtype: 1)
_unsorted_reduction("UnsortedSegmentMax", "max", _least)
_unsorted_reduction("UnsortedSegmentMin", "min", _greatest)


def _sparse_shape(data: Spec, indices: Spec, ids: Spec) -> Shape:
    rules.merge(rules.with_rank(indices.shape, 1), rules.with_rank(ids.shape, 1))
    return _segment_shape(data, ids)


def _sparse_counted_shape(data: Spec, indices: Spec, ids: Spec, count: Spec) -> Shape:
    rules.merge(rules.with_rank(indices.shape, 1), rules.with_rank(ids.shape, 1))
    shape = rules.at_least(data.shape, 1)
    return None if shape is None else (None if count.value is None else int(count.value), *shape[1:])


def _sparse_reduction(type: str, power: float) -> None:
    """Sums of chosen rows, divided by how many they are to the power; with and without the number of segments."""

    def reduce(k: Any, data: Any, indices: Any, ids: np.ndarray) -> Any:
        return counted(k, data, indices, ids, np.array(_count(ids)))

    def counted(k: Any, data: Any, indices: Any, ids: np.ndarray, count: np.ndarray) -> Any:
        _check_sorted(ids)
        sums = _sums(k, k.take(data, indices, axis=0), k.asarray(ids), int(count))
        return sums if power == 0 else _means(k, sums, np.bincount(ids, minlength=int(count))[: int(count)], power)

    kernel(type, host=("segment_ids",), infer=_sparse_shape)(reduce)
    hosts = ("segment_ids", "num_segments")
    kernel(type + "WithNumSegments", host=hosts, infer=_sparse_counted_shape)(counted)


_sparse_reduction("SparseSegmentSum", 0)
_sparse_reduction("SparseSegmentMean", 1)
_sparse_reduction("SparseSegmentSqrtN", 0.5)
