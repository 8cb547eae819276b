"""Small questions about expressions, and small answers: literals, atoms, parentheses."""

import ast
from collections.abc import Sequence
from typing import Any

import libcst as cst

#: What `literal` says of an expression that is none; no literal is equal to it.
UNKNOWN: Any = object()
_EMPTY = cst.Module(body=[])
_LITERALS = (
    cst.Integer | cst.Float | cst.SimpleString | cst.ConcatenatedString | cst.UnaryOperation | cst.Tuple | cst.List
)
_ATOMS = cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.Integer | cst.Float | cst.SimpleString


class Refused(Exception):
    """A rule does not apply; its text is the reason, a sentence."""


def sentence(text: str) -> str:
    """Return words as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def code_of(node: cst.CSTNode) -> str:
    """Return an expression's source."""
    return _EMPTY.code_for_node(node)


def expression(text: str) -> cst.BaseExpression:
    """Return source as an expression."""
    return cst.parse_expression(text)


def literal(node: cst.BaseExpression | None) -> Any:
    """Return the value of a literal: a number, a string, `None`, `True`, `False`, lists and tuples of these.

    Args:
        node: An expression.

    Returns:
        The value; `UNKNOWN` for everything else.
    """
    named = isinstance(node, cst.Name) and node.value in ("None", "True", "False")
    if node is None or not (named or isinstance(node, _LITERALS)):
        return UNKNOWN
    try:
        return ast.literal_eval(code_of(node).strip())
    except (ValueError, SyntaxError):
        return UNKNOWN


def number(node: cst.BaseExpression | None) -> float | int | None:
    """Return the value of a literal number; None for everything else, truth values too."""
    value = literal(node)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def elements(node: cst.BaseExpression | None) -> list[cst.BaseExpression] | None:
    """Return the elements of a list or tuple that is written out; None for everything else."""
    if not isinstance(node, cst.List | cst.Tuple):
        return None
    if any(isinstance(element, cst.StarredElement) for element in node.elements):
        return None
    return [element.value for element in node.elements]


def tuple_of(nodes: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    """Return expressions as a tuple."""
    if not nodes:
        return expression("()")
    last = cst.Comma() if len(nodes) == 1 else cst.MaybeSentinel.DEFAULT
    items = [cst.Element(node) for node in nodes[:-1]]
    return cst.Tuple([*items, cst.Element(nodes[-1], comma=last)])


def list_of(nodes: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    """Return expressions as a list."""
    return cst.List([cst.Element(node) for node in nodes])


def is_simple(node: cst.BaseExpression | None) -> bool:
    """Whether an expression may be written twice: names, numbers, and a little arithmetic with them."""
    if isinstance(node, cst.Attribute):
        return is_simple(node.value)
    if isinstance(node, cst.UnaryOperation):
        return is_simple(node.expression)
    if isinstance(node, cst.BinaryOperation) and not isinstance(node.operator, cst.MatrixMultiply):
        return is_simple(node.left) and is_simple(node.right)
    return isinstance(node, cst.Name | cst.Integer | cst.Float)


def on_one_line(call: cst.BaseExpression) -> cst.BaseExpression:
    """Return a call without the line breaks between its arguments."""
    if not isinstance(call, cst.Call):
        return call
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    blank = cst.SimpleWhitespace("")
    args = [arg.with_changes(comma=comma, whitespace_after_arg=blank) for arg in call.args]
    if args:
        args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(args=args, whitespace_before_args=blank)


def operand(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression so that it can be an operand: in parentheses, where it needs them."""
    if isinstance(node, _ATOMS) or node.lpar:
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def bare(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression without the parentheses around it, where they only group what is on one line."""
    if node.lpar and "\n" not in code_of(node) and not isinstance(node, cst.Tuple | cst.GeneratorExp | cst.NamedExpr):
        return node.with_changes(lpar=[], rpar=[])
    return node
