"""Barriers of one Session: elements whose components come one by one, and leave together."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.op_errors import CancelledError, InvalidArgumentError, OutOfRangeError
from onevar.core.queue_kinds import PriorityQueue
from onevar.core.queues import show
from onevar.core.resources import Resource

_FIRST = -(2**63)


class Barrier(Resource):
    """Collects components by key; complete elements wait in a queue, in the order of their first components.

    Args:
        name: For messages.
        dtypes: Of the components.
        shapes: Of the components.
    """

    def __init__(self, name: str, dtypes: Sequence[str], shapes: Sequence[Any]):
        super().__init__(name)
        self.dtypes, self.shapes = list(dtypes), list(shapes)
        self.ready = PriorityQueue(name, ["string", *dtypes], [(), *shapes], -1)
        self.ready.kind = "Barrier"
        self.closed = self._cancels = False
        self._incomplete: dict[bytes, tuple[int, list[np.ndarray | None]]] = {}
        self._index = _FIRST

    @property
    def incomplete(self) -> int:
        """How many elements are not complete."""
        return len(self._incomplete)

    def insert(self, component: int, keys: Sequence[bytes], values: np.ndarray) -> None:
        """Let elements have one of their components.

        Args:
            component: Which.
            keys: Of the elements.
            values: One row for each.

        Raises:
            CancelledError: The barrier is closed.
            InvalidArgumentError: An element has the component already, or a row is of another shape.
        """
        self._check(component, keys, values)
        done = []
        with self.changed:
            self._check_open(keys)
            begun = False
            for key, value in zip(keys, values, strict=True):
                if key not in self._incomplete:
                    self._incomplete[key] = (self._index, [None] * len(self.dtypes))
                    begun = True
                index, parts = self._incomplete[key]
                if parts[component] is not None:
                    raise InvalidArgumentError(
                        None, None,
                        f"Key {key.decode('utf-8', 'replace')} already has a value for component {component} in "
                        f"barrier {self.name}",
                    )  # fmt: skip
                parts[component] = np.array(value, self._dtype(component))
                if all(part is not None for part in parts):
                    del self._incomplete[key]
                    done.append((index, key, parts))
            self._index += begun
            ended = self.closed and not self._incomplete
        for index, key, parts in done:
            word = np.empty((), object)
            word[()] = key
            self.ready.enqueue([np.array(index, np.int64), word, *parts])  # type: ignore[list-item]
        if ended:
            self.ready.shut(self._cancels)

    def _dtype(self, component: int) -> Any:
        return object if self.dtypes[component] == "string" else None

    def _check(self, component: int, keys: Sequence[bytes], values: np.ndarray) -> None:
        if not 0 <= component < len(self.dtypes):
            raise InvalidArgumentError(
                None, None, f"The component ID is out of range {component} > num_components (= {len(self.dtypes)})"
            )
        if values.ndim < 1 or len(keys) != len(values):
            raise InvalidArgumentError(
                None, None, f"Keys and values have different lengths: {len(keys)} and {show(values.shape)}"
            )
        if not values.size:
            raise InvalidArgumentError(
                None, None, f"Tensors with no elements are not supported {self.name}: received shape "
                f"{show(values.shape)}",
            )  # fmt: skip

    def _check_open(self, keys: Sequence[bytes]) -> None:
        new = [key for key in keys if key not in self._incomplete]
        if not self.closed or not (self._cancels or new):
            return
        if self._cancels:
            why = f"is closed.  Pending enqueues cancelled: 1.  Number of new insertions: {len(new)}"
        else:
            word = new[0].decode("utf-8", "replace")
            why = (
                f"is closed, but attempted to insert a brand new key: {word}.  Pending enqueues cancelled: 0.  "
                f"Insertion index: {list(keys).index(new[0])}"
            )
        raise CancelledError(
            None, None, f"Barrier {self.name} {why}.  Number of incomplete keys: {len(self._incomplete)}."
        )

    def take(self, count: int, small: bool) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """Take complete elements out; wait until there are enough.

        Args:
            count: How many.
            small: Whether fewer will do once the barrier is closed.

        Returns:
            The order in which their first components came, the keys, and the components.

        Raises:
            OutOfRangeError: The barrier is closed, and there will never be enough.
        """
        with self.changed:
            if self.closed:
                available = len(self.ready)
                if small:
                    count = min(count, available)
                else:
                    available += len(self._incomplete)
                if available < max(1, count):
                    raise OutOfRangeError(
                        None, None,
                        f"Barrier '{self.name}' is closed and has insufficient elements (requested {count}, total size "
                        f"{available})",
                    )  # fmt: skip
        indices, keys, *values = self.ready.dequeue_many(count, small)
        return indices, keys, values

    def shut(self, cancel: bool) -> None:
        """Let no new elements begin.

        Args:
            cancel: Whether those that have begun are not completed any more.

        Raises:
            CancelledError: It was closed before.
        """
        with self.changed:
            if self.closed and (self._cancels or not cancel):
                raise CancelledError(None, None, f"Barrier '{self.name}' is already closed.")
            self.closed, self._cancels = True, cancel
            ended = cancel or not self._incomplete
        if ended:
            self.ready.shut(cancel)
