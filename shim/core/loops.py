"""Loops at run time: in Python where each condition can be looked at, else as loops of the framework's compiler."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.array_steps import put_together, taken_apart
from onevar.core.checks import Collected, check
from onevar.core.control_flow import Functional, State, body_of, known, value_of
from onevar.core.elements import Elements, Tools, has_shape
from onevar.core.frame import Frame
from onevar.core.loop_rows import Current, LoopRows, Rows
from onevar.core.operation import Operation, Tensor
from onevar.core.trip_count import OF_SHAPES, TripCount
from onevar.errors import Unsupported

#: A loop that a compiler would have to unroll is at most this long; longer ones stay loops.
UNROLLED = 16


class LoopStep(Functional):
    """`tf.while_loop`: inputs are the variables, then what the bodies capture, then the limit if it is a tensor."""

    __slots__ = ("limit", "rows", "trips")

    def __init__(self, operation: Operation, ins: Sequence[Any], outs: Sequence[int]):
        super().__init__(operation, ins, outs)
        self.trips: TripCount | None = None
        self.rows: LoopRows | None = None
        limit = operation.attrs.get("_limit")
        #: The slot of the greatest number of iterations.
        self.limit = None if limit is None else self.ins[operation.inputs.index(limit)]

    def deciding(self) -> list[int]:
        """Return the slots of what has to be known to differentiate it: how long it may get, or else how long it is."""
        if self.limit is not None:
            return [self.limit]
        if "_maximum_iterations" in self.operation.attrs:
            return []
        test = self.operation.attrs["cond"]
        used = {t for op in test.operations if op.type not in OF_SHAPES for t in op.inputs} | set(test.results)
        count = len(self.outs)
        first = [slot for slot, t in zip(self.ins, test.arguments, strict=False) if t in used]
        given = zip(self.ins[count:], self.operation.inputs[count:], strict=True)
        return [*first, *(slot for slot, outside in given if test.captures.get(outside) in used)]

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        attrs = self.operation.attrs
        cond, body = attrs["cond"], attrs["body"]
        count = len(self.outs)
        values = [frame.env[slot] for slot in self.ins]
        given: Sequence[Tensor] = self.operation.inputs[count:]
        captures = [self.captured(frame, graph, given, values[count:]) for graph in (cond, body)]
        variables = [value_of(value) for value in values[:count]]
        limit = self.greatest(frame)
        if limit is not None and not isinstance(limit, int):
            self.finish(frame, Compiled(self, frame, variables, captures, None, exact=False, bound=limit).run())
            return
        if frame.collected is not None:
            trips = self._counted(frame, variables, captures, limit)
            if trips is not None and trips > UNROLLED:
                self.finish(frame, Compiled(self, frame, variables, captures, trips, exact=True).run())
                return
        done = 0
        while limit is None or done < limit:
            proceed = body_of(cond).run(frame, variables, captures[0])[0]
            if not known(frame, proceed) or (done >= UNROLLED and frame.collected is not None):
                left = None if limit is None else limit - done
                variables = Compiled(self, frame, variables, captures, left, exact=False).run()
                break
            if not bool(np.asarray(frame.host(proceed)).reshape(())):
                break
            if done == frame.patience:
                raise Unsupported(f"{self.operation.name} does not end within {done} iterations.")
            variables = body_of(body).run(frame, variables, captures[1])
            done += 1
        self.finish(frame, variables)

    def greatest(self, frame: Frame) -> Any:
        """Return the greatest number of iterations: an int, a tensor that is only known when it runs, or None."""
        if self.limit is None:
            return self.operation.attrs.get("_maximum_iterations")
        limit = value_of(frame.env[self.limit])
        return int(np.asarray(frame.host(limit)).reshape(())) if known(frame, limit) else limit

    def _counted(
        self, frame: Frame, variables: Sequence[Any], captures: Sequence[list[Any]], limit: int | None
    ) -> int | None:
        if self.trips is None:
            self.trips = TripCount(body_of(self.operation.attrs["cond"]), body_of(self.operation.attrs["body"]))
        return self.trips.count(frame, variables, captures, limit)

    def in_order(self) -> LoopRows:
        """Return what it reads and writes row by row."""
        if self.rows is None:
            self.rows = LoopRows(self.operation.attrs["cond"], self.operation.attrs["body"])
        return self.rows


class Compiled:
    """One loop while it is traced.

    Args:
        step: The loop.
        frame: The computation around it.
        variables: The first values of its variables.
        captures: What the condition and the body take from outside.
        limit: The greatest number of iterations, or None.
        exact: Whether it makes just so many.
        bound: The greatest number where that is only known when the loop runs.
    """

    def __init__(
        self, step: LoopStep, frame: Frame, variables: Sequence[Any], captures: Sequence[list[Any]],
        limit: int | None, exact: bool, bound: Any = None,
    ):  # fmt: skip
        self.frame, self.limit, self.exact, self.bound = frame, limit, exact, bound
        attrs = step.operation.attrs
        self.graphs = attrs["cond"], attrs["body"]
        self.tools = Tools(frame, step.operation)
        self.captures = [[self._settled(value) for value in given] for given in captures]
        self.first = list(variables)
        if limit is None and bound is None and frame.differentiated:
            self.limit = step._counted(frame, variables, captures, None)
            self.exact = self.limit is not None
        found = step.in_order()
        self.rows: Rows | None = None
        if self.limit is not None and (self.exact or frame.differentiated):
            self.rows = Rows(self.tools, found, variables, self.captures[1], self.limit)
        self.state = State(frame, self.graphs, [*captures[0], *captures[1]])
        self.saved = self.state.saved()
        self.errors: list[Any] = []
        sinks = {i for i, _, _, _ in self.rows.taken} if self.rows is not None else set()
        self.carried = [i for i in range(len(variables)) if i not in sinks]
        self.counters = self._ranges(found)
        self._allocate()
        flat, self.layout = taken_apart([self.first[i] for i in self.carried])
        self.start = [frame.native(value) for value in flat]
        self.count = len(self.start)

    def run(self) -> list[Any]:
        """Return the variables after the loop."""
        frame, k = self.frame, self.frame.k
        init = [*self.start, *self.state.read(), k.asarray(np.array(True))]
        written: list[Any] = []
        if self.bound is not None:
            results = self._bounded(init)
        elif self.rows is None:
            results = self._looped(self._proceeds, self._advanced, init)
        else:
            test = None if self.exact else self._proceeds
            assert self.limit is not None  # rows are for loops that have one
            results, written = frame.adapter.scan(self._stepped, init, self.rows.given, self.limit, test)
        if self.errors:
            check(results[-1], self.errors[0])
        refs, streams = self.saved
        self.state.leave(results[self.count : -1], [s[1] for s in refs], [s is not None for s in streams])
        out = list(self.first)
        for i, value in zip(self.carried, put_together(results[: self.count], self.layout), strict=True):
            out[i] = value
        if self.rows is not None:
            for (i, _, low, direction), rows in zip(self.rows.taken, written, strict=True):
                out[i] = self.rows.written(self.first[i], rows, low, direction)
        return out

    def _looped(self, test: Callable, step: Callable, init: list[Any]) -> list[Any]:
        frame = self.frame
        return frame.adapter.while_loop(test, step, init, self.limit, frame.differentiated > 0)

    def _bounded(self, init: list[Any]) -> list[Any]:
        """Count iterations in a variable of the loop."""
        k, bound = self.frame.k, self.bound

        def test(i: Any, *values: Any) -> Any:
            return k.logical_and(k.less(i, bound), k.reshape(self._proceeds(*values), ()))

        def step(i: Any, *values: Any) -> list[Any]:
            return [k.add(i, k.ones_like(i)), *self._advanced(*values)]

        return self._looped(test, step, [k.zeros_like(bound), *init])[1:]

    def _proceeds(self, *values: Any) -> Any:
        return self._run(0, values, None)[0][0]

    def _advanced(self, *values: Any) -> list[Any]:
        return self._run(1, values, None)[0]

    def _stepped(self, values: Sequence[Any], rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        assert self.rows is not None
        return self._run(1, values, Current(self.rows, rows))

    def _run(self, which: int, values: Sequence[Any], current: Current | None) -> tuple[list[Any], list[Any]]:
        """Trace the condition or the body; return its results, then the state, and the rows that were written."""
        frame, k = self.frame, self.frame.k
        collected = Collected(frame.adapter)
        counters = frame.counters
        try:
            self.state.enter(values[self.count : -1])
            arguments = list(self.first)
            for i, value in zip(self.carried, put_together(values[: self.count], self.layout), strict=True):
                arguments[i] = value
            frame.counters = {
                **counters, **{id(arguments[i]): (arguments[i], *span) for i, span in self.counters.items()},
            }  # fmt: skip
            results = body_of(self.graphs[which]).run(frame, arguments, self.captures[which], collected, current)
            self.errors.extend(collected.errors[:1])
            held = k.logical_and(values[-1], collected.all(k)) if collected.conditions else values[-1]
            if not which:
                return [frame.native(results[0])], []
            written = [] if current is None else [frame.native(value) for value in current.writes.values()]
            flat, layout = taken_apart([self._settled(results[i]) for i in self.carried])
            flat = [frame.native(value) for value in flat]
            if layout != self.layout:
                raise Unsupported("a loop in which a TensorArray changes its size cannot be compiled.")
            _check_shapes(values[: self.count], flat)
            return [*flat, *self.state.read(), held], written
        finally:
            frame.counters = counters
            self.state.restore(self.saved)

    # -- TensorArrays ------------------------------------------------------------------------------

    def _settled(self, value: Any) -> Any:
        """Return contents of a TensorArray as rows, if that is possible; anything else as it is."""
        if not isinstance(value, Elements) or (value.rows is None and not has_shape(value)):
            return value
        return value.dense(self.tools)

    def _allocate(self) -> None:
        """Make rows of all TensorArrays that the loop writes to, of the shape that it writes."""
        arrays = [i for i in self.carried if isinstance(self.first[i], Elements)]
        for i in arrays:
            self.first[i] = self._settled(self.first[i])
        empty = [i for i in arrays if self.first[i].rows is None]
        if not empty:
            return
        shapes: dict[int, Any] = {}

        def once(*values: Any) -> list[Any]:
            self.state.enter(values)
            try:
                collected = Collected(self.frame.adapter)
                current = None
                if self.rows is not None:
                    current = Current(self.rows, [k.getitem(rows, (0, ...)) for rows in self.rows.given])
                results = body_of(self.graphs[1]).run(self.frame, self.first, self.captures[1], collected, current)
                for i in empty:
                    found = self._settled(results[i])
                    if found.rows is not None:
                        shapes[i] = self.tools.shape(found.rows)[1:]
                return []
            finally:
                self.state.restore(self.saved)

        k = self.frame.k
        self.frame.adapter.rehearse(once, self.state.read())
        for i, shape in shapes.items():
            self.first[i] = self.first[i].dense(self.tools, shape)

    def _ranges(self, found: LoopRows) -> dict[int, tuple[int, int]]:
        """Return the values that counters have when an iteration begins: the lowest, and one past the highest."""
        ranges = {}
        for i, step in found.counters.items():
            if self.limit and isinstance(self.first[i], np.ndarray | np.generic):
                ends = sorted((int(self.first[i]), int(self.first[i]) + step * (self.limit - 1)))
                ranges[i] = (ends[0], ends[1] + 1)
        return ranges


def _check_shapes(before: Sequence[Any], after: Sequence[Any]) -> None:
    """Raise where a loop variable has another shape after an iteration: frameworks compile no such loop."""
    for old, new in zip(before, after, strict=True):
        if tuple(getattr(old, "shape", ())) != tuple(getattr(new, "shape", ())):
            raise Unsupported("a loop whose variables change their shape cannot be compiled.")
