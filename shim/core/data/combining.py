"""Datasets made of several: side by side, one after the other, now this one and now that."""

from collections.abc import Sequence

import numpy as np

from onevar.core.data.base import INFINITE, UNKNOWN, Context, Row, Rows, Source
from onevar.core.op_errors import InvalidArgumentError


class Zip(Source):
    """Elements of all datasets together, until one ends."""

    def __init__(self, sources: Sequence[Source]):
        super().__init__([t for s in sources for t in s.types], [x for s in sources for x in s.shapes])
        self.sources = list(sources)

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _ZipRows([source.rows(context) for source in self.sources])

    def cardinality(self) -> int:
        """Return the smallest number."""
        sizes = [source.cardinality() for source in self.sources]
        if UNKNOWN in sizes:
            return UNKNOWN
        return min((size for size in sizes if size != INFINITE), default=INFINITE)


class _ZipRows(Rows):
    __slots__ = ("inputs",)

    def __init__(self, inputs: list[Rows]):
        self.inputs = inputs

    def next(self) -> Row | None:
        out: list = []
        ended = False
        failed: Exception | None = None
        # All move on together, also where one of them fails.
        for rows in self.inputs:
            try:
                row = rows.next()
            except Exception as error:  # noqa: BLE001 (raised below, when the others have moved on)
                failed = failed or error
                continue
            if row is None:
                ended = True
                break
            out.extend(row)
        if ended:
            return None
        if failed is not None:
            raise failed
        return tuple(out)

    def close(self) -> None:
        for rows in self.inputs:
            rows.close()


class Concatenate(Source):
    """The elements of one dataset, then those of another."""

    def __init__(self, first: Source, second: Source, shapes: Sequence | None = None):
        super().__init__(first.types, first.shapes if shapes is None else shapes)
        self.sources = (first, second)

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _ConcatenateRows(self.sources, context)

    def cardinality(self) -> int:
        """Return the sum."""
        sizes = [source.cardinality() for source in self.sources]
        if INFINITE in sizes:
            return INFINITE
        return UNKNOWN if UNKNOWN in sizes else sum(sizes)


class _ConcatenateRows(Rows):
    __slots__ = ("context", "input", "left")

    def __init__(self, sources: Sequence[Source], context: Context):
        self.context = context
        self.left = list(sources[1:])
        self.input = sources[0].rows(context)

    def next(self) -> Row | None:
        while True:
            row = self.input.next()
            if row is not None or not self.left:
                return row
            self.input.close()
            self.input = self.left.pop(0).rows(self.context)


class Directed(Source):
    """Elements of several datasets, in the order that one more says.

    Args:
        selector: The number of the dataset that comes next.
        sources: The datasets.
        shapes: What is known of the elements of all.
        stop: Whether it ends with the first of them that does.
    """

    def __init__(self, selector: Source, sources: Sequence[Source], shapes: Sequence, stop: bool):
        super().__init__(sources[0].types, shapes)
        self.selector, self.sources, self.stop = selector, list(sources), stop

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _DirectedRows(self, context)

    def cardinality(self) -> int:
        """Return the sum if all are read to the end, and UNKNOWN else."""
        sizes = [source.cardinality() for source in self.sources]
        if self.stop or UNKNOWN in sizes:
            return UNKNOWN
        if self.selector.cardinality() != INFINITE:
            return UNKNOWN
        return INFINITE if INFINITE in sizes else sum(sizes)


class _DirectedRows(Rows):
    __slots__ = ("inputs", "left", "selector", "stop")

    def __init__(self, directed: Directed, context: Context):
        self.selector: Rows | None = directed.selector.rows(context)
        self.inputs: list[Rows | None] = [source.rows(context) for source in directed.sources]
        self.left = len(self.inputs)
        self.stop = directed.stop

    def next(self) -> Row | None:
        while self.selector is not None:
            chosen = self.selector.next()
            if chosen is None:
                break
            number = int(np.asarray(chosen[0]))
            if not 0 <= number < len(self.inputs):
                raise InvalidArgumentError(None, None, f"Selector index out of range: {number} >= {len(self.inputs)}")
            rows = self.inputs[number]
            if rows is None:
                continue
            row = rows.next()
            if row is not None:
                return row
            if self.stop:
                break
            self.inputs[number] = None
            self.left -= 1
            if not self.left:
                break
        self.close()
        return None

    def close(self) -> None:
        for rows in (self.selector, *self.inputs):
            if rows is not None:
                rows.close()
        self.selector = None
