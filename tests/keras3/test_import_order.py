"""Whatever is used first, Keras takes the tensors of v1 code."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent("""
    import keras, numpy as np
    from keras import ops
    from onevar.keras import track_v1_variables
    import onevar.v1 as tf

    class Tracked(keras.layers.Layer):
        @track_v1_variables
        def call(self, x):
            return tf.layers.dense(ops.sum(x, axis=1, keepdims=True), 2)

    layer = Tracked()
    assert layer(np.ones((2, 3), "float32")).shape == (2, 2) and len(layer.weights) == 2
""")


def test_a_tracked_method_may_call_keras_before_anything_of_tf(backend):
    if backend != "numpy":
        pytest.skip("which framework it is makes no difference, and NumPy is the quickest")
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
