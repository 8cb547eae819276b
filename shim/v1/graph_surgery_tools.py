"""`tensorflow.python.tools`: graphs frozen and made smaller, checkpoints looked at."""

import os
import re
import sys
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.graph_def import as_message, encoded, protos, shape_proto
from onevar.core.session import Session
from onevar.v1 import graph_io, graph_surgery, meta_graph, saved_model_loader
from onevar.v1.checkpoint_reader import CheckpointReader
from onevar.v1.export import export, exported
from onevar.v1.file_io import local_path
from onevar.v1.meta_graph_collections import as_saver_def

_TOOLS = "python.tools"


# -- freezing ---------------------------------------------------------------------------------------


@export(f"{_TOOLS}.freeze_graph.freeze_graph")
def freeze_graph(
    input_graph: Any, input_saver: Any, input_binary: bool, input_checkpoint: Any, output_node_names: str,
    restore_op_name: str | None, filename_tensor_name: str | None, output_graph: Any, clear_devices: bool,
    initializer_nodes: str, variable_names_whitelist: str = "", variable_names_blacklist: str = "",
    input_meta_graph: Any = None, input_saved_model_dir: Any = None, saved_model_tags: str = "serve",
    checkpoint_version: int = 2, variable_names_denylist: str = "",
) -> Any:  # fmt: skip
    """Write the nodes that some depend on, with a checkpoint's values in place of variables; return them.

    Args:
        input_graph: A file with a `GraphDef`, or None.
        input_saver: A file with a `SaverDef`, or `""`.
        input_binary: Whether these files are bytes, not text.
        input_checkpoint: The checkpoint's prefix.
        output_node_names: The names of the nodes, with commas between.
        restore_op_name: Accepted: values are read from the checkpoint by the variables' names.
        filename_tensor_name: Accepted.
        output_graph: The file to write; None or `""` writes none.
        clear_devices: Whether devices are left out.
        initializer_nodes: Operations that run before the values are taken, with commas between.
        variable_names_whitelist: Only these variables, with commas between.
        variable_names_blacklist: These variables stay, with commas between.
        input_meta_graph: A file with a `MetaGraphDef`, in place of `input_graph`.
        input_saved_model_dir: A SavedModel's folder, in place of both.
        saved_model_tags: What its graph is found by, with commas between.
        checkpoint_version: Accepted.
        variable_names_denylist: The newer name of `variable_names_blacklist`.

    Raises:
        ValueError: There is nothing to freeze.
        OSError: A file is not there, or holds no such message.
    """
    graph_def = meta = saver_def = None
    if input_saved_model_dir:
        meta = saved_model_loader.SavedModelLoader(input_saved_model_dir).get_meta_graph_def_from_tags(
            saved_model_tags.replace(" ", "").split(",")
        )
        graph_def = meta.graph_def
    elif input_graph:
        graph_def = _read(input_graph, protos().GraphDef, input_binary)
    elif input_meta_graph:
        meta = meta_graph.read_meta_graph_file(input_meta_graph)
    if input_saver:
        saver_def = _read(input_saver, protos().SaverDef, input_binary)
    return freeze_graph_with_def_protos(
        graph_def, saver_def, input_checkpoint, output_node_names, restore_op_name, filename_tensor_name, output_graph,
        clear_devices, initializer_nodes, variable_names_whitelist, variable_names_blacklist, meta,
        input_saved_model_dir, saved_model_tags.replace(" ", "").split(","), checkpoint_version,
        variable_names_denylist,
    )  # fmt: skip


def _read(path: Any, kind: Any, binary: bool) -> Any:
    from google.protobuf import text_format

    place = local_path(path)
    if not os.path.isfile(place):
        raise OSError(f"Input graph file '{path}' does not exist!")
    with open(place, "rb") as file:
        content = file.read()
    return kind.FromString(content) if binary else text_format.Parse(content, kind())


@export(f"{_TOOLS}.freeze_graph.freeze_graph_with_def_protos")
def freeze_graph_with_def_protos(
    input_graph_def: Any, input_saver_def: Any, input_checkpoint: Any, output_node_names: str,
    restore_op_name: str | None, filename_tensor_name: str | None, output_graph: Any, clear_devices: bool,
    initializer_nodes: str, variable_names_whitelist: str = "", variable_names_blacklist: str = "",
    input_meta_graph_def: Any = None, input_saved_model_dir: Any = None, saved_model_tags: Sequence[str] | None = None,
    checkpoint_version: int = 2, variable_names_denylist: str = "",
) -> Any:  # fmt: skip
    """As `freeze_graph`, of messages in place of files.

    Args:
        input_graph_def: The `GraphDef`, or None.
        input_saver_def: A `SaverDef`, or None.
        input_checkpoint: The checkpoint's prefix.
        output_node_names: The names of the nodes, with commas between.
        restore_op_name: Accepted.
        filename_tensor_name: Accepted.
        output_graph: The file to write; None or `""` writes none.
        clear_devices: Whether devices are left out.
        initializer_nodes: Operations that run before the values are taken, with commas between.
        variable_names_whitelist: Only these variables, with commas between.
        variable_names_blacklist: These variables stay, with commas between.
        input_meta_graph_def: A `MetaGraphDef`, in place of `input_graph_def`.
        input_saved_model_dir: A SavedModel's folder, in place of the checkpoint.
        saved_model_tags: What its graph is found by.
        checkpoint_version: Accepted.
        variable_names_denylist: The newer name of `variable_names_blacklist`.

    Raises:
        ValueError: There is nothing to freeze.
    """
    if not input_saved_model_dir and not exported("train.checkpoint_exists")(input_checkpoint):
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!")
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    source = input_meta_graph_def.graph_def if input_meta_graph_def is not None else input_graph_def
    if source is None:
        raise ValueError("freeze_graph needs a graph: input_graph, input_meta_graph or input_saved_model_dir.")
    graph_def = protos().GraphDef()
    graph_def.CopyFrom(as_message(source, "GraphDef"))
    if clear_devices:
        for node in graph_def.node:
            node.device = ""
    left_out = variable_names_blacklist or variable_names_denylist
    with Graph().as_default() as graph, Session(graph=graph) as sess:
        _restore(sess, graph_def, input_saver_def, input_meta_graph_def, input_checkpoint, input_saved_model_dir,
                 list(saved_model_tags or ()))  # fmt: skip
        for name in initializer_nodes.replace(" ", "").split(",") if initializer_nodes else ():
            sess.run(name)
        out = graph_surgery.convert_variables_to_constants(
            sess, graph_def, output_node_names.replace(" ", "").split(","),
            variable_names_whitelist.replace(" ", "").split(",") if variable_names_whitelist else None,
            left_out.replace(" ", "").split(",") if left_out else None,
        )  # fmt: skip
    if output_graph:
        graph_io.write_message(out, local_path(output_graph), as_text=False)
    return out


def _restore(
    sess: Session, graph_def: Any, saver_def: Any, meta: Any, checkpoint: Any, saved_model: Any, tags: list[str]
) -> None:
    if saved_model:
        saved_model_loader.load(sess, tags, saved_model)
        return
    saver = exported("train.Saver")
    if meta is not None:
        exported("train.import_meta_graph")(meta, clear_devices=True).restore(sess, checkpoint)
        return
    graph_io.import_graph_def(graph_def, name="")
    if saver_def is not None:
        saver(saver_def=as_saver_def(saver_def)).restore(sess, checkpoint)
        return
    reader = CheckpointReader(local_path(checkpoint))
    storages = {op.name: op for op in get_default_graph().get_operations() if op.type in graph_surgery.STORAGE}
    for name in reader.get_variable_to_shape_map():
        if name in storages:
            _assign(sess, storages[name], reader.get_tensor(name))


def _assign(sess: Session, storage: Any, value: Any) -> None:
    from onevar.core.build import op

    target = storage.outputs[0]
    if storage.type == "VarHandleOp":
        sess.run(op("AssignVariableOp", resource=target, value=np.asarray(value)))
    else:
        sess.run(op("Assign", ref=target, value=value, validate_shape=False).op)


# -- graphs made smaller ------------------------------------------------------------------------------


@export(f"{_TOOLS}.strip_unused_lib.strip_unused")
def strip_unused(
    input_graph_def: Any, input_node_names: Sequence[str], output_node_names: Sequence[str], placeholder_type_enum: Any
) -> Any:
    """Return the nodes between some and others, with placeholders in place of the first.

    Args:
        input_graph_def: The `GraphDef`.
        input_node_names: What becomes placeholders.
        output_node_names: What is computed.
        placeholder_type_enum: The number of the placeholders' dtype, or a list of these.

    Raises:
        KeyError: There is no node of a name.
    """
    message = as_message(input_graph_def, "GraphDef")
    for name in input_node_names:
        if ":" in name:
            raise ValueError(f"Name '{name}' appears to refer to a Tensor, not an Operation.")
    missing = set(input_node_names) - {node.name for node in message.node}
    if missing:
        raise KeyError(f"The following input nodes were not found: {missing}")
    replaced = protos().GraphDef()
    for node in message.node:
        made = replaced.node.add()
        if node.name not in input_node_names:
            made.CopyFrom(node)
            continue
        made.name, made.op = node.name, "Placeholder"
        kinds = placeholder_type_enum
        kind = kinds[list(input_node_names).index(node.name)] if isinstance(kinds, list | tuple) else kinds
        made.attr["dtype"].type = int(kind)
        if "_output_shapes" in node.attr:
            made.attr["_output_shapes"].CopyFrom(node.attr["_output_shapes"])
        if "shape" in node.attr:
            made.attr["shape"].CopyFrom(node.attr["shape"])
        else:
            made.attr["shape"].shape.CopyFrom(shape_proto(None))
    replaced.library.CopyFrom(message.library)
    replaced.versions.CopyFrom(message.versions)
    return graph_surgery.extract_sub_graph(replaced, list(output_node_names))


@export(f"{_TOOLS}.optimize_for_inference_lib.optimize_for_inference")
def optimize_for_inference(
    input_graph_def: Any, input_node_names: Sequence[str], output_node_names: Sequence[str],
    placeholder_type_enum: Any, toco_compatible: bool = False, placeholder_to_const_names: Any = None,
) -> Any:  # fmt: skip
    """Return the nodes that inference needs.

    Batch normalisations stay operations of their own: the framework's compiler puts them together with what is before.

    Args:
        input_graph_def: The `GraphDef`.
        input_node_names: What becomes placeholders.
        output_node_names: What is computed.
        placeholder_type_enum: The number of the placeholders' dtype, or a list of these.
        toco_compatible: Accepted.
        placeholder_to_const_names: `"name=value"` of placeholders that become constants.

    Raises:
        KeyError: There is no node of a name.
    """
    found = protos().GraphDef()
    found.CopyFrom(as_message(input_graph_def, "GraphDef"))
    for text in placeholder_to_const_names or ():
        _made_constant(found, *text.split("=", 1))
    stripped = strip_unused(found, input_node_names, output_node_names, placeholder_type_enum)
    out = graph_surgery.remove_training_nodes(stripped, list(output_node_names))
    for node in out.node:
        if "_class" in node.attr:
            del node.attr["_class"]
    return out


def _made_constant(graph_def: Any, name: str, value: str) -> None:
    from onevar.core.dtype import as_dtype
    from onevar.core.graph_def_tensors import tensor_proto

    node = next((node for node in graph_def.node if node.name == name and node.op.startswith("Placeholder")), None)
    if node is None:
        raise KeyError(f"The following placeholder was not found: {name!r}.")
    dtype = as_dtype(node.attr["dtype"].type)
    held: Any = value.lower() in ("1", "true", "t") if dtype.is_bool else float(value)
    node.op = "Const"
    del node.input[:]
    node.attr.clear()
    node.attr["dtype"].CopyFrom(encoded("type", dtype))
    node.attr["value"].tensor.CopyFrom(tensor_proto(np.array(held, dtype.as_numpy_dtype), dtype))


# -- checkpoints ----------------------------------------------------------------------------------------


@export(f"{_TOOLS}.inspect_checkpoint.print_tensors_in_checkpoint_file")
def print_tensors_in_checkpoint_file(
    file_name: Any, tensor_name: str, all_tensors: bool, all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:  # fmt: skip
    """Print what is in a checkpoint.

    Args:
        file_name: The checkpoint's prefix.
        tensor_name: A tensor that is printed; `""` prints names and shapes.
        all_tensors: Whether all tensors are printed.
        all_tensor_names: Whether all names are printed.
        count_exclude_pattern: A regular expression: what it is found in is not counted.
    """
    reader = CheckpointReader(local_path(file_name))
    shapes = reader.get_variable_to_shape_map()
    say = sys.stdout.write
    if all_tensors or all_tensor_names:
        for key in sorted(shapes):
            say(f"tensor_name:  {key}\n")
            if all_tensors:
                say(f"{reader.get_tensor(key)}\n")
    elif not tensor_name:
        say(reader.debug_string().decode("utf-8") + "\n")
    else:
        say(f"tensor_name:  {tensor_name}\n{reader.get_tensor(tensor_name)}\n")
    counted = [s for key, s in shapes.items() if not count_exclude_pattern or not re.search(count_exclude_pattern, key)]
    if count_exclude_pattern:
        say(f"# Excluding pattern: {count_exclude_pattern!r}\n")
    say(f"# Total number of params: {sum(prod(shape) for shape in counted)}\n")


@export(f"{_TOOLS}.saved_model_utils.get_meta_graph_def")
def get_meta_graph_def(saved_model_dir: Any, tag_set: str) -> Any:
    """Return the `MetaGraphDef` of a SavedModel.

    Args:
        saved_model_dir: The folder.
        tag_set: What it is found by, with commas between.

    Raises:
        RuntimeError: There is none.
    """
    tags = tag_set.split(",")
    return saved_model_loader.SavedModelLoader(saved_model_dir).get_meta_graph_def_from_tags(tags)


@export(f"{_TOOLS}.saved_model_utils.read_saved_model")
def read_saved_model(saved_model_dir: Any) -> Any:
    """Return the `SavedModel` message of a folder.

    Args:
        saved_model_dir: The folder.

    Raises:
        OSError: There is none.
    """
    return saved_model_loader.parse_saved_model(saved_model_dir)
