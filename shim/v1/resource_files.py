"""`tf.resource_loader`: files beside the program's own."""

import os
import sys
from typing import Any

from onevar.v1.export import export


def _folder_of_caller(depth: int = 2) -> str:
    return os.path.dirname(os.path.abspath(sys._getframe(depth).f_code.co_filename))


@export("resource_loader.get_data_files_path")
def get_data_files_path() -> str:
    """Return the folder of the file that calls."""
    return _folder_of_caller()


@export("resource_loader.get_path_to_datafile")
def get_path_to_datafile(path: str) -> str:
    """Return the path of a file beside the one that calls.

    Args:
        path: Relative to that.
    """
    return os.path.join(_folder_of_caller(), path)


@export("resource_loader.get_root_dir_with_all_resources")
def get_root_dir_with_all_resources() -> str:
    """Return the folder of the file that calls."""
    return _folder_of_caller()


@export("resource_loader.load_resource")
def load_resource(path: str) -> bytes:
    """Return the contents of a file beside the one that calls.

    Args:
        path: Relative to that.

    Raises:
        OSError: It cannot be read.
    """
    with open(os.path.join(_folder_of_caller(), path), "rb") as file:
        return file.read()


@export("resource_loader.readahead_file_path")
def readahead_file_path(path: Any, readahead: str = "128M") -> Any:
    """Return the path as it is.

    Args:
        path: A path.
        readahead: Accepted, and means nothing.
    """
    return path
