"""For those who bring a framework of their own: an adapter in under a hundred lines, registered and put to use.

The framework here is array-api-strict, which holds its arrays behind an interface as narrow as the array
API standard. Run it as it is; without array-api-strict it says so. To prove an adapter, make it
installable with an entry point and run the suite on it; see docs/write-an-adapter.md.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import onevar
from onevar.adapters import numpylike
from onevar.adapters.contract import Adapter, TensorSpec
from onevar.core import registry

try:
    import array_api_strict as xp
except ImportError:
    raise SystemExit("skipped: this example needs array-api-strict: pip install array-api-strict") from None

DTYPES = {name: getattr(xp, name) for name in ("bool", "int32", "int64", "float32", "float64", "complex64")}


class SampleAdapter(Adapter):
    """Arrays of array-api-strict, which are treated as immutable: `assign` replaces them."""

    name = "sample"
    module = "array_api_strict"
    tensor_type = type(xp.asarray(0))
    kernels = numpylike.kernels(xp)
    lacks = {
        "gradients": "array-api-strict has no automatic differentiation",
        "tracing": "array-api-strict runs every operation at once",
        "in_place": "arrays are replaced by assign",
        "native_state": "an array is a value, there is no object for state",
        "bfloat16": "the array API standard has no bfloat16",
        "float8": "the array API standard has no float8",
        "float8_arithmetic": "the array API standard has no float8",
    }

    def owns(self, x: object) -> bool:
        return isinstance(x, self.tensor_type)

    def spec(self, x: Any) -> TensorSpec:
        return TensorSpec(x.shape, str(x.dtype).rpartition(".")[2], "cpu:0")

    def convert(self, x: object, dtype: str | None = None, device: str | None = None) -> Any:
        if dtype is not None and dtype not in DTYPES:
            raise ValueError(f"dtype {dtype!r} on backend 'sample': it has {', '.join(DTYPES)}.")
        if self.owns(x):
            return x if dtype is None else xp.astype(x, DTYPES[dtype], copy=False)
        array = np.asarray(x) if dtype is None else np.asarray(x).astype(dtype)
        return xp.asarray(array, copy=True)

    def astype(self, x: Any, dtype: str) -> Any:
        return self.convert(x, dtype)

    def to_numpy(self, x: Any) -> np.ndarray:
        return np.array(np.from_dlpack(x))

    def devices(self) -> Sequence[str]:
        return ("cpu:0",)

    def variable(self, x: Any, *, trainable: bool, name: str, adopt: bool) -> Any:
        return x if adopt else xp.asarray(x, copy=True)

    def read(self, native: Any) -> Any:
        return native

    def write(self, native: Any, x: Any, *, fresh: bool) -> Any:
        return xp.asarray(x, copy=True)

    def from_dlpack(self, x: Any) -> Any:
        return xp.from_dlpack(x)


def main() -> None:
    """Register the adapter, and do with it what every backend does."""
    registry.register(SampleAdapter())  # for this process; an entry point does it for good
    v = onevar.Variable([[1.0, 2.0], [3.0, 4.0]], backend="sample", name="v")
    print(v)
    print("v @ v + 1:", (v @ v + 1.0))
    print("promotion is onevar's, float32 + int32:", (v + xp.asarray([[1, 2], [3, 4]], dtype=xp.int32)).dtype)
    before = v.value
    v.assign_add([[1.0, 1.0], [1.0, 1.0]])
    print("a snapshot stays as it was:", float(before[0, 0]), "; the Variable now:", float(v[0, 0]))
    print(onevar.explain(v, "numpy"))
    same = np.from_dlpack(v.value).ctypes.data == v.share("numpy").ctypes.data
    print("shared with NumPy at the same address:", same)
    try:
        registry.adapter("sample").value_and_grad(lambda x: xp.sum(x), [v.value])
    except NotImplementedError as error:
        print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
