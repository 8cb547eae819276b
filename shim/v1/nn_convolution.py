"""Convolutions of any number of dimensions, dilated and transposed: `tf.nn.convolution`, `tf.nn.conv2d_transpose`."""

from collections.abc import Callable, Sized
from typing import Any

import numpy as np

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import concat, expand_dims, reverse, shape, squeeze
from onevar.v1.array_ops_space import batch_to_space, space_to_batch
from onevar.v1.common import dims_of, is_tensor, rank_of, renamed, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import negative
from onevar.v1.nn_conv import conv1d, conv2d_expanded_batch, conv3d_expanded_batch
from onevar.v1.nn_pool import strides_and_dilation_rate
from onevar.v1.nn_space import SpaceToBatch
from onevar.v1.nn_windows import CHANNELS_LAST, convert_padding, sequence


@export("nn.convolution")
def convolution(
    input: Any, filter: Any, padding: Any, strides: Any = None, dilation_rate: Any = None, name: str | None = None,
    data_format: str | None = None, filters: Any = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """Return a convolution over as many dimensions as the filters have; see `tf.compat.v1.nn.convolution`.

    Raises:
        ValueError: The arguments contradict each other.
    """
    filter = renamed("filters", filters, "filter", filter)
    rate = renamed("dilations", dilations, "dilation_rate", dilation_rate)
    if not is_tensor(filter):
        with name_scope(None, "convolution_internal", [filter, input]):
            filter = convert_to_tensor(filter, name="filters")
    if not is_tensor(input):
        with name_scope(None, "convolution_internal", [filter, input]):
            input = convert_to_tensor(input, name="input")
    n = _dimensions(input, filter)
    rank = rank_of(input)
    batch = rank - n - 1 if rank else 1
    last = data_format is None or data_format in CHANNELS_LAST
    channel = batch + n if last else batch
    every = sequence(rate, n, channel, "dilations")
    steps = sequence(strides, n, channel, "strides")
    with name_scope(name, "convolution", [input, filter]) as scope:
        if rate is None or all(k == 1 for k in every):
            call = (conv1d, conv2d_expanded_batch, conv3d_expanded_batch)[n - 1]
            return call(input, filter, steps, padding=padding, data_format=data_format, dilations=every, name=scope)
        inner = slice(2, None) if channel == 1 else slice(1, -1)
        return _dilated(input, filter, padding, steps[inner], every[inner], scope, data_format, n)


def _dimensions(input: Any, filters: Any) -> int:
    n = rank_of(filters) or rank_of(input)
    if not n:
        raise ValueError(
            "When `num_spatial_dims` is not set, one of `input.shape.rank` or `filters.shape.rank` must be known. "
            f"Received: input.shape={shape_of(input)} of rank {rank_of(input)} and "
            f"filters.shape={shape_of(filters)} of rank {rank_of(filters)}"
        )
    if n - 2 not in (1, 2, 3):
        raise ValueError(f"`num_spatial_dims` must be 1, 2, or 3. Received: num_spatial_dims={n - 2}.")
    return n - 2


def _dilated(
    input: Any, filters: Any, padding: Any, strides: Any, rate: Any, name: str | None, data_format: str | None, n: int
) -> Any:
    given, weights = shape_of(input), shape_of(filters)
    batch = 1
    if given.rank is not None:
        if given.rank < n + 2:
            raise ValueError(
                "`input.shape.rank` must be >= than `num_spatial_dims + 2`. "
                f"Received: input.shape={given} of rank {given.rank} and num_spatial_dims={n}"
            )
        batch = given.rank - n - 1
    first = data_format is not None and data_format.startswith("NC")
    start = batch + 1 if first else batch
    _check_channels(given, weights, batch if first else n + batch, n)
    steps, rate = strides_and_dilation_rate(n, strides, rate)

    def build(_: int, converted: Any) -> Callable:
        return _plain(given, n, steps.tolist(), converted, data_format, name)

    dilated = SpaceToBatch(
        given, rate, padding, build, weights.as_list() if weights.is_fully_defined() else shape(filters),
        range(start, start + n), data_format, batch,
    )  # fmt: skip
    return dilated(input, filters)


def _check_channels(given: Any, weights: Any, at: int, n: int) -> None:
    channels = None if given.rank is None else given.as_list()[at]
    inner = None if weights.rank is None else weights.as_list()[n]
    if channels is not None and inner and channels % inner:
        raise ValueError(
            "The number of input channels is not divisible by the corresponding number of output filters. "
            f"Received: input.shape={given} with {channels} channels and filters.shape={weights} "
            f"with {inner} output filters."
        )


def _plain(
    given: Any, n: int, strides: list[int], padding: Any, data_format: str | None, name: str | None
) -> Callable[[Any, Any], Any]:
    if given.rank is None:
        raise ValueError(f"Rank of convolution must be known. Received: input_shape={given} of rank {given.rank}")
    formats = ((None, "NWC", "NHWC"), (None, "NHWC"), (None, "NDHWC"))[n - 1]
    firsts = (("NCW", "NCHW"), ("NCHW",), ("NCDHW",))[n - 1]
    if data_format not in (*formats, *firsts):
        known = (("NWC", "NCW"), ("NHWC", "NCHW"), ("NDHWC", "NCDHW"))[n - 1]
        raise ValueError(f"`data_format` must be {known[0]!r} or {known[1]!r}. Received: data_format={data_format}")
    steps = [1, 1, *strides] if data_format in firsts else [1, *strides, 1]

    def call(x: Any, filters: Any) -> Any:
        if n == 1:
            return conv1d(x, filters, strides[0], padding, data_format=data_format or "NWC", name=name)
        function = conv2d_expanded_batch if n == 2 else conv3d_expanded_batch
        return function(x, filters, steps, padding, data_format, name=name)

    return call


@export("nn.atrous_conv2d")
def atrous_conv2d(value: Any, filters: Any, rate: Any, padding: Any, name: str | None = None) -> Any:
    """Return a dilated convolution over two dimensions; see `tf.nn.atrous_conv2d`."""
    return convolution(value, filters, padding, dilation_rate=np.broadcast_to(rate, (2,)), name=name)


# -- transposed -------------------------------------------------------------------------------------


@export("nn.conv2d_transpose")
def conv2d_transpose(
    value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME",
    data_format: str | None = "NHWC", name: str | None = None, input: Any = None, filters: Any = None,
    dilations: Any = None,
) -> Any:  # fmt: skip
    """Return the transpose of `conv2d`; see `tf.compat.v1.nn.conv2d_transpose`."""
    value = renamed("input", input, "value", value)
    filter = renamed("filters", filters, "filter", filter)
    with name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as scope:
        data_format = data_format or "NHWC"
        channel = 1 if data_format.startswith("NC") else 3
        padding, explicit = convert_padding(padding)
        return op(
            "Conv2DBackpropInput", input_sizes=output_shape, filter=filter, out_backprop=value,
            strides=sequence(strides, 2, channel, "strides"), padding=padding, explicit_paddings=explicit,
            data_format=data_format, dilations=sequence(dilations, 2, channel, "dilations"), name=scope,
        )  # fmt: skip


@export("nn.conv3d_transpose")
def conv3d_transpose(
    value: Any, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME",
    data_format: str | None = "NDHWC", name: str | None = None, input: Any = None, filters: Any = None,
    dilations: Any = None,
) -> Any:  # fmt: skip
    """Return the transpose of `conv3d`; see `tf.compat.v1.nn.conv3d_transpose`."""
    value = renamed("input", input, "value", value)
    filter = renamed("filters", filters, "filter", filter)
    with name_scope(name, "conv3d_transpose", [value, filter, output_shape]) as scope:
        data_format = data_format or "NDHWC"
        channel = 1 if data_format.startswith("NC") else 4
        return op(
            "Conv3DBackpropInputV2", input_sizes=output_shape, filter=filter, out_backprop=value,
            strides=sequence(strides, 3, channel, "strides"), padding=padding, data_format=data_format,
            dilations=sequence(dilations, 3, channel, "dilations"), name=scope,
        )  # fmt: skip


@export("nn.conv1d_transpose")
def conv1d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str | None = "NWC",
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the transpose of `conv1d`; see `tf.nn.conv1d_transpose`.

    Raises:
        ValueError: `data_format` is none of these.
    """
    with name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        if data_format in (None, "NWC"):
            data_format, start, channel = "NHWC", 1, 2
        elif data_format == "NCW":
            data_format, start, channel = "NCHW", 2, 1
        else:
            raise ValueError(f"`data_format` must be 'NWC' or 'NCW'. Received: data_format={data_format}")
        steps = [1, *sequence(strides, 1, channel, "stride")]
        every = [1, *sequence(dilations, 1, channel, "dilations")]
        input, filters = expand_dims(input, start), expand_dims(filters, 0)
        sizes = output_shape if is_tensor(output_shape) else list(output_shape)
        sizes = concat([sizes[:start], [1], sizes[start:]], 0)
        found = op(
            "Conv2DBackpropInput", input_sizes=sizes, filter=filters, out_backprop=input, strides=steps,
            padding=padding, data_format=data_format, dilations=every, name=scope,
        )  # fmt: skip
        return squeeze(found, start)


@export("nn.conv_transpose")
def conv_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str | None = None,
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the transpose of a convolution over one to three dimensions; see `tf.nn.conv_transpose`.

    Raises:
        ValueError: `output_shape` says no such number of dimensions.
    """
    with name_scope(name, "conv_transpose", [input, filters, output_shape]) as scope:
        if is_tensor(output_shape):
            n = (dims_of(output_shape) or (0,))[0] or 0
        elif isinstance(output_shape, Sized):
            n = len(output_shape)
        else:
            raise ValueError(
                f"`output_shape` must be a tensor or sized collection. Received: output_shape={output_shape}"
            )
        if not 3 <= n <= 5:
            raise ValueError(
                f"`output_shape` must be of length 3, 4 or 5. Received: output_shape={output_shape} of length {n}."
            )
        how = {"padding": padding, "data_format": data_format, "dilations": dilations, "name": scope}
        call: Callable = (conv1d_transpose, conv2d_transpose, conv3d_transpose)[n - 3]
        return call(input, filters, output_shape, strides, **how)


@export("nn.atrous_conv2d_transpose")
def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: Any, name: str | None = None
) -> Any:
    """Return the transpose of `atrous_conv2d`; see `tf.nn.atrous_conv2d_transpose`.

    Raises:
        ValueError: Shapes, rate or padding do not fit.
    """
    with name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]):
        value = convert_to_tensor(value, name="value")
        filters = convert_to_tensor(filters, name="filters")
        _check_value(value, filters)
        if rate < 1:
            raise ValueError(f"`rate` cannot be less than one. Received: rate={rate}")
        if rate == 1:
            return conv2d_transpose(value, filters, output_shape, strides=[1, 1, 1, 1], padding=padding)
        output_shape = _sizes(output_shape, filters)
        top, bottom, left, right = _around(filters, rate, padding)
        height, width = output_shape[1] + top + bottom, output_shape[2] + left + right
        below, beside = (rate - height % rate) % rate, (rate - width % rate) % rate
        value = space_to_batch(input=value, paddings=[[0, below], [0, beside]], block_size=rate)
        sizes = [rate * rate * output_shape[0], (height + below) // rate, (width + beside) // rate, output_shape[3]]
        value = op(
            "Conv2DBackpropInput", input_sizes=sizes, filter=filters, out_backprop=value, strides=[1, 1, 1, 1],
            padding="VALID", data_format="NHWC",
        )  # fmt: skip
        return batch_to_space(input=value, crops=[[top, bottom + below], [left, right + beside]], block_size=rate)


def _check_value(value: Any, filters: Any) -> None:
    given, weights = dims_of(value), dims_of(filters)
    if given and weights and None not in (given[3], weights[3]) and given[3] != weights[3]:
        raise ValueError(
            "`value` channel count must be compatible with `filters` input channel count. "
            f"Received: value.shape={shape_of(value)} with channel count {given[3]} and "
            f"filters.shape={shape_of(filters)} with input channel count {weights[3]}."
        )


def _sizes(output_shape: Any, filters: Any) -> Any:
    tensor = convert_to_tensor(output_shape, name="output_shape")
    if not shape_of(tensor).is_compatible_with([4]):
        raise ValueError(f"`output_shape` must have shape (4,). Received: output_shape={shape_of(tensor)}")
    sizes = list(output_shape) if isinstance(output_shape, tuple) else output_shape
    weights = dims_of(filters)
    if isinstance(sizes, list | np.ndarray) and weights and weights[2] is not None and weights[2] != sizes[3]:
        raise ValueError(
            "`output_shape` channel count must be compatible with `filters` output channel count. "
            f"Received: output_shape={sizes} with channel count {sizes[3]} and "
            f"filters.shape={shape_of(filters)} with output channel count {weights[3]}."
        )
    return sizes


def _around(filters: Any, rate: int, padding: Any) -> tuple[Any, Any, Any, Any]:
    if padding == "VALID":
        return 0, 0, 0, 0
    if padding != "SAME":
        raise ValueError(f"`padding` must be either 'VALID' or 'SAME'. Received: padding={padding}")
    known = shape_of(filters).is_fully_defined()
    sizes: Any = shape_of(filters).as_list() if known else shape(filters)
    height, width = (n + (n - 1) * (rate - 1) - 1 for n in (sizes[0], sizes[1]))
    top, left = height // 2, width // 2
    return top, height - top, left, width - left


# -- morphology -------------------------------------------------------------------------------------


@export("nn.dilation2d")
def dilation2d(
    input: Any, filter: Any = None, strides: Any = None, rates: Any = None, padding: Any = None,
    name: str | None = None, filters: Any = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """Return the greatest sum of window and filter; see `tf.compat.v1.nn.dilation2d`."""
    filter = renamed("filters", filters, "filter", filter)
    rates = renamed("dilations", dilations, "rates", rates)
    return op("Dilation2D", input=input, filter=filter, strides=strides, rates=rates, padding=padding, name=name)


@export("nn.erosion2d")
def erosion2d(value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: str | None = None) -> Any:
    """Return the least difference of window and kernel; see `tf.compat.v1.nn.erosion2d`."""
    with name_scope(name, "erosion2d", [value, kernel]) as scope:
        turned = dilation2d(negative(value), reverse(kernel, [0, 1]), strides, rates, padding, name=scope)
        return negative(turned)
