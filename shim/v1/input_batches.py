"""Batches out of queues: `tf.train.batch`, `tf.train.shuffle_batch` and the like."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import as_shape
from onevar.v1.data_flow_queues import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from onevar.v1.export import export, exported
from onevar.v1.grouping_ops import no_op
from onevar.v1.input_producers import NOT_EAGERLY, as_tensors, summarize_fullness
from onevar.v1.input_sparse import restore, store, store_several
from onevar.v1.internal_conditions import smart_cond
from onevar.v1.queue_runners import QueueRunner, add_queue_runner

# -- what the functions are given -----------------------------------------------------------------------


def as_tensor_list(tensors: Any) -> Any:
    """Return tensors as a list.

    Args:
        tensors: A list, or a dictionary.
    """
    return [tensors[key] for key in sorted(tensors, key=str)] if isinstance(tensors, dict) else tensors


def _as_tensor_lists(tensors_list: Any) -> list[Any]:
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    if not isinstance(tensors_list[0], dict):
        return tensors_list
    if any(set(tensors) != set(tensors_list[0]) for tensors in tensors_list[1:]):
        raise ValueError("All dictionaries in tensors_list must have the same keys")
    return [as_tensor_list(tensors) for tensors in tensors_list]


def as_original(original: Any, tensors: Any) -> Any:
    """Return tensors as a dictionary if they were one.

    Args:
        original: What they were.
        tensors: What they are.
    """
    if not isinstance(original, dict):
        return tensors
    several = [tensors] if len(original) == 1 else tensors
    return {key: several[i] for i, key in enumerate(sorted(original, key=str))}


def checked_keep_input(keep_input: Any, enqueue_many: bool) -> Any:
    """Return what says which examples count, as a tensor.

    Args:
        keep_input: A bool, or several.
        enqueue_many: Whether there may be several.

    Raises:
        ValueError: There may not, or their number of dimensions is not known.
    """
    keep_input = convert_to_tensor(keep_input)
    rank = keep_input.shape.ndims
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and rank == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep_input


def common_dtypes(lists: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the dtypes that all sources have.

    Args:
        lists: The tensors of each.

    Raises:
        TypeError: They differ.
    """
    every = [[tensor.dtype for tensor in tensors] for tensors in lists]
    for other in every[1:]:
        if other != every[0]:
            names = [", ".join(dtype.name for dtype in types) for types in (every[0], other)]
            raise TypeError(f"Expected types to be consistent: {names[0]} vs. {names[1]}.")
    return [dtype.base_dtype for dtype in every[0]]


def common_shapes(lists: Sequence[Sequence[Any]], shapes: Any, enqueue_many: bool) -> Any:
    """Return the shapes of the elements.

    Args:
        lists: The tensors of each source.
        shapes: What the program says, or None.
        enqueue_many: Whether the rows are the elements.

    Raises:
        ValueError: A number of dimensions is not known, or sources differ.
    """
    if shapes is not None:
        return shapes
    for tensors in lists:
        for tensor in tensors[: len(lists[0])]:
            if tensor.shape.ndims is None:
                raise ValueError(f"Cannot infer Tensor's rank: {tensor}")
    columns = zip(*lists, strict=True)
    return [_merged([as_shape(tensor.shape) for tensor in column], enqueue_many) for column in columns]


def _merged(shapes: list[Any], enqueue_many: bool) -> Any:
    if enqueue_many:
        shapes = [shape.with_rank_at_least(1)[1:] for shape in shapes]
    # The others only have to be compatible.
    for shape in shapes[1:]:
        shapes[0].merge_with(shape)
    return shapes[0].as_list()


# -- how they are put in --------------------------------------------------------------------------------


def _enqueuing(queue: QueueBase, tensors: Sequence[Any], enqueue_many: bool, keep_input: Any) -> Any:
    """Return the operation that puts in what counts of `tensors`."""
    enqueue = queue.enqueue_many if enqueue_many else queue.enqueue
    if keep_input.shape.ndims == 1:
        chosen = exported("cast")(keep_input, dtypes.int32)
        partition = exported("dynamic_partition")
        return enqueue([partition(x, chosen, num_partitions=2)[1] for x in tensors])
    return smart_cond(keep_input, lambda: enqueue(tensors), no_op)


def _from_one(
    tensors: Any, keep_input: Any, num_threads: int, enqueue_many: bool, shapes: Any,
    queue_of: Callable[[list[Any], Any], QueueBase],
) -> tuple[QueueBase, list[Any]]:  # fmt: skip
    """Make a queue and what fills it from one source."""
    tensors = as_tensors(tensors)
    if not tensors:
        raise ValueError("Expected at least one tensor in batch().")
    keep_input = checked_keep_input(keep_input, enqueue_many)
    tensors, infos = store(tensors, enqueue_many, keep_input)
    queue = queue_of(common_dtypes([tensors]), common_shapes([tensors], shapes, enqueue_many))
    operation = _enqueuing(queue, tensors, enqueue_many, keep_input)
    add_queue_runner(QueueRunner(queue, [operation] * num_threads))
    return queue, infos


def _from_several(
    lists: Sequence[Any], keep_input: Any, enqueue_many: bool, shapes: Any,
    queue_of: Callable[[list[Any], Any], QueueBase],
) -> tuple[QueueBase, list[Any]]:  # fmt: skip
    """Make a queue and what fills it from several sources, a thread for each."""
    lists = [as_tensors(tensors) for tensors in lists]
    if not lists:
        raise ValueError("Expected at least one input in batch_join().")
    keep_input = checked_keep_input(keep_input, enqueue_many)
    stored, infos = store_several(lists, enqueue_many, keep_input)
    queue = queue_of(common_dtypes(stored), common_shapes(stored, shapes, enqueue_many))
    add_queue_runner(QueueRunner(queue, [_enqueuing(queue, x, enqueue_many, keep_input) for x in stored]))
    return queue, infos


def _taken(queue: QueueBase, batch_size: Any, smaller: bool, infos: list[Any], name: str) -> Any:
    dequeued = queue.dequeue_up_to(batch_size, name=name) if smaller else queue.dequeue_many(batch_size, name=name)
    return restore(dequeued, infos)


# -- in order -------------------------------------------------------------------------------------------


def queue_maker(
    dynamic_pad: bool, capacity: int, shared_name: str | None, name: str | None = None
) -> Callable[[list[Any], Any], QueueBase]:
    """Return what makes a queue, given dtypes and shapes.

    Args:
        dynamic_pad: Whether elements may differ in shape.
        capacity: How many elements it holds.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operation.
    """
    kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
    named = {} if name is None else {"name": name}
    return lambda types, shapes: kind(capacity=capacity, dtypes=types, shapes=shapes, shared_name=shared_name, **named)  # type: ignore[arg-type]


def _need_graph() -> None:
    if executing_eagerly():
        raise ValueError(NOT_EAGERLY)


@export("train.batch")
def batch(
    tensors: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False,
    shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return batches of what threads put into a queue; see `tf.train.batch`.

    Args:
        tensors: A list or dictionary of tensors: one element, or with `enqueue_many` several.
        batch_size: How many elements.
        num_threads: How many threads fill the queue.
        capacity: How many elements it holds.
        enqueue_many: Whether the rows of the tensors are the elements.
        shapes: Of an element's tensors; None: those of `tensors`.
        dynamic_pad: Whether elements may differ in shape, and are padded.
        allow_smaller_final_batch: Whether there may be fewer at the end.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operations.
    """
    return maybe_batch(
        tensors, True, batch_size, num_threads, capacity, enqueue_many, shapes, dynamic_pad, allow_smaller_final_batch,
        shared_name, name,
    )  # fmt: skip


@export("train.maybe_batch")
def maybe_batch(
    tensors: Any, keep_input: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32,
    enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """As `batch`, of what counts.

    Args:
        tensors: As for `batch`.
        keep_input: Whether the element counts: a scalar, or with `enqueue_many` a vector.
        batch_size: As for `batch`.
        num_threads: As for `batch`.
        capacity: As for `batch`.
        enqueue_many: As for `batch`.
        shapes: As for `batch`.
        dynamic_pad: As for `batch`.
        allow_smaller_final_batch: As for `batch`.
        shared_name: As for `batch`.
        name: As for `batch`.

    Raises:
        ValueError: Calls compute at once, or shapes are not known.
    """
    _need_graph()
    listed = as_tensor_list(tensors)
    with name_scope(name, "batch", [*listed, keep_input]) as scope:
        queue_of = queue_maker(dynamic_pad, capacity, shared_name)
        queue, infos = _from_one(listed, keep_input, num_threads, enqueue_many, shapes, queue_of)
        summarize_fullness(f"fraction_of_{capacity}_full", queue.size(), capacity)
        return as_original(tensors, _taken(queue, batch_size, allow_smaller_final_batch, infos, scope))


@export("train.batch_join")
def batch_join(
    tensors_list: Any, batch_size: Any, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None,
    dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """As `batch`, from several sources, a thread for each.

    Args:
        tensors_list: The tensors of each source.
        batch_size: As for `batch`.
        capacity: As for `batch`.
        enqueue_many: As for `batch`.
        shapes: As for `batch`.
        dynamic_pad: As for `batch`.
        allow_smaller_final_batch: As for `batch`.
        shared_name: As for `batch`.
        name: As for `batch`.
    """
    return maybe_batch_join(
        tensors_list, True, batch_size, capacity, enqueue_many, shapes, dynamic_pad, allow_smaller_final_batch,
        shared_name, name,
    )  # fmt: skip


@export("train.maybe_batch_join")
def maybe_batch_join(
    tensors_list: Any, keep_input: Any, batch_size: Any, capacity: int = 32, enqueue_many: bool = False,
    shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """As `batch_join`, of what counts.

    Args:
        tensors_list: As for `batch_join`.
        keep_input: Whether the element counts: a scalar, or with `enqueue_many` a vector.
        batch_size: As for `batch`.
        capacity: As for `batch`.
        enqueue_many: As for `batch`.
        shapes: As for `batch`.
        dynamic_pad: As for `batch`.
        allow_smaller_final_batch: As for `batch`.
        shared_name: As for `batch`.
        name: As for `batch`.

    Raises:
        ValueError: Calls compute at once, or shapes are not known.
    """
    _need_graph()
    lists = _as_tensor_lists(tensors_list)
    with name_scope(name, "batch_join", [*(x for tensors in lists for x in tensors), keep_input]) as scope:
        queue_of = queue_maker(dynamic_pad, capacity, shared_name)
        queue, infos = _from_several(lists, keep_input, enqueue_many, shapes, queue_of)
        summarize_fullness(f"fraction_of_{capacity}_full", queue.size(), capacity)
        return as_original(tensors_list[0], _taken(queue, batch_size, allow_smaller_final_batch, infos, scope))


# -- shuffled -------------------------------------------------------------------------------------------


def _shuffled(
    capacity: int, min_after_dequeue: int, seed: int | None, shared_name: str | None
) -> Callable[[list[Any], Any], QueueBase]:
    return lambda types, shapes: RandomShuffleQueue(
        capacity=capacity, min_after_dequeue=min_after_dequeue, seed=seed, dtypes=types, shapes=shapes,
        shared_name=shared_name,
    )  # fmt: skip


def _summarize_excess(queue: QueueBase, capacity: int, min_after_dequeue: int) -> None:
    room = capacity - min_after_dequeue
    excess = exported("maximum")(0, queue.size() - min_after_dequeue)
    summarize = exported("summary.scalar")
    full = exported("cast")(excess, dtypes.float32) * (1.0 / room)
    summarize(f"fraction_over_{min_after_dequeue}_of_{room}_full", full)


@export("train.shuffle_batch")
def shuffle_batch(
    tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, num_threads: int = 1,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """As `batch`, in random order.

    Args:
        tensors: As for `batch`.
        batch_size: As for `batch`.
        capacity: As for `batch`.
        min_after_dequeue: How many elements stay in the queue, to choose among.
        num_threads: As for `batch`.
        seed: Of the order.
        enqueue_many: As for `batch`.
        shapes: As for `batch`.
        allow_smaller_final_batch: As for `batch`.
        shared_name: As for `batch`.
        name: As for `batch`.
    """
    return maybe_shuffle_batch(
        tensors, batch_size, capacity, min_after_dequeue, True, num_threads, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


@export("train.maybe_shuffle_batch")
def maybe_shuffle_batch(
    tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any, num_threads: int = 1,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """As `shuffle_batch`, of what counts.

    Args:
        tensors: As for `batch`.
        batch_size: As for `batch`.
        capacity: As for `batch`.
        min_after_dequeue: As for `shuffle_batch`.
        keep_input: Whether the element counts: a scalar, or with `enqueue_many` a vector.
        num_threads: As for `batch`.
        seed: Of the order.
        enqueue_many: As for `batch`.
        shapes: As for `batch`.
        allow_smaller_final_batch: As for `batch`.
        shared_name: As for `batch`.
        name: As for `batch`.

    Raises:
        ValueError: Calls compute at once, shapes are not known, or the queue is too small.
    """
    _need_graph()
    listed = as_tensor_list(tensors)
    with name_scope(name, "shuffle_batch", [*listed, keep_input]) as scope:
        if capacity <= min_after_dequeue:
            raise ValueError(f"capacity {capacity} must be bigger than min_after_dequeue {min_after_dequeue}.")
        queue_of = _shuffled(capacity, min_after_dequeue, seed, shared_name)
        queue, infos = _from_one(listed, keep_input, num_threads, enqueue_many, shapes, queue_of)
        _summarize_excess(queue, capacity, min_after_dequeue)
        return as_original(tensors, _taken(queue, batch_size, allow_smaller_final_batch, infos, scope))


@export("train.shuffle_batch_join")
def shuffle_batch_join(
    tensors_list: Any, batch_size: Any, capacity: int, min_after_dequeue: int, seed: int | None = None,
    enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """As `shuffle_batch`, from several sources, a thread for each.

    Args:
        tensors_list: The tensors of each source.
        batch_size: As for `batch`.
        capacity: As for `batch`.
        min_after_dequeue: As for `shuffle_batch`.
        seed: Of the order.
        enqueue_many: As for `batch`.
        shapes: As for `batch`.
        allow_smaller_final_batch: As for `batch`.
        shared_name: As for `batch`.
        name: As for `batch`.
    """
    return maybe_shuffle_batch_join(
        tensors_list, batch_size, capacity, min_after_dequeue, True, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


@export("train.maybe_shuffle_batch_join")
def maybe_shuffle_batch_join(
    tensors_list: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """As `shuffle_batch_join`, of what counts.

    Args:
        tensors_list: As for `batch_join`.
        batch_size: As for `batch`.
        capacity: As for `batch`.
        min_after_dequeue: As for `shuffle_batch`.
        keep_input: Whether the element counts: a scalar, or with `enqueue_many` a vector.
        seed: Of the order.
        enqueue_many: As for `batch`.
        shapes: As for `batch`.
        allow_smaller_final_batch: As for `batch`.
        shared_name: As for `batch`.
        name: As for `batch`.

    Raises:
        ValueError: Calls compute at once, or shapes are not known.
    """
    _need_graph()
    lists = _as_tensor_lists(tensors_list)
    with name_scope(name, "shuffle_batch_join", [*(x for tensors in lists for x in tensors), keep_input]) as scope:
        queue_of = _shuffled(capacity, min_after_dequeue, seed, shared_name)
        queue, infos = _from_several(lists, keep_input, enqueue_many, shapes, queue_of)
        _summarize_excess(queue, capacity, min_after_dequeue)
        return as_original(tensors_list[0], _taken(queue, batch_size, allow_smaller_final_batch, infos, scope))
