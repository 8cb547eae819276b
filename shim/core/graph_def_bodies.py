"""Functions that are attributes of operations, those of datasets, in the library of a `GraphDef`; and read from it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onevar.core.data.functions import FunctionGraph, HostFunction
from onevar.core.dtype import as_dtype
from onevar.core.func_graph import ARGUMENT
from onevar.core.graph_def import encoded, plain, protos, shape_of_proto
from onevar.core.graph_def_export import Exporter
from onevar.core.graph_def_nodes import Node, Source
from onevar.core.infer import group
from onevar.core.op_defs import op_def
from onevar.core.operation import Tensor
from onevar.core.spec import Spec
from onevar.core.tensor_shape import TensorShape

if TYPE_CHECKING:
    from onevar.core.graph_def_build import Builder, Scope
    from onevar.core.graph_def_functions import Library


def write(function: HostFunction, exporter: Exporter) -> None:
    """Add a function to the library, once.

    Args:
        function: The function.
        exporter: Where to.
    """
    library = exporter.functions
    if function.name in library:
        return
    graph = function.graph
    out = protos().FunctionDef()
    library[function.name] = out
    out.signature.name = function.name
    inside = Exporter()
    inside.functions = library
    inside.reserve(graph)
    given = [*graph.arguments, *graph.captures.values()]
    for index, tensor in enumerate(given):
        name = inside.unique(f"arg_{index}")
        out.signature.input_arg.add(name=name, type=tensor.dtype.base_dtype.as_datatype_enum)
        shapes = encoded("list(shape)", [TensorShape.of(tensor.spec.shape)])
        out.arg_attr[index].attr["_output_shapes"].CopyFrom(shapes)
        inside.spelled[tensor] = name
    for op in graph.operations:
        if op.type != ARGUMENT:
            inside.operation(op)
    spell = _Spelling(inside.out.node, {arg.name for arg in out.signature.input_arg})
    for index, tensor in enumerate(graph.results):
        name = f"result_{index}"
        out.signature.output_arg.add(name=name, type=tensor.dtype.base_dtype.as_datatype_enum)
        out.ret[name] = spell(inside.spell(tensor))
    for node in inside.out.node:
        made = out.node_def.add()
        made.CopyFrom(node)
        made.input[:] = [spell(text) for text in node.input]
    out.signature.is_stateful = any(op_def(node.op).is_stateful for node in inside.out.node)


class _Spelling:
    """How nodes of a function name their inputs: by the outputs' names."""

    def __init__(self, nodes: Sequence[Any], arguments: set[str]):
        self.nodes, self.arguments = {node.name: node for node in nodes}, arguments

    def __call__(self, text: str) -> str:
        if text.startswith("^") or text in self.arguments:
            return text
        name, _, number = text.partition(":")
        node = self.nodes[name]
        definition = op_def(node.op)
        attrs = {key: plain(value) for key, value in node.attr.items()}
        at = int(number or 0)
        for arg in definition.outputs:
            count = 1
            if arg.number_attr is not None:
                count = attrs[arg.number_attr]
            elif arg.type_list_attr is not None:
                count = len(attrs[arg.type_list_attr])
            if at < count:
                return f"{name}:{arg.name}:{at}"
            at -= count
        raise ValueError(f"{text!r} is no output of {name!r}.")


def read(library: "Library", builder: "Builder", node: Node, scope: "Scope", attrs: dict[str, Any]) -> None:
    """Put functions in the place of their names among the attributes of an operation.

    Args:
        library: Where they are.
        builder: What makes their operations.
        node: The operation's.
        scope: Around it.
        attrs: Its attributes.
    """
    signature = op_def(node.type)
    for attr in signature.attrs.values():
        if attr.kind == "func" and hasattr(attrs.get(attr.name), "SerializeToString"):
            name = attrs[attr.name].name
            if name in library:
                captured = _captured(node, attr.name, [scope.tensor(source) for source in node.inputs], attrs)
                attrs[attr.name] = _function(library, builder, name, scope, captured)


def _captured(node: Node, attr: str, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> list[Tensor]:
    """Return the inputs that an operation hands to the function of an attribute."""
    signature = op_def(node.type)
    groups = dict(zip((arg.name for arg in signature.inputs), group(signature, inputs, attrs), strict=True))
    for name in (f"{attr}_other_arguments", f"{attr}_other_args", "other_arguments", "captured_arguments"):
        if name in groups:
            return list(groups[name])
    return []


def _function(
    library: "Library", builder: "Builder", name: str, scope: "Scope", captured: Sequence[Tensor]
) -> HostFunction:
    from onevar.core.graph_def_build import Scope

    function = library.function(name)
    definition = library.definition(name)
    graph = FunctionGraph(name, scope.graph)
    values: dict[Source, Tensor] = {}
    arguments = len(function.arguments) - len(captured)
    for index, arg in enumerate(definition.signature.input_arg):
        dtype = as_dtype(arg.type)
        if index < arguments:
            said = definition.arg_attr[index].attr["_output_shapes"].list.shape if index in definition.arg_attr else ()
            shape = shape_of_proto(said[0]).tuple if said else None
            values[arg.name, 0] = graph.argument(dtype, Spec(shape, dtype.key))
        else:
            values[arg.name, 0] = graph.capture(captured[index - arguments])
    graph.results = Scope(builder, function.region, graph, None, values, "").make()
    return HostFunction(graph)
