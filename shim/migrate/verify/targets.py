"""What `old` and `new` may be, and how each is run."""

import ast
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from onevar.errors import OnevarError
from onevar.migrate.verify.tape import CONTENTS

RUNTIMES = ("onevar", "tensorflow", "keras", "torch")
_FACTORY = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
_KERAS_STEPS = re.compile(r"\.(train_on_batch|test_on_batch|predict_on_batch|fit|predict|evaluate|compile)\s*\(")
_SESSIONS = re.compile(r"\b(Session|InteractiveSession|MonitoredTrainingSession|MonitoredSession|Supervisor)\s*\(")


class CannotVerify(OnevarError, ValueError):
    """A program that is to be compared is not there, cannot be run, or does nothing that can be compared."""


@dataclass(frozen=True)
class Target:
    """A program, a model, or a run that was recorded earlier.

    Attributes:
        program: A path, or `module:function`.
        runtime: What runs it, one of `RUNTIMES`.
        is_built: Whether it is no program but what makes a model or a graph, which is then driven.
        recorded: Whether it is the folder of a recorded run.
    """

    program: str
    runtime: str
    is_built: bool = False
    recorded: bool = False


def target(text: str, runtime: str | None) -> Target:
    """Return what a user's word means.

    Args:
        text: A script, a notebook, a `.keras` file, `module:function`, or the folder of a recorded run.
        runtime: What is to run it; None finds out from what it imports.

    Raises:
        CannotVerify: It is none of these.
    """
    if runtime is not None and runtime not in RUNTIMES:
        raise CannotVerify(f"runtime {runtime!r} is not known. There are: {', '.join(RUNTIMES)}.")
    path = Path(text)
    if path.is_dir() and (path / CONTENTS).exists():
        return Target(text, "", recorded=True)
    if path.suffix in (".keras", ".h5"):
        _exists(path)
        return Target(text, "keras", is_built=True)
    if path.exists():
        return Target(text, runtime or _runtime_of(path))
    if _FACTORY.match(text):
        return Target(text, runtime or _runtime_of(_source_of(text.partition(":")[0])), is_built=True)
    raise CannotVerify(
        f"{text}: there is no such file, and it is not of the form module:function. Give a script, a notebook, a "
        ".keras file, module:function that makes a model or a graph, or the folder of a recorded run."
    )


def _exists(path: Path) -> None:
    if not path.exists():
        raise CannotVerify(f"{path}: there is no such file.")


def _source_of(module: str) -> Path:
    sys.path.insert(0, "")
    try:
        spec = find_spec(module)
    except (ImportError, ValueError) as error:
        raise CannotVerify(f"module {module!r} cannot be imported: {error}") from error
    finally:
        sys.path.remove("")
    if spec is None or spec.origin is None:
        raise CannotVerify(f"there is no module {module!r}, from the working directory or installed.")
    return Path(spec.origin)


def _runtime_of(path: Path) -> str:
    """Return what a file's imports and calls ask for."""
    if path.suffix == ".ipynb":
        return "onevar"
    try:
        source = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CannotVerify(f"{path}: {error.strerror}") from error
    found = _imported(source)
    if "keras" in found and (_KERAS_STEPS.search(source) or not _SESSIONS.search(source)):
        return "keras"
    if "torch" in found and not found & {"tensorflow", "onevar"}:
        return "torch"
    return "onevar"


def _imported(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    tops = {name.partition(".")[0] for name in found}
    return tops | ({"keras"} if any(name.startswith("onevar.keras") for name in found) else set())
