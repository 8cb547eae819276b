"""Keras's symbolic tensors in a v1 graph: `keras.Input` is a placeholder there, and so `model.output` has a value."""

import inspect
from typing import Any

import keras

from onevar.core.default_graph import get_default_graph
from onevar.core.operation import Tensor
from onevar.keras.graph_state import graph_state
from onevar.v1.array_ops_create import placeholder
from onevar.v1.init_scopes import init_scope


def tensor_of(symbolic: Any) -> Tensor:
    """Return the tensor of the default graph that a `KerasTensor` stands for.

    An `Input` is a placeholder; what layers made of it, the same layers make of the placeholder. Each is made once in
    a graph.

    Args:
        symbolic: A `KerasTensor`.

    Raises:
        ValueError: Keras does not know where it comes from.
    """
    made = graph_state().tensors
    with init_scope():
        for node in _nodes_before(symbolic, made):
            _replay(node, made)
        if id(symbolic) not in made:
            _keep(symbolic, _placeholder(symbolic), made)
    return made[id(symbolic)][0]


def bind(symbolic: Any, tensor: Tensor) -> None:
    """Say that a `KerasTensor` stands for a tensor of the default graph.

    Args:
        symbolic: A `KerasTensor`.
        tensor: Of the same shape and dtype.
    """
    _keep(symbolic, tensor, graph_state().tensors)


def _keep(symbolic: Any, tensor: Tensor, made: dict[int, tuple[Tensor, Any]]) -> None:
    made[id(symbolic)] = (tensor, symbolic)  # kept with its id


def _history(symbolic: Any) -> Any:
    """Return the node that made a `KerasTensor`; None for an input."""
    found = getattr(symbolic, "_keras_history", None)
    if found is None or found.operation is None:
        return None
    node = found.operation._inbound_nodes[found.node_index]
    return None if node.is_input else node


def _nodes_before(symbolic: Any, made: dict[int, Any]) -> list[Any]:
    """Return the nodes that have to run, each after those that it needs. No recursion: models are deep."""
    order: list[Any] = []
    seen: set[int] = set()
    stack: list[tuple[Any, bool]] = [(symbolic, False)]
    while stack:
        tensor, ready = stack.pop()
        node = None if id(tensor) in made else _history(tensor)
        if node is None:
            continue
        if ready:
            if id(node) not in seen:
                seen.add(id(node))
                order.append(node)
        elif id(node) not in seen:
            stack.append((tensor, True))
            stack.extend((before, False) for before in node.arguments.keras_tensors)
    return order


def _replay(node: Any, made: dict[int, tuple[Tensor, Any]]) -> None:
    def found(leaf: Any) -> Any:
        if not isinstance(leaf, keras.KerasTensor):
            return leaf
        if id(leaf) not in made:
            _keep(leaf, _placeholder(leaf), made)
        return made[id(leaf)][0]

    args, kwargs = keras.tree.map_structure(found, (node.arguments.args, _without_default(node)))
    results = keras.tree.flatten(node.operation(*args, **kwargs))
    for symbolic, tensor in zip(node.outputs, results, strict=True):
        _keep(symbolic, tensor, made)


def _without_default(node: Any) -> dict[str, Any]:
    """Return a node's keyword arguments without a `training` that Keras only filled in from the signature."""
    kwargs = dict(node.arguments.kwargs)
    parameter = inspect.signature(node.operation.call).parameters.get("training")
    if parameter is not None and kwargs.get("training") is parameter.default:
        kwargs.pop("training", None)
    return kwargs


def _placeholder(symbolic: Any) -> Tensor:
    if symbolic.sparse:
        raise ValueError(
            f"{symbolic}: a sparse Input has no place in a v1 graph. Feed a tf.sparse_placeholder, and give the layer "
            "tf.sparse_tensor_to_dense of it."
        )
    with get_default_graph().name_scope(None):
        return placeholder(keras.backend.standardize_dtype(symbolic.dtype), list(symbolic.shape), symbolic.name)
