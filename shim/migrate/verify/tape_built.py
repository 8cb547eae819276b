"""Drives a graph that a function builds: for programs that are no scripts, and for models without a training loop.

The function returns a dict: `outputs` (tensors, in any structure), `loss` and `train` where it trains, `feeds`: an
iterable of feed dicts. Without `feeds`, placeholders get numbers of their dtype and shape.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from onevar.migrate.verify.tape import Playback
from onevar.migrate.verify.tape_hooks import SEED

_BATCH = 4
_NAMES = ("outputs", "loss", "train", "feeds", "initialize")


def drive(program: str, tf: Any, options: dict[str, Any]) -> None:
    """Build a graph, and run it as often as asked.

    Args:
        program: `module:function`.
        tf: The module that programs get for TensorFlow.
        options: As for the recorder.

    Raises:
        TypeError: The function returns something else than such a dict.
    """
    module, _, name = program.partition(":")
    run_built(getattr(importlib.import_module(module), name), tf, options["steps"], Playback(options.get("playback")))


def run_built(function: Any, tf: Any, steps: int, playback: Playback) -> None:
    """Build a graph by a function, and run it: outputs first, then a training step, as often as asked."""
    with tf.Graph().as_default() as graph:
        built = function()
        if not isinstance(built, dict) or not any(key in built for key in ("outputs", "loss", "train")):
            raise TypeError(
                "The function that builds the graph must return a dict with outputs, loss, train, feeds (each may be "
                f"left out, but one of the first three). It returned: {built!r}"
            )
        unknown = set(built) - set(_NAMES)
        if unknown:
            raise TypeError(f"The function that builds the graph returned {sorted(unknown)}; known are {_NAMES}.")
        outputs = built.get("outputs", built.get("loss"))
        train = None if built.get("train") is None else [built["train"]]
        with tf.Session(graph=graph) as sess:
            sess.run(tf.global_variables_initializer())
            if built.get("initialize") is not None:
                built["initialize"](sess)
            for feed in itertools.islice(_feeds(graph, built, playback), steps):
                if outputs is not None:
                    sess.run(outputs, feed)
                if train is not None:
                    sess.run(train + [built[key] for key in ("loss",) if built.get(key) is not None], feed)


def _feeds(graph: Any, built: dict[str, Any], playback: Playback) -> Iterator[dict[Any, Any]]:
    """Yield what to feed: what the function says, what the other program was fed, or random numbers."""
    if built.get("feeds") is not None:
        yield from built["feeds"]
        return
    generator = np.random.RandomState(SEED)
    placeholders = [op.outputs[0] for op in graph.get_operations() if op.type in ("Placeholder", "PlaceholderV2")]
    events = [event for event in playback.contents["events"] if event.get("feeds")]
    for event in events:
        given = playback.named(event, "feeds")
        if all(tensor.name in given for tensor in placeholders):
            yield {tensor: given[tensor.name] for tensor in placeholders}
    while not events:
        yield {tensor: _numbers(tensor, generator) for tensor in placeholders}


def _numbers(tensor: Any, generator: Any) -> Any:
    dtype = np.dtype(tensor.dtype.base_dtype.as_numpy_dtype)
    shape = (
        [_BATCH if size is None else size for size in tensor.shape.as_list()] if tensor.shape.ndims is not None else []
    )
    if dtype.kind in "iu":
        return generator.randint(0, 2, shape).astype(dtype)
    if dtype.kind == "b":
        return np.zeros(shape, dtype)
    return generator.standard_normal(shape).astype(dtype)
