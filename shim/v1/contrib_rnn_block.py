"""Cells of `tf.contrib.rnn` that are one op: `LSTMBlockCell`, `LSTMBlockFusedCell`, `GRUBlockCell`."""

import abc
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import int64
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import sequence_mask, zeros
from onevar.v1.array_ops_index import gather_nd
from onevar.v1.array_ops_shape import concat, expand_dims, shape, stack, tile, transpose, unstack
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export
from onevar.v1.init_ops import constant_initializer
from onevar.v1.layers_base import Layer
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_max
from onevar.v1.rnn_cell_base import BIAS, KERNEL, LayerRNNCell, LSTMStateTuple


class _Peepholes(Layer):
    """The variables that the LSTM cells of this file share."""

    _num_units: int
    _use_peephole: bool

    def _make(self, depth: int) -> None:
        units = self._num_units
        self._kernel = self.add_variable(KERNEL, [depth + units, units * 4])
        self._bias = self.add_variable(BIAS, [units * 4], initializer=constant_initializer(0.0))
        self._diagonals = {}
        if self._use_peephole:
            self._diagonals = {f"wc{gate}": self.add_variable(f"w_{gate}_diag", [units]) for gate in "ifo"}
        self.built = True

    def _peepholes(self, dtype: Any) -> dict[str, Any]:
        if self._use_peephole:
            return self._diagonals
        nothing = zeros([self._num_units], dtype=dtype)
        return dict.fromkeys(("wci", "wcf", "wco"), nothing)


@export("contrib.rnn.LSTMBlockCell")
class LSTMBlockCell(LayerRNNCell, _Peepholes):
    """An LSTM whose step is one op; its variables are those of `tf.nn.rnn_cell.LSTMCell`, its gates in another order.

    Args:
        num_units: The number of units.
        forget_bias: Added to the forget gate.
        cell_clip: What the cell remembers lies between this number and its negative; None: anywhere.
        use_peephole: Whether the gates see what the cell remembers.
        dtype: Of the variables; None takes that of the first input.
        reuse: True finds the variables, rather than making them.
        name: Of the layer.
    """

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None, use_peephole: bool = False,
        dtype: Any = None, reuse: Any = None, name: str = "lstm_cell",
    ):  # fmt: skip
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._use_peephole = use_peephole
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of `c` and `h`."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Make the variables.

        Args:
            inputs_shape: Of the inputs, the last size known.

        Raises:
            ValueError: It is not known.
        """
        depth = TensorShape(inputs_shape).as_list()[1]
        if not depth:
            raise ValueError(f"Expecting inputs_shape[1] to be set: {inputs_shape}")
        self._make(depth)

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: A pair, `c` and `h`.

        Raises:
            ValueError: It is no pair.
        """
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        peepholes = self._peepholes(self.dtype)
        c, h = state
        _, new_c, _, _, _, _, new_h = op(
            "LSTMBlockCell", x=inputs, cs_prev=c, h_prev=h, w=self._kernel, b=self._bias, **peepholes,
            forget_bias=self._forget_bias, cell_clip=self._cell_clip, use_peephole=self._use_peephole,
        )  # fmt: skip
        return new_h, LSTMStateTuple(new_c, new_h)


@export("contrib.rnn.LSTMBlockWrapper")
class LSTMBlockWrapper(Layer, abc.ABC):
    """A layer that takes all steps of an LSTM at once."""

    @property
    @abc.abstractmethod
    def num_units(self) -> int:
        """The number of units."""

    @abc.abstractmethod
    def _call_cell(
        self, inputs: Any, initial_cell_state: Any, initial_output: Any, dtype: Any, sequence_length: Any
    ) -> tuple[Any, Any]:
        """Return what the cell remembers and puts out in each step, `(time, batch, num_units)`."""

    def call(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None
    ) -> tuple[Any, LSTMStateTuple]:
        """Return the outputs and the last state.

        Args:
            inputs: Tensor of shape `(time, batch, depth)`, or a list of tensors.
            initial_state: A pair; zeros by default.
            dtype: Of the first state; needed without `initial_state`.
            sequence_length: Integers of shape `(batch,)`.

        Raises:
            ValueError: The depth is not known, there is neither state nor dtype, or the state is no pair.
        """
        is_list = isinstance(inputs, list)
        inputs = stack(inputs) if is_list else inputs
        steps, batch, depth = shape_of(inputs).with_rank(3).as_list()
        if not depth:
            raise ValueError(f"Expecting inputs_shape[2] to be set: {shape_of(inputs)}")
        batch = shape(inputs)[1] if batch is None else batch
        steps = shape(inputs)[0] if steps is None else steps
        first_c, first_h, dtype = self._first(initial_state, batch, dtype)
        if sequence_length is not None:
            sequence_length = convert_to_tensor(sequence_length)
        cells, outputs = self._call_cell(inputs, first_c, first_h, dtype, sequence_length)
        if sequence_length is None:
            last_c, last_h = cells[-1], outputs[-1]
        else:
            mask = transpose(sequence_mask(sequence_length, steps, dtype=dtype), [1, 0])
            outputs *= tile(expand_dims(mask, [-1]), [1, 1, self.num_units])
            last_c, last_h = (
                gather_nd(concat([expand_dims(first, [0]), rest], 0), stack([sequence_length, range_(batch)], axis=1))
                for first, rest in ((first_c, cells), (first_h, outputs))
            )
        return unstack(outputs) if is_list else outputs, LSTMStateTuple(last_c, last_h)

    def _first(self, initial_state: Any, batch: Any, dtype: Any) -> tuple[Any, Any, Any]:
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            nothing = zeros(stack([batch, self.num_units]), dtype=dtype)
            return nothing, nothing, dtype
        if len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        c, h = initial_state
        return c, h, dtype_of(c) if dtype is None else dtype


@export("contrib.rnn.LSTMBlockFusedCell")
class LSTMBlockFusedCell(LSTMBlockWrapper, _Peepholes):
    """An LSTM all of whose steps are one op.

    Args:
        num_units: The number of units.
        forget_bias: Added to the forget gate.
        cell_clip: What the cell remembers lies between this number and its negative; None: anywhere.
        use_peephole: Whether the gates see what the cell remembers.
        reuse: True finds the variables, rather than making them.
        dtype: Of the variables; None takes that of the first input.
        name: Of the layer.
    """

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None, use_peephole: bool = False,
        reuse: Any = None, dtype: Any = None, name: str = "lstm_fused_cell",
    ):  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self._use_peephole = use_peephole
        self.input_spec = InputSpec(ndim=3)

    @property
    def num_units(self) -> int:
        """The number of units."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Make the variables.

        Args:
            input_shape: Of the inputs, the last size known.
        """
        self._make(TensorShape(input_shape).as_list()[2])  # type: ignore[arg-type]

    def _call_cell(
        self, inputs: Any, initial_cell_state: Any, initial_output: Any, dtype: Any, sequence_length: Any
    ) -> tuple[Any, Any]:
        steps = shape_of(inputs).with_rank(3).as_list()[0]
        steps = shape(inputs)[0] if steps is None else steps
        peepholes = self._peepholes(dtype)
        longest = cast(steps if sequence_length is None else reduce_max(sequence_length), int64)
        _, cells, _, _, _, _, outputs = op(
            "BlockLSTM", seq_len_max=longest, x=inputs, cs_prev=initial_cell_state, h_prev=initial_output,
            w=self._kernel, b=self._bias, **peepholes, forget_bias=self._forget_bias, cell_clip=self._cell_clip,
            use_peephole=self._use_peephole,
        )  # fmt: skip
        return cells, outputs


class _GRUBlock(LayerRNNCell):
    """A GRU whose step is one op."""

    #: The names of the variables: gates and their bias, candidate and its bias.
    _names: tuple[str, str, str, str]

    def __init__(
        self, num_units: int | None = None, cell_size: int | None = None, reuse: Any = None, name: str = "gru_cell"
    ):
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size: int = cell_size if num_units is None else num_units  # type: ignore[assignment]
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._cell_size

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._cell_size

    def build(self, input_shape: Any) -> None:
        """Make the variables.

        Args:
            input_shape: Of the inputs, the last size known.

        Raises:
            ValueError: It is not known.
        """
        depth, units = TensorShape(input_shape).as_list()[1], self._cell_size
        if depth is None:
            raise ValueError("Expecting input_size to be set.")
        gates, gate_bias, candidate, candidate_bias = self._names
        self._gate_kernel = self.add_variable(gates, [depth + units, units * 2])
        self._gate_bias = self.add_variable(gate_bias, [units * 2], initializer=constant_initializer(1.0))
        self._candidate_kernel = self.add_variable(candidate, [depth + units, units])
        self._candidate_bias = self.add_variable(candidate_bias, [units], initializer=constant_initializer(0.0))
        self.built = True

    def call(self, inputs: Any, h_prev: Any) -> Any:
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            h_prev: Tensor of shape `(batch, num_units)`.

        Raises:
            ValueError: The state has another size.
        """
        size = shape_of(h_prev).with_rank(2).as_list()[1]
        if size != self._cell_size:
            raise ValueError(f"Shape of h_prev[1] incorrect: cell_size {self._cell_size} vs {size}")
        new_h = op(
            "GRUBlockCell", x=inputs, h_prev=h_prev, w_ru=self._gate_kernel, w_c=self._candidate_kernel,
            b_ru=self._gate_bias, b_c=self._candidate_bias,
        )[3]  # fmt: skip
        return new_h, new_h


@export("contrib.rnn.GRUBlockCell")
class GRUBlockCell(_GRUBlock):
    """A GRU whose step is one op.

    Args:
        num_units: The number of units.
        cell_size: The older name of `num_units`.
        reuse: True finds the variables, rather than making them.
        name: Of the layer.

    Raises:
        ValueError: Both sizes were given, or none.
    """

    _names = ("w_ru", "b_ru", "w_c", "b_c")


@export("contrib.rnn.GRUBlockCellV2")
class GRUBlockCellV2(GRUBlockCell):
    """A `GRUBlockCell` whose variables have the names of `tf.nn.rnn_cell.GRUCell`'s."""

    _names = (f"gates/{KERNEL}", f"gates/{BIAS}", f"candidate/{KERNEL}", f"candidate/{BIAS}")
