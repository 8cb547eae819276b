"""Queues, readers and tables see what they see in TensorFlow, and let other runs go on while they wait.

Recorded in `golden/host_resources.json`; `golden/record_host_resources.py` records it again.
"""

import json
import threading
from pathlib import Path
from types import SimpleNamespace

import host_resource_programs as programs
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.core.readers import Reader
from onevar.core.resources import current

GOLDEN = json.loads((Path(__file__).parent / "golden" / "host_resources.json").read_text())
BACKENDS = ("numpy", "torch", "jax", "tensorflow")
SECONDS = 20


@pytest.fixture(name="folder", scope="module")
def files(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("files"))
    programs.write_files(folder)
    return folder


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_sees_what_tensorflow_sees(name, folder):
    with tf.Graph().as_default(), tf.Session(backend="numpy") as session:
        found = programs.plain(programs.PROGRAMS[name](tf, folder, session), folder)
    assert json.loads(json.dumps(found)) == GOLDEN[name]


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("name", ["batches", "shuffled_batches", "sparse_batches", "mutable_tables", "vocabularies"])
def test_is_the_same_on_every_framework(name, backend, folder):
    pytest.importorskip(backend)
    with tf.Graph().as_default(), tf.Session(backend=backend) as session:
        found = programs.plain(programs.PROGRAMS[name](tf, folder, session), folder)
    assert json.loads(json.dumps(found)) == GOLDEN[name]


class Waiting:
    """Runs something in a thread of its own that has to wait."""

    def __init__(self, function):
        self.result = self.error = None
        self.started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()
        self.started.wait(SECONDS)

    def _run(self, function):
        self.started.set()
        try:
            self.result = function()
        except Exception as error:  # noqa: BLE001 (looked at by who started it)
            self.error = error

    def finish(self):
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return self


@pytest.mark.parametrize("backend", BACKENDS)
def test_other_runs_go_on_while_one_waits(backend):
    pytest.importorskip(backend)
    with tf.Graph().as_default(), tf.Session(backend=backend) as session:
        queue = tf.FIFOQueue(3, tf.float32, shapes=[[2]])
        weights = tf.Variable(np.ones((2, 2), np.float32))
        product = tf.matmul(queue.dequeue()[None], weights)
        step = tf.assign_add(weights, tf.ones((2, 2)))
        session.run(tf.global_variables_initializer())
        waiting = Waiting(lambda: session.run([product, step]))
        for count in range(2):  # before and after it is compiled
            np.testing.assert_array_equal(session.run(weights), np.ones((2, 2)) + count)
            session.run(queue.enqueue([[1.0, 2.0]]))
            np.testing.assert_array_equal(waiting.finish().result[0], np.full((1, 2), 3.0 * (1 + count)))
            waiting = Waiting(lambda: session.run([product, step]))
        session.close()
        assert isinstance(waiting.finish().error, tf.errors.CancelledError)
        assert waiting.error.message == "Dequeue operation was cancelled"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_that_gets_nothing_leaves_the_variables_alone(backend):
    pytest.importorskip(backend)
    with tf.Graph().as_default(), tf.Session(backend=backend) as session:
        queue = tf.FIFOQueue(3, tf.float32, shapes=[[]])
        total = tf.Variable(0.0)
        added = total.assign_add(queue.dequeue())
        other = tf.Variable(1.0)
        doubled = other.assign(other * 2)
        session.run([tf.global_variables_initializer(), queue.enqueue(2.0)])
        session.run([added, doubled])
        session.run(queue.close())
        for _ in range(2):
            with pytest.raises(tf.errors.OutOfRangeError, match="is closed and has insufficient elements"):
                session.run([added, doubled])
        assert session.run([total, other]) == [2.0, 2.0]


def test_time_is_up():
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(1, tf.int32)
        taken, put = queue.dequeue(), queue.enqueue(1)
        with tf.Session(backend="numpy") as session:
            with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out waiting for notification"):
                session.run(taken, options=tf.RunOptions(timeout_in_ms=20))
            session.run(put)
            with pytest.raises(tf.errors.DeadlineExceededError):
                session.run(put, options=tf.RunOptions(timeout_in_ms=20))
            assert session.run(taken) == 1
        session = tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=20), backend="numpy")
        with session, pytest.raises(tf.errors.DeadlineExceededError):
            session.run(taken)


def test_each_session_has_its_own():
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(3, tf.int32)
        with tf.Session(backend="numpy") as first, tf.Session(backend="numpy") as second:
            first.run(queue.enqueue(1))
            assert first.run(queue.size()) == 1
            assert second.run(queue.size()) == 0


def test_those_who_wait_to_put_something_in_are_turned_away():
    with tf.Graph().as_default(), tf.Session(backend="numpy") as session:
        queue = tf.FIFOQueue(1, tf.int32, shapes=[()])
        enqueue = queue.enqueue_many([[1, 2, 3]])
        waiting = Waiting(lambda: session.run(enqueue))
        assert session.run(queue.dequeue()) == 1
        close = queue.close()
        closing = Waiting(lambda: session.run(close))
        session.run(queue.close(cancel_pending_enqueues=True))
        assert "Enqueue operation was cancelled" in waiting.finish().error.message
        closing.finish()
        with pytest.raises(tf.errors.CancelledError, match="is closed"):
            session.run(enqueue)


def test_closing_lets_those_who_wait_finish():
    with tf.Graph().as_default(), tf.Session(backend="numpy") as session:
        queue = tf.FIFOQueue(2, tf.int32, shapes=[()])
        enqueue, close = queue.enqueue_many([[1, 2, 3]]), queue.close()
        waiting = Waiting(lambda: session.run(enqueue))
        # A batch larger than the queue is collected while elements come in.
        assert session.run(queue.dequeue_many(3)).tolist() == [1, 2, 3]
        waiting.finish()
        waiting = Waiting(lambda: session.run(enqueue))
        closing = Waiting(lambda: session.run(close))
        assert [session.run(queue.dequeue()) for _ in range(3)] == [1, 2, 3]
        waiting.finish()
        closing.finish()
        assert session.run(queue.is_closed())


def test_what_an_enqueuing_thread_raises_reaches_the_main_thread():
    def broken():
        raise ValueError("no such picture")

    with tf.Graph().as_default(), tf.Session(backend="numpy") as session:
        queue = tf.FIFOQueue(3, tf.float32)
        tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue(tf.py_func(broken, [], tf.float32))] * 2))
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        with coordinator.stop_on_exception():
            session.run(queue.dequeue())
        with pytest.raises(tf.errors.InvalidArgumentError, match="no such picture"):
            coordinator.join(threads, stop_grace_period_secs=SECONDS)


def test_queue_runners_end_with_the_input():
    with tf.Graph().as_default(), tf.Session(backend="numpy") as session:
        counter = tf.Variable(0, trainable=False)
        queue = tf.FIFOQueue(2, tf.int32)
        runner = tf.train.QueueRunner(queue, [queue.enqueue(counter.count_up_to(5))])
        tf.train.add_queue_runner(runner)
        session.run(tf.global_variables_initializer())
        (thread,) = runner.create_threads(session, start=True, daemon=True)
        assert runner.create_threads(session) == []
        assert [session.run(queue.dequeue()) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(queue.dequeue())
        thread.join(SECONDS)
        assert not thread.is_alive()
        assert runner.exceptions_raised == []


def test_a_staging_area_hands_over_what_was_computed_before():
    area = tf.contrib.staging.StagingArea
    with tf.Graph().as_default(), tf.Session(backend="numpy") as session:
        stage = area([tf.float32], shapes=[[]], capacity=1)
        x = tf.placeholder(tf.float32, [])
        put, (got,) = stage.put([x * 2]), stage.get()
        session.run(put, {x: 1.0})
        waiting = Waiting(lambda: session.run(put, {x: 2.0}))
        assert session.run(got) == 2.0
        waiting.finish()
        assert session.run([got, stage.size()])[0] == 4.0


def test_strings_keep_their_zero_bytes():
    with tf.Graph().as_default(), tf.Session(backend="numpy") as session:
        words = tf.constant(np.array([b"a\0\0", b"\0"], object))
        queue = tf.FIFOQueue(3, tf.string)
        session.run(queue.enqueue(words[0]))
        assert session.run(queue.dequeue()) == b"a\0\0"
        assert session.run(tf.gather(words, 1)) == b"\0"


def test_outside_a_session_there_is_a_run_too():
    assert current().deadline is None


def test_a_reader_is_closed_while_somebody_reads():
    reading, closed = threading.Event(), threading.Event()

    class Slow(Reader):
        def records(self, work):
            reading.set()
            assert closed.wait(SECONDS)
            yield work, b"a record"

    reader = Slow("slow")
    queue = SimpleNamespace(dtypes=["string"], dequeue=lambda: [np.array(b"file", object)])

    def read():
        with reader.busy:
            return reader.read(queue)

    waiting = Waiting(read)
    assert reading.wait(SECONDS)
    reader.close()
    closed.set()
    assert waiting.finish().result == (b"file", b"a record")
