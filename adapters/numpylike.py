"""Kernels and primitives for any namespace that speaks the array API, spelled as the standard spells them.

array-api-compat (https://data-apis.org/array-api-compat/) levels the differences between NumPy,
CuPy, Dask and others; JAX and array-api-strict speak the standard by themselves.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from onevar.adapters.composites import COMPOSITES
from onevar.adapters.contract import KERNELS, PRIMITIVES, Primitives


def kernels(xp: Any, **overrides: Callable) -> Mapping[str, Callable]:
    """Return a function for each name of `contract.KERNELS` from the namespace `xp`.

    Args:
        xp: A module with the array API's functions.
        **overrides: Functions for the names where `xp` differs from the contract.
    """
    return {name: overrides.get(name) or _ADAPTED.get(name, _plain)(xp, name) for name in KERNELS}


def _plain(xp: Any, name: str) -> Callable:
    return getattr(xp, name)


def _round(xp: Any, _: str) -> Callable:
    def round_(x: Any, decimals: int = 0) -> Any:
        if decimals == 0:
            return xp.round(x)
        scale = 10.0**decimals
        # The standard's `round` has no `decimals`; integers keep their type.
        return xp.astype(xp.divide(xp.round(xp.multiply(xp.astype(x, xp.float64), scale)), scale), x.dtype)

    return round_


def _reduction(xp: Any, name: str) -> Callable:
    function = getattr(xp, name)

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(x, axis=axis, keepdims=keepdims)

    return reduce


def _argmax(xp: Any, _: str) -> Callable:
    return lambda x, axis=None: xp.argmax(x, axis=axis)


def _take(xp: Any, _: str) -> Callable:
    return lambda x, indices, axis=0: xp.take(x, indices, axis=axis)


_ADAPTED: Mapping[str, Callable[[Any, str], Callable]] = {
    "round": _round,
    "sum": _reduction,
    "mean": _reduction,
    "max": _reduction,
    "argmax": _argmax,
    "take": _take,
}


def primitives(xp: Any, **overrides: Callable) -> Mapping[str, Callable]:
    """Return a function for each name of `contract.PRIMITIVES` that `xp` has or that can be put together from it.

    Args:
        xp: A module with the array API's functions, dtypes, and its `linalg` and `fft` extensions if it has them.
        **overrides: Functions for the names where `xp` differs from the contract, lacks something
            (`bitcast`, `shape`-dependent indexing), or has a faster one. What is put together uses them.
    """
    table: dict[str, Callable] = {}
    for name in PRIMITIVES:
        found = overrides.get(name) or _standard(xp, name)
        if found is not None:
            table[name] = found
    k = Primitives(getattr(xp, "__name__", "array API"), table)
    for name, composite in COMPOSITES.items():
        if name not in overrides:
            table[name] = partial(composite, k)
    k.__dict__.update(table)  # the composites, for one another
    return table


def _standard(xp: Any, name: str) -> Callable | None:
    """Return the standard's function under the contract's signature, or None where `xp` has none."""
    extension, _, inner = name.partition("_")
    if name in COMPOSITES:
        return None
    if name in _BOUND:
        return partial(_BOUND[name], xp)
    if extension == "linalg":
        return getattr(getattr(xp, "linalg", None), inner, None)
    if name in _FOURIER:
        return _fourier(getattr(xp, "fft", None), name)
    return getattr(xp, name, None)


_FOURIER = {"fft": "fft", "ifft": "ifft", "rfft": "rfft", "irfft": "irfft", "fft2": "fftn", "ifft2": "ifftn"}


def _fourier(fft: Any, name: str) -> Callable | None:
    function = getattr(fft, _FOURIER[name], None)
    if function is None:
        return None
    if name.startswith(("r", "ir")):
        return lambda x, n=None: function(x, n=n)
    return partial(function, axes=(-2, -1)) if name.endswith("2") else function


def _kind(xp: Any, x: Any, kind: str) -> bool:
    return xp.isdtype(x.dtype, kind)


def _typed(name: str) -> Callable:
    """A function of a shape and a dtype's name."""
    return lambda xp, shape, dtype: getattr(xp, name)(shape, dtype=getattr(xp, dtype))


def _same(name: str) -> Callable:
    """A reduction that keeps the dtype; the standard's goes to 64 bits."""

    def reduce(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return getattr(xp, name)(x, axis=axis, keepdims=keepdims, dtype=x.dtype)

    return reduce


def _keyword(name: str) -> Callable:
    def reduce(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return getattr(xp, name)(x, axis=axis, keepdims=keepdims)

    return reduce


def _extreme(name: str) -> Callable:
    """The greatest or least; of no elements the identity of the comparison, as in TensorFlow."""

    def reduce(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if 0 in x.shape and not _kind(xp, x, "bool"):
            floating = _kind(xp, x, "real floating")
            low, high = (-float("inf"), float("inf")) if floating else (xp.iinfo(x.dtype).min, xp.iinfo(x.dtype).max)
            shape = xp.sum(x, axis=axis, keepdims=keepdims).shape
            if 0 not in shape:
                return xp.full(shape, low if name == "max" else high, dtype=x.dtype)
        return getattr(xp, name)(x, axis=axis, keepdims=keepdims)

    return reduce


def _mean(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if not _kind(xp, x, "integral"):
        return xp.mean(x, axis=axis, keepdims=keepdims)
    return xp.astype(xp.trunc(xp.mean(xp.astype(x, xp.float64), axis=axis, keepdims=keepdims)), x.dtype)


def _cumulative(name: str) -> Callable:
    return lambda xp, x, axis=0: getattr(xp, name)(x, axis=axis, dtype=x.dtype)


def _sorting(name: str) -> Callable:
    return lambda xp, x, axis=-1, descending=False: getattr(xp, name)(x, axis=axis, descending=descending)


def _axis(name: str, default: Any = 0) -> Callable:
    """A function whose `axis` the standard takes by keyword only."""
    return lambda xp, x, axis=default: getattr(xp, name)(x, axis=axis)


def no_zero_divisor(xp: Any, y: Any) -> None:
    """Raise ZeroDivisionError where an integer of `y` is zero: a number, or an array with looked-at values."""
    if (y == 0) if isinstance(y, int) else bool(xp.any(xp.equal(y, 0))):
        raise ZeroDivisionError("Integer division by zero")


def _floor_divide(xp: Any, x: Any, y: Any) -> Any:
    if not _kind(xp, y if isinstance(x, int | float) else x, "integral"):
        return xp.floor(xp.divide(x, y))
    no_zero_divisor(xp, y)
    return xp.floor_divide(x, y)


def _remainder(xp: Any, x: Any, y: Any) -> Any:
    if _kind(xp, y if isinstance(x, int | float) else x, "integral"):
        no_zero_divisor(xp, y)
    return xp.remainder(x, y)


def _setitem(xp: Any, x: Any, index: Any, value: Any) -> Any:
    new = xp.asarray(x, copy=True)
    # The standard wants every axis to be spoken for.
    new[index if any(part is ... for part in index) else (*index, ...)] = value
    return new


def _full(xp: Any, shape: Any, value: Any, dtype: str) -> Any:
    if isinstance(value, bool | int | float | complex):
        return xp.full(shape, value, dtype=getattr(xp, dtype))
    # The standard fills with Python's numbers only.
    return xp.asarray(xp.broadcast_to(xp.asarray(value, dtype=getattr(xp, dtype)), shape), copy=True)


def _squeeze(xp: Any, x: Any, axis: Any) -> Any:
    return xp.squeeze(x, axis=axis) if axis != () else x


def _eye(xp: Any, n_rows: int, n_cols: int, dtype: str) -> Any:
    return xp.eye(n_rows, n_cols, dtype=getattr(xp, dtype))


def _triangular_solve(xp: Any, x: Any, y: Any, lower: bool = True, adjoint: bool = False) -> Any:
    triangle = xp.tril(x) if lower else xp.triu(x)
    if adjoint:
        triangle = xp.matrix_transpose(xp.conj(triangle) if _kind(xp, x, "complex floating") else triangle)
    return xp.linalg.solve(triangle, y)


_BOUND: Mapping[str, Callable] = {
    "asarray": lambda xp, array: xp.asarray(array),
    "astype": lambda xp, x, dtype: xp.astype(x, getattr(xp, dtype), copy=False),
    "zeros": _typed("zeros"),
    "ones": _typed("ones"),
    "full": _full,
    "arange": lambda xp, start, stop, step, dtype: xp.arange(start, stop, step, dtype=getattr(xp, dtype)),
    "eye": _eye,
    "shape": lambda xp, x: tuple(x.shape),
    "dtype": lambda xp, x: str(x.dtype).rpartition(".")[2],
    "sum": _same("sum"),
    "prod": _same("prod"),
    "mean": _mean,
    **{name: _keyword(name) for name in ("any", "all", "argmax", "argmin")},
    **{name: _extreme(name) for name in ("max", "min")},
    "cumulative_sum": _cumulative("cumulative_sum"),
    "cumulative_prod": _cumulative("cumulative_prod"),
    "sort": _sorting("sort"),
    "argsort": _sorting("argsort"),
    "searchsorted": lambda xp, x1, x2, side="left": xp.searchsorted(x1, x2, side=side),
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "expand_dims": _axis("expand_dims"),
    "concat": _axis("concat"),
    "stack": _axis("stack"),
    "unstack": _axis("unstack"),
    "flip": _axis("flip", None),
    "vecdot": lambda xp, x, y, axis=-1: xp.vecdot(x, y, axis=axis),
    "squeeze": _squeeze,
    "roll": lambda xp, x, shift, axis=None: xp.roll(x, shift, axis=axis),
    "repeat": lambda xp, x, repeats, axis=None: xp.repeat(x, repeats, axis=axis),
    "tril": lambda xp, x, k=0: xp.tril(x, k=k),
    "triu": lambda xp, x, k=0: xp.triu(x, k=k),
    "take": lambda xp, x, indices, axis=0: _take_rows(xp, x, indices, axis),
    "take_along_axis": lambda xp, x, indices, axis=-1: xp.take_along_axis(x, indices, axis=axis),
    "getitem": lambda xp, x, index: x[index],
    "setitem": _setitem,
    "tensordot": lambda xp, x, y, axes=2: xp.tensordot(x, y, axes=axes),
    "linalg_qr": lambda xp, x, mode="reduced": tuple(xp.linalg.qr(x, mode=mode)),
    "linalg_svd": lambda xp, x, full_matrices=True: tuple(xp.linalg.svd(x, full_matrices=full_matrices)),
    "linalg_eigh": lambda xp, x: tuple(xp.linalg.eigh(x)),
    "linalg_slogdet": lambda xp, x: tuple(xp.linalg.slogdet(x)),
    "linalg_triangular_solve": _triangular_solve,
}


def _take_rows(xp: Any, x: Any, indices: Any, axis: int) -> Any:
    # The standard's `take` knows indices of one axis only.
    flat = xp.take(x, xp.reshape(indices, (-1,)), axis=axis)
    axis = axis % x.ndim
    return xp.reshape(flat, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))
