"""TensorFlow's samplers that take as many random numbers as they need, on TensorFlow.

Its stateless kernels for them take a seed, from which no stream can be continued; the numbers are NumPy's, called from
within a compiled function. Each takes what `onevar.adapters.samplers`'s function of that name takes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from onevar.adapters import samplers as host
from onevar.adapters.tensorflow.philox import Pair, at


def philox_permutation(key: Pair, high: Pair, counter: tf.Tensor, size: int) -> tf.Tensor:
    """Return which element comes where when TensorFlow shuffles."""
    return tf.raw_ops.StatelessShuffle(value=tf.range(size, dtype=tf.int64), **at(key, high, counter))


def _called(function: Callable, counter: Any, x: tf.Tensor, dtype: str, shape: tuple) -> tf.Tensor:
    """Call `function(counter, array)`, at once or in a graph."""

    def run(position: np.ndarray, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(function(int(position) % (1 << 64), array))

    made = tf.numpy_function(run, [counter, x], tf.as_dtype(dtype), stateful=False)
    made.set_shape(shape)
    return made


def philox_multinomial(key: Pair, high: Pair, counter: tf.Tensor, logits: tf.Tensor, samples: int) -> tf.Tensor:
    """Return classes drawn by unnormalised log-probabilities."""
    return _called(
        lambda position, array: host.philox_multinomial(key, high, position, array, samples),
        counter, logits, "int64", (logits.shape[0], samples),
    )  # fmt: skip


def philox_poisson(key: Pair, high: Pair, counter: tf.Tensor, rate: tf.Tensor, samples: int, dtype: str) -> tf.Tensor:
    """Return Poisson-distributed numbers."""
    return _called(
        lambda position, array: host.philox_poisson(key, high, position, array, samples, dtype),
        counter, rate, dtype, (samples, rate.shape[0]),
    )  # fmt: skip


def philox_gamma(key: Pair, high: Pair, counter: tf.Tensor, alpha: tf.Tensor, samples: int) -> tf.Tensor:
    """Return gamma-distributed numbers; they have a derivative for `alpha`."""

    @tf.custom_gradient
    def drawn(alpha: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        made = _called(
            lambda position, array: host.philox_gamma(key, high, position, array, samples),
            counter, alpha, alpha.dtype.name, (samples, alpha.shape[0]),
        )  # fmt: skip

        def backward(gradient: tf.Tensor) -> tf.Tensor:
            wide = tf.float64 if alpha.dtype == tf.float64 else tf.float32
            each = tf.broadcast_to(tf.cast(alpha, wide), tf.shape(made))
            slope = tf.raw_ops.RandomGammaGrad(alpha=each, sample=tf.cast(made, wide))
            return tf.reduce_sum(gradient * tf.cast(slope, alpha.dtype), axis=0)

        return made, backward

    return drawn(alpha)


#: The primitives, by their names in `onevar.adapters.primitives`.
TABLE: Mapping[str, Callable] = {
    "philox_gamma": philox_gamma,
    "philox_multinomial": philox_multinomial,
    "philox_permutation": philox_permutation,
    "philox_poisson": philox_poisson,
}
