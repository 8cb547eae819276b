"""Graphs and what they are made of: `tf.Graph`, `tf.Tensor`, name and control scopes, collections, conversion."""

from typing import Any

from onevar.core import context, conversion, default_graph, name_scope, operation
from onevar.core.constant import constant_value
from onevar.core.graph import Graph
from onevar.v1.export import export, export_value

export_value("Graph", Graph)
export_value("Tensor", operation.Tensor)
export_value("Operation", operation.Operation)
for _name in ("IndexedSlices",):
    export_value(_name, operation.IndexedSlices)
for _name in (
    "get_default_graph", "reset_default_graph", "control_dependencies", "device", "container", "add_to_collection",
    "add_to_collections", "get_collection", "get_collection_ref", "get_all_collection_keys",
):  # fmt: skip
    export_value(_name, getattr(default_graph, _name))
export_value("name_scope", name_scope.name_scope)
export_value("executing_eagerly", context.executing_eagerly)
export_value("register_tensor_conversion_function", conversion.register_tensor_conversion_function)


@export("colocate_with")
def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """Ask for what is made inside to run where `op` does; see `Graph.colocate_with`."""
    return default_graph.colocate_with(op, ignore_existing)


@export("convert_to_tensor")
def convert_to_tensor(
    value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None, dtype_hint: Any = None
) -> Any:
    """Return `value` as a tensor: see `onevar.core.conversion.convert_to_tensor`.

    Args:
        value: A tensor, Variable, array, Python value, or nested list of these.
        dtype: What it has to be.
        name: For operations that are made for it.
        preferred_dtype: What it becomes where `dtype` is None and it can.
        dtype_hint: The newer name of `preferred_dtype`.
    """
    return conversion.convert_to_tensor(value, dtype, name, preferred_dtype or dtype_hint)


@export("convert_to_tensor_or_indexed_slices")
def convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return IndexedSlices as they are, everything else as a tensor."""
    return conversion.internal_convert_to_tensor_or_indexed_slices(value, dtype, name)


@export("op_scope")
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Any:
    """Return `name_scope(name, default_name, values)`; deprecated in TensorFlow 1 already."""
    return name_scope.name_scope(name, default_name, values)


@export("is_tensor", "contrib.framework.is_tensor")
def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor of a graph, or stands for one."""
    return isinstance(x, operation.Tensor | operation.IndexedSlices) or hasattr(x, "_dense_var_to_tensor")


@export("get_static_value", "contrib.util.constant_value")
def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """Return the contents of `tensor` if they are known before anything runs, else None."""
    return constant_value(tensor, partial)


@export("enable_eager_execution")
def enable_eager_execution(config: Any = None, device_policy: Any = None, execution_mode: Any = None) -> None:
    """Compute at once from now on, outside of graphs.

    Raises:
        ValueError: The default graph has operations already.
    """
    if default_graph.get_default_graph().operations and not context.executing_eagerly():
        raise ValueError("tf.enable_eager_execution must be called at program startup.")
    context.set_eager_by_default(True)


@export("disable_eager_execution")
def disable_eager_execution() -> None:
    """Build graphs from now on, as is the default here."""
    context.set_eager_by_default(False)


@export("disable_v2_behavior")
def disable_v2_behavior() -> None:
    """Behave as TensorFlow 1 does, as is the default here."""
    context.set_eager_by_default(False)


@export("disable_v2_tensorshape")
def disable_v2_tensorshape() -> None:
    """Let shapes be made of `Dimension`s, as is the case here."""


@export("disable_tensor_equality")
def disable_tensor_equality() -> None:
    """Let `==` of tensors compare identity, as is the case here."""


@export("disable_control_flow_v2")
def disable_control_flow_v2() -> None:
    """Accepted: control flow holds its bodies as graphs here, and means what TensorFlow 1's means."""


@export("enable_control_flow_v2")
def enable_control_flow_v2() -> None:
    """Accepted: see `disable_control_flow_v2`."""
