"""The demo's result as tables for the terminal."""

import script
import training
from pipeline import Mixed
from rich.table import Table


def script_table(results: list[script.Result]) -> Table:
    """Return the table of the TensorFlow 1 script's runs."""
    first = results[0]
    table = Table(
        title=f"A TensorFlow 1 script, unmodified, {script.STEPS} steps",
        caption=f"Differences are to {first.where}, the largest of all steps; at most {script.LIMIT:g} is right.",
    )
    table.add_column("framework", no_wrap=True)
    table.add_column("command", no_wrap=True)
    for heading in ("final loss", "accuracy", "losses differ by", "ms per step"):
        table.add_column(heading, justify="right")
    for result in results:
        far = script.apart(first, result)
        table.add_row(
            result.where,
            script.command(result.where),
            f"{result.losses[-1]:.6f}",
            f"{result.accuracy:.2%}",
            "-" if result is first else f"{far:.1e}" if far <= script.LIMIT else f"[red]{far:.1e}[/]",
            f"{result.step_seconds * 1e3:.2f}",
        )
    return table


def way_table(way: list[script.Leg]) -> Table:
    """Return the table of the checkpoint's way."""
    table = Table(title="One checkpoint, from framework to framework")
    table.add_column("framework", no_wrap=True)
    for heading in ("steps", "global step", "test loss", "accuracy"):
        table.add_column(heading, justify="right")
    for leg in way:
        steps = str(leg.steps) if leg.steps else "judges"
        table.add_row(
            leg.result.where, steps, str(leg.total), f"{leg.result.test_loss:.6f}", f"{leg.result.accuracy:.2%}"
        )
    return table


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
