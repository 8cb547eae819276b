"""Activation functions and biases: `tf.nn.relu`, `tf.nn.softmax`, `tf.nn.bias_add` and the like."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.operation import Tensor
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import concat, identity, rank, size, transpose
from onevar.v1.common import dtype_of, renamed, set_shape, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.custom_gradients import custom_gradient
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import UNARY, cast
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.math_ops_reduce import reduce_sum


@export("nn.relu")
def relu(features: Any, name: str | None = None) -> Any:
    """Return `max(features, 0)`; see `tf.nn.relu`."""
    return op("Relu", features=features, name=name)


@export("nn.elu")
def elu(features: Any, name: str | None = None) -> Any:
    """Return `exp(features) - 1` where negative, else `features`; see `tf.nn.elu`."""
    return op("Elu", features=features, name=name)


@export("nn.selu")
def selu(features: Any, name: str | None = None) -> Any:
    """Return scaled exponential linear units; see `tf.nn.selu`."""
    return op("Selu", features=features, name=name)


@export("nn.relu6")
def relu6(features: Any, name: str | None = None) -> Any:
    """Return `min(max(features, 0), 6)`; see `tf.nn.relu6`."""
    with name_scope(name, "Relu6", [features]) as scope:
        return op("Relu6", features=convert_to_tensor(features, name="features"), name=scope)


@export("nn.leaky_relu")
def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Any:
    """Return `features`, times `alpha` where negative; see `tf.nn.leaky_relu`."""
    with name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        features = convert_to_tensor(features, name="features")
        if dtype_of(features).is_integer:
            features = cast(features, dtypes.float32)
        if isinstance(alpha, np.ndarray):
            alpha = alpha.item()
        return op("LeakyRelu", features=features, alpha=alpha, name=scope)


@export("nn.crelu")
def crelu(features: Any, name: str | None = None, axis: Any = -1) -> Any:
    """Return the positive parts of `features` and of `-features`, side by side; see `tf.compat.v1.nn.crelu`."""
    with name_scope(name, "CRelu", [features]) as scope:
        features = convert_to_tensor(features, name="features")
        return op("Relu", features=concat([features, -features], axis, name=scope))


@export("nn.swish", "nn.silu")
def swish(features: Any, beta: Any = 1.0) -> Any:
    """Return `features * sigmoid(beta * features)`; see `tf.nn.silu`."""
    features = convert_to_tensor(features, name="features")
    beta = cast(convert_to_tensor(beta, name="beta"), dtype_of(features))

    @custom_gradient
    def computed(features: Any, beta: Any) -> tuple[Any, Callable]:
        def gradient(dy: Any) -> tuple[Any, Any]:
            gate = UNARY["Sigmoid"](beta * features)
            slope = gate * (1.0 - gate)
            for_beta = reduce_sum(dy * features * features * slope)
            return dy * (gate + beta * features * slope), for_beta

        return features * UNARY["Sigmoid"](beta * features), gradient

    return computed(features, beta)


# -- softmax ----------------------------------------------------------------------------------------


@export("nn.softmax", "math.softmax")
def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """Return exponentials that add up to 1 along an axis; see `tf.compat.v1.nn.softmax`.

    Raises:
        InvalidArgumentError: There is no such axis.
    """
    return _along("Softmax", logits, renamed("axis", axis, "dim", dim), name)


@export("nn.log_softmax", "math.log_softmax")
def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """Return the logarithm of the softmax along an axis; see `tf.compat.v1.nn.log_softmax`.

    Raises:
        InvalidArgumentError: There is no such axis.
    """
    return _along("LogSoftmax", logits, renamed("axis", axis, "dim", dim), name)


def _along(op_type: str, logits: Any, axis: Any, name: str | None) -> Any:
    """An op that works along the last axis, along another one."""
    axis = -1 if axis is None else axis
    logits = convert_to_tensor(logits)
    shape = shape_of(logits)
    if not isinstance(axis, Tensor) and (axis == -1 or (shape.rank is not None and axis == shape.rank - 1)):
        return op(op_type, logits=logits, name=name)
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if known is not None and shape.rank is not None and not -shape.rank <= known < shape.rank:
        raise InvalidArgumentError(
            None, None,
            f"`dim` must be in the range [{-shape.rank}, {shape.rank}) where {shape.rank} is the number of "
            f"dimensions in the input. Received: dim={known}",
        )  # fmt: skip
    ndims = rank(logits)
    place: Any = axis
    if isinstance(axis, Tensor):
        place = where(place < 0, place + ndims, place)
    elif axis < 0:
        place = place + ndims
    last = rank(logits)
    axis = place % (ndims if shape.rank is None else shape.rank)
    swapped = _swapped(logits, axis, op("Sub", x=last, y=1))
    result = _swapped(op(op_type, logits=swapped), axis, op("Sub", x=last, y=1), name)
    set_shape(result, shape)
    return result


def _swapped(tensor: Any, axis: Any, last: Any, name: str | None = None) -> Any:
    order = concat([range_(axis), [last], range_(axis + 1, last), [axis]], 0)
    return transpose(tensor, order, name=name or "transpose")


# -- with weights -----------------------------------------------------------------------------------


@export("nn.bias_add")
def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """Return `value` with a bias added to each channel; see `tf.nn.bias_add`.

    Raises:
        ValueError: `data_format` is neither `N...C` nor `NC...`.
    """
    with name_scope(name, "BiasAdd", [value, bias]) as scope:
        if data_format is not None:
            if data_format.startswith("NC"):
                data_format = "NCHW"
            elif data_format.startswith("N") and data_format.endswith("C"):
                data_format = "NHWC"
            else:
                raise ValueError(
                    f"`data_format` must be of the form `N...C` or `NC...`. Received: data_format={data_format}"
                )
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, dtype=dtype_of(value), name="bias")
        return op("BiasAdd", value=value, bias=bias, data_format=data_format or "NHWC", name=scope)


def _three(x: Any, weights: Any, biases: Any) -> tuple[Any, Any, Any]:
    x = convert_to_tensor(x, name="x")
    weights = convert_to_tensor(weights, name="weights")
    return x, weights, convert_to_tensor(biases, name="biases")


@export("nn.xw_plus_b")
def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """Return `matmul(x, weights) + biases`; see `tf.compat.v1.nn.xw_plus_b`."""
    with name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        x, weights, biases = _three(x, weights, biases)
        return bias_add(matmul(x, weights), biases, name=scope)


@export("nn.relu_layer")
def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """Return `relu(matmul(x, weights) + biases)`; see `tf.compat.v1.nn.relu_layer`."""
    with name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        x, weights, biases = _three(x, weights, biases)
        return relu(bias_add(matmul(x, weights), biases), name=scope)


# -- statistics -------------------------------------------------------------------------------------


@export("math.zero_fraction", "nn.zero_fraction")
def zero_fraction(value: Any, name: str | None = None) -> Any:
    """Return the share of elements that are zero; see `tf.math.zero_fraction`."""
    with name_scope(name, "zero_fraction", [value]):
        value = convert_to_tensor(value, name="value")
        count = size(value, out_type=dtypes.int64)
        if executing_eagerly():
            nonzero = _count_nonzero(value, dtypes.int64)
        else:
            nonzero = cond(
                count <= dtypes.int32.max,
                true_fn=lambda: cast(_count_nonzero(value, dtypes.int32), dtypes.int64),
                false_fn=lambda: _count_nonzero(value, dtypes.int64),
            )
        with name_scope("counts_to_fraction"):
            share = cast(count - nonzero, dtypes.float32) / cast(count, dtypes.float32)
        return identity(share, "fraction")


def _count_nonzero(value: Any, dtype: Any) -> Any:
    with name_scope("count_nonzero", values=[value]):
        zero = zeros([], dtype_of(value))
        return reduce_sum(cast(op("NotEqual", x=value, y=zero), dtype), name="nonzero_count")
