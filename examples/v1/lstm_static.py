"""A digit read row by row by an unrolled LSTM: `python lstm_static.py --steps 300`."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

tf.disable_v2_behavior()

ROWS, COLUMNS, UNITS, CLASSES = 8, 8, 64, 10


def network(x):
    weights = {"out": tf.Variable(tf.random_normal([UNITS, CLASSES], stddev=0.1))}
    biases = {"out": tf.Variable(tf.zeros([CLASSES]))}

    steps = tf.unstack(x, ROWS, 1)
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS, forget_bias=1.0)
    outputs, _ = tf.nn.static_rnn(cell, steps, dtype=tf.float32)
    return tf.matmul(outputs[-1], weights["out"]) + biases["out"]


def model():
    x = tf.placeholder("float", [None, ROWS, COLUMNS])
    y = tf.placeholder("float", [None, CLASSES])
    logits = network(x)
    prediction = tf.nn.softmax(logits)

    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    train = tf.train.RMSPropOptimizer(learning_rate=0.002).minimize(loss)
    right = tf.equal(tf.argmax(prediction, 1), tf.argmax(y, 1))
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
    return SimpleNamespace(
        x=x, y=y, accuracy=accuracy, outputs=[prediction], losses=[(loss, tf.trainable_variables())], train=[train]
    )


def data():
    digits = load_digits()
    return (digits.images / 16.0).astype(np.float32), np.eye(CLASSES, dtype=np.float32)[digits.target]


def batches(net, size=64):
    images, labels = data()
    order = np.random.RandomState(0)
    while True:
        chosen = order.randint(0, 1400, size)
        yield {net.x: images[chosen], net.y: labels[chosen]}


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
            sess.run(net.train[0], feed_dict=feeds)
            if step % 50 == 0:
                loss, accuracy = sess.run([net.losses[0][0], net.accuracy], feed_dict=feeds)
                print("step %d: loss %.4f, accuracy %.3f" % (step, loss, accuracy))
        print("test accuracy %.4f" % sess.run(net.accuracy, {net.x: images[1400:], net.y: labels[1400:]}))


if __name__ == "__main__":
    main()
