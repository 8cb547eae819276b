"""The recordings of the suite's v1 programs and ops are what the TensorFlow installed here gives."""

import json

import pytest

from onevar.conformance.v1_ops import CASES, expected
from onevar.conformance.v1_programs import TABLE, golden
from onevar.conformance.v1_table import differences, variants


def test_the_recordings_are_complete():
    names = {name for one in TABLE.values() for name, _ in variants(one)}
    assert golden().keys() - {"tensorflow"} == names
    assert [one.name for one in CASES if not expected(one)] == []


def test_every_requirement_of_the_table_exists():
    from onevar.conformance.spec import requirements

    assert {i for one in TABLE.values() for i in one.ids} <= requirements().keys()


def test_programs_in_tensorflow():
    pytest.importorskip("tensorflow")
    from onevar.conformance.golden.record_v1 import record

    found = json.loads(json.dumps(record()))
    wrong = {name: list(differences(seen, golden()[name]))[:3] for name, seen in found.items()}
    assert {name: texts for name, texts in wrong.items() if texts} == {}
