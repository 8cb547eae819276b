"""The account of a unit: what became of each of its uses of TensorFlow, by the original node that is the use."""

from dataclasses import dataclass, field

import libcst as cst

from onevar.migrate.rewrite.finding import LEFT, NEEDS_YOU, REWRITTEN


@dataclass(frozen=True)
class Mark:
    """What became of one use.

    Attributes:
        status: One of `finding.STATUSES`.
        reason: A sentence; may be empty.
    """

    status: str
    reason: str = ""


@dataclass
class Ledger:
    """Marks by original node.

    A node need not be exactly the use: a mark also counts for the uses inside the node that have no mark of their
    own, so that a statement that vanishes is marked once.

    Attributes:
        marks: The marks.
    """

    marks: dict[cst.CSTNode, Mark] = field(default_factory=dict)

    def rewritten(self, node: cst.CSTNode, note: str | None = None) -> None:
        """Say that a use is gone.

        Args:
            node: The use, or a node that has it inside.
            note: What to know about it.
        """
        self.marks[node] = Mark(REWRITTEN, note or "")

    def left(self, node: cst.CSTNode, reason: str) -> None:
        """Say that a use stays on `onevar.v1`, and why.

        Args:
            node: The use, or a node that has it inside.
            reason: A sentence.
        """
        self.marks[node] = Mark(LEFT, reason)

    def needs_you(self, node: cst.CSTNode, reason: str) -> None:
        """Say that somebody has to do something about a use.

        Args:
            node: The use, or a node that has it inside.
            reason: What, a sentence.
        """
        self.marks[node] = Mark(NEEDS_YOU, reason)

    def update(self, other: "Ledger") -> None:
        """Take over the marks of another."""
        self.marks.update(other.marks)
