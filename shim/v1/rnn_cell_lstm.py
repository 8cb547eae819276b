"""`tf.nn.rnn_cell.LSTMCell`: peepholes, clipping, a projection."""

from typing import Any

from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_shape import concat, split
from onevar.v1.clip_ops import clip_by_value
from onevar.v1.common import shape_of
from onevar.v1.export import export
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.keras_initializers import get as initializer_of
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.nn_activations import bias_add
from onevar.v1.partitioned_variables import fixed_size_partitioner
from onevar.v1.rnn_cell_base import (
    BIAS,
    KERNEL,
    LayerRNNCell,
    LSTMStateTuple,
    check_inputs,
    check_supported_dtypes,
    input_depth,
)
from onevar.v1.rnn_cells import activation_of, say_concatenated, say_deprecated, sigmoid
from onevar.v1.tf_logging import warning


@export("nn.rnn_cell.LSTMCell", "contrib.rnn.LSTMCell")
class LSTMCell(LayerRNNCell):
    """The LSTM of Gers et al. (1999), with the peepholes and projection of Sak et al. (2014).

    Args:
        num_units: The number of units.
        use_peepholes: Whether the gates see what the cell remembers.
        cell_clip: What the cell remembers lies between this number and its negative; None: anywhere.
        initializer: For the matrices and peepholes.
        num_proj: The size of the projection that is put out; None: there is none.
        proj_clip: As `cell_clip`, for the projection.
        num_unit_shards: The number of parts that the kernel is cut into: rather use a scope with a partitioner.
        num_proj_shards: The same for the projection.
        forget_bias: Added to the forget gate; 0 for weights that were trained by CudnnLSTM.
        state_is_tuple: Whether the state is an `LSTMStateTuple`; otherwise both parts are side by side in one tensor.
        activation: A function, or its name; `tf.tanh` by default.
        reuse: True finds the variables, rather than making them.
        name: Of the layer.
        dtype: Of the variables; None takes that of the first input.
        **kwargs: What the base of all layers takes.
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: Any = None, initializer: Any = None,
        num_proj: int | None = None, proj_clip: Any = None, num_unit_shards: int | None = None,
        num_proj_shards: int | None = None, forget_bias: Any = 1.0, state_is_tuple: bool = True,
        activation: Any = None, reuse: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any,
    ):  # fmt: skip
        say_deprecated("LSTMCell", "LSTMCell")
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_supported_dtypes(self.dtype)
        if not state_is_tuple:
            say_concatenated(self)
        if num_unit_shards is not None or num_proj_shards is not None:
            warning(
                "%s: The num_unit_shards and proj_unit_shards parameters are deprecated and will be removed in "
                "Jan 2017.  Use a variable scope with a partitioner instead.",
                self,
            )
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer_of(initializer)
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_of(activation)
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

    def build(self, inputs_shape: Any) -> None:
        """Make `kernel` and `bias`, and `w_f_diag`, `w_i_diag`, `w_o_diag` and `projection/kernel` where asked for.

        Args:
            inputs_shape: Of the inputs, the last size known.
        """
        depth, units = input_depth(inputs_shape), self._num_units
        check_supported_dtypes(self.dtype)
        out = units if self._num_proj is None else self._num_proj
        self._kernel = self.add_weight(
            KERNEL, shape=[depth + out, 4 * units], initializer=self._initializer,
            partitioner=_parts(self._num_unit_shards),
        )  # fmt: skip
        zeros = zeros_initializer if self.dtype is None else zeros_initializer(dtype=self.dtype)
        self._bias = self.add_weight(BIAS, shape=[4 * units], initializer=zeros)
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = (
                self.add_weight(f"w_{gate}_diag", shape=[units], initializer=self._initializer) for gate in "fio"
            )
        if self._num_proj is not None:
            self._proj_kernel = self.add_weight(
                f"projection/{KERNEL}", shape=[units, self._num_proj], initializer=self._initializer,
                partitioner=_parts(self._num_proj_shards),
            )  # fmt: skip
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: An `LSTMStateTuple`, or one tensor with both parts side by side.

        Returns:
            What the cell puts out, and its new state.

        Raises:
            ValueError: The depth of the inputs is not known.
        """
        check_inputs([inputs, state])
        c_prev, m_prev = self._parts_of(state)
        dims = shape_of(inputs).with_rank(2)
        if dims.as_list()[1] is None:
            raise ValueError(f"Could not infer input size from inputs.get_shape()[-1].Received input shape: {dims}")
        gates = bias_add(matmul(concat([inputs, m_prev], 1), self._kernel), self._bias)
        # TensorFlow's order: input gate, new input, forget gate, output gate.
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=1)
        c = self._remembered(i, j, f, c_prev)
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        m = self._projected(sigmoid(o + self._w_o_diag * c if self._use_peepholes else o) * self._activation(c))
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else concat([c, m], 1)

    def _parts_of(self, state: Any) -> tuple[Any, Any]:
        if self._state_is_tuple:
            c, m = state
            return c, m
        units, out = self._num_units, self._num_units if self._num_proj is None else self._num_proj
        return slice_(state, [0, 0], [-1, units]), slice_(state, [0, units], [-1, out])

    def _remembered(self, i: Any, j: Any, f: Any, c_prev: Any) -> Any:
        # The order in which TensorFlow makes these operations decides their names.
        if self._use_peepholes:
            kept = sigmoid(f + self._forget_bias + self._w_f_diag * c_prev) * c_prev
            return kept + sigmoid(i + self._w_i_diag * c_prev) * self._activation(j)
        return sigmoid(f + self._forget_bias) * c_prev + sigmoid(i) * self._activation(j)

    def _projected(self, m: Any) -> Any:
        if self._num_proj is None:
            return m
        m = matmul(m, self._proj_kernel)
        return m if self._proj_clip is None else clip_by_value(m, -self._proj_clip, self._proj_clip)


def _parts(count: int | None) -> Any:
    return None if count is None else fixed_size_partitioner(count)
