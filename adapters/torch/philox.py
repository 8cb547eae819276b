"""TensorFlow's random numbers on torch.

A counter is a Python integer. Numbers for the CPU are made by NumPy and handed over without a copy: torch has no
32-bit unsigned arithmetic, and its 64-bit integers on a CPU are slower. For other devices they are made on the
device, in int64. Words are int64 tensors of values below 2**32, which torch can compute with.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch

from onevar.adapters import philox as host
from onevar.adapters import variates
from onevar.adapters.philox import MULTIPLIERS, RESERVED, Pair, philox_advance, philox_counter, round_keys

_MASK = 0xFFFFFFFF
_SIGN = 1 << 63


def philox(key: Pair, high: Pair, counter: int, blocks: int) -> torch.Tensor:
    """Return `4 * blocks` consecutive words as an int64 vector.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        blocks: How many blocks.
    """
    device = torch.get_default_device()
    if device.type == "cpu":
        return torch.from_numpy(host.philox(key, high, counter, blocks).astype(np.int64))
    return torch.stack(_lanes(key, high, counter, torch.arange(blocks)), dim=-1).reshape(-1)


def philox_bits(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of integers from the whole range of their type.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: int32, uint32, int64 or uint64.
    """
    return _placed(host.philox_bits(key, high, counter, size, dtype))


def philox_uniform_int(
    key: Pair, high: Pair, counter: int, size: int, low: int, limit: int, dtype: str
) -> torch.Tensor:
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
    if torch.get_default_device().type == "cpu" or dtype == "int64":  # torch has no unsigned 64-bit remainder.
        return _placed(host.philox_uniform_int(key, high, counter, size, low, limit, dtype))
    return (philox(key, high, counter, -(-size // 4))[:size] % (limit - low) + low).to(torch.int32)


def philox_uniform(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of numbers in [0, 1), bit for bit TensorFlow's.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: float16, bfloat16, float32 or float64.
    """
    if torch.get_default_device().type == "cpu":
        return _placed(host.philox_uniform(key, high, counter, size, dtype))
    blocks = torch.arange(-(-size // variates.per_block(dtype)))
    return torch.stack(_uniform(_lanes(key, high, counter, blocks), dtype), dim=-1).reshape(-1)[:size]


def philox_normal(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of standard normal numbers.

    TensorFlow's CPU numbers bit for bit in float16, bfloat16 and float32, on every device; in float64 to a few units
    in the last place.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: float16, bfloat16, float32 or float64.
    """
    if torch.get_default_device().type == "cpu":
        return _placed(host.philox_normal(key, high, counter, size, dtype))
    blocks = torch.arange(-(-size // variates.per_block(dtype)))
    numbers = torch.stack(_normal(_lanes(key, high, counter, blocks), dtype), dim=-1).reshape(-1)[:size]
    return numbers.to(getattr(torch, dtype))


def philox_truncated_normal(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of standard normal numbers between -2 and 2, as exact as `philox_normal`.

    Args:
        key: The stream's key.
        high: The upper 64 bits of the counter.
        counter: The lower 64 bits.
        size: How many numbers.
        dtype: float16, bfloat16, float32 or float64.
    """
    if torch.get_default_device().type == "cpu":
        return _placed(host.philox_truncated_normal(key, high, counter, size, dtype))
    group = variates.per_block(dtype)
    first = torch.arange(-(-size // group)) * (group * RESERVED // 4)
    out = torch.empty(len(first), group, dtype=torch.float64 if dtype == "float64" else torch.float32)
    todo = torch.arange(len(first))
    blocks = 2
    while len(todo):
        offsets = first[todo][:, None] + torch.arange(blocks)
        numbers = torch.stack(_normal(_lanes(key, high, counter, offsets), dtype), dim=-1).reshape(len(todo), -1)
        inside = numbers.abs() < 2
        rank = inside.cumsum(1)
        full = rank[:, -1] >= group
        out[todo[full]] = numbers[full][(inside & (rank <= group))[full]].reshape(-1, group)
        todo = todo[~full]
        blocks *= 4
    return out.reshape(-1)[:size].to(getattr(torch, dtype))


def _placed(array: np.ndarray) -> torch.Tensor:
    if array.dtype == variates.numpy_type("bfloat16"):
        tensor = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    else:
        tensor = torch.from_numpy(array)
    return tensor.to(torch.get_default_device())


def _signed(value: int) -> int:
    """The int64 of the same bits."""
    return (value + _SIGN) % (2 * _SIGN) - _SIGN


def _lanes(key: Pair, high: Pair, counter: int, offsets: torch.Tensor) -> list[torch.Tensor]:
    """The four words of each block at `counter + offsets`, as four int64 tensors below 2**32."""
    base = _signed(counter)
    lower = offsets + base
    # Unsigned comparison, by way of moving both sides by 2**63.
    carry = (lower ^ -_SIGN) < _signed(base ^ -_SIGN)
    upper = _signed(high[0] | high[1] << 32) + carry.to(torch.int64)
    state = [part & _MASK for part in (lower, lower >> 32, upper, upper >> 32)]
    for first, second in round_keys(key):
        even, odd = state[0] * MULTIPLIERS[0], state[2] * MULTIPLIERS[1]
        state = [
            (odd >> 32 & _MASK) ^ state[1] ^ first,
            odd & _MASK,
            (even >> 32 & _MASK) ^ state[3] ^ second,
            even & _MASK,
        ]
    return state


def _uniform(lanes: list[torch.Tensor], dtype: str) -> list[torch.Tensor]:
    if dtype == "float64":
        patterns = [(lanes[i] & 0xFFFFF) << 32 | lanes[i + 1] | 1023 << 52 for i in (0, 2)]
        return [pattern.view(torch.float64) - 1 for pattern in patterns]
    if dtype == "float32":
        return [(lane & 0x7FFFFF | 127 << 23).to(torch.int32).view(torch.float32) - 1 for lane in lanes]
    mask, one = (0x3FF, 15 << 10) if dtype == "float16" else (0x7F, 127 << 7)
    return [(lane & mask | one).to(torch.int16).view(getattr(torch, dtype)) - 1 for lane in lanes]


def _normal(lanes: list[torch.Tensor], dtype: str) -> list[torch.Tensor]:
    if dtype == "float64":
        first, second = _uniform(lanes, dtype)
        radius, angle = (-2 * first.clamp(min=1.0e-7).log()).sqrt(), 2 * np.pi * second
        return [angle.sin() * radius, angle.cos() * radius]
    flat = _uniform(lanes, "float32")
    numbers: list[torch.Tensor] = []
    for first, second in ((flat[0], flat[1]), (flat[2], flat[3])):
        # In double, because torch's single-precision square root is not always the nearest number.
        radius = (-2 * _logf(first.clamp(min=1.0e-7))).to(torch.float64).sqrt().to(torch.float32)
        angle = (2 * np.pi * second.to(torch.float64)).to(torch.float32)
        numbers += [part * radius for part in _sincosf(angle)]
    return numbers


def _logf(x: torch.Tensor) -> torch.Tensor:
    """As `variates.logf`."""
    pattern = x.view(torch.int32)
    shifted = pattern - variates.LOG_OFFSET
    cell, exponent = (shifted >> 19) & 15, shifted >> 23
    z = (pattern - (exponent << 23)).view(torch.float32).to(torch.float64)
    inverse, log = (torch.from_numpy(table).to(x.device)[cell] for table in (variates.INVERSE, variates.LOG))
    r = z * inverse - 1
    base = log + exponent.to(torch.float64) * variates.LOG_2 + r
    square = r * r
    a, b, c = variates.LOG_POLYNOMIAL
    return ((a * square + (b * r + c)) * square + base).to(torch.float32)


def _sincosf(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As `variates.sincosf`."""
    wide = x.to(torch.float64)
    turns = (wide * variates.TWO_OVER_PI + 0.5).floor()
    wide = wide - turns * variates.HALF_PI
    square = wide * wide
    (a, b, c), (d, e, f, g) = variates.SINE, variates.COSINE
    cube, power = wide * square, square * square
    sine = (wide + cube * a + cube * square * (b + square * c)).to(torch.float32)
    cosine = (1 + square * d + power * e + power * square * (f + square * g)).to(torch.float32)
    quarter = turns.to(torch.int32)
    odd = (quarter & 1) == 1
    sine, cosine = torch.where(odd, cosine, sine), torch.where(odd, sine, cosine)
    return torch.where((quarter & 2) > 0, -sine, sine), torch.where((quarter + 1 & 2) > 0, -cosine, cosine)


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
