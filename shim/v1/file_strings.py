"""`tensorflow.python.lib.io.file_io`: what of it is not in `tf.gfile` under another name."""

import binascii
import os
import uuid
from typing import Any

from onevar.core import op_errors
from onevar.v1 import file_io
from onevar.v1.export import export

_BLOCK = 16 * 1024 * 1024
_MODULE = "python.lib.io.file_io"


@export(f"{_MODULE}.FileIO")
class FileIO(file_io.GFile):
    """A file, opened when it is first read from or written to.

    Args:
        name: Its path.
        mode: `r`, `w`, `a`, `r+`, `w+` or `a+`; with `b`, reading gives bytes.
        encoding: Of text.

    Raises:
        InvalidArgumentError: The mode is none of these.
    """

    def __init__(self, name: Any, mode: str, encoding: str = "utf-8"):
        super().__init__(name, mode)
        self._encoding = encoding

    def _text(self, data: bytes) -> Any:
        return data if self._binary else data.decode(self._encoding)

    def write(self, file_content: Any) -> None:
        """Write text or bytes.

        Args:
            file_content: The text or the bytes.

        Raises:
            TypeError: It is neither.
        """
        super().write(file_content.encode(self._encoding) if isinstance(file_content, str) else file_content)


@export(f"{_MODULE}.read_file_to_string")
def read_file_to_string(filename: Any, binary_mode: bool = False) -> Any:
    """Return what is in a file.

    Args:
        filename: Its path.
        binary_mode: Whether as bytes.

    Raises:
        NotFoundError: It is not there.
    """
    with FileIO(filename, "rb" if binary_mode else "r") as file:
        return file.read()


@export(f"{_MODULE}.write_string_to_file")
def write_string_to_file(filename: Any, file_content: Any) -> None:
    """Write a file.

    Args:
        filename: Its path.
        file_content: Text or bytes.
    """
    with FileIO(filename, "w") as file:
        file.write(file_content)


@export(f"{_MODULE}.atomic_write_string_to_file")
def atomic_write_string_to_file(filename: Any, contents: Any, overwrite: bool = True) -> None:
    """Write a file at once: it is there whole, or as it was.

    Args:
        filename: Its path.
        contents: Text or bytes.
        overwrite: Whether it may be there already.

    Raises:
        AlreadyExistsError: It may not, and is.
    """
    temporary = f"{os.fsdecode(filename)}.tmp{uuid.uuid4().hex}"
    write_string_to_file(temporary, contents)
    try:
        file_io.rename(temporary, filename, overwrite)
    except op_errors.OpError:
        file_io.remove(temporary)
        raise


@export(f"{_MODULE}.has_atomic_move")
def has_atomic_move(path: Any) -> bool:
    """Whether a file there is renamed at once: it is.

    Args:
        path: A path on this machine.
    """
    file_io.local_path(path)
    return True


@export(f"{_MODULE}.filecmp")
def filecmp(filename_a: Any, filename_b: Any) -> bool:
    """Whether two files hold the same.

    Args:
        filename_a: One.
        filename_b: The other.
    """
    if file_io.stat(filename_a).length != file_io.stat(filename_b).length:
        return False
    with FileIO(filename_a, "rb") as one, FileIO(filename_b, "rb") as other:
        while True:
            block = one.read(_BLOCK)
            if block != other.read(_BLOCK):
                return False
            if not block:
                return True


@export(f"{_MODULE}.file_crc32")
def file_crc32(filename: Any, block_size: int = _BLOCK) -> str:
    """Return the CRC-32 of a file's contents, in hexadecimal.

    Args:
        filename: Its path.
        block_size: How much is read at once.
    """
    checksum = 0
    with FileIO(filename, "rb") as file:
        while block := file.read(block_size):
            checksum = binascii.crc32(block, checksum)
    return hex(checksum & 0xFFFFFFFF)
