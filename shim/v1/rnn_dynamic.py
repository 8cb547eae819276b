"""Recurrent networks as loops: `tf.nn.dynamic_rnn`, `tf.nn.bidirectional_dynamic_rnn`."""

from collections.abc import Sequence
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.dtype import int32
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten, is_nested, map_structure, pack
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_index import reverse_sequence
from onevar.v1.array_ops_shape import identity, reverse, shape, stack
from onevar.v1.check_ops import assert_
from onevar.v1.common import dtype_of, set_shape, shape_of
from onevar.v1.control_flow_ops import while_loop
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, equal, maximum, minimum
from onevar.v1.math_ops_reduce import reduce_all, reduce_max, reduce_min
from onevar.v1.rnn_cell_base import assert_like_rnncell, joined_statically
from onevar.v1.rnn_steps import (
    Lengths,
    best_effort_input_batch_size,
    cache_reads,
    check_vector,
    first_state,
    state_dtype,
    static_size,
    transpose_batch_time,
    zeros_of,
)
from onevar.v1.tensor_array_ops import TensorArray
from onevar.v1.variable_scopes import variable_scope


@export("nn.dynamic_rnn")
def dynamic_rnn(
    cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
    parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return what a cell puts out in a loop over time, and its last state.

    Args:
        cell: The cell.
        inputs: Tensor of shape `(batch, time, ...)`, or a structure of them.
        sequence_length: Integers of shape `(batch,)`: after its end a sequence puts out zeros, and its state stays.
        initial_state: A structure like `cell.state_size`; the cell's zeros by default.
        dtype: Of the first state and the outputs; needed without `initial_state`.
        parallel_iterations: Accepted: how a loop is scheduled is the framework's affair.
        swap_memory: Accepted.
        time_major: Whether inputs and outputs are of shape `(time, batch, ...)`.
        scope: A variable scope, or its name, `rnn` by default.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: There is neither state nor dtype, or sizes are not known or do not fit.
    """
    assert_like_rnncell("cell", cell)
    with variable_scope(scope or "rnn") as entered:
        cache_reads(entered)
        flat_input = flatten(inputs)
        if not time_major:
            tensors = [convert_to_tensor(tensor) for tensor in flat_input]
            flat_input = [transpose_batch_time(tensor) for tensor in tensors]
        if sequence_length is not None:
            sequence_length = _as_lengths(sequence_length)
        batch_size = best_effort_input_batch_size(flat_input)
        state = first_state(cell, initial_state, batch_size, dtype)
        if sequence_length is not None and not executing_eagerly():
            sequence_length = _checked(sequence_length, batch_size)
        loop = _Network(cell, pack(inputs, flat_input) if is_nested(inputs) else flat_input[0], state, dtype)
        outputs, final_state = loop.run(sequence_length, parallel_iterations or 32, swap_memory)
        if not time_major:
            outputs = map_structure(transpose_batch_time, outputs)
        return outputs, final_state


def _as_lengths(sequence_length: Any) -> Any:
    lengths = cast(sequence_length, int32)
    check_vector(
        lengths,
        "Argument sequence_length must be a vector of length batch_size. Received "
        f"sequence_length={lengths} of shape: {shape_of(lengths)}",
    )
    # The name by which programs find it.
    return identity(lengths, name="sequence_length")


def _checked(lengths: Any, batch_size: Any) -> Any:
    """Return the lengths, after it was seen when the graph runs that there is one for each sequence."""
    seen, wanted = shape(lengths), stack([batch_size])
    holds = reduce_all(equal(seen, wanted))
    said = [f"Expected shape for Tensor {lengths.name} is ", wanted, " but saw shape: ", seen]
    with control_dependencies([assert_(holds, said)]):
        return identity(lengths, name="CheckSeqLen")


class _Network:
    """A cell over time in the making."""

    def __init__(self, cell: Any, inputs: Any, state: Any, dtype: Any):
        self.cell, self.inputs, self.state, self.dtype = cell, inputs, state, dtype
        self.flat_input: list[Any] = flatten(inputs)
        self.output_sizes: list[Any] = flatten(cell.output_size)
        self.time_steps = shape(self.flat_input[0])[0]
        self.batch_size = best_effort_input_batch_size(self.flat_input)
        self.shapes = [shape_of(tensor).with_rank_at_least(3) for tensor in self.flat_input]
        self.const_time, self.const_batch = self.shapes[0].as_list()[:2]
        self._check_shapes()
        zeros = [zeros_of(self.batch_size, size, self._output_dtype()) for size in self.output_sizes]
        self.zero_output = _like(cell.output_size, zeros)
        self.lengths: Lengths | None = None

    def _check_shapes(self) -> None:
        for tensor, known in zip(self.flat_input, self.shapes, strict=True):
            if not known[2:].is_fully_defined():
                raise ValueError(
                    "Input size (depth of inputs) must be accessible via shape inference, but saw value None for "
                    f"input={tensor}."
                )
            steps, batch = known.as_list()[:2]
            if self.const_time != steps:
                raise ValueError(
                    "Time steps is not the same for all the elements in the input in a batch. Received time "
                    f"steps={steps} for input={tensor}."
                )
            if self.const_batch != batch:
                raise ValueError(
                    "Batch_size is not the same for all the elements in the input. Received batch "
                    f"size={batch} for input={tensor}."
                )

    def _output_dtype(self) -> Any:
        return state_dtype(self.dtype, self.state)

    def run(self, sequence_length: Any, parallel_iterations: int, swap_memory: bool) -> tuple[Any, Any]:
        """Return the outputs, `(time, batch, ...)`, and the last state."""
        longest = self.time_steps
        if sequence_length is not None:
            shortest, longest = reduce_min(sequence_length), reduce_max(sequence_length)
            self.lengths = Lengths(sequence_length, shortest, longest, self.zero_output)
        if executing_eagerly():
            return self._eagerly()
        time = constant(0, dtype=int32, name="time")
        with name_scope("dynamic_rnn") as base_name:
            pass
        arrays, self.given = self._arrays(base_name)
        # At least one step: it is what gives the outputs' arrays their shape.
        bound = minimum(self.time_steps, maximum(1, longest))
        _, arrays, final_state = while_loop(
            cond=lambda time, *_: time < bound,
            body=self._step,
            loop_vars=(time, arrays, self.state),
            parallel_iterations=parallel_iterations,
            maximum_iterations=self.time_steps,
            swap_memory=swap_memory,
        )
        outputs = [self._stacked(*item) for item in zip(arrays, self.output_sizes, strict=True)]
        return _like(self.cell.output_size, outputs), final_state

    def _arrays(self, base_name: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the arrays for the outputs, and those of the inputs."""
        outputs = tuple(
            [
                TensorArray(
                    dtype=self._output_dtype(),
                    size=self.time_steps,
                    tensor_array_name=f"{base_name}output_{number}",
                    element_shape=TensorShape([self.const_batch]).concatenate(static_size(size)),
                )
                for number, size in enumerate(self.output_sizes)
            ]
        )
        given = [
            TensorArray(
                dtype=dtype_of(tensor),
                size=self.time_steps,
                tensor_array_name=f"{base_name}input_{number}",
                element_shape=shape_of(tensor)[1:],
            )
            for number, tensor in enumerate(self.flat_input)
        ]
        return outputs, tuple([array.unstack(tensor) for array, tensor in zip(given, self.flat_input, strict=True)])

    def _step(self, time: Any, arrays: Sequence[Any], state: Any) -> tuple[Any, Any, Any]:
        tensors = [array.read(time) for array in self.given]
        for tensor, known in zip(tensors, self.shapes, strict=True):
            set_shape(tensor, known[1:])
        output, new_state = self._called(time, tensors, state)
        written = [array.write(time, part) for array, part in zip(arrays, flatten(output), strict=True)]
        return time + 1, tuple(written), new_state

    def _called(self, time: Any, tensors: Sequence[Any], state: Any) -> Any:
        given = _like(self.inputs, tensors)
        if self.lengths is None:
            return self.cell(given, state)
        return self.lengths.step(time, state, lambda: self.cell(given, state), skip_conditionals=True)

    def _stacked(self, array: Any, size: Any) -> Any:
        result = array.stack()
        set_shape(result, joined_statically([self.const_time, self.const_batch], size))
        return result

    def _eagerly(self) -> tuple[Any, Any]:
        state, steps = self.state, int(self.time_steps)
        collected: list[list[Any]] = [[] for _ in self.output_sizes]
        for number in range(steps):
            output, state = self._called(number, [tensor[number] for tensor in self.flat_input], state)
            for kept, part in zip(collected, flatten(output), strict=True):
                kept.append(part)
        return _like(self.cell.output_size, [stack(kept) for kept in collected]), state


def _like(structure: Any, leaves: Sequence[Any]) -> Any:
    return pack(structure, leaves) if is_nested(structure) else leaves[0]


@export("nn.bidirectional_dynamic_rnn")
def bidirectional_dynamic_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, parallel_iterations: int | None = None,
    swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:  # fmt: skip
    """Return what two cells put out, one of which goes backward in time, and their last states.

    Args:
        cell_fw: Goes forward.
        cell_bw: Goes backward, from the end of each sequence.
        inputs: As for `dynamic_rnn`, and so on.
        sequence_length: The same.
        initial_state_fw: Of `cell_fw`.
        initial_state_bw: Of `cell_bw`.
        dtype: As for `dynamic_rnn`.
        parallel_iterations: The same.
        swap_memory: The same.
        time_major: The same.
        scope: A variable scope, or its name, `bidirectional_rnn` by default.

    Returns:
        The pairs of outputs and of states.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)

    def reversed_(tensor: Any) -> Any:
        if sequence_length is None:
            return reverse(tensor, axis=[time_axis])
        return reverse_sequence(input=tensor, seq_lengths=sequence_length, seq_axis=time_axis, batch_axis=batch_axis)

    def network(cell: Any, given: Any, initial_state: Any, scope: Any) -> Any:
        return dynamic_rnn(
            cell, given, sequence_length, initial_state, dtype, parallel_iterations, swap_memory, time_major, scope
        )

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forward:
            output_fw, state_fw = network(cell_fw, inputs, initial_state_fw, forward)
        with variable_scope("bw") as backward:
            output, state_bw = network(cell_bw, map_structure(reversed_, inputs), initial_state_bw, backward)
    return (output_fw, map_structure(reversed_, output)), (state_fw, state_bw)
