"""Runs that the host does every time: what prepares examples for a queue comes from the host and goes there."""

from typing import Any

import numpy as np

from onevar.core.frame import Frame, run_steps
from onevar.core.operation import Operation
from onevar.errors import Unsupported

#: Elements of variables that the host reads in every run without a thought.
_SMALL = 1024


def is_small(storage: Operation) -> bool:
    """Whether the host may read a variable in every run: a counter, a few names.

    Args:
        storage: The operation that stands for it.
    """
    shape = storage.attrs["shape"].tuple if "shape" in storage.attrs else None
    return shape is not None and None not in shape and int(np.prod(shape)) <= _SMALL


def ran_lightly(executable: Any, frame: Frame) -> bool:
    """Run a plan's steps on the host, and from the first that NumPy lacks on in the framework.

    What a run took from a queue it cannot take again: so it goes on where it is.

    Args:
        executable: The plan in its Session.
        frame: The values so far; it has all values afterwards.

    Returns:
        Whether NumPy could do it all.
    """
    remaining = list(executable.plan.steps)
    with executable.adapter.computing(), executable.reading(True):
        remaining = _after_host(frame, remaining)
    if not remaining:
        return True
    after = Frame(executable.store, executable.plan.size, constants=executable.constants)
    after.env = frame.env
    with executable.adapter.computing(), executable.reading(False):
        run_steps(after, remaining)
    return False


def _after_host(frame: Frame, steps: list[Any]) -> list[Any]:
    """Run steps on the host; return those that are left from the first on that NumPy lacks."""
    for at in range(len(steps)):
        try:
            run_steps(frame, steps[at : at + 1])
        except Unsupported:
            return steps[at:]
    return []
