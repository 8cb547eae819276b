"""Records programs, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from onevar.migrate.verify import tape_start
from onevar.migrate.verify.tape import CONTENTS
from onevar.migrate.verify.targets import CannotVerify, Target
from onevar.migrate.verify.trace import Trace

_TAIL = 12


@dataclass(frozen=True)
class Recording:
    """How a program is recorded.

    Attributes:
        steps: How many training steps.
        layers: How many runs of each kind have their layers recorded.
        backend: The framework; None leaves it to the environment.
        python: Another interpreter, which has TensorFlow; None takes this one.
        arguments: The program's own.
        timeout: Seconds after which it is ended.
        map: Names of new variables with the old ones that are theirs.
    """

    steps: int = 10
    layers: int = 1
    backend: str | None = None
    python: str | None = None
    arguments: Sequence[str] = ()
    timeout: float = 900.0
    map: Mapping[str, str] = field(default_factory=dict)


def record(target: Target, folder: Path, playback: Path | None, how: Recording) -> Trace:
    """Run a program and return what was recorded of it.

    Args:
        target: The program.
        folder: Where the record goes; it must be empty.
        playback: Where the record of the run is that it is to do again, or None.
        how: What to record.

    Raises:
        CannotVerify: It failed before it did anything that can be compared, or it did nothing of the kind.
    """
    if target.recorded:
        return _loaded(target, Path(target.program))
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "runtime": target.runtime, "folder": str(folder.resolve()), "program": target.program, "built": target.is_built,
        "playback": None if playback is None else str(playback.resolve()), "steps": how.steps, "layers": how.layers,
        "arguments": list(how.arguments), "is_module": False, "map": dict(how.map),
    }  # fmt: skip
    output = folder / "output.txt"
    with output.open("w", encoding="utf-8") as file:
        try:
            done = subprocess.run(
                [*_command(target, how), json.dumps(options)], env=_environment(target, how), stdout=file,
                stderr=subprocess.STDOUT, timeout=how.timeout, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise CannotVerify(
                f"{target.program} was still running after {how.timeout:.0f} seconds: ask for fewer steps (--steps), "
                "or for more time (--timeout)." + _tail(output)
            ) from None
        except OSError as error:
            raise CannotVerify(f"{how.python or sys.executable}: {error.strerror}") from error
    if not (folder / CONTENTS).exists() or done.returncode:
        raise CannotVerify(
            f"{target.program} failed under {target.runtime} before anything was recorded." + _tail(output)
        )
    return _loaded(target, folder)


def _loaded(target: Target, folder: Path) -> Trace:
    try:
        trace = Trace(folder)
    except ValueError as error:
        raise CannotVerify(str(error)) from error
    if not trace.events:
        what = "trains or evaluates a Keras model" if target.runtime == "keras" else "computes in Session.run"
        problem = trace.contents["problem"] or "It ran to its end."
        raise CannotVerify(f"{target.program} does nothing that can be compared: it never {what}. {problem}")
    return trace


def _command(target: Target, how: Recording) -> list[str]:
    if target.runtime in ("keras", "torch"):
        return [sys.executable, "-m", f"onevar.migrate.verify.{target.runtime}_start"]
    return [how.python or sys.executable, str(Path(tape_start.__file__).resolve())]


def _environment(target: Target, how: Recording) -> dict[str, str]:
    given = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}
    if target.runtime == "tensorflow":
        given["TF_USE_LEGACY_KERAS"] = "1"
    if how.backend is not None:
        given["ONEVAR_BACKEND"] = given["KERAS_BACKEND"] = how.backend
    return given


def _tail(output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_TAIL:]
    return "" if not lines else " It printed last:\n" + "\n".join(f"  {line}" for line in lines)


def version() -> str:
    """Return onevar's version."""
    return metadata.version("onevar")
