"""`tf.gfile` and `tf.io.gfile`: files and folders, with TensorFlow's errors.

Paths are local; `file://` may stand before them. Other schemes (`gs://`, `s3://`, `hdfs://`) are an
`UnimplementedError`.
"""

import errno
import fnmatch
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

from onevar.core import op_errors
from onevar.v1.export import export

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_READS = ("r", "r+", "a+", "w+")
_WRITES = ("w", "a", "r+", "a+", "w+")
_ERRORS: dict[int, Callable[[Any, Any, str], op_errors.OpError]] = {
    errno.ENOENT: op_errors.NotFoundError,
    errno.EEXIST: op_errors.AlreadyExistsError,
    errno.EISDIR: op_errors.FailedPreconditionError,
    errno.ENOTDIR: op_errors.FailedPreconditionError,
    errno.ENOTEMPTY: op_errors.FailedPreconditionError,
    errno.EACCES: op_errors.PermissionDeniedError,
    errno.EPERM: op_errors.PermissionDeniedError,
    errno.EROFS: op_errors.PermissionDeniedError,
    errno.EINVAL: op_errors.InvalidArgumentError,
    errno.ENOSPC: op_errors.ResourceExhaustedError,
    errno.EMFILE: op_errors.ResourceExhaustedError,
}


class FileStatistics(NamedTuple):
    """What `Stat` returns: `length` in bytes, `mtime_nsec` in nanoseconds, `is_directory`."""

    length: int
    mtime_nsec: int
    is_directory: bool


def local_path(path: Any) -> str:
    """Return the path on this machine.

    Args:
        path: Text, bytes, or a `PathLike`; `file://` may stand before it.

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


@contextmanager
def errors_of(path: str) -> Iterator[None]:
    """Turn the operating system's errors into TensorFlow's."""
    try:
        yield
    except OSError as error:
        kind = _ERRORS.get(error.errno or 0, op_errors.UnknownError)
        message = f"{path}; {error.strerror}"
        raise kind(None, None, message) from None


@export("gfile.GFile", "gfile.Open", "io.gfile.GFile")
class GFile:
    """A file, opened for reading when it is first read from, and for writing when it is first written to.

    Args:
        name: Its path.
        mode: `r`, `w`, `a`, `r+`, `w+` or `a+`; with `b`, reading gives bytes.

    Raises:
        InvalidArgumentError: The mode is none of these.
    """

    def __init__(self, name: Any, mode: str = "r"):
        self._name, self._mode, self._binary = name, mode, "b" in mode
        self._kind = mode.replace("b", "")
        if self._kind not in {*_READS, *_WRITES}:
            message = "mode is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+'"
            raise op_errors.InvalidArgumentError(None, None, message)
        self._reader: IO[bytes] | None = None
        self._writer: IO[bytes] | None = None

    @property
    def name(self) -> Any:
        """The path, as it was given."""
        return self._name

    @property
    def mode(self) -> str:
        """The mode, as it was given."""
        return self._mode

    def _reading(self) -> IO[bytes]:
        if self._reader is None:
            if self._kind not in _READS:
                raise op_errors.PermissionDeniedError(None, None, "File isn't open for reading")
            path = local_path(self._name)
            with errors_of(path):
                self._reader = open(path, "rb")  # noqa: SIM115 - close() closes it
        return self._reader

    def _writing(self) -> IO[bytes]:
        if self._writer is None:
            if self._kind not in _WRITES:
                raise op_errors.PermissionDeniedError(None, None, "File isn't open for writing")
            path, mode = local_path(self._name), "ab" if self._kind[0] == "a" else "wb"
            with errors_of(path):
                self._writer = open(path, mode)  # noqa: SIM115
        return self._writer

    def _text(self, data: bytes) -> Any:
        return data if self._binary else data.decode("utf-8")

    def read(self, n: int = -1) -> Any:
        """Return `n` bytes, decoded unless the mode has `b`; all that is left by default.

        Raises:
            InvalidArgumentError: `n` is negative, and not -1.
        """
        reader = self._reading()
        if n < -1:
            raise op_errors.InvalidArgumentError(None, None, f"Can't read a negative number of bytes: {n}")
        with errors_of(local_path(self._name)):
            return self._text(reader.read(n))

    def readline(self) -> Any:
        """Return the next line with its newline; nothing at the end."""
        return self._text(self._reading().readline())

    def readlines(self) -> list[Any]:
        """Return the lines that are left."""
        return [self._text(line) for line in self._reading()]

    def __iter__(self) -> "GFile":
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def next(self) -> Any:
        """Return the next line, as `next(file)` does."""
        return self.__next__()

    def write(self, file_content: Any) -> None:
        """Write text, in UTF-8, or bytes.

        Raises:
            TypeError: It is neither.
        """
        writer = self._writing()
        if isinstance(file_content, str):
            file_content = file_content.encode("utf-8")
        elif not isinstance(file_content, bytes | bytearray | memoryview):
            raise TypeError(f"Expected binary or unicode string, got {file_content!r}")
        with errors_of(local_path(self._name)):
            writer.write(file_content)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Go to a place in what is read.

        Args:
            offset: In bytes.
            whence: From the start (0), from here (1) or from the end (2).
            position: The old name of `offset`.

        Raises:
            TypeError: No offset is given.
            InvalidArgumentError: `whence` is something else.
        """
        reader = self._reading()
        offset = position if offset is None else offset
        if offset is None:
            raise TypeError("seek(): offset argument required")
        if whence not in (0, 1, 2):
            message = f"Invalid whence argument: {whence}. Valid values are 0, 1, or 2."
            raise op_errors.InvalidArgumentError(None, None, message)
        with errors_of(local_path(self._name)):
            reader.seek(offset, whence)

    def seekable(self) -> bool:
        """Whether `seek` works: it does."""
        return True

    def tell(self) -> int:
        """Return the place in what is read, or in what is written if the file is only written."""
        return self._reading().tell() if self._kind in _READS else self._writing().tell()

    def size(self) -> int:
        """Return the size in bytes."""
        return stat(self._name).length

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        if self._writer is not None:
            with errors_of(local_path(self._name)):
                self._writer.flush()

    def close(self) -> None:
        """Close the file. It opens again when it is used again."""
        reader, writer, self._reader, self._writer = self._reader, self._writer, None, None
        if reader is None and writer is None:
            return
        with errors_of(local_path(self._name)):
            if writer is not None:
                writer.close()
            if reader is not None:
                reader.close()

    def __enter__(self) -> "GFile":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


@export("gfile.FastGFile")
class FastGFile(GFile):
    """The old name of `GFile`."""


def _missing(path: str) -> op_errors.OpError:
    return op_errors.NotFoundError(None, None, f"{path}; No such file or directory")


@export("gfile.Exists")
def exists(filename: Any) -> bool:
    """Whether there is a file or folder of that name."""
    return os.path.exists(local_path(filename))


@export("gfile.IsDirectory")
def is_directory(dirname: Any) -> bool:
    """Whether there is a folder of that name."""
    return os.path.isdir(local_path(dirname))


@export("gfile.Stat")
def stat(filename: Any) -> FileStatistics:
    """Return size, time of the last change, and whether it is a folder.

    Raises:
        NotFoundError: It is not there.
    """
    path = local_path(filename)
    with errors_of(path):
        found = os.stat(path)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))


@export("gfile.ListDirectory")
def list_directory(dirname: Any) -> list[str]:
    """Return the names in a folder, in no order.

    Raises:
        NotFoundError: It is not a folder.
    """
    path = local_path(dirname)
    if not os.path.isdir(path):
        raise op_errors.NotFoundError(None, None, f"Could not find directory {os.fsdecode(dirname)}")
    with errors_of(path):
        return os.listdir(path)


@export("gfile.Glob")
def glob(filename: Any) -> list[str]:
    """Return the paths that match a pattern, or any of several. `*` and `?` do not match a slash.

    Args:
        filename: A pattern, or a list of them.
    """
    patterns = filename if isinstance(filename, list | tuple) else [filename]
    return [path for pattern in patterns for path in _matches(os.fsdecode(pattern))]


def _matches(pattern: str) -> list[str]:
    folder, name = os.path.split(local_path(pattern))
    if not name:
        return [pattern] if os.path.isdir(folder) else []
    folders = _matches(folder) if re.search(r"[*?\[\\]", folder) else [folder]
    found = []
    for one in folders:
        if not re.search(r"[*?\[\\]", name):
            found += [os.path.join(one, name)] if os.path.lexists(os.path.join(one, name)) else []
        elif os.path.isdir(one or "."):
            # TensorFlow names what is in the working directory with `./` before it.
            found += [os.path.join(one or ".", n) for n in os.listdir(one or ".") if fnmatch.fnmatchcase(n, name)]
    return found


@export("gfile.MkDir")
def mkdir(dirname: Any) -> None:
    """Make a folder, whose parent is there.

    Raises:
        NotFoundError: The parent is not.
    """
    path = local_path(dirname)
    if not os.path.isdir(path):
        with errors_of(path):
            os.mkdir(path)


@export("gfile.MakeDirs")
def make_dirs(dirname: Any) -> None:
    """Make a folder, and those above it; nothing happens if it is there.

    Raises:
        FailedPreconditionError: There is a file in the way.
    """
    path = local_path(dirname)
    above = path
    while above and not os.path.exists(above):
        above = os.path.dirname(above)
    if above and not os.path.isdir(above):
        raise op_errors.FailedPreconditionError(None, None, f"{above} is not a directory")
    if path:
        with errors_of(path):
            os.makedirs(path, exist_ok=True)


@export("gfile.Remove")
def remove(filename: Any) -> None:
    """Delete a file.

    Raises:
        NotFoundError: It is not there.
        FailedPreconditionError: It is a folder.
    """
    path = local_path(filename)
    with errors_of(path):
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        os.remove(path)


@export("gfile.DeleteRecursively")
def delete_recursively(dirname: Any) -> None:
    """Delete a folder and everything in it.

    Raises:
        NotFoundError: It is not there.
    """
    path = local_path(dirname)
    if not os.path.lexists(path):
        raise op_errors.NotFoundError(None, None, f"{path} not found")
    with errors_of(path):
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def refuse_overwrite(path: str, overwrite: bool) -> None:
    """Raise AlreadyExistsError if the target of a copy is there and was not to be replaced."""
    if not overwrite and os.path.exists(path):
        raise op_errors.AlreadyExistsError(None, None, "file already exists")


@export("gfile.Copy")
def copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copy a file.

    Raises:
        AlreadyExistsError: There is one already.
        NotFoundError: There is none to copy.
    """
    source, target = local_path(oldpath), local_path(newpath)
    with errors_of(source):
        if os.path.isdir(source):
            raise op_errors.InvalidArgumentError(None, None, f"{target}; Invalid argument")
        if not os.path.exists(source):
            raise _missing(source)
        refuse_overwrite(target, overwrite)
        shutil.copyfile(source, target)


@export("gfile.Rename")
def rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Rename or move a file or folder.

    Raises:
        AlreadyExistsError: There is one of the new name already.
        NotFoundError: There is none of the old name.
    """
    source, target = local_path(oldname), local_path(newname)
    refuse_overwrite(target, overwrite)
    with errors_of(source):
        os.replace(source, target)


@export("gfile.Walk")
def walk(top: Any, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each folder below `top` with the names of its folders and files.

    Args:
        top: The folder to start from; nothing is yielded if it is none.
        in_order: Whether a folder comes before those in it, or after.
    """
    yield from os.walk(local_path(top), topdown=in_order)
