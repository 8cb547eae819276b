"""Turns operations into steps: a region is a set of operations that run together.

Where gradients are taken, the operations between `xs` and `ys` become one step that runs them under the
framework's automatic differentiation; regions nest as derivatives do.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from onevar.core import control_flow, gradient_steps
from onevar.core.array_steps import for_arrays
from onevar.core.custom_steps import GRADIENT, CustomStep
from onevar.core.frame import KernelStep, Step, ready
from onevar.core.operation import Operation, Tensor
from onevar.core.reach import dependencies, in_order, sorted_topologically, writes
from onevar.core.row_updates import adapted
from onevar.core.slice_steps import SliceStep, is_movable


class Slots:
    """Numbers for the values of a plan."""

    def __init__(self) -> None:
        self.numbers: dict[Tensor, int] = {}
        #: Tensors whose value is given: what makes them writes elsewhere.
        self.given: dict[Tensor, int] = {}
        #: Operations that `row_updates` chose.
        self.row_updates: frozenset[Operation] = frozenset()
        self.count = 0

    def new(self) -> int:
        """Return an unused number."""
        self.count += 1
        return self.count - 1

    def __call__(self, tensor: Tensor) -> int:
        """Return the number of a tensor."""
        number = self.numbers.get(tensor)
        if number is None:
            number = self.numbers[tensor] = self.new()
        return number

    def output(self, tensor: Tensor) -> int:
        """Return the number that the operation itself writes: not that of a tensor that is fed."""
        return self.new() if tensor in self.given else self(tensor)


def steps_for(
    operations: Collection[Operation], slots: Slots, fed: Collection[Tensor], wanted: Iterable[Tensor]
) -> list[Step]:
    """Return the steps that run `operations`.

    Args:
        operations: All that run, dependencies included.
        slots: Numbers of the values.
        fed: Tensors whose value is given.
        wanted: Tensors whose value is looked at from outside.
    """
    order = in_order(operations, fed)
    if not any(op.type == gradient_steps.TYPE for op in order):
        return [_step(op, slots) for op in order]
    return _with_gradients(order, slots, fed, set(wanted))


def _step(operation: Operation, slots: Slots) -> Step:
    if control_flow.is_functional(operation):
        return control_flow.step(operation, slots)
    step = adapted(for_arrays(ready(operation, slots)), slots.row_updates)
    if is_movable(operation) and type(step) is KernelStep:
        step = SliceStep(operation, step.ins, step.outs, step.kernel, slots)
    if GRADIENT in operation.attrs:
        step = CustomStep(step, slots)
    if slots.given:
        step.outs = tuple(slots.output(tensor) for tensor in operation.outputs)
    return step


class _Node:
    """A step in the making: an operation, the forward part of a group of gradients, or a pullback."""

    __slots__ = ("group", "late", "name", "operations", "serial")

    def __init__(self, operations: Sequence[Operation], group: Any = None):
        self.operations = operations
        self.group = group
        self.serial = max((op.serial for op in operations), default=0)
        self.late = False
        self.name = operations[0].name if operations else ""


def _with_gradients(
    order: Sequence[Operation], slots: Slots, fed: Collection[Tensor], wanted: set[Tensor]
) -> list[Step]:
    groups = gradient_steps.groups(order, fed)
    home: dict[Operation, _Node] = {}
    nodes: list[_Node] = []
    for group in groups:
        node = _Node([op for op in order if op in group.region], group)
        nodes.append(node)
        home.update((op, node) for op in node.operations)
    for op in order:
        if op not in home:
            home[op] = _Node([op])
            nodes.append(home[op])
    forward_of = {op: group for group in groups for op in group.gradients}
    before: dict[_Node, list[_Node]] = {}
    for node in nodes:
        needs = [need for op in node.operations for need in _needs(op, fed, forward_of)]
        if node.group is not None:
            needs.extend(tensor.op for tensor in (*node.group.xs, *node.group.ys) if tensor not in fed)
        before[node] = [home[need] for need in needs if need in home and home[need] is not node]
    for op, group in forward_of.items():
        if op in home and home[op].group is not group:
            before[home[op]].extend(n for n in nodes if n.group is group)
    _mark_late(nodes, before)
    ordered = sorted_topologically(nodes, before.__getitem__, lambda node: (node.late, node.serial))
    return _emit(ordered, forward_of, slots, fed, wanted)


def _needs(op: Operation, fed: Collection[Tensor], forward_of: dict[Operation, Any]) -> list[Operation]:
    """Return what runs before; a pullback needs its forward part and the `grad_ys`, not the `ys`."""
    if op in forward_of:
        return [*(t.op for t in gradient_steps.given_gradients(op) if t not in fed), *op.control_inputs]
    return dependencies(op, fed)


def _mark_late(nodes: Sequence[_Node], before: dict[_Node, list[_Node]]) -> None:
    ordered = sorted_topologically(list(nodes), before.__getitem__, lambda node: node.serial)
    for node in ordered:
        node.late = any(writes(op) for op in node.operations) or any(other.late for other in before[node])


def _emit(
    ordered: Sequence[_Node],
    forward_of: dict[Operation, Any],
    slots: Slots,
    fed: Collection[Tensor],
    wanted: set[Tensor],
) -> list[Step]:
    inside = {op: node for node in ordered if node.group is not None for op in node.operations}
    looked_at = set(wanted)
    for node in ordered:
        for op in node.operations:
            tensors = gradient_steps.given_gradients(op) if op in forward_of else op.inputs
            looked_at.update(t for t in tensors if inside.get(t.op) is not node or node.group is None)
    out: list[Step] = []
    for node in ordered:
        if node.group is not None:
            out.append(gradient_steps.forward(node.group, node.operations, slots, fed, looked_at, steps_for))
        elif node.operations[0] in forward_of:
            out.append(gradient_steps.pullback(node.operations[0], forward_of[node.operations[0]], slots))
        else:
            out.append(_step(node.operations[0], slots))
    _mark_last([step for step in out if isinstance(step, gradient_steps.PullbackStep)])
    return out


def _mark_last(pullbacks: Sequence[gradient_steps.PullbackStep]) -> None:
    seen: set[int] = set()
    for step in reversed(pullbacks):
        step.last = step.group.handle not in seen
        seen.add(step.group.handle)
