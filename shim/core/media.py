"""What the summary operations make of arrays: histograms, pictures, sound."""

import io
import struct
from functools import cache
from typing import Any

import numpy as np

from onevar.errors import FrameworkMissing

_SMALLEST, _LARGEST, _GROWTH = 1.0e-12, 1.0e20, 1.1
#: Below this, a picture is black, whatever is in it.
_ZERO = 1e-6
_SAMPLE = np.float32(1 << 15)


@cache
def bucket_limits() -> np.ndarray:
    """Return the upper ends of a histogram's buckets: a tenth more from one to the next, both ways from zero."""
    positive = []
    limit = _SMALLEST
    while limit < _LARGEST:
        positive.append(limit)
        limit *= _GROWTH
    positive.append(np.finfo(np.float64).max)
    return np.array([*(-value for value in reversed(positive)), 0.0, *positive], np.float64)


def histogram(values: np.ndarray) -> dict[str, Any]:
    """Return the fields of a `HistogramProto` for finite numbers.

    Neighbouring buckets that are empty are one, as in TensorFlow's files.
    """
    limits = bucket_limits()
    flat = np.asarray(values, np.float64).reshape(-1)
    at = np.minimum(np.searchsorted(limits, flat, side="right"), limits.size - 1)
    counts = np.bincount(at, minlength=limits.size).astype(np.float64)
    full = counts > 0
    # A bucket is written if it has something in it, or is the last of a row of empty ones.
    kept = full | np.append(full[1:], True)
    fields: dict[str, Any] = {"bucket_limit": limits[kept].tolist(), "bucket": counts[kept].tolist()}
    if not flat.size:
        largest = float(np.finfo(np.float64).max)
        return {"min": largest, "max": -largest, "num": 0.0, "sum": 0.0, "sum_squares": 0.0, **fields}
    return {
        "min": float(flat.min()),
        "max": float(flat.max()),
        "num": float(flat.size),
        # One after the other: a pairwise sum has other last digits than TensorFlow's.
        "sum": float(np.add.accumulate(flat)[-1]),
        "sum_squares": float(np.add.accumulate(flat * flat)[-1]),
        **fields,
    }


def as_pixels(image: np.ndarray, bad_color: np.ndarray) -> np.ndarray:
    """Return floating point numbers of any range as bytes: scaled to fill it, around 128 if some are negative.

    Args:
        image: Height, width, channels.
        bad_color: What pixels get that are not finite.
    """
    kind = image.dtype.type if image.dtype.itemsize > 4 else np.float32
    flat = image.reshape(-1, image.shape[-1]).astype(kind, copy=False)
    finite = np.isfinite(flat).all(axis=1)
    good = flat[finite]
    low, high = (float(good.min()), float(good.max())) if good.size else (np.inf, -np.inf)
    if low < 0:
        bound = max(abs(low), abs(high))
        scale, offset = kind(0.0 if bound < _ZERO else np.float32(127.0) / np.float32(bound)), kind(128.0)
    else:
        scale, offset = kind(0.0 if high < _ZERO else np.float32(255.0) / np.float32(high)), kind(0.0)
    pixels = np.empty(flat.shape, np.uint8)
    pixels[finite] = (good * scale + offset).astype(np.uint8)
    pixels[~finite] = bad_color[: flat.shape[1]]
    return pixels.reshape(image.shape)


def png(pixels: np.ndarray) -> bytes:
    """Return a picture of bytes as a PNG file.

    Args:
        pixels: Height, width, and one to four channels: grey, grey and alpha, RGB, RGBA.

    Raises:
        FrameworkMissing: pillow is not installed.
    """
    try:
        from PIL import Image  # only who draws pictures needs it
    except ModuleNotFoundError as error:
        raise FrameworkMissing(f'Pictures need pillow ({error}): `pip install "onevar[migrate]"` brings it.') from error
    height, width, channels = pixels.shape
    mode = ("L", "LA", "RGB", "RGBA")[channels - 1]
    file = io.BytesIO()
    Image.frombytes(mode, (width, height), np.ascontiguousarray(pixels).tobytes()).save(file, "PNG")
    return file.getvalue()


def wav(samples: np.ndarray, sample_rate: float) -> bytes:
    """Return sound as a WAV file with 16 bits a sample.

    Args:
        samples: Frames, channels; numbers from -1 to 1, what is beyond is cut off.
        sample_rate: Frames a second.
    """
    scaled = samples.astype(np.float32) * _SAMPLE
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
    data = np.clip(rounded, -(1 << 15), (1 << 15) - 1).astype("<i2").tobytes()
    channels, rate = samples.shape[1], round(sample_rate)
    block = 2 * channels
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, channels, rate,
                       rate * block, block, 16, b"data", len(data))  # fmt: skip
    return head + data
