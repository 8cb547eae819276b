"""Cells of `tf.contrib.rnn` whose state is an image: `ConvLSTMCell`."""

from collections.abc import Sequence
from typing import Any

from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_shape import concat, split
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export, exported
from onevar.v1.init_ops import constant_initializer
from onevar.v1.rnn_cell_base import LSTMStateTuple, RNNCell
from onevar.v1.rnn_cells import sigmoid, tanh
from onevar.v1.variable_scopes import get_variable


@export("contrib.rnn.ConvLSTMCell")
class ConvLSTMCell(RNNCell):
    """An LSTM with convolutions in place of products (Shi et al., 2015).

    Args:
        conv_ndims: The number of axes of the convolutions, 1, 2 or 3.
        input_shape: Of the inputs, without the batch; channels last.
        output_channels: The number of channels of the output.
        kernel_shape: The sizes of the kernel.
        use_bias: Whether something is added.
        skip_connection: Whether the inputs are put out too.
        forget_bias: Added to the forget gate.
        initializers: Not looked at, as in TensorFlow.
        name: Of the layer.

    Raises:
        ValueError: The inputs have another number of axes.
    """

    def __init__(
        self, conv_ndims: int, input_shape: Sequence[int], output_channels: int, kernel_shape: Sequence[int],
        use_bias: bool = True, skip_connection: bool = False, forget_bias: Any = 1.0, initializers: Any = None,
        name: str | None = "conv_lstm_cell",
    ):  # fmt: skip
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        self._conv_ndims = conv_ndims
        self._kernel_shape = list(kernel_shape)
        self._output_channels = output_channels
        self._use_bias, self._skip_connection, self._forget_bias = use_bias, skip_connection, forget_bias
        sizes = list(input_shape)[:-1]
        state = TensorShape([*sizes, output_channels])
        self._state_size = LSTMStateTuple(state, state)
        self._output_size = TensorShape([*sizes, output_channels + (input_shape[-1] if skip_connection else 0)])

    @property
    def output_size(self) -> TensorShape:
        """The shape of an output, without the batch."""
        return self._output_size

    @property
    def state_size(self) -> LSTMStateTuple:
        """The shapes of `c` and `h`."""
        return self._state_size

    def call(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, ..., channels)`.
            state: An `LSTMStateTuple`.
            scope: Not looked at.
        """
        cell, hidden = state
        gates = self._convolved([inputs, hidden])
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=self._conv_ndims + 1)
        new_cell = sigmoid(f + self._forget_bias) * cell
        new_cell += sigmoid(i) * tanh(j)
        output = tanh(new_cell) * sigmoid(o)
        if self._skip_connection:
            output = concat([output, inputs], axis=-1)
        return output, LSTMStateTuple(new_cell, output)

    def _convolved(self, args: list[Any]) -> Any:
        shapes: list[Any] = [shape_of(arg).as_list() for arg in args]
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes):
            raise ValueError(f"Conv Linear expects all args to be of same Dimension: {shapes}")
        if rank not in (3, 4, 5):
            raise ValueError(f"Conv Linear expects 3D, 4D or 5D arguments: {shapes}")
        dtype, features = dtype_of(args[0]), 4 * self._output_channels
        depth = sum(shape[-1] for shape in shapes)
        kernel = get_variable("kernel", [*self._kernel_shape, depth, features], dtype=dtype)
        strides = 1 if rank == 3 else [1] * rank
        result = exported(f"nn.conv{rank - 2}d")(concat(args, axis=rank - 1), kernel, strides, padding="SAME")
        if not self._use_bias:
            return result
        zeros = constant_initializer(0.0, dtype=dtype)
        return result + get_variable("biases", [features], dtype=dtype, initializer=zeros)


def _of_rank(rank: int) -> type[ConvLSTMCell]:
    def start(self: Any, name: str = f"conv_{rank}d_lstm_cell", **kwargs: Any) -> None:
        ConvLSTMCell.__init__(self, conv_ndims=rank, name=name, **kwargs)

    name = f"Conv{rank}DLSTMCell"
    doc = f"A `ConvLSTMCell` of {rank} axes: its arguments but for `conv_ndims`, by name."
    return export(f"contrib.rnn.{name}")(
        type(name, (ConvLSTMCell,), {"__init__": start, "__doc__": doc, "__module__": __name__})
    )


Conv1DLSTMCell, Conv2DLSTMCell, Conv3DLSTMCell = (_of_rank(rank) for rank in (1, 2, 3))
