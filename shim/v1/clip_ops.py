"""Clipping of values and of norms: `tf.clip_by_value`, `tf.clip_by_global_norm` and the like."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import colocate_with
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices
from onevar.v1.array_ops_create import constant, ones_like
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import identity, rank, size, stack
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import UNARY, cast, maximum, minimum, sqrt
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_reduce import reduce_sum


def _values(t: Any, name: str = "t") -> Any:
    return convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name=name)


def _like(t: Any, values: Any) -> Any:
    return IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values


@export("clip_by_value")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Return a tensor with its values made to lie between two; see `tf.clip_by_value`.

    Raises:
        ValueError: The limits are of another shape than the tensor.
    """
    with name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        values = _values(t)
        below = minimum(values, clip_value_max)
        shape_of(values).assert_is_compatible_with(shape_of(below))
        clipped = maximum(below, clip_value_min, name=scope)
        shape_of(values).assert_is_compatible_with(shape_of(clipped))
        return _like(t, clipped)


@export("clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Return a tensor made shorter where it is longer than `clip_norm`; see `tf.clip_by_norm`."""
    with name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values = _values(t)
        if np.isscalar(clip_norm):
            clip_norm = max(clip_norm, 0)  # type: ignore[type-var]
        else:
            clip_norm = cast(maximum(clip_norm, 0), dtype_of(values))
        squares = reduce_sum(values * values, axes, keepdims=True)
        positive = squares > 0
        safe = where(positive, squares, ones_like(squares))
        length = where(positive, sqrt(safe), squares)
        scaled = values * clip_norm
        shape_of(values).assert_is_compatible_with(shape_of(scaled))
        return _like(t, identity(scaled / maximum(length, clip_norm), name=scope))


def _sequence(t_list: Any) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    return list(t_list)


@export("global_norm", "linalg.global_norm")
def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Return the norm of all elements of several tensors; see `tf.linalg.global_norm`.

    Raises:
        TypeError: `t_list` is no sequence.
    """
    t_list = _sequence(t_list)
    with name_scope(name, "global_norm", t_list):
        values = [None if t is None else _values(t, f"t_{i}") for i, t in enumerate(t_list)]
        halves = []
        for value in values:
            if value is not None:
                with colocate_with(value):
                    halves.append(op("L2Loss", t=value))
        half = reduce_sum(stack(halves))
        return sqrt(half * constant(2.0, dtype=dtype_of(half)), name="global_norm")


@export("clip_by_global_norm")
def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """Return tensors made shorter together, and their norm; see `tf.clip_by_global_norm`.

    Raises:
        TypeError: `t_list` is no sequence.
    """
    t_list = _sequence(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with name_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as scope:
        inverse = 1.0 / use_norm
        scale = clip_norm * minimum(inverse, constant(1.0, dtype=dtype_of(use_norm)) / clip_norm)
        scale = scale + (use_norm - use_norm)  # not a number if the norm is not finite
        values = [None if t is None else _values(t, f"t_{i}") for i, t in enumerate(t_list)]
        clipped: list[Any] = []
        for i, value in enumerate(values):
            if value is None:
                clipped.append(None)
                continue
            with colocate_with(value):
                clipped.append(identity(value * cast(scale, dtype_of(value)), name=f"{scope}_{i}"))
        return [_like(t, c) for t, c in zip(t_list, clipped, strict=True)], use_norm


@export("clip_by_average_norm")
def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """Return a tensor made shorter where its norm per element is larger; see `tf.compat.v1.clip_by_average_norm`."""
    with name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = convert_to_tensor(t, name="t")
        count = cast(size(t), dtypes.float32)
        inverse = UNARY["Rsqrt"](reduce_sum(t * t, range_(rank(t))))
        scaled = t * clip_norm
        return identity(scaled * minimum(inverse * count, constant(1.0) / clip_norm), name=scope)
