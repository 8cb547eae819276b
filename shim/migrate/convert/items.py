"""The tensors of one side, put into what can be matched: single tensors, and recurrent cells as one thing each."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from onevar.migrate.convert import layouts
from onevar.migrate.convert.recurrent import GATES
from onevar.migrate.convert.spec import Spec, matches
from onevar.migrate.convert.words import Words, bare, read, tokens

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """What is matched as one: a tensor, or all tensors of a recurrent cell.

    Attributes:
        names: Of its tensors, in the order of `parts`.
        parts: What each of them is to the cell; of a single tensor, its role or "".
        unit: The layer that it is in.
        roles: What it may be in its layer; empty if anything.
        choices: The rules that it may fall under, and the shape in the common form under each.
        costs: How much speaks against each rule.
        words: That tell it from others.
        numbers: That tell it from others of the same words.
        shapes: Of its tensors.
        order: Its place among the side's items, as they were given.
        style: The convention that its tensors are in.
        told: Whether the user has said its rule.
    """

    names: tuple[str, ...]
    parts: tuple[str, ...]
    unit: str
    roles: frozenset[str]
    choices: Mapping[str, Shape]
    costs: Mapping[str, float]
    words: tuple[str, ...]
    numbers: tuple[tuple[int, ...], ...]
    shapes: tuple[Shape, ...]
    order: int
    style: str = ""
    told: bool = False

    def __str__(self) -> str:
        return " + ".join(f"{name} {Spec(shape)}" for name, shape in zip(self.names, self.shapes, strict=True))


@dataclass(slots=True)
class _Side:
    specs: Mapping[str, Spec]
    style: str
    rules: Mapping[str, str]
    told: dict[str, Words] = field(default_factory=dict)
    units: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def style_of(self, name: str) -> str:
        return self.specs[name].style or self.style

    def add(self, name: str, words: Words) -> None:
        self.told[name] = words
        self.units[words.unit].setdefault(words.role or "", name)

    def of_style(self, style: str) -> "_Side":
        """Return the tensors of one convention."""
        part = _Side({name: spec for name, spec in self.specs.items() if self.style_of(name) == style}, style, {})
        for name in part.specs:
            part.add(name, self.told[name])
        return part


def items_of(
    specs: Mapping[str, Spec], style: str, *, cells: bool = True, rules: Mapping[str, str] | None = None
) -> list[Item]:
    """Return the items of one side.

    Args:
        specs: All its tensors by name.
        style: One of `STYLES`.
        cells: Whether recurrent cells become one item each, as they must to go from one style to another.
        rules: The rule of tensors, by name or pattern, where the user has said it.
    """
    side = _Side(specs, style, rules or {})
    for name, spec in specs.items():
        side.add(name, _told(name, spec))
    found = _cells(side) if cells else {}
    taken = {name for members in found.values() for part, name in members.items() if part != _KIND}
    out: list[Item] = []
    for order, name in enumerate(specs):
        if name in found:
            out.append(_cell_item(side, found[name], order))
        elif name not in taken:
            out.append(_single(side, name, order))
    return out


def _told(name: str, spec: Spec) -> Words:
    words = read(spec.read_as or name)
    return words if spec.role is None else Words(words.unit, spec.role, words.words, words.numbers)


def _single(side: _Side, name: str, order: int) -> Item:
    spec, said = side.specs[name], side.told[name]
    roles = _roles(side, said, spec)
    choices, costs = _choices(spec, side.style_of(name), roles, "embedding" in said.words)
    told = next((rule for pattern, rule in side.rules.items() if _is_told(name, spec, pattern, rule)), None)
    if told is not None:
        choices = {told: layouts.choices(spec.shape, side.style_of(name)).get(told, spec.shape)}
        costs = {told: 0.0}
    return Item(
        (name,), (said.role or "",), said.unit, roles, choices, costs, said.words, said.numbers, (spec.shape,), order,
        side.style_of(name), told is not None,
    )  # fmt: skip


def _is_told(name: str, spec: Spec, pattern: str, rule: str) -> bool:
    """Whether the user's rule is for a tensor: a pattern is for those of its tensors that the rule can be for."""
    if name == pattern:
        return True
    return matches(name, [pattern]) and len(spec.shape) in layouts.LAYOUTS[rule].ranks


def _roles(side: _Side, said: Words, spec: Spec) -> frozenset[str]:
    """Return what a tensor may be; `weight` and `bias` of torch's are different things in different layers."""
    role, siblings = said.role, side.units[said.unit]
    if spec.layer == "Embedding":
        return frozenset({"embedding"})
    if role is None:
        return frozenset()
    if role == "weight":
        if len(spec.shape) < 2:
            return frozenset({"gamma", "alpha"})
        if len(spec.shape) == 2 and spec.layer is None:
            return frozenset({"kernel"} if "bias" in siblings else {"kernel", "embedding"})
        return frozenset({"kernel", "depthwise_kernel", "pointwise_kernel"})
    if role == "kernel" and len(spec.shape) < 2:
        return frozenset({"kernel", "gamma", "alpha"})
    if role == "bias" and ("gamma" in siblings or _rank_of(side, siblings, "weight") == 1):
        return frozenset({"beta"})
    if role == "bias" and _rank_of(side, siblings, "kernel") == 1:
        return frozenset({"beta", "bias"})
    if role in ("kernel", "depthwise_kernel", "pointwise_kernel"):
        return frozenset({role, "kernel"})
    return frozenset({role})


def _rank_of(side: _Side, siblings: Mapping[str, str], role: str) -> int | None:
    return len(side.specs[siblings[role]].shape) if role in siblings else None


def _choices(spec: Spec, style: str, roles: frozenset[str], embeds: bool) -> tuple[dict[str, Shape], dict[str, float]]:
    """Return the rules that fit, the likeliest first, and how unlikely each is."""
    found = layouts.choices(spec.shape, style)
    cost = {rule: _cost(rule, spec, roles, embeds) for rule in found}
    likely = sorted((rule for rule in found if cost[rule] < _NEVER), key=cost.__getitem__)
    return {rule: found[rule] for rule in likely}, cost


#: Costs of a rule: of what a convention says, of what is merely possible, of what contradicts the tensor's name.
_HALF, _UNLIKELY, _AGAINST, _NEVER = 0.5, 1.0, 2.0, 9.0
_KERNELS = frozenset({"kernel", "depthwise_kernel", "pointwise_kernel"})


def _cost(rule: str, spec: Spec, roles: frozenset[str], embeds: bool) -> float:
    if len(spec.shape) < 2:
        return 0.0
    kernel, embedding = bool(roles & _KERNELS), "embedding" in roles
    if rule == "same":
        return _cost_of_same(spec, kernel, embedding, embeds)
    if not kernel:
        return _NEVER if embedding else _UNLIKELY if roles or rule == "depthwise" else _HALF
    if rule == "depthwise":
        return _cost_of_depthwise(spec, roles)
    if embedding and embeds:
        return _UNLIKELY
    return _UNLIKELY if _only_depthwise(roles) else 0.0


def _cost_of_same(spec: Spec, kernel: bool, embedding: bool, embeds: bool) -> float:
    if not kernel or (embedding and embeds):
        return 0.0
    if embedding:
        return _HALF
    return _NEVER if spec.layer is not None else _AGAINST


def _cost_of_depthwise(spec: Spec, roles: frozenset[str]) -> float:
    if spec.layer is not None and not spec.layer.startswith(("Depthwise", "Conv", "Separable")):
        return _NEVER
    return 0.0 if _only_depthwise(roles) or (spec.layer or "").startswith("Depthwise") else _UNLIKELY


def _only_depthwise(roles: frozenset[str]) -> bool:
    return "depthwise_kernel" in roles and "pointwise_kernel" not in roles


# Recurrent cells.

_TORCH = re.compile(r"(?P<part>(?:weight|bias)_(?:ih|hh|hr))(?:_l(?P<layer>\d+)(?P<back>_reverse)?)?")
_PEEPHOLE = re.compile(r"w_[ifo]_diag")
#: Where a cell's kind stands among its parts, if its name says it.
_KIND = "kind"
_GRU_PARTS = {
    ("gates", "kernel"): "gates_kernel", ("gates", "bias"): "gates_bias", ("candidate", "kernel"): "candidate_kernel",
    ("candidate", "bias"): "candidate_bias", ("input_projection", "kernel"): "input_kernel",
    ("input_projection", "bias"): "input_bias", ("hidden_projection", "kernel"): "hidden_kernel",
    ("hidden_projection", "bias"): "hidden_bias",
}  # fmt: skip


def _cells(side: _Side) -> dict[str, dict[str, str]]:
    """Return the tensors of each cell by part, under the name of its first tensor."""
    finders = {"torch": (_torch_cells,), "keras": (_keras_cells,), "tf1": (_gru_cells, _tf1_cells)}
    found = []
    for style in dict.fromkeys(side.style_of(name) for name in side.specs):
        part = side.of_style(style)
        found += [members for finder in finders[style] for members in finder(part)]
    return {next(name for part, name in members.items() if part != _KIND): members for members in found}


def _torch_cells(side: _Side) -> list[dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in side.specs:
        scope, _, last = name.rpartition(".")
        match = _TORCH.fullmatch(last)
        if match:
            found[scope, last.removeprefix(match["part"])][match["part"]] = name
    return [members for members in found.values() if "weight_ih" in members and "weight_hh" in members]


def _keras_cells(side: _Side) -> list[dict[str, str]]:
    out = []
    for members in side.units.values():
        if "recurrent_kernel" in members:
            known = ("kernel", "recurrent_kernel", "bias")
            parts: dict[str, str] = {role: members[role] for role in known if role in members}
            if "bias" in parts and len(side.specs[parts["bias"]].shape) == 2:
                parts["bias2"] = parts.pop("bias")
            out.append(parts)
    return out


def _tf1_cells(side: _Side) -> list[dict[str, str]]:
    out = []
    for unit, members in side.units.items():
        kind = _tf1_kind(unit)
        if kind is None or "kernel" not in members or "gamma" in members:
            continue
        shape = side.specs[members["kernel"]].shape
        if len(shape) != 2 or shape[1] % GATES[kind] or shape[0] <= _state(side, unit, shape[1] // GATES[kind]):
            continue
        if any(_is_foreign(name, unit) for name in side.specs):
            continue  # layer-normalised cells and the like: no other framework has them
        parts: dict[str, str] = {role: members[role] for role in ("kernel", "bias") if role in members}
        parts |= {bare(name).rsplit("/", 1)[-1]: name for name in _peepholes(side, unit)}
        projection = side.units.get(f"{unit}/projection", {})
        if "kernel" in projection:
            parts["projection"] = projection["kernel"]
        out.append({_KIND: kind, **parts})
    return out


def _is_foreign(name: str, unit: str) -> bool:
    """Whether a tensor inside a cell's scope is none of a plain cell's."""
    inner = bare(name).removeprefix(unit + "/")
    plain = "/" not in inner or inner.startswith("projection/")
    return inner != bare(name) and not plain and not _PEEPHOLE.fullmatch(inner)


def _tf1_kind(unit: str) -> str | None:
    """Return the kind of cell that a scope is named after: `basic_lstm_cell`, `BasicLSTMCell/Linear`."""
    parts = unit.lower().split("/")
    last = parts[-2] if parts[-1] == "linear" and len(parts) > 1 else parts[-1]
    if "lstm" in last:
        return "lstm"
    return "rnn" if "rnn" in last and "cell" in last and "multi" not in last else None


def _state(side: _Side, unit: str, units: int) -> int:
    projection = side.units.get(f"{unit}/projection", {})
    return side.specs[projection["kernel"]].shape[1] if "kernel" in projection else units


def _peepholes(side: _Side, unit: str) -> list[str]:
    return [
        name
        for name in side.specs
        if bare(name).startswith(unit + "/") and _PEEPHOLE.fullmatch(bare(name).rsplit("/", 1)[-1])
    ]


def _gru_cells(side: _Side) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for unit, members in side.units.items():
        scope, _, last = unit.rpartition("/")
        if last in ("input_projection", "hidden_projection"):
            scope = scope.removesuffix("/candidate")
        for role, name in members.items():
            part = _GRU_PARTS.get((last, role))
            if part:
                found[scope][part] = name
    whole = ({"candidate_kernel", "candidate_bias"}, {"input_kernel", "input_bias", "hidden_kernel", "hidden_bias"})
    gates = {"gates_kernel", "gates_bias"}
    return [members for members in found.values() if set(members) in [gates | rest for rest in whole]]


def _cell_item(side: _Side, found: dict[str, str], order: int) -> Item:
    members = {part: name for part, name in found.items() if part != _KIND}
    shapes = {part: side.specs[name].shape for part, name in members.items()}
    style = side.style_of(next(iter(members.values())))
    kind, sizes = _sizes(style, shapes, found.get(_KIND))
    words, numbers, unit = _cell_words(side, members, style)
    return Item(
        tuple(members.values()), tuple(members), unit, frozenset({kind}), {kind: sizes}, {kind: 0.0}, words, numbers,
        tuple(shapes.values()), order,
    )  # fmt: skip


def _sizes(style: str, shapes: Mapping[str, Shape], kind: str | None) -> tuple[str, Shape]:
    """Return the kind of a cell, and its numbers of inputs and units."""
    if "gates_kernel" in shapes:
        rows, columns = shapes["gates_kernel"]
        return "gru", (rows - columns // 2, columns // 2)
    if style == "torch":
        (rows, inputs), state = shapes["weight_ih"], shapes["weight_hh"][1]
        units = shapes["weight_hr"][1] if "weight_hr" in shapes else state
        return _kind(rows, units), (inputs, units)
    rows, columns = shapes["kernel"]
    if kind is None:
        units = shapes["recurrent_kernel"][0]
        return _kind(columns, units), (rows, units)
    units = columns // GATES[kind]
    state = shapes["projection"][1] if "projection" in shapes else units
    return kind, (rows - state, units)


def _kind(columns: int, units: int) -> str:
    return next((kind for kind, gates in GATES.items() if gates * units == columns), "rnn")


#: Parts of a cell's scope that every program has, or that only say how it was built.
_SAYS_NOTHING = frozenset(
    {"rnn", "cell", "lstm", "gru", "basic", "multi", "bidirectional", "stacked", "layer", "cudnn", "compatible"}
)


def _cell_words(
    side: _Side, members: dict[str, str], style: str
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...], str]:
    first = next(iter(members.values()))
    if style == "torch":
        scope, _, last = first.rpartition(".")
        match = _TORCH.fullmatch(last)
        assert match is not None
        read_scope = [tokens(part) for part in scope.split(".") if part]
        words = [word for said, _ in read_scope for word in said]
        numbers = [counted for _, counted in read_scope] + [(int(match["layer"] or 0),)]
        twice = f"{scope}.weight_ih_l{match['layer']}_reverse".lstrip(".") in side.specs
        words += ["bw"] if match["back"] else ["fw"] if twice else []
        unit = f"{scope}.{last.removeprefix(match['part'])}"
    else:
        unit = side.told[first].unit
        if "gates_kernel" in members:
            unit = unit.rpartition("/")[0]
        read_scope = [tokens(part) for part in unit.split("/") if part]
        words = [word for said, _ in read_scope for word in said]
        numbers = [counted for _, counted in read_scope]
    return tuple(word for word in words if word not in _SAYS_NOTHING), tuple(numbers), unit
