"""Which checkpoints a `Saver` wrote, and which of them it removes."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from onevar.core.bundle import checkpoint_state
from onevar.core.op_errors import OpError

_log = logging.getLogger(__name__)


class History:
    """The checkpoints that a `Saver` wrote, oldest first.

    Args:
        max_to_keep: How many are kept; None and 0 keep all.
        every_n_hours: One checkpoint in this many hours is kept for ever.
        pad_step_number: Whether steps have eight digits in names.
    """

    saver_def: Any

    def __init__(self, max_to_keep: int | None, every_n_hours: float, pad_step_number: bool):
        self._pad_step_number = pad_step_number
        self._last_checkpoints: list[tuple[str, float]] = []
        self._checkpoints_to_be_deleted: list[tuple[str, float]] = []
        self._keep(max_to_keep or 0, every_n_hours)

    def _keep(self, max_to_keep: int, every_n_hours: float) -> None:
        self._max_to_keep = max_to_keep
        self._keep_every = every_n_hours * 3600
        self._next_checkpoint_time = time.time() + self._keep_every

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that were not removed, oldest first."""
        return [self._CheckpointFilename(entry) for entry in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Take these for the checkpoints written so far; they are never removed.

        Args:
            last_checkpoints: Prefixes, oldest first.

        Raises:
            AssertionError: It is no list.
        """
        if not isinstance(last_checkpoints, list):
            raise AssertionError(
                f"set_last_checkpoints(last_checkpoints): expected a list. Received: {last_checkpoints!r}"
            )
        # When they were written is not known, so they are never removed.
        self._last_checkpoints = [(path, float("inf")) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Sequence[tuple[str, float]]) -> None:
        """Take these for the checkpoints written so far.

        Args:
            last_checkpoints_with_time: Prefixes and when each was written, in seconds since 1970; oldest first.

        Raises:
            AssertionError: It is no list.
        """
        if not isinstance(last_checkpoints_with_time, list):
            raise AssertionError(
                "set_last_checkpoints_with_time(last_checkpoints_with_time): expected a list. Received: "
                f"{last_checkpoints_with_time!r}"
            )
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Take those of these checkpoints that still exist for the ones written so far, after a restart.

        Args:
            checkpoint_paths: Prefixes, oldest first, as `tf.train.get_checkpoint_state` has them.
        """
        found = []
        for path in checkpoint_paths:
            times = checkpoint_state.get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    def _CheckpointFilename(self, p: Any) -> str:  # noqa: N802 (TensorFlow's names)
        return p[0] if isinstance(p, tuple) else p

    def _RecordLastCheckpoint(self, latest_save_path: str) -> None:  # noqa: N802
        if self._max_to_keep <= 0:
            return
        kept = [entry for entry in self._last_checkpoints if self._CheckpointFilename(entry) != latest_save_path]
        self._last_checkpoints = [*kept, (latest_save_path, time.time())]
        # What is written anew is not to be removed.
        self._checkpoints_to_be_deleted = [
            entry for entry in self._checkpoints_to_be_deleted if self._CheckpointFilename(entry) != latest_save_path
        ]
        if len(self._last_checkpoints) > self._max_to_keep:
            self._checkpoints_to_be_deleted.append(self._last_checkpoints.pop(0))

    def _MaybeDeleteOldCheckpoints(self, meta_graph_suffix: str = "meta") -> None:  # noqa: N802
        """Remove what is no longer kept, but for one checkpoint in some hours."""
        while self._checkpoints_to_be_deleted:
            path, written = self._checkpoints_to_be_deleted.pop(0)
            if written > self._next_checkpoint_time:
                self._next_checkpoint_time += self._keep_every
                continue
            try:
                version = self.saver_def.version if self.saver_def else checkpoint_state.V2
                checkpoint_state.remove_checkpoint(path, version, meta_graph_suffix)
            except (OpError, OSError) as error:
                # The new checkpoint is written: no reason to say that saving failed.
                _log.warning("%s could not be removed, and stays: %s", path, error)
