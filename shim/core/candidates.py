"""TensorFlow's candidate samplers, draw by draw, over NumPy: who is drawn, and how often each is to be expected.

A sampler takes 32-bit words off a stream, one after the other. Samples are drawn many at a time; where one of them is
rejected and takes more words than the others, all are drawn again one by one.
"""

import math
from collections.abc import Sequence

import numpy as np

from onevar.core.philox import TABLE as PHILOX
from onevar.core.philox import Pair

#: Blocks of four words that TensorFlow sets aside for each sample, however many it takes.
RESERVED = 512


class Words:
    """The words of a stream, from a position on.

    Args:
        key: The generator's key.
        high: The upper half of its counter.
        counter: The lower half.
    """

    def __init__(self, key: Pair, high: Pair, counter: int):
        self._place = (key, high, counter)
        self._words = np.empty(0, np.uint32)
        self.at = 0

    def take(self, count: int) -> np.ndarray:
        """Return the next words, as uint64.

        Args:
            count: How many.
        """
        self.at += count
        if self.at > self._words.size:
            blocks = max(-(-self.at // 4), self._words.size // 2)
            self._words = PHILOX["philox_bits"](*self._place, 4 * blocks, "uint32").astype(np.uint64)
        return self._words[self.at - count : self.at]


def _floats(words: np.ndarray) -> np.ndarray:
    return ((words & np.uint64(0x7FFFFF)) | np.uint64(0x3F800000)).astype(np.uint32).view(np.float32) - np.float32(1)


def _doubles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    bits = ((first & np.uint64(0xFFFFF)) << np.uint64(32)) | second | np.uint64(1023 << 52)
    return bits.view(np.float64) - 1.0


def _below(words: np.ndarray, limit: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers below a limit, and which of them TensorFlow would take."""
    if limit & (limit - 1) == 0:
        return words & np.uint64(limit - 1), np.ones(words.shape, bool)
    skewed = ((1 << bits) - 1) % limit + 1
    return words % np.uint64(limit), words >= np.uint64(skewed)


class Sampler:
    """Draws from `range` classes.

    Args:
        range_max: How many there are.
    """

    def __init__(self, range_max: int):
        self.range = range_max

    def draw(self, words: Words, count: int) -> np.ndarray:
        """Return samples.

        Args:
            words: What they are made of.
            count: How many.
        """
        raise NotImplementedError

    def probability(self, classes: np.ndarray) -> np.ndarray:
        """Return how likely each class is, as float32.

        Args:
            classes: Any.
        """
        raise NotImplementedError

    def update(self, classes: np.ndarray) -> None:
        """Learn from the classes that were true.

        Args:
            classes: Those, one after the other.
        """

    def batch(self, words: Words, count: int, unique: bool) -> tuple[np.ndarray, int]:
        """Return samples, and how many had to be drawn.

        Args:
            words: What they are made of.
            count: How many.
            unique: Whether none may be there twice.
        """
        if not unique:
            return self.draw(words, count), count
        drawn = self.draw(words, count + count // 4 + 4)
        while True:
            first = np.sort(np.unique(drawn, return_index=True)[1])
            if first.size >= count:
                return drawn[first[:count]], int(first[count - 1]) + 1
            drawn = np.concatenate([drawn, self.draw(words, drawn.size)])

    def expected(self, classes: np.ndarray, count: int, tries: int) -> np.ndarray:
        """Return how often each class is to be expected among the samples, as float32.

        Args:
            classes: Any.
            count: How many samples there are.
            tries: How many were drawn for them.
        """
        likely = self.probability(classes)
        if tries == count:
            return likely * np.float32(count)
        tried = np.log1p(-likely.astype(np.float64)).astype(np.float32) * np.float32(tries)
        return (-np.expm1(tried.astype(np.float64))).astype(np.float32)


class Uniform(Sampler):
    """All classes are equally likely."""

    def draw(self, words: Words, count: int) -> np.ndarray:  # noqa: D102 (see Sampler)
        pairs = words.take(2 * count).reshape(-1, 2)
        numbers, taken = _below(pairs[:, 0] | pairs[:, 1] << np.uint64(32), self.range, 64)
        found = numbers[taken].astype(np.int64)
        return found if taken.all() else np.concatenate([found, self.draw(words, count - found.size)])

    def probability(self, classes: np.ndarray) -> np.ndarray:  # noqa: D102 (see Sampler)
        return np.full(classes.shape, 1.0 / self.range, np.float32)


class LogUniform(Sampler):
    """Zipf's distribution: classes are sorted by how frequent they are."""

    def __init__(self, range_max: int):
        super().__init__(range_max)
        self._log = math.log1p(range_max)

    def draw(self, words: Words, count: int) -> np.ndarray:  # noqa: D102 (see Sampler)
        pairs = words.take(2 * count).reshape(-1, 2)
        values = np.exp(_doubles(pairs[:, 0], pairs[:, 1]) * self._log).astype(np.int64) - 1
        return values % self.range

    def probability(self, classes: np.ndarray) -> np.ndarray:  # noqa: D102 (see Sampler)
        classes = classes.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (np.log((classes + 2.0) / (classes + 1.0)) / self._log).astype(np.float32)


class LearnedUnigram(Sampler):
    """Classes are as likely as they were true before, and once more."""

    def __init__(self, range_max: int):
        super().__init__(range_max)
        self._weights = np.ones(range_max, np.int64)
        self._sums: np.ndarray | None = None

    def draw(self, words: Words, count: int) -> np.ndarray:  # noqa: D102 (see Sampler)
        if self._sums is None:
            self._sums = np.cumsum(self._weights)
        numbers, taken = _below(words.take(count), int(self._sums[-1]), 32)
        found = np.searchsorted(self._sums, numbers[taken].astype(np.int64), side="right")
        if not taken.all():
            found = np.concatenate([found, self.draw(words, count - found.size)])
        return found

    def probability(self, classes: np.ndarray) -> np.ndarray:  # noqa: D102 (see Sampler)
        inside = (classes >= 0) & (classes < self.range)
        weights = np.where(inside, self._weights[np.where(inside, classes, 0)], 0)
        return weights.astype(np.float32) / np.float32(self._weights.sum())

    def update(self, classes: np.ndarray) -> None:  # noqa: D102 (see Sampler)
        room = np.iinfo(np.int32).max - int(self._weights.sum())
        np.add.at(self._weights, classes[: max(room, 0)], 1)
        self._sums = None


class FixedUnigram(Sampler):
    """Classes are as likely as given weights say.

    Args:
        range_max: How many classes there are.
        weights: One for each class, as float32.
    """

    def __init__(self, range_max: int, weights: np.ndarray):
        super().__init__(range_max)
        self._weights = weights
        self._total = np.float32(0)
        for weight in weights:
            self._total = np.float32(self._total + weight)
        self._kept, self._other = alias_table(weights)

    def draw(self, words: Words, count: int) -> np.ndarray:  # noqa: D102 (see Sampler)
        start = words.at
        pairs = words.take(2 * count).reshape(-1, 2)
        buckets, taken = _below(pairs[:, 1], self._weights.size, 32)
        chances = _floats(pairs[:, 0])
        if not taken.all():
            words.at = start
            chances, buckets = self._one_by_one(words, count)
        buckets = buckets.astype(np.int64)
        return np.where(chances < self._kept[buckets], buckets, self._other[buckets])

    def _one_by_one(self, words: Words, count: int) -> tuple[np.ndarray, np.ndarray]:
        chances, buckets = np.empty(count, np.float32), np.empty(count, np.uint64)
        for i in range(count):
            chances[i] = _floats(words.take(1))[0]
            taken = np.array([False])
            while not taken[0]:
                found, taken = _below(words.take(1), self._weights.size, 32)
            buckets[i] = found[0]
        return chances, buckets

    def probability(self, classes: np.ndarray) -> np.ndarray:  # noqa: D102 (see Sampler)
        inside = (classes >= 0) & (classes < self._weights.size)
        weights = np.where(inside, self._weights[np.where(inside, classes, 0)], np.float32(0))
        return (weights / self._total).astype(np.float32)


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Walker's tables for drawing by weights: how often a bucket is kept, and who has the rest of it.

    Args:
        weights: Of the buckets, as float32.
    """
    count = weights.size
    total = 0.0
    for weight in weights.tolist():
        total += weight
    shares = (weights * np.float32(count)).astype(np.float64) / total
    share: list[float] = shares.tolist()
    other = np.full(count, -1, np.int64)
    low = [i for i in range(count) if share[i] < 1.0]
    high = [i for i in range(count) if not share[i] < 1.0]
    while high and low:
        poor, rich = low.pop(), high.pop()
        other[poor] = rich
        share[rich] -= 1.0 - share[poor]
        (low if share[rich] < 1.0 else high).append(rich)
    kept = np.array(share, np.float64).astype(np.float32)
    for left in (*high, *low):
        kept[left], other[left] = 1.0, left
    return kept, other


def weights_of(unigrams: Sequence[float], distortion: float, reserved: int, shards: int, shard: int) -> np.ndarray:
    """Return the weights of the classes of one shard.

    Args:
        unigrams: How frequent the classes after the reserved ones are.
        distortion: The power that they are raised to.
        reserved: How many classes there are in front of them that are never drawn.
        shards: How many shards the classes are dealt out to.
        shard: Which one is wanted.
    """
    power = np.float32(distortion)
    first = [np.float32(0) for word in range(reserved) if word % shards == shard]
    # TensorFlow counts on from how many reserved classes the shard has.
    numbered = enumerate(unigrams, start=len(first))
    return np.array([*first, *(np.float32(w) ** power for word, w in numbered if word % shards == shard)], np.float32)


def accidental_hits(true_classes: np.ndarray, sampled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where sampled candidates are true: rows, positions among the candidates, and very negative weights.

    Args:
        true_classes: One row for each example.
        sampled: The candidates.
    """
    order = np.argsort(sampled, kind="stable")
    last = np.searchsorted(sampled[order], true_classes, side="right") - 1  # of several the last one
    hit = (last >= 0) & (sampled[order][np.maximum(last, 0)] == true_classes) if sampled.size else last > 0
    rows = np.nonzero(hit)[0]
    weights = np.full(rows.size, -np.finfo(np.float32).max, np.float32)
    return rows.astype(np.int32), order[last[hit]].astype(np.int64), weights
