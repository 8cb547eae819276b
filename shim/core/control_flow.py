"""Branches and loops at run time: operations that hold graphs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.array_steps import put_together, taken_apart
from onevar.core.checks import Collected, check
from onevar.core.elements import Elements, Tools, has_shape
from onevar.core.frame import Frame, Step, run_steps
from onevar.core.func_graph import FuncGraph
from onevar.core.operation import Operation, Tensor
from onevar.core.reach import bodies, needed, writes
from onevar.core.state import StateRef
from onevar.errors import Unsupported

_BRANCHES = frozenset({"If", "StatelessIf"})
_LOOPS = frozenset({"While", "StatelessWhile"})


def is_functional(operation: Operation) -> bool:
    """Whether it is a branch or a loop."""
    return is_functional_type(operation.type)


def is_functional_type(op_type: str) -> bool:
    """Whether operations of a type are branches or loops.

    Args:
        op_type: TensorFlow's.
    """
    return op_type in _BRANCHES or op_type in _LOOPS


def step(operation: Operation, slots: Any) -> Step:
    """Return the step that runs a branch or a loop."""
    ins = [slots(tensor) for tensor in operation.inputs]
    outs = [slots.output(tensor) for tensor in operation.outputs]
    if operation.type in _BRANCHES:
        return BranchStep(operation, ins, outs)
    from onevar.core.loops import LoopStep  # loops are made of what is here

    return LoopStep(operation, ins, outs)


class Body:
    """A graph inside an operation, made ready to run."""

    def __init__(self, graph: FuncGraph):
        from onevar.core.region import Slots, steps_for  # regions hold functional steps

        self.graph = graph
        self.slots = Slots()
        self.arguments = [self.slots(t) for t in graph.arguments]
        self.captures = [self.slots(t) for t in graph.captures.values()]
        # As in TensorFlow 1, a write that no result of the branch depends on does not happen. Without any result the
        # branch is there for what it does.
        everything = graph.runs_everything or not graph.results
        effects = [op for op in graph.operations if writes(op) or _must_run(op)] if everything else []
        targets = [*(t.op for t in graph.results), *effects]
        own = set(graph.operations)
        given = [*graph.arguments, *graph.captures.values()]
        inside = _inside(targets, given, own)
        self.steps = steps_for(inside, self.slots, given, graph.results)
        self.results = [self.slots(t) for t in graph.results]

    def run(
        self, outer: Frame, arguments: Sequence[Any], captures: Sequence[Any], collected: Collected | None = None,
        current: Any = None,
    ) -> list[Any]:  # fmt: skip
        """Run it in a frame of its own; return the results. Its conditions go to `collected`, or where `outer`'s go.

        Args:
            outer: The computation around it.
            arguments: What the operation hands in.
            captures: What it takes from outside.
            collected: Where conditions go.
            current: The rows of an iteration that is traced, `loop_rows.Current`.
        """
        frame = outer.inner(self.slots.count, collected)
        frame.current = current
        for slot, value in zip(self.arguments, arguments, strict=True):
            frame.env[slot] = value
        for slot, value in zip(self.captures, captures, strict=True):
            frame.env[slot] = value
        run_steps(frame, self.steps)
        outer.wrote = outer.wrote or frame.wrote
        return [value_of(frame.env[slot]) for slot in self.results]


def _inside(targets: Sequence[Operation], given: Sequence[Tensor], own: set[Operation]) -> set[Operation]:
    """Return the operations of a body that run: what the targets need, and what gradients of the program's need."""
    wanted, count = set(targets), -1
    while len(wanted) != count:
        count = len(wanted)
        inside = {op for op in needed(wanted, given) if op in own and op.type != "_Arg"}
        for op in inside:
            wanted.update(t.op for t in getattr(op.attrs.get("_gradient_body"), "captures", ()))
    return inside


def _must_run(operation: Operation) -> bool:
    """Whether it counts although nobody uses what it returns."""
    return not operation.outputs and operation.type != "NoOp"


def body_of(graph: FuncGraph) -> Body:
    """Return a graph made ready, once."""
    found = getattr(graph, "ready", None)
    if found is None or found[0] != graph.version:
        found = graph.ready = (graph.version, Body(graph))  # type: ignore[attr-defined]
    return found[1]


def value_of(value: Any) -> Any:
    """Return a variable's value for a reference to it, and everything else as it is."""
    return value.read() if type(value) is StateRef else value


class State:
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


class Functional(Step):
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


class BranchStep(Functional):
    """`tf.cond`: inputs are the predicate, then what the branches capture."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        attrs = self.operation.attrs
        values = [frame.env[slot] for slot in self.ins]
        pred = value_of(values[0])
        graphs = attrs["then_branch"], attrs["else_branch"]
        given = self.operation.inputs[1:]
        captures = [self.captured(frame, graph, given, values[1:]) for graph in graphs]
        if known(frame, pred):
            chosen = 0 if bool(np.asarray(frame.host(pred)).reshape(())) else 1
            self.finish(frame, body_of(graphs[chosen]).run(frame, (), captures[chosen]))
            return
        self._traced(frame, pred, graphs, captures)

    def _traced(self, frame: Frame, pred: Any, graphs: Sequence[FuncGraph], captures: Sequence[list[Any]]) -> None:
        state = State(frame, graphs, [*captures[0], *captures[1]])
        saved = state.saved()

        errors: list[Any] = []
        shapes: set[tuple[str, ...]] = set()
        arrays = _Arrays(self.operation, frame, [*captures[0], *captures[1]])

        def branch(which: int) -> Any:
            def run(*values: Any) -> list[Any]:
                collected = Collected(frame.adapter)
                try:
                    state.enter(values)
                    results = body_of(graphs[which]).run(frame, (), captures[which], collected)
                    errors.extend(collected.errors[:1])
                    results = [frame.native(r) for r in arrays.taken_apart(results)]
                    shapes.add(tuple(str(getattr(r, "shape", "")) for r in results))
                    return [*results, *state.read(), collected.all(frame.k)]
                finally:
                    state.restore(saved)

            return run

        if arrays.any:
            for which in (0, 1):
                frame.adapter.rehearse(branch(which), state.read())
            arrays.settle()
            errors.clear()
            shapes.clear()
        try:
            results = frame.adapter.cond(frame.native(pred), branch(0), branch(1), state.read())
        except TypeError as error:
            if len(shapes) > 1:
                raise Unsupported("branches that return other shapes cannot be compiled.") from error
            raise
        if errors:
            check(results[-1], errors[0])
        count = len(self.outs) if arrays.layout is None else sum(n for n, _ in arrays.layout)
        state.leave(results[count:-1], [s[1] for s in saved[0]], [s is not None for s in saved[1]])
        self.finish(frame, arrays.put_together(results[:count]))


class _Arrays:
    """TensorArrays among what two branches return: rows of one shape, whichever branch is taken."""

    def __init__(self, operation: Operation, frame: Frame, captures: Sequence[Any]):
        self.tools = Tools(frame, operation)
        self.any = any(isinstance(value, Elements) for value in captures)
        self.layout: list[Any] | None = None
        self.row_shapes: dict[int, tuple[int, ...]] = {}
        self.settled = False

    def settle(self) -> None:
        """Use the shapes that both branches have shown from now on."""
        self.settled, self.layout = True, None

    def taken_apart(self, results: Sequence[Any]) -> list[Any]:
        """Return the tensors that a branch's results are made of.

        Raises:
            Unsupported: They are other ones than the other branch's.
        """
        if not self.any:
            return list(results)
        values = list(results)
        for i, value in enumerate(values):
            if isinstance(value, Elements):
                values[i] = self._rows(i, value)
        tensors, layout = taken_apart(values)
        if self.settled:
            if self.layout not in (None, layout):
                raise Unsupported("branches that return TensorArrays of other sizes cannot be compiled.")
            self.layout = layout
        return tensors

    def _rows(self, i: int, value: Elements) -> Elements:
        if self.settled:
            return value.dense(self.tools, self.row_shapes[i]) if i in self.row_shapes else value
        if has_shape(value):
            value = value.dense(self.tools)
            self.row_shapes[i] = self.tools.shape(value.rows)[1:]
        return value

    def put_together(self, tensors: Sequence[Any]) -> list[Any]:
        """Return the branches' results of these tensors."""
        return list(tensors) if self.layout is None else put_together(tensors, self.layout)


def known(frame: Frame, value: Any) -> bool:
    """Whether a value can be looked at now."""
    return isinstance(value, np.ndarray | np.generic | bool) or frame.adapter.is_concrete(value)
