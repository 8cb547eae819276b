"""The chapters' programs give the same on every framework as on NumPy, where TensorFlow is the judge."""

import importlib.util

import array_programs
import math_programs
import numpy as np
import pytest
from oracle import flat
from test_sparse_ops import PROGRAMS as SPARSE

import onevar
import onevar.v1 as tf

PROGRAMS = {
    **{f"array-{name}": (array_programs.program(name), array_programs.FEEDS) for name in array_programs.PROGRAMS},
    **{f"math-{name}": (math_programs.program(name), math_programs.FEEDS) for name in math_programs.PROGRAMS},
    **{f"linalg-{name}": (math_programs.linalg(name), {"a": math_programs.SQUARE}) for name in math_programs.LINALG},
    **{f"sparse-{name}": (program, {}) for name, program in SPARSE.items()},
}


def run(program, feeds, backend):
    with onevar.use_backend(backend), tf.Graph().as_default() as graph:
        outputs = [t for t in flat(program(tf)) if t is not None]
        names = {op.name for op in graph.get_operations() if op.type == "Placeholder"}
        with tf.Session() as session:
            return session.run(outputs, {f"{name}:0": value for name, value in feeds.items() if name in names})


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_on_numpy(name, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    program, feeds = PROGRAMS[name]
    for mine, expected in zip(run(program, feeds, backend), run(program, feeds, "numpy"), strict=True):
        mine, expected = np.asarray(mine), np.asarray(expected)
        assert (mine.dtype, mine.shape) == (expected.dtype, expected.shape)
        if expected.dtype.kind in "fc":
            np.testing.assert_allclose(mine, expected, rtol=2e-4, atol=2e-5)
        else:
            np.testing.assert_array_equal(mine, expected)
