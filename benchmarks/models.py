"""Whole models, `examples/v1/*.py`, in TensorFlow's own Session and in onevar's: steps, first steps, memory.

Each model runs in a process of its own for each, in turns; of the repetitions the best counts. TensorFlow needs
tf_keras for models with `tf.layers` or cells: without it those are left out.
"""

import json
import math
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.table import Table
from session_tables import mark

EXAMPLES = Path(__file__).parents[1] / "examples" / "v1"
#: What is measured by default.
MODELS = ("cnn", "lstm_dynamic", "transformer", "gan", "word2vec", "physics")
#: Models that TensorFlow builds without tf_keras.
PLAIN = ("vae", "word2vec", "physics", "recommender", "towers", "graph_network")
#: How many times as fast as TensorFlow's Session a training step should be, in the geometric mean.
TARGETS = {"jax": 1.5, "torch": 1.0}
#: How many times TensorFlow's time a first step may take, and its memory a process.
FIRST_TARGET, PEAK_TARGET = 3.0, 1.3
Measured = dict[str, dict[str, float]]


def measure(models: list[str], backends: list[str], repeats: int, console: Any) -> dict[str, Measured]:
    """Return `{model: {"tensorflow's own" or backend: {"first", "step", "peak"}}}`."""
    known = [name for name in models if find_spec("tf_keras") or name in PLAIN]
    out: dict[str, Measured] = {}
    for name in known:
        found: dict[str, list[dict[str, float]]] = {}
        for turn in range(repeats):
            for face in ("itself", *backends):
                console.update(f"{name}, {face}, {turn + 1} of {repeats}")
                found.setdefault(face, []).append(_run(name, face))
        out[name] = {face: {key: min(one[key] for one in runs) for key in runs[0]} for face, runs in found.items()}
    return out


def _run(model: str, face: str) -> dict[str, float]:
    script = str(EXAMPLES / "measure.py")
    onevar = [sys.executable, "-m", "onevar", "run", "--backend", face, script]
    command = [sys.executable, script] if face == "itself" else onevar
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([*command, model], capture_output=True, text=True, check=False, env={**os.environ, **quiet})
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} {model} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def show(results: dict[str, Measured]) -> list[Table]:
    """Return the tables of steps, of first steps and of memory."""
    goals = ", ".join(f"{backend} {goal:g}" for backend, goal in TARGETS.items())
    return [
        _table(
            results, "step", "A training step: TensorFlow's time / onevar's (ms: TensorFlow, onevar)",
            f"More than 1 is faster than TensorFlow. To reach in the geometric mean: {goals}.",
        ),
        _table(
            results, "first", "The first step, compilation included: onevar's time / TensorFlow's (ms)",
            f"To reach: at most {FIRST_TARGET:g}.",
        ),
        _table(
            results, "peak", "The most memory of the process: onevar's / TensorFlow's (MB)",
            f"To reach: at most {PEAK_TARGET:g}.",
        ),
    ]  # fmt: skip


def _table(results: dict[str, Measured], key: str, title: str, caption: str) -> Table:
    table = Table(title=title, caption=caption)
    table.add_column("model")
    backends = [face for face in next(iter(results.values())) if face != "itself"]
    ratios: dict[str, list[float]] = {backend: [] for backend in backends}
    unit = 1e-6 if key == "peak" else 1e3
    for backend in backends:
        table.add_column(backend, justify="right")
    for name, found in results.items():
        cells = []
        for backend in backends:
            theirs, ours = found["itself"][key], found[backend][key]
            ratio = theirs / ours if key == "step" else ours / theirs
            ratios[backend].append(ratio)
            cells.append(f"{mark(f'{ratio:.2f}', _good(key, ratio, 1.0))} ({theirs * unit:.1f}, {ours * unit:.1f})")
        table.add_row(name, *cells)
    means = {backend: math.exp(sum(map(math.log, values)) / len(values)) for backend, values in ratios.items()}
    table.add_section()
    cells = [mark(f"{mean:.2f}", _good(key, mean, TARGETS.get(backend, 1.0))) for backend, mean in means.items()]
    table.add_row("geometric mean", *cells)
    return table


def _good(key: str, ratio: float, goal: float) -> bool:
    return ratio >= goal if key == "step" else ratio <= (FIRST_TARGET if key == "first" else PEAK_TARGET)
