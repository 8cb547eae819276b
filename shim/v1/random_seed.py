"""`tf.set_random_seed` and how the seeds of random ops come from it."""

import random
from typing import Any
from weakref import WeakKeyDictionary

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.eager import forget_streams
from onevar.core.graph import Graph
from onevar.v1.export import export

DEFAULT_GRAPH_SEED = 87654321
_MAX_INT_32 = 2**31 - 1

# How many op seeds were handed out in each graph; TensorFlow 2 counts them apart from the graph's operations.
_handed_out: WeakKeyDictionary[Graph, int] = WeakKeyDictionary()


class _Eager:
    """The seed of what is computed at once, and the generator of its op seeds."""

    seed: int | None = None
    op_seeds = random.Random()


@export("random.get_seed", "get_seed")
def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """Return the two seeds of an op, from the graph-level seed and its own.

    Args:
        op_seed: The op's own, or None.

    Returns:
        Two seeds, or twice None: the numbers are to be different each time.
    """
    eager = executing_eagerly()
    graph_seed = _Eager.seed if eager else _outermost().seed
    if graph_seed is not None:
        if op_seed is None:
            op_seed = _Eager.op_seeds.randint(0, _MAX_INT_32) if eager else _next_op_seed()
    elif op_seed is not None:
        graph_seed = DEFAULT_GRAPH_SEED
    else:
        return None, None
    # Zero twice would mean "no seed".
    seeds = graph_seed % _MAX_INT_32 if graph_seed != DEFAULT_GRAPH_SEED else graph_seed, op_seed % _MAX_INT_32
    return (0, _MAX_INT_32) if seeds == (0, 0) else seeds


def op_seeds(op_seed: int | None) -> dict[str, Any]:
    """Return the attributes `seed` and `seed2` of a random op.

    Args:
        op_seed: The op's own, or None.
    """
    seed, seed2 = get_seed(op_seed)
    return {"seed": seed or 0, "seed2": seed2 or 0}


def _outermost() -> Graph:
    """The graph that holds the bodies of control flow too, which share its seeds in TensorFlow 1."""
    graph = get_default_graph()
    while graph.outer is not None and not graph.isolated:
        graph = graph.outer
    return graph


def _next_op_seed() -> int:
    graph = _outermost()
    seed = _handed_out.get(graph, 0)
    _handed_out[graph] = seed + 1
    return seed


@export("random.set_random_seed", "set_random_seed")
def set_random_seed(seed: int | None) -> None:
    """Set the graph-level seed of the default graph, or that of what is computed at once.

    Args:
        seed: The seed; None takes it away.
    """
    if executing_eagerly():
        _Eager.seed = seed
        _Eager.op_seeds = random.Random(seed)
        forget_streams()
    else:
        get_default_graph().seed = seed
