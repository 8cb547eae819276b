"""Saving and loading what tracked methods made: variables by their v1 names, also before the layer's first call."""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from onevar.keras.tracked_state import LayerState, layer_attributes, state_of

#: What the entries of v1 variables begin with; `/` would be a group in the file.
PREFIX = "v1:"
SEPARATOR = "|"
#: The entry that names the layers made by `get_or_create_layer`.
LAYERS = "v1 layers"
#: The key of a build configuration that says what `call` was called with first.
CALLED_WITH = "v1_called_with"
_TAUGHT = "_onevar_taught"


def teach(kind: type) -> None:
    """Let layers of a class save and load what their tracked methods make.

    Args:
        kind: The class that has such a method; what is no layer's class is left as it is.
    """
    if not issubclass(kind, keras.Layer) or getattr(kind, _TAUGHT, False):
        return
    setattr(kind, _TAUGHT, True)
    for name, method in _METHODS.items():
        if hasattr(kind, name):
            setattr(kind, name, _around(kind, name, method))


def _around(kind: type, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that does `method(layer, original, ...)`."""
    own = vars(kind).get(name)
    pattern = own or getattr(kind, name)

    @functools.wraps(pattern)
    def taught(self: Any, *args: Any, **kwargs: Any) -> Any:
        original = functools.partial(own, self) if own is not None else getattr(super(kind, self), name)
        return method(self, original, *args, **kwargs)

    return taught


# -- variables ----------------------------------------------------------------------------------------


def _save(layer: Any, original: Callable[[Any], None], store: Any) -> None:
    state = state_of(layer)
    with _hidden(layer, state):
        original(store)
    for name, variable in state.variables.items():
        store[_key(name)] = variable
    for name, array in state.pending.items():
        store[_key(name)] = array
    names = sorted({*state.layers, *state.lazy, *state.pending_layers})
    if names:
        store[LAYERS] = np.frombuffer(json.dumps(names).encode(), np.uint8)


def _load(layer: Any, original: Callable[[Any], None], store: Any) -> None:
    state = state_of(layer)
    keys = list(store.keys())
    given = {_name(key): np.asarray(store[key]) for key in keys if key.startswith(PREFIX)}
    others = {key: store[key] for key in keys if not key.startswith(PREFIX) and key != LAYERS}
    with _hidden(layer, state):
        if others or layer._trainable_variables or layer._non_trainable_variables:
            original(others)
    if LAYERS in keys:
        _await_layers(layer, state, json.loads(np.asarray(store[LAYERS]).tobytes().decode()))
    if not state.variables:
        state.pending, state.loaded = given, bool(given)
        return
    _check(layer, state, given)
    for name, array in given.items():
        state.variables[name].assign(array)


def _load_weights(model: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Load weights into a model that has not been called too: what its call makes takes them then."""
    if model.built:
        return original(*args, **kwargs)
    model.built = True  # Keras asks
    try:
        return original(*args, **kwargs)
    finally:
        model.built = False


def _check(layer: Any, state: LayerState, given: dict[str, np.ndarray]) -> None:
    missing, unknown = sorted(state.variables.keys() - given.keys()), sorted(given.keys() - state.variables.keys())
    if missing or unknown:
        raise ValueError(
            f"Layer {layer.name!r}: the file does not go with its v1 variables. It has nothing for {missing}, and the "
            f"layer has no {unknown}."
        )
    for name, array in given.items():
        shape = tuple(state.variables[name].shape)
        if tuple(array.shape) != shape:
            raise ValueError(
                f"Layer {layer.name!r}: variable {name} is of shape {shape}, and in the file of shape {array.shape}."
            )


def _await_layers(layer: Any, state: LayerState, names: list[str]) -> None:
    missing = sorted(set(names) - {*state.layers, *state.lazy, *layer_attributes(layer)})
    if missing:
        raise ValueError(
            f"Layer {layer.name!r} has not been called yet, and makes the layers {missing} in its first call: the file "
            "has weights for them that nothing would take. Call it once on data, then load the weights."
        )


def _key(name: str) -> str:
    return PREFIX + name.replace("/", SEPARATOR)


def _name(key: str) -> str:
    return key[len(PREFIX) :].replace(SEPARATOR, "/")


@contextmanager
def _hidden(layer: Any, state: LayerState) -> Iterator[None]:
    """Leave the v1 variables out of the layer's own lists inside the block: Keras counts those by number."""
    attributes, ours = vars(layer), {id(variable) for variable in state.variables.values()}
    lists = {name: attributes[name] for name in ("_trainable_variables", "_non_trainable_variables")}
    attributes.update({name: [v for v in found if id(v) not in ours] for name, found in lists.items()})
    try:
        yield
    finally:
        attributes.update(lists)


# -- building ---------------------------------------------------------------------------------------


def called_with(args: tuple, kwargs: dict[str, Any]) -> Any:
    """Return what a layer was called with as what JSON can hold, or None if it cannot.

    Args:
        args: Of `call`; tensors are there with their shapes and dtypes.
        kwargs: The same.
    """

    def described(value: Any) -> Any:
        if keras.ops.is_tensor(value):
            shape = [size if isinstance(size, int) else None for size in value.shape]
            return {"tensor": [[None, *shape[1:]] if shape else [], keras.backend.standardize_dtype(value.dtype)]}
        if isinstance(value, dict):
            return {"dict": {key: described(item) for key, item in value.items()}}
        if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
            return {type(value).__name__: [described(item) for item in value]}
        if value is None or isinstance(value, bool | int | float | str):
            return {"value": value}
        raise TypeError

    try:
        found = [described(args), described(kwargs)]
        json.dumps(found)
    except TypeError:
        return None
    return found


def _symbols(described: dict[str, Any]) -> Any:
    ((kind, value),) = described.items()
    if kind == "tensor":
        return keras.KerasTensor(value[0], value[1])
    if kind == "dict":
        return {key: _symbols(item) for key, item in value.items()}
    if kind == "value":
        return value
    return (tuple if kind == "tuple" else list)(map(_symbols, value))


def _build_config(layer: Any, original: Callable[[], Any]) -> Any:
    config, called = original(), state_of(layer).called_with
    return config if called is None else {**(config or {}), CALLED_WITH: called}


def _build_from(layer: Any, original: Callable[[Any], None], config: Any) -> None:
    config = dict(config or {})
    called = config.pop(CALLED_WITH, None)
    if called is None:
        original(config)
        return
    if not layer.built and not getattr(layer.build, "_is_default", False):
        original(config)
    if not state_of(layer).complete:
        args, kwargs = (_symbols(part) for part in called)
        keras.Operation.compute_output_spec(layer, *args, **kwargs)
    layer.built = True


_METHODS: dict[str, Callable[..., Any]] = {
    "save_own_variables": _save,
    "load_own_variables": _load,
    "get_build_config": _build_config,
    "build_from_config": _build_from,
    "load_weights": _load_weights,
}
