"""Which variables of the new program are which of the old one's, with what turns one into the other.

Equal names and shapes come first, then `onevar convert`'s inference with its layouts; what that leaves open is decided
by order, where shapes allow it, because here a wrong pair shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onevar.migrate.convert import names as inference
from onevar.migrate.convert.spec import ConversionError, Spec
from onevar.migrate.verify import matching

#: What TensorFlow 1's cells add to the forget gate, if their program does not say otherwise.
FORGET_BIAS = 1.0
Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Link:
    """A variable of the new program and what it is made of.

    Attributes:
        olds: Names of the old program's variables.
        new: Its name.
        rule: What is done to their values, in words.
        convert: Makes its value of theirs.
    """

    olds: tuple[str, ...]
    new: str
    rule: str
    convert: Callable[[Values], np.ndarray]

    @property
    def old(self) -> str:
        """The old names, in one string."""
        return " + ".join(self.olds)

    def forward(self, values: Values) -> np.ndarray | None:
        """Return the new variable's value for old values; None if one is not there."""
        return self.convert(values) if all(name in values for name in self.olds) else None

    def linear(self, values: Values) -> np.ndarray | None:
        """Return the same for differences and gradients: without what is added to values."""
        if not all(name in values for name in self.olds):
            return None
        nothing = {name: np.zeros_like(values[name]) for name in self.olds}
        result, offset = self.convert(values), self.convert(nothing)
        return result - offset if np.any(offset) else result


def links(
    old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], given: Mapping[str, str], style: str
) -> list[Link]:
    """Return what is known of the new program's variables.

    Args:
        old: The old program's variables: `name`, `shape`, `trainable`, `slot`.
        new: The new one's; `layer` and `role` where they are known.
        given: Names of new variables with the old ones that are theirs.
        style: How the new layers are written: `"tf1"`, `"keras"` or `"torch"`.
    """
    sources = {one["name"]: one for one in old if one.get("slot") is None}
    targets = {one["name"]: one for one in new}
    found = [
        _same(sources[pair[1]], targets[pair[0]]) for pair in given.items() if pair[1] in sources and pair[0] in targets
    ]
    found += [
        _same(sources[name], one)
        for name, one in targets.items()
        if name in sources and sources[name]["shape"] == one["shape"] and name not in given
    ]
    found += _inferred(_rest(sources, found), _left(targets, found), style)
    rest, left = _rest(sources, found), _left(targets, found)
    for match in matching.weights(list(rest.values()), list(left.values()), layouts=style == "torch"):
        found.append(Link((match.old,), match.new, match.rule, match.forward))
    order = {name: index for index, name in enumerate(targets)}
    return sorted(found, key=lambda link: order[link.new])


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> Link:
    match = matching.Match(one["name"], other["name"])
    if list(one["shape"]) != list(other["shape"]):
        axes = matching.axes_between(one["shape"], other["shape"])
        match = matching.Match(one["name"], other["name"], f"axes {axes}", axes)
    return Link((match.old,), match.new, match.rule, match.forward)


def _rest(sources: dict[str, Any], found: list[Link]) -> dict[str, Any]:
    taken = {name for link in found for name in link.olds}
    return {name: one for name, one in sources.items() if name not in taken}


def _left(targets: dict[str, Any], found: list[Link]) -> dict[str, Any]:
    taken = {link.new for link in found}
    return {name: one for name, one in targets.items() if name not in taken}


def _inferred(sources: dict[str, Any], targets: dict[str, Any], style: str) -> list[Link]:
    """Return what `onevar convert` finds, without what it is not sure of."""
    if not sources or not targets:
        return []
    try:
        found = inference.infer(
            {name: _spec(one) for name, one in sources.items()}, {name: _spec(one) for name, one in targets.items()},
            source_style="tf1", target_style=style, by_order=True, forget_bias=FORGET_BIAS, strict=False,
        )  # fmt: skip
    except ConversionError:
        return []
    unsure = {problem.name for problem in found.problems}
    made = []
    for row in found.rows:
        if not row.sources or unsure.intersection((*row.sources, *row.targets)):
            continue
        for target in row.targets:
            convert = _one_of(found, row, target)
            shapes = {name: tuple(sources[name]["shape"]) for name in row.sources}
            if _fits(convert, shapes, tuple(targets[target]["shape"])):
                rule = "same" if row.rule in ("same", "identity", "copy") else row.rule
                made.append(Link(row.sources, target, rule, convert))
    return made


def _spec(one: Mapping[str, Any]) -> Spec:
    return Spec(tuple(one["shape"]), str(one.get("dtype", "float32")), one.get("role"), one.get("layer"))


def _one_of(found: Any, row: Any, target: str) -> Callable[[Values], np.ndarray]:
    def convert(values: Values) -> np.ndarray:
        return np.asarray(found.convert(row, values)[target])

    return convert


def _fits(
    convert: Callable[[Values], np.ndarray], shapes: Mapping[str, tuple[int, ...]], wanted: tuple[int, ...]
) -> bool:
    try:
        return convert({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}).shape == wanted
    except (ConversionError, ValueError):
        return False
