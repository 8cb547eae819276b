"""A Variable of onevar as a `keras.Variable`: tracked, trained and saved by Keras, on one state."""

import copy
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest

import onevar
import onevar.keras
import onevar.v1 as tf
from onevar.core.context import eager_mode

X = np.random.RandomState(0).randn(32, 3).astype("float32")
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)


def value(x):
    return keras.ops.convert_to_numpy(x.value)


def made(first=0.5, **options):
    return onevar.Variable(np.full((3, 1), first, np.float32), name="w", **options)


class Linear(keras.layers.Layer):
    """Multiplies by a variable that somebody else made."""

    def __init__(self, w, **kwargs):
        super().__init__(**kwargs)
        self.w = w

    def call(self, x):
        return keras.ops.matmul(x, self.w)


class ThroughOnevar(keras.layers.Layer):
    """Tracks the `keras.Variable`, and computes with the Variable of onevar."""

    def __init__(self, w, **kwargs):
        super().__init__(**kwargs)
        self.tracked = w.as_keras()
        self._held = (w,)

    def call(self, x):
        return keras.ops.matmul(x, self._held[0].value)


def test_one_state_one_object(backend):
    v = made()
    k = v.as_keras()
    assert isinstance(k, keras.Variable)
    assert isinstance(k, onevar.keras.Variable)
    assert v.as_keras() is k is onevar.keras.as_keras(v) is onevar.keras.as_keras(k)
    assert onevar.keras.as_onevar(k) is k.onevar is v
    assert (k.name, k.path, tuple(k.shape), k.dtype, k.trainable) == ("w", "w", (3, 1), "float32", True)
    k.assign(np.ones((3, 1)))
    assert v.numpy().sum() == 3
    v.assign_add(np.ones((3, 1), np.float32))
    assert k.numpy().sum() == 6
    assert k._value is v.native
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(keras.ops.add(k, 1.0)), np.full((3, 1), 3.0))
    v.trainable = False
    assert not k.trainable
    k.trainable = True
    assert v.trainable
    if backend == "torch":
        assert v.native.requires_grad


def test_face_of_a_keras_variable_goes_back_to_it():
    kv = keras.Variable(np.ones(2, np.float32))
    assert onevar.keras.as_onevar(kv).as_keras() is kv
    with eager_mode():
        assert onevar.keras.as_onevar(kv).v1.as_keras() is kv


def test_annotations_come_along():
    v = made(trainable=False, autocast=False)
    v.constraint, v.regularizer = keras.constraints.NonNeg(), keras.regularizers.L2(0.5)
    k = v.as_keras()
    assert not k.trainable
    layer = Linear(k, dtype="mixed_float16")
    assert layer(np.ones((1, 3), np.float32)).shape == (1, 1)
    v.trainable = True
    assert (k.constraint, k.regularizer) == (v.constraint, v.regularizer)
    v.constraint, k.regularizer = None, keras.regularizers.L2(0.5)
    assert (k.constraint, v.regularizer) == (None, k.regularizer)
    assert float(layer.losses[0]) == pytest.approx(0.5 * 3 * 0.25)


@pytest.mark.parametrize("layer", [Linear, ThroughOnevar])
def test_layer_attribute_is_tracked_and_trained(trains, layer, backend):
    """Gradients come whichever way the layer reads it, compiled or not."""
    how = {"jit_compile": True} if backend == "jax" else {}
    reference = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    reference.build((None, 3))
    reference.layers[0].kernel.assign(np.full((3, 1), 0.5))
    v = made()
    model = keras.Sequential([layer(v.as_keras() if layer is Linear else v)])
    for each in (model, reference):
        each.compile(keras.optimizers.Adam(0.05), "mse", **how)
        each.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert model.trainable_weights == [v.as_keras()] if backend == "numpy" else len(model.trainable_weights) == 1
    np.testing.assert_allclose(v.numpy(), value(reference.layers[0].kernel), atol=1e-6)
    before = v.numpy()
    v.assign(np.zeros((3, 1)))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(float(np.mean(Y**2)), rel=1e-5)
    v.assign(before)
    model.fit(X, Y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    assert np.abs(v.numpy() - before).max() > 1e-3


def test_state_is_away_while_jax_trains(trains, backend):
    """Keras's trainer on jax takes the values; asking for one meanwhile is an error, not an old value."""
    if backend != "jax":
        pytest.skip("only jax's trainer takes values away")
    v = made()
    seen = []

    class Asks(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                with pytest.raises(tf.errors.FailedPreconditionError, match="jax_state_sync"):
                    v.numpy()
                with pytest.raises(tf.errors.FailedPreconditionError, match="jax_state_sync"):
                    v.assign(np.zeros((3, 1), np.float32))
                self.model.jax_state_sync()
                seen.append(v.numpy())

    model = keras.Sequential([Linear(v.as_keras())])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=16, epochs=1, verbose=0, callbacks=[Asks()])
    assert np.abs(seen[0] - 0.5).max() > 0
    assert np.abs(v.numpy() - seen[0]).max() > 0


def test_saved_and_loaded(tmp_path):
    v = made()
    model = keras.Sequential([keras.Input((3,)), Linear(v.as_keras())])
    model.save_weights(tmp_path / "m.weights.h5")
    v.assign(np.zeros((3, 1)))
    model.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(v.numpy(), np.full((3, 1), 0.5))


def test_stateless_call_and_scope():
    v = made()
    model = keras.Sequential([keras.Input((3,)), ThroughOnevar(v)])
    ones = [keras.ops.ones((3, 1))]
    out, _ = model.stateless_call(ones, [], X)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(out), X.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)
    with keras.StatelessScope([(v.as_keras(), ones[0])]) as scope:
        v.assign_add(np.ones((3, 1), np.float32))
        assert float(keras.ops.sum(scope.get_current_value(v.as_keras()))) == 6
    assert v.numpy().sum() == 1.5


def test_variable_of_v1_computing_at_once(trains):
    with eager_mode():
        v = tf.Variable(np.full((3, 1), 0.5, np.float32), name="net/w")
        k = v.as_keras()
        assert (v.as_keras(), k.name, k.path) == (k, "w", "net/w") or v.as_keras() is k
        model = keras.Sequential([Linear(k)])
        model.compile("sgd", "mse")
        model.fit(X, Y, epochs=1, verbose=0)
        np.testing.assert_array_equal(v.numpy(), value(k))
        v.assign(np.zeros((3, 1), np.float32))
        assert value(k).sum() == 0


def test_variable_of_a_graph_trained_by_v1_and_by_keras(trains):
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.get_variable("net/w", [3, 1], initializer=tf.ones_initializer())
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - Y))
    train = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)
    with pytest.raises(ValueError, match="no default session"):
        w.as_keras()
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized"):
            w.as_keras()
        session.run(tf.global_variables_initializer())
        assert w.as_keras(session=session) is w.as_keras()
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    k = w.as_keras(session=session)
    model = keras.Sequential([Linear(k)])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    losses = []
    for _ in range(3):
        losses.append(session.run([loss, train], {x: X})[0])
        losses.append(model.evaluate(X, Y, verbose=0))
        model.fit(X, Y, batch_size=32, epochs=1, verbose=0)
    losses.append(session.run(loss, {x: X}))
    assert losses == sorted(losses, reverse=True)
    np.testing.assert_array_equal(session.run(w), value(k))


def test_graph_variable_whose_shape_may_change_is_refused():
    w = tf.get_variable("w", initializer=np.ones(3, np.float32), validate_shape=False)
    fixed = tf.get_variable("fixed", initializer=np.ones(3, np.float32))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(ValueError, match="shape"):
            w.as_keras()
        fixed.as_keras()
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="shape"):
            session.run(tf.assign(fixed, np.ones(5, np.float32), validate_shape=False))


def test_another_framework_is_an_error_with_the_cure(backend):
    other = "torch" if backend == "numpy" else "numpy"
    v = onevar.Variable([1.0, 2.0], backend=other, name="o")
    with pytest.raises(ValueError, match=f"KERAS_BACKEND={other}.*onevar.keras.Variable"):
        v.as_keras()
    k = onevar.keras.Variable(v)
    assert k.name == "o"
    k.assign_add([1.0, 1.0])
    assert (value(k).tolist(), v.numpy().tolist()) == ([2.0, 3.0], [1.0, 2.0])
    with pytest.raises(TypeError, match="Variable of onevar is wanted"):
        onevar.keras.as_keras(np.ones(2))


def test_constructor_is_that_of_keras():
    made_here = onevar.keras.Variable("ones", shape=(2, 2), dtype="float32", trainable=False, name="n")
    assert (value(made_here).sum(), made_here.trainable, made_here.name) == (4, False, "n")
    assert made_here.onevar.backend == keras.backend.backend()
    for bad in ({"name": "a/b"}, {"aggregation": "most"}, {"synchronization": "often"}):
        with pytest.raises(ValueError, match="Argument|argument"):
            onevar.keras.Variable(np.ones(2), **bad)
    with pytest.raises(ValueError, match="shape"):
        onevar.keras.Variable("ones")
    with keras.StatelessScope():
        deferred = onevar.keras.Variable("ones", shape=(2,), name="d")
        assert float(keras.ops.sum(deferred)) == 2
        with pytest.raises(ValueError, match="stateless scope"):
            onevar.keras.Variable(np.ones(2))
    assert deferred.onevar.numpy().sum() == 2
    numbers = onevar.keras.Variable([1, 2], dtype="int32", trainable=False)
    assert numbers.onevar.dtype == "int32"


def test_layers_can_be_made_of_them():
    class Makes(keras.layers.Layer):
        def build(self, shape):
            self.w = onevar.keras.Variable("glorot_uniform", shape=(shape[-1], 2), name="w")

        def call(self, x):
            return keras.ops.matmul(x, self.w)

    model = keras.Sequential([keras.Input((3,)), Makes(name="makes")])
    assert model.weights[0].path.endswith("makes/w")
    assert tuple(model(X).shape) == (32, 2)


def test_copies_have_their_own_state():
    v = made()
    k = v.as_keras()
    for twin in (copy.deepcopy(k), pickle.loads(pickle.dumps(k)), copy.deepcopy(v).as_keras()):
        assert twin is not k
        assert (twin.name, twin.dtype) == ("w", "float32")
        twin.assign(np.zeros((3, 1)))
    assert v.numpy().sum() == 1.5


def test_what_was_shared_stays(backend):
    v = made()
    k = v.as_keras()
    lent = np.asarray(onevar.share(v, "torch" if backend == "numpy" else "numpy"))
    k.assign(np.zeros((3, 1)))
    assert lent.sum() == 1.5
    assert v.numpy().sum() == 0


def test_layout_of_a_distribution_holds(backend):
    if backend != "jax":
        pytest.skip("only jax distributes")
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=["cpu:0"]))
    try:
        k = onevar.keras.Variable("ones", shape=(4, 2), name="w")
        plain = keras.Variable("ones", shape=(4, 2), name="w")
    finally:
        keras.distribution.set_distribution(None)
    for face in (k.onevar, onevar.keras.as_onevar(plain)):
        face.assign(np.zeros((4, 2)))
        assert face.native.sharding == plain._layout.backend_layout


def test_a_trace_does_not_leave_its_tracer_behind(backend):
    if backend != "jax":
        pytest.skip("only jax has tracers")
    import jax

    v = made()
    v.as_keras()

    def step(x):
        v.assign(x)
        return x

    with pytest.raises(onevar.errors.TracedAssignment):
        jax.jit(step)(np.ones((3, 1), np.float32))
    assert v.numpy().sum() == 1.5


def test_package_is_light():
    """`import onevar.keras` imports neither Keras nor a framework."""
    code = "import sys, onevar.keras; print(sorted({'keras', 'torch', 'jax', 'tensorflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
