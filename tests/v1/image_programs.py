"""Programs over tf.image, for a TensorFlow that is given: recorded by golden/record_images.py."""

import zlib

import numpy as np

_STATE = np.random.RandomState(0)
FLOATS = _STATE.rand(2, 7, 9, 3).astype(np.float32)
BYTES = _STATE.randint(0, 256, (7, 9, 3)).astype(np.uint8)
LARGE = _STATE.rand(2, 24, 21, 3).astype(np.float32)
OTHER = np.clip(LARGE + _STATE.randn(*LARGE.shape).astype(np.float32) * 0.1, 0, 1).astype(np.float32)
BOXES = np.array([[[0.1, 0.1, 0.5, 0.6], [0.4, 0.3, 0.9, 0.8]]], np.float32)
IMAGES = {"one": FLOATS[0], "several": FLOATS, "bytes": BYTES}

#: What is done to each of `IMAGES`.
EACH = {
    "flip_left_right": lambda tf, x: tf.image.flip_left_right(x),
    "flip_up_down": lambda tf, x: tf.image.flip_up_down(x),
    "transpose_image": lambda tf, x: tf.image.transpose_image(x),
    "rot90": lambda tf, x: [tf.image.rot90(x, k) for k in (1, 2, 3, 4)],
    "random_flip": lambda tf, x: [
        tf.image.random_flip_left_right(x, seed=3), tf.image.random_flip_up_down(x), tf.image.random_flip_up_down(x)
    ],
    "central_crop": lambda tf, x: [tf.image.central_crop(x, 0.5), tf.image.central_crop(x, 0.3)],
    "bounding_boxes": lambda tf, x: [
        tf.image.pad_to_bounding_box(x, 1, 2, 9, 13), tf.image.crop_to_bounding_box(x, 1, 2, 3, 4)
    ],
    "crop_or_pad": lambda tf, x: [
        tf.image.resize_image_with_crop_or_pad(x, *size) for size in ((5, 12), (12, 5), (3, 4), (7, 9))
    ],
    "with_pad": lambda tf, x: [tf.image.resize_image_with_pad(x, *size) for size in ((5, 12), (12, 5), (7, 9))],
    "resize_images": lambda tf, x: [
        tf.image.resize_images(x, size, method, align_corners=corners)
        for method in range(4) for size in ((14, 18), (10, 5), (7, 9)) for corners in (False, True)
    ],
    "keeping_the_ratio": lambda tf, x: tf.image.resize_images(x, (20, 13), preserve_aspect_ratio=True),
    "per_image_standardization": lambda tf, x: tf.image.per_image_standardization(x),
    "brightness": lambda tf, x: [tf.image.adjust_brightness(x, 0.2), tf.image.random_brightness(x, 0.4, seed=5)],
    "contrast": lambda tf, x: [tf.image.adjust_contrast(x, 1.7), tf.image.random_contrast(x, 0.2, 1.8)],
    "gamma": lambda tf, x: tf.image.adjust_gamma(x, 2.2, 1.1),
    "hue": lambda tf, x: [tf.image.adjust_hue(x, 0.3), tf.image.random_hue(x, 0.2, seed=1)],
    "saturation": lambda tf, x: [tf.image.adjust_saturation(x, 3.0), tf.image.random_saturation(x, 0.5, 1.5)],
    "gray": lambda tf, x: tf.image.rgb_to_grayscale(x),
    "dtypes": lambda tf, x: [
        tf.image.convert_image_dtype(x, dtype, saturate=saturate)
        for dtype in (tf.uint8, tf.int16, tf.float32, tf.float64, tf.uint16) for saturate in (False, True)
    ],
    "random_crop": lambda tf, x: tf.random_crop(x, [*x.shape[:-3], 3, 4, 3], seed=2),
}  # fmt: skip


def png(pixels):
    """A PNG file, with the fourth filter in every line."""

    def chunk(name, data):
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    height, width, channels = pixels.shape
    wide = pixels.dtype.itemsize
    lines = pixels.astype(">u2" if wide == 2 else np.uint8).reshape(height, -1).view(np.uint8).astype(np.int32)
    step = channels * wide
    left, above, corner = (np.zeros_like(lines) for _ in range(3))
    left[:, step:], above[1:], corner[1:, step:] = lines[:, :-step], lines[:-1], lines[:-1, :-step]
    guess = left + above - corner
    away = [np.abs(guess - side) for side in (left, above, corner)]
    near = np.where((away[0] <= away[1]) & (away[0] <= away[2]), left, np.where(away[1] <= away[2], above, corner))
    rows = np.concatenate([np.full((height, 1), 4), lines - near], axis=1).astype(np.uint8)
    color = (0, 4, 2, 6)[channels - 1]
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8 * wide, color, 0, 0, 0])
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes())) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


_SMOOTH = np.stack([np.add.outer(np.arange(20) * 5, np.arange(17) * k) % 256 for k in (3, 5, 7)], -1).astype(np.uint8)
_DEEP = (np.arange(4 * 5 * 3, dtype=np.uint16) * 1013).reshape(4, 5, 3)


def _codecs(tf):
    image = tf.image
    accurate = {"dct_method": "INTEGER_ACCURATE"}
    return {
        "decode_png": lambda: [image.decode_png(png(BYTES), channels) for channels in (0, 1, 3, 4)],
        "decode_png_gray": lambda: [image.decode_png(png(BYTES[..., :1]), channels) for channels in (0, 1, 3, 4)],
        "decode_png_alpha": lambda: [image.decode_png(png(BYTES[..., :2]), channels) for channels in (0, 1, 3, 4)],
        "decode_png_deep": lambda: [
            image.decode_png(png(_DEEP), channels, dtype=dtype)
            for channels in (0, 1, 4) for dtype in (tf.uint8, tf.uint16)
        ],
        "decode_image": lambda: [
            image.decode_image(png(BYTES), dtype=dtype) for dtype in (tf.uint8, tf.uint16, tf.float32)
        ],
        "encode_png": lambda: [
            image.decode_png(image.encode_png(BYTES)), image.decode_png(image.encode_png(_DEEP), dtype=tf.uint16)
        ],
        "jpeg": lambda: [
            image.decode_jpeg(image.encode_jpeg(_SMOOTH, quality=80), **accurate),
            image.decode_jpeg(image.encode_jpeg(_SMOOTH[..., :1], format="grayscale"), **accurate),
            image.decode_jpeg(image.encode_jpeg(_SMOOTH, chroma_downsampling=False), ratio=2, **accurate),
            image.decode_and_crop_jpeg(image.encode_jpeg(_SMOOTH[..., :1]), [2, 3, 10, 11], **accurate),
            image.extract_jpeg_shape(image.encode_jpeg(_SMOOTH)),
            image.adjust_jpeg_quality(_SMOOTH, 40, **accurate),
        ],
        "is_jpeg": lambda: [image.is_jpeg(png(BYTES)), image.is_jpeg(b"\xff\xd8\xff\xe0")],
    }  # fmt: skip


def _others(tf):
    image = tf.image
    return {
        "spaces": lambda: [
            to(FLOATS) for to in (
                image.rgb_to_hsv, image.hsv_to_rgb, image.rgb_to_yiq, image.yiq_to_rgb, image.rgb_to_yuv,
                image.yuv_to_rgb,
            )
        ],
        "differences": lambda: [
            image.psnr(LARGE, OTHER, 1.0), image.ssim(LARGE, OTHER, 1.0),
            image.ssim_multiscale(LARGE, OTHER, 1.0, power_factors=(0.3, 0.7), filter_size=5),
            image.total_variation(tf.constant(FLOATS)), *image.image_gradients(tf.constant(FLOATS)),
            image.sobel_edges(tf.constant(FLOATS)),
        ],
        "sample_distorted_bounding_box": lambda: [
            tensor
            for seed in range(1, 9)
            for tensor in image.sample_distorted_bounding_box(
                [50, 70, 3], BOXES, seed=seed, seed2=3 * seed, min_object_covered=0.3, area_range=[0.05, 0.7]
            )
        ],
        "half_pixel_centers": lambda: [
            resize(FLOATS, (13, 4), half_pixel_centers=True)
            for resize in (image.resize_bilinear, image.resize_nearest_neighbor, image.resize_bicubic)
        ],
        "extract_glimpse": lambda: [
            image.extract_glimpse(FLOATS, [3, 3], [[0.1, -0.2], [0.3, 0.1]]),
            image.extract_glimpse(FLOATS, [3, 3], [[1.0, 2.0], [-2.0, 0.0]], normalized=False),
            image.extract_glimpse(FLOATS, [3, 2], [[0.4, 0.3], [0.5, 0.6]], centered=False),
        ],
    }  # fmt: skip


def _refused(tf):
    image = tf.image
    one = FLOATS[0]
    unknown = tf.placeholder_with_default
    return {
        "two dimensions": lambda: image.flip_left_right(one[0]),
        "empty": lambda: image.flip_left_right(np.zeros((0, 3, 3), np.float32)),
        "does not fit": lambda: image.pad_to_bounding_box(one, 0, 0, 3, 9),
        "negative": lambda: image.pad_to_bounding_box(one, -1, 0, 9, 9),
        "too large": lambda: image.crop_to_bounding_box(one, 0, 0, 30, 9),
        "too large, seen later": lambda: image.crop_to_bounding_box(unknown(one, [None] * 3), 0, 0, 30, 9),
        "no rows": lambda: image.crop_to_bounding_box(one, 0, 0, 0, 9),
        "size of three": lambda: image.resize_images(one, [2, 2, 2]),
        "size of nothing": lambda: image.resize_images(one, [0, 2]),
        "no such method": lambda: image.resize_images(one, [2, 2], method=9),
        "hue": lambda: image.random_hue(one, 0.6),
        "contrast": lambda: image.random_contrast(one, 2, 1),
        "brightness": lambda: image.random_brightness(one, -1),
        "gamma": lambda: image.adjust_gamma(one, -1),
        "fraction": lambda: image.central_crop(one, 2.0),
        "box of no image": lambda: image.crop_and_resize(FLOATS, BOXES[0], [0, 5], [3, 3]),
        "no picture": lambda: image.decode_png(b""),
        "channels": lambda: image.decode_png(png(BYTES), channels=2),
        "shapes": lambda: image.psnr(FLOATS[:, :3], FLOATS, 1.0),
        "no boxes": lambda: image.sample_distorted_bounding_box([50, 70, 3], np.zeros((1, 0, 4), np.float32), seed=5),
    }


def programs(tf):
    """The programs, by name."""
    made = {
        f"{name} of {which}": lambda do=do, image=image: do(tf, image)
        for name, do in EACH.items() for which, image in IMAGES.items()
    }  # fmt: skip
    return {**made, **_codecs(tf), **_others(tf)}


def values(tf, program):
    """What a program gives, one array after the other."""
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        made = program()
        with tf.Session() as session:
            found = session.run(made)
    return [np.asarray(item) for item in (found if isinstance(found, tuple | list) else [found])]


def refusal(tf, program):
    """The error of a program: its type, and what it says first."""
    from record_programs import message

    with tf.Graph().as_default():
        try:
            made = program()
            with tf.Session() as session:
                session.run(made)
        except Exception as error:  # noqa: BLE001 - whatever TensorFlow raises
            return message(error)
    return None


REFUSED = _refused
