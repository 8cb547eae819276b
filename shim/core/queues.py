"""Queues of one Session: elements that one run puts in and another takes out, in the order of those who wait.

Who cannot go on leaves an attempt behind, and whoever changes the queue works the attempts off, the oldest first: so
a large batch is collected while elements come in, and it does not matter which thread wakes first.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.dtype import as_dtype
from onevar.core.op_errors import CancelledError, InvalidArgumentError, OutOfRangeError
from onevar.core.resources import Resource, current

Element = tuple[np.ndarray, ...]
Shapes = Sequence[tuple[int | None, ...] | None]

_ENQUEUE, _DEQUEUE, _CLOSE = (f"{what} operation was cancelled" for what in ("Enqueue", "Dequeue", "Close"))


class Attempt:
    """What one operation wants of a queue.

    Attributes:
        step: Does what can be done now; returns whether anything was done.
        remaining: How many elements it still wants to put in or take out.
        taken: What it has taken out.
        done: Whether it is finished.
        result: What the operation returns.
        error: What it raises, or None.
    """

    __slots__ = ("done", "error", "remaining", "result", "step", "taken")

    def __init__(self, step: Callable[["Attempt"], bool], remaining: int = 0):
        self.step = step
        self.remaining = remaining
        self.taken: list[Element] = []
        self.done = False
        self.result: Any = ()
        self.error: Exception | None = None

    def finish(self, result: Any = ()) -> bool:
        """It is done; return True."""
        self.done, self.result = True, result
        return True

    def fail(self, error: Exception) -> bool:
        """It cannot be done; return True."""
        self.done, self.error = True, error
        return True


class HostQueue(Resource):
    """A queue, first in, first out.

    Args:
        name: For messages.
        dtypes: Of the components of an element.
        shapes: Of the components, or nothing: any shapes.
        capacity: How many elements it holds; negative: any number.
    """

    kind = "FIFOQueue"

    def __init__(self, name: str, dtypes: Sequence[str], shapes: Shapes, capacity: int):
        super().__init__(name)
        self.dtypes = list(dtypes)
        self.shapes = list(shapes)
        self.capacity = capacity if capacity >= 0 else 2**31 - 1
        self.closed = False
        #: Operations that were found to mean this queue, by a name that they share.
        self.users: set[Any] = set()
        self._enqueuers: deque[Attempt] = deque()
        self._dequeuers: deque[Attempt] = deque()
        self._elements: Any = self._empty()

    # -- the elements: what kinds of queues differ in ------------------------------------------------

    def _empty(self) -> Any:
        return deque()

    def _push(self, element: Element) -> None:
        self._elements.append(element)

    def _pop(self) -> Element:
        return self._elements.popleft()

    def _put_back(self, elements: Sequence[Element]) -> None:
        self._elements.extendleft(reversed(elements))

    def _available(self) -> int:
        """Return how many elements may be taken out now."""
        return len(self._elements)

    def _check_batches(self) -> None:
        if any(shape is None or None in shape for shape in self.shapes) or not self.shapes:
            raise InvalidArgumentError(
                None, None,
                f"{self.kind}'s DequeueMany and DequeueUpTo require the components to have specified shapes.",
            )  # fmt: skip

    def _batch(self, elements: Sequence[Element]) -> list[np.ndarray]:
        return [np.stack(parts) for parts in zip(*elements, strict=True)]

    # -- what operations do --------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._elements)

    def __bool__(self) -> bool:
        return True

    def enqueue(self, components: Sequence[np.ndarray]) -> None:
        """Put one element in; wait while the queue is full.

        Raises:
            CancelledError: The queue, or the Session, was closed.
            InvalidArgumentError: A component has not the queue's shape.
        """
        self._check(components, many=False)
        # What is put in belongs to the queue: arrays may look at the memory of variables.
        element = tuple(np.array(part) for part in components)

        def step(attempt: Attempt) -> bool:
            if self.closed:
                return attempt.fail(self._closed_error())
            if len(self._elements) >= self.capacity:
                return False
            self._push(element)
            return attempt.finish()

        self._carry_out(self._enqueuers, Attempt(step), _ENQUEUE)

    def enqueue_many(self, components: Sequence[np.ndarray]) -> None:
        """Put the rows of arrays in, one after the other; wait while the queue is full.

        Raises:
            CancelledError: The queue, or the Session, was closed.
            InvalidArgumentError: A component has not the queue's shape.
        """
        self._check(components, many=True)
        rows = len(components[0])
        if not rows:
            return

        def step(attempt: Attempt) -> bool:
            if self.closed:
                return attempt.fail(self._closed_error())
            moved = False
            while len(self._elements) < self.capacity:
                at = rows - attempt.remaining
                self._push(tuple(_row(part, at) for part in components))
                attempt.remaining -= 1
                moved = True
                if not attempt.remaining:
                    return attempt.finish()
            return moved

        self._carry_out(self._enqueuers, Attempt(step, rows), _ENQUEUE)

    def dequeue(self) -> Element:
        """Take one element out; wait while there is none.

        Raises:
            CancelledError: The Session was closed.
            OutOfRangeError: The queue is closed and empty.
        """

        def step(attempt: Attempt) -> bool:
            if self.closed and not len(self._elements):
                return attempt.fail(self._insufficient(1))
            if self._available() < 1:
                return False
            return attempt.finish(self._pop())

        return self._carry_out(self._dequeuers, Attempt(step), _DEQUEUE)

    def dequeue_many(self, count: int, small: bool) -> list[np.ndarray]:
        """Take elements out, stacked; wait until there are enough.

        Args:
            count: How many.
            small: Whether there may be fewer once the queue is closed.

        Raises:
            CancelledError: The Session was closed.
            InvalidArgumentError: The shapes of the components are not known.
            OutOfRangeError: The queue is closed, and has fewer elements.
        """
        self._check_batches()
        if not count:
            return [np.zeros((0, *(d or 0 for d in s or ())), _numpy(t)) for s, t in self._components()]

        def step(attempt: Attempt) -> bool:
            if self.closed and len(self._elements) < attempt.remaining and not self._settle(attempt, small):
                return attempt.fail(self._insufficient(attempt.remaining))
            moved = False
            while self._available() > 0:
                attempt.taken.append(self._pop())
                attempt.remaining -= 1
                moved = True
                if not attempt.remaining:
                    return attempt.finish(attempt.taken)
            return moved

        attempt = Attempt(step, count)
        return self._batch(self._carry_out(self._dequeuers, attempt, _DEQUEUE))

    def _settle(self, attempt: Attempt, small: bool) -> bool:
        """Give back what a batch took that will never be full; return whether a smaller one will do."""
        self._put_back(attempt.taken)
        attempt.taken = []
        if not small or not len(self._elements):
            return False
        attempt.remaining = len(self._elements)
        return True

    def shut(self, cancel: bool) -> None:
        """Close the queue: nothing more is put in, once those who wait to have put theirs in.

        Args:
            cancel: Whether these are turned away.

        Raises:
            CancelledError: The Session was closed.
        """
        if cancel:
            with self.changed:
                self.closed = True
                for attempt in self._enqueuers:
                    attempt.fail(CancelledError(None, None, _ENQUEUE))
                self._enqueuers.clear()
                self._work_off()
                self.changed.notify_all()
            return

        def step(attempt: Attempt) -> bool:
            self.closed = True
            return attempt.finish()

        self._carry_out(self._enqueuers, Attempt(step), _CLOSE)

    # -- attempts ------------------------------------------------------------------------------------

    def _carry_out(self, attempts: deque[Attempt], attempt: Attempt, cancelled: str) -> Any:
        with self.changed:
            attempts.append(attempt)
            self._work_off()
        if not attempt.done:
            try:
                current().wait(self.changed, lambda: attempt.done, cancelled)
            except BaseException:
                if self._withdraw(attempts, attempt):
                    raise
        if attempt.error is not None:
            raise attempt.error
        return attempt.result

    def _withdraw(self, attempts: deque[Attempt], attempt: Attempt) -> bool:
        """Give up an attempt; return whether it was not done already."""
        with self.changed:
            if attempt.done:
                return False
            attempts.remove(attempt)
            self._put_back(attempt.taken)
            self._work_off()
        return True

    def _work_off(self) -> None:
        """Do what can be done for those who wait; `changed` is held."""
        finished = False
        moved = True
        while moved:
            moved = False
            for attempts in (self._enqueuers, self._dequeuers):
                while attempts:
                    moved = attempts[0].step(attempts[0]) or moved
                    if not attempts[0].done:
                        break
                    attempts.popleft()
                    finished = True
        if finished:
            self.changed.notify_all()

    # -- messages ------------------------------------------------------------------------------------

    def _closed_error(self) -> CancelledError:
        return CancelledError(None, None, f"{self.kind} '{self.name}' is closed.")

    def _insufficient(self, requested: int) -> OutOfRangeError:
        return OutOfRangeError(
            None, None,
            f"{self.kind} '{self.name}' is closed and has insufficient elements (requested {requested}, current size "
            f"{len(self._elements)})",
        )  # fmt: skip

    def _components(self) -> list[tuple[tuple[int | None, ...] | None, str]]:
        return list(zip(self.shapes, self.dtypes, strict=True))

    def _check(self, components: Sequence[np.ndarray], many: bool) -> None:
        found = [dtype_name(part) for part in components]
        if found != self.dtypes:
            have, expected = (", ".join(["resource", *map(cpp_name, names)]) for names in (found, self.dtypes))
            raise InvalidArgumentError(None, None, f"Signature mismatch, have: {have}-> expected: {expected}->")
        rows = None
        if many:
            rows = components[0].shape[0] if components[0].ndim else None
            for at, part in enumerate(components):
                _check_rows(at, part, rows)
        for at, (part, shape) in enumerate(zip(components, self.shapes, strict=False)):
            wanted = shape if rows is None or shape is None else (rows, *shape)
            if not _fits(part.shape, wanted):
                raise InvalidArgumentError(
                    None, None,
                    f"Shape mismatch in tuple component {at}. Expected {show(wanted)}, got {show(part.shape)}",
                )  # fmt: skip


def _check_rows(at: int, part: np.ndarray, rows: int | None) -> None:
    if not part.ndim:
        raise InvalidArgumentError(None, None, f"Component {at} of a batch to enqueue has to be at least a vector.")
    if part.shape[0] != rows:
        raise InvalidArgumentError(
            None, None,
            f"All input tensors must have the same size in the 0th dimension. Component {at} has {part.shape[0]}, and "
            f"should have {rows}",
        )  # fmt: skip


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...] | None) -> bool:
    if wanted is None:
        return True
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _row(part: np.ndarray, at: int) -> np.ndarray:
    row = part[at]
    if part.ndim > 1:
        return np.array(row)
    scalar = np.empty((), part.dtype)
    scalar[()] = row
    return scalar


def show(shape: Sequence[int | None] | None) -> str:
    """Return a shape as TensorFlow's runtime writes it, `[?,3]`.

    Args:
        shape: With None for what is not known.
    """
    if shape is None:
        return "<unknown>"
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


_CPP = {"float32": "float", "float64": "double", "float16": "half"}


def cpp_name(dtype: str) -> str:
    """Return a dtype's name as TensorFlow's runtime writes it.

    Args:
        dtype: Its name in Python.
    """
    return _CPP.get(dtype, dtype)


def dtype_name(array: np.ndarray) -> str:
    """Return an array's dtype by TensorFlow's name.

    Args:
        array: Of numbers, or of objects: strings.
    """
    return "string" if array.dtype.kind in "OSU" else array.dtype.name


def _numpy(dtype: str) -> np.dtype:
    return np.dtype(object) if dtype == "string" else np.dtype(as_dtype(dtype).as_numpy_dtype)
