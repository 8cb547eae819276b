"""`tf.train.SessionManager`: opens sessions whose variables have values, restored or initialised."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from onevar.core.bundle import checkpoint_state
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.op_errors import DeadlineExceededError, FailedPreconditionError
from onevar.core.session import Session
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export

_Said = tuple[bool, str | None]
#: Operations of a loaded SavedModel that have to run before a checkpoint is restored.
_MODEL_INITIALIZERS = "saved_model_initializers"


@export("train.SessionManager")
class SessionManager:
    """Opens sessions, and sees to it that what they run has values.

    Args:
        local_init_op: Run in each session, when the variables have values.
        ready_op: Returns the names of what has no value: none means ready.
        ready_for_local_init_op: The same, before `local_init_op`.
        graph: What sessions run; None takes the default graph.
        recovery_wait_secs: How many seconds lie between two looks, where it waits for a chief or a checkpoint.
        local_init_run_options: `RunOptions` of `local_init_op`.
        local_init_feed_dict: What is fed to it.

    Raises:
        ValueError: There is `ready_for_local_init_op` without `local_init_op`.
    """

    def __init__(
        self, local_init_op: Any = None, ready_op: Any = None, ready_for_local_init_op: Any = None,
        graph: Graph | None = None, recovery_wait_secs: float = 30, local_init_run_options: Any = None,
        local_init_feed_dict: Mapping[Any, Any] | None = None,
    ):  # fmt: skip
        self._local_init_op = local_init_op
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._graph = get_default_graph() if graph is None else graph
        self._recovery_wait_secs = recovery_wait_secs
        self._target: Any = None
        self._local_init_run_options = local_init_run_options
        self._local_init_feed_dict = local_init_feed_dict
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op , ready_for_local_init_op "
                f"[{ready_for_local_init_op}]"
            )

    def prepare_session(
        self, master: Any, init_op: Any = None, saver: Any = None, checkpoint_dir: Any = None,
        checkpoint_filename_with_path: str | None = None, wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200, config: Any = None, init_feed_dict: Mapping[Any, Any] | None = None,
        init_fn: Callable[[Any], Any] | None = None,
    ) -> Session:  # fmt: skip
        """Return a session that is ready: from the latest checkpoint, else initialised.

        Args:
            master: Of the session; empty.
            init_op: Run where there is no checkpoint.
            saver: Restores; None restores nothing.
            checkpoint_dir: Where the latest checkpoint is looked for.
            checkpoint_filename_with_path: A checkpoint to take instead.
            wait_for_checkpoint: Whether to wait until there is one.
            max_wait_secs: For how long.
            config: Of the session.
            init_feed_dict: What is fed to `init_op`.
            init_fn: Called with the session after `init_op`.

        Raises:
            RuntimeError: There is nothing to initialise with, or something has no value after it all.
            ValueError: Both a folder and a checkpoint are given.
            OpError: The checkpoint could not be restored.
        """
        sess, restored = self._restore_checkpoint(
            master, saver, checkpoint_dir=checkpoint_dir, checkpoint_filename_with_path=checkpoint_filename_with_path,
            wait_for_checkpoint=wait_for_checkpoint, max_wait_secs=max_wait_secs, config=config,
        )  # fmt: skip
        if not restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError("Model is not initialized and no init_op or init_fn or local_init_op was given")
            if init_op is not None:
                sess.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(sess)
        done, why = self._try_run_local_init_op(sess)
        if not done:
            raise RuntimeError(
                f"Init operations did not make model ready for local_init.  Init op: {_maybe_name(init_op)}, init fn: "
                f"{init_fn}, error: {why}"
            )
        is_ready, why = self._model_ready(sess)
        if not is_ready:
            raise RuntimeError(
                f"Init operations did not make model ready.  Init op: {_maybe_name(init_op)}, init fn: {init_fn}, "
                f"local_init_op: {self._local_init_op}, error: {why}"
            )
        return sess

    def recover_session(
        self, master: Any, saver: Any = None, checkpoint_dir: Any = None,
        checkpoint_filename_with_path: str | None = None, wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200, config: Any = None,
    ) -> tuple[Session, bool]:  # fmt: skip
        """Return a session, and whether it was restored and is ready.

        Args:
            master: Of the session; empty.
            saver: Restores; None restores nothing.
            checkpoint_dir: Where the latest checkpoint is looked for.
            checkpoint_filename_with_path: A checkpoint to take instead.
            wait_for_checkpoint: Whether to wait until there is one.
            max_wait_secs: For how long.
            config: Of the session.

        Raises:
            ValueError: Both a folder and a checkpoint are given.
            OpError: The checkpoint could not be restored.
        """
        sess, restored = self._restore_checkpoint(
            master, saver, checkpoint_dir=checkpoint_dir, checkpoint_filename_with_path=checkpoint_filename_with_path,
            wait_for_checkpoint=wait_for_checkpoint, max_wait_secs=max_wait_secs, config=config,
        )  # fmt: skip
        done, why = self._try_run_local_init_op(sess)
        if not restored:
            return sess, False
        source = checkpoint_dir or checkpoint_filename_with_path
        if not done:
            logging.info("Restoring model from %s did not make model ready for local init: %s", source, why)
            return sess, False
        is_ready, why = self._model_ready(sess)
        if not is_ready:
            logging.info("Restoring model from %s did not make model ready: %s", source, why)
            return sess, False
        logging.info("Restored model from %s", source)
        return sess, True

    def wait_for_session(self, master: Any, config: Any = None, max_wait_secs: float | None = float("inf")) -> Session:
        """Return a session when all is ready, as a worker does that lets the chief initialise.

        Args:
            master: Of the session; empty.
            config: Of the session.
            max_wait_secs: How long to wait; None waits for ever.

        Raises:
            DeadlineExceededError: It took longer.
        """
        self._target = master
        limit = float("inf") if max_wait_secs is None else max_wait_secs
        until = time.time() + limit
        while True:
            sess = Session(self._target, graph=self._graph, config=config)
            done, why_not_local = self._try_run_local_init_op(sess)
            why_not = None
            if done:
                is_ready, why_not = self._model_ready(sess)
                if is_ready:
                    return sess
            sess.close()
            if max(0.0, until - time.time()) < self._recovery_wait_secs:
                raise DeadlineExceededError(None, None, f"Session was not ready after waiting {int(limit)} secs.")
            logging.info(
                "Waiting for model to be ready.  Ready_for_local_init_op:  %s, ready: %s",
                why_not_local,
                why_not,
            )
            time.sleep(self._recovery_wait_secs)

    def _restore_checkpoint(
        self, master: Any, saver: Any, checkpoint_dir: Any, checkpoint_filename_with_path: str | None,
        wait_for_checkpoint: bool, max_wait_secs: float, config: Any,
    ) -> tuple[Session, bool]:  # fmt: skip
        """Return a session, and whether it was restored."""
        self._target = master
        sess = Session(self._target, graph=self._graph, config=config)
        if checkpoint_dir and checkpoint_filename_with_path:
            raise ValueError("Can not provide both checkpoint_dir and checkpoint_filename_with_path.")
        if not saver or not (checkpoint_dir or checkpoint_filename_with_path):
            return sess, False
        if checkpoint_filename_with_path:
            _restore(sess, saver, checkpoint_filename_with_path)
            return sess, True
        state = self._checkpoint_in(checkpoint_dir, max_wait_secs if wait_for_checkpoint else 0)
        if state is None:
            return sess, False
        _restore(sess, saver, state.model_checkpoint_path)
        # So that old checkpoints of the run before are removed in their turn.
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return sess, True

    def _checkpoint_in(self, folder: Any, patience: float) -> Any:
        waited = 0.0
        while True:
            state = checkpoint_state.get_checkpoint_state(folder)
            if state is not None and state.model_checkpoint_path:
                return state
            if waited >= patience:
                return None
            logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._recovery_wait_secs)
            waited += self._recovery_wait_secs

    def _model_ready(self, sess: Session) -> _Said:
        return _ready(self._ready_op, sess, "Model not ready")

    def _model_ready_for_local_init(self, sess: Session) -> _Said:
        return _ready(self._ready_for_local_init_op, sess, "Model not ready for local init")

    def _try_run_local_init_op(self, sess: Session) -> _Said:
        if self._local_init_op is None:
            return True, None
        is_ready, why = self._model_ready_for_local_init(sess)
        if not is_ready:
            return False, why
        logging.info("Running local_init_op.")
        sess.run(
            self._local_init_op, feed_dict=self._local_init_feed_dict, options=self._local_init_run_options
        )  # fmt: skip
        logging.info("Done running local_init_op.")
        return True, None


def _restore(sess: Session, saver: Any, path: str) -> None:
    first = sess.graph.get_collection(_MODEL_INITIALIZERS)
    if first:
        sess.run(first)
    saver.restore(sess, path)


@export("python.training.session_manager._maybe_name")
def _maybe_name(obj: Any) -> str:
    if obj is None:
        return "None"
    return obj.name if hasattr(obj, "name") else f"<no name for {type(obj)}>"


@export("python.training.session_manager._ready")
def _ready(op: Any, sess: Session, msg: str) -> _Said:
    """Return whether what `op` reports is ready, and why not."""
    if op is None:
        return True, None
    try:
        value = sess.run(op)
    except FailedPreconditionError as error:
        if "uninitialized" not in str(error):
            logging.warning("%s : error [%s]", msg, error)
            raise
        return False, str(error)
    # Programs of TensorFlow 0.8 gave an assertion, which returns nothing, or a number.
    if value is None or value.dtype == np.int32 or value.size == 0:
        return True, None
    return False, "Variables not initialized: " + ", ".join(name.decode("utf-8") for name in value)
