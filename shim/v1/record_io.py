"""`tf.python_io` and TFRecord in `tf.io`: files of byte strings, read and written at once, outside of graphs."""

import os
from collections.abc import Iterator
from typing import Any, ClassVar

from onevar.core import op_errors
from onevar.core.records.streams import local_path
from onevar.core.records.tfrecord import RecordReader, RecordWriter, read_at
from onevar.v1.export import export

_ZLIB_OPTIONS = (
    "flush_mode", "input_buffer_size", "output_buffer_size", "window_bits", "compression_level", "compression_method",
    "mem_level", "compression_strategy",
)  # fmt: skip


@export("python_io.TFRecordCompressionType", "io.TFRecordCompressionType")
class TFRecordCompressionType:
    """How a file of records is compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


@export("python_io.TFRecordOptions", "io.TFRecordOptions")
class TFRecordOptions:
    """How a file of records is written, and compressed by zlib.

    Args:
        compression_type: One of `TFRecordCompressionType`, `"GZIP"`, `"ZLIB"`, `""`, or None: not at all.
        flush_mode: What `flush` does to the compressor, as zlib numbers it.
        input_buffer_size: Accepted.
        output_buffer_size: Accepted.
        window_bits: As zlib counts them.
        compression_level: 0 to 9.
        compression_method: zlib's.
        mem_level: 1 to 9.
        compression_strategy: zlib's.

    Raises:
        ValueError: There is no such compression.
    """

    compression_type_map: ClassVar[dict[int, str]] = {
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
        TFRecordCompressionType.NONE: "",
    }

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ):
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode, self.input_buffer_size = flush_mode, input_buffer_size
        self.output_buffer_size, self.window_bits = output_buffer_size, window_bits
        self.compression_level, self.compression_method = compression_level, compression_method
        self.mem_level, self.compression_strategy = mem_level, compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """Return `"GZIP"`, `"ZLIB"` or `""`.

        Args:
            options: `TFRecordOptions`, or what they take as `compression_type`.

        Raises:
            ValueError: There is no such compression.
        """
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        if isinstance(options, TFRecordCompressionType):
            return cls.compression_type_map[options]  # type: ignore[index]
        if options in cls.compression_type_map:
            return cls.compression_type_map[options]
        if options in cls.compression_type_map.values():
            return options
        raise ValueError(f'Not a valid compression_type: "{options}"')

    def _as_record_writer_options(self) -> dict[str, int]:
        return {name: int(value) for name in _ZLIB_OPTIONS if (value := getattr(self, name)) is not None}


@export("python_io.TFRecordWriter", "io.TFRecordWriter")
class TFRecordWriter:
    """Writes records to a new file.

    Args:
        path: Of the file.
        options: `TFRecordOptions`, or what they take as `compression_type`.

    Raises:
        ValueError: There is no such compression.
        OpError: The file cannot be written; `NotFoundError` if its folder is not there.
    """

    def __init__(self, path: Any, options: Any = None):
        if not isinstance(options, TFRecordOptions):
            options = TFRecordOptions(compression_type=options)
        kind = TFRecordOptions.get_compression_type_string(options)
        self._writer = RecordWriter(path, kind, options._as_record_writer_options())

    def write(self, record: Any) -> None:
        """Add a record.

        Args:
            record: Bytes, or text, which becomes UTF-8.

        Raises:
            TypeError: It is neither.
            FailedPreconditionError: The writer is closed.
        """
        if isinstance(record, str):
            record = record.encode("utf-8")
        if not isinstance(record, bytes | bytearray | memoryview):
            raise TypeError(f"expected bytes, {type(record).__name__} found")
        self._writer.write(bytes(record))

    def flush(self) -> None:
        """Hand what was written to the operating system.

        Raises:
            FailedPreconditionError: The writer is closed.
        """
        self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def __enter__(self) -> "TFRecordWriter":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __del__(self) -> None:
        # A program that forgot to close has its records, as in TensorFlow.
        if hasattr(self, "_writer"):
            self._writer.close()


class _RecordIterator(Iterator[bytes]):
    """The records of a file; after the last one it looks again when it is asked again."""

    def __init__(self, path: str, compression_type: str):
        self._path, self._kind = path, compression_type
        self._reader: RecordReader | None = RecordReader(path, compression_type)

    def __next__(self) -> bytes:
        record = None if self._reader is None else self._reader.read()
        if record is None:
            raise StopIteration
        return record

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def reopen(self) -> None:
        """Open the file anew, at the record after the last one that was read."""
        offset = 0 if self._reader is None else self._reader.offset
        self.close()
        self._reader = RecordReader(self._path, self._kind)
        while self._reader.offset < offset and self._reader.read() is not None:
            continue


@export("python_io.tf_record_iterator", "io.tf_record_iterator")
def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """Return an iterator over the records of a file.

    Args:
        path: Of the file.
        options: `TFRecordOptions`, or what they take as `compression_type`.

    Raises:
        NotFoundError: There is no such file.
        DataLossError: While it is iterated: the data is damaged, or ends within a record.
    """
    return _RecordIterator(os.fsdecode(path), TFRecordOptions.get_compression_type_string(options))


class RandomRecordReader:
    """Records of a file that is not compressed, by their offsets.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Any):
        self._path: str | None = local_path(path)

    def read(self, offset: int) -> tuple[bytes, int]:
        """Return the record that starts at `offset`, and where the next one starts.

        Args:
            offset: In bytes.

        Raises:
            IndexError: The file ends before.
            DataLossError: No record starts there.
            FailedPreconditionError: The reader is closed.
        """
        if self._path is None:
            raise op_errors.FailedPreconditionError(None, None, "Random TFRecord Reader is closed.")
        found = read_at(self._path, offset)
        if found is None:
            raise IndexError(f"Out of range at reading offset {offset}")
        return found

    def close(self) -> None:
        """Close the reader."""
        self._path = None


@export("python.lib.io.tf_record.tf_record_random_reader")
def tf_record_random_reader(path: Any) -> RandomRecordReader:
    """Return a reader of single records by their offsets.

    Args:
        path: Of a file that is not compressed.
    """
    return RandomRecordReader(path)
