"""Nodes of a `GraphDef` as operations of a graph, bodies of branches and loops included."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.core import gradient_steps
from onevar.core.build import outputs_of, recipe_of
from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import as_dtype
from onevar.core.func_graph import ARGUMENT, FuncGraph
from onevar.core.graph_def import shape_of_proto
from onevar.core.graph_def_attrs import checked_inputs, node_attrs
from onevar.core.graph_def_export import PARTS, SEEDED
from onevar.core.graph_def_functions import CALLS, FLOWS, Library
from onevar.core.graph_def_nodes import ALIAS, Branch, Loop, Node, Region, Source
from onevar.core.operation import Operation, Tensor
from onevar.core.spec import Spec
from onevar.core.tensor_shape import TensorShape
from onevar.errors import Unsupported

#: How often the shapes of a loop's variables are looked at again.
_ROUNDS = 3


class Scope:
    """What the names of a region mean.

    Args:
        builder: What makes the operations.
        region: Whose nodes they are.
        graph: Where they are made.
        around: The region around.
        given: Outputs that something else stands for.
        prefix: What is put before the names of operations.
    """

    def __init__(
        self, builder: "Builder", region: Region, graph: Any, around: "Scope | None" = None,
        given: Mapping[Source, Tensor] | None = None, prefix: str | None = None,
    ):  # fmt: skip
        self.builder, self.region, self.graph, self.around = builder, region, graph, around
        self.values: dict[Source, Tensor] = dict(given or {})
        self.operations: dict[str, Operation] = {}
        self.prefix: str | None = prefix if prefix is not None or around is None else around.prefix

    def tensor(self, source: Source) -> Tensor:
        """Return the tensor that an output is.

        Raises:
            Unsupported: It is inside a branch or loop that this is not part of.
        """
        found = self.values.get(source)
        if found is None:
            found = self.values[source] = self._outside(source)
        return found

    def _outside(self, source: Source) -> Tensor:
        region = self.region
        if source in region.arguments:
            return self.graph.arguments[region.arguments[source]]
        operation = self.operations.get(source[0])
        if operation is not None:
            return operation.outputs[source[1]]
        if self.around is None:
            raise Unsupported(
                f"import_graph_def: '{source[0]}:{source[1]}' is used outside of the branch or loop that it is part of."
            )
        return self.graph.capture(self.around.tensor(region.captured.get(source, source)))

    def operation(self, name: str) -> Operation | None:
        """Return what has to run before who comes after a node; None if that is not in this graph."""
        found = self.operations.get(name)
        if found is None and (name, 0) in self.values:
            found = self.values[name, 0].op
        return None if found is None or found.graph is not self.graph or found.type == ARGUMENT else found

    def make(self) -> list[Tensor]:
        """Make all operations; return the results."""
        with self.graph.as_default():
            for node in self.region.order():
                self.builder.make(node, self)
            return [self._result(source) for source in self.region.results]

    def _result(self, source: Source) -> Tensor:
        tensor = self.tensor(source)
        if tensor.dtype._is_ref_dtype or (isinstance(self.graph, FuncGraph) and tensor.op.type == ARGUMENT):
            # A result is a value of its own, taken when the branch runs.
            name = self.builder.unique(self, "result")
            tensor = add(self.graph, "Identity", name, [tensor], {"T": tensor.dtype.base_dtype}).outputs[0]
        return tensor


def add(graph: Any, op_type: str, name: str, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Operation:
    """Make an operation of a known type; its outputs' shapes are inferred.

    Args:
        graph: Where.
        op_type: TensorFlow's.
        name: Complete and unique.
        inputs: Of this graph.
        attrs: All of them.

    Raises:
        ValueError: The shapes of the inputs contradict each other.
    """
    return graph.add(op_type, name, inputs, attrs, outputs_of(recipe_of(op_type), inputs, attrs, name))


class Builder:
    """Makes the operations of one import.

    Args:
        library: The functions that come with the nodes.
        finish: Called with each body that was made.
        defaults: Attributes that the producer of the nodes has and that may be left out, by op type and name.
    """

    def __init__(self, library: Library, finish: Callable[[FuncGraph], Any], defaults: Mapping[tuple[str, str], Any]):
        self.library, self.finish, self.defaults = library, finish, defaults
        #: The names that nodes have in the graph, by theirs.
        self.names: dict[str, str] = {}

    # -- names --------------------------------------------------------------------------------------

    def unique(self, scope: Scope, name: str) -> str:
        """Return the name of a new operation."""
        full = f"{scope.prefix}/{name}" if scope.prefix else name
        root = getattr(scope.graph, "root", scope.graph)
        found, count = full, 0
        while found in root._by_name or f"{found}:0" in root.named_outputs:
            count += 1
            found = f"{full}_{count}"
        root._names.used.setdefault(found.lower(), 1)
        self.names.setdefault(name, found)
        return found

    # -- operations ---------------------------------------------------------------------------------

    def make(self, node: Node, scope: Scope) -> None:
        """Make what a node stands for."""
        if node.type == ALIAS:
            self._alias(node, scope)
        elif isinstance(node, Branch):
            self._branch(node, scope)
        elif isinstance(node, Loop):
            self._loop(node, scope)
        elif node.type in FLOWS or node.type in CALLS or node.type in self.library:
            self._call(node, scope)
        elif node.type == gradient_steps.TYPE and PARTS in node.definition.attr:
            self._gradient(node, scope)
        else:
            self._plain(node, scope)

    def _plain(self, node: Node, scope: Scope) -> None:
        name = self.unique(scope, node.name)
        inputs = [scope.tensor(source) for source in node.inputs]
        attrs = node_attrs(node, self.defaults)
        if any(hasattr(value, "SerializeToString") for value in attrs.values()):
            from onevar.core.graph_def_bodies import read  # functions are made of what is here

            read(self.library, self, node, scope, attrs)
        checked_inputs(node, name, inputs, attrs)
        operation = self.place(node, scope, lambda: add(scope.graph, node.type, name, inputs, attrs))
        _known_shapes(operation, node)

    def place(self, node: Node, scope: Scope, make: Callable[[], Operation]) -> Operation:
        """Make an operation where a node says that it runs, and after what it says that it comes after."""
        graph = scope.graph
        stacks = graph._stacks
        devices, stacks.devices = stacks.devices, []
        try:
            operation = make()
        finally:
            stacks.devices = devices
        definition = node.definition
        if definition is not None:
            operation.device = definition.device
            groups = [item.decode() for item in definition.attr["_class"].list.s] if "_class" in definition.attr else []
            names = [group.removeprefix("loc:@") for group in groups]
            operation.colocation = tuple(sorted({*operation.colocation, *(self._where(n, scope) for n in names)}))
        if devices:
            graph._apply_devices(operation)
        before = [scope.operation(name) for name in node.controls]
        known = set(operation.control_inputs)
        operation.control_inputs.extend(o for o in dict.fromkeys(before) if o is not None and o not in known)
        scope.operations[node.name] = operation
        return operation

    def _where(self, name: str, scope: Scope) -> str:
        return self.names.get(name) or (f"{scope.prefix}/{name}" if scope.prefix else name)

    def _alias(self, node: Node, scope: Scope) -> None:
        tensor = scope.values[node.name, 0] = scope.tensor(node.inputs[0])
        name = self.unique(scope, node.name) if node.name not in self.names else self.names[node.name]
        if tensor._name is None and tensor.op.name != name:
            scope.graph.name_output(tensor, name)
        elif tensor.op.name != name:
            getattr(scope.graph, "root", scope.graph).named_outputs.setdefault(f"{name}:0", tensor)

    def _gradient(self, node: Node, scope: Scope) -> None:
        name = self.unique(scope, node.name)
        given = [scope.tensor(source) for source in node.inputs]
        parts: list[list[Tensor]] = []
        for count in node.definition.attr[PARTS].list.i:
            parts.append(given[sum(map(len, parts)) :][:count])
        xs, ys, seeds, stops = parts
        left = iter(seeds)
        grad_ys = [next(left) if seeded else None for seeded in node.definition.attr[SEEDED].list.i]
        outputs = [_gradient_of(x) for x in xs]
        inputs = [*ys, *seeds, *xs]
        operation = self.place(node, scope, lambda: scope.graph.add(gradient_steps.TYPE, name, inputs, {}, outputs))
        operation.kept = gradient_steps.Request(ys, grad_ys, xs, stops)

    # -- branches and loops -------------------------------------------------------------------------

    def _branch(self, node: Branch, scope: Scope) -> None:
        pred = scope.tensor(node.inputs[0])
        bodies = [self.body(region, scope, f"{node.name}/{side}") for region, side in zip(
            node.regions, ("else", "then"), strict=True)]  # fmt: skip
        self.add_branch(node, scope, pred, bodies[1], bodies[0], node.merges[0].name)

    def add_branch(self, node: Node, scope: Scope, pred: Tensor, then: FuncGraph, other: FuncGraph, name: str) -> None:
        """Make the operation that holds two bodies."""
        outputs = [_merged(a, b) for a, b in zip(then.results, other.results, strict=True)]
        captured = dict.fromkeys(outside for body in (then, other) for outside in body.captures)
        attrs = {"then_branch": then, "else_branch": other}
        full = self.unique(scope, name)
        self.place(node, scope, lambda: scope.graph.add("If", full, [pred, *captured], attrs, outputs))

    def body(
        self, region: Region, scope: Scope, label: str, arguments: Sequence[tuple[Any, Spec]] = (),
        given: Callable[[FuncGraph], Mapping[Source, Tensor]] | None = None, prefix: str | None = None,
    ) -> FuncGraph:  # fmt: skip
        """Return the graph of a region.

        Args:
            region: What it holds.
            scope: Around it.
            label: Its name, for messages.
            arguments: Dtype and spec of each.
            given: Returns what stands for outputs, from the new graph.
            prefix: What is put before names; None is as around.
        """
        graph = FuncGraph(label, scope.graph)
        for dtype, spec in arguments:
            graph.argument(dtype, spec)
        values = given(graph) if given is not None else None
        graph.results = Scope(self, region, graph, scope, values, prefix).make()
        self.finish(graph)
        return graph

    def _loop(self, node: Loop, scope: Scope) -> None:
        first = [scope.tensor(source) for source in node.first]
        name = next((n for n in node.names[:1] if n is not None), node.name)

        def bodies(specs: Sequence[tuple[Any, Spec]]) -> tuple[FuncGraph, FuncGraph]:
            test = self.body(node.test, scope, f"{node.name}/cond", specs)
            return test, self.body(node.body, scope, f"{node.name}/body", specs)

        self.add_loop(node, scope, first, bodies, name)

    def add_loop(
        self, node: Node, scope: Scope, first: Sequence[Tensor],
        bodies: Callable[[Sequence[tuple[Any, Spec]]], tuple[FuncGraph, FuncGraph]], name: str,
    ) -> None:  # fmt: skip
        """Make the operation that holds a loop's condition and body, of shapes that hold in every iteration."""
        specs = [(t.dtype.base_dtype, Spec(t.spec.shape, t.dtype.key)) for t in first]
        names = dict(self.names)
        for _ in range(_ROUNDS):
            test, body = bodies(specs)
            wider = [(d, Spec(_common(s.shape, r.spec.shape), s.dtype)) for (d, s), r in zip(
                specs, body.results, strict=True)]  # fmt: skip
            if [spec.shape for _, spec in wider] == [spec.shape for _, spec in specs]:
                break
            specs = wider
            self._forget(test, body)
            self.names = dict(names)
        captured = dict.fromkeys(outside for graph in (test, body) for outside in graph.captures)
        attrs = {"cond": test, "body": body}
        full = self.unique(scope, name)
        self.place(node, scope, lambda: scope.graph.add("While", full, [*first, *captured], attrs, specs))

    def _forget(self, *graphs: FuncGraph) -> None:
        """Let the names of operations be free again, which are made anew."""
        for graph in graphs:
            root: Any = graph.root
            root.named_outputs = {k: t for k, t in root.named_outputs.items() if t.op.graph is not graph}
            for op in graph.operations:
                if root._by_name.get(op.name) is op:
                    del root._by_name[op.name]
                for value in op.attrs.values():
                    if isinstance(value, FuncGraph):
                        self._forget(value)

    def _call(self, node: Node, scope: Scope) -> None:
        self.library.make(self, node, scope)


def _gradient_of(x: Tensor) -> tuple[Any, Spec]:
    spec = x.spec
    if x.dtype.key == "resource" and isinstance(spec.value, Spec):
        spec = spec.value
    return as_dtype(spec.dtype), Spec(spec.shape, spec.dtype)


def _common(first: Any, second: Any) -> Any:
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))


def _merged(a: Tensor, b: Tensor) -> tuple[Any, Spec]:
    return a.dtype.base_dtype, Spec(_common(a.spec.shape, b.spec.shape), a.dtype.key)


def _known_shapes(operation: Operation, node: Node) -> None:
    """Add what the nodes say of shapes, where that is more than is known here."""
    shapes = node.definition.attr["_output_shapes"].list.shape if "_output_shapes" in node.definition.attr else ()
    for tensor, message in zip(operation.outputs, shapes, strict=False):
        if tensor.spec.shape is not None and None not in tensor.spec.shape:
            continue
        shape = shape_of_proto(message)
        if shape.ndims is not None and shape.is_compatible_with(TensorShape.of(tensor.spec.shape)):
            tensor.set_shape(shape)


def default_scope(builder: Builder, region: Region, prefix: str, given: Mapping[Source, Tensor]) -> Scope:
    """Return the scope of what is imported into the default graph."""
    return Scope(builder, region, get_default_graph(), None, given, prefix)
