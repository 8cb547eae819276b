"""What the recorder puts into TensorFlow, or onevar, before a program starts.

Gradients are noted where they are asked for, optimizers where they are applied, and nothing is written where the
program keeps its results: what it saves goes to a folder of its own.
"""

from __future__ import annotations

import importlib
import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np

SEED = 1234


class Notes:
    """What hooks saw while the program built its graphs.

    Attributes:
        gradients: Each call of `tf.gradients`: its graph, its `ys`, its variables with the tensors of their gradients.
        optimizers: Each call of `apply_gradients`: its graph, the optimizer, its variables.
        behind: By graph, the names of the operations that gradients and optimizers made.
    """

    def __init__(self) -> None:
        self.gradients: list[dict[str, Any]] = []
        self.optimizers: list[dict[str, Any]] = []
        self.behind: dict[int, set[str]] = {}

    def made(self, graph: Any, start: int) -> None:
        """Note that the operations since `start` belong to gradients or updates."""
        self.behind.setdefault(id(graph), set()).update(op.name for op in graph.get_operations()[start:])

    def of(self, graph: Any, what: str) -> list[dict[str, Any]]:
        """Return the gradients or optimizers of a graph."""
        return [one for one in getattr(self, what) if one["graph"] is graph]


def seed_all() -> None:
    """Let Python's and NumPy's generators begin at the same place in every run."""
    random.seed(SEED)
    np.random.seed(SEED)


def wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace `owner.name` by what `make` returns for it."""
    setattr(owner, name, make(getattr(owner, name)))


def op_name(variable: Any) -> str:
    """Return the name of a variable, or of a tensor's operation."""
    return str(variable.name).split(":")[0]


def tensors_of(gradient: Any) -> list[Any]:
    """Return what a run has to return for a gradient: one tensor, or rows and where they belong."""
    if hasattr(gradient, "indices") and hasattr(gradient, "values"):
        return [gradient.values, gradient.indices]
    return [gradient]


def noting_gradients(notes: Notes, graph: Any, start: int, ys: list[Any], xs: list[Any], found: list[Any]) -> None:
    """Note one call of `tf.gradients`."""
    notes.made(graph, start)
    variables, parts = [], []
    for x, gradient in zip(xs, found):
        if gradient is None or not is_variable(x):
            continue
        parts.extend(tensors_of(gradient))
        variables.append((op_name(x), gradient))
    notes.gradients.append({"graph": graph, "ys": list(ys), "variables": variables, "parts": parts})


def is_variable(x: Any) -> bool:
    """Say whether gradients are taken for a variable."""
    kind = getattr(getattr(x, "op", None), "type", "")
    return kind in ("Variable", "VariableV2", "VarHandleOp") or "Variable" in type(x).__name__


def watch_optimizers(notes: Notes, optimizer: type) -> None:
    """Note what is optimized, by what."""

    def make(real: Any) -> Any:
        def apply_gradients(self: Any, grads_and_vars: Any, *args: Any, **kwargs: Any) -> Any:
            pairs = list(grads_and_vars)
            graph = next((getattr(g, "graph", None) for g, _ in pairs if g is not None), None)
            start = len(graph.get_operations()) if graph is not None else 0
            result = real(self, pairs, *args, **kwargs)
            if graph is not None:
                notes.made(graph, start)
                names = [op_name(v) for g, v in pairs if g is not None]
                notes.optimizers.append({"graph": graph, "optimizer": self, "variables": names})
            return result

        return apply_gradients

    wrap(optimizer, "apply_gradients", make)


def settings(optimizer: Any) -> tuple[dict[str, float], dict[str, Any]]:
    """Return an optimizer's numbers by name, and those that are tensors and must be fetched."""
    numbers: dict[str, float] = {}
    tensors: dict[str, Any] = {}
    for name, value in vars(optimizer).items():
        key = name.strip("_")
        if isinstance(value, (bool, int, float, np.floating, np.integer)):
            numbers[key] = float(value)
        elif hasattr(value, "op") and hasattr(value, "graph") and key in ("lr", "learning_rate"):
            tensors[key] = value
    return numbers, tensors


def seed_graphs(graph_class: Any) -> None:
    """Give every graph a seed, so that random numbers are the same each time; a program's own replaces it."""

    def make(real: Any) -> Any:
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            real(self, *args, **kwargs)
            if type(self) is graph_class:
                self.seed = SEED

        return __init__

    wrap(graph_class, "__init__", make)


def count_seeds(module: Any, default_graph: Callable[[], Any]) -> None:
    """Let TensorFlow 1 number random operations as TensorFlow 2 and onevar do, so that they draw the same numbers.

    Args:
        module: TensorFlow's, with `get_seed`.
        default_graph: Returns the graph that operations go to.
    """
    handed_out: dict[Any, int] = {}

    def make(real: Any) -> Any:
        def get_seed(op_seed: Any) -> Any:
            graph = default_graph()
            while getattr(graph, "outer_graph", None) is not None:
                graph = graph.outer_graph
            if op_seed is None and graph.seed is not None:
                op_seed = handed_out.get(graph, 0)
                handed_out[graph] = op_seed + 1
            return real(op_seed)

        return get_seed

    wrap(module, "get_seed", make)


class Elsewhere:
    """Lets what a program saves go to another folder, and lets it find it again under the name it gave.

    Args:
        folder: Where.
    """

    def __init__(self, folder: str):
        self.folder = os.path.join(folder, "saved")
        self.moved: dict[str, str] = {}

    def place(self, path: Any) -> str:
        """Return where something goes."""
        key = os.path.abspath(str(path))
        if key not in self.moved:
            where = os.path.join(self.folder, str(len(self.moved)))
            os.makedirs(where)
            self.moved[key] = os.path.join(where, os.path.basename(key))
        return self.moved[key]

    def found(self, path: Any) -> Any:
        """Return where something is: where it went, or where the program says."""
        wanted = os.path.abspath(str(path))
        for key, value in self.moved.items():
            if wanted == key or wanted.startswith(key + "-"):
                return value + wanted[len(key) :]
        return path

    def watch_saver(self, saver: type) -> None:
        """Redirect `tf.train.Saver`."""

        def saving(real: Any) -> Any:
            def save(self_: Any, sess: Any, save_path: Any, *args: Any, **kwargs: Any) -> Any:
                kwargs["write_meta_graph"] = False
                written = real(self_, sess, self.place(save_path), *args, **kwargs)
                key = os.path.abspath(str(save_path))
                return written if written is None else str(save_path) + str(written)[len(self.moved[key]) :]

            return save

        def restoring(real: Any) -> Any:
            def restore(self_: Any, sess: Any, save_path: Any) -> Any:
                return real(self_, sess, self.found(save_path))

            return restore

        wrap(saver, "save", saving)
        wrap(saver, "restore", restoring)


def install_tensorflow(notes: Notes, elsewhere: Elsewhere) -> tuple[Any, Any]:
    """Put the hooks into TensorFlow; return the module that programs get, and the class of its sessions."""
    tf = importlib.import_module("tensorflow")
    if not hasattr(tf, "Session"):
        tf = importlib.import_module("tensorflow.compat.v1")
        tf.disable_v2_behavior()
    for name in ("tensorflow.python.ops.gradients_util", "tensorflow.python.ops.gradients_impl"):
        module = importlib.import_module(name)
        if hasattr(module, "_GradientsHelper"):
            _watch_helper(notes, module)
            break
    ops = importlib.import_module("tensorflow.python.framework.ops")
    seed_graphs(ops.Graph)
    if tf.__version__.startswith("1."):
        count_seeds(importlib.import_module("tensorflow.python.framework.random_seed"), ops.get_default_graph)
    tf.reset_default_graph()
    watch_optimizers(notes, tf.train.Optimizer)
    elsewhere.watch_saver(tf.train.Saver)
    return tf, importlib.import_module("tensorflow.python.client.session").BaseSession


def _watch_helper(notes: Notes, module: Any) -> None:
    def make(real: Any) -> Any:
        def helper(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
            y_list = list(ys) if isinstance(ys, (list, tuple)) else [ys]
            x_list = list(xs) if isinstance(xs, (list, tuple)) else [xs]
            graph = y_list[0].graph
            start = len(graph.get_operations())
            found = real(ys, xs, *args, **kwargs)
            noting_gradients(notes, graph, start, y_list, x_list, list(found))
            return found

        return helper

    wrap(module, "_GradientsHelper", make)


def install_onevar(notes: Notes, elsewhere: Elsewhere) -> tuple[Any, Any]:
    """Put the hooks into onevar; return the module that programs get, and the class of its sessions."""
    tf = importlib.import_module("onevar.v1")
    implementation = importlib.import_module("onevar.v1.gradients_impl")
    session = importlib.import_module("onevar.core.session")

    def make(real: Any) -> Any:
        def run(self: Any) -> Any:
            start = len(self.graph.get_operations())
            found = real(self)
            noting_gradients(notes, self.graph, start, self.ys, self.xs, list(found))
            return found

        return run

    wrap(implementation._Backward, "run", make)
    seed_graphs(importlib.import_module("onevar.core.graph").Graph)
    tf.reset_default_graph()
    watch_optimizers(notes, tf.train.Optimizer)
    elsewhere.watch_saver(tf.train.Saver)
    return tf, session.BaseSession
