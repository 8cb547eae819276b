"""Replays steps on a framework that computes at once, with everything decided that does not change.

The first run for some shapes interprets the steps and records them: what follows from constants and
shapes is a constant of the recording, and what is left are calls of the framework's functions. Later runs with
the same shapes make just these calls.
"""

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

import numpy as np

from onevar.core.checks import CURRENT
from onevar.core.frame import (
    AliasStep,
    ConstStep,
    Frame,
    KernelStep,
    SnapshotStep,
    Step,
    StorageStep,
    cause,
    located,
    run_steps,
)  # fmt: skip
from onevar.core.gradient_steps import ForwardStep, MarkerStep, PullbackStep
from onevar.core.plan import plain
from onevar.core.stages import Stage, reads_of
from onevar.core.state import READERS, StateRef

_HOST = (np.ndarray, np.generic)
#: One recorded call: reads and writes an environment.
Call = Callable[[list], None]


class Unstable(Exception):
    """A step whose result's shape may depend on values: nothing after it can be taken for constant."""


class Recording:
    """Calls that do what some steps do, for inputs of the same shapes.

    Attributes:
        template: The environment that a run begins with: constants in place.
        stable: Whether it may be used: no step's result has a shape that depends on values.
        calls: What a run does.
    """

    def __init__(self, frame: Frame, stage: Stage, static: tuple):
        self.frame = frame
        self.ins, self.outs = tuple(stage.ins), tuple(stage.outs)
        self.stable = True
        self.constant: dict[int, Any] = {
            slot: known.array for slot, known in zip(stage.static_slots, static, strict=True)
        }
        #: Which step each call is of, for errors.
        self.origins, self.calls = _freeing(self._recorded(stage.device), {*stage.outs, *stage.ins})
        self.template: list[Any] = [None] * len(frame.env)
        for slot, value in self.constant.items():
            self.template[slot] = value

    def __call__(self, args: Sequence[Any]) -> list[Any]:
        """Run it on values of the inputs; return those of the outputs."""
        env = self.template.copy()
        for slot, value in zip(self.ins, args, strict=True):
            env[slot] = value
        frame = self.frame
        before, frame.env = frame.env, env  # a Python function may run its own Session, and this, again
        try:
            _run(self.calls, self.origins, env)
        finally:
            frame.env = before
        return [env[slot] for slot in self.outs]

    def _recorded(self, steps: Sequence[Step]) -> list[tuple[Step, Call]]:
        """Run steps one by one, and return the call for each that has to be made again."""
        out = []
        for step in steps:
            if isinstance(step, ForwardStep):
                call: Call | None = self._forward(step)
            else:
                run_steps(self.frame, [step])
                call = self._call_for(step)
            if call is not None:
                out.append((step, call))
        return out

    def _call_for(self, step: Step) -> Call | None:
        if self.stable:
            try:
                return self._lowered(step)
            except Unstable:
                self.stable = False
        return _interpreted(self.frame, step)

    def _lowered(self, step: Step) -> Call | None:
        env = self.frame.env
        if isinstance(step, ConstStep | StorageStep | AliasStep) and all(
            isinstance(env[slot], StateRef | np.ndarray) for slot in step.outs
        ):
            self.constant.update((slot, env[slot]) for slot in step.outs)
            return None
        if isinstance(step, SnapshotStep):
            ref, out = env[step.ins[0]], step.outs[0]
            return _snapshot(ref, out) if type(ref) is StateRef else _interpreted(self.frame, step)
        if isinstance(step, KernelStep):
            return self._kernel(step)
        if isinstance(step, MarkerStep | PullbackStep):
            return _interpreted(self.frame, step)
        raise Unstable

    def _kernel(self, step: KernelStep) -> Call | None:
        kernel, env = step.kernel, self.frame.env
        slots = reads_of(step)
        if kernel.on_host or any(isinstance(env[slot], _HOST) and slot not in self.constant for slot in slots):
            raise Unstable
        # Of tensors' contents a definition makes tensors: an array follows from shapes and constants.
        if not kernel.state and not kernel.random and all(isinstance(env[slot], _HOST) for slot in step.outs):
            self.constant.update((slot, env[slot]) for slot in step.outs)
            return None
        if kernel.random:
            return _interpreted(self.frame, step)
        getters = [self._argument(step, at, slot) for at, slot in enumerate(step.ins)]
        function = step._override(self.frame)
        if function is not None:
            return _call(function, getters, step.override_attrs(), step)
        primitive = getattr(kernel.fn, "primitive", None)
        if primitive is not None and not step.attrs:
            return _call(getattr(self.frame.k, primitive), getters, {}, step)
        return _call(_bound(kernel.fn, self.frame.k), getters, step.attrs, step)

    def _argument(self, step: KernelStep, at: int, slot: Any) -> "int | _Constant | _List | _Read":
        """Return how an argument is found: a slot number, a constant, a variable that is read, or a list of these."""
        if type(slot) is tuple:
            return _List([self._argument(step, at, inner) for inner in slot])
        value = self.frame.env[slot]
        if type(value) is StateRef:
            return _Constant(value) if at in step.keeps_refs else _Read(value)
        if slot in self.constant:
            return _Constant(value if at in step.host else self.frame.native(value))
        if at in step.host:
            raise Unstable
        return slot

    def _forward(self, step: ForwardStep) -> Call:
        """Record a region inside its derivative; the calls then run inside the derivative again."""
        recorded: list[tuple[Step, Call]] = []
        frame = self.frame

        def first(inner: Frame, steps: Sequence[Step]) -> None:
            recorded.extend(self._recorded(steps))

        # What is differentiated for is no constant inside, whatever it is outside.
        held = {slot: self.constant.pop(slot) for slot in (*step.ins, *step.mark_slots) if slot in self.constant}
        step.run(frame, first)
        self.constant.update(held)
        return _Differentiated(step, frame, recorded)


class _Differentiated:
    """A recorded region, run inside its derivative: what `ForwardStep.run` does, with nothing left to find out.

    Only recordings that stand for the whole region come here: nothing is traced, and no step of a region writes state.
    """

    __slots__ = ("calls", "exports", "frame", "group", "inner", "ins", "marks", "origins", "slots")

    def __init__(self, step: ForwardStep, frame: Frame, recorded: Sequence[tuple[Step, Call]]):
        self.frame, self.group = frame, step.group
        self.origins, self.calls = [of for of, _ in recorded], [call for _, call in recorded]
        self.marks, self.slots, self.inner = len(step.marks), step.mark_slots, step.inner
        self.ins = step.ins
        self.exports = tuple(slot for slot in step.exports if frame.store.adapter.owns(frame.env[slot]))

    def __call__(self, env: list) -> None:
        frame = self.frame
        values = [env[slot] for slot in self.ins]
        refs = [(value, value.overlay) if type(value) is StateRef else None for value in values]
        xs = [frame.native(value.read() if type(value) is StateRef else value) for value in values]

        def forward(*args: Any) -> tuple[list[Any], list[Any]]:
            if self.marks:
                env.append(args[0])
                args = args[1:]
            for slot, value, x in zip(self.ins, values, args, strict=True):
                if type(value) is StateRef:
                    value.overlay = x
                else:
                    env[slot] = x
            try:
                _run(self.calls, self.origins, env)
                ys = [frame.native(plain(env[slot])) for slot in self.group.ys_at]
                return ys, [env[slot] for slot in self.exports]
            finally:
                if self.marks:
                    env.pop()

        frame.differentiated += 1
        try:
            ys, exported, pull = frame.adapter.vjp(forward, xs, self.marks)
        finally:
            frame.differentiated -= 1
            for slot, value, ref in zip(self.ins, values, refs, strict=True):
                env[slot] = value
                if ref is not None:
                    value.overlay = ref[1]
        for slot, value in zip(self.exports, exported, strict=True):
            env[slot] = value
        for slot in self.inner:
            env[slot] = None  # what is still connected to the derivative would keep its memory
        env[self.group.handle] = (pull, ys, [*xs, *(env[slot] for slot in self.slots)])


class _Constant:
    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value


class _Read:
    __slots__ = ("ref",)

    def __init__(self, ref: StateRef):
        self.ref = ref


class _List:
    __slots__ = ("items",)

    def __init__(self, items: Sequence[Any]):
        self.items = items


def _bound(function: Callable, k: Any) -> Callable:
    return lambda *args, **attrs: function(k, *args, **attrs)


def _snapshot(ref: StateRef, out: int) -> Call:
    def call(env: list) -> None:
        env[out] = ref.read()

    return call


def _interpreted(frame: Frame, step: Step) -> Call:
    def call(env: list) -> None:
        step.run(frame)

    return call


def _value(getter: Any, env: list) -> Any:
    kind = type(getter)
    if kind is int:
        return env[getter]
    if kind is _Constant:
        return getter.value
    if kind is _Read:
        return getter.ref.read()
    return [_value(item, env) for item in getter.items]


def _call(function: Callable, getters: Sequence[Any], attrs: dict[str, Any], step: Step) -> Call:
    """Return the call of a function with arguments from the environment, in the quickest form there is."""
    outs = step.outs
    if len(outs) == 1 and not attrs:
        quick = _quick(function, getters, outs[0])
        if quick is not None:
            return quick
    store = step.store

    def call(env: list) -> None:
        result = function(*[_value(getter, env) for getter in getters], **attrs)
        if len(outs) == 1 and not isinstance(result, list | tuple):
            env[outs[0]] = result
        else:
            store(_Env(env), result)  # type: ignore[arg-type]

    return call


class _Env:
    """An environment where a frame is expected."""

    __slots__ = ("env",)

    def __init__(self, env: list):
        self.env = env


def _quick(function: Callable, getters: Sequence[Any], out: int) -> Call | None:  # noqa: C901 (one form after the other)
    kinds = tuple(type(getter) for getter in getters)
    if kinds == (int,):
        (a,) = getters

        def one(env: list) -> None:
            env[out] = function(env[a])

        return one
    if kinds == (int, int):
        a, b = getters

        def two(env: list) -> None:
            env[out] = function(env[a], env[b])

        return two
    if kinds == (int, _Constant):
        a, value = getters[0], getters[1].value

        def with_second(env: list) -> None:
            env[out] = function(env[a], value)

        return with_second
    if kinds == (_Constant, int):
        first, b = getters[0].value, getters[1]

        def with_first(env: list) -> None:
            env[out] = function(first, env[b])

        return with_first
    if kinds == (int, _Read):
        a, read = getters[0], getters[1].ref.read

        def with_variable(env: list) -> None:
            env[out] = function(env[a], read())

        return with_variable
    return None


def _run(calls: Sequence[Call], origins: Sequence[Step], env: list) -> None:
    at = 0
    try:
        for call in calls:
            call(env)
            at += 1
    except Exception as error:  # noqa: BLE001 (raised anew, with where it happened)
        raise located(error, origins[at]) from cause(error)


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
                out.append(_clear(tuple(dead)))
        origins.append(step)
        out.append(call)
    return origins, out


def _clear(slots: tuple[int, ...]) -> Call:
    def call(env: list) -> None:
        for slot in slots:
            env[slot] = None

    return call


class TapeProgram:
    """A stage on a framework that computes at once: recorded once for each combination of shapes."""

    def __init__(self, executable: Any, stage: Stage):
        self.stage = stage
        self.executable = executable
        self.store = executable.store
        self.adapter = executable.adapter
        self.refs = list(dict.fromkeys(self.store.ref(op) for op in stage.storages))
        self.recordings: dict[Any, Recording | None] = {}
        self.lock = RLock()

    def __call__(self, args: Sequence[Any], static: tuple) -> list[Any]:
        """Run it on the values that the stage takes, with the host values that are part of its key."""
        values = [self._native(value) for value in args]
        shapes = tuple(value.shape for value in values)
        state = tuple(None if ref.slot.cell is None else ref.slot.cell.shape for ref in self.refs)
        key = (static, shapes, state)
        recording = self.recordings.get(key, self)
        if recording is self:
            return self._first(key, values, static)
        if recording is None:
            frame = self._frame(values, static)
            run_steps(frame, self.stage.device)
            return [frame.env[slot] for slot in self.stage.outs]
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
        self.recordings[key] = recording if recording.stable else None
        results = [frame.env[slot] for slot in self.stage.outs]
        frame.env = []  # values of this run are not kept
        return results
