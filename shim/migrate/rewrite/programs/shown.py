"""Statements that show tensors while a graph is built: in a model's `call` they would show them at every step."""

import libcst as cst

from onevar.migrate.rewrite.names import Names
from onevar.migrate.rewrite.programs.leaves import call_symbol
from onevar.migrate.rewrite.programs.reading import code, path_of, read, suite

_PRINTERS = frozenset(("print", "pprint", "display"))
_LEVELS = frozenset(("debug", "info", "warn", "warning", "log", "error"))
_LOGS = ("logging", "logger", "log", "_logger", "LOGGER")
_ACCESSORS = frozenset(("get_shape", "as_list", "shape", "dtype", "name"))


def shows(names: Names, node: cst.CSTNode) -> bool:
    """Say whether a statement does nothing but show something.

    Args:
        names: What the module's names mean.
        node: The statement.
    """
    if isinstance(node, cst.SimpleStatementLine):
        return all(isinstance(one, cst.Expr) and _shows(names, one.value) for one in node.body)
    if isinstance(node, cst.For):
        return node.orelse is None and all(shows(names, one) for one in suite(node.body))
    if isinstance(node, cst.If):
        branches = [node.body] if node.orelse is None else [node.body, node.orelse.body]
        plain = node.orelse is None or isinstance(node.orelse, cst.Else)
        return plain and all(shows(names, one) for branch in branches for one in suite(branch))
    return False


def _shows(names: Names, value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.Call):
        function = value.func
        if isinstance(function, cst.Attribute):
            method = function.attr.value
            logs = method in _LEVELS and (path_of(function.value) or "").rpartition(".")[2] in _LOGS
            logs = logs or (call_symbol(names, value) or "").startswith("logging.")
            return logs or method in _PRINTERS or (method in _ACCESSORS and not read(value).binds)
        return isinstance(function, cst.Name) and function.value in _PRINTERS
    return path_of(value) is not None or (isinstance(value, cst.Subscript) and not read(value).calls)


def said(node: cst.CSTNode) -> str:
    """Return what the report says of a statement that goes."""
    text = next((line.strip() for line in code(node).splitlines() if line.strip() and line.strip()[0] != "#"), "")
    return f"`{text}` showed a part of the graph when it was built; a model has none to show then, so it is gone."
