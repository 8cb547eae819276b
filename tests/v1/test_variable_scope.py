"""Variable scopes and what stands on them: what programs see is what they see in TensorFlow.

Recorded in `golden/scopes.json`; with TensorFlow installed, `python tests/v1/golden/record_scopes.py` records it again.
"""

import json
from pathlib import Path

import partition_programs
import pytest
import scope_programs

import onevar.v1 as tf

GOLDEN = json.loads((Path(__file__).parent / "golden" / "scopes.json").read_text())
PROGRAMS = {**scope_programs.PROGRAMS, **partition_programs.PROGRAMS}


def test_every_program_is_recorded():
    assert PROGRAMS.keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_tensorflow(name):
    with tf.Graph().as_default():
        seen = json.loads(json.dumps(PROGRAMS[name](tf)))
    assert seen == GOLDEN[name]
