"""Parts of images and volumes: patches as channels, glimpses."""

from itertools import product
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, Spec


def _count(size: int | None, window: int, stride: int, padding: str) -> int | None:
    if size is None:
        return None
    return -(-size // stride) if padding == "SAME" else max(-(-(size - window + 1) // stride), 0)


def _patches_shape(shape: Shape, sizes: list[int], strides: list[int], rates: list[int], padding: str) -> Shape:
    rank = len(sizes)
    shape = rules.with_rank(shape, rank)
    windows = [(n - 1) * rate + 1 for n, rate in zip(sizes, rates, strict=True)]
    inner = [_count(*row, padding) for row in zip(shape[1:-1], windows[1:-1], strides[1:-1], strict=True)]
    depth = None if shape[-1] is None else shape[-1] * int(np.prod(sizes[1:-1]))
    return (shape[0], *inner, depth)


def _patches(k: Any, images: Any, sizes: list[int], strides: list[int], rates: list[int], padding: str) -> Any:
    """Patches as channels: for each place in a patch a strided view of the images, padded before."""
    shape = k.shape(images)
    widths, counts = [(0, 0)], []
    for size, n, stride, rate in zip(shape[1:-1], sizes[1:-1], strides[1:-1], rates[1:-1], strict=True):
        window = (n - 1) * rate + 1
        count = _count(size, window, stride, padding) or 0
        missing = max((count - 1) * stride + window - size, 0) if padding == "SAME" else 0
        widths.append((missing // 2, missing - missing // 2))
        counts.append(count)
    padded = k.pad(images, (*widths, (0, 0)), "constant", 0)
    parts = []
    for place in product(*map(range, sizes[1:-1])):
        starts = [at * rate for at, rate in zip(place, rates[1:-1], strict=True)]
        spans = [
            slice(start, start + (count - 1) * stride + 1 if count else start, stride)
            for start, count, stride in zip(starts, counts, strides[1:-1], strict=True)
        ]
        parts.append(k.getitem(padded, (slice(None), *spans, slice(None))))
    return k.concat(parts, -1)


def _image_patches(images: Spec, *, ksizes: list[int], strides: list[int], rates: list[int], padding: str) -> Shape:
    return _patches_shape(images.shape, ksizes, strides, rates, padding)


@kernel("ExtractImagePatches", infer=_image_patches)
def _extract_image_patches(
    k: Any, images: Any, *, ksizes: list[int], strides: list[int], rates: list[int], padding: str
) -> Any:
    return _patches(k, images, ksizes, strides, rates, padding)


@kernel(
    "ExtractVolumePatches",
    infer=lambda x, *, ksizes, strides, padding: _patches_shape(x.shape, ksizes, strides, [1] * 5, padding),
)
def _extract_volume_patches(k: Any, x: Any, *, ksizes: list[int], strides: list[int], padding: str) -> Any:
    return _patches(k, x, ksizes, strides, [1] * 5, padding)


# -- glimpses ------------------------------------------------------------------------------------------


def _glimpse_shape(images: Spec, size: Spec, offsets: Spec) -> Shape:
    shape = rules.with_rank(images.shape, 4)
    wanted = size.partial_shape() or (None, None)
    offset = rules.with_rank(offsets.shape, 2)
    batch = shape[0] if shape[0] is not None else offset[0]
    return (batch, *rules.with_rank(wanted, 2), shape[3])


def _filled(shape: tuple[int, ...], image: np.ndarray, noise: str) -> np.ndarray:
    """What is seen beyond the image. TensorFlow's noise is of its own making, new for every glimpse."""
    generator = np.random.default_rng()
    if noise == "uniform":
        return generator.random(shape, np.float32)
    if noise == "gaussian":
        return generator.standard_normal(shape, np.float32)
    return np.zeros(shape, np.float32)


def _glimpses(images: np.ndarray, size: np.ndarray, corners: np.ndarray, noise: str) -> np.ndarray:
    height, width = (int(n) for n in size)
    if height <= 0 or width <= 0:
        raise InvalidArgumentError(None, None, "Size of the glimpse must be positive")
    out = []
    for image, (top, left) in zip(images, corners.tolist(), strict=True):
        glimpse = _filled((height, width, images.shape[3]), image, noise)
        y0, y1 = max(top, 0), min(top + height, image.shape[0])
        x0, x1 = max(left, 0), min(left + width, image.shape[1])
        if y0 < y1 and x0 < x1:
            glimpse[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
        out.append(glimpse)
    return np.stack(out) if out else np.zeros((0, height, width, images.shape[3]), np.float32)


def _corners(images: np.ndarray, size: np.ndarray, offsets: np.ndarray, centered: bool, normalized: bool) -> np.ndarray:
    """Where the upper left corners are. Offsets from the middle count half, in pixels too: so does TensorFlow's op."""
    whole = np.array(images.shape[1:3], np.float32)
    at = offsets.astype(np.float32)
    if normalized:
        at = at * whole
    if centered:
        at = at / np.float32(2) + whole / np.float32(2)
    return (at - size.astype(np.float32) / np.float32(2)).astype(np.int64)


@kernel("ExtractGlimpse", on_host=True, infer=_glimpse_shape)
def _extract_glimpse(
    k: Any, images: np.ndarray, size: np.ndarray, offsets: np.ndarray,
    *, centered: bool, normalized: bool, uniform_noise: bool, noise: str,
) -> np.ndarray:  # fmt: skip
    if len(offsets) != len(images):
        raise InvalidArgumentError(None, None, f"offsets must have {len(images)} rows, but has {len(offsets)}")
    return _glimpses(images, size, _corners(images, size, offsets, centered, normalized), noise)
