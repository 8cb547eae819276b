"""A generative adversarial network that draws digits, two optimizers by scope: `python gan.py --steps 1000`."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

tf.disable_v2_behavior()

NOISE = 16


def generator(z, reuse=False):
    with tf.variable_scope("generator", reuse=reuse):
        h = tf.layers.dense(z, 64, activation=tf.nn.leaky_relu)
        h = tf.layers.dense(h, 128, activation=tf.nn.leaky_relu)
        return tf.layers.dense(h, 64, activation=tf.nn.tanh)


def discriminator(x, reuse=False):
    with tf.variable_scope("discriminator", reuse=reuse):
        h = tf.layers.dense(x, 128, activation=lambda v: tf.maximum(0.2 * v, v))
        h = tf.layers.dropout(h, 0.2, training=True)
        return tf.layers.dense(h, 1)


def model():
    real = tf.placeholder(tf.float32, [None, 64], name="real")
    noise = tf.placeholder(tf.float32, [None, NOISE], name="noise")
    fake = generator(noise)
    on_real, on_fake = discriminator(real), discriminator(fake, reuse=True)

    def cross(logits, label):
        labels = tf.ones_like(logits) * label
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))

    d_loss = cross(on_real, 0.9) + cross(on_fake, 0.0)
    g_loss = cross(on_fake, 1.0)
    d_vars = [v for v in tf.trainable_variables() if v.name.startswith("discriminator")]
    g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
    d_train = tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(d_loss, var_list=d_vars)
    g_train = tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(g_loss, var_list=g_vars)
    return SimpleNamespace(
        real=real, noise=noise, fake=fake, outputs=[fake], losses=[(d_loss, d_vars), (g_loss, g_vars)],
        train=[d_train, g_train],
    )  # fmt: skip


def batches(net, size=64):
    images = (load_digits().data / 8.0 - 1.0).astype(np.float32)
    order = np.random.RandomState(0)
    while True:
        noise = order.uniform(-1, 1, [size, NOISE]).astype(np.float32)
        yield {net.real: images[order.randint(0, len(images), size)], net.noise: noise}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net = model()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(options.steps), batches(net)):
            d_loss, _ = sess.run([net.losses[0][0], net.train[0]], feeds)
            g_loss, _ = sess.run([net.losses[1][0], net.train[1]], feeds)
            if step % 100 == 0:
                print("step %d: discriminator %.4f, generator %.4f" % (step, d_loss, g_loss))
        picture = sess.run(net.fake, {net.noise: np.zeros([1, NOISE])}).reshape(8, 8)
        for row in picture:
            print("".join(" .:*#"[int((pixel + 1) * 2.49)] for pixel in row))


if __name__ == "__main__":
    main()
