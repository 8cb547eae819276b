"""PyTorch: state is a `torch.nn.Parameter` that optimizers, modules and autograd know."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from onevar.adapters.contract import Adapter, TensorSpec
from onevar.adapters.torch import exchange, state, tracing
from onevar.adapters.torch.kernels import DTYPES, FLOAT_KERNELS, KERNELS, NAMES, astype
from onevar.adapters.torch.primitives import PRIMITIVES, asarray
from onevar.adapters.torch.updates import UPDATES, row_sums


class TorchAdapter(Adapter):
    """torch tensors on any device that torch has here."""

    name = "torch"
    module = "torch"
    tensor_type = torch.Tensor
    kernels = KERNELS
    float_kernels = FLOAT_KERNELS
    checks_indices = True
    primitives = PRIMITIVES
    updates = UPDATES
    row_sums = staticmethod(row_sums)
    lacks = {"float8_arithmetic": "torch computes on float8 only inside scaled_mm; cast to float32 first"}
    borrow_rules = exchange.BORROW_RULES
    guards_dlpack = True
    guard_reads = True

    # Static, because a border is crossed in a microsecond or two.
    preflight = staticmethod(exchange.preflight)
    view = staticmethod(exchange.view)
    lend = staticmethod(exchange.lend)
    borrow = staticmethod(exchange.borrow)
    from_dlpack = staticmethod(exchange.from_dlpack)
    export = staticmethod(exchange.export)

    is_concrete = staticmethod(tracing.is_concrete)
    stop_gradient = staticmethod(torch.Tensor.detach)
    vjp = staticmethod(tracing.vjp)
    with_gradient = staticmethod(tracing.with_gradient)
    compile = staticmethod(tracing.compile)
    opaque = staticmethod(torch.compiler.disable)

    def owns(self, x: object) -> bool:
        return isinstance(x, torch.Tensor)

    def spec(self, x: torch.Tensor) -> TensorSpec:
        return TensorSpec(tuple(x.shape), NAMES.get(x.dtype) or str(x.dtype), _device_name(x.device))

    def convert(self, x: Any, dtype: str | None = None, device: str | None = None) -> torch.Tensor:
        if isinstance(x, np.ndarray | np.generic):
            x = asarray(np.asarray(x))
        wanted = None if dtype is None else DTYPES[dtype]
        if isinstance(x, torch.Tensor):
            if device is None or x.device.type == "meta":
                return x if wanted is None else x.to(wanted)
            return x.to(device=_torch_device(device), dtype=wanted)
        return torch.tensor(x, dtype=wanted, device=None if device is None else _torch_device(device))

    def astype(self, x: torch.Tensor, dtype: str) -> torch.Tensor:
        return astype(x, dtype)

    def to_numpy(self, x: torch.Tensor) -> np.ndarray:
        if x.dtype in _NUMPY_HAS and x.is_cpu and not x.is_neg() and x.layout is torch.strided:
            return x.detach().numpy().copy()
        x = x.detach().resolve_conj().resolve_neg().cpu()
        return np.array(exchange.lend(x), copy=True)

    def devices(self) -> Sequence[str]:
        accelerators = []
        if torch.accelerator.is_available():
            kind = torch.accelerator.current_accelerator().type
            accelerators = [f"{kind}:{i}" for i in range(torch.accelerator.device_count())]
        default = _device_name(torch.get_default_device())
        return tuple(sorted(("cpu:0", *accelerators), key=lambda name: name != default))

    def is_traced(self, x: object) -> bool:
        return isinstance(x, torch.Tensor) and torch._C._functorch.is_functorch_wrapped_tensor(x)

    def variable(self, x: torch.Tensor, *, trainable: bool, name: str, adopt: bool) -> torch.nn.Parameter:
        return state.variable(x, trainable=trainable, name=name, adopt=adopt)

    def read(self, native: torch.nn.Parameter) -> torch.Tensor:
        return state.read(native)

    def peek(self, native: torch.nn.Parameter) -> torch.Tensor:
        return native.detach()

    def exported(self, native: torch.nn.Parameter) -> bool:
        return state.exported(native)

    def fits(self, native: torch.nn.Parameter, x: torch.Tensor) -> bool:
        return x.dtype is native.dtype and x.shape == native.shape and x.device == native.device

    def write(self, native: torch.nn.Parameter, x: torch.Tensor, *, fresh: bool) -> torch.nn.Parameter:
        return state.write(native, x, fresh=fresh)

    def accumulate(self, native: Any, x: Any, kernel: str, *, fresh: bool) -> torch.nn.Parameter:
        return state.accumulate(native, x, kernel, fresh=fresh)

    def put(self, native: Any, rows: Any, values: Any, *, fresh: bool) -> torch.nn.Parameter:
        return state.put(native, rows, values, fresh=fresh)

    def set_trainable(self, native: torch.nn.Parameter, trainable: bool) -> None:
        if native.dtype.is_floating_point or native.dtype.is_complex:
            native.requires_grad_(trainable)

    def value_and_grad(self, fn: Callable, values: Sequence[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        leaves = [v.detach().requires_grad_() for v in values]
        with torch.enable_grad():
            out = fn(*leaves)
        grads = torch.autograd.grad(out, leaves, allow_unused=True)
        return out.detach(), [torch.zeros_like(v) if g is None else g for v, g in zip(leaves, grads, strict=True)]


def _device_name(device: torch.device) -> str:
    return f"{device.type}:{device.index or 0}"


def _torch_device(name: str) -> torch.device:
    # torch distinguishes "cpu:0" from "cpu" in comparisons; it has one CPU.
    return torch.device("cpu" if name == "cpu:0" else name)


_NUMPY_HAS = frozenset({torch.float32, torch.float64, torch.int32, torch.int64, torch.bool, torch.uint8, torch.float16})

ADAPTER = TorchAdapter()
