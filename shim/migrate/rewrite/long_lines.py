"""Lines that the rewriter made too long are broken, as the field's formatters would; lines of the program stay."""

from collections.abc import Sequence

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

#: Columns. The program's own line length is not known; most formatters' is between 88 and 120.
WIDTH = 100


def broken(before: str, after: str, width: int = WIDTH) -> str:
    """Return `after` with the calls of its too long, new lines broken behind their parentheses.

    Args:
        before: The source that it was made from, whose lines are left alone.
        after: Source that parses.
        width: How many columns a line may have.
    """
    known = {line.strip() for line in before.splitlines()}
    lines = after.splitlines()
    if not any(len(line) > width and line.strip() not in known for line in lines):
        return after
    wrapper = MetadataWrapper(cst.parse_module(after), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    edits: dict[cst.CSTNode, cst.CSTNode] = {}
    for node, position in positions.items():
        if not isinstance(node, cst.SimpleStatementLine) or position.start.line != position.end.line:
            continue
        line = lines[position.start.line - 1]
        call = _outermost(node)
        if len(line) <= width or line.strip() in known or call is None:
            continue
        inside = len(wrapper.module.code_for_node(call)) - len(wrapper.module.code_for_node(call.func))
        edits[call] = _opened(call, one_line=position.start.column + 4 + inside <= width)
    return wrapper.module.visit(_Replace(edits)).code if edits else after


class _Replace(cst.CSTTransformer):
    def __init__(self, edits: dict[cst.CSTNode, cst.CSTNode]):
        super().__init__()
        self._edits = edits

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self._edits

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        return self._edits.get(original_node, updated_node)


def _outermost(line: cst.SimpleStatementLine) -> cst.Call | None:
    """Return the call that is a statement's value, and has arguments to put on lines of their own."""
    if len(line.body) != 1:
        return None
    value = getattr(line.body[0], "value", None)
    while isinstance(value, cst.Attribute | cst.Subscript):
        value = value.value
    return value if isinstance(value, cst.Call) and value.args else None


def _opened(call: cst.Call, one_line: bool) -> cst.Call:
    first = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    last = cst.ParenthesizedWhitespace(indent=True)
    if one_line:
        closing = call.args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=last)
        return call.with_changes(whitespace_before_args=first, args=[*call.args[:-1], closing])
    return call.with_changes(whitespace_before_args=first, args=_apart(call.args, first, last))


def _apart(args: Sequence[cst.Arg], between: cst.ParenthesizedWhitespace, last: cst.ParenthesizedWhitespace) -> list:
    commas = [*[cst.Comma(whitespace_after=between)] * (len(args) - 1), cst.Comma(whitespace_after=last)]
    return [arg.with_changes(comma=comma) for arg, comma in zip(args, commas, strict=True)]
