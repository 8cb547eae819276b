"""A variational autoencoder of digits: `python vae.py --steps 500`."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

tf.disable_v2_behavior()

PIXELS, HIDDEN, LATENT = 64, 96, 8


def glorot(shape):
    return tf.random_normal(shape=shape, stddev=1.0 / tf.sqrt(shape[0] / 2.0))


def model():
    w = {
        "encoder": tf.Variable(glorot([PIXELS, HIDDEN])),
        "mean": tf.Variable(glorot([HIDDEN, LATENT])),
        "spread": tf.Variable(glorot([HIDDEN, LATENT])),
        "decoder": tf.Variable(glorot([LATENT, HIDDEN])),
        "out": tf.Variable(glorot([HIDDEN, PIXELS])),
    }
    b = {name: tf.Variable(tf.zeros([v.get_shape()[1]]), name="bias_" + name) for name, v in w.items()}

    x = tf.placeholder(tf.float32, shape=[None, PIXELS])
    hidden = tf.nn.tanh(tf.matmul(x, w["encoder"]) + b["encoder"])
    mean = tf.matmul(hidden, w["mean"]) + b["mean"]
    log_variance = tf.matmul(hidden, w["spread"]) + b["spread"]
    noise = tf.random_normal(tf.shape(log_variance), dtype=tf.float32, mean=0.0, stddev=1.0, name="noise")
    z = mean + tf.exp(log_variance / 2) * noise
    logits = tf.matmul(tf.nn.tanh(tf.matmul(z, w["decoder"]) + b["decoder"]), w["out"]) + b["out"]
    drawn = tf.nn.sigmoid(logits)

    likelihood = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), 1)
    divergence = -0.5 * tf.reduce_sum(1 + log_variance - tf.square(mean) - tf.exp(log_variance), 1)
    loss = tf.reduce_mean(likelihood + divergence)
    train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    return SimpleNamespace(
        x=x, drawn=drawn, outputs=[mean, log_variance, drawn], losses=[(loss, tf.trainable_variables())], train=[train]
    )


def batches(net, size=64):
    images = (load_digits().data / 16.0).astype(np.float32)
    order = np.random.RandomState(0)
    while True:
        yield {net.x: images[order.randint(0, len(images), size)]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net = model()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(options.steps), batches(net)):
            loss, _ = sess.run([net.losses[0][0], net.train[0]], feeds)
            if step % 100 == 0:
                print("step %d: loss %.3f" % (step, loss))


if __name__ == "__main__":
    main()
