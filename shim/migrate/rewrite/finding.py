"""What became of each use of TensorFlow 1: the rows of the report."""

from dataclasses import dataclass

REWRITTEN, LEFT, NEEDS_YOU = "rewritten", "left", "needs you"
#: In the order in which a reader wants them.
STATUSES = (NEEDS_YOU, LEFT, REWRITTEN)


@dataclass(frozen=True)
class Finding:
    """One use, and what became of it.

    Attributes:
        path: The file, below the folder that was migrated.
        line: Its line before rewriting, from 1; in a notebook, the line in the cell.
        column: The column there, from 1.
        cell: The notebook's cell, from 1; 0 in a file of Python.
        symbol: What is used: `tf.nn.relu`; `tensorflow` for its own import.
        status: "rewritten" (it is gone), "left" (it stays on `onevar.v1`, where it runs), or "needs you".
        text: The line's text, as it was.
        reason: Why it is left, or what you have to do; for what is rewritten, what to know about it. May be empty.
    """

    path: str
    line: int
    column: int
    cell: int
    symbol: str
    status: str
    text: str
    reason: str = ""

    @property
    def place(self) -> str:
        """Where it is, as tools write it."""
        file = f"{self.path}[{self.cell}]" if self.cell else self.path
        return f"{file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Failure:
    """A file that was not rewritten.

    Attributes:
        path: The file.
        line: Where it could not be read; 0 if that is not known.
        reason: Why, and what to do.
    """

    path: str
    line: int
    reason: str


@dataclass(frozen=True)
class Rewriting:
    """One file, rewritten or looked at.

    Attributes:
        path: The file, below the folder that was migrated.
        before: Its content.
        after: What becomes of it; the same where nothing changes.
        findings: Its uses, in order.
        notes: What to know about the whole file, a sentence each.
        modelled: Whether a program in it became a model.
    """

    path: str
    before: bytes
    after: bytes
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    modelled: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after
