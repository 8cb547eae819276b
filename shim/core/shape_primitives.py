"""The primitives of `onevar.adapters.primitives` on shapes alone: running an op's definition with them infers shapes.

Operands are `Spec`s; NumPy arrays, numbers and tuples are taken for what they are. Sizes that a definition gets from
`k.shape` and that are not known are `UNKNOWN`, which stays unknown through arithmetic; a question that needs its value
raises `UnknownShape`, and so does `k.shape` of a tensor of unknown rank.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.spec import UNKNOWN, Shape, ShapeError, Spec, UnknownShape


def _names(text: str) -> list[str]:
    return text.split()


_ELEMENTWISE = _names(
    """
abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag log log1p log2 log10
logical_not negative positive real reciprocal round sign sin sinh sqrt square tan tanh trunc digamma erf erfc erfinv
lgamma relu rsqrt sigmoid softplus stop_gradient zeros_like ones_like asarray softmax log_softmax sort tril triu
fft ifft fft2 ifft2 linalg_inv linalg_cholesky cumulative_sum cumulative_prod flip roll
"""
)
_PREDICATES = _names("isfinite isinf isnan signbit")
_BINARY = _names(
    """
add atan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift copysign divide floor_divide hypot
logaddexp maximum minimum multiply nextafter pow remainder subtract complex
"""
)
_COMPARISONS = _names("equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor")
_REDUCTIONS = _names("sum prod max min mean any all logsumexp")


def _shape_of(x: Any) -> Shape:
    return x.shape if isinstance(x, Spec) else np.shape(x)


def _dtype_of(x: Any) -> str:
    if isinstance(x, Spec):
        return x.dtype
    return x.dtype.name if isinstance(x, np.ndarray) else ""


def _known(x: Any) -> tuple[int | None, ...]:
    shape = _shape_of(x)
    if shape is None:
        raise UnknownShape
    return shape


def _common_dtype(*operands: Any) -> str:
    return next(filter(None, map(_dtype_of, operands)), "float32")


def _same(x: Any, *_: Any, **__: Any) -> Spec:
    return Spec(_shape_of(x), _dtype_of(x))


def _predicate(x: Any) -> Spec:
    return Spec(_shape_of(x), "bool")


def _binary(x: Any, y: Any) -> Spec:
    return Spec(rules.broadcast(_shape_of(x), _shape_of(y)), _common_dtype(x, y))


def _comparison(x: Any, y: Any) -> Spec:
    return Spec(rules.broadcast(_shape_of(x), _shape_of(y)), "bool")


def _axes(axis: int | Sequence[int] | None) -> Sequence[int] | None:
    return (axis,) if isinstance(axis, int) else axis


def _reduction(x: Any, axis: Any = None, keepdims: bool = False) -> Spec:
    return Spec(rules.reduce(_shape_of(x), _axes(axis), keepdims), _dtype_of(x))


def _position(x: Any, axis: Any = None, keepdims: bool = False) -> Spec:
    return Spec(rules.reduce(_shape_of(x), _axes(axis), keepdims), "int64")


def _shape(x: Any) -> tuple[Any, ...]:
    return tuple([UNKNOWN if n is None else n for n in _known(x)])


def _astype(x: Any, dtype: str) -> Spec:
    return Spec(_shape_of(x), dtype)


def _filled(shape: Iterable[Any], *args: Any) -> Spec:
    return Spec(rules.sizes(shape), args[-1])


def _arange(start: Any, stop: Any, step: Any, dtype: str) -> Spec:
    count = max(0, -((start - stop) // step))
    return Spec((int(count),), dtype)


def _linspace(start: Any, stop: Any, num: Any, dtype: str) -> Spec:
    return Spec(rules.sizes((num,)), dtype)


def _eye(n_rows: Any, n_cols: Any, dtype: str) -> Spec:
    return Spec(rules.sizes((n_rows, n_cols)), dtype)


def _bitcast(x: Any, dtype: str) -> Spec:
    before, after = (np.dtype(_np_name(name)).itemsize for name in (_dtype_of(x), dtype))
    shape = _shape_of(x)
    if shape is not None and before > after:
        shape = (*shape, before // after)
    elif shape is not None and before < after:
        shape = shape[:-1]
    return Spec(shape, dtype)


def _np_name(name: str) -> str:
    return {"bfloat16": "uint16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8"}.get(name, name)


def _where(condition: Any, x: Any, y: Any) -> Spec:
    return Spec(rules.broadcast_all(map(_shape_of, (condition, x, y))), _common_dtype(x, y))


def _clip(x: Any, min: Any = None, max: Any = None) -> Spec:
    bounds = [_shape_of(bound) for bound in (min, max) if bound is not None]
    return Spec(rules.broadcast_all([_shape_of(x), *bounds]), _dtype_of(x))


def _reshape(x: Any, shape: Iterable[Any]) -> Spec:
    return Spec(rules.reshape(_shape_of(x), rules.sizes(shape)), _dtype_of(x))


def _permute_dims(x: Any, axes: Sequence[int]) -> Spec:
    shape = rules.with_rank(_shape_of(x), len(axes))
    return Spec(tuple([shape[axis] for axis in axes]), _dtype_of(x))


def _expand_dims(x: Any, axis: int = 0) -> Spec:
    shape = _known(x)
    at = rules.axis_of(axis, len(shape) + 1)
    return Spec((*shape[:at], 1, *shape[at:]), _dtype_of(x))


def _squeeze(x: Any, axis: int | Sequence[int]) -> Spec:
    return _reduction(x, axis)


def _moveaxis(x: Any, source: int, destination: int) -> Spec:
    shape = list(_known(x))
    shape.insert(destination % len(shape), shape.pop(source))
    return Spec(tuple(shape), _dtype_of(x))


def _broadcast_to(x: Any, shape: Iterable[Any]) -> Spec:
    return Spec(rules.sizes(shape), _dtype_of(x))


def _broadcast_arrays(*arrays: Any) -> list[Spec]:
    shape = rules.broadcast_all(map(_shape_of, arrays))
    return [Spec(shape, _dtype_of(x)) for x in arrays]


def _concat(arrays: Sequence[Any], axis: int = 0) -> Spec:
    return Spec(rules.concat([_shape_of(x) for x in arrays], axis), _common_dtype(*arrays))


def _stack(arrays: Sequence[Any], axis: int = 0) -> Spec:
    shape = rules.merge_all([_shape_of(x) for x in arrays])
    if shape is None:
        raise UnknownShape
    at = rules.axis_of(axis, len(shape) + 1)
    return Spec((*shape[:at], len(arrays), *shape[at:]), _common_dtype(*arrays))


def _unstack(x: Any, axis: int = 0) -> list[Spec]:
    shape = _known(x)
    count = shape[axis]
    if count is None:
        raise UnknownShape
    return [_reduction(x, axis)] * count


def _tile(x: Any, repetitions: Sequence[Any]) -> Spec:
    return Spec(rules.sizes(n * m for n, m in zip(_shape(x), repetitions, strict=True)), _dtype_of(x))


def _repeat(x: Any, repeats: int, axis: int | None = None) -> Spec:
    shape = list(_shape(x) if axis is not None else (UNKNOWN if (n := rules.size(_known(x))) is None else n,))
    shape[axis or 0] *= repeats
    return Spec(rules.sizes(shape), _dtype_of(x))


def _pad(x: Any, widths: Sequence[Sequence[Any]], mode: str = "constant", value: Any = 0) -> Spec:
    shape = _shape_of(x)
    known = _shape(x) if shape is not None else (UNKNOWN,) * len(widths)
    return Spec(rules.sizes(n + low + high for n, (low, high) in zip(known, widths, strict=True)), _dtype_of(x))


def _sliced(n: int | None, part: slice) -> int | None:
    if n is not None:
        return len(range(*part.indices(n)))
    step = 1 if part.step is None else part.step
    if part.start is None and part.stop is None and abs(step) == 1:
        return None
    return None if part.stop != 0 or step < 0 else 0


def _getitem(x: Any, index: Any) -> Spec:
    parts = index if isinstance(index, tuple) else (index,)
    shape = list(_known(x))
    taken = sum(part is not None and part is not Ellipsis for part in parts)
    fill = [slice(None)] * (len(shape) - taken)
    if Ellipsis in [part for part in parts if isinstance(part, type(Ellipsis))]:
        at = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts = (*parts[:at], *fill, *parts[at + 1 :])
    else:
        parts = (*parts, *fill)
    result: list[int | None] = []
    for part in parts:
        if part is None:
            result.append(1)
        elif isinstance(part, slice):
            result.append(_sliced(shape.pop(0), part))
        else:
            shape.pop(0)
    return Spec(tuple(result), _dtype_of(x))


def _setitem(x: Any, index: Any, value: Any) -> Spec:
    return _same(x)


def _take(x: Any, indices: Any, axis: int = 0) -> Spec:
    shape, positions = _known(x), _known(indices)
    at = rules.axis_of(axis, len(shape))
    return Spec((*shape[:at], *positions, *shape[at + 1 :]), _dtype_of(x))


def _take_along_axis(x: Any, indices: Any, axis: int = -1) -> Spec:
    shape, positions = list(_known(x)), _known(indices)
    shape[axis] = positions[axis]
    return Spec(tuple(shape), _dtype_of(x))


def _segment_sum(x: Any, ids: Any, count: Any) -> Spec:
    return Spec((*rules.sizes((count,)), *_known(x)[len(_known(ids)) :]), _dtype_of(x))


def _top_k(x: Any, n: Any) -> tuple[Spec, Spec]:
    shape = (*_known(x)[:-1], *rules.sizes((n,)))
    return Spec(shape, _dtype_of(x)), Spec(shape, "int32")


def _matmul(x: Any, y: Any) -> Spec:
    a, b = _known(x), _known(y)
    if len(a) < 2 or len(b) < 2:
        raise ShapeError(f"Shape must be at least rank 2 but is rank {min(len(a), len(b))}")
    rules.merge_dim(a[-1], b[-2])
    batch = rules.broadcast(a[:-2], b[:-2])
    return Spec((*(batch or ()), a[-2], b[-1]), _common_dtype(x, y))


def _matrix_transpose(x: Any) -> Spec:
    shape = _shape_of(x)
    if shape is None:
        return Spec(None, _dtype_of(x))
    return Spec((*shape[:-2], shape[-1], shape[-2]), _dtype_of(x))


def _vecdot(x: Any, y: Any, axis: int = -1) -> Spec:
    return _reduction(_binary(x, y), axis)


def _det(x: Any) -> Spec:
    shape = _shape_of(x)
    return Spec(None if shape is None else shape[:-2], _dtype_of(x))


def _solve(x: Any, y: Any, *_: Any, **__: Any) -> Spec:
    a, b = _known(x), _known(y)
    return Spec((*(rules.broadcast(a[:-2], b[:-2]) or ()), a[-1], b[-1]), _dtype_of(x))


def _searchsorted(x1: Any, x2: Any, side: str = "left") -> Spec:
    return Spec(_shape_of(x2), "int64")


class ShapePrimitives:
    """The namespace that definitions get as `k` when shapes are inferred."""

    is_shape = True
    name = "shapes"

    def __init__(self, table: dict[str, Callable]):
        self.__dict__.update(table)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's own questions, not a primitive
            raise AttributeError(name)
        # Nothing is known of what this primitive would make; the op's own `infer` says more.
        raise UnknownShape(name)


def _table() -> dict[str, Callable]:
    table: dict[str, Callable] = {}
    for names, function in (
        (_ELEMENTWISE, _same),
        (_PREDICATES, _predicate),
        (_BINARY, _binary),
        (_COMPARISONS, _comparison),
        (_REDUCTIONS, _reduction),
        (("argmax", "argmin"), _position),
        (("zeros", "ones", "full"), _filled),
        (("scatter", "setitem", "cross"), _same),
    ):
        table.update(dict.fromkeys(names, function))
    own = (
        _shape, _astype, _arange, _linspace, _eye, _bitcast, _where, _clip, _reshape, _permute_dims, _expand_dims,
        _squeeze, _moveaxis, _broadcast_to, _broadcast_arrays, _concat, _stack, _unstack, _tile, _repeat, _pad,
        _getitem, _take, _take_along_axis, _segment_sum, _top_k, _matmul, _matrix_transpose, _vecdot, _searchsorted,
    )  # fmt: skip
    table.update({function.__name__[1:]: function for function in own})
    table.update(linalg_det=_det, linalg_solve=_solve, linalg_triangular_solve=_solve, dtype=_dtype_of)
    return table


SHAPES = ShapePrimitives(_table())
