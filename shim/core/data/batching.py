"""Datasets of several elements together: batches, padded ones, sparse ones, windows; and the way back."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core.data.base import INFINITE, UNKNOWN, Context, Derived, Row, Rows, Source, boxed, show
from onevar.core.op_errors import DataLossError, InvalidArgumentError, OpError


def check_batch_size(size: int) -> int:
    """Return the size of a batch.

    Args:
        size: It.

    Raises:
        InvalidArgumentError: It is not positive.
    """
    if size <= 0:
        raise InvalidArgumentError(None, None, "Batch size must be greater than zero.")
    return size


def stacked(rows: Sequence[Row]) -> Row:
    """Return elements as one, with a new first axis.

    Args:
        rows: At least one.

    Raises:
        InvalidArgumentError: They have different shapes.
    """
    return tuple([_stacked([row[i] for row in rows], i) for i in range(len(rows[0]))])


def _stacked(parts: list[Any], component: int) -> np.ndarray:
    first = parts[0]
    shape = first.shape
    out = np.empty((len(parts), *shape), first.dtype)
    for at, part in enumerate(parts):
        if part.shape != shape:
            raise InvalidArgumentError(
                None, None,
                # TensorFlow's words of today, and those of 1.15.
                "Cannot add tensor to the batch: number of elements does not match. Shapes are: [tensor]: "
                f"{show(part.shape)}, [batch]: {show(shape)}\n"
                f"Cannot batch tensors with different shapes in component {component}. First element had shape "
                f"{show(shape)} and element {at} had shape {show(part.shape)}.",
            )  # fmt: skip
        out[at, ...] = part
    return out


class Batch(Derived):
    """Elements together, as many as `size`.

    Args:
        source: The dataset.
        size: How many.
        drop: Whether a smaller rest is left out.
        types: The dtypes.
        shapes: What is known of the shapes.
    """

    def __init__(self, source: Source, size: int, drop: bool, types: Sequence[str], shapes: Sequence[Any]):
        super().__init__(source, types, shapes)
        self.size, self.drop = check_batch_size(size), drop

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _BatchRows(self, self.source.rows(context))

    def together(self, rows: list[Row]) -> Row:
        """Return elements as one.

        Args:
            rows: At least one.
        """
        return stacked(rows)

    def cardinality(self) -> int:
        """Return the quotient."""
        size = self.source.cardinality()
        return size if size < 0 else size // self.size + (not self.drop and size % self.size > 0)


class _BatchRows(Rows):
    __slots__ = ("batch", "input")

    def __init__(self, batch: Batch, input: Rows):
        self.batch = batch
        self.input: Rows | None = input

    def next(self) -> Row | None:
        rows = self.input
        if rows is None:
            return None
        size = self.batch.size
        found: list[Row] = []
        while len(found) < size:
            row = rows.next()
            if row is None:
                rows.close()
                self.input = None
                break
            found.append(row)
        if not found or (self.batch.drop and len(found) < size):
            return None
        return self.batch.together(found)


class WholeBatch(Batch):
    """Elements together: those of a batch belong to it whether they can be had or not."""

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _WholeRows(self, self.source.rows(context))


class _WholeRows(_BatchRows):
    __slots__ = ()

    def next(self) -> Row | None:
        rows, size = self.input, self.batch.size
        found: list[Row] = []
        failed: list[OpError] = []
        while rows is not None and len(found) + len(failed) < size:
            try:
                row = rows.next()
            except OpError as error:
                failed.append(error)
                continue
            if row is None:
                rows.close()
                self.input = None
                break
            found.append(row)
        if failed:
            raise failed[0]
        if not found or (self.batch.drop and len(found) < size):
            return None
        return self.batch.together(found)


class PaddedBatch(Batch):
    """Elements together, each padded to the same shape.

    Args:
        source: The dataset.
        size: How many.
        padded: The shape for each component, -1 for the largest.
        values: What they are padded with.
        drop: Whether a smaller rest is left out.
        types: The dtypes.
        shapes: What is known of the shapes.
    """

    def __init__(
        self, source: Source, size: int, padded: Sequence[Sequence[int]], values: Sequence[Any], drop: bool,
        types: Sequence[str], shapes: Sequence[Any],
    ):  # fmt: skip
        super().__init__(source, size, drop, types, shapes)
        self.padded, self.values = [list(shape) for shape in padded], list(values)

    def together(self, rows: list[Row]) -> Row:
        """Return elements as one.

        Raises:
            InvalidArgumentError: One is larger than the padded shape, or has another rank.
        """
        return tuple([self._padded([row[i] for row in rows], i) for i in range(len(rows[0]))])

    def _padded(self, parts: list[Any], component: int) -> np.ndarray:
        wanted = self.padded[component]
        sizes = [max(size, 0) for size in wanted]
        for part in parts:
            if part.ndim != len(wanted):
                raise InvalidArgumentError(
                    None, None,
                    f"All elements in a batch must have the same rank as the padded shape for component {component}: "
                    f"expected rank {len(wanted)} but got element with rank {part.ndim}",
                )  # fmt: skip
            for axis, (size, got) in enumerate(zip(wanted, part.shape, strict=True)):
                if size < 0:
                    sizes[axis] = max(sizes[axis], got)
                elif got > size:
                    raise DataLossError(None, None, "Attempted to pad to a smaller size than the input element.")
        out = np.empty((len(parts), *sizes), parts[0].dtype)
        if not all(part.shape == tuple(sizes) for part in parts):
            out[...] = self.values[component]
        for at, part in enumerate(parts):
            place: Any = (at, *map(slice, part.shape))
            out[place] = part
        return out


class SparseBatch(Batch):
    """Elements together as a sparse tensor: a variant of its indices, values and shape.

    Args:
        source: The dataset; elements have one component.
        size: How many.
        row_shape: The shape of a row, -1 for the largest.
        types: The dtypes.
        shapes: What is known of the shapes.
    """

    def __init__(
        self, source: Source, size: int, row_shape: Sequence[int], types: Sequence[str], shapes: Sequence[Any]
    ):
        super().__init__(source, size, False, types, shapes)
        self.row_shape = list(row_shape)

    def together(self, rows: list[Row]) -> Row:
        """Return elements as one.

        Raises:
            DataLossError: One is larger than a row.
            InvalidArgumentError: One has another rank.
        """
        sizes = [max(size, 0) for size in self.row_shape]
        indices, values = [], []
        for at, (part,) in enumerate(rows):
            if part.ndim != len(self.row_shape):
                raise InvalidArgumentError(
                    None, None, f"Input element had shape ({show(part.shape)}) that is incompatible with the row shape "
                    f"({show(self.row_shape)}).",
                )  # fmt: skip
            for axis, (size, got) in enumerate(zip(self.row_shape, part.shape, strict=True)):
                if size >= 0 and got > size:
                    raise DataLossError(
                        None, None, f"Input element had shape ({show(part.shape)}) that is larger than the row shape "
                        f"({show(self.row_shape)}).",
                    )  # fmt: skip
                sizes[axis] = max(sizes[axis], got)
            where = np.indices(part.shape).reshape(part.ndim, -1).T
            indices.append(np.concatenate([np.full((part.size, 1), at), where], 1).astype(np.int64))
            values.append(part.reshape(-1))
        out = np.empty(3, object)
        out[0], out[1] = np.concatenate(indices), np.concatenate(values)
        out[2] = np.array([len(rows), *sizes], np.int64)
        return (out,)


class Unbatch(Derived):
    """The rows of elements, one by one."""

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _UnbatchRows(self.source.rows(context))

    def cardinality(self) -> int:
        """Return the number, where the sizes of the elements are known."""
        size = self.source.cardinality()
        if size == 0 or size == INFINITE:
            return size
        known = {shape[0] for shape in self.source.shapes if shape}
        known.discard(None)
        return size * known.pop() if size != UNKNOWN and known else UNKNOWN


class _UnbatchRows(Rows):
    __slots__ = ("at", "count", "current_row", "input")

    def __init__(self, input: Rows):
        self.input = input
        self.current_row: Row = ()
        self.at = self.count = 0

    def next(self) -> Row | None:
        while self.at >= self.count:
            row = self.input.next()
            if row is None:
                return None
            self._take(row)
        at = self.at
        self.at += 1
        return tuple([array[at, ...] for array in self.current_row])

    def _take(self, row: Row) -> None:
        for index, array in enumerate(row):
            if not array.ndim:
                raise InvalidArgumentError(
                    None, None, f"Input element must have a non-scalar value in component {index}."
                )
            if len(array) != len(row[0]):
                raise InvalidArgumentError(
                    None, None,
                    f"Input element must have the same batch size in each component. Component 0 had size "
                    f"{len(row[0])} but component {index} had size, {len(array)}.",
                )  # fmt: skip
        self.current_row, self.at, self.count = row, 0, len(row[0]) if row else 0


class Window(Derived):
    """Datasets of neighbouring elements.

    Args:
        source: The dataset.
        size: Of a window.
        shift: How far apart windows begin.
        stride: Which elements of a window are in it.
        drop: Whether smaller windows at the end are left out.
    """

    def __init__(self, source: Source, size: int, shift: int, stride: int, drop: bool):
        super().__init__(source, ["variant"] * len(source.types), [()] * len(source.types))
        for name, value in (("size", size), ("shift", shift), ("stride", stride)):
            if value <= 0:
                raise InvalidArgumentError(None, None, f"Window {name} must be greater than zero.")
        self.size, self.shift, self.stride, self.drop = size, shift, stride, drop

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _WindowRows(self, self.source.rows(context))

    def cardinality(self) -> int:
        """Return the number of windows."""
        count = self.source.cardinality()
        if count < 0:
            return count
        reach = (self.size - 1) * self.stride + 1
        if self.drop:
            return max(0, (count - reach) // self.shift + 1) if count >= reach else 0
        return -(-count // self.shift)


class _WindowRows(Rows):
    __slots__ = ("held", "input", "skip", "window")

    def __init__(self, window: Window, input: Rows):
        self.window = window
        self.input: Rows | None = input
        self.held: list[Row] = []
        self.skip = 0

    def next(self) -> Row | None:
        window = self.window
        reach = (window.size - 1) * window.stride + 1
        self._fill(reach)
        if not self.held or (window.drop and len(self.held) < reach):
            return None
        chosen = self.held[: reach : window.stride]
        self.skip = max(0, window.shift - len(self.held))
        self.held = self.held[window.shift :]
        source = window.source
        return tuple(
            [
                boxed(Elements([(row[i],) for row in chosen], source.types[i : i + 1], source.shapes[i : i + 1]))
                for i in range(len(source.types))
            ]
        )

    def _fill(self, reach: int) -> None:
        while self.input is not None and (self.skip or len(self.held) < reach):
            row = self.input.next()
            if row is None:
                self.input.close()
                self.input = None
            elif self.skip:
                self.skip -= 1
            else:
                self.held.append(row)


class Elements(Source):
    """Elements that are there already.

    Args:
        elements: They.
        types: The dtypes of their components.
        shapes: What is known of their shapes.
    """

    def __init__(self, elements: Sequence[Row], types: Sequence[str], shapes: Sequence[Any]):
        super().__init__(types, shapes)
        self.elements = elements

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return ElementRows(self.elements)

    def cardinality(self) -> int:
        """Return their number."""
        return len(self.elements)


class ElementRows(Rows):
    """A walk through elements that are there already.

    Args:
        elements: They.
    """

    __slots__ = ("at", "elements")

    def __init__(self, elements: Sequence[Row]):
        self.elements, self.at = elements, 0

    def next(self) -> Row | None:
        """Return the next element."""
        if self.at >= len(self.elements):
            return None
        self.at += 1
        return self.elements[self.at - 1]


class Joined(Derived):
    """Windows of elements, each as one element.

    Args:
        source: The windows.
        types: The dtypes.
        shapes: What is known of the shapes.
    """

    def rows(self, context: Context) -> Rows:
        """Begin a walk."""
        return _JoinedRows(self.source.rows(context))


class _JoinedRows(Rows):
    __slots__ = ("input",)

    def __init__(self, input: Rows):
        self.input = input

    def next(self) -> Row | None:
        row = self.input.next()
        if row is None:
            return None
        windows = [window[()].elements for window in row]
        return stacked([tuple([part[0] for part in parts]) for parts in zip(*windows, strict=True)])
