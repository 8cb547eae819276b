"""Write op_shapes*.json and op_gradients*.json: what TensorFlow infers and gives for the suite's `*_cases.py`.

    python tests/v1/golden/record_ops.py            # the files in which something is missing, or too much
    python tests/v1/golden/record_ops.py nn ops     # these things' files

Needs TensorFlow 2.21. The cases of conformance/golden/nn_cases.py are in op_shapes_nn.json, those of
nn_gradient_cases.py here in op_gradients_nn.json; the oldest in op_shapes.json and op_gradients.json. The values are
recorded by conformance/golden/record_ops.py, which this calls. The shapes are those that TensorFlow infers when a
graph is built, with as much known of the inputs as `variants` says.
"""

import sys
from typing import Any

import numpy as np
import tensorflow as tf
from golden.gradient_cases import by_thing
from golden.op_variants import variants
from golden.recordings import read, write
from golden.size_programs import PROGRAMS

from onevar.conformance.golden.op_cases import Case
from onevar.conformance.golden.record_ops import call, record, things
from onevar.core.kernel import kernel_of


def shapes(one: Case) -> dict[str, Any]:
    """The shapes that TensorFlow infers, for each variant; a message where it refuses."""
    found: dict[str, Any] = {}
    for name, known in variants(one):
        with tf.Graph().as_default():
            try:
                made = call(one, [_symbol(k, x) for k, x in zip(known, one.inputs, strict=True)])
                found[name] = [t.shape.as_list() if t.shape.rank is not None else None for t in made]
            except ValueError as error:
                found[name] = str(error)
    return found


def _symbol(known: Any, x: Any) -> Any:
    if isinstance(x, list):
        return [_symbol(k, y) for k, y in zip(known, x, strict=True)]
    if isinstance(known, np.ndarray):
        return tf.constant(known)
    dtype = tf.string if x.dtype == object else tf.as_dtype(x.dtype)
    return tf.compat.v1.placeholder(dtype, known)


def program_shape(program: Any) -> list[int | None] | None:
    """The static shape that TensorFlow finds for one of size_programs.py."""

    def op(type: str, *inputs: Any, **attrs: Any) -> Any:
        return call(Case(type, [], attrs), list(inputs))[0]

    with tf.Graph().as_default():
        made = program(op, lambda shape: tf.compat.v1.placeholder(tf.float32, shape), tf.constant)
        return made.shape.as_list() if made.shape.rank is not None else None


def differentiable(one: Case) -> list[int]:
    """Which of a case's inputs gradients are taken with respect to."""
    host = kernel_of(one.type).host_index
    return [i for i, x in enumerate(one.inputs) if i not in host and x.dtype == np.float32]


def gradients(one: Case) -> list[list]:
    """TensorFlow's gradients of the sum of the first output, each element weighted by its position plus one."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        inputs = [tf.constant(x) for x in one.inputs]
        output = call(one, inputs)[0]
        weights = tf.reshape(tf.range(1.0, tf.cast(tf.size(output), tf.float32) + 1.0), tf.shape(output))
        chosen = [inputs[i] for i in differentiable(one)]
        found = tf.gradients(output * weights, chosen, unconnected_gradients="zero")
        return [_shortest(session.run(tf.convert_to_tensor(gradient))) for gradient in found]


def _shortest(array: np.ndarray) -> list:
    """Return the numbers with no more digits than float32 has."""
    return np.reshape([float(str(x)) for x in array.ravel()], array.shape).tolist()


def record_shapes(thing: str, cases: list[Case], asked: bool) -> None:
    programs = PROGRAMS if thing == "ops" else []
    if asked or read("op_shapes", thing).keys() != {one.name for one in cases} | {p.__name__ for p in programs}:
        found = {one.name: shapes(one) for one in cases}
        write("op_shapes", thing, found | {program.__name__: program_shape(program) for program in programs})


def record_gradients(thing: str, cases: list[Case], asked: bool) -> None:
    if asked or read("op_gradients", thing).keys() != {one.name for one in cases}:
        write("op_gradients", thing, {one.name: gradients(one) for one in cases})


if __name__ == "__main__":
    chosen = sys.argv[1:]
    record([thing for thing in chosen if thing in things()] if chosen else None)
    for known, recorder in ((things(), record_shapes), (by_thing(), record_gradients)):
        for thing, cases in known.items():
            if not chosen or thing in chosen:
                recorder(thing, cases, bool(chosen))
