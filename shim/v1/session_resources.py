"""Resources of a graph that have to be made before they are used, as `GraphKeys.RESOURCES` lists them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from onevar.core import dtype as dtypes
from onevar.core.constant import constant
from onevar.core.default_graph import add_to_collection, device, get_collection
from onevar.core.name_scope import name_scope
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys

_MODULE = "python.ops.resources"


class Resource(NamedTuple):
    """A resource: its handle, what makes it, and whether it is there."""

    handle: Any
    create: Any
    is_initialized: Any


@export(f"{_MODULE}.register_resource")
def register_resource(handle: Any, create_op: Any, is_initialized_op: Any, is_shared: bool = True) -> None:
    """List a resource, so that it is made along with the variables.

    Args:
        handle: The resource.
        create_op: The operation that makes it.
        is_initialized_op: Says whether it is there.
        is_shared: Whether all sessions of a cluster share it.
    """
    key = GraphKeys.RESOURCES if is_shared else GraphKeys.LOCAL_RESOURCES
    add_to_collection(key, Resource(handle, create_op, is_initialized_op))


@export(f"{_MODULE}.shared_resources")
def shared_resources() -> list[Any]:
    """Return the resources that are made with the global variables."""
    return get_collection(GraphKeys.RESOURCES)


@export(f"{_MODULE}.local_resources")
def local_resources() -> list[Any]:
    """Return the resources that are made with the local variables."""
    return get_collection(GraphKeys.LOCAL_RESOURCES)


@export(f"{_MODULE}.initialize_resources")
def initialize_resources(resource_list: Iterable[Any], name: str = "init") -> Any:
    """Return an operation that makes resources.

    Args:
        resource_list: The resources.
        name: Of the operation.
    """
    creating = [resource.create for resource in resource_list]
    return exported("group")(*creating, name=name) if creating else exported("no_op")(name=name)


@export(f"{_MODULE}.report_uninitialized_resources")
def report_uninitialized_resources(
    resource_list: Iterable[Any] | None = None, name: str = "report_uninitialized_resources"
) -> Any:
    """Return the names of the resources that were not made, as a vector of strings.

    Args:
        resource_list: The resources; None takes all.
        name: Of a scope for the operations.
    """
    if resource_list is None:
        resource_list = [*shared_resources(), *local_resources()]
    with name_scope(name), device("/cpu:0"):
        listed = list(resource_list)
        if not listed:
            return constant([], dtype=dtypes.string)
        missing = exported("logical_not")(exported("stack")([resource.is_initialized for resource in listed]))
        return exported("boolean_mask")(constant([resource.handle.name for resource in listed]), missing)
