"""Infers a name map: which tensors of a checkpoint are which of a model, and by which rule each goes across.

    from onevar.migrate.convert import names

    name_map = names.infer({"net/fc/kernel": (3, 4)}, {"fc.weight": (4, 3)})
    new = name_map.apply({"net/fc/kernel": kernel})

Nothing is guessed: what shape, layer, name and number do not decide is a problem of the map, with its candidates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from onevar.migrate.convert import flattening, layouts
from onevar.migrate.convert.auxiliary import AVERAGE, Auxiliary, auxiliaries
from onevar.migrate.convert.filling import fills
from onevar.migrate.convert.finishing import finish
from onevar.migrate.convert.items import Item, items_of
from onevar.migrate.convert.matching import Matcher, Outcome, Pair, agree, rivals_of, rule_of
from onevar.migrate.convert.name_map import FILLS, Given, NameMap, Problem, Row, expanded, given_map
from onevar.migrate.convert.recurrent import GATES
from onevar.migrate.convert.spec import STYLES, ConversionError, Spec, matches, specs_of, style_of
from onevar.migrate.convert.ties import Ties
from onevar.migrate.convert.words import bare

_SHOWN = 6
_WEIGHTS = ("weight", "kernel", "gamma", "embedding", "depthwise_kernel", "pointwise_kernel")


def infer(
    source: Mapping[str, Any],
    target: Mapping[str, Any],
    *,
    source_style: str | None = None,
    target_style: str | None = None,
    given: Given | Mapping[str, str] | None = None,
    skip: Iterable[str] = (),
    keep: Iterable[str] = (),
    rules: Mapping[str, str] | None = None,
    by_order: bool = False,
    averages: bool = False,
    forget_bias: float | None = None,
    flatten: flattening.Shapes | None = None,
    unflatten: flattening.Shapes | None = None,
    strict: bool = True,
) -> NameMap:  # fmt: skip
    """Return the map between two sets of tensors.

    Args:
        source: `Spec`s, arrays or shapes by name.
        target: The same of the target.
        source_style: Convention that the source's layers are written in, of `STYLES`; None asks its names.
        target_style: The same of the target.
        given: What is known: a map that `name_map.read_map` read, or a mapping from names to names.
        skip: Names or patterns of the source that need no place in the target.
        keep: Names or patterns of the target that keep what they have.
        rules: The rule, a name of `layouts.LAYOUTS`, of tensors of the source or the target, by name or pattern.
        by_order: Whether items that nothing else tells apart belong together in the order in which they are given.
        averages: Whether a weight's exponential moving average is taken instead of it, where there is one.
        forget_bias: What TensorFlow 1's LSTM cells add to their forget gate; needed where there are such cells.
        flatten: For dense kernels of the source behind a flattened feature map, the map's `(height, width, channels)`,
            or None for one that is not; by name or pattern.
        unflatten: The same for dense kernels whose outputs become a feature map.
        strict: Whether a problem is an error; otherwise it is in the map.

    Returns:
        The map; its rows are in the source's order.

    Raises:
        MappingError: Something is not accounted for, and `strict`.
        ConversionError: A name or pattern that was given is of no tensor.
    """
    work = _Work(specs_of(source), specs_of(target), source_style, target_style, rules or {})
    work.take_given(given if isinstance(given, Given) else given_map(given or {}))
    work.leave_out(skip, keep)
    work.set_aside(averages)
    work.match(by_order)
    finish(work.map, forget_bias, flatten or {}, unflatten or {}, tuple(rules or ()))
    return work.map.check() if strict else work.map


class _Work:
    """A map that is being made."""

    def __init__(
        self,
        source: dict[str, Spec],
        target: dict[str, Spec],
        source_style: str | None,
        target_style: str | None,
        rules: Mapping[str, str],
    ):
        styles = [source_style or style_of(source), target_style or style_of(target)]
        for style in styles:
            if style not in STYLES:
                raise ConversionError(f"There is no style {style!r}; there are {', '.join(STYLES)}.")
        self.map = NameMap([], source, target, styles[0], styles[1])
        used = {
            spec.style or style
            for specs, style in zip((source, target), styles, strict=True)
            for spec in specs.values()
        }
        cells = len(used) > 1
        self.auxiliary = [auxiliaries(specs) for specs in (source, target)]
        self.sources = items_of(self._weights(source, 0, target), styles[0], cells=cells, rules=rules)
        self.targets = items_of(self._weights(target, 1, source), styles[1], cells=cells, rules=rules)
        self._check_rules(rules)
        self.pairs: list[Pair] = []
        self.outcome = Outcome()
        self._averages: dict[str, str] = {}
        self._ties = [Ties(specs) for specs in (source, target)]

    def _weights(self, specs: dict[str, Spec], side: int, other: dict[str, Spec]) -> dict[str, Spec]:
        """Return a side without what is no weight, unless the other side has tensors of these names too."""
        aside = self.auxiliary[side]
        return {name: spec for name, spec in specs.items() if name not in aside or name in other}

    # What the user said.

    def _check_rules(self, rules: Mapping[str, str]) -> None:
        for pattern, rule in rules.items():
            if rule not in layouts.LAYOUTS:
                raise ConversionError(
                    f"There is no rule {rule!r} for {pattern}; there are {', '.join(layouts.LAYOUTS)}."
                )
            if not any(matches(name, [pattern]) for name in [*self.map.source, *self.map.target]):
                raise ConversionError(f"{pattern!r}, which was given a rule, is no tensor of either side.")

    def take_given(self, given: Given) -> None:
        rows = [each for row in given.rows for each in expanded(row, self.map.source)]
        rows = [self._spelled(row) for row in rows]
        for row in rows:
            self._known(row.sources, self.map.source, "source")
            self._known(row.targets, self.map.target, "target")
            twice = [name for name in row.targets if any(name in other.targets for other in rows if other is not row)]
            if twice:
                raise ConversionError(f"The map gives {twice[0]!r} two values; one of them is {row}.")
            pair = self._pair_of(row)
            if pair is not None:
                self.pairs.append(pair)
            self.map.rows.append(self._completed(row, pair))
        taken = {name for row in rows for name in row.sources + row.targets}
        self._remove(taken, taken)
        self._put_aside(given.skip, self.map.source, self.map.left_out, "said so")
        self._put_aside(given.keep, self.map.target, self.map.kept, "said so")

    def _spelled(self, row: Row) -> Row:
        """Return a row with the names of tensors' first outputs, `w:0`, as those of the variables."""
        sides = ((row.sources, self.map.source), (row.targets, self.map.target))
        names = [tuple(name if name in specs else bare(name) for name in side) for side, specs in sides]
        return replace(row, sources=names[0], targets=names[1])

    def leave_out(self, skip: Iterable[str], keep: Iterable[str]) -> None:
        self._put_aside(list(skip), self.map.source, self.map.left_out, "said so")
        self._put_aside(list(keep), self.map.target, self.map.kept, "said so")

    def _known(self, names: Iterable[str], specs: Mapping[str, Spec], side: str) -> None:
        for name in names:
            if name not in specs:
                raise ConversionError(f"The map names {name!r}, which the {side} has not. {_has(specs)}")

    def _put_aside(self, patterns: list[str], specs: Mapping[str, Spec], out: dict[str, str], why: str) -> None:
        taken = {name for row in self.map.rows for name in row.sources + row.targets}
        for pattern in patterns:
            found = [name for name in specs if matches(name, [pattern])]
            if not found:
                side = "source" if specs is self.map.source else "target"
                raise ConversionError(f"{pattern!r} is no tensor of the {side}. {_has(specs)}")
            out |= {name: why for name in found if name not in taken}
        self._remove(self.map.left_out, self.map.kept)

    def _remove(self, sources: Iterable[str], targets: Iterable[str]) -> None:
        gone_sources, gone_targets = set(sources), set(targets)
        self.sources = [item for item in self.sources if not gone_sources.intersection(item.names)]
        self.targets = [item for item in self.targets if not gone_targets.intersection(item.names)]

    def _pair_of(self, row: Row) -> Pair | None:
        source = next((item for item in self.sources if item.names == row.sources), None)
        target = next((item for item in self.targets if item.names == row.targets), None)
        return None if source is None or target is None else Pair(source, target, "map")

    def _completed(self, row: Row, pair: Pair | None) -> Row:
        """Return a row of the user's with the rule that it leaves out."""
        rule = row.rule or (rule_of(pair.source, pair.target) if pair else None)
        if rule in GATES and pair is not None:
            return Row(row.sources, row.targets, rule, "map", pair.source.parts, pair.target.parts, row.options)
        if rule is None:
            shapes = [self.map.source[name].shape for name in row.sources]
            wanted = [self.map.target[name].shape for name in row.targets]
            if len(shapes) != 1 or len(wanted) != 1 or not layouts.regroups(shapes[0], wanted[0]):
                raise ConversionError(f"{row}: no rule takes {shapes} to {wanted}. Name one in the third column.")
            rule = "same"
        return Row(row.sources, row.targets, rule, "map", row.source_parts, row.target_parts, row.options)

    # What is no weight.

    def set_aside(self, averages: bool) -> None:
        """Leave out counters, slots and averages, unless the target has tensors of their names."""
        for name, found in self.auxiliary[0].items():
            if name in self.map.target or name in self.map.left_out or self._is_given(name):
                continue
            if averages and found.slot == AVERAGE and found.of is not None:
                self._averages[found.of] = name
                continue
            self.map.left_out[name] = found.what
        for name, found in self.auxiliary[1].items():
            if name not in self.map.source and name not in self.map.kept and not self._is_given(name):
                self._fill(name, found)
        taken = set(self._averages.values())
        if averages and not taken:
            raise ConversionError("The source has no moving averages of weights. Leave out averages=True (--ema).")
        self._remove({*self.map.left_out, *taken}, {*self.map.kept, *self._filled()})

    def _fill(self, name: str, found: Auxiliary) -> None:
        if name.endswith("num_batches_tracked"):
            self.map.rows.append(Row((), (name,), "zeros", "only torch counts them"))
        else:
            self.map.kept[name] = found.what

    def _filled(self) -> list[str]:
        return [name for row in self.map.rows if not row.sources for name in row.targets]

    def _is_given(self, name: str) -> bool:
        return any(name in row.sources or name in row.targets for row in self.map.rows)

    # The rest.

    def match(self, by_order: bool) -> None:
        given = {name for row in self.map.rows for name in row.targets}
        spare = [self._ties[0].spare(), self._ties[1].spare(given)]
        again = [item for item in self.sources if spare[0].intersection(item.names)]
        self._remove(*spare)
        named = self._by_v1_name()
        used = {item for pair in named for item in pair}
        rest = [[item for item in side if item not in used] for side in (self.sources, self.targets)]
        named += _by_name(*rest)
        known = list(self.pairs)
        for source, target in named:
            if rule_of(source, target) is None:
                self._problem(
                    "shape", source, f"{source} and {target} have one name, and no rule takes one to the other"
                )
            else:
                self.pairs.append(Pair(source, target, "name"))
        used = {item for pair in named for item in pair}
        sources = [item for item in self.sources if item not in used]
        targets = [item for item in self.targets if item not in used]
        matcher = Matcher(sources, targets, by_order, self.pairs)
        self.outcome = matcher.run()
        self.pairs = [pair for pair in self.outcome.pairs if pair not in known]
        self._match_spare(again, by_order)
        self._row_all()
        done = {name for row in self.map.rows for name in row.targets} | set(self.map.kept)
        self.map.rows += self._ties[1].rows(self.map.rows, done)
        self._say_open()

    def _match_spare(self, sources: list[Item], by_order: bool) -> None:
        """Match further names of one tensor with what is left of a target that has two; or leave them out."""
        found = Matcher(sources, self.outcome.missing, by_order).run()
        self.pairs += found.pairs
        self.outcome.missing = found.missing
        for item, _ in found.open:
            first = self._ties[0].group(item.names[0])[0]
            self.map.left_out |= dict.fromkeys(item.names, f"the same tensor as {first}")

    def _by_v1_name(self) -> list[tuple[Item, Item]]:
        """Return the pairs of items whose tensors have the same names in TensorFlow 1."""
        sides = []
        for items, specs in ((self.sources, self.map.source), (self.targets, self.map.target)):
            found: dict[tuple[str, ...], list[Item]] = {}
            for item in items:
                names = tuple(sorted(specs[name].v1_name or bare(name) for name in item.names))
                found.setdefault(names, []).append(item)
            sides.append(found)
        said = any(spec.v1_name for specs in (self.map.source, self.map.target) for spec in specs.values())
        mine, yours = sides
        alone = [names for names in mine if len(mine[names]) == len(yours.get(names, ())) == 1]
        return [(mine[names][0], yours[names][0]) for names in alone] if said else []

    def _row_all(self) -> None:
        for pair in self.pairs:
            rule = rule_of(pair.source, pair.target)
            assert rule is not None
            self._ask_rule(pair)
            parts = (pair.source.parts, pair.target.parts) if rule in GATES else ((), ())
            names = tuple(self._averages.get(name, name) for name in pair.source.names)
            self.map.rows.append(Row(names, pair.target.names, rule, pair.why, *parts))

    def _ask_rule(self, pair: Pair) -> None:
        """Say where two rules fit a pair and nothing speaks for one of them."""
        rules = rivals_of(pair.source, pair.target)
        square = {"dense", "same"} <= set(rules) or {"conv", "same"} <= set(rules)
        if square and layouts.crosses(self.map.source_style, self.map.target_style):
            name = pair.source.names[0]
            text = (
                f"{pair.source} becomes {pair.target}, transposed or as it is: the shape does not say. Say which: "
                f"rules={{{name!r}: {rules[0]!r}}} (--rule {name}=RULE), one of {', '.join(rules)}"
            )
            self._problem("layout", pair.source, text)

    def _say_open(self) -> None:
        kept = fills(self.pairs, self.outcome.missing, self.sources)
        self.map.rows += kept
        filled = {name for row in kept for name in row.targets}
        for source, candidates in self.outcome.open:
            if candidates:
                self._problem("ambiguous", source, _ambiguous(source, candidates))
            else:
                self._problem("unmatched", source, self._unmatched(source))
        told = {target for _, candidates in self.outcome.open for target in candidates}
        for target in self.outcome.missing:
            if target not in told and not filled.intersection(target.names):
                self._problem("missing", target, self._missing(target))

    def _problem(self, kind: str, item: Item, text: str) -> None:
        self.map.problems.append(Problem(kind, item.names[0], text + "."))

    def _unmatched(self, source: Item) -> str:
        near = _namesakes(source, self.targets)
        if source.names[0].endswith("opaque_kernel"):
            near += _OPAQUE
        alike = [item for item in self.outcome.missing if item.shapes == source.shapes and len(source.shapes[0]) > 1]
        if len(alike) == 1 and len(source.names) == 1 and layouts.crosses(self.map.source_style, self.map.target_style):
            near += (
                f" ({alike[0].names[0]} has its shape: if that is it, not transposed, say so, "
                f"rules={{{source.names[0]!r}: 'same'}} (--rule {source.names[0]}=same))"
            )
        return (
            f"{source} of the source has no place in the target{near}. Map it, or leave it out: "
            f"skip=[{source.names[0]!r}] (--skip {source.names[0]})"
        )

    def _missing(self, target: Item) -> str:
        near = _namesakes(target, self.sources)
        return (
            f"{target} of the target gets nothing from the source{near}. Map something to it, or keep what it has: "
            f"keep=[{target.names[0]!r}] (--keep-init {target.names[0]})"
        )


_OPAQUE = (
    " (it is in cuDNN's own layout; tf.train.Saver saves such layers as plain cells: convert what it saved instead)"
)


def _has(specs: Mapping[str, Spec]) -> str:
    names = list(specs)
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"It has {', '.join(names[:_SHOWN])}{more}."


def _ambiguous(source: Item, candidates: list[Item]) -> str:
    names = [" + ".join(item.names) for item in candidates]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"{source} of the source may be any of {', '.join(names[:_SHOWN])}{more}: nothing tells them apart. Say "
        "which in a map (--map-out writes one to edit), or, if both sides make these layers in one order, "
        "by_order=True (--by-order)"
    )


def _namesakes(item: Item, others: list[Item]) -> str:
    """Return a clause about items of the other side in a layer of the same name, whose shapes do not fit."""
    layer = item.unit.rsplit("/", 1)[-1]
    same = [
        other for other in others if layer and other.unit.rsplit("/", 1)[-1] == layer and agree(item.roles, other.roles)
    ]
    return f" ({', '.join(map(str, same[:2]))} has its name and does not fit)" if same else ""


def _by_name(sources: list[Item], targets: list[Item]) -> list[tuple[Item, Item]]:
    """Return the pairs of items of the same names, if all names of one side are among the other's."""
    mine, yours = ({_key(item): item for item in side} for side in (sources, targets))
    if len(mine) < len(sources) or len(yours) < len(targets) or min(len(mine), len(yours)) < 2:
        return []
    common = [key for key in mine if key in yours]
    if len(common) < min(len(mine), len(yours)):
        return []
    return [(mine[key], yours[key]) for key in common]


def _key(item: Item) -> tuple:
    role = "cell" if len(item.parts) > 1 else item.parts[0]
    group = "w" if role in _WEIGHTS else "b" if role in ("bias", "beta") else role
    return item.words, tuple(part for part in item.numbers if part), group


__all__ = ["FILLS", "infer"]
