"""Pools and their gradient ops."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.kernels.convolution import Pads, explicit_pairs, is_first, output_size, pads, spatial
from onevar.core.spec import Shape, Spec
from onevar.errors import Unsupported

# -- shapes -----------------------------------------------------------------------------------------


def _pooled(
    shape: Shape, window: Sequence[int], strides: Sequence[int], padding: str, data_format: str,
    explicit: Sequence[int] = (),
) -> Shape:  # fmt: skip
    """The shape of pools: over the spatial axes, or, of a window that is 1 there, over the channels."""
    shape = rules.with_rank(shape, len(window))
    pairs = tuple(explicit) or (0,) * (2 * len(window))
    found = [
        output_size(size, k, s, padding, (pairs[2 * i], pairs[2 * i + 1]))
        for i, (size, k, s) in enumerate(zip(shape, window, strides, strict=True))
    ]
    return tuple(found)


def _max_pool_shape(
    x: Spec, *, ksize: list, strides: list, padding: str, explicit_paddings: list, data_format: str
) -> Shape:
    return _pooled(x.shape, ksize, strides, padding, data_format, explicit_paddings)


def _pool_shape(x: Spec, *, ksize: list, strides: list, padding: str, data_format: str) -> Shape:
    return _pooled(x.shape, ksize, strides, padding, data_format)


def _max_pool_v2_shape(x: Spec, ksize: Spec, strides: Spec, *, padding: str, data_format: str) -> Shape:
    shape = rules.with_rank(x.shape, 4)
    if not isinstance(ksize.value, np.ndarray) or not isinstance(strides.value, np.ndarray):
        return (None,) * 4
    return _pooled(shape, ksize.value.tolist(), strides.value.tolist(), padding, data_format)


# -- computing --------------------------------------------------------------------------------------


def _over_channels(window: Sequence[int], strides: Sequence[int], data_format: str) -> bool:
    at = 1 if is_first(data_format) else len(window) - 1
    return window[at] != 1 or strides[at] != 1


def _unpooled_batch(window: Sequence[int], strides: Sequence[int]) -> None:
    if window[0] != 1 or strides[0] != 1:
        raise Unsupported("Pooling is not yet supported on the batch dimension.")


def _geometry(
    k: Any, x: Any, ksize: Sequence[int], strides: Sequence[int], padding: str, data_format: str,
    explicit: Sequence[int] = (),
) -> tuple[tuple[int, ...], tuple[int, ...], Pads, bool]:  # fmt: skip
    """Window, strides and padding of the spatial axes, and whether the channels come first."""
    _unpooled_batch(ksize, strides)
    window, steps = spatial(ksize, data_format), spatial(strides, data_format)
    sizes = spatial(k.shape(x), data_format)
    found = pads(padding, sizes, window, steps, explicit_pairs(explicit, data_format))
    return window, steps, found, is_first(data_format)


def _channel_pool(k: Any, x: Any, ksize: Sequence[int], strides: Sequence[int], data_format: str) -> Any:
    """The greatest of each group of neighbouring channels: TensorFlow has it for windows that do not overlap."""
    at = 1 if is_first(data_format) else len(ksize) - 1
    size = k.shape(x)[at]
    if ksize[at] != strides[at] or size % ksize[at] or prod(ksize) != ksize[at]:
        raise Unsupported(
            "Depthwise max pooling requires the depth window to equal the depth stride and to divide the channels, "
            "and windows of 1 along the other axes."
        )
    shape = k.shape(x)
    return k.max(k.reshape(x, (*shape[:at], size // ksize[at], ksize[at], *shape[at + 1 :])), axis=at + 1)


def _max(
    k: Any, x: Any, ksize: Sequence[int], strides: Sequence[int], padding: str, data_format: str,
    explicit: Sequence[int] = (),
) -> Any:  # fmt: skip
    if _over_channels(ksize, strides, data_format):
        return _channel_pool(k, x, ksize, strides, data_format)
    return k.max_pool(x, *_geometry(k, x, ksize, strides, padding, data_format, explicit))


@kernel("MaxPool", heavy=True, infer=_max_pool_shape)
def _max_pool(
    k: Any, x: Any, *, ksize: list, strides: list, padding: str, explicit_paddings: list, data_format: str
) -> Any:
    return _max(k, x, ksize, strides, padding, data_format, explicit_paddings)


@kernel("MaxPoolV2", host=("ksize", "strides"), heavy=True, infer=_max_pool_v2_shape)
def _max_pool_v2(k: Any, x: Any, ksize: Any, strides: Any, *, padding: str, data_format: str) -> Any:
    return _max(k, x, ksize.tolist(), strides.tolist(), padding, data_format)


@kernel("MaxPool3D", heavy=True, infer=_pool_shape)
def _max_pool_3d(k: Any, x: Any, *, ksize: list, strides: list, padding: str, data_format: str) -> Any:
    return k.max_pool(x, *_geometry(k, x, ksize, strides, padding, data_format))


@kernel("AvgPool", "AvgPool3D", heavy=True, infer=_pool_shape)
def _avg_pool(k: Any, x: Any, *, ksize: list, strides: list, padding: str, data_format: str) -> Any:
    return k.avg_pool(x, *_geometry(k, x, ksize, strides, padding, data_format))


# -- where the greatest is --------------------------------------------------------------------------


class _Windows:
    """The elements of all windows, position by position in row-major order, channels last."""

    def __init__(self, k: Any, sizes: Sequence[int], geometry: tuple):
        self.k, self.sizes = k, tuple(sizes)
        self.window, self.strides, self.padding, self.first = geometry
        spans = zip(sizes, self.window, self.strides, self.padding, strict=True)
        self.counts = tuple((n + sum(pair) - m) // s + 1 for n, m, s, pair in spans)

    def last(self, x: Any) -> Any:
        """`x` with the channels at the end."""
        rank = len(self.sizes) + 2
        return self.k.permute_dims(x, (0, *range(2, rank), 1)) if self.first else x

    def back(self, x: Any) -> Any:
        """Undo `last`."""
        rank = len(self.sizes) + 2
        return self.k.permute_dims(x, (0, rank - 1, *range(1, rank - 1))) if self.first else x

    def padded(self, x: Any, value: Any) -> Any:
        """`x`, channels last, padded."""
        if not any(map(any, self.padding)):
            return x
        return self.k.pad(x, ((0, 0), *self.padding, (0, 0)), "constant", value)

    def parts(self) -> list[tuple]:
        """For each position the index of what all windows have there."""
        axes = [
            [slice(i, i + (n - 1) * s + 1, s) for i in range(m)]
            for m, n, s in zip(self.window, self.counts, self.strides, strict=True)
        ]
        found: list[tuple] = [()]
        for axis in axes:
            found = [(*index, part) for index in found for part in axis]
        return [(slice(None), *index, slice(None)) for index in found]

    def spread(self, pieces: Sequence[Any], like: Any) -> Any:
        """Add each position's piece where it was taken from; channels last, without the padding."""
        k = self.k
        shape = k.shape(like)
        wide = [n + sum(pair) for n, pair in zip(self.sizes, self.padding, strict=True)]
        total = k.zeros((shape[0], *wide, shape[-1]), k.dtype(pieces[0]))
        for part, piece in zip(self.parts(), pieces, strict=True):
            total = k.setitem(total, part, k.add(k.getitem(total, part), piece))
        inside = (slice(pair[0], pair[0] + n) for n, pair in zip(self.sizes, self.padding, strict=True))
        return k.getitem(total, (slice(None), *inside, slice(None)))

    def chosen(self, x: Any, y: Any) -> list[Any]:
        """For each position whether it is the first in its window that equals the window's greatest."""
        k = self.k
        x = self.padded(x, _lowest(k.dtype(x)))
        found, taken = [], None
        for part in self.parts():
            here = k.equal(k.getitem(x, part), y)
            found.append(here if taken is None else k.logical_and(here, k.logical_not(taken)))
            taken = here if taken is None else k.logical_or(taken, here)
        return found


def _lowest(dtype: str) -> Any:
    return -float("inf") if "float" in dtype else int(np.iinfo(dtype).min)


def _gradient_shape(x: Spec, *_: Spec) -> Shape:
    return rules.with_rank(x.shape, 4)


def _gradient_3d_shape(x: Spec, *_: Spec) -> Shape:
    return rules.with_rank(x.shape, 5)


def _routed(k: Any, x: Any, y: Any, gradient: Any, geometry: tuple, data_format: str) -> Any:
    windows = _Windows(k, spatial(k.shape(x), data_format), geometry)
    x, y, gradient = windows.last(x), windows.last(y), windows.last(gradient)
    zero = k.zeros_like(gradient)
    pieces = [k.where(here, gradient, zero) for here in windows.chosen(x, y)]
    return windows.back(windows.spread(pieces, x))


@kernel("MaxPoolGrad", infer=_gradient_shape)
def _max_pool_grad(
    k: Any, x: Any, y: Any, gradient: Any, *, ksize: list, strides: list, padding: str, explicit_paddings: list,
    data_format: str,
) -> Any:  # fmt: skip
    geometry = _geometry(k, x, ksize, strides, padding, data_format, explicit_paddings)
    return _routed(k, x, y, gradient, geometry, data_format)


@kernel("MaxPoolGradV2", host=("ksize", "strides"), infer=_gradient_shape)
def _max_pool_grad_v2(
    k: Any, x: Any, y: Any, gradient: Any, ksize: Any, strides: Any, *, padding: str, data_format: str
) -> Any:
    geometry = _geometry(k, x, ksize.tolist(), strides.tolist(), padding, data_format)
    return _routed(k, x, y, gradient, geometry, data_format)


@kernel("MaxPool3DGrad", infer=_gradient_3d_shape)
def _max_pool_3d_grad(
    k: Any, x: Any, y: Any, gradient: Any, *, ksize: list, strides: list, padding: str, data_format: str
) -> Any:
    return _routed(k, x, y, gradient, _geometry(k, x, ksize, strides, padding, data_format), data_format)


def _picked(k: Any, x: Any, y: Any, gradient: Any, geometry: tuple, data_format: str) -> Any:
    """What `gradient`, shaped like `x`, has where each window's greatest is."""
    windows = _Windows(k, spatial(k.shape(x), data_format), geometry)
    x, y, gradient = windows.last(x), windows.last(y), windows.padded(windows.last(gradient), 0)
    total: Any = k.zeros_like(y)
    for part, here in zip(windows.parts(), windows.chosen(x, y), strict=True):
        total = k.where(here, k.getitem(gradient, part), total)
    return windows.back(total)


def _like_output(x: Spec, y: Spec, *_: Spec) -> Shape:
    return rules.with_rank(y.shape, 4)


@kernel("MaxPool3DGradGrad", infer=lambda x, y, gradient: rules.with_rank(y.shape, 5))
@kernel("MaxPoolGradGrad", infer=_like_output)
def _max_pool_grad_grad(
    k: Any, x: Any, y: Any, gradient: Any, *, ksize: list, strides: list, padding: str, data_format: str
) -> Any:
    return _picked(k, x, y, gradient, _geometry(k, x, ksize, strides, padding, data_format), data_format)


@kernel("MaxPoolGradGradV2", host=("ksize", "strides"), infer=_like_output)
def _max_pool_grad_grad_v2(
    k: Any, x: Any, y: Any, gradient: Any, ksize: Any, strides: Any, *, padding: str, data_format: str
) -> Any:
    geometry = _geometry(k, x, ksize.tolist(), strides.tolist(), padding, data_format)
    return _picked(k, x, y, gradient, geometry, data_format)


def _with_argmax_shape(x: Spec, *, ksize: list, strides: list, padding: str) -> list[Shape]:
    shape = _pooled(x.shape, ksize, strides, padding, "NHWC")
    return [shape, shape]


def positions(shape: Sequence[int], with_batch: bool) -> np.ndarray:
    """Return the flat position of every element, in its image or in the batch.

    Args:
        shape: The shape of a batch of images.
        with_batch: Whether to count through the batch.

    Returns:
        An array of that shape.
    """
    of_one = np.arange(prod(shape[1:]), dtype=np.int64).reshape(1, *shape[1:])
    start = np.arange(shape[0], dtype=np.int64) * (prod(shape[1:]) if with_batch else 0)
    return of_one + start.reshape(-1, *(1 for _ in shape[1:]))


@kernel("MaxPoolWithArgmax", infer=_with_argmax_shape)
def _max_pool_with_argmax(
    k: Any,
    x: Any,
    *,
    ksize: list,
    strides: list,
    padding: str,
    Targmax: str,  # noqa: N803 (TensorFlow's name)
    include_batch_in_index: bool,
) -> Any:
    geometry = _geometry(k, x, ksize, strides, padding, "NHWC")
    y = k.max_pool(x, *geometry)
    windows = _Windows(k, k.shape(x)[1:-1], geometry)
    where = k.asarray(positions(k.shape(x), include_batch_in_index).astype(Targmax))
    where = windows.padded(where, 0)
    total: Any = k.zeros(k.shape(y), Targmax)
    for part, here in zip(windows.parts(), windows.chosen(k.stop_gradient(x), k.stop_gradient(y)), strict=True):
        total = k.where(here, k.getitem(where, part), total)
    return y, total


@kernel("MaxPoolGradWithArgmax", infer=_gradient_shape)
def _max_pool_grad_with_argmax(k: Any, x: Any, gradient: Any, argmax: Any, *, include_batch_in_index: bool) -> Any:
    rows, size = k.shape(x)[0], prod(k.shape(x))
    flat = _flat_positions(k, argmax, rows, size, include_batch_in_index)
    return k.reshape(k.segment_sum(k.reshape(gradient, (-1,)), flat, size), k.shape(x))


def _flat_positions(k: Any, argmax: Any, rows: int, size: int, with_batch: bool) -> Any:
    if not with_batch:
        start = np.arange(rows) * (size // max(rows, 1))
        start = start.reshape(-1, *(1 for _ in k.shape(argmax)[1:])).astype(k.dtype(argmax))
        argmax = k.add(argmax, k.asarray(start))
    return k.reshape(argmax, (-1,))


@kernel("MaxPoolGradGradWithArgmax", infer=lambda x, gradient, argmax: argmax.shape)
def _max_pool_grad_grad_with_argmax(k: Any, x: Any, gradient: Any, argmax: Any, *, include_batch_in_index: bool) -> Any:
    rows, size = k.shape(x)[0], prod(k.shape(x))
    flat = _flat_positions(k, argmax, rows, size, include_batch_in_index)
    return k.reshape(k.take(k.reshape(gradient, (-1,)), flat, 0), k.shape(argmax))


# -- the gradient of means --------------------------------------------------------------------------


def _given_shape(rank: int) -> Callable[..., Shape]:
    def infer(shape: Spec, gradient: Spec) -> Shape:
        return rules.with_rank(shape.partial_shape(), rank)

    return infer


def _avg_grad(k: Any, shape: Any, gradient: Any, ksize: list, strides: list, padding: str, data_format: str) -> Any:
    sizes = spatial([int(n) for n in shape], data_format)
    window, steps = spatial(ksize, data_format), spatial(strides, data_format)
    geometry = (window, steps, pads(padding, sizes, window, steps), is_first(data_format))
    windows = _Windows(k, sizes, geometry)
    gradient = windows.last(gradient)
    number: Any = 1
    for n, m, s, pair in zip(sizes, window, steps, geometry[2], strict=True):
        starts = np.arange(0, n + sum(pair) - m + 1, s) - pair[0]
        number = np.multiply.outer(number, np.minimum(starts + m, n) - np.maximum(starts, 0))
    scaled = k.divide(gradient, k.astype(k.asarray(number[..., None].astype(np.float32)), k.dtype(gradient)))
    return windows.back(windows.spread([scaled] * prod(window), gradient))


@kernel("AvgPoolGrad", host=("orig_input_shape",), infer=_given_shape(4))
def _avg_pool_grad(
    k: Any, shape: Any, gradient: Any, *, ksize: list, strides: list, padding: str, data_format: str
) -> Any:
    return _avg_grad(k, shape, gradient, ksize, strides, padding, data_format)


@kernel("AvgPool3DGrad", host=("orig_input_shape",), infer=_given_shape(5))
def _avg_pool_3d_grad(
    k: Any, shape: Any, gradient: Any, *, ksize: list, strides: list, padding: str, data_format: str
) -> Any:
    return _avg_grad(k, shape, gradient, ksize, strides, padding, data_format)
