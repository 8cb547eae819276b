"""Images seen through a projection: each new pixel is looked up where the transform says."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.spec import Shape, Spec


def _transformed(images: Spec, transforms: Spec, output_shape: Spec, *rest: Spec) -> Shape:
    shape = rules.with_rank(images.shape, 4)
    wanted = output_shape.partial_shape() or (None, None)
    return (shape[0], *rules.with_rank(wanted, 2), shape[3])


def _sources(k: Any, transforms: Any, height: int, width: int) -> tuple[Any, Any, Any]:
    """Where each new pixel comes from: columns and rows, images first; where the projection has a place at all."""
    x = k.asarray(np.broadcast_to(np.arange(width, dtype=np.float32), (1, height, width)).copy())
    y = k.asarray(np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (1, height, width)).copy())
    t = [k.reshape(k.getitem(transforms, (slice(None), i)), (-1, 1, 1)) for i in range(8)]

    def line(a: Any, b: Any, c: Any) -> Any:
        return k.add(k.add(k.multiply(a, x), k.multiply(b, y)), c)

    depth = line(t[6], t[7], k.ones_like(t[6]))
    there = k.not_equal(depth, k.zeros_like(depth))
    depth = k.where(there, depth, k.ones_like(depth))
    return k.divide(line(t[0], t[1], t[2]), depth), k.divide(line(t[3], t[4], t[5]), depth), there


def _reflected(k: Any, at: Any, size: int) -> Any:
    """Beyond the border the image goes on mirrored, its last pixel twice."""
    period = 2.0 * size
    inside = k.subtract(at, k.multiply(k.floor(k.divide(at, period)), period))
    return k.where(k.less(inside, _like(k, inside, size)), inside, k.subtract(_like(k, inside, period - 1.0), inside))


def _wrapped(k: Any, at: Any, size: int) -> Any:
    """Beyond the border the image begins anew."""
    if size <= 1:
        return k.zeros_like(at)
    last = float(size - 1)
    before = k.add(at, k.multiply(k.add(k.trunc(k.divide(k.negative(at), last)), 1.0), float(size)))
    after = k.subtract(at, k.multiply(k.trunc(k.divide(at, last)), float(size)))
    wrapped = k.where(k.less(at, k.zeros_like(at)), before, k.where(k.greater(at, _like(k, at, last)), after, at))
    return k.clip(wrapped, 0.0, last)


def _like(k: Any, x: Any, value: float) -> Any:
    return k.full(k.shape(x), float(value), "float32")


def _mapped(k: Any, at: Any, size: int, fill_mode: str) -> Any:
    if fill_mode == "REFLECT":
        return k.clip(_reflected(k, at, size), 0.0, float(size - 1))
    if fill_mode == "WRAP":
        return _wrapped(k, at, size)
    return k.clip(at, 0.0, float(size - 1)) if fill_mode == "NEAREST" else at


def _looked_up(k: Any, images: Any, rows: Any, columns: Any, there: Any, fill: Any) -> Any:
    """Pixels at whole coordinates; `fill` beyond the border."""
    count, height, width, depth = k.shape(images)
    inside = there
    for at, size in ((rows, height), (columns, width)):
        inside = k.logical_and(inside, k.greater_equal(at, k.zeros_like(at)))
        inside = k.logical_and(inside, k.less(at, _like(k, at, size)))
    row = k.astype(k.clip(rows, 0.0, float(height - 1)), "int64")
    column = k.astype(k.clip(columns, 0.0, float(width - 1)), "int64")
    start = k.asarray((np.arange(count) * height * width).reshape(-1, 1, 1))
    index = k.add(k.add(k.multiply(row, width), column), start)
    found = k.take(k.reshape(images, (-1, depth)), index, 0)
    return k.where(k.expand_dims(inside, 3), found, k.astype(fill, k.dtype(images)))


def _rounded(k: Any, at: Any) -> Any:
    # Halves away from zero, as C rounds.
    return k.multiply(k.sign(at), k.floor(k.add(k.abs(at), 0.5)))


def _projected(
    k: Any, images: Any, transforms: Any, output_shape: np.ndarray, fill: Any, interpolation: str, fill_mode: str
) -> Any:
    _, height, width, _ = k.shape(images)
    new_height, new_width = (int(n) for n in output_shape)
    columns, rows, there = _sources(k, transforms, new_height, new_width)
    columns, rows = _mapped(k, columns, width, fill_mode), _mapped(k, rows, height, fill_mode)
    if interpolation == "NEAREST":
        return _looked_up(k, images, _rounded(k, rows), _rounded(k, columns), there, fill)
    dtype = k.dtype(images)
    kept = dtype if dtype in ("float32", "float64") else "float32"
    computed = k.astype(images, kept)
    top, left = k.stop_gradient(k.floor(rows)), k.stop_gradient(k.floor(columns))
    bottom, right = k.add(top, 1.0), k.add(left, 1.0)

    def share(x: Any) -> Any:
        return k.expand_dims(k.astype(x, kept), 3)

    def pixel(row: Any, column: Any) -> Any:
        return _looked_up(k, computed, row, column, there, fill)

    before, after = share(k.subtract(right, columns)), share(k.subtract(columns, left))
    upper = k.add(k.multiply(before, pixel(top, left)), k.multiply(after, pixel(top, right)))
    lower = k.add(k.multiply(before, pixel(bottom, left)), k.multiply(after, pixel(bottom, right)))
    above, below = share(k.subtract(bottom, rows)), share(k.subtract(rows, top))
    return k.astype(k.add(k.multiply(above, upper), k.multiply(below, lower)), dtype)


@kernel("ImageProjectiveTransformV2", heavy=True, host=("output_shape",), infer=_transformed)
def _transform_v2(
    k: Any, images: Any, transforms: Any, output_shape: np.ndarray, *, interpolation: str, fill_mode: str
) -> Any:
    fill = k.zeros((1, 1, 1, 1), "float32")
    return _projected(k, images, transforms, output_shape, fill, interpolation, fill_mode)


@kernel("ImageProjectiveTransformV3", heavy=True, host=("output_shape",), infer=_transformed)
def _transform_v3(
    k: Any, images: Any, transforms: Any, output_shape: np.ndarray, fill: Any, *, interpolation: str, fill_mode: str
) -> Any:
    fill = k.reshape(fill, (1, 1, 1, 1))
    return _projected(k, images, transforms, output_shape, fill, interpolation, fill_mode)
