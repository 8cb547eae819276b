"""`tf.layers.Layer`: layers whose variables live in variable scopes, as TensorFlow 1 has them."""

import copy
import re
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from onevar.core import nest
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_collection_ref, get_default_graph
from onevar.core.dtype import as_dtype, float32
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.errors import Unsupported
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_ops import glorot_uniform_initializer, zeros_initializer
from onevar.v1.keras_constraints import get as constraint_of
from onevar.v1.keras_initializers import get as initializer_of
from onevar.v1.keras_regularizers import get as regularizer_of
from onevar.v1.layers_call import CallSignature, all_symbolic, as_tensors, running
from onevar.v1.layers_input_spec import check_inputs
from onevar.v1.layers_state import LayerState, parts_of
from onevar.v1.variable_enums import VariableAggregation, VariableSynchronization
from onevar.v1.variable_scopes import VariableScope, get_variable, variable_scope

#: What Keras's layers take beside; most of it says nothing here.
_OPTIONS = (
    "input_dim", "input_shape", "batch_input_shape", "batch_size", "weights", "activity_regularizer", "autocast",
    "implementation",
)  # fmt: skip
# How many layers of each class a graph has had: what `Layer.name` is numbered by.
_counts: WeakKeyDictionary[Graph, dict[str, int]] = WeakKeyDictionary()


@export("layers.Layer")
class Layer(LayerState):
    """A function of tensors that has variables, made when it is first called.

    Subclasses define `call`, and `build` if they have variables. The variables' names begin with the name of the
    layer's variable scope: that of the layer, made unique, or what `_scope` or the call's `scope` says.

    Args:
        trainable: Whether its variables join `GraphKeys.TRAINABLE_VARIABLES`.
        name: Of the layer and its scope; None takes the class's name in snake case, made unique.
        dtype: Of its variables; None takes that of the first input.
        dynamic: Whether it can only run eagerly.
        **kwargs: `_scope`, a VariableScope or its name; `_reuse`, whether variables are found and not made;
            `activity_regularizer`, `weights` and what else Keras's layers take.

    Raises:
        TypeError: There is no such argument.
    """

    def __init__(
        self, trainable: Any = True, name: Any = None, dtype: Any = None, dynamic: bool = False, **kwargs: Any
    ):
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        unknown = next((key for key in kwargs if key not in _OPTIONS), None)
        if unknown is not None:
            raise TypeError("Keyword argument not understood:", unknown)
        if dynamic:
            raise Unsupported(f"{type(self).__name__}(dynamic=True): layers here run in graphs. Leave `dynamic` out.")
        self.built = False
        self._set_names(name)
        self._init_state(trainable, dtype, kwargs)
        self._signature = CallSignature(self.call)
        self._scope: VariableScope | None = None
        self._current_scope: Any = None
        self._reusing_scope: variable_scope | None = None
        if scope:
            with variable_scope(scope) as captured:
                self._scope = captured

    def _set_names(self, name: Any) -> None:
        self._name, self._base_name = name, name
        if isinstance(name, VariableScope):
            self._name, self._base_name = self._make_unique_name()[0], name.name
        elif not name:
            self._name, self._base_name = self._make_unique_name()

    def _make_unique_name(self) -> tuple[str, str]:
        """Return a name for the layer, and the class's name in snake case that it begins with."""
        base = _snake_case(type(self).__name__)
        graph = get_default_graph()
        while graph.outer is not None:
            graph = graph.outer
        counts = _counts.setdefault(graph, {})
        counts[base] = counts.get(base, 0) + 1
        return f"{base}_{counts[base]}", base

    # -- for subclasses ---------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the variables; called once, before the first `call`.

        Args:
            input_shape: A TensorShape, or a structure of such like that of the inputs.
        """
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs.

        Args:
            inputs: A tensor, or a structure of tensors.
            *args: What else the layer was called with.
            **kwargs: What else the layer was called with.
        """
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs for the shape of the inputs.

        Args:
            input_shape: What `TensorShape` takes.

        Raises:
            NotImplementedError: The layer does not say.
        """
        raise NotImplementedError

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the outputs.

        Args:
            inputs: The inputs.
            mask: Theirs.

        Raises:
            TypeError: There is one, and the layer does not support masks.
        """
        if self.supports_masking:
            return mask
        if any(one is not None for one in nest.flatten(mask)):
            raise TypeError(f"Layer {self.name} does not support masking, but was passed an input_mask: {mask}")
        return None

    # -- scopes -----------------------------------------------------------------------------------

    @property
    def scope_name(self) -> str:
        """The name of its variable scope.

        Raises:
            ValueError: It is not known before the first call.
        """
        if not self._scope:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been used yet. The scope '
                "name  is determined the first time the layer instance is called. You must therefore call the layer "
                "before querying `scope_name`."
            )
        return self._scope.name

    @property
    def graph(self) -> None:
        """Nothing: layers do not keep to one graph.

        Raises:
            RuntimeError: In eager mode.
        """
        if executing_eagerly():
            raise RuntimeError("Layer.graph not supported when executing eagerly.")

    def _set_scope(self, scope: Any = None) -> None:
        if self._scope is not None:
            return
        if self._reuse:
            context = variable_scope(scope if scope is not None else self._base_name)
        else:
            context = variable_scope(scope, default_name=self._base_name)
        with context as captured:
            self._scope = captured

    def _name_scope(self) -> str:
        """Return the name scope that its operations are made in."""
        return self._current_scope.original_name_scope

    def _context(self) -> variable_scope:
        if not self.built:
            return variable_scope(self._scope, reuse=self._reuse, auxiliary_name_scope=False)
        found = getattr(self, "_reusing_scope", None)
        if found is None or (found.graph is not None and found.graph.keras_call is not None):
            # In a Keras layer each call builds a graph of its own.
            found = variable_scope(self._scope, reuse=True, auxiliary_name_scope=False)
            if not executing_eagerly():
                self._reusing_scope = found
        return found

    # -- variables --------------------------------------------------------------------------------

    def add_weight(
        self, name: str | None = None, shape: Any = None, dtype: Any = None, initializer: Any = None,
        regularizer: Any = None, trainable: bool | None = None, constraint: Any = None,
        use_resource: bool | None = None, synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE, partitioner: Any = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Make a variable of the layer, or find it where its scope reuses variables.

        Args:
            name: Below the layer's scope.
            shape: The shape; `()` if None.
            dtype: The dtype; the layer's if None.
            initializer: As for `tf.get_variable`, or a name.
            regularizer: A function of the variable; what it returns joins the losses.
            trainable: Whether it is trained, if the layer is.
            constraint: What optimizers apply after an update.
            use_resource: Whether it is a resource variable.
            synchronization: When copies are aggregated.
            aggregation: How copies are aggregated.
            partitioner: As for `tf.get_variable`.
            **kwargs: `experimental_autocast`, of no consequence.

        Returns:
            The Variable, or a PartitionedVariable.

        Raises:
            TypeError: There is no such argument.
            ValueError: It is trainable, and synchronized on reading.
        """
        for key in kwargs:
            if key != "experimental_autocast":
                raise TypeError("Unknown keyword argument:", key)
        trainable = _trainable_for(synchronization, trainable)
        dtype = as_dtype(self.dtype or float32 if dtype is None else dtype)
        self._set_scope(None)
        before = len(self._trainable_weights)
        with variable_scope(self._scope, reuse=self.built or self._reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            existing = _identities(get_collection_ref(GraphKeys.GLOBAL_VARIABLES)) if regularizer else ()
            with name_scope(self._name_scope()):
                wanted = trainable and self.trainable
                initializer = scope.initializer if initializer is None else initializer
                variable = self._get(
                    name, () if shape is None else shape, dtype, initializer,
                    trainable=bool(wanted), constraint=constraint_of(constraint), partitioner=partitioner,
                    use_resource=use_resource or scope.use_resource, synchronization=synchronization,
                    aggregation=aggregation,
                )  # fmt: skip
                if regularizer and (executing_eagerly() or all(id(v) not in existing for v in parts_of(variable))):
                    self._regularize(name or "", variable, regularizer_of(regularizer))
                if wanted and not executing_eagerly() and not _is_trainable(variable):
                    # A custom getter decided otherwise.
                    self._non_trainable_weights += self._trainable_weights[before:]
                    del self._trainable_weights[before:]
        return variable

    def _get(self, name: Any, shape: Any, dtype: Any, initializer: Any, trainable: bool, **options: Any) -> Any:
        if self._dtype is None:
            self._dtype = dtype.base_dtype
        initializer = initializer_of(initializer)
        if initializer is None and dtype.is_floating:
            initializer = glorot_uniform_initializer()
        elif initializer is None and (dtype.is_integer or dtype.is_unsigned or dtype.is_bool):
            initializer = zeros_initializer()
        variable = get_variable(name, shape, dtype, initializer, trainable=trainable, **options)
        weights = self._trainable_weights if trainable else self._non_trainable_weights
        weights.extend(parts_of(variable))
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """The older name of `add_weight`.

        Args:
            *args: As for `add_weight`.
            **kwargs: The same.
        """
        return self.add_weight(*args, **kwargs)

    def add_loss(self, losses: Any, inputs: Any = None) -> list[Any]:
        """Add losses to the layer, and to `GraphKeys.REGULARIZATION_LOSSES`.

        Args:
            losses: Tensors, or functions without arguments that make one each time `losses` is read.
            inputs: What they depend on; None says that they hold whatever the inputs are.

        Returns:
            The tensors, as they are in the graph now.
        """
        added = super().add_loss(losses, inputs)
        if not executing_eagerly():
            _add_once(GraphKeys.REGULARIZATION_LOSSES, added)
        return added

    # -- calls ------------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the variables if that has not been done, and return the outputs.

        Args:
            inputs: A tensor, or a structure of tensors.
            *args: More for `call`.
            **kwargs: More for `call`. `scope` is the layer's: its variable scope, if it has none yet.

        Raises:
            ValueError: The inputs are not what `input_spec` says, or `call` returns None.
        """
        scope = kwargs.pop("scope", None)
        self._set_scope(scope)
        with self._context() as entered:
            self._current_scope = entered
            if "scope" in self._signature.names:
                kwargs["scope"] = entered
            outputs = self._run(inputs, args, kwargs)
        if not executing_eagerly():
            _add_once(GraphKeys.UPDATE_OPS, self.updates)
        return outputs

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """The older name of calling the layer.

        Args:
            *args: As for a call.
            **kwargs: The same.
        """
        return self(*args, **kwargs)

    def _run(self, inputs: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        symbolic = all_symbolic(nest.flatten(inputs))
        inputs = as_tensors(inputs)
        args, training = self._signature.training(args, kwargs)
        with running(inputs, training):
            if symbolic:
                check_inputs(self.input_spec, inputs, self.name)
            with name_scope(self._name_scope()):
                self._maybe_build(inputs)
                outputs = self.call(inputs, *args, **kwargs)
                if outputs is None and symbolic:
                    raise ValueError(
                        "A layer's `call` method should return a Tensor or a list of Tensors, not None (layer: "
                        f"{self.name})."
                    )
                self._regularize_activity(inputs, outputs)
        return outputs

    def _maybe_build(self, inputs: Any) -> None:
        if not self.built:
            check_inputs(self.input_spec, inputs, self.name)
            leaves = nest.flatten(inputs)
            if leaves and self.dtype is None and hasattr(leaves[0], "dtype"):
                self._dtype = dtype_of(leaves[0])
            if any(hasattr(leaf, "shape") for leaf in leaves):
                self.build(nest.pack(inputs, [_shape(leaf) for leaf in leaves]))
            else:
                self.build(None)
            self.built = True
        if self._initial_weights is not None:
            weights, self._initial_weights = self._initial_weights, None
            self.set_weights(weights)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Layer":
        made = self.__class__.__new__(self.__class__)
        memo[id(self)] = made
        for key, value in self.__dict__.items():
            if key == "_signature":
                continue
            leaves = nest.flatten(value)
            if leaves and isinstance(leaves[0], Tensor):
                made.__dict__[key] = value
            elif key in ("_scope", "_reusing_scope", "_current_scope"):
                made.__dict__[key] = copy.copy(value)
            else:
                made.__dict__[key] = copy.deepcopy(value, memo)
        made._signature = CallSignature(made.call)
        return made


def _trainable_for(synchronization: Any, trainable: bool | None) -> bool:
    """Return whether a variable is trainable that says nothing.

    Raises:
        ValueError: It is, and is synchronized on reading.
    """
    if synchronization != VariableSynchronization.ON_READ:
        return True if trainable is None else trainable
    if trainable:
        raise ValueError(
            "Synchronization value can be set to VariableSynchronization.ON_READ only for non-trainable variables. You "
            "have specified trainable=True and synchronization=VariableSynchronization.ON_READ."
        )
    return False


def _snake_case(name: str) -> str:
    name = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    name = re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
    # Scopes cannot begin with an underscore.
    return f"private{name}" if name[0] == "_" else name


def _shape(leaf: Any) -> Any:
    return shape_of(leaf) if hasattr(leaf, "shape") else None


def _identities(items: Iterable[Any]) -> set[int]:
    return {id(item) for item in items}


def _is_trainable(variable: Any) -> bool:
    return any(variable is other for other in get_collection_ref(GraphKeys.TRAINABLE_VARIABLES))


def _add_once(name: str, elements: list[Any]) -> None:
    collection = get_collection_ref(name)
    there = _identities(collection)
    collection.extend(element for element in elements if id(element) not in there)
