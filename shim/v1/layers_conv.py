"""`tf.layers.conv1d`, `conv2d` and `conv3d`, and their classes."""

from collections.abc import Sequence
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.tensor_shape import TensorShape
from onevar.errors import Unsupported
from onevar.v1 import keras_activations, keras_constraints, keras_initializers, keras_regularizers
from onevar.v1.array_ops_shape import pad, reshape
from onevar.v1.common import rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.layers_arguments import (
    conv_length,
    standard_data_format,
    standard_padding,
    standard_tuple,
    tf_data_format,
)
from onevar.v1.layers_base import Layer
from onevar.v1.layers_core import ZEROS
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.nn_activations import bias_add
from onevar.v1.nn_convolution import convolution
from onevar.v1.nn_windows import squeeze_batch_dims


class Conv(Layer):
    """What all convolutions share.

    Args:
        rank: How many axes the kernel moves along.
        filters: The number of output channels.
        kernel_size: For each axis, or one for all.
        strides: The same.
        padding: `"valid"`, `"same"` or, for one axis, `"causal"`.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: As `strides`.
        activation: A function of the outputs, or its name.
        use_bias: Whether there is a bias.
        kernel_initializer: Of the kernel; None is the scope's.
        bias_initializer: Of the bias.
        kernel_regularizer: A function of the kernel whose value joins the losses.
        bias_regularizer: The same of the bias.
        activity_regularizer: The same of the outputs.
        kernel_constraint: What optimizers apply to the kernel after an update.
        bias_constraint: The same for the bias.
        trainable: Whether the variables join `GraphKeys.TRAINABLE_VARIABLES`.
        name: Of the layer.
        groups: Into how many parts channels are cut.
        **kwargs: As for `Layer`.

    Raises:
        ValueError: One of them makes no sense, or not with another.
    """

    def __init__(
        self, rank: int, filters: Any, kernel_size: Any, strides: Any = 1, padding: Any = "valid",
        data_format: Any = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, trainable: Any = True, name: Any = None, groups: int = 1, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.rank = rank
        self.filters = int(filters) if isinstance(filters, float) else filters
        if filters is not None and self.filters <= 0:
            raise ValueError(
                "Invalid value for argument `filters`. Expected a strictly positive value. Received "
                f"filters={self.filters}."
            )
        self.groups = groups or 1
        self.kernel_size = standard_tuple(kernel_size, rank, "kernel_size")
        self.strides = standard_tuple(strides, rank, "strides", allow_zero=True)
        self.padding = standard_padding(padding)
        self.data_format = standard_data_format(data_format)
        self.dilation_rate = standard_tuple(dilation_rate, rank, "dilation_rate")
        self.activation = keras_activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras_initializers.get(kernel_initializer)
        self.bias_initializer = keras_initializers.get(bias_initializer)
        self.kernel_regularizer = keras_regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras_regularizers.get(bias_regularizer)
        self.kernel_constraint = keras_constraints.get(kernel_constraint)
        self.bias_constraint = keras_constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=rank + 2)
        self._check_arguments()

    def _check_arguments(self) -> None:
        if self.filters is not None and self.filters % self.groups:
            raise ValueError(
                "The number of filters must be evenly divisible by the number of groups. Received: "
                f"groups={self.groups}, filters={self.filters}"
            )
        if not all(self.strides):
            raise ValueError(f"The argument `strides` cannot contains 0(s). Received: {self.strides}")
        if self.padding == "causal" and self.rank != 1:
            raise ValueError("Causal padding is only supported for `Conv1D`and `SeparableConv1D`.")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: strides={self.strides}"
                f" and dilation_rate={self.dilation_rate}"
            )

    # -- variables --------------------------------------------------------------------------------

    @property
    def channel_axis(self) -> int:
        """Which axis of the inputs has the channels, counted from the end."""
        return -1 - self.rank if self.data_format == "channels_first" else -1

    def channels_of(self, input_shape: TensorShape, of: str = "") -> int:
        """Return the number of input channels.

        Args:
            input_shape: Of the inputs.
            of: What the message says they belong to.

        Raises:
            ValueError: It is not known.
        """
        axis = self.channel_axis
        found = input_shape.as_list()[axis]
        if found is None:
            raise ValueError(
                f"The channel dimension of the inputs {of}should be defined. The input_shape received is "
                f"{input_shape}, where axis {axis} (0-based) is the channel dimension, which found to be `None`."
            )
        return found

    def _add_kernel(self, shape: Sequence[int], name: str = "kernel") -> Any:
        return self.add_weight(
            name=name, shape=shape, initializer=getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"), constraint=getattr(self, f"{name}_constraint"),
            trainable=True, dtype=self.dtype,
        )  # fmt: skip

    def _add_bias(self) -> Any:
        return self._add_kernel((self.filters,), "bias") if self.use_bias else None

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias.

        Args:
            input_shape: Of the inputs; the channels have to be known.

        Raises:
            ValueError: They are not, the groups do not divide them, or nothing would be left of an axis.
        """
        shape = TensorShape(input_shape)
        channels = self.channels_of(shape)
        if channels % self.groups:
            raise ValueError(
                "The number of input channels must be evenly divisible by the number of groups. Received "
                f"groups={self.groups}, but the input has {channels} channels (full input shape is {shape})."
            )
        self.compute_output_shape(shape)
        self.kernel = self._add_kernel((*self.kernel_size, channels // self.groups, self.filters))
        self.bias = self._add_bias()
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={self.channel_axis: channels})
        self.built = True

    # -- calls ------------------------------------------------------------------------------------

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return the inputs, convolved; subclasses may do it in another way.

        Args:
            inputs: Padded already where the padding is causal.
            kernel: The kernel.
        """
        padding = "VALID" if self.padding == "causal" else self.padding
        return convolution(
            inputs, kernel, padding=padding.upper() if isinstance(padding, str) else padding,
            strides=list(self.strides), dilations=list(self.dilation_rate),
            data_format=tf_data_format(self.data_format, self.rank + 2), name=type(self).__name__,
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """Return the outputs.

        Args:
            inputs: The batch, the axes that the kernel moves along, and the channels.

        Raises:
            Unsupported: There are groups.
        """
        known = shape_of(inputs)
        if self.groups > 1:
            raise Unsupported(
                f"{self.name}: groups={self.groups}. Split the channels, and use one layer for each part."
            )
        if self.padding == "causal":
            inputs = pad(inputs, self._causal_padding(inputs))
        outputs = self.convolution_op(inputs, self.kernel)
        if self.bias is not None:
            outputs = self._with_bias(outputs)
        if known.rank and not executing_eagerly():
            set_shape(outputs, self.compute_output_shape(known))
        return outputs if self.activation is None else self.activation(outputs)

    def _with_bias(self, outputs: Any) -> Any:
        if self.rank == 1 and self.data_format == "channels_first":
            return outputs + reshape(self.bias, (1, self.filters, 1))
        rank = rank_of(outputs)
        data_format = tf_data_format(self.data_format, self.rank + 2)
        if rank is None or rank <= self.rank + 2:
            return bias_add(outputs, self.bias, data_format=data_format)
        # More than one axis is the batch.
        return squeeze_batch_dims(outputs, lambda x: bias_add(x, self.bias, data_format=data_format), self.rank + 1)

    def _causal_padding(self, inputs: Any) -> list[list[int]]:
        before = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        rank = rank_of(inputs)
        batch = [[0, 0]] * (1 if rank is None else rank - 2)
        if self.data_format == "channels_last":
            return [*batch, [before, 0], [0, 0]]
        return [*batch, [0, 0], [before, 0]]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for the shape of the inputs.

        Args:
            input_shape: What `TensorShape` takes.

        Raises:
            ValueError: Nothing would be left of an axis.
        """
        sizes = TensorShape(input_shape).as_list()
        first = len(sizes) - self.rank - 1
        batch, inner = sizes[:first], sizes[first:]
        spatial = inner[:-1] if self.data_format == "channels_last" else inner[1:]
        lengths = [
            conv_length(*each, self.padding)
            for each in zip(spatial, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        ]
        if any(length is not None and length < 0 for length in lengths):
            raise ValueError(
                f"One of the dimensions in the output is <= 0 due to downsampling in {self.name}. Consider increasing "
                f"the input size. Received input shape {sizes} which would produce output shape with a zero or "
                "negative value in a dimension."
            )
        if self.data_format == "channels_last":
            return TensorShape([*batch, *lengths, self.filters])
        return TensorShape([*batch, self.filters, *lengths])


@export("layers.Conv1D")
class Conv1D(Conv):
    """A convolution along one axis; see `Conv` for the arguments."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, trainable: Any = True, name: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            1, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


@export("layers.Conv2D")
class Conv2D(Conv):
    """A convolution along two axes; see `Conv` for the arguments."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = (1, 1), activation: Any = None,
        use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = ZEROS,
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, trainable: Any = True, name: Any = None,
        **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            2, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


@export("layers.Conv3D")
class Conv3D(Conv):
    """A convolution along three axes; see `Conv` for the arguments."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = (1, 1, 1), activation: Any = None,
        use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = ZEROS,
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, trainable: Any = True, name: Any = None,
        **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            3, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip


@export("layers.conv1d")
def conv1d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
    kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
    bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
    bias_constraint: Any = None, trainable: Any = True, name: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return the inputs convolved along one axis, with variables of a new layer; see `Conv` for the arguments."""
    return Conv1D(
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip


@export("layers.conv2d")
def conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = (1, 1), activation: Any = None, use_bias: bool = True,
    kernel_initializer: Any = None, bias_initializer: Any = ZEROS, kernel_regularizer: Any = None,
    bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
    bias_constraint: Any = None, trainable: Any = True, name: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return the inputs convolved along two axes, with variables of a new layer; see `Conv` for the arguments."""
    return Conv2D(
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip


@export("layers.conv3d")
def conv3d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = (1, 1, 1), activation: Any = None,
    use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = ZEROS,
    kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
    kernel_constraint: Any = None, bias_constraint: Any = None, trainable: Any = True, name: Any = None,
    reuse: Any = None,
) -> Any:  # fmt: skip
    """Return the inputs convolved along three axes, with variables of a new layer; see `Conv` for the arguments."""
    return Conv3D(
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )(inputs)  # fmt: skip
