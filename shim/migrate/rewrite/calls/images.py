"""Rules of `tf.image`: what turns, cuts and weighs is the same in Keras; what resizes is not."""

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import Refused, expression, number, operand
from onevar.migrate.rewrite.calls.registry import refuse, rule
from onevar.migrate.rewrite.calls.tables import check_rest, filled
from onevar.migrate.rewrite.context import BoundCall, Context

refuse(
    "TensorFlow 1 lays the pixels' grid otherwise than keras.ops.image.resize, which would give other numbers",
    *(f"image.{name}" for name in ("resize_images", "resize_bilinear", "resize_nearest_neighbor", "resize_bicubic")),
    *(f"image.{name}" for name in ("resize_area", "resize", "resize_image_with_pad", "crop_and_resize")),
)


@rule("image.flip_left_right")
def flip_left_right(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Mirror images."""
    return filled("ops.flip({image}, axis=-2)", call, context)


@rule("image.flip_up_down")
def flip_up_down(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Turn images upside down."""
    return filled("ops.flip({image}, axis=-3)", call, context)


@rule("image.transpose_image", "image.transpose")
def transpose(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Mirror images on their diagonal."""
    return filled("ops.swapaxes({image}, -3, -2)", call, context)


@rule("image.rgb_to_grayscale")
def rgb_to_grayscale(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Weigh colors."""
    return filled(
        "ops.sum({images:float} * ops.convert_to_tensor([0.2989, 0.587, 0.114]), axis=-1, keepdims=True)", call, context
    )


@rule("image.grayscale_to_rgb")
def grayscale_to_rgb(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Repeat a channel."""
    return filled("ops.repeat({images}, 3, axis=-1)", call, context)


@rule("image.crop_to_bounding_box")
def crop_to_bounding_box(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Cut images."""
    names = ("offset_height", "offset_width", "target_height", "target_width")
    check_rest(call, frozenset({"image", *names}))
    image, *given = (call.arguments.get(name) for name in ("image", *names))
    if image is None or any(node is None for node in given):
        raise Refused("it is called without some of its arguments")
    top, left, height, width = given
    whole = expression("x[..., 0:1, 0:1, :]")
    assert isinstance(whole, cst.Subscript)
    parts = [whole.slice[0], _cut(top, height, context), _cut(left, width, context), whole.slice[3]]
    return whole.with_changes(value=operand(context.convert(image)), slice=parts)


def _cut(start: cst.BaseExpression | None, size: cst.BaseExpression | None, context: Context) -> cst.SubscriptElement:
    assert start is not None
    assert size is not None
    first, length = number(start), number(size)
    if first is not None and length is not None:
        upper = expression(str(int(first + length)))
    else:
        upper = cst.BinaryOperation(operand(context.convert(start)), cst.Add(), operand(context.convert(size)))
    return cst.SubscriptElement(cst.Slice(context.convert(start), upper), comma=cst.Comma(whitespace_after=_SPACE))


_SPACE = cst.SimpleWhitespace(" ")
