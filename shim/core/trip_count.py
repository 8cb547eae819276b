"""How often a loop runs, where that follows from host values alone: counted without its other work."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.frame import ConstStep, Frame, KernelStep, Step, run_steps
from onevar.core.func_graph import FuncGraph
from onevar.core.operation import Operation, Tensor

#: Operations whose result follows from the shape of their input.
OF_SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "VariableShape"})
#: Longer loops are not counted: a compiler has them as loops whose end it does not know.
LONGEST = 20_000


class TripCount:
    """The part of a loop that decides how long it is.

    Args:
        test: The condition's graph, made ready to run (`control_flow.Body`).
        loop: The body's.
    """

    def __init__(self, test: Any, loop: Any):
        self.test, self.loop = test, loop
        operations, self.test_reads = _reads(test.graph, test.graph.results)
        variables = {i for i, t in enumerate(test.graph.arguments) if t in self.test_reads}
        while True:
            inside, self.loop_reads = _reads(loop.graph, [loop.graph.results[i] for i in variables])
            more = {i for i, t in enumerate(loop.graph.arguments) if t in self.loop_reads} - variables
            if not more:
                break
            variables |= more
        self.variables = sorted(variables)
        self.test_steps = [step for step in test.steps if step.operation in operations]
        self.loop_steps = [step for step in loop.steps if step.operation in inside]
        self.possible = all(map(_is_pure, [*self.test_steps, *self.loop_steps]))

    def count(
        self, frame: Frame, variables: Sequence[Any], captures: Sequence[Sequence[Any]], limit: int | None
    ) -> int | None:
        """Return how often the loop runs, or None where more than host values decides that.

        Args:
            frame: The computation around it.
            variables: The first values of the loop's variables.
            captures: What the condition and the body take from outside.
            limit: The greatest number of iterations, or None.
        """
        if not self.possible or not self._all_host(variables, captures):
            return None
        end = LONGEST if limit is None else min(limit, LONGEST)
        current, trips = {i: variables[i] for i in self.variables}, 0
        while trips < end:
            inner = self._started(frame, self.test, current, captures[0])
            run_steps(inner, self.test_steps)
            if not bool(np.asarray(inner.env[self.test.results[0]]).reshape(())):
                return trips
            inner = self._started(frame, self.loop, current, captures[1])
            run_steps(inner, self.loop_steps)
            current = {i: inner.env[self.loop.results[i]] for i in self.variables}
            trips += 1
        return trips if trips == limit else None

    def _all_host(self, variables: Sequence[Any], captures: Sequence[Sequence[Any]]) -> bool:
        values = [variables[i] for i in self.variables]
        for body, given, read in zip((self.test, self.loop), captures, (self.test_reads, self.loop_reads), strict=True):
            inside = body.graph.captures.values()
            values.extend(value for t, value in zip(inside, given, strict=True) if t in read)
        return all(isinstance(value, np.ndarray | np.generic) for value in values)

    def _started(self, frame: Frame, body: Any, current: dict[int, Any], captures: Sequence[Any]) -> Frame:
        inner = frame.inner(body.slots.count)
        for i, value in current.items():
            inner.env[body.arguments[i]] = value
        for slot, value in zip(body.captures, captures, strict=True):
            inner.env[slot] = value
        return inner


def _reads(graph: FuncGraph, results: Sequence[Tensor]) -> tuple[set[Operation], set[Tensor]]:
    """Return the operations that make `results`, and the tensors whose contents these look at."""
    captured = set(graph.captures.values())
    operations: set[Operation] = set()
    read = set(results)
    todo = [t.op for t in results]
    while todo:
        op = todo.pop()
        if op in operations:
            continue
        operations.add(op)
        todo.extend(op.control_inputs)
        for tensor in op.inputs:
            if op.type in OF_SHAPES and tensor in captured:
                continue  # of which only the shape counts
            read.add(tensor)
            todo.append(tensor.op)
    return operations, read


def _is_pure(step: Step) -> bool:
    if isinstance(step, KernelStep):
        return not (step.kernel.state or step.kernel.random or step.on_host)
    return isinstance(step, ConstStep)
