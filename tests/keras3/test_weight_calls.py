"""Variables of TensorFlow 1, and the weights of Keras that they become."""

import keras
import numpy as np
import pytest
from keras import ops
from rewriting import Rewriting

#: A call, and the shape, dtype, law and `trainable` of the weight.
CASES = [
    ("tf.Variable(tf.zeros([784, 10]))", (784, 10), "float32", 0.0, True),
    ("tf.Variable(tf.ones([3]), name='b', trainable=False)", (3,), "float32", 1.0, False),
    ("tf.Variable(tf.constant(0.1, shape=[32]))", (32,), "float32", 0.1, True),
    ("tf.Variable(0.5)", (), "float32", 0.5, True),
    ("tf.Variable(0, trainable=False, name='global_step')", (), "int32", 0, False),
    ("tf.Variable(tf.constant(3.0))", (), "float32", 3.0, True),
    ("tf.Variable([0.3, 0.4], dtype=tf.float32)", (2,), "float32", [0.3, 0.4], True),
    ("tf.Variable(np.arange(4.0), dtype=tf.float32, trainable=False)", (4,), "float32", [0, 1, 2, 3], False),
    ("tf.Variable(tf.random_normal([50, 400], stddev=0.1))", (50, 400), "float32", ("normal", 0.1), True),
    ("tf.Variable(tf.random_normal([200, 100]))", (200, 100), "float32", ("normal", 1.0), True),
    ("tf.Variable(tf.truncated_normal([5, 5, 8, 100], stddev=0.1))", (5, 5, 8, 100), "float32", ("cut", 0.1), True),
    ("tf.Variable(tf.random_uniform([100, 200], -1.0, 1.0))", (100, 200), "float32", ("uniform", 1.0), True),
    ("tf.Variable(tf.random_normal([100, 200]) * 0.01)", (100, 200), "float32", ("normal", 0.01), True),
    ("tf.Variable(tf.zeros(shape=(n, 4), dtype=tf.float32))", (6, 4), "float32", 0.0, True),
    ("tf.Variable(initial_value=tf.zeros([2], tf.int32))", (2,), "int32", 0, False),
    ("tf.get_variable('w', [100, 50])", (100, 50), "float32", ("uniform", (6 / 150) ** 0.5), True),
    ("tf.get_variable('w', shape=[3], initializer=tf.zeros_initializer())", (3,), "float32", 0.0, True),
    ("tf.get_variable('w', [3], initializer=tf.constant_initializer(0.2))", (3,), "float32", 0.2, True),
    ("tf.get_variable('a/w', [2], tf.float32, tf.ones_initializer, trainable=False)", (2,), "float32", 1.0, False),
    ("tf.get_variable('e', [n, 50], initializer=tf.random_uniform_initializer(-1, 1))", (6, 50), "float32", None, True),
    ("tf.get_variable('b', initializer=tf.zeros([4]))", (4,), "float32", 0.0, True),
    ("tf.get_variable(name='c', initializer=tf.constant(1.5))", (), "float32", 1.5, True),
    ("tf.get_variable('w', [200, 100], initializer=tf.truncated_normal_initializer(stddev=0.02))", (200, 100),
     "float32", ("cut", 0.02), True),
]  # fmt: skip


def made(text):
    """Return the weight, and the layer that has it."""
    result = Rewriting(text, before="import numpy as np\nn = 6\n")
    assert not result.left, result
    layer = keras.layers.Layer()
    names = {"np": np, "n": 6, "seed": keras.random.SeedGenerator(1), "add_weight": layer.add_weight}
    for line in result.imports:
        exec(line, names)
    layer.weight = eval(result.text, names)
    return layer


def wrong(value, law):
    """Return whether a value is not what it should be."""
    if law is None:
        return False
    if not isinstance(law, tuple):
        return not np.allclose(value, law)
    kind, size = law
    widths = {"normal": size, "cut": size * 0.8796, "uniform": size / 3**0.5}
    ends = {"normal": 3.0 * size, "cut": 1.9 * size, "uniform": 0.98 * size}
    most = np.abs(value).max()
    return abs(value.std() / widths[kind] - 1) > 0.05 or most < ends[kind] or (kind == "cut" and most > 2.001 * size)


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_variables_become_weights():
    for text, shape, dtype, law, trainable in CASES:
        layer = made(text)
        (weight,) = layer.weights
        found = (tuple(weight.shape), keras.backend.standardize_dtype(weight.dtype), bool(weight.trainable))
        assert found == (shape, dtype, trainable), text
        assert not wrong(ops.convert_to_numpy(weight), law), text
        assert bool(layer.trainable_weights) == trainable


def test_a_regularizer_goes_with_the_weight():
    layer = made("tf.get_variable('w', [2], initializer=tf.ones_initializer(), "
                 "regularizer=tf.contrib.layers.l2_regularizer(0.3))")  # fmt: skip
    assert np.allclose([ops.convert_to_numpy(loss) for loss in layer.losses], 0.3)


@pytest.mark.parametrize(
    "text",
    [
        "tf.Variable(tf.zeros([2]), collections=['mine'])",
        "tf.get_variable('w')",
        "tf.get_variable('w', [2], partitioner=tf.fixed_size_partitioner(2))",
        "tf.get_variable('w', [2], initializer=tf.uniform_unit_scaling_initializer())",
        "tf.Variable(lambda: 3.0)",
        "tf.Variable(tf.zeros([2]), trainable=flag)",
        "tf.get_variable('w', [4], initializer=tf.constant_initializer([1.0, 2.0]))",
    ],
)
def test_what_keras_cannot_say_stays(text):
    result = Rewriting(text)
    assert result.left
    assert "tf." in result.text
