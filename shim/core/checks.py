"""Conditions on values that operations depend on: an index within bounds, a finite number.

Where the values are there, a condition that does not hold raises at once. In a computation that is being
compiled it becomes one more result: the run looks at it before anything that it computed is kept.
"""

from collections.abc import Callable
from threading import local
from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter


class Collected:
    """The conditions of one computation that is being traced.

    Attributes:
        held: Whether all conditions hold, those included that are still to come, where that is known already.
    """

    def __init__(self, adapter: Adapter, held: Any = None):
        self.adapter = adapter
        self.held = held
        self.conditions: list[Any] = []
        self.errors: list[Callable[[], Exception]] = []

    @property
    def asks(self) -> bool:
        """Whether there are conditions."""
        return self.held is not None or bool(self.conditions)

    def mark(self) -> tuple["Collected", int]:
        """Return what says which conditions `all` has asked."""
        return self, -1 if self.held is not None else len(self.conditions)

    def all(self, k: Any) -> Any:
        """Return whether all of them hold, as a tensor."""
        if self.held is not None:
            return self.held
        held = k.asarray(np.array(True))
        for condition in self.conditions:
            held = k.logical_and(held, k.reshape(condition, ()))
        return held


def check_indices(k: Any, indices: Any, size: int, error: Callable[[], Exception]) -> None:
    """Raise `error()` where an index is not in `[0, size)`, on a framework that says nothing about it itself.

    Args:
        k: The primitives that the operation computes with.
        indices: Integers.
        size: How many rows there are.
        error: Makes the exception.
    """
    if isinstance(indices, np.ndarray | np.generic):
        array = np.asarray(indices)
        check(bool(np.all((array >= 0) & (array < size))), error)
    elif not CURRENT.adapter[-1].checks_indices:
        dtype = k.dtype(indices)
        zero, end = k.asarray(np.array(0, dtype)), k.asarray(np.array(size, dtype))
        check(k.all(k.logical_and(k.greater_equal(indices, zero), k.less(indices, end))), error)


class _Current(local):
    def __init__(self) -> None:
        self.collected: list[Collected | None] = []
        self.adapter: list[Adapter] = []
        self.operation: Any = None


CURRENT = _Current()


def check(ok: Any, error: Callable[[], Exception]) -> None:
    """Raise `error()` where `ok` is false, now or when the computation runs.

    Args:
        ok: A scalar bool: Python's, NumPy's or the framework's tensor.
        error: Makes the exception.
    """
    if isinstance(ok, bool | np.bool_ | np.ndarray):
        if not bool(ok):
            raise error()
        return
    adapter = CURRENT.adapter[-1]
    if adapter.is_concrete(ok):
        if not bool(adapter.to_numpy(ok)):
            raise error()
        return
    collected = CURRENT.collected[-1]
    if collected is not None:
        collected.conditions.append(ok)
        operation = CURRENT.operation
        collected.errors.append(lambda: _placed(error(), operation))


def _placed(error: Exception, operation: Any) -> Exception:
    if getattr(error, "_op", operation) is None:
        error._op = operation  # type: ignore[attr-defined]
    return error
