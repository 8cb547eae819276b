"""Batches of examples of a kind: `tf.contrib.training.bucket`, `bucket_by_sequence_length`."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.constant import constant, constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.op_errors import CancelledError, OutOfRangeError
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.data_flow_arguments import as_list
from onevar.v1.data_flow_queues import PaddingFIFOQueue, QueueBase
from onevar.v1.export import export, exported
from onevar.v1.grouping_ops import group, no_op
from onevar.v1.input_batches import (
    as_original,
    as_tensor_list,
    checked_keep_input,
    common_dtypes,
    common_shapes,
    queue_maker,
)
from onevar.v1.input_producers import as_tensors
from onevar.v1.input_sparse import restore, store
from onevar.v1.internal_conditions import smart_cond
from onevar.v1.queue_runners import QueueRunner, add_queue_runner
from onevar.v1.refusals import export_refused

_CLOSED = (OutOfRangeError, CancelledError)


@export("contrib.training.bucket")
def bucket(
    tensors: Any, which_bucket: Any, batch_size: Any, num_buckets: int, num_threads: int = 1, capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None, shapes: Any = None, dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False, keep_input: Any = True, shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return batches whose examples belong to one bucket, and which one; see `tf.contrib.training.bucket`.

    Args:
        tensors: A list or dictionary of tensors: one example.
        which_bucket: Which bucket it belongs to.
        batch_size: How many examples; a list: for each bucket.
        num_buckets: How many buckets there are.
        num_threads: How many threads fill them.
        capacity: How many batches are kept ready, and how many examples a bucket holds.
        bucket_capacities: How many examples each bucket holds.
        shapes: Of an example's tensors; None: those of `tensors`.
        dynamic_pad: Whether examples may differ in shape, and are padded.
        allow_smaller_final_batch: Whether there may be fewer at the end.
        keep_input: Whether the example counts.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operations.

    Raises:
        ValueError: There are not as many sizes as buckets, or shapes are not known.
    """
    per_bucket = isinstance(batch_size, list | tuple)
    sizes = list(batch_size) if per_bucket else [batch_size] * num_buckets
    if len(sizes) != num_buckets:
        raise ValueError("If batch_size is a list it must have num_buckets elements")
    capacities = [capacity] * num_buckets if bucket_capacities is None else bucket_capacities
    if len(capacities) != num_buckets:
        raise ValueError(
            f"The list bucket_capacities ({capacities}) must have exactly num_buckets ({num_buckets}) elements."
        )
    listed = as_tensor_list(tensors)
    with name_scope(name, "bucket", list(listed)):
        converted = as_tensors(listed)
        if not converted:
            raise ValueError("Expected at least one tensor in bucket().")
        keep_input = checked_keep_input(keep_input, False)
        stored, infos = store(converted, False, keep_input)
        sizes = [_size(size) for size in sizes]
        types, shapes = common_dtypes([stored]), common_shapes([stored], shapes, False)
        which_bucket = convert_to_tensor(which_bucket, dtype=dtypes.int32, name="which_bucket")
        queues = [
            queue_maker(dynamic_pad, capacities[i], None if shared_name is None else f"{shared_name}_{i}",
                        name=f"bucket_queue_{i}")(types, shapes)
            for i in range(num_buckets)
        ]  # fmt: skip
        known = None if allow_smaller_final_batch or per_bucket or isinstance(sizes[-1], Tensor) else sizes[-1]
        top = PaddingFIFOQueue(
            capacity=capacity, dtypes=[dtypes.int32, *types],
            shapes=[TensorShape([]), *[TensorShape([known]).concatenate(s) for s in queues[0].shapes]],
            shared_name=shared_name, name="top_queue",
        )  # fmt: skip
        filling = smart_cond(keep_input, _filling(queues, which_bucket, stored), no_op)
        _add_runners(queues, top, sizes, [filling] * num_threads, allow_smaller_final_batch)
        _summarize(queues, top, capacity)
        which, *dequeued = top.dequeue(name="dequeue_top")
        restored = restore(dequeued[0] if len(dequeued) == 1 else dequeued, infos)
        return which, as_original(tensors, restored)


def _size(size: Any) -> Any:
    tensor = convert_to_tensor(size, dtype=dtypes.int32, name="batch_size")
    known = constant_value(tensor)
    return tensor if known is None else int(known)


def _filling(queues: Sequence[QueueBase], which: Any, tensors: Sequence[Any]) -> Callable[[], Any]:
    """Return what puts an example into its bucket."""

    def put_into(queue: QueueBase) -> Callable[[], Any]:
        return lambda: queue.enqueue(tensors)

    def fill() -> Any:
        cond, equal = exported("cond"), exported("equal")
        puts = [cond(equal(which, i), put_into(queue), no_op) for i, queue in enumerate(queues)]
        return group(*[put.op if isinstance(put, Tensor) else put for put in puts], name="group_enqueues")

    return fill


def _add_runners(
    queues: Sequence[QueueBase], top: QueueBase, sizes: Sequence[Any], filling: list[Any], smaller: bool
) -> None:
    moving = []
    for i, (queue, size) in enumerate(zip(queues, sizes, strict=True)):
        dequeue = queue.dequeue_up_to if smaller else queue.dequeue_many
        batch = as_list(dequeue(size, name=f"read_bucket_{i}"))
        moving.append(top.enqueue([constant(i), *batch], name=f"enqueue_from_bucket_{i}"))
    add_queue_runner(
        QueueRunner(
            queues[0], moving, close_op=top.close(), cancel_op=top.close(cancel_pending_enqueues=True),
            queue_closed_exception_types=_CLOSED,
        )
    )  # fmt: skip
    add_queue_runner(
        QueueRunner(
            top, filling, close_op=group(*[queue.close() for queue in queues]),
            cancel_op=group(*[queue.close(cancel_pending_enqueues=True) for queue in queues]),
            queue_closed_exception_types=_CLOSED,
        )
    )  # fmt: skip


def _summarize(queues: Sequence[QueueBase], top: QueueBase, capacity: int) -> None:
    scalar, cast = exported("summary.scalar"), exported("cast")
    for queue in queues:
        scalar(f"bucket/{queue.name}/size", cast(top.size(), dtypes.float32))
    full = cast(top.size(), dtypes.float32) * (1.0 / capacity)
    scalar(f"bucket/{top.name}/fraction_of_{capacity}_full", full)


@export("contrib.training.bucket_by_sequence_length")
def bucket_by_sequence_length(
    input_length: Any, tensors: Any, batch_size: Any, bucket_boundaries: Sequence[int], num_threads: int = 1,
    capacity: int = 32, bucket_capacities: Sequence[int] | None = None, shapes: Any = None, dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False, keep_input: Any = True, shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return batches of examples of about one length, and the lengths.

    Args:
        input_length: Of the example.
        tensors: As for `bucket`.
        batch_size: As for `bucket`.
        bucket_boundaries: Lengths where the next bucket begins, ascending.
        num_threads: As for `bucket`.
        capacity: As for `bucket`.
        bucket_capacities: As for `bucket`.
        shapes: As for `bucket`.
        dynamic_pad: As for `bucket`.
        allow_smaller_final_batch: As for `bucket`.
        keep_input: As for `bucket`.
        shared_name: As for `bucket`.
        name: As for `bucket`.

    Raises:
        TypeError: The boundaries are no list of integers.
        ValueError: They are not ascending, or there are none.
    """
    listed = list(as_tensor_list(tensors))
    _check_boundaries(bucket_boundaries)
    with name_scope(name, "bucket_by_sequence_length", [input_length, *listed]):
        length = convert_to_tensor(input_length, dtype=dtypes.int32, name="input_length")
        limits = np.iinfo(np.int32)
        least, most = [limits.min, *bucket_boundaries], [*bucket_boundaries, limits.max]
        inside = exported("logical_and")(exported("less_equal")(least, length), exported("less")(length, most))
        which = exported("cast")(exported("reduce_min")(exported("where_v2")(inside)), dtypes.int32)
        if shapes is not None:
            shapes = [TensorShape([]), *shapes]
        _, dequeued = bucket(
            tensors=[length, *listed], which_bucket=which, batch_size=batch_size,
            num_buckets=len(bucket_boundaries) + 1, num_threads=num_threads, capacity=capacity,
            bucket_capacities=bucket_capacities, shapes=shapes, dynamic_pad=dynamic_pad,
            allow_smaller_final_batch=allow_smaller_final_batch, keep_input=keep_input, shared_name=shared_name,
        )  # fmt: skip
        rest = dequeued[1:]
        single = isinstance(tensors, dict) and len(tensors) == 1
        return dequeued[0], as_original(tensors, rest[0] if single else rest)


def _check_boundaries(boundaries: Any) -> None:
    if not isinstance(boundaries, list | tuple):
        raise TypeError(f"bucket_boundaries must be a list or tuple, but received: {boundaries}")
    if not boundaries:
        raise ValueError("bucket_boundaries must not be empty")
    for start, end in itertools.pairwise(boundaries):
        if not isinstance(start, int) or not isinstance(end, int):
            raise TypeError(f"bucket boundaries must be integers, but saw: {start} and {end}")
        if start >= end:
            raise ValueError(f"Buckets must contain sequential increasing lengths, but saw: {start} before {end}")


export_refused(
    "Batches of sequences that keep their state between pieces are not offered: feed the state, or read the pieces "
    "with tf.data and keep it in variables.",
    "contrib.training.batch_sequences_with_states", "contrib.training.SequenceQueueingStateSaver",
    "contrib.training.NextQueuedSequenceBatch",
)  # fmt: skip
