"""From the words of a Philox block to numbers: TensorFlow's distributions on a CPU, over NumPy.

Everywhere `words` is a uint32 array of shape (blocks, 4) and the result a vector in the stream's order.

Normal numbers come from the Box-Muller transform in single precision, with the C library's `logf` and `sincosf`,
whose results TensorFlow takes over. To give the same bits, both are computed here as that library computes them: a
table and a short polynomial in double precision, rounded once. They agree with it on every input that can occur
(there are 2**23), which the tests check. The numerical constants are those of Arm's Optimized Routines (MIT licence),
which glibc since 2.28, musl and bionic have adopted.

Frameworks that make their own numbers have the four words of blocks in four tensors, `lanes`, and give the arithmetic
that the formulas need as an `Arithmetic`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import ml_dtypes
import numpy as np

_NUMPY = {"bfloat16": np.dtype(ml_dtypes.bfloat16)}
_LIMIT = 2.0  # Where TensorFlow cuts the normal distribution off.
_TWO_PI = 6.283185307179586
_STEP = 8192  # Pairs: what the polynomials are computed from stays in a core's cache.


def numpy_type(dtype: str) -> np.dtype:
    """Return NumPy's type of that name.

    Args:
        dtype: Its name.
    """
    return _NUMPY.get(dtype) or np.dtype(dtype)


def per_block(dtype: str) -> int:
    """Return how many numbers a block gives: two of 64 bits, four of fewer.

    Args:
        dtype: Their type.
    """
    return 2 if dtype in ("float64", "int64", "uint64") else 4


def bits(words: np.ndarray, dtype: str) -> np.ndarray:
    """Return integers of all values.

    Args:
        words: Blocks.
        dtype: int32, uint32, int64 or uint64.
    """
    flat = words.reshape(-1)
    return flat.view(dtype) if per_block(dtype) == 4 else flat.astype("<u4", copy=False).view("<u8").astype(dtype)


def uniform_int(words: np.ndarray, low: int, limit: int, dtype: str) -> np.ndarray:
    """Return integers in [low, limit).

    Args:
        words: Blocks.
        low: The least.
        limit: One more than the largest.
        dtype: int32 or int64.
    """
    unsigned = "u" + dtype
    modulus = 1 << np.iinfo(unsigned).bits
    span = np.array((limit - low) % modulus, unsigned)
    # Unsigned, because the sum may pass through values that the signed type doesn't have.
    return (bits(words, unsigned) % span + np.array(low % modulus, unsigned)).view(dtype)


def uniform(words: np.ndarray, dtype: str) -> np.ndarray:
    """Return numbers in [0, 1): as many random bits as the type's fraction has.

    Args:
        words: Blocks.
        dtype: float16, bfloat16, float32 or float64.
    """
    if dtype == "float64":
        return _doubles(words)
    if dtype == "float32":
        return _floats(words.reshape(-1))
    mask, one = (0x3FF, 15 << 10) if dtype == "float16" else (0x7F, 127 << 7)
    pattern = words.reshape(-1).astype(np.uint16) & np.uint16(mask) | np.uint16(one)
    number = pattern.view(numpy_type(dtype))
    return number - number.dtype.type(1)


def normal(words: np.ndarray, dtype: str) -> np.ndarray:
    """Return standard normal numbers.

    Args:
        words: Blocks.
        dtype: float16, bfloat16, float32 or float64.
    """
    if dtype == "float64":
        return _box_muller_double(words)
    return _box_muller(words.reshape(-1, 2)).astype(numpy_type(dtype), copy=False)


def keep_inside(candidates: Callable[[np.ndarray, range], np.ndarray], rows: int, wanted: int) -> np.ndarray:
    """Return for each row its first numbers of magnitude below two, of shape (rows, wanted).

    Args:
        candidates: Gives the numbers of the given rows from the given blocks, of shape (rows, numbers).
        rows: How many rows.
        wanted: How many numbers of each, as many as a block gives.
    """
    # Most rows need one block; the others start again with more.
    out = candidates(np.arange(rows), range(1))
    # A row's few booleans are read as one integer: `any` along so short an axis takes longer than the rest.
    todo = np.flatnonzero((np.abs(out) >= _LIMIT).view(f"u{wanted}"))
    blocks = 2
    while todo.size:
        numbers = candidates(todo, range(blocks))
        inside = np.abs(numbers) < _LIMIT
        rank = inside.cumsum(axis=1)
        full = rank[:, -1] >= wanted
        out[todo[full]] = numbers[full][(inside & (rank <= wanted))[full]].reshape(-1, wanted)
        todo = todo[~full]
        blocks *= 3
    return out


def _floats(words: np.ndarray) -> np.ndarray:
    number = (words & np.uint32(0x7FFFFF) | np.uint32(127 << 23)).view(np.float32)
    return np.subtract(number, np.float32(1), out=number)


def _doubles(words: np.ndarray) -> np.ndarray:
    pairs = words.reshape(-1, 2).astype(np.uint64)
    pattern = (pairs[:, 0] & np.uint64(0xFFFFF)) << np.uint64(32) | pairs[:, 1] | np.uint64(1023 << 52)
    return pattern.view(np.float64) - 1.0


def _box_muller_double(words: np.ndarray) -> np.ndarray:
    numbers = _doubles(words)
    radius = np.sqrt(-2.0 * np.log(np.maximum(numbers[::2], 1.0e-7)))
    angle = 2 * np.pi * numbers[1::2]
    out = np.empty_like(numbers)
    np.multiply(np.sin(angle), radius, out=out[::2])
    np.multiply(np.cos(angle), radius, out=out[1::2])
    return out


def _box_muller(pairs: np.ndarray) -> np.ndarray:
    out = np.empty(pairs.shape, np.float32)
    for start in range(0, len(pairs), _STEP):
        part, made = pairs[start : start + _STEP], out[start : start + _STEP]
        first = np.maximum(_floats(np.ascontiguousarray(part[:, 0])), np.float32(1.0e-7))
        radius = np.sqrt(np.float32(-2) * logf(first))
        angle = (_TWO_PI * _floats(np.ascontiguousarray(part[:, 1])).astype(np.float64)).astype(np.float32)
        sine, cosine = sincosf(angle)
        np.multiply(sine, radius, out=made[:, 0])
        np.multiply(cosine, radius, out=made[:, 1])
    return out.reshape(-1)


_hex = float.fromhex

# For the sixteenth of [0.699, 1.398) that holds z: a number c near its middle, as 1/c and log(c).
LOG_TABLE = (
    ("0x1.661ec79f8f3bep+0", "-0x1.57bf7808caadep-2"),
    ("0x1.571ed4aaf883dp+0", "-0x1.2bef0a7c06ddbp-2"),
    ("0x1.49539f0f010bp+0", "-0x1.01eae7f513a67p-2"),
    ("0x1.3c995b0b80385p+0", "-0x1.b31d8a68224e9p-3"),
    ("0x1.30d190c8864a5p+0", "-0x1.6574f0ac07758p-3"),
    ("0x1.25e227b0b8eap+0", "-0x1.1aa2bc79c81p-3"),
    ("0x1.1bb4a4a1a343fp+0", "-0x1.a4e76ce8c0e5ep-4"),
    ("0x1.12358f08ae5bap+0", "-0x1.1973c5a611cccp-4"),
    ("0x1.0953f419900a7p+0", "-0x1.252f438e10c1ep-5"),
    ("0x1p+0", "0x0p+0"),
    ("0x1.e608cfd9a47acp-1", "0x1.aa5aa5df25984p-5"),
    ("0x1.ca4b31f026aap-1", "0x1.c5e53aa362eb4p-4"),
    ("0x1.b2036576afce6p-1", "0x1.526e57720db08p-3"),
    ("0x1.9c2d163a1aa2dp-1", "0x1.bc2860d22477p-3"),
    ("0x1.886e6037841edp-1", "0x1.1058bc8a07ee1p-2"),
    ("0x1.767dcf5534862p-1", "0x1.4043057b6ee09p-2"),
)
INVERSE = np.array([_hex(inverse) for inverse, _ in LOG_TABLE])
LOG = np.array([_hex(log) for _, log in LOG_TABLE])
LOG_2 = _hex("0x1.62e42fefa39efp-1")
LOG_POLYNOMIAL = tuple(map(_hex, ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")))
LOG_OFFSET = 0x3F330000  # The bits of 0.699: from here on a power of two is cut in sixteenths.

TWO_OVER_PI = _hex("0x1.45f306dc9c883p-1")
HALF_PI = _hex("0x1.921fb54442d18p+0")
SINE = tuple(map(_hex, ("-0x1.555545995a603p-3", "0x1.1107605230bc4p-7", "-0x1.994eb3774cf24p-13")))
COSINE = tuple(
    map(_hex, ("-0x1.ffffffd0c621cp-2", "0x1.55553e1068f19p-5", "-0x1.6c087e89a359dp-10", "0x1.99343027bf8c3p-16"))
)


def logf(x: np.ndarray) -> np.ndarray:
    """Return the logarithm of normal positive float32 numbers, rounded as the C library rounds it.

    Args:
        x: The numbers.
    """
    pattern = x.view(np.int32)
    shifted = pattern - np.int32(LOG_OFFSET)
    cell = (shifted >> np.int32(19)) & np.int32(15)
    exponent = shifted >> np.int32(23)
    z = (pattern - (exponent << np.int32(23))).view(np.float32).astype(np.float64)
    z *= INVERSE.take(cell)
    z -= 1.0
    a, b, c = LOG_POLYNOMIAL
    square = z * z
    tail = b * z
    tail += c
    tail += a * square
    tail *= square
    z += LOG.take(cell) + exponent * LOG_2
    z += tail
    return z.astype(np.float32)


def sincosf(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sine and cosine of float32 numbers in [0, 120), rounded as the C library rounds them.

    Args:
        x: The numbers.
    """
    wide = x.astype(np.float64)
    turns = np.floor(wide * TWO_OVER_PI + 0.5)
    wide -= turns * HALF_PI
    square = wide * wide
    sine = _sine(wide, square)
    cosine = _cosine(square)
    quarter = turns.astype(np.int8)
    odd = (quarter & 1).astype(bool)
    sine, cosine = np.where(odd, cosine, sine), np.where(odd, sine, cosine)
    return sine * (1 - (quarter & 2)).astype(np.float32), cosine * (1 - (quarter + 1 & 2)).astype(np.float32)


def _sine(x: np.ndarray, square: np.ndarray) -> np.ndarray:
    first, second, third = SINE
    cube = x * square
    tail = square * third
    tail += second
    tail *= cube * square
    cube *= first
    cube += x
    cube += tail
    return cube.astype(np.float32)


def _cosine(square: np.ndarray) -> np.ndarray:
    first, second, third, fourth = COSINE
    power = square * square
    tail = square * fourth
    tail += third
    tail *= power * square
    power *= second
    head = square * first
    head += 1.0
    head += power
    head += tail
    return head.astype(np.float32)


# -- the same on a framework ------------------------------------------------------------------------------


class Arithmetic(Protocol):
    """What `lane_uniforms` and `lane_normals` need of a framework, besides the operators of its tensors."""

    def wide(self, lane: Any) -> Any:
        """Return words in a type that holds 64 bits."""

    def pattern(self, number: Any) -> Any:
        """Return the bits of float32 numbers as int32."""

    def number(self, pattern: Any, dtype: str) -> Any:
        """Return the floating-point numbers of a type that have these bits."""

    def cast(self, x: Any, dtype: str) -> Any:
        """Return numbers in another type."""

    def table(self, values: np.ndarray, at: Any) -> Any:
        """Return entries of a table."""

    def maximum(self, x: Any, least: float) -> Any:
        """Return numbers, none of them less than `least`."""

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Choose."""

    floor: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    log: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    cos: Callable[[Any], Any]


def lane_uniforms(m: Arithmetic, lanes: Sequence[Any], dtype: str) -> list[Any]:
    """Return numbers in [0, 1): as `uniform`, one tensor for each number of a block.

    Args:
        m: The framework.
        lanes: The four words.
        dtype: float16, bfloat16, float32 or float64.
    """
    if dtype == "float64":
        wide = [m.wide(lane) for lane in lanes]
        return [m.number((wide[i] & 0xFFFFF) << 32 | wide[i + 1] | 1023 << 52, dtype) - 1 for i in (0, 2)]
    mask, one = {"float32": (0x7FFFFF, 127 << 23), "float16": (0x3FF, 15 << 10)}.get(dtype, (0x7F, 127 << 7))
    return [m.number(lane & mask | one, dtype) - 1 for lane in lanes]


def lane_normals(m: Arithmetic, lanes: Sequence[Any], dtype: str) -> list[Any]:
    """Return standard normal numbers: as `normal`, one tensor for each number of a block, of 32 or 64 bits.

    Args:
        m: The framework.
        lanes: The four words.
        dtype: float16, bfloat16, float32 or float64.
    """
    if dtype == "float64":
        first, second = lane_uniforms(m, lanes, dtype)
        radius, angle = m.sqrt(-2.0 * m.log(m.maximum(first, 1.0e-7))), _TWO_PI * second
        return [m.sin(angle) * radius, m.cos(angle) * radius]
    flat = lane_uniforms(m, lanes, "float32")
    numbers: list[Any] = []
    for first, second in ((flat[0], flat[1]), (flat[2], flat[3])):
        # In double, because a framework's single-precision square root need not be the nearest number.
        log = m.cast(-2 * _lane_logf(m, m.maximum(first, 1.0e-7)), "float64")
        radius = m.cast(m.sqrt(log), "float32")
        angle = m.cast(_TWO_PI * m.cast(second, "float64"), "float32")
        numbers += [part * radius for part in _lane_sincosf(m, angle)]
    return numbers


def _lane_logf(m: Arithmetic, x: Any) -> Any:
    pattern = m.pattern(x)
    shifted = pattern - LOG_OFFSET
    cell, exponent = (shifted >> 19) & 15, shifted >> 23
    z = m.cast(m.number(pattern - (exponent << 23), "float32"), "float64")
    r = z * m.table(INVERSE, cell) - 1
    base = m.table(LOG, cell) + m.cast(exponent, "float64") * LOG_2 + r
    square = r * r
    a, b, c = LOG_POLYNOMIAL
    return m.cast((a * square + (b * r + c)) * square + base, "float32")


def _lane_sincosf(m: Arithmetic, x: Any) -> tuple[Any, Any]:
    wide = m.cast(x, "float64")
    turns = m.floor(wide * TWO_OVER_PI + 0.5)
    wide = wide - turns * HALF_PI
    square = wide * wide
    (a, b, c), (d, e, f, g) = SINE, COSINE
    cube, power = wide * square, square * square
    sine = m.cast(wide + cube * a + cube * square * (b + square * c), "float32")
    cosine = m.cast(1 + square * d + power * e + power * square * (f + square * g), "float32")
    quarter = m.cast(turns, "int32")
    odd = (quarter & 1) == 1
    sine, cosine = m.where(odd, cosine, sine), m.where(odd, sine, cosine)
    return m.where((quarter & 2) > 0, -sine, sine), m.where((quarter + 1 & 2) > 0, -cosine, cosine)
