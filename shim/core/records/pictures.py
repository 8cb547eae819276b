"""Files of pictures as arrays and back: JPEG and GIF through pillow, PNG through pillow or by itself, BMP by itself."""

import io
import struct
import threading
import zlib
from typing import Any

import numpy as np

from onevar.core.records.parsing import invalid
from onevar.errors import FrameworkMissing

_PNG = b"\x89PNG\r\n\x1a\n"
_LOADING = threading.Lock()
#: What a grey of 8 or 16 bits is rounded by.
_ROUNDED = {"uint8": 0, "uint16": 16384}
#: How libpng weighs red, green and blue: in fixed point.
_GRAY = (9797, 19234, 3737)


def _pillow() -> Any:
    try:
        import PIL.Image
        import PIL.ImageFile
    except ImportError:
        raise FrameworkMissing(
            "pictures are decoded and encoded by the pillow package, which is not installed. Install it: "
            'pip install "onevar[migrate]".'
        ) from None
    return PIL


def kind_of(data: bytes) -> str:
    """Return what a file of a picture is: `"png"`, `"jpeg"`, `"gif"`, `"bmp"`, `"webp"` or `""`.

    Args:
        data: Its bytes.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(_PNG):
        return "png"
    if data.startswith(b"GIF8"):
        return "gif"
    if data.startswith(b"BM"):
        return "bmp"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


# -- JPEG ----------------------------------------------------------------------------------------------


def jpeg(data: bytes, channels: int = 0, ratio: int = 1, recover: bool = False) -> np.ndarray:
    """Return the pixels of a JPEG file.

    Args:
        data: Its bytes.
        channels: 1 or 3; 0 for as many as it has.
        ratio: 1, 2, 4 or 8: how much smaller it is to be.
        recover: Whether a file that ends early gives what there is.

    Raises:
        InvalidArgumentError: It is no JPEG file, or is broken.
    """
    pil = _pillow()
    try:
        with _LOADING:
            truncated, pil.ImageFile.LOAD_TRUNCATED_IMAGES = pil.ImageFile.LOAD_TRUNCATED_IMAGES, recover
            try:
                image = pil.Image.open(io.BytesIO(data), formats=("JPEG", "MPO"))
                mode = _jpeg_mode(image, channels)
                if ratio > 1:
                    image.draft(mode, (max(image.width // ratio, 1), max(image.height // ratio, 1)))
                elif mode != image.mode:
                    image.draft(mode, image.size)
                image.load()
            finally:
                pil.ImageFile.LOAD_TRUNCATED_IMAGES = truncated
    except (OSError, SyntaxError, ValueError, struct.error):
        invalid(f"jpeg::Uncompress failed. Invalid JPEG data or crop window. Data size {len(data)}")
    if image.mode != mode:
        image = image.convert(mode)
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels.copy()


def _jpeg_mode(image: Any, channels: int) -> str:
    if channels == 0:
        return "L" if image.mode == "L" else "RGB"
    return {1: "L", 3: "RGB"}.get(channels) or invalid(f"JPEG does not support {channels} channels")


def jpeg_shape(data: bytes) -> tuple[int, int, int]:
    """Return height, width and channels of a JPEG file.

    Args:
        data: Its bytes.

    Raises:
        InvalidArgumentError: It is no JPEG file.
    """
    at = 2
    while data.startswith(b"\xff\xd8") and at + 9 < len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, components = struct.unpack_from(">HHB", data, at + 5)
            return height, width, components
        at += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", data, at + 2)[0]
    return invalid(f"Invalid JPEG data, size {len(data)}")


_UNITS = {"in": 1, "cm": 2}


def encode_jpeg(pixels: np.ndarray, options: dict[str, Any]) -> bytes:
    """Return pixels as a JPEG file.

    Args:
        pixels: Height, width, channels; bytes.
        options: `quality`, and by `EncodeJpeg`'s names `progressive`, `optimize_size`, `chroma_downsampling`,
            `density_unit`, `x_density`, `y_density`, `xmp_metadata`.

    Raises:
        InvalidArgumentError: The quality is out of range.
    """
    pil = _pillow()
    quality = int(options["quality"])
    if not 0 <= quality <= 100:
        invalid(f"quality must be in [0,100], got {quality}")
    image = pil.Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    scale = 2.54 if options.get("density_unit") == "cm" else 1
    density = options.get("x_density", 300) * scale, options.get("y_density", 300) * scale
    out = io.BytesIO()
    more = {"xmp": options["xmp_metadata"].encode()} if options.get("xmp_metadata") else {}
    image.save(
        out, "JPEG", quality=max(quality, 1), progressive=bool(options.get("progressive")),
        optimize=bool(options.get("optimize_size")), subsampling=2 if options.get("chroma_downsampling", True) else 0,
        dpi=density, **more,
    )  # fmt: skip
    return out.getvalue()


# -- GIF -----------------------------------------------------------------------------------------------


def gif(data: bytes) -> np.ndarray:
    """Return all frames of a GIF file: frames, height, width, three channels.

    Args:
        data: Its bytes.

    Raises:
        InvalidArgumentError: It is no GIF file, or is broken.
    """
    pil = _pillow()
    frames = []
    try:
        image = pil.Image.open(io.BytesIO(data), formats=("GIF",))
        for number in range(image.n_frames):
            image.seek(number)
            shown = image.convert("RGBA")
            ground = pil.Image.new("RGBA", shown.size, (0, 0, 0, 255))
            frames.append(np.asarray(pil.Image.alpha_composite(ground, shown).convert("RGB")))
    except (OSError, SyntaxError, ValueError, EOFError):
        invalid(f"Invalid GIF data (size {len(data)}), failed to decode")
    return np.stack(frames)


# -- BMP -----------------------------------------------------------------------------------------------


def bmp(data: bytes, channels: int = 0) -> np.ndarray:
    """Return the pixels of a BMP file of 8, 24 or 32 bits.

    Args:
        data: Its bytes.
        channels: 3 or 4; 0 for as many as it has.

    Raises:
        InvalidArgumentError: It is no BMP file, or another kind of it.
    """
    if len(data) < 32:
        invalid(f"Incomplete bmp content, requires at least 32 bytes to find the header size, width, height, and bpp, "
                f"got {len(data)} bytes")  # fmt: skip
    start, width, height, bits = *struct.unpack_from("<i", data, 10), *struct.unpack_from("<ii", data, 18), data[28]
    found = bits // 8
    if found not in (1, 3, 4):
        invalid(f"Number of channels must be 1, 3 or 4, was {found}")
    if width <= 0 or height == 0:
        invalid("width and height must be positive")
    row = (found * width + 3) // 4 * 4
    needed = start + abs(height) * row
    if len(data) < needed - (row - found * width):
        invalid(f"Incomplete bmp content, requires at least {needed} bytes, got {len(data)} bytes")
    lines = np.frombuffer(data.ljust(needed, b"\0"), np.uint8, abs(height) * row, start).reshape(abs(height), row)
    pixels = lines[:, : width * found].reshape(abs(height), width, found)
    pixels = pixels if height < 0 else pixels[::-1]
    order = [0] if found == 1 else [2, 1, 0, 3][:found]
    return with_channels(pixels[:, :, order], channels)


# -- PNG -----------------------------------------------------------------------------------------------


def png(data: bytes, channels: int = 0, dtype: str = "uint8") -> np.ndarray:
    """Return the pixels of a PNG file.

    Args:
        data: Its bytes.
        channels: 1, 2, 3 or 4; 0 for as many as it has.
        dtype: `"uint8"` or `"uint16"`.

    Raises:
        InvalidArgumentError: It is no PNG file, or is broken.
    """
    pil = _pillow()
    try:
        image = pil.Image.open(io.BytesIO(data), formats=("PNG",))
        deep = data[24] == 16
        if deep and data[25] != 0:
            pixels = _deep(data)
        else:
            image.load()
            pixels = _plain(image)
    except (OSError, SyntaxError, ValueError, IndexError, zlib.error, struct.error):
        invalid("Invalid PNG data, size " + str(len(data)))
    # What is opaque has the largest number of as many bits as the file has: so it is in TensorFlow, too.
    pixels = with_channels(pixels, channels, (1 << data[24]) - 1 if data[24] < 8 else None)
    if pixels.dtype == np.uint16 and dtype == "uint8":
        return (pixels >> 8).astype(np.uint8)
    return pixels.astype(np.uint16) * 257 if pixels.dtype == np.uint8 and dtype == "uint16" else pixels


def _plain(image: Any) -> np.ndarray:
    """What pillow decodes as it is: all but 16 bits in several channels."""
    if image.mode.startswith("I"):
        return np.asarray(image).astype(np.uint16)[:, :, None]
    clear = "transparency" in image.info
    if image.mode == "1":
        image = image.convert("L")
    if image.mode == "P":
        image = image.convert("RGBA" if clear else "RGB")
    elif clear and image.mode in ("L", "RGB"):
        image = image.convert("RGBA" if image.mode == "RGB" else "LA")
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _chunks(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = len(_PNG)
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        found[name] = found.get(name, b"") + data[at + 8 : at + 8 + size]
        at += 12 + size
    return found


def _deep(data: bytes) -> np.ndarray:
    """16 bits in several channels, which pillow makes 8 of."""
    chunks = _chunks(data)
    width, height, _, color, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if interlaced:
        from onevar.errors import Unsupported

        raise Unsupported("an interlaced PNG file of 16 bits a channel. Save it without interlacing.")
    channels = {2: 3, 4: 2, 6: 4}[color]
    step, row = 2 * channels, 2 * channels * width
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, row + 1)
    out = np.zeros((height, row), np.uint8)
    above = np.zeros(row, np.uint8)
    for i, line in enumerate(lines):
        out[i] = above = _unfiltered(int(line[0]), line[1:], above, step)
    return out.view(">u2").astype(np.uint16).reshape(height, width, channels)


def _unfiltered(kind: int, line: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    if kind == 0:
        return line
    if kind == 2:
        return line + above
    if kind == 1:
        return np.add.accumulate(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
    out = line.astype(np.int32).reshape(-1, step)
    up = above.astype(np.int32).reshape(-1, step)
    left, corner = np.zeros(step, np.int32), np.zeros(step, np.int32)
    for i in range(len(out)):
        guess = (left + up[i]) // 2 if kind == 3 else _paeth(left, up[i], corner)
        left = out[i] = (out[i] + guess) & 0xFF
        corner = up[i]
    return out.reshape(-1).astype(np.uint8)


def _paeth(left: np.ndarray, up: np.ndarray, corner: np.ndarray) -> np.ndarray:
    guess = left + up - corner
    a, b, c = np.abs(guess - left), np.abs(guess - up), np.abs(guess - corner)
    return np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))


def with_channels(pixels: np.ndarray, channels: int, opaque: int | None = None) -> np.ndarray:
    """Return pixels of a PNG file with another number of channels: grey from colours, opaque where nothing is said.

    Args:
        pixels: Height, width, channels.
        channels: How many; 0 for as they are.
        opaque: What stands for opaque; the largest number there is by default.
    """
    found = pixels.shape[2]
    if channels in (0, found):
        return pixels.copy()
    colors, alpha = (pixels[:, :, :-1], pixels[:, :, -1:]) if found in (2, 4) else (pixels, None)
    if channels < 3 <= found:
        colors = _gray(colors)
    elif channels >= 3 > found:
        colors = np.repeat(colors, 3, axis=2)
    if channels in (1, 3):
        return colors.copy()
    if alpha is None:
        alpha = np.full((*colors.shape[:2], 1), opaque or np.iinfo(pixels.dtype).max, pixels.dtype)
    return np.concatenate([colors, alpha], axis=2)


def _gray(colors: np.ndarray) -> np.ndarray:
    """Grey as libpng computes it."""
    red, green, blue = _GRAY
    wide = colors.astype(np.int64)
    same = (colors[..., 0] == colors[..., 1]) & (colors[..., 0] == colors[..., 2])
    mixed = (wide[..., 0] * red + wide[..., 1] * green + wide[..., 2] * blue + _ROUNDED[colors.dtype.name]) >> 15
    return np.where(same, colors[..., 0], mixed.astype(colors.dtype))[..., None]


def encode_png(pixels: np.ndarray, level: int = -1) -> bytes:
    """Return pixels as a PNG file.

    Args:
        pixels: Height, width, 1 to 4 channels; uint8 or uint16.
        level: How much it is compressed, 0 to 9; -1 for zlib's default.
    """
    height, width, channels = pixels.shape
    size = pixels.dtype.itemsize
    lines = pixels.astype(">u2" if size == 2 else np.uint8).reshape(height, -1).view(np.uint8)
    header = struct.pack(">IIBBBBB", width, height, 8 * size, (0, 4, 2, 6)[channels - 1], 0, 0, 0)
    body = zlib.compress(_filtered(lines, size * channels).tobytes(), level)
    return _PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _filtered(lines: np.ndarray, step: int) -> np.ndarray:
    """Each line as its difference from what is left of it, above it, or neither: what is smallest."""
    left = np.zeros_like(lines)
    left[:, step:] = lines[:, :-step]
    above = np.zeros_like(lines)
    above[1:] = lines[:-1]
    tried = np.stack([lines, lines - left, lines - above])
    cost = np.abs(tried.view(np.int8).astype(np.int32)).sum(2)
    best = cost.argmin(0)
    chosen = tried[best, np.arange(len(lines))]
    return np.concatenate([best.astype(np.uint8)[:, None], chosen], axis=1)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
