"""Messages of TensorFlow that the tensorboard package has no classes for, made from their field numbers."""

from functools import cache
from typing import Any

from onevar.core.graph_def import proto_module

SAVED_MODEL = "SavedModel"
#: For each message its fields: name, number, type (a scalar, or another message's name), whether it is repeated.
_MESSAGES: dict[str, tuple[tuple[str, int, str, bool], ...]] = {
    SAVED_MODEL: (
        ("saved_model_schema_version", 1, "int64", False), ("meta_graphs", 2, ".tensorboard.MetaGraphDef", True),
    ),
    "ValuesDef": (("values", 1, "string", True), ("external_values", 2, "map<string, string>", True)),
    "CondContextDef": (
        ("context_name", 1, "string", False), ("pred_name", 2, "string", False), ("pivot_name", 3, "string", False),
        ("branch", 4, "int32", False), ("values_def", 5, ".onevar.ValuesDef", False),
        ("nested_contexts", 6, ".onevar.ControlFlowContextDef", True),
    ),
    "WhileContextDef": (
        ("context_name", 1, "string", False), ("parallel_iterations", 2, "int32", False),
        ("back_prop", 3, "bool", False), ("swap_memory", 4, "bool", False), ("pivot_name", 5, "string", False),
        ("pivot_for_pred_name", 6, "string", False), ("pivot_for_body_name", 7, "string", False),
        ("loop_exit_names", 8, "string", True), ("values_def", 9, ".onevar.ValuesDef", False),
        ("loop_enter_names", 10, "string", True), ("maximum_iterations_name", 11, "string", False),
        ("nested_contexts", 12, ".onevar.ControlFlowContextDef", True),
    ),
    "ControlFlowContextDef": (
        ("cond_ctxt", 1, ".onevar.CondContextDef", False), ("while_ctxt", 2, ".onevar.WhileContextDef", False),
    ),
}  # fmt: skip


def names() -> frozenset[str]:
    """Return the names of the messages that are made here."""
    return frozenset(_MESSAGES)


@cache
def _pool() -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool

    proto_module("meta_graph")  # whose messages are among the fields
    file = descriptor_pb2.FileDescriptorProto(
        name="onevar/graphs.proto", package="onevar", syntax="proto3",
        dependency=["tensorboard/compat/proto/meta_graph.proto"],
    )  # fmt: skip
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            made = message.field.add(name=field, number=number)
            made.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            if kind.startswith("map<"):
                entry = message.nested_type.add(name="".join(p.capitalize() for p in field.split("_")) + "Entry")
                entry.options.map_entry = True
                for index, key in enumerate(("key", "value"), start=1):
                    entry.field.add(name=key, number=index, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
                made.type, made.type_name = kinds.TYPE_MESSAGE, f".onevar.{name}.{entry.name}"
            elif kind.startswith("."):
                made.type, made.type_name = kinds.TYPE_MESSAGE, kind
            else:
                made.type = getattr(kinds, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


@cache
def message_class(name: str) -> Any:
    """Return the class of a message.

    Args:
        name: `SavedModel`, `CondContextDef`, `WhileContextDef`, `ControlFlowContextDef`, `ValuesDef`.

    Raises:
        FrameworkMissing: The tensorboard package is not installed.
    """
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"onevar.{name}"))
