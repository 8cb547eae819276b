"""A network that solves Burgers' equation u_t + u u_x = v u_xx, by second derivatives and L-BFGS: `python physics.py`.

The setting is that of M. Raissi, P. Perdikaris and G. E. Karniadakis, "Physics-informed neural networks", Journal of
Computational Physics 378 (2019): u(0, x) = -sin(pi x) on [-1, 1], and u(t, -1) = u(t, 1) = 0. `tf.contrib.opt`
was TensorFlow 1's; TensorFlow 2 has none.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

LAYERS = [2, 20, 20, 20, 1]
VISCOSITY = 0.01 / np.pi


class Network:
    def __init__(self, layers):
        self.weights, self.biases = [], []
        for inputs, outputs in zip(layers[:-1], layers[1:]):
            stddev = np.sqrt(2.0 / (inputs + outputs))
            self.weights.append(tf.Variable(tf.truncated_normal([inputs, outputs], stddev=stddev), dtype=tf.float32))
            self.biases.append(tf.Variable(tf.zeros([1, outputs], dtype=tf.float32), dtype=tf.float32))

    def __call__(self, x, t):
        h = tf.concat([x, 2.0 * t - 1.0], 1)
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            h = tf.tanh(tf.add(tf.matmul(h, w), b))
        return tf.add(tf.matmul(h, self.weights[-1]), self.biases[-1])

    def residual(self, x, t):
        u = self(x, t)
        u_t = tf.gradients(u, t)[0]
        u_x = tf.gradients(u, x)[0]
        u_xx = tf.gradients(u_x, x)[0]
        return u_t + u * u_x - VISCOSITY * u_xx


def model():
    x, t, u = (tf.placeholder(tf.float32, shape=[None, 1], name=name) for name in "xtu")
    x_inside, t_inside = (tf.placeholder(tf.float32, shape=[None, 1], name=name) for name in ("x_in", "t_in"))
    network = Network(LAYERS)
    predicted, residual = network(x, t), network.residual(x_inside, t_inside)
    loss = tf.reduce_mean(tf.square(u - predicted)) + tf.reduce_mean(tf.square(residual))
    train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    return SimpleNamespace(
        x=x, t=t, u=u, x_inside=x_inside, t_inside=t_inside, outputs=[predicted, residual],
        losses=[(loss, tf.trainable_variables())], train=[train],
    )  # fmt: skip


def batches(net, border=100, inside=1000):
    chosen = np.random.RandomState(0)
    x, t = chosen.uniform(-1, 1, [border, 1]), chosen.uniform(0, 1, [border, 1])
    start = np.arange(border)[:, None] % 2 == 0
    t, x = np.where(start, 0.0, t), np.where(start, x, np.sign(x))
    u = np.where(start, -np.sin(np.pi * x), 0.0)
    x_inside, t_inside = chosen.uniform(-1, 1, [inside, 1]), chosen.uniform(0, 1, [inside, 1])
    while True:
        yield {net.x: x, net.t: t, net.u: u, net.x_inside: x_inside, net.t_inside: t_inside}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--lbfgs", type=int, default=300)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net = model()
    loss = net.losses[0][0]
    lbfgs = tf.contrib.opt.ScipyOptimizerInterface(
        loss, method="L-BFGS-B", options={"maxiter": options.lbfgs, "maxcor": 50, "ftol": np.finfo(float).eps}
    )
    values = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(options.steps), batches(net)):
            value, _ = sess.run([loss, net.train[0]], feeds)
            if step % 100 == 0:
                print("Adam, step %d: loss %.5f" % (step, value))
        lbfgs.minimize(sess, feed_dict=feeds, fetches=[loss], loss_callback=values.append)
        print("L-BFGS, %d evaluations: loss %.6f" % (len(values), sess.run(loss, feeds)))


if __name__ == "__main__":
    main()
