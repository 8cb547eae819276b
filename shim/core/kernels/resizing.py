"""Images of another size, on the pixel grids of TensorFlow 1 (corners at corners, centres at half pixels, or neither).

Where each new pixel lies in the old image depends on sizes alone: positions and weights are computed by NumPy, and the
images are gathered and added along one axis after the other.
"""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, Spec

_F32 = np.float32


def _scale(size: int, new: int, align_corners: bool) -> np.float32:
    if align_corners and new > 1:
        return _F32((size - 1) / _F32(new - 1))
    return _F32(size) / _F32(new)


def _resized(images: Spec, size: Spec) -> Shape:
    shape = rules.with_rank(images.shape, 4)
    wanted = rules.with_rank(size.partial_shape(), 2) if rules.with_rank(size.shape, 1) else (None, None)
    return (shape[0], *wanted, shape[3])


def _check(images_shape: Any, size: Any) -> None:
    """Refuse images without pixels, before and after."""
    if np.any(np.asarray(size) <= 0):
        raise InvalidArgumentError(None, None, "output dimensions must be positive")
    if 0 in images_shape[1:3]:
        raise InvalidArgumentError(None, None, "input image must be of non-zero size")


def _positions(size: int, new: int, align_corners: bool, half: bool) -> np.ndarray:
    """Where the new pixels lie in the old image."""
    at = np.arange(new, dtype=np.float32)
    scale = _scale(size, new, align_corners)
    return (at + _F32(0.5)) * scale - _F32(0.5) if half else at * scale


def _nearest(size: int, new: int, align_corners: bool, half: bool) -> np.ndarray:
    at = np.arange(new, dtype=np.float32)
    scale = _scale(size, new, align_corners)
    found = (at + _F32(0.5)) * scale if half else at * scale
    # Halves away from zero, as C rounds.
    whole = np.floor(found + _F32(0.5)) if align_corners else np.floor(found)
    return np.clip(whole, 0, size - 1).astype(np.int64)


@kernel("ResizeNearestNeighbor", heavy=True, host=("size",), infer=lambda images, size: _resized(images, size))
def _resize_nearest(k: Any, images: Any, size: Any, *, align_corners: bool, half_pixel_centers: bool) -> Any:
    _check(k.shape(images), size)
    for axis in (1, 2):
        rows = _nearest(k.shape(images)[axis], int(size[axis - 1]), align_corners, half_pixel_centers)
        images = k.take(images, k.asarray(rows), axis)
    return images


@kernel("ResizeNearestNeighborGrad", host=("size",), infer=lambda grads, size: _resized(grads, size))
def _resize_nearest_gradient(k: Any, gradient: Any, size: Any, *, align_corners: bool, half_pixel_centers: bool) -> Any:
    for axis in (1, 2):
        old, new = int(size[axis - 1]), k.shape(gradient)[axis]
        rows = _nearest(old, new, align_corners, half_pixel_centers)
        turned = k.moveaxis(gradient, axis, 0)
        gradient = k.moveaxis(k.segment_sum(turned, k.asarray(rows), old), 0, axis)
    return gradient


def _combined(k: Any, images: Any, axis: int, rows: np.ndarray, weights: np.ndarray) -> Any:
    """Add, for each new row, the old rows that `rows` (one line for each term) names, times weights."""
    shape = [1] * len(k.shape(images))
    shape[axis] = -1
    total: Any = None
    for one, weight in zip(rows, weights, strict=True):
        factor = k.astype(k.asarray(weight.astype(np.float32).reshape(shape)), k.dtype(images))
        term = k.multiply(k.take(images, k.asarray(one), axis), factor)
        total = term if total is None else k.add(total, term)
    return total


def _linear(size: int, new: int, align_corners: bool, half: bool) -> tuple[np.ndarray, np.ndarray]:
    at = _positions(size, new, align_corners, half)
    low = np.floor(at)
    share = at - low
    rows = np.stack([np.maximum(low, 0), np.minimum(np.ceil(at), size - 1)])
    return np.clip(rows, 0, size - 1).astype(np.int64), np.stack([1 - share, share])


def _by_lines(k: Any, images: Any, size: Any, lines: Any, align_corners: bool, half: bool) -> Any:
    _check(k.shape(images), size)
    for axis in (2, 1):
        found = lines(k.shape(images)[axis], int(size[axis - 1]), align_corners, half)
        images = _combined(k, images, axis, *found)
    return images


@kernel("ResizeBilinear", heavy=True, host=("size",), infer=lambda images, size: _resized(images, size))
def _resize_bilinear(k: Any, images: Any, size: Any, *, align_corners: bool, half_pixel_centers: bool) -> Any:
    return _by_lines(k, k.astype(images, "float32"), size, _linear, align_corners, half_pixel_centers)


def _cubic(size: int, new: int, align_corners: bool, half: bool) -> tuple[np.ndarray, np.ndarray]:
    """Four neighbours; TensorFlow looks weights up in a table of 1024 steps, and with half pixels leaves out neighbours
    beyond the border."""
    at = _positions(size, new, align_corners, half)
    low = np.floor(at)
    steps = np.rint((at - low) * 1024).astype(np.int64)
    table = _cubic_table(-0.5 if half else -0.75)
    weights = np.stack([
        table[steps * 2 + 1], table[steps * 2], table[(1024 - steps) * 2], table[(1024 - steps) * 2 + 1]
    ])  # fmt: skip
    rows = np.stack([low - 1, low, low + 1, low + 2])
    kept = np.clip(rows, 0, size - 1)
    if half:
        weights = np.where(rows == kept, weights, 0)
        total = weights.sum(0)
        weights = np.where(np.abs(total) >= 1000 * np.finfo(np.float32).tiny, weights / total, weights)
    return kept.astype(np.int64), weights


def _cubic_table(a: float) -> np.ndarray:
    x = np.arange(1025, dtype=np.float64) / 1024
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    y = x + 1
    far = ((a * y - 5 * a) * y + 8 * a) * y - 4 * a
    return np.stack([near, far], -1).reshape(-1).astype(np.float32)


@kernel("ResizeBicubic", heavy=True, host=("size",), infer=lambda images, size: _resized(images, size))
def _resize_bicubic(k: Any, images: Any, size: Any, *, align_corners: bool, half_pixel_centers: bool) -> Any:
    return _by_lines(k, k.astype(images, "float32"), size, _cubic, align_corners, half_pixel_centers)


def _areas(size: int, new: int, align_corners: bool) -> np.ndarray:
    """How much of each old pixel each new one covers, as a matrix of parts that add up to one."""
    scale = _scale(size, new, align_corners)
    found = np.zeros((new, size), np.float32)
    for i in range(new):
        start, end = _F32(i) * scale, _F32(i + 1) * scale
        first, last = int(np.floor(start)), int(np.ceil(end))
        for j in range(first, last):
            found[i, min(max(j, 0), size - 1)] += (
                (min(j + 1 - start, scale) if j < start else (end - j if j + 1 > end else 1.0)) / scale
            )  # fmt: skip
    return found


@kernel("ResizeArea", heavy=True, host=("size",), infer=lambda images, size: _resized(images, size))
def _resize_area(k: Any, images: Any, size: Any, *, align_corners: bool) -> Any:
    _check(k.shape(images), size)
    images = k.astype(images, "float32")
    for axis in (2, 1):
        matrix = k.asarray(_areas(k.shape(images)[axis], int(size[axis - 1]), align_corners))
        images = k.moveaxis(k.tensordot(images, matrix, ([axis], [1])), -1, axis)
    return images


def _like(gradient: Spec, images: Spec) -> Shape:
    return images.shape


def _spread(k: Any, gradient: Any, images: Any, lines: Any, align_corners: bool, half: bool) -> Any:
    """The transpose of `_by_lines`."""
    dtype = k.dtype(images)
    for axis in (1, 2):
        old, new = k.shape(images)[axis], k.shape(gradient)[axis]
        rows, weights = lines(old, new, align_corners, half)
        turned = k.moveaxis(gradient, axis, 0)
        shape = (-1, *(1 for _ in k.shape(turned)[1:]))
        total: Any = None
        for one, weight in zip(rows, weights, strict=True):
            factor = k.astype(k.asarray(weight.astype(np.float32).reshape(shape)), k.dtype(gradient))
            term = k.segment_sum(k.multiply(turned, factor), k.asarray(one), old)
            total = term if total is None else k.add(total, term)
        gradient = k.moveaxis(total, 0, axis)
    return k.astype(gradient, dtype)


@kernel("ResizeBilinearGrad", infer=_like)
def _bilinear_gradient(k: Any, gradient: Any, images: Any, *, align_corners: bool, half_pixel_centers: bool) -> Any:
    return _spread(k, gradient, images, _linear, align_corners, half_pixel_centers)


@kernel("ResizeBicubicGrad", infer=_like)
def _bicubic_gradient(k: Any, gradient: Any, images: Any, *, align_corners: bool, half_pixel_centers: bool) -> Any:
    return _spread(k, gradient, images, _cubic, align_corners, half_pixel_centers)
