"""A program whose graph is written and read: of every kind of state, with branches, loops and gradients."""

import numpy as np

X = np.linspace(-1.0, 2.0, 6, dtype=np.float32).reshape(2, 3)


def build(tf):
    """Return the fetches of a small model, and its train op."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", [3, 2], initializer=tf.constant_initializer(np.arange(6.0).reshape(3, 2) / 5))
    v = tf.get_variable("v", [2], use_resource=True, initializer=tf.ones_initializer())
    y = tf.matmul(x, w, name="y")
    chosen = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.tanh(y) * v, lambda: -y)

    def body(i, a, rows):
        a = tf.cond(i > 1, lambda: a * 2.0, lambda: a + w[0, 0] * v)
        return [i + 1, a, rows.write(i, a)]

    rows = tf.TensorArray(tf.float32, 4)
    loop = tf.while_loop(lambda i, *_: i < 4, body, [tf.constant(0), chosen, rows], maximum_iterations=9)
    loss = tf.reduce_mean(loop[1] ** 2, name="loss")
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.1).minimize(loss, step, name="train")
    tf.add_to_collection("outputs", loss)
    return [y, chosen, loop[1], loop[2].stack(), loss], train
