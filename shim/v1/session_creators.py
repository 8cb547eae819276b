"""`tf.train.ChiefSessionCreator`, `WorkerSessionCreator`: make the session of a `MonitoredSession`."""

from abc import ABC, abstractmethod
from typing import Any

from onevar.core.default_graph import get_default_graph
from onevar.core.session import Session
from onevar.v1.export import export
from onevar.v1.session_managers import SessionManager
from onevar.v1.training_scaffold import Scaffold


@export("train.SessionCreator")
class SessionCreator(ABC):
    """Makes sessions."""

    @abstractmethod
    def create_session(self) -> Any:
        """Return a new session.

        Raises:
            NotImplementedError: A subclass has to say how.
        """
        raise NotImplementedError(f"create_session is not implemented for {self}.")


class _ScaffoldSessionCreator(SessionCreator):
    """Makes sessions with what a scaffold has."""

    def __init__(self, scaffold: Scaffold | None, master: Any, config: Any):
        self._scaffold = scaffold or Scaffold()
        self._session_manager: SessionManager | None = None
        self._master = master
        self._config = config

    def _get_session_manager(self) -> SessionManager:
        if self._session_manager is None:
            self._session_manager = SessionManager(
                local_init_op=self._scaffold.local_init_op,
                local_init_feed_dict=self._scaffold.local_init_feed_dict,
                ready_op=self._scaffold.ready_op,
                ready_for_local_init_op=self._scaffold.ready_for_local_init_op,
                graph=get_default_graph(),
            )
        return self._session_manager


@export("train.ChiefSessionCreator")
class ChiefSessionCreator(_ScaffoldSessionCreator):
    """Makes sessions that are restored from a checkpoint, or initialised.

    Args:
        scaffold: The operations that start a session; None takes the usual ones.
        master: Of the session; empty.
        config: Of the session.
        checkpoint_dir: Where the latest checkpoint is restored from.
        checkpoint_filename_with_path: A checkpoint to restore instead.
    """

    def __init__(
        self, scaffold: Scaffold | None = None, master: Any = "", config: Any = None, checkpoint_dir: Any = None,
        checkpoint_filename_with_path: str | None = None,
    ):  # fmt: skip
        super().__init__(scaffold, master, config)
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint_filename_with_path = checkpoint_filename_with_path

    def create_session(self) -> Session:
        """Return a new session, ready to run; the graph is finalized."""
        self._scaffold.finalize()
        return self._get_session_manager().prepare_session(
            self._master, saver=self._scaffold.saver, checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_filename_with_path, config=self._config,
            init_op=self._scaffold.init_op, init_feed_dict=self._scaffold.init_feed_dict,
            init_fn=self._scaffold.init_fn,
        )  # fmt: skip


@export("train.WorkerSessionCreator")
class WorkerSessionCreator(_ScaffoldSessionCreator):
    """Makes sessions that wait until another one has initialised the variables.

    Args:
        scaffold: The operations that start a session; None takes the usual ones.
        master: Of the session: the target of a `tf.train.Server`.
        config: Of the session.
        max_wait_secs: How long to wait.
    """

    def __init__(
        self, scaffold: Scaffold | None = None, master: Any = "", config: Any = None, max_wait_secs: float = 30 * 60
    ):
        super().__init__(scaffold, master, config)
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> Session:
        """Return a new session, ready to run; the graph is finalized.

        Raises:
            DeadlineExceededError: Nobody initialised the variables in time.
        """
        self._scaffold.finalize()
        return self._get_session_manager().wait_for_session(
            self._master, config=self._config, max_wait_secs=self._max_wait_secs
        )
