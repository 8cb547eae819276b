"""`tf.nn.rnn_cell.MultiRNNCell`: cells on top of one another."""

from collections.abc import Sequence
from typing import Any

from onevar.core.name_scope import name_scope
from onevar.core.nest import is_nested
from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_shape import concat
from onevar.v1.export import export
from onevar.v1.layers_base import Layer
from onevar.v1.rnn_cell_base import RNNCell
from onevar.v1.tf_logging import log_first_n, warning
from onevar.v1.variable_scopes import variable_scope

_WARN = 30


@export("nn.rnn_cell.MultiRNNCell", "contrib.rnn.MultiRNNCell")
class MultiRNNCell(RNNCell):
    """Several cells as one: each takes what the one before it puts out.

    Args:
        cells: The cells, the first one first.
        state_is_tuple: Whether the state is a tuple of the cells' states; otherwise they are one tensor.

    Raises:
        ValueError: There are no cells, or a cell's state is nested although `state_is_tuple` is False.
        TypeError: `cells` is no list or tuple.
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True):
        warning(
            "`tf.nn.rnn_cell.MultiRNNCell` is deprecated. This class is equivalent as `tf.keras.layers."
            "StackedRNNCells`, and will be replaced by that in Tensorflow 2.0."
        )
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but received: {cells}.")
        if len({id(cell) for cell in cells}) < len(cells):
            said = "At least two cells provided to MultiRNNCell are the same object and will share weights."
            log_first_n(_WARN, said, 1)
        self._cells = cells
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(is_nested(cell.state_size) for cell in cells):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set. "
                f"State sizes are: {[cell.state_size for cell in cells]}"
            )

    @property
    def state_size(self) -> Any:
        """The cells' sizes, or their sum."""
        if self._state_is_tuple:
            return tuple([cell.state_size for cell in self._cells])
        return sum(cell.state_size for cell in self._cells)

    @property
    def output_size(self) -> Any:
        """That of the last cell."""
        return self._cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        with name_scope(f"{type(self).__name__}ZeroState"):
            if self._state_is_tuple:
                return tuple([cell.zero_state(batch_size, dtype) for cell in self._cells])
            return super().zero_state(batch_size, dtype)

    @property
    def trainable_weights(self) -> list[Any]:
        """Those of the cells."""
        return self._weights_of("trainable_weights") if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Those of the cells; all of them where this cell is not trainable."""
        fixed = self._weights_of("non_trainable_weights")
        return fixed if self.trainable else [*self._weights_of("trainable_weights"), *fixed]

    def _weights_of(self, kind: str) -> list[Any]:
        return [weight for cell in self._cells if isinstance(cell, Layer) for weight in getattr(cell, kind)]

    def call(self, inputs: Any, state: Any) -> Any:
        """Take one step of each cell.

        Args:
            inputs: Those of the first cell.
            state: The cells' states.

        Returns:
            What the last cell puts out, and the new states.

        Raises:
            ValueError: The state is no tuple.
        """
        new_states, at = [], 0
        for number, cell in enumerate(self._cells):
            with variable_scope(f"cell_{number}"):
                if self._state_is_tuple:
                    own = self._state_of(state, number)
                else:
                    own = slice_(state, [0, at], [-1, cell.state_size])
                    at += cell.state_size
                inputs, new_state = cell(inputs, own)
                new_states.append(new_state)
        return inputs, tuple(new_states) if self._state_is_tuple else concat(new_states, 1)

    def _state_of(self, state: Any, number: int) -> Any:
        if not is_nested(state):
            raise ValueError(f"Expected state to be a tuple of length {len(self.state_size)}, but received: {state}")
        return state[number]
