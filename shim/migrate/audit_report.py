"""An audit as a person reads it: a table in the terminal, and one page of HTML that needs nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata, resources
from itertools import groupby
from pathlib import Path
from typing import Any

from onevar.migrate import audit as audits
from onevar.migrate import judge
from onevar.migrate.audit import Audit, Row

_KINDS = {judge.SUPPORTED: "supported", judge.PARTLY: "partly", judge.NOT: "not", judge.FOREIGN: "foreign"}
_STYLES = {judge.SUPPORTED: "green", judge.PARTLY: "yellow", judge.NOT: "bold red", judge.FOREIGN: "dim"}
_PLACES = 3  # how many a terminal is shown of a symbol's


def html(audit: Audit) -> str:
    """Return the page.

    Raises:
        ModuleNotFoundError: jinja2 is not installed.
    """
    from jinja2 import Environment, StrictUndefined

    source = resources.files("onevar.migrate").joinpath("templates/audit.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(_view(audit))


def _view(audit: Audit) -> dict[str, Any]:
    counts = audit.counts()
    totals = [
        {"level": level, "kind": _KINDS[level], "count": counts[level], "percent": round(audit.share(level), 2)}
        for level in reversed(judge.LEVELS)
    ]
    data = audits.as_data(audit)
    rows = sorted((*audit.rows, *audit.numpy), key=lambda row: (row.file, row.cell, row.line))
    listing = [_listed(name, list(found)) for name, found in groupby(rows, key=lambda row: row.file)]
    return {**data, "version": metadata.version("onevar"), "totals": totals, "todo": _todo(audit), "listing": listing}


def _todo(audit: Audit) -> list[dict[str, Any]]:
    wanted = [row for row in (*audit.rows, *audit.numpy) if row.level in (judge.NOT, judge.PARTLY)]
    counted = Counter((row.level, row.symbol, row.advice) for row in wanted)
    ordered = sorted(counted.items(), key=lambda item: (judge.LEVELS.index(item[0][0]), -item[1], item[0][1]))
    return [
        {"symbol": symbol, "uses": uses, "level": level, "kind": _KINDS[level], "advice": advice}
        for (level, symbol, advice), uses in ordered
    ]


def _listed(name: str, rows: list[Row]) -> dict[str, Any]:
    counted = Counter(row.level for row in rows)
    summary = ", ".join(f"{counted[level]} {level}" for level in judge.LEVELS if counted[level])
    shown = [
        {
            "line": r.line, "cell": r.cell, "code": r.code, "symbol": r.symbol, "level": r.level, "advice": r.advice,
            "kind": _KINDS[r.level],
        }
        for r in rows
    ]  # fmt: skip
    return {"name": name, "rows": shown, "summary": summary, "open": bool(counted[judge.NOT])}


def show(audit: Audit, every: bool) -> None:
    """Print an audit.

    Args:
        audit: What was found.
        every: Whether every use gets a line of its own, the supported ones included.
    """
    from rich.console import Console

    console = Console(highlight=False)
    if every:
        for row in (*audit.rows, *audit.numpy):
            mark = f"[{_STYLES[row.level]}]{row.level}[/]"
            advice = f"  {_plain(row.advice)}" if row.advice else ""
            console.print(f"{_plain(row.place)}: {_plain(row.symbol)}: {mark}{advice}", soft_wrap=True)
    elif _todo(audit):
        console.print(_table(audit))
    for one in audit.unread:
        place = f"{one.file}:{one.line}" if one.line else one.file
        console.print(f"[bold red]not read[/]  {_plain(place)}  {_plain(one.reason)}", soft_wrap=True)
    console.print(_summary(audit), soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _table(audit: Audit) -> Any:
    from rich.table import Table

    places: dict[str, list[str]] = {}
    for row in (*audit.rows, *audit.numpy):
        places.setdefault(row.symbol, []).append(row.place)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("symbol", overflow="fold")
    table.add_column("uses", justify="right")
    table.add_column("where", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for entry in _todo(audit):
        found = places[entry["symbol"]]
        more = [f"and {len(found) - _PLACES} more"] if len(found) > _PLACES else []
        mark = f"[{_STYLES[entry['level']]}]{entry['level']}[/]"
        where = _plain("\n".join([*found[:_PLACES], *more]))
        table.add_row(mark, _plain(entry["symbol"]), str(entry["uses"]), where, _plain(entry["advice"]))
    return table


def _summary(audit: Audit) -> str:
    if not audit.rows:
        text = f"{_plain(audit.path)}: no mention of TensorFlow in {_count(audit.files, 'file')}."
        return f"\n[bold]{text}[/] {audit.verdict}".rstrip()
    counts = audit.counts()
    parts = [f"{counts[level]} {level} ({audit.share(level):.1f} %)" for level in _shown(counts)]
    foreign = counts[judge.FOREIGN]
    left = f" {_count(foreign, 'use')} of names that TensorFlow never had." if foreign else ""
    unread = f" {_count(len(audit.unread), 'file')} could not be read." if audit.unread else ""
    text = f"{_plain(audit.path)}: {_count(audit.total, 'use')} of TensorFlow in {_count(audit.users, 'file')}"
    return f"\n[bold]{text}: {', '.join(parts)}.[/]{left}{unread} Nothing was run. {audit.verdict}".rstrip()


def _shown(counts: dict[str, int]) -> Iterable[str]:
    return (level for level in (judge.SUPPORTED, judge.PARTLY, judge.NOT) if counts[level])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@contextmanager
def progress(wanted: bool) -> Iterator[Any]:
    """Give a function of (done, total) that moves a bar on the standard error while it is a terminal.

    Args:
        wanted: Whether there is work enough for one.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not wanted or not console.is_terminal:
        yield lambda done, total: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def main(path: Path, *, as_json: bool, page: Path | None, every: bool) -> bool:
    """Audit a path, and print or write what was found.

    Args:
        path: A file or folder.
        as_json: Whether to print JSON.
        page: Where to write the page of HTML; None: nowhere.
        every: Whether the terminal gets a line for every use.

    Returns:
        Whether everything is supported.

    Raises:
        FileNotFoundError: There is nothing at the path.
        OSError: The page cannot be written.
    """
    import json
    import sys

    with progress(path.is_dir()) as step:
        found = audits.make(path, step)
    if page is not None:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html(found), encoding="utf-8")
    if as_json:
        sys.stdout.write(json.dumps(audits.as_data(found), indent=2) + "\n")
    else:
        show(found, every)
    return found.complete
