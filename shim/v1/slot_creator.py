"""Variables that belong to another one: an optimizer's slots, moving averages."""

from typing import Any

from onevar.core.default_graph import colocate_with
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_shape import shape
from onevar.v1.common import shape_of as static_shape
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.variable_proto import SaveSliceInfo
from onevar.v1.variable_scopes import get_variable, variable_scope
from onevar.v1.variables import Variable, is_resource_variable


def initialized_value(variable: Any) -> Any:
    """Return what a variable holds, or its initial value where it has not been initialized yet.

    Args:
        variable: A Variable.
    """
    from onevar.v1.control_flow_ops import cond
    from onevar.v1.state_ops import is_variable_initialized

    return cond(is_variable_initialized(variable), variable.read_value, lambda: variable.initial_value)


def _slot_variable(primary: Any, value: Any, validate_shape: bool, shape: Any, dtype: Any) -> Any:
    scope = get_variable_scope()
    partitioner = scope.partitioner
    # A slot is cut as its primary is, which is a part already.
    scope.set_partitioner(None)
    try:
        slot = get_variable(
            "", initializer=value, trainable=False, validate_shape=validate_shape, dtype=dtype,
            shape=shape if callable(value) else None,
            use_resource=is_resource_variable(primary) if isinstance(primary, Variable) else None,
        )  # fmt: skip
    finally:
        scope.set_partitioner(partitioner)
    info = getattr(primary, "_save_slice_info", None)
    if info is not None:
        _slice_as(slot, primary, info)
    return slot


def _slice_as(slot: Any, primary: Any, info: Any) -> None:
    own_name = slot.name[len(primary.op.name) + 1 : -2]
    rank = slot.shape.ndims
    if rank is None or rank > 0:
        slot._set_save_slice_info(
            SaveSliceInfo(
                f"{info.full_name}/{own_name}", info.full_shape[:rank], info.var_offset[:rank], info.var_shape[:rank]
            )
        )


def _create(
    primary: Any, value: Any, name: str, colocate: bool, validate_shape: bool, shape: Any = None, dtype: Any = None
) -> Any:
    prefix = primary._shared_name if isinstance(primary, Variable) else primary.op.name
    # As a default name it is made unique where the primary has such a slot already.
    with variable_scope(None, f"{prefix}/{name}"):
        if not colocate:
            return _slot_variable(primary, value, validate_shape, shape, dtype)
        with colocate_with(primary):
            return _slot_variable(primary, value, validate_shape, shape, dtype)


def create_slot(primary: Any, val: Any, name: str, colocate_with_primary: bool = True) -> Any:
    """Return a new Variable `<primary>/<name>` with the initial value `val`.

    Args:
        primary: A Variable or tensor.
        val: A tensor.
        name: Of the slot.
        colocate_with_primary: Whether it lives where the primary does.
    """
    return _create(primary, val, name, colocate_with_primary, static_shape(val).is_fully_defined())


def create_slot_with_initializer(
    primary: Any, initializer: Any, shape: Any, dtype: Any, name: str, colocate_with_primary: bool = True
) -> Any:
    """Return a new Variable `<primary>/<name>` made by an initializer.

    Args:
        primary: A Variable or tensor.
        initializer: A function of shape and dtype.
        shape: Of the slot.
        dtype: Of the slot.
        name: Of the slot.
        colocate_with_primary: Whether it lives where the primary does.
    """
    return _create(primary, initializer, name, colocate_with_primary, shape.is_fully_defined(), shape, dtype)


def create_zeros_slot(primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True) -> Any:
    """Return a new Variable `<primary>/<name>` of zeros, of the shape of the primary.

    Args:
        primary: A Variable or tensor.
        name: Of the slot.
        dtype: Of the slot; None takes the primary's.
        colocate_with_primary: Whether it lives where the primary does.
    """
    dtype = primary.dtype if dtype is None else dtype
    known = primary.get_shape()
    if known.is_fully_defined():
        return create_slot_with_initializer(primary, zeros_initializer(), known, dtype, name, colocate_with_primary)
    value = initialized_value(primary) if isinstance(primary, Variable) else primary
    return create_slot(primary, zeros(shape(value), dtype=dtype), name, colocate_with_primary)
