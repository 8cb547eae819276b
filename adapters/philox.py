"""The Philox4x32-10 generator of TensorFlow's random ops, over NumPy.

A stream is a 64-bit key, and a 128-bit counter that is written here as `high` (its upper 64 bits, fixed for an op)
and `counter` (its lower 64 bits, a Python integer: the representation of `philox_counter` on the host). Each value of
the counter gives a block of four 32-bit words. `key` and `high` are pairs of 32-bit integers, low word first.

The functions named `philox*` are the primitives of that name for any adapter whose tensors are NumPy arrays.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from onevar.adapters import variates

Pair = tuple[int, int]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
RESERVED = 256
"""Blocks that a TensorFlow kernel sets aside for each number it is asked for, however many it uses."""

_CHUNK = 16384  # Blocks: the working set of a chunk stays in a core's cache.
_FACTORS = np.array(MULTIPLIERS, np.uint64)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_WRAP = 1 << 64


def round_keys(key: Pair) -> list[Pair]:
    """Return the key of each round.

    Args:
        key: The stream's key.
    """
    return [((key[0] + i * WEYL[0]) & 0xFFFFFFFF, (key[1] + i * WEYL[1]) & 0xFFFFFFFF) for i in range(ROUNDS)]


def words_at(key: Pair, high: Pair, counters: np.ndarray, carry: np.ndarray | None = None) -> np.ndarray:
    """Return the blocks at the given counters, as uint32 of shape (counters, 4).

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counters: The lower 64 bits, a uint64 vector.
        carry: Where the lower half overflowed, so that `high` is one more; None for nowhere.
    """
    # One row for each word of the state and for each product; row by row, because NumPy is slower on pairs of them.
    c0, c1, c2, c3, p0, p1 = np.empty((6, counters.size), np.uint64)
    upper: Any = np.uint64(high[0] | high[1] << 32)
    if carry is not None:
        upper = upper + carry.astype(np.uint64)
    np.bitwise_and(counters, _LOW, out=c0)
    np.right_shift(counters, _HALF, out=c1)
    c2[:], c3[:] = upper & _LOW, upper >> _HALF
    for first, second in round_keys(key):
        np.multiply(c0, _FACTORS[0], out=p0)
        np.multiply(c2, _FACTORS[1], out=p1)
        np.right_shift(p1, _HALF, out=c0)
        np.bitwise_xor(c0, c1, out=c0)
        np.bitwise_xor(c0, np.uint64(first), out=c0)
        np.right_shift(p0, _HALF, out=c2)
        np.bitwise_xor(c2, c3, out=c2)
        np.bitwise_xor(c2, np.uint64(second), out=c2)
        np.bitwise_and(p1, _LOW, out=c1)
        np.bitwise_and(p0, _LOW, out=c3)
    out = np.empty((counters.size, 4), np.uint32)
    for i, word in enumerate((c0, c1, c2, c3)):
        out[:, i] = word
    return out


def words_spaced(key: Pair, high: Pair, counter: int, offsets: np.ndarray) -> np.ndarray:
    """Return the blocks at `counter + offsets`, as uint32 of shape (offsets, 4).

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        offsets: Integers that are not negative.
    """
    counters = np.uint64(counter % _WRAP) + offsets.astype(np.uint64)
    overflows = offsets.size and counter % _WRAP + int(offsets.max()) >= _WRAP
    return words_at(key, high, counters, counters < np.uint64(counter % _WRAP) if overflows else None)


def philox_counter(low: int, high: int) -> int:
    """Return a counter from its two 32-bit halves.

    Args:
        low: The lower half.
        high: The upper half.
    """
    return (int(low) & 0xFFFFFFFF) | (int(high) & 0xFFFFFFFF) << 32


def philox_advance(counter: int, blocks: int) -> int:
    """Return the counter moved on.

    Args:
        counter: Where it is.
        blocks: By how much.
    """
    return (counter + blocks) % _WRAP


def philox(key: Pair, high: Pair, counter: int, blocks: int) -> np.ndarray:
    """Return `4 * blocks` consecutive words as a uint32 vector.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        blocks: How many blocks.
    """
    return philox_bits(key, high, counter, 4 * blocks, "uint32")


def philox_uniform(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> np.ndarray:
    """Return a vector of numbers in [0, 1), bit for bit TensorFlow's.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: float16, bfloat16, float32 or float64.
    """
    return _plain(key, high, counter, size, dtype, lambda words: variates.uniform(words, dtype))


def philox_normal(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> np.ndarray:
    """Return a vector of standard normal numbers.

    TensorFlow's CPU numbers bit for bit in float16, bfloat16 and float32; in float64 to the last bit or two, as
    far as NumPy's logarithm, sine and cosine agree with the C library's.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: float16, bfloat16, float32 or float64.
    """
    return _plain(key, high, counter, size, dtype, lambda words: variates.normal(words, dtype))


def philox_uniform_int(key: Pair, high: Pair, counter: int, size: int, low: int, limit: int, dtype: str) -> np.ndarray:
    """Return a vector of integers in [low, limit), bit for bit TensorFlow's.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        low: The least.
        limit: One more than the largest.
        dtype: int32 or int64.
    """
    return _plain(key, high, counter, size, dtype, lambda words: variates.uniform_int(words, low, limit, dtype))


def philox_bits(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> np.ndarray:
    """Return a vector of integers from the whole range of their type.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: int32, uint32, int64 or uint64.
    """
    return _plain(key, high, counter, size, dtype, lambda words: variates.bits(words, dtype))


def _plain(
    key: Pair, high: Pair, counter: int, size: int, dtype: str, convert: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Numbers that take each the same amount of consecutive words."""
    per_block = variates.per_block(dtype)
    blocks = -(-size // per_block)
    out = np.empty(size, variates.numpy_type(dtype))
    for start in range(0, blocks, _CHUNK):
        stop = min(start + _CHUNK, blocks)
        part = out[start * per_block : stop * per_block]
        part[...] = convert(words_spaced(key, high, counter, np.arange(start, stop)))[: part.size]
    return out


def philox_truncated_normal(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> np.ndarray:
    """Return a vector of standard normal numbers between -2 and 2, as exact as `philox_normal`.

    TensorFlow gives each group (of as many numbers as a block yields) a part of the stream of its own, and drops
    there what falls outside.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: float16, bfloat16, float32 or float64.
    """
    wide = "float64" if dtype == "float64" else "float32"
    group = variates.per_block(dtype)
    stride = group * RESERVED // 4
    groups = -(-size // group)
    out = np.empty(size, variates.numpy_type(dtype))
    for start in range(0, groups, _CHUNK):
        stop = min(start + _CHUNK, groups)
        first = np.arange(start, stop) * stride

        def candidates(rows: np.ndarray, blocks: range, first: np.ndarray = first) -> np.ndarray:
            offsets = (first[rows][:, None] + np.arange(blocks.start, blocks.stop)).reshape(-1)
            return variates.normal(words_spaced(key, high, counter, offsets), wide).reshape(len(rows), -1)

        part = out[start * group : stop * group]
        part[...] = variates.keep_inside(candidates, stop - start, group).reshape(-1)[: part.size]
    return out


#: The primitives, by their names in `onevar.adapters.primitives`.
TABLE: Mapping[str, Callable] = {
    "philox": philox,
    "philox_advance": philox_advance,
    "philox_counter": philox_counter,
    "philox_bits": philox_bits,
    "philox_normal": philox_normal,
    "philox_truncated_normal": philox_truncated_normal,
    "philox_uniform": philox_uniform,
    "philox_uniform_int": philox_uniform_int,
}
