"""Datasets of what is in files: records of TFRecord files, lines, records of a fixed length."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from onevar.core.data.base import Context, Row, Rows, Source, boxed
from onevar.core.op_errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    UnimplementedError,
)  # fmt: skip
from onevar.core.records import streams
from onevar.core.records.tfrecord import RecordReader


class FileSource(Source):
    """Records of files, one file after the other.

    Args:
        paths: Of the files.
        compression: `""`, `"GZIP"` or `"ZLIB"`.
        buffer: How much is read at a time, in bytes; 0 leaves it open.
        types: The dtypes of a record.

    Raises:
        InvalidArgumentError: `buffer` is negative.
    """

    def __init__(
        self, paths: Sequence[bytes], compression: str = "", buffer: int = 0, types: Sequence[str] = ("string",)
    ):
        super().__init__(types, [()] * len(types))
        if buffer < 0:
            raise InvalidArgumentError(None, None, "`buffer_size` must be >= 0 (0 == no buffering)")
        self.paths, self.compression, self.buffer = list(paths), compression, buffer

    def records(self, path: str) -> Iterator[Row]:
        """Yield the records of one file.

        Args:
            path: Of the file.
        """
        raise NotImplementedError

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _FileRows(self)


#: Errors of files that are not there, or must not be read.
_NOT_OPENED = (NotFoundError, PermissionDeniedError, FailedPreconditionError, UnimplementedError)


class _FileRows(Rows):
    __slots__ = ("at", "reader", "source")

    def __init__(self, source: FileSource):
        self.source, self.at = source, 0
        self.reader: Iterator[Row] | None = None

    def next(self) -> Row | None:
        while True:
            if self.reader is None:
                if self.at >= len(self.source.paths):
                    return None
                self.reader = self.source.records(_decoded(self.source.paths[self.at]))
                self.at += 1
            try:
                row = next(self.reader, None)
            except _NOT_OPENED:
                self.reader = None
                self.at -= 1  # who asks again is told again
                raise
            except Exception:
                # What is damaged is left behind: who goes on gets the next file.
                self.reader = None
                raise
            if row is not None:
                return row
            self.reader = None

    def close(self) -> None:
        reader, self.reader = self.reader, None
        if reader is not None:
            reader.close()  # type: ignore[attr-defined]


def _decoded(path: Any) -> str:
    return path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else str(path)


class Records(FileSource):
    """The records of TFRecord files.

    Args:
        paths: Of the files.
        compression: `""`, `"GZIP"` or `"ZLIB"`.
        buffer: How much is read at a time, in bytes; 0 leaves it open.
        offsets: Where to begin in each file, or nothing.
    """

    def __init__(
        self, paths: Sequence[bytes], compression: str = "", buffer: int = 0, offsets: Sequence[int] | None = None
    ):
        super().__init__(paths, compression, buffer)
        self.offsets = list(offsets or ())

    def records(self, path: str) -> Iterator[Row]:
        """Yield the records of one file.

        Args:
            path: Of the file.
        """
        reader = RecordReader(path, self.compression, self.buffer or None)
        try:
            while (record := reader.read()) is not None:
                yield (boxed(record),)
        finally:
            reader.close()


class Lines(FileSource):
    """The lines of text files, without what ends them."""

    def records(self, path: str) -> Iterator[Row]:
        """Yield the lines of one file.

        Args:
            path: Of the file.
        """
        stream = streams.reading(path, self.compression, self.buffer or None)
        try:
            for line in _lines(stream):
                # TensorFlow takes every carriage return out.
                yield (boxed(line.replace(b"\r", b"")),)
        finally:
            stream.close()


def _lines(stream: streams.Plain) -> Iterator[bytes]:
    rest = b""
    while data := stream.read(streams.BUFFER):
        parts = (rest + data).split(b"\n")
        rest = parts.pop()
        yield from parts
    if rest:
        yield rest


class FixedRecords(FileSource):
    """Records of a fixed length.

    Args:
        paths: Of the files.
        header: How many bytes to skip at the beginning of each file.
        size: Of a record.
        footer: How many bytes to leave out at the end of each file.
        buffer: How much is read at a time, in bytes; 0 leaves it open.
        compression: `""`, `"GZIP"` or `"ZLIB"`.

    Raises:
        InvalidArgumentError: A size is negative, or that of a record zero.
    """

    def __init__(
        self, paths: Sequence[bytes], header: int, size: int, footer: int, buffer: int = 0, compression: str = ""
    ):
        super().__init__(paths, compression, buffer)
        if header < 0:
            raise InvalidArgumentError(None, None, "`header_bytes` must be >= 0")
        if size <= 0:
            raise InvalidArgumentError(None, None, "`record_bytes` must be > 0")
        if footer < 0:
            raise InvalidArgumentError(None, None, "`footer_bytes` must be >= 0")
        self.header, self.size, self.footer = header, size, footer

    def records(self, path: str) -> Iterator[Row]:
        """Yield the records of one file.

        Args:
            path: Of the file.

        Raises:
            InvalidArgumentError: What is between header and footer is no whole number of records.
        """
        stream = streams.reading(path, self.compression, self.buffer or None)
        try:
            stream.read(self.header)
            held = b""
            while True:
                data = stream.read(max(self.size, streams.BUFFER // self.size * self.size))
                held += data
                at = 0
                while len(held) - at >= self.size + self.footer:
                    yield (boxed(held[at : at + self.size]),)
                    at += self.size
                held = held[at:]
                if not data:
                    break
            if len(held) != self.footer:
                raise self._wrong(path, len(held))
        finally:
            stream.close()

    def _wrong(self, path: str, left: int) -> InvalidArgumentError:
        if self.compression:
            return InvalidArgumentError(
                None, None, f"Excess bytes in the compressed file {path}: {left - self.footer} after the last record "
                f"of {self.size} bytes.",
            )  # fmt: skip
        with open(path, "rb") as file:
            total = file.seek(0, 2)
        body = total - self.header - self.footer
        return InvalidArgumentError(
            None, None,
            f"Excess bytes (header_bytes {self.header}, footer_bytes {self.footer}): file {path} has length {total} "
            f"bytes, of which {body} are no multiple of the record length {self.size} bytes.",
        )  # fmt: skip


def paths_of(names: Any) -> list[bytes]:
    """Return the names of files.

    Args:
        names: A scalar or vector of strings.

    Raises:
        InvalidArgumentError: It is of another rank.
    """
    array = np.asarray(names)
    if array.ndim > 1:
        raise InvalidArgumentError(None, None, "`filenames` must be a scalar or a vector.")
    return array.reshape(-1).tolist()
