"""Gradients of a loss that is given as a function: for the variables that it uses."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.context import eager_mode, executing_eagerly
from onevar.core.default_graph import control_dependencies, get_collection
from onevar.core.eager_values import eager_tensor
from onevar.core.nest import flatten
from onevar.core.operation import Tensor
from onevar.core.plan import storage_of
from onevar.core.reach import needed
from onevar.core.stand_ins import all_ours, ours
from onevar.scopes import StatelessScope
from onevar.v1.gradients_impl import gradients
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.variables import is_resource_variable


def gradients_of_function(loss: Callable[[], Any], var_list: Any, grad_loss: Any) -> list[tuple[Any, Any]]:
    """Return `(gradient, variable)` for each variable.

    Args:
        loss: A function that returns the loss. Where operations compute at once it is called a second time if there
            is no `var_list`, which the first call finds out. What it assigns is assigned once.
        var_list: Variables; None is all trainable ones that the loss uses.
        grad_loss: What the gradient of the loss is multiplied with, or None.
    """
    if executing_eagerly():
        return _at_once(loss, var_list, grad_loss)
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


class _Watching(StatelessScope):
    """Remembers which Variables are read."""

    def __init__(self) -> None:
        super().__init__(initialize_variables=False)
        self.read: dict[int, Any] = {}

    def get_current_value(self, variable: Any) -> Any:
        """Return what the Variable reads as inside, or None; remember it."""
        owner = getattr(variable, "owner", None)
        watched = variable if owner is None else owner()
        if watched is not None and watched.trainable:
            self.read.setdefault(id(watched._cell), watched)
        return super().get_current_value(variable)

    def watch(self, variable: Any) -> None:
        """Remember a variable of another library.

        Args:
            variable: The other library's.
        """
        if variable.trainable:
            with eager_mode():  # a layer's own code may have a graph of its own open
                view = ours(variable)
            self.read.setdefault(id(view._cell), view)


def _at_once(loss: Callable[[], Any], var_list: Any, grad_loss: Any) -> list[tuple[Any, Any]]:
    if var_list is None:
        scope = _Watching()
        with scope:
            loss()
        variables: Sequence[Any] = list(scope.read.values())
    else:
        variables = flatten(all_ours(var_list))
    if not variables:
        return []
    adapter = variables[0]._cell.adapter
    assigned: list[Any] = []

    def run(*values: Any) -> tuple[list[Any], list[Any]]:
        scope = StatelessScope(zip(variables, values, strict=True), initialize_variables=False)
        with scope:
            out = loss()
            given = {id(value) for value in values}
            pairs = [(v, scope.value_of(v)) for v in scope.variables()]
        assigned[:] = [variable for variable, value in pairs if id(value) not in given]
        return [out], [value for _, value in pairs if id(value) not in given]

    with adapter.computing():
        (value,), after, pullback = adapter.vjp(run, [variable._cell.snapshot() for variable in variables])
        seed = adapter.k.ones_like(value) if grad_loss is None else eager_tensor(grad_loss, None, adapter)
        pairs = list(zip(pullback([seed]), variables, strict=True))
        for variable, new in zip(assigned, after, strict=True):
            variable.assign(adapter.stop_gradient(new))
        return pairs
