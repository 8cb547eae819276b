"""TensorFlow's messages about graphs: their classes, and attributes of operations as `AttrValue`s.

The classes are those that the tensorboard package ships; they are imported when they are first needed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from onevar.core.attr_values import attr_value
from onevar.core.dtype import DType, as_dtype
from onevar.core.op_defs import Attr
from onevar.core.tensor_shape import TensorShape
from onevar.errors import FrameworkMissing

#: What the GraphDefs of TensorFlow 1.15 say of themselves.
PRODUCER = 134
#: Where tensorboard has each message.
MODULES: Mapping[str, tuple[str, ...]] = {
    "attr_value": ("AttrValue", "NameAttrList"),
    "cluster": ("ClusterDef", "JobDef"),
    "function": ("FunctionDef", "FunctionDefLibrary", "GradientDef"),
    "graph": ("GraphDef",),
    "meta_graph": ("AssetFileDef", "CollectionDef", "MetaGraphDef", "SignatureDef", "TensorInfo"),
    "node_def": ("NodeDef",),
    "op_def": ("OpDef", "OpDeprecation", "OpList"),
    "resource_handle": ("ResourceHandleProto",),
    "saver": ("SaverDef",),
    "tensor": ("TensorProto", "VariantTensorDataProto"),
    "tensor_shape": ("TensorShapeProto",),
    "types": ("DataType",),
    "variable": ("SaveSliceInfoDef", "VariableDef"),
    "versions": ("VersionDef",),
}


def proto_module(name: str) -> Any:
    """Return a module of generated messages, `"graph"` for `graph_pb2`.

    Args:
        name: Its name in tensorboard, without `_pb2`.

    Raises:
        FrameworkMissing: The tensorboard package, which has the messages, is not installed.
    """
    try:
        return import_module(f"tensorboard.compat.proto.{name}_pb2")
    except ImportError as error:
        raise FrameworkMissing(
            "TensorFlow's messages (GraphDef, MetaGraphDef, ...) come with the tensorboard package, which is not "
            'installed: pip install "onevar[migrate]"'
        ) from error


@cache
def protos() -> Any:
    """Return the message classes by name, `protos().GraphDef`.

    Raises:
        FrameworkMissing: The tensorboard package, which has the messages, is not installed.
    """
    found = {name: getattr(proto_module(module), name) for module, names in MODULES.items() for name in names}
    return SimpleNamespace(**found)


def as_message(value: Any, name: str) -> Any:
    """Return a message of the class `name`: `value` itself, or the same message of another package's class.

    Args:
        value: A message of that name; TensorFlow's own class is another one than tensorboard's.
        name: Of the class.

    Raises:
        TypeError: It is no such message.
    """
    wanted = getattr(protos(), name)
    if isinstance(value, wanted):
        return value
    descriptor = getattr(value, "DESCRIPTOR", None)
    if getattr(descriptor, "name", None) == name or type(value).__name__ == name:
        return wanted.FromString(value.SerializeToString())
    raise TypeError(f"{name} proto expected. Received: {type(value).__name__}.")


# -- shapes -----------------------------------------------------------------------------------------


def shape_proto(shape: Any) -> Any:
    """Return a shape as a `TensorShapeProto`.

    Args:
        shape: A `TensorShape`, a tuple with None for what is not known, or None.
    """
    out = protos().TensorShapeProto()
    sizes = getattr(shape, "tuple", shape)
    if sizes is None:
        out.unknown_rank = True
        return out
    for size in sizes:
        out.dim.add().size = -1 if size is None else int(size)
    return out


def shape_of_proto(message: Any) -> TensorShape:
    """Return the `TensorShape` that a `TensorShapeProto` stands for."""
    if message.unknown_rank:
        return TensorShape(None)
    return TensorShape([None if dim.size < 0 else dim.size for dim in message.dim])


# -- attributes -------------------------------------------------------------------------------------


def _text(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def _tensor(value: Any) -> Any:
    from onevar.core.graph_def_tensors import tensor_proto  # which needs what is here

    return tensor_proto(value)


def _function(value: Any) -> Any:
    if isinstance(value, str | bytes):
        return protos().NameAttrList(name=_text(value).decode())
    return value if hasattr(value, "SerializeToString") else protos().NameAttrList(name=value.name)


#: For each kind of attribute: the field of `AttrValue`, and what goes there.
_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("s", _text),
    "int": ("i", int),
    "float": ("f", float),
    "bool": ("b", bool),
    "type": ("type", lambda value: as_dtype(value).as_datatype_enum),
    "shape": ("shape", shape_proto),
    "tensor": ("tensor", _tensor),
    "func": ("func", _function),
}


def encoded(kind: str, value: Any) -> Any:
    """Return an attribute as an `AttrValue`.

    Args:
        kind: As `op_defs.Attr.kind`.
        value: As `Operation.attrs` has it.
    """
    out = protos().AttrValue()
    if kind.startswith("list("):
        field, convert = _FIELDS[kind[5:-1]]
        out.list.SetInParent()
        getattr(out.list, field).extend([convert(item) for item in value])
        return out
    field, convert = _FIELDS[kind]
    found = convert(value)
    if hasattr(found, "SerializeToString"):
        getattr(out, field).CopyFrom(found)
    else:
        setattr(out, field, found)
    return out


def kind_of(value: Any) -> str | None:
    """Return the kind of an attribute that no signature has, by its value; None for what no message holds."""
    if isinstance(value, list | tuple):
        kinds = {kind_of(item) for item in value}
        kind = kinds.pop() if len(kinds) == 1 else None
        return f"list({kind})" if kind else ("list(int)" if not value else None)
    for kind, types in _BY_TYPE:
        if isinstance(value, types):
            return kind
    return None


_BY_TYPE: tuple[tuple[str, Any], ...] = (
    ("bool", bool | np.bool_),
    ("int", int | np.integer),
    ("float", float | np.floating),
    ("string", str | bytes),
    ("type", DType),
    ("shape", TensorShape),
    ("tensor", np.ndarray),
)


def as_attr(value: Any) -> Any:
    """Return a shape or an array as the message that TensorFlow's `get_attr` returns; itself without tensorboard.

    Args:
        value: A `TensorShape` or an array.
    """
    try:
        return shape_proto(value) if isinstance(value, TensorShape) else _tensor(value)
    except FrameworkMissing:
        return value


def decoded(message: Any, attr: Attr | None, op_type: str) -> Any:
    """Return what an `AttrValue` holds, as `Operation.attrs` has it.

    Args:
        message: The `AttrValue`.
        attr: What the op's signature says of the attribute; None if it has none of that name.
        op_type: For messages.

    Raises:
        TypeError: It is of another kind than the signature says.
        ValueError: It is not an allowed value.
    """
    value = plain(message)
    if attr is None or attr.kind in ("func", "list(func)", "tensor"):
        return value
    if attr.kind.startswith("list(") and value is None:
        value = []
    return attr_value(attr, value, op_type)


def plain(message: Any) -> Any:
    """Return what an `AttrValue` holds as a Python value."""
    field = message.WhichOneof("value")
    if field is None or field == "placeholder":
        return None
    if field != "list":
        return _plain(field, getattr(message, field))
    for name in ("s", "i", "f", "b", "type", "shape", "tensor", "func"):
        items = getattr(message.list, name)
        if items:
            return [_plain(name, item) for item in items]
    return []


def _plain(field: str, value: Any) -> Any:
    if field == "s":
        return value.decode("utf-8", "surrogateescape")
    if field == "type":
        return as_dtype(value)
    if field == "shape":
        return shape_of_proto(value)
    if field == "tensor":
        from onevar.core.graph_def_tensors import array_of_proto  # which needs what is here

        return array_of_proto(value)
    if field == "func":
        copy = type(value)()
        copy.CopyFrom(value)
        return copy
    return value
