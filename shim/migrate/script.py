"""Runs a program as `python script.py` or `python -m module` would, with its imports redirected.

It gets a `__main__` of its own, its arguments, its `sys.path[0]`; its exceptions go to `sys.excepthook` without a
frame of onevar's in the traceback, and its exit status is the command's.
"""

import importlib.machinery
import importlib.util
import io
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from onevar.migrate import children, explain, notebook, old_numpy, program, redirect

_FOLDER = os.path.dirname(os.path.abspath(__file__))
#: Where an attribute of `tensorflow` is looked up.
_NAMESPACES = tuple(os.path.join(os.path.dirname(_FOLDER), "v1", name) for name in ("__init__.py", "namespaces.py"))
#: The `__main__` that started this process stays alive: its functions are on the stack.
_before: list[ModuleType] = []


@dataclass(frozen=True)
class Request:
    """What to run.

    Attributes:
        target: The script's path, or a module's name.
        arguments: What the program finds in `sys.argv[1:]`.
        is_module: Whether `target` names a module, as after `python -m`.
        also: Packages outside of the program's folder whose imports are redirected too.
        old_numpy: Whether NumPy gets back the names that it has given up.
    """

    target: str
    arguments: tuple[str, ...] = ()
    is_module: bool = False
    also: tuple[str, ...] = ()
    old_numpy: bool = False

    @property
    def is_notebook(self) -> bool:
        """Whether the target is a notebook."""
        return not self.is_module and self.target.endswith(notebook.SUFFIX)

    def program(self) -> program.Program:
        """Return the files whose imports are redirected."""
        return (program.of_module if self.is_module else program.of_script)(self.target, self.also)


def run(request: Request) -> None:
    """Run a program in this process, which becomes the program's: what it changes stays changed.

    Raises:
        SystemExit: The program ended itself, or could not be started.
        BaseException: Whatever the program raised; `sys.excepthook` shows it without our frames.
    """
    owned, before = request.program(), sys.excepthook
    redirect.install(owned)
    children.install(owned)
    if request.old_numpy:
        old_numpy.restore()
    start = _module if request.is_module else _script
    try:
        codes, main = start(request)
        for code in codes:
            exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException:
        # The hook that the program left behind, or Python's, gets the traceback that Python would have made.
        # Python's hook looks for lines in files, and a notebook's are not there.
        plain = request.is_notebook and sys.excepthook is before
        sys.excepthook = _cleaning(traceback.print_exception if plain else sys.excepthook, owned)
        raise


def _script(request: Request) -> tuple[list[CodeType], ModuleType]:
    path = request.target
    if request.is_notebook:
        return _notebook(request)
    if os.path.isdir(path) or _is_archive(path):
        return _folder(request)
    absolute = os.path.abspath(path)
    try:
        with io.open_code(absolute) as file:
            source = file.read()
    except OSError as error:
        _refuse(f"can't open file {absolute!r}: [Errno {error.errno}] {error.strerror}", 2)
    _begin(request, os.path.dirname(os.path.realpath(path)), path)
    main = _new_main(importlib.machinery.SourceFileLoader("__main__", absolute), None, absolute)
    return [compile(source, absolute, "exec", dont_inherit=True)], main


def _notebook(request: Request) -> tuple[list[CodeType], ModuleType]:
    absolute = os.path.abspath(request.target)
    try:
        codes = notebook.compiled(Path(request.target), absolute)
    except (OSError, ValueError) as error:
        _refuse(f"can't run {absolute!r}: {error}", 2)
    _begin(request, os.path.dirname(os.path.realpath(request.target)), request.target)
    return codes, _new_main(None, None, absolute)


def _is_archive(path: str) -> bool:
    import zipfile  # not before a file is there to look at: it takes long to import

    return not path.endswith((".py", ".pyw")) and os.path.isfile(path) and zipfile.is_zipfile(path)


def _folder(request: Request) -> tuple[list[CodeType], ModuleType]:
    """Start the `__main__` of a folder or a zip file, which comes first in `sys.path` itself."""
    absolute = os.path.abspath(request.target)
    spec = importlib.machinery.PathFinder.find_spec("__main__", [absolute])
    if spec is None or spec.loader is None:
        _refuse(f"can't find '__main__' module in {absolute!r}", 1)
    _begin(request, absolute, request.target)
    return [_code(spec)], _new_main(spec.loader, spec, str(spec.origin), "")


def _module(request: Request) -> tuple[list[CodeType], ModuleType]:
    _begin(request, os.getcwd(), "-m")
    name = request.target
    spec = _find(name)
    if spec is not None and spec.submodule_search_locations is not None:
        name = f"{name}.__main__"
        spec = _find(name)
    if spec is None or spec.loader is None:
        _refuse(f"No module named {name}", 1)
    sys.argv[0] = str(spec.origin)
    return [_code(spec)], _new_main(spec.loader, spec, str(spec.origin), name.rpartition(".")[0])


def _find(name: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise


def _code(spec: importlib.machinery.ModuleSpec) -> CodeType:
    loader: Any = spec.loader
    code = loader.get_code(spec.name) if hasattr(loader, "get_code") else None
    if code is None:
        _refuse(f"No code object available for {spec.name}", 1)
    return code


def _begin(request: Request, first: str, name: str) -> None:
    sys.argv[:] = [name, *request.arguments]
    if not sys.flags.safe_path:
        sys.path[:1] = [first]


def _new_main(loader: Any, spec: Any, file: str, package: str | None = None) -> ModuleType:
    """Put a fresh `__main__` in place, with the attributes that Python gives it."""
    main = ModuleType("__main__")
    cached = None if spec is None else spec.cached
    main.__dict__.update(
        __loader__=loader, __spec__=spec, __file__=file, __cached__=cached, __package__=package, __annotations__={}
    )
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    _before.append(sys.modules["__main__"])
    sys.modules["__main__"] = main
    return main


def _refuse(text: str, status: int) -> NoReturn:
    sys.stderr.write(f"onevar run: {text}\n")
    raise SystemExit(status)


def _cleaning(hook: Callable[..., Any], owned: program.Program) -> Callable[..., Any]:
    """Return `hook`, called with a traceback of the program's own, and followed by an explanation."""

    def show(kind: type[BaseException], error: BaseException, entries: TracebackType | None) -> None:
        _clean(error, set())
        hook(kind, error, error.__traceback__)
        sys.stderr.write(explain.explain(error, owned))

    return show


def _clean(error: BaseException | None, seen: set[int]) -> None:
    """Take our frames out of the traceback of an error, and of those that led to it."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    frames: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        # What is above the program, down to `run`, is how the command started.
        frames = [] if entry.tb_frame.f_code is run.__code__ else [*frames, entry]
        entry = entry.tb_next
    while isinstance(error, AttributeError) and frames and _file(frames[-1]) in _NAMESPACES:
        frames.pop()
    kept = [entry for entry in frames if os.path.dirname(_file(entry)) != _FOLDER]
    for this, following in zip(kept, [*kept[1:], None], strict=False):
        this.tb_next = following
    if kept or isinstance(error, SyntaxError):
        error.__traceback__ = kept[0] if kept else None
    for other in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        _clean(other, seen)


def _file(entry: TracebackType) -> str:
    return entry.tb_frame.f_code.co_filename
