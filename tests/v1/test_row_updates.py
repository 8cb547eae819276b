"""Sparse updates by indices that repeat: in one compiled part, and as if each index came once with the sum."""

import numpy as np
import pytest
from frameworks import DIFFERENTIATING
from hypothesis import given, settings
from hypothesis import strategies as st

import onevar
import onevar.v1 as tf
from onevar.core.plan import Plan
from onevar.core.row_updates import row_updates
from onevar.core.stages import stages_of

ROWS, WIDTH = 6, 3


@pytest.fixture(params=["numpy", *DIFFERENTIATING])
def backend(request):
    pytest.importorskip(request.param)
    with onevar.use_backend(request.param):
        yield request.param


class Step:
    """A training step of a table by given gradients of some rows."""

    def __init__(self, optimizer, use_resource):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.indices = tf.placeholder(tf.int32, [None])
            self.values = tf.placeholder(tf.float32, [None, WIDTH])
            start = np.arange(ROWS * WIDTH, dtype="float32").reshape(ROWS, WIDTH) / 10
            self.table = tf.Variable(start, use_resource=use_resource, name="table")
            given = tf.IndexedSlices(self.values, self.indices, tf.constant([ROWS, WIDTH]))
            self.train = optimizer().apply_gradients([(given, self.table)])
            self.slots = tf.global_variables()
            self.initialize = tf.global_variables_initializer()

    def after(self, batches):
        with tf.Session(graph=self.graph) as session:
            session.run(self.initialize)
            for indices, values in batches:
                session.run(self.train, {self.indices: indices, self.values: values})
            return session.run(self.slots)


OPTIMIZERS = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.5),
    "momentum": lambda: tf.train.MomentumOptimizer(0.5, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.5, 0.9, use_nesterov=True),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.5),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(0.5, momentum=0.9),
    "adam": lambda: tf.train.AdamOptimizer(0.5),
    "ftrl": lambda: tf.train.FtrlOptimizer(0.5),
}


def batches_of(seed=0, count=3):
    random = np.random.default_rng(seed)
    for size in (6, 1, 6)[:count]:
        yield random.integers(0, ROWS, size), random.normal(size=(size, WIDTH)).astype("float32")


def summed(indices, values):
    """Each index once, in the order of appearance, with the sum of its rows: NumPy's own addition."""
    different = list(dict.fromkeys(indices.tolist()))
    return np.array(different), np.stack([values[indices == i].sum(0) for i in different])


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_repeated_indices_count_as_their_sum(backend, name, use_resource):
    step = Step(OPTIMIZERS[name], use_resource)
    repeated = step.after(list(batches_of()))
    once = step.after([summed(*batch) for batch in batches_of()])
    for ours, theirs in zip(repeated, once, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(indices=st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=9))
def test_any_indices(indices):
    pytest.importorskip("torch")
    values = np.arange(len(indices) * WIDTH, dtype="float32").reshape(-1, WIDTH) - 5
    with onevar.use_backend("torch"):
        step = Step(OPTIMIZERS["adagrad"], False)
        batch = np.array(indices), values
        repeated, once = step.after([batch] * 3), step.after([summed(*batch)] * 3)
    for ours, theirs in zip(repeated, once, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "sgd"])
def test_nothing_waits_for_the_host(name, use_resource):
    step = Step(OPTIMIZERS[name], use_resource)
    plan = Plan([], [step.train], [step.indices, step.values])
    stages = stages_of(plan)
    assert len(stages) == 1
    assert not any(s.operation.type == "Unique" for stage in stages for s in stage.host)


def test_what_is_looked_at_is_what_tensorflow_returns(backend):
    step = Step(OPTIMIZERS["adagrad"], False)
    unique = next(op for op in step.graph.get_operations() if op.type == "Unique")
    sums = next(op for op in step.graph.get_operations() if op.type == "UnsortedSegmentSum")
    feeds = {step.indices: [3, 1, 3, 3], step.values: np.ones((4, WIDTH))}
    with tf.Session(graph=step.graph) as session:
        session.run(step.initialize)
        for _ in range(3):
            seen = session.run([unique.outputs[0], unique.outputs[1], sums.outputs[0], step.train], feeds)
            assert seen[0].tolist() == [3, 1]
            assert seen[1].tolist() == [0, 1, 0, 0]
            assert seen[2].tolist() == [[3.0] * WIDTH, [1.0] * WIDTH]


def test_a_unique_of_the_programs_own_is_left_alone():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.int32, [None])
        different, places = tf.unique(x)
        total = tf.unsorted_segment_sum(tf.ones_like(x), places, tf.shape(different)[0])
        table = tf.Variable(tf.zeros([ROWS], tf.int32))
        update = tf.scatter_add(table, different, total * different)
        assert row_updates(tf.get_default_graph().get_operations(), [], []) == frozenset()
        with tf.Session() as session:
            session.run(table.initializer)
            assert session.run(update, {x: [2, 5, 2]}).tolist() == [0, 0, 4, 0, 0, 5]
            session.run(update, {x: [2, 5, 2]})
            assert session.run(update, {x: [2, 5, 2]}).tolist() == [0, 0, 12, 0, 0, 15]


@pytest.mark.parametrize("use_resource", [False, True])
def test_an_index_that_comes_twice_without_an_optimizer_is_refused(backend, use_resource):
    # TensorFlow would update the row twice, one after the other.
    class Unsummed(tf.train.AdagradOptimizer):
        def _apply_sparse_duplicate_indices(self, grad, var):
            return self._apply_sparse(grad, var)

        def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
            return self._resource_apply_sparse(grad, handle, indices)

    step = Step(lambda: Unsummed(0.5), use_resource)
    values = np.ones((2, WIDTH))
    with tf.Session(graph=step.graph) as session:
        session.run(step.initialize)
        for _ in range(2):
            session.run(step.train, {step.indices: [1, 4], step.values: values})
            before = session.run(step.slots)
            with pytest.raises(tf.errors.UnimplementedError, match="an index comes more than once"):
                session.run(step.train, {step.indices: [2, 2], step.values: values})
            after = session.run(step.slots)
            for old, new in zip(before, after, strict=True):
                np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("use_resource", [False, True])
def test_rows_looked_up_by_indices_of_two_types(backend, use_resource):
    if backend == "numpy":
        pytest.skip("numpy takes no gradients")
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.Variable(np.ones((4, 2), "float32"), use_resource=use_resource)
        narrow, wide = tf.constant([0, 1]), tf.constant([1, 3], tf.int64)
        loss = tf.reduce_sum(tf.gather(table, narrow)) + 2 * tf.reduce_sum(tf.nn.embedding_lookup(table, wide))
        (slices,) = tf.gradients(loss, table)
        assert slices.indices.dtype == tf.int64
        train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
        session.run(tf.global_variables_initializer())
        session.run(train)
        np.testing.assert_array_equal(session.run(table), [[0, 0], [-2, -2], [1, 1], [-1, -1]])
