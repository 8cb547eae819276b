"""Files of pictures, on the host: decoded and encoded."""

from typing import Any

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.records import pictures
from onevar.core.records.parsing import invalid, listed
from onevar.core.spec import Shape, ShapeError, Spec


def _scalar(contents: np.ndarray) -> bytes:
    if contents.ndim:
        invalid(f"`contents` must be scalar but got shape{listed(contents.shape)}")
    return contents.item()


def _object(data: bytes) -> np.ndarray:
    made = np.empty((), object)
    made[()] = data
    return made


def _decoded_shape(contents: Spec, *_: Spec, channels: int) -> Shape:
    if contents.shape:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(contents.shape)}")
    if channels < 0:
        raise ShapeError(f"channels must be non-negative, got {channels}")
    return (None, None, channels or None)


def decode(
    data: bytes, op_type: str, channels: int, dtype: str = "uint8", animated: bool = False, **jpeg: Any
) -> np.ndarray:
    """Return the pixels of a picture, whatever kind of file it is in, as TensorFlow's decoding ops do.

    Args:
        data: The file.
        op_type: The op, for messages.
        channels: How many; 0 for as many as it has.
        dtype: `"uint8"`, `"uint16"` or `"float32"`.
        animated: Whether all frames of a GIF file are wanted.
        **jpeg: What `pictures.jpeg` takes.

    Raises:
        InvalidArgumentError: It is none of the kinds, or is broken.
    """
    if not data:
        invalid("Input is empty.")
    if channels == 2:
        invalid("`channels` must be 0, 1, 3 or 4 but got 2")
    kind = pictures.kind_of(data)
    if kind == "png":
        found = pictures.png(data, channels, "uint16" if dtype != "uint8" else "uint8")
    elif kind == "jpeg":
        found = pictures.jpeg(data, channels, **jpeg)
    elif kind == "gif":
        found = _frames(data, op_type, channels, animated)
    elif kind == "bmp":
        found = _bitmap(data, channels)
    else:
        invalid("Unknown image file format. One of JPEG, PNG, GIF, BMP required.")
    return _converted(found, dtype, kind)


def _bitmap(data: bytes, channels: int) -> np.ndarray:
    if channels == 1:
        invalid(f"`channels` must be 0, 3 or 4 for BMP, but got {channels}")
    return pictures.bmp(data, channels)


def _frames(data: bytes, op_type: str, channels: int, animated: bool) -> np.ndarray:
    if channels not in (0, 3):
        invalid(f"channels must be 0 or 3 for GIF, got {channels}")
    frames = pictures.gif(data)
    if animated:
        return frames
    if len(frames) > 1 and op_type != "DecodeImage":
        invalid(
            f"Got {len(frames)} frames, but animated gifs can only be decoded by tf.io.decode_gif or tf.io.decode_image"
        )
    return frames[0]


def _converted(pixels: np.ndarray, dtype: str, kind: str) -> np.ndarray:
    if dtype == "float32":
        scale = np.float32(1) / np.float32(np.iinfo(pixels.dtype).max)
        return pixels.astype(np.float32) * scale
    if dtype == "uint16" and pixels.dtype == np.uint8:
        return pixels.astype(np.uint16) * 256
    return pixels


def _jpeg_options(attrs: dict[str, Any]) -> dict[str, Any]:
    ratio = attrs.get("ratio", 1)
    if ratio not in (1, 2, 4, 8):
        invalid(f"ratio must be 1, 2, 4, or 8, got {ratio}")
    return {"ratio": ratio, "recover": attrs.get("recover", False)}


@kernel("DecodeJpeg", on_host=True, infer=_decoded_shape)
def _decode_jpeg(k: Any, contents: np.ndarray, *, channels: int, ratio: int, try_recover_truncated: bool) -> np.ndarray:
    options = _jpeg_options({"ratio": ratio, "recover": try_recover_truncated})
    return decode(_scalar(contents), "DecodeJpeg", channels, **options)


def _window_shape(contents: Spec, window: Spec, *, channels: int) -> Shape:
    known = window.value.tolist() if isinstance(window.value, np.ndarray) else [None] * 4
    return (known[2], known[3], channels or None)


@kernel("DecodeAndCropJpeg", on_host=True, infer=_window_shape)
def _decode_and_crop_jpeg(
    k: Any, contents: np.ndarray, window: np.ndarray, *, channels: int, ratio: int, try_recover_truncated: bool
) -> np.ndarray:
    data = _scalar(contents)
    options = _jpeg_options({"ratio": ratio, "recover": try_recover_truncated})
    pixels = pictures.jpeg(data, channels, **options)
    top, left, height, width = (int(n) for n in window)
    whole_height, whole_width = pixels.shape[:2]
    fits = top >= 0 and left >= 0 and top + height <= whole_height and left + width <= whole_width
    if not fits or height <= 0 or width <= 0:
        invalid(f"jpeg::Uncompress failed. Invalid JPEG data or crop window. Data size {len(data)}")
    return pixels[top : top + height, left : left + width].copy()


@kernel("DecodePng", on_host=True, infer=lambda contents, *, channels: _decoded_shape(contents, channels=channels))
def _decode_png(k: Any, contents: np.ndarray, *, channels: int, dtype: str) -> np.ndarray:
    return decode(_scalar(contents), "DecodePng", channels, dtype)


def _gif_shape(contents: Spec) -> Shape:
    _decoded_shape(contents, channels=3)
    return (None, None, None, 3)


@kernel("DecodeGif", on_host=True, infer=_gif_shape)
def _decode_gif(k: Any, contents: np.ndarray) -> np.ndarray:
    found = decode(_scalar(contents), "DecodeGif", 3, animated=True)
    return found if found.ndim == 4 else found[None]


@kernel("DecodeBmp", on_host=True, infer=_decoded_shape)
def _decode_bmp(k: Any, contents: np.ndarray, *, channels: int) -> np.ndarray:
    data = _scalar(contents)
    kind = pictures.kind_of(data)
    if kind and kind != "bmp":
        invalid(
            f"Trying to decode {kind.upper()} format using DecodeBmp op. Use `decode_{kind}` or `decode_image` instead."
        )
    return decode(data, "DecodeBmp", channels)


def _image_shape(contents: Spec, *, channels: int, expand_animations: bool) -> Shape:
    shape = _decoded_shape(contents, channels=channels)
    return None if expand_animations else shape


@kernel("DecodeImage", on_host=True, infer=_image_shape)
def _decode_image(k: Any, contents: np.ndarray, *, channels: int, dtype: str, expand_animations: bool) -> np.ndarray:
    return decode(_scalar(contents), "DecodeImage", channels, dtype, expand_animations)


@kernel("ExtractJpegShape", on_host=True, infer=lambda contents: (3,))
def _extract_jpeg_shape(k: Any, contents: np.ndarray, *, output_type: str) -> np.ndarray:
    return np.array(pictures.jpeg_shape(_scalar(contents)), output_type)


# -- encoding ------------------------------------------------------------------------------------------


def _encoded_shape(image: Spec, *rest: Spec) -> Shape:
    if image.shape is not None and len(image.shape) < 3:
        raise ShapeError(f"Shape must be at least rank 3 but is rank {len(image.shape)}")
    return None if image.shape is None else image.shape[:-3]


@kernel("EncodePng", on_host=True, infer=_encoded_shape)
def _encode_png(k: Any, image: np.ndarray, *, compression: int) -> np.ndarray:
    if not 1 <= image.shape[-1] <= 4:
        invalid(f"image must have 1, 2, 3, or 4 channels, got {image.shape[-1]}")
    if image.size == 0:
        invalid("image cannot be empty")
    flat = image.reshape(-1, *image.shape[-3:])
    made = np.empty(len(flat), object)
    made[:] = [pictures.encode_png(one, compression) for one in flat]
    return made.reshape(image.shape[:-3])


def _pixels(image: np.ndarray, wanted: str = "") -> np.ndarray:
    if image.ndim != 3:
        invalid(f"image must be 3-dimensional {listed(image.shape)}")
    channels = {"grayscale": 1, "rgb": 3}.get(wanted)
    if channels is not None and image.shape[2] != channels:
        invalid(f"format {wanted!r} expects {channels} channels: {listed(image.shape)}")
    if image.shape[2] not in (1, 3):
        invalid(f"image must have 1 or 3 channels, got {listed(image.shape)}")
    return image


def _flat_shape(image: Spec, *rest: Spec) -> Shape:
    if image.shape is not None and len(image.shape) != 3:
        raise ShapeError(f"Shape must be rank 3 but is rank {len(image.shape)}")
    return ()


@kernel("EncodeJpeg", on_host=True, infer=_flat_shape)
def _encode_jpeg(
    k: Any, image: np.ndarray,
    *, format: str, quality: int, progressive: bool, optimize_size: bool, chroma_downsampling: bool,
    density_unit: str, x_density: int, y_density: int, xmp_metadata: str,
) -> np.ndarray:  # fmt: skip
    options = {
        "quality": quality, "progressive": progressive, "optimize_size": optimize_size,
        "chroma_downsampling": chroma_downsampling, "density_unit": density_unit, "x_density": x_density,
        "y_density": y_density, "xmp_metadata": xmp_metadata,
    }  # fmt: skip
    return _object(pictures.encode_jpeg(_pixels(image, format), options))


@kernel("EncodeJpegVariableQuality", on_host=True, infer=_flat_shape)
def _encode_jpeg_variable_quality(k: Any, image: np.ndarray, quality: np.ndarray) -> np.ndarray:
    return _object(pictures.encode_jpeg(_pixels(image), {"quality": int(quality)}))
