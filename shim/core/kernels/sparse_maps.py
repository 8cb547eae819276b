"""Tables of one Session that keep sparse tensors under numbers: these go through queues in their place."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.resources import Resource, resource
from onevar.core.spec import Shape, Spec

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


class SparseMap(Resource):
    """Sparse tensors by number."""

    def __init__(self, name: str):
        super().__init__(name)
        self._numbers = count()
        self._kept: dict[int, Parts] = {}

    def add(self, indices: np.ndarray, values: np.ndarray, shape: np.ndarray) -> int:
        """Keep one; return its number.

        Args:
            indices: As of a sparse tensor.
            values: As of a sparse tensor.
            shape: As of a sparse tensor.
        """
        with self.changed:
            number = next(self._numbers)
            self._kept[number] = (np.array(indices), np.array(values), np.array(shape))
            return number

    def take(self, numbers: Sequence[int]) -> list[Parts]:
        """Return what is kept under numbers, and keep it no longer.

        Args:
            numbers: As `add` returned them.

        Raises:
            InvalidArgumentError: Nothing is kept under one.
        """
        with self.changed:
            for number in numbers:
                if number not in self._kept:
                    raise InvalidArgumentError(None, None, f"Unable to find SparseTensor: {number} in map: {self.name}")
            return [self._kept.pop(number) for number in numbers]


def _checked(indices: np.ndarray, values: np.ndarray, shape: np.ndarray) -> None:
    for what, found, rank in (("indices", indices, 2), ("values", values, 1), ("shape", shape, 1)):
        if found.ndim != rank:
            kind = "matrix" if rank == 2 else "vector"
            raise InvalidArgumentError(
                None, None, f"Input {what} should be a {kind} but received shape {list(found.shape)}"
            )
    if len(indices) != len(values):
        raise InvalidArgumentError(
            None, None, f"Number of values must match first dimension of indices. Got {len(values)} values, indices "
            f"shape: {list(indices.shape)}",
        )  # fmt: skip
    if indices.shape[1] != len(shape):
        raise InvalidArgumentError(
            None, None, f"Number of dimensions must match second dimension of indices. Got {len(shape)} dimensions, "
            f"indices shape: {list(indices.shape)}",
        )  # fmt: skip


def _handle_shape(indices: Spec, values: Spec, shape: Spec, *, container: str) -> Shape:
    return ()


@kernel("AddSparseToTensorsMap", resource=True, infer=_handle_shape)
def add_sparse_to_tensors_map(
    k: Any, sparse_indices: np.ndarray, sparse_values: np.ndarray, sparse_shape: np.ndarray, *, container: str,
    shared_name: str,
) -> np.ndarray:  # fmt: skip
    """Keep a sparse tensor."""
    _checked(sparse_indices, sparse_values, sparse_shape)
    kept = resource("sparse_map", SparseMap, container=container, shared_name=shared_name)
    return np.array(kept.add(sparse_indices, sparse_values, sparse_shape), np.int64)


def _handles_shape(indices: Spec, values: Spec, shape: Spec, *, container: str) -> Shape:
    return (None,)


@kernel("AddManySparseToTensorsMap", resource=True, infer=_handles_shape)
def add_many_sparse_to_tensors_map(
    k: Any, sparse_indices: np.ndarray, sparse_values: np.ndarray, sparse_shape: np.ndarray, *, container: str,
    shared_name: str,
) -> np.ndarray:  # fmt: skip
    """Keep each row of a sparse tensor as one."""
    _checked(sparse_indices, sparse_values, sparse_shape)
    if len(sparse_shape) < 2:
        raise InvalidArgumentError(
            None, None, f"Rank of input SparseTensor should be > 1, but saw rank: {len(sparse_shape)}"
        )
    kept = resource("sparse_map", SparseMap, container=container, shared_name=shared_name)
    rows, numbers = sparse_indices[:, 0], []
    for row in range(int(sparse_shape[0])):
        own = rows == row
        numbers.append(kept.add(sparse_indices[own, 1:], sparse_values[own], sparse_shape[1:]))
    return np.array(numbers, np.int64)


def _taken_shapes(handles: Spec, *, dtype: str) -> list[Shape]:
    return [(None, None), (None,), (None,)]


@kernel("TakeManySparseFromTensorsMap", resource=True, infer=_taken_shapes)
def take_many_sparse_from_tensors_map(
    k: Any, sparse_handles: np.ndarray, *, dtype: str, container: str, shared_name: str
) -> Parts:
    """Take sparse tensors out, as the rows of one."""
    if sparse_handles.ndim != 1:
        raise InvalidArgumentError(
            None, None, f"sparse_handles should be a vector but received shape {list(sparse_handles.shape)}"
        )
    kept = resource("sparse_map", SparseMap, container=container, shared_name=shared_name)
    taken = kept.take(sparse_handles.tolist())
    ranks = {len(shape) for _, _, shape in taken}
    if len(ranks) > 1:
        raise InvalidArgumentError(None, None, "Inconsistent rank across SparseTensors.")
    if not taken:
        raise InvalidArgumentError(None, None, "Must have at least one SparseTensor to take from the map.")
    indices = np.concatenate([np.insert(part, 0, row, axis=1) for row, (part, _, _) in enumerate(taken)])
    values = np.concatenate([part for _, part, _ in taken])
    largest = np.max([shape for _, _, shape in taken], axis=0)
    return indices.astype(np.int64), values, np.array([len(taken), *largest.tolist()], np.int64)
