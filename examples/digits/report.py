"""The demo's result as one HTML page that needs nothing but itself."""

import platform
from importlib import metadata
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pictures
import script
import training
from data import Digits
from jinja2 import Environment, FileSystemLoader
from pipeline import Mixed

import onevar

_DISTRIBUTIONS = {"tensorflow": ("tensorflow", "tensorflow-cpu")}


def page(
    runs: dict[str, training.Run],
    mixed: Mixed,
    train: Digits,
    test: Digits,
    results: list[script.Result],
    way: list[script.Leg],
) -> str:
    """Return the page: what the TensorFlow 1 script gave, then what the program over Variables gave."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    first = next(iter(runs.values()))
    rows = [_row(first, runs[name]) for name in training.FRAMEWORKS if name in runs]
    apart = max((training.weights_apart(one, other) for one, other in combinations(runs.values(), 2)), default=0.0)
    return environment.get_template("report.html.j2").render(
        scripts=[_script_row(results[0], result) for result in results],
        script_steps=script.STEPS,
        script_apart=f"{script.furthest(results):.1e}" if len(results) > 1 else "-",
        script_good=script.furthest(results) <= script.LIMIT,
        script_limit=f"{script.LIMIT:g}",
        script_curves=pictures.curves({result.where: result.losses for result in results}) if results else "",
        reference=results[0].where if results else "",
        way=way,
        way_good=script.handed_over(way),
        rows=rows,
        missing=training.missing(),
        first=first.backend,
        accuracy=f"{first.accuracy:.1%}",
        apart=f"{apart:.1e}",
        mixed=mixed,
        total=sum(border.nbytes for border in mixed.borders),
        agree=all((run.predictions == mixed.predictions).all() for run in runs.values()),
        train=len(train),
        test=len(test),
        steps=training.steps(train),
        curves=pictures.curves({name: run.losses for name, run in runs.items()}),
        samples=_digits(test, mixed, _samples(test, mixed)),
        mistakes=_digits(test, mixed, np.flatnonzero(mixed.predictions != test.labels)),
        features=[_weights(run) for run in runs.values()],
        colours=pictures.COLOURS,
        version=onevar.__version__,
        python=platform.python_version(),
    )


def _row(first: training.Run, run: training.Run) -> dict[str, Any]:
    is_first = run is first
    return {
        "backend": run.backend,
        "version": _version(run.backend),
        "loss": f"{run.final_loss:.6f}",
        "accuracy": f"{run.accuracy:.2%}",
        "weights": "-" if is_first else f"{training.weights_apart(first, run):.1e}",
        "losses": "-" if is_first else f"{training.losses_apart(first, run):.1e}",
        "gradient": run.lacks if run.gradient is None else f"{run.gradient:.1e}",
        "seconds": f"{run.seconds:.2f}",
    }


def _script_row(first: script.Result, result: script.Result) -> dict[str, Any]:
    far = script.apart(first, result)
    return {
        "where": result.where,
        "version": _version("tensorflow" if result.where == script.ITSELF else result.where),
        "command": script.command(result.where),
        "loss": f"{result.losses[-1]:.6f}",
        "accuracy": f"{result.accuracy:.2%}",
        "losses": "-" if result is first else f"{far:.1e}",
        "good": far <= script.LIMIT,
        "seconds": f"{result.step_seconds * 1e3:.2f}",
    }


def _version(backend: str) -> str:
    for name in _DISTRIBUTIONS.get(backend, (backend,)):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""


def _samples(test: Digits, mixed: Mixed) -> np.ndarray:
    """Return two of each class that were classified rightly, in order."""
    right = mixed.predictions == test.labels
    return np.array([row for label in range(10) for row in np.flatnonzero(right & (test.labels == label))[:2]])


def _digits(test: Digits, mixed: Mixed, rows: np.ndarray) -> list[dict[str, Any]]:
    return [
        {
            "image": pictures.png(test.pixels[row].reshape(8, 8)),
            "label": int(test.labels[row]),
            "prediction": int(mixed.predictions[row]),
            "sure": f"{mixed.probabilities[row].max():.0%}",
        }
        for row in rows
    ]


def _weights(run: training.Run) -> dict[str, Any]:
    """Return the columns of `w1` as images of what each of the first features looks for."""
    columns = run.weights["w1"].T.reshape(-1, 8, 8)
    limit = float(np.quantile(np.abs(columns), 0.995))
    images = [pictures.png(image, colours="RdBu_r", limit=limit, signed=True) for image in columns[:16]]
    return {"backend": run.backend, "images": images}
