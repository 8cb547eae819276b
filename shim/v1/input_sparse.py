"""Sparse tensors in input queues: handles of a table that keeps them go through the queue in their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.dimension import Dimension
from onevar.core.operation import Operation
from onevar.v1.export import export, exported
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.internal_conditions import smart_cond
from onevar.v1.sparse_types import SparseTensor

_STORING = ("AddSparseToTensorsMap", "AddManySparseToTensorsMap")


@export("python.ops.sparse_ops._add_sparse_to_tensors_map")
def add_sparse_to_tensors_map(
    sp_input: Any, container: str | None = None, shared_name: str | None = None, name: str | None = None
) -> Any:
    """Keep a sparse tensor in a table of the Session; return its handle.

    Args:
        sp_input: The sparse tensor.
        container: Of the table.
        shared_name: Of the table; None is the operation's own.
        name: Of the operation.
    """
    return op(
        "AddSparseToTensorsMap", sparse_indices=sp_input.indices, sparse_values=sp_input.values,
        sparse_shape=sp_input.dense_shape, container=container or "", shared_name=shared_name or "", name=name,
    )  # fmt: skip


@export("python.ops.sparse_ops._add_many_sparse_to_tensors_map")
def add_many_sparse_to_tensors_map(
    sp_input: Any, container: str | None = None, shared_name: str | None = None, name: str | None = None
) -> Any:
    """Keep the rows of a sparse tensor in a table of the Session; return their handles.

    Args:
        sp_input: The sparse tensor.
        container: Of the table.
        shared_name: Of the table; None is the operation's own.
        name: Of the operation.
    """
    return op(
        "AddManySparseToTensorsMap", sparse_indices=sp_input.indices, sparse_values=sp_input.values,
        sparse_shape=sp_input.dense_shape, container=container or "", shared_name=shared_name or "", name=name,
    )  # fmt: skip


@export("python.ops.sparse_ops._take_many_sparse_from_tensors_map")
def take_many_sparse_from_tensors_map(
    sparse_map_op: Operation, sparse_handles: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """Take sparse tensors out of a table, as the rows of one.

    Args:
        sparse_map_op: The operation that put them there.
        sparse_handles: What it returned.
        rank: Of the result, where it is known.
        name: Of the operation.

    Raises:
        TypeError: `sparse_map_op` does nothing of the kind.
    """
    if not isinstance(sparse_map_op, Operation):
        raise TypeError("sparse_map_op be an Operation")
    if sparse_map_op.type not in _STORING:
        raise TypeError(
            "sparse_map_op must be one of AddSparseToTensorsMap or AddSparseToTensorsMap. Instead, found "
            f"`{sparse_map_op.type}`."
        )
    attrs = sparse_map_op.attrs
    with exported("colocate_with")(sparse_map_op):
        indices, values, shape = op(
            "TakeManySparseFromTensorsMap", sparse_handles=sparse_handles, dtype=attrs["T"],
            container=attrs.get("container", ""), shared_name=attrs.get("shared_name") or sparse_map_op.name, name=name,
        )  # fmt: skip
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)


@dataclass
class Stored:
    """What a tensor of the queue stands for.

    Attributes:
        map_op: The operation that keeps the sparse tensor; None: the tensor is not sparse.
        rank: Of the sparse tensor.
    """

    map_op: Operation | None = None
    rank: Any = None

    def agrees(self, other: "Stored") -> bool:
        """Whether two sources of a queue may have these in one place."""
        if self.map_op is None or other.map_op is None:
            return self.map_op is other.map_op
        return self.map_op is other.map_op and Dimension(self.rank).is_compatible_with(other.rank)


def store(
    tensors: Sequence[Any], enqueue_many: bool, keep_input: Any, shared: Sequence[Operation | None] | None = None
) -> tuple[list[Any], list[Stored]]:
    """Return tensors for a queue, and what each stands for.

    Args:
        tensors: Some of them sparse.
        enqueue_many: Whether their rows are the elements.
        keep_input: Whether each element counts: a tensor of bools.
        shared: The operations whose tables are used, from another source of the queue.
    """
    stored, infos = [], []
    for tensor, map_op in zip(tensors, shared or [None] * len(tensors), strict=True):
        if not isinstance(tensor, SparseTensor):
            stored.append(tensor)
            infos.append(Stored())
            continue
        handle = _stored(tensor, None if map_op is None else map_op.name, enqueue_many, keep_input)
        rank = tensor.dense_shape.shape.with_rank(1).as_list()[0]
        known = rank - 1 if enqueue_many and rank is not None else rank
        infos.append(Stored(map_op or _storing_op(handle), known))
        stored.append(exported("expand_dims")(handle, [-1]))
    return stored, infos


def _storing_op(handle: Any) -> Operation:
    """Return the operation that keeps the tensor of a handle, which a condition may be around."""
    if handle.op.type in _STORING:
        return handle.op
    for value in handle.op.attrs.values():
        found = [operation for operation in getattr(value, "operations", ()) if operation.type in _STORING]
        if found:
            return found[0]
    return next((tensor.op for tensor in handle.op.inputs if tensor.op.type in _STORING), handle.op)


def _stored(tensor: SparseTensor, name: str | None, enqueue_many: bool, keep_input: Any) -> Any:
    if keep_input.shape.ndims == 1:
        indices: Any = tensor.indices
        kept = exported("gather")(keep_input, indices[:, 0])
        return add_many_sparse_to_tensors_map(exported("sparse_retain")(tensor, kept), shared_name=name)
    if not enqueue_many:
        return smart_cond(
            keep_input,
            lambda: add_sparse_to_tensors_map(tensor, shared_name=name),
            lambda: constant(-1, dtypes.int64),
        )

    def none() -> Any:
        rows = exported("shape")(tensor)[0:1]
        return -1 * exported("ones")(rows, dtypes.int64)

    handles = smart_cond(keep_input, lambda: add_many_sparse_to_tensors_map(tensor, shared_name=name), none)
    handles.set_shape([None])
    return handles


def store_several(
    lists: Sequence[Sequence[Any]], enqueue_many: bool, keep_input: Any
) -> tuple[list[list[Any]], list[Stored]]:
    """As `store`, for several sources of one queue.

    Args:
        lists: The tensors of each.
        enqueue_many: As for `store`.
        keep_input: As for `store`.

    Raises:
        ValueError: They differ in what is sparse.
    """
    first, infos = store(lists[0], enqueue_many, keep_input)
    stored = [first]
    for tensors in lists[1:]:
        more, found = store(tensors, enqueue_many, keep_input, [info.map_op for info in infos])
        if not all(a.agrees(b) for a, b in zip(infos, found, strict=True)):
            raise ValueError(f"Inconsistent SparseTensors list: {lists[0]} vs. {tensors}")
        stored.append(more)
    return stored, infos


def restore(dequeued: Any, infos: Sequence[Stored]) -> Any:
    """Return what comes out of a queue with sparse tensors in place of their handles.

    Args:
        dequeued: A tensor, or a list of them.
        infos: What each stands for.
    """
    several = isinstance(dequeued, list | tuple)
    parts = dequeued if several else [dequeued]
    squeeze = exported("squeeze")
    tensors = [
        part if info.map_op is None else take_many_sparse_from_tensors_map(
            info.map_op, squeeze(part, [1]), rank=None if info.rank is None else info.rank + 1
        )
        for part, info in zip(parts, infos, strict=True)
    ]  # fmt: skip
    if any(isinstance(x, SparseTensor) for x in tensors):
        # Whoever asks for one asks for all: what stays in a table is never taken out.
        together = [x.values if isinstance(x, SparseTensor) else x for x in tensors]
        tensors = [_after(together, x) for x in tensors]
    return tensors if several else tensors[0]


def _after(together: list[Any], tensor: Any) -> Any:
    if not isinstance(tensor, SparseTensor):
        return with_dependencies(together, tensor)
    parts = (tensor.indices, tensor.values, tensor.dense_shape)
    return SparseTensor(*[with_dependencies(together, part) for part in parts])
