"""`tf.keras` models as programs of TensorFlow 1 compile them; counters among the variables of a tracked layer."""

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.keras import track_v1_variables

pytestmark = pytest.mark.usefixtures("trains")
X = np.random.RandomState(0).rand(8, 4).astype("float32")


def test_a_gans_discriminator_is_trained_though_frozen_after_its_compile(tmp_path):
    layers, models = tf.keras.layers, tf.keras.models
    critic = models.Sequential([layers.Dense(4, input_shape=(4,)), layers.Dense(1, activation="sigmoid")])
    critic.compile(loss="binary_crossentropy", optimizer=tf.keras.optimizers.SGD(0.5))
    generator = models.Sequential([layers.Dense(4, input_shape=(3,))])
    noise = layers.Input(shape=(3,))
    critic.trainable = False
    both = models.Model(noise, critic(generator(noise)))
    both.compile(loss="binary_crossentropy", optimizer=tf.train.AdamOptimizer(0.1))
    for _ in range(2):
        first, made = critic.get_weights(), generator.get_weights()
        both.train_on_batch(X[:, :3], np.ones((8, 1)))
        np.testing.assert_array_equal(critic.get_weights()[0], first[0])
        assert np.abs(generator.get_weights()[0] - made[0]).max() > 0
        made = generator.get_weights()
        critic.train_on_batch(X, np.ones((8, 1)))
        assert np.abs(critic.get_weights()[0] - first[0]).max() > 0
        np.testing.assert_array_equal(generator.get_weights()[0], made[0])
    assert not critic.trainable_weights
    critic.save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras").compiled


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: tf.train.AdamOptimizer(0.01), {"learning_rate": 0.01, "epsilon": 1e-8}),
        (lambda: tf.train.RMSPropOptimizer(0.02), {"learning_rate": 0.02, "rho": 0.9, "epsilon": 1e-10}),
        (lambda: tf.train.AdagradOptimizer(1), {"learning_rate": 1.0, "epsilon": 0.0}),
        (lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True), {"momentum": 0.9, "nesterov": True}),
        (lambda: tf.train.GradientDescentOptimizer(0.1), {"momentum": 0.0}),
        (lambda: tf.train.AdadeltaOptimizer(0.1), {"rho": 0.95, "epsilon": 1e-8}),
    ],
)
def test_models_take_the_optimizers_of_tf_train(made, expected):
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(4,))])
    model.compile(optimizer=made(), loss="mse")
    config = model.optimizer.get_config()
    assert {name: config[name] for name in expected} == pytest.approx(expected)


def test_a_rate_that_is_a_tensor_is_refused():
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(4,))])
    with pytest.raises(NotImplementedError, match="learning_rate has to be a number"):
        model.compile(tf.train.AdamOptimizer(tf.constant(0.1)), "mse")
    with pytest.raises(NotImplementedError, match="a model takes AdadeltaOptimizer"):
        model.compile(tf.train.FtrlOptimizer(0.1), "mse")


def test_counters_of_a_tracked_layer_are_no_parameters():
    class Counting(keras.Model):
        @track_v1_variables
        def call(self, x):
            count = tf.Variable(0, name="global_step")
            assert any(v is count for v in tf.trainable_variables())
            with tf.control_dependencies([tf.assign_add(count, 1)]):
                return tf.layers.dense(x, 1)

    model = Counting()
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], batch_size=8, verbose=0)  # calls it several times
    model(X)
    assert [v.v1_name for v in model.non_trainable_weights] == ["global_step"]
    assert len(model.trainable_weights) == 2
