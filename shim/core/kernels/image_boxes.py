"""Boxes in images: cropped and resized, drawn, sampled."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.checks import check_indices
from onevar.core.kernel import kernel
from onevar.core.kernels.random import generator
from onevar.core.op_errors import InvalidArgumentError, OutOfRangeError
from onevar.core.spec import Shape, ShapeError, Spec

_F32 = np.float32


# -- crop and resize -----------------------------------------------------------------------------------


def _cropped(image: Spec, boxes: Spec, box_ind: Spec, crop_size: Spec) -> Shape:
    shape = rules.with_rank(image.shape, 4)
    count = rules.with_rank(boxes.shape, 2)[0]
    other = rules.with_rank(box_ind.shape, 1)[0]
    if count is not None and other is not None and count != other:
        raise ShapeError(f"Dimensions must be equal, but are {count} and {other}")
    wanted = rules.with_rank(crop_size.partial_shape(), 2) if rules.with_rank(crop_size.shape, 1) else (None, None)
    return (count if count is not None else other, *wanted, shape[3])


def _places(k: Any, low: Any, high: Any, size: int, new: int) -> Any:
    """Where the rows (or columns) of each crop lie in the image: boxes first."""
    reach = float(size - 1)
    if new > 1:
        step = k.divide(k.multiply(k.subtract(high, low), reach), float(new - 1))
        at = k.asarray(np.arange(new, dtype=np.float32)[None, :])
        return k.add(k.multiply(k.expand_dims(low, 1), reach), k.multiply(k.expand_dims(step, 1), at))
    return k.expand_dims(k.multiply(k.multiply(k.add(low, high), 0.5), reach), 1)


def _inside(k: Any, at: Any, size: int) -> Any:
    return k.logical_and(
        k.greater_equal(at, k.zeros_like(at)), k.less_equal(at, k.full(k.shape(at), float(size - 1), "float32"))
    )


@kernel("CropAndResize", heavy=True, host=("crop_size",), infer=_cropped)
def _crop_and_resize(
    k: Any, image: Any, boxes: Any, box_ind: Any, crop_size: np.ndarray, *, method: str, extrapolation_value: float
) -> Any:
    batch, height, width, depth = k.shape(image)
    check_indices(
        k, box_ind, batch, lambda: OutOfRangeError(None, None, "box_index has values outside [0, batch_size)")
    )
    new_height, new_width = int(crop_size[0]), int(crop_size[1])
    if new_height <= 0 or new_width <= 0:
        raise InvalidArgumentError(None, None, f"crop dimensions must be positive, got {new_height}, {new_width}")
    edges = [k.getitem(boxes, (slice(None), i)) for i in range(4)]
    rows = _places(k, edges[0], edges[2], height, new_height)
    columns = _places(k, edges[1], edges[3], width, new_width)
    flat = k.astype(k.reshape(image, (-1, depth)), "float32")
    start = k.multiply(k.astype(box_ind, "int64"), height * width)

    def pixels(row: Any, column: Any) -> Any:
        line = k.multiply(k.astype(k.clip(row, 0.0, float(height - 1)), "int64"), width)
        place = k.astype(k.clip(column, 0.0, float(width - 1)), "int64")
        at = k.add(k.expand_dims(line, 2), k.expand_dims(place, 1))
        return k.take(flat, k.add(at, k.reshape(start, (-1, 1, 1))), 0)

    if method == "nearest":
        made = pixels(_rounded(k, rows), _rounded(k, columns))
    else:
        made = _blended(k, pixels, rows, columns)
    inside = k.logical_and(k.expand_dims(_inside(k, rows, height), 2), k.expand_dims(_inside(k, columns, width), 1))
    outside = k.full((1, 1, 1, 1), float(extrapolation_value), "float32")
    return k.where(k.expand_dims(inside, 3), made, outside)


def _rounded(k: Any, at: Any) -> Any:
    # Halves away from zero, as C rounds; nothing negative is looked at.
    return k.floor(k.add(at, 0.5))


def _blended(k: Any, pixels: Any, rows: Any, columns: Any) -> Any:
    top, left = k.stop_gradient(k.floor(rows)), k.stop_gradient(k.floor(columns))
    bottom, right = k.stop_gradient(k.ceil(rows)), k.stop_gradient(k.ceil(columns))
    down = k.expand_dims(k.expand_dims(k.subtract(rows, top), 2), 3)
    across = k.expand_dims(k.expand_dims(k.subtract(columns, left), 1), 3)

    def mixed(a: Any, b: Any, share: Any) -> Any:
        return k.add(a, k.multiply(k.subtract(b, a), share))

    upper = mixed(pixels(top, left), pixels(top, right), across)
    lower = mixed(pixels(bottom, left), pixels(bottom, right), across)
    return mixed(upper, lower, down)


# -- drawing -------------------------------------------------------------------------------------------

_COLORS = (
    (1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0.5, 0, 0.5, 1), (0.5, 0.5, 0, 1), (0.5, 0, 0, 1),
    (0, 0, 0.5, 1), (0, 1, 1, 1), (1, 0, 1, 1),
)  # fmt: skip


_DEPTHS = "Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)"


def _drawn_shape(images: Spec, boxes: Spec, *rest: Spec) -> Shape:
    shape = rules.with_rank(images.shape, 4)
    rules.with_rank(boxes.shape, 3)
    if shape[3] not in (None, 1, 3, 4):
        raise ShapeError(_DEPTHS)
    return images.shape


def _drawn(images: np.ndarray, boxes: np.ndarray, colors: np.ndarray) -> np.ndarray:
    depth = images.shape[3]
    if depth not in (1, 3, 4):
        raise InvalidArgumentError(None, None, _DEPTHS)
    if boxes.shape[0] != images.shape[0]:
        raise InvalidArgumentError(None, None, "The batch sizes should be the same")
    if depth == 1:
        colors = np.ones_like(colors)
    out = images.copy()
    for image, of in zip(out, boxes, strict=True):
        for number, box in enumerate(of):
            _draw(image, box, colors[number % len(colors)][:depth])
    return out


def _draw(image: np.ndarray, box: np.ndarray, color: np.ndarray) -> None:
    height, width = image.shape[:2]
    top, left, bottom, right = (
        int(_F32(edge) * _F32(size - 1)) if np.isfinite(edge) else 0
        for edge, size in zip(box.astype(np.float32), (height, width, height, width), strict=True)
    )
    if top > bottom or left > right or top >= height or bottom < 0 or left >= width or right < 0:
        return
    y0, y1, x0, x1 = max(top, 0), min(bottom, height - 1), max(left, 0), min(right, width - 1)
    if top >= 0:
        image[top, x0 : x1 + 1] = color
    if bottom < height:
        image[bottom, x0 : x1 + 1] = color
    if left >= 0:
        image[y0 : y1 + 1, left] = color
    if right < width:
        image[y0 : y1 + 1, right] = color


@kernel("DrawBoundingBoxes", on_host=True, infer=_drawn_shape)
def _draw_bounding_boxes(k: Any, images: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return _drawn(images, boxes, np.array(_COLORS, images.dtype))


@kernel("DrawBoundingBoxesV2", on_host=True, infer=_drawn_shape)
def _draw_bounding_boxes_v2(k: Any, images: np.ndarray, boxes: np.ndarray, colors: np.ndarray) -> np.ndarray:
    table = colors if colors.size else np.array(_COLORS, np.float32)
    if table.shape[-1] < images.shape[3]:
        raise InvalidArgumentError(
            None, None,
            f"colors must have equal or more channels than the image provided: {table.shape[-1]} vs. {images.shape[3]}",
        )  # fmt: skip
    return _drawn(images, boxes, table.astype(images.dtype))


# -- sampling ------------------------------------------------------------------------------------------


class _Numbers:
    """TensorFlow's numbers one by one: the words of a stream in order."""

    def __init__(self, k: Any, key: Any, high: Any, counter: Any, count: int):
        self._words = np.asarray(k.philox_bits(key, high, counter, count, "uint32")).astype(np.uint32)
        self._at = 0

    def word(self) -> int:
        found = int(self._words[self._at % len(self._words)])
        self._at += 1
        return found

    def real(self) -> np.float32:
        bits = np.uint32((self.word() & 0x7FFFFF) | (127 << 23))
        return _F32(bits.view(np.float32) - _F32(1))

    def below(self, n: int) -> int:
        """A whole number from 0 to `n - 1`."""
        if n & (n - 1) == 0:
            return self.word() & (n - 1) if n else self.word() * 0
        skewed = 0xFFFFFFFF % n + 1
        while (word := self.word()) < skewed:
            continue
        return word % n


def _rint(x: Any) -> int:
    return int(np.rint(_F32(x)))


def _crop(width: int, height: int, areas: tuple[Any, Any], ratio: np.float32, numbers: _Numbers) -> Any:
    """A random rectangle (top, left, bottom, right) of a ratio, or None."""
    if areas[1] <= 0 or ratio <= 0 or areas[0] > areas[1]:
        return None
    least, most = _F32(areas[0] * _F32(width) * _F32(height)), _F32(areas[1] * _F32(width) * _F32(height))
    tall, tallest = _rint(np.sqrt(least / ratio)), _rint(np.sqrt(most / ratio))
    if _rint(_F32(tallest) * ratio) > width:
        tallest = int((width + 0.5 - float(_F32(0.0000001))) / float(ratio))
        if _rint(_F32(tallest) * ratio) > width:
            tallest -= 1
    tallest = min(tallest, height)
    tall = min(tall, tallest)
    if tall < tallest:
        tall += numbers.below(tallest - tall + 1)
    wide = _rint(_F32(tall) * ratio)
    # Rounding may have left the range of areas.
    if wide * tall < least:
        tall += 1
        wide = _rint(_F32(tall) * ratio)
    if wide * tall > most:
        tall -= 1
        wide = _rint(_F32(tall) * ratio)
    if not least <= wide * tall <= most or not 0 < wide <= width or not 0 < tall <= height:
        return None
    top = numbers.below(height - tall) if tall < height else 0
    left = numbers.below(width - wide) if wide < width else 0
    return top, left, top + tall, left + wide


def _area(box: Any) -> float:
    return float(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


def _covers(crop: Any, boxes: list[Any], least: np.float32) -> bool:
    if _area(crop) < 1:
        return False
    for box in boxes:
        whole = _area(box)
        if whole < 1:
            continue
        common = (max(crop[0], box[0]), max(crop[1], box[1]), min(crop[2], box[2]), min(crop[3], box[3]))
        if _F32(_area(common)) / _F32(whole) >= least:
            return True
    return False


def _sampled(
    numbers: Any, size: np.ndarray, boxes: np.ndarray, covered: float, attrs: dict[str, Any]
) -> tuple[np.ndarray, ...]:
    if size.shape != (3,):
        raise InvalidArgumentError(None, None, f"image_size must contain 3 elements {list(size.shape)}")
    height, width = int(size[0]), int(size[1])
    if height <= 0 or width <= 0:
        raise InvalidArgumentError(None, None, f"image height and width must be positive, got {height}, {width}")
    whole = (0, 0, height, width)
    flat = boxes.reshape(-1, 4).astype(np.float32)
    _check(flat)
    scale = np.array([height, width, height, width], np.float32)
    objects = [tuple(int(n) for n in row) for row in (flat * scale).tolist()]
    if not objects:
        if not attrs["use_image_if_no_bounding_boxes"]:
            raise InvalidArgumentError(
                None, None,
                "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes if you wish to "
                "not provide any bounding boxes.",
            )  # fmt: skip
        objects = [whole]
    low, high = (_F32(n) for n in attrs["aspect_ratio_range"])
    areas = tuple(_F32(n) for n in attrs["area_range"])
    chosen = whole
    for _ in range(attrs["max_attempts"]):
        ratio = _F32(numbers.real() * _F32(high - low) + low)
        crop = _crop(width, height, areas, ratio, numbers)  # type: ignore[arg-type]
        if crop is not None and _covers(crop, objects, _F32(covered)):
            chosen = crop
            break
    begin = np.array([chosen[0], chosen[1], 0], size.dtype)
    extent = np.array([chosen[2] - chosen[0], chosen[3] - chosen[1], -1]).astype(size.dtype)
    return begin, extent, (np.array(chosen, np.float32) / scale).reshape(1, 1, 4)


def _check(boxes: np.ndarray) -> None:
    if boxes.size and not ((boxes >= 0) & (boxes <= 1)).all():
        bad = boxes[~((boxes >= 0) & (boxes <= 1))][0]
        raise InvalidArgumentError(None, None, f"All bounding box coordinates must be in [0.0, 1.0]: {bad}")


def _sampled_shapes(*_: Any, **__: Any) -> list[Shape]:
    return [(3,), (3,), (1, 1, 4)]


def _stream_numbers(k: Any, stream: Any, attempts: int) -> _Numbers:
    # Rejected words are rare: a few more than TensorFlow reserves are enough.
    numbers = _Numbers(k, stream.key, stream.high, stream.counter, 4 * attempts + 64)
    stream.advance(attempts)
    return numbers


@kernel("SampleDistortedBoundingBoxV2", on_host=True, random=True, infer=_sampled_shapes)
def _sample_v2(
    k: Any, stream: Any, size: np.ndarray, boxes: np.ndarray, covered: np.ndarray,
    *, aspect_ratio_range: list[float], area_range: list[float], max_attempts: int,
    use_image_if_no_bounding_boxes: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    attrs = {
        "aspect_ratio_range": aspect_ratio_range, "area_range": area_range, "max_attempts": max_attempts,
        "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes,
    }  # fmt: skip
    return _sampled(_stream_numbers(k, stream, max_attempts), size, boxes, float(covered), attrs)


@kernel("StatelessSampleDistortedBoundingBox", on_host=True, infer=_sampled_shapes)
def _sample_stateless(
    k: Any, size: np.ndarray, boxes: np.ndarray, covered: np.ndarray, seed: np.ndarray,
    *, aspect_ratio_range: list[float], area_range: list[float], max_attempts: int,
    use_image_if_no_bounding_boxes: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    attrs = {
        "aspect_ratio_range": aspect_ratio_range, "area_range": area_range, "max_attempts": max_attempts,
        "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes,
    }  # fmt: skip
    key, high = generator(seed)
    numbers = _Numbers(k, key, high, k.philox_counter(0, 0), 4 * max_attempts + 64)
    return _sampled(numbers, size, boxes, float(covered), attrs)


@kernel("SampleDistortedBoundingBox", on_host=True, random=True, infer=_sampled_shapes)
def _sample(
    k: Any, stream: Any, size: np.ndarray, boxes: np.ndarray,
    *, min_object_covered: float, aspect_ratio_range: list[float], area_range: list[float], max_attempts: int,
    use_image_if_no_bounding_boxes: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    attrs = {
        "aspect_ratio_range": aspect_ratio_range, "area_range": area_range, "max_attempts": max_attempts,
        "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes,
    }  # fmt: skip
    return _sampled(_stream_numbers(k, stream, max_attempts), size, boxes, min_object_covered, attrs)
