"""What Keras is doing now: its backend, as an adapter, and the scopes that change what its variables read and write."""

import sys
from functools import cache
from typing import Any

import keras

from onevar.adapters.contract import Adapter
from onevar.core.registry import adapter
from onevar.errors import Unsupported

#: Keras's backends that have an adapter.
BACKENDS = ("tensorflow", "torch", "jax", "numpy")


@cache
def keras_adapter() -> Adapter:
    """Return the adapter of the framework that Keras computes with.

    Raises:
        Unsupported: Keras runs on a backend that onevar has no adapter for.
    """
    name = keras.backend.backend()
    if name not in BACKENDS:
        raise Unsupported(
            f"Keras runs on {name!r}, which onevar does not serve. Set KERAS_BACKEND to one of {', '.join(BACKENDS)} "
            "before keras is imported."
        )
    return adapter(name)


def stateless_scope() -> Any:
    """Return the `keras.StatelessScope` that is open in this thread, or None."""
    return _scopes().get_stateless_scope()


def scoped() -> bool:
    """Whether a scope of Keras's is open in which its variables do not simply have their values."""
    return _scopes().get_stateless_scope() is not None or _autocast() is not None


@cache
def _scopes() -> Any:
    # Keras exports the scope, and not the function that says which one is open.
    return sys.modules["keras.src.backend.common.stateless_scope"]


def _autocast() -> Any:
    return sys.modules["keras.src.backend.common.variables"].get_autocast_scope()


def symbolic() -> bool:
    """Whether Keras only asks for shapes and dtypes: what is computed now is thrown away."""
    return sys.modules["keras.src.backend.common.symbolic_scope"].in_symbolic_scope()


def call_context() -> Any:
    """Return what Keras knows of the outermost call of a layer that runs in this thread, or None."""
    return sys.modules["keras.src.backend.common.global_state"].get_global_attribute("current_call_ctx")


def autocast(layer: Any) -> Any:
    """Return a scope in which variables read as a layer's calls see them.

    Args:
        layer: A Keras layer.
    """
    variables = sys.modules["keras.src.backend.common.variables"]
    dtype = layer.compute_dtype
    if not layer.autocast or not keras.backend.is_float_dtype(dtype):
        return variables.AutocastScope(None)
    return variables.AutocastScope(dtype if dtype != layer.variable_dtype else None)
