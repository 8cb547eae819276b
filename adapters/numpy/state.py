"""State held in a NumPy array: who can see its memory, and how it is written.

The array lies in 64-byte aligned memory, so that it can always be lent. Nobody keeps it from being
seen: views, slices and DLPack exports of it all hold a reference, either to the array or to the
buffer below it, and CPython counts those exactly.
"""

import sys
from typing import Any

import numpy as np

from onevar.adapters.numpy.memory import aligned_copy


def variable(x: np.ndarray, *, trainable: bool, name: str, adopt: bool) -> np.ndarray:
    """Return an array over `x`'s memory if `adopt`, else over aligned memory of its own."""
    if not adopt:
        return aligned_copy(x)
    # An array object of our own: references to `x` itself are then counted on its base.
    return x.view()


def read(native: np.ndarray) -> np.ndarray:
    """Return a read-only view, which `exported` sees for as long as it is alive."""
    view = native.view()
    view.flags.writeable = False
    return view


def exported(native: np.ndarray) -> bool:
    """Whether anything but its holder refers to the array or to its buffer."""
    return sys.getrefcount(native) > _SOLE or sys.getrefcount(native.base) > _SOLE_BASE


def write(native: np.ndarray, x: np.ndarray, *, fresh: bool) -> np.ndarray:
    """Copy `x` over the array, or into new memory."""
    if fresh or not native.flags.writeable:
        return aligned_copy(x)
    np.copyto(native, x)
    return native


def accumulate(native: np.ndarray, x: Any, ufunc: np.ufunc, *, fresh: bool) -> np.ndarray:
    """Apply `ufunc(native, x)` in place, or into new memory."""
    if fresh or not native.flags.writeable:
        return aligned_copy(ufunc(native, x))
    return ufunc(native, x, out=native)


def put(native: np.ndarray, rows: np.ndarray, values: np.ndarray, *, fresh: bool) -> np.ndarray:
    """Replace rows in place, or in new memory."""
    if fresh or not native.flags.writeable:
        native = aligned_copy(native)
    native[rows] = values
    return native


class _Holder:
    native = variable(np.empty(1), trainable=False, name="", adopt=False)


def _count(native: np.ndarray) -> tuple[int, int]:
    return sys.getrefcount(native), sys.getrefcount(native.base)


# How many references an array has that only an attribute holds, counted through a call as
# `exported` does it; the number depends on the interpreter's version.
_SOLE, _SOLE_BASE = _count(_Holder.native)
