"""What a Keras layer keeps for its tracked methods: the variables by their v1 names, seeds, and layers made inside."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any
from weakref import WeakKeyDictionary, ref

import keras
import numpy as np

from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.errors import Unsupported
from onevar.keras.current import keras_adapter, symbolic
from onevar.keras.tracked_graph import Computed
from onevar.keras.tracked_variable import TrackedVariable

#: The attribute of a layer that holds its state; it is no attribute that Keras tracks or saves.
ATTRIBUTE = "_onevar_v1"
#: The attribute of functions that are tracked methods.
TRACKED = "_onevar_tracked"
_SEEDS = "_v1_seed_generator"
_MAX_SEED = 2**31 - 2
# How many layers have taken their seed from that of a graph.
_seeded: WeakKeyDictionary[Graph, int] = WeakKeyDictionary()


class Given:
    """A `keras.Variable`'s initializer that gives an array.

    Args:
        array: The array.
    """

    def __init__(self, array: np.ndarray):
        self.array = array

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return the array as a native tensor.

        Args:
            shape: The array's.
            dtype: What it is cast to.
        """
        return keras.ops.convert_to_tensor(self.array, dtype=dtype)


class LayerState:
    """The tracked state of one layer.

    Args:
        layer: The layer.

    Attributes:
        variables: Name without `:0` to `keras.Variable`.
        views: Name to the v1 face that tracked methods get.
        complete: Names of the methods that have run to their end once.
        pending: Values of variables that are still to be made, out of a file.
        layers: Name to Keras layer that a tracked method made.
        pending_layers: Names of such layers that a file has weights of.
        lazy: What layers are called that a tracked method gave the layer as attributes.
        called_with: What `call` was called with first, as `tracked_saving` writes it.
        loaded: Whether `pending` came from a file.
        counted_in: The scope or call in which losses of weights were counted last.
        returned: Names of variables whose losses a method returns, and says that they are counted there.
    """

    def __init__(self, layer: Any):
        self._layer = ref(layer)
        self.variables: dict[str, Any] = {}
        self.views: dict[str, TrackedVariable] = {}
        self.complete: set[str] = set()
        self.pending: dict[str, np.ndarray] = {}
        self.layers: dict[str, Any] = {}
        self.pending_layers: set[str] = set()
        self.lazy: list[str] = []
        self.called_with: Any = None
        self.loaded = False
        self.counted_in: Any = None
        self.returned: set[str] = set()
        self._seed: int | None = None

    @property
    def layer(self) -> Any:
        """The layer."""
        return self._layer()

    # -- variables ------------------------------------------------------------------------------

    def make(self, name: str, initializer: Any, shape: Any, dtype: str, options: dict[str, Any]) -> Any:
        """Make a `keras.Variable` of the layer.

        Args:
            name: The v1 name, without `:0`.
            initializer: What makes the initial value, as Keras calls it.
            shape: That of the variable.
            dtype: That of the variable.
            options: `trainable`, `autocast`, `aggregation`, `synchronization`, and `constraint`.

        Raises:
            RuntimeError: A compiled function of jax is being traced.
        """
        if keras_adapter().is_traced(np.zeros(())) and not symbolic():
            raise RuntimeError(
                f"{self.layer.name!r} makes its variable {name!r} while jax compiles a function, which would lose it. "
                "Call the layer once on data before, or build the model."
            )
        constraint = options.pop("constraint")
        # TensorFlow 1 has counters among what is trainable, and gives them no gradient; frameworks refuse to.
        options["trainable"] &= keras.backend.is_float_dtype(dtype) or dtype.startswith("complex")
        *scopes, last = name.split("/")
        if self.loaded and name not in self.pending:
            raise ValueError(
                f"Layer {self.layer.name!r} makes variable {name}, for which the file that was loaded before its first "
                "call has nothing: it would begin anew, beside weights that do not."
            )
        if name in self.pending:
            initializer = Given(self.pending.pop(name))
        with _Scopes(self.layer, scopes):
            variable = keras.Variable(initializer, shape=tuple(shape), dtype=dtype, name=last, **options)
        if constraint is not None:
            variable.constraint = constraint if isinstance(constraint, keras.constraints.Constraint) else Computed(
                constraint
            )  # fmt: skip
        variable.v1_name = name
        self.track(lambda layer: layer._track_variable(variable))
        self.variables[name] = variable
        return variable

    def check_open(self, method: str, name: str) -> None:
        """Check that a method may still make variables.

        Args:
            method: Its name.
            name: Of the variable.

        Raises:
            ValueError: It has run before, and did not make this one.
        """
        if method in self.complete:
            raise ValueError(
                f"{name} is new in a later call of {type(self.layer).__name__}.{method}: the calls before made "
                f"{sorted([*self.variables, *self.layers])}. Each call has to make the same ones, or they would stay "
                "untrained and unsaved. If a branch makes more, as one for training, let every call go through it, or "
                "make its variables in `build`."
            )

    def finished(self, method: str) -> None:
        """Say that a method has run to its end.

        Args:
            method: Its name.

        Raises:
            ValueError: A file has values of variables that it did not make.
        """
        self.complete.add(method)
        if self.pending and method == "call" and self.tracked_methods() <= {"build", "call"}:
            raise ValueError(
                f"Layer {self.layer.name!r} made {sorted(self.variables)}; the file that was loaded before its first "
                f"call also has {sorted(self.pending)}."
            )

    def tracked_methods(self) -> set[str]:
        """Return the names of the layer's tracked methods."""
        kind = type(self.layer)
        return {name for name in dir(kind) if getattr(getattr(kind, name, None), TRACKED, False)}

    def track(self, add: Callable[[Any], Any]) -> None:
        """Add state to the layer, built or not.

        Args:
            add: Called with the layer.
        """
        with _unlocked(self.layer):
            add(self.layer)

    @contextmanager
    def first_call(self, method: str) -> Iterator[None]:
        """Let a method give the layer other layers inside the block, `self.dense = Dense(3)`, if it runs for the first
        time: that is how v1 variables come into being too.

        Args:
            method: Its name.
        """
        if method in self.complete:
            yield
            return
        layer = self.layer
        before = {id(inner) for inner in [*layer._layers, *self.layers.values()]}
        with _unlocked(layer):
            yield
        ours = {id(inner) for inner in self.layers.values()}
        new = [inner for inner in layer._layers if id(inner) not in before | ours]
        attributes = {id(value): name for name, value in layer_attributes(layer).items()}
        self.lazy += [attributes.get(id(inner), f"#{len(self.lazy) + at}") for at, inner in enumerate(new)]

    def current(self, name: str) -> np.ndarray:
        """Return the value that a variable has, or will have once it is initialized.

        Args:
            name: Of the variable.
        """
        variable = self.variables[name]
        if variable._value is None:
            initializer = variable._initializer
            if isinstance(initializer, Given):
                return initializer.array
            return keras.ops.convert_to_numpy(initializer(variable.shape, dtype=variable.dtype))
        return keras.ops.convert_to_numpy(variable._value)

    # -- seeds ----------------------------------------------------------------------------------

    @property
    def seed(self) -> int:
        """The graph-level seed of its calls: `tf.set_random_seed`'s, or Keras's."""
        if self._seed is None:
            self._seed = _new_seed(get_default_graph())
        return self._seed

    def generator(self) -> Any:
        """Return what says where the random numbers of a call begin; made with the layer's first call."""
        layer = self.layer
        found = getattr(layer, _SEEDS, None)
        if found is None:
            with _Scopes(layer, []):
                found = keras.random.SeedGenerator(self.seed, name="v1_random")
            self.track(lambda layer: setattr(layer, _SEEDS, found))
        return found


def layer_attributes(layer: Any) -> dict[str, Any]:
    """Return the layers that are attributes of a layer, by name.

    Args:
        layer: The layer.
    """
    attributes = {**vars(layer), **vars(layer).get("_modules", {})}  # on torch, a layer is a Module
    return {name: value for name, value in attributes.items() if isinstance(value, keras.Layer)}


@contextmanager
def _unlocked(layer: Any) -> Iterator[None]:
    """Let a layer take state inside the block, built or not."""
    tracker = layer._tracker
    locked = tracker.locked
    tracker.unlock()
    try:
        yield
    finally:
        if locked:
            tracker.lock()


def _new_seed(graph: Graph) -> int:
    if graph.seed is None:
        return random.randint(1, _MAX_SEED)  # Keras's own seeds come from there
    count = _seeded.get(graph, 0)
    _seeded[graph] = count + 1
    # The first layer's numbers are those of a graph with the seed, and no other layer's are the same.
    return (
        graph.seed if not count else int(np.random.SeedSequence([graph.seed, count]).generate_state(1)[0]) % _MAX_SEED
    )


class _Scopes:
    """The name scopes of Keras that give a variable of a layer its path.

    Args:
        layer: The layer.
        names: Of the v1 scopes.
    """

    def __init__(self, layer: Any, names: list[str]):
        self._scopes = [layer._open_name_scope(), *(keras.name_scope(name) for name in names if name)]

    def __enter__(self) -> None:
        for scope in self._scopes:
            scope.__enter__()

    def __exit__(self, *error: object) -> None:
        for scope in reversed(self._scopes):
            scope.__exit__(*error)


def state_of(layer: Any) -> LayerState:
    """Return the tracked state of a layer, made now if there is none.

    Args:
        layer: The layer.

    Raises:
        TypeError: It is no Keras layer.
        Unsupported: The layer's `super().__init__()` has not run.
    """
    if not isinstance(layer, keras.Layer):
        raise TypeError(
            "track_v1_variables must be applied to a method of a subclassed keras.layers.Layer or keras.Model, which "
            f"owns the variables. Received: a method of {type(layer).__name__}."
        )
    found = vars(layer).get(ATTRIBUTE)
    if found is None:
        if not hasattr(layer, "_tracker"):
            raise Unsupported(f"{type(layer).__name__}: call `super().__init__()` before a tracked method.")
        found = vars(layer)[ATTRIBUTE] = LayerState(layer)
    return found


class _Current(local):
    """The tracked calls that run in this thread, the innermost last."""

    def __init__(self) -> None:
        self.calls: list[Any] = []


CURRENT = _Current()
