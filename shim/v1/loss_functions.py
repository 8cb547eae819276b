"""Gradients of a loss that is given as a function: for the variables that it uses."""

from collections.abc import Callable
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import control_dependencies, get_collection
from onevar.core.nest import flatten
from onevar.core.operation import Tensor
from onevar.core.plan import storage_of
from onevar.core.reach import needed
from onevar.v1.gradients_impl import gradients
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.variables import is_resource_variable


def gradients_of_function(loss: Callable[[], Any], var_list: Any, grad_loss: Any) -> list[tuple[Any, Any]]:
    """Return `(gradient, variable)` for each variable.

    Args:
        loss: A function that returns the loss.
        var_list: Variables; None is all trainable ones that the loss uses.
        grad_loss: What the gradient of the loss is multiplied with, or None.
    """
    if executing_eagerly():
        raise NotImplementedError
    value = loss()
    variables = _used(value) if var_list is None else flatten(var_list)
    with control_dependencies([value]):
        found = gradients(value, variables, grad_ys=grad_loss)
    return list(zip(found, variables, strict=True))


def _used(loss: Tensor) -> list[Any]:
    """Return the trainable resource variables that a loss depends on: TensorFlow watches no others."""
    operations = needed([loss.op], ())
    storages = {storage_of(tensor) for op in operations for tensor in (*op.inputs, *op.outputs)}
    found = get_collection(GraphKeys.TRAINABLE_VARIABLES)
    return [v for v in found if is_resource_variable(v) and v.op in storages]
