"""`tf.contrib.layers`: regularizers and initializers."""

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import add_to_collection, get_collection
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import constant
from onevar.v1.common import dtype_of, rank_of
from onevar.v1.export import export, export_value
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.math_ops_matmul import add_n
from onevar.v1.math_ops_reduce import reduce_sum
from onevar.v1.random_ops import random_uniform, truncated_normal

Regularizer = Callable[[Any], Any]


def _checked(scale: Any, name: str = "scale") -> bool:
    """Whether a scale asks for anything at all.

    Raises:
        ValueError: It is an integer, or negative.
    """
    if isinstance(scale, Integral):
        raise ValueError(f"{name} cannot be an integer: {scale}")
    if isinstance(scale, Real) and scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}")
    return not (isinstance(scale, Real) and scale == 0.0)


def _nothing(_: Any) -> None:
    """What a scale of zero makes of a regularizer."""


def _scaled(scale: Any, scope: str | None, default: str, function: Regularizer) -> Regularizer:
    if not _checked(scale):
        return _nothing

    def regularizer(weights: Any) -> Any:
        with name_scope(scope, default, [weights]) as name:
            factor = convert_to_tensor(scale, dtype=dtype_of(weights), name="scale")
            return op("Mul", name, x=factor, y=function(weights))

    return regularizer


@export("contrib.layers.l1_regularizer", "contrib.slim.l1_regularizer")
def l1_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """Return a function: `scale` times the sum of the absolute values.

    Args:
        scale: The factor, a float; 0.0 makes a function that returns None.
        scope: The name of its operations.

    Raises:
        ValueError: The factor is an integer, or negative.
    """
    return _scaled(scale, scope, "l1_regularizer", lambda weights: reduce_sum(op("Abs", x=weights)))


@export("contrib.layers.l2_regularizer", "contrib.slim.l2_regularizer")
def l2_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """Return a function: `scale` times half the sum of the squares.

    Args:
        scale: The factor, a float; 0.0 makes a function that returns None.
        scope: The name of its operations.

    Raises:
        ValueError: The factor is an integer, or negative.
    """
    return _scaled(scale, scope, "l2_regularizer", lambda weights: op("L2Loss", t=weights))


@export("contrib.layers.l1_l2_regularizer", "contrib.slim.l1_l2_regularizer")
def l1_l2_regularizer(scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None) -> Regularizer:
    """Return a function: the sum of what `l1_regularizer` and `l2_regularizer` make.

    Args:
        scale_l1: The factor of the absolute values.
        scale_l2: The factor of the squares.
        scope: The name of its operations.

    Raises:
        ValueError: A factor is an integer, or negative.
    """
    for name, scale in (("scale_l1", scale_l1), ("scale_l2", scale_l2)):
        if isinstance(scale, Integral):
            raise ValueError(f"{name} cannot be an integer: {scale}")
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    both = sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)
    assert both is not None
    return both


@export("contrib.layers.sum_regularizer", "contrib.slim.sum_regularizer")
def sum_regularizer(regularizer_list: Sequence[Any], scope: str | None = None) -> Regularizer | None:
    """Return a function: the sum of what several functions make; None if there are none.

    Args:
        regularizer_list: The functions; None among them is left out.
        scope: The name of its operations.
    """
    functions = [function for function in regularizer_list if function is not None]
    if not functions:
        return None

    def regularizer(weights: Any) -> Any:
        with name_scope(scope, "sum_regularizer", [weights]) as name:
            losses = [function(weights) for function in functions]
            losses = [loss for loss in losses if loss is not None]
            return add_n(losses, name=name) if losses else None

    return regularizer


@export("contrib.layers.apply_regularization", "contrib.slim.apply_regularization")
def apply_regularization(regularizer: Regularizer, weights_list: Sequence[Any] | None = None) -> Any:
    """Return the sum of a regularizer's losses, and add it to `GraphKeys.REGULARIZATION_LOSSES`.

    Args:
        regularizer: The regularizer.
        weights_list: Of what; `GraphKeys.WEIGHTS` if None.

    Raises:
        ValueError: There are no weights, or a loss is no scalar.
    """
    weights = list(weights_list or get_collection(GraphKeys.WEIGHTS))
    if not weights:
        raise ValueError("No weights to regularize.")
    with name_scope("get_regularization_penalty", values=weights) as scope:
        losses = [regularizer(weight) for weight in weights]
        losses = [constant(0.0) if loss is None else loss for loss in losses]
        for loss in losses:
            if rank_of(loss) != 0:
                raise ValueError(
                    f"regularizer must return a scalar Tensor instead of a Tensor with rank {rank_of(loss)}."
                )
        total = add_n(losses, name=scope)
        add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total


@export("contrib.layers.variance_scaling_initializer", "contrib.slim.variance_scaling_initializer")
def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None,
    dtype: Any = dtypes.float32,
) -> Callable[..., Any]:  # fmt: skip
    """Return an initializer whose variance is `factor` over the number of inputs or outputs.

    Args:
        factor: Of the variance.
        mode: `"FAN_IN"`, `"FAN_OUT"` or `"FAN_AVG"`: what the variance is divided by.
        uniform: Whether numbers are of a uniform distribution, or of a truncated normal one.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.

    Raises:
        TypeError: The dtype is not floating-point, or there is no such mode.
    """
    if not as_dtype(dtype).is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")

    def initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Any:
        if not as_dtype(dtype).is_floating:
            raise TypeError("Cannot create initializer for non-floating point type.")
        sizes = [float(size) for size in shape]
        field = math.prod(sizes[:-2])
        fan_in, fan_out = (sizes[-2:][0] * field, sizes[-1] * field) if sizes else (1.0, 1.0)
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return random_uniform(shape, -limit, limit, dtype, seed=seed)
        # What the truncation takes away of the variance.
        return truncated_normal(shape, 0.0, math.sqrt(1.3 * factor / n), dtype, seed=seed)

    return initializer


@export("contrib.layers.xavier_initializer", "contrib.slim.xavier_initializer")
def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = dtypes.float32) -> Any:
    """Return an initializer whose variance is one over the mean of the numbers of inputs and outputs.

    Args:
        uniform: Whether numbers are of a uniform distribution, or of a truncated normal one.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.

    Raises:
        TypeError: The dtype is not floating-point.
    """
    return variance_scaling_initializer(factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed, dtype=dtype)


export_value("contrib.layers.xavier_initializer_conv2d", xavier_initializer)
export_value("contrib.slim.xavier_initializer_conv2d", xavier_initializer)
