"""The conformance suite's own order: requirements, tests, plugin, verdicts, reports."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import onevar.conformance
from onevar.conformance import known, report, results, spec
from onevar.conformance.marks import SuiteError, needs, requirement
from onevar.conformance.results import Outcome, verdict
from onevar.conformance.v1_programs import TABLE

SUITE = Path(onevar.conformance.__file__).parent
NATIVE = Path(__file__).parent / "native"
FRAMEWORKS = ("torch", "jax", "tensorflow", "keras", "array_api_strict", "cupy")


def run(*arguments, cwd=None, env=None):
    """Run pytest with the plugin in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "onevar.conformance.plugin", "-p", "no:cacheprovider", "-q"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=300, cwd=cwd, env=env
    )


def marked():
    """Yield (file, test, ids of its requirements) for each test of the suite, from the source."""
    for path in [*SUITE.glob("test_*.py"), *NATIVE.glob("test_*.py")]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                calls = [d for d in node.decorator_list if isinstance(d, ast.Call)]
                ids = [a.value for c in calls if getattr(c.func, "id", "") == "requirement" for a in c.args]
                if node.name == "test_v1_chapters":  # its parameters, programs of the table, name theirs
                    ids = sorted({i for one in TABLE.values() for i in one.ids})
                yield path, node.name, ids


# -- requirements and tests -----------------------------------------------------------------------


def test_every_requirement_has_a_test():
    tested = {i for _, _, ids in marked() for i in ids}
    assert set(spec.requirements()) - tested == set()


def test_every_test_names_a_requirement_that_exists():
    assert [(p.name, name) for p, name, ids in marked() if not ids and p.parent == SUITE] == []
    assert {i for _, _, ids in marked() for i in ids} - set(spec.requirements()) == set()


def test_requirements_need_what_the_contract_knows():
    from onevar.adapters.contract import CAPABILITIES

    for row in spec.requirements().values():
        assert set(row.needs) <= set(CAPABILITIES), row
        assert row.source and row.text.endswith("."), row


def test_names_of_tests_are_unique():
    """A star import must lose none."""
    names = [name for path, name, _ in marked() if path.parent == SUITE]
    assert len(names) == len(set(names))


def test_unknown_ids_are_refused():
    with pytest.raises(SuiteError, match="XX-01"):
        requirement("XX-01")
    with pytest.raises(SuiteError):
        requirement()
    with pytest.raises(SuiteError, match="wings"):
        needs("wings")


@pytest.mark.parametrize(
    "row",
    ["| CO-01 | a. | | b |\n| CO-01 | a. | | b |", "| AD-01 | a. | | b |", "| CO-01 | a. | b |"],
    ids=["twice", "elsewhere", "short"],
)
def test_a_document_with_mistakes_is_refused(row):
    with pytest.raises(ValueError, match="spec.md"):
        spec.parse(f"## CO: construction\n{row}")


def test_the_suite_imports_no_framework():
    for path in SUITE.rglob("*.py"):
        if path.parent == SUITE:
            for node in ast.walk(ast.parse(path.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not {n.partition(".")[0] for n in names} & set(FRAMEWORKS), path


# -- what a run refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--backend", "nosuch"], "no adapter of that name"),
        (["--backend", "numpy", "--device", "cuda:0"], "numpy has no such device here. It has: cpu:0"),
        (["--backend", "numpy", "--requirement", "XX-01"], "no such requirement"),
        ([], "--backend"),
    ],
    ids=["backend", "device", "requirement", "nothing"],
)
def test_what_is_not_here_fails_the_run(options, message, monkeypatch):
    monkeypatch.delenv("ONEVAR_BACKEND", raising=False)
    done = run(SUITE / "test_native.py", *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert message in done.stdout + done.stderr


def test_a_framework_that_is_not_installed_fails_the_run(tmp_path):
    """As in an environment for one framework, asked for another one."""
    package = tmp_path / "ghost-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: ghost\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[onevar.adapters]\nghost = ghost:ADAPTER\n")
    done = run(SUITE / "test_native.py", "--backend", "ghost", env={**_environment(), "PYTHONPATH": str(tmp_path)})
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "install ghost" in done.stdout + done.stderr


def _environment():
    import os

    return dict(os.environ)


def test_the_environment_names_the_backend(monkeypatch):
    monkeypatch.setenv("ONEVAR_BACKEND", "numpy")
    done = run(SUITE / "test_native.py", "-k", "numpy_products")
    assert done.returncode == 0, done.stdout


# -- known failures ---------------------------------------------------------------------------------


def test_known_failures_match_by_test_and_case():
    line = known.Known("torch", "test_a.py::test_b[float32]", "why", "https://example.org/1")
    whole = known.Known("torch", "test_a.py::test_c", "why", "https://example.org/2")
    table = (line, whole)
    assert known.matching(table, "torch", "test_a.py::test_b[float32]") is line
    assert known.matching(table, "torch", "test_a.py::test_b[float64]") is None
    assert known.matching(table, "torch", "test_a.py::test_c[float64]") is whole
    assert known.matching(table, "jax", "test_a.py::test_c") is None


def test_known_failures_have_a_reason_and_a_link():
    for line in known.KNOWN:
        assert len(line.reason.split()) > 3 and line.link.startswith("https://"), line


_KNOWN = """
from onevar.conformance import known
known.KNOWN = (known.Known("numpy", "test_native.py::{test}", "planned for this test", "https://example.org/1"),)
"""


@pytest.mark.parametrize(
    ("test", "status", "message"),
    [("test_nothing", pytest.ExitCode.USAGE_ERROR, "match no test"), ("test_numpy_products", 1, "XPASS(strict)")],
)
def test_idle_known_failures_are_errors(tmp_path, test, status, message):
    (tmp_path / "plant.py").write_text(_KNOWN.format(test=test))
    env = {**_environment(), "PYTHONPATH": str(tmp_path)}
    done = run("-p", "plant", SUITE / "test_native.py", "--backend", "numpy", env=env)
    assert (done.returncode, message in done.stdout + done.stderr) == (status, True), done.stdout


# -- verdicts and reports -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], "untested"),
        (["skipped", "skipped"], "skipped"),
        (["skipped", "passed"], "passed"),
        (["passed", "known"], "known"),
        (["known", "failed", "passed"], "failed"),
    ],
)
def test_verdict(outcomes, expected):
    assert verdict([Outcome("t", o, 0.0) for o in outcomes]) == expected


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Files of a short run: JSON, HTML, JUnit."""
    folder = tmp_path_factory.mktemp("report")
    files = {kind: folder / f"run.{kind}" for kind in ("json", "html", "xml")}
    options = ["--onevar-json", files["json"], "--onevar-html", files["html"], "--junit-xml", files["xml"]]
    done = run(SUITE / "test_native.py", "--backend", "numpy", *options)
    assert done.returncode == 0, done.stdout
    return {**files, "out": done.stdout}


def test_json(result):
    data = json.loads(result["json"].read_text())
    assert data["schema"] == results.SCHEMA
    assert data["versions"]["onevar"] and data["python"] and data["platform"] and data["seconds"] > 0
    (target,) = data["targets"]
    assert (target["backend"], target["device"], target["module"]) == ("numpy", "cpu:0", "numpy")
    assert target["lacks"]["gradients"]
    rows = {row["requirement"]: row for row in data["results"]}
    assert list(rows) == list(spec.requirements())
    assert rows["NA-02"]["verdict"] == "passed" and rows["NA-02"]["seconds"] > 0
    assert rows["NA-01"]["verdict"] == "skipped"
    assert rows["NA-01"]["tests"][0]["reason"] == f"native_state: {target['lacks']['native_state']}"
    assert rows["OP-01"]["verdict"] == "untested"


def test_several_processes_report_what_one_does(tmp_path, result):
    """Under pytest-xdist the tests run elsewhere; their outcomes and reasons must arrive."""
    pytest.importorskip("xdist")
    options = ["-n", "2", "--onevar-json", tmp_path / "run.json"]
    done = run(SUITE / "test_native.py", SUITE / "test_promotion.py", "--backend", "numpy", *options)
    assert done.returncode == 0, done.stdout
    alone = json.loads(result["json"].read_text())["results"]
    rows = {row["requirement"]: row for row in json.loads((tmp_path / "run.json").read_text())["results"]}
    of_native = [row for row in alone if row["tests"] and row["requirement"].startswith("NA")]
    assert len(of_native) > 1
    for row in of_native:
        found = rows[row["requirement"]]
        assert [(t["test"], t["outcome"], t["reason"]) for t in sorted(found["tests"], key=lambda t: t["test"])] == [
            (t["test"], t["outcome"], t["reason"]) for t in sorted(row["tests"], key=lambda t: t["test"])
        ]
        assert found["verdict"] == row["verdict"]
    assert rows["OP-10"]["verdict"] == "passed"


def test_a_parameter_of_ones_own_may_be_called_target(tmp_path):
    file = tmp_path / "test_own.py"
    mark = "@pytest.mark.parametrize(('target', 'n'), [('a', 1)])"
    file.write_text(f"import pytest\n{mark}\ndef test_own(target, n): assert target == 'a'\n")
    for options in ((), ("--backend", "numpy")):
        done = run(file, *options, cwd=tmp_path)
        assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def test_what_needs_no_framework_counts_for_each(tmp_path):
    done = run(SUITE / "test_promotion.py", "--backend", "numpy", "-k", "result_type", "--onevar-json", tmp_path / "x")
    rows = {row["requirement"]: row for row in json.loads((tmp_path / "x").read_text())["results"]}
    assert done.returncode == 0 and rows["OP-10"]["verdict"] == "passed"


def test_terminal(result):
    assert "NA-02" in result["out"] or "✓" in result["out"]
    assert "native_state" in result["out"]
    assert "numpy cpu:0: 1 passed" in result["out"]


def test_html_is_one_page(result):
    page = result["html"].read_text()
    assert page.startswith("<!doctype html>")
    assert "http://" not in page and "https://" not in page and "src=" not in page and "<link" not in page
    assert all(name in page for name in spec.requirements())
    assert "native_state" in page and "numpy_products" in page


def test_html_escapes(tmp_path, result):
    data = json.loads(result["json"].read_text())
    data["results"][0]["tests"] = [
        {"test": "t", "outcome": "failed", "seconds": 0.0, "reason": "<script>alert(1)</script>"}
    ]
    report.write_html(data, tmp_path / "page.html")
    assert "<script>alert" not in (tmp_path / "page.html").read_text()


def test_merge(result):
    (first,) = results.load([result["json"]])
    second = json.loads(json.dumps(first).replace('"numpy"', '"other"'))
    second["started"] = "2001-01-01T00:00:00+00:00"
    data = results.merge([first, second, second])
    assert [t["backend"] for t in data["targets"]] == ["numpy", "other"]
    assert len(data["results"]) == 2 * len(spec.requirements())
    assert data["started"] == second["started"]
    lines = list(report.matrix(data, width=80))
    assert max(map(len, lines[: len(spec.requirements())])) <= 80
    with pytest.raises(ValueError, match="nothing|no results"):
        results.merge([])


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other/9"}'], ids=["empty", "list", "schema"])
def test_only_results_merge(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match="x.json"):
        results.load([tmp_path / "x.json"])


def test_matrix_without_rich(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    (data,) = results.load([result["json"]])
    lines = list(report.matrix(data, width=80))
    assert any(line.startswith("NA-02") and line.endswith("✓") for line in lines)


# -- third parties ------------------------------------------------------------------------------------


def test_star_import_takes_every_test():
    names = {name for path, name, _ in marked() if path.parent == SUITE}
    program = "from onevar.conformance import *\nprint(*(n for n in dir() if not n.startswith('__')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert set(done.stdout.split()) == names | {"needs", "requirement"}


def test_two_files_make_a_suite(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["onevar.conformance.plugin"]\n')
    (tmp_path / "test_mine.py").write_text("from onevar.conformance import *\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--backend",
        "numpy",
        "-k",
        "numpy_products",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
