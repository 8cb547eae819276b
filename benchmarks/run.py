"""Prints what onevar costs, as ratios: `python benchmarks/run.py [--only NAMES] [--backend NAMES] [--json FILE]`.

Times of one machine mean little on another; ratios of calls that took turns in one run carry over.
"""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import models
import processes
import session_tables
from rich.console import Console
from rich.table import Table
from session_tables import mark as _mark

from onevar.core.registry import installed

HERE = Path(__file__).parent
PARTS = ("operators", "assign", "share", "import", "memory", "v1", "models")
BACKENDS = ("numpy", "torch", "jax", "tensorflow")
#: What an operator may cost, as a multiple of the native one.
TARGETS = {"torch": 1.5, "jax": 1.3, "tensorflow": 1.3}
#: How many times smaller than keras.Variable's the overhead of an operator should be.
KERAS_TARGET = 3.0
SHARE_TARGET = 1.5


def main() -> int:
    """Measure, print and, if asked, write."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else 118)
    results: dict[str, Any] = {}
    backends = options.backend
    if {"operators", "assign"} & set(options.only):
        with console.status("operators"):
            measured = {b: _process("operators.py", b) for b in backends}
        results["operators"] = {b: m["operators"] for b, m in measured.items()}
        results["assign"] = {b: m["assign"] for b, m in measured.items()}
    for part, show in (("operators", show_operators), ("assign", show_assign)):
        if part in options.only:
            console.print(*show(results[part]))
    if "share" in options.only and len(backends) > 1:
        with console.status("share"):
            results["share"] = _process("sharing.py", ",".join(backends), ",".join(options.size))
        console.print(show_share(results["share"]))
    if "import" in options.only:
        with console.status("import"):
            results["import"] = processes.import_times()
        console.print(show_import(results["import"]))
    if "memory" in options.only:
        with console.status("memory"):
            results["memory"] = processes.peaks(backends)
        console.print(show_memory(results["memory"]))
    if "v1" in options.only and "tensorflow" in installed():  # what it is compared with
        with console.status("v1"):
            results["v1"] = _sessions(backends, options.rounds)
        console.print(*session_tables.show(results["v1"]))
    trainable = [b for b in backends if b != "numpy"]
    if "models" in options.only and "tensorflow" in installed() and trainable:
        with console.status("models") as status:
            results["models"] = models.measure(options.model, trainable, options.repeats, status)
        console.print(*models.show(results["models"]))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    return 0


def _options() -> argparse.Namespace:
    def names(known: tuple[str, ...]) -> Callable[[str], list[str]]:
        def parse(text: str) -> list[str]:
            chosen = text.split(",")
            unknown = sorted(set(chosen) - set(known))
            if unknown:
                raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: none of {', '.join(known)}")
            return chosen

        return parse

    here = tuple(name for name in BACKENDS if name in installed())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=names(PARTS), default=list(PARTS), metavar="NAMES", help=",".join(PARTS))
    parser.add_argument("--backend", type=names(here), default=list(here), metavar="NAMES", help=",".join(here))
    sizes = ("1 KB", "1 MB", "1 GB")
    parser.add_argument("--size", type=names(sizes), default=list(sizes), metavar="SIZES", help=", ".join(sizes))
    parser.add_argument("--rounds", type=int, default=120, metavar="N", help="bursts of each call in the part v1")
    models_here = tuple(path.stem for path in sorted(models.EXAMPLES.glob("*.py")))
    parser.add_argument(
        "--model", type=names(models_here), default=list(models.MODELS), metavar="NAMES", help=",".join(models.MODELS)
    )
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="processes of each in the part models")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the seconds and bytes")
    return parser.parse_args()


def _process(script: str, *arguments: str) -> Any:
    return json.loads(processes.fresh(str(HERE / script), *arguments))


def _sessions(backends: list[str], rounds: int) -> dict[str, Any]:
    return {
        "run": {b: _process("sessions.py", "run", b, str(rounds)) for b in backends},
        "build": _process("sessions.py", "build", str(max(5, rounds // 4))),
        "memory": {face: _process("sessions.py", "memory", face) for face in ("tensorflow", "onevar")},
    }


def overhead_ratio(times: dict[str, float]) -> float | None:
    """Return how many times ours is keras.Variable's overhead over the native operator.

    Infinity where we have none: less than a fiftieth of the native operator, which is within the
    noise, or even less time than that. None without Keras.
    """
    if "keras" not in times:
        return None
    ours = times["onevar"] - times["native"]
    return (times["keras"] - times["native"]) / ours if ours > times["native"] / 50 else math.inf


def show_operators(results: dict[str, dict[str, dict[str, float]]]) -> tuple[Table, Table]:
    """Return the tables of ratios to the native operator, and of overheads against Keras."""
    ratios = Table(title="An operator on a Variable, 3 x 3 float32: times the native operator's time")
    keras = Table(
        title="keras.Variable's overhead over the native operator: times onevar's",
        caption=f"To reach: {KERAS_TARGET:g}. none: onevar has no overhead, or less than 2 % of the native operator.",
    )
    goals = ", ".join(f"{b} {TARGETS[b]:g}" for b in results if b in TARGETS)
    ratios.caption = f"To reach: {goals}."
    for table in (ratios, keras):
        table.add_column("operator")
        for backend in results:
            table.add_column(backend, justify="right")
    for name in next(iter(results.values())):
        cells = {b: r[name] for b, r in results.items()}
        ratios.add_row(name, *(_ratio_cell(b, t) for b, t in cells.items()))
        keras.add_row(name, *(_overhead_cell(t) for t in cells.values()))
    ratios.add_section()
    ratios.add_row("median", *(f"{_median_ratio(r):.2f}" for r in results.values()))
    return ratios, keras


def _ratio_cell(backend: str, times: dict[str, float]) -> str:
    ratio, target = times["onevar"] / times["native"], TARGETS.get(backend)
    return _mark(f"{ratio:.2f}", None if target is None else ratio <= target)


def _overhead_cell(times: dict[str, float]) -> str:
    ratio = overhead_ratio(times)
    if ratio is None:
        return "-"
    return _mark("none" if ratio == math.inf else f"{ratio:.1f}", ratio >= KERAS_TARGET)


def _median_ratio(results: dict[str, dict[str, float]]) -> float:
    return statistics.median(t["onevar"] / t["native"] for t in results.values())


def show_assign(results: dict[str, dict[str, dict[str, float]]]) -> tuple[Table]:
    """Return the table of `assign` and `assign_add`."""
    table = Table(title="assign on 3 x 3 float32, returning the new value", caption="jax: native is `x + y`.")
    table.add_column("call")
    for heading in ("backend", "µs", "native µs", "times native", "keras µs", "keras / onevar"):
        table.add_column(heading, justify="right")
    for backend, calls in results.items():
        for name, times in calls.items():
            native, keras = times.get("native"), times.get("keras")
            table.add_row(
                name,
                backend,
                f"{times['onevar'] * 1e6:.1f}",
                f"{native * 1e6:.1f}" if native else "-",
                f"{times['onevar'] / native:.2f}" if native else "-",
                f"{keras * 1e6:.1f}" if keras else "-",
                f"{keras / times['onevar']:.2f}" if keras else "-",
            )
    return (table,)


def show_share(results: dict[str, dict[str, dict[str, Any]]]) -> Table:
    """Return the table of exchanges."""
    sizes = list(next(iter(results.values())))
    table = Table(
        title="onevar.share: times the raw DLPack call's time (and µs)",
        caption=f"To reach: {SHARE_TARGET:g}. 'last / first' is about 1 where the size does not matter.",
    )
    table.add_column("from -> to", no_wrap=True)
    for size in sizes:
        table.add_column(size, justify="right")
    if len(sizes) > 1:
        table.add_column("last / first", justify="right")
    table.add_column("remark")
    for pair, row in results.items():
        cells = [_share_cell(row[size]) for size in sizes]
        if len(sizes) > 1:
            growth = _cost(row[sizes[-1]]) / _cost(row[sizes[0]])
            cells.append(_mark(f"{growth:.2f}", growth < SHARE_TARGET))
        table.add_row(pair, *cells, row[sizes[0]]["note"])
    return table


def _cost(times: dict[str, Any]) -> float:
    # Measured against the raw call of the same minute, where it does the same: the machine's speed drops out.
    return times["onevar"] / times["raw"] if times["raw"] and not times["note"] else times["onevar"]


def _share_cell(times: dict[str, Any]) -> str:
    micro = f"({times['onevar'] * 1e6:.1f})"
    if times["raw"] is None:
        return micro
    ratio = times["onevar"] / times["raw"]
    return f"{_mark(f'{ratio:.2f}', ratio <= SHARE_TARGET)} {micro}"


def show_import(results: dict[str, float]) -> Table:
    """Return the table of import times."""
    table = Table(title="Import in a fresh process", caption="To reach: no more than numpy, give or take its spread.")
    for heading in ("import", "best ms", "median ms", "times numpy (best)", "times numpy (median)"):
        table.add_column(heading, justify="left" if heading == "import" else "right")
    for name in [n for n in results if not n.endswith("median")]:
        best, median = results[name], results[f"{name}, median"]
        relative = median / results["numpy, median"]
        table.add_row(
            name,
            f"{best * 1e3:.1f}",
            f"{median * 1e3:.1f}",
            f"{best / results['numpy']:.2f}",
            _mark(f"{relative:.2f}", None if name == "numpy" or "," in name else relative < 1.1),
        )
    return table


def show_memory(results: dict[str, dict[str, float]]) -> Table:
    """Return the table of peaks."""
    explained = {
        "create": "Variable(x), x a NumPy array",
        "adopt": "Variable(x, adopt=True)",
        "clone": "Variable(t), t the framework's own tensor",
        "assign": "v.assign(t)",
        "assign_add": "v.assign_add(t)",
    }
    goals = {"create": 1.0, "adopt": 0.0, "clone": 1.0}
    backends = list(next(iter(results.values())))
    table = Table(title="Peak of memory on top of 1 GB of float32: in copies of it")
    table.add_column("call", no_wrap=True)
    for backend in backends:
        table.add_column(backend, justify="right")
    table.add_column("at most", justify="right")
    for case, row in results.items():
        goal = goals.get(case)
        cells = [_mark(f"{row[b]:.2f}", None if goal is None else row[b] < goal + 0.05) for b in backends]
        table.add_row(explained[case], *cells, "" if goal is None else f"{goal:g}")
    return table


if __name__ == "__main__":
    raise SystemExit(main())
