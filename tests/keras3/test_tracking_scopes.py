"""Variable scopes in tracked methods mean what they mean in a graph of TensorFlow 1, in each call anew."""

from contextlib import contextmanager

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.keras import track_v1_variables

X = np.ones((2, 3), "float32")


def in_layer(function, calls=2):
    """Run a function in a tracked method, in several calls; return the layer."""

    class Scoped(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            function()
            return x

    layer = Scoped()
    for _ in range(calls):
        layer(X)
    return layer


@contextmanager
def _eager():
    tf.enable_eager_execution()
    try:
        yield
    finally:
        tf.disable_eager_execution()


def names(layer):
    return [v.v1_name for v in layer.weights]


def test_get_variable_and_reuse():
    def function():
        with tf.variable_scope("a") as scope:
            v = tf.get_variable("v", [1])
            with pytest.raises(ValueError, match="Variable a/v already exists"):
                tf.get_variable("v", [1])
            scope.reuse_variables()
            assert tf.get_variable("v", [1]) is v
            with pytest.raises(ValueError, match="does not exist, or was not created"):
                tf.get_variable("w", [1])
        with tf.variable_scope("a", reuse=True):
            assert tf.get_variable("v") is v
            with pytest.raises(ValueError, match="specified shape"):
                tf.get_variable("v", [2])
        with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
            assert tf.get_variable("v", [1]) is v

    assert names(in_layer(function)) == ["a/v"]


def test_names_of_scopes_and_operations():
    seen = []

    def function():
        with tf.variable_scope("tower") as tower:
            v = tf.get_variable("w", [])
            with tf.name_scope("testname1") as sc1:
                assert sc1 == "tower/testname1/"
        with tf.variable_scope(tower, reuse=True), tf.name_scope("testname2") as sc2:
            assert sc2 == "tower_1/testname2/"
        with tf.variable_scope(None, "default"):
            tf.get_variable("w", [])
        with tf.variable_scope(None, "default"):
            tf.get_variable("w", [])
        with tf.name_scope("ns"):
            tf.get_variable("plain", [])
            tf.Variable(1.0, name="x")
        tf.Variable(1.0, name="x")
        tf.Variable(1.0, name="x")
        seen.append((v.name, v.op.name))

    expected = ["tower/w", "default/w", "default_1/w", "plain", "ns/x", "x", "x_1"]
    assert names(in_layer(function, calls=3)) == expected
    assert seen == [("tower/w:0", "tower/w")] * 3


def test_opening_scopes_again():
    def function():
        with tf.variable_scope("outer") as outer:
            with tf.variable_scope(tf.get_variable_scope(), default_name="unused"):
                assert tf.get_variable_scope().name == "outer"
            with tf.variable_scope("outer"):
                assert tf.get_variable_scope().name == "outer/outer"
        for _ in range(2):
            with tf.variable_scope(outer, auxiliary_name_scope=False):
                with tf.variable_scope(None, "inner"):
                    tf.get_variable("w", [], initializer=tf.zeros_initializer()) if not tf.get_collection(
                        "there"
                    ) else None
                assert tf.get_variable_scope().name == "outer"
        with tf.variable_scope(""):
            assert tf.get_variable_scope().name == ""

    with pytest.raises(ValueError, match="already exists"):
        in_layer(function)


def test_scope_defaults():
    values = []

    def function():
        init = tf.constant_initializer(0.3)
        with tf.variable_scope("tower", initializer=init, dtype=tf.float32) as tower:
            with tf.variable_scope("foo", initializer=tf.constant_initializer(0.4)):
                tf.get_variable("v", [])
            tf.get_variable("w", [])
            with tf.variable_scope(tower, initializer=tf.constant_initializer(0.5)):
                tf.get_variable("x", [])
            assert tower.initializer is init

    layer = in_layer(function)
    values = {v.v1_name: float(v.numpy()) for v in layer.weights}
    assert values == pytest.approx({"tower/foo/v": 0.4, "tower/w": 0.3, "tower/x": 0.5})


def test_values_and_dtypes():
    def function():
        assert tf.get_variable("v", initializer=[4, 5], dtype=tf.int32, trainable=False).dtype is tf.int32
        assert tf.get_variable("s", initializer=7.0).shape.as_list() == []
        with pytest.raises(ValueError, match="do not specify shape"):
            tf.get_variable("bad", shape=[1], initializer=[1.0])
        with pytest.raises(ValueError, match="must be specified"):
            tf.get_variable("worse")

    layer = in_layer(function)
    assert [(v.v1_name, v.dtype, v.trainable) for v in layer.weights] == [
        ("s", "float32", True),
        ("v", "int32", False),
    ]


def test_regularizers_of_scopes():
    def function():
        with tf.variable_scope("t", regularizer=lambda x: tf.constant(2.0)):
            tf.get_variable("a", [1])
            tf.get_variable("b", [1], regularizer=tf.no_regularizer)
            with tf.variable_scope("u"):
                tf.get_variable("c", [1])
        assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 2
        with tf.variable_scope("t", reuse=True):
            tf.get_variable("a", [1])
        assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 2

    layer = in_layer(function)
    assert [float(keras.ops.convert_to_numpy(loss)) for loss in layer.losses] == [2.0, 2.0]


def test_custom_getters_and_creators():
    order = []

    def getter(getter, name, *args, **kwargs):
        order.append(name)
        return getter(f"{name}_renamed", *args, **kwargs)

    def creator(next_creator, **kwargs):
        order.append("creator")
        return next_creator(**kwargs)

    def function():
        with tf.variable_scope("s", custom_getter=getter), tf.variable_creator_scope(creator):
            v = tf.get_variable("v", [2])
        assert v.name == "s/v_renamed:0"

    assert names(in_layer(function, calls=1)) == ["s/v_renamed"]
    assert order == ["s/v", "creator"]


def test_collections_are_those_of_the_call():
    def function():
        with tf.variable_scope("a"):
            v = tf.get_variable("v", [1], collections=["mine", tf.GraphKeys.GLOBAL_VARIABLES])
            w = tf.get_local_variable("w", [1])
        assert tf.get_collection("mine") == [v]
        assert tf.trainable_variables() == [v]
        assert tf.local_variables() == [w]
        assert tf.global_variables("a/") == [v]

    layer = in_layer(function, calls=3)
    assert [v.trainable for v in layer.weights] == [True, False]


def test_templates_layers_and_arg_scopes():
    slim = tf.contrib.slim

    def function():
        scaled = tf.make_template("scaled", lambda x: x * tf.get_variable("k", [], initializer=tf.ones_initializer()))
        scaled(scaled(1.0))
        with slim.arg_scope([slim.fully_connected], biases_initializer=None):
            slim.fully_connected(tf.ones([2, 3]), 2, scope="fc")
            slim.fully_connected(tf.ones([2, 3]), 2, scope="fc", reuse=True)
        slim.repeat(tf.ones([2, 3]), 2, slim.fully_connected, 3, scope="r")

    assert sorted(names(in_layer(function))) == [
        "fc/weights",
        "r/r_1/biases",
        "r/r_1/weights",
        "r/r_2/biases",
        "r/r_2/weights",
        "scaled/k",
    ]


def test_templates_that_the_layer_keeps():
    """As `tf.make_template` in a module's constructor: each call finds by name what the first made."""

    class Scaled(keras.layers.Layer):
        def __init__(self, template):
            super().__init__()
            self.scaled = template

        @track_v1_variables
        def call(self, x):
            with tf.variable_scope("foo"):
                x = self.scaled(self.scaled(x))
            assert [v.name for v in self.scaled.trainable_variables] == ["foo/scale/y:0"]
            return x

    def scale(x):
        return x * tf.get_variable(
            "y", [], initializer=tf.constant_initializer(1.5), regularizer=tf.contrib.layers.l2_regularizer(2.0)
        )

    def run(template):
        layer = Scaled(template)
        for _ in range(3):
            np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(X)), 2.25 * X)
        assert names(layer) == ["foo/scale/y"]
        assert [float(loss) for loss in layer.losses] == [2.25]

    template = tf.make_template("scale", scale)
    run(template)
    run(template)  # of two layers, with a variable each
    with _eager():
        eager = tf.make_template("scale", scale)
        run(eager)


def test_a_template_whose_scope_is_fixed():
    class Fixed(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.t = tf.make_template("t", lambda x: x + tf.get_variable("b", [3]), create_scope_now_=True)

        @track_v1_variables
        def call(self, x):
            with tf.variable_scope("elsewhere"):
                return self.t(self.t(x))

    layer = Fixed()
    layer(X), layer(X)
    assert names(layer) == ["t/b"]


def test_variables_are_the_same_objects_in_later_calls():
    seen = []
    in_layer(lambda: seen.append(tf.get_variable("v", [2])), calls=3)
    assert seen[0] is seen[1] is seen[2]
    np.testing.assert_array_equal(seen[0].numpy(), seen[0].as_keras().numpy())
    with pytest.raises(AttributeError, match="inside the layer's tracked"):
        seen[0].op  # noqa: B018


def test_a_loop_that_no_trial_ends_is_not_tried_for_ever():
    """Keras asks for shapes only; a decoder that never finds its last token in made-up numbers has none."""

    class Decoding(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            rows = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[2, 3])
            going = lambda i, _: tf.logical_or(i < 4, tf.reduce_sum(x) < 50.0)  # noqa: E731
            return tf.while_loop(going, lambda i, a: (i + 1, a.write(i, x)), [0, rows])[1].stack()

    layer = Decoding()
    assert layer(keras.Input((3,), batch_size=2)).shape[1:] == (2, 3)
    if keras.backend.backend() == "torch":  # the others compile a while_loop, whose rows have to have a bound
        assert tuple(layer(np.full((2, 3), 20.0, "float32")).shape) == (4, 2, 3)
