"""Gradients through ops that are computed on the host, against TensorFlow's."""

import numpy as np
import pytest

import onevar

A = np.array([[0, 1], [1, 0], [1, 3]], np.int64)
B = np.array([[0, 1], [2, 0]], np.int64)
U = np.array([0.3, 1.5, 0.7])
W = np.array([2.0, 4.5, 1.25])


def _sparse(tf, x):
    return tf.SparseTensor(A, x, [3, 4])


PROGRAMS = {
    "add": lambda tf, x: tf.sparse_add(_sparse(tf, x), tf.SparseTensor(B, x[:2] * 3, [3, 4])).values,
    "slice": lambda tf, x: tf.sparse_slice(_sparse(tf, x), [1, 0], [2, 3]).values,
    "fill": lambda tf, x: tf.sparse_fill_empty_rows(_sparse(tf, x), x[0] * x[1])[0].values,
    "igamma": lambda tf, x: tf.igamma(x, tf.constant([[1.0], [2.0]], tf.float64) * x[1]),
    "igammac": lambda tf, x: tf.igammac(x[:1] + 1, x),
    "betainc": lambda tf, x: tf.betainc(tf.constant(W), tf.constant(W) + 1, x / 2),
    "zeta": lambda tf, x: tf.zeta(tf.constant(W), x),
    "polygamma": lambda tf, x: tf.polygamma(tf.constant([1.0, 2.0, 3.0], tf.float64), x),
    "bessel": lambda tf, x: tf.stack([f(x) for f in _bessel(tf)]),
    "bessel at zero": lambda tf, x: tf.stack([f(x - x[0]) for f in _bessel(tf)]),
    "reduce": lambda tf, x: tf.sparse_reduce_sum(_sparse(tf, x), 1),
    "softmax": lambda tf, x: tf.sparse_softmax(_sparse(tf, x)).values,
    "operators": lambda tf, x: (_sparse(tf, x) * tf.reshape(tf.range(1.0, 13.0, dtype=tf.float64), [3, 4])).values,
    "divide": lambda tf, x: (tf.SparseTensor(A, tf.constant(W), [3, 4]) / tf.stack([x[0], x[1], x[2], x[0]])).values,
    "dense": lambda tf, x: tf.sparse_tensor_dense_matmul(_sparse(tf, x), tf.reshape(tf.tile(x, [4]), [4, 3])),
}


def _bessel(tf):
    return [getattr(tf.math, f"bessel_{name}") for name in ("i0", "i0e", "i1", "i1e")]


def gradients(tf, session, program):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [3])
        y = program(tf, x)
        weights = np.arange(1, 40, dtype=np.float64)
        loss = tf.reduce_sum(tf.reshape(y, [-1]) * tf.constant(weights)[: tf.size(y)])
        (found,) = tf.gradients(loss, x)
        with session(tf) as sess:
            return [sess.run([loss, found], {x: U}) for _ in range(2)]


@pytest.fixture(scope="module")
def expected():
    tf = pytest.importorskip("tensorflow").compat.v1
    made = {}
    for name, program in PROGRAMS.items():
        made[name] = gradients(tf, lambda tf: tf.Session(), program)
    return made


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_gradients(expected, backend):
    pytest.importorskip(backend)
    import onevar.v1 as tf

    with onevar.use_backend(backend):
        for name, program in PROGRAMS.items():
            for (loss, found), (their_loss, theirs) in zip(
                gradients(tf, lambda tf: tf.Session(), program), expected[name], strict=True
            ):
                np.testing.assert_allclose(loss, their_loss, rtol=1e-9, err_msg=name)
                np.testing.assert_allclose(found, theirs, rtol=1e-7, err_msg=name)


def test_ops_without_gradient_say_so():
    import onevar.v1 as tf

    with tf.Graph().as_default():
        x = tf.constant([1.0, 2.0])
        unique = tf.unique(x)[0]
        with pytest.raises(LookupError, match=r"No gradient defined for operation'Unique' \(op type: Unique\)"):
            tf.gradients(tf.reduce_sum(unique) + tf.reduce_sum(x), x)
        assert tf.gradients(tf.reduce_sum(tf.stop_gradient(unique)) + tf.reduce_sum(x), x) != [None]
        assert tf.gradients(tf.reduce_sum(unique), unique) != [None]
        sparse = tf.SparseTensor([[0]], x[:1], [1])
        greatest = tf.sparse_maximum(sparse, sparse).values
        with pytest.raises(NotImplementedError, match="SparseSparseMaximum"):
            tf.gradients(greatest, x)
