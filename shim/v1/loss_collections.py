"""The losses of a graph, by collection: `tf.losses.get_total_loss` and the like."""

from typing import Any

from onevar.core.constant import constant
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import add_to_collection, get_collection
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.math_ops_matmul import add_n


@export("losses.add_loss")
def add_loss(loss: Any, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """List a loss in the graph; eagerly there is nothing to list it in.

    Args:
        loss: A tensor.
        loss_collection: The collection's name, or None for none.
    """
    if loss_collection and not executing_eagerly():
        add_to_collection(loss_collection, loss)


@export("losses.get_losses")
def get_losses(scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES) -> list[Any]:
    """Return the losses of the graph.

    Args:
        scope: A pattern that names have to match at their start.
        loss_collection: The collection's name.
    """
    return get_collection(loss_collection, scope)


@export("losses.get_regularization_losses")
def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """Return the regularization losses of the graph.

    Args:
        scope: A pattern that names have to match at their start.
    """
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


@export("losses.get_regularization_loss")
def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """Return the sum of the regularization losses, 0 if there are none.

    Args:
        scope: A pattern that names have to match at their start.
        name: Of the operation.
    """
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else constant(0.0)


@export("losses.get_total_loss")
def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None) -> Any:
    """Return the sum of the losses of the graph.

    Args:
        add_regularization_losses: Whether the regularization losses are among them.
        name: Of the operation.
        scope: A pattern that names have to match at their start.

    Raises:
        ValueError: There are none.
    """
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope=scope)
    return add_n(losses, name=name)
