"""Diagonals, bands, and the matrices made of them."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import host_value, same_shape
from onevar.core.kernel import kernel
from onevar.core.shape_rules import Dim
from onevar.core.spec import Shape, ShapeError, Spec, UnknownShape

_MAIN = np.zeros((), np.int32)
_MAIN_SPEC: Spec = Spec((), "int32", _MAIN)


def _diag_shape(x: Spec) -> Shape:
    return None if x.shape is None else (*x.shape, *x.shape)


@kernel("Diag", infer=_diag_shape)
def _diag(k: Any, diagonal: Any) -> Any:
    shape = k.shape(diagonal)
    flat = k.reshape(diagonal, (-1,))
    n = k.shape(flat)[0]
    square = k.where(k.asarray(np.eye(n, dtype=bool)), k.expand_dims(flat, axis=0), k.zeros((), k.dtype(flat)))
    return k.reshape(square, (*shape, *shape))


def _diag_part_shape(x: Spec) -> Shape:
    if x.shape is None:
        return None
    if len(x.shape) % 2 or not x.shape:
        raise ShapeError(f"Input must have even and non-zero rank, input rank is {len(x.shape)}")
    half = len(x.shape) // 2
    return rules.merge(x.shape[:half], x.shape[half:])


@kernel("DiagPart", infer=_diag_part_shape)
def _diag_part(k: Any, x: Any) -> Any:
    shape = k.shape(x)
    half = shape[: len(shape) // 2]
    n = int(np.prod(half, dtype=np.int64))
    return k.reshape(k.take(k.reshape(x, (n * n,)), k.asarray(np.arange(n) * (n + 1)), axis=0), half)


def _band(k: np.ndarray) -> tuple[int, int]:
    """The lowest and the highest diagonal."""
    ends = k.reshape(-1).tolist()
    low, high = int(ends[0]), int(ends[-1])
    if low > high:
        raise ShapeError(f"lower_diag_index is greater than upper_diag_index: {low} > {high}")
    return low, high


def _places(rows: int, columns: int, low: int, high: int, align: str) -> np.ndarray:
    """Where diagonals lie: an array of (diagonal, position) of row * columns + column, -1 where there is nothing."""
    longest = _longest(rows, columns, low, high)
    upper, lower = align.split("_")
    places = np.full((high - low + 1, longest), -1, np.int64)
    for row, d in enumerate(range(high, low - 1, -1)):
        n = max(0, min(rows + min(d, 0), columns - max(d, 0)))
        is_left = (d >= 0 and upper == "LEFT") or (d <= 0 and lower == "LEFT")
        start = 0 if is_left else longest - n
        steps = np.arange(n)
        places[row, start : start + n] = (steps + max(-d, 0)) * columns + steps + max(d, 0)
    return places


def _longest(rows: int, columns: int, low: int, high: int) -> int:
    return min(rows + min(high, 0), columns - max(low, 0))


def _diagonals_of(k: Any, x: Any, band: np.ndarray, padding: Any, align: str) -> Any:
    shape = k.shape(x)
    rows, columns = shape[-2:]
    low, high = _band(band)
    if not (-rows < low < columns or low == 0) or not (-rows < high < columns or high == 0):
        raise ShapeError(f"diag_index is out of bound: it must be between {1 - rows} and {columns - 1}")
    places = _places(rows, columns, low, high, align)
    flat = k.reshape(x, (*shape[:-2], rows * columns))
    taken = k.take(flat, k.asarray(np.maximum(places, 0).reshape(-1)), axis=-1)
    taken = k.reshape(taken, (*shape[:-2], *places.shape))
    if (places < 0).any():
        taken = k.where(k.asarray(places >= 0), taken, k.stop_gradient(padding))
    return taken if low != high else k.squeeze(taken, -2)


def _set_diagonals(k: Any, x: Any, diagonal: Any, band: np.ndarray, align: str) -> Any:
    shape = k.shape(x)
    rows, columns = shape[-2:]
    low, high = _band(band)
    places = _places(rows, columns, low, high, align)
    source = np.full(rows * columns, -1, np.int64)
    inside = places >= 0
    source[places[inside]] = np.flatnonzero(inside.reshape(-1))
    flat = k.reshape(diagonal, (*shape[:-2], places.size))
    taken = k.take(flat, k.asarray(np.maximum(source, 0)), axis=-1)
    taken = k.reshape(taken, (*k.shape(flat)[:-1], rows, columns))
    return k.where(k.asarray((source >= 0).reshape(rows, columns)), taken, x)


def _part_shape(x: Spec, band: Spec) -> Shape:
    shape = rules.at_least(x.shape, 2)
    if shape is None or band.value is None:
        return None
    low, high = _band(band.value)
    rows, columns = shape[-2:]
    longest = None if rows is None or columns is None else _longest(rows, columns, low, high)
    return (*shape[:-2], longest) if low == high else (*shape[:-2], high - low + 1, longest)


@kernel("MatrixDiagPart", "BatchMatrixDiagPart", infer=lambda x: _part_shape(x, _MAIN_SPEC))
def _matrix_diag_part(k: Any, x: Any) -> Any:
    return _diagonals_of(k, x, _MAIN, None, "LEFT_LEFT")


@kernel("MatrixDiagPartV2", host=("k",), infer=lambda x, band, padding: _part_shape(x, band))
def _matrix_diag_part_v2(k: Any, x: Any, band: np.ndarray, padding: Any) -> Any:
    return _diagonals_of(k, x, band, padding, "LEFT_LEFT")


@kernel("MatrixDiagPartV3", host=("k",), infer=lambda x, band, padding: _part_shape(x, band))
def _matrix_diag_part_v3(k: Any, x: Any, band: np.ndarray, padding: Any, *, align: str) -> Any:
    return _diagonals_of(k, x, band, padding, align)


@kernel("MatrixSetDiag", "BatchMatrixSetDiag", infer=same_shape)
def _matrix_set_diag(k: Any, x: Any, diagonal: Any) -> Any:
    return _set_diagonals(k, x, diagonal, _MAIN, "LEFT_LEFT")


@kernel("MatrixSetDiagV2", host=("k",), infer=same_shape)
def _matrix_set_diag_v2(k: Any, x: Any, diagonal: Any, band: np.ndarray) -> Any:
    return _set_diagonals(k, x, diagonal, band, "LEFT_LEFT")


@kernel("MatrixSetDiagV3", host=("k",), infer=same_shape)
def _matrix_set_diag_v3(k: Any, x: Any, diagonal: Any, band: np.ndarray, *, align: str) -> Any:
    return _set_diagonals(k, x, diagonal, band, align)


def _made_shape(diagonal: Shape, low: int, high: int, rows: int, columns: int) -> tuple[Dim, Dim]:
    """The sizes of the smallest matrix with these diagonals, where they are not given."""
    n = diagonal[-1] if diagonal is not None else None
    least = (None, None) if n is None else (n - min(high, 0), n + max(low, 0))
    if rows == -1 and columns == -1:
        if None in least:
            return None, None
        side = max(m for m in least if m is not None)
        return side, side
    return least[0] if rows == -1 else rows, least[1] if columns == -1 else columns


def _made(k: Any, diagonal: Any, band: np.ndarray, rows: int, columns: int, padding: Any, align: str) -> Any:
    shape = k.shape(diagonal)
    low, high = _band(band)
    m, n = _made_shape(shape, low, high, rows, columns)
    batch = shape[: -1 if low == high else -2]
    x = k.broadcast_to(k.stop_gradient(padding), (*batch, m, n))
    return _set_diagonals(k, x, diagonal, band, align)


def _diagonal_matrix_shape(diagonal: Spec, band: Spec, rows: Spec, columns: Spec, padding: Spec) -> Shape:
    shape = rules.at_least(diagonal.shape, 1)
    if shape is None or band.value is None:
        return None
    low, high = _band(band.value)
    try:
        m, n = (int(host_value(size)) for size in (rows, columns))
        sizes = _made_shape(shape, low, high, m, n)
    except UnknownShape:
        sizes = (None, None)
    return (*shape[: -1 if low == high else -2], *sizes)


@kernel("MatrixDiag", "BatchMatrixDiag", infer=lambda x: None if x.shape is None else (*x.shape, x.shape[-1]))
def _matrix_diag(k: Any, diagonal: Any) -> Any:
    return _made(k, diagonal, _MAIN, -1, -1, k.zeros((), k.dtype(diagonal)), "LEFT_LEFT")


@kernel("MatrixDiagV2", host=("k", "num_rows", "num_cols"), infer=_diagonal_matrix_shape)
def _matrix_diag_v2(
    k: Any, diagonal: Any, band: np.ndarray, rows: np.ndarray, columns: np.ndarray, padding: Any
) -> Any:
    return _made(k, diagonal, band, int(rows), int(columns), padding, "LEFT_LEFT")


@kernel("MatrixDiagV3", host=("k", "num_rows", "num_cols"), infer=_diagonal_matrix_shape)
def _matrix_diag_v3(
    k: Any, diagonal: Any, band: np.ndarray, rows: np.ndarray, columns: np.ndarray, padding: Any, *, align: str
) -> Any:
    return _made(k, diagonal, band, int(rows), int(columns), padding, align)


@kernel("MatrixBandPart", "BatchMatrixBandPart", host=("num_lower", "num_upper"), infer=same_shape)
def _matrix_band_part(k: Any, x: Any, num_lower: np.ndarray, num_upper: np.ndarray) -> Any:
    rows, columns = k.shape(x)[-2:]
    offset = np.arange(columns) - np.arange(rows)[:, None]
    lower, upper = int(num_lower), int(num_upper)
    inside = ((lower < 0) | (-offset <= lower)) & ((upper < 0) | (offset <= upper))
    return k.where(k.asarray(inside), x, k.zeros((), k.dtype(x)))
