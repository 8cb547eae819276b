"""Gradients of the program's own inside the bodies of branches and loops, made ready while the body is built."""

from collections.abc import Sequence
from typing import Any

from onevar.core.conversion import convert_to_tensor
from onevar.core.custom_steps import GRADIENT
from onevar.core.differentiable import is_trainable
from onevar.core.func_graph import FuncGraph, trace
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation
from onevar.core.reach import bodies
from onevar.v1.custom_gradients import custom_gradient_of
from onevar.v1.function_bodies import as_result


def with_gradients(body: FuncGraph) -> FuncGraph:
    """Build the gradient of each operation of a body that has one of the program's own; return the body.

    It is done when the body is: what the gradients take from outside are then inputs of the branch or loop. A gradient
    that cannot be built is an error only where gradients are taken through the body.
    """
    for operation in list(body.operations):
        if GRADIENT not in operation.attrs and _wanted(operation):
            try:
                _build(body, operation)
            except Exception as error:  # noqa: BLE001 (kept for whoever takes gradients)
                operation.attrs[f"{GRADIENT}_error"] = error
    return body


def _wanted(operation: Operation) -> bool:
    return custom_gradient_of(operation) is not None and any(is_trainable(t) for t in operation.outputs)


def _build(body: FuncGraph, operation: Operation) -> None:
    function: Any = custom_gradient_of(operation)

    def gradient(*received: Any) -> list[Any]:
        returned = function(operation, *received)
        return list(returned) if isinstance(returned, list | tuple) else [returned]

    with body.as_default(), name_scope(f"{body.name}/gradients/"):
        inner, returned = trace(f"{body.name}/gradient_of/{operation.name}", body, gradient, operation.outputs)
        if len(returned) != len(operation.inputs):
            raise ValueError(
                f"Num gradients {len(returned)} generated for op {operation.name} do not match num inputs "
                f"{len(operation.inputs)}"
            )
        with inner.as_default():
            found = _results(inner, returned)
    inner.results = [result for _, result in found]
    operation.attrs[f"{GRADIENT}_inputs"] = [i for i, _ in found]
    operation.attrs[GRADIENT] = with_gradients(inner)


def _results(inner: FuncGraph, returned: Sequence[Any]) -> list[tuple[int, Any]]:
    return [(i, as_result(inner, convert_to_tensor(g))) for i, g in enumerate(returned) if g is not None]


def check_gradients(operation: Operation) -> None:
    """Raise what went wrong with a gradient of the program's own inside a branch or loop.

    Raises:
        Exception: Whatever the program's gradient function raised.
    """
    for body in bodies(operation):
        for inner in body.operations:
            error = inner.attrs.get(f"{GRADIENT}_error")
            if error is not None:
                raise error
            check_gradients(inner)
