"""One piece of state, held in one framework: its memory, who may write it, and when."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from threading import RLock, get_ident
from typing import Any

import numpy as np

from onevar.adapters.contract import Adapter, Native, Tensor
from onevar.errors import TracedAssignment

# Same-dtype operands of these, and Python numbers beside them, need no promotion.
_PLAIN = frozenset({"float16", "bfloat16", "float32", "float64"})
# ml_dtypes' bfloat16 does not follow NumPy's rule for Python numbers; promotion decides there.
_PLAIN_WITH_NUMBERS = frozenset({"float16", "float32", "float64"})


class Cell:
    """State in one framework. The faces of a Variable are views of a Cell; several may share one.

    Attributes:
        adapter: The framework's.
        native: The framework's own object; None until a deferred value is there.
        dtype: A name.
        shape: A tuple of ints.
        device: `kind:index`, or `"sharded"` over several.
        trainable: Whether gradients are wanted.
        layout: How the value lies over devices, an object of the framework's, or None.
        lock: Held by whoever writes, and by readers off the fast path.
        busy: Whether a write is going on.
        fast: Kernels that operators may call on `native` as it is while nobody is `busy`.
        fast_dtype: The framework's dtype object that a tensor must have for them, or None.
        keeper: Another object that has this state, and a say in reads and writes (a `keras.Variable`), or None.
        scalars: The Python types that may stand beside it.
        readers: Threads inside a kernel on `native`, where the adapter asks for `guard_reads`; else None.
    """

    __slots__ = (
        "__weakref__",
        "adapter",
        "busy",
        "device",
        "dtype",
        "fast",
        "fast_dtype",
        "keeper",
        "layout",
        "lock",
        "native",
        "readers",
        "scalars",
        "shape",
        "tensor_type",
        "trainable",
    )

    def __init__(self, adapter: Adapter, *, shape: tuple[int, ...], dtype: str, device: str, trainable: bool):
        self.adapter = adapter
        self.native: Native = None
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.trainable = trainable
        self.layout: Any = None
        self.keeper: Any = None
        self.lock = RLock()
        self.tensor_type = adapter.tensor_type
        self.busy = False
        self.fast: Mapping[str, Callable] = {}
        self.fast_dtype: Any = None
        self.scalars: tuple[type, ...] = ()
        self.readers: list[int] | None = [] if adapter.guard_reads else None

    @property
    def where(self) -> str | None:
        """Where to put what meets the value: its device, or None to leave that to the layout."""
        return self.device if self.layout is None else None

    def fill(self, value: Tensor, *, name: str, adopt: bool = False, made: bool = False) -> None:
        """Give the Cell its first value, of its shape and dtype.

        Args:
            value: The value, on the Cell's device.
            name: For natives that have one.
            adopt: Keep the memory of `value`, whoever else holds it.
            made: Nobody else holds it: it was made from something else.

        Raises:
            TracedAssignment: `value` belongs to a running trace.
        """
        self.check_traced(value, f"Variable {name!r}")
        if self.layout is not None:
            value = self.adapter.place(value, self.layout)
        # NumPy's own conversions are not aligned, and state that is not cannot be lent to everybody.
        keep = adopt or (made and not isinstance(value, np.ndarray))
        self.native = self.adapter.variable(value, trainable=self.trainable, name=name, adopt=keep)
        self.device = self.adapter.spec(self.native).device
        if self.dtype in _PLAIN:
            self.fast_dtype = self.native.dtype
            self.fast = fast_kernels(self.adapter)
        if self.dtype in _PLAIN_WITH_NUMBERS:
            self.scalars = (float, int)

    def snapshot(self) -> Tensor:
        """Return the value as a tensor that later writes leave alone; no copy."""
        with self.lock:
            return self.adapter.read(self.native)

    def assign(self, value: Tensor) -> Tensor:
        """Replace the value by `value`, of the Cell's shape, dtype and device, and return it.

        Raises:
            TracedAssignment: `value` belongs to a running trace, where the write would be lost.
        """
        self.check_traced(value, "assign(value)")
        if self.layout is not None:
            value = self.adapter.place(value, self.layout)
        self._write(self.adapter.write, value)
        return value

    def replace(self, value: Tensor) -> None:
        """Replace the value by `value`, a finished tensor of the Cell's shape and dtype: `assign` without questions."""
        if self.layout is not None:
            value = self.adapter.place(value, self.layout)
        self._write(self.adapter.write, value)

    def fits(self, value: object) -> bool:
        """Whether `value` is an ordinary tensor of the Cell's shape, dtype and device already."""
        return type(value) is self.tensor_type and self.native is not None and self.adapter.fits(self.native, value)

    def accumulate(self, value: Tensor, kernel: str) -> Tensor:
        """Add `value` to the state, or subtract it, as one step; return the new value.

        Args:
            value: Of the Cell's dtype and device, broadcasting to its shape.
            kernel: `"add"` or `"subtract"`.

        Raises:
            TracedAssignment: `value` belongs to a running trace, where the write would be lost.
        """
        self.check_traced(value, f"assign_{kernel[:3]}(value)")
        with self.lock:
            self._write(self.adapter.accumulate, value, kernel)
            return self.adapter.read(self.native)

    def shift(self, value: Tensor, kernel: str) -> None:
        """Do `accumulate` without questions, for a finished tensor of the Cell's shape; nothing is returned."""
        self._write(self.adapter.accumulate, value, kernel)

    def put(self, rows: Tensor, values: Tensor) -> None:
        """Replace some rows, each named once, by `values`."""
        self._write(self.adapter.put, rows, values)

    def update(self, compute: Callable[[Tensor], Tensor]) -> Tensor:
        """Replace the value by `compute(value)` as one step; return the new value."""
        with self.lock:
            return self.assign(compute(self.snapshot()))

    def set_trainable(self, trainable: bool) -> None:
        """Say whether gradients are wanted, to the native too."""
        self.trainable = trainable
        if self.native is not None:
            self.adapter.set_trainable(self.native, trainable)

    def check_traced(self, value: Tensor, call: str) -> None:
        """Raise TracedAssignment if storing `value` now would be lost."""
        if self.adapter.is_traced(value):
            raise TracedAssignment(
                f"{call} inside a function that {self.adapter.name} is tracing: the trace would not record it, and "
                "the Variable would keep an abstract value. Make the function pure with "
                "onevar.functionalize(fn, variables), or open an onevar.StatelessScope inside it."
            )

    def _write(self, operation: Callable[..., Native], *args: Any) -> None:
        with self.lock:
            # Whoever reads off the lock loads `native`, or enters `readers`, before looking at
            # `busy`. So a reader either is seen below, or sees that it has to wait.
            self.busy = True
            try:
                if self.readers:
                    self._await_readers()
                fresh = self.adapter.exported(self.native)
                self.native = operation(self.native, *args, fresh=fresh)
            finally:
                self.busy = False

    def _await_readers(self) -> None:
        me = get_ident()
        # A kernel of this thread that ends up writing (a hook) does not wait for itself.
        while any(reader != me for reader in tuple(self.readers or ())):
            time.sleep(0)


#: Held by who writes to several Cells at once, so that two of them do not wait for each other.
_SEVERAL = RLock()


def write_together(cells: Sequence[Cell], operation: Callable[[list[Native]], bool]) -> bool:
    """Let `operation` write to the natives of several Cells in place, as one step.

    Args:
        cells: Of one adapter, which writes in place; none twice.
        operation: Gets the natives, whose memory nobody else looks at; returns whether it wrote.

    Returns:
        What `operation` returns.
    """
    held: list[Cell] = []
    with _SEVERAL:
        try:
            for cell in cells:
                cell.lock.acquire()
                held.append(cell)
                cell.busy = True
                if cell.readers:
                    cell._await_readers()
                adapter = cell.adapter
                if adapter.exported(cell.native):
                    cell.native = adapter.write(cell.native, adapter.peek(cell.native), fresh=True)
            return operation([cell.native for cell in cells])
        finally:
            for cell in held:
                cell.busy = False
                cell.lock.release()


def cell_of(x: object) -> Cell | None:
    """Return the Cell that `x` is a view of, if it is a Variable. What lies below the faces asks this."""
    cell = getattr(x, "_cell", None)
    return cell if isinstance(cell, Cell) else None


class Reading:
    """Context manager that keeps writers of `cells`, which have `readers`, away from their natives."""

    __slots__ = ("_cells", "_me")

    def __init__(self, cells: list[Cell]):
        self._cells = cells
        self._me = get_ident()

    def __enter__(self) -> None:
        busy = self._enter()
        while busy is not None:
            # Wait outside all of them: its writer may be waiting for one that waits for us.
            self.__exit__()
            with busy.lock:
                pass
            busy = self._enter()

    def _enter(self) -> Cell | None:
        for cell in self._cells:
            cell.readers.append(self._me)  # type: ignore[union-attr]
        return next((cell for cell in self._cells if cell.busy), None)

    def __exit__(self, *exc: object) -> None:
        for cell in self._cells:
            cell.readers.remove(self._me)  # type: ignore[union-attr]


@cache
def fast_kernels(adapter: Adapter) -> Mapping[str, Callable]:
    """Return the adapter's kernels, with the faster ones for plain floats in their place."""
    return {**adapter.kernels, **adapter.float_kernels}
