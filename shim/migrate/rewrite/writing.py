"""Writes what was rewritten: every file whole or not at all, and a way back."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from onevar.migrate import audit
from onevar.migrate.rewrite.finding import Failure, Rewriting

_UNDO = ".onevar-undo"
_SKIPPED = ("__pycache__", ".git", ".hg", ".svn", ".tox", ".venv")


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        paths: The files.
        failures: The files that could not be; each is as it was before.
        undo: What takes it back, a command; empty if nothing was written.
    """

    paths: tuple[Path, ...]
    failures: tuple[Failure, ...]
    undo: str = ""


def in_place(root: Path, rewritings: Iterable[Rewriting]) -> Written:
    """Write the files that change where they are.

    Files that git can bring back are not copied; of all others, the originals are kept below `.onevar-undo`.

    Args:
        root: The folder of the project.
        rewritings: What becomes of its files.

    Raises:
        OSError: There is no place for the originals; then nothing is written.
    """
    changed = list(rewritings)
    kept = _kept_by_git(root, changed)
    copied = [one for one in changed if one.path not in kept]
    folder = _keep(root, copied) if copied else None
    done, failures = _each(changed, lambda one: root / one.path)
    paths = {one.path for one in done}
    commands = [f"cd {_quoted(str(root))}"] if done else []
    if kept & paths:
        commands.append("git checkout -- " + " ".join(_quoted(path) for path in sorted(kept & paths)))
    if folder is not None and paths - kept:
        commands.append(f"cp -r {_quoted(folder.name)}/. .")
    return Written(tuple(root / one.path for one in done), tuple(failures), " && ".join(commands))


def to_folder(path: Path, folder: Path, rewritings: Iterable[Rewriting]) -> Written:
    """Write a copy of the project with the files that change.

    Args:
        path: The file or folder that was migrated; everything else in the folder is copied as it is.
        folder: Where to.
        rewritings: What becomes of its files.

    Raises:
        OSError: The folder cannot be made, or is not empty, or lies in the project.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"--output {folder}: it is there already, and is not an empty folder.")
    if path.is_dir() and Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(path)):
        raise FileExistsError(f"--output {folder}: it lies in {path}, which is what is copied.")
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, folder, symlinks=True, dirs_exist_ok=True, ignore=_ignored)
    else:
        shutil.copy2(path, folder / path.name)
    done, failures = _each(list(rewritings), lambda one: folder / one.path)
    return Written(tuple(folder / one.path for one in done), tuple(failures))


def _ignored(folder: str, names: list[str]) -> set[str]:
    skipped = {name for name in names if name in _SKIPPED or name.startswith(_UNDO)}
    return skipped | {name for name in names if audit.is_environment(os.path.join(folder, name))}


def _each(rewritings: list[Rewriting], place: Callable[[Rewriting], Path]) -> tuple[list[Rewriting], list[Failure]]:
    done: list[Rewriting] = []
    failures: list[Failure] = []
    for one in rewritings:
        try:
            replace(place(one), one.after)
            done.append(one)
        except OSError as error:
            failures.append(
                Failure(one.path, 0, f"It could not be written, and is as it was: {error.strerror or error}")
            )
    return done, failures


def replace(path: Path, content: bytes) -> None:
    """Give a file another content: at every moment it has the one or the other, whole.

    A link stays one, its target gets the content. Permissions stay.

    Raises:
        OSError: It cannot be written; it is as it was.
    """
    path = Path(os.path.realpath(path))
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(13, "it is write-protected")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".onevar", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _keep(root: Path, rewritings: list[Rewriting]) -> Path:
    """Copy originals to a folder of their own, and return it."""
    number = 1
    while (root / f"{_UNDO}-{number}").exists():
        number += 1
    folder = root / f"{_UNDO}-{number}"
    for one in rewritings:
        target = folder / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        replace(target, one.before)
    return folder


def _kept_by_git(root: Path, rewritings: list[Rewriting]) -> set[str]:
    """Return the files that git has as they are."""
    paths = {one.path for one in rewritings}
    try:
        tracked = _git(root, "ls-files", "-z")
        changed = _git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=no", ".")
        prefix = _git(root, "rev-parse", "--show-prefix").strip()
    except (OSError, subprocess.SubprocessError):
        return set()
    clean = set(tracked.split("\0")) - {line[3:].removeprefix(prefix) for line in changed.split("\0") if line}
    return paths & clean


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
