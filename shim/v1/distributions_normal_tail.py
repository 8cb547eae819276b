"""The normal distribution's function and its logarithm, to all digits far out."""

import math
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import constant, zeros_like
from onevar.v1.array_ops_index import where_v2
from onevar.v1.common import dtype_of
from onevar.v1.math_ops_elementwise import UNARY, abs_, log, maximum, minimum, square

_erf, _erfc = UNARY["Erf"], UNARY["Erfc"]
#: Below the first the logarithm comes from the expansion at infinity; above the second it is nearly zero.
_ENDS = {dtypes.float64: (-20.0, 8.0), dtypes.float32: (-10.0, 5.0)}


def ndtr(x: Any) -> Any:
    """Return the probability that a standard normal number is less than `x`.

    Args:
        x: A tensor of float32 or float64.
    """
    with name_scope("ndtr", values=[x]):
        x = convert_to_tensor(x, name="x")
        return _plain(x)


def _plain(x: Any) -> Any:
    root = constant(0.5 * math.sqrt(2.0), dtype=dtype_of(x), name="half_sqrt_2")
    w = x * root
    z = abs_(w)
    near, middle = z < root, 1.0 + _erf(w)
    right = w > 0.0
    return 0.5 * where_v2(near, middle, where_v2(right, 2.0 - _erfc(z), _erfc(z)))


def log_ndtr(x: Any, series_order: int = 3) -> Any:
    """Return the logarithm of `ndtr(x)`.

    Args:
        x: A tensor of float32 or float64.
        series_order: How many terms of the expansion at minus infinity.

    Raises:
        TypeError: `x` is of another dtype.
    """
    with name_scope("log_ndtr", values=[x]):
        x = convert_to_tensor(x, name="x")
        if dtype_of(x) not in _ENDS:
            raise TypeError(f"x.dtype={dtype_of(x)} is not supported.")
        lower, upper = _ENDS[dtype_of(x)]
        above, high = x > upper, -_plain(-x)
        inside, middle = x > lower, log(_plain(maximum(x, lower)))
        return where_v2(above, high, where_v2(inside, middle, _far(minimum(x, lower), series_order)))


def _far(x: Any, order: int) -> Any:
    squared = square(x)
    log_scale = -0.5 * squared - log(-x) - 0.5 * math.log(2.0 * math.pi)
    squared = power = square(x)
    even, odd = zeros_like(x), zeros_like(x)
    factor = 1.0
    for n in range(1, order + 1):
        factor *= 2 * n - 1
        term = factor / power
        even, odd = (even, odd + term) if n % 2 else (even + term, odd)
        power = power * squared
    return log_scale + log(1.0 + even - odd)
