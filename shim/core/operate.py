"""Operators off the fast path: mixed dtypes, mixed frameworks, scopes, other Variables."""

import sys
from typing import Any

from onevar.adapters.contract import Adapter, Tensor
from onevar.cell import cell_of
from onevar.core.promotion import compute_dtype
from onevar.core.registry import adapter_of
from onevar.core.values import held, to_tensor
from onevar.dtypes import FLOAT8
from onevar.errors import DeviceMissing

#: What tensors of a graph take for identity.
_EQUALITY = ("equal", "not_equal")
_WEAK = (int, float, complex)


def operate(kernel: str, variable: Any, other: object, *, reflected: bool) -> Tensor:
    """Return `kernel(variable, other)`, or the other way round, as a tensor of the Variable's framework.

    Returns NotImplemented where `other` is nothing to compute with, so that Python asks it in turn.
    """
    cell = variable._cell
    adapter: Adapter = cell.adapter
    mine = variable.value
    theirs, their_type = _operand(other, adapter, cell, kernel)
    if their_type is None:
        return NotImplemented
    my_dtype = adapter.spec(mine).dtype
    left, right = (their_type, my_dtype) if reflected else (my_dtype, their_type)
    dtype = compute_dtype(kernel, left, right, keeps_int64=adapter.keeps_int64)
    if dtype in FLOAT8 and "float8_arithmetic" in adapter.lacks:
        raise adapter.lacking("float8_arithmetic", f"{kernel}({left}, {right})")
    mine = adapter.astype(mine, dtype)
    if isinstance(their_type, type):
        theirs = adapter.convert(theirs, dtype, cell.where)
    else:
        theirs = adapter.astype(theirs, dtype)
    return adapter.kernels[kernel](theirs, mine) if reflected else adapter.kernels[kernel](mine, theirs)


def _operand(other: Any, adapter: Adapter, cell: Any, kernel: str) -> tuple[Any, str | type | None]:
    """Return the operand, and its dtype or, for a Python number, its type; None: not an operand."""
    kind = type(other)
    if kind in _WEAK:
        return other, kind
    if kernel not in _EQUALITY and _is_symbolic(other):
        return other, None  # the graph says what the variable is in it
    call = f"{kernel}(Variable, {kind.__name__})"
    theirs = cell_of(other)
    if theirs is not None:
        if cell.layout is None and theirs.layout is None:
            _refuse_other_device(theirs.device, theirs.adapter, adapter, cell.device, call)
        other = other._read()
    owner = adapter_of(other)
    if owner is None:
        other, owner = held(other)
    if owner is None and not _is_numeric(other):
        return other, None
    if owner is adapter:
        return other, adapter.spec(other).dtype
    if owner is not None and owner.name != "numpy":
        _refuse_other_device(owner.spec(other).device, owner, adapter, cell.device, call)
    tensor = to_tensor(other, adapter, call=call, device=cell.where, share=True)
    return tensor, adapter.spec(tensor).dtype


def _is_symbolic(other: Any) -> bool:
    operation = sys.modules.get("onevar.core.operation")  # nothing is symbolic as long as nobody builds graphs
    return operation is not None and (
        isinstance(other, operation.Tensor) or getattr(other, "_in_graph_mode", False) is True
    )


def _is_numeric(other: Any) -> bool:
    if isinstance(other, bool | list | tuple):
        return True
    return hasattr(other, "__array__") and not isinstance(other, str | bytes)


def _refuse_other_device(theirs: str, owner: Adapter, adapter: Adapter, device: str, call: str) -> None:
    if theirs != device:
        raise DeviceMissing(
            f"{call}: the Variable is on {device} ({adapter.name}), the operand on {theirs} ({owner.name}). "
            f"Move one of them: variable.to({theirs!r}), or the operand to {device!r} with {owner.name}'s own means."
        )
