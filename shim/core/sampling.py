"""TensorFlow's samplers that take as many random numbers as they happen to need, over NumPy.

Each follows TensorFlow's CPU kernel draw by draw, many outputs at a time. TensorFlow gives every output of a gamma or
Poisson sampler a part of the stream of its own. Results are equal to TensorFlow's as far as NumPy's `log`, `exp` and
`pow` agree with the C library's: the last digit of a sample, and once in millions its acceptance, may differ.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.adapters import variates
from onevar.adapters.philox import words_spaced
from onevar.core.philox import RESERVED, Pair
from onevar.core.philox import TABLE as PHILOX


class _Parts:
    """One generator for each output, `RESERVED` blocks apart."""

    def __init__(self, key: Pair, high: Pair, counter: int, outputs: int):
        self._words: Callable[[np.ndarray], np.ndarray] = lambda at: words_spaced(key, high, counter, at)
        self._next = np.arange(outputs) * RESERVED

    def block(self, rows: np.ndarray) -> np.ndarray:
        words = self._words(self._next[rows])
        self._next[rows] += 1
        return words


class _Buffer:
    """Numbers of one distribution for each output: a block at a time, handed out last first."""

    def __init__(self, parts: _Parts, outputs: int, dtype: str, convert: Callable[[np.ndarray, str], np.ndarray]):
        self._parts, self._dtype, self._convert = parts, dtype, convert
        self._size = variates.per_block(dtype)
        self._numbers = np.empty((outputs, self._size), dtype)
        self._left = np.zeros(outputs, np.int64)

    def draw(self, rows: np.ndarray) -> np.ndarray:
        empty = rows[self._left[rows] == 0]
        if empty.size:
            self._numbers[empty] = self._convert(self._parts.block(empty), self._dtype).reshape(-1, self._size)
            self._left[empty] = self._size
        self._left[rows] -= 1
        return self._numbers[rows, self._left[rows]]


def gamma(key: Pair, high: Pair, counter: int, alpha: np.ndarray, samples: int) -> np.ndarray:
    """Return gamma-distributed numbers of shape (samples, alphas), in float64.

    Marsaglia and Tsang's method; an alpha below one is raised by one and the result scaled by a power.

    Args:
        key: The generator's key.
        high: The upper half of its counter.
        counter: The lower half.
        alpha: The distributions' parameters, a vector.
        samples: How many of each.
    """
    each = np.repeat(alpha.astype(np.float64), samples)
    parts = _Parts(key, high, counter, each.size)
    normal = _Buffer(parts, each.size, "float64", variates.normal)
    uniform = _Buffer(parts, each.size, "float64", variates.uniform)
    out = np.empty(each.size)
    small = each < 1
    exponential = np.flatnonzero(each == 1)
    out[exponential] = -np.log1p(-uniform.draw(exponential))
    d = each + np.where(small, 2.0 / 3, -1.0 / 3)
    c = 1.0 / 3 / np.sqrt(d)
    todo = np.flatnonzero(each != 1)
    while todo.size:
        x = normal.draw(todo)
        v = 1 + c[todo] * x
        rows, x, v = todo[v > 0], x[v > 0], v[v > 0]
        v = v * v * v
        u = uniform.draw(rows)
        accept = u < 1 - 0.0331 * (x * x) * (x * x)
        with np.errstate(divide="ignore"):
            accept |= np.log(u) < 0.5 * x * x + d[rows] * (1 - v + np.log(v))
        rows = rows[accept]
        out[rows] = d[rows] * v[accept]
        boosted = rows[small[rows]]
        out[boosted] *= uniform.draw(boosted) ** (1 / each[boosted])
        todo = np.setdiff1d(todo, rows, assume_unique=True)
    return out.reshape(alpha.size, samples).T


def poisson(key: Pair, high: Pair, counter: int, rate: np.ndarray, samples: int) -> np.ndarray:
    """Return Poisson-distributed numbers of shape (samples, rates), in float64.

    Knuth's method for rates below ten, Hörmann's transformed rejection for others.

    Args:
        key: The generator's key.
        high: The upper half of its counter.
        counter: The lower half.
        rate: The distributions' parameters, a vector; for one that is none the numbers are NaN.
        samples: How many of each.
    """
    each = np.repeat(rate.astype(np.float64), samples)
    uniform = _Buffer(_Parts(key, high, counter, each.size), each.size, "float64", variates.uniform)
    out = np.full(each.size, np.nan)
    possible = np.isfinite(each) & (each >= 0)
    _count_arrivals(out, each, np.flatnonzero(possible & (each < 10)), uniform.draw)
    _reject_transformed(out, each, np.flatnonzero(possible & (each >= 10)), uniform.draw)
    return out.reshape(rate.size, samples).T


def _count_arrivals(out: np.ndarray, rate: np.ndarray, todo: np.ndarray, draw: Callable) -> None:
    limit = np.exp(-np.maximum(rate, 0))
    product = np.ones_like(rate)
    count = 0
    while todo.size:
        product[todo] *= draw(todo)
        done = product[todo] <= limit[todo]
        out[todo[done]] = count
        todo = todo[~done]
        count += 1


def _reject_transformed(out: np.ndarray, rate: np.ndarray, todo: np.ndarray, draw: Callable) -> None:
    log_rate = np.log(np.maximum(rate, 1))
    b = 0.931 + 2.53 * np.sqrt(np.maximum(rate, 1))
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    squeeze = 0.9277 - 3.6224 / (b - 2)
    while todo.size:
        u = draw(todo) - 0.5
        v = draw(todo)
        near = 0.5 - np.abs(u)
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.floor((2 * a[todo] / near + b[todo]) * u + rate[todo] + 0.43)
            accept = (near >= 0.07) & (v <= squeeze[todo])
            slow = ~accept & ~((k < 0) | ((near < 0.013) & (v > near)))
            s = np.log(v * inverse_alpha[todo] / (a[todo] / (near * near) + b[todo]))
            t = -rate[todo] + k * log_rate[todo]
        gammas = np.array([math.lgamma(n + 1.0) for n in k[slow].tolist()])
        accept[slow] = s[slow] <= t[slow] - gammas
        out[todo[accept]] = k[accept]
        todo = todo[~accept]


def multinomial(key: Pair, high: Pair, counter: int, logits: np.ndarray, samples: int) -> np.ndarray:
    """Return classes drawn by unnormalised log-probabilities, of shape (rows, samples), in int64.

    TensorFlow cuts large batches in parts for its threads, and where it cuts decides which numbers a row gets: this
    gives what it gives when one thread does the work.

    Args:
        key: The generator's key.
        high: The upper half of its counter.
        counter: The lower half.
        logits: Of shape (rows, classes).
        samples: How many of each row.
    """
    if not samples:
        return np.zeros((len(logits), 0), np.int64)
    wide = logits.astype(np.float64)
    finite = np.isfinite(wide)
    peak = np.where(finite, wide, -np.inf).max(axis=1, keepdims=True)
    weights = np.zeros_like(wide)
    np.exp(np.where(finite, wide, 0) - np.where(np.isfinite(peak), peak, 0), out=weights, where=finite)
    cumulative = np.cumsum(weights, axis=1)
    numbers = PHILOX["philox_uniform"](key, high, counter, logits.shape[0] * samples, "float64")
    sought = numbers.reshape(-1, samples) * cumulative[:, -1:]
    found = [np.searchsorted(row, values, side="right") for row, values in zip(cumulative, sought, strict=True)]
    return np.array(found, np.int64).reshape(len(logits), samples)


def permutation(key: Pair, high: Pair, counter: int, size: int) -> np.ndarray:
    """Return which element comes where when TensorFlow shuffles: Fisher and Yates's method.

    Args:
        key: The generator's key.
        high: The upper half of its counter.
        counter: The lower half.
        size: How many elements, more than one.
    """
    words = PHILOX["philox_bits"](key, high, counter, size - 1, "uint32")
    steps: list[Any] = (words % np.arange(size, 1, -1, dtype=np.uint32)).tolist()
    order = list(range(size))
    for i, step in enumerate(steps):
        order[i], order[i + step] = order[i + step], order[i]
    return np.array(order)
