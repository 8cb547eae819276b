"""What makes Keras's layers and functions work on tensors of v1 graphs: installed once both are imported.

Keras asks of each call whether an argument is symbolic, and works with specifications if so. Tensors of a graph are
symbolic too from then on; what would note the call down for a Functional model makes an operation of the graph. While
Keras itself computes, v1 code that it calls (an activation, a `Lambda`, a loss) computes at once.
"""

import operator
import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import keras

from onevar.core import registry
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.eager import TRACED_DRAWS
from onevar.core.stand_ins import register
from onevar.errors import Unsupported
from onevar.keras import graph_metrics, internals, naming, rehearsing
from onevar.keras.current import BACKENDS, keras_adapter, symbolic
from onevar.keras.graph_arguments import has_graph_values, is_graph_value
from onevar.keras.graph_layers import call_layer, losses_of, updates_of
from onevar.keras.graph_operations import call_loss, call_operation
from onevar.keras.graph_state import known_state, root_graph, view_of
from onevar.keras.graph_tensors import tensor_of
from onevar.keras.native_mode import Native
from onevar.keras.view_faces import EagerView
from onevar.keras.views import LinkedVariable, eager_view
from onevar.v1.array_ops_shape import shape as graph_shape
from onevar.v1.export import exported

_done: list[bool] = []
#: Methods of models in which Keras calls everything: layers, losses, metrics, callbacks.
_WORKING = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lt", "le", "gt", "ge")


def install() -> None:
    """Make Keras's layers and functions work on tensors of v1 graphs; once, however often it is called."""
    if _done or keras.backend.backend() not in BACKENDS:
        return
    _done.append(True)
    registry.prefer(keras.backend.backend())
    register(keras.Variable, _variable)
    register((LinkedVariable, EagerView), _view)
    register(keras.KerasTensor, _tensor)
    if keras.backend.backend() != "numpy":
        register(keras_adapter().tensor_type, _native)
    _everywhere("any_symbolic_tensors", internals.any_symbolic_tensors, _any_symbolic)
    _everywhere("shape", internals.shape_of, _shape)
    keras.Layer.__call__ = _layer_call(keras.Layer.__call__)
    keras.Layer.losses = property(_losses(keras.Layer.losses.fget))
    keras.Layer.updates = _Updates()
    keras.Loss.__call__ = _loss_call(keras.Loss.__call__)
    keras.Operation.symbolic_call = _symbolic_call(keras.Operation.symbolic_call)
    for name in _WORKING:
        setattr(keras.Model, name, _natively(getattr(keras.Model, name)))
    for name in _OPERATORS:
        _operator(keras.Variable, f"__{name}__", getattr(operator, name))
    for kind in (keras.Variable, LinkedVariable):
        # To a tensor of a graph `==` is identity; to these it is not.
        _operator(kind, "__eq__", lambda x, y: exported("equal")(x, y))
        _operator(kind, "__ne__", lambda x, y: exported("not_equal")(x, y))
    keras.Variable.assign = _assign(keras.Variable.assign)
    TRACED_DRAWS.append(_check_traced_draws)
    graph_metrics.install()
    if keras.backend.backend() == "jax":
        _everywhere("compute_output_spec", internals.compute_output_spec, rehearsing.with_sizes)
    naming.install(_everywhere)


def _everywhere(name: str, original: Callable[..., Any], make: Callable[[Any], Callable[..., Any]]) -> None:
    """Replace a function of Keras's in all of its modules that have it."""
    replaced = make(original)
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").partition(".")[0] == "keras" and vars(module).get(name) is original:
            setattr(module, name, replaced)


# -- what stands for Keras's objects ----------------------------------------------------------------


def _variable(variable: Any) -> Any:
    if executing_eagerly():
        return eager_view(variable)
    graph = root_graph()
    return view_of(variable) if graph.adopt is None else graph.adopt(variable)


def _view(view: Any) -> Any:
    """Return what stands for the `keras.Variable` of a view: the view computes at once, and would be a constant."""
    return view if executing_eagerly() else _variable(view._cell.keeper)


def _tensor(symbolic: Any) -> Any:
    return symbolic if executing_eagerly() or root_graph().keras_call is not None else tensor_of(symbolic)


def _native(tensor: Any) -> Any:
    """Refuse a tensor where it would become a constant of a graph without anybody's having said so.

    Raises:
        TypeError: It is of Keras's backend, and Keras's layers are in the graph.
    """
    if executing_eagerly() or root_graph().adopt is not None or known_state() is None:
        return tensor
    raise TypeError(
        f"A tensor of {keras.backend.backend()} with shape {tuple(tensor.shape)} cannot go into a v1 graph that has "
        "Keras layers in it: it would be a constant there, also where it was computed from a Keras variable that is to "
        "be trained. Compute with the variable itself inside of v1 functions (tf.nn.l2_loss(layer.kernel)), or, if a "
        "constant is meant, give keras.ops.convert_to_numpy(tensor)."
    )


# -- calls ------------------------------------------------------------------------------------------


def _in_graph(args: tuple, kwargs: dict[str, Any]) -> bool:
    return not executing_eagerly() and has_graph_values((args, kwargs))


def _called(function: Any, args: tuple, kwargs: dict[str, Any], ours: Callable[[], Any]) -> Any:
    """Call a function of Keras's on tensors of the default graph, as that graph wants it."""
    graph = root_graph()
    return ours() if graph.keras_call is None else graph.keras_call(function, args, kwargs)


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
        sizes = x.shape.as_list()
        found: Any = graph_shape(x) if None in sizes else None
        return tuple(found[at] if size is None else size for at, size in enumerate(sizes))

    return shape


def _layer_call(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        if executing_eagerly():
            return original(self, *args, **kwargs)
        if has_graph_values((args, kwargs)):
            return _called(self, args, kwargs, lambda: call_layer(self, original, args, kwargs))
        with Native():
            return original(self, *args, **kwargs)

    return __call__


def _symbolic_call(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if executing_eagerly() or not has_graph_values((args, kwargs, list(vars(self).values()))):
            return original(self, *args, **kwargs)
        return _called(self, args, kwargs, lambda: call_operation(self, args, kwargs))

    return symbolic_call


def _loss_call(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        if not _in_graph(args, kwargs):
            return original(self, *args, **kwargs)
        return _called(self, args, kwargs, lambda: call_loss(self, original, args, kwargs))

    return __call__


def _check_traced_draws() -> None:
    """Refuse random numbers of v1 that a compiler would take for constants; where only shapes are asked for, let be.

    Raises:
        Unsupported: They would be the same in each step.
    """
    if not symbolic():
        raise Unsupported(
            "A random function of v1 inside a Keras layer that is being compiled would give the same numbers in each "
            "step. Draw with keras.random.normal(..., seed=self.seed_generator), where self.seed_generator = "
            "keras.random.SeedGenerator() is an attribute of a layer; or decorate the layer's call with "
            "onevar.keras.track_v1_variables, inside of which v1's are drawn anew."
        )


def _natively(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def working(self: Any, *args: Any, **kwargs: Any) -> Any:
        with Native():
            return original(self, *args, **kwargs)

    return working


# -- what layers and variables have -----------------------------------------------------------------


def _is_in_graph(layer: Any) -> bool:
    """Say whether a layer, or one inside of it, is part of the default graph."""
    state = None if executing_eagerly() else known_state()
    if state is None or root_graph().keras_call is not None:
        return False
    return id(layer) in state.layers or any(id(variable) in state.viewed for variable in layer.variables)


def _losses(original: Callable[[Any], list]) -> Callable[[Any], list]:
    @wraps(original)
    def losses(self: Any) -> list:
        return losses_of(self) if _is_in_graph(self) else original(self)

    return losses


class _Updates:
    """`layer.updates`: in a graph, the operations that a training step has to run; a layer may have its own."""

    def __get__(self, layer: Any, owner: Any = None) -> Any:
        if layer is None:
            return self
        if not _is_in_graph(layer):
            raise AttributeError(f"{type(layer).__name__!r} object has no attribute 'updates'")
        return updates_of(layer)


def _operator(kind: type, name: str, function: Callable[[Any, Any], Any]) -> None:
    """Let a `keras.Variable`, or a view of one, stand left of a tensor of a graph."""
    original = getattr(kind, name)

    @wraps(original)
    def operate(self: Any, other: Any) -> Any:
        if is_graph_value(other):
            return function(convert_to_tensor(self), other)
        return original(self, other)

    setattr(kind, name, operate)


def _assign(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def assign(self: Any, value: Any) -> Any:
        if executing_eagerly() or not is_graph_value(value):
            return original(self, value)
        call = root_graph().keras_call
        if call is None:
            raise TypeError(
                f"keras.Variable {self.path!r}: assign writes at once, and {value!r} has a value only when a Session "
                "runs. Make an operation that assigns it, and run that: tf.assign(variable, value)."
            )
        return call(partial(original, self), (value,), {})

    return assign
