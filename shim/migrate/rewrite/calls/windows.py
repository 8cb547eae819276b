"""Rules of convolutions and pooling on tensors: `tf.nn.conv2d`, `tf.nn.max_pool`."""

import libcst as cst

from onevar.migrate.rewrite.calls.nodes import (
    UNKNOWN,
    Refused,
    code_of,
    elements,
    expression,
    literal,
    number,
    tuple_of,
)
from onevar.migrate.rewrite.calls.registry import refuse, rule
from onevar.migrate.rewrite.calls.tables import filled
from onevar.migrate.rewrite.context import BoundCall, Context

_LAST = {"NHWC": True, "NCHW": False, "NWC": True, "NCW": False, "NDHWC": True, "NCDHW": False}


def channels_last(call: BoundCall) -> bool:
    """Return whether a call's images have their channels last.

    Raises:
        Refused: It is not written out.
    """
    given = literal(call.arguments.get("data_format", expression("None")))
    if given is None:
        return True
    if given is UNKNOWN or given not in _LAST:
        raise Refused("its data_format is not written out")
    return _LAST[given]


def window(node: cst.BaseExpression | None, last: bool, context: Context, rank: int = 4) -> cst.BaseExpression | None:
    """Return the sizes along the images' axes of a list that has one for the batch and the channels too.

    Args:
        node: The list.
        last: Whether the channels are last.
        context: The unit's.
        rank: How many axes there are in all.

    Returns:
        The sizes, not converted yet; None if nothing was given, or ones only.

    Raises:
        Refused: It moves along the batch or the channels, or is not written out.
    """
    if node is None:
        return None
    inner = slice(1, rank - 1) if last else slice(2, rank)
    nodes = elements(node)
    if nodes is None:
        if number(node) is not None:
            return node
        if isinstance(node, cst.Name | cst.Attribute):
            return expression(f"{code_of(node)}[{inner.start}:{inner.stop}]")
        raise Refused("its strides or sizes are not written out")
    if len(nodes) == 1:
        return nodes[0]
    if len(nodes) == rank - 2:
        return tuple_of(nodes)
    outside = [one for index, one in enumerate(nodes) if index not in range(inner.start, inner.stop)]
    if len(nodes) != rank or any(number(one) != 1 for one in outside):
        raise Refused("it moves along the batch or the channels")
    sizes = nodes[inner]
    values = [number(one) for one in sizes]
    if all(value == values[0] for value in values) and values[0] is not None:
        return sizes[0]
    return tuple_of(sizes)


def _padding(call: BoundCall) -> None:
    given = literal(call.arguments.get("padding", expression('"VALID"')))
    if isinstance(given, list | tuple) or (isinstance(given, str) and given.upper() not in ("SAME", "VALID")):
        raise Refused("its padding is given in numbers")


def _with(call: BoundCall, **changed: cst.BaseExpression | None) -> BoundCall:
    arguments = {name: node for name, node in call.arguments.items() if name not in changed}
    arguments.update({name: node for name, node in changed.items() if node is not None})
    return BoundCall(call.symbol, call.node, arguments)


def _format(last: bool) -> str:
    return "" if last else ', data_format="channels_first"'


_CONV_FREE = frozenset({"name", "use_cudnn_on_gpu", "data_format"})


def _convolution(call: BoundCall, context: Context, text: str, rank: int = 4) -> cst.BaseExpression:
    _padding(call)
    last = channels_last(call)
    names = {
        name: window(call.arguments.get(name), last, context, rank)
        for name in ("strides", "stride", "dilations", "rate")
        if name in call.arguments
    }
    names = {
        name: None if name in ("dilations", "rate") and number(node) == 1 else node for name, node in names.items()
    }
    return filled(text.replace(")", _format(last) + ")"), _with(call, **names), context, _CONV_FREE)


@rule("nn.conv2d")
def conv2d(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Convolve images; the kernel's layout is the same."""
    text = "ops.conv({input}, {filter|filters}, strides={strides}, padding={padding:text}, dilation_rate={dilations})"
    return _convolution(call, context, text)


@rule("nn.conv1d")
def conv1d(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Convolve sequences."""
    text = "ops.conv({value|input}, {filters}, strides={stride}, padding={padding:text}, dilation_rate={dilations})"
    return _convolution(call, context, text, 3)


@rule("nn.conv3d")
def conv3d(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Convolve volumes."""
    text = "ops.conv({input}, {filter|filters}, strides={strides}, padding={padding:text}, dilation_rate={dilations})"
    return _convolution(call, context, text, 5)


@rule("nn.atrous_conv2d")
def atrous_conv2d(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Convolve images with holes."""
    _padding(call)
    text = "ops.conv({value}, {filters}, padding={padding:text}, dilation_rate={rate})"
    return filled(text, call, context)


@rule("nn.depthwise_conv2d", "nn.depthwise_conv2d_native")
def depthwise_conv2d(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Convolve each channel."""
    text = (
        "ops.depthwise_conv({input}, {filter}, strides={strides}, padding={padding:text}, "
        "dilation_rate={rate|dilations})"
    )
    return _convolution(call, context, text)


@rule("nn.separable_conv2d")
def separable_conv2d(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Convolve each channel, then mix them."""
    text = (
        "ops.separable_conv({input}, {depthwise_filter}, {pointwise_filter}, strides={strides}, "
        "padding={padding:text}, dilation_rate={rate|dilations})"
    )
    return _convolution(call, context, text)


@rule("nn.convolution")
def convolution(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Convolve whatever there is."""
    _padding(call)
    text = (
        "ops.conv({input}, {filter|filters}, strides={strides:axis}, padding={padding:text}, "
        "dilation_rate={dilation_rate|dilations:axis})"
    )
    return filled(text.replace(")", _format(channels_last(call)) + ")"), call, context, _CONV_FREE)


def check_mean(
    sizes: cst.BaseExpression | None, strides: cst.BaseExpression | None, padding: cst.BaseExpression | None
) -> None:
    """Check that means of windows that lie over the edge are the same on all of Keras's backends.

    On torch, Keras repeats the edge where more is to be added on one side than on the other, and the mean counts it.

    Args:
        sizes: Of the windows.
        strides: Of the windows.
        padding: `"SAME"` or `"VALID"`, in any letters.

    Raises:
        Refused: They are not, or that is not plain.
    """
    if str(literal(padding)).lower() == "valid":
        return
    widths = [number(one) for one in elements(sizes) or ()] or [number(sizes)]
    steps = [number(one) for one in elements(strides) or ()] or [number(strides)]
    narrow = all(width is not None and width <= 2 for width in widths)
    even = all(width is not None and width % 2 for width in widths) and all(step == 1 for step in steps)
    if not (narrow or even):
        raise Refused("Keras's torch backend takes other means at the edges with this padding")


@rule("nn.max_pool", "nn.avg_pool")
def pool(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Take the greatest, or the mean, of each window."""
    _padding(call)
    last = channels_last(call)
    sizes = window(call.arguments.get("ksize"), last, context)
    strides = window(call.arguments.get("strides"), last, context)
    if call.symbol == "nn.avg_pool":
        check_mean(sizes, strides, call.arguments.get("padding"))
    function = "max_pool" if call.symbol == "nn.max_pool" else "average_pool"
    text = f"ops.{function}({{value|input}}, {{ksize}}, strides={{strides}}, padding={{padding:text}}{_format(last)})"
    return filled(text, _with(call, ksize=sizes, strides=strides), context, frozenset({"name", "data_format"}))


@rule("nn.bias_add")
def bias_add(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Add a number to each channel."""
    if not channels_last(call):
        raise Refused("its channels are not last, where Keras adds a vector")
    return filled("ops.add({value}, {bias})", call, context, frozenset({"name", "data_format"}))


@rule("nn.batch_normalization")
def batch_normalization(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Normalize with given moments, broadcast as TensorFlow does, which Keras's own does not."""
    text = "({x} - {mean}) * ops.rsqrt({variance} + {variance_epsilon})"
    if literal(call.arguments.get("scale")) is not None:
        text += " * {scale}"
    if literal(call.arguments.get("offset")) is not None:
        text += " + {offset}"
    return filled(text, call, context, frozenset({"name", "scale", "offset"}))


@rule("nn.dropout")
def dropout(call: BoundCall, context: Context) -> cst.BaseExpression:
    """Drop elements; Keras's rate has to be a number, where TensorFlow's may be fed."""
    rate, keep = call.arguments.get("rate"), call.arguments.get("keep_prob")
    if number(rate) is not None or number(keep) is not None:
        slot = "{rate}" if rate is not None else "{keep_prob:complement}"
        text = f"keras.random.dropout({{x}}, {slot}, noise_shape={{noise_shape:shape}}, seed=SEED)"
        return filled(text, call, context, frozenset({"name", "seed"}))
    if "noise_shape" in call.arguments and literal(call.arguments["noise_shape"]) is not None:
        raise Refused("Keras's noise_shape goes with a rate that is a number")
    chosen = "{keep_prob}" if keep is not None else "1 - {rate}"
    divided = "{keep_prob}" if keep is not None else "(1 - {rate})"
    text = f"ops.where(keras.random.uniform(ops.shape({{x}}), seed=SEED) < {chosen}, {{x}} / {divided}, 0.0)"
    return filled(text, call, context, frozenset({"name", "seed", "noise_shape"}))


refuse(
    "Keras chooses the output's shape from the input's, TensorFlow is told it, and several fit",
    "nn.conv2d_transpose",
    "nn.conv1d_transpose",
    "nn.conv3d_transpose",
    "nn.atrous_conv2d_transpose",
)
refuse("Keras has no local response normalization", "nn.lrn", "nn.local_response_normalization")
