"""Cells that only `tf.contrib.rnn` has: layer normalization, coupled gates, UGRNN, NAS."""

from collections.abc import Callable
from typing import Any

from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_shape import concat, split
from onevar.v1.clip_ops import clip_by_value
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.contrib_rnn_linear import Linear, layer_normalized, sharded_variable
from onevar.v1.export import export
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.nn_activations import bias_add, relu
from onevar.v1.nn_dropout import dropout
from onevar.v1.rnn_cell_base import LayerRNNCell, LSTMStateTuple, RNNCell
from onevar.v1.rnn_cells import say_concatenated, sigmoid, tanh
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.tf_logging import warning
from onevar.v1.variable_scopes import get_variable, variable_scope

_UNKNOWN = "Could not infer input size from inputs.get_shape()[-1]"


def _depth(inputs: Any) -> int:
    size = shape_of(inputs).with_rank(2).as_list()[1]
    if size is None:
        raise ValueError(_UNKNOWN)
    return size


@export("contrib.rnn.LayerNormBasicLSTMCell")
class LayerNormBasicLSTMCell(RNNCell):
    """An LSTM with layer normalization (Ba et al., 2016) and dropout of what is new in its memory.

    Args:
        num_units: The number of units.
        forget_bias: Added to the forget gate.
        input_size: Not looked at.
        activation: A function.
        layer_norm: Whether gates and memory are normalized.
        norm_gain: What the gains start from.
        norm_shift: What the shifts start from.
        dropout_keep_prob: With what probability a unit is kept: a number or a scalar tensor.
        dropout_prob_seed: Of the random operation.
        reuse: True finds the variables, rather than making them.
    """

    def __init__(
        self, num_units: int, forget_bias: Any = 1.0, input_size: Any = None, activation: Callable[..., Any] = tanh,
        layer_norm: bool = True, norm_gain: float = 1.0, norm_shift: float = 0.0, dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None, reuse: Any = None,
    ):  # fmt: skip
        super().__init__(_reuse=reuse)
        if input_size is not None:
            warning("%s: The input_size parameter is deprecated.", self)
        self._num_units = num_units
        self._activation = activation
        self._forget_bias = forget_bias
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of `c` and `h`."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def _norm(self, inputs: Any, scope: str, dtype: Any) -> Any:
        if not self._layer_norm:
            return inputs
        return layer_normalized(inputs, scope, self._norm_gain, self._norm_shift, dtype)

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: An `LSTMStateTuple`.
        """
        c, h = state
        both = concat([inputs, h], 1)
        dtype, size = dtype_of(both), 4 * self._num_units
        gates = matmul(both, get_variable("kernel", [shape_of(both).as_list()[-1], size], dtype=dtype))
        if not self._layer_norm:
            gates = bias_add(gates, get_variable("bias", [size], dtype=dtype))
        parts = split(value=gates, num_or_size_splits=4, axis=1)
        names = ("input", "transform", "forget", "output")
        i, j, f, o = (self._norm(part, name, dtype) for part, name in zip(parts, names, strict=True))
        g = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            g = dropout(g, self._keep_prob, seed=self._seed)
        new_c = self._norm(c * sigmoid(f + self._forget_bias) + sigmoid(i) * g, "state", dtype)
        new_h = self._activation(new_c) * sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


@export("contrib.rnn.CoupledInputForgetGateLSTMCell")
class CoupledInputForgetGateLSTMCell(RNNCell):
    """An LSTM that takes in as much as it forgets (Greff et al., 2015).

    Args:
        num_units: The number of units.
        use_peepholes: Whether the gates see what the cell remembers.
        initializer: Not looked at, as in TensorFlow: use that of the scope.
        num_proj: The size of the projection that is put out; None: there is none.
        proj_clip: The projection lies between this number and its negative; None: anywhere.
        num_unit_shards: The number of parts of the matrix.
        num_proj_shards: The same for the projection.
        forget_bias: Added to the forget gate.
        state_is_tuple: Whether the state is an `LSTMStateTuple`; otherwise both parts are side by side in one tensor.
        activation: A function.
        reuse: True finds the variables, rather than making them.
        layer_norm: Whether gates and memory are normalized.
        norm_gain: What the gains start from.
        norm_shift: What the shifts start from.
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, initializer: Any = None, num_proj: int | None = None,
        proj_clip: Any = None, num_unit_shards: int = 1, num_proj_shards: int = 1, forget_bias: Any = 1.0,
        state_is_tuple: bool = True, activation: Callable[..., Any] = tanh, reuse: Any = None,
        layer_norm: bool = False, norm_gain: float = 1.0, norm_shift: float = 0.0,
    ):  # fmt: skip
        super().__init__(_reuse=reuse)
        if not state_is_tuple:
            say_concatenated(self)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._initializer = initializer
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift
        self._output_size = num_proj or num_units

    @property
    def state_size(self) -> Any:
        """The sizes of what it remembers and of what it put out, or their sum."""
        units, out = self._num_units, self._output_size
        return LSTMStateTuple(units, out) if self._state_is_tuple else units + out

    @property
    def output_size(self) -> int:
        """The size of the projection, or the number of units."""
        return self._output_size

    def _norm(self, inputs: Any, scope: str) -> Any:
        if not self._layer_norm:
            return inputs
        return layer_normalized(inputs, scope, self._norm_gain, self._norm_shift, None)

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: An `LSTMStateTuple`, or one tensor with both parts side by side.

        Raises:
            ValueError: The depth of the inputs is not known.
        """
        units, out, dtype = self._num_units, self._output_size, dtype_of(inputs)
        if self._state_is_tuple:
            c_prev, m_prev = state
        else:
            c_prev, m_prev = slice_(state, [0, 0], [-1, units]), slice_(state, [0, units], [-1, out])
        kernel = sharded_variable("W", [_depth(inputs) + out, 3 * units], dtype, self._num_unit_shards)
        bias = get_variable("B", shape=[3 * units], initializer=zeros_initializer(), dtype=dtype)
        gates = matmul(concat([inputs, m_prev], 1), kernel)
        if not self._layer_norm:
            gates = bias_add(gates, bias)
        parts = split(value=gates, num_or_size_splits=3, axis=1)
        j, f, o = (self._norm(part, name) for part, name in zip(parts, ("transform", "forget", "output"), strict=True))
        see_f, see_o = self._peepholes(dtype)
        kept = f + self._forget_bias
        kept = sigmoid(kept if see_f is None else kept + see_f * c_prev)
        c = self._norm(kept * c_prev + (1 - kept) * self._activation(j), "state")
        m = self._projected(sigmoid(o if see_o is None else o + see_o * c) * self._activation(c), dtype)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else concat([c, m], 1)

    def _peepholes(self, dtype: Any) -> tuple[Any, Any]:
        if not self._use_peepholes:
            return None, None
        size = [self._num_units]
        return get_variable("W_F_diag", shape=size, dtype=dtype), get_variable("W_O_diag", shape=size, dtype=dtype)

    def _projected(self, m: Any, dtype: Any) -> Any:
        if self._num_proj is None:
            return m
        m = matmul(m, sharded_variable("W_P", [self._num_units, self._num_proj], dtype, self._num_proj_shards))
        return m if self._proj_clip is None else clip_by_value(m, -self._proj_clip, self._proj_clip)


@export("contrib.rnn.UGRNNCell")
class UGRNNCell(RNNCell):
    """The update gate network of Collins et al. (2017).

    Args:
        num_units: The number of units.
        initializer: For the matrix.
        forget_bias: Added to the gate.
        activation: A function.
        reuse: True finds the variables, rather than making them.
    """

    def __init__(
        self, num_units: int, initializer: Any = None, forget_bias: Any = 1.0, activation: Callable[..., Any] = tanh,
        reuse: Any = None,
    ):  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._activation = activation
        self._linear: Linear | None = None

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: Tensor of shape `(batch, num_units)`.

        Raises:
            ValueError: The depth of the inputs is not known.
        """
        _depth(inputs)
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            both = concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(both, 2 * self._num_units, True)
            gate, new = split(axis=1, num_or_size_splits=2, value=self._linear(both))
            new = self._activation(new)
            gate = sigmoid(gate + self._forget_bias)
            new_state = gate * state + (1.0 - gate) * new
        return new_state, new_state


@export("contrib.rnn.NASCell")
class NASCell(LayerRNNCell):
    """The cell that Zoph and Le (2016) found by search.

    Args:
        num_units: The number of units.
        num_proj: The size of the projection that is put out; None: there is none.
        use_bias: Whether there is a bias.
        reuse: True finds the variables, rather than making them.
        **kwargs: What the base of all layers takes.
    """

    def __init__(
        self, num_units: int, num_proj: int | None = None, use_bias: bool = False, reuse: Any = None, **kwargs: Any
    ):
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._num_proj = num_proj
        self._use_bias = use_bias
        self._output_size = num_units if num_proj is None else num_proj

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of what it remembers and of what it put out."""
        return LSTMStateTuple(self._num_units, self._output_size)

    @property
    def output_size(self) -> int:
        """The size of the projection, or the number of units."""
        return self._output_size

    def build(self, inputs_shape: Any) -> None:
        """Make the variables.

        Args:
            inputs_shape: Of the inputs, the last size known.

        Raises:
            ValueError: It is not known.
        """
        depth, units = TensorShape(inputs_shape).with_rank(2).as_list()[1], self._num_units
        if depth is None:
            raise ValueError(_UNKNOWN)
        self.recurrent_kernel = self.add_variable("recurrent_kernel", [self._output_size, 8 * units])
        self.kernel = self.add_variable("kernel", [depth, 8 * units])
        if self._use_bias:
            self.bias = self.add_variable("bias", shape=[8 * units], initializer=zeros_initializer)
        if self._num_proj is not None:
            self.projection_weights = self.add_variable("projection_weights", [units, self._num_proj])
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: An `LSTMStateTuple`.
        """
        c_prev, m_prev = state
        remembered, given = matmul(m_prev, self.recurrent_kernel), matmul(inputs, self.kernel)
        if self._use_bias:
            remembered = bias_add(remembered, self.bias)
        a = split(axis=1, num_or_size_splits=8, value=remembered)
        b = split(axis=1, num_or_size_splits=8, value=given)
        functions = (sigmoid, relu, sigmoid, relu, tanh, sigmoid, tanh, sigmoid)
        one = [f(y * x if n == 3 else y + x) for n, (f, x, y) in enumerate(zip(functions, a, b, strict=True))]
        first, second = tanh(one[0] * one[1]), tanh(one[2] + one[3])
        third, fourth = tanh(one[4] * one[5]), sigmoid(one[6] + one[7])
        new_c = tanh(first + c_prev) * second
        new_m = tanh(new_c * tanh(third + fourth))
        if self._num_proj is not None:
            new_m = matmul(new_m, self.projection_weights)
        return new_m, LSTMStateTuple(new_c, new_m)
