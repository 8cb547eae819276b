"""Special functions over the array API's elementwise ones, for namespaces that have none.

Each is accurate to a few units of float64's last place (relative; `digamma` absolute beside its
zeros), and computes narrower floats in float64. The rational approximations are the published ones
of S. L. Moshier, *Methods and Programs for Mathematical Functions* (1989), the Cephes library; the
asymptotic series are Abramowitz and Stegun 6.1.40 and 6.3.18.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

# erf(x) = x T(x^2)/U(x^2) for |x| <= 1; erfc(x) = exp(-x^2) P(x)/Q(x) for 1 <= x < 8, R(x)/S(x) above.
_T = (9.60497373987051638749, 90.0260197203842689217, 2232.00534594684319226, 7003.32514112805075473,
      55592.3013010394962768)  # fmt: skip
_U = (1.0, 33.5617141647503099647, 521.357949780152679795, 4594.32382970980127987, 22629.0000613890934246,
      49267.3942608635921086)  # fmt: skip
_P = (2.46196981473530512524e-10, 0.564189564831068821977, 7.46321056442269912687, 48.6371970985681366614,
      196.520832956077098242, 526.445194995477358631, 934.528527171957607540, 1027.55188689515710272,
      557.535335369399327526)  # fmt: skip
_Q = (1.0, 13.2281951154744992508, 86.7072140885989742329, 354.937778887819891062, 975.708501743205489753,
      1823.90916687909736289, 2246.33760818710981792, 1656.66309194161350182, 557.535340817727675546)  # fmt: skip
_R = (0.564189583547755073984, 1.27536670759978104416, 5.01905042251180477414, 6.16021097993053585195,
      7.40974269950448939160, 2.97886665372100240670)  # fmt: skip
_S = (1.0, 2.26052863220117276590, 9.39603524938001434673, 12.0489539808096656605, 17.0814450747565897222,
      9.60896809063285878198, 3.36907645100081516050)  # fmt: skip

# log gamma(2 + e) / e: (-1)^n (zeta(n) - 1) / n, the highest first, then 1 - Euler's constant (A&S 6.1.33).
_NEAR_TWO = (
    1.330476437424449e-10, -2.7595228851242334e-10, 5.731367241678862e-10, -1.1921401405860912e-09,
    2.4836745438024785e-09, -5.183475041970047e-09, 1.0838659214896955e-08, -2.2711094608943164e-08,
    4.7698101693639804e-08, -1.0043224823968099e-07, 2.1207184805554665e-07, -4.492469198764566e-07,
    9.55141213040742e-07, -2.039215753801366e-06, 4.374866789907488e-06, -9.439488275268397e-06,
    2.050721277567069e-05, -4.492623673813314e-05, 9.945751278180853e-05, -0.00022315475845357939,
    0.0005096695247430425, -0.001192753911703261, 0.0028905103307415234, -0.007385551028673986,
    0.020580808427784546, -0.0673523010531981, 0.3224670334241132, 0.42278433509846713,
)  # fmt: skip
# The tail of Stirling's series.
_STIRLING = (8.11614167470508450300e-4, -5.95061904284301438324e-4, 7.93650340457716943945e-4,
             -2.77777777730099687205e-3, 8.33333333333331927722e-2)  # fmt: skip
_HALF_LOG_TWO_PI = 0.91893853320467274178
_PI = 3.14159265358979323846

#: Bernoulli's numbers over 2n, n = 1..8, the highest first.
_BERNOULLI = (-3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)

# The inverse of erf to 1e-7 (M. Giles, "Approximating the erfinv function", 2012), a start for Newton.
_CENTRE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
           -0.00417768164, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
         0.00943887047, 1.00167406, 2.83297682)  # fmt: skip
_ROOT_PI_OVER_TWO = 0.88622692545275801365


def _wide(function: Callable) -> Callable:
    """Compute in float64, and come back."""

    @wraps(function)
    def computed(k: Any, x: Any) -> Any:
        dtype = k.dtype(x)
        return function(k, x) if dtype == "float64" else k.astype(function(k, k.astype(x, "float64")), dtype)

    return computed


def _polynomial(k: Any, x: Any, coefficients: Sequence[float]) -> Any:
    total = k.add(k.multiply(x, coefficients[0]), coefficients[1])
    for coefficient in coefficients[2:]:
        total = k.add(k.multiply(total, x), coefficient)
    return total


def _ratio(k: Any, x: Any, above: Sequence[float], below: Sequence[float]) -> Any:
    return k.divide(_polynomial(k, x, above), _polynomial(k, x, below))


def _exp_minus_square(k: Any, x: Any) -> Any:
    """Return `exp(-x**2)`; the square of `x` alone would lose the last digits that the result shows."""
    high = k.divide(k.round(k.multiply(x, 1024.0)), 1024.0)  # its square is exact
    low = k.multiply(k.subtract(x, high), k.add(x, high))
    return k.multiply(k.exp(k.negative(k.square(high))), k.exp(k.negative(low)))


def _erf_near(k: Any, x: Any) -> Any:
    x = k.clip(x, -1.0, 1.0)
    return k.multiply(x, _ratio(k, k.square(x), _T, _U))


def _erfc_far(k: Any, x: Any) -> Any:
    """Return erfc of `x` >= 1."""
    x = k.clip(x, 1.0, 30.0)
    tail = k.where(k.less(x, 8.0), _ratio(k, k.minimum(x, 8.0), _P, _Q), _ratio(k, k.maximum(x, 8.0), _R, _S))
    return k.multiply(_exp_minus_square(k, x), tail)


@_wide
def erf(k: Any, x: Any) -> Any:
    """Return the error function."""
    size = k.abs(x)
    far = k.multiply(k.sign(x), k.subtract(1.0, _erfc_far(k, size)))
    return k.where(k.isnan(x), x, k.where(k.less_equal(size, 1.0), _erf_near(k, x), far))


@_wide
def erfc(k: Any, x: Any) -> Any:
    """Return 1 - erf(x), with all digits where that is small."""
    far = _erfc_far(k, k.abs(x))
    far = k.where(k.less(x, 0.0), k.subtract(2.0, far), far)
    return k.where(k.isnan(x), x, k.where(k.less_equal(k.abs(x), 1.0), k.subtract(1.0, _erf_near(k, x)), far))


@_wide
def erfinv(k: Any, x: Any) -> Any:
    """Return the inverse of erf: infinite at -1 and 1, nan outside."""
    size = k.abs(x)
    inside = k.less(size, 1.0)
    safe = k.where(inside, size, k.zeros_like(x))
    rest = k.subtract(1.0, safe)
    w = k.negative(k.add(k.log(rest), k.log1p(safe)))
    centre = _polynomial(k, k.subtract(k.minimum(w, 5.0), 2.5), _CENTRE)
    tail = _polynomial(k, k.subtract(k.sqrt(k.maximum(w, 5.0)), 3.0), _TAIL)
    y = k.multiply(k.where(k.less(w, 5.0), centre, tail), safe)
    # erfc(y) is about exp(-y^2) / (y sqrt(pi)); Giles's fit ends where float32 does.
    log = k.negative(k.log(k.multiply(rest, 2.0 * _ROOT_PI_OVER_TWO)))
    far = k.maximum(log, 8.0)
    y = k.where(k.less(w, 15.0), y, k.sqrt(k.subtract(far, k.multiply(k.log(far), 0.5))))
    for _ in range(3):
        # The difference from the target is taken on the side where it has digits.
        off = k.where(k.less(safe, 0.5), k.subtract(erf(k, y), safe), k.subtract(rest, erfc(k, y)))
        step = k.multiply(off, k.multiply(k.exp(k.square(y)), _ROOT_PI_OVER_TWO))
        y = k.subtract(y, k.divide(step, k.add(1.0, k.multiply(y, step))))  # Halley's
    edge = k.where(k.equal(size, 1.0), k.full(k.shape(x), float("inf"), "float64"), k.subtract(x, x))
    outside = k.where(k.greater(size, 1.0), k.full(k.shape(x), float("nan"), "float64"), edge)
    y = k.where(inside, y, outside)
    return k.where(k.less(x, 0.0), k.negative(y), y)


@_wide
def lgamma(k: Any, x: Any) -> Any:
    """Return the logarithm of the absolute value of gamma: infinite at 0, -1, -2, ..."""
    positive = k.where(k.less(x, 0.5), k.subtract(1.0, x), x)
    right = _lgamma_right(k, positive)
    # Gamma(x) Gamma(1 - x) = pi / sin(pi x); the sine of the distance to the nearest integer has its digits.
    distance = k.abs(k.subtract(x, k.round(x)))
    sine = k.abs(k.sin(k.multiply(distance, _PI)))
    left = k.subtract(k.log(k.divide(_PI, sine)), right)
    # Beside 0 the reflection would cancel; there Gamma(x) = Gamma(1 + x) / x.
    small = k.less(k.abs(x), 0.5)
    near = k.where(small, x, k.zeros_like(x))
    left = k.where(small, k.subtract(_lgamma_right(k, k.add(near, 1.0), near), k.log(k.abs(near))), left)
    result = k.where(k.less(x, 0.5), left, right)
    infinite = k.logical_or(k.isinf(x), k.logical_and(k.less_equal(x, 0.0), k.equal(distance, 0.0)))
    return k.where(infinite, k.full(k.shape(x), float("inf"), "float64"), result)


def _lgamma_right(k: Any, x: Any, excess: Any = None) -> Any:
    """Return log gamma of `x` >= 0.5; `excess` is `x - 1`, where it is known better than by `x`."""
    large = k.maximum(x, 13.0)
    inverse = k.reciprocal(large)
    series = k.multiply(_polynomial(k, k.square(inverse), _STIRLING), inverse)
    stirling = k.subtract(k.multiply(k.subtract(large, 0.5), k.log(large)), large)
    stirling = k.add(stirling, k.add(series, _HALF_LOG_TWO_PI))
    # Gamma(x) = (x - 1) Gamma(x - 1), down to 1.5 <= x < 2.5.
    reduced, product = k.clip(x, 1.5, 13.0), k.ones_like(x)
    for _ in range(11):
        above = k.greater_equal(reduced, 2.5)
        reduced = k.where(above, k.subtract(reduced, 1.0), reduced)
        product = k.where(above, k.multiply(product, reduced), product)
    middle = k.add(k.log(product), _near_two(k, k.subtract(reduced, 2.0)))
    # Gamma(x) = Gamma(x + 1) / x, whose logarithm has its digits beside 1.
    e = k.clip(k.subtract(x, 1.0) if excess is None else excess, -0.5, 0.5)
    low = k.subtract(_near_two(k, e), k.log1p(e))
    return k.where(k.less(x, 1.5), low, k.where(k.less(x, 13.0), middle, stirling))


def _near_two(k: Any, e: Any) -> Any:
    return k.multiply(e, _polynomial(k, e, _NEAR_TWO))


@_wide
def digamma(k: Any, x: Any) -> Any:
    """Return the derivative of log gamma: nan at 0, -1, -2, ..."""
    mirrored = k.less(x, 0.5)
    y = k.where(mirrored, k.subtract(1.0, x), x)
    shift = k.zeros_like(x)
    for _ in range(10):
        small = k.less(y, 10.0)
        shift = k.where(small, k.add(shift, k.reciprocal(y)), shift)
        y = k.where(small, k.add(y, 1.0), y)
    inverse = k.reciprocal(k.square(y))
    series = k.multiply(_polynomial(k, inverse, _BERNOULLI), inverse)
    psi = k.subtract(k.subtract(k.subtract(k.log(y), k.divide(0.5, y)), series), shift)
    fraction = k.subtract(x, k.round(x))  # tan(pi x) has the period 1
    pole = k.logical_and(k.less_equal(x, 0.0), k.equal(fraction, 0.0))
    tangent = k.tan(k.multiply(k.where(pole, k.ones_like(x), fraction), _PI))
    safe = k.where(k.equal(tangent, 0.0), k.ones_like(x), tangent)
    psi = k.where(mirrored, k.subtract(psi, k.divide(_PI, safe)), psi)
    return k.where(pole, k.full(k.shape(x), float("nan"), "float64"), psi)
