"""Random functions that compute at once: their generators go on from call to call, until the seed is set again."""

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.context import eager_mode

CALLS = (
    "tf.random_normal([3])",
    "tf.random_uniform([2, 2], -1.0, 1.0)",
    "tf.truncated_normal([3], seed=4)",
    "tf.random_uniform([5], 0, 9, tf.int32)",
    "tf.random_shuffle(np.arange(9))",
    "tf.random.categorical([[1.0, 2.0, 3.0]], 4, seed=1)",
    "tf.random_uniform([3], seed=2)",
    "tf.random_uniform([3], seed=2)",
    "tf.glorot_uniform_initializer()([2, 3])",
)


def drawn(module, seed):
    module.set_random_seed(seed)
    return [np.asarray(eval(call, {"tf": module, "np": np})) for call in CALLS]


@pytest.fixture(autouse=True)
def _eagerly():
    with onevar.use_backend("numpy"), eager_mode():
        yield
        tf.set_random_seed(None)


def test_a_seed_brings_the_numbers_back():
    first, again, other = drawn(tf, 7), drawn(tf, 7), drawn(tf, 8)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[6], first[7])


def test_as_tensorflow():
    tensorflow = pytest.importorskip("tensorflow")
    if not tensorflow.executing_eagerly():
        pytest.skip("another test made TensorFlow build graphs")
    for found, expected in zip(drawn(tf, 7), drawn(tensorflow.compat.v1, 7), strict=True):
        np.testing.assert_array_equal(found, expected)
