"""Other libraries that are used beside onevar: what is to be done once one of them is imported.

Nothing is imported for it. An import of anything else costs a comparison of names.
"""

import importlib.abc
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any


class _Waiting(importlib.abc.MetaPathFinder):
    """Finds nothing, but has the modules that are waited for tell when they are there."""

    def __init__(self) -> None:
        self.callbacks: dict[str, list[Callable[[], None]]] = {}
        self._asking = False

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        if fullname not in self.callbacks or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            self._announce(spec.loader, fullname)
        return spec

    def _announce(self, loader: Any, name: str) -> None:
        original = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            original(module)
            del loader.exec_module
            for callback in self.callbacks.pop(name, ()):
                callback()

        # On this one loader: it stays what it is for all who ask it for sources or data.
        loader.exec_module = exec_module


_WAITING = _Waiting()


def when_imported(name: str, callback: Callable[[], None]) -> None:
    """Call a function when a module has been imported: now, or at the end of its import.

    Args:
        name: Of a module at the top.
        callback: Of no arguments.
    """
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        callback()
        return
    _WAITING.callbacks.setdefault(name, []).append(callback)
    if _WAITING not in sys.meta_path:
        sys.meta_path.insert(0, _WAITING)


def has(name: str) -> bool:
    """Say whether a module at the top is there; it is not imported.

    Args:
        name: The module's.
    """
    return name in sys.modules or importlib.util.find_spec(name) is not None
