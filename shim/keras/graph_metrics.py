"""Keras's metrics, constraints and regularizers in a v1 graph.

Updating a metric is an operation to run there, and its result a tensor.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import keras

from onevar.core.context import executing_eagerly
from onevar.core.default_graph import add_to_collection, control_dependencies
from onevar.core.name_scope import name_scope
from onevar.keras.graph_arguments import has_graph_values
from onevar.keras.graph_functions import call_function, call_updating
from onevar.keras.graph_state import graph_state, known_state, root_graph, view_of
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.grouping_ops import group


def install() -> None:
    """Make metrics, constraints and regularizers take tensors of graphs."""
    keras.Metric.__call__ = _called(keras.Metric.__call__)
    _wrap_all(keras.Metric, {"update_state": _updating, "result": _result})
    for base in (keras.constraints.Constraint, keras.regularizers.Regularizer):
        _wrap_all(base, {"__call__": _whole})


def _wrap_all(base: Any, methods: dict[str, Callable[..., Any]]) -> None:
    """Replace methods of a class and of all that derive from it, those included that are defined later."""

    def wrap(kind: Any) -> None:
        for name, make in methods.items():
            own = vars(kind).get(name)
            if callable(own):
                setattr(kind, name, make(own))

    todo = [base]
    while todo:
        kind = todo.pop()
        wrap(kind)
        todo.extend(kind.__subclasses__())

    def __init_subclass__(cls: Any, **kwargs: Any) -> None:  # noqa: N807
        super(base, cls).__init_subclass__(**kwargs)
        wrap(cls)

    base.__init_subclass__ = classmethod(__init_subclass__)


def _whole(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that is one operation where its arguments are of a graph."""

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if executing_eagerly() or not has_graph_values((args, kwargs)):
            return original(self, *args, **kwargs)
        graph = root_graph()
        if graph.keras_call is not None:
            return graph.keras_call(self, args, kwargs)
        return call_function(lambda *a, **k: original(self, *a, **k), args, kwargs, type(self).__name__)

    return call


def _called(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        if executing_eagerly() or not has_graph_values((args, kwargs)):
            return original(self, *args, **kwargs)
        with control_dependencies([self.update_state(*args, **kwargs)]):
            return self.result()

    return __call__


def _updating(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def update_state(self: Any, *args: Any, **kwargs: Any) -> Any:
        if executing_eagerly() or not has_graph_values((args, kwargs)):
            return original(self, *args, **kwargs)
        return _update(self, original, args, kwargs)

    return update_state


def _update(metric: Any, original: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """Return the operation that updates a metric."""

    def function(*args: Any, **kwargs: Any) -> list[Any]:
        original(metric, *args, **kwargs)
        return []

    with name_scope(metric.name):
        _views(metric)
        _, updates = call_updating(function, args, kwargs, "update_state")
        done = group(*updates, name="update_op")
    graph_state().metrics[id(metric)] = metric
    return done


def _views(metric: Any) -> None:
    """Put a metric's variables among the local ones; initializing these resets it, as TensorFlow 1's metrics."""
    known = graph_state()
    if id(metric) in known.metrics:
        return

    def reset() -> list[Any]:
        metric.reset_state()
        return []

    views = [view_of(variable, f"{metric.name}/", [GraphKeys.LOCAL_VARIABLES]) for variable in metric.variables]
    for view in views:
        add_to_collection(GraphKeys.METRIC_VARIABLES, view)
    written, updates = call_updating(reset, (), {}, "reset_state")
    by_id = {id(variable): update for variable, update in zip(written, updates, strict=True)}
    for variable, view in zip(metric.variables, views, strict=True):
        view._initializer_op = by_id.get(id(variable), view._initializer_op)


def _result(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def result(self: Any) -> Any:
        state = None if executing_eagerly() else known_state()
        if state is None or id(self) not in state.metrics:
            return original(self)
        with name_scope(self.name):
            return call_function(lambda: original(self), (), {}, "result")

    return result
