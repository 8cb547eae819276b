"""TensorArrays, maps, scans, loops and second derivatives, in graphs and eagerly, against what TensorFlow does.

What it does is recorded in `golden/loops.json`; `python tests/v1/golden/record_loops.py` records it again.
"""

import json
from pathlib import Path

import loop_results
import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.context import eager_mode

GOLDEN = json.loads((Path(__file__).parent / "golden" / "loops.json").read_text())

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed")


# What nobody meant: a condition or a name that TensorFlow does not look after.
ACCIDENTS = ("IndexError", "AttributeError")
# Refused as well, but earlier, or in other words.
OTHER_WORDS = {
    "parallel_in_words", "scan_to_another_dtype", "fold_to_another_dtype", "body_of_another_dtype",
    "inner_values_stay_inside", "hessian_of_nothing",
}  # fmt: skip
# TensorFlow computes all rows at once: other operations.
OTHER_OPERATIONS = {"vectorized", "vectorized_over_nothing", "vectorized_slopes"}
# Another result each time.
CHANGING = {"random_numbers_in_loops", "variables_in_loops"}
COMPILED = (
    "write grown", "read twice", "with room left by a loop", "what holds", "grad", "gradient of concat", "folds",
    "map_of_nothing", "growing_variables", "branches_in_loops", "slopes_of_loops", "vectorized_slopes",
    "own_gradients_of_variables", "own_gradients_in_inner_loops", "hessian_through_a_branch",
)  # fmt: skip
# Ours are zeros; TensorFlow's gradient has no path there.
ZEROS = "hessian_of_a_line"


def same_values(mine, real):
    assert len(mine) == len(real)
    for got, wanted in zip(mine, real, strict=True):
        if not isinstance(wanted, list) or wanted[0] in ("string", "bool"):
            assert got == wanted
        else:
            assert got[0] == wanted[0]
            assert np.shape(got[1]) == np.shape(wanted[1])
            np.testing.assert_allclose(got[1], wanted[1], rtol=2e-5, atol=1e-6)


def known_as_well(mine, real):
    """Whether the static shapes tell at least as much."""
    return len(mine) == len(real) and all(
        b is None or (a is not None and len(a) == len(b) and all(y in (None, x) for x, y in zip(a, b, strict=True)))
        for a, b in zip(mine, real, strict=True)
    )


def compare(name, mine, real):
    if real.get("error", [None])[0] in ACCIDENTS or name in OTHER_WORDS:
        assert ("error" in mine) == ("error" in real), mine
        return
    if name == ZEROS:
        assert "error" in real and not np.any(mine["values"][0][1])
        return
    assert mine.get("error") == real.get("error")
    if "error" in real:
        return
    same_values(mine["values"], real["values"])
    if "operations" in mine and name not in OTHER_OPERATIONS:
        assert mine["operations"] == real["operations"]
    if "shapes" in real:
        assert known_as_well(mine["shapes"], real["shapes"]), (mine["shapes"], real["shapes"])


def in_a_session(backend, name):
    pytest.importorskip(backend)
    with onevar.use_backend(backend):
        found = loop_results.in_a_graph(tf, loop_results.GRAPHS[name], 1 if name in CHANGING else 3)
    compare(name, found, GOLDEN[f"graph: {name}"])


def test_every_program_is_recorded():
    programs = [f"graph: {name}" for name in loop_results.GRAPHS] + [f"eager: {name}" for name in loop_results.EAGERLY]
    assert list(GOLDEN) == programs


@pytest.mark.parametrize("name", loop_results.GRAPHS)
def test_in_a_graph(name):
    in_a_session("torch", name)


# What is compiled in other ways than the rest.
@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name):
    in_a_session("jax", name)


@pytest.mark.parametrize("name", loop_results.EAGERLY)
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_eagerly(name, backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    with onevar.use_backend(backend), tf.Graph().as_default(), eager_mode():
        compare(name, loop_results.eagerly(tf, loop_results.EAGERLY[name], lambda v: v), GOLDEN[f"eager: {name}"])
