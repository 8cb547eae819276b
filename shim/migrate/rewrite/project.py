"""`onevar migrate PATH`: all files of a project, each for itself, and the sum of what was found."""

import ast
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onevar.migrate import audit, bindings
from onevar.migrate.rewrite import checkpoint_sharing, documents, pipeline
from onevar.migrate.rewrite.context import Options
from onevar.migrate.rewrite.documents import Document
from onevar.migrate.rewrite.finding import REWRITTEN, STATUSES, Failure, Finding, Rewriting
from onevar.migrate.sources import Source, Tree, absolute

SCHEMA = "onevar.migrate.rewrite/1"
Step = Callable[[int, int], object]
#: What modules call TensorFlow, and may be asked for by others: `common.tf`.
_NAMED_AGAIN = frozenset(("tf", "tensorflow", "slim", "layers", "keras"))
_ELSEWHERE = "A link to {target}, which lies outside of what is migrated: migrate it there."


@dataclass(frozen=True)
class Migration:
    """All that was found and made.

    Attributes:
        path: What was migrated.
        root: Its folder; that of the file, if it is one.
        options: What was wanted.
        rewritings: The files that could be read, in order, with what becomes of them.
        failures: The others.
    """

    path: Path
    root: Path
    options: Options
    rewritings: tuple[Rewriting, ...]
    failures: tuple[Failure, ...]

    @property
    def findings(self) -> Iterator[Finding]:
        """Every use of TensorFlow, in the files' order."""
        return (one for rewriting in self.rewritings for one in rewriting.findings)

    @property
    def changed(self) -> list[Rewriting]:
        """The files that change."""
        return [one for one in self.rewritings if one.changed]

    @property
    def users(self) -> list[Rewriting]:
        """The files that use TensorFlow."""
        return [one for one in self.rewritings if one.findings]

    def counts(self) -> dict[str, int]:
        """Return how many uses came to what."""
        counted = Counter(one.status for one in self.findings)
        return {status: counted[status] for status in STATUSES}

    @property
    def share(self) -> float:
        """The percentage of the uses that are gone."""
        counts = self.counts()
        total = sum(counts.values())
        return 100.0 * counts[REWRITTEN] / total if total else 0.0


def migrate(path: Path, options: Options, step: Step = lambda done, total: None) -> Migration:
    """Rewrite a file, or the files of a tree, in memory: nothing is written.

    Args:
        path: The file or folder.
        options: What is wanted.
        step: Called with how many steps are done, and of how many; every file is read, and then rewritten.

    Raises:
        FileNotFoundError: There is nothing at the path.
        ModuleNotFoundError: libcst is not installed.
    """
    import libcst  # noqa: F401 - whether it is here is said before the work, not in the middle of it

    files = audit.files(path)
    root = path if path.is_dir() else path.parent
    found: list[Document] = []
    failures: list[Failure] = []
    for done, file in enumerate(files):
        shown = file.relative_to(root).as_posix()
        try:
            check_place(file, root)
            found.append(documents.read(file, audit.module_of(file.relative_to(root))))
        except (OSError, ValueError) as error:
            failures.append(Failure(shown, 0, _said(error)))
        step(done + 1, 2 * len(files))
    given = bindings.exports(Tree(root, sources={one.path: one.source for one in found}))
    taken = _taken([one.source for one in found])
    made: dict[str, Rewriting | Failure] = {}
    each: dict[str, pipeline.File] = {}
    for done, document in enumerate(found):
        shown = document.path.relative_to(root).as_posix()
        each[shown] = pipeline.File(document, shown, given, taken.get(document.source.module, frozenset()))
        made[shown] = _rewrite(each[shown], options)
        step(len(files) + done + 1, 2 * len(files))
    _keep_together(each, made, options)
    failures += [one for one in made.values() if isinstance(one, Failure)]
    rewritings = tuple(one for one in made.values() if isinstance(one, Rewriting))
    return Migration(path, root, options, rewritings, tuple(sorted(failures, key=lambda one: one.path)))


def _keep_together(
    files: dict[str, pipeline.File], made: dict[str, Rewriting | Failure], options: Options
) -> None:  # fmt: skip
    """Take back what became of files that share checkpoints with others which stay on `onevar.v1`."""
    users = {
        shown: one
        for shown, one in made.items()
        if isinstance(one, Rewriting) and checkpoint_sharing.uses_checkpoints(one)
    }
    stay = {shown: files[shown].document.source for shown, one in users.items() if not one.modelled}
    waiting = [shown for shown, one in users.items() if one.modelled]
    again = bool(stay)
    while again:
        again = False
        for shown in list(waiting):
            partner = checkpoint_sharing.partner(files[shown].document.source, stay)
            if partner:
                files[shown].partner = partner
                made[shown] = _rewrite(files[shown], options)
                waiting.remove(shown)
                stay[shown], again = files[shown].document.source, True


def check_place(file: Path, root: Path) -> None:
    """Check that a file is really below a folder.

    Raises:
        ValueError: It is a link to somewhere else.
    """
    target = Path(os.path.realpath(file))
    if not target.is_relative_to(os.path.realpath(root)):
        raise ValueError(_ELSEWHERE.format(target=target))


def _said(error: Exception) -> str:
    """Return what an error says, without the file's name, which its row has."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _rewrite(file: pipeline.File, options: Options) -> Rewriting | Failure:
    try:
        return pipeline.rewrite(file, options)
    except Exception as error:  # noqa: BLE001 - a fault of ours in one file is a row about that file
        text = f"It was left as it is: onevar failed with {type(error).__name__}: {error}. Please report it."
        return Failure(file.shown, 0, text)


def _taken(found: list[Source]) -> dict[str, frozenset[str]]:
    """Return which names of each module others take, or may take; a module is known by the last part of its name."""
    own = {source.module: source.module.rpartition(".")[2] for source in found}
    names: dict[str, set[str]] = {last: set() for last in own.values()}
    attributes: set[str] = set()
    for source in found:
        for node in ast.walk(source.tree) if source.tree is not None else ():
            if isinstance(node, ast.ImportFrom):
                taken = names.setdefault(absolute(source, node).rpartition(".")[2], set())
                taken |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                attributes.add(node.attr)  # `common.tf`, under whatever name `common` is imported
    return {
        source.module: frozenset(_top(source) if "*" in names[own[source.module]] else names[own[source.module]])
        | (attributes & _top(source) & _NAMED_AGAIN)
        for source in found
    }


def _top(source: Source) -> set[str]:
    """Return the names that a module binds at its top, as far as imports do."""
    nodes = ast.walk(source.tree) if source.tree is not None else ()
    return {
        alias.asname or alias.name.partition(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def as_data(found: Migration) -> dict[str, Any]:
    """Return a migration as what JSON can hold; `docs/migrate.md` has the schema."""
    counts = found.counts()
    return {
        "schema": SCHEMA,
        "path": str(found.path),
        "target": found.options.target,
        "stage": found.options.stage,
        "files": len(found.rewritings) + len(found.failures),
        "files_with_tensorflow": len(found.users),
        "files_changed": len(found.changed),
        "uses": sum(counts.values()),
        "totals": {status.replace(" ", "_"): count for status, count in counts.items()},
        "rewritten_percent": round(found.share, 2),
        "per_file": [
            {
                "path": one.path,
                "changed": one.changed,
                "totals": {key.replace(" ", "_"): count for key, count in counts_of(one).items()},
                "notes": list(one.notes),
            }
            for one in found.users
        ],
        "findings": [{**asdict(one), "place": one.place} for one in found.findings],
        "failures": [asdict(one) for one in found.failures],
    }


def counts_of(rewriting: Rewriting) -> dict[str, int]:
    """Return how many uses of a file came to what."""
    counted = Counter(one.status for one in rewriting.findings)
    return {status: counted[status] for status in STATUSES}
