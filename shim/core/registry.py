"""Finds adapters: by name, by value, and by default.

Adapters come from the entry-point group `onevar.adapters` and are loaded on first use. A value is
never a reason to import a framework: if its module is not in `sys.modules`, the value is not its.
"""

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import metadata, util
from threading import RLock

from onevar.adapters.contract import Adapter
from onevar.errors import AdapterError, FrameworkMissing

GROUP = "onevar.adapters"
#: Asked in this order when nothing says which framework to use.
PREFERRED = ("jax", "torch", "tensorflow", "numpy")

_lock = RLock()
_loaded: dict[str, Adapter] = {}
_by_type: dict[type, Adapter | None] = {}
_registered: dict[str, Adapter] = {}
_hooks: list[Callable[[Adapter], None]] = []
_forgetters: list[Callable[[], None]] = [_by_type.clear]
_entry_points: dict[str, metadata.EntryPoint] | None = None

_backend: str | None = None
_preferred: str | None = None
_scoped: ContextVar[str | None] = ContextVar("onevar_backend", default=None)


def known() -> tuple[str, ...]:
    """Return the names of all adapters that are registered, installed frameworks or not."""
    return tuple(dict.fromkeys([*_registered, *_points()]))


def installed() -> tuple[str, ...]:
    """Return the names of the adapters whose framework can be imported here. Imports none."""
    return tuple(name for name in known() if name in _registered or _is_installed(name))


def adapter(name: str) -> Adapter:
    """Return the adapter called `name`, importing its framework if need be.

    Raises:
        FrameworkMissing: There is none of that name, or its framework is not installed.
        AdapterError: What the entry point names is not an adapter.
    """
    found = _loaded.get(name)
    return found if found is not None else _load(name)


def register(instance: Adapter) -> None:
    """Register an adapter at run time, without an entry point.

    Raises:
        AdapterError: It is not an `Adapter`, or an adapter of that name is there already.
    """
    if not isinstance(instance, Adapter):
        raise AdapterError(f"register(instance): expected an Adapter instance. Received: {instance!r}")
    with _lock:
        if instance.name in known():
            raise AdapterError(
                f"register(instance): an adapter {instance.name!r} is registered already. Choose another name."
            )
        _registered[instance.name] = instance
        _forget()


def unregister(name: str) -> None:
    """Take back `register`.

    Raises:
        FrameworkMissing: Nothing was registered under that name at run time.
    """
    with _lock:
        if name not in _registered:
            raise FrameworkMissing(f"unregister(name): no adapter {name!r} was registered at run time.")
        del _registered[name]
        _loaded.pop(name, None)
        _forget()


def adapter_of(x: object) -> Adapter | None:
    """Return the adapter whose framework `x` belongs to, or None. Imports no framework."""
    kind = type(x)
    try:
        return _by_type[kind]
    except KeyError:
        pass
    with _lock:
        for name in known():
            if name in _loaded or _module_of(name) in sys.modules:
                candidate = _load_quietly(name)
                if candidate is not None and candidate.owns(x):
                    _by_type[kind] = candidate
                    return candidate
        # Not remembered: the framework of this type may be registered later.
        return None


def on_change(forget: Callable[[], None]) -> None:
    """Call `forget()` whenever what was remembered about types or adapters may no longer hold."""
    _forgetters.append(forget)


def _forget() -> None:
    for forget in _forgetters:
        forget()


def on_load(hook: Callable[[Adapter], None]) -> None:
    """Call `hook(adapter)` for each adapter that is loaded, now and later."""
    with _lock:
        _hooks.append(hook)
        for instance in _loaded.values():
            hook(instance)


def default_backend() -> str:
    """Return the name of the backend that is used where nothing else says.

    `use_backend` > `set_backend` > `ONEVAR_BACKEND` > what `prefer` was told > the first installed of `PREFERRED`.
    """
    return requested_backend() or _preferred or next(name for name in PREFERRED if name in installed())


def prefer(name: str | None) -> None:
    """Say which backend to use where nobody asked for one: that of a library which is used beside onevar.

    Args:
        name: The backend's; None takes it back.
    """
    global _preferred
    _preferred = name


def requested_backend() -> str | None:
    """Return the backend that somebody asked for by name, or None."""
    return _scoped.get() or _backend or os.environ.get("ONEVAR_BACKEND") or None


def set_backend(name: str | None) -> None:
    """Make `name` the default backend of the process; None takes the choice back.

    Raises:
        FrameworkMissing: No adapter of that name is registered, or its framework is not installed.
    """
    global _backend
    if name is not None:
        adapter(name)
    _backend = name


@contextmanager
def use_backend(name: str) -> Iterator[None]:
    """Make `name` the default backend inside the `with` block, in this thread or task.

    Raises:
        FrameworkMissing: No adapter of that name is registered, or its framework is not installed.
    """
    adapter(name)
    token = _scoped.set(name)
    try:
        yield
    finally:
        _scoped.reset(token)


def _points() -> dict[str, metadata.EntryPoint]:
    global _entry_points
    if _entry_points is None:
        found: dict[str, metadata.EntryPoint] = {}
        for point in metadata.entry_points(group=GROUP):
            if found.setdefault(point.name, point).value != point.value:
                raise AdapterError(
                    f"two packages register an adapter {point.name!r}: "
                    f"{found[point.name].value} and {point.value}. Uninstall one of them."
                )
        _entry_points = found
    return _entry_points


def _module_of(name: str) -> str:
    # An entry point may name the framework's module in brackets, as its "extra":
    # `x = "onevar_x:ADAPTER [xlib]"`; by default it is the adapter's own name.
    if name in _registered:
        return _registered[name].module
    extras = _points()[name].extras
    return extras[0] if extras else name


def _is_installed(name: str) -> bool:
    module = _module_of(name)
    return module in sys.modules or util.find_spec(module) is not None


def _load_quietly(name: str) -> Adapter | None:
    """Load for a question about a value; a framework that cannot be imported owns no values."""
    return adapter(name) if name in _registered or _is_installed(name) else None


def _load(name: str) -> Adapter:
    with _lock:
        if name in _loaded:
            return _loaded[name]
        if name in _registered:
            instance = _registered[name]
        else:
            instance = _import(name)
        _loaded[name] = instance
        _forget()
        for hook in _hooks:
            hook(instance)
        return instance


def _import(name: str) -> Adapter:
    point = _points().get(name)
    if point is None:
        raise FrameworkMissing(
            f"backend {name!r}: no adapter of that name is registered. Known: {', '.join(known())}. "
            f"Installed here: {', '.join(installed())}."
        )
    if not _is_installed(name):
        extra = f'pip install "onevar[{name}]"' if point.value.startswith("onevar.") else f"install {_module_of(name)}"
        raise FrameworkMissing(
            f"backend {name!r} needs the module {_module_of(name)}: {extra}. Installed here: {', '.join(installed())}."
        )
    with _draws_kept():
        instance = point.load()
    if not isinstance(instance, Adapter) or instance.name != name:
        raise AdapterError(
            f"entry point {name!r} = {point.value!r} must be an onevar.adapters.contract.Adapter instance "
            f"with that name. Received: {instance!r}."
        )
    return instance


@contextmanager
def _draws_kept() -> Iterator[None]:
    """Leave Python's and NumPy's global generators as they are: a framework may draw from them as it is imported.

    A program seeds them first and makes its session, which loads the framework, afterwards.
    """
    numpy = sys.modules.get("numpy")
    python, arrays = random.getstate(), numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(python)
        if numpy and arrays is not None:
            numpy.random.set_state(arrays)
