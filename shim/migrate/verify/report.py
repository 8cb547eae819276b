"""What was found when two runs were compared."""

from dataclasses import dataclass, field
from typing import Any

EQUAL, DIFFERS, ONLY_OLD, ONLY_NEW, ROUNDING, BETWEEN = (
    "equal", "differs", "only in old", "only in new", "rounding", "differs, equal again later"
)  # fmt: skip
KINDS = ("feeds", "random", "layers", "outputs", "losses", "gradients", "weights", "slots")
_FAILS = (DIFFERS,)


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        place: The event.
        step: How many training steps there are up to and with it.
        kind: One of `KINDS`.
        old: The old program's name of it.
        new: The new one's.
        difference: How far they are apart, relative to the largest old value; for variables, to how far they moved.
        allowed: How far they may be.
        verdict: `"equal"`, `"differs"`, `"only in old"`, `"only in new"`, `"rounding"`, or
            `"differs, equal again later"` for a layer that later ones do not show.
        shape: Of the value.
        note: What else is to be said.
    """

    place: str
    step: int
    kind: str
    old: str
    new: str
    difference: float
    allowed: float
    verdict: str
    shape: tuple[int, ...] = ()
    note: str = ""

    @property
    def fails(self) -> bool:
        """Whether it means that the programs do not compute the same."""
        missing = self.verdict in (ONLY_OLD, ONLY_NEW) and self.kind in ("weights", "losses")
        return self.verdict in _FAILS or missing


@dataclass(frozen=True)
class Finding:
    """A probable cause.

    Attributes:
        key: Its key in the table of causes.
        title: What it is.
        text: What was found, with numbers.
        advice: What to do.
        where: The place and name that it was found at.
        visible: Whether it explains a difference; otherwise it has not shown in the steps that were compared.
    """

    key: str
    title: str
    text: str
    advice: str
    where: str = ""
    visible: bool = True


@dataclass
class Report:
    """The comparison of two runs.

    Attributes:
        old: Of the old program: `program`, `runtime`.
        new: Of the new one.
        rows: Each comparison, in the order of computation.
        causes: Probable causes, those of the first difference first.
        losses: `(step, old, new)`, the loss at each training step.
        mapping: `(old, new, rule)`, which variables were taken for each other.
        notes: What else is to be known.
        tolerance: How far values may be apart.
    """

    old: dict[str, Any]
    new: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    causes: list[Finding] = field(default_factory=list)
    losses: list[tuple[int, float, float]] = field(default_factory=list)
    mapping: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tolerance: float = 1e-4

    @property
    def first(self) -> Row | None:
        """Where they part first; None if they do not."""
        return next((row for row in self.rows if row.fails), None)

    @property
    def compared(self) -> int:
        """How many values were compared."""
        return sum(row.verdict not in (ONLY_OLD, ONLY_NEW) for row in self.rows)

    @property
    def agrees(self) -> bool:
        """Whether something was compared that counts, and nothing differs."""
        counts = any(row.kind in ("outputs", "losses", "weights") and row.verdict == EQUAL for row in self.rows)
        return counts and self.first is None

    @property
    def steps(self) -> int:
        """How many training steps were compared."""
        return max((row.step for row in self.rows if row.kind in ("losses", "weights", "gradients")), default=0)

    def worst(self, kind: str) -> float | None:
        """Return the largest difference of a kind; None if none was compared."""
        found = [row.difference for row in self.rows if row.kind == kind and row.verdict in (EQUAL, DIFFERS)]
        return max(found, default=None)

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON can have it; the schema is described in the documentation."""
        first = self.first
        return {
            "schema": 1,
            "agrees": self.agrees,
            "old": self.old,
            "new": self.new,
            "tolerance": self.tolerance,
            "steps": self.steps,
            "compared": self.compared,
            "first": None if first is None else _row(first),
            "causes": [vars(cause) for cause in self.causes],
            "worst": {kind: _number(self.worst(kind)) for kind in KINDS},
            "losses": [[step, _number(old), _number(new)] for step, old, new in self.losses],
            "mapping": [list(pair) for pair in self.mapping],
            "notes": self.notes,
            "rows": [_row(row) for row in self.rows],
        }


def _row(row: Row) -> dict[str, Any]:
    return {**vars(row), "shape": list(row.shape), "difference": _number(row.difference), "fails": row.fails}


def _number(value: float | None) -> float | str | None:
    """Return a number as JSON has it: infinities and NaN, which it has not, as words."""
    if value is None or value - value == 0:
        return value
    return str(value)
