"""Tables of what `sessions.py` measured."""

from typing import Any

from rich.table import Table

#: How many times as fast as TensorFlow's own Session a training step should be.
STEP_TARGETS = {"jax": 2.0, "torch": 1.0}
#: How many times as fast as TensorFlow a graph should be built.
BUILD_TARGET = 1.0
#: Time per node for ten times the nodes, against the smaller plan's; about 1 is linear.
GROWTH_TARGET = 1.5


def mark(text: str, good: bool | None) -> str:
    """Return a cell in the colour of a target that is reached or missed, or as it is without one."""
    return text if good is None else f"[green]{text}[/]" if good else f"[red]{text} ✗[/]"


def show(results: dict[str, Any]) -> list[Table]:
    """Return the tables of runs, of building, and of memory."""
    return [_runs(results["run"]), _building(results["build"], results["memory"])]


def _runs(results: dict[str, dict[str, dict[str, float]]]) -> Table:
    goals = ", ".join(f"{backend} {goal:g}" for backend, goal in STEP_TARGETS.items())
    table = Table(
        title="A cached Session.run: TensorFlow's time / onevar's (µs: TensorFlow, onevar)",
        caption=f"More than 1 is faster than TensorFlow. To reach, for the MLP: {goals}.",
    )
    table.add_column("run")
    for backend in results:
        table.add_column(backend, justify="right")
    names = dict.fromkeys(name for cases in results.values() for name in cases)
    for name in names:
        table.add_row(name, *(_run_cell(backend, name, cases.get(name)) for backend, cases in results.items()))
    return table


def _run_cell(backend: str, name: str, times: dict[str, float] | None) -> str:
    if times is None:
        return "no gradients"
    ratio, target = times["tensorflow"] / times["onevar"], STEP_TARGETS.get(backend)
    good = ratio >= target if target is not None and name.startswith("MLP") else None
    micro = f"({times['tensorflow'] * 1e6:.0f}, {times['onevar'] * 1e6:.0f})"
    return f"{mark(f'{ratio:.2f}', good)} {micro}"


def _building(results: dict[str, Any], memory: dict[str, float]) -> Table:
    table = Table(
        title="Graphs and plans of the v1 engine, without a framework",
        caption=f"To reach: graphs {BUILD_TARGET:g} times as fast as TensorFlow; time per node of the larger plan "
        f"at most {GROWTH_TARGET:g} times the smaller one's.",
    )
    table.add_column("what")
    for heading in ("TensorFlow", "onevar", "ratio"):
        table.add_column(heading, justify="right")
    for name, times in results["graph"].items():
        ratio = times["tensorflow"] / times["onevar"]
        cells = [f"{times[face] * 1e6:.1f}" for face in ("tensorflow", "onevar")]
        table.add_row(f"building, µs per node: {name}", *cells, mark(f"{ratio:.2f}", ratio >= BUILD_TARGET))
    per_node = {int(size): seconds / int(size) for size, seconds in results["plan"].items()}
    smallest = min(per_node)
    for size, seconds in per_node.items():
        growth = seconds / per_node[smallest]
        cell = "" if size == smallest else mark(f"{growth:.2f}", growth <= GROWTH_TARGET)
        table.add_row(f"a plan, µs per node: {size:,} nodes", "", f"{seconds * 1e6:.1f}", cell)
    cells = [f"{memory[face] / 1e6:.1f}" for face in ("tensorflow", "onevar")]
    table.add_row("a graph of 10,000 nodes, MB", *cells, f"{memory['tensorflow'] / memory['onevar']:.2f}")
    return table
