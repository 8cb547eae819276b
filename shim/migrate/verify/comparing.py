"""Compares two recorded runs, value by value, in the order in which they were computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from onevar.migrate.verify import tolerances
from onevar.migrate.verify.aligning import Pair, apart, axes_between, pairs
from onevar.migrate.verify.matching import Match, likeness
from onevar.migrate.verify.report import BETWEEN, DIFFERS, EQUAL, ONLY_NEW, ONLY_OLD, ROUNDING, Row
from onevar.migrate.verify.trace import Event, Item, Trace


@dataclass
class Compared:
    """One event of both runs, and what comparing them gave.

    Attributes:
        old: The old run's.
        new: The new run's.
        matches: Which variables are which.
        rows: The comparisons.
        layers: Layers that were taken for each other.
        outputs: Outputs and losses that were taken for each other.
    """

    old: Event
    new: Event
    matches: dict[str, Match]
    rows: list[Row] = field(default_factory=list)
    layers: list[Pair] = field(default_factory=list)
    outputs: list[tuple[Item, Item]] = field(default_factory=list)


class Comparison:
    """Compares runs.

    Args:
        old: The old run.
        new: The new one.
        matches: Which variables are which.
        tolerance: How far values may be apart.
    """

    def __init__(self, old: Trace, new: Trace, matches: Sequence[Match], tolerance: float):
        self.old, self.new, self.tolerance = old, new, tolerance
        self.matches = {match.old: match for match in matches}

    def run(self) -> list[Compared]:
        """Return each event that both have, compared."""
        by_place = {event.place: event for event in self.new.events}
        found = []
        for event in self.old.events:
            other = by_place.get(event.place)
            if other is not None:
                one = Compared(event, other, self.matches)
                one.rows = self._rows(one)
                found.append(one)
        if found:
            found[0].rows = [*self._unmatched(found[0].old), *found[0].rows]
        return found

    def _unmatched(self, event: Event) -> Iterator[Row]:
        """Yield trainable variables that only one of the programs has."""
        taken = {match.new for match in self.matches.values()}
        for name, value in self.old.weights.items():
            if name in self.old.trainable and name not in self.matches:
                yield Row(event.place, 0, "weights", name, "", float("inf"), 0.0, ONLY_OLD, value.shape)
        for name, value in self.new.weights.items():
            if name in self.new.trainable and name not in taken:
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
        new = [item for item in (*one.new.items("feeds"), *one.new.items("sources"))]
        for item in (*one.old.items("feeds"), *one.old.items("sources")):
            same = [other for other in new if other.name == item.name]
            alike = [other for other in new if _close(item, other)]
            other = next(iter([*same, *alike]), None)
            if other is not None:
                yield self._row(one.old, "feeds", item, other, _feed_apart(item, other))

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
        if old and not new and one.new.trains:
            yield self._row(one.old, "losses", old[0], None, float("inf"))

    # -- what changes ---------------------------------------------------------------------------

    def _gradients(self, one: Compared) -> Iterator[Row]:
        largest = max((float(np.abs(g).max(initial=0)) for g in one.old.gradients.values()), default=0.0)
        for name, gradient in one.old.gradients.items():
            match = self.matches.get(name)
            if match is None:
                continue
            other = one.new.gradients.get(match.new)
            if other is None:
                if one.new.gradients:
                    yield self._named(one, "gradients", match, float("inf"), gradient.shape, "the new one has none")
                continue
            difference = apart(gradient, match.backward(other))
            rounding = tolerances.is_rounding(gradient, largest) and tolerances.is_rounding(other, largest)
            yield self._named(one, "gradients", match, difference, gradient.shape, rounding=rounding)

    def _named(
        self,
        one: Compared,
        kind: str,
        match: Match,
        difference: float,
        shape: tuple,
        note: str = "",
        rounding: bool = False,
    ) -> Row:
        limit = tolerances.allowed(kind, one.old.step, self.tolerance)
        verdict = EQUAL if difference <= limit else (ROUNDING if rounding else DIFFERS)
        return Row(one.old.place, one.old.step, kind, match.old, match.new, difference, limit, verdict, shape, note)

    def _weights(self, one: Compared) -> Iterator[Row]:
        largest = max((float(np.abs(g).max(initial=0)) for g in one.old.gradients.values()), default=0.0)
        for name, value in one.old.after.items():
            match = self.matches.get(name)
            if match is None or match.new not in one.new.after or name in self.old.slots:
                continue
            before, start = one.old.before[name], match.backward(one.new.before[match.new])
            difference = tolerances.moved_apart(before, value, start, match.backward(one.new.after[match.new]))
            rounding = tolerances.is_rounding(one.old.gradients.get(name), largest)
            yield self._named(one, "weights", match, difference, value.shape, rounding=rounding)

    def _slots(self, one: Compared) -> Iterator[Row]:
        new = one.new.slots()
        for (owner, slot), value in one.old.slots().items():
            match = self.matches.get(owner)
            other = new.get((match.new, slot)) if match is not None else None
            if match is None or other is None or other.shape != tuple(_shape_of(match, value)):
                continue
            other = match.backward(other)
            difference = tolerances.moved_apart(np.zeros_like(value), value, np.zeros_like(other), other)
            note = ""
            if difference > tolerances.allowed("slots", one.old.step, self.tolerance):
                scaled = _scaled(value, other)
                if scaled is not None:
                    difference, note = scaled
            row = self._named(one, "slots", match, difference, value.shape, note)
            rounding = row.verdict == DIFFERS and tolerances.is_rounding(value, _largest(one, slot))
            names = {"old": f"{owner}/{slot}", "new": f"{match.new}/{slot}"}
            yield replace(row, **names, verdict=ROUNDING if rounding else row.verdict)


def _largest(one: Compared, slot: str) -> float:
    found = [float(np.abs(v).max(initial=0)) for (_, kind), v in one.old.slots().items() if kind == slot]
    return max(found, default=0.0)


def _shape_of(match: Match, value: np.ndarray) -> tuple[int, ...]:
    return value.shape if match.axes is None else tuple(value.shape[axis] for axis in match.axes)


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


def _feed_apart(item: Item, other: Item) -> float:
    return apart(item.value.astype(other.value.dtype), other.value)


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
