"""NumPy at the border: what may leave, and how memory is lent and borrowed."""

from typing import Any

import numpy as np

from onevar import dlpack
from onevar.adapters.contract import BorrowRules, Refusal
from onevar.dtypes import NAMES

#: NumPy takes host memory as it comes, and honours a read-only mark.
BORROW_RULES = BorrowRules()


def preflight(x: np.ndarray) -> Refusal | None:
    """Return why the memory of `x` cannot leave: a foreign dtype, byte order, or a mask."""
    if type(x) is np.ndarray and x.dtype in NAMES:
        return None
    if not isinstance(x, np.ndarray):
        return Refusal("a NumPy scalar has no memory of its own", "Pass an array: np.asarray(x)")
    if isinstance(x, np.ma.MaskedArray):
        return Refusal("the mask of a masked array would be lost", "Pass x.filled(value), or x.data and x.mask")
    return None if x.dtype in NAMES else _dtype_refusal(x.dtype)


def _dtype_refusal(dtype: np.dtype) -> Refusal:
    if not dtype.isnative and dtype.newbyteorder("=") in NAMES:
        return Refusal(
            f"dtype {dtype.str!r} is not in this machine's byte order", "Use x.astype(x.dtype.newbyteorder('='))"
        )
    if dtype.names is not None:
        return Refusal(f"structured dtype {dtype} has no counterpart", "Pass its fields one by one: x['name']")
    if dtype.hasobject:
        return Refusal("an object array holds references, not numbers", "Convert it first: x.astype('float32')")
    return Refusal(f"dtype {dtype} has no counterpart", "Convert it to a numeric dtype first: x.astype(...)")


def lend(x: np.ndarray) -> np.ndarray:
    """Return `x` as NumPy sees it, over its own memory."""
    return x if type(x) is np.ndarray else x.view(np.ndarray)


def view(x: np.ndarray) -> np.ndarray | Refusal:
    """Do `preflight` and `lend` in one call."""
    if type(x) is np.ndarray and x.dtype in NAMES:
        return x
    return preflight(x) or lend(x)


def borrow(array: np.ndarray) -> np.ndarray:
    """Return `array`: a NumPy view is what every framework lends."""
    return array


def export(x: np.ndarray) -> Any:
    """Return what `__dlpack__` works on: NumPy's own knows no ml_dtypes, and no mark for old consumers."""
    return dlpack.HostExport(x)


def from_dlpack(x: Any) -> np.ndarray:
    """Return an array over the host memory of `x`.

    Raises:
        BufferError: The memory is not on the host.
    """
    return dlpack.view(x)
