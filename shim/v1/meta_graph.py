"""`tf.train.export_meta_graph` and `import_meta_graph`: graphs with their collections and savers, in files."""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.graph_def import as_message, encoded, protos
from onevar.core.graph_def_export import signature_proto
from onevar.core.op_defs import UnknownOp, op_def
from onevar.v1 import __version__, graph_io, meta_graph_collections
from onevar.v1.export import export, exported
from onevar.v1.file_io import local_path
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.meta_graph_collections import as_saver_def
from onevar.v1.variable_proto import without

#: What is put before the name of an input that is outside of the scope that is exported.
UNBOUND = "$unbound_inputs_"
_SAVING = frozenset(
    (
        "SaveV2", "Save", "SaveSlices", "LegacySave", "LegacySaveSlices", "RestoreV2", "Restore", "RestoreSlice",
        "LegacyRestore", "LegacyRestoreSlice",
    )
)  # fmt: skip


# -- writing ----------------------------------------------------------------------------------------


@export("python.framework.meta_graph.stripped_op_list_for_graph")
def stripped_op_list_for_graph(graph_def: Any) -> Any:
    """Return the signatures of the op types that a `GraphDef` uses, an `OpList`; unknown ones are left out.

    Args:
        graph_def: The message.
    """
    functions = [node for function in graph_def.library.function for node in function.node_def]
    out = protos().OpList()
    for kind in sorted({node.op for node in (*graph_def.node, *functions)}):
        try:
            out.op.append(signature_proto(op_def(kind)))
        except UnknownOp:
            continue
    return out


@export("python.framework.meta_graph.strip_graph_default_valued_attrs")
def strip_graph_default_valued_attrs(meta_graph_def: Any) -> None:
    """Remove from the nodes of a `MetaGraphDef` the attributes that say what the default is.

    Args:
        meta_graph_def: The message.
    """
    for node in meta_graph_def.graph_def.node:
        try:
            attrs = op_def(node.op).attrs
        except UnknownOp:
            continue
        for name in list(node.attr):
            attr = attrs.get(name)
            if attr is not None and attr.has_default and node.attr[name] == encoded(attr.kind, attr.default):
                del node.attr[name]
    meta_graph_def.meta_info_def.stripped_default_attrs = True


@export("python.framework.meta_graph.create_meta_graph_def")
def create_meta_graph_def(
    meta_info_def: Any = None, graph_def: Any = None, saver_def: Any = None, collection_list: Any = None,
    graph: Any = None, export_scope: str | None = None, exclude_nodes: Any = None,
    clear_extraneous_savers: bool = False, strip_default_attrs: bool = False,
) -> Any:  # fmt: skip
    """Return a `MetaGraphDef`.

    Args:
        meta_info_def: What it says of itself.
        graph_def: The operations; None takes the graph's.
        saver_def: What saves them.
        collection_list: Names of the collections that are written; None is all.
        graph: Where collections are; None is the default graph.
        export_scope: What is left out of names.
        exclude_nodes: Names of nodes that are left out.
        clear_extraneous_savers: Whether only `saver_def` is kept of savers.
        strip_default_attrs: Whether attributes that say the default are left out.

    Raises:
        TypeError: An argument is of another kind.
    """
    if graph is not None and not isinstance(graph, Graph):
        raise TypeError(f"graph must be of type Graph. Received type: {type(graph)}.")
    graph = graph or get_default_graph()
    out = protos().MetaGraphDef()
    if meta_info_def is not None:
        out.meta_info_def.MergeFrom(meta_info_def)
    out.meta_info_def.tensorflow_version = __version__
    out.meta_info_def.tensorflow_git_version = f"onevar, as {__version__}"
    out.graph_def.MergeFrom(graph.as_graph_def(add_shapes=True) if graph_def is None else _graph_def(graph_def))
    out.meta_info_def.stripped_op_list.MergeFrom(stripped_op_list_for_graph(out.graph_def))
    if strip_default_attrs:
        strip_graph_default_valued_attrs(out)
    if saver_def is not None:
        out.saver_def.MergeFrom(_saver_def(saver_def))
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    excluded = frozenset(exclude_nodes or ())
    for key in keys:
        items = graph.get_collection(key)
        if clear_extraneous_savers and key == GraphKeys.SAVERS:
            items = [] if saver_def is None else [exported("train.Saver").from_proto(saver_def)]
        meta_graph_collections.write(out, key, items, export_scope, excluded)
    return out


def _graph_def(value: Any) -> Any:
    try:
        return as_message(value, "GraphDef")
    except TypeError:
        raise TypeError(f"graph_def must be of type GraphDef. Received type: {type(value)}.") from None


def _saver_def(value: Any) -> Any:
    if not hasattr(value, "SerializeToString") or not hasattr(value, "save_tensor_name"):
        raise TypeError(f"saver_def must be of type SaverDef. Received type: {type(value)}.")
    return as_saver_def(value)


@export("python.framework.meta_graph.export_scoped_meta_graph")
def export_scoped_meta_graph(
    filename: Any = None, graph_def: Any = None, graph: Any = None, export_scope: str | None = None,
    as_text: bool = False, unbound_inputs_col_name: str = "unbound_inputs", clear_devices: bool = False,
    saver_def: Any = None, clear_extraneous_savers: bool = False, strip_default_attrs: bool = False,
    save_debug_info: bool = False, **kwargs: Any,
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """Return the `MetaGraphDef` of a graph, or of what is below a scope, and the variables in it by name.

    Args:
        filename: Where it is written to, if anywhere.
        graph_def: The operations; None takes the graph's.
        graph: The graph; None is the default one.
        export_scope: Only what is below it, which is left out of names.
        as_text: Whether the file is text.
        unbound_inputs_col_name: The collection that inputs from outside of the scope are listed in.
        clear_devices: Whether devices are left out.
        saver_def: What saves the variables.
        clear_extraneous_savers: Whether other savers' operations are left out.
        strip_default_attrs: Whether attributes that say the default are left out.
        save_debug_info: Accepted: where operations were made is not written.
        **kwargs: More for `create_meta_graph_def`.

    Raises:
        ValueError: Eagerly.
        TypeError: An argument is of another kind.
    """
    if executing_eagerly():
        raise ValueError("Exporting/importing meta graphs is not supported when Eager Execution is enabled.")
    graph = graph or get_default_graph()
    excluded: frozenset[str] = frozenset()
    if export_scope or clear_extraneous_savers or clear_devices:
        whole = graph.as_graph_def(add_shapes=True) if graph_def is None else _graph_def(graph_def)
        if clear_extraneous_savers:
            excluded = _extraneous(whole, saver_def)
        graph_def, unbound = _part(whole, export_scope, excluded, clear_devices)
        if unbound_inputs_col_name:
            graph.clear_collection(unbound_inputs_col_name)
            for name in unbound:
                graph.add_to_collection(unbound_inputs_col_name, name)
    found = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=export_scope)
    variables = {
        without(v.name, export_scope): v
        for v in found
        if v.name.partition(":")[0] not in excluded and (not export_scope or v.name.startswith(export_scope))
    }
    meta = create_meta_graph_def(
        graph_def=graph_def, graph=graph, export_scope=export_scope, exclude_nodes=excluded, saver_def=saver_def,
        clear_extraneous_savers=clear_extraneous_savers, strip_default_attrs=strip_default_attrs, **kwargs,
    )  # fmt: skip
    if filename:
        path = local_path(filename)
        graph_io.write_graph(meta, os.path.dirname(path) or ".", os.path.basename(path), as_text=as_text)
    return meta, variables


def _extraneous(graph_def: Any, saver_def: Any) -> frozenset[str]:
    """Return the names of nodes that belong to savers other than that of `saver_def`."""
    kept = set()
    if saver_def is not None:
        kept = {name.rpartition("/")[0] + "/" for name in (saver_def.save_tensor_name, saver_def.restore_op_name)}
    saving = {node.name for node in graph_def.node if node.op in _SAVING}
    scopes = {name.rpartition("/")[0] for name in saving} - saving
    others = tuple({f"{scope}/" for scope in scopes} - kept)
    return frozenset(node.name for node in graph_def.node if node.name.startswith(others)) if others else frozenset()


def _part(whole: Any, scope: str | None, excluded: frozenset[str], clear_devices: bool) -> tuple[Any, list[str]]:
    """Return the nodes below a scope, and the names of inputs that are not."""
    out = protos().GraphDef()
    unbound: list[str] = []
    for node in whole.node:
        inside = not scope or (node.name.startswith(scope) and _below(node.name, scope))
        if inside and node.name not in excluded:
            _moved(out.node.add(), node, scope, unbound, clear_devices)
    out.library.CopyFrom(whole.library)
    out.versions.CopyFrom(whole.versions)
    return out, list(dict.fromkeys(unbound))


def _below(name: str, scope: str) -> bool:
    return scope.endswith("/") or name == scope or name[len(scope) : len(scope) + 1] == "/"


def _stripped(name: str, scope: str | None) -> str:
    """Return a name without the scope; `^` and `loc:@` stay in front."""
    found = re.match(r"(\^|loc:@)?(.*)", name)
    assert found is not None
    return (found[1] or "") + without(found[2], scope)


def _moved(made: Any, node: Any, scope: str | None, unbound: list[str], clear_devices: bool) -> None:
    made.CopyFrom(node)
    made.name = without(node.name, scope)
    if clear_devices:
        made.device = ""
    if not scope:
        return
    for index, name in enumerate(node.input):
        if name.lstrip("^").startswith(scope):
            made.input[index] = _stripped(name, scope)
        else:
            made.input[index] = ("^" if name.startswith("^") else "") + UNBOUND + name.lstrip("^")
            unbound.append(made.input[index])
    if "_class" in node.attr:
        groups = [group.decode() for group in node.attr["_class"].list.s]
        kept = [_stripped(group, scope) for group in groups if group.partition("@")[2].startswith(scope)]
        made.attr["_class"].CopyFrom(encoded("list(string)", kept))
    if "frame_name" in node.attr and node.op in ("Enter", "RefEnter"):
        made.attr["frame_name"].CopyFrom(encoded("string", _stripped(node.attr["frame_name"].s.decode(), scope)))


# -- reading ----------------------------------------------------------------------------------------


@export("python.framework.meta_graph.read_meta_graph_file")
def read_meta_graph_file(filename: Any) -> Any:
    """Return the `MetaGraphDef` of a file, whether bytes or text.

    Args:
        filename: The file.

    Raises:
        OSError: There is no such file, or it holds no such message.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    path = local_path(filename)
    if not os.path.isfile(path):
        raise OSError(f"File does not exist. Received: {filename}.")
    with open(path, "rb") as file:
        content = file.read()
    kind = protos().MetaGraphDef
    try:
        return kind.FromString(content)
    except DecodeError:
        try:
            return text_format.Parse(content, kind())
        except (text_format.ParseError, UnicodeDecodeError) as error:
            raise OSError(f"Cannot parse file {filename}: {error}.") from error


@export("python.framework.meta_graph.import_scoped_meta_graph")
def import_scoped_meta_graph(
    meta_graph_or_file: Any, clear_devices: bool = False, graph: Any = None, import_scope: str | None = None,
    input_map: Any = None, unbound_inputs_col_name: str = "unbound_inputs",
    restore_collections_predicate: Callable[[str], bool] = lambda key: True,
) -> dict[str, Any]:  # fmt: skip
    """Make the operations and collections of a `MetaGraphDef`; return its variables by name.

    Args:
        meta_graph_or_file: The message, or a file that holds it.
        clear_devices: Whether devices are left out.
        graph: Where to; None is the default graph.
        import_scope: What is put before names.
        input_map: Tensors that stand for outputs of its nodes.
        unbound_inputs_col_name: The collection that lists inputs from outside, which `input_map` has to have.
        restore_collections_predicate: Whether a collection is read.

    Raises:
        ValueError: Eagerly; or an input from outside is not given.
        OSError: There is no such file, or it holds no such message.
    """
    return import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, graph, import_scope, input_map, unbound_inputs_col_name,
        restore_collections_predicate,
    )[0]  # fmt: skip


@export("python.framework.meta_graph.import_scoped_meta_graph_with_return_elements")
def import_scoped_meta_graph_with_return_elements(
    meta_graph_or_file: Any, clear_devices: bool = False, graph: Any = None, import_scope: str | None = None,
    input_map: Any = None, unbound_inputs_col_name: str = "unbound_inputs",
    restore_collections_predicate: Callable[[str], bool] = lambda key: True,
    return_elements: Sequence[str] | None = None,
) -> tuple[dict[str, Any], list[Any] | None]:  # fmt: skip
    """As `import_scoped_meta_graph`, with what `return_elements` names as a second result."""
    if executing_eagerly():
        raise ValueError("Exporting/importing meta graphs is not supported when eager execution is enabled.")
    meta = as_meta_graph(meta_graph_or_file)
    if unbound_inputs_col_name and unbound_inputs_col_name in meta.collection_def:
        _check_bound(meta.collection_def[unbound_inputs_col_name], input_map)
    graph = graph or get_default_graph()
    with graph.as_default():
        graph_def = protos().GraphDef()
        graph_def.CopyFrom(meta.graph_def)
        if clear_devices:
            for node in graph_def.node:
                node.device = ""
        ops = meta.meta_info_def.stripped_op_list if meta.meta_info_def.HasField("stripped_op_list") else None
        scope = graph.unique_name(import_scope or "", mark_as_used=False)
        elements = graph_io.import_graph_def(
            graph_def, name=import_scope or scope, input_map=input_map, producer_op_list=ops,
            return_elements=return_elements,
        )  # fmt: skip
        meta_graph_collections.read(graph, meta, scope, restore_collections_predicate, unbound_inputs_col_name)
        variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope)
    return {without(v.name, scope): v for v in variables}, elements


def as_meta_graph(value: Any) -> Any:
    """Return a `MetaGraphDef`, which may be given as a file's name."""
    if isinstance(value, str | bytes | os.PathLike):
        return read_meta_graph_file(value)
    return as_message(value, "MetaGraphDef")


def _check_bound(collection: Any, input_map: Any) -> None:
    names = [value.decode() if isinstance(value, bytes) else value for value in (
        *collection.bytes_list.value, *collection.node_list.value)]  # fmt: skip
    if not names:
        return
    missing = [name for name in names if name not in (input_map or {})]
    if missing:
        raise ValueError(
            f"Graph contains unbound inputs: {','.join(names)}. Must provide these inputs through input_map."
        )


def saver_of(meta: Any, import_scope: str | None, variables: dict[str, Any]) -> Any:
    """Return a Saver for what was imported; None if it has no variables.

    Args:
        meta: The `MetaGraphDef`.
        import_scope: As it was given.
        variables: What was imported, by name.
    """
    saver = exported("train.Saver")
    if meta.HasField("saver_def"):
        scope = import_scope
        if variables:
            key, variable = next(iter(variables.items()))
            scope = variable.name[: -len(key)]
        return saver.from_proto(meta.saver_def, import_scope=scope or None)
    from onevar.v1.variable_collections import all_saveable_objects

    return saver() if all_saveable_objects(scope=import_scope) else None
