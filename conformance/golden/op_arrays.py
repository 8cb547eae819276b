"""Calls of op types as data, and the arrays that they are called with.

A module `golden/<thing>_cases.py` enters its calls with `case`; they are found by themselves, named `Type-<thing>-N`,
and recorded in `golden/<thing>.npz`. Those of op_cases.py and sparse_cases.py are in `golden/ops.npz`.
"""

import sys
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np


@dataclass
class Case:
    type: str
    inputs: list[Any]
    attrs: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    #: The stem of the file that it is recorded in.
    thing: str = "ops"


CASES: list[Case] = []


def case(type: str, /, *inputs: Any, **attrs: Any) -> None:
    thing = sys._getframe(1).f_globals["__name__"].rpartition(".")[2].removesuffix("_cases")
    thing = "ops" if thing in ("op", "sparse") else thing
    number = sum(c.type == type and c.thing == thing for c in CASES)
    arrays = [[_array(y) for y in x] if isinstance(x, list) else _array(x) for x in inputs]
    name = f"{type}-{number}" if thing == "ops" else f"{type}-{thing}-{number}"
    CASES.append(Case(type, arrays, attrs, name, thing))


def _array(x: Any) -> np.ndarray:
    if isinstance(x, np.ndarray):
        return x
    if isinstance(x, bytes):
        return np.array(x, object)
    return np.array(x, np.bool_ if isinstance(x, bool) else np.int32 if isinstance(x, int) else np.float32)


def f(*shape: int, dtype: Any = np.float32, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Numbers that look random and are the same everywhere."""
    n = int(np.prod(shape))
    base = np.modf(np.abs(np.sin(np.arange(1, n + 1) * 12.9898 + len(shape) + n * 0.37) * 43758.5453))[0]
    values = low + (high - low) * base
    if np.issubdtype(dtype, np.complexfloating):
        values = values + 1j * (low + (high - low) * base[::-1])
    return values.reshape(shape).astype(dtype)


def n(*shape: int, dtype: Any = np.int32, low: int = -5, high: int = 6) -> np.ndarray:
    """Integers from low up to high - 1."""
    return np.asarray(np.floor(f(*shape, dtype=np.float64, low=low, high=high)), dtype)


def v(*items: Any, dtype: Any = np.int32) -> np.ndarray:
    return np.array(items, dtype)


def s(*items: bytes) -> np.ndarray:
    return np.array(items, object)


F64, F16, BF16, C64, I64, U8, I8, B = (
    np.float64, np.float16, ml_dtypes.bfloat16, np.complex64, np.int64, np.uint8, np.int8, np.bool_
)  # fmt: skip
