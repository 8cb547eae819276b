"""Whether calls build a graph or compute at once, and which graph and session are the default, per thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any


class _ThreadState(local):
    """What every thread has for itself; TensorFlow's default stacks are thread-local too."""

    def __init__(self) -> None:
        self.graphs: list[Any] = []
        self.sessions: list[Any] = []
        self.eager: bool | None = None


THREAD = _ThreadState()
# `tf.enable_eager_execution()` is for the process.
_eager_by_default = False


def executing_eagerly() -> bool:
    """Return whether calls compute at once in this thread; a graph that is a default one says no."""
    if THREAD.eager is not None:
        return THREAD.eager
    return _eager_by_default and not THREAD.graphs


def set_eager_by_default(eager: bool) -> None:
    """Make eager execution what the process does outside of graphs, or take that back."""
    global _eager_by_default
    _eager_by_default = eager


@contextmanager
def eager_mode() -> Iterator[None]:
    """Compute at once inside the `with` block, in this thread."""
    before = THREAD.eager
    THREAD.eager = True
    try:
        yield
    finally:
        THREAD.eager = before
