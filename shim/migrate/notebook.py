"""Jupyter notebooks as programs: their cells of code, and what to make of IPython's own commands in them."""

import ast
import json
import linecache
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

SUFFIX = ".ipynb"
#: Line magics whose argument is Python to be run.
_STATEMENTS = ("time", "timeit", "prun")
_MAGIC = re.compile(r"^(\s*)(%{1,2}|!{1,2}|\?{1,2})(\w*)\s?(.*)$")
_ASSIGNED = re.compile(r"^(\s*)([\w.,\s\[\]]+?)\s*=\s*[%!].*$")


@dataclass(frozen=True)
class Cell:
    """One cell of code.

    Attributes:
        number: Its place among the notebook's cells, from 1.
        text: What it says, IPython's commands replaced, line for line.
        skipped: The commands that are not run, as they stand there.
        whole: Whether the cell as a whole is a command, `%%bash`, and no Python.
    """

    number: int
    text: str
    skipped: tuple[str, ...] = ()
    whole: bool = False


def cells(path: Path) -> list[Cell]:
    """Return a notebook's cells of code.

    Raises:
        ValueError: The file is no notebook.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        # The third version of the format has its cells in worksheets.
        found = data["cells"] if "cells" in data else [c for sheet in data["worksheets"] for c in sheet["cells"]]
        sources = [(n, c.get("source", c.get("input", ""))) for n, c in enumerate(found, 1) if c["cell_type"] == "code"]
        texts = [(n, "".join(source)) for n, source in sources]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a Jupyter notebook: {type(error).__name__}: {error}") from error
    return [_cell(number, text) for number, text in texts]


def _cell(number: int, text: str) -> Cell:
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%"):
        name, _, rest = first[2:].partition(" ")
        if name not in (*_STATEMENTS, "capture"):
            return Cell(number, "\n".join("" for _ in lines), (first,), True)
        lines[lines.index(first)] = rest if name in ("time", "prun") else ""
    kept, skipped = [], []
    for line in lines:
        plain = _plain(line)
        kept.append(line if plain is None else plain)
        if plain is not None and (not plain.strip() or plain.strip() == "pass"):
            skipped.append(line.strip())
    return Cell(number, "\n".join(kept), tuple(skipped))


def _plain(line: str) -> str | None:
    """Return what stands for one of IPython's commands; None if the line is Python."""
    match = _MAGIC.match(line)
    if match is not None:
        indent, mark, name, rest = match.groups()
        # A line that goes on with an operator begins like a magic: `% (a, b)` has no name right after the sign.
        if mark == "%" and not name:
            return None
        return f"{indent}{rest}" if mark == "%" and name in _STATEMENTS and rest else f"{indent}pass"
    assigned = _ASSIGNED.match(line)
    if assigned is not None:
        return f"{assigned.group(1)}{assigned.group(2)} = []"
    return re.sub(r"\?{1,2}\s*$", "", line) if re.match(r"^\s*[\w.]+\?{1,2}\s*$", line) else None


def joined(found: list[Cell]) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of all cells, and for each of its lines the cell and the line in it."""
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for cell in found:
        for number, line in enumerate(cell.text.split("\n"), 1):
            lines.append(line)
            places.append((cell.number, number))
    return "\n".join(lines), places


def compiled(path: Path, absolute: str) -> list[CodeType]:
    """Return the code of a notebook, cell by cell; the value of a cell's last expression is shown as Jupyter does.

    Commands of IPython that are not run are named on the standard error.

    Args:
        path: The notebook.
        absolute: Its name in tracebacks, where `[n]` for the cell is added.

    Raises:
        ValueError: The file is no notebook.
        SyntaxError: A cell is not Python.
    """
    codes = []
    for cell in cells(path):
        for command in cell.skipped:
            sys.stderr.write(f"onevar run: {path}[{cell.number}]: not run: {command}\n")
        name = f"{absolute}[{cell.number}]"
        linecache.cache[name] = (len(cell.text), None, [f"{line}\n" for line in cell.text.split("\n")], name)
        codes += _codes(cell.text, name)
    return codes


def _codes(text: str, name: str) -> list[CodeType]:
    body = ast.parse(text, name).body
    last = body[-1] if body and isinstance(body[-1], ast.Expr) and not text.rstrip().endswith(";") else None
    first = body[:-1] if last is not None else body
    found = [compile(ast.Module(first, []), name, "exec", dont_inherit=True)] if first else []
    if last is not None:
        found.append(compile(ast.Interactive([last]), name, "single", dont_inherit=True))
    return found
