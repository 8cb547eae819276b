"""Datasets in random order: a buffer that elements are drawn from, with TensorFlow's very draws."""

from collections import deque
from typing import Any

from onevar.core.data.base import INFINITE, Context, Derived, Row, Rows, Source
from onevar.core.data.seeds import Sampler, SeedGenerator
from onevar.core.op_errors import InvalidArgumentError

#: How many walks through the input may have elements in the buffer at a time.
_MOST_WALKS = 3


class Shuffle(Derived):
    """The elements of a dataset, shuffled, once or several times.

    Args:
        source: The dataset.
        size: Of the buffer; -1 holds everything.
        seeds: Of one walk after the other.
        count: How often the dataset is walked through; negative: without end.

    Raises:
        InvalidArgumentError: The buffer cannot hold anything.
    """

    def __init__(self, source: Source, size: int, seeds: SeedGenerator, count: int = 1):
        super().__init__(source)
        if size <= 0 and size != -1:
            raise InvalidArgumentError(
                None, None, f"buffer_size must be greater than zero or UNKNOWN_CARDINALITY, but is {size}."
            )
        self.size, self.seeds, self.count = size, seeds, count

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _ShuffleRows(self, context)

    def cardinality(self) -> int:
        """Return the product."""
        size = self.source.cardinality()
        if self.count < 0:
            return 0 if size == 0 else INFINITE
        return 0 if self.count == 0 else (size if size < 0 else size * self.count)


class _ShuffleRows(Rows):
    """The buffer is a ring; each walk through the input has a stretch of it, `[start, end)`."""

    __slots__ = ("buffer", "context", "held", "input", "produced", "sampler", "shuffle", "stretches", "walks")

    def __init__(self, shuffle: Shuffle, context: Context):
        self.shuffle, self.context = shuffle, context
        self.sampler = Sampler(*shuffle.seeds.next())
        self.buffer: list[Any] = []
        self.stretches: deque[list[int]] = deque()
        self.held, self.walks = 0, 0
        self.produced = False
        self.input: Rows | None = None

    def _has_room(self) -> bool:
        size = self.shuffle.size
        if self.input is None and 0 <= self.shuffle.count <= self.walks:
            return False
        if len(self.stretches) > _MOST_WALKS and self.held:
            return False
        return size < 0 or self.held < size

    def _fill(self) -> None:
        while self._has_room():
            if self.input is None:
                end = self.stretches[-1][1] if self.stretches else 0
                self.stretches.append([end, end])
                self.input = self.shuffle.source.rows(self.context)
                self.walks += 1
            row = self.input.next()
            if row is not None:
                self._put(row)
                continue
            self.input.close()
            self.input = None
            if not self.produced and self.shuffle.count < 0:
                return  # nothing, again and again

    def _put(self, row: Row) -> None:
        self.produced = True
        last = self.stretches[-1]
        size = self.shuffle.size
        if size < 0 or len(self.buffer) < size:
            self.buffer.append(row)
        else:
            self.buffer[last[1] % size] = row
        last[1] += 1
        self.held += 1

    def next(self) -> Row | None:
        self._fill()
        if not self.held:
            return None
        while self.stretches[0][0] == self.stretches[0][1]:
            self.stretches.popleft()
            self.sampler = Sampler(*self.shuffle.seeds.next())
        front = self.stretches[0]
        buffer, size = self.buffer, self.shuffle.size
        size = len(buffer) if size < 0 else size
        first = front[0] % size
        chosen = (front[0] + self.sampler.draw() % (front[1] - front[0])) % size
        row = buffer[chosen]
        buffer[chosen] = buffer[first]
        buffer[first] = None
        front[0] += 1
        self.held -= 1
        return row
