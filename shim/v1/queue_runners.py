"""Threads that fill queues: `tf.train.QueueRunner`, `tf.train.start_queue_runners`."""

import threading
from typing import Any
from weakref import WeakKeyDictionary

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import add_to_collection, get_collection, get_default_graph
from onevar.core.op_errors import (
    OpError,
    OutOfRangeError,
    error_code_from_exception_type,
    exception_type_from_error_code,
)
from onevar.core.session import BaseSession, get_default_session
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.queue_runner_def import queue_runner_def as message_class
from onevar.v1.tf_logging import debug, error, warning


@export("train.QueueRunner", "train.queue_runner.QueueRunner")
class QueueRunner:
    """Runs enqueue operations in threads until the queue is closed; see `tf.train.QueueRunner`.

    Args:
        queue: The queue.
        enqueue_ops: One thread for each.
        close_op: Closes the queue at the end; None makes one.
        cancel_op: Closes it, and turns away who waits to put something in; None makes one.
        queue_closed_exception_types: Errors that mean that there is no more to come; None is OutOfRangeError.
        queue_runner_def: A `QueueRunnerDef`, in place of all others.
        import_scope: The scope that the operations of `queue_runner_def` are in now.

    Raises:
        RuntimeError: Calls compute at once.
        TypeError: `queue_closed_exception_types` is no tuple of errors.
        ValueError: Nothing is given to run, or too much.
    """

    def __init__(
        self, queue: Any = None, enqueue_ops: Any = None, close_op: Any = None, cancel_op: Any = None,
        queue_closed_exception_types: Any = None, queue_runner_def: Any = None, import_scope: str | None = None,
    ):  # fmt: skip
        if executing_eagerly():
            raise RuntimeError(
                "QueueRunners are not supported when eager execution is enabled. Instead, please use tf.data to get "
                "data into your model."
            )
        self._lock = threading.Lock()
        self._runs_per_session: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._exceptions_raised: list[Exception] = []
        if queue_runner_def:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._init_from_proto(queue_runner_def, import_scope)
            return
        if not queue or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        self._queue = queue
        self._enqueue_ops = enqueue_ops
        self._queue_closed_exception_types = _error_types(queue_closed_exception_types)
        self._close_op = queue.close() if close_op is None else close_op
        self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op

    def _init_from_proto(self, definition: Any, import_scope: str | None) -> None:
        graph = get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(f"{import_scope}/{name}" if import_scope else name)

        self._queue = element(definition.queue_name)
        self._enqueue_ops = [element(name) for name in definition.enqueue_op_name]
        self._close_op = element(definition.close_op_name)
        self._cancel_op = element(definition.cancel_op_name)
        codes = definition.queue_closed_exception_types
        self._queue_closed_exception_types = _error_types(tuple(map(exception_type_from_error_code, codes)) or None)

    @property
    def queue(self) -> Any:
        """The queue."""
        return self._queue

    @property
    def enqueue_ops(self) -> Any:
        """What the threads run."""
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        """What closes the queue."""
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        """What closes the queue, and turns away who waits."""
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[Exception], ...]:
        """Errors that mean that there is no more to come."""
        return self._queue_closed_exception_types

    @property
    def exceptions_raised(self) -> list[Exception]:
        """What threads without a coordinator raised."""
        return self._exceptions_raised

    @property
    def name(self) -> str:
        """The name of the queue's operation."""
        return self._queue.name

    def _run(self, sess: Any, enqueue_op: Any, coord: Any = None) -> None:
        """Put things in until the queue is closed; the last thread closes it."""
        counted = True
        try:
            enqueue = sess.make_callable(enqueue_op)
            while not (coord and coord.should_stop()):
                try:
                    enqueue()
                except self._queue_closed_exception_types:
                    with self._lock:
                        self._runs_per_session[sess] -= 1
                        counted = False
                        last = self._runs_per_session[sess] == 0
                    if last:
                        _run_quietly(sess, self._close_op)
                    return
        except Exception as failure:
            if coord:
                coord.request_stop(failure)
                return
            error("Exception in QueueRunner: %s", str(failure))
            with self._lock:
                self._exceptions_raised.append(failure)
            raise
        finally:
            if counted:
                with self._lock:
                    self._runs_per_session[sess] -= 1

    def _close_on_stop(self, sess: Any, cancel_op: Any, coord: Any) -> None:
        """Close the queue when the coordinator says so."""
        coord.wait_for_stop()
        _run_quietly(sess, cancel_op)

    def create_threads(
        self, sess: Any, coord: Any = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """Return the threads that fill the queue, none if those of an earlier call are still running.

        Args:
            sess: Where they run.
            coord: A `Coordinator` that they stop with, and report to.
            daemon: Whether the process may end while they run.
            start: Whether they are started.
        """
        with self._lock:
            if self._runs_per_session.get(sess, 0) > 0:
                return []
            self._runs_per_session[sess] = len(self._enqueue_ops)
            self._exceptions_raised = []
        threads = [
            threading.Thread(target=self._run, args=(sess, op, coord), name=f"QueueRunnerThread-{self.name}-{op.name}")
            for op in self._enqueue_ops
        ]
        if coord:
            name = f"QueueRunnerThread-{self.name}-close_on_stop"
            threads.append(threading.Thread(target=self._close_on_stop, args=(sess, self._cancel_op, coord), name=name))
        for thread in threads:
            if coord:
                coord.register_thread(thread)
            if daemon:
                thread.daemon = True
            if start:
                thread.start()
        return threads

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Return a `QueueRunnerDef`, or None if the queue is not in `export_scope`.

        Args:
            export_scope: A scope whose name is left out.
        """
        if export_scope is not None and not self._queue.name.startswith(export_scope):
            return None

        def name(element: Any) -> str:
            start = f"{export_scope}/"
            return element.name[len(start) :] if export_scope and element.name.startswith(start) else element.name

        message = message_class()()
        message.queue_name = name(self._queue)
        message.enqueue_op_name.extend(map(name, self._enqueue_ops))
        message.close_op_name, message.cancel_op_name = name(self._close_op), name(self._cancel_op)
        codes = map(error_code_from_exception_type, self._queue_closed_exception_types)
        message.queue_closed_exception_types.extend(codes)
        return message

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> "QueueRunner":
        """Return the queue runner of a `QueueRunnerDef`.

        Args:
            queue_runner_def: The message.
            import_scope: The scope that its operations are in now.
        """
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def _error_types(given: Any) -> tuple[type[Exception], ...]:
    if given is None:
        return (OutOfRangeError,)
    if not isinstance(given, tuple) or not given or not all(issubclass(t, OpError) for t in given):
        raise TypeError(
            f"queue_closed_exception_types, when provided, must be a tuple of tf.error types, but saw: {given}"
        )
    return given


def _run_quietly(sess: Any, op: Any) -> None:
    """Close a queue: whatever is the matter with the session, the thread is at its end."""
    try:
        sess.run(op)
    except Exception as failure:  # noqa: BLE001 (see above)
        debug("Ignored exception: %s", str(failure))


@export("train.add_queue_runner", "train.queue_runner.add_queue_runner")
def add_queue_runner(qr: Any, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Let `start_queue_runners` find a queue runner.

    Args:
        qr: The queue runner.
        collection: The collection of the graph that it is added to.
    """
    add_to_collection(collection, qr)


@export("train.start_queue_runners", "train.queue_runner.start_queue_runners")
def start_queue_runners(
    sess: Any = None, coord: Any = None, daemon: bool = True, start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:  # fmt: skip
    """Start the threads of all queue runners of the graph, and return them.

    Args:
        sess: Where they run; None is the default session.
        coord: A `Coordinator` that they stop with, and report to.
        daemon: Whether the process may end while they run.
        start: Whether they are started.
        collection: The collection of the graph that holds the queue runners.

    Raises:
        RuntimeError: Calls compute at once.
        TypeError: `sess` is no Session.
        ValueError: There is no session.
    """
    if executing_eagerly():
        raise RuntimeError("Queues are not compatible with eager execution.")
    if sess is None:
        sess = get_default_session()
        if not sess:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with sess.as_default()` or pass an "
                "explicit session to tf.start_queue_runners(sess=sess)"
            )
    if not isinstance(sess, BaseSession):
        if type(sess).__name__ in ("MonitoredSession", "SingularMonitoredSession"):
            return []  # It has started them itself.
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    runners = get_collection(collection)
    if not runners:
        warning(
            "`tf.train.start_queue_runners()` was called when no queue runners were defined. You can safely remove the "
            "call to this deprecated function."
        )
    with sess.graph.as_default():
        threads: list[threading.Thread] = []
        for runner in get_collection(collection):
            threads.extend(runner.create_threads(sess, coord=coord, daemon=daemon, start=start))
    return threads
