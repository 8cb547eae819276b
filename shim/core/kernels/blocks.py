"""Blocks of space moved to the batch or to depth, and back."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import host_value
from onevar.core.kernel import kernel
from onevar.core.shape_rules import Dim
from onevar.core.spec import UNKNOWN, Shape, ShapeError, Spec, UnknownShape


def _to_batch(k: Any, x: Any, block: Sequence[int], paddings: Sequence[Sequence[int]]) -> Any:
    rank, n = len(k.shape(x)), len(block)
    x = k.pad(x, [(0, 0), *map(tuple, paddings), *[(0, 0)] * (rank - n - 1)], "constant", 0)
    batch, *space = k.shape(x)
    rest = space[n:]
    inner = [m // b for m, b in zip(space[:n], block, strict=True)]
    x = k.reshape(x, (batch, *[size for pair in zip(inner, block, strict=True) for size in pair], *rest))
    order = [*range(2, 2 * n + 1, 2), 0, *range(1, 2 * n, 2), *range(2 * n + 1, 2 * n + 1 + len(rest))]
    return k.reshape(k.permute_dims(x, tuple(order)), (batch * prod(block), *inner, *rest))


def _from_batch(k: Any, x: Any, block: Sequence[int], crops: Sequence[Sequence[int]]) -> Any:
    n = len(block)
    total, *space = k.shape(x)
    inner, rest = space[:n], space[n:]
    batch = total // prod(block)
    x = k.reshape(x, (*block, batch, *inner, *rest))
    pairs = [axis for i in range(n) for axis in (n + 1 + i, i)]
    order = [n, *pairs, *range(2 * n + 1, 2 * n + 1 + len(rest))]
    sizes = [m * b for m, b in zip(inner, block, strict=True)]
    x = k.reshape(k.permute_dims(x, tuple(order)), (batch, *sizes, *rest))
    cropped = [slice(low, size - high) for size, (low, high) in zip(sizes, crops, strict=True)]
    return k.getitem(x, (slice(None), *cropped))


def _moved_shape(x: Spec, block: Any, widths: Spec, into_batch: bool) -> Shape:
    """The shape after a move into the batch, or out of it."""
    if x.shape is None:
        return None
    n = len(block)
    rules.at_least(x.shape, n + 1)
    try:
        pairs = [sum(pair) for pair in host_value(widths).tolist()]
    except UnknownShape:
        pairs = [UNKNOWN] * n
    batch, space, rest = x.shape[0], x.shape[1 : n + 1], x.shape[n + 1 :]
    count: Dim
    if into_batch:
        count = None if batch is None else batch * prod(block)
        inner = [rules.divide(_plus(size, pair), b) for size, pair, b in zip(space, pairs, block, strict=True)]
    else:
        count = rules.divide(batch, prod(block))
        inner = [
            _plus(None if size is None else size * b, -pair) for size, pair, b in zip(space, pairs, block, strict=True)
        ]
    return (count, *inner, *rest)


def _plus(size: Dim, more: Any) -> Dim:
    return None if size is None or more is UNKNOWN else size + more


def _moved_nd(into_batch: bool) -> Any:
    def infer(x: Spec, block: Spec, widths: Spec) -> Shape:
        if not isinstance(block.value, np.ndarray):
            count = rules.with_rank(block.shape, 1)[0]
            if count is None:
                raise ShapeError("block_shape must have known size.")
            if x.shape is None:
                return None
            return (None,) * (count + 1) + x.shape[count + 1 :]
        return _moved_shape(x, block.value.tolist(), widths, into_batch)

    return infer


@kernel("SpaceToBatchND", host=("block_shape", "paddings"), infer=_moved_nd(True))
def _space_to_batch_nd(k: Any, x: Any, block: np.ndarray, paddings: np.ndarray) -> Any:
    return _to_batch(k, x, block.tolist(), paddings.tolist())


@kernel("BatchToSpaceND", host=("block_shape", "crops"), infer=_moved_nd(False))
def _batch_to_space_nd(k: Any, x: Any, block: np.ndarray, crops: np.ndarray) -> Any:
    return _from_batch(k, x, block.tolist(), crops.tolist())


def _image(x: Spec) -> Spec:
    return Spec(rules.with_rank(x.shape, 4), x.dtype)


def _to_batch_shape(x: Spec, paddings: Spec, *, block_size: int) -> Shape:
    return _moved_shape(_image(x), [block_size] * 2, paddings, True)


@kernel("SpaceToBatch", host=("paddings",), infer=_to_batch_shape)
def _space_to_batch(k: Any, x: Any, paddings: np.ndarray, *, block_size: int) -> Any:
    return _to_batch(k, x, [block_size] * 2, paddings.tolist())


def _from_batch_shape(x: Spec, crops: Spec, *, block_size: int) -> Shape:
    return _moved_shape(_image(x), [block_size] * 2, crops, False)


@kernel("BatchToSpace", host=("crops",), infer=_from_batch_shape)
def _batch_to_space(k: Any, x: Any, crops: np.ndarray, *, block_size: int) -> Any:
    return _from_batch(k, x, [block_size] * 2, crops.tolist())


def _depth_shape(x: Spec, block_size: int, data_format: str, to_depth: bool) -> Shape:
    batch, *rest = rules.with_rank(x.shape, 4)
    first = data_format == "NCHW"
    depth, *space = rest if first else [rest[2], rest[0], rest[1]]
    square = block_size * block_size
    if to_depth:
        space = [rules.divide(n, block_size) for n in space]
        depth = None if depth is None else depth * square
    else:
        space = [None if n is None else n * block_size for n in space]
        depth = rules.divide(depth, square)
    return (batch, depth, *space) if first else (batch, *space, depth)


def _to_depth_shape(x: Spec, *, block_size: int, data_format: str) -> Shape:
    return _depth_shape(x, block_size, data_format, True)


def _from_depth_shape(x: Spec, *, block_size: int, data_format: str) -> Shape:
    return _depth_shape(x, block_size, data_format, False)


@kernel("SpaceToDepth", infer=_to_depth_shape)
def _space_to_depth(k: Any, x: Any, *, block_size: int, data_format: str) -> Any:
    b = block_size
    if data_format == "NCHW":
        n, c, h, w = k.shape(x)
        x = k.permute_dims(k.reshape(x, (n, c, h // b, b, w // b, b)), (0, 3, 5, 1, 2, 4))
        return k.reshape(x, (n, c * b * b, h // b, w // b))
    n, h, w, c = k.shape(x)
    x = k.permute_dims(k.reshape(x, (n, h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5))
    return k.reshape(x, (n, h // b, w // b, c * b * b))


@kernel("DepthToSpace", infer=_from_depth_shape)
def _depth_to_space(k: Any, x: Any, *, block_size: int, data_format: str) -> Any:
    b = block_size
    if data_format == "NCHW":
        n, c, h, w = k.shape(x)
        x = k.permute_dims(k.reshape(x, (n, b, b, c // b // b, h, w)), (0, 3, 4, 1, 5, 2))
        return k.reshape(x, (n, c // b // b, h * b, w * b))
    n, h, w, c = k.shape(x)
    x = k.permute_dims(k.reshape(x, (n, h, w, b, b, c // b // b)), (0, 1, 3, 2, 4, 5))
    return k.reshape(x, (n, h * b, w * b, c // b // b))
