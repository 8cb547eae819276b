"""OP: the dtype that each operator gives, for every pair of dtypes, against recorded Keras."""

import numpy as np
import pytest

import onevar
from onevar.conformance.cases import OPERATORS, UNARY, can_hold, over, sample
from onevar.conformance.golden_keras import ERROR, GOLDEN, cell, expected, reference, unary
from onevar.conformance.marks import needs, requirement
from onevar.dtypes import DTYPES, FLOAT8, NARROW, numpy_dtype

SCALARS = {"bool": True, "int": 2, "float": 1.5, "complex": 1j}


def _ones(dtype):
    return np.ones(1, numpy_dtype(dtype))


def _outcome(adapter, call):
    """The dtype that `call` gives, or ERROR; what went wrong is kept for the message."""
    try:
        return adapter.spec(call()).dtype, ""
    except Exception as error:  # noqa: BLE001 - frameworks refuse in their own ways
        return ERROR, f" ({type(error).__name__}: {str(error)[:200]})"


@requirement("OP-08")
@pytest.mark.parametrize("name", OPERATORS)
@over()
def test_promotion_of_operators(make, adapter, backend, dtype, name):
    """Every dtype on the right: a Variable, and a tensor of the framework."""
    wrong = []
    left = make(_ones(dtype))
    for right in (d for d in DTYPES if can_hold(adapter, d)):
        wanted, why = expected(reference(backend), name, dtype, right)
        if wanted is None or not _storable(adapter, wanted):
            continue
        for other in (make(_ones(right)), adapter.convert(_ones(right), right, left.device)):
            actual, error = _outcome(adapter, lambda other=other: OPERATORS[name](left, other))
            if actual != wanted:
                wrong.append(f"{dtype} {name} {right}: {actual}{error}, expected {wanted} [{why}]")
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def _storable(adapter, dtype):
    return dtype == ERROR or can_hold(adapter, dtype)


@requirement("OP-09")
@pytest.mark.parametrize("kind", SCALARS)
@pytest.mark.parametrize("name", [n for n in OPERATORS if n != "matmul"])
def test_promotion_of_scalars(make, adapter, backend, name, kind):
    wrong = []
    for dtype in (d for d in DTYPES if can_hold(adapter, d) and d not in FLOAT8):
        wanted, why = expected(reference(backend), name, dtype, f"py-{kind}")
        if wanted is None or not _storable(adapter, wanted):
            continue
        left = make(_ones(dtype))
        actual, error = _outcome(adapter, lambda left=left: OPERATORS[name](left, SCALARS[kind]))
        if actual != wanted:
            wrong.append(f"{dtype} {name} {SCALARS[kind]!r}: {actual}{error}, expected {wanted} [{why}]")
    assert not wrong, "\n".join(wrong)


@requirement("OP-09")
@over(["float16", "float32", "float64", "bfloat16", "int32", "int8", "uint8", "int64"])
def test_promotion_is_the_same_reflected(make, adapter, dtype):
    v = make(_ones(dtype))
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
        for scalar in (2, 1.5):
            forward = adapter.spec(OPERATORS[name](v, scalar)).dtype
            assert adapter.spec(OPERATORS[name](scalar, v)).dtype == forward, f"{scalar} {name} {dtype}"


@requirement("OP-08")
@pytest.mark.parametrize("name", UNARY)
def test_promotion_of_unary_operators(make, adapter, backend, name):
    table, full = unary(reference(backend), name), unary("jax-x64", name)
    for dtype in (d for d in DTYPES if can_hold(adapter, d) and d not in FLOAT8 and d != "bool"):
        wanted = full[dtype] if table[dtype] in (NARROW.get(full[dtype]), NARROW.get(dtype)) else table[dtype]
        if backend == "torch" and dtype in ("uint16", "uint32", "uint64"):
            wanted = full[dtype]  # Keras on torch has other dtypes in their place
        if wanted == ERROR:
            continue  # not promised where Keras cannot do it on its framework
        actual, error = _outcome(adapter, lambda d=dtype: UNARY[name](make(_ones(d))))
        assert actual == wanted, f"{name} {dtype}: {actual}{error}, expected {wanted}"


@requirement("OP-10")
def test_result_type_of_pairs():
    wrong = []
    for left in DTYPES:
        for right in DTYPES:
            wanted, why = _result_type(left, right)
            try:
                actual = onevar.result_type(left, right)
            except ValueError:
                actual = ERROR
            if actual != wanted:
                wrong.append(f"result_type({left}, {right}): {actual}, expected {wanted} [{why}]")
    assert not wrong, "\n".join(wrong)


def _result_type(left, right):
    """Keras's on NumPy, where it narrows everything; 64-bit operands are kept, as JAX has them at full width."""
    keras = cell("numpy", "result_type", left, right).keras
    if {left, right} & set(NARROW) and keras != ERROR:
        full = expected("jax-x64", "mul", left, right)[0]
        return full, "a 64-bit operand is never narrowed"
    return keras, f"as Keras {GOLDEN['keras']}"


@requirement("OP-10")
def test_result_type_of_more():
    assert onevar.result_type() == onevar.floatx()
    assert onevar.result_type("bfloat16", float) == "bfloat16"
    assert onevar.result_type("int8", int) == "int8"
    assert onevar.result_type(int, float) == "float32"
    assert onevar.result_type("bfloat16", "float16") == "float32"
    assert onevar.result_type("uint8", "int8", "float16") == "float16"
    onevar.set_floatx("float16")
    assert onevar.result_type("int32", float) == "float16"


@requirement("OP-11")
@pytest.mark.parametrize("dtype", ["int64", "float64"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "floordiv", "mod", "pow", "matmul"])
def test_64_bit_operands_are_not_narrowed(make, adapter, dtype, name):
    large = np.array([3], dtype) * (2**40 if dtype == "int64" else 1) + np.asarray(1, dtype)
    v, one = make(large), make(np.ones(1, "int32"))
    for result in (OPERATORS[name](v, v), OPERATORS[name](v, one), OPERATORS[name](one, v)):
        assert adapter.spec(result).dtype == dtype
    if name == "add":
        assert adapter.to_numpy(v + one)[0] == large[0] + 1


@requirement("OP-12")
@over(FLOAT8)
def test_float8_does_not_convert(make, adapter, dtype):
    v = make(sample(dtype))
    others = [make(sample(d)) for d in ("float32", "float16", "int32", *(d for d in FLOAT8 if d != dtype))]
    for other in [*others, 1.0, 2]:
        with pytest.raises(ValueError, match="float8"):
            v + other
    with pytest.raises(ValueError, match="float8"):
        onevar.result_type(dtype, "float32")


@requirement("OP-08")
@needs("float8", "bfloat16")
def test_every_dtype_can_be_stored(make, adapter):
    for dtype in (d for d in DTYPES if can_hold(adapter, d)):
        assert make("ones", shape=(1,), dtype=dtype).dtype == dtype
