"""State held in a `torch.nn.Parameter`, which keeps its identity for life.

Optimizers, modules and the autograd graph hold on to the Parameter, so a write changes what it
contains: in place while nobody else looks at the storage, otherwise by giving it new storage.
Either way autograd's version counter moves, so a backward pass that saved the old value fails
loudly instead of using the new one.
"""

from typing import Any

import torch
from torch.autograd.graph import increment_version

from onevar.adapters.torch.kernels import KERNELS

# Computed in a wider type; see kernels.
_NO_ARITHMETIC = frozenset({torch.uint16, torch.uint32, torch.uint64})

# Private, and the only exact answer: how many C++ owners a storage has. Every view, NumPy array and
# DLPack export made through `detach` or a view is one.
_use_count = getattr(torch._C, "_storage_Use_Count", None)


def variable(x: torch.Tensor, *, trainable: bool, name: str, adopt: bool) -> torch.nn.Parameter:
    """Return a Parameter; the very `x` if it is one and is adopted."""
    if adopt and isinstance(x, torch.nn.Parameter):
        return x.requires_grad_(_differentiable(x) and trainable)
    data = x.detach()
    if (
        not adopt or 0 in data.stride()
    ):  # an expanded tensor's elements share memory, and could not be written one by one
        data = data.clone(memory_format=torch.contiguous_format)
    return torch.nn.Parameter(data, requires_grad=trainable and _differentiable(data))


def _differentiable(x: torch.Tensor) -> bool:
    return x.dtype.is_floating_point or x.dtype.is_complex


def read(native: torch.nn.Parameter) -> torch.Tensor:
    """Return a view: it owns the storage too, and gradients flow through it."""
    return native.view_as(native)


def exported(native: torch.nn.Parameter) -> bool:
    """Whether the storage has an owner besides the Parameter."""
    if _use_count is None:
        return True
    return _use_count(native.untyped_storage()._cdata) > _SOLE


def write(native: torch.nn.Parameter, x: torch.Tensor, *, fresh: bool) -> torch.nn.Parameter:
    """Copy `x` into the Parameter's storage, or give it new storage."""
    if fresh:
        _move(native, x.detach().clone(memory_format=torch.contiguous_format))
    else:
        with torch.no_grad():
            native.copy_(x)
    return native


def accumulate(native: torch.nn.Parameter, x: Any, kernel: str, *, fresh: bool) -> torch.nn.Parameter:
    """Add or subtract in place, or into new storage."""
    with torch.no_grad():
        if native.dtype in _NO_ARITHMETIC:
            write(native, KERNELS[kernel](native, x), fresh=fresh)
        elif fresh:
            _move(native, getattr(torch, kernel)(native, x))
        elif kernel == "add":
            native.add_(x)
        else:
            native.sub_(x)
    return native


def put(native: torch.nn.Parameter, rows: torch.Tensor, values: torch.Tensor, *, fresh: bool) -> torch.nn.Parameter:
    """Replace rows in place, or in new storage."""
    if fresh:
        _move(native, native.detach().clone(memory_format=torch.contiguous_format))
    with torch.no_grad():
        native.index_copy_(0, rows.long(), values)
    return native


def _move(native: torch.nn.Parameter, data: torch.Tensor) -> None:
    native.data = data
    # `.data =` leaves the version as it was; a graph that saved the Parameter would not notice.
    increment_version(native)


def _count_sole() -> int:
    """Return the use count of a storage that only a Parameter owns, and the question itself."""
    alone = torch.nn.Parameter(torch.empty(1))  # a name, or it would be gone before it is counted
    return _use_count(alone.untyped_storage()._cdata) if _use_count else 0


_SOLE = _count_sole()
