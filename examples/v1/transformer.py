"""A transformer that predicts the next word, with causal and padding masks: `python transformer.py --steps 200`."""

import argparse
from types import SimpleNamespace

import corpus
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

WIDTH, HEADS, LAYERS, LONGEST = 64, 4, 2, 24
PAD = 0
LINES = [line.split() for line in corpus.lines(longest=120)]
WORDS = ["<pad>", *sorted({word for line in LINES for word in line})]


def norm(x, scope, epsilon=1e-5):
    with tf.variable_scope(scope):
        n = x.shape[-1].value
        g = tf.get_variable("g", [n], initializer=tf.constant_initializer(1))
        b = tf.get_variable("b", [n], initializer=tf.constant_initializer(0))
        u = tf.reduce_mean(x, axis=-1, keepdims=True)
        s = tf.reduce_mean(tf.square(x - u), axis=-1, keepdims=True)
        return (x - u) * tf.rsqrt(s + epsilon) * g + b


def split_heads(x):
    shape = tf.shape(x)
    return tf.transpose(tf.reshape(x, [shape[0], shape[1], HEADS, WIDTH // HEADS]), [0, 2, 1, 3])


def attention(x, seen):
    q, k, v = (split_heads(part) for part in tf.split(tf.layers.dense(x, 3 * WIDTH, name="qkv"), 3, axis=2))
    scores = tf.matmul(q, k, transpose_b=True) * tf.rsqrt(tf.cast(WIDTH // HEADS, x.dtype))
    scores = scores * seen - 1e9 * (1.0 - seen)
    a = tf.matmul(tf.nn.softmax(scores), v)
    a = tf.reshape(tf.transpose(a, [0, 2, 1, 3]), tf.shape(x))
    return tf.layers.dense(tf.ensure_shape(a, x.shape), WIDTH, name="projection")


def gelu(x):
    return 0.5 * x * (1 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))


def block(x, seen, scope):
    with tf.variable_scope(scope):
        x += attention(norm(x, "norm1"), seen)
        hidden = tf.layers.dense(norm(x, "norm2"), 4 * WIDTH, activation=gelu, name="expand")
        return x + tf.layers.dense(hidden, WIDTH, name="contract")


def network(inputs):
    length = tf.shape(inputs)[1]
    known = tf.cast(tf.not_equal(inputs, PAD), tf.float32)
    past = tf.matrix_band_part(tf.ones([length, length]), -1, 0)
    seen = past[None, None] * known[:, None, None, :]

    wte = tf.get_variable("wte", [len(WORDS), WIDTH], initializer=tf.random_normal_initializer(stddev=0.02))
    wpe = tf.get_variable("wpe", [LONGEST, WIDTH], initializer=tf.random_normal_initializer(stddev=0.01))
    h = tf.gather(wte, inputs) + tf.gather(wpe, tf.range(length))
    for layer in range(LAYERS):
        h = block(h, seen, "h%d" % layer)
    h = norm(h, "norm")
    return tf.einsum("btd,wd->btw", h, wte)


def cross_entropy(logits, targets):
    weights = tf.cast(tf.not_equal(targets, PAD), tf.float32)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.reduce_sum(each * weights) / tf.reduce_sum(weights)


def model():
    tokens = tf.placeholder(tf.int32, [None, None], name="tokens")
    logits = network(tokens[:, :-1])
    loss = cross_entropy(logits, tokens[:, 1:])
    step = tf.train.get_or_create_global_step()
    now = tf.cast(step, tf.float32) + 1.0
    rate = WIDTH**-0.5 * tf.minimum(now**-0.5, now * 20.0**-1.5) * 0.1
    train = tf.train.AdamOptimizer(rate, beta2=0.98, epsilon=1e-9).minimize(loss, step)
    return SimpleNamespace(tokens=tokens, outputs=[logits], losses=[(loss, tf.trainable_variables())], train=[train])


def batches(net, size=32):
    numbers = {word: i for i, word in enumerate(WORDS)}
    order = np.random.RandomState(0)
    while True:
        chosen = [LINES[i][:LONGEST] for i in order.randint(0, len(LINES), size)]
        tokens = np.full([size, LONGEST], PAD, np.int32)
        for row, line in zip(tokens, chosen):
            row[: len(line)] = [numbers[word] for word in line]
        yield {net.tokens: tokens}


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
                print("step %d: loss %.4f" % (step, loss))


if __name__ == "__main__":
    main()
