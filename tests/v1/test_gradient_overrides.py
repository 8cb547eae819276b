"""`gradient_override_map` with the gradient of one of TensorFlow's own op types: values of TensorFlow 1.15."""

import pytest

import onevar.v1 as tf


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Identity", [1.0, 2.0, 3.0, 4.0, 5.0]),
        ("Relu", [0.0, 0.0, 0.0, 4.0, 5.0]),
        ("Relu6", [0.0, 0.0, 0.0, 4.0, 0.0]),
        ("Sigmoid", [-6.0, 0.0, 0.0, 0.0, -210.0]),
        ("Tanh", [-3.0, 2.0, 3.0, 0.0, -240.0]),
    ],
)
def test_another_op_types_gradient(name, wanted):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.constant([-2.0, -0.4, 0.3, 0.7, 7.0])
        with graph.gradient_override_map({"Round": name}):
            y = tf.round(x)
        (found,) = tf.gradients(y, x, tf.constant([1.0, 2.0, 3.0, 4.0, 5.0]))
        assert session.run(found).tolist() == pytest.approx(wanted)


def test_straight_through_in_a_loop():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.constant([-2.0, -0.4, 7.0])
        with graph.gradient_override_map({"Round": "Identity"}):
            _, y = tf.while_loop(lambda i, v: i < 2, lambda i, v: (i + 1, tf.round(v) * 2.0), [tf.constant(0), x])
        assert session.run(tf.gradients(y, x))[0].tolist() == [4.0, 4.0, 4.0]


def test_a_name_that_nobody_registered():
    with tf.Graph().as_default() as graph:
        x = tf.constant(1.0)
        with graph.gradient_override_map({"Round": "NoSuch"}):
            y = tf.round(x)
        with pytest.raises(LookupError, match=r"No gradient defined for operation 'Round' \(op type: NoSuch\)"):
            tf.gradients(y, x)


def test_optimizers_are_derived_from_optimizer_at_once():
    # GPflow looks for them in this way.
    for name in dir(tf.train):
        if name.endswith("Optimizer") and name != "Optimizer":
            assert getattr(tf.train, name).__base__ is tf.train.Optimizer
