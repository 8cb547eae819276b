"""array-api-strict as a backend of onevar: what an adapter from outside looks like.

array-api-strict is the array API and nothing else, on NumPy, with devices that are pretended.
"""

from types import EllipsisType
from typing import Any

import array_api_strict as xp
import numpy as np

from onevar.adapters import numpylike
from onevar.adapters.contract import Adapter, BorrowRules, TensorSpec
from onevar.dtypes import numpy_dtype

DEVICES = {
    "cpu:0": xp.Device("CPU_DEVICE"),
    "pretended:1": xp.Device("device1"),
    "pretended:2": xp.Device("device2"),
}
NAMES = {device: name for name, device in DEVICES.items()}
DTYPES = frozenset(name for name in dir(xp) if name.startswith(("bool", "int", "uint", "float", "complex")))


def _with_bool(name: str) -> Any:
    """Return the kernel of that name; the standard leaves numeric functions of bools unspecified."""
    function, compares = KERNELS[name], name.startswith(("less", "greater"))

    def kernel(a: Any, b: Any) -> Any:
        if a.dtype != xp.bool:
            return function(a, b)
        counted = function(xp.astype(a, xp.uint8), int(b) if isinstance(b, bool) else xp.astype(b, xp.uint8))
        return counted if compares else xp.astype(counted, xp.bool)

    return kernel


def _round(x: Any, decimals: int = 0) -> Any:
    if decimals == 0:
        return xp.round(x)
    # As NumPy scales: in the dtype of `x`, which is a float.
    return xp.divide(xp.round(xp.multiply(x, 10.0**decimals)), 10.0**decimals)


KERNELS = numpylike.kernels(xp, round=_round)
_ON_BOOLS = ("add", "multiply", "matmul", "less", "less_equal", "greater", "greater_equal")


def _getitem(x: Any, index: Any) -> Any:
    return x[_spelled_out(index if isinstance(index, tuple) else (index,), x.shape)]


def _spelled_out(index: tuple, shape: tuple[int, ...]) -> tuple:
    """Say for every axis what is meant, within its bounds, as the standard asks."""
    kinds = [type(part) for part in index]
    if EllipsisType not in kinds:
        index, kinds = (*index, ...), [*kinds, EllipsisType]
    before = kinds.index(EllipsisType)
    axis, found = 0, []
    for part in index:
        if part is ...:
            axis = len(shape) - sum(p is not None for p in index[before + 1 :])
        elif part is not None:
            if isinstance(part, slice):
                start, stop, step = part.indices(shape[axis])
                part = slice(start, stop if stop >= 0 else None, step)
            axis += 1
        found.append(part)
    return tuple(found)


class StrictAdapter(Adapter):
    """array_api_strict.Array, on any of its devices."""

    name = "strict"
    module = "array_api_strict"
    tensor_type = type(xp.zeros(()))
    kernels = {**KERNELS, **{name: _with_bool(name) for name in _ON_BOOLS}}
    primitives = numpylike.primitives(xp, getitem=_getitem)
    lacks = {
        "gradients": "the array API has no automatic differentiation",
        "tracing": "array-api-strict runs every operation at once",
        "in_place": "a write replaces the array, as the standard has views and copies alike",
        "native_state": "the standard has arrays and no object for state",
        "bfloat16": "the standard has no bfloat16",
        "float16": "the standard has no float16",
        "float8": "the standard has no float8",
    }
    borrow_rules = BorrowRules(dtypes=DTYPES)

    def owns(self, x: object) -> bool:
        return isinstance(x, self.tensor_type)

    def spec(self, x: Any) -> TensorSpec:
        return TensorSpec(x.shape, str(x.dtype).rpartition(".")[2], NAMES[x.device])

    def convert(self, x: Any, dtype: str | None = None, device: str | None = None) -> Any:
        where = None if device is None else DEVICES[device]
        if not self.owns(x):
            array = np.array(x, None if dtype is None else numpy_dtype(dtype))
            _known(array.dtype.name)
            return xp.asarray(array, device=where)
        tensor = x if dtype is None else self.astype(x, dtype)
        return tensor if where is None else tensor.to_device(where)

    def astype(self, x: Any, dtype: str) -> Any:
        wanted = getattr(xp, _known(dtype))
        if x.dtype == wanted:
            return x
        if xp.isdtype(x.dtype, "complex floating") and not xp.isdtype(wanted, "complex floating"):
            # The standard permits no such cast; a complex number is true unless it is zero.
            return xp.not_equal(x, 0) if dtype == "bool" else xp.astype(xp.real(x), wanted)
        return xp.astype(x, wanted)

    def to_numpy(self, x: Any) -> np.ndarray:
        return np.array(np.from_dlpack(x.to_device(DEVICES["cpu:0"])))

    def devices(self) -> tuple[str, ...]:
        return tuple(DEVICES)

    def variable(self, x: Any, *, trainable: bool, name: str, adopt: bool) -> Any:
        return x if adopt else xp.asarray(x, copy=True)

    def read(self, native: Any) -> Any:
        return native

    def write(self, native: Any, x: Any, *, fresh: bool) -> Any:
        return xp.asarray(x, copy=True)

    def getitem(self, x: Any, index: Any) -> Any:
        return _getitem(x, index)

    def borrow(self, array: np.ndarray) -> Any:
        return xp.asarray(array, copy=False)

    def from_dlpack(self, x: Any) -> Any:
        return xp.from_dlpack(x)


def _known(dtype: str) -> str:
    if dtype not in DTYPES:
        raise ValueError(f"array-api-strict has no {dtype}. It has: {', '.join(sorted(DTYPES))}.")
    return dtype


ADAPTER = StrictAdapter()
