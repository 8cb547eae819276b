"""Handwritten digits, one program, four frameworks: `python examples/digits/demo.py --html report.html`.

Runs an unmodified TensorFlow 1 script on each framework that is installed, and in TensorFlow itself; trains a
classifier whose weights are onevar Variables on each, compares the results, then classifies with a pipeline that
crosses all of them without copying a byte.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

# Before the frameworks are imported. Threads cost more than they save on matrices this small; the
# other two keep TensorFlow and JAX from reporting devices that are not here.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import report
import script
import tables
import training
from data import Digits, load
from pipeline import classify
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


def main() -> int:
    """Run the demo; return 0 if all agree and, with every framework here, nothing was copied at a border, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page with pictures")
    options = parser.parse_args()
    # Eighty columns, what is assumed where the output is no terminal, would fold the tables.
    console = Console(width=None if sys.stdout.isatty() else 118)
    results, way = run_script(console)
    train, test = load()
    console.print(
        f"\n[bold]Handwritten digits[/]: {len(train)} images to learn from, {len(test)} to judge by; "
        f"{training.EPOCHS} epochs, {training.steps(train)} steps, the same initial weights everywhere\n"
    )
    runs = train_everywhere(train, test, console)
    console.print(tables.training_table(runs))
    for name, cure in training.missing().items():
        console.print(f"{name} is {cure}", markup=False)
    mixed = classify(runs, test)
    console.print(tables.border_table(mixed))
    agree = all((run.predictions == mixed.predictions).all() for run in runs.values())
    verdict = "the same" if agree else "[red]not the same[/]"
    console.print(f"The mixed pipeline's {len(test)} answers are {verdict} as each framework's own.")
    if options.html:
        options.html.parent.mkdir(parents=True, exist_ok=True)
        options.html.write_text(report.page(runs, mixed, train, test, results, way), encoding="utf-8")
        console.print(f"Report with pictures: {options.html}")
    # With a framework missing NumPy computes too, and what it allocates may lie less aligned than others demand.
    uncopied = not mixed.copied or bool(training.missing())
    return 0 if agree and uncopied and script.right(results, way) else 1


def run_script(console: Console) -> tuple[list[script.Result], list[script.Leg]]:
    """Run the TensorFlow 1 script everywhere, then hand its checkpoint round; print both."""
    if not script.places():
        console.print("The TensorFlow 1 script needs a framework that takes gradients: jax, torch or tensorflow.")
        return [], []
    with console.status("") as status:
        results = script.run_everywhere(lambda where: status.update(script.command(where)))
        way = script.hand_over(lambda where: status.update(f"the checkpoint: {where}"))
    console.print(tables.script_table(results))
    if way:
        console.print(tables.way_table(way))
    return results, way


def train_everywhere(train: Digits, test: Digits, console: Console) -> dict[str, training.Run]:
    """Train on each framework that is installed, under a progress bar."""
    missing = training.missing()
    runs: dict[str, training.Run] = {}
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        for name in training.FRAMEWORKS:
            if name in missing:
                progress.add_task(name, total=1, note="not installed")
                continue
            task = progress.add_task(name, total=training.steps(train), note="loading")
            run = training.run(name, train, test, lambda task=task: progress.update(task, advance=1, note="training"))
            progress.update(task, note=f"{run.accuracy:.1%} right")
            runs[name] = run
    return runs


if __name__ == "__main__":
    warnings.filterwarnings("ignore", module="tensorflow")
    raise SystemExit(main())
