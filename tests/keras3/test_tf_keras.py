"""`tf.keras` of v1 programs, `tf.keras.backend`, and the Session that Keras code works with."""

import subprocess
import sys
import types

import keras
import numpy as np
import pytest

import onevar.keras
import onevar.v1 as tf
from onevar.errors import BackendMismatch
from onevar.v1.keras_beside import offered

K = tf.keras.backend
RNG = np.random.RandomState(0)


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_layers_and_models_are_those_of_keras_3():
    assert tf.keras.layers.Dense is keras.layers.Dense
    assert tf.keras.Model is keras.Model
    assert tf.keras.models.Sequential is keras.Sequential
    assert tf.keras.losses.mean_squared_error is keras.losses.mean_squared_error
    assert isinstance(tf.keras.optimizers.Adam(lr=0.1), keras.optimizers.Adam)


def test_every_name_that_is_offered_is_there():
    for name in offered():
        found = tf
        for part in name.split("."):
            found = getattr(found, part)
        assert not isinstance(found, types.ModuleType), name


@pytest.mark.parametrize(
    ("name", "advice"),
    [("layers.CuDNNLSTM", "LSTM"), ("utils.multi_gpu_model", "DataParallel"), ("nothing", "keras.io")],
)
def test_what_keras_3_does_not_have_says_what_to_do(name, advice):
    part, _, last = name.rpartition(".")
    where = getattr(tf.keras, part) if part else tf.keras
    with pytest.raises(AttributeError, match=advice):
        getattr(where, last)


def test_optimizers_take_lr_and_decay():
    optimizer = tf.keras.optimizers.SGD(lr=0.5, decay=0.1, momentum=0.9)
    variable = keras.Variable(np.zeros(1, "float32"))
    assert optimizer.momentum == 0.9
    if keras.backend.backend() == "numpy":
        return
    rates = []
    for _ in range(3):
        rates.append(float(value(optimizer.learning_rate)))
        optimizer.apply([keras.ops.ones((1,))], [variable])
    np.testing.assert_allclose(rates, [0.5, 0.5 / 1.1, 0.5 / 1.2], rtol=1e-5, atol=1e-6)


def test_recurrent_layers_have_the_defaults_of_tensorflow_1():
    gru = tf.keras.layers.GRU(2)
    assert isinstance(gru, keras.layers.GRU)
    assert gru.reset_after is False
    np.testing.assert_allclose(value(gru.recurrent_activation(np.array([-3.0, 0.0, 1.0], "float32"))), [0, 0.5, 0.7])
    assert tf.keras.layers.LSTM(2, recurrent_activation="sigmoid").recurrent_activation is keras.activations.sigmoid


def test_layers_of_a_program_of_that_time():
    class Scaled(tf.keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_variable("scale", shape=[int(shape[-1])], initializer="ones")
            self.shift = self.add_weight("shift", [shape[-1]], tf.float32, "zeros")

        def call(self, x):
            return x * self.scale + self.shift

    x = tf.placeholder(tf.float32, [None, 3])
    y = Scaled()(x)
    assert sorted(v.name.rpartition("/")[2] for v in tf.global_variables()) == ["scale:0", "shift:0"]
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(y, {x: np.ones((1, 3))}), np.ones((1, 3)))


def test_an_input_may_stand_for_a_placeholder():
    x = tf.placeholder(tf.float32, [None, 3])
    inputs = tf.keras.layers.Input(tensor=x)
    model = tf.keras.models.Model(inputs, tf.keras.layers.Dense(2)(inputs))
    data = RNG.randn(4, 3).astype("float32")
    found = K.get_session().run(model.output, {x: data})
    np.testing.assert_allclose(found, model.predict(data, verbose=0), atol=1e-6)


# -- sessions ---------------------------------------------------------------------------------------


def test_get_session_is_the_default_one_or_one_that_stays():
    first = onevar.keras.get_session()
    assert onevar.keras.get_session() is first
    assert first.backend == keras.backend.backend()
    with tf.Session() as session:
        assert K.get_session() is session
    other = tf.Session()
    onevar.keras.set_session(other)
    assert K.get_session() is other
    with tf.Graph().as_default():
        assert K.get_session() is not other


def test_set_session_refuses_another_framework(backend):
    with pytest.raises(BackendMismatch, match="KERAS_BACKEND="):
        K.set_session(tf.Session(backend="numpy" if backend != "numpy" else "torch"))
    with pytest.raises(TypeError):
        K.set_session(None)


def test_clear_session_begins_anew():
    tf.keras.layers.Dense(2)(tf.placeholder(tf.float32, [None, 3]))
    session = K.get_session()
    K.clear_session()
    assert tf.get_default_graph().get_operations() == []
    assert K.get_session() is not session
    assert tf.keras.layers.Dense(2).name == "dense"


def test_functions_of_models_and_the_learning_phase():
    model = tf.keras.Sequential(
        [tf.keras.layers.InputLayer((4,)), tf.keras.layers.Dense(30), tf.keras.layers.Dropout(0.5)]
    )
    hidden = K.function([model.input, K.learning_phase()], [model.layers[0].output, model.output])
    data = RNG.randn(2, 4).astype("float32")
    quiet, drawn = hidden([data, 0]), hidden([data, 1])
    np.testing.assert_allclose(quiet[1], quiet[0], atol=1e-6)
    assert 0 in drawn[1]
    K.set_learning_phase(1)
    assert 0 in K.get_session().run(tf.keras.layers.Dropout(0.5)(tf.ones([1, 50])))
    assert K.learning_phase() == 1


def test_gradients_of_a_model_for_its_input(trains):
    model = tf.keras.Sequential([tf.keras.layers.InputLayer((4,)), tf.keras.layers.Dense(3)])
    gradient = K.gradients(K.sum(model.output[:, 0]), model.input)[0]
    found = K.function([model.input], gradient)(np.ones((2, 4)))
    np.testing.assert_allclose(found, np.tile(model.get_weights()[0][:, 0], (2, 1)), atol=1e-6)


def test_variables_of_the_backend():
    v = K.variable([[1.0, 2.0]], name="v")
    assert K.eval(v).tolist() == [[1.0, 2.0]]
    K.set_value(v, [[3.0, 4.0]])
    assert K.get_value(v).tolist() == [[3.0, 4.0]]
    K.get_session().run(K.update_add(v, [[1.0, 1.0]]))
    assert K.batch_get_value([v])[0].tolist() == [[4.0, 5.0]]
    layer = tf.keras.layers.Dense(2)
    layer.build((None, 3))
    K.set_value(layer.bias, [1.0, 2.0])
    assert K.get_value(layer.bias).tolist() == [1.0, 2.0]
    f = K.function([], [v], updates=[(v, v * 2.0)])
    f([])
    assert K.eval(v).tolist() == [[8.0, 10.0]]


A, B = RNG.rand(2, 3).astype("float32"), RNG.rand(3, 4).astype("float32")
CASES = {
    "mean": (lambda x: K.mean(x, axis=1, keepdims=True), A.mean(1, keepdims=True)),
    "std": (lambda x: K.std(x, axis=-1), A.std(-1)),
    "var": (lambda x: K.var(x), A.var()),
    "dot": (lambda x: K.dot(x, K.constant(B)), A @ B),
    "batch_dot": (lambda x: K.batch_dot(x, x, axes=1), (A * A).sum(1, keepdims=True)),
    "clip": (lambda x: K.clip(x, 0.2, 0.5), A.clip(0.2, 0.5)),
    "relu": (lambda x: K.relu(x - 0.5, alpha=0.1), np.where(A > 0.5, A - 0.5, (A - 0.5) * 0.1)),
    "hard_sigmoid": (lambda x: K.hard_sigmoid(x * 9), (0.2 * A * 9 + 0.5).clip(0, 1)),
    "concatenate": (lambda x: K.concatenate([x, x], axis=0), np.concatenate([A, A])),
    "repeat": (lambda x: K.repeat(x, 2), np.repeat(A[:, None], 2, 1)),
    "repeat_elements": (lambda x: K.repeat_elements(x, 2, 1), A.repeat(2, 1)),
    "batch_flatten": (lambda x: K.batch_flatten(K.expand_dims(x)), A),
    "reverse": (lambda x: K.reverse(x, 1), A[:, ::-1]),
    "permute": (lambda x: K.permute_dimensions(x, (1, 0)), A.T),
    "l2_normalize": (lambda x: K.l2_normalize(x, axis=1), A / np.linalg.norm(A, axis=1, keepdims=True)),
    "switch": (lambda x: K.switch(x > 0.5, x, -x), np.where(A > 0.5, A, -A)),
    "one_hot": (lambda x: K.one_hot(K.argmax(x), 3), np.eye(3)[A.argmax(-1)]),
    "arange": (lambda x: K.arange(2, 6, 2) + K.cast(K.sum(x * 0), "int32"), [2, 4]),
    "in_train_phase": (lambda x: K.in_train_phase(x * 2, x), A),
    "crossentropy": (lambda x: K.sparse_categorical_crossentropy(K.constant([0, 2]), K.softmax(x)),
                     -np.log(np.exp(A) / np.exp(A).sum(1, keepdims=True))[[0, 1], [0, 2]]),
    "binary": (lambda x: K.binary_crossentropy(K.ones_like(x), x), -np.log(A)),
    "temporal": (lambda x: K.temporal_padding(K.expand_dims(x)), np.pad(A, ((0, 0), (1, 1)))[..., None]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_functions_of_the_backend(case):
    function, expected = case
    x = K.placeholder((None, 3))
    found = K.get_session().run(function(x), {x: A})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_images_of_the_backend():
    data = RNG.rand(1, 4, 4, 2).astype("float32")
    x = K.placeholder((None, 4, 4, 2))
    kernel = K.constant(RNG.rand(3, 3, 2, 5))
    found = K.get_session().run(
        [K.conv2d(x, kernel, padding="same"), K.pool2d(x, (2, 2), (2, 2)), K.resize_images(x, 2, 2, "channels_last"),
         K.spatial_2d_padding(x)], {x: data},
    )  # fmt: skip
    assert [f.shape for f in found] == [(1, 4, 4, 5), (1, 2, 2, 2), (1, 8, 8, 2), (1, 6, 6, 2)]
    np.testing.assert_allclose(found[1][0, 0, 0], data[0, :2, :2].max((0, 1)))
    np.testing.assert_allclose(found[2][:, ::2, ::2], data)


# -- the program's own training ---------------------------------------------------------------------


def test_models_train_with_generators_and_with_v1_losses(trains):
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, activation=tf.nn.softmax)])
    model.compile(
        tf.keras.optimizers.Adam(0.01), loss=lambda y, p: tf.reduce_mean(-tf.reduce_sum(y * tf.log(p), axis=1))
    )
    x, y = RNG.randn(8, 3).astype("float32"), np.eye(2, dtype="float32")[[0, 1] * 4]

    def batches():
        while True:
            yield x, y

    history = model.fit_generator(batches(), steps_per_epoch=2, epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]
    assert model.predict_classes(x).shape == (8,)


def test_nothing_of_keras_is_imported_before_it_is_asked_for():
    code = (
        "import sys, onevar.v1 as tf\n"
        "tf.placeholder(tf.float32, [None, 2]); tf.keras.regularizers.l2(0.1)\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] == 'keras']\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
