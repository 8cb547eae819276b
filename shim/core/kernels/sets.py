"""Sets: the last dimension of a tensor is a set, the others number the sets; `SetSize`, unions, differences.

How many elements the results have depends on the values, so these run on the host.
"""

from collections.abc import Callable
from math import prod

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.op_errors import InternalError, InvalidArgumentError
from onevar.core.spec import Shape, Spec

_OPERATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "a-b": lambda a, b: np.setdiff1d(a, b, assume_unique=True),
    "b-a": lambda a, b: np.setdiff1d(b, a, assume_unique=True),
    "intersection": lambda a, b: np.intersect1d(a, b, assume_unique=True),
    "union": np.union1d,
}


class _Sets:
    """The elements of many sets.

    Attributes:
        shape: How the sets are arranged.
        groups: The number of the set that each element is in.
        values: The elements.
    """

    def __init__(self, shape: tuple[int, ...], groups: np.ndarray, values: np.ndarray):
        self.shape, self.groups, self.values = shape, groups, values


def _show(shape: tuple[int, ...] | np.ndarray) -> str:
    return "[" + ",".join(str(int(n)) for n in shape) + "]"


def _of_dense(values: np.ndarray) -> _Sets:
    if values.ndim < 2:
        raise InvalidArgumentError(None, None, f"Shape {_show(values.shape)} has rank {values.ndim} < 2")
    shape = values.shape[:-1]
    return _Sets(shape, np.repeat(np.arange(prod(shape)), values.shape[-1]), values.reshape(-1))


def _of_sparse(indices: np.ndarray, values: np.ndarray, dense_shape: np.ndarray, validate: bool) -> _Sets:
    sizes = tuple(dense_shape.tolist())
    if len(sizes) < 2:
        raise InvalidArgumentError(None, None, f"Invalid rank {len(sizes)}.")
    _check_bounds(indices, dense_shape, validate)
    if validate:
        _check_order(indices)
    strides = [prod(sizes[i + 1 : -1]) for i in range(len(sizes) - 1)]
    return _Sets(sizes[:-1], indices[:, :-1] @ np.array(strides, np.int64), values)


def _check_bounds(indices: np.ndarray, dense_shape: np.ndarray, validate: bool) -> None:
    outside = np.argwhere((indices < 0) | (indices >= dense_shape))
    if not len(outside):
        return
    row, column = outside[0].tolist()
    if validate:
        where = f"indices[{row}] = {_show(indices[row])}"
        message = f"{where} is out of bounds: need 0 <= index < {_show(dense_shape)}"
        raise InvalidArgumentError(None, None, message)
    message = f"indices[{row}, {column}] expected < {dense_shape[column]}, got {indices[row, column]}."
    raise InternalError(None, None, message)


def _check_order(indices: np.ndarray) -> None:
    """Raise unless each index comes after the one before."""
    steps = np.diff(indices, axis=0)
    first = np.argmax(steps != 0, axis=1) if steps.size else np.zeros(0, np.int64)
    leading = np.take_along_axis(steps, first[:, None], 1)[:, 0] if steps.size else first
    bad = np.flatnonzero(leading <= 0)
    if not len(bad):
        return
    row = int(bad[0]) + 1
    where = f"indices[{row}] = {_show(indices[row])}"
    if leading[bad[0]] == 0:
        raise InvalidArgumentError(None, None, f"{where} is repeated")
    advice = "Many sparse ops require sorted indices.\n    Use `tf.sparse.reorder` to create a correctly ordered copy."
    raise InvalidArgumentError(None, None, f"{where} is out of order. {advice}\n\n")


def _combined(a: _Sets, b: _Sets, operation: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sets that an operation makes of two families, as the parts of a sparse tensor."""
    if a.shape != b.shape:
        raise InvalidArgumentError(None, None, f"Mismatched shapes {_show(a.shape)} vs {_show(b.shape)}")
    function = _OPERATIONS.get(operation.lower())
    if function is None:
        raise InvalidArgumentError(None, None, f"Invalid set_operation {operation}.")
    # One integer for a set and an element of it, ordered by both.
    alphabet, codes = np.unique(np.concatenate([a.values, b.values]), return_inverse=True)
    count = max(len(alphabet), 1)
    codes = codes.reshape(-1).astype(np.int64)
    first = np.unique(a.groups * count + codes[: len(a.values)])
    second = np.unique(b.groups * count + codes[len(a.values) :])
    keys = function(first, second)
    groups, elements = keys // count, keys % count
    starts = np.searchsorted(groups, groups)
    places = np.arange(len(groups)) - starts
    at = np.unravel_index(groups, a.shape) if len(groups) else [np.zeros(0, np.int64)] * len(a.shape)
    indices = np.stack([*at, places], axis=-1).astype(np.int64)
    largest = int(places.max()) + 1 if len(places) else 0
    return indices, alphabet[elements], np.array([*a.shape, largest], np.int64)


def _parts(rank: int | None) -> list[Shape]:
    return [(None, rank), (None,), (rank,)]


def _dense_shapes(a: Spec, b: Spec, **_: object) -> list[Shape]:
    first = rules.at_least(a.shape, 2)
    if first is None:
        second = rules.at_least(b.shape, 2)
        return _parts(None if second is None else len(second))
    if b.shape is not None:
        rules.merge(first[:-1], rules.with_rank(b.shape, len(first))[:-1])
    return _parts(len(first))


def _rank_of(indices: Spec, dense_shape: Spec) -> int | None:
    rank = rules.with_rank(indices.shape, 2)[1]
    return rules.merge_dim(rank, rules.with_rank(dense_shape.shape, 1)[0])


@kernel("DenseToDenseSetOperation", on_host=True, infer=_dense_shapes)
def _dense_to_dense(
    k: object, a: np.ndarray, b: np.ndarray, *, set_operation: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _combined(_of_dense(a), _of_dense(b), set_operation)


def _mixed_shapes(a: Spec, indices: Spec, values: Spec, dense_shape: Spec, **_: object) -> list[Shape]:
    rank = _rank_of(indices, dense_shape)
    first = rules.at_least(a.shape, 2)
    return _parts(rank if first is None else rules.merge_dim(len(first), rank))


@kernel("DenseToSparseSetOperation", on_host=True, infer=_mixed_shapes)
def _dense_to_sparse(
    k: object, a: np.ndarray, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, *, set_operation: str,
    validate_indices: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    return _combined(_of_dense(a), _of_sparse(indices, values, shape, validate_indices), set_operation)


def _sparse_shapes(
    a: Spec, a_values: Spec, a_shape: Spec, b: Spec, b_values: Spec, b_shape: Spec, **_: object
) -> list[Shape]:
    return _parts(rules.merge_dim(_rank_of(a, a_shape), _rank_of(b, b_shape)))


@kernel("SparseToSparseSetOperation", on_host=True, infer=_sparse_shapes)
def _sparse_to_sparse(
    k: object, a: np.ndarray, a_values: np.ndarray, a_shape: np.ndarray, b: np.ndarray, b_values: np.ndarray,
    b_shape: np.ndarray, *, set_operation: str, validate_indices: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    first = _of_sparse(a, a_values, a_shape, validate_indices)
    return _combined(first, _of_sparse(b, b_values, b_shape, validate_indices), set_operation)


@kernel("SetSize", on_host=True, infer=lambda *_, validate_indices: None)
def _set_size(
    k: object, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, *, validate_indices: bool
) -> np.ndarray:
    sets = _of_sparse(indices, values, shape, validate_indices)
    alphabet, codes = np.unique(sets.values, return_inverse=True)
    count = max(len(alphabet), 1)
    keys = np.unique(sets.groups * count + codes.reshape(-1))
    return np.bincount(keys // count, minlength=prod(sets.shape)).reshape(sets.shape).astype(np.int32)
