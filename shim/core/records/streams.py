"""Bytes of a file, compressed or not, one after the other, with TensorFlow's errors."""

import errno
import os
import re
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from onevar.core import op_errors

#: What TensorFlow reads at a time.
BUFFER = 256 * 1024
_GZIP_WINDOW = 16
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_ERRORS: dict[int, Callable[[Any, Any, str], op_errors.OpError]] = {
    errno.ENOENT: op_errors.NotFoundError,
    errno.EEXIST: op_errors.AlreadyExistsError,
    errno.EISDIR: op_errors.FailedPreconditionError,
    errno.ENOTDIR: op_errors.FailedPreconditionError,
    errno.EACCES: op_errors.PermissionDeniedError,
    errno.EPERM: op_errors.PermissionDeniedError,
    errno.EROFS: op_errors.PermissionDeniedError,
    errno.EINVAL: op_errors.InvalidArgumentError,
    errno.ENOSPC: op_errors.ResourceExhaustedError,
    errno.EDQUOT: op_errors.ResourceExhaustedError,
    errno.EFBIG: op_errors.ResourceExhaustedError,
    errno.EMFILE: op_errors.ResourceExhaustedError,
}


def failure(path: str, error: OSError) -> op_errors.OpError:
    """Return TensorFlow's error for one of the operating system's.

    Args:
        path: Of the file.
        error: What the system said.
    """
    kind = _ERRORS.get(error.errno or 0, op_errors.UnknownError)
    return kind(None, None, f"{path}; {error.strerror or error}")


def local_path(path: Any) -> str:
    """Return the path on this machine.

    Args:
        path: Text, bytes or a `PathLike`; `file://` may stand before it.

    Raises:
        UnimplementedError: It is on a file system that only TensorFlow reaches.
    """
    text = os.fsdecode(path)
    scheme = _SCHEME.match(text)
    if scheme is None:
        return text
    if scheme[1].lower() == "file":
        return text[scheme.end() :]
    raise op_errors.UnimplementedError(None, None, f"File system scheme '{scheme[1]}' not implemented (file: '{text}')")


def read_file(path: Any) -> bytes:
    """Return all bytes of a file.

    Args:
        path: Of the file.

    Raises:
        OpError: It cannot be read; `NotFoundError` if it is not there.
    """
    name = local_path(path)
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise failure(name, error) from None


class Plain:
    """A file as it is.

    Args:
        path: Of the file.
        buffer_size: How much is read ahead, in bytes.

    Raises:
        OpError: It cannot be opened; `NotFoundError` if it is not there.
    """

    def __init__(self, path: str, buffer_size: int = BUFFER):
        self.path = path
        try:
            self._file: BinaryIO = open(path, "rb", buffering=max(buffer_size, 2))  # noqa: SIM115 - see close()
        except OSError as error:
            raise failure(path, error) from None

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, or all that is left.

        Args:
            size: How many; -1 for all.
        """
        try:
            return self._file.read(size)
        except OSError as error:
            raise failure(self.path, error) from None

    def skip(self, size: int) -> None:
        """Step over `size` bytes.

        Args:
            size: How many.
        """
        self.read(size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __del__(self) -> None:
        # A reader that is dropped in the middle of its file leaves nothing open.
        if hasattr(self, "_file"):
            self._file.close()


class Inflated(Plain):
    """What was compressed into a file, by gzip (several pieces one after the other too) or zlib.

    Args:
        path: Of the file.
        window_bits: As zlib counts them; more than 15 is gzip.
        buffer_size: How much is read at a time, in bytes.
    """

    def __init__(self, path: str, window_bits: int, buffer_size: int = BUFFER):
        super().__init__(path, buffer_size)
        self._window, self._chunk = window_bits, max(buffer_size, 2)
        self._inflate = zlib.decompressobj(window_bits)
        self._ready = b""
        self._at = 0
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes of what was compressed, or all that is left.

        Args:
            size: How many; -1 for all.

        Raises:
            DataLossError: It was not compressed in this way.
        """
        if 0 <= size <= len(self._ready) - self._at:
            start, self._at = self._at, self._at + size
            return self._ready[start : self._at]
        parts = [self._ready[self._at :]]
        have = len(parts[0])
        while (size < 0 or have < size) and (more := self._more()):
            parts.append(more)
            have += len(more)
        found = b"".join(parts)
        self._ready, self._at = found, len(found) if size < 0 else min(size, len(found))
        return found[: self._at]

    def _more(self) -> bytes:
        """The next piece, empty at the end."""
        while not self._ended:
            rest = self._inflate.unconsumed_tail
            data = rest or super().read(self._chunk)
            if self._inflate.eof:
                data = self._inflate.unused_data + data
                if self._window <= zlib.MAX_WBITS or not data:
                    self._ended = True
                    break
                self._inflate = zlib.decompressobj(self._window)
            if not data:
                break
            if made := self._decompressed(data):
                return made
        return b""

    def _decompressed(self, data: bytes) -> bytes:
        try:
            return self._inflate.decompress(data, 1 << 20)
        except zlib.error as error:
            # zlib's text: "Error -3 while decompressing data: incorrect header check".
            code, _, reason = str(error).partition(" while decompressing data: ")
            number = code.rpartition(" ")[2]
            raise op_errors.DataLossError(None, None, f"inflate() failed with error {number}: {reason}") from None


def reading(path: Any, compression_type: str = "", buffer_size: int | None = None) -> Plain:
    """Open a file for reading.

    Args:
        path: Of the file.
        compression_type: `""`, `"GZIP"` or `"ZLIB"`.
        buffer_size: How much is read at a time, in bytes; 0 or None for TensorFlow's 256 KiB.

    Returns:
        An object with `read(size)`, `skip(size)` and `close()`.

    Raises:
        InvalidArgumentError: No such compression.
        OpError: The file cannot be opened; `NotFoundError` if it is not there.
    """
    name, size = local_path(path), buffer_size or BUFFER
    if not compression_type:
        return Plain(name, size)
    if compression_type not in ("GZIP", "ZLIB"):
        raise op_errors.InvalidArgumentError(None, None, f"Unsupported compression_type: {compression_type}.")
    window = zlib.MAX_WBITS + (_GZIP_WINDOW if compression_type == "GZIP" else 0)
    return Inflated(name, window, size)
