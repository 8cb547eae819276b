"""Nodes of a `GraphDef` on their way into a graph: what depends on what, and what became a branch or a loop."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from onevar.core.op_defs import UnknownOp, op_def
from onevar.core.reach import sorted_topologically
from onevar.core.state import READERS

#: An output: the name of its node, and which of its outputs it is.
Source = tuple[str, int]
#: The type of a node that is another name for an output of its input.
ALIAS = "_Alias"
#: Types that have a twin for references.
_REFS = {
    "RefSwitch": "Switch", "RefMerge": "Merge", "RefEnter": "Enter", "RefExit": "Exit",
    "RefNextIteration": "NextIteration",
}  # fmt: skip


class Node:
    """An operation to be made.

    Attributes:
        name: In the `GraphDef`.
        type: TensorFlow's op type; those for references as the others.
        inputs: What it takes.
        controls: Names of the nodes that it comes after.
        definition: The `NodeDef`.
    """

    __slots__ = ("controls", "definition", "inputs", "name", "type")

    def __init__(
        self, name: str, op_type: str, inputs: Sequence[Source], controls: Iterable[str] = (), definition: Any = None
    ):
        self.name, self.type = name, _REFS.get(op_type, op_type)
        self.inputs, self.controls = list(inputs), list(dict.fromkeys(controls))
        self.definition = definition

    @classmethod
    def of(cls, definition: Any, source: Callable[[str], Source]) -> "Node":
        """Return the node of a `NodeDef`.

        Args:
            definition: The message.
            source: From an input as it is spelled there to what it means.
        """
        inputs = [source(text) for text in definition.input if not text.startswith("^")]
        controls = [text[1:] for text in definition.input if text.startswith("^")]
        return cls(definition.name, definition.op, inputs, controls, definition)

    def needs(self) -> list[str]:
        """Return the names of the nodes that come before."""
        return [*(name for name, _ in self.inputs), *self.controls]


def is_stateful(node: Node) -> bool:
    """Whether doing what a node does a second time is not the same; reading a variable is."""
    if node.type in READERS or node.type.startswith(("TensorArray", "Stack")) or node.type == ALIAS:
        return False
    try:
        return op_def(node.type).is_stateful
    except UnknownOp:
        return True


class Region:
    """Nodes that run together: the body of a branch or loop, or a whole graph.

    Attributes:
        nodes: By name.
        results: What is handed out.
        arguments: What stands for which argument.
        captured: What stands for which output outside.
    """

    __slots__ = ("arguments", "captured", "nodes", "results")

    def __init__(
        self, nodes: dict[str, Node], results: Sequence[Source] = (), arguments: dict[Source, int] | None = None,
        captured: dict[Source, Source] | None = None,
    ):  # fmt: skip
        self.nodes, self.results = nodes, list(results)
        self.arguments, self.captured = arguments or {}, captured or {}

    def outside(self) -> list[Source]:
        """Return what it takes from outside."""
        found = list(self.captured.values())
        used = [source for node in self.nodes.values() for source in node.inputs] + self.results
        for source in used:
            if source[0] not in self.nodes and source not in self.arguments and source not in self.captured:
                found.append(source)
        return list(dict.fromkeys(found))

    def order(self) -> list[Node]:
        """Return the nodes so that each comes after what it depends on.

        Raises:
            ValueError: They depend on each other in a circle.
        """
        nodes = list(self.nodes.values())
        position = {node.name: index for index, node in enumerate(nodes)}

        def before(node: Node) -> list[Node]:
            return [self.nodes[name] for name in node.needs() if name in self.nodes]

        return sorted_topologically(nodes, before, lambda node: position[node.name])


class Branch(Node):
    """A branch: the results of one of two regions.

    Attributes:
        regions: For false and for true.
        merges: The nodes that its outputs were.
    """

    __slots__ = ("merges", "regions")

    def __init__(
        self, name: str, pred: Source, regions: Sequence[Region], merges: Sequence[Node], controls: Iterable[str]
    ):
        outside = [source for region in regions for source in region.outside()]
        super().__init__(name, "If", list(dict.fromkeys([pred, *outside])), controls)
        self.regions, self.merges = tuple(regions), tuple(merges)

    def hand_out(self, source: Source, side: int, otherwise: Node) -> Source:
        """Return the output that is what `source` is on one side, and `otherwise` on the other."""
        given, other = self.regions[side], self.regions[1 - side]
        if source not in given.results:
            given.results.append(source)
            other.nodes[otherwise.name] = otherwise
            other.results.append((otherwise.name, 0))
        return self.name, given.results.index(source)


class Loop(Node):
    """A loop.

    Attributes:
        first: The first values of its variables.
        test: The condition.
        body: What happens in an iteration.
        names: The nodes that its outputs were; None where one was not looked at.
    """

    __slots__ = ("body", "first", "names", "test")

    def __init__(
        self, name: str, first: Sequence[Source], test: Region, body: Region, names: Sequence[str | None],
        controls: Iterable[str],
    ):  # fmt: skip
        outside = [source for region in (test, body) for source in region.outside()]
        super().__init__(name, "While", list(dict.fromkeys([*first, *outside])), controls)
        self.first, self.test, self.body, self.names = list(first), test, body, list(names)


def closure(nodes: dict[str, Node], targets: Iterable[str], stop: Callable[[str], bool]) -> dict[str, Node]:
    """Return the nodes that `targets` depend on, in the order of `nodes`.

    Args:
        nodes: Among which.
        targets: Names.
        stop: Whether a name is not to be followed.
    """
    found: set[str] = set()
    todo = list(targets)
    while todo:
        name = todo.pop()
        if name in found or name not in nodes or stop(name):
            continue
        found.add(name)
        todo.extend(nodes[name].needs())
    return {name: node for name, node in nodes.items() if name in found}
