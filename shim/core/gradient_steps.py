"""Gradients at run time: the operations between `xs` and `ys` run once under the framework's differentiation."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from onevar.core.array_steps import put_together, taken_apart
from onevar.core.checks import Collected
from onevar.core.differentiable import between, closure
from onevar.core.elements import Array, Elements
from onevar.core.frame import ConstStep, Frame, Step, is_alias, run_steps
from onevar.core.operation import Operation, Tensor
from onevar.core.registry import installed
from onevar.core.state import STORAGE, StateRef
from onevar.errors import Unsupported

#: The op type of a gradient operation; its outputs are the gradients.
TYPE = "SymbolicGradient"


class Request:
    """What a gradient operation asks for.

    Attributes:
        ys: What is differentiated.
        grad_ys: What their gradients are multiplied with; None stands for ones.
        xs: For which tensors, references and handles of variables included; one output each.
        stop: Tensors that count as constants.
    """

    __slots__ = ("grad_ys", "stop", "xs", "ys")

    def __init__(
        self, ys: Sequence[Tensor], grad_ys: Sequence[Tensor | None], xs: Sequence[Tensor], stop: Collection[Tensor]
    ):
        self.ys, self.grad_ys, self.xs, self.stop = tuple(ys), tuple(grad_ys), tuple(xs), frozenset(stop)


def given_gradients(operation: Operation) -> list[Tensor]:
    """Return the `grad_ys` of a gradient operation that the program gave."""
    return [tensor for tensor in operation.kept.grad_ys if tensor is not None]


class Group:
    """Gradient operations that share one forward computation.

    Attributes:
        gradients: The operations.
        ys: What is differentiated, each once.
        xs: For what, each once.
        stop: What counts as constant.
        region: The operations that the forward computation runs.
    """

    def __init__(self, gradients: Sequence[Operation], order: Sequence[Operation], fed: Collection[Tensor]):
        requests = [op.kept for op in gradients]
        self.gradients = tuple(gradients)
        self.ys = list(dict.fromkeys(y for request in requests for y in request.ys))
        self.xs = list(dict.fromkeys(x for request in requests for x in request.xs))
        self.stop = requests[0].stop
        self.region = _region(requests, order, fed)
        self.ys_at: list[int] = []
        self.xs_at: list[Any] = []
        self.handle = -1


def _region(requests: Sequence[Request], order: Sequence[Operation], fed: Collection[Tensor]) -> set[Operation]:
    """Return the operations between `xs` and `ys`, and those of the derivatives among them.

    A derivative inside is taken inside: all between its own `xs` and `ys` has to be there, that which does not
    depend on the outer `xs` as well, or no gradient would reach the inner ones.
    """
    core: set[Operation] = set()
    todo = list(requests)
    done: set[Operation] = set()
    while todo:
        for request in todo:
            core |= between(order, request.xs, request.ys, fed, request.stop)
        region = closure(order, core, fed)
        inside = {op for op in region if op.type == TYPE} - done
        done |= inside
        todo = [op.kept for op in inside]
    return region


def groups(order: Sequence[Operation], fed: Collection[Tensor]) -> list[Group]:
    """Return the gradient operations of a region in groups, without those that another one differentiates through."""
    found = [Group([op], order, fed) for op in order if op.type == TYPE]
    inner = {op for group in found for op in group.region}
    top = [group for group in found if group.gradients[0] not in inner]
    merged = True
    while merged:
        merged = False
        for first in top:
            other = next((g for g in top if g is not first and g.stop == first.stop and g.region & first.region), None)
            if other is not None:
                joined = Group([*first.gradients, *other.gradients], order, fed)
                absorbed = [g for g in top if g.gradients[0] in joined.region]
                top = [g for g in top if g not in (first, other) and g not in absorbed] + [joined]
                merged = True
                break
    return top


def forward(
    group: Group, operations: Sequence[Operation], slots: Any, fed: Collection[Tensor], looked_at: set[Tensor],
    steps_for: Callable,
) -> "ForwardStep":  # fmt: skip
    """Return the step that runs a group's region and keeps what the pullbacks need."""
    exported = [t for op in operations for t in op.outputs if t in looked_at]
    steps = steps_for(operations, slots, fed, [*exported, *group.ys])
    group.handle = slots.new()
    group.ys_at = [slots(y) for y in group.ys]
    step = ForwardStep(group, operations, slots)
    step.steps = step.marked(steps, group, slots, operations)
    step.exports = exports = tuple(dict.fromkeys([*(slots(t) for t in exported if t not in fed), *step.mark_slots]))
    made = {slot for inner in step.steps for slot in (*inner.outs, *getattr(inner, "exports", ()))}
    constant = {slot for inner in step.steps if isinstance(inner, ConstStep) for slot in inner.outs}
    step.inner = tuple(made - set(exports) - constant)
    return step


def pullback(operation: Operation, group: Group, slots: Any) -> "PullbackStep":
    """Return the step that takes gradients back through a group's forward computation."""
    return PullbackStep(operation, group, slots)


class MarkerStep(Step):
    """After the step that makes an intermediate `x`: declares it as a point to differentiate for, or stops there."""

    __slots__ = ("index", "slot", "stops")

    def __init__(self, operation: Operation, slot: int, index: int | None, stops: bool = True):
        super().__init__(operation, (), ())
        self.slot, self.index, self.stops = slot, index, stops

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        value = frame.native(frame.env[self.slot])
        if type(value) is StateRef:
            return
        if self.stops:
            value = frame.adapter.stop_gradient(value)
        frame.env[self.slot] = value if self.index is None else frame.env[-1](self.index, value)


class ForwardStep(Step):
    """Runs a region under `Adapter.vjp`."""

    __slots__ = ("exports", "group", "inner", "mark_slots", "marks", "roots", "steps")

    def __init__(self, group: Group, operations: Sequence[Operation], slots: Any):
        super().__init__(group.gradients[0], (), ())
        self.group = group
        inside = set(operations)
        self.roots = [x for x in group.xs if x.op not in inside or _is_storage(x)]
        self.marks = [x for x in group.xs if x not in self.roots]
        order = {x: index for index, x in enumerate([*self.roots, *self.marks])}
        group.xs_at = [order[x] for x in group.xs]
        self.ins = tuple(slots(x) for x in self.roots)
        self.mark_slots = tuple(slots(x) for x in self.marks)
        self.steps: list[Step] = []
        self.exports: tuple[int, ...] = ()
        self.inner: tuple[int, ...] = ()

    def marked(self, steps: Sequence[Step], group: Group, slots: Any, operations: Sequence[Operation]) -> list[Step]:
        """Return the steps with markers after those that make an intermediate `x` or a constant."""
        after: dict[int, Step] = {}
        for index, x in enumerate(self.marks):
            after[slots(x)] = MarkerStep(x.op, slots(x), index, x in group.stop)
        for tensor in group.stop:
            if tensor not in group.xs:
                after.setdefault(slots(tensor), MarkerStep(tensor.op, slots(tensor), None))
        out: list[Step] = []
        for step in steps:
            out.append(step)
            written = [*step.outs, *getattr(step, "exports", ())]
            out.extend(after[slot] for slot in written if slot in after)
        return out

    def run(self, frame: Frame, runner: Callable[[Frame, Sequence[Step]], None] = run_steps) -> None:  # noqa: D102 (see Step)
        if "gradients" in frame.adapter.lacks:
            others = ", ".join(name for name in installed() if name != frame.adapter.name) or "none"
            raise Unsupported(
                f"tf.gradients: the {frame.adapter.name} adapter lacks 'gradients': "
                f"{frame.adapter.lacks['gradients']}. Open the Session on another: tf.Session(backend=...), "
                f"ONEVAR_BACKEND. Installed here: {others}."
            )
        env = frame.env
        before = [env[slot] for slot in self.ins]
        refs = [value if type(value) is StateRef else None for value in before]
        xs = [ref.read() if ref is not None else frame.native(value) for ref, value in zip(refs, before, strict=True)]
        xs = [frame.native(x) for x in xs]
        run = _Run(self, frame, refs, before, runner)
        frame.differentiated += 1
        try:
            ys, aux, pull = frame.adapter.vjp(run, xs, len(self.marks))
        finally:
            frame.differentiated -= 1
            run.restore()
        run.keep(aux)
        for slot in self.inner:
            env[slot] = None  # what is still connected to the derivative would keep its memory
        points = [*xs, *(env[slot] for slot in self.mark_slots)]
        env[self.group.handle] = (pull, ys, points)


class _Run:
    """The function that is differentiated: runs the steps on given values of the points."""

    def __init__(
        self, step: ForwardStep, frame: Frame, refs: list[StateRef | None], before: list[Any], runner: Callable
    ):  # fmt: skip
        self.step, self.frame, self.refs, self.before, self.runner = step, frame, refs, before, runner
        store = frame.store
        self.collected = self.inner = frame.collected
        self.overlays = [(ref, ref.overlay, ref.traced, ref.written) for ref in store.refs.values()]
        self.streams = [(s, s.traced, s._position) for s in store.streams.values()]

    def __call__(self, *args: Any) -> tuple[list[Any], dict[str, Any]]:
        step, frame = self.step, self.frame
        env = frame.env
        if self.step.marks:
            env.append(args[0])
            args = args[1:]
        self._rewind()
        try:
            for slot, ref, x in zip(step.ins, self.refs, args, strict=True):
                if ref is None:
                    env[slot] = x
                else:
                    ref.overlay = x
            if frame.collected is not None:
                frame.collected = Collected(frame.adapter)
            self.runner(frame, step.steps)
            ys = [frame.native(_value(env[slot])) for slot in step.group.ys_at]
            return ys, self._aux()
        finally:
            frame.collected, self.inner = self.collected, frame.collected
            if self.step.marks:
                env.pop()

    def _rewind(self) -> None:
        """Undo what an earlier call left: a tracer may call more than once."""
        for ref, overlay, traced, written in self.overlays:
            ref.overlay, ref.traced, ref.written = overlay, traced, written
        for stream, traced, position in self.streams:
            stream.traced, stream._position = traced, position

    def _aux(self) -> dict[str, Any]:
        frame = self.frame
        values = {slot: frame.env[slot] for slot in self.step.exports}
        contents = {slot: value for slot, value in values.items() if isinstance(value, Array | Elements)}
        tensors, self.layout = taken_apart(list(contents.values()))
        self.contents = list(contents)
        owned = [at for at, x in enumerate(tensors) if frame.store.adapter.owns(x)]
        self.parts = {at: x for at, x in enumerate(tensors) if at not in owned}
        refs = {at: ref.overlay for at, ref in enumerate(frame.store.refs.values()) if ref.traced and ref.written}
        streams = {at: s.traced for at, s in enumerate(frame.store.streams.values()) if s.traced is not None}
        native = {slot: value for slot, value in values.items() if frame.store.adapter.owns(value)}
        self.host = {slot: value for slot, value in values.items() if slot not in native and slot not in contents}
        arrays = {at: tensors[at] for at in owned}
        conditions = [] if frame.collected is None else list(frame.collected.conditions)
        return {"values": native, "refs": refs, "streams": streams, "conditions": conditions, "arrays": arrays}

    def restore(self) -> None:
        """Put the points' own values back."""
        for slot, value in zip(self.step.ins, self.before, strict=True):
            self.frame.env[slot] = value
        for ref, overlay, traced, written in self.overlays:
            if ref.traced or ref in self.refs:
                ref.overlay, ref.traced, ref.written = overlay, traced, written

    def keep(self, aux: dict[str, Any]) -> None:
        """Take over what the forward computation made besides `ys`."""
        frame = self.frame
        frame.env_update({**self.host, **aux["values"]})
        if self.contents:
            parts = {**self.parts, **aux["arrays"]}
            again = put_together([parts[at] for at in range(len(parts))], self.layout)
            frame.env_update(dict(zip(self.contents, again, strict=True)))
        refs = list(frame.store.refs.values())
        for at, value in aux["refs"].items():
            refs[at].overlay, refs[at].written = value, True
        if self.collected is not None and self.inner is not None:
            self.collected.conditions.extend(aux["conditions"])
            self.collected.errors.extend(self.inner.errors)
        streams = list(frame.store.streams.values())
        for at, counter in aux["streams"].items():
            streams[at].traced = counter


class PullbackStep(Step):
    """Computes the gradients of one gradient operation."""

    __slots__ = ("given", "group", "last", "positions", "reads")

    def __init__(self, operation: Operation, group: Group, slots: Any):
        request: Request = operation.kept
        super().__init__(operation, (), [slots(t) for t in operation.outputs])
        self.group = group
        #: Whether no other pullback of the group follows.
        self.last = True
        self.given = [None if t is None else slots(t) for t in request.grad_ys]
        self.reads = [group.ys.index(y) for y in request.ys]
        self.positions = [group.xs_at[group.xs.index(x)] for x in request.xs]

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        pull, ys, points = frame.env[self.group.handle]
        cotangents: list[Any] = [None] * len(ys)
        for at, slot in zip(self.reads, self.given, strict=True):
            seed = frame.k.ones_like(ys[at]) if slot is None else frame.native(_value(frame.env[slot]))
            cotangents[at] = seed if cotangents[at] is None else frame.k.add(cotangents[at], seed)
        gradients = pull(cotangents) if self.last else pull(cotangents, keep=True)
        for out, at in zip(self.outs, self.positions, strict=True):
            # Connected in the graph but not in this run: zero, as TensorFlow's gradient is.
            frame.env[out] = frame.k.zeros_like(points[at]) if gradients[at] is None else gradients[at]


def _value(value: Any) -> Any:
    return value.read() if type(value) is StateRef else value


def _is_storage(tensor: Tensor) -> bool:
    return tensor.op.type in STORAGE or is_alias(tensor.op)
