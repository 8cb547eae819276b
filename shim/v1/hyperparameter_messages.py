"""`HParamDef` as a protocol buffer class, made at run time: `tf.contrib.training.HParams` writes and reads it."""

from functools import lru_cache
from typing import Any

from onevar.errors import Unsupported

_PACKAGE = "tensorflow"
_OPTIONAL, _REPEATED = 1, 3
_MESSAGE, _BYTES, _INT64, _FLOAT, _BOOL = 11, 12, 3, 2, 8
#: Kind of value: its type, the number of the single value's field, and of the list's.
_KINDS = {
    "int64": (_INT64, 1, 4, "Int64List"), "float": (_FLOAT, 2, 5, "FloatList"),
    "bytes": (_BYTES, 3, 6, "BytesList"), "bool": (_BOOL, 7, 8, "BoolList"),
}  # fmt: skip


@lru_cache
def message_class() -> Any:
    """Return the class `HParamDef`.

    Raises:
        Unsupported: The protobuf package is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise Unsupported(
            "HParams.to_proto needs the protobuf package, which is not installed; HParams itself does not. Install "
            'it: pip install "onevar[migrate]".'
        ) from None
    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow/contrib/training/python/training/hparam.proto", package=_PACKAGE, syntax="proto3"
    )
    owner = file.message_type.add(name="HParamDef")
    held = owner.nested_type.add(name="HParamType")
    held.oneof_decl.add(name="kind")
    for kind, (number, single, several, listed) in _KINDS.items():
        values = owner.nested_type.add(name=listed)
        values.field.add(name="value", number=1, label=_REPEATED, type=number)
        held.field.add(name=f"{kind}_value", number=single, label=_OPTIONAL, type=number, oneof_index=0)
        held.field.add(
            name=f"{kind}_list", number=several, label=_OPTIONAL, type=_MESSAGE, oneof_index=0,
            type_name=f".{_PACKAGE}.HParamDef.{listed}",
        )  # fmt: skip
    entry = owner.nested_type.add(name="HparamEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=_OPTIONAL, type=9)
    entry.field.add(
        name="value", number=2, label=_OPTIONAL, type=_MESSAGE, type_name=f".{_PACKAGE}.HParamDef.HParamType"
    )
    owner.field.add(
        name="hparam", number=1, label=_REPEATED, type=_MESSAGE, type_name=f".{_PACKAGE}.HParamDef.HparamEntry"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.HParamDef"))
