"""Every primitive of every adapter, against NumPy, the standard library, and TensorFlow's rules."""

import importlib
import importlib.util
import math
from functools import cache
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onevar.adapters.composites import einsum_terms
from onevar.adapters.contract import KERNELS, PRIMITIVES, Primitives
from onevar.dtypes import numpy_dtype
from onevar.errors import Unsupported

ADAPTERS = {
    "numpy": "onevar.adapters.numpy",
    "torch": "onevar.adapters.torch",
    "jax": "onevar.adapters.jax",
    "tensorflow": "onevar.adapters.tensorflow",
    "strict": "",
}
FRAMEWORKS = {"strict": "array_api_strict"}


def load(name):
    pytest.importorskip(FRAMEWORKS.get(name, name))
    return sample_from_outside() if name == "strict" else importlib.import_module(ADAPTERS[name]).ADAPTER


@cache
def sample_from_outside():
    """The adapter of the tests' own folder, whatever may be installed."""
    source = Path(__file__).parents[1] / "third_party" / "onevar_strict" / "onevar_strict.py"
    spec = importlib.util.spec_from_file_location("onevar_strict_sample", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ADAPTER


@pytest.fixture(params=ADAPTERS)
def adapter(request):
    loaded = load(request.param)
    with loaded.computing(), np.errstate(all="ignore"):
        yield loaded


def native(adapter, x):
    if isinstance(x, np.ndarray):
        return adapter.convert(x)
    return [native(adapter, part) for part in x] if type(x) is list else x


def same(adapter, got, expected, tolerance=1e-6):
    """Compare shape, dtype, then values."""
    if isinstance(expected, tuple):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            same(adapter, one, other, tolerance)
        return
    expected = np.asarray(expected)
    assert tuple(adapter.k.shape(got)) == expected.shape
    assert adapter.k.dtype(got) == expected.dtype.name
    values = np.asarray(adapter.to_numpy(got))
    if expected.dtype.kind in "fcV":
        wide = np.complex128 if expected.dtype.kind == "c" else np.float64
        np.testing.assert_allclose(values.astype(wide), expected.astype(wide), rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(values, expected)


A = np.array([[1.5, -2.25, 0.5], [3.0, -0.75, 2.5]], np.float32)
B = np.array([[2.0, 0.5, -1.5], [-0.25, 4.0, 2.5]], np.float32)
UNIT = np.array([[0.25, -0.5, 0.75], [0.1, 0.9, -0.3]], np.float32)
POSITIVE = np.abs(A)
INTS = np.array([[7, -7, 3], [0, 12, -5]], np.int32)
DIVISORS = np.array([[2, 3, -4], [5, -6, 7]], np.int32)
BOOLS = np.array([[True, False, True], [False, False, True]])
SQUARE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
Z = np.array([1 + 2j, -0.5 + 0.25j, 3 - 1j], np.complex64)
NANS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 2.5, -2.5], np.float32)
ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], np.float32)
UPDATES = np.array([[10.0, 20.0], [2.0, 4.0], [-4.0, 0.5]], np.float32)
TAKEN = np.array([2, 0, 2], np.int32)


def scattered(operation):
    out = ROWS.copy()
    for row, update in zip(TAKEN, UPDATES, strict=True):
        out[row] = operation(out[row], update)
    return out


def each(function, x):
    return np.array([function(float(v)) for v in x.ravel()], x.dtype).reshape(x.shape)


ORDER = np.array([[3.0, 1.0, 3.0, 2.0, 1.0], [0.0, 5.0, 5.0, -1.0, 5.0]], np.float32)
DESCENDING = np.array([[0, 2, 3, 1, 4], [1, 2, 4, 0, 3]])

#: (primitive, arguments, what it returns)
CASES = [
    *[(name, (A,), getattr(np, name)(A)) for name in (
        "abs", "ceil", "cos", "cosh", "exp", "expm1", "floor", "isfinite", "isinf", "isnan", "negative", "positive",
        "sign", "signbit", "sin", "sinh", "square", "tan", "tanh", "trunc", "zeros_like", "ones_like",
    )],
    *[(name, (POSITIVE,), getattr(np, name)(POSITIVE)) for name in (
        "log", "log1p", "log2", "log10", "sqrt", "reciprocal",
    )],
    *[(name, (UNIT,), getattr(np, "arc" + name[1:])(UNIT)) for name in ("acos", "asin", "atan", "asinh", "atanh")],
    ("acosh", (POSITIVE + 1,), np.arccosh(POSITIVE + 1)),
    *[(name, (NANS,), getattr(np, name)(NANS)) for name in ("isnan", "isinf", "isfinite", "sign", "signbit", "abs")],
    *[(name, (INTS,), getattr(np, name)(INTS)) for name in ("abs", "negative", "sign", "square", "isnan")],
    *[(name, (Z,), getattr(np, name)(Z)) for name in ("abs", "conj", "real", "imag", "exp", "negative", "sign")],
    ("bitwise_invert", (INTS,), ~INTS),
    ("logical_not", (BOOLS,), ~BOOLS),
    ("round", (np.array([0.5, 1.5, 2.5, -0.5, -1.5], np.float32),), np.array([0, 2, 2, -0.0, -2], np.float32)),
    ("round", (INTS,), INTS),
    # beyond the standard
    ("erf", (A,), each(math.erf, A)),
    ("erfc", (A,), each(math.erfc, A)),
    ("lgamma", (A,), each(math.lgamma, A)),
    ("digamma", (np.array([1.0, 2.0, 0.5]),), np.array([-0.5772156649015329, 0.42278433509846714, -1.9635100260214235])),
    ("erfinv", (each(math.erf, UNIT.astype(np.float64)),), UNIT.astype(np.float64)),
    ("relu", (A,), np.maximum(A, 0)),
    ("rsqrt", (POSITIVE,), 1 / np.sqrt(POSITIVE)),
    ("sigmoid", (A,), (1 / (1 + np.exp(-A.astype(np.float64)))).astype(np.float32)),
    ("sigmoid", (np.array([-800.0, 800.0, 0.0]),), np.array([0.0, 1.0, 0.5])),
    ("softplus", (A,), np.log1p(np.exp(A))),
    ("softplus", (np.array([-800.0, 800.0, 35.0]),), np.array([0.0, 800.0, 35.0 + math.log1p(math.exp(-35.0))])),
    ("stop_gradient", (A,), A),
    # two operands
    *[(name, (A, B), getattr(np, name)(A, B)) for name in (
        "add", "subtract", "multiply", "divide", "maximum", "minimum", "copysign", "hypot", "logaddexp", "nextafter",
        "remainder", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    )],
    *[(name, (A, B[0]), getattr(np, name)(A, B[0])) for name in ("add", "maximum", "less")],
    *[(name, (INTS, DIVISORS), getattr(np, name)(INTS, DIVISORS)) for name in (
        "add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "remainder", "bitwise_and", "bitwise_or",
        "bitwise_xor", "equal", "less", "greater_equal",
    )],
    *[(name, (BOOLS, BOOLS[:, ::-1].copy()), getattr(np, name)(BOOLS, BOOLS[:, ::-1])) for name in (
        "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "equal",
    )],
    ("atan2", (A, B), np.arctan2(A, B)),
    ("pow", (POSITIVE, B), np.power(POSITIVE, B)),
    ("pow", (INTS, np.full_like(INTS, 3)), INTS**3),
    ("floor_divide", (np.array([1.0, -7.0]), np.array([0.1, 2.0])), np.array([10.0, -4.0])),
    ("bitwise_left_shift", (INTS, np.full_like(INTS, 2)), INTS << 2),
    ("bitwise_right_shift", (INTS, np.full_like(INTS, 1)), INTS >> 1),
    # a Python number
    *[(name, (A, 2.0), getattr(np, name)(A, np.float32(2))) for name in (
        "add", "subtract", "multiply", "divide", "maximum", "minimum", "less", "greater", "equal", "remainder",
    )],
    *[(name, (2.0, A), getattr(np, name)(np.float32(2), A)) for name in ("subtract", "divide", "maximum", "less")],
    ("pow", (A, 2.0), A**2),
    ("pow", (INTS, 2), INTS**2),
    ("floor_divide", (INTS, 2), INTS // 2),
    ("clip", (A, -1.0, 2.0), np.clip(A, -1, 2)),
    ("clip", (A, None, B), np.minimum(A, B)),
    ("where", (BOOLS, A, B), np.where(BOOLS, A, B)),
    ("where", (BOOLS, A, 0.0), np.where(BOOLS, A, np.float32(0))),
    ("where", (BOOLS, INTS, 0), np.where(BOOLS, INTS, np.int32(0))),
    # reductions
    *[(name, (CUBE, axis, keep), getattr(np, name)(CUBE, axis=axis, keepdims=keep))
      for name in ("sum", "max", "min", "mean") for axis in (None, 1, (0, 2), (-1,), ()) for keep in (False, True)],
    *[(name, (INTS, 0), getattr(np, name)(INTS, axis=0, dtype=np.int32)) for name in ("sum", "prod")],
    *[(name, (INTS, axis), np.int32(getattr(np, name)(INTS, axis=axis))) for name in ("max", "min") for axis in (None, 1)],
    ("mean", (INTS, 1), np.trunc(INTS.mean(1)).astype(np.int32)),
    ("prod", (CUBE + 1, (0, 2), True), np.prod(CUBE + 1, axis=(0, 2), keepdims=True)),
    ("prod", (A,), np.prod(A)),
    *[(name, (BOOLS, axis), getattr(np, name)(BOOLS, axis=axis)) for name in ("any", "all") for axis in (None, 0, (0, 1))],
    ("logsumexp", (A, 1, True), np.log(np.exp(A).sum(1, keepdims=True))),
    ("logsumexp", (np.array([[1000.0, 1000.0], [-np.inf, -np.inf]]), 1), np.array([1000 + math.log(2), -np.inf])),
    *[(name, (ORDER, axis), getattr(np, name)(ORDER, axis=axis)) for name in ("argmax", "argmin") for axis in (None, 0, 1)],
    ("argmax", (ORDER, 1, True), np.argmax(ORDER, axis=1, keepdims=True)),
    ("cumulative_sum", (INTS, 1), np.cumsum(INTS, 1, np.int32)),
    ("cumulative_prod", (A, 0), np.cumprod(A, 0)),
    ("softmax", (A,), np.exp(A) / np.exp(A).sum(-1, keepdims=True)),
    ("softmax", (A, 0), np.exp(A) / np.exp(A).sum(0, keepdims=True)),
    ("log_softmax", (A + 1000,), A - np.log(np.exp(A).sum(-1, keepdims=True))),
    # sorting
    ("sort", (ORDER,), np.sort(ORDER)),
    ("sort", (ORDER, 0, True), -np.sort(-ORDER, 0)),
    ("argsort", (ORDER,), np.argsort(ORDER, stable=True)),
    ("argsort", (ORDER, -1, True), DESCENDING),
    ("top_k", (ORDER, 2), (np.array([[3, 3], [5, 5]], np.float32), np.array([[0, 2], [1, 2]], np.int32))),
    ("searchsorted", (np.array([1.0, 2, 2, 5]), np.array([[2.0, 0], [6, 5]])), np.array([[1, 0], [4, 3]])),
    ("searchsorted", (np.array([1.0, 2, 2, 5]), np.array([2.0, 0, 6, 5]), "right"), np.array([3, 0, 4, 4])),
    # shapes
    ("reshape", (CUBE, (4, -1)), CUBE.reshape(4, 6)),
    ("permute_dims", (CUBE, (2, 0, 1)), CUBE.transpose(2, 0, 1)),
    ("expand_dims", (A, 1), A[:, None]),
    ("squeeze", (A[None, :, None], (0, 2)), A),
    ("squeeze", (A[None], ()), A[None]),
    ("moveaxis", (CUBE, 0, -1), np.moveaxis(CUBE, 0, -1)),
    ("broadcast_to", (A, (4, 2, 3)), np.broadcast_to(A, (4, 2, 3))),
    ("broadcast_arrays", (A, B[:1]), tuple(np.broadcast_arrays(A, B[:1]))),
    ("concat", ([A, B], 1), np.concatenate([A, B], 1)),
    ("stack", ([A, B], -1), np.stack([A, B], -1)),
    ("unstack", (CUBE, 1), tuple(np.moveaxis(CUBE, 1, 0))),
    ("flip", (CUBE,), np.flip(CUBE)),
    ("flip", (CUBE, (0, -1)), np.flip(CUBE, (0, 2))),
    ("flip", (CUBE, 1), np.flip(CUBE, 1)),
    ("roll", (CUBE, 2, 2), np.roll(CUBE, 2, 2)),
    ("roll", (CUBE, (1, -1), (0, 2)), np.roll(CUBE, (1, -1), (0, 2))),
    ("roll", (A, 1), np.roll(A, 1)),
    ("tile", (A, (2, 3)), np.tile(A, (2, 3))),
    ("tile", (A, (2, 1, 1)), np.tile(A, (2, 1, 1))),
    ("repeat", (A, 2, 1), np.repeat(A, 2, 1)),
    ("tril", (SQUARE, -1), np.tril(SQUARE, -1)),
    ("triu", (CUBE, 1), np.triu(CUBE, 1)),
    ("pad", (A, ((1, 0), (0, 2)), "constant", 7.0), np.pad(A, ((1, 0), (0, 2)), constant_values=7)),
    ("pad", (A, ((0, 0), (2, 1)), "reflect"), np.pad(A, ((0, 0), (2, 1)), "reflect")),
    ("pad", (A, ((2, 1), (0, 3)), "symmetric"), np.pad(A, ((2, 1), (0, 3)), "symmetric")),
    # parts
    *[("getitem", (CUBE, index), CUBE[index]) for index in (
        (0,), (slice(None), 1), (..., slice(0, 3, 2)), (slice(None, None, -1),), (None, ..., slice(3, 0, -2)),
        (1, slice(None), None, slice(-3, -1)), (slice(1, 1),), (1, 2, 3), (..., None), (slice(None), slice(2, None, -2), 0),
    )],
    *[("take", (CUBE, np.array(index), axis), np.take(CUBE, index, axis)) for index, axis in (
        ([1, 0, 1], 0), ([[3, 0], [2, 2]], 2), ([2], -2),
    )],
    ("take", (ROWS, TAKEN), ROWS[TAKEN]),
    ("take_along_axis", (ORDER, DESCENDING, -1), np.take_along_axis(ORDER, DESCENDING, -1)),
    ("take_along_axis", (A, np.array([[1, 0, 1]]), 0), np.take_along_axis(A, np.array([[1, 0, 1]]), 0)),
    ("scatter", (ROWS, np.array([2, 0, 1], np.int32), UPDATES, "set"), np.concatenate([UPDATES[[1, 2, 0]], ROWS[3:]])),
    *[("scatter", (ROWS, TAKEN, UPDATES, mode), scattered(operation)) for mode, operation in (
        ("add", np.add), ("subtract", np.subtract), ("multiply", np.multiply), ("divide", np.divide),
        ("max", np.maximum), ("min", np.minimum),
    )],
    ("scatter", (np.zeros(3, np.int32), np.array([[0, 2], [2, 0]]), np.array([[1, 2], [3, 4]], np.int32), "add"),
     np.array([5, 0, 5], np.int32)),
    ("segment_sum", (ROWS, np.array([1, 0, 1, -1], np.int32), 3), np.array([[3, 4], [6, 8], [0, 0]], np.float32)),
    ("segment_sum", (ROWS, np.array([5, 0, 0, 1]), 2), np.array([[8, 10], [7, 8]], np.float32)),
    # linear algebra
    ("matmul", (A, B.T.copy()), A @ B.T),
    ("matmul", (CUBE, CUBE.transpose(0, 2, 1).copy()), CUBE @ CUBE.transpose(0, 2, 1)),
    ("matmul", (INTS, DIVISORS.T.copy()), INTS @ DIVISORS.T),
    ("matrix_transpose", (CUBE,), CUBE.transpose(0, 2, 1)),
    ("tensordot", (A, B, 2), np.tensordot(A, B, 2)),
    ("tensordot", (CUBE, A, ([1], [1])), np.tensordot(CUBE, A, ([1], [1]))),
    ("vecdot", (A, B), (A * B).sum(-1)),
    ("vecdot", (Z, Z), (Z.conj() * Z).sum()),
    ("cross", (A, B), np.cross(A, B)),
    *[("einsum", (equation, *operands), np.einsum(equation, *operands)) for equation, *operands in (
        ("ij,kj->ik", A, B), ("bij,bkj->bik", CUBE, CUBE), ("...ij,jk->...ik", CUBE, CUBE[0].T.copy()), ("ij,ij", A, B),
        ("ij->j", A), ("ij->ji", A), ("i,j->ij", A[0], B[1]),
    )],
    ("linalg_cholesky", (SQUARE,), np.linalg.cholesky(SQUARE)),
    ("linalg_inv", (SQUARE,), np.linalg.inv(SQUARE)),
    ("linalg_det", (SQUARE,), np.linalg.det(SQUARE)),
    ("linalg_slogdet", (-SQUARE,), tuple(np.linalg.slogdet(-SQUARE))),
    ("linalg_solve", (SQUARE, SQUARE[:, :2].copy()), np.linalg.solve(SQUARE, SQUARE[:, :2])),
    *[("linalg_triangular_solve", (SQUARE, SQUARE[:, :2].copy(), lower, adjoint),
       np.linalg.solve((np.tril if lower else np.triu)(SQUARE).swapaxes(*((0, 1) if adjoint else (0, 0))), SQUARE[:, :2]))
      for lower in (True, False) for adjoint in (True, False)],
    *[(name, (Z,), getattr(np.fft, name)(Z)) for name in ("fft", "ifft")],
    *[(name, (np.stack([Z, 2 * Z]),), getattr(np.fft, name)(np.stack([Z, 2 * Z]))) for name in ("fft2", "ifft2")],
    ("rfft", (CUBE[0],), np.fft.rfft(CUBE[0])),
    ("rfft", (CUBE[0], 6), np.fft.rfft(CUBE[0], 6)),
    ("irfft", (Z, 4), np.fft.irfft(Z, 4)),
    # making tensors
    ("asarray", (np.array([1, 2], np.int64),), np.array([1, 2], np.int64)),
    ("astype", (A, "int32"), A.astype(np.int32)),
    ("astype", (A, "bool"), A.astype(bool)),
    ("astype", (INTS, "float64"), INTS.astype(np.float64)),
    ("astype", (BOOLS, "float32"), BOOLS.astype(np.float32)),
    ("zeros", ((2, 3), "int64"), np.zeros((2, 3), np.int64)),
    ("ones", ((), "bool"), np.ones((), bool)),
    ("full", ((2, 2), 3.5, "float64"), np.full((2, 2), 3.5)),
    ("arange", (0, 5, 2, "int32"), np.arange(0, 5, 2, np.int32)),
    ("arange", (1.0, 2.0, 0.25, "float32"), np.arange(1, 2, 0.25, np.float32)),
    ("linspace", (0.0, 1.0, 5, "float32"), np.linspace(0, 1, 5, dtype=np.float32)),
    ("eye", (2, 3, "float32"), np.eye(2, 3, dtype=np.float32)),
    ("complex", (A, B), A + 1j * B),
    ("bitcast", (A, "int32"), A.view(np.int32)),
    ("bitcast", (INTS.astype(np.int64), "int32"), INTS.astype(np.int64)[..., None].view(np.int32)),
    ("bitcast", (np.array([[1, 2], [3, 4]], np.uint32), "uint64"), np.array([[1, 2], [3, 4]], np.uint32).view(np.uint64)[:, 0]),
]  # fmt: skip


def identity(case):
    name, arguments, _ = case
    return f"{name}-{'-'.join(x.dtype.name if isinstance(x, np.ndarray) else str(x) for x in arguments)}"[:60]


def outside_the_standard(adapter, name, arguments):
    """The standard has no bools or integers there, which a strict namespace refuses."""
    if adapter.name != "strict":
        return False
    if name in ("bitcast", "isnan", "floor", "sign", "round", "fft2", "ifft2") or "complex64" in {
        getattr(x, "dtype", None) and x.dtype.name for x in arguments
    }:
        return True
    return name == "roll" or (name == "take_along_axis" and arguments[1].shape[0] == 1)


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_against_numpy(adapter, case):
    name, arguments, expected = case
    try:
        got = getattr(adapter.k, name)(*(native(adapter, x) for x in arguments))
    except (Unsupported, TypeError, ValueError):
        if outside_the_standard(adapter, name, arguments):
            pytest.skip("outside the array API, which this namespace is strict about")
        raise
    first = np.asarray(expected[0] if isinstance(expected, tuple) else expected)
    same(adapter, got, expected, 1e-9 if first.dtype.name in ("float64", "complex128") else 1e-5)


def test_there_is_a_case_for_every_primitive():
    decompositions = {"linalg_qr", "linalg_svd", "linalg_eigh", "setitem", "shape", "dtype"}
    covered = {name for name, _, _ in CASES} | decompositions
    assert {name for name in PRIMITIVES if not name.startswith("philox")} <= covered


def test_an_adapter_has_them_all(adapter):
    lacking = {"bitcast"} if adapter.name == "strict" else set()
    assert {name for name in PRIMITIVES if not name.startswith("philox")} - adapter.k.has == lacking
    assert (adapter.k.name, adapter.k.is_shape) == (adapter.name, False)


def test_a_missing_one_says_whose_it_is():
    k = Primitives("sample", {"add": lambda x, y: x + y})
    assert k.add(1, 2) == 3
    with pytest.raises(Unsupported, match="the sample adapter has no primitive 'erf'"):
        k.erf(1.0)
    with pytest.raises(AttributeError, match="no primitive"):
        _ = k.nonsense
    with pytest.raises(AttributeError):
        k.add = None


def test_an_adapter_of_kernels_alone_computes_what_these_can():
    numpy = load("numpy")
    sample = type("Sample", (type(numpy),), {"primitives": {}})()
    assert set(KERNELS) | {"astype", "asarray", "shape", "dtype"} <= sample.k.has
    x = np.array([1.0, 4.0])
    assert sample.k.sqrt(x).tolist() == [1.0, 2.0]
    assert sample.k.shape(x) == (2,) and sample.k.dtype(x) == "float64"
    assert sample.op("Conv2D") is None
    with pytest.raises(Unsupported, match="numpy adapter has no primitive 'einsum'"):
        sample.k.einsum("ij->j", x)


def test_shape_and_dtype(adapter):
    x = adapter.convert(A)
    assert adapter.k.shape(x) == (2, 3) and type(adapter.k.shape(x)) is tuple
    assert adapter.k.dtype(x) == "float32"


@pytest.mark.parametrize(
    "index", [(0,), (slice(None), 1), (..., slice(0, 3, 2)), (1, slice(None, None, -1)), (slice(None), slice(None), slice(None, None, -2))]
)  # fmt: skip
def test_setitem_leaves_the_original(adapter, index):
    x = adapter.convert(CUBE)
    if adapter.name == "strict" and any(isinstance(p, slice) and (p.step or 1) < 0 for p in index):
        pytest.skip("the standard takes no negative step without bounds")
    expected = CUBE.copy()
    value = -1 - np.arange(expected[index].size, dtype=np.float32).reshape(expected[index].shape)
    expected[index] = value
    if adapter.name == "strict" and len(index) < 3 and ... not in index:
        index = (*index, ...)
    same(adapter, adapter.k.setitem(x, index, adapter.convert(value)), expected)
    same(adapter, x, CUBE)


def test_decompositions_multiply_back(adapter):
    k, x = adapter.k, adapter.convert(SQUARE[:, :2].copy())
    q, r = k.linalg_qr(x)
    same(adapter, k.matmul(q, r), SQUARE[:, :2])
    assert k.shape(k.linalg_qr(x, "complete")[0]) == (3, 3)
    u, s, vh = k.linalg_svd(x, False)
    same(adapter, k.matmul(k.multiply(u, s), vh), SQUARE[:, :2])
    values, vectors = k.linalg_eigh(adapter.convert(SQUARE))
    same(adapter, k.matmul(k.multiply(vectors, values), k.matrix_transpose(vectors)), SQUARE)


FLOATS = ("float16", "bfloat16", "float32", "float64")


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_keep_their_dtype(adapter, dtype):
    if adapter.name == "strict" and dtype in ("float16", "bfloat16"):
        pytest.skip(adapter.lacks[dtype])
    k, x = adapter.k, adapter.convert(np.array([[0.25, 0.5], [0.75, 0.125]]).astype(numpy_dtype(dtype)))
    names = "abs exp log sqrt tanh sin floor sign square reciprocal rsqrt sigmoid softplus relu erf log1p expm1".split()
    results = {name: getattr(k, name)(x) for name in names}
    results |= {name: getattr(k, name)(x, 1) for name in ("sum", "mean", "max", "prod", "softmax", "log_softmax")}
    results |= {name: getattr(k, name)(x, x) for name in ("add", "multiply", "divide", "maximum", "pow", "matmul")}
    results |= {f"{name} 1.5": getattr(k, name)(x, 1.5) for name in ("add", "multiply", "maximum", "pow", "floor_divide")}
    results |= {"where": k.where(k.greater(x, 0.3), x, 0.0), "clip": k.clip(x, 0.2, 0.4), "sort": k.sort(x)}
    assert {name: k.dtype(result) for name, result in results.items()} == dict.fromkeys(results, dtype)
    if dtype in ("float16", "bfloat16"):
        many = k.full((4096,), 0.25, dtype)
        assert float(adapter.to_numpy(k.sum(many))) == 1024.0, "the sum of many loses digits"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"])
def test_integers(adapter, dtype):
    k, top = adapter.k, np.iinfo(dtype).max
    a, b = np.array([7, 200 if top >= 200 else 100, top], dtype), np.array([2, 3, 5], dtype)
    x, y = adapter.convert(a), adapter.convert(b)
    with np.errstate(over="ignore"):
        for name in ("add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "remainder"):
            same(adapter, getattr(k, name)(x, y), getattr(np, name)(a, b))
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        same(adapter, getattr(k, name)(x, y), getattr(np, name)(a, b))
    for name in ("max", "min"):
        same(adapter, getattr(k, name)(x), getattr(np, name)(a))
    same(adapter, k.square(y), b * b)
    same(adapter, k.sign(x), np.sign(a))
    same(adapter, k.abs(x), a)
    same(adapter, k.clip(x, 3, 100), np.clip(a, 3, 100))
    same(adapter, k.sum(y), np.sum(b, dtype=dtype))
    if adapter.name != "tensorflow" or not dtype.startswith("uint"):
        same(adapter, k.scatter(y, adapter.convert(np.array([0, 0])), y[:2], "add"), np.array([7, 3, 5], dtype))


def test_what_is_looked_at_raises():
    for name in ("numpy", "torch", "strict"):
        pytest.importorskip(FRAMEWORKS.get(name, name))
        adapter = load(name)
        k, ints, zero = adapter.k, adapter.convert(INTS), adapter.convert(np.zeros_like(INTS))
        for call in (lambda k=k, x=ints, y=zero: k.floor_divide(x, y), lambda k=k, x=ints, y=zero: k.remainder(x, y)):
            with pytest.raises(ZeroDivisionError, match="Integer division by zero"):
                call()
        with pytest.raises(IndexError):
            k.take(adapter.convert(ROWS), adapter.convert(np.array([4])), 0)
        if name != "strict":
            with pytest.raises(ValueError, match="negative integer powers"):
                k.pow(ints, k.negative(k.ones_like(ints)))
            with pytest.raises(IndexError):
                k.take(adapter.convert(ROWS), adapter.convert(np.array([-1])), 0)


def test_extremes_of_nothing(adapter):
    if adapter.name == "strict":
        pytest.skip("the standard leaves it open")
    k, x = adapter.k, adapter.convert(np.zeros((2, 0), np.float32))
    same(adapter, k.max(x, 1), np.full(2, -np.inf, np.float32))
    same(adapter, k.min(x, (1,), True), np.full((2, 1), np.inf, np.float32))
    same(adapter, k.max(adapter.convert(np.zeros((0,), np.int32))), np.array(np.iinfo(np.int32).min, np.int32))


def test_special_functions_to_the_last_places():
    mpmath = pytest.importorskip("mpmath")
    k = load("numpy").k
    rng = np.random.default_rng(7)
    near = 10.0 ** rng.uniform(-9, -1, 40)
    grids = {
        "erf": (np.concatenate([rng.uniform(-6, 6, 200), near]), mpmath.erf),
        "erfc": (rng.uniform(-6, 26, 200), mpmath.erfc),
        "erfinv": (np.concatenate([rng.uniform(-1, 1, 100), 1 - near, near]), mpmath.erfinv),
        "lgamma": (np.concatenate([rng.uniform(0, 30, 200), 1 + near, 2 - near, near]), mpmath.loggamma),
    }
    with mpmath.workdps(40), np.errstate(all="ignore"):
        for name, (x, exact) in grids.items():
            for value, got in zip(x, getattr(k, name)(x), strict=True):
                expected = exact(mpmath.mpf(float(value)))
                assert abs((mpmath.mpf(float(got)) - expected) / expected) < 2e-15, (name, value)
        for value in -rng.uniform(0, 20, 100):
            expected = mpmath.log(abs(mpmath.gamma(mpmath.mpf(float(value)))))
            assert abs(float(k.lgamma(np.array(value))) - expected) < 1e-13 * max(1, abs(expected))
        for value in np.concatenate([rng.uniform(0.01, 30, 100), -rng.uniform(0, 20, 100)]):
            expected = mpmath.digamma(mpmath.mpf(float(value)))
            assert abs(float(k.digamma(np.array(value))) - expected) < 5e-15 * max(1, abs(expected))


def test_special_functions_at_the_edges():
    k, inf, nan = load("numpy").k, np.inf, np.nan
    with load("numpy").computing():
        np.testing.assert_array_equal(k.erf(np.array([inf, -inf, nan, 0])), [1, -1, nan, 0])
        np.testing.assert_array_equal(k.erfc(np.array([inf, -inf, nan, 0])), [0, 2, nan, 1])
        np.testing.assert_array_equal(k.erfinv(np.array([1, -1, 2, nan, 0])), [inf, -inf, nan, nan, 0])
        np.testing.assert_array_equal(k.lgamma(np.array([0, -3, inf, -inf, nan, 1, 2])), [inf, inf, inf, inf, nan, 0, 0])
        np.testing.assert_array_equal(k.digamma(np.array([0, -2, inf, nan])), [nan, nan, inf, nan])


shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


@settings(max_examples=40, deadline=None)
@given(shape=shapes, data=st.data())
@pytest.mark.parametrize("name", ADAPTERS)
def test_reductions_over_any_axes(name, shape, data):
    adapter = load(name)
    rank = len(shape)
    axis = data.draw(st.one_of(st.none(), st.integers(-rank, rank - 1), st.sets(st.integers(0, rank - 1)).map(tuple)))
    keepdims = data.draw(st.booleans())
    x = np.arange(math.prod(shape), dtype=np.float64).reshape(shape) % 7 + 1
    with adapter.computing():
        for function in ("sum", "max", "min", "mean", "prod"):
            got = getattr(adapter.k, function)(adapter.convert(x), axis, keepdims)
            same(adapter, got, getattr(np, function)(x, axis=axis, keepdims=keepdims), 1e-9)


@settings(max_examples=40, deadline=None)
@given(shape=shapes, data=st.data())
@pytest.mark.parametrize("name", [name for name in ADAPTERS if name != "strict"])
def test_any_basic_index(name, shape, data):
    adapter = load(name)
    parts = [data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n))) for n in shape[: data.draw(st.integers(0, 4))]]
    for extra in data.draw(st.lists(st.integers(0, 4), max_size=2)):
        parts.insert(min(extra, len(parts)), None)
    if data.draw(st.booleans()):
        parts.append(...)
    index = tuple(parts)
    x = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    expected = x.copy()
    expected[index] = -1
    with adapter.computing():
        same(adapter, adapter.k.getitem(adapter.convert(x), index), x[index])
        same(adapter, adapter.k.setitem(adapter.convert(x), index, adapter.convert(np.float32(-1))), expected)


def test_einsum_terms():
    assert einsum_terms("ij,jk", [2, 2]) == (["ij", "jk"], "ik")
    terms, output = einsum_terms("...ij,jk->...ik", [4, 2])
    assert terms[1] == "jk" and terms[0][2:] == "ij" and output == terms[0][:2] + "ik"


def test_against_tensorflows_own_kernels(adapter):
    """What the standard leaves open is TensorFlow's: nan, ties, and the sign of a remainder."""
    tf = pytest.importorskip("tensorflow")
    if adapter.name == "strict":
        pytest.skip("the standard says what its own functions do")
    raw, k = tf.raw_ops, adapter.k
    x, y = NANS, np.array([1, -1, 2, -3, 4, -2, 2], np.float32)
    pairs = {
        "sign": raw.Sign(x=x), "round": raw.Round(x=x), "floor_divide": raw.FloorDiv(x=x, y=y),
        "remainder": raw.FloorMod(x=x, y=y), "maximum": raw.Maximum(x=x, y=y), "minimum": raw.Minimum(x=x, y=y),
        "relu": raw.Relu(features=x), "sigmoid": raw.Sigmoid(x=x), "softplus": raw.Softplus(features=x),
    }  # fmt: skip
    for name, expected in pairs.items():
        operands = [adapter.convert(v) for v in ((x, y) if PRIMITIVES[name] == "(x, y)" else (x,))]
        got = adapter.to_numpy(getattr(k, name)(*operands))
        np.testing.assert_allclose(got, expected.numpy(), rtol=1e-5, err_msg=name)


def test_numpy_answers_arrays():
    k = load("numpy").k
    scalar = np.array(2.0, np.float32)
    assert type(k.add(scalar, scalar)) is np.ndarray
    assert type(k.exp(scalar)) is np.ndarray
    assert type(k.sum(np.ones(3))) is np.ndarray
    half = np.array([1.0, 2.0], ml_dtypes.bfloat16)
    assert k.multiply(half, 0.5).dtype == half.dtype
