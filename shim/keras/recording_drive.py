"""Lets a Keras model do what a recorded program did: a model file, or what a factory makes.

A factory returns a model, or a model and a function from the old program's feeds, by name, to the model's input, or to
`(input, target)`.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from onevar.keras.recording import Recorder

Batch = Callable[[Mapping[str, np.ndarray]], Any]


def drive(program: str, recorder: Recorder) -> None:
    """Load or make a model, and let it do what the old program did.

    Args:
        program: A file, or `module:factory`.
        recorder: That has the old program's record.

    Raises:
        TypeError: The factory makes no model.
    """
    if Path(program).suffix in (".keras", ".h5"):
        made = keras.saving.load_model(program)
    else:
        module, _, name = program.partition(":")
        made = getattr(import_module(module), name)()
    drive_model(made, recorder)


def drive_model(made: Any, recorder: Recorder) -> None:
    """Let a model do what the old program did.

    Args:
        made: The model, or the model and its function of feeds.
        recorder: That has the old program's record.

    Raises:
        TypeError: It is no model.
        ValueError: Its inputs cannot be told from the feeds.
    """
    model, batch = made if isinstance(made, tuple) else (made, None)
    if not isinstance(model, keras.Model):
        raise TypeError(f"The factory must make a keras.Model, or a model and a function of feeds. It made: {made!r}")
    trains = getattr(model, "optimizer", None) is not None
    recorder.feeding = None  # what the model gets is decided here
    for event in recorder.playback.contents["events"]:
        feeds = {**recorder.playback.named(event, "sources"), **recorder.playback.named(event, "feeds")}
        x, y = _batch(model, batch, feeds, trains)
        if event["kind"] == "train" and trains:
            model.train_on_batch(x, y)
        elif event["kind"] == "train":
            recorder.tape.note(
                "The model is not compiled with an optimizer: training steps are compared without updates."
            )
            recorder.forward(model, x, event["place"])
        else:
            model.predict_on_batch(x)


def _batch(model: Any, batch: Batch | None, feeds: dict[str, np.ndarray], trains: bool) -> tuple[Any, Any]:
    if batch is not None:
        found = batch({name.split(":")[0]: value for name, value in feeds.items()})
        return found if isinstance(found, tuple) else (found, None)
    data = {name.split(":")[0]: value for name, value in feeds.items() if value.ndim}
    if isinstance(model, keras.Sequential) or getattr(model, "_functional", None) or hasattr(model, "input_names"):
        return _functional(model, dict(data), trains)
    if len(data) == 1:
        return next(iter(data.values())), None
    if type(model).compute_loss is not keras.Model.compute_loss:
        return data, None  # its inputs are a dict of all that was fed
    return _by_kind(data)


def _functional(model: Any, data: dict[str, np.ndarray], trains: bool) -> tuple[Any, Any]:
    inputs = model.inputs if getattr(model, "inputs", None) else []
    if not inputs:
        return _by_kind(data)
    taken: list[np.ndarray] = []
    for tensor in inputs:
        name = next((n for n in data if n == tensor.name and _goes(data[n], tensor)), None)
        name = name or next((n for n in data if _goes(data[n], tensor)), None)
        if name is None:
            shapes = ", ".join(f"{n} {v.shape}" for n, v in data.items())
            raise ValueError(
                f"None of the old program's feeds ({shapes}) goes with the model's input {tensor.name} {tensor.shape}. "
                "Let the factory return the model and a function of the feeds that returns its input, or (input, "
                "target)."
            )
        taken.append(_arranged(data.pop(name), tensor))
    rest = [value for value in data.values() if taken and len(value) == len(taken[0])]
    target = None if not trains or not rest else (rest[0] if len(rest) == 1 else rest)
    return (taken[0] if len(taken) == 1 else taken), target


def _goes(value: np.ndarray, tensor: Any) -> bool:
    return _arranged(value, tensor) is not None


def _arranged(value: np.ndarray, tensor: Any) -> Any:
    """Return a feed in the form of an input; None if it has another."""
    wanted = tuple(tensor.shape[1:])
    given = value.shape[1:]
    if len(given) == len(wanted) and all(w is None or w == g for w, g in zip(wanted, given, strict=True)):
        return value
    if len(wanted) == 3 and len(given) == 3 and wanted == (given[2], given[0], given[1]):
        return np.moveaxis(value, -1, 1)
    if None not in wanted and value.size == len(value) * int(np.prod(wanted, dtype=int)):
        return value.reshape(len(value), *wanted)
    return None


def _by_kind(data: dict[str, np.ndarray]) -> tuple[Any, Any]:
    """Return input and target: labels are what is whole numbers, or what comes last."""
    names = list(data)
    if not names:
        raise ValueError(
            "The old program was fed nothing. Let the factory return the model and a function of the feeds."
        )
    if len(names) == 1:
        return data[names[0]], None
    if len(names) > 2:
        raise ValueError(
            f"The old program was fed {', '.join(names)}; which of them the model takes is not clear. Let the factory "
            "return the model and a function of the feeds that returns its input, or (input, target)."
        )
    whole = [name for name in names if data[name].dtype.kind in "iub"]
    label = whole[-1] if len(whole) == 1 else names[-1]
    return data[next(name for name in names if name != label)], data[label]
