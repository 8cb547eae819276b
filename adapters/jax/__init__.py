"""JAX: state is an immutable `jax.Array` that `assign` replaces."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from onevar.adapters import numpylike
from onevar.adapters.contract import Adapter, TensorSpec
from onevar.adapters.jax import exchange, tracing
from onevar.adapters.jax.primitives import PRIMITIVES
from onevar.dtypes import NAMES, NARROW, numpy_dtype

try:  # Private, and a hundred times cheaper than asking what a new array turns out to be.
    from jax._src.core import trace_state_clean as _no_trace
except ImportError:

    def _no_trace() -> bool:
        return not isinstance(jnp.zeros(()), Tracer)


class _Lacks(Mapping):
    """What JAX lacks as it is configured now: its 64-bit types come and go with a flag."""

    def _now(self) -> dict[str, str]:
        lacks = {
            "in_place": "jax.Array is immutable; assign replaces it",
            "native_state": "jax.Array is a value; optimizers return new arrays instead of changing it",
        }
        return lacks if jax.config.read("jax_enable_x64") else {**lacks, "64bit": _X64_OFF}

    def __getitem__(self, capability: str) -> str:
        return self._now()[capability]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


_X64_OFF = 'JAX holds 64-bit types only after jax.config.update("jax_enable_x64", True)'


class JaxAdapter(Adapter):
    """jax.Array on any device that JAX has here."""

    name = "jax"
    module = "jax"
    tensor_type = type(jnp.zeros(()))
    compiles = True
    donates = True
    checks_indices = False
    kernels = numpylike.kernels(jnp, round=jnp.round)
    primitives = PRIMITIVES
    # jax.numpy's functions for these take twice as long as the operators.
    float_kernels = {"negative": operator.neg, "abs": operator.abs}
    lacks = _Lacks()
    borrow_rules = exchange.BORROW_RULES
    guards_dlpack = True

    # Static, because a border is crossed in a microsecond or two.
    preflight = staticmethod(exchange.preflight)
    view = staticmethod(exchange.view)
    lend = staticmethod(exchange.lend)
    borrow = staticmethod(exchange.borrow)
    from_dlpack = staticmethod(exchange.from_dlpack)

    computing = staticmethod(tracing.computing)
    narrow = staticmethod(tracing.narrow)
    is_concrete = staticmethod(tracing.is_concrete)
    contents = staticmethod(tracing.contents)
    stop_gradient = staticmethod(jax.lax.stop_gradient)
    vjp = staticmethod(tracing.vjp)
    cond = staticmethod(tracing.cond)
    while_loop = staticmethod(tracing.while_loop)
    scan = staticmethod(tracing.scan)
    rehearse = staticmethod(tracing.rehearse)
    with_gradient = staticmethod(tracing.with_gradient)
    row = staticmethod(tracing.row)
    with_row = staticmethod(tracing.with_row)
    compile = staticmethod(tracing.compile)
    callback = staticmethod(tracing.callback)

    def owns(self, x: object) -> bool:
        return isinstance(x, jax.Array)

    def spec(self, x: jax.Array) -> TensorSpec:
        return TensorSpec(x.shape, NAMES.get(x.dtype) or str(x.dtype), _device_name(x))

    def convert(self, x: Any, dtype: str | None = None, device: str | None = None) -> jax.Array:
        wanted = None if dtype is None else numpy_dtype(_holdable(dtype))
        if isinstance(x, jax.Array):
            x = x if wanted is None or x.dtype == wanted else x.astype(wanted)
        elif isinstance(x, np.ndarray | np.generic):
            if wanted is None:
                wanted = numpy_dtype(_holdable(NAMES.get(x.dtype) or x.dtype.name))
            x = jnp.array(x, wanted)
        else:
            x = jnp.asarray(x, wanted)
        return x if device is None or isinstance(x, Tracer) else jax.device_put(x, _jax_device(device))

    def astype(self, x: jax.Array, dtype: str) -> jax.Array:
        wanted = numpy_dtype(_holdable(dtype))
        return x if x.dtype == wanted else x.astype(wanted)

    def to_numpy(self, x: jax.Array) -> np.ndarray:
        return np.array(x)

    def devices(self) -> Sequence[str]:
        default = [_name(device) for device in jax.devices()]
        return tuple(dict.fromkeys([*default, *(_name(device) for device in jax.devices("cpu"))]))

    def is_traced(self, x: object) -> bool:
        return isinstance(x, Tracer) or not _no_trace()

    def variable(self, x: jax.Array, *, trainable: bool, name: str, adopt: bool) -> jax.Array:
        return x

    def read(self, native: jax.Array) -> jax.Array:
        return native

    def fits(self, native: jax.Array, x: jax.Array) -> bool:
        return x.dtype is native.dtype and x.shape == native.shape and x.sharding == native.sharding

    def write(self, native: jax.Array, x: jax.Array, *, fresh: bool) -> jax.Array:
        return x

    def place(self, x: jax.Array, layout: Any) -> jax.Array:
        return jax.device_put(x, getattr(layout, "backend_layout", layout))

    def value_and_grad(self, fn: Callable, values: Sequence[jax.Array]) -> tuple[jax.Array, list[jax.Array]]:
        out, grads = jax.value_and_grad(fn, argnums=tuple(range(len(values))))(*values)
        return out, list(grads)

    def register(self, variable_class: type, flatten: Callable, unflatten: Callable) -> None:
        jax.tree_util.register_pytree_node(variable_class, flatten, unflatten)


def _holdable(dtype: str) -> str:
    if dtype in NARROW and not jax.config.read("jax_enable_x64"):
        raise ValueError(f"dtype {dtype!r} on backend 'jax': {_X64_OFF}. Or ask for {NARROW[dtype]!r}.")
    return dtype


def _name(device: jax.Device) -> str:
    kind = "cuda" if device.platform == "gpu" else device.platform
    return f"{kind}:{device.id}"


def _device_name(x: jax.Array) -> str:
    if isinstance(x, Tracer):
        return _name(jax.devices()[0])
    devices = x.devices()
    return _name(next(iter(devices))) if len(devices) == 1 else "sharded"


def _jax_device(name: str) -> jax.Device:
    kind, _, index = name.partition(":")
    return next(d for d in jax.devices(kind) if d.id == int(index))


ADAPTER = JaxAdapter()
