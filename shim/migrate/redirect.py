"""Who gets `onevar.v1` when TensorFlow is imported.

The importing module decides. A program's own modules (see `Program`) get `onevar.v1` for `import tensorflow`;
everything else in the process gets the real TensorFlow, or the ImportError that says that it is not installed. So
nothing is put into `sys.modules["tensorflow"]`: that entry is the real one's. Instead `__import__`, which every
import statement calls with the globals of its module, looks at who asks; so do `importlib.import_module`,
`importlib.util.find_spec` and the questions of `importlib.metadata` and `pkg_resources` for a version. Only names
that start with `tensorflow` cost more than a comparison.
"""

import builtins
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from onevar.migrate import virtual
from onevar.migrate.program import Program

NAME = "tensorflow"
_METADATA = "Metadata-Version: 2.1\nName: tensorflow\nVersion: {}\n"
_LOOSE = """onevar run: {name} ({file}) is not below {root},
  so it gets the real TensorFlow. If it belongs to the program, run it with: onevar run --also {top} ...
"""
_mentioned: set[str] = set()
_undo: list[tuple[Any, str, Any]] = []


class _Pretended(importlib.metadata.Distribution):
    """The distribution `tensorflow`, as the program's own version checks see it."""

    project_name = key = NAME

    def read_text(self, filename: str) -> str | None:
        """Return the metadata, the only file there is."""
        return _METADATA.format(importlib.import_module(virtual.ROOT).__version__) if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        """Return `path`: nothing is installed."""
        return path


def install(program: Program) -> None:
    """Redirect the imports of `program`'s modules, from now on, in this process.

    Raises:
        RuntimeError: Another program's are redirected already.
    """
    if _undo:
        raise RuntimeError("install(program): imports are redirected already, for another program.")
    _replace(builtins, "__import__", lambda real: _importer(program, real))
    _replace(importlib, "import_module", lambda real: _module_importer(program, real))
    _replace(importlib.util, "find_spec", lambda real: _instead(program, real, _spec))
    _replace(importlib.metadata, "distribution", lambda real: _instead(program, real, _distribution))
    _replace(importlib.metadata, "version", lambda real: _instead(program, real, _version))


def uninstall() -> None:
    """Take `install` back. What was imported stays."""
    while _undo:
        owner, name, real = _undo.pop()
        setattr(owner, name, real)


@contextmanager
def redirected(program: Program) -> Iterator[None]:
    """Redirect imports inside the `with` block."""
    install(program)
    try:
        yield
    finally:
        uninstall()


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    real = getattr(owner, name)
    _undo.append((owner, name, real))
    setattr(owner, name, make(real))


def _path(name: Any) -> str | None:
    """Return what is below `tensorflow` in a module's name; None for any other module."""
    if not isinstance(name, str) or name[:10] != NAME or name[10:11] not in ("", "."):
        return None
    return name[11:]


def _importer(program: Program, real: Callable[..., Any]) -> Callable[..., Any]:
    def __import__(  # noqa: N807
        name: str, globals: Any = None, locals: Any = None, fromlist: Sequence[str] | None = (), level: int = 0
    ) -> Any:
        if name[:10] == NAME and not level:
            path = _path(name)
            if path is not None and program.asked(globals, sys._getframe(1)):
                return _import(path, fromlist)
            if path is not None:
                _mention(program, program.asker(globals, sys._getframe(1)))
        elif name == "pkg_resources":
            return _with_version(program, real(name, globals, locals, fromlist, level))
        return real(name, globals, locals, fromlist, level)

    return __import__


def _mention(program: Program, names: dict[str, Any] | None) -> None:
    """Say once that a module of somebody's own, from another folder, gets the real TensorFlow."""
    top = "" if names is None else str(names.get("__name__")).partition(".")[0]
    if names is None or top in _mentioned or not program.is_loose(names):
        return
    _mentioned.add(top)
    sys.stderr.write(_LOOSE.format(name=names["__name__"], file=names["__file__"], root=program.root, top=top))


def _import(path: str, fromlist: Sequence[str] | None) -> ModuleType:
    """Return what the import statement wants: the module itself for `from`, else the package at the top."""
    found = virtual.module(path)
    virtual.bind(path)
    if not fromlist:
        return virtual.module("")
    for name in fromlist:
        if name != "*":
            _check(found, path, name)
    return found


def _check(module: ModuleType, path: str, name: str) -> None:
    try:
        getattr(module, name)
    except AttributeError:
        full = f"{path}.{name}".lstrip(".")
        try:
            setattr(module, name, virtual.lookup(full))
        except LookupError:
            source = f"{NAME}.{path}".rstrip(".")
            text = f"cannot import name {name!r} from {source!r}: {virtual.missing(full)}"
            problem = ImportError(text, name=source)
            problem.__dict__["onevar_symbol"] = full
            raise problem from None


def _module_importer(program: Program, real: Callable[..., Any]) -> Callable[..., Any]:
    def import_module(name: str, package: str | None = None) -> Any:
        path = _path(name)
        if path is None or not program.asked(None, sys._getframe(1)):
            return real(name, package)
        virtual.bind(path)
        return virtual.module(path)

    return import_module


def _instead(program: Program, real: Callable[..., Any], answer: Callable[[str], Any]) -> Callable[..., Any]:
    """Return a function that answers by itself when the program asks about `tensorflow`."""

    def ask(name: str, *arguments: Any, **keywords: Any) -> Any:
        path = _path(name)
        if path is None or not program.asked(None, sys._getframe(1)):
            return real(name, *arguments, **keywords)
        return answer(path)

    return ask


def _spec(path: str) -> importlib.machinery.ModuleSpec | None:
    try:
        found = virtual.module(path)
    except ModuleNotFoundError:
        return None
    return importlib.machinery.ModuleSpec(f"{NAME}.{path}".rstrip("."), None, origin=found.__name__, is_package=True)


def _distribution(path: str) -> _Pretended:
    return _Pretended()


def _version(path: str) -> str:
    return _Pretended().version


def _with_version(program: Program, module: Any) -> Any:
    """Give `pkg_resources` its answer about TensorFlow's version; it comes late, if at all."""
    if not any(owner is module for owner, _, _ in _undo):
        _replace(module, "get_distribution", lambda real: _instead(program, real, _distribution))
    return module
