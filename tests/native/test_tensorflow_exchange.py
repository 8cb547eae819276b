"""What of TensorFlow's aborts the process when asked for its memory, and how its variables share."""

import gc

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

import onevar
from onevar import dlpack
from onevar.errors import CopyRequired


def refused(x, match, to="numpy"):
    with pytest.raises(CopyRequired, match=match) as caught:
        onevar.share(x, to)
    assert caught.value.cure
    return caught.value


def pointer(x):
    return dlpack.address(onevar.adapter_of(x).lend(x))


def test_strings_never_reach_a_capsule():
    """Any `__dlpack__` of them aborts."""
    for x in (tf.constant("a"), tf.constant(["a", "bc"])):
        assert "numpy()" in refused(x, "dtype string has no plain memory").cure


def test_other_dtypes():
    for dtype in (tf.qint8, tf.quint8, tf.qint16, tf.quint16, tf.qint32):
        refused(tf.cast([1, 2], dtype), dtype.name)  # NumPy would show plain integers


def test_handles():
    refused(tf.Variable(1.0).handle, "dtype resource")
    shape = tf.constant([2])
    refused(
        tf.raw_ops.TensorListReserve(element_shape=shape, num_elements=2, element_dtype=tf.float32), "dtype variant"
    )


def test_symbolic():
    @tf.function
    def f(x):
        refused(x, "symbolic tensor")
        return x

    f(tf.ones(3))


def test_misaligned_memory_never_reaches_an_op():
    """The first op on it would abort."""
    flat = dlpack.aligned_empty((65,), np.float32)
    flat[...] = 1
    error = refused(flat[1:], r"memory is not 64-byte aligned \(address % 64 == 4\)", to="tensorflow")
    assert error.cure == "Use onevar.copy(x, 'tensorflow')"
    assert str(error) == (
        "share(x, 'tensorflow'): memory is not 64-byte aligned (address % 64 == 4). Use onevar.copy(x, 'tensorflow')."
    )
    copied = onevar.copy(flat[1:], "tensorflow")
    assert float(tf.reduce_sum(copied + copied)) == 128.0
    with pytest.raises(BufferError, match="aligned"):
        onevar.adapter_of(copied).from_dlpack(dlpack.HostExport(flat[1:]))


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_dtypes_that_tensorflow_and_numpy_do_not_exchange(dtype, shape):
    x = dlpack.aligned_copy(np.ones(shape).astype(dtype))
    y = onevar.share(x, "tensorflow")
    assert y.shape == shape
    back = onevar.share(y, "numpy")
    assert dlpack.address(back) == dlpack.address(x)
    assert (back.dtype, back.shape) == (x.dtype, shape)
    assert not back.flags.writeable


def test_a_variable_shares_its_buffer():
    v = tf.Variable(tf.zeros(64))
    shared = onevar.share(v, "numpy")
    v.assign_add(tf.ones(64))
    assert not shared.any()
    assert onevar.share(v, "numpy").all()
    before = pointer(v)
    del shared
    gc.collect()
    v.assign_add(tf.ones(64))
    assert pointer(v) == before


def test_a_variable_that_copies_on_read_is_cured():
    """One scatter makes every later read a copy, unless it is told otherwise."""
    v = tf.Variable(tf.zeros(64))
    v.scatter_nd_update([[0]], [1.0])
    first, second = onevar.share(v, "numpy"), onevar.share(v, "numpy")
    assert dlpack.address(first) == dlpack.address(second)
    v.scatter_nd_update([[1]], [1.0])
    assert second[1] == 0


def test_borrowed_memory_is_not_written():
    """TensorFlow adopts it, and moves away before its first write."""
    x = dlpack.aligned_copy(np.zeros(64, np.float32))
    v = tf.Variable(onevar.share(x, "tensorflow"))
    v.assign_add(tf.ones(64))
    v.scatter_nd_update([[0]], [5.0])
    assert not x.any()


def test_a_tape_does_not_follow():
    with tf.GradientTape() as tape:
        x = tf.Variable(tf.ones(4))
        y = tf.reduce_sum(x * x)
        assert onevar.share(x.read_value(), "numpy").sum() == 4
        assert "gradients do not cross" in onevar.explain(x.read_value(), "numpy").note
    np.testing.assert_array_equal(tape.gradient(y, x), [2, 2, 2, 2])
