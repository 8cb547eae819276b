"""Which names of TensorFlow a program mentions: static analysis, nothing is run.

What a name means is told by `bindings`. A namespace that is passed to a function cannot be followed, nor names made
up at run time.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from onevar.migrate import bindings, paths
from onevar.migrate.bindings import OWN, Exports, Scoped, guarded, tensorflow
from onevar.migrate.sources import Source, Tree, absolute


@dataclass
class Symbol:
    """One name of TensorFlow, and where it is mentioned.

    Attributes:
        name: Below `tf.`, as the program spells it; `compat.v1` left out.
        places: File and line of each mention, in order.
    """

    name: str
    places: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Use:
    """One mention of TensorFlow.

    Attributes:
        name: Below `tf.`; empty for `import tensorflow` itself.
        file: The file.
        line: Its line, from 1.
        is_import: Whether an import statement mentions it.
    """

    name: str
    file: str
    line: int
    is_import: bool


@dataclass
class Scan:
    """What was found.

    Attributes:
        symbols: By name, without those that are only namespaces of others.
        uses: Every mention, imports and namespaces included, in the order of the files.
        stars: `from tensorflow.x import *`: module, file, line.
        unreadable: Files that are not Python 3: file, line, reason.
        files: How many files were read.
    """

    symbols: dict[str, Symbol] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    stars: list[tuple[str, str, int]] = field(default_factory=list)
    unreadable: list[tuple[str, int, str]] = field(default_factory=list)
    files: int = 0


def scan(tree: Tree, step: Callable[[Source], object] = lambda source: None) -> Scan:
    """Find every mention of TensorFlow in a program's files.

    Args:
        tree: The files.
        step: Called with each file when it has been looked at.
    """
    found = Scan(files=len(tree.sources))
    given = bindings.exports(tree)
    for source in tree.sources.values():
        if source.tree is not None:
            guarded(source, lambda source=source: _Reader(source, given, found).read())  # type: ignore[misc]
        if source.tree is None:
            found.unreadable.append((str(source.path), source.line, source.problem))
        step(source)
    for name in [n for n in found.symbols if _is_prefix(n, found.symbols)]:
        del found.symbols[name]
    return found


def _is_prefix(name: str, names: dict[str, Symbol]) -> bool:
    """Whether it is only the namespace of something else that is mentioned."""
    return any(other.startswith(f"{name}.") for other in names)


class _Reader(Scoped):
    """Walks one file and notes the mentions."""

    def __init__(self, source: Source, given: Exports, found: Scan):
        super().__init__(source, given)
        self.found = found

    def read(self) -> None:
        """Walk the file."""
        if self.source.tree is not None:
            self.visit(self.source.tree)

    def note(self, path: str, line: int, is_import: bool = False) -> None:
        """Note a path as far as it names something of TensorFlow's: not the attributes of its objects."""
        name = bindings.ended(path)
        self.found.uses.append(Use(name, str(self.source.path), line, is_import))
        if name:
            self.found.symbols.setdefault(name, Symbol(name)).places.append((str(self.source.path), line))

    def visit_Import(self, node: ast.Import) -> None:  # noqa: N802
        for alias in node.names:
            if (path := tensorflow(alias.name)) is not None:
                self.note(path, alias.lineno, True)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:  # noqa: N802
        module = absolute(self.source, node)
        path = tensorflow(module)
        for alias in node.names:
            if path is not None and alias.name == "*":
                self.found.stars.append((f"tensorflow.{path}".rstrip("."), str(self.source.path), alias.lineno))
            elif path is not None:
                self.note(paths.canonical(f"{path}.{alias.name}".lstrip(".")), alias.lineno, True)
            elif (inside := tensorflow(f"{module}.{alias.name}")) is not None:
                self.note(inside, alias.lineno, True)  # `from onevar import v1`

    def visit_Attribute(self, node: ast.Attribute) -> None:  # noqa: N802
        if not self.mention(node):
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:  # noqa: N802
        if isinstance(node.ctx, ast.Load):
            self.mention(node)

    def visit_Call(self, node: ast.Call) -> None:  # noqa: N802
        self.mention(node)
        self.generic_visit(node)

    def mention(self, node: ast.expr) -> bool:
        """Note what an expression mentions; return whether it mentions anything."""
        path = bindings.path_of(node, self.scopes, self.given)
        if path is None or path.startswith(OWN):
            return False
        # `tf` alone, or `tf.compat.v1`, is no use of anything; `import_module("tensorflow")` is an import.
        if path or isinstance(node, ast.Call):
            self.note(path, node.lineno, not path)
        return True
