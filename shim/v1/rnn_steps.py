"""What the loops over recurrent cells share: shapes, first states, steps that stop where a sequence ends."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import colocate_with, get_default_graph
from onevar.core.nest import assert_same_structure, flatten, is_nested, pack
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import concat, rank, shape, stack, transpose
from onevar.v1.common import dims_of, dtype_of, is_tensor, rank_of, set_shape, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.math_ops_make import range_
from onevar.v1.rnn_cell_base import joined
from onevar.v1.tensor_array_ops import TensorArray


def device_of(operation: Any) -> str:
    """The caching device of a recurrent network: reads are where the variable is."""
    return operation.device


def cache_reads(scope: Any) -> None:
    """Let the variables of a network be read once, before its loop, unless the network is in a loop itself.

    Args:
        scope: The network's VariableScope.
    """
    if not executing_eagerly() and get_default_graph().outer is None and scope.caching_device is None:
        scope.set_caching_device(device_of)


def transpose_batch_time(x: Any) -> Any:
    """Exchange the first two axes of a tensor, keeping what is known of its shape.

    Args:
        x: Tensor of shape `(batch, time, ...)` or `(time, batch, ...)`; one of fewer dimensions is returned as it is.
    """
    dims = dims_of(x)
    if dims is not None and len(dims) < 2:
        return x
    axes = concat(([1, 0], range_(2, rank(x))), axis=0)
    exchanged = transpose(x, axes)
    if dims is not None:
        set_shape(exchanged, [dims[1], dims[0], *dims[2:]])
    return exchanged


def best_effort_input_batch_size(flat_input: Sequence[Any]) -> Any:
    """Return the size of the batch as an int where it is known, else as a tensor.

    Args:
        flat_input: Tensors of shape `(time, batch, ...)`.

    Raises:
        ValueError: One has fewer than two dimensions.
    """
    for tensor in flat_input:
        dims = dims_of(tensor)
        if dims is None:
            continue
        if len(dims) < 2:
            raise ValueError(f"Input tensor should have rank >= 2. Received input={tensor} of rank {len(dims)}")
        if dims[1] is not None:
            return dims[1]
    return shape(flat_input[0])[1]


def state_dtype(explicit: Any, state: Any) -> Any:
    """Return the dtype of a network's outputs: the one that was asked for, or that of its state.

    Args:
        explicit: A dtype or None.
        state: A structure of tensors.

    Raises:
        ValueError: The state has several dtypes, or none.
    """
    if explicit is not None:
        return explicit
    if not is_nested(state):
        return dtype_of(state)
    found = [dtype_of(tensor) for tensor in flatten(state)]
    if not found:
        raise ValueError(f"Unable to infer dtype from argument state={state}.")
    if any(dtype != found[0] for dtype in found):
        raise ValueError(
            f"Argument state={state} has tensors of different inferred dtypes. Unable to infer a single representative "
            f"dtype. Dtypes received: {found}"
        )
    return found[0]


def first_state(cell: Any, initial_state: Any, batch_size: Any, dtype: Any) -> Any:
    """Return the state that a network starts from.

    Args:
        cell: A cell.
        initial_state: What the program gave, or None.
        batch_size: For the cell's own state of zeros.
        dtype: The same.

    Raises:
        ValueError: There is neither state nor dtype.
    """
    if initial_state is not None:
        return initial_state
    if not dtype:
        raise ValueError("If no initial_state is provided, argument `dtype` must be specified")
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def static_size(size: Any) -> TensorShape:
    """Return what is known of a size that may be a tensor.

    Args:
        size: An int, a TensorShape or a vector tensor.
    """
    if is_tensor(size):
        value = constant_value(size)
        return TensorShape(None) if value is None else as_shape([int(n) for n in value.reshape(-1)])
    return TensorShape(size)


def zeros_of(batch_size: Any, size: Any, dtype: Any) -> Any:
    """Return zeros of the shape `(batch_size, size...)`.

    Args:
        batch_size: An int or a scalar tensor.
        size: An int or a TensorShape.
        dtype: Of the zeros.
    """
    return zeros(stack(joined(batch_size, size)), dtype)


class Lengths:
    """How long the sequences of a batch are, and what a network does in the steps after their ends.

    Args:
        lengths: int32 tensor of shape `(batch,)`.
        shortest: Its least element.
        longest: Its greatest.
        zero_output: What is put out after the end: a structure like the cell's output.
    """

    def __init__(self, lengths: Any, shortest: Any, longest: Any, zero_output: Any):
        self.lengths, self.shortest, self.longest, self.zero_output = lengths, shortest, longest, zero_output

    def step(self, time: Any, state: Any, call_cell: Callable[[], Any], skip_conditionals: bool = False) -> Any:
        """Take a step: sequences that have ended put out zeros and keep their state.

        Args:
            time: The number of the step, an int or an int32 tensor.
            state: Before the step.
            call_cell: Takes the cell's step.
            skip_conditionals: Choose row by row in every step, rather than where some sequences have ended.

        Returns:
            The output and the new state.
        """
        flat_state, flat_zero = flatten(state), flatten(self.zero_output)
        ended = time >= self.lengths

        def computed() -> tuple[list[Any], list[Any]]:
            output, new_state = call_cell()
            assert_same_structure(self.zero_output, output)
            assert_same_structure(state, new_state)
            return flatten(output), flatten(new_state)

        def chosen(output: list[Any], new_state: list[Any]) -> list[Any]:
            pairs = [*zip(flat_zero, output, strict=True), *zip(flat_state, new_state, strict=True)]
            return [kept_where(ended, old, new) for old, new in pairs]

        def some() -> Any:
            output, new_state = computed()
            return cond(
                time < self.shortest, lambda: [*output, *new_state], lambda: chosen(output, new_state), strict=True
            )

        if skip_conditionals:
            results = chosen(*computed())
        else:
            results = cond(time >= self.longest, lambda: [*flat_zero, *flat_state], some, strict=True)
        count = len(flat_zero)
        for new, old in zip(results, [*flat_zero, *flat_state], strict=True):
            if is_tensor(new):
                set_shape(new, dims_of(old))
        return pack(self.zero_output, results[:count]), pack(state, results[count:])


def kept_where(ended: Any, old: Any, new: Any) -> Any:
    """Return the old rows where a sequence has ended; what has no rows, a TensorArray too, is new.

    Args:
        ended: bool of shape `(batch,)`.
        old: A tensor of shape `(batch, ...)`.
        new: The same.
    """
    if isinstance(old, TensorArray) or rank_of(old) == 0:
        return new
    with colocate_with(new):
        return where(ended, old, new)


def check_vector(sequence_length: Any, said: str) -> None:
    """Raise where lengths are no vector.

    Args:
        sequence_length: A tensor.
        said: The message.

    Raises:
        ValueError: It has another rank than 1.
    """
    if shape_of(sequence_length).rank not in (None, 1):
        raise ValueError(said)
