"""CRC-32C, and the way in which TensorFlow stores it."""

import google_crc32c
import numpy as np

_DELTA = 0xA282EAD8
_MASK = 0xFFFFFFFF
#: Bytes taken at a time, so that what was just read or is about to be written is still in the cache.
CHUNK = 1 << 20
_COMPILED = google_crc32c.implementation == "c"


def extend(crc: int, data: bytes | np.ndarray) -> int:
    """Return the checksum of what `crc` is the checksum of, followed by `data`.

    Args:
        crc: 0 to begin with.
        data: Bytes, or an array of `uint8` in one piece, which the compiled library reads in place.
    """
    return google_crc32c.extend(crc, data if _COMPILED else bytes(data))


def mask(crc: int) -> int:
    """Return the form in which a checksum is stored.

    The checksum of data that holds its own checksum is degenerate; hence the rotation and the constant.
    """
    return ((crc >> 15 | crc << 17) + _DELTA) & _MASK


def masked(data: bytes) -> int:
    """Return the checksum of `data` in the form in which it is stored."""
    return mask(google_crc32c.value(data))


def flat(array: np.ndarray) -> np.ndarray:
    """Return the bytes of a row-major array, as a view."""
    return array.reshape(-1).view(np.uint8)
