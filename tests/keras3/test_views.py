"""A `keras.Variable` seen as a Variable of onevar: Keras 3 face, v1 computing at once, v1 in a graph."""

import copy
import operator
import pickle

import keras
import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar import errors
from onevar.core.context import eager_mode
from onevar.keras.views import as_onevar, eager_view, graph_view

X = np.random.RandomState(0).randn(32, 3).astype("float32")
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)


SYMBOLS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne")


def value(x):
    return keras.ops.convert_to_numpy(x.value)


def made(first=1.0, shape=(3, 1), name="kernel", **options):
    return keras.Variable(np.full(shape, first, np.float32), name=name, **options)


def other_framework(backend):
    return "torch" if backend == "numpy" else "numpy"


# -- the Keras 3 face -------------------------------------------------------------------------------


def test_one_state_one_face(backend):
    kv = made()
    face = as_onevar(kv)
    assert isinstance(face, onevar.Variable)
    assert as_onevar(kv) is face
    assert as_onevar(face) is face
    assert face.as_keras() is kv
    assert (face.backend, face.shape, face.dtype, face.name, face.path) == (
        backend,
        (3, 1),
        "float32",
        "kernel",
        kv.path,
    )
    assert face.native is kv._value
    kv.assign(np.full((3, 1), 2.0))
    assert face.numpy().sum() == 6
    face.assign_add(np.ones((3, 1)))
    face.assign_sub(0.5 * np.ones((3, 1)))
    np.testing.assert_array_equal(value(kv), np.full((3, 1), 2.5))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(face + face * 2.0), np.full((3, 1), 7.5))


def test_what_keras_rebinds_is_seen():
    kv = made()
    face, view = as_onevar(kv), eager_view(kv)
    kv._value = made(5.0)._value
    assert face.numpy().sum() == view.numpy().sum() == 15


def test_annotations_are_keras_own():
    kv = made(trainable=False)
    face = as_onevar(kv)
    face.trainable = True
    assert kv.trainable
    face.regularizer = kv_regularizer = keras.regularizers.L2(0.1)
    kv.constraint = keras.constraints.NonNeg()
    assert kv.regularizer is kv_regularizer
    assert face.constraint is kv.constraint
    with pytest.raises(ValueError, match="must match"):
        face.assign(np.zeros((2, 1)))


def test_scopes_of_keras_hold_for_every_face():
    kv = made()
    face, view = as_onevar(kv), eager_view(kv, "net/w")
    inside = keras.ops.convert_to_tensor(np.full((3, 1), 4.0, np.float32))
    with keras.StatelessScope([(kv, inside)]) as scope, eager_mode():
        assert float(keras.ops.sum(face.value)) == float(keras.ops.sum(view.value())) == 12
        face.assign_add(np.ones((3, 1), np.float32))
        view.assign_sub(np.full((3, 1), 2.0, np.float32))
        tf.assign_add(view, np.full((3, 1), 3.0, np.float32))
        assert float(keras.ops.sum(scope.get_current_value(kv))) == 18
    assert value(kv).sum() == 3


def test_autocast_of_keras_holds():
    kv = made(1.5)
    face, view = as_onevar(kv), eager_view(kv)
    layer = keras.layers.Dense(1, dtype="mixed_float16")
    seen = []

    class Looks(keras.layers.Layer):
        def call(self, x):
            seen.append((face.dtype, view.dtype.name, keras.backend.standardize_dtype(face.value.dtype)))
            with eager_mode():
                view.assign(view.value() * 2)
                view.assign_add(np.full((3, 1), 0.25, np.float16))
            return x

    assert layer.dtype_policy.name == "mixed_float16"
    Looks(dtype="mixed_float16")(np.ones((1, 1), np.float32))
    assert seen == [("float16", "float16", "float16")]
    assert keras.backend.standardize_dtype(kv._value.dtype) == "float32"
    np.testing.assert_array_equal(value(kv), np.full((3, 1), 3.25))


def test_a_scope_of_onevar_holds_for_keras():
    kv = made()
    face = as_onevar(kv)

    def step(x):
        kv.assign_add(x)
        return keras.ops.sum(kv) + keras.ops.sum(face.value)

    ones = keras.ops.ones((3, 1))
    out, (new,) = onevar.functionalize(step, [face])([ones * 2], ones)
    assert float(out) == 18
    assert float(keras.ops.sum(new)) == 9
    assert value(kv).sum() == 3
    with pytest.raises(ValueError, match="does not list"):
        onevar.functionalize(step, [])([], ones)


def test_copies_have_their_own_state():
    kv = made()
    face = as_onevar(kv)
    eager_view(kv)
    for twin in (copy.deepcopy(face), pickle.loads(pickle.dumps(face)), face.v1._clone()):
        twin.assign(np.zeros((3, 1), np.float32))
    again = copy.deepcopy(kv)
    again.assign(np.zeros((3, 1)))
    assert as_onevar(again) is not face
    assert value(kv).sum() == 3


def test_share_copy_explain(backend):
    kv = made()
    face = as_onevar(kv)
    other = other_framework(backend)
    shared = np.asarray(onevar.share(face, other))
    assert "zero-copy" in str(onevar.explain(face, other))
    face.assign(np.zeros((3, 1)))
    assert shared.sum() == 3, "what was shared stays"
    assert onevar.copy(face, "numpy").sum() == 0
    if backend != "tensorflow":  # there a keras.Variable is a tensor itself
        with pytest.raises(TypeError, match="as_onevar"):
            onevar.share(kv, other)


def test_only_keras_variables_have_views():
    for call in (as_onevar, eager_view, graph_view):
        with pytest.raises(TypeError, match=r"keras\.Variable is wanted"):
            call(np.ones(3))


# -- v1, at once --------------------------------------------------------------------------------------


def test_eager_view_is_a_v1_variable():
    kv = made()
    view = eager_view(kv, "net/w")
    assert eager_view(kv, "net/w") is view
    assert view.name == "net/w:0"
    assert view.shape.as_list() == [3, 1]
    assert view.dtype is tf.float32
    assert view.trainable
    assert view.as_keras() is kv
    assert view.keras is as_onevar(kv)
    with eager_mode():
        view.assign(np.zeros((3, 1), np.float32))
        view.scatter_update(tf.IndexedSlices(np.ones((1, 1), np.float32), np.array([2])))
        np.testing.assert_array_equal(value(kv).ravel(), [0, 0, 1])
        with pytest.raises(ValueError, match="Shape mismatch"):
            view.assign(np.zeros((2, 1), np.float32))
        assert float(keras.ops.sum(tf.matmul(tf.constant(X), view))) == pytest.approx(X[:, 2].sum(), abs=1e-4)


def test_gradients_reach_keras_variables_in_v1_functions(trains, backend):
    """A `keras.Variable` given to v1 functions is no array: nothing is cut off."""
    kv = made(0.5)
    with eager_mode():
        view = eager_view(kv)
        expected = 2 * X.T @ (X @ value(kv) - Y) / 32
        for used in (view, kv):
            pairs = tf.train.GradientDescentOptimizer(0.1).compute_gradients(
                lambda used=used: tf.reduce_mean(tf.square(tf.subtract(tf.matmul(tf.constant(X), used), Y))), [view]
            )
            np.testing.assert_allclose(keras.ops.convert_to_numpy(pairs[0][0]), expected, rtol=1e-4, atol=1e-6)
    if backend == "torch":
        mixed = onevar.Variable(np.ones((3, 1), np.float32)) * kv
        mixed.sum().backward()
        np.testing.assert_array_equal(kv.value.grad.numpy(), np.ones((3, 1)))


@pytest.mark.parametrize("listed", [True, False])
def test_v1_optimizer_trains_a_keras_model_at_once(trains, listed):
    """Through Keras's own call: gradients reach its variables, and what it assigns meanwhile is kept."""
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.1)]
    )
    model.add(keras.layers.Dense(1))
    target = keras.ops.convert_to_tensor(Y)

    def loss():
        return keras.ops.mean(keras.ops.square(model(X, training=True) - target))

    before = [value(w) for w in model.weights]
    with eager_mode():
        optimizer = tf.train.AdamOptimizer(0.05)
        first = float(loss())
        for _ in range(4):
            optimizer.minimize(loss, var_list=model.trainable_variables if listed else None)
        assert float(loss()) < first
    moved = [np.abs(value(w) - b).max() for w, b in zip(model.weights, before, strict=True)]
    assert all(m > 0 for m in moved), "trainable ones, moving averages, the state of dropout"


def test_saver_at_once(tmp_path):
    layer = keras.layers.Dense(2, name="dense")
    layer.build((None, 3))
    old = [value(w) for w in layer.weights]
    with eager_mode():
        saver = tf.train.Saver(layer.weights)
        path = saver.save(None, str(tmp_path / "model"))
        assert [name for name, _ in tf.train.list_variables(path)] == ["dense/bias", "dense/kernel"]
        for w in layer.weights:
            w.assign(np.ones(w.shape))
        saver.restore(None, path)
    for w, b in zip(layer.weights, old, strict=True):
        np.testing.assert_array_equal(value(w), b)


# -- v1, in a graph ----------------------------------------------------------------------------------


def test_graph_view_is_a_v1_variable_of_every_session():
    kv = made()
    view = graph_view(kv, "dense/kernel")
    assert graph_view(kv) is view
    assert view.name == "dense/kernel:0"
    assert tf.trainable_variables() == tf.global_variables() == [view]
    assert graph_view(made(trainable=False), "dense/mean", collections=["mine"]) in tf.get_collection("mine")
    with tf.Session() as one, tf.Session() as two:
        one.run(tf.global_variables_initializer())
        assert one.run(tf.report_uninitialized_variables()).size == 0
        np.testing.assert_array_equal(one.run(view), np.ones((3, 1)))
        two.run(tf.assign(view, np.zeros((3, 1), np.float32)))
        assert one.run(view).sum() == value(kv).sum() == 0
        kv.assign(np.full((3, 1), 3.0))
        assert two.run(tf.reduce_sum(view)) == 9
        view.load(np.ones((3, 1)), one)
        one.run(tf.global_variables_initializer())
        assert value(kv).sum() == 3, "initialised already"
        with pytest.raises(ValueError, match="shape"):
            view.load(np.ones((2, 2)), one)
        assert one.run(view.initialized_value()).sum() == 3
    with tf.Graph().as_default():
        assert graph_view(kv) is not view


def test_graph_view_keeps_its_shape():
    view = graph_view(made(), "w")
    grown = tf.placeholder(tf.float32)
    with tf.Session() as session, pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="shape"):
        session.run(tf.raw_ops.AssignVariableOp(resource=view.handle, value=grown), {grown: np.ones((5, 5))})


def test_session_of_another_framework_is_an_error(backend):
    view = graph_view(made(), "w")
    with onevar.use_backend(other_framework(backend)):
        session = tf.Session()
    with session, pytest.raises(errors.Unsupported, match="KERAS_BACKEND"):
        session.run(view)


@pytest.mark.parametrize("name", ["GradientDescent", "Adam"])
def test_v1_training_op_updates_a_keras_variable(trains, name):
    kv = made(0.0)
    x = tf.placeholder(tf.float32, [None, 3])
    loss = tf.reduce_mean(tf.square(tf.matmul(x, graph_view(kv)) - Y))
    optimizer = getattr(tf.train, f"{name}Optimizer")(0.1)
    train = optimizer.minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, train], {x: X})[0] for _ in range(5)]
        np.testing.assert_array_equal(session.run(graph_view(kv)), value(kv))
    assert losses == sorted(losses, reverse=True)
    assert np.abs(value(kv)).min() > 0


def test_v1_saver_restores_into_a_keras_layer(tmp_path):
    """By name, or not at all: elsewhere nothing is restored, and nothing is said."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("net/dense/kernel", initializer=np.full((3, 2), 7.0, np.float32))
        tf.get_variable("net/dense/bias", initializer=np.full(2, 8.0, np.float32))
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    views = [graph_view(w, f"net/dense/{w.name}") for w in layer.weights]
    with tf.Session() as session:
        tf.train.Saver(views).restore(session, path)
        assert (value(layer.kernel).min(), value(layer.bias).max()) == (7, 8)
        lost = graph_view(made(), "net/elsewhere")
        with pytest.raises(tf.errors.NotFoundError, match="net/elsewhere"):
            tf.train.Saver([*views, lost]).restore(session, path)
        wrong = graph_view(made(shape=(5, 5)), "w")
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="shape"):
            tf.train.Saver({"net/dense/kernel": wrong}).restore(session, path)
    assert value(layer.kernel).min() == 7


def test_tf1_checkpoint_restores_into_a_keras_layer_by_its_own_variables(tmp_path):
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    layer.kernel.assign(np.full((3, 2), 7.0))
    with tf.Session() as session:
        saver = tf.train.Saver({"a/kernel": layer.kernel, "a/bias": layer.bias})
        path = saver.save(session, str(tmp_path / "model"))
        layer.kernel.assign(np.zeros((3, 2)))
        saver.restore(session, path)
    assert value(layer.kernel).min() == 7


def test_init_from_checkpoint_into_a_keras_variable(tmp_path):
    """Elsewhere an AttributeError: `get_shape`."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("old/kernel", initializer=np.full((3, 1), 7.0, np.float32))
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
    kv, named = made(), made(name="other")
    graph_view(named, "new/kernel")
    with pytest.raises(ValueError, match="not found"):
        tf.train.init_from_checkpoint(path, {"old/nothing": kv})
    with pytest.raises(ValueError, match="Shape"):
        tf.train.init_from_checkpoint(path, {"old/kernel": made(shape=(2, 2), name="wrong")})
    tf.train.init_from_checkpoint(path, {"old/kernel": kv, "old/": "new/"})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
    assert value(kv).min() == value(named).min() == 7
    with eager_mode(), pytest.raises(RuntimeError, match="Saver"):
        tf.train.init_from_checkpoint(path, {"old/kernel": kv})


@pytest.mark.usefixtures("trains")
def test_faces_of_a_keras_variable_are_that_variable_in_a_graph():
    """Elsewhere a constant: no gradient, and nothing that could be assigned."""
    kernel = made()
    total = tf.constant(np.ones((3, 1), "float32"))
    for face in (as_onevar(kernel), as_onevar(kernel).v1):
        assert tf.gradients(tf.nn.l2_loss(face) + tf.reduce_sum(total * face), [face, kernel]).count(None) == 0
        with tf.Session() as session:
            session.run(tf.assign(face, np.full((3, 1), 4.0)))
            assert value(kernel).min() == 4
            session.run(tf.train.GradientDescentOptimizer(1.0).minimize(tf.nn.l2_loss(face), var_list=[face]))
            assert value(kernel).max() == 0


def test_operators_with_tensors_of_a_graph():
    """In both orders, and for the `keras.Variable` itself."""
    mine, theirs = np.array([1.0, 3.0, 5.0], "float32"), np.array([2.0, 3.0, 4.0], "float32")
    variable, other = keras.Variable(np.zeros(3, "float32")), tf.placeholder(tf.float32, [3])
    pairs = [(v, other) for v in (as_onevar(variable), variable)]
    pairs += [(b, a) for a, b in pairs]
    symbols = [getattr(operator, name) for name in SYMBOLS]
    variable.assign(mine)
    with tf.Session() as session:
        found = session.run([compute(*pair) for compute in symbols for pair in pairs], {other: theirs})
    expected = [compute(*pair) for compute in symbols for pair in [(mine, theirs)] * 2 + [(theirs, mine)] * 2]
    for one, another in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-6, atol=1e-6)
