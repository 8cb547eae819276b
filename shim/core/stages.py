"""Splits a plan into stages: what the host does, then what a compiler gets, in turns.

An operation that only the host can do (strings, Python functions, results whose shape depends on values) waits for
the compiled part before it and is waited for by the one after it. Whatever follows from constants, from shapes, and
from placeholders that reach an input which has to be a host value, is no reason for a stage: it is known while the
rest is being compiled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onevar.core.folding import folds
from onevar.core.frame import AliasStep, ConstStep, KernelStep, SnapshotStep, Step, StorageStep
from onevar.core.gradient_steps import ForwardStep, MarkerStep, PullbackStep
from onevar.core.host_steps import prepared
from onevar.core.loops import LoopStep
from onevar.core.operation import Operation
from onevar.core.plan import Plan, breaks, changed_storages, storage_of, with_bodies

#: Operations whose result follows from the shape of their input.
_OF_SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "VariableShape"})


class Known:
    """A host value as part of a key."""

    __slots__ = ("_key", "array")

    def __init__(self, array: Any):
        self.array = np.asarray(array)
        self._key = (self.array.dtype.str, self.array.shape, self.array.tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Known) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class Stage:
    """What the host does, then what is compiled.

    Attributes:
        host: Steps that are interpreted.
        device: Steps that are compiled together.
        ins: Values that the compiled part takes.
        outs: Values that it hands out.
        static_slots: Values that are part of its key.
        storages: Operations whose variables it uses.
        changed: Those that it writes to.
        random: Operations in it that draw random numbers.
        whole: Whether it is all that the plan does.
    """

    def __init__(self) -> None:
        self.host: list[Step] = []
        self.device: list[Step] = []
        self.ins: list[int] = []
        self.outs: list[int] = []
        self.static_slots: list[int] = []
        self.storages: list[Operation] = []
        self.changed: list[Operation] = []
        self.random: list[Operation] = []
        #: Whether a compiler refused it.
        self.interpreted = False
        self.takes_all = False
        self.feeds_static = False
        self.whole = False
        self.positions: list[int] = []

    def static(self, env: Mapping[int, Any] | Sequence[Any]) -> tuple[Known, ...]:
        """Return the key's values out of an environment."""
        return tuple(Known(env[slot]) for slot in self.static_slots)


def reads_of(step: Step) -> set[int]:
    """Return the slots that a step reads, inside bodies and regions too."""
    found: set[int] = set()
    for slot in step.ins:
        found.update(slot) if isinstance(slot, tuple) else found.add(slot)
    for inner in getattr(step, "steps", ()):
        found |= reads_of(inner)
    group = getattr(step, "group", None)
    if group is not None and hasattr(step, "given"):
        found.add(group.handle)
        found.update(slot for slot in step.given if slot is not None)
    if group is not None and hasattr(step, "exports"):
        found.update(group.ys_at)
    return found - _made_inside(step)


def _made_inside(step: Step) -> set[int]:
    made: set[int] = set()
    for inner in getattr(step, "steps", ()):
        made |= writes_of(inner)
    return made


def writes_of(step: Step) -> set[int]:
    """Return the slots that a step writes."""
    made = set(step.outs) | set(getattr(step, "exports", ()))
    group = getattr(step, "group", None)
    if group is not None and hasattr(step, "exports"):
        made.add(group.handle)
    return made


class _Analysis:
    """Which values are known while compiling, and which come from where."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.maker: dict[int, Step] = {slot: step for step in plan.steps for slot in writes_of(step)}
        self.by_operation = {op: step for step in plan.steps for op in operations_of(step)}
        #: Stage of each step, and whether it runs on the host, by the step's id.
        self.placed: dict[int, tuple[int, bool]] = {}
        self.static_feeds: set[int] = set()
        feeds = set(plan.feed_slots)
        self.feeds = feeds
        strings = {
            slot
            for slot, t in zip(plan.feed_slots, plan.feeds, strict=True)
            if t.dtype.key in ("string", "variant", "resource")
        }
        self.strings = strings
        while True:
            self.static = self._static()
            more = {feed for step in plan.steps for feed in self._needed_on_host(step)} - self.static_feeds
            if not more:
                break
            self.static_feeds |= more
        #: Steps that are no reason for a stage: what they do is the same in every run.
        self.folded: set[int] = set()
        self._fold(plan.steps, self.static)

    def _static(self) -> set[int]:
        static = set(self.static_feeds)
        for step in self.plan.steps:
            if self._is_static(step, static):
                static.update(writes_of(step))
        return static

    def _is_static(self, step: Step, static: set[int]) -> bool:
        if isinstance(step, ConstStep) or step.operation.type in _OF_SHAPES or self._pure(step, static):
            return True
        return folds(step, reads_of(step), static)

    def _pure(self, step: Step, static: set[int]) -> bool:
        if not isinstance(step, KernelStep) or step.kernel.random or step.kernel.state or step.on_host:
            return False
        return reads_of(step) <= static

    def _fold(self, steps: Sequence[Step], static: set[int]) -> None:
        """Find what folds, inside what is differentiated as well: there the points differentiated for vary."""
        for step in steps:
            if isinstance(step, ForwardStep):
                moved = {*step.ins, *(inner.slot for inner in step.steps if isinstance(inner, MarkerStep))}
                known = static - moved
                for inner in step.steps:
                    if not isinstance(inner, ForwardStep) and self._is_static(inner, known):
                        known |= writes_of(inner) - moved
                self._fold(step.steps, known)
            elif folds(step, reads_of(step), static):
                self.folded.add(id(step))

    def breaks(self, step: Step) -> bool:
        """Whether a compiler cannot have a step."""
        if isinstance(step, ForwardStep):
            return any(self.breaks(inner) for inner in step.steps)
        return id(step) not in self.folded and breaks(step)

    def _needed_on_host(self, step: Step) -> set[int]:
        """Return the feeds that alone decide host inputs of a step."""
        found: set[int] = set()
        for slot in host_inputs(step):
            if slot not in self.static:
                sources = self._feeds_behind(slot)
                found |= sources or set()
        return found

    def _feeds_behind(self, slot: int) -> set[int] | None:
        """Return the feeds that a value is computed from, or None if other things decide it too."""
        found: set[int] = set()
        seen, todo = {slot}, [slot]
        while todo:
            at = todo.pop()
            if at in self.feeds and at not in self.strings:
                found.add(at)
            elif at not in self.static:
                step = self.maker.get(at)
                if not _is_pure(step):
                    return None
                more = reads_of(step) - seen  # type: ignore[arg-type]
                seen |= more
                todo.extend(more)
        return found


def _is_pure(step: Step | None) -> bool:
    """Whether a step computes the same from the same, without the host."""
    if not isinstance(step, KernelStep):
        return False
    return not (step.kernel.random or step.kernel.state or step.kernel.on_host)


def host_inputs(step: Step) -> set[int]:
    """Return the slots that a step wants as host values: a loop that is differentiated has to know how long it is."""
    found: set[int] = set()
    if isinstance(step, KernelStep):
        for at in step.host:
            slot = step.ins[at]
            found.update(slot) if isinstance(slot, tuple) else found.add(slot)
    for inner in getattr(step, "steps", ()):
        found |= host_inputs(inner) if not isinstance(inner, LoopStep) else set(inner.deciding())
    return found


def stages_of(plan: Plan) -> list[Stage]:
    """Return the stages of a plan, the first first."""
    analysis = _Analysis(plan)
    torn: set[int] = set()
    while True:
        numbered = _numbered(plan, analysis, torn)
        more = _torn(numbered)
        if not more:
            return _collected(plan, analysis, numbered)
        torn |= more


def _torn(numbered: Sequence[tuple[int, bool, Step]]) -> set[int]:
    """Return compiled forward computations whose pullback is in a later stage: no compiler hands one out.

    That is so where the gradient that the pullback is given is computed on the host.
    """
    late = {
        step.group.handle: stage for stage, on_host, step in numbered if isinstance(step, PullbackStep) and not on_host
    }
    return {
        id(step)
        for stage, on_host, step in numbered
        if isinstance(step, ForwardStep) and not on_host and late.get(step.group.handle, stage) > stage
    }


def _numbered(plan: Plan, analysis: _Analysis, torn: set[int]) -> list[tuple[int, bool, Step]]:
    """Return each step with its stage, and whether it runs on the host.

    Args:
        plan: Whose steps.
        analysis: Of the plan; `placed` is filled.
        torn: Steps that have to run on the host, by their ids.
    """
    analysis.placed.clear()
    ready: dict[int, int] = dict.fromkeys(plan.feed_slots, 0)  # the stage in which a value is there for the host
    made_on_device: dict[int, int] = {}
    numbered: list[tuple[int, bool, Step]] = []
    changes: dict[Operation, int] = {}
    floor = 0
    messages = _messages(plan, analysis)
    fed = analysis.feeds - analysis.static_feeds - analysis.strings
    small = prepared(plan.steps, fed, analysis.static, analysis.breaks, reads_of)
    for step in plan.steps:
        if id(step) in messages:
            continue  # repeated where it is needed
        on_host = (
            analysis.breaks(step)
            or id(step) in small
            or _keeps_strings(step)
            or any(slot in analysis.strings for slot in reads_of(step))
            # A pullback is a function of the host where the forward computation ran there.
            or (isinstance(step, PullbackStep) and step.group.handle in ready)
            or id(step) in torn
        )
        stage, written = _stage_of(step, on_host, analysis, ready, made_on_device, floor), writes_of(step)
        stage = _after_writes(step, stage, changes, plan)
        if on_host:
            if not _reports(step):
                floor = max(floor, stage)  # it may fail, and writes wait for what may
            ready.update(dict.fromkeys(written, stage))
        else:
            made_on_device.update(dict.fromkeys(written, stage))
        analysis.placed[id(step)] = (stage, on_host)
        numbered.append((stage, on_host, step))
    return numbered


def _after_writes(step: Step, stage: int, changes: dict[Operation, int], plan: Plan) -> int:
    """Return the stage of a step: a variable that is fetched is read in the stage that writes to it last, or later.

    Args:
        step: The step.
        stage: In which it could be, for what it reads.
        changes: The last stage that writes to each variable; what the step writes to is put there.
        plan: Whose steps.
    """
    if isinstance(step, SnapshotStep):
        storage = storage_of(step.operation.outputs[0]) if step.outs[0] in plan.fetch_slots else None
        return stage if storage is None else max(stage, changes.get(storage, 0))
    if not isinstance(step, ConstStep | StorageStep | AliasStep) and not _is_pure(step):
        for storage in changed_storages(with_bodies(operations_of(step))):
            changes[storage] = max(stage, changes.get(storage, 0))
    return stage


def _reports(step: Step) -> bool:
    return isinstance(step, KernelStep) and step.kernel.reports


def _messages(plan: Plan, analysis: _Analysis) -> set[int]:
    """Return the constants that only assertions read which are decided while the rest is being compiled."""
    others = set(plan.fetch_slots)
    todo = list(plan.steps)
    while todo:
        step = todo.pop()
        if isinstance(step, ForwardStep):
            todo += step.steps
            others |= {*step.ins, *step.group.ys_at}
        elif id(step) not in analysis.folded:
            others |= reads_of(step)
    constants = [step for step in plan.steps if isinstance(step, ConstStep) and _keeps_strings(step)]
    return {id(step) for step in constants if others.isdisjoint(step.outs)}


def _keeps_strings(step: Step) -> bool:
    """Whether a step stands for strings: a constant, or a variable."""
    held = step.operation.attrs.get("dtype", step.operation.attrs.get("T"))
    return isinstance(step, ConstStep | StorageStep | AliasStep | SnapshotStep) and getattr(held, "key", "") == "string"


def _stage_of(
    step: Step, on_host: bool, analysis: _Analysis, ready: dict[int, int], device: dict[int, int], floor: int
) -> int:
    needs_host = host_inputs(step) - analysis.static
    stage = 0
    for slot in reads_of(step):
        if slot in device:
            later = (on_host and not isinstance(analysis.maker.get(slot), ConstStep | StorageStep | AliasStep)) or (
                slot in needs_host
            )
            stage = max(stage, device[slot] + (1 if later else 0))
        else:
            stage = max(stage, ready.get(slot, 0))
    for before in step.operation.control_inputs:
        stage = max(stage, _control_stage(before, on_host, analysis, ready, device))
    writer = isinstance(step, KernelStep) and step.kernel.state
    return max(stage, floor) if writer or not step.outs else stage


def _control_stage(
    before: Operation, on_host: bool, analysis: _Analysis, ready: dict[int, int], device: dict[int, int]
) -> int:
    at, was_host = analysis.placed.get(id(analysis.by_operation.get(before)), (0, True))
    return at + (1 if on_host and not was_host else 0)


def _collected(plan: Plan, analysis: _Analysis, numbered: Sequence[tuple[int, bool, Step]]) -> list[Stage]:
    count = 1 + max((stage for stage, _, _ in numbered), default=0)
    stages = [Stage() for _ in range(count)]
    for at, on_host, step in numbered:
        (stages[at].host if on_host else stages[at].device).append(step)
    for at, stage in enumerate(stages):
        _connect(plan, analysis, stages, at, stage)
    return stages


def _connect(plan: Plan, analysis: _Analysis, stages: list[Stage], at: int, stage: Stage) -> None:
    read_by_host = {slot for step in stage.host for slot in reads_of(step)}
    last = at == len(stages) - 1
    # Strings that are fed and fetched again are nothing for a compiler.
    whole = stage.whole = (
        last and at == 0 and not stage.host and bool(stage.device) and analysis.strings.isdisjoint(plan.fetch_slots)
    )
    if last and not whole:
        read_by_host |= set(plan.fetch_slots)
    stage.host = [*_recomputed(analysis, read_by_host), *stage.host]
    made = {slot for step in stage.device for slot in writes_of(step)}
    wanted = {slot for step in stage.device for slot in reads_of(step)} - made
    again = _recomputed(analysis, wanted)
    stage.device = [*again, *stage.device]
    made |= {slot for step in again for slot in writes_of(step)}
    wanted = {slot for step in stage.device for slot in reads_of(step)} - made
    if whole:
        wanted |= set(plan.fetch_slots) - made
    hosted = {slot for step in stage.device for slot in host_inputs(step)} | _host_predicates(analysis, stage)
    static = {slot for slot in wanted if slot in analysis.static_feeds or slot in hosted}
    stage.static_slots = sorted(static)
    stage.ins = sorted(wanted - static)
    later: set[int] = set(plan.fetch_slots)
    for other in stages[at + 1 :]:
        later |= {slot for step in [*other.host, *other.device] for slot in reads_of(step)}
    light = {slot for slot in made if isinstance(analysis.maker.get(slot), ConstStep | StorageStep | AliasStep)}
    # Constants and variables are repeated where they are needed.
    stage.outs = list(plan.fetch_slots) if whole else sorted((made & later) - light)
    operations = with_bodies([op for step in stage.device for op in operations_of(step)])
    members = set(operations)
    stage.changed = list(changed_storages(operations))
    stage.storages = [op for op in plan.storages if op in members or op in stage.changed]
    stage.random = [op for op in plan.random if op in members]
    index = {slot: i for i, slot in enumerate(plan.feed_slots)}
    stage.feeds_static = bool(stage.static_slots)
    stage.takes_all = stage.ins == plan.feed_slots
    stage.positions = [index[slot] for slot in stage.ins if slot in index]


def _host_predicates(analysis: _Analysis, stage: Stage) -> set[int]:
    """Return the predicates of branches that the host has computed: the other branch need not even be possible."""
    slots = {step.ins[0] for step in stage.device if step.operation.type in ("If", "StatelessIf") and step.ins}
    return {slot for slot in slots if analysis.placed.get(id(analysis.maker.get(slot)), (0, False))[1]}


def _recomputed(analysis: _Analysis, wanted: set[int]) -> list[Step]:
    """Return steps of earlier stages that are repeated: what stands for variables, and constants."""
    found: dict[int, Step] = {}
    todo = list(wanted)
    while todo:
        slot = todo.pop()
        step = analysis.maker.get(slot)
        if isinstance(step, ConstStep | StorageStep | AliasStep) and id(step) not in found:
            found[id(step)] = step
            todo.extend(reads_of(step))
    order = {id(step): i for i, step in enumerate(analysis.plan.steps)}
    return sorted(found.values(), key=lambda step: order[id(step)])


def operations_of(step: Step) -> list[Operation]:
    """Return the operations that a step runs."""
    found = [step.operation]
    for inner in getattr(step, "steps", ()):
        found.extend(operations_of(inner))
    return found
