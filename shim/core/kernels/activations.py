"""Activation functions, their gradient ops, and biases."""

from collections.abc import Callable
from typing import Any

from onevar.core import shape_rules as rules
from onevar.core.infer import same_shape
from onevar.core.kernel import elementwise, kernel
from onevar.core.spec import Shape, Spec

elementwise({"Relu": "relu", "Softplus": "softplus"})

# Self-normalizing networks' constants (https://arxiv.org/abs/1706.02515).
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


@kernel("Relu6", infer=same_shape)
def _relu6(k: Any, x: Any) -> Any:
    return k.where(k.greater_equal(x, 6), k.full((), 6, k.dtype(x)), k.relu(x))


@kernel("Elu", infer=same_shape)
def _elu(k: Any, x: Any) -> Any:
    return _exponential(k, x, 1.0, 1.0)


@kernel("Selu", infer=same_shape)
def _selu(k: Any, x: Any) -> Any:
    return _exponential(k, x, _SELU_SCALE, _SELU_SCALE * _SELU_ALPHA)


def _exponential(k: Any, x: Any, scale: float, scale_below: float) -> Any:
    below = k.less(x, 0)
    # exp of large values would be infinite, and its gradient 0 * inf.
    low = k.expm1(k.where(below, x, k.zeros_like(x)))
    if scale_below != 1:
        return k.where(below, k.multiply(low, scale_below), k.multiply(x, scale))
    return k.where(below, low, x)


@kernel("LeakyRelu", infer=same_shape)
def _leaky_relu(k: Any, x: Any, *, alpha: float) -> Any:
    return k.where(k.greater(x, 0), x, k.multiply(x, alpha))


@kernel("Softsign", infer=same_shape)
def _softsign(k: Any, x: Any) -> Any:
    return k.divide(x, k.add(k.abs(x), 1))


@kernel("Softmax", infer=lambda x: rules.at_least(x.shape, 1))
def _softmax(k: Any, x: Any) -> Any:
    return k.softmax(x, axis=-1)


@kernel("LogSoftmax", infer=lambda x: rules.at_least(x.shape, 1))
def _log_softmax(k: Any, x: Any) -> Any:
    return k.log_softmax(x, axis=-1)


def _is_channels_first(data_format: str) -> bool:
    return data_format.startswith("NC")


def _bias_shape(x: Spec, bias: Spec, *, data_format: str = "NHWC") -> Shape:
    first = _is_channels_first(data_format)
    shape = rules.at_least(x.shape, 3 if first else 2)
    channels = rules.with_rank(bias.shape, 1)[0]
    if shape is None:
        return None
    at = 1 if first else len(shape) - 1
    return (*shape[:at], rules.merge_dim(shape[at], channels), *shape[at + 1 :])


@kernel("BiasAdd", infer=_bias_shape)
def _bias_add(k: Any, x: Any, bias: Any, *, data_format: str) -> Any:
    if _is_channels_first(data_format):
        bias = k.reshape(bias, (-1,) + (1,) * (len(k.shape(x)) - 2))
    return k.add(x, bias)


@kernel("BiasAddV1", infer=lambda x, bias: _bias_shape(x, bias))
def _bias_add_v1(k: Any, x: Any, bias: Any) -> Any:
    return k.add(x, bias)


def _channels(gradient: Spec, *, data_format: str) -> Shape:
    shape = gradient.shape
    return (None,) if shape is None else (shape[1 if _is_channels_first(data_format) else -1],)


@kernel("BiasAddGrad", infer=_channels)
def _bias_add_grad(k: Any, gradient: Any, *, data_format: str) -> Any:
    rank = len(k.shape(gradient))
    kept = 1 if _is_channels_first(data_format) else rank - 1
    return k.sum(gradient, axis=tuple(i for i in range(rank) if i != kept))


# What TensorFlow's own gradient functions are made of; programs with gradients of their own call them.
_GRADIENTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "SigmoidGrad": lambda k, y, dy: k.multiply(k.multiply(dy, y), k.subtract(1, y)),
    "TanhGrad": lambda k, y, dy: k.multiply(dy, k.subtract(1, k.square(y))),
    "SqrtGrad": lambda k, y, dy: k.divide(k.multiply(dy, 0.5), y),
    "RsqrtGrad": lambda k, y, dy: k.multiply(k.multiply(dy, -0.5), k.multiply(y, k.square(y))),
    "InvGrad": lambda k, y, dy: k.negative(k.multiply(dy, k.square(y))),
    "ReciprocalGrad": lambda k, y, dy: k.negative(k.multiply(dy, k.square(y))),
    "ReluGrad": lambda k, dy, x: _where_positive(k, x, dy),
    "Relu6Grad": lambda k, dy, x: _where_positive(k, x, k.where(k.less(x, 6), dy, k.zeros_like(dy))),
    "SoftplusGrad": lambda k, dy, x: k.multiply(dy, k.sigmoid(x)),
    "SoftsignGrad": lambda k, dy, x: k.divide(dy, k.square(k.add(k.abs(x), 1))),
    "EluGrad": lambda k, dy, y: k.where(k.less(y, 0), k.multiply(dy, k.add(y, 1)), dy),
    "SeluGrad": lambda k, dy, y: k.where(
        k.less(y, 0), k.multiply(dy, k.add(y, _SELU_SCALE * _SELU_ALPHA)), k.multiply(dy, _SELU_SCALE)
    ),
}


def _where_positive(k: Any, x: Any, gradient: Any) -> Any:
    return k.where(k.greater(x, 0), gradient, k.zeros_like(gradient))


for _type, _gradient in _GRADIENTS.items():
    kernel(_type, infer=lambda x, y: rules.merge(x.shape, y.shape))(_gradient)


@kernel("LeakyReluGrad", infer=lambda x, y: rules.merge(x.shape, y.shape))
def _leaky_relu_grad(k: Any, dy: Any, x: Any, *, alpha: float) -> Any:
    return k.where(k.greater(x, 0), dy, k.multiply(dy, alpha))
