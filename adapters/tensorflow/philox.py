"""TensorFlow's random numbers on TensorFlow: its stateless kernels, given the stream's key and counter.

The same kernels fill the outputs of `RandomUniform` and its like, so that nothing has to be imitated. A counter is
an int64 scalar tensor, so that it can be a `tf.Variable` of a `tf.function`; words are uint32. Otherwise each takes
what `onevar.adapters.philox`'s function of that name takes.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

Pair = tuple[int, int]

_PHILOX = 1  # tf.random.Algorithm.PHILOX


def philox_counter(low: int, high: int) -> tf.Tensor:
    """Return a counter from its two 32-bit halves."""
    value = (int(low) & 0xFFFFFFFF) | (int(high) & 0xFFFFFFFF) << 32
    return tf.constant(value - (1 << 64) if value >> 63 else value, tf.int64)


def philox_advance(counter: tf.Tensor, blocks: int) -> tf.Tensor:
    """Return the counter moved on."""
    return counter + blocks


def at(key: Pair, high: Pair, counter: tf.Tensor) -> dict[str, object]:
    """The generator's state as the stateless ops take it."""
    lower = tf.bitcast(tf.convert_to_tensor(counter, tf.int64), tf.uint64)
    upper = tf.constant(high[0] | high[1] << 32, tf.uint64)
    return {
        "key": tf.constant([key[0] | key[1] << 32], tf.uint64),
        "counter": tf.stack([lower, upper]),
        "alg": _PHILOX,
    }


def philox(key: Pair, high: Pair, counter: tf.Tensor, blocks: int) -> tf.Tensor:
    """Return `4 * blocks` consecutive words as a uint32 vector."""
    return philox_bits(key, high, counter, 4 * blocks, "uint32")


def philox_bits(key: Pair, high: Pair, counter: tf.Tensor, size: int, dtype: str) -> tf.Tensor:
    """Return a vector of integers from the whole range of their type."""
    return tf.raw_ops.StatelessRandomUniformFullIntV2(shape=[size], dtype=dtype, **at(key, high, counter))


def philox_uniform_int(
    key: Pair, high: Pair, counter: tf.Tensor, size: int, low: int, limit: int, dtype: str
) -> tf.Tensor:
    """Return a vector of integers in [low, limit)."""
    bounds = {"minval": tf.constant(low, dtype), "maxval": tf.constant(limit, dtype)}
    return tf.raw_ops.StatelessRandomUniformIntV2(shape=[size], **bounds, **at(key, high, counter))


def philox_uniform(key: Pair, high: Pair, counter: tf.Tensor, size: int, dtype: str) -> tf.Tensor:
    """Return a vector of numbers in [0, 1)."""
    return tf.raw_ops.StatelessRandomUniformV2(shape=[size], dtype=dtype, **at(key, high, counter))


def philox_normal(key: Pair, high: Pair, counter: tf.Tensor, size: int, dtype: str) -> tf.Tensor:
    """Return a vector of standard normal numbers."""
    return tf.raw_ops.StatelessRandomNormalV2(shape=[size], dtype=dtype, **at(key, high, counter))


def philox_truncated_normal(key: Pair, high: Pair, counter: tf.Tensor, size: int, dtype: str) -> tf.Tensor:
    """Return a vector of standard normal numbers between -2 and 2."""
    return tf.raw_ops.StatelessTruncatedNormalV2(shape=[size], dtype=dtype, **at(key, high, counter))


#: The primitives, by their names in `onevar.adapters.primitives`.
TABLE: Mapping[str, Callable] = {
    "philox": philox,
    "philox_advance": philox_advance,
    "philox_counter": philox_counter,
    "philox_bits": philox_bits,
    "philox_normal": philox_normal,
    "philox_truncated_normal": philox_truncated_normal,
    "philox_uniform": philox_uniform,
    "philox_uniform_int": philox_uniform_int,
}
