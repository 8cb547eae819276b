"""Where operations of v1 find the state of a `keras.Variable`: eagerly, and in a Session."""

from types import SimpleNamespace
from typing import Any

from onevar.adapters.contract import Adapter, Tensor
from onevar.cell import Cell
from onevar.core.dtype import DType
from onevar.core.operation import Operation
from onevar.core.state import Slot
from onevar.dtypes import standardize_dtype
from onevar.errors import Unsupported
from onevar.keras.current import keras_adapter, stateless_scope
from onevar.keras.linked_cell import KeptCell, check_held, linked_cell
from onevar.v1.eager_variable import EagerRef


class ViewSlot(Slot):
    """The state of a `keras.Variable` where operations look for that of a v1 Variable.

    Args:
        operation: What stands for the storage.
        cell: The state.
    """

    __slots__ = ("kept",)

    def __init__(self, operation: Any, cell: KeptCell):
        self.kept = cell
        super().__init__(operation, cell.adapter, cell.device)

    @property
    def cell(self) -> Cell | None:  # type: ignore[override]
        """The state; None while it is still to be initialized.

        Raises:
            FailedPreconditionError: `fit` on jax holds it.
        """
        keeper = self.kept.keeper
        if keeper._value is None:
            check_held(keeper)
            return self.kept if stateless_scope() is not None else None
        return self.kept

    @cell.setter
    def cell(self, cell: Cell | None) -> None:
        """Do nothing: the state is Keras's, whatever becomes of the view."""

    def read(self) -> Tensor:
        """Return the value, which no gradient flows through.

        Raises:
            FailedPreconditionError: There is none.
        """
        if stateless_scope() is not None:
            return self.adapter.stop_gradient(self.kept.stored())
        return super().read()

    def write(self, value: Any) -> None:
        """Replace the value.

        Raises:
            ValueError: The value has another shape.
        """
        tensor = self._tensor(value)
        if tuple(tensor.shape) != self.kept.shape:
            raise ValueError(
                f"Variable {self.name!r} is a keras.Variable of shape {self.kept.shape}, and those keep their shape. "
                f"Received: a value of shape {tuple(tensor.shape)}."
            )
        self.kept.assign(tensor)

    def scatter(self, indices: Any, updates: Any, mode: str) -> bool:
        """Update rows in place; return whether that can be done here."""
        return stateless_scope() is None and super().scatter(indices, updates, mode)

    def put(self, rows: Any, values: Any) -> bool:
        """Replace rows, each named once, in place; return whether that can be done here."""
        return stateless_scope() is None and super().put(rows, values)


class ViewRef(EagerRef):
    """A `keras.Variable` for operations that compute at once: inside an `AutocastScope` it has that dtype."""

    __slots__ = ()

    @property
    def dtype(self) -> str:
        """The dtype that a read has now."""
        return standardize_dtype(self.slot.kept.keeper.dtype)  # type: ignore[attr-defined]

    def write(self, value: Any) -> None:
        """Replace the value; one of another shape is a ValueError."""
        cell = self.slot.cell
        if cell is None or tuple(getattr(value, "shape", cell.shape)) == cell.shape:
            super().write(value)
        else:
            self.slot.write(value)


def storage(name: str, dtype: DType, trainable: bool) -> Any:
    """Return what a `ViewSlot` asks of an operation, where there is none.

    Args:
        name: The variable's.
        dtype: The variable's.
        trainable: Whether gradients are wanted.
    """
    return SimpleNamespace(name=name, attrs={"dtype": dtype}, kept=None if trainable else False, traceback=[])


def keeper_of(variable: Any) -> Any:
    """Return what makes the slot of a `keras.Variable` in each Session: one state for all of them.

    Args:
        variable: The `keras.Variable`.
    """

    def slot(adapter: Adapter, operation: Operation) -> ViewSlot:
        ours = keras_adapter()
        if adapter is not ours:
            raise Unsupported(
                f"Variable {operation.name!r} belongs to Keras, which computes with {ours.name}, and this Session "
                f"computes with {adapter.name}. Make the Session with onevar.set_backend({ours.name!r}) (or "
                f"ONEVAR_BACKEND={ours.name}), or start the program with KERAS_BACKEND={adapter.name}."
            )
        return ViewSlot(operation, linked_cell(variable))

    return slot
