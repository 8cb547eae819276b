"""Steps that compute with contents of TensorArrays, beside tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.checks import CURRENT
from onevar.core.elements import Array, Elements, Tools
from onevar.core.frame import Frame, KernelStep, Step
from onevar.core.state import StateRef

#: Operations that hand on what they are given, contents too.
_PASSING = frozenset({"Identity", "IdentityN", "PreventGradient", "Snapshot", "StopGradient"})


def for_arrays(step: Step) -> Step:
    """Return `step`, or one for the same operation that knows contents of TensorArrays."""
    kind = step.operation.type
    if not isinstance(step, KernelStep):
        return step
    if kind.startswith("TensorArray"):
        return ArrayStep(step.operation, step.ins, step.outs, step.kernel)
    if kind in _PASSING and any(_may_be_flow(tensor) for tensor in step.operation.inputs):
        return PassingStep(step.operation, step.ins, step.outs, step.kernel)
    return step


def _may_be_flow(tensor: Any) -> bool:
    return tensor.dtype.key == "resource" or (tensor.dtype.key == "float32" and tensor.spec.shape in ((), None))


class ArrayStep(KernelStep):
    """An operation of a TensorArray: its indices are not brought to the framework, nor its contents."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        CURRENT.operation = self.operation
        if frame.current is not None and self._in_order(frame):
            return
        args: list[Any] = []
        for at, slot in enumerate(self.ins):
            value = frame.env[slot]
            value = value.read() if type(value) is StateRef else value
            args.append(frame.host(value) if at in self.host else value)
        self.store(frame, self.kernel.fn(self.tools(frame), *args, **self.attrs))

    def _in_order(self, frame: Frame) -> bool:
        """Read or write the row of the loop's iteration, if that is what the operation does."""
        current, operation = frame.current, self.operation
        if operation in current.reads:
            frame.env[self.outs[0]] = current.reads[operation]
        elif operation in current.writes:
            value = frame.env[self.ins[2]]
            current.writes[operation] = value.read() if type(value) is StateRef else value
            frame.env[self.outs[0]] = frame.env[self.ins[3]]
        else:
            return False
        return True

    def tools(self, frame: Frame) -> Tools:
        """Return what the definition computes with."""
        return Tools(frame, self.operation)


class PassingStep(KernelStep):
    """An operation that hands on what it is given."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        flat = [slot for part in self.ins for slot in (part if type(part) is tuple else (part,))]
        values = [frame.env[slot] for slot in flat]
        if not any(isinstance(value, Elements | Array) for value in values):
            super().run(frame)
            return
        stops = self.operation.type == "StopGradient"
        for slot, value in zip(self.outs, values, strict=True):
            frame.env[slot] = _passed(frame, value, stops)


def _passed(frame: Frame, value: Any, stops: bool) -> Any:
    value = value.read() if type(value) is StateRef else value
    if not stops or isinstance(value, np.ndarray | np.generic | Array):
        return value
    stop = frame.adapter.stop_gradient
    if isinstance(value, Elements):
        return value.mapped(lambda x: x if isinstance(x, np.ndarray | np.generic) else stop(x))
    return stop(value)


def taken_apart(values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the tensors and arrays in `values`, and what puts them together again.

    Args:
        values: Tensors, arrays, and contents and handles of TensorArrays.

    Returns:
        The tensors, and one entry for each value: how many tensors it is, and its outline where it is no tensor.
        Outlines compare, as parts of a program's key.
    """
    tensors: list[Any] = []
    layout: list[Any] = []
    for value in values:
        if isinstance(value, Array):
            layout.append((0, value))
        elif isinstance(value, Elements):
            parts = [x for x in value.items or () if x is not None] if value.rows is None else [value.rows]
            tensors.extend(parts)
            places = None if value.items is None or value.rows is not None else [x is not None for x in value.items]
            outline = (value.array, value.size, value.row_shape, None if places is None else tuple(places))
            layout.append((len(parts), outline))
        else:
            tensors.append(value)
            layout.append((1, None))
    return tensors, layout


def put_together(tensors: Sequence[Any], layout: Sequence[Any]) -> list[Any]:
    """Return the values that `taken_apart` took apart, of other tensors."""
    remaining = iter(tensors)
    return [_restored([next(remaining) for _ in range(count)], outline) for count, outline in layout]


def _restored(parts: list[Any], outline: Any) -> Any:
    if outline is None:
        return parts[0]
    if isinstance(outline, Array):
        return outline
    array, size, row_shape, places = outline
    if places is None:
        return Elements(array, size, row_shape, rows=parts[0] if parts else None)
    remaining = iter(parts)
    return Elements(array, size, row_shape, [next(remaining) if there else None for there in places])
