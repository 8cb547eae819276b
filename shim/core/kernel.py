"""The registry of op definitions: one function an op type, written over an adapter's primitives."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, TypeVar

from onevar.core.op_defs import op_def

Function = TypeVar("Function", bound=Callable)

KERNELS: "dict[str, Kernel]" = {}

_loaded = False
_loading: list[bool] = []
_lock = RLock()


@dataclass(slots=True)
class Kernel:
    """How an op type is computed.

    Attributes:
        fn: `fn(k, *inputs, **attrs)` with the primitives `k`; with a stream after `k` if it is random.
        type: The op type.
        host: Names of the inputs that it takes as NumPy arrays, always.
        host_index: Their positions.
        attrs: Names of the attributes that `fn` takes.
        random: Whether it draws from the session's stream.
        state: Whether its reference inputs arrive as `StateRef`.
        functional: Whether its attributes are functions (control flow).
        on_host: Whether all of it runs on the host, inputs and outputs being NumPy arrays.
        heavy: Whether it is work that the host should not do when a device can.
        infer: `infer(*specs, **attrs)` to the shape of the output (a list of shapes for several), or None: run `fn`
            with shape primitives.
        elementwise: Whether the output's shape is what the inputs' shapes broadcast to.
        resource: Whether it uses what a Session keeps on the host (`onevar.core.resources`); it may wait.
        reports: Whether its result is for whoever asked, and nothing else of a run waits for it: it comes at the end.
    """

    fn: Callable
    type: str
    host: frozenset[str] = frozenset()
    random: bool = False
    state: bool = False
    functional: bool = False
    on_host: bool = False
    heavy: bool = False
    infer: Callable | None = None
    elementwise: bool = False
    resource: bool = False
    reports: bool = False
    host_index: tuple[int, ...] = field(init=False, default=())
    attrs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.attrs = keyword_names(self.fn)
        if self.host:
            names = [arg.name for arg in op_def(self.type).inputs]
            self.host_index = tuple(sorted(map(names.index, self.host)))


def keyword_names(fn: Callable) -> tuple[str, ...]:
    """The names of a plain function's keyword-only parameters.

    Args:
        fn: The function.

    Returns:
        The names, in order.
    """
    code = fn.__code__
    return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]


def kernel(
    *types: str,
    host: Iterable[str] = (),
    heavy: bool = False,
    on_host: bool = False,
    random: bool = False,
    state: bool = False,
    functional: bool = False,
    resource: bool = False,
    reports: bool = False,
    infer: Callable | None = None,
) -> Callable[[Function], Function]:
    """Make the decorated function the definition of op types.

    Args:
        *types: The op types.
        host: Names of the inputs that it needs as NumPy arrays.
        heavy: Whether it is work that the host should not do when a device can.
        on_host: Whether it runs on the host altogether.
        random: Whether it draws from the session's stream, its second parameter.
        state: Whether it reads or writes variables.
        functional: Whether it calls functions (control flow).
        resource: Whether it uses what a Session keeps on the host (`onevar.core.resources`): then it runs there.
        reports: Whether nothing else of a run waits for its result.
        infer: The shape function, where `fn` on shape primitives would not do.

    Returns:
        The decorator, which returns the function as it is.
    """
    flags: dict[str, Any] = {"heavy": heavy, "on_host": on_host or resource, "random": random, "state": state}
    flags.update(resource=resource, reports=reports)

    def register(fn: Function) -> Function:
        for type in types:
            _add(Kernel(fn, type, frozenset(host), functional=functional, infer=infer, **flags))
        return fn

    return register


def elementwise(table: Mapping[str, str]) -> None:
    """Define op types that are one primitive, element by element, of inputs that broadcast.

    Args:
        table: Op types to primitives' names.
    """
    for type, primitive in table.items():
        _add(Kernel(_of_primitive(primitive), type, elementwise=True))


def _of_primitive(name: str) -> Callable:
    def fn(k: Any, *inputs: Any) -> Any:
        return getattr(k, name)(*inputs)

    fn.primitive = name  # type: ignore[attr-defined]
    return fn


def _add(entry: Kernel) -> None:
    if entry.type in KERNELS:
        raise ValueError(f"{entry.type} is defined twice: by {KERNELS[entry.type].fn} and {entry.fn}.")
    KERNELS[entry.type] = entry


def kernel_of(type: str) -> Kernel | None:
    """How an op type is computed.

    Args:
        type: The op type.

    Returns:
        Its kernel, or None: nobody defined it.
    """
    global _loaded
    found = KERNELS.get(type)
    if found is None and not _loaded:
        # Another thread waits until all are there; the modules themselves may ask while they are loaded.
        with _lock:
            if not _loading and not _loaded:
                _loading.append(True)
                load()
                _loaded = True
        found = KERNELS.get(type)
    return found


def load() -> None:
    """Import all modules of `onevar.core.kernels`, which fills `KERNELS`.

    Raises:
        ImportError: One of them cannot be imported; the others are.
    """
    package = importlib.import_module("onevar.core.kernels")
    failed: ImportError | None = None
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            failed = error
    if failed is not None:
        raise failed
