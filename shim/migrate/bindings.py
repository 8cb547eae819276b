"""What the names of a module mean, scope by scope: which of them are TensorFlow's, under which path.

It follows `import tensorflow as tf` in all its forms, `import onevar.v1 as tf` likewise, names given to namespaces
(`slim = tf.contrib.slim`), and names that one of the program's modules takes from another (`from common import tf`).
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from onevar.migrate import paths, virtual
from onevar.migrate.sources import Source, Tree, absolute

_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
#: Begins the meaning of a name that is one of the program's modules.
OWN = "@"
#: The package whose `v1` is what `tensorflow` is to others.
_ONEVAR = f"{OWN}onevar"
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Scope(dict[str, str | None]):
    """What names mean: a path below `tensorflow`; `@name`, one of the program's modules; None, something else.

    Attributes:
        unsure: Names that mean different things at different times: their meaning here is the likeliest.
    """

    def __init__(self, *given: Any):
        super().__init__(*given)
        self.unsure: set[str] = set()

    def mean(self, name: str, meaning: str | None) -> None:
        """Note that a name is given a meaning; one that is TensorFlow's, or the program's, outlasts any other."""
        if name in self and self[name] != meaning:
            self.unsure.add(name)
        if meaning is not None or name not in self:
            self[name] = meaning


Exports = dict[str, Scope]


def exports(tree: Tree) -> Exports:
    """Return what the names at the top of each module mean, those taken from other modules included."""
    found: Exports = {source.module: Scope() for source in tree.sources.values()}
    # A chain of modules that hand a name on is as long as it is; three links have been enough for anybody.
    for _ in range(3):
        for source in tree.sources.values():
            if source.tree is not None:
                bound = guarded(source, lambda source=source: at_top(source, found))  # type: ignore[misc]
                found[source.module] = bound if bound is not None else Scope()
    return found


def at_top(source: Source, given: Exports) -> Scope:
    """Return what the names at the top of a module mean.

    Args:
        source: The module.
        given: What the program's modules have.
    """
    if source.tree is None:
        return Scope()
    scope = _bindings(source.tree.body, source, given, Scope())
    for function in ast.walk(source.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            # A function that says `global tf` may be the one that imports it.
            names = {name for one in function.body if isinstance(one, ast.Global) for name in one.names}
            bound = _bindings(function.body, source, given, scope) if names else {}
            for name in sorted(names & {name for name, meaning in bound.items() if meaning is not None}):
                scope.mean(name, bound[name])
    return scope


def guarded(source: Source, work: Callable[[], Any]) -> Any:
    """Return what `work` returns; a file that is nested too deep for Python's stack becomes one that cannot be read."""
    try:
        return work()
    except RecursionError:
        source.tree, source.problem = None, "nested too deep to be analysed"
        return None


def tensorflow(name: str) -> str | None:
    """Return what is below `tensorflow`, or `onevar.v1`, in a module's name; None for another module."""
    for root in ("tensorflow", virtual.ROOT):
        if name == root or name.startswith(f"{root}."):
            return paths.canonical(name[len(root) + 1 :])
    return None


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, not those of the scopes inside it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, COMPREHENSIONS):
            # Only what `:=` binds in there is bound out here.
            yield from (found.target for found in ast.walk(child) if isinstance(found, ast.NamedExpr))
            continue
        yield child
        if not isinstance(child, FUNCTIONS | ast.ClassDef):
            yield from _below(child)


def _bindings(body: list[ast.stmt], source: Source, given: Exports, outer: Scope) -> Scope:
    """Return what the names bound in a scope mean."""
    nodes: list[ast.AST] = []
    for statement in body:
        nodes += [statement, *(() if isinstance(statement, FUNCTIONS | ast.ClassDef) else _below(statement))]
    aliases = [node for node in nodes if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    scope = Scope()
    for node in nodes:
        if isinstance(node, ast.Import):
            _bind_import(node, given, scope)
        elif isinstance(node, ast.ImportFrom):
            _bind_from(node, source, given, scope)
    meant: dict[int, str | None] = {}
    for node in aliases:
        path = path_of(node.value, [outer, scope], given)
        if path is not None and not path.startswith(OWN) and not is_value(path):
            meant[id(node.targets[0])] = path
            scope.mean(node.targets[0].id, path)  # type: ignore[attr-defined]
        elif isinstance(node.value, ast.Constant) and node.value.value is None:
            # `tf = None`, where the import failed.
            meant[id(node.targets[0])] = None
            scope.setdefault(node.targets[0].id, None)  # type: ignore[attr-defined]
    for name, node in _assigned(nodes):
        if id(node) not in meant:
            scope.mean(name, None)
    return scope


def _assigned(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that assignments and definitions bind, and where."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node
        elif isinstance(node, _NAMED) and node.name:
            yield node.name, node


def _bind_import(node: ast.Import, given: Exports, scope: Scope) -> None:
    for alias in node.names:
        path = tensorflow(alias.name)
        bound = alias.name if alias.asname else alias.name.partition(".")[0]
        if path is not None:
            whole = _ONEVAR if bound == "onevar" else ""
            scope.mean(alias.asname or bound, path if alias.asname else whole)
        elif bound in given:
            scope.mean(alias.asname or bound, OWN + bound)
        else:
            scope.mean(alias.asname or bound, _ONEVAR if bound == "onevar" else None)


def _bind_from(node: ast.ImportFrom, source: Source, given: Exports, scope: Scope) -> None:
    module = absolute(source, node)
    path = tensorflow(module)
    known = given.get(module, Scope())
    for alias in node.names:
        name = alias.asname or alias.name
        inside = f"{module}.{alias.name}".lstrip(".")
        if path is not None and alias.name != "*":
            scope.mean(name, paths.canonical(f"{path}.{alias.name}".lstrip(".")))
        elif alias.name == "*":
            for key, value in known.items():
                if value is not None and not key.startswith("_"):
                    scope.mean(key, value)
        elif known.get(alias.name) is not None:
            scope.mean(name, known[alias.name])
        elif inside in given:
            scope.mean(name, OWN + inside)
        else:
            scope.mean(name, tensorflow(inside))


def path_of(node: ast.AST, scopes: list[Scope], given: Exports) -> str | None:
    """Return the path below `tensorflow` that an expression is, or `@name`; None if it is something else.

    Args:
        node: The expression.
        scopes: What names mean, the innermost scope last.
        given: What the program's modules have.
    """
    if isinstance(node, ast.Name):
        return next((scope[node.id] for scope in reversed(scopes) if node.id in scope), None)
    if isinstance(node, ast.Attribute):
        return attribute(path_of(node.value, scopes, given), node.attr, given)
    if isinstance(node, ast.Call) and node.args:
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else None for a in node.args]
        return called(function, texts, lambda: path_of(node.args[0], scopes, given), given)
    return None


def attribute(base: str | None, name: str, given: Exports) -> str | None:
    """Return what an attribute of something is.

    Args:
        base: What has it, a path below `tensorflow` or `@name`.
        name: The attribute's.
        given: What the program's modules have.
    """
    if base is None or base == _ONEVAR:
        return "" if base is not None and name == "v1" else None
    if not base.startswith(OWN):
        return paths.canonical(f"{base}.{name}".lstrip("."))
    module = base.removeprefix(OWN)
    found = given.get(module, Scope()).get(name)
    return f"{base}.{name}" if found is None and f"{module}.{name}" in given else found


def called(function: str, texts: list[str | None], first: Callable[[], str | None], given: Exports) -> str | None:
    """Return the path that `import_module("tensorflow")`, or `getattr(tf, "nn")`, is.

    Args:
        function: The last part of the function's name.
        texts: The arguments that are literal strings; None for others.
        first: Gives the path that the first argument is.
        given: What the program's modules have.
    """
    if function == "import_module" and texts[0]:
        return tensorflow(texts[0])
    if function == "__import__" and texts[0] and tensorflow(texts[0]) is not None:
        return ""
    if function == "getattr" and len(texts) > 1 and texts[1]:
        return attribute(first(), texts[1], given)
    return None


@cache
def is_value(path: str) -> bool:
    """Whether a path is a function, a class or a constant, which ends a name: what follows is its own attribute."""
    if path.rpartition(".")[2][:1].isupper():
        return True
    return any(name in paths.published() or virtual.is_value(name) for name in paths.public_names(path))


@cache
def ended(path: str) -> str:
    """Return a path as far as it names something of TensorFlow's: not the attributes of its objects."""
    parts = path.split(".")
    ends = (end for end in range(1, len(parts)) if is_value(".".join(parts[:end])))
    return ".".join(parts[: next(ends, len(parts))])


class Scoped(ast.NodeVisitor):
    """Walks a file and knows what names mean wherever it is.

    Args:
        source: The file.
        given: What the program's modules have.
    """

    def __init__(self, source: Source, given: Exports):
        self.source, self.given = source, given
        self._stack: list[tuple[Scope, bool]] = [(given.get(source.module, Scope()), False)]

    @property
    def scopes(self) -> list[Scope]:
        """The scopes that are seen from here, the innermost last: methods do not see their class's."""
        return [scope for scope, hidden in self._stack if not hidden]

    def entered(self, node: ast.AST, scope: Scope) -> None:
        """Called when a scope opens.

        Args:
            node: Its function, class or comprehension.
            scope: What is bound in it.
        """

    def _within(self, node: ast.AST, scope: Scope, children: list[Any]) -> None:
        innermost, _ = self._stack[-1]
        is_class = self._of_class
        if is_class:
            self._stack[-1] = (innermost, True)
        self._stack.append((scope, False))
        self._of_class = isinstance(node, ast.ClassDef)
        self.entered(node, scope)
        for child in children:
            self.visit(child)
        self._stack.pop()
        self._of_class = is_class
        self._stack[-1] = (innermost, False)

    _of_class = False

    def _outer(self) -> Scope:
        return Scope({name: value for scope in self.scopes for name, value in scope.items()})

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        body: list[ast.stmt] = node.body if isinstance(node.body, list) else []
        # Decorators, defaults and annotations are read outside.
        for child in ast.iter_child_nodes(node):
            if child not in body and child is not node.body:
                self.visit(child)
        scope = Scope({a.arg: None for a in _arguments(node.args)})
        declared = {name for n in ast.walk(node) if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
        bound = _bindings(body, self.source, self.given, self._outer())
        for name, value in bound.items():
            if name not in declared:
                scope.mean(name, value)
        scope.unsure |= bound.unsure - declared
        self._within(node, scope, body or [node.body])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Walk a function."""
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Walk a function."""
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Walk a function."""
        self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Walk a class."""
        for child in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(child)
        self._within(node, _bindings(node.body, self.source, self.given, self._outer()), list(node.body))

    def _comprehension(self, node: Any) -> None:
        first = node.generators[0]
        self.visit(first.iter)
        scope = Scope()
        for name in (n for one in node.generators for n in ast.walk(one.target) if isinstance(n, ast.Name)):
            scope[name.id] = None
        parts = [part for one in node.generators for part in (one.target, one.iter, *one.ifs) if part is not first.iter]
        value = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._within(node, scope, [*parts, *value])

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815


def _arguments(node: ast.arguments) -> Iterator[ast.arg]:
    yield from (*node.posonlyargs, *node.args, *node.kwonlyargs)
    yield from (one for one in (node.vararg, node.kwarg) if one is not None)
