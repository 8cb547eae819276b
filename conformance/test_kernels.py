"""AD: kernels against NumPy."""

import numpy as np
import pytest

from onevar.conformance.cases import COMPUTING, REAL, case, over, sample
from onevar.conformance.compare import assert_close, assert_same
from onevar.conformance.marks import requirement
from onevar.dtypes import COMPLEX, FLOATS, INTS, numpy_dtype

ARITHMETIC = ("add", "subtract", "multiply")
ORDERED = ("less", "less_equal", "greater", "greater_equal")
LOGIC = ("logical_and", "logical_or", "logical_xor")
ELEMENTARY = ("exp", "log", "sqrt", "tanh", "sin", "cos")


def _run(adapter, device, name, *args):
    """Call a kernel with arrays as tensors; return an array."""
    tensors = [adapter.convert(a, None, device) if isinstance(a, np.ndarray) else a for a in args]
    result = adapter.kernels[name](*tensors)
    assert adapter.owns(result), f"{name} gave a {type(result).__name__}"
    return adapter.to_numpy(result)


def _pair(dtype):
    first, second = sample(dtype, (4, 5)), sample(dtype, (4, 5), seed=1)
    if dtype in INTS and dtype.startswith("uint"):
        first, second = np.maximum(first, second), np.minimum(first, second)  # so that first - second >= 0
    return first, second


def _wide(x):
    """NumPy computes float16 and bfloat16 in float32, as frameworks may."""
    return x.astype("float32") if x.dtype in (numpy_dtype("bfloat16"), np.float16) else x


@requirement("AD-15", "AD-16")
@pytest.mark.parametrize("name", ARITHMETIC)
@over([d for d in COMPUTING if d != "bool"])
def test_kernel_arithmetic(adapter, device, dtype, name):
    a, b = _pair(dtype)
    expected = getattr(np, name)(a, b)
    assert_same(_run(adapter, device, name, a, b), expected, f"{name} of {dtype}")


@requirement("AD-15")
@over(FLOATS + COMPLEX)
def test_kernel_divide(adapter, device, dtype):
    a, b = _pair(dtype)
    assert_same(_run(adapter, device, "divide", a, b), (_wide(a) / _wide(b)).astype(a.dtype), f"divide of {dtype}")


@requirement("AD-15", "AD-16")
@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
@over([d for d in REAL if d != "bool"])
def test_kernel_floor_division(adapter, device, dtype, name):
    a, b = _pair(dtype)
    expected = getattr(np, name)(_wide(a), _wide(b)).astype(a.dtype)
    assert_same(_run(adapter, device, name, a, b), expected, f"{name} of {dtype}")


@requirement("AD-15", "AD-16")
@over([d for d in REAL if d != "bool"])
def test_kernel_pow(adapter, device, dtype):
    base, exponent = np.abs(sample(dtype)), np.abs(sample(dtype, seed=1)) % 4
    if dtype in ("int8", "uint8"):
        base = base % 4
    expected = np.power(_wide(base), _wide(exponent)).astype(base.dtype)
    assert_same(_run(adapter, device, "pow", base, exponent.astype(base.dtype)), expected, f"pow of {dtype}")


@requirement("AD-16")
@pytest.mark.parametrize("name", ["equal", "not_equal", *ORDERED])
@over(COMPUTING)
def test_kernel_comparison(adapter, device, dtype, name):
    if dtype in COMPLEX and name in ORDERED:
        pytest.skip("complex numbers have no order")
    if dtype == "bool" and name in ORDERED:
        pytest.skip("the array API orders real numbers only")
    a, b = sample(dtype, (4, 5)), sample(dtype, (4, 5), seed=1)
    b[0] = a[0]
    assert_same(_run(adapter, device, name, a, b), getattr(np, name)(a, b), f"{name} of {dtype}")


@requirement("AD-16")
@pytest.mark.parametrize("name", LOGIC)
def test_kernel_logic(adapter, device, name):
    a, b = np.array([False, False, True, True]), np.array([False, True, False, True])
    assert_same(_run(adapter, device, name, a, b), getattr(np, name)(a, b), name)
    assert_same(_run(adapter, device, "logical_not", a), ~a, "logical_not")


@requirement("AD-16")
@over(INTS)
def test_kernel_bitwise_invert(adapter, device, dtype):
    x = sample(dtype)
    assert_same(_run(adapter, device, "bitwise_invert", x), ~x, f"bitwise_invert of {dtype}")


@requirement("AD-15", "AD-16")
@pytest.mark.parametrize("name", ["negative", "abs"])
@over([d for d in COMPUTING if d != "bool"])
def test_kernel_sign(adapter, device, dtype, name):
    x = sample(dtype)
    if dtype.startswith("uint") and name == "negative":
        pytest.skip("the array API negates signed numbers only")
    assert_close(_run(adapter, device, name, x), getattr(np, name)(x), f"{name} of {dtype}")


@requirement("AD-15")
@pytest.mark.parametrize("name", ELEMENTARY)
@over(FLOATS)
def test_kernel_elementary(adapter, device, dtype, name):
    x = np.abs(sample(dtype))
    expected = getattr(np, name)(_wide(x)).astype(x.dtype)
    assert_same(_run(adapter, device, name, x), expected, f"{name} of {dtype}")


@requirement("AD-15")
@pytest.mark.parametrize("decimals", [0, 1, 2])
@over(["float32", "float64"])
def test_kernel_round(adapter, device, dtype, decimals):
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.25, 3.14159, 2.71828], dtype)
    assert_same(_run(adapter, device, "round", x, decimals), np.round(x, decimals), f"round(x, {decimals})")
    assert_same(_run(adapter, device, "floor", x), np.floor(x), "floor")


@requirement("AD-15")
@over(["float32", "float64"])
def test_kernel_special_values(adapter, device, dtype):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, 1.0], dtype)
    zero = np.zeros(5, dtype)
    assert_same(_run(adapter, device, "add", x, zero), x, "x + 0")
    assert_same(_run(adapter, device, "equal", x, x), x == x, "x == x with NaN")
    assert_same(_run(adapter, device, "less", x, zero), x < zero, "x < 0 with NaN")


@requirement("AD-17")
@pytest.mark.parametrize(("left", "right"), [((3, 1), (1, 4)), ((2, 3, 4), (4,)), ((), (2, 3)), ((0, 3), (1, 3))])
def test_kernel_broadcasts(adapter, device, left, right):
    a, b = sample("float32", left), sample("float32", right, seed=1)
    for name in ("add", "multiply", "less"):
        assert_same(_run(adapter, device, name, a, b), getattr(np, name)(a, b), f"{name} of {left} and {right}")


@requirement("AD-17")
@pytest.mark.parametrize(
    ("dtype", "scalar"),
    [("int32", 3), ("float32", 1.5), case("float16", 0.5, dtype="float16"), ("uint8", 2)],
)
def test_kernel_takes_scalars(adapter, device, dtype, scalar):
    x = sample(dtype)
    for name in ("add", "multiply", "equal", "greater"):
        expected = getattr(np, name)(x, np.asarray(scalar, dtype))
        assert_same(_run(adapter, device, name, x, scalar), expected, f"{name}({dtype}, {scalar})")


@requirement("AD-18")
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_kernel_reductions(adapter, device, name, axis, keepdims):
    x = sample("float32", (3, 4, 2))
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    assert_same(_run(adapter, device, name, x, axis, keepdims), expected, f"{name}(axis={axis}, keepdims={keepdims})")


@requirement("AD-18")
@pytest.mark.parametrize("axis", [0, 1])
def test_kernel_argmax(adapter, device, axis):
    x = np.random.default_rng(0).permutation(12).reshape(3, 4).astype("float32")
    assert_close(_run(adapter, device, "argmax", x, axis), np.argmax(x, axis), f"argmax(axis={axis})")


@requirement("AD-18")
def test_kernel_shapes(adapter, device):
    x = sample("float32", (2, 3, 4))
    assert_same(_run(adapter, device, "reshape", x, (4, 6)), x.reshape(4, 6), "reshape")
    assert_same(_run(adapter, device, "reshape", x, (-1,)), x.reshape(-1), "reshape to -1")
    assert_same(_run(adapter, device, "permute_dims", x, (2, 0, 1)), x.transpose(2, 0, 1), "permute_dims")
    index = np.array([1, 0, 1], "int32")
    assert_same(_run(adapter, device, "take", x, index, 1), np.take(x, index, 1), "take")
    assert_same(_run(adapter, device, "where", x > 0, x, -x), np.where(x > 0, x, -x), "where")


@requirement("AD-18")
@pytest.mark.parametrize(
    ("left", "right"), [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4))]
)
def test_kernel_matmul(adapter, device, left, right):
    a, b = sample("float32", left), sample("float32", right, seed=1)
    assert_same(_run(adapter, device, "matmul", a, b), np.matmul(a, b), f"matmul of {left} and {right}")


@requirement("AD-19")
@pytest.mark.parametrize(
    "index",
    [0, -1, slice(1, None), slice(None, None, 2), (0, 1), (slice(None), 2), ..., (..., 0), None, (None, 1), (1, 2, 3)],
    ids=str,
)
def test_kernel_getitem(adapter, device, index):
    x = sample("float32", (3, 4, 5))
    actual = adapter.to_numpy(adapter.getitem(adapter.convert(x, None, device), index))
    assert_same(actual, np.asarray(x[index]), f"x[{index}]", exact=True)
