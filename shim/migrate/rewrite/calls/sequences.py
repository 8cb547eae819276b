"""Rules of parts and lengths: `tf.strided_slice`, `tf.sequence_mask`."""

import libcst as cst

from onevar.migrate.rewrite.calls import kinds
from onevar.migrate.rewrite.calls.nodes import Refused, elements, literal, number, operand
from onevar.migrate.rewrite.calls.registry import rule
from onevar.migrate.rewrite.calls.tables import check_rest, filled
from onevar.migrate.rewrite.context import BoundCall, Context


@rule("strided_slice")
def strided_slice(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Cut a part out of an array, in Python's own words."""
    check_rest(call, frozenset({"input_", "begin", "end", "strides", "name"}))
    source = call.arguments.get("input_")
    begins, ends = elements(call.arguments.get("begin")), elements(call.arguments.get("end"))
    if source is None or not begins or ends is None or len(begins) != len(ends):
        raise Refused("where it begins and ends is not written out")
    steps = call.arguments.get("strides")
    written = literal(steps) if steps is not None else None
    if written is not None and (not isinstance(written, list | tuple) or set(written) != {1}):
        raise Refused("its strides are not one")
    slices = [cst.SubscriptElement(_slice(begin, end, context)) for begin, end in zip(begins, ends, strict=True)]
    return cst.Subscript(operand(context.convert(source)), slices)


def _slice(begin: cst.BaseExpression, end: cst.BaseExpression, context: Context) -> cst.Slice:
    return cst.Slice(None if number(begin) == 0 else context.convert(begin), context.convert(end))


@rule("sequence_mask")
def sequence_mask(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Say which steps of sequences there are."""
    if literal(call.arguments.get("maxlen")) is None or "maxlen" not in call.arguments:
        raise Refused("how wide it is depends on values, so it could not be compiled; give it maxlen")
    text = "ops.less(ops.arange({maxlen}), ops.expand_dims({lengths}, -1))"
    dtype = call.arguments.get("dtype")
    if dtype is None or kinds.dtype_name(dtype, context) == "bool":
        return filled(text, call, context, frozenset({"name", "dtype"}))
    return filled(f"ops.cast({text}, {{dtype:dtype}})", call, context)
