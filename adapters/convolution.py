"""Convolution, pooling and batch normalization put together from the other primitives, once for every framework.

Each takes the namespace `k` of primitives first; an adapter whose framework has the function itself overrides it. A sum
over a window is one product of matrices for each position in the window. `padding` is a pair for each spatial axis.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from itertools import product
from math import prod
from typing import Any

import numpy as np

from onevar.dtypes import numpy_dtype

_NARROW = ("float16", "bfloat16")


def lowest(dtype: str) -> Any:
    """Return what is less than any other number of a dtype.

    Args:
        dtype: Its name.

    Returns:
        A Python number.
    """
    kind = numpy_dtype(dtype)
    return int(np.iinfo(kind).min) if kind.kind in "iu" else -float("inf")


def counts(size: int, window: int, stride: int, padding: tuple[int, int]) -> np.ndarray:
    """Return how many elements, padding left out, each window along one axis has.

    Args:
        size: The axis's.
        window: The window's.
        stride: From window to window.
        padding: Before and after.

    Returns:
        A vector of integers.
    """
    starts = np.arange(0, size + sum(padding) - window + 1, stride) - padding[0]
    return np.minimum(starts + window, size) - np.maximum(starts, 0)


def _widened(function: Callable) -> Callable:
    """Compute narrow floats in float32."""

    @wraps(function)
    def compute(k: Any, x: Any, *args: Any) -> Any:
        dtype = k.dtype(x)
        if dtype not in _NARROW:
            return function(k, x, *args)
        wide = [k.astype(a, "float32") if not isinstance(a, int | float | list | tuple) else a for a in (x, *args)]
        found = function(k, *wide)
        return (k.astype(found[0], dtype), *found[1:]) if isinstance(found, tuple) else k.astype(found, dtype)

    return compute


def _last(k: Any, x: Any, channels_first: bool) -> Any:
    """Return `x` with the channels at the end."""
    rank = len(k.shape(x))
    return k.permute_dims(x, (0, *range(2, rank), 1)) if channels_first else x


def _first(k: Any, x: Any, channels_first: bool) -> Any:
    """Undo `_last`."""
    rank = len(k.shape(x))
    return k.permute_dims(x, (0, rank - 1, *range(1, rank - 1))) if channels_first else x


def _padded(k: Any, x: Any, padding: Sequence, value: Any = 0) -> Any:
    if not any(map(any, padding)):
        return x
    return k.pad(x, ((0, 0), *padding, (0, 0)), "constant", value)


def _parts(offset: Sequence[int], sizes: Sequence[int], strides: Sequence[int]) -> tuple:
    """Return the index of what the windows that begin everywhere have at one position."""
    axes = zip(offset, sizes, strides, strict=True)
    return (slice(None), *(slice(at, at + (n - 1) * step + 1, step) for at, n, step in axes), slice(None))


def _offsets(kernel: Sequence[int], dilations: Sequence[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the positions in a window, and where these are."""
    at = product(*map(range, kernel))
    return [(one, tuple(i * d for i, d in zip(one, dilations, strict=True))) for one in at]


def _sizes(shape: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> list[int]:
    spatial = zip(shape, kernel, strides, dilations, strict=True)
    return [(n - (m - 1) * d - 1) // step + 1 for n, m, step, d in spatial]


def _times(k: Any, piece: Any, matrix: Any, groups: int) -> Any:
    """Multiply the channels of `piece` with a matrix of input channels of a group and output channels of all."""
    if groups == 1:
        return k.matmul(piece, matrix)
    *rest, channels = k.shape(piece)
    inner, outer = k.shape(matrix)
    matrix = k.permute_dims(k.reshape(matrix, (inner, groups, outer // groups)), (1, 0, 2))
    piece = k.reshape(piece, (prod(rest), groups, channels // groups))
    found = k.matmul(k.permute_dims(piece, (1, 0, 2)), matrix)
    return k.reshape(k.permute_dims(found, (1, 0, 2)), (*rest, outer))


@_widened
def _conv(
    k: Any, x: Any, filters: Any, strides: Sequence[int], padding: Sequence, dilations: Sequence[int], groups: int,
    channels_first: bool,
) -> Any:  # fmt: skip
    x = _padded(k, _last(k, x, channels_first), padding)
    kernel = k.shape(filters)[:-2]
    sizes = _sizes(k.shape(x)[1:-1], kernel, strides, dilations)
    if not prod(kernel) or min(sizes) <= 0:
        return _first(k, k.zeros((k.shape(x)[0], *sizes, k.shape(filters)[-1]), k.dtype(x)), channels_first)
    total: Any = None
    for at, offset in _offsets(kernel, dilations):
        term = _times(k, k.getitem(x, _parts(offset, sizes, strides)), k.getitem(filters, (*at, ...)), groups)
        total = term if total is None else k.add(total, term)
    return _first(k, total, channels_first)


@_widened
def _conv_input_gradient(
    k: Any, gradient: Any, filters: Any, sizes: Sequence[int], strides: Sequence[int], padding: Sequence,
    dilations: Sequence[int], groups: int, channels_first: bool,
) -> Any:  # fmt: skip
    gradient = _last(k, gradient, channels_first)
    batch, *spatial, outer = k.shape(gradient)
    *kernel, inner, _ = k.shape(filters)
    per_group = k.permute_dims(
        k.reshape(filters, (*kernel, inner, groups, outer // groups)),
        (*range(len(kernel)), len(kernel) + 2, len(kernel) + 1, len(kernel)),
    )
    # The transposes of the groups' matrices, side by side: output channels of a group, input channels of all.
    turned = k.reshape(per_group, (*kernel, outer // groups, groups * inner))
    padded = [n + before + after for n, (before, after) in zip(sizes, padding, strict=True)]
    total = k.zeros((batch, *padded, inner * groups), k.dtype(gradient))
    for at, offset in _offsets(kernel, dilations):
        where = _parts(offset, spatial, strides)
        term = _times(k, gradient, k.getitem(turned, (*at, ...)), groups)
        total = k.setitem(total, where, k.add(k.getitem(total, where), term))
    inside = (slice(before, before + n) for n, (before, _) in zip(sizes, padding, strict=True))
    return _first(k, k.getitem(total, (slice(None), *inside, slice(None))), channels_first)


@_widened
def _conv_filter_gradient(
    k: Any, x: Any, gradient: Any, sizes: Sequence[int], strides: Sequence[int], padding: Sequence,
    dilations: Sequence[int], groups: int, channels_first: bool,
) -> Any:  # fmt: skip
    x, gradient = _padded(k, _last(k, x, channels_first), padding), _last(k, gradient, channels_first)
    *rest, outer = k.shape(gradient)
    inner, positions = k.shape(x)[-1] // groups, prod(rest)
    by_group = k.permute_dims(k.reshape(gradient, (positions, groups, outer // groups)), (1, 0, 2))
    found = []
    for _, offset in _offsets(sizes, dilations):
        piece = k.reshape(k.getitem(x, _parts(offset, rest[1:], strides)), (positions, groups, inner))
        found.append(k.permute_dims(k.matmul(k.permute_dims(piece, (1, 2, 0)), by_group), (1, 0, 2)))
    return k.reshape(k.stack(found, 0), (*sizes, inner, outer))


def along(k: Any, x: Any, axis: int, window: int, stride: int, join: Callable) -> Any:
    """Join the elements of each window along one axis, the first ones first.

    Args:
        k: The primitives.
        x: A tensor, padded.
        axis: The axis.
        window: The window's size.
        stride: From window to window.
        join: A function of two tensors.

    Returns:
        A tensor.
    """
    rank = len(k.shape(x))
    size = (k.shape(x)[axis] - window) // stride + 1
    total: Any = None
    for at in range(window):
        part = slice(at, at + (size - 1) * stride + 1, stride)
        piece = k.getitem(x, tuple(part if i == axis else slice(None) for i in range(rank)))
        total = piece if total is None else join(total, piece)
    return total


def _windows(
    k: Any, x: Any, window: Sequence[int], strides: Sequence[int], padding: Sequence, value: Any, join: Callable,
    channels_first: bool,
) -> Any:  # fmt: skip
    """Join windows one axis after the other, the last first: of equals the first in row-major order is the first."""
    start, rank = (2 if channels_first else 1), len(k.shape(x))
    widths = [(0, 0)] * start + list(padding) + [(0, 0)] * (rank - start - len(padding))
    if any(map(any, padding)):
        x = k.pad(x, widths, "constant", value)
    for i in reversed(range(len(window))):
        x = along(k, x, start + i, window[i], strides[i], join)
    return x


def _max_pool(
    k: Any, x: Any, window: Sequence[int], strides: Sequence[int], padding: Sequence, channels_first: bool
) -> Any:
    return _windows(k, x, window, strides, padding, lowest(k.dtype(x)), k.maximum, channels_first)


@_widened
def _avg_pool(
    k: Any, x: Any, window: Sequence[int], strides: Sequence[int], padding: Sequence, channels_first: bool
) -> Any:
    start, shape = (2 if channels_first else 1), k.shape(x)
    total = _windows(k, x, window, strides, padding, 0, k.add, channels_first)
    if not any(map(any, padding)):
        return k.divide(total, float(prod(window)))
    return k.divide(total, k.asarray(elements(shape[start : start + len(window)], window, strides, padding,
                                              not channels_first, k.dtype(x))))  # fmt: skip


def elements(
    sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: Sequence, channels_last: bool,
    dtype: str,
) -> np.ndarray:  # fmt: skip
    """Return how many elements each window has, padding left out.

    Args:
        sizes: Of the spatial axes.
        window: The window's sizes.
        strides: From window to window.
        padding: Before and after, for each axis.
        channels_last: Whether an axis for the channels follows.
        dtype: The result's.

    Returns:
        An array with the spatial axes, which broadcasts against the pools.
    """
    axes = [counts(*one) for one in zip(sizes, window, strides, padding, strict=True)]
    number = axes[0]
    for one in axes[1:]:
        number = np.multiply.outer(number, one)
    return (number[..., None] if channels_last else number).astype(numpy_dtype(dtype))


def _batch_norm(k: Any, x: Any, scale: Any, offset: Any, epsilon: float, channels_first: bool) -> tuple[Any, Any, Any]:
    dtype, rank = k.dtype(x), len(k.shape(x))
    channel = 1 if channels_first else rank - 1
    axes, shape = tuple(i for i in range(rank) if i != channel), [1] * rank
    shape[channel] = -1
    x = k.astype(x, k.dtype(scale))
    mean = k.mean(x, axes, True)
    centred = k.subtract(x, mean)
    variance = k.mean(k.square(centred), axes, True)
    factor = k.multiply(k.rsqrt(k.add(variance, epsilon)), k.reshape(scale, tuple(shape)))
    y = k.add(k.multiply(centred, factor), k.reshape(offset, tuple(shape)))
    return k.astype(y, dtype), k.squeeze(mean, axes), k.squeeze(variance, axes)


#: Name to function of `k` and the primitive's own arguments.
CONVOLUTIONS: Mapping[str, Callable] = {
    "avg_pool": _avg_pool,
    "batch_norm": _batch_norm,
    "conv": _conv,
    "conv_filter_gradient": _conv_filter_gradient,
    "conv_input_gradient": _conv_input_gradient,
    "max_pool": _max_pool,
}
