"""Files as text and back: encodings, byte-order marks, line ends and notebooks survive what is rewritten between."""

import ast
import codecs
import io
import json
import re
import tokenize
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path

from onevar.migrate import notebook, python2
from onevar.migrate.sources import Source, lines_of

_CELL = "#onevar-cell:"
#: Begins the comment behind what stands for a command of IPython.
MAGIC = "#onevar-line:"
_MARKED = re.compile(rf"^(?P<code>.*?) *{MAGIC}(?P<number>\d+)$")
_TIMED = re.compile(r"^(\s*%{1,2}\w+ +)(.*)$")
_INDENT = re.compile(r"^\{\r?\n( +|\t+)\"")


class Damaged(ValueError):
    """What was rewritten cannot be put back into its notebook."""


@dataclass
class Document:
    """A file of Python, or a notebook's cells of code, as one text.

    Attributes:
        path: The file.
        content: Its bytes.
        source: The text as Python reads it, with places in cells; its `problem` says why it cannot.
        text: The text.
    """

    path: Path
    content: bytes
    source: Source
    text: str = ""

    def back(self, text: str) -> bytes:
        """Return the file's bytes with another text.

        Raises:
            Damaged: It does not fit into the file.
        """
        raise NotImplementedError


@dataclass
class Script(Document):
    """A file of Python.

    Attributes:
        encoding: What it is in.
        mark: Its byte-order mark; empty if it has none.
    """

    encoding: str = "utf-8"
    mark: bytes = b""

    def back(self, text: str) -> bytes:
        """Return the file's bytes with another text."""
        return self.mark + text.encode(self.encoding)


@dataclass
class Notebook(Document):
    """A notebook; its cells of code are one text with a line between them, and IPython's commands are marked.

    Attributes:
        data: What the file says.
        cells: The cells of code that are in the text, by number, with whether their source is a list of lines.
        originals: The lines that IPython's commands stood on, and what stands for them.
    """

    data: dict = field(default_factory=dict)
    cells: dict[int, dict] = field(default_factory=dict)
    originals: list[tuple[str, str]] = field(default_factory=list)

    def back(self, text: str) -> bytes:
        """Return the file's bytes with other code in its cells.

        Raises:
            Damaged: A cell or a command of IPython is not there any more.
        """
        parts = self._parts(text)
        if list(parts) != list(self.cells):
            raise Damaged("the cells would not stay apart")
        seen: list[int] = []
        for number, code in parts.items():
            new = "\n".join(self._restored(line, seen) for line in code.split("\n"))
            cell = self.cells[number]
            key = "source" if "source" in cell else "input"
            old = _joined(cell[key])
            if new != old:
                new = _trimmed(new, old)
                cell[key] = new.splitlines(keepends=True) if isinstance(cell[key], list) else new
        if sorted(seen) != list(range(len(self.originals))):
            raise Damaged("a command of IPython stands in code that changes")
        return _dumped(self.data, self.content)

    def _parts(self, text: str) -> dict[int, str]:
        parts: dict[int, list[str]] = {}
        number = 0
        for line in text.split("\n"):
            if line.strip('" ').startswith(_CELL):
                number = int(line.strip('" ')[len(_CELL) :])
                parts[number] = []
            elif number:
                parts[number].append(line)
            elif line.strip():
                raise Damaged("a line would stand before the first cell")
        return {number: "\n".join(lines) for number, lines in parts.items()}

    def standing(self) -> "Notebook":
        """Return the notebook with statements between its cells, which stay where the statements around them go."""
        lines = (f'"{line}"' if line.startswith(_CELL) else line for line in self.text.split("\n"))
        source = Source(self.source.path, self.source.module, places=self.source.places)
        found = replace(self, source=source, text="\n".join(lines))
        parse(source, found.text)
        return self if source.tree is None else found

    def _restored(self, line: str, seen: list[int]) -> str:
        found = _MARKED.match(line)
        if found is None:
            return line
        number = int(found["number"])
        seen.append(number)
        original, plain = self.originals[number]
        if found["code"].strip() == plain.strip():
            return original
        timed = _TIMED.match(original)
        if timed is None:
            raise Damaged("a command of IPython stands in code that changes")
        return timed[1] + found["code"].strip()


def _trimmed(new: str, old: str) -> str:
    """Return a cell's code with the empty lines at its ends that it had: what is added, or goes, leaves others."""
    code = new.strip("\n")
    return old[: len(old) - len(old.lstrip("\n"))] + code + old[len(old.rstrip("\n")) :] if code else ""


def read(path: Path, module: str) -> Document:
    """Read a file; whatever is wrong with its text is its source's `problem`.

    Args:
        path: The file.
        module: Its dotted name.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no notebook.
    """
    content = path.read_bytes()
    if path.suffix == notebook.SUFFIX:
        return _notebook(path, module, content)
    document = Script(path, content, Source(path, module))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        if content.startswith(codecs.BOM_UTF8):
            document.mark, encoding = codecs.BOM_UTF8, "utf-8"
        document.encoding = encoding
        document.text = content[len(document.mark) :].decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        document.source.problem = f"Python cannot read it: {error}"
        return document
    parse(document.source, document.text)
    return document


def parse(source: Source, text: str) -> None:
    """Fill in what a source says, or why Python cannot read it."""
    source.lines = tuple(lines_of(text))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a stranger's escapes
            # A cookie in a text that is decoded already means nothing.
            source.tree = ast.parse(text, str(source.path))
    except SyntaxError as error:
        source.line = error.lineno or 0
        cell, line = source.places[source.line - 1] if 0 < source.line <= len(source.places) else (0, 0)
        source.problem = (f"cell {cell}, line {line}: " if cell else "") + python2.reason(error, text)
    except (ValueError, RecursionError, MemoryError) as error:
        source.problem = f"Python cannot parse it: {type(error).__name__} {error}".rstrip()


def _notebook(path: Path, module: str, content: bytes) -> Notebook:
    cells = {cell.number: cell for cell in notebook.cells(path)}
    data = json.loads(content.decode("utf-8"))
    found = data["cells"] if "cells" in data else [c for sheet in data["worksheets"] for c in sheet["cells"]]
    document = Notebook(path, content, Source(path, module), data=data)
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for number, one in enumerate(found, 1):
        if number not in cells or cells[number].whole:
            continue
        document.cells[number] = one
        lines.append(f"{_CELL}{number}")
        places.append((number, 0))
        originals = _joined(one["source"] if "source" in one else one.get("input", "")).split("\n")
        plain = cells[number].text.split("\n")
        for line, (was, is_now) in enumerate(zip(originals, [*plain, ""], strict=False), 1):
            lines.append(was if was == is_now else f"{is_now}  {MAGIC}{len(document.originals)}")
            places.append((number, line))
            if was != is_now:
                document.originals.append((was, is_now))
    document.text = "\n".join(lines)
    document.source.places = tuple(places)
    parse(document.source, document.text)
    return document


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _dumped(data: dict, content: bytes) -> bytes:
    """Return a notebook's JSON in the layout that the file had."""
    text = content.decode("utf-8")
    found = _INDENT.match(text)
    indent = None if found is None else "\t" if found[1].startswith("\t") else len(found[1])
    separators = None if indent is None else (",", ": ")
    new = json.dumps(data, indent=indent, ensure_ascii=text.isascii(), separators=separators)
    ending = text[len(text.rstrip("\r\n")) :]
    return (new.replace("\n", "\r\n") if "\r\n" in text else new).encode("utf-8") + ending.encode()
