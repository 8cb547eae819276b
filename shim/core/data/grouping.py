"""Datasets of elements that have one key: in windows, or reduced to one result."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.data.base import INFINITE, UNKNOWN, Context, Derived, Row, Rows, Source, boxed, source_of
from onevar.core.data.batching import Elements
from onevar.core.data.mapping import Function
from onevar.core.op_errors import InvalidArgumentError


class GroupByWindow(Derived):
    """Elements with one key together, in windows that a function makes a dataset of.

    Args:
        source: The dataset.
        key: The key of an element.
        reduce: A dataset of a key and a dataset of elements.
        size: How many elements with a key make a window.
        types: The dtypes of the results.
        shapes: What is known of their shapes.
    """

    def __init__(
        self, source: Source, key: Function, reduce: Function, size: Function, types: Sequence[str],
        shapes: Sequence[Any],
    ):  # fmt: skip
        super().__init__(source, types, shapes)
        self.key, self.reduce, self.size = key, reduce, size

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _GroupRows(self, context)

    def cardinality(self) -> int:
        """Return that nobody knows."""
        size = self.source.cardinality()
        return size if size == INFINITE else UNKNOWN


class _GroupRows(Rows):
    __slots__ = ("context", "current", "groups", "input", "key", "reduce", "size", "sizes", "source")

    def __init__(self, group: GroupByWindow, context: Context):
        self.context, self.source = context, group.source
        self.input: Rows | None = group.source.rows(context)
        self.key, self.reduce, self.size = (f.call(context) for f in (group.key, group.reduce, group.size))
        self.groups: dict[int, list[Row]] = {}
        self.sizes: dict[int, int] = {}
        self.current: Rows | None = None

    def next(self) -> Row | None:
        while True:
            if self.current is not None:
                row = self.current.next()
                if row is not None:
                    return row
                self.current.close()
                self.current = None
            elif self.input is not None:
                self._read(self.input)
            elif self.groups:
                # What is left over, by key.
                key = min(self.groups)
                self._flush(key)
            else:
                return None

    def _read(self, input: Rows) -> None:
        row = input.next()
        if row is None:
            input.close()
            self.input = None
            return
        key = _integer(self.key(row), "`key_func`")
        group = self.groups.setdefault(key, [])
        if key not in self.sizes:
            size = _integer(self.size((np.array(key, np.int64),)), "`window_size_func`")
            if size <= 0:
                raise InvalidArgumentError(None, None, f"Window size must be greater than zero, but got {size}.")
            self.sizes[key] = size
        group.append(row)
        if len(group) == self.sizes[key]:
            self._flush(key)

    def _flush(self, key: int) -> None:
        rows = self.groups.pop(key)
        self.sizes.pop(key, None)
        elements = Elements(rows, self.source.types, self.source.shapes)
        made = self.reduce((np.array(key, np.int64), boxed(elements)))
        self.current = source_of(made[0]).rows(self.context)


def _integer(results: Row, what: str) -> int:
    value = np.asarray(results[0])
    if len(results) != 1 or value.dtype != np.int64 or value.ndim:
        raise InvalidArgumentError(None, None, f"{what} must return a scalar int64.")
    return int(value)


class GroupByReducer(Derived):
    """One result for all elements with one key.

    Args:
        source: The dataset.
        key: The key of an element.
        start: The first state of a key.
        reduce: The next state, of a state and an element.
        finish: The result of the last state.
        types: The dtypes of the results.
        shapes: What is known of their shapes.
    """

    def __init__(
        self, source: Source, key: Function, start: Function, reduce: Function, finish: Function,
        types: Sequence[str], shapes: Sequence[Any],
    ):  # fmt: skip
        super().__init__(source, types, shapes)
        self.functions = (key, start, reduce, finish)

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _ReducerRows(self, context)

    def cardinality(self) -> int:
        """Return that nobody knows."""
        return UNKNOWN


class _ReducerRows(Rows):
    __slots__ = ("calls", "input", "left")

    def __init__(self, reducer: GroupByReducer, context: Context):
        self.input = reducer.source.rows(context)
        self.calls = [function.call(context) for function in reducer.functions]
        self.left: list[Row] | None = None

    def next(self) -> Row | None:
        if self.left is None:
            self.left = self._reduced()
        return self.left.pop(0) if self.left else None

    def _reduced(self) -> list[Row]:
        key, start, reduce, finish = self.calls
        states: dict[int, Row] = {}
        while (row := self.input.next()) is not None:
            at = _integer(key(row), "`key_func`")
            if at not in states:
                states[at] = start((np.array(at, np.int64),))
            states[at] = reduce((*states[at], *row))
        return [finish(states[at]) for at in sorted(states)]
