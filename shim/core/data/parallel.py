"""Functions of elements by several threads, and datasets that are read at the same time."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.data.ahead import AheadRows, ParallelRows, first_ready
from onevar.core.data.base import UNKNOWN, Context, Derived, Row, Rows, Source, source_of
from onevar.core.data.functions import Call
from onevar.core.data.mapping import Function, MapRows, applied
from onevar.core.op_errors import InvalidArgumentError, OpError

_MOST_THREADS = 64


def thread_count(wanted: int) -> int:
    """Return how many threads work for `num_parallel_calls`.

    Args:
        wanted: -1 leaves it open.

    Raises:
        InvalidArgumentError: It is not positive.
    """
    if wanted == -1:
        return os.cpu_count() or 1
    if wanted <= 0:
        raise InvalidArgumentError(None, None, "num_parallel_calls must be greater than zero.")
    return min(wanted, _MOST_THREADS)


class ParallelMap(Derived):
    """A function of each element, of several at a time.

    Args:
        source: The dataset.
        function: The function.
        calls: How many at a time; -1 leaves it open.
        types: The dtypes of its results.
        shapes: What is known of their shapes.
        ordered: Whether results come in the order of the elements.
        keeps: Whether it is an error for the function to end the dataset.
    """

    def __init__(
        self, source: Source, function: Function, calls: int, types: Sequence[str], shapes: Sequence[Any],
        ordered: bool = True, keeps: bool = False,
    ):  # fmt: skip
        super().__init__(source, types, shapes)
        self.function, self.threads = function, thread_count(calls)
        self.ordered, self.keeps = ordered, keeps

    def cardinality(self) -> int:
        """Return that of the other one, unless the function may end the dataset."""
        return self.source.cardinality() if self.keeps else UNKNOWN

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        call = self.function.call(context)
        input = self.source.rows(context)
        if call.draws or not call.waits:
            # Random numbers come in the order of the elements; and several threads of plain computation only take the
            # interpreter away from one another. One works ahead of who asks all the same.
            return AheadRows(MapRows(input, call, self.keeps), context, max(self.threads, _WAITING))
        return ParallelRows(input, context, _of(call, self.keeps), self.threads, self.ordered)


#: How many results wait to be asked for, at least.
_WAITING = 8


def _of(call: Call, keeps: bool) -> Callable[[Row], Row | None]:
    return lambda row: applied(call, row, keeps)


class ParallelInterleave(Derived):
    """The elements of the datasets that a function makes of each element, in turns; threads read ahead in each.

    Args:
        source: The dataset.
        function: The function.
        cycle: How many datasets are read in turns.
        block: How many elements of one come together.
        waiting: How many elements of each may wait.
        staged: How many more datasets are opened ahead.
        types: The dtypes of the elements.
        shapes: What is known of their shapes.
        ordered: Whether a dataset that has nothing yet is waited for.

    Raises:
        InvalidArgumentError: `cycle` or `block` is not positive.
    """

    def __init__(
        self, source: Source, function: Function, cycle: int, block: int, waiting: int, staged: int,
        types: Sequence[str], shapes: Sequence[Any], ordered: bool = True,
    ):  # fmt: skip
        super().__init__(source, types, shapes)
        if cycle <= 0:
            raise InvalidArgumentError(None, None, "`cycle_length` must be > 0")
        if block <= 0:
            raise InvalidArgumentError(None, None, "`block_length` must be > 0")
        self.function, self.cycle, self.block = function, cycle, block
        self.waiting, self.staged, self.ordered = max(1, waiting), max(0, staged), ordered

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _ParallelInterleaveRows(self, context)

    def cardinality(self) -> int:
        """Return that nobody knows."""
        return 0 if self.source.cardinality() == 0 else UNKNOWN


class _FailedRows(Rows):
    """In place of a dataset that could not be made: its error, in its turn."""

    __slots__ = ("error",)

    def __init__(self, error: OpError):
        self.error: OpError | None = error

    def next(self) -> Row | None:
        error, self.error = self.error, None
        if error is not None:
            raise error
        return None


class _ParallelInterleaveRows(Rows):
    __slots__ = ("at", "call", "context", "ended", "given", "input", "interleave", "opened", "staged")

    def __init__(self, interleave: ParallelInterleave, context: Context):
        self.interleave, self.context = interleave, context
        self.input = interleave.source.rows(context)
        self.call = interleave.function.call(context)
        self.opened: list[AheadRows | None] = [None] * interleave.cycle
        self.staged: deque[AheadRows] = deque()
        self.at = self.given = 0
        self.ended = False

    def _opened(self) -> AheadRows | None:
        """Return the next dataset, being read already, or None: there are no more."""
        if self.staged:
            return self.staged.popleft()
        if self.ended:
            return None
        try:
            row = self.input.next()
            made = None if row is None else applied(self.call, row, False)
        except OpError as error:
            return AheadRows(_FailedRows(error), self.context, 1)
        if made is None:
            self.ended = True
            return None
        return AheadRows(source_of(made[0]).rows(self.context), self.context, self.interleave.waiting, eager=True)

    def _open(self) -> None:
        """Fill the empty places, and open some more ahead."""
        for at, rows in enumerate(self.opened):
            if rows is None:
                self.opened[at] = self._opened()
        while not self.ended and len(self.staged) < self.interleave.staged:
            rows = self._opened() if not self.staged else self._more()
            if rows is None:
                break
            self.staged.append(rows)

    def _more(self) -> AheadRows | None:
        held, self.staged = self.staged, deque()
        try:
            return self._opened()
        finally:
            self.staged = held

    def next(self) -> Row | None:
        while True:
            if None in self.opened or not self.staged:
                self._open()
            walks = [rows for rows in self.opened if rows is not None]
            if not walks:
                return None
            if self.opened[self.at] is None:
                self._go_on()
                continue
            self._look_around(walks)
            rows = self.opened[self.at]
            assert rows is not None
            try:
                row = rows.next()
            except OpError:
                self._go_on()
                raise
            if row is not None:
                self.given += 1
                if self.given == self.interleave.block:
                    self._go_on()
                return row
            rows.close()
            self.opened[self.at] = self._opened()
            self._go_on()

    def _look_around(self, walks: Sequence[AheadRows]) -> None:
        """Where order does not matter, turn to a dataset that has something."""
        if self.interleave.ordered or self.opened[self.at].ready():  # type: ignore[union-attr]
            return
        found = first_ready(walks)
        self.at, self.given = self.opened.index(found), 0

    def _go_on(self) -> None:
        self.at = (self.at + 1) % self.interleave.cycle
        self.given = 0

    def close(self) -> None:
        self.input.close()
        for rows in (*self.opened, *self.staged):
            if rows is not None:
                rows.close()
