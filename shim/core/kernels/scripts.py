"""Operations that call Python: `PyFunc`; and `PrintV2`, which speaks."""

import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from onevar.core import op_errors
from onevar.core.dtype import as_dtype
from onevar.core.kernel import kernel
from onevar.core.op_errors import OpError
from onevar.core.script import script_of

_ERRORS = (
    ((ValueError, TypeError), op_errors.InvalidArgumentError),
    ((StopIteration,), op_errors.OutOfRangeError),
    ((MemoryError,), op_errors.ResourceExhaustedError),
    ((NotImplementedError,), op_errors.UnimplementedError),
)


def _nothing_known(*_: Any, Tout: list[str]) -> list[Any]:  # noqa: N803 (the attribute's name)
    return [None for _ in Tout]


def _no_outputs(*_: Any) -> list[Any]:
    return []


def _failed(error: Exception) -> OpError:
    """A Python error as TensorFlow reports it: its class by the exception's, the traceback in the message."""
    if isinstance(error, OpError):
        return error
    cls = next((cls for kinds, cls in _ERRORS if isinstance(error, kinds)), op_errors.UnknownError)
    lines = "".join(traceback.format_exception(error))
    return cls(None, None, f"{type(error).__name__}: {error}\n{lines}")


@kernel("PyFunc", "PyFuncStateless", on_host=True, infer=_nothing_known)
def py_func(k: Any, input: list[np.ndarray], *, token: str, Tout: list[str]) -> list[np.ndarray]:  # noqa: N803
    """Call a Python function with arrays."""
    script = script_of(token)
    if script is None:
        raise op_errors.InvalidArgumentError(None, None, f"{token} is not a function of this process.")
    try:
        # A scalar is NumPy's, or bytes, as TensorFlow hands it over.
        result = script.function(*(x[()] if x.ndim == 0 else x for x in input))
    except Exception as error:
        raise _failed(error) from error
    results = list(result) if isinstance(result, list | tuple) else [result]
    if not Tout:
        return []
    if len(results) != len(Tout):
        raise op_errors.InvalidArgumentError(
            None, None, f"{token} returns {len(results)} values, but expects to see {len(Tout)} values."
        )
    return [_as_output(value, dtype, token, i) for i, (value, dtype) in enumerate(zip(results, Tout, strict=True))]


def _as_output(value: Any, dtype: str, token: str, index: int) -> np.ndarray:
    array = np.asarray(value)
    if dtype == "string":
        return _as_strings(array)
    # Python's numbers have no width; arrays must have the one that was promised.
    if not isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value, dtype=_numpy(dtype)) if array.dtype.kind in "biufc" else array
    if array.dtype != _numpy(dtype):
        raise op_errors.InvalidArgumentError(
            None, None,
            f"{index}-th value returned by {token} is {array.dtype.name}, but expects {dtype}",
        )  # fmt: skip
    return array


def _numpy(dtype: str) -> np.dtype:
    return np.dtype(as_dtype(dtype).as_numpy_dtype)


def _as_strings(array: np.ndarray) -> np.ndarray:
    out = np.empty(array.shape, object)
    flat = out.reshape(-1)
    for i, item in enumerate(array.reshape(-1).tolist()):
        flat[i] = item.encode() if isinstance(item, str) else bytes(item)
    return out


@kernel("PrintV2", on_host=True, infer=_no_outputs)
def print_v2(k: Any, input: np.ndarray, *, output_stream: str, end: str) -> tuple:
    """Write a string to a stream or a file."""
    text = input.item().decode("utf-8", "replace") + end
    if output_stream.startswith("file://"):
        with Path(output_stream.removeprefix("file://")).open("a") as file:
            file.write(text)
    elif output_stream == "stdout":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        sys.stderr.write(text)
    return ()
