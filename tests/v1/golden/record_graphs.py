"""Record graphs of real TensorFlow, with their checkpoints and what they compute: `python record_graphs.py OUT.zip`.

Runs under TensorFlow 1.15 and under 2.x (as `tf.compat.v1`); `graphs_1.zip` and `graphs_2.zip` are one of each.
"""

import json
import os
import sys
import tempfile
import warnings
import zipfile

import numpy as np

warnings.filterwarnings("ignore")
import tensorflow  # noqa: E402

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
RANDOM = np.random.RandomState(0)


def conv():
    x, y = tf.placeholder(tf.float32, [None, 8, 8, 3], "x"), tf.placeholder(tf.int64, [None], "y")
    kernel = tf.get_variable("kernel", [3, 3, 3, 4])
    h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "SAME"), tf.get_variable("b", [4])))
    h, mean, _ = tf.nn.fused_batch_norm(h, tf.ones([4]), tf.zeros([4]))
    moving = tf.get_variable("moving", [4], initializer=tf.zeros_initializer(), trainable=False)
    h = tf.reshape(tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"), [-1, 64])
    logits = tf.matmul(h, tf.get_variable("dense", [64, 5], use_resource=True), name="logits")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss")
    with tf.control_dependencies([tf.assign_sub(moving, 0.1 * (moving - mean))]):
        train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss, tf.train.create_global_step(), name="train")
    feeds = {x: RANDOM.randn(4, 8, 8, 3).astype("f"), y: np.array([0, 1, 2, 3])}
    return feeds, [logits, loss, moving], train


def branches():
    x, training = tf.placeholder(tf.float32, [None, 3], "x"), tf.placeholder_with_default(True, [], "training")
    w = tf.get_variable("w", [3, 2])
    v = tf.get_variable("v", [2], use_resource=True, initializer=tf.ones_initializer())
    h = tf.cond(training, lambda: tf.nn.dropout(tf.matmul(x, w), 0.5, seed=3), lambda: tf.matmul(x, w))
    pos = tf.reduce_sum(x) > 0
    c = tf.cond(pos, lambda: tf.tanh(h) * v, lambda: tf.cond(tf.reduce_sum(w) > 0, lambda: h, lambda: -h * v))
    chosen = tf.case([(tf.reduce_sum(x) > 10.0, lambda: tf.constant(1.0)), (pos, lambda: tf.reduce_sum(v))],
                     default=lambda: tf.constant(-1.0))  # fmt: skip
    counted = tf.get_variable("count", [], initializer=tf.zeros_initializer(), trainable=False)
    count = tf.cond(pos, lambda: tf.assign_add(counted, 1.0), lambda: tf.identity(counted))
    loss = tf.reduce_sum(c**2)
    with tf.control_dependencies([count]):
        train = tf.train.AdamOptimizer(0.1).minimize(loss, name="train")
    return {x: np.ones((2, 3), "f"), training: False}, [c, chosen, loss, counted], train


def loops():
    x, n = tf.placeholder(tf.float32, [2, 3], "x"), tf.placeholder(tf.int32, [], "n")
    w = tf.get_variable("w", [3, 3])

    def body(i, a, rows):
        a = tf.cond(i > 1, lambda: a * 2.0, lambda: tf.tanh(tf.matmul(a, w)))
        _, inner = tf.while_loop(lambda j, _: j < i, lambda j, b: [j + 1, b + w], [0, w])
        return [i + 1, a + inner[:2], tf.concat([rows, a[:1]], 0)]

    out = tf.while_loop(
        lambda i, a, rows: i < n, body, [tf.constant(0), x, x[:0]],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([2, 3]), tf.TensorShape([None, 3])],
        maximum_iterations=4,
    )  # fmt: skip
    mapped, summed = tf.map_fn(lambda r: r * r, x), tf.scan(lambda p, r: p + r, x)
    return {x: np.ones((2, 3), "f"), n: 7}, [*out, mapped, summed], None


def recurrent():
    x, n = tf.placeholder(tf.float32, [None, 5, 3], "x"), tf.placeholder(tf.int32, [None], "n")
    w = tf.get_variable("w", [7, 4])
    steps = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))

    def body(t, h, out):
        new = tf.tanh(tf.matmul(tf.concat([steps.read(t), h], 1), w))
        new = tf.where(t < n, new, h)
        return [t + 1, new, out.write(t, new)]

    first = tf.zeros([tf.shape(x)[0], 4])
    _, h, out = tf.while_loop(lambda t, *_: t < 5, body, [tf.constant(0), first, tf.TensorArray(tf.float32, 5)])
    loss = tf.reduce_mean(tf.square(h - 1.0))
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss, name="train")
    return {x: RANDOM.randn(2, 5, 3).astype("f"), n: np.array([5, 3])}, [h, out.stack(), loss], train


def plain(values):
    return [np.asarray(value).tolist() for value in values]


def record(program, folder):
    graph = tf.Graph()
    with graph.as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        feeds, fetches, train = program()
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, os.path.join(folder, program.__name__), write_state=False)
        found = {
            "feeds": {key.name: np.asarray(value).tolist() for key, value in feeds.items()},
            "fetches": [tensor.name for tensor in fetches], "before": plain(session.run(fetches, feeds)),
            "nodes": [[op.type, op.name] for op in graph.get_operations()],
        }  # fmt: skip
        if train is not None:
            for _ in range(3):
                session.run(train, feeds)
            found["after"] = plain(session.run(fetches, feeds))
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = {program.__name__: record(program, folder) for program in (conv, branches, loops, recurrent)}
        found["version"] = tensorflow.__version__
        with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name in sorted(os.listdir(folder)):
                archive.write(os.path.join(folder, name), name)
            archive.writestr("results.json", json.dumps(found))
    print(os.path.getsize(sys.argv[1]), "bytes")
