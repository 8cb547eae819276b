"""NumPy's functions under the names of `contract.PRIMITIVES`.

`ml_dtypes` supplies bfloat16 and float8: most ufuncs know them; what accumulates, and what has no
loop for them, computes in float32 and comes back. Results are arrays, for no axes too.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import array_api_compat.numpy as xp
import ml_dtypes
import numpy as np

from onevar.adapters import numpylike, philox, samplers
from onevar.dtypes import NAMES, numpy_dtype

_NARROW = frozenset(
    np.dtype(t) for t in (np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)
)
_INTEGER = "iub"


def _array(function: Callable) -> Callable:
    """NumPy answers a scalar where there are no axes; primitives answer arrays."""

    @wraps(function)
    def arrays(*operands: Any, **attributes: Any) -> Any:
        result = function(*operands, **attributes)
        if type(result) is np.ndarray:
            return result
        return tuple(map(_whole, result)) if isinstance(result, tuple | list) else _whole(result)

    return arrays


def _whole(item: Any) -> np.ndarray:
    """Return a scalar as an array: of objects if it is a string, whose last bytes may be zeros that NumPy drops."""
    return np.asarray(item, object if isinstance(item, bytes) else None)


def _unary(function: Callable) -> Callable:
    def unary(x: Any) -> np.ndarray:
        result = function(x)
        return result if type(result) is np.ndarray else np.asarray(result)

    return unary


def _binary(function: Callable) -> Callable:
    def binary(x: Any, y: Any) -> np.ndarray:
        if type(x) is not type(y):
            x, y = _like(x, y)
        result = function(x, y)
        return result if type(result) is np.ndarray else _whole(result)

    return binary


def _like(x: Any, y: Any) -> tuple[Any, Any]:
    """Return both, a Python number as an array of the other's dtype: NumPy takes bfloat16 and 1.0 for float32."""
    if isinstance(y, int | float | complex) and hasattr(x, "dtype"):
        return x, np.asarray(y, x.dtype)
    if isinstance(x, int | float | complex) and hasattr(y, "dtype"):
        return np.asarray(x, y.dtype), y
    return x, y


def _through_float32(function: Callable) -> Callable:
    """Compute narrow floats in float32: sums of many keep their digits, and every function has a loop."""

    @wraps(function)
    def widening(x: Any, *operands: Any, **attributes: Any) -> Any:
        dtype = getattr(x, "dtype", None)
        if dtype not in _NARROW:
            return function(x, *operands, **attributes)
        cast = [y.astype(np.float32) if getattr(y, "dtype", None) == dtype else y for y in operands]
        return _narrowed(function(x.astype(np.float32), *cast, **attributes), dtype)

    return widening


def _narrowed(result: Any, dtype: np.dtype) -> Any:
    if isinstance(result, tuple):
        return tuple(_narrowed(part, dtype) for part in result)
    return result.astype(dtype) if result.dtype == np.float32 else result


def _reduction(function: Callable) -> Callable:
    @_through_float32
    def reduce(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
        return function(x, axis=axis, keepdims=keepdims, dtype=x.dtype)

    return _array(reduce)


@_array
@_through_float32
def _mean(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    mean = np.mean(x, axis=axis, keepdims=keepdims)
    return np.trunc(mean).astype(x.dtype) if x.dtype.kind in _INTEGER else mean


def _extreme(function: Callable, identity: Callable[[np.dtype], Any]) -> Callable:
    """The greatest or least; of no elements the identity of the comparison."""

    def reduce(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
        if x.size:
            return function(x, axis=axis, keepdims=keepdims)
        return function(x, axis=axis, keepdims=keepdims, initial=identity(x.dtype))

    return _array(reduce)


def _integer(x: Any) -> bool:
    return x.dtype.kind in _INTEGER if hasattr(x, "dtype") else isinstance(x, int)


def _floor_divide(x: Any, y: Any) -> np.ndarray:
    x, y = _like(x, y)
    if not (_integer(x) and _integer(y)):
        return np.asarray(np.floor(np.divide(x, y)))
    numpylike.no_zero_divisor(np, y)
    return np.asarray(np.floor_divide(x, y))


def _remainder(x: Any, y: Any) -> np.ndarray:
    x, y = _like(x, y)
    if _integer(x) and _integer(y):
        numpylike.no_zero_divisor(np, y)
    return np.asarray(np.remainder(x, y))


def _round(x: np.ndarray) -> np.ndarray:
    return x if x.dtype.kind in _INTEGER else np.asarray(np.rint(x))


def _bitcast(x: np.ndarray, dtype: str) -> np.ndarray:
    wanted = numpy_dtype(dtype)
    if wanted.itemsize == x.dtype.itemsize:
        return x.view(wanted)
    # One axis more for a narrower type, one less for a wider.
    if wanted.itemsize < x.dtype.itemsize:
        return np.ascontiguousarray(x)[..., None].view(wanted)
    return np.ascontiguousarray(x).view(wanted)[..., 0]


def _argsort(x: np.ndarray, axis: int = -1, descending: bool = False) -> np.ndarray:
    if not descending:
        return np.argsort(x, axis=axis, stable=True)
    # From the end, so that equal ones keep their order once the result is turned around.
    order = np.flip(np.argsort(np.flip(x, axis), axis=axis, stable=True), axis)
    return x.shape[axis] - 1 - order


def _sort(x: np.ndarray, axis: int = -1, descending: bool = False) -> np.ndarray:
    return np.flip(np.sort(x, axis=axis), axis) if descending else np.sort(x, axis=axis)


def _take(x: np.ndarray, indices: np.ndarray, axis: int = 0) -> np.ndarray:
    _within(indices, x.shape[axis], "take")
    return _whole(np.take(x, indices, axis))


def _within(indices: Any, size: int, call: str) -> None:
    """Raise IndexError, for negative ones too, which NumPy would count from the end."""
    indices = np.asarray(indices)
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        bad = indices[(indices < 0) | (indices >= size)].flat[0]
        raise IndexError(f"{call}: index {bad} is not in [0, {size})")


_AT: Mapping[str, np.ufunc] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "max": np.maximum, "min": np.minimum,
}  # fmt: skip


def _scatter(x: np.ndarray, indices: np.ndarray, updates: np.ndarray, mode: str) -> np.ndarray:
    flat = np.reshape(indices, -1)
    rows = np.reshape(updates, (flat.size, *x.shape[1:]))
    _within(flat, x.shape[0], f"scatter({mode})")
    out = x.copy()
    if mode == "set":
        out[flat] = rows
    elif mode in ("add", "subtract") and rows.ndim > 1 and flat.size > 1:
        _accumulate_rows(out, flat, rows, _AT[mode])
    elif mode == "divide":
        (np.floor_divide if _integer(x) else np.divide).at(out, flat, rows)
    else:
        _AT[mode].at(out, flat, rows)
    return out


def _accumulate_rows(out: np.ndarray, flat: np.ndarray, rows: np.ndarray, ufunc: np.ufunc) -> None:
    """Sum the rows of each index first: several times faster than `ufunc.at` on whole rows."""
    order = np.argsort(flat, stable=True)
    ordered = flat[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    where = ordered[starts]
    out[where] = ufunc(out[where], np.add.reduceat(rows[order], starts, axis=0))


def _setitem(x: np.ndarray, index: Any, value: Any) -> np.ndarray:
    out = np.array(x)
    out[index] = value
    return out


@_through_float32
def _matmul(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.matmul(x, y))


@_through_float32
def _tensordot(x: np.ndarray, y: np.ndarray, axes: Any = 2) -> np.ndarray:
    return np.tensordot(x, y, axes)


def _einsum(equation: str, *arrays: np.ndarray) -> np.ndarray:
    contract = _through_float32(lambda *operands: np.asarray(np.einsum(equation, *operands, optimize=True)))
    return contract(*arrays)


def _full(shape: Sequence[int], value: Any, dtype: str) -> np.ndarray:
    return np.full(shape, value, numpy_dtype(dtype))


def _arange(start: Any, stop: Any, step: Any, dtype: str) -> np.ndarray:
    wanted = numpy_dtype(dtype)
    return np.arange(start, stop, step, dtype=np.float32 if wanted in _NARROW else wanted).astype(wanted, copy=False)


def _where(condition: Any, x: Any, y: Any) -> np.ndarray:
    return np.where(condition, *_like(x, y))


def _clip(x: np.ndarray, min: Any = None, max: Any = None) -> np.ndarray:
    x = x if min is None else np.maximum(*_like(x, min))
    return np.asarray(x if max is None else np.minimum(*_like(x, max)))


_UNARY: Mapping[str, Callable] = {
    "abs": np.abs, "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan,
    "atanh": np.arctanh, "bitwise_invert": np.invert, "ceil": np.ceil, "conj": np.conj, "cos": np.cos,
    "cosh": np.cosh, "exp": np.exp, "expm1": np.expm1, "floor": np.floor, "imag": np.imag, "isfinite": np.isfinite,
    "isinf": np.isinf, "isnan": np.isnan, "log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10,
    "logical_not": np.logical_not, "negative": np.negative, "real": np.real, "reciprocal": np.reciprocal,
    "sign": np.sign, "signbit": np.signbit, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "square": np.square,
    "tan": np.tan, "tanh": np.tanh, "trunc": np.trunc,
}  # fmt: skip
_BINARY: Mapping[str, Callable] = {
    "add": np.add, "atan2": np.arctan2, "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor, "bitwise_left_shift": np.left_shift, "bitwise_right_shift": np.right_shift,
    "copysign": np.copysign, "divide": np.divide, "hypot": np.hypot, "logaddexp": np.logaddexp,
    "maximum": np.maximum, "minimum": np.minimum, "multiply": np.multiply, "nextafter": np.nextafter,
    "pow": np.power, "subtract": np.subtract, "equal": np.equal, "not_equal": np.not_equal, "less": np.less,
    "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
}  # fmt: skip

_TABLE = {
    name: function if name in ("shape", "dtype") else _array(function)
    for name, function in numpylike.primitives(
        xp,
        **{name: _unary(function) for name, function in _UNARY.items()},
        **{name: _binary(function) for name, function in _BINARY.items()},
        asarray=np.asarray,
        positive=lambda x: x,
        relu=lambda x: np.maximum(x, x.dtype.type(0)),
        round=_round,
        floor_divide=_floor_divide,
        remainder=_remainder,
        clip=_clip,
        where=_where,
        astype=lambda x, dtype: x.astype(numpy_dtype(dtype), copy=False),
        zeros=lambda shape, dtype: np.zeros(shape, numpy_dtype(dtype)),
        ones=lambda shape, dtype: np.ones(shape, numpy_dtype(dtype)),
        full=_full,
        arange=_arange,
        eye=lambda n_rows, n_cols, dtype: np.eye(n_rows, n_cols, dtype=numpy_dtype(dtype)),
        linspace=lambda start, stop, num, dtype: np.linspace(start, stop, num).astype(numpy_dtype(dtype)),
        shape=lambda x: x.shape,
        dtype=lambda x: NAMES.get(x.dtype) or x.dtype.name,
        bitcast=_bitcast,
        sum=_reduction(np.sum),
        prod=_reduction(np.prod),
        mean=_mean,
        max=_extreme(np.max, lambda dtype: np.iinfo(dtype).min if dtype.kind in _INTEGER else -np.inf),
        min=_extreme(np.min, lambda dtype: np.iinfo(dtype).max if dtype.kind in _INTEGER else np.inf),
        cumulative_sum=_through_float32(lambda x, axis=0: np.cumsum(x, axis, x.dtype)),
        cumulative_prod=_through_float32(lambda x, axis=0: np.cumprod(x, axis, x.dtype)),
        sort=_sort,
        argsort=_argsort,
        take=_take,
        take_along_axis=lambda x, indices, axis=-1: np.take_along_axis(x, indices, axis),
        setitem=_setitem,
        scatter=_scatter,
        tile=np.tile,
        matmul=_matmul,
        tensordot=_tensordot,
        einsum=_einsum,
    ).items()
}

PRIMITIVES: Mapping[str, Callable] = {**_TABLE, **philox.TABLE, **samplers.TABLE}
"""`contract.PRIMITIVES` on NumPy arrays."""
