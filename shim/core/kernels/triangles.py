"""Decompositions that frameworks give in forms of their own, on the host: LU, and logarithms of matrices."""

from typing import Any

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, Spec


def _lu_shapes(x: Spec) -> list[Shape]:
    return [x.shape, x.shape[:-1] if x.shape is not None else None]


@kernel("Lu", on_host=True, infer=lambda x, **_: _lu_shapes(x))
def _lu(k: Any, x: np.ndarray, *, output_idx_type: str) -> tuple[np.ndarray, np.ndarray]:
    """Doolittle's method with the largest pivot of each column."""
    size = x.shape[-1]
    lu = x.reshape(-1, size, size).astype(np.result_type(x.dtype, np.float32))
    order = np.tile(np.arange(size), (len(lu), 1))
    batch = np.arange(len(lu))
    for column in range(size):
        pivot = column + np.abs(lu[:, column:, column]).argmax(axis=1)
        for table in (lu, order):
            table[batch, column], table[batch, pivot] = table[batch, pivot], table[batch, column].copy()
        if np.any(lu[:, column, column] == 0):
            raise InvalidArgumentError(None, None, "Input is not invertible.")
        lu[:, column + 1 :, column] /= lu[:, column, column, None]
        lu[:, column + 1 :, column + 1 :] -= lu[:, column + 1 :, column, None] * lu[:, column, None, column + 1 :]
    return lu.reshape(x.shape).astype(x.dtype), order.reshape(x.shape[:-1]).astype(output_idx_type)
