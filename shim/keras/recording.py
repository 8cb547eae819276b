"""Records what Keras models do in a program: training steps, evaluations, predictions; and plays back another run.

Training steps are run without compilation, so that gradients and values can be seen; what they compute is the same.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from onevar.keras.recording_layers import Seen, Watch, array_of, leaves
from onevar.keras.recording_state import State, is_seed, name_of, optimizer_settings, owners_of

Match = Callable[[list[dict[str, Any]], list[dict[str, Any]]], list[Any]]


class Done(BaseException):
    """Ends a program of which enough is recorded."""


class Recorder:
    """Stands in for the steps of every model.

    Args:
        tape: Where it writes.
        playback: The run that is to be done again.
        steps: How many training steps to record.
        layers: How many runs of each kind have their layers recorded.
        match: Which variable is which of the other run's.
        feeding: What stands for the other run's feeds among a model's inputs; None leaves them.
        elsewhere: Where what models save goes; None leaves it.
    """

    def __init__(
        self,
        tape: Any,
        playback: Any,
        steps: int,
        layers: int,
        match: Match,
        feeding: Any,
        elsewhere: Any = None,
    ):
        self.tape, self.playback, self.steps, self.layers = tape, playback, steps, layers
        self.match, self.feeding, self.elsewhere = match, feeding, elsewhere
        self.watch = Watch()
        self.trained = 0
        self.busy = False
        self.begun: list[Any] = []
        self.used: set[str] = set()
        self.grads: dict[str, np.ndarray] | None = None
        self.loss: Any = None
        self.links: list[Any] = []

    # -- installing -----------------------------------------------------------------------------

    def install(self) -> None:
        """Put the recorder into Keras."""
        self.watch.install()
        for name in ("train", "test", "predict"):
            self._install_step(name)
        self._install_gradients()
        self._install_calls()
        self._install_files()

    def _install_step(self, name: str) -> None:
        maker = f"make_{name}_function"
        real, recorder = getattr(keras.Model, maker), self

        def make(self: Any, force: bool = False) -> Any:
            if f"{name}_step" not in vars(self):
                self.run_eagerly = True
                step = getattr(self, f"{name}_step")
                object.__setattr__(self, f"{name}_step", recorder._standing_in(self, name, step))
                force = True
            return real(self, force)

        setattr(keras.Model, maker, make)

    def _standing_in(self, model: Any, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            if self.busy:
                return step(*args)
            self.busy = True
            try:
                return self._step(model, name, step, args)
            finally:
                self.busy = False

        return run

    def _install_gradients(self) -> None:
        owner = next(kind for kind in keras.optimizers.Optimizer.__mro__ if "apply" in vars(kind))
        real, recorder = owner.apply, self

        def apply(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
            grads = list(grads)
            if recorder.grads is not None:
                variables = self._trainable_variables if trainable_variables is None else trainable_variables
                for gradient, variable in zip(grads, list(variables), strict=False):
                    array = _dense(gradient, variable)
                    if array is not None:
                        recorder.grads.setdefault(name_of(variable), array)
            return real(self, grads, trainable_variables)

        owner.apply = apply

    def _install_calls(self) -> None:
        real, recorder = keras.Layer.__call__, self

        def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
            inner = recorder.busy or not isinstance(self, keras.Model) or not _concrete([args, kwargs])
            if inner or keras.src.backend.in_stateless_scope():
                return real(self, *args, **kwargs)
            recorder.busy = True
            try:
                return recorder.called(self, real, args, kwargs)
            finally:
                recorder.busy = False

        keras.Layer.__call__ = __call__

    def _install_files(self) -> None:
        """Let what models write go elsewhere, and let it be found there."""
        elsewhere = self.elsewhere

        def moved(name: str, find: Callable[[Any], Any]) -> None:
            real = getattr(keras.Model, name)

            def method(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
                return real(self, find(filepath), *args, **kwargs)

            setattr(keras.Model, name, method)

        if elsewhere is not None:
            for name in ("save", "save_weights", "export"):
                moved(name, elsewhere.place)
            moved("load_weights", elsewhere.found)

    # -- steps ----------------------------------------------------------------------------------

    def _step(self, model: Any, name: str, step: Callable[..., Any], args: tuple) -> Any:
        data = keras.utils.unpack_x_y_sample_weight(args[-1])
        kind = "train" if name == "train" else "evaluate"
        if kind == "train" and self.trained >= self.steps:
            raise Done
        if not model.built:
            model._symbolic_build(data_batch=data)
        state = State(model, _lists(args, name))
        self.begin(model, state)
        event, data = self._event(kind, data)
        if event is None:
            return step(*args)
        x, y, weight = data
        self._observe(model, state, event, x, y, weight, kind == "train")
        self._give(event)
        self.grads = {} if kind == "train" else None
        settings = optimizer_settings(model, state) if kind == "train" else None
        packed = keras.utils.pack_x_y_sample_weight(x, y, weight)
        start = args[:-1] if state.lists is None else (_repacked(args[0], state.lists),)
        result = step(*start, packed)
        self.watch.give(None)
        self._keep(model, event, result, settings, state, name)
        return result

    def called(self, model: Any, real: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
        """Record a model that the program calls itself; not the first call, which makes the variables."""
        if not model.built:
            return real(model, *args, **kwargs)
        state = State(model)
        self.begin(model, state)
        event, data = self._event("evaluate", (args[0] if args else None, None, None))
        if event is None:
            return real(model, *args, **kwargs)
        if self.wants("evaluate"):
            self._give(event)
            with keras.StatelessScope(state.mapping()), self.watch.looking() as seen:
                real(model, data[0], *args[1:], **kwargs)
            self.put_layers(event, seen)
        self._give(event)
        result = real(model, data[0], *args[1:], **kwargs)
        self.watch.give(None)
        self.put_results(event, result)
        self.tape.contents["events"].append(event)
        return result

    def forward(self, model: Any, x: Any, place: str) -> None:
        """Record what a model computes where the old program trained, without training it."""
        self.busy = True
        if not model.built:
            model(x)
        state = State(model)
        self.begin(model, state)
        event: dict[str, Any] = {"kind": "train", "place": place, "after": self.trained, "old": place, "feeds": []}
        self._observe(model, state, event, x, None, None, False)
        self.trained += 1
        self.tape.contents["events"].append(event)
        self.busy = False

    def _event(self, kind: str, data: tuple) -> tuple[dict[str, Any] | None, tuple]:
        """Return a new event and the data to compute with: those of the other run, where they can be found."""
        x, y, weight = data
        place, feeds = self._other(kind, x, y)
        if kind == "evaluate" and place is None and self._evaluations() >= 4 * self.steps:
            return None, data
        event: dict[str, Any] = {"kind": kind, "place": place or f"{kind} {len(self.tape.contents['events'])} (new)"}
        event["after"] = self.trained
        event["old"] = place
        if feeds is not None and self.feeding is not None:
            (x, y), texts = self.feeding(feeds, x, y)
            for text in texts:
                self.tape.note(text)
        event["feeds"] = []
        for name, leaf in [*leaves(x, "x" if not isinstance(x, dict) else ""), *leaves(y, "y")]:
            stored = self.tape.put(array_of(leaf))
            if stored is not None:
                event["feeds"].append({**stored, "name": name})
        return event, (x, y, weight)

    def _evaluations(self) -> int:
        return sum(event["kind"] == "evaluate" for event in self.tape.contents["events"])

    def _other(self, kind: str, x: Any, y: Any) -> tuple[str | None, dict[str, np.ndarray] | None]:
        """Return where in the other run the same happened, and what it was fed."""
        for event in self.playback.contents["events"]:
            wrong = event["place"] in self.used or event["kind"] != kind or event["after"] != self.trained
            if wrong:
                continue
            self.used.add(event["place"])
            feeds = {**self.playback.named(event, "sources"), **self.playback.named(event, "feeds")}
            return event["place"], feeds
        return None, None

    def wants(self, kind: str) -> bool:
        """Say whether layers are to be recorded."""
        return sum(event["kind"] == kind for event in self.tape.contents["events"]) < self.layers

    def _give(self, event: dict[str, Any]) -> None:
        """Let the model draw what the other run drew."""
        other = self.playback.event(event["old"]) if event["old"] else None
        if other is not None:
            self.watch.give([(one["law"], self.playback.array(one), one["name"]) for one in other.get("random", ())])

    def begin(self, model: Any, state: State) -> None:
        """Record a model's variables before its first step, and give them the other run's values."""
        if any(one is model for one in self.begun):
            return
        self.begun.append(model)
        contents = self.tape.contents
        known = {item["name"] for item in contents["weights"]}
        pairs = [(v, array_of(value)) for v, value in state.pairs() if not is_seed(v)]
        pairs = [(v, value) for v, value in pairs if value is not None and name_of(v) not in known]
        specs, owners = [], owners_of(model)
        for variable, value in pairs:
            contents["own"][name_of(variable)] = self.tape.put(value)
            trainable = bool(variable.trainable)
            spec = {
                "name": name_of(variable),
                "shape": list(() if value is None else value.shape),
                "trainable": trainable,
                "role": variable.name,
            }
            specs.append({**spec, "layer": owners.get(id(variable))})
        taken = {name for link in self.links for name in link.olds}
        old = [item for item in self.playback.contents["weights"] if item["name"] not in taken]
        contents.setdefault("matchings", []).append({"old": _bare(old), "new": specs})
        self._inject(state, dict(zip([s["name"] for s in specs], pairs, strict=True)), self.match(old, specs))
        for variable, value in [(v, array_of(value)) for v, value in state.pairs() if not is_seed(v)]:
            if name_of(variable) not in known:
                one = {"name": name_of(variable), "trainable": bool(variable.trainable), "slot": None}
                contents["weights"].append({**self.tape.put(value), **one})

    def _inject(self, state: State, pairs: dict[str, Any], links: list[Any]) -> None:
        given = self.playback.weights()
        for link in links:
            variable, _ = pairs[link.new]
            state.set(variable, link.forward(given))
        self.links.extend(links)

    # -- what is seen ---------------------------------------------------------------------------

    def _observe(
        self, model: Any, state: State, event: dict[str, Any], x: Any, y: Any, weight: Any, training: bool
    ) -> None:
        """Compute forward once more, with the same numbers and without consequences, to see layers and the loss."""
        self._give(event)
        with keras.StatelessScope(state.mapping(), collect_losses=True), self.watch.looking() as seen:
            arguments = {"training": training} if model._call_has_training_arg else {}
            results = model(x, **arguments)
            layers = list(seen)
            self.loss = None
            if training and hasattr(model, "_compute_loss") and not _has_own_loss(model):
                self.loss = model._compute_loss(x=x, y=y, y_pred=results, sample_weight=weight, training=training)
        if self.wants(event["kind"]):
            self.put_layers(event, layers)
        if self.watch.missed:
            event["missed"] = list(self.watch.missed)
        self.put_results(event, results)
        stored = self.tape.put(array_of(self.loss))
        event["losses"] = [] if stored is None else [{**stored, "name": "loss"}]

    def put_layers(self, event: dict[str, Any], seen: list[Seen]) -> None:
        """Store what layers computed."""
        event["layers"] = []
        stored_by_id: dict[int, Any] = {}

        def put(array: np.ndarray) -> Any:
            if id(array) not in stored_by_id:
                stored_by_id[id(array)] = (self.tape.put(array), array)
            return stored_by_id[id(array)][0]

        for one in seen:
            event["layers"].append({**put(one.value), "name": one.name, "given": [put(array) for array in one.given]})
            self.tape.contents["nodes"].setdefault(
                one.name,
                {"name": one.name, "type": one.kind, "attrs": one.settings, "weights": one.weights, "inputs": []},
            )

    def put_results(self, event: dict[str, Any], results: Any) -> None:
        """Store what a model returned."""
        event.setdefault("fetches", [])
        for name, leaf in leaves(results, "" if isinstance(results, dict) else "output"):
            stored = self.tape.put(array_of(leaf))
            if stored is not None:
                event["fetches"].append({**stored, "name": name})

    def _keep(
        self, model: Any, event: dict[str, Any], result: Any, settings: dict[str, Any] | None, state: State, name: str
    ) -> None:
        logs, lists = (result if state.lists is not None else (result, None)) if name != "predict" else ({}, None)
        for key, value in logs.items() if isinstance(logs, dict) else ():
            stored = self.tape.put(array_of(value))
            if stored is not None:
                event["fetches"].append({**stored, "name": f"logs/{key}"})
        if name == "train":
            if _has_own_loss(model):
                event["own_loss"] = True  # what the step returns may be a mean over steps, or a part of the loss
            self.trained += 1
            after = State(model, lists)
            event["weights"] = {}
            for variable, value in after.pairs():
                array = None if is_seed(variable) else array_of(value)
                if array is not None:
                    event["weights"][name_of(variable)] = self.tape.put(array)
            event["slots"] = []
            for path, (owner, slot, array) in after.slots().items():
                event["slots"].append({**self.tape.put(array), "name": path, "of": owner, "slot": slot})
            event["gradients"] = {key: self.tape.put(array) for key, array in (self.grads or {}).items()}
            event["optimizers"] = [] if settings is None else [settings]
            self.grads = None
        self.tape.contents["events"].append(event)


def _has_own_loss(model: Any) -> bool:
    """Whether a model's training step is its own, and computes a loss that Keras does not know of."""
    kind = type(model)
    known = getattr(model, "_compile_loss", None) is not None or "compute_loss" in _own_names(kind)
    return "train_step" in _own_names(kind) and not known


def _own_names(kind: type) -> set[str]:
    """Return what a model's classes define besides Keras's."""
    return {name for one in kind.__mro__ if not one.__module__.startswith("keras.") for name in vars(one)}


def _bare(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return variables without where their values are stored."""
    return [{key: item.get(key) for key in ("name", "shape", "dtype", "trainable", "slot")} for item in items]


def _lists(args: tuple, name: str) -> list[Any] | None:
    """Return the lists of values that JAX's steps are given, in the order of a training step's."""
    if len(args) < 2:
        return None
    state = args[0]
    if name == "train":
        return [*state[:3], state[3]]
    return [state[0], state[1], [], list(state[2]) if len(state) > 2 else []]


def _repacked(given: Any, lists: list[Any]) -> tuple:
    """Return the values in the order in which the step got them."""
    return tuple(lists) if len(given) == 4 else (lists[0], lists[1], *([lists[3]] if len(given) > 2 else []))


def _dense(gradient: Any, variable: Any) -> np.ndarray | None:
    """Return a gradient as one array; rows are put where they belong."""
    if gradient is None:
        return None
    if hasattr(gradient, "indices") and hasattr(gradient, "values") and not callable(gradient.values):
        rows, indices = array_of(gradient.values), array_of(gradient.indices)
        if rows is None or indices is None:
            return None
        result = np.zeros(tuple(variable.shape), rows.dtype)
        np.add.at(result, indices, rows)
        return result
    return array_of(gradient)


def _concrete(values: Any) -> bool:
    """Say whether a call is given values, not stand-ins."""
    found = [item for _, item in leaves(values) if hasattr(item, "shape")]
    return bool(found) and all(array_of(item) is not None for item in found)
