"""Embedding lookups: `tf.nn.embedding_lookup` and its sparse and safe relatives."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import colocate_with, device
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, ones, ones_like, zeros_like
from onevar.v1.array_ops_index import dynamic_partition, gather, slice_, unique, where
from onevar.v1.array_ops_shape import concat, expand_dims, identity, rank, reshape, shape, size, stack, tile
from onevar.v1.clip_ops import clip_by_norm
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, maximum, pow_, sqrt
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_prod, reduce_sum
from onevar.v1.partitioned_variable import PartitionedVariable
from onevar.v1.sparse_ops import sparse_fill_empty_rows, sparse_reshape, sparse_retain
from onevar.v1.sparse_types import SparseTensor
from onevar.v1.variables import is_resource_variable


def parts_of(params: Any) -> list[Any]:
    """Return the parts that a table is kept in.

    Args:
        params: A tensor, a Variable, a partitioned one, or a list of parts.
    """
    if isinstance(params, PartitionedVariable):
        return list(params)
    return params if isinstance(params, list) else [params]


def _near(param: Any) -> AbstractContextManager[None]:
    return colocate_with(param)


def _clipped(values: Any, ids: Any, max_norm: Any) -> Any:
    """The embeddings, made shorter where they are longer than `max_norm`."""
    if max_norm is None:
        return values
    ids_rank, values_rank = rank_of(ids), rank_of(values)
    if ids_rank and values_rank:
        axes: Any = list(range(ids_rank, values_rank))
    else:
        axes = range_(ids_rank or rank(ids), values_rank or rank(values))
    return clip_by_norm(values, max_norm, axes=axes)


@export("nn.embedding_lookup")
def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: Any = None,
) -> Any:
    """Return rows of a table that may be kept in several parts; see `tf.compat.v1.nn.embedding_lookup`.

    Args:
        params: The table, or its parts.
        ids: Which rows.
        partition_strategy: How rows are dealt out to parts: `"mod"` or `"div"`.
        name: Of the operations.
        validate_indices: Without meaning, as in TensorFlow.
        max_norm: Rows that are longer are made as long as that.

    Raises:
        ValueError: There is no table, or no such strategy.
    """
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, list | tuple) and not params:
        raise ValueError("Length of params is currently 0. Need at least one param.")
    parts = parts_of(params)
    with name_scope(name, "embedding_lookup", [*parts, ids]) as scope:
        if not any(is_resource_variable(part) for part in parts):
            parts = [_tensor_or_slices(part, f"params_{i}") for i, part in enumerate(parts)]
        ids = convert_to_tensor(ids, name="ids")
        if len(parts) == 1:
            with _near(parts[0]):
                result = _clipped(gather(parts[0], ids, name=scope), ids, max_norm)
            return identity(result)
        return _clipped(_from_parts(parts, ids, partition_strategy, scope), ids, max_norm)


def _tensor_or_slices(value: Any, name: str) -> Any:
    return value if isinstance(value, IndexedSlices) else convert_to_tensor(value, name=name)


def _from_parts(parts: list[Any], ids: Any, strategy: str, scope: str) -> Any:
    flat = reshape(ids, [-1])
    places = range_(size(flat, out_type=dtypes.int32))
    count = len(parts)
    if strategy == "mod":
        owners, rows = flat % count, flat // count
    elif strategy == "div":
        owners, rows = _dealt_in_blocks(parts, flat)
    else:
        raise ValueError(f"Unrecognized partition strategy: {strategy}.Must be one of either `mod` or `div`.")
    owners = cast(owners, dtypes.int32)
    rows = dynamic_partition(rows, owners, count)
    places = dynamic_partition(places, owners, count)
    found = []
    for part, wanted in zip(parts, rows, strict=True):
        with _anywhere(), _near(part):
            found.append(gather(part, wanted))
    whole = op("ParallelDynamicStitch", indices=places, data=found, name=scope)
    element = shape_of(parts[0])[1:]
    for part in parts[1:]:
        element = element.merge_with(shape_of(part)[1:])
    if element.is_fully_defined():
        sizes: Any = element.as_list()
    else:
        with _near(parts[0]):
            known = shape(parts[0])
        sizes = known[1:]
    whole = reshape(whole, concat([shape(ids), sizes], 0))
    set_shape(whole, shape_of(ids).concatenate(element))
    return whole


def _anywhere() -> AbstractContextManager[None]:
    return nullcontext() if executing_eagerly() else device(None)


def _dealt_in_blocks(parts: list[Any], flat: Any) -> tuple[Any, Any]:
    """Which part each row is in, and where there, if each part has a block of rows; the first ones one row more."""
    firsts: list[Any] = [(dims_of(part) or (None,))[0] for part in parts]
    dtype = dtype_of(flat)
    count = len(parts)
    if None not in firsts and sum(firsts):
        total = constant(sum(firsts), dtype)
    else:
        sizes = []
        for part, first in zip(parts, firsts, strict=True):
            if first is None:
                with _near(part):
                    first = shape(part)[0]
            sizes.append(first)
        total = reduce_sum(cast(stack(sizes), dtype))
    each = total // count
    extras = total % count
    owners = maximum(flat // (each + 1), (flat - extras) // each)
    return owners, where(owners < extras, flat % (each + 1), (flat - extras) % each)


# -- sums of rows -------------------------------------------------------------------------------------

_OPS = {"sum": "SparseSegmentSum", "mean": "SparseSegmentMean", "sqrtn": "SparseSegmentSqrtN"}


@export("nn.embedding_lookup_sparse")
def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: Any = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """Return sums or means of rows of a table; see `tf.compat.v1.nn.embedding_lookup_sparse`.

    Args:
        params: The table, or its parts.
        sp_ids: Which rows belong together: a sparse matrix of their numbers.
        sp_weights: Their weights, a sparse matrix like `sp_ids`; None for all alike.
        partition_strategy: As for `embedding_lookup`.
        name: Of the operations.
        combiner: `"mean"` (the default), `"sum"`, or `"sqrtn"`.
        max_norm: As for `embedding_lookup`.
        allow_fast_lookup: Whether rows may be looked up more than once.

    Raises:
        TypeError: `sp_ids` or `sp_weights` is not sparse.
        ValueError: There is no such combiner.
    """
    combiner = "mean" if combiner is None else combiner
    if combiner not in _OPS:
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}")
    parts = parts_of(params)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError(f"sp_ids must be SparseTensor, got {type(sp_ids)}")
    if sp_weights is not None:
        _check_weights(sp_ids, sp_weights)
    with name_scope(name, "embedding_lookup_sparse", [*parts, sp_ids]) as scope:
        indices: Any = sp_ids.indices
        segments = indices[:, 0]
        rows, index, sparse_gradient = _rows(
            parts, sp_ids.values, segments, max_norm, partition_strategy, allow_fast_lookup, sp_weights is None
        )
        if sp_weights is None:
            if dtype_of(segments) not in (dtypes.int32, dtypes.int64):
                segments = cast(segments, dtypes.int32)
            arguments = {"data": rows, "indices": index, "segment_ids": segments, "sparse_gradient": sparse_gradient}
            return op(_OPS[combiner], **arguments, name=scope)
        segments = cast(segments, dtypes.int32)
        return _weighted(gather(rows, index), sp_weights.values, segments, combiner, scope)


def _check_weights(sp_ids: SparseTensor, sp_weights: Any) -> None:
    if not isinstance(sp_weights, SparseTensor):
        raise TypeError(f"sp_weights must be either None or SparseTensor,got {type(sp_weights)}")
    for part in ("values", "indices", "dense_shape"):
        shape_of(getattr(sp_ids, part)).assert_is_compatible_with(shape_of(getattr(sp_weights, part)))


def _rows(
    parts: list[Any], ids: Any, segments: Any, max_norm: Any, strategy: str, fast: bool, unweighted: bool
) -> tuple[Any, Any, bool]:
    """Rows of the table, which of them are wanted, and whether their gradient is to be sparse."""
    segments = convert_to_tensor(segments, name="segment_ids")
    if len(parts) == 1 and not is_resource_variable(parts[0]):
        parts = [convert_to_tensor(parts[0], name="params")]
        near = getattr(parts[0], "device", "") == getattr(segments, "device", "")
        if near and max_norm is None and (fast or unweighted):
            return parts[0], ids, not fast
    ids, index = unique(ids)
    return embedding_lookup(parts, ids, partition_strategy=strategy, max_norm=max_norm), index, False


def _weighted(rows: Any, weights: Any, segments: Any, combiner: str, scope: str) -> Any:
    dtype = dtype_of(rows)
    if dtype in (dtypes.float16, dtypes.bfloat16):
        rows = cast(rows, dtypes.float32)
    if dtype_of(weights) != dtype_of(rows):
        weights = cast(weights, dtype_of(rows))
    ones_shape = expand_dims(rank(rows) - 1, 0)
    sizes = shape(weights)
    filler = ones(ones_shape, dtype=dtype_of(sizes))
    known = shape_of(weights)
    weights = reshape(weights, concat([sizes, filler], 0))
    ndims = rank_of(rows)
    if ndims is not None:
        set_shape(weights, known.concatenate([1] * (ndims - 1)))
    rows = rows * weights
    if combiner == "sum":
        result = _segment_sum(rows, segments, scope)
    else:
        sums = _segment_sum(rows, segments)
        if combiner == "mean":
            divisor = _segment_sum(weights, segments)
        else:
            divisor = sqrt(_segment_sum(pow_(weights, 2), segments))
        result = op("DivNoNan", x=sums, y=divisor, name=scope)
    return cast(result, dtype) if dtype_of(result) != dtype else result


def _segment_sum(data: Any, segments: Any, name: str | None = None) -> Any:
    return op("SegmentSum", data=data, segment_ids=segments, name=name)


# -- ids that are missing or wrong --------------------------------------------------------------------


@export("nn.safe_embedding_lookup_sparse")
def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: Any = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: Any = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """As `embedding_lookup_sparse`, for ids that are missing or invalid, of any number of dimensions.

    Args:
        embedding_weights: The table, or its parts.
        sparse_ids: Which rows belong together; negative ones are left out.
        sparse_weights: Their weights; what has none above zero is left out.
        combiner: As for `embedding_lookup_sparse`.
        default_id: The row that stands for none at all; None: zeros do.
        name: Of the operations.
        partition_strategy: As for `embedding_lookup`.
        max_norm: The same.
        allow_fast_lookup: Whether rows may be looked up more than once.

    Raises:
        ValueError: There is no table.
    """
    if embedding_weights is None:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    parts = parts_of(embedding_weights)
    if not parts:
        raise ValueError(f"Missing embedding_weights {parts}.")
    dtype = None if sparse_weights is None else dtype_of(sparse_weights)
    parts = [
        part if is_resource_variable(part) and dtype in (None, dtype_of(part)) else convert_to_tensor(part, dtype=dtype)
        for part in parts
    ]
    with name_scope(name, "embedding_lookup", [*parts, sparse_ids, sparse_weights]) as scope:
        original = sparse_ids.dense_shape
        static_rank = (dims_of(original) or (None,))[0]
        ndims = size(original) if static_rank is None else static_rank
        sparse_ids, sparse_weights = _as_matrices(sparse_ids, sparse_weights, original, ndims)
        sparse_ids, sparse_weights = _valid(sparse_ids, sparse_weights, combiner)
        sparse_ids, empty = sparse_fill_empty_rows(sparse_ids, default_id or 0)
        if sparse_weights is not None:
            sparse_weights, _ = sparse_fill_empty_rows(sparse_weights, 1.0)
        result = embedding_lookup_sparse(
            parts,
            sparse_ids,
            sparse_weights,
            combiner=combiner,
            partition_strategy=partition_strategy,
            name=None if default_id is None else scope,
            max_norm=max_norm,
            allow_fast_lookup=allow_fast_lookup,
        )
        if default_id is None:
            empty = tile(reshape(empty, [-1, 1]), stack([1, shape(result)[1]]))
            result = where(empty, zeros_like(result), result, name=scope)
        outer = slice_(cast(original, dtypes.int32), [0], [ndims - 1])
        final = reshape(result, concat([outer, slice_(shape(result), [1], [-1])], 0))
        unknown = TensorShape(None if static_rank is None else [None] * (static_rank - 1))
        set_shape(final, unknown.concatenate(shape_of(result)[1:]))
        return final


def _as_matrices(sparse_ids: Any, sparse_weights: Any, original: Any, ndims: Any) -> tuple[Any, Any]:
    rows = reduce_prod(slice_(original, [0], [ndims - 1]))
    sparse_ids = sparse_reshape(sparse_ids, [rows, gather(original, ndims - 1)])
    if sparse_weights is not None:
        sparse_weights = SparseTensor(sparse_ids.indices, sparse_weights.values, sparse_ids.dense_shape)
    return sparse_ids, sparse_weights


def _valid(sparse_ids: Any, sparse_weights: Any, combiner: str) -> tuple[Any, Any]:
    keep = op("GreaterEqual", x=sparse_ids.values, y=0)
    if sparse_weights is None:
        return sparse_retain(sparse_ids, keep), None
    keep = op("LogicalAnd", x=keep, y=ones_like(sparse_weights.values, dtype=dtypes.bool))
    sparse_ids, sparse_weights = sparse_retain(sparse_ids, keep), sparse_retain(sparse_weights, keep)
    if combiner != "sum":
        positive = op("Greater", x=sparse_weights.values, y=0)
        sparse_ids, sparse_weights = sparse_retain(sparse_ids, positive), sparse_retain(sparse_weights, positive)
    return sparse_ids, sparse_weights
