"""Distributions of real numbers: normal, uniform, Laplace, gamma, exponential."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, fill, ones, ones_like, zeros, zeros_like
from onevar.v1.array_ops_index import where_v2
from onevar.v1.array_ops_shape import broadcast_dynamic_shape, concat, identity
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.check_ops import assert_less, assert_positive, assert_same_float_dtype
from onevar.v1.common import dtype_of
from onevar.v1.distributions_base import FULLY_REPARAMETERIZED, Distribution, static_batch
from onevar.v1.distributions_divergence import RegisterKL
from onevar.v1.distributions_normal_tail import log_ndtr, ndtr
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.math_ops_elementwise import UNARY, abs_, exp, lgamma, log, sign, softplus, sqrt, square
from onevar.v1.random_ops import random_gamma, random_normal, random_uniform

_digamma, _log1p = UNARY["Digamma"], UNARY["Log1p"]


@contextmanager
def _after(checks: Callable[[], list[Any]], wanted: bool) -> Iterator[None]:
    with control_dependencies(checks() if wanted else []):
        yield


class _OfTwo(Distribution):
    """With two parameters that broadcast."""

    _names: tuple[str, str]

    def _made(
        self, first: Any, second: Any, checks: Callable[[], list[Any]], name: str, given: dict[str, Any], flags: Any
    ) -> None:
        validate_args, allow_nan_stats = flags
        with name_scope(name, values=[first, second]) as scope, _after(checks, validate_args):
            pair = [identity(x, name=label) for x, label in zip((first, second), self._names, strict=True)]
            assert_same_float_dtype(pair)
        self._pair = tuple(pair)
        dtype = dtype_of(pair[1])
        super().__init__(dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, given, pair, scope)

    def _batch_shape_tensor(self) -> Any:
        return broadcast_dynamic_shape(*map(shape_op, self._pair))

    def _batch_shape(self) -> TensorShape:
        return static_batch(*self._pair)

    def _shape_of(self, n: Any) -> Any:
        return concat([[n], self.batch_shape_tensor()], 0)


@export("distributions.Normal", "contrib.distributions.Normal")
class Normal(_OfTwo):
    """The normal distribution.

    Args:
        loc: Means.
        scale: Standard deviations.
        validate_args: Whether to check at run time that they are positive.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.
    """

    _names = ("loc", "scale")

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Normal"
    ):
        given = dict(locals())
        flags = validate_args, allow_nan_stats
        self._made(loc, scale, lambda: [assert_positive(scale)], name, given, flags)

    loc = property(lambda self: self._pair[0])
    scale = property(lambda self: self._pair[1])

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        numbers = random_normal(self._shape_of(n), 0.0, 1.0, dtype_of(self.loc), seed)
        return numbers * self.scale + self.loc

    def _z(self, x: Any) -> Any:
        with name_scope("standardize", values=[x]):
            return (x - self.loc) / self.scale

    def _log_prob(self, x: Any) -> Any:
        exponent = -0.5 * square(self._z(x))
        return exponent - (0.5 * math.log(2.0 * math.pi) + log(self.scale))

    def _log_cdf(self, x: Any) -> Any:
        return log_ndtr(self._z(x))

    def _cdf(self, x: Any) -> Any:
        return ndtr(self._z(x))

    def _log_survival_function(self, x: Any) -> Any:
        return log_ndtr(-self._z(x))

    def _survival_function(self, x: Any) -> Any:
        return ndtr(-self._z(x))

    def _quantile(self, p: Any) -> Any:
        z = op("Ndtri", x=p)
        with name_scope("reconstruct", values=[z]):
            return z * self.scale + self.loc

    def _entropy(self) -> Any:
        scale = self.scale * ones_like(self.loc)
        return 0.5 * math.log(2.0 * math.pi * math.e) + log(scale)

    def _mean(self) -> Any:
        return self.loc * ones_like(self.scale)

    _mode = _mean

    def _stddev(self) -> Any:
        return self.scale * ones_like(self.loc)


@export("contrib.distributions.NormalWithSoftplusScale")
class NormalWithSoftplusScale(Normal):
    """The normal distribution whose standard deviation is the softplus of what is given.

    Args:
        loc: Means.
        scale: What standard deviations are made of.
        validate_args: Whether to check at run time that they are positive.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.
    """

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "NormalWithSoftplusScale",
    ):  # fmt: skip
        given = dict(locals())
        with name_scope(name, values=[scale]) as scope:
            super().__init__(loc, softplus(scale, name="softplus_scale"), validate_args, allow_nan_stats, scope)
        self._parameters = {key: value for key, value in given.items() if key not in ("self", "__class__")}


@RegisterKL(Normal, Normal)
def _normal_from_normal(a: Normal, b: Normal, name: str | None = None) -> Any:
    with name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        one, two, half = (constant(number, dtype=a.dtype) for number in (1, 2, 0.5))
        of_a, of_b = square(a.scale), square(b.scale)
        ratio = of_a / of_b
        return op("SquaredDifference", x=a.loc, y=b.loc) / (two * of_b) + half * (ratio - one - log(ratio))


@export("distributions.Uniform", "contrib.distributions.Uniform")
class Uniform(_OfTwo):
    """All numbers of an interval, equally likely.

    Args:
        low: Where it begins.
        high: Where it ends.
        validate_args: Whether to check at run time that it is not empty.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.
    """

    _names = ("low", "high")

    def __init__(
        self, low: Any = 0.0, high: Any = 1.0, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "Uniform",
    ):  # fmt: skip
        given = dict(locals())
        message = "uniform not defined when low >= high."
        flags = validate_args, allow_nan_stats
        self._made(low, high, lambda: [assert_less(low, high, message=message)], name, given, flags)

    low = property(lambda self: self._pair[0])
    high = property(lambda self: self._pair[1])

    def range(self, name: str = "range") -> Any:
        """Return how long the interval is."""
        with self._scope(name):
            return self.high - self.low

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        numbers = random_uniform(self._shape_of(n), dtype=self.dtype, seed=seed)
        return self.low + self.range() * numbers

    def _prob(self, x: Any) -> Any:
        wide = x * ones(self.batch_shape_tensor(), dtype=dtype_of(x))
        unknown = UNARY["IsNan"](wide)
        outside = op("LogicalOr", x=wide < self.low, y=wide >= self.high)
        inside = where_v2(outside, zeros_like(wide), ones_like(wide) / self.range())
        return where_v2(unknown, wide, inside)

    def _cdf(self, x: Any) -> Any:
        shape = broadcast_dynamic_shape(shape_op(x), self.batch_shape_tensor())
        none, all_ = zeros(shape, dtype=self.dtype), ones(shape, dtype=self.dtype)
        wide = x * all_
        part = where_v2(wide < self.low, none, (wide - self.low) / self.range())
        return where_v2(x >= self.high, all_, part)

    def _entropy(self) -> Any:
        return log(self.range())

    def _mean(self) -> Any:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Any:
        return square(self.range()) / 12.0

    def _stddev(self) -> Any:
        return self.range() / math.sqrt(12.0)


@export("distributions.Laplace", "contrib.distributions.Laplace")
class Laplace(_OfTwo):
    """The Laplace distribution.

    Args:
        loc: Means.
        scale: How far numbers are from them on the average.
        validate_args: Whether to check at run time that they are positive.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.
    """

    _names = ("loc", "scale")

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Laplace"
    ):
        given = dict(locals())
        flags = validate_args, allow_nan_stats
        self._made(loc, scale, lambda: [assert_positive(scale)], name, given, flags)

    loc = property(lambda self: self._pair[0])
    scale = property(lambda self: self._pair[1])

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        kind = self.dtype.as_numpy_dtype
        # Not -1, whose logarithm below would be infinite.
        lowest = np.nextafter(kind(-1.0), kind(0.0))
        numbers = random_uniform(self._shape_of(n), lowest, 1.0, self.dtype, seed)
        return self.loc - self.scale * sign(numbers) * _log1p(-abs_(numbers))

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale

    def _log_prob(self, x: Any) -> Any:
        return -abs_(self._z(x)) - (math.log(2.0) + log(self.scale))

    def _cdf(self, x: Any) -> Any:
        z = self._z(x)
        return 0.5 + 0.5 * sign(z) * (1.0 - exp(-abs_(z)))

    def _entropy(self) -> Any:
        scale = self.scale + zeros_like(self.loc)
        return math.log(2.0) + 1.0 + log(scale)

    def _mean(self) -> Any:
        return self.loc + zeros_like(self.scale)

    _mode = _mean

    def _stddev(self) -> Any:
        return math.sqrt(2.0) * self.scale + zeros_like(self.loc)


@export("distributions.Gamma", "contrib.distributions.Gamma")
class Gamma(_OfTwo):
    """The gamma distribution.

    Args:
        concentration: Shape parameters.
        rate: Inverse scales.
        validate_args: Whether to check at run time that both are positive.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.
    """

    _names = ("concentration", "rate")

    def __init__(
        self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "Gamma",
    ):  # fmt: skip
        given = dict(locals())
        flags = validate_args, allow_nan_stats

        def checks() -> list[Any]:
            return [assert_positive(concentration), assert_positive(rate)]

        self._made(concentration, rate, checks, name, given, flags)

    concentration = property(lambda self: self._pair[0])
    rate = property(lambda self: self._pair[1])

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return random_gamma([n], self.concentration, self.rate, self.dtype, seed)

    def _valid(self, x: Any) -> Any:
        assert_same_float_dtype([x], self.dtype)
        return with_dependencies([assert_positive(x)], x) if self.validate_args else x

    def _log_prob(self, x: Any) -> Any:
        x = self._valid(x)
        density = op("Xlogy", x=self.concentration - 1.0, y=x) - self.rate * x
        return density - (lgamma(self.concentration) - self.concentration * log(self.rate))

    def _cdf(self, x: Any) -> Any:
        return op("Igamma", a=self.concentration, x=self.rate * self._valid(x))

    def _entropy(self) -> Any:
        a = self.concentration
        return a - log(self.rate) + lgamma(a) + (1.0 - a) * _digamma(a)

    def _mean(self) -> Any:
        return self.concentration / self.rate

    def _variance(self) -> Any:
        return self.concentration / square(self.rate)

    def _stddev(self) -> Any:
        return sqrt(self.concentration) / self.rate

    def _mode(self) -> Any:
        mode = (self.concentration - 1.0) / self.rate
        if self.allow_nan_stats:
            nan = fill(self.batch_shape_tensor(), self.dtype.as_numpy_dtype(np.nan), name="nan")
            return where_v2(self.concentration > 1.0, mode, nan)
        message = "mode not defined when any concentration <= 1"
        return with_dependencies([assert_less(ones([], self.dtype), self.concentration, message=message)], mode)


@RegisterKL(Gamma, Gamma)
def _gamma_from_gamma(a: Gamma, b: Gamma, name: str | None = None) -> Any:
    with name_scope(name, "kl_gamma_gamma", [a.concentration, a.rate, b.concentration, b.rate]):
        first = (a.concentration - b.concentration) * _digamma(a.concentration)
        shapes = first + lgamma(b.concentration) - lgamma(a.concentration)
        rates = shapes + b.concentration * log(a.rate) - b.concentration * log(b.rate)
        return rates + a.concentration * (b.rate / a.rate - 1.0)


@export("distributions.Exponential", "contrib.distributions.Exponential")
class Exponential(Gamma):
    """The exponential distribution.

    Args:
        rate: Inverse means.
        validate_args: Whether to check at run time that they are positive.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.
    """

    def __init__(self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Exponential"):
        given = dict(locals())
        with name_scope(name, values=[rate]) as scope:
            rates = convert_to_tensor(rate, name="rate")
        super().__init__(ones([], dtype=dtype_of(rates)), rates, validate_args, allow_nan_stats, scope)
        self._parameters = {key: value for key, value in given.items() if key not in ("self", "__class__")}

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        shape = concat([[n], shape_op(self.rate)], 0)
        kind = self.dtype.as_numpy_dtype
        # Not 0, whose logarithm is infinite.
        numbers = random_uniform(shape, np.finfo(kind).tiny, 1.0, self.dtype, seed)
        return -log(numbers) / self.rate
