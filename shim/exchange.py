"""Tensors from one framework to another: over the same memory, or as a copy, and never a guess.

`share` gives the other framework's tensor over the same memory or raises `CopyRequired` with the
reason and the cure; `copy` copies; `explain` says what `share` would do.

An exchange is data: it carries numbers, not the history that gradients need. A tensor that
requires gradients is exported as if detached.

Host memory crosses as a NumPy view, the cheapest border there is: the source lends the view, the
target's rules are checked against it in Python, and only then does the target's C++ see it.
Memory of other devices crosses by DLPack on that device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from onevar import dlpack
from onevar.adapters.contract import Adapter, BorrowRules, Refusal
from onevar.core.registry import adapter, adapter_of
from onevar.errors import CopyRequired

__all__ = ["Explanation", "copy", "explain", "share"]

#: What a framework's own border raises when it refuses.
_REFUSED = (BufferError, NotImplementedError, RuntimeError, TypeError, ValueError)

Check = Callable[[np.ndarray, bool], Refusal | None]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `share` would do.

    Attributes:
        source: Name of the backend that holds the value.
        target: Name of the backend that was asked for.
        shape: The value's shape.
        dtype: Name of the value's dtype.
        device: `"cpu:0"`, `"cuda:0"`.
        zero_copy: Whether `share` gives a tensor over the same memory.
        route: `"itself"`, `"host view"` or `"dlpack"`.
        note: What is different on the other side, or `""`.
        reason: Why `share` would raise, or `""`.
        cure: What to do then, or `""`.
    """

    source: str
    target: str
    shape: tuple[int, ...]
    dtype: str
    device: str
    zero_copy: bool
    route: str
    note: str = ""
    reason: str = ""
    cure: str = ""

    def __str__(self) -> str:
        where = f"{self.source} -> {self.target}, {self.dtype}{list(self.shape)} on {self.device}"
        if not self.zero_copy:
            return f"{where}: copy required, {self.reason}. {self.cure}."
        return f"{where}: zero-copy ({self.route})" + (f"; {self.note}" if self.note else "")


def share(x: Any, to: str, *, live: bool = False) -> Any:
    """Return the tensor of the framework `to` over the very memory of `x`.

    What a Variable shares is a snapshot: later writes through the Variable leave it alone. A plain
    tensor has no owner here; whoever writes to it is seen on both sides.

    Args:
        x: A tensor of any registered framework, or a Variable.
        to: Name of a backend. The framework that `x` belongs to gives the tensor itself.
        live: Share a Variable's own native instead of a snapshot, so that the native writes of its
            framework (`optimizer.step()`) are seen. Writes through the Variable move away from it,
            as from every export.

    Returns:
        A tensor of the framework `to`, of the same shape, dtype and device. It keeps the memory alive.

    Raises:
        CopyRequired: The memory cannot be shared as it is; the message has the reason and the cure.
        FrameworkMissing: There is no backend `to`, or its framework is not installed.
        TypeError: `x` belongs to no framework that is here.

    >>> share(np.arange(3.0), "numpy")
    array([0., 1., 2.])
    """
    if type(x) in _variable_types:
        return _share_variable(x, to, live)
    source = adapter_of(x)
    if source is None:
        if _is_variable(x):
            return _share_variable(x, to, live)
        raise _foreign("share", x, to)
    return _route(source, adapter(to)).send(x, False)


def copy(x: Any, to: str) -> Any:
    """Return a tensor of the framework `to` with the numbers of `x` in memory of its own.

    Args:
        x: A tensor of any registered framework, or a Variable.
        to: Name of a backend; it may be the one that `x` belongs to.

    Returns:
        A tensor of the same shape and dtype; on the same device where `to` has it, else on the host.

    Raises:
        CopyRequired: There are no numbers to copy, or `to` cannot hold the dtype as it is configured.
        FrameworkMissing: There is no backend `to`, or its framework is not installed.
        TypeError: `x` belongs to no framework that is here.
    """
    source, tensor, _ = _resolve("copy", x, to)
    return _route(source, adapter(to)).duplicate(tensor)


def explain(x: Any, to: str) -> Explanation:
    """Return what `share(x, to)` would do, and why. Nothing is copied.

    Raises:
        FrameworkMissing: There is no backend `to`, or its framework is not installed.
        TypeError: `x` belongs to no framework that is here.
    """
    source, tensor, own = _resolve("explain", x, to)
    return _route(source, adapter(to)).explain(tensor, own)


def to_dlpack(x: Any, **options: Any) -> Any:
    """Return a DLPack capsule over the memory of `x`, a tensor that a Variable gave away.

    Unlike the frameworks' own `__dlpack__`, it covers every dtype, read-only memory, and tensors
    that require gradients.

    Args:
        x: A tensor of any registered framework.
        **options: The arguments of `__dlpack__`: `stream`, `max_version`, `dl_device`, `copy`.

    Raises:
        CopyRequired: The memory must not be seen; a `BufferError`, as the protocol has it.
    """
    source = adapter_of(x)
    if source is None:
        raise _foreign("to_dlpack", x, "")
    refusal = source.preflight(x)
    if refusal is not None:
        raise CopyRequired("__dlpack__()", refusal.reason, refusal.cure)
    if _route(source, source).on_host(x):
        return dlpack.capsule(source.lend(x).array, **options)
    return _exportable(source, x).__dlpack__(**options)


def dlpack_device(x: Any) -> tuple[int, int]:
    """Return what `__dlpack_device__` answers for a tensor: DLPack's device type and the index."""
    source = adapter_of(x)
    if source is None:
        raise _foreign("dlpack_device", x, "")
    if _route(source, source).on_host(x):
        return dlpack.HOST
    return _exportable(source, x).__dlpack_device__()


def _exportable(source: Adapter, x: Any) -> Any:
    """Return what `__dlpack__` is called on: `x`, or a stand-in without its gradient history."""
    export = getattr(source, "export", None)
    return x if export is None else export(x)


# -- Variables ------------------------------------------------------------------------------------

_variable_types: set[type] = set()


def _is_variable(x: object) -> bool:
    # By shape, not by class: exchange lies below the Variable.
    if getattr(type(x), "_onevar_variable", False) or hasattr(x, "_cell"):
        _variable_types.add(type(x))
        return True
    return False


def _share_variable(x: Any, to: str, live: bool) -> Any:
    cell = x._cell
    if not live:
        return _route(cell.adapter, adapter(to)).send(cell.snapshot(), True)
    source = cell.adapter
    if type(source).exported is Adapter.exported:  # never writes in place into memory others see
        raise CopyRequired(
            f"share(x, {to!r}, live=True)",
            f"{source.name} never changes memory that somebody else can see, so there is nothing live to share",
            f"Use share(x, {to!r}), and again after each assignment",
        )
    return _route(source, adapter(to)).send(cell.native, True)


def _resolve(call: str, x: Any, to: str) -> tuple[Adapter, Any, bool]:
    """Return the adapter, the tensor, and whether its memory belongs to a Variable."""
    source = adapter_of(x)
    if source is not None:
        return source, x, False
    if _is_variable(x):
        return x._cell.adapter, x._cell.snapshot(), True
    raise _foreign(call, x, to)


def _foreign(call: str, x: Any, to: str) -> TypeError:
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    return TypeError(
        f"{call}(x, {to!r}): x is a {kind}, which is no tensor of a framework that is here, nor a Variable. "
        "Pass a tensor; onevar.Variable(x) or numpy.asarray(x) makes one."
    )


# -- routes ---------------------------------------------------------------------------------------


class _Route:
    """The way from one adapter to another; what can be decided once is decided once."""

    __slots__ = ("borrow", "check", "host_only", "preflight", "source", "target", "view")

    def __init__(self, source: Adapter, target: Adapter):
        self.source, self.target = source, target
        self.preflight, self.view, self.borrow = source.preflight, _viewer(source), target.borrow
        self.check = _checks(target.borrow_rules)
        self.host_only = all(name.startswith("cpu") for name in source.devices())

    def send(self, x: Any, own: bool) -> Any:
        """Return the target's tensor over the memory of `x`.

        Args:
            x: A tensor or native of the source.
            own: Whether the memory belongs to a Variable: a read-only mark is then the Variable's.
        """
        refusal = self.preflight(x)
        if refusal is None:
            if self.source is self.target:
                return x
            if not (self.host_only or self.on_host(x)):
                return self._across(x)
            array = self.view(x)
            refusal = self.check(array, own or array is not x)
            if refusal is None:
                return self._give(array)
        raise self._error(refusal)

    def on_host(self, x: Any) -> bool:
        return self.host_only or self.source.spec(x).device.startswith("cpu")

    def _give(self, array: np.ndarray) -> Any:
        if not array.size:
            # There is nothing to share, and such a pointer may break the target's rules.
            array = dlpack.aligned_empty(array.shape, array.dtype)
        try:
            return self.borrow(array)
        except CopyRequired as error:
            raise self._error(error) from None

    def _across(self, x: Any) -> Any:
        device = self.source.spec(x).device
        if device.split(":")[0] not in {name.split(":")[0] for name in self.target.devices()}:
            refusal = Refusal(f"the memory is on {device}, where {self.target.name} has no device", "")
            raise self._error(refusal)
        try:
            return self.target.from_dlpack(_exportable(self.source, x))
        except _REFUSED as error:
            raise self._error(Refusal(str(error).strip(". \n"), "")) from error

    def _error(self, refusal: Refusal | CopyRequired, call: str = "share") -> CopyRequired:
        cure = refusal.cure or f"Use onevar.copy(x, {self.target.name!r})"
        return CopyRequired(f"{call}(x, {self.target.name!r})", refusal.reason, cure)

    def duplicate(self, x: Any) -> Any:
        """Return the target's tensor with the numbers of `x` in memory of its own."""
        device = self.source.spec(x).device
        array = self._host_copy(x)
        try:
            if device.startswith("cpu") or device not in self.target.devices():
                return self.borrow(array)
            return self.target.convert(array, device=device)
        except CopyRequired as error:
            raise self._error(error, "copy") from None

    def _host_copy(self, x: Any) -> np.ndarray:
        """Return an aligned row-major array that nobody else knows."""
        if self.preflight(x) is None and self.on_host(x):
            return dlpack.aligned_copy(self.view(x))
        try:
            array = self.source.to_numpy(x)
        except _REFUSED as error:
            refusal = self.preflight(x) or Refusal(str(error).strip(". \n"), "Pass a tensor that holds numbers")
            raise self._error(refusal, "copy") from error
        return dlpack.aligned_copy(array)

    def explain(self, x: Any, own: bool) -> Explanation:
        """Try the route, which copies nothing, and say what happened."""
        spec = self.source.spec(x)
        reason = cure = ""
        try:
            self.send(x, own)
        except CopyRequired as error:
            reason, cure = error.reason, error.cure
        route = "itself" if self.source is self.target else "host view" if spec.device.startswith("cpu") else "dlpack"
        note = "" if reason or _exportable(self.source, x) is x else "data only, gradients do not cross"
        return Explanation(
            self.source.name, self.target.name, tuple(spec.shape), spec.dtype, spec.device,
            zero_copy=not reason, route=route, note=note, reason=reason, cure=cure,
        )  # fmt: skip


def _viewer(source: Adapter) -> Callable[[Any], np.ndarray]:
    # `view` is `lend` without the Loan around it, which is a third of the cost of a short route.
    return getattr(source, "view", None) or (lambda x: source.lend(x).array)


_routes: dict[tuple[Adapter, Adapter], _Route] = {}


def _route(source: Adapter, target: Adapter) -> _Route:
    try:
        return _routes[source, target]
    except KeyError:
        return _routes.setdefault((source, target), _Route(source, target))


# -- what a target takes --------------------------------------------------------------------------


def _is_compact(array: np.ndarray) -> bool:
    return array.flags.c_contiguous


def _is_dense(array: np.ndarray) -> bool:
    if array.flags.forc:
        return True
    expected = array.itemsize
    for stride, size in sorted((s, n) for s, n in zip(array.strides, array.shape, strict=True) if n != 1):
        if stride != expected:
            return False
        expected *= size
    return True


def _is_forward(array: np.ndarray) -> bool:
    return array.flags.c_contiguous or min(array.strides) >= 0


def _is_any(array: np.ndarray) -> bool:
    return True


#: `BorrowRules.strides` to the test, and what is wrong with memory that fails it.
_STRIDES: dict[str, tuple[Callable[[np.ndarray], bool], str]] = {
    "compact": (_is_compact, "the elements are not in row-major order without gaps"),
    "dense": (_is_dense, "there are gaps between the elements, or they run backwards"),
    "non-negative": (_is_forward, "the elements run backwards"),
    "any": (_is_any, ""),
}


def _checks(rules: BorrowRules) -> Check:
    """Return a function of `(array, may_be_readonly)` that says what breaks `rules`, or None."""
    fits, misfit = _STRIDES[rules.strides]
    alignment, honours, dtypes = rules.alignment, rules.readonly, rules.dtypes
    address = dlpack.address

    def check(array: np.ndarray, may_be_readonly: bool) -> Refusal | None:
        if not array.size:
            return None
        if not fits(array):
            return Refusal(f"{misfit} (shape {array.shape}, strides {array.strides} bytes)", "")
        if alignment > 1 and address(array) % alignment:
            offset = address(array) % alignment
            return Refusal(f"memory is not {alignment}-byte aligned (address % {alignment} == {offset})", "")
        if not (honours or may_be_readonly or array.flags.writeable):
            return Refusal("the memory is marked read-only, and the target would write through the mark", "")
        if dtypes and array.dtype.name not in dtypes:
            return Refusal(f"dtype {array.dtype.name} is none that it can hold", "Convert it first")
        return None

    return check
