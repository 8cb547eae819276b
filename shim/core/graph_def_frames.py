"""Frames of TensorFlow 1's loops, Enter to Exit, as loops that hold regions."""

from collections.abc import Iterable

from onevar.core.graph_def_nodes import ALIAS, Loop, Node, Region, Source, closure, is_stateful
from onevar.core.graph_def_stacks import WRITES, with_arrays
from onevar.core.reach import sorted_topologically
from onevar.errors import Unsupported

Frame = tuple[str, ...]
#: What the gradients of a loop keep values with.
_STACKS = frozenset(("StackPushV2", "StackPopV2", "StackPush", "StackPop"))


def with_loops(nodes: dict[str, Node]) -> dict[str, Node]:
    """Return nodes with a `Loop` for each frame; the innermost first.

    Args:
        nodes: By name.

    Raises:
        Unsupported: A frame is not what `tf.while_loop` makes.
    """
    if not any(node.type == "Enter" for node in nodes.values()):
        return nodes
    out = with_arrays(nodes, _frames(nodes))
    frames = _frames(out)
    for frame in sorted(set(frames.values()), key=len, reverse=True):
        if frame:
            members = {name: out[name] for name, own in frames.items() if own == frame and name in out}
            out = {name: node for name, node in out.items() if name not in members}
            for loop, switches in _Frame(frame, members, set(out)).loops():
                out[loop.name] = loop
                frames[loop.name] = frame[:-1]
                _redirect(out, members, loop, switches)
    return out


def _redirect(nodes: dict[str, Node], members: dict[str, Node], loop: Loop, switches: dict[str, int]) -> None:
    """Let the Exits of a loop's variables stand for its outputs."""
    for name, node in list(nodes.items()):
        if node.type != "Exit":
            continue
        last = node.inputs[0][0]
        while last in members and members[last].type == "Identity":
            last = members[last].inputs[0][0]
        if last in switches:
            index = switches[last]
            nodes[name] = Node(name, ALIAS, [(loop.name, index)], (), node.definition)
            loop.names[index] = loop.names[index] or name


def _frames(nodes: dict[str, Node]) -> dict[str, Frame]:
    """Return the frame that each node is in."""

    def before(node: Node) -> list[Node]:
        # Around the loop there is no first node: what comes back does not count.
        back = node.type == "Merge"
        names = [n for n in node.needs() if n in nodes and not (back and nodes[n].type == "NextIteration")]
        return [nodes[name] for name in names]

    position = {name: index for index, name in enumerate(nodes)}
    found: dict[str, Frame] = {}
    for node in sorted_topologically(list(nodes.values()), before, lambda node: position[node.name]):
        around: Frame = max((found[other.name] for other in before(node)), key=len, default=())
        if node.type == "Enter":
            around = (*around, node.definition.attr["frame_name"].s.decode())
        found[node.name] = around[:-1] if node.type == "Exit" else around
    return found


class _Variable:
    """A variable of a loop: the nodes that it goes through."""

    def __init__(self, merge: Node, enter: Source, following: Node):
        self.merge, self.enter, self.following = merge, enter, following
        self.switch: Node | None = None


class _Frame:
    """One frame."""

    def __init__(self, frame: Frame, members: dict[str, Node], others: set[str]):
        self.name, self.nodes, self.others = frame[-1], members, others
        self.enters = {n: node for n, node in members.items() if node.type == "Enter"}
        tests = [node for node in members.values() if node.type == "LoopCond"]
        if len(tests) != 1:
            raise self._unsupported(f"it has {len(tests)} LoopCond operations")
        self.test = tests[0]
        self.variables = self._variables()
        entering = {variable.enter[0] for variable in self.variables}
        self.captured: dict[Source, Source] = {
            (name, 0): node.inputs[0] for name, node in self.enters.items() if name not in entering
        }

    def _unsupported(self, why: str) -> Unsupported:
        return Unsupported(f"import_graph_def: the loop of the frame {self.name!r} is not one of tf.while_loop: {why}.")

    def _variables(self) -> list[_Variable]:
        found: dict[str, _Variable] = {}
        for node in self.nodes.values():
            if node.type == "Merge" and len(node.inputs) == 2:
                sources = sorted(node.inputs, key=lambda s: s[0] in self.nodes and self._is_next(s[0]))
                if self._is_next(sources[1][0]):
                    found[node.name] = _Variable(node, sources[0], self.nodes[sources[1][0]])
        for node in self.nodes.values():
            if node.type == "Switch" and node.inputs[1][0] == self.test.name and node.inputs[0][0] in found:
                found[node.inputs[0][0]].switch = node
        return list(found.values())

    def _is_next(self, name: str) -> bool:
        return name in self.nodes and self.nodes[name].type == "NextIteration"

    def loops(self) -> list[tuple[Loop, dict[str, int]]]:
        """Return what stands for the frame outside, with the variables whose values are looked at there.

        It is one loop; two where a part is only there for TensorFlow's gradients, so that the rest runs without it.
        """
        kept = [v for v in self.variables if not self._for_gradients(v)]
        twice = self._body(kept)
        if not kept or len(kept) == len(self.variables) or any(is_stateful(node) for node in twice.values()):
            return [(self._loop(self.variables, self.name), self._switches(self.variables))]
        rest = {name: i for name, i in self._switches(self.variables).items() if name not in self._switches(kept)}
        return [
            (self._loop(kept, self.name), self._switches(kept)),
            (self._loop(self.variables, f"{self.name}_with_stacks"), rest),
        ]

    @staticmethod
    def _switches(variables: list[_Variable]) -> dict[str, int]:
        return {v.switch.name: i for i, v in enumerate(variables) if v.switch is not None}

    def _for_gradients(self, variable: _Variable) -> bool:
        inside = self._body([variable]).values()
        return any(node.type in _STACKS or node.name.endswith(WRITES) for node in inside)

    def _body(self, variables: Iterable[_Variable]) -> dict[str, Node]:
        leaves = {v.merge.name for v in self.variables} | {v.switch.name for v in self.variables if v.switch}
        targets = [name for v in variables for name in v.following.needs()]
        return closure(self.nodes, targets, lambda name: name in leaves or name in self.enters)

    def _loop(self, variables: list[_Variable], name: str) -> Loop:
        merges: dict[Source, int] = {(v.merge.name, 0): i for i, v in enumerate(variables)}
        leaves = {v.merge.name for v in self.variables}
        result = self.test.inputs[0]
        inside = closure(self.nodes, [result[0]], lambda n: n in leaves or n in self.enters)
        test = Region(inside, [result], dict(merges), dict(self.captured))
        arguments = {**merges, **{(v.switch.name, 1): i for i, v in enumerate(variables) if v.switch}}
        results = [v.following.inputs[0] for v in variables]
        nodes = {n: self._plain(node) for n, node in self._body(variables).items()}
        body = Region(nodes, results, arguments, dict(self.captured))
        controls = [c for enter in self.enters.values() for c in enter.controls]
        first = [self.enters[v.enter[0]].inputs[0] if v.enter[0] in self.enters else v.enter for v in variables]
        unique = name
        while unique in self.others:
            unique += "_"
        return Loop(unique, first, test, body, [None] * len(variables), controls)

    def _plain(self, node: Node) -> Node:
        if node.type != "LoopCond":
            return node
        return Node(node.name, "Identity", node.inputs, node.controls, node.definition)
