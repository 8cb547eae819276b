"""`tf.train`, `tf.math` and the like: modules made from the registry of exports."""

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any

from onevar.v1 import export

_ROOT = "onevar.v1"
#: Where TensorFlow keeps what it does not publish. What of it is here is told by the tables of `onevar.migrate`, which
#: stands above this package and is reached by name.
_INTERNAL = ("python", "core", "examples", "contrib")
_VIRTUAL = "onevar.migrate.virtual"


def _plain(name: str) -> str:
    """Return a name without `compat.v1`, which stands for the root."""
    while name.startswith("compat.v1."):
        name = name[len("compat.v1.") :]
    return name


def members(prefix: str) -> set[str]:
    """Return the names directly below `prefix`, `"train"`; `""` is the root."""
    start = f"{prefix}." if prefix else ""
    known = (*export.names(), *export.provided_names())
    return {name[len(start) :].partition(".")[0] for name in known if name.startswith(start)}


def attribute(prefix: str, name: str) -> Any:
    """Return `tf.<prefix>.<name>`: a value, or the namespace below.

    Raises:
        AttributeError: There is none; the message has the nearest names and what to do.
    """
    full = _plain(f"{prefix}.{name}".lstrip("."))
    if name == "__all__":  # `from tensorflow import *`
        return sorted(member for member in members(prefix) if not member.startswith("_"))
    if name.startswith("__"):
        raise AttributeError(f"module '{_ROOT}' has no attribute {full!r}")
    try:
        value = export.exported(full)
    except KeyError:
        if export.is_provided(full):
            value = export.provided(full)
        elif not export.is_exported(full):
            value = _internal(full)
        else:
            value = importlib.import_module(f"{_ROOT}.{full}")
    setattr(sys.modules[f"{_ROOT}.{prefix}" if prefix else _ROOT], name, value)
    return value


def _internal(full: str) -> Any:
    """Return what one of TensorFlow's internal modules has under a public name elsewhere, or the module's stand-in.

    Raises:
        MissingName: It is no such name, or onevar does not have it.
    """
    if full.partition(".")[0] not in _INTERNAL:
        raise MissingName(full) from None
    try:
        return importlib.import_module(_VIRTUAL).lookup(full)
    except LookupError:
        raise MissingName(full) from None


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
        # What has a file is found by others; a name that has none takes the chapters to tell.
        if prefix == fullname or not (members(_plain(prefix)) or self._stands_in(_plain(prefix))):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    @staticmethod
    def _stands_in(prefix: str) -> bool:
        """Whether there is a stand-in for an internal module."""
        if prefix.partition(".")[0] not in _INTERNAL:
            return False
        try:
            return isinstance(importlib.import_module(_VIRTUAL).lookup(prefix), ModuleType)
        except LookupError:
            return False

    def create_module(self, spec: Any) -> ModuleType:
        prefix = _plain(spec.name.removeprefix(f"{_ROOT}."))
        return _Namespace(prefix) if members(prefix) else importlib.import_module(_VIRTUAL).lookup(prefix)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to do: attributes are looked up when they are asked for."""


sys.meta_path.append(_Finder())
