"""Partitioned variables: what no program of `partition_programs` says."""

import threading

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.partitioned_variable import PartitionedVariable, PartitionInfo


@pytest.fixture(autouse=True)
def graph():
    with onevar.use_backend("numpy"), tf.Graph().as_default() as graph:
        yield graph


def test_a_part_knows_its_place():
    info = PartitionInfo([9, 3], [4, 0])
    assert (info.full_shape, info.var_offset) == ([9, 3], [4, 0])
    assert (info.single_slice_dim([2, 3]), info.single_offset([1, 3])) == (0, 4)
    assert (PartitionInfo([9, 3], [0, 0]).single_slice_dim([9, 2]), PartitionInfo([9], [0]).single_slice_dim([9])) == (
        1,
        None,
    )
    assert PartitionInfo([9], [0]).single_offset([9]) == 0


@pytest.mark.parametrize(
    ("full_shape", "offset", "kind", "words"),
    [
        (None, [0, 1], TypeError, "`full_shape` must be a sequence"),
        ([0, 1], "foo", TypeError, "`var_offset` must be a sequence"),
        ([0, 1], [0], ValueError, "Expected equal length"),
        ([1, 1], [0, 1], ValueError, "Expected 0 <= offset < shape but found offset=1, shape=1"),
    ],
)
def test_places_that_cannot_be(full_shape, offset, kind, words):
    with pytest.raises(kind, match=words):
        PartitionInfo(full_shape, offset)


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        (None, TypeError, "`shape` must be a sequence"),
        ([1, 2, 3], ValueError, "Expected equal length"),
        ([6, 3], ValueError, "would exceed self.full_shape"),
        ([1, 1], ValueError, "slice dim could be either dimension 1 or 0"),
    ],
)
def test_parts_that_cannot_be(shape, kind, words):
    with pytest.raises(kind, match=words):
        PartitionInfo([9, 3], [4, 0]).single_slice_dim(shape)


def part(offset, shape=(4,), name="w"):
    v = tf.Variable(np.ones(2, np.float32))
    v._set_save_slice_info(tf.Variable.SaveSliceInfo(name, list(shape), [offset], [2]))
    return v


def test_parts_are_put_in_order():
    first, second = part(0), part(2)
    whole = PartitionedVariable("w", [4], tf.float32, [second, first], [2])
    assert list(whole) == [first, second]
    assert (len(whole), whole.name, whole.shape, whole.get_shape(), whole.dtype) == (2, "w", [4], [4], tf.float32)


def test_wholes_that_cannot_be():
    v = tf.Variable(1.0)
    for parts, partitions, kind, words in (
        (3, [1], TypeError, "variable_list is not a list or tuple"),
        ([part(0)], 1, TypeError, "partitions is not a list or tuple"),
        ([part(0)], [0], ValueError, "partition values must be positive"),
        ([], [1], ValueError, "variable_list may not be empty"),
        ([v], [1], ValueError, "All variables must have a save_slice_info available"),
        ([part(0)], [1, 1], ValueError, r"len\(shape\) != len\(partitions\)"),
        ([part(0, (5,))], [1], ValueError, "All variables' full shapes must match shape"),
    ):
        with pytest.raises(kind, match=words):
            PartitionedVariable("w", [4], tf.float32, parts, partitions)


def test_two_axes_are_no_list():
    whole = PartitionedVariable("w", [4, 4], tf.float32, [part(0, (4, 4))], [2, 2])
    with pytest.raises(ValueError, match="Cannot get a length for 2 > 1 partition axes"):
        len(whole)
    with pytest.raises(NotImplementedError, match="Cannot do assign action along more than one dimension"):
        whole.assign([1.0])


def test_conversion_is_strict():
    whole = tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))
    with pytest.raises(ValueError, match="Incompatible type conversion requested to type 'int32'"):
        tf.convert_to_tensor(whole, tf.int32)
    assert tf.convert_to_tensor(whole, tf.float32).shape.as_list() == [4]


def test_assignments_without_the_new_value():
    whole = tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))
    done = whole.assign(np.arange(4, dtype=np.float32), read_value=False)
    assert [type(item).__name__ for item in done] == ["Operation", "Operation"]
    with tf.Session() as sess:
        sess.run(done)
        np.testing.assert_array_equal(sess.run(whole.as_tensor()), np.arange(4))
        assert sess.run(list(whole)[1]).tolist() == [2.0, 3.0]


def test_reading_does_not_wait_but_concat_does(graph):
    whole = tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))
    first = tf.constant(1.0)
    with tf.control_dependencies([first]):
        before = len(graph.get_operations())
        whole.as_tensor()
        assert not [op for op in graph.get_operations()[before:] if op.control_inputs]
        before = len(graph.get_operations())
        whole._concat()
        assert [op for op in graph.get_operations()[before:] if first.op in op.control_inputs]


def test_saved_in_parts_restored_whole(tmp_path):
    whole = tf.get_variable("w", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(sess, str(tmp_path / "model"))
        contents = sess.run(whole.as_tensor())
    with tf.Graph().as_default(), tf.Session() as sess:
        single = tf.get_variable("w", [5, 2])
        tf.train.Saver().restore(sess, path)
        np.testing.assert_array_equal(sess.run(single), contents)


def test_identities_that_wait():
    v, slices = tf.Variable(1.0), tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]))
    gate = tf.no_op()
    assert with_dependencies([gate], v).op.control_inputs == [gate]
    waiting = with_dependencies([gate], slices, name="late")
    assert (waiting.values.name, waiting.values.op.control_inputs, waiting.indices) == (
        "late:0",
        [gate],
        slices.indices,
    )


def test_each_thread_has_scopes_of_its_own(graph):
    """The variables are the graph's, the current scope is the thread's."""
    seen = []

    def other(scope):
        with graph.as_default():
            seen.append(tf.get_variable_scope().name)
            with tf.variable_scope(scope), tf.variable_scope("foo"):
                seen.append(tf.get_variable("v", []).name)
            with tf.variable_scope("bar"):
                seen.append(tf.get_variable("v", []).name)
            with pytest.raises(ValueError, match="Variable main/w already exists"), tf.variable_scope(scope):
                tf.get_variable("w", [])
            seen.append("done")

    with tf.variable_scope("main") as scope:
        tf.get_variable("w", [])
        thread = threading.Thread(target=other, args=(scope,))
        thread.start()
        thread.join()
    assert seen == ["", "main/foo/v:0", "bar/v:0", "done"]
