"""Initial values that are computed from other variables: they read those variables' initial values.

`tf.Variable(w * 2)` is initialised in the same run as `w`, and perhaps before it. So the operations between `w` and the
initial value are built once more, over `w.initialized_value()`.
"""

from collections.abc import Iterator
from typing import Any

from onevar.core.operation import Operation, Tensor
from onevar.v1.graph_keys import GraphKeys

#: Operations that are left as they are: they look at the variable itself, or hold graphs of their own.
_KEPT = frozenset(
    {
        "IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "If", "StatelessIf", "While",
        "StatelessWhile", "Case", "StatelessCase",
    }
)  # fmt: skip
_STORAGE = frozenset({"Variable", "VariableV2", "VarHandleOp"})


def guard(scope: str, initial_value: Any) -> Tensor:
    """Return the initial value, computed from initialised values wherever it depends on variables.

    Args:
        scope: The name scope of the new variable, which names the copies.
        initial_value: The tensor as the program made it.

    Raises:
        TypeError: It is no tensor.
    """
    if not isinstance(initial_value, Tensor):
        raise TypeError(f"initial_value needs to be a Tensor: {initial_value}")
    order, cyclic = _ancestors(initial_value.op)
    if cyclic:
        return initial_value
    safe: dict[Operation, Operation] = {}
    for operation in order:
        safe[operation] = _safe(scope, operation, safe)
    return safe[initial_value.op].outputs[initial_value.value_index]


def _ancestors(root: Operation) -> tuple[list[Operation], bool]:
    """Return what `root` depends on, inputs first, and whether that goes in circles. No recursion: graphs are deep."""
    order: list[Operation] = []
    done: set[Operation] = set()
    open_: set[Operation] = {root}
    stack: list[tuple[Operation, Iterator[Operation]]] = [(root, _before(root))]
    while stack:
        operation, rest = stack[-1]
        following = next((other for other in rest if other not in done), None)
        if following is None:
            stack.pop()
            open_.discard(operation)
            done.add(operation)
            order.append(operation)
        elif following in open_:
            return order, True
        else:
            open_.add(following)
            stack.append((following, _before(following)))
    return order, False


def _before(operation: Operation) -> Iterator[Operation]:
    return iter(() if operation.type in _KEPT else [tensor.op for tensor in operation.inputs])


def _safe(scope: str, operation: Operation, safe: dict[Operation, Operation]) -> Operation:
    if operation.type in _KEPT:
        return operation
    if operation.type in _STORAGE:
        value = _initialized_value(operation)
        return operation if value is None else value.op
    inputs = [safe[tensor.op].outputs[tensor.value_index] for tensor in operation.inputs]
    if all(new is old for new, old in zip(inputs, operation.inputs, strict=True)):
        return operation
    name = f"{operation.name}_{scope}".replace(":", "_")
    copy = operation.graph.create_op(operation.type, inputs, name=name, attrs=dict(operation.attrs))
    copy.colocation = operation.colocation
    return copy


def _initialized_value(storage: Operation) -> Tensor | None:
    names = (storage.name, f"{storage.name}:0")
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for variable in storage.graph.get_collection(key):
            if getattr(variable, "name", None) in names and hasattr(variable, "initialized_value"):
                return variable.initialized_value()
    return None
