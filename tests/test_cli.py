"""The `onevar` command: help that teaches, clear errors, no framework where none is asked for."""

import json
import subprocess
import sys
from importlib import metadata

import pytest

ONEVAR = [sys.executable, "-c", "from onevar.cli import main; main()"]
HEAVY = ("torch", "jax", "tensorflow", "keras", "pytest", "numpy")


def onevar(*arguments, program=ONEVAR):
    return subprocess.run([*program, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def test_version():
    done = onevar("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"onevar {metadata.version('onevar')}")


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["--help"], ["onevar doctor", "onevar conformance --backend torch"]),
        (["-h"], ["Usage: onevar"]),
        (["conformance", "--help"], ["onevar conformance --merge torch.json --merge jax.json --html all.html"]),
        (["doctor", "--help"], ["onevar doctor --json > doctor.json"]),
        (["audit", "--help"], ["onevar audit --coverage --json > coverage.json"]),
    ],
    ids=" ".join,
)
def test_help_has_examples(arguments, lines):
    done = onevar(*arguments)
    assert done.returncode == 0, done.stderr
    assert all(line in done.stdout for line in lines), done.stdout


def test_nothing_asked_shows_help():
    for arguments, line in [([], "Usage: onevar"), (["conformance"], "Usage: onevar conformance")]:
        done = onevar(*arguments)
        assert line in done.stdout + done.stderr


def test_only_commands_that_exist_are_listed():
    commands = onevar("--help").stdout.partition(" Commands ")[2].splitlines()[1:]
    listed = {line.strip("│ ").split()[0] for line in commands if line.startswith("│")}
    assert listed == {"audit", "conformance", "convert", "doctor", "migrate", "run", "verify"}


def test_help_imports_no_framework():
    program = (
        "import sys\nfrom onevar.cli import build\nimport typer.testing\n"
        "assert typer.testing.CliRunner().invoke(build(), ['--help']).exit_code == 0\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize(
    ("missing", "group", "arguments"),
    [
        ("typer", "conformance", ["--version"]),
        ("typer", "migrate", ["run", "script.py"]),
        ("pytest", "conformance", ["conformance", "--backend", "numpy"]),
    ],
)
def test_missing_packages_say_what_to_install(missing, group, arguments):
    program = [
        sys.executable,
        "-c",
        f"import sys; sys.modules[{missing!r}] = None; from onevar.cli import main; main()",
    ]
    done = onevar(*arguments, program=program)
    assert done.returncode == 1
    assert f'needs {missing}, which is not installed: pip install "onevar[{group}]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_conformance(tmp_path):
    files = {kind: tmp_path / f"run.{kind}" for kind in ("json", "html", "junit")}
    options = [item for kind, path in files.items() for item in (f"--{kind}", path)]
    done = onevar("conformance", "--backend", "numpy", "--device", "cpu", "-k", "numpy_products", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout and all(path.stat().st_size for path in files.values())
    merged = tmp_path / "merged.html"
    done = onevar("conformance", "--merge", files["json"], files["json"], "--html", merged)
    assert done.returncode == 0, done.stderr
    assert merged.read_text().startswith("<!doctype html>") and "NA-02" in done.stdout


def test_merge_fails_where_a_requirement_failed(tmp_path):
    onevar("conformance", "--backend", "numpy", "-k", "numpy_products", "--json", tmp_path / "run.json")
    data = json.loads((tmp_path / "run.json").read_text())
    data["results"][0]["verdict"] = "failed"
    data["results"][0]["tests"] = [{"test": "t", "outcome": "failed", "seconds": 0.0, "reason": "planned"}]
    (tmp_path / "run.json").write_text(json.dumps(data))
    done = onevar("conformance", "--merge", tmp_path / "run.json")
    assert done.returncode == 1 and "planned" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--backend", "nosuch"], 4, "no adapter of that name is registered"),
        (["--backend", "numpy", "--device", "cuda:7"], 4, "It has: cpu:0"),
        (["--backend", "numpy", "--requirement", "XX-01"], 4, "no such requirement"),
        (["--backend", "numpy", "--merge", "x.json"], 2, "either --backend NAME"),
        (["--merge", "missing.json"], 2, "missing.json: not a conformance result"),
        (["x.json"], 2, "either --backend NAME"),
    ],
    ids=["backend", "device", "requirement", "both", "file", "neither"],
)
def test_bad_arguments(arguments, status, message):
    done = onevar("conformance", *arguments)
    assert done.returncode == status
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_writes_json():
    done = onevar("doctor", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
