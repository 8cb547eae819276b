"""`QueueRunnerDef`: a queue runner as a protocol buffer, as meta graphs hold it."""

from functools import cache
from typing import Any

from onevar.errors import FrameworkMissing
from onevar.v1.export import export_lazily

_OPTIONAL, _REPEATED, _INT32, _STRING = 1, 3, 5, 9
_FIELDS = (
    ("queue_name", 1, _STRING, _OPTIONAL),
    ("enqueue_op_name", 2, _STRING, _REPEATED),
    ("close_op_name", 3, _STRING, _OPTIONAL),
    ("cancel_op_name", 4, _STRING, _OPTIONAL),
    # Error codes: on the wire an enum is a number.
    ("queue_closed_exception_types", 5, _INT32, _REPEATED),
)


@cache
def queue_runner_def() -> Any:
    """Return the class of the message, which is made at run time: the tensorboard package does not have it.

    Raises:
        FrameworkMissing: The protobuf package is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as error:
        raise FrameworkMissing(
            f'QueueRunnerDef needs the protobuf package, which is not installed ({error}). `pip install "onevar'
            '[migrate]"` brings it.'
        ) from error
    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow/core/protobuf/queue_runner.proto", package="tensorflow", syntax="proto3"
    )
    message = file.message_type.add(name="QueueRunnerDef")
    for name, number, kind, label in _FIELDS:
        message.field.add(name=name, number=number, type=kind, label=label)
    # In a pool of its own: TensorFlow's may be loaded in the same process.
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.QueueRunnerDef"))


def __getattr__(name: str) -> Any:
    if name == "QueueRunnerDef":
        return queue_runner_def()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


export_lazily("train.QueueRunnerDef", "queue_runner_def", "QueueRunnerDef")
export_lazily("core.protobuf.queue_runner_pb2.QueueRunnerDef", "queue_runner_def", "QueueRunnerDef")
