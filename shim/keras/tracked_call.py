"""One call of a tracked method: the v1 graph that it builds, and what becomes of its variables, losses and updates."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

import onevar.v1.math_ops  # noqa: F401  (the operators of the tensors that a method is given)
from onevar.core import nest
from onevar.core.default_graph import add_to_collections
from onevar.core.dtype import as_dtype
from onevar.core.operation import Operation
from onevar.core.reach import needed
from onevar.errors import Unsupported
from onevar.keras.current import autocast, call_context, keras_adapter, stateless_scope
from onevar.keras.phases import inferring
from onevar.keras.tracked_graph import TrackedGraph
from onevar.keras.tracked_losses import Loss, counted
from onevar.keras.tracked_run import initial
from onevar.keras.tracked_saving import called_with
from onevar.keras.tracked_state import CURRENT, Given, LayerState
from onevar.keras.tracked_variable import TrackedVariable
from onevar.v1.array_ops_create import zeros
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.scope_object import get_variable_scope, get_variable_scope_store
from onevar.v1.variables import checked_collections

#: What an enclosing scope says that holds inside of a layer that is called there; its name does not.
_INHERITED = ("_initializer", "_regularizer", "_partitioner", "_custom_getter", "_caching_device")


class Written(NamedTuple):
    """A tracked method as its class has it: its name, the function, and what was said of losses that it returns."""

    name: str
    function: Callable[..., Any]
    losses: str | None


class Call:
    """A call of a tracked method, while it runs.

    Args:
        state: The layer's.
        written: The method.
    """

    def __init__(self, state: LayerState, written: Written):
        self.state, self.written = state, written
        self.method, self.function = written.name, written.function
        self.graph = TrackedGraph(state.generator, state.layer, state.returned)
        self.graph.seed = state.seed
        state.generator()  # while the layer may still get state: the first call that draws may be a compiled one
        self.graph.creator_stack.append(self._create)

    def __call__(self, layer: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Return what the method returns for native tensors, as native tensors.

        Args:
            layer: The layer.
            args: Of the method.
            kwargs: Of the method.
        """
        around = CURRENT.calls[-1].scope() if CURRENT.calls else None
        CURRENT.calls.append(self)
        try:
            with self.state.first_call(self.method), autocast(layer), self.graph.as_default():
                self._inherit(around)
                given, options = self._placeholders((args, kwargs))
                returned = self.function(layer, *given, **options)
                losses = self._losses(returned)
                updates = self._updates() if self._training(layer, args, kwargs) is not False else []
                returned, losses = self._settled(returned, losses, updates)
        finally:
            CURRENT.calls.pop()
            self.graph.forget()
        self._add_losses(layer, losses)
        if self.method == "call" and self.state.called_with is None:
            self.state.called_with = called_with(args, kwargs)
        self.state.finished(self.method)
        return returned

    def scope(self) -> Any:
        """Return the variable scope that is open in the call's graph."""
        with self.graph.as_default():
            return get_variable_scope()

    def _settled(self, returned: Any, losses: list[Loss], updates: list[Operation]) -> tuple[Any, Any]:
        graph = self.graph
        returned, values = graph.natives((returned, [loss.value for loss in losses]), updates)
        adapter = graph.adapter
        leaves = [_narrow(leaf) if adapter.owns(leaf) else leaf for leaf in nest.flatten(returned)]
        returned = nest.pack(returned, leaves) if nest.is_nested(returned) else leaves[0]
        return returned, [loss._replace(value=value) for loss, value in zip(losses, values, strict=True)]

    # -- before ---------------------------------------------------------------------------------

    def _inherit(self, around: Any) -> None:
        root = get_variable_scope_store().current_scope
        layer = self.state.layer
        if keras.backend.is_float_dtype(layer.compute_dtype):
            root._dtype = keras.backend.standardize_dtype(keras.ops.zeros((), layer.compute_dtype).dtype)
        if around is None:
            return
        if around.reuse is True and not self.state.variables:
            raise ValueError(
                f"Layer {layer.name!r} is called for the first time inside variable_scope({around.name!r}, reuse=True) "
                "and has no variables to reuse: a Keras layer has variables of its own, whatever scope it is called "
                "in. Call it once outside of `reuse=True`, or leave that out."
            )
        for name in _INHERITED:
            setattr(root, name, getattr(around, name))

    def _placeholders(self, structure: Any) -> Any:
        layer = self.state.layer

        def stand_in(leaf: Any) -> Any:
            if keras.backend.is_keras_tensor(leaf):
                return self.graph.adopt(leaf)
            array = self.method == "call" and isinstance(leaf, np.ndarray) and layer._convert_input_args
            if not (array or self.graph.is_native(leaf)):
                return leaf
            # As `Layer.__call__` does, which is not there when Keras calls a method itself.
            return self.graph.fed(layer.dtype_policy.convert_input(leaf, layer.autocast, layer.input_dtype))

        return nest.pack(structure, [stand_in(leaf) for leaf in nest.flatten(structure)])

    # -- variables ------------------------------------------------------------------------------

    def _create(self, next_creator: Any, **kwargs: Any) -> Any:
        """Make the variables of the call's graph; `next_creator` is TensorFlow's, which is not asked."""
        if kwargs.pop("variable_def", None) is not None:
            raise Unsupported("variable_def= inside of a Keras layer: its variables are the layer's, not a graph's.")
        for name in ("import_scope", "expected_shape", "use_resource", "experimental_enable_variable_lifting"):
            kwargs.pop(name, None)
        again = self._again(kwargs)
        if again is not None:
            return again
        initializer = _of_keras(kwargs["initial_value"])
        if initializer is not None:
            sizes, dtype = kwargs["initial_value"].args[0], kwargs["initial_value"].keywords["dtype"]
            kwargs["initial_value"] = lambda: zeros(sizes, dtype)
        made: Any = TrackedVariable._from_args(**kwargs)
        made.listed = _listed(made, kwargs)
        name = made._shared_name
        if name in self.state.variables:
            return self._found(name, made)
        return self._made(name, made, initializer)

    def _again(self, given: dict[str, Any]) -> TrackedVariable | None:
        """Return a variable that is there since an earlier call, without building its initial value once more.

        None leaves the rest, and what does not fit, to the long way.
        """
        name = self.graph.unique_name(given["name"] or "Variable", mark_as_used=False)
        known = self.state.views.get(name)
        value = given["initial_value"]
        shape, dtype = (
            (given["shape"], given["dtype"])
            if callable(value)
            else (getattr(value, a, None) for a in ("shape", "dtype"))
        )
        if known is None or shape is None or dtype is None or as_dtype(dtype).base_dtype is not known._dtype:
            return None
        if not known._shape.is_compatible_with(shape):
            return None
        self.graph.unique_name(given["name"] or "Variable")
        if known not in self.graph.made:
            self.graph.made.add(known)
            add_to_collections(_listed(known, given), known)
        return known

    def _found(self, name: str, made: TrackedVariable) -> TrackedVariable:
        known = self.state.views.get(name)
        keeper = self.state.variables[name]
        if known is not None:
            if not made._shape.is_compatible_with(known._shape) or made._dtype is not known._dtype:
                raise ValueError(
                    f"Variable {name} of layer {self.state.layer.name!r} is of shape {known._shape} and dtype "
                    f"{known._dtype.name} since the layer's first call; this call makes it of shape {made._shape} and "
                    f"dtype {made._dtype.name}. Each call has to make the same variables."
                )
            made = made.moved_into(known)
        made._keeper = keeper
        self.graph.made.add(made)
        self.graph.bind(made._handle.op, made)
        self.state.views[name] = made
        return made

    def _made(self, name: str, made: TrackedVariable, initializer: Any) -> TrackedVariable:
        state = self.state
        state.check_open(self.method, name)
        array = self._initial_value(name, made)
        value = Given(array) if initializer is None else initializer
        dtype, autocast = self._variable_dtype(made)
        if name in state.pending and tuple(state.pending[name].shape) != array.shape:
            raise ValueError(
                f"Variable {name} of layer {state.layer.name!r} is of shape {array.shape}, and the file that was "
                f"loaded has it of shape {state.pending[name].shape}."
            )
        made._keeper = state.make(
            name,
            value,
            array.shape,
            dtype,
            {
                "trainable": made._trainable, "autocast": autocast, "constraint": made._constraint,
                "aggregation": made._aggregation.name.lower(), "synchronization": made._synchronization.name.lower(),
            },
        )  # fmt: skip
        made._shape = made._shape.merge_with(array.shape)
        self.graph.made.add(made)
        self.graph.bind(made._handle.op, made)
        state.views[name] = made
        return made

    def _initial_value(self, name: str, made: TrackedVariable) -> np.ndarray:
        tensor = made._initial_value
        feeds = [fed for fed in self.graph.run.known if fed.op.type == "Placeholder"]
        if any(operation.type == "Placeholder" for operation in needed([tensor.op], frozenset())):
            names = ", ".join(fed.op.name for fed in feeds)
            raise ValueError(
                f"The initial value of variable {name!r} depends on what the layer is called with ({names}), and there "
                "is none when the layer is built. Give a shape and an initializer: tf.get_variable(name, shape, ...)."
            )
        state = self.state
        current = {op: lambda v=v: state.current(v._shared_name) for op, v in self.graph.storages.items()}
        return initial(tensor, current)

    def _variable_dtype(self, made: TrackedVariable) -> tuple[str, bool]:
        """Return the dtype that the variable is kept in, and whether it is read in the layer's compute dtype."""
        layer, dtype = self.state.layer, made._dtype.name
        if dtype == layer.compute_dtype:
            return layer.variable_dtype, True
        return dtype, False

    # -- afterwards -----------------------------------------------------------------------------

    def _training(self, layer: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Return whether Keras trains, or None where nobody says."""
        try:
            given = inspect.signature(self.function).bind(layer, *args, **kwargs).arguments.get("training")
        except TypeError:
            given = None
        context = call_context()
        if given is None and context is not None:
            given = context.get_value("training")
        return False if given is None and inferring() else given

    def _updates(self) -> list[Operation]:
        updates = self.graph.get_collection(GraphKeys.UPDATE_OPS)
        return [update if isinstance(update, Operation) else update.op for update in updates]

    def _losses(self, returned: Any) -> list[Loss]:
        """Return the losses that Keras does not count itself; those of `losses="returned"` it counts no longer."""
        where = f"{self.state.layer.name}.{self.method}"
        losses, of_weights = counted(self.graph, returned, self.written.losses, where)
        for variable in of_weights:
            self.state.returned.add(variable._shared_name)
            variable.as_keras().regularizer = None
        return losses

    def _add_losses(self, layer: Any, losses: list[Loss]) -> None:
        scope = stateless_scope() or call_context()
        again = scope is not None and self.state.counted_in is scope
        self.state.counted_in = scope
        for loss in losses:
            # What weights alone decide counts once, however often a model calls the layer.
            if loss.of_inputs or not again:
                layer.add_loss(loss.value)


def _listed(variable: TrackedVariable, given: dict[str, Any]) -> Any:
    """Return the collections that a variable is in."""
    return checked_collections(
        given["collections"], variable._trainable, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.GLOBAL_VARIABLES
    )


def _of_keras(initial_value: Any) -> Any:
    """Return the initializer of Keras's that is to make an initial value, or None: it is left to Keras."""
    function = getattr(initial_value, "func", None)
    return function if isinstance(function, keras.initializers.Initializer) else None


def _narrow(value: Any) -> Any:
    """Return a native tensor in a dtype that exists outside of v1 code: jax has no 64-bit types by default."""
    owner = keras_adapter()
    dtype = str(value.dtype)
    if owner.name != "jax" or not dtype.endswith("64"):
        return value
    usual = str(keras.ops.convert_to_tensor(np.zeros((), dtype)).dtype)
    with owner.computing():
        return owner.astype(value, usual)
