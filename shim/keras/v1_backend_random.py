"""`tf.keras.backend` of TensorFlow 1: random numbers."""

from typing import Any

import keras

import onevar.v1 as tf


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of the normal distribution."""
    return tf.random_normal(shape, mean, stddev, dtype or keras.config.floatx(), seed)


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of the uniform distribution."""
    return tf.random_uniform(shape, minval, maxval, dtype or keras.config.floatx(), seed)


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return ones with probability `p`, zeros otherwise."""
    return tf.cast(random_uniform(shape, seed=seed) <= p, dtype or keras.config.floatx())


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of the normal distribution within two standard deviations."""
    return tf.truncated_normal(shape, mean, stddev, dtype or keras.config.floatx(), seed)


#: The names below `tf.keras.backend` that this module has.
NAMES: dict[str, Any] = {
    function.__name__: function for function in (random_normal, random_uniform, random_binomial, truncated_normal)
}
