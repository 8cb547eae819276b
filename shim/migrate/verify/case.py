"""One difference, with everything that a cause may be found in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from onevar.migrate.verify.aligning import Pair, apart
from onevar.migrate.verify.comparing import Compared
from onevar.migrate.verify.linking import Link
from onevar.migrate.verify.report import Row
from onevar.migrate.verify.trace import Item, Trace

#: How well a way of computing must give what a program has. It is NumPy in float64 against a framework in float32.
CLOSE = 2e-4


@dataclass(frozen=True)
class Seen:
    """What a test saw.

    Attributes:
        text: With numbers.
    """

    text: str


class Case:
    """One difference.

    Args:
        old: The old run.
        new: The new one.
        event: The event.
        row: The difference.
    """

    def __init__(self, old: Trace, new: Trace, event: Compared, row: Row):
        self.old, self.new, self.event, self.row = old, new, event, row

    @cached_property
    def pair(self) -> Pair | None:
        """The layers or results that differ."""
        if self.row.kind == "layers":
            return next(
                (p for p in self.event.layers if (p.old.name, p.new.name) == (self.row.old, self.row.new)), None
            )
        found = [(a, b) for a, b in self.event.outputs if (a.name, b.name) == (self.row.old, self.row.new)]
        if not found:
            return None
        old, new = found[0]
        layers = {item.name: item for item in self.event.old.items("layers")}
        return Pair(layers.get(old.name, old), new)

    @property
    def values(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Both values, in float64; the new one with axes as in the old program."""
        if self.pair is None:
            return None
        return wide(self.pair.old.value), wide(self.pair.new_value)

    @cached_property
    def given(self) -> list[np.ndarray]:
        """What the layers were given, on either side, the new one's first; each value once."""
        if self.pair is None:
            return []
        arrays = [*self.event.new.inputs(self.pair.new), *self._before(self.pair.old)]
        return distinct(arrays)

    def _before(self, item: Item, depth: int = 5) -> Iterable[np.ndarray]:
        """Yield what an operation of the old graph was computed from, some operations back."""
        layers = {one.name: one for one in self.event.old.items("layers")}
        names = [item.name]
        seen: set[str] = set()
        for _ in range(depth):
            inputs = [name for n in names for name in self.old.nodes.get(n, {}).get("inputs", [])]
            names = [name for name in dict.fromkeys(inputs) if name not in seen]
            seen.update(names)
            for name in names:
                value = self.event.old.lookup(name)
                if value is not None:
                    yield value
            names = [name for name in names if name in layers]

    @cached_property
    def kinds(self) -> str:
        """The kinds of both layers, in lower case, for words to be looked for."""
        if self.pair is None:
            return ""
        return f"{self.pair.old.kind} {self.pair.new.kind} {self.pair.old.name} {self.pair.new.name}".lower()

    @cached_property
    def parameters(self) -> list[np.ndarray]:
        """The variables of the new layer, or those among the inputs of the old operation; each once."""
        if self.pair is None:
            return []
        own = self.event.new.weights_of(self.pair.new)
        return distinct([*own, *self._before(self.pair.old), *self.event.new.inputs(self.pair.new)])

    def variables(self, trainable: bool) -> list[np.ndarray]:
        """Return the variables of either program that are trainable, or those that are not; each once."""
        sides = (self.event.old.before, self.old.trainable), (self.event.new.before, self.new.trainable)
        found = (value for before, known in sides for name, value in before.items() if (name in known) is trainable)
        return distinct(found)

    def inputs(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return what the old layer was computed from, and what the new one was given."""
        if self.pair is None:
            return [], []
        return distinct(self._before(self.pair.old)), distinct(self.event.new.inputs(self.pair.new))

    def setting(self, *names: str) -> Iterable[Any]:
        """Yield settings of the new layer and of the old operation by any of these names."""
        for item in (self.pair.new, self.pair.old) if self.pair else ():
            for name in names:
                if name in item.settings:
                    yield item.settings[name]

    def feeds(self) -> list[np.ndarray]:
        """Return what the old program was fed."""
        return [item.value for item in (*self.event.old.items("feeds"), *self.event.old.items("sources"))]

    # -- variables ------------------------------------------------------------------------------

    @cached_property
    def link(self) -> Link | None:
        """The variable that the row is about."""
        owner = self.row.new.rpartition("/")[0] if self.row.kind == "slots" else self.row.new
        return self.event.links.get(owner)

    def moves(self, link: Link | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return for a variable its old value before the step, and how it moved in both programs, in the new layout.

        Args:
            link: The variable; None takes the row's.
        """
        link = link or self.link
        if link is None or link.new not in self.event.new.after:
            return None
        before, after = link.forward(self.event.old.before), link.forward(self.event.old.after)
        start, end = self.event.new.before.get(link.new), self.event.new.after[link.new]
        if before is None or after is None or start is None or not before.shape == after.shape == start.shape:
            return None
        return wide(before), wide(after) - wide(before), wide(end) - wide(start)

    def gradients(self, link: Link) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return a variable's gradients in both programs, in the new layout."""
        old, new = link.linear(self.event.old.gradients), self.event.new.gradients.get(link.new)
        return None if old is None else wide(old), None if new is None else wide(new)

    def all_moves(self) -> list[tuple[Link, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
        """Return the moves of every trainable variable that moves in the old program."""
        found = []
        for link in self.event.links.values():
            moved = self.moves(link) if link.olds[0] in self.old.trainable else None
            if moved is not None and np.abs(moved[1]).max(initial=0) > 0:
                found.append((link, moved))
        return found


def wide(value: np.ndarray) -> np.ndarray:
    """Return a value in float64."""
    return np.asarray(value).astype(np.complex128 if value.dtype.kind == "c" else np.float64)


def distinct(arrays: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Return arrays of numbers in float64, each value once."""
    found: list[np.ndarray] = []
    for array in arrays:
        value = wide(np.asarray(array))
        if not any(one.shape == value.shape and np.array_equal(one, value) for one in found):
            found.append(value)
    return found


def close(one: np.ndarray | None, other: np.ndarray, limit: float = CLOSE) -> bool:
    """Say whether a way of computing gives a value."""
    return one is not None and one.shape == other.shape and apart(other, one) <= limit


def told_apart(
    ways: Mapping[str, Callable[[], np.ndarray | None]], old: np.ndarray, new: np.ndarray
) -> tuple[str, str] | None:
    """Return the ways that give the old and the new value, if these are two."""
    results = {}
    for label, way in ways.items():
        value = way()
        if value is not None:
            results[label] = value
    ours = next((label for label, value in results.items() if close(value, old)), None)
    theirs = next((label for label, value in results.items() if close(value, new)), None)
    if ours is None or theirs is None or ours == theirs or close(results[ours], new) or close(results[theirs], old):
        return None
    return ours, theirs
