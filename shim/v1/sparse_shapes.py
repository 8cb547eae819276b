"""Sparse tensors joined, taken apart and given other shapes: `tf.sparse.concat`, `tf.sparse.split` and the like."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, fill, ones_like, zeros
from onevar.v1.array_ops_index import slice_, where_v2
from onevar.v1.array_ops_shape import concat, expand_dims, identity, reshape, shape
from onevar.v1.check_ops import assert_equal, assert_less_equal
from onevar.v1.common import dtype_of, renamed, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import add, cast, maximum
from onevar.v1.math_ops_reduce import reduce_max
from onevar.v1.sparse_ops import sparse_reorder, sparse_tensor_to_dense
from onevar.v1.sparse_types import SparseTensor, SparseTensorValue, as_sparse


@export("sparse_concat", "sparse.concat")
def sparse_concat(
    axis: Any,
    sp_inputs: Sequence[Any],
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: Any = None,
    expand_nonconcat_dims: bool | None = None,
) -> SparseTensor:
    """Return sparse tensors joined along a dimension.

    Args:
        axis: The dimension.
        sp_inputs: The tensors, of one rank.
        name: Of the operation.
        expand_nonconcat_dim: Whether the other dimensions may differ; each becomes the largest there is.
        concat_dim: An older name of `axis`.
        expand_nonconcat_dims: Another name of `expand_nonconcat_dim`.
    """
    expand = renamed(
        "expand_nonconcat_dims", expand_nonconcat_dims, "expand_nonconcat_dim", expand_nonconcat_dim or None
    )
    axis = renamed("axis", axis, "concat_dim", concat_dim)
    inputs = _sparse_list(sp_inputs)
    if len(inputs) == 1:
        return inputs[0]
    shapes = [item.dense_shape for item in inputs]
    if expand:
        largest = reduce_max(concat([reshape(s, [1, -1]) for s in shapes], 0), 0)
        shapes = [_widened(s, largest, axis) for s in shapes]
    parts = {"indices": [item.indices for item in inputs], "values": [item.values for item in inputs]}
    indices, values, dense_shape = op("SparseConcat", **parts, shapes=shapes, concat_dim=axis, name=name)
    static = _joined([item.shape for item in inputs], axis, expand)
    if static is not None and static.is_fully_defined():
        return SparseTensor(indices, values, constant(static.as_list(), dtype=dtypes.int64))
    result = SparseTensor(indices, values, dense_shape)
    if static is not None:
        result.set_shape(static)
    return result


def _sparse_list(sp_inputs: Any) -> list[SparseTensor]:
    if not isinstance(sp_inputs, list):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(item, SparseTensor | SparseTensorValue) for item in sp_inputs):
        raise TypeError("All inputs must be SparseTensors")
    return [as_sparse(item) for item in sp_inputs]


def _widened(sizes: Any, largest: Any, axis: int) -> Any:
    if axis == -1:
        return concat([largest[:-1], sizes[-1:], []], 0)
    return concat([largest[:axis], sizes[axis : axis + 1], largest[axis + 1 :]], 0)


def _joined(shapes: Sequence[TensorShape], axis: int, expand: bool) -> TensorShape | None:
    """What is known of the shape of sparse tensors joined."""
    if any(known.rank is None for known in shapes):
        return None
    rows = [known.tuple or () for known in shapes]
    if not rows[0]:
        return None
    at = axis % len(rows[0])
    columns = list(zip(*rows, strict=True))
    out: list[int | None] = []
    for i, column in enumerate(columns):
        known = [size for size in column if size is not None]
        if i == at:
            out.append(sum(known) if len(known) == len(column) else None)
        elif expand:
            out.append(max(known) if len(known) == len(column) else None)
        else:
            merged = TensorShape([column[0]])
            for size in column[1:]:
                merged = merged.merge_with([size])
            out.append((merged.tuple or (None,))[0])
    return TensorShape(out)


class _KeywordsOnly:
    """Stands where TensorFlow 1 wants no positional argument."""

    def __repr__(self) -> str:
        return "KeywordRequired()"


_KEYWORDS = _KeywordsOnly()


@export("sparse_split", "sparse.split")
def sparse_split(
    keyword_required: Any = _KEYWORDS,
    sp_input: Any = None,
    num_split: int | None = None,
    axis: Any = None,
    name: str | None = None,
    split_dim: Any = None,
) -> list[SparseTensor]:
    """Return a sparse tensor in parts along a dimension.

    Args:
        keyword_required: Nothing: the arguments have to be named.
        sp_input: The tensor.
        num_split: How many parts; the first ones are larger by one where they cannot be equal.
        axis: The dimension.
        name: Of the operation.
        split_dim: An older name of `axis`.

    Raises:
        ValueError: Arguments are missing, or not named.
        TypeError: The tensor is not sparse.
    """
    if keyword_required is not _KEYWORDS:
        raise ValueError("Keyword arguments are required for this function.")
    if sp_input is None:
        raise ValueError("sp_input is required")
    if num_split is None:
        raise ValueError("num_split is required")
    if axis is None and split_dim is None:
        raise ValueError("axis is required")
    axis = renamed("axis", axis, "split_dim", split_dim)
    sp_input = as_sparse(sp_input)
    parts = {"indices": sp_input.indices, "values": sp_input.values, "shape": sp_input.dense_shape}
    made = op("SparseSplit", split_dim=axis, num_split=num_split, **parts, name=name)
    return [SparseTensor(*part) for part in zip(*_thirds(made), strict=True)]


def _thirds(made: Any) -> list[list[Any]]:
    """The three lists of a result that may be flat."""
    if len(made) == 3 and isinstance(made[0], list | tuple):
        return [list(part) for part in made]
    size = len(made) // 3
    return [list(made[start : start + size]) for start in (0, size, 2 * size)]


@export("sparse.expand_dims")
def sparse_expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """Return a sparse tensor with a dimension of one more.

    Args:
        sp_input: The tensor.
        axis: Where the dimension is to be; None is -1.
        name: Of the operations.
    """
    rank = sp_input.shape.rank
    if rank is None:
        raise ValueError("Cannot convert unknown Dimension ? to a Tensor.")
    axis = -1 if axis is None else axis
    with name_scope(name, "expand_dims", [sp_input]):
        if isinstance(axis, Tensor):
            axis = axis if dtype_of(axis) == dtypes.int32 else cast(axis, dtypes.int32)
        axis = convert_to_tensor(axis, name="axis", dtype=dtypes.int32)
        axis = where_v2(op("GreaterEqual", x=axis, y=0), axis, axis + rank + 1)
        count = shape(sp_input.indices)[0]
        column = zeros([count, 1], dtype=dtypes.int64)
        left = slice_(sp_input.indices, [0, 0], [-1, axis])
        right = slice_(sp_input.indices, [0, axis], [-1, -1])
        indices = concat([left, column, right], axis=1)
        before, after = slice_(sp_input.dense_shape, [0], [axis]), slice_(sp_input.dense_shape, [axis], [-1])
        sizes = concat([before, convert_to_tensor([1], dtypes.int64, "new_shape"), after], axis=0)
        return SparseTensor(indices, sp_input.values, sizes)


@export("sparse_reset_shape", "sparse.reset_shape")
def sparse_reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """Return the same elements in a tensor of another shape: a larger one, or the smallest that holds them.

    Args:
        sp_input: The tensor.
        new_shape: The shape; None takes the smallest.

    Raises:
        TypeError: The tensor is not sparse.
        ValueError: The shape is known to be too small, or of another rank.
    """
    sp_input = as_sparse(sp_input)
    indices, values, in_shape = (identity(part) for part in (sp_input.indices, sp_input.values, sp_input.dense_shape))
    if new_shape is None:
        highest = reduce_max(indices, axis=0)
        return SparseTensor(
            indices, values, maximum(constant(0, dtypes.int64), add(highest, ones_like(in_shape), "Add"))
        )
    wanted = cast(convert_to_tensor(new_shape), dtypes.int64)
    if shape_of(wanted).rank not in (None, 1):
        shape_of(wanted).assert_has_rank(1)
    static = None if not isinstance(new_shape, list | tuple | np.ndarray) else [int(n) for n in new_shape]
    old = sp_input.shape
    if static is not None and old.is_fully_defined():
        _check_larger(old.as_list(), static)
        return SparseTensor(indices, values, static)
    with control_dependencies([assert_equal(shape(in_shape), shape(wanted))]):
        wanted = identity(wanted, name="control_dependency")
    with control_dependencies([assert_less_equal(in_shape, wanted)]):
        wanted = identity(wanted, name="control_dependency")
    return SparseTensor(indices, values, wanted)


def _check_larger(old: Sequence[Any], new: Sequence[int]) -> None:
    if len(old) != len(new):
        raise ValueError(
            f"Expected an output_shape_tensor with the rank of {TensorShape(old)}. Received: {TensorShape(new)}."
        )
    if any(b < a for a, b in zip(old, new, strict=True)):
        raise ValueError(
            f"Requested new_shape should have dimension sizes >= sp_input.shape. Found new_shape {TensorShape(new)}, "
            f"sp_input.shape {TensorShape(old)}."
        )


@export("sparse_merge", "sparse.merge")
def sparse_merge(
    sp_ids: Any, sp_values: Any, vocab_size: Any, name: str | None = None, already_sorted: bool = False
) -> SparseTensor:
    """Return the values at the places that the ids say: the last coordinate of each is replaced by its id, or ids.

    Args:
        sp_ids: A sparse tensor of integers, or a list of them.
        sp_values: The values, as many.
        vocab_size: How many ids there are; a list for a list of ids.
        name: Of the operations.
        already_sorted: Whether the result is in order without being sorted.

    Raises:
        TypeError: An argument is not sparse.
        ValueError: There is not one vocabulary for each of the ids.
    """
    if isinstance(sp_ids, SparseTensorValue | SparseTensor):
        sp_ids, vocab_size = [sp_ids], [vocab_size]
    elif not isinstance(vocab_size, list | tuple):
        raise TypeError(f"vocab_size has to be a list of Tensors or Python ints. Found {type(vocab_size)}")
    if isinstance(vocab_size, list | tuple) and len(sp_ids) != len(vocab_size):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    with name_scope(name, "SparseMerge", [sp_ids, sp_values]):
        all_ids = [as_sparse(ids) for ids in sp_ids]
        sp_values = as_sparse(sp_values)
        columns = []
        for ids in all_ids:
            dim = ids.values
            columns.append(expand_dims(dim if dtype_of(dim) == dtypes.int64 else cast(dim, dtypes.int64), axis=1))
        sizes = [cast(size, dtypes.int64) for size in vocab_size]
        first: Any = all_ids[0]
        indices = concat([first.indices[:, :-1], *columns], axis=1)
        new_shape = concat([first.dense_shape[:-1], sizes], axis=0)
        result = SparseTensor(indices, sp_values.values, new_shape)
        if already_sorted:
            return result
        ordered = sparse_reorder(result)
        return SparseTensor(ordered.indices, ordered.values, new_shape)


@export("sparse_to_indicator", "sparse.to_indicator")
def sparse_to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Any:
    """Return a dense tensor of booleans that says which ids occur.

    Args:
        sp_input: A sparse tensor of integers.
        vocab_size: How many ids there are: the size of the last dimension.
        name: Of the operations.
    """
    sp_input = as_sparse(sp_input)
    with name_scope(name, "SparseToIndicator", [sp_input]) as scope:
        count = shape(sp_input.indices)[0]
        there = fill(expand_dims(count, 0), True)
        merged = sparse_merge(sp_input, SparseTensor(sp_input.indices, there, sp_input.dense_shape), vocab_size, scope)
        return sparse_tensor_to_dense(merged, default_value=False, validate_indices=False, name=scope)
