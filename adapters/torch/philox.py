"""TensorFlow's random numbers on torch.

A counter is a Python integer. Numbers for the CPU are made by NumPy and handed over without a copy: torch has no
32-bit unsigned arithmetic, and its 64-bit integers on a CPU are slower. For other devices they are made on the
device, in int64. Words are int64 tensors of values below 2**32, which torch can compute with.

Each function takes what `onevar.adapters.philox`'s function of that name takes.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch

from onevar.adapters import philox as host
from onevar.adapters import variates
from onevar.adapters.philox import MULTIPLIERS, RESERVED, Pair, philox_advance, philox_counter, round_keys

_MASK = 0xFFFFFFFF
_SIGN = 1 << 63


def philox(key: Pair, high: Pair, counter: int, blocks: int) -> torch.Tensor:
    """Return `4 * blocks` consecutive words as an int64 vector."""
    device = torch.get_default_device()
    if device.type == "cpu":
        return torch.from_numpy(host.philox(key, high, counter, blocks).astype(np.int64))
    return torch.stack(_lanes(key, high, counter, torch.arange(blocks)), dim=-1).reshape(-1)


def philox_bits(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of integers from the whole range of their type."""
    return _placed(host.philox_bits(key, high, counter, size, dtype))


def philox_uniform_int(
    key: Pair, high: Pair, counter: int, size: int, low: int, limit: int, dtype: str
) -> torch.Tensor:
    """Return a vector of integers in [low, limit), bit for bit TensorFlow's."""
    if torch.get_default_device().type == "cpu" or dtype == "int64":  # torch has no unsigned 64-bit remainder.
        return _placed(host.philox_uniform_int(key, high, counter, size, low, limit, dtype))
    return (philox(key, high, counter, -(-size // 4))[:size] % (limit - low) + low).to(torch.int32)


def philox_uniform(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of numbers in [0, 1), bit for bit TensorFlow's."""
    if torch.get_default_device().type == "cpu":
        return _placed(host.philox_uniform(key, high, counter, size, dtype))
    blocks = torch.arange(-(-size // variates.per_block(dtype)))
    return torch.stack(_uniforms(_lanes(key, high, counter, blocks), dtype), dim=-1).reshape(-1)[:size]


def philox_normal(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of standard normal numbers.

    TensorFlow's CPU numbers bit for bit in float16, bfloat16 and float32, on every device; in float64 to a few units
    in the last place.
    """
    if torch.get_default_device().type == "cpu":
        return _placed(host.philox_normal(key, high, counter, size, dtype))
    blocks = torch.arange(-(-size // variates.per_block(dtype)))
    numbers = torch.stack(_normals(_lanes(key, high, counter, blocks), dtype), dim=-1).reshape(-1)[:size]
    return numbers.to(getattr(torch, dtype))


def philox_truncated_normal(key: Pair, high: Pair, counter: int, size: int, dtype: str) -> torch.Tensor:
    """Return a vector of standard normal numbers between -2 and 2, as exact as `philox_normal`."""
    if torch.get_default_device().type == "cpu":
        return _placed(host.philox_truncated_normal(key, high, counter, size, dtype))
    group = variates.per_block(dtype)
    first = torch.arange(-(-size // group)) * (group * RESERVED // 4)
    out = torch.empty(len(first), group, dtype=torch.float64 if dtype == "float64" else torch.float32)
    todo = torch.arange(len(first))
    blocks = 2
    while len(todo):
        offsets = first[todo][:, None] + torch.arange(blocks)
        numbers = torch.stack(_normals(_lanes(key, high, counter, offsets), dtype), dim=-1).reshape(len(todo), -1)
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


class _Arithmetic:
    """What `onevar.adapters.variates` computes with."""

    floor = staticmethod(torch.floor)
    sqrt = staticmethod(torch.sqrt)
    log = staticmethod(torch.log)
    sin = staticmethod(torch.sin)
    cos = staticmethod(torch.cos)
    where = staticmethod(torch.where)

    def wide(self, lane: torch.Tensor) -> torch.Tensor:
        return lane

    def pattern(self, number: torch.Tensor) -> torch.Tensor:
        return number.view(torch.int32)

    def number(self, pattern: torch.Tensor, dtype: str) -> torch.Tensor:
        kind = getattr(torch, dtype)
        return pattern.to(getattr(torch, f"int{8 * kind.itemsize}")).view(kind)

    def cast(self, x: torch.Tensor, dtype: str) -> torch.Tensor:
        return x.to(getattr(torch, dtype))

    def table(self, values: np.ndarray, at: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(values).to(at.device)[at]

    def maximum(self, x: torch.Tensor, least: float) -> torch.Tensor:
        return x.clamp(min=least)


_uniforms = partial(variates.lane_uniforms, _Arithmetic())
_normals = partial(variates.lane_normals, _Arithmetic())


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
