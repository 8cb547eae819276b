"""A conversion's report, for people and for programs."""

import json
import sys
from typing import Any

from onevar.migrate.convert.conversion import Report
from onevar.migrate.convert.name_map import NameMap, Row
from onevar.migrate.convert.spec import Spec

_WIDE = 200


def show(report: Report, every: bool = True) -> None:
    """Print a report as tables.

    Args:
        report: What a conversion did.
        every: Whether each row is shown; otherwise how many there are.
    """
    from rich.console import Console

    # In a file or a pipe there is no width to keep to, and names are not to be broken.
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    if every:
        console.print(table(report.name_map))
    for title, names in (("left out", report.name_map.left_out), ("kept as it is", report.name_map.kept)):
        for line in _grouped(names):
            console.print(f"[dim]{title}:[/] {line}", highlight=False)
    for note in report.notes:
        console.print(f"[yellow]note:[/] {note}", highlight=False, soft_wrap=True)
    verb = "wrote" if report.written else "would write"
    console.print(f"[green]{verb}[/] {report.target}: {report.tensors} tensors from {report.source}", soft_wrap=True)


def table(name_map: NameMap) -> Any:
    """Return a map as a table of rich's.

    Args:
        name_map: The map.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for title in ("source", "", "target", "", "rule", "why"):
        made.add_column(title, style="dim" if title == "why" else "", overflow="fold")
    for row in name_map.rows:
        made.add_row(
            "\n".join(row.sources) or "-", _shapes(row.sources, name_map.source), "\n".join(row.targets),
            _shapes(row.targets, name_map.target), rule_text(row), row.why,
        )  # fmt: skip
    return made


def _shapes(names: tuple[str, ...], specs: Any) -> str:
    found: list[Spec] = [specs[name] for name in names]
    return "\n".join("x".join(map(str, spec.shape)) or "scalar" for spec in found)


def rule_text(row: Row) -> str:
    """Return a row's rule with its options."""
    options = (
        f"{key}={','.join(map(str, value)) if isinstance(value, tuple | list) else value}"
        for key, value in row.options.items()
    )
    return " ".join([row.rule, *options])


def _grouped(names: dict[str, str]) -> list[str]:
    """Return a line for each reason, with the first few names that it holds for."""
    reasons: dict[str, list[str]] = {}
    for name, why in names.items():
        reasons.setdefault(why, []).append(name)
    out = []
    for why, found in reasons.items():
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        out.append(f"{', '.join(found[:3])}{more} ({why})")
    return out


def as_json(report: Report) -> str:
    """Return a report as JSON: `rows`, `left_out`, `kept`, `notes`, `source`, `target`, `written`.

    Args:
        report: What a conversion did.
    """
    made = report.name_map
    rows = [
        {
            "sources": list(row.sources), "targets": list(row.targets), "rule": row.rule, "why": row.why,
            "options": {key: list(value) if isinstance(value, tuple) else value for key, value in row.options.items()},
        }
        for row in made.rows
    ]  # fmt: skip
    data = {
        "source": report.source, "target": report.target, "format": report.kind, "written": report.written,
        "styles": [made.source_style, made.target_style], "tensors": report.tensors, "rows": rows,
        "left_out": made.left_out, "kept": made.kept, "notes": report.notes,
        "problems": [{"kind": p.kind, "name": p.name, "text": p.text} for p in made.problems],
    }  # fmt: skip
    return json.dumps(data, indent=2)
