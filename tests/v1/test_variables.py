"""Variables of `tf.compat.v1`: what programs build and compute is what they build and compute in TensorFlow.

Recorded in `golden/variables.json`; with TensorFlow installed, `python tests/v1/golden/record_variables.py` records it
again.
"""

import json
from pathlib import Path

import pytest
from variable_programs import GRAPHS, VALUES, seen

import onevar
import onevar.v1 as tf

GOLDEN = json.loads((Path(__file__).parent / "golden" / "variables.json").read_text())
KINDS = {"reference": False, "resource": True}
#: Shown by TensorFlow's graphs only: there, branches are made of these and of `Merge`.
BRANCHES = {"Switch", "RefSwitch", "Merge", "If"}


def test_every_program_is_recorded():
    assert {f"{name}-{kind}" for name in {**GRAPHS, **VALUES} for kind in KINDS} == GOLDEN.keys()


def as_json(found):
    return json.loads(json.dumps(found))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(name, kind):
    ours, theirs = as_json(seen(tf, GRAPHS[name], KINDS[kind])), GOLDEN[f"{name}-{kind}"]
    assert ours["found"] == theirs["found"]
    assert ours["operations"] == theirs["operations"]
    assert ours["collections"] == theirs["collections"]


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax", "tensorflow"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", VALUES)
def test_values(name, kind, backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    with onevar.use_backend(backend):
        ours = as_json(seen(tf, VALUES[name], KINDS[kind]))
    assert ours == GOLDEN[f"{name}-{kind}"]
