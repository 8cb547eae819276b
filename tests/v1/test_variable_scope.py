"""Variable scopes and what stands on them: what programs see is what they see in TensorFlow.

Recorded in `golden/scopes.json`; with TensorFlow installed, `python tests/v1/golden/record_scopes.py` records it again.
"""

import inspect
import json
from pathlib import Path

import eager_scope_programs
import partition_programs
import pytest
import scope_programs

import onevar
import onevar.v1 as tf
from onevar.core.context import eager_mode
from onevar.v1.variable_store import EagerVariableStore

GOLDEN = json.loads((Path(__file__).parent / "golden" / "scopes.json").read_text())
PROGRAMS = {**scope_programs.PROGRAMS, **partition_programs.PROGRAMS}
EAGER = eager_scope_programs.PROGRAMS
SOURCES = {name: inspect.getsource(program) for name, program in PROGRAMS.items()}
RUNNING = [name for name, text in SOURCES.items() if "Session" in text or "initialized(" in text]


def seen(name):
    with tf.Graph().as_default():
        return json.loads(json.dumps(PROGRAMS[name](tf)))


def test_every_program_is_recorded():
    assert PROGRAMS.keys() | EAGER.keys() == GOLDEN.keys()


@pytest.mark.filterwarnings("ignore:tf.variable_op_scope")
@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_tensorflow(name):
    with onevar.use_backend("numpy"):
        assert seen(name) == GOLDEN[name]


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
@pytest.mark.parametrize("name", RUNNING)
def test_what_runs_is_the_same_on_every_backend(name, backend):
    pytest.importorskip(backend)
    with onevar.use_backend(backend):
        assert seen(name) == GOLDEN[name]


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax", "tensorflow"])
@pytest.mark.parametrize("name", EAGER)
def test_eagerly(name, backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    with onevar.use_backend(backend), tf.Graph().as_default(), eager_mode():
        assert json.loads(json.dumps(EAGER[name](tf, EagerVariableStore))) == GOLDEN[name]


NAMES = """
get_variable get_local_variable variable_scope VariableScope variable_op_scope make_template group tuple no_op
fixed_size_partitioner min_max_variable_partitioner variable_axis_size_partitioner create_partitioned_variables
train.ExponentialMovingAverage train.get_global_step train.create_global_step train.get_or_create_global_step
train.assert_global_step train.global_step no_regularizer variable_creator_scope
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_signatures(name):
    real = pytest.importorskip("tensorflow").compat.v1
    ours: object = tf
    for part in name.split("."):
        real, ours = getattr(real, part), getattr(ours, part)
    wanted = [(p.name, p.kind) for p in inspect.signature(real).parameters.values()]
    assert [(p.name, p.kind) for p in inspect.signature(ours).parameters.values()] == wanted
