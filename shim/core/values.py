"""Turns what users pass into tensors of one framework.

Python numbers, nested sequences and NumPy arrays are literals: they are converted, as each
framework's own functions do. Tensors of other frameworks are not literals; they cross by `exchange`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar import config, exchange
from onevar.adapters.contract import Adapter, Tensor
from onevar.cell import cell_of
from onevar.core.registry import adapter_of
from onevar.dtypes import DTYPES, NAMES, NARROW

_SCALARS = (bool, int, float, complex)
_INT32 = np.iinfo(np.int32)


def to_tensor(
    x: object, adapter: Adapter, *, call: str, dtype: str | None = None, device: str | None = None, share: bool = False
) -> Tensor:
    """Return `x` as a tensor of `adapter`'s framework.

    Args:
        x: Number, nested sequence, NumPy array, tensor of any framework, Variable, or anything with `__array__`.
        adapter: Of the target framework.
        call: What the user called, for messages.
        dtype: Cast to it. None keeps that of arrays; Python's floats become `floatx()`, ints int32.
        device: Where to; None leaves tensors of this framework where they are.
        share: Whether a foreign tensor's memory must be shared instead of copied.

    Raises:
        TypeError: `x` holds no numbers (text, objects).
        ValueError: Ragged sequences; a dtype that the framework cannot hold.
        CopyRequired: `share`, and the memory cannot be.
    """
    if cell_of(x) is not None:
        x = x._read()  # type: ignore[attr-defined]
    owner = adapter_of(x)
    if owner is None:
        x, owner = held(x)
    if owner is adapter and not isinstance(x, np.ndarray | np.generic):
        return adapter.convert(x, dtype, device)
    if owner is None or owner.name == "numpy":
        return _literal(x, adapter, call, dtype, device)
    crossed = exchange.share(x, adapter.name) if share else exchange.copy(x, adapter.name)
    return adapter.convert(crossed, dtype, device)


def held(x: object) -> tuple[Any, Adapter | None]:
    """Return the tensor that a variable of another library holds as its `value`, with its adapter; else `x` and None.

    Read as an array, it would lose its gradient without anybody's noticing.

    Args:
        x: Anything that is no tensor itself.
    """
    if isinstance(x, (*_SCALARS, str, bytes, Sequence)) or not hasattr(x, "__array__"):
        return x, None
    value = getattr(x, "value", None)
    owner = None if value is None or callable(value) else adapter_of(value)
    return (x, None) if owner is None else (value, owner)


def _literal(x: object, adapter: Adapter, call: str, dtype: str | None, device: str | None) -> Tensor:
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"{call}: the mask of a masked array would be lost. Pass x.filled(value), or x.data and x.mask."
        )
    if isinstance(x, np.ndarray | np.generic):
        array, inferred = x, NAMES.get(x.dtype)
    else:
        array = as_array(x, call)
        inferred = python_dtype(array) if isinstance(x, (*_SCALARS, Sequence)) else NAMES.get(array.dtype)
    if inferred is None:
        array, inferred = _native_order(array, call)
    wanted = dtype or holdable(inferred, adapter)
    return adapter.convert(array, wanted, device)


def holdable(dtype: str, adapter: Adapter) -> str:
    """Return the dtype that the framework infers for a literal of `dtype`: itself, or JAX's 32-bit one."""
    return NARROW.get(dtype, dtype) if "64bit" in adapter.lacks else dtype


def as_array(x: object, call: str) -> np.ndarray:
    """Return NumPy's reading of `x`.

    Raises:
        ValueError: Ragged.
        TypeError: Not numbers.
    """
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(
            f"{call}: the nested sequences have different lengths or depths. Pad them, or pass one array for each. "
            f"({error})"
        ) from error
    # The dtypes of ml_dtypes are of kind "V" too, as structured ones are.
    if array.dtype not in NAMES and array.dtype.kind in "OSUVMmT":
        raise TypeError(
            f"{call}: expected numbers. Received: {_shown(x)} of type {type(x).__name__}, "
            f"which NumPy reads as dtype {array.dtype}."
        )
    return array


def python_dtype(array: np.ndarray) -> str:
    """Return the dtype of Python's own numbers: bool, int32, `floatx()` or complex64."""
    kind = array.dtype.kind
    if kind == "i" or kind == "u":
        fits = array.size == 0 or (array.min() >= _INT32.min and array.max() <= _INT32.max)
        return "int32" if fits else NAMES[array.dtype]
    if array.size == 0 and kind == "f":
        return config.floatx()
    return {"b": "bool", "f": config.floatx(), "c": "complex64"}.get(kind) or NAMES[array.dtype]


def _native_order(array: Any, call: str) -> tuple[np.ndarray, str]:
    if array.dtype.kind in "OSUVMmT":
        as_array(array, call)
    swapped = array.astype(array.dtype.newbyteorder("="))
    name = NAMES.get(swapped.dtype)
    if name is None:
        raise TypeError(f"{call}: dtype {array.dtype} is not one that a Variable may have: {', '.join(DTYPES)}.")
    return swapped, name


def _shown(x: object) -> str:
    text = repr(x)
    return text if len(text) <= 60 else text[:57] + "..."
