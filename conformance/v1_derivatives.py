"""Programs about derivatives of derivatives: of what leads to the inner variable not all depends on the outer one."""

from typing import Any

from onevar.conformance.v1_table import program, started, thrice


def _network(tf: Any, x: Any, t: Any, weights: list[Any]) -> Any:
    """A network of two inputs that are put together, and scaled, before a weight has part in it."""
    h = tf.concat([2.0 * x - 1.0, tf.square(t)], 1)
    for w in weights[:-1]:
        h = tf.tanh(tf.matmul(h, w))
    return tf.matmul(h, weights[-1])


def _weights(tf: Any) -> list[Any]:
    return [
        tf.get_variable(f"w{i}", shape, initializer=tf.constant_initializer(0.3 + 0.1 * i))
        for i, shape in enumerate([(2, 3), (3, 3), (3, 1)])
    ]


@program("V1-33", needs=("gradients",))
def weights_of_an_equation(tf: Any) -> Any:
    """Gradients by weights of first and second derivatives by inputs, and of sums of these."""
    x, t = tf.placeholder(tf.float32, [None, 1]), tf.placeholder(tf.float32, [None, 1])
    weights = _weights(tf)
    u = _network(tf, x, t, weights)
    u_x, u_t = tf.gradients(u, [x, t])
    u_xx = tf.gradients(u_x, x)[0]
    out = []
    for residual in (u_x, u_xx, u_t + u * u_x - 0.1 * u_xx):
        out += tf.gradients(tf.reduce_mean(tf.square(residual)), weights)
    out.append(tf.gradients(tf.reduce_sum(tf.square(u_xx)) + tf.reduce_mean(u), weights[0])[0])
    feed = {x: [[0.1], [0.4], [-0.3]], t: [[0.2], [0.0], [0.9]]}
    with started(tf) as session:
        return thrice(session, out, feed)


@program("V1-33", needs=("gradients",))
def penalty_on_a_gradient(tf: Any) -> Any:
    """The gradient of a penalty on a gradient by what was mixed of two inputs before any weight."""
    real, fake = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None, 2])
    w = tf.get_variable("w", [2, 1], initializer=tf.constant_initializer([0.5, -0.4]))
    mixed = fake + 0.3 * (real - fake)
    score = tf.sigmoid(tf.matmul(tf.square(mixed), w))
    slopes = tf.sqrt(tf.reduce_sum(tf.square(tf.gradients(score, mixed)[0]), 1))
    by_real = tf.gradients(score, real)[0]
    penalty = tf.reduce_mean(tf.square(slopes - 1.0)) + tf.reduce_sum(by_real * by_real)
    feed = {real: [[0.1, 0.4], [0.9, -0.3]], fake: [[0.2, 0.1], [0.0, 0.7]]}
    with started(tf) as session:
        return thrice(session, [penalty, *tf.gradients(penalty, [w, fake])], feed)


@program("V1-33", needs=("gradients",))
def third_derivative(tf: Any) -> Any:
    """Three derivatives deep, with operations on the way that only the innermost needs."""
    x = tf.placeholder(tf.float32, [])
    w = tf.get_variable("w", [], initializer=tf.constant_initializer(0.7))
    y = tf.exp(w * tf.sin(2.0 * x))
    by_x = tf.gradients(y, x)[0]
    by_xx = tf.gradients(by_x, x)[0]
    by_xxw = tf.gradients(by_xx, w)[0]
    with started(tf) as session:
        return thrice(session, [y, by_x, by_xx, by_xxw, tf.gradients(by_xxw, x)[0]], {x: 0.3})
