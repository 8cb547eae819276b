"""Makes one checkpoint of several, such as those that the devices of a sharded save wrote each on its own."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from onevar.core.bundle.checkpoint_state import remove_checkpoint
from onevar.core.bundle.files import folder_of
from onevar.core.bundle.reader import Reader
from onevar.core.bundle.slices import grouped
from onevar.core.bundle.writer import write
from onevar.core.op_errors import InvalidArgumentError


def merge(
    prefixes: Sequence[str | os.PathLike[str]], destination: str | os.PathLike[str], delete_old_dirs: bool = False
) -> None:
    """Write one checkpoint with all tensors of several; pieces of one tensor may come from any of them.

    Every checksum is verified on the way; one tensor is in memory at a time.

    Args:
        prefixes: Of the checkpoints; a tensor that is not in pieces is in one of them only.
        destination: The prefix of the new one, which is replaced as `write` does.
        delete_old_dirs: Remove the old checkpoints afterwards, and their folders where nothing else is in them.

    Raises:
        InvalidArgumentError: There are no prefixes; a tensor is in two of them; pieces overlap.
        OpError: What `Reader` and `write` raise.
    """
    names = [os.fspath(prefix) for prefix in prefixes]
    if not names:
        raise InvalidArgumentError(None, None, f"No checkpoints to merge into {os.fspath(destination)}.")
    with ExitStack() as stack:
        write(destination, _Merged([stack.enter_context(Reader(name)) for name in names]))
    if delete_old_dirs:
        for name in names:
            if os.path.abspath(name) != os.path.abspath(destination):
                remove_checkpoint(name)
                with suppress(OSError):  # Something else is in it.
                    os.rmdir(folder_of(name))


class _Merged(Mapping[str, Any]):
    """The tensors of several checkpoints, read when they are asked for."""

    def __init__(self, readers: list[Reader]):
        self._where: dict[str, list[Reader]] = {}
        for reader in readers:
            for name in reader:
                self._where.setdefault(name, []).append(reader)

    def __getitem__(self, name: str) -> Any:
        found = [(spec, reader) for reader in self._where[name] for spec in reader.slices(name) or [""]]
        specs = [spec for spec, _ in found]
        return grouped([name] * len(found), specs, (reader.read(name, spec) for spec, reader in found))[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)
