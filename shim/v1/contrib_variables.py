"""`tf.contrib.framework`: model variables, and finding variables by their names."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.default_graph import add_to_collection, get_collection
from onevar.core.default_graph import device as on_device
from onevar.v1.array_ops_create import placeholder
from onevar.v1.checkpoint_reader import CheckpointReader
from onevar.v1.contrib_arg_scope import add_arg_scope
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.grouping_ops import group
from onevar.v1.saver import Saver
from onevar.v1.tf_logging import warning
from onevar.v1.variable_enums import VariableAggregation, VariableSynchronization
from onevar.v1.variable_scopes import VariableScope, get_variable, get_variable_scope
from onevar.v1.variables import Variable

_AUTO = VariableSynchronization.AUTO
_NONE = VariableAggregation.NONE


@export("contrib.framework.local_variable", "contrib.slim.local_variable")
def local_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> Any:
    """Return a variable of `GraphKeys.LOCAL_VARIABLES` that is not trained.

    Args:
        initial_value: As for `tf.Variable`.
        validate_shape: The same.
        name: The same.
        use_resource: The same.
    """
    return Variable(
        initial_value, trainable=False, collections=[GraphKeys.LOCAL_VARIABLES], validate_shape=validate_shape,
        name=name, use_resource=use_resource,
    )  # fmt: skip


@export("contrib.framework.global_variable", "contrib.slim.global_variable")
def global_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> Any:
    """Return a variable of `GraphKeys.GLOBAL_VARIABLES` that is not trained.

    Args:
        initial_value: As for `tf.Variable`.
        validate_shape: The same.
        name: The same.
        use_resource: The same.
    """
    return Variable(
        initial_value, trainable=False, collections=[GraphKeys.GLOBAL_VARIABLES], validate_shape=validate_shape,
        name=name, use_resource=use_resource,
    )  # fmt: skip


@export("contrib.framework.variable", "contrib.slim.variable")
@add_arg_scope
def variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, collections: Any = None, caching_device: Any = None, device: Any = None,
    partitioner: Any = None, custom_getter: Any = None, use_resource: bool | None = None,
    synchronization: Any = _AUTO, aggregation: Any = _NONE,
) -> Any:  # fmt: skip
    """As `tf.get_variable`, on a device.

    Args:
        name: As for `tf.get_variable`, and so on.
        shape: The same.
        dtype: The same.
        initializer: The same.
        regularizer: The same.
        trainable: The same.
        collections: The same.
        caching_device: The same.
        device: Where it is, or a function of the operation that says so.
        partitioner: As for `tf.get_variable`.
        custom_getter: Called in place of `tf.get_variable`.
        use_resource: As for `tf.get_variable`.
        synchronization: The same.
        aggregation: The same.
    """
    wanted = list(dict.fromkeys([GraphKeys.GLOBAL_VARIABLES] if collections is None else collections))
    getter: Callable[..., Any] = get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=get_variable_scope().reuse)
    with on_device(device or ""):
        return getter(
            name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable,
            collections=wanted, caching_device=caching_device, partitioner=partitioner, use_resource=use_resource,
            synchronization=synchronization, aggregation=aggregation,
        )  # fmt: skip


@export("contrib.framework.model_variable", "contrib.slim.model_variable")
@add_arg_scope
def model_variable(
    name: str, shape: Any = None, dtype: Any = dtypes.float32, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, collections: Any = None, caching_device: Any = None, device: Any = None,
    partitioner: Any = None, custom_getter: Any = None, use_resource: bool | None = None,
    synchronization: Any = _AUTO, aggregation: Any = _NONE,
) -> Any:  # fmt: skip
    """As `variable`, and a member of `GraphKeys.MODEL_VARIABLES`.

    Args:
        name: As for `variable`, and so on.
        shape: The same.
        dtype: The same.
        initializer: The same.
        regularizer: The same.
        trainable: The same.
        collections: What else it joins.
        caching_device: As for `variable`.
        device: The same.
        partitioner: The same.
        custom_getter: The same.
        use_resource: The same.
        synchronization: The same.
        aggregation: The same.
    """
    return variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable,
        collections=[*(collections or ()), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES],
        caching_device=caching_device, device=device, partitioner=partitioner, custom_getter=custom_getter,
        use_resource=use_resource, synchronization=synchronization, aggregation=aggregation,
    )  # fmt: skip


@export("contrib.framework.add_model_variable", "contrib.slim.add_model_variable")
def add_model_variable(var: Any) -> None:
    """Add a variable to `GraphKeys.MODEL_VARIABLES`, once.

    Args:
        var: The variable.
    """
    if not any(var is other for other in get_collection(GraphKeys.MODEL_VARIABLES)):
        add_to_collection(GraphKeys.MODEL_VARIABLES, var)


# -- finding ----------------------------------------------------------------------------------------


@export("contrib.framework.get_variables", "contrib.slim.get_variables")
def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """Return the variables of a collection whose names begin and end in some way.

    Args:
        scope: A VariableScope, or a regular expression for the beginning.
        suffix: The last part of the name.
        collection: The collection's name.
    """
    if isinstance(scope, VariableScope):
        scope = scope.name
    if suffix is not None:
        scope = f"{scope or ''}.*{suffix if ':' in suffix else suffix + ':'}"
    return get_collection(collection, scope)


def _getter(name: str, collection: str) -> Callable[..., list[Any]]:
    def get(scope: Any = None, suffix: str | None = None) -> list[Any]:
        return get_variables(scope, suffix, collection)

    get.__name__ = get.__qualname__ = name
    get.__doc__ = f"As `get_variables`, of the collection `{collection}`."
    return export(f"contrib.framework.{name}", f"contrib.slim.{name}")(get)


get_model_variables = _getter("get_model_variables", GraphKeys.MODEL_VARIABLES)
get_local_variables = _getter("get_local_variables", GraphKeys.LOCAL_VARIABLES)
get_trainable_variables = _getter("get_trainable_variables", GraphKeys.TRAINABLE_VARIABLES)


@export("contrib.framework.get_variables_to_restore", "contrib.slim.get_variables_to_restore")
def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """Return the global variables of some scopes, without those of others.

    Args:
        include: Names of scopes; all if None.
        exclude: The same; none if None.

    Raises:
        TypeError: Something else than lists or tuples.
    """
    for name, scopes in (("include", include), ("exclude", exclude)):
        if scopes is not None and not isinstance(scopes, list | tuple):
            raise TypeError(f"{name} is provided but is not a list or a tuple.")
    found = get_variables() if include is None else [v for scope in include for v in get_variables(scope)]
    without = {id(v) for scope in exclude or () for v in get_variables(scope)}
    return [v for v in found if id(v) not in without]


@export("contrib.framework.get_variables_by_suffix", "contrib.slim.get_variables_by_suffix")
def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """Return the global variables whose names end in `suffix`.

    Args:
        suffix: The end.
        scope: As for `get_variables`.
    """
    return get_variables(scope=scope, suffix=suffix)


@export("contrib.framework.get_variables_by_name", "contrib.slim.get_variables_by_name")
def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """Return the global variables of that name in any scope.

    Args:
        given_name: The name without scopes.
        scope: As for `get_variables`.
    """
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


@export("contrib.framework.get_unique_variable", "contrib.slim.get_unique_variable")
def get_unique_variable(var_op_name: str) -> Any:
    """Return the variable of that full name.

    Args:
        var_op_name: The name, with scopes.

    Raises:
        ValueError: There is none.
    """
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


@export("contrib.framework.get_variable_full_name", "contrib.slim.get_variable_full_name")
def get_variable_full_name(var: Any) -> str:
    """Return a variable's name in checkpoints: for a part that of the whole.

    Args:
        var: The variable.
    """
    info = var._save_slice_info
    return info.full_name if info else var.op.name


@export("contrib.framework.filter_variables", "contrib.slim.filter_variables")
def filter_variables(
    var_list: Sequence[Any], include_patterns: Sequence[str] | None = None,
    exclude_patterns: Sequence[str] | None = None, reg_search: bool = True,
) -> list[Any]:  # fmt: skip
    """Return the variables whose names match one of some patterns, and none of others.

    Args:
        var_list: The variables.
        include_patterns: Regular expressions; all match if None.
        exclude_patterns: The same; none match if None.
        reg_search: Whether a pattern may match anywhere, or from the beginning.
    """
    matches = re.search if reg_search else re.match

    def any_of(patterns: Sequence[str], var: Any) -> bool:
        return any(matches(pattern, var.name) for pattern in patterns)

    found = [v for v in var_list if include_patterns is None or any_of(include_patterns, v)]
    return [v for v in found if exclude_patterns is None or not any_of(exclude_patterns, v)]


# -- assigning --------------------------------------------------------------------------------------


@export("contrib.framework.assign_from_values", "contrib.slim.assign_from_values")
def assign_from_values(var_names_to_values: dict[str, np.ndarray]) -> tuple[Any, dict[Any, Any]]:
    """Return an operation that gives variables values, and what it has to be fed with.

    Args:
        var_names_to_values: The variables' full names, and arrays.

    Raises:
        ValueError: There is no variable of a name.
    """
    feeds, assigns = {}, []
    for name, value in var_names_to_values.items():
        found = get_collection(GraphKeys.GLOBAL_VARIABLES, name)
        if not found:
            raise ValueError(f"Variable {name} wasn't found")
        exact = found if len(found) == 1 else [v for v in found if v.op.name == name]
        if not exact:
            raise ValueError(f"Variable {name} doesn't uniquely identify a variable")
        fed = _placeholder_for(exact[0])
        assigns.append(exact[0].assign(fed))
        feeds[fed] = value.reshape(exact[0].get_shape().as_list())
    return group(*assigns), feeds


def _placeholder_for(var: Any) -> Any:
    return placeholder(dtype=var.dtype.base_dtype, shape=var.get_shape(), name=f"placeholder/{var.op.name}")


@export("contrib.framework.assign_from_values_fn", "contrib.slim.assign_from_values_fn")
def assign_from_values_fn(var_names_to_values: dict[str, np.ndarray]) -> Callable[[Any], Any]:
    """Return a function of a session that gives variables values.

    Args:
        var_names_to_values: As for `assign_from_values`.
    """
    operation, feeds = assign_from_values(var_names_to_values)
    return lambda session: session.run(operation, feeds)


@export("contrib.framework.assign_from_checkpoint", "contrib.slim.assign_from_checkpoint")
def assign_from_checkpoint(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Any, dict[Any, Any]]:
    """Return an operation that gives variables a checkpoint's values, and what it has to be fed with.

    Args:
        model_path: The checkpoint.
        var_list: Variables, or names in the checkpoint to variables.
        ignore_missing_vars: Whether names that the checkpoint does not have are passed over.

    Raises:
        ValueError: The checkpoint does not have a name, or has it with another shape.
    """
    if not isinstance(var_list, dict):
        grouped: dict[str, list[Any]] = {}
        for var in var_list:
            grouped.setdefault(get_variable_full_name(var), []).append(var)
    else:
        grouped = {name: list(v) if isinstance(v, list | tuple) else [v] for name, v in var_list.items()}
    reader = CheckpointReader(model_path)
    feeds, assigns = {}, []
    for name, variables in grouped.items():
        if not reader.has_tensor(name):
            if not ignore_missing_vars:
                raise ValueError(f"Checkpoint is missing variable [{name}]")
            warning("Checkpoint is missing variable [%s]", name)
            continue
        value = reader.get_tensor(name)
        for var in variables:
            fed = _placeholder_for(var)
            assigns.append(var.assign(fed))
            feeds[fed] = _part_for(var, value, name)
    return group(*assigns), feeds


def _part_for(var: Any, value: np.ndarray, name: str) -> np.ndarray:
    info = var._save_slice_info
    if info:
        where = tuple(slice(start, start + size) for start, size in zip(info.var_offset, info.var_shape, strict=True))
        return value[where]
    if var.get_shape().as_list() != list(value.shape):
        raise ValueError(
            f"Total size of new array must be unchanged for {name} lh_shape: [{value.shape}], rh_shape: "
            f"[{var.get_shape()}]"
        )
    return value


@export("contrib.framework.assign_from_checkpoint_fn", "contrib.slim.assign_from_checkpoint_fn")
def assign_from_checkpoint_fn(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False, reshape_variables: bool = False
) -> Callable[[Any], None] | None:
    """Return a function of a session that restores variables; None if there are none to restore.

    Args:
        model_path: The checkpoint.
        var_list: Variables, or names in the checkpoint to variables.
        ignore_missing_vars: Whether names that the checkpoint does not have are passed over.
        reshape_variables: Whether values of another shape are given the variable's.

    Raises:
        ValueError: There are no variables.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = CheckpointReader(model_path)
        named = var_list if isinstance(var_list, dict) else {var.op.name: var for var in var_list}
        for name in named:
            if not reader.has_tensor(name):
                warning("Variable %s missing in checkpoint %s", name, model_path)
        var_list = {name: var for name, var in named.items() if reader.has_tensor(name)}
    if not var_list:
        warning("No Variables to restore")
        return None
    saver = Saver(var_list, reshape=reshape_variables)
    return lambda session: saver.restore(session, model_path)
