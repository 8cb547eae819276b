"""Normalization over a batch, and over neighbouring channels, with their gradient ops."""

from math import prod
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.kernels.convolution import is_first
from onevar.core.spec import Shape, Spec


def _normalized_shapes(count: int) -> Any:
    def infer(
        x: Spec, scale: Spec, offset: Spec, mean: Spec, variance: Spec, *, data_format: str, is_training: bool
    ) -> list[Shape]:
        rank = len(data_format)
        shape, channels = rules.with_rank(x.shape, rank), None
        at = 1 if is_first(data_format) else rank - 1
        given = (scale, offset) if is_training else (scale, offset, mean, variance)
        channels = shape[at]
        for vector in given:
            channels = rules.merge_dim(channels, rules.with_rank(vector.shape, 1)[0])
        of_channels: Shape = (channels,)
        found: list[Shape] = [(*shape[:at], channels, *shape[at + 1 :]), *[of_channels] * 4]
        return found if count == 5 else [*found, None]

    return infer


def _fused(
    k: Any, x: Any, scale: Any, offset: Any, mean: Any, variance: Any, epsilon: float, factor: float, first: bool,
    training: bool,
) -> tuple:  # fmt: skip
    """The result, the running mean and variance, and this batch's."""
    if not training:
        mean, variance = k.stop_gradient(mean), k.stop_gradient(variance)
        return _scaled(k, x, scale, offset, mean, variance, epsilon, first), mean, variance, mean, variance
    y, of_batch, spread = k.batch_norm(x, scale, offset, epsilon, first)
    of_batch, spread = k.stop_gradient(of_batch), k.stop_gradient(spread)
    count = prod(k.shape(x)) // max(k.shape(scale)[0], 1)
    running, corrected = of_batch, k.multiply(spread, count / max(count - 1, 1))
    if factor != 1:
        running = k.add(k.multiply(mean, 1 - factor), k.multiply(of_batch, factor))
        corrected = k.add(k.multiply(variance, 1 - factor), k.multiply(corrected, factor))
    return y, k.stop_gradient(running), k.stop_gradient(corrected), of_batch, spread


def _scaled(k: Any, x: Any, scale: Any, offset: Any, mean: Any, variance: Any, epsilon: float, first: bool) -> Any:
    dtype = k.dtype(x)
    factor = k.multiply(k.rsqrt(k.add(variance, epsilon)), scale)
    shift = k.subtract(offset, k.multiply(mean, factor))
    if first:
        shape = (-1, *(1 for _ in k.shape(x)[2:]))
        factor, shift = k.reshape(factor, shape), k.reshape(shift, shape)
    wide = x if dtype == k.dtype(factor) else k.astype(x, k.dtype(factor))
    y = k.add(k.multiply(wide, factor), shift)
    return y if dtype == k.dtype(factor) else k.astype(y, dtype)


@kernel("FusedBatchNorm", "FusedBatchNormV2", heavy=True, infer=_normalized_shapes(5))
def _fused_batch_norm(
    k: Any, x: Any, scale: Any, offset: Any, mean: Any, variance: Any, *, epsilon: float,
    exponential_avg_factor: float, data_format: str, is_training: bool,
) -> Any:  # fmt: skip
    first = is_first(data_format)
    return _fused(k, x, scale, offset, mean, variance, epsilon, exponential_avg_factor, first, is_training)


@kernel("FusedBatchNormV3", heavy=True, infer=_normalized_shapes(6))
def _fused_batch_norm_v3(
    k: Any, x: Any, scale: Any, offset: Any, mean: Any, variance: Any, *, epsilon: float,
    exponential_avg_factor: float, data_format: str, is_training: bool,
) -> Any:  # fmt: skip
    first = is_first(data_format)
    found = _fused(k, x, scale, offset, mean, variance, epsilon, exponential_avg_factor, first, is_training)
    return (*found, k.zeros((), k.dtype(scale)))


def _gradient_shapes(
    gradient: Spec, x: Spec, scale: Spec, one: Spec, two: Spec, *rest: Spec, data_format: str
) -> list[Shape]:
    rank = len(data_format)
    shape = rules.with_rank(gradient.shape, rank)
    at = 1 if is_first(data_format) else rank - 1
    channels = shape[at]
    for vector in (scale, one, two):
        channels = rules.merge_dim(channels, rules.with_rank(vector.shape, 1)[0])
    whole = (*shape[:at], channels, *shape[at + 1 :])
    return [whole, (channels,), (channels,), (0,), (0,)]


@kernel("FusedBatchNormGrad", "FusedBatchNormGradV2", infer=_gradient_shapes)
def _fused_batch_norm_grad(
    k: Any, gradient: Any, x: Any, scale: Any, mean: Any, variance: Any, *, epsilon: float, data_format: str,
    is_training: bool,
) -> Any:  # fmt: skip
    return _normalized_gradient(k, gradient, x, scale, mean, variance, epsilon, is_first(data_format), is_training)


@kernel("FusedBatchNormGradV3", infer=_gradient_shapes)
def _fused_batch_norm_grad_v3(
    k: Any, gradient: Any, x: Any, scale: Any, mean: Any, variance: Any, unused: Any, *, epsilon: float,
    data_format: str, is_training: bool,
) -> Any:  # fmt: skip
    return _normalized_gradient(k, gradient, x, scale, mean, variance, epsilon, is_first(data_format), is_training)


def _normalized_gradient(
    k: Any, gradient: Any, x: Any, scale: Any, mean: Any, variance: Any, epsilon: float, first: bool, training: bool
) -> tuple:
    dtype, rank = k.dtype(x), len(k.shape(x))
    axes = tuple(i for i in range(rank) if i != (1 if first else rank - 1))
    shape = (-1, *(1 for _ in range(rank - 2))) if first else (-1,)
    wide = k.dtype(scale)
    x, gradient = k.astype(x, wide), k.astype(gradient, wide)
    inverse = k.rsqrt(k.add(variance, epsilon))
    normal = k.multiply(k.subtract(x, k.reshape(mean, shape)), k.reshape(inverse, shape))
    offset_gradient = k.sum(gradient, axes)
    scale_gradient = k.sum(k.multiply(gradient, normal), axes)
    if training:
        count = prod(k.shape(x)) / max(k.shape(scale)[0], 1)
        along = k.reshape(k.divide(scale_gradient, count), shape)
        gradient = k.subtract(gradient, k.reshape(k.divide(offset_gradient, count), shape))
        gradient = k.subtract(gradient, k.multiply(normal, along))
    found = k.multiply(gradient, k.reshape(k.multiply(inverse, scale), shape))
    nothing = k.zeros((0,), wide)
    return k.astype(found, dtype), scale_gradient, offset_gradient, nothing, nothing


# -- over neighbouring channels ---------------------------------------------------------------------


def _band(k: Any, channels: int, radius: int, dtype: str) -> Any:
    """A matrix of ones where two channels are neighbours: a product with it sums over them."""
    at = np.arange(channels)
    near = np.abs(at[:, None] - at[None, :]) <= radius
    return k.astype(k.asarray(near.astype(np.float32)), dtype)


def _neighbours(k: Any, x: Any, radius: int, bias: float, alpha: float) -> tuple[Any, Any]:
    band = _band(k, k.shape(x)[-1], radius, k.dtype(x))
    return k.add(k.multiply(k.matmul(k.square(x), band), alpha), bias), band


@kernel("LRN", heavy=True, infer=lambda x: rules.with_rank(x.shape, 4))
def _local_response(k: Any, x: Any, *, depth_radius: int, bias: float, alpha: float, beta: float) -> Any:
    total, _ = _neighbours(k, x, depth_radius, bias, alpha)
    if beta == 0.5:
        return k.multiply(x, k.rsqrt(total))
    return k.divide(x, total) if beta == 1 else k.multiply(x, k.pow(total, -beta))


def _merged(*specs: Spec) -> Shape:
    return rules.merge_all([rules.with_rank(spec.shape, 4) for spec in specs])


@kernel("LRNGrad", heavy=True, infer=_merged)
def _local_response_gradient(
    k: Any, gradient: Any, x: Any, y: Any, *, depth_radius: int, bias: float, alpha: float, beta: float
) -> Any:
    total, band = _neighbours(k, x, depth_radius, bias, alpha)
    spread = k.matmul(k.divide(k.multiply(gradient, y), total), band)
    return k.subtract(k.multiply(gradient, k.pow(total, -beta)), k.multiply(k.multiply(x, spread), 2 * alpha * beta))


@kernel("BatchNormWithGlobalNormalization", infer=lambda t, m, v, beta, gamma: rules.with_rank(t.shape, 4))
def _global_normalization(
    k: Any, t: Any, m: Any, v: Any, beta: Any, gamma: Any, *, variance_epsilon: float, scale_after_normalization: bool
) -> Any:
    inverse = k.rsqrt(k.add(v, variance_epsilon))
    if scale_after_normalization:
        inverse = k.multiply(inverse, gamma)
    return k.add(k.multiply(k.subtract(t, m), inverse), beta)
