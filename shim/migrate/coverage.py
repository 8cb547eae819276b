"""What share of TensorFlow 1, as public programs use it, is covered: `onevar audit --coverage`.

Two rankings say what is used: `golden/v1_symbols.tsv`, the names that public repositories mention, and
`golden/v1_ops.tsv`, the op types that public programs build. What is covered is asked of the registries that a
program meets: the names of `onevar.v1`, and the engine's definitions of op types.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onevar.migrate import judge

SCHEMA = "onevar.migrate.coverage/1"
_GOLDEN = Path(__file__).parent / "golden"
#: What TensorFlow 1 spreads over several operations is one here, which holds graphs.
_REPLACED = {
    "Switch": "If", "Merge": "If", "RefSwitch": "If", "RefMerge": "If",
    "Enter": "While", "RefEnter": "While", "Exit": "While", "RefExit": "While", "NextIteration": "While",
    "RefNextIteration": "While", "LoopCond": "While",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of a ranking.

    Attributes:
        name: A name below `tf.`, or an op type.
        users: How many repositories, or programs, use it.
        uses: How often they do in all.
        covered: Whether it is here; None: it never was TensorFlow's.
        note: How, where that is not plain.
    """

    name: str
    users: int
    uses: int
    covered: bool | None
    note: str = ""


@dataclass(frozen=True)
class Ranking:
    """A ranking and what of it is covered.

    Attributes:
        title: What it lists.
        source: Where it is from.
        entries: Its lines, the most used first.
    """

    title: str
    source: str
    entries: tuple[Entry, ...]

    def counted(self, users: int = 1) -> list[Entry]:
        """Return the entries that are TensorFlow's and have so many users or more."""
        return [entry for entry in self.entries if entry.covered is not None and entry.users >= users]

    def missing(self) -> list[Entry]:
        """Return those that are not covered."""
        return [entry for entry in self.entries if entry.covered is False]

    def foreign(self) -> list[Entry]:
        """Return those that never were TensorFlow's: local variables of programs, slips, names from before 1.0."""
        return [entry for entry in self.entries if entry.covered is None]


@dataclass(frozen=True)
class Share:
    """How much of something is covered.

    Attributes:
        what: Of what.
        covered: How many are.
        total: Of how many.
    """

    what: str
    covered: int
    total: int

    @property
    def percent(self) -> float:
        """The share in percent."""
        return 100.0 * self.covered / self.total if self.total else 100.0


def rankings() -> tuple[Ranking, Ranking]:
    """Return the ranking of symbols and that of op types, each asked of its registry."""
    return _ranking("v1_symbols.tsv", "symbols", _symbol), _ranking("v1_ops.tsv", "op types", _op_type)


def _ranking(file: str, title: str, look: Callable[[str], tuple[bool | None, str]]) -> Ranking:
    source, *lines = (_GOLDEN / file).read_text(encoding="utf-8").splitlines()
    entries = []
    for line in lines:
        name, users, uses = line.split("\t")
        entries.append(Entry(name, int(users), int(uses), *look(name)))
    return Ranking(title, source.removeprefix("# ").partition(":")[0], tuple(entries))


def _symbol(name: str) -> tuple[bool | None, str]:
    verdict = judge.verdict(name).level
    return (None if verdict == judge.FOREIGN else verdict in (judge.SUPPORTED, judge.PARTLY)), ""


def _op_type(name: str) -> tuple[bool | None, str]:
    from onevar.core.control_flow import is_functional_type
    from onevar.core.frame import is_computed

    held = _REPLACED.get(name)
    if held is not None and is_functional_type(held):
        return True, f"part of one {held} operation"
    return is_computed(name) or is_functional_type(name), ""


def shares(symbols: Ranking, op_types: Ranking) -> list[Share]:
    """Return what is covered, in numbers.

    Args:
        symbols: The ranking of symbols.
        op_types: That of op types.
    """
    found = []
    for ranking, users, uses in ((symbols, "repositories", "uses"), (op_types, "programs", "nodes")):
        for least in (1, 2):
            counted = ranking.counted(least)
            among = "" if least == 1 else f" in two {users} or more"
            found.append(Share(f"{ranking.title}{among}", sum(bool(e.covered) for e in counted), len(counted)))
        counted = ranking.counted()
        covered = sum(entry.uses for entry in counted if entry.covered)
        found.append(Share(f"{uses} of {ranking.title}", covered, sum(entry.uses for entry in counted)))
    return found


def as_json(symbols: Ranking, op_types: Ranking) -> str:
    """Return shares and rankings as JSON text."""
    numbers = [{**asdict(share), "percent": round(share.percent, 2)} for share in shares(symbols, op_types)]
    listed = {
        ranking.title.replace(" ", "_"): {"source": ranking.source, "entries": [asdict(e) for e in ranking.entries]}
        for ranking in (symbols, op_types)
    }
    return json.dumps({"schema": SCHEMA, "shares": numbers, **listed}, indent=2)


def show(symbols: Ranking, op_types: Ranking) -> None:
    """Print shares, and what is missing, as tables."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_shares(shares(symbols, op_types)))
    for ranking, users, uses in ((symbols, "repositories", "uses"), (op_types, "programs", "nodes")):
        missing = ranking.missing()
        if missing:
            console.print(f"\n[bold]{ranking.title} not covered[/]")
            console.print(_entries(missing, users, uses))
    foreign = symbols.foreign()
    if foreign:
        listed = ", ".join(entry.name for entry in foreign)
        console.print(f"\nLeft out: {len(foreign)} names that TensorFlow 1.15 and 2.21 do not have: {listed}.")
    replaced = [entry for entry in op_types.entries if entry.note]
    if replaced:
        listed = ", ".join(f"{entry.name} ({entry.note})" for entry in replaced)
        console.print(f"\nCovered in another form: {listed}.")
    for ranking in (symbols, op_types):
        console.print(f"\n{ranking.title}: {ranking.source}.", soft_wrap=True)


def _shares(found: Iterable[Share]) -> Any:
    table = _table(("covered", "left"), ("", "right"), ("of", "right"), ("share", "right"))
    for share in found:
        table.add_row(share.what, str(share.covered), str(share.total), f"{share.percent:.1f} %")
    return table


def _entries(found: Iterable[Entry], users: str, uses: str) -> Any:
    table = _table(("name", "left"), (users, "right"), (uses, "right"))
    for entry in found:
        table.add_row(entry.name, str(entry.users), str(entry.uses))
    return table


def _table(*columns: tuple[str, Any]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in columns:
        table.add_column(title, justify=justify, overflow="fold")
    return table


def main(json: bool) -> None:
    """Print the coverage.

    Args:
        json: Whether as JSON.
    """
    found = rankings()
    if json:
        from sys import stdout

        stdout.write(as_json(*found) + "\n")
    else:
        show(*found)
