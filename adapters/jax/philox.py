"""TensorFlow's random numbers on JAX: the same bits under `jit` and outside, with `jax_enable_x64` or without.

The primitives' counter is a uint32 vector of two elements, low half first; key and high half are pairs of Python
integers or of uint32 scalars. Words are uint32. 64-bit steps inside run under `jax.enable_x64`, which a trace accepts
anywhere; only a result of a 64-bit type needs the flag to be set by the caller. Otherwise each function takes what
`onevar.adapters.philox`'s function of that name takes.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from onevar.adapters import variates
from onevar.adapters.philox import MULTIPLIERS, RESERVED, ROUNDS, WEYL

# Blocks for a group of truncated numbers, by its size, when two or three were not enough: the chance that these are
# too few is 10**-15.
_PLENTY = {4: 4, 2: 8}


def in_x64(function: Callable) -> Callable:
    """Let a function of key, high, counter and more compute in 64 bits, compiled once for all streams.

    Arguments that are annotated as numbers or strings are part of what is compiled.
    """
    kinds = list(function.__annotations__.values())
    compiled = jax.jit(function, static_argnums=tuple(i for i, kind in enumerate(kinds) if kind in (int, str)))

    @functools.wraps(function)
    def run(key: tuple, high: tuple, counter: jax.Array, *rest: Any) -> Any:
        with jax.enable_x64(True):
            return compiled(_uint32(key), _uint32(high), counter, *rest)

    return run


def _uint32(pair: tuple) -> tuple:
    return tuple(np.uint32(half) if isinstance(half, int) else half for half in pair)


def philox_counter(low: int, high: int) -> jax.Array:
    """Return a counter from its two 32-bit halves."""
    return jnp.array([int(low) & 0xFFFFFFFF, int(high) & 0xFFFFFFFF], jnp.uint32)


def philox_advance(counter: jax.Array, blocks: int) -> jax.Array:
    """Return the counter moved on."""
    low = counter[0] + jnp.uint32(blocks & 0xFFFFFFFF)
    carry = (low < counter[0]).astype(jnp.uint32)
    return jnp.stack([low, counter[1] + jnp.uint32(blocks >> 32 & 0xFFFFFFFF) + carry])


def philox(key: tuple, high: tuple, counter: jax.Array, blocks: int) -> jax.Array:
    """Return `4 * blocks` consecutive words as a uint32 vector."""
    return philox_bits(key, high, counter, 4 * blocks, "uint32")


@in_x64
def philox_bits(key: tuple, high: tuple, counter: jax.Array, size: int, dtype: str) -> jax.Array:
    """Return a vector of integers from the whole range of their type."""
    lanes = _consecutive(key, high, counter, size, dtype)
    return _interleave(_integers(lanes, dtype), size).astype(dtype)


@in_x64
def philox_uniform_int(
    key: tuple, high: tuple, counter: jax.Array, size: int, low: int, limit: int, dtype: str
) -> jax.Array:
    """Return a vector of integers in [low, limit), bit for bit TensorFlow's."""
    unsigned = "u" + dtype
    modulus = 1 << np.iinfo(unsigned).bits
    span, start = (jnp.asarray(np.array(v % modulus, unsigned)) for v in (limit - low, low))
    lanes = _integers(_consecutive(key, high, counter, size, dtype), unsigned)
    return lax.bitcast_convert_type(_interleave([lane % span + start for lane in lanes], size), np.dtype(dtype))


@in_x64
def philox_uniform(key: tuple, high: tuple, counter: jax.Array, size: int, dtype: str) -> jax.Array:
    """Return a vector of numbers in [0, 1), bit for bit TensorFlow's."""
    return _interleave(uniforms(_consecutive(key, high, counter, size, dtype), dtype), size)


@in_x64
def philox_normal(key: tuple, high: tuple, counter: jax.Array, size: int, dtype: str) -> jax.Array:
    """Return a vector of standard normal numbers.

    TensorFlow's CPU numbers bit for bit in float16, bfloat16 and float32; in float64 to a few units in the last
    place, as far as XLA's logarithm, sine and cosine agree with the C library's.
    """
    numbers = normals(_consecutive(key, high, counter, size, dtype), dtype)
    return _interleave(numbers, size).astype(variates.numpy_type(dtype))


@in_x64
def philox_truncated_normal(key: tuple, high: tuple, counter: jax.Array, size: int, dtype: str) -> jax.Array:
    """Return a vector of standard normal numbers between -2 and 2, as exact as `philox_normal`.

    Two or three blocks are computed for each group; the one in 10**5 for which they yield too few numbers is
    finished in a loop that runs only then.
    """
    group = variates.per_block(dtype)
    groups = -(-size // group)
    stride = group * RESERVED // 4

    def candidates(rows: jax.Array, blocks: int) -> jax.Array:
        first = rows.astype(jnp.uint64) * stride
        offsets = jnp.arange(blocks, dtype=jnp.uint64)[:, None] + first
        numbers = jnp.stack(normals(blocks_at(key, high, counter, offsets), dtype), axis=1)
        # Without the barrier XLA would compute the generator again for each of its uses.
        return lax.optimization_barrier(numbers.reshape(blocks * group, -1))

    def finish(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        table, short = state
        row = lax.argmax(short, 0, jnp.int32)
        numbers, _ = _first_inside(candidates(row[None], _PLENTY[group]), group)
        return lax.dynamic_update_slice(table, numbers, (jnp.int32(0), row)), short.at[row].set(False)

    if not size:
        return jnp.zeros(0, variates.numpy_type(dtype))
    numbers, enough = _first_inside(candidates(jnp.arange(groups), 2 if group == 4 else 3), group)
    table, _ = lax.while_loop(lambda state: state[1].any(), finish, (numbers, ~enough))
    return table.T.reshape(-1)[:size].astype(variates.numpy_type(dtype))


def _first_inside(candidates: jax.Array, wanted: int) -> tuple[jax.Array, jax.Array]:
    """The first numbers of each column of magnitude below two, and whether there were enough of them."""
    inside = jnp.abs(candidates) < 2.0
    rank = jnp.zeros(candidates.shape[1], jnp.int32)
    kept = [jnp.zeros(candidates.shape[1], candidates.dtype)] * wanted
    for number, good in zip(candidates, inside, strict=True):
        kept = [jnp.where(good & (rank == i), number, value) for i, value in enumerate(kept)]
        rank += good
    return jnp.stack(kept), rank >= wanted


def _consecutive(key: tuple, high: tuple, counter: jax.Array, size: int, dtype: str) -> list[jax.Array]:
    return blocks_at(key, high, counter, jnp.arange(-(-size // variates.per_block(dtype)), dtype=jnp.uint64))


def blocks_at(key: tuple, high: tuple, counter: jax.Array, offsets: jax.Array) -> list[jax.Array]:
    """The four words of each block at `counter + offsets`, as four vectors."""
    base = counter[0].astype(jnp.uint64) | counter[1].astype(jnp.uint64) << 32
    lower = base + offsets
    upper = jnp.uint64(high[0]) | jnp.uint64(high[1]) << jnp.uint64(32)
    upper = upper + (lower < base).astype(jnp.uint64)
    state = [part.astype(jnp.uint32) for part in (lower, lower >> 32, upper, upper >> 32)]
    first, second = jnp.uint32(key[0]), jnp.uint32(key[1])

    # A loop, because XLA would compute unrolled rounds once for each of the four words, and compile them as often.
    def mix(i: jax.Array, state: list[jax.Array]) -> list[jax.Array]:
        low0, high0 = _product(state[0], MULTIPLIERS[0])
        low1, high1 = _product(state[2], MULTIPLIERS[1])
        keys = first + i * jnp.uint32(WEYL[0]), second + i * jnp.uint32(WEYL[1])
        return [high1 ^ state[1] ^ keys[0], low1, high0 ^ state[3] ^ keys[1], low0]

    return lax.fori_loop(jnp.uint32(0), jnp.uint32(ROUNDS), mix, state)


def _product(x: jax.Array, factor: int) -> tuple[jax.Array, jax.Array]:
    """The halves of a 64-bit product."""
    product = x.astype(jnp.uint64) * jnp.uint64(factor)
    return product.astype(jnp.uint32), (product >> 32).astype(jnp.uint32)


def _interleave(lanes: list[jax.Array], size: int) -> jax.Array:
    return jnp.stack(lanes, axis=-1).reshape(-1)[:size]


def _integers(lanes: list[jax.Array], dtype: str) -> list[jax.Array]:
    if variates.per_block(dtype) == 4:
        return lanes
    wide = [lane.astype(jnp.uint64) for lane in lanes]
    return [wide[i] | wide[i + 1] << 32 for i in (0, 2)]


class _Arithmetic:
    """What `onevar.adapters.variates` computes with."""

    floor = staticmethod(jnp.floor)
    sqrt = staticmethod(jnp.sqrt)
    log = staticmethod(jnp.log)
    sin = staticmethod(jnp.sin)
    cos = staticmethod(jnp.cos)
    maximum = staticmethod(jnp.maximum)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        return jnp.where(condition, x, y)

    def wide(self, lane: Any) -> Any:
        return lane.astype(jnp.uint64)

    def pattern(self, number: Any) -> Any:
        return lax.bitcast_convert_type(number, jnp.int32)

    def number(self, pattern: Any, dtype: str) -> Any:
        kind = variates.numpy_type(dtype)
        return lax.bitcast_convert_type(pattern.astype(f"uint{8 * kind.itemsize}"), kind)

    def cast(self, x: Any, dtype: str) -> Any:
        return x.astype(dtype)

    def table(self, values: np.ndarray, at: Any) -> Any:
        return jnp.asarray(values)[at]


uniforms = functools.partial(variates.lane_uniforms, _Arithmetic())
"""Lanes and a dtype to numbers in [0, 1), a vector for each number of a block."""
normals = functools.partial(variates.lane_normals, _Arithmetic())
"""Lanes and a dtype to standard normal numbers."""


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
