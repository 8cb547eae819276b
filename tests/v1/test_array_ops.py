"""The chapter on arrays against TensorFlow: the same operations, names, static shapes and values."""

import numpy as np
import pytest
from array_programs import FEEDS, PROGRAMS, program
from hypothesis import given, settings
from hypothesis import strategies as st

FED = {key: FEEDS[key] for key in ("x", "m", "n", "v")}


# TensorFlow takes unknown sizes for 0 when it infers the shape of matrix_diag with k.
OTHER_SHAPE = {"diag_k"}


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in OTHER_SHAPE])
def test_same_graph(both, name):
    both.same_graph(program(name))


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_values(both, name):
    both.same(program(name), FED, graph=False)


INDICES = st.integers(-2, 1) | st.slices(4) | st.just(Ellipsis) | st.none()


@settings(max_examples=60, deadline=None)
@given(key=st.lists(INDICES, max_size=4), known=st.booleans())
def test_any_index(both, key, known):
    if key.count(Ellipsis) > 1 or sum(k is not None and k is not Ellipsis for k in key) > 3:
        return
    value = np.arange(24).reshape(2, 3, 4)
    ours, theirs = both.ours, both.theirs
    results = []
    for tf in (ours, theirs):
        with tf.Graph().as_default():
            x = tf.placeholder(tf.int64, value.shape if known else [None, None, None])
            part = x[tuple(key)] if len(key) != 1 else x[key[0]]
            with tf.Session() as session:
                shape = part.get_shape()
                results.append((session.run(part, {x: value}), shape.rank, shape.as_list() if known else None))
    assert results[0][1:] == results[1][1:]
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][0], value[tuple(key)])


ERRORS = {
    "two_names": lambda tf: tf.squeeze(tf.ones([1]), 0, squeeze_dims=0),
    "no_axis": lambda tf: tf.expand_dims(tf.ones([1])),
    "bad_index": lambda tf: tf.ones([3])["a"],
    "float_index": lambda tf: tf.ones([3])[1.0],
    "bad_pad_mode": lambda tf: tf.pad([1], [[1, 1]], "other"),
    "stack_axis": lambda tf: tf.stack([tf.ones([2]), tf.ones([2])], axis=5),
    "unstack_unknown": lambda tf: tf.unstack(tf.placeholder(tf.float32, [None])),
    "split_rank_0": lambda tf: tf.split(tf.ones([4]), tf.constant(2)),
    "one_hot_types": lambda tf: tf.one_hot([1], 2, on_value=1.0, off_value=0),
    "meshgrid_indexing": lambda tf: tf.meshgrid([1], indexing="zz"),
    "meshgrid_keyword": lambda tf: tf.meshgrid([1], other=1),
    "where_one": lambda tf: tf.where([True], x=[1]),
    "mask_scalar": lambda tf: tf.boolean_mask([1], True),
    "mask_unknown": lambda tf: tf.boolean_mask([1], tf.placeholder(tf.bool)),
    "mask_shape": lambda tf: tf.boolean_mask([1, 2], [True]),
    "reshape_size": lambda tf: tf.reshape(tf.ones([4]), [3]),
    "concat_ranks": lambda tf: tf.concat([tf.ones([2]), tf.ones([2, 2])], 0),
    "concat_types": lambda tf: tf.concat([tf.ones([2]), tf.constant([1])], 0),
    "transpose_1d": lambda tf: tf.matrix_transpose([1]),
    "searchsorted_side": lambda tf: tf.searchsorted([1], [1], side="x"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_same_errors(both, name):
    both.same_error(ERRORS[name])
