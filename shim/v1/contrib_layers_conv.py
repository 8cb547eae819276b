"""`tf.contrib.layers.conv2d` and its kin, and pools."""

from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.v1.array_ops_shape import tile
from onevar.v1.common import dtype_of, rank_of, shape_of
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.contrib_collecting import (
    channel_dimension,
    check_data_format,
    collect_variable,
    finished,
    get_variable_collections,
    keras_data_format,
    last_dimension,
    model_getter,
    two_element_tuple,
)
from onevar.v1.contrib_layers import WEIGHTS_AND_BIASES, XAVIER, ZEROS, export_layer
from onevar.v1.contrib_variables import model_variable
from onevar.v1.layers_conv import Conv1D, Conv2D, Conv3D
from onevar.v1.layers_conv_separable import SeparableConv2D
from onevar.v1.layers_conv_transpose import Conv2DTranspose, Conv3DTranspose
from onevar.v1.nn_activations import bias_add as nn_bias_add
from onevar.v1.nn_activations import relu
from onevar.v1.nn_conv import depthwise_conv2d
from onevar.v1.variable_scopes import variable_scope

_CLASSES = {3: Conv1D, 4: Conv2D, 5: Conv3D}
_FORMATS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")


def _with_bias_or_norm(outputs: Any, layer: Any, collections: Any, normalizer_fn: Any, normalizer_params: Any) -> Any:
    """Collect a layer's variables, and normalize its outputs if that is asked for."""
    collect_variable(layer.kernel, collections, "weights")
    if layer.bias is not None:
        collect_variable(layer.bias, collections, "biases")
    return outputs if normalizer_fn is None else normalizer_fn(outputs, **(normalizer_params or {}))


@export_layer("convolution")
@add_arg_scope
def convolution(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
    data_format: str | None = None, rate: Any = 1, activation_fn: Any = relu, normalizer_fn: Any = None,
    normalizer_params: Any = None, weights_initializer: Any = XAVIER, weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
    conv_dims: int | None = None,
) -> Any:  # fmt: skip
    """Return a convolution along one, two or three axes; see `fully_connected` for what is not here.

    Args:
        inputs: The batch, the axes that the kernel moves along, and the channels.
        num_outputs: The number of output channels.
        kernel_size: For each axis, or one for all.
        stride: The same.
        padding: `"SAME"` or `"VALID"`.
        data_format: `"NHWC"` and the like.
        rate: The distance between two elements of the kernel.
        activation_fn: A function of the outputs, or None.
        normalizer_fn: The same, in place of the biases.
        normalizer_params: Keyword arguments for it.
        weights_initializer: Of the weights.
        weights_regularizer: A function of the weights whose value joins the losses.
        biases_initializer: Of the biases; None leaves them out.
        biases_regularizer: As `weights_regularizer`.
        reuse: Whether variables are found and not made.
        variables_collections: What the variables join, or a dictionary by their names.
        outputs_collections: What the outputs join.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        scope: The variable scope.
        conv_dims: How many axes there have to be; None takes what the inputs have.

    Raises:
        ValueError: There is no such data format, or the inputs are of a wrong rank.
    """
    if data_format not in _FORMATS:
        raise ValueError(f"Invalid data_format: {data_format!r}")
    getter = model_getter(WEIGHTS_AND_BIASES)
    with variable_scope(scope, "Conv", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = convert_to_tensor(inputs)
        rank = rank_of(inputs)
        if conv_dims is not None and rank != conv_dims + 2:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        if rank not in _CLASSES:
            raise ValueError("Convolution not supported for input with rank", rank)
        layer = _CLASSES[rank](
            num_outputs, kernel_size, stride, padding, keras_data_format(data_format), rate,
            use_bias=not normalizer_fn and biases_initializer, kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, name=sc.name, dtype=dtype_of(inputs),
            _scope=sc, _reuse=reuse,
        )  # fmt: skip
        outputs = layer(inputs)
        outputs = _with_bias_or_norm(outputs, layer, variables_collections, normalizer_fn, normalizer_params)
        return finished(outputs, activation_fn, outputs_collections, sc.name)


def _convolution(dims: int, *names: str) -> Any:
    """Make and export `convolution` for inputs of one rank."""

    def convolve(
        inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
        data_format: str | None = None, rate: Any = 1, activation_fn: Any = relu, normalizer_fn: Any = None,
        normalizer_params: Any = None, weights_initializer: Any = XAVIER, weights_regularizer: Any = None,
        biases_initializer: Any = ZEROS, biases_regularizer: Any = None, reuse: Any = None,
        variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
        scope: Any = None,
    ) -> Any:  # fmt: skip
        return convolution(
            inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn, normalizer_fn,
            normalizer_params, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer,
            reuse, variables_collections, outputs_collections, trainable, scope, conv_dims=dims,
        )  # fmt: skip

    convolve.__name__ = convolve.__qualname__ = names[-1]
    convolve.__doc__ = f"As `convolution`, along {dims} axes."
    # The key by which scopes know it holds the name: only now.
    return export_layer(*names)(add_arg_scope(convolve))


conv1d = _convolution(1, "conv1d", "convolution1d")
conv2d = _convolution(2, "conv2d", "convolution2d")
conv3d = _convolution(3, "conv3d", "convolution3d")


def _transposed(
    kind: Any, default: str, formats: tuple[str, str], inputs: Any, num_outputs: int, kernel_size: Any, stride: Any,
    padding: str, data_format: str, activation_fn: Any, normalizer_fn: Any, normalizer_params: Any,
    weights_initializer: Any, weights_regularizer: Any, biases_initializer: Any, biases_regularizer: Any,
    reuse: Any, variables_collections: Any, outputs_collections: Any, trainable: bool, scope: Any,
) -> Any:  # fmt: skip
    getter = model_getter(WEIGHTS_AND_BIASES)
    with variable_scope(scope, default, [inputs], reuse=reuse, custom_getter=getter) as sc:
        check_data_format(data_format, *formats)
        inputs = convert_to_tensor(inputs)
        layer = kind(
            num_outputs, kernel_size, stride, padding, keras_data_format(data_format),
            use_bias=not normalizer_fn and biases_initializer, kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, name=sc.name, dtype=dtype_of(inputs),
            _scope=sc, _reuse=reuse,
        )  # fmt: skip
        outputs = layer(inputs)
        outputs = _with_bias_or_norm(outputs, layer, variables_collections, normalizer_fn, normalizer_params)
        return finished(outputs, activation_fn, outputs_collections, sc.name)


@export_layer("conv2d_transpose", "convolution2d_transpose")
@add_arg_scope
def convolution2d_transpose(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
    data_format: str = "NHWC", activation_fn: Any = relu, normalizer_fn: Any = None, normalizer_params: Any = None,
    weights_initializer: Any = XAVIER, weights_regularizer: Any = None, biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None,
    outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """Return a transposed convolution along two axes; see `convolution` for the arguments."""
    return _transposed(
        Conv2DTranspose, "Conv2d_transpose", ("NCHW", "NHWC"), inputs, num_outputs, kernel_size, stride, padding,
        data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


@export_layer("conv3d_transpose", "convolution3d_transpose")
@add_arg_scope
def convolution3d_transpose(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
    data_format: str = "NDHWC", activation_fn: Any = relu, normalizer_fn: Any = None, normalizer_params: Any = None,
    weights_initializer: Any = XAVIER, weights_regularizer: Any = None, biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None,
    outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """Return a transposed convolution along three axes; see `convolution` for the arguments."""
    return _transposed(
        Conv3DTranspose, "Conv3d_transpose", ("NCDHW", "NDHWC"), inputs, num_outputs, kernel_size, stride, padding,
        data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


@export_layer("separable_conv2d", "separable_convolution2d")
@add_arg_scope
def separable_convolution2d(
    inputs: Any, num_outputs: int | None, kernel_size: Any, depth_multiplier: int = 1, stride: Any = 1,
    padding: str = "SAME", data_format: str = "NHWC", rate: Any = 1, activation_fn: Any = relu,
    normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = XAVIER,
    pointwise_initializer: Any = None, weights_regularizer: Any = None, biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None,
    outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """Return a convolution of each channel by itself, and then one that mixes them.

    Args:
        inputs: Images.
        num_outputs: The number of output channels; None leaves the mixing out.
        kernel_size: For each axis, or one for both.
        depth_multiplier: How many channels the first convolution makes of each.
        stride: As `kernel_size`.
        padding: `"SAME"` or `"VALID"`.
        data_format: `"NHWC"` or `"NCHW"`.
        rate: The distance between two elements of the kernel.
        activation_fn: A function of the outputs, or None.
        normalizer_fn: The same, in place of the biases.
        normalizer_params: Keyword arguments for it.
        weights_initializer: Of the weights.
        pointwise_initializer: Of the mixing; None takes `weights_initializer`.
        weights_regularizer: A function of the weights whose value joins the losses.
        biases_initializer: Of the biases; None leaves them out.
        biases_regularizer: As `weights_regularizer`.
        reuse: Whether variables are found and not made.
        variables_collections: What the variables join, or a dictionary by their names.
        outputs_collections: What the outputs join.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        scope: The variable scope.

    Raises:
        ValueError: There is no such data format.
    """
    check_data_format(data_format, "NCHW", "NHWC")
    getter = model_getter(
        {"bias": "biases", "depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights"}
    )
    with variable_scope(scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = convert_to_tensor(inputs)
        regularizers = (weights_regularizer, biases_regularizer)
        if num_outputs is None:
            outputs = _depthwise(
                inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate, weights_initializer,
                regularizers, variables_collections, trainable,
                None if normalizer_fn is not None else biases_initializer,
            )  # fmt: skip
        else:
            layer = SeparableConv2D(
                num_outputs, kernel_size, stride, padding, keras_data_format(data_format), two_element_tuple(rate),
                depth_multiplier, use_bias=not normalizer_fn and biases_initializer,
                depthwise_initializer=weights_initializer,
                pointwise_initializer=pointwise_initializer or weights_initializer,
                bias_initializer=biases_initializer, depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer, bias_regularizer=biases_regularizer, trainable=trainable,
                name=sc.name, dtype=dtype_of(inputs), _scope=sc, _reuse=reuse,
            )  # fmt: skip
            outputs = layer(inputs)
            collect_variable(layer.depthwise_kernel, variables_collections, "weights")
            collect_variable(layer.pointwise_kernel, variables_collections, "weights")
            if layer.bias is not None:
                collect_variable(layer.bias, variables_collections, "biases")
        outputs = outputs if normalizer_fn is None else normalizer_fn(outputs, **(normalizer_params or {}))
        return finished(outputs, activation_fn, outputs_collections, sc.name)


def _depthwise(
    inputs: Any, kernel_size: Any, multiplier: int, stride: Any, padding: str, data_format: str, rate: Any,
    initializer: Any, regularizers: tuple[Any, Any], collections: Any, trainable: bool, biases_initializer: Any,
) -> Any:  # fmt: skip
    channels = channel_dimension(shape_of(inputs), keras_data_format(data_format), min_rank=4)
    weights = model_variable(
        "depthwise_weights", shape=[*two_element_tuple(kernel_size), channels, multiplier], dtype=dtype_of(inputs),
        initializer=initializer, regularizer=regularizers[0], trainable=trainable,
        collections=get_variable_collections(collections, "weights"),
    )  # fmt: skip
    steps = two_element_tuple(stride)
    strides = [1, 1, *steps] if data_format == "NCHW" else [1, *steps, 1]
    outputs = depthwise_conv2d(inputs, weights, strides, padding, rate=two_element_tuple(rate), data_format=data_format)
    if biases_initializer is None:
        return outputs
    biases = model_variable(
        "biases", shape=[multiplier * channels], dtype=dtype_of(inputs), initializer=biases_initializer,
        regularizer=regularizers[1], trainable=trainable,
        collections=get_variable_collections(collections, "biases"),
    )  # fmt: skip
    return nn_bias_add(outputs, biases, data_format=data_format)


@export_layer("conv2d_in_plane", "convolution2d_in_plane")
@add_arg_scope
def convolution2d_in_plane(
    inputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", activation_fn: Any = relu,
    normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = XAVIER,
    weights_regularizer: Any = None, biases_initializer: Any = ZEROS, biases_regularizer: Any = None,
    reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
    scope: Any = None,
) -> Any:  # fmt: skip
    """Return a convolution of each channel by itself, with one kernel for all; see `convolution`."""
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        dtype = dtype_of(inputs)
        channels = last_dimension(shape_of(inputs), min_rank=4)
        weights = model_variable(
            "weights", shape=[*two_element_tuple(kernel_size), 1, 1], dtype=dtype, initializer=weights_initializer,
            regularizer=weights_regularizer, trainable=trainable,
            collections=get_variable_collections(variables_collections, "weights"),
        )  # fmt: skip
        outputs = depthwise_conv2d(
            inputs, tile(weights, [1, 1, channels, 1]), [1, *two_element_tuple(stride), 1], padding
        )
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        elif biases_initializer is not None:
            biases = model_variable(
                "biases", shape=[channels], dtype=dtype, initializer=biases_initializer,
                regularizer=biases_regularizer, trainable=trainable,
                collections=get_variable_collections(variables_collections, "biases"),
            )  # fmt: skip
            outputs = nn_bias_add(outputs, biases)
        return finished(outputs, activation_fn, outputs_collections, sc.name)
