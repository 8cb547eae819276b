"""Brightness, contrast, gamma, hue and saturation of images, and the dtypes that their numbers have."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import identity, shape
from onevar.v1.common import dims_of, dtype_of, is_tensor
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.image_checks import check, checked, tensor
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_make import saturate_cast
from onevar.v1.math_ops_reduce import reduce_mean, reduce_prod, reduce_std
from onevar.v1.random_ops import random_uniform

_COMPUTED = (dtypes.float16, dtypes.float32)


@export("image.convert_image_dtype")
def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Any:
    """Return images with numbers of another dtype: floats from 0 to 1, integers from 0 to the largest there is.

    Args:
        image: The images.
        dtype: Of the result.
        saturate: Whether numbers that are out of range become the largest, or smallest.
        name: Of the operations.

    Raises:
        AttributeError: The dtype is neither a float nor an integer.
    """
    image = tensor(image)
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating and not dtype.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    found = dtype_of(image)
    if dtype == found:
        return identity(image, name=name)
    with name_scope(name, "convert_image", [image]) as scope:
        if found.is_integer and dtype.is_integer:
            return _between_integers(image, found, dtype, saturate, scope)
        if found.is_floating and dtype.is_floating:
            return cast(image, dtype, name=scope)
        if found.is_integer:
            return op("Mul", scope, x=cast(image, dtype), y=1.0 / found.max)
        scaled = op("Mul", x=image, y=dtype.max + 0.5)
        return saturate_cast(scaled, dtype, name=scope) if saturate else cast(scaled, dtype, name=scope)


def _between_integers(image: Any, found: Any, dtype: Any, saturate: bool, scope: str) -> Any:
    old, new = found.max, dtype.max
    if old > new:
        scaled = op("FloorDiv", "floordiv", x=image, y=(old + 1) // (new + 1))
        return saturate_cast(scaled, dtype, name=scope) if saturate else cast(scaled, dtype, name=scope)
    wider = saturate_cast(image, dtype) if saturate else cast(image, dtype)
    return op("Mul", scope, x=wider, y=(new + 1) // (old + 1))


def _as_float(image: Any) -> tuple[Any, Any]:
    """An image with numbers that can be computed with, and the dtype that it had."""
    found = dtype_of(image)
    return (image if found in _COMPUTED else convert_image_dtype(image, dtypes.float32)), found


@export("image.per_image_standardization")
def per_image_standardization(image: Any) -> Any:
    """Return an image, or each of several, with mean 0 and variance 1; see `tf.image.per_image_standardization`."""
    with name_scope(None, "per_image_standardization", [image]) as scope:
        image = cast(checked(tensor(image)), dtypes.float32)
        count = reduce_prod(shape(image)[-3:])
        mean = reduce_mean(image, axis=[-1, -2, -3], keepdims=True)
        deviation = reduce_std(image, axis=[-1, -2, -3], keepdims=True)
        # An image of one colour is not divided by zero.
        least = op("Rsqrt", x=cast(count, dtypes.float32))
        deviation = op("Maximum", x=deviation, y=least)
        return op("RealDiv", scope, x=image - mean, y=deviation)


@export("image.adjust_brightness")
def adjust_brightness(image: Any, delta: Any) -> Any:
    """Return images with something added to each number; see `tf.image.adjust_brightness`.

    Args:
        image: The images.
        delta: What is added to numbers from 0 to 1.
    """
    with name_scope(None, "adjust_brightness", [image, delta]) as scope:
        computed, found = _as_float(tensor(image))
        adjusted = op("AddV2", scope, x=computed, y=cast(delta, dtype_of(computed)))
        return convert_image_dtype(adjusted, found, saturate=True)


@export("image.random_brightness")
def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Return images of a brightness by chance.

    Args:
        image: The images.
        max_delta: What is added or taken away at most.
        seed: The op's own seed.

    Raises:
        ValueError: `max_delta` is negative.
    """
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random_uniform([], -max_delta, max_delta, seed=seed))


@export("image.adjust_contrast")
def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """Return images whose numbers are further from (or nearer to) their mean; see `tf.image.adjust_contrast`.

    Args:
        images: The images.
        contrast_factor: How much further.
    """
    with name_scope(None, "adjust_contrast", [images, contrast_factor]) as scope:
        computed, found = _as_float(tensor(images, "images"))
        adjusted = op("AdjustContrastv2", scope, images=computed, contrast_factor=contrast_factor)
        return convert_image_dtype(adjusted, found, saturate=True)


def check_range(lower: Any, upper: Any) -> None:
    """Refuse a range that is empty or negative; raises `ValueError`."""
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


@export("image.random_contrast")
def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """Return images of a contrast by chance.

    Args:
        image: The images.
        lower: The smallest factor.
        upper: What the factor is less than.
        seed: The op's own seed.

    Raises:
        ValueError: The range is empty or negative.
    """
    check_range(lower, upper)
    return adjust_contrast(image, random_uniform([], lower, upper, seed=seed))


@export("image.adjust_gamma")
def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """Return `gain * image ** gamma`; see `tf.image.adjust_gamma`.

    Args:
        image: The images.
        gamma: Not negative.
        gain: What the result is multiplied by.

    Raises:
        ValueError: `gamma` is negative.
    """
    with name_scope(None, "adjust_gamma", [image, gamma, gain]):
        computed, found = _as_float(tensor(image))
        checks = check(
            op("GreaterEqual", x=gamma, y=0) if is_tensor(gamma) else gamma >= 0,
            ValueError,
            "Gamma should be a non-negative real number.",
        )
        if checks:
            gamma = with_dependencies(checks, gamma)
        return convert_image_dtype(gain * computed**gamma, found, saturate=True)


@export("image.adjust_hue")
def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """Return images whose colours are turned; see `tf.image.adjust_hue`.

    Args:
        image: The images.
        delta: By how much, from -1 to 1.
        name: Of the operations.
    """
    with name_scope(name, "adjust_hue", [image]):
        computed, found = _as_float(tensor(image))
        return convert_image_dtype(op("AdjustHue", images=computed, delta=delta), found)


def check_turn(max_delta: Any) -> None:
    """Refuse more than half a turn of the colours; raises `ValueError`."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")


@export("image.random_hue")
def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Return images whose colours are turned by chance.

    Args:
        image: The images.
        max_delta: By how much at most, from 0 to 0.5.
        seed: The op's own seed.

    Raises:
        ValueError: `max_delta` is out of range.
    """
    check_turn(max_delta)
    return adjust_hue(image, random_uniform([], -max_delta, max_delta, seed=seed))


@export("image.adjust_saturation")
def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Any:
    """Return images with more (or less) colour; see `tf.image.adjust_saturation`.

    Args:
        image: The images.
        saturation_factor: How much more.
        name: Of the operations.
    """
    with name_scope(name, "adjust_saturation", [image]):
        computed, found = _as_float(tensor(image))
        return convert_image_dtype(op("AdjustSaturation", images=computed, scale=saturation_factor), found)


@export("image.random_saturation")
def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """Return images with more or less colour by chance.

    Args:
        image: The images.
        lower: The smallest factor.
        upper: What the factor is less than.
        seed: The op's own seed.

    Raises:
        ValueError: The range is empty or negative.
    """
    check_range(lower, upper)
    return adjust_saturation(image, random_uniform([], lower, upper, seed=seed))


@export("image.adjust_jpeg_quality")
def adjust_jpeg_quality(image: Any, jpeg_quality: Any, dct_method: str = "", name: str | None = None) -> Any:
    """Return an image as it is after it was a JPEG file; see `tf.image.adjust_jpeg_quality`.

    Args:
        image: The image.
        jpeg_quality: From 0 to 100.
        dct_method: How TensorFlow decodes it; accepted.
        name: Of the operations.
    """
    with name_scope(name, "adjust_jpeg_quality", [image]):
        image = tensor(image)
        dims, found = dims_of(image), dtype_of(image)
        if dims is None:
            raise ValueError("The image's number of dimensions is not known.")
        pixels = convert_image_dtype(image, dtypes.uint8, saturate=True)
        if not is_tensor(jpeg_quality):
            jpeg_quality = convert_to_tensor(jpeg_quality, dtypes.int32)
        data = op("EncodeJpegVariableQuality", images=pixels, quality=jpeg_quality)
        decoded = op("DecodeJpeg", contents=data, channels=dims[-1], dct_method=dct_method)
        return convert_image_dtype(decoded, found, saturate=True)


def check_qualities(low: int, high: int) -> None:
    """Refuse a range of qualities that is empty or has others than 0 to 100; raises `ValueError`."""
    if low < 0 or high < 0 or low > 100 or high > 100:
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if low >= high:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")


@export("image.random_jpeg_quality")
def random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None) -> Any:
    """Return an image as it is after it was a JPEG file of a quality by chance.

    Args:
        image: The image.
        min_jpeg_quality: The lowest.
        max_jpeg_quality: What the quality is less than.
        seed: The op's own seed.

    Raises:
        ValueError: They are out of range.
    """
    check_qualities(min_jpeg_quality, max_jpeg_quality)
    quality = random_uniform([], min_jpeg_quality, max_jpeg_quality, seed=seed, dtype=dtypes.int32)
    return adjust_jpeg_quality(image, quality)
