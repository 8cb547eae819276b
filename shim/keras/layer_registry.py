"""`get_or_create_layer`: Keras layers made inside of tracked methods, and found again in the later calls."""

from collections.abc import Callable
from typing import Any

import keras

from onevar.core.context import executing_eagerly
from onevar.keras.graph_state import graph_state
from onevar.keras.guard import running_layer
from onevar.keras.tracked_graph import Outside
from onevar.keras.tracked_state import CURRENT
from onevar.v1.scope_object import get_variable_scope


def get_or_create_layer(name: str, create_layer_method: Callable[[], Any]) -> Any:
    """Return a Keras layer or model of the layer whose tracked method runs: made in its first call, found later.

    The layer is tracked: its weights are trained and saved with those of the layer around it.

    Args:
        name: Below the current variable scope.
        create_layer_method: Called without arguments the first time; returns a `keras.Layer` or `keras.Model`.

    Returns:
        The same object in every call; in a graph of TensorFlow 1, where no Keras layer runs, in that graph.

    Raises:
        ValueError: No tracked method runs, but a Keras layer or eager execution; or a later call asks for a layer that
            the first ones did not make.
        TypeError: `create_layer_method` returned something else.
    """
    if not CURRENT.calls:
        if not executing_eagerly() and running_layer() is None:
            return _of_graph(get_variable_scope().full_name(name), create_layer_method)
        raise ValueError(
            "get_or_create_layer has to be called in a method of a Keras layer that is decorated with "
            "onevar.keras.track_v1_variables: nothing would keep the layer, train it and save it."
        )
    call = CURRENT.calls[-1]
    state, full_name = call.state, get_variable_scope().full_name(name)
    found = state.layers.get(full_name)
    if found is None:
        state.check_open(call.method, full_name)
        with Outside(call.graph):
            found = create_layer_method()
        if not isinstance(found, keras.Layer):
            raise TypeError(
                f"get_or_create_layer({name!r}, create_layer_method): the function has to return a keras.Layer or "
                f"keras.Model. Received: {found!r}."
            )
        attribute = f"v1_{full_name}".replace("/", "_")
        while hasattr(state.layer, attribute):
            attribute += "_"
        state.track(lambda layer: setattr(layer, attribute, found))
        state.layers[full_name] = found
    return found


def _of_graph(full_name: str, create_layer_method: Callable[[], Any]) -> Any:
    """Return a layer that a graph has, whose variables are the graph's; its name there finds it again."""
    made = graph_state().made
    if full_name not in made:
        made[full_name] = create_layer_method()
    return made[full_name]
