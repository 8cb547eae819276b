"""Adapters that are wrong in one way each, and the sound one that they are made from.

The sound adapter is NumPy's, with an array class of its own, so that both can be registered side by
side. `BROKEN` says in which requirement the suite must turn red for each of the others.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from onevar.adapters.numpy import NumpyAdapter


class Array(np.ndarray):
    """The sound adapter's tensor."""


def _mine(function: Callable) -> Callable:
    return lambda *args, **kwargs: np.asarray(function(*args, **kwargs)).view(Array)


class Sound(NumpyAdapter):
    """NumPy's adapter over `Array`."""

    name = "sound"
    tensor_type = Array
    kernels = {name: _mine(f) for name, f in NumpyAdapter.kernels.items()}
    float_kernels = {name: _mine(f) for name, f in NumpyAdapter.float_kernels.items()}

    def owns(self, x):
        return isinstance(x, Array)

    def convert(self, x, dtype=None, device=None):
        if isinstance(x, Array):
            return super().convert(x, dtype, device)
        return super().convert(np.array(x), dtype, device).copy().view(Array)

    def to_numpy(self, x):
        return np.array(x, subok=False)

    def variable(self, x, *, trainable, name, adopt):
        return super().variable(x, trainable=trainable, name=name, adopt=adopt).view(Array)

    def write(self, native, x, *, fresh):
        return _kept(native, super().write(native, x, fresh=fresh))

    def accumulate(self, native, x, kernel, *, fresh):
        return _kept(native, super().accumulate(native, x, kernel, fresh=fresh))

    def getitem(self, x, index):
        return np.asarray(x[index]).view(Array)

    def borrow(self, array):
        return super().borrow(array).view(Array)

    def from_dlpack(self, x):
        return super().from_dlpack(x).view(Array)


def _kept(native: Any, written: Any) -> Any:
    return written if written is native else written.view(Array)


class WrongCast(Sound):
    def astype(self, x, dtype):
        return super().astype(x, "float16" if dtype == "bfloat16" else dtype)


class SilentCopy(Sound):
    def lend(self, x):
        return np.array(x, subok=False)


class StaleRead(Sound):
    def __init__(self):
        super().__init__()
        self._first = {}

    def variable(self, x, **kwargs):
        native = super().variable(x, **kwargs)
        self._first[id(native)] = super().read(native).copy().view(Array)
        return native

    def read(self, native):
        return self._first.get(id(native), super().read(native))


class LostUpdate(Sound):
    """Reads, lets others take a turn, and writes, without the Variable's lock: see `unlocked`."""


class AliasedSnapshot(Sound):
    def exported(self, native):
        return False


class WrongKernel(Sound):
    kernels = {**Sound.kernels, "multiply": _mine(lambda a, b: np.multiply(a, b).astype("float64"))}
    float_kernels: dict = {}


class IgnoredWrite(Sound):
    def write(self, native, x, *, fresh):
        return native


class WrongDevice(Sound):
    def spec(self, x):
        return replace(super().spec(x), device="cpu:1")


class DroppedGradient(Sound):
    lacks = {k: v for k, v in Sound.lacks.items() if k != "gradients"}

    def value_and_grad(self, fn, values):
        return fn(*values), [np.zeros_like(v) for v in values]


class WriteWhileExported(Sound):
    def write(self, native, x, *, fresh):
        return super().write(native, x, fresh=False)


class BroadcastingAssign(Sound):
    """Takes a row for a matrix: see `unchecked_shapes`."""


class TornWrite(Sound):
    """Writes one half, lets others take a turn, and writes the other, under their eyes."""

    def exported(self, native):
        return False

    def write(self, native, x, *, fresh):
        if native.ndim == 0:
            return super().write(native, x, fresh=False)
        half = len(native) // 2
        native[:half] = x[:half]
        time.sleep(0.0005)
        native[half:] = x[half:]
        return native


class Narrowing(Sound):
    def convert(self, x, dtype=None, device=None):
        return super().convert(x, {"float64": "float32", "int64": "int32"}.get(dtype, dtype), device)


class HiddenCapability(Sound):
    lacks = {**Sound.lacks, "bfloat16": "NumPy has no bfloat16 without ml_dtypes"}


class ClaimedCapability(Sound):
    lacks = {k: v for k, v in Sound.lacks.items() if k != "native_state"}


class BorrowedSource(Sound):
    def convert(self, x, dtype=None, device=None):
        # Not even state made without `adopt` has memory of its own then.
        return x.view(Array) if type(x) is np.ndarray and x.dtype.name == dtype else super().convert(x, dtype, device)

    def variable(self, x, *, trainable, name, adopt):
        return super().variable(x, trainable=trainable, name=name, adopt=True)


class EqualNaN(Sound):
    kernels = {**Sound.kernels, "equal": _mine(lambda a, b: (a == b) | ((a != a) & (b != b)))}
    float_kernels: dict = {}


class TruncatingDivision(Sound):
    kernels = {**Sound.kernels, "floor_divide": _mine(lambda a, b: np.trunc(a / b).astype(np.result_type(a, b)))}
    float_kernels: dict = {}


class OwnsEverything(Sound):
    def owns(self, x):
        return isinstance(x, Array | int | list)


@dataclass(frozen=True)
class Broken:
    """A broken adapter, the requirement that catches it, and what else is broken meanwhile."""

    adapter: type[Sound]
    requirement: str
    patch: Callable[[Any], None] | None = None


def unlocked(monkeypatch: Any) -> None:
    """Make `assign_add` read and write without holding the lock."""
    from onevar.cell import Cell

    def accumulate(self, value, kernel):
        new = self.adapter.kernels[kernel](self.adapter.read(self.native), value)
        time.sleep(0)
        self.native = self.adapter.write(self.native, new, fresh=True)
        return self.adapter.read(self.native)

    monkeypatch.setattr(Cell, "accumulate", accumulate)


def unchecked_shapes(monkeypatch: Any) -> None:
    """Make `assign` broadcast what it is given."""
    from onevar.cell import Cell
    from onevar.keras3 import KerasVariable

    def assign(self, value):
        row = self._cell.adapter.convert(np.broadcast_to(np.asarray(value), self.shape), self._cell.dtype)
        return Cell.assign(self._cell, row)

    monkeypatch.setattr(KerasVariable, "assign", assign)


BROKEN = (
    Broken(WrongCast, "AD-07"),
    Broken(SilentCopy, "AD-21"),
    Broken(StaleRead, "AD-11"),
    Broken(LostUpdate, "TH-01", unlocked),
    Broken(AliasedSnapshot, "KV-03"),
    Broken(WrongKernel, "OP-08"),
    Broken(IgnoredWrite, "KV-09"),
    Broken(WrongDevice, "AD-03"),
    Broken(DroppedGradient, "AD-20"),
    Broken(WriteWhileExported, "AD-10"),
    Broken(BroadcastingAssign, "KV-11", unchecked_shapes),
    Broken(TornWrite, "TH-02"),
    Broken(Narrowing, "AD-06"),
    Broken(HiddenCapability, "AD-22"),
    Broken(ClaimedCapability, "AD-22"),
    Broken(BorrowedSource, "CO-06"),
    Broken(EqualNaN, "OP-02"),
    Broken(TruncatingDivision, "OP-05"),
    Broken(OwnsEverything, "AD-02"),
)
