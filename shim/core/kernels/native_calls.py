"""`OnevarCall` and its stateful sister: a function of the framework's own tensors."""

from typing import Any

import numpy as np

import onevar.core.native_calls  # noqa: F401 (the signatures)
from onevar.core.checks import CURRENT
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.script import script_of
from onevar.errors import BackendMismatch, Unsupported


def _outlines(*_: Any, token: str) -> list[Any]:
    return [shape for shape, _ in _function(token).outlines]


def _function(token: str) -> Any:
    found = script_of(token)
    if found is None:
        raise InvalidArgumentError(
            None, None,
            f"{token} is not a function of this process: a graph with calls of a framework's own functions (Keras "
            "layers) can be run where it was built, not where it was loaded.",
        )  # fmt: skip
    return found


def _called(token: str, inputs: list, host: list[np.ndarray], state: list) -> list[Any]:
    function, adapter = _function(token), CURRENT.adapter[-1]
    if adapter.name != function.backend:
        text = (
            f"{function.doing} computes with {function.backend}, and this Session with {adapter.name}. Make the "
            f"Session with onevar.set_backend({function.backend!r}) (or ONEVAR_BACKEND={function.backend}), or start "
            f"the program with KERAS_BACKEND={adapter.name}."
        )
        # What is interpreted on the host once is tried again with the framework itself.
        raise Unsupported(text) if adapter.name == "numpy" else BackendMismatch(text)
    return function.function(inputs, host, state)


@kernel("OnevarCall", host=["host"], heavy=True, state=True, infer=_outlines)
def native_call(k: Any, input: list, host: list[np.ndarray], *, token: str) -> list[Any]:
    """Call a function of tensors."""
    return _called(token, input, host, [])


@kernel("OnevarStatefulCall", host=["host"], heavy=True, state=True, infer=_outlines)
def native_stateful_call(k: Any, state: list, input: list, host: list[np.ndarray], *, token: str) -> list[Any]:
    """Call a function of tensors and variables."""
    return _called(token, input, host, state)
