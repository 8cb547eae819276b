"""Switch and Merge operations of TensorFlow 1's conditionals as branches that hold regions.

Each node runs under conditions: what a Switch hands on runs where its predicate is true, or where it is false, and a
Merge takes one of them back. All Merges of one predicate become the outputs of one branch, except where one is computed
from another, as in gradients: those become a branch of their own.
"""

from collections.abc import Iterable

import numpy as np

from onevar.core.graph_def import encoded, protos
from onevar.core.graph_def_attrs import expected_types, node_attrs, signature_of
from onevar.core.graph_def_nodes import ALIAS, Branch, Node, Region, Source, closure, is_stateful
from onevar.core.graph_def_tensors import tensor_proto
from onevar.errors import Unsupported

#: For each predicate that a node runs under, whether it is true.
Conditions = dict[Source, int]


def with_branches(region: Region) -> Region:
    """Return a region with a `Branch` for each conditional.

    Args:
        region: Without frames of loops.

    Raises:
        Unsupported: A Merge is not what `tf.cond` makes.
    """
    if not any(node.type in ("Switch", "Merge") for node in region.nodes.values()):
        return region
    return _Conditionals(region).resolved()


class _Conditionals:
    """The conditionals of one region."""

    def __init__(self, region: Region):
        self.region, self.nodes = region, dict(region.nodes)
        self.order = region.order()
        self.under: dict[str, Conditions] = {}
        self.merges: list[tuple[Node, Source]] = []
        #: The branch that each node is in, and on which side.
        self.made: dict[str, tuple[Branch, int]] = {}
        for node in self.order:
            self._look(node)

    # -- conditions ---------------------------------------------------------------------------------

    def _root(self, source: Source) -> Source:
        """Return what a predicate is, behind Identities."""
        while source[0] in self.nodes and self.nodes[source[0]].type == "Identity":
            source = self.nodes[source[0]].inputs[0]
        return source

    def _of(self, source: Source) -> Conditions:
        found = self.under.get(source[0], {})
        node = self.nodes.get(source[0])
        if node is not None and node.type == "Switch":
            return {**found, self._root(node.inputs[1]): source[1]}
        return found

    def _look(self, node: Node) -> None:
        if node.type == "Merge":
            self._merge(node)
            return
        found: Conditions = {}
        sources = [*node.inputs, *((name, -1) for name in node.controls if name in self.nodes)]
        for source in sources:
            if source[1] < 0 and self.nodes[source[0]].type == "Switch":
                continue
            for pred, value in self._of(source).items():
                if found.setdefault(pred, value) != value:
                    raise Unsupported(
                        f"import_graph_def: {node.name!r} would run where {pred[0]!r} is true and where it is false."
                    )
        self.under[node.name] = found

    def _merge(self, node: Node) -> None:
        if len(node.inputs) != 2:
            raise Unsupported(f"import_graph_def: {node.name!r} merges {len(node.inputs)} values; tf.cond merges two.")
        first, second = (self._of(source) for source in node.inputs)
        preds = [pred for pred, value in first.items() if second.get(pred, value) != value]
        if len(preds) != 1:
            raise Unsupported(
                f"import_graph_def: {node.name!r} merges values that are not those of the two branches of one tf.cond."
            )
        self.merges.append((node, preds[0]))
        self.under[node.name] = {p: v for p, v in first.items() if second.get(p) == v}

    # -- branches -----------------------------------------------------------------------------------

    def resolved(self) -> Region:
        """Return the region with branches, and without what runs in none of them."""
        groups: dict[tuple, list[Node]] = {}
        for pred in dict.fromkeys(pred for _, pred in self.merges):
            levels = self._levels({node.name for node, own in self.merges if own == pred})
            for node, own in self.merges:
                if own == pred:
                    around = tuple(sorted(self.under[node.name].items()))
                    groups.setdefault((pred, around, levels[node.name]), []).append(node)
        innermost_first = sorted(groups.items(), key=lambda item: len(item[0][1]), reverse=True)
        for (pred, _, _), merges in innermost_first:
            for together in self._parts(pred, merges):
                self._replace(pred, together)
        kept = {
            name: node
            for name, node in self.nodes.items()
            if node.type not in ("Switch", "Merge") and not self.under.get(name)
        }
        region = self.region
        return Region(kept, region.results, region.arguments, region.captured)

    def _parts(self, pred: Source, merges: list[Node]) -> list[list[Node]]:
        """Return Merges of one predicate by what they share: who looks at one makes nothing run for the others."""
        parts: list[tuple[list[Node], set[str]]] = []
        for merge in merges:
            names: set[str] = set()
            for source in merge.inputs:
                names |= self._inside(pred, self._of(source)[pred], [source]).keys()
            names = {name for name in names if not self._is_pivot(name, pred)}
            same = [part for part in parts if part[1] & names]
            joined = [node for nodes, _ in same for node in nodes]
            parts = [part for part in parts if part not in same]
            parts.append(([*joined, merge], names.union(*(own for _, own in same))))
        return [nodes for nodes, _ in parts]

    def _is_pivot(self, name: str, pred: Source) -> bool:
        node = self.nodes[name]
        if node.type != "Identity" or node.inputs[0][0] not in self.nodes:
            return False
        switch = self.nodes[node.inputs[0][0]]
        return switch.type == "Switch" and self._root(switch.inputs[0]) == pred

    def _inside(self, pred: Source, value: int, results: list[Source]) -> dict[str, Node]:
        """Return the nodes that run where the predicate has a value, to make `results`."""
        return closure(self.nodes, [name for name, _ in results], lambda name: self.under[name].get(pred) != value)

    def _levels(self, merges: set[str]) -> dict[str, int]:
        """Return how many of `merges` one after the other each node depends on."""
        levels: dict[str, int] = {}
        for node in self.order:
            before = max((levels[name] for name in node.needs() if name in levels), default=0)
            levels[node.name] = before
            if node.name in merges:
                # Who depends on it comes one later; it is told apart by its own name.
                levels[node.name] = before + 1
        return levels

    def _replace(self, pred: Source, merges: list[Node]) -> None:
        sides: list[list[Source]] = [[], []]
        for merge in merges:
            for source in merge.inputs:
                sides[self._of(source)[pred]].append(source)
        regions = [self._side(pred, value, results) for value, results in enumerate(sides)]
        regions = [self._once(region, value) for value, region in enumerate(regions)]
        name = merges[0].name + "/branches"
        while name in self.nodes:
            name += "_"
        controls = {name for merge in merges for name in merge.controls}
        branch = Branch(name, pred, regions, merges, controls)
        self.under[name] = self.under[merges[0].name]
        self.nodes[name] = branch
        for value, region in enumerate(regions):
            for inner in region.nodes:
                self.made.setdefault(inner, (branch, value))
        for index, merge in enumerate(merges):
            self.nodes[merge.name] = Node(merge.name, ALIAS, [(name, index)], (), merge.definition)

    def _once(self, region: Region, value: int) -> Region:
        """Return a region that takes over what another branch drew or did, and does not do it again."""
        for name, node in list(region.nodes.items()):
            if name in self.made and is_stateful(node):
                branch, side = self.made[name]
                if side != value or type(node) is not Node:
                    raise Unsupported(f"import_graph_def: {name!r} would run twice, in two branches.")
                del region.nodes[name]
                for source in _outputs(node):
                    region.captured[source] = branch.hand_out(source, side, _nothing(node, source))
        return region

    def _side(self, pred: Source, value: int, results: list[Source]) -> Region:
        """Return what runs where the predicate has a value, to make `results`."""
        captured: dict[Source, Source] = {}

        inside = self._inside(pred, value, results)
        used = [*results, *(source for node in inside.values() for source in node.inputs)]
        for source in used:
            node = self.nodes.get(source[0])
            if node is not None and node.type == "Switch" and self._root(node.inputs[1]) == pred:
                captured[source] = node.inputs[0]
        return Region(_without_pivots(inside, [name for name, _ in results], captured), results, {}, captured)


def _outputs(node: Node) -> list[Source]:
    count = len(expected_types(signature_of(node).outputs, node_attrs(node, {})))
    return [(node.name, index) for index in range(count)]


def _nothing(node: Node, source: Source) -> Node:
    """Return a constant to hand out where a branch was not taken, in place of an output of a node."""
    dtype = expected_types(signature_of(node).outputs, node_attrs(node, {}))[source[1]][0]
    name = f"{node.name}/nothing_{source[1]}"
    definition = protos().NodeDef(name=name, op="Const")
    definition.attr["dtype"].CopyFrom(encoded("type", dtype))
    array = np.zeros((), object if dtype.key == "string" else dtype.as_numpy_dtype)
    definition.attr["value"].tensor.CopyFrom(tensor_proto(array, dtype))
    return Node(name, "Const", [], (), definition)


def _without_pivots(nodes: dict[str, Node], read: Iterable[str], captured: Iterable[Source]) -> dict[str, Node]:
    """Return nodes without those that are only there to be run after, inside the branch."""
    given, wanted = set(captured), set(read)
    wanted.update(source[0] for node in nodes.values() for source in node.inputs)
    pivots = {
        name
        for name, node in nodes.items()
        if node.type == "Identity" and node.inputs[0] in given and name not in wanted and not node.controls
    }
    for node in nodes.values():
        node.controls = [name for name in node.controls if name not in pivots]
    return {name: node for name, node in nodes.items() if name not in pivots}
