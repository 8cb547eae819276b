"""A recorded run, read back: its steps, and what each of them computed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from onevar.migrate.verify.tape import ARRAYS, CONTENTS, FORMAT

#: What the optimizers' slots of Keras 3 and torch are called in TensorFlow 1.
SLOTS = {
    "momentums": "m", "velocities": "v", "accumulators": "accumulator", "linears": "linear",
    "accumulated_grads": "accum",
    "accumulated_delta_vars": "accum_update", "average_gradients": "mg", "exp_avg": "m", "exp_avg_sq": "v",
    "square_avg": "rms", "sum": "accumulator", "momentum_buffer": "momentum", "grad_avg": "mg",
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A recorded value.

    Attributes:
        trace: The run that it is of.
        name: What it is called there.
        kind: The op type, the layer's class or the function's name; for others what they are.
        data: Where it is stored, with shape and dtype.
    """

    trace: "Trace"
    name: str
    kind: str
    data: Mapping[str, Any]

    @property
    def value(self) -> np.ndarray:
        """The value."""
        return self.trace.array(self.data)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.data["shape"])

    @property
    def dtype(self) -> str:
        """The dtype that it had in the program."""
        return str(self.data["dtype"])

    @property
    def settings(self) -> dict[str, Any]:
        """Attributes of the operation, or the layer's configuration."""
        return dict(self.trace.nodes.get(self.name, {}).get("attrs", {}))


class Event:
    """One training step or evaluation of a run.

    Args:
        trace: The run.
        data: What was recorded of it.
        before: The variables before it, by name.
    """

    def __init__(self, trace: "Trace", data: dict[str, Any], before: Mapping[str, Any]):
        self.trace, self.data, self._before = trace, data, before

    @property
    def place(self) -> str:
        """What it has in common with the same event of another run."""
        return str(self.data["place"])

    @property
    def trains(self) -> bool:
        """Whether variables are trained."""
        return self.data["kind"] == "train"

    @property
    def step(self) -> int:
        """How many training steps there are up to and with this."""
        return int(self.data["after"]) + self.trains

    def items(self, what: str) -> list[Item]:
        """Return the values of one kind, such as `"layers"`, in the order in which they were computed."""
        nodes = self.trace.nodes
        found = self.data.get(what) or []
        return [Item(self.trace, one["name"], str(nodes.get(one["name"], {}).get("type", what)), one) for one in found]

    @cached_property
    def gradients(self) -> dict[str, np.ndarray]:
        """The gradients by the variable's name."""
        return {name: self.trace.array(one) for name, one in (self.data.get("gradients") or {}).items()}

    @cached_property
    def before(self) -> dict[str, np.ndarray]:
        """The variables before the event."""
        return {name: self.trace.array(one) for name, one in self._before.items()}

    @cached_property
    def after(self) -> dict[str, np.ndarray]:
        """The variables after it, where it trains."""
        return {name: self.trace.array(one) for name, one in (self.data.get("weights") or {}).items()}

    def slots(self) -> dict[tuple[str, str], np.ndarray]:
        """Return the optimizer's slots after it: by variable and TensorFlow 1's name of the slot."""
        found = {}
        for one in self.data.get("slots") or ():
            kind = SLOTS.get(one["slot"], one["slot"])
            found[one["of"], self.trace.slot_name(kind)] = self.trace.array(one)
        for name, (owner, kind, _) in self.trace.slots.items():
            if name in self.after:
                found[owner, kind] = self.after[name]
        return found

    def lookup(self, name: str) -> np.ndarray | None:
        """Return the value of a tensor by its name, wherever in the event it was recorded."""
        for what in ("layers", "feeds", "sources", "random", "losses"):
            for item in self.items(what):
                if item.name == name:
                    return item.value
        plain = name.split(":")[0]
        for spelling in (plain, plain.removesuffix("/read"), plain.removesuffix("/Read/ReadVariableOp")):
            if spelling in self.before:
                return self.before[spelling]
        return None

    def inputs(self, item: Item) -> list[np.ndarray]:
        """Return what an operation or layer was given, as far as it was recorded."""
        given = item.data.get("given")
        if given is not None:
            return [self.trace.array(one) for one in given]
        names = self.trace.nodes.get(item.name, {}).get("inputs", [])
        return [value for value in map(self.lookup, names) if value is not None]

    def weights_of(self, item: Item) -> list[np.ndarray]:
        """Return a layer's own variables before the event; those of a graph's operation are among its inputs."""
        names = self.trace.nodes.get(item.name, {}).get("weights", [])
        return [self.before[name] for name in names if name in self.before]


class Trace:
    """A recorded run.

    Args:
        folder: Where it was recorded.

    Raises:
        ValueError: There is none of a format that is known.
    """

    def __init__(self, folder: Path):
        path = folder / CONTENTS
        if not path.exists():
            raise ValueError(f"{folder}: no recorded run.")
        self.contents: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if self.contents.get("format") != FORMAT:
            raise ValueError(
                f"{path}: format {self.contents.get('format')} is not known; this version writes {FORMAT}."
            )
        self._arrays = np.load(folder / ARRAYS)
        self._loaded: dict[str, np.ndarray] = {}

    def array(self, stored: Mapping[str, Any]) -> np.ndarray:
        """Return a stored value."""
        key = stored["key"]
        if key not in self._loaded:
            self._loaded[key] = self._arrays[key]
        return self._loaded[key]

    @property
    def program(self) -> str:
        """What was run."""
        return str(self.contents["program"])

    @property
    def runtime(self) -> str:
        """What it was run by."""
        return str(self.contents["runtime"])

    @property
    def nodes(self) -> dict[str, Any]:
        """What is known of operations and layers, by name."""
        return self.contents["nodes"]

    @property
    def notes(self) -> list[str]:
        """Sentences for the report."""
        problem = self.contents["problem"]
        return [*self.contents["notes"], *([f"The run ended early. {problem}"] if problem else [])]

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """The variables before the first event, without slots."""
        return {one["name"]: self.array(one) for one in self.contents["weights"] if one["slot"] is None}

    @cached_property
    def own(self) -> dict[str, np.ndarray]:
        """What the program itself had made its variables, before it got others' values."""
        return {name: self.array(one) for name, one in self.contents["own"].items()}

    @cached_property
    def trainable(self) -> set[str]:
        """Names of the trainable variables."""
        return {one["name"] for one in self.contents["weights"] if one["trainable"]}

    @cached_property
    def slots(self) -> dict[str, list[str]]:
        """For a graph's slot variables: what they belong to, which slot they are, of which optimizer."""
        return {one["name"]: one["slot"] for one in self.contents["weights"] if one["slot"] is not None}

    def slot_name(self, kind: str) -> str:
        """Return TensorFlow's name of a slot, where that depends on the optimizer."""
        optimizer = self.optimizer
        name = optimizer["kind"] if optimizer else ""
        if name == "SGD" and kind == "m":
            return "momentum"
        if name.lower().startswith("rmsprop"):
            return {"v": "rms", "m": "momentum"}.get(kind, kind)
        return kind

    @property
    def optimizer(self) -> dict[str, Any] | None:
        """The first optimizer that was seen."""
        for event in self.contents["events"]:
            for one in event.get("optimizers") or ():
                return dict(one)
        return None

    @cached_property
    def events(self) -> list[Event]:
        """What was recorded, in order."""
        before: dict[str, Any] = {one["name"]: one for one in self.contents["weights"]}
        found = []
        for data in self.contents["events"]:
            found.append(Event(self, data, before))
            before = {**before, **(data.get("weights") or {})}
        return found

    def variables(self) -> list[dict[str, Any]]:
        """Return what is known of the variables, without slots."""
        return [one for one in self.contents["weights"] if one["slot"] is None]
