"""Convolution, pooling and batch normalization by torch's own functions, under the names of `contract.PRIMITIVES`.

torch has the channels first. Channels that come last are permuted as a view: what torch calls `channels_last` memory,
which its fastest CPU kernels take and give, so that nothing is copied between one layer and the next.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from onevar.adapters.contract import Primitives
from onevar.adapters.convolution import CONVOLUTIONS, elements

Pads = Sequence[tuple[int, int]]

_CONV = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}
_CONV_TRANSPOSE = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}
_MAX_POOL = {1: torch.max_pool1d, 2: torch.max_pool2d, 3: torch.max_pool3d}
_AVG_POOL = {2: torch._C._nn.avg_pool2d, 3: torch._C._nn.avg_pool3d}
# Channels from the end to the second place, and back; filters from TensorFlow's order to torch's, and back.
_FIRST = {n: (0, n + 1, *range(1, n + 1)) for n in (1, 2, 3)}
_LAST = {n: (0, *range(2, n + 2), 1) for n in (1, 2, 3)}
_FILTERS = {n: (n + 1, n, *range(n)) for n in (1, 2, 3)}
_FILTERS_BACK = {n: (*range(2, n + 2), 1, 0) for n in (1, 2, 3)}


def _weights(filters: torch.Tensor) -> torch.Tensor:
    return filters.permute(_FILTERS[filters.ndim - 2])


def _padded(x: torch.Tensor, padding: Pads, value: Any = 0) -> torch.Tensor:
    flat = [n for pair in reversed(padding) for n in pair]
    return torch.constant_pad_nd(x, flat, value) if any(flat) else x


def _symmetric(x: torch.Tensor, padding: Pads) -> tuple[torch.Tensor, list[int]]:
    """Return `x`, padded if the sides differ, and the padding that is the same on both sides."""
    if all(before == after for before, after in padding):
        return x, [before for before, _ in padding]
    return _padded(x, padding), [0] * len(padding)


def _strided(x: torch.Tensor, strides: Sequence[int], sides: Sequence[int]) -> torch.Tensor:
    x = _padded(x, [(side, side) for side in sides])
    return x[(..., *(slice(None, None, step) for step in strides))]


def _exact(function: Callable) -> Callable:
    """Compute integers, for which torch has no convolution, in float64."""

    def compute(x: torch.Tensor, y: torch.Tensor, *args: Any) -> torch.Tensor:
        if x.is_floating_point() or x.is_complex():
            return function(x, y, *args)
        return torch.round(function(x.double(), y.double(), *args)).to(x.dtype)

    return compute


@_exact
def _conv(
    x: torch.Tensor, filters: torch.Tensor, strides: Sequence[int], padding: Pads, dilations: Sequence[int],
    groups: int, channels_first: bool,
) -> torch.Tensor:  # fmt: skip
    n = x.ndim - 2
    if not channels_first:
        x = x.permute(_FIRST[n])
    x, sides = _symmetric(x, padding)
    if max(filters.shape[:n]) == 1 and max(strides) > 1:
        # oneDNN's gradient of strided 1x1 filters is wrong in channels_last memory (torch 2.13): no strides, then.
        x, strides = _strided(x, strides, sides), [1] * n
        sides = [0] * n
    y = _CONV[n](x, _weights(filters), None, strides, sides, dilations, groups)
    return y if channels_first else y.permute(_LAST[n])


@_exact
def _conv_input_gradient(
    gradient: torch.Tensor, filters: torch.Tensor, sizes: Sequence[int], strides: Sequence[int], padding: Pads,
    dilations: Sequence[int], groups: int, channels_first: bool,
) -> torch.Tensor:  # fmt: skip
    n = gradient.ndim - 2
    if not channels_first:
        gradient = gradient.permute(_FIRST[n])
    before = [pair[0] for pair in padding]
    spans = [
        (m - 1) * s + (f - 1) * d + 1
        for m, s, f, d in zip(gradient.shape[2:], strides, filters.shape, dilations, strict=False)
    ]
    # What torch's padding, the same on both sides, would leave out at the end.
    missing = [max(size + 2 * b - span, 0) for size, span, b in zip(sizes, spans, before, strict=True)]
    possible = all(m < max(s, d) for m, s, d in zip(missing, strides, dilations, strict=True))
    cut, extra = (before, missing) if possible else ([0] * n, [0] * n)
    x = _CONV_TRANSPOSE[n](gradient, _weights(filters), None, strides, cut, extra, groups, dilations)
    if not possible:
        # A negative width takes away.
        x = torch.constant_pad_nd(
            x,
            [
                w
                for b, size, span in reversed(list(zip(before, sizes, spans, strict=True)))
                for w in (-b, size + b - span)
            ],
        )
    for axis, size in enumerate(sizes):
        if x.shape[2 + axis] != size:
            x = x.narrow(2 + axis, 0, size)
    return x if channels_first else x.permute(_LAST[n])


@_exact
def _conv_filter_gradient(
    x: torch.Tensor, gradient: torch.Tensor, sizes: Sequence[int], strides: Sequence[int], padding: Pads,
    dilations: Sequence[int], groups: int, channels_first: bool,
) -> torch.Tensor:  # fmt: skip
    n = x.ndim - 2
    if not channels_first:
        x, gradient = x.permute(_FIRST[n]), gradient.permute(_FIRST[n])
    x, sides = _symmetric(x, padding)
    if max(sizes) == 1 and max(strides) > 1:
        x, strides = _strided(x, strides, sides), [1] * n
        x = x[(..., *(slice(size) for size in gradient.shape[2:]))]
        sides = [0] * n
    # Only the shape, dtype and device of the weights count.
    weights = x.new_empty(()).expand(gradient.shape[1], x.shape[1] // groups, *sizes)
    mask = [False, True, False]
    _, found, _ = torch.ops.aten.convolution_backward(
        gradient, x, weights, None, strides, sides, dilations, False, [0] * n, groups, mask
    )
    return found.permute(_FILTERS_BACK[n])


def _rounding(sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: Pads) -> bool | None:
    """Return which `ceil_mode` makes torch's padding, the same on both sides, give the same windows; None: neither."""
    fits = [True, True]
    for size, k, s, (before, after) in zip(sizes, window, strides, padding, strict=True):
        wanted = (size + before + after - k) // s
        span = size + 2 * before - k
        ceil = -(-span // s)
        if ceil * s >= size + before:
            ceil -= 1
        possible = before <= k // 2 and span >= 0
        fits[0] &= possible and span // s == wanted
        fits[1] &= possible and ceil == wanted
    return False if fits[0] else True if fits[1] else None


def _max_pool(
    x: torch.Tensor, window: Sequence[int], strides: Sequence[int], padding: Pads, channels_first: bool
) -> torch.Tensor:
    n = len(window)
    if not x.is_floating_point():
        return CONVOLUTIONS["max_pool"](SELF[0], x, window, strides, padding, channels_first)
    if not channels_first:
        x = x.permute(_FIRST[n])
    sides, ceil = [before for before, _ in padding], _rounding(x.shape[2:], window, strides, padding)
    if ceil is None:
        x, sides, ceil = _padded(x, padding, float("-inf")), [0] * n, False
    y = _MAX_POOL[n](x, window, strides, sides, 1, ceil)
    return y if channels_first else y.permute(_LAST[n])


def _avg_pool(
    x: torch.Tensor, window: Sequence[int], strides: Sequence[int], padding: Pads, channels_first: bool
) -> torch.Tensor:
    n = len(window)
    if n not in _AVG_POOL:
        return CONVOLUTIONS["avg_pool"](SELF[0], x, window, strides, padding, channels_first)
    if not channels_first:
        x = x.permute(_FIRST[n])
    ceil = _rounding(x.shape[2:], window, strides, padding)
    if ceil is None:
        number = elements(x.shape[2:], window, strides, padding, False, "float32")
        y = _AVG_POOL[n](_padded(x, padding), window, strides, 0, False, True, 1)
        y = y / torch.as_tensor(number, dtype=y.dtype, device=y.device)
    else:
        y = _AVG_POOL[n](x, window, strides, [before for before, _ in padding], ceil, False)
    return y if channels_first else y.permute(_LAST[n])


def _batch_norm(
    x: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor, epsilon: float, channels_first: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    channels = scale.shape[0]
    count = x.numel() // channels if channels else 0
    if count < 2 or x.dtype is not scale.dtype:
        return CONVOLUTIONS["batch_norm"](SELF[0], x, scale, offset, epsilon, channels_first)
    n = x.ndim - 2
    if not channels_first:
        x = x.permute(_FIRST[n])
    # With a momentum of 1 the running moments are this batch's, the variance with Bessel's correction.
    mean, variance = scale.new_zeros(channels), scale.new_zeros(channels)
    y = torch.native_batch_norm(x, scale, offset, mean, variance, True, 1.0, epsilon)[0]
    return y if channels_first else y.permute(_LAST[n]), mean, variance * ((count - 1) / count)


#: torch's primitives themselves, put here by `primitives`, for what is put together from others.
SELF: list[Primitives] = []

TABLE: Mapping[str, Callable] = {
    "avg_pool": _avg_pool,
    "batch_norm": _batch_norm,
    "conv": _conv,
    "conv_filter_gradient": _conv_filter_gradient,
    "conv_input_gradient": _conv_input_gradient,
    "max_pool": _max_pool,
}
"""The part of `contract.PRIMITIVES`."""
