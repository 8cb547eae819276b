"""Datasets that hand on some elements of another: how many, which of them, how often."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.data.base import INFINITE, UNKNOWN, Context, Derived, Row, Rows, Source
from onevar.core.data.functions import Call
from onevar.core.data.mapping import Function
from onevar.core.op_errors import InvalidArgumentError, OpError


class Take(Derived):
    """The first elements; all of them for a negative count."""

    def __init__(self, source: Source, count: int):
        super().__init__(source)
        self.count = count

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        rows = self.source.rows(context)
        return rows if self.count < 0 else _TakeRows(rows, self.count)

    def cardinality(self) -> int:
        """Return the smaller number."""
        size = self.source.cardinality()
        if self.count < 0 or size == UNKNOWN:
            return size if self.count else 0
        return self.count if size == INFINITE else min(size, self.count)


class _TakeRows(Rows):
    __slots__ = ("input", "left")

    def __init__(self, input: Rows, count: int):
        self.input, self.left = input, count

    def next(self) -> Row | None:
        if self.left <= 0:
            return None
        row = self.input.next()
        self.left = self.left - 1 if row is not None else 0
        if self.left == 0:
            self.input.close()
        return row


class Skip(Derived):
    """All but the first elements; none for a negative count."""

    def __init__(self, source: Source, count: int):
        super().__init__(source)
        self.count = count

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _TakeRows(_Nothing(), 0) if self.count < 0 else _SkipRows(self.source.rows(context), self.count)

    def cardinality(self) -> int:
        """Return the difference."""
        size = self.source.cardinality()
        if self.count < 0:
            return 0
        return size if size < 0 else max(0, size - self.count)


class _Nothing(Rows):
    __slots__ = ()

    def next(self) -> Row | None:
        return None


class _SkipRows(Rows):
    __slots__ = ("input", "left")

    def __init__(self, input: Rows, count: int):
        self.input, self.left = input, count

    def next(self) -> Row | None:
        while self.left > 0:
            row = self.input.next()
            self.left -= 1
            if row is None:
                self.left = 0
                return None
        return self.input.next()


class Shard(Derived):
    """Every n-th element.

    Raises:
        InvalidArgumentError: There is no such part.
    """

    def __init__(self, source: Source, parts: int, index: int, require_non_empty: bool = False):
        super().__init__(source)
        if parts <= 0:
            raise InvalidArgumentError(
                None, None, f"Number of shards must be greater than zero (currently num_shards = {parts})."
            )
        if not 0 <= index < parts:
            raise InvalidArgumentError(
                None, None, f"Index must be between 0 and {parts - 1} (currently index = {index})."
            )
        self.parts, self.index, self.require_non_empty = parts, index, require_non_empty

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _ShardRows(self, self.source.rows(context))

    def cardinality(self) -> int:
        """Return the size of the part."""
        size = self.source.cardinality()
        return size if size < 0 else size // self.parts + (self.index < size % self.parts)


class _ShardRows(Rows):
    __slots__ = ("at", "input", "shard")

    def __init__(self, shard: Shard, input: Rows):
        self.shard, self.input, self.at = shard, input, 0

    def next(self) -> Row | None:
        shard = self.shard
        while True:
            row = self.input.next()
            if row is None:
                if shard.require_non_empty and self.at <= shard.index:
                    raise InvalidArgumentError(
                        None, None, f"Could not apply FILE based sharding: the dataset only has {self.at} file(s), "
                        f"which is not enough for the required {shard.parts} shards/workers.",
                    )  # fmt: skip
                return None
            at, self.at = self.at, self.at + 1
            if at % shard.parts == shard.index:
                return row


class Repeat(Derived):
    """The elements again and again; without end for a negative count."""

    def __init__(self, source: Source, count: int):
        super().__init__(source)
        self.count = count

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _RepeatRows(self, context)

    def cardinality(self) -> int:
        """Return the product."""
        size = self.source.cardinality()
        if self.count < 0:
            return 0 if size == 0 else INFINITE
        if self.count == 0:
            return 0
        return size if size < 0 else size * self.count


class _RepeatRows(Rows):
    __slots__ = ("context", "done", "fresh", "input", "repeat")

    def __init__(self, repeat: Repeat, context: Context):
        self.repeat, self.context = repeat, context
        self.done, self.fresh = 0, True
        self.input: Rows | None = None if repeat.count == 0 else repeat.source.rows(context)

    def next(self) -> Row | None:
        count = self.repeat.count
        while self.input is not None:
            row = self.input.next()
            if row is not None:
                self.fresh = False
                return row
            self.input.close()
            self.done += 1
            # Nothing, repeated without end, is nothing.
            more = (not self.fresh) if count < 0 else self.done < count
            self.fresh = True
            self.input = self.repeat.source.rows(self.context) if more else None
        return None


class _Chosen(Derived):
    """Elements for which a function says so."""

    def __init__(self, source: Source, function: Function):
        super().__init__(source)
        self.function = function

    def cardinality(self) -> int:
        """Return that nobody knows."""
        return UNKNOWN

    def call(self, context: Context) -> Call:
        """Return the function made ready for a walk."""
        return self.function.call(context)


class Filter(_Chosen):
    """The elements for which a function is true."""

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _FilterRows(self.source.rows(context), self.call(context))


class _FilterRows(Rows):
    __slots__ = ("call", "input")

    def __init__(self, input: Rows, call: Call):
        self.input, self.call = input, call

    def next(self) -> Row | None:
        while True:
            row = self.input.next()
            if row is None:
                return None
            if _truth(self.call(row)):
                return row


def _truth(results: Row) -> bool:
    value = np.asarray(results[0])
    if len(results) != 1 or value.dtype != bool or value.ndim:
        raise InvalidArgumentError(None, None, "Filter predicate `f` must return a scalar bool.")
    return bool(value)


class TakeWhile(_Chosen):
    """The elements until a function is false for one."""

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _TakeWhileRows(self.source.rows(context), self.call(context))


class _TakeWhileRows(Rows):
    __slots__ = ("call", "done", "input")

    def __init__(self, input: Rows, call: Call):
        self.input, self.call, self.done = input, call, False

    def next(self) -> Row | None:
        if self.done:
            return None
        row = self.input.next()
        if row is not None and _truth(self.call(row)):
            return row
        self.done = True
        return None


class Unique(Derived):
    """The elements that were not there before."""

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _UniqueRows(self.source.rows(context))

    def cardinality(self) -> int:
        """Return that nobody knows."""
        return UNKNOWN


class _UniqueRows(Rows):
    __slots__ = ("input", "seen")

    def __init__(self, input: Rows):
        self.input = input
        self.seen: set[Any] = set()

    def next(self) -> Row | None:
        while True:
            row = self.input.next()
            if row is None:
                return None
            key = tuple([_key(component) for component in row])
            if key not in self.seen:
                self.seen.add(key)
                return row


def _key(component: Any) -> Any:
    array = np.asarray(component)
    content = tuple(array.reshape(-1).tolist()) if array.dtype == object else array.tobytes()
    return array.shape, array.dtype.str, content


class IgnoreErrors(Derived):
    """The elements that can be had.

    Args:
        source: The dataset.
        warn: Called with each error that was dropped, or None.
    """

    def __init__(self, source: Source, warn: Callable[[Exception], None] | None = None):
        super().__init__(source)
        self.warn = warn

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _IgnoreRows(self.source.rows(context), self.warn)

    def cardinality(self) -> int:
        """Return that nobody knows, unless there is no end."""
        size = self.source.cardinality()
        return size if size == INFINITE else UNKNOWN


class _IgnoreRows(Rows):
    __slots__ = ("input", "warn")

    def __init__(self, input: Rows, warn: Callable[[Exception], None] | None):
        self.input, self.warn = input, warn

    def next(self) -> Row | None:
        while True:
            try:
                return self.input.next()
            except OpError as error:
                if error.error_code == _CANCELLED:
                    raise
                if self.warn is not None:
                    self.warn(error)


_CANCELLED = 1
