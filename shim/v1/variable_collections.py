"""The variables of a graph by collection, and what initialises them."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import colocate_with, device, get_collection, get_default_graph
from onevar.core.name_scope import name_scope
from onevar.core.stand_ins import ours
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.state_ops import is_variable_initialized

_STORAGE = ("Variable", "VariableV2", "AutoReloadVariable")


@export("global_variables")
def global_variables(scope: str | None = None) -> list:
    """Return the global variables.

    Args:
        scope: A pattern that names have to match at their start.
    """
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


@export("all_variables")
def all_variables() -> list:
    """Return the global variables; the older name."""
    return global_variables()


@export("local_variables")
def local_variables(scope: str | None = None) -> list:
    """Return the local variables.

    Args:
        scope: A pattern that names have to match at their start.
    """
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


@export("model_variables")
def model_variables(scope: str | None = None) -> list:
    """Return the variables in the collection `MODEL_VARIABLES`.

    Args:
        scope: A pattern that names have to match at their start.
    """
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


@export("trainable_variables")
def trainable_variables(scope: str | None = None) -> list:
    """Return the variables that optimizers change.

    Args:
        scope: A pattern that names have to match at their start.
    """
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


@export("moving_average_variables")
def moving_average_variables(scope: str | None = None) -> list:
    """Return the variables that have moving averages.

    Args:
        scope: A pattern that names have to match at their start.
    """
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def all_saveable_objects(scope: str | None = None) -> list:
    """Return what a `Saver` saves by default: global variables and saveable objects.

    Args:
        scope: A pattern that names have to match at their start.
    """
    return global_variables(scope) + get_collection(GraphKeys.SAVEABLE_OBJECTS, scope)


@export("initializers.variables", "variables_initializer")
def variables_initializer(var_list: Any, name: str = "init") -> Any:
    """Return an operation that gives variables their initial values.

    Args:
        var_list: The variables.
        name: Of the operation.
    """
    if var_list and not executing_eagerly():
        return exported("group")(*[ours(variable).initializer for variable in var_list], name=name)
    return exported("no_op")(name=name)


@export("initialize_variables")
def initialize_variables(var_list: Any, name: str = "init") -> Any:
    """Return `variables_initializer(var_list, name)`; the older name."""
    return variables_initializer(var_list, name=name)


@export("initializers.global_variables", "global_variables_initializer")
def global_variables_initializer() -> Any:
    """Return an operation that gives the global variables their initial values."""
    if executing_eagerly():
        return exported("no_op")(name="global_variables_initializer")
    return variables_initializer(global_variables())


@export("initialize_all_variables")
def initialize_all_variables() -> Any:
    """Return `global_variables_initializer()`; the older name."""
    return global_variables_initializer()


@export("initializers.local_variables", "local_variables_initializer")
def local_variables_initializer() -> Any:
    """Return an operation that gives the local variables their initial values."""
    if executing_eagerly():
        return exported("no_op")(name="local_variables_initializer")
    return variables_initializer(local_variables())


@export("initialize_local_variables")
def initialize_local_variables() -> Any:
    """Return `local_variables_initializer()`; the older name."""
    return local_variables_initializer()


def _or_all(var_list: Any) -> list:
    """Return `var_list`, or all variables, or the storage of those that no collection lists."""
    if var_list is None:
        var_list = global_variables() + local_variables()
        if not var_list:
            operations = get_default_graph().get_operations()
            var_list = [operation.outputs[0] for operation in operations if operation.type in _STORAGE]
    return list(var_list)


@export("assert_variables_initialized")
def assert_variables_initialized(var_list: Any = None) -> Any:
    """Return a tensor that fails with FailedPreconditionError while one of the variables has no value.

    Args:
        var_list: The variables; by default all.
    """
    ranks = []
    for variable in _or_all(var_list):
        with colocate_with(variable.op):
            ranks.append(op("Rank", input=getattr(variable, "_variable", variable)))
    if not ranks:
        return None
    return ranks[0] if len(ranks) == 1 else exported("stack")(ranks)


@export("report_uninitialized_variables")
def report_uninitialized_variables(var_list: Any = None, name: str = "report_uninitialized_variables") -> Any:
    """Return the names of the variables that have no value, as a vector of strings.

    Args:
        var_list: The variables; by default all.
        name: Of a scope for the operations.
    """
    listed = _or_all(var_list)
    with name_scope(name):
        states = [is_variable_initialized(variable) for variable in listed]
        with device("/cpu:0"):
            if not listed:
                return constant([], dtype=dtypes.string)
            missing = exported("logical_not")(exported("stack")(states))
            names = constant([variable.op.name for variable in listed])
            return exported("boolean_mask")(names, missing)
