"""What the tests run over: dtypes, operators, and values. Data only."""

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from onevar.adapters.contract import CAPABILITIES
from onevar.conformance.marks import needs
from onevar.dtypes import COMPLEX, DTYPES, FLOAT8, FLOATS, INTS, numpy_dtype

#: dtype -> the capabilities without which an adapter cannot have it.
NEEDS: dict[str, tuple[str, ...]] = {
    "float16": ("float16",),
    "bfloat16": ("bfloat16",),
    "float8_e4m3fn": ("float8",),
    "float8_e5m2": ("float8",),
    "complex64": ("complex",),
    "complex128": ("complex", "64bit"),
    "int64": ("64bit",),
    "float64": ("64bit",),
    "uint16": ("unsigned",),
    "uint32": ("unsigned",),
    "uint64": ("unsigned", "64bit"),
}
NEEDS = {dtype: tuple(c for c in needed if c in CAPABILITIES) for dtype, needed in NEEDS.items()}
#: Dtypes that compute: float8 only stores.
COMPUTING = tuple(d for d in DTYPES if d not in FLOAT8)
REAL = tuple(d for d in COMPUTING if d not in COMPLEX)

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
}
COMPARISONS = {name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}
LOGICAL = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}
UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg,
    "pos": operator.pos,
    "abs": abs,
    "invert": operator.invert,
    "round": round,
}
OPERATORS = {**BINARY, "matmul": operator.matmul, **COMPARISONS, **LOGICAL}
SHAPES = ((), (0,), (3,), (2, 3), (2, 0, 3), (2, 1, 3, 2))


def over(dtypes: Iterable[str] = DTYPES) -> Any:
    """Parametrize a test over `dtype`, each with what it needs of the adapter."""
    return pytest.mark.parametrize("dtype", [pytest.param(d, marks=_marks(d)) for d in dtypes])


def case(*values: Any, dtype: str) -> Any:
    """Return a case of `parametrize` that is about `dtype`, with what that needs of the adapter."""
    return pytest.param(*values, marks=_marks(dtype))


def _marks(*dtypes: str) -> list[pytest.MarkDecorator]:
    capabilities = dict.fromkeys(c for d in dtypes for c in NEEDS.get(d, ()))
    return [needs(*capabilities)] if capabilities else []


def can_hold(adapter: Any, *dtypes: str) -> bool:
    """Whether the adapter says that it has all of these dtypes."""
    return not any(c in adapter.lacks for d in dtypes for c in NEEDS.get(d, ()))


def sample(dtype: str, shape: tuple[int, ...] = (2, 3), *, seed: int = 0) -> np.ndarray:
    """Return values that `dtype` holds exactly: small, of both signs where it has two, never zero.

    Args:
        dtype: A name of `onevar.dtypes.DTYPES`.
        shape: Of the array.
        seed: Another one gives other values.

    Returns:
        An array of `dtype`.
    """
    rng = np.random.default_rng(seed)
    whole = rng.integers(1, 8, size=shape)
    if dtype == "bool":
        return np.asarray(whole % 2, dtype=bool)
    if dtype in INTS:
        signed = -1 if dtype.startswith("int") else 1
        return np.asarray(np.where(whole % 3 == 0, signed * whole, whole)).astype(dtype)
    halves = np.asarray(np.where(whole % 3 == 0, -whole, whole)) / 2
    if dtype in COMPLEX:
        return np.asarray(halves + 1j * rng.integers(1, 5, size=shape)).astype(dtype)
    return np.asarray(halves).astype(numpy_dtype(dtype))


def is_float(dtype: str) -> bool:
    """Whether `dtype` is a real floating type that computes."""
    return dtype in FLOATS
