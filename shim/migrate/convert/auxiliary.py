"""What is in a checkpoint besides a model's weights: step counters, optimizers' slots, moving averages of weights."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from onevar.migrate.convert.spec import Spec
from onevar.migrate.convert.words import bare
from onevar.migrate.optimizers import KERAS_OPTIMIZERS

AVERAGE = "ExponentialMovingAverage"
#: Last parts of names, and what the tensor is.
_COUNTERS: Mapping[str, str] = {
    "global_step": "step counter", "save_counter": "counter of saves", "iteration": "optimizer's step counter",
    "iter": "optimizer's step counter", "learning_rate": "optimizer's learning rate",
    "seed_generator_state": "state of a random generator", "num_batches_tracked": "batch norm's counter of batches",
    "_CHECKPOINTABLE_OBJECT_GRAPH": "TensorFlow's description of objects",
}  # fmt: skip
_OTHERS = frozenset(
    {"adam_m", "adam_v", "lamb_m", "lamb_v", "m", "v", "momentum", "LARS", "YellowFin", "GGT", "Shampoo", "ScaledGrad"}
)
_POWER = re.compile(r"(?:.*/)?beta([12])_power(?:_\d+)?")
_KERAS_OPTIMIZER = re.compile(r"(?:optimizer|.*/\.OPTIMIZER_SLOT)/")


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """A tensor that is no weight.

    Attributes:
        what: In words.
        of: The weight that it goes with; None if it goes with none.
        slot: Its name at the weight: `"Adam_1"`, `"ExponentialMovingAverage"`; None for counters.
    """

    what: str
    of: str | None = None
    slot: str | None = None


def auxiliaries(specs: Mapping[str, Spec]) -> dict[str, Auxiliary]:
    """Return the tensors of a checkpoint that are no weights.

    A slot is told by its name: the weight's, and the optimizer's as one part more.

    Args:
        specs: All tensors of the checkpoint.
    """
    names = {bare(name): name for name in specs}
    out = {}
    for name, spec in specs.items():
        found = _of(bare(name), spec, names, specs)
        if found is not None:
            out[name] = found
    return out


@cache
def _slots() -> frozenset[str]:
    """Return the names that optimizers have, unless a program gives another, and those of BERT's own."""
    own = {str(rule.parameters["name"]) for rule in KERAS_OPTIMIZERS.values() if "name" in rule.parameters}
    return frozenset(own | _OTHERS)


def _is_slot(name: str) -> bool:
    return name in _slots() or re.sub(r"_\d+$", "", name) in _slots()


def _of(name: str, spec: Spec, names: Mapping[str, str], specs: Mapping[str, Spec]) -> Auxiliary | None:
    last = re.split(r"[/.]", name)[-1]
    if last in _COUNTERS:
        return Auxiliary(_COUNTERS[last])
    if _POWER.fullmatch(name):
        return Auxiliary("Adam's power of beta")
    if _KERAS_OPTIMIZER.match(name):
        return Auxiliary("optimizer's variable")
    if "/" not in name:
        return None
    scope, _, slot = name.rpartition("/")
    weight = _weight_of(scope, names) if slot == AVERAGE or _is_slot(slot) else None
    if weight is None:
        return None
    if slot == AVERAGE:
        return Auxiliary("moving average of a weight", weight, slot)
    if specs[weight].shape == spec.shape or len(spec.shape) < 2:
        return Auxiliary(f"optimizer slot {slot}", weight, slot)
    return None


def _weight_of(scope: str, names: Collection[str] | Mapping[str, str]) -> str | None:
    """Return the weight that a slot's scope names, without scopes of the optimizer's own in front."""
    parts = scope.split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        if name in names:
            return names[name] if isinstance(names, Mapping) else name
    return None
