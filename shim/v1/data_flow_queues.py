"""Queues: `tf.queue.*`."""

import hashlib
from typing import Any

from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType, int64
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape, unknown_shape
from onevar.v1.common import shape_of
from onevar.v1.data_flow_arguments import as_list, as_name_list, as_shape_list, as_type_list, common_shape
from onevar.v1.export import export, exported
from onevar.v1.random_seed import get_seed


@export("queue.QueueBase", "io.QueueBase", "QueueBase")
class QueueBase:
    """What all queues have in common; see `tf.queue.QueueBase`.

    Args:
        dtypes: Of the components of an element.
        shapes: Of the components, or None.
        names: Of the components, or None: with names elements are dictionaries.
        queue_ref: The output of the operation that stands for the queue.

    Raises:
        ValueError: There are not as many shapes or names as dtypes.
    """

    def __init__(self, dtypes: list[DType], shapes: Any, names: Any, queue_ref: Any):
        self._dtypes = dtypes
        if shapes is not None and len(shapes) != len(dtypes):
            raise ValueError(
                "Queue shapes must have the same length as dtypes, received "
                f"len(shapes)={len(shapes)}, len(dtypes)={len(dtypes)}"
            )
        self._shapes = [TensorShape(s) for s in shapes] if shapes is not None else [unknown_shape() for _ in dtypes]
        if names is not None and len(names) != len(dtypes):
            raise ValueError(
                f"Queue names must have the same length as dtypes,received len(names)={len(names)},len {len(dtypes)}"
            )
        self._names = names
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.split("/")[-1] if isinstance(queue_ref, Tensor) else "Empty"

    @staticmethod
    def from_list(index: Any, queues: Any) -> "QueueBase":
        """Return a queue that is the one of `queues` at `index`, a tensor.

        Args:
            index: A scalar of integers.
            queues: A list of queues of the same dtypes and names.

        Raises:
            TypeError: They are not.
        """
        if not queues or not isinstance(queues, list) or not all(isinstance(x, QueueBase) for x in queues):
            raise TypeError("A list of queues expected")
        dtypes, names = queues[0].dtypes, queues[0].names
        if not all(dtypes == q.dtypes for q in queues[1:]):
            raise TypeError("Queues do not have matching component dtypes.")
        if not all(names == q.names for q in queues[1:]):
            raise TypeError("Queues do not have matching component names.")
        shapes = [common_shape(parts) for parts in zip(*[q.shapes for q in queues], strict=True)]
        chosen = exported("gather")(exported("stack")([x.queue_ref for x in queues]), index)
        return QueueBase(dtypes=dtypes, shapes=shapes, names=names, queue_ref=chosen)

    @property
    def queue_ref(self) -> Any:
        """The output of the operation that stands for the queue."""
        return self._queue_ref

    @property
    def name(self) -> str:
        """The name of the operation that stands for the queue."""
        return self._queue_ref.op.name if isinstance(self._queue_ref, Tensor) else self._name

    @property
    def dtypes(self) -> list[DType]:
        """The dtypes of the components."""
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        """The shapes of the components."""
        return self._shapes

    @property
    def names(self) -> Any:
        """The names of the components, or None."""
        return self._names

    def _check_enqueue_dtypes(self, vals: Any) -> list[Any]:
        """Return the tensors to enqueue.

        Raises:
            ValueError: A dictionary is wanted, or is not, or has other keys.
        """
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names, key=str) != sorted(vals.keys(), key=str):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  "
                    f"Dictionary: {sorted(vals.keys())},Queue: {sorted(self._names)}"
                )
            vals = [vals[name] for name in self._names]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        pairs = zip(as_list(vals), self._dtypes, strict=False)
        return [convert_to_tensor(v, dtype=t, name=f"component_{i}") for i, (v, t) in enumerate(pairs)]

    def enqueue(self, vals: Any, name: str | None = None) -> Any:
        """Return an operation that puts one element in, and waits while the queue is full.

        Args:
            vals: A tensor, a list or tuple of them, or a dictionary.
            name: Of the operation.

        Raises:
            ValueError: A tensor does not have the shape of the component.
        """
        with name_scope(name, f"{self._name}_enqueue", as_list(vals)) as scope:
            tensors = self._check_enqueue_dtypes(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                shape_of(tensor).assert_is_compatible_with(shape)
            return op(f"QueueEnqueue{self._version}", handle=self._queue_ref, components=tensors, name=scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Any:
        """Return an operation that puts rows in, one after the other, and waits while the queue is full.

        Args:
            vals: A tensor, a list or tuple of them, or a dictionary: of one more dimension than the components.
            name: Of the operation.

        Raises:
            ValueError: A tensor does not have the shape of the component, or another number of rows.
        """
        with name_scope(name, f"{self._name}_EnqueueMany", as_list(vals)) as scope:
            tensors = self._check_enqueue_dtypes(vals)
            rows = shape_of(tensors[0]).with_rank_at_least(1)[0]
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                found = shape_of(tensor)
                rows = rows.merge_with(found.with_rank_at_least(1)[0])
                found[1:].assert_is_compatible_with(shape)
            return op(f"QueueEnqueueMany{self._version}", handle=self._queue_ref, components=tensors, name=scope)

    @property
    def _version(self) -> str:
        """What the types of operations end in."""
        ref = self._queue_ref
        return "" if isinstance(ref, Tensor) and ref.dtype._is_ref_dtype else "V2"

    def _dequeue_return_value(self, tensors: list[Any]) -> Any:
        """Return dequeued tensors as the program gave them: a dictionary, a tensor, a list."""
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    def _dequeued(self, kind: str, name: str | None, batch: TensorShape | None, **inputs: Any) -> Any:
        """Make the operation; `batch` is what comes before a component's shape, None for the number asked for."""
        made = op(
            f"Queue{kind}{self._version}", handle=self._queue_ref, component_types=self._dtypes,
            name=name or f"{self._name}_{kind}", **inputs,
        )  # fmt: skip
        tensors = as_list(made)
        if not executing_eagerly():
            if batch is None:
                known = constant_value(tensors[0].op.inputs[1])
                batch = TensorShape([None if known is None else int(known)])
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                tensor.set_shape(batch.concatenate(shape))
        return self._dequeue_return_value(tensors)

    def dequeue(self, name: str | None = None) -> Any:
        """Return the components of an element that is taken out; waits while the queue is empty.

        Args:
            name: Of the operation.
        """
        return self._dequeued("Dequeue", name, TensorShape([]))

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Return `n` elements that are taken out, as tensors of one more dimension; waits until there are enough.

        Args:
            n: How many, a scalar.
            name: Of the operation.
        """
        return self._dequeued("DequeueMany", name, None, n=n)

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """As `dequeue_many`, with fewer elements once the queue is closed, as long as there are any.

        Args:
            n: How many, a scalar.
            name: Of the operation.
        """
        return self._dequeued("DequeueUpTo", name, TensorShape([None]), n=n)

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Any:
        """Return an operation that lets nothing more in.

        Args:
            cancel_pending_enqueues: Whether operations that wait to put something in fail.
            name: Of the operation.
        """
        return op(
            f"QueueClose{self._version}", handle=self._queue_ref, cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_Close",
        )  # fmt: skip

    def is_closed(self, name: str | None = None) -> Any:
        """Return whether the queue is closed.

        Args:
            name: Of the operation.
        """
        name = name or f"{self._name}_Is_Closed"
        return op(f"QueueIsClosed{self._version}", handle=self._queue_ref, name=name)

    def size(self, name: str | None = None) -> Any:
        """Return how many elements there are.

        Args:
            name: Of the operation.
        """
        return op(f"QueueSize{self._version}", handle=self._queue_ref, name=name or f"{self._name}_Size")


def _made(kind: str, name: str, shapes: Any, shared_name: str | None, **attrs: Any) -> Any:
    return op(kind, shapes=shapes or [], shared_name=shared_name or "", name=name, **attrs)


@export("queue.RandomShuffleQueue", "RandomShuffleQueue", "io.RandomShuffleQueue")
class RandomShuffleQueue(QueueBase):
    """A queue that hands out elements in random order; see `tf.queue.RandomShuffleQueue`.

    Args:
        capacity: How many elements it holds.
        min_after_dequeue: How many stay in it until it is closed.
        dtypes: Of the components.
        shapes: Of the components, fully known, or None.
        names: Of the components, or None.
        seed: Of the order.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operation.
    """

    def __init__(
        self, capacity: int, min_after_dequeue: int, dtypes: Any, shapes: Any = None, names: Any = None,
        seed: int | None = None, shared_name: str | None = None, name: str = "random_shuffle_queue",
    ):  # fmt: skip
        dtypes = as_type_list(dtypes)
        shapes = as_shape_list(shapes)
        names = as_name_list(names, dtypes)
        first, second = get_seed(seed)
        if first is None and second is None:
            first, second = 0, 0
        elif seed is None and shared_name is not None:
            # With a shared name the order does not depend on how many operations there were before.
            text = f"{first}{shared_name}".encode()
            second = int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF
        ref = _made(
            "RandomShuffleQueueV2", name, shapes, shared_name, component_types=dtypes, capacity=capacity,
            min_after_dequeue=min_after_dequeue, seed=first, seed2=second,
        )  # fmt: skip
        super().__init__(dtypes, shapes, names, ref)


@export("queue.FIFOQueue", "FIFOQueue")
class FIFOQueue(QueueBase):
    """A queue, first in, first out; see `tf.queue.FIFOQueue`.

    Args:
        capacity: How many elements it holds.
        dtypes: Of the components.
        shapes: Of the components, fully known, or None.
        names: Of the components, or None.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operation.
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
        name: str = "fifo_queue",
    ):  # fmt: skip
        dtypes = as_type_list(dtypes)
        shapes = as_shape_list(shapes)
        names = as_name_list(names, dtypes)
        ref = _made("FIFOQueueV2", name, shapes, shared_name, component_types=dtypes, capacity=capacity)
        super().__init__(dtypes, shapes, names, ref)


@export("queue.PaddingFIFOQueue", "PaddingFIFOQueue", "io.PaddingFIFOQueue")
class PaddingFIFOQueue(QueueBase):
    """A queue whose elements may differ in shape; batches are padded; see `tf.queue.PaddingFIFOQueue`.

    Args:
        capacity: How many elements it holds.
        dtypes: Of the components.
        shapes: Of the components; dimensions may be unknown.
        names: Of the components, or None.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operation.

    Raises:
        ValueError: There are not as many shapes as dtypes.
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any, names: Any = None, shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ):  # fmt: skip
        dtypes = as_type_list(dtypes)
        shapes = as_shape_list(shapes, unknown_dim_allowed=True) or []
        names = as_name_list(names, dtypes)
        if len(dtypes) != len(shapes):
            raise ValueError(
                f"Shapes must be provided for all components, but received {len(dtypes)} dtypes and "
                f"{len(shapes)} shapes."
            )
        ref = _made("PaddingFIFOQueueV2", name, shapes, shared_name, component_types=dtypes, capacity=capacity)
        super().__init__(dtypes, shapes, names, ref)


@export("queue.PriorityQueue", "PriorityQueue", "io.PriorityQueue")
class PriorityQueue(QueueBase):
    """A queue that hands out the smallest first: its first component is an int64; see `tf.queue.PriorityQueue`.

    Args:
        capacity: How many elements it holds.
        types: The dtypes of the other components.
        shapes: Of the other components, fully known, or None.
        names: Of the components, or None.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operation.
    """

    def __init__(
        self, capacity: int, types: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
        name: str = "priority_queue",
    ):  # fmt: skip
        dtypes = as_type_list(types)
        shapes = as_shape_list(shapes)
        ref = _made("PriorityQueueV2", name, shapes, shared_name, component_types=dtypes, capacity=capacity)
        own = [TensorShape([]), *shapes] if shapes else shapes
        super().__init__([int64, *dtypes], own, names, ref)
