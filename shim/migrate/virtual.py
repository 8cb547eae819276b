"""Modules that stand in for TensorFlow's: `tensorflow.python.ops.math_ops`, `tensorflow.contrib.layers`.

`tensorflow` is `onevar.v1`, its public namespaces are those of `onevar.v1`, and its internal modules are made here,
when a program imports them. Their attributes are looked up by the facts in `paths`.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

from onevar.migrate import paths

ROOT = "onevar.v1"
#: Where else TensorFlow 1 had its Keras.
_KERAS = ("python.keras.", "contrib.keras.api.keras.", "contrib.keras.python.keras.", "contrib.keras.")
_made: dict[str, "Internal"] = {}


class Internal(ModuleType):
    """One of TensorFlow's internal modules: has what is public of it, and its submodules."""

    def __init__(self, path: str):
        super().__init__(f"{ROOT}.{path}", f"Stands in for `tensorflow.{path}`.")
        self.__path__: list[str] = []
        self.__dict__["_onevar_path"] = path

    def __getattr__(self, name: str) -> Any:
        path = self.__dict__["_onevar_path"]
        if name == "__all__":
            return [public for public in paths.attributes(path) if hasattr(self, public)]
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"module 'tensorflow.{path}' has no attribute {name!r}", name=name, obj=self)
        try:
            value = lookup(f"{path}.{name}")
        except LookupError:
            raise AttributeError(missing(f"{path}.{name}"), name=name, obj=self) from None
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *paths.attributes(self.__dict__["_onevar_path"])})


def lookup(path: str) -> Any:
    """Return what `tensorflow.<path>` is here: a value, a public namespace, or a stand-in for an internal module.

    Raises:
        LookupError: onevar has nothing of that name.
    """
    from onevar.v1 import export

    path = paths.canonical(path)
    if not path:
        return _root()
    for name in paths.public_names(path):
        try:
            return export.exported(name)
        except KeyError:
            if name in export.provided_names():
                return export.provided(name)
    if paths.is_module(path) and path.split(".")[0] in paths.INTERNAL:
        if path not in _made:
            # An import of something below finds it there, instead of making a namespace of the same name.
            _made[path] = sys.modules[f"{ROOT}.{path}"] = Internal(path)
        return _made[path]
    if export.is_exported(path):
        return importlib.import_module(f"{ROOT}.{path}")
    for spelled in _KERAS:
        if f"{path}.".startswith(spelled):
            return lookup(f"keras.{path[len(spelled) :]}".rstrip("."))
    return _generated(path)


def _generated(path: str) -> Any:
    """Return what TensorFlow generates: a function for an op type, which `X_ops` has from `gen_X_ops`; a message.

    Raises:
        LookupError: There is none, or `path` is no such thing.
    """
    from onevar.v1 import export

    module, _, name = path.rpartition(".")
    package, _, file = module.rpartition(".")
    if package in ("python.ops", "python.training") and not name.startswith("_"):
        try:
            return getattr(export.exported(f"python.ops.gen_{file.removeprefix('gen_')}"), name)
        except (KeyError, AttributeError):
            raise LookupError(path) from None
    return _message(path)


def _message(path: str) -> Any:
    """Return what one of TensorFlow's modules of messages has: the tensorboard package has most of them.

    Raises:
        LookupError: It has not; or `path` is no such thing.
    """
    from onevar.core.protos import proto

    module, _, name = path.rpartition(".")
    file = module.rpartition(".")[2]
    if not (path.startswith("core.") and file.endswith("_pb2")):
        raise LookupError(path)
    try:
        return getattr(proto(file.removesuffix("_pb2")), name)
    except (ImportError, AttributeError):
        raise LookupError(path) from None


def _root() -> ModuleType:
    """Return `tensorflow` itself, whose `contrib` and `python` are there without being imported."""
    root = importlib.import_module(ROOT)
    for name in ("contrib", "python"):
        if not isinstance(root.__dict__.get(name), Internal):
            setattr(root, name, lookup(name))
    return root


def is_value(name: str) -> bool:
    """Whether onevar exports a function, class or constant under exactly this public name."""
    from onevar.v1 import export

    try:
        export.exported(name)
    except KeyError:
        return False
    return True


def supported(path: str) -> str | None:
    """Return the name under which onevar has what `tensorflow.<path>` is, a namespace included; None if it has not."""
    from onevar.v1 import export

    names = paths.public_names(path)
    exact = next((name for name in names if is_value(name)), None)
    if exact is None and path.split(".")[0] in paths.INTERNAL and paths.is_module(path):
        return path
    return exact or next((name for name in names if export.is_exported(name)), None)


def module(path: str) -> ModuleType:
    """Return the module that `import tensorflow.<path>` gives; `""` is `tensorflow` itself.

    Raises:
        ModuleNotFoundError: There is none; the message says what to do.
    """
    try:
        value = lookup(path)
    except LookupError:
        value = None
    if isinstance(value, ModuleType):
        return value
    full = f"tensorflow.{path}"
    reason = missing(path) if value is None else f"'{full}' is not a package"
    problem = ModuleNotFoundError(f"No module named {full!r}: {reason}", name=full)
    problem.__dict__["onevar_symbol"] = path
    raise problem


def bind(path: str) -> None:
    """Make every package on the way to `tensorflow.<path>` an attribute of its parent, as an import does."""
    parts = paths.canonical(path).split(".")
    for end in range(1, len(parts) + 1):
        parent, child = module(".".join(parts[: end - 1])), module(".".join(parts[:end]))
        if parent.__dict__.get(parts[end - 1]) is not child:
            setattr(parent, parts[end - 1], child)


def missing(path: str) -> str:
    """Return the sentence about a name that is not there: what it is, what is near, what to do."""
    from onevar.v1 import export
    from onevar.v1.refusals import advice_on_missing

    public = [name for name in paths.public_names(path) if name.split(".")[0] not in ("python", "core", "examples")]
    also = f", which is tf.{public[0]}," if public and public[0] != path else ""
    near = export.nearest(public[0] if public else path)
    hint = f" Nearest: {', '.join(f'tf.{name}' for name in near)}." if near else ""
    hint = advice_on_missing(public[0] if public else path) + hint
    return (
        f"tensorflow.{path}{also} is not supported by onevar.v1.{hint} "
        "`onevar run --report script.py` lists what of a program is."
    )
