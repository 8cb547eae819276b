"""Layers with tracked methods, saved and loaded: by name, and before their first call too."""

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.keras import get_or_create_layer, track_v1_variables

X = np.random.RandomState(0).rand(6, 4).astype("float32")
IDS = np.arange(6, dtype="int32") % 3


def array(x):
    return keras.ops.convert_to_numpy(x)


@keras.saving.register_keras_serializable("tracking")
class Model(keras.Model):
    """Weights of its own by number, and v1 variables by name."""

    def __init__(self, **options):
        super().__init__(**options)
        self.own = self.add_weight(shape=(2,), initializer="ones", name="own")

    @track_v1_variables
    def call(self, x, ids=None, training=False):
        with tf.variable_scope("net"):
            h = tf.layers.batch_normalization(tf.layers.dense(x, 8, tf.nn.relu), training=training)
            if ids is not None:
                h += tf.gather(tf.get_variable("embedding", [3, 8]), ids)
            return tf.layers.dense(h, 2, name="out") * self.own


@keras.saving.register_keras_serializable("tracking")
class Layer(keras.layers.Layer):
    """The smallest."""

    @track_v1_variables
    def call(self, x):
        return tf.layers.dense(x, 3, name="d")


@pytest.fixture
def model():
    model = Model(name="saved")
    model(X, IDS)
    for variable in model.weights:
        variable.assign(np.random.RandomState(len(variable.path)).rand(*variable.shape).astype("float32"))
    return model


def test_a_whole_model(model, tmp_path):
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    ends = [[v.path.partition("/")[2] for v in m.weights] for m in (loaded, model)]
    assert ends[0] == ends[1], "made before anybody calls it"
    assert [v.trainable for v in loaded.weights] == [v.trainable for v in model.weights]
    np.testing.assert_allclose(array(loaded(X, IDS)), array(model(X, IDS)), rtol=1e-6, atol=1e-6)


def test_weights_into_a_model_that_was_called_and_one_that_was_not(model, tmp_path):
    model.save_weights(tmp_path / "m.weights.h5")
    expected = array(model(X, IDS))
    called, fresh = Model(), Model()
    called(X, IDS)
    called.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(array(called(X, IDS)), expected, rtol=1e-6, atol=1e-6)
    fresh.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(array(fresh(X, IDS)), expected, rtol=1e-6, atol=1e-6)
    assert {v.v1_name: v.trainable for v in fresh.weights[1:] if hasattr(v, "v1_name")} == {
        v.v1_name: v.trainable for v in model.weights if hasattr(v, "v1_name")
    }


def test_a_file_of_another_model_is_refused(model, tmp_path):
    model.save_weights(tmp_path / "m.weights.h5")
    called, fresh = Model(), Model()
    called(X)  # without the embedding
    with pytest.raises(ValueError, match="embedding"):
        called.load_weights(tmp_path / "m.weights.h5")
    fresh.load_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match=r"the file that was loaded .* also has \['net/embedding'\]"):
        fresh(X)
    called.save_weights(tmp_path / "less.weights.h5")
    fresh = Model()
    fresh.load_weights(tmp_path / "less.weights.h5")
    with pytest.raises(ValueError, match="makes variable net/embedding, for which the file"):
        fresh(X, IDS)
    wider = Model()
    wider.load_weights(tmp_path / "less.weights.h5")
    with pytest.raises(ValueError, match=r"is of shape \(5, 8\), and the file"):
        wider(np.ones((2, 5), "float32"))


def test_layers_in_sequential_models_cloned_and_copied(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Layer(), keras.layers.Dense(2), Layer()])
    assert len(model.weights) == 6
    model.save(tmp_path / "s.keras")
    loaded = keras.models.load_model(tmp_path / "s.keras")
    np.testing.assert_allclose(array(loaded(X)), array(model(X)), rtol=1e-6, atol=1e-6)
    clone = keras.models.clone_model(model)
    assert [v.path.split("/", 1)[1] for v in clone.weights] == [v.path.split("/", 1)[1] for v in model.weights]
    clone.set_weights(model.get_weights())
    np.testing.assert_allclose(array(clone(X)), array(model(X)), rtol=1e-6, atol=1e-6)


def test_layers_made_inside(tmp_path):
    class Maker(keras.Model):
        @track_v1_variables
        def call(self, x):
            return get_or_create_layer("a/b", lambda: keras.layers.Dense(2))(x)

    model, called, fresh = Maker(), Maker(), Maker()
    model(X), called(X)
    assert np.abs(array(model(X)) - array(called(X))).max() > 0
    model.save_weights(tmp_path / "m.weights.h5")
    called.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(array(called(X)), array(model(X)), rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="Call it once on data, then load the weights"):
        fresh.load_weights(tmp_path / "m.weights.h5")


class Lazy(keras.Model):
    """Keras layers as attributes, made where `track_tf1_style_variables` has them made: in the first call."""

    def __init__(self):
        super().__init__()
        self.dense, self.rest = None, []

    @track_v1_variables
    def call(self, x, training=False):
        if self.dense is None:
            self.dense = keras.layers.Dense(3, kernel_regularizer="l2")
            self.rest.append(Layer())
        return tf.layers.dense(self.rest[0](self.dense(x)), 2)


def test_layers_that_become_attributes_in_the_first_call(tmp_path):
    model, called, fresh = Lazy(), Lazy(), Lazy()
    model(X), called(X)
    assert len(model.trainable_weights) == 6
    np.testing.assert_allclose(array(model.losses[0]), 0.01 * np.sum(array(model.dense.kernel.value) ** 2), rtol=1e-5)
    model.save_weights(tmp_path / "m.weights.h5")
    called.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(array(called(X)), array(model(X)), rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match=r"makes the layers \['#1', 'dense'\] in its first call"):
        fresh.load_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="already built"):
        model.late = keras.layers.Dense(1)


@pytest.mark.usefixtures("trains")
def test_layers_made_in_the_first_call_are_trained():
    model = Lazy()
    model.compile("sgd", "mse")
    model.fit(X, np.ones((6, 2), "float32"), verbose=0)
    before = [v.numpy() for v in model.trainable_weights]
    model.fit(X, np.ones((6, 2), "float32"), verbose=0)
    assert all(np.abs(v.numpy() - old).max() > 0 for v, old in zip(model.trainable_weights, before, strict=True))


@pytest.mark.usefixtures("trains")
def test_training_goes_on_from_a_saved_model(tmp_path):
    y = np.zeros((6, 2), "float32")
    model = Model()
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.fit(X, y, epochs=2, batch_size=6, shuffle=False, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    runs = [m.fit(X, y, epochs=2, batch_size=6, shuffle=False, verbose=0).history["loss"] for m in (model, loaded)]
    np.testing.assert_allclose(*runs, rtol=1e-4, atol=1e-6)
