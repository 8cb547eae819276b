"""Sets: `tf.sets.size`, `tf.sets.intersection`, `tf.sets.difference`, `tf.sets.union`."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.sparse_types import SparseTensor, SparseTensorValue

_ELEMENTS = frozenset(
    {dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, dtypes.uint8, dtypes.uint16, dtypes.string}
)


def tensor_or_sparse(value: Any, name: str | None = None) -> Any:
    """Return a value as a tensor, or as a sparse one if it is one.

    Args:
        value: What `convert_to_tensor` takes, a `SparseTensor` or its value.
        name: Of the operation that converts it.
    """
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    return value if isinstance(value, SparseTensor) else convert_to_tensor(value, name=name)


@export("sets.size", "sets.set_size")
def set_size(a: Any, validate_indices: bool = True) -> Any:
    """Return how many different elements each set has; see `tf.sets.size`.

    Args:
        a: A sparse tensor whose last dimension holds sets.
        validate_indices: Whether to check that its indices are in order.

    Raises:
        TypeError: It is not sparse, or its elements are no integers or strings.
    """
    a = tensor_or_sparse(a, name="a")
    if not isinstance(a, SparseTensor):
        raise TypeError(f"Expected `SparseTensor`, got {a}.")
    if dtype_of(a.values) not in _ELEMENTS:
        raise TypeError(f"Invalid dtype `{a.values.dtype}` not in supported dtypes: `{_ELEMENTS}`.")
    parts: dict[str, Any] = {"set_indices": a.indices, "set_values": a.values, "set_shape": a.dense_shape}
    return op("SetSize", **parts, validate_indices=validate_indices)


def _both(a: Any, b: Any) -> tuple[Any, Any, bool]:
    """Return two families of sets as operations take them, and whether they changed places."""
    a = tensor_or_sparse(a, name="a")
    if dtype_of(a) not in _ELEMENTS:
        raise TypeError(f"'a' has invalid dtype `{a.dtype}` not in supported dtypes: `{_ELEMENTS}`.")
    b = tensor_or_sparse(b, name="b")
    if dtype_of(b) is not dtype_of(a):
        raise TypeError(f"Types don't match, {a.dtype} vs {b.dtype}.")
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return b, a, True
    return a, b, False


def _combined(a: Any, b: Any, set_operation: str, validate_indices: bool) -> SparseTensor:
    attrs: dict[str, Any] = {"set_operation": set_operation, "validate_indices": validate_indices}
    second: dict[str, Any]
    if isinstance(a, SparseTensor):
        first: dict[str, Any] = {"set1_indices": a.indices, "set1_values": a.values, "set1_shape": a.dense_shape}
        second = {"set2_indices": b.indices, "set2_values": b.values, "set2_shape": b.dense_shape}
        return SparseTensor(*op("SparseToSparseSetOperation", **first, **second, **attrs))
    if isinstance(b, SparseTensor):
        second = {"set2_indices": b.indices, "set2_values": b.values, "set2_shape": b.dense_shape}
        return SparseTensor(*op("DenseToSparseSetOperation", set1=a, **second, **attrs))
    return SparseTensor(*op("DenseToDenseSetOperation", set1=a, set2=b, **attrs))


@export("sets.intersection", "sets.set_intersection")
def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Return the elements that are in both of two sets; see `tf.sets.intersection`.

    Args:
        a: A tensor, dense or sparse, whose last dimension holds sets.
        b: Another, with as many sets.
        validate_indices: Whether to check that the indices of sparse ones are in order.
    """
    a, b, _ = _both(a, b)
    return _combined(a, b, "intersection", validate_indices)


@export("sets.difference", "sets.set_difference")
def set_difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """Return the elements that are in one of two sets but not in the other; see `tf.sets.difference`.

    Args:
        a: A tensor, dense or sparse, whose last dimension holds sets.
        b: Another, with as many sets.
        aminusb: Whether they are those of `a`.
        validate_indices: Whether to check that the indices of sparse ones are in order.
    """
    a, b, swapped = _both(a, b)
    return _combined(a, b, "a-b" if bool(aminusb) != swapped else "b-a", validate_indices)


@export("sets.union", "sets.set_union")
def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Return the elements that are in one of two sets or in both; see `tf.sets.union`.

    Args:
        a: A tensor, dense or sparse, whose last dimension holds sets.
        b: Another, with as many sets.
        validate_indices: Whether to check that the indices of sparse ones are in order.
    """
    a, b, _ = _both(a, b)
    return _combined(a, b, "union", validate_indices)
