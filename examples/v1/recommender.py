"""Which module imports which? A recommender over Python's own library, by embeddings: `python recommender.py`."""

import argparse
import ast
import pathlib
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

WIDTH = 16


def data():
    found = []
    for path in sorted(pathlib.Path(ast.__file__).parent.glob("[a-z]*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="replace"))):
            if isinstance(node, ast.Import):
                found += [(path.stem, name.name.split(".")[0]) for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.append((path.stem, node.module.split(".")[0]))
    pairs = sorted(set(found))
    users, items = sorted({user for user, _ in pairs}), sorted({item for _, item in pairs})
    return np.array([(users.index(u), items.index(i)) for u, i in pairs], np.int32), users, items


PAIRS, USERS, ITEMS = data()


def network(user, item, label):
    scale = tf.truncated_normal_initializer(stddev=0.1)
    with tf.device("/cpu:0"), tf.variable_scope("embeddings"):
        of_users = tf.get_variable("users", [len(USERS), WIDTH], initializer=scale)
        of_items = tf.get_variable("items", [len(ITEMS), WIDTH], initializer=scale)
        bias = tf.get_variable("bias", [len(ITEMS)], initializer=tf.zeros_initializer())
    u = tf.nn.embedding_lookup(of_users, user)
    i = tf.nn.embedding_lookup(of_items, item)
    score = tf.reduce_sum(u * i, 1) + tf.nn.embedding_lookup(bias, item)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=score))
    loss += 1e-3 * (tf.nn.l2_loss(u) + tf.nn.l2_loss(i)) / tf.to_float(tf.shape(user)[0])
    return score, loss


def model():
    user = tf.placeholder(tf.int32, [None], name="user")
    item = tf.placeholder(tf.int32, [None], name="item")
    label = tf.placeholder(tf.float32, [None], name="label")
    score, loss = network(user, item, label)
    train = tf.train.AdagradOptimizer(0.2).minimize(loss)
    return SimpleNamespace(
        user=user, item=item, label=label, score=score, outputs=[score],
        losses=[(loss, tf.trainable_variables())], train=[train],
    )  # fmt: skip


def batches(net, size=128):
    order = np.random.RandomState(0)
    known = {tuple(pair) for pair in PAIRS.tolist()}
    while True:
        chosen = PAIRS[order.randint(0, len(PAIRS), size)]
        others = np.stack([order.randint(0, len(USERS), size), order.randint(0, len(ITEMS), size)], 1)
        label = np.array([1.0] * size + [float(tuple(pair) in known) for pair in others.tolist()], np.float32)
        both = np.concatenate([chosen, others]).astype(np.int32)
        yield {net.user: both[:, 0], net.item: both[:, 1], net.label: label}


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
                print("step %d: loss %.4f" % (step, loss))
        for name in ("json", "socket"):
            here = [USERS.index(name)] * len(ITEMS) if name in USERS else [0] * len(ITEMS)
            scores = sess.run(net.score, {net.user: here, net.item: np.arange(len(ITEMS))})
            print("%s imports: %s" % (name, ", ".join(ITEMS[i] for i in (-scores).argsort()[:6])))


if __name__ == "__main__":
    main()
