"""Event files: what TensorBoard reads, written by a thread of its own."""

import atexit
import os
import socket
import struct
import threading
import time
import weakref
from pathlib import Path
from queue import Queue
from typing import IO, Any

from onevar.core.bundle import checksum
from onevar.core.kernels import summary_writers
from onevar.core.protos import proto
from onevar.v1 import file_io
from onevar.v1.export import export, exported

_VERSION = "brain.Event:2"
#: Bytes that are written at once.
_ENOUGH = 1 << 16
_FLUSH, _CLOSE = object(), object()
_open: "weakref.WeakSet[EventFileWriter]" = weakref.WeakSet()


def record(data: bytes) -> bytes:
    """Return bytes as a record of a TFRecord file: length, checksum, data, checksum."""
    length = struct.pack("<Q", len(data))
    masked = (checksum.mask(checksum.extend(0, part)) for part in (length, data))
    first, last = (struct.pack("<I", value) for value in masked)
    return length + first + data + last


class EventsFile:
    """One event file, made when the first event is written.

    Args:
        prefix: Of its path; time, host and suffix follow.
        suffix: The end of its name.
    """

    def __init__(self, prefix: str, suffix: str = ""):
        self._prefix, self._suffix = prefix, suffix
        self._file: IO[bytes] | None = None
        #: Whole records that are not in the file yet: several writers may append to one file.
        self._buffer = bytearray()
        self.path = ""
        #: Events written since the file was last complete on disk.
        self.outstanding = 0

    def open(self) -> None:
        """Make the file, whose first event says which version of the format it has."""
        if self._file is not None and os.path.exists(self.path):
            return
        if self._file is not None:
            exported("logging.error")("The events file %s has disappeared. A new one is begun.", self.path)
            self._file.close()
        now = time.time()
        self.path = f"{self._prefix}.out.tfevents.{int(now):010d}.{socket.gethostname()}{self._suffix}"
        with file_io.errors_of(self.path):
            self._file = Path(self.path).open("ab", buffering=0)  # noqa: SIM115 - close() closes it
        event = proto("event").Event(wall_time=now, file_version=_VERSION)
        event.source_metadata.writer = "tensorflow.core.util.events_writer"
        self._append(event.SerializeToString())
        self.flush()

    def write(self, data: bytes) -> None:
        """Write a serialized event."""
        if self._file is None:
            self.open()
        self._append(data)
        self.outstanding += 1

    def _append(self, data: bytes) -> None:
        self._buffer += record(data)
        if len(self._buffer) > _ENOUGH:
            self._drain()

    def _drain(self) -> None:
        with file_io.errors_of(self.path):
            while self._buffer:
                written = self._file.write(self._buffer)  # type: ignore[union-attr]
                del self._buffer[:written]

    def flush(self) -> None:
        """Hand everything to the operating system."""
        if self._file is None:
            return
        self._drain()
        if self.outstanding and not os.path.exists(self.path):
            self.open()
        self.outstanding = 0

    def close(self) -> None:
        """Write everything, and close the file."""
        if self._file is not None:
            try:
                self._drain()
            finally:
                file, self._file = self._file, None
                file.close()


class _Thread(threading.Thread):
    """Takes events from a queue and writes them."""

    def __init__(self, queue: Queue, file: EventsFile, flush_secs: float):
        super().__init__(name="EventLoggerThread", daemon=True)
        self._queue, self._file, self._every = queue, file, flush_secs
        self._next = 0.0
        #: What went wrong; everything after it is dropped.
        self.error: BaseException | None = None

    def run(self) -> None:
        """Write until the queue says that it is closed."""
        while True:
            item = self._queue.get()
            try:
                if item is _CLOSE:
                    self._file.close()
                elif self.error is None:
                    self._write(item)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who adds the next event
                self.error = error
            finally:
                self._queue.task_done()
            if item is _CLOSE:
                return

    def _write(self, item: Any) -> None:
        if item is _FLUSH:
            self._file.flush()
            return
        self._file.write(item.SerializeToString())
        now = time.time()
        if now > self._next:
            self._file.flush()
            self._next = now + self._every


@export("python.summary.writer.event_file_writer.EventFileWriter")
class EventFileWriter:
    """Writes events to a file of a folder, in the background.

    Args:
        logdir: The folder; it is made.
        max_queue: How many events wait before `add_event` does.
        flush_secs: How often the file is complete on disk.
        filename_suffix: The end of the file's name.

    Raises:
        OpError: The folder cannot be made.
    """

    def __init__(
        self, logdir: Any, max_queue: int = 10, flush_secs: float = 120, filename_suffix: str | None = None
    ):  # fmt: skip
        self._logdir = os.fspath(logdir)
        if not os.path.isdir(file_io.local_path(self._logdir)):
            file_io.make_dirs(self._logdir)
        self._max_queue, self._every, self._suffix = max_queue, flush_secs, filename_suffix
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._start()

    def _start(self) -> None:
        folder = os.fsdecode(file_io.local_path(self._logdir))
        file = EventsFile(os.path.join(folder, "events"), self._suffix or "")
        if self._suffix:
            file.open()
        self._queue: Queue = Queue(self._max_queue)
        self._thread = _Thread(self._queue, file, self._every)
        self._thread.start()
        self._closed = False
        _open.add(self)

    def get_logdir(self) -> Any:
        """Return the folder."""
        return self._logdir

    def reopen(self) -> None:
        """Begin another file, if this one is closed."""
        if self._closed:
            self._start()

    def add_event(self, event: Any) -> None:
        """Have an event written; nothing happens if the writer is closed.

        Args:
            event: An `Event`.

        Raises:
            OpError: An earlier event could not be written.
        """
        if not self._closed:
            self._raise_error()
            self._queue.put(event)

    def _raise_error(self) -> None:
        error = self._thread.error
        if error is not None:
            raise error

    def flush(self) -> None:
        """Wait until all events are in the file.

        Raises:
            OpError: They cannot be written.
        """
        if not self._closed:
            self._queue.put(_FLUSH)
            self._queue.join()
            self._raise_error()

    def close(self) -> None:
        """Wait until all events are in the file, and close it.

        Raises:
            OpError: They cannot be written.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        _open.discard(self)
        self._queue.put(_CLOSE)
        self._thread.join()
        self._raise_error()


def _close_all() -> None:
    """Write what programs leave behind that end without closing their writers."""
    for writer in list(_open):
        if writer._process != os.getpid():
            continue  # a forked child has the parent's writers, but not their threads
        try:
            writer.close()
        except Exception as error:  # noqa: BLE001 - the interpreter is going down: say it, and go on with the others
            exported("logging.error")("Closing the event file in %s: %s", writer.get_logdir(), error)


atexit.register(_close_all)
summary_writers.makers[:] = [EventFileWriter]
