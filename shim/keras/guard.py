"""What TensorFlow 1 code in a Keras layer would do in silence is an error: variables that nothing tracks.

Installed when both Keras and `onevar.v1` are imported, whether anybody asked for `onevar.keras` or not.
"""

import sys
from functools import partial, wraps
from typing import Any

import keras

from onevar.core import nest
from onevar.core.default_graph import get_default_graph
from onevar.core.graph import Graph
from onevar.core.op_errors import OpError
from onevar.core.operation import Tensor
from onevar.errors import Unsupported
from onevar.keras import phases
from onevar.v1.variables import CREATION_CHECKS, Variable

_done: list[bool] = []


class UntrackedVariable(Unsupported, RuntimeError):
    """A v1 variable in a Keras layer that would neither be trained nor saved."""


def install() -> None:
    """Check from now on; once, however often it is called."""
    if _done:
        return
    _done.append(True)
    phases.install()
    # Keras makes an exception anew, with what the layer was called with. It does not know how ours are made, and they
    # would lose class and message; of those that have this it thinks that it was there already.
    OpError._keras_call_info_injected = True  # type: ignore[attr-defined]
    CREATION_CHECKS.append(check_creation)
    keras.Layer.add_loss = _adding(keras.Layer.add_loss)
    tracker = sys.modules["keras.src.utils.tracking"].Tracker
    tracker.track = _tracking(tracker.track)


def check_creation(name: Any) -> None:
    """Raise UntrackedVariable if a v1 variable is about to be made in a Keras layer's method that is not tracked.

    Args:
        name: Of the variable, as far as it is known.
    """
    layer = running_layer()
    if layer is None or _in_tracked_graph():
        return
    kind = type(layer).__name__
    raise UntrackedVariable(
        f"v1 variable {name!r} is made while Keras layer {layer.name!r} ({kind}) is built or called: Keras would not "
        f"track it, fit would not train it, and save would leave it out. Decorate the method of {kind} that makes it "
        "with @onevar.keras.track_v1_variables; its v1 variables are the layer's then."
    )


def running_layer() -> Any:
    """Return the innermost Keras layer that is being built or called in this thread, or None."""
    state = sys.modules["keras.src.backend.common.global_state"]
    for scope in reversed(state.get_global_attribute("name_scope_stack") or ()):
        if isinstance(scope.caller, keras.Layer):
            return scope.caller
    return None


def _in_tracked_graph() -> bool:
    return _root().keras_call is not None


def _root() -> Graph:
    graph = get_default_graph()
    while graph.outer is not None:
        graph = graph.outer
    return graph


def _adding(original: Any) -> Any:
    @wraps(original)
    def add_loss(self: Any, loss: Any) -> Any:
        graph: Any = _root()
        if graph.keras_call is None:
            return original(self, loss)
        graph.added.extend(leaf for leaf in nest.flatten(loss) if isinstance(leaf, Tensor))
        return graph.keras_call(partial(original, self), (loss,), {})

    return add_loss


def _tracking(original: Any) -> Any:
    @wraps(original)
    def track(self: Any, attr: Any) -> Any:
        if isinstance(attr, Variable) and not isinstance(attr, keras.Variable):
            original(self, _tracked(attr))
            return attr
        return original(self, attr)

    return track


def _tracked(variable: Variable) -> Any:
    """Return the `keras.Variable` that shares a v1 Variable's state, for a layer whose attribute it becomes."""
    if getattr(variable, "_keeper", None) is not None:
        return variable.as_keras()  # it is tracked already
    try:
        return variable.as_keras()
    except Exception as error:
        raise UntrackedVariable(
            f"{variable!r} becomes an attribute of a Keras layer, which could not track it: {error}"
        ) from error
