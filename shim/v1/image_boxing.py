"""Boxes in images: cropped, drawn, sampled, suppressed; glimpses."""

from collections import namedtuple
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.errors import Unsupported
from onevar.v1.common import rank_of, renamed
from onevar.v1.export import export

_NONE = float("-inf")
# The names are TensorFlow's, for whoever prints them; ours are private.
_BOXES = ["nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections"]
_Sample = namedtuple("SampleDistortedBoundingBoxV2", ["begin", "size", "bboxes"])  # type: ignore[name-match]
_Combined = namedtuple("CombinedNonMaxSuppression", _BOXES)  # type: ignore[name-match, misc]


@export("image.crop_and_resize")
def crop_and_resize(
    image: Any, boxes: Any, box_ind: Any = None, crop_size: Any = None, method: str = "bilinear",
    extrapolation_value: float = 0, name: str | None = None, box_indices: Any = None,
) -> Any:  # fmt: skip
    """Return boxes of images, resized; see `tf.image.crop_and_resize`.

    Args:
        image: The images.
        boxes: Upper, left, lower and right edges, from 0 to 1.
        box_ind: The old name of `box_indices`.
        crop_size: Height and width of the results.
        method: `"bilinear"` or `"nearest"`.
        extrapolation_value: What is beyond the image.
        name: Of the operation.
        box_indices: Which image each box is of.
    """
    indices = renamed("box_indices", box_indices, "box_ind", box_ind)
    return op(
        "CropAndResize", image=image, boxes=boxes, box_ind=indices, crop_size=crop_size, method=method,
        extrapolation_value=extrapolation_value, name=name,
    )  # fmt: skip


@export("image.draw_bounding_boxes")
def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = None, colors: Any = None) -> Any:
    """Return images with the edges of boxes drawn in; see `tf.image.draw_bounding_boxes`.

    Args:
        images: The images.
        boxes: Upper, left, lower and right edges, from 0 to 1, several for each image.
        name: Of the operation.
        colors: One for each box, again from the first after the last.
    """
    if colors is None:
        return op("DrawBoundingBoxes", images=images, boxes=boxes, name=name)
    return op("DrawBoundingBoxesV2", images=images, boxes=boxes, colors=colors, name=name)


@export("image.sample_distorted_bounding_box")
def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: int | None = None, seed2: int | None = None,
    min_object_covered: Any = 0.1, aspect_ratio_range: Any = None, area_range: Any = None,
    max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return a box by chance that has enough of an object in it; see `tf.image.sample_distorted_bounding_box`.

    Args:
        image_size: Height, width and channels.
        bounding_boxes: Of the objects.
        seed: Of the op.
        seed2: The second seed of the op.
        min_object_covered: How much of an object has to be in the box.
        aspect_ratio_range: Width by height.
        area_range: How much of the image.
        max_attempts: After how many the whole image is taken.
        use_image_if_no_bounding_boxes: Whether there may be no objects.
        name: Of the operation.

    Returns:
        Begin and size for `tf.slice`, and the box for `tf.image.draw_bounding_boxes`.
    """
    with name_scope(name, "sample_distorted_bounding_box"):
        return _Sample(
            *op(
                "SampleDistortedBoundingBoxV2", image_size=image_size, bounding_boxes=bounding_boxes, seed=seed or 0,
                seed2=seed2 or 0, min_object_covered=min_object_covered, aspect_ratio_range=aspect_ratio_range,
                area_range=area_range, max_attempts=max_attempts,
                use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
            )
        )  # fmt: skip


@export("image.non_max_suppression")
def non_max_suppression(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _NONE,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return which boxes are kept of those that overlap; see `tf.image.non_max_suppression`."""
    with name_scope(name, "non_max_suppression"):
        iou_threshold = convert_to_tensor(iou_threshold, dtypes.float32, name="iou_threshold")
        score_threshold = convert_to_tensor(score_threshold, dtypes.float32, name="score_threshold")
        return op(
            "NonMaxSuppressionV3", boxes=boxes, scores=scores, max_output_size=max_output_size,
            iou_threshold=iou_threshold, score_threshold=score_threshold,
        )  # fmt: skip


@export("image.non_max_suppression_with_scores")
def non_max_suppression_with_scores(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _NONE,
    soft_nms_sigma: Any = 0.0, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return which boxes are kept of those that overlap, and their scores; see `tf.image`."""
    with name_scope(name, "non_max_suppression_with_scores"):
        iou_threshold = convert_to_tensor(iou_threshold, dtypes.float32, name="iou_threshold")
        score_threshold = convert_to_tensor(score_threshold, dtypes.float32, name="score_threshold")
        soft_nms_sigma = convert_to_tensor(soft_nms_sigma, dtypes.float32, name="soft_nms_sigma")
        indices, kept, _ = op(
            "NonMaxSuppressionV5", boxes=boxes, scores=scores, max_output_size=max_output_size,
            iou_threshold=iou_threshold, score_threshold=score_threshold, soft_nms_sigma=soft_nms_sigma,
            pad_to_max_output_size=False,
        )  # fmt: skip
        return indices, kept


@export("image.non_max_suppression_overlaps")
def non_max_suppression_overlaps(
    overlaps: Any, scores: Any, max_output_size: Any, overlap_threshold: Any = 0.5, score_threshold: Any = _NONE,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return which boxes are kept, by how much each two overlap; see `tf.image.non_max_suppression_overlaps`."""
    with name_scope(name, "non_max_suppression_overlaps"):
        overlap_threshold = convert_to_tensor(overlap_threshold, dtypes.float32, name="overlap_threshold")
        return op(
            "NonMaxSuppressionWithOverlaps", overlaps=overlaps, scores=scores, max_output_size=max_output_size,
            overlap_threshold=overlap_threshold, score_threshold=score_threshold,
        )  # fmt: skip


@export("image.non_max_suppression_padded")
def non_max_suppression_padded(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _NONE,
    pad_to_max_output_size: bool = False, name: str | None = None, sorted_input: bool = False,
    canonicalized_coordinates: bool = False, tile_size: int = 512,
) -> tuple[Any, Any]:  # fmt: skip
    """Return which boxes are kept, with zeros up to the size asked for, and how many they are; see `tf.image`.

    Raises:
        Unsupported: The boxes are those of several images.
    """
    with name_scope(name, "non_max_suppression_padded"):
        boxes = convert_to_tensor(boxes, name="boxes")
        if (rank_of(boxes) or 2) > 2:
            raise Unsupported(
                "tf.image.non_max_suppression_padded: boxes of several images at once. Use "
                "tf.image.combined_non_max_suppression, or tf.map_fn over the images."
            )
        threshold = convert_to_tensor(iou_threshold, dtypes.float32, name="iou_threshold")
        least = convert_to_tensor(score_threshold, dtypes.float32, name="score_threshold")
        indices, valid = op(
            "NonMaxSuppressionV4", boxes=boxes, scores=scores, max_output_size=max_output_size,
            iou_threshold=threshold, score_threshold=least, pad_to_max_output_size=pad_to_max_output_size,
        )  # fmt: skip
        return indices, valid


@export("image.combined_non_max_suppression")
def combined_non_max_suppression(
    boxes: Any, scores: Any, max_output_size_per_class: Any, max_total_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = _NONE, pad_per_class: bool = False, clip_boxes: bool = True, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the boxes of several classes that are kept; see `tf.image.combined_non_max_suppression`."""
    with name_scope(name, "combined_non_max_suppression"):
        threshold = convert_to_tensor(iou_threshold, dtypes.float32, name="iou_threshold")
        least = convert_to_tensor(score_threshold, dtypes.float32, name="score_threshold")
        total = convert_to_tensor(max_total_size)
        found = op(
            "CombinedNonMaxSuppression", boxes=boxes, scores=scores,
            max_output_size_per_class=max_output_size_per_class, max_total_size=total, iou_threshold=threshold,
            score_threshold=least, pad_per_class=pad_per_class, clip_boxes=clip_boxes,
        )  # fmt: skip
        return _Combined(*found)


@export("image.extract_glimpse")
def extract_glimpse(
    input: Any, size: Any, offsets: Any, centered: bool = True, normalized: bool = True, uniform_noise: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return windows of images; see `tf.image.extract_glimpse`. Beyond an image is noise, which no seed rules."""
    return op(
        "ExtractGlimpse", input=input, size=size, offsets=offsets, centered=centered, normalized=normalized,
        uniform_noise=uniform_noise, name=name,
    )  # fmt: skip


@export("image.generate_bounding_box_proposals")
def generate_bounding_box_proposals(
    scores: Any, bbox_deltas: Any, image_info: Any, anchors: Any, nms_threshold: float = 0.7,
    pre_nms_topn: int = 6000, min_size: int = 16, post_nms_topn: int = 300, name: str | None = None,
) -> Any:  # fmt: skip
    """Raise: TensorFlow has it on GPUs alone.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported(
        "tf.image.generate_bounding_box_proposals: compute the boxes from the anchors, then tf.nn.top_k and "
        "tf.image.non_max_suppression."
    )


@export("extract_volume_patches")
def extract_volume_patches(input: Any, ksizes: Any, strides: Any, padding: str, name: str | None = None) -> Any:
    """Return patches of volumes as channels; see `tf.extract_volume_patches`."""
    sizes = {"ksizes": list(ksizes), "strides": list(strides)}
    return op("ExtractVolumePatches", input=input, **sizes, padding=padding, name=name)
