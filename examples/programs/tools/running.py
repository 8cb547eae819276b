"""Running the programs, phase by phase, with TensorFlow or through `onevar run`."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from table import FOLDER, Program

ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "", "PYTHONUNBUFFERED": "1"}


def prepare(folder: Path, python: str = sys.executable) -> Path:
    """Write the data that the programs read, once."""
    if not (folder / "iris").is_dir():
        subprocess.run([python, str(FOLDER / "prepare_data.py"), str(folder)], check=True)
    return folder


def command(program: Program, backend: str | None, python: str = sys.executable) -> list[str]:
    """How the program is run: by a backend, or with TensorFlow where that is None."""
    if backend is None:
        return [python, "-W", "ignore", str(FOLDER / "tools" / "with_tensorflow.py"), str(program.path)]
    return [python, "-m", "onevar", "run", "--backend", backend, str(program.path)]


def run_phase(start: list[str], arguments: str, folder: Path, timeout: float = 600.0) -> tuple[str, str, float]:
    """Run a program once.

    Args:
        start: What `command` gave.
        arguments: The program's arguments, in one string.
        folder: Where it runs; the data is in `data` there.
        timeout: After how many seconds it is stopped.

    Returns:
        What it printed on standard output, and on standard error; how many seconds it took.

    Raises:
        RuntimeError: Its exit status was not 0.
    """
    started = time.perf_counter()
    done = subprocess.run(
        [*start, *arguments.split()], cwd=folder, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(start)} {arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout, done.stderr, seconds


def run_all(program: Program, folder: Path, data: Path, start: list[str]) -> str:
    """Run all phases of a program, one after the other; return what they printed."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / "data").symlink_to(data.resolve())
    printed = []
    for arguments in program.phases:
        out, _, _ = run_phase(start, arguments, folder)
        printed.append(f"$ {program.name}.py {arguments}".rstrip() + "\n" + out)
    return "".join(printed)
