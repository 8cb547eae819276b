"""PyTorch at the border: what may leave, and how memory is lent and borrowed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from onevar import dlpack
from onevar.adapters.contract import BorrowRules, Refusal
from onevar.adapters.torch.kernels import NAMES

#: torch has no read-only tensors: it writes through every mark. Negative strides abort the process.
BORROW_RULES = BorrowRules(strides="non-negative", readonly=False)

_PLAIN = frozenset({torch.Tensor, torch.nn.Parameter, torch.nn.Buffer})
_STRIDED = torch.strided
_is_functorch = torch._C._functorch.is_functorch_wrapped_tensor
# What neither `Tensor.numpy` nor `from_numpy` takes: the integers that carry its bits in torch and
# in NumPy, and its own dtype there.
_LENT = {
    torch.bfloat16: (torch.int16, dlpack.BFLOAT16),
    torch.float8_e4m3fn: (torch.uint8, dlpack.FLOAT8_E4M3FN),
    torch.float8_e5m2: (torch.uint8, dlpack.FLOAT8_E5M2),
}
_BORROWED: dict[np.dtype, tuple[Any, torch.dtype]] = {
    dlpack.BFLOAT16: (np.int16, torch.bfloat16),
    dlpack.FLOAT8_E4M3FN: (np.uint8, torch.float8_e4m3fn),
    dlpack.FLOAT8_E5M2: (np.uint8, torch.float8_e5m2),
}


def preflight(x: torch.Tensor) -> Refusal | None:
    """Return why the memory of `x` cannot leave: it has none, or its numbers are not what lies there."""
    if (
        type(x) in _PLAIN
        and x.layout is _STRIDED
        and x.dtype in NAMES
        and not x.is_neg()
        and not x.is_conj()
        and not _is_functorch(x)
        and x.data_ptr()
    ):
        return None
    return next((Refusal(reason(x), cure) for applies, reason, cure in _REASONS if applies(x)), None)


# In this order: each test may rely on those before it having said no.
_REASONS: tuple[tuple[Callable[[Any], bool], Callable[[Any], str], str], ...] = (
    (
        _is_functorch,
        lambda x: "a tensor inside torch.func has no memory of its own",
        "Pass the exchange's result into the transformed function, or leave the transformation first",
    ),
    (
        # Tensor subclasses that compute in Python hold no data (FakeTensor) or hold it elsewhere (DTensor).
        lambda x: type(x).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__,
        lambda x: f"a {type(x).__name__} is a wrapper, it has no memory of its own",
        "Pass the plain tensor that it stands for",
    ),
    (lambda x: x.layout is not _STRIDED, lambda x: f"layout {x.layout} has no counterpart", "Use x.to_dense()"),
    (lambda x: x.is_meta, lambda x: "a meta tensor has no memory", "Materialise it: torch.empty_like(x, device='cpu')"),
    (lambda x: x.dtype not in NAMES, lambda x: f"dtype {x.dtype} has no counterpart", "Convert it first: x.to(dtype)"),
    (lambda x: x.is_neg(), lambda x: "its memory holds the negated values (the neg bit is set)", "Use x.resolve_neg()"),
    (lambda x: x.is_conj(), lambda x: "its memory holds the conjugates (the conj bit is set)", "Use x.resolve_conj()"),
    (
        lambda x: x.numel() > 0 and not x.data_ptr(),
        lambda x: "its storage has been freed or is not allocated yet",
        "Allocate it first",
    ),
)


def _view(x: torch.Tensor) -> np.ndarray:
    """Return a NumPy view of `x`, cut from the autograd graph: an export is data.

    The view goes through `detach`, which makes it an owner of the storage that torch counts.
    """
    carried = _LENT.get(x.dtype)
    if carried is None:
        return x.detach().numpy()
    return x.detach().view(carried[0]).numpy().view(carried[1])


def lend(x: torch.Tensor) -> np.ndarray:
    """Return `x` as NumPy sees it, over its own memory."""
    return _view(x)


def view(x: torch.Tensor) -> np.ndarray | Refusal:
    """Do `preflight` and `lend` in one call."""
    return preflight(x) or _view(x)


def borrow(array: np.ndarray) -> torch.Tensor:
    """Return a tensor over the memory of `array`.

    A read-only `array` is borrowed too, without torch's warning: what torch writes there is seen by
    the owner. Who may lend it read-only memory is the caller's decision.
    """
    if not array.flags.writeable:
        array = dlpack.unlocked(array)
    carried = _BORROWED.get(array.dtype)
    if carried is None:
        return torch.from_numpy(array)
    return torch.from_numpy(array.view(carried[0])).view(carried[1])


def from_dlpack(x: Any) -> torch.Tensor:
    """Return a tensor over the memory of `x`, on its device.

    Raises:
        BufferError: The producer refuses.
    """
    return torch.from_dlpack(x)


def export(x: torch.Tensor) -> torch.Tensor:
    """Return what `__dlpack__` works on: `x`, cut from the autograd graph if it is in one."""
    return x.detach() if x.requires_grad else x
