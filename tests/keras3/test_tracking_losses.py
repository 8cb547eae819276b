"""A loss of v1 code in a Keras layer is counted once: what the method returns as well has to be told apart."""

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.keras import track_v1_variables

X = np.ones((2, 3), "float32")
Y = np.full((2, 1), 5.0, "float32")


def array(value):
    return keras.ops.convert_to_numpy(value)


def predicted(x):
    """Return the prediction and its loss of 4, of a dense layer whose regularizer gives 3."""
    out = tf.layers.dense(x, 1, kernel_initializer=tf.ones_initializer(), kernel_regularizer=lambda w: tf.reduce_sum(w))
    return out, tf.losses.mean_squared_error(tf.constant(Y), out)


def model(value, **options):
    """Return a model whose call returns `value(prediction, loss, total)` of the dense layer."""

    tracked = track_v1_variables(**options) if options else track_v1_variables

    class Fitted(keras.Model):
        @tracked
        def call(self, x):
            out, loss = predicted(x)
            return value(out, loss, tf.losses.get_total_loss())

    return Fitted()


def added(layer):
    layer(X)
    return sorted(float(array(loss)) for loss in layer.losses)


def test_losses_that_are_not_returned_are_the_layers():
    assert added(model(lambda out, loss, total: out)) == pytest.approx([3.0, 4.0])


@pytest.mark.parametrize(
    "value",
    [
        lambda out, loss, total: loss,
        lambda out, loss, total: total,
        lambda out, loss, total: {"out": out, "parts": [total]},
        lambda out, loss, total: (out, 2 * loss + 1),
        lambda out, loss, total: tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)),
    ],
    ids=["loss", "total", "in_a_structure", "scaled", "regularization"],
)
def test_a_loss_that_is_returned_too_is_an_error(value):
    layer = model(value)
    with pytest.raises(ValueError, match=r"call returns what depends on the loss .* count it twice") as caught:
        layer(X)
    assert 'losses="returned"' in str(caught.value) and 'losses="layer"' in str(caught.value)


def test_returned_losses_are_not_the_layers():
    assert added(model(lambda out, loss, total: (out, loss), losses="returned")) == pytest.approx([3.0])
    layer = model(lambda out, loss, total: (out, total), losses="returned")
    assert added(layer) == []
    assert added(layer) == [], "nor in a later call"


def test_returned_losses_can_be_the_layers_too():
    layer = model(lambda out, loss, total: (out, total), losses="layer")
    assert added(layer) == pytest.approx([3.0, 4.0])
    assert float(array(layer(X)[1])) == pytest.approx(7.0)


def test_fit_on_a_returned_total_minimizes_it_once(trains):
    layer = model(lambda out, loss, total: total, losses="returned")
    layer.compile(optimizer=keras.optimizers.SGD(0.1), loss=lambda _, total: total)
    logs = layer.train_on_batch(X, Y)
    assert float(np.asarray(logs)) == pytest.approx(7.0)
    # d/dk of mean((5 - 3k - b)**2) + 3k at k = 1, b = 0, for each of three kernels: 2 * -2 * 1 + 1.
    assert array(layer.weights[0]).ravel() == pytest.approx([1.3, 1.3, 1.3])


def test_only_two_ways():
    with pytest.raises(ValueError, match=r"losses=.*'layer', 'returned'.*'both'"):
        track_v1_variables(losses="both")
    with pytest.raises(TypeError, match="decorates methods"):
        track_v1_variables(3)


@pytest.mark.parametrize(("chosen", "expected"), [("loss", [3.0, 4.0]), ("total", [7.0])])
def test_what_the_method_gives_to_add_loss_is_no_second_time_among_the_losses(chosen, expected):
    class Adding(keras.Model):
        @track_v1_variables
        def call(self, x):
            out, loss = predicted(x)
            self.add_loss({"loss": loss, "total": tf.losses.get_total_loss()}[chosen])
            return out

    assert added(Adding()) == pytest.approx(expected)


class Kept(keras.Model):
    """TensorFlow 1's layer, made once and kept, as its own object."""

    def __init__(self):
        super().__init__()
        self.dense = tf.layers.Dense(
            1, kernel_initializer=tf.ones_initializer(), kernel_regularizer=lambda w: tf.reduce_sum(w)
        )

    @track_v1_variables
    def build(self, shape):
        self.w = tf.get_variable("w", [2], initializer=tf.ones_initializer(), regularizer=tf.reduce_sum)

    @track_v1_variables(losses="returned")
    def call(self, x):
        out = self.dense(x) * self.w
        names = [v.op.name for v in tf.trainable_variables()]
        return out, tf.losses.get_regularization_loss(), names


def test_collections_have_what_objects_keep_in_each_call():
    layer = Kept()
    for _ in range(3):
        _, loss, names = layer(X)
        assert float(array(loss)) == 5.0, "elsewhere zero, from the second call on"
        assert sorted(names) == ["dense/bias", "dense/kernel", "w"]
        assert layer.losses == []
