"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels, split once and for all."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits

SPLIT_SEED = 7
TEST_SHARE = 0.2
CLASSES = 10


@dataclass(frozen=True, slots=True)
class Digits:
    """Images and their classes.

    Attributes:
        pixels: `(n, 64)` float32 in [0, 1], row by row.
        labels: `(n,)` ints, 0 to 9.
    """

    pixels: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def one_hot(self) -> np.ndarray:
        """The classes as `(n, 10)` float32, 1 at the class and 0 elsewhere."""
        return np.eye(CLASSES, dtype=np.float32)[self.labels]


def load() -> tuple[Digits, Digits]:
    """Return the training and the test images; the same split at every call."""
    bunch = load_digits()
    pixels = (bunch.data / 16.0).astype(np.float32)  # scikit-learn's pixels run from 0 to 16
    order = np.random.default_rng(SPLIT_SEED).permutation(len(pixels))
    held_out = int(len(order) * TEST_SHARE)
    test, train = order[:held_out], order[held_out:]
    return Digits(pixels[train], bunch.target[train]), Digits(pixels[test], bunch.target[test])


def batches(digits: Digits, *, size: int, epochs: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield `(pixels, one_hot)` of `size` images each, in an order that depends on nothing but the arguments."""
    rng = np.random.default_rng(SPLIT_SEED)
    one_hot = digits.one_hot
    for _ in range(epochs):
        order = rng.permutation(len(digits))
        for start in range(0, len(order) - size + 1, size):
            rows = order[start : start + size]
            yield digits.pixels[rows], one_hot[rows]
