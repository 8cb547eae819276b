"""Hooks that end a loop, or hold it up: at a step, at a loss that is no number, until a step is reached."""

import time
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.default_graph import get_default_graph
from onevar.v1 import global_steps
from onevar.v1 import tf_logging as logging
from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_ops import ones_initializer
from onevar.v1.scope_object import AUTO_REUSE
from onevar.v1.session_run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from onevar.v1.variable_scopes import get_variable, variable_scope

# How long is waited between two looks at the global step, in seconds; and every how many steps that is said.
_PAUSE, _SAY_EVERY = 0.5, 1000


def global_step_read(hook: str) -> Any:
    """Return a tensor of the global step that has a value in every run; for `begin` of a hook.

    Args:
        hook: The hook's name.

    Raises:
        RuntimeError: The graph has no global step.
    """
    step = global_steps._get_or_create_global_step_read()
    if step is None:
        raise RuntimeError(f"Global step should be created to use {hook}.")
    return step


def check_one_of(num_steps: int | None, last_step: int | None) -> None:
    """Check that one of the two is given.

    Args:
        num_steps: How many steps.
        last_step: Which step is the last.

    Raises:
        ValueError: Both or none are.
    """
    if num_steps is None and last_step is None:
        raise ValueError("One of num_steps or last_step must be specified.")
    if num_steps is not None and last_step is not None:
        raise ValueError("Only one of num_steps or last_step can be specified.")


@export("train.StopAtStepHook", "estimator.StopAtStepHook")
class StopAtStepHook(SessionRunHook):
    """Ends the loop after some steps, or at a step.

    Args:
        num_steps: So many steps more than there were.
        last_step: The global step at which it is enough.

    Raises:
        ValueError: Not exactly one of them is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None):
        check_one_of(num_steps, last_step)
        self._num_steps = num_steps
        self._last_step = last_step

    def begin(self) -> None:
        """Find the global step.

        Raises:
            RuntimeError: There is none.
        """
        self._global_step_tensor = global_step_read("StopAtStepHook")

    def after_create_session(self, session: Any, coord: Coordinator) -> None:
        """See which step is the last. After a recovery it is the same one."""
        if self._last_step is None:
            self._last_step = session.run(self._global_step_tensor) + self._num_steps

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Fetch the step before the run."""
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """End the loop at the last step."""
        last: Any = self._last_step
        # What was fetched may be the step before or after the run, so it says only when to look.
        if run_values.results + 1 >= last and run_context.session.run(self._global_step_tensor) >= last:
            run_context.request_stop()


@export("python.training.basic_session_run_hooks.get_or_create_steps_per_run_variable")
def get_or_create_steps_per_run_variable() -> Any:
    """Return the local variable that says how many steps one run makes.

    Raises:
        RuntimeError: There are several.
    """
    key = "hooks_steps_per_run"
    found = get_default_graph().get_collection(key)
    if len(found) > 1:
        raise RuntimeError("Multiple steps_per_run_var in collection.")
    if found:
        return found[0]
    with variable_scope("hooks", reuse=AUTO_REUSE):
        return get_variable(
            "steps_per_run", initializer=ones_initializer(), shape=[], dtype=dtypes.int32, trainable=False,
            collections=[key, GraphKeys.LOCAL_VARIABLES], use_resource=True,
        )  # fmt: skip


@export("python.training.basic_session_run_hooks._MultiStepStopAtStepHook")
class MultiStepStopAtStepHook(SessionRunHook):
    """Ends the loop where each run makes several steps, and lets the last run make only those that are left.

    Args:
        num_steps: So many steps more than there were.
        last_step: The global step at which it is enough.
        steps_per_run: How many steps a run makes.

    Raises:
        ValueError: Not exactly one of the first two is given, or `steps_per_run` is below 1.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None, steps_per_run: int = 1):
        check_one_of(num_steps, last_step)
        if steps_per_run is None or steps_per_run < 1:
            raise ValueError("steps_per_run should be greater than 0")
        self._num_steps = num_steps
        self._last_step: Any = last_step
        self._steps_per_run = steps_per_run

    def begin(self) -> None:
        """Find the global step.

        Raises:
            RuntimeError: There is none.
        """
        self._global_step_tensor = global_steps.get_global_step()
        if self._global_step_tensor is None:
            raise RuntimeError("Global step should be created to use StopAtStepHook.")
        self._variable = get_or_create_steps_per_run_variable()

    def _update(self, step: Any, session: Any) -> None:
        self._variable.load(min(self._last_step - step, self._steps_per_run), session=session)

    def after_create_session(self, session: Any, coord: Coordinator) -> None:
        """See which step is the last, and how many the next run makes."""
        step = session.run(self._global_step_tensor)
        if self._last_step is None:
            self._last_step = step + self._num_steps
        self._update(step, session)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """End the loop at the last step, or see how many the next run makes."""
        step = run_context.session.run(self._global_step_tensor)
        if step >= self._last_step:
            run_context.request_stop()
        else:
            self._update(step, run_context.session)


@export("train.NanLossDuringTrainingError", "estimator.NanLossDuringTrainingError")
class NanLossDuringTrainingError(RuntimeError):
    """The loss was no number."""

    def __str__(self) -> str:
        return "NaN loss during training."


@export("train.NanTensorHook", "estimator.NanTensorHook")
class NanTensorHook(SessionRunHook):
    """Watches a loss: when it is no number, it raises or ends the loop.

    Args:
        loss_tensor: The loss, a scalar.
        fail_on_nan_loss: Whether it raises.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True):
        self._loss_tensor = loss_tensor
        self._fail_on_nan_loss = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Fetch the loss."""
        return SessionRunArgs(self._loss_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Look at the loss.

        Raises:
            NanLossDuringTrainingError: It is no number.
        """
        if not np.isnan(run_values.results):
            return
        message = "Model diverged with loss = NaN."
        if self._fail_on_nan_loss:
            logging.error(message)
            raise NanLossDuringTrainingError
        logging.warning(message)
        run_context.request_stop()


@export("train.GlobalStepWaiterHook", "estimator.GlobalStepWaiterHook")
class GlobalStepWaiterHook(SessionRunHook):
    """Holds the first run up until the global step is high enough: another worker is to begin.

    Args:
        wait_until_step: How high; 0 does not wait.
    """

    def __init__(self, wait_until_step: int):
        self._wait_until_step = wait_until_step

    def begin(self) -> None:
        """Find the global step.

        Raises:
            RuntimeError: There is none.
        """
        self._worker_is_started = False
        self._global_step_tensor = global_step_read("_GlobalStepWaiterHook")

    def before_run(self, run_context: SessionRunContext) -> None:
        """Wait, the first time."""
        if self._worker_is_started:
            return
        if self._wait_until_step > 0:
            self._wait(run_context.session)
        self._worker_is_started = True

    def _wait(self, session: Any) -> None:
        logging.info("Waiting for global step %d before starting training.", self._wait_until_step)
        said = 0
        while (step := session.run(self._global_step_tensor)) < self._wait_until_step:
            if step - said > _SAY_EVERY:
                logging.info(
                    "Waiting for global step %d before starting training. Current step is %d.",
                    self._wait_until_step,
                    step,
                )
                said = step
            time.sleep(_PAUSE)
