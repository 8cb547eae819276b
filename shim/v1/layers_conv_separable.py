"""`tf.layers.separable_conv1d` and `separable_conv2d`, and their classes."""

from typing import Any

from onevar.core.tensor_shape import TensorShape
from onevar.v1 import keras_constraints, keras_initializers, keras_regularizers
from onevar.v1.array_ops_shape import expand_dims, pad, squeeze
from onevar.v1.export import export
from onevar.v1.layers_arguments import tf_data_format
from onevar.v1.layers_conv import Conv
from onevar.v1.layers_core import ZEROS
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.nn_activations import bias_add
from onevar.v1.nn_conv import separable_conv2d as nn_separable_conv2d


class SeparableConv(Conv):
    """A convolution of each channel by itself, and one that mixes the channels of each place.

    Args:
        rank: How many axes the kernel moves along.
        depth_multiplier: How many channels the first makes of each.
        depthwise_initializer: Of the first kernel; None is the scope's.
        pointwise_initializer: Of the second.
        depthwise_regularizer: A function of the first kernel whose value joins the losses.
        pointwise_regularizer: The same of the second.
        depthwise_constraint: What optimizers apply to the first kernel after an update.
        pointwise_constraint: The same for the second.
        **kwargs: As for `Conv`.
    """

    def __init__(
        self, rank: int, depth_multiplier: int, depthwise_initializer: Any, pointwise_initializer: Any,
        depthwise_regularizer: Any, pointwise_regularizer: Any, depthwise_constraint: Any,
        pointwise_constraint: Any, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(rank, **kwargs)
        self.depth_multiplier = depth_multiplier
        self.depthwise_kernel_initializer = keras_initializers.get(depthwise_initializer)
        self.pointwise_kernel_initializer = keras_initializers.get(pointwise_initializer)
        self.depthwise_kernel_regularizer = keras_regularizers.get(depthwise_regularizer)
        self.pointwise_kernel_regularizer = keras_regularizers.get(pointwise_regularizer)
        self.depthwise_kernel_constraint = keras_constraints.get(depthwise_constraint)
        self.pointwise_kernel_constraint = keras_constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        """Make the kernels and the bias.

        Args:
            input_shape: Of the inputs; the channels have to be known.
        """
        channels = self.channels_of(TensorShape(input_shape))
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        deep = self.depth_multiplier * channels
        self.depthwise_kernel = self._add_kernel(
            (*self.kernel_size, channels, self.depth_multiplier), "depthwise_kernel"
        )
        self.pointwise_kernel = self._add_kernel((*(1,) * self.rank, deep, self.filters), "pointwise_kernel")
        self.bias = self._add_bias()
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the outputs.

        Args:
            inputs: The batch, the axes that the kernel moves along, and the channels.
        """
        data_format = tf_data_format(self.data_format, 4)
        last = self.data_format == "channels_last"
        outputs = self._convolved(inputs, data_format, last)
        if self.bias is not None:
            outputs = bias_add(outputs, self.bias, data_format=data_format)
        if self.rank == 1:
            outputs = squeeze(outputs, [1 if last else 2])
        return outputs if self.activation is None else self.activation(outputs)

    def _convolved(self, inputs: Any, data_format: str, last: bool) -> Any:
        strides, rate, padding = self.strides, self.dilation_rate, self.padding
        depthwise, pointwise = self.depthwise_kernel, self.pointwise_kernel
        if self.rank == 1:
            if padding == "causal":
                inputs, padding = pad(inputs, self._causal_padding(inputs)), "valid"
            inputs = expand_dims(inputs, 1 if last else 2)
            depthwise, pointwise = expand_dims(depthwise, 0), expand_dims(pointwise, 0)
            strides, rate = strides * 2, (1, *rate)
        return nn_separable_conv2d(
            inputs, depthwise, pointwise, strides=(1, *strides, 1) if last else (1, 1, *strides),
            padding=padding.upper(), rate=rate, data_format=data_format,
        )  # fmt: skip


@export("layers.SeparableConv1D")
class SeparableConv1D(SeparableConv):
    """A separable convolution along one axis; see `SeparableConv` and `Conv` for the arguments."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = 1, depth_multiplier: int = 1,
        activation: Any = None, use_bias: bool = True, depthwise_initializer: Any = None,
        pointwise_initializer: Any = None, bias_initializer: Any = ZEROS, depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
        trainable: Any = True, name: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            1, depth_multiplier, depthwise_initializer, pointwise_initializer, depthwise_regularizer,
            pointwise_regularizer, depthwise_constraint, pointwise_constraint, filters=filters,
            kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            dilation_rate=dilation_rate, activation=activation, use_bias=use_bias, bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint, trainable=trainable, name=name, **kwargs,
        )  # fmt: skip


@export("layers.SeparableConv2D")
class SeparableConv2D(SeparableConv):
    """A separable convolution along two axes; see `SeparableConv` and `Conv` for the arguments."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = (1, 1), depth_multiplier: int = 1,
        activation: Any = None, use_bias: bool = True, depthwise_initializer: Any = None,
        pointwise_initializer: Any = None, bias_initializer: Any = ZEROS, depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
        trainable: Any = True, name: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            2, depth_multiplier, depthwise_initializer, pointwise_initializer, depthwise_regularizer,
            pointwise_regularizer, depthwise_constraint, pointwise_constraint, filters=filters,
            kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            dilation_rate=dilation_rate, activation=activation, use_bias=use_bias, bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint, trainable=trainable, name=name, **kwargs,
        )  # fmt: skip


@export("layers.separable_conv1d")
def separable_conv1d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None,
    use_bias: bool = True, depthwise_initializer: Any = None, pointwise_initializer: Any = None,
    bias_initializer: Any = ZEROS, depthwise_regularizer: Any = None, pointwise_regularizer: Any = None,
    bias_regularizer: Any = None, activity_regularizer: Any = None, depthwise_constraint: Any = None,
    pointwise_constraint: Any = None, bias_constraint: Any = None, trainable: Any = True, name: Any = None,
    reuse: Any = None,
) -> Any:  # fmt: skip
    """Return a separable convolution along one axis, with variables of a new layer; see `SeparableConv`."""
    return SeparableConv1D(
        filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
        depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer,
        pointwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint,
        bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip


@export("layers.separable_conv2d")
def separable_conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = (1, 1), depth_multiplier: int = 1,
    activation: Any = None, use_bias: bool = True, depthwise_initializer: Any = None,
    pointwise_initializer: Any = None, bias_initializer: Any = ZEROS, depthwise_regularizer: Any = None,
    pointwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
    depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
    trainable: Any = True, name: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return a separable convolution along two axes, with variables of a new layer; see `SeparableConv`."""
    return SeparableConv2D(
        filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
        depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer,
        pointwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint,
        bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip
