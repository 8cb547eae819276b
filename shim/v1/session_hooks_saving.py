"""`tf.train.CheckpointSaverHook`: saves the variables every so often, and its listeners."""

import os
from collections.abc import Iterable
from typing import Any

from onevar.core.default_graph import get_default_graph
from onevar.v1 import tf_logging as logging
from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.session_hook_timers import SecondOrStepTimer
from onevar.v1.session_hooks_stopping import global_step_read
from onevar.v1.session_run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from onevar.v1.training_events import session_log, writer_for

# A run may make many steps: the global step is looked at after each, until something says how many they are.
_ANY_NUMBER = 1000000


@export("train.CheckpointSaverListener", "estimator.CheckpointSaverListener")
class CheckpointSaverListener:
    """Does something before and after a `CheckpointSaverHook` saves; subclasses override what they need."""

    def begin(self) -> None:
        """Called once, before the session is made."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Called before each checkpoint.

        Args:
            session: The session.
            global_step_value: The step.
        """

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        """Called after each checkpoint.

        Args:
            session: The session.
            global_step_value: The step.

        Returns:
            Whether the loop shall end.
        """

    def end(self, session: Any, global_step_value: int) -> None:
        """Called at the end.

        Args:
            session: The session.
            global_step_value: The step.
        """


@export("train.CheckpointSaverHook", "estimator.CheckpointSaverHook")
class CheckpointSaverHook(SessionRunHook):
    """Saves the variables when the session is made, every so often, and at the end.

    Args:
        checkpoint_dir: Where.
        save_secs: Every so many seconds.
        save_steps: Every so many steps.
        saver: The `tf.train.Saver`.
        checkpoint_basename: What the files' names begin with.
        scaffold: Whose Saver to take.
        listeners: The `CheckpointSaverListener`s.
        save_graph_def: Whether the graph is written too, as `graph.pbtxt` and with each checkpoint.

    Raises:
        ValueError: Not exactly one of `save_secs` and `save_steps` is given, or a Saver and a scaffold are.
    """

    def __init__(
        self, checkpoint_dir: Any, save_secs: float | None = None, save_steps: int | None = None, saver: Any = None,
        checkpoint_basename: str = "model.ckpt", scaffold: Any = None,
        listeners: Iterable[CheckpointSaverListener] | None = None, save_graph_def: bool = True,
    ):  # fmt: skip
        logging.info("Create CheckpointSaverHook.")
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver = saver
        self._checkpoint_dir = checkpoint_dir
        self._save_path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._listeners = list(listeners or ())
        self._steps_per_run = _ANY_NUMBER
        self._save_graph_def = save_graph_def

    def _set_steps_per_run(self, steps_per_run: int) -> None:
        self._steps_per_run = steps_per_run

    def begin(self) -> None:
        """Find the global step and where to write.

        Raises:
            RuntimeError: There is no global step.
        """
        self._summary_writer = writer_for(self._checkpoint_dir)
        self._global_step_tensor = global_step_read("CheckpointSaverHook")
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Coordinator) -> None:
        """Write the graph, and the first checkpoint: a session that was restored may have changed it."""
        step = session.run(self._global_step_tensor)
        graph = get_default_graph()
        if self._save_graph_def:
            exported("train.write_graph")(graph.as_graph_def(add_shapes=True), self._checkpoint_dir, "graph.pbtxt")
        saver = self._get_saver()
        meta = exported("train.export_meta_graph")(graph=graph, saver_def=saver.saver_def if saver else None)
        self._summary_writer.add_graph(graph)
        self._summary_writer.add_meta_graph(meta)
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Fetch the step before the run."""
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Save if it is time."""
        # What was fetched may be the step before or after the run, so it says only when to look.
        if not self._timer.should_trigger_for_step(run_values.results + self._steps_per_run):
            return
        step = run_context.session.run(self._global_step_tensor)
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        """Save what was not saved."""
        step = session.run(self._global_step_tensor)
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: Any) -> bool:
        """Save, and return whether a listener wants the loop to end."""
        logging.info("Calling checkpoint listeners before saving checkpoint %d...", step)
        for listener in self._listeners:
            listener.before_save(session, step)
        logging.info("Saving checkpoints for %d into %s.", step, self._save_path)
        saver: Any = self._get_saver()
        saver.save(session, self._save_path, global_step=step, write_meta_graph=self._save_graph_def)
        self._summary_writer.add_session_log(session_log("CHECKPOINT", self._save_path), step)
        logging.info("Calling checkpoint listeners after saving checkpoint %d...", step)
        wanting = [listener for listener in self._listeners if listener.after_save(session, step)]
        for listener in wanting:
            logging.info("A CheckpointSaverListener requested that training be stopped. listener: %s", listener)
        return bool(wanting)

    def _get_saver(self) -> Any:
        """Return the Saver: the given one, the scaffold's, or the only one of the graph."""
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            return self._scaffold.saver
        found = get_default_graph().get_collection(GraphKeys.SAVERS)
        if not found:
            raise RuntimeError(
                f"No items in collection {GraphKeys.SAVERS}. Please add a saver to the collection or provide a saver "
                "or scaffold."
            )
        if len(found) > 1:
            raise RuntimeError(
                f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one to use by passing it "
                "to the constructor."
            )
        self._saver = found[0]
        return self._saver
