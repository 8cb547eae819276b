"""Queues that hand out rows of a tensor: `tf.train.string_input_producer` and the like."""

from collections.abc import Iterable, Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.constant import constant
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Tensor
from onevar.v1.common import shape_of
from onevar.v1.data_flow_queues import FIFOQueue, QueueBase
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.queue_runners import QueueRunner, add_queue_runner
from onevar.v1.sparse_types import SparseTensor

NOT_EAGERLY = (
    "Input pipelines based on Queues are not supported when eager execution is enabled. Please use tf.data to ingest "
    "data into your model instead."
)


@export("io.match_filenames_once", "train.match_filenames_once")
def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """Return a local variable that holds the names of the files that match.

    Args:
        pattern: A pattern as the shell's, or several.
        name: Of the variable.
    """
    with name_scope(name, "matching_filenames", [pattern]) as scope:
        return exported("Variable")(
            name=scope, initial_value=exported("io.matching_files")(pattern), trainable=False, validate_shape=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
        )  # fmt: skip


@export("train.limit_epochs")
def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Any:
    """Return what is `tensor` for `num_epochs` runs, and then raises OutOfRangeError.

    Args:
        tensor: Any tensor.
        num_epochs: How often; None for always.
        name: Of the operations.

    Raises:
        ValueError: `num_epochs` is not positive.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name, "limit_epochs", [tensor]) as scope:
        zero = constant(0, dtype=dtypes.int64)
        collections = [GraphKeys.LOCAL_VARIABLES]
        epochs = exported("Variable")(zero, name="epochs", trainable=False, collections=collections)
        with control_dependencies([epochs.count_up_to(num_epochs)]):
            return exported("identity")(tensor, name=scope)


@export("train.input_producer")
def input_producer(
    input_tensor: Any, element_shape: Any = None, num_epochs: int | None = None, shuffle: bool = True,
    seed: int | None = None, capacity: int = 32, shared_name: str | None = None, summary_name: str | None = None,
    name: str | None = None, cancel_op: Any = None,
) -> QueueBase:  # fmt: skip
    """Return a queue that queue runners fill with the rows of a tensor, again and again.

    Args:
        input_tensor: Whose rows.
        element_shape: The shape of a row.
        num_epochs: How often; None for always.
        shuffle: Whether the rows are shuffled each time.
        seed: Of the shuffling.
        capacity: How many rows the queue holds.
        shared_name: Queues of one name are the same in a Session.
        summary_name: Of a summary that says how full the queue is.
        name: Of the queue.
        cancel_op: Cancels the queue.

    Raises:
        RuntimeError: Calls compute at once.
        ValueError: The shape of a row is not known.
    """
    if executing_eagerly():
        raise RuntimeError(NOT_EAGERLY)
    with name_scope(name, "input_producer", [input_tensor]):
        input_tensor = convert_to_tensor(input_tensor, name="input_tensor")
        element_shape = shape_of(input_tensor)[1:].merge_with(element_shape)
        if not element_shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified"
            )
        if shuffle:
            input_tensor = exported("random.shuffle")(input_tensor, seed=seed)
        input_tensor = limit_epochs(input_tensor, num_epochs)
        queue = FIFOQueue(
            capacity=capacity, dtypes=[input_tensor.dtype.base_dtype], shapes=[element_shape], shared_name=shared_name,
            name=name,  # type: ignore[arg-type]
        )  # fmt: skip
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([input_tensor])], cancel_op=cancel_op))
        if summary_name is not None:
            summarize_fullness(summary_name, queue.size(), capacity)
        return queue


def summarize_fullness(summary_name: str, size: Any, capacity: int) -> None:
    """Make a summary of how full a queue is.

    Args:
        summary_name: Of the summary.
        size: How many elements are in the queue.
        capacity: How many could be.
    """
    exported("summary.scalar")(summary_name, exported("cast")(size, dtypes.float32) * (1.0 / capacity))


@export("train.string_input_producer")
def string_input_producer(
    string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: str | None = None, name: str | None = None, cancel_op: Any = None,
) -> QueueBase:  # fmt: skip
    """Return a queue that queue runners fill with strings, names of files for example.

    Args:
        string_tensor: The strings.
        num_epochs: How often; None for always.
        shuffle: Whether they are shuffled each time.
        seed: Of the shuffling.
        capacity: How many the queue holds.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operations.
        cancel_op: Cancels the queue.

    Raises:
        ValueError: There are no strings.
    """
    nothing = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not _any(string_tensor):
        raise ValueError(nothing)
    with name_scope(name, "input_producer", [string_tensor]) as scope:
        strings = convert_to_tensor(string_tensor, dtype=dtypes.string)
        some = exported("greater")(exported("size")(strings), 0)
        with control_dependencies([exported("Assert")(some, [nothing])]):
            strings = exported("identity")(strings)
        return input_producer(
            input_tensor=strings, element_shape=[], num_epochs=num_epochs, shuffle=shuffle, seed=seed,
            capacity=capacity, shared_name=shared_name, name=scope, summary_name=f"fraction_of_{capacity}_full",
            cancel_op=cancel_op,
        )  # fmt: skip


def _any(strings: Any) -> bool:
    # Tensors have a `__len__` that raises; variables have none.
    return True if hasattr(strings, "_as_graph_element") else hasattr(strings, "__len__") and bool(len(strings))


@export("train.range_input_producer")
def range_input_producer(
    limit: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
    shared_name: str | None = None, name: str | None = None,
) -> QueueBase:  # fmt: skip
    """Return a queue that queue runners fill with the integers below `limit`.

    Args:
        limit: A scalar.
        num_epochs: How often; None for always.
        shuffle: Whether they are shuffled each time.
        seed: Of the shuffling.
        capacity: How many the queue holds.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operations.
    """
    with name_scope(name, "input_producer", [limit]) as scope:
        numbers = exported("range")(limit)
        return input_producer(
            numbers, [], num_epochs, shuffle, seed, capacity, shared_name, f"fraction_of_{capacity}_full", scope
        )


def as_tensors(values: Sequence[Any]) -> list[Any]:
    """Return tensors for values; what is sparse stays so.

    Args:
        values: Any.

    Raises:
        TypeError: They are no sequence.
    """
    if not isinstance(values, Iterable):
        raise TypeError("values must be iterable.")
    return [value if isinstance(value, SparseTensor | IndexedSlices) else convert_to_tensor(value) for value in values]


@export("train.slice_input_producer")
def slice_input_producer(
    tensor_list: Sequence[Any], num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: str | None = None, name: str | None = None,
) -> list[Any]:  # fmt: skip
    """Return one row of each tensor, the same of all; queue runners choose them.

    Args:
        tensor_list: Tensors of as many rows.
        num_epochs: How often each row; None for always.
        shuffle: Whether the rows are shuffled each time.
        seed: Of the shuffling.
        capacity: How many rows are chosen ahead.
        shared_name: Queues of one name are the same in a Session.
        name: Of the operations.

    Raises:
        ValueError: There is no tensor.
    """
    with name_scope(name, "input_producer", list(tensor_list)):
        tensors = as_tensors(tensor_list)
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = exported("shape")(tensors[0])[0]
        queue = range_input_producer(
            rows, num_epochs=num_epochs, shuffle=shuffle, seed=seed, capacity=capacity, shared_name=shared_name
        )
        index = queue.dequeue()
        return [exported("gather")(tensor, index) for tensor in tensors]
