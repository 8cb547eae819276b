"""Runs the graph that a tracked call has built, on native tensors, within whatever trace of Keras's is going on."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

import keras
import numpy as np

from onevar.adapters.contract import Adapter
from onevar.core.checks import CURRENT, Collected
from onevar.core.executable import plain
from onevar.core.frame import Frame, run_steps
from onevar.core.operation import Operation, Tensor
from onevar.core.plan import Plan, changed_storages, is_random, with_bodies
from onevar.core.reach import needed
from onevar.core.registry import adapter
from onevar.core.state import StateRef, Store, Stream
from onevar.errors import OnevarError
from onevar.keras.current import stateless_scope, symbolic

#: Stands for a size that nothing says, where Keras asks for shapes only.
UNKNOWN = 83
#: How long a loop is tried for the size of what it returns, in iterations: a decoder may never find its last token.
_PATIENCE = 1000


class Streams:
    """The random numbers of one call: each operation has a stream, which begins elsewhere in every call.

    Args:
        generator: A `keras.random.SeedGenerator`; its state says which call it is. It is asked when it is needed.
    """

    def __init__(self, generator: Any):
        self._generator = generator
        self._start: Any = None

    def foresee(self) -> None:
        """Take a number in vain, for who watches which variables a call writes."""
        self._generator().next()

    def start(self, owner: Adapter) -> Any:
        """Return the counter that every stream of this call begins at, in the adapter's form.

        Args:
            owner: The adapter.
        """
        if self._start is None:
            k = owner.k
            step = self._generator().next()[1]
            zero = k.philox_counter(0, 0)
            with owner.computing():
                blocks = int(step) << 32 if isinstance(zero, int) else k.astype(step, "int64") * (1 << 32)
                self._start = k.philox_advance(zero, blocks)
        return self._start


class CallStore(Store):
    """The state that the operations of a call see: that of the layer.

    Args:
        owner: The adapter of Keras's backend.
        streams: The random numbers.

    Attributes:
        kept: Storage operation to where the state is.
        random: The random numbers.
    """

    def __init__(self, owner: Adapter, streams: Streams):
        super().__init__(owner, owner.devices()[0])
        self.kept: dict[Operation, Any] = {}
        self.random = streams

    def ref(self, operation: Operation) -> StateRef:
        """Return the state that a storage operation stands for."""
        found = self.refs.get(operation)
        if found is None:
            slot = self.kept.get(operation)
            if slot is None:
                return super().ref(operation)
            found = self.refs[operation] = StateRef(slot)
        return found

    def stream(self, operation: Operation) -> Stream:
        """Return the random stream of an operation."""
        found = self.streams.get(operation)
        if found is None:
            found = super().stream(operation)
            found.traced = self.random.start(self.adapter)
        return found


class Run:
    """The values of one call, as far as they have been computed.

    Args:
        owner: The adapter of Keras's backend.
        streams: The random numbers.

    Attributes:
        store: The state.
        known: Tensor of the graph to value.
    """

    def __init__(self, owner: Adapter, streams: Streams):
        self.adapter = owner
        self.store = CallStore(owner, streams)
        self.known: dict[Tensor, Any] = {}
        self._done: set[Operation] = set()

    def compute(self, tensors: Sequence[Tensor], targets: Iterable[Operation] = ()) -> list[Any]:
        """Return the values of tensors.

        What was computed before is not computed again.

        Args:
            tensors: Of the call's graph.
            targets: Operations that run as well.
        """
        targets = list(targets)
        if symbolic():
            self._tell_writes(tensors, targets)
        if symbolic() and all(tensor.spec.shape is not None for tensor in tensors):
            self._foresee(needed([*(tensor.op for tensor in tensors), *targets], frozenset(self.known)))
            return self._outlines(tensors)
        targets = [operation for operation in targets if operation not in self._done]
        plan = Plan(tensors, targets, list(self.known))
        steps = [step for step in plan.steps if step.operation not in self._done]
        traced = any(map(self._is_traced, self.known.values()))
        owner = self.adapter
        frame = Frame(self.store, plan.size, collected=Collected(owner) if traced else None)
        frame.differentiated = int("gradients" not in owner.lacks)
        frame.dynamic = traced and any(map(_has_unknown_sizes, self.known.values()))
        for slot, value in zip(plan.feed_slots, self.known.values(), strict=True):
            frame.env[slot] = value
        # Where 64-bit types are switched off around a trace, jax cannot lower what has them inside of it.
        with nullcontext() if traced and not wide() else owner.computing():
            before = CURRENT.operation
            try:
                run_steps(frame, steps)
            finally:
                CURRENT.operation = before  # it would keep the graph of this call, and all values
            for step in steps:
                self._remember(step, frame)
            return [frame.native(plain(frame.env[slot])) for slot in plan.fetch_slots]

    def _foresee(self, operations: Iterable[Operation]) -> None:
        """Read and write the variables that operations read and write, for who watches the rehearsal of a call."""
        everything = with_bodies(operations)
        if any(map(is_random, everything)):
            self.store.random.foresee()
        written = changed_storages(everything)
        for operation in everything:
            slot = self.store.kept.get(operation)
            if slot is not None:
                value = slot.keeper.value
                if operation in written:
                    slot.keeper.assign(value)

    def _tell_writes(self, tensors: Sequence[Tensor], targets: Iterable[Operation]) -> None:
        """Say which variables are written for the sake of results, and which besides, to who asks for that."""
        scope, known = stateless_scope(), frozenset(self.known)
        for name, operations in (("carried", [tensor.op for tensor in tensors]), ("waiting", targets)):
            told = getattr(scope, name, None)
            if told is not None:
                written = changed_storages(with_bodies(needed(operations, known)))
                told.update(id(slot.keeper) for op, slot in self.store.kept.items() if op in written)

    def _outlines(self, tensors: Sequence[Tensor]) -> list[Any]:
        """Return native tensors of the same shapes and dtypes: nobody looks at the values."""
        shapes = [list(tensor.spec.shape or ()) for tensor in tensors]
        if any(None in shape for tensor, shape in zip(tensors, shapes, strict=True) if tensor not in self.known):
            shapes = self._tried(tensors) or shapes
        return [self._outline(tensor, shape) for tensor, shape in zip(tensors, shapes, strict=True)]

    def _outline(self, tensor: Tensor, shape: list[int | None]) -> Any:
        if tensor in self.known:
            return self.known[tensor]
        dims = [self._unknown_size() if size is None else size for size in shape]
        return keras.ops.zeros(dims, tensor.dtype.base_dtype.name)

    def _tried(self, tensors: Sequence[Tensor]) -> list[list[int | None]] | None:
        """Return the shapes that come out for some numbers: how many steps a decoder makes, say; None is unknown."""
        known = {tensor: tuple(value.shape) for tensor, value in self.known.items()}
        if not all(isinstance(size, int) for shape in known.values() for size in shape):
            return None
        state = {op: lambda op=op: _ones(self.store.kept[op]) for op in self.store.kept}
        for fill in (np.ones, np.zeros):
            fed = {tensor: fill(shape, tensor.dtype.base_dtype.name) for tensor, shape in known.items()}
            try:
                return [list(np.shape(value)) for value in on_host(tensors, state, fed, _PATIENCE)]
            except (OnevarError, ValueError, TypeError, ArithmeticError, LookupError):
                continue  # not what the method wants; when it is called on values it says so itself
        return None

    def _unknown_size(self) -> Any:
        for value in self.known.values():
            for at, size in enumerate(value.shape):
                if not isinstance(size, int):
                    return keras.ops.shape(value)[at]
        return UNKNOWN

    def _remember(self, step: Any, frame: Frame) -> None:
        values = [frame.env[slot] for slot in step.outs]
        if any(value is None or isinstance(value, StateRef) for value in values):
            return  # a variable's storage, which is looked up each time
        self._done.add(step.operation)
        self.known.update(zip(step.operation.outputs, values, strict=False))

    def _is_traced(self, value: Any) -> bool:
        return self.adapter.owns(value) and not self.adapter.is_concrete(value)


@cache
def wide() -> bool:
    """Whether Keras's framework has 64-bit types outside of v1 code: jax has not, by default."""
    return str(keras.ops.convert_to_tensor(np.zeros((), "int64")).dtype).endswith("64")


def _has_unknown_sizes(value: Any) -> bool:
    shape = value.shape
    return getattr(shape, "rank", 0) is None or any(not isinstance(size, int) for size in shape)


def initial(tensor: Tensor, values: Mapping[Operation, Any]) -> np.ndarray:
    """Return an initial value, computed by NumPy on the host, whatever is being traced.

    Args:
        tensor: Of the call's graph; it depends on no input of the call.
        values: What the variables have that it may read: storage to a function that returns an array.
    """
    return np.asarray(on_host([tensor], values, {})[0])


def on_host(
    tensors: Sequence[Tensor], values: Mapping[Operation, Any], fed: Mapping[Tensor, np.ndarray],
    patience: int | None = None,
) -> list[Any]:  # fmt: skip
    """Return values of tensors, computed by NumPy.

    Args:
        tensors: Of the call's graph.
        values: What variables have: storage to a function that returns an array.
        fed: What else they may depend on.
        patience: After how many iterations a loop is given up, with `Unsupported`.
    """
    host = adapter("numpy")
    store = Store(host, "cpu:0")
    plan = Plan(tensors, [], list(fed))
    for operation in plan.storages:
        if operation in values:
            store.ref(operation).slot.write(values[operation]())
    frame = Frame(store, plan.size, on_host=True)
    frame.patience = patience
    for slot, value in zip(plan.feed_slots, fed.values(), strict=True):
        frame.env[slot] = value
    with host.computing():
        run_steps(frame, plan.steps)
    return [plain(frame.env[slot]) for slot in plan.fetch_slots]


def _ones(slot: Any) -> np.ndarray:
    return np.ones(slot.linked.shape, slot.dtype)
