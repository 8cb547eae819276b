"""`tf.graph_util`: parts of `GraphDef`s, and variables made constants."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from onevar.core.dtype import as_dtype
from onevar.core.graph_def import as_message, encoded, protos
from onevar.core.graph_def_tensors import tensor_proto
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export

#: Types of operations that are variables.
STORAGE = frozenset(("Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"))
_REFS = {
    "RefSwitch": "Switch", "RefEnter": "Enter", "RefMerge": "Merge", "RefExit": "Exit",
    "RefNextIteration": "NextIteration", "RefIdentity": "Identity",
}  # fmt: skip


def _node_name(text: str) -> str:
    """Return the node's name, of an input as nodes spell it."""
    return text.removeprefix("^").partition(":")[0]


@export("graph_util.must_run_on_cpu")
def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether TensorFlow has no kernel on a GPU for a node: it makes strings, or constants of integers.

    Args:
        node: An operation or a `NodeDef`.
        pin_variables_on_cpu: Whether variables count.
    """
    definition = getattr(node, "node_def", node)
    kind, attrs = definition.op, definition.attr
    if pin_variables_on_cpu and kind in ("Variable", "VariableV2"):
        return True
    if kind == "Const":
        dtype = attrs["dtype"].type
        if dtype == as_dtype("string").as_datatype_enum:
            return True
        if dtype == as_dtype("int32").as_datatype_enum:
            dims = attrs["value"].tensor.tensor_shape.dim
            # Shapes and axes: vectors of up to three, or scalars.
            return len(dims) <= 1 and (not dims or dims[0].size <= 3)
    if kind in ("DynamicStitch", "ParallelDynamicStitch"):
        return attrs["T"].type == as_dtype("int32").as_datatype_enum
    if kind == "Cast":
        return attrs["SrcT"].type == as_dtype("int32").as_datatype_enum
    return False


@export("graph_util.tensor_shape_from_node_def_name")
def tensor_shape_from_node_def_name(graph: Any, input_name: str) -> Any:
    """Return what is known of the shape of a tensor, named as nodes spell their inputs.

    Args:
        graph: The Graph.
        input_name: `"a"` or `"a:1"`.
    """
    name = input_name if ":" in input_name else f"{input_name}:0"
    return graph.get_tensor_by_name(name).get_shape()


@export("graph_util.extract_sub_graph")
def extract_sub_graph(graph_def: Any, dest_nodes: Any) -> Any:
    """Return the nodes that some depend on, as a new `GraphDef`.

    Args:
        graph_def: The message.
        dest_nodes: The names of those nodes.

    Raises:
        TypeError: `graph_def` is no `GraphDef`, or `dest_nodes` a string.
        AssertionError: There is no node of a name.
    """
    message = _graph_def(graph_def)
    if isinstance(dest_nodes, str):
        raise TypeError(f"`dest_nodes` must be a list. Received: dest_nodes={dest_nodes} of type {type(dest_nodes)}.")
    by_name = {node.name: node for node in message.node}
    for name in dest_nodes:
        assert name in by_name, f"{name} is not in graph"
    found: set[str] = set()
    todo = list(dest_nodes)
    while todo:
        name = todo.pop()
        if name in found or name not in by_name:
            continue
        found.add(name)
        todo.extend(_node_name(text) for text in by_name[name].input)
    out = protos().GraphDef()
    out.node.extend([node for node in message.node if node.name in found])
    out.library.CopyFrom(message.library)
    out.versions.CopyFrom(message.versions)
    return out


def _graph_def(value: Any) -> Any:
    try:
        return as_message(value, "GraphDef")
    except TypeError:
        raise TypeError(f"graph_def must be a graph_pb2.GraphDef proto, but got type {type(value)}.") from None


# -- freezing ---------------------------------------------------------------------------------------


@export("graph_util.convert_variables_to_constants")
def convert_variables_to_constants(
    sess: Any, input_graph_def: Any, output_node_names: Any, variable_names_whitelist: Any = None,
    variable_names_blacklist: Any = None,
) -> Any:  # fmt: skip
    """Return the nodes that some depend on, with the values of a Session in place of variables.

    Args:
        sess: The Session.
        input_graph_def: The `GraphDef`.
        output_node_names: The names of the nodes.
        variable_names_whitelist: Only these variables; None is all.
        variable_names_blacklist: These variables stay.

    Raises:
        AssertionError: There is no node of a name.
        FailedPreconditionError: A variable has no value.
        ValueError: A variable is used in a way that a constant cannot be.
    """
    graph_def = extract_sub_graph(input_graph_def, output_node_names)
    by_name = {node.name: node for node in graph_def.node}
    chosen: dict[str, Any] = {}
    for node in graph_def.node:
        if node.op in STORAGE and _is_chosen(node.name, variable_names_whitelist, variable_names_blacklist):
            chosen[node.name] = node
    values = _values(sess, chosen)
    logging.info("Froze %d variables.", len(values))
    handles = {name for name, node in chosen.items() if node.op == "VarHandleOp"}
    passing = _handed_on(by_name, handles)
    out = protos().GraphDef()
    for node in graph_def.node:
        made = out.node.add()
        if node.name in values:
            _constant(made, node, values[node.name])
        elif _root(by_name, node, passing | handles) in handles and node.name not in handles:
            _read(made, node, by_name, passing | handles)
            if node.op == "ResourceGather":
                _axis(out.node.add(), node)
        else:
            made.CopyFrom(node)
    for node in out.node:
        if node.op in _REFS and _frozen(out, node, set(values)):
            node.op = _REFS[node.op]
    out.library.CopyFrom(graph_def.library)
    out.versions.CopyFrom(graph_def.versions)
    return out


def _is_chosen(name: str, whitelist: Any, blacklist: Any) -> bool:
    return (whitelist is None or name in whitelist) and (blacklist is None or name not in blacklist)


def _values(sess: Any, nodes: dict[str, Any]) -> dict[str, Any]:
    names = list(nodes)
    fetches = []
    for name, node in nodes.items():
        if node.op == "VarHandleOp":
            fetches.append(f"{name}/Read/ReadVariableOp:0" if _is_there(sess, f"{name}/Read/ReadVariableOp") else name)
        else:
            fetches.append(f"{name}:0")
    for index, name in enumerate(fetches):
        if ":" not in name:
            fetches[index] = _reader(sess.graph, name)
    return dict(zip(names, sess.run(fetches), strict=True)) if names else {}


def _is_there(sess: Any, name: str) -> bool:
    return sess.graph.find_operation(name) is not None


def _reader(graph: Any, name: str) -> Any:
    """Return a tensor that reads a resource variable."""
    handle = graph.get_tensor_by_name(f"{name}:0")
    found = next((op for op in handle.consumers() if op.type == "ReadVariableOp"), None)
    if found is None:
        raise ValueError(
            f"Cannot find the variable that is an input to the ReadVariableOp: nothing in the graph reads {name!r}."
        )
    return found.outputs[0]


def _handed_on(by_name: dict[str, Any], handles: set[str]) -> set[str]:
    """Return the names of nodes that hand a resource on, as it goes into a branch or loop."""
    found: set[str] = set()
    grown = True
    while grown:
        grown = False
        for name, node in by_name.items():
            inputs = [_node_name(text) for text in node.input[:1]]
            hands_on = node.op in ("Enter", "Switch", "Identity", "NextIteration", "Exit")
            if name not in found and hands_on and inputs and (inputs[0] in handles or inputs[0] in found):
                found.add(name)
                grown = True
    return found


def _root(by_name: dict[str, Any], node: Any, known: set[str]) -> str | None:
    """Return the handle that a node's first input leads back to."""
    while node.input:
        name = _node_name(node.input[0])
        if name not in known:
            return None
        node = by_name[name]
        if node.op == "VarHandleOp":
            return name
    return None


def _constant(made: Any, node: Any, value: Any) -> None:
    made.name, made.op, made.device = node.name, "Const", node.device
    made.attr["dtype"].CopyFrom(node.attr["dtype"])
    made.attr["value"].tensor.CopyFrom(tensor_proto(value, as_dtype(node.attr["dtype"].type).base_dtype))


def _read(made: Any, node: Any, by_name: dict[str, Any], known: set[str]) -> None:
    """Write what takes a resource as what takes its value."""
    made.CopyFrom(node)
    root = by_name[_root(by_name, node, known) or ""]
    kind = root.attr["dtype"]
    if node.op == "ReadVariableOp":
        made.op = "Identity"
        del made.attr["dtype"]
        made.attr["T"].CopyFrom(kind)
    elif node.op == "ResourceGather":
        _gather(made, node, kind)
    elif node.op == "VariableShape":
        made.op = "Shape"
        made.attr["T"].CopyFrom(kind)
    elif node.op in ("Enter", "Switch", "Identity", "NextIteration", "Exit"):
        made.attr["T"].CopyFrom(kind)
    else:
        raise ValueError(
            f"convert_variables_to_constants: {node.name!r} ({node.op}) takes the variable {root.name!r} itself, not "
            "its value; a constant cannot stand for it. Leave it out of what `output_node_names` depend on."
        )


def _gather(made: Any, node: Any, kind: Any) -> None:
    if node.attr["batch_dims"].i:
        raise ValueError(f"batch_dims != 0 is not supported by freeze_graph: {node.name!r}.")
    made.op = "GatherV2"
    for name in list(made.attr):
        if name not in ("Tindices", "_class", "_output_shapes"):
            del made.attr[name]
    made.attr["Tparams"].CopyFrom(kind)
    made.attr["Taxis"].CopyFrom(encoded("type", as_dtype("int32")))
    made.attr["batch_dims"].CopyFrom(encoded("int", 0))
    made.input.insert(2, f"{node.name}/axis")


def _axis(made: Any, node: Any) -> None:
    made.name, made.op, made.device = f"{node.name}/axis", "Const", node.device
    made.attr["dtype"].CopyFrom(encoded("type", as_dtype("int32")))
    made.attr["value"].tensor.CopyFrom(tensor_proto(np.int32(0)))


def _frozen(out: Any, node: Any, names: set[str]) -> bool:
    by_name = {other.name: other for other in out.node}
    while node.input:
        name = _node_name(node.input[0])
        if name in names:
            return True
        node = by_name.get(name)
        if node is None or node.op not in {*_REFS, *_REFS.values()}:
            return False
    return False


# -- taking away what only training needs -----------------------------------------------------------


@export("graph_util.remove_training_nodes")
def remove_training_nodes(input_graph: Any, protected_nodes: Any = None) -> Any:
    """Return a `GraphDef` without CheckNumerics and Identity operations, which inference does not need.

    Args:
        input_graph: The message.
        protected_nodes: Names of nodes that stay.
    """
    message = _graph_def(input_graph)
    kept = set(protected_nodes or ())
    first = _without(message.node, [n for n in message.node if n.op == "CheckNumerics" and n.name not in kept])
    named = {_node_name(text) for node in first for text in node.input if text.startswith("^")}
    switched = {node.name for node in first if node.op in ("Switch", "RefSwitch", "Merge", "RefMerge")}
    gone = [
        node
        for node in first
        if node.op == "Identity" and node.name not in kept and node.name not in named and len(node.input) == 1
        and _node_name(node.input[0]) not in switched
    ]  # fmt: skip
    out = protos().GraphDef()
    out.node.extend(_without(first, gone))
    out.library.CopyFrom(message.library)
    out.versions.CopyFrom(message.versions)
    return out


def _without(nodes: Iterable[Any], gone: Iterable[Any]) -> list[Any]:
    """Return copies of nodes without some, whose users take their first input instead."""
    instead = {node.name: node.input[0] for node in gone}
    found = []
    for node in nodes:
        if node.name in instead:
            continue
        copy = protos().NodeDef()
        copy.CopyFrom(node)
        for index, text in enumerate(copy.input):
            name = _node_name(text)
            while name in instead:
                text = ("^" if text.startswith("^") else "") + instead[name]
                name = _node_name(text)
            copy.input[index] = re.sub(r"^\^(.*):\d+$", r"^\1", text)
        found.append(copy)
    return found
