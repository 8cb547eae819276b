"""`tf.layers.Layer`, signatures, eager layers, checkpoints both ways, and `tf.contrib.layers` of TensorFlow 1.15."""

import inspect
import json
from pathlib import Path

import layer_programs
import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.v1 import layers_base

HERE = Path(__file__).parent / "golden"
GOLDEN = json.loads((HERE / "layers.json").read_text())


@pytest.fixture
def numpy_backend():
    with onevar.use_backend("numpy"):
        yield


def seen(program):
    with tf.Graph().as_default() as graph:
        made = json.loads(json.dumps(program(tf)))
        return made, [[op.type, op.name] for op in graph.get_operations()]


@pytest.mark.parametrize("program", layer_programs.LAYERS, ids=lambda program: program.__name__)
def test_layers_are_tensorflows(program, numpy_backend):
    made, operations = seen(program)
    theirs, their_operations = GOLDEN["layers"][program.__name__]
    assert made == theirs
    assert operations == their_operations


@pytest.mark.parametrize("program", layer_programs.CONTRIB[:2], ids=lambda program: program.__name__)
def test_contrib_layers_are_those_of_tensorflow_1_15(program, numpy_backend):
    made, operations = seen(program)
    theirs, their_operations = GOLDEN["contrib"][program.__name__]
    # The last operation of dropout in training is another one since.
    assert made == theirs
    variables = [name for kind, name in their_operations if kind == "VariableV2"]
    assert [name for kind, name in operations if kind == "VariableV2"] == variables


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_contrib_layers_compute_what_they_do_in_tensorflow_1_15(backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    with onevar.use_backend(backend):
        made, _ = seen(layer_programs.contrib_values)
    theirs, _ = GOLDEN["contrib"]["contrib_values"]
    for mine, real in zip(made, theirs, strict=True):
        np.testing.assert_allclose(mine, real, rtol=2e-4, atol=2e-3)


def plain(default):
    if default is None or isinstance(default, bool | int | float | str):
        return default
    return list(default) if isinstance(default, tuple) else type(default).__name__


@pytest.mark.parametrize("name", sorted(GOLDEN["signatures"]))
def test_signatures_are_tensorflows(name):
    parameters = list(inspect.signature(getattr(tf.layers, name)).parameters.values())
    mine = [p.name if p.default is p.empty else [p.name, plain(p.default)] for p in parameters]
    if name == "Layer":
        # `dynamic`, which Keras's own layers take, is an argument with an error of its own here.
        mine.remove(["dynamic", False])
    assert mine == GOLDEN["signatures"][name]


def test_a_checkpoint_of_tensorflow_is_read(numpy_backend):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2, 5, 5, 2], name="x")
        output = layer_programs.network(tf, x)
        tf.train.Saver().restore(session, str(HERE / "layers"))
        values = np.cos(np.arange(100, dtype=np.float32)).reshape(2, 5, 5, 2)
        np.testing.assert_allclose(session.run(output, {x: values}), GOLDEN["restored"], rtol=1e-5, atol=1e-5)


def test_a_checkpoint_has_tensorflows_names(tmp_path, numpy_backend):
    theirs = dict(tf.train.list_variables(str(HERE / "layers")))
    with tf.Graph().as_default(), tf.Session() as session:
        layer_programs.network(tf, tf.placeholder(tf.float32, [2, 5, 5, 2], name="x"))
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "mine"))
    assert dict(tf.train.list_variables(path)) == theirs


def array(tensor):
    return np.asarray(tensor.detach() if hasattr(tensor, "detach") else tensor)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_layers_compute_eagerly(backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    from onevar.core.context import eager_mode

    with onevar.use_backend(backend), eager_mode():
        x = np.ones((2, 4), np.float32)
        layer = tf.layers.Dense(3, kernel_initializer=tf.ones_initializer(), activation=tf.nn.relu)
        norm = tf.layers.BatchNormalization(momentum=0.5)
        first, second = layer(tf.constant(x)), layer(tf.constant(2.0 * x))
        np.testing.assert_allclose(array(first), np.full((2, 3), 4.0))
        np.testing.assert_allclose(array(second), np.full((2, 3), 8.0))
        assert [v.shape.as_list() for v in layer.trainable_variables] == [[4, 3], [3]]
        norm(tf.constant(4.0 * x), training=True)
        np.testing.assert_allclose(norm.moving_mean.numpy(), np.full(4, 2.0))
        np.testing.assert_allclose(array(norm(tf.constant(2.0 * x))), np.zeros((2, 4)), atol=1e-5)


def test_weights_are_read_and_set(numpy_backend):
    with tf.Graph().as_default():
        layer = tf.layers.Dense(2)
        layer(tf.placeholder(tf.float32, [None, 3]))
        with pytest.raises(onevar.errors.Unsupported, match="default session"):
            layer.get_weights()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            layer.set_weights([np.full((3, 2), 5.0), np.array([1.0, 2.0])])
            kernel, bias = layer.get_weights()
            assert kernel.tolist() == [[5.0, 5.0]] * 3 and bias.tolist() == [1.0, 2.0]
            with pytest.raises(ValueError, match="weight list of length 1"):
                layer.set_weights([np.zeros((3, 2))])
            with pytest.raises(ValueError, match="not compatible"):
                layer.set_weights([np.zeros((2, 3)), np.zeros(2)])


def test_dynamic_layers_are_refused(numpy_backend):
    with pytest.raises(onevar.errors.Unsupported, match="dynamic"):
        layers_base.Layer(dynamic=True)
