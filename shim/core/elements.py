"""What a TensorArray is while a graph runs.

In TensorFlow the handle leads to memory that operations change, and the flow, a scalar, says only who runs after
whom. Here the flow is the contents: each write makes new contents and leaves the old ones as they are, so that a
branch that is not taken, an iteration that is traced twice and a derivative all see what they should. Contents are
a list of tensors, which a framework that computes at once stacks at the end; or rows of one tensor, where a compiled
loop reads and writes at an index that is not known before it runs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.checks import check
from onevar.core.frame import Frame
from onevar.core.op_errors import InvalidArgumentError, UnimplementedError
from onevar.core.operation import Operation
from onevar.core.spec import show
from onevar.errors import Unsupported

_HOST = (np.ndarray, np.generic)
Shape = tuple[int | None, ...]


class Array:
    """What all contents of one TensorArray have in common: the value of its handle.

    Attributes:
        name: The operation's, for messages.
        dtype: Of the elements.
        element_shape: What the program said about it; None is nothing.
        dynamic: Whether it grows.
        clears: Whether an element may be read once only.
        identical: Whether all elements have one shape.
        adds: Whether a second write to an element adds to it: an array of gradients.
        first: How many elements it begins with.
        cleared: The elements that this run has read, where `clears`.
    """

    __slots__ = ("_key", "adds", "cleared", "clears", "dtype", "dynamic", "element_shape", "first", "identical", "name")
    #: The engine hands it to host operations as it is.
    is_resource = True

    def __init__(
        self, name: str, dtype: str, element_shape: Shape | None, first: int, dynamic: bool = False,
        clears: bool = False, identical: bool = False, adds: bool = False,
    ):  # fmt: skip
        self.name, self.dtype, self.element_shape, self.first = name, dtype, element_shape, first
        self.dynamic, self.clears, self.identical, self.adds = dynamic, clears, identical, adds
        self._key = (name, dtype, element_shape, first, dynamic, clears, identical, adds)
        self.cleared: set[int] = set()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def error(self, text: str) -> InvalidArgumentError:
        """Return TensorFlow's error about this array."""
        return InvalidArgumentError(None, None, f"TensorArray {self.name}: {text}")

    def empty(self) -> "Elements":
        """Return the contents before anything is written."""
        return Elements(self, self.first, self.element_shape)


class Tools:
    """What the contents are computed with, in one frame."""

    __slots__ = ("adapter", "frame", "host_k", "k", "looks", "serial")

    def __init__(self, frame: Frame, operation: Operation):
        self.frame, self.adapter, self.k, self.host_k = frame, frame.adapter, frame.k, frame.host_k
        #: The operation's number.
        self.serial = operation.serial
        #: Whether each operation runs once, so that reading an element twice can be told.
        self.looks = frame.collected is None and not frame.differentiated

    def known(self, index: Any) -> np.ndarray | None:
        """Return an index, or several, as an array if they can be looked at now."""
        if isinstance(index, _HOST):
            return np.asarray(index)
        return self.frame.host(index) if self.adapter.is_concrete(index) else None

    def shape(self, value: Any) -> tuple[int, ...]:
        """Return the shape of a tensor or array."""
        return tuple(value.shape) if isinstance(value, _HOST) else tuple(self.k.shape(value))

    def stack(self, values: Sequence[Any]) -> Any:
        """Return tensors as one, on the host if all are."""
        if all(isinstance(value, _HOST) for value in values):
            return np.stack(values)
        return self.k.stack([self.frame.native(value) for value in values], axis=0)

    def concat(self, values: Sequence[Any]) -> Any:
        """Return tensors one after the other."""
        if all(isinstance(value, _HOST) for value in values):
            return np.concatenate(values)
        return self.k.concat([self.frame.native(value) for value in values], axis=0)

    def part(self, value: Any, index: tuple) -> Any:
        """Return a part of a tensor or array."""
        return np.asarray(value)[index] if isinstance(value, _HOST) else self.k.getitem(value, index)

    def zeros(self, shape: Sequence[int], dtype: str) -> Any:
        """Return zeros, on the host where the framework takes them from there as constants."""
        if dtype == "string":
            return np.full(tuple(shape), b"", object)
        return self.host_k.zeros(tuple(shape), dtype)


class Elements:
    """The contents of a TensorArray.

    Attributes:
        array: The TensorArray.
        size: How many elements there are.
        row_shape: What is known of their shape: None, or sizes of which some may be None.
        items: The elements, None for those that were never written; or None where there are `rows` instead.
        rows: One tensor of all elements.
    """

    __slots__ = ("array", "items", "row_shape", "rows", "size")

    def __init__(
        self, array: Array, size: int, row_shape: Shape | None, items: list[Any] | None = None, rows: Any = None
    ):
        self.array, self.size, self.row_shape, self.items, self.rows = array, size, row_shape, items, rows

    @property
    def shape(self) -> tuple:
        """What of it decides how a program is compiled."""
        items = None if self.items is None else tuple(None if x is None else tuple(x.shape) for x in self.items)
        return (self.array, self.size, self.row_shape, items, None if self.rows is None else tuple(self.rows.shape))

    def mapped(self, function: Callable[[Any], Any]) -> "Elements":
        """Return contents with `function` applied to each tensor."""
        items = None if self.items is None else [None if x is None else function(x) for x in self.items]
        rows = None if self.rows is None else function(self.rows)
        return Elements(self.array, self.size, self.row_shape, items, rows)

    # -- elements ----------------------------------------------------------------------------------

    def read(self, tools: Tools, index: Any) -> Any:
        """Return the element at a scalar `index`."""
        at = tools.known(index)
        if at is None:
            return self._read_somewhere(tools, index)
        return self.at(tools, int(at))

    def at(self, tools: Tools, index: int) -> Any:
        """Return the element at `index`, zeros if it was never written.

        Raises:
            InvalidArgumentError: There is no such element, or it was read before.
        """
        array = self.array
        if not 0 <= index < self.size:
            raise InvalidArgumentError(None, None, f"Tried to read from index {index} but array size is: {self.size}")
        if tools.looks and array.clears:
            if index in array.cleared:
                raise array.error(
                    f"Could not read index {index} twice because it was cleared after a previous read "
                    "(perhaps try setting clear_after_read = false?)."
                )
            array.cleared.add(index)
        if self.items is None and self.rows is not None:
            if tools.adapter.compiles:
                return tools.part(self.rows, (index,))
            # A framework that computes at once takes the rows apart in one call, whose derivative is one call too.
            unstack = tools.host_k.unstack if isinstance(self.rows, _HOST) else tools.k.unstack
            self.items = list(unstack(self.rows))
        item = None if self.items is None else self.items[index]
        return tools.zeros(self._full_shape(index), array.dtype) if item is None else item

    def _full_shape(self, index: Any) -> tuple[int, ...]:
        shape = self.row_shape if self.row_shape is not None else None
        if shape is None or None in shape:
            raise self.array.error(
                f"Could not read from TensorArray index {index}.  Furthermore, the element shape is not fully defined: "
                f"{'<unknown>' if shape is None else show(shape)}.  It is possible you are working with a resizeable "
                "TensorArray and stop_gradients is not allowing the gradients to be written.  If you set the full "
                "element_shape property on the forward TensorArray, the proper all-zeros tensor will be returned "
                "instead of incurring this error."
            )
        return shape  # type: ignore[return-value]

    def _read_somewhere(self, tools: Tools, index: Any) -> Any:
        dense = self.dense(tools)
        self._check_bounds(tools, index, "Tried to read from index ? but array size is: ")
        return tools.adapter.row(tools.frame.native(dense.rows), index)

    def _check_bounds(self, tools: Tools, index: Any, text: str) -> None:
        if tools.frame.within(index, self.size):
            return
        k, dtype = tools.k, tools.k.dtype(index)
        zero, end = (k.asarray(np.array(n, dtype)) for n in (0, self.size))
        held = k.logical_and(k.greater_equal(index, zero), k.less(index, end))
        check(k.all(held), lambda: self.array.error(f"{text}{self.size}"))

    def write(self, tools: Tools, index: Any, value: Any) -> "Elements":
        """Return contents with `value` at a scalar `index`."""
        at = tools.known(index)
        if at is None:
            return self._written_somewhere(tools, index, value)
        return self.written(tools, int(at), value)

    def written(self, tools: Tools, index: int, value: Any) -> "Elements":
        """Return contents with `value` at `index`.

        Raises:
            InvalidArgumentError: There is no such element, it has been written, or `value` has another shape.
        """
        array, size = self.array, self.size
        if index < 0 or (index >= size and not array.dynamic):
            raise array.error(f"Tried to write to index {index} but array is not resizeable and size is: {size}")
        shape = self.merged(tools.shape(value), f"index {index}")
        if self.rows is not None and self.items is None:
            if not array.adds and index < size:
                raise self._again(index)
            return self._listed(tools).written(tools, index, value)
        items = [None] * size if self.items is None else self.items.copy()
        if index >= size:
            items.extend([None] * (index + 1 - size))
        before = items[index]
        if before is not None:
            if not array.adds:
                raise self._again(index)
            value = tools.k.add(tools.frame.native(before), tools.frame.native(value))
        items[index] = value
        return Elements(array, len(items), shape, items)

    def _again(self, index: int) -> InvalidArgumentError:
        return self.array.error(f"Could not write to TensorArray index {index} because it has already been written to.")

    def merged(self, shape: tuple[int, ...], where: str) -> Shape | None:
        """Return what is known of the elements' shape, after one of `shape` is written.

        Raises:
            InvalidArgumentError: It contradicts what was known.
        """
        known = self.row_shape
        if known is not None and (
            len(known) != len(shape) or any(a is not None and a != b for a, b in zip(known, shape, strict=True))
        ):
            raise self.array.error(
                f"Could not write to TensorArray {where} because the value shape is {show(shape)} which is "
                f"incompatible with the TensorArray's inferred element shape: {show(known)} (consider setting "
                "infer_shape=False)."
            )
        return shape if self.array.identical else known

    def _written_somewhere(self, tools: Tools, index: Any, value: Any) -> "Elements":
        if self.array.dynamic and not tools.frame.within(index, self.size):
            raise Unsupported(
                f"the TensorArray {self.array.name} grows in a loop that is compiled. Give it its size when it is made."
            )
        value = tools.frame.native(value)
        self.merged(tools.shape(value), "index ?")
        dense = self.dense(tools, tools.shape(value))
        self._check_bounds(tools, index, "Tried to write to index ? but array is not resizeable and size is: ")
        rows = tools.adapter.with_row(tools.frame.native(dense.rows), index, value)
        return Elements(self.array, self.size, dense.row_shape, rows=rows)

    # -- all of them -------------------------------------------------------------------------------

    def dense(self, tools: Tools, row_shape: tuple[int, ...] | None = None) -> "Elements":
        """Return contents as rows, zeros for what was never written.

        Args:
            tools: What they are computed with.
            row_shape: The shape of an element that will be written.
        """
        if self.rows is not None:
            return self
        shape = self._row_shape(tools) if row_shape is None else row_shape
        if self.items is None:
            rows = tools.zeros((self.size, *shape), self.array.dtype)
        else:
            rows = tools.stack([tools.zeros(shape, self.array.dtype) if x is None else x for x in self.items])
        return Elements(self.array, self.size, shape, rows=rows)

    def _row_shape(self, tools: Tools) -> tuple[int, ...]:
        written = next((x for x in self.items or () if x is not None), None)
        return self._full_shape("?") if written is None else tools.shape(written)

    def _listed(self, tools: Tools) -> "Elements":
        items = [tools.part(self.rows, (i,)) for i in range(self.size)]
        return Elements(self.array, self.size, self.row_shape, items)

    def gather(self, tools: Tools, indices: Any, row_shape: Shape | None = None) -> Any:
        """Return the elements at a vector of indices as one tensor.

        Args:
            tools: Of the run.
            indices: The vector.
            row_shape: What the program knows of the elements' shape.

        Raises:
            UnimplementedError: There are none, and their shape is not known.
            InvalidArgumentError: They are not of one shape.
        """
        known = tools.known(indices)
        if known is None:
            return tools.k.take(tools.frame.native(self.dense(tools).rows), indices, axis=0)
        if self.rows is not None and self.items is None and np.array_equal(known, np.arange(self.size)):
            self._read_all(tools)
            return self.rows
        items = [self.at(tools, int(i)) for i in known.reshape(-1)]
        if not items:
            return self._no_rows(tools, self.row_shape if row_shape is None else row_shape)
        first = tools.shape(items[0])
        for i, item in enumerate(items):
            if tools.shape(item) != first:
                raise InvalidArgumentError(
                    None, None,
                    f"TensorArray has inconsistent shapes.  Index 0 has shape: {show(first)} but index {i} has shape: "
                    f"{show(tools.shape(item))}",
                )  # fmt: skip
        return tools.stack(items)

    def _no_rows(self, tools: Tools, shape: Shape | None) -> Any:
        if shape is None or None in shape:
            raise UnimplementedError(
                None, None,
                f"TensorArray has size zero, but element shape {'<unknown>' if shape is None else show(shape)} is not "
                "fully defined. Currently only static shapes are supported when packing zero-size TensorArrays.",
            )  # fmt: skip
        return tools.zeros((0, *(n for n in shape if n is not None)), self.array.dtype)

    def _read_all(self, tools: Tools) -> None:
        if tools.looks and self.array.clears:
            again = min(self.array.cleared, default=None)
            if again is not None:
                self.at(tools, again)
            self.array.cleared.update(range(self.size))

    def scatter(self, tools: Tools, indices: Any, value: Any) -> "Elements":
        """Return contents with the rows of `value` at a vector of indices.

        Raises:
            InvalidArgumentError: There are not as many rows as indices, or no such elements.
        """
        known = tools.known(indices)
        if known is None:
            raise Unsupported("indices of TensorArray.scatter are not known while the plan is being compiled.")
        shape, found = tools.shape(value), self
        if not shape:
            raise InvalidArgumentError(
                None, None, f"Expected value to be at least a vector, but received shape: {show(shape)}"
            )
        if shape[0] != len(known):
            raise InvalidArgumentError(
                None, None, f"Expected len(indices) == values.shape[0], but saw: {len(known)} vs. {shape[0]}"
            )
        end = int(known.max(initial=-1)) + 1
        if end > self.size and not self.array.dynamic:
            raise InvalidArgumentError(
                None, None, f"Max scatter index must be < array size ({end - 1} vs. {self.size})"
            )
        if end > self.size:
            found = Elements(self.array, end, self.row_shape, self._grown(end), None)
        untouched = found.items is None and found.rows is None
        if untouched and np.array_equal(known, np.arange(found.size)) and found.size:
            return Elements(self.array, found.size, found.merged(shape[1:], "index 0"), rows=value)
        for position, index in enumerate(known.reshape(-1)):
            found = found.written(tools, int(index), tools.part(value, (position,)))
        return found

    def _grown(self, size: int) -> list[Any] | None:
        return None if self.items is None else [*self.items, *[None] * (size - self.size)]

    def concat(self, tools: Tools) -> tuple[Any, Any]:
        """Return the elements one after the other, and how long each is."""
        items = [self.at(tools, i) for i in range(self.size)]
        for i, item in enumerate(items):
            if not tools.shape(item):
                raise InvalidArgumentError(
                    None, None, f"Concat saw a scalar shape at index {i} but requires at least vectors."
                )
            if tools.shape(item)[1:] != tools.shape(items[0])[1:]:
                raise InvalidArgumentError(
                    None, None,
                    "TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: "
                    f"{show(tools.shape(items[0])[1:])} but index {i} has (excepting dimension 0) shape: "
                    f"{show(tools.shape(item)[1:])}",
                )  # fmt: skip
        lengths = np.array([tools.shape(item)[0] for item in items], np.int64)
        if not items:
            shape = self.array.element_shape
            return tools.zeros((0, *(shape[1:] if shape else ())), self.array.dtype), lengths  # type: ignore[arg-type]
        return tools.concat(items), lengths

    def split(self, tools: Tools, value: Any, lengths: Any) -> "Elements":
        """Return contents whose elements are consecutive parts of `value`."""
        known, shape = np.asarray(tools.frame.host(lengths)), tools.shape(value)
        if not shape:
            raise InvalidArgumentError(
                None, None, f"Expected value to be at least a vector, but received shape: {show(shape)}"
            )
        if int(known.sum()) != shape[0]:
            raise InvalidArgumentError(
                None, None,
                f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {int(known.sum())} and "
                f"value's shape is: {show(shape)} ",
            )  # fmt: skip
        if len(known) != self.size and not self.array.dynamic:
            raise InvalidArgumentError(
                None, None,
                f"TensorArray's size is not equal to the size of lengths ({self.size} vs. {len(known)}), and the "
                "TensorArray is not marked as dynamically resizeable",
            )  # fmt: skip
        found, start = self, 0
        for index, length in enumerate(known):
            found = found.written(tools, index, tools.part(value, (slice(start, start + int(length)), ...)))
            start += int(length)
        return found


def has_shape(value: Elements) -> bool:
    """Whether the shape of the elements is known, so that there can be rows."""
    if value.rows is not None or any(x is not None for x in value.items or ()):
        return True
    return value.row_shape is not None and None not in value.row_shape
