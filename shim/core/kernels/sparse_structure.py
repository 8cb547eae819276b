"""Sparse tensors: ops that make other elements of those given, on the host, and the gradients of such ops."""

from math import prod
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.kernels.extra_sparse import linear, reduced_shape, strides
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, Spec


def _anywhere(*_: Any) -> list[Shape]:
    return [(None, None), (None,)]


def _at(places: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Coordinates of positions in the flattened tensor."""
    if not len(places):
        return np.zeros((0, len(shape)), np.int64)
    return np.stack(np.unravel_index(places, shape.tolist()), axis=-1).astype(np.int64)


def _extreme(op_type: str, choose: np.ufunc) -> None:
    @kernel(op_type, on_host=True, infer=_anywhere)
    def chosen(
        k: Any,
        a: np.ndarray,
        a_values: np.ndarray,
        shape: np.ndarray,
        b: np.ndarray,
        b_values: np.ndarray,
        b_shape: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        if shape.tolist() != b_shape.tolist():
            raise InvalidArgumentError(
                None, None,
                f"Operands' shapes do not match: got {_listed(shape)} and {_listed(b_shape)}",
            )  # fmt: skip
        scale = strides(shape)
        both, which = np.unique(np.concatenate([a @ scale, b @ scale]), return_inverse=True)
        left, right = np.zeros((2, len(both)), a_values.dtype)
        left[which[: len(a)]], right[which[len(a) :]] = a_values, b_values
        return _at(both, shape), choose(left, right)


def _listed(shape: np.ndarray) -> str:
    return "[" + ",".join(map(str, shape.tolist())) + "]"


_extreme("SparseSparseMaximum", np.maximum)
_extreme("SparseSparseMinimum", np.minimum)


def _groups(indices: np.ndarray, shape: np.ndarray, axes: np.ndarray, keep_dims: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each element the coordinates of the group that it is reduced with, and the shape of all groups."""
    rank = len(shape)
    gone = {int(axis) % rank for axis in axes.reshape(-1)}
    if keep_dims:
        kept = indices.copy()
        kept[:, sorted(gone)] = 0
        return kept, np.array([1 if i in gone else n for i, n in enumerate(shape.tolist())], np.int64)
    left = [i for i in range(rank) if i not in gone]
    return indices[:, left], shape[left].astype(np.int64)


def _reduced_to_sparse(op_type: str, reduce: np.ufunc) -> None:
    @kernel(op_type, on_host=True, infer=lambda *_, keep_dims: [None, None, None])
    def reduced(
        k: Any, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, axes: np.ndarray, *, keep_dims: bool
    ) -> tuple[np.ndarray, ...]:
        groups, sizes = _groups(indices, shape, axes, keep_dims)
        places, which = np.unique(groups @ strides(sizes), return_inverse=True)
        order = np.argsort(which, kind="stable")
        starts = np.searchsorted(which[order], np.arange(len(places)))
        found = reduce.reduceat(values[order], starts) if len(places) else values[:0]
        coordinates = _at(places, sizes) if len(sizes) else np.zeros((len(places), 0), np.int64)
        return coordinates, found.astype(values.dtype), sizes


_reduced_to_sparse("SparseReduceSumSparse", np.add)
_reduced_to_sparse("SparseReduceMaxSparse", np.maximum)


@kernel("SparseReduceMax", host=("input_shape", "reduction_axes"), infer=reduced_shape)
def _reduce_max(k: Any, indices: Any, values: Any, shape: np.ndarray, axes: np.ndarray, *, keep_dims: bool) -> Any:
    sizes = tuple(shape.tolist())
    gone = {int(axis) % len(sizes) for axis in axes.reshape(-1)}
    left = [i for i in range(len(sizes)) if i not in gone]
    kept = np.array([sizes[i] for i in left], np.int64)
    count, dtype = prod(kept.tolist()), k.dtype(values)
    groups = linear(k, k.stack([k.getitem(indices, (slice(None), i)) for i in left], axis=-1), kept) if left else None
    if groups is None:
        groups = k.zeros((k.shape(values)[0],), k.dtype(indices))
    lowest = -np.inf if dtype.startswith(("float", "bfloat")) else np.iinfo(dtype).min
    largest = k.scatter(k.full((count,), lowest, dtype), groups, values, "max")
    # A group without elements is zero; one whose elements are all that low is not.
    there = k.scatter(k.zeros((count,), "int32"), groups, k.ones((k.shape(values)[0],), "int32"), "max")
    out = k.where(k.greater(there, 0), largest, k.zeros((count,), dtype))
    return k.reshape(out, tuple(1 if i in gone else n for i, n in enumerate(sizes) if keep_dims or i not in gone))


def _parts_of_split(axis: Spec, indices: Spec, values: Spec, shape: Spec, *, num_split: int) -> list[Any]:
    rank = indices.shape[1] if indices.shape is not None and len(indices.shape) == 2 else None
    return [*[(None, rank)] * num_split, *[(None,)] * num_split, *[(rank,)] * num_split]


@kernel("SparseSplit", on_host=True, infer=_parts_of_split)
def _split(
    k: Any, axis: np.ndarray, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, *, num_split: int
) -> tuple[list[np.ndarray], ...]:
    rank, at = len(shape), int(axis)
    if not -rank <= at < rank:
        raise InvalidArgumentError(None, None, f"Input axis should be in range [{-rank}, {rank}), got {at}")
    at %= rank
    size = int(shape[at])
    if not 1 <= num_split <= size:
        raise InvalidArgumentError(
            None,
            None,
            f"Input num_split should be between 1 and the splitting dimension size ({size}), got {num_split}",
        )
    each, more = divmod(size, num_split)
    bounds = np.cumsum([0] + [each + (i < more) for i in range(num_split)])
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        inside = (indices[:, at] >= start) & (indices[:, at] < stop)
        moved, sizes = indices[inside].copy(), shape.astype(np.int64)
        moved[:, at] -= start
        sizes[at] = stop - start
        for kept, part in zip(parts, (moved, values[inside], sizes), strict=True):
            kept.append(part)
    return parts


# -- gradients --------------------------------------------------------------------------------------------


def _matched(found_in: np.ndarray, wanted: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """The gradients of elements, by their coordinates; zero for those that are not among `found_in`."""
    if not len(found_in) or not len(wanted):
        return np.zeros(len(wanted), gradients.dtype)
    scale = strides(np.maximum(found_in.max(axis=0), wanted.max(axis=0)) + 1)
    there = found_in @ scale
    order = np.argsort(there, kind="stable")
    places = wanted @ scale
    at = order[np.minimum(np.searchsorted(there, places, sorter=order), len(there) - 1)]
    return np.where(there[at] == places, gradients[at], gradients.dtype.type(0))


def _count_of(indices: Spec) -> Shape:
    return rules.with_rank(indices.shape, 2)[:1]


@kernel("SparseAddGrad", on_host=True, infer=lambda g, a, b, s: [_count_of(a), _count_of(b)])
def _add_gradient(
    k: Any, gradient: np.ndarray, a: np.ndarray, b: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return _matched(total, a, gradient), _matched(total, b, gradient)


@kernel("SparseSliceGrad", on_host=True, infer=lambda g, i, s, o: _count_of(i))
def _slice_gradient(
    k: Any, gradient: np.ndarray, indices: np.ndarray, start: np.ndarray, taken: np.ndarray
) -> np.ndarray:
    return _matched(taken + start, indices, gradient)


@kernel("SparseFillEmptyRowsGrad", infer=lambda m, g: [rules.with_rank(m.shape, 1), ()])
def _fill_gradient(k: Any, places: Any, gradient: Any) -> tuple[Any, Any]:
    taken = k.take(gradient, places, axis=0)
    # What belongs to no element given was filled in.
    return taken, k.subtract(k.sum(gradient), k.sum(taken))


# -- distances --------------------------------------------------------------------------------------------


def _distances_shape(h: Spec, hv: Spec, h_shape: Spec, t: Spec, tv: Spec, t_shape: Spec, *, normalize: bool) -> Shape:
    left, right = (spec.value for spec in (h_shape, t_shape))
    if not isinstance(left, np.ndarray) or not isinstance(right, np.ndarray):
        return None
    return tuple(max(a, b) for a, b in zip(left[:-1].tolist(), right[:-1].tolist(), strict=True))


@kernel("EditDistance", on_host=True, infer=_distances_shape)
def _edit_distance(
    k: Any,
    hypothesis: np.ndarray,
    hypothesis_values: np.ndarray,
    hypothesis_shape: np.ndarray,
    truth: np.ndarray,
    truth_values: np.ndarray,
    truth_shape: np.ndarray,
    *,
    normalize: bool,
) -> np.ndarray:
    if len(hypothesis_shape) != len(truth_shape):
        raise InvalidArgumentError(
            None, None,
            "hypothesis_shape and truth_shape should have same length: "
            f"{len(hypothesis_shape)} vs. {len(truth_shape)}",
        )  # fmt: skip
    out = np.zeros(np.maximum(hypothesis_shape[:-1], truth_shape[:-1]).tolist(), np.float32)
    given, wanted = _sequences(hypothesis, hypothesis_values), _sequences(truth, truth_values)
    for group in {*given, *wanted}:
        ours, theirs = given.get(group, []), wanted.get(group, [])
        distance = float(_levenshtein(ours, theirs))
        if normalize:
            distance = distance / len(theirs) if theirs else (np.inf if ours else 0.0)
        out[group] = distance
    return out


def _sequences(indices: np.ndarray, values: np.ndarray) -> dict[tuple[int, ...], list[Any]]:
    found: dict[tuple[int, ...], list[Any]] = {}
    for row, value in zip(indices.tolist(), values.tolist(), strict=True):
        found.setdefault(tuple(row[:-1]), []).append(value)
    return found


def _levenshtein(ours: list[Any], theirs: list[Any]) -> int:
    row = list(range(len(theirs) + 1))
    for i, mine in enumerate(ours, start=1):
        above, row[0] = row[0], i
        for j, other in enumerate(theirs, start=1):
            change = above + (mine != other)
            above = row[j]
            row[j] = min(change, row[j] + 1, row[j - 1] + 1)
    return row[-1]


# -- counts -----------------------------------------------------------------------------------------------


def _count_shapes(rank: int | None) -> list[Shape]:
    return [(None, rank), (None,), (rank,)]


def _dense_count_shapes(values: Spec, weights: Spec, **_: Any) -> list[Shape]:
    # No weights at all are a vector of none.
    shape = values.shape if weights.shape == (0,) else rules.merge(weights.shape, values.shape)
    return _count_shapes(None if shape is None else len(shape))


def _sparse_count_shapes(indices: Spec, values: Spec, shape: Spec, weights: Spec, **_: Any) -> list[Shape]:
    return _count_shapes(rules.with_rank(indices.shape, 2)[1])


def _counted(
    rows: np.ndarray, values: np.ndarray, weights: np.ndarray, limits: tuple[int, int, bool], batch: list[int]
) -> tuple[np.ndarray, ...]:
    """How often each value occurs in each row; of values past the limit nothing is said."""
    minlength, maxlength, binary = limits
    if len(values) and values.min() < 0:
        raise InvalidArgumentError(None, None, "Input values must all be non-negative")
    inside = values < maxlength if maxlength >= 0 else np.ones(len(values), bool)
    width = maxlength if maxlength >= 0 else max(int(values.max(initial=-1)) + 1, minlength)
    dtype = weights.dtype
    places, which = np.unique(rows[inside] * max(width, 1) + values[inside].astype(np.int64), return_inverse=True)
    counts = np.zeros(len(places), dtype)
    np.add.at(counts, which, weights.reshape(-1)[inside] if weights.size else np.ones(len(which), dtype))
    if binary:
        counts[:] = 1
    sizes = np.array([*batch, width], np.int64)
    return _at(places, np.maximum(sizes, 1)), counts, sizes


@kernel("DenseCountSparseOutput", on_host=True, infer=_dense_count_shapes)
def _count_dense(
    k: Any, values: np.ndarray, weights: np.ndarray, *, minlength: int, maxlength: int, binary_output: bool
) -> tuple[np.ndarray, ...]:
    rows = np.repeat(np.arange(values.shape[0]), values.shape[1]) if values.ndim == 2 else np.zeros(values.size, int)
    limits = minlength, maxlength, binary_output
    return _counted(rows, values.reshape(-1), weights, limits, list(values.shape[:-1]))


@kernel("SparseCountSparseOutput", on_host=True, infer=_sparse_count_shapes)
def _count_sparse(
    k: Any,
    indices: np.ndarray,
    values: np.ndarray,
    shape: np.ndarray,
    weights: np.ndarray,
    *,
    minlength: int,
    maxlength: int,
    binary_output: bool,
) -> tuple[np.ndarray, ...]:
    rows = indices[:, 0] if len(shape) == 2 else np.zeros(len(indices), np.int64)
    return _counted(rows, values, weights, (minlength, maxlength, binary_output), shape[:-1].tolist())
