"""Networks that only `tf.contrib.rnn` has: stacks of both ways, and cells that take all steps at once."""

import abc
from collections.abc import Callable, Sequence
from typing import Any

from onevar.v1.array_ops_index import reverse_sequence
from onevar.v1.array_ops_shape import concat, reverse, stack, unstack
from onevar.v1.export import export, export_value
from onevar.v1.rnn_cell_base import LayerRNNCell
from onevar.v1.rnn_dynamic import bidirectional_dynamic_rnn, dynamic_rnn
from onevar.v1.rnn_static import static_bidirectional_rnn, static_rnn
from onevar.v1.rnn_steps import best_effort_input_batch_size, transpose_batch_time
from onevar.v1.variable_scopes import variable_scope

export_value("contrib.rnn.LayerRNNCell", LayerRNNCell)
export_value("contrib.rnn.transpose_batch_time", transpose_batch_time)
export_value("contrib.rnn.best_effort_input_batch_size", best_effort_input_batch_size)


def _check_cells(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> None:
    for cells, way in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not cells:
            raise ValueError(f"Must specify at least one {way} cell for BidirectionalRNN.")
    for cells, way in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not isinstance(cells, list):
            raise ValueError(f"cells_{way} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for states, way in ((states_fw, "fw"), (states_bw, "bw")):
        if states is not None and (not isinstance(states, list) or len(states) != len(cells_fw)):
            raise ValueError(f"initial_states_{way} must be a list of state tensors (one per layer).")


def _stacked(
    layer: Callable[..., tuple[Any, Any, Any]], cells: Sequence[Sequence[Any]], states: Sequence[Any], inputs: Any,
    scope: Any,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:  # fmt: skip
    """Let each layer take what the one below puts out."""
    found: list[tuple[Any, Any]] = []
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for number, pair in enumerate(zip(*cells, strict=True)):
            first = [given[number] if given else None for given in states]
            with variable_scope(f"cell_{number}") as entered:
                inputs, state_fw, state_bw = layer(pair, inputs, first, entered)
            found.append((state_fw, state_bw))
    return inputs, tuple([fw for fw, _ in found]), tuple([bw for _, bw in found])


@export("contrib.rnn.stack_bidirectional_rnn")
def stack_bidirectional_rnn(
    cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None, initial_states_bw: Any = None,
    dtype: Any = None, sequence_length: Any = None, scope: Any = None,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:  # fmt: skip
    """Return the outputs of several layers of `static_bidirectional_rnn`, and the last states of each.

    Args:
        cells_fw: A list of cells, one for each layer.
        cells_bw: The same, for those that go backward.
        inputs: As for `static_bidirectional_rnn`.
        initial_states_fw: A list of states, one for each layer.
        initial_states_bw: The same.
        dtype: As for `static_bidirectional_rnn`.
        sequence_length: The same.
        scope: A variable scope, or its name, `stack_bidirectional_rnn` by default.

    Raises:
        ValueError: The lists are no lists, empty, or of different lengths.
    """
    _check_cells(cells_fw, cells_bw, initial_states_fw, initial_states_bw)

    def layer(cells: Sequence[Any], given: Any, first: Sequence[Any], entered: Any) -> tuple[Any, Any, Any]:
        return static_bidirectional_rnn(cells[0], cells[1], given, first[0], first[1], dtype, sequence_length, entered)

    return _stacked(layer, (cells_fw, cells_bw), (initial_states_fw, initial_states_bw), inputs, scope)


@export("contrib.rnn.stack_bidirectional_dynamic_rnn")
def stack_bidirectional_dynamic_rnn(
    cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None, initial_states_bw: Any = None,
    dtype: Any = None, sequence_length: Any = None, parallel_iterations: int | None = None, time_major: bool = False,
    scope: Any = None, swap_memory: bool = False,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:  # fmt: skip
    """Return the outputs of several layers of `bidirectional_dynamic_rnn`, and the last states of each.

    Args:
        cells_fw: As for `stack_bidirectional_rnn`, and so on.
        cells_bw: The same.
        inputs: As for `bidirectional_dynamic_rnn`.
        initial_states_fw: As for `stack_bidirectional_rnn`.
        initial_states_bw: The same.
        dtype: As for `bidirectional_dynamic_rnn`, and so on.
        sequence_length: The same.
        parallel_iterations: The same.
        time_major: The same.
        scope: A variable scope, or its name, `stack_bidirectional_rnn` by default.
        swap_memory: As for `bidirectional_dynamic_rnn`.

    Raises:
        ValueError: The lists are no lists, empty, or of different lengths.
    """
    _check_cells(cells_fw, cells_bw, initial_states_fw, initial_states_bw)

    def layer(cells: Sequence[Any], given: Any, first: Sequence[Any], _: Any) -> tuple[Any, Any, Any]:
        outputs, states = bidirectional_dynamic_rnn(
            cells[0],
            cells[1],
            given,
            sequence_length,
            first[0],
            first[1],
            dtype,
            parallel_iterations,
            swap_memory,
            time_major,
        )
        return concat(outputs, 2), *states

    return _stacked(layer, (cells_fw, cells_bw), (initial_states_fw, initial_states_bw), inputs, scope)


@export("contrib.rnn.FusedRNNCell")
class FusedRNNCell(abc.ABC):
    """What takes all steps at once: `outputs, state = cell(inputs, initial_state, dtype, sequence_length)`."""

    @abc.abstractmethod
    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> tuple[Any, Any]:
        """Return the outputs and the last state.

        Args:
            inputs: Tensor of shape `(time, batch, depth)`, or a list of tensors.
            initial_state: A state; zeros by default.
            dtype: Of the first state; needed without `initial_state`.
            sequence_length: Integers of shape `(batch,)`.
            scope: A variable scope, or its name.
        """


@export("contrib.rnn.FusedRNNCellAdaptor")
class FusedRNNCellAdaptor(FusedRNNCell):
    """Lets an ordinary cell take all steps at once.

    Args:
        cell: The cell.
        use_dynamic_rnn: Whether it runs in a loop.
    """

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False):
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> tuple[Any, Any]:
        """See `FusedRNNCell`."""
        is_list = isinstance(inputs, list)
        if self._use_dynamic_rnn:
            outputs, state = dynamic_rnn(
                self._cell, stack(inputs) if is_list else inputs, sequence_length, initial_state, dtype,
                time_major=True, scope=scope,
            )  # fmt: skip
            return unstack(outputs) if is_list else outputs, state
        steps = inputs if is_list else unstack(inputs)
        results, state = static_rnn(self._cell, steps, initial_state, dtype, sequence_length, scope)
        return results if is_list else stack(results), state


@export("contrib.rnn.TimeReversedFusedRNN")
class TimeReversedFusedRNN(FusedRNNCell):
    """Takes the steps in the reverse order.

    Args:
        cell: Takes all steps at once.
    """

    def __init__(self, cell: Any):
        self._cell = cell

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> tuple[Any, Any]:
        """See `FusedRNNCell`."""
        outputs, state = self._cell(
            _reversed(inputs, sequence_length), initial_state=initial_state, dtype=dtype,
            sequence_length=sequence_length, scope=scope,
        )  # fmt: skip
        return _reversed(outputs, sequence_length), state


def _reversed(steps: Any, lengths: Any) -> Any:
    if isinstance(steps, list):
        return list(reversed(steps))
    return reverse(steps, [0]) if lengths is None else reverse_sequence(steps, lengths, 0, 1)
