"""Statements that share a line get lines of their own before a program is converted: each may become something else."""

import io
import itertools
import re
import tokenize
from collections.abc import Collection
from dataclasses import replace

from onevar.migrate.rewrite import documents
from onevar.migrate.rewrite.documents import Document, Notebook
from onevar.migrate.sources import Source

#: Lines on which a graph is run or trained, whatever else they name.
_RUNS = re.compile(r"\.(run|eval|minimize|apply_gradients|compute_gradients|save|restore|close)\s*\(")
_IMPORTS = ("import", "from")
_COMPOUND = frozenset({
    "if", "for", "while", "with", "try", "except", "else", "elif", "finally", "def", "class", "async", "match", "case",
    "@",
})  # fmt: skip
_BLANK = (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT)
_Token = tokenize.TokenInfo


def apart(document: Document, used: Collection[int]) -> Document | None:
    """Return a document in which statements that share a line of interest stand on lines of their own.

    Args:
        document: The file.
        used: The lines, from 1, that mention TensorFlow; those that run a graph are of interest, too.

    Returns:
        The document, whose source knows the places that its lines had; None: no line is of interest.
    """
    if isinstance(document, Notebook):
        standing = document.standing()
        return _apart(standing, used) or (None if standing is document else standing)
    return _apart(document, used)


def _apart(document: Document, used: Collection[int]) -> Document | None:
    if ";" not in document.text:
        return None
    try:
        lines = _logical(document.text)
    except (tokenize.TokenError, SyntaxError):
        return None  # what Python's parser reads and its tokenizer does not
    cuts = {
        (left.start, right.start): _indent(line[0].line)
        for line in lines
        if _matters(line, used)
        for left, right in itertools.pairwise(line)
        if left.string == ";" and right.type not in (tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER)
    }
    if not cuts:
        return None
    text, before = _cut(document.text, cuts)
    places = document.source.places or tuple((0, number) for number in range(1, len(document.source.lines) + 1))
    source = Source(
        document.source.path, document.source.module, places=tuple(places[at - 1] for at in before if at <= len(places))
    )
    documents.parse(source, text)
    return None if source.tree is None else replace(document, source=source, text=text)


def _logical(text: str) -> list[list[_Token]]:
    """Return the tokens of each logical line, what is around them left out."""
    lines: list[list[_Token]] = [[]]
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        if token.type in _BLANK and not (token.type == tokenize.COMMENT and lines[-1]):
            continue
        lines[-1].append(token)
        if token.type == tokenize.NEWLINE:
            lines.append([])
    return [line for line in lines if line]


def _matters(line: list[_Token], used: Collection[int]) -> bool:
    """Whether a logical line is of several statements, and has something that a program's conversion may change."""
    if line[0].string in _COMPOUND or not any(token.string == ";" for token in line):
        return False
    if any(token.string.startswith(documents.MAGIC) for token in line):
        return False
    starts = [line[0], *(right for left, right in itertools.pairwise(line) if left.string == ";")]
    if all(one.string in _IMPORTS or one.type in (tokenize.NEWLINE, tokenize.COMMENT) for one in starts):
        return False
    rows = range(line[0].start[0], line[-1].end[0] + 1)
    return any(row in used for row in rows) or any(_RUNS.search(token.line) for token in line)


def _indent(row: str) -> str:
    return row[: len(row) - len(row.lstrip(" \t\f"))]


def _cut(text: str, cuts: dict[tuple[tuple[int, int], tuple[int, int]], str]) -> tuple[str, list[int]]:
    """Return a text with line ends in the place of some semicolons, and the line that each of its lines was on."""
    rows = io.StringIO(text, newline="").readlines()
    starts = [0]
    for one in rows:
        starts.append(starts[-1] + len(one))
    end = "\r\n" if "\r\n" in text else "\n"
    parts: list[str] = []
    before: list[int] = []
    at, row = 0, 1
    for (left, right), indent in sorted(cuts.items()):
        piece = text[at : starts[left[0] - 1] + left[1]].rstrip(" \t")
        parts.append(piece + end + indent)
        before += range(row, row + piece.count("\n") + 1)
        at, row = starts[right[0] - 1] + right[1], right[0]
    before += range(row, row + text.count("\n", at) + 1)
    return "".join([*parts, text[at:]]), before
