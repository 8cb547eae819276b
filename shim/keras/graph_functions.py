"""Functions of Keras's on tensors of a v1 graph: one operation for each call, with gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.operation import Tensor
from onevar.keras import internals
from onevar.keras.graph_arguments import Arguments
from onevar.keras.graph_calls import Recording, Rehearsal, Results, variable_stand_in
from onevar.keras.graph_state import view_of
from onevar.keras.native_mode import Native


def read(variable: Any) -> Tensor:
    """Return a tensor of what a `keras.Variable` has when a Session runs.

    Args:
        variable: The variable.
    """
    return view_of(variable).value()


def call_function(
    function: Callable[..., Any], args: tuple, kwargs: dict[str, Any], name: str,
    spec: Callable[..., Any] | None = None,
) -> Any:  # fmt: skip
    """Call a function of Keras's on tensors of the default graph.

    Args:
        function: Called with tensors of Keras's backend, when a Session runs.
        args: Its arguments.
        kwargs: Its keyword arguments.
        name: Of the operation.
        spec: Returns stand-ins for what the function returns, where no rehearsal is needed for that.

    Returns:
        What it returns, with tensors of the graph.

    Raises:
        ValueError: It writes to variables, and nothing would run these writes.
    """
    arguments = Arguments((args, kwargs))
    if spec is None:
        return _recorded(function, arguments, name, writes=False)[0]
    args, kwargs = arguments.filled(arguments.stand_ins())
    with Native(), np.errstate(all="ignore"):
        expected = Results(spec(*args, **kwargs))
    expected.masks = [None for _ in expected.tensors]
    recording = Recording(function, arguments, Arguments({}), [])
    return expected.filled(recording.recorded(expected.everything(), [], [], name))


def call_updating(
    function: Callable[..., Any], args: tuple, kwargs: dict[str, Any], name: str
) -> tuple[list[Any], list[Any]]:
    """Call a function that writes to variables on tensors of the default graph.

    Args:
        function: As for `call_function`, as are the others.
        args: Its arguments.
        kwargs: Its keyword arguments.
        name: Of the operation.

    Returns:
        The variables, and the operations that write to them.
    """
    _, values, updated = _recorded(function, Arguments((args, kwargs)), name, writes=True)
    writes = [view_of(v).assign(value, read_value=False) for v, value in zip(updated, values, strict=True)]
    return updated, writes


def _recorded(
    function: Callable[..., Any], arguments: Arguments, name: str, writes: bool
) -> tuple[Any, list[Any], list[Any]]:
    """Return what a function returns, the new values of what it writes to, and these variables."""
    rehearsal = Rehearsal(function, arguments)
    written = list(rehearsal.scope.written.values())
    drawn = [v for v in written if v.name == internals.SEED_STATE]
    updated = [v for v in written if v.name != internals.SEED_STATE]
    if updated and not writes:
        raise ValueError(
            f"{name} on tensors of a graph writes to {', '.join(v.path for v in updated)}: only layers, models and "
            "metrics do that there. Put it into a keras.Layer."
        )
    seen = set(map(id, drawn))
    variables = [v for v in {**rehearsal.scope.read, **rehearsal.scope.written}.values() if id(v) not in seen]
    results = rehearsal.results
    recording = Recording(function, arguments, Arguments({}), variables, updated, [False] * len(updated), drawn)
    stand_ins = [*results.everything(), *map(variable_stand_in, updated)]
    values = recording.recorded(stand_ins, [read(v) for v in variables], [view_of(v).handle for v in drawn], name)
    count = len(results.everything())
    return results.filled(values[:count]), values[count:], updated
