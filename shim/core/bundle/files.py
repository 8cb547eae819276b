"""The files of a checkpoint: their names, reading from them, and replacing them so that none is ever half there."""

import errno
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import BinaryIO

import numpy as np

from onevar.core.bundle.checksum import CHUNK, extend
from onevar.core.bundle.wire import Malformed
from onevar.core.op_errors import (
    FailedPreconditionError,
    NotFoundError,
    OpError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnknownError,
)

try:
    import fcntl
except ImportError:  # Windows: no locks, so no leftovers are swept and no two processes may save to one prefix.
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = re.compile(r"\.onevar-(?P<host>.*)-[0-9a-f]{16}\.tmp")
#: Smaller than a chunk of a tensor, which then goes to the system without another copy.
_BUFFER = 1 << 16
#: Seconds after which the leftover of another machine is taken for one.
_OLD = 24 * 3600
#: (class, what to do) for what the operating system says.
_ERRNO = {
    errno.ENOSPC: (ResourceExhaustedError, "The disk is full; free some space"),
    errno.EDQUOT: (ResourceExhaustedError, "The disk quota is used up; free some space"),
    errno.EFBIG: (ResourceExhaustedError, "The file is too large for this file system or limit"),
    errno.EACCES: (PermissionDeniedError, "Choose a folder that this user may write to"),
    errno.EPERM: (PermissionDeniedError, "Choose a folder that this user may write to"),
    errno.EROFS: (PermissionDeniedError, "The file system is read-only; choose another folder"),
    errno.ENOENT: (NotFoundError, "Make the folder first"),
    errno.ENOTDIR: (FailedPreconditionError, "What should be a folder is a file"),
}


def index_name(prefix: str) -> str:
    """Return the path of a checkpoint's index."""
    return prefix + ".index"


def data_name(prefix: str, shard: int, shards: int) -> str:
    """Return the path of one of a checkpoint's data files."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


def folder_of(path: str) -> str:
    """Return the folder that a path is in."""
    return os.path.dirname(path) or "."


def data_files(prefix: str) -> list[str]:
    """Return the paths of all data files under a prefix, as `data_name` has them, in the index or not."""
    base = os.path.basename(prefix)
    name = re.compile(re.escape(base) + r"(\.data-\d{5}-of-\d{5})")
    with os.scandir(folder_of(prefix)) as found:
        return sorted(prefix + match[1] for entry in found if (match := name.fullmatch(entry.name)))


class Source:
    """A file that is read in places, by several threads if need be.

    Args:
        path: Of the file, which stays open until `close`.
    """

    def __init__(self, path: str):
        self.path = path
        self._lock = Lock()
        self._file: BinaryIO = open(path, "rb", buffering=0)  # noqa: SIM115 - closed by close()
        self._status = os.fstat(self._file.fileno())

    @property
    def size(self) -> int:
        """The file's size in bytes when it was opened."""
        return self._status.st_size

    def is_current(self) -> bool:
        """Return whether the path still leads to this file."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        then = self._status
        return (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns) == (
            then.st_dev,
            then.st_ino,
            then.st_size,
            then.st_mtime_ns,
        )

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`; raises `Malformed` if the file has them not."""
        out = np.empty(size, np.uint8)
        self._fill(out, offset)
        return out.tobytes()

    def read_into(self, out: np.ndarray, offset: int, crc: int = 0) -> int:
        """Fill `out`, an array of `uint8` in one piece, and return `crc` extended by what was read."""
        for at in range(0, out.size, CHUNK):
            chunk = out[at : at + CHUNK]
            self._fill(chunk, offset + at)
            crc = extend(crc, chunk)
        return crc

    def skim(self, offset: int, size: int, crc: int = 0) -> int:
        """Return `crc` extended by bytes that are not kept."""
        scratch = np.empty(min(size, CHUNK), np.uint8)
        for at in range(0, size, CHUNK):
            crc = self.read_into(scratch[: size - at], offset + at, crc)
        return crc

    def _fill(self, out: np.ndarray, offset: int) -> None:
        view = memoryview(out)  # type: ignore[arg-type]
        while view:
            with self._lock:
                self._file.seek(offset)
                got = self._file.readinto(view)  # type: ignore[attr-defined]
            if not got:
                raise Malformed(f"the file ends at {offset}, while it is being read")
            offset += got
            view = view[got:]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Temporary:
    """A file that becomes another one by `rename`, or is removed.

    It is locked while this process lives, which tells it from what a killed process left behind. Make it
    while the folder is `locked`, as whoever sweeps has it: else it may be swept before it has its own lock.

    Args:
        folder: Where it will be; it must be that of the file that it becomes.
    """

    def __init__(self, folder: str):
        self.path: str | None = os.path.join(folder, f".onevar-{socket.gethostname()}-{secrets.token_hex(8)}.tmp")
        self.file: BinaryIO = open(self.path, "xb", buffering=_BUFFER)  # noqa: SIM115 - closed by discard()
        _try_lock(self.file.fileno())

    def sync(self) -> None:
        """Have what was written reach the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def rename(self, path: str) -> None:
        """Become `path`, which is replaced."""
        assert self.path is not None
        if os.name != "posix":
            self.file.close()  # Elsewhere an open file cannot be renamed.
        os.replace(self.path, path)
        self.path = None

    def discard(self) -> None:
        """Close the file and remove it, unless it was renamed."""
        with suppress(OSError):  # What could not be written is given up: the error that led here is under way.
            self.file.close()
        if self.path is not None:
            with suppress(OSError):
                os.unlink(self.path)
            self.path = None


def replace(path: str, data: bytes) -> None:
    """Make `data` the content of `path`; at no time is the file half written, or gone. The folder is `locked`.

    Raises:
        OSError: It could not; the file is as it was.
    """
    temporary = Temporary(folder_of(path))
    try:
        temporary.file.write(data)
        temporary.sync()
        temporary.rename(path)
    finally:
        temporary.discard()
    sync_folder(path)


def sync_folder(path: str) -> None:
    """Have the names in the folder of `path` reach the disk, where the system can do that."""
    if os.name != "posix":
        return
    folder = os.open(folder_of(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        # Some network file systems keep names in order by themselves and say EINVAL.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        with suppress(OSError):  # Nothing was written through it.
            os.close(folder)


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Keep other writers, in this process or others, from changing which files belong together in a folder."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # A file system without locks: one writer at a time is the user's to see to.
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        with suppress(OSError):
            # Said, because closing is not enough: a child that was forked meanwhile has the handle too.
            fcntl.flock(handle, fcntl.LOCK_UN)
        with suppress(OSError):  # Nothing was written through it.
            os.close(handle)


def sweep(folder: str) -> None:
    """Remove the temporary files of writers that were killed. The folder is `locked`."""
    if fcntl is None:
        return
    with os.scandir(folder) as found:
        leftovers = [(entry, match["host"]) for entry in found if (match := _TEMPORARY.fullmatch(entry.name))]
    for entry, host in leftovers:
        with suppress(OSError):  # Somebody else's, or gone already.
            if host == socket.gethostname() or time.time() - entry.stat().st_mtime > _OLD:
                _remove_unless_locked(entry.path)


def _remove_unless_locked(path: str) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        if _try_lock(handle):
            os.unlink(path)
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def failure(error: OSError, what: str) -> OpError:
    """Return TensorFlow's error for one of the operating system's.

    Args:
        error: What the system said.
        what: What could not be done, as a clause that names the file.
    """
    kind, cure = _ERRNO.get(error.errno or 0, (UnknownError, "See the system's message"))
    return kind(None, None, f"{what}: {error.strerror or error}. {cure}; what was there before is as it was.")
