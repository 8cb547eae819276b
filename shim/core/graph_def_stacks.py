"""Stacks, with which the gradients of TensorFlow 1's loops keep values, as TensorArrays.

What the loop pushes in an iteration is written at the iteration's number, which TensorFlow counts for the gradients;
what the gradients' loop pops, the last first, is read at the number that they count down to.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.dtype import as_dtype
from onevar.core.graph_def import encoded, protos
from onevar.core.graph_def_nodes import Node, Source
from onevar.core.graph_def_tensors import tensor_proto

#: How the nodes that write end: a variable of a loop that needs them is there for gradients only.
WRITES = "/stack_write"


def with_arrays(nodes: dict[str, Node], frames: Mapping[str, tuple[str, ...]]) -> dict[str, Node]:
    """Return nodes with TensorArrays in place of stacks, of which values are pushed in every iteration of one loop.

    Args:
        nodes: By name.
        frames: The frame that each is in.
    """
    stacks = [name for name, node in nodes.items() if node.type == "StackV2" and not frames[name]]
    if not stacks:
        return nodes
    out = dict(nodes)
    loops = _Loops(nodes, frames)
    for name in stacks:
        stack = _Stack(name, out, loops)
        if stack.ready:
            stack.replace()
    for node in nodes.values():
        if node.type == "TensorArrayV3":
            # The loop that runs for gradients reads them again.
            definition = protos().NodeDef()
            definition.CopyFrom(node.definition)
            definition.attr["clear_after_read"].b = False
            out[node.name] = Node(node.name, node.type, node.inputs, node.controls, definition)
    return out


class _Loops:
    """What is looked up of the loops' nodes."""

    def __init__(self, nodes: dict[str, Node], frames: Mapping[str, tuple[str, ...]]):
        self.frames = frames
        self.tests = {frames[name]: node for name, node in nodes.items() if node.type == "LoopCond"}
        self.merges = {
            source[0]: node for node in nodes.values() if node.type == "Merge" for source in node.inputs
        }  # by what comes in
        self.users: dict[str, list[Node]] = {}
        for node in nodes.values():
            for name, _ in node.inputs:
                self.users.setdefault(name, []).append(node)


class _Stack:
    """One stack."""

    def __init__(self, name: str, nodes: dict[str, Node], loops: _Loops):
        self.name, self.nodes, self.loops = name, nodes, loops
        self.dtype = as_dtype(nodes[name].definition.attr["elem_type"].type)
        enters = [node for node in loops.users.get(name, []) if node.type == "Enter"]
        users = [(enter, node) for enter in enters for node in loops.users.get(enter.name, [])]
        self.pushes = [(enter, node) for enter, node in users if node.type == "StackPushV2"]
        self.pops = [(enter, node) for enter, node in users if node.type == "StackPopV2"]
        self.counter = self._counter() if len(self.pushes) == 1 else None
        down = [self._down(loops.frames[node.name]) for _, node in self.pops]
        self.down: list[Source] = [source for source in down if source is not None]
        #: Whether it is used as the gradients of a plain loop use it.
        self.ready = self.counter is not None and len(self.down) == len(down) and len(users) == len(self.pushes + down)

    def _counter(self) -> Node | None:
        """Return the node that hands the number of iterations on, when the value has been pushed."""
        push = self.pushes[0][1]
        found = [n for n in self.nodes.values() if n.type == "NextIteration" and push.name in n.controls]
        one = found[0] if len(found) == 1 and found[0].name in self.loops.merges else None
        return one if one is not None and self.nodes[one.inputs[0][0]].type in ("Add", "AddV2") else None

    def _down(self, frame: tuple[str, ...]) -> Source | None:
        """Return the number that a gradients' loop is at: what it counts down to in this iteration."""
        test = self.loops.tests.get(frame)
        compared = None if test is None else self.nodes[test.inputs[0][0]]
        if compared is None or compared.type != "GreaterEqual":
            return None
        merge = self.nodes[compared.inputs[0][0]]
        for name, _ in merge.inputs if merge.type == "Merge" else ():
            following = self.nodes[name]
            if following.type == "NextIteration" and self.nodes[following.inputs[0][0]].type == "Sub":
                return following.inputs[0]
        return None

    def replace(self) -> None:
        """Put the array in the stack's place."""
        name, (enter, push), counter = self.name, self.pushes[0], self.counter
        assert counter is not None
        kind, scalar = ("type", self.dtype), ("type", dtypes.float32)
        zero = np.array(0, np.int32)
        size = self._node(f"{name}/size", "Const", [], dtype=("type", dtypes.int32), value=("tensor", zero))
        self._node(
            name, "TensorArrayV3", [size], dtype=kind, dynamic_size=("bool", True), clear_after_read=("bool", False),
            identical_element_shapes=("bool", False),
        )  # fmt: skip
        frame = enter.definition.attr["frame_name"].s
        first = self._enter(f"{name}/flow_enter", (name, 1), frame, constant=False)
        following = f"{name}/flow_next"
        merge = self._node(f"{name}/flow_merge", "Merge", [first, (following, 0)], T=scalar, N=("int", 2))
        test = self.loops.tests[self.loops.frames[push.name]]
        switch = self._node(f"{name}/flow_switch", "Switch", [merge, (test.name, 0)], T=scalar)
        index = self.nodes[counter.inputs[0][0]].inputs[0]
        written = self._node(
            name + WRITES, "TensorArrayWriteV3", [(enter.name, 0), index, push.inputs[1], (switch[0], 1)], T=kind
        )
        self._node(following, "NextIteration", [written], T=scalar)
        last = self._node(f"{name}/flow_exit", "Exit", [switch], T=scalar)
        controls = [written[0] if c == push.name else c for c in counter.controls]
        self.nodes[counter.name] = Node(counter.name, counter.type, counter.inputs, controls, counter.definition)
        self.nodes[push.name] = Node(push.name, "Identity", [push.inputs[1]], push.controls, self._bare(push, T=kind))
        for at, ((inside, pop), number) in enumerate(zip(self.pops, self.down, strict=True)):
            flow = self._enter(f"{name}/flow_enter_{at}", last, inside.definition.attr["frame_name"].s, constant=True)
            definition = self._bare(pop, dtype=kind)
            self.nodes[pop.name] = Node(
                pop.name, "TensorArrayReadV3", [(inside.name, 0), number, flow], pop.controls, definition
            )

    def _enter(self, name: str, source: Source, frame: bytes, constant: bool) -> Source:
        return self._node(
            name, "Enter", [source], T=("type", dtypes.float32), frame_name=("string", frame),
            is_constant=("bool", constant),
        )  # fmt: skip

    def _bare(self, node: Node, **attrs: tuple[str, Any]) -> Any:
        """Return a `NodeDef` with these attributes, at the place of another node."""
        made = protos().NodeDef(name=node.name, device=node.definition.device)
        for key, (kind, value) in attrs.items():
            made.attr[key].CopyFrom(encoded(kind, value))
        return made

    def _node(self, name: str, op_type: str, inputs: list[Source], **attrs: tuple[str, Any]) -> Source:
        definition = protos().NodeDef(name=name, op=op_type)
        for key, (kind, value) in attrs.items():
            if kind == "tensor":
                definition.attr[key].tensor.CopyFrom(tensor_proto(value))
            else:
                definition.attr[key].CopyFrom(encoded(kind, value))
        self.nodes[name] = Node(name, op_type, inputs, (), definition)
        return name, 0
