"""Work ahead of who asks: elements are made by threads of their own, in the order of the dataset.

A thread knows what it shares with the walk, never the walk itself: when nobody has the walk any more, when it is
closed, and when the Session is, the thread ends.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.data.base import Context, Derived, Row, Rows, Source
from onevar.core.op_errors import CancelledError
from onevar.core.resources import Run, current

#: How many elements wait to be asked for where the program leaves it open.
_WAITING = 2


class Shared:
    """What a walk and its threads share.

    Attributes:
        changed: Held by who looks at the rest or changes it.
        closed: Whether nobody wants more.
        ended: Whether there is no more.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.Lock())
        self.closed = False
        self.ended = False

    def close(self) -> None:
        """Let the threads end."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait(self, run: Run, ready: Callable[[], bool]) -> None:
        """Wait until `ready()`, the walk is closed, or the Session is."""
        run.wait(self.changed, lambda: self.closed or ready())


def start(work: Callable[..., None], run: Run, name: str, *arguments: Any) -> threading.Thread:
    """Let a thread work for a Session.

    Args:
        work: Called with `arguments`.
        run: Of the Session; whoever closes it ends the work.
        name: Of the thread.
        *arguments: For `work`.
    """

    def body() -> None:
        with run.joined():
            try:
                work(*arguments)
            except CancelledError:
                return  # the Session was closed: nobody waits for what is missing

    thread = threading.Thread(target=body, name=f"onevar-data-{name}", daemon=True)
    thread.start()
    return thread


class _Line(Shared):
    """Elements, and errors in place of elements, in a line.

    One thread appends and one takes away, which needs no lock; they wait for one another under it.

    Attributes:
        hungry: Whether somebody waits for an element.
        full: Whether the thread waits for room.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.items: deque[tuple[Row | None, Exception | None]] = deque()
        self.hungry = False
        self.full = False

    def has_room(self) -> bool:
        """Whether the thread, if it waits, should go on: when half of the line is gone."""
        return len(self.items) <= self.size // 2

    def put(self, row: Row | None, failed: Exception | None) -> None:
        """Append an element, or an error; both None: there is no more."""
        if row is None and failed is None:
            self.ended = True
        else:
            self.items.append((row, failed))
        if self.hungry:
            with self.changed:
                self.changed.notify_all()

    def take(self) -> tuple[Row | None, Exception | None]:
        """Take the first away.

        Raises:
            IndexError: There is none.
        """
        item = self.items.popleft()
        if self.full and self.has_room():
            with self.changed:
                self.changed.notify_all()
        return item


def _fill(line: _Line, rows: Rows, run: Run) -> None:
    try:
        while not line.ended:
            if len(line.items) >= line.size:
                line.full = True
                line.wait(run, line.has_room)
                line.full = False
            if line.closed:
                return
            run.check()
            line.put(*_tried(rows.next))
    finally:
        rows.close()


def _tried(function: Callable[..., Row | None], *arguments: Any) -> tuple[Row | None, Exception | None]:
    try:
        return function(*arguments), None
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 (whoever asks for the element gets it)
        return None, error


class AheadRows(Rows):
    """A walk whose elements a thread gets.

    Args:
        input: The walk.
        context: What it belongs to.
        size: How many elements may wait.
        eager: Whether the thread starts at once.
    """

    __slots__ = ("__weakref__", "context", "input", "line", "started")

    def __init__(self, input: Rows, context: Context, size: int, eager: bool = False):
        self.input: Rows | None = input
        self.context = context
        self.line = _Line(size)
        self.started = False
        if eager:
            self.begin()

    def begin(self) -> None:
        """Start the thread."""
        self.started = True
        run = self.context.background()
        rows, self.input = self.input, None  # the thread's from now on
        start(_fill, run, "prefetch", self.line, rows, run)

    def ready(self) -> bool:
        """Whether `next` would not wait."""
        return bool(self.line.items) or self.line.ended

    def next(self) -> Row | None:
        """Return the next element, or None at the end."""
        if not self.started:
            self.begin()
        line = self.line
        while True:
            try:
                row, failed = line.take()
            except IndexError:
                # The thread says that there is no more after it has put the last.
                if line.ended and not line.items:
                    return None
                if line.closed:
                    raise CancelledError(None, None, "Iterator was cancelled") from None
                line.hungry = True
                line.wait(current(), self.ready)
                line.hungry = False
                continue
            if failed is not None:
                raise failed
            return row

    def close(self) -> None:
        """Let the thread end."""
        self.line.close()
        if self.input is not None:
            self.input.close()

    def __del__(self) -> None:
        self.line.close()


class Prefetch(Derived):
    """The elements of a dataset, some of them there before they are asked for.

    Args:
        source: The dataset.
        size: How many may wait; 0 for none, -1 leaves it open.
    """

    def __init__(self, source: Source, size: int):
        super().__init__(source)
        self.size = size if size >= 0 else _WAITING

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        rows = self.source.rows(context)
        return AheadRows(rows, context, self.size) if self.size else rows


class _Place:
    """Where a result will be."""

    __slots__ = ("done", "failed", "row")

    def __init__(self) -> None:
        self.done = False
        self.row: Row | None = None
        self.failed: Exception | None = None


class _Bench(Shared):
    """What the threads of a parallel function share.

    Attributes:
        rows: The walk that elements come from.
        turn: Held by who takes the next element.
        places: Of the results, in the order of the elements.
    """

    def __init__(self, rows: Rows, size: int) -> None:
        super().__init__()
        self.rows = rows
        self.size = size
        self.turn = threading.Lock()
        self.places: deque[_Place] = deque()
        self.workers = 0

    def has_room(self) -> bool:
        """Whether one more element may be taken."""
        return self.ended or len(self.places) < self.size

    def take(self, run: Run) -> tuple[_Place | None, Row | None]:
        """Return a place and the next element for it; no place: there are no more, or the element is an error."""
        with self.turn:
            if not self.has_room():
                self.wait(run, self.has_room)
            if self.closed or self.ended:
                return None, None
            run.check()
            row, failed = _tried(self.rows.next)
            place = _Place()
            with self.changed:
                if row is None and failed is None:
                    self.ended = True
                else:
                    self.places.append(place)
                    place.done, place.failed = failed is not None, failed
                self.changed.notify_all()
            return place, row

    def put(self, place: _Place, row: Row | None, failed: Exception | None) -> None:
        """Put a result in its place; no result: the function ended the dataset."""
        with self.changed:
            place.row, place.failed, place.done = row, failed, True
            self.changed.notify_all()


def _labour(bench: _Bench, function: Callable[[Row], Row | None], run: Run) -> None:
    try:
        while True:
            place, row = bench.take(run)
            if place is None or (bench.ended and row is None):
                return
            if row is not None:
                bench.put(place, *_tried(function, row))
    finally:
        with bench.changed:
            bench.workers -= 1
            last = not bench.workers
        if last:
            bench.rows.close()


class ParallelRows(Rows):
    """A function of the elements of a walk, by several threads.

    Args:
        input: The walk.
        context: What it belongs to.
        function: Of an element.
        threads: How many.
        ordered: Whether results come in the order of the elements.
    """

    __slots__ = ("__weakref__", "bench", "context", "function", "ordered", "started", "threads")

    def __init__(
        self, input: Rows, context: Context, function: Callable[[Row], Row | None], threads: int, ordered: bool
    ):
        self.bench = _Bench(input, threads)
        self.context, self.function, self.threads, self.ordered = context, function, threads, ordered
        self.started = False

    def _begin(self) -> None:
        self.started = True
        run = self.context.background()
        self.bench.workers = self.threads
        for _ in range(self.threads):
            start(_labour, run, "map", self.bench, self.function, run)

    def _found(self) -> _Place | None:
        places = self.bench.places
        if self.ordered:
            return places[0] if places and places[0].done else None
        return next((place for place in places if place.done), None)

    def _ready(self) -> bool:
        return self._found() is not None or (self.bench.ended and not self.bench.places)

    def next(self) -> Row | None:
        """Return the next result, or None at the end."""
        if not self.started:
            self._begin()
        bench = self.bench
        while True:
            with bench.changed:
                place = self._found()
                if place is not None:
                    bench.places.remove(place) if not self.ordered else bench.places.popleft()
                    bench.changed.notify_all()
                    break
                if bench.ended and not bench.places:
                    return None
                if bench.closed:
                    raise CancelledError(None, None, "Iterator was cancelled")
            bench.wait(current(), self._ready)
        if place.failed is not None:
            raise place.failed
        if place.row is None:
            self._end()
        return place.row

    def _end(self) -> None:
        """The function ended the dataset."""
        with self.bench.changed:
            self.bench.ended = True
            self.bench.places.clear()
        self.close()

    def close(self) -> None:
        """Let the threads end."""
        self.bench.close()
        if not self.started:
            self.bench.rows.close()

    def __del__(self) -> None:
        self.bench.close()


def first_ready(walks: Sequence[AheadRows]) -> AheadRows:
    """Return a walk that has something, when one has.

    Args:
        walks: At least one.
    """
    run = current()
    at = 0
    while True:
        for rows in walks:
            if rows.ready():
                return rows
        # One condition can be waited for at a time: a short look at each in turn.
        line = walks[at % len(walks)].line
        at += 1
        with line.changed:
            if not (line.items or line.ended or line.closed):
                line.changed.wait(0.001)
        run.check()
