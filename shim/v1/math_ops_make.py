"""Sequences, counts and clipping: `tf.range`, `tf.linspace`, `tf.bincount`, `tf.clip_by_value` and the like."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor, register_tensor_conversion_function
from onevar.core.dtype import DType, as_dtype
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_batch import convert_to_int_tensor
from onevar.v1.array_ops_create import zeros_like
from onevar.v1.array_ops_index import slice_, where_v2
from onevar.v1.array_ops_shape import (
    broadcast_dynamic_shape,
    broadcast_to,
    concat,
    expand_dims,
    reshape,
    shape,
)  # fmt: skip
from onevar.v1.common import dtype_of, is_tensor
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, real

_RANGE_TYPES = (
    dtypes.int32, dtypes.int64, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64,
)  # fmt: skip


@export("range")
def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Any:
    """Return a sequence of numbers; see `tf.range`.

    Raises:
        TypeError: An argument is of a type that has no sequences.
    """
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "Range", [start, limit, delta]) as scope:
        given = {"start": start, "limit": limit, "delta": delta}
        bounds = [
            value if is_tensor(value) else convert_to_tensor(value, dtype=dtype, name=key)
            for key, value in given.items()
        ]
        if dtype is None:
            kinds = [dtype_of(bound) for bound in bounds]
            if not all(kind in _RANGE_TYPES for kind in kinds):
                raise TypeError(f"tf.range takes {_RANGE_TYPES}, not {[kind.name for kind in kinds]}.")
            dtype = max(kinds, key=_RANGE_TYPES.index)
        start, limit, delta = (cast(bound, dtype) for bound in bounds)
        return op("Range", start=start, limit=limit, delta=delta, name=scope)


def _range_to_tensor(value: range, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Any:
    return range_(value.start, value.stop, value.step, dtype=dtype, name=name or "range")


register_tensor_conversion_function(range, _range_to_tensor)


@export("linspace", "lin_space")
def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: Any = 0) -> Any:
    """Return evenly spaced numbers; see `tf.linspace`."""
    with name_scope(name, "linspace", [start, stop]):
        start = convert_to_tensor(start, name="start")
        stop = convert_to_tensor(stop, name="stop", dtype=dtype_of(start))
        count = convert_to_int_tensor(num, name="num")
        cast(count, dtype_of(start))  # TensorFlow's graph has it too, unused
        both = broadcast_dynamic_shape(shape(start), shape(stop))
        start, stop = broadcast_to(start, both), broadcast_to(stop, both)
        start, stop = expand_dims(start, axis=axis), expand_dims(stop, axis=axis)
        full_shape = shape(start)
        ndims = shape(full_shape)[0]
        axis = where_v2(axis >= 0, axis, ndims + axis)
        fill_count = op("Maximum", x=count - 2, y=0)
        steps = op("Maximum", x=count - 1, y=1)
        delta = (stop - start) / cast(steps, dtype_of(stop))
        start, stop = cast(start, dtype_of(delta)), cast(stop, dtype_of(delta))
        range_end = where_v2(count >= 0, steps, -1)
        inner = cast(range_(1, range_end, dtype=dtypes.int64), dtype_of(delta))
        mask = op("Equal", x=axis, y=range_(ndims))
        inner = reshape(inner, where_v2(mask, fill_count, 1))
        between = start + delta * inner
        everything = concat((start, between, stop), axis=axis)
        begin = zeros_like(full_shape)
        size = concat((full_shape[0:axis], reshape(count, [1]), full_shape[axis + 1 :]), axis=0)
        return slice_(everything, begin, size)


@export("saturate_cast", "dtypes.saturate_cast")
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """Return a tensor of another dtype, with what is too large made the largest; see `tf.saturate_cast`."""
    with name_scope(name, "saturate_cast", [value]) as scope:
        value = convert_to_tensor(value, name="value")
        wanted, own = as_dtype(dtype).base_dtype, dtype_of(value)
        if own.is_complex and not wanted.is_complex:
            value, own = real(value), own.real_dtype
        if own.is_complex:
            return cast(value, wanted, name=scope)
        low, high = _limits(own, wanted.real_dtype)
        low, high = convert_to_tensor(low, dtype=own), convert_to_tensor(high, dtype=own)
        value = op("ClipByValue", t=value, clip_value_min=low, clip_value_max=high, name="clamp")
        return cast(value, wanted, name=scope)


def _limits(own: DType, wanted: DType) -> tuple[Any, Any]:
    """The largest range that both types can hold, in the first's own values."""
    scalar = own.as_numpy_dtype
    try:
        common: Any = np.promote_types(scalar, wanted.as_numpy_dtype)
    except TypeError:
        common = float
    low = scalar(np.maximum(own.min, wanted.min))
    if np.array(low, common) < np.array(wanted.min, common):
        low = np.nextafter(low, scalar(0), dtype=scalar)
    high = scalar(np.minimum(float(own.max), float(wanted.max)))
    if np.array(high, common) > np.array(wanted.max, common):
        high = np.nextafter(high, scalar(0), dtype=scalar)
    return low, high
