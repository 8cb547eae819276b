"""Colours of images: between RGB and HSV, hue, saturation and contrast."""

from typing import Any

from onevar.core.kernel import kernel
from onevar.core.spec import Shape, ShapeError, Spec


def _colors(images: Spec, *_: Spec) -> Shape:
    shape = images.shape
    if shape == ():
        raise ShapeError("Shape must be at least rank 1 but is rank 0")
    if shape is not None and shape and shape[-1] not in (None, 3):
        raise ShapeError(f"Dimension must be 3 but is {shape[-1]}")
    return shape if shape is None else (*shape[:-1], 3)


def _adjusted(images: Spec, amount: Spec) -> Shape:
    if images.shape is not None and len(images.shape) < 3:
        raise ShapeError(f"Shape must be at least rank 3 but is rank {len(images.shape)}")
    return images.shape


def _channels(k: Any, images: Any) -> tuple[Any, Any, Any]:
    size = k.shape(images)[-1]
    if size != 3:
        raise ValueError(f"input must have 3 channels but instead has {size} channels.")
    return tuple(k.getitem(images, (..., i)) for i in range(3))  # type: ignore[return-value]


def _zero_safe(k: Any, x: Any) -> tuple[Any, Any]:
    """Where `x` is not zero, and `x` with ones for zeros, so that nothing is divided by zero."""
    there = k.greater(x, k.zeros_like(x))
    return there, k.where(there, x, k.ones_like(x))


def to_hsv(k: Any, red: Any, green: Any, blue: Any) -> tuple[Any, Any, Any]:
    """Return hue (in turns), saturation and value of colours.

    Args:
        k: Primitives.
        red: From 0 to 1.
        green: As well.
        blue: As well.
    """
    value = k.maximum(k.maximum(red, green), blue)
    span = k.subtract(value, k.minimum(k.minimum(red, green), blue))
    bright, divisor = _zero_safe(k, value)
    zero = k.zeros_like(value)
    saturation = k.where(bright, k.divide(span, divisor), zero)
    colored, divisor = _zero_safe(k, span)
    scale = k.divide(k.ones_like(span), k.multiply(divisor, 6.0))
    first = k.multiply(scale, k.subtract(green, blue))
    second = k.add(k.multiply(scale, k.subtract(blue, red)), 2.0 / 6.0)
    third = k.add(k.multiply(scale, k.subtract(red, green)), 4.0 / 6.0)
    hue = k.where(k.equal(red, value), first, k.where(k.equal(green, value), second, third))
    hue = k.where(colored, hue, zero)
    return k.where(k.less(hue, zero), k.add(hue, 1.0), hue), saturation, value


def to_rgb(k: Any, hue: Any, saturation: Any, value: Any) -> list[Any]:
    """Return red, green and blue of colours.

    Args:
        k: Primitives.
        hue: In turns.
        saturation: From 0 to 1.
        value: From 0 to 1.
    """
    sixth = k.multiply(hue, 6.0)
    rest = k.subtract(k.ones_like(saturation), saturation)
    return [k.multiply(k.add(rest, k.multiply(saturation, part)), value) for part in _parts(k, sixth)]


def _parts(k: Any, sixth: Any) -> list[Any]:
    """How much of red, green and blue a hue (in sixths of a turn) has."""
    return [
        k.clip(k.subtract(k.abs(k.subtract(sixth, 3.0)), 1.0), 0.0, 1.0),
        k.clip(k.subtract(_two(k, sixth), _away(k, sixth, 2.0)), 0.0, 1.0),
        k.clip(k.subtract(_two(k, sixth), _away(k, sixth, 4.0)), 0.0, 1.0),
    ]


def _two(k: Any, like: Any) -> Any:
    return k.add(k.ones_like(like), 1.0)


def _away(k: Any, sixth: Any, center: float) -> Any:
    return k.abs(k.subtract(sixth, center))


@kernel("RGBToHSV", infer=_colors)
def _rgb_to_hsv(k: Any, images: Any) -> Any:
    return k.stack(to_hsv(k, *_channels(k, images)), -1)


@kernel("HSVToRGB", infer=_colors)
def _hsv_to_rgb(k: Any, images: Any) -> Any:
    return k.stack(to_rgb(k, *_channels(k, images)), -1)


@kernel("AdjustHue", infer=_adjusted)
def _adjust_hue(k: Any, images: Any, delta: Any) -> Any:
    dtype = k.dtype(images)
    red, green, blue = _channels(k, k.astype(images, "float32"))
    hue, _, value = to_hsv(k, red, green, blue)
    low = k.minimum(k.minimum(red, green), blue)
    span = k.subtract(value, low)
    turned = k.add(hue, delta)
    sixth = k.multiply(k.subtract(turned, k.floor(turned)), 6.0)
    changed = k.stack([k.add(low, k.multiply(span, part)) for part in _parts(k, sixth)], -1)
    return k.astype(changed, dtype)


@kernel("AdjustSaturation", infer=_adjusted)
def _adjust_saturation(k: Any, images: Any, scale: Any) -> Any:
    dtype = k.dtype(images)
    hue, saturation, value = to_hsv(k, *_channels(k, k.astype(images, "float32")))
    scaled = k.clip(k.multiply(saturation, scale), 0.0, 1.0)
    return k.astype(k.stack(to_rgb(k, hue, scaled, value), -1), dtype)


@kernel("AdjustContrastv2", infer=_adjusted)
def _adjust_contrast(k: Any, images: Any, factor: Any) -> Any:
    dtype = k.dtype(images)
    images = k.astype(images, "float32")
    mean = k.mean(images, (-3, -2), True)
    return k.astype(k.add(k.multiply(k.subtract(images, mean), factor), mean), dtype)
