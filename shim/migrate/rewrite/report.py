"""What became of a project's uses of TensorFlow 1, in the terminal: a line per file, then what is left and why."""

from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from onevar.migrate.rewrite.finding import LEFT, NEEDS_YOU, REWRITTEN, STATUSES, Finding, Rewriting
from onevar.migrate.rewrite.project import Migration, counts_of
from onevar.migrate.sources import lines_of

STYLES = {REWRITTEN: "green", LEFT: "yellow", NEEDS_YOU: "bold red"}
#: How many a terminal is shown.
_PLACES, _SYMBOLS = 3, 12
_BAR = 20  # characters


def show(found: Migration, console: Any, *, every: bool = False) -> None:
    """Print a migration.

    Args:
        found: What was found and made.
        console: Where to, of rich.
        every: Whether every use gets a line of its own.
    """
    if every:
        for one in found.findings:
            mark = f"[{STYLES[one.status]}]{one.status}[/]"
            reason = f"  {plain(one.reason)}" if one.reason else ""
            console.print(f"{plain(one.place)}: {plain(one.symbol)}: {mark}{reason}", soft_wrap=True)
    else:
        if found.users:
            console.print(_files(found.users))
        for status in (NEEDS_YOU, LEFT):
            rows = [one for one in found.findings if one.status == status]
            if rows:
                console.print(_table(status, rows))
    for rewriting in found.rewritings:
        for note in rewriting.notes:
            console.print(f"[dim]note[/]  {plain(rewriting.path)}: {plain(note)}", soft_wrap=True)
    for failure in found.failures:
        place = f"{failure.path}:{failure.line}" if failure.line else failure.path
        console.print(f"[bold red]not rewritten[/]  {plain(place)}  {plain(failure.reason)}", soft_wrap=True)
    console.print(summary(found), soft_wrap=True)


def plain(text: str) -> str:
    """Return a text without what rich would take for its own."""
    from rich.markup import escape

    return escape(text)


def _files(users: list[Rewriting]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    table.add_column("")
    for status in reversed(STATUSES):
        table.add_column(status, justify="right", no_wrap=True)
    for one in users:
        counts = counts_of(one)
        numbers = [str(counts[status] or "") for status in reversed(STATUSES)]
        table.add_row(plain(one.path), _bar(counts), *numbers)
    return table


def _bar(counts: dict[str, int]) -> str:
    """Return the picture of a file's share of each status."""
    total = sum(counts.values())
    widths = {status: round(_BAR * counts[status] / total) for status in STATUSES}
    for status in STATUSES:
        widths[status] = max(widths[status], 1 if counts[status] else 0)
    # Rounding must not make one bar longer than another.
    widest = max(widths, key=lambda status: widths[status])
    widths[widest] += _BAR - sum(widths.values())
    return "".join(f"[{STYLES[status]}]{'━' * widths[status]}[/]" for status in reversed(STATUSES) if widths[status])


def grouped(rows: list[Finding]) -> list[tuple[str, list[str], list[Finding]]]:
    """Return findings by reason, with the symbols that have it, each the most frequent first."""
    by_reason: dict[str, list[Finding]] = {}
    for one in rows:
        by_reason.setdefault(one.reason, []).append(one)
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(reason, _symbols(found), found) for reason, found in ordered]


def _symbols(found: list[Finding]) -> list[str]:
    counted = Counter(one.symbol for one in found)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [f"{symbol} ({count})" if count > 1 else symbol for symbol, count in ordered]


def _table(status: str, rows: list[Finding]) -> Any:
    from rich.table import Table

    heading = {NEEDS_YOU: "needs you", LEFT: "left on onevar.v1, where it runs"}[status]
    table = Table(box=None, pad_edge=False, header_style="bold", title=f"\n{heading}", title_justify="left")
    table.title_style = STYLES[status]
    table.add_column("uses", justify="right")
    table.add_column("why", overflow="fold", ratio=2)
    table.add_column("symbols", overflow="fold", ratio=2)
    table.add_column("where", overflow="fold", ratio=1)
    for reason, symbols, found in grouped(rows):
        places = list(dict.fromkeys(one.place for one in found))
        shown = _cut(symbols, _SYMBOLS, ", ")
        table.add_row(str(len(found)), plain(reason), plain(shown), plain(_cut(places, _PLACES, "\n")))
    return table


def _cut(texts: list[str], most: int, between: str) -> str:
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return between.join([*texts[:most], *more])


def summary(found: Migration) -> str:
    """Return the last line."""
    counts = found.counts()
    total = sum(counts.values())
    files = len(found.rewritings) + len(found.failures)
    failed = f" {count(len(found.failures), 'file')} could not be rewritten." if found.failures else ""
    if not total:
        return f"\n[bold]{plain(str(found.path))}: no mention of TensorFlow in {count(files, 'file')}.[/]{failed}"
    parts = [f"{counts[one]} {one} ({100 * counts[one] / total:.1f} %)" for one in reversed(STATUSES) if counts[one]]
    changed = f" {count(len(found.changed), 'file')} of {files} change." if found.changed else " No file changes."
    start = f"{plain(str(found.path))}: {count(total, 'use')} of TensorFlow in {count(len(found.users), 'file')}"
    return f"\n[bold]{start}: {', '.join(parts)}.[/]{changed}{failed}"


def count(number: int, noun: str) -> str:
    """Return a number of things, in words: `"1 file"`, `"2 files"`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def diff(rewriting: Rewriting) -> Iterator[str]:
    """Yield the lines of the unified difference of a file; those of a notebook are its JSON's."""
    before, after = (lines_of(_text(content)) for content in (rewriting.before, rewriting.after))
    # `lines_of` has an empty line after the last line end.
    yield from unified_diff(_whole(before), _whole(after), f"a/{rewriting.path}", f"b/{rewriting.path}", lineterm="")


def _whole(lines: list[str]) -> list[str]:
    return lines[:-1] if lines and not lines[-1] else lines


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def style_of(line: str) -> str:
    """Return the style of a line of a difference."""
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
