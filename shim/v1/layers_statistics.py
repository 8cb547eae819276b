"""The statistics of batches and their moving averages, as batch normalization takes them."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import colocate_with, control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, ones_like, zeros_like
from onevar.v1.array_ops_shape import expand_dims, identity, stop_gradient
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of
from onevar.v1.layers_arguments import by_mode
from onevar.v1.math_ops_elementwise import cast, maximum, minimum, sqrt
from onevar.v1.math_ops_reduce import reduce_mean
from onevar.v1.nn_activations import relu
from onevar.v1.nn_norm import fused_batch_norm, moments, weighted_moments
from onevar.v1.state_ops import assign, assign_sub

_Pair = tuple[Any, Any]


class BatchStatistics:
    """The part of `tf.layers.BatchNormalization` that computes and updates statistics; see there."""

    axis: Any
    momentum: Any
    epsilon: Any
    renorm: bool
    renorm_clipping: dict[str, Any]
    renorm_momentum: Any
    virtual_batch_size: int | None
    adjustment: Callable[..., Any] | None
    gamma: Any
    beta: Any
    moving_mean: Any
    moving_variance: Any
    moving_variance_initializer: Any
    moving_stddev: Any
    renorm_mean: Any
    renorm_stddev: Any
    add_update: Callable[..., None]
    _param_dtype: Any
    _param_shape: Any
    _data_format: Any

    def _stddev_initializer(self, *args: Any, **kwargs: Any) -> Any:
        return sqrt(self.moving_variance_initializer(*args, **kwargs))

    # -- in one operation -------------------------------------------------------------------------

    def _fused(self, inputs: Any, training: Any, mode: bool | None) -> Any:
        beta, gamma = self.beta, self.gamma
        if beta is None:
            beta = constant(0.0, dtype=self._param_dtype, shape=self._param_shape)
        if gamma is None:
            gamma = constant(1.0, dtype=self._param_dtype, shape=self._param_shape)

        def normalized(is_training: bool) -> Any:
            return fused_batch_norm(
                inputs, gamma, beta, mean=self.moving_mean, variance=self.moving_variance, epsilon=self.epsilon,
                is_training=is_training, data_format=self._data_format,
            )  # fmt: skip

        output, mean, variance = by_mode(training, lambda: normalized(True), lambda: normalized(False))
        if mode is not False:
            if mode is None:
                momentum = by_mode(training, lambda: self.momentum, lambda: 1.0)
            else:
                momentum = convert_to_tensor(self.momentum)
            self.add_update(lambda: _moved(self.moving_mean, mean, momentum))
            self.add_update(lambda: _moved(self.moving_variance, variance, momentum))
        return output

    # -- step by step -----------------------------------------------------------------------------

    def _trained(
        self, inputs: Any, training: Any, mask: Any, axes: Sequence[int], transform: _Pair,
        aligned: Callable[[Any], Any],
    ) -> tuple[Any, Any, Any, Any]:  # fmt: skip
        """Return mean, variance, scale and offset of a call that may be training, and add the updates."""
        scale, offset = transform
        if self.adjustment:
            scale, offset = _then(self._adjusted(inputs, training), scale, offset)
        mean, variance = self._moments(cast(inputs, self._param_dtype), axes, mask)
        batch_mean, batch_variance = mean, variance
        mean = by_mode(training, lambda: batch_mean, lambda: convert_to_tensor(self.moving_mean))
        variance = by_mode(training, lambda: batch_variance, lambda: convert_to_tensor(self.moving_variance))
        new_mean, new_variance = mean, variance
        if self.virtual_batch_size is not None:
            new_mean = reduce_mean(mean, axis=1, keepdims=True)
            new_variance = reduce_mean(variance, axis=1, keepdims=True)
        if self.renorm:
            r, d, new_mean, new_variance = self._renormed(new_mean, new_variance, training)
            r = aligned(stop_gradient(r, name="renorm_r"))
            d = aligned(stop_gradient(d, name="renorm_d"))
            scale, offset = _then((r, d), scale, offset)
        self.add_update(self._mean_update(training, new_mean))
        self.add_update(self._variance_update(training, new_variance))
        return mean, variance, scale, offset

    def _adjusted(self, inputs: Any, training: Any) -> _Pair:
        assert self.adjustment is not None
        scale, bias = self.adjustment(shape_op(inputs))
        return (
            by_mode(training, lambda: scale, lambda: ones_like(scale)),
            by_mode(training, lambda: bias, lambda: zeros_like(bias)),
        )

    def _moments(self, inputs: Any, axes: Sequence[int], mask: Any) -> _Pair:
        keepdims = self.virtual_batch_size is not None or len(self.axis) > 1
        if mask is None:
            return moments(inputs, list(axes), keep_dims=keepdims)
        weights = expand_dims(
            cast(mask, dtype_of(inputs), name="mask_weights"), axis=-1, name="mask_weights_broadcasted"
        )
        return weighted_moments(inputs, axes=list(axes), frequency_weights=weights, keep_dims=keepdims)

    def _mean_update(self, training: Any, new: Any) -> Callable[[], Any]:
        return lambda: by_mode(
            training, lambda: _moved(self.moving_mean, new, self.momentum), lambda: self.moving_mean
        )  # fmt: skip

    def _variance_update(self, training: Any, new: Any) -> Callable[[], Any]:
        def renormed() -> Any:
            stddev = _moved(self.moving_stddev, sqrt(new + self.epsilon), self.momentum)
            return _set(self.moving_variance, relu(stddev * stddev - self.epsilon))

        def plain() -> Any:
            return _moved(self.moving_variance, new, self.momentum)

        return lambda: by_mode(training, renormed if self.renorm else plain, lambda: self.moving_variance)

    def _renormed(self, mean: Any, variance: Any, training: Any) -> tuple[Any, Any, Any, Any]:
        """Return the correction's factor and summand, and what the moving averages are to move to."""
        stddev = sqrt(variance + self.epsilon)
        least = maximum(self.renorm_stddev, sqrt(self.epsilon))
        r = stddev / least
        d = (mean - self.renorm_mean) / least
        with control_dependencies([r, d]):
            mean, stddev = identity(mean), identity(stddev)
        r, d = self._clipped(r, d)
        factor, summand = r, d
        r = by_mode(training, lambda: factor, lambda: ones_like(factor))
        d = by_mode(training, lambda: summand, lambda: zeros_like(summand))
        updates = [
            self._renorm_update(self.renorm_mean, mean, training),
            self._renorm_update(self.renorm_stddev, stddev, training),
        ]
        with control_dependencies(updates):
            return r, d, identity(mean), identity(variance)

    def _clipped(self, r: Any, d: Any) -> _Pair:
        rmin, rmax, dmax = (self.renorm_clipping.get(key) for key in ("rmin", "rmax", "dmax"))
        if rmin is not None:
            r = maximum(r, rmin)
        if rmax is not None:
            r = minimum(r, rmax)
        if dmax is not None:
            d = minimum(maximum(d, -dmax), dmax)
        return r, d

    def _renorm_update(self, variable: Any, value: Any, training: Any) -> Any:
        value = identity(value)
        return by_mode(
            training, lambda: _moved(variable, value, self.renorm_momentum), lambda: identity(variable)
        )  # fmt: skip


def _then(first: _Pair, scale: Any, offset: Any) -> _Pair:
    """Return scale and offset of one transformation after another."""
    before, shift = first
    if scale is not None:
        before, shift = before * scale, shift * scale
    return before, shift if offset is None else shift + offset


def _moved(variable: Any, value: Any, momentum: Any) -> Any:
    """Move a variable towards a value."""
    with name_scope("AssignMovingAvg") as scope, colocate_with(variable):
        dtype = dtype_of(variable)
        decay = convert_to_tensor(1.0 - momentum, name="decay")
        decay = decay if dtype_of(decay) == dtype else cast(decay, dtype)
        delta = (variable - cast(value, dtype)) * decay
        return variable.assign_sub(delta) if executing_eagerly() else assign_sub(variable, delta, name=scope)


def _set(variable: Any, value: Any) -> Any:
    """Give a variable a value."""
    with name_scope("AssignNewValue") as scope, colocate_with(variable):
        return variable.assign(value) if executing_eagerly() else assign(variable, value, name=scope)


def positive_axes(axis: Any, shape: TensorShape) -> list[int]:
    """Return axes as a list of numbers from the first one.

    Args:
        axis: One or several; negative ones are counted from the end.
        shape: Whose axes they are.

    Raises:
        ValueError: The shape is not known, there is no such axis, or one is there twice.
    """
    rank = shape.rank
    if not rank:
        raise ValueError(f"Input has undefined rank. Received: input_shape={shape}")
    axes = [axis] if isinstance(axis, int) else list(axis)
    axes = [rank + one if one < 0 else one for one in axes]
    if any(one < 0 or one >= rank for one in axes):
        raise ValueError(
            f"Invalid value for `axis` argument. Expected 0 <= axis < inputs.rank (with inputs.rank={rank}). Received: "
            f"axis={tuple(axes)}"
        )
    if len(axes) != len(set(axes)):
        raise ValueError(f"Duplicate axis: {tuple(axes)}")
    return axes
