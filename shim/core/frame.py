"""Runs operations one after the other: the interpreter under every way to execute a graph.

A value is a NumPy array (a host value), the framework's tensor, or a `StateRef`. An operation whose inputs are all host
values is computed by NumPy, there and then, also while a framework traces the rest: shapes stay constants there.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter
from onevar.core import tracing
from onevar.core.attr_values import kernel_value
from onevar.core.build import grouped
from onevar.core.checks import CURRENT, Collected
from onevar.core.dynamic_sizes import done_otherwise
from onevar.core.handles import carries_handles, is_opaque, unwrapped
from onevar.core.kernel import Kernel, kernel_of
from onevar.core.op_errors import InvalidArgumentError, OpError, UnimplementedError, exception_type_from_error_code
from onevar.core.operation import Operation, Tensor
from onevar.core.registry import adapter
from onevar.core.spec import show
from onevar.core.state import STORAGE, StateRef, Store, host_array
from onevar.errors import OnevarError, Unsupported

_HOST = (np.ndarray, np.generic)


class Frame:
    """One computation: what it computes with, and the values so far.

    Attributes:
        store: The Session's state.
        adapter: The framework.
        k: Its primitives; NumPy's where everything is computed on the host.
        env: Values by slot number.
        on_host: Whether NumPy computes everything.
        collected: Where conditions go while a framework traces, or None.
        differentiated: How many derivatives are being taken around it.
        constants: The plan's constants, by the array's id: the array, and the tensor made of it once there is one.
        counters: Traced scalars of loops around it whose values lie in a known range, by their ids.
        dynamic: Whether there are tensors whose sizes are not known while the framework traces.
        current: The rows of TensorArrays that an iteration of a compiled loop reads and writes, or None.
        patience: After how many iterations a loop is given up; None is never.
    """

    __slots__ = (
        "adapter", "collected", "constants", "counters", "current", "device", "differentiated", "dynamic", "env",
        "host_k", "k", "on_host", "patience", "store", "wrote",
    )  # fmt: skip

    def __init__(
        self, store: Store, size: int, *, on_host: bool = False, collected: Collected | None = None,
        constants: dict[int, list] | None = None,
    ):  # fmt: skip
        self.store = store
        self.host_k = adapter("numpy").k
        self.on_host = on_host
        self.adapter: Adapter = adapter("numpy") if on_host else store.adapter
        self.k = self.adapter.k
        self.device = store.device
        self.env: list[Any] = [None] * size
        self.collected = collected
        self.constants = constants
        self.wrote = False
        self.differentiated = 0
        self.dynamic = False
        self.counters: dict[int, tuple[Any, int, int]] = {}
        self.current: Any = None
        self.patience: int | None = None

    def inner(self, size: int, collected: Collected | None = None) -> "Frame":
        """Return a frame for a body that runs within this one."""
        collected = collected or self.collected
        frame = Frame(self.store, size, on_host=self.on_host, collected=collected, constants=self.constants)
        frame.differentiated = self.differentiated
        frame.dynamic = self.dynamic
        frame.counters, frame.patience = self.counters, self.patience
        return frame

    def within(self, index: Any, size: int) -> bool:
        """Whether a traced index is known to be in `[0, size)`."""
        known = self.counters.get(id(index))
        return known is not None and known[0] is index and known[1] >= 0 and known[2] <= size

    def env_update(self, values: dict[int, Any]) -> None:
        """Take over values by slot number."""
        for slot, value in values.items():
            self.env[slot] = value

    def native(self, value: Any) -> Any:
        """Return a value as the framework's tensor; strings and references stay what they are."""
        if not isinstance(value, _HOST) or self.on_host or (isinstance(value, np.ndarray) and value.dtype == object):
            return value
        kept = None if self.constants is None else self.constants.get(id(value))
        if kept is None or kept[0] is not value:
            return self._made(value)
        if kept[1] is None:
            kept[1] = self._made(value)
        return kept[1]

    def _made(self, value: Any) -> Any:
        if self.collected is not None:
            return self.k.asarray(np.asarray(value))
        return self.adapter.convert(np.asarray(value), None, self.device)

    def host(self, value: Any) -> np.ndarray:
        """Return a value as a NumPy array that is not written to."""
        if isinstance(value, StateRef):
            value = value.read()
        if isinstance(value, np.ndarray):
            return value
        if isinstance(value, np.generic | bool | int | float):
            return np.asarray(value)
        if not self.adapter.is_concrete(value):
            raise Unsupported("a value that decides a shape or an index is not known while the plan is being compiled.")
        return host_array(self.adapter, value)


class Step:
    """One operation made ready to run."""

    __slots__ = ("ins", "operation", "outs")

    def __init__(self, operation: Operation, ins: Sequence[Any], outs: Sequence[int]):
        self.operation = operation
        self.ins = tuple(ins)
        self.outs = tuple(outs)

    def run(self, frame: Frame) -> None:
        """Compute it and put the outputs in the frame."""
        raise NotImplementedError

    def store(self, frame: Frame, result: Any) -> None:
        """Put what a kernel returned where the outputs belong."""
        outs = self.outs
        if len(outs) == 1:
            frame.env[outs[0]] = result[0] if isinstance(result, list | tuple) else result
            return
        flat: list[Any] = []
        for item in result if isinstance(result, list | tuple) else (result,):
            flat.extend(item) if isinstance(item, list | tuple) else flat.append(item)
        for slot, value in zip(outs, flat, strict=bool(outs)):
            frame.env[slot] = value


class ConstStep(Step):
    """A constant."""

    __slots__ = ("value",)

    def __init__(self, operation: Operation, ins: Sequence[Any], outs: Sequence[int]):
        super().__init__(operation, ins, outs)
        self.value = operation.attrs["value"]

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        frame.env[self.outs[0]] = self.value


class StorageStep(Step):
    """A variable's storage: its output is the variable itself."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        ref = frame.store.ref(self.operation)
        ref.on_host = frame.on_host
        frame.env[self.outs[0]] = ref


class AliasStep(Step):
    """An Identity that hands a variable on as it is."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        frame.env[self.outs[0]] = frame.env[self.ins[0]]


class SnapshotStep(Step):
    """The value that a variable has now."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        value = frame.env[self.ins[0]]
        frame.env[self.outs[0]] = value.read() if type(value) is StateRef else value


class PlaceholderStep(Step):
    """A placeholder that nobody fed."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        op = self.operation
        out = op.outputs[0]
        known = "" if out.spec.shape is None else f" and shape {show(out.spec.shape)}"
        dtype = _CPP.get(out.dtype.key, out.dtype.name)
        raise InvalidArgumentError(
            None, op, f"You must feed a value for placeholder tensor '{op.name}' with dtype {dtype}{known}"
        )


#: Dtypes as TensorFlow's C++ messages call them.
_CPP = {"float32": "float", "float64": "double", "float16": "half"}


class KernelStep(Step):
    """An operation with a definition over primitives."""

    __slots__ = ("attrs", "handles", "host", "keeps_refs", "kernel", "on_host", "override", "reads")

    def __init__(self, operation: Operation, ins: Sequence[Any], outs: Sequence[int], kernel: Kernel):
        super().__init__(operation, ins, outs)
        self.kernel = kernel
        #: Strings, variants and handles of queues and tables are host values, whatever is done with them.
        self.on_host = kernel.on_host or _has_strings(operation) or carries_handles(operation)
        attrs = operation.attrs
        self.attrs = {name: kernel_value(attrs[name]) for name in kernel.attrs if name in attrs}
        self.host = frozenset(kernel.host_index)
        args = operation.op_def.inputs
        #: Positions that take the variable itself, not its value.
        self.keeps_refs = frozenset(i for i, a in enumerate(args) if a.is_ref or a.dtype == "resource")
        #: Slots of handles in lists: of what functions capture.
        self.handles = _handles(operation, self.ins)
        self.override: dict[str, Callable | None] = {}

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        env, kernel = frame.env, self.kernel
        CURRENT.operation = self.operation
        args = [
            [self._value(env[i], i in self.handles) for i in slot]
            if type(slot) is tuple
            else self._value(env[slot], at in self.keeps_refs)
            for at, slot in enumerate(self.ins)
        ]
        if frame.collected is not None and done_otherwise(self, frame, args):
            return
        if self.on_host:
            self._on_host(frame, args)
        elif kernel.random:
            self._random(frame, args)
        elif not kernel.state and _all_host(args):
            self.store(frame, kernel.fn(frame.host_k, *args, **self.attrs))
        else:
            self._compute(frame, args)

    def _compute(self, frame: Frame, args: list[Any]) -> None:
        self._prepare(frame, args)
        function = self._override(frame)
        if function is not None:
            self.store(frame, function(*args, **self.override_attrs()))
        else:
            self.store(frame, self.kernel.fn(frame.k, *args, **self.attrs))
        if self.kernel.state and self.operation.type not in _READ_ONLY:
            frame.wrote = True

    def _value(self, value: Any, keep: bool) -> Any:
        return value.read() if type(value) is StateRef and not keep else value

    def _prepare(self, frame: Frame, args: list[Any]) -> None:
        """Bring each argument to where the kernel wants it."""
        for at, value in enumerate(args):
            if at in self.host:
                args[at] = [frame.host(v) for v in value] if type(value) is list else frame.host(value)
            elif type(value) is list:
                args[at] = [frame.native(v) for v in value]
            elif isinstance(value, _HOST):
                args[at] = frame.native(value)

    def _on_host(self, frame: Frame, args: list[Any]) -> None:
        for at, value in enumerate(args):
            if type(value) is list:
                args[at] = [v if is_opaque(v) or type(v) is StateRef else frame.host(v) for v in value]
            elif type(value) is not StateRef and not is_opaque(value):
                args[at] = frame.host(value)
        if self.kernel.resource:
            args[:] = map(unwrapped, args)  # a handle that was chosen among several
        if self.kernel.random:
            args.insert(0, frame.store.stream(self.operation).on(frame.host_k, frame.adapter))
        if not self.kernel.state:
            self.store(frame, self.kernel.fn(frame.host_k, *args, **self.attrs))
            return
        refs = [value for value in args if type(value) is StateRef]
        for ref in refs:
            ref.on_host = True
        try:
            self.store(frame, self.kernel.fn(frame.host_k, *args, **self.attrs))
        finally:
            for ref in refs:
                ref.on_host = frame.on_host
        frame.wrote = frame.wrote or self.operation.type not in _READ_ONLY

    def _random(self, frame: Frame, args: list[Any]) -> None:
        self._prepare(frame, args)
        stream = frame.store.stream(self.operation)
        drawing = stream.on(frame.k, frame.adapter)
        self.store(frame, self.kernel.fn(frame.k, drawing, *args, **self.attrs))

    def _override(self, frame: Frame) -> Callable | None:
        """Return the adapter's own function for the op type, if it has one."""
        if self.kernel.state or frame.on_host:
            return None
        name = frame.adapter.name
        if name not in self.override:
            self.override[name] = frame.adapter.op(self.operation.type)
        return self.override[name]

    def override_attrs(self) -> dict[str, Any]:
        """Return all attributes, as an adapter's own function takes them."""
        known = self.operation.op_def.attrs
        return {name: kernel_value(value) for name, value in self.operation.attrs.items() if name in known}


def _handles(operation: Operation, ins: Sequence[Any]) -> frozenset[int]:
    slots = [slot for item in ins for slot in (item if type(item) is tuple else (item,))]
    listed = {slot for item in ins if type(item) is tuple for slot in item}
    pairs = zip(slots, operation.inputs, strict=False)
    return frozenset(slot for slot, tensor in pairs if slot in listed and tensor.dtype.base_dtype.key == "resource")


def _has_strings(operation: Operation) -> bool:
    tensors = (*operation.inputs, *operation.outputs)
    return any(tensor.dtype.base_dtype.key in ("string", "variant") for tensor in tensors)


_READ_ONLY = frozenset({"OnevarCall", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape"})


def _all_host(args: list[Any]) -> bool:
    for value in args:
        if type(value) is list:
            if not _all_host(value):
                return False
        elif not isinstance(value, _HOST):
            return False
    return True


class MissingStep(Step):
    """An operation of a type that has no definition here."""

    __slots__ = ()

    def run(self, frame: Frame) -> None:  # noqa: D102 (see Step)
        kind = self.operation.type
        raise UnimplementedError(
            None, self.operation,
            f"No OpKernel was registered to support Op '{kind}': onevar does not compute it yet. `onevar run --report` "
            "lists what of a program is supported.",
        )  # fmt: skip


def ready(operation: Operation, slot_of: Callable[[Tensor], int]) -> Step:
    """Return the step that runs `operation`.

    Args:
        operation: Any but a control-flow or gradient operation.
        slot_of: The slot number of a tensor.
    """
    outs = [slot_of(tensor) for tensor in operation.outputs]
    slots = [slot_of(tensor) for tensor in operation.inputs]
    kind = operation.type
    if kind == "Const":
        return ConstStep(operation, (), outs)
    if kind in STORAGE:
        return StorageStep(operation, (), outs)
    if kind in _PLACEHOLDERS:
        return PlaceholderStep(operation, (), outs)
    if is_alias(operation):
        return AliasStep(operation, slots, outs)
    kernel = kernel_of(kind)
    if kernel is None:
        return MissingStep(operation, (), outs)
    ins = [tuple(s) if isinstance(s, list) else s for s in grouped(operation.op_def.inputs, slots, operation.attrs)]
    return KernelStep(operation, ins, outs, kernel)


_PLACEHOLDERS = ("Placeholder", "PlaceholderV2")


def is_computed(op_type: str) -> bool:
    """Whether `ready` has a step for operations of a type.

    Args:
        op_type: TensorFlow's.
    """
    return op_type == "Const" or op_type in STORAGE or op_type in _PLACEHOLDERS or kernel_of(op_type) is not None


def is_alias(operation: Operation) -> bool:
    """Whether it is an Identity that stands for a variable: `w/read`, and what refers to a reference."""
    if operation.type in ("Identity", "RefIdentity") and not operation.control_inputs:
        source = operation.inputs[0]
        return source.op.type in STORAGE and source.dtype._is_ref_dtype
    return operation.type == "RefIdentity"


def run_steps(frame: Frame, steps: Sequence[Step]) -> None:
    """Run steps in order; an error carries the operation that it happened in.

    Raises:
        OpError: TensorFlow's error for what went wrong.
    """
    CURRENT.adapter.append(frame.adapter)
    CURRENT.collected.append(frame.collected)
    step: Step | None = None
    try:
        for step in steps if not tracing.ACTIVE or frame.collected is not None else tracing.timed(steps):
            step.run(frame)
    except Exception as error:  # noqa: BLE001 (raised anew, with where it happened)
        raise located(error, step) from cause(error)
    finally:
        CURRENT.adapter.pop()
        CURRENT.collected.pop()


def cause(error: Exception) -> BaseException | None:
    """Return what an error that is raised anew for `error` comes from."""
    return error.__cause__ if isinstance(error, OpError) else error


def translated(error: Exception) -> Exception:
    """Return a framework's error that has one of TensorFlow's codes as the error of ours; any other as it is."""
    code = getattr(error, "error_code", None)
    if isinstance(error, OpError) or not isinstance(code, int) or not hasattr(error, "message"):
        return error
    kind: Any = exception_type_from_error_code(code)
    return kind(None, None, str(error.message))


def located(error: Exception, step: Step | None) -> Exception:
    """Return an error as TensorFlow raises it for the operation of `step`."""
    operation = step.operation if step is not None else None
    error = translated(error)
    if isinstance(error, OpError):
        if error._op is None:
            error._op = operation
        return error
    if isinstance(error, OnevarError) or not isinstance(error, _WRONG_INPUT):
        return error
    name = operation.name if operation is not None else "?"
    kind = operation.type if operation is not None else "?"
    return InvalidArgumentError(None, operation, f"{error}\n\t [[{{{{node {name}}}}}]] ({kind})")


#: What NumPy and the frameworks raise for operands that do not go together.
_WRONG_INPUT = (ValueError, IndexError, TypeError, ZeroDivisionError, RuntimeError, FloatingPointError)
