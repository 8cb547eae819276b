"""What later versions of TensorFlow have in `tensorflow.python.ops.image_ops` beside the names of TensorFlow 1.

Programs reach it through the internal module; its public names belong to TensorFlow 2.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1 import image_adjusting, image_boxing, image_cropping, image_resizing, image_similarity, image_turning
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_shape import shape, squeeze
from onevar.v1.export import export, export_value
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.image_checks import at_least_three_dims, check, tensor
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.random_seed import get_seed
from onevar.v1.random_stateless_ops import stateless_random_uniform

_MODULES = ("python.ops.image_ops", "python.ops.image_ops_impl")


def _export(name: str) -> Callable[[Any], Any]:
    return export(*[f"{module}.{name}" for module in _MODULES])


@_export("ResizeMethod")
class ResizeMethodV2:
    """How new pixels come from old ones, by name."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


_PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "bilinear": partial(image_resizing.resize_bilinear, half_pixel_centers=True),
    "nearest": partial(image_resizing.resize_nearest_neighbor, half_pixel_centers=True),
    "bicubic": partial(image_resizing.resize_bicubic, half_pixel_centers=True),
    "area": image_resizing.resize_area,
}
_WINDOWED = {"bilinear": "triangle", "bicubic": "keyscubic"}


def _resizer(method: Any, antialias: bool) -> Callable[[Any, Any], Any]:
    if method in _PLAIN and not (antialias and method in _WINDOWED):
        return _PLAIN[method]
    if method not in (*_WINDOWED, "lanczos3", "lanczos5", "gaussian", "mitchellcubic"):
        raise ValueError(f"Resize method is not implemented: {method}")
    window = _WINDOWED.get(method, method)

    def resized(images: Any, size: Any) -> Any:
        scale = cast(size, dtypes.float32) / cast(shape(images)[1:3], dtypes.float32)
        return op(
            "ScaleAndTranslate", images=images, size=size, scale=scale, translation=zeros([2]), kernel_type=window,
            antialias=antialias,
        )  # fmt: skip

    return resized


@_export("resize_images_v2")
def resize_images_v2(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return an image, or several, of another size on TensorFlow 2's grid; see `tf.image.resize`.

    Args:
        images: The images.
        size: Their new height and width.
        method: One of `ResizeMethodV2`.
        preserve_aspect_ratio: Whether `size` is the largest that they may have.
        antialias: Whether the window widens where they become smaller.
        name: Of the operations.
    """
    resized = _resizer(method, antialias)
    return image_resizing.resized_by(images, size, resized, preserve_aspect_ratio, name, skip_if_same=False)


@_export("resize_image_with_pad_v2")
def resize_image_with_pad_v2(
    image: Any, target_height: Any, target_width: Any, method: str = "bilinear", antialias: bool = False
) -> Any:
    """Return an image, or several, scaled to fit into a size, with zeros around, on TensorFlow 2's grid.

    Args:
        image: The image.
        target_height: Of the result.
        target_width: Of the result.
        method: One of `ResizeMethodV2`.
        antialias: Whether the window widens where it becomes smaller.
    """
    with name_scope(None, "resize_image_with_pad", [image]):
        image, is_batch = image_cropping.batched(tensor(image))
        checks = at_least_three_dims(image)
        checks += check(target_width > 0, ValueError, "target_width must be > 0.")
        checks += check(target_height > 0, ValueError, "target_height must be > 0.")
        image = with_dependencies(checks, image)
        result = image_resizing.within(image, target_height, target_width, _resizer(method, antialias))
        return result if is_batch else squeeze(result, axis=[0])


@_export("sample_distorted_bounding_box_v2")
def sample_distorted_bounding_box_v2(
    image_size: Any, bounding_boxes: Any, seed: int = 0, min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None, area_range: Any = None, max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return a box by chance that has enough of an object in it; see `tf.image.sample_distorted_bounding_box`."""
    seeds = get_seed(seed) if seed else (0, 0)
    return image_boxing.sample_distorted_bounding_box(
        image_size, bounding_boxes, seeds[0], seeds[1], min_object_covered, aspect_ratio_range, area_range,
        max_attempts, use_image_if_no_bounding_boxes, name,
    )  # fmt: skip


@_export("stateless_sample_distorted_bounding_box")
def stateless_sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: Any, min_object_covered: Any = 0.1, aspect_ratio_range: Any = None,
    area_range: Any = None, max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return the box that a seed stands for; see `tf.image.stateless_sample_distorted_bounding_box`."""
    with name_scope(name, "stateless_sample_distorted_bounding_box"):
        return op(
            "StatelessSampleDistortedBoundingBox", image_size=image_size, bounding_boxes=bounding_boxes, seed=seed,
            min_object_covered=min_object_covered, aspect_ratio_range=aspect_ratio_range, area_range=area_range,
            max_attempts=max_attempts, use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
        )  # fmt: skip


# -- by a seed that is an argument -----------------------------------------------------------------------


def _drawn(seed: Any, low: Any, high: Any, dtype: Any = dtypes.float32) -> Any:
    return stateless_random_uniform(shape=[], seed=seed, minval=low, maxval=high, dtype=dtype)


@_export("stateless_random_brightness")
def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Any:
    """Return images of the brightness that a seed stands for."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return image_adjusting.adjust_brightness(image, _drawn(seed, -max_delta, max_delta))


@_export("stateless_random_contrast")
def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """Return images of the contrast that a seed stands for."""
    image_adjusting.check_range(lower, upper)
    return image_adjusting.adjust_contrast(image, _drawn(seed, lower, upper))


@_export("stateless_random_saturation")
def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """Return images with as much colour as a seed stands for."""
    image_adjusting.check_range(lower, upper)
    return image_adjusting.adjust_saturation(image, _drawn(seed, lower, upper))


@_export("stateless_random_hue")
def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Any:
    """Return images whose colours are turned as a seed says."""
    image_adjusting.check_turn(max_delta)
    return image_adjusting.adjust_hue(image, _drawn(seed, -max_delta, max_delta))


@_export("stateless_random_jpeg_quality")
def stateless_random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any) -> Any:
    """Return an image as it is after it was a JPEG file of the quality that a seed stands for."""
    image_adjusting.check_qualities(min_jpeg_quality, max_jpeg_quality)
    quality = _drawn(seed, min_jpeg_quality, max_jpeg_quality, dtypes.int32)
    return image_adjusting.adjust_jpeg_quality(image, quality)


def _stateless_flip(image: Any, axis: int, seed: Any, scope: str) -> Any:
    def draw(size: Any) -> Any:
        return stateless_random_uniform(shape=size, seed=seed, minval=0, maxval=1.0)

    return image_turning.random_flip(image, axis, draw, scope)


@_export("stateless_random_flip_left_right")
def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """Return an image, or each of several, with left and right exchanged or not, as a seed says."""
    return _stateless_flip(image, 1, seed, "stateless_random_flip_left_right")


@_export("stateless_random_flip_up_down")
def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """Return an image, or each of several, upside down or not, as a seed says."""
    return _stateless_flip(image, 0, seed, "stateless_random_flip_up_down")


# -- other names ----------------------------------------------------------------------------------------


@_export("draw_bounding_boxes_v2")
def draw_bounding_boxes_v2(images: Any, boxes: Any, colors: Any, name: str | None = None) -> Any:
    """Return images with the edges of boxes drawn in; see `tf.image.draw_bounding_boxes`."""
    return image_boxing.draw_bounding_boxes(images, boxes, name, colors)


@_export("non_max_suppression_padded_v1")
def non_max_suppression_padded_v1(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = float("-inf"),
    pad_to_max_output_size: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return which boxes are kept of one image's; see `tf.image.non_max_suppression_padded`."""
    return image_boxing.non_max_suppression_padded(
        boxes, scores, max_output_size, iou_threshold, score_threshold, pad_to_max_output_size, name
    )


@_export("_verify_compatible_image_shapes")
def verify_compatible_image_shapes(img1: Any, img2: Any) -> Any:
    """Return the shapes of two images and the checks that they can be compared."""
    return image_similarity.verified(convert_to_tensor(img1), convert_to_tensor(img2))


for _name, _function in {
    "resize_bilinear_v1": image_resizing.resize_bilinear,
    "resize_nearest_neighbor_v1": image_resizing.resize_nearest_neighbor,
    "resize_bicubic_v1": image_resizing.resize_bicubic,
    "transpose_image": image_turning.transpose_image,
}.items():
    for _module in _MODULES:
        export_value(f"{_module}.{_name}", _function)
