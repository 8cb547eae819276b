"""Files that are replaced whole or not at all."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from onevar.core.bundle.files import Temporary, failure, folder_of, locked, sweep, sync_folder
from onevar.migrate.convert.spec import Spec

Read = Callable[[str], np.ndarray]
Specs = Mapping[str, Spec]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of an empty file that becomes `path` if the block ends well, and vanishes if not.

    Args:
        path: Of the file to be; its folder must be there.

    Raises:
        OSError: It could not be written; what was there before is as it was.
    """
    wanted = os.fspath(path)
    try:
        with locked(folder_of(wanted)):
            sweep(folder_of(wanted))
            temporary = Temporary(folder_of(wanted))
        try:
            assert temporary.path is not None
            yield Path(temporary.path)
            _sync(temporary.path)
            temporary.rename(wanted)
        finally:
            temporary.discard()
        sync_folder(wanted)
    except OSError as error:
        said = str(failure(error, f"{wanted} could not be written").message)
        raise type(error)(error.errno, said) from error


def _sync(path: str) -> None:
    """Have a file that somebody else wrote reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        with suppress(OSError):  # Nothing was written through it.
            os.close(handle)
