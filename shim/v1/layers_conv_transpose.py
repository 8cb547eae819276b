"""`tf.layers.conv2d_transpose` and `conv3d_transpose`, and their classes."""

from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.tensor_shape import TensorShape
from onevar.errors import Unsupported
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.array_ops_shape import stack, transpose
from onevar.v1.common import set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.layers_arguments import standard_tuple, tf_data_format, transposed_length
from onevar.v1.layers_conv import Conv
from onevar.v1.layers_core import ZEROS
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.nn_activations import bias_add
from onevar.v1.nn_convolution import conv2d_transpose as nn_conv2d_transpose
from onevar.v1.nn_convolution import conv3d_transpose as nn_conv3d_transpose


class ConvTranspose(Conv):
    """What the gradient of a convolution does to its outputs, with a bias.

    Args:
        rank: How many axes the kernel moves along.
        output_padding: How much longer than the shortest each axis becomes; None fits the padding.
        **kwargs: As for `Conv`.

    Raises:
        ValueError: The output padding is not smaller than the strides.
    """

    def __init__(self, rank: int, output_padding: Any = None, **kwargs: Any):
        super().__init__(rank, **kwargs)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = standard_tuple(output_padding, rank, "output_padding", allow_zero=True)
            if any(extra >= stride for extra, stride in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"Strides must be greater than output padding. Received strides={self.strides}, "
                    f"output_padding={self.output_padding}."
                )
        if max(self.dilation_rate) > 1:
            raise Unsupported(
                f"{type(self).__name__}(dilation_rate={self.dilation_rate}): use tf.nn.atrous_conv2d_transpose."
            )

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias.

        Args:
            input_shape: Of the inputs; the channels have to be known.

        Raises:
            ValueError: They are not, or there are more axes or fewer.
        """
        shape = TensorShape(input_shape)
        if len(shape) != self.rank + 2:
            raise ValueError(f"Inputs should have rank {self.rank + 2}. Received input_shape={shape}.")
        channels = self.channels_of(shape, f"to `Conv{self.rank}DTranspose` ")
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        self.kernel = self._add_kernel((*self.kernel_size, self.filters, channels))
        self.bias = self._add_bias()
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the outputs.

        Args:
            inputs: The batch, the axes that the kernel moves along, and the channels.
        """
        sizes = shape_op(inputs)
        batch = sizes[0]
        known = shape_of(inputs)
        first = 2 if self.data_format == "channels_first" else 1
        # With three axes TensorFlow asks for the lengths even where they are known.
        static = known.as_list()[first:] if known.rank and self.rank == 2 else [None] * self.rank
        spatial = [sizes[first + i] if static[i] is None else static[i] for i in range(self.rank)]
        outputs = self._transposed(inputs, batch, self._lengths(spatial))
        if known.rank and not executing_eagerly():
            set_shape(outputs, self.compute_output_shape(known))
        if self.bias is not None:
            outputs = bias_add(outputs, self.bias, data_format=tf_data_format(self.data_format, 4))
        return outputs if self.activation is None else self.activation(outputs)

    def _lengths(self, spatial: list[Any]) -> list[Any]:
        extras = self.output_padding or (None,) * self.rank
        return [
            transposed_length(length, size, stride, 1, self.padding, extra)
            for length, size, stride, extra in zip(spatial, self.kernel_size, self.strides, extras, strict=True)
        ]

    def _transposed(self, inputs: Any, batch: Any, lengths: list[Any]) -> Any:
        last = self.data_format == "channels_last"
        shape = stack((batch, *lengths, self.filters) if last else (batch, self.filters, *lengths))
        strides = (1, *self.strides, 1) if last or self.rank == 2 else (1, 1, *self.strides)
        padding = self.padding.upper()
        if self.rank == 3:
            data_format = tf_data_format(self.data_format, 5)
            return nn_conv3d_transpose(inputs, self.kernel, shape, strides, padding=padding, data_format=data_format)
        if last:
            # TensorFlow looks at the first size, which leaves an operation in the graph.
            _ = shape[0]
            return nn_conv2d_transpose(inputs, self.kernel, shape, strides, padding=padding, data_format="NHWC")
        # TensorFlow's CPU has this operation for the channels last only.
        inputs = transpose(inputs, (0, 2, 3, 1))
        shape = stack([shape[0], shape[2], shape[3], shape[1]])
        outputs = nn_conv2d_transpose(inputs, self.kernel, shape, strides, padding=padding, data_format="NHWC")
        return transpose(outputs, (0, 3, 1, 2))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for the shape of the inputs.

        Args:
            input_shape: What `TensorShape` takes.
        """
        batch, *inner = TensorShape(input_shape).as_list()
        if self.data_format == "channels_last":
            return TensorShape([batch, *self._lengths(inner[:-1]), self.filters])
        return TensorShape([batch, self.filters, *self._lengths(inner[1:])])


@export("layers.Conv2DTranspose")
class Conv2DTranspose(ConvTranspose):
    """A transposed convolution along two axes; see `Conv` for the arguments."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
        data_format: str = "channels_last", activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, trainable: Any = True, name: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            2, filters=filters, kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            activation=activation, use_bias=use_bias, kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint, bias_constraint=bias_constraint, trainable=trainable, name=name,
            **kwargs,
        )  # fmt: skip


@export("layers.Conv3DTranspose")
class Conv3DTranspose(ConvTranspose):
    """A transposed convolution along three axes; see `Conv` for the arguments."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
        data_format: str = "channels_last", activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, trainable: Any = True, name: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            3, filters=filters, kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            activation=activation, use_bias=use_bias, kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint, bias_constraint=bias_constraint, trainable=trainable, name=name,
            **kwargs,
        )  # fmt: skip


@export("layers.conv2d_transpose")
def conv2d_transpose(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str = "channels_last", activation: Any = None, use_bias: bool = True,
    kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
    bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
    bias_constraint: Any = None, trainable: Any = True, name: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return a transposed convolution along two axes, with variables of a new layer; see `Conv`."""
    return Conv2DTranspose(
        filters, kernel_size, strides, padding, data_format, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip


@export("layers.conv3d_transpose")
def conv3d_transpose(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
    data_format: str = "channels_last", activation: Any = None, use_bias: bool = True,
    kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
    bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
    bias_constraint: Any = None, trainable: Any = True, name: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return a transposed convolution along three axes, with variables of a new layer; see `Conv`."""
    return Conv3DTranspose(
        filters, kernel_size, strides, padding, data_format, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip
