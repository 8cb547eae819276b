"""Compares two recorded runs, value by value, in the order in which they were computed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from onevar.migrate.verify import tolerances
from onevar.migrate.verify.aligning import Pair, apart, axes_between, pairs
from onevar.migrate.verify.linking import Link
from onevar.migrate.verify.matching import likeness
from onevar.migrate.verify.report import BETWEEN, DIFFERS, EQUAL, ONLY_NEW, ONLY_OLD, ROUNDING, Row
from onevar.migrate.verify.trace import Event, Item, Trace


@dataclass
class Compared:
    """One event of both runs, and what comparing them gave.

    Attributes:
        old: The old run's.
        new: The new run's.
        links: Which variables are which, by the new name.
        rows: The comparisons.
        layers: Layers that were taken for each other.
        outputs: Outputs and losses that were taken for each other.
    """

    old: Event
    new: Event
    links: dict[str, Link]
    rows: list[Row] = field(default_factory=list)
    layers: list[Pair] = field(default_factory=list)
    outputs: list[tuple[Item, Item]] = field(default_factory=list)


class Comparison:
    """Compares runs.

    Args:
        old: The old run.
        new: The new one.
        known: Which variables are which.
        tolerance: How far values may be apart.
    """

    def __init__(self, old: Trace, new: Trace, known: Sequence[Link], tolerance: float):
        self.old, self.new, self.tolerance = old, new, tolerance
        self.links = {link.new: link for link in known}

    def run(self) -> list[Compared]:
        """Return each event that both have, compared."""
        by_place = {event.place: event for event in self.new.events}
        found = []
        for event in self.old.events:
            other = by_place.get(event.place)
            if other is not None:
                one = Compared(event, other, self.links)
                one.rows = self._rows(one)
                found.append(one)
        if found:
            found[0].rows = [*self._unmatched(found[0].old), *found[0].rows]
        return found

    def _unmatched(self, event: Event) -> Iterator[Row]:
        """Yield trainable variables that only one of the programs has."""
        taken = {name for link in self.links.values() for name in link.olds}
        for name, value in self.old.weights.items():
            if name in self.old.trainable and name not in taken:
                yield Row(event.place, 0, "weights", name, "", float("inf"), 0.0, ONLY_OLD, value.shape)
        for name, value in self.new.weights.items():
            if name in self.new.trainable and name not in self.links:
                yield Row(event.place, 0, "weights", "", name, float("inf"), 0.0, ONLY_NEW, value.shape)

    def _row(
        self, event: Event, kind: str, old: Item | None, new: Item | None, difference: float, note: str = ""
    ) -> Row:
        limit = tolerances.allowed(kind, event.step, self.tolerance)
        verdict = EQUAL if difference <= limit else DIFFERS
        if old is None or new is None:
            verdict = ONLY_NEW if old is None else ONLY_OLD
        shape = (old or new).shape if old or new else ()  # type: ignore[union-attr]
        names = "" if old is None else old.name, "" if new is None else new.name
        return Row(event.place, event.step, kind, *names, difference, limit, verdict, shape, note)

    def _rows(self, one: Compared) -> list[Row]:
        rows = [*self._feeds(one), *self._random(one)]
        late = [*self._outputs(one), *self._losses(one), *self._gradients(one), *self._weights(one), *self._slots(one)]
        return [*rows, *self._layers(one, any(row.verdict == DIFFERS for row in late)), *late]

    def _feeds(self, one: Compared) -> Iterator[Row]:
        old = [item for item in (*one.old.items("feeds"), *one.old.items("sources")) if item.shape]
        new = [item for item in (*one.new.items("feeds"), *one.new.items("sources")) if item.shape]
        for same in (_same_feed, _close, _only_alike(old, new)):
            for item in list(old):
                other = next((other for other in new if same(item, other)), None)
                if other is not None:
                    old.remove(item)
                    new.remove(other)
                    yield self._row(
                        one.old, "feeds", item, other, apart(item.value.astype(other.value.dtype), other.value)
                    )

    def _random(self, one: Compared) -> Iterator[Row]:
        if self.new.contents["kind"] == "v1":
            new = {item.name: item for item in one.new.items("random")}
            for item in one.old.items("random"):
                if item.name in new:
                    yield self._row(one.old, "random", item, new[item.name], apart(item.value, new[item.name].value))
        for text in one.new.data.get("missed") or ():
            yield Row(
                one.old.place, one.old.step, "random", "", text, float("inf"), 0.0, DIFFERS, (), "drawn by itself"
            )

    def _layers(self, one: Compared, parted: bool) -> list[Row]:
        one.layers = pairs(one.old.items("layers"), one.new.items("layers"), self.tolerance)
        rows = [self._row(one.old, "layers", p.old, p.new, apart(p.old.value, p.new_value)) for p in one.layers]
        if parted:
            return rows
        # What comes out is the same: these are no counterparts, or it does not matter.
        return [replace(row, verdict=BETWEEN) if row.verdict == DIFFERS else row for row in rows]

    # -- what comes out -------------------------------------------------------------------------

    def _outputs(self, one: Compared) -> Iterator[Row]:
        losses = {item.name for item in one.old.items("losses")}
        old = [item for item in one.old.items("fetches") if item.name not in losses]
        new = one.new.items("fetches")
        for item, other in _counterparts(old, new, self.tolerance):
            one.outputs.append((item, other))
            yield self._row(one.old, "outputs", item, other, _across(item, other))
        paired = {item.name for item, _ in one.outputs}
        for item in old:
            if item.name not in paired and item.data["dtype"].startswith("float"):
                yield self._row(one.old, "outputs", item, None, float("inf"))

    def _losses(self, one: Compared) -> Iterator[Row]:
        old, new = one.old.items("losses"), one.new.items("losses")
        for item, other in zip(old, new, strict=False):
            one.outputs.append((item, other))
            difference = apart(item.value, other.value)
            if item.shape != other.shape:
                difference = apart(np.sum(item.value), np.sum(other.value))
            yield self._row(one.old, "losses", item, other, difference)
        if old and not new and one.new.trains and not one.new.data.get("own_loss"):
            yield self._row(one.old, "losses", old[0], None, float("inf"))

    # -- what changes ---------------------------------------------------------------------------

    def _gradients(self, one: Compared) -> Iterator[Row]:
        largest = max((float(np.abs(g).max(initial=0)) for g in one.old.gradients.values()), default=0.0)
        for link in self.links.values():
            gradient = link.linear(one.old.gradients)
            if gradient is None:
                continue
            other = one.new.gradients.get(link.new)
            if other is None:
                if one.new.gradients:
                    yield self._named(one, "gradients", link, float("inf"), gradient.shape, "the new one has none")
                continue
            rounding = tolerances.is_rounding(gradient, largest) and tolerances.is_rounding(other, largest)
            yield self._named(one, "gradients", link, apart(gradient, other), gradient.shape, rounding=rounding)

    def _named(
        self,
        one: Compared,
        kind: str,
        link: Link,
        difference: float,
        shape: tuple,
        note: str = "",
        rounding: bool = False,
    ) -> Row:
        limit = tolerances.allowed(kind, one.old.step, self.tolerance)
        verdict = EQUAL if difference <= limit else (ROUNDING if rounding else DIFFERS)
        return Row(one.old.place, one.old.step, kind, link.old, link.new, difference, limit, verdict, shape, note)

    def _weights(self, one: Compared) -> Iterator[Row]:
        largest = max((float(np.abs(g).max(initial=0)) for g in one.old.gradients.values()), default=0.0)
        for link in self.links.values():
            value, before = link.forward(one.old.after), link.forward(one.old.before)
            if value is None or before is None or link.new not in one.new.after:
                continue
            difference = tolerances.moved_apart(before, value, one.new.before[link.new], one.new.after[link.new])
            rounding = tolerances.is_rounding(link.linear(one.old.gradients), largest)
            yield self._named(one, "weights", link, difference, value.shape, rounding=rounding)

    def _slots(self, one: Compared) -> Iterator[Row]:
        new, old = one.new.slots(), one.old.slots()
        for slot in dict.fromkeys(kind for _, kind in old):
            values = {owner: value for (owner, kind), value in old.items() if kind == slot}
            for link in self.links.values():
                value, other = link.linear(values), new.get((link.new, slot))
                if value is not None and other is not None and value.shape == other.shape:
                    yield self._slot(one, link, slot, value, other)

    def _slot(self, one: Compared, link: Link, slot: str, value: np.ndarray, other: np.ndarray) -> Row:
        difference, note = tolerances.moved_apart(np.zeros_like(value), value, np.zeros_like(other), other), ""
        if difference > tolerances.allowed("slots", one.old.step, self.tolerance):
            difference, note = _scaled(value, other) or (difference, note)
        row = self._named(one, "slots", link, difference, value.shape, note)
        rounding = row.verdict == DIFFERS and tolerances.is_rounding(value, _largest(one, slot))
        verdict = ROUNDING if rounding else row.verdict
        return replace(row, old=f"{link.old}/{slot}", new=f"{link.new}/{slot}", verdict=verdict)


def _largest(one: Compared, slot: str) -> float:
    found = [float(np.abs(v).max(initial=0)) for (_, kind), v in one.old.slots().items() if kind == slot]
    return max(found, default=0.0)


def _scaled(old: np.ndarray, new: np.ndarray) -> tuple[float, str] | None:
    """Return what remains where a slot is the other one's times a number: Keras's momentum has the rate in it."""
    one, other = old.astype(np.float64).ravel(), new.astype(np.float64).ravel()
    length = float(one @ one)
    if not length:
        return None
    factor = float(one @ other) / length
    if abs(factor) < 1e-12:
        return None
    rest = float(np.linalg.norm(other / factor - one)) / np.sqrt(length)
    return (rest, f"times {factor:.6g}") if rest < 1e-3 and factor < 0 else None


def _close(item: Item, other: Item) -> bool:
    return item.shape == other.shape and bool(item.shape) and apart(item.value, other.value) <= 1e-6


def _same_feed(item: Item, other: Item) -> bool:
    return item.name.split(":")[0] == other.name.split(":")[0].rpartition("/")[2] and item.shape == other.shape


def _only_alike(old: list[Item], new: list[Item]) -> Callable[[Item, Item], bool]:
    """Return whether inputs are of one shape that nothing else has."""

    def test(item: Item, other: Item) -> bool:
        alone = sum(one.shape == item.shape for one in old) == sum(one.shape == item.shape for one in new) == 1
        return alone and item.shape == other.shape and item.value.dtype.kind == other.value.dtype.kind

    return test


def _across(item: Item, other: Item) -> float:
    fits, axes = axes_between(item.shape, other.shape)
    if not fits:
        return apart(item.value.ravel(), other.value.ravel()) if item.value.size == other.value.size else float("inf")
    return apart(item.value, other.value if axes is None else np.transpose(other.value, axes))


def _counterparts(old: list[Item], new: list[Item], tolerance: float) -> list[tuple[Item, Item]]:
    """Return which results are which: by name, by value, by name's likeness, or because nothing else is left."""
    found: list[tuple[Item, Item]] = []
    rest, others = list(old), list(new)

    def take(test: object) -> None:
        for item in list(rest):
            for other in others:
                if test(item, other):  # type: ignore[operator]
                    found.append((item, other))
                    rest.remove(item)
                    others.remove(other)
                    break

    take(lambda item, other: item.name == other.name)
    take(lambda item, other: item.value.size == other.value.size and _across(item, other) <= tolerance)
    take(lambda item, other: item.value.size == other.value.size and likeness(item.name, other.name) > 0.5)
    others[:] = [other for other in others if not other.name.startswith("logs/")]
    for item in list(rest):
        same = [other for other in others if other.shape == item.shape and item.shape]
        if len(same) == 1 and sum(one.shape == item.shape for one in rest) == 1:
            found.append((item, same[0]))
            others.remove(same[0])
    return sorted(found, key=lambda pair: [one.name for one in old].index(pair[0].name))
