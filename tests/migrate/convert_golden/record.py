"""Records what real TensorFlow 1.15 saves and computes, for the tests of `onevar convert`: python record.py FOLDER.

Needs Python 3.7 and TensorFlow 1.15.
"""

import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import graph_util

FOLDER = sys.argv[1]


def images():
    """A convolutional network with everything that lies differently elsewhere, and an Adam step."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    h = tf.layers.conv2d(x, 4, 3, padding="valid", activation=tf.nn.relu, name="net/conv1")
    h = tf.layers.batch_normalization(h, training=False, name="net/bn1")
    h = tf.contrib.layers.separable_conv2d(h, None, 3, 2, padding="VALID", scope="net/dw", activation_fn=None)
    h = tf.layers.separable_conv2d(h, 6, 2, padding="valid", name="net/sep")
    h = tf.layers.conv2d_transpose(h, 5, 3, strides=2, padding="valid", name="net/up")
    h = tf.layers.flatten(h)
    h = tf.contrib.layers.layer_norm(tf.layers.dense(h, 7, tf.nn.tanh, name="net/fc1"), scope="net/ln")
    y = tf.layers.dense(h, 2, name="net/fc2")
    return x, y


def cells():
    """Recurrent networks as the checkpoints of 2017 have them."""
    x = tf.placeholder(tf.float32, [2, 5, 3], name="x")
    rnn = tf.nn.rnn_cell
    outputs = {}
    two = rnn.MultiRNNCell([rnn.BasicLSTMCell(4), rnn.BasicLSTMCell(4)])
    outputs["lstm"] = tf.nn.dynamic_rnn(two, x, dtype=tf.float32, scope="lstm")[0]
    both, _ = tf.nn.bidirectional_dynamic_rnn(
        rnn.LSTMCell(4, forget_bias=1.0), rnn.LSTMCell(4, forget_bias=1.0), x, dtype=tf.float32, scope="two"
    )
    outputs["two"] = tf.concat(both, -1)
    outputs["gru"] = tf.nn.dynamic_rnn(rnn.GRUCell(4), x, dtype=tf.float32, scope="gru")[0]
    cudnn = tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(4)
    outputs["after"] = tf.nn.dynamic_rnn(cudnn, x, dtype=tf.float32, scope="after")[0]
    outputs["plain"] = tf.nn.dynamic_rnn(rnn.BasicRNNCell(4), x, dtype=tf.float32, scope="plain")[0]
    projected = rnn.LSTMCell(4, num_proj=3)
    outputs["projected"] = tf.nn.dynamic_rnn(projected, x, dtype=tf.float32, scope="projected")[0]
    return x, outputs


def randomised(session, seed):
    """Give every variable its own random numbers, variances positive ones."""
    rng = np.random.RandomState(seed)
    for variable in tf.global_variables():
        value = rng.normal(scale=0.5, size=variable.shape.as_list())
        variable.load(np.abs(value) + 0.5 if "variance" in variable.name else value, session)


def training(name, optimizer):
    """Three steps of an optimizer, a checkpoint, and the losses of five more."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.layers.dense(tf.layers.dense(x, 4, tf.nn.tanh, name="hidden"), 2, name="out")
        loss = tf.reduce_mean(y**2)
        step = optimizer.minimize(loss, tf.train.get_or_create_global_step())
        session.run(tf.global_variables_initializer())
        rng = np.random.RandomState(4)
        for variable in tf.trainable_variables():
            variable.load(rng.normal(size=variable.shape.as_list()), session)
        feed = {x: np.random.RandomState(5).normal(size=(6, 3)).astype("f")}
        for _ in range(3):
            session.run(step, feed)
        tf.train.Saver().save(session, name + ".ckpt", write_meta_graph=False, write_state=False)
        losses = []
        for _ in range(5):
            losses.append(session.run([loss, step], feed)[0])
        np.savez(name + ".npz", x=feed[x], losses=losses)


def main():
    os.chdir(FOLDER)
    training("adam", tf.train.AdamOptimizer(0.05))
    training("momentum", tf.train.MomentumOptimizer(0.05, 0.9))
    if len(sys.argv) > 2:
        return
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = images()
        averages = tf.train.ExponentialMovingAverage(0.9)
        average = averages.apply(tf.trainable_variables())
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer(0.01).minimize(tf.reduce_mean(y**2), step)
        session.run(tf.global_variables_initializer())
        randomised(session, 0)
        feed = np.random.RandomState(1).normal(size=(2, 8, 8, 3)).astype("f")
        for variable in tf.global_variables():
            if "beta1_power" in variable.name:
                variable.load(0.9, session)
            if "beta2_power" in variable.name:
                variable.load(0.999, session)
            if "Adam" in variable.name or "global_step" in variable.name:
                variable.load(np.zeros(variable.shape.as_list()), session)
        for _ in range(3):
            session.run([train, average], {x: feed})
        np.savez("images.npz", x=feed, y=session.run(y, {x: feed}))
        tf.train.Saver().save(session, "images.ckpt", write_meta_graph=False, write_state=False)
        tf.train.Saver(tf.trainable_variables(), write_version=tf.train.SaverDef.V1).save(
            session, "old.ckpt", write_meta_graph=False, write_state=False
        )
        frozen = graph_util.convert_variables_to_constants(session, session.graph_def, [y.op.name])
        with open("frozen.pb", "wb") as file:
            file.write(frozen.SerializeToString())
    with tf.Graph().as_default(), tf.Session() as session:
        x, outputs = cells()
        session.run(tf.global_variables_initializer())
        randomised(session, 2)
        feed = np.random.RandomState(3).normal(size=(2, 5, 3)).astype("f")
        np.savez("cells.npz", x=feed, **session.run(outputs, {x: feed}))
        tf.train.Saver().save(session, "cells.ckpt", write_meta_graph=False, write_state=False)


main()
