"""Python inside a graph: `tf.py_func`, `tf.numpy_function`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import Operation, Tensor
from onevar.core.script import Script
from onevar.v1.export import export


@export("py_func")
def py_func(func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None) -> Any:  # noqa: N803
    """Return what a Python function makes of arrays, when the graph runs; see `tf.compat.v1.py_func`.

    Args:
        func: Called with an array for each of `inp`; returns an array, or a list of them.
        inp: Tensors.
        Tout: The dtype of the result, or a list of dtypes.
        stateful: Whether two calls with the same arrays may give different results.
        name: Of the operation.
    """
    if not callable(func):
        raise ValueError(f"Expected func to be callable. Received func={func} of type {type(func)}.")
    if executing_eagerly():
        return _at_once(func, inp)
    several = isinstance(Tout, list | tuple)
    script = Script(func)
    kind = "PyFunc" if stateful else "PyFuncStateless"
    result = op(kind, input=list(inp), token=script.token, Tout=list(Tout) if several else [Tout], name=name)
    _operation(result).kept = script
    return result if several or not isinstance(result, list) else result[0]


def _operation(result: Any) -> Operation:
    first = result[0] if isinstance(result, list) else result
    return first.op if isinstance(first, Tensor) else first


def _at_once(func: Callable[..., Any], inp: Any) -> Any:
    result = func(*[np.array(x) for x in inp])
    results = list(result) if isinstance(result, list | tuple) else [result]
    results = [None if x is None else convert_to_tensor(x) for x in results]
    return results[0] if len(results) == 1 else results


@export("numpy_function")
def numpy_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, stateful: bool = True,  # noqa: N803
    name: str | None = None,
) -> Any:  # fmt: skip
    """As `py_func`; without `inp`, a decorator; see `tf.numpy_function`."""
    if inp is None:

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            def called(*args: Any) -> Any:
                return py_func(function, args, Tout, stateful, name)

            return called

        return decorate if func is None else decorate(func)
    return py_func(func, inp, Tout, stateful, name)  # type: ignore[arg-type]


@export("py_function")
def py_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,  # noqa: N803
    name: str | None = None,
) -> Any:
    """Not there: it would call `func` with TensorFlow's eager tensors.

    Raises:
        NotImplementedError: Always; `tf.py_func` and `tf.numpy_function` call it with arrays.
    """
    raise NotImplementedError("tf.py_function is not supported; tf.py_func and tf.numpy_function work with arrays.")
