"""The default graph of a thread, and its methods as functions, as `tf` has them."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from onevar.core.context import THREAD, executing_eagerly
from onevar.core.graph import Graph

_global: list[Graph] = []


def get_default_graph() -> Graph:
    """Return the innermost `Graph.as_default()` of this thread, or the graph that all threads share."""
    if THREAD.graphs:
        return THREAD.graphs[-1]
    if not _global:
        _global.append(Graph())
    return _global[0]


def reset_default_graph() -> None:
    """Replace the graph that all threads share by an empty one.

    Raises:
        AssertionError: Called inside `with graph.as_default():`.
    """
    if THREAD.graphs:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the "
            "nesting and create a new graph."
        )
    _global.clear()
    for hook in RESET_HOOKS:
        hook()


#: Called when the shared graph is replaced.
RESET_HOOKS: list[Any] = []


def control_dependencies(control_inputs: Iterable[Any] | None) -> AbstractContextManager[None]:
    """`Graph.control_dependencies` of the default graph; eagerly, functions among the inputs are called now."""
    if executing_eagerly():
        for item in control_inputs or ():
            if callable(item):
                item()
        return nullcontext()
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> AbstractContextManager[None]:
    """`Graph.device` of the default graph."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> AbstractContextManager[None]:
    """`Graph.colocate_with` of the default graph."""
    return nullcontext() if executing_eagerly() else get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> AbstractContextManager[str]:
    """`Graph.container` of the default graph."""
    return get_default_graph().container(container_name)


def add_to_collection(name: Any, value: Any) -> None:
    """`Graph.add_to_collection` of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """`Graph.add_to_collections` of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list:
    """`Graph.get_collection` of the default graph."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list:
    """`Graph.get_collection_ref` of the default graph."""
    return get_default_graph().get_collection_ref(key)


def get_all_collection_keys() -> list:
    """`Graph.get_all_collection_keys` of the default graph."""
    return get_default_graph().get_all_collection_keys()
