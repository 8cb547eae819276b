"""The rest of the sparse family against TensorFlow: graphs, static shapes, values, feeds, fetches, errors."""

import numpy as np
import pytest

INDICES = [[0, 1], [1, 0], [1, 3]]
IDS = [[0, 0], [0, 1], [2, 0]]


def sparse(tf, shape=(3, 4), dtype=None):
    return tf.SparseTensor(np.array(INDICES, np.int64), tf.constant([1.0, -2.0, 3.0], dtype), shape)


def fed(tf, shape=None):
    return tf.sparse_placeholder(tf.float32, shape, name="fed")


def ids(tf, dtype="int64"):
    return tf.SparseTensor(IDS, tf.constant([3, 4, 1], dtype), [3, 2])


PROGRAMS = {
    "extremes": lambda tf: [
        tf.sparse_maximum(sparse(tf), tf.SparseTensor([[0, 0], [1, 3]], [-1.0, 5.0], [3, 4])),
        tf.sparse.minimum(fed(tf), sparse(tf), name="least"),
    ],
    "reductions": lambda tf: [
        tf.sparse_reduce_max(sparse(tf), 1),
        tf.sparse.reduce_max(sparse(tf), axis=[0], keepdims=True),
        tf.sparse_reduce_max(sparse(tf)),
        tf.sparse_reduce_max_sparse(sparse(tf), 1),
        tf.sparse.reduce_sum_sparse(sparse(tf), [0, 1]),
        tf.sparse_reduce_sum_sparse(sparse(tf)),
        tf.sparse_reduce_sum(sparse(tf), reduction_axes=[1], keep_dims=True),
        tf.sparse_reduce_max(fed(tf)),
    ],
    "merge": lambda tf: [
        tf.sparse_merge(ids(tf), ids(tf, "int32"), 10),
        tf.sparse_merge([ids(tf), ids(tf, "int32")], ids(tf), [10, tf.constant(20)], already_sorted=True, name="m"),
        tf.sparse_to_indicator(ids(tf), 6),
        tf.sparse.to_indicator(ids(tf, "int32"), 5, name="there"),
    ],
    "shapes": lambda tf: [
        tf.sparse_reset_shape(sparse(tf)),
        tf.sparse.reset_shape(sparse(tf), [5, 6]),
        tf.sparse.expand_dims(sparse(tf), -1),
        tf.sparse.expand_dims(sparse(tf), 0, name="e"),
        tf.sparse.expand_dims(fed(tf, [None, 4])),
    ],
    "split": lambda tf: [
        tf.sparse_split(sp_input=sparse(tf), num_split=2, axis=1),
        tf.sparse.split(sp_input=fed(tf), num_split=3, axis=0, name="s"),
    ],
    "concat": lambda tf: [
        tf.sparse_concat(1, [sparse(tf), sparse(tf, (5, 4))], expand_nonconcat_dim=True),
        tf.sparse.concat(-1, [fed(tf), sparse(tf, (5, 4))], expand_nonconcat_dim=True),
        tf.sparse.concat(0, [sparse(tf), sparse(tf)]),
    ],
    "counts": lambda tf: [
        tf.sparse.bincount(ids(tf), axis=-1),
        tf.sparse.bincount(ids(tf)),
        tf.sparse.bincount([[1, 2], [2, 2]], axis=-1, weights=[[1.0, 2.0], [3.0, 4.0]], maxlength=4),
        tf.sparse.bincount([1, 2, 2], minlength=6, binary_output=True),
    ],
    "operators": lambda tf: [
        sparse(tf) * tf.ones([3, 4]),
        fed(tf) * 2.0,
        sparse(tf) / tf.fill([3, 4], 2.0),
        tf.ones([3, 4]) * sparse(tf),
        tf.SparseTensor(INDICES, [1, 2, 3], [3, 4]) / tf.fill([3, 4], 2),
    ],
    "elementwise": lambda tf: [
        tf.abs(sparse(tf)),
        tf.square(sparse(tf)),
        tf.negative(sparse(tf), name="n"),
        tf.tanh(sparse(tf)),
        tf.sign(sparse(tf)),
        tf.cast(sparse(tf), tf.int32),
        tf.convert_to_tensor_or_sparse_tensor(tf.SparseTensorValue(INDICES, [1.0, 2.0, 3.0], [3, 4])),
        tf.convert_to_tensor_or_sparse_tensor([1.0, 2.0]),
    ],
    "distance": lambda tf: [
        tf.edit_distance(ids(tf), tf.SparseTensor([[0, 0], [1, 0]], tf.constant([3, 1], tf.int64), [3, 1])),
        tf.edit_distance(
            tf.SparseTensor([[0, 0], [0, 1]], ["a", "b"], [1, 2]), tf.SparseTensor([[0, 0]], ["b"], [1, 1]), False
        ),
    ],
}
FEEDS = {
    "fed/indices": np.array(INDICES, np.int64),
    "fed/values": np.array([4.0, 5.0, -6.0], np.float32),
    "fed/shape": np.array([3, 4], np.int64),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_tensorflow(both, name):
    both.same(PROGRAMS[name], FEEDS)


REFUSED = {
    "keywords": lambda tf: tf.sparse_split(sparse(tf), 2, 1),
    "no axis": lambda tf: tf.sparse_split(sp_input=sparse(tf), num_split=2),
    "not sparse": lambda tf: tf.sparse_split(sp_input=1.0, num_split=2, axis=0),
    "no list": lambda tf: tf.sparse_concat(0, sparse(tf)),
    "not all sparse": lambda tf: tf.sparse_concat(0, [sparse(tf), 1.0]),
    "vocabulary": lambda tf: tf.sparse_merge([ids(tf)], ids(tf), 10),
    "vocabularies": lambda tf: tf.sparse_merge([ids(tf)], ids(tf), [10, 20]),
    "smaller": lambda tf: tf.sparse_reset_shape(sparse(tf), [2, 2]),
    "rank": lambda tf: tf.sparse_reset_shape(sparse(tf), [3, 4, 5]),
    "distance": lambda tf: tf.edit_distance([1.0], ids(tf)),
    "count axis": lambda tf: tf.sparse.bincount([1, 2], axis=1),
    "count weights": lambda tf: tf.sparse.bincount([1, 2], weights=[1, 2], binary_output=True),
    "dtype": lambda tf: tf.convert_to_tensor_or_sparse_tensor(sparse(tf), tf.int32),
    "add": lambda tf: tf.sparse_add([1.0], [2.0]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_tensorflow(both, name):
    both.same_error(REFUSED[name])


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax", "tensorflow"])
def test_feeds_and_fetches(backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    import onevar
    import onevar.v1 as tf

    with onevar.use_backend(backend), tf.Graph().as_default():
        given = tf.sparse_placeholder(tf.float32)
        total = tf.sparse_add(given, given)
        product = tf.sparse_tensor_dense_matmul(total, tf.ones([4, 2]))
        value = tf.SparseTensorValue(np.array(INDICES), np.array([1.0, 2.0, 3.0], np.float32), (3, 4))
        with tf.Session() as session:
            for feed in (value, value, tuple(value)):
                fetched, dense = session.run([total, product], {given: feed})
                assert type(fetched) is tf.SparseTensorValue
                np.testing.assert_array_equal(fetched.values, [2.0, 4.0, 6.0])
                np.testing.assert_array_equal(fetched.indices, INDICES)
                np.testing.assert_array_equal(dense, [[2, 2], [10, 10], [0, 0]])
            again = session.run(total, {given: fetched})
            np.testing.assert_array_equal(again.values, [4.0, 8.0, 12.0])
