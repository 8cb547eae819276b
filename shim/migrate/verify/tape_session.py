"""Records what `Session.run` is asked and answers, with what lies between: layers, gradients, variables, slots.

Another run can be played back: then the first step starts from its variables, each run gets its feeds and its random
numbers.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from onevar.migrate.verify import tape_graph, tape_hooks
from onevar.migrate.verify.tape import Playback, Tape

#: What may be recorded of layers in one run, in bytes; what comes after it is left out, and noted.
LAYER_BYTES = 400_000_000


class Settings:
    """What to record.

    Attributes:
        steps: How many training steps.
        layers: How many runs of each kind have their layers recorded.
    """

    def __init__(self, steps: int, layers: int):
        self.steps = steps
        self.layers = layers


class Recorder:
    """Stands in for `Session.run`.

    Args:
        tape: Where it writes.
        notes: What the hooks saw.
        playback: What to do again.
        settings: What to record.
        real: `Session.run` itself.
    """

    def __init__(self, tape: Tape, notes: tape_hooks.Notes, playback: Playback, settings: Settings, real: Any):
        self.tape, self.notes, self.playback, self.settings, self.real = tape, notes, playback, settings, real
        self.busy = False
        self.trained = 0
        self.counts: dict[str, int] = {}
        self.started: dict[int, Any] = {}

    def run(self, session: Any, fetches: Any, feed_dict: Any, rest: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Do what `session.run` does, and record it if a model computes."""
        if self.busy:
            return self.real(session, fetches, feed_dict, *rest, **keywords)
        self.busy = True
        try:
            look = Look(session, fetches, feed_dict, self.notes)
            if not look.interesting or not self._ready(session, look):
                return self.real(session, fetches, feed_dict, *rest, **keywords)
            return self._event(session, look, fetches, feed_dict, rest, keywords)
        finally:
            self.busy = False

    # -- variables ------------------------------------------------------------------------------

    def _ready(self, session: Any, look: Look) -> bool:
        """Say whether variables have values; before the first event, record them and take the other run's."""
        if id(session.graph) in self.started:
            return True
        values = self._values(session, variables_of(session.graph))
        if any(values.get(name) is None for name in look.variables):
            return False
        if not self.tape.contents["weights"]:
            self._begin(session, values)
        self.started[id(session.graph)] = session.graph  # kept, so that the id stays its own
        return True

    def _begin(self, session: Any, values: dict[str, Any]) -> None:
        own = {name: self.tape.put(value) for name, value in values.items() if value is not None}
        self.tape.contents["own"] = {name: stored for name, stored in own.items() if stored is not None}
        given = self.playback.weights()
        if given:
            self._inject(session, values, given)
            values = self._values(session, variables_of(session.graph))
        trainable = {tape_hooks.op_name(v) for v in session.graph.get_collection("trainable_variables")}
        slots = slots_of(session.graph, self.notes)
        for name, value in values.items():
            stored = None if value is None else self.tape.put(value)
            if stored is not None:
                one = {"name": name, "trainable": name in trainable, "slot": slots.get(name)}
                self.tape.contents["weights"].append(dict(stored, **one))

    def _inject(self, session: Any, values: dict[str, Any], given: dict[str, Any]) -> None:
        for variable in variables_of(session.graph):
            name = tape_hooks.op_name(variable)
            if name not in given or values.get(name) is None:
                continue
            if np.shape(values[name]) != given[name].shape:
                text = "Variable %s has shape %s, in the old program %s: it keeps its own value."
                self.tape.note(text % (name, np.shape(values[name]), given[name].shape))
                continue
            self._load(session, variable, given[name])

    def _load(self, session: Any, variable: Any, value: Any) -> None:
        initializer = variable.initializer
        self.real(session, initializer, {initializer.inputs[1]: value.astype(variable.dtype.base_dtype.as_numpy_dtype)})

    def _values(self, session: Any, variables: list[Any]) -> dict[str, Any]:
        """Return variables' values by name, None for those that have none."""
        names = [tape_hooks.op_name(v) for v in variables]
        try:
            return dict(zip(names, self.real(session, list(variables), None)))
        except Exception as error:
            if not uninitialized(error):
                raise
        found: dict[str, Any] = {}
        for name, variable in zip(names, variables):
            try:
                found[name] = self.real(session, variable, None)
            except Exception as error:
                if not uninitialized(error):
                    raise
                found[name] = None
        return found

    # -- one run --------------------------------------------------------------------------------

    def _event(
        self, session: Any, look: Look, fetches: Any, feed_dict: Any, rest: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        kind = "train" if look.gradients else "evaluate"
        if kind == "train" and self.trained >= self.settings.steps:
            finish(self.tape)
        if kind == "evaluate" and self._too_many(look):
            return self.real(session, fetches, feed_dict, *rest, **keywords)
        place = self._place(kind, look.signature)
        event: dict[str, Any] = {"kind": kind, "place": place, "after": self.trained}
        feed = self._feed(look, place, feed_dict, event)
        extras = look.extras(self._wants_layers(kind))
        try:
            values = self.real(session, [fetches, [tensor for _, tensor in extras]], feed, *rest, **keywords)
        except Exception as error:
            if "does not have value" not in str(error):
                raise
            self.tape.note(f"Layers of {place} could not be recorded: {str(error).splitlines()[0]}")
            extras = []
            values = [self.real(session, fetches, feed, *rest, **keywords), []]
        self._store(event, look, feed, values[0], list(zip(extras, values[1])))
        if kind == "train":
            self.trained += 1
            self._after(session, event)
        self.tape.contents["events"].append(event)
        return values[0]

    def _too_many(self, look: Look) -> bool:
        trains = bool(self.notes.of(look.graph, "gradients"))
        done = sum(event["kind"] == "evaluate" for event in self.tape.contents["events"])
        if not trains and done >= self.settings.steps:
            finish(self.tape)
        return done >= 4 * self.settings.steps

    def _place(self, kind: str, signature: str) -> str:
        """Return what tells this run from others: the same run of another program has the same."""
        base = kind if kind == "train" else f"{kind} after {self.trained}: {signature}"
        self.counts[base] = self.counts.get(base, 0) + 1
        return f"{base} {self.counts[base]}"

    def _wants_layers(self, kind: str) -> bool:
        done = sum(event["kind"] == kind for event in self.tape.contents["events"])
        return done < self.settings.layers

    def _feed(self, look: Look, place: str, feed_dict: Any, event: dict[str, Any]) -> Any:
        """Return what to feed: the program's own, or what the other run was fed and drew."""
        feed = dict(feed_dict or {})
        other = self.playback.event(place)
        if other is None:
            if self.playback.there:
                self.tape.note(f"{place} has no counterpart in the old program: it ran with its own feeds.")
            return feed
        given = self.playback.named(other, "feeds")
        for tensor in look.fed:
            value = given.get(tensor.name)
            if value is None or not tensor.shape.is_compatible_with(value.shape):
                self.tape.note(f"Feed {tensor.name} is the program's own: the old one has none of its name and shape.")
                continue
            feed = replaced(feed, tensor, value.astype(tensor.dtype.base_dtype.as_numpy_dtype), look.graph)
        given = dict(self.playback.named(other, "sources"), **self.playback.named(other, "random"))
        event["injected"] = []
        for tensor in look.sources + look.random:
            value = given.get(tensor.name)
            if value is not None and tensor.graph.is_feedable(tensor):
                feed[tensor] = value.astype(tensor.dtype.base_dtype.as_numpy_dtype)
                event["injected"].append(tensor.name)
        return feed

    def _store(self, event: dict[str, Any], look: Look, feed: Any, result: Any, extras: list[Any]) -> None:
        put = self.tape.put
        event["feeds"] = []
        for tensor in look.fed:
            stored = put(as_fed(look.value_fed(feed, tensor), tensor))
            if stored is not None:
                event["feeds"].append(dict(stored, name=tensor.name))
        event["hidden"] = look.hidden
        event["fetches"] = []
        for name, value in named_results(look.fetches, result):
            stored = None if value is None else put(value)
            if stored is not None:
                event["fetches"].append(dict(stored, name=name))
        bytes_left = LAYER_BYTES
        found: dict[str, Any] = {}
        for ((kind, label), tensor), value in extras:
            if kind == "layers":
                bytes_left -= np.asarray(value).nbytes
                if bytes_left < 0:
                    self.tape.note(f"Layers from {tensor.name} on are left out: there is too much of them.")
                    continue
            found.setdefault(kind, []).append((label, tensor, value))
        self._store_extras(event, look, found)

    def _store_extras(self, event: dict[str, Any], look: Look, found: dict[str, Any]) -> None:
        for kind in ("sources", "random", "layers", "losses"):
            event[kind] = []
            for label, tensor, value in found.get(kind, ()):
                stored = self.tape.put(value)
                if stored is not None:
                    event[kind].append(dict(stored, name=tensor.name, law=label))
                    self.tape.contents["nodes"].setdefault(tensor.name, tape_graph.described(tensor))
        parts: dict[str, list[Any]] = {}
        for label, _, value in found.get("gradients", ()):
            parts.setdefault(label, []).append(value)
        shapes = {item["name"]: item["shape"] for item in self.tape.contents["weights"]}
        event["gradients"] = {}
        for name, values in parts.items():
            stored = self.tape.put(whole(values, shapes.get(name)))
            if stored is not None:
                event["gradients"][name] = stored
        event["optimizers"] = []
        for optimizer, numbers in look.optimizers:
            own = {id(tensor) for tensor in numbers[1].values()}
            fetched = {label: float(np.asarray(v)) for label, t, v in found.get("settings", ()) if id(t) in own}
            kind = type(optimizer["optimizer"]).__name__
            one = {"kind": kind, "settings": dict(numbers[0], **fetched), "variables": optimizer["variables"]}
            event["optimizers"].append(one)

    def _after(self, session: Any, event: dict[str, Any]) -> None:
        values = self._values(session, variables_of(session.graph))
        event["weights"] = {}
        for name, value in values.items():
            stored = None if value is None else self.tape.put(value)
            if stored is not None:
                event["weights"][name] = stored


class Look:
    """What one run is about.

    Args:
        session: Whose run.
        fetches: What was asked for.
        feed_dict: What was fed.
        notes: What the hooks saw.
    """

    def __init__(self, session: Any, fetches: Any, feed_dict: Any, notes: tape_hooks.Notes):
        self.graph = session.graph
        self.fetches = [(label, element) for label, element in flat(fetches, self.graph)]
        self.fed = [element_of(key, self.graph) for key in (feed_dict or {}) if not isinstance(key, tuple)]
        self.fed = [tensor for tensor in self.fed if hasattr(tensor, "value_index")]
        self.names = {id(tensor): key for key in (feed_dict or {}) for tensor in [element_of(key, self.graph)]}
        self.fed_names = {tensor.name for tensor in self.fed}
        targets = [getattr(element, "op", element) for _, element in self.fetches]
        self.ops = tape_graph.needed(targets, self.fed_names)
        behind = notes.behind.get(id(self.graph), set())
        self.forward = tape_graph.forward(self.ops, behind, self.fed_names)
        self.gradients = tape_graph.trained(self.ops, notes.of(self.graph, "gradients"))
        names = {op.name for op in self.ops}
        self.variables = [op.name for op in self.ops if op.type in tape_graph.VARIABLES]
        self.sources = tape_graph.brought(self.ops, self.fed_names)
        self.random = tape_graph.drawn(self.forward)
        self.hidden = tape_graph.hidden(self.forward)
        applied = [one for one in notes.of(self.graph, "optimizers") if names.intersection(one["variables"])]
        self.optimizers = [(one, tape_hooks.settings(one["optimizer"])) for one in applied] if self.gradients else []
        shown = [tensor for tensor in tape_graph.layers(self.forward) if tensor.name not in self.fed_names]
        self.shown = shown
        self.interesting = bool(self.gradients) or (bool(shown) and bool(self.fed or self.sources))
        self.signature = ",".join(sorted(str(getattr(e, "name", e)) for _, e in self.fetches))

    def extras(self, layers: bool) -> list[Any]:
        """Return what is to be fetched besides: `((kind, label), tensor)`."""
        found: list[Any] = [(("sources", ""), tensor) for tensor in self.sources]
        found += [(("random", tape_graph.RANDOM[tensor.op.type]), tensor) for tensor in self.random]
        if layers:
            found += [(("layers", ""), tensor) for tensor in self.shown]
        names = {op.name for op in self.ops}
        for one in self.gradients:
            found += [(("losses", ""), y) for y in one["ys"] if y.op.name in names and tape_graph.fetchable(y)]
            for name, gradient in one["variables"]:
                parts = tape_hooks.tensors_of(gradient)
                if all(part.op.name in names for part in parts):
                    found += [(("gradients", name), part) for part in parts]
        for _, (_, tensors) in self.optimizers:
            found += [(("settings", name), tensor) for name, tensor in tensors.items() if tensor.op.name in names]
        return found

    def value_fed(self, feed: Any, tensor: Any) -> Any:
        """Return what a tensor was fed."""
        for key, value in feed.items():
            if element_of(key, self.graph) is tensor:
                return value
        return None


def element_of(key: Any, graph: Any) -> Any:
    """Return the tensor or operation that a fetch or feed means; the thing itself if it is none."""
    try:
        return graph.as_graph_element(key, allow_tensor=True, allow_operation=True)
    except (TypeError, ValueError, KeyError):
        return key


def flat(fetches: Any, graph: Any, label: str = "") -> list[Any]:
    """Return `(label, element)` for what is fetched, in nested lists and dicts."""
    if isinstance(fetches, (list, tuple)):
        return [pair for i, item in enumerate(fetches) for pair in flat(item, graph, f"{label}/{i}")]
    if isinstance(fetches, dict):
        return [pair for key, item in fetches.items() for pair in flat(item, graph, f"{label}/{key}")]
    element = element_of(fetches, graph)
    return [(label, element)] if hasattr(element, "graph") and hasattr(element, "name") else []


def named_results(fetches: list[Any], result: Any) -> list[Any]:
    """Return `(name, value)` for the results of a run."""
    found = []
    for label, element in fetches:
        value = result
        for part in label.split("/")[1:]:
            if not isinstance(value, (list, tuple, dict)):
                value = None
                break
            value = value[part] if isinstance(value, dict) and part in value else item_at(value, part)
        found.append((element.name, value))
    return found


def as_fed(value: Any, tensor: Any) -> Any:
    """Return a value in the dtype in which it is fed."""
    array = np.asarray(value)
    return array.astype(tensor.dtype.base_dtype.as_numpy_dtype) if array.dtype.kind in "fiubc" else value


def item_at(value: Any, part: str) -> Any:
    """Return an item by its index; None for what has none."""
    return value[int(part)] if isinstance(value, (list, tuple)) and part.isdigit() else None


def replaced(feed: dict[Any, Any], tensor: Any, value: Any, graph: Any) -> dict[Any, Any]:
    """Return a feed with another value for a tensor, which it may name in several ways."""
    kept = {key: given for key, given in feed.items() if element_of(key, graph) is not tensor}
    kept[tensor] = value
    return kept


def whole(values: list[Any], shape: list[int] | None) -> Any:
    """Return a gradient as one array: of rows, those that belong together are added up."""
    if len(values) != 2 or shape is None:
        return values[0]
    rows, indices = values
    result = np.zeros(shape, np.asarray(rows).dtype)
    np.add.at(result, np.asarray(indices), rows)
    return result


def variables_of(graph: Any) -> list[Any]:
    """Return the variables of a graph, the local ones left out."""
    known = list(graph.get_collection("variables"))
    return known + [v for v in graph.get_collection("trainable_variables") if v not in known]


def slots_of(graph: Any, notes: tape_hooks.Notes) -> dict[str, list[str]]:
    """Return for each slot variable what it belongs to and which slot it is."""
    found = {}
    for one in notes.of(graph, "optimizers"):
        optimizer = one["optimizer"]
        by_name = {tape_hooks.op_name(v): v for v in variables_of(graph)}
        for slot in optimizer.get_slot_names():
            for name in one["variables"]:
                variable = optimizer.get_slot(by_name[name], slot) if name in by_name else None
                if variable is not None:
                    found[tape_hooks.op_name(variable)] = [name, slot, type(optimizer).__name__]
    return found


def uninitialized(error: Exception) -> bool:
    """Say whether an error is about a variable without a value."""
    return type(error).__name__ in ("FailedPreconditionError", "NotFoundError") and "nitialized" in str(error)


def finish(tape: Tape) -> None:
    """Write the tape and leave: what the program would do next is of no interest."""
    tape.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
