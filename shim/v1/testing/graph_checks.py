"""Comparisons of graphs for tests, as `tensorflow.python.framework.test_util` has them."""

import re
from typing import Any

from onevar.v1 import export

_SHARDED = re.compile(rb"_temp_[0-9a-z]{32}/part")
_TABLE = re.compile(rb"hash_table_[0-9a-z\-]+")


def assert_ops_in_graph(expected_ops: dict[str, str], graph: Any) -> dict[str, Any]:
    """Return nodes of a graph by name.

    Args:
        expected_ops: Types by name.
        graph: The graph.

    Raises:
        ValueError: One is not there, or of another type.
    """
    found = {}
    for node in graph.as_graph_def().node:
        if node.name in expected_ops:
            wanted = expected_ops[node.name]
            if wanted != node.op:
                raise ValueError(f"Expected op for node {node.name} is different. {wanted} vs {node.op}")
            found[node.name] = node
    if set(expected_ops) != set(found):
        raise ValueError(f"Not all expected ops are present. Expected {expected_ops.keys()}, found {found.keys()}")
    return found


def assert_equal_graph_def(
    actual: Any, expected: Any, checkpoint_v2: bool = False, hash_table_shared_name: bool = False
) -> None:
    """Fail unless two `GraphDef`s have the same nodes; their order, and that of control inputs, does not matter.

    Args:
        actual: One.
        expected: The other.
        checkpoint_v2: Whether names of temporary files, which are random, are left out.
        hash_table_shared_name: Whether the shared names of tables are.

    Raises:
        AssertionError: They differ.
        TypeError: One is no `GraphDef`.
    """
    for name, value in (("actual", actual), ("expected", expected)):
        if getattr(getattr(value, "DESCRIPTOR", None), "name", None) != "GraphDef":
            raise TypeError(f"Expected tf.GraphDef for {name}, got {type(value).__name__}")
        if checkpoint_v2:
            _strip_sharded(value)
        if hash_table_shared_name:
            _strip_tables(value)
    difference = _difference(actual, expected)
    if difference:
        raise AssertionError(difference)


def assert_equal_graph_def_v2(expected: Any, actual: Any) -> None:
    """Fail unless two `GraphDef`s have the same nodes, whatever is random in them.

    Args:
        expected: One.
        actual: The other.

    Raises:
        AssertionError: They differ.
        TypeError: One is no `GraphDef`.
    """
    assert_equal_graph_def(actual, expected, checkpoint_v2=True, hash_table_shared_name=True)


def _difference(actual: Any, expected: Any) -> str:
    ours, theirs = ({node.name: node for node in graph.node} for graph in (actual, expected))
    for name, node in theirs.items():
        if name not in ours:
            return f"Did not find expected node '{_summary(node)}'"
        difference = _node_difference(ours[name], node)
        if difference:
            return difference
    extra = [name for name in ours if name not in theirs]
    return f"Found unexpected node '{_summary(ours[extra[0]])}'" if extra else ""


def _summary(node: Any) -> str:
    return f"{{{{node {node.name}}}}} = {node.op}[]({', '.join(node.input)})"


def _node_difference(actual: Any, expected: Any) -> str:
    name = expected.name
    if actual.op != expected.op:
        return f"Node named '{name}' has op '{actual.op}' that is not expected '{expected.op}'"
    if actual.device != expected.device:
        return f"Node named '{name}' has device '{actual.device}' that is not expected '{expected.device}'"
    if len(actual.input) != len(expected.input):
        return f"Node named '{name}' has {len(actual.input)} inputs instead of expected {len(expected.input)}"
    ours, theirs = (_inputs(node) for node in (actual, expected))
    for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if one != other:
            return f"Node named '{name}' has input {at} '{one}' that doesn't match expected '{other}'"
    return _attr_difference(actual, expected)


def _attr_difference(actual: Any, expected: Any) -> str:
    name = expected.name
    ours, theirs = ({k: v for k, v in node.attr.items() if not k.startswith("_output")} for node in (actual, expected))
    for key, value in theirs.items():
        if key not in ours:
            return f"Node named '{name}' missing expected attr '{key}' value: {value}"
        if ours[key] != value:
            return f"Node named '{name}' has attr '{key}' with value: {ours[key]} that does not match expected: {value}"
    extra = [key for key in ours if key not in theirs]
    return f"Node named '{name}' has unexpected attr '{extra[0]}' with value: {ours[extra[0]]}" if extra else ""


def _inputs(node: Any) -> list[str]:
    """Return a node's inputs, in one spelling, and its control inputs, in one order."""
    data = [name.removesuffix(":0") for name in node.input if not name.startswith("^")]
    return [*data, *sorted(name for name in node.input if name.startswith("^"))]


def _strip_sharded(graph_def: Any) -> None:
    for node in graph_def.node:
        for key in [k for k, v in node.attr.items() if _is_random(v.tensor.string_val)]:
            del node.attr[key]


def _is_random(strings: Any) -> bool:
    return len(strings) == 1 and bool(_SHARDED.match(strings[0]))


def _strip_tables(graph_def: Any) -> None:
    for node in graph_def.node:
        if node.op == "HashTableV2" and "shared_name" in node.attr and _TABLE.match(node.attr["shared_name"].s):
            del node.attr["shared_name"]


def assert_meta_graph_protos_equal(tester: Any, a: Any, b: Any) -> None:
    """Fail unless two `MetaGraphDef`s are equal: graphs, collections, and the rest. Both are cleared of what is equal.

    Args:
        tester: The test case.
        a: One.
        b: The other.
    """
    tester.assertEqual(set(a.collection_def), set(b.collection_def))
    for key in a.collection_def:
        one, other = a.collection_def[key], b.collection_def[key]
        kind = export.exported("python.framework.ops.get_collection_proto_type")(key)
        if kind is None:
            tester.assertEqual(one, other)
            continue
        tester.assertEqual(len(one.bytes_list.value), len(other.bytes_list.value))
        for x, y in zip(one.bytes_list.value, other.bytes_list.value, strict=True):
            tester.assertProtoEquals(kind.FromString(x), kind.FromString(y))
    for field in ("collection_def", "graph_def"):
        if field == "graph_def":
            assert_equal_graph_def(a.graph_def, b.graph_def, checkpoint_v2=True)
            tester.assertProtoEquals(a.graph_def.versions, b.graph_def.versions)
        a.ClearField(field)
        b.ClearField(field)
    tester.assertProtoEquals(a, b)


def get_node_def_from_graph(node_name: str, graph_def: Any) -> Any:
    """Return the node of that name, or None.

    Args:
        node_name: The name.
        graph_def: The graph.
    """
    return next((node for node in graph_def.node if node.name == node_name), None)


def set_producer_version(graph: Any, producer_version: int) -> None:
    """Have a graph say that another version of TensorFlow made it.

    Args:
        graph: The graph, which becomes what it would be if that version's had been imported.
        producer_version: The version.
    """
    versions = export.exported("GraphDef")()
    versions.versions.producer = producer_version
    with graph.as_default():
        export.exported("import_graph_def")(versions)
