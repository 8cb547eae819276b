"""OP: what operators compute. Their dtypes are in `test_promotion.py`."""

import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from onevar.conformance.cases import COMPARISONS, LOGICAL, OPERATORS, UNARY, over, sample
from onevar.conformance.compare import assert_close, assert_same
from onevar.conformance.marks import requirement
from onevar.dtypes import COMPLEX, numpy_dtype

CASES = settings(deadline=None, derandomize=True, max_examples=40)
ARITHMETIC = {name: getattr(operator, name) for name in ("add", "sub", "mul")}
NUMBERS = ("float32", "float64", "float16", "bfloat16", "int32", "int64", "int8", "uint8", "uint32", "complex64")


def _operands(dtype):
    first, second = sample(dtype), sample(dtype, seed=1)
    if dtype.startswith("uint"):
        first, second = np.maximum(first, second), np.minimum(first, second)  # so that first - second >= 0
    return first, second


@requirement("OP-01")
@pytest.mark.parametrize("name", ARITHMETIC)
@over(NUMBERS)
def test_operator_arithmetic(make, adapter, device, dtype, name):
    f = ARITHMETIC[name]
    a, b = _operands(dtype)
    expected = f(a, b)
    tensor = adapter.convert(b, dtype, device)
    call = f"{name} of {dtype}"
    assert_same(adapter.to_numpy(f(make(a), make(b))), expected, f"{call}: two Variables")
    assert_same(adapter.to_numpy(f(make(a), tensor)), expected, f"{call}: Variable and tensor")
    assert_same(adapter.to_numpy(f(make(a), b)), expected, f"{call}: Variable and array")


@requirement("OP-01")
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"])
@over(["float32", "int32"])
def test_operator_reflected(make, adapter, dtype, name):
    f, x = OPERATORS[name], np.array([1, 2, 4], dtype)
    for scalar in (8, 2, 3):
        assert_close(adapter.to_numpy(f(scalar, make(x))), f(scalar, x).astype("float64"), f"{scalar} {name} v")
    rows = [[8, 6, 4], [1, 2, 3]]
    assert_close(adapter.to_numpy(f(rows, make(x))), f(np.asarray(rows), x), f"list {name} v")


@requirement("OP-01")
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"])
@pytest.mark.parametrize("scalar", [2, 3, 0.5, True], ids=str)
def test_operator_scalar(make, adapter, name, scalar):
    f, x = OPERATORS[name], np.array([[1.0, 2.5], [4.0, 8.0]], "float32")
    expected = f(x, np.float32(scalar))
    assert_same(adapter.to_numpy(f(make(x), scalar)), expected, f"v {name} {scalar}")


@requirement("OP-01")
@over(["float32", "float64", "float16", "bfloat16", "complex64"])
def test_operator_true_division(make, adapter, dtype):
    a, b = _operands(dtype)
    wide = "complex128" if dtype in COMPLEX else "float64"
    expected = (a.astype(wide) / b.astype(wide)).astype(numpy_dtype(dtype))
    assert_same(adapter.to_numpy(make(a) / make(b)), expected, f"division of {dtype}")


@requirement("OP-01")
@over(["int32", "uint8", "int8", "bool"])
def test_operator_integers_divide_to_floats(make, adapter, dtype):
    a, b = np.array([1, 0, 1], dtype), np.array([1, 1, 1], dtype)
    assert_close(adapter.to_numpy(make(a) / make(b)), np.array([1.0, 0.0, 1.0]), f"division of {dtype}")


@requirement("OP-02")
@pytest.mark.parametrize("name", COMPARISONS)
@over(["float32", "float16", "int32", "uint8", "float64", "int64"])
def test_operator_comparison(make, adapter, device, dtype, name):
    f = COMPARISONS[name]
    a, b = sample(dtype, (4, 5)), sample(dtype, (4, 5), seed=1)
    b[0] = a[0]
    v = make(a)
    for other in (b, adapter.convert(b, dtype, device), make(b)):
        assert_same(adapter.to_numpy(f(v, other)), f(a, b), f"{name} of {dtype}")
    number = a.flat[0].item()
    assert_same(adapter.to_numpy(f(v, number)), f(a, a.flat[0]), f"v {name} {number}")
    assert_same(adapter.to_numpy(f(number, v)), f(a.flat[0], a), f"{number} {name} v")


@requirement("OP-02")
def test_operator_comparison_with_nan(make, adapter):
    x = np.array([np.nan, 1.0, np.inf, -np.inf], "float32")
    for name, f in COMPARISONS.items():
        for other in (x, x[::-1].copy(), np.nan):
            expected = f(x, np.asarray(other, "float32"))
            assert_same(adapter.to_numpy(f(make(x), other)), expected, f"{name} with NaN")
    v = make(np.float32(np.nan))
    assert not adapter.to_numpy(v == v)
    assert adapter.to_numpy(v != v)


@requirement("OP-03")
@pytest.mark.parametrize("name", LOGICAL)
def test_operator_logical(make, adapter, name):
    f = LOGICAL[name]
    a, b = np.array([False, False, True, True]), np.array([False, True, False, True])
    assert_same(adapter.to_numpy(f(make(a), make(b))), f(a, b), f"{name} of bool")
    assert_same(adapter.to_numpy(f(make(a), True)), f(a, True), f"v {name} True")
    assert_same(adapter.to_numpy(f(True, make(a))), f(True, a), f"True {name} v")
    numbers, other = np.array([0, 2, 4, 0], "int32"), np.array([1, 1, 0, 0], "int32")
    expected = f(numbers != 0, other != 0)
    assert_same(adapter.to_numpy(f(make(numbers), make(other))), expected, f"{name} of int32")


@requirement("OP-03")
def test_operator_invert(make, adapter):
    assert_same(adapter.to_numpy(~make([True, False])), np.array([False, True]), "~ of bool")


@requirement("OP-04")
@pytest.mark.parametrize("name", ["neg", "pos", "abs"])
@over(["float32", "float64", "float16", "bfloat16", "int32", "int8"])
def test_operator_sign(make, adapter, dtype, name):
    x = sample(dtype)
    assert_same(adapter.to_numpy(UNARY[name](make(x))), UNARY[name](x), f"{name} of {dtype}", exact=True)


@requirement("OP-04")
@pytest.mark.parametrize("digits", [None, 0, 1, 3])
def test_operator_round(make, adapter, digits):
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.25, 3.14159, 2.71828], "float32")
    actual = round(make(x)) if digits is None else round(make(x), digits)
    assert_same(adapter.to_numpy(actual), np.round(x, digits or 0), f"round(v, {digits})")


@requirement("OP-05")
@pytest.mark.parametrize("name", ["floordiv", "mod"])
@over(["int32", "int8", "int64", "float32", "float64", "float16"])
def test_operator_floor_division_follows_the_divisor(make, adapter, dtype, name):
    f = OPERATORS[name]
    a = np.array([7, -7, 7, -7, 6, -6, 0], dtype)
    b = np.array([3, 3, -3, -3, 3, -3, 3], dtype)
    assert_same(adapter.to_numpy(f(make(a), make(b))), f(a, b), f"{name} of {dtype}")
    expected = np.array([f(int(x), int(y)) for x, y in zip(a, b, strict=True)], dtype)
    assert_same(adapter.to_numpy(f(make(a), b)), expected, f"{name} of {dtype}, as Python's")


@requirement("OP-06")
@CASES
@given(
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    name=st.sampled_from(["add", "mul", "lt"]),
)
def test_operator_broadcasting(make, adapter, shapes, name):
    f = OPERATORS[name]
    left, right = shapes.input_shapes
    a, b = sample("float32", left), sample("float32", right, seed=1)
    actual = adapter.to_numpy(f(make(a), make(b)))
    assert_same(actual, np.asarray(f(a, b)), f"{name} of shapes {left} and {right}")


@requirement("OP-06")
def test_operator_shapes_that_do_not_fit(make):
    with pytest.raises(Exception, match=r"(?i)shape|broadcast|size|dimension"):
        make(np.ones((2, 3))) + make(np.ones((4, 5)))


@requirement("OP-07")
@pytest.mark.parametrize(
    ("left", "right"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4))],
)
def test_operator_matmul(make, adapter, device, left, right):
    a, b = sample("float32", left), sample("float32", right, seed=1)
    expected = np.matmul(a, b)
    assert_same(adapter.to_numpy(make(a) @ make(b)), expected, f"{left} @ {right}")
    assert_same(adapter.to_numpy(make(a) @ b), expected, f"{left} @ array {right}")
    assert_same(adapter.to_numpy(make(a) @ adapter.convert(b, None, device)), expected, f"{left} @ tensor {right}")


@requirement("OP-13")
@pytest.mark.parametrize("name", OPERATORS)
def test_operator_result_is_a_plain_tensor(make, adapter, device, name):
    dtype = "bool" if name in LOGICAL else "float32"
    x = np.ones((2, 2), dtype)
    v = make(x)
    for other in (make(x), adapter.convert(x, None, device), x, True if dtype == "bool" else 2.0):
        if name == "matmul" and isinstance(other, float):
            continue
        result = OPERATORS[name](v, other)
        assert isinstance(result, adapter.tensor_type)
        assert adapter.spec(result).device == device
    assert_same(v.numpy(), x, f"the Variable after {name}", exact=True)


@requirement("OP-13")
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
def test_operator_in_place_syntax_rebinds(make, adapter, name):
    v = make(sample("float32"))
    result = v
    result = getattr(operator, f"i{name}")(result, 2.0)
    assert isinstance(result, adapter.tensor_type)
    assert_same(v.numpy(), sample("float32"), f"the Variable after {name} in place", exact=True)


@requirement("OP-14")
@pytest.mark.parametrize(
    ("call", "gradient"),
    [
        (lambda v, x: v * x, lambda v, x: x),
        (lambda v, x: x * v, lambda v, x: x),
        (lambda v, x: v / x, lambda v, x: 1 / x),
        (lambda v, x: x - v, lambda v, x: -np.ones_like(v)),
        (lambda v, x: v**2.0, lambda v, x: 2 * v),
        (lambda v, x: -v * 3.0, lambda v, x: -3 * np.ones_like(v)),
        (lambda v, x: abs(v) + 1.0, lambda v, x: np.sign(v)),
    ],
    ids=["mul", "rmul", "truediv", "rsub", "pow", "neg", "abs"],
)
def test_operator_gradient(make, adapter, device, call, gradient):
    import onevar

    start, other = sample("float32"), sample("float32", seed=1)
    v, x = make(start), adapter.convert(other, None, device)

    def loss(value):
        out, _ = onevar.functionalize(lambda: call(v, x), [v])([value])
        return adapter.kernels["sum"](out, None, False)

    _, (grad,) = adapter.value_and_grad(loss, [v.value])
    assert_close(adapter.to_numpy(grad), gradient(start, other), "gradient through an operator")
