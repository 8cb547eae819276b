"""NA: a Variable as a citizen of TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import onevar
from onevar.conformance.marks import requirement

BACKEND = "tensorflow"
STACK = "tf.stack at axis 0 packs what is no tf.Tensor as a constant: stack v.value instead"


@requirement("NA-30")
def test_gradient_tape_watches(make):
    v = make(np.array([1.0, 2.0], "float32"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v * 3.0)
    np.testing.assert_allclose(tape.gradient(loss, v.native), [6.0, 12.0])
    assert isinstance(v.native, tf.Variable)
    frozen = make(np.array([1.0], "float32"), trainable=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(frozen * 2.0)
    assert tape.gradient(loss, frozen.native) is None


@requirement("NA-30")
def test_training(make):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(64, 3)).astype("float32"), np.array([[1.0], [-2.0], [0.5]], "float32")
    v = make(np.zeros((3, 1), "float32"))
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(x, v) - x @ w) ** 2)
        v.assign_sub(0.1 * tape.gradient(loss, v.native))
    np.testing.assert_allclose(v.numpy(), w, atol=1e-2)


@requirement("NA-30")
def test_checkpoint(make, tmp_path):
    v = make(np.array([1.0, 2.0], "float32"))
    path = tf.train.Checkpoint(kernel=v.native).save(str(tmp_path / "checkpoint"))
    v.assign(np.zeros(2, "float32"))
    tf.train.Checkpoint(kernel=v.native).restore(path).assert_consumed()
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])
    fresh = make(np.zeros(2, "float32"))
    tf.train.Checkpoint(kernel=fresh.native).restore(path).assert_consumed()
    np.testing.assert_array_equal(fresh.numpy(), [1.0, 2.0])


@requirement("NA-30")
def test_native_is_tracked_by_a_module(make):
    class Dense(tf.Module):
        def __init__(self):
            self.v = make("glorot_uniform", shape=(3, 2), name="kernel")
            self.kernel = self.v.native

    module = Dense()
    assert [v is module.v.native for v in module.trainable_variables] == [True]


@requirement("NA-31")
@pytest.mark.parametrize(
    "call",
    [
        lambda v, x: tf.matmul(v, x),
        lambda v, x: tf.matmul(x, v),
        lambda v, x: x @ v,
        lambda v, x: tf.add(v, x),
        lambda v, x: tf.exp(v) * x,
        lambda v, x: tf.concat([v, x], 0),
        lambda v, x: tf.stack([x, v], axis=1),
        pytest.param(lambda v, x: tf.stack([x, v]), marks=pytest.mark.xfail(strict=True, reason=STACK)),
        lambda v, x: tf.where(x > 0, v, x),
        lambda v, x: x - v,
    ],
)
def test_functions_take_the_variable(make, call):
    array = np.arange(9, dtype="float32").reshape(3, 3) / 9
    v, x = make(array), tf.fill([3, 3], 0.5)
    with tf.GradientTape() as tape:
        result = call(v, x)
    assert tf.is_tensor(result)
    np.testing.assert_allclose(result, call(tf.constant(array), x), rtol=1e-6)
    assert tape.gradient(result, v.native) is not None, "the gradient does not reach the native"


@requirement("NA-32")
@pytest.mark.parametrize("jit_compile", [False, True])
def test_function(make, jit_compile):
    v, traces = make(np.array([1.0, 2.0], "float32")), []

    def step(x):
        traces.append(x)
        v.assign_add(x)
        return v * 2.0

    compiled = tf.function(onevar.functionalize(step, [v]), jit_compile=jit_compile)
    values = [v.value]
    for i in range(3):
        out, values = compiled(values, tf.constant(float(i)))
    assert len(traces) == 1, "the function was traced again"
    np.testing.assert_array_equal(values[0], [4.0, 5.0])
    np.testing.assert_array_equal(out, [8.0, 10.0])
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


@requirement("NA-32")
def test_gradient_in_a_function(make):
    v = make(np.array([1.0, 2.0], "float32"))
    pure = onevar.functionalize(lambda x: tf.reduce_sum(v * v * x), [v])

    @tf.function
    def gradient(value, x):
        with tf.GradientTape() as tape:
            tape.watch(value)
            out, _ = pure([value], x)
        return tape.gradient(out, value)

    np.testing.assert_allclose(gradient(v.value, tf.constant([3.0, 4.0])), [6.0, 16.0])


@requirement("NA-32")
def test_assignment_in_a_function_is_recorded(make):
    """tf.function records writes to a tf.Variable: nothing is lost, so nothing is refused."""
    v = make(np.float32(1))

    @tf.function(autograph=False)
    def step(x):
        v.assign(x)
        v.assign_add(x)
        v.assign_sub(1.0)
        return x

    for x in (2.0, 5.0):
        step(tf.constant(x))
        assert float(v) == 2 * x - 1


RACE = """
import os, sys, threading
import numpy as np, tensorflow as tf
import onevar

sys.setswitchinterval(1e-4)
one = tf.ones(1000)
v = onevar.Variable(np.zeros(1000, "float32"), backend="tensorflow")

def write():
    for i in range(1000):
        v.assign(np.full(1000, i, "float32") if i % 2 else onevar.share(onevar.copy(one, "numpy"), "tensorflow"))
        v.assign_add(1.0)

def read():
    for _ in range(2000):
        v + one

threads = [threading.Thread(target=f) for f in (write, write, read, read, read)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("done", flush=True)
os._exit(0)
"""


@requirement("NA-30")
def test_operators_do_not_deadlock_with_writers_of_lent_memory():
    """An op that reads its variable itself holds the GIL meanwhile, which NumPy wants to take its memory back.

    Whoever hangs holds the GIL for good, so this runs in a process that can be killed.
    """
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=240)
    assert done.stdout == "done\n", done.stderr
