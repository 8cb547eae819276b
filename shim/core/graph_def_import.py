"""`tf.import_graph_def`: the operations of a `GraphDef` in the default graph."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.func_graph import FuncGraph
from onevar.core.graph_def import PRODUCER, as_message
from onevar.core.graph_def_build import Builder, Scope, default_scope
from onevar.core.graph_def_functions import Library, prepared
from onevar.core.graph_def_nodes import Node, Region, Source
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation, Tensor

_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_>.\-/\\]*$")


def import_graph_def(
    graph_def: Any, input_map: Any = None, return_elements: Any = None, name: str | None = None,
    producer_op_list: Any = None, finish: Callable[[FuncGraph], Any] = lambda body: body,
) -> list[Any] | None:  # fmt: skip
    """Make the operations of a `GraphDef`; see `tf.import_graph_def`.

    Args:
        graph_def: The message, tensorboard's or TensorFlow's own class.
        input_map: What stands for outputs of the nodes, by their names.
        return_elements: Names of nodes and outputs.
        name: What is put before the names; None is `import`, `""` is nothing.
        producer_op_list: The op signatures of who made the message.
        finish: Called with the body of each branch or loop when it is made.

    Returns:
        What `return_elements` names, or None.

    Raises:
        TypeError: An argument is of another kind.
        ValueError: The message contradicts itself or the signatures of its op types.
        NotFoundError: There is no op of a type.
        Unsupported: A branch or loop is not what TensorFlow makes of `tf.cond` and `tf.while_loop`.
    """
    try:
        message = as_message(graph_def, "GraphDef")
    except TypeError:
        raise TypeError("Argument `graph_def` must be a GraphDef proto.") from None
    wanted = _names(return_elements)
    mapped = _map(input_map)
    _check_versions(message)
    with name_scope(name, "import", list(mapped.values())) as scope_name:
        given = {key: _tensor(value) for key, value in mapped.items()}
        return _Import(message, given, scope_name.rstrip("/"), producer_op_list, finish).run(wanted)


def _names(return_elements: Any) -> list[str] | None:
    if return_elements is None:
        return None
    names = tuple(return_elements)
    if not all(isinstance(item, str | bytes) for item in names):
        raise TypeError(f"Argument `return_elements` must be a list of strings. Obtained {return_elements}.")
    return [item.decode() if isinstance(item, bytes) else item for item in names]


def _map(input_map: Any) -> dict[str, Any]:
    if input_map is None:
        return {}
    if not isinstance(input_map, Mapping):
        raise TypeError(f"Argument `input_map` must be a dictionary. Obtained {type(input_map).__name__}")
    if not all(isinstance(key, str | bytes) for key in input_map):
        raise TypeError(
            f"Argument `input_map` must be a dictionary mapping strings to Tensor objects. Received: {input_map}"
        )
    return {key.decode() if isinstance(key, bytes) else key: value for key, value in input_map.items()}


def _tensor(value: Any) -> Any:
    return value if isinstance(value, Tensor | Operation) else convert_to_tensor(value)


def _check_versions(message: Any) -> None:
    versions = message.versions
    if versions.producer < 0:
        raise ValueError(
            f"GraphDef producer version {versions.producer} below min producer 0 supported by TensorFlow 1.15.5.  "
            "Please regenerate your graph."
        )
    if versions.min_consumer > 1 << 20:
        raise ValueError(
            f"GraphDef min consumer version {versions.min_consumer} above current version {PRODUCER} for TensorFlow "
            "1.15.5.  Please upgrade TensorFlow."
        )


def _output(text: str) -> Source | None:
    """Return the output that a name says; None if it is not the name of one."""
    name, colon, index = text.partition(":")
    if not colon:
        return name, 0
    return (name, int(index)) if index.isdigit() else None


class _Import:
    """One import."""

    def __init__(self, message: Any, given: dict[str, Any], prefix: str, producer_op_list: Any, finish: Callable):
        self.message, self.prefix = message, prefix
        self.library = Library(message.library)
        self.given: dict[Source, Tensor] = {}
        self.controls: dict[str, Operation] = {}
        for key, value in given.items():
            if key.startswith("^"):
                self.controls[key[1:]] = value if isinstance(value, Operation) else value.op
            else:
                self.given[_output(key) or (key, 0)] = value
        self.builder = Builder(self.library, finish, _defaults(producer_op_list))
        self.nodes: dict[str, Node] = {}

    def run(self, wanted: Sequence[str] | None) -> list[Any] | None:
        """Make all operations; return those that are wanted."""
        self._read()
        self._check_inputs()
        scope = default_scope(self.builder, prepared(Region(self.nodes)), self.prefix, {})
        self._substitute(scope)
        empty = not scope.graph.operations
        scope.make()
        self._note_versions(getattr(scope.graph, "root", scope.graph), empty)
        return None if wanted is None else [self._element(scope, text) for text in wanted]

    def _note_versions(self, graph: Any, empty: bool) -> None:
        """Let the graph say of itself what holds for all that is in it."""
        given, known = self.message.versions, graph.graph_def_versions
        producer = given.producer if empty else min(given.producer, known.producer)
        graph._versions = type(given)(
            producer=producer,
            min_consumer=max(given.min_consumer, known.min_consumer),
            bad_consumers=sorted({*given.bad_consumers, *known.bad_consumers}),
        )

    def _read(self) -> None:
        for definition in self.message.node:
            if not _NAME.match(definition.name):
                raise ValueError(f"Node '{definition.name}': Node name contains invalid characters")
            if definition.name in self.nodes:
                raise ValueError(f"Node '{definition.name}' is not unique")

            def source(text: str, user: str = definition.name) -> Source:
                found = _output(text)
                if found is None:
                    raise ValueError(f"Node '{user}': Unknown input node '{text}'")
                return found

            self.nodes[definition.name] = Node.of(definition, source)

    def _check_inputs(self) -> None:
        used: set[Source] = set()
        for node in self.nodes.values():
            for source in node.inputs:
                if source in self.given:
                    used.add(source)
                elif source[0] not in self.nodes:
                    text = source[0] if not source[1] else f"{source[0]}:{source[1]}"
                    raise ValueError(f"Node '{node.name}': Unknown input node '{self._spelled(node, source, text)}'")
                else:
                    self._check_output(node, source)
            for name in node.controls:
                if name not in self.nodes and name not in self.controls:
                    raise ValueError(f"Node '{node.name}': Unknown input node '^{name}'")
            self._check_colocation(node)
        unknown = [f"{name}:{index}" for name, index in self.given if not self._is_output((name, index), used)]
        if unknown:
            raise ValueError(f"Attempted to map inputs that were not found in graph_def: [{', '.join(unknown)}]")

    def _spelled(self, node: Node, source: Source, text: str) -> str:
        """Return an input as the message spells it."""
        return next((given for given in node.definition.input if _output(given) == source), text)

    def _is_output(self, source: Source, used: set[Source]) -> bool:
        if source in used:
            return True
        count = self._count(source[0])
        return source[0] in self.nodes and (count is None or source[1] < count)

    def _check_output(self, node: Node, source: Source) -> None:
        count = self._count(source[0])
        if count is not None and source[1] >= count:
            raise ValueError(
                f"Node '{node.name}': Connecting to invalid output {source[1]} of source node {source[0]} which has "
                f"{count} outputs."
            )

    def _count(self, name: str) -> int | None:
        """Return how many outputs a node has, if that is easy to say."""
        from onevar.core.op_defs import UnknownOp, op_def

        if name not in self.nodes:
            return None
        try:
            outputs = op_def(self.nodes[name].definition.op).outputs
        except UnknownOp:
            return None
        return None if any(arg.is_list for arg in outputs) else len(outputs)

    def _check_colocation(self, node: Node) -> None:
        for group in node.definition.attr["_class"].list.s if "_class" in node.definition.attr else ():
            name = group.decode().removeprefix("loc:@")
            if name not in self.nodes:
                raise ValueError(f"Node '{node.name}' expects to be colocated with unknown node '{name}'")

    def _substitute(self, scope: Scope) -> None:
        """Let what `input_map` gives stand for outputs, for all who take them."""
        for source, tensor in self.given.items():
            name = f"^given/{source[0]}:{source[1]}"
            scope.values[name, 0] = tensor
            _redirected(scope.region, source, (name, 0))
        for name, operation in self.controls.items():
            scope.operations[f"^{name}"] = operation
            for node in scope.region.nodes.values():
                node.controls = [f"^{c}" if c == name else c for c in node.controls]

    def _element(self, scope: Scope, text: str) -> Any:
        name, colon, index = text.partition(":")
        if colon and (not index.isdigit()):
            raise ValueError(
                f"Cannot convert '{text}' to a tensor name. Tensor names should not contain more than 1 `:`. Obtained "
                f"{text.count(':')}"
            )
        if not colon:
            if name not in self.nodes:
                raise ValueError(f"Requested return node '{name}' not found in graph def")
            return scope.operation(name)
        source = (name, int(index))
        if source in self.given:
            return self.given[source]
        if name not in self.nodes:
            raise ValueError(f"Requested return tensor '{text}' not found in graph def")
        operation = scope.operations.get(name)
        if source not in scope.values and operation is not None and source[1] >= len(operation.outputs):
            raise ValueError(
                f"Invalid return output {index} of node '{name}', which has {len(operation.outputs)} output(s)"
            )
        return scope.tensor(source)


def _redirected(region: Region, source: Source, target: Source) -> None:
    """Let all nodes of a region take `target` for `source`, those inside branches and loops as well."""
    for node in region.nodes.values():
        node.inputs = [target if given == source else given for given in node.inputs]
        if hasattr(node, "first"):
            node.first = [target if given == source else given for given in node.first]
        for inner in (*getattr(node, "regions", ()), getattr(node, "test", None), getattr(node, "body", None)):
            if isinstance(inner, Region):
                inner.captured = {k: target if v == source else v for k, v in inner.captured.items()}
                _redirected(inner, source, target)


def _defaults(producer_op_list: Any) -> dict[tuple[str, str], Any]:
    if producer_op_list is None:
        return {}
    found = {}
    for definition in as_message(producer_op_list, "OpList").op:
        for attr in definition.attr:
            if attr.HasField("default_value"):
                found[definition.name, attr.name] = attr.default_value
    return found
