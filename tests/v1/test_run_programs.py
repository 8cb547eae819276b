"""Programs print the same by `onevar run` as with TensorFlow; `python tests/v1/test_run_programs.py` records that."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from programs import ENVIRONMENT, onevar

FOLDER = Path(__file__).with_name("run_programs")
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py"))


def of_tensorflow(name):
    """Run a program with the installed TensorFlow; return its exit status and output."""
    environment = {**ENVIRONMENT, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, FOLDER / f"{name}.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    return f"{done.stdout}exit {done.returncode}\n"


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_output(name, tmp_path):
    done = onevar(FOLDER / f"{name}.py", cwd=tmp_path)
    assert f"{done.stdout}exit {done.returncode}\n" == (FOLDER / f"{name}.out").read_text(), done.stderr


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.parametrize("name", PROGRAMS)
def test_recorded_output_is_tensorflows(name):
    assert of_tensorflow(name) == (FOLDER / f"{name}.out").read_text()


if __name__ == "__main__":
    for program in PROGRAMS:
        (FOLDER / f"{program}.out").write_text(of_tensorflow(program))
