"""Recurrent networks without a loop: `tf.nn.static_rnn` and its kin, one copy of the cell for each step."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.dimension import dimension_value
from onevar.core.dtype import int32
from onevar.core.nest import flatten, is_nested, pack
from onevar.core.tensor_shape import unknown_shape
from onevar.v1.array_ops_index import reverse_sequence
from onevar.v1.array_ops_shape import concat, identity, shape, stack, unstack
from onevar.v1.common import dims_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_reduce import reduce_max, reduce_min
from onevar.v1.rnn_cell_base import assert_like_rnncell, joined_statically
from onevar.v1.rnn_steps import Lengths, cache_reads, check_vector, first_state, state_dtype, zeros_of
from onevar.v1.variable_scopes import variable_scope


@export("nn.static_rnn", "contrib.rnn.static_rnn")
def static_rnn(
    cell: Any, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:  # fmt: skip
    """Return what a cell puts out in each step, a list, and its last state.

    Args:
        cell: The cell.
        inputs: A list with the inputs of each step: a tensor of shape `(batch, ...)` or a structure of them.
        initial_state: A structure like `cell.state_size`; the cell's zeros by default.
        dtype: Of the first state and the outputs; needed without `initial_state`.
        sequence_length: Integers of shape `(batch,)`: after its end a sequence puts out zeros, and its state stays.
        scope: A variable scope, or its name, `rnn` by default.

    Raises:
        TypeError: `cell` is no cell, or `inputs` no list.
        ValueError: There are no inputs, neither state nor dtype, or sizes are not known or do not fit.
    """
    assert_like_rnncell("cell", cell)
    _check_list(inputs)
    outputs = []
    with variable_scope(scope or "rnn") as entered:
        cache_reads(entered)
        first = inputs
        while is_nested(first):
            first = first[0]
        fixed = _batch_of(first, inputs)
        batch_size = fixed or shape(first)[0]
        state = first_state(cell, initial_state, batch_size, dtype)
        lengths = None
        if sequence_length is not None:
            zero_dtype = state_dtype(dtype, state)
            lengths = _lengths(cell, sequence_length, batch_size, fixed, zero_dtype)
        for time, given in enumerate(inputs):
            if time > 0:
                entered.reuse_variables()
            if lengths is None:
                output, state = cell(given, state)
            else:
                # The step is taken before the names here change.
                output, state = lengths.step(time, state, partial(cell, given, state))
            outputs.append(output)
    return outputs, state


def _check_list(inputs: Any) -> None:
    if not is_nested(inputs):
        raise TypeError(f"Argument `inputs` must be a sequence. Received: {inputs}")
    if not inputs:
        raise ValueError("Argument `inputs` must not be empty.")


def _batch_of(first: Any, inputs: Any) -> int | None:
    """Return the size of the batch where it is known; all inputs have the same and known depths."""
    if shape_of(first).rank == 1:
        return dimension_value(shape_of(first)[0])
    fixed = shape_of(first).with_rank_at_least(2)[:1]
    for tensor in flatten(inputs):
        known = shape_of(tensor).with_rank_at_least(2)
        fixed.assert_is_compatible_with(known[:1])
        sizes = known[1:]
        for number, size in enumerate([] if sizes.rank is None else sizes.as_list()):
            if size is None:
                raise ValueError(
                    f"Input size (dimension {number} of input {tensor}) must be accessible via shape inference, but "
                    "saw value None."
                )
    return None if fixed.rank is None else fixed.as_list()[0]


def _lengths(cell: Any, sequence_length: Any, batch_size: Any, fixed: int | None, dtype: Any) -> Lengths:
    sequence_length = convert_to_tensor(sequence_length, name="sequence_length")
    check_vector(
        sequence_length,
        f"Argument `sequence_length` must be a vector of length {batch_size}. Received "
        f"sequence_length={sequence_length}.",
    )
    zeros = []
    for size in flatten(cell.output_size):
        zeros.append(zeros_of(batch_size, size, dtype))
        set_shape(zeros[-1], joined_statically(fixed, size))
    sequence_length = cast(sequence_length, int32)
    zero_output = pack(cell.output_size, zeros) if is_nested(cell.output_size) else zeros[0]
    return Lengths(sequence_length, reduce_min(sequence_length), reduce_max(sequence_length), zero_output)


@export("nn.static_state_saving_rnn", "contrib.rnn.static_state_saving_rnn")
def static_state_saving_rnn(
    cell: Any, inputs: Any, state_saver: Any, state_name: Any, sequence_length: Any = None, scope: Any = None
) -> tuple[list[Any], Any]:
    """As `static_rnn`, from a state that an object keeps between runs.

    Args:
        cell: The cell.
        inputs: As for `static_rnn`.
        state_saver: Has the methods `state(name)` and `save_state(name, tensor)`.
        state_name: The name of the state, or a structure of names like `cell.state_size`.
        sequence_length: As for `static_rnn`.
        scope: The same.

    Raises:
        TypeError: As for `static_rnn`.
        ValueError: The names do not fit the state; or as for `static_rnn`.
    """
    size = cell.state_size
    nested = is_nested(size)
    if nested != is_nested(state_name):
        raise ValueError(
            "Argument `state_name` should be the same type as `cell.state_size`. Received: "
            f"state_name={state_name!s}, cell.state_size={size!s}."
        )
    names, sizes = flatten(state_name), flatten(size)
    if len(names) != len(sizes):
        raise ValueError(
            "Number of elements in argument `state_name` and `cell.state_size` are mismatched. Received "
            f"state_name={state_name} with {len(names)} elements and cell.state_size={size} with {len(sizes)} elements."
        )
    first = [state_saver.state(name) for name in names]
    initial_state = pack(size, first) if nested else first[0]
    outputs, state = static_rnn(cell, inputs, initial_state=initial_state, sequence_length=sequence_length, scope=scope)
    saved = [state_saver.save_state(name, part) for name, part in zip(names, flatten(state), strict=True)]
    with control_dependencies(saved):
        outputs[-1] = _copied(outputs[-1])
        return outputs, _copied(state)


def _copied(structure: Any) -> Any:
    copies = [identity(tensor) for tensor in flatten(structure)]
    return pack(structure, copies) if is_nested(structure) else copies[0]


@export("nn.static_bidirectional_rnn", "contrib.rnn.static_bidirectional_rnn")
def static_bidirectional_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, initial_state_fw: Any = None, initial_state_bw: Any = None,
    dtype: Any = None, sequence_length: Any = None, scope: Any = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return what two cells put out side by side, one of which goes backward in time, and their last states.

    Args:
        cell_fw: Goes forward.
        cell_bw: Goes backward, from the end of each sequence.
        inputs: As for `static_rnn`.
        initial_state_fw: Of `cell_fw`.
        initial_state_bw: Of `cell_bw`.
        dtype: As for `static_rnn`.
        sequence_length: The same.
        scope: A variable scope, or its name, `bidirectional_rnn` by default.

    Returns:
        The outputs, and the state of each.

    Raises:
        TypeError: As for `static_rnn`.
        ValueError: The same.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    _check_list(inputs)
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forward:
            output_fw, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=forward)
        with variable_scope("bw") as backward:
            turned = reverse_steps(inputs, sequence_length)
            output, state_bw = static_rnn(cell_bw, turned, initial_state_bw, dtype, sequence_length, scope=backward)
    output_bw = reverse_steps(output, sequence_length)
    pairs = zip(flatten(output_fw), flatten(output_bw), strict=True)
    return pack(output_fw, [concat([fw, bw], 1) for fw, bw in pairs]), state_fw, state_bw


def reverse_steps(steps: Sequence[Any], lengths: Any) -> list[Any]:
    """Return steps in the reverse order: each sequence from its end.

    Args:
        steps: Tensors of shape `(batch, ...)`, or structures of them.
        lengths: Integers of shape `(batch,)`; None: all are as long as there are steps.
    """
    if lengths is None:
        return list(reversed(steps))
    turned: list[list[Any]] = [[] for _ in steps]
    for sequence in zip(*(flatten(step) for step in steps), strict=True):
        dims = dims_of(sequence[0])
        known = unknown_shape(None if dims is None else len(dims))
        for tensor in sequence:
            known.assert_is_compatible_with(shape_of(tensor))
            set_shape(tensor, known)
        backward = reverse_sequence(stack(sequence), lengths, 0, 1)
        for kept, tensor in zip(turned, unstack(backward), strict=True):
            set_shape(tensor, known)
            kept.append(tensor)
    return [pack(step, leaves) if is_nested(step) else leaves[0] for step, leaves in zip(steps, turned, strict=True)]
