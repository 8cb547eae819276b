"""Constants in a graph, and what is known of a tensor's contents before anything runs."""

from typing import Any

import numpy as np

from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.literals import array_of
from onevar.core.operation import Tensor
from onevar.core.spec import Spec
from onevar.core.tensor_shape import TensorShape, as_shape

# Larger contents are not looked at by shape inference.
_SMALL = 1024


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """Return a tensor of the default graph with the contents `value`.

    Args:
        value: As `literals.array_of` takes it.
        dtype: Of the tensor; None leaves it to TensorFlow's rule.
        shape: Of the tensor; a shorter `value` is repeated by its last element.
        name: Of the operation.
        verify_shape: Let `value` not be reshaped.

    Raises:
        TypeError: `value` is not of a kind that `dtype` takes, or not of `shape` where that is verified.
        ValueError: More elements than `shape` has.
    """
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    array = array_of(value, wanted)
    if shape is not None:
        array = _shaped(array, as_shape(shape), verify_shape)
    return constant_of(array, wanted or as_dtype(array.dtype) if array.dtype != object else as_dtype("string"), name)


def constant_of(array: np.ndarray, dtype: DType, name: str) -> Tensor:
    """Return a tensor of the default graph whose contents are `array`, which nobody else writes to."""
    array.flags.writeable = False
    graph = get_default_graph()
    spec = Spec(array.shape, dtype.key, array if array.size <= _SMALL else None)
    attrs = {"value": array, "dtype": dtype}
    return graph.add("Const", graph.name_for(name), (), attrs, ((dtype, spec),)).outputs[0]


def _shaped(array: np.ndarray, shape: TensorShape, verify: bool) -> np.ndarray:
    if not shape.is_fully_defined():
        raise ValueError(f"tf.constant(shape={shape}): a constant's shape has to be known in full.")
    wanted = tuple(size or 0 for size in shape.as_list())
    if array.shape == wanted:
        return array
    if verify:
        raise TypeError(f"Expected Tensor's shape: {wanted}, got {array.shape}.")
    size = int(np.prod(wanted))
    if size == 0:
        return np.zeros(wanted, array.dtype)
    if array.size > size:
        raise ValueError(
            f"Too many elements provided. Takes at most {size:d}, but got {array.size:d} "
            f"(shape {array.shape} for a constant of shape {wanted})."
        )
    flat = array.reshape(-1)
    if flat.size < size:
        filler = flat[-1:] if flat.size else np.zeros(1, array.dtype)
        flat = np.concatenate([flat, np.repeat(filler, size - flat.size)])
    return flat.reshape(wanted)


def constant_value(tensor: Any, partial: bool = False) -> np.ndarray | None:
    """Return the contents of `tensor` if they are known before anything runs, else None."""
    if not isinstance(tensor, Tensor):
        return None if hasattr(tensor, "_as_graph_element") else np.asarray(tensor)
    if tensor.op.type == "Const":
        return tensor.op.attrs["value"]
    value = tensor.spec.value
    return value if isinstance(value, np.ndarray) else None


def constant_value_as_shape(tensor: Any) -> TensorShape:
    """Return the shape that `tensor`, a vector of sizes, holds, as far as it is known.

    Raises:
        ValueError: It is no vector.
    """
    known = constant_value(tensor)
    if known is not None:
        return TensorShape([None if size < 0 else int(size) for size in np.atleast_1d(known)])
    value = tensor.spec.value
    if isinstance(value, tuple):
        return TensorShape.of(value)
    shape = tensor.spec.shape
    if shape is None or shape == (None,):
        return TensorShape(None)
    if len(shape) != 1:
        raise ValueError(f"Shape must be of rank 1: {tensor!r}")
    return TensorShape.of((None,) * shape[0])
