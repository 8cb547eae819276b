"""Runs a program with TensorFlow itself: `python with_tensorflow.py vae.py --epochs 2`.

In TensorFlow 2 the program gets `tensorflow.compat.v1` for `tensorflow`, and of `tf.contrib` what lives on in tf_slim, if that is
installed. The rest of `tf.contrib`, and `tensorflow.examples`, only TensorFlow 1.15 has. Which numbers follow from a graph's seed is different in the two: 1.15 counts all operations before a
random one, 2 counts the random ones; here both count as 2 does, so that what they compute can be compared.
"""

import importlib.util
import os
import runpy
import sys
import types

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # tf.layers
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow

if tensorflow.__version__ >= "2":
    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
    sys.modules["tensorflow"] = tf
    if importlib.util.find_spec("tf_slim"):
        import tf_slim
        from tensorflow.python.framework import ops

        ops.Tensor, ops.IndexedSlices = tf.Tensor, tf.IndexedSlices  # where tf_slim looks, and 2.21 has neither
        layers = types.SimpleNamespace(**{**vars(tf_slim), **vars(tf_slim.layers)})
        tf.contrib = types.SimpleNamespace(slim=tf_slim, layers=layers, framework=tf_slim)

else:
    from tensorflow.python.framework import ops, random_seed

    counts, original = {}, random_seed.get_seed

    def get_seed(op_seed):
        """TensorFlow 2's choice of an operation's seed."""
        graph = ops.get_default_graph()
        if graph.seed is not None and op_seed is None:
            op_seed = counts.get(graph, 0)
            counts[graph] = op_seed + 1
        return original(op_seed)

    random_seed.get_seed = get_seed

sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
