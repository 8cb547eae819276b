"""Reads `spec.md`, the only place where a requirement is written down."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SPEC = Path(__file__).with_name("spec.md")
_SECTION = re.compile(r"## ([A-Z][A-Z0-9]): (.+)")
_ID = re.compile(r"[A-Z][A-Z0-9]-\d\d")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of `spec.md`.

    Attributes:
        id: `"OP-08"`.
        section: The title of the chapter that it is in.
        text: The requirement, one sentence, Markdown.
        needs: Capabilities without which it does not apply.
        source: Who says so.
    """

    id: str
    section: str
    text: str
    needs: tuple[str, ...]
    source: str


@cache
def requirements() -> dict[str, Requirement]:
    """Return every requirement by its id, in the order of the document."""
    return parse(SPEC.read_text(encoding="utf-8"))


def parse(markdown: str) -> dict[str, Requirement]:
    """Return the requirements of a document like `spec.md`.

    Raises:
        ValueError: An id stands twice, is in another chapter than its letters say, or a row has
            not four cells.
    """
    found: dict[str, Requirement] = {}
    prefix = section = ""
    for line in markdown.splitlines():
        if heading := _SECTION.match(line):
            prefix, section = heading.groups()
        elif line.startswith("| ") and _ID.match(line[2:]):
            row = _row(line, section)
            if row.id in found or not row.id.startswith(prefix):
                raise ValueError(f"spec.md: {row.id} stands twice, or not in the chapter of its letters: {line}")
            found[row.id] = row
    return found


def _row(line: str, section: str) -> Requirement:
    cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
    if len(cells) != 4:
        raise ValueError(f"spec.md: a row needs id, requirement, needs, source. Received: {line}")
    name, text, needs, source = cells
    return Requirement(name, section, text, tuple(n.strip() for n in needs.split(",") if n.strip()), source)
