"""`tf.train.Supervisor`: initialises or restores, saves and writes summaries in threads, and ends them all."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Thread
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.op_errors import AbortedError
from onevar.v1 import global_steps
from onevar.v1 import tf_logging as logging
from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.looper_threads import LooperThread
from onevar.v1.session_managers import SessionManager
from onevar.v1.supervisor_parts import USE_DEFAULT, SupervisorParts
from onevar.v1.supervisor_threads import SVStepCounterThread, SVSummaryThread, SVTimerCheckpointThread
from onevar.v1.training_events import session_log


@export("train.Supervisor")
class Supervisor(SupervisorParts):
    """Looks after a training program: its session, checkpoints, summaries and threads.

    The graph is finalized when the supervisor is made.

    Args:
        graph: What is run; None takes the default graph.
        ready_op: Returns the names of what has no value; None checks nothing. Where nothing is said, this and those
            that follow are taken from the graph's collections, or made.
        ready_for_local_init_op: The same, before `local_init_op`.
        is_chief: Whether this process initialises and saves; others wait until it has.
        init_op: Gives the variables their first values.
        init_feed_dict: What is fed to it.
        local_init_op: Gives local variables and tables their values.
        logdir: Where checkpoints and events are; None writes none.
        summary_op: The merged summaries, written by a thread; None leaves it to the program.
        saver: Saves and restores; None does neither.
        global_step: Counts steps.
        save_summaries_secs: Summaries every so many seconds; 0 for none.
        save_model_secs: A checkpoint every so many seconds; 0 for none.
        recovery_wait_secs: How many seconds lie between two looks at what is waited for.
        stop_grace_secs: How long threads have to end.
        checkpoint_basename: What checkpoints' names begin with.
        session_manager: A `SessionManager`.
        summary_writer: Writes events; None writes none.
        init_fn: Called with the session after `init_op`.
        local_init_run_options: `RunOptions` of `local_init_op`.

    Raises:
        RuntimeError: Eagerly.
        ValueError: It is no chief, and variables say no device.
    """

    def __init__(
        self, graph: Graph | None = None, ready_op: Any = USE_DEFAULT, ready_for_local_init_op: Any = USE_DEFAULT,
        is_chief: bool = True, init_op: Any = USE_DEFAULT, init_feed_dict: Mapping[Any, Any] | None = None,
        local_init_op: Any = USE_DEFAULT, logdir: Any = None, summary_op: Any = USE_DEFAULT, saver: Any = USE_DEFAULT,
        global_step: Any = USE_DEFAULT, save_summaries_secs: float = 120, save_model_secs: float = 600,
        recovery_wait_secs: float = 30, stop_grace_secs: float = 120, checkpoint_basename: str = "model.ckpt",
        session_manager: SessionManager | None = None, summary_writer: Any = USE_DEFAULT,
        init_fn: Callable[[Any], Any] | None = None, local_init_run_options: Any = None,
    ):  # fmt: skip
        if executing_eagerly():
            raise RuntimeError("Supervisors are incompatible with eager execution.")
        self._graph = get_default_graph() if graph is None else graph
        with self._graph.as_default():
            self._find_parts(
                {
                    "ready_op": ready_op, "ready_for_local_init_op": ready_for_local_init_op, "init_op": init_op,
                    "local_init_op": local_init_op, "saver": saver, "summary_op": summary_op,
                    "global_step": global_step,
                }
            )  # fmt: skip
        self._init_feed_dict = init_feed_dict
        self._is_chief = is_chief
        self._coord = Coordinator()
        self._stop_grace_secs = stop_grace_secs
        self._init_fn = init_fn
        self._logdir: Any = logdir if is_chief else None
        self._save_summaries_secs = save_summaries_secs if is_chief else None
        self._save_model_secs = save_model_secs if is_chief else None
        self._save_path = os.path.join(self._logdir, checkpoint_basename) if self._logdir else None
        self._summary_writer = self._writer(summary_writer)
        self._graph_added_to_summary = False
        self._session_manager = session_manager or SessionManager(
            local_init_op=self._local_init_op, ready_op=self._ready_op,
            ready_for_local_init_op=self._ready_for_local_init_op, graph=self._graph,
            recovery_wait_secs=recovery_wait_secs, local_init_run_options=local_init_run_options,
        )  # fmt: skip
        self._verify_setup()
        self._graph.finalize()

    def _writer(self, given: Any) -> Any:
        if not self._is_chief:
            return None
        if given is not USE_DEFAULT:
            return given
        return exported("summary.FileWriter")(self._logdir) if self._logdir else None

    def _verify_setup(self) -> None:
        for operation in () if self._is_chief else self._graph.get_operations():
            if operation.type in ("Variable", "VariableV2") and not operation.device:
                raise ValueError(f"When using replicas, all Variables must have their device set: {operation}")

    # -- what it has --------------------------------------------------------------------------------

    is_chief = property(lambda self: self._is_chief, doc="Whether this process initialises and saves.")
    session_manager = property(lambda self: self._session_manager, doc="The `SessionManager`.")
    coord = property(lambda self: self._coord, doc="The `Coordinator` of the threads.")
    init_op = property(lambda self: self._init_op, doc="Gives the variables their first values.")
    init_feed_dict = property(lambda self: self._init_feed_dict, doc="What is fed to `init_op`.")
    ready_op = property(lambda self: self._ready_op, doc="The names of what has no value.")
    ready_for_local_init_op = property(
        lambda self: self._ready_for_local_init_op, doc="The same, before local variables are initialised."
    )
    summary_writer = property(lambda self: self._summary_writer, doc="The `FileWriter`, or None.")
    summary_op = property(lambda self: self._summary_op, doc="The merged summaries, or None.")
    save_summaries_secs = property(lambda self: self._save_summaries_secs, doc="Seconds between summaries.")
    global_step = property(lambda self: self._global_step, doc="The global step, or None.")
    saver = property(lambda self: self._saver, doc="The Saver, or None.")
    save_model_secs = property(lambda self: self._save_model_secs, doc="Seconds between checkpoints.")
    save_path = property(lambda self: self._save_path, doc="What checkpoints' paths begin with, or None.")

    # -- sessions -----------------------------------------------------------------------------------

    @contextmanager
    def managed_session(
        self, master: Any = "", config: Any = None, start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Any]:  # fmt: skip
        """Open a session for a `with` block, and stop all threads at its end.

        Args:
            master: Of the session; empty.
            config: Of the session.
            start_standard_services: Whether the threads are started.
            close_summary_writer: Whether the writer of events is closed at the end.

        Raises:
            Exception: What the block, or a thread, raised; `OutOfRangeError` is the end of the input and no error.
        """
        session = None
        try:
            session = self.prepare_or_wait_for_session(
                master=master, config=config, start_standard_services=start_standard_services
            )
            yield session
        except Exception as error:  # noqa: BLE001 (stop() raises it)
            self.request_stop(error)
        finally:
            try:
                # Threads that wait for a queue's next element end when the session is closed, at the latest.
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                with suppress(Exception):
                    if session is not None:
                        session.close()

    def prepare_or_wait_for_session(
        self, master: Any = "", config: Any = None, wait_for_checkpoint: bool = False, max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Any:  # fmt: skip
        """Return a session that is ready, and start the threads.

        Args:
            master: Of the session; empty.
            config: Of the session.
            wait_for_checkpoint: Whether to wait until there is a checkpoint.
            max_wait_secs: For how long.
            start_standard_services: Whether the threads and queue runners are started.

        Raises:
            RuntimeError: Something has no value.
            OpError: The checkpoint could not be restored.
        """
        self._coord.clear_stop()
        if self._summary_writer:
            self._summary_writer.reopen()
        if self._is_chief:
            session = self._session_manager.prepare_session(
                master, init_op=self._init_op, saver=self._saver, checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint, max_wait_secs=max_wait_secs, config=config,
                init_feed_dict=self._init_feed_dict, init_fn=self._init_fn,
            )  # fmt: skip
            self._write_graph()
            if start_standard_services:
                logging.info("Starting standard services.")
                self.start_standard_services(session)
        else:
            session = self._session_manager.wait_for_session(master, config=config, max_wait_secs=max_wait_secs)
        if start_standard_services:
            logging.info("Starting queue runners.")
            self.start_queue_runners(session)
        return session

    def _write_graph(self) -> None:
        """Write the graph to the folder, and for TensorBoard."""
        if self._logdir:
            exported("train.write_graph")(self._graph.as_graph_def(add_shapes=True), self._logdir, "graph.pbtxt")
        if self._summary_writer and not self._graph_added_to_summary:
            saver_def = self._saver.saver_def if self._saver else None
            self._summary_writer.add_graph(self._graph)
            self._summary_writer.add_meta_graph(
                exported("train.export_meta_graph")(graph=self._graph, saver_def=saver_def)
            )
            self._graph_added_to_summary = True

    # -- threads ------------------------------------------------------------------------------------

    def start_standard_services(self, sess: Any) -> list[Thread] | None:
        """Start the threads that write summaries and checkpoints.

        Args:
            sess: The session.

        Returns:
            The threads; None, with a warning, if there is no `logdir`.

        Raises:
            RuntimeError: It is no chief.
        """
        if not self._is_chief:
            raise RuntimeError(
                "Only chief supervisor can start standard services. Because only chief supervisors can write events."
            )
        if not self._logdir:
            logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        if self._global_step is not None and self._summary_writer:
            self._summary_writer.add_session_log(
                session_log("START"), global_steps.global_step(sess, self._global_step)
            )
        threads: list[Thread] = []
        if self._save_summaries_secs and self._summary_writer:
            if self._summary_op is not None:
                threads.append(SVSummaryThread(self, sess))
            if self._global_step is not None:
                threads.append(SVStepCounterThread(self, sess))
        if self._saver and self._save_model_secs:
            threads.append(SVTimerCheckpointThread(self, sess))
        for thread in threads:
            thread.start()
        return threads

    def start_queue_runners(self, sess: Any, queue_runners: Iterable[Any] | None = None) -> list[Thread]:
        """Start the threads that fill queues.

        Args:
            sess: The session.
            queue_runners: Which; None takes the graph's.

        Returns:
            The threads.

        Raises:
            RuntimeError: Eagerly.
        """
        if executing_eagerly():
            raise RuntimeError("Queues are not compatible with eager execution.")
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        threads: list[Thread] = []
        for runner in queue_runners:
            threads.extend(runner.create_threads(sess, coord=self._coord, daemon=True, start=True))
        return threads

    def loop(
        self, timer_interval_secs: float | None, target: Callable, args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> LooperThread:  # fmt: skip
        """Start a thread that calls a function again and again.

        Args:
            timer_interval_secs: How many seconds lie between two beginnings; None has no pause at all.
            target: The function.
            args: Its arguments.
            kwargs: Its keyword arguments.

        Returns:
            The thread.
        """
        return LooperThread.loop(self._coord, timer_interval_secs, target, args=args, kwargs=kwargs)

    def stop(
        self, threads: Iterable[Thread] | None = None, close_summary_writer: bool = True,
        ignore_live_threads: bool = False,
    ) -> None:  # fmt: skip
        """Stop the threads.

        Args:
            threads: More threads to wait for.
            close_summary_writer: Whether the writer of events is closed.
            ignore_live_threads: Whether it is no error that some go on.

        Raises:
            BaseException: What a thread reported.
            RuntimeError: A thread goes on.
        """
        self._coord.request_stop()
        try:
            self._coord.join(threads, self._stop_grace_secs, ignore_live_threads)
        finally:
            if close_summary_writer and self._summary_writer:
                self._summary_writer.add_session_log(session_log("STOP"))
                self._summary_writer.close()
                # The next file is to have the graph, too.
                self._graph_added_to_summary = False

    def request_stop(self, ex: Any = None) -> None:
        """Ask the threads to stop; see `Coordinator.request_stop`."""
        self._coord.request_stop(ex=ex)

    def should_stop(self) -> bool:
        """Return whether a stop was asked for."""
        return self._coord.should_stop()

    def stop_on_exception(self) -> AbstractContextManager[None]:
        """Return `Coordinator.stop_on_exception()`."""
        return self._coord.stop_on_exception()

    def wait_for_stop(self) -> None:
        """Wait until a stop is asked for."""
        self._coord.wait_for_stop()

    def summary_computed(self, sess: Any, summary: Any, global_step: int | None = None) -> None:
        """Write a summary that the program computed.

        Args:
            sess: The session.
            summary: The serialized summary.
            global_step: The step; None takes the global step's value.

        Raises:
            RuntimeError: Nothing writes events.
        """
        if not self._summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self._global_step is not None:
            global_step = global_steps.global_step(sess, self._global_step)
        self._summary_writer.add_summary(summary, global_step)

    # The names of the first releases.
    PrepareSession = prepare_or_wait_for_session
    StartQueueRunners = start_queue_runners
    StartStandardServices = start_standard_services
    Stop = stop
    RequestStop = request_stop
    Loop = loop
    ShouldStop = should_stop
    StopOnException = stop_on_exception
    WaitForStop = wait_for_stop
    SummaryComputed = summary_computed


@export("train.basic_train_loop")
def basic_train_loop(
    supervisor: Supervisor, train_step_fn: Callable[..., Any], args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None, master: Any = "",
) -> None:  # fmt: skip
    """Call a function in a session until the supervisor says stop; again from the start when the session is lost.

    Args:
        supervisor: The supervisor.
        train_step_fn: Called with the session and the arguments.
        args: Its arguments.
        kwargs: Its keyword arguments.
        master: Of the session; empty.
    """
    lost = True
    while lost:
        lost = False
        try:
            with supervisor.managed_session(master) as session:
                while not supervisor.should_stop():
                    train_step_fn(session, *(args or ()), **(kwargs or {}))
        except AbortedError:
            lost = True
