"""What a Session keeps on the host beside its variables: queues, iterators, readers, tables; and how kernels wait.

A kernel that uses such a thing is declared `resource=True`. It asks `resource(...)` for it when its operation makes a
handle; the handle is the object itself, a `Resource`, and arrives as the argument of the operations that take it.

Runs of one Session take turns, under the run lock. A kernel that has to wait for another run lets the lock go
meanwhile: `current().wait(...)` for a condition, `with current().released():` for long work. It is woken when the
Session is closed, and when the run's time is up.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from threading import Condition, Lock, RLock, get_ident, local
from time import monotonic
from typing import Any, TypeVar

from onevar.core.checks import CURRENT
from onevar.core.op_errors import CancelledError, DeadlineExceededError

R = TypeVar("R")

_TIMED_OUT = "Timed out waiting for notification"


class Resource:
    """One thing that a Session keeps on the host; it is its own handle.

    Args:
        name: For messages.

    Attributes:
        name: As given.
        changed: Who waits for it waits here; who changes it holds this, and notifies.
    """

    #: Values that are marked so go between operations as they are.
    is_resource = True

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.changed = Condition(Lock())

    def close(self) -> None:
        """Let go of what the system lends (files, threads): the Session was closed."""


class RunLock:
    """Held by the run whose turn it is; the thread that holds it may take it again, and may let it go altogether."""

    __slots__ = ("_depth", "_lock", "_owner")

    def __init__(self) -> None:
        self._lock = RLock()
        self._depth = 0
        self._owner = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        self._owner = get_ident()

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = 0
        self._lock.release()

    def leave(self) -> int:
        """Let it go, however often this thread has taken it; return how often that was."""
        if self._owner != get_ident():
            return 0
        depth, self._depth, self._owner = self._depth, 0, 0
        for _ in range(depth):
            self._lock.release()
        return depth

    def come_back(self, depth: int) -> None:
        """Take it again as often as `leave` said."""
        for _ in range(depth):
            self.__enter__()


class Resources:
    """All that one Session keeps on the host.

    Attributes:
        lock: The run lock.
        closed: Whether the Session is closed: whoever waits is woken.
    """

    def __init__(self) -> None:
        self.lock = RunLock()
        self.closed = False
        self._guard = RLock()
        self._kept: dict[tuple[str, str, str], Any] = {}
        self._waiting: list[Condition] = []

    def get(self, kind: str, container: str, name: str, make: Callable[[], R]) -> R:
        """Return what is kept under a name, made by `make` at the first call.

        Args:
            kind: Things of different kinds may have one name.
            container: Of the operation.
            name: Its shared name, or its own.
            make: Returns a new one.
        """
        key = (kind, container, name)
        with self._guard:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]

    def find(self, kind: str, container: str, name: str) -> Any | None:
        """Return what is kept under a name, or None."""
        return self._kept.get((kind, container, name))

    def drop(self, resource: Any) -> None:
        """Forget one, and close it: an operation that makes its handle again makes a new one."""
        with self._guard:
            for key in [key for key, kept in self._kept.items() if kept is resource]:
                del self._kept[key]
        _close([resource])

    def reset(self, containers: Iterable[str] | None = None) -> None:
        """Forget what is in the containers; None for all."""
        chosen = None if containers is None else set(containers)
        with self._guard:
            keys = [key for key in self._kept if chosen is None or key[1] in chosen]
            dropped = [self._kept.pop(key) for key in keys]
        _close(dropped)

    def close(self) -> None:
        """Wake all who wait, with CancelledError, and let go of everything."""
        self.closed = True
        with self._guard:
            waiting = list(self._waiting)
        for condition in waiting:
            with condition:
                condition.notify_all()
        self.reset()

    @contextmanager
    def running(self, timeout: float | None = None, alone: bool = True) -> Iterator["Run"]:
        """Hold the run lock inside the `with` block; `current()` is this run there.

        Args:
            timeout: Seconds after which a kernel that waits fails with DeadlineExceededError; None: never.
            alone: False where the run uses neither variables nor random streams: other runs go on beside it.
        """
        run = Run(self, None if timeout is None else monotonic() + timeout)
        with self.lock if alone else nullcontext(), run.joined():
            yield run

    def background(self) -> "Run":
        """Return a run for a thread of a resource's own: it holds no lock, and ends with the Session.

        The thread works inside `with run.joined():`.
        """
        return Run(self, None)


def _close(resources: Iterable[Any]) -> None:
    for resource in resources:
        close = getattr(resource, "close", None)
        if close is not None:
            close()


class Run:
    """One run of a Session, as kernels see it.

    Attributes:
        resources: Of the Session.
        deadline: When the time is up, by `time.monotonic`, or None.
        pauses: Called with True before the run lock is let go, with False when it is held again.
    """

    __slots__ = ("deadline", "pauses", "resources")

    def __init__(self, resources: Resources, deadline: float | None):
        self.resources = resources
        self.deadline = deadline
        self.pauses: list[Callable[[bool], None]] = []

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Let `current()` be this run inside the `with` block, in this thread."""
        _THREAD.runs.append(self)
        try:
            yield
        finally:
            _THREAD.runs.pop()

    def check(self, cancelled: str = "Run was cancelled") -> None:
        """Raise if the run should end.

        Args:
            cancelled: The message if the Session was closed.

        Raises:
            CancelledError: The Session was closed.
            DeadlineExceededError: The run's time is up.
        """
        if self.resources.closed:
            raise CancelledError(None, None, cancelled)
        if self.deadline is not None and monotonic() >= self.deadline:
            raise DeadlineExceededError(None, None, _TIMED_OUT)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let other threads' runs go on inside the `with` block, which must not touch variables."""
        for pause in reversed(self.pauses):
            pause(True)
        depth = self.resources.lock.leave()
        try:
            yield
        finally:
            self.resources.lock.come_back(depth)
            for pause in self.pauses:
                pause(False)

    def wait(self, changed: Condition, ready: Callable[[], bool], cancelled: str = "Run was cancelled") -> None:
        """Wait until `ready()`, with the run lock let go.

        Nothing is held when it returns: whoever asked looks again, holding `changed`, whether it is still so.

        Args:
            changed: Notified when it may be so; must not be held by the caller.
            ready: Called with `changed` held.
            cancelled: The message if the Session was closed.

        Raises:
            CancelledError: The Session was closed.
            DeadlineExceededError: The run's time is up.
        """
        with self.released(), self._listening(changed), changed:
            while not ready():
                self.check(cancelled)
                changed.wait(None if self.deadline is None else max(0.0, self.deadline - monotonic()))

    @contextmanager
    def _listening(self, changed: Condition) -> Iterator[None]:
        """Be woken by `Resources.close` inside the `with` block."""
        resources = self.resources
        with resources._guard:
            resources._waiting.append(changed)
        try:
            yield
        finally:
            with resources._guard:
                resources._waiting.remove(changed)


class _Thread(local):
    def __init__(self) -> None:
        self.runs: list[Run] = []


_THREAD = _Thread()
#: What is made at once, outside of any Session, belongs to the process.
_PROCESS = Resources()
_made_at_once = count()


def current() -> Run:
    """Return the run that this thread works for; outside of Sessions one that belongs to the process."""
    return _THREAD.runs[-1] if _THREAD.runs else Run(_PROCESS, None)


def resource(kind: str, make: Callable[[str], R], *, container: str = "", shared_name: str = "") -> R:
    """Return the running operation's resource, made at the first call in its Session.

    Args:
        kind: Things of different kinds may have one name.
        make: Called with the name; returns a new one.
        container: The operation's attribute.
        shared_name: The operation's attribute; without it the resource has the operation's name, and outside of
            Sessions is a new one every time.
    """
    run = current()
    if run.resources is _PROCESS and not shared_name:
        return make(f"_{next(_made_at_once)}_{kind}")
    name = shared_name or CURRENT.operation.name
    return run.resources.get(kind, container, name, lambda: make(name))
