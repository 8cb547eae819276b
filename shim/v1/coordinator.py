"""`tf.train.Coordinator`: lets several threads stop together, and brings the exception of one to the main thread."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from onevar.core.op_errors import OutOfRangeError
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export

_Raised = tuple[type[BaseException], BaseException, TracebackType | None]
# How long `join` sleeps between two looks at threads that should be stopping: from the first to the last, in seconds.
_SHORTEST, _LONGEST = 0.001, 1.0


@export("train.Coordinator")
class Coordinator:
    """Stops a set of threads: each asks `should_stop()` now and then, and any may call `request_stop()`.

    Args:
        clean_stop_exception_types: Exceptions that mean the work is done, not that it failed; None is
            `(tf.errors.OutOfRangeError,)`, which queues and iterators raise at their end.
    """

    def __init__(self, clean_stop_exception_types: Iterable[type[BaseException]] | None = None):
        clean = (OutOfRangeError,) if clean_stop_exception_types is None else clean_stop_exception_types
        self._clean_stop_exception_types = tuple(clean)
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._exc_info_to_raise: _Raised | None = None
        self._joined = False
        self._registered_threads: set[threading.Thread] = set()

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop.

        Args:
            ex: The exception that is the reason, or a tuple as of `sys.exc_info()`; the first one is raised by
                `join`. Called after `join`, it is raised here.
        """
        reason = ex[1] if isinstance(ex, tuple) else ex
        if isinstance(reason, self._clean_stop_exception_types):
            ex = None
        with self._lock:
            if ex is not None and self._joined:
                # Nobody will ask for it any more.
                raise _exc_info(ex)[1]
            if self._stop_event.is_set():
                return
            if ex:
                logging.info("Error reported to Coordinator: %s, %s", type(reason), reason)
                self._exc_info_to_raise = _exc_info(ex)
            self._stop_event.set()

    def clear_stop(self) -> None:
        """Forget that a stop was asked for, and why."""
        with self._lock:
            self._joined = False
            self._exc_info_to_raise = None
            self._stop_event.clear()

    def should_stop(self) -> bool:
        """Return whether a stop was asked for."""
        return self._stop_event.is_set()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Ask for a stop if the `with` block raises, which the block's caller then does not see."""
        try:
            yield
        except BaseException:  # noqa: BLE001 (it goes to whoever joins)
            self.request_stop(sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until a stop is asked for.

        Args:
            timeout: For how many seconds at most; None waits for ever.

        Returns:
            Whether a stop was asked for.
        """
        return self._stop_event.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Have `join` wait for a thread as well.

        Args:
            thread: The thread.
        """
        with self._lock:
            self._registered_threads.add(thread)

    def join(
        self, threads: Iterable[threading.Thread] | None = None, stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:  # fmt: skip
        """Wait until the threads have ended, those that are registered included.

        Args:
            threads: More threads to wait for.
            stop_grace_period_secs: How long they have after a stop was asked for.
            ignore_live_threads: Whether it is no error that some go on after that.

        Raises:
            BaseException: What was given to `request_stop`.
            RuntimeError: Some threads go on.
        """
        with self._lock:
            waiting = list({*self._registered_threads, *(threads or ())})
        while _alive(waiting) and not self.wait_for_stop(_LONGEST):
            continue
        _wait(waiting, stop_grace_period_secs)
        left = " ".join(thread.name for thread in _alive(waiting))
        with self._lock:
            self._joined = True
            self._registered_threads = set()
            self._raise_requested()
        if left and ignore_live_threads:
            logging.info("Coordinator stopped with threads still running: %s", left)
        elif left:
            raise RuntimeError(f"Coordinator stopped with threads still running: {left}")

    @property
    def joined(self) -> bool:
        """Whether `join` came to its end, and no `clear_stop` after it."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raise what was given to `request_stop`, if something was."""
        with self._lock:
            self._raise_requested()

    def _raise_requested(self) -> None:
        if self._exc_info_to_raise is not None:
            _, error, trace = self._exc_info_to_raise
            raise error.with_traceback(trace)


def _alive(threads: Iterable[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threads if thread.is_alive()]


def _wait(threads: list[threading.Thread], seconds: float) -> None:
    """Look at threads that should be ending, more and more seldom, for some time."""
    pause = _SHORTEST
    while _alive(threads) and seconds >= 0.0:
        time.sleep(pause)
        seconds -= pause
        pause = max(min(2 * pause, seconds, _LONGEST), _SHORTEST)


def _exc_info(ex: Any) -> _Raised:
    """Return what there is to raise again, in the form of `sys.exc_info()`."""
    if isinstance(ex, BaseException):
        return type(ex), ex, ex.__traceback__
    if isinstance(ex, tuple) and len(ex) == 3 and ex[0] and isinstance(ex[1], BaseException):
        return ex
    error = ValueError(f"ex must be a tuple or sys.exc_info must return the current exception: {ex}")
    return ValueError, error, None
