"""JAX at the border: what may leave, and how memory is lent and borrowed."""

from typing import Any

import jax
import numpy as np
from jax.sharding import SingleDeviceSharding

from onevar import dlpack
from onevar.adapters.contract import BorrowRules, Loan, Refusal
from onevar.dtypes import NAMES
from onevar.errors import CopyRequired

#: XLA copies misaligned memory in silence, and knows any order of axes, but no gaps.
BORROW_RULES = BorrowRules(alignment=dlpack.ALIGNMENT, strides="dense")

_WIDE = frozenset(np.dtype(name) for name in ("int64", "uint64", "float64", "complex128"))
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


def view(x: jax.Array) -> np.ndarray:
    """Return a read-only NumPy view of `x`, which blocks until `x` is computed."""
    array = np.asarray(x)
    if array.base is None and array.size:
        # NumPy's own protocol copies what XLA stores in another order of axes; DLPack does not.
        array = dlpack.view(x)
        array.flags.writeable = False
    return array


def lend(x: jax.Array) -> Loan:
    """Return `view(x)` with its address."""
    array = view(x)
    return Loan(array, dlpack.address(array))


def borrow(array: np.ndarray) -> jax.Array:
    """Return an array over the memory of `array`.

    Raises:
        CopyRequired: The dtype has 64 bits, and JAX is configured to narrow it.
    """
    if array.dtype in _WIDE and not jax.config.jax_enable_x64:
        raise CopyRequired(
            "jax.dlpack.from_dlpack(x)",
            f"JAX would narrow {array.dtype} to 32 bits",
            'Call jax.config.update("jax_enable_x64", True) first, or convert it to a 32-bit dtype',
        )
    if array.flags.writeable and array.dtype in _PLAIN:
        return jax.dlpack.from_dlpack(array)
    return jax.dlpack.from_dlpack(dlpack.HostExport(array))


def from_dlpack(x: Any) -> jax.Array:
    """Return an array over the memory of `x`, on its device.

    Raises:
        ValueError: XLA would have to copy it.
    """
    return jax.dlpack.from_dlpack(x, copy=False)
