"""A language model of characters, lines of any length: two LSTM layers with dropout, `python lstm_dynamic.py`."""

import argparse
from types import SimpleNamespace

import corpus
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

LINES = corpus.lines()
CHARACTERS = sorted(set("".join(LINES)))
UNITS, LAYERS, WIDTH = 64, 2, 24


def network(inputs, lengths, keep):
    def layer():
        cell = tf.nn.rnn_cell.LSTMCell(UNITS, initializer=tf.orthogonal_initializer(), state_is_tuple=True)
        return tf.nn.rnn_cell.DropoutWrapper(cell, output_keep_prob=keep)

    with tf.variable_scope("model", initializer=tf.random_uniform_initializer(-0.1, 0.1)):
        embedding = tf.get_variable("embedding", [len(CHARACTERS), WIDTH])
        cell = tf.nn.rnn_cell.MultiRNNCell([layer() for _ in range(LAYERS)])
        state = cell.zero_state(tf.shape(inputs)[0], tf.float32)
        # One step after the other: TensorFlow hands out dropout's numbers in the order in which steps come to run.
        outputs, state = tf.nn.dynamic_rnn(
            cell,
            tf.nn.embedding_lookup(embedding, inputs),
            sequence_length=lengths,
            initial_state=state,
            parallel_iterations=1,
        )
        return tf.layers.dense(outputs, len(CHARACTERS), name="logits"), state


def cross_entropy(logits, targets, lengths):
    mask = tf.sequence_mask(lengths, tf.shape(targets)[1], dtype=tf.float32)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.reduce_sum(each * mask) / tf.reduce_sum(mask)


def model():
    inputs = tf.placeholder(tf.int32, [None, None], name="inputs")
    targets = tf.placeholder(tf.int32, [None, None], name="targets")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    keep = tf.placeholder_with_default(1.0, [], name="keep")

    logits, state = network(inputs, lengths, keep)
    loss = cross_entropy(logits, targets, lengths)

    variables = tf.trainable_variables()
    gradients, norm = tf.clip_by_global_norm(tf.gradients(loss, variables), 1.0)
    optimizer = tf.train.AdamOptimizer(0.005)
    train = optimizer.apply_gradients(zip(gradients, variables), tf.train.get_or_create_global_step())
    return SimpleNamespace(
        inputs=inputs, targets=targets, lengths=lengths, keep=keep, state=state, logits=logits,
        outputs=[logits, norm, state[1].h], losses=[(loss, variables)], train=[train],
    )  # fmt: skip


def batches(net, size=32):
    numbers = {character: i for i, character in enumerate(CHARACTERS)}
    order = np.random.RandomState(0)
    while True:
        chosen = [[numbers[c] for c in LINES[i]] for i in order.randint(0, len(LINES), size)]
        lengths = np.array([len(line) - 1 for line in chosen], np.int32)
        table = np.zeros([size, lengths.max() + 1], np.int32)
        for row, line in zip(table, chosen):
            row[: len(line)] = line
        yield {net.inputs: table[:, :-1], net.targets: table[:, 1:], net.lengths: lengths, net.keep: 0.8}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net = model()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step, feeds in zip(range(options.steps), batches(net)):
            loss, _ = sess.run([net.losses[0][0], net.train[0]], feeds)
            if step % 20 == 0:
                print("step %d: perplexity %.2f" % (step, np.exp(loss)))
        line = "the "
        for _ in range(40):
            now = [[CHARACTERS.index(c) for c in line]]
            scores = sess.run(net.logits, {net.inputs: now, net.lengths: [len(line)]})
            line += CHARACTERS[int(scores[0, -1].argmax())]
        print(line)


if __name__ == "__main__":
    main()
