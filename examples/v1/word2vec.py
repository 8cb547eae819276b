"""Skip-gram word vectors by noise contrastive estimation: `python word2vec.py --steps 2000`."""

import argparse
import collections
from types import SimpleNamespace

import corpus
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

VOCABULARY, WIDTH, WINDOW, SAMPLED = 500, 32, 2, 16


def data():
    words = corpus.words()
    names = ["UNK"] + [word for word, _ in collections.Counter(words).most_common(VOCABULARY - 1)]
    numbers = {name: i for i, name in enumerate(names)}
    return np.array([numbers.get(word, 0) for word in words], np.int32), names


def model():
    centers = tf.placeholder(tf.int32, shape=[None], name="centers")
    contexts = tf.placeholder(tf.int32, shape=[None, 1], name="contexts")
    embeddings = tf.Variable(tf.random_uniform([VOCABULARY, WIDTH], -1.0, 1.0), name="embeddings")
    found = tf.nn.embedding_lookup(embeddings, centers)
    stddev = 1.0 / np.sqrt(WIDTH)
    nce_weights = tf.Variable(tf.truncated_normal([VOCABULARY, WIDTH], stddev=stddev), name="nce_weights")
    nce_biases = tf.Variable(tf.zeros([VOCABULARY]), name="nce_biases")
    loss = tf.reduce_mean(
        tf.nn.nce_loss(
            weights=nce_weights, biases=nce_biases, labels=contexts, inputs=found, num_sampled=SAMPLED,
            num_classes=VOCABULARY,
        )
    )  # fmt: skip
    train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keepdims=True))
    similarity = tf.matmul(found / tf.gather(norm, centers), embeddings / norm, transpose_b=True)
    return SimpleNamespace(
        centers=centers, contexts=contexts, similarity=similarity, outputs=[found, similarity],
        losses=[(loss, tf.trainable_variables())], train=[train],
    )  # fmt: skip


def batches(net, size=128):
    numbers, _ = data()
    order = np.random.RandomState(0)
    while True:
        centers = order.randint(WINDOW, len(numbers) - WINDOW, size)
        shifts = order.choice([shift for shift in range(-WINDOW, WINDOW + 1) if shift], size)
        yield {net.centers: numbers[centers], net.contexts: numbers[centers + shifts][:, None]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net, total = model(), 0.0
    _, names = data()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(1, options.steps + 1), batches(net)):
            _, loss = sess.run([net.train[0], net.losses[0][0]], feed_dict=feeds)
            total += loss
            if step % 500 == 0:
                print("step %d: average loss %.3f" % (step, total / 500))
                total = 0.0
        near = sess.run(net.similarity, {net.centers: np.arange(1, 9)})
        for word, row in zip(names[1:9], near):
            print("nearest to %s: %s" % (word, ", ".join(names[i] for i in (-row).argsort()[1:6])))


if __name__ == "__main__":
    main()
