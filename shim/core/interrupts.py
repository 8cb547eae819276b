"""Ctrl-C in a step: it is heard when the step is done, as in TensorFlow, whose steps are not Python.

A compiled step takes the variables over and gives new ones back; an exception in between would leave the Session
without them, and a program that saves its variables on `KeyboardInterrupt` with nothing to save. Whoever presses Ctrl-C
a second time in the same step is heard at once.
"""

import signal
from importlib import import_module
from threading import get_ident, main_thread
from types import FrameType
from typing import Any

# Handlers are found and set a million times; the functions of the module make enumerations of what these return.
_plain: Any = import_module("_signal")
_get, _set = _plain.getsignal, _plain.signal
_SIGNALS = (int(signal.SIGINT), int(signal.SIGTERM))
# Python runs handlers in this thread alone.
_MAIN = main_thread().ident


class _Whole:
    """A context manager inside which handlers wait.

    A signal may come between any two lines here, too: a handler that stays in place too long calls the program's.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._handlers: dict[int, Any] = {}
        self._heard: list[tuple[int, FrameType | None]] = []

    def __enter__(self) -> None:
        if get_ident() != _MAIN:
            return
        if not self._depth:
            for number in _SIGNALS:
                handler = _get(number)
                if callable(handler) and handler != self._hear:
                    self._handlers[number] = handler
                    _set(number, self._hear)
        self._depth += 1

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._depth and not any(number == heard for heard, _ in self._heard):
            self._heard.append((number, frame))
        else:
            self._handlers[number](number, frame)

    def __exit__(self, *error: object) -> None:
        if get_ident() != _MAIN:
            return
        self._depth -= 1
        if self._depth:
            return
        for number, handler in self._handlers.items():
            # A program may have set another one meanwhile.
            if _get(number) == self._hear:
                _set(number, handler)
        if self._heard:
            heard, self._heard = self._heard, []
            for number, frame in heard:
                self._handlers[number](number, frame)


#: `with WHOLE:` around what must not be left half done.
WHOLE = _Whole()
