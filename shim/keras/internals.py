"""What is used of Keras that Keras does not export: all of it is named here."""

from importlib import import_module
from typing import Any

#: Functions of the backend that Keras has, those included that all backends share.
backend: Any = import_module("keras.src.backend")
_naming: Any = import_module("keras.src.utils.naming")
_state: Any = import_module("keras.src.backend.common.global_state")
_seeds: Any = import_module("keras.src.random.seed_generator")
_symbolic: Any = import_module("keras.src.backend.common.keras_tensor")
_ops: Any = import_module("keras.src.ops.core")

#: What rehearses a function; see `onevar.keras.rehearsing`.
compute_output_spec = backend.compute_output_spec
get_keras_mask = backend.get_keras_mask
set_keras_mask = backend.set_keras_mask

#: The name that every state of a `SeedGenerator` has.
SEED_STATE = "seed_generator_state"
#: Where Keras counts the names that it gave.
NAMES = "object_name_uids"

__all__ = [
    "NAMES",
    "SEED_STATE",
    "any_symbolic_tensors",
    "backend",
    "compute_output_spec",
    "get_keras_mask",
    "global_attribute",
    "layers_inside",
    "make_default_seed",
    "set_global_attribute",
    "set_keras_mask",
    "shape_of",
    "takes_training",
    "uniquify",
]

#: Functions that are called by many of Keras's modules, each of which has them under their own name.
any_symbolic_tensors = _symbolic.any_symbolic_tensors
make_default_seed = _seeds.make_default_seed
shape_of = _ops.shape
uniquify = _naming.uniquify


def global_attribute(name: str) -> Any:
    """Return what Keras keeps for the thread under a name, or None.

    Args:
        name: Keras's.
    """
    return _state.get_global_attribute(name)


def set_global_attribute(name: str, value: Any) -> None:
    """Have Keras keep something for the thread.

    Args:
        name: Keras's.
        value: What.
    """
    _state.set_global_attribute(name, value)


def layers_inside(layer: Any) -> list[Any]:
    """Return a layer and all layers that it holds, itself first.

    Args:
        layer: A layer or model.
    """
    return list(layer._flatten_layers())


def takes_training(layer: Any) -> bool:
    """Say whether the `call` of a layer has the parameter `training`.

    Args:
        layer: A layer or model.
    """
    return bool(layer._call_has_training_arg)
