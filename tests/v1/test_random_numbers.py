"""The numbers of TensorFlow's random ops, run after run: as recorded, and live where TensorFlow is installed."""

import ctypes.util
import hashlib
import json
import math
from datetime import date
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from random_cases import FILLS, FLOATS, LARGE, RANGES, RUNS, SEEDS, SHAPES, STATELESS

from onevar.adapters import variates
from onevar.core.kernel import kernel_of
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.philox import Stream, halves, start

GOLDEN = Path(__file__).parent / "golden"
DIGESTS = json.loads((GOLDEN / "random.json").read_text())["sha256"]
BACKENDS = ("numpy", "jax", "torch", "tensorflow")


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "random.npz") as file:
        return dict(file)


def _bfloat16_from_torch(x):
    import torch

    return x.view(torch.int16).numpy().view(ml_dtypes.bfloat16) if x.dtype == torch.bfloat16 else x.numpy()


@pytest.fixture(scope="module", params=BACKENDS)
def k(request):
    """The primitives that the fill ops need, and `host` to look at results."""
    if request.param == "numpy":
        from onevar.adapters import philox

        return SimpleNamespace(**philox.TABLE, reshape=np.reshape, host=np.asarray, name="numpy")
    framework = pytest.importorskip(request.param)
    table = import_module(f"onevar.adapters.{request.param}.philox").TABLE
    host = {"jax": np.asarray, "torch": _bfloat16_from_torch, "tensorflow": lambda x: x.numpy()}[request.param]
    reshape = framework.numpy.reshape if request.param == "jax" else framework.reshape
    return SimpleNamespace(**table, reshape=reshape, host=host, name=request.param)


@pytest.fixture
def wide(k):
    """64-bit results, which jax has to be asked for."""
    if k.name != "jax":
        yield
        return
    import jax

    with jax.enable_x64(True):
        yield


def runs(k, draw, count):
    """What `draw(i, stream)` gives for `count` ops, each with a stream of its own, run after run, flat."""
    return lambda seeds: np.concatenate(
        [
            np.asarray(k.host(draw(i, stream))).reshape(-1)
            for streams in [[Stream(k, *start(*seeds)) for _ in range(count)]]
            for _ in range(RUNS)
            for i, stream in enumerate(streams)
        ]
    )


def recorded(golden, name, dtype, chosen=None, each=1):
    """What was recorded; of the shapes `chosen` alone, where there were `each` ops of each shape."""
    array = golden[name.replace("/", "|")]
    array = array.view(ml_dtypes.bfloat16) if dtype == "bfloat16" else array
    if chosen is None:
        return array
    bounds = np.cumsum([0] + [each * math.prod(shape) for shape in SHAPES])
    parts = [slice(bounds[i], bounds[i + 1]) for i in chosen]
    return np.concatenate([run[part] for run in array.reshape(RUNS, -1) for part in parts])


def chosen_shapes(k):
    """Every new size is a compilation on jax, which takes a second."""
    return [0, 2, 4, 5] if k.name == "jax" else range(len(SHAPES))


def agree(found, expected, ulps):
    assert found.dtype == expected.dtype
    if ulps:
        np.testing.assert_array_max_ulp(found, expected, ulps)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", FILLS)
def test_fills(golden, k, op, dtype, seeds):
    fn, chosen = kernel_of(op).fn, chosen_shapes(k)
    shapes = [np.array(SHAPES[i], np.int32) for i in chosen]
    found = runs(k, lambda i, stream: fn(k, stream, shapes[i], dtype=dtype), len(shapes))(seeds)
    # In double precision the last bits are those of the framework's own log, sin and cos.
    expected = recorded(golden, f"{op}/{dtype}/{seeds[0]}/{seeds[1]}", dtype, chosen)
    agree(found, expected, 8 if dtype == "float64" else 0)


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("dtype", RANGES)
def test_integers(golden, k, dtype, seeds):
    fn = kernel_of("RandomUniformInt").fn
    ranges, chosen = RANGES[dtype], chosen_shapes(k)
    each = [(np.array(SHAPES[s]), np.array(a, dtype), np.array(b, dtype)) for s in chosen for a, b in ranges]
    found = runs(k, lambda i, stream: fn(k, stream, *each[i], Tout=dtype), len(each))(seeds)
    expected = recorded(golden, f"RandomUniformInt/{dtype}/{seeds[0]}/{seeds[1]}", dtype, chosen, len(ranges))
    agree(found, expected, 0)


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize(("op", "dtype"), [(op, dtype) for op, dtypes in STATELESS.items() for dtype in dtypes])
def test_stateless(golden, k, op, dtype, seeds):
    fn, v2, keys = (kernel_of(name).fn for name in (op, op + "V2", "StatelessRandomGetKeyCounter"))
    seed = np.array(seeds, np.int64)
    key, counter = keys(k, seed)
    shapes = [np.array(SHAPES[i]) for i in chosen_shapes(k)]
    expected = recorded(golden, f"{op}/{dtype}/{seeds[0]}/{seeds[1]}", dtype, chosen_shapes(k))
    for draw in (
        lambda i, _: fn(k, shapes[i], seed, dtype=dtype),
        lambda i, _: v2(k, shapes[i], key, counter, np.array(3), dtype=dtype),
    ):
        agree(runs(k, draw, len(shapes))((0, 0)), expected, 8 if dtype == "float64" else 0)


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("op", FILLS)
def test_a_million(k, op, size):
    stream = Stream(k, *start(11, 12))
    fn = kernel_of(op).fn
    fn(k, stream, np.array([5]), dtype="float32")
    stream = Stream(k, *start(11, 12), k.philox_counter(*halves(size * 256)))
    found = np.asarray(k.host(fn(k, stream, np.array([size]), dtype="float32")))
    assert hashlib.sha256(found.tobytes()).hexdigest() == DIGESTS[f"{op}/{size}"]


def test_under_jit(golden):
    jax = pytest.importorskip("jax")
    from onevar.adapters.jax import philox

    k = SimpleNamespace(**philox.TABLE, reshape=jax.numpy.reshape)

    @jax.jit
    def step(counter):
        stream = Stream(k, *start(1, 2), counter)
        return kernel_of("TruncatedNormal").fn(k, stream, np.array([131]), dtype="float32"), stream.counter

    counter, found = k.philox_counter(0, 0), []
    for _ in range(RUNS):
        numbers, counter = step(counter)
        found.append(np.asarray(numbers))
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    expected = golden["TruncatedNormal|float32|1|2"].reshape(RUNS, -1)[:, sum(sizes[:-1]) :]
    np.testing.assert_array_equal(np.stack(found), expected)


def test_in_a_tf_function(golden):
    tf = pytest.importorskip("tensorflow")
    from onevar.adapters.tensorflow import philox

    k = SimpleNamespace(**philox.TABLE, reshape=tf.reshape)
    counter = tf.Variable(k.philox_counter(0, 0))

    @tf.function(autograph=False)
    def step():
        stream = Stream(k, *start(1, 2), counter.read_value())
        numbers = kernel_of("RandomStandardNormal").fn(k, stream, np.array([131]), dtype="float32")
        counter.assign(stream.counter)
        return numbers

    found = [step().numpy() for _ in range(RUNS)]
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    expected = golden["RandomStandardNormal|float32|1|2"].reshape(RUNS, -1)[:, sum(sizes[:-1]) :]
    np.testing.assert_array_equal(np.stack(found), expected)


# -- what runs on the host ---------------------------------------------------------------------------------


def on_host():
    from onevar.adapters import philox

    return SimpleNamespace(**philox.TABLE, reshape=np.reshape, shape=np.shape, host=np.asarray)


@pytest.mark.parametrize(
    ("op", "inputs", "attrs", "message"),
    [
        ("RandomUniformInt", ([3], 5, 5), {"Tout": "int32"}, "Need minval < maxval, got 5 >= 5"),
        ("RandomUniformInt", ([3], [5], 5), {"Tout": "int32"}, "minval must be 0-D"),
        ("RandomUniform", ([3, -1],), {"dtype": "float32"}, "Dimension -1 must be >= 0"),
        ("Multinomial", ([1.0], 1), {"output_dtype": "int64"}, "logits should be a matrix"),
        ("Multinomial", ([[1.0]], -1), {"output_dtype": "int64"}, "num_samples should be non-negative, got -1"),
        ("Multinomial", (np.zeros((2, 0)), 1), {"output_dtype": "int64"}, "num_classes should be positive"),
    ],
)
def test_refused(op, inputs, attrs, message):
    k = on_host()
    with pytest.raises(InvalidArgumentError) as caught:
        kernel_of(op).fn(k, Stream(k, *start(1, 2)), *map(np.asarray, inputs), **attrs)
    assert message in caught.value.message


def test_the_c_library_is_matched():
    """`logf` and `sincosf` on some of the 2**23 numbers that they can be asked for."""
    try:
        library = ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")
        assert library.logf
        assert library.sincosf
    except (OSError, AttributeError):
        pytest.skip("no C library with logf and sincosf")
    library.logf.restype, library.logf.argtypes = ctypes.c_float, [ctypes.c_float]
    library.sincosf.argtypes = [ctypes.c_float, ctypes.c_void_p, ctypes.c_void_p]
    uniform = np.maximum(np.arange(0, 2**23, 83, dtype=np.float32) / np.float32(2**23), np.float32(1e-7))
    expected = np.array([library.logf(x) for x in uniform.tolist()], np.float32)
    np.testing.assert_array_equal(variates.logf(uniform), expected)
    angles = (2 * np.pi * uniform.astype(np.float64)).astype(np.float32)
    both = np.empty((2, angles.size), np.float32)
    for i, angle in enumerate(angles.tolist()):
        library.sincosf(angle, both[0, i:].ctypes.data, both[1, i:].ctypes.data)
    np.testing.assert_array_equal(np.stack(variates.sincosf(angles)), both)


@pytest.mark.parametrize("op", FILLS)
def test_live(op):
    tensorflow = pytest.importorskip("tensorflow")
    k, fn = on_host(), kernel_of(op).fn
    # Seeds that nobody chose, new ones every day.
    for seeds in np.random.default_rng(date.today().toordinal()).integers(1, 2**62, (20, 2)).tolist():
        size = seeds[0] % 3000
        with tensorflow.Graph().as_default():
            numbers = getattr(tensorflow.raw_ops, op)(shape=[size], dtype="float32", seed=seeds[0], seed2=seeds[1])
            with tensorflow.compat.v1.Session() as sess:
                expected = [sess.run(numbers) for _ in range(2)]
        stream = Stream(k, *start(*seeds))
        found = [fn(k, stream, np.array([size]), dtype="float32") for _ in range(2)]
        np.testing.assert_array_equal(found, expected)
