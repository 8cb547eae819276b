"""Runs programs step by step, with TensorFlow or with onevar, and says what they built and computed."""

import re

import numpy as np

# What TensorFlow spreads over the operations of a condition is one operation here.
_INSIDE = re.compile(
    r"[ /](cond(_\d+)?|AssertGuard(_\d+)?|is_valid_shape|has_valid_nonscalar_shape)/"
    r"|^SparseReshape .*/expand_labels$|/expand_labels/(Switch|Identity.*)$"
)
_TYPES = frozenset({"Assert", "If", "While", "SymbolicGradient"})


def operations(graph):
    """The operations that both have, in order."""
    return kept(f"{op.type} {op.name}" for op in graph.get_operations())


def kept(lines):
    """Types and names without those of conditions and of gradients."""
    plain = [line for line in lines if line.partition(" ")[0] not in _TYPES and not _INSIDE.search(line)]
    return [line for line in plain if " gradients" not in line]


def parts(tensors):
    """The dense tensors that fetches consist of."""
    found = []
    for t in tensors:
        found += [t.indices, t.values, t.dense_shape] if hasattr(t, "dense_shape") else [t]
    return found


def _feeds(graph, given):
    named = {op.name: op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"}
    return {tensor: given[re.sub(r"_\d+$", "", name)] for name, tensor in named.items()}


def run(tf, program, feeds, steps, gradients=True):
    """Build and run a program; returns operations, static shapes, and the values of each step (None: left out)."""
    graph = tf.Graph()
    with graph.as_default():
        fetches = parts(program(tf))
        built = operations(graph)
        shapes = [None if t.shape.rank is None else t.shape.as_list() for t in fetches]
        variables = sorted([v.name, v.shape.as_list(), v.dtype.base_dtype.name] for v in tf.local_variables())
        listed = sorted(v.name for v in tf.get_collection(tf.GraphKeys.METRIC_VARIABLES))
        initializers = [tf.global_variables_initializer(), tf.local_variables_initializer()]
        left_out = [] if gradients else [t for t in fetches if t.op.type == "SymbolicGradient"]
        values = []
        with tf.Session(graph=graph) as session:
            session.run(initializers)
            for step in range(steps):
                given = _feeds(graph, feeds(step))
                values.append([None if t in left_out else np.asarray(session.run(t, given)) for t in fetches])
    return {"operations": built, "shapes": shapes, "variables": variables, "listed": listed}, values


def refused(tf, program):
    """The error with which a program ends when it is built, or run."""
    graph = tf.Graph()
    with graph.as_default():
        try:
            found = program(tf)
            with tf.Session(graph=graph) as session:
                session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
                session.run(list(found) if isinstance(found, tuple) else found)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is compared)
            return [type(error).__name__, str(error).split("\n")[0]]
    return None
