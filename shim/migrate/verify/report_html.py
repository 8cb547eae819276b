"""A comparison as one page of HTML that needs nothing else."""

from importlib import metadata, resources
from itertools import groupby
from typing import Any

from onevar.migrate.verify import plots
from onevar.migrate.verify.report import BETWEEN, DIFFERS, EQUAL, KINDS, ONLY_NEW, ONLY_OLD, ROUNDING, Report, Row
from onevar.migrate.verify.report_text import TITLES, one_of, pair_of, verdict

_CLASSES = {EQUAL: "good", DIFFERS: "bad", ONLY_OLD: "warn", ONLY_NEW: "warn", ROUNDING: "calm", BETWEEN: "calm"}


def html(report: Report) -> str:
    """Return the page.

    Raises:
        ModuleNotFoundError: jinja2 is not installed.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    source = resources.files("onevar.migrate.verify").joinpath("templates/verify.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pictures = {name: Markup(getattr(plots, name)(report)) for name in ("losses", "steps", "layers")}
    return environment.from_string(source).render(**view(report), plots=pictures)


def view(report: Report) -> dict[str, Any]:
    """Return what the page shows."""
    first = report.first
    return {
        "version": metadata.version("onevar"),
        "report": report,
        "verdict": verdict(report),
        "good": report.agrees,
        "first": None if first is None else {**_row(first), "what": one_of(first), "who": pair_of(first)},
        "kinds": [_kind(report, kind) for kind in KINDS if any(row.kind == kind for row in report.rows)],
        "legend": plots.legend(report),
        "events": [
            {"place": place, "rows": [_row(row) for row in rows], "bad": sum(row.fails for row in rows)}
            for place, rows in ((place, list(rows)) for place, rows in groupby(report.rows, key=lambda row: row.place))
        ],
    }


def _kind(report: Report, kind: str) -> dict[str, Any]:
    rows = [row for row in report.rows if row.kind == kind]
    worst = report.worst(kind)
    counted = [row for row in rows if row.verdict not in (ONLY_OLD, ONLY_NEW)]
    return {
        "name": TITLES[kind], "count": len(counted), "bad": sum(row.fails for row in rows),
        "worst": "" if worst is None else f"{worst:.2g}",
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    return {
        "kind": TITLES[row.kind], "old": row.old, "new": row.new, "verdict": row.verdict,
        "class": _CLASSES[row.verdict],
        "apart": f"{row.difference:.2g}", "allowed": f"{row.allowed:.0e}", "note": row.note, "place": row.place,
        "shape": " x ".join(map(str, row.shape)) if row.shape else "scalar", "fails": row.fails,
    }  # fmt: skip
