"""Handwritten digits, a TensorFlow 1 script: `python digits.py` or `onevar run digits.py --backend torch`.

Nothing in it knows of onevar. It saves a checkpoint that TensorFlow and onevar both read, and goes on from one if
`--restore` names it.
"""

import argparse
import json
import time

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

tf.disable_v2_behavior()

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--save")
parser.add_argument("--restore")
parser.add_argument("--json")
FLAGS = parser.parse_args()


def batches(images, labels, count, size):
    order = np.random.RandomState(0)
    for _ in range(count):
        chosen = order.randint(0, len(images), size)
        yield images[chosen], labels[chosen]


def dense(inputs, units, name, activation=None):
    with tf.variable_scope(name):
        shape = [inputs.get_shape()[1], units]
        kernel = tf.get_variable("kernel", shape)
        bias = tf.get_variable("bias", [units], initializer=tf.zeros_initializer())
        outputs = tf.matmul(inputs, kernel) + bias
        return activation(outputs) if activation else outputs


def main():
    tf.set_random_seed(1)
    digits = load_digits()
    images = (digits.images.reshape(-1, 64) / 16.0).astype(np.float32)
    labels = digits.target.astype(np.int64)
    train, test = slice(0, 1400), slice(1400, None)

    x = tf.placeholder(tf.float32, [None, 64], name="images")
    y = tf.placeholder(tf.int64, [None], name="labels")
    hidden = dense(x, 128, "hidden", tf.tanh)
    logits = dense(hidden, 10, "output")
    chosen = tf.reduce_sum(tf.one_hot(y, 10) * logits, axis=1)
    loss = tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1) - chosen)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))

    global_step = tf.train.get_or_create_global_step()
    weights = tf.trainable_variables()
    averages = tf.train.ExponentialMovingAverage(0.99, global_step)
    momenta = [tf.Variable(tf.zeros_like(w.initial_value), trainable=False, name="momentum") for w in weights]
    # TensorFlow 1 orders nothing by itself: all gradients first, then the updates.
    gradients = tf.tuple(tf.gradients(loss, weights))
    updates = []
    for weight, momentum, gradient in zip(weights, momenta, gradients):
        with tf.control_dependencies([momentum.assign(0.9 * momentum + gradient)]):
            updates.append(weight.assign_sub(FLAGS.lr * momentum.read_value()))
    with tf.control_dependencies(updates):
        train_op = tf.group(averages.apply(weights), tf.assign_add(global_step, 1))
    saver = tf.train.Saver()

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        if FLAGS.restore:
            saver.restore(sess, FLAGS.restore)
        losses, seconds = [], []
        for images_now, labels_now in batches(images[train], labels[train], FLAGS.steps, FLAGS.batch):
            started = time.time()
            value, _ = sess.run([loss, train_op], feed_dict={x: images_now, y: labels_now})
            seconds.append(time.time() - started)
            losses.append(float(value))
        step, test_loss, right = sess.run([global_step, loss, accuracy], {x: images[test], y: labels[test]})
        print("step %d: test loss %.6f, test accuracy %.4f" % (step, test_loss, right))
        if FLAGS.save:
            print("saved to", saver.save(sess, FLAGS.save, global_step=global_step))
        if FLAGS.json:
            with open(FLAGS.json, "w") as file:
                result = {"losses": losses, "seconds": seconds, "test_loss": float(test_loss), "accuracy": float(right)}
                json.dump(result, file)


if __name__ == "__main__":
    main()
