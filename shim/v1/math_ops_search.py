"""The largest elements: `tf.nn.top_k`, `tf.nn.in_top_k`."""

from collections import namedtuple
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.name_scope import name_scope
from onevar.v1.export import export

TopKV2 = namedtuple("TopKV2", ["values", "indices"])


@export("nn.top_k", "math.top_k")
def top_k(input: Any, k: Any = 1, sorted: bool = True, index_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """Return the largest elements of the last dimension, and where they are; see `tf.math.top_k`."""
    return TopKV2(*op("TopKV2", input=input, k=k, sorted=sorted, index_type=index_type, name=name))


@export("nn.in_top_k", "math.in_top_k")
def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Any:
    """Return whether each target is among the largest predictions; see `tf.compat.v1.math.in_top_k`."""
    with name_scope(name, "in_top_k"):
        return op("InTopKV2", predictions=predictions, targets=targets, k=k, name=name)
