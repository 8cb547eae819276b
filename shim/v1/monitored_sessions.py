"""`tf.train.MonitoredSession`, `SingularMonitoredSession`, `MonitoredTrainingSession`: sessions with hooks."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from onevar.core.default_graph import get_collection, get_default_graph
from onevar.core.op_errors import OutOfRangeError
from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.session_creators import ChiefSessionCreator, SessionCreator, WorkerSessionCreator
from onevar.v1.session_hooks_saving import CheckpointSaverHook
from onevar.v1.session_hooks_writing import StepCounterHook, SummarySaverHook
from onevar.v1.session_run_hooks import SessionRunHook
from onevar.v1.training_scaffold import Scaffold
from onevar.v1.wrapped_sessions import (
    CoordinatedSession,
    HookedSession,
    RecoverableSession,
    StepContext,
    WrappedSession,
)  # fmt: skip

_MODULE = "python.training.monitored_session"
#: What an argument is that the program did not give, where None means something.
USE_DEFAULT = object()


class _CoordinatedSessionCreator(SessionCreator):
    """Makes sessions with hooks and a coordinator, and starts the queue runners."""

    def __init__(self, session_creator: SessionCreator, hooks: Any, stop_grace_period_secs: float):
        self._session_creator = session_creator
        self._hooks = hooks
        self.coord: Coordinator | None = None
        self.tf_sess: Any = None
        self._stop_grace_period_secs = stop_grace_period_secs

    def create_session(self) -> WrappedSession:
        self.tf_sess = self._session_creator.create_session()
        # That the input has ended is for the loop to hear, so it is no clean stop here.
        self.coord = Coordinator(clean_stop_exception_types=[])
        if get_collection(GraphKeys.QUEUE_RUNNERS):
            exported("train.start_queue_runners")(sess=self.tf_sess, coord=self.coord)
        for hook in self._hooks:
            hook.after_create_session(self.tf_sess, self.coord)
        hooked = HookedSession(self.tf_sess, self._hooks)
        return CoordinatedSession(hooked, self.coord, self._stop_grace_period_secs)


@export(f"{_MODULE}._MonitoredSession")
class BaseMonitoredSession:
    """What `MonitoredSession` and `SingularMonitoredSession` share.

    Args:
        session_creator: Makes the session; None takes a `ChiefSessionCreator()`.
        hooks: What is done around each run.
        should_recover: Whether a new session is made when the machine went away.
        stop_grace_period_secs: How long threads have to end.
    """

    StepContext = StepContext

    def __init__(
        self, session_creator: SessionCreator | None, hooks: Iterable[SessionRunHook] | None, should_recover: bool,
        stop_grace_period_secs: float = 120,
    ):  # fmt: skip
        self._graph_was_finalized = get_default_graph().finalized
        self._hooks: Any = hooks or []
        for hook in self._hooks:
            hook.begin()
        self._coordinated_creator = _CoordinatedSessionCreator(
            session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs
        )
        self._sess: Any
        if should_recover:
            self._sess = RecoverableSession(self._coordinated_creator)
        else:
            self._sess = self._coordinated_creator.create_session()

    @property
    def graph(self) -> Any:
        """What it runs; None when it is closed."""
        session = self._tf_sess()
        return None if session is None else session.graph

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Run, with the hooks around it; see `tf.Session.run`.

        Args:
            fetches: What is fetched.
            feed_dict: What is fed.
            options: A `tf.RunOptions`.
            run_metadata: A `tf.RunMetadata` to fill in.

        Raises:
            RuntimeError: The loop was to end, or something is fed twice.
            OpError: What went wrong.
        """
        return self._sess.run(fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata)

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Call a function that makes one step of several runs.

        Args:
            step_fn: Gets a `StepContext`, as its argument `step_context`.

        Returns:
            What the function returns.

        Raises:
            ValueError: The function has other arguments.
            StopIteration: The function asked for the end.
        """
        arguments = _argument_names(step_fn)
        if arguments not in (("step_context",), ("self", "step_context")):
            raise ValueError(
                "`step_fn` may either have one `step_context` argument, or `self` and `step_context` arguments if "
                f"it's an instance method. Got {arguments} instead."
            )
        return self._sess.run_step_fn(step_fn, self._tf_sess(), run_with_hooks=None)

    def should_stop(self) -> bool:
        """Return whether the loop is to end."""
        return self._sess is None or self._sess.should_stop()

    def close(self) -> None:
        """End: hooks have their last word, threads are stopped, the session is closed.

        Raises:
            RuntimeError: It is closed already.
        """
        self._close_internal()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, exception_type: Any, exception_value: Any, traceback: Any) -> bool:
        # The input is at its end, or a step said so: the loop is done.
        if exception_type in (OutOfRangeError, StopIteration):
            exception_type = None
        self._close_internal(exception_type)
        return exception_type is None

    def _close_internal(self, exception_type: Any = None) -> None:
        try:
            if not exception_type:
                for hook in self._hooks:
                    hook.end(self._coordinated_creator.tf_sess)
        finally:
            try:
                if self._sess is None:
                    raise RuntimeError("Session is already closed.")
                self._sess.close()
            finally:
                self._sess = None
                self._coordinated_creator.tf_sess = None
                self._coordinated_creator.coord = None
                if not self._graph_was_finalized:
                    get_default_graph()._unsafe_unfinalize()

    def _is_closed(self) -> bool:
        return self._tf_sess() is None

    def _tf_sess(self) -> Any:
        return self._coordinated_creator.tf_sess


def _argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments, `self` left out where it is bound."""
    bound = inspect.ismethod(function) or isinstance(function, functools.partial)
    if not bound and not inspect.isfunction(function):
        function = getattr(function, "__call__", function)  # noqa: B004 (its bound method is wanted)
    return tuple(inspect.signature(function).parameters)


@export("train.MonitoredSession")
class MonitoredSession(BaseMonitoredSession):
    """A session with hooks: initialised or restored, threads started; a new one is made when the machine went away.

    At the end of the `with` block `tf.errors.OutOfRangeError` and `StopIteration` are no errors.

    Args:
        session_creator: Makes the session; None takes a `ChiefSessionCreator()`.
        hooks: What is done around each run.
        stop_grace_period_secs: How long threads have to end.
    """

    def __init__(
        self, session_creator: SessionCreator | None = None, hooks: Iterable[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ):  # fmt: skip
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


@export("train.SingularMonitoredSession")
class SingularMonitoredSession(BaseMonitoredSession):
    """A session with hooks, and the `tf.Session` itself in `raw_session()`; nothing is recovered.

    Args:
        hooks: What is done around each run.
        scaffold: The operations that start a session; None takes the usual ones.
        master: Of the session; empty.
        config: Of the session.
        checkpoint_dir: Where the latest checkpoint is restored from.
        stop_grace_period_secs: How long threads have to end.
        checkpoint_filename_with_path: A checkpoint to restore instead.
    """

    def __init__(
        self, hooks: Iterable[SessionRunHook] | None = None, scaffold: Scaffold | None = None, master: Any = "",
        config: Any = None, checkpoint_dir: Any = None, stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: str | None = None,
    ):  # fmt: skip
        creator = ChiefSessionCreator(
            scaffold=scaffold, master=master, config=config, checkpoint_dir=checkpoint_dir,
            checkpoint_filename_with_path=checkpoint_filename_with_path,
        )  # fmt: skip
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """Return the `tf.Session` itself, whose runs no hooks see."""
        return self._tf_sess()


@export("train.MonitoredTrainingSession")
def MonitoredTrainingSession(  # noqa: N802 (TensorFlow's name)
    master: Any = "", is_chief: bool = True, checkpoint_dir: Any = None, scaffold: Scaffold | None = None,
    hooks: Iterable[SessionRunHook] | None = None, chief_only_hooks: Iterable[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = USE_DEFAULT, save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT, config: Any = None, stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100, max_wait_secs: float = 7200, save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: Any = None, save_graph_def: bool = True,
) -> MonitoredSession:  # fmt: skip
    """Return a `MonitoredSession` that restores, saves, and writes summaries.

    Args:
        master: Of the session; empty.
        is_chief: Whether this process initialises and saves; others wait until it has.
        checkpoint_dir: Where checkpoints are restored from and saved to.
        scaffold: The operations that start a session; None takes the usual ones.
        hooks: What is done around each run.
        chief_only_hooks: The same, in the chief only.
        save_checkpoint_secs: A checkpoint every so many seconds; 600 if nothing is said.
        save_summaries_steps: Summaries every so many steps; 100 if nothing is said.
        save_summaries_secs: Summaries every so many seconds.
        config: Of the session.
        stop_grace_period_secs: How long threads have to end.
        log_step_count_steps: Steps per second are logged every so many steps.
        max_wait_secs: How long a worker waits for the chief.
        save_checkpoint_steps: A checkpoint every so many steps.
        summary_dir: Where summaries are written; None is `checkpoint_dir`.
        save_graph_def: Whether the graph is written with the checkpoints.
    """
    save_summaries_steps, save_summaries_secs = _every(save_summaries_steps, save_summaries_secs, (100, None))
    save_checkpoint_steps, save_checkpoint_secs = _every(save_checkpoint_steps, save_checkpoint_secs, (None, 600))
    scaffold = scaffold or Scaffold()
    creator: SessionCreator
    if not is_chief:
        creator = WorkerSessionCreator(scaffold=scaffold, master=master, config=config, max_wait_secs=max_wait_secs)
        return MonitoredSession(creator, hooks or [], stop_grace_period_secs)
    creator = ChiefSessionCreator(scaffold=scaffold, checkpoint_dir=checkpoint_dir, master=master, config=config)
    every: list[SessionRunHook] = list(chief_only_hooks or ())
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir and _positive(log_step_count_steps):
        every.append(StepCounterHook(output_dir=summary_dir, every_n_steps=log_step_count_steps))
    if summary_dir and (_positive(save_summaries_steps) or _positive(save_summaries_secs)):
        every.append(
            SummarySaverHook(
                scaffold=scaffold, save_steps=save_summaries_steps, save_secs=save_summaries_secs,
                output_dir=summary_dir,
            )
        )  # fmt: skip
    if checkpoint_dir and (_positive(save_checkpoint_secs) or _positive(save_checkpoint_steps)):
        every.append(
            CheckpointSaverHook(
                checkpoint_dir, save_steps=save_checkpoint_steps, save_secs=save_checkpoint_secs, scaffold=scaffold,
                save_graph_def=save_graph_def,
            )
        )  # fmt: skip
    every.extend(hooks or ())
    return MonitoredSession(creator, every, stop_grace_period_secs)


def _every(steps: Any, seconds: Any, default: tuple[int | None, int | None]) -> tuple[Any, Any]:
    """Return every how many steps, or seconds: what is given, or the default if nothing is."""
    if steps is USE_DEFAULT and seconds is USE_DEFAULT:
        return default
    return None if steps is USE_DEFAULT else steps, None if seconds is USE_DEFAULT else seconds


def _positive(value: Any) -> bool:
    return bool(value) and value > 0
