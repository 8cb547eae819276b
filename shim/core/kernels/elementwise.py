"""Arithmetic, comparison, logic and special functions, element by element."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import broadcast_shape, same_shape
from onevar.core.kernel import elementwise, kernel
from onevar.core.spec import Shape, Spec

elementwise(
    {
        "Abs": "abs",
        "Acos": "acos",
        "Acosh": "acosh",
        "Asin": "asin",
        "Asinh": "asinh",
        "Atan": "atan",
        "Atanh": "atanh",
        "Ceil": "ceil",
        "ComplexAbs": "abs",
        "Conj": "conj",
        "Cos": "cos",
        "Cosh": "cosh",
        "Digamma": "digamma",
        "Erf": "erf",
        "Erfc": "erfc",
        "Erfinv": "erfinv",
        "Exp": "exp",
        "Expm1": "expm1",
        "Floor": "floor",
        "Imag": "imag",
        "Inv": "reciprocal",
        "Invert": "bitwise_invert",
        "IsFinite": "isfinite",
        "IsInf": "isinf",
        "IsNan": "isnan",
        "Lgamma": "lgamma",
        "Log": "log",
        "Log1p": "log1p",
        "LogicalNot": "logical_not",
        "Neg": "negative",
        "Real": "real",
        "Reciprocal": "reciprocal",
        "Rint": "round",
        "Round": "round",
        "Rsqrt": "rsqrt",
        "Sigmoid": "sigmoid",
        "Sign": "sign",
        "Sin": "sin",
        "Sinh": "sinh",
        "Sqrt": "sqrt",
        "Square": "square",
        "StopGradient": "stop_gradient",
        "PreventGradient": "stop_gradient",
        "Tan": "tan",
        "Tanh": "tanh",
    }
)
elementwise(
    {
        "Add": "add",
        "AddV2": "add",
        "Atan2": "atan2",
        "BitwiseAnd": "bitwise_and",
        "BitwiseOr": "bitwise_or",
        "BitwiseXor": "bitwise_xor",
        "FloorDiv": "floor_divide",
        "FloorMod": "remainder",
        "Greater": "greater",
        "GreaterEqual": "greater_equal",
        "Less": "less",
        "LessEqual": "less_equal",
        "LogicalAnd": "logical_and",
        "LogicalOr": "logical_or",
        "Mul": "multiply",
        "NextAfter": "nextafter",
        "Pow": "pow",
        "RealDiv": "divide",
        "Sub": "subtract",
        "SelectV2": "where",
    }
)


def _is_float(k: Any, x: Any) -> bool:
    return "float" in k.dtype(x) or "complex" in k.dtype(x)


@kernel("Equal", infer=broadcast_shape)
def _equal(k: Any, x: Any, y: Any) -> Any:
    return k.equal(x, y)


@kernel("NotEqual", infer=broadcast_shape)
def _not_equal(k: Any, x: Any, y: Any) -> Any:
    return k.not_equal(x, y)


@kernel("Maximum", infer=broadcast_shape)
def _maximum(k: Any, x: Any, y: Any) -> Any:
    return _first_of_equals(k, k.maximum, k.greater_equal, x, y)


@kernel("Minimum", infer=broadcast_shape)
def _minimum(k: Any, x: Any, y: Any) -> Any:
    return _first_of_equals(k, k.minimum, k.less_equal, x, y)


def _first_of_equals(k: Any, function: Callable, wins: Callable, x: Any, y: Any) -> Any:
    """`function(x, y)`, of which `x` gets all of the gradient where the two are equal (others would halve it)."""
    if k.name == "numpy" or not _is_float(k, x):
        return function(x, y)
    return k.where(k.logical_or(wins(x, y), k.isnan(x)), x, y)


@kernel("ApproximateEqual")
def _approximate_equal(k: Any, x: Any, y: Any, *, tolerance: float) -> Any:
    return k.less(k.abs(k.subtract(x, y)), tolerance)


@kernel("Div", "TruncateDiv")
def _truncate_div(k: Any, x: Any, y: Any) -> Any:
    if _is_float(k, x):
        return k.divide(x, y)
    down = k.floor_divide(x, y)
    if k.dtype(x).startswith("uint"):
        return down
    # Towards zero, as C does: one more where it is not exact and the signs differ.
    inexact = k.not_equal(k.multiply(down, y), x)
    up = k.logical_and(inexact, k.logical_xor(k.less(x, 0), k.less(y, 0)))
    return k.add(down, k.astype(up, k.dtype(x)))


@kernel("Mod", "TruncateMod")
def _truncate_mod(k: Any, x: Any, y: Any) -> Any:
    if k.dtype(x).startswith("uint"):
        return k.remainder(x, y)
    rest = k.remainder(k.abs(x), k.abs(y))
    return k.where(k.less(x, 0), k.negative(rest), rest)


@kernel("DivNoNan")
def _div_no_nan(k: Any, x: Any, y: Any) -> Any:
    zero = k.equal(y, 0)
    return _zero_where(k, zero, k.divide(x, _one_where(k, zero, y)))


@kernel("MulNoNan")
def _mul_no_nan(k: Any, x: Any, y: Any) -> Any:
    return _zero_where(k, k.equal(y, 0), k.multiply(x, y))


@kernel("Xdivy")
def _xdivy(k: Any, x: Any, y: Any) -> Any:
    zero = k.equal(x, 0)
    return _zero_where(k, zero, k.divide(x, _one_where(k, zero, y)))


@kernel("Xlogy")
def _xlogy(k: Any, x: Any, y: Any) -> Any:
    zero = k.equal(x, 0)
    return _zero_where(k, zero, k.multiply(x, k.log(_one_where(k, zero, y))))


@kernel("Xlog1py")
def _xlog1py(k: Any, x: Any, y: Any) -> Any:
    zero = k.equal(x, 0)
    return _zero_where(k, zero, k.multiply(x, k.log1p(_zero_where(k, zero, y))))


# Values are also masked before a function that may be infinite there: else its gradient would be 0 * inf.
def _zero_where(k: Any, condition: Any, x: Any) -> Any:
    return k.where(condition, k.zeros_like(x), x)


def _one_where(k: Any, condition: Any, x: Any) -> Any:
    return k.where(condition, k.ones_like(x), x)


@kernel("SquaredDifference")
def _squared_difference(k: Any, x: Any, y: Any) -> Any:
    difference = k.subtract(x, y)
    if "complex" in k.dtype(x):
        return k.multiply(difference, k.conj(difference))
    return k.square(difference)


_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}


@kernel("LeftShift")
def _left_shift(k: Any, x: Any, y: Any) -> Any:
    return k.bitwise_left_shift(x, k.clip(y, 0, _BITS[k.dtype(x)] - 1))


@kernel("RightShift")
def _right_shift(k: Any, x: Any, y: Any) -> Any:
    return k.bitwise_right_shift(x, k.clip(y, 0, _BITS[k.dtype(x)] - 1))


@kernel("Angle", infer=broadcast_shape)
def _angle(k: Any, x: Any) -> Any:
    return k.atan2(k.imag(x), k.real(x))


@kernel("Complex", infer=broadcast_shape)
def _complex(k: Any, re: Any, im: Any) -> Any:
    return k.complex(re, im)


@kernel("Ndtri")
def _ndtri(k: Any, x: Any) -> Any:
    return k.multiply(k.erfinv(k.subtract(k.multiply(x, 2), 1)), 2**0.5)


@kernel("PopulationCount")
def _population_count(k: Any, x: Any) -> Any:
    bits = _BITS[k.dtype(x)]
    one = k.ones_like(x)
    counts = [k.bitwise_and(k.bitwise_right_shift(x, k.multiply(one, n)), one) for n in range(bits)]
    total = counts[0]
    for count in counts[1:]:
        total = k.add(total, count)
    return k.astype(total, "uint8")


@kernel("PlaceholderWithDefault", infer=lambda x, *, shape: shape)
@kernel("Identity", "Snapshot", "DeepCopy", infer=same_shape)
def _identity(k: Any, x: Any) -> Any:
    return x


@kernel("IdentityN")
def _identity_n(k: Any, xs: list[Any]) -> Any:
    return xs


@kernel("Cast", infer=broadcast_shape)
def _cast(k: Any, x: Any, *, DstT: str) -> Any:  # noqa: N803 (TensorFlow's name)
    if "complex" in k.dtype(x) and "complex" not in DstT:
        x = k.real(x)
    return k.astype(x, DstT)


@kernel("Bitcast")
def _bitcast(k: Any, x: Any, *, type: str) -> Any:
    return k.bitcast(x, type)


def _summed_shape(xs: list[Spec]) -> Shape:
    return rules.merge_all([x.shape for x in xs])


def _accumulated_shape(xs: list[Spec], *, shape: Shape) -> Shape:
    return rules.merge(_summed_shape(xs), shape)


@kernel("AccumulateNV2", infer=_accumulated_shape)
@kernel("AddN", infer=_summed_shape)
def _add_n(k: Any, xs: list[Any]) -> Any:
    total = xs[0]
    for x in xs[1:]:
        total = k.add(total, x)
    return total


@kernel("ClipByValue")
def _clip_by_value(k: Any, x: Any, low: Any, high: Any) -> Any:
    # Not minimum and maximum: at a bound the gradient goes to `x`, all of it.
    return k.where(k.less(x, low), low, k.where(k.greater(x, high), high, x))


@kernel("ZerosLike", infer=broadcast_shape)
def _zeros_like(k: Any, x: Any) -> Any:
    return np.full(x.shape, b"", object) if _is_text(x) else k.zeros_like(x)


@kernel("OnesLike")
def _ones_like(k: Any, x: Any) -> Any:
    return k.ones_like(x)


def _is_text(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == object
