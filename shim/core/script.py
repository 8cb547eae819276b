"""Python functions that operations of a graph call: `tf.py_func`."""

import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Any


class Script:
    """A function that an operation calls, found by a token because attributes of operations are plain data.

    Args:
        function: Called with arrays.

    Attributes:
        function: As given.
        token: Its name.
    """

    __slots__ = ("__weakref__", "function", "token")

    def __init__(self, function: Callable[..., Any]):
        self.function = function
        with _lock:
            self.token = f"pyfunc_{next(_numbers)}"
            _scripts[self.token] = self


_lock = threading.Lock()
_numbers = itertools.count()
# The operations hold their scripts; with the graph they go.
_scripts: weakref.WeakValueDictionary[str, Script] = weakref.WeakValueDictionary()


def script_of(token: str) -> Script | None:
    """Return the script of a token, or None if its graph is gone.

    Args:
        token: As an operation holds it.
    """
    return _scripts.get(token)
