"""Colour spaces: grey and RGB, HSV, YIQ, YUV."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import ones
from onevar.v1.array_ops_shape import concat, expand_dims, rank, shape, tile
from onevar.v1.check_ops import assert_equal, assert_greater_equal
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.image_adjusting import convert_image_dtype
from onevar.v1.image_checks import tensor
from onevar.v1.math_ops_matmul import tensordot

_GRAY = [0.2989, 0.5870, 0.1140]
# Rows are red, green and blue; columns what comes of them.
_TO_YIQ = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_FROM_YIQ: list[list[float]] = [
    [1, 1, 1],
    [0.95598634, -0.27201283, -1.10674021],
    [0.6208248, -0.64720424, 1.70423049],
]
_TO_YUV = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_FROM_YUV: list[list[float]] = [
    [1, 1, 1],
    [0, -0.394642334, 2.03206185],
    [1.13988303, -0.58062185, 0],
]


@export("image.rgb_to_grayscale")
def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """Return colours as greys; see `tf.image.rgb_to_grayscale`.

    Args:
        images: The images, three channels last.
        name: Of the operations.
    """
    with name_scope(name, "rgb_to_grayscale", [images]) as scope:
        images = tensor(images, "images")
        found = dtype_of(images)
        floats = convert_image_dtype(images, dtypes.float32)
        gray = expand_dims(tensordot(floats, _GRAY, [-1, -1]), -1)
        return convert_image_dtype(gray, found, name=scope)


def _one_channel(images: Any) -> Any:
    dims = dims_of(images)
    if dims is not None and dims and dims[-1] is not None:
        if dims[-1] != 1:
            raise ValueError("Last dimension of a grayscale image should be size 1.")
        return with_dependencies([], images)
    checks = [
        assert_equal(shape(images)[-1], 1, message="Last dimension of a grayscale image should be size 1."),
        assert_greater_equal(rank(images), 1, message="A grayscale image must be at least two-dimensional."),
    ]
    return with_dependencies(checks, images)


@export("image.grayscale_to_rgb")
def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """Return greys as colours; see `tf.image.grayscale_to_rgb`.

    Args:
        images: The images, one channel last.
        name: Of the operations.

    Raises:
        ValueError: They have more channels.
    """
    with name_scope(name, "grayscale_to_rgb", [images]) as scope:
        images = _one_channel(tensor(images, "images"))
        inner = expand_dims(rank(images) - 1, 0)
        times = concat([ones(inner, dtypes.int32), expand_dims(3, 0)], 0)
        result = tile(images, times, name=scope)
        dims = dims_of(images)
        if dims is not None:
            set_shape(result, [*dims[:-1], 3])
        return result


@export("image.rgb_to_hsv")
def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Return colours as hue, saturation and value; see `tf.image.rgb_to_hsv`."""
    return op("RGBToHSV", images=images, name=name)


@export("image.hsv_to_rgb")
def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Return hue, saturation and value as colours; see `tf.image.hsv_to_rgb`."""
    return op("HSVToRGB", images=images, name=name)


def _by_matrix(images: Any, matrix: list[list[float]]) -> Any:
    images = tensor(images, "images")
    kernel = convert_to_tensor(matrix, dtype=dtype_of(images), name="kernel")
    count = rank_of(images)
    if count is None:
        raise ValueError(f"The number of dimensions of images (shape {shape_of(images)}) has to be known.")
    return tensordot(images, kernel, axes=[[count - 1], [0]])


@export("image.rgb_to_yiq")
def rgb_to_yiq(images: Any) -> Any:
    """Return colours as luma and the two chroma signals of NTSC; see `tf.image.rgb_to_yiq`."""
    return _by_matrix(images, _TO_YIQ)


@export("image.yiq_to_rgb")
def yiq_to_rgb(images: Any) -> Any:
    """Return luma and the two chroma signals of NTSC as colours; see `tf.image.yiq_to_rgb`."""
    return _by_matrix(images, _FROM_YIQ)


@export("image.rgb_to_yuv")
def rgb_to_yuv(images: Any) -> Any:
    """Return colours as luma and the two chroma signals of PAL; see `tf.image.rgb_to_yuv`."""
    return _by_matrix(images, _TO_YUV)


@export("image.yuv_to_rgb")
def yuv_to_rgb(images: Any) -> Any:
    """Return luma and the two chroma signals of PAL as colours; see `tf.image.yuv_to_rgb`."""
    return _by_matrix(images, _FROM_YUV)
