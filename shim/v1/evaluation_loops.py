"""`tf.contrib.training.evaluate_once`, `evaluate_repeatedly` and their hooks."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.default_graph import control_dependencies, get_default_graph
from onevar.v1 import global_steps
from onevar.v1 import tf_logging as logging
from onevar.v1.checkpoint_waiting import checkpoints_until_timeout
from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.monitored_sessions import MonitoredSession
from onevar.v1.session_creators import ChiefSessionCreator
from onevar.v1.session_hooks_running import FinalOpsHook
from onevar.v1.session_hooks_stopping import get_or_create_steps_per_run_variable
from onevar.v1.session_run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from onevar.v1.training_events import writer_for
from onevar.v1.variable_scopes import get_variable

_MODULE = "python.training.evaluation"
# With more evaluations than the first number, only some are logged: every so many parts of all.
_LOG_ALL, _LOG_PARTS = 20, 10.0
_CLOCK = "%Y-%m-%d-%H:%M:%S"


@export("contrib.training.get_or_create_eval_step", f"{_MODULE}._get_or_create_eval_step")
def get_or_create_eval_step() -> Any:
    """Return the local variable that counts evaluated batches.

    Raises:
        ValueError: There are several.
    """
    found = get_default_graph().get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return get_variable(
        "eval_step", shape=[], dtype=dtypes.int64, initializer=zeros_initializer(), trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )  # fmt: skip


@export(f"{_MODULE}._get_latest_eval_step_value")
def _latest_eval_step(update_ops: Any) -> Any:
    """Return the count as it is after some operations."""
    with control_dependencies(list(update_ops.values()) if isinstance(update_ops, dict) else update_ops):
        return exported("identity")(get_or_create_eval_step().read_value())


class _CountingHook(SessionRunHook):
    """Fetches the count of evaluated batches, which the loop sets."""

    _evals_completed: Any = None

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._evals_completed = updated_eval_step

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Fetch the count."""
        return SessionRunArgs({"evals_completed": self._evals_completed})


@export("contrib.training.StopAfterNEvalsHook", f"{_MODULE}._StopAfterNEvalsHook")
class StopAfterNEvalsHook(_CountingHook):
    """Ends an evaluation after some batches.

    Args:
        num_evals: How many; None has no end.
        log_progress: Whether how far it is is logged.
    """

    def __init__(self, num_evals: int | None, log_progress: bool = True):
        self._num_evals = num_evals
        self._log_progress = log_progress
        few = num_evals is None or num_evals < _LOG_ALL
        self._log_frequency = 1 if few or num_evals is None else math.floor(num_evals / _LOG_PARTS)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Log, and end if it is enough."""
        done, wanted = run_values.results["evals_completed"], self._num_evals
        if self._log_progress:
            if wanted is None:
                logging.info("Evaluation [%d]", done)
            elif done % self._log_frequency == 0 or done == wanted:
                logging.info("Evaluation [%d/%d]", done, wanted)
        if wanted is not None and done >= wanted:
            run_context.request_stop()


@export(f"{_MODULE}._MultiStepStopAfterNEvalsHook")
class MultiStepStopAfterNEvalsHook(_CountingHook):
    """Ends an evaluation after some batches, where a run takes several.

    Args:
        num_evals: How many; None has no end.
        steps_per_run: How many a run takes.
    """

    def __init__(self, num_evals: int | None, steps_per_run: int = 1):
        self._num_evals = num_evals
        self._steps_per_run = steps_per_run

    def begin(self) -> None:
        """Find the variable that says how many the next run takes."""
        self._variable = get_or_create_steps_per_run_variable()

    def _update(self, done: int, session: Any) -> None:
        left = self._steps_per_run if self._num_evals is None else self._num_evals - done
        self._variable.load(min(left, self._steps_per_run), session=session)

    def after_create_session(self, session: Any, coord: Coordinator) -> None:
        """See how many the first run takes."""
        self._update(0, session)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Log, and end if it is enough."""
        done, wanted = run_values.results["evals_completed"], self._num_evals
        self._update(done, run_context.session)
        if wanted is None:
            logging.info("Evaluation [%d]", done)
            return
        logging.info("Evaluation [%d/%d]", done, wanted)
        if done >= wanted:
            run_context.request_stop()


@export("contrib.training.SummaryAtEndHook")
class SummaryAtEndHook(SessionRunHook):
    """Writes summaries at the end of an evaluation.

    Args:
        log_dir: Where events are written.
        summary_writer: What writes them.
        summary_op: The summaries; None merges all.
        feed_dict: What is fed to them.

    Raises:
        ValueError: Neither folder nor writer is given.
    """

    def __init__(
        self, log_dir: Any = None, summary_writer: Any = None, summary_op: Any = None,
        feed_dict: Mapping[Any, Any] | None = None,
    ):  # fmt: skip
        self._summary_op = summary_op
        self._replace_summary_op = summary_op is None
        self._feed_dict = feed_dict
        self._summary_writer = summary_writer
        self._log_dir = log_dir
        if log_dir is None and summary_writer is None:
            raise ValueError("One of log_dir or summary_writer should be used.")

    def begin(self) -> None:
        """Find the summaries and the global step."""
        if self._replace_summary_op:
            # This hook may see several graphs, one after the other.
            self._summary_op = exported("summary.merge_all")()
        self._global_step = global_steps.get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Coordinator) -> None:
        """Find what writes."""
        if self._summary_writer is None and self._log_dir:
            self._summary_writer = writer_for(self._log_dir)

    def end(self, session: Any) -> None:
        """Write them."""
        if self._summary_op is not None:
            step = global_steps.global_step(session, self._global_step)
            summaries = session.run(self._summary_op, self._feed_dict)
            if self._summary_writer:
                self._summary_writer.add_summary(summaries, step)
        if self._summary_writer:
            self._summary_writer.flush()


def _with_update(eval_ops: Any, update: Any) -> Any:
    if isinstance(eval_ops, dict):
        eval_ops["update_eval_step"] = update
        return eval_ops
    return [*(eval_ops if isinstance(eval_ops, tuple | list) else [eval_ops]), update]


def _evaluate(creator: ChiefSessionCreator, hooks: Sequence[Any], eval_ops: Any, feed_dict: Any) -> None:
    with MonitoredSession(creator, hooks) as session:
        while eval_ops is not None and not session.should_stop():
            session.run(eval_ops, feed_dict)


@export("contrib.training.evaluate_once", f"{_MODULE}._evaluate_once")
def evaluate_once(
    checkpoint_path: str | None, master: Any = "", scaffold: Any = None, eval_ops: Any = None, feed_dict: Any = None,
    final_ops: Any = None, final_ops_feed_dict: Any = None, hooks: Sequence[Any] | None = None, config: Any = None,
) -> Any:  # fmt: skip
    """Restore a checkpoint, run `eval_ops` until a hook or the end of the input stops it, and compute `final_ops`.

    Args:
        checkpoint_path: The checkpoint's prefix; None initialises.
        master: Of the session; empty.
        scaffold: The operations that start a session; None takes the usual ones.
        eval_ops: What is run again and again: an operation, a list or a dictionary.
        feed_dict: What is fed to it.
        final_ops: What is computed at the end.
        final_ops_feed_dict: What is fed to that.
        hooks: What is done around each run; a `StopAfterNEvalsHook` ends the loop.
        config: Of the session.

    Returns:
        The values of `final_ops`.
    """
    step = get_or_create_eval_step()
    every = list(hooks or ())
    if eval_ops is not None:
        counted: Any = 1
        if any(isinstance(hook, MultiStepStopAfterNEvalsHook) for hook in every):
            counted = exported("cast")(get_or_create_steps_per_run_variable(), step.dtype.base_dtype)
        eval_ops = _with_update(eval_ops, exported("assign_add")(step, counted, use_locking=True))
        value = _latest_eval_step(eval_ops)
        for hook in every:
            if isinstance(hook, _CountingHook):
                hook._set_evals_completed_tensor(value)
    logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    creator = ChiefSessionCreator(
        scaffold=scaffold, checkpoint_filename_with_path=checkpoint_path, master=master, config=config
    )
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    _evaluate(creator, [*every, final], eval_ops, feed_dict)
    logging.info("Finished evaluation at %s", time.strftime(_CLOCK, time.gmtime()))
    return final.final_ops_values


@export("contrib.training.evaluate_repeatedly")
def evaluate_repeatedly(
    checkpoint_dir: Any, master: Any = "", scaffold: Any = None, eval_ops: Any = None, feed_dict: Any = None,
    final_ops: Any = None, final_ops_feed_dict: Any = None, eval_interval_secs: float = 60,
    hooks: Sequence[Any] | None = None, config: Any = None, max_number_of_evaluations: int | None = None,
    timeout: float | None = None, timeout_fn: Callable[[], Any] | None = None,
) -> Any:  # fmt: skip
    """Evaluate each new checkpoint of a folder, as `evaluate_once` does.

    Args:
        checkpoint_dir: The folder.
        master: Of the session; empty.
        scaffold: The operations that start a session; None takes the usual ones.
        eval_ops: What is run again and again: an operation, a list or a dictionary.
        feed_dict: What is fed to it.
        final_ops: What is computed at the end.
        final_ops_feed_dict: What is fed to that.
        eval_interval_secs: How many seconds lie between two at least.
        hooks: What is done around each run.
        config: Of the session.
        max_number_of_evaluations: How many checkpoints; None has no end.
        timeout: How long the next checkpoint is waited for; None waits for ever.
        timeout_fn: Asked then whether that is all.

    Returns:
        The values of `final_ops` for the last checkpoint; None if there was none.
    """
    step = get_or_create_eval_step()
    every = list(hooks or ())
    if eval_ops is not None:
        update = exported("assign_add")(step, 1)
        for hook in every:
            if isinstance(hook, StopAfterNEvalsHook):
                hook._set_evals_completed_tensor(update)
        eval_ops = _with_update(eval_ops, update)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    found = checkpoints_until_timeout(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for count, path in enumerate(found, 1):
        creator = ChiefSessionCreator(
            scaffold=scaffold, checkpoint_filename_with_path=path, master=master, config=config
        )
        logging.info("Starting evaluation at %s", time.strftime(_CLOCK, time.gmtime()))
        _evaluate(creator, [*every, final], eval_ops, feed_dict)
        logging.info("Finished evaluation at %s", time.strftime(_CLOCK, time.gmtime()))
        if max_number_of_evaluations is not None and count >= max_number_of_evaluations:
            break
    return final.final_ops_values
