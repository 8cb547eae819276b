"""Puts replacements into a tree, adds and drops imports, and checks that what comes out is a program."""

import builtins
import symtable
import warnings
from collections.abc import Iterable, Mapping

import libcst as cst

from onevar.migrate.bindings import tensorflow
from onevar.migrate.rewrite import remarks
from onevar.migrate.rewrite.context import Replacement
from onevar.migrate.rewrite.names import dotted

_BUILTIN = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__", "__loader__", "__builtins__",
    "__annotations__", "__debug__", "__dict__", "WindowsError", "get_ipython", "display", "__qualname__", "__module__",
    "__class__", "__conditional_annotations__",
}  # fmt: skip


class _Apply(cst.CSTTransformer):
    """Replaces nodes by identity; a node that is replaced is not looked into."""

    def __init__(self, edits: Mapping[cst.CSTNode, Replacement]):
        super().__init__()
        self.edits = edits

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self.edits

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Replacement:  # type: ignore[override]
        return self.edits.get(original_node, updated_node)


def applied(module: cst.Module, edits: Mapping[cst.CSTNode, Replacement]) -> cst.Module:
    """Return a module with nodes replaced.

    Args:
        module: The module.
        edits: What becomes of original nodes; where one lies in another, the outer one's replacement counts.
    """
    return remarks.settled(cst.ensure_type(module.visit(_Apply(edits)), cst.Module)) if edits else module


def without_echoes(module: cst.Module) -> cst.Module:
    """Return a module without statements `x = x` at its top: what they were is an import now."""
    body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement] = []
    waiting: list[cst.EmptyLine] = []
    for one in module.body:
        if _is_echo(one):
            waiting += one.leading_lines
            continue
        body.append(one.with_changes(leading_lines=[*waiting, *one.leading_lines]) if waiting else one)
        waiting = []
    return module.with_changes(body=body) if len(body) < len(module.body) else module


def _is_echo(node: cst.CSTNode) -> bool:
    inner = node.body[0] if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 else None
    if not isinstance(inner, cst.Assign) or len(inner.targets) != 1:
        return False
    target, value = inner.targets[0].target, inner.value
    return isinstance(target, cst.Name) and isinstance(value, cst.Name) and target.value == value.value


def with_imports(module: cst.Module, lines: Iterable[str]) -> cst.Module:
    """Return a module with imports added at its top.

    They stand before the first import of TensorFlow, since what comes before that may be there to come first; where
    there is none, before the first import, or after the docstring.

    Args:
        module: The module.
        lines: The statements.
    """
    new = [cst.parse_statement(line, config=module.config_for_parsing) for line in lines]
    if not new:
        return module
    body = list(module.body)
    place = next((index for index, one in enumerate(body) if _imports_tensorflow(one)), _first(body))
    following = body[place] if place < len(body) else None
    if following is not None and _has_imports(following):
        # What stands above the import, the heading of a section say, stays above.
        new[0] = new[0].with_changes(leading_lines=following.leading_lines)
        body[place] = following.with_changes(leading_lines=[])
    elif following is not None and not following.leading_lines:
        body[place] = following.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return module.with_changes(body=[*body[:place], *new, *body[place:]])


def _imports_tensorflow(node: cst.CSTNode) -> bool:
    waiting = [] if isinstance(node, cst.FunctionDef | cst.ClassDef) else [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, cst.Import) and any(tensorflow(dotted(one.name)) is not None for one in found.names):
            return True
        if isinstance(found, cst.ImportFrom) and tensorflow(dotted(found.module)) is not None:
            return not found.relative
        if isinstance(found, cst.BaseStatement | cst.BaseSuite | cst.ExceptHandler | cst.Else | cst.Finally):
            waiting += found.children
    return False


def _has_imports(node: cst.CSTNode) -> bool:
    return _is_import(node) or (isinstance(node, cst.Try) and _is_import(node.body.body[0]))


def _first(body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement]) -> int:
    """Return where new imports belong: after a docstring and what must come first."""
    place = 0
    for index, one in enumerate(body):
        if index == 0 and _is_docstring(one):
            place = 1
        elif _is_future(one):
            place = index + 1
        elif _is_import(one):
            return index
    return place


def _is_docstring(node: cst.CSTNode) -> bool:
    inner = node.body[0] if isinstance(node, cst.SimpleStatementLine) and node.body else None
    return isinstance(inner, cst.Expr) and isinstance(inner.value, cst.SimpleString | cst.ConcatenatedString)


def _is_import(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Import | cst.ImportFrom)


def _is_future(node: cst.CSTNode) -> bool:
    inner = node.body[0] if isinstance(node, cst.SimpleStatementLine) and node.body else None
    return (
        isinstance(inner, cst.ImportFrom) and isinstance(inner.module, cst.Name) and inner.module.value == "__future__"
    )


def without_imports(
    module: cst.Module, gone: Iterable[tuple[cst.Import | cst.ImportFrom, cst.ImportAlias]]
) -> cst.Module:
    """Return a module without some of its imports.

    Args:
        module: The module.
        gone: The statements, and what of each goes.
    """
    by_statement: dict[cst.Import | cst.ImportFrom, set[cst.ImportAlias]] = {}
    for statement, alias in gone:
        by_statement.setdefault(statement, set()).add(alias)
    edits: dict[cst.CSTNode, Replacement] = {}
    for statement, aliases in by_statement.items():
        kept = [one for one in statement.names if one not in aliases]  # type: ignore[union-attr]
        if kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            edits[statement] = statement.with_changes(names=kept)
        else:
            edits[statement] = cst.RemoveFromParent()
    return remarks.settled(cst.ensure_type(module.visit(_Dropping(edits)), cst.Module))


class _Dropping(_Apply):
    """Drops statements, and keeps the comments that stood above them."""

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Replacement:  # type: ignore[override]
        if isinstance(original_node, cst.SimpleStatementLine) and isinstance(updated_node, cst.SimpleStatementLine):
            return _emptied(original_node, updated_node)
        return super().on_leave(original_node, updated_node)


def _emptied(old: cst.SimpleStatementLine, new: cst.SimpleStatementLine) -> Replacement:
    if new.body or not old.body:
        return new
    return cst.FlattenSentinel(remarks.of_the_gone(old.leading_lines))


def problem(text: str, before: str) -> str:
    """Return what is wrong with a rewritten program; empty if nothing is.

    Args:
        text: The program.
        before: What it was; what was wrong with that already, is not said.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "rewritten", "exec", dont_inherit=True)
            new = unbound(text) - unbound(before)
        except (SyntaxError, ValueError, RecursionError) as error:
            return f"it would not compile ({error})"
    return f"{', '.join(sorted(new))} would not be defined" if new else ""


def unbound(text: str) -> set[str]:
    """Return the names that a program reads and does not bind anywhere, as far as that can be told."""
    if any(line.strip().startswith("from") and line.strip().endswith("import *") for line in text.splitlines()):
        return set()
    top = symtable.symtable(text, "rewritten", "exec")
    bound = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    bound |= {one.get_name() for one in top.get_symbols() if one.is_namespace()}
    read: set[str] = set()
    waiting = [top]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for one in table.get_symbols():
            if one.is_declared_global() and one.is_assigned():
                bound.add(one.get_name())
            elif one.is_referenced() and (one.is_global() or table is top):
                read.add(one.get_name())
    return read - bound - _BUILTIN
