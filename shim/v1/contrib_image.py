"""`tf.contrib.image`: images turned, moved, seen through projections and warped."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.errors import Unsupported
from onevar.v1.array_ops_create import meshgrid, ones, zeros
from onevar.v1.array_ops_index import gather
from onevar.v1.array_ops_shape import concat, expand_dims, reshape, shape, stack
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_matmul import matmul

_DTYPES = (dtypes.uint8, dtypes.int32, dtypes.int64, dtypes.float16, dtypes.float32, dtypes.float64)


def _as_batch(images: Any) -> tuple[Any, Any]:
    """Images as four dimensions, and how many they were."""
    count = rank_of(images)
    if count is None:
        raise TypeError("image_or_images rank must be statically known")
    if count == 2:
        return images[None, :, :, None], count
    if count == 3:
        return images[None, :, :, :], count
    if count == 4:
        return images, count
    raise TypeError("Images should have rank between 2 and 4.")


def _unbatched(images: Any, count: int) -> Any:
    return images[0, :, :, 0] if count == 2 else images[0, :, :, :] if count == 3 else images


@export("contrib.image.transform")
def transform(
    images: Any, transforms: Any, interpolation: str = "NEAREST", output_shape: Any = None, name: str | None = None
) -> Any:
    """Return images seen through projections; see `tf.contrib.image.transform`.

    Args:
        images: One or more, 2 to 4 dimensions.
        transforms: 8 numbers, or 8 for each image: where new pixels come from.
        interpolation: `"NEAREST"` or `"BILINEAR"`.
        output_shape: Height and width of the result; those of the images by default.
        name: Of the operations.

    Raises:
        TypeError: The dtype or the number of dimensions is none that it takes.
    """
    with name_scope(name, "transform"):
        images = convert_to_tensor(images, name="images")
        transforms = convert_to_tensor(transforms, dtype=dtypes.float32, name="transforms")
        if dtype_of(images) not in _DTYPES:
            raise TypeError(f"Invalid dtype {dtype_of(images)}.")
        batch, count = _as_batch(images)
        size = shape(batch)[1:3] if output_shape is None else output_shape
        size = convert_to_tensor(size, dtypes.int32, name="output_shape")
        rows = rank_of(transforms)
        if rows == 1:
            transforms = transforms[None]
        elif rows is None:
            raise TypeError("transform_or_transforms rank must be statically known")
        elif rows != 2:
            raise TypeError(f"Transforms should have rank 1 or 2, but got rank {rows}")
        result = op(
            "ImageProjectiveTransformV2", images=batch, transforms=transforms, output_shape=size,
            interpolation=interpolation.upper(),
        )  # fmt: skip
        return _unbatched(result, count)


@export("contrib.image.angles_to_projective_transforms")
def angles_to_projective_transforms(angles: Any, image_height: Any, image_width: Any, name: str | None = None) -> Any:
    """Return the projections that turn images around their middle, against the clock.

    Args:
        angles: In radians, one or one for each image.
        image_height: Of the images, float32.
        image_width: Of the images, float32.
        name: Of the operations.

    Raises:
        TypeError: There are more dimensions of angles.
    """
    with name_scope(name, "angles_to_projective_transforms"):
        angles = convert_to_tensor(angles, name="angles", dtype=dtypes.float32)
        count = rank_of(angles)
        if count == 0:
            angles = angles[None]
        elif count != 1:
            raise TypeError("Angles should have rank 0 or 1.")
        right, bottom = image_width - 1, image_height - 1
        cos, sin = op("Cos", x=angles), op("Sin", x=angles)
        x_offset = (right - (cos * right - sin * bottom)) / 2.0
        y_offset = (bottom - (sin * right + cos * bottom)) / 2.0
        columns = [cos, op("Neg", x=sin), x_offset, sin, cos, y_offset]
        empty = zeros([shape(angles)[0], 2], dtypes.float32)
        return concat([*[column[:, None] for column in columns], empty], 1)


@export("contrib.image.rotate")
def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Return images turned around their middle, against the clock; see `tf.contrib.image.rotate`.

    Args:
        images: One or more, 2 to 4 dimensions.
        angles: In radians, one or one for each image.
        interpolation: `"NEAREST"` or `"BILINEAR"`.
        name: Of the operations.

    Raises:
        TypeError: The dtype or the number of dimensions is none that it takes.
    """
    with name_scope(name, "rotate"):
        images = convert_to_tensor(images)
        if dtype_of(images) not in _DTYPES:
            raise TypeError(f"Invalid dtype {dtype_of(images)}.")
        batch, count = _as_batch(images)
        height = cast(shape(batch)[1], dtypes.float32)[None]
        width = cast(shape(batch)[2], dtypes.float32)[None]
        turned = transform(batch, angles_to_projective_transforms(angles, height, width), interpolation=interpolation)
        dims = dims_of(batch)
        if dims is not None:
            set_shape(turned, dims)
        return _unbatched(turned, count)


@export("contrib.image.translations_to_projective_transforms")
def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Any:
    """Return the projections that move images right and down.

    Args:
        translations: Two numbers, or two for each image.
        name: Of the operations.

    Raises:
        TypeError: There are more dimensions.
    """
    with name_scope(name, "translations_to_projective_transforms"):
        moved: Any = convert_to_tensor(translations, name="translations", dtype=dtypes.float32)
        count = rank_of(moved)
        if count is None:
            raise TypeError("translation_or_translations rank must be statically known")
        if count == 1:
            moved = moved[None]
        elif count != 2:
            raise TypeError("Translations should have rank 1 or 2.")
        number = shape(moved)[0]
        one, nothing = ones((number, 1), dtypes.float32), zeros((number, 1), dtypes.float32)
        rest = zeros((number, 2), dtypes.float32)
        return concat([one, nothing, -moved[:, 0, None], nothing, one, -moved[:, 1, None], rest], 1)


@export("contrib.image.translate")
def translate(images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Return images moved right and down; see `tf.contrib.image.translate`."""
    with name_scope(name, "translate"):
        return transform(images, translations_to_projective_transforms(translations), interpolation=interpolation)


@export("contrib.image.matrices_to_flat_transforms")
def matrices_to_flat_transforms(transform_matrices: Any, name: str | None = None) -> Any:
    """Return 3 x 3 matrices as projections of 8 numbers."""
    with name_scope(name, "matrices_to_flat_transforms"):
        matrices = convert_to_tensor(transform_matrices, name="transform_matrices")
        if rank_of(matrices) not in (2, 3):
            raise ValueError(f"Matrices should be 2D or 3D, got: {matrices}")
        flat = reshape(matrices, [-1, 9])
        flat = flat / flat[:, 8:9]
        return flat[:, :8]


@export("contrib.image.flat_transforms_to_matrices")
def flat_transforms_to_matrices(transforms: Any, name: str | None = None) -> Any:
    """Return projections of 8 numbers as 3 x 3 matrices."""
    with name_scope(name, "flat_transforms_to_matrices"):
        transforms = convert_to_tensor(transforms, name="transforms")
        if rank_of(transforms) not in (1, 2):
            raise ValueError(f"Transforms should be 1D or 2D, got: {transforms}")
        transforms = reshape(transforms, [-1, 8])
        count = shape(transforms)[0]
        return reshape(concat([transforms, ones([count, 1])], axis=1), [-1, 3, 3])


@export("contrib.image.compose_transforms")
def compose_transforms(*transforms: Any) -> Any:
    """Return the projection that does several, the first one last.

    Args:
        *transforms: Projections of 8 numbers.
    """
    with name_scope(None, "compose_transforms"):
        whole = flat_transforms_to_matrices(transforms[0])
        for one in transforms[1:]:
            whole = matmul(whole, flat_transforms_to_matrices(one))
        return matrices_to_flat_transforms(whole)


# -- warping -------------------------------------------------------------------------------------------


def _clipped(x: Any, low: Any, high: Any) -> Any:
    return op("Minimum", x=op("Maximum", x=x, y=low), y=high)


def _interpolated(images: Any, points: Any) -> Any:
    """Blend the four pixels around each point (row, column)."""
    sizes = shape(images)
    batch, height, width, depth = (sizes[i] for i in range(4))
    corners, shares = [], []
    for axis, size in enumerate((height, width)):
        at = points[:, :, axis]
        last = cast(size - 2, dtype_of(points))
        low = _clipped(op("Floor", x=at), convert_to_tensor(0.0, dtype_of(points)), last)
        share = _clipped(at - low, convert_to_tensor(0.0, dtype_of(points)), convert_to_tensor(1.0, dtype_of(points)))
        first = cast(low, dtypes.int32)
        corners.append((first, first + 1))
        shares.append(expand_dims(share, 2))
    flat = reshape(images, stack([batch * height * width, depth]))
    start = reshape(range_(batch) * height * width, [-1, 1])

    def pixel(row: Any, column: Any) -> Any:
        return gather(flat, start + row * width + column)

    (top, bottom), (left, right) = corners
    upper_left, upper_right = pixel(top, left), pixel(top, right)
    lower_left, lower_right = pixel(bottom, left), pixel(bottom, right)
    upper = shares[1] * (upper_right - upper_left) + upper_left
    lower = shares[1] * (lower_right - lower_left) + lower_left
    return shares[0] * (lower - upper) + upper


@export("contrib.image.dense_image_warp")
def dense_image_warp(image: Any, flow: Any, name: str = "dense_image_warp") -> Any:
    """Return images of which each pixel comes from where a flow says.

    Args:
        image: `[batch, height, width, channels]`.
        flow: `[batch, height, width, 2]`: how far up and left of it each new pixel comes from.
        name: Of the operations.
    """
    with name_scope(name):
        image, flow = convert_to_tensor(image), convert_to_tensor(flow)
        sizes = shape(image)
        batch, height, width, depth = (sizes[i] for i in range(4))
        columns, rows = meshgrid(range_(width), range_(height))
        grid = cast(stack([rows, columns], axis=2), dtype_of(flow))
        points = reshape(expand_dims(grid, axis=0) - flow, stack([batch, height * width, 2]))
        result = reshape(_interpolated(image, points), stack([batch, height, width, depth]))
        dims = dims_of(image)
        if dims is not None:
            set_shape(result, dims)
        return result


def _missing(name: str, instead: str) -> None:
    def unsupported(*args: Any, **kwargs: Any) -> Any:
        raise Unsupported(f"tf.contrib.image.{name} was an op of a library of its own. {instead}")

    unsupported.__name__ = name
    export(f"contrib.image.{name}")(unsupported)


_missing("connected_components", "Use scipy.ndimage.label in a tf.py_func.")
_missing("bipartite_match", "Use scipy.optimize.linear_sum_assignment in a tf.py_func.")
_missing("single_image_random_dot_stereograms", "Compute it with NumPy in a tf.py_func.")
_missing("adjust_hsv_in_yiq", "Use tf.image.adjust_hue, adjust_saturation and adjust_brightness.")
_missing("random_hsv_in_yiq", "Use tf.image.random_hue, random_saturation and random_brightness.")
_missing("interpolate_spline", "Solve the spline with tf.linalg.solve.")
_missing("sparse_image_warp", "Compute the flow, then tf.contrib.image.dense_image_warp.")
