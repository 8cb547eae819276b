"""v1 variables in Keras layers that track none of them: an error, or tracked; in silence elsewhere."""

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.core.context import eager_mode
from onevar.errors import Unsupported
from onevar.keras import track_v1_variables

X = np.ones((2, 3), "float32")


def array(x):
    return keras.ops.convert_to_numpy(x)


class Called(keras.layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tf.layers.dense(x, 3),
        lambda x: x * tf.get_variable("w", [3]),
        lambda x: x * tf.Variable(2.0),
        lambda x: tf.contrib.layers.fully_connected(x, 3),
        lambda x: tf.nn.static_rnn(tf.nn.rnn_cell.LSTMCell(3), [x], dtype=tf.float32)[0],
    ],
    ids=["tf.layers", "get_variable", "tf.Variable", "contrib", "rnn"],
)
def test_get_variable_in_a_keras_3_layer_is_untracked(function):
    with pytest.raises(Unsupported, match=r"Decorate .* with @onevar\.keras\.track_v1_variables"):
        Called(function)(X)


def test_in_build_in_a_lambda_and_inside_of_models():
    class Built(keras.layers.Layer):
        def build(self, shape):
            self.w = tf.get_variable("w", [3])

        def call(self, x):
            return x

    for layer in (Built(), keras.layers.Lambda(lambda x: tf.layers.dense(x, 2)), keras.Sequential([Built()])):
        with pytest.raises(Unsupported, match="Keras would not track it"):
            layer(X)


def test_outside_of_layers_v1_code_is_as_ever():
    tf.get_variable("w", [3])
    with keras.name_scope("a"):
        tf.get_variable("v", [3])
    assert len(tf.global_variables()) == 2


class Holder(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        with eager_mode():
            self.w = tf.Variable(np.ones((3, 2), "float32"), name="w")

    @track_v1_variables
    def call(self, x):
        return tf.matmul(x, self.w)


def test_tf_variable_attribute_is_untracked_no_more():
    layer = Holder()
    assert len(layer.trainable_weights) == 1
    np.testing.assert_allclose(array(layer(X)), np.full((2, 2), 3.0))
    layer.set_weights([np.zeros((3, 2), "float32")])
    np.testing.assert_array_equal(layer.w.numpy(), np.zeros((3, 2)))


@pytest.mark.usefixtures("trains")
def test_such_an_attribute_is_trained():
    model = keras.Sequential([Holder()])
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((2, 2)), verbose=0)
    assert np.abs(model.layers[0].w.numpy() - 1).max() > 0


def test_variable_of_a_graph_as_an_attribute():
    layer = keras.layers.Layer()
    with pytest.raises(Unsupported, match="becomes an attribute of a Keras layer"):
        layer.w = tf.get_variable("w", [3])


def test_keras_3_layer_holding_a_tf_module_is_not_trained():
    class Module:
        def __init__(self):
            with eager_mode():
                self.w = tf.Variable(np.ones((3, 2), "float32"), name="w")

    class Holding(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.module = Module()

        @track_v1_variables
        def call(self, x):
            return tf.matmul(x, self.module.w)

    with pytest.raises(ValueError, match="fit would not train it, and save would leave it out"):
        Holding()(X)
