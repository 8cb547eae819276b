"""Queues: definitions over `core.queues`."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from onevar.core.checks import CURRENT
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.queue_kinds import PaddingQueue, PriorityQueue, ShuffleQueue
from onevar.core.queues import HostQueue, cpp_name, show
from onevar.core.resources import resource
from onevar.core.spec import Shape

_serial = count()


def _scalar(*_: Any) -> Shape:
    return ()


def _no_outputs(*_: Any) -> list[Shape]:
    return []


def _some_outputs(*_: Any, component_types: Sequence[str]) -> list[Shape]:
    return [None] * len(component_types)


def _found(kind: str, make: Callable[[], HostQueue], container: str, shared_name: str) -> HostQueue:
    """Return the queue of the running operation, a new one if there is none yet.

    Raises:
        InvalidArgumentError: Another operation made it, of other properties.
    """

    def made(name: str) -> HostQueue:
        queue = make()
        queue.name = name if shared_name else f"_{next(_serial)}_{name}"
        return queue

    queue = resource("queue", made, container=container, shared_name=shared_name)
    operation = CURRENT.operation
    if shared_name and operation not in queue.users:
        _check_shared(queue, make(), kind)
        queue.users.add(operation)
    return queue


def _check_shared(queue: HostQueue, wanted: HostQueue, kind: str) -> None:
    start = f"Shared queue '{queue.name}' has"
    if queue.kind != kind:
        raise InvalidArgumentError(None, None, f"Expected {queue.kind}, found {CURRENT.operation.type}")
    for what, of in _PROPERTIES.items():
        has, requested = of(queue), of(wanted)
        if has != requested:
            verb = "were" if what.endswith("s") else "was"
            raise InvalidArgumentError(None, None, f"{start} {what} {has} but requested {what} {verb} {requested}")


_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "capacity": lambda queue: queue.capacity,
    "component types": lambda queue: ", ".join(map(cpp_name, queue.dtypes)),
    "component shapes": lambda queue: "[" + ",".join(map(show, queue.shapes)) + "]",
    "min_after_dequeue": lambda queue: getattr(queue, "min_after_dequeue", 0),
    "random seeds": lambda queue: getattr(queue, "seeds", 0),
}


@kernel("FIFOQueue", "FIFOQueueV2", resource=True, infer=_scalar)
def fifo_queue(
    k: Any, *, component_types: list[str], shapes: list[Shape], capacity: int, container: str, shared_name: str
) -> HostQueue:
    """The Session's queue of this name, first in, first out."""
    make = partial(HostQueue, "", component_types, shapes, capacity)
    return _found("FIFOQueue", make, container, shared_name)


@kernel("PaddingFIFOQueue", "PaddingFIFOQueueV2", resource=True, infer=_scalar)
def padding_fifo_queue(
    k: Any, *, component_types: list[str], shapes: list[Shape], capacity: int, container: str, shared_name: str
) -> HostQueue:
    """The Session's queue of this name, whose elements differ in shape."""
    make = partial(PaddingQueue, "", component_types, shapes, capacity)
    return _found("PaddingFIFOQueue", make, container, shared_name)


@kernel("PriorityQueue", "PriorityQueueV2", resource=True, infer=_scalar)
def priority_queue(
    k: Any, *, component_types: list[str], shapes: list[Shape], capacity: int, container: str, shared_name: str
) -> HostQueue:
    """The Session's queue of this name, the smallest first."""
    make = partial(PriorityQueue, "", component_types, shapes, capacity)
    return _found("PriorityQueue", make, container, shared_name)


@kernel("RandomShuffleQueue", "RandomShuffleQueueV2", resource=True, infer=_scalar)
def random_shuffle_queue(
    k: Any, *, component_types: list[str], shapes: list[Shape], capacity: int, min_after_dequeue: int, seed: int,
    seed2: int, container: str, shared_name: str,
) -> HostQueue:  # fmt: skip
    """The Session's queue of this name, in random order."""
    make = partial(ShuffleQueue, "", component_types, shapes, capacity, min_after_dequeue, (seed, seed2))
    return _found("RandomShuffleQueue", make, container, shared_name)


@kernel("QueueEnqueue", "QueueEnqueueV2", resource=True, infer=_no_outputs)
def queue_enqueue(k: Any, handle: HostQueue, components: list[np.ndarray]) -> tuple:
    """Put one element in."""
    handle.enqueue(components)
    return ()


@kernel("QueueEnqueueMany", "QueueEnqueueManyV2", resource=True, infer=_no_outputs)
def queue_enqueue_many(k: Any, handle: HostQueue, components: list[np.ndarray]) -> tuple:
    """Put rows in."""
    handle.enqueue_many(components)
    return ()


@kernel("QueueDequeue", "QueueDequeueV2", resource=True, infer=_some_outputs)
def queue_dequeue(k: Any, handle: HostQueue, *, component_types: list[str]) -> list[np.ndarray]:
    """Take one element out."""
    _check_types(handle, component_types)
    return list(handle.dequeue())


@kernel("QueueDequeueMany", "QueueDequeueManyV2", resource=True, infer=_some_outputs)
def queue_dequeue_many(k: Any, handle: HostQueue, n: np.ndarray, *, component_types: list[str]) -> list[np.ndarray]:
    """Take elements out as one batch."""
    _check_types(handle, component_types)
    return handle.dequeue_many(_count(n, "DequeueManyOp"), small=False)


@kernel("QueueDequeueUpTo", "QueueDequeueUpToV2", resource=True, infer=_some_outputs)
def queue_dequeue_up_to(k: Any, handle: HostQueue, n: np.ndarray, *, component_types: list[str]) -> list[np.ndarray]:
    """Take elements out as one batch, which is smaller at the end."""
    _check_types(handle, component_types)
    return handle.dequeue_many(_count(n, "DequeueUpToOp"), small=True)


def _count(n: np.ndarray, what: str) -> int:
    count = int(n)
    if count < 0:
        raise InvalidArgumentError(None, None, f"{what} requested {count} < 0 elements")
    return count


def _check_types(queue: HostQueue, wanted: list[str]) -> None:
    if queue.dtypes != wanted:
        have, expected = (", ".join(map(cpp_name, names)) for names in (wanted, queue.dtypes))
        raise InvalidArgumentError(
            None, None, f"Signature mismatch, have: resource->{have} expected: resource->{expected}"
        )


@kernel("QueueClose", "QueueCloseV2", resource=True, infer=_no_outputs)
def queue_close(k: Any, handle: HostQueue, *, cancel_pending_enqueues: bool) -> tuple:
    """Let nothing more in."""
    handle.shut(cancel_pending_enqueues)
    return ()


@kernel("QueueIsClosed", "QueueIsClosedV2", resource=True, infer=_scalar)
def queue_is_closed(k: Any, handle: HostQueue) -> np.ndarray:
    """Whether it was closed."""
    return np.array(handle.closed)


@kernel("QueueSize", "QueueSizeV2", resource=True, infer=_scalar)
def queue_size(k: Any, handle: HostQueue) -> np.ndarray:
    """How many elements there are."""
    return np.array(len(handle), np.int32)
