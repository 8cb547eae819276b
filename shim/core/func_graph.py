"""Bodies of control-flow operations: graphs inside a graph."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.dtype import DType
from onevar.core.graph import Graph
from onevar.core.operation import Operation, Tensor
from onevar.core.spec import Spec

#: The op type of what stands for a value from outside.
ARGUMENT = "_Arg"


class FuncGraph(Graph):
    """The body of a branch or loop: it has inputs and outputs, and takes what it needs from the graph around it.

    Names, seeds, collections and scopes are those of the graph around it: what a program makes inside
    `tf.cond` is found where TensorFlow 1, with its flat graphs, has it.

    Attributes:
        name: For messages.
        arguments: What the operation hands in, in order.
        captures: Tensor of the graph around to what stands for it here.
        results: The tensors handed out.
    """

    def __init__(self, name: str, outer: Graph):
        super().__init__()
        self.name = name
        self.outer = outer
        self.arguments: list[Tensor] = []
        self.captures: dict[Tensor, Tensor] = {}
        self.results: list[Tensor] = []
        #: Whether writes happen that no result depends on.
        self.runs_everything = False
        #: Operations outside that something in the body was told to run after.
        self.outside_controls: dict[Operation, None] = {}
        self._stacks.devices = list(outer._stacks.devices)
        self._stacks.gradient_overrides = dict(outer._stacks.gradient_overrides)
        root = outer
        self._names = root._names
        self._serial = root._serial
        self._collections = root._collections
        self.creator_stack = root.creator_stack
        self.building_function = False

    @property
    def seed(self) -> int | None:  # type: ignore[override]
        """The graph-level seed of the graph around it."""
        return self.outer.seed if self.outer is not None else None

    @seed.setter
    def seed(self, value: int | None) -> None:
        # Graph's constructor sets None before there is a graph around.
        if self.outer is not None:
            self.outer.seed = value

    @property
    def root(self) -> Graph:
        """The outermost graph, or the function that it is part of."""
        graph: Graph = self
        while graph.outer is not None and not graph.isolated:
            graph = graph.outer
        return graph

    def argument(self, dtype: DType, spec: Spec, name: str = "arg") -> Tensor:
        """Add an input."""
        tensor = self._stand_in(dtype, spec, name)
        self.arguments.append(tensor)
        return tensor

    def _stand_in(self, dtype: DType, spec: Spec, name: str) -> Tensor:
        stacks, before = self._stacks, self._stacks.controls
        stacks.controls = []
        try:
            operation = Operation(self, ARGUMENT, f"{self.name}/{name}", (), (), {}, ((dtype, spec),))
        finally:
            stacks.controls = before
        self.operations.append(operation)
        return operation.outputs[0]

    def capture(self, tensor: Tensor) -> Tensor:
        """Return what stands here for `tensor`, of this graph or one around it.

        Raises:
            ValueError: It belongs to another graph.
        """
        if tensor.op.graph is self:
            return tensor
        found = self.captures.get(tensor)
        if found is None:
            assert self.outer is not None
            outside = self.outer.capture(tensor)
            found = self.captures.get(outside)
            if found is None:
                found = self._stand_in(tensor.dtype, tensor.spec, f"captured_{tensor.op.name}")
                found.op.kept = outside
                self.captures[outside] = found
        return found

    def _controls_for(self, inputs: Sequence[Tensor]) -> list[Operation]:
        """Leave to the operation around what is outside: a body runs after all of that."""
        found = super()._controls_for(inputs)
        self.outside_controls.update((op, None) for op in found if op.graph is not self)
        return [op for op in found if op.graph is self]

    def add(
        self,
        op_type: str,
        name: str,
        inputs: Sequence[Tensor],
        attrs: dict[str, Any],
        outputs: Sequence[tuple[DType, Spec]],
    ) -> Operation:
        """As `Graph.add`; what is made here can be found by name, but neither fed nor fetched."""
        operation = super().add(op_type, name, inputs, attrs, outputs)
        root = self.root
        root._by_name[name] = operation
        root._unfetchable.add(operation)
        root.version += 1
        return operation


def trace(
    name: str, outer: Graph, function: Callable[..., Any], arguments: Sequence[Any] = ()
) -> tuple[FuncGraph, Any]:
    """Call `function` with stand-ins for `arguments` in a new body; return the body and what was returned.

    Args:
        name: Of the body.
        outer: The graph around it.
        function: Builds operations.
        arguments: Whose dtypes and shapes the stand-ins have.
    """
    body = FuncGraph(name, outer)
    with body.as_default():
        # Control dependencies around the operation are the operation's own.
        stand_ins = [body.argument(t.dtype, t.spec) for t in arguments]
        returned = function(*stand_ins)
    return body, returned
