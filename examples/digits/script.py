"""A TensorFlow 1 script, `examples/v1/digits.py`, as it is: in TensorFlow, and by `onevar run` on each framework.

Each run is a process of its own, started as a user would start it. The same checkpoint then goes from one to the next.
"""

import json
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onevar.core.registry import installed

SCRIPT = Path(__file__).parents[1] / "v1" / "digits.py"
STEPS = 300
#: What can train; the v1 engine takes gradients from the framework, and NumPy has none.
FRAMEWORKS = ("jax", "torch", "tensorflow")
#: The script in TensorFlow itself, with no onevar in the process.
ITSELF = "TensorFlow itself"
#: How far a loss may be from TensorFlow's own, at any step.
LIMIT = 1e-4
#: The steps that each takes of the checkpoint's way.
LEGS = ((ITSELF, 150), ("torch", 75), ("jax", 75), (ITSELF, 0))


@dataclass(frozen=True, slots=True)
class Result:
    """What the script wrote with `--json`.

    Attributes:
        where: `ITSELF`, or the framework that onevar ran it on.
        losses: One for each step.
        seconds: Of each step; the first ones contain what is done once, compilation for instance.
        test_loss: Of the test images, after the last step.
        accuracy: Share of the test images that are classified rightly.
    """

    where: str
    losses: np.ndarray
    seconds: np.ndarray
    test_loss: float
    accuracy: float

    @property
    def step_seconds(self) -> float:
        """Seconds that a step takes, the median."""
        return float(np.median(self.seconds))


def places() -> list[str]:
    """Return where the script can run here, TensorFlow itself first, which the others are compared with."""
    here = [name for name in FRAMEWORKS if name in installed()]
    return [ITSELF, *here] if "tensorflow" in here else here


def command(where: str) -> str:
    """Return the command that a user types."""
    return "python digits.py" if where == ITSELF else f"onevar run digits.py --backend {where}"


def run(where: str, steps: int, *, restore: Path | None = None, save: Path | None = None) -> Result:
    """Run the script in a process of its own.

    Raises:
        RuntimeError: It did not end well; with what it wrote.
    """
    onevar = str(Path(sysconfig.get_path("scripts")) / "onevar")
    start = [sys.executable, str(SCRIPT)] if where == ITSELF else [onevar, "run", "--backend", where, str(SCRIPT)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        options = ["--steps", str(steps), "--json", str(out)]
        options += ["--restore", str(restore)] if restore else []
        options += ["--save", str(save)] if save else []
        done = subprocess.run([*start, *options], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command(where)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        found = json.loads(out.read_text())
    return Result(where, np.array(found["losses"]), np.array(found["seconds"]), found["test_loss"], found["accuracy"])


def run_everywhere(on_start: Callable[[str], object]) -> list[Result]:
    """Run it in each of `places()`; the first is what the others are compared with.

    Args:
        on_start: Called with each place before it runs there.
    """
    results = []
    for where in places():
        on_start(where)
        results.append(run(where, STEPS))
    return results


def apart(one: Result, other: Result) -> float:
    """Return the largest difference between the losses of two runs, over all steps."""
    return float(np.abs(one.losses - other.losses).max())


def furthest(results: list[Result]) -> float:
    """Return the largest difference of any run's losses from the first run's."""
    return float(np.max([apart(results[0], result) for result in results[1:]], initial=0.0))


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the checkpoint's way.

    Attributes:
        steps: How many were taken here.
        total: The global step at its end.
        result: What came out.
    """

    steps: int
    total: int
    result: Result


def hand_over(on_start: Callable[[str], object]) -> list[Leg]:
    """Train with one framework, go on from its checkpoint with the next, and judge the last one's with the first."""
    here = places()
    legs = [(where, steps) for where, steps in LEGS if where in here]
    if len({where for where, _ in legs}) < 2:
        return []
    way: list[Leg] = []
    total, saved = 0, None
    with tempfile.TemporaryDirectory() as folder:
        for number, (where, steps) in enumerate(legs):
            on_start(where)
            prefix = Path(folder) / f"leg{number}" / "model"
            result = run(where, steps, restore=saved, save=prefix)
            total += steps
            saved = prefix.with_name(f"model-{total}")
            way.append(Leg(steps, total, result))
    return way


def handed_over(way: list[Leg]) -> bool:
    """Whether the last, which only restores and judges, finds the loss that the one before it left."""
    judged = [leg for leg in way if leg.steps == 0]
    return all(abs(leg.result.test_loss - way[-2].result.test_loss) <= LIMIT for leg in judged)


def right(results: list[Result], way: list[Leg]) -> bool:
    """Whether every loss is TensorFlow's within `LIMIT`, and the checkpoint arrived."""
    return furthest(results) <= LIMIT and handed_over(way)
