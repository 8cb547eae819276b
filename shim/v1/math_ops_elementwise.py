"""Element by element: arithmetic, comparison, logic, casts, complex and special functions."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Tensor
from onevar.v1.array_ops_create import constant, ones_like, zeros_like
from onevar.v1.array_ops_index import where
from onevar.v1.common import binary, dtype_of, is_tensor, same_type, shape_of, unary
from onevar.v1.export import export
from onevar.v1.sparse_types import SparseTensor

# Functions that are one op, `(x, name=None)`.
_UNARY = {
    "Acos": "acos math.acos", "Acosh": "acosh math.acosh", "Asin": "asin math.asin", "Asinh": "asinh math.asinh",
    "Atan": "atan math.atan", "Atanh": "atanh math.atanh", "Ceil": "ceil math.ceil", "Cos": "cos math.cos",
    "Cosh": "cosh math.cosh", "Digamma": "digamma math.digamma", "Erf": "erf math.erf", "Erfc": "erfc math.erfc",
    "Exp": "exp math.exp", "Expm1": "expm1 math.expm1", "Floor": "floor math.floor",
    "Invert": "bitwise.invert", "IsFinite": "is_finite math.is_finite debugging.is_finite",
    "IsInf": "is_inf math.is_inf debugging.is_inf", "IsNan": "is_nan math.is_nan debugging.is_nan",
    "Lgamma": "lgamma math.lgamma", "Log": "log math.log", "Log1p": "log1p math.log1p",
    "LogicalNot": "logical_not math.logical_not", "Neg": "negative math.negative",
    "Reciprocal": "reciprocal math.reciprocal", "Rint": "rint math.rint", "Rsqrt": "rsqrt math.rsqrt",
    "Sigmoid": "sigmoid nn.sigmoid math.sigmoid", "Sin": "sin math.sin", "Sinh": "sinh math.sinh",
    "Sqrt": "sqrt math.sqrt", "Square": "square math.square", "Tan": "tan math.tan",
    "Tanh": "tanh math.tanh nn.tanh",
}  # fmt: skip

# And `(x, y, name=None)`.
_BINARY = {
    "BitwiseAnd": "bitwise.bitwise_and", "BitwiseOr": "bitwise.bitwise_or", "BitwiseXor": "bitwise.bitwise_xor",
    "Equal": "equal math.equal", "FloorDiv": "floor_div", "FloorMod": "mod floormod math.mod math.floormod",
    "Greater": "greater math.greater", "GreaterEqual": "greater_equal math.greater_equal",
    "LeftShift": "bitwise.left_shift", "Less": "less math.less", "LessEqual": "less_equal math.less_equal",
    "LogicalAnd": "logical_and math.logical_and", "LogicalOr": "logical_or math.logical_or",
    "Maximum": "maximum math.maximum", "Minimum": "minimum math.minimum", "Mul": "multiply math.multiply",
    "NotEqual": "not_equal math.not_equal", "Pow": "pow math.pow", "RealDiv": "realdiv",
    "RightShift": "bitwise.right_shift", "SquaredDifference": "squared_difference math.squared_difference",
    "Sub": "subtract math.subtract", "TruncateDiv": "truncatediv", "TruncateMod": "truncatemod",
    "Xlogy": "math.xlogy",
}  # fmt: skip

UNARY = {op_type: unary(op_type, *names.split()) for op_type, names in _UNARY.items()}
BINARY = {op_type: binary(op_type, *names.split()) for op_type, names in _BINARY.items()}

exp, log, sqrt, square, negative, lgamma = (UNARY[t] for t in ("Exp", "Log", "Sqrt", "Square", "Neg", "Lgamma"))
maximum, minimum, subtract, multiply, pow_ = (BINARY[t] for t in ("Maximum", "Minimum", "Sub", "Mul", "Pow"))
equal, not_equal, less = (BINARY[t] for t in ("Equal", "NotEqual", "Less"))


def _scoped_unary(op_type: str, scope: str, *names: str) -> None:
    """A function whose op keeps its own name inside a scope."""

    def function(x: Any, name: str | None = None) -> Any:
        with name_scope(name, scope, [x]):
            return op(op_type, x=x)

    function.__name__ = function.__qualname__ = scope
    function.__doc__ = f"TensorFlow's op `{op_type}`: see `tf.{names[0]}` in TensorFlow's documentation."
    export(*names)(function)


for _name in ("erfinv", "ndtri"):
    _scoped_unary(_name.capitalize(), _name, f"math.{_name}")
for _name in ("i0", "i0e", "i1", "i1e"):
    _kind = _name.replace("i", "I")
    _scoped_unary(f"Bessel{_kind}", f"bessel_{_name}", f"math.bessel_{_name}", f"math.special.bessel_{_name}")


def _scoped_binary(op_type: str, scope: str, *names: str) -> None:
    def function(x: Any, y: Any, name: str | None = None) -> Any:
        with name_scope(name, scope, [x]):
            return op(op_type, x=x, y=y)

    function.__name__ = function.__qualname__ = scope
    function.__doc__ = f"TensorFlow's op `{op_type}`: see `tf.{names[0]}` in TensorFlow's documentation."
    export(*names)(function)


for _name in ("xdivy", "xlog1py"):
    _scoped_binary(_name.capitalize(), _name, f"math.{_name}")


@export("atan2", "math.atan2")
def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """Return the angle of the point `(x, y)`; see `tf.math.atan2`."""
    return op("Atan2", y=y, x=x, name=name)


@export("igamma", "math.igamma")
def igamma(a: Any, x: Any, name: str | None = None) -> Any:
    """Return the lower regularized incomplete gamma function; see `tf.math.igamma`."""
    return op("Igamma", a=a, x=x, name=name)


@export("igammac", "math.igammac")
def igammac(a: Any, x: Any, name: str | None = None) -> Any:
    """Return the upper regularized incomplete gamma function; see `tf.math.igammac`."""
    return op("Igammac", a=a, x=x, name=name)


@export("polygamma", "math.polygamma")
def polygamma(a: Any, x: Any, name: str | None = None) -> Any:
    """Return a derivative of the digamma function; see `tf.math.polygamma`."""
    return op("Polygamma", a=a, x=x, name=name)


@export("zeta", "math.zeta")
def zeta(x: Any, q: Any, name: str | None = None) -> Any:
    """Return the Hurwitz zeta function; see `tf.math.zeta`."""
    return op("Zeta", x=x, q=q, name=name)


@export("betainc", "math.betainc")
def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Any:
    """Return the regularized incomplete beta function; see `tf.math.betainc`."""
    return op("Betainc", a=a, b=b, x=x, name=name)


@export("math.nextafter")
def next_after(x1: Any, x2: Any, name: str | None = None) -> Any:
    """Return the float next to `x1` in the direction of `x2`; see `tf.math.nextafter`."""
    return op("NextAfter", x1=x1, x2=x2, name=name)


@export("nn.softplus", "math.softplus")
def softplus(features: Any, name: str | None = None) -> Any:
    """Return `log(exp(features) + 1)`; see `tf.math.softplus`."""
    return op("Softplus", features=features, name=name)


@export("nn.softsign", "math.softsign")
def softsign(features: Any, name: str | None = None) -> Any:
    """Return `features / (abs(features) + 1)`; see `tf.nn.softsign`."""
    return op("Softsign", features=features, name=name)


@export("log_sigmoid", "math.log_sigmoid")
def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """Return the logarithm of the sigmoid; see `tf.math.log_sigmoid`."""
    with name_scope(name, "LogSigmoid", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return op("Neg", x=op("Softplus", features=op("Neg", x=x)), name=scope)


@export("abs", "math.abs")
def abs_(x: Any, name: str | None = None) -> Any:
    """Return the absolute value; see `tf.math.abs`."""
    if isinstance(x, SparseTensor):
        return x.with_values(abs_(x.values, get_default_graph().unique_name(name or "Abs")))
    with name_scope(name, "Abs", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        kind = dtype_of(x)
        if kind.is_complex:
            return op("ComplexAbs", x=x, Tout=kind.real_dtype, name=scope)
        return op("Abs", x=x, name=scope)


@export("sign", "math.sign")
def sign(x: Any, name: str | None = None) -> Any:
    """Return -1, 0 or 1 by the sign; see `tf.math.sign`."""
    if isinstance(x, SparseTensor):
        return x.with_values(sign(x.values, name))
    x = convert_to_tensor(x)
    kind = dtype_of(x)
    if kind.is_complex:
        size = op("Cast", x=op("ComplexAbs", x=x, Tout=kind.real_dtype), DstT=kind)
        return op("DivNoNan", x=x, y=size, name=name)
    return op("Sign", x=x, name=name)


@export("round", "math.round")
def round_(x: Any, name: str | None = None) -> Any:
    """Return the nearest integer, halves to even; see `tf.math.round`."""
    x = convert_to_tensor(x, name="x")
    return x if dtype_of(x).is_integer else op("Round", x=x, name=name)


@export("add", "math.add")
def add(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the sum; of strings, one after the other; see `tf.math.add`."""
    if not (isinstance(x, Tensor) and isinstance(y, Tensor)):
        with name_scope(name, "Add", [x]) as scope:
            x, y = same_type(x, y)
            return op("Add" if dtype_of(x) is dtypes.string else "AddV2", x=x, y=y, name=scope)
    return op("Add" if x.dtype.base_dtype is dtypes.string else "AddV2", x=x, y=y, name=name or "Add")


@export("scalar_mul", "math.scalar_mul")
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """Return a tensor, or `IndexedSlices`, times a scalar; see `tf.compat.v1.scalar_mul`.

    Raises:
        ValueError: The scalar is none.
    """
    scalar = convert_to_tensor(scalar, dtype=dtype_of(x), name="scalar")
    shape = shape_of(scalar)
    if shape.rank != 0:
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {shape}.")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(op("Mul", x=scalar, y=x.values, name=name), x.indices, x.dense_shape)
    return op("Mul", x=scalar, y=x, name=name)


_DIVIDED_AS: dict[DType, DType | None] = {
    dtypes.uint8: dtypes.float32, dtypes.int8: dtypes.float32, dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32, dtypes.uint32: dtypes.float64, dtypes.int32: dtypes.float64,
    dtypes.uint64: dtypes.float64, dtypes.int64: dtypes.float64, dtypes.bfloat16: None, dtypes.float16: None,
    dtypes.float32: None, dtypes.float64: None, dtypes.complex64: None, dtypes.complex128: None,
}  # fmt: skip


def _divisible(x: Any, y: Any, where_: str) -> tuple[Any, Any]:
    """Both as floats that can be divided, by TensorFlow's table."""
    kind, other = dtype_of(x), dtype_of(y)
    if kind is not other:
        raise TypeError(f"`x` and `y` must have the same dtype, got {kind!r} != {other!r}.")
    if kind not in _DIVIDED_AS:
        expected = ", ".join(repr(d) for d in _DIVIDED_AS)
        raise TypeError(f"Invalid dtype {kind!r} in {where_}. Expected one of {{{expected}}}.")
    wanted = _DIVIDED_AS[kind]
    return (x, y) if wanted is None else (cast(x, wanted), cast(y, wanted))


@export("truediv", "math.truediv")
def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the quotient, of integers as floats; see `tf.math.truediv`.

    Raises:
        TypeError: The dtypes differ, or cannot be divided.
    """
    with name_scope(name, "truediv", [x, y]) as scope:
        x, y = same_type(x, y)
        x, y = _divisible(x, y, "__truediv__")
        return op("RealDiv", x=x, y=y, name=scope)


@export("divide", "math.divide")
def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """Return `x / y` as Python 3 means it; see `tf.math.divide`."""
    if name is not None:
        return truediv(x, y, name)
    if not is_tensor(x):
        x = convert_to_tensor(x, dtype=dtype_of(y) if is_tensor(y) else None)
    return x / y


@export("div")
def div(x: Any, y: Any, name: str | None = None) -> Any:
    """Return `x / y` as Python 2 means it: of integers, rounded down; see `tf.compat.v1.div`."""
    with name_scope(name, "div", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        kind = dtype_of(x)
        y = convert_to_tensor(y, name="y", dtype=kind)
        return op("RealDiv" if kind.is_floating or kind.is_complex else "FloorDiv", x=x, y=y, name=scope)


@export("floordiv", "math.floordiv")
def floordiv(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the quotient, rounded down; see `tf.math.floordiv`."""
    return op("FloorDiv", x=x, y=y, name=name or "floordiv")


@export("div_no_nan", "math.divide_no_nan")
def div_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the quotient, and 0 where `y` is 0; see `tf.math.divide_no_nan`.

    Raises:
        TypeError: The dtypes differ, or cannot be divided.
    """
    with name_scope(name, "div_no_nan", [x, y]) as scope:
        if not is_tensor(x) and is_tensor(y):
            y = convert_to_tensor(y, name="y")
            x = convert_to_tensor(x, dtype=dtype_of(y), name="x")
        else:
            x, y = same_type(x, y)
        x, y = _divisible(x, y, "tf.math.divide_no_nan")
        return op("DivNoNan", x=x, y=y, name=scope)


@export("math.multiply_no_nan")
def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the product, and 0 where `y` is 0; see `tf.math.multiply_no_nan`."""
    with name_scope(name, "multiply_no_nan", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=dtype_of(x))
        return op("MulNoNan", x=x, y=y, name=scope)


@export("math.reciprocal_no_nan")
def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """Return `1 / x`, and 0 where `x` is 0; see `tf.math.reciprocal_no_nan`."""
    with name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return op("DivNoNan", x=constant(1, dtype=dtype_of(x), name="one"), y=x, name=scope)


@export("math.erfcinv")
def erfcinv(x: Any, name: str | None = None) -> Any:
    """Return the inverse of `erfc`; see `tf.math.erfcinv`."""
    with name_scope(name, "erfcinv", [x]):
        x = convert_to_tensor(x, name="start")
        with name_scope(None, "ndtri", [x]):
            inner = op("Ndtri", x=0.5 * x)
        return -inner * np.sqrt(0.5)


@export("logical_xor", "math.logical_xor")
def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Any:
    """Return whether exactly one holds; see `tf.math.logical_xor`."""
    either = op("LogicalOr", x=x, y=y)
    not_both = op("LogicalNot", x=op("LogicalAnd", x=x, y=y))
    return op("LogicalAnd", x=either, y=not_both, name=name)


@export("cast", "dtypes.cast")
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Return a tensor of another dtype; see `tf.cast`."""
    wanted = as_dtype(dtype).base_dtype
    if isinstance(x, Tensor):
        if x.dtype is wanted:
            return x
        if x.dtype.base_dtype is not wanted:
            return op("Cast", x=x, DstT=wanted, name=name)
    elif hasattr(x, "_dense_var_to_tensor") and x.dtype is wanted:  # a resource variable, not yet read
        return x
    with name_scope(name, "Cast", [x]) as scope:
        if isinstance(x, SparseTensor):
            return SparseTensor(x.indices, cast(x.values, wanted, scope), x.dense_shape)
        if isinstance(x, IndexedSlices):
            return IndexedSlices(cast(x.values, wanted, scope), x.indices, x.dense_shape)
        x = convert_to_tensor(x, name="x")
        return x if dtype_of(x) is wanted else op("Cast", x=x, DstT=wanted, name=scope)


def _to(dtype: DType, function_name: str, default: str) -> None:
    def function(x: Any, name: str = default) -> Any:
        return cast(x, dtype, name)

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"Return a tensor as {dtype.name}; see `tf.cast`."
    export(function_name)(function)


for _dtype, _name, _default in (
    (dtypes.float32, "to_float", "ToFloat"), (dtypes.float64, "to_double", "ToDouble"),
    (dtypes.int32, "to_int32", "ToInt32"), (dtypes.int64, "to_int64", "ToInt64"),
    (dtypes.bfloat16, "to_bfloat16", "ToBFloat16"), (dtypes.complex64, "to_complex64", "ToComplex64"),
    (dtypes.complex128, "to_complex128", "ToComplex128"),
):  # fmt: skip
    _to(_dtype, _name, _default)


@export("complex", "dtypes.complex")
def complex_(real: Any, imag: Any, name: str | None = None) -> Any:
    """Return complex numbers of their parts; see `tf.dtypes.complex`.

    Raises:
        TypeError: The parts are not both float32, or both float64.
    """
    real = convert_to_tensor(real, name="real")
    imag = convert_to_tensor(imag, name="imag")
    with name_scope(name, "Complex", [real, imag]) as scope:
        kinds = {dtype_of(real), dtype_of(imag)}
        if kinds not in ({dtypes.float32}, {dtypes.float64}):
            raise TypeError(
                f"The `real` and `imag` components have incorrect types: {dtype_of(real).name} {dtype_of(imag).name}. "
                f"They must be consistent, and one of {[dtypes.float32, dtypes.float64]}"
            )
        wanted = dtypes.complex64 if kinds == {dtypes.float32} else dtypes.complex128
        return op("Complex", real=real, imag=imag, Tout=wanted, name=scope)


@export("real", "math.real")
def real(input: Any, name: str | None = None) -> Any:
    """Return the real part; see `tf.math.real`.

    Raises:
        TypeError: The input is no number.
    """
    with name_scope(name, "Real", [input]) as scope:
        input = convert_to_tensor(input, name="input")
        kind = dtype_of(input)
        if kind.is_complex:
            return op("Real", input=input, Tout=kind.real_dtype, name=scope)
        if not kind.is_numeric:
            raise TypeError(f"input must be a numeric tensor, but got tensor with dtype {kind}")
        return input


@export("imag", "math.imag")
def imag(input: Any, name: str | None = None) -> Any:
    """Return the imaginary part; see `tf.math.imag`."""
    with name_scope(name, "Imag", [input]) as scope:
        input = convert_to_tensor(input, name="input")
        kind = dtype_of(input)
        return op("Imag", input=input, Tout=kind.real_dtype, name=scope) if kind.is_complex else zeros_like(input)


@export("angle", "math.angle")
def angle(input: Any, name: str | None = None) -> Any:
    """Return the argument of complex numbers; see `tf.math.angle`."""
    with name_scope(name, "Angle", [input]) as scope:
        input = convert_to_tensor(input, name="input")
        kind = dtype_of(input)
        if kind.is_complex:
            return op("Angle", input=input, Tout=kind.real_dtype, name=scope)
        return where(input < 0, np.pi * ones_like(input), zeros_like(input))


@export("conj", "math.conj")
def conj(x: Any, name: str | None = None) -> Any:
    """Return the complex conjugate; see `tf.math.conj`.

    Raises:
        TypeError: The input is no number.
    """
    if isinstance(x, Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with name_scope(name, "Conj", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        kind = dtype_of(x)
        if kind.is_complex or kind is dtypes.variant:
            return op("Conj", input=x, name=scope)
        if not (kind.is_floating or kind.is_integer):
            raise TypeError(f"Expected numeric or variant tensor, got dtype {kind!r}.")
        return x
