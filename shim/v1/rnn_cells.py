"""The recurrent cells without options: `BasicRNNCell`, `GRUCell`, `BasicLSTMCell`."""

import warnings
from collections.abc import Callable
from typing import Any

from onevar.core.dtype import int32
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_shape import concat, split
from onevar.v1.common import dtype_of
from onevar.v1.export import export, exported
from onevar.v1.init_ops import constant_initializer, zeros_initializer
from onevar.v1.keras_initializers import get as initializer_of
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.math_ops_elementwise import UNARY, add, multiply
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.nn_activations import bias_add
from onevar.v1.rnn_cell_base import (
    BIAS,
    KERNEL,
    LayerRNNCell,
    LSTMStateTuple,
    check_inputs,
    check_supported_dtypes,
    input_depth,
)
from onevar.v1.tf_logging import warning

sigmoid, tanh = UNARY["Sigmoid"], UNARY["Tanh"]
#: Activations by the names that Keras gives them, where `tf.nn` has another one or none.
_NAMED: dict[str, Callable[..., Any]] = {"linear": lambda x: x, "sigmoid": sigmoid, "tanh": tanh}
_SOMEWHERE_ELSE = {"exponential": "exp", "swish": "nn.silu"}


def activation_of(given: Any) -> Callable[..., Any]:
    """Return the function that a cell applies.

    Args:
        given: A function, or a name that Keras has for one; nothing is `tf.tanh`.

    Raises:
        ValueError: There is no function of the name.
        TypeError: It is something else.
    """
    if not given:
        return tanh
    if callable(given):
        return given
    if not isinstance(given, str):
        raise TypeError(f"Could not interpret activation function identifier: {given}")
    if given in _NAMED:
        return _NAMED[given]
    if given == "hard_sigmoid":
        return _hard_sigmoid
    try:
        return exported(_SOMEWHERE_ELSE.get(given, f"nn.{given}"))
    except KeyError:
        raise ValueError(f"Unknown activation function: '{given}'.") from None


def _hard_sigmoid(x: Any) -> Any:
    return exported("clip_by_value")(x * 0.2 + 0.5, 0.0, 1.0)


def say_deprecated(name: str, instead: str) -> None:
    """Warn as TensorFlow does, where the program makes a cell.

    Args:
        name: The cell's, below `tf.nn.rnn_cell`.
        instead: The name in `tf.keras.layers`.
    """
    warnings.warn(
        f"`tf.nn.rnn_cell.{name}` is deprecated and will be removed in a future version. This class is equivalent as "
        f"`tf.keras.layers.{instead}`, and will be replaced by that in Tensorflow 2.0.",
        stacklevel=3,
    )


def say_concatenated(cell: Any) -> None:
    """Warn of a state that is one tensor."""
    warning("%s: Using a concatenated state is slower and will soon be deprecated.  Use state_is_tuple=True.", cell)


class _OneStateCell(LayerRNNCell):
    """A cell that puts out its state."""

    _num_units: int

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units


@export("nn.rnn_cell.BasicRNNCell", "contrib.rnn.BasicRNNCell")
class BasicRNNCell(_OneStateCell):
    """The simplest cell: `output = new_state = activation(W * [input, state] + b)`.

    Args:
        num_units: The number of units.
        activation: A function, or its name; `tf.tanh` by default.
        reuse: True finds the variables, rather than making them.
        name: Of the layer.
        dtype: Of the variables; None takes that of the first input.
        **kwargs: What the base of all layers takes.
    """

    def __init__(
        self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None, dtype: Any = None,
        **kwargs: Any,
    ):  # fmt: skip
        say_deprecated("BasicRNNCell", "SimpleRNNCell")
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_supported_dtypes(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_of(activation)

    def build(self, inputs_shape: Any) -> None:
        """Make the variables `kernel` and `bias`.

        Args:
            inputs_shape: Of the inputs, the last size known.
        """
        depth, units = input_depth(inputs_shape), self._num_units
        check_supported_dtypes(self.dtype)
        self._kernel = self.add_weight(KERNEL, shape=[depth + units, units])
        self._bias = self.add_weight(BIAS, shape=[units], initializer=zeros_initializer(dtype=self.dtype))
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: Tensor of shape `(batch, num_units)`.
        """
        check_inputs([inputs, state])
        output = self._activation(bias_add(matmul(concat([inputs, state], 1), self._kernel), self._bias))
        return output, output


@export("nn.rnn_cell.GRUCell", "contrib.rnn.GRUCell")
class GRUCell(_OneStateCell):
    """The gated recurrent unit of Cho et al. (2014).

    Args:
        num_units: The number of units.
        activation: A function, or its name; `tf.tanh` by default.
        reuse: True finds the variables, rather than making them.
        kernel_initializer: For both kernels.
        bias_initializer: For both biases; by default the gates' is ones, the candidate's zeros.
        name: Of the layer.
        dtype: Of the variables; None takes that of the first input.
        **kwargs: What the base of all layers takes.
    """

    def __init__(
        self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None,
        bias_initializer: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any,
    ):  # fmt: skip
        say_deprecated("GRUCell", "GRUCell")
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_supported_dtypes(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_of(activation)
        self._kernel_initializer = initializer_of(kernel_initializer)
        self._bias_initializer = initializer_of(bias_initializer)

    def build(self, inputs_shape: Any) -> None:
        """Make the variables of `gates/` and `candidate/`.

        Args:
            inputs_shape: Of the inputs, the last size known.
        """
        depth, units = input_depth(inputs_shape), self._num_units
        check_supported_dtypes(self.dtype)
        kernels, given = self._kernel_initializer, self._bias_initializer
        rows = depth + units
        ones = constant_initializer(1.0, dtype=self.dtype) if given is None else given
        self._gate_kernel = self.add_weight(f"gates/{KERNEL}", shape=[rows, 2 * units], initializer=kernels)
        self._gate_bias = self.add_weight(f"gates/{BIAS}", shape=[2 * units], initializer=ones)
        zeros = zeros_initializer(dtype=self.dtype) if given is None else given
        self._candidate_kernel = self.add_weight(f"candidate/{KERNEL}", shape=[rows, units], initializer=kernels)
        self._candidate_bias = self.add_weight(f"candidate/{BIAS}", shape=[units], initializer=zeros)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: Tensor of shape `(batch, num_units)`.
        """
        check_inputs([inputs, state])
        gates = sigmoid(bias_add(matmul(concat([inputs, state], 1), self._gate_kernel), self._gate_bias))
        reset, update = split(value=gates, num_or_size_splits=2, axis=1)
        kept = concat([inputs, reset * state], 1)
        candidate = self._activation(bias_add(matmul(kept, self._candidate_kernel), self._candidate_bias))
        new_state = update * state + (1 - update) * candidate
        return new_state, new_state


@export("nn.rnn_cell.BasicLSTMCell", "contrib.rnn.BasicLSTMCell")
class BasicLSTMCell(LayerRNNCell):
    """The LSTM without peepholes, clipping and projection.

    Args:
        num_units: The number of units.
        forget_bias: Added to the forget gate; 0 for weights that were trained by CudnnLSTM.
        state_is_tuple: Whether the state is an `LSTMStateTuple`; otherwise both parts are side by side in one tensor.
        activation: A function, or its name; `tf.tanh` by default.
        reuse: True finds the variables, rather than making them.
        name: Of the layer.
        dtype: Of the variables; None takes that of the first input.
        **kwargs: What the base of all layers takes.
    """

    def __init__(
        self, num_units: int, forget_bias: Any = 1.0, state_is_tuple: bool = True, activation: Any = None,
        reuse: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any,
    ):  # fmt: skip
        say_deprecated("BasicLSTMCell", "LSTMCell")
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_supported_dtypes(self.dtype)
        if not state_is_tuple:
            say_concatenated(self)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_of(activation)

    @property
    def state_size(self) -> Any:
        """The sizes of `c` and `h`, or their sum."""
        units = self._num_units
        return LSTMStateTuple(units, units) if self._state_is_tuple else 2 * units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Make the variables `kernel` and `bias`.

        Args:
            inputs_shape: Of the inputs, the last size known.
        """
        depth, units = input_depth(inputs_shape), self._num_units
        check_supported_dtypes(self.dtype)
        self._kernel = self.add_weight(KERNEL, shape=[depth + units, 4 * units])
        self._bias = self.add_weight(BIAS, shape=[4 * units], initializer=zeros_initializer(dtype=self.dtype))
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: An `LSTMStateTuple`, or one tensor of shape `(batch, 2 * num_units)`.
        """
        check_inputs([inputs, state])
        one = constant(1, dtype=int32)
        c, h = state if self._state_is_tuple else split(value=state, num_or_size_splits=2, axis=one)
        gates = bias_add(matmul(concat([inputs, h], 1), self._kernel), self._bias)
        # TensorFlow's order: input gate, new input, forget gate, output gate.
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = constant(self._forget_bias, dtype=dtype_of(f))
        kept = multiply(c, sigmoid(add(f, forget_bias)))
        new_c = add(kept, multiply(sigmoid(i), self._activation(j)))
        new_h = multiply(self._activation(new_c), sigmoid(o))
        return new_h, LSTMStateTuple(new_c, new_h) if self._state_is_tuple else concat([new_c, new_h], 1)
