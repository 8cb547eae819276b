"""What a run of a graph does, worked out once for its fetches and feeds."""

from collections.abc import Iterable, Sequence

from onevar.core import control_flow
from onevar.core.frame import (
    KernelStep,
    MissingStep,
    PlaceholderStep,
    SnapshotStep,
    Step,
    is_alias,
)  # fmt: skip
from onevar.core.gradient_steps import TYPE, ForwardStep
from onevar.core.kernel import kernel_of
from onevar.core.operation import Operation, Tensor
from onevar.core.reach import bodies, needed, writes
from onevar.core.region import Slots, steps_for
from onevar.core.row_updates import row_updates
from onevar.core.state import STORAGE, StateRef


class Plan:
    """The steps for some fetches and feeds of one graph; Sessions of it share nothing else.

    Attributes:
        fetches: Tensors whose values are wanted.
        feeds: Tensors whose values are given.
        steps: What runs, in order.
        feed_slots: Where the given values go.
        fetch_slots: Where the wanted ones are.
        storages: Operations that stand for variables.
        random: Operations that draw random numbers.
        constants: Operations that are constants.
        uses_resources: Whether it uses what the Session keeps on the host, and may wait for another run.
        compiled_at_once: Whether it is not worth interpreting on the host even once.
        size: How many values there are.
    """

    def __init__(self, fetches: Sequence[Tensor], targets: Iterable[Operation], feeds: Sequence[Tensor]):
        self.fetches = tuple(fetches)
        self.feeds = tuple(feeds)
        fed = frozenset(feeds)
        wanted = [t for t in self.fetches if t not in fed]
        operations = needed([*(t.op for t in wanted), *targets], fed)
        slots = Slots()
        self.feed_slots = [slots(tensor) for tensor in self.feeds]
        slots.given = dict(zip(self.feeds, self.feed_slots, strict=True))
        slots.row_updates = row_updates(operations, fed, wanted)
        self.steps: list[Step] = snapshots_for_reports(steps_for(operations, slots, fed, wanted), operations, slots)
        self.fetch_slots = [self._fetch_slot(tensor, slots) for tensor in self.fetches]
        self.size = slots.count
        everything = with_bodies(operations)
        self.storages = [op for op in everything if op.type in STORAGE]
        self.random = [op for op in everything if is_random(op)]
        self.compiled_at_once = any(map(_is_heavy, everything))
        self.constants = [op for op in everything if op.type == "Const"]
        self.uses_resources = any(map(_uses_resources, everything))

    def _fetch_slot(self, tensor: Tensor, slots: Slots) -> int:
        """Return where a fetched value is.

        A fetched reference variable is what it is when the run's writes are done: in TensorFlow it shares its memory
        with the variable, which these change. A fetched resource variable is what it is before them.
        """
        stands = tensor.op.type in STORAGE or is_alias(tensor.op)
        if not stands or tensor.op.type == "VarHandleOp" or tensor in slots.given:
            return slots(tensor)
        snapshot = SnapshotStep(tensor.op, [slots(tensor)], [slots.new()])
        self.steps.append(snapshot)
        return snapshot.outs[0]


def snapshots_for_reports(steps: Sequence[Step], operations: Iterable[Operation], slots: Slots) -> list[Step]:
    """Return the steps, and before each that reports on a variable which the run changes, one that reads it.

    A report is made when everything else is done; what it shows is what the variable was when its turn came.

    Args:
        steps: In order.
        operations: All of the run.
        slots: Numbers of the values.
    """
    if not any(isinstance(step, KernelStep) and step.kernel.reports for step in steps):
        return list(steps)
    changed = changed_storages(with_bodies(operations))
    out: list[Step] = []
    for step in steps:
        if isinstance(step, KernelStep) and step.kernel.reports:
            for tensor in step.operation.inputs:
                if (tensor.op.type in STORAGE or is_alias(tensor.op)) and storage_of(tensor) in changed:
                    snapshot = SnapshotStep(tensor.op, [slots(tensor)], [slots.new()])
                    step.ins = tuple(snapshot.outs[0] if at == slots(tensor) else at for at in step.ins)
                    out.append(snapshot)
        out.append(step)
    return out


def with_bodies(operations: Iterable[Operation]) -> list[Operation]:
    """Return operations, and those of the graphs that they hold, in the order of creation."""
    found: dict[Operation, None] = {}
    todo = list(operations)
    while todo:
        op = todo.pop()
        if op not in found:
            found[op] = None
            for body in bodies(op):
                todo.extend(body.operations)
    return sorted(found, key=lambda op: op.serial)


def changed_storages(operations: Iterable[Operation]) -> set[Operation]:
    """Return the storage operations that others among `operations` may write to."""
    found: set[Operation] = set()
    for op in operations:
        if writes(op) and not bodies(op):
            for tensor, arg in zip(op.inputs, _args(op), strict=False):
                if arg is None or arg.is_ref or arg.dtype == "resource":
                    storage = storage_of(tensor)
                    if storage is not None:
                        found.add(storage)
    return found


def _args(op: Operation) -> list:
    flat: list = []
    for arg in op.op_def.inputs:
        count = 1
        if arg.is_list:
            count = op.attrs[arg.number_attr] if arg.number_attr else len(op.attrs[arg.type_list_attr or ""])
        flat.extend([arg] * count)
    return flat


def storage_of(tensor: Tensor) -> Operation | None:
    """Return the storage operation that a reference or handle leads back to."""
    while True:
        op = tensor.op
        if op.type in STORAGE:
            return op
        if op.type == "_Arg":
            if op.kept is None:
                return None
            tensor = op.kept
        elif op.inputs:
            tensor = op.inputs[0]
        else:
            return None


def is_random(op: Operation) -> bool:
    """Return whether an operation draws random numbers."""
    kernel = kernel_of(op.type)
    return kernel is not None and kernel.random


def _uses_resources(op: Operation) -> bool:
    kernel = kernel_of(op.type)
    return kernel is not None and kernel.resource


def _is_heavy(op: Operation) -> bool:
    if op.type == TYPE or control_flow.is_functional(op):
        return True
    kernel = kernel_of(op.type)
    return kernel is not None and kernel.heavy


def breaks(step: Step) -> bool:
    """Whether a compiler cannot have a step: it runs on the host, between what is compiled."""
    if isinstance(step, KernelStep):
        return step.on_host
    if isinstance(step, ForwardStep):
        return any(breaks(inner) for inner in step.steps)
    if isinstance(step, MissingStep | PlaceholderStep):
        return True
    return any(body_breaks(body) for body in bodies(step.operation))


def body_breaks(graph: object) -> bool:
    """Whether something in a body runs on the host."""
    return any(breaks(step) for step in control_flow.body_of(graph).steps)  # type: ignore[arg-type]


def plain(value: object) -> object:
    """Return a variable's value for a reference to it, and everything else as it is."""
    return value.read() if type(value) is StateRef else value
