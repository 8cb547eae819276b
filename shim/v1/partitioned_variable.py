"""`PartitionedVariable`: several Variables that are slices of one, and how it is sliced."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.default_graph import control_dependencies
from onevar.core.dtype import DType, as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape


class PartitionInfo:
    """Where in the whole a part is, for initializers that want to know.

    Args:
        full_shape: Of the whole.
        var_offset: Of the part, for each axis.

    Raises:
        TypeError: They are no sequences.
        ValueError: They do not fit together.
    """

    __slots__ = ("_full_shape", "_var_offset")

    def __init__(self, full_shape: Sequence[int], var_offset: Sequence[int]):
        for name, value in (("full_shape", full_shape), ("var_offset", var_offset)):
            if not isinstance(value, list | tuple):
                raise TypeError(f"`{name}` must be a sequence (like tuple or list) instead of {type(value).__name__}")
        if len(var_offset) != len(full_shape):
            raise ValueError(
                f"Expected equal length, but `var_offset` is of length {len(var_offset)} while full_shape is of "
                f"length {len(full_shape)}."
            )
        for offset, size in zip(var_offset, full_shape, strict=True):
            if offset < 0 or offset >= size:
                raise ValueError(
                    f"Expected 0 <= offset < shape but found offset={offset}, shape={size} for "
                    f"var_offset={var_offset}, full_shape={full_shape}"
                )
        self._full_shape = full_shape
        self._var_offset = var_offset

    @property
    def full_shape(self) -> Sequence[int]:
        """The shape of the whole."""
        return self._full_shape

    @property
    def var_offset(self) -> Sequence[int]:
        """Where the part begins."""
        return self._var_offset

    def single_offset(self, shape: Sequence[int]) -> int:
        """Return where the part begins on the one axis that is cut, or 0 if none is.

        Args:
            shape: Of the part.

        Raises:
            ValueError: As `single_slice_dim`.
        """
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self._var_offset[axis]

    def single_slice_dim(self, shape: Sequence[int]) -> int | None:
        """Return the one axis that is cut, or None if none is.

        Args:
            shape: Of the part.

        Raises:
            TypeError: `shape` is no sequence.
            ValueError: It does not fit into the whole, or several axes are cut.
        """
        full = self._full_shape
        if not isinstance(shape, list | tuple):
            raise TypeError(f"`shape` must be a sequence (like tuple or list) instead of {type(shape).__name__}")
        if len(shape) != len(full):
            raise ValueError(
                f"Expected equal length, but received shape={shape} of length {len(shape)} while "
                f"self.full_shape={full} is of length {len(full)}."
            )
        for axis, size in enumerate(shape):
            if self._var_offset[axis] + size > full[axis]:
                raise ValueError(
                    f"With self.var_offset={self._var_offset}, a partition of shape={shape} would exceed "
                    f"self.full_shape={full} in dimension {axis}."
                )
        cut = [axis for axis, size in enumerate(shape) if size != full[axis]]
        if len(cut) > 1:
            raise ValueError(
                f"Cannot use single_slice_dim() with shape={shape} and self.full_shape={full} since slice dim could "
                f"be either dimension {cut[1]} or {cut[0]}."
            )
        return cut[0] if cut else None


def sizes_of(shape: TensorShape) -> list[int]:
    """Return the sizes of a shape.

    Args:
        shape: A complete one.

    Raises:
        ValueError: It is not.
    """
    sizes = [size for size in shape.as_list() if size is not None]
    if len(sizes) != len(shape):
        raise ValueError(f"shape is not fully defined: {shape}")
    return sizes


def partitions_of(partitioner: Callable, shape: TensorShape, dtype: Any) -> Sequence[int]:
    """Return what the partitioner says, checked: the number of slices for each axis.

    Args:
        partitioner: Called with `shape` and `dtype`.
        shape: Of the whole.
        dtype: Of the whole.

    Raises:
        ValueError: The shape is not known, or the answer does not fit it.
    """
    if not shape.is_fully_defined():
        raise ValueError(f"Shape of a new partitioned variable must be fully defined, but instead was {shape}.")
    if not shape.as_list():
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    slicing = partitioner(shape=shape, dtype=dtype)
    if not isinstance(slicing, Sequence):
        raise ValueError(f"Partitioner must return a sequence, but saw: {slicing}")
    if len(slicing) != len(shape.as_list()):
        raise ValueError(
            f"Partitioner returned a partition list that does not match the Variable's rank: {slicing} vs. {shape}"
        )
    if any(count < 1 for count in slicing):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {slicing}")
    if sum(count > 1 for count in slicing) > 1:
        raise ValueError(f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {slicing}")
    return slicing


def count_slices(partitions: Sequence[int]) -> tuple[int, int]:
    """Return the axis that is cut, and into how many slices; `(0, 1)` if none is.

    Args:
        partitions: The number of slices for each axis.
    """
    return next(((axis, count) for axis, count in enumerate(partitions) if count > 1), (0, 1))


def slices_of(shape: Sequence[int], partitions: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield offset and shape of each slice; the first ones are longer by one where it does not come out even.

    Args:
        shape: Of the whole.
        partitions: The number of slices for each axis.
    """
    axis, count = count_slices(partitions)
    least, longer = divmod(shape[axis], count)
    begin = 0
    for number in range(count):
        length = least + (number < longer)
        offset, size = [0] * len(shape), list(shape)
        offset[axis], size[axis] = begin, length
        yield offset, size
        begin += length


class PartitionedVariable:
    """A variable in slices, which are Variables themselves.

    Args:
        name: Of the whole.
        shape: Of the whole.
        dtype: Of the whole.
        variable_list: The slices, with their place in the whole.
        partitions: The number of slices for each axis.

    Raises:
        TypeError: The slices or their numbers are no list.
        ValueError: They do not fit together.
    """

    __array_priority__ = 100

    def __init__(
        self, name: str, shape: Any, dtype: Any, variable_list: Sequence[Any], partitions: Sequence[int]
    ) -> None:  # fmt: skip
        if not isinstance(variable_list, list | tuple):
            raise TypeError(f"variable_list is not a list or tuple: {variable_list}")
        if not isinstance(partitions, list | tuple):
            raise TypeError(f"partitions is not a list or tuple: {partitions}")
        if not all(count >= 1 for count in partitions):
            raise ValueError(f"partition values must be positive: {partitions}")
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        if any(variable._get_save_slice_info() is None for variable in variable_list):
            raise ValueError(f"All variables must have a save_slice_info available: {[v.name for v in variable_list]}")
        if len(shape) != len(partitions):
            raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
        for variable in variable_list:
            full_shape = variable._get_save_slice_info().full_shape
            if full_shape != shape:
                raise ValueError(
                    f"All variables' full shapes must match shape: {shape}; but full shapes were: {[full_shape]}"
                )
        self._variable_list = sorted(variable_list, key=lambda v: v._get_save_slice_info().var_offset)
        self._name = name
        self._shape = shape
        self._dtype = dtype
        self._partitions = partitions

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        axes = self._partition_axes()
        if len(axes) > 1:
            raise ValueError(f"Cannot get a length for {len(axes)} > 1 partition axes")
        return len(self._variable_list)

    def _partition_axes(self) -> list[int]:
        return [axis for axis, count in enumerate(self._partitions) if count > 1] or [0]

    def _partition_axis(self, problem: str) -> int:
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError(problem.format(axes))
        return axes[0]

    def _concat(self) -> Any:
        """Return the whole as a tensor, under the control dependencies of this place."""
        whole = self._variable_list[0]
        if len(self._variable_list) > 1:
            axis = self._partition_axis(
                "Cannot concatenate along more than one dimension: {}.  Multi-axis partition concat is not supported"
            )
            with name_scope(f"{self._name}/ConcatPartitions/"):
                whole = _concatenated(self._variable_list, axis)
        with name_scope(None):
            return op("Identity", input=whole, name=self._name)

    def as_tensor(self) -> Any:
        """Return the whole as a tensor; control dependencies around this place do not matter."""
        with control_dependencies(None):
            return self._concat()

    def _dense_var_to_tensor(self, dtype: DType | None = None, name: str | None = None, as_ref: bool = False) -> Any:
        own = as_dtype(self._dtype)
        if dtype is not None and not dtype.is_compatible_with(own):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of type '{own.name}'"
            )
        if as_ref:
            raise NotImplementedError("PartitionedVariable doesn't support being used as a reference.")
        return self.as_tensor()

    @property
    def name(self) -> str:
        """The name of the whole."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self._dtype

    @property
    def shape(self) -> Any:
        """The shape of the whole."""
        return self._shape

    def get_shape(self) -> Any:
        """Return `shape`."""
        return self._shape

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def _get_partitions(self) -> Sequence[int]:
        return self._partitions

    def _each(self, method: str, value: Any, use_locking: bool, name: str | None, read_value: bool) -> list[Any]:
        axis = self._partition_axis(
            "Cannot do assign action along more than one dimension: {}.  Multi-axis partition assign action is not "
            "supported "
        )
        if isinstance(value, PartitionedVariable):
            value = list(value)
        elif not isinstance(value, list):
            value = _split(value, [sizes_of(part.shape)[axis] for part in self._variable_list], axis)
        if len(value) != len(self._variable_list):
            raise AssertionError(f"{len(value)} values for the {len(self._variable_list)} parts of {self._name}.")
        done = [
            getattr(part, method)(piece, use_locking=use_locking, name=name, read_value=read_value)
            for part, piece in zip(self._variable_list, value, strict=True)
        ]
        return done if read_value else [getattr(result, "op", result) for result in done]

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """Return what assigns `value`, a whole or a list of parts, to the parts.

        Args:
            value: The new contents.
            use_locking: As for `Variable.assign`.
            name: Of the operations.
            read_value: Whether to return the new values, or operations.
        """
        return self._each("assign", value, use_locking, name, read_value)

    def assign_add(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """As `assign`, adding `value`.

        Args:
            value: What is added.
            use_locking: As for `Variable.assign_add`.
            name: Of the operations.
            read_value: Whether to return the new values, or operations.
        """
        return self._each("assign_add", value, use_locking, name, read_value)

    def assign_sub(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """As `assign`, subtracting `value`.

        Args:
            value: What is subtracted.
            use_locking: As for `Variable.assign_sub`.
            name: Of the operations.
            read_value: Whether to return the new values, or operations.
        """
        return self._each("assign_sub", value, use_locking, name, read_value)

    def __repr__(self) -> str:
        return f"<PartitionedVariable {self._name!r} shape={self._shape} parts={len(self._variable_list)}>"


def _concatenated(parts: list[Any], axis: int) -> Any:
    from onevar.v1.array_ops_shape import concat

    return concat(parts, axis)


def _split(value: Any, sizes: list[int], axis: int) -> list[Any]:
    from onevar.v1.array_ops_shape import split

    return split(value, sizes, axis=axis)
