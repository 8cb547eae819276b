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
from onevar.adapters.contract import Adapter, Refusal
from onevar.cell import cell_of
from onevar.core.borders import checks, obeys, takes_anything
from onevar.core.registry import adapter, adapter_of, on_change
from onevar.errors import CopyRequired

__all__ = ["Explanation", "copy", "explain", "share"]

#: What a framework's own border raises when it refuses.
_REFUSED = (BufferError, NotImplementedError, RuntimeError, TypeError, ValueError)


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
    send = _senders.get((type(x), to))
    if send is not None:
        return send(x)
    if _is_variable(x):
        return _share_variable(x, to, live)
    source = adapter_of(x)
    if source is None:
        raise _foreign("share", x, to)
    send = _senders[type(x), to] = _route(source, adapter(to)).send
    return send(x)


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


# The type of a tensor and a backend's name to the function that sends it there; what an exchange
# of small tensors costs is finding that out.
_senders: dict[tuple[type, str], Callable[[Any], Any]] = {}
on_change(_senders.clear)


# -- Variables ------------------------------------------------------------------------------------

_variable_types: set[type] = set()


def _is_variable(x: object) -> bool:
    if type(x) in _variable_types:
        return True
    if cell_of(x) is not None:
        _variable_types.add(type(x))
        return True
    return False


def _share_variable(x: Any, to: str, live: bool) -> Any:
    cell = x._cell
    source = cell.adapter
    if not live:
        # Not the Cell's: a scope may have another value, or another dtype.
        return _route(source, adapter(to)).send(x._read(), _is_writable(cell.native))
    if type(source).exported is Adapter.exported:  # never writes in place into memory others see
        raise CopyRequired(
            f"share(x, {to!r}, live=True)",
            f"{source.name} never changes memory that somebody else can see, so there is nothing live to share",
            f"Use share(x, {to!r}), and again after each assignment",
        )
    return _route(source, adapter(to)).send(cell.native, _is_writable(cell.native))


def _is_writable(native: Any) -> bool:
    # An adopted array may be read-only: its owner's mark, or a file mapped for reading.
    return not isinstance(native, np.ndarray) or native.flags.writeable


def _resolve(call: str, x: Any, to: str) -> tuple[Adapter, Any, bool]:
    """Return the adapter, the tensor, and whether its memory is a Variable's, and writable."""
    source = adapter_of(x)
    if source is not None:
        return source, x, False
    if _is_variable(x):
        return x._cell.adapter, x._read(), _is_writable(x._cell.native)
    raise _foreign(call, x, to)


def _foreign(call: str, x: Any, to: str) -> TypeError:
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    if kind.startswith("keras."):
        return TypeError(f"{call}(x, {to!r}): x is a {kind}. Give onevar.keras.as_onevar(x), a view of it.")
    return TypeError(
        f"{call}(x, {to!r}): x is a {kind}, which is no tensor of a framework that is here, nor a Variable. "
        "Pass a tensor; onevar.Variable(x) or numpy.asarray(x) makes one."
    )


# -- routes ---------------------------------------------------------------------------------------


class _Route:
    """The way from one adapter to another; what can be decided once is decided once."""

    __slots__ = ("borrow", "check", "direct", "host_only", "same", "send", "source", "target", "view")

    def __init__(self, source: Adapter, target: Adapter):
        self.source, self.target, self.same = source, target, source is target
        self.view, self.borrow = source.view, target.borrow
        self.check = None if takes_anything(target.borrow_rules) else checks(target.borrow_rules)
        overridden = type(source).direct is not Adapter.direct
        self.direct = source.direct if overridden and target.guards_dlpack and not self.same else None
        self.host_only = all(name.startswith("cpu") for name in source.devices())
        short_cut = self.host_only and self.direct is None and not self.same
        self.send = self._host_sender() if short_cut else self._send

    def _host_sender(self) -> Callable[..., Any]:
        """Return `_send` with a short cut: host memory with which nothing at all is the matter."""
        view, borrow, careful, error_of = self.view, self.borrow, self._send, self._error
        sound = obeys(self.target.borrow_rules)
        plain = np.ndarray

        def send(x: Any, own: bool = False) -> Any:
            array = view(x)
            if array.__class__ is not plain or not (sound is None or sound(array)):
                return careful(x, own)
            try:
                return borrow(array)
            except CopyRequired as error:
                raise error_of(error) from None

        return send

    def _send(self, x: Any, own: bool = False) -> Any:
        """Return the target's tensor over the memory of `x`.

        Args:
            x: A tensor or native of the source.
            own: Whether the memory is a Variable's, and writable: a read-only mark is then onevar's own.
        """
        if self.same:
            return x
        direct = self.direct
        if direct is not None and direct(x):
            try:
                return self.target.from_dlpack(x)
            except _REFUSED:
                pass  # what follows finds another way, or says why there is none
        if not (self.host_only or self.on_host(x)):
            return self._across(x)
        array = self.view(x)
        if isinstance(array, Refusal):
            raise self._error(array)
        check = self.check
        if check is not None:
            refusal = check(array, own or not isinstance(x, np.ndarray))
            if refusal is not None:
                raise self._error(refusal)
            if not array.size:
                # There is nothing to share, and such a pointer may break the target's rules.
                array = dlpack.aligned_empty(array.shape, array.dtype)
        try:
            return self.borrow(array)
        except CopyRequired as error:
            raise self._error(error) from None

    def on_host(self, x: Any) -> bool:
        return self.host_only or self.source.spec(x).device.startswith("cpu")

    def _across(self, x: Any) -> Any:
        """Return the target's tensor over memory that is not the host's, by DLPack."""
        refusal = self.source.preflight(x)
        if refusal is not None:
            raise self._error(refusal)
        device = self.source.spec(x).device
        if device.split(":")[0] not in {name.split(":")[0] for name in self.target.devices()}:
            raise self._error(Refusal(f"the memory is on {device}, where {self.target.name} has no device", ""))
        try:
            return self.target.from_dlpack(self.source.export(x))
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
        if self.on_host(x) and not isinstance(seen := self.view(x), Refusal):
            return dlpack.aligned_copy(seen)
        try:
            array = self.source.to_numpy(x)
        except _REFUSED as error:
            refusal = self.source.preflight(x) or Refusal(str(error).strip(". \n"), "Pass a tensor that holds numbers")
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
        cut = not (reason or self.same or "gradients" in self.source.lacks)
        note = "data only, gradients do not cross" if cut else ""
        return Explanation(
            self.source.name, self.target.name, tuple(spec.shape), spec.dtype, spec.device,
            zero_copy=not reason, route=route, note=note, reason=reason, cure=cure,
        )  # fmt: skip


_routes: dict[tuple[Adapter, Adapter], _Route] = {}


def _route(source: Adapter, target: Adapter) -> _Route:
    try:
        return _routes[source, target]
    except KeyError:
        return _routes.setdefault((source, target), _Route(source, target))
