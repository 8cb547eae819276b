"""Runs a plan in one Session: interpreted the first time, compiled when it comes back."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter
from onevar.core import tracing
from onevar.core.array_steps import put_together, taken_apart
from onevar.core.checks import Collected
from onevar.core.elements import Array, Elements
from onevar.core.frame import Frame, run_steps, translated
from onevar.core.interrupts import WHOLE
from onevar.core.light_runs import is_small, ran_lightly
from onevar.core.plan import Plan, plain, with_bodies
from onevar.core.resources import current
from onevar.core.stages import Stage, operations_of, stages_of
from onevar.core.state import StateRef, Store
from onevar.core.tape import TapeProgram
from onevar.errors import Unsupported

# References to an array that are ours when they are counted: the cell's, the list's, the argument's.
_OWN_REFERENCES = 3


class Executable:
    """A plan with the state of a Session."""

    def __init__(self, plan: Plan, store: Store, jit_level: str | None = None):
        self.plan = plan
        self.store = store
        self.adapter: Adapter = store.adapter
        self.jit_level = jit_level
        self.refs = list(dict.fromkeys(store.ref(op) for op in plan.storages))
        self.stages: list[Stage] | None = None
        self.programs: dict[int, Program | TapeProgram] = {}
        self.constants = {id(op.attrs["value"]): [op.attrs["value"], None] for op in plan.constants}
        self.runs = 0
        #: Whether a run may wait for what another thread's run does: such runs do not wait for one another.
        self.waits = plan.uses_resources
        #: Whether the host does all of it in every run: what prepares examples for a queue comes from the host and
        #: goes there.
        self.light = self.waits and not plan.compiled_at_once and all(map(is_small, plan.storages))
        #: Whether other runs must not go on beside it.
        self.alone = bool(plan.storages or plan.random)

    def __call__(self, values: Sequence[np.ndarray]) -> list[Any]:
        """Run it.

        Args:
            values: One for each of the plan's feeds, of its dtype.

        Returns:
            The values of the fetches: arrays of their own.
        """
        if self.waits:
            return self._run(values)
        # Threads may share a Session: state is handed to a compiled program and back, and marked while one is traced.
        with self.store.lock:
            return self._run(values)

    def _run(self, values: Sequence[np.ndarray]) -> list[Any]:
        self.runs += 1
        if issubclass(self.adapter.tensor_type, np.ndarray):
            # Its tensors are host values: there is nothing to compile or to record.
            return self._interpreted(values, on_host=False)
        if self.light:
            frame = self._frame(values)
            self.light = ran_lightly(self, frame)
            return [self._fetched(frame.env[slot]) for slot in self.plan.fetch_slots]
        if self.runs > 1 or (self._compiles_at_once and self.adapter.compiles):
            return self._compiled(values)
        if not self.adapter.compiles:
            return self._interpreted(values, on_host=False)
        try:
            return self._interpreted(values, on_host=True)
        except Unsupported:
            # NumPy does not have all that the frameworks have; nothing was written yet.
            return self._compiled(values)

    @property
    def _compiles_at_once(self) -> bool:
        # What a run took from a queue it cannot take again, were the host to find out late that it lacks something.
        return self.plan.compiled_at_once or self.waits

    def _interpreted(self, values: Sequence[np.ndarray], on_host: bool) -> list[Any]:
        # Most plans run once: what they make of constants, initial values above all, is not kept then.
        constants = self.constants if self.runs > 1 else None
        frame = Frame(self.store, self.plan.size, on_host=on_host, constants=constants)
        for slot, value in zip(self.plan.feed_slots, values, strict=True):
            frame.env[slot] = value
        with self.adapter.computing():
            with self.reading(on_host):
                try:
                    run_steps(frame, self.plan.steps)
                except Unsupported as error:
                    if frame.wrote:
                        raise RuntimeError(str(error)) from error
                    raise
            return [self._fetched(frame.env[slot]) for slot in self.plan.fetch_slots]

    def _frame(self, values: Sequence[np.ndarray]) -> Frame:
        frame = Frame(self.store, self.plan.size, on_host=True)
        for slot, value in zip(self.plan.feed_slots, values, strict=True):
            frame.env[slot] = value
        return frame

    @contextmanager
    def reading(self, on_host: bool) -> Iterator[None]:
        """Let reads of variables give NumPy arrays, or not, inside the `with` block.

        Args:
            on_host: Whether they do.
        """
        before = [ref.on_host for ref in self.refs]

        def pause(pausing: bool) -> None:
            # Another run goes on, or a Python function runs its own Session again.
            for ref, was in zip(self.refs, before, strict=True):
                ref.on_host = was if pausing else on_host

        pause(False)
        pauses = current().pauses if self.waits else []
        pauses.append(pause)
        try:
            yield
        finally:
            pauses.pop()
            pause(True)

    def _compiled(self, values: Sequence[np.ndarray]) -> list[Any]:
        if self.stages is None:
            self.stages = stages_of(self.plan)
        first = self.stages[0]
        if first.whole and not first.interpreted:
            try:
                return self._single(values)
            except Unsupported as error:
                self._give_up(first, error)
        with self.adapter.computing():
            frame = Frame(self.store, self.plan.size, constants=self.constants)
            for slot, value in zip(self.plan.feed_slots, values, strict=True):
                frame.env[slot] = value
            for index, stage in enumerate(self.stages):
                run_steps(frame, stage.host)
                if stage.device:
                    self._device(index, stage, frame)
            return [self._fetched(frame.env[slot]) for slot in self.plan.fetch_slots]

    def _device(self, index: int, stage: Stage, frame: Frame) -> None:
        """Run the compiled part of a stage, or its steps one by one where a compiler cannot have them."""
        if not stage.interpreted:
            args = [plain(frame.env[slot]) for slot in stage.ins]
            try:
                with WHOLE:
                    results = self._called(self._program(index, stage), stage, args, stage.static(frame.env))
            except Unsupported as error:
                self._give_up(stage, error)
            else:
                frame.env_update(dict(zip(stage.outs, results, strict=True)))
                return
        run_steps(frame, stage.device)

    def _give_up(self, stage: Stage, error: Unsupported) -> None:
        """Run a stage step by step from now on, and say so; nothing of it has run yet.

        Raises:
            Unsupported: It was not compiled in the first place.
        """
        if not self.adapter.compiles:
            raise error
        stage.interpreted = True
        warnings.warn(
            f"Session.run on {self.adapter.name}: a part of this run cannot be compiled and is computed step by step, "
            f"which is right but slow: {error}",
            RuntimeWarning,
            stacklevel=2,
        )

    def _single(self, values: Sequence[np.ndarray]) -> list[Any]:
        stage = self.stages[0]  # type: ignore[index]
        if not self.adapter.compiles:
            with self.adapter.computing():
                return self._once(stage, values)
        return self._once(stage, values)

    def _once(self, stage: Stage, values: Sequence[np.ndarray]) -> list[Any]:
        program = self.programs.get(0) or self._program(0, stage)
        static: tuple = ()
        if stage.feeds_static:
            env = dict(zip(self.plan.feed_slots, values, strict=True))
            values, static = [env[slot] for slot in stage.ins], stage.static(env)
        elif not stage.takes_all:
            values = [values[i] for i in stage.positions]
        with WHOLE:
            results = self._called(program, stage, values, static) if tracing.ACTIVE else program(values, static)
        return [self._fetched(value) for value in results]

    @staticmethod
    def _called(program: "Program | TapeProgram", stage: Stage, args: Sequence[Any], static: tuple) -> list[Any]:
        if not tracing.ACTIVE:
            return program(args, static)
        return tracing.compiled(program, args, static, [op for step in stage.device for op in operations_of(step)])

    def _program(self, index: int, stage: Stage) -> "Program | TapeProgram":
        found = self.programs.get(index)
        if found is None:
            kind = Program if self.adapter.compiles else TapeProgram
            found = self.programs[index] = kind(self, stage)
        return found

    def _fetched(self, value: Any) -> Any:
        value = plain(value)
        if isinstance(value, np.ndarray):
            return value[()] if value.ndim == 0 else np.array(value)
        if isinstance(value, np.generic | bool | int | float | bytes):
            return value
        if isinstance(value, Elements):
            return np.float32(0.0)  # a TensorArray's flow, as TensorFlow has it
        if self.adapter.owns(value):
            array = self.adapter.to_numpy(value)
            return array[()] if array.ndim == 0 else array
        return value


class Program:
    """The compiled part of one stage."""

    def __init__(self, executable: Executable, stage: Stage):
        self.stage = stage
        self.store = executable.store
        self.adapter = executable.adapter
        self.size = executable.plan.size
        self.jit_level = executable.jit_level
        store = self.store
        changed = {store.ref(op) for op in stage.changed}
        used = list(dict.fromkeys(store.ref(op) for op in stage.storages))
        self.written = [ref for ref in used if ref in changed]
        self.read = [ref for ref in used if ref not in changed]
        self.streams = [store.stream(op) for op in stage.random]
        operations = with_bodies([op for step in stage.device for op in operations_of(step)])
        #: Whether its steps may be run twice in one trace: what is printed would be printed twice.
        self.repeatable = not any(op.type in ("Print", "PrintV2") for op in operations)
        self.versions: dict[Any, Callable] = {}
        self.all_ready = False

    def __call__(self, args: Sequence[Any], static: tuple) -> list[Any]:
        """Run it on the values that the stage takes, with the host values that are part of its key."""
        key: Any = static
        written, read = self.written, self.read
        if not self.all_ready:
            pattern = tuple(ref.slot.cell is not None for ref in [*written, *read])
            self.all_ready = all(pattern)
            if not self.all_ready:
                key = (static, pattern)
                written, read = [r for r in written if r.initialized], [r for r in read if r.initialized]
        layout = None
        if any(isinstance(value, Array | Elements) for value in args):
            args, parts = taken_apart(args)
            layout = tuple(parts)
            key = (key, layout)
        version = self.versions.get(key)
        if version is None:
            version = self.versions[key] = _Version(self, static, written, read, layout)
        return version(args)


class _Outcome:
    """What one trace found out about the results of its program.

    Attributes:
        errors: One for each condition, whose truth the last result holds; nothing if there are none.
        created: Variables that had no value before.
        spared: Positions of written variables whose old value is a result too, because their shape changes.
        layout: What puts values together that are no tensors, or None.
        count: How many tensors the results are.
    """

    __slots__ = ("count", "created", "errors", "layout", "spared")

    def __init__(self, errors: list[Callable[[], Exception]], created: list[StateRef], spared: list[int]):
        self.errors, self.created, self.spared = errors, created, spared
        self.layout: list[Any] | None = None
        self.count = 0


def _shapes(state: Sequence[Any], args: Sequence[Any]) -> tuple:
    return tuple(tuple(x.shape) for x in (*state, *args))


class _Version:
    """A program for one pattern of initialised variables and one set of static host values."""

    def __init__(
        self, program: Program, static: tuple, written: Sequence[StateRef], read: Sequence[StateRef],
        layout: Sequence[Any] | None,
    ):  # fmt: skip
        self.program = program
        self.static = static
        #: What puts the arguments together where some are no tensors.
        self.layout = layout
        self.written, self.read = list(written), list(read)
        #: By the shapes of what was traced: a framework traces again for others, and other conditions may come of it.
        self.outcomes: dict[tuple, _Outcome] = {}
        self.donates = program.adapter.donates
        self.run = program.adapter.compile(self._trace, donate=True, jit_level=program.jit_level)

    def __call__(self, args: Sequence[Any]) -> list[Any]:
        with self.program.store.lock:
            return self._called(args)

    def _called(self, args: Sequence[Any]) -> list[Any]:
        program = self.program
        adapter = program.adapter
        read = adapter.read
        state = [read(ref.slot.cell.native) for ref in self.written]  # type: ignore[union-attr]
        if self.donates:
            self._copy_held(state)
        inputs = [read(ref.slot.cell.native) for ref in self.read]  # type: ignore[union-attr]
        for stream in program.streams:
            inputs.append(stream.native())
        inputs.extend(args)
        try:
            results, new_state = self.run(state, inputs)
        except Exception as error:
            raise translated(error) from error
        outcomes = self.outcomes
        outcome = next(iter(outcomes.values())) if len(outcomes) == 1 else outcomes[_shapes(state, inputs)]
        count = position = outcome.count
        if outcome.errors:
            held = adapter.to_numpy(results[-1])
            if not held.all():
                self._undo(outcome, results, new_state)
                raise outcome.errors[int(np.argmin(held))]()
        for stream in program.streams:
            stream.keep(results[position])
            position += 1
        self._keep(new_state)
        for ref, value in zip(outcome.created, new_state[len(self.written) :], strict=True):
            ref.slot.write(value)
        return results[:count] if outcome.layout is None else put_together(results[:count], outcome.layout)

    def _keep(self, values: Sequence[Any]) -> None:
        """Give the written variables their values."""
        for ref, value in zip(self.written, values, strict=False):
            slot = ref.slot
            cell = slot.cell
            if cell is not None and cell.shape == value.shape:
                cell.replace(value)
            else:
                slot.write(value)

    def _undo(self, outcome: _Outcome, results: Sequence[Any], new_state: Sequence[Any]) -> None:
        """Give the written variables back what they had: the program chose it, because a condition failed."""
        old = list(new_state[: len(self.written)])
        start = outcome.count + len(self.program.streams)
        for index, value in zip(outcome.spared, results[start:], strict=False):
            old[index] = value
        self._keep(old)

    def _copy_held(self, state: list[Any]) -> None:
        """Arrays that the program holds must outlive the run, which takes over the memory of its state."""
        for index in range(len(state)):
            if sys.getrefcount(state[index]) > _OWN_REFERENCES:
                state[index] = self.program.adapter.convert(self.program.adapter.to_numpy(state[index]))

    def _trace(self, state: list[Any], args: list[Any]) -> tuple[list[Any], list[Any]]:
        program = self.program
        conditions = collected = Collected(program.adapter)
        everything = [*program.written, *program.read]
        try:
            frame = self._traced(state, args, collected)
            if program.repeatable and any(ref.guarded not in (None, collected.mark()) for ref in self.written):
                # A write waited for some of the conditions only. Now all are known, before anything is written: that
                # costs nothing but tracing, and spares a choice between two whole values.
                collected = Collected(program.adapter, conditions.all(frame.k))
                frame = self._traced(state, args, collected)
            results, layout = _results(frame, program.stage)
            count = len(results)
            results.extend(stream.traced for stream in program.streams)
            new_state = [ref.overlay for ref in self.written]
            outcome = _Outcome(
                conditions.errors, [r for r in program.written if r not in self.written and r.written], []
            )
            outcome.layout, outcome.count = layout, count
            created = [ref.overlay for ref in outcome.created]
            if conditions.errors:
                outcome.spared = [
                    i for i, (new, old) in enumerate(zip(new_state, state, strict=True)) if _reshaped(new, old)
                ]
                results.extend(state[i] for i in outcome.spared)
                flags = frame.k.stack([frame.k.reshape(c, ()) for c in conditions.conditions], axis=0)
                kept, guard = frame.k.all(flags), collected.mark()
                new_state = [
                    new if ref.guarded == guard or _reshaped(new, old) else frame.k.where(kept, new, old)
                    for ref, new, old in zip(self.written, new_state, state, strict=True)
                ]
                results.append(flags)
            self.outcomes[_shapes(state, args)] = outcome
            return results, [*new_state, *created]
        finally:
            for ref in everything:
                ref.clear()
            for stream in program.streams:
                stream.traced = None

    def _traced(self, state: list[Any], args: list[Any], collected: Collected) -> Frame:
        """Run the steps once on stand-ins for the state and the arguments."""
        program, stage = self.program, self.program.stage
        frame = Frame(program.store, program.size, collected=collected)
        values = iter(args)
        for ref in (*program.written, *program.read):
            ref.clear()
            ref.traced = True
        for ref, value in zip(self.written, state, strict=True):
            ref.overlay = value
        for ref in self.read:
            ref.overlay = next(values)
        for stream in program.streams:
            stream.traced = next(values)
        given = list(values) if self.layout is None else put_together(list(values), self.layout)
        for slot, value in zip(stage.ins, given, strict=True):
            frame.env[slot] = value
        for slot, value in zip(stage.static_slots, self.static, strict=True):
            frame.env[slot] = value.array
        run_steps(frame, stage.device)
        return frame


def _results(frame: Frame, stage: Stage) -> tuple[list[Any], list[Any] | None]:
    """Return what a stage hands out as tensors, and what puts them together where some are no tensors."""
    results = [frame.native(plain(frame.env[slot])) for slot in stage.outs]
    if not any(isinstance(value, Array | Elements) for value in results):
        return results, None
    parts, layout = taken_apart(results)
    return [frame.native(value) for value in parts], layout


def _reshaped(new: Any, old: Any) -> bool:
    return tuple(new.shape) != tuple(old.shape)
