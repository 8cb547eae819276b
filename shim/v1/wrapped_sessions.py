"""The layers of a `MonitoredSession`: one calls the hooks, one looks after threads, one makes a new session at need."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.core.op_errors import AbortedError, UnavailableError
from onevar.v1 import tf_logging as logging
from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export, exported
from onevar.v1.session_run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues

_MODULE = "python.training.monitored_session"
#: Errors that say nothing about the program: the machine went away, and a new session may do.
PREEMPTION_ERRORS = (AbortedError, UnavailableError)
_ONCE_MORE = "%s: the session is closed, and a new one is made, which goes on from the latest checkpoint. Error: %s"


class StepContext:
    """What `run_step_fn` gives its function.

    Args:
        session: The `tf.Session` itself.
        run_with_hooks_fn: Runs with hooks.
    """

    def __init__(self, session: Any, run_with_hooks_fn: Callable[..., Any]):
        self._session = session
        self._run_with_hooks_fn = run_with_hooks_fn

    @property
    def session(self) -> Any:
        """The `tf.Session` itself, whose runs no hooks see."""
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """Run as `MonitoredSession.run` does."""
        return self._run_with_hooks_fn(*args, **kwargs)

    def request_stop(self) -> None:
        """End the loop, and this step.

        Raises:
            StopIteration: Always; the `with` block of the session takes it for the end.
        """
        raise StopIteration("step_fn has requested the iterations to stop.")


@export(f"{_MODULE}._WrappedSession")
class WrappedSession:
    """A session around another one.

    Args:
        sess: The other one.
    """

    def __init__(self, sess: Any):
        self._sess = sess
        self._wrapped_is_stoppable = isinstance(sess, WrappedSession)

    @property
    def graph(self) -> Any:
        """What it runs."""
        return self._sess.graph

    @property
    def sess_str(self) -> Any:
        """The target."""
        return self._sess.sess_str

    def should_stop(self) -> bool:
        """Return whether the loop is to end: it says so, or one further in."""
        if self._check_stop() or not self._sess:
            return True
        return self._wrapped_is_stoppable and self._sess.should_stop()

    def _check_stop(self) -> bool:
        """Return whether this one wants the end; for subclasses."""
        return False

    def close(self) -> None:
        """Close it."""
        if not self._sess:
            return
        try:
            self._sess.close()
        except PREEMPTION_ERRORS as failure:
            logging.error("The session could not be closed: the machine that has it went away. Error: %s", failure)
        finally:
            self._sess = None

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run; see `tf.Session.run`."""
        return self._sess.run(*args, **kwargs)

    def run_step_fn(self, step_fn: Callable[..., Any], raw_session: Any, run_with_hooks: Any) -> Any:
        """Call a function with a `StepContext`.

        Args:
            step_fn: The function.
            raw_session: The `tf.Session` itself.
            run_with_hooks: Runs with hooks; None takes `run`.
        """
        return step_fn(StepContext(raw_session, run_with_hooks or self.run))


@export(f"{_MODULE}._RecoverableSession")
class RecoverableSession(WrappedSession):
    """Makes a new session when the old one is lost.

    Args:
        sess_creator: Makes sessions.
    """

    def __init__(self, sess_creator: Any):
        self._sess_creator = sess_creator
        super().__init__(self._create_session())

    def _create_session(self) -> Any:
        while True:
            try:
                return self._sess_creator.create_session()
            except PREEMPTION_ERRORS as failure:
                logging.info(_ONCE_MORE, "No session could be made", failure)

    def _check_stop(self) -> bool:
        try:
            return self._sess._check_stop() if self._sess else True
        except PREEMPTION_ERRORS as failure:
            logging.info(_ONCE_MORE, "The machine went away between two runs", failure)
            self.close()
            self._sess = self._create_session()
            return False
        except Exception:  # noqa: BLE001 (the next run raises it, or close() does)
            return True

    def _repeat(self, do: Callable[[Any], Any]) -> Any:
        """Do something with the session, as often as the session is lost."""
        while True:
            try:
                if not self._sess:
                    self._sess = self._create_session()
                return do(self._sess)
            except PREEMPTION_ERRORS as failure:
                logging.info(_ONCE_MORE, "The machine went away in a run", failure)
                self.close()

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Run; see `tf.Session.run`."""
        return self._repeat(
            lambda sess: sess.run(fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata)
        )

    def run_step_fn(self, step_fn: Callable[..., Any], raw_session: Any, run_with_hooks: Any) -> Any:
        """Call a function with a `StepContext`; see `WrappedSession`."""
        return self._repeat(lambda sess: sess.run_step_fn(step_fn, raw_session, sess.run))


@export(f"{_MODULE}._CoordinatedSession")
class CoordinatedSession(WrappedSession):
    """Ends when a coordinator says so, and raises what its threads reported.

    Args:
        sess: The session inside.
        coord: The coordinator.
        stop_grace_period_secs: How long threads have to end.
    """

    def __init__(self, sess: Any, coord: Coordinator, stop_grace_period_secs: float = 120):
        super().__init__(sess)
        self._coord = coord
        self._stop_grace_period_secs = stop_grace_period_secs

    def _check_stop(self) -> bool:
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def close(self) -> None:
        """Stop the threads, and close the session.

        Raises:
            BaseException: What a thread reported.
        """
        self._coord.request_stop()
        try:
            self._coord.join(stop_grace_period_secs=self._stop_grace_period_secs, ignore_live_threads=True)
        finally:
            try:
                super().close()
            except Exception as failure:  # noqa: BLE001 (what a thread reported matters more)
                logging.info("The session could not be closed: %s", failure)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run; see `tf.Session.run`.

        Raises:
            OpError: What went wrong. That a machine went away counts more than what came of it elsewhere.
        """
        try:
            return self._sess.run(*args, **kwargs)
        except PREEMPTION_ERRORS:
            raise
        except Exception as failure:
            # A cancelled read is what the main thread sees of an error in the thread that writes.
            try:
                self._coord.raise_requested_exception()
            except PREEMPTION_ERRORS:
                raise
            except Exception:  # noqa: BLE001 (close() raises it)
                raise failure from None
            raise


@export(f"{_MODULE}._HookedSession")
class HookedSession(WrappedSession):
    """Calls hooks around each run.

    Args:
        sess: The session inside.
        hooks: The hooks.
    """

    def __init__(self, sess: Any, hooks: Sequence[SessionRunHook]):
        super().__init__(sess)
        self._hooks = hooks
        self._should_stop = False

    def _check_stop(self) -> bool:
        return self._should_stop

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Run; see `tf.Session.run`.

        Raises:
            RuntimeError: The loop was to end, or something is fed twice.
        """
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        wanted = {"caller": fetches}
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._sess)
        options = options or exported("RunOptions")()
        feed_dict = self._call_hook_before_run(context, wanted, feed_dict, options)
        run_metadata = run_metadata or exported("RunMetadata")()
        values = super().run(fetches=wanted, feed_dict=feed_dict, options=options, run_metadata=run_metadata)
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(values.get(hook), options, run_metadata))
        self._should_stop = self._should_stop or context.stop_requested
        return values["caller"]

    def _call_hook_before_run(
        self, run_context: SessionRunContext, fetch_dict: dict[Any, Any], user_feed_dict: Any, options: Any
    ) -> Any:
        """Ask hooks what they fetch, which goes into `fetch_dict`, and return what is fed."""
        fed: dict[Any, Any] = {}
        for hook in self._hooks:
            request = hook.before_run(run_context)
            if request is None:
                continue
            if request.fetches is not None:
                fetch_dict[hook] = request.fetches
            if request.feed_dict:
                _check_feeds(fed, request.feed_dict, "Same tensor is fed by two hooks.")
                fed.update(request.feed_dict)
            if request.options:
                _merge_run_options(options, request.options)
        if not fed:
            return user_feed_dict
        if user_feed_dict:
            _check_feeds(user_feed_dict, fed, "Same tensor is fed by a SessionRunHook and user.")
            fed.update(user_feed_dict)
        return fed


def _check_feeds(feeds: Mapping[Any, Any], others: Mapping[Any, Any], message: str) -> None:
    both = set(feeds) & set(others)
    if both:
        raise RuntimeError(f"{message} Conflict(s): {list(both)}")


def _merge_run_options(options: Any, incoming: Any) -> None:
    """Have `options` ask for what `incoming` asks for as well."""
    for name in ("trace_level", "timeout_in_ms", "inter_op_thread_pool", "output_partition_graphs"):
        setattr(options, name, max(getattr(options, name), getattr(incoming, name)))
    if incoming.report_tensor_allocations_upon_oom:
        options.report_tensor_allocations_upon_oom = True
    if incoming.HasField("debug_options"):
        watched = options.debug_options.debug_tensor_watch_opts
        watched.extend(incoming.debug_options.debug_tensor_watch_opts)
        if incoming.debug_options.reset_disk_byte_usage:
            options.debug_options.reset_disk_byte_usage = True
