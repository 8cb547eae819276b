"""Drives a torch module under the recorder: `python -m onevar.migrate.verify.torch_start OPTIONS_IN_JSON`.

The factory returns the module; or the module and a function from the old program's feeds to its input; or a dict:
`module`, `batch` (that function, which may return `(input, target)`), `loss` (of output and target), `optimizer`.
"""

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from onevar.core.registry import adapter
from onevar.migrate.verify import linking, matching
from onevar.migrate.verify.tape import Playback, Tape
from onevar.migrate.verify.tape_hooks import seed_all

_SETTINGS = ("lr", "betas", "eps", "weight_decay", "momentum", "alpha", "nesterov", "rho", "initial_accumulator_value")


def main(options: dict[str, Any]) -> None:
    """Record a torch module.

    Args:
        options: As for the other recorders; `program` is `module:factory`.
    """
    tape, playback = Tape(options["folder"]), Playback(options["playback"])
    tape.contents.update(program=options["program"], kind="torch", map=options["map"], style="torch")
    torch = adapter("torch")
    tape.contents["runtime"] = "torch"
    seed_all()
    sys.path.insert(0, os.getcwd())
    module, _, name = options["program"].partition(":")
    driver = Driver(getattr(import_module(module), name)(), tape, playback, torch, options)
    try:
        driver.run()
    finally:
        tape.close()


class Driver:
    """Lets a module do what a recorded program did.

    Args:
        made: What the factory returned.
        tape: Where it writes.
        playback: The recorded program.
        torch: The adapter.
        options: As for `main`.
    """

    def __init__(self, made: Any, tape: Tape, playback: Playback, torch: Any, options: dict[str, Any]):
        self.tape, self.playback, self.torch, self.options = tape, playback, torch, options
        given = made if isinstance(made, dict) else {}
        self.module, batch = made if isinstance(made, tuple) else (given.get("module", made), given.get("batch"))
        self.batch, self.loss, self.optimizer = batch, given.get("loss"), given.get("optimizer")
        if not hasattr(self.module, "named_parameters"):
            raise TypeError(f"The factory must make a torch.nn.Module, a pair, or a dict of these. It made: {made!r}")
        self.seen: list[Any] | None = None
        self.trained = 0
        self.done: dict[str, int] = {}

    def run(self) -> None:
        """Give the module the old program's values, and let it do each step."""
        self._begin()
        for name, module in self.module.named_modules():
            module.register_forward_hook(partial(self._hook, name or "module"))
        for event in self.playback.contents["events"]:
            trains = event["kind"] == "train" and self.optimizer is not None and self.loss is not None
            self._event(event, trains)

    def _values(self) -> dict[str, np.ndarray]:
        found = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        return {name: self.torch.to_numpy(tensor.detach()).copy() for name, tensor in found.items() if tensor.ndim}

    def _begin(self) -> None:
        owners = {
            f"{path}.{name}" if path else name: type(module).__name__
            for path, module in self.module.named_modules()
            for name, _ in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        }
        trainable = {name for name, tensor in self.module.named_parameters() if tensor.requires_grad}
        values = self._values()
        self.tape.contents["own"] = {name: self.tape.put(value) for name, value in values.items()}
        specs = [
            {"name": name, "shape": list(value.shape), "trainable": name in trainable, "layer": owners.get(name),
             "role": name.rpartition(".")[2]}
            for name, value in values.items()
        ]  # fmt: skip
        keys = ("name", "shape", "dtype", "trainable", "slot")
        old = [{key: item.get(key) for key in keys} for item in self.playback.contents["weights"]]
        self.tape.contents["matchings"] = [{"old": old, "new": specs}]
        tensors = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        given = self.playback.weights()
        for link in linking.links(old, specs, self.options["map"], "torch"):
            value = link.forward(given)
            if value is not None:
                tensors[link.new].data.copy_(self._tensor(np.ascontiguousarray(value)))
        for name, value in self._values().items():
            one = {"name": name, "trainable": name in trainable, "slot": None}
            self.tape.contents["weights"].append({**(self.tape.put(value) or {}), **one})

    def _tensor(self, value: np.ndarray) -> Any:
        return self.torch.convert(np.ascontiguousarray(value), None)

    def _hook(self, name: str, module: Any, given: tuple, result: Any) -> None:
        tensors = result if isinstance(result, tuple | list) else [result]
        for index, tensor in enumerate(tensors):
            if self.seen is not None and hasattr(tensor, "detach"):
                self.seen.append((f"{name}:{index}" if index else name, module, given, tensor.detach().clone()))

    def _inputs(self, feeds: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
        named = {name.split(":")[0]: value for name, value in feeds.items()}
        if self.batch is not None:
            found = self.batch({name: self._tensor(value) for name, value in named.items()})
            return found if isinstance(found, tuple) else (found, None)
        data = [value for value in named.values() if value.ndim]
        whole = [value for value in data if value.dtype.kind in "iub"]
        x = next((value for value in data if value.dtype.kind == "f"), data[0] if data else None)
        if x is None:
            raise ValueError(
                "The old program was fed nothing: let the factory return the module and a function of feeds."
            )
        rest = [value for value in [*whole, *data] if value is not x]
        if x.ndim == 4:
            x = np.moveaxis(x, -1, 1)
        return self._tensor(x), self._tensor(rest[0]) if rest else None

    def _event(self, old: dict[str, Any], trains: bool) -> None:
        kind = old["kind"]
        feeds = {**self.playback.named(old, "sources"), **self.playback.named(old, "feeds")}
        x, y = self._inputs(feeds)
        event: dict[str, Any] = {
            "kind": kind,
            "place": old["place"],
            "after": self.trained,
            "feeds": [],
            "old": old["place"],
        }
        event["feeds"] = [{**(self.tape.put(value) or {}), "name": name} for name, value in feeds.items()]
        self.seen = [] if self.done.get(kind, 0) < self.options["layers"] else None
        self.done[kind] = self.done.get(kind, 0) + 1
        self.module.train(kind == "train")
        output = self.module(x) if not isinstance(x, dict) else self.module(**x)
        self._keep(event, output)
        if trains:
            self._train(event, output, y)
        elif kind == "train":
            self.tape.note("The factory gives no optimizer and loss: training steps are compared without updates.")
        self.trained += kind == "train"
        self.tape.contents["events"].append(event)

    def _train(self, event: dict[str, Any], output: Any, y: Any) -> None:
        assert self.loss is not None
        assert self.optimizer is not None
        loss = self.loss(output, y) if y is not None else self.loss(output)
        event["losses"] = [{**(self.tape.put(self.torch.to_numpy(loss.detach())) or {}), "name": "loss"}]
        self.optimizer.zero_grad()
        loss.backward()
        named = dict(self.module.named_parameters())
        event["gradients"] = {
            name: self.tape.put(self.torch.to_numpy(p.grad)) for name, p in named.items() if p.grad is not None
        }
        event["optimizers"] = [
            {"kind": type(self.optimizer).__name__, "settings": self._settings(), "variables": list(named)}
        ]
        self.optimizer.step()
        event["weights"] = {name: self.tape.put(value) for name, value in self._values().items()}
        event["slots"] = [
            {**(self.tape.put(self.torch.to_numpy(value)) or {}), "name": f"{name}/{slot}", "of": name, "slot": slot}
            for name, p in named.items()
            for slot, value in self.optimizer.state.get(p, {}).items()
            if hasattr(value, "shape") and value.shape == p.shape
        ]

    def _settings(self) -> dict[str, float]:
        assert self.optimizer is not None
        numbers: dict[str, float] = {}
        for key, value in self.optimizer.param_groups[0].items():
            if key == "betas":
                numbers.update(beta1=float(value[0]), beta2=float(value[1]))
            elif key in _SETTINGS and isinstance(value, bool | int | float):
                numbers[key] = float(value)
        return numbers

    def _keep(self, event: dict[str, Any], output: Any) -> None:
        event["layers"] = []
        for name, module, given, tensor in self.seen or ():
            stored = self.tape.put(self.torch.to_numpy(tensor))
            inputs = [self.tape.put(self.torch.to_numpy(g.detach())) for g in given if hasattr(g, "detach")]
            if stored is None:
                continue
            event["layers"].append({**stored, "name": name, "given": [one for one in inputs if one is not None]})
            own = [f"{name}.{parameter}" for parameter, _ in module.named_parameters()]
            numbers = {key: item for key, item in vars(module).items() if isinstance(item, bool | int | float | str)}
            numbers = {key: item for key, item in numbers.items() if not key.startswith("_") and key != "training"}
            node = {"name": name, "type": type(module).__name__, "attrs": numbers, "weights": own, "inputs": []}
            self.tape.contents["nodes"].setdefault(name, node)
        event["fetches"] = []
        for name, tensor in matching.named_tensors(output):
            stored = self.tape.put(self.torch.to_numpy(tensor.detach()))
            if stored is not None:
                event["fetches"].append({**stored, "name": name})


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
