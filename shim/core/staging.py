"""Staging areas of one Session: what one run computes ahead for another."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.op_errors import InvalidArgumentError, ResourceExhaustedError
from onevar.core.resources import Resource, current

Element = list[np.ndarray]

_PUT, _GET = "Stage operation was cancelled", "Unstage operation was cancelled"


class _Area(Resource):
    """What staging areas have in common: room for some elements, and for some bytes.

    Args:
        name: For messages.
        capacity: How many elements; 0 for any number.
        memory_limit: How many bytes; 0 for any number.
    """

    def __init__(self, name: str, capacity: int, memory_limit: int):
        super().__init__(name)
        self.capacity, self.memory_limit = capacity, memory_limit
        self._bytes = 0

    def __len__(self) -> int:
        raise NotImplementedError

    def __bool__(self) -> bool:
        return True

    def _count(self) -> int:
        return len(self)

    def _when(self, ready: Callable[[], bool], do: Callable[[], Any], cancelled: str) -> Any:
        """Wait until `ready()`, then return `do()`; both with `changed` held."""
        while True:
            with self.changed:
                if ready():
                    result = do()
                    self.changed.notify_all()
                    return result
            current().wait(self.changed, ready, cancelled)

    def _has_room(self, size: int) -> bool:
        full = self.capacity > 0 and self._count() >= self.capacity
        return not full and not (self.memory_limit > 0 and self._bytes + size > self.memory_limit)

    def _check_size(self, size: int, what: str) -> None:
        if 0 < self.memory_limit < size:
            raise ResourceExhaustedError(
                None, None,
                f"Attempted to insert {what} with combined size of '{size}' bytes into Staging Area with a memory "
                f"limit of '{self.memory_limit}'.",
            )  # fmt: skip


class StagingArea(_Area):
    """Elements one after the other."""

    def __init__(self, name: str, capacity: int, memory_limit: int):
        super().__init__(name, capacity, memory_limit)
        self._elements: deque[Element] = deque()

    def __len__(self) -> int:
        return len(self._elements)

    def put(self, values: Sequence[np.ndarray]) -> None:
        """Put an element in; wait while there is no room.

        Args:
            values: Its components.

        Raises:
            ResourceExhaustedError: There never will be.
        """
        element = [np.array(value) for value in values]
        size = _size(element)
        self._check_size(size, "tensors")

        def do() -> None:
            self._elements.append(element)
            self._bytes += size

        self._when(lambda: self._has_room(size), do, _PUT)

    def get(self) -> Element:
        """Take the oldest element out; wait while there is none."""

        def do() -> Element:
            element = self._elements.popleft()
            self._bytes -= _size(element)
            return element

        return self._when(lambda: bool(self._elements), do, _GET)

    def peek(self, index: int) -> Element:
        """Return the element at an index; wait until there are as many.

        Args:
            index: From the oldest on.
        """
        return self._when(lambda: len(self._elements) > index, lambda: list(self._elements[index]), _GET)

    def clear(self) -> None:
        """Forget all."""
        with self.changed:
            self._elements.clear()
            self._bytes = 0
            self.changed.notify_all()


class MapStagingArea(_Area):
    """Elements by key; they may be put in and taken out in parts.

    Args:
        name: For messages.
        capacity: As for all.
        memory_limit: As for all.
        count: How many components an element has.
        ordered: Whether the smallest key is the first.
    """

    def __init__(self, name: str, capacity: int, memory_limit: int, count: int, ordered: bool):
        super().__init__(name, capacity, memory_limit)
        self._size_of_element, self._ordered = count, ordered
        self._complete: dict[int, list[np.ndarray | None]] = {}
        self._incomplete: dict[int, list[np.ndarray | None]] = {}

    def __len__(self) -> int:
        return len(self._complete)

    @property
    def incomplete(self) -> int:
        """How many elements are not complete."""
        return len(self._incomplete)

    def _count(self) -> int:
        return len(self._complete) + len(self._incomplete)

    def _check_indices(self, key: int, indices: Sequence[int]) -> None:
        if not len(indices):
            raise InvalidArgumentError(None, None, "There must be at least one index")
        for index in indices:
            if not 0 <= index < self._size_of_element:
                raise InvalidArgumentError(
                    None, None,
                    f"Index '{index}' for key '{key}' was out of bounds '{self._size_of_element}'.",
                )  # fmt: skip

    def components(self, count: int) -> None:
        """Be told how many components an element has: operations that take some of them out know of these alone.

        Args:
            count: At least so many.
        """
        self._size_of_element = max(self._size_of_element, count)

    def put(self, key: int, indices: Sequence[int], values: Sequence[np.ndarray], count: int) -> None:
        """Put components of an element in; wait while there is no room.

        Args:
            key: Of the element.
            indices: Which components.
            values: The components.
            count: How many components an element has.

        Raises:
            InvalidArgumentError: There is no such component, or it is there already.
            ResourceExhaustedError: There never will be room.
        """
        self.components(count)
        self._check_indices(key, indices)
        if len(indices) != len(values):
            raise InvalidArgumentError(
                None, None, f"Number of indices '{len(indices)}' doesn't match number of values '{len(values)}'"
            )
        parts = [np.array(value) for value in values]
        size = _size(parts)
        self._check_size(size, "tensors")

        def do() -> None:
            element = self._incomplete.setdefault(key, [None] * self._size_of_element)
            for index, part in zip(indices, parts, strict=True):
                if element[index] is not None:
                    raise InvalidArgumentError(
                        None, None, f"The tensor for index '{index}' for key '{key}' was already initialized "
                        f"'{self._size_of_element}'.",
                    )  # fmt: skip
                element[index] = part
            self._bytes += size
            if all(part is not None for part in element):
                self._complete[key] = self._incomplete.pop(key)

        # What completes an element needs no place of its own.
        self._when(lambda: key in self._incomplete or self._has_room(size), do, _PUT)

    def get(self, key: int, indices: Sequence[int]) -> Element:
        """Take components of an element out; wait until it is there.

        Args:
            key: Of the element.
            indices: Which components.

        Raises:
            InvalidArgumentError: There is no such component, or it was taken out before.
        """
        return self._when(lambda: key in self._complete, lambda: self._taken(key, indices), _GET)

    def get_any(self, indices: Sequence[int]) -> tuple[int, Element]:
        """Take components of an element out, the first; wait until there is one.

        Args:
            indices: Which components.

        Raises:
            InvalidArgumentError: There is no such component, or it was taken out before.
        """

        def do() -> tuple[int, Element]:
            key = min(self._complete) if self._ordered else next(iter(self._complete))
            return key, self._taken(key, indices)

        return self._when(lambda: bool(self._complete), do, _GET)

    def _taken(self, key: int, indices: Sequence[int]) -> Element:
        found = self._seen(key, indices)
        element = self._complete[key]
        for index in indices:
            element[index] = None
        self._bytes -= _size(found)
        if all(part is None for part in element):
            del self._complete[key]
        return found

    def _seen(self, key: int, indices: Sequence[int]) -> Element:
        self._check_indices(key, indices)
        element = self._complete[key]
        found: Element = []
        for index in indices:
            part = element[index]
            if part is None:
                raise InvalidArgumentError(
                    None, None, f"Tensor at index '{index}' for key '{key}' has already been removed."
                )
            found.append(part)
        return found

    def peek(self, key: int, indices: Sequence[int]) -> Element:
        """Return components of an element; wait until it is there.

        Args:
            key: Of the element.
            indices: Which components.

        Raises:
            InvalidArgumentError: There is no such component, or it was taken out before.
        """
        return self._when(lambda: key in self._complete, lambda: self._seen(key, indices), _GET)

    def clear(self) -> None:
        """Forget all."""
        with self.changed:
            self._complete.clear()
            self._incomplete.clear()
            self._bytes = 0
            self.changed.notify_all()


def _size(parts: Sequence[np.ndarray]) -> int:
    return sum(part.nbytes for part in parts)
