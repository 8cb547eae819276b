"""Sparse tensors: `tf.sparse_placeholder`, `tf.sparse_tensor_dense_matmul`, `tf.sparse_retain` and the like."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value, constant_value_as_shape
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape, dimension_value
from onevar.v1.array_ops_create import constant, ones, placeholder, placeholder_with_default, zeros, zeros_like
from onevar.v1.array_ops_index import gather, gather_nd, where_v2
from onevar.v1.array_ops_shape import broadcast_static_shape, identity, rank, reshape, shape, stack, transpose
from onevar.v1.common import dims_of, dtype_of, renamed, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, minimum, not_equal
from onevar.v1.math_ops_make import range_
from onevar.v1.sparse_types import SparseTensor, SparseTensorValue
from onevar.v1.sparse_types import as_sparse as _sparse


@export("sparse_placeholder", "sparse.placeholder")
def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """Return a sparse tensor that is to be fed; see `tf.compat.v1.sparse_placeholder`.

    Raises:
        RuntimeError: Eager execution has nothing to feed.
    """
    if executing_eagerly():
        raise RuntimeError("`sparse_placeholder` is not compatible with eager execution.")

    def named(part: str) -> str | None:
        return None if name is None else f"{name}/{part}"

    count = None
    if shape is None:
        dense_shape: Any = placeholder(dtypes.int64, shape=[None], name=named("shape"))
        static = constant_value_as_shape(dense_shape)
    else:
        if isinstance(shape, Tensor):
            count = (dims_of(shape) or (None,))[0]
            static = constant_value_as_shape(shape)
        else:
            sizes = [dimension_value(dim) for dim in shape]
            count = len(sizes)
            static = TensorShape([None if dim == -1 else dim for dim in sizes])
            filled = tuple(-1 if dim is None else dim for dim in sizes)
            shape = convert_to_tensor(filled, dtype=dtypes.int64, name=named("shape_default"))
        dense_shape = placeholder_with_default(shape, shape=shape_of(shape), name=named("shape"))
    values = placeholder(dtype, shape=[None], name=named("values"))
    indices = placeholder(dtypes.int64, shape=[None, count], name=named("indices"))
    result = SparseTensor(indices, values, dense_shape)
    result.set_shape(static)
    return result


@export("sparse_tensor_dense_matmul", "sparse.matmul", "sparse.sparse_dense_matmul")
def sparse_tensor_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Any:
    """Return the product of a sparse and a dense matrix; see `tf.sparse.sparse_dense_matmul`."""
    if isinstance(b, SparseTensor | SparseTensorValue):
        flips = (adjoint_a, adjoint_b) if adjoint_a != adjoint_b else (not adjoint_a, not adjoint_b)
        return transpose(sparse_tensor_dense_matmul(b, sp_a, *flips))
    sp_a = _sparse(sp_a)
    with name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]):
        b = convert_to_tensor(b, name="b")
        parts = {"a_indices": sp_a.indices, "a_values": sp_a.values, "a_shape": sp_a.dense_shape}
        return op("SparseTensorDenseMatMul", **parts, b=b, adjoint_a=adjoint_a, adjoint_b=adjoint_b)


@export("sparse_to_dense")
def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Any:
    """Return a dense tensor with values at some places; see `tf.compat.v1.sparse_to_dense`."""
    parts = {"sparse_indices": sparse_indices, "output_shape": output_shape, "sparse_values": sparse_values}
    checked = {"default_value": default_value, "validate_indices": validate_indices}
    return op("SparseToDense", **parts, **checked, name=name)


@export("sparse_tensor_to_dense", "sparse.to_dense")
def sparse_tensor_to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Any:
    """Return a sparse tensor as a dense one; see `tf.sparse.to_dense`."""
    sp_input = _sparse(sp_input)
    if default_value is None:
        default_value = zeros([], dtype=sp_input.dtype)
    parts = (sp_input.indices, sp_input.dense_shape, sp_input.values)
    return sparse_to_dense(*parts, default_value, validate_indices, name)


@export("sparse.from_dense")
def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """Return a dense tensor as a sparse one; see `tf.sparse.from_dense`."""
    with name_scope(name, "dense_to_sparse"):
        tensor = convert_to_tensor(tensor)
        indices = where_v2(not_equal(tensor, zeros_like(tensor)))
        return SparseTensor(indices, gather_nd(tensor, indices), shape(tensor, out_type=dtypes.int64))


@export("sparse.eye")
def sparse_eye(num_rows: Any, num_columns: Any = None, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """Return a sparse identity matrix; see `tf.sparse.eye`."""
    with name_scope(name, "eye", [num_rows, num_columns]):
        rows = cast(convert_to_tensor(num_rows, name="num_rows", preferred_dtype=dtypes.int64), dtypes.int64)
        columns = rows
        if num_columns is not None:
            columns = convert_to_tensor(num_columns, name="num_columns", preferred_dtype=dtypes.int64)
            columns = cast(columns, dtypes.int64)
        count = minimum(rows, columns)
        diagonal = range_(count, dtype=dtypes.int64)
        return SparseTensor(stack([diagonal, diagonal], axis=1), ones(count, dtype=dtype), [rows, columns])


@export("sparse_reorder", "sparse.reorder")
def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Return a sparse tensor with its elements in order; see `tf.sparse.reorder`."""
    sp_input = _sparse(sp_input)
    parts = {"input_indices": sp_input.indices, "input_values": sp_input.values, "input_shape": sp_input.dense_shape}
    indices, values = op("SparseReorder", **parts, name=name)
    if sp_input.shape.is_fully_defined():
        return SparseTensor(indices, values, sp_input.shape.as_list())
    result = SparseTensor(indices, values, identity(sp_input.dense_shape))
    result.set_shape(sp_input.shape)
    return result


@export("sparse_reshape", "sparse.reshape")
def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """Return the elements of a sparse tensor in another shape; see `tf.sparse.reshape`.

    Raises:
        ValueError: The shapes are known to have different numbers of elements.
    """
    sp_input = _sparse(sp_input)
    shape = cast(shape, dtypes.int64)
    with name_scope(name, "SparseReshape", [sp_input.indices]) as scope:
        arguments = {"input_indices": sp_input.indices, "input_shape": sp_input.dense_shape, "new_shape": shape}
        indices, new_shape = op("SparseReshape", **arguments, name=scope)
        known = _resolved(sp_input.shape, constant_value_as_shape(shape).tuple)
        if known is not None:
            new_shape = constant(known, dtype=dtypes.int64)
        return SparseTensor(indices, identity(sp_input.values), new_shape)


def _resolved(old: TensorShape, new: tuple[int | None, ...] | None) -> list[int | None] | None:
    """The new shape without unknown dimensions, if it follows from the old one."""
    if new is None or not old.is_fully_defined() or new.count(None) > 1 or (None in new and 0 in new):
        return None
    total, sizes = old.num_elements() or 0, list(new)
    if None in sizes:
        known: list[Any] = [n for n in sizes if n is not None]
        sizes[sizes.index(None)] = total // int(np.prod(known))
    size = TensorShape(sizes).num_elements()
    if size != total:
        raise ValueError(f"Cannot reshape a tensor with {total} elements to shape {list(new)} ({size} elements).")
    return sizes


@export("sparse_retain", "sparse.retain")
def sparse_retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """Return a sparse tensor with some of its elements; see `tf.sparse.retain`."""
    sp_input = _sparse(sp_input)
    to_retain = convert_to_tensor(to_retain)
    retained = shape_of(to_retain)
    retained.assert_has_rank(1)
    shape_of(sp_input.values).assert_is_compatible_with(retained)
    places = reshape(where_v2(to_retain), [-1])
    indices, values = gather(sp_input.indices, places), gather(sp_input.values, places)
    return SparseTensor(indices, values, identity(sp_input.dense_shape))


@export("sparse_softmax", "sparse.softmax")
def sparse_softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Return the softmax of rows, over the elements that are there; see `tf.sparse.softmax`."""
    with name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]):
        parts = {"sp_indices": sp_input.indices, "sp_values": sp_input.values, "sp_shape": sp_input.dense_shape}
        return SparseTensor(sp_input.indices, op("SparseSoftmax", **parts), sp_input.dense_shape)


@export("sparse_add", "sparse.add")
def sparse_add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """Return the sum of two tensors of which one or both are sparse; see `tf.compat.v1.sparse_add`.

    Raises:
        TypeError: Neither is.
    """
    threshold = renamed("threshold", threshold, "thresh", thresh)
    kinds = (SparseTensor, SparseTensorValue)
    if not isinstance(a, kinds) and not isinstance(b, kinds):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if not (isinstance(a, kinds) and isinstance(b, kinds)):
        a, b = (b, a) if isinstance(b, kinds) else (a, b)
        return op("SparseTensorDenseAdd", a_indices=a.indices, a_values=a.values, a_shape=a.dense_shape, b=b)
    a, b = _sparse(a), _sparse(b)
    limit = convert_to_tensor(threshold or 0, dtype=dtype_of(a.values).real_dtype, name="threshold")
    left = {"a_indices": a.indices, "a_values": a.values, "a_shape": a.dense_shape}
    right = {"b_indices": b.indices, "b_values": b.values, "b_shape": b.dense_shape}
    indices, values, new_shape = op("SparseAdd", **left, **right, thresh=limit)
    a.shape.assert_is_compatible_with(b.shape)
    static = broadcast_static_shape(a.shape, b.shape)
    return SparseTensor(indices, values, static.as_list() if static.is_fully_defined() else new_shape)


@export("sparse_transpose", "sparse.transpose")
def sparse_transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """Return a sparse tensor with its dimensions in another order; see `tf.sparse.transpose`."""
    with name_scope(name, "SparseTranspose", [sp_input.indices]):
        if perm is None:
            known = sp_input.shape.rank
            if known is None:
                count = rank(sp_input)
                perm = (count - 1) - range_(0, count, 1)
            else:
                perm = (known - 1) - np.arange(0, known, 1)
        indices = transpose(gather(transpose(sp_input.indices), perm))
        as_tensor = convert_to_tensor(perm)
        order = constant_value(as_tensor)
        if order is not None and sp_input.shape.is_fully_defined():
            sizes = sp_input.shape.as_list()
            dense_shape: Any = [sizes[int(p)] for p in order]
        else:
            dense_shape = gather(sp_input.dense_shape, perm)
        return sparse_reorder(SparseTensor(indices, sp_input.values, dense_shape))


@export("sparse_slice", "sparse.slice")
def sparse_slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """Return a part of a sparse tensor; see `tf.sparse.slice`."""
    sp_input = _sparse(sp_input)
    start, size = convert_to_tensor(start, dtypes.int64), convert_to_tensor(size, dtypes.int64)
    with name_scope(name, "SparseSlice", [sp_input.indices]) as scope:
        parts = {"indices": sp_input.indices, "values": sp_input.values, "shape": sp_input.dense_shape}
        return SparseTensor(*op("SparseSlice", **parts, start=start, size=size, name=scope))


@export("sparse_fill_empty_rows", "sparse.fill_empty_rows")
def sparse_fill_empty_rows(sp_input: Any, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Any]:
    """Return a sparse matrix with an element in every row, and which were empty; see `tf.sparse.fill_empty_rows`."""
    sp_input = _sparse(sp_input)
    with name_scope(name, "SparseFillEmptyRows", [sp_input.indices]):
        default = convert_to_tensor(default_value, dtype=sp_input.dtype)
        parts = {"indices": sp_input.indices, "values": sp_input.values, "dense_shape": sp_input.dense_shape}
        indices, values, empty, _ = op("SparseFillEmptyRows", **parts, default_value=default)
        return SparseTensor(indices, values, sp_input.dense_shape), empty
