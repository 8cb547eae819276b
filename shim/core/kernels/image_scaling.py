"""`ScaleAndTranslate`: images of another size through any window, as later versions of TensorFlow resize them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, Spec

_F32 = np.float32
Window = Callable[[np.ndarray], np.ndarray]


def _lanczos(radius: int) -> Window:
    def window(x: np.ndarray) -> np.ndarray:
        wide = np.pi * np.where(x > 1e-3, x, 1)
        value = radius * np.sin(wide) * np.sin(wide / radius) / (wide * wide)
        return np.where(x <= 1e-3, 1, np.where(x > radius, 0, value))

    return window


def _gaussian(x: np.ndarray) -> np.ndarray:
    sigma = 0.5
    return np.where(x >= 1.5, 0, np.exp(-x * x / (2 * sigma * sigma)))


def _keys_cubic(x: np.ndarray) -> np.ndarray:
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, ((1.5 * x - 2.5) * x) * x + 1))


def _mitchell_cubic(x: np.ndarray) -> np.ndarray:
    far = ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return np.where(x >= 2, 0, np.where(x >= 1, far, ((7 / 6 * x - 2) * x) * x + 8 / 9))


#: How far each window reaches, and its height.
_WINDOWS: dict[str, tuple[float, Window]] = {
    "lanczos1": (1, _lanczos(1)),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
    "gaussian": (1.5, _gaussian),
    "box": (0.5, lambda x: np.where(x < 0.5, 1.0, np.where(x == 0.5, 0.5, 0.0))),
    "triangle": (1, lambda x: np.where(x < 1, 1 - x, 0.0)),
    "keyscubic": (2, _keys_cubic),
    "mitchellcubic": (2, _mitchell_cubic),
}


def weights(size: int, new: int, scale: float, shift: float, kernel_type: str, antialias: bool) -> np.ndarray:
    """Return how much of each old row each new one has: `[new, size]`.

    Args:
        size: How many old rows.
        new: How many new ones.
        scale: How much larger the image becomes.
        shift: By how much it moves.
        kernel_type: The window.
        antialias: Whether the window widens where the image becomes smaller.
    """
    radius, window = _WINDOWS[kernel_type]
    inverse = _F32(1) / _F32(scale)
    moved = -inverse * _F32(shift)
    widening = max(inverse, _F32(1)) if antialias else _F32(1)
    at = (np.arange(new, dtype=np.float32) + _F32(0.5)) * inverse + moved
    reach = _F32(radius) * widening
    low = np.clip(np.ceil(at - reach - _F32(0.5)), 0, size - 1)
    high = np.clip(np.floor(at + reach - _F32(0.5)), 0, size - 1)
    old = np.arange(size, dtype=np.float32)[None, :]
    distance = np.abs((old + _F32(0.5) - at[:, None]) / widening)
    found = window(distance.astype(np.float32)).astype(np.float32)
    found = np.where((old >= low[:, None]) & (old <= high[:, None]), found, 0)
    found[(at < 0) | (at > size)] = 0
    total = found.sum(1, keepdims=True)
    usable = np.abs(total) >= 1000 * np.finfo(np.float32).tiny
    return np.where(usable, found / np.where(usable, total, 1), 0).astype(np.float32)


def _scaled(images: Spec, size: Spec, *rest: Spec) -> Shape:
    shape = rules.with_rank(images.shape, 4)
    wanted = size.partial_shape() or (None, None)
    return (shape[0], *rules.with_rank(wanted, 2), shape[3])


@kernel("ScaleAndTranslate", heavy=True, host=("size", "scale", "translation"), infer=_scaled)
def _scale_and_translate(
    k: Any,
    images: Any,
    size: np.ndarray,
    scale: np.ndarray,
    translation: np.ndarray,
    *,
    kernel_type: str,
    antialias: bool,
) -> Any:
    if np.any(size <= 0):
        raise InvalidArgumentError(None, None, "output dimensions must be positive")
    if np.any(scale <= 0):
        raise InvalidArgumentError(None, None, "scale must be greater than zero.")
    images = k.astype(images, "float32")
    for axis in (1, 2):
        place = axis - 1
        matrix = weights(
            k.shape(images)[axis],
            int(size[place]),
            float(scale[place]),
            float(translation[place]),
            kernel_type,
            antialias,
        )
        images = k.moveaxis(k.tensordot(images, k.asarray(matrix), ([axis], [1])), -1, axis)
    return images
