"""Readers of files whose names come from a queue: `tf.TextLineReader` and the like."""

from collections import namedtuple
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.operation import Tensor
from onevar.errors import Unsupported
from onevar.v1.export import export, exported


@export("ReaderBase")
class ReaderBase:
    """What readers have in common; see `tf.compat.v1.ReaderBase`.

    Args:
        reader_ref: The output of the operation that stands for the reader.
        supports_serialize: Whether it can say where it is.

    Raises:
        RuntimeError: Calls compute at once.
    """

    def __init__(self, reader_ref: Any, supports_serialize: bool = False):
        if executing_eagerly():
            raise RuntimeError(
                "Readers are not supported when eager execution is enabled. Instead, please use tf.data to get data "
                "into your model."
            )
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self) -> Any:
        """The output of the operation that stands for the reader."""
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        """Whether the reader can say where it is."""
        return self._supports_serialize

    def _op(self, kind: str, name: str | None, **inputs: Any) -> Any:
        version = "" if self._reader_ref.dtype._is_ref_dtype else "V2"
        return op(f"Reader{kind}{version}", reader_handle=self._reader_ref, name=name, **inputs)

    def read(self, queue: Any, name: str | None = None) -> Any:
        """Return the key and value of the next record.

        Args:
            queue: A queue of names of files, or its reference.
            name: Of the operation.
        """
        return ReaderRead(*self._op("Read", name, queue_handle=_ref(queue)))

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """Return the keys and values of several records of one file.

        Args:
            queue: A queue of names of files, or its reference.
            num_records: At most so many.
            name: Of the operation.
        """
        return ReaderReadUpTo(*self._op("ReadUpTo", name, queue_handle=_ref(queue), num_records=num_records))

    def num_records_produced(self, name: str | None = None) -> Any:
        """Return how many records there were.

        Args:
            name: Of the operation.
        """
        return self._op("NumRecordsProduced", name)

    def num_work_units_completed(self, name: str | None = None) -> Any:
        """Return how many files are done.

        Args:
            name: Of the operation.
        """
        return self._op("NumWorkUnitsCompleted", name)

    def serialize_state(self, name: str | None = None) -> Any:
        """Return where the reader is, as a string.

        Args:
            name: Of the operation.
        """
        return self._op("SerializeState", name)

    def restore_state(self, state: Any, name: str | None = None) -> Any:
        """Return an operation that lets the reader go on from where it was.

        Args:
            state: What `serialize_state` returned.
            name: Of the operation.
        """
        return self._op("RestoreState", name, state=state)

    def reset(self, name: str | None = None) -> Any:
        """Return an operation that lets the reader begin anew.

        Args:
            name: Of the operation.
        """
        return self._op("Reset", name)


def _ref(queue: Any) -> Any:
    return queue if isinstance(queue, Tensor) else queue.queue_ref


#: A record, under the names that TensorFlow has for its parts.
ReaderRead = namedtuple("ReaderRead", ["key", "value"])
#: Several records.
ReaderReadUpTo = namedtuple("ReaderReadUpTo", ["keys", "values"])


@export("WholeFileReader")
class WholeFileReader(ReaderBase):
    """Hands out whole files; see `tf.compat.v1.WholeFileReader`.

    Args:
        name: Of the operation.
    """

    def __init__(self, name: str | None = None):
        super().__init__(op("WholeFileReaderV2", name=name), supports_serialize=True)


@export("TextLineReader")
class TextLineReader(ReaderBase):
    """Hands out lines; see `tf.compat.v1.TextLineReader`.

    Args:
        skip_header_lines: How many lines of each file are left out.
        name: Of the operation.
    """

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None):
        super().__init__(op("TextLineReaderV2", skip_header_lines=skip_header_lines or 0, name=name))


@export("FixedLengthRecordReader")
class FixedLengthRecordReader(ReaderBase):
    """Hands out pieces of one length; see `tf.compat.v1.FixedLengthRecordReader`.

    Args:
        record_bytes: The length.
        header_bytes: How much is left out at the beginning of a file.
        footer_bytes: How much is left out at its end.
        hop_bytes: From the beginning of one to that of the next; None is the length.
        name: Of the operation.
        encoding: How the file is compressed: "ZLIB" or "GZIP".
    """

    def __init__(
        self, record_bytes: int, header_bytes: int | None = None, footer_bytes: int | None = None,
        hop_bytes: int | None = None, name: str | None = None, encoding: str | None = None,
    ):  # fmt: skip
        super().__init__(
            op(
                "FixedLengthRecordReaderV2", record_bytes=record_bytes, header_bytes=header_bytes or 0,
                footer_bytes=footer_bytes or 0, hop_bytes=hop_bytes or 0, encoding=encoding or "", name=name,
            )
        )  # fmt: skip


@export("TFRecordReader")
class TFRecordReader(ReaderBase):
    """Hands out records; see `tf.compat.v1.TFRecordReader`.

    Args:
        name: Of the operation.
        options: A `TFRecordOptions`, which says how files are compressed.
    """

    def __init__(self, name: str | None = None, options: Any = None):
        compression = exported("python_io.TFRecordOptions").get_compression_type_string(options)
        super().__init__(op("TFRecordReaderV2", compression_type=compression, name=name))


@export("IdentityReader")
class IdentityReader(ReaderBase):
    """Hands out what is in the queue; see `tf.compat.v1.IdentityReader`.

    Args:
        name: Of the operation.
    """

    def __init__(self, name: str | None = None):
        super().__init__(op("IdentityReaderV2", name=name), supports_serialize=True)


@export("LMDBReader")
class LMDBReader(ReaderBase):
    """Not there.

    Args:
        name: Of the operation.
        options: Of the reader.

    Raises:
        Unsupported: Always.
    """

    def __init__(self, name: str | None = None, options: Any = None):
        raise Unsupported("tf.LMDBReader is not supported. Read the database in Python (lmdb), and use tf.data.")
