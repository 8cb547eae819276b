"""Datasets that are kept once they were walked through: in memory, or in a file."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from onevar.core.bundle import Reader, write
from onevar.core.data.base import Context, Derived, Row, Rows, Source
from onevar.core.data.batching import ElementRows
from onevar.core.op_errors import AlreadyExistsError


class MemoryCache(Derived):
    """The elements of a dataset, got once."""

    def __init__(self, source: Source):
        super().__init__(source)
        self.kept: list[Row] | None = None

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return ElementRows(self.kept) if self.kept is not None else _KeepingRows(self, self.source.rows(context))


class _KeepingRows(Rows):
    __slots__ = ("cache", "input", "kept")

    def __init__(self, cache: MemoryCache, input: Rows):
        self.cache, self.input = cache, input
        self.kept: list[Row] = []

    def next(self) -> Row | None:
        row = self.input.next()
        if row is not None:
            self.kept.append(row)
        elif self.cache.kept is None:
            self.cache.kept = self.kept
        return row


class FileCache(Derived):
    """The elements of a dataset, got once, and read from a file after that.

    Args:
        source: The dataset.
        path: What the names of the files begin with.
    """

    def __init__(self, source: Source, path: str):
        super().__init__(source)
        self.path = path

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        if os.path.exists(f"{self.path}.index"):
            return _FileRows(self.path, len(self.types))
        return _WritingRows(self, self.source.rows(context))


def _key(at: int, component: int) -> str:
    return f"{at:>20}_{component:>20}"


class _FileRows(Rows):
    __slots__ = ("at", "count", "reader")

    def __init__(self, path: str, count: int):
        self.reader = Reader(path)
        self.at, self.count = 0, count

    def next(self) -> Row | None:
        if _key(self.at, 0) not in self.reader:
            return None
        row = tuple([np.asarray(self.reader.read(_key(self.at, i))) for i in range(self.count)])
        self.at += 1
        return row

    def close(self) -> None:
        self.reader.close()


class _WritingRows(Rows):
    __slots__ = ("at", "cache", "input", "kept", "locked")

    def __init__(self, cache: FileCache, input: Rows):
        self.cache, self.input, self.at = cache, input, 0
        self.kept: dict[str, Any] = {}
        self.locked = False

    def next(self) -> Row | None:
        if not self.locked and not self.at:
            self._lock()
        row = self.input.next()
        if row is None:
            self._finish()
            return None
        for component, array in enumerate(row):
            self.kept[_key(self.at, component)] = array
        self.at += 1
        return row

    def _lock(self) -> None:
        lock = Path(f"{self.cache.path}.lockfile")
        if lock.exists():
            raise AlreadyExistsError(
                None, None,
                "There appears to be a concurrent caching iterator running - cache lockfile already exists "
                f"('{lock}'). If you are sure no other running TF computations are using this cache prefix, delete the "
                "lockfile and re-initialize the iterator. Lockfile contents: " + lock.read_text(),
            )  # fmt: skip
        lock.write_text(f"Created by process {os.getpid()}")
        self.locked = True

    def _finish(self) -> None:
        if self.locked:
            write(self.cache.path, self.kept)
            self.kept = {}
            self._unlock()

    def _unlock(self) -> None:
        self.locked = False
        Path(f"{self.cache.path}.lockfile").unlink(missing_ok=True)

    def close(self) -> None:
        self.input.close()
        if self.locked:
            self._unlock()
