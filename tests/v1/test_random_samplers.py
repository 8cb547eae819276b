"""Samplers that take as many numbers as they need: TensorFlow's numbers on every framework, in one compiled stage."""

from pathlib import Path

import numpy as np
import pytest
from random_cases import ALPHA, LOGITS, RATES, RUNS, SEEDS

import onevar
import onevar.v1 as tf
from onevar.adapters.samplers import _exchanged, _followed, gamma_derivative
from onevar.core.build import op
from onevar.core.plan import Plan
from onevar.core.stages import stages_of

#: On frameworks that take a second to compile a plan.
FEW = (SEEDS[0], SEEDS[4])
WHERE = [("numpy", seeds) for seeds in SEEDS] + [(b, seeds) for b in ("jax", "torch", "tensorflow") for seeds in FEW]
DRAWN = [
    *(("RandomGamma", dtype) for dtype in ("float16", "float32", "float64")),
    *(("RandomPoissonV2", dtype) for dtype in ("float16", "float32", "float64")),
    *(("Multinomial", dtype) for dtype in ("float32", "float64")),
    ("RandomShuffle", "int64"),
]
#: Each is a second of compiling.
FEW_DRAWN = (("RandomGamma", "float32"), ("RandomPoissonV2", "float64"), ("Multinomial", "float32"), DRAWN[-1])


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "golden" / "random.npz") as file:
        return dict(file)


def calls(kind, dtype, **seeds):
    """The ops that the recording has of a kind: their parameters are fed, so that nothing is a constant."""
    if kind == "RandomShuffle":
        values = [np.arange(n).reshape(-1, width) for n, width in ((2, 1), (60, 3), (97, 1))]
        feeds = [tf.placeholder(tf.int64, value.shape) for value in values]
        return [op(kind, value=x, **seeds) for x in feeds], dict(zip(feeds, values, strict=True))
    rows = {"RandomGamma": ALPHA, "RandomPoissonV2": RATES, "Multinomial": LOGITS}[kind]
    fed = tf.placeholder(tf.as_dtype(dtype), np.shape(rows))
    if kind == "RandomGamma":
        made = [op(kind, shape=[n], alpha=fed, **seeds) for n in (1, 6)]
    elif kind == "RandomPoissonV2":
        made = [op(kind, shape=[n], rate=fed, dtype=tf.float64, **seeds) for n in (1, 6)]
    else:
        made = [op(kind, logits=fed, num_samples=n, **seeds) for n in (1, 3, 8)]
    return made, {fed: np.array(rows, dtype)}


@pytest.mark.parametrize(("backend", "seeds"), WHERE)
def test_numbers_in_one_stage(golden, backend, seeds):
    if backend != "numpy":
        pytest.importorskip(backend)
    with onevar.use_backend(backend), tf.Graph().as_default():
        fetches, feeds = {}, {}
        for kind, dtype in DRAWN if backend == "numpy" else FEW_DRAWN:
            fetches[f"{kind}|{dtype}"], fed = calls(kind, dtype, seed=seeds[0], seed2=seeds[1])
            feeds.update(fed)
        assert len(stages_of(Plan([t for made in fetches.values() for t in made], [], list(feeds)))) == 1
        with tf.Session() as session:
            runs = [session.run(fetches, feeds) for _ in range(RUNS)]
    for name in fetches:
        found = np.concatenate([part.reshape(-1) for run in runs for part in run[name]])
        expected = golden[f"{name}|{seeds[0]}|{seeds[1]}"]
        assert found.dtype == expected.dtype
        if name == "RandomGamma|float64":
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        elif name.startswith("RandomGamma"):
            np.testing.assert_array_max_ulp(found, expected, 1)
        else:
            np.testing.assert_array_equal(found, expected)


def test_impossible_poisson_rates_end():
    for backend in ("numpy", "jax"):
        if backend == "jax":
            pytest.importorskip(backend)
        with onevar.use_backend(backend), tf.Graph().as_default():
            rates = tf.placeholder(tf.float64, [4])
            drawn = [op("RandomPoissonV2", shape=[2], rate=rates, dtype=t, seed=1) for t in (tf.float64, tf.int32)]
            with tf.Session() as session:
                for _ in range(2):
                    found, whole = session.run(drawn, {rates: [np.nan, np.inf, -1.0, 0.0]})
        np.testing.assert_array_equal(found, [[np.nan, np.nan, np.nan, 0.0]] * 2)
        np.testing.assert_array_equal(whole, np.zeros((2, 4)))


@pytest.mark.parametrize("size", [2, 3, 17, 1000])
def test_both_ways_to_shuffle(size):
    words = np.random.default_rng(size).integers(0, 2**32, size - 1, dtype=np.uint32)
    steps = words % np.arange(size, 1, -1, dtype=np.uint32)
    np.testing.assert_array_equal(_followed(steps), _exchanged(steps.tolist()))


def test_gamma_derivative():
    tensorflow = pytest.importorskip("tensorflow")
    generator = np.random.default_rng(3)
    for alpha in (0.05, 0.7, 1.0, 9.0, 300.0, 1900.0, 2100.0, 5000.0):
        sample = generator.gamma(alpha, size=50)
        expected = tensorflow.raw_ops.RandomGammaGrad(alpha=np.full(50, alpha), sample=sample).numpy()
        np.testing.assert_allclose(gamma_derivative(np.full(50, alpha), sample), expected, rtol=1e-5)


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_gradient_of_gamma(backend):
    pytest.importorskip(backend)
    with onevar.use_backend(backend), tf.Graph().as_default():
        alpha = tf.placeholder(tf.float32, [2, 2])
        drawn = tf.random_gamma([3], alpha, [2.0, 0.5], seed=5)
        loss = tf.reduce_sum(drawn * [[1.0, 2.0], [3.0, 4.0]])
        (gradient,) = tf.gradients(loss, alpha)
        given = np.array([[0.5, 1.0], [2.5, 40.0]], np.float32)
        with tf.Session() as session:
            for _ in range(2):
                samples, found = session.run([drawn, gradient], {alpha: given})
    rates = np.array([2.0, 0.5])
    slopes = gamma_derivative(np.broadcast_to(given, (3, 2, 2)), samples * rates) / rates
    np.testing.assert_allclose(found, (slopes * [[1, 2], [3, 4]]).sum(axis=0), rtol=1e-4)
