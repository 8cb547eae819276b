"""`tf.train.Example` and its parts as protocol buffer classes, made at run time.

They are in a pool of their own, so that they do not meet those of TensorFlow, where that is loaded too.
"""

from functools import lru_cache
from typing import Any

from onevar.errors import Unsupported

_FILE = "tensorflow/core/example/example.proto"
_STRING, _MESSAGE, _FLOAT, _INT64, _BYTES = 9, 11, 2, 3, 12
_OPTIONAL, _REPEATED = 1, 3

# Field: name, number, type or the name of a message, whether it repeats.
_MESSAGES: dict[str, list[tuple[str, int, Any, bool]]] = {
    "BytesList": [("value", 1, _BYTES, True)],
    "FloatList": [("value", 1, _FLOAT, True)],
    "Int64List": [("value", 1, _INT64, True)],
    "Feature": [
        ("bytes_list", 1, "BytesList", False),
        ("float_list", 2, "FloatList", False),
        ("int64_list", 3, "Int64List", False),
    ],
    "Features": [("feature", 1, ("FeatureEntry", "Feature"), True)],
    "FeatureList": [("feature", 1, "Feature", True)],
    "FeatureLists": [("feature_list", 1, ("FeatureListEntry", "FeatureList"), True)],
    "Example": [("features", 1, "Features", False)],
    "SequenceExample": [("context", 1, "Features", False), ("feature_lists", 2, "FeatureLists", False)],
}


@lru_cache
def _pool() -> Any:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool
    except ImportError:
        raise Unsupported(
            "tf.train.Example needs the protobuf package, which is not installed; parsing does not. Install it: "
            'pip install "onevar[migrate]".'
        ) from None
    file = descriptor_pb2.FileDescriptorProto(name=_FILE, package="tensorflow", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields:
            _add_field(message, name, field)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(message: Any, owner: str, field: tuple[str, int, Any, bool]) -> None:
    name, number, kind, repeated = field
    made = message.field.add(name=name, number=number, label=_REPEATED if repeated else _OPTIONAL)
    if isinstance(kind, int):
        made.type = kind
        return
    made.type = _MESSAGE
    if isinstance(kind, tuple):
        entry = message.nested_type.add(name=kind[0])
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=_OPTIONAL, type=_STRING)
        entry.field.add(name="value", number=2, label=_OPTIONAL, type=_MESSAGE, type_name=f".tensorflow.{kind[1]}")
        made.type_name = f".tensorflow.{owner}.{kind[0]}"
        return
    made.type_name = f".tensorflow.{kind}"
    if owner == "Feature":
        if not message.oneof_decl:
            message.oneof_decl.add(name="kind")
        made.oneof_index = 0


@lru_cache
def message_class(name: str) -> Any:
    """Return the class of a message.

    Args:
        name: `"Example"`, `"Features"`, `"Feature"`, `"BytesList"`, `"FloatList"`, `"Int64List"`, `"FeatureList"`,
            `"FeatureLists"` or `"SequenceExample"`.

    Raises:
        Unsupported: The protobuf package is not installed.
    """
    from google.protobuf import message_factory

    made = message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"tensorflow.{name}"))
    made.__module__ = "onevar.v1.example_protos"
    return made
