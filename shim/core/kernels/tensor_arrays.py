"""TensorArrays: definitions over `core.elements`; their first argument computes with contents, not with tensors."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.elements import Array, Elements, Tools
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, ShapeError, Spec

#: Dtypes as TensorFlow's C++ messages call them.
_CPP = {"float32": "float", "float64": "double", "float16": "half"}


def _made_shapes(size: Spec) -> list[Shape]:
    rules.with_rank(size.shape, 0)
    return [(2,), ()]


@kernel("TensorArrayV3", host=("size",), functional=True, infer=_made_shapes)
def tensor_array(
    tools: Tools, size: np.ndarray, *, dtype: str, element_shape: Shape, dynamic_size: bool, clear_after_read: bool,
    identical_element_shapes: bool, tensor_array_name: str,
) -> tuple[Array, Elements]:  # fmt: skip
    """Make one without elements that were written."""
    count = int(size.reshape(()))
    if count < 0:
        raise InvalidArgumentError(None, None, f"Size should be >= 0, not {count}")
    name = f"{tensor_array_name or 'TensorArray'}_{tools.serial}"
    array = Array(
        name, dtype, element_shape, count, dynamic=dynamic_size, clears=clear_after_read,
        identical=identical_element_shapes,
    )  # fmt: skip
    return array, array.empty()


def _gradient_shapes(handle: Spec, flow_in: Spec) -> list[Shape]:
    return [(2,), ()]


@kernel("TensorArrayGradV3", functional=True, infer=_gradient_shapes)
def tensor_array_grad(tools: Tools, handle: Array, flow_in: Any, *, source: str) -> tuple[Array, Elements]:
    """Make one for gradients of another's elements: as large, and adding up what is written."""
    size, known = handle.first, handle.element_shape
    if isinstance(flow_in, Elements):
        size, known = flow_in.size, flow_in.row_shape
    array = Array(f"{handle.name}@{source}", handle.dtype, known, size, identical=handle.identical, adds=True)
    return array, array.empty()


def _contents(handle: Array, flow: Any) -> Elements:
    """Return what `flow` says is in an array: a gradient's begins with the flow of what it is a gradient of."""
    return flow if isinstance(flow, Elements) and flow.array == handle else handle.empty()


def _check_dtype(array: Array, dtype: str, what: str) -> None:
    if array.dtype != dtype:
        raise InvalidArgumentError(
            None, None,
            f"TensorArray dtype is {_CPP.get(array.dtype, array.dtype)} but Op is trying to {what} dtype "
            f"{_CPP.get(dtype, dtype)}.",
        )  # fmt: skip


def _write_shape(handle: Spec, index: Spec, value: Spec, flow_in: Spec) -> Shape:
    rules.with_rank(index.shape, 0)
    return ()


@kernel("TensorArrayWriteV3", functional=True, infer=_write_shape)
def tensor_array_write(tools: Tools, handle: Array, index: Any, value: Any, flow_in: Any, *, T: str) -> Elements:  # noqa: N803
    """Write one element."""
    _check_dtype(handle, T, "write")
    return _contents(handle, flow_in).write(tools, index, value)


def _read_shape(handle: Spec, index: Spec, flow_in: Spec) -> Shape:
    rules.with_rank(index.shape, 0)
    return None


@kernel("TensorArrayReadV3", functional=True, infer=_read_shape)
def tensor_array_read(tools: Tools, handle: Array, index: Any, flow_in: Any, *, dtype: str) -> Any:
    """Read one element."""
    _check_dtype(handle, dtype, "read")
    return _contents(handle, flow_in).read(tools, index)


def _gather_shape(handle: Spec, indices: Spec, flow_in: Spec, *, element_shape: Shape) -> Shape:
    rows = rules.with_rank(indices.shape, 1)
    if element_shape is None:
        return None
    return (None if rows is None else rows[0], *element_shape)


@kernel("TensorArrayGatherV3", functional=True, infer=_gather_shape)
def tensor_array_gather(
    tools: Tools, handle: Array, indices: Any, flow_in: Any, *, dtype: str, element_shape: Shape
) -> Any:
    """Read several elements as one tensor."""
    _check_dtype(handle, dtype, "read")
    return _contents(handle, flow_in).gather(tools, indices, element_shape)


def _scatter_shape(handle: Spec, indices: Spec, value: Spec, flow_in: Spec) -> Shape:
    count = rules.with_rank(indices.shape, 1)
    rows = rules.at_least(value.shape, 1)
    if count and rows and None not in (count[0], rows[0]) and count[0] != rows[0]:
        raise ShapeError(f"Dimensions must be equal, but are {rows[0]} and {count[0]}")
    return ()


@kernel("TensorArrayScatterV3", functional=True, infer=_scatter_shape)
def tensor_array_scatter(tools: Tools, handle: Array, indices: Any, value: Any, flow_in: Any, *, T: str) -> Elements:  # noqa: N803
    """Write the rows of a tensor."""
    _check_dtype(handle, T, "write")
    return _contents(handle, flow_in).scatter(tools, indices, value)


def _concat_shapes(handle: Spec, flow_in: Spec, *, element_shape_except0: Shape) -> list[Shape]:
    return [None if element_shape_except0 is None else (None, *element_shape_except0), (None,)]


@kernel("TensorArrayConcatV3", functional=True, infer=_concat_shapes)
def tensor_array_concat(
    tools: Tools, handle: Array, flow_in: Any, *, dtype: str, element_shape_except0: Shape
) -> tuple[Any, Any]:
    """Read all elements one after the other."""
    _check_dtype(handle, dtype, "concat")
    return _contents(handle, flow_in).concat(tools)


def _split_shape(handle: Spec, value: Spec, lengths: Spec, flow_in: Spec) -> Shape:
    rules.with_rank(lengths.shape, 1)
    return ()


@kernel("TensorArraySplitV3", host=("lengths",), functional=True, infer=_split_shape)
def tensor_array_split(tools: Tools, handle: Array, value: Any, lengths: Any, flow_in: Any, *, T: str) -> Elements:  # noqa: N803
    """Write consecutive parts of a tensor."""
    _check_dtype(handle, T, "write")
    return _contents(handle, flow_in).split(tools, value, lengths)


def _size_shape(handle: Spec, flow_in: Spec) -> Shape:
    return ()


@kernel("TensorArraySizeV3", functional=True, infer=_size_shape)
def tensor_array_size(tools: Tools, handle: Array, flow_in: Any) -> Any:
    """Say how many elements there are."""
    return np.array(_contents(handle, flow_in).size, np.int32)


def _nothing(handle: Spec) -> list[Shape]:
    return []


@kernel("TensorArrayCloseV3", functional=True, infer=_nothing)
def tensor_array_close(tools: Tools, handle: Array) -> tuple:
    """Do nothing: contents that nobody needs any more are gone."""
    return ()
