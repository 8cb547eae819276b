"""What only orders operations: `tf.group`, `tf.tuple`, `tf.no_op`, and identities that wait."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import internal_convert_to_tensor_or_indexed_slices as as_tensor_or_slices
from onevar.core.default_graph import colocate_with, control_dependencies, device
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.v1.export import export
from onevar.v1.sparse_types import SparseTensor


@export("no_op")
def no_op(name: str | None = None) -> Any:
    """Return an operation that does nothing; see `tf.no_op`."""
    return None if executing_eagerly() else op("NoOp", name=name)


def with_dependencies(dependencies: Sequence[Any], output_tensor: Any, name: str | None = None) -> Any:
    """Return `output_tensor` as it is after `dependencies` have run.

    Args:
        dependencies: Operations and tensors.
        output_tensor: A tensor, Variable or IndexedSlices.
        name: Of the operation.
    """
    if executing_eagerly():
        return output_tensor
    with (
        name_scope(name, "control_dependency", [*dependencies, output_tensor]) as scope,
        colocate_with(output_tensor),
        control_dependencies(dependencies),
    ):
        output = as_tensor_or_slices(output_tensor)
        if isinstance(output, IndexedSlices):
            values = op("Identity", input=output.values, name=scope)
            return IndexedSlices(values, output.indices, output.dense_shape)
        return op("Identity", input=output, name=scope)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flat(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, IndexedSlices):
        yield from (part for part in (value.values, value.indices, value.dense_shape) if part is not None)
    elif isinstance(value, SparseTensor):
        yield from (value.indices, value.values, value.dense_shape)
    else:
        yield value


def _no_op_after(dependencies: Sequence[Any], where: str | None, name: str | None = None) -> Operation:
    with control_dependencies(dependencies), device(where) if where is not None else nullcontext():
        return no_op(name=name)


@export("group")
def group(*inputs: Any, **kwargs: Any) -> Any:
    """Return an operation that is done when all `inputs`, tensors and operations, nested or not, are.

    Args:
        *inputs: What is waited for.
        **kwargs: `name`.

    Raises:
        ValueError: Another keyword argument.
        TypeError: An input is neither tensor nor operation.
    """
    if executing_eagerly():
        return None
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError("Unknown keyword arguments: " + ", ".join(kwargs))
    with name_scope(name, "group_deps", inputs) as scope:
        if not inputs:
            return no_op(name=scope)
        by_device: dict[str | None, list[Any]] = {}
        for item in _flat(inputs):
            if not hasattr(item, "device"):
                raise TypeError(
                    f"'inputs' should be zero or more (nested) Tensors. Received '{item}' with type '{type(item)}'."
                )
            by_device.setdefault(item.device, []).append(item)
        if len(by_device) == 1:
            ((where, items),) = by_device.items()
            return _no_op_after(items, where, scope)
        # One operation for each device, and one that waits for these.
        parts = [_no_op_after(by_device[where], where) for where in sorted(by_device, key=lambda where: where or "")]
        return _no_op_after(parts, None, scope)


@export("tuple")
def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[Any] | None = None) -> list[Any]:
    """Return the tensors as they are once all of them have been computed.

    Args:
        tensors: Tensors, Variables, IndexedSlices, operations or None.
        name: Of the scope.
        control_inputs: Operations and tensors to wait for as well.

    Raises:
        ValueError: There is no tensor at all.
        TypeError: A control input is something else.
    """
    if executing_eagerly():
        return list(tensors)
    with name_scope(name, "tuple", tensors):
        made = [t if t is None or isinstance(t, Operation) else as_tensor_or_slices(t) for t in tensors]
        gates = {t if isinstance(t, Operation) else t.op for t in made if t is not None}
        for item in control_inputs or ():
            if not isinstance(item, Operation | Tensor):
                raise TypeError(f"'control_inputs' must only contain Operation or Tensor. Received: {type(item)}")
            gates.add(item if isinstance(item, Operation) else item.op)
        if not gates:
            raise ValueError(f"'tensors' must have at least one Tensor. Received: {made}.")
        gate = group(*sorted(gates, key=lambda operation: operation.serial))
        return [None if t is None else _gated(gate, t) for t in made]


def _gated(gate: Operation, item: Any) -> Any:
    if not isinstance(item, Operation):
        return with_dependencies([gate], item)
    with control_dependencies([gate]):
        return group(item)


tuple_.__name__ = "tuple"
