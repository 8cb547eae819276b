"""The two faces of a Variable: which arguments make which, and both over the same state."""

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.context import eager_mode
from onevar.keras3 import KerasVariable


@pytest.fixture(autouse=True, params=["numpy", "torch", "jax", "tensorflow"])
def backend(request):
    if request.param != "numpy":
        pytest.importorskip(request.param)
    with onevar.use_backend(request.param), tf.Graph().as_default():
        yield request.param


def test_v1_arguments_make_the_v1_face():
    v = onevar.Variable(initial_value=[1.0, 2.0], name="w")
    assert isinstance(v, tf.Variable)
    assert (v.name, v.op.type, tf.global_variables()) == ("w:0", "VariableV2", [v])
    assert onevar.Variable([1.0], collections=[tf.GraphKeys.LOCAL_VARIABLES]).dtype.name == "float32_ref"
    assert onevar.Variable([1.0], use_resource=True).op.type == "VarHandleOp"


def test_keras_arguments_make_the_keras_face():
    assert isinstance(onevar.Variable([1.0, 2.0]), KerasVariable)


def test_both_together_are_refused():
    with pytest.raises(TypeError, match="initial_value belong to tf.compat.v1.Variable, autocast to keras.Variable"):
        onevar.Variable(initial_value=1.0, autocast=True)


def test_a_graph_variable_without_a_session():
    v = tf.Variable([1.0, 2.0], name="w")
    for ask in (lambda: v.keras, lambda: v.native, lambda: onevar.share(v, "numpy"), lambda: np.asarray(v)):
        with pytest.raises(ValueError, match="there is no default session"):
            ask()


def test_a_graph_variable_before_its_initializer():
    v = tf.Variable([1.0, 2.0], name="w")
    with tf.Session(), pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value w"):
        v.keras  # noqa: B018


@pytest.mark.parametrize("resource", [False, True])
def test_a_graph_variable_in_its_session(backend, resource):
    with tf.name_scope("scope"):
        v = tf.Variable([1.0, 2.0], name="w", use_resource=resource, trainable=False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        face = v.keras
        assert isinstance(face, KerasVariable)
        assert (face.name, face.path, face.dtype, face.shape) == ("w", "scope/w", "float32", (2,))
        assert (face.trainable, face.backend, face.aggregation) == (False, backend, "none")
        face.assign([7.0, 8.0])
        assert session.run(v).tolist() == [7.0, 8.0]
        session.run(v.assign_add([1.0, 1.0]))
        assert face.numpy().tolist() == [8.0, 9.0]
        assert v.backend == backend
        assert v.numpy().tolist() == [8.0, 9.0]
        assert onevar.adapter_of(v.native) is not None
        assert onevar.share(v, "numpy").tolist() == [8.0, 9.0]
        assert np.asarray(v).tolist() == [8.0, 9.0]
        assert face.keras is face


def test_each_session_has_its_own():
    v = tf.Variable(1.0)
    first, second = tf.Session(), tf.Session()
    for session in (first, second):
        session.run(v.initializer)
    with first.as_default():
        v.keras.assign(5.0)
    assert (first.run(v), second.run(v)) == (5.0, 1.0)


def test_the_v1_face_of_a_keras_variable(backend):
    k = onevar.Variable([1.0, 2.0], name="k", trainable=False)
    face = k.v1
    assert isinstance(face, tf.Variable)
    assert (face.name, face.dtype, face.shape.as_list(), face.trainable) == ("k:0", tf.float32, [2], False)
    assert face.aggregation == tf.VariableAggregation.MEAN
    with eager_mode():
        face.assign_add([1.0, 1.0])
        assert k.numpy().tolist() == [2.0, 3.0]
        k.assign([0.0, 0.0])
        assert face.numpy().tolist() == [0.0, 0.0]
        with pytest.raises(ValueError, match="Shape mismatch"):
            face.assign([1.0])
    assert face.v1 is face
    face.keras.assign([4.0, 4.0])
    assert k.numpy().tolist() == [4.0, 4.0]


def test_a_keras_variable_computes_with_a_v1_one():
    k, v = onevar.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with tf.Session() as session:
        session.run(v.initializer)
        assert onevar.copy(k + v, "numpy").tolist() == [4.0, 6.0]


@pytest.mark.parametrize(
    "use",
    [
        lambda k, x: k + x, lambda k, x: x + k, lambda k, x: tf.multiply(k, x), lambda k, x: tf.identity(k),
        lambda k, x: tf.stack([x, k]), lambda k, x: tf.Variable(k), lambda k, x: tf.assign(tf.Variable(x), k),
    ],
)  # fmt: skip
def test_a_keras_variable_would_be_a_constant_of_a_graph(use):
    k, x = onevar.Variable([1.0, 2.0], name="outside"), tf.placeholder(tf.float32, [2])
    with pytest.raises(TypeError, match="'outside' is outside of the graph"):
        use(k, x)
    with tf.Session() as session:
        assert session.run(tf.constant(k.numpy()) + x, {x: k}).tolist() == [2.0, 4.0]


def test_a_v1_variable_as_the_value_of_a_keras_one():
    v = tf.Variable([3.0, 4.0])
    with tf.Session() as session:
        session.run(v.initializer)
        assert onevar.Variable(v).numpy().tolist() == [3.0, 4.0]
