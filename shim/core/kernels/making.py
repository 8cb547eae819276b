"""Tensors made from nothing: constants, fills, ranges."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.infer import SMALL
from onevar.core.kernel import kernel
from onevar.core.spec import Shape, ShapeError, Spec


def _constant(*, value: np.ndarray, dtype: str) -> Spec:
    return Spec(value.shape, dtype, value if value.size <= SMALL else None)


@kernel("Const", infer=_constant)
def _const(k: Any, *, value: np.ndarray) -> Any:
    return value


@kernel("Fill", host=("dims",), infer=lambda dims, value: _filled(dims, value))
def _fill(k: Any, dims: np.ndarray, value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == object:
        return np.full(tuple(dims.tolist()), value.item(), object)
    return k.full(tuple(dims.tolist()), value, k.dtype(value))


def _filled(dims: Spec, value: Spec) -> Shape:
    rules.with_rank(dims.shape, 1)
    rules.with_rank(value.shape, 0)
    return dims.partial_shape()


def _range_shape(start: Spec, limit: Spec, delta: Spec) -> Shape:
    for bound in (start, limit, delta):
        rules.with_rank(bound.shape, 0)
    if start.value is None or limit.value is None or delta.value is None:
        return (None,)
    return (_count(start.value, limit.value, delta.value),)


def _count(start: np.ndarray, limit: np.ndarray, delta: np.ndarray) -> int:
    first, last, step = start.item(), limit.item(), delta.item()
    if step == 0:
        raise ShapeError("Requires delta != 0")
    if step > 0 and first > last:
        raise ShapeError(f"Requires start <= limit when delta > 0: {first}/{last}")
    if step < 0 and first < last:
        raise ShapeError(f"Requires start >= limit when delta < 0: {first}/{last}")
    if isinstance(step, int):
        return -(-abs(last - first) // abs(step))
    # In the dtype's own arithmetic, which rounds: float32 counts 3 steps of 0.1 up to 0.3.
    return int(np.ceil(abs((limit - start) / delta)))


@kernel("Range", host=("start", "limit", "delta"), infer=_range_shape)
def _range(k: Any, start: np.ndarray, limit: np.ndarray, delta: np.ndarray) -> Any:
    steps = np.arange(_count(start, limit, delta)).astype(start.dtype)
    return start + steps * delta


@kernel("LinSpace", host=("start", "stop", "num"), infer=lambda start, stop, num: (_number(num),))
def _lin_space(k: Any, start: np.ndarray, stop: np.ndarray, num: np.ndarray) -> Any:
    n = int(num)
    if n <= 0:
        raise ShapeError(f"Requires num > 0: {n}")
    points = np.linspace(start.astype(np.float64), stop.astype(np.float64), n)
    return points.astype(start.dtype)


def _number(num: Spec) -> int | None:
    return None if num.value is None else int(num.value)
