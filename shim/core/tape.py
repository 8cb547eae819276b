"""Replays steps on a framework that computes at once, with everything decided that does not change.

The first run for some shapes interprets the steps and records them: what follows from constants and
shapes is a constant of the recording, and what is left are calls of the framework's functions. Later runs with
the same shapes make just these calls.
"""

from collections.abc import Sequence
from threading import RLock
from typing import Any

import numpy as np

from onevar.core.array_steps import ArrayStep, put_together, taken_apart
from onevar.core.checks import CURRENT
from onevar.core.control_flow import BranchStep
from onevar.core.elements import Array, Elements
from onevar.core.folding import folds
from onevar.core.frame import AliasStep, ConstStep, Frame, KernelStep, SnapshotStep, Step, StorageStep, run_steps
from onevar.core.gradient_steps import ForwardStep, MarkerStep, PullbackStep
from onevar.core.loops import LoopStep
from onevar.core.plan import plain
from onevar.core.slice_steps import SliceStep
from onevar.core.stages import Stage, reads_of
from onevar.core.state import READERS, StateRef
from onevar.core.tape_calls import (
    HOST,
    Call,
    Constant,
    Diverged,
    List,
    Read,
    Varying,
    bound,
    call_of,
    clear,
    expecting,
    interpreted,
    outline,
    run_calls,
    snapshot,
)  # fmt: skip
from onevar.core.tape_flows import READING, BranchCall, Direct, LoopCall, array_call
from onevar.core.tape_rows import by_rows
from onevar.core.tape_updates import merged, update_call


class Unstable(Exception):
    """A step that is run as it is each time: what it does, or the shape of its result, depends on values."""


class Recorder:
    """Turns steps into calls that do the same for inputs of the same shapes.

    Attributes:
        frame: Where the steps run while they are recorded.
        constant: Values by slot that do not change from run to run.
    """

    def __init__(self, frame: Frame, constant: dict[int, Any]):
        self.frame = frame
        self.constant = constant

    def recorded(self, steps: Sequence[Step]) -> list[tuple[Step, Call]]:
        """Run steps one by one, and return the call for each that has to be made again."""
        out = []
        for step in steps:
            if isinstance(step, ForwardStep):
                call: Call | None = self._forward(step)
            elif folds(step, reads_of(step), self.constant):
                run_steps(self.frame, [step])
                self.constant.update((slot, self.frame.env[slot]) for slot in step.outs)
                call = None
            elif isinstance(step, LoopStep | BranchStep):
                call = self._flow(step)
            else:
                run_steps(self.frame, [step])
                call = self._call_for(step)
            if call is not None:
                out.append((step, call))
        return out

    def template(self) -> list[Any]:
        """Return the environment that a run begins with: constants in place."""
        env: list[Any] = [None] * len(self.frame.env)
        for slot, value in self.constant.items():
            env[slot] = value
        return env

    def _call_for(self, step: Step) -> Call | None:
        try:
            return self._lowered(step)
        except Unstable:
            return expecting(interpreted(self.frame, step), self.frame.env, step.outs)

    def _flow(self, step: Any) -> Call:
        call = (LoopCall if isinstance(step, LoopStep) else BranchCall)(step, self.frame, self.constant, Recorder)
        run_steps(self.frame, [Direct(step.operation, call)])
        return expecting(call, self.frame.env, step.outs)

    def _lowered(self, step: Step) -> Call | None:
        env = self.frame.env
        if isinstance(step, ConstStep | StorageStep | AliasStep) and all(
            isinstance(env[slot], StateRef | np.ndarray) for slot in step.outs
        ):
            self.constant.update((slot, env[slot]) for slot in step.outs)
            return None
        if isinstance(step, SnapshotStep):
            ref, out = env[step.ins[0]], step.outs[0]
            return snapshot(ref, out) if type(ref) is StateRef else interpreted(self.frame, step)
        if isinstance(step, ArrayStep):
            return self._array(step)
        if isinstance(step, SliceStep) and step.moves and not set(reads_of(step)) <= set(self.constant):
            return interpreted(self.frame, step)
        if isinstance(step, KernelStep):
            return self._kernel(step)
        if isinstance(step, MarkerStep | PullbackStep):
            return interpreted(self.frame, step)
        raise Unstable

    def _array(self, step: ArrayStep) -> Call | None:
        env, kind = self.frame.env, step.operation.type
        if kind == "TensorArraySizeV3" and not env[step.ins[0]].dynamic:
            self.constant[step.outs[0]] = env[step.outs[0]]
            return None
        call = array_call(step, self.frame)
        return expecting(call, env, step.outs) if kind in READING else call

    def _kernel(self, step: KernelStep) -> Call | None:
        kernel, env = step.kernel, self.frame.env
        slots = reads_of(step)
        if kernel.on_host or any(isinstance(env[slot], Elements | Array) for slot in slots):
            raise Unstable
        varying = {slot for slot in slots if isinstance(env[slot], HOST) and slot not in self.constant}
        on_host = all(isinstance(env[slot], HOST) for slot in step.outs)
        if on_host and varying:
            if kernel.state or kernel.random:
                raise Unstable
            getters = [self._argument(step, at, slot, raw=True) for at, slot in enumerate(step.ins)]
            call = call_of(bound(kernel.fn, self.frame.host_k), getters, step.attrs, step)
            return expecting(call, env, step.outs)
        # Of tensors' contents a definition makes tensors: an array follows from shapes and constants.
        if on_host and not kernel.state and not kernel.random:
            self.constant.update((slot, env[slot]) for slot in step.outs)
            return None
        if kernel.random:
            return interpreted(self.frame, step)
        getters = [self._argument(step, at, slot) for at, slot in enumerate(step.ins)]
        function = step._override(self.frame)
        if function is not None:
            return call_of(function, getters, step.override_attrs(), step)
        update = update_call(step, getters, self.frame, self.constant)
        if update is not None:
            return update
        primitive = getattr(kernel.fn, "primitive", None)
        if primitive is not None and not step.attrs:
            return call_of(getattr(self.frame.k, primitive), getters, {}, step)
        return call_of(bound(kernel.fn, self.frame.k), getters, step.attrs, step)

    def _argument(self, step: KernelStep, at: int, slot: Any, raw: bool = False) -> Any:
        """Return how an argument is found: a slot number, or one of the forms that `tape_calls.found` knows."""
        if type(slot) is tuple:
            return List([self._argument(step, at, inner, raw) for inner in slot])
        value = self.frame.env[slot]
        if type(value) is StateRef:
            return Constant(value) if at in step.keeps_refs else Read(value)
        if slot in self.constant:
            return Constant(value if raw or at in step.host else self.frame.native(value))
        if raw:
            return slot
        if at in step.host:
            raise Unstable
        return Varying(slot, self.frame.native) if isinstance(value, HOST) else slot

    def _forward(self, step: ForwardStep) -> Call:
        """Record a region inside its derivative; the calls then run inside the derivative again."""
        recorded: list[tuple[Step, Call]] = []
        frame = self.frame

        def first(inner: Frame, steps: Sequence[Step]) -> None:
            recorded.extend(self.recorded(steps))

        # What is differentiated for is no constant inside, whatever it is outside.
        held = {slot: self.constant.pop(slot) for slot in (*step.ins, *step.mark_slots) if slot in self.constant}
        step.run(frame, first)
        self.constant.update(held)
        return _Differentiated(step, frame, recorded)


class Recording:
    """Calls that do what the steps of a stage do, for inputs of the same shapes."""

    def __init__(self, frame: Frame, stage: Stage, static: tuple):
        self.frame, self.steps = frame, stage.device
        self.ins, self.outs = tuple(stage.ins), tuple(stage.outs)
        recorder = Recorder(frame, {slot: known.array for slot, known in zip(stage.static_slots, static, strict=True)})
        #: Which step each call is of, for errors.
        keep = {*stage.outs, *stage.ins}
        calls = by_rows(recorder.recorded(stage.device), keep, frame, recorder.constant)
        self.origins, self.calls = _freeing(merged(calls, recorder.constant), keep)
        self.template = recorder.template()

    def __call__(self, args: Sequence[Any]) -> list[Any]:
        """Run it on values of the inputs; return those of the outputs."""
        env = self.template.copy()
        for slot, value in zip(self.ins, args, strict=True):
            env[slot] = value
        frame = self.frame
        before, frame.env = frame.env, env  # a Python function may run its own Session, and this, again
        try:
            run_calls(self.calls, self.origins, frame, self.steps)
        finally:
            frame.env = before
        return [env[slot] for slot in self.outs]


class _Differentiated:
    """A recorded region, run inside its derivative: what `ForwardStep.run` does, with nothing left to find out.

    Nothing is traced here: what a step of the region writes goes to the variable at once, as outside of one.
    """

    __slots__ = ("calls", "contents", "exports", "frame", "group", "inner", "ins", "marks", "origins", "slots", "steps")

    def __init__(self, step: ForwardStep, frame: Frame, recorded: Sequence[tuple[Step, Call]]):
        self.frame, self.group = frame, step.group
        self.origins, self.calls = [of for of, _ in recorded], [call for _, call in recorded]
        self.marks, self.slots, self.inner = len(step.marks), step.mark_slots, step.inner
        self.ins, self.steps = step.ins, step.steps
        self.contents = any(type(frame.env[slot]) is Elements for slot in step.exports)
        owns = frame.store.adapter.owns
        self.exports = tuple(
            slot for slot in step.exports if owns(frame.env[slot]) or type(frame.env[slot]) is Elements
        )

    def __call__(self, env: list) -> None:
        frame = self.frame
        values = [env[slot] for slot in self.ins]
        overlays = [value.overlay if type(value) is StateRef else None for value in values]
        xs = [frame.native(value.read() if type(value) is StateRef else value) for value in values]
        run = _Forward(self, env, values)
        frame.differentiated += 1
        try:
            ys, exported, pull = frame.adapter.vjp(run, xs, self.marks)
        finally:
            frame.differentiated -= 1
            for slot, value, overlay in zip(self.ins, values, overlays, strict=True):
                env[slot] = value
                if type(value) is StateRef:
                    value.overlay = overlay
        if self.contents:
            exported = put_together(exported, run.layout)
        for slot, value in zip(self.exports, exported, strict=True):
            env[slot] = value
        for slot in self.inner:
            env[slot] = None  # what is still connected to the derivative would keep its memory
        env[self.group.handle] = (pull, ys, [*xs, *(env[slot] for slot in self.slots)])
        if run.diverged:
            raise Diverged


class _Forward:
    """The function that is differentiated, in one run."""

    __slots__ = ("diverged", "env", "layout", "region", "values")

    def __init__(self, region: _Differentiated, env: list, values: Sequence[Any]):
        self.region, self.env, self.values = region, env, values
        self.layout: list[Any] = []
        self.diverged = False

    def __call__(self, *args: Any) -> tuple[list[Any], list[Any]]:
        region, env = self.region, self.env
        frame = region.frame
        if region.marks:
            env.append(args[0])
            args = args[1:]
        for slot, value, x in zip(region.ins, self.values, args, strict=True):
            if type(value) is StateRef:
                value.overlay = x
            else:
                env[slot] = x
        try:
            self.diverged = run_calls(region.calls, region.origins, frame, region.steps)
            ys = [frame.native(plain(env[slot])) for slot in region.group.ys_at]
            exported = [env[slot] for slot in region.exports]
            if region.contents:
                exported, self.layout = taken_apart(exported)
            return ys, exported
        finally:
            if region.marks:
                env.pop()


def _freeing(calls: Sequence[tuple[Step, Call]], keep: set[int]) -> tuple[list[Step], list[Call]]:
    """Let go of what nobody needs any more before each write, so that variables are written in place."""
    last: dict[int, int] = {}
    for index, (step, _) in enumerate(calls):
        for slot in reads_of(step):
            last[slot] = index
    origins: list[Step] = []
    out: list[Call] = []
    freed: set[int] = set()
    for index, (step, call) in enumerate(calls):
        kernel = getattr(step, "kernel", None)
        if kernel is not None and kernel.state and step.operation.type not in READERS:
            dead = [slot for slot, at in last.items() if at < index and slot not in keep and slot not in freed]
            if dead:
                freed.update(dead)
                origins.append(step)
                out.append(clear(tuple(dead)))
        origins.append(step)
        out.append(call)
    return origins, out


class TapeProgram:
    """A stage on a framework that computes at once: recorded once for each combination of shapes."""

    def __init__(self, executable: Any, stage: Stage):
        self.stage = stage
        self.executable = executable
        self.store = executable.store
        self.adapter = executable.adapter
        self.refs = list(dict.fromkeys(self.store.ref(op) for op in stage.storages))
        self.recordings: dict[Any, Recording] = {}
        self.lock = RLock()

    def __call__(self, args: Sequence[Any], static: tuple) -> list[Any]:
        """Run it on the values that the stage takes, with the host values that are part of its key."""
        values = [self._native(value) for value in args]
        shapes = tuple(map(outline, values))
        state = tuple(None if ref.slot.cell is None else ref.slot.cell.shape for ref in self.refs)
        key = (static, shapes, state)
        recording = self.recordings.get(key, self)
        if recording is self:
            return self._first(key, values, static)
        with self.lock:
            return self._replayed(recording, values)  # type: ignore[arg-type]

    def _replayed(self, recording: Recording, values: Sequence[Any]) -> list[Any]:
        frame = recording.frame
        CURRENT.adapter.append(frame.adapter)
        CURRENT.collected.append(None)
        try:
            return recording(values)
        finally:
            CURRENT.adapter.pop()
            CURRENT.collected.pop()

    def _native(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype != object:
            return self.adapter.convert(value, None, self.store.device)
        return value

    def _frame(self, values: Sequence[Any], static: tuple) -> Frame:
        frame = Frame(self.store, self.executable.plan.size, constants=self.executable.constants)
        for slot, value in zip(self.stage.ins, values, strict=True):
            frame.env[slot] = value
        for slot, known in zip(self.stage.static_slots, static, strict=True):
            frame.env[slot] = known.array
        return frame

    def _first(self, key: Any, values: Sequence[Any], static: tuple) -> list[Any]:
        frame = self._frame(values, static)
        recording = Recording(frame, self.stage, static)
        self.recordings[key] = recording
        results = [frame.env[slot] for slot in self.stage.outs]
        frame.env = []  # values of this run are not kept
        return results
