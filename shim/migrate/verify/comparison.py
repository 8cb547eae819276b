"""`verify`: runs the old program, then the new one on the same inputs, and compares."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from onevar.migrate.verify import causes, running, targets, tolerances
from onevar.migrate.verify.comparing import Compared, Comparison
from onevar.migrate.verify.linking import Link, links
from onevar.migrate.verify.report import Report
from onevar.migrate.verify.trace import Trace

Say = Callable[[str], None]


def verify(
    old: str | Path, new: str | Path, *, steps: int = 10, layers: int = 1, backend: str | None = None,
    old_backend: str | None = None, old_runtime: str | None = None, new_runtime: str | None = None,
    old_python: str | None = None, arguments: Sequence[str] = (), new_arguments: Sequence[str] | None = None,
    names: str | Path | None = None, tolerance: float = tolerances.DEFAULT, keep: str | Path | None = None,
    timeout: float = 900.0, say: Say | None = None,
) -> Report:  # fmt: skip
    """Run two programs on the same inputs, from the same variables, and compare what they compute.

    Args:
        old: A TensorFlow 1 script or notebook, `module:function` that builds a graph, or the folder of a recorded run.
        new: A TensorFlow 1 script, a script of Keras 3, a `.keras` file, or `module:function` that makes a Keras
            model, a torch module or a graph.
        steps: How many training steps to compare.
        layers: In how many runs of each kind layers are compared.
        backend: The new program's framework.
        old_backend: The old program's, under onevar.
        old_runtime: `"onevar"` or `"tensorflow"`.
        new_runtime: `"onevar"`, `"tensorflow"`, `"keras"` or `"torch"`; None finds out.
        old_python: An interpreter that has TensorFlow, 1.13 or later, for the old program.
        arguments: The programs' own arguments.
        new_arguments: The new program's, where they differ.
        names: A file of lines "old name, tab, new name", for variables that are not found by themselves.
        tolerance: How far outputs may be apart, relative to the largest value; the rest follows from it.
        keep: A folder for the recorded runs; None forgets them.
        timeout: Seconds that each program may take.
        say: Called with what is being done.

    Returns:
        The comparison.

    Raises:
        CannotVerify: A program is not there, fails, or does nothing that can be compared.
    """
    say = say or (lambda text: None)
    first = targets.target(str(old), "tensorflow" if old_python else old_runtime)
    second = targets.target(str(new), new_runtime)
    how = running.Recording(steps, layers, old_backend, old_python, tuple(arguments), timeout)
    with ExitStack() as stack:
        folder = Path(keep) if keep is not None else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        say(f"Running {first.program}")
        before = running.record(first, _empty(folder / "old"), None, how)
        say(f"Running {second.program} on the same inputs")
        own = tuple(arguments if new_arguments is None else new_arguments)
        how = replace(how, backend=backend, python=None, arguments=own, map=_read_names(names))
        source = Path(first.program) if first.recorded else folder / "old"
        after = running.record(second, _empty(folder / "new"), source, how)
        say("Comparing")
        return compare(before, after, tolerance)


def compare(old: Trace, new: Trace, tolerance: float = tolerances.DEFAULT) -> Report:
    """Compare two recorded runs.

    Args:
        old: The old program's.
        new: The new one's.
        tolerance: How far outputs may be apart.
    """
    known = _linked(old, new)
    compared = Comparison(old, new, known, tolerance).run()
    report = Report(
        {"program": old.program, "runtime": old.runtime}, {"program": new.program, "runtime": new.runtime},
        tolerance=tolerance,
    )  # fmt: skip
    report.rows = [row for one in compared for row in one.rows]
    report.losses = list(_losses(compared))
    report.mapping = [(link.old, link.new, link.rule) for link in known]
    report.notes = [*(f"Old: {text}" for text in old.notes), *(f"New: {text}" for text in new.notes)]
    report.causes = causes.find(old, new, compared, known)
    return report


def _linked(old: Trace, new: Trace) -> list[Link]:
    """Return which variables were taken for each other when the new program was given the old one's values."""
    given = new.contents.get("map", {})
    style = new.contents.get("style", "tf1")
    found = [
        link for part in new.contents.get("matchings", ()) for link in links(part["old"], part["new"], given, style)
    ]
    if found or new.contents["kind"] != "v1":
        return found
    return links(old.variables(), new.variables(), given, "tf1")


def _losses(compared: list[Compared]) -> list[tuple[int, float, float]]:
    found = []
    for one in compared:
        old, new = one.old.items("losses"), one.new.items("losses")
        if one.old.trains and old and new:
            found.append((one.old.step, float(np.real(np.sum(old[0].value))), float(np.real(np.sum(new[0].value)))))
    return found


def _empty(folder: Path) -> Path:
    if folder.exists() and any(folder.iterdir()):
        raise targets.CannotVerify(f"{folder} is not empty: name a new folder with --keep, or remove it.")
    return folder


def _read_names(path: str | Path | None) -> dict[str, str]:
    """Return the old variable of each new one that a file names."""
    if path is None:
        return {}
    found = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise targets.CannotVerify(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.rstrip("\n").split("\t")
        if len(parts) < 2:
            raise targets.CannotVerify(f"{path}, line {number}: two names with a tab between them are wanted: {line!r}")
        found[parts[1].strip()] = parts[0].strip()
    return found
