"""The graph that one call of a tracked method builds: its inputs, its variables, and what Keras computes in between."""

from collections.abc import Callable, Container
from typing import Any

import keras

from onevar.core import nest
from onevar.core.build import op
from onevar.core.context import THREAD
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collections
from onevar.core.dtype import as_dtype
from onevar.core.graph import Graph
from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.core.registry import adapter_of
from onevar.errors import Unsupported
from onevar.keras.current import keras_adapter
from onevar.keras.tracked_run import Run, Streams
from onevar.keras.tracked_variable import KeptSlot, TrackedVariable
from onevar.keras3 import KerasVariable
from onevar.v1.eager_variable import EagerVariable
from onevar.v1.graph_keys import GraphKeys


class TrackedGraph(Graph):
    """What a tracked call builds.

    Args:
        generator: Returns the layer's `keras.random.SeedGenerator`.
        layer: Whose method is called.
        returned: Names of variables whose losses a method of the layer returns, and Keras is not to count.

    Attributes:
        run: The values, as far as they are computed.
        weight_losses: Losses of variables that Keras counts itself, by identity, each with its variable.
        storages: Storage operation to variable of the layer.
        parts: What a variable has once in each graph.
        made: Variables that the call's code asks for by name.
        added: What it gives to `add_loss`.
    """

    def __init__(self, generator: Callable[[], Any], layer: Any = None, returned: Container[str] = ()):
        super().__init__()
        self.layer, self.returned = layer, returned
        self.adapter = keras_adapter()
        self.run = Run(self.adapter, Streams(generator))
        self.storages: dict[Operation, TrackedVariable] = {}
        self.weight_losses: dict[int, tuple[Any, TrackedVariable]] = {}
        self.parts: dict[TrackedVariable, dict[str, Any]] = {}
        self.made: set[TrackedVariable] = set()
        self.added: list[Tensor] = []
        self._kept_losses: dict[TrackedVariable, Tensor] = {}
        self._adopted: dict[int, tuple[Any, Tensor]] = {}
        self._around: tuple[list[Graph], bool | None] = (list(THREAD.graphs), THREAD.eager)

    # -- variables ------------------------------------------------------------------------------

    def bind(self, storage: Operation, variable: TrackedVariable) -> None:
        """Say that a storage operation stands for a variable of the layer."""
        self.storages[storage] = variable
        self.run.store.kept[storage] = KeptSlot(storage, variable.as_keras())

    def regularized(self, variable: TrackedVariable, regularizer: Callable[[Any], Any], loss: Any) -> None:
        """Leave the loss of a variable to Keras.

        Args:
            variable: The variable.
            regularizer: A function of it.
            loss: What it returned here.
        """
        variable.regularizer = regularizer
        again = self._kept_losses.pop(variable, None)
        if again is not None:
            self.get_collection_ref(GraphKeys.REGULARIZATION_LOSSES).remove(again)
        self.weight_losses[id(loss)] = loss, variable
        keeper = variable.as_keras()
        if keeper is not None and keeper.regularizer is None and variable._shared_name not in self.returned:
            keeper.regularizer = Computed(regularizer)

    def kept(self, variable: TrackedVariable) -> None:
        """List a variable that an object has kept since an earlier call, and its loss, as if it had been made here.

        Args:
            variable: The variable.
        """
        if variable in self.made:
            return
        self.made.add(variable)
        add_to_collections(variable.listed, variable)
        with self.name_scope(f"{variable._shared_name}/Regularizer"):
            loss = None if variable.regularizer is None else variable.regularizer(variable)
        if loss is not None:
            self._kept_losses[variable] = loss
            self.weight_losses[id(loss)] = loss, variable
            self.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    # -- values from outside --------------------------------------------------------------------

    def adopt(self, value: Any) -> Tensor | None:
        """Return what stands in the graph for a tensor of Keras's framework or a `keras.Variable`, or None.

        Args:
            value: Anything.
        """
        if isinstance(value, keras.Variable):
            return self._adopted_variable(value)
        if isinstance(value, TrackedVariable) or hasattr(value, "_as_graph_tensors"):
            return None
        if isinstance(value, EagerVariable | KerasVariable):
            return self._adopted_foreign(value)
        if keras.backend.is_keras_tensor(value):
            raise TypeError(
                f"{value!r} is symbolic. A method that is decorated with track_v1_variables takes tensors: call the "
                "layer itself, `layer(x)`, where functional models are put together."
            )
        # NumPy's arrays are constants, as everywhere in TensorFlow.
        return self.fed(value) if self.adapter.name != "numpy" and self.is_native(value) else None

    def fed(self, value: Any, name: str = "input") -> Tensor:
        """Return the placeholder of a native tensor.

        Args:
            value: Of Keras's framework.
            name: Of the operation.
        """
        found = self._adopted.get(id(value))
        if found is None:
            spec = self.adapter.spec(value)
            with self.as_default(), self.control_dependencies(None), self.name_scope(None):
                tensor = op("Placeholder", name=name, dtype=as_dtype(spec.dtype), shape=_sizes(spec.shape))
            # The value is kept with it: its identity is the key.
            found = self._adopted[id(value)] = (value, tensor)
            self.run.known[tensor] = value
        return found[1]

    def _adopted_foreign(self, variable: Any) -> Tensor:
        """Return a read of a Variable of onevar that no tracked method has made.

        Raises:
            ValueError: It is to be trained, and the layer does not track it.
        """
        cell = variable._cell
        layer = self.layer
        if cell.trainable and layer is not None and not any(linked_to(v) is cell for v in layer.variables):
            raise ValueError(
                f"{variable!r} was made outside of the tracked methods of layer {layer.name!r}, which does not know "
                "of it: fit would not train it, and save would leave it out. Make it in a method that is decorated "
                "with track_v1_variables, or assign it to an attribute of the layer."
            )
        return self.fed(variable._read())

    def _adopted_variable(self, variable: Any) -> Tensor:
        found = self._adopted.get(id(variable))
        if found is None:
            with self.as_default(), self.control_dependencies(None), self.name_scope(None):
                name = self.unique_name(variable.path or variable.name)
                dtype = as_dtype(variable.dtype)
                handle = op("VarHandleOp", name=name, shape=list(variable.shape), dtype=dtype, shared_name=name)
                self.run.store.kept[handle.op] = KeptSlot(handle.op, variable)
                found = self._adopted[id(variable)] = (variable, handle)
        return op("ReadVariableOp", resource=found[1], dtype=as_dtype(variable.dtype))

    # -- Keras in between -----------------------------------------------------------------------

    def keras_call(self, function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call a Keras layer or function with tensors of the graph: what they depend on is computed now.

        Args:
            function: Takes native tensors.
            args: Its arguments, tensors of the graph among them.
            kwargs: The same.

        Returns:
            What it returns, as tensors of the graph.
        """
        args, kwargs = self.natives((args, kwargs))
        with Outside(self):
            result = function(*args, **kwargs)
        leaves = nest.flatten(result)
        return nest.pack(result, [self.fed(leaf) if self.is_native(leaf) else leaf for leaf in leaves])

    def natives(self, structure: Any, targets: Any = ()) -> Any:
        """Return a structure with native tensors in the place of the graph's.

        Args:
            structure: Any.
            targets: Operations that run as well.
        """
        leaves = nest.flatten(structure)
        wanted = {at: self._element(leaf) for at, leaf in enumerate(leaves)}
        tensors = {at: tensor for at, tensor in wanted.items() if tensor is not None}
        values = self.run.compute(list(tensors.values()), targets)
        for at, value in zip(tensors, values, strict=True):
            leaves[at] = value
        return nest.pack(structure, leaves) if nest.is_nested(structure) else leaves[0]

    def _element(self, leaf: Any) -> Tensor | None:
        if isinstance(leaf, Tensor):
            return leaf
        if hasattr(leaf, "_dense_var_to_tensor") or isinstance(leaf, IndexedSlices):
            return convert_to_tensor(leaf)
        if isinstance(leaf, Operation) or hasattr(leaf, "_as_graph_tensors"):
            raise Unsupported(
                f"A method that is decorated with track_v1_variables returned {leaf!r}, which is part of the call's "
                "graph and nothing outside of it. Return tensors; for a sparse one, tf.sparse.to_dense(...) of it."
            )
        return None

    def forget(self) -> None:
        """Let go of the values: the call is over, and the layer's variables may remember the graph."""
        self.run.known.clear()
        self._adopted.clear()

    def is_native(self, value: Any) -> bool:
        """Whether a value is a tensor of Keras's framework."""
        return adapter_of(value) is self.adapter


class Outside:
    """Leaves the graph of a call for a while: what runs inside belongs to Keras.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: TrackedGraph):
        self._graph = graph

    def __enter__(self) -> None:
        self._inside = (THREAD.graphs, THREAD.eager)
        graphs, eager = self._graph._around
        THREAD.graphs, THREAD.eager = list(graphs), eager

    def __exit__(self, *error: object) -> None:
        THREAD.graphs, THREAD.eager = self._inside


class Computed:
    """A function of v1 tensors as one of native tensors: what a regularizer or a constraint is to Keras.

    Args:
        function: Of one v1 tensor.
    """

    def __init__(self, function: Callable[[Any], Any]):
        self.function = function

    def __call__(self, value: Any) -> Any:
        """Return the result as a native tensor.

        Args:
            value: A native tensor, or a `keras.Variable`.
        """
        graph = TrackedGraph(_no_randomness)
        with graph.as_default():
            value = value.value if isinstance(value, keras.Variable) else value
            result = self.function(graph.fed(value))
            return graph.natives(result)

    def __repr__(self) -> str:
        return f"Computed({self.function!r})"


def linked_to(variable: Any) -> Any:
    """Return the Cell that a `keras.Variable` shares with a Variable of onevar, or None."""
    return getattr(variable, "_cell", None)


def _no_randomness() -> Any:
    raise ValueError("A regularizer or constraint that draws random numbers has no state to draw them from.")


def _sizes(shape: Any) -> Any:
    return None if shape is None else [int(size) if isinstance(size, int) else None for size in shape]
