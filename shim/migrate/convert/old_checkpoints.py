"""Checkpoints of the format before V2: one file `model.ckpt`, or shards, a table whose values hold the tensors.

The table's first value, under the empty key, says which tensors there are (`SavedTensorSliceMeta`); each other value
is a piece of one (`SavedSlice`), whose numbers are a `TensorProto`. TensorFlow's releases of 2016 came in this format.
"""

import glob
import os
from collections.abc import Iterator

import numpy as np

from onevar.core.bundle.files import Source as File
from onevar.core.bundle.sstable import Table
from onevar.core.bundle.types import DTYPES, STRING, name_of
from onevar.core.bundle.wire import Malformed, fields, integer, message, read_varint, signed
from onevar.core.op_errors import DataLossError
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError, Spec

Extents = tuple[tuple[int, int], ...]
#: Fields of a TensorProto that hold numbers, by NumPy's type of each on the wire.
_VALUES = {5: "<f4", 6: "<f8", 7: "varint", 10: "varint", 11: "varint", 13: "varint", 16: "varint", 17: "varint"}


class OldCheckpoint(Source):
    """A checkpoint of the format before V2.

    Args:
        path: Of its file; with `?` and `*` of its shards.

    Raises:
        ConversionError: There is none.
        DataLossError: It is damaged, or no checkpoint.
    """

    kind = "checkpoint"
    style = "tf1"

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path)
        self.ordered = False
        paths = sorted(glob.glob(self.path)) if not os.path.exists(self.path) else [self.path]
        paths = paths or sorted(glob.glob(glob.escape(self.path) + "-?????-of-?????"))
        if not paths:
            raise ConversionError(f"There is no checkpoint {self.path}: neither {self.path}.index nor {self.path}.")
        self._files = [File(name) for name in paths]
        self._pieces: dict[str, list[tuple[Extents, Table, bytes]]] = {}
        self._codes: dict[str, int] = {}
        try:
            for file in self._files:
                self._scan(Table(file.read, file.size))
        except (Malformed, OSError) as error:
            self.close()
            raise DataLossError(None, None, f"{self.path} is no checkpoint, or damaged: {error}.") from error

    def _scan(self, table: Table) -> None:
        for key, value in table:
            if key == b"":
                self._describe(value)
                continue
            piece = _field(value, 2)
            if piece is None:
                continue
            name = (_field(piece, 1) or b"").decode()
            self._pieces.setdefault(name, []).append((_extents(_field(piece, 2) or b""), table, key))

    def _describe(self, value: bytes) -> None:
        for number, tensor in fields(_field(value, 1) or b""):
            if number != 1:
                continue
            said = message(tensor)
            name = (_field(said, 1) or b"").decode()
            code = next((integer(v) for n, v in fields(said) if n == 3), 1)
            if code == STRING:
                self.notes.append(f"{name} holds text, and is left out.")
                continue
            self._codes[name] = code
            self.specs[name] = Spec(_shape(_field(said, 2) or b""), name_of(code))

    def read(self, name: str) -> np.ndarray:
        """Return a tensor, put together from its pieces.

        Args:
            name: Of `specs`.

        Raises:
            DataLossError: A piece is missing or damaged.
        """
        spec, dtype = self.specs[name], DTYPES[self._codes[name]]
        out = np.empty(spec.shape, dtype)
        filled = 0
        try:
            for extents, table, key in self._pieces.get(name, ()):
                piece = _field(table.get(key) or b"", 2) or b""
                place = tuple(slice(start, None if length < 0 else start + length) for start, length in extents)
                part = out[place]
                out[place] = _numbers(_field(piece, 3) or b"", dtype, part.size).reshape(part.shape)
                filled += part.size
        except (Malformed, ValueError, OSError) as error:
            raise DataLossError(None, None, f"{self.path}: tensor {name} is damaged: {error}.") from error
        if filled != spec.size:
            raise DataLossError(None, None, f"{self.path}: pieces of tensor {name} are missing.")
        return out

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()


def _field(data: bytes, number: int) -> bytes | None:
    """Return the last message that a field holds."""
    found = [message(value) for at, value in fields(data) if at == number]
    return found[-1] if found else None


def _shape(data: bytes) -> tuple[int, ...]:
    out = []
    for number, value in fields(data):
        if number == 2:
            out.append(next((integer(size) for at, size in fields(message(value)) if at == 1), 0))
    return tuple(out)


def _extents(data: bytes) -> Extents:
    out = []
    for number, value in fields(data):
        if number == 1:
            said = dict(fields(message(value)))
            start, length = (integer(said[at]) if at in said else None for at in (1, 2))
            out.append((start or 0, -1 if length is None else length))
    return tuple(out)


def _numbers(data: bytes, dtype: np.dtype, size: int) -> np.ndarray:
    """Return the numbers of a TensorProto; the last one is repeated where there are fewer."""
    content = _field(data, 4)
    if content:
        return np.frombuffer(content, dtype)
    for number, kind in _VALUES.items():
        values = [value for at, value in fields(data) if at == number]
        if values:
            found = _repeated(values, kind, dtype)
            missing = size - found.size
            return np.concatenate([found, np.repeat(found[-1:], missing)]) if missing > 0 else found
    if size:
        raise Malformed("it has no numbers")
    return np.zeros(0, dtype)


def _repeated(values: list[int | bytes], kind: str, dtype: np.dtype) -> np.ndarray:
    if kind != "varint":
        width = int(kind[2])
        joined = b"".join(v if isinstance(v, bytes) else v.to_bytes(width, "little") for v in values)
        return np.frombuffer(joined, kind).astype(dtype)
    numbers = [n for v in values for n in (_packed(v) if isinstance(v, bytes) else [signed(v)])]
    if dtype.itemsize == 2 and dtype.kind in "fV":
        return np.array(numbers, np.uint16).view(dtype)
    return np.array(numbers, np.int64).astype(dtype)


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = read_varint(data, at)
        yield signed(value)
