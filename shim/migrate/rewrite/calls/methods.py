"""What the questions that TensorFlow's tensors answer become: `x.get_shape().as_list()`, `x.shape[1].value`."""

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import expression, operand
from onevar.migrate.rewrite.context import Context, Refusal, Rewritten

#: What stays a shape in Keras too: a tuple of numbers.
_LENGTHS = frozenset({"ndims", "rank"})


def method(node: cst.BaseExpression, context: Context) -> cst.BaseExpression | Rewritten | Refusal | None:
    """Return what an expression becomes that asks a tensor something.

    Args:
        node: A call, an attribute or a subscript that names nothing of TensorFlow's.
        context: The unit's.

    Returns:
        The expression; None if it is no such question.
    """
    if isinstance(node, cst.Call):
        return _called(node, context)
    if isinstance(node, cst.Attribute):
        return _attribute(node, context)
    return None


def shaped(node: cst.BaseExpression, context: Context) -> cst.BaseExpression | None:
    """Return the tensor whose shape an expression is, `x.shape` or `x.get_shape()`; None: it is no shape."""
    if isinstance(node, cst.Attribute) and node.attr.value == "shape" and context.symbol(node.value) is None:
        return node.value
    function = node.func if isinstance(node, cst.Call) and not node.args else None
    if isinstance(function, cst.Attribute) and function.attr.value == "get_shape":
        return None if context.symbol(function.value) is not None else function.value
    return None


def _shape_of(tensor: cst.BaseExpression, context: Context) -> cst.BaseExpression:
    return cst.Attribute(operand(context.convert(tensor)), cst.Name("shape"))


def _called(node: cst.Call, context: Context) -> cst.BaseExpression | None:
    if node.args or not isinstance(node.func, cst.Attribute):
        return None
    tensor = shaped(node, context)
    if tensor is not None:
        return _shape_of(tensor, context)
    asked, inner = node.func.attr.value, node.func.value
    tensor = shaped(inner, context)
    part = _dimensions(inner, context)
    if asked == "as_list" and (tensor is not None or part is not None):
        found = _shape_of(tensor, context) if tensor is not None else part
        assert found is not None
        return cst.Call(cst.Name("list"), [cst.Arg(found)])
    if asked == "num_elements" and tensor is not None:
        name = context.imports("import math")
        return expression(f"{name}.prod()").with_changes(args=[cst.Arg(_shape_of(tensor, context))])
    return None


def _dimensions(node: cst.BaseExpression, context: Context) -> cst.BaseExpression | None:
    """Return a part of a shape: `x.shape[1:]`, `x.get_shape()[-1]`; None if it is none."""
    if not isinstance(node, cst.Subscript):
        return None
    tensor = shaped(node.value, context)
    if tensor is None:
        return None
    return cst.Subscript(
        _shape_of(tensor, context),
        [cst.ensure_type(context_converted(one, context), cst.SubscriptElement) for one in node.slice],
    )


def context_converted(node: cst.CSTNode, context: Context) -> cst.CSTNode:
    """Return an original node with the expressions in it converted."""
    from onevar.migrate.rewrite import expressions

    return expressions.convert_statement(node, context)


def _attribute(node: cst.Attribute, context: Context) -> cst.BaseExpression | None:
    asked = node.attr.value
    tensor = shaped(node.value, context)
    if asked in _LENGTHS and tensor is not None:
        return cst.Call(cst.Name("len"), [cst.Arg(_shape_of(tensor, context))])
    if asked == "dims" and tensor is not None:
        return cst.Call(cst.Name("list"), [cst.Arg(_shape_of(tensor, context))])
    if asked == "value":
        return _dimensions(node.value, context)
    return None
