"""Probable causes of differences: a table, each entry of which is proven by a test that provokes it.

A cause is not guessed from names. It is tried: from what both programs were given, one way of computing must give what
the old program has, and another what the new one has. Where that cannot be tried, the sentence says what was seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources

from onevar.migrate.verify import causes_layers, causes_losses, causes_optimizers, causes_state
from onevar.migrate.verify.case import Case, Seen
from onevar.migrate.verify.comparing import Compared
from onevar.migrate.verify.linking import Link
from onevar.migrate.verify.report import Finding, Row
from onevar.migrate.verify.trace import Trace


@dataclass(frozen=True)
class Cause:
    """An entry of the table.

    Attributes:
        key: Its name.
        kinds: The kinds of rows that it can explain.
        title: What it is.
        advice: What to do.
        test: Says what was seen, if it is this.
    """

    key: str
    kinds: tuple[str, ...]
    title: str
    advice: str
    test: Callable[[Case], Seen | None]


_TESTS = {
    "layers": causes_layers, "losses": causes_losses, "optimizers": causes_optimizers, "state": causes_state,
}  # fmt: skip


def _table() -> Iterator[Cause]:
    text = resources.files("onevar.migrate.verify").joinpath("causes.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            key, kinds, test, title, advice = line.split("\t")
            module, _, name = test.partition(".")
            yield Cause(key, tuple(kinds.split()), title, advice, getattr(_TESTS[module], name))


#: In the order in which they are tried: what explains more comes first.
TABLE = tuple(_table())
#: What explains a loss that is wrong because of what came before it better than that does.
_DEEPER = ("softmax twice", "loss clipped")
_BY_KEY = {cause.key: cause for cause in TABLE}


def find(old: Trace, new: Trace, compared: list[Compared], known: list[Link]) -> list[Finding]:
    """Return the probable causes, those of the first difference first, then what has not shown yet.

    Args:
        old: The old run.
        new: The new one.
        compared: Their events, compared.
        known: Which variables are which.
    """
    found: list[Finding] = []
    for one in compared:
        failing = [row for row in one.rows if row.fails]
        for row in failing:
            found.extend(of_row(old, new, one, row))
            if found:
                break
        deeper = [f for row in failing if row.kind == "losses" for f in of_row(old, new, one, row) if f.key in _DEEPER]
        found = [*deeper, *(finding for finding in found if all(finding.key != other.key for other in deeper))]
        if failing:
            break
    visible = {finding.key for finding in found}
    settings = causes_state.settings(old, new)
    event, first = next(((one, row) for one in compared for row in one.rows if row.fails), (None, None))
    if not found and event is not None and first is not None and first.kind in ("weights", "slots"):
        # Nothing before the optimizer differs, and this is how it does.
        there = causes_state.settings(old, new, (event.old, event.new))
        found = [replace(finding, where=f"{first.place}: {first.old or first.new}") for finding in there]
        settings = [] if there else settings
    hidden = settings + causes_state.initializers(old, new, known)
    found.extend(replace(finding, visible=False) for finding in hidden if finding.key not in visible)
    return found


def of_row(old: Trace, new: Trace, one: Compared, row: Row) -> Iterator[Finding]:
    """Yield the causes that explain one difference.

    Args:
        old: The old run.
        new: The new one.
        one: The event.
        row: The difference.
    """
    case = Case(old, new, one, row)
    for cause in TABLE:
        if row.kind in cause.kinds:
            seen = cause.test(case)
            if seen is not None:
                yield Finding(cause.key, cause.title, seen.text, cause.advice, f"{row.place}: {row.old or row.new}")


def by_key(key: str) -> Cause:
    """Return an entry of the table."""
    return _BY_KEY[key]
