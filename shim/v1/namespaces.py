"""`tf.train`, `tf.math` and the like: modules made from the registry of exports."""

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any

from onevar.v1 import export

_ROOT = "onevar.v1"


def members(prefix: str) -> set[str]:
    """Return the names directly below `prefix`, `"train"`; `""` is the root."""
    start = f"{prefix}." if prefix else ""
    return {name[len(start) :].partition(".")[0] for name in export.names() if name.startswith(start)}


def attribute(prefix: str, name: str) -> Any:
    """Return `tf.<prefix>.<name>`: a value, or the namespace below.

    Raises:
        AttributeError: There is none; the message has the nearest names and what to do.
    """
    full = f"{prefix}.{name}" if prefix else name
    if name == "__all__":  # `from tensorflow import *`
        return sorted(member for member in members(prefix) if not member.startswith("_"))
    if name.startswith("__"):
        raise AttributeError(f"module '{_ROOT}' has no attribute {full!r}")
    try:
        value = export.exported(full)
    except KeyError:
        if not export.is_exported(full):
            raise MissingName(full) from None
        value = importlib.import_module(f"{_ROOT}.{full}")
    setattr(sys.modules[f"{_ROOT}.{prefix}" if prefix else _ROOT], name, value)
    return value


class MissingName(AttributeError):
    """There is no `tf.<name>`. The sentence is made when somebody reads it: `hasattr` asks often, and reads nothing.

    Args:
        full: The name below `tf.`.
    """

    def __init__(self, full: str):
        super().__init__(full)
        self._full = full

    def __str__(self) -> str:
        from onevar.v1.refusals import advice_on_missing  # which is one of the chapters

        near = export.nearest(self._full)
        hint = f" Nearest: {', '.join('tf.' + name for name in near)}." if near else ""
        hint = advice_on_missing(self._full) + hint
        return (
            f"module 'tensorflow' has no attribute {self._full!r} in onevar.v1.{hint} `onevar audit script.py` lists "
            "what of a program is supported."
        )


class _Namespace(ModuleType):
    """A part of the API; `tf.train`."""

    def __init__(self, prefix: str):
        super().__init__(f"{_ROOT}.{prefix}", f"`tf.{prefix}` of TensorFlow 1.")
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return attribute(self.__name__.removeprefix(f"{_ROOT}."), name)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *members(self.__name__.removeprefix(f"{_ROOT}."))})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets `import onevar.v1.train` find a namespace where there is no file of that name."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        prefix = fullname.removeprefix(f"{_ROOT}.")
        if prefix == fullname or not export.ready() or not members(prefix):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        return _Namespace(spec.name.removeprefix(f"{_ROOT}."))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to do: attributes are looked up when they are asked for."""


sys.meta_path.append(_Finder())
