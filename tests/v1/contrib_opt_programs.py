"""Steps of tf.contrib's optimizers: recorded with TensorFlow 1.15 (`python contrib_opt_programs.py FILE`)."""

import json
import sys

import numpy as np


def optimizers(tf):
    """One of each, by name."""
    opt = tf.contrib.opt
    decayed = opt.extend_with_decoupled_weight_decay(tf.train.AdagradOptimizer)
    return {
        "lazy": lambda: opt.LazyAdamOptimizer(0.01),
        "nadam": lambda: opt.NadamOptimizer(0.01),
        "max": lambda: opt.AdaMaxOptimizer(0.01),
        "add": lambda: opt.AddSignOptimizer(0.01),
        "pow": lambda: opt.PowerSignOptimizer(0.01),
        "adamw": lambda: opt.AdamWOptimizer(0.02, 0.01),
        "momw": lambda: opt.MomentumWOptimizer(0.02, 0.1, 0.9),
        "ext": lambda: decayed(0.03, learning_rate=0.1),
        "ma": lambda: opt.MovingAverageOptimizer(tf.train.MomentumOptimizer(0.1, 0.9), 0.9),
    }


def trained(tf, **options):
    """Six steps of each, dense and sparse: names and values of all variables."""
    out = {}
    for name, make in optimizers(tf).items():
        for resource in (False, True):
            with tf.Graph().as_default():
                first = np.arange(6) / 5.0, np.arange(8) / 7.0 - 0.5
                w, table = (
                    tf.get_variable(own, [n, 2], use_resource=resource, initializer=tf.constant_initializer(value))
                    for own, n, value in zip("wt", (3, 4), first)  # noqa: B905 (Python 3.7)
                )
                dense, rows = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(tf.float32, [None, 2])
                which = tf.placeholder(tf.int32, [None])
                pairs = [(dense, w), (tf.IndexedSlices(rows, which, tf.constant([4, 2])), table)]
                # Their sparse updates know only references in TensorFlow.
                train = make().apply_gradients(pairs[:1] if name in ("add", "pow") and resource else pairs)
                variables = sorted(tf.global_variables(), key=lambda v: v.name)
                with tf.Session(**options) as session:
                    session.run(tf.global_variables_initializer())
                    rng = np.random.RandomState(0)
                    for _ in range(6):
                        feeds = {dense: rng.randn(3, 2), rows: rng.randn(5, 2), which: rng.randint(0, 4, 5)}
                        session.run(train, feeds)
                    values = [np.asarray(value).tolist() for value in session.run(variables)]
                    out["{}-{}".format(name, resource)] = [[v.name for v in variables], values]  # noqa: UP032
    return out


if __name__ == "__main__":
    import tensorflow

    with open(sys.argv[1], "w") as file:
        json.dump(trained(tensorflow), file)
