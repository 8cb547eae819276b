"""Operations that are there for what they do: waiting, assertions, printing."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.checks import CURRENT
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.summary import summarize_tensor

_HOST = (np.ndarray, np.generic)


@kernel("NoOp", "ControlTrigger")
def no_op(k: Any) -> tuple:
    """Do nothing."""
    return ()


@kernel("Assert", on_host=True)
def assert_(k: Any, condition: np.ndarray, data: Sequence[np.ndarray], *, summarize: int) -> tuple:
    """Raise InvalidArgumentError where the condition is false."""
    if not bool(np.all(condition)):
        parts = " ".join(f"[{summarize_tensor(item, summarize)}]" for item in data)
        raise InvalidArgumentError(None, None, f"assertion failed: {parts}")
    return ()


@kernel("Print", infer=lambda input, data, *, message, first_n, summarize: input.shape)
def print_(k: Any, input: Any, data: Sequence[Any], *, message: str, first_n: int, summarize: int) -> Any:
    """Return the input, through which gradients flow; write the message and the data to the standard error."""
    operation = CURRENT.operation

    def write(*arrays: np.ndarray) -> tuple:
        done = operation.kept or 0
        if first_n < 0 or done < first_n:
            operation.kept = done + 1
            parts = "".join(f"[{summarize_tensor(np.asarray(item), summarize)}]" for item in arrays)
            sys.stderr.write(f"{message}{parts}\n")
        return ()

    _with_contents(write, data)
    return input


def _with_contents(function: Callable, data: Sequence[Any]) -> None:
    """Call a function of the host with tensors' contents, now or whenever the computation runs."""
    adapter = CURRENT.adapter[-1]
    native = [x for x in data if not isinstance(x, _HOST)]
    if all(adapter.is_concrete(x) for x in native):
        function(*(x if isinstance(x, _HOST) else adapter.to_numpy(x) for x in data))
        return

    def merged(*arrays: np.ndarray) -> tuple:
        given = iter(arrays)
        return function(*(x if isinstance(x, _HOST) else next(given) for x in data))

    adapter.callback(merged, [], [adapter.stop_gradient(x) for x in native], stateful=True)
