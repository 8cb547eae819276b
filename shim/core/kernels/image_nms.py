"""Non-maximum suppression: which of many overlapping boxes are kept."""

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Shape, ShapeError, Spec

_F32 = np.float32
Overlaps = Callable[[int, list[int]], np.ndarray]


def _of_boxes(boxes: np.ndarray) -> Overlaps:
    """How much two boxes have in common, as a share of what they cover together."""
    boxes = boxes.astype(np.float32)
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    areas = (high - low).prod(1, dtype=np.float32)

    def overlaps(one: int, others: list[int]) -> np.ndarray:
        common = np.minimum(high[one], high[others]) - np.maximum(low[one], low[others])
        both = np.maximum(common, 0).prod(1, dtype=np.float32)
        together = areas[one] + areas[others] - both
        valid = (areas[one] > 0) & (areas[others] > 0)
        return np.where(valid, both / np.where(valid, together, 1), 0).astype(np.float32)

    return overlaps


def suppressed(
    overlaps: Overlaps, scores: np.ndarray, count: int, threshold: float, least: float, sigma: float = 0.0
) -> tuple[list[int], list[Any]]:
    """Return the boxes that are kept, the best first, and their scores.

    Args:
        overlaps: `overlaps(box, boxes)`.
        scores: The boxes' scores.
        count: How many are kept at most.
        threshold: Boxes that overlap more with a better one are dropped.
        least: Boxes whose score is not more are dropped.
        sigma: Where it is not zero, the scores of overlapping boxes go down by a bell curve instead.
    """
    scores = scores.astype(np.float32)
    queue = [(-float(score), i, 0) for i, score in enumerate(scores) if score > _F32(least)]
    heapq.heapify(queue)
    scale = _F32(-0.5) / _F32(sigma) if sigma > 0 else _F32(0)
    kept: list[int] = []
    values: list[Any] = []
    while queue and len(kept) < count:
        negative, box, begin = heapq.heappop(queue)
        before = score = _F32(-negative)
        dropped = False
        if begin < len(kept):
            for common in overlaps(box, kept[begin:])[::-1]:
                if sigma <= 0 and common > _F32(threshold):
                    dropped = True
                    break
                score = _F32(score * np.exp(scale * common * common))
                if score <= _F32(least):
                    break
        if dropped:
            continue
        if score == before:
            kept.append(box)
            values.append(score)
        elif score > _F32(least):
            heapq.heappush(queue, (-float(score), box, len(kept)))
    return kept, values


def _checked(boxes: np.ndarray, scores: np.ndarray, count: Any, threshold: float | None = None) -> int:
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise InvalidArgumentError(None, None, f"boxes must be of shape [n, 4], got {list(boxes.shape)}")
    if scores.shape != boxes.shape[:1]:
        raise InvalidArgumentError(None, None, f"scores has incompatible shape {list(scores.shape)}")
    if threshold is not None and not 0 <= threshold <= 1:
        raise InvalidArgumentError(None, None, "iou_threshold must be in [0, 1]")
    size = int(count)
    if size < 0:
        raise InvalidArgumentError(None, None, "output size must be non-negative")
    return size


def _shape(boxes: Spec, scores: Spec, *rest: Any, **attrs: Any) -> Shape:
    count, edges = rules.with_rank(boxes.shape, 2)
    (other,) = rules.with_rank(scores.shape, 1)
    if count is not None and other is not None and count != other:
        raise ShapeError(f"Dimensions must be equal, but are {count} and {other}")
    if edges not in (None, 4):
        raise ShapeError(f"Dimension must be 4 but is {edges}")
    return (None,)


def _square(overlaps: Spec, scores: Spec, *rest: Spec) -> Shape:
    rules.with_rank(overlaps.shape, 2)
    rules.with_rank(scores.shape, 1)
    return (None,)


def _indices(kept: list[int]) -> np.ndarray:
    return np.array(kept, np.int32)


@kernel("NonMaxSuppression", on_host=True, infer=_shape)
def _nms(k: Any, boxes: np.ndarray, scores: np.ndarray, count: np.ndarray, *, iou_threshold: float) -> np.ndarray:
    size = _checked(boxes, scores, count, iou_threshold)
    return _indices(suppressed(_of_boxes(boxes), scores, size, iou_threshold, -np.inf)[0])


@kernel("NonMaxSuppressionV2", on_host=True, infer=_shape)
def _nms_v2(k: Any, boxes: np.ndarray, scores: np.ndarray, count: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    size = _checked(boxes, scores, count, float(threshold))
    return _indices(suppressed(_of_boxes(boxes), scores, size, float(threshold), -np.inf)[0])


@kernel("NonMaxSuppressionV3", on_host=True, infer=_shape)
def _nms_v3(
    k: Any, boxes: np.ndarray, scores: np.ndarray, count: np.ndarray, threshold: np.ndarray, least: np.ndarray
) -> np.ndarray:
    size = _checked(boxes, scores, count, float(threshold))
    return _indices(suppressed(_of_boxes(boxes), scores, size, float(threshold), float(least))[0])


def _padded(kept: list[int], size: int, pad: bool) -> tuple[np.ndarray, np.ndarray]:
    indices = np.zeros(size if pad else len(kept), np.int32)
    indices[: len(kept)] = kept
    return indices, np.array(len(kept), np.int32)


def _v4_shapes(boxes: Spec, scores: Spec, count: Spec, *_: Spec, pad_to_max_output_size: bool) -> list[Shape]:
    _shape(boxes, scores)
    known = int(count.value) if pad_to_max_output_size and isinstance(count.value, np.ndarray) else None
    return [(known,), ()]


@kernel("NonMaxSuppressionV4", on_host=True, infer=_v4_shapes)
def _nms_v4(
    k: Any, boxes: np.ndarray, scores: np.ndarray, count: np.ndarray, threshold: np.ndarray, least: np.ndarray,
    *, pad_to_max_output_size: bool,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    size = _checked(boxes, scores, count, float(threshold))
    kept = suppressed(_of_boxes(boxes), scores, size, float(threshold), float(least))[0]
    return _padded(kept, size, pad_to_max_output_size)


def _v5_shapes(boxes: Spec, scores: Spec, count: Spec, *_: Spec, pad_to_max_output_size: bool) -> list[Shape]:
    first, last = _v4_shapes(boxes, scores, count, pad_to_max_output_size=pad_to_max_output_size)
    return [first, first, last]


@kernel("NonMaxSuppressionV5", on_host=True, infer=_v5_shapes)
def _nms_v5(
    k: Any, boxes: np.ndarray, scores: np.ndarray, count: np.ndarray, threshold: np.ndarray, least: np.ndarray,
    sigma: np.ndarray, *, pad_to_max_output_size: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    size = _checked(boxes, scores, count, float(threshold))
    kept, values = suppressed(_of_boxes(boxes), scores, size, float(threshold), float(least), float(sigma))
    indices, valid = _padded(kept, size, pad_to_max_output_size)
    out = np.zeros(len(indices), scores.dtype)
    out[: len(values)] = values
    return indices, out, valid


@kernel("NonMaxSuppressionWithOverlaps", on_host=True, infer=_square)
def _nms_overlaps(
    k: Any, common: np.ndarray, scores: np.ndarray, count: np.ndarray, threshold: np.ndarray, least: np.ndarray
) -> np.ndarray:
    if common.ndim != 2 or common.shape[0] != common.shape[1]:
        raise InvalidArgumentError(None, None, f"overlaps must be square, got {list(common.shape)}")
    if scores.shape != common.shape[:1]:
        raise InvalidArgumentError(None, None, "scores has incompatible shape")
    kept, _ = suppressed(lambda one, others: common[one, others], scores, int(count), float(threshold), float(least))
    return _indices(kept)


# -- several classes -----------------------------------------------------------------------------------


def _combined_shapes(boxes: Spec, scores: Spec, each: Spec, total: Spec, *_: Spec, pad_per_class: bool) -> list[Shape]:
    batch = rules.with_rank(boxes.shape, 4)[0]
    classes = rules.with_rank(scores.shape, 3)[2]
    size = int(total.value) if isinstance(total.value, np.ndarray) else None
    if pad_per_class and size is not None:
        known = isinstance(each.value, np.ndarray) and classes is not None
        size = min(size, int(each.value) * (classes or 0)) if known else None
    return [(batch, size, 4), (batch, size), (batch, size), (batch,)]


@kernel("CombinedNonMaxSuppression", on_host=True, infer=_combined_shapes)
def _combined_nms(
    k: Any, boxes: np.ndarray, scores: np.ndarray, each: np.ndarray, total: np.ndarray, threshold: np.ndarray,
    least: np.ndarray, *, pad_per_class: bool, clip_boxes: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    batch, _, classes = scores.shape
    per_class, size = int(each), int(total)
    if boxes.shape[2] not in (1, classes):
        raise InvalidArgumentError(
            None, None, f"third dimension of boxes must be either 1 or equal to the third dimension of scores {classes}"
        )
    if pad_per_class:
        size = min(size, per_class * classes)
    out = (
        np.zeros((batch, size, 4), np.float32),
        np.zeros((batch, size), np.float32),
        np.zeros((batch, size), np.float32),
    )
    valid = np.zeros(batch, np.int32)
    for i in range(batch):
        found = []
        for c in range(classes):
            own = boxes[i, :, c if boxes.shape[2] > 1 else 0]
            kept, values = suppressed(_of_boxes(own), scores[i, :, c], per_class, float(threshold), float(least))
            found += [(value, c, own[box]) for box, value in zip(kept, values, strict=True)]
        found.sort(key=lambda row: -row[0])
        best = found[:size]
        valid[i] = len(best)
        for at, (value, c, box) in enumerate(best):
            out[0][i, at] = np.clip(box, 0, 1) if clip_boxes else box
            out[1][i, at], out[2][i, at] = value, c
    return (*out, valid)
