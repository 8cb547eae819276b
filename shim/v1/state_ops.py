"""`tf.assign` and its kin: functions that change variables, of either kind."""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.stand_ins import ours
from onevar.v1.export import export

#: Functions by the end of their name, and whether they lock where nothing is said.
_ROWS = {"update": True, "add": False, "sub": False, "mul": False, "div": False, "min": False, "max": False}
_POINTS = {"update": True, "add": False, "sub": False}


def _is_ref(ref: Any) -> bool:
    return ref.dtype._is_ref_dtype


def _tensor(ref: Any) -> Any:
    """Return the reference tensor of a reference variable, or the tensor that `ref` is."""
    return ref._ref() if hasattr(ref, "_ref") else ref


@export("assign")
def assign(
    ref: Any, value: Any, validate_shape: bool | None = None, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Return what replaces the value of a variable when it runs.

    Args:
        ref: A Variable, or the reference tensor that an assignment returned.
        value: Of its dtype, and of its shape unless `validate_shape` is False.
        validate_shape: Whether the shape has to stay.
        use_locking: Accepted; writes are atomic.
        name: Of the operation.
    """
    ref = ours(ref)
    if not _is_ref(ref):
        return ref.assign(value, name=name)
    return op("Assign", name=name, ref=_tensor(ref), value=value, validate_shape=validate_shape,
              use_locking=use_locking)  # fmt: skip


@export("assign_add")
def assign_add(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """Return what adds `value` to a variable when it runs; arguments as for `assign`."""
    ref = ours(ref)
    if not _is_ref(ref):
        return ref.assign_add(value)
    return op("AssignAdd", name=name, ref=_tensor(ref), value=value, use_locking=use_locking)


@export("assign_sub")
def assign_sub(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """Return what subtracts `value` from a variable when it runs; arguments as for `assign`."""
    ref = ours(ref)
    if not _is_ref(ref):
        return ref.assign_sub(value)
    return op("AssignSub", name=name, ref=_tensor(ref), value=value, use_locking=use_locking)


@export("count_up_to")
def count_up_to(ref: Any, limit: int, name: str | None = None) -> Any:
    """Return what adds one to a variable when it runs, and returns the value before.

    Args:
        ref: A scalar integer Variable.
        limit: Where it fails with OutOfRangeError.
        name: Of the operation.
    """
    if not _is_ref(ref):
        return op("ResourceCountUpTo", name=name, resource=ref.handle, limit=limit, T=ref.dtype)
    return op("CountUpTo", name=name, ref=_tensor(ref), limit=limit)


@export("is_variable_initialized")
def is_variable_initialized(variable: Any) -> Any:
    """Return whether a variable has a value, when it runs.

    Args:
        variable: A Variable.
    """
    if not _is_ref(variable):
        return variable.is_initialized()
    return op("IsVariableInitialized", ref=_tensor(variable))


def _row_function(what: str, locking: bool) -> Callable:
    op_type = f"Scatter{what.capitalize()}"

    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = locking, name: str | None = None) -> Any:
        if _is_ref(ref):
            return op(op_type, name=name, ref=_tensor(ref), indices=indices, updates=updates, use_locking=use_locking)
        values = convert_to_tensor(updates, ref.dtype)
        return ref._lazy_read(op(f"Resource{op_type}", name=name, resource=ref.handle, indices=indices, updates=values))

    return _named(scatter, f"scatter_{what}", f"Return what applies `updates` to rows of a variable: `{op_type}`.")


def _point_function(what: str, locking: bool) -> Callable:
    op_type = f"ScatterNd{what.capitalize()}"

    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = locking, name: str | None = None) -> Any:
        if _is_ref(ref):
            return op(op_type, name=name, ref=_tensor(ref), indices=indices, updates=updates, use_locking=use_locking)
        values = convert_to_tensor(updates, ref.dtype)
        return ref._lazy_read(op(f"Resource{op_type}", name=name, ref=ref.handle, indices=indices, updates=values))

    return _named(
        scatter, f"scatter_nd_{what}", f"Return what applies `updates` at positions in a variable: `{op_type}`."
    )


def _named(function: Callable, name: str, documentation: str) -> Callable:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = documentation
    return function


for _what, _locking in _ROWS.items():
    export(f"scatter_{_what}")(_row_function(_what, _locking))
for _what, _locking in _POINTS.items():
    export(f"scatter_nd_{_what}")(_point_function(_what, _locking))
_scatter_nd_update = _point_function("update", True)


@export("batch_scatter_update")
def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Return what replaces slices of a variable along the last dimension of `indices`.

    Args:
        ref: A Variable.
        indices: `[d0, ..., n]`: which slices, for each of the leading positions.
        updates: `indices.shape + ref.shape[rank of indices:]`.
        use_locking: Accepted; writes are atomic.
        name: Of a scope for the operations.

    Raises:
        ValueError: The rank of `indices` is not known.
    """
    from onevar.v1.array_ops_create import ones_like  # the chapters know variables
    from onevar.v1.array_ops_shape import concat, expand_dims, reshape, shape

    with name_scope(name or ""):
        indices = convert_to_tensor(indices, name="indices")
        sizes = shape(indices)
        rank = indices.shape.ndims
        if rank is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        points = expand_dims(indices, axis=-1)
        columns: list[Any] = []
        for axis in range(rank - 1):
            size = sizes[axis]
            spread: list[Any] = [1] * (rank + 1)
            spread[axis] = size
            positions = reshape(op("Range", start=0, limit=size, delta=1), spread)
            if positions.dtype.base_dtype != points.dtype:
                positions = op("Cast", x=positions, DstT=points.dtype)
            columns.append(positions * ones_like(points))
        columns.append(points)
        return _scatter_nd_update(ref, concat(columns, axis=-1), updates, use_locking=use_locking)
