"""The result for people: a matrix in the terminal, and one self-contained HTML page."""

import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

SIGNS = {"passed": "✓", "failed": "✗", "known": "k", "skipped": "-", "untested": " "}
_STYLES = {"passed": "green", "failed": "bold red", "known": "yellow", "skipped": "cyan", "untested": "dim"}
_MEANING = "✓ passed  ✗ failed  k known failure  - does not apply (reason below)"


def matrix(
    data: dict[str, Any], *, color: bool = False, brief: bool = False, width: int | None = None
) -> Iterator[str]:
    """Yield the lines of the matrix requirement x framework x device.

    Args:
        data: What `results.to_json` or `results.merge` gave.
        color: Use terminal colours, where rich is installed.
        brief: One line a chapter instead of one a requirement.
        width: In columns; None is the terminal's.
    """
    width = width or shutil.get_terminal_size((100, 24)).columns
    heads = [f"{t['backend']} {t['device']}" for t in data["targets"]]
    rows = list(_chapters(data) if brief else _requirements(data))
    try:
        yield from _rich(heads, rows, color, width)
    except ImportError:
        yield from _plain(heads, rows, width)
    yield _MEANING
    yield from _reasons(data)
    yield _totals(data)


Row = tuple[str, str, list[str]]  # id, text, a cell for each target


def _requirements(data: dict[str, Any]) -> Iterator[Row]:
    cells = _cells(data)
    for r in data["requirements"]:
        yield r["id"], _plain_text(r["text"]), [cells.get((r["id"], *key), "untested") for key in _keys(data)]


def _chapters(data: dict[str, Any]) -> Iterator[Row]:
    cells = _cells(data)
    for section in dict.fromkeys(r["section"] for r in data["requirements"]):
        ids = [r["id"] for r in data["requirements"] if r["section"] == section]
        yield ids[0][:2], section, [_count([cells.get((i, *key), "untested") for i in ids]) for key in _keys(data)]


def _count(verdicts: list[str]) -> str:
    present = {v: verdicts.count(v) for v in SIGNS if v in verdicts and v != "untested"}
    return " ".join(f"{SIGNS[v]}{n}" for v, n in present.items())


def _keys(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(t["backend"], t["device"]) for t in data["targets"]]


def _cells(data: dict[str, Any]) -> dict[tuple[str, str, str], str]:
    return {(r["requirement"], r["backend"], r["device"]): r["verdict"] for r in data["results"]}


def _plain_text(markdown: str) -> str:
    return markdown.replace("`", "")


def _rich(heads: list[str], rows: list[Row], color: bool, width: int) -> Iterator[str]:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=width, force_terminal=color, no_color=not color, color_system="auto" if color else None)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("", no_wrap=True, style="bold")
    table.add_column("requirement", no_wrap=True)
    for head in heads:
        table.add_column(head.replace(" ", "\n"), justify="center", no_wrap=True)
    room = _room(heads, rows, width)
    previous = ""
    for name, text, verdicts in rows:
        if previous and name[:2] != previous and len(name) > 2:
            table.add_section()
        previous = name[:2]
        table.add_row(name, _short(text, room), *(Text(SIGNS.get(v, v), style=_STYLES.get(v, "")) for v in verdicts))
    with console.capture() as capture:
        console.print(table)
    yield from capture.get().rstrip("\n").splitlines()


def _plain(heads: list[str], rows: list[Row], width: int) -> Iterator[str]:
    room, widths = _room(heads, rows, width), _widths(heads, rows)
    for line in (0, 1):
        names = "".join("  " + head.split(" ", 1)[line].center(w) for head, w in zip(heads, widths, strict=True))
        yield (("requirement" if line else "").rjust(17).ljust(room + 6) + names).rstrip()
    for name, text, verdicts in rows:
        cells = "".join("  " + SIGNS.get(v, v).center(w) for w, v in zip(widths, verdicts, strict=True))
        yield f"{name:<5} {_short(text, room).ljust(room)}{cells}".rstrip()


def _widths(heads: list[str], rows: list[Row]) -> list[int]:
    """Return the width of each target's column: its names, or the counts of a chapter."""
    return [
        max([len(part) for part in head.split(" ")] + [len(SIGNS.get(r[2][i], r[2][i])) for r in rows])
        for i, head in enumerate(heads)
    ]


def _room(heads: list[str], rows: list[Row], width: int) -> int:
    """Return how many characters of a requirement's text fit."""
    return max(width - 9 - sum(w + 2 for w in _widths(heads, rows)), 16)


def _short(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip(" ,;") + "…"


def _reasons(data: dict[str, Any]) -> Iterator[str]:
    """Yield why requirements do not apply, each reason once, and the first reason of each failure."""
    explained: dict[str, dict[str, list[str]]] = {}
    for row in data["results"]:
        reasons = [_line(t["reason"]) for t in row["tests"] if t["outcome"] == row["verdict"]]
        target = f"{row['backend']} {row['device']}"
        if row["verdict"] == "skipped":
            for reason in dict.fromkeys(reasons):
                explained.setdefault(reason, {}).setdefault(target, []).append(row["requirement"])
        elif row["verdict"] in ("failed", "known"):
            more = f" (and {len(reasons) - 1} more tests)" if len(reasons) > 1 else ""
            yield f"{SIGNS[row['verdict']]} {row['requirement']} {target}: {reasons[0]}{more}"
    for reason, places in explained.items():
        where = "; ".join(f"{target}: {' '.join(ids)}" for target, ids in places.items())
        yield f"{SIGNS['skipped']} {reason}  [{where}]"


def _line(reason: str) -> str:
    first = (reason.strip() or "no reason given").splitlines()[0]
    return first if len(first) <= 160 else first[:159] + "…"


def _totals(data: dict[str, Any]) -> str:
    parts = []
    for key in _keys(data):
        mine = [r["verdict"] for r in data["results"] if (r["backend"], r["device"]) == key]
        counts = ", ".join(f"{mine.count(v)} {v}" for v in ("passed", "failed", "known", "skipped") if v in mine)
        parts.append(f"{key[0]} {key[1]}: {counts}")
    return "Requirements. " + "; ".join(parts) + f". {data['seconds']:.1f} s."


def write_html(data: dict[str, Any], path: Path) -> None:
    """Write the page. It needs no network, and holds its data as JSON.

    Raises:
        ImportError: jinja2 is not installed.
    """
    from jinja2 import Environment, StrictUndefined

    source = resources.files("onevar.conformance").joinpath("templates/report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = environment.from_string(source).render(view(data))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def view(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the template shows, with the results grouped by chapter and requirement."""
    by_key = {(r["requirement"], r["backend"], r["device"]): r for r in data["results"]}
    blank = {"verdict": "untested", "seconds": 0.0, "tests": []}
    chapters = []
    for section in dict.fromkeys(r["section"] for r in data["requirements"]):
        rows = [
            {**r, "html": _code(r["text"]), "cells": [_cell(by_key.get((r["id"], *key), blank)) for key in _keys(data)]}
            for r in data["requirements"]
            if r["section"] == section
        ]
        chapters.append({"title": section, "prefix": rows[0]["id"][:2], "rows": rows})
    totals = []
    for key in _keys(data):
        mine = [r for r in data["results"] if (r["backend"], r["device"]) == key]
        counts = {v: sum(r["verdict"] == v for r in mine) for v in SIGNS}
        totals.append(
            {**counts, "seconds": sum(r["seconds"] for r in mine), "tests": sum(len(r["tests"]) for r in mine)}
        )
    return {"data": data, "chapters": chapters, "totals": totals, "signs": SIGNS}


def _cell(row: dict[str, Any]) -> dict[str, Any]:
    """Add how many tests went wrong, and put those first."""
    order = list(SIGNS)
    tests = sorted(row["tests"], key=lambda t: -order.index(t["outcome"]) if t["outcome"] in ("failed", "known") else 1)
    return {**row, "tests": tests, "wrong": sum(t["outcome"] in ("failed", "known") for t in tests)}


def _code(markdown: str) -> list[tuple[bool, str]]:
    """Split at backquotes: `(is code, text)`; the template escapes both."""
    return [(bool(i % 2), part) for i, part in enumerate(markdown.split("`")) if part]
