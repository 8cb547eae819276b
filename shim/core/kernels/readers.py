"""Readers and whole files: definitions over `core.readers`."""

import fnmatch
import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.queues import HostQueue
from onevar.core.readers import (
    FixedLengthRecordReader,
    IdentityReader,
    Reader,
    TextLineReader,
    TFRecordReader,
    WholeFileReader,
)
from onevar.core.records.streams import failure, local_path
from onevar.core.records.streams import read_file as contents
from onevar.core.resources import current, resource
from onevar.core.spec import Shape, Spec


def _scalar(*_: Any) -> Shape:
    return ()


def _nothing(*_: Any) -> list[Shape]:
    return []


def _two_scalars(*_: Any) -> list[Shape]:
    return [(), ()]


def _two_vectors(*_: Any) -> list[Shape]:
    return [(None,), (None,)]


def _text(value: bytes) -> np.ndarray:
    array = np.empty((), object)
    array[()] = value
    return array


def _texts(values: list[bytes]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _found(make: Callable[[str], Reader], container: str, shared_name: str) -> Reader:
    return resource("reader", make, container=container, shared_name=shared_name)


@kernel("IdentityReader", "IdentityReaderV2", resource=True, infer=_scalar)
def identity_reader(k: Any, *, container: str, shared_name: str) -> Reader:
    """The Session's reader of this name, of what the queue has."""
    return _found(IdentityReader, container, shared_name)


@kernel("WholeFileReader", "WholeFileReaderV2", resource=True, infer=_scalar)
def whole_file_reader(k: Any, *, container: str, shared_name: str) -> Reader:
    """The Session's reader of this name, of whole files."""
    return _found(WholeFileReader, container, shared_name)


@kernel("TextLineReader", "TextLineReaderV2", resource=True, infer=_scalar)
def text_line_reader(k: Any, *, skip_header_lines: int, container: str, shared_name: str) -> Reader:
    """The Session's reader of this name, of lines."""
    return _found(lambda name: TextLineReader(name, skip_header_lines), container, shared_name)


@kernel("TFRecordReader", "TFRecordReaderV2", resource=True, infer=_scalar)
def tf_record_reader(k: Any, *, container: str, shared_name: str, compression_type: str) -> Reader:
    """The Session's reader of this name, of records."""
    return _found(lambda name: TFRecordReader(name, compression_type), container, shared_name)


@kernel("FixedLengthRecordReader", resource=True, infer=_scalar)
def fixed_length_record_reader(
    k: Any, *, header_bytes: int, record_bytes: int, footer_bytes: int, hop_bytes: int, container: str,
    shared_name: str,
) -> Reader:  # fmt: skip
    """The Session's reader of this name, of pieces of one length."""
    sizes = (record_bytes, header_bytes, footer_bytes, hop_bytes)
    return _found(lambda name: FixedLengthRecordReader(name, *sizes, ""), container, shared_name)


@kernel("FixedLengthRecordReaderV2", resource=True, infer=_scalar)
def fixed_length_record_reader_v2(
    k: Any, *, header_bytes: int, record_bytes: int, footer_bytes: int, hop_bytes: int, container: str,
    shared_name: str, encoding: str,
) -> Reader:  # fmt: skip
    """The Session's reader of this name, of pieces of one length."""
    sizes = (record_bytes, header_bytes, footer_bytes, hop_bytes)
    return _found(lambda name: FixedLengthRecordReader(name, *sizes, encoding), container, shared_name)


@kernel("ReaderRead", "ReaderReadV2", resource=True, infer=_two_scalars)
def reader_read(k: Any, reader_handle: Reader, queue_handle: HostQueue) -> tuple[np.ndarray, np.ndarray]:
    """The next record."""
    # Other runs go on while it waits for its turn, for the queue, or for the disk.
    with current().released(), reader_handle.busy:
        key, value = reader_handle.read(queue_handle)
    return _text(key), _text(value)


@kernel("ReaderReadUpTo", "ReaderReadUpToV2", resource=True, infer=_two_vectors)
def reader_read_up_to(
    k: Any, reader_handle: Reader, queue_handle: HostQueue, num_records: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The next records."""
    with current().released(), reader_handle.busy:
        records = reader_handle.read_up_to(queue_handle, int(num_records))
    return _texts([key for key, _ in records]), _texts([value for _, value in records])


@kernel("ReaderNumRecordsProduced", "ReaderNumRecordsProducedV2", resource=True, infer=_scalar)
def reader_num_records_produced(k: Any, reader_handle: Reader) -> np.ndarray:
    """How many records there were."""
    return np.array(reader_handle.produced, np.int64)


@kernel("ReaderNumWorkUnitsCompleted", "ReaderNumWorkUnitsCompletedV2", resource=True, infer=_scalar)
def reader_num_work_units_completed(k: Any, reader_handle: Reader) -> np.ndarray:
    """How many files are done."""
    return np.array(reader_handle.finished, np.int64)


@kernel("ReaderReset", "ReaderResetV2", resource=True, infer=_nothing)
def reader_reset(k: Any, reader_handle: Reader) -> tuple:
    """Begin anew."""
    with current().released(), reader_handle.busy:
        reader_handle.reset()
    return ()


@kernel("ReaderSerializeState", "ReaderSerializeStateV2", resource=True, infer=_scalar)
def reader_serialize_state(k: Any, reader_handle: Reader) -> np.ndarray:
    """Where it is."""
    return _text(reader_handle.state())


@kernel("ReaderRestoreState", "ReaderRestoreStateV2", resource=True, infer=_nothing)
def reader_restore_state(k: Any, reader_handle: Reader, state: np.ndarray) -> tuple:
    """Go on from where it was."""
    with current().released(), reader_handle.busy:
        reader_handle.restore(state.item())
    return ()


@kernel("ReadFile", resource=True, infer=_scalar)
def read_file(k: Any, filename: np.ndarray) -> np.ndarray:
    """The contents of a file."""
    with current().released():
        return _text(contents(filename.item()))


@kernel("WriteFile", resource=True, infer=_nothing)
def write_file(k: Any, filename: np.ndarray, contents: np.ndarray) -> tuple:
    """Write a file, and make the folder for it."""
    path = local_path(filename.item())
    with current().released():
        try:
            if folder := os.path.dirname(path):
                os.makedirs(folder, exist_ok=True)
            with open(path, "wb") as file:
                file.write(contents.item())
        except OSError as error:
            raise failure(path, error) from None
    return ()


def _matched_shape(pattern: Spec) -> Shape:
    return (None,)


@kernel("MatchingFiles", on_host=True, infer=_matched_shape)
def matching_files(k: Any, pattern: np.ndarray) -> np.ndarray:
    """The names of the files that match a pattern, or one of several, sorted."""
    if pattern.ndim > 1:
        raise InvalidArgumentError(
            None, None, f"Input patterns tensor must be scalar or vector, but had shape: {list(pattern.shape)}"
        )
    found = [path for one in pattern.reshape(-1).tolist() for path in _matches(local_path(one))]
    return _texts(sorted(map(os.fsencode, found)))


_WILD = re.compile(r"[*?\[\\]")


def _matches(pattern: str) -> list[str]:
    folder, name = os.path.split(pattern)
    folders = _matches(folder) if _WILD.search(folder) else [folder]
    if not _WILD.search(name):
        return [path for path in (os.path.join(one, name) for one in folders) if os.path.lexists(path)]
    return [
        os.path.join(one or ".", each)
        for one in folders
        if os.path.isdir(one or ".")
        for each in os.listdir(one or ".")
        if fnmatch.fnmatchcase(each, name)
    ]
