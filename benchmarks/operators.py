"""Each operator and `assign` on 3 x 3 float32: a Variable's against the framework's own and `keras.Variable`'s.

Keras chooses its backend when it is imported, so each backend is measured in a process of its own:
`python benchmarks/operators.py torch` prints one JSON object.
"""

import json
import operator
import os
import sys
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from timing import compete

BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "eq", "ne", "lt", "le", "gt", "ge")
UNARY = ("neg", "abs")
SHAPE = (3, 3)


def measure(backend: str) -> dict[str, Any]:
    """Return seconds per call: `{"operators": {name: {"native": s, "onevar": s, "keras": s}}, ...}`."""
    os.environ["KERAS_BACKEND"] = backend
    import onevar

    keras = _keras()
    array = np.linspace(0.5, 2.0, 9, dtype=np.float32).reshape(SHAPE)
    ours = onevar.Variable(array, backend=backend, device="cpu")
    native, tensor = ours.native, onevar.copy(ours, backend)
    theirs = None if keras is None else keras.Variable(array)
    operators = {}
    for name in BINARY:
        apply = getattr(operator, name)
        operators[name] = _three(lambda v, f=apply: f(v, tensor), native, ours, theirs)
        if name != "matmul":
            operators[f"{name}, number"] = _three(lambda v, f=apply: f(v, 2.0), native, ours, theirs)
    for name in UNARY:
        operators[name] = _three(getattr(operator, name), native, ours, theirs)
    return {"operators": operators, "assign": _assignments(backend, native, ours, theirs, tensor)}


def _keras() -> Any:
    try:
        import keras
    except ImportError:
        return None
    return keras


def _three(call: Callable[[Any], object], native: Any, ours: Any, theirs: Any) -> dict[str, float]:
    held = {"native": native, "onevar": ours} | ({} if theirs is None else {"keras": theirs})
    return dict(zip(held, compete([lambda v=v: call(v) for v in held.values()]), strict=True))


def _assignments(backend: str, native: Any, ours: Any, theirs: Any, tensor: Any) -> dict[str, dict[str, float]]:
    out = {}
    for name, own in NATIVE_WRITES[backend](native, tensor).items():
        calls = {"onevar": lambda n=name: getattr(ours, n)(tensor)}
        if own is not None:
            calls["native"] = own
        if theirs is not None:
            calls["keras"] = lambda n=name: getattr(theirs, n)(tensor)
        out[name] = dict(zip(calls, compete(list(calls.values())), strict=True))
    return out


def _torch(native: Any, tensor: Any) -> dict[str, Any]:
    import torch

    def under(write: Callable[[Any], object]) -> Callable[[], None]:
        def call() -> None:
            with torch.no_grad():
                write(tensor)

        return call

    return {"assign": under(native.copy_), "assign_add": under(native.add_)}


def _tensorflow(native: Any, tensor: Any) -> dict[str, Any]:
    return {"assign": lambda: native.assign(tensor), "assign_add": lambda: native.assign_add(tensor)}


def _numpy(native: Any, tensor: Any) -> dict[str, Any]:
    return {"assign": lambda: np.copyto(native, tensor), "assign_add": lambda: np.add(native, tensor, out=native)}


def _jax(native: Any, tensor: Any) -> dict[str, Any]:
    # A jax.Array cannot be written; what replaces it for `assign` is binding a name, which takes no time.
    return {"assign": None, "assign_add": lambda: native + tensor}


NATIVE_WRITES = {"torch": _torch, "tensorflow": _tensorflow, "numpy": _numpy, "jax": _jax}

if __name__ == "__main__":
    json.dump(measure(sys.argv[1]), sys.stdout)
