"""V1: the programs of the later chapters see what they see in TensorFlow (`golden/v1_<thing>.json`)."""

import pytest

from onevar.conformance.spec import requirements
from onevar.conformance.test_v1_programs import prove
from onevar.conformance.v1_programs import TABLE, file_of
from onevar.conformance.v1_table import variants

PROGRAMS = [
    pytest.param(
        name,
        one,
        arguments,
        id=f"{file_of(one)}-{name}",
        # What spec.md does not list is proven, and counted nowhere: another test says that a row is missing.
        marks=pytest.mark.requirement(*(i for i in one.ids if i in requirements())),
    )
    for one in TABLE.values()
    if file_of(one) != "v1_programs"
    for name, arguments in variants(one)
]


@pytest.mark.parametrize(("name", "one", "arguments"), PROGRAMS)
def test_v1_chapters(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)
