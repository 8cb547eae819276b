"""The faces of `tf.compat.v1` that a `keras.Variable` has: one that computes at once, one in a graph."""

from typing import Any

from onevar.core.build import op
from onevar.core.default_graph import add_to_collections, get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.eager_values import dtype_of, eager_tensor, owner_of
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape
from onevar.dtypes import standardize_dtype
from onevar.keras.linked_cell import KeptCell, linked_cell
from onevar.keras.view_slots import ViewRef, ViewSlot, keeper_of, storage
from onevar.v1.eager_variable import EagerVariable
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.resource_variable import ResourceVariable
from onevar.v1.variable_enums import VariableAggregation, VariableSynchronization
from onevar.v1.variables import checked_collections


class _OfKeras:
    """What both faces say of the `keras.Variable` that they are views of."""

    _kept: KeptCell

    @property
    def _trainable(self) -> bool:
        return bool(self._kept.keeper.trainable)

    @property
    def _constraint(self) -> Any:
        return self._kept.keeper.constraint

    @property
    def _synchronization(self) -> VariableSynchronization:
        return VariableSynchronization[self._kept.keeper.synchronization.upper()]

    @property
    def _aggregation(self) -> VariableAggregation:
        return VariableAggregation[self._kept.keeper.aggregation.upper()]

    @property
    def keras(self) -> Any:
        """The Keras 3 face of the same state."""
        from onevar.keras.views import as_onevar  # builds on this module

        return as_onevar(self._kept.keeper)

    def as_keras(self, session: Any = None) -> Any:
        """Return the `keras.Variable` itself.

        Args:
            session: Accepted; the state is not a Session's.
        """
        return self._kept.keeper


class EagerView(_OfKeras, EagerVariable):  # type: ignore[misc,override]  # its attributes are Keras's, and properties here
    """A `keras.Variable` as a v1 Variable that computes at once.

    Args:
        variable: The `keras.Variable`.
        name: The v1 name, without `:0`.
    """

    def __new__(cls, variable: Any, name: str) -> "EagerView":
        """Return a new view; there is one for each name."""
        return object.__new__(cls)

    def __init__(self, variable: Any, name: str):
        self._kept = linked_cell(variable)
        self._name = f"{name}:0"
        stored = as_dtype(standardize_dtype(variable._dtype))
        self._handle = ViewRef(ViewSlot(storage(name, stored, self._trainable), self._kept), self)
        self._shape = TensorShape(self._kept.shape)

    @property
    def _dtype(self) -> DType:  # type: ignore[override]
        return as_dtype(self._handle.dtype)

    @property
    def _cell(self) -> KeptCell:  # type: ignore[override]
        return self._kept

    def _converted(self, value: Any) -> Any:
        adapter = self._kept.adapter
        if owner_of(value) is None:
            return eager_tensor(value, self._dtype, adapter)
        tensor = eager_tensor(value, None, adapter)
        if dtype_of(tensor, adapter) is as_dtype(self._kept.dtype):
            return adapter.astype(tensor, self._dtype.name)  # computed beside an AutocastScope
        return eager_tensor(tensor, self._dtype, adapter)

    def assign(
        self, value: Any, use_locking: bool | None = None, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Replace the value; arguments as `EagerVariable.assign`."""
        if owner_of(value) is not None:
            value = eager_tensor(value, None, self._kept.adapter)
        return super().assign(value, use_locking, name, read_value)

    def _clone(self, *, device: str | None = None) -> EagerVariable:
        old = self._kept
        twin = EagerVariable._over(old, self._shared_name, self._synchronization, self._aggregation, self._constraint)
        twin._hold(old.adapter, self._shared_name, as_dtype(old.dtype), device or old.device)
        twin._handle.slot.write(old.adapter.convert(old.stored(), device=device or old.where))
        return twin


class GraphView(_OfKeras, ResourceVariable):  # type: ignore[misc,override]  # as above
    """A `keras.Variable` as a variable of a v1 graph: in each Session its value is Keras's.

    It is initialised already: its `initializer` runs, and leaves the value as it is.

    Args:
        variable: The `keras.Variable`.
        name: The name in the graph, whatever name scopes are open.
        collections: Where the graph lists it; None for TensorFlow's own.
    """

    def __new__(cls, variable: Any, name: str, collections: Any = None) -> "GraphView":
        """Return a new view; a graph has one of each variable."""
        return object.__new__(cls)

    def __init__(self, variable: Any, name: str, collections: Any = None):
        self._kept = linked_cell(variable)
        self._shape = TensorShape(self._kept.shape)
        self._dtype = as_dtype(self._kept.dtype)
        graph = get_default_graph()
        with graph.name_scope(None), name_scope(name) as scope:
            self._name = f"{scope[:-1]}:0"
            self._handle = op(
                "VarHandleOp", name=scope, shape=self._shape, dtype=self._dtype, shared_name=scope[:-1],
                debug_name=scope,
            )  # fmt: skip
            self._handle.op.keeper = keeper_of(variable)
            if not self._trainable:
                self._handle.op.kept = False
            with name_scope("IsInitialized"):
                self._is_initialized_op = op("VarIsInitializedOp", resource=self._handle)
            self._initializer_op = op("NoOp", name="Assign")
            with name_scope("Read"):
                self._graph_element = op("ReadVariableOp", resource=self._handle, dtype=self._dtype)
        self._initial_value = self._graph_element
        wanted = checked_collections(
            collections, self._trainable, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.GLOBAL_VARIABLES
        )
        add_to_collections(wanted, self)

    @property
    def _cell(self) -> KeptCell:  # type: ignore[override]
        return self._kept

    def initialized_value(self) -> Any:
        """Return the value: there is one."""
        return self.read_value()

    def load(self, value: Any, session: Any = None) -> None:
        """Write `value` into the variable at once.

        Args:
            value: Of its shape.
            session: Accepted: the value is the same in all of them.

        Raises:
            ValueError: Another shape.
        """
        self.keras.assign(value)
