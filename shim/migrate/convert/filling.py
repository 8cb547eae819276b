"""Tensors that a target has and a source lacks because their value is fixed: batch norm without a scale has ones."""

from collections import defaultdict
from collections.abc import Iterable

from onevar.migrate.convert.items import Item
from onevar.migrate.convert.matching import Pair
from onevar.migrate.convert.name_map import Row

#: Role, the rule that fills it, and why nothing is lost.
_FIXED = {
    "gamma": ("ones", "the source's layer has no scale"),
    "beta": ("zeros", "the source's layer has no offset"),
}


def fills(pairs: Iterable[Pair], missing: Iterable[Item], sources: Iterable[Item]) -> list[Row]:
    """Return rows for scales and offsets that the source's normalising layers do not have.

    Args:
        pairs: What was matched.
        missing: Items of the target without a partner.
        sources: All items of the source.
    """
    partners: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        partners[pair.target.unit].add(pair.source.unit)
    has: dict[str, set[str]] = defaultdict(set)
    for item in sources:
        has[item.unit] |= item.roles
    out = []
    for target in missing:
        role = next((role for role in _FIXED if role in target.roles), None)
        units = partners.get(target.unit, set())
        if role is None or len(units) != 1 or len(target.names) > 1:
            continue
        normalises = has[next(iter(units))] & {"beta", "gamma", "moving_mean"}
        if normalises and role not in has[next(iter(units))]:
            rule, why = _FIXED[role]
            out.append(Row((), target.names, rule, why))
    return out
