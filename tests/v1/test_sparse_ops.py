"""Sparse tensors and searching against TensorFlow."""

import numpy as np
import pytest

DENSE = np.array([[0, 1.5, 0], [2, 0, -3]], np.float32)
B = np.arange(12, dtype=np.float32).reshape(3, 4)


def sparse(tf, dtype=None):
    return tf.SparseTensor([[0, 1], [1, 0], [1, 2]], tf.constant([1.5, 2, -3], dtype or tf.float32), [2, 3])


PROGRAMS = {
    "parts": lambda tf: [sparse(tf), tf.shape(sparse(tf)), tf.size(sparse(tf)), tf.rank(sparse(tf))],
    "matmul": lambda tf: [
        tf.sparse_tensor_dense_matmul(sparse(tf), B),
        tf.sparse.matmul(sparse(tf), B[:2], adjoint_a=True),
        tf.sparse_tensor_dense_matmul(sparse(tf), B.T, adjoint_b=True, name="m"),
        tf.sparse_tensor_dense_matmul(B.T, sparse(tf), adjoint_b=True),
    ],
    "to_dense": lambda tf: [
        tf.sparse_tensor_to_dense(sparse(tf)),
        tf.sparse.to_dense(sparse(tf), 9.0),
        tf.sparse_to_dense([1, 3], [5], 7),
        tf.sparse_to_dense([[0, 1], [1, 1]], [2, 2], [5, 6], -1),
        tf.sparse_to_dense(2, [4], 1.0),
    ],
    "from_dense": lambda tf: [tf.sparse.from_dense(DENSE), tf.sparse.eye(3, 2)],
    "retain": lambda tf: tf.sparse_retain(sparse(tf), [True, False, True]),
    "reshape": lambda tf: [tf.sparse_reshape(sparse(tf), [3, 2]), tf.sparse_reshape(sparse(tf), [-1])],
    "reorder": lambda tf: tf.sparse_reorder(tf.SparseTensor([[1, 0], [0, 1]], [1.0, 2.0], [2, 2])),
    "transpose": lambda tf: [tf.sparse_transpose(sparse(tf)), tf.sparse.transpose(sparse(tf), [0, 1])],
    "reduce": lambda tf: [
        tf.sparse_reduce_sum(sparse(tf), 0),
        tf.sparse_reduce_sum(sparse(tf), [1], keepdims=True),
        tf.sparse_reduce_sum(sparse(tf), [0, 1]),
    ],
    "softmax": lambda tf: tf.sparse_softmax(sparse(tf)),
    "add": lambda tf: [
        tf.sparse_add(sparse(tf), DENSE),
        tf.sparse_add(sparse(tf), tf.SparseTensor([[0, 0], [1, 0]], [1.0, -2.0], [2, 3])),
        tf.sparse_add(sparse(tf), sparse(tf), 4.0),
    ],
    "slice": lambda tf: tf.sparse_slice(sparse(tf), [1, 0], [1, 2]),
    "fill": lambda tf: tf.sparse_fill_empty_rows(tf.SparseTensor([[1, 0], [3, 1]], [1.0, 2.0], [4, 2]), 9.0),
    "concat": lambda tf: [tf.sparse_concat(0, [sparse(tf), sparse(tf)]), tf.sparse_concat(1, [sparse(tf), sparse(tf)])],
    "cast": lambda tf: tf.cast(sparse(tf), tf.int32),
    "times": lambda tf: tf.constant(DENSE) * sparse(tf),
    "identity": lambda tf: tf.identity(sparse(tf)),
    "top_k": lambda tf: [
        tf.nn.top_k(B, 2),
        tf.math.top_k([3, 1, 2]),
        tf.nn.in_top_k(B, [3, 0, 1], 2),
        tf.nn.in_top_k(B, [0, 0, 3], 1, "n"),
    ],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_values(both, name):
    both.same(PROGRAMS[name], graph=False)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "reduce"])
def test_same_graph(both, name):
    both.same_graph(PROGRAMS[name])


@pytest.mark.parametrize("shape", [None, [2, 3], [None, 3], [-1, 3]], ids=str)
@pytest.mark.parametrize("name", [None, "given"])
def test_placeholder(both, shape, name):
    def program(tf):
        fed = tf.sparse_placeholder(tf.float32, shape, name)
        return [fed, tf.sparse_tensor_dense_matmul(fed, B)]

    both.same_graph(program)
    results = []
    parts = ([[0, 1], [1, 0]], [2.0, 3.0], [2, 3])
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            fed, product = program(tf)
            results.append([session.run([fed, product], {fed: parts}), str(fed.get_shape())])
            value = session.run(fed, {fed: tf.SparseTensorValue(*parts)})
            assert type(value).__name__ == "SparseTensorValue"
            assert fed.eval({fed: value}, session).values.tolist() == [2.0, 3.0]
    for mine, real in zip(results[0][0][0], results[1][0][0], strict=True):
        np.testing.assert_array_equal(mine, real)
    np.testing.assert_array_equal(results[0][0][1], results[1][0][1])
    assert results[0][1] == results[1][1]


ERRORS = {
    "not_sparse": lambda tf: tf.sparse_retain(tf.ones([2]), [True]),
    "add_dense": lambda tf: tf.sparse_add(tf.ones([2]), tf.ones([2])),
    "reshape": lambda tf: tf.sparse_reshape(sparse(tf), [4]),
    "indices": lambda tf: tf.SparseTensor([1, 2], [1, 2], [3]),
    "counts": lambda tf: tf.SparseTensor([[1], [2]], [1], [3]),
    "value": lambda tf: tf.SparseTensor.from_value(1),
}


@pytest.mark.parametrize("name", ERRORS)
def test_same_errors(both, name):
    both.same_error(ERRORS[name])


def test_gradient_through_a_product(both):
    if not hasattr(both.ours, "gradients"):
        pytest.skip("no gradients yet")
    import onevar

    with onevar.use_backend("torch" if "torch" in onevar_backends() else "numpy"):
        if onevar.backend() == "numpy":
            pytest.skip("no framework with gradients")
        found = []
        for tf in (both.ours, both.theirs):
            with tf.Graph().as_default(), tf.Session() as session:
                values, b = tf.constant([1.5, 2.0, -3.0]), tf.constant(B)
                given = tf.SparseTensor([[0, 1], [1, 0], [1, 2]], values, [2, 3])
                product = tf.sparse_tensor_dense_matmul(given, b)
                found.append(session.run(tf.gradients(tf.reduce_sum(product * product), [values, b])))
    for mine, real in zip(*found, strict=True):
        np.testing.assert_allclose(mine, real, rtol=1e-5)


def onevar_backends():
    import importlib.util

    return [name for name in ("torch", "jax") if importlib.util.find_spec(name)]
