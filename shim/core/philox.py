"""TensorFlow's random numbers: which stream an op draws from, and the generator itself over NumPy.

A stateful op's kernel seeds a generator with its attributes `seed` and `seed2` and keeps it for the life of the
session: `start` says where that is. A stateless op's generator starts where `scramble` says. The generator and the
numbers that TensorFlow makes of it are `onevar.adapters.philox`'s, here for the core.
"""

from typing import Any

import numpy as np

from onevar.adapters.philox import RESERVED, TABLE, Pair, philox_counter, words_at

__all__ = ["RESERVED", "TABLE", "Pair", "Stream", "halves", "scramble", "start"]

_SCRAMBLER = (0x3EC8F720, 0x02461E29)


def halves(number: int) -> Pair:
    """Return a 64-bit integer as two of 32 bits, the low one first.

    Args:
        number: Signed or unsigned.
    """
    return int(number) & 0xFFFFFFFF, int(number) >> 32 & 0xFFFFFFFF


def start(seed: int, seed2: int) -> tuple[Pair, Pair]:
    """Return the key and the upper half of the counter of an op; the lower half starts at zero.

    Where both are zero TensorFlow takes two random 64-bit numbers in their place; that is the caller's to do.

    Args:
        seed: The op's attribute.
        seed2: The other.
    """
    return halves(seed), halves(seed2)


def scramble(first: int, second: int) -> tuple[Pair, Pair]:
    """Return the key and the upper half of the counter for the seed of a stateless op.

    Args:
        first: The seed's first element.
        second: Its second.
    """
    mixed = words_at(_SCRAMBLER, halves(second), np.array([philox_counter(*halves(first))], np.uint64))[0].tolist()
    return (mixed[0], mixed[1]), (mixed[2], mixed[3])


class Stream:
    """A generator and where it is: what a kernel with `random=True` gets as `stream`.

    Args:
        k: The primitives that the kernel will draw with.
        key: The generator's key.
        high: The upper half of its counter.
        counter: The lower half, as the primitives keep it; None for zero.

    Attributes:
        key: As above.
        high: As above.
        counter: As above; `advance` moves it on.
    """

    __slots__ = ("counter", "high", "k", "key")

    def __init__(self, k: Any, key: Pair, high: Pair, counter: Any = None):
        self.k, self.key, self.high = k, key, high
        self.counter = k.philox_counter(0, 0) if counter is None else counter

    def advance(self, blocks: int) -> None:
        """Move on.

        Args:
            blocks: By how many values of the counter.
        """
        self.counter = self.k.philox_advance(self.counter, blocks)
