"""The files of a program: its script, and what that imports of the program's own, found without running anything."""

import ast
import importlib.util
import io
import os
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from onevar.migrate import notebook, python2
from onevar.migrate.script import Request

_SKIPPED = ("site-packages", "dist-packages", "node_modules", "__pycache__")


@dataclass
class Source:
    """One file, read.

    Attributes:
        path: The file.
        module: Its dotted name, as the program imports it.
        tree: What it says; None if Python cannot read it.
        problem: Why it cannot.
        line: Where it cannot.
        lines: Its lines.
        places: For each line of a notebook, its cell and its line there.
    """

    path: Path
    module: str
    tree: ast.Module | None = None
    problem: str = ""
    line: int = 0
    lines: tuple[str, ...] = ()
    places: tuple[tuple[int, int], ...] = ()


@dataclass
class Tree:
    """The files of a program, in the order in which imports lead to them.

    Attributes:
        root: The program's folder.
        also: Packages from elsewhere that belong to it.
        sources: What has been read, by file.
    """

    root: Path
    also: tuple[str, ...] = ()
    sources: dict[Path, Source] = field(default_factory=dict)

    @cached_property
    def _own_files(self) -> list[Path]:
        found = []
        for folder, names, files in os.walk(self.root):
            names[:] = sorted(
                n
                for n in names
                if n not in _SKIPPED
                and not n.startswith(".")
                and not os.path.exists(os.path.join(folder, n, "pyvenv.cfg"))
            )
            found += [Path(folder, name) for name in sorted(files) if name.endswith(".py")]
        return found

    def locate(self, module: str) -> Path | None:
        """Return the program's file of that dotted name; None if it has none.

        A program may put any of its folders on `sys.path`, so a name that is not found from the root is looked for at
        the end of every path.
        """
        parts = module.split(".")
        for base in (self.root, *self._also_folders(parts[0])):
            for path in (base.joinpath(*parts).with_suffix(".py"), base.joinpath(*parts, "__init__.py")):
                if path.is_file():
                    return path
        ends = (os.path.join(os.sep, *parts) + ".py", os.path.join(os.sep, *parts, "__init__.py"))
        return next((path for path in self._own_files if str(path).endswith(ends)), None)

    def _also_folders(self, top: str) -> list[Path]:
        if top not in {name.partition(".")[0] for name in self.also}:
            return []
        spec = importlib.util.find_spec(top)
        folders = list(spec.submodule_search_locations or ()) if spec is not None else []
        file = spec.origin if spec is not None and spec.origin and not folders else None
        return [Path(folder).parent for folder in folders] + ([Path(file).parent] if file else [])

    def read(self, path: Path, module: str) -> None:
        """Read a file and everything of the program's that it imports."""
        waiting = [(path, module)]
        while waiting:
            path, module = waiting.pop(0)
            if path not in self.sources:
                source = self.sources[path] = read(path, module)
                waiting += self._imported(source)

    def read_also(self, names: tuple[str, ...]) -> None:
        """Read every file of some packages.

        Raises:
            FileNotFoundError: One is not here.
        """
        for name in names:
            path = self.locate(name)
            if path is None:
                raise FileNotFoundError(
                    f"--also {name}: no package or module of that name, with Python sources, is here."
                )
            self.read(path, name)
            folder = path.parent
            for file in sorted(folder.rglob("*.py")) if path.name == "__init__.py" else ():
                parts = file.relative_to(folder).with_suffix("").parts
                self.read(file, ".".join((name, *(part for part in parts if part != "__init__"))))

    def _imported(self, source: Source) -> list[tuple[Path, str]]:
        found = []
        for name in sorted(set(_names(source))):
            parts = name.split(".")
            # Importing `a.b` runs `a` first.
            for end in range(1, len(parts) + 1):
                module = ".".join(parts[:end])
                path = self.locate(module) if not module.startswith("tensorflow") else None
                if path is not None:
                    found.append((path, module))
        return found


def read(path: Path, module: str) -> Source:
    """Read one file, a notebook's cells of code included; whatever is wrong with it becomes its `problem`."""
    try:
        if path.suffix == notebook.SUFFIX:
            return _read_notebook(path, module)
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        return Source(path, module, None, str(error))
    try:
        return Source(path, module, _parsed(content, str(path)), lines=tuple(lines_of(_decoded(content))))
    except SyntaxError as error:
        return Source(path, module, None, python2.reason(error, _decoded(content)), error.lineno or 0)
    except (ValueError, RecursionError, MemoryError) as error:
        return Source(path, module, None, f"Python cannot parse it: {type(error).__name__} {error}".rstrip())


def _parsed(content: bytes | str, name: str) -> ast.Module:
    with warnings.catch_warnings():
        # What Python says of a stranger's escapes ("\d") and comparisons is not ours to pass on.
        warnings.simplefilter("ignore")
        return ast.parse(content, name)


def _decoded(content: bytes) -> str:
    """Return the text of a file by its own declaration, as well as that can be told; for showing lines of it."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    except SyntaxError:
        encoding = "latin-1"
    return content.decode(encoding, "replace")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as Python counts them: a form feed ends none."""
    return re.split(r"\r\n|\r|\n", text)


def _read_notebook(path: Path, module: str) -> Source:
    text, places = notebook.joined(notebook.cells(path))
    lines = tuple(lines_of(text))
    try:
        return Source(path, module, _parsed(text, str(path)), lines=lines, places=tuple(places))
    except SyntaxError as error:
        cell, line = places[min(error.lineno or 1, len(places)) - 1] if places else (0, 0)
        return Source(path, module, None, f"cell {cell}, line {line}: {python2.reason(error, text)}", error.lineno or 0)


def absolute(source: Source, node: ast.ImportFrom) -> str:
    """Return the module that a `from` statement names, relative ones resolved."""
    if not node.level:
        return node.module or ""
    package = source.module.split(".")
    # A package's own name is that of its __init__; a module's package is one up.
    keep = len(package) - node.level + (source.path.name == "__init__.py")
    return ".".join([*package[: max(keep, 0)], *([node.module] if node.module else [])])


def _names(source: Source) -> Iterator[str]:
    """Yield the modules that a file may import."""
    for node in ast.walk(source.tree) if source.tree is not None else ():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(source, node)
            yield base
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names if alias.name != "*")


def of(request: Request) -> Tree:
    """Read the files of the program that `request` would run.

    Raises:
        FileNotFoundError: The script, the module or a package of `--also` is not here.
    """
    program = request.program()
    tree = Tree(Path(program.root), program.also)
    path, module = _start(request, tree)
    if path is None or not path.is_file():
        raise FileNotFoundError(f"there is no {'module' if request.is_module else 'file'} {request.target!r} to read.")
    tree.read(path, module)
    inside = path.with_name("__main__.py")
    if request.is_module and path.name == "__init__.py" and inside.is_file():
        tree.read(inside, f"{module}.__main__")
    tree.read_also(request.also)
    return tree


def _start(request: Request, tree: Tree) -> tuple[Path | None, str]:
    """Return the file that the program starts with, and its name as a module."""
    if request.is_module:
        return tree.locate(request.target) or _installed(request.target), request.target
    target = Path(os.path.realpath(request.target))
    return target / "__main__.py" if target.is_dir() else target, "__main__"


def _installed(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    parts = module.split(".")[1:]
    folder = Path(spec.origin).parent
    found = (
        [Path(spec.origin)]
        if not parts
        else [folder.joinpath(*parts).with_suffix(".py"), folder.joinpath(*parts, "__init__.py")]
    )
    return next((path for path in found if path.is_file()), None)


def mentions_option(tree: Tree, name: str) -> bool:
    """Say whether the program may have a command-line option of that name: some text in it is `name` or `--name`."""
    wanted = {name, f"-{name}", f"--{name}"}
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in wanted
        for source in tree.sources.values()
        for node in (ast.walk(source.tree) if source.tree is not None else ())
    )
