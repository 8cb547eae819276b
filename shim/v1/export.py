"""The registry of what `onevar.v1` offers, by TensorFlow's names below `tf.`."""

import difflib
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from threading import RLock
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

_values: dict[str, Any] = {}
_prefixes: set[str] = set()
_loading: list[bool] = []
_loaded: list[bool] = []
# A second thread waits for the first to finish; the first gets through again from within a chapter.
_lock = RLock()


def export(*names: str) -> Callable[[T], T]:
    """Offer a function or class under `names`, `"reduce_sum"`, `"math.reduce_sum"`."""

    def register(value: T) -> T:
        for name in names:
            export_value(name, value)
        return value

    return register


def export_value(name: str, value: Any) -> None:
    """Offer any value under `name`.

    Raises:
        ValueError: Something else has that name.
    """
    if _values.setdefault(name, value) is not value:
        raise ValueError(f"export of {name!r}: {_values[name]!r} has that name already.")
    while name := name.rpartition(".")[0]:
        _prefixes.add(name)


def export_lazily(name: str, module: str, attribute: str) -> None:
    """Offer what a module defines that is imported when it is asked for: few programs need it, and it takes long.

    Args:
        name: The name below `tf.`.
        module: The module's name below `onevar.v1`.
        attribute: The name in the module.
    """
    export_value(name, _Later(module, attribute))


def alias(name: str, target: str) -> None:
    """Offer under another name what has one already, or will have when all is loaded; nothing if it has not.

    Args:
        name: The other name, or namespace: then all that is below `target` is below it too.
        target: What has it.
    """
    _aliases.append((name, target))


_aliases: list[tuple[str, str]] = []


def when_loaded(function: Callable[[], None]) -> None:
    """Have a function called when all chapters are imported: one that offers what nobody else does.

    Args:
        function: Of no arguments.
    """
    _last.append(function)


_last: list[Callable[[], None]] = []


def is_value(name: str) -> bool:
    """Whether a value has exactly this name so far.

    Args:
        name: Below `tf.`.
    """
    return name in _values


def _follow_aliases() -> None:
    for function in _last:
        function()
    for name, target in _aliases:
        for known in [target] if target in _values else [one for one in _values if one.startswith(f"{target}.")]:
            wanted = name + known[len(target) :]
            if wanted not in _values:
                export_value(wanted, _values[known])


class _Later(NamedTuple):
    """Stands in the registry for a value whose module has not been imported."""

    module: str
    attribute: str


def load() -> None:
    """Import all chapters, which are the other modules of this package, once."""
    if _loaded:
        return
    with _lock:
        if _loading or _loaded:
            return
        _loading.append(True)
        package = import_module("onevar.v1")
        chapters = [chapter.name for chapter in pkgutil.iter_modules(package.__path__)]
        for chapter in chapters:
            import_module(f"onevar.v1.{chapter}")
        for chapter in chapters:
            # `tf.<name>` is what is exported under the name, never a file of ours.
            vars(package).pop(chapter, None)
        _follow_aliases()
        _loaded.append(True)


def ready() -> bool:
    """Whether the chapters have been imported, or are being."""
    return bool(_loading)


def exported(name: str) -> Any:
    """Return what has the name.

    Raises:
        KeyError: Nothing has.
    """
    load()
    value = _values[name]
    if isinstance(value, _Later):
        value = _values[name] = getattr(import_module(f"onevar.v1.{value.module}"), value.attribute)
    return value


def is_exported(name: str) -> bool:
    """Whether `tf.<name>` is there, as a value or as a namespace."""
    load()
    if name in _values or name in _prefixes:
        return True
    # This is asked often; what providers have is many names.
    return name.partition(".")[0] in _providers and any(
        one == name or one.startswith(f"{name}.") for one in provided_names()
    )


class Provider(NamedTuple):
    """Has a whole part of the API, which is not imported before one of its names is asked for.

    Attributes:
        names: Returns all names that it has, below `tf.`.
        value: Returns what has a name; an AttributeError says what to do where nothing has.
    """

    names: Callable[[], frozenset[str]]
    value: Callable[[str], Any]


_providers: dict[str, Provider] = {}


def provide(part: str, provider: Provider) -> None:
    """Let a provider have what is below a part of the API, and is exported by nobody.

    Args:
        part: The part, `"keras"`.
        provider: Who has it.
    """
    _providers[part] = provider


def provided(name: str) -> Any:
    """Return what a provider has under a name.

    Args:
        name: Below a part that has a provider.

    Raises:
        AttributeError: It has nothing of that name; the message says what to do.
    """
    return _providers[name.partition(".")[0]].value(name)


def is_provided(name: str) -> bool:
    """Whether a name is a provider's, or would be if there were anything of that name.

    Args:
        name: Below `tf.`.
    """
    part, _, below = name.partition(".")
    return name in provided_names() or (part in _providers and bool(below) and not is_exported(name))


def provided_names() -> frozenset[str]:
    """Return the names that providers have."""
    return frozenset().union(*(provider.names() for provider in _providers.values()))


def synonyms(name: str) -> list[str]:
    """Return every name of the function or class that has this one; none if it is no function or class.

    Args:
        name: Below `tf.`.
    """
    load()
    value = _values.get(name)
    return [one for one, other in _values.items() if other is value] if callable(value) else []


def names() -> Iterator[str]:
    """Yield every name, `"train.Saver"`."""
    load()
    yield from _values


def nearest(name: str, count: int = 3) -> list[str]:
    """Return the names that look most like `name`."""
    load()
    close = difflib.get_close_matches(name, _values, count, 0.75)
    last = name.rpartition(".")[2]
    same = [known for known in _values if known.rpartition(".")[2] == last]
    return list(dict.fromkeys([*same, *close]))[:count]
