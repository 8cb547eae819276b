"""Processes that `multiprocessing` starts afresh redirect their imports too.

A child of the methods `spawn` and `forkserver` reads a dictionary from its parent before it imports the parent's
`__main__`. An object in that dictionary installs the redirection when it is unpickled. A forked child has it already.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing import spawn
from typing import Any

from onevar.migrate import redirect
from onevar.migrate.program import Program

_installed: list[Program] = []


class _Install:
    """Installs the redirection where it is unpickled."""

    def __init__(self, program: Program):
        self.program = program

    def __reduce__(self) -> tuple[Callable[[Program], None], tuple[Program]]:
        return _in_child, (self.program,)


def install(program: Program) -> None:
    """Let the processes that this one starts redirect the imports of `program` as well."""
    _installed[:] = [program]
    if spawn.get_preparation_data is not _preparation_data:
        spawn.get_preparation_data = _preparation_data
    # By default a fork server imports `__main__` on its own, before it reads anything from us.
    multiprocessing.set_forkserver_preload([])


_real = spawn.get_preparation_data


def _preparation_data(name: str) -> dict[str, Any]:
    return {**_real(name), "onevar": _Install(_installed[0])}


def _in_child(program: Program) -> None:
    redirect.install(program)
    install(program)
