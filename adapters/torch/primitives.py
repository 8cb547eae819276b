"""torch's functions under the names of `contract.PRIMITIVES`; all work with autograd.

What torch does by itself is its own function, without a layer between. A function that torch has
not for unsigned integers, or not for a Python number as an operand, is tried first, and the care is
taken when it refuses: that costs the usual case nothing but the call.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np
import torch

from onevar.adapters.composites import COMPOSITES
from onevar.adapters.contract import Primitives
from onevar.adapters.torch import convolution, exchange, indexing, philox, samplers
from onevar.adapters.torch.kernels import DTYPES, KERNELS, NAMES, astype
from onevar.dlpack import aligned_copy

_UNSIGNED = frozenset({torch.uint16, torch.uint32, torch.uint64})
_LOW = torch.iinfo(torch.int64).min


def asarray(array: np.ndarray) -> torch.Tensor:
    """Return a tensor with its own memory; `torch.from_numpy` would alias it, read-only or not."""
    if isinstance(array, torch.Tensor):
        return array
    return exchange.borrow(aligned_copy(array.astype(array.dtype.newbyteorder("="), copy=False)))


def _tensors(operands: Sequence[Any]) -> list[torch.Tensor]:
    like = next(x for x in operands if (isinstance(x, torch.Tensor) and x.dtype is not torch.bool) or x is operands[-1])
    return [
        x if isinstance(x, torch.Tensor) else torch.as_tensor(x, dtype=like.dtype, device=like.device) for x in operands
    ]


def _careful(function: Callable, care: Callable | None = None) -> Callable:
    """Try `function`; where it refuses, make tensors of numbers and compute unsigned integers in int64.

    Args:
        function: torch's.
        care: What to do for unsigned integers, as a function of int64 tensors, uint64's wrapped around; `function`
            itself where None.
    """
    slow = care or function

    @wraps(function)
    def careful(*operands: Any) -> torch.Tensor:
        try:
            return function(*operands)
        except (NotImplementedError, TypeError):
            tensors = _tensors(operands)
            dtype = tensors[0].dtype
            if dtype not in _UNSIGNED:
                return function(*tensors)
            result = slow(*(x.to(torch.int64) for x in tensors))
            return result.to(dtype) if result.dtype is torch.int64 else result

    return careful


def _ordered(function: Callable) -> Callable:
    """Compare unsigned integers: flipping the top bit maps the order of uint64 onto int64's."""

    def compare(*operands: torch.Tensor) -> torch.Tensor:
        result = function(*(x ^ _LOW for x in operands))
        return result if result.dtype is torch.bool else result ^ _LOW

    return _careful(function, compare)


def _integers(function: Callable, narrow: Callable, floats: Callable) -> Callable:
    """Division: `floats` of floats, `narrow`, which knows unsigned types, of integers, none of them zero."""

    @wraps(function)
    def divide(x: Any, y: Any) -> torch.Tensor:
        like = x if isinstance(x, torch.Tensor) else y
        if like.dtype.is_floating_point:
            return floats(x, y)
        try:
            return narrow(x, y)
        except (RuntimeError, ZeroDivisionError) as error:
            if "ZeroDivisionError" in str(error) or isinstance(error, ZeroDivisionError):
                raise ZeroDivisionError("Integer division by zero") from error
            raise

    return divide


_pow = _careful(torch.pow)


def _power(x: Any, y: Any) -> torch.Tensor:
    signed = isinstance(y, torch.Tensor) and y.dtype.is_signed and not y.dtype.is_floating_point
    if signed and not y.dtype.is_complex and y.device.type == "cpu" and bool((y < 0).any()):
        raise ValueError("Integers to negative integer powers are not allowed")
    return _pow(x, y)


def _sign(x: torch.Tensor) -> torch.Tensor:
    if x.dtype.is_complex:
        return torch.sgn(x)
    if x.dtype in _UNSIGNED:
        return (x != 0).to(x.dtype)
    return torch.where(torch.isnan(x), x, torch.sign(x)) if x.dtype.is_floating_point else torch.sign(x)


def _clip(x: torch.Tensor, min: Any = None, max: Any = None) -> torch.Tensor:
    x = x if min is None else _maximum(x, min)
    return x if max is None else _minimum(x, max)


def _first_of_equals(function: Callable, wins: Callable) -> Callable:
    """`maximum` or `minimum` with TensorFlow's derivative: where both are equal the first has all of it."""
    plain = _ordered(function)

    def choose(x: Any, y: Any) -> torch.Tensor:
        # torch gives half to each.
        if torch.is_grad_enabled() and (getattr(x, "requires_grad", False) or getattr(y, "requires_grad", False)):
            x, y = _tensors((x, y))
            return torch.where(wins(x, y) | torch.isnan(x), x, y)
        return plain(x, y)

    return choose


_maximum = _first_of_equals(torch.maximum, torch.ge)
_minimum = _first_of_equals(torch.minimum, torch.le)


def _bitcast(x: torch.Tensor, dtype: str) -> torch.Tensor:
    wanted = DTYPES[dtype]
    if wanted.itemsize < x.dtype.itemsize:
        return x.unsqueeze(-1).view(wanted)
    if wanted.itemsize > x.dtype.itemsize:
        return x.contiguous().view(wanted).squeeze(-1)
    return x.view(wanted)


def _sum(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
    if axis == ():
        return x
    if x.dtype in _UNSIGNED:
        return torch.sum(x.to(torch.int64), axis, keepdims).to(x.dtype)
    return torch.sum(x, axis, keepdims, dtype=x.dtype)


def _mean(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
    if axis == ():
        return x
    if x.dtype.is_floating_point or x.dtype.is_complex:
        return torch.mean(x, axis, keepdims)
    return torch.trunc(torch.mean(x.double(), axis, keepdims)).to(x.dtype)


def _prod(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
    axes = range(x.ndim) if axis is None else ((axis,) if isinstance(axis, int) else axis)
    for one in sorted((a % x.ndim for a in axes), reverse=True):
        x = torch.prod(x, one, keepdims, dtype=x.dtype)
    return x


def _extreme(function: Callable, lowest: Callable) -> Callable:
    """`amax` or `amin`, whose value of no elements is the identity of the comparison."""

    def reduce(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
        if axis == ():
            return x
        if x.dtype in _UNSIGNED:
            return (function(x.to(torch.int64) ^ _LOW, () if axis is None else axis, keepdims) ^ _LOW).to(x.dtype)
        if x.numel():
            return function(x, () if axis is None else axis, keepdims)
        shape = torch.sum(x.to(torch.int64), axis, keepdims).shape
        floating = x.dtype.is_floating_point
        identity = float(lowest(0.0)) if floating else lowest(torch.iinfo(x.dtype))
        return torch.full(shape, identity, dtype=x.dtype, device=x.device)

    return reduce


def _bottom(info: Any) -> Any:
    return float("-inf") if isinstance(info, float) else info.min


def _top(info: Any) -> Any:
    return float("inf") if isinstance(info, float) else info.max


def _logical(function: Callable) -> Callable:
    def reduce(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
        if axis == ():
            return x.bool()
        return function(x, dim=tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims).bool()

    return reduce


def _position(function: Callable) -> Callable:
    def position(x: torch.Tensor, axis: int | None = None, keepdims: bool = False) -> torch.Tensor:
        if x.dtype in _UNSIGNED:
            x = x.to(torch.int64) ^ _LOW
        return function(x.byte() if x.dtype is torch.bool else x, axis, keepdims)

    return position


def _logsumexp(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
    return torch.logsumexp(x, tuple(range(x.ndim)) if axis is None else axis, keepdims) if axis != () else x


def _sort(x: torch.Tensor, axis: int = -1, descending: bool = False) -> torch.Tensor:
    return torch.sort(x, dim=axis, descending=descending, stable=True)[0]


def _argsort(x: torch.Tensor, axis: int = -1, descending: bool = False) -> torch.Tensor:
    return torch.argsort(x, dim=axis, descending=descending, stable=True)


def _top_k(x: torch.Tensor, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    # torch.topk leaves open which of equal ones comes first.
    values, order = torch.sort(x, dim=-1, descending=True, stable=True)
    return values[..., :n], order[..., :n].to(torch.int32)


def _squeeze(x: torch.Tensor, axis: Any) -> torch.Tensor:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    if any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"squeeze: axes {axes} of shape {tuple(x.shape)} are not all of size 1")
    return torch.squeeze(x, axes)


def _flip(x: torch.Tensor, axis: Any = None) -> torch.Tensor:
    return torch.flip(x, tuple(range(x.ndim)) if axis is None else ((axis,) if isinstance(axis, int) else tuple(axis)))


def _pad(x: torch.Tensor, widths: Sequence, mode: str = "constant", value: Any = 0) -> torch.Tensor:
    if mode != "constant":
        return COMPOSITES["pad"](_SELF, x, widths, mode)
    flat = [int(n) for pair in reversed(list(widths)) for n in pair]
    return torch.nn.functional.pad(x, flat, value=value.item() if hasattr(value, "item") else value)


def _full(shape: Sequence[int], value: Any, dtype: str) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        # Elements that share memory could not be written: Keras makes a Parameter of what an initializer returns.
        return value.to(DTYPES[dtype]).expand(tuple(shape)).contiguous()
    return torch.full(tuple(shape), value, dtype=DTYPES[dtype])


def _triangular_solve(x: torch.Tensor, y: torch.Tensor, lower: bool = True, adjoint: bool = False) -> torch.Tensor:
    return torch.linalg.solve_triangular(x.mH if adjoint else x, y, upper=lower is adjoint)


def _softplus(x: torch.Tensor) -> torch.Tensor:
    # Above 40, x is the result to the last digit of float64; the default, 20, is not enough.
    return torch.nn.functional.softplus(x, 1, 40)


_OWN = {
    name: getattr(torch, name)
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "broadcast_to", "ceil", "cos", "cosh", "digamma", "divide",
        "einsum", "erf", "erfc", "erfinv", "exp", "expm1", "floor", "imag", "isfinite", "isinf", "isnan", "lgamma",
        "log", "log10", "log1p", "log2", "logical_not", "matmul", "multiply", "ones_like", "positive", "real",
        "reciprocal", "relu", "reshape", "roll", "round", "rsqrt", "sigmoid", "signbit", "sin", "sinh", "sqrt", "stack",
        "tan", "tanh", "tile", "trunc", "where", "zeros_like", "complex",
    )
}  # fmt: skip

_CAREFUL = {
    name: _careful(getattr(torch, name))
    for name in (
        "add", "subtract", "negative", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "copysign",
        "atan2", "hypot", "logaddexp", "nextafter", "square", "logical_and", "logical_or", "logical_xor",
    )
}  # fmt: skip

PRIMITIVES: Mapping[str, Callable] = {
    **_OWN,
    **_CAREFUL,
    "asarray": asarray,
    "astype": astype,
    "zeros": lambda shape, dtype: torch.zeros(tuple(shape), dtype=DTYPES[dtype]),
    "ones": lambda shape, dtype: torch.ones(tuple(shape), dtype=DTYPES[dtype]),
    "full": _full,
    "arange": lambda start, stop, step, dtype: torch.arange(start, stop, step, dtype=DTYPES[dtype]),
    "linspace": lambda start, stop, num, dtype: torch.linspace(start, stop, num, dtype=DTYPES[dtype]),
    "eye": lambda n_rows, n_cols, dtype: torch.eye(n_rows, n_cols, dtype=DTYPES[dtype]),
    "bitcast": _bitcast,
    "shape": lambda x: tuple(x.shape),
    "dtype": lambda x: NAMES[x.dtype],
    "abs": _careful(torch.abs, lambda x: x),
    "bitwise_invert": torch.bitwise_not,
    # torch.conj only sets a bit that other frameworks cannot read.
    "conj": torch.conj_physical,
    "sign": _sign,
    "softplus": _softplus,
    "stop_gradient": torch.Tensor.detach,
    "bitwise_right_shift": _careful(torch.bitwise_right_shift),
    "floor_divide": _integers(
        torch.floor_divide, KERNELS["floor_divide"], lambda x, y: torch.floor(torch.divide(x, y))
    ),
    "remainder": _integers(torch.remainder, KERNELS["remainder"], torch.remainder),
    "pow": _power,
    "maximum": _maximum,
    "minimum": _minimum,
    "equal": _careful(torch.eq),
    "not_equal": _careful(torch.ne),
    "less": _ordered(torch.lt),
    "less_equal": _ordered(torch.le),
    "greater": _ordered(torch.gt),
    "greater_equal": _ordered(torch.ge),
    "clip": _clip,
    "sum": _sum,
    "prod": _prod,
    "max": _extreme(torch.amax, _bottom),
    "min": _extreme(torch.amin, _top),
    "mean": _mean,
    "any": _logical(torch.any),
    "all": _logical(torch.all),
    "logsumexp": _logsumexp,
    "argmax": _position(torch.argmax),
    "argmin": _position(torch.argmin),
    "cumulative_sum": lambda x, axis=0: torch.cumsum(x, axis, dtype=x.dtype),
    "cumulative_prod": lambda x, axis=0: torch.cumprod(x, axis, dtype=x.dtype),
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "sort": _sort,
    "argsort": _argsort,
    "top_k": _top_k,
    "searchsorted": lambda x1, x2, side="left": torch.searchsorted(x1, x2, right=side == "right"),
    "permute_dims": torch.permute,
    "expand_dims": lambda x, axis=0: torch.unsqueeze(x, axis),
    "squeeze": _squeeze,
    "moveaxis": torch.movedim,
    "broadcast_arrays": torch.broadcast_tensors,
    "concat": lambda arrays, axis=0: torch.cat(arrays, axis),
    "stack": lambda arrays, axis=0: torch.stack(arrays, axis),
    "unstack": lambda x, axis=0: torch.unbind(x, axis),
    "flip": _flip,
    "roll": lambda x, shift, axis=None: torch.roll(x, shift, axis),
    "repeat": lambda x, repeats, axis=None: torch.repeat_interleave(x, repeats, axis),
    "tril": lambda x, k=0: torch.tril(x, k),
    "triu": lambda x, k=0: torch.triu(x, k),
    "pad": _pad,
    "getitem": indexing.getitem,
    "setitem": indexing.setitem,
    "take": indexing.take,
    "take_along_axis": indexing.take_along_axis,
    "scatter": indexing.scatter,
    "segment_sum": lambda x, ids, count: COMPOSITES["segment_sum"](_SELF, x, ids, count),
    "matrix_transpose": lambda x: x.mT,
    "tensordot": lambda x, y, axes=2: torch.tensordot(x, y, axes),
    "vecdot": lambda x, y, axis=-1: torch.linalg.vecdot(x, y, dim=axis),
    "cross": lambda x, y, axis=-1: torch.linalg.cross(x, y, dim=axis),
    "linalg_cholesky": torch.linalg.cholesky,
    "linalg_inv": torch.linalg.inv,
    "linalg_det": torch.linalg.det,
    "linalg_slogdet": lambda x: tuple(torch.linalg.slogdet(x)),
    "linalg_solve": torch.linalg.solve,
    "linalg_qr": lambda x, mode="reduced": tuple(torch.linalg.qr(x, mode)),
    "linalg_svd": lambda x, full_matrices=True: tuple(torch.linalg.svd(x, full_matrices)),
    "linalg_eigh": lambda x: tuple(torch.linalg.eigh(x)),
    "linalg_triangular_solve": _triangular_solve,
    "fft": torch.fft.fft,
    "ifft": torch.fft.ifft,
    "rfft": torch.fft.rfft,
    "irfft": torch.fft.irfft,
    "fft2": torch.fft.fft2,
    "ifft2": torch.fft.ifft2,
    **convolution.TABLE,
    **philox.TABLE,
    **samplers.TABLE,
}
"""`contract.PRIMITIVES` on torch's tensors."""

_SELF: Primitives = Primitives("torch", PRIMITIVES)
convolution.SELF.append(_SELF)
