"""`tf.batch_gather` and `gather_nd` with batch dimensions, as compositions of TensorFlow's ops; `tf.searchsorted`,
`tf.repeat`.
"""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import all_dimensions, meshgrid, ones, sequence_mask, zeros
from onevar.v1.array_ops_index import boolean_mask, gather
from onevar.v1.array_ops_shape import (
    broadcast_to,
    concat,
    expand_dims,
    rank,
    reshape,
    shape,
    shape_internal,
    stack,
    tile,
    transpose,
    unstack,
)  # fmt: skip
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape, shape_of
from onevar.v1.export import export


def _range(start: Any, limit: Any, delta: Any) -> Any:
    return op("Range", start=start, limit=limit, delta=delta)


@export("batch_gather")
def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """Gather row by row of a batch; see `tf.compat.v1.batch_gather`.

    Raises:
        ValueError: The rank of `indices` is not known.
    """
    with name_scope(name, "BatchGather", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        count = rank_of(indices)
        if count is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return _batch_gather(params, indices, count - 1)


def _batch_gather(params: Any, indices: Any, batch_dims: int) -> Any:
    count, known = rank_of(indices), rank_of(params)
    assert count is not None
    if batch_dims < 0 or batch_dims >= count:
        raise ValueError(f"Argument `batch_dims` = {batch_dims} must be less than rank(`indices`) = {count}")
    if known is not None and batch_dims >= known:
        raise ValueError(f"Argument `batch_dims` = {batch_dims} must be less than rank(`params`) = {known}")
    indices_shape, params_shape = shape(indices), shape(params)
    outer_shape, flat_indices = _flat_indices(indices, params_shape, batch_dims)
    inner = op("Prod", input=params_shape[: batch_dims + 1], reduction_indices=[0], keep_dims=False)
    flat_params = reshape(params, concat([[inner], outer_shape], axis=0))
    result = reshape(gather(flat_params, flat_indices), concat([indices_shape, outer_shape], axis=0))
    final = shape_of(indices)[:batch_dims].merge_with(shape_of(params)[:batch_dims])
    final = final.concatenate(shape_of(indices)[batch_dims:])
    set_shape(result, final.concatenate(shape_of(params)[batch_dims + 1 :]))
    return result


def _flat_indices(indices: Any, params_shape: Any, batch_dims: int) -> tuple[Any, Any]:
    """The rest of the shape of `params`, and the indices into it with its batch dimensions made one."""
    kind, count = dtype_of(indices), rank_of(indices) or 0
    batch_indices = indices
    accumulated = ones((), dtype=kind)
    casted = op("Cast", x=params_shape, DstT=kind)
    for dim in range(batch_dims, 0, -1):
        size = casted[dim - 1]
        accumulated *= casted[dim]
        start, step = zeros((), dtype=kind), ones((), dtype=kind)
        dim_indices = _range(start, size, step)
        dim_indices *= accumulated
        dim_shape = stack([1] * (dim - 1) + [size] + [1] * (count - dim), axis=0)
        batch_indices += reshape(dim_indices, dim_shape)
    flat = reshape(batch_indices, [-1])
    return params_shape[batch_dims + 1 :], flat


def batch_gather_nd(params: Any, indices: Any, batch_dims: int, name: str | None = None) -> Any:
    """Return `gather_nd` for each element of a batch.

    Args:
        params: What is gathered from.
        indices: Where.
        batch_dims: How many leading dimensions the two share.
        name: Of the scope.

    Raises:
        ValueError: There are not so many.
    """
    with name_scope(name, "BatchGatherND", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        _check_batch(params, indices, batch_dims)
        params_shape, indices_shape = shape(params), shape(indices)
        batch_shape = params_shape[:batch_dims]
        batch_size = op("Prod", input=batch_shape, reduction_indices=[0])
        inner_count = rank(indices) - batch_dims - 1
        inner_shape = indices_shape[batch_dims:-1]
        grid = _index_grid(batch_shape, dtype_of(indices))
        grid_shape = shape(grid)
        kind = dtype_of(grid_shape)
        grid = reshape(grid, concat([grid_shape[:1], ones(inner_count, dtype=kind), grid_shape[1:]], axis=0))
        grid = tile(grid, multiples=concat(((1,), inner_shape, (1,)), axis=0))
        flat_shape = concat(([batch_size], indices_shape[batch_dims:]), axis=0)
        full = concat((grid, reshape(indices, shape=flat_shape)), axis=-1)
        out = op("GatherNd", params=params, indices=full)
        return reshape(out, shape=concat((batch_shape, shape(out)[1:]), axis=0))


def _check_batch(params: Any, indices: Any, batch_dims: int) -> None:
    if batch_dims < 0:
        raise ValueError("tf.gather_nd does not allow negative batch_dims.")
    for label, tensor in (("indices", indices), ("params", params)):
        count = rank_of(tensor)
        if count is not None and batch_dims >= count:
            raise ValueError(f"Argument `batch_dims` = {batch_dims} must be less than rank(`{label}`) = {count}")


def _index_grid(batch_shape: Any, kind: dtypes.DType) -> Any:
    sizes = unstack(batch_shape, axis=0)
    ranges = []
    for size in sizes:
        count = op("Cast", x=size, DstT=dtypes.int32)
        ranges.append(op("Cast", x=_range(0, count, 1), DstT=kind))
    grids = meshgrid(*ranges, indexing="ij") if ranges else []
    return transpose(stack([reshape(x, shape=(-1,)) for x in grids], axis=0))


@export("searchsorted")
def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = dtypes.int32, name: str | None = None
) -> Any:
    """Return where values belong in sorted rows; see `tf.searchsorted`.

    Raises:
        ValueError: `side` is neither `"left"` nor `"right"`.
    """
    sequence_size = shape_internal(sorted_sequence)[-1]
    values_size = shape_internal(values)[-1]
    rows = reshape(sorted_sequence, [-1, sequence_size])
    values_2d = reshape(values, [-1, values_size])
    if side not in ("left", "right"):
        raise ValueError(f"Argument `side` must be either 'right' or 'left'. Received: `side` = '{side}'.")
    kind = "UpperBound" if side == "right" else "LowerBound"
    output = op(kind, sorted_inputs=rows, values=values_2d, out_type=out_type, name=name)
    return reshape(output, shape_internal(values))


@export("repeat")
def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Return a tensor with each slice repeated; see `tf.repeat`."""
    if axis is None:
        input = reshape(input, [-1])
        axis = 0
    return _repeat(input, repeats, axis, name)


def convert_to_int_tensor(tensor: Any, name: str, dtype: Any = dtypes.int32) -> Any:
    """Return an integer tensor of a dtype.

    Args:
        tensor: What `convert_to_tensor` takes.
        name: For messages and operations.
        dtype: The dtype.

    Raises:
        TypeError: It is not of an integer type.
    """
    converted = convert_to_tensor(tensor, name=name, preferred_dtype=dtype)
    if not dtype_of(converted).is_integer:
        raise TypeError(
            f"Argument `tensor` (name: {name}) must be of type integer. Received `tensor` = {converted} "
            f"of dtype: {dtype_of(converted)}"
        )
    return op("Cast", x=converted, DstT=dtype)


def _positive_axis(axis: Any, count: int | None) -> int:
    if not isinstance(axis, int):
        raise TypeError(f"Argument `axis` must be an int. Received `axis` = {axis} of type {type(axis).__name__}")
    if count is None:
        if axis < 0:
            raise ValueError(f"axis={axis} may only be negative if rank(data) is statically known.")
        return axis
    if not -count <= axis < count:
        raise ValueError(f"axis={axis} out of bounds: expected {-count}<=axis<{count}")
    return axis % count


def _repeat(data: Any, repeats: Any, axis: int, name: str | None) -> Any:
    with name_scope(name, "Repeat", [data, repeats]):
        data = convert_to_tensor(data, name="data")
        repeats = convert_to_int_tensor(repeats, name="repeats")
        shape_of(repeats).with_rank_at_most(1)
        if rank_of(data) == 0:
            data = stack([data])
        data_shape = shape(data, out_type=dtype_of(repeats))
        axis = _positive_axis(axis, rank_of(data))
        if shape_of(repeats).num_elements() == 1:
            repeats = reshape(repeats, [])
            tiled = _tile_one(expand_dims(data, axis + 1), axis + 1, repeats)
            parts = [data_shape[:axis], [repeats * data_shape[axis]], data_shape[axis + 1 :]]
            return reshape(tiled, concat(parts, axis=0))
        if rank_of(repeats) == 1:
            shape_of(data).dims[axis].assert_is_compatible_with(shape_of(repeats)[0])  # type: ignore[index]
        return _repeat_each(data, data_shape, repeats, axis)


def _repeat_each(data: Any, data_shape: Any, repeats: Any, axis: int) -> Any:
    """Repeat each slice often enough, then keep as many of each as asked for."""
    original = repeats = broadcast_to(repeats, [data_shape[axis]])
    if rank_of(repeats) != axis + 1:
        repeats_shape, repeats_count = shape(repeats), rank(repeats)
        target = concat([data_shape[: axis + 1 - repeats_count], repeats_shape], axis=0)
        repeats = broadcast_to(repeats, target)
        set_shape(repeats, [None] * (axis + 1))
    most = op("Max", input=repeats, reduction_indices=all_dimensions(repeats))
    most = op("Maximum", x=convert_to_tensor(0, name="zero", dtype=dtype_of(most)), y=most)
    mask = sequence_mask(repeats, most)
    tiled = _tile_one(expand_dims(data, axis + 1), axis + 1, most)
    result = boolean_mask(tiled, mask)
    if axis:
        total = op("Sum", input=original, reduction_indices=_range(0, rank(original), 1))
        result = reshape(result, concat([data_shape[:axis], [total], data_shape[axis + 1 :]], axis=0))
    dims = dims_of(data)
    if dims is not None:
        set_shape(result, [*dims[:axis], 0 if (dims_of(repeats) or (None,))[0] == 0 else None, *dims[axis + 1 :]])
    return result


def _tile_one(data: Any, axis: int, multiple: Any) -> Any:
    count = rank_of(data)
    if count is not None:
        multiples: Any = [1] * count
        multiples[axis] = multiple
    else:
        filler = ones(rank(data), dtypes.int32)
        multiples = concat([filler[:axis], [multiple], filler[axis + 1 :]], axis=0)
    return tile(data, multiples)
