"""Parts of tensors: what torch's own indexing lacks of `contract.PRIMITIVES`.

Everything is differentiable and returns new tensors or views; nothing is written in place.
"""

from collections.abc import Sequence
from typing import Any

import torch


def getitem(x: torch.Tensor, index: Any) -> torch.Tensor:
    """Return `x[index]`; torch itself refuses negative steps."""
    try:
        return x[index]
    except ValueError:
        positive, flipped = _positive(index, x.shape)
        return torch.flip(x[positive], flipped)


def setitem(x: torch.Tensor, index: Any, value: Any) -> torch.Tensor:
    """Return a copy of `x` with `value`, which broadcasts, at `index`."""
    out = x.clone()
    index, flipped = _positive(index, x.shape)
    if flipped:
        shape = out[index].shape
        value = torch.flip(torch.broadcast_to(torch.as_tensor(value, dtype=x.dtype), shape), flipped)
    out[index] = value
    return out


def _positive(index: Any, shape: Sequence[int]) -> tuple[tuple, list[int]]:
    """Return the index with positive steps, and the axes of the result that are then to be flipped."""
    parts = list(index) if isinstance(index, tuple) else [index]
    taken = sum(part is not None and part is not ... for part in parts)
    if not any(part is ... for part in parts):
        parts.append(...)
    axis, place, found, flipped = 0, 0, [], []
    for part in parts:
        if part is ...:
            axis, place = axis + len(shape) - taken, place + len(shape) - taken
        elif part is None:
            place += 1
        elif isinstance(part, slice):
            if part.step is not None and part.step < 0:
                chosen = range(*part.indices(shape[axis]))[::-1]
                part = slice(chosen.start, chosen.stop, chosen.step)
                flipped.append(place)
            axis, place = axis + 1, place + 1
        else:
            axis += 1
        found.append(part)
    return tuple(found), flipped


def take(x: torch.Tensor, indices: torch.Tensor, axis: int = 0) -> torch.Tensor:
    """Return the parts of `x` along `axis` that `indices`, of any shape, name."""
    if indices.ndim == 1:
        return torch.index_select(x, axis, indices)
    axis = axis % x.ndim
    flat = torch.index_select(x, axis, indices.reshape(-1))
    return flat.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def take_along_axis(x: torch.Tensor, indices: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """Return one element for each of `indices`, which has the rank of `x`."""
    return torch.take_along_dim(x, indices.long(), axis)


def scatter(x: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor, mode: str) -> torch.Tensor:
    """Return `x` with `x[indices] op= updates` done for rows of its first axis."""
    flat = indices.reshape(-1).long()
    rows = updates.reshape((flat.shape[0], *x.shape[1:]))
    if x.dtype in _UNSIGNED:
        return scatter(x.to(torch.int64), flat, rows.to(torch.int64), mode).to(x.dtype)
    if mode == "add":
        return torch.index_add(x, 0, flat, rows)
    if mode == "subtract":
        return torch.index_add(x, 0, flat, rows, alpha=-1)
    if mode == "set":
        return torch.index_copy(x, 0, flat, rows)
    if mode == "divide":
        divisor = scatter(torch.ones_like(x), flat, rows, "multiply")
        return torch.div(x, divisor, rounding_mode=None if x.is_floating_point() or x.is_complex() else "trunc")
    where = flat.reshape((-1, *(1 for _ in x.shape[1:]))).expand(rows.shape)
    return torch.scatter_reduce(x, 0, where, rows, _REDUCE[mode])


_REDUCE = {"multiply": "prod", "max": "amax", "min": "amin"}
_UNSIGNED = frozenset({torch.uint16, torch.uint32, torch.uint64})
