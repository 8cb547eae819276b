"""JAX at the border: what may leave, and how memory is lent and borrowed."""

from typing import Any

import jax
import numpy as np
from jax.sharding import SingleDeviceSharding

from onevar import dlpack
from onevar.adapters.contract import BorrowRules, Refusal
from onevar.dtypes import NAMES, standardize_dtype
from onevar.errors import CopyRequired

#: XLA copies misaligned memory in silence, and knows any order of axes, but no gaps.
BORROW_RULES = BorrowRules(alignment=dlpack.ALIGNMENT, strides="dense")

_WIDE_NAMES = frozenset({"int64", "uint64", "float64", "complex128"})
_WIDE = frozenset(map(np.dtype, _WIDE_NAMES))
_PLAIN = frozenset(NAMES) - frozenset(dlpack.CARRIERS)


def preflight(x: Any) -> Refusal | None:
    """Return why the memory of `x` cannot leave: it is traced, deleted, spread out, or no numbers."""
    if isinstance(x, jax.core.Tracer):
        return Refusal(
            "a traced value has no memory",
            "Exchange outside the jitted or differentiated function, or use jax.pure_callback inside it",
        )
    if x.dtype not in NAMES:
        return _dtype_refusal(x)
    if x.is_deleted():
        return Refusal("the array has been deleted or donated", "Use it before it is donated")
    if type(x.sharding) is not SingleDeviceSharding and len(x.sharding.device_set) > 1:
        return Refusal(
            f"the array is spread over {len(x.sharding.device_set)} devices",
            "Pass one shard, x.addressable_shards[i].data, or gather it: jax.device_put(x, device)",
        )
    return None


def _dtype_refusal(x: Any) -> Refusal:
    if jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key):
        return Refusal("a PRNG key has no counterpart", "Pass its data: jax.random.key_data(key)")
    return Refusal(f"dtype {x.dtype} has no counterpart", "Convert it first: x.astype(dtype)")


def _view(x: jax.Array) -> np.ndarray:
    """Return a read-only NumPy view of `x`, which blocks until `x` is computed."""
    array = np.asarray(x)
    if array.base is None and array.size:
        # NumPy's own protocol copies what XLA stores in another order of axes; DLPack does not.
        array = dlpack.view(x)
        array.flags.writeable = False
    return array


def lend(x: jax.Array) -> np.ndarray:
    """Return `x` as NumPy sees it, over its own memory."""
    return _view(x)


def view(x: jax.Array) -> np.ndarray | Refusal:
    """Do `preflight` and `lend` in one call."""
    return preflight(x) or _view(x)


def borrow(array: np.ndarray) -> jax.Array:
    """Return an array over the memory of `array`.

    Raises:
        CopyRequired: The dtype has 64 bits, and JAX is configured to narrow it.
    """
    if array.dtype in _WIDE and not jax.config.jax_enable_x64:
        raise _narrowing(array.dtype.name)
    if array.flags.writeable and array.dtype in _PLAIN:
        return jax.dlpack.from_dlpack(array)
    return jax.dlpack.from_dlpack(dlpack.HostExport(array))


def _narrowing(dtype: str) -> CopyRequired:
    return CopyRequired(
        "jax.dlpack.from_dlpack(x)",
        f"JAX would narrow {dtype} to 32 bits",
        'Call jax.config.update("jax_enable_x64", True) first, or convert it to a 32-bit dtype',
    )


def from_dlpack(x: Any) -> jax.Array:
    """Return an array over the memory of `x`, on its device.

    Raises:
        CopyRequired: The dtype has 64 bits, and JAX is configured to narrow it.
        ValueError: XLA would have to copy it.
    """
    if not jax.config.jax_enable_x64:
        dtype = getattr(x, "dtype", None)
        if dtype is not None and standardize_dtype(dtype) in _WIDE_NAMES:
            raise _narrowing(standardize_dtype(dtype))
    return jax.dlpack.from_dlpack(x, copy=False)
