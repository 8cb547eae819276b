"""Queues that are not first in, first out, or whose elements differ in shape."""

import heapq
import secrets
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from onevar.adapters.philox import words_at
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.philox import start
from onevar.core.queues import Element, HostQueue, Shapes

__all__ = ["PaddingQueue", "PriorityQueue", "ShuffleQueue"]


class ShuffleQueue(HostQueue):
    """A queue that hands out any of its elements.

    Args:
        name: As for `HostQueue`.
        dtypes: As for `HostQueue`.
        shapes: As for `HostQueue`.
        capacity: As for `HostQueue`.
        min_after_dequeue: How many elements have to stay until it is closed.
        seeds: Of the order.
    """

    kind = "RandomShuffleQueue"

    def __init__(
        self, name: str, dtypes: Sequence[str], shapes: Shapes, capacity: int, min_after_dequeue: int,
        seeds: tuple[int, int],
    ):  # fmt: skip
        super().__init__(name, dtypes, shapes, capacity)
        if min_after_dequeue < 0:
            raise InvalidArgumentError(None, None, f"min_after_dequeue {min_after_dequeue} must be >= 0")
        if min_after_dequeue >= self.capacity:
            raise InvalidArgumentError(
                None, None, f"min_after_dequeue {min_after_dequeue} must be < capacity {self.capacity}"
            )
        self.min_after_dequeue = min_after_dequeue
        self.seeds = seeds
        self._numbers = _Numbers(*seeds)

    def _empty(self) -> Any:
        return []

    def _available(self) -> int:
        return len(self._elements) - (0 if self.closed else self.min_after_dequeue)

    def _pop(self) -> Element:
        elements = self._elements
        at = self._numbers.next() % len(elements)
        chosen, last = elements[at], elements.pop()
        if at < len(elements):
            elements[at] = last
        return chosen

    def _put_back(self, elements: Sequence[Element]) -> None:
        self._elements.extend(elements)


class _Numbers:
    """TensorFlow's random numbers, one after the other."""

    def __init__(self, seed: int, seed2: int):
        if seed == 0 and seed2 == 0:
            seed, seed2 = secrets.randbits(63), secrets.randbits(63)
        self._key, self._high = start(seed, seed2)
        self._block = 0
        self._left: list[int] = []

    def next(self) -> int:
        """Return the next 32 bits."""
        if not self._left:
            # Many at a time: a call costs more than its numbers.
            blocks = np.arange(self._block, self._block + 64, dtype=np.uint64)
            words = words_at(self._key, self._high, blocks)
            self._left = np.asarray(words).reshape(-1).tolist()[::-1]
            self._block += 64
        return self._left.pop()


class PaddingQueue(HostQueue):
    """A queue whose elements' shapes may vary; in a batch they are padded to the largest."""

    kind = "PaddingFIFOQueue"

    def _check_batches(self) -> None:
        """Any shapes can be padded."""

    def _batch(self, elements: Sequence[Element]) -> list[np.ndarray]:
        return [_padded(parts) for parts in zip(*elements, strict=True)]


def _padded(parts: Sequence[np.ndarray]) -> np.ndarray:
    shapes = {part.shape for part in parts}
    if len(shapes) == 1:
        return np.stack(parts)
    largest = tuple(max(sizes) for sizes in zip(*shapes, strict=True))
    out = np.full((len(parts), *largest), b"" if parts[0].dtype == object else 0, parts[0].dtype)
    for row, part in zip(out, parts, strict=True):
        row[tuple(slice(size) for size in part.shape)] = part
    return out


class PriorityQueue(HostQueue):
    """A queue that hands out the element with the smallest first component, an int64."""

    kind = "PriorityQueue"

    def __init__(self, name: str, dtypes: Sequence[str], shapes: Shapes, capacity: int):
        super().__init__(name, ["int64", *dtypes], [(), *shapes] if len(shapes) == len(dtypes) else [], capacity)
        self._arrivals = count()

    def _empty(self) -> Any:
        return []

    def _push(self, element: Element) -> None:
        heapq.heappush(self._elements, (int(element[0]), next(self._arrivals), element))

    def _pop(self) -> Element:
        return heapq.heappop(self._elements)[2]

    def _put_back(self, elements: Sequence[Element]) -> None:
        for element in elements:
            self._push(element)
