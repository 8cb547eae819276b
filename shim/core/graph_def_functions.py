"""Functions that come with a `GraphDef`: branches, loops and calls that name them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onevar.core.func_graph import FuncGraph
from onevar.core.graph_def import plain
from onevar.core.graph_def_conds import with_branches
from onevar.core.graph_def_frames import with_loops
from onevar.core.graph_def_nodes import Node, Region, Source
from onevar.core.op_defs import op_def
from onevar.core.operation import Operation, Tensor
from onevar.core.spec import Spec
from onevar.errors import Unsupported

if TYPE_CHECKING:
    from onevar.core.graph_def_build import Builder, Scope

#: Branches and loops whose bodies are functions.
FLOWS = frozenset(("If", "StatelessIf", "While", "StatelessWhile", "Case", "StatelessCase"))
#: Calls of the function of an attribute.
CALLS = frozenset(("PartitionedCall", "StatefulPartitionedCall"))


def prepared(region: Region) -> Region:
    """Return a region with TensorFlow 1's loops and conditionals as nodes that hold regions.

    Raises:
        Unsupported: They are not what `tf.while_loop` and `tf.cond` make.
    """
    looped = Region(with_loops(region.nodes), region.results, region.arguments, region.captured)
    for node in looped.nodes.values():
        _prepare_inside(node)
    return with_branches(looped)


def _prepare_inside(node: Any) -> None:
    for name in ("test", "body"):
        inner = getattr(node, name, None)
        if isinstance(inner, Region):
            for below in inner.nodes.values():
                _prepare_inside(below)
            setattr(node, name, with_branches(inner))


class Function:
    """A function of a library.

    Args:
        definition: The `FunctionDef`.
        library: Where functions that it calls are.

    Attributes:
        name: Its name.
        arguments: The names of its arguments.
        region: What it does.
        effects: The names of nodes that run although nobody uses what they make.
    """

    def __init__(self, definition: Any, library: "Library"):
        self.name: str = definition.signature.name
        self.arguments = [arg.name for arg in definition.signature.input_arg]
        self._library = library
        self._outputs = {node.name: node for node in definition.node_def}
        nodes = {node.name: Node.of(node, self._source) for node in definition.node_def}
        results = [self._source(definition.ret[arg.name]) for arg in definition.signature.output_arg]
        self.effects = list(definition.control_ret.values())
        self.region = prepared(Region(nodes, results))

    def _source(self, text: str) -> Source:
        name, _, rest = text.partition(":")
        if not rest:
            return name, 0
        output, _, index = rest.partition(":")
        if not index:
            return name, int(output)
        node = self._outputs[name]
        return name, self._library.offset(node, output) + int(index)

    def passed_on(self) -> dict[int, int]:
        """Return which results are arguments as they came, and which argument each is."""
        at = {(name, 0): index for index, name in enumerate(self.arguments)}
        found = {}
        for index, source in enumerate(self.region.results):
            while source[0] in self.region.nodes and self.region.nodes[source[0]].type == "Identity":
                source = self.region.nodes[source[0]].inputs[0]
            if source in at:
                found[index] = at[source]
        return found


class Library:
    """The functions of a `GraphDef`.

    Args:
        message: The `FunctionDefLibrary`.
    """

    def __init__(self, message: Any):
        self._definitions = {function.signature.name: function for function in message.function}
        self._made: dict[str, Function] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._definitions

    def function(self, name: str) -> Function:
        """Return a function.

        Raises:
            ValueError: There is none of that name.
        """
        if name not in self._definitions:
            raise ValueError(f"import_graph_def: function {name!r} is not in the graph's library.")
        if name not in self._made:
            self._made[name] = Function(self._definitions[name], self)
        return self._made[name]

    def definition(self, name: str) -> Any:
        """Return the `FunctionDef` of a function."""
        return self._definitions[name]

    def offset(self, node: Any, output: str) -> int:
        """Return at which of a node's outputs the argument `output` of its signature begins."""
        if node.op in self._definitions:
            names = [arg.name for arg in self._definitions[node.op].signature.output_arg]
            return names.index(output)
        position = 0
        for arg in op_def(node.op).outputs:
            if arg.name == output:
                return position
            if arg.number_attr is not None:
                position += node.attr[arg.number_attr].i
            elif arg.type_list_attr is not None:
                position += len(node.attr[arg.type_list_attr].list.type)
            else:
                position += 1
        raise ValueError(f"import_graph_def: {node.op} has no output {output!r}, which {node.name!r} is asked for.")

    def make(self, builder: "Builder", node: Node, scope: "Scope") -> None:
        """Make what a node that names functions stands for.

        Raises:
            Unsupported: It is of a kind that is not read.
        """
        if node.type in ("If", "StatelessIf"):
            self._branch(builder, node, scope)
        elif node.type in ("While", "StatelessWhile"):
            self._loop(builder, node, scope)
        elif node.type in ("Case", "StatelessCase"):
            raise Unsupported(
                f"import_graph_def: {node.name!r} is a {node.type} operation, which is not read. tf.case and "
                "tf.switch_case of TensorFlow 1 make conditionals that are."
            )
        else:
            self._call(builder, node, scope)

    def _named(self, node: Node, attr: str) -> Function:
        return self.function(plain(node.definition.attr[attr]).name)

    def _branch(self, builder: "Builder", node: Node, scope: "Scope") -> None:
        pred, *given = (scope.tensor(source) for source in node.inputs)
        bodies = []
        for attr in ("then_branch", "else_branch"):
            function = self._named(node, attr)
            binding = _Captured(function.arguments, given)
            prefix = f"{scope.prefix}/{node.name}" if scope.prefix else node.name
            bodies.append(builder.body(function.region, scope, f"{node.name}/{attr[:4]}", (), binding, prefix))
            bodies[-1].runs_everything = True  # a function of TensorFlow 2 does all that stands in it
        builder.add_branch(node, scope, pred, bodies[0], bodies[1], node.name)

    def _loop(self, builder: "Builder", node: Node, scope: "Scope") -> None:
        test, body = self._named(node, "cond"), self._named(node, "body")
        inputs = [scope.tensor(source) for source in node.inputs]
        same = {index for index, argument in body.passed_on().items() if argument == index}
        if len(same) == len(inputs):
            same.discard(0)
        moving = [index for index in range(len(inputs)) if index not in same]
        prefix = f"{scope.prefix}/{node.name}" if scope.prefix else node.name

        def bodies(specs: Sequence[tuple[Any, Spec]]) -> tuple[FuncGraph, FuncGraph]:
            made = []
            for function, results in ((test, test.region.results), (body, [body.region.results[i] for i in moving])):
                region = Region(function.region.nodes, results)
                binding = _Captured(function.arguments, inputs, moving)
                made.append(builder.body(region, scope, f"{node.name}/{function.name}", specs, binding, prefix))
                made[-1].runs_everything = True
            return made[0], made[1]

        builder.add_loop(node, scope, [inputs[i] for i in moving], bodies, node.name)
        operation = scope.operations[node.name]
        outputs = dict(zip(moving, operation.outputs, strict=True))
        self._publish(scope, node, [outputs.get(i, inputs[i]) for i in range(len(inputs))], operation)

    def _publish(self, scope: "Scope", node: Node, results: Iterable[Tensor], operation: Operation) -> None:
        root = getattr(scope.graph, "root", scope.graph)
        for index, tensor in enumerate(results):
            scope.values[node.name, index] = tensor
            root.named_outputs[f"{operation.name}:{index}"] = tensor

    def _call(self, builder: "Builder", node: Node, scope: "Scope") -> None:
        """Put a function's operations where it is called."""
        from onevar.core.graph_def_build import Scope, add  # which calls what is here

        function = self._named(node, "f") if node.type in CALLS else self.function(node.type)
        given = {(name, 0): scope.tensor(source) for name, source in zip(function.arguments, node.inputs, strict=True)}
        prefix = f"{scope.prefix}/{node.name}" if scope.prefix else node.name
        inner = Scope(builder, function.region, scope.graph, scope, given, prefix)
        before = [op for op in (scope.operation(name) for name in node.controls) if op is not None]
        with scope.graph.control_dependencies(before):
            results = inner.make()
        effects = [op for op in (inner.operation(name) for name in function.effects) if op is not None]
        name = builder.unique(scope, node.name)
        with scope.graph.control_dependencies(effects):
            if results and not any(t.dtype.key in ("resource", "variant") for t in results):
                attrs = {"T": [t.dtype.base_dtype for t in results]}
                made = builder.place(node, scope, lambda: add(scope.graph, "IdentityN", name, results, attrs))
                results = made.outputs
            else:
                made = builder.place(node, scope, lambda: add(scope.graph, "NoOp", name, (), {}))
        self._publish(scope, node, results, made)


class _Captured:
    """Binds a function's arguments to what the operation is given, except those that are the body's own."""

    def __init__(self, names: Sequence[str], inputs: Sequence[Tensor], own: Sequence[int] = ()):
        self.names, self.inputs, self.own = names, inputs, list(own)

    def __call__(self, graph: FuncGraph) -> Mapping[Source, Tensor]:
        found: dict[Source, Tensor] = {}
        for index, name in enumerate(self.names):
            if index in self.own:
                found[name, 0] = graph.arguments[self.own.index(index)]
            else:
                found[name, 0] = graph.capture(self.inputs[index])
        return found
