"""Op definitions: variables. Reading, assigning, counting; scatters are in `scatter_state`.

Shapes are compared when they are known, which is when the op runs at the latest: a `StateRef` knows the shape of the
value that is there, whatever the graph knew.
"""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.checks import CURRENT
from onevar.core.kernel import kernel
from onevar.core.op_errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError
from onevar.core.spec import Spec
from onevar.core.tensor_shape import as_shape


def native(k: Any, ref: Any, value: Any) -> Any:
    """Return a value as a tensor that can meet what `ref` reads.

    Args:
        k: The primitives.
        ref: The state; strings stay arrays.
        value: A tensor, or a NumPy array that was a constant of the graph.
    """
    if isinstance(value, np.ndarray | np.generic) and ref.dtype != "string":
        return k.asarray(np.asarray(value))
    return value


def on_host(value: Any) -> np.ndarray:
    """Return the contents of what a reference reads, in an array of its own.

    Args:
        value: An array, or, where operations compute at once, a framework's tensor.
    """
    return np.array(value) if isinstance(value, np.ndarray) else CURRENT.adapter[-1].to_numpy(value)


def show(shape: Any) -> str:
    """Write a complete shape as TensorFlow's kernels do: `[2,3]`.

    Args:
        shape: A tuple of ints.
    """
    return "[" + ",".join(str(int(n)) for n in shape) + "]"


def contents(handle: Spec) -> Any:
    """Return the shape of what a resource handle stands for, as far as it is known.

    Args:
        handle: What is known of the handle.
    """
    return handle.value.shape if isinstance(handle.value, Spec) else None


# -- storage ----------------------------------------------------------------------------------------


def _storage_shape(*, shape: Any) -> Any:
    return shape


@kernel("VariableV2", "Variable", state=True, infer=_storage_shape)
def storage(k: Any) -> Any:
    """The engine hands out what is stored; here is only the shape."""
    raise FailedPreconditionError(None, None, "A variable's storage is the Session's: run its graph in a Session.")


def _handle_spec(*, shape: Any, dtype: str) -> Any:
    return Spec((), "resource", Spec(shape, dtype))


@kernel("VarHandleOp", state=True, infer=_handle_spec)
def handle(k: Any) -> Any:
    """See `storage`."""
    raise FailedPreconditionError(None, None, "A variable's storage is the Session's: run its graph in a Session.")


# -- whole values -----------------------------------------------------------------------------------


def _assigned(ref: Spec, value: Spec, *, validate_shape: bool) -> Any:
    return rules.merge(ref.shape, value.shape) if validate_shape else value.shape


@kernel("Assign", state=True, infer=_assigned)
def assign(k: Any, ref: Any, value: Any, *, validate_shape: bool) -> Any:
    """Replace the value; a value of another shape only without `validate_shape`."""
    if validate_shape:
        before, after = _shape_before(ref), tuple(k.shape(value))
        if before is not None and before != after:
            raise InvalidArgumentError(
                None, None,
                f"Assign requires shapes of both tensors to match. lhs shape= {show(before)} rhs shape= {show(after)}",
            )  # fmt: skip
    ref.write(native(k, ref, value))
    return ref


def _shape_before(ref: Any) -> tuple[int, ...] | None:
    """The shape of the value, or before there is one the shape that the variable was declared with."""
    if ref.initialized:
        return tuple(ref.shape)
    declared = as_shape(ref.slot.operation.attrs.get("shape"))
    return tuple(size or 0 for size in declared.as_list()) if declared.is_fully_defined() else None


def _same_size(ref: Spec, value: Spec) -> Any:
    return rules.merge(ref.shape, value.shape)


@kernel("AssignAdd", state=True, infer=_same_size)
def assign_add(k: Any, ref: Any, value: Any) -> Any:
    """Add to the value."""
    return _accumulate(k, ref, value, "add")


@kernel("AssignSub", state=True, infer=_same_size)
def assign_sub(k: Any, ref: Any, value: Any) -> Any:
    """Subtract from the value."""
    return _accumulate(k, ref, value, "subtract")


def _accumulate(k: Any, ref: Any, value: Any, operation: str) -> Any:
    if tuple(ref.shape) != tuple(k.shape(value)):
        raise InvalidArgumentError(None, None, "Parameters and update must be the same size")
    ref.accumulate(native(k, ref, value), operation)
    return ref


def _into_handle(resource: Spec, value: Spec) -> Any:
    rules.merge(contents(resource), value.shape)
    return []


@kernel("AssignVariableOp", state=True, infer=_into_handle)
def assign_variable(k: Any, ref: Any, value: Any, *, validate_shape: bool) -> Any:
    """Replace the value; where `validate_shape` says so only by one of the same shape."""
    if validate_shape and ref.initialized:
        before, after = tuple(ref.shape), tuple(k.shape(value))
        if before != after:
            raise InvalidArgumentError(
                None, None,
                "Trying to assign to variable with tensor with wrong shape. "
                f"Expected {show(before)} got {show(after)}",
            )  # fmt: skip
    ref.write(native(k, ref, value))
    return ()


@kernel("AssignAddVariableOp", state=True, infer=_into_handle)
def assign_add_variable(k: Any, ref: Any, value: Any) -> Any:
    """Add to the value."""
    return _accumulate_resource(k, ref, value, "add")


@kernel("AssignSubVariableOp", state=True, infer=_into_handle)
def assign_sub_variable(k: Any, ref: Any, value: Any) -> Any:
    """Subtract from the value."""
    return _accumulate_resource(k, ref, value, "subtract")


def _accumulate_resource(k: Any, ref: Any, value: Any, operation: str) -> Any:
    before, delta = tuple(ref.shape), tuple(k.shape(value))
    if before != delta:
        raise InvalidArgumentError(
            None, None,
            f"Cannot update variable with shape {show(before)} using a Tensor with shape {show(delta)}, "
            "shapes must be equal.",
        )  # fmt: skip
    ref.accumulate(native(k, ref, value), operation)
    return ()


# -- looking at it ----------------------------------------------------------------------------------


def _contents_shape(resource: Spec) -> Any:
    return contents(resource)


@kernel("ReadVariableOp", state=True, infer=_contents_shape)
def read_variable(k: Any, ref: Any) -> Any:
    """The value, as it is when this runs."""
    return ref.read()


def _shape_vector(resource: Spec) -> Any:
    shape = contents(resource)
    return (None if shape is None else len(shape),)


@kernel("VariableShape", state=True, infer=_shape_vector)
def variable_shape(k: Any, ref: Any, *, out_type: str) -> Any:
    """The shape of the value."""
    return np.array(ref.shape, out_type)


def _scalar(*_: Spec) -> Any:
    return ()


@kernel("IsVariableInitialized", "VarIsInitializedOp", state=True, on_host=True, infer=_scalar)
def is_initialized(k: Any, ref: Any) -> Any:
    """Whether there is a value."""
    return np.asarray(bool(ref.initialized))


@kernel("CountUpTo", "ResourceCountUpTo", state=True, on_host=True, infer=_scalar)
def count_up_to(k: Any, ref: Any, *, limit: int) -> Any:
    """Add one, and return the value before; at `limit` there is no more."""
    value = on_host(ref.read())
    if int(value) >= limit:
        raise OutOfRangeError(None, None, f"Reached limit of {limit}")
    ref.write(value + value.dtype.type(1))
    return value


def _nothing(*_: Spec) -> Any:
    return []


@kernel("DestroyResourceOp", state=True, on_host=True, infer=_nothing)
def destroy_resource(k: Any, ref: Any, *, ignore_lookup_error: bool) -> Any:
    """Forget the value."""
    if not ref.initialized and not ignore_lookup_error:
        raise ref.slot.missing()
    ref.slot.cell = ref.slot.strings = None
    return ()


@kernel("DisableCopyOnRead", state=True, infer=_nothing)
def disable_copy_on_read(k: Any, ref: Any) -> Any:
    """Nothing to do: reads do not copy here."""
    return ()
