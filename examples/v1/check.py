"""Do the models here compute what TensorFlow computes? Outputs, gradients and ten steps of training of each.

    TF_USE_LEGACY_KERAS=1 python check.py --record seen        # TensorFlow, with tf_keras for tf.layers
    onevar run check.py --backend jax --against seen           # onevar, from TensorFlow's checkpoints

The first writes a checkpoint for every model; the second restores it. The largest differences are printed, relative to
1 or to the largest value, whichever is more, and the exit status is 1 where one is more than it may be.
"""

import argparse
import importlib
import os
import sys
import time

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

MODELS = (
    "cnn", "lstm_static", "lstm_dynamic", "transformer", "gan", "vae", "graph_network", "policy_gradient", "word2vec",
    "physics", "recommender", "towers",
)  # fmt: skip
STEPS = 10
#: What may differ by how much.
ALLOWED = {"outputs": 1e-5, "gradients": 1e-4, "training": 1e-3}


def dense(gradient):
    if isinstance(gradient, tf.IndexedSlices):
        return tf.convert_to_tensor(gradient)
    return gradient


def observe(name, folder, restore):
    """Build a model, begin at the checkpoint, and return what it shows by kind."""
    module = importlib.import_module(name)
    prefix = os.path.join(folder, name)
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        net = module.model()
        gradients = [[dense(g) for g in tf.gradients(loss, variables)] for loss, variables in net.losses]
        losses = [loss for loss, _ in net.losses]
        saver, initialize = tf.train.Saver(), tf.global_variables_initializer()
        batches = module.batches(net)
        with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as sess:
            if restore:
                saver.restore(sess, prefix)
            else:
                sess.run(initialize)
                saver.save(sess, prefix, write_meta_graph=False)
            feeds = next(batches)
            seen = {"outputs": sess.run(net.outputs, feeds)}
            seen["gradients"] = [g for group in sess.run(gradients, feeds) for g in group]
            started, seen["training"] = time.time(), []
            for _ in range(STEPS):
                for loss, train in zip(losses * len(net.train), net.train):
                    seen["training"].append(sess.run([loss, train], feeds)[0])
                feeds = next(batches)
            weights = sess.run(tf.trainable_variables())
            seen["training"] += weights
    return seen, time.time() - started


def difference(ours, theirs):
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.shape != theirs.shape:
        return np.inf
    scale = max(1.0, float(np.abs(theirs).max(initial=0)))
    return float(np.abs(ours - theirs).max(initial=0)) / scale


def record(names, folder):
    for name in names:
        seen, seconds = observe(name, folder, restore=False)
        arrays = {"%s/%d" % (kind, i): value for kind, values in seen.items() for i, value in enumerate(values)}
        np.savez(os.path.join(folder, name + ".npz"), **arrays)
        print("%-16s recorded, %.2f s" % (name, seconds))


def compare(names, folder):
    good = True
    for name in names:
        seen, seconds = observe(name, folder, restore=True)
        theirs = np.load(os.path.join(folder, name + ".npz"))
        worst = {
            kind: max(difference(value, theirs["%s/%d" % (kind, i)]) for i, value in enumerate(values))
            for kind, values in seen.items()
        }
        wrong = [kind for kind, value in worst.items() if not value <= ALLOWED[kind]]
        good = good and not wrong
        texts = "  ".join("%s %.1e" % item for item in worst.items())
        print("%-16s %s  %.2f s%s" % (name, texts, seconds, "  WRONG: " + ", ".join(wrong) if wrong else ""))
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", metavar="FOLDER", help="run from seeds, and write checkpoints and values there")
    parser.add_argument("--against", metavar="FOLDER", help="run from the checkpoints there, and compare")
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL", help="which; all of them by default")
    options = parser.parse_args()
    if bool(options.record) == bool(options.against):
        parser.error("say --record FOLDER or --against FOLDER")
    if options.record:
        os.makedirs(options.record, exist_ok=True)
        record(options.models, options.record)
    elif not compare(options.models, options.against):
        sys.exit(1)


if __name__ == "__main__":
    main()
