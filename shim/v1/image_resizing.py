"""Images of another size: `tf.image.resize_images` and the four ways to do it, on the pixel grids of TensorFlow 1."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import expand_dims, squeeze
from onevar.v1.common import dims_of, is_tensor, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.image_checks import at_least_three_dims, check, sizes, tensor
from onevar.v1.image_cropping import batched, larger, pad_to_bounding_box
from onevar.v1.math_ops_elementwise import cast, round_


@export("image.ResizeMethod")
class ResizeMethod:
    """How new pixels come from old ones."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


@export("image.resize_bilinear")
def resize_bilinear(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Any:
    """Return images of another size, blended from two rows and columns; see `tf.compat.v1.image.resize_bilinear`."""
    grid = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return op("ResizeBilinear", images=images, size=size, **grid, name=name)


@export("image.resize_nearest_neighbor")
def resize_nearest_neighbor(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Any:
    """Return images of another size, of the nearest pixels; see `tf.compat.v1.image.resize_nearest_neighbor`."""
    grid = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return op("ResizeNearestNeighbor", images=images, size=size, **grid, name=name)


@export("image.resize_bicubic")
def resize_bicubic(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Any:
    """Return images of another size, blended from four rows and columns; see `tf.compat.v1.image.resize_bicubic`."""
    grid = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return op("ResizeBicubic", images=images, size=size, **grid, name=name)


@export("image.resize_area")
def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Any:
    """Return images of another size, averaged over what a pixel covers; see `tf.compat.v1.image.resize_area`."""
    return op("ResizeArea", images=images, size=size, align_corners=align_corners, name=name)


_METHODS: dict[Any, Callable[..., Any]] = {
    ResizeMethod.BILINEAR: resize_bilinear,
    "bilinear": resize_bilinear,
    ResizeMethod.NEAREST_NEIGHBOR: resize_nearest_neighbor,
    "nearest": resize_nearest_neighbor,
    ResizeMethod.BICUBIC: resize_bicubic,
    "bicubic": resize_bicubic,
    ResizeMethod.AREA: resize_area,
    "area": resize_area,
}


def _resizer(method: Any) -> Callable[..., Any]:
    found = _METHODS.get(method) if isinstance(method, int | str) else None
    if found is None:
        raise ValueError(f"Resize method is not implemented: {method}")
    return found


@export("image.resize_images", "image.resize")
def resize_images(
    images: Any, size: Any, method: Any = ResizeMethod.BILINEAR, align_corners: bool = False,
    preserve_aspect_ratio: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return an image, or several, of another size; see `tf.compat.v1.image.resize`.

    Args:
        images: The images.
        size: Their new height and width.
        method: One of `ResizeMethod`, or its name.
        align_corners: Whether corners lie upon corners.
        preserve_aspect_ratio: Whether `size` is the largest that they may have.
        name: Of the operations.

    Raises:
        ValueError: They have neither 3 nor 4 dimensions, or there is no such method.
    """

    def resized(images: Any, size: Any) -> Any:
        return _resizer(method)(images, size, align_corners=align_corners)

    return resized_by(images, size, resized, preserve_aspect_ratio, name)


def resized_by(
    images: Any, size: Any, resized: Callable[[Any, Any], Any], preserve_aspect_ratio: bool, name: str | None,
    skip_if_same: bool = True,
) -> Any:  # fmt: skip
    """Return an image, or several, of another size.

    Args:
        images: The images.
        size: Their new height and width.
        resized: `resized(images, size)` does it for several.
        preserve_aspect_ratio: Whether `size` is the largest that they may have.
        name: Of the operations.
        skip_if_same: Whether images that have the size stay as they are.

    Raises:
        ValueError: They have neither 3 nor 4 dimensions.
    """
    with name_scope(name, "resize", [images, size]):
        images = tensor(images, "images")
        count = rank_of(images)
        if count is None:
            raise ValueError("'images' contains no shape.")
        if count not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        if count == 3:
            images = expand_dims(images, 0)
        size = convert_to_tensor(size, dtypes.int32, name="size")
        if not shape_of(size).is_compatible_with([2]):
            raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
        if preserve_aspect_ratio:
            size = _fitting(images, size)
        result = _unless_same(images, size, resized, skip_if_same)
        return squeeze(result, axis=[0]) if count == 3 else result


def _unless_same(images: Any, size: Any, resized: Callable[[Any, Any], Any], skip: bool) -> Any:
    static = constant_value(size) if is_tensor(size) else None
    height, width = (None, None) if static is None else (int(static[0]), int(static[1]))
    dims: Any = dims_of(images)
    if skip and height is not None and (height, width) == tuple(dims[1:3]):
        return images
    result = resized(images, size)
    set_shape(result, [None, height, width, None])
    return result


def _fitting(images: Any, size: Any) -> Any:
    """The largest size with the images' shape that fits into another."""
    _, height, width, _ = sizes(images, 4)
    down = cast(size[0], dtypes.float32) / cast(height, dtypes.float32)
    across = cast(size[1], dtypes.float32) / cast(width, dtypes.float32)
    scale = op("Minimum", x=down, y=across)
    new = [cast(round_(scale * cast(whole, dtypes.float32)), dtypes.int32) for whole in (height, width)]
    return convert_to_tensor(new, dtypes.int32, name="size")


@export("image.resize_image_with_pad")
def resize_image_with_pad(
    image: Any, target_height: Any, target_width: Any, method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Any:  # fmt: skip
    """Return an image, or several, scaled to fit into a size, with zeros around; see `tf.image.resize_with_pad`.

    Args:
        image: The image.
        target_height: Of the result.
        target_width: Of the result.
        method: One of `ResizeMethod`.
        align_corners: Whether corners lie upon corners.

    Raises:
        ValueError: The size is not positive, or the image has neither 3 nor 4 dimensions.
    """
    with name_scope(None, "resize_image_with_pad", [image]):
        image, is_batch = batched(tensor(image))
        checks = at_least_three_dims(image)
        checks += check(target_width > 0, ValueError, "target_width must be > 0.")
        checks += check(target_height > 0, ValueError, "target_height must be > 0.")
        image = with_dependencies(checks, image)
        resized = _resizer(method)
        result = within(
            image, target_height, target_width, lambda x, size: resized(x, size, align_corners=align_corners)
        )
        return result if is_batch else squeeze(result, axis=[0])


def within(image: Any, target_height: Any, target_width: Any, resize: Callable[[Any, Any], Any]) -> Any:
    """Return images scaled to fit into a size, with zeros around.

    Args:
        image: Images, 4 dimensions.
        target_height: Of the result.
        target_width: Of the result.
        resize: `resize(images, size)`.
    """
    _, height, width, _ = sizes(image, 4)
    tall, wide = cast(height, dtypes.float32), cast(width, dtypes.float32)
    room_tall, room_wide = cast(target_height, dtypes.float32), cast(target_width, dtypes.float32)
    ratio = op("Maximum", x=wide / room_wide, y=tall / room_tall)
    new_tall, new_wide = tall / ratio, wide / ratio
    new_height = cast(op("Floor", x=new_tall), dtypes.int32)
    new_width = cast(op("Floor", x=new_wide), dtypes.int32)
    above, beside = (room_tall - new_tall) / 2, (room_wide - new_wide) / 2
    above, beside = op("Floor", x=above), op("Floor", x=beside)
    top = larger(0, cast(above, dtypes.int32))
    left = larger(0, cast(beside, dtypes.int32))
    with name_scope(None, "resize", [image]):
        # Never left out, whatever the sizes: the result is float32.
        size = convert_to_tensor([new_height, new_width], dtypes.int32, name="size")
        resized = resize(image, size)
    return pad_to_bounding_box(resized, top, left, target_height, target_width)
