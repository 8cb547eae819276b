"""Rows and elements by position: gather and scatter."""

from math import prod
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.checks import check_indices
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, ShapeError, Spec


def _check_bounds(k: Any, indices: Any, size: int) -> None:
    """Refuse positions that are not there: NumPy would count from the end, JAX would take the last one."""
    if k.is_shape:
        return
    if not isinstance(indices, np.ndarray):
        check_indices(k, indices, size, lambda: InvalidArgumentError(None, None, f"an index is not in [0, {size})"))
    else:
        wrong = np.argwhere((indices < 0) | (indices >= size))
        if len(wrong):
            at = tuple(wrong[0].tolist())
            place = "".join(f"[{','.join(map(str, at))}]" if at else "")
            raise ShapeError(f"indices{place} = {indices[at]} is not in [0, {size})")


@kernel("Gather", infer=lambda params, indices: _gathered(params, indices, 0, 0))
def _gather(k: Any, params: Any, indices: Any) -> Any:
    shape = k.shape(params)
    _check_bounds(k, indices, shape[0])
    return k.take(params, indices, axis=0)


def _gathered(params: Spec, indices: Spec, axis: int | None, batch_dims: int) -> Shape:
    shape, positions = rules.at_least(params.shape, 1), indices.shape
    if shape is None or positions is None:
        return None
    if batch_dims < 0:
        batch_dims += len(positions)
    if axis is None:
        return (None,) * (len(shape) + len(positions) - 1 - batch_dims)
    rules.at_least(shape, axis + 1 if axis >= 0 else -axis)
    axis = rules.axis_of(axis, len(shape))
    batch = rules.merge(shape[:batch_dims], positions[:batch_dims]) or ()
    return (*batch, *shape[batch_dims:axis], *positions[batch_dims:], *shape[axis + 1 :])


def _gather_v2_shape(params: Spec, indices: Spec, axis: Spec, *, batch_dims: int) -> Shape:
    return _gathered(params, indices, None if axis.value is None else int(axis.value), batch_dims)


@kernel("GatherV2", host=("axis",), infer=_gather_v2_shape)
def _gather_v2(k: Any, params: Any, indices: Any, axis: np.ndarray, *, batch_dims: int) -> Any:
    shape, positions = k.shape(params), k.shape(indices)
    along = rules.axis_of(int(axis), len(shape))
    if batch_dims < 0:
        batch_dims += len(positions)
    _check_bounds(k, indices, shape[along])
    if batch_dims == 0:
        return k.take(params, indices, axis=along)
    # The batches laid one after the other along the axis, and positions moved to their batch.
    outer, inner = shape[batch_dims:along], shape[along + 1 :]
    if along != batch_dims:
        params = k.moveaxis(params, along, batch_dims)
    batch, n = prod(positions[:batch_dims]), shape[along]
    flat = k.reshape(params, (batch * n, *outer, *inner))
    starts = k.asarray(np.arange(batch).reshape(-1, 1).astype(k.dtype(indices)) * n)
    rows = k.add(k.reshape(indices, (batch, prod(positions[batch_dims:]))), starts)
    taken = k.reshape(k.take(flat, rows, axis=0), (*positions, *outer, *inner))
    if not outer:
        return taken
    rank, first, last = len(positions), batch_dims, len(positions) + len(outer)
    order = [*range(first), *range(rank, last), *range(first, rank), *range(last, last + len(inner))]
    return k.permute_dims(taken, tuple(order))


def _gather_nd_shape(params: Spec, indices: Spec) -> Shape:
    shape, positions = params.shape, rules.at_least(indices.shape, 1)
    if positions is None or shape is None or positions[-1] is None:
        return None
    if positions[-1] > len(shape):
        raise ShapeError(
            f"indices.shape[-1] must be <= params.rank, but saw indices shape: {_text(positions)} "
            f"and params shape: {_text(shape)}"
        )
    return (*positions[:-1], *shape[positions[-1] :])


def _text(shape: tuple[Any, ...]) -> str:
    return "[" + ",".join("?" if n is None else str(n) for n in shape) + "]"


@kernel("GatherNd", infer=_gather_nd_shape)
def _gather_nd(k: Any, params: Any, indices: Any) -> Any:
    shape, positions = k.shape(params), k.shape(indices)
    depth = positions[-1]
    if depth == 0:
        return k.broadcast_to(params, (*positions[:-1], *shape))
    _check_nd(k, indices, shape[:depth], "params")
    rows = k.reshape(params, (prod(shape[:depth]), *shape[depth:]))
    return k.take(rows, _flat_positions(k, indices, shape[:depth]), axis=0)


def _check_nd(k: Any, indices: Any, shape: tuple[int, ...], what: str) -> None:
    if k.is_shape:
        return
    if not isinstance(indices, np.ndarray):
        message = f"indices: a row does not index into {what} shape {_text(shape)}"
        for axis, size in enumerate(shape):
            part = k.getitem(indices, (Ellipsis, axis))
            check_indices(k, part, size, lambda: InvalidArgumentError(None, None, message))
    else:
        wrong = np.argwhere(((indices < 0) | (indices >= np.array(shape))).any(-1))
        if len(wrong):
            at = tuple(wrong[0].tolist())
            row = ", ".join(map(str, indices[at].tolist()))
            place = f"[{','.join(map(str, at))}]" if at else ""
            raise ShapeError(f"indices{place} = [{row}] does not index into {what} shape {_text(shape)}")


def _flat_positions(k: Any, indices: Any, shape: tuple[int, ...]) -> Any:
    """Positions in row-major order, from positions in each dimension."""
    total = None
    for i, _ in enumerate(shape):
        part = k.getitem(indices, (Ellipsis, i))
        stride = prod(shape[i + 1 :])
        part = k.multiply(part, stride) if stride != 1 else part
        total = part if total is None else k.add(total, part)
    return total


@kernel("ScatterNd", host=("shape",), infer=lambda indices, updates, shape: shape.partial_shape())
def _scatter_nd(k: Any, indices: Any, updates: Any, shape: np.ndarray) -> Any:
    return _scattered(k, k.zeros(tuple(shape.tolist()), k.dtype(updates)), indices, updates, "add")


def _scattered(k: Any, x: Any, indices: Any, updates: Any, mode: str) -> Any:
    shape, depth = k.shape(x), k.shape(indices)[-1]
    _check_nd(k, indices, shape[:depth], "")
    rows = k.reshape(x, (prod(shape[:depth]), *shape[depth:]))
    if depth == 0:
        raise ShapeError("scatter by positions of no dimensions")
    done = k.scatter(rows, _flat_positions(k, indices, shape[:depth]), updates, mode)
    return k.reshape(done, shape)


def _tensor_scatter(type: str, mode: str) -> None:
    def scatter(k: Any, x: Any, indices: Any, updates: Any) -> Any:
        return _scattered(k, x, indices, updates, mode)

    kernel(type, infer=lambda x, indices, updates: x.shape)(scatter)


_tensor_scatter("TensorScatterUpdate", "set")
_tensor_scatter("TensorScatterAdd", "add")
_tensor_scatter("TensorScatterSub", "subtract")
_tensor_scatter("TensorScatterMax", "max")
_tensor_scatter("TensorScatterMin", "min")
_tensor_scatter("ScatterNdNonAliasingAdd", "add")


def _stitched(indices: list[Spec], data: list[Spec]) -> Shape:
    rest: Shape = None
    for places, values in zip(indices, data, strict=True):
        if places.shape is not None and values.shape is not None:
            rest = rules.merge(rest, values.shape[len(places.shape) :])
    if rest is None:
        return None
    known = [places.value for places in indices]
    count = None if any(value is None for value in known) else _highest(known) + 1
    return (count, *rest)


def _highest(indices: list[np.ndarray]) -> int:
    return max((int(places.max()) for places in indices if places.size), default=-1)


@kernel("DynamicStitch", "ParallelDynamicStitch", host=("indices",), infer=_stitched)
def _dynamic_stitch(k: Any, indices: list[np.ndarray], data: list[Any]) -> Any:
    count = _highest(indices) + 1
    source = np.zeros(count, np.int32)
    at, rows = 0, []
    for places, values in zip(indices, data, strict=True):
        source[places.reshape(-1)] = np.arange(at, at + places.size)
        at += places.size
        rows.append(k.reshape(values, (places.size, *k.shape(values)[places.ndim :])))
    return k.take(k.concat(rows, axis=0), k.asarray(source), axis=0)


def _partitions(data: Spec, places: Spec, *, num_partitions: int) -> list[Shape]:
    if data.shape is None or places.shape is None:
        return [None] * num_partitions
    rules.merge(places.shape, data.shape[: len(places.shape)])
    return [(None, *data.shape[len(places.shape) :])] * num_partitions


@kernel("DynamicPartition", host=("partitions",), infer=_partitions)
def _dynamic_partition(k: Any, data: Any, places: np.ndarray, *, num_partitions: int) -> Any:
    shape = k.shape(data)
    rows = k.reshape(data, (places.size, *shape[places.ndim :])) if places.ndim != 1 else data
    flat = places.reshape(-1)
    wrong = np.flatnonzero((flat < 0) | (flat >= num_partitions))
    if len(wrong):
        raise ShapeError(f"partitions[{wrong[0]}] = {flat[wrong[0]]} is not in [0, {num_partitions})")
    return [k.take(rows, k.asarray(np.flatnonzero(flat == i)), axis=0) for i in range(num_partitions)]
