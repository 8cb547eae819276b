"""torch's functions under the names of `contract.KERNELS`.

torch stores uint16, uint32 and uint64 but has few kernels for them, none of which promote; they
compute in int64 and come back, which is exact: sums and products modulo 2**64 do not know signs, and
order and division of uint64 are put together from signed ones.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from onevar.adapters.widening import widened

#: torch's dtypes by onevar's names.
DTYPES: Mapping[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in (
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
        "bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128",
    )
}  # fmt: skip
NAMES: Mapping[torch.dtype, str] = {dtype: name for name, dtype in DTYPES.items()}

_UNSIGNED = {"uint16": "int64", "uint32": "int64"}
# Two's complement: sums, products and bits of uint64 are those of int64.
_WRAPPING = {**_UNSIGNED, "uint64": "int64"}


def astype(x: torch.Tensor, dtype: str) -> torch.Tensor:
    """Return `x` cast; `x` itself where nothing changes."""
    return x.to(DTYPES[dtype])


def _dtype_of(x: Any) -> str | None:
    return NAMES.get(x.dtype) if isinstance(x, torch.Tensor) else None


def _widened(kernel: Callable, through: Mapping[str, str], *, back: bool = True) -> Callable:
    return widened(kernel, through, _dtype_of, astype, back=back)


def _divide_uint64(n: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
    """Return `n // d` of unsigned 64-bit integers in signed arithmetic (Warren, Hacker's Delight, 9-3)."""
    n, d = n.view(torch.int64), d.view(torch.int64)
    # Half of n is a non-negative int64; its quotient, doubled, is at most one too small.
    quotient = (((n >> 1) & torch.iinfo(torch.int64).max) // torch.where(d > 0, d, 1)) << 1
    quotient = quotient + _unsigned_ge(n - quotient * d, d)
    # A divisor with the top bit set fits once or not at all.
    quotient = torch.where(d < 0, _unsigned_ge(n, d), quotient)
    if bool((d == 0).any()):
        raise ZeroDivisionError("floor_divide(uint64): a divisor is zero")
    return quotient.view(torch.uint64)


def _unsigned_ge(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return ((a ^ _LOW) >= (b ^ _LOW)).to(torch.int64)


_LOW = torch.iinfo(torch.int64).min


def _for_uint64(kernel: Callable, special: Callable) -> Callable:
    """Return `kernel`, and `special` for uint64."""

    def chosen(*operands: Any) -> torch.Tensor:
        if not any(isinstance(x, torch.Tensor) and x.dtype is torch.uint64 for x in operands):
            return kernel(*operands)
        return special(*torch.broadcast_tensors(*(torch.as_tensor(x, dtype=torch.uint64) for x in operands)))

    return chosen


def _remainder_uint64(n: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
    product = _divide_uint64(n.contiguous(), d.contiguous()).view(torch.int64) * d.view(torch.int64)
    return (n.view(torch.int64) - product).view(torch.uint64)


def _order(kernel: Callable) -> Callable:
    """Compare uint64 by flipping the top bit, which maps its order onto int64's."""
    narrow = _widened(kernel, _UNSIGNED, back=False)

    def compare(a: Any, b: Any) -> torch.Tensor:
        if not any(isinstance(x, torch.Tensor) and x.dtype is torch.uint64 for x in (a, b)):
            return narrow(a, b)
        flipped = [torch.as_tensor(x, dtype=torch.uint64).view(torch.int64) ^ _LOW for x in (a, b)]
        return kernel(*flipped)

    return compare


def _matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    if a.dtype is torch.bool:
        # A sum of products of truth values is true where any product is.
        return torch.matmul(a.float(), b.float()) != 0
    return torch.matmul(a, b)


def _round(x: torch.Tensor, decimals: int = 0) -> torch.Tensor:
    if x.dtype.is_floating_point:
        return torch.round(x, decimals=decimals)
    if decimals >= 0:
        return x.clone()
    return torch.round(x.double(), decimals=decimals).to(x.dtype)


def _reduction(function: Callable) -> Callable:
    def reduce(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
        axes = tuple(range(x.ndim)) if axis is None else axis
        return function(x, dim=axes, keepdim=keepdims) if axes != () else x

    return reduce


def _logical(function: Callable) -> Callable:
    return _widened(function, _WRAPPING, back=False)


_NON_NEGATIVE = frozenset({torch.bool, torch.uint16, torch.uint32, torch.uint64})
_COMPARE = {"less": torch.lt, "less_equal": torch.le, "greater": torch.gt, "greater_equal": torch.ge}

KERNELS: Mapping[str, Callable] = {
    "add": _widened(torch.add, _WRAPPING),
    "subtract": _widened(torch.subtract, _WRAPPING),
    "multiply": _widened(torch.multiply, _WRAPPING),
    "divide": torch.divide,
    "floor_divide": _for_uint64(_widened(torch.floor_divide, _UNSIGNED), _divide_uint64),
    "remainder": _for_uint64(_widened(torch.remainder, _UNSIGNED), _remainder_uint64),
    "pow": _widened(torch.pow, _WRAPPING),
    "matmul": _widened(_matmul, _WRAPPING),
    "equal": _logical(torch.eq),
    "not_equal": _logical(torch.ne),
    **{name: _order(function) for name, function in _COMPARE.items()},
    "logical_and": _logical(torch.logical_and),
    "logical_or": _logical(torch.logical_or),
    "logical_xor": _logical(torch.logical_xor),
    "negative": _widened(torch.negative, _WRAPPING),
    "abs": lambda x: x.clone() if x.dtype in _NON_NEGATIVE else torch.abs(x),
    "bitwise_invert": _widened(torch.bitwise_not, _WRAPPING),
    "logical_not": torch.logical_not,
    "round": _round,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "tanh": torch.tanh,
    "sin": torch.sin,
    "cos": torch.cos,
    "floor": torch.floor,
    "sum": _reduction(torch.sum),
    "mean": _reduction(torch.mean),
    "max": _reduction(torch.amax),
    "argmax": lambda x, axis=None: torch.argmax(x, dim=axis),
    "reshape": torch.reshape,
    "permute_dims": torch.permute,
    "where": torch.where,
    "take": lambda x, indices, axis=0: torch.index_select(x, axis, indices.reshape(-1)).reshape(
        (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    ),
}

#: The builtins themselves, for operands that need no care.
FLOAT_KERNELS: Mapping[str, Callable] = {
    "add": torch.add,
    "subtract": torch.subtract,
    "multiply": torch.multiply,
    "divide": torch.divide,
    "floor_divide": torch.floor_divide,
    "remainder": torch.remainder,
    "pow": torch.pow,
    "matmul": torch.matmul,
    "equal": torch.eq,
    "not_equal": torch.ne,
    **_COMPARE,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
    "negative": torch.negative,
    "abs": torch.abs,
}
