"""What programs about loops return, in a graph and eagerly, as plain data: of TensorFlow or of onevar."""

import re
from contextlib import contextmanager

import array_loop_programs
import loop_programs
import numpy as np

GRAPHS = {
    **array_loop_programs.ANYWHERE,
    **array_loop_programs.GRAPHS,
    **loop_programs.ANYWHERE,
    **loop_programs.GRAPHS,
}
EAGERLY = {**array_loop_programs.ANYWHERE, **array_loop_programs.EAGERLY, **loop_programs.ANYWHERE}
# Control flow is operations of its own in TensorFlow 1, and what gradients are made of.
OTHER = re.compile(r"(^|/)(while|cond|gradients|hessians)(_\d+)?(/|$)|^(init|group_deps|Num Gradients)")


def leaves(value):
    """Yield what is in lists, tuples and namedtuples."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def _plain(value):
    if value is None or type(value) in (bool, int, float, str):
        return value
    value = np.asarray(value)
    if value.dtype.kind in "OS":
        return ["string", value.astype("S").astype("U").tolist()]
    if value.dtype.kind == "c":
        return [str(value.dtype), [value.real.tolist(), value.imag.tolist()]]
    return [str(value.dtype), value.tolist()]


def _words(message):
    """What a message says, without the names of operations and arrays, and where it was."""
    if message.startswith("Graph execution error:"):
        message = (
            re.split(r"\n\t ?\[\[|\n\nOriginal stack|\nStack trace for op", message)[0].rstrip().rpartition("\n")[2]
        )
    message = re.sub(r"\s*(\[\[?(\{\{)?(node|Op:)|for '\{\{node).*", "", message.lstrip(), flags=re.DOTALL)
    message = re.sub(r"(TensorArray )?\S*TensorArray\S*: |\{\{.*?\}\} ", "", message)
    return message.partition("\n")[0].strip()


@contextmanager
def _caught(found):
    try:
        yield
    except Exception as error:  # noqa: BLE001 (an error is a result)
        found["error"] = [type(error).__name__, _words(str(getattr(error, "message", error)))]


def in_a_graph(tf, program, runs=1):
    """Return operations, static shapes, and what a Session makes of it, the last time it runs, or how it fails."""
    found = {}
    with tf.Graph().as_default() as graph, _caught(found):
        given = [tf.convert_to_tensor(v) if isinstance(v, tf.IndexedSlices) else v for v in leaves(program(tf))]
        tensors = [t for t in given if isinstance(t, tf.Tensor)]
        found["operations"] = [[op.type, op.name] for op in graph.get_operations() if not OTHER.search(op.name)]
        found["shapes"] = [None if t.shape.ndims is None else t.shape.as_list() for t in tensors]
        with tf.Session(graph=graph) as session:
            session.run(tf.global_variables_initializer())
            values = iter([session.run(tensors) for _ in range(runs)][-1])
        found["values"] = [_plain(next(values) if isinstance(t, tf.Tensor) else t) for t in given]
    return found


def eagerly(tf, program, to_numpy):
    """Return what it computes, or how it fails."""
    found = {}
    with _caught(found):
        found["values"] = [_plain(to_numpy(v)) for v in leaves(program(tf))]
    return found
