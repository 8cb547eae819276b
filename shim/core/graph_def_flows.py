"""Branches and loops as TensorFlow 1 writes them into a `GraphDef`: Switch and Merge, Enter, NextIteration and Exit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.control_flow import is_functional
from onevar.core.func_graph import ARGUMENT, FuncGraph
from onevar.core.graph_def_export import Exporter
from onevar.core.operation import Operation, Tensor
from onevar.core.reach import needed, writes

#: How many iterations TensorFlow may work at together, where nobody said.
_PARALLEL = 10


def write(exporter: Exporter, op: Operation, pivot: str) -> None:
    """Add the nodes of a branch or loop.

    Args:
        exporter: Where to.
        op: The operation that holds the bodies.
        pivot: The node that a node without inputs comes after.
    """
    (_Branch if op.type in ("If", "StatelessIf") else _Loop)(exporter, op, pivot).write()


def _type(tensor: Tensor) -> tuple[str, Any]:
    return "type", tensor.dtype.base_dtype


def _base(tensor: Tensor) -> str:
    """Return the name of the operation that a captured tensor is from."""
    while tensor.op.type == ARGUMENT and isinstance(tensor.op.kept, Tensor):
        tensor = tensor.op.kept
    return tensor.op.name


class _Flow:
    """What branches and loops have in common."""

    def __init__(self, exporter: Exporter, op: Operation, pivot: str):
        self.out, self.op, self.pivot = exporter, op, pivot
        self.scope = op.name.rpartition("/")[0]
        self.controls = exporter.controls(op.control_inputs)

    def name(self, name: str) -> str:
        """Return a name for a node of the flow's own."""
        return self.out.unique(f"{self.scope}/{name}" if self.scope else name)

    def output_name(self, index: int) -> str:
        """Return the name of the node that stands for an output."""
        if index == 0:
            return self.op.name
        own = self.op.outputs[index]._name or ""
        name = own.rpartition(":")[0]
        return name if own.endswith(":0") and name != self.op.name else self.out.unique(f"{self.op.name}_{index}")

    def body(self, graph: FuncGraph, pivot: str) -> None:
        """Add the nodes of a body, those that what it returns depends on."""
        own = set(graph.operations)
        effects = [op for op in graph.operations if writes(op) or (not op.outputs and op.type != "NoOp")]
        reached = needed([*(t.op for t in graph.results), *(effects if not graph.results else ())], ())
        for op in graph.operations:
            if op in own and op in reached and op.type != ARGUMENT:
                name = None
                if op.name.lower() in self.out.written or is_functional(op):
                    name = op.name if is_functional(op) else self.out.unique(op.name)
                    self._rename(op, name)
                self.out.written.add((name or op.name).lower())
                self.out.operation(op, pivot, name)
        self.effects = effects if not graph.results else []

    def _rename(self, op: Operation, name: str) -> None:
        if name != op.name:
            self.out.stands[op] = [name]
            self.out.spelled.update((t, name if i == 0 else f"{name}:{i}") for i, t in enumerate(op.outputs))


class _Branch(_Flow):
    """`tf.cond`: each value enters a branch through a Switch, and the results are merged."""

    def write(self) -> None:
        """Add the nodes."""
        out, op = self.out, self.op
        pred = out.spell(op.inputs[0])
        boolean = ("type", dtypes.bool)
        switch, self.pred = self.name("Switch"), self.name("pred_id")
        out.node(switch, "Switch", [pred, pred, *self.controls], op.device, T=boolean)
        pivots = [self.name("switch_t"), self.name("switch_f")]
        out.node(pivots[0], "Identity", [f"{switch}:1"], op.device, T=boolean)
        out.node(pivots[1], "Identity", [switch], op.device, T=boolean)
        out.node(self.pred, "Identity", [pred, *self.controls], op.device, T=boolean)
        results, done = [], []
        for side, key in ((1, "then_branch"), (0, "else_branch")):
            graph: FuncGraph = op.attrs[key]
            self._captured(graph, side)
            self.body(graph, pivots[1 - side])
            results.append([out.spell(t) for t in graph.results])
            done.append(out.controls(self.effects))
        names = []
        for index, (tensor, then, other) in enumerate(zip(op.outputs, *results, strict=True)):
            name = self.output_name(index)
            names.append(name)
            out.spelled[tensor] = name
            node = out.node(name, "Merge", [other, then], op.device, N=("int", 2), T=_type(tensor))
            self._described(node, tensor)
        if not op.outputs:
            ends = []
            for side, pivot in enumerate(pivots):
                ends.append(self.name("done"))
                out.node(ends[-1], "Identity", [pivot, *done[side]], op.device, T=boolean)
            names.append(op.name)
            out.node(op.name, "Merge", ends[::-1], op.device, N=("int", 2), T=boolean)
        out.stands[op] = names

    def _described(self, node: Any, tensor: Tensor) -> None:
        if self.out.shapes:
            self.out.describe(node, [tensor])
            node.attr["_output_shapes"].list.shape.add()

    def _captured(self, graph: FuncGraph, side: int) -> None:
        for outside, inside in graph.captures.items():
            name = self.name(f"{_base(outside)}/Switch")
            ref = outside.dtype._is_ref_dtype
            colocated = {"_class": ("list(string)", [f"loc:@{_base(outside)}"])} if self.pivot == "" else {}
            self.out.node(
                name, "RefSwitch" if ref else "Switch", [self.out.spell(outside), self.pred, *self.controls],
                self.op.device, T=_type(outside), **colocated,
            )  # fmt: skip
            self.out.spelled[inside] = f"{name}:{side}" if side else name


class _Loop(_Flow):
    """`tf.while_loop`: a frame into which values Enter, in which they go round, and which they Exit."""

    def write(self) -> None:
        """Add the nodes."""
        out, op = self.out, self.op
        test, body = op.attrs["cond"], op.attrs["body"]
        self.frame = self.name("while_context") if self.scope else self.name("while/while_context")
        count = len(op.outputs)
        enters = [self._enter(self.name("Enter"), out.spell(t), t) for t in op.inputs[:count]]
        self.merges: list[Any] = []
        nexts: list[Any] = []
        for enter, tensor in zip(enters, op.outputs, strict=True):
            self._round(enter, _type(tensor), nexts)
        self._captured((test, body))
        counter = self._counter(nexts)
        for inside, merge in zip(test.arguments, self.merges, strict=False):
            out.spelled[inside] = merge
        self.body(test, self.merges[0])
        proceed = out.spell(test.results[0])
        if counter is not None:
            proceed = self._bounded(proceed, counter)
        loop_cond = self.name("LoopCond")
        out.node(loop_cond, "LoopCond", [proceed], op.device)
        switches, identities = self._switches(loop_cond, counter)
        for inside, identity in zip(body.arguments, identities, strict=False):
            out.spelled[inside] = identity
        self.body(body, identities[0])
        self._next(nexts, [out.spell(t) for t in body.results], identities, counter)
        names = []
        for index, (tensor, switch) in enumerate(zip(op.outputs, switches, strict=False)):
            names.append(self.output_name(index))
            out.spelled[tensor] = names[-1]
            out.describe(out.node(names[-1], "Exit", [switch], op.device, T=_type(tensor)), [tensor])
        out.stands[op] = names

    def _enter(self, name: str, given: str, tensor: Tensor | None, constant: bool = False) -> str:
        dtype = dtypes.int32 if tensor is None else tensor.dtype.base_dtype
        ref = tensor is not None and tensor.dtype._is_ref_dtype and constant
        self.out.node(
            name, "RefEnter" if ref else "Enter", [given, *self.controls], self.op.device, T=("type", dtype),
            frame_name=("string", self.frame), is_constant=("bool", constant),
            parallel_iterations=("int", _PARALLEL),
        )  # fmt: skip
        return name

    def _round(self, enter: str, kind: tuple[str, Any], nexts: list[Any]) -> None:
        """Add the node at which a variable comes from outside or from the iteration before."""
        merge, following = self.name("Merge"), self.name("NextIteration")
        self.out.node(merge, "Merge", [enter, following], self.op.device, N=("int", 2), T=kind)
        self.merges.append(merge)
        nexts.append((following, kind))

    def _captured(self, graphs: Sequence[FuncGraph]) -> None:
        found: dict[Tensor, str] = {}
        for graph in graphs:
            for outside, inside in graph.captures.items():
                if outside not in found:
                    name = self.name(f"{_base(outside)}/Enter")
                    found[outside] = self._enter(name, self.out.spell(outside), outside, constant=True)
                self.out.spelled[inside] = found[outside]

    def _counter(self, nexts: list[Any]) -> tuple[str, Any] | None:
        """Add the variable that counts iterations, where there is a limit; return the limit and its type."""
        limit = self.op.attrs.get("_limit")
        known = self.op.attrs.get("_maximum_iterations")
        if limit is None and known is None:
            return None
        kind = ("type", dtypes.int32 if limit is None else limit.dtype.base_dtype)
        start = self._constant("iteration_counter/start", 0, kind, "")
        if limit is None:
            bound = self._enter(self.name("limit/Enter"), self._constant("limit", known, kind, ""), None, True)
        else:
            bound = self._enter(self.name("limit/Enter"), self.out.spell(limit), limit, True)
        self._round(self._enter(self.name("Enter"), start, limit), kind, nexts)
        return bound, kind

    def _constant(self, name: str, value: Any, kind: tuple[str, Any], pivot: str) -> str:
        made = self.name(name)
        array = np.array(value, kind[1].as_numpy_dtype)
        controls = [f"^{pivot}"] if pivot else ([f"^{self.pivot}"] if self.pivot else [])
        self.out.node(made, "Const", controls, self.op.device, dtype=kind, value=("tensor", array))
        return made

    def _bounded(self, proceed: str, counter: tuple[str, Any]) -> str:
        less, both = self.name("Less"), self.name("LogicalAnd")
        self.out.node(less, "Less", [self.merges[-1], counter[0]], self.op.device, T=counter[1])
        self.out.node(both, "LogicalAnd", [less, proceed], self.op.device)
        return both

    def _switches(self, loop_cond: str, counter: Any) -> tuple[list[str], list[str]]:
        kinds = [_type(t) for t in self.op.outputs] + ([counter[1]] if counter is not None else [])
        switches, identities = [], []
        for merge, kind in zip(self.merges, kinds, strict=True):
            switches.append(self.name("Switch"))
            self.out.node(switches[-1], "Switch", [merge, loop_cond], self.op.device, T=kind)
            identities.append(self.name("Identity"))
            self.out.node(identities[-1], "Identity", [f"{switches[-1]}:1"], self.op.device, T=kind)
        return switches, identities

    def _next(self, nexts: list[Any], results: list[str], identities: list[str], counter: Any) -> None:
        if counter is not None:
            one = self._constant("add/y", 1, counter[1], identities[0])
            results.append(self.name("add"))
            self.out.node(results[-1], "Add", [identities[-1], one], self.op.device, T=counter[1])
        for (name, kind), result in zip(nexts, results, strict=True):
            self.out.node(name, "NextIteration", [result], self.op.device, T=kind)
