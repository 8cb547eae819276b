"""Starting small programs in a process where TensorFlow is not installed."""

import os
import subprocess
import sys
import textwrap

BLOCK = """
from importlib.machinery import PathFinder
real = PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] == "tensorflow" else real(name, path, target)
PathFinder.find_spec = find_spec
"""
ONEVAR = [sys.executable, "-c", f"{BLOCK}\nfrom onevar.cli import main; main()"]
#: Finds a TensorFlow, if one is on the path.
WITH_TENSORFLOW = [sys.executable, "-c", "from onevar.cli import main; main()"]
ENVIRONMENT = {**os.environ, "ONEVAR_BACKEND": "numpy", "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1"}


def start(*words, cwd, env=None, program=ONEVAR, **options):
    command = [*program, *map(str, words)]
    environment = {**ENVIRONMENT, **(env or {})}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, **options)


def onevar(*words, cwd, **options):
    return start("run", *words, cwd=cwd, **options)


def write(folder, **files):
    """Write modules: `pkg_in_sub` is pkg/sub.py, `pkg_INIT` pkg/__init__.py."""
    for name, text in files.items():
        parts = name.replace("_INIT", "_in___init__").replace("_MAIN", "_in___main__").split("_in_")
        path = folder.joinpath(*parts).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder
