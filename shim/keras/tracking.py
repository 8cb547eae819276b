"""`track_v1_variables`: TensorFlow 1 code in the methods of Keras 3 layers and models."""

from collections.abc import Callable
from functools import partial, update_wrapper, wraps
from typing import Any, Literal, TypeVar, overload

import keras

from onevar.core.context import executing_eagerly
from onevar.keras import internals
from onevar.keras.current import keras_adapter
from onevar.keras.graph_arguments import has_graph_values
from onevar.keras.graph_layers import call_layer
from onevar.keras.graph_state import root_graph
from onevar.keras.tracked_call import Call, Written
from onevar.keras.tracked_losses import COUNTED
from onevar.keras.tracked_saving import teach
from onevar.keras.tracked_state import CURRENT, TRACKED, state_of
from onevar.v1.export import load

_Method = TypeVar("_Method", bound=Callable[..., Any])


@overload
def track_v1_variables(method: _Method) -> _Method: ...


@overload
def track_v1_variables(*, losses: Literal["layer", "returned"]) -> Callable[[_Method], _Method]: ...


def track_v1_variables(method: Any = None, *, losses: str | None = None) -> Any:
    """Let a method of a Keras layer run TensorFlow 1 code, whose variables become the layer's.

    Inside the method `onevar.v1` (as `tf`) behaves as when TensorFlow 1 builds a graph: each call is one graph, that is
    run at once, on the tensors of Keras's backend. Variables (`tf.get_variable`, `tf.Variable`, `tf.layers`,
    `tf.contrib.layers`, cells) are made in the first call and found again, by their names, in the later ones; they
    are `keras.Variable`s of the layer, so that `fit` trains them, and `save` saves them.

    - Names and reuse are TensorFlow 1's: a second `get_variable` of one name in one call without `reuse` is a
      ValueError. A later call that makes other variables than the first is one too.
    - Regularizers and `tf.losses` join `layer.losses`. What the method also returns, by itself or in a sum, would be
      counted twice by a `fit` that takes the returned value for a loss: that is an error unless `losses` says which.
    - What is in `tf.GraphKeys.UPDATE_OPS` at the end, batch normalization's moving averages, runs with the call, if
      Keras trains or does not say whether it does. Other operations run if what the method returns depends on them.
    - Keras layers and functions take the tensors; `onevar.keras.get_or_create_layer` makes layers inside.

    Args:
        method: `call`, `build`, or any other method of a `keras.Layer` or `keras.Model`.
        losses: Of losses that the method returns as well: `"layer"`, they join `layer.losses` all the same;
            `"returned"`, they do not. None: there are none.

    Returns:
        The method that does this; without `method`, a decorator.

    Raises:
        TypeError: It is not a function. When called: the object is no Keras layer.
        ValueError: `losses` is something else. When called: see above.
    """
    if losses not in (None, *COUNTED):
        raise ValueError(f"track_v1_variables(losses=): one of {COUNTED}, or None. Received: {losses!r}.")
    if method is None:
        return partial(track_v1_variables, losses=losses)
    if not callable(method):
        raise TypeError(f"track_v1_variables decorates methods. Received: {method!r}.")
    return _Tracked(method, losses)


@keras_adapter().opaque
def _run(written: Written, layer: keras.Layer, args: tuple, kwargs: dict[str, Any]) -> Any:
    state = state_of(layer)
    if CURRENT.calls and CURRENT.calls[-1].state is state:
        return written.function(layer, *args, **kwargs)
    if not executing_eagerly() and has_graph_values((args, kwargs)):
        return _in_graph(written, layer, args, kwargs)
    # A method may call Keras before it names anything of `tf`, which is what loads it and has Keras take its tensors.
    load()
    teach(type(layer))
    return Call(state, written)(layer, args, kwargs)


def _in_graph(written: Written, layer: keras.Layer, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call a method that Keras does not on tensors of the default graph, which may be that of another layer's call."""

    def method(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        run = partial(_run, written, layer)
        if any(map(keras.backend.is_keras_tensor, keras.tree.flatten((args, kwargs)))):
            return internals.backend.compute_output_spec(lambda *args, **kwargs: run(args, kwargs), *args, **kwargs)
        return run(args, kwargs)

    around = root_graph().keras_call
    if around is not None:
        return around(method, (layer, *args), kwargs)
    return call_layer(layer, method, args, kwargs, written.function)


class _Tracked:
    """A tracked method until its class exists; then a plain function stands in its place.

    Args:
        method: As it was written.
        losses: Of `track_v1_variables`.
    """

    def __init__(self, method: Callable[..., Any], losses: str | None):
        written = Written(getattr(method, "__name__", "call"), method, losses)

        @wraps(method)
        def tracked(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _run(written, self, args, kwargs)

        setattr(tracked, TRACKED, True)
        self._plain: Any = tracked
        update_wrapper(self, tracked)

    def __set_name__(self, owner: type, name: str) -> None:
        setattr(owner, name, self._plain)
        teach(owner)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self._plain.__get__(instance, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method with its layer as the first argument.

        Args:
            *args: The layer, and the method's arguments.
            **kwargs: The method's.
        """
        return self._plain(*args, **kwargs)
