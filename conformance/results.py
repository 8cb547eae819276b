"""A run as data: verdict per requirement, framework and device; the JSON it becomes; merging."""

import json
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from onevar.conformance.spec import requirements

SCHEMA = "onevar.conformance/1"
#: From worst to best; a requirement has the worst verdict of its tests.
VERDICTS = ("failed", "known", "passed", "skipped", "untested")


@dataclass(frozen=True, slots=True)
class Target:
    """What a run is about: one framework on one device."""

    backend: str
    device: str

    def __str__(self) -> str:
        return f"{self.backend} {self.device}"


@dataclass(slots=True)
class Outcome:
    """One test on one target. `seconds` counts its set-up too; `reason` is empty if it passed."""

    test: str
    outcome: str
    seconds: float
    reason: str = ""


@dataclass(slots=True)
class Collected:
    """Everything one run found out."""

    targets: dict[Target, dict[str, Any]] = field(default_factory=dict)
    outcomes: dict[tuple[str, Target], list[Outcome]] = field(default_factory=dict)

    def add(self, ids: Iterable[str], target: Target, outcome: Outcome) -> None:
        """Note what one test said about the requirements `ids`."""
        for name in ids:
            self.outcomes.setdefault((name, target), []).append(outcome)


def verdict(outcomes: Sequence[Outcome]) -> str:
    """Return the worst of the outcomes; a requirement is skipped only where all of its tests are."""
    found = {o.outcome for o in outcomes}
    return next((v for v in VERDICTS if v in found), "untested")


def describe(backend: str, module: str, device: str, lacks: dict[str, str]) -> dict[str, Any]:
    """Return what the report says about a target; versions come from the installed distributions."""
    return {
        "backend": backend,
        "device": device,
        "module": module,
        "version": version_of(module),
        "lacks": dict(lacks),
    }


def version_of(module: str) -> str:
    """Return the version of the distribution that installed `module`; imports nothing."""
    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:
        # Reading every distribution's list of files takes a second: only where names differ.
        found = _distributions().get(module)
        return metadata.version(found[0]) if found else "unknown"


_distributions = cache(metadata.packages_distributions)


def to_json(run: Collected, seconds: float, started: str) -> dict[str, Any]:
    """Return the run as JSON data, of the schema `SCHEMA`.

    Args:
        run: What was found out.
        seconds: How long it took.
        started: When, in ISO 8601.

    Returns:
        `schema`, `started`, `seconds`, `versions` (distribution to version), `python`, `platform`, `machine`;
        `targets`, each as `describe` has it; `requirements`, the rows of `spec.md`; and `results`, one for each
        requirement and target: `requirement`, `backend`, `device`, `verdict` (of `VERDICTS`), `seconds`, and
        `tests`, each with `test`, `outcome`, `seconds` and `reason`.
    """
    rows = []
    for name in requirements():
        for target in run.targets:
            outcomes = run.outcomes.get((name, target), [])
            rows.append(
                {
                    "requirement": name,
                    "backend": target.backend,
                    "device": target.device,
                    "verdict": verdict(outcomes),
                    "seconds": round(sum(o.seconds for o in outcomes), 6),
                    "tests": [asdict(o) for o in outcomes],
                }
            )
    return {
        "schema": SCHEMA,
        "started": started,
        "seconds": round(seconds, 3),
        "versions": {name: version_of(name) for name in ("onevar", "numpy", "ml_dtypes", "pytest")},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "targets": list(run.targets.values()),
        "requirements": [asdict(r) for r in requirements().values()],
        "results": rows,
    }


def load(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Read results that `to_json` wrote.

    Raises:
        ValueError: A file is no such result, or one of another schema.
    """
    found = []
    for path in paths:
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path}: not a conformance result: {error}") from error
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise ValueError(f"{path}: expected schema {SCHEMA!r}. Received: {schema!r}")
        found.append(data)
    return found


def merge(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one result of several: a target that stands in more than one is taken from the last.

    Raises:
        ValueError: There is nothing to merge.
    """
    if not runs:
        raise ValueError("merge(runs): no results given. Pass the JSON files of at least one run.")
    targets: dict[tuple[str, str], dict[str, Any]] = {}
    results: dict[tuple[str, str], list[dict[str, Any]]] = {}
    listed: dict[str, dict[str, Any]] = {}
    for run in runs:
        listed.update((r["id"], r) for r in run["requirements"])
        for target in run["targets"]:
            key = (target["backend"], target["device"])
            targets[key] = {**target, "started": run["started"], "platform": run["platform"], "python": run["python"]}
            results[key] = [r for r in run["results"] if (r["backend"], r["device"]) == key]
    last = runs[-1]
    return {
        **last,
        "started": min(run["started"] for run in runs),
        "seconds": round(sum(run["seconds"] for run in runs), 3),
        "targets": list(targets.values()),
        "requirements": list(listed.values()),
        "results": [row for rows in results.values() for row in rows],
    }


def write(data: dict[str, Any], path: Path) -> None:
    """Write a result as JSON, making the folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def python_line() -> str:
    """Return one line that says what ran: Python, platform, versions."""
    versions = ", ".join(f"{name} {version_of(name)}" for name in ("onevar", "numpy", "ml_dtypes"))
    return f"Python {platform.python_version()} on {sys.platform}, {versions}"
