"""What a v1 graph has of Keras: its variables by layer, updates and losses, and the learning phase."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from onevar.core.default_graph import get_default_graph
from onevar.core.func_graph import FuncGraph
from onevar.core.graph import Graph
from onevar.core.operation import Tensor
from onevar.keras import internals
from onevar.keras.views import graph_view
from onevar.v1.array_ops_create import placeholder_with_default
from onevar.v1.init_scopes import init_scope
from onevar.v1.scope_object import AUTO_REUSE, get_variable_scope


class GraphState:
    """What Keras did in one graph.

    Attributes:
        phase: The learning phase that the program chose, or None.
        updates: Operations by the id of the layer whose variables they update.
        losses: What `add_loss` and activity regularizers made, by the id of the layer.
        updated: Ids of variables that an operation of `UPDATE_OPS` writes.
        regularized: What regularizers make of variables, by the variable's id.
        metrics: Metrics that were updated, by id.
        made: What `get_or_create_layer` made, by its name.
        entered: The name scope in which layers were made first, by the name of the variable scope that shares them.
    """

    def __init__(self) -> None:
        self.phase: bool | None = None
        self._phase: Tensor | None = None
        self.updates: dict[int, list[Any]] = {}
        self.losses: dict[int, list[Tensor]] = {}
        self.layers: dict[int, Any] = {}
        self.updated: set[int] = set()
        self.regularized: dict[int, Tensor] = {}
        self.made: dict[str, Any] = {}
        self.entered: dict[str, str] = {}
        self.viewed: dict[int, Any] = {}
        #: The tensor that a `KerasTensor` stands for, with it, by its id.
        self.metrics: dict[int, Any] = {}
        self.tensors: dict[int, tuple[Tensor, Any]] = {}

    def learning_phase(self) -> Any:
        """Return what says whether layers train: a bool, or a placeholder whose default is False."""
        if self.phase is not None:
            return self.phase
        if self._phase is None:
            with init_scope(), get_default_graph().name_scope(None):
                self._phase = placeholder_with_default(False, [], name="keras_learning_phase")
        return self._phase

    def keep(self, layer: Any, updates: Sequence[Any], losses: Sequence[Tensor]) -> None:
        """Take note of a call of a layer.

        Args:
            layer: The layer.
            updates: Operations that update its variables.
            losses: What the call adds to the losses.
        """
        self.layers[id(layer)] = layer  # the ids stay its own
        self.updates.setdefault(id(layer), []).extend(updates)
        self.losses.setdefault(id(layer), []).extend(losses)


_STATES: WeakKeyDictionary[Graph, GraphState] = WeakKeyDictionary()


def root_graph() -> Graph:
    """Return the default graph; inside a branch or loop the one around it."""
    graph = get_default_graph()
    return graph.root if isinstance(graph, FuncGraph) else graph


def graph_state() -> GraphState:
    """Return what Keras did in the default graph."""
    return _STATES.setdefault(root_graph(), GraphState())


def known_state() -> GraphState | None:
    """Return what Keras did in the default graph, or None if it did nothing there."""
    return _STATES.get(root_graph())


def forget(graph: Graph) -> None:
    """Forget what Keras did in a graph.

    Args:
        graph: The graph.
    """
    _STATES.pop(graph, None)


class Scope:
    """Where a layer is called: how its variables are called that are made there.

    Args:
        layer: The layer or model.
    """

    def __init__(self, layer: Any):
        self.layer = layer
        stack = get_default_graph().get_name_scope()
        self.prefix = f"{stack}/" if stack else ""
        self.before = set(map(id, layer.variables))
        self.scope = get_variable_scope()

    def check(self, variables: Sequence[Any]) -> None:
        """Raise ValueError if variables were made that the variable scope says are there already.

        Args:
            variables: All of the layer's.
        """
        made = [v for v in variables if id(v) not in self.before and v.name != internals.SEED_STATE]
        if not made or not self.scope.reuse:
            return
        if self.scope.reuse is AUTO_REUSE:
            first = graph_state().entered.setdefault(self.scope.name, self.prefix)
            if first == self.prefix:
                return
        kind = type(self.layer).__name__
        raise ValueError(
            f"variable_scope({self.scope.name!r}, reuse={self.scope.reuse}) around a new Keras layer: "
            f"{kind}(name={self.layer.name!r}) would make new variables ({', '.join(v.path for v in made)}), because "
            "Keras shares variables by sharing the layer, never by name. Make the layer once, outside of the function "
            "that is called again, and call that same object in both places; or use tf.layers, which reuse by name."
        )

    def views(self) -> list[Any]:
        """Return the views in the graph of all variables of the layer, in Keras's order."""
        state = graph_state()
        out = []
        for variable in self.layer.variables:
            state.viewed.setdefault(id(variable), variable)
            out.append(view_of(variable, "" if id(variable) in self.before else self.prefix))
        return out


def view_of(variable: Any, prefix: str = "", collections: list[str] | None = None) -> Any:
    """Return the view of a `keras.Variable` in the default graph.

    Args:
        variable: The variable.
        prefix: What its name begins with, if there is no view yet.
        collections: Where the graph lists it, if there is no view yet; None for TensorFlow's own.
    """
    if variable.name == internals.SEED_STATE:
        collections = []  # the state of a random generator is nobody's to save or to initialize
    return graph_view(variable, f"{prefix}{variable.path}", collections)
