"""What makes Keras's layers and functions work on tensors of v1 graphs: installed once both are imported.

Keras asks of each call whether an argument is symbolic, and works with specifications if so. Tensors of a graph are
symbolic too from then on; what would note the call down for a Functional model makes an operation of the graph.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import keras

from onevar.core import registry
from onevar.core.context import executing_eagerly
from onevar.core.stand_ins import register
from onevar.keras import internals
from onevar.keras.current import BACKENDS
from onevar.keras.graph_arguments import has_graph_values, is_graph_value
from onevar.keras.graph_layers import call_layer
from onevar.keras.graph_operations import call_loss, call_operation
from onevar.keras.graph_state import view_of
from onevar.keras.graph_tensors import tensor_of
from onevar.keras.native_mode import Native
from onevar.keras.views import eager_view

_done: list[bool] = []


def install() -> None:
    """Make Keras's layers and functions work on tensors of v1 graphs; once, however often it is called."""
    if _done or keras.backend.backend() not in BACKENDS:
        return
    _done.append(True)
    registry.prefer(keras.backend.backend())
    register(keras.Variable, _variable)
    register(keras.KerasTensor, _tensor)
    _everywhere("any_symbolic_tensors", internals.any_symbolic_tensors, _any_symbolic)
    _everywhere("shape", internals.shape_of, _shape)
    keras.Layer.__call__ = _layer_call(keras.Layer.__call__)
    keras.Loss.__call__ = _loss_call(keras.Loss.__call__)
    keras.Operation.symbolic_call = _symbolic_call(keras.Operation.symbolic_call)


def _variable(variable: Any) -> Any:
    return eager_view(variable) if executing_eagerly() else view_of(variable)


def _tensor(symbolic: Any) -> Any:
    return symbolic if executing_eagerly() else tensor_of(symbolic)


def _everywhere(name: str, original: Callable[..., Any], make: Callable[[Any], Callable[..., Any]]) -> None:
    """Replace a function of Keras's in all of its modules that have it."""
    replaced = make(original)
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").partition(".")[0] == "keras" and vars(module).get(name) is original:
            setattr(module, name, replaced)


def _any_symbolic(original: Callable[..., bool]) -> Callable[..., bool]:
    @wraps(original)
    def any_symbolic_tensors(args: Any = None, kwargs: Any = None) -> bool:
        return original(args, kwargs) or (not executing_eagerly() and has_graph_values((args, kwargs)))

    return any_symbolic_tensors


def _shape(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def shape(x: Any) -> Any:
        if not is_graph_value(x):
            return original(x)
        from onevar.v1.array_ops_shape import shape as graph_shape  # a chapter of v1's

        sizes = x.shape.as_list()
        found = graph_shape(x) if None in sizes else None
        return tuple(found[at] if size is None else size for at, size in enumerate(sizes))

    return shape


def _layer_call(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        if executing_eagerly():
            return original(self, *args, **kwargs)
        if has_graph_values((args, kwargs)):
            return call_layer(self, original, args, kwargs)
        with Native():
            return original(self, *args, **kwargs)

    return __call__


def _symbolic_call(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if executing_eagerly() or not has_graph_values((args, kwargs)):
            return original(self, *args, **kwargs)
        return call_operation(self, args, kwargs)

    return symbolic_call


def _loss_call(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        if executing_eagerly() or not has_graph_values((args, kwargs)):
            return original(self, *args, **kwargs)
        return call_loss(self, original, args, kwargs)

    return __call__
