"""The variables of a Keras model and of its optimizer while it trains: read, and set, wherever the values are.

On JAX a training step gets them as lists and returns new ones; elsewhere they are in the variables.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from onevar.keras.recording_layers import array_of


class State:
    """The values of a model's variables in one step.

    Args:
        model: The model.
        lists: What JAX's step got or returned: trainable, non-trainable, the optimizer's and the metrics' values.
    """

    def __init__(self, model: Any, lists: Any = None):
        self.model = model
        self.lists = None if lists is None else [list(part) for part in lists]

    def pairs(self) -> list[tuple[Any, Any]]:
        """Return `(variable, value)` for the model's variables."""
        if self.lists is None:
            return [(variable, variable.value) for variable in self.model.variables]
        own = [*self.model.trainable_variables, *self.model.non_trainable_variables]
        return list(zip(own, [*self.lists[0], *self.lists[1]], strict=True))

    def set(self, variable: Any, value: np.ndarray) -> None:
        """Give a variable a value."""
        if self.lists is None:
            variable.assign(keras.ops.cast(keras.ops.convert_to_tensor(value), variable.dtype))
            return
        for own, part in ((self.model.trainable_variables, 0), (self.model.non_trainable_variables, 1)):
            for index, one in enumerate(own):
                if one is variable:
                    self.lists[part][index] = keras.ops.cast(keras.ops.convert_to_tensor(value), variable.dtype)

    def slots(self) -> dict[str, tuple[str, str, np.ndarray]]:
        """Return the optimizer's variables by path: what they belong to, which slot they are, their value."""
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None or not getattr(optimizer, "built", False):
            return {}
        values = [v.value for v in optimizer.variables] if self.lists is None else self.lists[2]
        by_id = {id(v): value for v, value in zip(optimizer.variables, values, strict=True)}
        found = {}
        for slot, variables in vars(optimizer).items():
            if not isinstance(variables, list) or len(variables) != len(optimizer._trainable_variables):
                continue
            for variable, owner in zip(variables, optimizer._trainable_variables, strict=True):
                value = array_of(by_id.get(id(variable)))
                if value is not None and variable is not owner:
                    found[str(variable.path)] = (name_of(owner), slot.strip("_"), value)
        return found

    def learning_rate(self) -> float | None:
        """Return the learning rate that the next step takes."""
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None:
            return None
        with self.optimizing():
            return float(np.asarray(array_of(optimizer.learning_rate)))

    def optimizing(self) -> AbstractContextManager[Any]:
        """Let the optimizer's variables have these values in the `with` block."""
        optimizer = getattr(self.model, "optimizer", None)
        if self.lists is None or optimizer is None or not getattr(optimizer, "built", False):
            return nullcontext()
        return keras.StatelessScope(list(zip(optimizer.variables, self.lists[2], strict=True)))

    def mapping(self) -> list[tuple[Any, Any]]:
        """Return what a `StatelessScope` is given, so that the model computes with these values."""
        return [(variable, value) for variable, value in self.pairs() if value is not None]


def is_seed(variable: Any) -> bool:
    """Say whether a variable is a random generator's."""
    return "seed_generator" in str(variable.path)


def name_of(variable: Any) -> str:
    """Return the name by which a variable is known: TensorFlow 1's where it has one, else Keras's path."""
    given = getattr(variable, "v1_name", None)
    return str(given).split(":")[0] if given else str(variable.path)


def optimizer_settings(model: Any, state: State) -> dict[str, Any] | None:
    """Return an optimizer's kind and numbers."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    numbers = {}
    with state.optimizing():
        config = optimizer.get_config()
    for key, value in config.items():
        if isinstance(value, bool | int | float):
            numbers[key] = float(value)
    rate = state.learning_rate()
    if rate is not None:
        numbers["learning_rate"] = rate
    names = [name_of(variable) for variable in model.trainable_variables]
    return {"kind": type(optimizer).__name__, "settings": numbers, "variables": names}


def owners_of(model: Any) -> dict[int, str]:
    """Return the class of the layer that has made each variable, by the variable's id."""
    found: dict[int, str] = {}
    for layer in model._flatten_layers():
        for variable in [*layer._trainable_variables, *layer._non_trainable_variables]:
            found[id(variable)] = type(layer).__name__
    return found
