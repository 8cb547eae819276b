"""Cells around cells: the base of the wrappers, `ResidualWrapper`, `DeviceWrapper`."""

from collections.abc import Callable
from typing import Any

from onevar.core.default_graph import device
from onevar.core.name_scope import name_scope
from onevar.core.nest import assert_same_structure, map_structure
from onevar.v1.common import shape_of
from onevar.v1.export import export
from onevar.v1.rnn_cell_base import RNNCell, assert_like_rnncell


class RNNCellWrapper(RNNCell):
    """A cell that does something around the steps of another one, whose variables and scopes it leaves as they are.

    Args:
        cell: The other cell.
        *args: What `RNNCell` takes.
        **kwargs: The same.

    Raises:
        TypeError: `cell` is no cell.
    """

    def __init__(self, cell: Any, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        assert_like_rnncell("cell", cell)
        self.cell = cell

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Take one step; see `RNNCell`.

        Args:
            inputs: The same.
            state: The same.
            scope: For the variables of the cell inside.
        """
        return self._call_wrapped_cell(inputs, state, self.cell.__call__, scope=scope)

    def _call_wrapped_cell(self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any) -> Any:
        """Take one step by `cell_call_fn`, the cell's own."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """That of the cell inside."""
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell inside."""
        return self.cell.output_size

    @property
    def wrapped_cell(self) -> Any:
        """The cell inside."""
        return self.cell

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        with name_scope(f"{type(self).__name__}ZeroState"):
            return self.cell.zero_state(batch_size, dtype)


@export("nn.rnn_cell.ResidualWrapper", "contrib.rnn.ResidualWrapper")
class ResidualWrapper(RNNCellWrapper):
    """A cell whose inputs are added to what it puts out.

    Args:
        cell: The cell.
        residual_fn: A function `(inputs, outputs)` instead of the sum.
        **kwargs: What `RNNCell` takes.

    Raises:
        TypeError: `cell` is no cell.
    """

    def __init__(self, cell: Any, residual_fn: Callable[..., Any] | None = None, **kwargs: Any):
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn

    def _call_wrapped_cell(self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any) -> Any:
        outputs, new_state = cell_call_fn(inputs, state, **kwargs)
        return (self._residual_fn or _sum)(inputs, outputs), new_state


def _sum(inputs: Any, outputs: Any) -> Any:
    assert_same_structure(inputs, outputs)
    map_structure(lambda a, b: shape_of(a).assert_is_compatible_with(shape_of(b)), inputs, outputs)
    return map_structure(lambda a, b: a + b, inputs, outputs)


@export("nn.rnn_cell.DeviceWrapper", "contrib.rnn.DeviceWrapper")
class DeviceWrapper(RNNCellWrapper):
    """A cell that runs on a device of its own.

    Args:
        cell: The cell.
        device: What `tf.device` takes.
        **kwargs: What `RNNCell` takes.

    Raises:
        TypeError: `cell` is no cell.
    """

    def __init__(self, cell: Any, device: Any, **kwargs: Any):
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros, on the device.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        with name_scope(f"{type(self).__name__}ZeroState"), device(self._device):
            return self.cell.zero_state(batch_size, dtype)

    def _call_wrapped_cell(self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any) -> Any:
        with device(self._device):
            return cell_call_fn(inputs, state, **kwargs)
