"""`tf.random_normal` and its like, and the initializers: the graphs that they build and the numbers that come out."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from random_cases import PURE, SEEDED, UNSEEDED, initializer_cases

import onevar
import onevar.v1 as tf

SEEDS = ("seed", "seed2")
GOLDEN = Path(__file__).parent / "golden"
GRAPHS = json.loads((GOLDEN / "random.json").read_text())["graphs"]


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "random.npz") as file:
        return dict(file)


def build(expression, seed):
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(seed)
        return graph, eval(expression, {"tf": tf, "np": np})


def cases(*expressions):
    keys = [key for key in GRAPHS if key.rpartition(" @ ")[0] in expressions]
    return [pytest.param(e, None if s == "None" else int(s), id=f"{e} @ {s}") for e, _, s in map(_split, keys)]


def _split(key):
    return key.rpartition(" @ ")


EVERYTHING = cases(*SEEDED, *UNSEEDED, *PURE, *initializer_cases())


@pytest.mark.parametrize(("expression", "seed"), EVERYTHING)
def test_graphs(expression, seed):
    graph, tensor = build(expression, seed)
    expected = GRAPHS[f"{expression} @ {seed}"]
    assert tensor.name == expected["result"]
    found = [
        [o.type, o.name, [i.name for i in o.inputs], {s: o.get_attr(s) for s in SEEDS if s in o.op_def.attrs}]
        for o in graph.get_operations()
    ]
    assert found == expected["ops"]


def check_values(golden, expression, seed, fused=False):
    key = f"{expression} @ {seed}".replace("/", "|")
    if key not in golden:
        pytest.skip("neither seed is set: the numbers are to be different each time")
    graph, tensor = build(expression, seed)
    with tf.Session(graph=graph) as sess:
        found = np.stack([sess.run(tensor) for _ in range(2)])
    expected = golden[key]
    expected = expected.view(ml_dtypes.bfloat16) if found.dtype == ml_dtypes.bfloat16 else expected
    assert found.dtype == expected.dtype
    if "orthogonal" in expression:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    elif fused and found.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    elif found.dtype == np.float64 or "gamma" in expression:
        np.testing.assert_array_max_ulp(found, expected, 8)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("expression", "seed"), EVERYTHING)
def test_values(golden, expression, seed):
    with onevar.use_backend("numpy"):
        check_values(golden, expression, seed)


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
@pytest.mark.parametrize(("expression", "seed"), cases(*SEEDED[::3], *UNSEEDED[::3], *PURE[::5]))
def test_values_on(golden, backend, expression, seed):
    pytest.importorskip(backend)
    with onevar.use_backend(backend):
        # A compiler may multiply and add with one rounding.
        check_values(golden, expression, seed, fused=backend == "jax")
