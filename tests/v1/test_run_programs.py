"""Programs print the same by `onevar run` as with TensorFlow; `python tests/v1/test_run_programs.py` records that."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from programs import ENVIRONMENT, onevar

FOLDER = Path(__file__).with_name("run_programs")
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py"))
#: Those that differentiate.
GRADIENTS = ("upstream_tests",)


def of_tensorflow(name):
    """Run a program with the installed TensorFlow; return its exit status and output."""
    environment = {**ENVIRONMENT, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, FOLDER / f"{name}.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    return printed(done)


def printed(done):
    """What a run says, wherever the repository lies."""
    return f"{done.stdout}exit {done.returncode}\n".replace(str(FOLDER), "FOLDER")


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_output(name, tmp_path):
    if name in GRADIENTS:
        pytest.importorskip("torch")
    backend = ("--backend", "torch") if name in GRADIENTS else ()
    done = onevar(*backend, FOLDER / f"{name}.py", cwd=tmp_path)
    assert printed(done) == (FOLDER / f"{name}.out").read_text(), done.stderr


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.parametrize("name", PROGRAMS)
def test_recorded_output_is_tensorflows(name):
    assert of_tensorflow(name) == (FOLDER / f"{name}.out").read_text()


if __name__ == "__main__":
    for program in PROGRAMS:
        (FOLDER / f"{program}.out").write_text(of_tensorflow(program))
