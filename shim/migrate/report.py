"""What of a program is supported: `onevar run --report`, as a table and as JSON."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from onevar.migrate import judge, paths, scan, sources, virtual
from onevar.migrate.script import Request

SCHEMA = "onevar.migrate.report/1"


@dataclass(frozen=True)
class Row:
    """One symbol of the report.

    Attributes:
        symbol: Its name below `tf.`, as the program spells it; `compat.v1` left out.
        name: Its public name, where the program took it from one of TensorFlow's internal modules.
        supported: Whether `onevar.v1` has it.
        uses: How often the program mentions it.
        file: Where it does so first.
        line: And in which line.
        nearest: Names that `onevar.v1` has and that look like it, where it has not this one.
    """

    symbol: str
    name: str
    supported: bool
    uses: int
    file: str
    line: int
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that is known of a program without running it.

    Attributes:
        program: What was asked about.
        files: How many of its files were read.
        rows: Its symbols, the unsupported first, the most used first.
        stars: `from tensorflow.x import *`, whose names cannot be told: module, file, line.
        unreadable: Files that are not Python 3: file, line, reason.
    """

    program: str
    files: int
    rows: tuple[Row, ...]
    stars: tuple[tuple[str, str, int], ...]
    unreadable: tuple[tuple[str, int, str], ...]

    @property
    def complete(self) -> bool:
        """Whether everything that was found is supported, and every file could be read."""
        return all(row.supported for row in self.rows) and not self.unreadable


def make(request: Request) -> Report:
    """Read a program and look its symbols up.

    Raises:
        FileNotFoundError: The script, the module or a package of `also` is not here.
    """
    found = scan.scan(sources.of(request))
    rows = sorted((_row(symbol) for symbol in found.symbols.values()), key=lambda r: (r.supported, -r.uses, r.symbol))
    stars = tuple((module, _short(file), line) for module, file, line in found.stars)
    unreadable = tuple((_short(file), line, reason) for file, line, reason in found.unreadable)
    return Report(request.target, found.files, tuple(rows), stars, unreadable)


def _row(symbol: scan.Symbol) -> Row:
    from onevar.v1 import export

    file, line = min(symbol.places, key=lambda place: (place[0] != symbol.places[0][0], place[1]))
    supported = virtual.supported(symbol.name) if judge.verdict(symbol.name).level != judge.NOT else None
    public = [name for name in paths.public_names(symbol.name) if name in paths.published() and name != symbol.name]
    name = supported or next(iter(public), symbol.name)
    near = () if supported else tuple(export.nearest(name))
    return Row(symbol.name, name, supported is not None, len(symbol.places), _short(file), line, near)


def _short(file: str) -> str:
    relative = os.path.relpath(file)
    return file if relative.startswith(os.pardir) else relative


def as_json(report: Report) -> str:
    """Return the report as JSON text."""
    data: dict[str, Any] = {"schema": SCHEMA, **asdict(report), "complete": report.complete}
    data["symbols"] = data.pop("rows")
    data["stars"] = [dict(zip(("module", "file", "line"), star, strict=True)) for star in report.stars]
    data["unreadable"] = [dict(zip(("file", "line", "reason"), one, strict=True)) for one in report.unreadable]
    return json.dumps(data, indent=2)


def show(report: Report) -> None:
    """Print the report as a table."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, options in (
        ("", {}),
        ("symbol", {"overflow": "fold"}),
        ("uses", {"justify": "right"}),
        ("first use", {"overflow": "fold"}),
        ("note", {"overflow": "fold"}),
    ):
        table.add_column(title, **options)  # type: ignore[arg-type]
    for row in report.rows:
        mark = "[green]yes[/]" if row.supported else "[bold red]no[/]"
        table.add_row(mark, f"tf.{row.name}", str(row.uses), f"{row.file}:{row.line}", _note(row))
    if report.rows:
        console.print(table)
    for module, file, line in report.stars:
        said = f"[yellow]star[/]  from {module} import *  {file}:{line}  its names are not in this table"
        console.print(said, soft_wrap=True)
    for file, line, reason in report.unreadable:
        console.print(f"[bold red]no[/]    {file}:{line}  {reason}", soft_wrap=True)
    console.print(_summary(report), soft_wrap=True)


def _note(row: Row) -> str:
    same = f"taken from tensorflow.{row.symbol.rpartition('.')[0]}" if row.name != row.symbol else ""
    near = f"nearest: {', '.join(f'tf.{name}' for name in row.nearest)}" if row.nearest else ""
    return "; ".join(filter(None, (same, near)))


def _summary(report: Report) -> str:
    if not report.rows and not report.unreadable:
        return f"{report.program}: no mention of TensorFlow in {_count(report.files, 'file')}."
    supported = sum(row.supported for row in report.rows)
    symbols, files = _count(len(report.rows), "symbol"), _count(report.files, "file")
    text = f"{report.program}: {supported} of {symbols} supported, in {files}."
    if report.unreadable:
        text += f" {_count(len(report.unreadable), 'file')} could not be read."
    return f"\n[bold]{text}[/] The program was not run."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
