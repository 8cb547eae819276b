"""Gradients inside a branch or loop of what was computed outside.

In TensorFlow 1 the inside of a loop is part of the same flat graph. Here it is a graph of its own, so what lies between
an `x` outside and a `y` inside is computed once more inside, where it can be differentiated.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any

from onevar.core import gradient_steps
from onevar.core.differentiable import is_trainable, passes
from onevar.core.func_graph import ARGUMENT, FuncGraph
from onevar.core.operation import Operation, Tensor


def brought_inside(graph: FuncGraph, ys: Sequence[Tensor], points: Sequence[Tensor]) -> list[Tensor]:
    """Return `ys`, or copies of them that are computed inside `graph` from `points` on.

    Args:
        graph: The body in which gradients are taken.
        ys: What is differentiated, tensors of the body.
        points: Tensors outside that gradients are taken for.
    """
    wanted = {point for point in points if point.graph is not graph}
    order = _behind(ys)
    active = set(wanted)
    crossing = False
    for op in order:
        if op.type == ARGUMENT:
            if op.kept in active:
                active.add(op.outputs[0])
                crossing = crossing or op.kept not in wanted
        elif passes(op) and any(t in active for t in op.inputs):
            active.update(t for t in op.outputs if is_trainable(t))
    if not crossing:
        return list(ys)
    return _Copy(graph, wanted, active).of(order, ys)


def _behind(ys: Sequence[Tensor]) -> list[Operation]:
    """Return all operations that `ys` depend on, inside and outside, each after those it depends on."""
    found: set[Operation] = set()
    todo = [y.op for y in ys]
    while todo:
        op = todo.pop()
        if op not in found:
            found.add(op)
            todo.extend(t.op for t in op.inputs)
            if op.type == ARGUMENT and isinstance(op.kept, Tensor):
                todo.append(op.kept.op)
    return sorted(found, key=_moment)


def _moment(op: Operation) -> tuple[int, int]:
    """Return when an operation was made; what stands for a tensor in a body comes right after that tensor."""
    depth = 0
    while op.type == ARGUMENT and isinstance(op.kept, Tensor):
        op, depth = op.kept.op, depth + 1
    return op.serial, depth


class _Copy:
    """Copies of operations inside a body."""

    def __init__(self, graph: FuncGraph, points: set[Tensor], active: set[Tensor]):
        self.graph, self.points, self.active = graph, points, active
        self.made: dict[Tensor, Tensor] = {point: graph.capture(point) for point in points}

    def of(self, order: Sequence[Operation], ys: Sequence[Tensor]) -> list[Tensor]:
        """Return the copies of `ys`."""
        for op in order:
            if op.type == ARGUMENT:
                if op.kept in self.made:
                    self.made[op.outputs[0]] = self.made[op.kept]
            elif not self.active.isdisjoint(op.outputs) and self._changes(op):
                self._copied(op)
        return [self.made.get(y, y) for y in ys]

    def _changes(self, op: Operation) -> bool:
        return any(self.made.get(t, t) is not t for t in op.inputs)

    def _inside(self, tensor: Tensor) -> Tensor:
        found = self.made.get(tensor)
        return self.graph.capture(tensor) if found is None else found

    def _copied(self, op: Operation) -> None:
        inputs = [self._inside(t) for t in op.inputs]
        attrs = {name: self._attr(value) for name, value in op.attrs.items()}
        outputs = [(t.dtype, t.spec) for t in op.outputs]
        made = self.graph.add(op.type, self.graph.name_for(f"again/{op.type}"), inputs, attrs, outputs)
        made.kept = self._request(op.kept) if op.type == gradient_steps.TYPE else op.kept
        self.made.update(zip(op.outputs, made.outputs, strict=True))

    def _attr(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._inside(value)
        if not isinstance(value, FuncGraph):
            return value
        body = copy(value)
        body.captures = {self._inside(outside): inside for outside, inside in value.captures.items()}
        return body

    def _request(self, request: gradient_steps.Request) -> gradient_steps.Request:
        return gradient_steps.Request(
            [self._inside(t) for t in request.ys],
            [None if t is None else self._inside(t) for t in request.grad_ys],
            [self._inside(t) for t in request.xs],
            [self.made.get(t, t) for t in request.stop],
        )
