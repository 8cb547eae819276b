"""TFRecord: files of byte strings with checksums.

A record is its length (eight bytes, little-endian), the checksum of these eight, the bytes, and their checksum.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

from google_crc32c import value as checksum

from onevar.core import op_errors
from onevar.core.bundle.checksum import mask
from onevar.core.records.streams import failure, local_path, reading

_HEADER = struct.Struct("<QI")
_LENGTH = struct.Struct("<Q")
_WORD = struct.Struct("<I")
_FOOTER = 4


def _lost(offset: int, text: str, more: str = "") -> op_errors.OpError:
    return op_errors.DataLossError(None, None, f"{text} record at {offset}{more}")


class RecordReader:
    """The records of a file, from the first to the last.

    Args:
        path: Of the file.
        compression_type: `""`, `"GZIP"` or `"ZLIB"`.
        buffer_size: How much is read at a time, in bytes.

    Attributes:
        offset: Where the next record starts, in the data that is not compressed.

    Raises:
        OpError: The file cannot be opened; `NotFoundError` if it is not there.
    """

    def __init__(self, path: Any, compression_type: str = "", buffer_size: int | None = None):
        self._source = reading(path, compression_type, buffer_size)
        self._truncated = "' failed with " + ("EOF reached" if compression_type else "Read less bytes than requested")
        self._header = b""
        self.offset = 0

    def read(self) -> bytes | None:
        """Return the next record; None at the end, where another call looks whether the file has grown.

        Raises:
            DataLossError: The data is not what was written, or ends within a record.
        """
        header = self._header + self._source.read(_HEADER.size - len(self._header))
        if len(header) < _HEADER.size:
            # Less than a header at the end is no error in TensorFlow: somebody may be writing it.
            self._header = header
            return None
        self._header = b""
        length, crc = _HEADER.unpack(header)
        if mask(checksum(header[:8])) != crc:
            raise _lost(self.offset, "corrupted", " (Is this even a TFRecord file?)" if not self.offset else "")
        data = self._source.read(length + _FOOTER)
        if len(data) < length + _FOOTER:
            raise _lost(self.offset, "truncated", self._truncated)
        record = data[:length]
        if mask(checksum(record)) != _WORD.unpack_from(data, length)[0]:
            raise _lost(self.offset + _HEADER.size, "corrupted")
        self.offset += _HEADER.size + length + _FOOTER
        return record

    def __iter__(self) -> Iterator[bytes]:
        while (record := self.read()) is not None:
            yield record

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def read_at(path: str, offset: int) -> tuple[bytes, int] | None:
    """Return the record that starts at an offset of a file that is not compressed, and where the next one starts.

    Args:
        path: Of the file.
        offset: In bytes.

    Returns:
        The two, or None: the file ends before.

    Raises:
        DataLossError: No record starts there, or it is damaged.
    """
    reader = RecordReader(path)
    try:
        reader._source._file.seek(offset)
        reader.offset = offset
        record = reader.read()
    finally:
        reader.close()
    return None if record is None else (record, reader.offset)


class RecordWriter:
    """Writes records to a new file.

    Args:
        path: Of the file; what was there is overwritten.
        compression_type: `""`, `"GZIP"` or `"ZLIB"`.
        zlib_options: For a file that is compressed: any of `compression_level`, `window_bits`, `mem_level`,
            `compression_strategy`, `compression_method` and `flush_mode`, as zlib numbers them.

    Raises:
        OpError: The file cannot be written; `NotFoundError` if its folder is not there.
    """

    def __init__(self, path: Any, compression_type: str = "", zlib_options: dict[str, int] | None = None):
        self._path = local_path(path)
        options = zlib_options or {}
        self._deflate: Any = None
        if compression_type:
            window = options.get("window_bits", zlib.MAX_WBITS)
            if compression_type == "GZIP":
                window = 31 if window == zlib.MAX_WBITS else window + 16 if 0 < window <= zlib.MAX_WBITS else window
            self._deflate = zlib.compressobj(
                options.get("compression_level", zlib.Z_DEFAULT_COMPRESSION),
                options.get("compression_method", zlib.DEFLATED),
                window,
                options.get("mem_level", 9),
                options.get("compression_strategy", zlib.Z_DEFAULT_STRATEGY),
            )
        self._flush_mode = options.get("flush_mode", zlib.Z_NO_FLUSH)
        try:
            self._file: Any = open(self._path, "wb", buffering=1 << 16)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise failure(self._path, error) from None

    def write(self, record: Any) -> None:
        """Add a record.

        Args:
            record: Bytes.

        Raises:
            FailedPreconditionError: The writer is closed.
            OpError: The file cannot be written to; `ResourceExhaustedError` if there is no room.
        """
        length = _LENGTH.pack(len(record))
        header = length + _WORD.pack(mask(checksum(length)))
        data = b"".join((header, record, _WORD.pack(mask(checksum(record)))))
        self._put(self._deflate.compress(data) if self._deflate else data)

    def _open_file(self) -> Any:
        if self._file is None:
            raise op_errors.FailedPreconditionError(None, None, "Writer not initialized or previously closed")
        return self._file

    def _put(self, data: bytes) -> None:
        file = self._open_file()
        try:
            file.write(data)
        except OSError as error:
            raise failure(self._path, error) from None

    def flush(self) -> None:
        """Hand what was written to the operating system.

        Raises:
            FailedPreconditionError: The writer is closed.
            OpError: The file cannot be written to.
        """
        file = self._open_file()
        if self._deflate and self._flush_mode not in (zlib.Z_NO_FLUSH, zlib.Z_FINISH):
            self._put(self._deflate.flush(self._flush_mode))
        try:
            file.flush()
        except OSError as error:
            raise failure(self._path, error) from None

    def close(self) -> None:
        """Finish the file; closing it again does nothing.

        Raises:
            OpError: What is left could not be written.
        """
        if self._file is None:
            return
        try:
            if self._deflate:
                self._put(self._deflate.flush(zlib.Z_FINISH))
            self._file.flush()
        except OSError as error:
            raise failure(self._path, error) from None
        finally:
            file, self._file = self._file, None
            _close_quietly(file)


def _close_quietly(file: Any) -> None:
    """Close a file whose `flush` succeeded, or said already what is wrong."""
    try:
        file.close()
    except OSError:
        file.raw.close()
