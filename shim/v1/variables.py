"""The tf.compat.v1 face of a Variable: what it is called with, and how it is made.

In a graph a Variable owns operations, and each Session holds a value of its own; eagerly it owns its value. The two
kinds of TensorFlow 1 are `onevar.v1.ref_variable.RefVariable` and `onevar.v1.resource_variable.ResourceVariable`.
"""

import inspect
from collections.abc import Callable
from typing import Any

from onevar import variable
from onevar.cell import Cell
from onevar.core.context import THREAD, executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.operation import Reference
from onevar.core.tensor_shape import TensorShape
from onevar.v1 import variable_proto
from onevar.v1.export import export
from onevar.v1.init_scopes import init_scope
from onevar.v1.variable_enums import (
    VariableAggregation,
    VariableSynchronization,
    validate_synchronization_aggregation_trainable,
)
from onevar.v1.variable_members import Members
from onevar.v1.variable_proto import SaveSliceInfo

__all__ = [
    "SaveSliceInfo",
    "Variable",
    "VariableAggregation",
    "VariableSynchronization",
    "is_resource_variable",
    "make_variable",
    "resource_variables_enabled",
    "validate_synchronization_aggregation_trainable",
]


@export("Variable")
class Variable(Members, variable.Variable):
    """A variable of TensorFlow 1, with every argument and method of `tf.compat.v1.Variable`.

    Args:
        initial_value: A value, a tensor, or a function without arguments that returns one.
        trainable: Whether optimizers change it; None for what `synchronization` says.
        collections: Where the graph lists it; by default in `GLOBAL_VARIABLES`.
        validate_shape: Whether its shape is that of `initial_value`; False lets it change.
        caching_device: Where reads are kept, or None.
        name: By default `Variable`; made unique.
        variable_def: A `VariableDef` that says which operations of the graph it is made of, and nothing else is given.
        dtype: What `initial_value` is converted to.
        expected_shape: Ignored, as TensorFlow does.
        import_scope: What is put before the names in `variable_def`.
        constraint: What optimizers apply after an update.
        use_resource: Whether it is a resource; None for what the scope and `tf.enable_resource_variables` say.
        synchronization: When replicas become one value.
        aggregation: How they do.
        shape: Its shape, where that is not the initial value's; `TensorShape(None)` for any.

    Raises:
        ValueError: No initial value, or arguments that contradict each other.
    """

    SaveSliceInfo = SaveSliceInfo
    __array_priority__ = 100

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return what the variable creators of the graph make; `__init__` has nothing left to do."""
        if cls is not Variable:
            return object.__new__(cls)
        return make_variable(*args, **kwargs)

    def __init__(
        self, initial_value: Any = None, trainable: bool | None = None, collections: Any = None,
        validate_shape: bool = True, caching_device: Any = None, name: str | None = None, variable_def: Any = None,
        dtype: Any = None, expected_shape: Any = None, import_scope: str | None = None,
        constraint: Callable | None = None, use_resource: bool | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE, shape: Any = None,
    ):  # fmt: skip
        """Do nothing: see `__new__`."""

    # -- what it is -----------------------------------------------------------------------------

    _in_graph_mode: bool
    _name: str
    _save_slice_info: variable_proto.SaveSliceInfo | None = None
    _synchronization: VariableSynchronization
    _aggregation: VariableAggregation
    _trainable: bool
    _constraint: Callable | None

    @property
    def trainable(self) -> bool:
        """Whether optimizers change it."""
        return self._trainable

    @property
    def synchronization(self) -> VariableSynchronization:
        """When replicas become one value."""
        return self._synchronization

    @property
    def aggregation(self) -> VariableAggregation:
        """How replicas become one value."""
        return self._aggregation

    @property
    def constraint(self) -> Callable | None:
        """What optimizers apply after an update."""
        return self._constraint

    @property
    def name(self) -> str:
        """`"scope/w:0"`."""
        return self._name

    @property
    def _shared_name(self) -> str:
        return self.name.partition(":")[0]

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self.shape

    def ref(self) -> Reference:
        """Return a hashable reference to it; a Variable is hashable by identity itself."""
        return Reference(self)

    def experimental_ref(self) -> Reference:
        """Return `ref()`."""
        return self.ref()

    def _get_save_slice_info(self) -> variable_proto.SaveSliceInfo | None:
        return self._save_slice_info

    def _set_save_slice_info(self, save_slice_info: variable_proto.SaveSliceInfo) -> None:
        self._save_slice_info = save_slice_info

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> "Variable":
        """Return the variable that a `VariableDef` describes, of operations that the default graph has.

        Args:
            variable_def: The message.
            import_scope: What is put before the names in it.
        """
        kind = _kind(bool(getattr(variable_def, "is_resource", False)))
        return kind._from_def(variable_def, import_scope)

    # -- the state ------------------------------------------------------------------------------

    @property
    def _cell(self) -> Cell:  # type: ignore[override]
        session = THREAD.sessions[-1] if THREAD.sessions else None
        if session is None:
            raise ValueError(
                f"{self!r} is part of a graph, and its values are in Sessions: there is no default session. Use "
                "`with sess.as_default():` after sess.run(tf.global_variables_initializer())."
            )
        return session.cell(self)

    def _read(self) -> Any:
        return self._cell.snapshot()

    @property
    def keras(self) -> Any:
        """The Keras 3 face of the same state: the default session's, or the Variable's own eagerly.

        Raises:
            ValueError: There is no default session.
            FailedPreconditionError: It has no value yet.
        """
        from onevar.v1.variable_faces import keras_face  # only who asks for it needs both faces

        return keras_face(self)

    @property
    def v1(self) -> "Variable":
        """This face of the state."""
        return self

    @property
    def path(self) -> str:
        """The name without `:0`, as the Keras 3 face has it."""
        return self._shared_name

    def _clone(self, *, device: str | None = None) -> Any:
        raise NotImplementedError(f"{self!r} is part of a graph and cannot be copied; `v.keras` is a view that can.")

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.get_shape()} dtype={self.dtype.name}>"

    def __copy__(self) -> "Variable":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise NotImplementedError("__deepcopy__() is only available when eager execution is enabled.")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"{self!r} is part of a graph and cannot be pickled.")

    @property
    def __len__(self) -> Any:
        raise _NoLength(f"object of type '{type(self).__name__}' has no len()")


#: TensorFlow's variables have no `__len__`: to `hasattr` this says so, and to users of `len` it is the TypeError that
#: it is of any object without one. So it goes by that name.
_NoLength = type("TypeError", (AttributeError, TypeError), {"__module__": "builtins"})


# The signature that `help` and editors show; the class above has the Keras 3 face's.
Variable.__signature__ = inspect.signature(Variable.__init__.__get__(object()))  # type: ignore[attr-defined]


#: Called with the name of each variable that is about to be made; who must know of it may raise.
CREATION_CHECKS: list[Callable[[Any], None]] = []

# -- making -----------------------------------------------------------------------------------------


def make_variable(
    initial_value: Any = None, trainable: bool | None = None, collections: Any = None, validate_shape: bool = True,
    caching_device: Any = None, name: str | None = None, variable_def: Any = None, dtype: Any = None,
    expected_shape: Any = None, import_scope: str | None = None, constraint: Callable | None = None,
    use_resource: bool | None = None, synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE, shape: Any = None, **options: Any,
) -> Any:  # fmt: skip
    """Return a new variable, made by the graph's variable creators, the innermost first.

    Args:
        initial_value: As all that follow: see `Variable`.
        trainable: See `Variable`.
        collections: See `Variable`.
        validate_shape: See `Variable`.
        caching_device: See `Variable`.
        name: See `Variable`.
        variable_def: See `Variable`.
        dtype: See `Variable`.
        expected_shape: See `Variable`.
        import_scope: See `Variable`.
        constraint: See `Variable`.
        use_resource: See `Variable`.
        synchronization: See `Variable`.
        aggregation: See `Variable`.
        shape: See `Variable`.
        **options: What `tf.Variable` of TensorFlow 2 takes besides (`experimental_enable_variable_lifting`).

    Raises:
        TypeError: An argument that neither has.
    """
    unknown = options.keys() - {"experimental_enable_variable_lifting"}
    if unknown:
        raise TypeError(f"Variable() got an unexpected keyword argument '{min(unknown)}'")
    for check in CREATION_CHECKS:
        check(name)
    create = default_variable_creator
    for creator in get_default_graph().creator_stack:
        create = _chained(creator, create)
    return create(
        initial_value=initial_value, trainable=trainable, validate_shape=validate_shape,
        caching_device=caching_device, name=name, variable_def=variable_def, dtype=dtype, import_scope=import_scope,
        constraint=constraint, synchronization=synchronization,
        aggregation=VariableAggregation.NONE if aggregation is None else aggregation, shape=shape,
        expected_shape=expected_shape, collections=collections, use_resource=use_resource,
        experimental_enable_variable_lifting=options.get("experimental_enable_variable_lifting"),
    )  # fmt: skip


def _chained(creator: Callable, following: Callable) -> Callable:
    def create(**kwargs: Any) -> Any:
        return creator(following, **kwargs)

    return create


def default_variable_creator(next_creator: None = None, **kwargs: Any) -> Variable:
    """Return a new variable of the kind that the arguments, the scope and the switch say.

    Args:
        next_creator: None: it is the last.
        **kwargs: As `Variable`.
    """
    use_resource = kwargs.pop("use_resource", None)
    variable_def = kwargs.pop("variable_def", None)
    import_scope = kwargs.pop("import_scope", None)
    kwargs.pop("expected_shape", None)
    kwargs.pop("experimental_enable_variable_lifting", None)
    if use_resource is None:
        from onevar.v1.variable_scopes import get_variable_scope  # scopes make variables

        use_resource = get_variable_scope().use_resource
    if use_resource is None:
        use_resource = resource_variables_enabled()
    kind = _kind(bool(use_resource) or executing_eagerly())
    if variable_def is None:
        return kind._from_args(**kwargs)
    if kwargs.get("initial_value") is not None:
        raise ValueError("variable_def and initial_value are mutually exclusive.")
    return kind._from_def(variable_def, import_scope)


def _kind(is_resource: bool) -> Any:
    # Both derive from Variable.
    if is_resource:
        from onevar.v1.resource_variable import ResourceVariable

        return ResourceVariable
    from onevar.v1.ref_variable import RefVariable

    return RefVariable


def is_resource_variable(var: Any) -> bool:
    """Whether `var` is a resource variable, or asks to be taken for one.

    Args:
        var: Anything.
    """
    return (isinstance(var, Variable) and hasattr(var, "handle")) or hasattr(var, "_should_act_as_resource_variable")


_resource_by_default = [False]


@export("enable_resource_variables")
def enable_resource_variables() -> None:
    """Make resource variables where nothing else is said."""
    _resource_by_default[0] = True


@export("disable_resource_variables")
def disable_resource_variables() -> None:
    """Make reference variables where nothing else is said, as is the default here."""
    _resource_by_default[0] = False


@export("resource_variables_enabled")
def resource_variables_enabled() -> bool:
    """Whether resource variables are made where nothing else is said."""
    return _resource_by_default[0]


# -- what both kinds check ----------------------------------------------------------------------------


def checked_collections(collections: Any, trainable: bool, trainable_key: str, default: str) -> Any:
    """Return the collections of a new variable.

    Args:
        collections: As given; None for the default.
        trainable: Whether it belongs in the trainable ones.
        trainable_key: The name of those.
        default: Where it is by default.

    Raises:
        ValueError: It is no list, tuple or set.
    """
    if collections is None:
        collections = [default]
    if not isinstance(collections, list | tuple | set):
        raise ValueError(
            "collections argument to Variable constructor must be a list, tuple, or set. "
            f"Got {collections} of type {type(collections)}"
        )
    if trainable and trainable_key not in collections:
        collections = [*collections, trainable_key]
    return collections


def initial_scope() -> Any:
    """Return the scope that variables are made in: outside of control flow and control dependencies."""
    return init_scope()


def keep_regularizer(variable: Any, regularizer: Callable, loss: Any) -> None:
    """Tell a variable what regularizes it, if it wants to know: one that belongs to somebody who counts the losses.

    Args:
        variable: Any.
        regularizer: A function of the variable.
        loss: What it returned.
    """
    keep = getattr(variable, "keep_regularizer", None)
    if keep is not None:
        keep(regularizer, loss)
