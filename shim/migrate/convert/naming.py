"""Names for a target that nobody described: those that its own framework would give to the same layers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onevar.migrate.convert import layouts
from onevar.migrate.convert.auxiliary import AVERAGE, auxiliaries
from onevar.migrate.convert.items import Item, items_of
from onevar.migrate.convert.name_map import NameMap, Problem, Row
from onevar.migrate.convert.recurrent import GATES
from onevar.migrate.convert.spec import ConversionError, Spec, matches
from onevar.migrate.convert.words import bare, parts_of

_TO_TORCH = {
    "kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
    "moving_variance": "running_var", "embedding": "weight", "depthwise_kernel": "depthwise.weight",
    "pointwise_kernel": "pointwise.weight", "alpha": "weight", "weight": "weight",
}  # fmt: skip
_FROM_TORCH = {
    "kernel": "kernel", "bias": "bias", "gamma": "gamma", "beta": "beta", "moving_mean": "moving_mean",
    "moving_variance": "moving_variance", "embedding": "embeddings", "depthwise_kernel": "depthwise_kernel",
    "pointwise_kernel": "pointwise_kernel", "alpha": "alpha",
}  # fmt: skip
_UNITS = re.compile(
    r"(?:basic_|layer_norm_|cudnn_compatible_)?(?:lstm|gru|rnn)(?:_block|_fused)?_cell(?:_\d+)?|rnn|multi_rnn_cell|"
    r"bidirectional_rnn|stack_bidirectional_rnn|cell_\d+|fw|bw|forward_\w+|backward_\w+|cell"
)
_CELL = re.compile(r"cell_(\d+)")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a recurrent cell is in its network."""

    scope: str
    layer: int
    back: bool
    kind: str


def named(
    source: Mapping[str, Spec],
    source_style: str,
    target_style: str,
    *,
    rules: Mapping[str, str],
    flat: bool = False,
    averages: bool = False,
    skip: tuple[str, ...] = (),
    ordered: bool = True,
) -> NameMap:
    """Return the map from a source to a target that gets the names of its style.

    Args:
        source: The source's tensors.
        source_style: One of `STYLES`.
        target_style: One of `STYLES`.
        rules: The rules of tensors, by name or pattern, where the user has said them.
        flat: Whether the target's scopes may not be nested, as Keras's layers' names.
        averages: Whether moving averages are taken instead of weights.
        skip: Names and patterns of the source to leave out.
        ordered: Whether the source's order is that in which its layers were made.

    Raises:
        ConversionError: A pattern is of no tensor, or two tensors would get one name.
    """
    work = _Naming(source, source_style, target_style, rules, flat)
    work.leave_out(skip, averages)
    work.run(ordered)
    return work.map


class _Naming:
    def __init__(
        self, source: Mapping[str, Spec], source_style: str, target_style: str, rules: Mapping[str, str], flat: bool
    ):
        self.target: dict[str, Spec] = {}
        self.map = NameMap([], source, self.target, source_style, target_style)
        self.same = source_style == target_style
        self.auxiliary = auxiliaries(source)
        weights = {name: spec for name, spec in source.items() if self.same or name not in self.auxiliary}
        self.items = items_of(weights, source_style, cells=not self.same, rules=rules)
        self.told = tuple(rules)
        self.flat = flat
        self.averages: dict[str, str] = {}

    def leave_out(self, skip: tuple[str, ...], averages: bool) -> None:
        for pattern in skip:
            found = [name for name in self.map.source if matches(name, [pattern])]
            if not found:
                raise ConversionError(f"{pattern!r} is no tensor of the source.")
            self.map.left_out |= dict.fromkeys(found, "said so")
        for name, found_aux in self.auxiliary.items():
            if averages and found_aux.slot == AVERAGE and found_aux.of is not None:
                self.averages[found_aux.of] = name
            elif averages or not self._keeps():
                self.map.left_out.setdefault(name, found_aux.what)
        if averages and not self.averages:
            raise ConversionError("The source has no moving averages of weights. Leave out averages=True (--ema).")
        gone = {*self.map.left_out, *self.averages.values()}
        self.items = [item for item in self.items if not gone.intersection(item.names)]

    def _keeps(self) -> bool:
        """Whether the target has room for what is no weight: under the same name, in the same style."""
        return self.same and not self.flat

    def run(self, ordered: bool) -> None:
        convolved = False
        for item in self.items:
            if self.same:
                self._add(item, item.names, "same")
                continue
            rule = self._rule(item)
            if rule in GATES:
                self._add_cell(item, rule)
                continue
            self._ask(item, rule, ordered and not convolved)
            convolved = convolved or rule in ("conv", "depthwise")
            self._add(item, (self._name(item, rule),), rule)
            self._count_batches(item)

    def _rule(self, item: Item) -> str:
        """Return the likeliest rule; a tensor of many dimensions is a convolution's kernel unless told otherwise."""
        rule = next(iter(item.choices))
        if rule == "same" and len(item.names) == 1 and "conv" in item.choices and not matches(item.names[0], self.told):
            return "conv"
        return rule

    def _ask(self, item: Item, rule: str, first: bool) -> None:
        """Say where a shape has two meanings, and the name tells neither."""
        name, shape = item.names[0], item.shapes[0]
        if matches(name, self.told) or not layouts.crosses(self.map.source_style, self.map.target_style):
            return
        unsure = not item.roles or {"embedding", "kernel"} <= item.roles
        one_channel = "depthwise" in item.choices and self.map.source_style == "torch" and shape[0] > 1
        if len(shape) == 2 and unsure and "embedding" not in item.words:
            text = "a dense kernel, which torch has transposed (dense), or an embedding or another matrix (same)"
            self._problem(name, text, "dense")
        elif rule == "conv" and one_channel and not first:
            self._problem(name, "a convolution of one channel (conv), or a depthwise one (depthwise)", "depthwise")

    def _problem(self, name: str, text: str, example: str) -> None:
        text = f"{name} may be {text}. Say which: rules={{{name!r}: {example!r}}} (--rule {name}={example})."
        self.map.problems.append(Problem("layout", name, text))

    def _add(self, item: Item, names: tuple[str, ...], rule: str, parts: tuple[str, ...] = ()) -> None:
        sources = tuple(self.averages.get(name, name) for name in item.names)
        specs = [self.map.source[name] for name in item.names]
        if not parts:
            style, other = self.map.source_style, self.map.target_style
            shape = item.shapes[0] if self.same else layouts.shape_in(rule, item.shapes[0], style, other)
            self._make(names[0], Spec(shape, specs[0].dtype))
        why = "said so" if matches(item.names[0], self.told) else "convention"
        self.map.rows.append(Row(sources, names, rule, why, item.parts if parts else (), parts))

    def _make(self, name: str, spec: Spec) -> None:
        if name in self.target:
            raise ConversionError(
                f"Two tensors of the source would be called {name}. Describe the target instead: like=FILE or "
                "like='module:factory' (--like)."
            )
        self.target[name] = spec

    def _count_batches(self, item: Item) -> None:
        """Give torch's batch norm its counter, which others do not have."""
        if self.map.target_style == "torch" and "moving_mean" in item.roles:
            name = self.map.rows[-1].targets[0].removesuffix("running_mean") + "num_batches_tracked"
            self._make(name, Spec((), "int64"))
            self.map.rows.append(Row((), (name,), "zeros", "only torch counts them"))

    # Names.

    def _name(self, item: Item, rule: str) -> str:
        role = _role(item, rule)
        if self.map.target_style == "torch":
            scope = [part for part in item.unit.split("/") if part]
            last = _TO_TORCH.get(role) if role else None
            if last is None or not scope:
                return ".".join(parts_of(item.names[0]))
            if role == "bias" and self._is_separable(item.unit):
                last = "pointwise.bias"
            return ".".join([*scope, last])
        if self.map.source_style != "torch":
            return self._joined(bare(item.names[0]).split("/"))
        last = _FROM_TORCH.get(role) if role else None
        scope = [part for part in item.unit.split("/") if part]
        return self._joined([*scope, last] if last else parts_of(item.names[0]))

    def _is_separable(self, unit: str) -> bool:
        return any(item.unit == unit and "pointwise_kernel" in item.roles for item in self.items)

    def _joined(self, parts: list[str]) -> str:
        if self.flat and len(parts) > 1:
            return "_".join(parts[:-1]) + "/" + parts[-1]
        return "/".join(parts)

    # Recurrent cells.

    def _add_cell(self, item: Item, kind: str) -> None:
        place = _place(item, kind, self.map.source_style)
        namer: Callable[[Item, _Place], dict[str, str]] = {
            "torch": self._torch_cell,
            "keras": self._keras_cell,
            "tf1": self._tf1_cell,
        }[self.map.target_style]
        names = namer(item, place)
        inputs, units = item.choices[kind]
        dtype = self.map.source[item.names[0]].dtype
        joined = self.map.target_style == "tf1" and kind != "gru"
        for part, name in names.items():
            rows = inputs + units if joined and part == "kernel" else inputs
            self._make(name, Spec(_cell_shape(part, kind, rows, units), dtype))
        self._add(item, tuple(names.values()), kind, tuple(names))

    def _torch_cell(self, item: Item, place: _Place) -> dict[str, str]:
        ending = f"_l{place.layer}{'_reverse' if place.back else ''}"
        scope = place.scope.replace("/", ".")
        return {part: f"{scope}.{part}{ending}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}

    def _keras_cell(self, item: Item, place: _Place) -> dict[str, str]:
        after = place.kind == "gru" and (self.map.source_style == "torch" or "hidden_kernel" in item.parts)
        layer = f"_{place.layer}" if place.layer else ""
        inner = f"{'backward' if place.back else 'forward'}_layer/" if self._is_two_way(item) else ""
        scope = place.scope.replace("/", "_")
        parts = ("kernel", "recurrent_kernel", "bias2" if after else "bias")
        return {part: f"{scope}{layer}/{inner}cell/{part.removesuffix('2')}" for part in parts}

    def _tf1_cell(self, item: Item, place: _Place) -> dict[str, str]:
        way = f"/bidirectional_rnn/{'bw' if place.back else 'fw'}" if self._is_two_way(item) else "/rnn"
        cell = {"lstm": "lstm_cell", "rnn": "basic_rnn_cell", "gru": "gru_cell"}[place.kind]
        scope = f"{place.scope}{way}/multi_rnn_cell/cell_{place.layer}/{cell}"
        if place.kind != "gru":
            return {"kernel": f"{scope}/kernel", "bias": f"{scope}/bias"}
        after = self.map.source_style == "torch" or "bias2" in item.parts
        scope = scope if not after else scope.replace("gru_cell", "cudnn_compatible_gru_cell")
        names = {"gates_kernel": "gates/kernel", "gates_bias": "gates/bias"}
        if after:
            for short, long in (("input", "input_projection"), ("hidden", "hidden_projection")):
                names |= {f"{short}_{role}": f"candidate/{long}/{role}" for role in ("kernel", "bias")}
        else:
            names |= {"candidate_kernel": "candidate/kernel", "candidate_bias": "candidate/bias"}
        return {part: f"{scope}/{name}" for part, name in names.items()}

    def _is_two_way(self, item: Item) -> bool:
        return "bw" in item.words or "fw" in item.words


def _role(item: Item, rule: str) -> str | None:
    role = item.parts[0]
    if role == "weight" or role not in _FROM_TORCH:
        found = item.roles & _FROM_TORCH.keys()
        if rule == "depthwise":
            return "depthwise_kernel" if role == "weight" else role or None
        if rule == "same" and "embedding" in found:
            return "embedding"
        return next((name for name in ("kernel", "gamma", "beta") if name in found), role or None)
    if role == "bias" and item.roles == {"beta"}:
        return "beta"
    return role


def _place(item: Item, kind: str, style: str) -> _Place:
    """Return where a cell is, from the name that its framework gave it."""
    if style == "torch":
        scope, _, ending = item.unit.rpartition(".")
        layer = re.search(r"_l(\d+)", ending)
        return _Place(scope.replace(".", "/") or kind, int(layer[1]) if layer else 0, ending.endswith("_reverse"), kind)
    parts = item.unit.split("/")
    layers = [int(match[1]) for part in parts if (match := _CELL.fullmatch(part))]
    back = any(part == "bw" or part.startswith("backward_") for part in parts)
    scope = "/".join(part for part in parts if not _UNITS.fullmatch(part))
    return _Place(scope or kind, layers[-1] if layers else 0, back, kind)


def _cell_shape(part: str, kind: str, inputs: int, units: int) -> tuple[int, ...]:
    wide = GATES[kind] * units
    return {
        "weight_ih": (wide, inputs), "weight_hh": (wide, units), "bias_ih": (wide,), "bias_hh": (wide,),
        "kernel": (inputs, wide), "recurrent_kernel": (units, wide), "bias": (wide,), "bias2": (2, wide),
        "gates_kernel": (inputs + units, 2 * units), "gates_bias": (2 * units,),
        "candidate_kernel": (inputs + units, units), "candidate_bias": (units,), "input_kernel": (inputs, units),
        "input_bias": (units,), "hidden_kernel": (units, units), "hidden_bias": (units,),
    }[part]  # fmt: skip
