"""Collections of a graph in `MetaGraphDef`s: which items have messages of their own, and how the others are written."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from onevar.core.graph_def import protos
from onevar.errors import OnevarError
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.queue_runner_def import queue_runner_def
from onevar.v1.variable_proto import below, without
from onevar.v1.variables import Variable


class Form(NamedTuple):
    """How the items of a collection are written.

    Attributes:
        message: Returns the class of their messages.
        to_proto: From an item and the scope that is left out of names, to a message; None if it is not written.
        from_proto: From a message and the scope that is put before names, to an item.
    """

    message: Callable[[], Any]
    to_proto: Callable[..., Any]
    from_proto: Callable[..., Any]


def _to_proto(item: Any, export_scope: str | None = None) -> Any:
    return item.to_proto(export_scope=export_scope)


def _saver_to_proto(item: Any, export_scope: str | None = None) -> Any:
    return as_saver_def(item.to_proto(export_scope=export_scope))


def as_saver_def(message: Any) -> Any:
    """Return a `SaverDef`, ours or TensorFlow's, as tensorboard's message."""
    if message is None or isinstance(message, protos().SaverDef):
        return message
    return protos().SaverDef.FromString(message.SerializeToString())


def _variable(message: Any, import_scope: str | None = None) -> Any:
    return Variable.from_proto(message, import_scope=import_scope)


def _saver(message: Any, import_scope: str | None = None) -> Any:
    return exported("train.Saver").from_proto(message, import_scope=import_scope)


def _queue_runner(message: Any, import_scope: str | None = None) -> Any:
    return exported("train.QueueRunner").from_proto(message, import_scope=import_scope)


_VARIABLE = Form(lambda: protos().VariableDef, _to_proto, _variable)
#: Collections of variables.
VARIABLES = (
    GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.MOVING_AVERAGE_VARIABLES,
    GraphKeys.LOCAL_VARIABLES, GraphKeys.MODEL_VARIABLES, GraphKeys.GLOBAL_STEP, GraphKeys.METRIC_VARIABLES,
)  # fmt: skip
_FORMS: dict[str, Form] = {
    **dict.fromkeys(VARIABLES, _VARIABLE),
    GraphKeys.SAVERS: Form(lambda: protos().SaverDef, _saver_to_proto, _saver),
    GraphKeys.QUEUE_RUNNERS: Form(lambda: queue_runner_def(), _to_proto, _queue_runner),
}
#: What only TensorFlow's own gradients look at (here loops hold their bodies), and what SavedModels write themselves.
_CONTEXTS = frozenset((GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT, "saved_model_assets"))


@export("python.framework.ops.register_proto_function")
def register_proto_function(
    collection_name: str, proto_type: Any = None, to_proto: Callable | None = None, from_proto: Callable | None = None
) -> None:
    """Say how the items of a collection are written; see `tensorflow.python.framework.ops`.

    Args:
        collection_name: The collection.
        proto_type: The class of the messages.
        to_proto: From an item and `export_scope` to a message.
        from_proto: From a message and `import_scope` to an item.

    Raises:
        TypeError: A function cannot be called.
    """
    for function in (to_proto, from_proto):
        if function is not None and not callable(function):
            raise TypeError("to_proto and from_proto must be callable.")
    _FORMS[collection_name] = Form(lambda: proto_type, to_proto or _to_proto, from_proto or _variable)


def write(
    meta: Any, key: Any, items: list[Any], export_scope: str | None, excluded: Mapping[str, Any] | frozenset[str]
) -> None:
    """Add a collection to a `MetaGraphDef`; items of a kind that has no message leave a warning.

    Args:
        meta: The message.
        key: The collection's name.
        items: What is in it.
        export_scope: What is left out of names; what is not below it is left out altogether.
        excluded: Names of nodes that are not written.
    """
    if not isinstance(key, str | bytes):
        logging.warning("Only collections with string type keys will be serialized. This key has %s", type(key))
        return
    kept = [item for item in items if not excluded or getattr(item, "name", "").partition(":")[0] not in excluded]
    if key in _CONTEXTS:
        return
    try:
        _write(meta.collection_def[key], key, kept, export_scope)
    except (AttributeError, TypeError, ValueError, NotImplementedError, OnevarError) as error:
        logging.warning(
            "Issue encountered when serializing %s.\nType is unsupported, or the types of the items don't match field "
            "type in CollectionDef. Note this is a warning and probably safe to ignore.\n%s", key, error,
        )  # fmt: skip
        del meta.collection_def[key]


def _write(collection: Any, key: Any, items: list[Any], export_scope: str | None) -> None:
    form = _FORMS.get(key)
    if form is not None:
        collection.bytes_list.SetInParent()
        found = [form.to_proto(item, export_scope=export_scope) for item in items]
        collection.bytes_list.value.extend([message.SerializeToString() for message in found if message is not None])
        return
    kind = _kind(items[0]) if items else "node_list"
    values = getattr(collection, kind)
    values.SetInParent()
    if kind == "node_list":
        names = [item.name for item in items if not export_scope or item.name.startswith(export_scope)]
        values.value.extend([without(name, export_scope) for name in names])
    elif kind == "bytes_list":
        values.value.extend([item.encode() if isinstance(item, str) else item for item in items])
    else:
        values.value.extend(items)


def _kind(item: Any) -> str:
    if isinstance(item, str | bytes):
        return "bytes_list"
    if isinstance(item, int):
        return "int64_list"
    return "float_list" if isinstance(item, float) else "node_list"


def read(graph: Any, meta: Any, scope: str, wanted: Callable[[str], bool], unbound: str) -> None:
    """Add the collections of a `MetaGraphDef` to a graph that has its operations.

    Args:
        graph: The graph.
        meta: The message.
        scope: What is put before names.
        wanted: Whether a collection is read.
        unbound: The name of a collection that is not.
    """
    variables: dict[bytes, Any] = {}
    for key, collection in sorted(meta.collection_def.items()):
        if key == unbound or key in _CONTEXTS or not wanted(key):
            continue
        kind = collection.WhichOneof("kind")
        if kind is None:
            logging.error("Cannot identify data type for collection %s. Skipping.", key)
            continue
        for value in getattr(collection, kind).value:
            item = _item(graph, key, kind, value, scope, variables)
            if item is not None:
                graph.add_to_collection(key, item)


def _item(graph: Any, key: str, kind: str, value: Any, scope: str, variables: dict[bytes, Any]) -> Any:
    form = _FORMS.get(key)
    if form is None or kind != "bytes_list":
        if kind == "node_list":
            return graph.as_graph_element(below(value, scope))
        return int(value) if kind == "int64_list" else value
    item = variables.get(value)
    if item is None:
        item = form.from_proto(form.message().FromString(value), import_scope=scope or None)
        if key in VARIABLES:
            variables[value] = item
    return item
