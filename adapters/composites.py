"""Primitives beyond the array API, put together from its functions, once for every framework.

Each takes the namespace `k` of primitives first. They are the fallback: an adapter whose framework has
the function itself overrides it. All are stable where the plain formula overflows or cancels, and
their gradients are finite there too.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from onevar.adapters import special
from onevar.adapters.convolution import CONVOLUTIONS
from onevar.errors import Unsupported

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _rsqrt(k: Any, x: Any) -> Any:
    return k.reciprocal(k.sqrt(x))


def _relu(k: Any, x: Any) -> Any:
    return k.where(k.less(x, 0), k.zeros_like(x), x)  # nan stays


def _minus_abs(k: Any, x: Any) -> tuple[Any, Any]:
    """Return `x < 0` and `-abs(x)`, whose derivative at 0 is not 0."""
    below = k.less(x, 0)
    return below, k.where(below, x, k.negative(x))


def _sigmoid(k: Any, x: Any) -> Any:
    if k.dtype(x).startswith("complex"):
        return k.divide(k.ones_like(x), k.add(k.exp(k.negative(x)), 1.0))
    below, z = _minus_abs(k, x)
    e = k.exp(z)
    return k.divide(k.where(below, e, k.ones_like(x)), k.add(e, 1.0))


def _softplus(k: Any, x: Any) -> Any:
    below, z = _minus_abs(k, x)
    return k.add(k.where(below, k.zeros_like(x), x), k.log1p(k.exp(z)))


def _stop_gradient(k: Any, x: Any) -> Any:
    return x


def _softmax(k: Any, x: Any, axis: int = -1) -> Any:
    e = k.exp(k.subtract(x, k.stop_gradient(k.max(x, axis, True))))
    return k.divide(e, k.sum(e, axis, True))


def _log_softmax(k: Any, x: Any, axis: int = -1) -> Any:
    shifted = k.subtract(x, k.stop_gradient(k.max(x, axis, True)))
    return k.subtract(shifted, k.log(k.sum(k.exp(shifted), axis, True)))


def _logsumexp(k: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    largest = k.stop_gradient(k.max(x, axis, True))
    largest = k.where(k.isfinite(largest), largest, k.zeros_like(largest))
    total = k.log(k.sum(k.exp(k.subtract(x, largest)), axis, keepdims))
    return k.add(total, k.reshape(largest, k.shape(total)))


def _complex(k: Any, re: Any, im: Any) -> Any:
    dtype = "complex128" if k.dtype(re) == "float64" else "complex64"
    return k.add(k.astype(re, dtype), k.multiply(k.astype(im, dtype), 1j))


def _top_k(k: Any, x: Any, n: int) -> tuple[Any, Any]:
    order = k.getitem(k.argsort(x, -1, True), (..., slice(0, n)))
    return k.take_along_axis(x, order, -1), k.astype(order, "int32")


def _cross(k: Any, x: Any, y: Any, axis: int = -1) -> Any:
    x, y = k.broadcast_arrays(x, y)
    a, b = k.unstack(x, axis), k.unstack(y, axis)
    return k.stack(
        [
            k.subtract(k.multiply(a[i], b[j]), k.multiply(a[j], b[i]))
            for i, j in ((1, 2), (2, 0), (0, 1))
        ],
        axis,
    )  # fmt: skip


def _pad(k: Any, x: Any, widths: Sequence, mode: str = "constant", value: Any = 0) -> Any:
    for axis, (before, after) in enumerate(widths):
        before, after, shape = int(before), int(after), k.shape(x)
        if not before and not after:
            continue
        if mode == "constant":
            ends = [(*shape[:axis], n, *shape[axis + 1 :]) for n in (before, after)]
            x = k.concat([k.full(ends[0], value, k.dtype(x)), x, k.full(ends[1], value, k.dtype(x))], axis)
        else:
            x = k.take(x, k.asarray(np.pad(np.arange(shape[axis]), (before, after), mode)), axis)  # type: ignore[call-overload]
    return x


_ACCUMULATE = {
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "divide": "divide",
    "max": "maximum",
    "min": "minimum",
}


def _scatter(k: Any, x: Any, indices: Any, updates: Any, mode: str) -> Any:
    """Do one row after the other: slow, and right wherever values can be looked at."""
    shape = k.shape(x)
    size = prod(k.shape(indices))
    flat, rows = k.reshape(indices, (size,)), k.reshape(updates, (size, *shape[1:]))
    for position in range(size):
        row = int(flat[position])
        if not 0 <= row < shape[0]:
            raise IndexError(f"scatter: index {row} is not in [0, {shape[0]})")
        new = k.getitem(rows, (position, ...))
        if mode != "set":
            new = getattr(k, _ACCUMULATE[mode])(k.getitem(x, (row, ...)), new)
        x = k.setitem(x, (row, ...), new)
    return x


def _segment_sum(k: Any, x: Any, ids: Any, count: int) -> Any:
    # Ids outside the range go to one more row, which is cut off.
    known = k.logical_and(k.greater_equal(ids, 0), k.less(ids, count))
    ids = k.where(known, ids, k.full(k.shape(ids), count, k.dtype(ids)))
    total = k.scatter(k.zeros((count + 1, *k.shape(x)[len(k.shape(ids)) :]), k.dtype(x)), ids, x, "add")
    return k.getitem(total, (slice(0, count), ...))


def _einsum(k: Any, equation: str, *arrays: Any) -> Any:
    """Multiply everything out, then sum: right for any equation without a repeated label in one term."""
    terms, output = einsum_terms(equation, [len(k.shape(x)) for x in arrays])
    labels = [*dict.fromkeys(label for term in (output, *terms) for label in term)]
    product: Any = None
    for term, x in zip(terms, arrays, strict=True):
        if len(set(term)) < len(term):
            raise Unsupported(f"einsum({equation!r}): no primitive of this adapter takes a label repeated in one term")
        x = k.permute_dims(x, tuple(sorted(range(len(term)), key=lambda i: labels.index(term[i]))))
        sizes = iter(k.shape(x))
        x = k.reshape(x, tuple(next(sizes) if label in term else 1 for label in labels))
        product = x if product is None else k.multiply(product, x)
    return k.sum(product, tuple(range(len(output), len(labels))))


def einsum_terms(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """Return the labels of each operand and of the result, with the ellipsis spelled out.

    Args:
        equation: Like `"...ij,jk->...ik"`; without an arrow, the result has the labels that occur once, sorted.
        ranks: Each operand's number of axes.

    Returns:
        A label for every axis; an ellipsis gets letters that the equation does not use, aligned at the end.
    """
    left, arrow, output = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    free = [letter for letter in _LETTERS if letter not in equation]
    depths = [
        rank - len(term.replace("...", "")) if "..." in term else 0 for term, rank in zip(terms, ranks, strict=True)
    ]
    batch = "".join(free[: max(depths, default=0)])
    spelled = [term.replace("...", batch[len(batch) - depth :]) for term, depth in zip(terms, depths, strict=True)]
    if not arrow:
        once = sorted(label for label in set(left) if label.isalpha() and left.count(label) == 1)
        return spelled, batch + "".join(once)
    return spelled, output.replace("...", batch)


def _linspace(k: Any, start: Any, stop: Any, num: int, dtype: str) -> Any:
    return k.asarray(np.linspace(start, stop, num, dtype=dtype))


#: Name to function of `k` and the primitive's own arguments.
COMPOSITES: Mapping[str, Callable] = {
    **CONVOLUTIONS,
    "complex": _complex,
    "cross": _cross,
    "digamma": special.digamma,
    "einsum": _einsum,
    "erf": special.erf,
    "erfc": special.erfc,
    "erfinv": special.erfinv,
    "lgamma": special.lgamma,
    "linspace": _linspace,
    "log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
    "pad": _pad,
    "relu": _relu,
    "rsqrt": _rsqrt,
    "scatter": _scatter,
    "segment_sum": _segment_sum,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "softplus": _softplus,
    "stop_gradient": _stop_gradient,
    "top_k": _top_k,
}
