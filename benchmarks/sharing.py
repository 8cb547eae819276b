"""`onevar.share` against the raw DLPack call, for each pair of frameworks and three sizes.

The raw call is what a user would write: `torch.from_dlpack(x)`, `jax.dlpack.from_dlpack(x)`,
`tf.experimental.dlpack.from_dlpack(x.__dlpack__())`, `numpy.from_dlpack(x)`. Where it raises, or
silently copies, there is nothing to compare with, and the result says so.
"""

import json
import os
import sys
from collections.abc import Callable
from itertools import permutations
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from timing import compete

import onevar
from onevar import dlpack

SIZES = {"1 KB": 1 << 10, "1 MB": 1 << 20, "1 GB": 1 << 30}


def measure(backends: list[str], sizes: list[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return `{"torch -> jax": {"1 KB": {"raw": s, "onevar": s, "copies": bool}}}`, seconds per call."""
    out: dict[str, dict[str, dict[str, Any]]] = {f"{a} -> {b}": {} for a, b in permutations(backends, 2)}
    for size in sizes:
        array = dlpack.aligned_empty((SIZES[size] // 4,), np.float32)
        array.fill(1.0)
        for source, target in permutations(backends, 2):
            # One memory for all: whatever is measured here, it is no copying.
            x = onevar.share(array, source)
            out[f"{source} -> {target}"][size] = _pair(x, target)
        del array, x
    return out


def _pair(x: Any, target: str) -> dict[str, Any]:
    raw = RAW[target]()
    try:
        there = raw(x)
    except Exception as error:  # noqa: BLE001 - whatever the framework says is the result
        (ours,) = compete([lambda: onevar.share(x, target)])
        return {"onevar": ours, "raw": None, "note": f"raw call raises {type(error).__name__}"}
    copies = _address(there) != _address(x)
    del there
    raw_seconds, ours = compete([lambda: raw(x), lambda: onevar.share(x, target)], rounds=30 if copies else 100)
    return {"onevar": ours, "raw": raw_seconds, "note": "raw call copies" if copies else ""}


def _address(x: Any) -> int:
    return onevar.share(x, "numpy").__array_interface__["data"][0]


def _raw_torch() -> Callable[[Any], Any]:
    import torch

    return torch.from_dlpack


def _raw_jax() -> Callable[[Any], Any]:
    import jax

    return jax.dlpack.from_dlpack


def _raw_tensorflow() -> Callable[[Any], Any]:
    import tensorflow as tf

    return lambda x: tf.experimental.dlpack.from_dlpack(x.__dlpack__())


RAW = {"numpy": lambda: np.from_dlpack, "torch": _raw_torch, "jax": _raw_jax, "tensorflow": _raw_tensorflow}

if __name__ == "__main__":
    json.dump(measure(sys.argv[1].split(","), sys.argv[2].split(",")), sys.stdout)
