"""Keras as oracle: the recording is of this Keras, and every difference from it is stated."""

import importlib.util
import inspect
from collections import Counter
from importlib import metadata, util
from pathlib import Path

import pytest

import onevar
from onevar.conformance.golden_keras import DIFFERENCES, ERROR, GOLDEN, MEMBERS, cell, difference

RECORDER = Path(__file__).parents[1] / "conformance" / "golden" / "record_keras.py"
#: Operators of different rules; the others share their tables with these.
SOME = ("add", "truediv", "mod", "matmul", "lt")
BINARY = tuple(GOLDEN["backends"]["numpy"]["binary"])
SCALARS = ("py-bool", "py-int", "py-float", "py-complex")


def _cells():
    for backend in GOLDEN["backends"]:
        for op in BINARY:
            for left in GOLDEN["dtypes"]:
                for right in (*GOLDEN["dtypes"], *(SCALARS if op != "matmul" else ())):
                    yield cell(backend, op, left, right)


def test_every_stated_difference_is_one():
    """Each rule decides some cell, and onevar does there what Keras does not (or promises nothing)."""
    used: Counter[str] = Counter()
    for entry in _cells():
        found = difference(entry)
        if found is not None:
            used[found.name] += 1
            assert found.ours(entry) != entry.keras, f"{found.name} states no difference: {entry}"
    assert set(used) == {d.name for d in DIFFERENCES}


def test_what_onevar_does_instead_is_a_dtype():
    for entry in _cells():
        found = difference(entry)
        ours = found.ours(entry) if found else entry.keras
        assert ours is None or ours == ERROR or ours in GOLDEN["dtypes"], (entry, ours)


def test_most_cells_are_as_keras_has_them():
    """A rule that is too wide would show here."""
    for backend in GOLDEN["backends"]:
        same = [difference(c) is None for c in _cells() if c.backend == backend]
        assert sum(same) / len(same) > 0.6, backend


def test_signature_is_the_recorded_one():
    """Argument for argument; `aggregation`'s default is that of the documentation."""
    theirs = GOLDEN["signature"].strip("()").split(", ")[1:-1]
    ours = [str(p) for p in inspect.signature(onevar.Variable).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    names = [text.partition(":")[0].partition("=")[0].strip() for text in ours]
    assert names == [text.partition("=")[0] for text in theirs]
    assert inspect.signature(onevar.Variable).parameters["aggregation"].default == "mean"


def test_the_recording_is_whole():
    assert GOLDEN["schema"] == "onevar.golden.keras/1"
    assert {"numpy", "torch", "jax", "jax-x64", "tensorflow"} == set(GOLDEN["backends"])
    assert {"assign", "value", "__rxor__", "overwrite_with_gradient"} <= set(MEMBERS)
    assert all(len(row.split()) == 17 for rows in GOLDEN["tables"].values() for row in rows)


def _recorder():
    specification = importlib.util.spec_from_file_location("record_keras", RECORDER)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


needs_keras = pytest.mark.skipif(util.find_spec("keras") is None, reason="Keras is not installed in this environment")


@needs_keras
@pytest.mark.parametrize("backend", [b for b in GOLDEN["backends"] if b != "jax"])
def test_live_keras_does_as_recorded(backend):
    framework = backend.partition("-")[0]
    if util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed in this environment")
    if metadata.version("keras") != GOLDEN["keras"]:
        pytest.skip(f"recorded from Keras {GOLDEN['keras']}, here is {metadata.version('keras')}: record again")
    # JAX compiles each pair of dtypes for each operator, which takes minutes.
    ops = SOME if framework != "jax" else ()
    live = _recorder().record(backend, ops)
    recorded = GOLDEN["backends"][backend]
    assert live["stored"] == recorded["stored"]
    assert live["signature"] == GOLDEN["signature"]
    assert set(GOLDEN["members"]) <= set(live["members"])  # some backends have more
    assert live["unary"] == recorded["unary"]
    assert live["result_type"] == GOLDEN["tables"][recorded["result_type"]]
    for op in ops:
        assert live["binary"][op] == GOLDEN["tables"][recorded["binary"][op]], op
    assert live["scalar"] == {key: row for key, row in recorded["scalar"].items() if key.split()[0] in ops}
