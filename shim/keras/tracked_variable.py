"""v1 variables inside the tracked methods of a Keras layer: one object, whatever graph a call builds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.build import op
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.state import Slot
from onevar.errors import Unsupported
from onevar.keras.linked_cell import linked_cell
from onevar.keras.views import as_onevar
from onevar.v1.resource_variable import ResourceVariable


def outermost() -> Graph:
    """Return the default graph, or for the body of control flow the graph that it is part of."""
    graph = get_default_graph()
    while graph.outer is not None:
        graph = graph.outer
    return graph


class _InGraph:
    """What a variable has once in each graph; made when it is first asked for.

    Args:
        make: Called with the variable.
        then: Called with the variable when it has what was made; None is nothing.
    """

    def __init__(self, make: Callable[[Any], Any], then: Callable[[Any], None] | None = None):
        self._make, self._then = make, then

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, variable: Any, owner: type) -> Any:
        if variable is None:
            return self
        parts = variable._parts()
        if self._name not in parts:
            parts[self._name] = None
            graph = outermost()
            with graph.as_default(), graph.control_dependencies(None), graph.name_scope(None):
                parts[self._name] = self._make(variable)
                if self._then is not None:
                    self._then(variable)
        return parts[self._name]

    def __set__(self, variable: Any, value: Any) -> None:
        variable._parts()[self._name] = value


def _storage(variable: "TrackedVariable") -> Any:
    name = variable._shared_name
    handle = op(
        "VarHandleOp", name=f"{name}/", shape=variable._shape, dtype=variable._dtype, shared_name=name, debug_name=name
    )
    if not variable._trainable:
        handle.op.kept = False
    outermost().bind(handle.op, variable)  # type: ignore[attr-defined]
    return handle


def _kept(variable: "TrackedVariable") -> None:
    if variable._keeper is not None:
        outermost().kept(variable)  # type: ignore[attr-defined]


def _element(variable: "TrackedVariable") -> Any:
    with name_scope(f"{variable._shared_name}/Read"):
        return op("ReadVariableOp", resource=variable._handle, dtype=variable._dtype)


class TrackedVariable(ResourceVariable):
    """A variable that a tracked method of a Keras layer made; its state is a `keras.Variable` of the layer.

    Inside the layer's tracked methods it is a variable of the graph that the call builds, also where a layer or a
    cell has kept it from an earlier call. Its initializer leaves the state as it is.
    """

    _keeper: Any = None
    #: The collections that it is in, and what Keras calls a function of it that is a loss.
    listed: Any = ()
    regularizer: Callable[[Any], Any] | None = None
    _handle = _InGraph(_storage, _kept)
    _graph_element = _InGraph(_element)
    _initial_value = _InGraph(lambda variable: variable._graph_element)
    _initializer_op = _InGraph(lambda variable: op("NoOp", name=f"{variable._shared_name}/Assign"))
    _is_initialized_op = _InGraph(lambda variable: op("VarIsInitializedOp", resource=variable._handle))
    _cached_value = _InGraph(lambda variable: None)

    def _parts(self) -> dict[str, Any]:
        graph: Any = outermost()
        if not hasattr(graph, "bind"):
            raise OutsideOfLayer(
                f"{self._name!r} is a variable of a Keras layer: v1 operations take it inside the layer's tracked "
                "methods. Elsewhere use its faces: `v.as_keras()`, a keras.Variable, `v.keras`, or `v.numpy()`."
            )
        # The graph has them, not the variable: what they are of a graph would keep that alive, with all of its values.
        return graph.parts.setdefault(self, {})

    def moved_into(self, other: "TrackedVariable") -> "TrackedVariable":
        """Return `other`, which was made in an earlier call, as what this one is in the graph of this call.

        Args:
            other: The variable of the same name.
        """
        other._parts().update(self._parts())
        for graph in {get_default_graph(), outermost()}:
            for key in graph.collections:
                kept = graph.get_collection_ref(key)
                kept[:] = [other if one is self else one for one in kept]
        return other

    # -- the state ------------------------------------------------------------------------------

    @property
    def _cell(self) -> Any:  # type: ignore[override]
        return linked_cell(self._keeper)

    @property
    def keras(self) -> Any:
        """The Keras 3 face of the state."""
        return as_onevar(self._keeper)

    def as_keras(self, session: Any = None) -> Any:
        """Return the `keras.Variable` that the layer tracks.

        Args:
            session: Accepted; the state is not a Session's.
        """
        return self._keeper

    def numpy(self) -> np.ndarray:
        """Return the value as an array of its own."""
        return np.array(self._keeper.numpy())

    def initialized_value(self) -> Any:
        """Return the value: there is one."""
        return self.read_value()

    def keep_regularizer(self, regularizer: Callable[[Any], Any], loss: Any) -> None:
        """Let Keras count a regularizer's loss, once, among the layer's losses.

        Args:
            regularizer: A function of the variable.
            loss: What it returned in this graph; None is nothing.
        """
        graph: Any = outermost()
        if loss is not None and hasattr(graph, "regularized"):
            graph.regularized(self, regularizer, loss)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise Unsupported(f"{self._name!r} belongs to a Keras layer, and is copied with it: copy the layer.")

    def __repr__(self) -> str:
        return f"<tf.Variable '{self._name}' shape={self._shape} dtype={self._dtype.name}>"


class OutsideOfLayer(Unsupported, AttributeError):
    """A variable of a layer is used as a v1 variable where none of the layer's tracked methods runs."""


class KeptSlot(Slot):
    """Where a run finds the state of a variable: Keras's scopes decide what it reads, and take what it writes.

    Args:
        operation: The storage in the graph.
        keeper: The `keras.Variable`.
        linked: Its Cell.
    """

    __slots__ = ("keeper", "linked")

    def __init__(self, operation: Any, keeper: Any):
        self.keeper, self.linked = keeper, linked_cell(keeper)
        super().__init__(operation, self.linked.adapter, self.linked.device)

    @property
    def initialized(self) -> bool:
        """Whether there is a value: always."""
        return True

    def read(self) -> Any:
        """Return the value, which gradients flow through, in the dtype that the graph has it in."""
        return self.adapter.astype(self.linked.snapshot(), self.dtype)

    def write(self, value: Any) -> None:
        """Replace the value.

        Raises:
            ValueError: Another shape.
        """
        tensor = self._tensor(value)
        if tuple(tensor.shape) != self.linked.shape:
            raise ValueError(
                f"Variable {self.name!r} belongs to a Keras layer and keeps its shape {self.linked.shape}. Received: a "
                f"value of shape {tuple(tensor.shape)}."
            )
        self.linked.assign(self.adapter.astype(tensor, self.linked.dtype))

    def accumulate(self, value: Any, kernel: str) -> None:
        """Add `value`, or subtract it."""
        self.write(getattr(self.adapter.k, kernel)(self.adapter.stop_gradient(self.read()), self._tensor(value)))

    def scatter(self, indices: Any, updates: Any, mode: str) -> bool:
        """Return that rows are not updated in place."""
        return False

    def put(self, rows: Any, values: Any) -> bool:
        """Return that rows are not replaced in place."""
        return False
