"""Readers of one Session: they take names of files from a queue and hand out one record after the other."""

from collections.abc import Iterator
from threading import Lock
from typing import Any

from onevar.core.op_errors import InvalidArgumentError, UnimplementedError
from onevar.core.queues import HostQueue
from onevar.core.records.streams import failure, local_path, read_file, reading
from onevar.core.records.tfrecord import RecordReader
from onevar.core.resources import Resource

Record = tuple[bytes, bytes]

_STARTED, _FINISHED, _PRODUCED, _CURRENT = 0x08, 0x10, 0x18, 0x22


class Reader(Resource):
    """Hands out records of what a queue names.

    Args:
        name: For messages.

    Attributes:
        busy: Held by who reads: one at a time.
        started: How many pieces of work were begun.
        finished: How many are done.
        produced: How many records were handed out.
        work: The piece that is being worked on.
    """

    kind = "Reader"

    def __init__(self, name: str):
        super().__init__(name)
        self.busy = Lock()
        self.started = self.finished = self.produced = 0
        self.work = b""
        self._records: Iterator[Record] | None = None

    def records(self, work: bytes) -> Iterator[Record]:
        """Yield the keys and values of a piece of work.

        Args:
            work: The name of a file.
        """
        raise NotImplementedError

    def read(self, queue: HostQueue) -> Record:
        """Return the next key and value; the next piece of work comes from `queue`.

        Args:
            queue: Of strings.
        """
        while True:
            found = next(self._current(queue), None)
            if found is not None:
                self.produced += 1
                self._look_ahead()
                return found
            self._finish()

    def read_up_to(self, queue: HostQueue, count: int) -> list[Record]:
        """Return several records of one piece of work.

        Args:
            queue: Of strings.
            count: At most so many.
        """
        found: list[Record] = []
        while not found:
            records = self._current(queue)
            while len(found) < count:
                record = next(records, None)
                if record is None:
                    self._finish()
                    break
                found.append(record)
            self.produced += len(found)
        if self._records is not None:
            self._look_ahead()
        return found

    def _look_ahead(self) -> None:
        """Finish a piece of work that is known to have no more records; others end when the next one is asked for."""

    def _current(self, queue: HostQueue) -> Iterator[Record]:
        if self._records is None:
            if queue.dtypes != ["string"]:
                raise InvalidArgumentError(None, None, "Expected queue with single string component")
            (element,) = queue.dequeue()
            if element.size != 1:
                raise InvalidArgumentError(None, None, "Expected to dequeue a one-element string tensor")
            self.work = element.reshape(-1)[0]
            self.started += 1
            self._records = self.records(self.work)
        return self._records

    def _finish(self) -> None:
        self._records = None
        self.finished = self.started

    def reset(self) -> None:
        """Begin anew."""
        self.close()
        self.started = self.finished = self.produced = 0
        self.work = b""

    def close(self) -> None:
        """Close the file that is being read; whoever reads just now closes it, having read."""
        records, self._records = self._records, None
        if records is not None and hasattr(records, "close") and self.busy.acquire(blocking=False):
            try:
                records.close()
            finally:
                self.busy.release()

    def state(self) -> bytes:
        """Return where it is, as a message."""
        raise UnimplementedError(None, None, "Reader SerializeState")

    def restore(self, state: bytes) -> None:
        """Go on from what `state` returned.

        Args:
            state: The message.
        """
        raise UnimplementedError(None, None, "Reader RestoreState")


class WholeReader(Reader):
    """Work that is one record: it can be saved where it is."""

    def _look_ahead(self) -> None:
        self._finish()

    def state(self) -> bytes:  # noqa: D102 (see Reader)
        numbers = ((_STARTED, self.started), (_FINISHED, self.finished), (_PRODUCED, self.produced))
        out = b"".join(bytes([tag]) + _varint(number) for tag, number in numbers if number)
        return out + (bytes([_CURRENT]) + _varint(len(self.work)) + self.work if self.work else b"")

    def restore(self, state: bytes) -> None:  # noqa: D102 (see Reader)
        values: dict[int, Any] = {_STARTED: 0, _FINISHED: 0, _PRODUCED: 0, _CURRENT: b""}
        try:
            values.update(_fields(state))
        except (IndexError, KeyError):
            raise InvalidArgumentError(
                None, None, f"Could not parse state for {self.kind} '{self.name}': {_escaped(state)}"
            ) from None
        self.close()
        self.started, self.finished, self.produced = (values[t] for t in (_STARTED, _FINISHED, _PRODUCED))
        if self.started < 0 or self.finished < 0 or self.produced < 0 or self.finished > self.started:
            raise InvalidArgumentError(None, None, "Unexpected negative or inconsistent value when restoring a reader.")
        self.work = values[_CURRENT]
        if self.started > self.finished:
            self._records = self.records(self.work)


class IdentityReader(WholeReader):
    """Hands out the work itself."""

    kind = "IdentityReader"

    def records(self, work: bytes) -> Iterator[Record]:  # noqa: D102 (see Reader)
        yield work, work


class WholeFileReader(WholeReader):
    """Hands out whole files."""

    kind = "WholeFileReader"

    def records(self, work: bytes) -> Iterator[Record]:  # noqa: D102 (see Reader)
        yield work, read_file(work)


class TextLineReader(Reader):
    """Hands out lines without their ends.

    Args:
        name: For messages.
        skip: How many lines of each file are left out.
    """

    kind = "TextLineReader"

    def __init__(self, name: str, skip: int):
        super().__init__(name)
        self._skip = skip

    def records(self, work: bytes) -> Iterator[Record]:  # noqa: D102 (see Reader)
        path = local_path(work)
        try:
            file = open(path, "rb")  # noqa: SIM115 (closed below)
        except OSError as error:
            raise failure(path, error) from None
        with file:
            for number, line in enumerate(_lines(file, path), 1):
                if number > self._skip:
                    yield b"%s:%d" % (work, number), _without_end(line)


def _lines(file: Any, path: str) -> Iterator[bytes]:
    try:
        yield from file
    except OSError as error:
        raise failure(path, error) from None


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


class FixedLengthRecordReader(Reader):
    """Hands out pieces of one length.

    Args:
        name: For messages.
        record: The length, in bytes.
        header: How much is left out at the beginning.
        footer: How much is left out at the end.
        hop: From the beginning of one to that of the next; 0 is the length.
        encoding: How the file is compressed: `""`, `"GZIP"` or `"ZLIB"`.

    Raises:
        InvalidArgumentError: A number is negative, or the encoding is another.
    """

    kind = "FixedLengthRecordReader"

    def __init__(self, name: str, record: int, header: int, footer: int, hop: int, encoding: str):
        super().__init__(name)
        for what, size in (("header_bytes", header), ("footer_bytes", footer), ("hop_bytes", hop)):
            if size < 0:
                raise InvalidArgumentError(None, None, f"{what} must be >= 0 got {size}")
        if record < 0:
            raise InvalidArgumentError(None, None, f"record_bytes must be >= 0 got {record}")
        if encoding not in ("", "ZLIB", "GZIP"):
            raise InvalidArgumentError(None, None, f"Unsupported encoding: {encoding}")
        self._record, self._header, self._footer, self._hop = record, header, footer, hop or record
        self._encoding = encoding

    def records(self, work: bytes) -> Iterator[Record]:  # noqa: D102 (see Reader)
        source = reading(work, self._encoding)
        try:
            # Enough is read ahead to know where the end begins.
            held, wanted = source.read(self._header + self._record + self._footer)[self._header :], self._record
            at = 0
            while len(held) >= wanted + self._footer:
                yield b"%s:%d" % (work, at), held[: self._record]
                at += 1
                more = source.read(max(self._hop, 0))
                held = (held + more)[self._hop :]
        finally:
            source.close()


class TFRecordReader(Reader):
    """Hands out records of TFRecord files.

    Args:
        name: For messages.
        compression: `""`, `"GZIP"` or `"ZLIB"`.
    """

    kind = "TFRecordReader"

    def __init__(self, name: str, compression: str):
        super().__init__(name)
        self._compression = compression

    def records(self, work: bytes) -> Iterator[Record]:  # noqa: D102 (see Reader)
        reader = RecordReader(work, self._compression)
        try:
            while True:
                key = b"%s:%d" % (work, reader.offset)
                value = reader.read()
                if value is None:
                    return
                yield key, value
        finally:
            reader.close()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the fields of the message of `WholeReader.state`."""
    at = 0
    while at < len(data):
        tag = data[at]
        if tag not in (_STARTED, _FINISHED, _PRODUCED, _CURRENT):
            raise KeyError(tag)
        number, at = _number(data, at + 1)
        if tag != _CURRENT:
            yield tag, number
            continue
        if at + number > len(data):
            raise IndexError(at)
        yield tag, data[at : at + number]
        at += number


def _number(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while data[at] & 0x80:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return number | data[at] << shift, at + 1


def _escaped(text: bytes) -> str:
    """Return bytes as C writes them in a string."""
    return "".join(chr(b) if 32 <= b < 127 and b not in b"\"'\\" else _ESCAPES.get(b, f"\\{b:03o}") for b in text)


_ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x27: "\\'", 0x5C: "\\\\"}
