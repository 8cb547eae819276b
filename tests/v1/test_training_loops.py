"""Hooks, monitored sessions, supervisors, evaluation and `tf.contrib`'s loops see what they see in TensorFlow 1.15.

Recorded in `golden/training_loops.json`; `tests/v1/golden/record_training_loops.py` says how to record it again.
"""

import json
from pathlib import Path

import contrib_training_programs
import pytest
import training_loop_programs

import onevar
import onevar.v1 as tf
from onevar.conformance.v1_table import differences

pytest.importorskip("tensorboard")

GOLDEN = json.loads((Path(__file__).parent / "golden" / "training_loops.json").read_text())
PROGRAMS = {**training_loop_programs.PROGRAMS, **contrib_training_programs.PROGRAMS}

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed")


def test_every_program_is_recorded():
    assert PROGRAMS.keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_tensorflow_1(name):
    with onevar.use_backend("numpy"), tf.Graph().as_default():
        found = json.loads(json.dumps(PROGRAMS[name](tf)))
    assert not list(differences(found, GOLDEN[name]))[:3]
