"""A convolutional network with batch norm and dropout on handwritten digits: `python cnn.py --steps 300`."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

tf.disable_v2_behavior()


def network(images, training, rate=0.3):
    net = tf.layers.conv2d(images, 16, 3, padding="same", use_bias=False, name="conv1")
    net = tf.nn.relu(tf.layers.batch_normalization(net, training=training, name="norm1"))
    net = tf.layers.max_pooling2d(net, 2, 2)
    net = tf.layers.conv2d(net, 32, 3, padding="same", activation=tf.nn.relu, name="conv2")
    net = tf.layers.average_pooling2d(net, 2, 2)
    net = tf.layers.flatten(net)
    net = tf.layers.dense(net, 64, activation=tf.nn.relu, kernel_initializer=tf.variance_scaling_initializer())
    net = tf.layers.dropout(net, rate, training=training)
    return tf.layers.dense(net, 10, kernel_regularizer=lambda w: 1e-4 * tf.nn.l2_loss(w), name="logits")


def model(rate=0.3):
    images = tf.placeholder(tf.float32, [None, 8, 8, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")

    logits = network(images, training, rate)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    loss += tf.losses.get_regularization_loss()
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32))

    step = tf.train.get_or_create_global_step()
    learning_rate = tf.train.exponential_decay(2e-3, step, 100, 0.8, staircase=True)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.AdamOptimizer(learning_rate).minimize(loss, global_step=step)
    return SimpleNamespace(
        images=images, labels=labels, training=training, accuracy=accuracy, outputs=[logits],
        losses=[(loss, tf.trainable_variables())], train=[train],
    )  # fmt: skip


def data():
    digits = load_digits()
    return (digits.images[..., None] / 16.0).astype(np.float32), digits.target.astype(np.int64)


def batches(net, size=64):
    images, labels = data()
    order = np.random.RandomState(0)
    while True:
        chosen = order.randint(0, 1400, size)
        yield {net.images: images[chosen], net.labels: labels[chosen], net.training: True}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net = model()
    images, labels = data()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(options.steps), batches(net)):
            loss, _ = sess.run([net.losses[0][0], net.train[0]], feeds)
            if step % 50 == 0:
                print("step %d: loss %.4f" % (step, loss))
        right = sess.run(net.accuracy, {net.images: images[1400:], net.labels: labels[1400:]})
        print("test accuracy %.4f" % right)


if __name__ == "__main__":
    main()
