"""Finds which of the source's items is which of the target's: by shape, by layer, by name and by number, never by luck.

An item of one side and one of the other are *candidates* for each other while nothing speaks against it: a rule takes
one's shape to the other's, and what they are in their layers agrees. What then decides, again and again until nothing
new follows:

shape   an item has one candidate left: every item needs its partner
layer   a tensor of two layers' has been matched, so the others of one layer are in the other
nested  the layer around one has been matched (a convolution's, around its batch norm), so it is beside the partner
name    among items that fit alike, those whose distinguishing words are most alike, from both sides
count   families of names that nothing but their number of items tells apart
order   items whose names differ in numbers alone, as many as there are: the first is the first

What is left then is ambiguous, and is said, with its candidates.
"""

import math
import operator
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onevar.migrate.convert import layouts
from onevar.migrate.convert.items import Item
from onevar.migrate.convert.words import tokens

Families = dict[tuple, list[Item]]
#: Why items belong together that nothing but their order tells apart.
BY_ORDER = "creation order"


@dataclass(slots=True)
class Pair:
    """Two items that are one another's.

    Attributes:
        source: Of the source.
        target: Of the target.
        why: `"shape"`, `"name"`, `"count"`, `"order"`, `"creation order"` or `"map"`.
    """

    source: Item
    target: Item
    why: str


@dataclass(slots=True)
class Outcome:
    """What was found.

    Attributes:
        pairs: The items matched.
        open: Items of the source without a partner, each with the candidates that it still has.
        missing: Items of the target without a partner.
    """

    pairs: list[Pair] = field(default_factory=list)
    open: list[tuple[Item, list[Item]]] = field(default_factory=list)
    missing: list[Item] = field(default_factory=list)


def rule_of(source: Item, target: Item) -> str | None:
    """Return the rule that takes one item to the other, the likeliest if several fit; None if none does.

    Args:
        source: Of the source.
        target: Of the target.
    """
    costs = _costs(source, target, operator.eq) or _costs(source, target, layouts.regroups)
    return min(costs, key=costs.__getitem__) if costs else None


def rivals_of(source: Item, target: Item) -> list[str]:
    """Return the rules between which nothing decides, where an item goes to another; one or none if that is clear.

    Args:
        source: Of the source.
        target: Of the target.
    """
    costs = _costs(source, target, operator.eq) or _costs(source, target, layouts.regroups)
    least = min(costs.values(), default=0.0)
    return [rule for rule, cost in costs.items() if cost < least + _CLEAR]


#: How much likelier a rule must be than another that fits as well.
_CLEAR = 1.0
#: From this cost on, a rule contradicts what a tensor's name says it is.
_AGAINST = 1.5


def _fits(source: Item, target: Item) -> bool:
    """Whether a rule takes one item to the other that agrees with what they are called."""
    return any(cost < _AGAINST for cost in _costs(source, target, operator.eq).values())


def _fits_loosely(source: Item, target: Item) -> bool:
    """The same for shapes that differ in how neighbouring dimensions are split: heads, or a width of 1."""
    return bool(_costs(source, target, operator.eq)) or bool(_costs(source, target, layouts.regroups))


def _costs(source: Item, target: Item, alike: Callable[[Any, Any], bool]) -> dict[str, float]:
    """Return the rules that fit, and how much speaks against each."""
    if not agree(source.roles, target.roles):
        return {}
    mine, yours = _choices(source, target), _choices(target, source)
    if alike is not operator.eq:
        mine, yours = _widened(source, mine), _widened(target, yours)
    told = source.told or target.told
    return {
        rule: 0.0 if told else source.costs.get(rule, 0.0) + target.costs.get(rule, 0.0)
        for rule, shape in mine.items()
        if rule in yours and alike(shape, yours[rule])
    }


def _choices(item: Item, other: Item) -> Mapping[str, tuple[int, ...]]:
    """Return the rules that an item may fall under; all that its shape allows if the user has said the other's."""
    if other.told and not item.told and len(item.names) == 1:
        return layouts.choices(item.shapes[0], item.style)
    return item.choices


def _widened(item: Item, choices: Mapping[str, tuple[int, ...]]) -> Mapping[str, tuple[int, ...]]:
    """Return the rules that an item may fall under if its shape may be regrouped; a cell's may not."""
    if len(item.names) > 1 or "dense" in choices or "conv" not in choices:
        return {rule: shape for rule, shape in choices.items() if rule in layouts.LAYOUTS}
    return {"dense": choices["conv"], **choices}


def agree(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether two items may be the same in their layers; an empty set may be anything."""
    return not one or not other or bool(one & other)


class Matcher:
    """Matches two sides.

    Args:
        sources: The source's items.
        targets: The target's.
        by_order: Whether items that nothing else tells apart are taken in the order in which they stand.
        pairs: What is known already.
    """

    def __init__(
        self, sources: Sequence[Item], targets: Sequence[Item], by_order: bool = False, pairs: Iterable[Pair] = ()
    ):
        self._by_order = by_order
        self._candidates: dict[Item, dict[Item, None]] = {}
        self._wanted: dict[Item, dict[Item, None]] = {target: {} for target in targets}
        self._pairs: list[Pair] = []
        self._units: dict[str, set[str]] = defaultdict(set)
        self._units_back: dict[str, set[str]] = defaultdict(set)
        self._scopes = {"source": _by_scope(sources), "target": _by_scope(targets)}
        for source in sources:
            self._candidates[source] = {}
            self._link(source, targets, _fits)
        for pair in pairs:
            self._pair(pair.source, pair.target, pair.why)

    def _link(self, source: Item, targets: Iterable[Item], fits: Callable[[Item, Item], bool]) -> None:
        for target in targets:
            if fits(source, target):
                self._candidates[source][target] = None
                self._wanted[target][source] = None

    def run(self) -> Outcome:
        """Return what can be found out."""
        steps = [self._singles, self._layers, self._nested, self._families, self._loosen]
        if self._by_order:
            steps.append(self._in_order)
        while any(step() for step in steps):
            continue
        outcome = Outcome(sorted(self._pairs, key=lambda pair: pair.source.order))
        outcome.open = [(source, list(fits)) for source, fits in self._candidates.items()]
        outcome.missing = list(self._wanted)
        return outcome

    def _pair(self, source: Item, target: Item, why: str) -> None:
        self._pairs.append(Pair(source, target, why))
        for other in self._candidates.pop(source, {}):
            self._wanted.get(other, {}).pop(source, None)
        for other in self._wanted.pop(target, {}):
            self._candidates.get(other, {}).pop(target, None)
        self._units[source.unit].add(target.unit)
        self._units_back[target.unit].add(source.unit)

    def _drop(self, source: Item, target: Item) -> None:
        self._candidates[source].pop(target, None)
        self._wanted[target].pop(source, None)

    def _loosen(self) -> bool:
        """Give items without candidates those whose shapes are theirs in another grouping."""
        rest = [target for target, fits in self._wanted.items() if not fits]
        alone = [source for source, fits in self._candidates.items() if not fits]
        for source in alone:
            self._link(source, rest, _fits_loosely)
        return any(self._candidates[source] for source in alone)

    def _singles(self) -> bool:
        found = False
        for source, fits in list(self._candidates.items()):
            if len(fits) == 1 and source in self._candidates:
                target = next(iter(fits))
                if len(self._wanted[target]) == 1:
                    self._pair(source, target, "shape")
                    found = True
        return found

    def _layers(self) -> bool:
        """Keep the other tensors of a matched layer to the layer that it is matched with."""
        return self._keep(self._candidates, self._units, self._drop) or self._keep(
            self._wanted, self._units_back, lambda target, source: self._drop(source, target)
        )

    def _keep(self, items: dict[Item, dict[Item, None]], units: dict[str, set[str]], drop: object) -> bool:
        for item, fits in items.items():
            partners = units.get(item.unit, ())
            inside = [other for other in fits if other.unit in partners] if item.unit else []
            if inside and len(inside) < len(fits):
                for other in [other for other in fits if other not in inside]:
                    drop(item, other)  # type: ignore[operator]
                return True
        return False

    def _nested(self) -> bool:
        """Keep a layer in the scope of a matched one, such as a convolution's batch norm, to the partner's scope."""
        return self._keep_beside(self._candidates, self._units, "target", self._drop) or self._keep_beside(
            self._wanted, self._units_back, "source", lambda target, source: self._drop(source, target)
        )

    def _keep_beside(
        self,
        items: dict[Item, dict[Item, None]],
        units: dict[str, set[str]],
        other_side: str,
        drop: Callable[[Item, Item], None],
    ) -> bool:
        for item, fits in items.items():
            beside: set[str] = set()
            for partner in units.get(_scope_of(item.unit), ()) if _scope_of(item.unit) else ():
                beside |= _beside(item, partner, self._scopes[other_side].get(_scope_of(partner), ()))
            inside = [other for other in fits if other.unit in beside]
            if inside and len(inside) < len(fits):
                for other in [other for other in fits if other not in inside]:
                    drop(item, other)
                return True
        return False

    # Names and numbers.

    def _components(self) -> list[tuple[list[Item], list[Item]]]:
        """Return the sets of items that are candidates for one another, directly or not."""
        seen: set[Item] = set()
        out = []
        for first in self._candidates:
            if first in seen or not self._candidates[first]:
                continue
            sources: dict[Any, None] = {first: None}
            targets: dict[Any, None] = {}
            todo = [first]
            while todo:
                for target in self._candidates[todo.pop()]:
                    if target not in targets:
                        targets[target] = None
                        new = [source for source in self._wanted[target] if source not in sources]
                        sources |= dict.fromkeys(new)
                        todo += new
            seen |= set(sources)
            out.append((list(sources), list(targets)))
        return out

    def _families(self) -> bool:
        return any(self._component(sources, targets) for sources, targets in self._components())

    def _component(self, sources: list[Item], targets: list[Item]) -> bool:
        one, other = _in_families(sources), _in_families(targets)
        for mine, yours, why in _alike(one, other):
            if len(mine) != len(yours):
                continue
            if len(mine) == len(sources) == 1 and len(targets) == 1:
                continue  # what is single is `_singles`'
            pairs = _by_number(mine, yours)
            if pairs and all(target in self._candidates[source] for source, target in pairs):
                for source, target in pairs:
                    self._pair(source, target, why if len(mine) == 1 else "order")
                return True
            if self._separate(mine, yours):
                return True
        return False

    def _separate(self, mine: list[Item], yours: list[Item]) -> bool:
        """Keep two families to one another."""
        found = False
        for source in mine:
            for target in [target for target in self._candidates[source] if target not in yours]:
                self._drop(source, target)
                found = True
        for target in yours:
            for source in [source for source in self._wanted[target] if source not in mine]:
                self._drop(source, target)
                found = True
        return found

    def _in_order(self) -> bool:
        for sources, targets in self._components():
            if len(sources) != len(targets):
                continue
            ranked = [sorted(side, key=lambda item: item.order) for side in (sources, targets)]
            pairs = list(zip(*ranked, strict=True))
            if all(target in self._candidates[source] for source, target in pairs):
                for source, target in pairs:
                    self._pair(source, target, BY_ORDER)
                return True
        return False


def _scope_of(unit: str) -> str:
    return unit.rpartition("/")[0]


def _by_scope(items: Iterable[Item]) -> dict[str, list[Item]]:
    out: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if _scope_of(item.unit):
            out[_scope_of(item.unit)].append(item)
    return out


def _beside(item: Item, partner: str, scope: Iterable[Item]) -> set[str]:
    """Return the layer beside a partner that an item may be in: the only one, or the one that is numbered alike."""
    units = {other.unit for other in scope if other.unit != partner and agree(item.roles, other.roles)}
    if len(units) < 2:
        return units
    said, counted = tokens(partner.rpartition("/")[2])
    return {unit for unit in units if said and tokens(unit.rpartition("/")[2])[1] == counted}


def _in_families(items: Iterable[Item]) -> Families:
    """Return items by what their names say besides numbers."""
    out: Families = defaultdict(list)
    for item in items:
        out[tuple(sorted(item.words)), tuple(sorted(item.roles))].append(item)
    return out


def _alike(one: Families, other: Families) -> list[tuple[list[Item], list[Item], str]]:
    """Return the families that are each other's best, strictly, by their words; or the only ones that there are."""
    if len(one) == len(other) == 1:
        ((mine,), (theirs,)) = (one.values(), other.values())
        return [(mine, theirs, "order")]
    weights = _weights([*one, *other])
    table = {(a, b): _likeness(a, b, weights) for a in one for b in other}
    out = []
    for a in one:
        best = _best({b: table[a, b] for b in other})
        if best is not None and _best({c: table[c, best] for c in one}) == a:
            out.append((one[a], other[best], "name", table[a, best]))
    out.sort(key=lambda row: -row[3])
    return [(mine, yours, why) for mine, yours, why, _ in out] or _by_count(one, other, table)


def _by_count(one: Families, other: Families, table: Mapping[tuple, float]) -> list[tuple[list[Item], list[Item], str]]:
    """Return families that are as many items as only one family of the other side is, if no word speaks against it."""
    sizes = [sorted(len(items) for items in side.values()) for side in (one, other)]
    if sizes[0] != sizes[1] or len(set(sizes[0])) < len(sizes[0]) or any(table.values()):
        return []
    yours = {len(items): items for items in other.values()}
    return [(mine, yours[len(mine)], "count") for mine in one.values()]


def _weights(families: Iterable[tuple]) -> dict[str, float]:
    """Return how much each word tells: nothing if all have it."""
    every = [set(words) for words, _ in families]
    counts = Counter(word for words in every for word in words)
    return {word: math.log(len(every) / count) for word, count in counts.items()}


def _likeness(one: tuple, other: tuple, weights: dict[str, float]) -> float:
    mine, yours = set(one[0]), set(other[0])
    whole = sum(weights[word] for word in mine | yours)
    return sum(weights[word] for word in mine & yours) / whole if whole else 0.0


def _best(scores: dict[tuple, float]) -> tuple | None:
    """Return the one with the strictly highest score above zero."""
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    if not ranked or scores[ranked[0]] <= 0:
        return None
    if len(ranked) > 1 and math.isclose(scores[ranked[0]], scores[ranked[1]], rel_tol=1e-9):
        return None
    return ranked[0]


def _by_number(mine: list[Item], yours: list[Item]) -> list[tuple[Item, Item]]:
    """Return the pairs of two families in the order of their numbers; none if the numbers do not say one."""
    if len(mine) == len(yours) == 1:
        return [(mine[0], yours[0])]
    ranked = [sorted(side, key=lambda item: item.numbers) for side in (mine, yours)]
    if any(len({item.numbers for item in side}) < len(side) for side in ranked):
        return []
    grids = [_grid(side) for side in ranked]
    if all(grid is not None for grid in grids) and grids[0] != grids[1]:
        return []  # as many altogether, and not in the same groups
    return list(zip(*ranked, strict=True))


def _grid(items: list[Item]) -> list[int] | None:
    """Return how many items there are for each value of the first number that varies; None if only one varies."""
    flat = [_flat(item.numbers) for item in items]
    width = max(len(numbers) for numbers in flat)
    padded = [numbers + (-1,) * (width - len(numbers)) for numbers in flat]
    varying = [place for place in range(width) if len({numbers[place] for numbers in padded}) > 1]
    if len(varying) < 2:
        return None
    counts = Counter(numbers[varying[0]] for numbers in padded)
    return [counts[value] for value in sorted(counts)]


def _flat(numbers: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    return tuple(number for part in numbers for number in (part or (-1,)))
