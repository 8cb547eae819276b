"""Moments and normalization: `tf.nn.moments`, `tf.nn.batch_normalization`, `tf.nn.fused_batch_norm` and the like."""

from math import prod
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import zeros_like
from onevar.v1.array_ops_index import gather
from onevar.v1.array_ops_shape import rank, shape, squeeze, stop_gradient
from onevar.v1.common import dims_of, dtype_of, renamed
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import BINARY, UNARY, add, cast, complex_, div_no_nan, imag, real, square
from onevar.v1.math_ops_reduce import reduce_mean, reduce_prod, reduce_sum

_multiply, _subtract, _maximum = BINARY["Mul"], BINARY["Sub"], BINARY["Maximum"]
_squared_difference, _rsqrt, _reciprocal = BINARY["SquaredDifference"], UNARY["Rsqrt"], UNARY["Reciprocal"]


@export("nn.moments")
def moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return mean and variance over axes; see `tf.compat.v1.nn.moments`."""
    keep = bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "moments", [x, axes]):
        half = dtype_of(x) is dtypes.float16
        # Sums of squares do not fit into 16 bits.
        y = cast(x, dtypes.float32) if half else x
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        spread = _squared_difference(y, stop_gradient(mean))
        variance = reduce_mean(spread, axes, keepdims=True, name="variance")
        if not keep:
            mean, variance = squeeze(mean, axes), squeeze(variance, axes)
        if half:
            return cast(mean, dtypes.float16), cast(variance, dtypes.float16)
        return mean, variance


@export("nn.weighted_moments")
def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, name: str | None = None, keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return mean and variance over axes, elements counted by weights; see `tf.compat.v1.nn.weighted_moments`."""
    keep = bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        half = dtype_of(x) is dtypes.float16
        if half:
            x = cast(x, dtypes.float32)
        if dtype_of(weights) is not dtype_of(x):
            weights = cast(weights, dtype_of(x))
        total = reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        count = reduce_sum(weights + zeros_like(x), axes, name="sum_of_weights", keepdims=True)
        mean = div_no_nan(total, count)
        spread = weights * _squared_difference(x, mean)
        variance = div_no_nan(reduce_sum(spread, axes, name="weighted_distsq", keepdims=True), count)
        if not keep:
            mean, variance = squeeze(mean, axis=axes), squeeze(variance, axis=axes)
        if half:
            mean, variance = cast(mean, dtypes.float16), cast(variance, dtypes.float16)
        return mean, variance


@export("nn.sufficient_statistics")
def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keep_dims: bool | None = None, name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """Return count, sum, sum of squares and shift; see `tf.compat.v1.nn.sufficient_statistics`."""
    axes = list(set(axes))
    keep = bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        counts = _count(x, axes)
        if shift is None:
            first, second = x, square(x)
        else:
            shift = convert_to_tensor(shift, name="shift")
            first, second = _subtract(x, shift), _squared_difference(x, shift)
        first = reduce_sum(first, axes, keepdims=keep, name="mean_ss")
        second = reduce_sum(second, axes, keepdims=keep, name="var_ss")
    return counts, first, second, shift


def _count(x: Any, axes: list[int]) -> Any:
    dims = dims_of(x)
    if dims is not None and all(dims[axis] is not None for axis in axes):
        return constant(prod(dims[axis] for axis in axes), dtype=dtype_of(x))  # type: ignore[misc]
    depth = rank(x)
    positive = [axis + depth if axis < 0 else axis for axis in axes]
    return reduce_prod(gather(cast(shape(x), dtype_of(x)), positive), name="count")


@export("nn.normalize_moments")
def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Any, Any]:
    """Return mean and variance from sums; see `tf.nn.normalize_moments`."""
    with name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = _reciprocal(counts, name="divisor")
        if shift is None:
            mean = shifted = _multiply(mean_ss, divisor, name="mean")
        else:
            shifted = _multiply(mean_ss, divisor, name="shifted_mean")
            mean = add(shifted, shift, name="mean")
        variance = _subtract(_multiply(variance_ss, divisor), square(shifted), name="variance")
    return mean, variance


@export("nn.batch_normalization")
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: str | None = None
) -> Any:
    """Return `x` with this mean and variance taken out, scaled and moved; see `tf.nn.batch_normalization`."""
    with name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        factor = _rsqrt(variance + variance_epsilon)
        if scale is not None:
            factor = factor * scale
        dtype = dtype_of(x)
        scaled = x * cast(factor, dtype)
        moved = offset - mean * factor if offset is not None else -mean * factor
        return scaled + cast(moved, dtype)


@export("nn.batch_norm_with_global_normalization")
def batch_norm_with_global_normalization(
    t: Any = None, m: Any = None, v: Any = None, beta: Any = None, gamma: Any = None, variance_epsilon: Any = None,
    scale_after_normalization: Any = None, name: str | None = None, input: Any = None, mean: Any = None,
    variance: Any = None,
) -> Any:  # fmt: skip
    """Do `batch_normalization`; see `tf.compat.v1.nn.batch_norm_with_global_normalization`."""
    t, m = renamed("input", input, "t", t), renamed("mean", mean, "m", m)
    v = renamed("variance", variance, "v", v)
    scale = gamma if scale_after_normalization else None
    return batch_normalization(t, m, v, beta, scale, variance_epsilon, name)


@export("nn.fused_batch_norm")
def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True, name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return `x` normalized in one op, and mean and variance; see `tf.compat.v1.nn.fused_batch_norm`.

    Raises:
        ValueError: Mean or variance is missing where it is needed.
    """
    if (not is_training or exponential_avg_factor != 1.0) and (mean is None or variance is None):
        raise ValueError(
            "Both `mean` and `variance` must be a 1D tensor when `is_training` is False or `exponential_avg_factor` "
            f"!= 1.0. Received: `mean` {mean!r} and `variance` {variance!r}"
        )
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    mean = constant([]) if mean is None else mean
    variance = constant([]) if variance is None else variance
    found = op(
        "FusedBatchNormV3", x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=epsilon,
        exponential_avg_factor=exponential_avg_factor, data_format=data_format, is_training=is_training, name=name,
    )  # fmt: skip
    return found[0], found[1], found[2]


@export("nn.local_response_normalization", "nn.lrn")
def lrn(
    input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, name: str | None = None
) -> Any:
    """Return `input` divided by what its neighbouring channels add up to; see `tf.nn.local_response_normalization`."""
    return op("LRN", input=input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name)


@export("nn.l2_normalize", "math.l2_normalize", "linalg.l2_normalize")
def l2_normalize(x: Any, axis: Any = None, epsilon: Any = 1e-12, name: str | None = None, dim: Any = None) -> Any:
    """Return `x` divided by its norm along an axis; see `tf.compat.v1.math.l2_normalize`."""
    axis = renamed("axis", axis, "dim", dim)
    with name_scope(name, "l2_normalize", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        if not dtype_of(x).is_complex:
            total = reduce_sum(square(x), axis, keepdims=True)
            return _multiply(x, _rsqrt(_maximum(total, epsilon)), name=scope)
        squares = square(real(x)) + square(imag(x))
        factor = _rsqrt(_maximum(real(reduce_sum(squares, axis, keepdims=True)), epsilon))
        return complex_(_multiply(real(x), factor), _multiply(imag(x), factor), name=scope)
