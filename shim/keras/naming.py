"""Names and seeds that Keras makes up: in each v1 graph as if it were the first, so that a program finds them again.

TensorFlow 1 counted `dense`, `dense_1` anew in every graph, and its checkpoints go by such names. What is random there
follows from `tf.set_random_seed`.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from weakref import WeakKeyDictionary

from onevar.core.graph import Graph
from onevar.keras import internals
from onevar.keras.graph_state import root_graph

_counts: WeakKeyDictionary[Graph, dict[str, int]] = WeakKeyDictionary()
_seeds: WeakKeyDictionary[Graph, int] = WeakKeyDictionary()
#: How far two of the seeds made up from one graph's are apart, and below what they stay.
_STRIDE, _END = 982_451_653, 1_000_000_000


def install(everywhere: Callable[..., None]) -> None:
    """Have Keras count per graph.

    Args:
        everywhere: Replaces a function of Keras's in all of its modules.
    """
    everywhere("uniquify", internals.uniquify, _uniquify)
    everywhere("make_default_seed", internals.make_default_seed, _make_default_seed)


def _uniquify(original: Callable[[str], str]) -> Callable[[str], str]:
    @wraps(original)
    def uniquify(name: str) -> str:
        graph = root_graph()
        if graph.keras_call is None:
            _count_for(graph)
        return original(name)

    return uniquify


def _count_for(graph: Graph) -> None:
    """Have Keras go on with the counts of a graph."""
    now = internals.global_attribute(internals.NAMES)
    if now is None or not _counts:  # Keras was told to begin anew, or had begun before
        _counts.clear()
        _counts[graph] = defaultdict(int) if now is None else now
    own = _counts.get(graph)
    if own is None:
        own = _counts[graph] = defaultdict(int)
    if own is not now:
        internals.set_global_attribute(internals.NAMES, own)


def _make_default_seed(original: Callable[[], int]) -> Callable[[], int]:
    @wraps(original)
    def make_default_seed() -> int:
        graph = root_graph()
        if graph.seed is None:
            return original()
        _seeds[graph] = _seeds.get(graph, 0) + 1
        return (graph.seed * 31 + _seeds[graph] * _STRIDE) % _END + 1

    return make_default_seed


def forget_names() -> None:
    """Count anew in every graph."""
    _counts.clear()
    internals.set_global_attribute(internals.NAMES, None)
