"""The state of a Session: the variables' values and the random streams, and how operations see them."""

import secrets
from threading import RLock
from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter, Tensor
from onevar.cell import Cell
from onevar.core.checks import CURRENT
from onevar.core.op_errors import FailedPreconditionError
from onevar.core.operation import Operation
from onevar.core.resources import Resources

#: Operations that are storage: their output stands for a variable.
STORAGE = frozenset({"VariableV2", "Variable", "VarHandleOp"})
#: State operations that leave the state as it is.
READERS = frozenset(
    {
        *STORAGE, "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp",
        "IsVariableInitialized", "OnevarCall",
    }
)  # fmt: skip


class Slot:
    """One variable in one Session.

    A numeric value lives in a `Cell`; strings are host values, NumPy arrays of `bytes`.

    Attributes:
        name: The variable's, for messages.
        cell: The value, or None before there is one.
        strings: The value of a variable of strings.
    """

    __slots__ = ("adapter", "cell", "device", "dtype", "name", "operation", "strings")

    def __init__(self, operation: Operation, adapter: Adapter, device: str):
        self.operation = operation
        self.name = operation.name
        self.dtype: str = operation.attrs["dtype"].key
        self.adapter = adapter
        self.device = device
        self.cell: Cell | None = None
        self.strings: np.ndarray | None = None

    @property
    def initialized(self) -> bool:
        """Whether there is a value."""
        return self.cell is not None or self.strings is not None

    @property
    def trainable(self) -> bool:
        """Whether the program asked for gradients of the variable."""
        return self.operation.kept is not False and self.dtype in _DIFFERENTIABLE

    def read(self) -> Tensor:
        """Return the value, as the adapter's tensor that no gradient flows through, or as strings.

        Raises:
            FailedPreconditionError: There is none yet.
        """
        cell = self.cell
        if cell is None:
            if self.strings is None:
                raise self.missing()
            return self.strings
        with cell.lock:
            return self.adapter.peek(cell.native)

    def missing(self) -> FailedPreconditionError:
        """Return the error of reading it before it has a value."""
        return FailedPreconditionError(None, self.operation, f"Attempting to use uninitialized value {self.name}")

    def write(self, value: Any) -> None:
        """Replace the value by a tensor or array of any shape, of the variable's dtype."""
        if self.dtype == "string":
            self.strings = np.array(value, object)
            return
        tensor = self._tensor(value)
        cell = self.cell
        if cell is not None and cell.shape == tuple(tensor.shape):
            cell.replace(tensor)
        elif cell is not None and cell.keeper is not None:
            raise ValueError(
                f"Variable {self.name!r} is a keras.Variable too, and those keep their shape, {cell.shape}. "
                f"Received: a value of shape {tuple(tensor.shape)}."
            )
        else:
            self.cell = self._new_cell(tensor, made=tensor is not value)

    def _new_cell(self, tensor: Tensor, made: bool) -> Cell:
        shape = tuple(int(size) for size in tensor.shape)
        cell = Cell(self.adapter, shape=shape, dtype=self.dtype, device=self.device, trainable=self.trainable)
        cell.fill(tensor, name=self.name, made=made)
        return cell

    def accumulate(self, value: Any, kernel: str) -> None:
        """Add `value` to the state, or subtract it, in place where the framework can."""
        cell = self.cell
        if cell is None:
            raise self.missing()
        tensor = self._tensor(value)
        if tuple(tensor.shape) == cell.shape:
            cell.shift(tensor, kernel)
        else:
            self.write(getattr(self.adapter.k, kernel)(self.read(), tensor))

    def scatter(self, indices: Any, updates: Any, mode: str) -> bool:
        """Update rows in place, as the primitive `scatter` does out of place; return whether the framework can."""
        cell, adapter = self.cell, self.adapter
        if cell is None or "in_place" in adapter.lacks or not adapter.owns(updates):
            return False
        flat = host_array(adapter, indices).reshape(-1)
        touched, inverse = np.unique(flat, return_inverse=True)
        rows = adapter.convert(touched, None, self.device)
        given = adapter.k.reshape(adapter.stop_gradient(updates), (flat.size, *cell.shape[1:]))
        part = adapter.k.take(self.read(), rows, axis=0)
        part = adapter.k.scatter(part, adapter.convert(inverse, None, self.device), given, mode)
        cell.put(rows, part)
        return True

    def put(self, rows: Any, values: Any) -> bool:
        """Replace rows, each named once, in place; return whether the framework can."""
        cell, adapter = self.cell, self.adapter
        if cell is None or "in_place" in adapter.lacks or not adapter.owns(values):
            return False
        cell.put(rows, adapter.stop_gradient(values))
        return True

    def _tensor(self, value: Any) -> Tensor:
        if self.adapter.owns(value):
            return self.adapter.stop_gradient(value)
        return self.adapter.convert(np.asarray(value), self.dtype, self.device)


_DIFFERENTIABLE = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128"})
_UNSET: Any = object()


class StateRef:
    """A variable as the operations of one run see it.

    Attributes:
        slot: Where the value is kept.
        overlay: A value that stands for the state: while a computation is traced or differentiated.
        traced: Whether writes go to the overlay, to be kept later by who set it.
        written: Whether a write happened while `traced`.
        guarded: Where all writes were undone in place for conditions that fail: which conditions, and how many.
        on_host: Whether reads give NumPy arrays.
    """

    __slots__ = ("guarded", "on_host", "overlay", "slot", "traced", "written")

    def __init__(self, slot: Slot):
        self.slot = slot
        self.overlay: Any = _UNSET
        self.traced = False
        self.written = False
        self.guarded: tuple[Any, int] | None = None
        self.on_host = False

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.slot.name

    @property
    def dtype(self) -> str:
        """The variable's dtype, by name."""
        return self.slot.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the current value."""
        cell = self.slot.cell
        if cell is not None and self.overlay is _UNSET and not self.traced:
            return cell.shape  # without a read
        return tuple(int(size) for size in self.read().shape)

    @property
    def initialized(self) -> bool:
        """Whether there is a value."""
        return self.overlay is not _UNSET or (not self.traced and self.slot.initialized)

    def read(self) -> Tensor:
        """Return the value.

        Raises:
            FailedPreconditionError: There is none yet.
        """
        if self.overlay is not _UNSET:
            return self.overlay
        if self.traced:
            raise self.slot.missing()
        value = self.slot.read()
        if self.on_host and not isinstance(value, np.ndarray):
            return host_array(self.slot.adapter, value)
        return value

    def write(self, value: Any) -> None:
        """Replace the value."""
        if self.traced:
            if isinstance(value, np.ndarray | np.generic) and self.dtype != "string":
                value = self.slot.adapter.k.asarray(np.asarray(value))
            self.overlay, self.written, self.guarded = value, True, None
            return
        self.slot.write(value)
        if self.overlay is not _UNSET:
            self.overlay = value

    def accumulate(self, value: Any, kernel: str) -> None:
        """Add `value` to the state (`"add"`), or subtract it (`"subtract"`)."""
        if self.traced or self.overlay is not _UNSET:
            self.write(getattr(self.slot.adapter.k, kernel)(self.read(), value))
        else:
            self.slot.accumulate(value, kernel)

    def scatter(self, k: Any, indices: Any, updates: Any, mode: str) -> None:
        """Do `k.scatter` on rows of the value: where nothing is traced, only these rows are touched."""
        if self.traced:
            self._scatter_traced(k, indices, updates, mode)
        elif self.overlay is not _UNSET or self.on_host or not self.slot.scatter(indices, updates, mode):
            self.write(k.scatter(self.read(), indices, updates, mode))

    def put(self, k: Any, rows: Any, values: Any) -> None:
        """Replace rows, each of which is named once; where nothing is traced, only these are touched."""
        if self.traced:
            self._scatter_traced(k, rows, values, "set")
        elif self.overlay is not _UNSET or self.on_host or not self.slot.put(rows, values):
            self.write(k.scatter(self.read(), rows, values, "set"))

    def _scatter_traced(self, k: Any, indices: Any, updates: Any, mode: str) -> None:
        """Scatter to no row at all where a condition fails: choosing between two whole values would copy them."""
        collected = CURRENT.collected[-1]
        alone = not self.written or self.guarded is not None
        if collected is None or not collected.asks or self.slot.adapter.checks_indices:
            self.write(k.scatter(self.read(), indices, updates, mode))
            return
        nowhere = k.asarray(np.array(self.shape[0], k.dtype(indices)))
        guarded = k.where(collected.all(k), indices, nowhere)
        self.write(k.scatter(self.read(), guarded, updates, mode))
        if alone:
            self.guarded = collected.mark()

    def cell_in_place(self) -> Cell | None:
        """Return the Cell where writing to its native is writing to the state, else None."""
        if self.traced or self.on_host or self.overlay is not _UNSET:
            return None
        cell = self.slot.cell
        return None if cell is None or cell.layout is not None else cell

    def clear(self) -> Any:
        """Stop tracing; return the overlay, or None."""
        value, self.overlay = self.overlay, _UNSET
        self.traced = self.written = False
        self.guarded = None
        return None if value is _UNSET else value


def host_array(adapter: Adapter, value: Tensor) -> np.ndarray:
    """Return the contents of a tensor as an array that nobody writes to: a view where that is possible."""
    value = adapter.contents(value)
    view = adapter.view(value)
    return view if isinstance(view, np.ndarray) else adapter.to_numpy(value)


class Stream:
    """The random numbers of one operation in one Session: they go on from run to run.

    Attributes:
        key: Two words, from the op's first seed.
        high: Two words, from the second.
        counter: The position, in the form of the adapter's `philox` primitives.
    """

    __slots__ = ("_adapter", "_position", "high", "kept", "key", "traced")

    def __init__(self, adapter: Adapter, seed: int, seed2: int):
        if seed == 0 and seed2 == 0:
            seed, seed2 = secrets.randbits(64), secrets.randbits(64)
        self.key = _words(seed)
        self.high = _words(seed2)
        self._adapter = adapter
        self._position: Any = 0
        #: A counter inside a computation that is being traced, or None.
        self.traced: Any = None
        #: What a kernel on the host remembers from one run to the next, or None.
        self.kept: Any = None

    def advance_by(self, k: Any, blocks: int) -> None:
        """Move on by `blocks` of four words."""
        if self.traced is not None:
            self.traced = k.philox_advance(self.traced, blocks)
        else:
            self._position = (self.position() + blocks) % (1 << 64)

    def position(self) -> int:
        """Return where it is, as a number."""
        if not isinstance(self._position, int):
            words = np.asarray(self._adapter.to_numpy(self._position))
            self._position = _number(words)
        return self._position

    def on(self, k: Any, adapter: Adapter) -> "Drawing":
        """Return what a kernel that computes with `k` sees of it."""
        return Drawing(self, k, adapter)

    def native(self) -> Any:
        """Return the position in the adapter's form."""
        if isinstance(self._position, int):
            return self._adapter.k.philox_counter(*_words(self._position))
        return self._position

    def keep(self, counter: Any) -> None:
        """Go on from `counter`, in the adapter's form."""
        self._position = counter


class Drawing:
    """A `Stream` as one kernel sees it, over the primitives that the kernel computes with."""

    __slots__ = ("_adapter", "_k", "_stream")

    def __init__(self, stream: Stream, k: Any, adapter: Adapter):
        self._stream, self._k, self._adapter = stream, k, adapter

    @property
    def key(self) -> tuple[int, int]:
        """Two words, from the op's first seed."""
        return self._stream.key

    @property
    def high(self) -> tuple[int, int]:
        """Two words, from the second."""
        return self._stream.high

    @property
    def counter(self) -> Any:
        """The position, in the form that the primitives take."""
        if self._stream.traced is not None:
            return self._stream.traced
        return self._k.philox_counter(*_words(self._stream.position()))

    @property
    def kept(self) -> Any:
        """What a kernel on the host remembers from one run to the next, or None."""
        return self._stream.kept

    @kept.setter
    def kept(self, value: Any) -> None:
        self._stream.kept = value

    def advance(self, blocks: int) -> None:
        """Move on by `blocks` of four words."""
        self._stream.advance_by(self._k, blocks)


def _words(number: int) -> tuple[int, int]:
    return number & 0xFFFFFFFF, (number >> 32) & 0xFFFFFFFF


def _number(words: np.ndarray) -> int:
    if words.ndim == 0:
        return int(words) % (1 << 64)
    low, high = (int(word) & 0xFFFFFFFF for word in words[:2])
    return low | high << 32 if words.dtype.itemsize <= 4 else int(words[0]) % (1 << 64)


class Store:
    """All state of one Session, made when it is first asked for."""

    def __init__(self, adapter: Adapter, device: str):
        self.adapter = adapter
        self.device = device
        self.refs: dict[Any, StateRef] = {}
        self.streams: dict[Operation, Stream] = {}
        #: Held while a compiled program takes the state over and gives it back: threads may share a Session.
        self.lock = RLock()
        #: What it keeps on the host beside variables, and the run lock.
        self.resources = Resources()

    def ref(self, operation: Operation) -> StateRef:
        """Return the state that a storage operation stands for; two with one shared name share it."""
        attrs = operation.attrs
        key = (attrs.get("container", ""), attrs.get("shared_name") or operation.name)
        found = self.refs.get(key)
        if found is None:
            keeper = operation.keeper
            slot = Slot(operation, self.adapter, self.device) if keeper is None else keeper(self.adapter, operation)
            found = self.refs[key] = StateRef(slot)
        return found

    def stream(self, operation: Operation) -> Stream:
        """Return the random stream of an operation."""
        found = self.streams.get(operation)
        if found is None:
            attrs = operation.attrs
            found = self.streams[operation] = Stream(self.adapter, attrs.get("seed", 0), attrs.get("seed2", 0))
        return found
