"""Summaries: operations whose result is a serialized `Summary`, to be written to an event file.

They run on the host when all else of a run is done: what they look at leaves the compiled part once, at its end.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from onevar.core import media
from onevar.core.checks import CURRENT
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.protos import proto

Function = TypeVar("Function", bound=Callable)
_IMAGE_LIMIT = 1 << 29


def _scalar(*_: Any, **__: Any) -> tuple:
    return ()


def _summary(*types: str) -> Callable[[Function], Function]:
    return kernel(*types, on_host=True, infer=_scalar, reports=True)


def _failed(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _shown(shape: Iterable[int]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _tag(tag: np.ndarray, name: str = "tag") -> str:
    if tag.shape != ():
        raise _failed(f"{name} must be scalar")
    return _text(tag.item())


def _written(summary: Any) -> np.ndarray:
    return np.array(summary.SerializeToString(), object)


@_summary("ScalarSummary")
def scalar_summary(k: Any, tags: np.ndarray, values: np.ndarray) -> np.ndarray:
    """One number for each tag."""
    if tags.shape != values.shape:
        tag = f" (tag '{_text(tags.item())}')" if tags.size == 1 else ""
        raise _failed(f"tags and values are not the same shape: {_shown(tags.shape)} != {_shown(values.shape)}{tag}")
    summary = proto("summary").Summary()
    for tag, value in zip(tags.reshape(-1), values.reshape(-1), strict=True):
        summary.value.add(tag=_text(tag), simple_value=float(value))
    return _written(summary)


@_summary("HistogramSummary")
def histogram_summary(k: Any, tag: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How values are distributed."""
    summary = proto("summary").Summary()
    summary.value.add(tag=_tag(tag, "tags"), histo=proto("histogram").HistogramProto(**finite_histogram(values)))
    return _written(summary)


def finite_histogram(values: np.ndarray) -> dict[str, Any]:
    """Return the fields of a `HistogramProto`.

    Raises:
        InvalidArgumentError: A value is NaN or infinite.
    """
    if values.dtype.kind not in "biu":
        wide = values.astype(np.float64)
        bad = wide[~np.isfinite(wide)]
        if bad.size:
            said = "Nan in summary histogram" if np.isnan(bad[0]) else "Infinity in Histogram"
            raise _failed(f"{said} for: {CURRENT.operation.name}")
    return media.histogram(values)


@_summary("ImageSummary")
def image_summary(
    k: Any, tag: np.ndarray, tensor: np.ndarray, *, max_images: int, bad_color: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Some of the pictures of a batch, as PNG."""
    return _written(image_values(_tag(tag, "Tags"), tensor, max_images, np.asarray(bad_color)))


def image_values(tag: str, tensor: np.ndarray, max_images: int, bad_color: np.ndarray) -> Any:
    """Return a `Summary` with a batch's first pictures.

    Args:
        tag: How they are called: the tag, `/image`, and a number if there may be several.
        tensor: Batch, height, width, 1, 3 or 4 channels.
        max_images: How many at most.
        bad_color: Of pixels that are not finite.

    Raises:
        InvalidArgumentError: The tensor is no batch of pictures, or they are too large.
    """
    if tensor.ndim != 4 or tensor.shape[3] not in (1, 3, 4):
        raise _failed(f"Tensor must be 4-D with last dim 1, 3, or 4, not {_shown(tensor.shape)}")
    batch, height, width, depth = tensor.shape
    if batch >= 1 << 31 or height * width * depth >= _IMAGE_LIMIT:
        raise _failed(f"Tensor too large for summary {_shown(tensor.shape)}")
    if bad_color.size < depth:
        raise _failed(f"expected depth <= bad_color.size, got depth = {depth}, bad_color.size = {bad_color.size}")
    summary = proto("summary").Summary()
    for index, picture in enumerate(tensor[:max_images]):
        pixels = picture if picture.dtype == np.uint8 else media.as_pixels(picture, bad_color)
        summary.value.add(
            tag=_numbered(f"{tag}/image", index, max_images),
            image={
                "height": height, "width": width, "colorspace": depth, "encoded_image_string": media.png(pixels),
            },
        )  # fmt: skip
    return summary


def _numbered(tag: str, index: int, most: int) -> str:
    return f"{tag}/{index}" if most > 1 else tag


@_summary("AudioSummaryV2")
def audio_summary_v2(
    k: Any, tag: np.ndarray, tensor: np.ndarray, sample_rate: np.ndarray, *, max_outputs: int
) -> np.ndarray:  # fmt: skip
    """Some of the sounds of a batch, as WAV."""
    if sample_rate.shape != ():
        raise _failed(f"sample_rate must be scalar, got: {_shown(sample_rate.shape)}")
    return _written(audio_values(_tag(tag), tensor, float(sample_rate), max_outputs))


@_summary("AudioSummary")
def audio_summary(
    k: Any, tag: np.ndarray, tensor: np.ndarray, *, sample_rate: float, max_outputs: int
) -> np.ndarray:  # fmt: skip
    """Some of the sounds of a batch, as WAV; the rate is known when the graph is made."""
    return _written(audio_values(_tag(tag), tensor, float(sample_rate), max_outputs))


def audio_values(tag: str, tensor: np.ndarray, sample_rate: float, max_outputs: int) -> Any:
    """Return a `Summary` with a batch's first sounds.

    Args:
        tag: How they are called: the tag, `/audio`, and a number if there may be several.
        tensor: Batch, frames, and channels unless there is one.
        sample_rate: Frames a second.
        max_outputs: How many at most.

    Raises:
        InvalidArgumentError: The tensor is no batch of sounds, or the rate not positive.
    """
    if tensor.ndim not in (2, 3):
        raise _failed(f"Tensor must be 3-D or 2-D, got: {_shown(tensor.shape)}")
    if sample_rate <= 0:
        raise _failed("sample_rate must be > 0")
    frames, channels = tensor.shape[1], tensor.shape[2] if tensor.ndim == 3 else 1
    summary = proto("summary").Summary()
    for index, sound in enumerate(tensor[:max_outputs]):
        summary.value.add(
            tag=_numbered(f"{tag}/audio", index, max_outputs),
            audio={
                "sample_rate": sample_rate, "num_channels": channels, "length_frames": frames,
                "encoded_audio_string": media.wav(sound.reshape(frames, channels), sample_rate),
                "content_type": "audio/wav",
            },
        )  # fmt: skip
    return summary


@_summary("MergeSummary")
def merge_summary(k: Any, inputs: list[np.ndarray]) -> np.ndarray:
    """All values of several summaries, in one."""
    kind = proto("summary").Summary
    merged, tags = kind(), set()
    for item in (item for array in inputs for item in array.reshape(-1)):
        try:
            one = kind.FromString(item)
        except Exception as error:  # protobuf's DecodeError
            raise _failed("Could not parse one of the summary inputs") from error
        for value in one.value:
            if value.tag and value.tag in tags:
                raise _failed(f"Duplicate tag {value.tag} found in summary inputs")
            tags.add(value.tag)
            merged.value.add().CopyFrom(value)
    return _written(merged)


@_summary("TensorSummary")
def tensor_summary(k: Any, tensor: np.ndarray) -> np.ndarray:
    """A whole tensor, under the operation's name."""
    summary = proto("summary").Summary()
    summary.value.add(node_name=CURRENT.operation.name, tensor=tensor_proto(tensor))
    return _written(summary)


@_summary("TensorSummaryV2")
def tensor_summary_v2(
    k: Any, tag: np.ndarray, tensor: np.ndarray, serialized_summary_metadata: np.ndarray
) -> np.ndarray:  # fmt: skip
    """A whole tensor, with what a plugin of TensorBoard has to know about it."""
    if serialized_summary_metadata.shape != ():
        raise _failed("serialized_summary_metadata must be scalar")
    summary = proto("summary").Summary()
    value = summary.value.add(tag=_tag(tag), tensor=tensor_proto(tensor))
    value.metadata.ParseFromString(serialized_summary_metadata.item())
    return _written(summary)


_TYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "complex64": 8, "int64": 9, "bool": 10,
    "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip


def tensor_proto(array: np.ndarray) -> Any:
    """Return an array as a `TensorProto`, its bytes as they are in memory; strings one by one."""
    shape = {"dim": [{"size": size} for size in array.shape]}
    if array.dtype.kind in "OSU":
        items = [item.encode() if isinstance(item, str) else bytes(item) for item in array.reshape(-1)]
        return proto("tensor").TensorProto(dtype=7, tensor_shape=shape, string_val=items)
    kind = _TYPES[array.dtype.name]
    return proto("tensor").TensorProto(dtype=kind, tensor_shape=shape, tensor_content=array.tobytes())
