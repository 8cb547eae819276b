"""A graph convolutional network: digits are nodes, neighbours share edges, few have labels: `python graph_network.py`.

Features and the adjacency matrix are sparse placeholders, and dropout keeps some of the features that are there.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits
from sklearn.neighbors import kneighbors_graph

tf.disable_v2_behavior()

NODES, LABELLED, HIDDEN = 600, 60, 16


def sparse_dropout(x, keep_prob, shape):
    random_tensor = keep_prob
    random_tensor += tf.random_uniform(shape)
    mask = tf.cast(tf.floor(random_tensor), dtype=tf.bool)
    return tf.sparse_retain(x, mask) * (1.0 / keep_prob)


def glorot(shape, name):
    limit = np.sqrt(6.0 / (shape[0] + shape[1]))
    return tf.Variable(tf.random_uniform(shape, minval=-limit, maxval=limit, dtype=tf.float32), name=name)


def to_tuple(matrix):
    matrix = sp.coo_matrix(matrix)
    order = np.lexsort((matrix.col, matrix.row))
    coordinates = np.vstack((matrix.row[order], matrix.col[order])).transpose()
    return coordinates.astype(np.int64), matrix.data[order].astype(np.float32), matrix.shape


def data():
    digits = load_digits()
    features = digits.data[:NODES]
    edges = kneighbors_graph(features, 6, include_self=True)
    edges = edges.maximum(edges.T)
    scale = sp.diags(np.asarray(edges.sum(1)).ravel() ** -0.5)
    features = features / features.sum(1, keepdims=True)
    return to_tuple(features), to_tuple(scale @ edges @ scale), np.eye(10, dtype=np.float32)[digits.target[:NODES]]


def model():
    features = tf.sparse_placeholder(tf.float32, name="features")
    support = tf.sparse_placeholder(tf.float32, name="support")
    labels = tf.placeholder(tf.float32, [None, 10], name="labels")
    mask = tf.placeholder(tf.float32, [None], name="mask")
    keep = tf.placeholder_with_default(1.0, shape=())
    nonzero = tf.placeholder(tf.int32)

    w1, w2 = glorot([64, HIDDEN], "weights1"), glorot([HIDDEN, 10], "weights2")
    hidden = tf.sparse_tensor_dense_matmul(sparse_dropout(features, keep, nonzero), w1)
    hidden = tf.nn.relu(tf.sparse_tensor_dense_matmul(support, hidden))
    hidden = tf.nn.dropout(hidden, keep)
    logits = tf.sparse_tensor_dense_matmul(support, tf.matmul(hidden, w2))

    each = tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=labels)
    loss = tf.reduce_mean(each * mask / tf.reduce_mean(mask)) + 5e-4 * tf.nn.l2_loss(w1)
    right = tf.cast(tf.equal(tf.argmax(logits, 1), tf.argmax(labels, 1)), tf.float32)
    accuracy = tf.reduce_mean(right * mask / tf.reduce_mean(mask))
    train = tf.train.AdamOptimizer(learning_rate=0.02).minimize(loss)
    return SimpleNamespace(
        features=features, support=support, labels=labels, mask=mask, keep=keep, nonzero=nonzero, accuracy=accuracy,
        outputs=[logits], losses=[(loss, tf.trainable_variables())], train=[train],
    )  # fmt: skip


def feeds_for(net, labelled, keep):
    features, support, labels = data()
    mask = np.zeros([NODES], np.float32)
    mask[labelled] = 1
    return {
        net.features: features, net.support: support, net.labels: labels, net.mask: mask, net.keep: keep,
        net.nonzero: features[1].shape,
    }  # fmt: skip


def batches(net):
    feeds = feeds_for(net, slice(0, LABELLED), 0.5)
    while True:
        yield feeds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net = model()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(options.steps), batches(net)):
            _, loss = sess.run([net.train[0], net.losses[0][0]], feed_dict=feeds)
            if step % 50 == 0:
                print("step %d: loss %.4f" % (step, loss))
        print("accuracy on the rest %.4f" % sess.run(net.accuracy, feeds_for(net, slice(LABELLED, None), 1.0)))


if __name__ == "__main__":
    main()
