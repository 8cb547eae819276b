"""What a file, or a tree of files, uses of TensorFlow 1, and what onevar says to it: `onevar audit PATH`.

Nothing is imported or run. A file that cannot be read is a row of the result like any other.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from onevar.migrate import judge, moved, notebook, old_numpy, scan, sources
from onevar.migrate.sources import Source, Tree

SCHEMA = "onevar.migrate.audit/1"
_SUFFIXES = (".py", ".pyw", notebook.SUFFIX)
_SKIPPED = ("site-packages", "dist-packages", "node_modules", "__pycache__")


@dataclass(frozen=True)
class Row:
    """One use.

    Attributes:
        file: The file, below the folder that was audited.
        line: Its line, from 1; in a notebook, the line in the cell.
        cell: The notebook's cell, from 1; 0 in a file of Python.
        symbol: What is used, `tf.nn.relu`, `np.int`; `tensorflow` for its own import.
        level: One of `judge.LEVELS`.
        advice: What to do; empty where there is nothing to.
        code: The line's text.
        is_import: Whether an import statement uses it.
    """

    file: str
    line: int
    cell: int
    symbol: str
    level: str
    advice: str
    code: str
    is_import: bool = False

    @property
    def place(self) -> str:
        """Where it is, as tools write it."""
        return f"{self.file}[{self.cell}]:{self.line}" if self.cell else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Unread:
    """A file that could not be read.

    Attributes:
        file: The file.
        line: Where it could not; 0 if that is not known.
        reason: Why.
    """

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class Audit:
    """All that was found.

    Attributes:
        path: What was audited.
        files: How many files were looked at.
        users: How many of them use TensorFlow.
        rows: The uses of TensorFlow, in the files' order.
        numpy: Uses of names that NumPy has given up, likewise.
        unread: Files that could not be read.
        keras: How many uses of Keras there are.
    """

    path: str
    files: int
    users: int
    rows: tuple[Row, ...]
    numpy: tuple[Row, ...]
    unread: tuple[Unread, ...]
    keras: int = 0

    def counts(self) -> dict[str, int]:
        """Return how many uses there are of each level."""
        counted = Counter(row.level for row in self.rows)
        return {level: counted[level] for level in judge.LEVELS}

    @property
    def total(self) -> int:
        """How many uses are TensorFlow's."""
        return sum(row.level != judge.FOREIGN for row in self.rows)

    def share(self, level: str) -> float:
        """Return the percentage of TensorFlow's uses that are of a level."""
        return 100.0 * self.counts()[level] / self.total if self.total else 0.0

    @property
    def complete(self) -> bool:
        """Whether everything is supported, at least partly, and every file could be read."""
        return not self.unread and not self.counts()[judge.NOT]

    @property
    def verdict(self) -> str:
        """How far the project is on the way to Keras 3, a sentence; empty if it has not set out."""
        return moved.verdict(len(self.rows), self.users, self.keras, self.files)


def files(path: Path) -> list[Path]:
    """Return the files of Python and the notebooks at or below a path; installed packages and hidden folders left out.

    Raises:
        FileNotFoundError: There is nothing at the path.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"there is no file or folder {str(path)!r}.")
    found = []
    for folder, names, inside in os.walk(path):
        names[:] = sorted(n for n in names if not _is_skipped(folder, n))
        found += [Path(folder, name) for name in sorted(inside) if name.endswith(_SUFFIXES)]
    return found


def _is_skipped(folder: str, name: str) -> bool:
    return name in _SKIPPED or name.startswith(".") or is_environment(os.path.join(folder, name))


def is_environment(folder: str) -> bool:
    """Whether a folder is a virtual environment of Python."""
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))


def make(path: Path, step: Callable[[int, int], object] = lambda done, total: None) -> Audit:
    """Audit a file or a tree.

    Args:
        path: The file or folder.
        step: Called with how many steps are done, and of how many; every file is read, and then looked at.

    Raises:
        FileNotFoundError: There is nothing at the path.
    """
    found = files(path)
    root = path if path.is_dir() else path.parent
    tree, done = Tree(root), 0
    for file in found:
        tree.sources[file] = sources.read(file, module_of(file.relative_to(root)))
        done += 1
        step(done, 2 * len(found))

    def looked(source: Source) -> None:
        nonlocal done
        done += 1
        step(done, 2 * len(found))

    scanned = scan.scan(tree, looked)
    by_file = {str(file): source for file, source in tree.sources.items()}
    verdict = cache(judge.verdict)  # a file of a thousand uses has a hundred names
    rows = [_row(use, verdict(use.name), by_file[use.file], root) for use in scanned.uses]
    stars = [_star(module, by_file[file], line, root) for module, file, line in scanned.stars]
    unread = tuple(Unread(_short(Path(file), root), line, why) for file, line, why in scanned.unreadable)
    users = len({row.file for row in (*rows, *stars)})
    ordered = sorted((*rows, *stars), key=lambda row: (row.file, row.cell, row.line))
    keras = sum(moved.keras_uses(source) for source in tree.sources.values())
    return Audit(str(path), len(found), users, tuple(ordered), tuple(_old(tree, root)), unread, keras)


def module_of(relative: Path) -> str:
    """Return the dotted name of a module from its file's place below the project's folder."""
    parts = relative.with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def _short(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def _at(source: Source, line: int) -> tuple[int, int, str]:
    """Return cell, line and text of a place in a file."""
    text = source.lines[line - 1].strip() if 0 < line <= len(source.lines) else ""
    cell, inside = source.places[line - 1] if 0 < line <= len(source.places) else (0, line)
    return cell, inside, text


def _row(use: scan.Use, verdict: judge.Verdict, source: Source, root: Path) -> Row:
    cell, line, text = _at(source, use.line)
    symbol = f"tf.{use.name}" if use.name else "tensorflow"
    return Row(_short(source.path, root), line, cell, symbol, verdict.level, verdict.advice, text, use.is_import)


def _star(module: str, source: Source, line: int, root: Path) -> Row:
    cell, inside, text = _at(source, line)
    advice = "Its names cannot be told apart from the file's own, and are not listed."
    return Row(_short(source.path, root), inside, cell, f"{module}.*", judge.PARTLY, advice, text, True)


def _old(tree: Tree, root: Path) -> Iterator[Row]:
    for source in tree.sources.values():
        for name, line in old_numpy.uses(source.tree) if source.tree is not None else ():
            cell, inside, text = _at(source, line)
            advice = old_numpy.advice(name) or ""
            if old_numpy.restorable(name):
                advice += " `onevar run --old-numpy` brings it back for a run."
            yield Row(_short(source.path, root), inside, cell, f"np.{name}", judge.NOT, advice, text)


def as_data(audit: Audit) -> dict[str, Any]:
    """Return an audit as what JSON can hold."""
    counts = audit.counts()
    totals = {level.replace(" ", "_").replace("'", ""): counts[level] for level in judge.LEVELS}
    shares = {f"{name}_percent": round(audit.share(level), 2) for name, level in zip(totals, judge.LEVELS, strict=True)}
    shares.pop("not_TensorFlows_percent", None)
    return {
        "schema": SCHEMA,
        "path": audit.path,
        "files": audit.files,
        "files_with_tensorflow": audit.users,
        "uses": audit.total,
        "totals": totals,
        "shares": shares,
        "complete": audit.complete,
        "keras_uses": audit.keras,
        "v1_left_percent": round(moved.left(len(audit.rows), audit.keras), 2),
        "verdict": audit.verdict,
        "rows": [{**asdict(row), "place": row.place} for row in audit.rows],
        "numpy": [{**asdict(row), "place": row.place} for row in audit.numpy],
        "unread": [asdict(one) for one in audit.unread],
    }
