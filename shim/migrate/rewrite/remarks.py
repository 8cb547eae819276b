"""Comments of what goes: they are handed on to the statement that follows, or stand at the end of the block."""

from collections.abc import Sequence

import libcst as cst

_MARK = "#onevar-gone"


def of_the_gone(lines: Sequence[cst.EmptyLine], *, blank: bool = False) -> list[cst.SimpleStatementLine]:
    """Return what stands for a statement that goes, until `settled` hands its comments on; nothing if it has none.

    Args:
        lines: The comments, and the empty lines between them.
        blank: Whether empty lines are handed on where there is no comment.
    """
    if not any(line.comment or blank for line in lines):
        return []
    mark = cst.TrailingWhitespace(comment=cst.Comment(_MARK))
    return [cst.SimpleStatementLine([cst.Expr(cst.Name("_"))], leading_lines=lines, trailing_whitespace=mark)]


def at_the_end(block: cst.With | None) -> list[cst.SimpleStatementLine]:
    """Return what stands for the comments after the last statement of a block."""
    return of_the_gone(block.body.footer) if block and isinstance(block.body, cst.IndentedBlock) else []


def taken_over(new: cst.BaseStatement, *old: cst.CSTNode, blank: bool = False) -> cst.BaseStatement:
    """Return a statement with the comments of those that it stands for.

    Args:
        new: The statement.
        old: Those.
        blank: Whether it takes the empty lines above them, too.
    """
    lines = [one for one in old if isinstance(one, cst.SimpleStatementLine)]
    if not lines or not isinstance(new, cst.SimpleStatementLine):
        return new
    above = [line for one in lines for line in one.leading_lines if blank or line.comment]
    *rest, last = (one.trailing_whitespace for one in lines)
    above += [cst.EmptyLine(comment=one.comment) for one in rest if one.comment]
    return new.with_changes(leading_lines=above, trailing_whitespace=last)


def without_pass(body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """Return the statements of a block that goes, without the `pass` that only a block needs."""
    found: list[cst.BaseStatement] = []
    for one in body:
        if isinstance(one, cst.SimpleStatementLine) and len(one.body) == 1 and isinstance(one.body[0], cst.Pass):
            found += of_the_gone(one.leading_lines)
        else:
            found.append(one)
    return found


def settled(module: cst.Module) -> cst.Module:
    """Return a module with the comments of what is gone where they belong."""
    return cst.ensure_type(module.visit(_Settling()), cst.Module)


class _Settling(cst.CSTTransformer):
    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:  # noqa: N802 (libcst's name)
        return False

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:  # noqa: N802
        body, rest = _handed_on(updated_node.body)
        return updated_node.with_changes(body=body, footer=[*rest, *updated_node.footer])

    def leave_IndentedBlock(  # noqa: N802
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        body, rest = _handed_on(updated_node.body)
        if not body:
            body = [cst.SimpleStatementLine([cst.Pass()])]
        return updated_node.with_changes(body=body, footer=[*rest, *updated_node.footer])


def _handed_on(body: Sequence[cst.BaseStatement]) -> tuple[list[cst.BaseStatement], list[cst.EmptyLine]]:
    """Return the statements that stay, and the comments that none of them follows."""
    found: list[cst.BaseStatement] = []
    waiting: list[cst.EmptyLine] = []
    for one in body:
        if _is_mark(one):
            waiting += cst.ensure_type(one, cst.SimpleStatementLine).leading_lines
            continue
        if waiting and isinstance(one, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            one, waiting = one.with_changes(leading_lines=[*waiting, *one.leading_lines]), []  # type: ignore[attr-defined]
        found.append(one)
    return found, waiting


def _is_mark(node: cst.BaseStatement) -> bool:
    comment = node.trailing_whitespace.comment if isinstance(node, cst.SimpleStatementLine) else None
    return comment is not None and comment.value == _MARK
