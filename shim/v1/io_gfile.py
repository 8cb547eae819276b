"""`tf.io.gfile`: the functions of `tf.gfile` under their newer names and argument names."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from onevar.v1 import file_io
from onevar.v1.export import export


@export("io.gfile.copy")
def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file; see `tf.gfile.Copy`."""
    file_io.copy(src, dst, overwrite)


@export("io.gfile.exists")
def exists(path: Any) -> bool:
    """Whether there is a file or folder of that name."""
    return file_io.exists(path)


@export("io.gfile.get_registered_schemes")
def get_registered_schemes() -> list[str]:
    """Return what may stand before `://` in a path."""
    return ["file", ""]


@export("io.gfile.glob")
def glob(pattern: Any) -> list[str]:
    """Return the paths that match; see `tf.gfile.Glob`."""
    return file_io.glob(pattern)


@export("io.gfile.isdir")
def isdir(path: Any) -> bool:
    """Whether there is a folder of that name."""
    return file_io.is_directory(path)


@export("io.gfile.join")
def join(path: Any, *paths: Any) -> Any:
    """Return the paths joined, as `os.path.join` does."""
    return os.path.join(path, *paths)


@export("io.gfile.listdir")
def listdir(path: Any) -> list[str]:
    """Return the names in a folder."""
    return file_io.list_directory(path)


@export("io.gfile.makedirs")
def makedirs(path: Any) -> None:
    """Make a folder, and those above it."""
    file_io.make_dirs(path)


@export("io.gfile.mkdir")
def mkdir(path: Any) -> None:
    """Make a folder, whose parent is there."""
    file_io.mkdir(path)


@export("io.gfile.remove")
def remove(path: Any) -> None:
    """Delete a file."""
    file_io.remove(path)


@export("io.gfile.rename")
def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Rename or move a file or folder."""
    file_io.rename(src, dst, overwrite)


@export("io.gfile.rmtree")
def rmtree(path: Any) -> None:
    """Delete a folder and everything in it."""
    file_io.delete_recursively(path)


@export("io.gfile.stat")
def stat(path: Any) -> file_io.FileStatistics:
    """Return size, time of the last change, and whether it is a folder."""
    return file_io.stat(path)


@export("io.gfile.walk")
def walk(
    top: Any, topdown: bool = True, onerror: Callable[[Any], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each folder below `top` with the names of its folders and files; `onerror` gets what goes wrong."""
    yield from os.walk(file_io.local_path(top), topdown=topdown, onerror=onerror)
