"""`tf.contrib.rnn` and `tf.contrib.seq2seq` see what they see in TensorFlow 1.15.

Recorded in `golden/rnn_contrib.json`; `tests/v1/golden/record_rnn_contrib.py` says how to record it again.
"""

import inspect
import json
from pathlib import Path

import pytest
import rnn_contrib_programs

import onevar
import onevar.v1 as tf
from onevar.conformance.v1_table import differences

GOLDEN = json.loads((Path(__file__).parent / "golden" / "rnn_contrib.json").read_text())
PROGRAMS = rnn_contrib_programs.PROGRAMS
SOURCES = {name: inspect.getsource(program) for name, program in PROGRAMS.items()}
DIFFERENTIATING = [
    n for n, text in SOURCES.items() if "gradients(" in text or "all_of(" in text or "two_steps(" in text
]

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed")


def check(name):
    with tf.Graph().as_default():
        found = json.loads(json.dumps(PROGRAMS[name](tf)))
    assert not list(differences(found, GOLDEN[name]))[:3]


def test_every_program_is_recorded():
    assert PROGRAMS.keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in DIFFERENTIATING])
def test_as_in_tensorflow_1(name):
    with onevar.use_backend("numpy"):
        check(name)


@pytest.mark.parametrize("name", DIFFERENTIATING)
def test_as_in_tensorflow_1_on_torch(name):
    pytest.importorskip("torch")
    with onevar.use_backend("torch"):
        check(name)


# What has loops in it, or ops of its own; the rest is made of ops that are proven elsewhere.
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
@pytest.mark.parametrize("name", ["block_networks", "losses_of_sequences", "trained_decoders", "decoders_that_go_on"])
def test_as_in_tensorflow_1_where_it_is_compiled(name, backend):
    pytest.importorskip(backend)
    with onevar.use_backend(backend):
        check(name)
