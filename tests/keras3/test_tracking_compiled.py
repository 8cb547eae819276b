"""Tracked methods with and without `jit_compile`: assertions that a compiler leaves out, and mixed precision."""

import warnings

import keras
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.keras import track_v1_variables

X = np.ones((4, 3), "float32")


class Asserting(keras.Model):
    @track_v1_variables
    def call(self, x):
        with tf.control_dependencies([tf.Assert(tf.reduce_all(x > 0), [x])]):
            return tf.layers.dense(tf.identity(x), 1)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("jit", [True, False])
def test_an_assertion_holds_or_says_that_it_is_not_checked(jit, backend):
    model = Asserting()
    model(X)
    model.compile("sgd", "mse", jit_compile=jit, run_eagerly=not jit and backend == "jax")
    checked = not jit or backend == "torch"
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        if checked:
            with pytest.raises(Exception, match="assertion failed") as raised:
                model.fit(-X, X[:, :1], verbose=0)
        else:
            model.fit(-X, X[:, :1], verbose=0)
        assert not checked or type(raised.value).__name__ == "InvalidArgumentError"
    said = [str(one.message) for one in seen if "tf.Assert" in str(one.message)]
    assert bool(said) == (not checked)
    assert all(f"{backend} is compiling for checks nothing" in text for text in said)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("jit", [True, False])
def test_mixed_precision(jit, backend):
    """Uncompiled, jax's fit hands arrays to `call` itself, which have to be cast there."""
    layer = tf.layers.Dense(1, kernel_initializer=tf.ones_initializer())
    seen = []

    class Mixed(keras.Model):
        @track_v1_variables
        def call(self, x):
            seen.append(x.dtype.name)
            return layer(x)

    model = Mixed(dtype="mixed_bfloat16")
    model.compile("sgd", "mse", jit_compile=jit and backend != "torch")
    losses = model.fit(X, X[:, :1], epochs=2, verbose=0).history["loss"]
    assert losses == pytest.approx([4.0, (3 - 0.16 - 1) ** 2], rel=0.02)  # the step is 0.04 for each of four weights
    assert set(seen) == {"bfloat16"}
    assert [v.dtype for v in model.trainable_weights] == ["float32", "float32"]
