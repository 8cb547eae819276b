"""A network trained on two devices, each with half of a batch and averaged gradients: `python towers.py`."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

tf.disable_v2_behavior()

TOWERS = 2


def on_cpu(name, shape, initializer):
    with tf.device("/cpu:0"):
        return tf.get_variable(name, shape, initializer=initializer, dtype=tf.float32)


def with_decay(name, shape, stddev, wd):
    var = on_cpu(name, shape, tf.truncated_normal_initializer(stddev=stddev))
    if wd:
        tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(var), wd, name="weight_loss"))
    return var


def inference(images):
    with tf.variable_scope("conv1") as scope:
        kernel = with_decay("weights", [3, 3, 1, 16], 0.1, 0.0)
        conv = tf.nn.conv2d(images, kernel, [1, 1, 1, 1], padding="SAME")
        biases = on_cpu("biases", [16], tf.constant_initializer(0.0))
        conv1 = tf.nn.relu(tf.nn.bias_add(conv, biases), name=scope.name)
    pool1 = tf.nn.max_pool(conv1, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME", name="pool1")
    norm1 = tf.nn.lrn(pool1, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75, name="norm1")
    with tf.variable_scope("local2") as scope:
        reshape = tf.reshape(norm1, [tf.shape(images)[0], 4 * 4 * 16])
        weights = with_decay("weights", [4 * 4 * 16, 64], 0.04, 0.004)
        biases = on_cpu("biases", [64], tf.constant_initializer(0.1))
        local2 = tf.nn.relu(tf.matmul(reshape, weights) + biases, name=scope.name)
    with tf.variable_scope("softmax_linear") as scope:
        weights = with_decay("weights", [64, 10], 1 / 64.0, 0.0)
        return tf.add(tf.matmul(local2, weights), on_cpu("biases", [10], tf.zeros_initializer()), name=scope.name)


def tower_loss(scope, images, labels):
    logits = inference(images)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="each")
    tf.add_to_collection("losses", tf.reduce_mean(each, name="cross_entropy"))
    return logits, tf.add_n(tf.get_collection("losses", scope), name="total_loss")


def average_gradients(tower_grads):
    average = []
    for pairs in zip(*tower_grads):
        grads = [tf.expand_dims(g, 0) for g, _ in pairs]
        average.append((tf.reduce_mean(tf.concat(axis=0, values=grads), 0), pairs[0][1]))
    return average


def model():
    images = tf.placeholder(tf.float32, [None, 8, 8, 1], name="images")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    parts = zip(tf.split(images, TOWERS), tf.split(labels, TOWERS))
    with tf.device("/cpu:0"):
        global_step = tf.get_variable("global_step", [], initializer=tf.constant_initializer(0), trainable=False)
        lr = tf.train.piecewise_constant(global_step, [200.0, 400.0], [0.05, 0.02, 0.01])
        optimizer = tf.train.MomentumOptimizer(lr, 0.9)
        tower_grads, outputs, losses = [], [], []
        with tf.variable_scope(tf.get_variable_scope()):
            for i, (some_images, some_labels) in enumerate(parts):
                with tf.device("/gpu:%d" % i), tf.name_scope("tower_%d" % i) as scope:
                    logits, loss = tower_loss(scope, some_images, some_labels)
                    tf.get_variable_scope().reuse_variables()
                    tower_grads.append(optimizer.compute_gradients(loss))
                    outputs.append(logits)
                    losses.append((loss, tf.trainable_variables()))
        train = optimizer.apply_gradients(average_gradients(tower_grads), global_step=global_step)
        averages = tf.train.ExponentialMovingAverage(0.99, global_step)
        with tf.control_dependencies([train]):
            train = averages.apply(tf.trainable_variables())
    return SimpleNamespace(
        images=images, labels=labels, outputs=[*outputs, optimizer.get_slot(tf.trainable_variables()[0], "momentum")],
        losses=losses, train=[train],
    )  # fmt: skip


def batches(net, size=64):
    digits = load_digits()
    images = (digits.images[..., None] / 16.0).astype(np.float32)
    order = np.random.RandomState(0)
    while True:
        chosen = order.randint(0, 1400, size)
        yield {net.images: images[chosen], net.labels: digits.target[chosen].astype(np.int32)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net = model()
    total = tf.add_n([loss for loss, _ in net.losses]) / TOWERS
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True, log_device_placement=False)) as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(options.steps), batches(net)):
            _, loss = sess.run([net.train[0], total], feeds)
            if step % 50 == 0:
                print("step %d: loss %.4f" % (step, loss))


if __name__ == "__main__":
    main()
