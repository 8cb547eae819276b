"""Every example runs as it is with what is installed."""

import importlib
import json
import os
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
NEEDS = {
    "mix_frameworks.py": (),
    "keras_face.py": (),
    "write_an_adapter.py": ("array_api_strict",),
    "digits/demo.py": ("sklearn", "rich", "jinja2", "matplotlib", "typer"),
}


BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(script: str, *arguments: str) -> str:
    """Run an example in a fresh process and return what it printed."""
    return run_file(EXAMPLES / script, *arguments)


def run_file(script: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, f"{script} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def skip_without(script: str) -> None:
    """Skip where a module is missing that the example cannot do without."""
    missing = [name for name in NEEDS[script] if util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{script} needs {', '.join(missing)}")


def test_every_example_is_listed() -> None:
    scripts = {path.name for path in EXAMPLES.glob("*.py")}
    assert scripts == {name for name in NEEDS if "/" not in name}


@pytest.mark.parametrize("script", ["mix_frameworks.py", "keras_face.py", "write_an_adapter.py"])
def test_example_runs(script: str) -> None:
    skip_without(script)
    assert run(script)


def test_mixing_shares_and_keeps_snapshots() -> None:
    out = run("mix_frameworks.py")
    assert "the second write stayed in place: True" in out
    if util.find_spec("torch") and util.find_spec("jax"):
        assert "same memory in JAX: True" in out
    else:
        assert "skipped: training in torch" in out


def test_demo_trains_alike_and_copies_nothing(tmp_path: Path) -> None:
    skip_without("digits/demo.py")
    page = tmp_path / "out" / "demo.html"
    out = run("digits/demo.py", "--html", str(page))
    assert "answers are the same as each framework's own" in " ".join(out.split())
    for name, module in {"torch": "torch", "jax": "jax", "tensorflow": "tensorflow"}.items():
        if util.find_spec(module) is None:
            assert f'pip install "onevar[{name}]"' in out
    if any(util.find_spec(module) for module in ("torch", "jax", "tensorflow")):
        assert "A TensorFlow 1 script, unmodified" in out
    html = page.read_text(encoding="utf-8")
    assert 'src="data:image/png;base64,' in html
    assert "<svg" in html
    assert 'src="http' not in html and "<link" not in html  # it needs nothing but itself


def test_demo_fails_where_losses_are_not_those_of_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES / "digits")
    script = importlib.import_module("script")

    def result(where: str, off: float = 0.0, test_loss: float = 0.3) -> Any:
        return script.Result(where, np.full(5, 1.0) + off, np.ones(5), test_loss, 0.9)

    def way(judged: float) -> list:
        return [script.Leg(5, 5, result("jax")), script.Leg(0, 5, result(script.ITSELF, test_loss=judged))]

    itself = result(script.ITSELF)
    assert script.right([itself, result("jax", 1e-6), result("torch")], way(0.3))
    assert not script.right([itself, result("jax", 2e-4), result("torch")], way(0.3))
    assert not script.right([itself, result("jax"), result("torch", np.nan)], way(0.3))
    assert not script.right([itself, result("jax")], way(0.31))
    assert script.right([], [])


def test_the_script_of_the_demo_knows_nothing_of_onevar() -> None:
    code = (EXAMPLES / "v1" / "digits.py").read_text(encoding="utf-8")
    imports = [line for line in code.splitlines() if line.startswith(("import ", "from "))]
    assert "import tensorflow.compat.v1 as tf" in imports
    assert not any("onevar" in line for line in imports)


def test_benchmarks_of_the_v1_engine_run(tmp_path: Path) -> None:
    pytest.importorskip("rich")
    if util.find_spec("tensorflow") is None:
        pytest.skip("it is compared with TensorFlow")
    result = tmp_path / "result.json"
    run_file(BENCHMARKS / "run.py", "--only", "v1", "--backend", "numpy", "--rounds", "2", "--json", str(result))
    found = json.loads(result.read_text())["v1"]
    assert found["run"]["numpy"]["assign_add"]["onevar"] > 0
    assert found["memory"]["onevar"] > 0
    assert set(found["build"]["plan"]) == {"1000", "10000"}


def test_benchmarks_run(tmp_path: Path) -> None:
    pytest.importorskip("rich")
    result = tmp_path / "result.json"
    options = ("--only", "operators,assign,share", "--backend", "numpy", "--size", "1 KB", "--json", str(result))
    out = run_file(BENCHMARKS / "run.py", *options)
    assert "times the native operator" in " ".join(out.split())
    times = json.loads(result.read_text())["operators"]["numpy"]["add"]
    assert times["onevar"] > 0 and times["native"] > 0
