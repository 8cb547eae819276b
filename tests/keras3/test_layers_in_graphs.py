"""Keras 3's layers on tensors of v1 graphs: values, names, shapes, state and scopes."""

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.errors import OnevarError
from onevar.keras import get_or_create_layer

RNG = np.random.RandomState(0)


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def run(fetches, feeds=None):
    with tf.Session() as session:
        return session.run(fetches, feeds)


# -- values -----------------------------------------------------------------------------------------


def test_dense_of_a_placeholder_raises_not_implemented_error_on_torch_and_jax():
    """The silent failure's name; it is right now, on every backend."""
    x = tf.placeholder(tf.float32, [None, 3])
    layer = keras.layers.Dense(2, activation="relu")
    y = layer(x)
    assert isinstance(y, tf.Tensor)
    assert y.shape.as_list() == [None, 2]
    assert y.dtype == tf.float32
    kernel, bias = layer.get_weights()
    data = RNG.randn(5, 3).astype("float32")
    np.testing.assert_allclose(run(y, {x: data}), np.maximum(data @ kernel + bias, 0), atol=1e-6)


LAYERS = {
    "conv": lambda: keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="gelu"),
    "depthwise": lambda: keras.layers.DepthwiseConv2D(3),
    "pool": lambda: keras.layers.AveragePooling2D(2),
    "global_pool": lambda: keras.layers.GlobalMaxPooling2D(),
    "norm": lambda: keras.layers.LayerNormalization(),
    "flatten": lambda: keras.layers.Flatten(),
    "up": lambda: keras.layers.UpSampling2D(2),
    "permute": lambda: keras.layers.Permute((3, 1, 2)),
    "model": lambda: keras.Sequential([keras.layers.Conv2D(2, 3), keras.layers.ReLU(), keras.layers.Flatten()]),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_layers_compute_what_they_compute_outside(make):
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    layer = make()
    y = layer(x)
    data = RNG.randn(2, 8, 8, 3).astype("float32")
    expected = value(layer(data))
    assert y.shape.as_list() == [None, *expected.shape[1:]]
    np.testing.assert_allclose(run(y, {x: data}), expected, atol=1e-5)


def test_several_inputs_and_outputs_in_structures():
    class Both(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs, scale=1.0):
            a, b = inputs["a"], inputs["b"]
            return {"sum": self.dense(a + b) * scale, "parts": (a, [b * 2])}

    a, b = tf.placeholder(tf.float32, [2, 4]), tf.placeholder(tf.float32, [2, 4])
    scale = tf.placeholder(tf.float32, [])
    model = Both()
    out = model({"a": a, "b": b}, scale=scale)
    assert out["sum"].shape.as_list() == [2, 3]
    found = run(out, {a: np.ones((2, 4)), b: np.full((2, 4), 2.0), scale: 3.0})
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(found["sum"], (np.full((2, 4), 3.0) @ kernel + bias) * 3, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found["parts"][1][0], np.full((2, 4), 4.0))


def test_attention_of_a_query_and_a_value():
    q, v = tf.placeholder(tf.float32, [None, 4, 6]), tf.placeholder(tf.float32, [None, 5, 6])
    layer = keras.layers.MultiHeadAttention(2, 3)
    y, scores = layer(q, v, return_attention_scores=True)
    one, two = RNG.randn(2, 4, 6).astype("float32"), RNG.randn(2, 5, 6).astype("float32")
    found = run([y, scores], {q: one, v: two})
    expected = layer(one, two, return_attention_scores=True)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, value(theirs), atol=1e-5)


def test_masks_go_on_to_the_next_layer():
    ids = tf.placeholder(tf.int32, [None, 5])
    embedding, lstm = keras.layers.Embedding(10, 3, mask_zero=True), keras.layers.LSTM(4)
    y = lstm(embedding(ids))
    data = np.array([[1, 2, 0, 0, 0], [3, 4, 5, 6, 0]])
    np.testing.assert_allclose(run(y, {ids: data}), value(lstm(embedding(data))), atol=1e-5)


def test_a_lambda_may_use_v1_functions():
    x = tf.placeholder(tf.float32, [None, 3])
    y = keras.layers.Lambda(lambda t: tf.reduce_sum(tf.square(t), axis=1, keepdims=True))(x)
    assert y.shape.as_list() == [None, 1]
    np.testing.assert_allclose(run(y, {x: [[1.0, 2.0, 3.0]]}), [[14.0]])
    z = keras.layers.Dense(2, activation=tf.nn.relu, kernel_initializer=tf.ones_initializer())(x)
    np.testing.assert_allclose(run(z, {x: [[1.0, 2.0, 3.0]]}), [[6.0, 6.0]])


def test_functional_models_of_v1_functions():
    inputs = keras.Input((3,))
    outputs = keras.layers.Lambda(lambda t: tf.nn.relu(t) * 2.0)(inputs)
    model = keras.Model(inputs, outputs)
    np.testing.assert_allclose(model.predict(np.array([[-1.0, 2.0, 3.0]]), verbose=0), [[0.0, 4.0, 6.0]])


def test_symbolic_tensors_have_a_value_in_a_session():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, activation="tanh")(inputs)
    outputs = keras.layers.Dense(2)(hidden) + 1.0
    model = keras.Model(inputs, outputs)
    total = tf.reduce_sum(model.output, axis=1)
    data = RNG.randn(5, 3).astype("float32")
    found = run([total, model.layers[1].output], {model.input: data})
    np.testing.assert_allclose(found[0], model.predict(data, verbose=0).sum(axis=1), atol=1e-5)
    assert found[1].shape == (5, 4)


# -- functions --------------------------------------------------------------------------------------

FUNCTIONS = {
    "matmul": lambda x: keras.ops.matmul(x, keras.ops.transpose(x)),
    "softmax": lambda x: keras.ops.softmax(x, axis=0),
    "mean": lambda x: keras.ops.mean(x, axis=-1, keepdims=True),
    "where": lambda x: keras.ops.where(x > 0, x, -x),
    "concatenate": lambda x: keras.ops.concatenate([x, x * 2], axis=0),
    "reshape": lambda x: keras.ops.reshape(x, (keras.ops.shape(x)[0], 2, 2)),
    "broadcast": lambda x: keras.ops.broadcast_to(x, (3, keras.ops.shape(x)[0], 4)),
    "one_hot": lambda x: keras.ops.one_hot(keras.ops.argmax(x, axis=1), 4),
    "top_k": lambda x: keras.ops.top_k(x, 2)[0],
    "cast": lambda x: keras.ops.cast(x, "int32"),
    "einsum": lambda x: keras.ops.einsum("ij,kj->ik", x, x),
    "gelu": lambda x: keras.activations.gelu(x),
    "leaky": lambda x: keras.activations.leaky_relu(x, negative_slope=0.3),
    "l2": lambda x: keras.regularizers.L2(0.5)(x),
    "unit_norm": lambda x: keras.constraints.UnitNorm()(x),
    "mse": lambda x: keras.losses.mean_squared_error(x * 0.5, x),
    "crossentropy": lambda x: keras.losses.categorical_crossentropy(keras.ops.softmax(-x), x, from_logits=True),
    "huber": lambda x: keras.losses.Huber()(x * 0.1, x),
    "accuracy": lambda x: keras.metrics.categorical_accuracy(x, -x),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_compute_what_they_compute_outside(function):
    data = RNG.randn(4, 4).astype("float32")
    x = tf.placeholder(tf.float32, [None, 4])
    y = function(x)
    assert isinstance(y, tf.Tensor)
    expected = value(function(keras.ops.convert_to_tensor(data)))
    found = run(y, {x: data})
    assert y.shape.is_compatible_with(found.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_operators_of_keras_variables_and_tensors():
    layer = keras.layers.Dense(2, kernel_initializer="ones")
    x = tf.placeholder(tf.float32, [None, 3])
    layer(x)
    t = tf.constant(np.full((3, 2), 3.0, "float32"))
    np.testing.assert_allclose(run([layer.kernel * t, t - layer.kernel, tf.nn.l2_loss(layer.kernel)])[2], 3.0)
    np.testing.assert_allclose(run(layer.kernel * t), np.full((3, 2), 3.0))
    np.testing.assert_allclose(run(layer.kernel), np.ones((3, 2)))
    np.testing.assert_allclose(run(tf.add_n([tf.reduce_sum(v) for v in layer.weights])), 6.0)


def test_a_computed_native_tensor_is_no_constant_of_the_graph(backend):
    if backend == "numpy":
        pytest.skip("the native tensors are arrays, which are constants")
    layer = keras.layers.Dense(2)
    layer(tf.placeholder(tf.float32, [None, 3]))
    with pytest.raises(TypeError, match="would be a constant"):
        tf.reduce_sum(keras.ops.square(layer.kernel))


# -- names, collections, scopes ---------------------------------------------------------------------


def test_variables_are_in_the_graph_by_tensorflows_names():
    x = tf.placeholder(tf.float32, [None, 4])
    with tf.variable_scope("net"):
        h = keras.layers.Dense(3)(x)
        with tf.name_scope("block"):
            h = keras.layers.BatchNormalization()(h)
        y = keras.layers.Dense(2)(h)
    names = [v.name for v in tf.global_variables()]
    assert names == [
        "net/dense/kernel:0", "net/dense/bias:0",
        "net/block/batch_normalization/gamma:0", "net/block/batch_normalization/beta:0",
        "net/block/batch_normalization/moving_mean:0", "net/block/batch_normalization/moving_variance:0",
        "net/dense_1/kernel:0", "net/dense_1/bias:0",
    ]  # fmt: skip
    assert [v.name for v in tf.trainable_variables()] == [n for n in names if "moving" not in n]
    assert [v.name for v in tf.get_collection("trainable_variables", scope="net/dense/")] == names[:2]
    assert y.op.name.startswith("net/dense_1/")
    assert tf.get_default_graph().get_tensor_by_name(y.name) is y


def test_names_begin_anew_in_each_graph():
    for _ in range(2):
        with tf.Graph().as_default():
            keras.layers.Dense(3)(tf.placeholder(tf.float32, [None, 4]))
            assert [v.name for v in tf.global_variables()] == ["dense/kernel:0", "dense/bias:0"]


def test_the_seed_of_the_graph_decides_what_is_random():
    def made():
        with tf.Graph().as_default():
            tf.set_random_seed(7)
            x = tf.placeholder(tf.float32, [None, 3])
            y = keras.layers.GaussianNoise(0.5)(keras.layers.Dense(4)(x), training=True)
            return run(y, {x: np.ones((2, 3))})

    np.testing.assert_array_equal(made(), made())


def test_a_layer_called_twice_shares_its_variables():
    a, b = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 4])
    layer = keras.layers.Dense(3)
    one, two = layer(a), layer(b)
    assert len(tf.global_variables()) == 2
    found = run([one, two], {a: np.ones((1, 4)), b: np.ones((1, 4))})
    np.testing.assert_array_equal(*found)


def test_variable_scope_reuse_true_around_a_keras_3_layer_is_ignored():
    """The silent failure's name; it is an error now."""
    x = tf.placeholder(tf.float32, [None, 4])
    with tf.variable_scope("s"):
        layer = keras.layers.Dense(3)
        layer(x)
    with tf.variable_scope("s", reuse=True):
        layer(x)  # the same object
        keras.layers.Dropout(0.5)(x)  # nothing to share
        with pytest.raises(ValueError, match="never by name"):
            keras.layers.Dense(3)(x)


def test_auto_reuse_makes_layers_at_the_first_call_only():
    x = tf.placeholder(tf.float32, [None, 4])

    def network():
        with tf.variable_scope("d", reuse=tf.AUTO_REUSE):
            return keras.layers.Dense(1)(keras.layers.Dense(3)(x))

    network()
    with pytest.raises(ValueError, match="Make the layer once"):
        network()


# -- state ------------------------------------------------------------------------------------------


def test_bn_in_a_v1_graph_never_updates_its_moving_mean():
    """The silent failure's name; `UPDATE_OPS` has the updates now."""
    x = tf.placeholder(tf.float32, [None, 3])
    layer = keras.layers.BatchNormalization(momentum=0.9)
    y = layer(x, training=True)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert len(updates) == 2
    assert layer.updates == updates
    data = (RNG.randn(64, 3) + 10).astype("float32")
    twin = keras.layers.BatchNormalization(momentum=0.9)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            normalized, _ = session.run([y, updates], {x: data})
            expected = value(twin(data, training=True))
    np.testing.assert_allclose(normalized, expected, atol=1e-4)
    np.testing.assert_allclose(value(layer.moving_mean), value(twin.moving_mean), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(value(layer.moving_mean), data.mean(0) * (1 - 0.9**3), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(value(layer.moving_variance), value(twin.moving_variance), rtol=1e-5, atol=1e-6)


def test_two_calls_of_a_batch_norm_in_one_run_both_count():
    a, b = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None, 2])
    layer = keras.layers.BatchNormalization(momentum=0.9)
    layer(a, training=True)
    layer(b, training=True)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert len(updates) == 4
    run(updates, {a: np.full((4, 2), 1.0), b: np.full((4, 2), 3.0)})
    # As TensorFlow 1's moving averages: each moves from where both began.
    np.testing.assert_allclose(value(layer.moving_mean), [0.4, 0.4], rtol=1e-5, atol=1e-6)


def test_training_may_be_a_tensor_of_the_graph():
    x, training = tf.placeholder(tf.float32, [None, 3]), tf.placeholder_with_default(False, [])
    layer = keras.layers.BatchNormalization(momentum=0.5)
    y = layer(x, training=training)
    data = (RNG.randn(16, 3) + 4).astype("float32")
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run([y, updates], {x: data})[0], data / np.sqrt(1.001), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(value(layer.moving_mean), np.zeros(3))
        out, _ = session.run([y, updates], {x: data, training: True})
    np.testing.assert_allclose(out.mean(0), np.zeros(3), atol=1e-4)
    np.testing.assert_allclose(value(layer.moving_mean), data.mean(0) / 2, rtol=1e-4, atol=1e-6)


def test_layers_without_training_follow_the_learning_phase():
    x = tf.placeholder(tf.float32, [None, 50])
    y = keras.Sequential([keras.layers.Dropout(0.5)])(x)
    phase = tf.get_default_graph().get_tensor_by_name("keras_learning_phase:0")
    data = np.ones((1, 50))
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(y, {x: data}), data)
        assert 0 in session.run(y, {x: data, phase: True})


def test_a_dropout_draws_anew_in_each_run_and_as_keras_does():
    x = tf.placeholder(tf.float32, [None, 40])
    layer, twin = keras.layers.Dropout(0.5, seed=3), keras.layers.Dropout(0.5, seed=3)
    y = layer(x, training=True)
    data = np.ones((2, 40), "float32")
    with tf.Session() as session:
        found = [session.run(y, {x: data}) for _ in range(3)]
    expected = [value(twin(data, training=True)) for _ in range(3)]
    np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(found[0], found[1])
    assert tf.global_variables() == []  # the generator's state is nobody's to save


def test_losses_are_in_the_collection_once():
    x = tf.placeholder(tf.float32, [None, 3])
    layer = keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.5), activity_regularizer="l1")
    one, two = layer(x), layer(x)
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert len(losses) == 3  # an activity of each call, and the kernel's
    assert len(layer.losses) == 3
    assert all(isinstance(loss, tf.Tensor) for loss in layer.losses)
    data = RNG.randn(4, 3).astype("float32")
    total, out = run([tf.add_n(losses), one], {x: data})
    kernel = layer.get_weights()[0]
    activity = 0.01 * np.abs(out).sum() / 4
    np.testing.assert_allclose(total, 0.5 * (kernel**2).sum() + 2 * activity, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(run(tf.losses.get_regularization_loss(), {x: data}), total, rtol=1e-6, atol=1e-6)
    assert two is not one


def test_add_loss_and_own_state_of_a_layer():
    class Counting(keras.Layer):
        def __init__(self):
            super().__init__()
            self.calls = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="calls")

        def call(self, x):
            self.calls.assign(self.calls + 1)
            self.add_loss(keras.ops.sum(x) * 0.1)
            return x

    x = tf.placeholder(tf.float32, [None, 2])
    layer = Counting()
    y = layer(x)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session() as session:
        for _ in range(2):
            _, loss, _ = session.run([y, tf.add_n(layer.losses), updates], {x: np.ones((1, 2))})
    assert loss == pytest.approx(0.2)
    assert int(value(layer.calls.value)) == 2


def test_layers_inside_branches_and_loops():
    x, flag = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.bool, [])
    layer = keras.layers.Dense(3, kernel_initializer="identity")
    layer(x)
    y = tf.cond(flag, lambda: layer(x) * 2.0, lambda: x)
    z = tf.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, layer(t) + 1.0), [tf.constant(0), x])[1]
    data = np.ones((2, 3))
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(y, {x: data, flag: True}), data * 2)
        np.testing.assert_allclose(session.run(y, {x: data, flag: False}), data)
        np.testing.assert_allclose(session.run(z, {x: data}), data + 3)


def test_metrics_are_operations_of_the_graph():
    labels, predictions = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    metric = keras.metrics.MeanAbsoluteError()
    update = metric.update_state(labels, predictions)
    result = metric.result()
    assert len(tf.local_variables()) == 2
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        session.run(update, {labels: [1.0, 2.0], predictions: [2.0, 4.0]})
        session.run(update, {labels: [1.0, 1.0], predictions: [1.0, 1.0]})
        assert session.run(result) == pytest.approx(0.75)
        assert float(value(metric.variables[0].value)) == pytest.approx(1.5)
        session.run(tf.local_variables_initializer())
        assert session.run(metric(labels, predictions), {labels: [0.0], predictions: [4.0]}) == pytest.approx(4.0)


# -- errors -----------------------------------------------------------------------------------------


def test_a_session_of_another_framework_says_so(backend):
    x = tf.placeholder(tf.float32, [None, 3])
    y, z = keras.layers.Dense(2)(x), keras.layers.ReLU()(x)
    with tf.Session(backend="numpy" if backend != "numpy" else "torch") as session:
        for fetch in (y, z):
            with pytest.raises(OnevarError, match="KERAS_BACKEND="):
                session.run(fetch, {x: np.ones((1, 3))})


def test_keras_has_to_know_the_rank():
    with pytest.raises(ValueError, match="set_shape"):
        keras.layers.Dense(2)(tf.placeholder(tf.float32))


def test_what_the_layer_refuses_is_refused():
    with pytest.raises(ValueError, match="expected min_ndim"):
        keras.layers.Conv2D(2, 3)(tf.placeholder(tf.float32, [None, 3]))


def test_v1_initializers_in_keras_layers():
    """What they give can be written: torch's expanded tensors could not."""
    layer = keras.layers.Dense(3, kernel_initializer=tf.ones_initializer(), bias_initializer=tf.constant_initializer(2))
    np.testing.assert_array_equal(value(layer(np.ones((1, 4), "float32"))), [[6.0, 6.0, 6.0]])
    layer.kernel.assign(np.zeros((4, 3)))
    assert not layer.kernel.numpy().any()


def test_get_or_create_layer_in_a_graph():
    """Code that runs in a graph as well as in a layer: the graph has the variables."""
    x = tf.placeholder(tf.float32, [None, 2])
    for _ in range(2):
        y = get_or_create_layer("made", lambda: keras.layers.Dense(2, kernel_initializer="ones", name="made"))(x)
    assert [v.name for v in tf.trainable_variables()] == ["made/kernel:0", "made/bias:0"]
    assert run(y, {x: [[1.0, 2.0]]}).tolist() == [[3.0, 3.0]]
