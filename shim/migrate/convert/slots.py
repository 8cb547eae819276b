"""TensorFlow 1's optimizer slots into those of a Keras optimizer that the target has: `w/Adam` into w's momentum."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from onevar.migrate.convert.auxiliary import Auxiliary, auxiliaries
from onevar.migrate.convert.models import KerasModel
from onevar.migrate.convert.name_map import NameMap, Row
from onevar.migrate.convert.recurrent import GATES
from onevar.migrate.convert.source import Source
from onevar.migrate.optimizers import KERAS_OPTIMIZERS, OptimizerRule, SlotRule

#: Below this a power of beta says no more how many steps there were.
_TINY = 1e-30


def add_slots(name_map: NameMap, source: Source, target: Source) -> None:
    """Add rows for slots that the target has a place for, and for its counter of steps.

    Args:
        name_map: The map; its rows change, and what it leaves out and keeps.
        source: The source.
        target: What says the target's names.
    """
    optimizer = getattr(getattr(target, "model", None), "optimizer", None)
    if not isinstance(target, KerasModel) or name_map.source_style != "tf1":
        return
    if optimizer is None or not getattr(optimizer, "built", False):
        return
    found = {name: aux for name, aux in auxiliaries(source.specs).items() if name in name_map.left_out}
    rule = _rule(type(optimizer).__name__, found)
    if rule is None:
        return
    work = _Slots(name_map, found, optimizer)
    name = rule.parameters["name"]
    centered = rule.centered and any(aux.slot == f"{name}{rule.centered[-1].suffix}" for aux in found.values())
    for slot in rule.centered if centered else rule.slots:
        if slot.keras is not None:
            work.add(slot, f"{name}{slot.suffix}")
    work.add_steps(rule, source)


def _rule(kind: str, found: Mapping[str, Auxiliary]) -> OptimizerRule | None:
    """Return the rule of the one optimizer of TensorFlow 1 whose slots are there and which is this class in Keras."""
    slots = {aux.slot for aux in found.values()}
    fitting = [
        rule
        for rule in KERAS_OPTIMIZERS.values()
        if rule.keras is not None
        and kind in {each.rpartition(".")[2] for each in (rule.keras, rule.moving_rate, rule.rows) if each}
        and rule.slots
        and {f"{rule.parameters.get('name')}{slot.suffix}" for slot in rule.slots} <= slots
    ]
    return fitting[0] if fitting else None


class _Slots:
    def __init__(self, name_map: NameMap, found: Mapping[str, Auxiliary], optimizer: Any):
        self.map = name_map
        self.optimizer = optimizer
        self.slots = {(aux.of, aux.slot): name for name, aux in found.items()}
        self.weights = [row for row in name_map.rows if row.sources]

    def add(self, slot: SlotRule, name: str) -> None:
        for row in self.weights:
            sources = [self.slots.get((source, name)) for source in row.sources]
            targets = [self._variable(target, slot) for target in row.targets]
            if None in sources or None in targets:
                continue
            options = dict(row.options)
            if row.rule in GATES:
                options["forget_bias"] = 0.0  # the constant is no part of a slot
            factor = self._factor(slot.factor)
            if factor != 1.0:
                options["factor"] = factor
            new = replace(row, sources=tuple(sources), targets=tuple(targets), why="slot", options=options)  # type: ignore[arg-type]
            self._take(new)

    def _factor(self, factor: float | str) -> float:
        if not isinstance(factor, str):
            return float(factor)
        value = float(getattr(self.optimizer, factor.removeprefix("-")))
        return -value if factor.startswith("-") else value

    def _variable(self, weight: str, slot: SlotRule) -> str | None:
        ending = f"{weight.replace('/', '_')}_{slot.keras}"
        return next((name for name in self._optimizers() if name.endswith(f"/{ending}")), None)

    def _optimizers(self) -> Iterator[str]:
        return (name for name in self.map.target if name.startswith("optimizer/"))

    def _take(self, row: Row) -> None:
        self.map.rows.append(row)
        for name in row.sources:
            self.map.left_out.pop(name, None)
        for name in row.targets:
            self.map.kept.pop(name, None)

    def add_steps(self, rule: OptimizerRule, source: Source) -> None:
        """Set Keras's counter of steps: from a power of beta, which tells it, or from the global step."""
        counter = next((name for name in self._optimizers() if name.endswith(("/iteration", "/iterations"))), None)
        if counter is None:
            return
        power = next((name for name in self.map.left_out if name.rsplit("/", 1)[-1] == "beta1_power"), None)
        step = next((name for name in self.map.left_out if name.rsplit("/", 1)[-1] == "global_step"), None)
        if rule.powers and power is not None:
            beta = float(self.optimizer.beta_1)
            value = float(source.read(power))
            if value > _TINY:
                # The power is beta1 ** (steps + 1) in a checkpoint.
                steps = round(math.log(value) / math.log(beta)) - 1
                self._take(Row((power,), (counter,), "steps", "slot", options={"steps": steps}))
                return
        if step is not None:
            self._take(Row((step,), (counter,), "same", "slot"))
