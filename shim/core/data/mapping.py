"""Datasets of functions of elements: one for one, one for many, with a state, by groups."""

from collections.abc import Sequence
from typing import Any

from onevar.core.data.base import UNKNOWN, Context, Derived, Row, Rows, Source, source_of
from onevar.core.data.functions import Call, HostFunction
from onevar.core.op_errors import InvalidArgumentError, OutOfRangeError


class Function:
    """A function with the values that it captured.

    Args:
        function: The function.
        captured: The values.
    """

    __slots__ = ("__weakref__", "captured", "function")

    def __init__(self, function: HostFunction, captured: Sequence[Any]):
        self.function, self.captured = function, list(captured)

    def call(self, context: Context) -> Call:
        """Make it ready for a walk.

        Args:
            context: Of the walk.
        """
        found = context.calls.get(self)
        if found is None:
            found = context.calls[self] = self.function.call(context, self.captured)
        return found


class Map(Derived):
    """A function of each element.

    Args:
        source: The dataset.
        function: The function.
        types: The dtypes of its results.
        shapes: What is known of their shapes.
        keeps: Whether it is an error for the function to end the dataset.
    """

    def __init__(
        self, source: Source, function: Function, types: Sequence[str], shapes: Sequence[Any], keeps: bool = False
    ):
        super().__init__(source, types, shapes)
        self.function, self.keeps = function, keeps

    def cardinality(self) -> int:
        """Return that of the other one, unless the function may end the dataset."""
        return self.source.cardinality() if self.keeps else UNKNOWN

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return MapRows(self.source.rows(context), self.function.call(context), self.keeps)


def applied(call: Call, row: Row, keeps: bool) -> Row | None:
    """Return a function's results, or None if it ends the dataset.

    Args:
        call: The function.
        row: The element.
        keeps: Whether that is an error.

    Raises:
        InvalidArgumentError: It is.
    """
    try:
        return call(row)
    except OutOfRangeError as error:
        if keeps:
            raise InvalidArgumentError(
                None, None, f"Function invocation produced OutOfRangeError: {error.message}"
            ) from error
        return None


class MapRows(Rows):
    """A function of the elements of a walk.

    Args:
        input: The walk.
        call: The function.
        keeps: Whether it is an error for the function to end the dataset.
    """

    __slots__ = ("call", "input", "keeps")

    def __init__(self, input: Rows, call: Call, keeps: bool):
        self.input, self.call, self.keeps = input, call, keeps

    def next(self) -> Row | None:
        """Return the next result, or None at the end."""
        row = self.input.next()
        return None if row is None else applied(self.call, row, self.keeps)


class FlatMap(Derived):
    """The elements of the datasets that a function makes of each element, one dataset after the other."""

    def __init__(self, source: Source, function: Function, types: Sequence[str], shapes: Sequence[Any]):
        super().__init__(source, types, shapes)
        self.function = function

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _FlatMapRows(self, context)

    def cardinality(self) -> int:
        """Return that nobody knows."""
        return 0 if self.source.cardinality() == 0 else UNKNOWN


class _FlatMapRows(Rows):
    __slots__ = ("call", "context", "current", "input")

    def __init__(self, flat: FlatMap, context: Context):
        self.context = context
        self.input = flat.source.rows(context)
        self.call = flat.function.call(context)
        self.current: Rows | None = None

    def next(self) -> Row | None:
        while True:
            if self.current is None:
                row = self.input.next()
                if row is None:
                    return None
                made = applied(self.call, row, False)
                if made is None:
                    return None
                self.current = source_of(made[0]).rows(self.context)
            row = self.current.next()
            if row is not None:
                return row
            self.current.close()
            self.current = None


class Interleave(Derived):
    """The elements of the datasets that a function makes of each element, some of them in turns.

    Args:
        source: The dataset.
        function: The function.
        cycle: How many datasets are walked through at a time.
        block: How many elements of one come together.
        types: The dtypes of the elements.
        shapes: What is known of their shapes.

    Raises:
        InvalidArgumentError: `cycle` or `block` is not positive.
    """

    def __init__(
        self, source: Source, function: Function, cycle: int, block: int, types: Sequence[str], shapes: Sequence[Any]
    ):
        super().__init__(source, types, shapes)
        if cycle <= 0:
            raise InvalidArgumentError(None, None, "cycle_length must be greater than zero.")
        if block <= 0:
            raise InvalidArgumentError(None, None, "block_length must be greater than zero.")
        self.function, self.cycle, self.block = function, cycle, block

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _InterleaveRows(self, context)

    def cardinality(self) -> int:
        """Return that nobody knows."""
        return 0 if self.source.cardinality() == 0 else UNKNOWN


class _InterleaveRows(Rows):
    __slots__ = ("at", "call", "context", "ended", "given", "input", "interleave", "opened")

    def __init__(self, interleave: Interleave, context: Context):
        self.interleave, self.context = interleave, context
        self.input = interleave.source.rows(context)
        self.call = interleave.function.call(context)
        self.opened: list[Rows | None] = [None] * interleave.cycle
        self.at = self.given = 0
        self.ended = False

    def _go_on(self) -> None:
        self.at = (self.at + 1) % self.interleave.cycle
        self.given = 0

    def next(self) -> Row | None:
        while not self.ended or any(rows is not None for rows in self.opened):
            rows = self.opened[self.at]
            if rows is not None:
                row = rows.next()
                if row is not None:
                    self.given += 1
                    if self.given == self.interleave.block:
                        self._go_on()
                    return row
                rows.close()
                self.opened[self.at] = None
                self._go_on()
            elif not self.ended:
                self._open()
            else:
                self._go_on()
        return None

    def _open(self) -> None:
        row = self.input.next()
        made = None if row is None else applied(self.call, row, False)
        if made is None:
            self.ended = True
        else:
            self.opened[self.at] = source_of(made[0]).rows(self.context)

    def close(self) -> None:
        for rows in (self.input, *self.opened):
            if rows is not None:
                rows.close()


class Scan(Derived):
    """A function of a state and each element, which gives the next state and an element.

    Args:
        source: The dataset.
        state: At first.
        function: The function.
        types: The dtypes of the elements.
        shapes: What is known of their shapes.
        keeps: Whether it is an error for the function to end the dataset.
    """

    def __init__(
        self, source: Source, state: Sequence[Any], function: Function, types: Sequence[str], shapes: Sequence[Any],
        keeps: bool,
    ):  # fmt: skip
        super().__init__(source, types, shapes)
        self.state, self.function, self.keeps = tuple(state), function, keeps

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _ScanRows(self, context)


class _ScanRows(Rows):
    __slots__ = ("call", "input", "keeps", "state")

    def __init__(self, scan: Scan, context: Context):
        self.input = scan.source.rows(context)
        self.call = scan.function.call(context)
        self.state, self.keeps = scan.state, scan.keeps

    def next(self) -> Row | None:
        row = self.input.next()
        if row is None:
            return None
        out = applied(self.call, (*self.state, *row), self.keeps)
        if out is None:
            return None
        self.state = out[: len(self.state)]
        return out[len(self.state) :]


class Generated(Source):
    """Elements that one function makes of what another one began with, until it says that there are no more.

    Args:
        start: Makes the state, of `arguments`.
        arguments: For `start`.
        step: The next element, of the state.
        finish: Called with the state at the end.
        types: The dtypes of the elements.
        shapes: What is known of their shapes.
    """

    def __init__(
        self, start: Function, arguments: Sequence[Any], step: Function, finish: Function, types: Sequence[str],
        shapes: Sequence[Any],
    ):  # fmt: skip
        super().__init__(types, shapes)
        self.start, self.arguments, self.step, self.finish = start, tuple(arguments), step, finish

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _GeneratedRows(self, context)


class _GeneratedRows(Rows):
    __slots__ = ("__weakref__", "arguments", "done", "finish", "start", "state", "step")

    def __init__(self, generated: Generated, context: Context):
        self.start = generated.start.call(context)
        self.step = generated.step.call(context)
        self.finish = generated.finish.call(context)
        self.arguments = generated.arguments
        self.state: Row | None = None
        self.done = False

    def next(self) -> Row | None:
        if self.done:
            return None
        if self.state is None:
            self.state = self.start(self.arguments)
        try:
            return self.step(self.state)
        except OutOfRangeError:
            self.close()
            return None

    def close(self) -> None:
        if self.state is not None and not self.done:
            self.done = True
            self.finish(self.state)
        self.done = True

    def __del__(self) -> None:
        # A walk that nobody goes on with: the generator is let go.
        self.close()
