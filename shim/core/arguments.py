"""Checks of the arguments that a Variable is made of, in Keras's words."""

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter
from onevar.cell import cell_of
from onevar.core import registry
from onevar.dtypes import standardize_dtype


def one_of(argument: str, value: Any, accepted: tuple) -> str:
    """Return `value`, with `"none"` for None; ValueError if it is not one of `accepted`."""
    if value not in accepted:
        shown = ", ".join(f"`{v!r}`" for v in accepted)
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected one of {shown}. Received: {argument}={value}"
        )
    return "none" if value is None else value


def callable_or_none(argument: str, example: str, value: Any) -> Callable | None:
    """Return `value`; ValueError if it is neither callable nor None."""
    if value is not None and not callable(value):
        raise ValueError(
            f"Invalid value for attribute `{argument}`. Expected a callable (such as a `{example}` instance) or "
            f"`None`. Received: {argument}={value}"
        )
    return value


def broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether `shape` broadcasts to `target` without widening it."""
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


_named: Counter[str] = Counter()
_named_lock = Lock()


def checked_name(name: Any) -> str:
    """Return `name`, or one that no Variable of this process has; ValueError if it is not a name."""
    if name is None or name == "":
        with _named_lock:
            count = _named["variable"]
            _named["variable"] += 1
        return f"variable_{count}" if count else "variable"
    if not isinstance(name, str) or "/" in name:
        raise ValueError(f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}")
    return name


def adapter_for(value: Any, backend: str | None) -> Adapter:
    """Return the adapter of `backend`, of the default that was asked for, of `value`, or of the first choice.

    Raises:
        FrameworkMissing: The backend is not here.
    """
    asked = backend if backend is not None else registry.requested_backend()
    if asked is not None:
        return registry.adapter(asked)
    cell = cell_of(value)
    if cell is not None:
        return cell.adapter
    # NumPy arrays are how everybody writes literals; they do not ask for NumPy.
    owner = None if isinstance(value, np.ndarray | np.generic) else registry.adapter_of(value)
    return owner or registry.adapter(registry.default_backend())


def storable(dtype: Any) -> str:
    """Return the name of a dtype that a Variable may have; ValueError for any other."""
    name = standardize_dtype(dtype)
    if name == "string":
        raise ValueError("Variable(dtype='string'): a Variable holds numbers. Keep text in Python or NumPy.")
    return name
