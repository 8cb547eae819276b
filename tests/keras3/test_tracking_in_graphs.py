"""Layers with tracked methods on placeholders: v1 losses and optimizers train them like Keras's own layers."""

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.core.context import eager_mode
from onevar.keras import track_v1_variables

X = np.random.RandomState(0).rand(8, 3).astype("float32")
Y = X.sum(1, keepdims=True)


class Tracked(keras.Model):
    @track_v1_variables
    def call(self, x, training=False):
        h = tf.layers.dense(x, 2, kernel_regularizer=tf.contrib.layers.l2_regularizer(0.2))
        return self.out(tf.layers.batch_normalization(h, momentum=0.5, training=training))

    @track_v1_variables
    def out(self, h):
        return tf.layers.dense(h, 1, tf.nn.tanh, name="out")


def plain():
    return keras.Sequential(
        [
            keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.1)),
            keras.layers.BatchNormalization(momentum=0.5, epsilon=1e-3),
            keras.layers.Dense(1, "tanh"),
        ]
    )


def trained(model):
    """Return the loss, the gradients, and the weights after two steps of a v1 optimizer, that start at the same."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 3])
    training = tf.placeholder_with_default(False, [])
    prediction = model(x, training=training)
    loss = tf.losses.mean_squared_error(Y, prediction) + tf.losses.get_regularization_loss()
    gradients = tf.gradients(loss, model.trainable_weights)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    draw = np.random.RandomState(1)
    weights = [*model.trainable_weights, *model.non_trainable_weights]
    for w in weights:
        w.assign(np.abs(draw.normal(size=w.shape)))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run([loss, *gradients], {x: X})
        for _ in range(2):
            session.run(step, {x: X, training: True})
    return [*first, *(w.numpy() for w in weights)]


@pytest.mark.usefixtures("trains")
def test_v1_losses_and_optimizers_train_a_tracked_model_like_any_other():
    found, expected = trained(Tracked()), trained(plain())
    assert len(found) == len(expected) == 1 + 6 + 8
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


@pytest.mark.usefixtures("trains")
def test_inside_of_a_functional_model_too():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, Tracked()(inputs))
    loss = tf.reduce_mean(tf.square(model(tf.constant(X)) - Y))
    assert None not in tf.gradients(loss, model.trainable_weights)


@pytest.mark.usefixtures("trains")
def test_minimize_of_a_function_at_once():
    with eager_mode():
        model = Tracked()
        model(X)
        before = model.get_weights()
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        optimizer.minimize(lambda: tf.reduce_mean(tf.square(model(tf.constant(X), training=True) - tf.constant(Y))))
    changed = [np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True)]
    paths = [w.path.partition("/")[2] for w in model.weights]
    assert [path for path, moved in zip(paths, changed, strict=True) if not moved] in ([], ["dense/bias"])


class Coder(keras.layers.Layer):
    """Its methods are called, not the layer."""

    @track_v1_variables
    def encode(self, x, training=False):
        return tf.layers.dropout(tf.layers.dense(x, 2, name="e", use_bias=False), 0.5, training=training)

    @track_v1_variables
    def decode(self, h):
        return tf.layers.dense(h, 3, name="d", use_bias=False)


def test_other_methods_take_tensors_of_a_graph():
    coder = Coder()
    x = tf.placeholder(tf.float32, [None, 3])
    out = coder.decode(coder.encode(x))
    dropped = coder.encode(x, True)
    assert [v.v1_name for v in coder.weights] == ["e/kernel", "d/kernel"]
    with tf.Session() as session:
        values, left = session.run([out, dropped], {x: X})
    e, d = coder.get_weights()
    np.testing.assert_allclose(values, X @ e @ d, rtol=1e-5, atol=1e-5)
    kept = left != 0
    assert 0 < kept.sum() < kept.size
    np.testing.assert_allclose(left[kept], (2 * X @ e)[kept], rtol=1e-4, atol=1e-5)


def test_other_methods_inside_of_another_layers_method():
    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.coder = Coder()

        @track_v1_variables
        def call(self, x):
            return self.coder.decode(2 * self.coder.encode(x * 1)) + tf.get_variable("b", [3])

    model = Outer()
    found = keras.ops.convert_to_numpy(model(X))
    b, e, d = model.get_weights()
    np.testing.assert_allclose(found, 2 * X @ e @ d + b, rtol=1e-5, atol=1e-5)


class Counting(keras.layers.Layer):
    """Keras's own state, assigned in v1 code."""

    def __init__(self):
        super().__init__()
        self.n = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.mean = self.add_weight(shape=(3,), initializer="zeros", trainable=False)

    @track_v1_variables
    def call(self, x):
        self.n.assign_add(tf.reduce_sum(tf.ones_like(x[:, 0])))
        self.mean.assign(self.mean * 0.5 + tf.reduce_mean(x, 0) * 0.5)
        return x + self.n


def test_keras_state_is_assigned_what_v1_code_computes():
    layer = Counting()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(X)), X + 8)
    np.testing.assert_allclose(layer.mean.numpy(), X.mean(0) / 2, rtol=1e-6, atol=1e-6)


def test_assign_of_a_keras_variable_in_a_graph_says_what_to_write():
    variable = keras.Variable(np.zeros(3, "float32"))
    with pytest.raises(TypeError, match=r"tf\.assign\(variable, value\)"):
        variable.assign(tf.ones([3]))
    with tf.Session() as session:
        session.run(tf.assign(variable, tf.ones([3])))
    np.testing.assert_array_equal(variable.numpy(), np.ones(3))


class Ordered(keras.layers.Layer):
    """A write that the result depends on, as TensorFlow 1 runs it, one that waits, and one that nothing asks for."""

    @track_v1_variables
    def call(self, x):
        counts = [tf.get_variable(n, [], initializer=tf.zeros_initializer(), trainable=False) for n in "abcd"]
        waiting, both = tf.assign_add(counts[1], 1.0), tf.assign_add(counts[3], 1.0)
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, waiting)
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, both)
        tf.assign_add(counts[2], 1.0)
        with tf.control_dependencies([tf.assign_add(counts[0], 1.0), both]):
            return tf.identity(x)


def test_a_write_that_the_result_depends_on_happens_with_it():
    """Whoever asks for the result has it written; what is in UPDATE_OPS waits, as in TensorFlow 1."""
    layer = Ordered()
    x = tf.placeholder(tf.float32, [None, 3])
    y = layer(x)
    seen = []
    with tf.Session() as session:
        for fetches in (y, tf.get_collection(tf.GraphKeys.UPDATE_OPS), [y, tf.get_collection("update_ops")], y):
            session.run(fetches, {x: X})
            seen.append([float(v.numpy()) for v in layer.weights])
    assert seen == [[1, 0, 0, 1], [1, 1, 0, 2], [2, 2, 0, 3], [3, 2, 0, 4]]
