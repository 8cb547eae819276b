"""Hooks that log tensors, feed values, and compute something at the end."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from onevar.core.default_graph import get_default_graph
from onevar.core.op_errors import OutOfRangeError
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export
from onevar.v1.session_hook_timers import HookTimer, NeverTriggerTimer, SecondOrStepTimer
from onevar.v1.session_run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues


@export("train.LoggingTensorHook", "estimator.LoggingTensorHook")
class LoggingTensorHook(SessionRunHook):
    """Logs the values of tensors every so often, or at the end.

    Args:
        tensors: Tensors or their names: a list, or a dictionary from what they are called in the log.
        every_n_iter: Every so many runs.
        every_n_secs: Every so many seconds.
        at_end: Whether also at the end.
        formatter: Makes the line from the values by tag; None makes `tag = value, tag = value`.

    Raises:
        ValueError: It is not said when to log, or twice.
    """

    def __init__(
        self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None, at_end: bool = False,
        formatter: Callable[[Any], str] | None = None,
    ):  # fmt: skip
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError("either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.")
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        named = isinstance(tensors, dict)
        self._tag_order = sorted(tensors) if named else tensors
        self._tensors = tensors if named else {item: item for item in tensors}
        self._formatter = formatter
        self._timer: HookTimer = (
            NeverTriggerTimer() if only_at_end else SecondOrStepTimer(every_secs=every_n_secs, every_steps=every_n_iter)
        )
        self._log_at_end = at_end

    def begin(self) -> None:
        """Find the tensors.

        Raises:
            ValueError: One is of another graph, or a name means several.
            KeyError: There is none of a name.
        """
        self._timer.reset()
        self._iter_count = 0
        self._current_tensors = {tag: as_graph_element(tensor) for tag, tensor in self._tensors.items()}

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Fetch the tensors if it is time."""
        self._should_trigger = self._timer.should_trigger_for_step(self._iter_count)
        return SessionRunArgs(self._current_tensors) if self._should_trigger else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Log what was fetched."""
        if self._should_trigger:
            self._log_tensors(run_values.results)
        self._iter_count += 1

    def end(self, session: Any) -> None:
        """Log once more, if that was asked for."""
        if self._log_at_end:
            self._log_tensors(session.run(self._current_tensors))

    def _log_tensors(self, tensor_values: Mapping[Any, Any]) -> None:
        seconds, _ = self._timer.update_last_triggered_step(self._iter_count)
        with np.printoptions(suppress=True):
            if self._formatter:
                logging.info(self._formatter(tensor_values))
                return
            # Not by format(), which would show single precision as double.
            line = ", ".join(f"{tag!s} = {tensor_values[tag]!s}" for tag in self._tag_order)
        if seconds is None:
            logging.info("%s", line)
        else:
            logging.info("%s (%.3f sec)", line, seconds)


@export("python.training.basic_session_run_hooks._as_graph_element")
def as_graph_element(obj: Any) -> Any:
    """Return what hooks are given to look at: a tensor of the default graph, for itself or its name.

    Args:
        obj: The tensor; its name; the name of an operation with one output.

    Raises:
        ValueError: It is of another graph, or the operation has several outputs.
        KeyError: There is none of that name.
    """
    graph = get_default_graph()
    if not isinstance(obj, str):
        if getattr(obj, "graph", None) is not graph:
            raise ValueError(f"Passed {obj} should have graph attribute that is equal to current graph {graph}.")
        return obj
    if ":" in obj:
        return graph.as_graph_element(obj)
    element = graph.as_graph_element(f"{obj}:0")
    if len(element.op.outputs) > 1:
        raise ValueError(f"Name {obj} is ambiguous, as this `Operation` has multiple outputs (at least 2).")
    return element


@export("train.FinalOpsHook", "estimator.FinalOpsHook")
class FinalOpsHook(SessionRunHook):
    """Computes something at the end of a session.

    Args:
        final_ops: What: fetches as for `Session.run`.
        final_ops_feed_dict: What is fed.
    """

    def __init__(self, final_ops: Any, final_ops_feed_dict: Mapping[Any, Any] | None = None):
        self._final_ops = final_ops
        self._final_ops_feed_dict = final_ops_feed_dict
        self._final_ops_values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """The values, in the structure of the fetches; None before the end."""
        return self._final_ops_values

    def end(self, session: Any) -> None:
        """Compute it.

        Raises:
            OutOfRangeError: It reads input, of which there is no more.
        """
        if self._final_ops is None:
            return
        try:
            self._final_ops_values = session.run(self._final_ops, feed_dict=self._final_ops_feed_dict)
        except (OutOfRangeError, StopIteration):
            logging.warning(
                "FinalOpsHook: the final ops raised OutOfRangeError or StopIteration: they read the input once more, "
                "which is at its end. They should depend on variables alone: the value ops of metrics, not their "
                "update ops."
            )
            raise


@export("train.FeedFnHook", "estimator.FeedFnHook")
class FeedFnHook(SessionRunHook):
    """Feeds each run with what a function returns.

    Args:
        feed_fn: Returns a dictionary from tensors to values.
    """

    def __init__(self, feed_fn: Callable[[], Mapping[Any, Any]]):
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Feed what the function returns now."""
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())
