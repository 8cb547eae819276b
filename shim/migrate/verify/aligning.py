"""Which layer of the new program computes what which layer of the old one computes.

Names decide where they are the same, as in two runs of one graph. Elsewhere layers are paired in order: where shapes
agree, by what they compute, by their kind, and by the likeness of their names.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from onevar.migrate.verify.matching import likeness
from onevar.migrate.verify.trace import Item

_ACTIVATIONS = frozenset((
    "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "relu6", "softplus", "softsign", "leakyrelu", "maximum",
    "gelu",
))  # fmt: skip
_QUICK = 1e-3


@dataclass(frozen=True)
class Pair:
    """Two layers that are taken for each other.

    Attributes:
        old: The old program's.
        new: The new one's.
        axes: In which order the new value's axes are the old one's; None if they are the same.
        kinship: How surely they are of the same kind, from 0 to 1.
    """

    old: Item
    new: Item
    axes: tuple[int, ...] | None = None
    kinship: float = 1.0

    @property
    def new_value(self) -> np.ndarray:
        """The new value, with axes as in the old program."""
        value = self.new.value
        return value if self.axes is None else np.transpose(value, self.axes)


def plain(kind: str) -> str:
    """Return a kind without its version."""
    lower = kind.lower()
    for version in ("v2", "v3", "v4"):
        lower = lower.removesuffix(version)
    return lower


@cache
def _kinds() -> dict[str, list[str]]:
    """Return what the last operation of a layer or function is in a graph of TensorFlow 1, the likeliest first."""
    text = resources.files("onevar.migrate.verify").joinpath("kinds.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {name: kinds.split() for name, kinds in rows}


def kinship(old: Item, new: Item) -> float:
    """Return how surely two layers are of a kind that does the same, from 0 to 1."""
    one, other = plain(old.kind), plain(new.kind)
    if one == other:
        return 1.0
    if one in _ACTIVATIONS and other in _ACTIVATIONS:
        return 0.8
    activation = str(new.settings.get("activation", "linear")).replace("_", "")
    known = _kinds().get(other, [])
    if activation in ("linear", "None"):
        return (1.0 if one in known[:3] else 0.6) if one in known else 0.0
    if one == activation:
        return 1.0
    if one in _ACTIVATIONS:
        return 0.8
    return 0.3 if one in known else 0.0


def axes_between(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[bool, tuple[int, ...] | None]:
    """Return whether shapes can be the same thing's, and how the new axes are to be taken."""
    if old == new:
        return True, None
    if len(old) == len(new) and len(old) > 2:
        first_to_last = (0, *range(2, len(new)), 1)
        if tuple(new[axis] for axis in first_to_last) == old:
            return True, first_to_last
    return False, None


def apart(old: np.ndarray, new: np.ndarray) -> float:
    """Return how far values are apart, relative to the largest old one; infinite for other shapes and for NaN."""
    if old.shape != new.shape:
        return float("inf")
    if not old.size:
        return 0.0
    wide = np.complex128 if "c" in (old.dtype.kind, new.dtype.kind) else np.float64
    one, other = old.astype(wide), new.astype(wide)
    with np.errstate(all="ignore"):
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        distance = np.where(same, 0.0, np.abs(one - other))
        finite = np.abs(one[np.isfinite(one)])
    scale = max(float(finite.max(initial=0.0)), 1e-12)
    worst = float(distance.max())
    return float("inf") if np.isnan(worst) else worst / scale


class _Summary:
    """Few numbers that tell most values apart."""

    def __init__(self, value: np.ndarray):
        flat = value.astype(np.complex128 if value.dtype.kind == "c" else np.float64).ravel()
        self.numbers = np.array([flat.mean(), flat.std(), np.abs(flat).max()]) if flat.size else np.zeros(3)

    def near(self, other: "_Summary") -> bool:
        scale = max(float(np.abs(self.numbers[2])), 1e-12)
        return bool(np.all(np.abs(self.numbers - other.numbers) <= _QUICK * scale))


def pairs(old: list[Item], new: list[Item], tolerance: float) -> list[Pair]:
    """Return which layers are each other's.

    Args:
        old: The old program's, in the order of computation.
        new: The new one's.
        tolerance: How far equal values may be apart.
    """
    by_name = {item.name: item for item in old}
    named = [item for item in new if item.name in by_name and by_name[item.name].kind == item.kind]
    if len(named) * 2 > len(new):
        return [
            _paired(by_name[item.name], item) for item in named if axes_between(by_name[item.name].shape, item.shape)[0]
        ]
    return _ordered(old, new, tolerance)


def _paired(old: Item, new: Item) -> Pair:
    return Pair(old, new, axes_between(old.shape, new.shape)[1], kinship(old, new))


def _ordered(old: list[Item], new: list[Item], tolerance: float) -> list[Pair]:
    """Return the pairs whose scores add up to most, in the same order on both sides."""
    scores = _scores(old, new, tolerance)
    best = np.zeros((len(old) + 1, len(new) + 1))
    for i in range(len(old)):
        for j in range(len(new)):
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + scores[i, j])
    found = []
    i, j = len(old), len(new)
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append(_paired(old[i], new[j]))
    return found[::-1]


def _scores(old: list[Item], new: list[Item], tolerance: float) -> np.ndarray:
    scores = np.zeros((len(old), len(new)))
    summaries: dict[int, _Summary] = {}

    def summary(item: Item) -> _Summary:
        if id(item) not in summaries:
            summaries[id(item)] = _Summary(item.value)
        return summaries[id(item)]

    for i, one in enumerate(old):
        for j, other in enumerate(new):
            fits, axes = axes_between(one.shape, other.shape)
            if not fits:
                continue
            equal = False
            if summary(one).near(summary(other)):
                equal = apart(one.value, Pair(one, other, axes).new_value) <= tolerance
            kind, alike = kinship(one, other), likeness(one.name, other.name)
            if equal:
                scores[i, j] = 4 + 2 * kind + alike
            elif kind > 0.2 or alike > 0.6:
                scores[i, j] = kind + 0.5 * alike
    return scores
