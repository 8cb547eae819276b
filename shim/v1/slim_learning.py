"""`slim.learning.train`: trains with a `Supervisor`, and logs, saves and writes summaries on the way."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from onevar.core.constant import constant
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.op_errors import AbortedError, OutOfRangeError
from onevar.errors import Unsupported
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export, exported
from onevar.v1.global_steps import get_or_create_global_step
from onevar.v1.global_steps import global_step as value_of_step
from onevar.v1.saver import Saver
from onevar.v1.supervisor import Supervisor

_MODULE = "contrib.slim.learning"
#: What an argument is that was not given, where None means none.
_USE_DEFAULT = 0


def _is_default(value: Any) -> bool:
    # A tensor is not compared with a number.
    return isinstance(value, int) and value == _USE_DEFAULT


@export(f"{_MODULE}.train_step")
def train_step(sess: Any, train_op: Any, global_step: Any, train_step_kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    """Make one step, log and trace it, and see whether it was the last.

    Args:
        sess: The session.
        train_op: Returns the loss, and trains.
        global_step: Counts steps.
        train_step_kwargs: Operations `should_stop`, `should_log`, `should_trace`, each a boolean; `logdir` for traces
            and `summary_writer`.

    Returns:
        The loss, and whether to stop.

    Raises:
        ValueError: There is `should_trace` and no `logdir`.
    """
    start = time.time()
    options = metadata = None
    if "should_trace" in train_step_kwargs:
        if "logdir" not in train_step_kwargs:
            raise ValueError("logdir must be present in train_step_kwargs when should_trace is present")
        if sess.run(train_step_kwargs["should_trace"]):
            kind = exported("RunOptions")
            options, metadata = kind(trace_level=kind.FULL_TRACE), exported("RunMetadata")()
    loss, step = sess.run([train_op, global_step], options=options, run_metadata=metadata)
    seconds = time.time() - start
    if metadata is not None:
        _write_trace(metadata, step, train_step_kwargs)
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        logging.info("global step %d: loss = %.4f (%.3f sec/step)", step, loss, seconds)
    stop = sess.run(train_step_kwargs["should_stop"]) if "should_stop" in train_step_kwargs else False
    return loss, stop


def _write_trace(metadata: Any, step: Any, train_step_kwargs: Mapping[str, Any]) -> None:
    trace = exported("python.client.timeline.Timeline")(metadata.step_stats).generate_chrome_trace_format()
    path = os.path.join(train_step_kwargs["logdir"], f"tf_trace-{step}.json")
    logging.info("Writing trace to %s", path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(trace)
    if train_step_kwargs.get("summary_writer"):
        train_step_kwargs["summary_writer"].add_run_metadata(metadata, f"run_metadata-{step}")


@export(f"{_MODULE}.train")
def train(
    train_op: Any, logdir: Any, train_step_fn: Callable[..., Any] = train_step, train_step_kwargs: Any = _USE_DEFAULT,
    log_every_n_steps: int = 1, graph: Graph | None = None, master: Any = "", is_chief: bool = True,
    global_step: Any = None, number_of_steps: int | None = None, init_op: Any = _USE_DEFAULT,
    init_feed_dict: Any = None, local_init_op: Any = _USE_DEFAULT, init_fn: Any = None, ready_op: Any = _USE_DEFAULT,
    summary_op: Any = _USE_DEFAULT, save_summaries_secs: float = 600, summary_writer: Any = _USE_DEFAULT,
    startup_delay_steps: int = 0, saver: Any = None, save_interval_secs: float = 600, sync_optimizer: Any = None,
    session_config: Any = None, session_wrapper: Any = None, trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:  # fmt: skip
    """Train until a step, the end of the input or a stop.

    Args:
        train_op: Returns the loss, and trains.
        logdir: Where checkpoints and events are; None writes none.
        train_step_fn: Makes a step; see `train_step`.
        train_step_kwargs: What it gets.
        log_every_n_steps: The loss is logged every so many steps; 0 for never.
        graph: What is run; None takes the default graph.
        master: Of the session; empty.
        is_chief: Whether this process initialises and saves.
        global_step: Counts steps; None takes or makes the graph's.
        number_of_steps: The global step at which it is enough; None has no end.
        init_op: Gives the variables their first values.
        init_feed_dict: What is fed to it.
        local_init_op: Gives local variables and tables their values.
        init_fn: Called with the session after `init_op`.
        ready_op: Returns the names of what has no value.
        summary_op: The summaries; None writes none.
        save_summaries_secs: Summaries every so many seconds.
        summary_writer: What writes events; None writes none.
        startup_delay_steps: A worker that is no chief begins at this step.
        saver: Saves and restores.
        save_interval_secs: A checkpoint every so many seconds.
        sync_optimizer: A `SyncReplicasOptimizer`, which onevar does not have.
        session_config: Of the session.
        session_wrapper: Called with the session; what it returns runs the steps.
        trace_every_n_steps: A trace every so many steps.
        ignore_live_threads: Whether it is no error that a thread goes on.

    Returns:
        The last loss.

    Raises:
        ValueError: Arguments that do not go together.
        Unsupported: There is a `sync_optimizer`.
    """
    _check_arguments(train_op, logdir, summary_op, saver, trace_every_n_steps, number_of_steps, sync_optimizer)
    graph = graph or get_default_graph()
    with graph.as_default():
        global_step = get_or_create_global_step() if global_step is None else global_step
        saver = saver or Saver()
        with name_scope("init_ops"):
            init_op, ready_op, local_init_op = _starting(init_op, ready_op, local_init_op)
        if _is_default(summary_op):
            summary_op = exported("summary.merge_all")()
        if _is_default(train_step_kwargs):
            with name_scope("train_step"):
                traced = trace_every_n_steps if is_chief else None
                train_step_kwargs = _deciding(global_step, number_of_steps, log_every_n_steps, traced, logdir)
    supervisor = Supervisor(
        graph=graph, is_chief=is_chief, logdir=logdir, init_op=init_op, init_feed_dict=init_feed_dict,
        local_init_op=local_init_op, ready_for_local_init_op=None, ready_op=ready_op, summary_op=summary_op,
        summary_writer=Supervisor.USE_DEFAULT if _is_default(summary_writer) else summary_writer,
        global_step=global_step, saver=saver, save_summaries_secs=save_summaries_secs,
        save_model_secs=save_interval_secs, init_fn=init_fn,
    )  # fmt: skip
    if summary_writer is not None:
        train_step_kwargs["summary_writer"] = supervisor.summary_writer
    loop = _Loop(supervisor, train_step_fn, train_op, global_step, train_step_kwargs)
    while True:
        try:
            with supervisor.managed_session(master, start_standard_services=False, config=session_config) as sess:
                logging.info("Starting Session.")
                if session_wrapper is not None:
                    logging.info("Wrapping session with wrapper function: %s", session_wrapper)
                    sess = session_wrapper(sess)
                if is_chief and logdir:
                    supervisor.start_standard_services(sess)
                elif not is_chief and startup_delay_steps > 0:
                    _wait_for_step(sess, global_step, min(startup_delay_steps, number_of_steps or sys.maxsize))
                loop.run(sess, ignore_live_threads if logdir and is_chief else None)
            return loop.loss
        except AbortedError:
            logging.info("Retrying training!")


class _Loop:
    """Makes steps until one is the last."""

    def __init__(self, supervisor: Supervisor, step_fn: Callable[..., Any], *arguments: Any):
        self._supervisor, self._step_fn, self._arguments = supervisor, step_fn, arguments
        self.loss: Any = None

    def run(self, sess: Any, save_ignoring: bool | None) -> None:
        """Make the steps; at the end save, and stop the threads, unless the argument is None."""
        supervisor = self._supervisor
        threads = supervisor.start_queue_runners(sess)
        logging.info("Starting Queues.")
        try:
            while not supervisor.should_stop():
                self.loss, stop = self._step_fn(sess, *self._arguments)
                if stop:
                    logging.info("Stopping Training.")
                    supervisor.request_stop()
                    break
        except OutOfRangeError as error:
            # The input has come to its end, as it should with a number of epochs.
            logging.info("Caught OutOfRangeError. Stopping Training. %s", error)
        if save_ignoring is not None:
            logging.info("Finished training! Saving model to disk.")
            supervisor.saver.save(sess, supervisor.save_path, global_step=supervisor.global_step)
            supervisor.stop(threads, close_summary_writer=True, ignore_live_threads=save_ignoring)


def _check_arguments(
    train_op: Any, logdir: Any, summary_op: Any, saver: Any, traced: Any, number_of_steps: int | None, sync: Any
) -> None:
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    if logdir is None:
        if not _is_default(summary_op):
            raise ValueError("Cannot provide summary_op because logdir=None")
        if saver is not None:
            raise ValueError("Cannot provide saver because logdir=None")
        if traced is not None:
            raise ValueError("Cannot provide trace_every_n_steps because logdir=None")
    if sync is not None:
        raise Unsupported(
            "slim.learning.train(sync_optimizer=...): there are no parameter servers here. Leave it out, and train "
            "with the optimizer itself in one process."
        )
    if number_of_steps is not None and number_of_steps <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")


def _starting(init_op: Any, ready_op: Any, local_init_op: Any) -> tuple[Any, Any, Any]:
    """Return the operations that start a session, made where they are not given."""
    if _is_default(init_op):
        init_op = exported("global_variables_initializer")()
    if _is_default(ready_op):
        ready_op = exported("report_uninitialized_variables")()
    if _is_default(local_init_op):
        local_init_op = exported("group")(exported("local_variables_initializer")(), exported("tables_initializer")())
    return init_op, ready_op, local_init_op


def _deciding(
    global_step: Any, number_of_steps: int | None, log_every: int, trace_every: int | None, logdir: Any
) -> dict[str, Any]:
    """Return the operations that say after each step whether to log, trace and stop."""
    equal, mod = exported("equal"), exported("mod")
    stop = exported("greater_equal")(global_step, number_of_steps) if number_of_steps else constant(False)
    made: dict[str, Any] = {"should_stop": stop}
    if log_every > 0:
        made["should_log"] = equal(mod(global_step, log_every), 0)
    if trace_every is not None:
        made["should_trace"] = equal(mod(global_step, trace_every), 0)
        made["logdir"] = logdir
    return made


def _wait_for_step(sess: Any, global_step: Any, step: int) -> None:
    while value_of_step(sess, global_step) < step:
        time.sleep(1.0)
