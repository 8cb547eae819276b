"""V1: small programs on the adapter under test see what they see in TensorFlow (`golden/v1_programs.json`)."""

import json
from typing import Any

import pytest

from onevar.conformance.marks import requirement
from onevar.conformance.v1_programs import golden, of
from onevar.conformance.v1_table import Program, differences, seen
from onevar.errors import Unsupported


def programs(requirement_id: str) -> Any:
    """Parametrize a test over the programs that prove a requirement."""
    return pytest.mark.parametrize(
        ("name", "one", "arguments"), of(requirement_id), ids=[name for name, *_ in of(requirement_id)]
    )


def prove(v1: Any, adapter: Any, name: str, one: Program, arguments: tuple) -> None:
    """Fail unless a program sees what is recorded; skip where the adapter lacks what it needs."""
    with adapter.computing():
        lacks = dict(adapter.lacks)
    for need in one.needs:
        if need in lacks:
            pytest.skip(f"{need}: {lacks[need]}")
    try:
        ours = json.loads(json.dumps(seen(v1, one, arguments)))
    except Unsupported as error:
        if "no primitive" in str(error):
            pytest.skip(str(error))
        raise
    found = list(differences(ours, golden()[name]))
    assert not found, f"{name}: {'; '.join(found[:3])}"


@requirement("V1-01")
@programs("V1-01")
def test_v1_names(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-02")
@programs("V1-02")
def test_v1_graphs(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-03")
@programs("V1-03")
def test_v1_static_shapes(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-04")
@programs("V1-04")
def test_v1_fetches(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-05")
@programs("V1-05")
def test_v1_feeds(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-06")
@programs("V1-06")
def test_v1_missing_values(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-07")
@programs("V1-07")
def test_v1_ends_of_sessions(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-08")
@programs("V1-08")
def test_v1_callables(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-09")
@programs("V1-09")
def test_v1_sessions_apart(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-12")
@programs("V1-12")
def test_v1_order(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-13")
@programs("V1-13")
def test_v1_assigned_values(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-14")
@programs("V1-14")
def test_v1_writes_in_control_flow(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-17")
@programs("V1-17")
def test_v1_changing_shapes(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-18")
@programs("V1-18")
def test_v1_properties(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-19")
@programs("V1-19")
def test_v1_operators(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-20")
@programs("V1-20")
def test_v1_assignments(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-21")
@programs("V1-21")
def test_v1_state_of_every_dtype(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-22")
@programs("V1-22")
def test_v1_collections(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-23")
@programs("V1-23")
def test_v1_scopes(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-24")
@programs("V1-24")
def test_v1_partitions(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-25")
@programs("V1-25")
def test_v1_initializers(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-26")
@programs("V1-26")
def test_v1_random_numbers(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-27")
@programs("V1-27")
def test_v1_random_streams(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-29")
@programs("V1-29")
def test_v1_branches(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-30")
@programs("V1-30")
def test_v1_loops(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-31")
@programs("V1-31")
def test_v1_captures(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-32")
@programs("V1-32")
def test_v1_gradients(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-33")
@programs("V1-33")
def test_v1_second_order(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-34")
@programs("V1-34")
def test_v1_gradients_of_control_flow(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-35")
@programs("V1-35")
def test_v1_sparse_gradients(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-37")
@programs("V1-37")
def test_v1_custom_gradients(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-38")
@programs("V1-38")
def test_v1_shapes_as_values(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-39")
@programs("V1-39")
def test_v1_sizes_of_results(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-40")
@programs("V1-40")
def test_v1_host_in_the_middle(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-41")
@programs("V1-41")
def test_v1_wide_dtypes(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-42")
@programs("V1-42")
def test_v1_half_dtypes(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-43")
@programs("V1-43")
def test_v1_strict_dtypes(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-44")
@programs("V1-44")
def test_v1_bounds(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-45")
@programs("V1-45")
def test_v1_checks(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)


@requirement("V1-52")
@programs("V1-52")
def test_v1_training(v1, adapter, name, one, arguments):
    prove(v1, adapter, name, one, arguments)
