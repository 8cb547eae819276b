"""`tf.keras.activations`: functions of a tensor, which the argument `activation` of layers may name."""

from collections.abc import Callable
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.v1.clip_ops import clip_by_value
from onevar.v1.common import dtype_of, rank_of
from onevar.v1.export import export
from onevar.v1.nn_activations import elu as nn_elu
from onevar.v1.nn_activations import leaky_relu, log_softmax, relu6, swish
from onevar.v1.nn_activations import relu as nn_relu
from onevar.v1.nn_activations import selu as nn_selu
from onevar.v1.nn_activations import softmax as nn_softmax


@export("keras.activations.linear")
def linear(x: Any) -> Any:
    """Return the tensor itself.

    Args:
        x: A tensor.
    """
    return x


@export("keras.activations.softmax")
def softmax(x: Any, axis: int = -1) -> Any:
    """As `tf.nn.softmax`, for tensors of two axes and more.

    Args:
        x: A tensor.
        axis: The axis that sums to one.

    Raises:
        ValueError: There is one axis only.
    """
    rank = rank_of(x)
    if rank is not None and rank <= 1:
        raise ValueError(f"Cannot apply softmax to a tensor that is 1D. Received input: {x}")
    return nn_softmax(x) if rank == 2 else nn_softmax(x, axis=axis)


@export("keras.activations.elu")
def elu(x: Any, alpha: float = 1.0) -> Any:
    """As `tf.nn.elu`, with a factor for negative values.

    Args:
        x: A tensor.
        alpha: The factor.
    """
    result = nn_elu(x)
    if alpha == 1:
        return result
    zero = convert_to_tensor(0.0, dtype=dtype_of(x))
    return op("SelectV2", condition=op("Greater", x=x, y=zero), t=result, e=alpha * result)


@export("keras.activations.selu")
def selu(x: Any) -> Any:
    """As `tf.nn.selu`.

    Args:
        x: A tensor.
    """
    return nn_selu(x)


@export("keras.activations.softplus")
def softplus(x: Any) -> Any:
    """As `tf.nn.softplus`.

    Args:
        x: A tensor.
    """
    return op("Softplus", features=x)


@export("keras.activations.softsign")
def softsign(x: Any) -> Any:
    """As `tf.nn.softsign`.

    Args:
        x: A tensor.
    """
    return op("Softsign", features=x)


@export("keras.activations.relu")
def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """As `tf.nn.relu`, with a slope below the threshold and a largest value.

    Args:
        x: A tensor.
        alpha: The slope below the threshold.
        max_value: The largest value.
        threshold: Below it are the values that the slope is for.
    """
    if threshold == 0 and max_value is None:
        return nn_relu(x) if alpha == 0 else leaky_relu(x, alpha=alpha)
    if threshold == 0 and alpha == 0 and max_value == 6:
        return relu6(x)
    like = dtype_of(x)
    limit = convert_to_tensor(threshold, dtype=like)
    above = op("SelectV2", condition=op("Greater", x=x, y=limit), t=x, e=op("ZerosLike", x=x))
    if max_value is not None:
        above = clip_by_value(above, convert_to_tensor(0.0, dtype=like), convert_to_tensor(max_value, dtype=like))
    return above if alpha == 0 else above - alpha * nn_relu(limit - x)


@export("keras.activations.tanh")
def tanh(x: Any) -> Any:
    """As `tf.tanh`.

    Args:
        x: A tensor.
    """
    return op("Tanh", x=x)


@export("keras.activations.sigmoid")
def sigmoid(x: Any) -> Any:
    """As `tf.sigmoid`.

    Args:
        x: A tensor.
    """
    return op("Sigmoid", x=x)


@export("keras.activations.exponential")
def exponential(x: Any) -> Any:
    """As `tf.exp`.

    Args:
        x: A tensor.
    """
    return op("Exp", x=x)


@export("keras.activations.hard_sigmoid")
def hard_sigmoid(x: Any) -> Any:
    """Return 0.2 * x + 0.5 between 0 and 1.

    Args:
        x: A tensor.
    """
    like = dtype_of(x)
    fifth, half = convert_to_tensor(0.2, dtype=like), convert_to_tensor(0.5, dtype=like)
    line = op("AddV2", "Add", x=op("Mul", x=x, y=fifth), y=half)
    return clip_by_value(line, 0.0, 1.0)


_BY_NAME: dict[str, Callable[..., Any]] = {
    "linear": linear, "softmax": softmax, "elu": elu, "selu": selu, "softplus": softplus, "softsign": softsign,
    "relu": relu, "tanh": tanh, "sigmoid": sigmoid, "exponential": exponential, "hard_sigmoid": hard_sigmoid,
    "swish": swish, "silu": swish, "relu6": relu6, "leaky_relu": leaky_relu, "log_softmax": log_softmax,
}  # fmt: skip


@export("keras.activations.get")
def get(identifier: Any) -> Any:
    """Return the function that an argument stands for.

    Args:
        identifier: A name, a function, or None, which is `linear`.

    Raises:
        ValueError: No function has that name.
        TypeError: It is something else.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        if identifier not in _BY_NAME:
            raise ValueError(f"Unknown activation function: {identifier!r}. Known: {', '.join(sorted(_BY_NAME))}.")
        return _BY_NAME[identifier]
    if callable(identifier):
        return identifier
    raise TypeError(f"Could not interpret activation function identifier: {identifier}")


@export("keras.activations.serialize")
def serialize(activation: Any) -> Any:
    """Return the name of a function.

    Args:
        activation: The function.
    """
    return getattr(activation, "__name__", activation)
