"""What the graph beside a checkpoint, its `.meta` file, knows and the checkpoint does not.

The order in which variables were made, and the constant that LSTM cells add to their forget gate.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from onevar.errors import FrameworkMissing
from onevar.migrate.convert.source import Source

_VARIABLES = ("VariableV2", "Variable", "VarHandleOp")
_ADDS = ("Add", "AddV2", "BiasAdd")
_SPLITS = ("Split", "SplitV")
#: Which of the four parts of a cell's product is the forget gate.
_FORGET = "2"
_BLOCKS = ("LSTMBlockCell", "BlockLSTM")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a graph says.

    Attributes:
        order: Names of variables, in the order in which they were made.
        forget_biases: The constants that are added to forget gates.
    """

    order: tuple[str, ...] = ()
    forget_biases: frozenset[float] = frozenset()


def facts_of(prefix: str) -> Facts:
    """Return what the graph beside a checkpoint says; nothing if there is none, or if it cannot be read here.

    Args:
        prefix: Of the checkpoint.
    """
    path = f"{prefix}.meta"
    if not os.path.isfile(path):
        return Facts()
    try:
        from google.protobuf.message import DecodeError

        from onevar.core.graph_def import protos

        meta = protos().MetaGraphDef()
    except (FrameworkMissing, ModuleNotFoundError):
        return Facts()
    try:
        with open(path, "rb") as file:
            meta.ParseFromString(file.read())
    except (DecodeError, OSError):
        return Facts()  # it is only there to help
    nodes = list(meta.graph_def.node)
    order = tuple(node.name for node in nodes if node.op in _VARIABLES)
    return Facts(order, frozenset(_forget_biases(nodes)))


def use(source: Source, facts: Facts) -> None:
    """Put a source's tensors into the order in which they were made.

    Args:
        source: A checkpoint.
        facts: What its graph says.
    """
    source.forget_biases = facts.forget_biases
    place = {name: number for number, name in enumerate(facts.order)}
    if place and all(name in place for name in source.specs):
        source.specs = dict(sorted(source.specs.items(), key=lambda item: place[item[0]]))
        source.ordered = True


def _forget_biases(nodes: list[Any]) -> Iterator[float]:
    known = {node.name: node for node in nodes}
    for node in nodes:
        if node.op in _BLOCKS:
            yield float(node.attr["forget_bias"].f)
        elif node.op in _ADDS and len(node.input) > 1:
            yield from _added(node, known)


def _added(node: Any, known: dict[str, Any]) -> Iterator[float]:
    """Yield the constant that is added to the third part of something split in four."""
    from onevar.core.graph_def_tensors import array_of_proto

    for one, other in ((0, 1), (1, 0)):
        name, _, output = node.input[one].partition(":")
        split, constant = known.get(name), known.get(node.input[other].partition(":")[0])
        if output != _FORGET or split is None or split.op not in _SPLITS or split.attr["num_split"].i != 4:
            continue
        if constant is not None and constant.op == "Const":
            value = array_of_proto(constant.attr["value"].tensor)
            if value.size == 1:
                yield float(value)
