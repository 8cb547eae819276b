"""Gradients of rows in a recording, on a framework that computes at once: fewer calls, and no pass over a table twice.

TensorFlow's optimizers add up the rows of one index first, and `Adam` decays, adds to and reads whole tables one
operation at a time. Where nobody looks at what is in between, the rows are added up as the framework does it best, and
Adam's sparse update is its dense one, for a gradient that is zero elsewhere: that is what TensorFlow's operations say.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from onevar.core.frame import Frame, KernelStep, Step
from onevar.core.kernels.scatter_state import check_rows
from onevar.core.state import StateRef
from onevar.core.tape_calls import Call
from onevar.core.tape_updates import MergedStep
from onevar.core.updates import in_place

_ASSIGN = ("Assign", "AssignVariableOp")
_SCATTER = ("ScatterAdd", "ResourceScatterAdd")
_SUBTRACT = ("AssignSub", "AssignSubVariableOp")


class _No(Exception):
    """The operations are not those that are looked for."""


class _Flow:
    """Which call makes which value, and which calls use it."""

    def __init__(self, calls: Sequence[tuple[Step, Call]], keep: Collection[int], constant: Mapping[int, Any]):
        self.calls, self.keep, self.constant = calls, keep, constant
        self.maker: dict[int, int] = {}
        self.users: dict[int, set[int]] = {}
        self.of_ref: dict[int, set[int]] = {}
        for at, (step, _) in enumerate(calls):
            for slot in _reads(step):
                self.users.setdefault(slot, set()).add(at)
                if type(constant.get(slot)) is StateRef:
                    self.of_ref.setdefault(id(constant[slot]), set()).add(at)
            for slot in step.outs:
                self.maker[slot] = at

    def made(self, slot: Any, *types: str) -> tuple[int, KernelStep]:
        """Return the call that makes a value, of one of the op types."""
        at = self.maker.get(slot, -1)
        step = self.calls[at][0] if at >= 0 else None
        if not isinstance(step, KernelStep) or step.operation.type not in types:
            raise _No
        return at, step

    def number(self, slot: Any) -> float:
        """Return a value that is a known number."""
        value = self.constant.get(slot)
        if not isinstance(value, np.ndarray | np.generic) or np.ndim(value) != 0:
            raise _No
        return value.item()

    def ref(self, slot: Any) -> StateRef:
        """Return the variable that a slot stands for."""
        value = self.constant.get(slot)
        if type(value) is not StateRef:
            raise _No
        return value

    def alone(self, group: Collection[int], refs: Collection[StateRef] = ()) -> bool:
        """Whether nobody outside of some calls uses what they make, but for the last, or these variables."""
        last = max(group)
        for at in group:
            for slot in self.calls[at][0].outs if at != last else ():
                if slot in self.keep or not self.users.get(slot, set()) <= set(group):
                    return False
        return all(self.of_ref.get(id(ref), set()) <= set(group) for ref in refs)


def _reads(step: Step) -> set[int]:
    from onevar.core.stages import reads_of  # stages are made of steps as well

    return reads_of(step)


class _Rows:
    """Rows of a gradient, and which they are."""

    def __init__(self, flow: _Flow, grad: Any, indices: Any):
        self.group: list[int] = []
        self.grad, self.indices = grad, indices
        try:
            total, step = flow.made(grad, "UnsortedSegmentSum")
            unique, source = flow.made(indices, "Unique")
        except _No:
            return
        if step.ins[1] == source.outs[1] and {total, unique}.isdisjoint(self.group):
            self.group = [unique, total]
            self.grad, self.indices = step.ins[0], source.ins[0]


class _Adam:
    """The operations of one sparse update of Adam."""

    def __init__(self, flow: _Flow, at: int, step: KernelStep):
        self.flow, self.group = flow, [at]
        self.var = flow.ref(step.ins[0])
        quotient = self._one(step.ins[1], "RealDiv")
        product, total = self._one(quotient.ins[0], "Mul"), self._one(quotient.ins[1], "AddV2")
        self.rate, self.epsilon = product.ins[0], flow.number(total.ins[1])
        root = self._one(total.ins[0], "Sqrt")
        self.m, beta1, grad, rows = self._average(product.ins[1])
        self.v, beta2, squares, again = self._average(root.ins[0])
        square = self._one(squares, "Mul")
        if square.ins != (grad, grad) or rows != again:
            raise _No
        self.beta1, self.beta2 = beta1, beta2
        self.rows = _Rows(flow, grad, rows)
        self.group.extend(self.rows.group)
        if len({id(ref) for ref in (self.var, self.m, self.v)}) < 3 or not flow.alone(self.group, (self.m, self.v)):
            raise _No
        if max(self.group) != at:
            raise _No

    def _one(self, slot: Any, *types: str) -> KernelStep:
        at, step = self.flow.made(slot, *types)
        self.group.append(at)
        return step

    def _average(self, slot: Any) -> tuple[StateRef, float, Any, Any]:
        """Return a slot variable, its decay, what is added to it, and at which rows."""
        flow = self.flow
        step = self._one(slot, "ReadVariableOp", *_SCATTER)
        ref = flow.ref(step.ins[0])
        if step.operation.type == "ReadVariableOp":
            at = self._only(ref, _SCATTER)
            step = flow.calls[at][0]  # type: ignore[assignment]
            self.group.append(at)
        at = self._only(ref, _ASSIGN)
        self.group.append(at)
        decayed = self._one(flow.calls[at][0].ins[1], "Mul")
        decay = flow.number(decayed.ins[1])
        if flow.constant.get(decayed.ins[0]) is not ref:
            read = self._one(decayed.ins[0], "ReadVariableOp")
            if flow.ref(read.ins[0]) is not ref:
                raise _No
        scaled = self._one(step.ins[2], "Mul")
        if abs(flow.number(scaled.ins[1]) - (1 - decay)) > 1e-6 * (1 - decay):
            raise _No
        return ref, decay, scaled.ins[0], step.ins[1]

    def _only(self, ref: StateRef, types: tuple[str, ...]) -> int:
        found = [at for at in self.flow.of_ref.get(id(ref), ()) if self.flow.calls[at][0].operation.type in types]
        if len(found) != 1:
            raise _No
        return found[0]


class _AdamCall:
    """The same update in one pass over the table."""

    def __init__(self, found: _Adam, frame: Frame):
        self.found, self.frame = found, frame
        self.before = [found.flow.calls[at][1] for at in sorted(found.group)]
        flow = found.flow
        self.rate = flow.number(found.rate) if found.rate in flow.constant else None
        self.indices = flow.constant.get(found.rows.indices)

    def __call__(self, env: list) -> None:
        found, k, frame = self.found, self.frame.k, self.frame
        indices = env[found.rows.indices]
        check_rows(k, indices, found.var.shape[0])
        table = k.zeros_like(found.var.read())
        table = k.scatter(table, frame.native(indices), frame.native(env[found.rows.grad]), "add")
        hyper = {
            "lr": env[found.rate] if self.rate is None else self.rate, "beta1_power": 0.0, "beta2_power": 0.0,
            "beta1": found.beta1, "beta2": found.beta2, "epsilon": found.epsilon, "use_nesterov": False,
        }  # fmt: skip
        if not in_place("Adam", [[found.var, found.m, found.v]], [table], hyper):
            for call in self.before:
                call(env)


class _ApplyCall:
    """An update of rows, added up by index."""

    def __init__(self, flow: _Flow, step: KernelStep, rows: _Rows, frame: Frame):
        self.step, self.rows, self.frame = step, rows, frame
        place = step.kernel.fn.signature  # type: ignore[attr-defined]
        self.grad, self.indices = place.grad, place.indices
        self.attrs = {name: value for name, value in step.attrs.items() if name != "repeated"}
        self.sums: Any = frame.adapter.row_sums
        self.arguments = [flow.constant.get(slot, slot) if type(slot) is int else slot for slot in step.ins]
        self.slots = [None if slot in flow.constant else slot for slot in step.ins]
        self.values = [frame.native(value) for value in self.arguments]

    def __call__(self, env: list) -> None:
        native = self.frame.native
        args = [value if slot is None else env[slot] for slot, value in zip(self.slots, self.values, strict=True)]
        sums, rows = self.sums(native(env[self.rows.grad]), native(env[self.rows.indices]))
        args[self.grad], args[self.indices] = sums, rows
        result = self.step.kernel.fn(self.frame.k, *args, **self.attrs)
        for out in self.step.outs:
            env[out] = result


def by_rows(
    calls: list[tuple[Step, Call]], keep: Collection[int], frame: Frame, constant: Mapping[int, Any]
) -> list[tuple[Step, Call]]:
    """Put operations on rows together where that can be done.

    Args:
        calls: What a recording does.
        keep: Slots whose values are wanted afterwards.
        frame: Where it is recorded.
        constant: Values by slot that do not change.
    """
    types = {step.operation.type for step, _ in calls}
    if frame.adapter.row_sums is None or types.isdisjoint({"Unique", *_SCATTER}):
        return calls
    flow = _Flow(calls, keep, constant)
    gone: set[int] = set()
    new: dict[int, tuple[Step, Call]] = {}
    for at, (step, _) in enumerate(calls):
        if not isinstance(step, KernelStep):
            continue
        try:
            group, call = _together(flow, at, step, frame)
        except _No:
            continue
        if gone.isdisjoint(group):
            gone.update(group)
            new[at] = (MergedStep([calls[i][0] for i in sorted(group)]), call)
    return [new.get(at, pair) for at, pair in enumerate(calls) if at not in gone or at in new]


def _together(flow: _Flow, at: int, step: KernelStep, frame: Frame) -> tuple[list[int], Call]:
    if step.operation.type in _SUBTRACT and "Adam" in frame.adapter.updates:
        found = _Adam(flow, at, step)
        return found.group, _AdamCall(found, frame)
    place = getattr(step.kernel.fn, "signature", None)
    if place is None or place.indices is None or not step.attrs.get("repeated"):
        raise _No
    rows = _Rows(flow, step.ins[place.grad], step.ins[place.indices])
    group = [*rows.group, at]
    if not rows.group or max(group) != at or not flow.alone(group):
        raise _No
    return group, _ApplyCall(flow, step, rows, frame)
