"""Operations that call a function of a framework's own tensors: it is differentiated and compiled with the rest.

TensorFlow has no such op type. `OnevarCall` depends on its inputs alone; `OnevarStatefulCall` also reads and writes
variables while it runs, such as the state of a random generator, whether anybody asks for that or not.
"""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.op_defs import define
from onevar.core.operation import Operation, Tensor
from onevar.core.script import Script

_TYPES = "Tin: list(type) >= 0, Thost: list(type) >= 0, Tout: list(type) >= 0"
define(f"OnevarCall(input: *Tin, host: *Thost) -> (output: *Tout) {{token: string, {_TYPES}}} stateful")
define(
    "OnevarStatefulCall(state: N*resource, input: *Tin, host: *Thost) -> (output: *Tout) "
    f"{{token: string, N: int >= 1, {_TYPES}}} stateful"
)

#: `(shape, dtype)` of a result: a tuple with None where a size is not known, or None; a dtype's name.
Outline = tuple[tuple[int | None, ...] | None, str]


class NativeFunction(Script):
    """A function that an operation calls with tensors of one framework.

    Args:
        function: Called as `function(inputs, host, state)` with lists: tensors of the framework, NumPy arrays, and
            `StateRef`s; returns a list of tensors.
        backend: The framework's name.
        outlines: Of the results.
        doing: What it does, for messages.
    """

    __slots__ = ("backend", "doing", "outlines")

    def __init__(
        self, function: Callable[[list, list, list], list], backend: str, outlines: Sequence[Outline], doing: str
    ):
        super().__init__(function)
        self.backend, self.outlines, self.doing = backend, list(outlines), doing


def native_call(
    function: NativeFunction, inputs: Sequence[Any], host: Sequence[Any] = (), state: Sequence[Any] = (),
    name: str | None = None,
) -> list[Tensor]:  # fmt: skip
    """Make an operation that calls a function.

    Args:
        function: What it calls.
        inputs: Tensors that the function gets as the framework's.
        host: Tensors that it gets as arrays: a compiled run is compiled anew for each of their values.
        state: Handles of resource variables.
        name: Of the operation.

    Returns:
        The results.
    """
    arguments: dict[str, Any] = {"input": list(inputs), "host": list(host), "token": function.token}
    kind = "OnevarCall"
    if state:
        kind, arguments["state"] = "OnevarStatefulCall", list(state)
    made = op(kind, name=name, Tout=[dtype for _, dtype in function.outlines], **arguments)
    outputs = [made] if isinstance(made, Tensor) else [] if isinstance(made, Operation) else list(made)
    operation = made if isinstance(made, Operation) else outputs[0].op
    operation.kept = function
    return outputs
