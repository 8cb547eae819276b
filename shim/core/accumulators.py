"""Sums of gradients of one Session: many put something in, one takes the sum once there is enough."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.op_errors import InvalidArgumentError
from onevar.core.queues import show
from onevar.core.resources import Resource, current

_LOGGER = logging.getLogger("tensorflow")
Shape = tuple[int | None, ...] | None
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


class Accumulator(Resource):
    """What accumulators have in common.

    Args:
        name: For messages.
        dtype: Of the gradients.
        shape: What is known of their shape.
        mean: Whether the result is the mean, not the sum.

    Attributes:
        count: How many were put in since the last was taken out.
    """

    kind = "accumulator"

    def __init__(self, name: str, dtype: str, shape: Shape, mean: bool):
        super().__init__(name)
        self.dtype, self.shape, self.mean = dtype, shape, mean
        self.count = 0
        self._step = 0

    def set_step(self, step: int) -> None:
        """Let gradients of earlier steps count no more.

        Args:
            step: The global step.
        """
        with self.changed:
            if step < self._step:
                _LOGGER.warning(
                    "Attempt to set current_global_step_ to smaller value: current_global_step_ = %d >= %d = "
                    "new_global_step.", self._step, step,
                )  # fmt: skip
            self._step = step

    def apply(self, step: int, add: Callable[[], None]) -> None:
        """Put a gradient in, unless it is of an earlier step.

        Args:
            step: Of the gradient.
            add: Does it.
        """
        with self.changed:
            if step >= self._step:
                add()
                self.count += 1
                self.changed.notify_all()

    def take(self, required: int) -> Any:
        """Return the mean or sum, and begin anew; wait until enough were put in.

        Args:
            required: How many.

        Raises:
            CancelledError: The Session was closed.
            InvalidArgumentError: `required` is not positive.
        """
        if required <= 0:
            raise InvalidArgumentError(None, None, f"Argument num_required must be positive, but was {required}")
        while True:
            with self.changed:
                if self.count >= required:
                    result = self._result()
                    self._step += 1
                    self.count = 0
                    return result
            current().wait(self.changed, lambda: self.count >= required, "TakeGrad operation was cancelled")

    def _result(self) -> Any:
        raise NotImplementedError


class DenseAccumulator(Accumulator):
    """Sums of arrays."""

    _sum: np.ndarray

    def add(self, gradient: np.ndarray) -> None:
        """Add a gradient.

        Args:
            gradient: Of the accumulator's shape.

        Raises:
            InvalidArgumentError: It is of another.
        """
        wanted = self.shape if not self.count else self._sum.shape
        if not fits(gradient.shape, wanted):
            raise InvalidArgumentError(
                None, None, f"Shape mismatch: expected {show(wanted)}, got {show(gradient.shape)}"
            )
        # Not in place: what was taken out may be looked at still.
        self._sum = np.array(gradient) if not self.count else self._sum + gradient

    def _result(self) -> np.ndarray:
        total, self._sum = self._sum, np.zeros(0)
        return (total / np.asarray(self.count, total.dtype)).astype(total.dtype) if self.mean else total


class SparseAccumulator(Accumulator):
    """Sums of rows of arrays."""

    def __init__(self, name: str, dtype: str, shape: Shape, mean: bool):
        super().__init__(name, dtype, shape, mean)
        self._indices: list[int] = []
        self._rows: list[np.ndarray] = []
        self._times: list[int] = []

    def add(self, indices: np.ndarray, values: np.ndarray, shape: np.ndarray, has_shape: bool) -> None:
        """Add rows of a gradient.

        Args:
            indices: Which rows, in ascending order.
            values: The rows.
            shape: Of the whole gradient.
            has_shape: Whether `shape` says something.

        Raises:
            InvalidArgumentError: They do not go together, or with the accumulator's shape.
        """
        self._check(indices, values, shape.reshape(-1).tolist(), has_shape)
        old = list(zip(self._indices, self._rows, self._times, strict=True)) if self.count else []
        new = list(zip(indices.tolist(), np.array(values), strict=True))
        self._indices, self._rows, self._times = [], [], []
        at = 0
        for index, row in new:
            while at < len(old) and old[at][0] < index:
                self._put(*old[at])
                at += 1
            if at < len(old) and old[at][0] == index:
                self._put(index, old[at][1] + row, old[at][2] + 1)
                at += 1
            else:
                self._put(index, row, 1)
        for entry in old[at:]:
            self._put(*entry)

    def _put(self, index: int, row: np.ndarray, times: int) -> None:
        self._indices.append(index)
        self._rows.append(row)
        self._times.append(times)

    def _check(self, indices: np.ndarray, values: np.ndarray, shape: list[int], has_shape: bool) -> None:
        if indices.ndim != 1:
            raise InvalidArgumentError(
                None, None, f"Input indices should be vector but received shape: {show(indices.shape)}"
            )
        if values.ndim < 1:
            raise InvalidArgumentError(None, None, "Values cannot be 0-dimensional.")
        if len(values) != len(indices):
            raise InvalidArgumentError(
                None, None,
                f"Expected {len(indices)} non-empty input values, got {len(values)}",
            )  # fmt: skip
        if has_shape:
            self._check_shape(values, shape)
        known: Shape = self.shape
        if self.count and self._rows:
            known = (None, *self._rows[0].shape)
        _check_like("values", values.shape, known)

    def _check_shape(self, values: np.ndarray, shape: list[int]) -> None:
        _check_like("shape", tuple(shape), self.shape)
        _check_like("values", values.shape, (None, *shape[1:]))

    def _result(self) -> Rows:
        times = np.array(self._times)
        values = np.stack(self._rows) if self._rows else np.zeros((0,))
        if self.mean and self._rows:
            divisors = times.reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
            values = (values / divisors).astype(values.dtype)
        first = -1 if not self.shape or self.shape[0] is None else self.shape[0]
        shape = np.array([first, *values.shape[1:]], np.int64)
        indices = np.array(self._indices, np.int64)
        self._indices, self._rows, self._times = [], [], []
        return indices, values, shape


def _check_like(what: str, shape: tuple[int, ...], wanted: Shape) -> None:
    """Raise if a shape is not what is known of it; the first dimension does not matter."""
    if wanted is None:
        return
    if len(shape) < len(wanted):
        raise InvalidArgumentError(
            None, None, f"Shape mismatch: expected {what} rank at least {len(wanted)}, got {len(shape)}"
        )
    for at in range(1, len(wanted)):
        if wanted[at] is not None and shape[at] != wanted[at]:
            raise InvalidArgumentError(
                None, None, f"Shape mismatch: expected {what} dim {at} to be {wanted[at]}, got {shape[at]}"
            )


def fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    """Whether a shape is what is known of another.

    Args:
        shape: The shape.
        wanted: The other.
    """
    if wanted is None:
        return True
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))
