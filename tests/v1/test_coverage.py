"""`onevar audit --coverage`: shares from the real registries, and nothing counted that is not TensorFlow's."""

import json
import subprocess
import sys

import pytest

from onevar.core.kernel import KERNELS, kernel_of
from onevar.migrate import coverage, names
from onevar.v1 import export


@pytest.fixture(scope="module")
def found():
    return coverage.rankings()


def entry(ranking, name):
    (one,) = (e for e in ranking.entries if e.name == name)
    return one


def test_rankings_are_complete(found):
    symbols, op_types = found
    assert (len(symbols.entries), len(op_types.entries)) == (526, 143)
    assert "19 public TensorFlow 1 repositories" in symbols.source
    assert "41 public TensorFlow 1 programs" in op_types.source
    assert (entry(symbols, "Session").users, entry(symbols, "Session").uses) == (18, 175)


@pytest.mark.parametrize(
    "name", ["Session", "train.Saver", "GraphKeys.TRAINABLE_VARIABLES", "losses.mean_squared_error"]
)
def test_covered(found, name):
    assert name in export.names() or coverage._symbol(name)[0]
    assert coverage._symbol(name) == (True, "")


@pytest.mark.parametrize("name", ["contrib.tpu.TPUEstimatorSpec", "lite.TFLiteConverter.from_saved_model"])
def test_missing(found, name):
    assert entry(found[0], name).covered is False
    assert entry(found[0], name) in found[0].missing()


@pytest.mark.parametrize("name", ["model.add", "momments", "concat_v2", "Variables"])
def test_left_out(found, name):
    assert entry(found[0], name).covered is None
    assert entry(found[0], name) not in found[0].counted()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("matmul", True),
        ("nn.rnn_cell", True),
        ("train.AdamOptimizer.minimize", True),
        ("contrib.layers.fully_connected", True),
        ("estimator.ModeKeys.TRAIN", True),
        ("newaxis", True),
        ("model.add", False),
        ("nn.no_such", False),
        ("no.such", False),
    ],
)
def test_whose_a_name_is(name, expected):
    assert names.is_tensorflows(name) is expected


def test_names_are_those_of_the_installed_one():
    tf = pytest.importorskip("tensorflow").compat.v1
    for namespace, module in (("losses.", tf.losses), ("metrics.", tf.metrics), ("", tf)):
        public = {n for n in dir(module) if not n.startswith("_")} - {"compat"}
        assert {f"{namespace}{n}" for n in public} <= names.known()


def test_shares_follow_the_registry_of_names(found, monkeypatch):
    before = coverage.shares(*found)[0]
    assert before.covered == sum(bool(e.covered) for e in found[0].entries)
    monkeypatch.delitem(export._values, "matmul")
    after = coverage.shares(*coverage.rankings())[0]
    assert (after.covered, after.total) == (before.covered - 1, before.total)


def test_shares_follow_the_engine(found, monkeypatch):
    kernel_of("MatMul")
    before = coverage.shares(*found)[3]
    monkeypatch.delitem(KERNELS, "MatMul")
    op_types = coverage.rankings()[1]
    after = coverage.shares(found[0], op_types)[3]
    assert (after.what, after.covered) == ("op types", before.covered - 1)
    assert [e.name for e in op_types.missing() if e.name == "MatMul"] == ["MatMul"]


def test_loops_and_branches_are_accounted_for(found):
    for name, held in (("Switch", "If"), ("Enter", "While")):
        one = entry(found[1], name)
        assert (one.covered, one.note) == (True, f"part of one {held} operation")


def test_percent():
    assert coverage.Share("x", 1, 8).percent == 12.5
    assert coverage.Share("x", 0, 0).percent == 100.0


def command(*arguments):
    program = [sys.executable, "-c", "from onevar.cli import main; main()", "audit", *arguments]
    return subprocess.run(program, capture_output=True, text=True, timeout=300)


def test_json(found):
    done = command("--coverage", "--json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["schema"]) == (0, "onevar.migrate.coverage/1")
    assert [share["what"] for share in data["shares"]] == [share.what for share in coverage.shares(*found)]
    assert len(data["op_types"]["entries"]) == 143
    assert data["symbols"]["entries"][0]["name"] == "Session"


def test_table(found):
    done = command("--coverage")
    assert done.returncode == 0, done.stderr
    share = coverage.shares(*found)[0]
    assert f"{share.percent:.1f} %" in done.stdout
    assert "contrib.tpu.TPUEstimatorSpec" in done.stdout
    assert "Left out:" in done.stdout


@pytest.mark.parametrize("words", [["--json"], ["--coverage", "train.py"], ["--coverage", "--html", "x.html"]])
def test_what_to_audit_is_asked(words):
    done = command(*words)
    assert done.returncode == 2
    assert "Invalid value" in done.stderr and "PATH" in done.stderr
