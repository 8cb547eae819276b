"""Datasets that look at how many elements there are, leave some out by chance, or take their time."""

import time

from onevar.core.data.base import INFINITE, UNKNOWN, Context, Derived, Row, Rows, Source
from onevar.core.data.seeds import Sampler, seeds_or_random
from onevar.core.op_errors import FailedPreconditionError


class AssertCardinality(Derived):
    """The elements, if there are as many as there should be.

    Args:
        source: The dataset.
        wanted: How many, or `INFINITE` or `UNKNOWN`.
    """

    def __init__(self, source: Source, wanted: int):
        super().__init__(source)
        self.wanted = wanted

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _CountedRows(self.source.rows(context), self.wanted)

    def cardinality(self) -> int:
        """Return how many there should be."""
        return self.wanted


class _CountedRows(Rows):
    __slots__ = ("count", "input", "wanted")

    def __init__(self, input: Rows, wanted: int):
        self.input, self.wanted, self.count = input, wanted, 0

    def next(self) -> Row | None:
        row = self.input.next()
        if row is not None:
            self.count += 1
            if 0 <= self.wanted < self.count:
                raise FailedPreconditionError(
                    None, None, f"Input dataset was expected to contain {_elements(self.wanted)} but contained at "
                    f"least {_elements(self.count)}.",
                )  # fmt: skip
        elif self.wanted == INFINITE or (self.wanted != UNKNOWN and self.count != self.wanted):
            wanted = "an infinite number of elements" if self.wanted == INFINITE else _elements(self.wanted)
            raise FailedPreconditionError(
                None, None, f"Input dataset was expected to contain {wanted} but contained only "
                f"{_elements(self.count)}.",
            )  # fmt: skip
        return row


def _elements(count: int) -> str:
    return f"{count} element" + ("" if count == 1 else "s")


class Sampling(Derived):
    """A random part of the elements.

    Args:
        source: The dataset.
        rate: How large a part.
        seed: The first seed; two zeros stand for any.
        seed2: The second.
    """

    def __init__(self, source: Source, rate: float, seed: int, seed2: int):
        super().__init__(source)
        self.rate, self.seeds = rate, seeds_or_random(seed, seed2)

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _SamplingRows(self.source.rows(context), self.rate, Sampler(*self.seeds))

    def cardinality(self) -> int:
        """Return that nobody knows."""
        return UNKNOWN


class _SamplingRows(Rows):
    __slots__ = ("input", "rate", "sampler")

    def __init__(self, input: Rows, rate: float, sampler: Sampler):
        self.input, self.rate, self.sampler = input, rate, sampler

    def next(self) -> Row | None:
        while (row := self.input.next()) is not None:
            # A float of 23 random bits, as TensorFlow makes one of a word.
            if (self.sampler.draw() & 0x7FFFFF) / float(1 << 23) < self.rate:
                return row
        return None


class Sleep(Derived):
    """The elements, each after some time.

    Args:
        source: The dataset.
        seconds: How long.
    """

    def __init__(self, source: Source, seconds: float):
        super().__init__(source)
        self.seconds = seconds

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _SleepRows(self.source.rows(context), self.seconds)


class _SleepRows(Rows):
    __slots__ = ("input", "seconds")

    def __init__(self, input: Rows, seconds: float):
        self.input, self.seconds = input, seconds

    def next(self) -> Row | None:
        row = self.input.next()
        time.sleep(self.seconds)
        return row
