"""Sparse tensors, as their three parts: products with matrices, conversion to dense ones, order, shape, sums.

What depends only on the number of elements runs on the device, with gradients; what makes another number of
elements (adding, slicing, filling rows) runs on the host.
"""

from math import prod
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.kernels.matrices import adjoint
from onevar.core.spec import Shape, ShapeError, Spec


def _parts(rank: int | None) -> list[Shape]:
    return [(None, rank), (None,), (rank,)]


def _rank(indices: Spec) -> int | None:
    return indices.shape[1] if indices.shape is not None and len(indices.shape) == 2 else None


def _product_shape(indices: Spec, values: Spec, shape: Spec, b: Spec, *, adjoint_a: bool, adjoint_b: bool) -> Shape:
    outer, inner = shape.partial_shape() or (None, None), b.shape or (None, None)
    return outer[1 if adjoint_a else 0], inner[0 if adjoint_b else 1]


@kernel("SparseTensorDenseMatMul", host=("a_shape",), heavy=True, infer=_product_shape)
def _dense_product(
    k: Any, indices: Any, values: Any, shape: np.ndarray, b: Any, *, adjoint_a: bool, adjoint_b: bool
) -> Any:
    rows, columns = (1, 0) if adjoint_a else (0, 1)
    b = adjoint(k, b) if adjoint_b else b
    if adjoint_a and k.dtype(values).startswith("complex"):
        values = k.conj(values)
    taken = k.take(b, k.getitem(indices, (slice(None), columns)), axis=0)
    weighted = k.multiply(k.expand_dims(values, axis=1), taken)
    return k.segment_sum(weighted, k.getitem(indices, (slice(None), rows)), int(shape[rows]))


def strides(shape: np.ndarray) -> np.ndarray:
    """Return how far elements of a flattened tensor are apart, along each axis."""
    sizes = shape.astype(np.int64).tolist()
    return np.array([prod(sizes[i + 1 :]) for i in range(len(sizes))], np.int64)


def linear(k: Any, indices: Any, shape: np.ndarray) -> Any:
    """Return the position of each element in the flattened tensor."""
    scale = k.asarray(strides(shape).astype(k.dtype(indices)))
    return k.sum(k.multiply(indices, scale), axis=-1)


def _as_shape(*specs: Spec) -> Shape:
    return specs[1].partial_shape()


@kernel("SparseToDense", host=("output_shape",), infer=_as_shape)
def _sparse_to_dense(k: Any, indices: Any, shape: np.ndarray, values: Any, default: Any) -> Any:
    sizes = tuple(shape.tolist())
    rank = len(k.shape(indices))
    if rank < 2:  # positions in a vector
        indices = k.reshape(indices, (-1, 1))
    flat = k.broadcast_to(default, (prod(sizes),))
    places = linear(k, indices, shape)
    return k.reshape(k.scatter(flat, places, k.broadcast_to(values, k.shape(places)), "set"), sizes)


@kernel("SparseTensorDenseAdd", host=("a_shape",), infer=lambda i, v, s, b: b.shape)
def _dense_sum(k: Any, indices: Any, values: Any, shape: np.ndarray, b: Any) -> Any:
    flat = k.reshape(b, (prod(k.shape(b)),))
    return k.reshape(k.scatter(flat, linear(k, indices, shape), values, "add"), k.shape(b))


def _with_dense(op_type: str, primitive: str) -> None:
    @kernel(op_type, host=("sp_shape",), infer=lambda i, v, s, b: rules.with_rank(i.shape, 2)[:1])
    def combined(k: Any, indices: Any, values: Any, shape: np.ndarray, dense: Any) -> Any:
        flat = k.reshape(k.broadcast_to(dense, tuple(shape.tolist())), (-1,))
        return getattr(k, primitive)(values, k.take(flat, linear(k, indices, shape), axis=0))


_with_dense("SparseDenseCwiseAdd", "add")
_with_dense("SparseDenseCwiseMul", "multiply")
_with_dense("SparseDenseCwiseDiv", "divide")


@kernel(
    "SparseReorder",
    host=("input_shape",),
    infer=lambda i, v, s: [rules.with_rank(i.shape, 2), rules.with_rank(v.shape, 1)],
)
def _reordered(k: Any, indices: Any, values: Any, shape: np.ndarray) -> tuple[Any, Any]:
    order = k.argsort(linear(k, indices, shape))
    return k.take(indices, order, axis=0), k.take(values, order, axis=0)


def _reshaped_shapes(indices: Spec, shape: Spec, new: Spec) -> list[Shape]:
    count = indices.shape[0] if indices.shape else None
    rank = new.shape[0] if new.shape else None
    return [(count, rank), (rank,)]


@kernel("SparseReshape", host=("input_shape", "new_shape"), infer=_reshaped_shapes)
def _reshaped(k: Any, indices: Any, shape: np.ndarray, new: np.ndarray) -> tuple[Any, Any]:
    sizes = new.astype(np.int64).tolist()
    total = prod(shape.tolist())
    if -1 in sizes:
        sizes[sizes.index(-1)] = total // prod(n for n in sizes if n != -1)
    if prod(sizes) != total:
        message = f"Input to reshape is a tensor with {total} dense values, but the requested shape has {prod(sizes)}"
        raise ShapeError(message)
    places = k.expand_dims(linear(k, indices, shape), axis=1)
    dtype = k.dtype(indices)
    wide = np.array(sizes, np.int64)
    coordinates = k.remainder(
        k.floor_divide(places, k.asarray(strides(wide).astype(dtype))), k.asarray(np.maximum(wide, 1).astype(dtype))
    )
    return coordinates, wide


def reduced_shape(indices: Spec, values: Spec, shape: Spec, axes: Spec, *, keep_dims: bool) -> Shape:
    """Return the shape of a reduction, as far as it is known."""
    sizes = shape.partial_shape()
    if sizes is None or None in sizes or not isinstance(axes.value, np.ndarray):
        return None
    gone = {int(a) % len(sizes) for a in axes.value.reshape(-1)}
    return tuple(1 if i in gone else n for i, n in enumerate(sizes) if keep_dims or i not in gone)


@kernel("SparseReduceSum", host=("input_shape", "reduction_axes"), infer=reduced_shape)
def _reduce_sum(k: Any, indices: Any, values: Any, shape: np.ndarray, axes: np.ndarray, *, keep_dims: bool) -> Any:
    sizes = tuple(shape.tolist())
    flat = k.segment_sum(values, linear(k, indices, shape), prod(sizes))
    along = tuple(int(a) % len(sizes) for a in axes.reshape(-1))
    return k.sum(k.reshape(flat, sizes), axis=along, keepdims=keep_dims)


@kernel("SparseSoftmax", host=("sp_shape",), infer=lambda i, v, s: rules.with_rank(v.shape, 1))
def _softmax(k: Any, indices: Any, values: Any, shape: np.ndarray) -> Any:
    rows = linear(k, k.getitem(indices, (slice(None), slice(0, -1))), shape[:-1])
    count = prod(shape[:-1].tolist())
    lowest = k.full((count,), -np.inf, k.dtype(values))
    largest = k.take(k.scatter(lowest, rows, k.stop_gradient(values), "max"), rows, axis=0)
    powers = k.exp(k.subtract(values, largest))
    return k.divide(powers, k.take(k.segment_sum(powers, rows, count), rows, axis=0))


def _sorted_parts(places: np.ndarray, values: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, ...]:
    coordinates = np.zeros((0, len(shape)), np.int64)
    if len(places):
        coordinates = np.stack(np.unravel_index(places, shape.tolist()), axis=-1).astype(np.int64)
    return coordinates, values, shape.astype(np.int64)


@kernel("SparseAdd", on_host=True, infer=lambda indices, *_: _parts(_rank(indices)))
def _sparse_add(
    k: Any,
    a: np.ndarray,
    a_values: np.ndarray,
    shape: np.ndarray,
    b: np.ndarray,
    b_values: np.ndarray,
    _: np.ndarray,
    thresh: np.ndarray,
) -> tuple[np.ndarray, ...]:
    places = np.concatenate([a @ strides(shape), b @ strides(shape)])
    unique, which, counts = np.unique(places, return_inverse=True, return_counts=True)
    total = np.zeros(len(unique), a_values.dtype)
    np.add.at(total, which, np.concatenate([a_values, b_values]))
    # TensorFlow drops small sums, but not small elements that are in one of the two only.
    kept = (np.abs(total) >= thresh) | (counts == 1)
    return _sorted_parts(unique[kept], total[kept], shape)


def _joined_shapes(indices: list[Spec]) -> list[Shape]:
    counts = [spec.shape[0] if spec.shape else None for spec in indices]
    total = None if None in counts else sum(n for n in counts if n is not None)
    rank = next((r for r in map(_rank, indices) if r is not None), None)
    return [(total, rank), (total,), (rank,)]


@kernel("SparseConcat", on_host=True, infer=lambda indices, *_: _joined_shapes(indices))
def _sparse_concat(
    k: Any, indices: list[np.ndarray], values: list[np.ndarray], shapes: list[np.ndarray], *, concat_dim: int
) -> tuple[np.ndarray, ...]:
    shape, moved, start = shapes[0].copy(), [], 0
    for part, size in zip(indices, shapes, strict=True):
        moved.append(part.copy())
        moved[-1][:, concat_dim] += start
        start += int(size[concat_dim])
    shape[concat_dim] = start
    joined, contents = np.concatenate(moved), np.concatenate(values)
    order = np.argsort(joined @ strides(shape), kind="stable")
    return joined[order], contents[order], shape


@kernel("SparseSlice", on_host=True, infer=lambda indices, *_: _parts(_rank(indices)))
def _sparse_slice(
    k: Any, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, start: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, ...]:
    inside = np.all((indices >= start) & (indices < start + size), axis=1)
    return indices[inside] - start, values[inside], np.clip(shape - start, 0, size)


def _filled_shapes(indices: Spec, shape: Spec) -> list[Shape]:
    sizes = shape.partial_shape()
    return [(None, _rank(indices)), (None,), (sizes[0] if sizes else None,), indices.shape and indices.shape[:1]]


@kernel("SparseFillEmptyRows", on_host=True, infer=lambda i, v, shape, d: _filled_shapes(i, shape))
def _fill_empty_rows(
    k: Any, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, default: np.ndarray
) -> tuple[np.ndarray, ...]:
    empty = np.bincount(indices[:, 0], minlength=int(shape[0])) == 0
    added = np.zeros((int(empty.sum()), indices.shape[1]), indices.dtype)
    added[:, 0] = np.flatnonzero(empty)
    full = np.concatenate([indices, added])
    order = np.argsort(full[:, 0], kind="stable")
    contents = np.concatenate([values, np.full(len(added), default, values.dtype)])
    position = np.empty(len(full), np.int64)
    position[order] = np.arange(len(full))
    return full[order], contents[order], empty, position[: len(indices)]
