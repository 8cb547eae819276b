"""Recorded loops and branches: their bodies are recorded as a whole plan is, and replayed in each iteration."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.array_steps import ArrayStep
from onevar.core.control_flow import Body, BranchStep, body_of, value_of
from onevar.core.frame import Frame, Step
from onevar.core.func_graph import FuncGraph
from onevar.core.loops import LoopStep
from onevar.core.operation import Operation
from onevar.core.state import StateRef
from onevar.core.tape_calls import HOST, Call, outline, run_calls

#: Operations of TensorArrays whose results are tensors.
READING = frozenset({"TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayConcatV3", "TensorArraySizeV3"})


class Direct(Step):
    """Makes a call where a step is expected, so that an error tells where it happened."""

    __slots__ = ("call",)

    def __init__(self, operation: Operation, call: Call):
        super().__init__(operation, (), ())
        self.call = call

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        self.call(frame.env)


def array_call(step: ArrayStep, frame: Frame) -> Call:
    """Return the call that does what an operation of a TensorArray does."""
    tools, function, attrs, slots = step.tools(frame), step.kernel.fn, step.attrs, step.ins
    store, host, single = step.store, step.host, step.outs[0] if len(step.outs) == 1 else None

    def call(env: list) -> None:
        args = [env[slot] for slot in slots]
        for at, value in enumerate(args):
            if type(value) is StateRef:
                args[at] = value.read()
        for at in host:
            args[at] = frame.host(args[at])
        result = function(tools, *args, **attrs)
        if single is not None:
            env[single] = result
        else:
            store(frame, result)

    return call


class _Tape:
    """One body, recorded for arguments of some shapes."""

    def __init__(
        self, body: Body, outer: Frame, constant: dict[int, Any], arguments: Sequence[Any], captures: Sequence[Any],
        recorder: Callable,
    ):  # fmt: skip
        frame = self.frame = outer.inner(body.slots.count)
        self.body, self.steps = body, body.steps
        for slot, value in zip((*body.arguments, *body.captures), (*arguments, *captures), strict=True):
            frame.env[slot] = value
        recording = recorder(frame, dict(constant))
        recorded = recording.recorded(body.steps)
        self.origins, self.calls = [of for of, _ in recorded], [call for _, call in recorded]
        self.first = [value_of(frame.env[slot]) for slot in body.results]
        self.template = recording.template()
        self.refs = any(type(frame.env[slot]) is StateRef for slot in body.results)
        self.varying = [i for i, slot in enumerate(body.captures) if slot not in constant]
        self.slots = [body.captures[i] for i in self.varying]
        frame.env = []  # the values of this run are not kept
        #: Whether the results are shaped like the arguments, as in the next iteration.
        self.closed = len(self.first) == len(arguments) and all(
            outline(a) == outline(b) for a, b in zip(self.first, arguments, strict=True)
        )

    def __call__(self, arguments: Sequence[Any], captures: Sequence[Any]) -> tuple[list[Any], bool]:
        """Return the results, and whether they are of the shapes that were recorded."""
        env = self.template.copy()
        for slot, value in zip(self.body.arguments, arguments, strict=True):
            env[slot] = value
        for slot, value in zip(self.slots, captures, strict=True):
            env[slot] = value
        frame = self.frame
        before, frame.env = frame.env, env
        try:
            diverged = run_calls(self.calls, self.origins, frame, self.steps)
        finally:
            frame.env = before
        results = [env[slot] for slot in self.body.results]
        return [value_of(value) for value in results] if self.refs else results, not diverged


class _Tapes:
    """The recordings of one body, by the shapes of its arguments."""

    def __init__(
        self, graph: FuncGraph, step: Any, given: Sequence[Any], frame: Frame, constant: dict[int, Any],
        recorder: Callable,
    ):  # fmt: skip
        self.body, self.frame, self.recorder = body_of(graph), frame, recorder
        at = dict(zip(given, step.ins[len(step.ins) - len(given) :], strict=True))
        self.outside = [at[outside] for outside in graph.captures]
        self.constant = {
            inside: constant[slot]
            for inside, slot in zip(self.body.captures, self.outside, strict=True)
            if slot in constant
        }
        self.tapes: dict[tuple, _Tape] = {}
        #: Where what varies is found outside.
        self.varying = [
            slot for inside, slot in zip(self.body.captures, self.outside, strict=True) if inside not in self.constant
        ]

    def run(self, key: tuple, arguments: Sequence[Any], env: list) -> tuple[list[Any], bool, bool]:
        """Return the results, whether the key still holds for them, and the tape's shapes were met."""
        tape = self.tapes.get(key)
        if tape is None:
            captures = [env[slot] for slot in self.outside]
            tape = _Tape(self.body, self.frame, self.constant, arguments, captures, self.recorder)
            self.tapes[key] = tape
            results, tape.first = tape.first, []
            return results, tape.closed, True
        results, met = tape(arguments, [env[slot] for slot in self.varying])
        return results, met and tape.closed, met


class LoopCall:
    """A loop: its condition and body are recorded."""

    __slots__ = ("body", "frame", "ins", "limit", "outs", "step", "test")

    def __init__(self, step: LoopStep, frame: Frame, constant: dict[int, Any], recorder: Callable):
        self.step, self.frame = step, frame
        attrs, count = step.operation.attrs, len(step.outs)
        given = step.operation.inputs[count:]
        self.ins, self.outs = step.ins[:count], step.outs
        self.test = _Tapes(attrs["cond"], step, given, frame, constant, recorder)
        self.body = _Tapes(attrs["body"], step, given, frame, constant, recorder)

    def __call__(self, env: list) -> None:
        """Run it on the values in an environment."""
        variables = [value_of(env[slot]) for slot in self.ins]
        limit, done = self.step.greatest(self.frame), 0
        key, holds = (), False
        test, body = self.test.run, self.body.run
        while limit is None or done < limit:
            if not holds:
                key = tuple(map(outline, variables))
            if not _truth(test(key, variables, env)[0][0]):
                break
            variables, holds, _ = body(key, variables, env)
            done += 1
        for slot, value in zip(self.outs, variables, strict=True):
            env[slot] = value


def _truth(value: Any) -> bool:
    return bool(value) if not isinstance(value, np.ndarray) else bool(value.reshape(()))


class BranchCall:
    """A branch: each side is recorded when it is first taken."""

    __slots__ = ("frame", "outs", "pred", "sides")

    def __init__(self, step: BranchStep, frame: Frame, constant: dict[int, Any], recorder: Callable):
        self.frame = frame
        attrs, given = step.operation.attrs, step.operation.inputs[1:]
        self.pred, self.outs = step.ins[0], step.outs
        self.sides = [
            _Tapes(attrs[name], step, given, frame, constant, recorder) for name in ("then_branch", "else_branch")
        ]

    def __call__(self, env: list) -> None:
        """Run it on the values in an environment."""
        pred = value_of(env[self.pred])
        taken = bool(np.asarray(pred).reshape(())) if isinstance(pred, HOST) else bool(pred)
        results, _, _ = self.sides[0 if taken else 1].run((), (), env)
        for slot, value in zip(self.outs, results, strict=True):
            env[slot] = value
