"""Files of pictures: `tf.image.decode_jpeg`, `decode_png`, `decode_image`, `encode_png` and their like."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.name_scope import name_scope
from onevar.errors import Unsupported
from onevar.v1.export import export
from onevar.v1.string_ops import substr


@export("image.decode_jpeg", "io.decode_jpeg")
def decode_jpeg(
    contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
    try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return the pixels of a JPEG file; see `tf.io.decode_jpeg`.

    Pillow decodes it, accurately; TensorFlow's default is a faster method, whose pixels differ by a few.
    """
    more = {"fancy_upscaling": fancy_upscaling, "try_recover_truncated": try_recover_truncated}
    return op(
        "DecodeJpeg", contents=contents, channels=channels, ratio=ratio, acceptable_fraction=acceptable_fraction,
        dct_method=dct_method, **more, name=name,
    )  # fmt: skip


@export("image.decode_and_crop_jpeg", "io.decode_and_crop_jpeg")
def decode_and_crop_jpeg(
    contents: Any, crop_window: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
    try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return a part of the pixels of a JPEG file; see `tf.io.decode_and_crop_jpeg`."""
    more = {"fancy_upscaling": fancy_upscaling, "try_recover_truncated": try_recover_truncated}
    return op(
        "DecodeAndCropJpeg", contents=contents, crop_window=crop_window, channels=channels, ratio=ratio,
        acceptable_fraction=acceptable_fraction, dct_method=dct_method, **more, name=name,
    )  # fmt: skip


@export("image.decode_png", "io.decode_png")
def decode_png(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Any:
    """Return the pixels of a PNG file; see `tf.io.decode_png`."""
    return op("DecodePng", contents=contents, channels=channels, dtype=dtypes.as_dtype(dtype), name=name)


@export("image.decode_gif", "io.decode_gif")
def decode_gif(contents: Any, name: str | None = None) -> Any:
    """Return all frames of a GIF file; see `tf.io.decode_gif`."""
    return op("DecodeGif", contents=contents, name=name)


@export("image.decode_bmp", "io.decode_bmp")
def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Any:
    """Return the pixels of a BMP file; see `tf.io.decode_bmp`."""
    return op("DecodeBmp", contents=contents, channels=channels, name=name)


@export("image.decode_image", "io.decode_image")
def decode_image(
    contents: Any, channels: int | None = None, dtype: Any = dtypes.uint8, name: str | None = None,
    expand_animations: bool = True,
) -> Any:  # fmt: skip
    """Return the pixels of a JPEG, PNG, GIF or BMP file; see `tf.io.decode_image`.

    Args:
        contents: The file.
        channels: How many; None or 0 for as many as it has.
        dtype: Of the result: `uint8`, `uint16` or `float32`.
        name: Of the operations.
        expand_animations: Whether a GIF file becomes all its frames, not only the first.
    """
    with name_scope(name, "decode_image"):
        channels = 0 if channels is None else channels
        kind = dtypes.as_dtype(dtype)
        if kind not in (dtypes.float32, dtypes.uint8, dtypes.uint16):
            from onevar.v1.image_adjusting import convert_image_dtype

            decoded = op(
                "DecodeImage", contents=contents, channels=channels, dtype=dtypes.uint16,
                expand_animations=expand_animations,
            )  # fmt: skip
            return convert_image_dtype(decoded, kind)
        return op("DecodeImage", contents=contents, channels=channels, dtype=kind, expand_animations=expand_animations)


@export("image.decode_webp", "io.decode_webp")
def decode_webp(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Any:
    """Raise: only TensorFlow 2 reads WebP.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported("tf.image.decode_webp: no TensorFlow 1 has it. Save the picture as PNG or JPEG.")


@export("image.decode_jxl", "io.decode_jxl")
def decode_jxl(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Any:
    """Raise: only TensorFlow 2 reads JPEG XL.

    Raises:
        Unsupported: Always.
    """
    raise Unsupported("tf.image.decode_jxl: no TensorFlow 1 has it. Save the picture as PNG or JPEG.")


@export("image.extract_jpeg_shape", "io.extract_jpeg_shape")
def extract_jpeg_shape(contents: Any, output_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """Return height, width and channels of a JPEG file; see `tf.io.extract_jpeg_shape`."""
    return op("ExtractJpegShape", contents=contents, output_type=dtypes.as_dtype(output_type), name=name)


@export("image.is_jpeg", "io.is_jpeg")
def is_jpeg(contents: Any, name: str | None = None) -> Any:
    """Return whether bytes are a JPEG file; see `tf.io.is_jpeg`."""
    with name_scope(name, "is_jpeg"):
        return op("Equal", name, x=substr(contents, 0, 3), y=b"\xff\xd8\xff")


@export("image.encode_jpeg", "io.encode_jpeg")
def encode_jpeg(
    image: Any, format: str = "", quality: int = 95, progressive: bool = False, optimize_size: bool = False,
    chroma_downsampling: bool = True, density_unit: str = "in", x_density: int = 300, y_density: int = 300,
    xmp_metadata: str = "", name: str | None = None,
) -> Any:  # fmt: skip
    """Return an image as a JPEG file; see `tf.io.encode_jpeg`."""
    sizes = {"optimize_size": optimize_size, "chroma_downsampling": chroma_downsampling}
    density = {"density_unit": density_unit, "x_density": x_density, "y_density": y_density}
    return op(
        "EncodeJpeg", image=image, format=format, quality=quality, progressive=progressive, **sizes, **density,
        xmp_metadata=xmp_metadata, name=name,
    )  # fmt: skip


@export("image.encode_png", "io.encode_png")
def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Any:
    """Return an image, or several, as PNG files; see `tf.io.encode_png`."""
    return op("EncodePng", image=image, compression=compression, name=name)
