"""`tf.gradients` in a branch inside a loop, for what is outside of both: as TensorFlow 1.15 computes it."""

import pytest

import onevar.v1 as tf


@pytest.mark.parametrize("resource", [False, True])
def test_a_gradient_in_a_branch_in_a_loop(resource):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=2.0, use_resource=resource)
        outside = tf.square(v)

        def body(i, total):
            def more():
                return total + tf.gradients(tf.square(v), v)[0] + tf.gradients(outside, v)[0]

            return i + 1, tf.cond(i < 2, more, lambda: total)

        _, total = tf.while_loop(lambda i, total: i < 3, body, [0, 0.0], back_prop=False)
        session.run(tf.global_variables_initializer())
        assert session.run(total) == 16.0


def test_a_gradient_in_a_branch_for_each_element():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(2.0)

        def slope(i):
            return tf.cond(i < 1.0, lambda: tf.gradients(x * x * i, x)[0], lambda: tf.gradients(x * x * x * i, x)[0])

        found = tf.map_fn(slope, tf.constant([0.5, 2.0]), back_prop=False)
        assert session.run(found).tolist() == [2.0, 24.0]
