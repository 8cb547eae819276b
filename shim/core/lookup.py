"""What names, objects and patterns mean in a graph."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.core.stand_ins import ours

if TYPE_CHECKING:
    from onevar.core.graph import Graph


def graph_element(graph: "Graph", obj: Any, allow_tensor: bool, allow_operation: bool) -> Any:
    """Return the tensor or operation of `graph` that `obj` stands for; see `Graph.as_graph_element`."""
    kinds = " or ".join(kind for kind, allowed in (("Tensor", allow_tensor), ("Operation", allow_operation)) if allowed)
    if not kinds:
        raise ValueError("allow_tensor and allow_operation can't both be False.")
    obj = ours(obj)
    convert = getattr(obj, "_as_graph_element", None)
    if convert is not None:
        obj = convert()
    if isinstance(obj, str):
        return _named(graph, obj, allow_tensor, allow_operation)
    allowed = (isinstance(obj, Tensor) and allow_tensor) or (isinstance(obj, Operation) and allow_operation)
    if not allowed:
        raise TypeError(f"Can not convert a {type(obj).__name__} into a {kinds}.")
    if obj.graph is not graph:
        kind = "Tensor" if isinstance(obj, Tensor) else "Operation"
        raise ValueError(f"{kind} {obj} is not an element of this graph.")
    return obj


def _named(graph: "Graph", name: str, allow_tensor: bool, allow_operation: bool) -> Any:
    if ":" in name and allow_tensor:
        return _tensor_named(graph, name)
    if ":" in name:
        raise ValueError(f"Name {name!r} appears to refer to a Tensor, not an Operation.")
    operation = graph.find_operation(name)
    if operation is None and f"{name}:0" in graph.named_outputs:
        operation = graph.named_outputs[f"{name}:0"].op
    if not allow_operation:
        if operation is not None:
            raise ValueError(
                f"The name {name!r} refers to an Operation, not a Tensor. Tensor names must be of the form "
                '"<op_name>:<output_index>".'
            )
        raise ValueError(
            f"The name {name!r} looks like an (invalid) Operation name, not a Tensor. Tensor names must be of the "
            'form "<op_name>:<output_index>".'
        )
    if operation is None:
        raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
    return operation


def _tensor_named(graph: "Graph", name: str) -> Tensor:
    op_name, _, index = name.partition(":")
    if not index.isdigit() or not op_name:
        raise ValueError(
            f"The name {name!r} looks a like a Tensor name, but is not a valid one. Tensor names must be of the form "
            '"<op_name>:<output_index>".'
        )
    if name in graph.named_outputs:
        return graph.named_outputs[name]
    operation = graph.find_operation(op_name)
    if operation is None:
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, does not exist in "
            "the graph."
        )
    if int(index) >= len(operation.outputs):
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, exists but only "
            f"has {len(operation.outputs)} outputs."
        )
    return operation.outputs[int(index)]


def control_input(graph: "Graph", item: Any) -> Operation:
    """Return the operation that `item`, in a list of control inputs, stands for."""
    if isinstance(item, Operation):
        return item
    if isinstance(item, IndexedSlices | Tensor):
        return item.op
    handle = getattr(item, "handle", None)
    # A resource variable stands for its handle; what an assignment to one returned, for the assignment.
    if isinstance(handle, Tensor):
        return item.op
    element = graph_element(graph, item, True, True)
    return element.op if isinstance(element, Tensor) else element


def operation_of(graph: "Graph", item: Any) -> Operation:
    """Return the operation that makes `item`."""
    found = getattr(item, "op", item)
    if isinstance(found, Operation):
        return found
    return control_input(graph, item)


def in_scope(items: Iterable[Any], scope: str | None) -> list:
    """Return the items; with `scope`, those with a name that the regular expression matches at its start."""
    if scope is None:
        return list(items)
    pattern = re.compile(scope)
    return [item for item in items if getattr(item, "name", None) is not None and pattern.match(item.name)]
