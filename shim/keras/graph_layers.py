"""Keras's layers and models on tensors of a v1 graph: one operation for each call, with gradients.

What TensorFlow 1's own layers do besides computing happens too: variables join the graph and its collections, new
moving averages wait in `UPDATE_OPS`, losses are in `REGULARIZATION_LOSSES`.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from onevar.core.default_graph import add_to_collection, control_dependencies, get_default_graph
from onevar.core.func_graph import FuncGraph
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.keras import internals
from onevar.keras.graph_arguments import Arguments, is_graph_value
from onevar.keras.graph_calls import Recording, Rehearsal, variable_stand_in
from onevar.keras.graph_functions import call_function, read
from onevar.keras.graph_state import Scope, graph_state, view_of
from onevar.keras.native_mode import Native
from onevar.v1.array_ops_shape import identity
from onevar.v1.graph_keys import GraphKeys


def call_layer(
    layer: Any, original: Callable[..., Any], args: tuple, kwargs: dict[str, Any], method: Any = None
) -> Any:
    """Call a layer or model on tensors of the default graph.

    Args:
        layer: The layer.
        original: `keras.Layer.__call__`, or another function of the layer and the arguments.
        args: The layer's arguments.
        kwargs: The layer's keyword arguments.
        method: What says how the arguments are called, where that is not the layer's `call`: its function.

    Returns:
        What the layer returns, with tensors of the graph.

    Raises:
        ValueError: The layer would make variables inside of a variable scope that reuses; or what the layer raises.
    """
    called = layer.call if method is None else partial(method, layer)
    args, kwargs = _by_name(called, args, dict(kwargs))
    scope = Scope(layer)
    with name_scope(layer.name):
        return _Call(layer, original, args, kwargs, scope, method is None or _takes_training(called)).outputs()


def _by_name(method: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Hand `training` over by its name."""
    names = list(inspect.signature(method).parameters)
    if _takes_training(method) and names.index("training") < len(args):
        at = names.index("training")
        kwargs["training"] = args[at]
        kwargs.update(zip(names[at + 1 :], args[at + 1 :], strict=False))
        args = args[:at]
    return args, kwargs


def _takes_training(method: Callable[..., Any]) -> bool:
    return "training" in inspect.signature(method).parameters


class _Call:
    """One call of a layer.

    Args:
        layer: The layer.
        original: What calls it.
        args: Arguments.
        kwargs: Keyword arguments.
        scope: Where it is called.
        told: Whether `original` can be told if the layer trains.
    """

    def __init__(
        self, layer: Any, original: Callable[..., Any], args: tuple, kwargs: dict[str, Any], scope: Scope, told: bool
    ):
        self.layer, self.original, self.scope = layer, original, scope
        training = kwargs.pop("training", None)
        if training is None and told and _depends_on_phase(layer):
            training = graph_state().learning_phase()
        #: The values that `training` may have in a run; None leaves it to the layer.
        self.phases: tuple[bool | None, ...] = (training,)
        host: dict[str, Any] = {}
        if is_graph_value(training):
            self.phases, host["training"] = (False, True), training
        elif training is not None:
            kwargs["training"] = training
        self.arguments, self.host = Arguments((args, kwargs)), Arguments(host)

    def function(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer on tensors of Keras's backend."""
        return self.original(self.layer, *args, **kwargs)

    def outputs(self) -> Any:
        """Make the operation; return what the layer returns."""
        known = self._built()
        self.scope.check(self.layer.variables)
        self.scope.views()
        rehearsals = [self._rehearsed(phase, known) for phase in self.phases]
        read = {k: v for rehearsal in rehearsals for k, v in rehearsal.scope.read.items()}
        written = {k: v for rehearsal in rehearsals for k, v in rehearsal.scope.written.items()}
        drawn = [v for v in written.values() if v.name == internals.SEED_STATE]
        updated = [v for v in written.values() if v.name != internals.SEED_STATE]
        seen = {id(v) for v in drawn}
        variables = [v for v in {**read, **written}.values() if id(v) not in seen]
        return self._recorded(rehearsals, variables, updated, drawn)

    def _built(self) -> Any:
        """Call the layer on stand-ins, which builds it and checks the arguments; return what comes out."""
        layer, nodes = self.layer, len(self.layer._inbound_nodes)
        args, kwargs = self.arguments.filled(self.arguments.stand_ins())
        if self.phases[0] is not None:
            kwargs["training"] = self.phases[0]
        try:
            with Native(), np.errstate(all="ignore"):
                return self.original(layer, *args, **kwargs)
        finally:
            del layer._inbound_nodes[nodes:]  # this was no part of a Functional model

    def _rehearsed(self, phase: bool | None, known: Any) -> Rehearsal:
        def function(*args: Any, **kwargs: Any) -> Any:
            return self.function(*args, **kwargs, **({} if self.host.leaves == [] else {"training": phase}))

        return Rehearsal(function, self.arguments, known)

    def _recorded(
        self, rehearsals: Sequence[Rehearsal], variables: list[Any], updated: list[Any], drawn: list[Any]
    ) -> Any:
        state, results = graph_state(), rehearsals[0].results
        moved = [id(v) in state.updated and _is_number(v) for v in updated]
        recording = Recording(self.function, self.arguments, self.host, variables, updated, moved, drawn)
        losses = max((rehearsal.losses for rehearsal in rehearsals), key=len)
        recording.losses = len(losses)
        stand_ins = [*results.everything(), *losses]
        stand_ins.extend(map(variable_stand_in, updated))
        values = recording.recorded(
            stand_ins, [read(v) for v in variables], [view_of(v).handle for v in drawn], type(self.layer).__name__
        )
        count, extra = len(results.everything()), len(losses)
        updates = dict(zip(map(id, updated), _updates(updated, moved, values[count + extra :]), strict=True))
        state.updated.update(updates)
        carried = {key for rehearsal in rehearsals for key in rehearsal.scope.carried}
        besides = updates.keys() - carried | {key for rehearsal in rehearsals for key in rehearsal.scope.waiting}
        waiting = [done for key, done in updates.items() if key in besides]
        values = _after([done for key, done in updates.items() if key in carried], waiting, values[: count + extra])
        state.keep(self.layer, waiting, values[count:])
        for loss in [*values[count:], *regularization(self.layer)]:
            add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
        return results.filled(values[:count])


def _depends_on_phase(layer: Any) -> bool:
    """Say whether anything in a layer asks whether it trains; containers only hand that on."""
    containers = (keras.Sequential, keras.src.models.Functional)
    return any(
        internals.takes_training(inner) and not isinstance(inner, containers)
        for inner in internals.layers_inside(layer)
    )


def _is_number(variable: Any) -> bool:
    return keras.backend.standardize_dtype(variable._dtype) != "bool"


def _updates(variables: Sequence[Any], moved: Sequence[bool], values: Sequence[Tensor]) -> list[Any]:
    """Return operations that write new values; a second call's go on from what the first one's wrote."""
    out = []
    for variable, move, value in zip(variables, moved, values, strict=True):
        view = view_of(variable)
        write = view.assign_add if move else view.assign
        done = write(value, name="AssignMovingAvg", read_value=False)
        out.append(done)
    return out


def _after(carried: list[Any], waiting: list[Any], values: Sequence[Tensor]) -> list[Tensor]:
    """Return the values, which run the updates that they carry; the others wait in `UPDATE_OPS`.

    Inside a branch or loop, where nobody else can, the values see to these too.
    """
    if isinstance(get_default_graph(), FuncGraph):
        carried = [*carried, *waiting]
    else:
        for done in waiting:
            add_to_collection(GraphKeys.UPDATE_OPS, done)
    if not carried:
        return list(values)
    with control_dependencies(carried):
        return [identity(value) for value in values]


def regularization(layer: Any) -> list[Tensor]:
    """Return the losses of a layer's regularizers that the graph does not have yet.

    Args:
        layer: The layer or model.
    """
    state, out = graph_state(), []
    for variable in layer.trainable_weights:
        if variable.regularizer is not None and id(variable) not in state.regularized:
            state.viewed.setdefault(id(variable), variable)
            with name_scope(f"{variable.name}/Regularizer"):
                loss = call_function(variable.regularizer, (view_of(variable),), {}, "Regularizer")
            state.regularized[id(variable)] = loss
            out.append(loss)
    return out


def losses_of(layer: Any) -> list[Tensor]:
    """Return a layer's losses in the default graph: of all its calls, and of its regularizers.

    Args:
        layer: The layer or model.
    """
    state, found = graph_state(), list[Tensor]()
    for inner in internals.layers_inside(layer):
        found.extend(state.losses.get(id(inner), ()))
    regularization(layer)
    found.extend(state.regularized[id(v)] for v in layer.trainable_weights if v.regularizer is not None)
    return found


def updates_of(layer: Any) -> list[Any]:
    """Return the operations in the default graph that update a layer's variables.

    Args:
        layer: The layer or model.
    """
    state = graph_state()
    return [update for inner in internals.layers_inside(layer) for update in state.updates.get(id(inner), ())]
