"""Writes a checkpoint, so that under its prefix there is always a complete one.

A checkpoint is two files, which no system can replace at once. So the data is first written under a name that the
present index does not refer to: the index says how many data files there are, and the number is part of their names.
Replacing the index is then the one step that counts. Afterwards, where the file system has hard links, the data
gets its usual name and the index is replaced once more; what nothing refers to any longer is removed.

    model.data-00000-of-00001   model.index -> of-00001       before
    + model.data-00000-of-00002                               new data; the index refers to the old
                                model.index -> of-00002       the step that counts
    model.data-00000-of-00001 = the new data                  (a hard link)
                                model.index -> of-00001
    - model.data-00000-of-00002                               after
"""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from onevar.core.bundle import strings
from onevar.core.bundle.checksum import CHUNK, extend, flat, mask
from onevar.core.bundle.entries import HEADER_KEY, Entry, Header
from onevar.core.bundle.files import (
    Temporary,
    data_files,
    data_name,
    failure,
    folder_of,
    index_name,
    locked,
    replace,
    sweep,
    sync_folder,
)
from onevar.core.bundle.ordered_code import slice_key
from onevar.core.bundle.reader import Reader
from onevar.core.bundle.slices import Part, Slices, first_overlap, parse
from onevar.core.bundle.sstable import build
from onevar.core.bundle.types import DTYPES, STRING, code_of
from onevar.core.op_errors import InvalidArgumentError, OpError, UnknownError

_log = logging.getLogger(__name__)

Entries = dict[bytes, Entry]


def write(prefix: str | os.PathLike[str], tensors: Mapping[str, Any]) -> None:
    """Write a checkpoint in TensorFlow's V2 format, in place of the one that is there under that name.

    Whenever the process dies, the checkpoint under `prefix` is the old one or the new one, complete; so it is after
    an error. The folder is made if only it is missing.

    Args:
        prefix: The checkpoint's name, `"folder/model.ckpt-1000"`.
        tensors: Arrays by name, or what NumPy makes arrays of, or `Slices`, in the order in which their bytes shall
            stand. Each value is asked for once, when its turn comes, and let go then: a mapping that makes them on
            demand needs no second copy of a model.

    Raises:
        InvalidArgumentError: TensorFlow has no such tensor; a piece does not fit its slice; pieces overlap.
        ResourceExhaustedError: The disk is full.
        PermissionDeniedError: The folder cannot be written to.
        NotFoundError: The folder's folder does not exist.
        UnknownError: The system said something else.
    """
    prefix = os.fspath(prefix)
    made = False
    try:
        made = _make_folder(folder_of(prefix))
        _write(prefix, tensors)
    except BaseException as error:
        if made:
            _remove_folder(folder_of(prefix))
        if isinstance(error, OSError):
            raise failure(error, f"Checkpoint {prefix} could not be written") from error
        raise


def _write(prefix: str, tensors: Mapping[str, Any]) -> None:
    with locked(folder_of(prefix)):
        sweep(folder_of(prefix))
        data = Temporary(folder_of(prefix))
    try:
        output = _Output(data)
        for name in tensors:
            output.add(_key(name), name, tensors[name])
        data.sync()
        with locked(folder_of(prefix)):
            _publish(prefix, data, output.entries)
    finally:
        data.discard()


class _Output:
    """A data file that grows, and the entries of what is in it."""

    def __init__(self, file: Temporary):
        self.entries: Entries = {}
        self._file = file.file
        self._at = 0

    def add(self, key: bytes, name: str, value: Any) -> None:
        if isinstance(value, Slices):
            self._add_slices(key, name, value)
        else:
            self.entries[key] = self._store(name, _array(name, value))

    def _add_slices(self, key: bytes, name: str, value: Slices) -> None:
        parts: list[Part] = []
        for spec, piece in value.pieces:
            part, array = _fitted(name, spec, piece)
            if part.is_whole and len(value.pieces) == 1:
                self.entries[key] = self._store(name, array)
                return
            stored = self._store(name, array)
            if parts and (part.shape != parts[0].shape or stored.code != self.entries[key].code):
                raise InvalidArgumentError(None, None, f"Tensor {name}: its pieces are of different tensors: {spec}.")
            parts.append(part)
            self.entries[slice_key(key, part.extents)] = stored
            self.entries[key] = Entry(stored.code, part.shape, slices=tuple(p.extents for p in parts))
        clash = first_overlap(parts)
        if clash or not parts:
            reason = f"the pieces {clash[0]} and {clash[1]} overlap" if clash else "it has no pieces"
            raise InvalidArgumentError(None, None, f"Tensor {name}: {reason}.")

    def _store(self, name: str, array: np.ndarray) -> Entry:
        try:
            code = code_of(array.dtype)
            parts = _string_parts(array) if code == STRING else _number_parts(array, code)
            start, crc = self._at, 0
            for stored, counted in parts:
                self._file.write(memoryview(stored))  # type: ignore[arg-type]
                self._at += len(stored)
                crc = extend(crc, counted)
        except KeyError:
            raise InvalidArgumentError(
                None, None, f"Tensor {name}: TensorFlow has no dtype {array.dtype}. Convert it to one that it has."
            ) from None
        except TypeError as error:
            raise InvalidArgumentError(None, None, f"Tensor {name} of dtype object: {error}.") from None
        return Entry(code, array.shape, 0, start, self._at - start, mask(crc))


def _number_parts(array: np.ndarray, code: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    little = DTYPES[code].newbyteorder("<")
    data = flat(np.asarray(array, little if array.dtype.byteorder == ">" else array.dtype, order="C"))
    for at in range(0, data.size, CHUNK):
        chunk = data[at : at + CHUNK]
        yield chunk, chunk


def _string_parts(array: np.ndarray) -> Iterator[tuple[bytes, bytes]]:
    return strings.encode(strings.as_bytes(array))


def _array(name: str, value: Any) -> np.ndarray:
    if isinstance(value, np.ma.MaskedArray):
        raise InvalidArgumentError(
            None, None, f"Tensor {name} is a masked array, and a checkpoint has no masks. Give its `filled(..)`."
        )
    array = np.asarray(value)
    if array.dtype.kind in "SU" and not isinstance(value, np.ndarray):
        return np.asarray(value, object)  # NumPy's own text drops zero bytes at the end.
    return array


def _fitted(name: str, spec: str, piece: Any) -> tuple[Part, np.ndarray]:
    array, part = _array(name, piece), parse(spec)
    if part is None:
        raise InvalidArgumentError(None, None, f"Tensor {name}: a piece without shape_and_slice. Give it one.")
    if part.sizes != array.shape:
        shape = ",".join(map(str, array.shape))
        message = (
            "Slice in shape_and_slice specification does not match the shape of the tensor to  save: "
            f"{spec}, tensor: [{shape}] ({name})"
        )
        raise InvalidArgumentError(None, None, message)
    return part, array


def _key(name: str) -> bytes:
    if not name:
        raise InvalidArgumentError(None, None, "A tensor in a checkpoint must have a name; this one's is empty.")
    return name.encode(errors="surrogateescape")


# Making the new files the checkpoint.


def _publish(prefix: str, data: Temporary, entries: Entries) -> None:
    shards = _free_number(prefix)
    path = data_name(prefix, 0, shards)
    data.rename(path)
    try:
        sync_folder(path)
        _replace_index(prefix, entries, shards)
    except BaseException as error:
        if not _refers(prefix, entries, shards):
            os.unlink(path)
            raise
        # The index is the new one, and the step after it failed, or the step itself was wrongly said to have failed.
        if isinstance(error, OSError):
            message = f"Checkpoint {prefix} is written and complete, but may not outlive a power failure: {error}."
            raise UnknownError(None, None, message) from error
        raise
    try:
        if shards != 1:
            shards = _rename_data(prefix, entries, shards)
        _remove(set(data_files(prefix)) - {data_name(prefix, 0, shards)})
    except OSError as error:
        # The checkpoint is complete: no reason to say that saving failed.
        _log.warning("%s is saved; tidying up after it failed: %s", prefix, error)


def _free_number(prefix: str) -> int:
    """Return a number of shards whose file names the present index does not refer to."""
    if not os.path.exists(index_name(prefix)):
        return 1
    try:
        with Reader(prefix) as old:
            return 1 if old.num_shards != 1 else 2
    except (OpError, OSError):
        # It cannot be read, by us at least: what it refers to is not known, so no file there is touched.
        taken = set(data_files(prefix))
        return next(n for n in range(1, 100_000) if data_name(prefix, 0, n) not in taken)


def _index(entries: Entries, shards: int) -> bytes:
    encoded = {HEADER_KEY: Header(shards).encode()}
    encoded.update((key, entry.encode()) for key, entry in entries.items())
    return build(sorted(encoded.items()))


def _replace_index(prefix: str, entries: Entries, shards: int) -> None:
    replace(index_name(prefix), _index(entries, shards))


def _refers(prefix: str, entries: Entries, shards: int) -> bool:
    try:
        with open(index_name(prefix), "rb") as file:
            return file.read() == _index(entries, shards)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _rename_data(prefix: str, entries: Entries, shards: int) -> int:
    """Give the data file the name that it has in a checkpoint of one data file.

    Returns:
        The number of shards that its name speaks of afterwards.
    """
    path, usual = data_name(prefix, 0, shards), data_name(prefix, 0, 1)
    try:
        _remove([usual])
        os.link(path, usual)
    except OSError:
        return shards
    sync_folder(usual)
    _replace_index(prefix, entries, 1)
    return 1


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue


def _make_folder(folder: str) -> bool:
    """Make a folder, as TensorFlow does, and return whether it was not there."""
    try:
        os.mkdir(folder)
    except FileExistsError:
        return False
    except OSError:
        if os.path.isdir(folder):
            return False
        raise
    return True


def _remove_folder(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError as error:
        _log.warning("%s was made for a checkpoint that was not written, and stays: %s", folder, error)
