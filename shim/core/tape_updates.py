"""Updates of optimizers in a recording: those of one kind that follow one another are one call of the framework."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from onevar.core.frame import Frame, KernelStep, Step
from onevar.core.state import READERS, StateRef
from onevar.core.tape_calls import Call, Constant, Read, found
from onevar.core.updates import in_place


class UpdateCall:
    """The call of one training op.

    Attributes:
        step: Its step.
        kind: What the op types have in common: `Adam`.
        refs: The variable and its slots.
        grad: Where the gradient is found.
        scalars: Where the hyperparameters are found, or the numbers that they are.
        flags: Attributes.
    """

    __slots__ = ("flags", "frame", "grad", "inputs", "kind", "refs", "scalars", "step")

    def __init__(self, step: KernelStep, inputs: Sequence[Any], frame: Frame, constant: Mapping[int, Any]):
        place = step.kernel.fn.signature  # type: ignore[attr-defined]
        self.step, self.frame, self.inputs = step, frame, inputs
        self.kind: str = place.rule.kind
        self.refs: list[StateRef] = [getter.value for getter in inputs[: place.rule.width]]
        self.grad = inputs[place.grad]
        self.scalars: dict[str, Any] = {}
        for at in place.scalars:
            slot = step.ins[at]
            known = constant.get(slot)
            self.scalars[place.names[at]] = inputs[at]
            if isinstance(known, np.ndarray | np.generic) and known.ndim == 0:
                self.scalars[place.names[at]] = _Number(known.item())
        self.flags = {**place.flags, **step.attrs}

    def key(self, reads: Mapping[int, Any]) -> Any:
        """Return what calls have in common that can be one: hyperparameters that are read are the same read."""
        first = self.refs[0].slot
        return (
            self.kind, tuple(sorted(self.flags.items())), first.dtype, first.device,
            tuple(_source(getter, reads) for getter in self.scalars.values()),
        )  # fmt: skip

    def hyper(self, env: list) -> dict[str, Any]:
        """Return the hyperparameters, and the flags."""
        values = {
            name: getter.value if type(getter) is _Number else found(getter, env)
            for name, getter in self.scalars.items()
        }
        return {**values, **self.flags}

    def alone(self, env: list) -> None:
        """Run the op as it is defined."""
        step = self.step
        step.kernel.fn(self.frame.k, *[found(getter, env) for getter in self.inputs], **step.attrs)

    def __call__(self, env: list) -> None:
        """Make the update."""
        if not in_place(self.kind, [self.refs], [found(self.grad, env)], self.hyper(env)):
            self.alone(env)
        self.finish(env)

    def finish(self, env: list) -> None:
        """Hand the variable on, where the op's result stands for it."""
        for out in self.step.outs:
            env[out] = self.refs[0]


class _Number:
    """A hyperparameter that is known."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value


def _source(getter: Any, reads: Mapping[int, Any]) -> Any:
    if type(getter) is _Number:
        return ("number", getter.value)
    if type(getter) is Read:
        return ("read", id(getter.ref))
    return ("slot", reads.get(getter, getter)) if type(getter) is int else ("own", id(getter))


class MergedStep(Step):
    """Stands for several steps that are one call, for what asks which values a step reads; the last is what it is."""

    __slots__ = ("kernel",)

    def __init__(self, steps: Sequence[Step]):
        ins = [slot for step in steps for slot in step.ins]
        super().__init__(steps[-1].operation, ins, [slot for step in steps for slot in step.outs])
        self.kernel = getattr(steps[-1], "kernel", None)


class UpdatesCall:
    """Several updates as one call of the framework."""

    __slots__ = ("calls", "grads", "groups", "hyper", "kind")

    def __init__(self, calls: Sequence[UpdateCall]):
        self.calls = calls
        self.kind, self.hyper = calls[0].kind, calls[0].hyper
        self.groups = [call.refs for call in calls]
        self.grads = [call.grad for call in calls]

    def __call__(self, env: list) -> None:
        """Make the updates."""
        grads = [found(getter, env) for getter in self.grads]
        if not in_place(self.kind, self.groups, grads, self.hyper(env)):
            for call in self.calls:
                call.alone(env)
        for call in self.calls:
            call.finish(env)


def update_call(
    step: KernelStep, inputs: Sequence[Any], frame: Frame, constant: Mapping[int, Any]
) -> UpdateCall | None:
    """Return the call of a training op of whole variables, by a rule that the framework has; or None.

    Args:
        step: Any step of a kernel.
        inputs: Where its arguments are found.
        frame: Where it is recorded.
        constant: Values by slot that do not change.
    """
    place = getattr(step.kernel.fn, "signature", None)
    if place is None or place.indices is not None or place.rule.kind not in frame.adapter.updates:
        return None
    if not all(type(getter) is Constant and type(getter.value) is StateRef for getter in inputs[: place.rule.width]):
        return None
    return UpdateCall(step, inputs, frame, constant)


def merged(calls: Sequence[tuple[Step, Call]], constant: Mapping[int, Any]) -> list[tuple[Step, Call]]:
    """Put updates that follow one another, and differ in the variable only, together.

    Args:
        calls: What a recording does.
        constant: Values by slot that do not change.
    """
    out: list[tuple[Step, Call]] = []
    run: list[UpdateCall] = []
    key: Any = None
    #: Which variable a slot holds the value of, and after how many writes it was read.
    reads: dict[int, Any] = {}
    writes = 0
    for step, call in calls:
        own = call.key(reads) if isinstance(call, UpdateCall) else None
        if run and (own != key or _overlap(run, call)):
            out.append(_one(run))
            run = []
        if isinstance(call, UpdateCall):
            run.append(call)
            key = own
        else:
            out.append((step, call))
        kernel = getattr(step, "kernel", None)
        if step.operation.type == "ReadVariableOp" and kernel is not None:
            reads[step.outs[0]] = (id(constant.get(step.ins[0])), writes)
        elif kernel is None or (kernel.state and step.operation.type not in READERS):
            writes += 1
    return [*out, _one(run)] if run else out


def _overlap(run: Sequence[UpdateCall], call: Callable) -> bool:
    if not isinstance(call, UpdateCall):
        return False
    own = set(map(id, call.refs))
    read = {id(getter.ref) for getter in call.scalars.values() if type(getter) is Read}
    return any(own.intersection(map(id, other.refs)) or read.intersection(map(id, other.refs)) for other in run)


def _one(run: Sequence[UpdateCall]) -> tuple[Step, Call]:
    return (run[0].step, run[0]) if len(run) == 1 else (MergedStep([call.step for call in run]), UpdatesCall(run))
