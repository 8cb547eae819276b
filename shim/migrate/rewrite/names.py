"""What the nodes of a module name: `tf.layers.dense` under whatever names the module imports it.

The meaning of names, scope by scope, is that of `onevar.migrate.bindings`, which the audit reads too; here it is
looked up for the nodes of libcst's tree, whose scopes are matched with Python's by their places.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from onevar.migrate import bindings, paths, virtual
from onevar.migrate.bindings import OWN, Exports, Scope, Scoped
from onevar.migrate.sources import Source

_Place = tuple[int, int]
_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)
_SCOPES = (cst.FunctionDef, cst.Lambda, cst.ClassDef, *_COMPREHENSIONS)
#: In a scope whose place Python does not know, nothing is known.
_UNKNOWN = Scope()


@dataclass(frozen=True)
class Use:
    """One mention of TensorFlow, as the audit counts them.

    Attributes:
        node: The original node: an expression, an `import` statement's alias, or its star.
        path: As the module spells it, below `tf.`; empty for `import tensorflow` itself.
        line: Its line, from 1.
        column: Its column, from 1.
        is_import: Whether an import statement mentions it.
        unsure: Whether the name means something else at other times, so that nothing can be rewritten.
    """

    node: cst.CSTNode
    path: str
    line: int
    column: int
    is_import: bool = False
    unsure: bool = False

    @property
    def symbol(self) -> str:
        """How the report calls it: `tf.nn.relu`."""
        if isinstance(self.node, cst.ImportStar):
            return f"tensorflow.{self.path}".rstrip(".") + ".*"
        return f"tf.{self.path}" if self.path else "tensorflow"


class Names:
    """What the names of one module mean.

    Args:
        source: The module, as the audit reads it.
        wrapper: Its tree, with metadata; the nodes of `wrapper.module` are the original ones.
        given: What the program's modules have at their top.

    Attributes:
        module: The tree.
        source: The file.
        uses: Every mention of TensorFlow, in order.
        identifiers: Every name that the module binds or reads; not those of attributes, keywords and modules.
        parents: The parent of each original node.
    """

    def __init__(self, source: Source, wrapper: MetadataWrapper, given: Exports):
        self.module = wrapper.module
        self.source = source
        self.given = given
        self.uses: list[Use] = []
        self.identifiers: set[str] = set()
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self._ranges: Any = wrapper.resolve(PositionProvider)
        self._chains: dict[cst.CSTNode, tuple[Scope, ...]] = {}
        self._by_node: dict[cst.CSTNode, Use] = {}
        table = _ScopeTable(source, given)
        if source.tree is not None:
            table.visit(source.tree)
        _Reader(self, table.found).read()

    def name_of(self, node: cst.BaseExpression) -> str | None:
        """Return what an expression names, below `tf.`: `"layers.dense"`, `"train"`, `"contrib.slim.conv2d"`.

        Names of TensorFlow's internal modules come back as the public ones. A node that is no original is read as if
        it stood at the top of the module.

        Returns:
            The name; `""` for `tf` itself; None if the expression is nothing of TensorFlow's, or not surely so.
        """
        path, unsure = self.path_of(node)
        if path is None or unsure or path.startswith(OWN):
            return None
        return canonical(path)

    def path_of(self, node: cst.CSTNode) -> tuple[str | None, bool]:
        """Return what an expression is, as the module spells it, and whether that is not sure.

        Returns:
            A path below `tensorflow`, `@name` for one of the program's modules, or None for anything else.
        """
        if isinstance(node, cst.Name):
            chain = self._chains.get(node)
            if chain is None:
                chain = (self.given.get(self.source.module, _UNKNOWN),)
            for scope in reversed(chain):
                if scope is _UNKNOWN:
                    return None, True
                if node.value in scope:
                    return scope[node.value], node.value in scope.unsure
            return None, False
        if isinstance(node, cst.Attribute):
            base, unsure = self.path_of(node.value)
            return bindings.attribute(base, node.attr.value, self.given), unsure
        if isinstance(node, cst.Call) and node.args and not any(one.star for one in node.args):
            return self._called(node)
        return None, False

    def _called(self, node: cst.Call) -> tuple[str | None, bool]:
        function = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        if not isinstance(function, cst.Name):
            return None, False
        texts = [text_of(one.value) if one.keyword is None else None for one in node.args]
        first = node.args[0].value
        path = bindings.called(function.value, texts, lambda: self.path_of(first)[0], self.given)
        return path, path is not None and self.path_of(first)[1]

    def use_of(self, node: cst.CSTNode) -> Use | None:
        """Return the use that a node is; None if it is none."""
        return self._by_node.get(node)

    def uses_in(self, node: cst.CSTNode) -> Iterator[Use]:
        """Yield the uses in an original node, itself included."""
        return (use for use in self.uses if self.is_in(use.node, node))

    def is_in(self, node: cst.CSTNode | None, outer: cst.CSTNode) -> bool:
        """Say whether an original node is, or lies in, another."""
        while node is not None and node is not outer:
            node = self.parents.get(node)
        return node is outer

    def range_of(self, node: cst.CSTNode) -> CodeRange:
        """Return where an original node begins and ends; lines count from 1, columns from 0."""
        found: CodeRange = self._ranges[node]
        return found

    def note(self, node: cst.CSTNode, path: str, *, is_import: bool = False, unsure: bool = False) -> None:
        """Add a use."""
        start = self._ranges[node].start
        use = Use(node, bindings.ended(path), start.line, start.column + 1, is_import, unsure)
        self.uses.append(use)
        self._by_node[node] = use

    def place(self, node: cst.Name, chain: tuple[Scope, ...]) -> None:
        """Note the scopes that a name is looked up in."""
        self._chains[node] = chain


def text_of(node: cst.BaseExpression) -> str | None:
    """Return what a literal string says; None for any other expression."""
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        found = node.evaluated_value
        return found if isinstance(found, str) else None
    return None


@cache
def canonical(path: str) -> str:
    """Return the public name, below `tf.`, of what a path below `tensorflow` is: that of onevar, if it has it."""
    found = virtual.supported(path) or next(iter(paths.public_names(path)), path)
    return "" if found in ("compat.v1", "python") else found


def dotted(node: cst.BaseExpression | None) -> str:
    """Return the dotted name that an expression spells; empty for any other expression."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr.value}" if base else ""
    return ""


def imported_module(node: cst.ImportFrom, source: Source) -> str:
    """Return the module that a `from` statement names, relative ones resolved."""
    level, module = len(node.relative), dotted(node.module)
    from onevar.migrate.sources import absolute

    return absolute(source, ast.ImportFrom(module=module or None, names=[], level=level))


class _ScopeTable(Scoped):
    """Notes the scope of each function, class and comprehension by its place."""

    def __init__(self, source: Source, given: Exports):
        super().__init__(source, given)
        self.found: dict[tuple[_Place, _Place], Scope] = {}

    def entered(self, node: Any, scope: Scope) -> None:
        self.found[self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)] = scope

    def _at(self, line: int, column: int) -> _Place:
        """Return a place with the column in characters, where Python counts bytes."""
        text = self.source.lines[line - 1] if 0 < line <= len(self.source.lines) else ""
        return line, column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))


class _Reader:
    """Walks the tree once: parents, identifiers, the scopes of names, and the uses, in the audit's way."""

    def __init__(self, names: Names, scopes: dict[tuple[_Place, _Place], Scope]):
        self.names = names
        self.scopes = scopes
        self.starts = {start: scope for (start, _), scope in scopes.items()}

    def read(self) -> None:
        top = self.names.given.get(self.names.source.module, Scope())
        self.walk(self.names.module, (top,), False)

    def walk(self, node: cst.CSTNode, chain: tuple[Scope, ...], in_class: bool) -> None:
        """Walk a node.

        Args:
            node: The node.
            chain: The scopes that it sees.
            in_class: Whether the innermost of them is a class's, which functions in it do not see.
        """
        if isinstance(node, cst.Import | cst.ImportFrom):
            self.imports(node)
            self.inside_import(node)
            return
        if isinstance(node, _SCOPES):
            self.scope(node, chain, in_class)
            return
        if isinstance(node, cst.Name):
            if not _is_label(node, self.names.parents.get(node)):
                self.names.identifiers.add(node.value)
            self.names.place(node, chain)
        for child in node.children:
            self.names.parents[child] = node
            self.walk(child, chain, in_class)
        if isinstance(node, cst.Attribute | cst.Name | cst.Call):
            self.mention(node)

    def scope(self, node: cst.CSTNode, chain: tuple[Scope, ...], in_class: bool) -> None:
        """Walk a function, class or comprehension: some of it is read outside."""
        scope = _comprehended(node) if isinstance(node, _COMPREHENSIONS) else self.scope_of(node)
        inner = (*(chain[:-1] if in_class and not isinstance(node, cst.ClassDef) else chain), scope)
        outside = _read_outside(node)
        for child in node.children:
            self.names.parents[child] = node
            if isinstance(child, cst.Parameters):
                self.parameters(child, chain, inner, in_class)
            elif child in outside:
                self.walk(child, chain, in_class)
            elif isinstance(child, cst.CompFor):
                self.comprehension(child, chain, inner, in_class)
            else:
                self.walk(child, inner, isinstance(node, cst.ClassDef))

    def scope_of(self, node: cst.CSTNode) -> Scope:
        """Return what is bound in a function or class."""
        place = self.names.range_of(node)
        start, end = (place.start.line, place.start.column), (place.end.line, place.end.column)
        return self.scopes.get((start, end), self.starts.get(start, _UNKNOWN))

    def parameters(self, node: cst.Parameters, outer: tuple[Scope, ...], inner: tuple[Scope, ...], held: bool) -> None:
        """Walk parameters: defaults and annotations are read outside."""
        for child in node.children:
            self.names.parents[child] = node
            if not isinstance(child, cst.Param):
                continue
            for part in child.children:
                self.names.parents[part] = child
                self.walk(part, inner if part is child.name else outer, held and part is not child.name)

    def comprehension(self, node: cst.CompFor, outer: tuple[Scope, ...], inner: tuple[Scope, ...], held: bool) -> None:
        """Walk the `for` of a comprehension: what the first one runs over is read outside."""
        for child in node.children:
            self.names.parents[child] = node
            first = child is node.iter
            self.walk(child, outer if first else inner, held and first)

    def imports(self, node: cst.Import | cst.ImportFrom) -> None:
        """Note what an import statement mentions."""
        if isinstance(node, cst.Import):
            for alias in node.names:
                path = bindings.tensorflow(dotted(alias.name))
                if path is not None:
                    self.names.note(alias, path, is_import=True)
            return
        module = imported_module(node, self.names.source)
        path = bindings.tensorflow(module)
        if isinstance(node.names, cst.ImportStar):
            if path is not None:
                self.names.note(node.names, path, is_import=True)
            return
        for alias in node.names:
            name = dotted(alias.name)
            inside = f"{path}.{name}".lstrip(".") if path is not None else bindings.tensorflow(f"{module}.{name}")
            if inside is not None:
                self.names.note(alias, paths.canonical(inside), is_import=True)

    def is_read(self, node: cst.Name) -> bool:
        """Whether a name is read where it stands, also as one of several."""
        inner: cst.CSTNode = node
        parent = self.names.parents[inner]
        while (
            isinstance(parent, cst.Element | cst.StarredElement | cst.Tuple | cst.List) and parent in self.names.parents
        ):
            inner, parent = parent, self.names.parents[parent]
        return _read_by(inner, parent)

    def inside_import(self, node: cst.CSTNode) -> None:
        """Note parents and identifiers, which is all that there is to note in an import statement."""
        if isinstance(node, cst.ImportAlias):
            self.names.identifiers.add(node.evaluated_alias or node.evaluated_name.partition(".")[0])
        for child in node.children:
            self.names.parents[child] = node
            self.inside_import(child)

    def mention(self, node: cst.Attribute | cst.Name | cst.Call) -> None:
        """Note an expression that mentions TensorFlow, if it is not only a part of one that does."""
        parent = self.names.parents[node]
        if isinstance(node, cst.Name) and not self.is_read(node):
            return
        if _is_part(node, parent):
            longer, _ = self.names.path_of(parent)
            if longer is not None and not longer.startswith(OWN):
                return
        path, unsure = self.names.path_of(node)
        if path is not None and not path.startswith(OWN) and (path or isinstance(node, cst.Call)):
            self.names.note(_named_by(node, path), path, is_import=not path, unsure=unsure)


def _comprehended(node: cst.CSTNode) -> Scope:
    """Return what the `for`s of a comprehension bind."""
    scope = Scope()
    found = node.for_in  # type: ignore[attr-defined]
    while found is not None:
        waiting = [found.target]
        while waiting:
            part = waiting.pop()
            if isinstance(part, cst.Name):
                scope[part.value] = None
            elif not isinstance(part, cst.Attribute | cst.Subscript):
                waiting += part.children
        found = found.inner_for_in
    return scope


def _named_by(node: cst.CSTNode, path: str) -> cst.CSTNode:
    """Return the part of an expression that names something of TensorFlow's: not the attributes of its objects."""
    for _ in range(path.count(".") - bindings.ended(path).count(".")):
        node = node.value if isinstance(node, cst.Attribute) else node
    return node


def _is_label(node: cst.Name, parent: cst.CSTNode | None) -> bool:
    """Whether a name is an attribute's or a keyword."""
    if isinstance(parent, cst.Attribute):
        return parent.attr is node
    return isinstance(parent, cst.Arg) and parent.keyword is node


def _is_part(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    return isinstance(parent, cst.Attribute) and parent.value is node


def _read_outside(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """Return the children of a function or class that its scope does not hold."""
    if isinstance(node, cst.FunctionDef):
        return [*node.decorators, node.name, *([node.returns] if node.returns else [])]
    if isinstance(node, cst.ClassDef):
        return [*node.decorators, node.name, *node.bases, *node.keywords]
    return []


def _read_by(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    """Whether an expression is read by its parent, and not bound, nor a keyword, nor an attribute's name."""
    if isinstance(parent, cst.Attribute):
        return parent.value is node
    if isinstance(parent, cst.Arg):
        return parent.value is node
    if isinstance(parent, cst.Param):
        return parent.default is node
    if isinstance(parent, cst.AnnAssign | cst.NamedExpr | cst.AugAssign | cst.For | cst.CompFor):
        return parent.target is not node
    return not isinstance(
        parent,
        cst.AssignTarget
        | cst.ImportAlias
        | cst.AsName
        | cst.Global
        | cst.NameItem
        | cst.FunctionDef
        | cst.ClassDef
        | cst.Del,
    )
