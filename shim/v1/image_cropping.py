"""Parts of images and borders around them: `tf.image.central_crop`, `pad_to_bounding_box`, `crop_to_bounding_box`,
`resize_image_with_crop_or_pad`."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_shape import expand_dims, pad, reshape, shape, squeeze, stack
from onevar.v1.check_ops import assert_
from onevar.v1.common import dims_of, is_tensor, rank_of, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.image_checks import at_least_three_dims, check, checked, known, sizes, tensor
from onevar.v1.math_ops_elementwise import cast


def _dim(image: Any, axis: int, dims: Any) -> Any:
    """A size of an image, and whether it is a tensor."""
    return dims[axis] if dims[axis] is not None else shape(image)[axis]


def _start(size: Any, fraction: Any, is_dynamic: bool) -> Any:
    if not is_dynamic:
        return int((size - size * fraction) / 2)
    whole = cast(size, dtypes.float64)
    return cast((whole - whole * cast(fraction, dtypes.float64)) / 2, dtypes.int32)


@export("image.central_crop")
def central_crop(image: Any, central_fraction: Any) -> Any:
    """Return the middle of an image, or of several; see `tf.image.central_crop`.

    Args:
        image: The image.
        central_fraction: How much of each axis is kept, a number or a tensor.

    Raises:
        ValueError: The fraction is not within (0, 1], or the image has neither 3 nor 4 dimensions.
    """
    with name_scope(None, "central_crop", [image]):
        image = tensor(image)
        static = constant_value(central_fraction) if is_tensor(central_fraction) else central_fraction
        if static is not None:
            if static <= 0 or static > 1:
                raise ValueError("central_fraction must be within (0, 1]")
            if static == 1:
                return image
            fraction: Any = float(static)
        else:
            good = op("LogicalOr", x=op("Greater", x=central_fraction, y=0), y=op("LessEqual", x=central_fraction, y=1))
            fraction = with_dependencies([assert_(good, ["central_fraction not in (0, 1]"])], central_fraction)
        return _central(checked(image), fraction, static is None)


def _central(image: Any, fraction: Any, is_dynamic: bool) -> Any:
    count = rank_of(image)
    if count not in (3, 4):
        raise ValueError(f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {count}.")
    dims: Any = dims_of(image)
    first = count - 3
    height, width = _dim(image, first, dims), _dim(image, first + 1, dims)
    top = _start(height, fraction, is_dynamic or dims[first] is None)
    left = _start(width, fraction, is_dynamic or dims[first + 1] is None)
    tall, wide = height - top * 2, width - left * 2
    ahead = [0] * first
    result = slice_(image, stack([*ahead, top, left, 0]), stack([*([-1] * first), tall, wide, -1]))
    inner = [None if is_tensor(size) else size for size in (tall, wide)]
    set_shape(result, [*dims[:first], *inner, dims[-1]])
    return result


def batched(image: Any) -> tuple[Any, bool]:
    """Return an image as a batch, and whether it was one.

    Args:
        image: A tensor of 3 or 4 dimensions; of how many is not known.

    Raises:
        ValueError: It has another number of dimensions.
    """
    count = rank_of(image)
    if count == 4:
        return image, True
    if count not in (3, None):
        raise ValueError(f"'image' (shape {shape_of(image)}) must have either 3 or 4 dimensions.")
    image = expand_dims(image, 0)
    if count is None:
        set_shape(image, [None] * 4)
    return image, False


@export("image.pad_to_bounding_box")
def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """Return an image, or several, with zeros around; see `tf.image.pad_to_bounding_box`.

    Args:
        image: The image.
        offset_height: Rows of zeros above it.
        offset_width: Columns of zeros left of it.
        target_height: Of the result.
        target_width: Of the result.

    Raises:
        ValueError: It does not fit.
    """
    with name_scope(None, "pad_to_bounding_box", [image]):
        return _padded(*batched(tensor(image)), offset_height, offset_width, target_height, target_width)


def _padded(image: Any, is_batch: bool, top: Any, left: Any, target_height: Any, target_width: Any) -> Any:
    batch, height, width, depth = sizes(image, 4)
    right = target_width - left - width
    bottom = target_height - top - height
    checks = at_least_three_dims(image)
    checks += check(top >= 0, ValueError, "offset_height must be >= 0")
    checks += check(left >= 0, ValueError, "offset_width must be >= 0")
    checks += check(right >= 0, ValueError, "width must be <= target - offset")
    checks += check(bottom >= 0, ValueError, "height must be <= target - offset")
    image = with_dependencies(checks, image)
    widths = reshape(stack([0, 0, top, bottom, left, right, 0, 0]), [4, 2])
    result = pad(image, widths)
    set_shape(result, known([batch, target_height, target_width, depth]))
    return result if is_batch else squeeze(result, axis=[0])


@export("image.crop_to_bounding_box")
def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """Return a part of an image, or of several; see `tf.image.crop_to_bounding_box`.

    Args:
        image: The image.
        offset_height: The first row.
        offset_width: The first column.
        target_height: Of the result.
        target_width: Of the result.

    Raises:
        ValueError: The image is not that large.
    """
    with name_scope(None, "crop_to_bounding_box", [image]):
        image, is_batch = batched(tensor(image))
        checks = at_least_three_dims(image)
        batch, height, width, depth = sizes(image, 4)
        checks += check(offset_width >= 0, ValueError, "offset_width must be >= 0.")
        checks += check(offset_height >= 0, ValueError, "offset_height must be >= 0.")
        checks += check(target_width > 0, ValueError, "target_width must be > 0.")
        checks += check(target_height > 0, ValueError, "target_height must be > 0.")
        checks += check(width >= target_width + offset_width, ValueError, "width must be >= target + offset.")
        checks += check(height >= target_height + offset_height, ValueError, "height must be >= target + offset.")
        image = with_dependencies(checks, image)
        start = stack([0, offset_height, offset_width, 0])
        result = slice_(image, start, stack([shape(image)[0], target_height, target_width, shape(image)[3]]))
        set_shape(result, known([batch, target_height, target_width, depth]))
        return result if is_batch else squeeze(result, axis=[0])


def larger(x: Any, y: Any) -> Any:
    """Return the maximum of two numbers, of which any may be a tensor.

    Args:
        x: One.
        y: The other.
    """
    return op("Maximum", x=x, y=y) if is_tensor(x) or is_tensor(y) else max(x, y)


def _smaller(x: Any, y: Any) -> Any:
    return op("Minimum", x=x, y=y) if is_tensor(x) or is_tensor(y) else min(x, y)


def _equal(x: Any, y: Any) -> Any:
    return op("Equal", x=x, y=y) if is_tensor(x) or is_tensor(y) else x == y


@export("image.resize_image_with_crop_or_pad", "image.resize_with_crop_or_pad")
def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """Return an image, or several, cut or with zeros around to a size; see `tf.image.resize_with_crop_or_pad`.

    Args:
        image: The image.
        target_height: Of the result.
        target_width: Of the result.

    Raises:
        ValueError: The size is not positive, or the image has neither 3 nor 4 dimensions.
    """
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, is_batch = batched(tensor(image))
        checks = at_least_three_dims(image)
        checks += check(target_width > 0, ValueError, "target_width must be > 0.")
        checks += check(target_height > 0, ValueError, "target_height must be > 0.")
        image = with_dependencies(checks, image)
        if is_tensor(target_height):
            target_height = with_dependencies(checks, target_height)
        if is_tensor(target_width):
            target_width = with_dependencies(checks, target_width)
        _, height, width, _ = sizes(image, 4)
        crop_left, pad_left = _offsets(target_width - width)
        crop_top, pad_top = _offsets(target_height - height)
        part = crop_to_bounding_box(
            image, crop_top, crop_left, _smaller(target_height, height), _smaller(target_width, width)
        )
        result = pad_to_bounding_box(part, pad_top, pad_left, target_height, target_width)
        _, height, width, _ = sizes(result, 4)
        done = check(_equal(height, target_height), ValueError, "resized height is not correct.")
        done += check(_equal(width, target_width), ValueError, "resized width is not correct.")
        result = with_dependencies(done, result)
        return result if is_batch else squeeze(result, axis=[0])


def _offsets(difference: Any) -> tuple[Any, Any]:
    """Where a part starts if it is to be cut, and how far in it goes if there is to be a border."""
    return larger(-difference // 2, 0), larger(difference // 2, 0)
