"""Lines of comma-separated values as columns, with TensorFlow's rules and errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.records.parsing import invalid

_BLANKS = b" \t\r\n\v\f"


def fields_of(line: bytes, delim: bytes, quotes: bool) -> list[bytes]:
    """Return the fields of a line.

    Args:
        line: Without its end.
        delim: What is between fields, one byte.
        quotes: Whether a field may be in double quotes, where two of them stand for one.

    Raises:
        InvalidArgumentError: Quotes are where they cannot be.
    """
    if not quotes:
        return line.split(delim)
    if b'"' not in line and b"\n" not in line and b"\r" not in line:
        return line.split(delim)
    found: list[bytes] = []
    at = 0
    while True:
        field, at = _quoted(line, at, delim) if line[at : at + 1] == b'"' else _bare(line, at, delim)
        found.append(field)
        if at > len(line):
            return found


def _bare(line: bytes, at: int, delim: bytes) -> tuple[bytes, int]:
    end = line.find(delim, at)
    end = len(line) if end < 0 else end
    field = line[at:end]
    if any(mark in field for mark in (b'"', b"\n", b"\r")):
        invalid("Unquoted fields cannot have quotes/CRLFs inside")
    return field, end + 1


def _quoted(line: bytes, at: int, delim: bytes) -> tuple[bytes, int]:
    parts: list[bytes] = []
    at += 1
    while True:
        end = line.find(b'"', at)
        if end < 0:
            invalid("Quoted field has to end with quote followed by delim or end")
        parts.append(line[at:end])
        after = line[end + 1 : end + 2]
        if after in (b"", delim):
            return b'"'.join(parts), end + 2
        if after != b'"':
            invalid("Quote inside a string has to be escaped by another quote")
        at = end + 2


class Columns:
    """What the columns of lines are.

    Args:
        types: Their dtypes.
        defaults: What stands for an empty field; empty arrays where there has to be one.
        delim: What is between fields.
        quotes: Whether fields may be quoted.
        missing: What else is an empty field.
        selected: Which columns are wanted; empty for all.
    """

    def __init__(
        self, types: Sequence[str], defaults: Sequence[np.ndarray], delim: bytes, quotes: bool, missing: bytes,
        selected: Sequence[int],
    ):  # fmt: skip
        self._types, self._delim, self._quotes, self._missing = types, delim, quotes, missing
        self._defaults = [default.reshape(-1)[0] if default.size else None for default in defaults]
        self._selected = list(selected)

    def parsed(self, lines: Sequence[bytes]) -> list[np.ndarray]:
        """Return the columns.

        Args:
            lines: Their lines.

        Raises:
            InvalidArgumentError: A line has another number of fields, or a field is no number.
        """
        rows = [self._row(line, number) for number, line in enumerate(lines)]
        columns = []
        for i, dtype in enumerate(self._types):
            column = np.empty(len(rows), object if dtype == "string" else dtype)
            for number, row in enumerate(rows):
                column[number] = self._value(row[i], i, number)
            columns.append(column)
        return columns

    def _row(self, line: bytes, number: int) -> list[bytes]:
        found = fields_of(line, self._delim, self._quotes)
        if self._selected:
            found = [found[i] for i in self._selected if i < len(found)]
        if len(found) != len(self._types):
            invalid(f"Expect {len(self._types)} fields but have {len(found)} in record {number}")
        return found

    def _value(self, text: bytes, column: int, number: int) -> Any:
        if not text or text == self._missing:
            default = self._defaults[column]
            if default is None:
                invalid(f"Field {column} is required but missing in record {number}!")
            return default
        dtype = self._types[column]
        if dtype == "string":
            return text
        try:
            return _number(text, dtype)
        except (ValueError, OverflowError):
            shown = text.decode(errors="replace")
            invalid(f"Field {column} in record {number} is not a valid {_SHOWN[dtype]}: {shown}")


_SHOWN = {"int32": "int32", "int64": "int64", "float32": "float", "float64": "double"}


def _number(text: bytes, dtype: str) -> Any:
    if b"_" in text:
        raise ValueError(text)
    if dtype.startswith("int"):
        value = int(text)
        if not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
            raise OverflowError(text)
        return value
    return np.dtype(dtype).type(float(text))
