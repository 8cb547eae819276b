"""Whole files in a graph: `tf.read_file`, `tf.write_file`, `tf.matching_files`."""

from typing import Any

from onevar.core.build import op
from onevar.v1.export import export


@export("io.read_file", "read_file")
def read_file(filename: Any, name: str | None = None) -> Any:
    """Return the contents of a file, when the graph runs.

    Args:
        filename: A scalar string.
        name: Of the operation.
    """
    return op("ReadFile", filename=filename, name=name)


@export("io.write_file", "write_file")
def write_file(filename: Any, contents: Any, name: str | None = None) -> Any:
    """Return an operation that writes a file, and makes the folder for it.

    Args:
        filename: A scalar string.
        contents: A scalar string.
        name: Of the operation.
    """
    return op("WriteFile", filename=filename, contents=contents, name=name)


@export("io.matching_files", "matching_files")
def matching_files(pattern: Any, name: str | None = None) -> Any:
    """Return the names of the files that match, sorted.

    Args:
        pattern: A pattern as the shell's, or a vector of them.
        name: Of the operation.
    """
    return op("MatchingFiles", pattern=pattern, name=name)
