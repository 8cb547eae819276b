"""Partitioners, and `tf.create_partitioned_variables`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.dtype import as_dtype
from onevar.core.dtype import float32 as default_dtype
from onevar.core.tensor_shape import TensorShape
from onevar.v1.export import export
from onevar.v1.partitioned_variable import sizes_of
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.variable_scopes import variable_scope
from onevar.v1.variable_store import default_variable_store


def _element_size(dtype: Any, bytes_per_string: int) -> int:
    dtype = as_dtype(dtype)
    return bytes_per_string if dtype.base_dtype.name == "string" else dtype.size


@export("variable_axis_size_partitioner")
def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Callable[..., list[int]]:
    """Return a partitioner that keeps parts below a size.

    Args:
        max_shard_bytes: The size; a part has one row at least, though.
        axis: What is cut.
        bytes_per_string_element: How large a string is taken to be.
        max_shards: How many parts there are at most, whatever their size.

    Raises:
        ValueError: A number is not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError(
            "Both max_shard_bytes and bytes_per_string_element must be positive. Currently, max_shard_bytes is "
            f"{max_shard_bytes} andbytes_per_string_element is {bytes_per_string_element}"
        )
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape: TensorShape, dtype: Any) -> list[int]:
        if not isinstance(shape, TensorShape):
            raise ValueError(f"shape is not a TensorShape: {shape}")
        sizes = sizes_of(shape)
        row = math.prod(sizes) / sizes[axis] * _element_size(dtype, bytes_per_string_element)
        rows = max(1, math.floor(max_shard_bytes / row))
        count = math.ceil(sizes[axis] / rows)
        partitions = [1] * len(sizes)
        partitions[axis] = min(max_shards, count) if max_shards else count
        return partitions

    return partitioner


@export("min_max_variable_partitioner")
def min_max_variable_partitioner(
    max_partitions: int = 1, axis: int = 0, min_slice_size: int = 256 << 10, bytes_per_string_element: int = 16
) -> Callable[..., list[int]]:
    """Return a partitioner that makes as many parts as there can be of a size at least.

    Args:
        max_partitions: How many parts there are at most.
        axis: What is cut.
        min_slice_size: How large a part is at least, in bytes.
        bytes_per_string_element: How large a string is taken to be.
    """

    def partitioner(shape: TensorShape, dtype: Any) -> list[int]:
        sizes = sizes_of(shape)
        if axis >= len(sizes):
            raise ValueError(f"Cannot partition variable along axis {axis} when shape is only {shape}")
        total = math.prod(sizes) * _element_size(dtype, bytes_per_string_element)
        partitions = [1] * len(sizes)
        partitions[axis] = max(1, min(sizes[axis], max_partitions, math.ceil(total / min_slice_size)))
        return partitions

    return partitioner


@export("fixed_size_partitioner")
def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """Return a partitioner that makes a number of parts.

    Args:
        num_shards: How many; no more than there are rows.
        axis: What is cut.
    """

    def partitioner(shape: TensorShape, **_: Any) -> list[int]:
        sizes = sizes_of(shape)
        partitions = [1] * len(sizes)
        partitions[axis] = min(num_shards, sizes[axis])
        return partitions

    return partitioner


@export("create_partitioned_variables")
def create_partitioned_variables(
    shape: Sequence[int], slicing: Sequence[int], initializer: Any, dtype: Any = default_dtype,
    trainable: bool = True, collections: Any = None, name: str | None = None, reuse: Any = None,
) -> list[Any]:  # fmt: skip
    """Return the slices of a new variable.

    Args:
        shape: Of the whole.
        slicing: The number of slices for each axis; one may be more than 1.
        initializer: A function of shape and dtype, or the contents of the whole.
        dtype: Not looked at if there are contents.
        trainable: As for `tf.get_variable`.
        collections: The same.
        name: Of the whole; None makes `"PartitionedVariable"` unique.
        reuse: As for `tf.variable_scope`.

    Raises:
        ValueError: The arguments do not fit together.
    """
    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: "
            f"shape: {shape}, slicing: {slicing}"
        )
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with variable_scope(name, "PartitionedVariable", reuse=reuse):
        whole = get_variable_scope().get_partitioned(
            default_variable_store(), None, shape=shape, dtype=dtype, initializer=initializer, trainable=trainable,
            partitioner=lambda **_: slicing, collections=collections,
        )  # fmt: skip
        return list(whole)
