"""Arguments of a call of Keras's that are partly values of a v1 graph."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras

from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType
from onevar.core.operation import IndexedSlices, Tensor
from onevar.core.stand_ins import is_foreign
from onevar.core.tensor_shape import Dimension, TensorShape
from onevar.keras import internals
from onevar.v1.variables import Variable


def is_graph_value(value: Any) -> bool:
    """Say whether a value exists in a v1 graph, and only when a Session runs.

    Args:
        value: Anything.
    """
    return isinstance(value, Tensor | IndexedSlices) or (
        isinstance(value, Variable) and getattr(value, "_in_graph_mode", True)
    )


def has_graph_values(structure: Any) -> bool:
    """Say whether there is a value of a v1 graph in a structure.

    Args:
        structure: Nested lists, tuples and dicts.
    """
    if isinstance(structure, list | tuple):
        return any(map(has_graph_values, structure))
    if isinstance(structure, Mapping):
        return any(map(has_graph_values, structure.values()))
    return is_graph_value(structure)


class Arguments:
    """A structure of arguments: tensors of the graph, and what stays as it is.

    Args:
        structure: Nested lists, tuples and dicts.

    Attributes:
        inputs: The tensors, each once.
        masks: For each of them its mask, a tensor, or None.
    """

    def __init__(self, structure: Any):
        self.structure = structure
        self.leaves = [_plain(leaf) for leaf in keras.tree.flatten(structure)]
        self.inputs: list[Tensor] = []
        self.masks: list[Tensor | None] = []
        self.places: dict[int, int] = {}
        numbers: dict[Tensor, int] = {}
        for at, leaf in enumerate(self.leaves):
            tensor = _tensor(leaf)
            if tensor is not None:
                if tensor not in numbers:
                    numbers[tensor] = len(self.inputs)
                    self.inputs.append(tensor)
                    self.masks.append(getattr(leaf, "_keras_mask", None))
                self.places[at] = numbers[tensor]

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors that are needed: the inputs, then the masks that there are."""
        return [*self.inputs, *(mask for mask in self.masks if mask is not None)]

    def stand_ins(self) -> list[Any]:
        """Return a `KerasTensor` for each of `tensors`.

        Raises:
            ValueError: The rank of one is not known.
        """
        return [stand_in(tensor) for tensor in self.tensors]

    def filled(self, values: Sequence[Any]) -> Any:
        """Return the structure with values, or stand-ins, in place of the tensors.

        Args:
            values: One for each of `tensors`.
        """
        own = list(values[: len(self.inputs)])
        rest = iter(values[len(self.inputs) :])
        for at, mask in enumerate(self.masks):
            if mask is not None:
                internals.set_keras_mask(own[at], next(rest))
        leaves = [own[self.places[at]] if at in self.places else leaf for at, leaf in enumerate(self.leaves)]
        return keras.tree.pack_sequence_as(self.structure, leaves)


def _tensor(leaf: Any) -> Tensor | None:
    """Return the tensor that an argument stands for, or None."""
    if isinstance(leaf, Tensor):
        return leaf
    return convert_to_tensor(leaf) if is_graph_value(leaf) or is_foreign(leaf) else None


def _plain(leaf: Any) -> Any:
    """Return what Keras knows in place of TensorFlow's classes."""
    if isinstance(leaf, Dimension):
        return leaf.value
    if isinstance(leaf, TensorShape):
        return leaf.tuple
    return leaf.base_dtype.name if isinstance(leaf, DType) else leaf


def stand_in(tensor: Tensor) -> Any:
    """Return a `KerasTensor` of the shape and dtype of a tensor.

    Args:
        tensor: Of a graph.

    Raises:
        ValueError: Its rank is not known.
    """
    shape = tensor.spec.shape
    if shape is None:
        raise ValueError(
            f"{tensor}: Keras has to know how many axes a tensor has. Call {tensor.op.name}.set_shape([None, ...]), or "
            "give the placeholder a shape."
        )
    return keras.KerasTensor(shape, dtype=tensor.dtype.base_dtype.name)


def outlines(stand_ins: Iterable[Any]) -> list[tuple[tuple[int | None, ...], str]]:
    """Return shape and dtype of each `KerasTensor`.

    Args:
        stand_ins: What comes out.
    """
    return [(tuple(x.shape), keras.backend.standardize_dtype(x.dtype)) for x in stand_ins]
