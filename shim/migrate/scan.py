"""Which names of TensorFlow a program mentions: static analysis, nothing is run.

It follows `import tensorflow as tf` in all its forms, names given to namespaces (`slim = tf.contrib.slim`), and names
that one of the program's modules takes from another (`from common import tf`). It cannot follow a namespace that is
passed to a function, nor names made up at run time.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from onevar.migrate import paths, virtual
from onevar.migrate.sources import Source, Tree, absolute

#: What names mean in a scope: a path below `tensorflow`; `@name`, one of the program's modules; None, something else.
Scope = dict[str, str | None]
_OWN = "@"
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


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
    exports = _exports(tree)
    for source in tree.sources.values():
        if source.tree is not None:
            _guarded(source, lambda source=source: _Reader(source, exports, found).read())  # type: ignore[misc]
        if source.tree is None:
            found.unreadable.append((str(source.path), source.line, source.problem))
        step(source)
    for name in [n for n in found.symbols if _is_prefix(n, found.symbols)]:
        del found.symbols[name]
    return found


def _guarded(source: Source, work: Callable[[], Any]) -> Any:
    """Return what `work` returns; a file that is nested too deep for Python's stack becomes one that cannot be read."""
    try:
        return work()
    except RecursionError:
        source.tree, source.problem = None, "nested too deep to be analysed"
        return None


def _is_prefix(name: str, names: dict[str, Symbol]) -> bool:
    """Whether it is only the namespace of something else that is mentioned."""
    return any(other.startswith(f"{name}.") for other in names)


def _exports(tree: Tree) -> dict[str, Scope]:
    """Return what the names at the top of each module mean, those taken from other modules included."""
    found: dict[str, Scope] = {source.module: {} for source in tree.sources.values()}
    # A chain of modules that hand a name on is as long as it is; three links have been enough for anybody.
    for _ in range(3):
        for source in tree.sources.values():
            if source.tree is not None:
                body = source.tree.body
                bound = _guarded(source, lambda body=body, source=source: _bindings(body, source, found, {}))  # type: ignore[misc]
                found[source.module] = bound or {}
    return found


def _tensorflow(name: str) -> str | None:
    """Return what is below `tensorflow` in a module's name; None for another module."""
    top, _, rest = name.partition(".")
    return paths.without_compat(rest) if top == "tensorflow" else None


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, not those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _FUNCTIONS | ast.ClassDef):
            yield from _below(child)


def _bindings(body: list[ast.stmt], source: Source, exports: dict[str, Scope], outer: Scope) -> Scope:
    """Return what the names bound in a scope mean. A name that an import binds anywhere in it means that."""
    nodes: list[ast.AST] = []
    for statement in body:
        nodes += [statement, *(() if isinstance(statement, _FUNCTIONS | ast.ClassDef) else _below(statement))]
    scope: Scope = dict.fromkeys(_assigned(nodes))
    for node in nodes:
        if isinstance(node, ast.Import):
            _bind_import(node, exports, scope)
        elif isinstance(node, ast.ImportFrom):
            _bind_from(node, source, exports, scope)
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            path = _path(node.value, [outer, scope], exports)
            if path is not None and not path.startswith(_OWN) and not _is_value(path):
                scope[node.targets[0].id] = path
    return scope


def _assigned(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield the names that assignments and definitions bind."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _bind_import(node: ast.Import, exports: dict[str, Scope], scope: Scope) -> None:
    for alias in node.names:
        path = _tensorflow(alias.name)
        bound = alias.name if alias.asname else alias.name.partition(".")[0]
        if path is not None:
            scope[alias.asname or bound] = path if alias.asname else ""
        elif bound in exports:
            scope[alias.asname or bound] = _OWN + bound


def _bind_from(node: ast.ImportFrom, source: Source, exports: dict[str, Scope], scope: Scope) -> None:
    module = absolute(source, node)
    path = _tensorflow(module)
    given = exports.get(module, {})
    for alias in node.names:
        name = alias.asname or alias.name
        if path is not None and alias.name != "*":
            scope[name] = paths.without_compat(f"{path}.{alias.name}".lstrip("."))
        elif alias.name == "*":
            scope.update({key: value for key, value in given.items() if value is not None and not key.startswith("_")})
        elif given.get(alias.name) is not None:
            scope[name] = given[alias.name]
        elif f"{module}.{alias.name}".lstrip(".") in exports:
            scope[name] = _OWN + f"{module}.{alias.name}".lstrip(".")


def _path(node: ast.AST, scopes: list[Scope], exports: dict[str, Scope]) -> str | None:
    """Return the path below `tensorflow` that an expression is, or `@name`; None if it is something else."""
    if isinstance(node, ast.Name):
        return next((scope[node.id] for scope in reversed(scopes) if node.id in scope), None)
    if isinstance(node, ast.Attribute):
        return _attribute(_path(node.value, scopes, exports), node.attr, exports)
    if isinstance(node, ast.Call) and node.args:
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return _called(function, node.args, scopes, exports)
    return None


def _attribute(base: str | None, name: str, exports: dict[str, Scope]) -> str | None:
    """Return what an attribute of something is."""
    if base is None:
        return None
    if not base.startswith(_OWN):
        return paths.without_compat(f"{base}.{name}".lstrip("."))
    module = base.removeprefix(_OWN)
    found = exports.get(module, {}).get(name)
    return f"{base}.{name}" if found is None and f"{module}.{name}" in exports else found


def _called(function: str, arguments: list[ast.expr], scopes: list[Scope], exports: dict[str, Scope]) -> str | None:
    """Return the path that `import_module("tensorflow")`, or `getattr(tf, "nn")`, is."""
    texts = [a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else None for a in arguments]
    if function == "import_module" and texts[0]:
        return _tensorflow(texts[0])
    if function == "__import__" and texts[0] and _tensorflow(texts[0]) is not None:
        return ""
    if function == "getattr" and len(texts) > 1 and texts[1]:
        return _attribute(_path(arguments[0], scopes, exports), texts[1], exports)
    return None


@cache
def _is_value(path: str) -> bool:
    """Whether a path is a function, a class or a constant, which ends a name: what follows is its own attribute."""
    if path.rpartition(".")[2][:1].isupper():
        return True
    return any(name in paths.published() or virtual.is_value(name) for name in paths.public_names(path))


class _Reader(ast.NodeVisitor):
    """Walks one file and notes the mentions."""

    def __init__(self, source: Source, exports: dict[str, Scope], found: Scan):
        self.source, self.exports, self.found = source, exports, found
        self.scopes: list[Scope] = [exports.get(source.module, {})]

    def read(self) -> None:
        """Walk the file."""
        if self.source.tree is not None:
            self.visit(self.source.tree)

    def note(self, path: str, line: int, is_import: bool = False) -> None:
        """Note a path as far as it names something of TensorFlow's: not the attributes of its objects."""
        parts = path.split(".")
        ends = (end for end in range(1, len(parts)) if _is_value(".".join(parts[:end])))
        name = ".".join(parts[: next(ends, len(parts))])
        self.found.uses.append(Use(name, str(self.source.path), line, is_import))
        if name:
            self.found.symbols.setdefault(name, Symbol(name)).places.append((str(self.source.path), line))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if (path := _tensorflow(alias.name)) is not None:
                self.note(path, node.lineno, True)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        path = _tensorflow(absolute(self.source, node))
        for alias in node.names if path is not None else ():
            if alias.name == "*":
                self.found.stars.append((f"tensorflow.{path}".rstrip("."), str(self.source.path), node.lineno))
            else:
                self.note(paths.without_compat(f"{path}.{alias.name}".lstrip(".")), node.lineno, True)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not self.mention(node):
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.mention(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.mention(node)
        self.generic_visit(node)

    def mention(self, node: ast.expr) -> bool:
        """Note what an expression mentions; return whether it mentions anything."""
        path = _path(node, self.scopes, self.exports)
        if not path or path.startswith(_OWN):
            return False
        self.note(path, node.lineno)
        return True

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        body: list[ast.stmt] = node.body if isinstance(node.body, list) else []
        outer = {name: value for scope in self.scopes for name, value in scope.items()}
        scope: Scope = {a.arg: None for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        declared = {name for n in ast.walk(node) if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
        bound = _bindings(body, self.source, self.exports, outer)
        scope.update({name: value for name, value in bound.items() if name not in declared})
        self.scopes.append(scope)
        self.generic_visit(node)
        self.scopes.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _inside  # noqa: N815
