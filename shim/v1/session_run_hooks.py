"""`tf.train.SessionRunHook` and what its methods get: the pieces of which training loops are put together."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export


@export("train.SessionRunHook", "estimator.SessionRunHook")
class SessionRunHook:
    """Does something around each run of a `MonitoredSession`; subclasses override what they need."""

    def begin(self) -> None:
        """Called once, before the session is made: the last moment at which the graph can be changed."""

    def after_create_session(self, session: Any, coord: Coordinator) -> None:
        """Called when a session was made, and again after each recovery from an error of the machine.

        Args:
            session: The `tf.Session`.
            coord: What the threads of the session listen to.
        """

    def before_run(self, run_context: "SessionRunContext") -> "SessionRunArgs | None":
        """Called before each run.

        Args:
            run_context: The run.

        Returns:
            What to fetch and feed in addition, or None.
        """
        return None

    def after_run(self, run_context: "SessionRunContext", run_values: "SessionRunValues") -> None:
        """Called after each run that did not raise.

        Args:
            run_context: The run; its `request_stop()` ends the loop.
            run_values: The values of what `before_run` asked for.
        """

    def end(self, session: Any) -> None:
        """Called at the end, if no exception was the reason for it.

        Args:
            session: The `tf.Session`, which is closed after this.
        """


@export("train.SessionRunArgs", "estimator.SessionRunArgs")
class SessionRunArgs(NamedTuple):
    """What a run fetches and feeds.

    Attributes:
        fetches: As for `Session.run`.
        feed_dict: As for `Session.run`.
        options: A `tf.RunOptions`, or None.
    """

    fetches: Any
    feed_dict: Mapping[Any, Any] | None = None
    options: Any = None


@export("train.SessionRunValues", "estimator.SessionRunValues")
class SessionRunValues(NamedTuple):
    """What came of a run.

    Attributes:
        results: The values of the hook's fetches, in their structure; None if it had none.
        options: The `tf.RunOptions` of the run.
        run_metadata: The `tf.RunMetadata` of the run.
    """

    results: Any
    options: Any
    run_metadata: Any


@export("train.SessionRunContext", "estimator.SessionRunContext")
class SessionRunContext:
    """One run, as hooks see it.

    Args:
        original_args: What the program itself fetches and feeds.
        session: The session that runs.
    """

    def __init__(self, original_args: SessionRunArgs, session: Any):
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """What the program itself fetches and feeds, as `SessionRunArgs`."""
        return self._original_args

    @property
    def session(self) -> Any:
        """The session that runs; a hook may run more in it, which no hooks see."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        """Whether a hook asked for the end of the loop."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Ask for the end of the loop: `should_stop()` of the session is true from now on."""
        self._stop_requested = True
