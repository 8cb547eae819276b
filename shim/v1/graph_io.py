"""Graphs in and out of messages and files: `tf.import_graph_def`, `tf.train.write_graph`, `tf.make_tensor_proto`."""

import os
from typing import Any

from onevar.core import graph_def_import, graph_def_tensors
from onevar.core.graph import Graph
from onevar.v1.body_gradients import with_gradients
from onevar.v1.export import export, export_lazily
from onevar.v1.file_io import local_path

for _name in ("GraphDef", "NodeDef", "AttrValue", "NameAttrList", "MetaGraphDef", "TensorInfo"):
    export_lazily(_name, "graph_io", _name)
# Messages that the tensorboard package does not have.
export_lazily("core.protobuf.saved_model_pb2.SavedModel", "graph_io", "SavedModel")
for _name in ("ControlFlowContextDef", "CondContextDef", "WhileContextDef", "ValuesDef"):
    export_lazily(f"core.protobuf.control_flow_pb2.{_name}", "graph_io", _name)


@export("import_graph_def", "graph_util.import_graph_def")
def import_graph_def(
    graph_def: Any, input_map: Any = None, return_elements: Any = None, name: str | None = None, op_dict: Any = None,
    producer_op_list: Any = None,
) -> list[Any] | None:  # fmt: skip
    """Make the operations of a `GraphDef` in the default graph.

    Graphs of TensorFlow 1 and 2 are read; what they have of conditionals and loops becomes operations that hold their
    bodies, as those of `tf.cond` and `tf.while_loop` here are.

    Args:
        graph_def: The message.
        input_map: Tensors that stand for outputs of its nodes, by their names there.
        return_elements: Names of nodes (`"a"`) and outputs (`"a:0"`) that are returned.
        name: What is put before the names; None is `import`, `""` is nothing.
        op_dict: Accepted: deprecated in TensorFlow 1 already.
        producer_op_list: An `OpList`: attributes that its signatures have and ours have not may have their defaults.

    Returns:
        The operations and tensors of `return_elements`, or None.

    Raises:
        TypeError: An argument is of another kind.
        ValueError: The message contradicts itself, or the signatures of its op types.
        NotFoundError: TensorFlow has no op of a type.
        Unsupported: It has a conditional or loop that `tf.cond` and `tf.while_loop` do not make.
    """
    return graph_def_import.import_graph_def(
        graph_def, input_map, return_elements, name, producer_op_list, with_gradients
    )


@export("train.write_graph", "io.write_graph")
def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Write a graph to a file; return the file's path.

    Args:
        graph_or_graph_def: A Graph or a `GraphDef`.
        logdir: The folder; it is made if it is not there.
        name: Of the file.
        as_text: Whether it is written as text.
    """
    message = graph_or_graph_def.as_graph_def() if isinstance(graph_or_graph_def, Graph) else graph_or_graph_def
    folder = local_path(logdir)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    write_message(message, path, as_text)
    return path


def write_message(message: Any, path: str, as_text: bool) -> None:
    """Write a message to a file, which is complete or not there.

    Args:
        message: Any.
        path: The file's.
        as_text: Whether it is written as text, not as bytes.
    """
    if as_text:
        from google.protobuf import text_format

        content = text_format.MessageToString(message).encode()
    else:
        content = message.SerializeToString(deterministic=True)
    temporary = f"{path}.tmp{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


@export("make_tensor_proto", "contrib.util.make_tensor_proto")
def make_tensor_proto(
    values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False, allow_broadcast: bool = False
) -> Any:
    """Return values as a `TensorProto`.

    Args:
        values: A Python value, a nested list of these, or an array.
        dtype: Of the tensor; None leaves it to the values.
        shape: Of the tensor; the last element is repeated where there are fewer.
        verify_shape: Whether the values have to be of that shape.
        allow_broadcast: Whether a single value may fill the shape, and nothing else may be repeated.

    Raises:
        TypeError: The values are not of a kind that `dtype` takes, or not of `shape` where that is asked for.
        ValueError: They are None, no dense tensor, or more than `shape` has.
    """
    return graph_def_tensors.make_tensor_proto(values, dtype, shape, verify_shape, allow_broadcast)


@export("make_ndarray", "contrib.util.make_ndarray")
def make_ndarray(tensor: Any) -> Any:
    """Return the array that a `TensorProto` holds; strings are objects of `bytes`.

    Args:
        tensor: The message.

    Raises:
        TypeError: No array holds a tensor of that type.
    """
    return graph_def_tensors.array_of_proto(tensor)


def __getattr__(name: str) -> Any:
    """Return a message class: they are imported when they are asked for."""
    from onevar.core.graph_def import MODULES, protos
    from onevar.core.graph_def_messages import message_class, names

    if name in names():
        return message_class(name)
    if any(name in own for own in MODULES.values()):
        return getattr(protos(), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
