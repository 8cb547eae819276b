"""Kernels for any namespace that speaks the array API, spelled as the standard spells them.

array-api-compat (https://data-apis.org/array-api-compat/) levels the differences between NumPy,
CuPy, Dask and others; JAX and array-api-strict speak the standard by themselves.
"""

from collections.abc import Callable, Mapping
from typing import Any

from onevar.adapters.contract import KERNELS


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
