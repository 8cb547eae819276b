"""Dilated windows as plain ones over a rearranged batch: `tf.nn.with_space_to_batch`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_shape import concat, shape, stack
from onevar.v1.array_ops_space import batch_to_space_nd, required_space_to_batch_paddings, space_to_batch_nd
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.nn_windows import convert_padding


def _known(tensor: Any) -> Any:
    return constant_value(tensor) if isinstance(tensor, Tensor) else np.asarray(tensor)


def _is_first(data_format: str | None) -> bool:
    return data_format is not None and data_format.startswith("NC")


def _spatial_dims(given: Any, count: int, first: int, data_format: str | None, input_shape: TensorShape) -> list[int]:
    dims = list(range(first, first + count) if given is None else given)
    found = sorted({int(n) for n in dims})
    if found != dims or any(n < 1 for n in found):
        raise ValueError(
            f"`spatial_dims` must be a monotonically increasing sequence of positive integers. "
            f"Received: spatial_dims={dims}"
        )
    least = found[-1] if _is_first(data_format) else found[-1] + 1
    try:
        input_shape.with_rank_at_least(least)
    except ValueError:
        raise ValueError(
            f"`input.shape.rank` must be at least {least}. "
            f"Received: input.shape={input_shape} with rank {input_shape.rank}"
        ) from None
    return found


def _same_paddings(filter_shape: Any, count: int, rate: Any) -> Any:
    """The padding that turns `SAME` into `VALID`: more at the end where it is odd."""
    extra = (filter_shape[:count] - 1) * rate
    start = extra // 2
    end = extra - start
    return stack([[start[i], end[i]] for i in range(count)])


def _over_all_dims(values: Any, fill: int, spatial_dims: Sequence[int]) -> Any:
    """Entries for the dimensions from 1 on from those of the spatial ones."""
    known = _known(values)
    source: Any = values if known is None else known
    rest, dtype = list((dims_of(values) or ())[1:]), dtype_of(values).as_numpy_dtype
    parts: list[Any] = []
    before = i = 0
    while i < len(spatial_dims):
        start = i
        if spatial_dims[i] > 1:
            parts.append(np.full([spatial_dims[i] - 1 - before, *rest], fill, dtype))
        while i + 1 < len(spatial_dims) and spatial_dims[i + 1] == spatial_dims[i] + 1:
            i += 1
        parts.append(source[start : i + 1])
        before = spatial_dims[i]
        i += 1
    return concat(parts, 0) if known is None else np.concatenate(parts)


class SpaceToBatch:
    """An operation on windows, made a dilated one.

    Args:
        input_shape: The static shape of its input.
        dilation_rate: Of each spatial dimension.
        padding: A name, or pairs.
        build: A function of the number of spatial dimensions and a padding, to a function of the input and filters.
        filter_shape: Of the windows; needed for `SAME`.
        spatial_dims: Which dimensions.
        data_format: The order of the dimensions.
        num_batch_dims: How many come before.

    Raises:
        ValueError: These contradict each other.
    """

    def __init__(
        self, input_shape: TensorShape, dilation_rate: Any, padding: Any, build: Callable[[int, Any], Callable],
        filter_shape: Any = None, spatial_dims: Any = None, data_format: str | None = None, num_batch_dims: int = 1,
    ):  # fmt: skip
        rate = convert_to_tensor(dilation_rate, dtypes.int32, name="dilation_rate")
        count = _count(rate)
        first = num_batch_dims + 1 if _is_first(data_format) else num_batch_dims
        self.spatial_dims = _spatial_dims(spatial_dims, count, first, data_format, input_shape)
        self.input_shape, self.data_format, self.rate, self.count = input_shape, data_format, rate, count
        known = _known(rate)
        self.known_rate = rate if known is None else known
        self.plain: Callable | None = None
        self.base_paddings: Any = None
        if known is not None:
            if np.any(known < 1):
                raise ValueError(f"`dilation_rate` must be positive. Received: dilation_rate={known}")
            if np.all(known == 1):
                self.plain = build(count, padding)
                return
        self._find_paddings(padding, filter_shape)
        self.call = build(count, "VALID")

    def _find_paddings(self, padding: Any, filter_shape: Any) -> None:
        padding, explicit = convert_padding(padding)
        if padding == "SAME":
            if filter_shape is None:
                raise ValueError(
                    "`filter_shape` must be specified for `padding='SAME'`. "
                    f"Received: filter_shape={filter_shape} and padding={padding}"
                )
            known = _known(convert_to_tensor(filter_shape, name="filter_shape"))
            if known is not None:
                self.base_paddings = _same_paddings(known, self.count, self.known_rate)
        elif padding == "VALID":
            self.base_paddings = np.zeros([self.count, 2], np.int32)
        elif padding == "EXPLICIT":
            pairs = np.array(explicit).reshape([self.count + 2, 2])
            self.base_paddings = pairs[2:] if _is_first(self.data_format) else pairs[1:-1]
        else:
            raise ValueError(f"`padding` must be one of 'SAME' or 'VALID'. Received: padding={padding}")

    def __call__(self, x: Any, filters: Any) -> Any:
        """Do it.

        Args:
            x: The input.
            filters: The filters, or None.
        """
        if self.plain is not None:
            return self.plain(x, filters)
        sizes: Any = None
        if self.input_shape.rank is not None:
            sizes = [self.input_shape.as_list()[i] for i in self.spatial_dims]
        if sizes is None or None in sizes:
            whole = shape(x)
            sizes = stack([whole[i] for i in self.spatial_dims])
        base = self.base_paddings
        if base is None:
            base = _same_paddings(shape(filters), self.count, self.known_rate)
        paddings, crops = required_space_to_batch_paddings(input_shape=sizes, base_paddings=base, block_shape=self.rate)
        rate = _over_all_dims(self.rate, 1, self.spatial_dims)
        paddings = _over_all_dims(paddings, 0, self.spatial_dims)
        crops = _over_all_dims(crops, 0, self.spatial_dims)
        found = self.call(space_to_batch_nd(input=x, block_shape=rate, paddings=paddings), filters)
        found = batch_to_space_nd(input=found, block_shape=rate, crops=crops)
        return self._with_channels(found, filters)

    def _with_channels(self, found: Any, filters: Any) -> Any:
        dims = dims_of(found)
        if _is_first(self.data_format) and filters is not None and dims is not None and not dims[1]:
            outer = (dims_of(filters) or (None,))[-1]
            set_shape(found, [dims[0], outer, *dims[2:]])
        return found


def _count(rate: Any) -> int:
    """The number of spatial dimensions, from the dilation rates."""
    if rank_of(rate) not in (None, 1):
        raise ValueError(
            f"`dilation_rate.shape.rank` must be 1. Received: dilation_rate={rate} of rank {rank_of(rate)}"
        )
    dims = dims_of(rate)
    if dims is None or dims[0] is None:
        raise ValueError(
            f"`dilation_rate.shape` must be fully defined. Received: dilation_rate={rate} with shape {shape_of(rate)}"
        )
    return dims[0]


@export("nn.with_space_to_batch")
def with_space_to_batch(
    input: Any, dilation_rate: Any, padding: Any, op: Callable[[Any, int, Any], Any], filter_shape: Any = None,
    spatial_dims: Any = None, data_format: str | None = None,
) -> Any:  # fmt: skip
    """Return `op` of an input rearranged so that its windows become dilated; see `tf.nn.with_space_to_batch`.

    Raises:
        ValueError: The arguments contradict each other.
    """
    input = convert_to_tensor(input, name="input")

    def build(count: int, padding: Any) -> Callable:
        return lambda x, _: op(x, count, padding)

    dilated = SpaceToBatch(
        shape_of(input), dilation_rate, padding, build, filter_shape, spatial_dims=spatial_dims, data_format=data_format
    )
    return dilated(input, None)
