"""Write `ops.npz`: what TensorFlow's ops give for the calls of `op_cases.py`.

    python conformance/golden/record_ops.py

Needs TensorFlow.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_library

from onevar.conformance.golden.op_cases import CASES, Case
from onevar.core.op_defs import op_def

FILE = Path(__file__).with_name("ops.npz")


def call(one: Case, inputs: list[Any]) -> list[Any]:
    """Return the tensors of a case with these inputs in the default graph, those of lists one after the other."""
    names = [arg.name for arg in op_def(one.type).inputs]
    known = op_def(one.type).attrs
    inferred = {a for arg in op_def(one.type).inputs for a in (arg.type_attr, arg.number_attr, arg.type_list_attr)}
    attrs = {name: attr.default for name, attr in known.items() if attr.has_default and name not in inferred}
    attrs.update(one.attrs)
    for name, attr in known.items():
        if attr.kind == "type" and name in attrs:
            attrs[name] = tf.as_dtype(attrs[name])
    result = op_def_library.apply_op(one.type, **dict(zip(names, inputs, strict=True)), **attrs)
    flat: list[Any] = []
    for item in result if isinstance(result, (list, tuple)) else [result]:
        flat += item if isinstance(item, list) else [item]
    return flat


def values(one: Case) -> list[np.ndarray]:
    """Return what TensorFlow computes."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        inputs = [[tf.constant(y) for y in x] if isinstance(x, list) else tf.constant(x) for x in one.inputs]
        return [np.asarray(item) for item in session.run(call(one, inputs))]


def record() -> None:
    """Write the file."""
    arrays = {f"{one.name}/{i}": a for one in CASES for i, a in enumerate(values(one))}
    plain = {}
    for key, array in arrays.items():
        if array.dtype.name == "bfloat16":
            array = array.astype(np.float32)
        plain[key] = array.astype(bytes) if array.dtype == object else array
    np.savez_compressed(FILE, **plain)


if __name__ == "__main__":
    record()
