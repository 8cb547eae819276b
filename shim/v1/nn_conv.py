"""Convolutions: `tf.nn.conv2d`, its relatives of one and three dimensions, depthwise and separable ones."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import expand_dims, shape, squeeze
from onevar.v1.common import renamed, shape_of
from onevar.v1.export import export
from onevar.v1.nn_space import with_space_to_batch
from onevar.v1.nn_windows import convert_padding, given_dims, sequence, squeeze_batch_dims
from onevar.v1.tf_logging import warning

_ONES_4 = [1, 1, 1, 1]
_ONES_5 = [1, 1, 1, 1, 1]


def channel_axis(data_format: str, last: int) -> int:
    """Return where the channels are.

    Args:
        data_format: The order of the axes.
        last: The last axis.
    """
    return 1 if data_format.startswith("NC") else last


def batched(input: Any, inner_rank: int, call: Callable[..., Any], name: str | None) -> Any:
    """Call an op, whose input may have more than one batch axis.

    Args:
        input: The input.
        inner_rank: The number of the other axes.
        call: A function of the input, and of `name=`.
        name: The op's.
    """
    dims = given_dims(input)
    if dims is None or len(dims) <= inner_rank + 1:
        return call(input, name=name)
    return squeeze_batch_dims(input, call, inner_rank, name)


def _conv2d(input: Any, name: str | None = None, **attributes: Any) -> Any:
    return op("Conv2D", input=input, name=name, **attributes)


def _conv3d(input: Any, name: str | None = None, **attributes: Any) -> Any:
    return op("Conv3D", input=input, name=name, **attributes)


def _cudnn(use: Any) -> bool:
    return True if use is None else use


@export("nn.conv2d")
def conv2d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True,
    data_format: str | None = "NHWC", dilations: Any = _ONES_4, name: str | None = None, filters: Any = None,
) -> Any:  # fmt: skip
    """Return a convolution over two dimensions; see `tf.compat.v1.nn.conv2d`.

    Raises:
        ValueError: Strides, dilations or padding have a wrong length.
    """
    filter = renamed("filters", filters, "filter", filter)
    padding, explicit = convert_padding(padding)
    data_format = data_format or "NHWC"
    channel = channel_axis(data_format, 3)
    attributes = {
        "filter": filter, "strides": sequence(strides, 2, channel, "strides"), "padding": padding,
        "use_cudnn_on_gpu": _cudnn(use_cudnn_on_gpu), "explicit_paddings": explicit, "data_format": data_format,
        "dilations": sequence(dilations, 2, channel, "dilations"),
    }  # fmt: skip
    return batched(input, 3, partial(_conv2d, **attributes), name)


def conv2d_expanded_batch(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None, dilations: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return a convolution over two dimensions, of complete attributes, of an input with any batch axes.

    Args:
        input: The input.
        filter: The filters.
        strides: Of each axis.
        padding: A name.
        data_format: The order of the axes.
        dilations: Of each axis.
        name: Of the op.
    """
    attributes = {"filter": filter, "strides": list(strides), "padding": padding, "data_format": data_format or "NHWC"}
    return batched(input, 3, partial(_conv2d, **attributes, dilations=list(dilations or _ONES_4)), name)


def conv3d_expanded_batch(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None, dilations: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Do as `conv2d_expanded_batch`, over three dimensions.

    Args:
        input: The input.
        filter: The filters.
        strides: Of each axis.
        padding: A name.
        data_format: The order of the axes.
        dilations: Of each axis.
        name: Of the op.
    """
    attributes = {"filter": filter, "strides": list(strides), "padding": padding, "data_format": data_format or "NDHWC"}
    return batched(input, 4, partial(_conv3d, **attributes, dilations=list(dilations or _ONES_5)), name)


@export("nn.conv3d")
def conv3d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str | None = "NDHWC",
    dilations: Any = _ONES_5, name: str | None = None, filters: Any = None,
) -> Any:  # fmt: skip
    """Return a convolution over three dimensions; see `tf.compat.v1.nn.conv3d`."""
    filter = renamed("filters", filters, "filter", filter)
    attributes: dict[str, Any] = {"strides": strides, "padding": padding, "data_format": data_format or "NDHWC"}
    dilations = list(_ONES_5 if dilations is None else dilations)
    return op("Conv3D", input=input, filter=filter, **attributes, dilations=dilations, name=name)


@export("nn.conv1d")
def conv1d(
    value: Any = None, filters: Any = None, stride: Any = None, padding: Any = None, use_cudnn_on_gpu: Any = None,
    data_format: str | None = None, name: str | None = None, input: Any = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """Return a convolution over one dimension; see `tf.compat.v1.nn.conv1d`.

    Raises:
        ValueError: `data_format` is none of these.
    """
    value = renamed("input", input, "value", value)
    with name_scope(name, "conv1d", [value, filters]) as scope:
        if data_format in (None, "NHWC", "NWC"):
            data_format, start, channel = "NHWC", -3, 2
        elif data_format in ("NCHW", "NCW"):
            data_format, start, channel = "NCHW", -2, 1
        else:
            raise ValueError(f"`data_format` must be 'NWC' or 'NCW'. Received: data_format={data_format}")
        attributes = {
            "strides": [1, *sequence(stride, 1, channel, "stride")], "padding": padding,
            "use_cudnn_on_gpu": _cudnn(use_cudnn_on_gpu), "data_format": data_format,
            "dilations": [1, *sequence(dilations, 1, channel, "dilations")],
        }  # fmt: skip
        value = expand_dims(value, start)
        attributes["filter"] = expand_dims(filters, 0)
        return squeeze(batched(value, 3, partial(_conv2d, **attributes), scope), [start])


# -- depthwise --------------------------------------------------------------------------------------


@export("nn.depthwise_conv2d_native")
def depthwise_conv2d_native(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None = "NHWC", dilations: Any = _ONES_4,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return a convolution of each channel by itself; see `tf.compat.v1.nn.depthwise_conv2d_native`."""
    padding, explicit = convert_padding(padding)
    return op(
        "DepthwiseConv2dNative", input=input, filter=filter, strides=strides, padding=padding,
        explicit_paddings=explicit, data_format=data_format or "NHWC", dilations=list(dilations or _ONES_4), name=name,
    )  # fmt: skip


@export("nn.depthwise_conv2d_native_backprop_input", "nn.depthwise_conv2d_backprop_input")
def depthwise_conv2d_native_backprop_input(
    input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    dilations: Any = _ONES_4, name: str | None = None,
) -> Any:  # fmt: skip
    """Return its gradient for the input; see `tf.nn.depthwise_conv2d_backprop_input`."""
    padding, explicit = convert_padding(padding)
    return op(
        "DepthwiseConv2dNativeBackpropInput", input_sizes=input_sizes, filter=filter, out_backprop=out_backprop,
        strides=strides, padding=padding, explicit_paddings=explicit, data_format=data_format,
        dilations=list(dilations), name=name,
    )  # fmt: skip


@export("nn.depthwise_conv2d_native_backprop_filter", "nn.depthwise_conv2d_backprop_filter")
def depthwise_conv2d_native_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    dilations: Any = _ONES_4, name: str | None = None,
) -> Any:  # fmt: skip
    """Return its gradient for the filters; see `tf.nn.depthwise_conv2d_backprop_filter`."""
    padding, explicit = convert_padding(padding)
    return op(
        "DepthwiseConv2dNativeBackpropFilter", input=input, filter_sizes=filter_sizes, out_backprop=out_backprop,
        strides=strides, padding=padding, explicit_paddings=explicit, data_format=data_format,
        dilations=list(dilations), name=name,
    )  # fmt: skip


@export("nn.depthwise_conv2d")
def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None,
    data_format: str | None = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """Return a convolution of each channel by itself; see `tf.compat.v1.nn.depthwise_conv2d`."""
    rate = renamed("dilations", dilations, "rate", rate)
    with name_scope(name, "depthwise", [input, filter]) as scope:
        input = convert_to_tensor(input, name="tensor_in")
        filter = convert_to_tensor(filter, name="filter_in")
        rate = [1, 1] if rate is None else rate
        _warn_of_both(rate, strides)

        def call(converted: Any, _: int, padding: Any) -> Any:
            return depthwise_conv2d_native(converted, filter, strides, padding, data_format, name=scope)

        return with_space_to_batch(input, rate, padding, call, shape(filter), data_format=data_format)


def _warn_of_both(rate: Sequence[int], strides: Sequence[int]) -> None:
    if any(n > 1 for n in rate) and any(n != 1 for n in strides):
        warning(
            "When dilation rate is greater than 1, then all values of strides must be 1. "
            f"Received: `dilation rate` {rate} and `strides` {strides}"
        )


@export("nn.separable_conv2d")
def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any, rate: Any = None,
    name: str | None = None, data_format: str | None = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """Return a depthwise convolution and one of single points after it; see `tf.compat.v1.nn.separable_conv2d`."""
    rate = renamed("dilations", dilations, "rate", rate)
    with name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as scope:
        input = convert_to_tensor(input, name="tensor_in")
        depthwise_filter = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        points = shape_of(pointwise_filter).with_rank(4)
        points[0].assert_is_compatible_with(1)
        points[1].assert_is_compatible_with(1)
        rate = [1, 1] if rate is None else rate

        def call(converted: Any, _: int, padding: Any) -> Any:
            return depthwise_conv2d_native(converted, depthwise_filter, strides, padding, data_format, name="depthwise")

        found = with_space_to_batch(input, rate, padding, call, shape(depthwise_filter), data_format=data_format)
        return conv2d(found, pointwise_filter, _ONES_4, padding="VALID", data_format=data_format, name=scope)


# -- the gradient ops -------------------------------------------------------------------------------


@export("nn.conv2d_backprop_filter")
def conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Any = _ONES_4, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the gradient of `conv2d` for the filters; see `tf.compat.v1.nn.conv2d_backprop_filter`."""
    padding, explicit = convert_padding(padding)
    return op(
        "Conv2DBackpropFilter", input=input, filter_sizes=filter_sizes, out_backprop=out_backprop, strides=strides,
        padding=padding, use_cudnn_on_gpu=_cudnn(use_cudnn_on_gpu), explicit_paddings=explicit,
        data_format=data_format, dilations=list(dilations), name=name,
    )  # fmt: skip


@export("nn.conv2d_backprop_input")
def conv2d_backprop_input(
    input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
    use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = _ONES_4, name: str | None = None,
    filters: Any = None,
) -> Any:  # fmt: skip
    """Return the gradient of `conv2d` for the input; see `tf.compat.v1.nn.conv2d_backprop_input`."""
    filter = renamed("filters", filters, "filter", filter)
    padding, explicit = convert_padding(padding)
    return op(
        "Conv2DBackpropInput", input_sizes=input_sizes, filter=filter, out_backprop=out_backprop, strides=strides,
        padding=padding, use_cudnn_on_gpu=_cudnn(use_cudnn_on_gpu), explicit_paddings=explicit,
        data_format=data_format, dilations=list(dilations), name=name,
    )  # fmt: skip


@export("nn.conv3d_backprop_filter", "nn.conv3d_backprop_filter_v2")
def conv3d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: str, data_format: str = "NDHWC",
    dilations: Any = _ONES_5, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the gradient of `conv3d` for the filters; see `tf.compat.v1.nn.conv3d_backprop_filter`."""
    return op(
        "Conv3DBackpropFilterV2", input=input, filter_sizes=filter_sizes, out_backprop=out_backprop, strides=strides,
        padding=padding, data_format=data_format, dilations=list(dilations), name=name,
    )  # fmt: skip
