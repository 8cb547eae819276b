"""Which variable of the new program is which of the old one, and which of its inputs is which feed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import permutations
from typing import Any

import numpy as np

_WORDS = re.compile(r"[A-Za-z]+|\d+")
#: Words that mean the same in the names of different frameworks.
_SAME = {
    "weight": "kernel", "weights": "kernel", "w": "kernel", "biases": "bias", "b": "bias", "beta": "bias",
    "gamma": "scale", "running": "moving", "var": "variance", "embeddings": "embedding", "embed": "embedding",
}  # fmt: skip
_LEAST = 1e-6


@dataclass(frozen=True)
class Match:
    """A variable of the old program and its counterpart.

    Attributes:
        old: The old one's name.
        new: The new one's.
        rule: What is done to the old value, in words.
        axes: In which order the old value's axes are taken; None leaves them.
    """

    old: str
    new: str
    rule: str = "same"
    axes: tuple[int, ...] | None = None

    def forward(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the old value in the new layout."""
        value = values[self.old]
        return value if self.axes is None else np.transpose(value, self.axes)


def words(name: str) -> list[str]:
    """Return the words of a name, in lower case, with what means the same spelled the same."""
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", name.split(":")[0])
    return [_SAME.get(word, word) for word in (w.lower() for w in _WORDS.findall(plain))]


def likeness(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 1."""
    first, second = words(one), words(other)
    if first == second:
        return 1.0
    shared = len(set(first) & set(second)) / max(len(set(first) | set(second)), 1)
    return 0.6 * shared + 0.4 * SequenceMatcher(None, " ".join(first), " ".join(second)).ratio()


def weights(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], given: Mapping[str, str] | None = None,
    layouts: bool = False,
) -> list[Match]:  # fmt: skip
    """Return the counterparts, as far as shapes, names and order tell them.

    Args:
        old: The old program's variables: `name`, `shape`, `trainable`, `slot`, in the order of creation.
        new: The new one's.
        given: Names of new variables with the old ones that are theirs, which come first.
        layouts: Whether axes may be in another order, as in torch.

    Returns:
        One for each pair that is certain enough. Slots of optimizers are left out.
    """
    rest_old = [one for one in old if one.get("slot") is None]
    rest_new = list(new)
    found: list[Match] = []

    def take(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
        axes = _axes(one["shape"], other["shape"], layouts)
        rule = "same" if axes is None else f"axes {axes}"
        found.append(Match(one["name"], other["name"], rule, axes))
        rest_old.remove(one)
        rest_new.remove(other)

    for new_name, old_name in (given or {}).items():
        pair = [o for o in rest_old if o["name"] == old_name], [n for n in rest_new if n["name"] == new_name]
        if pair[0] and pair[1]:
            take(pair[0][0], pair[1][0])
    by_name = {one["name"]: one for one in rest_old}
    for other in list(rest_new):
        one = by_name.get(other["name"])
        if one is not None and one in rest_old and _fits(one, other, False):
            take(one, other)
    for one, other in _aligned(rest_old, rest_new, layouts):
        take(one, other)
    return found


def _fits(one: Mapping[str, Any], other: Mapping[str, Any], layouts: bool) -> bool:
    a, b = list(one["shape"]), list(other["shape"])
    if layouts:
        return sorted(a) == sorted(b) and one["trainable"] == other["trainable"]
    return a == b and one["trainable"] == other["trainable"]


def axes_between(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...] | None:
    """Return in which order axes are to be taken to get another shape, those that frameworks differ by first."""
    return _axes(a, b, True)


def _axes(a: Sequence[int], b: Sequence[int], layouts: bool) -> tuple[int, ...] | None:
    """Return in which order axes are to be taken, preferring those that frameworks differ by."""
    if not layouts or len(a) < 2:
        return None
    usual: dict[int, tuple[int, ...]] = {2: (1, 0), 3: (2, 1, 0), 4: (3, 2, 0, 1), 5: (4, 3, 0, 1, 2)}
    for axes in [usual.get(len(a), ()), *permutations(range(len(a)))]:
        if axes and [a[axis] for axis in axes] == list(b):
            return None if list(axes) == list(range(len(a))) else tuple(axes)
    return None


def _aligned(old: Sequence[Any], new: Sequence[Any], layouts: bool) -> list[tuple[Any, Any]]:
    """Return pairs of equal shape: within a shape, in order where the numbers are equal, else by likeness of names."""
    pairs: list[tuple[Any, Any]] = []
    groups: dict[tuple, tuple[list[Any], list[Any]]] = {}
    for side, variables in enumerate((old, new)):
        for one in variables:
            shape = tuple(sorted(one["shape"])) if layouts else tuple(one["shape"])
            groups.setdefault((shape, one["trainable"]), ([], []))[side].append(one)
    for ones, others in groups.values():
        pairs.extend(_within(ones, others, layouts))
    return pairs


def _within(ones: list[Any], others: list[Any], layouts: bool) -> list[tuple[Any, Any]]:
    scores = [[likeness(one["name"], other["name"]) for other in others] for one in ones]
    if len(ones) == len(others):
        crossing = _best(scores)
        straight = sum(scores[i][i] for i in range(len(ones)))
        # Order decides unless names clearly say something else.
        if sum(scores[i][j] for i, j in crossing) < straight + 0.15 * len(ones):
            return list(zip(ones, others, strict=True))
        return [(ones[i], others[j]) for i, j in crossing]
    return [(ones[i], others[j]) for i, j in _best(scores) if scores[i][j] > 0.3]


def _best(scores: list[list[float]]) -> list[tuple[int, int]]:
    """Return pairs of indices, the most alike first."""
    flat = sorted(((s, -i, -j) for i, row in enumerate(scores) for j, s in enumerate(row)), reverse=True)
    used_i: set[int] = set()
    used_j: set[int] = set()
    pairs = []
    for _, i, j in flat:
        if -i not in used_i and -j not in used_j:
            used_i.add(-i)
            used_j.add(-j)
            pairs.append((-i, -j))
    return pairs


# -- inputs ---------------------------------------------------------------------------------------


def feeding(
    feeds: Mapping[str, np.ndarray], leaves: Sequence[tuple[str, Any, np.ndarray | None]]
) -> tuple[list[Any], list[str]]:
    """Return what a model's inputs are to be, from the other program's feeds.

    Args:
        feeds: The old program's feeds by name.
        leaves: Of the new program's inputs: name, the tensor, its value.

    Returns:
        For each input an array, or None where the program's own stays; and notes about these.
    """
    left = dict(feeds)
    results: list[Any] = [None] * len(leaves)
    for score in (_same_name, _same_value, _same_kind):
        for index, (name, _, value) in enumerate(leaves):
            if results[index] is not None or value is None:
                continue
            ranked = [(score(name, value, key, given), key) for key, given in left.items()]
            best = max(ranked, default=(0.0, ""))
            if best[0] > 0:
                results[index] = adapted(left.pop(best[1]), value)
    notes = [
        f"Input {name or 'x'} is the new program's own: none of the old feeds ({', '.join(feeds) or 'none'}) goes "
        "with it."
        for (name, _, value), result in zip(leaves, results, strict=True)
        if result is None and value is not None and value.ndim
    ]
    return results, notes


def adapted(given: np.ndarray, value: np.ndarray) -> np.ndarray | None:
    """Return a feed in the form of an input: its dtype, channels where it has them, classes as numbers or one-hot."""
    arranged = _arranged(given, value)
    return None if arranged is None else arranged.astype(value.dtype)


def _arranged(given: np.ndarray, value: np.ndarray) -> np.ndarray | None:
    if _alike(given.shape, value.shape):
        return given
    if given.ndim == value.ndim and given.ndim > 2:
        last_to_second = (0, given.ndim - 1, *range(1, given.ndim - 1))
        for axes in (last_to_second, tuple(np.argsort(last_to_second))):
            if _alike(tuple(given.shape[axis] for axis in axes), value.shape):
                return np.transpose(given, axes)
    if given.ndim == value.ndim + 1 and given.shape[-1] == 1:
        return given[..., 0]
    if value.ndim == given.ndim + 1 and value.shape[-1] == 1:
        return given[..., None]
    if given.ndim == value.ndim + 1 and value.dtype.kind in "iu" and given.ndim == 2:
        return given.argmax(-1)
    if value.ndim == given.ndim + 1 and given.dtype.kind in "iu" and value.ndim == 2:
        return np.eye(value.shape[-1])[given]
    if given.size and given.ndim and value.ndim and given.size // len(given) == value.size // max(len(value), 1):
        return given.reshape(len(given), *value.shape[1:])
    return None


def _alike(shape: tuple, other: tuple) -> bool:
    """Say whether shapes differ at most in the size of the batch."""
    return len(shape) == len(other) and (not shape or shape[1:] == other[1:])


def _same_name(name: str, value: np.ndarray, key: str, given: np.ndarray) -> float:
    last = name.split("/")[-1]
    return float(bool(last) and words(last) == words(key) and _arranged(given, value) is not None)


def _same_value(name: str, value: np.ndarray, key: str, given: np.ndarray) -> float:
    arranged = _arranged(given, value)
    if arranged is None or arranged.shape != value.shape or not value.size or value.ndim == 0:
        return 0.0
    with np.errstate(all="ignore"):
        apart = np.abs(arranged.astype(np.float64) - value.astype(np.float64)).max()
    return float(apart <= _LEAST)


def _same_kind(name: str, value: np.ndarray, key: str, given: np.ndarray) -> float:
    if not value.ndim or _arranged(given, value) is None:
        return 0.0
    same_dtype = (given.dtype.kind in "iub") == (value.dtype.kind in "iub")
    exact = _alike(given.shape, value.shape)
    return 0.1 + exact + 0.5 * same_dtype + likeness(name, key)


def feeder(flatten: Callable[[Any, str], list[tuple[str, Any]]], array: Callable[[Any], Any], make: Any) -> Any:
    """Return what puts the old feeds in place of a model's inputs and targets.

    Args:
        flatten: Gives the leaves of nested inputs, with names.
        array: Gives a tensor's value.
        make: Makes a tensor like another one of an array.
    """

    def feed(feeds: Mapping[str, np.ndarray], x: Any, y: Any) -> tuple[tuple[Any, Any], list[str]]:
        found = [*flatten(x, ""), *flatten(y, "y")]
        leaves = [(name, leaf, array(leaf)) for name, leaf in found]
        results, notes = feeding(feeds, leaves)
        pairs = zip(leaves, results, strict=True)
        values = iter([leaf if new is None else make(new, leaf) for (_, leaf, _), new in pairs])
        return (_filled(x, values), _filled(y, values)), notes

    return feed


def _filled(structure: Any, values: Any) -> Any:
    """Return the structure with its leaves replaced, in order."""
    if isinstance(structure, dict):
        return {key: _filled(item, values) for key, item in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)([_filled(item, values) for item in structure])
    return None if structure is None else next(values)


def named_tensors(output: Any, name: str = "output") -> list[tuple[str, Any]]:
    """Return the tensors of torch in nested lists and dicts, with where they are."""
    if isinstance(output, Mapping):
        return [pair for key, item in output.items() for pair in named_tensors(item, str(key))]
    if isinstance(output, list | tuple):
        return [pair for i, item in enumerate(output) for pair in named_tensors(item, f"{name}/{i}")]
    return [(name, output)] if hasattr(output, "detach") else []
