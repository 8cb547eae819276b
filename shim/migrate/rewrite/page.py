"""The report of a migration as one page of HTML that needs nothing else."""

from importlib import metadata, resources
from typing import Any

from onevar.migrate.rewrite import project, report
from onevar.migrate.rewrite.finding import LEFT, NEEDS_YOU, REWRITTEN, STATUSES, Finding, Rewriting
from onevar.migrate.rewrite.project import Migration

_KINDS = {REWRITTEN: "rewritten", LEFT: "left", NEEDS_YOU: "needs"}
#: Longer differences are not shown whole.
_LINES = 2000


def html(found: Migration) -> str:
    """Return the page.

    Raises:
        ModuleNotFoundError: jinja2 is not installed.
    """
    from jinja2 import Environment, StrictUndefined

    template = resources.files("onevar.migrate.rewrite").joinpath("templates/migrate.html")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template.read_text(encoding="utf-8")).render(_view(found))


def _view(found: Migration) -> dict[str, Any]:
    data = project.as_data(found)
    counts, total = found.counts(), data["uses"] or 1
    totals = [_share(status, counts[status], total) for status in reversed(STATUSES)]
    todo = [
        {"symbols": symbols, "reason": reason, "uses": len(rows), "kind": _KINDS[status], "status": status}
        for status in (NEEDS_YOU, LEFT)
        for reason, symbols, rows in report.grouped([one for one in found.findings if one.status == status])
    ]
    listing = [_listed(one) for one in found.users]
    return {**data, "version": metadata.version("onevar"), "shares": totals, "todo": todo, "listing": listing}


def _share(status: str, count: int, total: int) -> dict[str, Any]:
    return {"status": status, "kind": _KINDS[status], "count": count, "percent": round(100 * count / total, 2)}


def _listed(one: Rewriting) -> dict[str, Any]:
    counts = project.counts_of(one)
    lines = list(report.diff(one)) if one.changed and one.path.endswith(".py") else []
    shown = [{"text": line, "kind": report.style_of(line).replace("bold", "head")} for line in lines[:_LINES]]
    return {
        "name": one.path,
        "shares": [_share(status, counts[status], len(one.findings)) for status in reversed(STATUSES)],
        "rows": [_row(finding) for finding in one.findings],
        "notes": one.notes,
        "diff": shown,
        "more": max(len(lines) - _LINES, 0),
        "open": bool(counts[NEEDS_YOU]),
    }


def _row(one: Finding) -> dict[str, Any]:
    return {
        "line": one.line, "cell": one.cell, "code": one.text, "symbol": one.symbol, "status": one.status,
        "kind": _KINDS[one.status], "reason": one.reason,
    }  # fmt: skip
