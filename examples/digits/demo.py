"""Handwritten digits, one program, four frameworks: `python examples/digits/demo.py --html report.html`.

Trains a classifier whose weights are onevar Variables on each framework that is installed, compares
the results, then classifies with a pipeline that crosses all of them without copying a byte.
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
import training
from data import Digits, load
from pipeline import Mixed, classify
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


def main() -> int:
    """Run the demo; return 0 if the frameworks agree and, with all of them here, nothing was copied, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page with pictures")
    options = parser.parse_args()
    # Eighty columns, what is assumed where the output is no terminal, would fold the tables.
    console = Console(width=None if sys.stdout.isatty() else 118)
    train, test = load()
    console.print(
        f"\n[bold]Handwritten digits[/]: {len(train)} images to learn from, {len(test)} to judge by; "
        f"{training.EPOCHS} epochs, {training.steps(train)} steps, the same initial weights everywhere\n"
    )
    runs = train_everywhere(train, test, console)
    console.print(training_table(runs))
    for name, cure in training.missing().items():
        console.print(f"{name} is {cure}", markup=False)
    mixed = classify(runs, test)
    console.print(border_table(mixed))
    agree = all((run.predictions == mixed.predictions).all() for run in runs.values())
    verdict = "the same" if agree else "[red]not the same[/]"
    console.print(f"The mixed pipeline's {len(test)} answers are {verdict} as each framework's own.")
    if options.html:
        options.html.parent.mkdir(parents=True, exist_ok=True)
        options.html.write_text(report.page(runs, mixed, train, test), encoding="utf-8")
        console.print(f"Report with pictures: {options.html}")
    # With a framework missing NumPy computes too, and what it allocates may lie less aligned than others demand.
    return 0 if agree and (not mixed.copied or training.missing()) else 1


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


def training_table(runs: dict[str, training.Run]) -> Table:
    """Return the table that compares the frameworks."""
    first = next(iter(runs.values()))
    table = Table(title="The same program on each framework", caption=f"Differences are to {first.backend}.")
    table.add_column("framework", no_wrap=True)
    for heading in ("final loss", "accuracy", "weights differ by", "losses differ by", "gradient check", "seconds"):
        table.add_column(heading, justify="right")
    for name in training.FRAMEWORKS:
        if name not in runs:
            table.add_row(name, "[dim]missing[/]")
            continue
        run = runs[name]
        table.add_row(
            name,
            f"{run.final_loss:.6f}",
            f"{run.accuracy:.2%}",
            _difference(training.weights_apart(first, run), run is first),
            _difference(training.losses_apart(first, run), run is first),
            "no autodiff" if run.gradient is None else f"{run.gradient:.1e}",
            f"{run.seconds:.2f}",
        )
    return table


def _difference(value: float, is_first: bool) -> str:
    return "-" if is_first else f"{value:.1e}"


def border_table(mixed: Mixed) -> Table:
    """Return the table of the mixed pipeline's borders."""
    stages = "\n".join(f"{framework}: {does}" for framework, does in mixed.stages)
    table = Table(title="One pipeline through all of them", caption=stages)
    for heading in ("tensor", "border"):
        table.add_column(heading, no_wrap=True)
    for heading in ("bytes", "copied", "address", "µs"):
        table.add_column(heading, justify="right")
    table.add_column("onevar.explain")
    for b in mixed.borders:
        copied = f"[green]{b.copied}[/]" if b.copied == 0 else f"[red]{b.copied}[/]"
        border = f"{b.source} → {b.target}"
        table.add_row(b.what, border, f"{b.nbytes:,}", copied, f"{b.address:#x}", f"{b.microseconds:.0f}", b.said)
    table.add_section()
    total = sum(b.nbytes for b in mixed.borders)
    table.add_row("[bold]all[/]", "", f"{total:,}", f"[bold]{mixed.copied}[/]", "", "", "")
    return table


if __name__ == "__main__":
    warnings.filterwarnings("ignore", module="tensorflow")
    raise SystemExit(main())
