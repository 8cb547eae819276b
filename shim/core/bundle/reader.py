"""Reads a checkpoint: `PREFIX.index` and `PREFIX.data-?????-of-?????`.

The index says what is there; a tensor's bytes are read when it is asked for, straight into the array
that is returned, and their checksum is verified on the way.
"""

import os
from collections.abc import Iterator
from math import prod
from types import TracebackType
from typing import Self

import numpy as np

from onevar.core.bundle import strings
from onevar.core.bundle.checksum import flat, mask
from onevar.core.bundle.entries import HEADER_KEY, VERSION, Entry, Header
from onevar.core.bundle.files import Source, data_name, index_name
from onevar.core.bundle.ordered_code import Extents, slice_key
from onevar.core.bundle.slices import Part, check, first_overlap, parse, shown
from onevar.core.bundle.sstable import MAGIC, Table
from onevar.core.bundle.types import DTYPES, STRING, name_of
from onevar.core.bundle.wire import Malformed
from onevar.core.op_errors import (
    DataLossError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
    PermissionDeniedError,
    UnimplementedError,
)
from onevar.dlpack import aligned_copy, aligned_empty

_CURE = "Take another checkpoint, or copy this one anew from where it came from"
#: Names are UTF-8; other bytes come and go as surrogates.
_ODD = "surrogateescape"


class Reader:
    """A checkpoint of TensorFlow's V2 format, open for reading.

    Files are opened when they are needed and stay open, so a checkpoint that is replaced meanwhile is still
    read as it was, or (a data file that was not opened in time) an error says so. Threads may share a reader.

    Args:
        prefix: The checkpoint's name: `"model.ckpt-1000"` for `model.ckpt-1000.index` and its data files.

    Raises:
        NotFoundError: There is no such checkpoint.
        PermissionDeniedError: This user may not read it.
        DataLossError: Its index is damaged.
        UnimplementedError: It is of the format before V2, or written by a big-endian machine.
    """

    def __init__(self, prefix: str | os.PathLike[str]):
        self.prefix = os.fspath(prefix)
        self._index_path = index_name(self.prefix)
        self._data: dict[int, Source] = {}
        self._entries: dict[str, Entry] | None = None
        self._index = self._open_index()
        try:
            self._table = Table(self._index.read, self._index.size)
            self._header = self._checked_header()
        except (Malformed, InternalError, OSError) as error:
            self.close()
            raise self._damaged(self._index_path, str(error)) from error
        except BaseException:
            self.close()
            raise

    @property
    def num_shards(self) -> int:
        """How many data files the index speaks of."""
        return self._header.shards

    def keys(self) -> list[str]:
        """Return the names of all tensors, sorted; a partitioned one comes once."""
        return list(self._scanned())

    @property
    def shape_map(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor, by name."""
        return {name: entry.shape for name, entry in self._scanned().items()}

    @property
    def dtype_map(self) -> dict[str, str]:
        """The name of each tensor's dtype, by name."""
        return {name: name_of(entry.code) for name, entry in self._scanned().items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._scanned())

    def __len__(self) -> int:
        return len(self._scanned())

    def __contains__(self, name: str) -> bool:
        return self._find(_key(name)) is not None

    def read(self, name: str, slice_spec: str | None = None) -> np.ndarray:
        """Return a tensor or a part of it, put together from its pieces if it was saved in pieces.

        Args:
            name: Of the tensor.
            slice_spec: TensorFlow's `shape_and_slice`: the whole tensor's shape, then start and length for each
                dimension, `-` for a whole one: `"4 5 0,2:-"`. None and `""` mean all of it.

        Returns:
            A new, writable array. Strings come as objects, which are `bytes`.

        Raises:
            NotFoundError: There is no tensor of that name, or a data file is missing.
            InvalidArgumentError: The slice is not one of this tensor, or pieces of it were not saved.
            DataLossError: A file is damaged.
            UnimplementedError: The tensor is of a dtype that NumPy cannot hold.
        """
        entry = self._entry(name)
        if entry.code not in DTYPES:
            raise UnimplementedError(
                None,
                None,
                f"Tensor {name} of checkpoint {self.prefix} is of {name_of(entry.code)}, which only TensorFlow "
                "can read. Leave it out; the other tensors can be read.",
            )
        part = parse(slice_spec or "")
        if part is not None and part.shape != entry.shape:
            stored, given = (f"[{','.join(map(str, shape))}]" for shape in (entry.shape, part.shape))
            raise InvalidArgumentError(
                None,
                None,
                f"tensor_name = {name}; shape in shape_and_slice spec {given} does not match the shape stored "
                f"in checkpoint: {stored} ({self.prefix})",
            )
        whole = Part(entry.shape, ((0, -1),) * len(entry.shape))
        try:
            return self._read_part(name, entry, part or whole)
        except (Malformed, OSError) as error:
            raise self._damaged(self._data_path(entry), f"tensor {name}: {error}") from error

    def slices(self, name: str) -> list[str]:
        """Return the `shape_and_slice` strings of the pieces in which a tensor was saved; none if it is whole."""
        entry = self._entry(name)
        sizes = " ".join(map(str, entry.shape))
        return [f"{sizes} {shown(extents)}" for extents in entry.slices]

    def close(self) -> None:
        """Close the files; nothing can be read then."""
        self._index.close()
        for source in self._data.values():
            source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The index.

    def _open_index(self) -> Source:
        try:
            return _opened(self._index_path)
        except FileNotFoundError:
            raise _missing(self.prefix) from None

    def _checked_header(self) -> Header:
        stored = self._table.get(HEADER_KEY)
        if stored is None:
            raise Malformed("it has no header")
        header = Header.decode(stored)
        if header.big_endian:
            raise UnimplementedError(
                None,
                None,
                f"{self._index_path}: the checkpoint was written by a big-endian machine, and its numbers have their "
                "bytes the other way round. Load and save it with TensorFlow on a little-endian machine.",
            )
        if header.oldest_reader > VERSION:
            raise UnimplementedError(
                None,
                None,
                f"{self._index_path}: the checkpoint asks for version {header.oldest_reader} of the format, and "
                f"onevar reads up to {VERSION}. Update onevar.",
            )
        return header

    def _entry(self, name: str) -> Entry:
        entry = self._find(_key(name)) if self._entries is None else self._entries.get(name)
        if entry is None:
            raise NotFoundError(
                None, None, f"Key {name} not found in checkpoint {self.prefix}. `keys()` lists what it has."
            )
        return entry

    def _find(self, key: bytes) -> Entry | None:
        if key == HEADER_KEY:
            return None
        try:
            stored = self._table.get(key)
            return None if stored is None else self._checked_entry(Entry.decode(stored))
        except (Malformed, InternalError, OSError) as error:
            raise self._damaged(self._index_path, str(error)) from error

    def _checked_entry(self, entry: Entry) -> Entry:
        if entry.shard >= self._header.shards:
            raise Malformed(f"an entry is in data file {entry.shard} of {self._header.shards}")
        for extents in entry.slices:
            check(Part(entry.shape, extents))
        return entry

    def _scanned(self) -> dict[str, Entry]:
        """Return the entries of all tensors, without those of pieces."""
        if self._entries is None:
            try:
                found = {key: self._checked_entry(Entry.decode(data)) for key, data in self._table if key != HEADER_KEY}
            except (Malformed, InternalError, OSError) as error:
                raise self._damaged(self._index_path, str(error)) from error
            pieces = {slice_key(key, extents) for key, entry in found.items() for extents in entry.slices}
            self._entries = {key.decode(errors=_ODD): found[key] for key in found if key not in pieces}
        return self._entries

    # The data.

    def _read_part(self, name: str, entry: Entry, part: Part) -> np.ndarray:
        if entry.slices:
            return self._join(name, entry, part)
        if part.is_whole:
            return self._read_all(entry, None)
        if entry.code == STRING:
            return self._read_all(entry, None)[part.index()].copy()
        return self._cut(entry, part)

    def _cut(self, entry: Entry, part: Part) -> np.ndarray:
        """Read `part` of a tensor that is stored as a whole, whose rows before and after it are only checked."""
        source, dtype = self._located(entry), DTYPES[entry.code]
        row = prod(entry.shape[1:]) * dtype.itemsize
        rows = part.index()[0]
        out = aligned_empty((rows.stop - rows.start, *entry.shape[1:]), dtype)
        crc = source.skim(entry.offset, rows.start * row)
        crc = source.read_into(flat(out), entry.offset + rows.start * row, crc)
        crc = source.skim(entry.offset + rows.stop * row, (entry.shape[0] - rows.stop) * row, crc)
        self._verify(entry, crc)
        return out if out.shape == part.sizes else aligned_copy(out[(slice(None), *part.index()[1:])])

    def _join(self, name: str, entry: Entry, part: Part) -> np.ndarray:
        """Put `part` together from the pieces that were saved."""
        pieces = [Part(entry.shape, extents) for extents in entry.slices]
        clash = first_overlap(pieces)
        if clash:
            raise Malformed(f"the pieces {clash[0]} and {clash[1]} overlap")
        text = entry.code == STRING
        out = np.empty(part.sizes, object) if text else aligned_empty(part.sizes, DTYPES[entry.code])
        missing = out.size
        for piece in pieces:
            common = part.overlap(piece)
            if common is None:
                continue
            place, source = out[common[0]], common[1]
            missing -= place.size
            found = self._piece(name, entry, piece.extents)
            if place.shape == piece.sizes and place.flags.c_contiguous and not text:
                self._read_all(found, place)
            else:
                place[...] = self._read_all(found, None)[source]
        if missing:
            raise InvalidArgumentError(
                None,
                None,
                f"Does not have sufficient slices for partitioned tensor {name} to restore in slice_spec: {part} "
                f"({self.prefix} has {', '.join(map(shown, entry.slices))}). Restore with the shards of the save "
                "that is missing, or ask for a part that is there.",
            )
        return out

    def _piece(self, name: str, entry: Entry, extents: Extents) -> Entry:
        found = self._find(slice_key(_key(name), extents))
        sizes = Part(entry.shape, extents).sizes
        if found is None or found.code != entry.code or found.shape != sizes or found.slices:
            raise Malformed(f"the index does not say where the piece {shown(extents)} is")
        return found

    def _read_all(self, entry: Entry, out: np.ndarray | None) -> np.ndarray:
        """Read the bytes of an entry into `out`, or a new array."""
        source = self._located(entry)
        if entry.code == STRING:
            return self._read_strings(entry, source)
        if out is None:
            out = aligned_empty(entry.shape, DTYPES[entry.code])
        self._verify(entry, source.read_into(flat(out), entry.offset))
        return out

    def _located(self, entry: Entry) -> Source:
        """Return the data file of an entry, which is long enough for it, as the entry is for its shape."""
        source = self._source(entry)
        if entry.offset + entry.size > source.size:
            raise Malformed(
                f"it should be {entry.size} bytes at {entry.offset}, and the file ends at {source.size}: "
                "the file is truncated, or of another checkpoint"
            )
        dtype, count = DTYPES[entry.code], prod(entry.shape)
        if count > entry.size if entry.code == STRING else count * dtype.itemsize != entry.size:
            raise Malformed(f"{entry.size} bytes are not {name_of(entry.code)} of shape {entry.shape}")
        return source

    def _read_strings(self, entry: Entry, source: Source) -> np.ndarray:
        values, crc = strings.decode(source.read(entry.offset, entry.size), prod(entry.shape))
        self._verify(entry, crc)
        out = np.empty(len(values), object)
        out[:] = values
        return out.reshape(entry.shape)

    def _verify(self, entry: Entry, crc: int) -> None:
        if mask(crc) != entry.crc:
            raise Malformed(
                f"Checksum does not match: stored {entry.crc} vs. calculated on the restored bytes {mask(crc)} "
                f"(TensorBundle at {self.prefix} shard {entry.shard}, {entry.size} bytes at {entry.offset})"
            )

    def _data_path(self, entry: Entry) -> str:
        return data_name(self.prefix, entry.shard, self._header.shards)

    def _source(self, entry: Entry) -> Source:
        found = self._data.get(entry.shard)
        if found is None:
            path = self._data_path(entry)
            try:
                found = self._data.setdefault(entry.shard, _opened(path))
            except FileNotFoundError:
                raise NotFoundError(
                    None, None, f"{path}; No such file or directory. {self._replaced() or _CURE}."
                ) from None
        return found

    def _damaged(self, path: str, reason: str) -> OpError:
        cure = self._replaced() or _CURE
        return DataLossError(None, None, f"{path} is damaged, or is not what it is taken for: {reason}. {cure}.")

    def _replaced(self) -> str:
        if self._index.is_current():
            return ""
        return "The checkpoint was replaced or removed after it was opened here: open it again"


def _key(name: str) -> bytes:
    return name.encode(errors=_ODD)


def _opened(path: str) -> Source:
    try:
        return Source(path)
    except PermissionError:
        raise PermissionDeniedError(
            None, None, f"{path}; Permission denied. This user may not read it: change its permissions, or copy it."
        ) from None


def _missing(prefix: str) -> OpError:
    """Return the error for a prefix without an index, with what the caller may have meant."""
    message = f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {prefix}"
    stem, dot, end = prefix.rpartition(".")
    if os.path.isdir(prefix):
        hint = "It is a folder: give it to `latest_checkpoint` and take what that returns."
    elif dot and (end in ("index", "meta") or end.startswith("data-")) and os.path.exists(index_name(stem)):
        hint = f"Give the checkpoint's prefix, {stem}, not one of its files."
    elif _is_v1(prefix):
        return UnimplementedError(
            None,
            None,
            f"{prefix} is a checkpoint of the format before V2, in one file. Convert it with TensorFlow: restore it "
            "and save it again with `tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V2)`.",
        )
    else:
        hint = f"There is no {index_name(prefix)}."
    return NotFoundError(None, None, f"{message}. {hint}")


def _is_v1(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            file.seek(-len(MAGIC), os.SEEK_END)
            return file.read() == MAGIC
    except OSError:
        return False
