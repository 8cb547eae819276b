"""The threads of a `tf.train.Supervisor`: summaries, steps per second, checkpoints, each every so many seconds."""

import time
from typing import Any

from onevar.v1 import tf_logging as logging
from onevar.v1.export import export
from onevar.v1.global_steps import global_step
from onevar.v1.looper_threads import LooperThread
from onevar.v1.training_events import scalar_summary, session_log

_MODULE = "python.training.supervisor"


@export(f"{_MODULE}.SVSummaryThread")
class SVSummaryThread(LooperThread):
    """Writes the merged summaries.

    Args:
        sv: The supervisor.
        sess: Its session.
    """

    def __init__(self, sv: Any, sess: Any):
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv = sv
        self._sess = sess

    def run_loop(self) -> None:
        """Write them once."""
        step = None
        if self._sv.global_step is not None:
            summaries, step = self._sess.run([self._sv.summary_op, self._sv.global_step])
        else:
            summaries = self._sess.run(self._sv.summary_op)
        if self._sv.summary_writer:
            logging.info("Recording summary at step %s.", step)
            self._sv.summary_writer.add_summary(summaries, step)


@export(f"{_MODULE}.SVStepCounterThread")
class SVStepCounterThread(LooperThread):
    """Writes how many steps there are in a second.

    Args:
        sv: The supervisor.
        sess: Its session.
        step_counter: What counts; None is the global step.
    """

    def __init__(self, sv: Any, sess: Any, step_counter: Any = None):
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv = sv
        self._sess = sess
        self._last_time = 0.0
        self._last_step = 0
        self._step_counter = sv.global_step if step_counter is None else step_counter
        self._summary_tag = f"{self._step_counter.op.name}/sec"

    def start_loop(self) -> None:
        """See where counting begins."""
        self._last_time = time.time()
        self._last_step = global_step(self._sess, self._step_counter)

    def run_loop(self) -> None:
        """Write it once."""
        step, now = global_step(self._sess, self._step_counter), time.time()
        steps, seconds = step - self._last_step, now - self._last_time
        self._last_step, self._last_time = step, now
        per_second = steps / seconds if seconds > 0.0 else float("inf")
        if self._sv.summary_writer:
            self._sv.summary_writer.add_summary(scalar_summary(self._summary_tag, per_second), step)
        logging.log_first_n(logging.INFO, "%s: %g", 10, self._summary_tag, per_second)


@export(f"{_MODULE}.SVTimerCheckpointThread")
class SVTimerCheckpointThread(LooperThread):
    """Saves the variables.

    Args:
        sv: The supervisor.
        sess: Its session.
    """

    def __init__(self, sv: Any, sess: Any):
        super().__init__(sv.coord, sv.save_model_secs)
        self._sv = sv
        self._sess = sess

    def run_loop(self) -> None:
        """Save them once."""
        logging.info("Saving checkpoint to path %s", self._sv.save_path)
        self._sv.saver.save(self._sess, self._sv.save_path, global_step=self._sv.global_step)
        if self._sv.summary_writer and self._sv.global_step is not None:
            step = global_step(self._sess, self._sv.global_step)
            self._sv.summary_writer.add_session_log(session_log("CHECKPOINT", self._sv.save_path), step)
