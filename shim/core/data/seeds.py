"""Random numbers of datasets: the samples that TensorFlow's kernels draw one at a time from a Philox generator."""

import secrets

from onevar.adapters.philox import philox_bits
from onevar.core.philox import start

_CHUNK = 256  # Blocks of four words that are drawn at a time.


class Sampler:
    """Words of 32 bits, one after the other.

    Args:
        seed: The key.
        seed2: The upper half of the counter.
    """

    __slots__ = ("_at", "_counter", "_high", "_key", "_size", "_words")

    def __init__(self, seed: int, seed2: int):
        self._key, self._high = start(seed, seed2)
        self._counter = 0
        self._words: list[int] = []
        self._at = 0
        self._size = 4  # Many draw but a few.

    def draw(self) -> int:
        """Return the next word."""
        if self._at == len(self._words):
            self._words = philox_bits(self._key, self._high, self._counter, 4 * self._size, "uint32").tolist()
            self._counter += self._size
            self._at = 0
            self._size = min(_CHUNK, 4 * self._size)
        word = self._words[self._at]
        self._at += 1
        return word


def seeds_or_random(seed: int, seed2: int) -> tuple[int, int]:
    """Return two seeds; where both are zero, any.

    Args:
        seed: The first.
        seed2: The second.
    """
    if seed == 0 and seed2 == 0:
        return secrets.randbits(63), secrets.randbits(63)
    return seed, seed2


class SeedGenerator:
    """The seeds of one walk after the other.

    Args:
        seed: The first seed; two zeros stand for any.
        seed2: The second.
        again: Whether each walk gets other ones.
    """

    def __init__(self, seed: int, seed2: int, again: bool):
        self.seeds = seeds_or_random(seed, seed2)
        self._sampler = Sampler(*self.seeds) if again else None

    def next(self) -> tuple[int, int]:
        """Return the seeds of the next walk."""
        if self._sampler is None:
            return self.seeds
        return self._sampler.draw(), self._sampler.draw()
