"""`tf.train.LooperThread`: a thread that does something again and again, until its coordinator says stop."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.v1.coordinator import Coordinator
from onevar.v1.export import export


@export("train.LooperThread")
class LooperThread(threading.Thread):
    """Runs `target`, or `run_loop` of a subclass, until a stop is asked for; what it raises stops all threads.

    Args:
        coord: The coordinator, which waits for the thread in `join`.
        timer_interval_secs: How many seconds lie between two beginnings; None has no pause at all.
        target: What to call.
        args: Its arguments.
        kwargs: Its keyword arguments.

    Raises:
        ValueError: `coord` is no `Coordinator`, or there are arguments for no target.
    """

    def __init__(
        self, coord: Coordinator, timer_interval_secs: float | None, target: Callable | None = None,
        args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None,
    ):  # fmt: skip
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        if not target and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        super().__init__(daemon=True)
        self._coord = coord
        self._timer_interval_secs = timer_interval_secs
        self._target: Any = target
        self._args: Any = args or ()
        self._kwargs: Any = kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator, timer_interval_secs: float | None, target: Callable, args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> "LooperThread":  # fmt: skip
        """Start a thread that calls `target` again and again.

        Args:
            coord: The coordinator.
            timer_interval_secs: How many seconds lie between two beginnings; None has no pause at all.
            target: What to call.
            args: Its arguments.
            kwargs: Its keyword arguments.

        Returns:
            The thread.
        """
        looper = LooperThread(coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        """Do it until the coordinator says stop."""
        with self._coord.stop_on_exception():
            self.start_loop()
            self._repeat()
            self.stop_loop()

    def _repeat(self) -> None:
        if self._timer_interval_secs is None:
            while not self._coord.should_stop():
                self.run_loop()
            return
        due = time.time()
        while not self._coord.wait_for_stop(due - time.time()):
            due += self._timer_interval_secs
            self.run_loop()

    def start_loop(self) -> None:
        """Called once before the first time; for subclasses."""

    def stop_loop(self) -> None:
        """Called once after the last time; for subclasses."""

    def run_loop(self) -> None:
        """Do it once: call the target."""
        if self._target:
            self._target(*self._args, **self._kwargs)
