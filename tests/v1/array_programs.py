"""Programs over arrays: each is built with TensorFlow and with onevar, and must give the same graph and values."""

import numpy as np

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
M = np.arange(6, dtype=np.float32).reshape(2, 3)
FEEDS = {"x": X, "m": M, "n": np.int32(2), "v": np.array([3, 1, 2], np.int32), "flag": np.array(True)}


def inputs(tf):
    return (
        tf.placeholder(tf.float32, [None, 3, 4], name="x"),
        tf.placeholder(tf.float32, [2, None], name="m"),
        tf.placeholder(tf.int32, [], name="n"),
        tf.placeholder(tf.int32, [None], name="v"),
    )


PROGRAMS = {
    "zeros": lambda tf, x, m, n, v: [tf.zeros([2, 3]), tf.zeros(4, tf.int32), tf.zeros([], tf.bool), tf.zeros([0])],
    "zeros_string": lambda tf, x, m, n, v: tf.zeros([2], tf.string),
    "zeros_large": lambda tf, x, m, n, v: tf.zeros([50, 50]),
    "zeros_dynamic": lambda tf, x, m, n, v: [tf.zeros(tf.shape(x)), tf.zeros([n, 2]), tf.zeros(n), tf.zeros(v[:2])],
    "zeros_shape": lambda tf, x, m, n, v: tf.zeros(tf.TensorShape([2, 3]), name="here"),
    "ones": lambda tf, x, m, n, v: [
        tf.ones([2, 3]),
        tf.ones([2], tf.bool),
        tf.ones([n, 1], tf.int64),
        tf.ones([40, 40]),
    ],
    "fill": lambda tf, x, m, n, v: [tf.fill([2, 2], 3.0), tf.fill([n, 3], 7), tf.fill(tf.shape(m), "a")],
    "zeros_like": lambda tf, x, m, n, v: [
        tf.zeros_like(x),
        tf.zeros_like(m, tf.int32),
        tf.zeros_like(tf.ones([2])),
        tf.zeros_like([1, 2]),
    ],
    "zeros_like_slow": lambda tf, x, m, n, v: [
        tf.zeros_like(tf.ones([2]), optimize=False),
        tf.zeros_like(tf.ones([2]), tf.int64),
    ],
    "ones_like": lambda tf, x, m, n, v: [
        tf.ones_like(x),
        tf.ones_like(m, tf.int32),
        tf.ones_like(tf.zeros([2, 2])),
        tf.ones_like([1]),
    ],
    "constants": lambda tf, x, m, n, v: [
        tf.constant(1),
        tf.constant([1.5, 2]),
        tf.constant("a"),
        tf.constant(3, tf.int64, [2, 2]),
        tf.constant([True]),
    ],
    "identity": lambda tf, x, m, n, v: [tf.identity(x), tf.identity([1, 2], "same"), tf.identity_n([x, n])],
    "shape": lambda tf, x, m, n, v: [
        tf.shape(x),
        tf.shape(tf.ones([2, 3])),
        tf.shape(m, out_type=tf.int64),
        tf.shape([[1]]),
        tf.shape_n([x, m]),
    ],
    "size": lambda tf, x, m, n, v: [
        tf.size(x),
        tf.size(tf.ones([2, 3])),
        tf.size(m, out_type=tf.int64),
        tf.size(tf.zeros([0, 2])),
    ],
    "rank": lambda tf, x, m, n, v: [tf.rank(x), tf.rank([[1]]), tf.rank(tf.placeholder_with_default(1.0, None))],
    "reshape": lambda tf, x, m, n, v: [
        tf.reshape(x, [-1]),
        tf.reshape(x, [-1, 12]),
        tf.reshape(x, [tf.shape(x)[0], -1]),
        tf.reshape(x, (2, 3, 2, 2), "r"),
    ],
    "reshape_dims": lambda tf, x, m, n, v: tf.reshape(x, [-1, x.shape[1] * x.shape[2]]),
    "expand_dims": lambda tf, x, m, n, v: [
        tf.expand_dims(x, 0),
        tf.expand_dims(x, -1),
        tf.expand_dims(x, axis=1),
        tf.expand_dims(n, dim=0),
        tf.expand_dims(x, n),
    ],
    "squeeze": lambda tf, x, m, n, v: [
        tf.squeeze(tf.ones([1, 2, 1])),
        tf.squeeze(tf.ones([1, 2, 1]), 0),
        tf.squeeze(tf.ones([1, 2, 1]), squeeze_dims=[2]),
        tf.squeeze(x[:1], [0]),
    ],
    "transpose": lambda tf, x, m, n, v: [
        tf.transpose(x),
        tf.transpose(x, [0, 2, 1]),
        tf.transpose(m, name="t"),
        tf.transpose(x, perm=(2, 0, 1)),
        tf.transpose([[1, 2]]),
    ],
    "transpose_unknown": lambda tf, x, m, n, v: tf.transpose(tf.placeholder_with_default(M, None)),
    "transpose_conjugate": lambda tf, x, m, n, v: tf.transpose(tf.constant([[1 + 2j, 3]]), conjugate=True),
    "matrix_transpose": lambda tf, x, m, n, v: [
        tf.matrix_transpose(x),
        tf.linalg.transpose(m),
        tf.matrix_transpose(tf.placeholder_with_default(M, None)),
    ],
    "concat": lambda tf, x, m, n, v: [
        tf.concat([x, x], 0),
        tf.concat([x, x[:, :1]], 1),
        tf.concat([m, m], axis=-1, name="c"),
        tf.concat([m], 0),
        tf.concat(m, 0),
        tf.concat([v, [1, 2]], 0),
    ],
    "stack": lambda tf, x, m, n, v: [
        tf.stack([x, x]),
        tf.stack([x, x], 1),
        tf.stack([n, 3]),
        tf.stack([1, 2]),
        tf.stack([m, m], axis=-1),
        tf.stack([[1, n], [n, 2]]),
    ],
    "parallel_stack": lambda tf, x, m, n, v: tf.parallel_stack([tf.ones([2]), tf.zeros([2])]),
    "unstack": lambda tf, x, m, n, v: [
        tf.unstack(x, axis=1),
        tf.unstack(m),
        tf.unstack(v, 3),
        tf.unstack(x, axis=-1, name="u"),
    ],
    "split": lambda tf, x, m, n, v: [
        tf.split(x, 2, 2),
        tf.split(x, [1, 3], axis=2),
        tf.split(value=m, num_or_size_splits=2, axis=0),
        tf.split(x, [1, -1], 1),
        tf.split(x, x.shape[2], 2),
    ],
    "tile": lambda tf, x, m, n, v: [tf.tile(m, [1, 2]), tf.tile(v, [n]), tf.tile(m, [n, 1])],
    "pad": lambda tf, x, m, n, v: [
        tf.pad(m, [[1, 1], [0, 2]]),
        tf.pad(m, [[0, 0], [1, 1]], "REFLECT"),
        tf.pad(m, [[1, 0], [1, 1]], mode="symmetric"),
        tf.pad(m, [[1, 0], [0, 0]], constant_values=5.0),
        tf.pad(x, [[0, 0], [n, 0], [0, 0]]),
    ],
    "broadcast": lambda tf, x, m, n, v: [
        tf.broadcast_to(v, [2, 3]),
        tf.broadcast_to(1.0, [n, 2]),
        tf.broadcast_dynamic_shape(tf.shape(x), [1, 4]),
    ],
    "reverse": lambda tf, x, m, n, v: [tf.reverse(x, [0]), tf.reverse(x, [-1, 1]), tf.reverse_v2(m, [0])],
    "roll": lambda tf, x, m, n, v: [tf.roll(m, 1, 1), tf.roll(m, shift=[1, -1], axis=[0, 1])],
    "reverse_sequence": lambda tf, x, m, n, v: [
        tf.reverse_sequence(x, [2, 3], seq_axis=1, batch_axis=0),
        tf.reverse_sequence(x, [1, 3], seq_dim=1),
    ],
    "slice": lambda tf, x, m, n, v: [
        tf.slice(x, [0, 1, 0], [-1, 2, 2]),
        tf.slice(x, [0, 0, n], [1, 1, 2]),
        tf.slice(m, [1, 0], [1, -1]),
    ],
    "strided_slice": lambda tf, x, m, n, v: [
        tf.strided_slice(x, [0, 0, 0], [2, 3, 4], [1, 2, 2]),
        tf.strided_slice(x, [0, 0], [1, 2]),
        tf.strided_slice(x, [1], [2], shrink_axis_mask=1),
    ],
    "index": lambda tf, x, m, n, v: [x[0], x[-1], x[0, 1], x[0, 1, 2], x[:, 1], x[..., -1], x[0, ..., 1], x[:]],
    "index_slices": lambda tf, x, m, n, v: [
        x[1:],
        x[:-1],
        x[:, ::2],
        x[:, ::-1],
        x[0:1, 1:3],
        x[:, :, 1:4:2],
        x[..., 2:0:-1],
    ],
    "index_newaxis": lambda tf, x, m, n, v: [x[tf.newaxis], x[:, None], x[..., tf.newaxis], x[0, None, 1]],
    "index_tensor": lambda tf, x, m, n, v: [
        x[:, :, n],
        x[:n],
        x[:, n:],
        x[0, v[1]],
        x[:, tf.constant(1, tf.int64)],
        x[:, tf.constant(1, tf.int64) :],
        v[n],
    ],
    "index_dimension": lambda tf, x, m, n, v: [m[:, : x.shape[1]], x[:, : x.shape[0]], x[:, x.shape[1] - 1]],
    "index_mask": lambda tf, x, m, n, v: [
        m[m > 2],
        v[tf.constant([True, False, True])],
        v[np.array([True, False, True])],
    ],
    "gather": lambda tf, x, m, n, v: [
        tf.gather(x, [1, 0]),
        tf.gather(x, v[1:], axis=1),
        tf.gather(x, n, axis=-1),
        tf.gather(x, [[1], [0]], axis=1, batch_dims=1),
        tf.gather([5, 6, 7, 8], v),
    ],
    "gather_nd": lambda tf, x, m, n, v: [
        tf.gather_nd(x, [[0, 1], [1, 2]]),
        tf.gather_nd(m, [[1]]),
        tf.gather_nd(x, [[[0], [1]], [[1], [2]]], batch_dims=1),
    ],
    "batch_gather": lambda tf, x, m, n, v: [tf.batch_gather(m, [[0, 2], [1, 1]]), tf.batch_gather(x, [[2], [1]])],
    "scatter_nd": lambda tf, x, m, n, v: [
        tf.scatter_nd([[1], [3]], [9, 10], [5]),
        tf.scatter_nd([[0], [0]], [1.0, 2.0], tf.constant([2])),
    ],
    "tensor_scatter": lambda tf, x, m, n, v: [
        tf.tensor_scatter_update(m, [[0, 1]], [9.0]),
        tf.tensor_scatter_add(v, [[0], [0]], [1, 2]),
        tf.tensor_scatter_sub(v, [[1]], [1]),
        tf.tensor_scatter_nd_max(v, [[1]], [8]),
    ],
    "where": lambda tf, x, m, n, v: [
        tf.where(m > 2),
        tf.where(m > 2, m, -m),
        tf.where([True, False], m, tf.zeros_like(m)),
        tf.where_v2(m > 2, m, 0.0),
    ],
    "one_hot": lambda tf, x, m, n, v: [
        tf.one_hot(v, 4),
        tf.one_hot([0, 1], n),
        tf.one_hot(v, 4, 5, 2),
        tf.one_hot(v, 3, dtype=tf.int32, axis=0),
        tf.one_hot(1, 3, on_value=True, off_value=False),
        tf.one_hot([[0], [5]], 3, axis=1),
    ],
    "boolean_mask": lambda tf, x, m, n, v: [
        tf.boolean_mask(m, [True, False]),
        tf.boolean_mask(x, m > 2),
        tf.boolean_mask(m, [True, False, True], axis=1),
    ],
    "unique": lambda tf, x, m, n, v: [
        tf.unique(tf.concat([v, v], 0)),
        tf.unique_with_counts([3, 3, 1]),
        tf.setdiff1d(v, [1, 2]),
    ],
    "sequence_mask": lambda tf, x, m, n, v: [
        tf.sequence_mask(v),
        tf.sequence_mask([1, 2], 4),
        tf.sequence_mask(v, n, tf.float32),
        tf.sequence_mask(v, maxlen=5, dtype=tf.int32),
    ],
    "meshgrid": lambda tf, x, m, n, v: [
        tf.meshgrid([1, 2], [3, 4, 5]),
        tf.meshgrid(v, [1, 2], indexing="ij"),
        tf.meshgrid(tf.range(3)),
    ],
    "diag": lambda tf, x, m, n, v: [
        tf.diag([1, 2]),
        tf.diag_part([[1, 2], [3, 4]]),
        tf.matrix_diag(m),
        tf.matrix_diag_part(x),
        tf.matrix_set_diag(m, [9.0, 8.0]),
        tf.matrix_diag(tf.constant([True, False])),
    ],
    "diag_k": lambda tf, x, m, n, v: [
        tf.linalg.diag(m, k=1),
        tf.linalg.diag_part(x, k=-1),
        tf.linalg.set_diag(m, [7.0, 6.0], k=1),
    ],
    "band": lambda tf, x, m, n, v: [tf.matrix_band_part(x, 1, 0), tf.linalg.band_part(m, -1, n)],
    "eye": lambda tf, x, m, n, v: [
        tf.eye(3),
        tf.eye(2, 3),
        tf.eye(2, batch_shape=[2]),
        tf.eye(n),
        tf.eye(2, dtype=tf.int32),
        tf.eye(n, 3),
        tf.eye(2, 3, [2]),
    ],
    "space_to_batch": lambda tf, x, m, n, v: [
        tf.space_to_batch(tf.ones([1, 4, 4, 1]), [[0, 0], [0, 0]], 2),
        tf.batch_to_space(tf.ones([4, 2, 2, 1]), [[0, 0], [0, 0]], 2),
        tf.space_to_batch_nd(tf.ones([1, 4, 2]), [2], [[0, 0]]),
        tf.batch_to_space_nd(tf.ones([2, 2, 2]), [2], [[0, 1]]),
    ],
    "space_to_depth": lambda tf, x, m, n, v: [
        tf.space_to_depth(tf.reshape(tf.range(16.0), [1, 4, 4, 1]), 2),
        tf.depth_to_space(tf.reshape(tf.range(16.0), [1, 2, 2, 4]), 2),
    ],
    "batch_paddings": lambda tf, x, m, n, v: [
        tf.required_space_to_batch_paddings([5, 6], [2, 4]),
        tf.required_space_to_batch_paddings(v[:2], [2, 2]),
    ],
    "invert_permutation": lambda tf, x, m, n, v: [tf.invert_permutation([2, 0, 1]), tf.invert_permutation(v - 1)],
    "dynamic_partition": lambda tf, x, m, n, v: [
        tf.dynamic_partition(v, [0, 1, 0], 2),
        tf.dynamic_stitch([[0, 2], [1]], [[1.0, 3.0], [2.0]]),
    ],
    "stop_gradient": lambda tf, x, m, n, v: [tf.stop_gradient(x), tf.stop_gradient([1.0], name="stop")],
    "searchsorted": lambda tf, x, m, n, v: [
        tf.searchsorted([1, 3, 5], [0, 3, 6]),
        tf.searchsorted([1, 3, 5], [0, 3, 6], side="right"),
    ],
    "repeat": lambda tf, x, m, n, v: [
        tf.repeat([1, 2], 2),
        tf.repeat(m, [1, 2], axis=0),
        tf.repeat(m, 2, axis=1),
        tf.repeat(5, 3),
    ],
    "bitcast": lambda tf, x, m, n, v: [tf.bitcast(m, tf.int32), tf.bitcast(tf.constant([1.0], tf.float64), tf.uint8)],
    "unravel": lambda tf, x, m, n, v: tf.unravel_index([5, 7], [3, 4]),
    "placeholder_default": lambda tf, x, m, n, v: [
        tf.placeholder_with_default([1, 2], [None]),
        tf.placeholder_with_default(3.0, [], name="p"),
    ],
}


def program(name):
    return lambda tf: PROGRAMS[name](tf, *inputs(tf))
