"""A comparison as a person reads it in a terminal."""

from typing import Any

from onevar.migrate.verify.report import BETWEEN, DIFFERS, EQUAL, KINDS, ONLY_NEW, ONLY_OLD, ROUNDING, Report, Row

_STYLES = {EQUAL: "green", DIFFERS: "bold red", ONLY_OLD: "yellow", ONLY_NEW: "yellow", ROUNDING: "dim", BETWEEN: "dim"}
TITLES = {
    "feeds": "inputs", "random": "random numbers", "layers": "layers", "outputs": "outputs", "losses": "losses",
    "gradients": "gradients", "weights": "variables", "slots": "optimizer slots",
}  # fmt: skip
_AROUND = 4


def show(report: Report, every: bool = False) -> None:
    """Print a comparison.

    Args:
        report: The comparison.
        every: Whether each value that was compared gets a line.
    """
    from rich.console import Console

    console = Console(highlight=False)
    for label, side in (("old", report.old), ("new", report.new)):
        console.print(f"[dim]{label}[/]  {_plain(side['program'])}  [dim]{_plain(side['runtime'])}[/]", soft_wrap=True)
    console.print(_summary(report))
    rows = report.rows if every else _excerpt(report)
    if rows:
        console.print(_table(rows))
    for cause in report.causes:
        mark = "[bold red]cause[/]" if cause.visible else "[yellow]not seen yet[/]"
        console.print(f"{mark}  [bold]{_plain(cause.title)}[/]. {_plain(cause.text)}", soft_wrap=True)
        console.print(f"       {_plain(cause.advice)}", soft_wrap=True)
    if report.first is not None and not any(cause.visible for cause in report.causes):
        console.print("[bold red]cause[/]  None in the table explains the first difference.")
    for note in report.notes:
        console.print(f"[dim]note[/]  {_plain(note)}", soft_wrap=True)
    console.print(f"\n[bold]{_plain(verdict(report))}[/]", soft_wrap=True)


def verdict(report: Report) -> str:
    """Return the result in a sentence."""
    first = report.first
    steps = f"{report.steps} training step{'' if report.steps == 1 else 's'}" if report.steps else "no training step"
    if report.agrees:
        return f"They compute the same: {report.compared} values compared over {steps}."
    if first is None:
        return "Nothing that counts was compared: no outputs, losses or variables have a counterpart."
    if not (first.old and first.new):
        side = "old" if first.old else "new"
        return f"They cannot be the same: only the {side} program has {first.old or first.new}."
    return f"They part at {first.place}: {one_of(first)} {pair_of(first)}, {apart(first)}."


def one_of(row: Row) -> str:
    """Return what a row compares, in one word or two."""
    words = {"feeds": "input", "random": "random numbers", "layers": "layer", "outputs": "output", "losses": "loss",
             "gradients": "gradient of", "weights": "variable", "slots": "slot"}  # fmt: skip
    return words[row.kind]


def pair_of(row: Row) -> str:
    """Return both names, or the one that both have."""
    return row.old if row.old == row.new else f"{row.old} ({row.new} in the new program)"


def apart(row: Row) -> str:
    """Return how far a row's values are apart, in words."""
    if row.difference == float("inf"):
        return row.note or "whose shape is another, or which is not a number"
    return f"apart by {row.difference:.2g} where {row.allowed:.0e} is allowed"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _summary(report: Report) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "compared", "differ", "largest difference"):
        table.add_column(name, justify="left" if not name else "right")
    for kind in KINDS:
        rows = [row for row in report.rows if row.kind == kind and row.verdict not in (ONLY_OLD, ONLY_NEW)]
        if not rows:
            continue
        wrong = sum(row.verdict == DIFFERS for row in rows)
        worst = report.worst(kind)
        shown = "" if worst is None else f"{worst:.2g}"
        table.add_row(TITLES[kind], str(len(rows)), f"[bold red]{wrong}[/]" if wrong else "0", shown)
    return table


def _excerpt(report: Report) -> list[Row]:
    """Return the rows around the first difference."""
    first = report.first
    if first is None:
        return []
    at = report.rows.index(first)
    return report.rows[max(at - _AROUND, 0) : at + _AROUND + 1]


def _table(rows: list[Row]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("where", "left"),
        ("", "left"),
        ("old", "left"),
        ("new", "left"),
        ("apart", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        style = _STYLES[row.verdict]
        names = _plain(row.old), "" if row.old == row.new else _plain(row.new)
        note = f" ({_plain(row.note)})" if row.note else ""
        table.add_row(_plain(row.place), row.kind, *names, f"{row.difference:.2g}", f"[{style}]{row.verdict}[/]{note}")
    return table
