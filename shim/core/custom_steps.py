"""Operations inside branches and loops whose gradient the program defines: it is asked within the framework's own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from onevar.core.checks import Collected
from onevar.core.control_flow import body_of, value_of
from onevar.core.frame import Frame, Step
from onevar.core.func_graph import FuncGraph
from onevar.core.state import StateRef

#: The attribute that holds the gradient: a graph from the outputs' gradients to the inputs'.
GRADIENT = "_gradient_body"


class CustomStep(Step):
    """An operation with a gradient of the program's own.

    Args:
        step: What computes it.
        slots: Numbers of the values.
    """

    __slots__ = ("given", "kept", "step", "targets")

    def __init__(self, step: Step, slots: Any):
        operation = step.operation
        body: FuncGraph = operation.attrs[GRADIENT]
        self.step = step
        #: What the gradient is computed from, besides the outputs' gradients.
        self.kept = tuple(slots(outside) for outside in body.captures)
        self.given = tuple(slots(tensor) for tensor in operation.inputs)
        #: Positions of the inputs that have a gradient.
        self.targets = tuple(operation.attrs[GRADIENT + "_inputs"])
        super().__init__(operation, (*step.ins, *self.kept), step.outs)

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        self.step.run(frame)
        if not frame.differentiated:
            return
        env, body = frame.env, self.operation.attrs[GRADIENT]
        outputs = [frame.native(value_of(env[slot])) for slot in self.outs]
        inputs = [frame.native(value_of(env[self.given[i]])) for i in self.targets]
        captured = [env[slot] for slot in self.kept]
        places = [i for i, value in enumerate(captured) if type(value) is not StateRef and frame.adapter.owns(value)]
        refs = [value for value in captured if type(value) is StateRef and value.initialized]
        kept = [*(captured[i] for i in places), *(ref.read() for ref in refs)]

        def backward(cotangents: Sequence[Any], values: Sequence[Any]) -> list[Any]:
            full = list(captured)
            for i, value in zip(places, values, strict=False):
                full[i] = value
            collected = None if frame.collected is None else Collected(frame.adapter)
            with _held(refs, values[len(places) :]):
                return [frame.native(value) for value in body_of(body).run(frame, cotangents, full, collected)]

        results = frame.adapter.with_gradient(outputs, inputs, kept, backward)
        for slot, value in zip(self.outs, results, strict=True):
            env[slot] = value


@contextmanager
def _held(refs: Sequence[StateRef], values: Sequence[Any]) -> Iterator[None]:
    """Let variables have the values that they had when the operation ran."""
    before = [(ref.overlay, ref.traced, ref.written) for ref in refs]
    for ref, value in zip(refs, values, strict=True):
        ref.overlay, ref.traced = value, True
    try:
        yield
    finally:
        for ref, (overlay, traced, written) in zip(refs, before, strict=True):
            ref.overlay, ref.traced, ref.written = overlay, traced, written
