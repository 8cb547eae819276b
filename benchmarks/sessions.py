"""What the v1 engine costs: `onevar.v1` and `tf.compat.v1` build and run the same programs, in turns.

`python benchmarks/sessions.py run BACKEND ROUNDS`: times of runs. `... build ROUNDS`: of building graphs and plans.
`... memory onevar` and `... memory tensorflow`: bytes of a graph. Each prints JSON.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
from processes import resident
from timing import compete

#: Sizes of a batch for the training step.
BATCHES = (8, 64, 128)
#: Nodes of the graphs whose plans are built.
SIZES = (1_000, 10_000)
Program = tuple[Any, dict]


def faces() -> dict[str, Any]:
    """Return TensorFlow 1's API from both, by name; importing them is not measured."""
    import tensorflow.compat.v1 as tf

    import onevar.v1

    _as_in_version_1(tf)
    return {"tensorflow": tf, "onevar": onevar.v1}


def _as_in_version_1(tf: Any) -> None:
    """Switch to the variables of TensorFlow 1; eager execution, which the adapter computes with, stays."""
    import logging

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # this switch is deprecated
    tf.disable_resource_variables()


def tiny(tf: Any) -> Program:
    """A variable that one is added to."""
    return tf.Variable(0.0, use_resource=True).assign_add(1.0), {}


def chain(tf: Any, length: int = 100) -> Program:
    """Additions, each to the result of the one before."""
    x = tf.placeholder(tf.float32, [])
    y = x
    for _ in range(length):
        y = y + 1.0
    return y, {x: 1.0}


def mlp(tf: Any, batch: int) -> Program:
    """A training step of two layers, 784 to 128 to 10, written with `tf.gradients` and `assign_sub`."""
    rng = np.random.default_rng(0)
    x, t = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.float32, [None, 10])
    w1 = tf.Variable((0.05 * rng.normal(size=(784, 128))).astype("float32"))
    b1 = tf.Variable(np.zeros(128, "float32"))
    w2 = tf.Variable((0.05 * rng.normal(size=(128, 10))).astype("float32"))
    b2 = tf.Variable(np.zeros(10, "float32"))
    hidden = tf.maximum(tf.matmul(x, w1) + b1, 0.0)
    logits = tf.matmul(hidden, w2) + b2
    loss = tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1) - tf.reduce_sum(t * logits, axis=1))
    weights = [w1, b1, w2, b2]
    gradients = tf.gradients(loss, weights)
    train = tf.group(*[tf.assign_sub(w, 0.1 * g) for w, g in zip(weights, gradients, strict=True)])
    pixels = rng.random((batch, 784), "float32")
    classes = np.eye(10, dtype="float32")[rng.integers(0, 10, batch)]
    return [loss, train], {x: pixels, t: classes}


def cases(gradients: bool) -> dict[str, Callable[[Any], Program]]:
    """Return the programs by name; those that train only where there are gradients."""
    out: dict[str, Callable[[Any], Program]] = {"assign_add": tiny, "100 additions": chain}
    if gradients:
        out.update({f"MLP step, batch {batch}": lambda tf, batch=batch: mlp(tf, batch) for batch in BATCHES})
    return out


def runs(backend: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return the seconds of a `run` whose plan is there already: `{case: {face: seconds}}`."""
    import onevar
    from onevar.core.registry import adapter

    onevar.set_backend(backend)
    both = faces()
    out = {}
    for name, make in cases("gradients" not in adapter(backend).lacks).items():
        calls = [_prepared(tf, make) for tf in both.values()]
        out[name] = dict(zip(both, compete(calls, rounds=rounds), strict=True))
    return out


def _prepared(tf: Any, make: Callable[[Any], Program]) -> Callable[[], object]:
    graph = tf.Graph()
    with graph.as_default():
        fetches, feed = make(tf)
        start = tf.global_variables_initializer()
    session = tf.Session(graph=graph)
    session.run(start)
    return lambda: session.run(fetches, feed)


def building(rounds: int) -> dict[str, dict[str, float]]:
    """Return the seconds per node that building takes: `{what: {face: seconds}}`."""
    both = faces()
    out = {}
    for name, make in {"1,000 additions": _additions, "20 dense layers": _layers}.items():
        calls = [lambda tf=tf, make=make: make(tf) for tf in both.values()]
        nodes = [len(make(tf).get_operations()) for tf in both.values()]
        seconds = compete(calls, rounds=rounds)
        out[name] = {face: s / n for face, s, n in zip(both, seconds, nodes, strict=True)}
    return out


def _additions(tf: Any, nodes: int = 1_000) -> Any:
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [])
        y = x
        for _ in range(nodes - 1):
            y = tf.add(y, x)
    return graph


def _layers(tf: Any, layers: int = 20) -> Any:
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None, 32])
        for i in range(layers):
            with tf.variable_scope(f"layer{i}"):
                w = tf.get_variable("w", [32, 32])
                b = tf.get_variable("b", [32], initializer=tf.zeros_initializer())
                x = tf.tanh(tf.matmul(x, w) + b)
    return graph


def plans(repeats: int = 3) -> dict[str, float]:
    """Return the seconds that the plan for a chain of additions takes, by number of nodes; the best of a few."""
    import onevar.v1 as tf
    from onevar.core.plan import Plan
    from onevar.core.stages import stages_of

    out = {}
    for size in SIZES:
        graph = _additions(tf, size)
        last, first = graph.get_operations()[-1].outputs[0], graph.get_operations()[0].outputs[0]
        best = float("inf")
        for _ in range(repeats):
            gc.collect()
            clock = time.perf_counter()
            stages_of(Plan([last], [], [first]))
            best = min(best, time.perf_counter() - clock)
        out[str(size)] = best
    return out


def memory(face: str, nodes: int = 10_000) -> int:
    """Return by how many bytes a graph of additions makes this process larger."""
    if face == "tensorflow":
        import tensorflow.compat.v1 as tf

        _as_in_version_1(tf)
    else:
        import onevar.v1 as tf
    _additions(tf, 100)  # what the first graph does once is behind it
    gc.collect()
    before = resident()
    graph = _additions(tf, nodes)
    after = resident()
    del graph
    return after - before


def main(what: str, *arguments: str) -> Any:
    """Measure one thing."""
    if what == "run":
        return runs(arguments[0], int(arguments[1]))
    if what == "build":
        return {"graph": building(int(arguments[0])), "plan": plans()}
    return memory(arguments[0])


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
