"""TensorFlow's samplers that take as many random numbers as they happen to need, over NumPy.

Each follows TensorFlow's CPU kernel draw by draw, many outputs at a time. TensorFlow gives every output of a gamma or
Poisson sampler a part of the stream of its own. Results are equal to TensorFlow's as far as NumPy's `log`, `exp` and
`pow` agree with the C library's: the last digit of a sample, and once in millions its acceptance, may differ.

The functions named `philox_*` are the primitives of that name for any adapter whose tensors are NumPy arrays. Here
and in the other adapters `key`, `high` and `counter` say where the stream is, as `onevar.adapters.philox` has them.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from onevar.adapters import variates
from onevar.adapters.philox import RESERVED, Pair, philox_bits, philox_uniform, words_spaced

_FEW = 2000  # Below it exchanging one by one takes less time than following all exchanges at once.
_COUNTED = 1 << 20  # Up to so many comparisons a class is found by counting, which needs no loop over rows.
_MANY = 2000.0  # Above it the gamma distribution is close enough to Wilson and Hilferty's cube of a normal one.


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


def philox_gamma(key: Pair, high: Pair, counter: int, alpha: np.ndarray, samples: int) -> np.ndarray:
    """Return gamma-distributed numbers of shape (samples, alphas).

    Marsaglia and Tsang's method; an alpha below one is raised by one and the result scaled by a power.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        alpha: The distributions' parameters, a vector; the numbers are of its type.
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
    return out.reshape(alpha.size, samples).T.astype(alpha.dtype)


def philox_poisson(key: Pair, high: Pair, counter: int, rate: np.ndarray, samples: int, dtype: str) -> np.ndarray:
    """Return Poisson-distributed numbers of shape (samples, rates).

    Knuth's method for rates below ten, Hörmann's transformed rejection for others.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        rate: The distributions' parameters, a vector; for one that is none the numbers are NaN, or zero as integers.
        samples: How many of each.
        dtype: Of the result.
    """
    each = np.repeat(rate.astype(np.float64), samples)
    uniform = _Buffer(_Parts(key, high, counter, each.size), each.size, "float64", variates.uniform)
    out = np.full(each.size, np.nan)
    possible = np.isfinite(each) & (each >= 0)
    _count_arrivals(out, each, np.flatnonzero(possible & (each < 10)), uniform.draw)
    _reject_transformed(out, each, np.flatnonzero(possible & (each >= 10)), uniform.draw)
    if dtype in ("int32", "int64"):
        out = np.nan_to_num(out)
    return out.reshape(rate.size, samples).T.astype(variates.numpy_type(dtype))


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


def philox_multinomial(key: Pair, high: Pair, counter: int, logits: np.ndarray, samples: int) -> np.ndarray:
    """Return classes drawn by unnormalised log-probabilities, of shape (rows, samples), in int64.

    TensorFlow cuts large batches in parts for its threads, and where it cuts decides which numbers a row gets: this
    gives what it gives when one thread does the work.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
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
    numbers = philox_uniform(key, high, counter, logits.shape[0] * samples, "float64")
    sought = numbers.reshape(-1, samples) * cumulative[:, -1:]
    if sought.size * logits.shape[1] <= _COUNTED:
        return (cumulative[:, None, :] <= sought[:, :, None]).sum(axis=-1, dtype=np.int64)
    found = [np.searchsorted(row, values, side="right") for row, values in zip(cumulative, sought, strict=True)]
    return np.array(found, np.int64).reshape(len(logits), samples)


def philox_permutation(key: Pair, high: Pair, counter: int, size: int) -> np.ndarray:
    """Return which element comes where when TensorFlow shuffles, in int64: Fisher and Yates's method.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many elements, more than one.
    """
    words = philox_bits(key, high, counter, size - 1, "uint32")
    steps = words % np.arange(size, 1, -1, dtype=np.uint32)
    return _exchanged(steps.tolist()) if size < _FEW else _followed(steps)


def _exchanged(steps: list[int]) -> np.ndarray:
    order = list(range(len(steps) + 1))
    for i, step in enumerate(steps):
        order[i], order[i + step] = order[i + step], order[i]
    return np.array(order, np.int64)


def _followed(steps: np.ndarray) -> np.ndarray:
    """The same order, from where each exchange finds what it brings: all at once.

    Exchange `i` brings to place `i` what is in place `target[i] >= i`. That is what lay in place `j` when exchange `j`
    was made, for the last `j` before it with the same target, or else the element that was there in the beginning. What
    lay in place `j` then is found in the same way, so that following pointers from all places at once gets there.
    """
    place = np.arange(len(steps) + 1)
    target = place.copy()
    target[:-1] += steps
    by_target = np.argsort(target, kind="stable")
    sorted_targets = target[by_target]
    before = np.full_like(place, -1)  # the exchange before with the same target
    again = sorted_targets[1:] == sorted_targets[:-1]
    before[by_target[1:][again]] = by_target[:-1][again]
    last = np.full_like(place, -1)  # the last exchange with this target, which may be the place's own
    ends = np.append(~again, True)
    last[sorted_targets[ends]] = by_target[ends]
    last = np.where(last == place, before, last)
    lay = np.where(last < 0, place, last)
    while not np.array_equal(lay, further := lay[lay]):
        lay = further
    return np.where(before < 0, target, lay[before])


def gamma_derivative(alpha: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Return how much a gamma-distributed number moves with its parameter, its quantile staying: of float64.

    Args:
        alpha: The parameters.
        sample: The numbers, of the same shape.
    """
    a, x = alpha.astype(np.float64), sample.astype(np.float64)
    out = np.empty_like(x)
    large = a > _MANY
    out[large] = _cube_derivative(a[large], x[large])
    # Implicitly: -(dP/da) / (dP/dx). P's power series is x^a e^-x / Gamma(a + 1) times the sum of `term`s, so that
    # all but x/a of the quotient's factors cancel; `slope` is the sum's derivative, of terms of one sign.
    a, x = a[~large], x[~large]
    term, total, harmonic, slope, n = np.ones_like(x), np.ones_like(x), np.zeros_like(x), np.zeros_like(x), 0
    while np.any(term > total * 1e-17):
        n += 1
        term = term * x / (a + n)
        harmonic = harmonic + 1 / (a + n)
        total, slope = total + term, slope + term * harmonic
    with np.errstate(divide="ignore", invalid="ignore"):
        out[~large] = np.where(x > 0, -x / a * (total * (np.log(x) - _digamma(a + 1)) - slope), 0)
    return out


def _cube_derivative(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    root = np.cbrt(x / a)
    normal = 3 * np.sqrt(a) * (root - 1 + 1 / (9 * a))
    return root**3 + 3 * a * root**2 * (1 / (9 * a**2) - normal / (6 * a**1.5))


def _digamma(x: np.ndarray) -> np.ndarray:
    shift = np.zeros_like(x)
    for _ in range(10):
        small = x < 10
        shift, x = shift + np.where(small, 1 / x, 0), x + small
    inverse = 1 / (x * x)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse * (1 / 240 - inverse / 132))))
    return np.log(x) - 0.5 / x - series - shift


#: The primitives, by their names in `onevar.adapters.primitives`.
TABLE: Mapping[str, Callable] = {
    "philox_gamma": philox_gamma,
    "philox_multinomial": philox_multinomial,
    "philox_permutation": philox_permutation,
    "philox_poisson": philox_poisson,
}
