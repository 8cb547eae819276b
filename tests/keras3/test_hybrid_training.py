"""Programs that train Keras models with v1's optimizers, in Sessions, and with `fit`, on one state."""

import keras
import numpy as np
import pytest

import onevar.v1 as tf

pytestmark = pytest.mark.usefixtures("trains")
RNG = np.random.RandomState(0)
X = RNG.randn(16, 4).astype("float32")
Y = X @ RNG.randn(4, 2).astype("float32")


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def small_model():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(2)])


def loss_of(out, y):
    return tf.reduce_mean(tf.square(out - y))


def placeholders():
    return tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 2])


@pytest.mark.parametrize("name", ["GradientDescentOptimizer", "AdamOptimizer"])
def test_v1_training_of_keras_layers_is_that_of_v1_layers(name):
    x, y = placeholders()
    hidden, last = keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(2)
    loss = loss_of(last(hidden(x)), y)
    step = getattr(tf.train, name)(0.1).minimize(loss)
    start = [*hidden.get_weights(), *last.get_weights()]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, step], {x: X, y: Y})[0] for _ in range(5)]
    with tf.Graph().as_default():
        x, y = placeholders()
        w1, b1, w2, b2 = (tf.Variable(w) for w in start)
        loss = loss_of(tf.matmul(tf.tanh(tf.matmul(x, w1) + b1), w2) + b2, y)
        step = getattr(tf.train, name)(0.1).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            expected = [session.run([loss, step], {x: X, y: Y})[0] for _ in range(5)]
            np.testing.assert_allclose(hidden.get_weights()[0], session.run(w1), atol=1e-5)
    np.testing.assert_allclose(losses, expected, rtol=1e-4, atol=1e-6)


def test_one_state_for_fit_and_for_sessions(tmp_path):
    model = small_model()
    model.compile(keras.optimizers.SGD(0.05), "mse")
    x, y = placeholders()
    loss = loss_of(model(x), y)
    step = tf.train.GradientDescentOptimizer(0.05).minimize(loss, var_list=model.trainable_weights)
    with tf.Session() as session:
        losses = []
        for _ in range(2):
            model.train_on_batch(X, Y)
            losses.append(session.run(loss, {x: X, y: Y}))
            session.run(step, {x: X, y: Y})
            losses.append(session.run(loss, {x: X, y: Y}))
        assert losses == sorted(losses, reverse=True)
        np.testing.assert_allclose(session.run(model(x), {x: X}), model.predict(X, verbose=0), atol=1e-5)
        before = model.get_weights()
        session.run(tf.global_variables_initializer())  # does not destroy what was loaded or trained
        for mine, kept in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(mine, kept)
        model.save(tmp_path / "m.keras")
        session.run(step, {x: X, y: Y})
    again = keras.saving.load_model(tmp_path / "m.keras")
    for mine, kept in zip(again.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, kept)


def test_a_v1_saver_saves_and_restores_keras_layers(tmp_path):
    x, _ = placeholders()
    model = small_model()
    model(x)
    saver = tf.train.Saver()
    with tf.Session() as session:
        before = model.get_weights()
        path = saver.save(session, str(tmp_path / "model"))
        model.set_weights([w * 0 for w in before])
        saver.restore(session, path)
    assert sorted(name for name, _ in tf.train.list_variables(path)) == sorted(v.op.name for v in tf.global_variables())
    for mine, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, kept)


def test_gradients_of_the_first_and_second_order():
    x, _ = placeholders()
    layer = keras.layers.Dense(3, activation="tanh")
    y = tf.reduce_sum(layer(x))
    first = tf.gradients(y, [x, layer.kernel])
    second = tf.gradients(tf.reduce_sum(tf.square(first[0])), layer.kernel)[0]
    kernel, bias = (tf.constant(w) for w in layer.get_weights())
    z = tf.reduce_sum(tf.tanh(tf.matmul(x, kernel) + bias))
    expected = tf.gradients(z, [x, kernel])
    expected.append(tf.gradients(tf.reduce_sum(tf.square(expected[0])), kernel)[0])
    with tf.Session() as session:
        found, wanted = session.run([[*first, second], expected], {x: X})
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_batch_norm_and_dropout_in_a_training_loop():
    x, y = placeholders()
    norm = keras.layers.BatchNormalization(momentum=0.5)
    model = keras.Sequential([keras.layers.Dense(8), norm, keras.layers.Dropout(0.2, seed=1), keras.layers.Dense(2)])
    loss = loss_of(model(x, training=True), y)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.AdamOptimizer(0.01).minimize(loss)
    quiet = model(x, training=False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, step], {x: X, y: Y})[0] for _ in range(12)]
        out = session.run(quiet, {x: X})
    assert losses[-1] < losses[0]
    assert np.abs(value(norm.moving_mean)).max() > 0.01
    np.testing.assert_allclose(out, model.predict(X, verbose=0), atol=1e-5)


def test_clipped_gradients_and_constraints():
    x, y = placeholders()
    layer = keras.layers.Dense(2, kernel_constraint=keras.constraints.UnitNorm())
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    pairs = optimizer.compute_gradients(loss_of(layer(x), y))
    clipped, _ = tf.clip_by_global_norm([g for g, _ in pairs], 1.0)
    step = optimizer.apply_gradients(zip(clipped, [v for _, v in pairs], strict=True))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step, {x: X, y: Y})
    np.testing.assert_allclose(np.linalg.norm(layer.get_weights()[0], axis=0), 1.0, rtol=1e-4, atol=1e-6)


def test_two_networks_with_optimizers_of_their_own():
    noise, real = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 4])
    generator = keras.Sequential([keras.layers.Dense(4)], name="generator")
    critic = keras.Sequential([keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)], name="critic")
    made = generator(noise)
    on_real, on_made = critic(real), critic(made)
    sce = tf.nn.sigmoid_cross_entropy_with_logits
    d_loss = tf.reduce_mean(sce(logits=on_real, labels=tf.ones_like(on_real)))
    d_loss += tf.reduce_mean(sce(logits=on_made, labels=tf.zeros_like(on_made)))
    g_loss = tf.reduce_mean(sce(logits=on_made, labels=tf.ones_like(on_made)))
    mine = [v for v in tf.trainable_variables() if v.name.startswith("generator")]
    assert len(mine) == 2
    d_step = tf.train.AdamOptimizer(0.01).minimize(d_loss, var_list=critic.trainable_weights)
    g_step = tf.train.AdamOptimizer(0.01).minimize(g_loss, var_list=mine)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        g0, d0 = generator.get_weights(), critic.get_weights()
        session.run(d_step, {noise: X[:, :3], real: X})
        np.testing.assert_array_equal(generator.get_weights()[0], g0[0])
        assert not np.array_equal(critic.get_weights()[0], d0[0])
        session.run(g_step, {noise: X[:, :3]})
        assert not np.array_equal(generator.get_weights()[0], g0[0])


def test_v1_random_numbers_are_no_constants_of_what_is_compiled(backend):
    if backend == "torch":
        pytest.skip("torch computes step by step, and draws anew")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda t: t + tf.random_normal(tf.shape(t)))])
    model.compile("sgd", "mse")
    with pytest.raises(Exception, match="same numbers in each"):
        model.predict(X, verbose=0)
