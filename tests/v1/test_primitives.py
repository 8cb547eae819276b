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
from primitive_cases import CASES, CUBE, INTS, NANS, ROWS, SQUARE, A
from window_cases import CASES as WINDOWS

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


@pytest.mark.parametrize("case", [*CASES, *WINDOWS], ids=identity)
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
    covered = {name for name, _, _ in (*CASES, *WINDOWS)} | decompositions
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
    "index",
    [
        (0,),
        (slice(None), 1),
        (..., slice(0, 3, 2)),
        (1, slice(None, None, -1)),
        (slice(None), slice(None), slice(None, None, -2)),
    ],
)
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
    names = [
        "abs",
        "exp",
        "log",
        "sqrt",
        "tanh",
        "sin",
        "floor",
        "sign",
        "square",
        "reciprocal",
        "rsqrt",
        "sigmoid",
        "softplus",
        "relu",
        "erf",
        "log1p",
        "expm1",
    ]
    results = {name: getattr(k, name)(x) for name in names}
    results |= {name: getattr(k, name)(x, 1) for name in ("sum", "mean", "max", "prod", "softmax", "log_softmax")}
    results |= {name: getattr(k, name)(x, x) for name in ("add", "multiply", "divide", "maximum", "pow", "matmul")}
    results |= {
        f"{name} 1.5": getattr(k, name)(x, 1.5) for name in ("add", "multiply", "maximum", "pow", "floor_divide")
    }
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
        np.testing.assert_array_equal(
            k.lgamma(np.array([0, -3, inf, -inf, nan, 1, 2])), [inf, inf, inf, inf, nan, 0, 0]
        )
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
