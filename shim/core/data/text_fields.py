"""Datasets of the fields of text files: CSV."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from onevar.core.data.base import Row, boxed
from onevar.core.data.files import FileSource
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.records import streams

_NUMBERS: dict[str, Any] = {
    "int32": (int, np.int32), "int64": (int, np.int64), "float32": (float, np.float32), "float64": (float, np.float64),
}  # fmt: skip


class Csv(FileSource):
    """The fields of the records of CSV files.

    Args:
        paths: Of the files.
        compression: `""`, `"GZIP"` or `"ZLIB"`.
        buffer: How much is read at a time, in bytes.
        header: Whether the first line of each file is left out.
        delimiter: Between fields.
        quotes: Whether quotes mean something.
        missing: What stands for a missing field besides nothing.
        chosen: Which fields, in order; empty for all.
        excluded: Which fields are left out.
        defaults: For each field an array of its default, empty where it must be there.
        types: The dtypes of the fields.
    """

    def __init__(
        self, paths: Sequence[bytes], compression: str, buffer: int, header: bool, delimiter: str, quotes: bool,
        missing: str, chosen: Sequence[int], excluded: Sequence[int], defaults: Sequence[np.ndarray],
        types: Sequence[str],
    ):  # fmt: skip
        super().__init__(paths, compression, buffer, types)
        self.header, self.delimiter, self.quotes = header, delimiter.encode(), quotes
        self.missing, self.chosen, self.excluded = missing.encode(), list(chosen), set(excluded)
        self.defaults = list(defaults)
        if len(self.delimiter) != 1:
            raise InvalidArgumentError(None, None, "field_delim should be only 1 char")
        if any(b <= a for a, b in zip(self.chosen, self.chosen[1:], strict=False)):
            raise InvalidArgumentError(None, None, "select_cols should be strictly increasing indices")
        if self.chosen and self.chosen[0] < 0:
            raise InvalidArgumentError(None, None, "select_cols should be non-negative indices")

    def records(self, path: str) -> Iterator[Row]:
        """Yield the records of one file.

        Args:
            path: Of the file.
        """
        stream = streams.reading(path, self.compression, self.buffer or None)
        try:
            return self._rows(stream.read(-1))
        finally:
            stream.close()

    def _rows(self, data: bytes) -> Iterator[Row]:
        split = _Splitter(data, self.delimiter, self.quotes)
        if self.header and (split.record() is None):
            raise InvalidArgumentError(None, None, "Can't read header of file")
        return _CsvRecords(self, split)

    def row(self, fields: list[bytes]) -> Row:
        """Return the values of a record.

        Args:
            fields: Its fields.

        Raises:
            InvalidArgumentError: There are too many or too few, or one is not of its type.
        """
        wanted = len(self.defaults)
        if self.chosen:
            if fields and self.chosen[-1] >= len(fields):
                found = sum(at < len(fields) for at in self.chosen)
                raise InvalidArgumentError(None, None, f"Expect {wanted} fields but have {found} in record")
            fields = [fields[at] for at in self.chosen]
        elif self.excluded:
            fields = [field for at, field in enumerate(fields) if at not in self.excluded]
        if len(fields) != wanted:
            raise InvalidArgumentError(None, None, f"Expect {wanted} fields but have {len(fields)} in record")
        return tuple([self._value(at, field) for at, field in enumerate(fields)])

    def _value(self, at: int, field: bytes) -> np.ndarray:
        dtype = self.types[at]
        if not field or field == self.missing:
            default = self.defaults[at]
            if not default.size:
                raise InvalidArgumentError(None, None, f"Field {at} is required but missing in record!")
            return np.asarray(default).reshape(-1)[:1].reshape(())
        if dtype == "string":
            return boxed(field)
        parse, numpy_type = _NUMBERS[dtype]
        try:
            return np.array(parse(field), numpy_type)
        except (ValueError, OverflowError):
            shown = field.decode("utf-8", "replace")
            name = {"float32": "float", "float64": "double"}.get(dtype, dtype)
            raise InvalidArgumentError(None, None, f"Field {at} in record is not a valid {name}: {shown}") from None


class _CsvRecords(Iterator[Row]):
    """The records that are left; one that fails is left behind."""

    def __init__(self, csv: Csv, split: "_Splitter"):
        self.csv, self.split = csv, split

    def __next__(self) -> Row:
        fields = self.split.record()
        if fields is None:
            raise StopIteration
        return self.csv.row(fields)

    def close(self) -> None:
        """There is nothing to close: the file was read at once."""


class _Splitter:
    """Takes text apart into records of fields."""

    def __init__(self, data: bytes, delimiter: bytes, quotes: bool):
        self.data, self.delimiter, self.quotes = data, delimiter[0], quotes
        self.at = 0

    def record(self) -> list[bytes] | None:
        """Return the fields of the next record, or None at the end."""
        if self.at >= len(self.data):
            return None
        fields: list[bytes] = []
        while True:
            field, ended = self._field()
            fields.append(field)
            if ended:
                return fields

    def _field(self) -> tuple[bytes, bool]:
        if self.quotes and self.data[self.at : self.at + 1] == b'"':
            return self._quoted()
        start = at = self.at
        data, size = self.data, len(self.data)
        while at < size and data[at] != self.delimiter and data[at] not in b"\r\n":
            if self.quotes and data[at] == 0x22:
                self._skip_line()
                raise InvalidArgumentError(
                    None, None, f"Unquoted fields cannot have quotes inside. Got: {data[start : at + 1].decode()}"
                )
            at += 1
        self.at = at
        return data[start:at], self._after()

    def _after(self) -> bool:
        """Step over what follows a field; return whether the record ends."""
        data, at = self.data, self.at
        if at >= len(data):
            return True
        if data[at] == self.delimiter:
            self.at = at + 1
            if self.at >= len(data):
                self.data += b"\n"  # an empty field is left
            return False
        self.at = at + (2 if data[at : at + 2] == b"\r\n" else 1)
        return True

    def _quoted(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        at = self.at + 1
        while True:
            end = self.data.find(b'"', at)
            if end < 0:
                self.at = len(self.data)
                raise InvalidArgumentError(None, None, "Reached end of file without closing quoted field in record")
            parts.append(self.data[at:end])
            if self.data[end + 1 : end + 2] != b'"':
                break
            parts.append(b'"')
            at = end + 2
        self.at = end + 1
        if self.at < len(self.data) and self.data[self.at] not in (self.delimiter, 0x0D, 0x0A):
            self._skip_line()
            raise InvalidArgumentError(None, None, "Quote inside a string has to be escaped by another quote")
        return b"".join(parts), self._after()

    def _skip_line(self) -> None:
        end = self.data.find(b"\n", self.at)
        self.at = len(self.data) if end < 0 else end + 1
