"""`track_v1_variables`: v1 code in Keras layers, trained by `fit`; what fails in silence elsewhere, by its name."""

import gc
import weakref

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.keras import get_or_create_layer, track_v1_variables

X = np.random.RandomState(0).rand(8, 4).astype("float32")
Y = X.sum(1, keepdims=True)


def array(x):
    return keras.ops.convert_to_numpy(x)


class Dense(keras.layers.Layer):
    """Two dense layers of v1 code, as in TensorFlow's guide."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units

    @track_v1_variables
    def call(self, inputs):
        out = inputs
        for scope in ("dense_one", "dense_two"):
            with tf.variable_scope(scope):
                kernel = tf.get_variable(
                    shape=[out.shape[-1], self.units],
                    regularizer=lambda w: tf.reduce_mean(w) / 2,
                    initializer=tf.ones_initializer(),
                    name="kernel",
                )
                bias = tf.get_variable(shape=[self.units], initializer=tf.zeros_initializer(), name="bias")
                out = tf.nn.bias_add(tf.matmul(out, kernel), bias)
        return out


def test_variables_are_the_layers_with_tensorflow_1_names():
    layer = Dense(10, name="wrapped")
    out = layer(np.ones((5, 5), "float32"))
    np.testing.assert_allclose(array(out), np.full((5, 10), 50.0))
    assert {v.v1_name for v in layer.weights} == {
        f"dense_{n}/{part}" for n in ("one", "two") for part in ("kernel", "bias")
    }
    assert layer.weights[0].path == "wrapped/dense_one/kernel"
    assert len(layer.trainable_weights) == 4
    assert sum(float(array(loss)) for loss in layer.losses) == pytest.approx(1.0)
    by_name = {v.v1_name: v for v in layer.weights}
    by_name["dense_two/kernel"].assign(np.full((10, 10), 2.0, "float32"))
    out = layer(np.ones((5, 5), "float32"))
    np.testing.assert_allclose(array(out), np.full((5, 10), 100.0))
    assert sum(float(array(loss)) for loss in layer.losses) == pytest.approx(1.5), "not accumulated over calls"


def test_new_set_of_weights_every_call_outside_a_scope():
    class Unnamed(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            x = tf.layers.dense(tf.layers.dense(x, 3), 3)
            return x * tf.Variable(2.0) + tf.Variable(1.0)

    layer = Unnamed()
    first = layer(X)
    names = [v.v1_name for v in layer.weights]
    assert names == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias", "Variable", "Variable_1"]
    np.testing.assert_array_equal(array(layer(X)), array(first))
    assert len(layer.weights) == 6


def test_a_later_call_that_makes_another_set_is_an_error():
    class Growing(keras.layers.Layer):
        @track_v1_variables
        def call(self, x, deep=False):
            x = tf.layers.dense(x, 3, name="a")
            return tf.layers.dense(x, 3, name="b") if deep else x

    layer = Growing()
    layer(X)
    with pytest.raises(ValueError, match="b/kernel is new in a later call of Growing.call"):
        layer(X, deep=True)
    with pytest.raises(ValueError, match="of shape"):
        layer(np.ones((2, 5), "float32"))


def test_shims_always_auto_reuse_duplicates():
    class Twice(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            tf.get_variable("w", [4])
            return x * tf.get_variable("w", [4])

    with pytest.raises(ValueError, match="Variable w already exists, disallowed"):
        Twice()(X)


@pytest.mark.usefixtures("trains")
def test_get_variable_in_a_keras_3_layer_is_untracked_no_more():
    class Tracked(keras.layers.Layer):
        @track_v1_variables
        def build(self, shape):
            self.w = tf.get_variable("w", [shape[-1], 1])

        @track_v1_variables
        def call(self, x):
            return tf.matmul(x, self.w) + tf.get_variable("b", [1], initializer=tf.zeros_initializer())

    model = keras.Sequential([Tracked()])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = model(X)
    assert len(model.trainable_weights) == 2
    weights = model.get_weights()
    history = model.fit(X, Y, epochs=3, batch_size=8, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert all(np.abs(a - b).max() > 0 for a, b in zip(weights, model.get_weights(), strict=True))
    assert np.abs(array(model(X)) - array(before)).max() > 0


@pytest.mark.usefixtures("trains")
def test_bn_in_shim_updates_its_moving_averages_in_training_only():
    class Normed(keras.Model):
        @track_v1_variables
        def call(self, x, training=False):
            x = tf.layers.batch_normalization(x, momentum=0.5, training=training, name="bn")
            assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 2 * bool(training)
            return tf.layers.dense(x, 1)

    model = Normed()
    model(X)
    mean = {v.v1_name: v for v in model.weights}["bn/moving_mean"]
    assert not mean.trainable
    model(X, training=True)
    np.testing.assert_allclose(mean.numpy(), X.mean(0) / 2, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=8, verbose=0)
    np.testing.assert_allclose(mean.numpy(), X.mean(0) * 0.75, rtol=1e-5, atol=1e-6)
    model.predict(X, verbose=0)
    np.testing.assert_allclose(mean.numpy(), X.mean(0) * 0.75, rtol=1e-5, atol=1e-6)


def test_updates_of_code_that_always_trains_wait_for_keras_to_train():
    class Always(keras.Model):
        @track_v1_variables
        def call(self, x):
            return tf.contrib.layers.batch_norm(x, is_training=True, decay=0.5, scope="bn")

    model = Always()
    model.predict(X, verbose=0)
    mean = {v.v1_name: v for v in model.weights}["bn/moving_mean"]
    np.testing.assert_array_equal(mean.numpy(), np.zeros(4))
    model(X, training=True)
    np.testing.assert_allclose(mean.numpy(), X.mean(0) / 2, rtol=1e-5, atol=1e-6)


class Everything(keras.Model):
    """Keras layers, a kept v1 layer and a kept cell among v1 code."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4)
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")
        self.kept = tf.layers.Dense(4, name="kept", kernel_regularizer=tf.contrib.layers.l2_regularizer(0.1))
        self.cell = tf.nn.rnn_cell.GRUCell(4)

    @track_v1_variables
    def call(self, x, training=False):
        inner = get_or_create_layer(
            "inner", lambda: keras.Sequential([keras.layers.Dense(4), keras.layers.BatchNormalization()])
        )
        h = inner(tf.layers.dense(x, 4, tf.nn.relu), training=training)
        assert h.get_shape().as_list()[1] == 4 == h.shape[1].value
        h = self.kept(keras.ops.tanh(self.dense(h) * self.scale))
        size = tf.shape(h)[0]
        outputs, _ = tf.nn.dynamic_rnn(self.cell, tf.reshape(h, [size, 2, 2]), dtype=tf.float32)
        return tf.layers.dense(outputs[:, -1] + self.kept(h), 1, name="out")


def test_keras_layers_and_kept_v1_layers_in_between():
    model = Everything()
    first = model(X)
    assert len(model.weights) == 1 + 2 + 2 + 4 + 2 + 2 + 4 + 2
    np.testing.assert_allclose(array(model(X)), array(first), rtol=1e-6, atol=1e-6)
    assert len(model.losses) == 1, "of the layer that was built in an earlier call too"
    assert float(array(model.losses[0])) == pytest.approx(0.05 * np.square(model.kept.kernel.numpy()).sum(), rel=1e-5)


@pytest.mark.usefixtures("trains")
def test_all_of_it_is_trained():
    model = Everything()
    model(X)
    model.compile(keras.optimizers.SGD(0.5), "mse")
    before = model.get_weights()
    model.fit(X, Y, epochs=2, batch_size=4, verbose=0)
    same = [v.path for v, old in zip(model.weights, before, strict=True) if not np.abs(v.numpy() - old).max()]
    assert [path for path in same if not path.endswith("/dense/bias")] == []


def test_get_or_create_layer_outside_of_a_tracked_method():
    layer = keras.layers.Lambda(lambda x: get_or_create_layer("a", lambda: keras.layers.Dense(1))(x))
    with pytest.raises(ValueError, match="decorated with onevar.keras.track_v1_variables"):
        layer(X)


def test_get_or_create_layer_wants_a_layer():
    class Wrong(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            return get_or_create_layer("a", lambda: 3)(x)

    with pytest.raises(TypeError, match=r"has to return a keras\.Layer"):
        Wrong()(X)


def test_losses_of_both_kinds():
    class Losing(keras.Model):
        @track_v1_variables
        def call(self, x):
            w = tf.get_variable("w", [4], initializer=tf.ones_initializer())
            tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, 3 * tf.nn.l2_loss(w))
            tf.losses.mean_squared_error(tf.zeros_like(x), x * w)
            return x * w

    layer = Losing()
    inputs = keras.Input((4,))
    twice = keras.Model(inputs, layer(layer(inputs)))
    layer(X)
    assert sorted(float(array(loss)) for loss in layer.losses) == pytest.approx(sorted([6.0, np.square(X).mean()]))
    twice(X)
    values = [float(array(loss)) for loss in twice.losses]
    assert values.count(6.0) == 1, "what weights alone decide counts once"
    assert len(values) == 3


def test_dropout_is_another_one_in_each_call_and_the_same_again_with_the_seed():
    class Dropping(keras.layers.Layer):
        @track_v1_variables
        def call(self, x, training=False):
            return tf.layers.dropout(x, 0.5, training=training)

    runs = []
    for _ in range(2):
        tf.reset_default_graph()
        tf.set_random_seed(7)
        layer = Dropping()
        runs.append([array(layer(np.ones((8, 8), "float32"), training=True)) for _ in range(2)])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0][0] - runs[0][1]).max() > 0
    assert not layer.weights


@pytest.mark.usefixtures("trains")
def test_dropout_is_another_one_in_each_compiled_step():
    class Noise(keras.Model):
        @track_v1_variables
        def call(self, x, training=False):
            return x * 0 + tf.random_uniform([])

    model = Noise()
    model.compile(loss="mse", optimizer="sgd")
    first, second = (model.evaluate(X, X * 0, batch_size=8, verbose=0) for _ in range(2))
    assert first != second


def test_two_layers_do_not_begin_alike():
    class Random(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            return tf.matmul(x, tf.get_variable("w", [4, 4]))

    tf.set_random_seed(1)
    first, second = Random(), Random()
    first(X), second(X)
    assert np.abs(first.get_weights()[0] - second.get_weights()[0]).max() > 0


def test_initial_values_that_depend_on_other_variables_but_not_on_inputs():
    class Tied(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            w = tf.Variable(tf.fill([4], 3.0), name="w")
            return x * tf.Variable(w.initialized_value() * 2, name="twice")

    layer = Tied()
    np.testing.assert_allclose(array(layer(X)), X * 6)

    class Bad(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            return x * tf.Variable(tf.reduce_mean(x))

    with pytest.raises(ValueError, match="depends on what the layer is called with"):
        Bad()(X)


def test_only_methods_of_keras_layers():
    class Plain:
        @track_v1_variables
        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"must be applied to a method of a subclassed keras\.layers\.Layer"):
        Plain().call(X)
    with pytest.raises(TypeError, match="decorates methods"):
        track_v1_variables(3)


def test_functional_models_and_structures():
    class Pair(keras.layers.Layer):
        @track_v1_variables
        def call(self, inputs, factor=2.0):
            a, b = inputs["a"], inputs["b"]
            return {"sum": a + b, "product": (tf.layers.dense(a, 2) * factor,)}

    a, b = keras.Input((4,)), keras.Input((4,))
    outputs = Pair()({"a": a, "b": b}, factor=3.0)
    assert outputs["sum"].shape == (None, 4)
    assert outputs["product"][0].shape == (None, 2)
    model = keras.Model([a, b], [outputs["sum"], outputs["product"][0]])
    total, product = model([X, X])
    np.testing.assert_allclose(array(total), 2 * X)
    assert len(model.weights) == 2
    assert product.shape == (8, 2)


def test_scopes_around_a_tracked_layer():
    class Inner(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            return x * tf.get_variable("w", [4])

    class Outer(keras.layers.Layer):
        def __init__(self, **scope):
            super().__init__()
            self.inner = Inner()
            self.scope = scope

        @track_v1_variables
        def call(self, x):
            with tf.variable_scope("outer", **self.scope):
                return self.inner(x) + tf.get_variable("v", [4])

    layer = Outer(initializer=tf.constant_initializer(3.0))
    np.testing.assert_allclose(array(layer(X)), 3 * X + 3)
    assert sorted(v.v1_name for v in layer.weights) == ["outer/v", "w"]
    with pytest.raises(ValueError, match="has no variables to reuse"):
        Outer(reuse=True)(X)


def test_mixed_precision():
    class Mixed(keras.layers.Layer):
        @track_v1_variables
        def call(self, x, training=False):
            x = tf.layers.dense(x, 4) * tf.get_variable("g", [4], initializer=tf.ones_initializer())
            exact = tf.get_variable("exact", [4], tf.float32)
            return tf.cast(tf.cast(x, tf.float32) * exact, x.dtype)

    layer = Mixed(dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(layer(X).dtype) == "bfloat16"
    assert {v.dtype for v in layer.weights} == {"float32"}


def test_stateless_call_leaves_the_state_alone():
    class Counting(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            n = tf.get_variable("n", [], initializer=tf.zeros_initializer(), trainable=False)
            with tf.control_dependencies([tf.assign_add(n, 1.0)]):
                return x + tf.identity(n.read_value())

    layer = Counting()
    layer(X)
    state = [v.value for v in layer.non_trainable_variables]
    out, new = layer.stateless_call([], state, keras.ops.convert_to_tensor(X))
    np.testing.assert_allclose(array(out), X + 2)
    assert float(array(new[0])) == 2.0
    assert layer.get_weights()[0] == 1.0


def test_constraint_partitioner_and_custom_getter():
    def doubled(getter, *args, **kwargs):
        return getter(*args, **kwargs) * 2

    class Fancy(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(2)):
                parts = tf.get_variable("w", [4, 2], initializer=tf.ones_initializer())
            with tf.variable_scope("g", custom_getter=doubled):
                g = tf.get_variable("w", [2], initializer=tf.ones_initializer())
            tf.get_variable("c", [2], constraint=lambda w: tf.clip_by_value(w, -0.1, 0.1))
            return tf.matmul(x, tf.convert_to_tensor(parts)) * g

    layer = Fancy()
    np.testing.assert_allclose(array(layer(X)), np.repeat(2 * X.sum(1, keepdims=True), 2, 1), rtol=1e-6, atol=1e-6)
    assert [v.v1_name for v in layer.weights] == ["p/w/part_0", "p/w/part_1", "g/w", "c"]
    clipped = layer.weights[-1].constraint(keras.ops.convert_to_tensor([-1.0, 0.05]))
    np.testing.assert_allclose(array(clipped), [-0.1, 0.05])


def test_initializers_of_keras_and_losses_that_the_layer_adds_itself():
    class Both(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            w = tf.get_variable("w", [4, 2], initializer=keras.initializers.Constant(0.5))
            v = tf.get_variable("v", [4, 2], initializer=keras.initializers.TruncatedNormal(stddev=0.1))
            self.add_loss(tf.nn.l2_loss(w))
            return tf.matmul(x, w + v)

    inputs = keras.Input((4,))
    layer = Both()
    keras.Model(inputs, layer(inputs))
    layer(X)
    assert [float(array(loss)) for loss in layer.losses] == [1.0]
    np.testing.assert_array_equal(layer.get_weights()[0], np.full((4, 2), 0.5))
    assert np.abs(layer.get_weights()[1]).min() > 0


def test_sizes_that_a_decoder_decides_are_tried_where_keras_asks_for_shapes():
    class Steps(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            count = tf.reduce_sum(tf.cast(x[0] < 5, tf.int32))
            return tf.map_fn(lambda i: x[:, 0] + tf.cast(i, tf.float32), tf.range(count), dtype=tf.float32)

    layer = Steps()
    assert layer(X).shape == (4, 8)
    assert layer.compute_output_spec(keras.KerasTensor((8, 4))).shape == (4, 8)


def test_a_call_leaves_nothing_of_its_graph():
    graphs = []

    class Remembered(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            graphs.append(weakref.ref(tf.get_default_graph()))
            return tf.layers.dense(x, 1)

    layer = Remembered()
    for _ in range(3):
        layer(X)
    gc.collect()
    assert [graph() is None for graph in graphs[1:]] == [True, True]
    assert graphs[0]() is None or not graphs[0]().run.known
