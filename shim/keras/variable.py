"""A Variable of onevar as a `keras.Variable`: one state, which Keras tracks, trains and saves as its own.

The class derives from the `keras.Variable` of Keras's backend. What Keras calls `_value` is the native of a Cell, so
that whatever Keras does (an optimizer that writes in place, jax's trainer that takes values away and puts new ones
back) is done to the state of the onevar Variable too.
"""

from typing import Any

import keras
import numpy as np

from onevar.adapters.contract import Adapter
from onevar.cell import Cell
from onevar.core import registry
from onevar.core.context import THREAD
from onevar.core.values import to_tensor
from onevar.dtypes import standardize_dtype
from onevar.errors import Unsupported
from onevar.keras.current import keras_adapter, stateless_scope
from onevar.keras.linked_cell import KeptCell, SharedCell
from onevar.keras.views import LinkedVariable, as_onevar
from onevar.keras3 import KerasVariable
from onevar.variable import Variable as OnevarVariable

__all__ = ["Variable", "as_keras"]


class Variable(keras.Variable):
    """A `keras.Variable` whose state is in a Cell of onevar.

    Args:
        initializer: A value (of any framework: that of another one is copied), a onevar Variable (its value is
            copied; `as_keras` shares the state), or a callable or the name of one, such as `"glorot_uniform"`.
        shape: A tuple of ints; needed with a callable or a name.
        dtype: The dtype's name; by default that of the value, or `keras.config.floatx()`.
        trainable: Whether optimizers change it.
        autocast: Whether an `AutocastScope` applies.
        aggregation: As `keras.Variable`.
        synchronization: As `keras.Variable`.
        name: Without `/`; made up by default.
        layout: As `keras.Variable`.
        **kwargs: What the backend's own `keras.Variable` takes besides.

    Raises:
        ValueError: As `keras.Variable`.
        Unsupported: Keras runs with flax's NNX, whose variables keep their values themselves.
    """

    _cell: KeptCell

    def __init__(
        self, initializer: Any, shape: Any = None, dtype: Any = None, trainable: bool = True, autocast: bool = True,
        aggregation: str | None = "none", synchronization: str | None = "auto", name: str | None = None,
        layout: Any = None, **kwargs: Any,
    ):  # fmt: skip
        _refuse_nnx()
        if isinstance(initializer, OnevarVariable):
            face: Any = initializer
            name = name or face.path.rpartition("/")[2]
        if not callable(initializer) or isinstance(initializer, OnevarVariable):
            initializer, dtype = _value_of(initializer, dtype)
        super().__init__(
            initializer, shape=shape, dtype=dtype, trainable=trainable, autocast=autocast, aggregation=aggregation,
            synchronization=synchronization, name=name, layout=layout, **kwargs,
        )  # fmt: skip
        if self._cell_or_none is None:  # deferred: a StatelessScope is open
            self._cell = _new_cell(self)

    @classmethod
    def _over(cls, cell: Cell, face: KerasVariable, adapter: Adapter) -> "Variable":
        """Return the variable of a Cell that exists."""
        self = object.__new__(cls)
        self.__dict__.update(
            _name=face.name.replace("/", "_"), _path=face.path, _shape=cell.shape, _dtype=cell.dtype,
            _ndim=len(cell.shape), _initializer=face._initializer, _autocast=face.autocast, _layout=cell.layout,
            _aggregation=face.aggregation or "none", _synchronization=face.synchronization or "none",
            _views={"": face}, _annotated=face,
        )  # fmt: skip
        _share(cell, self)
        return self

    # -- the state, under the names that Keras's own methods use ---------------------------------

    @property
    def _cell_or_none(self) -> KeptCell | None:
        return self.__dict__.get("_cell")

    @property
    def _value(self) -> Any:
        cell = self.__dict__.get("_cell")
        return None if cell is None else cell.native

    @_value.setter
    def _value(self, native: Any) -> None:
        cell = self.__dict__.get("_cell")
        if cell is None:
            if native is None:
                return
            cell = self._cell = _new_cell(self)
        if native is not None and not cell.adapter.owns(native):
            native = cell.adapter.convert(native, cell.dtype)
        if native is not None and cell.adapter.name == "numpy":
            # Keras's own arrays are not aligned, and cannot be lent to everybody.
            native = cell.adapter.variable(native, trainable=cell.trainable, name=self._name, adopt=False)
        with cell.lock:
            cell.native = native
            if native is not None:
                spec = cell.adapter.spec(native)
                cell.device, cell.shape = spec.device, tuple(spec.shape)

    @property
    def _trainable(self) -> bool:
        cell = self.__dict__.get("_cell")
        return self._asked_trainable if cell is None else cell.trainable

    @_trainable.setter
    def _trainable(self, trainable: bool) -> None:
        self._asked_trainable = bool(trainable)
        cell = self.__dict__.get("_cell")
        if cell is not None:
            cell.trainable = bool(trainable)

    def _direct_assign(self, value: Any) -> None:
        cell = self._cell_or_none
        if cell is not None and cell.native is not None and cell.adapter.exported(cell.native):
            # What was shared stays as it is.
            cell.assign(value if cell.adapter.owns(value) else cell.adapter.convert(value))
        else:
            super()._direct_assign(value)

    # -- the other faces -------------------------------------------------------------------------

    @property
    def onevar(self) -> KerasVariable:
        """The Keras 3 face of onevar over this state; `.v1` of it is the face of TensorFlow 1."""
        return as_onevar(self)

    def _read(self) -> Any:
        return self._cell.snapshot()

    # -- copies -----------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> "Variable":
        """Return a variable with its own state."""
        rebuild, parts = self.__reduce__()
        twin = memo[id(self)] = rebuild(*parts)
        return twin

    def _notes(self) -> dict[str, Any]:
        names = (
            "_name", "_path", "_dtype", "_autocast", "_aggregation", "_synchronization", "_regularizer", "_constraint",
            "_overwrite_with_gradient",
        )  # fmt: skip
        return {**{name: getattr(self, name) for name in names}, "trainable": self.trainable}

    def __reduce__(self) -> tuple:
        return _restored, (type(self), np.array(keras.ops.convert_to_numpy(self._cell.stored())), self._notes())


def _annotation(name: str) -> property:
    """Return an attribute that is that of the onevar Variable, where there was one before."""

    def get(self: Variable) -> Any:
        face = self.__dict__.get("_annotated")
        return self.__dict__[name] if face is None else getattr(face, name)

    def put(self: Variable, value: Any) -> None:
        face = self.__dict__.get("_annotated")
        if face is None:
            self.__dict__[name] = value
        else:
            setattr(face, name, value)

    return property(get, put)


for _name in ("_regularizer", "_constraint", "_overwrite_with_gradient"):
    setattr(Variable, _name, _annotation(_name))


def _restored(cls: type[Variable], value: np.ndarray, notes: dict[str, Any]) -> Variable:
    notes = dict(notes)
    made = cls(value, dtype=notes["_dtype"], trainable=notes.pop("trainable"), name=notes["_name"])
    made.__dict__.update(notes)
    return made


def _new_cell(variable: Variable) -> KeptCell:
    """Return a Cell without a value for a variable that Keras is making."""
    adapter = keras_adapter()
    # A value says its shape itself, when it comes.
    cell = Cell(
        adapter, shape=tuple(variable._shape or ()), dtype=standardize_dtype(variable._dtype),
        device=adapter.devices()[0], trainable=variable._asked_trainable,
    )  # fmt: skip
    variable.__dict__.setdefault("_views", {})
    _share(cell, variable)
    return variable._cell


def _share(cell: Cell, variable: Variable) -> None:
    """Make a Cell one that asks Keras too; the object stays the same, whoever has it."""
    cell.keeper = variable
    # Operators ask Keras's scopes too: none of them takes the shortcut any more.
    cell.fast_dtype, cell.scalars = None, ()
    cell.__class__ = SharedCell
    variable.__dict__["_cell"] = cell


def _value_of(initializer: Any, dtype: Any) -> tuple[Any, Any]:
    """Return a value of Keras's framework, and the dtype that was asked for or that it has."""
    owner = registry.adapter_of(initializer)
    if isinstance(initializer, OnevarVariable):
        initializer, owner = initializer._read(), initializer._cell.adapter
    adapter = keras_adapter()
    if owner is None or owner is adapter:
        return initializer, dtype
    wanted = None if dtype is None else standardize_dtype(dtype)
    return to_tensor(initializer, adapter, call="onevar.keras.Variable(initializer)", dtype=wanted), dtype


def _refuse_nnx() -> None:
    if getattr(keras.config, "is_nnx_enabled", lambda: False)():
        raise Unsupported(
            "Keras runs with NNX (KERAS_NNX_ENABLED), whose variables keep their values themselves. Switch it off: "
            "keras.config.disable_nnx() is not there while a program runs, so start it without KERAS_NNX_ENABLED."
        )


def as_keras(variable: Any, session: Any = None) -> Any:
    """Return a Variable of onevar, of either face, as a `keras.Variable` over the same state; no copy.

    It goes wherever a `keras.Variable` goes: as an attribute of a layer it is tracked, trained and saved; optimizers,
    `fit`, `keras.ops` take it. What either side writes, the other sees.

    Args:
        variable: A Variable with the Keras 3 face; with the v1 face, computing at once; or of a graph, whose value is
            then that of a Session. A `keras.Variable` is returned as it is.
        session: The Session whose value a Variable of a graph stands for; by default the default one.

    Returns:
        The same object each time for the same state.

    Raises:
        ValueError: Its framework is not Keras's: the message names the cure. Or it is part of a graph and there is no
            Session, or its shape may change there.
        FailedPreconditionError: It has no value in the Session yet.
        TypeError: It is no Variable.
    """
    if isinstance(variable, keras.Variable):
        return variable
    if not isinstance(variable, OnevarVariable):
        raise TypeError(f"as_keras(variable): a Variable of onevar is wanted. Received: {type(variable).__name__}.")
    if isinstance(variable, LinkedVariable):
        return variable.keeper
    face = _face(variable, session)
    cell = face._cell
    if isinstance(cell, KeptCell):
        return cell.keeper
    adapter = keras_adapter()
    if cell.adapter is not adapter:
        raise ValueError(
            f"as_keras: Variable {face.path!r} is held by {cell.adapter.name}, and Keras computes with {adapter.name}. "
            f"Start the program with KERAS_BACKEND={cell.adapter.name}, make the Variable with "
            f"backend={adapter.name!r}, or copy its value: onevar.keras.Variable(v) is a new variable of Keras's."
        )
    _refuse_nnx()
    if stateless_scope() is not None and cell.native is None:
        raise ValueError(
            f"as_keras: Variable {face.path!r} is still to be initialized; leave the StatelessScope first."
        )
    return Variable._over(cell, face, adapter)


def _face(variable: Any, session: Any) -> KerasVariable:
    """Return the Keras 3 face of a Variable's state; of one in a graph, the state that a Session has."""
    if isinstance(variable, KerasVariable):
        return variable
    in_graph = getattr(variable, "_in_graph_mode", True)
    if in_graph and not variable.shape.is_fully_defined():
        raise ValueError(
            f"as_keras: the shape of {variable!r} may change when it is assigned to; a keras.Variable keeps its own."
        )
    if session is None or not in_graph:
        return variable.keras
    THREAD.sessions.append(session)
    try:
        return variable.keras
    finally:
        THREAD.sessions.pop()
