"""Special functions that few programs use: incomplete gamma and beta, zeta, polygamma, modified Bessel functions.

They are computed on the host, in double precision; frameworks' own are used where an adapter overrides the op.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.adapters.samplers import gamma_derivative
from onevar.core.infer import broadcast_shape, same_shape
from onevar.core.kernel import kernel

_TERMS = 500
_TINY = 1e-300
_lgamma = np.vectorize(math.lgamma, otypes=[np.float64])


def _gammas(a: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The regularized incomplete gamma functions, lower and upper (DLMF 8.7.3, 8.9.2)."""
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    valid = (a > 0) & (x > 0)
    p, z = np.where(valid, a, 1.0), np.where(valid, x, 1.0)
    front = np.exp(p * np.log(z) - z - _lgamma(p))
    by_series = z < p + 1
    term = total = 1.0 / p
    for n in range(1, _TERMS):
        term = term * np.where(by_series, z, 0.0) / (p + n)
        total = total + term
    lower = front * total
    upper = front * _gamma_fraction(p, np.where(by_series, p + 1, z))
    low, high = np.where(by_series, lower, 1 - upper), np.where(by_series, 1 - lower, upper)
    bad = (a <= 0) | (x < 0) | np.isnan(a) | np.isnan(x)
    low = np.where(valid, low, np.where(bad & (x != 0), np.nan, 0.0))  # as TensorFlow has it at 0
    return low, np.where(valid, high, np.where(bad, np.nan, 1.0))


def _fraction(first: np.ndarray, step: Callable[[int], tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """A continued fraction by Lentz's method; `step(i)` gives its numerators and denominators."""
    c, d = np.full_like(first, 1 / _TINY), 1 / first
    value = d
    for i in range(1, _TERMS):
        over, under = step(i)
        d = over * d + under
        d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = under + over / c
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        value = value * c * d
    return value


def _gamma_fraction(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    return _fraction(x + 1 - a, lambda i: (-i * (i - a), x + 2 * i + 1 - a))


@kernel("Igamma", on_host=True, infer=broadcast_shape)
def _igamma(k: Any, a: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(_gammas(a, x)[0], a.dtype)


@kernel("Igammac", on_host=True, infer=broadcast_shape)
def _igammac(k: Any, a: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(_gammas(a, x)[1], a.dtype)


@kernel("IgammaGradA", on_host=True, infer=broadcast_shape)
def _igamma_gradient(k: Any, a: np.ndarray, x: np.ndarray) -> np.ndarray:
    p, z = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    valid = (p > 0) & (z > 0)
    p, z = np.where(valid, p, 1.0), np.where(valid, z, 1.0)
    # A quantile of the distribution moves by -(dP/da) / (dP/dx).
    slope = -gamma_derivative(p, z) * np.exp((p - 1) * np.log(z) - z - _lgamma(p))
    bad = (np.asarray(a) <= 0) | (np.asarray(x) < 0)
    return np.asarray(np.where(valid, slope, np.where(bad, np.nan, 0.0)), a.dtype)


def _beta_fraction(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """DLMF 8.17.22."""

    def step(i: int) -> tuple[np.ndarray, np.ndarray]:
        m = i // 2
        if i % 2:
            over = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            over = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        return over, np.ones_like(x)

    return _fraction(np.ones_like(x), step)


@kernel("Betainc", on_host=True, infer=broadcast_shape)
def _betainc(k: Any, a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    p, q, z = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (a, b, x)))
    inside = (z > 0) & (z < 1) & (p > 0) & (q > 0)
    p, q, y = np.where(inside, p, 1.0), np.where(inside, q, 1.0), np.where(inside, z, 0.5)
    front = np.exp(_lgamma(p + q) - _lgamma(p) - _lgamma(q) + p * np.log(y) + q * np.log1p(-y))
    direct = y < (p + 1) / (p + q + 2)
    left = front * _beta_fraction(p, q, np.where(direct, y, 0.0)) / p
    right = 1 - front * _beta_fraction(q, p, np.where(direct, 0.0, 1 - y)) / q
    edges = np.where(z == 0, 0.0, np.where(z == 1, 1.0, np.nan))
    return np.asarray(np.where(inside, np.where(direct, left, right), edges), a.dtype)


# Bernoulli's numbers B2, B4, ... for Euler and Maclaurin's formula.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def _hurwitz(x: np.ndarray, q: np.ndarray) -> np.ndarray:
    x, q = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(q, np.float64))
    start = 12
    total = sum(((q + n) ** -x for n in range(start)), np.zeros_like(q))
    w = q + start
    total = total + w ** (1 - x) / (x - 1) + 0.5 * w**-x
    rising, power = x, w ** (-x - 1)
    for i, number in enumerate(_BERNOULLI, start=1):
        total = total + number / math.factorial(2 * i) * rising * power
        rising = rising * (x + 2 * i - 1) * (x + 2 * i)
        power = power / (w * w)
    poles = (q <= 0) & (q == np.floor(q))
    total = np.where(poles, np.where(x % 2 == 0, np.inf, np.nan), total)
    total = np.where((x < 1) | ((q < 0) & (x != np.floor(x))), np.nan, total)
    return np.where(x == 1, np.inf, total)


@kernel("Zeta", on_host=True, infer=broadcast_shape)
def _zeta(k: Any, x: np.ndarray, q: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(_hurwitz(x, q), x.dtype)


@kernel("Polygamma", on_host=True, infer=broadcast_shape)
def _polygamma(k: Any, a: np.ndarray, x: np.ndarray) -> np.ndarray:
    n, z = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    with np.errstate(all="ignore"):
        higher = np.where(n % 2 == 0, -1.0, 1.0) * np.exp(_lgamma(np.abs(n) + 1)) * _hurwitz(np.abs(n) + 1, z)
    first = np.asarray(k.digamma(np.array(z)), np.float64)
    whole = (n >= 0) & (n == np.floor(n))
    return np.asarray(np.where(whole, np.where(n == 0, first, higher), np.nan), a.dtype)


def _bessel(order: int, x: np.ndarray) -> np.ndarray:
    """`exp(-abs(x)) I_order(x)`: its power series, or for large arguments its expansion at infinity (DLMF 10.40.1)."""
    z = np.abs(np.asarray(x, np.float64))
    small = z < 30
    near = np.where(small, z, 1.0)
    term = (near / 2) ** order / math.factorial(order)
    total = term
    for n in range(1, 120):
        term = term * (near / 2) ** 2 / (n * (n + order))
        total = total + term
    far = np.where(small, 30.0, z)
    part = series = np.ones_like(far)
    for n in range(1, 20):
        part = -part * (4 * order**2 - (2 * n - 1) ** 2) / (n * 8 * far)
        series = series + part
    scaled = np.where(small, total * np.exp(-near), series / np.sqrt(2 * np.pi * far))
    return scaled * np.sign(x) if order % 2 else scaled


def _define_bessel(order: int) -> None:
    @kernel(f"BesselI{order}e", on_host=True, infer=same_shape)
    def scaled(k: Any, x: np.ndarray) -> np.ndarray:
        return np.asarray(_bessel(order, x), x.dtype)

    @kernel(f"BesselI{order}", on_host=True, infer=same_shape)
    def plain(k: Any, x: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.asarray(_bessel(order, x) * np.exp(np.abs(np.asarray(x, np.float64))), x.dtype)


_define_bessel(0)
_define_bessel(1)
