"""Which losses of a tracked call become the layer's, each once."""

from typing import Any, NamedTuple

from onevar.core import nest
from onevar.core.operation import Tensor
from onevar.core.reach import needed
from onevar.keras.tracked_graph import TrackedGraph
from onevar.keras.tracked_variable import TrackedVariable
from onevar.v1.graph_keys import GraphKeys

#: What `track_v1_variables(losses=)` takes.
COUNTED = ("layer", "returned")


class Loss(NamedTuple):
    """A loss that joins `layer.losses`; `of_inputs` says that it is not one of the weights alone."""

    value: Any
    of_inputs: bool


def counted(
    graph: TrackedGraph, returned: Any, losses: str | None, method: str
) -> tuple[list[Loss], list[TrackedVariable]]:
    """Return the losses of a call that are to join `layer.losses`, and the variables whose losses are not to.

    Args:
        graph: The call's.
        returned: What the method returned, of this graph.
        losses: What `track_v1_variables(losses=)` says of those that `returned` depends on.
        method: Its name, for the error.

    Raises:
        ValueError: `returned` depends on one, and `losses` is None.
    """
    registered = _registered(graph)
    # What the method hands to `add_loss` is the layer's by that, and no second time for being in a collection.
    added = _behind(graph.added, registered)
    twice = [] if losses == "layer" else [loss for loss in _behind(returned, registered) if loss not in added]
    if twice and losses is None:
        raise ValueError(
            f"{method} returns what depends on the loss {twice[0].name!r}, which is in a collection of losses too: it "
            "joins `layer.losses`, and a `fit` that takes the returned value for its loss would count it twice. Say "
            '@track_v1_variables(losses="returned") if the returned value is what is minimized, and '
            '@track_v1_variables(losses="layer") if `layer.losses` is.'
        )
    elsewhere = [*twice, *added]
    rest = [loss for loss in registered if loss not in elsewhere and id(loss) not in graph.weight_losses]
    of_weights = [graph.weight_losses[id(loss)][1] for loss in elsewhere if id(loss) in graph.weight_losses]
    return [Loss(loss, _is_of_inputs(loss)) for loss in rest], of_weights


def _behind(structure: Any, losses: list[Tensor]) -> list[Tensor]:
    """Return those of the losses that tensors in a structure depend on."""
    if not losses:
        return []
    graph = losses[0].graph
    outputs = [leaf.op for leaf in nest.flatten(structure) if isinstance(leaf, Tensor) and leaf.graph is graph]
    behind = needed(outputs, frozenset())
    return [loss for loss in losses if loss.op in behind]


def _is_of_inputs(loss: Tensor) -> bool:
    return any(operation.type == "Placeholder" for operation in needed([loss.op], frozenset()))


def _registered(graph: TrackedGraph) -> list[Tensor]:
    """Return all losses of the collections, each once."""
    found: dict[Tensor, None] = {}
    for key in (GraphKeys.REGULARIZATION_LOSSES, GraphKeys.LOSSES):
        for loss in graph.get_collection(key):
            found[loss if isinstance(loss, Tensor) else loss._as_graph_element()] = None
    return list(found)
