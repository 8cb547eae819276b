"""NumPy: the embedded default. It is always there, and it cannot differentiate, which it says."""

from collections.abc import Sequence
from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from onevar.adapters import numpylike
from onevar.adapters.contract import Adapter, TensorSpec
from onevar.adapters.numpy import exchange, state, tracing
from onevar.adapters.numpy.memory import aligned_copy
from onevar.adapters.numpy.primitives import PRIMITIVES
from onevar.dtypes import NAMES, numpy_dtype


def _round(x: np.ndarray, decimals: int = 0) -> np.ndarray:
    return np.round(x, decimals)


def _matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # NumPy answers float32 for the bfloat16 of ml_dtypes.
    return np.matmul(a, b).astype(np.result_type(a, b), copy=False)


class NumpyAdapter(Adapter):
    """NumPy arrays, `ml_dtypes` supplying bfloat16 and float8."""

    name = "numpy"
    module = "numpy"
    tensor_type = np.ndarray
    kernels = numpylike.kernels(xp, round=_round, matmul=_matmul)
    primitives = PRIMITIVES
    lacks = {
        "gradients": "NumPy has no automatic differentiation",
        "tracing": "NumPy has no tracer; every operation runs at once",
        "native_state": "numpy.ndarray has no notion of a parameter; assign may replace the array",
    }
    borrow_rules = exchange.BORROW_RULES

    exported = staticmethod(state.exported)  # a method's own frame would hold one more reference

    # Static, because a border is crossed in a microsecond or two.
    preflight = staticmethod(exchange.preflight)
    view = staticmethod(exchange.view)
    lend = staticmethod(exchange.lend)
    borrow = staticmethod(exchange.borrow)
    from_dlpack = staticmethod(exchange.from_dlpack)
    export = staticmethod(exchange.export)

    computing = staticmethod(tracing.computing)

    def owns(self, x: object) -> bool:
        return isinstance(x, np.ndarray | np.generic)

    def spec(self, x: Any) -> TensorSpec:
        return TensorSpec(x.shape, NAMES.get(x.dtype) or x.dtype.name, "cpu:0")

    def convert(self, x: object, dtype: str | None = None, device: str | None = None) -> np.ndarray:
        wanted = None if dtype is None else numpy_dtype(dtype)
        if isinstance(x, np.ndarray):
            return x if wanted is None else x.astype(wanted, copy=False)
        return aligned_copy(np.asarray(x, wanted))

    def astype(self, x: np.ndarray, dtype: str) -> np.ndarray:
        return x.astype(numpy_dtype(dtype), copy=False)

    def to_numpy(self, x: np.ndarray) -> np.ndarray:
        return np.array(x)

    def devices(self) -> Sequence[str]:
        return ("cpu:0",)

    def variable(self, x: np.ndarray, *, trainable: bool, name: str, adopt: bool) -> np.ndarray:
        return state.variable(x, trainable=trainable, name=name, adopt=adopt)

    def read(self, native: np.ndarray) -> np.ndarray:
        return state.read(native)

    def fits(self, native: np.ndarray, x: np.ndarray) -> bool:
        return x.dtype is native.dtype and x.shape == native.shape

    def write(self, native: np.ndarray, x: np.ndarray, *, fresh: bool) -> np.ndarray:
        return state.write(native, x, fresh=fresh)

    def accumulate(self, native: np.ndarray, x: Any, kernel: str, *, fresh: bool) -> np.ndarray:
        return state.accumulate(native, x, _IN_PLACE[kernel], fresh=fresh)

    def put(self, native: np.ndarray, rows: np.ndarray, values: np.ndarray, *, fresh: bool) -> np.ndarray:
        return state.put(native, rows, values, fresh=fresh)


_IN_PLACE: dict[str, np.ufunc] = {"add": np.add, "subtract": np.subtract}

ADAPTER = NumpyAdapter()
