"""`tf.keras.backend` of TensorFlow 1: neural networks."""

from collections.abc import Sequence
from typing import Any

import keras

import onevar.v1 as tf
from onevar.keras.graph_state import graph_state


def static_shape(x: Any) -> list[Any]:
    """Return the sizes of a tensor, variable or array; None for what is not known.

    Args:
        x: The tensor.
    """
    shape = x.shape
    return shape.as_list() if hasattr(shape, "as_list") else list(shape)


def _format(data_format: str | None) -> tuple[str, bool]:
    """Return Keras's name of a data format, and whether channels come last.

    Raises:
        ValueError: There is no such format.
    """
    name = data_format or keras.config.image_data_format()
    if name not in ("channels_first", "channels_last"):
        raise ValueError(f"Unknown data_format: {name}")
    return name, name == "channels_last"


def _padding(padding: str) -> str:
    if padding not in ("same", "valid"):
        raise ValueError(f"Invalid padding: {padding}")
    return padding.upper()


def dot(x: Any, y: Any) -> Any:
    """Return the product over the last axis of `x` and the last but one of `y`."""
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    if len(static_shape(x)) <= 2 and len(static_shape(y)) <= 2:
        return tf.matmul(x, y)
    last = len(static_shape(x)) - 1
    return tf.tensordot(x, y, [[last], [max(len(static_shape(y)) - 2, 0)]])


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Return the product over one axis of each, for each example of the batch."""
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    ranks = len(static_shape(x)), len(static_shape(y))
    if axes is None:
        axes = (1, 1) if ranks == (2, 2) else (ranks[0] - 1, max(ranks[1] - 2, 1))
    first, second = (axes, axes) if isinstance(axes, int) else axes
    first, second = first % ranks[0], second % ranks[1]
    left = "".join(chr(ord("b") + i) for i in range(ranks[0] - 1))
    right = "".join(chr(ord("n") + i) for i in range(ranks[1] - 1))
    right = right[: second - 1] + left[first - 1] + right[second:]
    kept = left[: first - 1] + left[first:] + right[: second - 1] + right[second:]
    found = tf.einsum(f"a{left},a{right}->a{kept}", x, y)
    return tf.expand_dims(found, 1) if not kept else found


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Return the rectified linear function, with a slope below, a bound above, and where it begins."""
    x = tf.convert_to_tensor(x)
    above = x if not threshold else x * tf.cast(x > threshold, x.dtype)
    found = tf.nn.relu(above) if not threshold else tf.where(x > threshold, x, tf.zeros_like(x))
    if max_value is not None:
        found = tf.minimum(found, max_value)
    return found if not alpha else found - alpha * tf.nn.relu(threshold - x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return the exponential linear function."""
    found = tf.nn.elu(x)
    return found if alpha == 1 else tf.where(x > 0, found, alpha * found)


def hard_sigmoid(x: Any) -> Any:
    """Return `clip(0.2 * x + 0.5, 0, 1)`."""
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Return `x` with length one."""
    return tf.nn.l2_normalize(x, axis)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Return `x` with a share of its elements set to zero, and the others larger."""
    return tf.nn.dropout(x, rate=level, noise_shape=noise_shape, seed=seed)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """Return `x` with a bias for each channel."""
    last, rank = _format(data_format)[1], len(static_shape(x))
    sizes = static_shape(bias)
    if len(sizes) == 1 and (last or rank == 2):
        return x + bias
    if len(sizes) == 1:
        return x + tf.reshape(bias, [1, -1] + [1] * (rank - 2))
    return x + tf.reshape(bias, [1, *sizes] if last else [1, sizes[-1], *sizes[:-1]])


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `x` while layers train, else `alt`; both may be functions."""
    training = graph_state().learning_phase() if training is None else training
    then, other = (value if callable(value) else (lambda value=value: value) for value in (x, alt))
    if isinstance(training, bool | int):
        return then() if training else other()
    return tf.cond(tf.cast(training, tf.bool), then, other)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `alt` while layers train, else `x`."""
    return in_train_phase(alt, x, training)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Say for each example whether its class is among the `k` likeliest."""
    return tf.nn.in_top_k(predictions, targets, k)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return the cross-entropy of each element."""
    if not from_logits:
        small = keras.config.epsilon()
        output = tf.clip_by_value(output, small, 1 - small)
        return -(target * tf.log(output + small) + (1 - target) * tf.log(1 - output + small))
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=output)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Return the cross-entropy of each example, whose target is a distribution."""
    if from_logits:
        return tf.nn.softmax_cross_entropy_with_logits_v2(labels=target, logits=output, axis=axis)
    small = keras.config.epsilon()
    output = tf.clip_by_value(output / tf.reduce_sum(output, axis, True), small, 1 - small)
    return -tf.reduce_sum(target * tf.log(output), axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Return the cross-entropy of each example, whose target is a class."""
    if not from_logits:
        small = keras.config.epsilon()
        output = tf.log(tf.clip_by_value(output, small, 1 - small))
    rank = len(static_shape(output))
    if axis % rank != rank - 1:
        output = tf.transpose(output, [i for i in range(rank) if i != axis % rank] + [axis % rank])
    labels = tf.reshape(tf.cast(target, tf.int64), tf.shape(output)[:-1])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=output)


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """Return `x` normalized."""
    return tf.nn.batch_normalization(x, mean, var, beta, gamma, epsilon)


def conv1d(
    x: Any, kernel: Any, strides: int = 1, padding: str = "valid", data_format: str | None = None,
    dilation_rate: int = 1,
) -> Any:  # fmt: skip
    """Return a convolution over one axis; `"causal"` looks back only."""
    name = _format(data_format)[0]
    return keras.ops.conv(x, kernel, strides, padding, name, dilation_rate) if padding != "causal" else keras.ops.conv(
        temporal_padding(x, (dilation_rate * (static_shape(kernel)[0] - 1), 0)), kernel, strides, "valid", name,
        dilation_rate,
    )  # fmt: skip


def conv2d(
    x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:  # fmt: skip
    """Return a convolution over two axes."""
    _padding(padding)
    return keras.ops.conv(x, kernel, strides, padding, _format(data_format)[0], dilation_rate)


def depthwise_conv2d(
    x: Any, depthwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:  # fmt: skip
    """Return a convolution of each channel by itself."""
    _padding(padding)
    return keras.ops.depthwise_conv(x, depthwise_kernel, strides, padding, _format(data_format)[0], dilation_rate)


def pool2d(
    x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:  # fmt: skip
    """Return the greatest, or the mean, of each window."""
    _padding(padding)
    if pool_mode not in ("max", "avg"):
        raise ValueError(f"Invalid pooling mode: {pool_mode}")
    pool = keras.ops.max_pool if pool_mode == "max" else keras.ops.average_pool
    return pool(x, pool_size, strides, padding, _format(data_format)[0])


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> Any:
    """Return images, some times as high and wide."""
    last = _format(data_format)[1]
    x = x if last else tf.transpose(x, [0, 2, 3, 1])
    sizes = tf.shape(x)[1:3] * tf.constant([height_factor, width_factor])
    ways = {"nearest": tf.image.resize_nearest_neighbor, "bilinear": tf.image.resize_bilinear}
    if interpolation not in ways:
        raise ValueError('interpolation should be one of "nearest" or "bilinear".')
    found = ways[interpolation](x, sizes)
    return found if last else tf.transpose(found, [0, 3, 1, 2])


def temporal_padding(x: Any, padding: Sequence[int] = (1, 1)) -> Any:
    """Return `x` with zeros before and after, in time."""
    return tf.pad(x, [[0, 0], list(padding), [0, 0]])


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None) -> Any:
    """Return images with zeros around."""
    rows, columns = map(list, padding)
    around = [[0, 0], rows, columns, [0, 0]] if _format(data_format)[1] else [[0, 0], [0, 0], rows, columns]
    return tf.pad(x, around)


#: The names below `tf.keras.backend` that this module has.
NAMES: dict[str, Any] = {
    function.__name__: function
    for function in (
        dot, batch_dot, relu, elu, hard_sigmoid, l2_normalize, dropout, bias_add, in_train_phase, in_test_phase,
        in_top_k, binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy, batch_normalization,
        conv1d, conv2d, depthwise_conv2d, pool2d, resize_images, temporal_padding, spatial_2d_padding,
    )
}  # fmt: skip
