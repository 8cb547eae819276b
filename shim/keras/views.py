"""A `keras.Variable` as a Variable of onevar: with the Keras 3 face, and with those of `tf.compat.v1`.

All of them are views of one state, Keras's: what an optimizer, `fit` or `assign` writes is seen by each of them, and
what is written through one of them is Keras's.
"""

from typing import Any
from weakref import WeakKeyDictionary

import keras

from onevar.adapters.contract import Adapter, Native, Tensor
from onevar.cell import Cell
from onevar.core.default_graph import get_default_graph
from onevar.keras import scope_beside  # noqa: F401  (from here on both libraries' scopes hold)
from onevar.keras.current import keras_adapter, scoped
from onevar.keras.linked_cell import KeptCell, linked_cell
from onevar.keras.view_faces import EagerView, GraphView
from onevar.keras3 import _ANNOTATIONS, KerasVariable, _unflatten
from onevar.scopes import ACTIVE, LOCAL
from onevar.v1.init_scopes import init_scope
from onevar.variable import join_frameworks


class LinkedVariable(KerasVariable):
    """The Keras 3 face of onevar over the state of a `keras.Variable`; see `as_onevar`."""

    _cell: KeptCell

    def __init__(self, variable: Any):
        self._cell = linked_cell(variable)

    @property
    def value(self) -> Tensor:
        """The value as a tensor, as the scopes of Keras and of onevar have it."""
        return self._scoped_value() if ACTIVE else self._cell.snapshot()

    _read = value.fget  # type: ignore[assignment,attr-defined]

    def _scoped_value(self) -> Tensor:
        scope = LOCAL.stateless
        value = None if scope is None else scope.get_current_value(self)
        return self._cell.adapter.astype(self._cell.snapshot() if value is None else value, self.dtype)

    @property
    def native(self) -> Native:
        """The framework's own object; inside a scope of Keras's what the variable reads as there."""
        return self._cell.snapshot() if scoped() else self._cell.native

    @property
    def dtype(self) -> str:
        """The dtype's name; inside an AutocastScope, Keras's or onevar's, that of the scope."""
        return super().dtype if LOCAL.autocast is not None else keras.backend.standardize_dtype(self.keeper.dtype)

    @property
    def keeper(self) -> Any:
        """The `keras.Variable`."""
        return self._cell.keeper

    @property
    def v1(self) -> EagerView:
        """The `tf.compat.v1` face of this state, as it is in eager execution."""
        return eager_view(self.keeper)

    def as_keras(self, session: Any = None) -> Any:
        """Return the `keras.Variable` itself.

        Args:
            session: Accepted; the state is not a Session's.
        """
        return self.keeper

    def _clone(self, *, device: str | None = None) -> KerasVariable:
        twin: KerasVariable = object.__new__(KerasVariable)
        vars(twin).update({name: getattr(self, name) for name in _ANNOTATIONS}, _initializer=None)
        old = self._cell
        cell = Cell(old.adapter, shape=old.shape, dtype=old.dtype, device=device or old.device, trainable=old.trainable)
        cell.layout = old.layout if device is None else None
        cell.fill(old.adapter.convert(old.stored(), device=device or old.where), name=self._name)
        twin._cell = cell
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _itself, (self._clone(),)


def _itself(variable: KerasVariable) -> KerasVariable:
    return variable


def _forwarded(name: str) -> property:
    """Return an attribute that the `keras.Variable` has under the same name."""

    def get(self: LinkedVariable) -> Any:
        return getattr(self._cell.keeper, name)

    def put(self: LinkedVariable, value: Any) -> None:
        setattr(self._cell.keeper, name, value)

    return property(get, put)


for _name in (*_ANNOTATIONS, "_initializer"):
    setattr(LinkedVariable, _name, _forwarded(_name))


def _static(variable: LinkedVariable) -> tuple:
    return (KerasVariable, variable.trainable, *(getattr(variable, name) for name in _ANNOTATIONS))


join_frameworks(LinkedVariable, _static, _unflatten)


def as_onevar(variable: Any) -> KerasVariable:
    """Return a `keras.Variable` as a Variable of onevar, with Keras 3's signature; no copy.

    It goes where Variables go: `onevar.share`, functions of the framework, `.v1` for code of TensorFlow 1 that
    computes at once. Keras's scopes hold for it, and what Keras writes is seen.

    Args:
        variable: Of Keras's backend; a `onevar.keras.Variable` gives the face that it was made of.

    Returns:
        The same object each time.

    Raises:
        TypeError: It is no `keras.Variable`.
    """
    if isinstance(variable, KerasVariable):
        return variable
    checked(variable, "as_onevar")
    cell = linked_cell(variable)
    found = cell.views.get("")
    if found is None:
        found = cell.views[""] = LinkedVariable(variable)
    return found


def eager_view(variable: Any, name: str | None = None) -> EagerView:
    """Return a `keras.Variable` as a v1 Variable that computes at once; no copy.

    Reads and writes are Keras's: a `StatelessScope`, an `AutocastScope` and variables that are still to be
    initialized are minded.

    Args:
        variable: Of Keras's backend.
        name: The v1 name, without `:0`; by default Keras's path.

    Returns:
        The same object each time, for each name.

    Raises:
        TypeError: It is no `keras.Variable`.
    """
    checked(variable, "eager_view")
    views = linked_cell(variable).views
    key = name or variable.path
    found = views.get(key)
    if found is None:
        found = views[key] = EagerView(variable, key)
    return found


#: The views that each graph has, by the id of the `keras.Variable`, which they keep alive.
_IN_GRAPHS: WeakKeyDictionary[Any, dict[int, GraphView]] = WeakKeyDictionary()


def graph_view(variable: Any, name: str | None = None, collections: Any = None) -> GraphView:
    """Return a `keras.Variable` as a variable of the default v1 graph; no copy.

    Its value in every Session is Keras's. It is initialised already, and its initializer leaves it as it is.

    Args:
        variable: Of Keras's backend.
        name: In the graph, from its root; by default Keras's path. Made unique.
        collections: Where the graph lists it; by default in `GLOBAL_VARIABLES`, and in `TRAINABLE_VARIABLES` if Keras
            trains it.

    Returns:
        The same object each time, in each graph.

    Raises:
        TypeError: It is no `keras.Variable`.
    """
    checked(variable, "graph_view")
    with init_scope():
        views = _IN_GRAPHS.setdefault(get_default_graph(), {})
        found = views.get(id(variable))
        if found is None:
            found = views[id(variable)] = GraphView(variable, name or variable.path, collections)
    return found


def checked(variable: Any, call: str) -> Adapter:
    """Return the adapter of Keras's backend if `variable` is a `keras.Variable`.

    Args:
        variable: Anything.
        call: What was called, for the error.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(variable, keras.Variable):
        raise TypeError(f"{call}(variable): a keras.Variable is wanted. Received: {type(variable).__name__}.")
    return keras_adapter()
