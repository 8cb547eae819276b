"""The recordings of the suite's v1 programs and ops are what the TensorFlow installed here gives."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import onevar.conformance
from onevar.conformance.v1_ops import CASES, expected
from onevar.conformance.v1_programs import TABLE, golden
from onevar.conformance.v1_table import differences, variants

RECORDER = Path(onevar.conformance.__file__).parent / "golden" / "record_v1.py"


def test_the_recordings_are_complete():
    names = {name for one in TABLE.values() for name, _ in variants(one)}
    assert golden().keys() - {"tensorflow"} == names
    assert [one.name for one in CASES if not expected(one)] == []


def test_every_requirement_of_the_table_exists():
    from onevar.conformance.spec import requirements

    assert {i for one in TABLE.values() for i in one.ids} <= requirements().keys()


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_programs_in_tensorflow(tmp_path):
    # In a process of its own: `disable_v2_behavior` cannot be taken back.
    recorded = tmp_path / "v1_programs.json"
    subprocess.run([sys.executable, str(RECORDER), str(recorded)], check=True, cwd=tmp_path, timeout=900)
    found = json.loads(recorded.read_text(encoding="utf-8"))
    del found["tensorflow"]
    wrong = {name: list(differences(seen, golden()[name]))[:3] for name, seen in found.items()}
    assert {name: texts for name, texts in wrong.items() if texts} == {}
