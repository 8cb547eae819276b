"""Functions of elements: graphs of their own, traced once, run on the host with NumPy for each element."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.data.base import Context, Row, boxed
from onevar.core.dtype import DType
from onevar.core.frame import ConstStep, Frame, KernelStep, Step, run_steps
from onevar.core.func_graph import ARGUMENT, FuncGraph
from onevar.core.graph import Graph
from onevar.core.kernel import Kernel, kernel_of
from onevar.core.naming import NameTable
from onevar.core.operation import Operation, Tensor
from onevar.core.plan import with_bodies
from onevar.core.reach import needed, writes
from onevar.core.region import Slots, steps_for
from onevar.core.registry import adapter
from onevar.core.spec import Spec
from onevar.core.state import READERS, StateRef, Store


class FunctionGraph(FuncGraph):
    """The body of a function: names, serial numbers and seeds are its own; what it takes from outside, it captures."""

    isolated = True

    def __init__(self, name: str, outer: Graph):
        self._seed: int | None = outer.seed
        super().__init__(name, outer)
        self._seed = outer.seed
        self._names = NameTable()
        self._serial = [0]
        self.building_function = True

    @property
    def seed(self) -> int | None:  # type: ignore[override]
        """The seed of random operations in the function: at first that of the graph around it."""
        return self._seed

    @seed.setter
    def seed(self, value: int | None) -> None:
        self._seed = value

    def add(
        self,
        op_type: str,
        name: str,
        inputs: Sequence[Tensor],
        attrs: dict[str, Any],
        outputs: Sequence[tuple[DType, Spec]],
    ) -> Operation:
        """As `Graph.add`: what is made here is found in this graph alone."""
        return Graph.add(self, op_type, name, inputs, attrs, outputs)

    def argument(self, dtype: DType, spec: Spec, name: str = "arg") -> Tensor:
        """Add an input, under a name that nothing else has."""
        return super().argument(dtype, spec, f"{name}_{len(self.arguments)}")


class HostFunction:
    """A traced function, as an attribute of an operation.

    Args:
        graph: Its body; `arguments`, `captures` and `results` are filled.

    Attributes:
        graph: As given.
        name: Unique.
    """

    _count = 0

    def __init__(self, graph: FunctionGraph):
        HostFunction._count += 1
        self.graph = graph
        self.name = f"__inference_{graph.name}_{HostFunction._count}"
        self._ready: _Ready | None = None

    @property
    def captured(self) -> list[Tensor]:
        """Tensors of the graph around that it takes, in order."""
        return list(self.graph.captures)

    def call(self, context: Context, captured: Sequence[Any]) -> "Call":
        """Make it ready for one walk through a dataset: its random operations begin anew.

        Args:
            context: Of the walk.
            captured: Values of `captured`.
        """
        if self._ready is None:
            self._ready = _Ready(self.graph)
        return Call(self._ready, captured)

    def __repr__(self) -> str:
        return f"<function {self.name}>"


class _Ready:
    """The steps of a function, and what of it is the same in every call."""

    def __init__(self, graph: FunctionGraph):
        slots = Slots()
        self.arguments = [slots(tensor) for tensor in graph.arguments]
        self.captures = [slots(tensor) for tensor in graph.captures.values()]
        given = [*graph.arguments, *graph.captures.values()]
        effects = [op for op in graph.operations if _has_effect(op)]
        targets = [*(tensor.op for tensor in graph.results), *effects]
        own = set(graph.operations)
        inside = [op for op in needed(targets, given) if op in own and op.type != ARGUMENT]
        self.steps = _steps(inside, slots, given, graph.results)
        self.results = [slots(tensor) for tensor in graph.results]
        self.size = slots.count
        kernels = [kernel_of(op.type) for op in with_bodies(inside)]
        self.draws = any(kernel is not None and kernel.random for kernel in kernels)
        self.waits = any(kernel is not None and _may_wait(kernel) for kernel in kernels)
        self._fold()

    def _fold(self) -> None:
        """Compute at once what does not depend on the arguments."""
        known: set[int] = set()
        early: list[Step] = []
        late: list[Step] = []
        for step in self.steps:
            if _is_fixed(step, known):
                early.append(step)
                known.update(step.outs)
            else:
                late.append(step)
        frame = Frame(Store(adapter("numpy"), "cpu"), self.size, on_host=True)
        run_steps(frame, early)
        self.env = frame.env
        self.steps = late


def _has_effect(op: Operation) -> bool:
    """Whether it counts although nobody uses what it returns."""
    if op.type in (ARGUMENT, "NoOp") or op.type in READERS:
        return False
    return not op.outputs or writes(op) or op.type in ("PyFunc", "EagerPyFunc", "Print")


def _may_wait(kernel: Kernel) -> bool:
    kind = kernel.type
    return kernel.resource or kind in _SLOW or kind.startswith("Decode")


#: Python functions, which may do anything, and what reads files.
_SLOW = frozenset(
    {"PyFunc", "PyFuncStateless", "EagerPyFunc", "ReadFile", "MatchingFiles", "DatasetToSingleElement", "ReduceDataset"}
)


def _steps(inside: list[Operation], slots: Slots, given: Sequence[Tensor], wanted: Sequence[Tensor]) -> list[Step]:
    if any(op.type == "SymbolicGradient" for op in inside):
        return steps_for(inside, slots, given, wanted)
    # What has an effect keeps the order in which the function was written.
    found: list[Step] = []
    for op in sorted(inside, key=lambda op: op.serial):
        found.extend(steps_for([op], slots, given, wanted))
    return found


def _is_fixed(step: Step, known: set[int]) -> bool:
    if type(step) is ConstStep:
        return True
    if type(step) is not KernelStep or step.kernel.random or step.kernel.state or step.kernel.resource:
        return False
    if step.operation.op_def.is_stateful or step.operation.control_inputs:
        return False
    slots = [slot for item in step.ins for slot in (item if isinstance(item, tuple) else (item,))]
    return bool(step.outs) and known.issuperset(slots)


class Call:
    """A function in one walk: called with an element, it returns its results.

    Args:
        ready: The function's steps.
        captured: Values of what it takes from outside.
    """

    __slots__ = ("_captured", "_frames", "_ready", "_store")

    def __init__(self, ready: _Ready, captured: Sequence[Any]):
        self._ready = ready
        self._captured = [_on_host(value) for value in captured]
        self._store = Store(adapter("numpy"), "cpu")
        #: Frames that no thread uses now.
        self._frames: list[Frame] = []

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers: then calls must not overlap."""
        return self._ready.draws

    @property
    def waits(self) -> bool:
        """Whether calls at the same time are worth it: it waits for something, or leaves the interpreter alone."""
        return self._ready.waits

    def __call__(self, row: Sequence[Any]) -> Row:
        """Return the results for an element.

        Args:
            row: A value for each argument.
        """
        ready = self._ready
        try:
            frame = self._frames.pop()
        except IndexError:
            frame = Frame(self._store, ready.size, on_host=True)
        env = frame.env = ready.env.copy()
        for slot, value in zip(ready.captures, self._captured, strict=True):
            env[slot] = value
        for slot, value in zip(ready.arguments, row, strict=True):
            env[slot] = value
        with frame.adapter.computing():
            run_steps(frame, ready.steps)
        out = tuple([_array(env[slot]) for slot in ready.results])
        self._frames.append(frame)
        return out


def _on_host(value: Any) -> Any:
    """Return a variable as functions see it: its values are arrays."""
    if type(value) is StateRef:
        seen = StateRef(value.slot)
        seen.on_host = True
        return seen
    return value


def _array(value: Any) -> np.ndarray:
    if type(value) is np.ndarray:
        return value
    if type(value) is StateRef:
        return np.asarray(value.read())
    if isinstance(value, np.ndarray | np.generic | bool | int | float):
        return np.asarray(value)
    return boxed(value)
