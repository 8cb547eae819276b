"""Branches and loops at run time: operations that hold graphs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.checks import Collected, check
from onevar.core.frame import Frame, Step, run_steps
from onevar.core.func_graph import FuncGraph
from onevar.core.operation import Operation, Tensor
from onevar.core.reach import bodies, needed, writes
from onevar.core.state import StateRef
from onevar.core.trip_count import TripCount
from onevar.errors import Unsupported

_BRANCHES = frozenset({"If", "StatelessIf"})
_LOOPS = frozenset({"While", "StatelessWhile"})
#: A loop that a compiler would have to unroll is at most this long; longer ones stay loops.
UNROLLED = 16


def is_functional(operation: Operation) -> bool:
    """Whether it is a branch or a loop."""
    return operation.type in _BRANCHES or operation.type in _LOOPS


def step(operation: Operation, slots: Any) -> Step:
    """Return the step that runs a branch or a loop."""
    ins = [slots(tensor) for tensor in operation.inputs]
    outs = [slots.output(tensor) for tensor in operation.outputs]
    kind: type[_Functional] = BranchStep if operation.type in _BRANCHES else LoopStep
    return kind(operation, ins, outs)


class Body:
    """A graph inside an operation, made ready to run."""

    def __init__(self, graph: FuncGraph):
        from onevar.core.region import Slots, steps_for  # regions hold functional steps

        self.graph = graph
        self.slots = Slots()
        self.arguments = [self.slots(t) for t in graph.arguments]
        self.captures = [self.slots(t) for t in graph.captures.values()]
        effects = [op for op in graph.operations if writes(op) or _must_run(op)]
        targets = [*(t.op for t in graph.results), *effects, *getattr(graph, "control_outputs", ())]
        own = set(graph.operations)
        given = [*graph.arguments, *graph.captures.values()]
        inside = {op for op in needed(targets, given) if op in own and op.type != "_Arg"}
        self.steps = steps_for(inside, self.slots, given, graph.results)
        self.results = [self.slots(t) for t in graph.results]

    def run(
        self, outer: Frame, arguments: Sequence[Any], captures: Sequence[Any], collected: Collected | None = None
    ) -> list[Any]:
        """Run it in a frame of its own; return the results. Its conditions go to `collected`, or where `outer`'s go."""
        frame = outer.inner(self.slots.count, collected)
        for slot, value in zip(self.arguments, arguments, strict=True):
            frame.env[slot] = value
        for slot, value in zip(self.captures, captures, strict=True):
            frame.env[slot] = value
        run_steps(frame, self.steps)
        outer.wrote = outer.wrote or frame.wrote
        return [_value(frame.env[slot]) for slot in self.results]


def _must_run(operation: Operation) -> bool:
    """Whether it counts although nobody uses what it returns."""
    return not operation.outputs and operation.type != "NoOp"


def body_of(graph: FuncGraph) -> Body:
    """Return a graph made ready, once."""
    found = getattr(graph, "ready", None)
    if found is None or found[0] != graph.version:
        found = graph.ready = (graph.version, Body(graph))  # type: ignore[attr-defined]
    return found[1]


def _value(value: Any) -> Any:
    return value.read() if type(value) is StateRef else value


class _State:
    """Variables and streams that bodies may change, as operands of a traced branch or loop."""

    def __init__(self, frame: Frame, graphs: Sequence[FuncGraph], captures: Sequence[Any]):
        self.frame = frame
        changed = any(writes(op) for graph in graphs for op in graph.operations)
        refs = [value for value in captures if type(value) is StateRef]
        self.refs = list(dict.fromkeys(ref for ref in refs if changed and (ref.initialized)))
        drawing = [op for graph in graphs for op in _all_operations(graph) if _draws(op)]
        self.streams = [frame.store.stream(op) for op in dict.fromkeys(drawing)]

    def read(self) -> list[Any]:
        """Return the current values."""
        counters = [s.traced if s.traced is not None else s.native() for s in self.streams]
        return [*(ref.read() for ref in self.refs), *counters]

    def enter(self, values: Sequence[Any]) -> None:
        """Let the bodies see `values`."""
        for ref, value in zip(self.refs, values, strict=False):
            ref.overlay, ref.traced = value, True
        for stream, value in zip(self.streams, values[len(self.refs) :], strict=True):
            stream.traced = value

    def leave(self, values: Sequence[Any], traced: Sequence[bool], drawing: Sequence[bool]) -> None:
        """Keep `values` after the operation."""
        for ref, value, before in zip(self.refs, values, traced, strict=False):
            if before:
                ref.overlay, ref.traced, ref.written = value, True, True
            else:
                ref.clear()
                ref.slot.write(value)
        for stream, value, before in zip(self.streams, values[len(self.refs) :], drawing, strict=True):
            if before:
                stream.traced = value
            else:
                stream.traced = None
                stream.keep(value)

    def saved(self) -> tuple[list[tuple[Any, bool, bool]], list[Any]]:
        """Return what tracing may leave behind, to be put back."""
        return [(r.overlay, r.traced, r.written) for r in self.refs], [s.traced for s in self.streams]

    def restore(self, saved: tuple[list[tuple[Any, bool, bool]], list[Any]]) -> None:
        """Put back what `saved` returned."""
        for ref, (overlay, traced, written) in zip(self.refs, saved[0], strict=True):
            ref.overlay, ref.traced, ref.written = overlay, traced, written
        for stream, traced in zip(self.streams, saved[1], strict=True):
            stream.traced = traced


def _all_operations(graph: FuncGraph) -> list[Operation]:
    found = list(graph.operations)
    for operation in graph.operations:
        for inner in bodies(operation):
            found.extend(_all_operations(inner))
    return found


def _draws(operation: Operation) -> bool:
    from onevar.core.kernel import kernel_of

    kernel = kernel_of(operation.type)
    return kernel is not None and kernel.random


class _Functional(Step):
    """What branches and loops have in common."""

    __slots__ = ()

    def captured(self, frame: Frame, graph: FuncGraph, given: Sequence[Tensor], values: Sequence[Any]) -> list[Any]:
        """Return the values of what a body takes from outside, found among the operation's inputs."""
        at = dict(zip(given, values, strict=True))
        return [at[outside] for outside in graph.captures]

    def finish(self, frame: Frame, results: Sequence[Any]) -> None:
        """Put results where the outputs belong."""
        for slot, value in zip(self.outs, results, strict=True):
            frame.env[slot] = value


class BranchStep(_Functional):
    """`tf.cond`: inputs are the predicate, then what the branches capture."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        attrs = self.operation.attrs
        values = [frame.env[slot] for slot in self.ins]
        pred = _value(values[0])
        graphs = attrs["then_branch"], attrs["else_branch"]
        given = self.operation.inputs[1:]
        captures = [self.captured(frame, graph, given, values[1:]) for graph in graphs]
        if _known(frame, pred):
            chosen = 0 if bool(np.asarray(frame.host(pred)).reshape(())) else 1
            self.finish(frame, body_of(graphs[chosen]).run(frame, (), captures[chosen]))
            return
        self._traced(frame, pred, graphs, captures)

    def _traced(self, frame: Frame, pred: Any, graphs: Sequence[FuncGraph], captures: Sequence[list[Any]]) -> None:
        state = _State(frame, graphs, [*captures[0], *captures[1]])
        saved = state.saved()

        errors: list[Any] = []
        shapes: set[tuple[str, ...]] = set()

        def branch(which: int) -> Any:
            def run(*values: Any) -> list[Any]:
                collected = Collected(frame.adapter)
                try:
                    state.enter(values)
                    results = body_of(graphs[which]).run(frame, (), captures[which], collected)
                    errors.extend(collected.errors[:1])
                    results = [frame.native(r) for r in results]
                    shapes.add(tuple(str(getattr(r, "shape", "")) for r in results))
                    return [*results, *state.read(), collected.all(frame.k)]
                finally:
                    state.restore(saved)

            return run

        try:
            results = frame.adapter.cond(frame.native(pred), branch(0), branch(1), state.read())
        except TypeError as error:
            if len(shapes) > 1:
                raise Unsupported("branches that return other shapes cannot be compiled.") from error
            raise
        if errors:
            check(results[-1], errors[0])
        count = len(self.outs)
        state.leave(results[count:-1], [s[1] for s in saved[0]], [s is not None for s in saved[1]])
        self.finish(frame, results[:count])


def _known(frame: Frame, value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | bool) or frame.adapter.is_concrete(value)


def _check_shapes(before: Sequence[Any], after: Sequence[Any]) -> None:
    """Raise where a loop variable has another shape after an iteration: frameworks compile no such loop."""
    for old, new in zip(before, after, strict=True):
        if tuple(getattr(old, "shape", ())) != tuple(getattr(new, "shape", ())):
            raise Unsupported("a loop whose variables change their shape cannot be compiled.")


class LoopStep(_Functional):
    """`tf.while_loop`: inputs are the variables, then what the bodies capture."""

    __slots__ = ("trips",)

    def __init__(self, operation: Operation, ins: Sequence[Any], outs: Sequence[int]):
        super().__init__(operation, ins, outs)
        self.trips: TripCount | None = None

    def deciding(self) -> list[int]:
        """Return the slots of what the condition looks at."""
        test = self.operation.attrs["cond"]
        used = {tensor for op in test.operations for tensor in op.inputs} | set(test.results)
        count = len(self.outs)
        first = [slot for slot, t in zip(self.ins, test.arguments, strict=False) if t in used]
        given = zip(self.ins[count:], self.operation.inputs[count:], strict=True)
        return [*first, *(slot for slot, outside in given if outside in test.captures)]

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        attrs = self.operation.attrs
        cond, body = attrs["cond"], attrs["body"]
        count = len(self.outs)
        values = [frame.env[slot] for slot in self.ins]
        given = self.operation.inputs[count:]
        captures = [self.captured(frame, graph, given, values[count:]) for graph in (cond, body)]
        variables = [_value(value) for value in values[:count]]
        limit = self.operation.attrs.get("_maximum_iterations")
        if frame.collected is not None:
            trips = self._counted(frame, variables, captures, limit)
            if trips is not None and trips > UNROLLED:
                self.finish(frame, self._compiled(frame, variables, captures, trips))
                return
        done = 0
        while limit is None or done < limit:
            proceed = body_of(cond).run(frame, variables, captures[0])[0]
            traced = not _known(frame, proceed)
            if traced or (done >= UNROLLED and frame.collected is not None):
                variables = self._compiled(frame, variables, captures, None if limit is None else limit - done)
                break
            if not bool(np.asarray(frame.host(proceed)).reshape(())):
                break
            variables = body_of(body).run(frame, variables, captures[1])
            done += 1
        self.finish(frame, variables)

    def _counted(
        self, frame: Frame, variables: Sequence[Any], captures: Sequence[list[Any]], limit: int | None
    ) -> int | None:
        if self.trips is None:
            self.trips = TripCount(body_of(self.operation.attrs["cond"]), body_of(self.operation.attrs["body"]))
        return self.trips.count(frame, variables, captures, limit)

    def _compiled(
        self, frame: Frame, variables: Sequence[Any], captures: Sequence[list[Any]], limit: int | None
    ) -> list[Any]:
        attrs = self.operation.attrs
        graphs = attrs["cond"], attrs["body"]
        count = len(variables)
        state = _State(frame, graphs, [*captures[0], *captures[1]])
        saved = state.saved()

        errors: list[Any] = []

        def run(which: int, values: Sequence[Any]) -> list[Any]:
            collected = Collected(frame.adapter)
            try:
                state.enter(values[count:-1])
                results = body_of(graphs[which]).run(frame, values[:count], captures[which], collected)
                errors.extend(collected.errors[:1])
                held = frame.k.logical_and(values[-1], collected.all(frame.k))
                results = [frame.native(r) for r in results]
                if which:
                    _check_shapes(values[:count], results)
                return [*results, *state.read(), held]
            finally:
                state.restore(saved)

        start = [*(frame.native(v) for v in variables), *state.read(), frame.k.asarray(np.array(True))]
        differentiable = frame.differentiated > 0
        if differentiable and limit is None:
            limit = self._counted(frame, variables, captures, None)
        results = frame.adapter.while_loop(
            lambda *values: run(0, values)[0], lambda *values: run(1, values), start, limit, differentiable
        )
        if errors:
            check(results[-1], errors[0])
        state.leave(results[count:-1], [s[1] for s in saved[0]], [s is not None for s in saved[1]])
        return list(results[:count])
