"""TensorArrays where everything is computed at once: lists of tensors."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType
from onevar.core.op_errors import InvalidArgumentError, OutOfRangeError
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, zeros
from onevar.v1.array_ops_shape import concat, unstack
from onevar.v1.common import dtype_of, shape_of


class EagerArray:
    """The elements of one TensorArray, which its methods change.

    Args:
        dtype: Of the elements.
        size: How many there are at first.
        dynamic: Whether it grows.
        clears: Whether an element can be read once only.
        infer: Whether all have one shape.
        shapes: A list of one: what is known of it.

    Raises:
        ValueError: There is no size.
    """

    def __init__(self, dtype: DType, size: Any, dynamic: bool, clears: bool, infer: bool, shapes: list[TensorShape]):
        if size is None:
            raise ValueError("Size must be declared for TensorArrays when eager execution is enabled.")
        self.dtype, self.dynamic, self.clears, self.infer, self.shapes = dtype, dynamic, clears, infer, shapes
        self.items: list[Any] = [None] * int(np.asarray(size))
        self.cleared: set[int] = set()

    def flow(self) -> Any:
        """Return what stands for the contents: nothing needs it."""
        return constant(0, dtypes.int32)

    def read(self, index: Any) -> Any:
        """Return an element.

        Raises:
            OutOfRangeError: There is no such element.
            InvalidArgumentError: It was read before.
        """
        at = int(index)
        if at < 0:
            raise OutOfRangeError(None, None, f"Reading from negative indices (index {at}) is not allowed.")
        if at >= len(self.items):
            raise OutOfRangeError(None, None, f"Tried to read from index {at} but array size is: {len(self.items)} ")
        if self.items[at] is None and at in self.cleared:
            raise InvalidArgumentError(
                None, None,
                f"Could not read index {at} twice because it was cleared after a previous read (perhaps try setting "
                "clear_after_read = false?)",
            )  # fmt: skip
        value = self._filled(at)
        if self.clears:
            self.cleared.add(at)
            self.items[at] = None
        return value

    def _filled(self, at: int) -> Any:
        if self.items[at] is None:
            if not self.shapes[0].is_fully_defined():
                raise ValueError(f"Cannot convert a partially known TensorShape {self.shapes[0]} to a Tensor.")
            self.items[at] = zeros(self.shapes[0], self.dtype)
        return self.items[at]

    def write(self, index: Any, value: Any) -> None:
        """Put an element in place.

        Raises:
            OutOfRangeError: There is no such place.
            InvalidArgumentError: It is of another dtype.
            ValueError: It is not shaped like others.
        """
        at, size = int(index), len(self.items)
        if at < 0:
            raise OutOfRangeError(None, None, f"Writing to negative indices (index {at}) is not allowed.")
        if at >= size:
            if not self.dynamic:
                raise OutOfRangeError(
                    None, None, f"Tried to write to index {at} but array is not resizeable and size is: {size} "
                )
            self.items.extend([None] * (at + 1 - size))
        value = convert_to_tensor(value, preferred_dtype=self.dtype, name="value")
        if dtype_of(value) is not self.dtype:
            raise InvalidArgumentError(
                None, None,
                f"TensorArray dtype is {self.dtype.name} but Op is trying to write dtype {dtype_of(value).name} ",
            )  # fmt: skip
        shape = shape_of(value)
        if not self.shapes[0].is_compatible_with(shape):
            raise ValueError(f"Incompatible shape for value ({shape}), expected ({self.shapes[0]})")
        if self.infer:
            self.shapes[0] = self.shapes[0].merge_with(shape)
        self.items[at] = value

    def gather(self, indices: Any) -> Any:
        """Return several elements as one tensor."""
        at = np.asarray(indices, np.int64).reshape(-1)
        return self._stacked([self._filled(int(i)) for i in at])

    def stack(self) -> Any:
        """Return all elements as one tensor."""
        return self._stacked([self._filled(at) for at in range(len(self.items))])

    def _stacked(self, items: list[Any]) -> Any:
        if items:
            shapes = [shape_of(item).as_list() for item in items]
            for at, dims in enumerate(shapes):
                if dims != shapes[0]:
                    raise InvalidArgumentError(
                        None, None,
                        "Shapes of all inputs must match: "
                        f"values[0].shape = {_show(shapes[0])} != values[{at}].shape = {_show(dims)}",
                    )  # fmt: skip
            return op("Pack", values=items)
        return zeros([0, *(self.shapes[0].as_list() if self.shapes[0].is_fully_defined() else [])], self.dtype)

    def concat(self) -> Any:
        """Return the elements one after the other.

        Raises:
            InvalidArgumentError: They do not go together.
        """
        items = [self._filled(at) for at in range(len(self.items))]
        first: list[Any] = []
        for at, item in enumerate(items):
            dims = shape_of(item).as_list()
            if not dims:
                raise InvalidArgumentError(
                    None, None, f"Concat saw a scalar shape at index {at} but requires at least vectors."
                )
            first = first or dims
            odd = next((i for i in range(1, len(first)) if dims[i : i + 1] != first[i : i + 1]), None)
            if odd is not None:
                raise InvalidArgumentError(
                    None, None,
                    f"ConcatOp : Dimension {odd} in both shapes must be equal: "
                    f"shape[0] = {_show(first)} vs. shape[{at}] = {_show(dims)}",
                )  # fmt: skip
        return concat(items, 0)

    def unstack(self, value: Any) -> None:
        """Put the rows of a tensor in place.

        Raises:
            ValueError: There are more than fit.
        """
        parts = unstack(convert_to_tensor(value, preferred_dtype=self.dtype, name="value"))
        if len(parts) > len(self.items) and not self.dynamic:
            raise ValueError(
                f"Cannot unstack {len(parts)} tensors into a TensorArray of static size {len(self.items)} "
            )
        self.items = list(parts)

    def scatter(self, indices: Any, value: Any) -> None:
        """Put rows of a tensor in place at several indices."""
        parts = unstack(convert_to_tensor(value, preferred_dtype=self.dtype, name="value"))
        for at, part in zip(np.asarray(indices, np.int64).reshape(-1), parts, strict=False):
            self.write(int(at), part)

    def split(self, value: Any, lengths: Any) -> None:
        """Put consecutive parts of a tensor in place.

        Raises:
            InvalidArgumentError: The lengths do not add up, or are not as many as elements.
        """
        value = convert_to_tensor(value, preferred_dtype=self.dtype, name="value")
        sizes, known = [int(n) for n in np.asarray(lengths).reshape(-1)], shape_of(value)
        if not known.as_list():
            raise InvalidArgumentError(
                None, None, "Expected value to be at least a vector, but received shape: [] "
            )  # fmt: skip
        if sum(sizes) != known.as_list()[0]:
            raise InvalidArgumentError(
                None, None,
                f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {sum(sizes)} and "
                f"value's shape is: {known.as_list()} ",
            )  # fmt: skip
        if len(sizes) != len(self.items) and not self.dynamic:
            raise InvalidArgumentError(
                None, None,
                f"TensorArray's size is not equal to the size of lengths ({len(self.items)} vs. {len(sizes)}), and "
                "the TensorArray is not marked as dynamically resizeable.",
            )  # fmt: skip
        ends = np.cumsum(sizes)
        self.items = [value[int(end) - length : int(end)] for end, length in zip(ends, sizes, strict=True)]

    def size(self) -> Any:
        """Return how many elements there are."""
        return constant(len(self.items), dtypes.int32)

    def close(self) -> None:
        """Let go of the elements."""
        self.items = []


def _show(dims: list[Any]) -> str:
    return f"[{','.join(map(str, dims))}]"
