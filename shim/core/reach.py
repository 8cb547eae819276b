"""Which operations a run needs, and in which order they run.

The order keeps TensorFlow's promise for resource variables: reads see all writes that control or data
dependencies put before them. Where the program leaves the order open, what changes no state runs first, so
that whatever can fail fails while the variables are as they were.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from onevar.core.kernel import kernel_of
from onevar.core.operation import Operation, Tensor
from onevar.core.state import READERS

_PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})


def dependencies(operation: Operation, fed: Collection[Tensor] = ()) -> list[Operation]:
    """Return the operations that have to run before `operation`, where the tensors `fed` are given."""
    found = [tensor.op for tensor in operation.inputs if tensor not in fed]
    # Who waits for a placeholder that is fed has nothing to wait for.
    found.extend([op for op in operation.control_inputs if op.type not in _PLACEHOLDERS or op.outputs[0] not in fed])
    return found


def needed(targets: Iterable[Operation], fed: Collection[Tensor]) -> set[Operation]:
    """Return all operations that `targets` depend on, with themselves."""
    found: set[Operation] = set()
    todo = list(targets)
    while todo:
        operation = todo.pop()
        if operation not in found:
            found.add(operation)
            todo.extend(dependencies(operation, fed))
    return found


def writes(operation: Operation) -> bool:
    """Whether running `operation` changes state."""
    kernel = kernel_of(operation.type)
    if kernel is not None and kernel.state:
        return operation.type not in READERS
    return any(writes(inner) for body in bodies(operation) for inner in body.operations)


def bodies(operation: Operation) -> list[Any]:
    """Return the graphs that a control-flow operation holds."""
    found = []
    for value in operation.attrs.values():
        for item in value if isinstance(value, list) else (value,):
            if hasattr(item, "captures"):
                found.append(item)
    return found


def in_order(operations: Collection[Operation], fed: Collection[Tensor] = ()) -> list[Operation]:
    """Return operations sorted so that each comes after what it depends on, and writes as late as they may."""
    members = operations if isinstance(operations, set) else set(operations)
    order = _by_serial(members, fed)
    late: set[Operation] = set()
    for operation in order:
        if writes(operation) or not late.isdisjoint(dependencies(operation, fed)):
            late.add(operation)
    if not late:
        return order
    return [op for op in order if op not in late] + [op for op in order if op in late]


def _by_serial(members: set[Operation], fed: Collection[Tensor]) -> list[Operation]:
    order = sorted(members, key=lambda operation: operation.serial)
    if not any(operation.graph.rewired for operation in order[:1]):
        return order
    return sorted_topologically(order, lambda op: dependencies(op, fed), lambda op: op.serial)


def sorted_topologically(
    items: Sequence[Any], before: Callable[[Any], Iterable[Any]], priority: Callable[[Any], Any]
) -> list[Any]:
    """Return items so that each comes after those `before` it, otherwise by `priority`.

    Raises:
        ValueError: They depend on each other in a circle.
    """
    members = set(items)
    waiting: dict[Any, int] = {}
    after: dict[Any, list[Any]] = {item: [] for item in items}
    for item in items:
        needs = {other for other in before(item) if other in members and other is not item}
        waiting[item] = len(needs)
        for other in needs:
            after[other].append(item)
    heap = [(priority(item), index, item) for index, item in enumerate(items) if not waiting[item]]
    heapq.heapify(heap)
    position = {item: index for index, item in enumerate(items)}
    out = []
    while heap:
        _, _, item = heapq.heappop(heap)
        out.append(item)
        for other in after[item]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(heap, (priority(other), position[other], other))
    if len(out) != len(items):
        stuck = [str(getattr(item, "name", item)) for item in items if waiting[item]][:5]
        raise ValueError(f"the graph has a cycle through {stuck}; operations cannot depend on themselves.")
    return out
