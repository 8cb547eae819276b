"""What is fed: expressions of placeholders only, through which no gradient can flow."""

from functools import partial

import libcst as cst

from onevar.migrate.rewrite.calls.bindings import assigned
from onevar.migrate.rewrite.calls.kinds import KINDS
from onevar.migrate.rewrite.calls.nodes import UNKNOWN, expression, literal
from onevar.migrate.rewrite.calls.templates import Ready, write
from onevar.migrate.rewrite.context import Context

_FED = ("placeholder", "placeholder_with_default")


def is_fed(node: cst.BaseExpression, context: Context, depth: int = 4) -> bool:
    """Whether an expression is made of placeholders and numbers, by TensorFlow's own functions.

    Args:
        node: An original expression.
        context: The unit's.
        depth: How many names to follow.
    """
    if literal(node) is not UNKNOWN:
        return True
    if isinstance(node, cst.Name | cst.Attribute):
        value = assigned(node, context)
        return depth > 0 and value is not None and is_fed(value, context, depth - 1)
    if isinstance(node, cst.BinaryOperation):
        return is_fed(node.left, context, depth) and is_fed(node.right, context, depth)
    if isinstance(node, cst.Subscript):
        return is_fed(node.value, context, depth)
    if not isinstance(node, cst.Call):
        return False
    symbol = context.symbol(node.func)
    if symbol in _FED:
        return True
    tensors = [arg.value for arg in node.args if arg.keyword is None or arg.keyword.value != "name"]
    plain = ("one_hot", "cast", "reshape", "to_float", "expand_dims", "squeeze", "argmax")
    return symbol in plain and bool(tensors) and is_fed(tensors[0], context, depth)


def constant(node: cst.BaseExpression, context: Context) -> Ready:
    """Read what gets no gradient, and say so where it could."""
    if is_fed(node, context):
        return partial(context.convert, node)
    return lambda: write(expression("ops.stop_gradient()"), context).with_changes(args=[cst.Arg(context.convert(node))])


KINDS["constant"] = constant
