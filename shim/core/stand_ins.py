"""Objects of another library that have a place in the graph: a Keras variable or symbolic tensor, say.

Functions of the API take them where they take variables and tensors. Who brings such a kind registers it.
"""

from collections.abc import Callable, Mapping
from typing import Any

_kinds: list[tuple[type | tuple[type, ...], Callable[[Any], Any]]] = []


def register(kind: type | tuple[type, ...], function: Callable[[Any], Any]) -> None:
    """Have `function(value)` say what stands in the default graph for values of a kind.

    Args:
        kind: A class, or several.
        function: Returns a tensor or Variable of the default graph.
    """
    _kinds.append((kind, function))


def ours(value: Any) -> Any:
    """Return what stands in the default graph for a value; any other value as it is.

    Args:
        value: Anything.
    """
    for kind, function in _kinds:
        if isinstance(value, kind):
            return function(value)
    return value


def all_ours(values: Any) -> Any:
    """Return what stands for each value of a list, tuple or dictionary; anything else as it is.

    Args:
        values: Of variables or tensors.
    """
    if not _kinds:
        return values
    if isinstance(values, Mapping):
        return {key: ours(value) for key, value in values.items()}
    return [all_ours(value) for value in values] if type(values) in (list, tuple) else ours(values)


def is_foreign(value: Any) -> bool:
    """Whether a value is one that something of the graph stands for.

    Args:
        value: Anything.
    """
    return any(isinstance(value, kind) for kind, _ in _kinds)
