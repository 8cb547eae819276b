"""Write `<thing>.npz`: what TensorFlow's ops give for the calls of `<thing>_cases.py`.

    python conformance/golden/record_ops.py            # the files in which something is missing, or too much
    python conformance/golden/record_ops.py nn ops     # these

Needs TensorFlow.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_library

from onevar.conformance.golden.op_cases import CASES, Case
from onevar.core.op_defs import op_def

HERE = Path(__file__).parent
# The optimizer of graphs folds constants, and has defects of its own: FusedBatchNorm of constants (2.21).
_AS_IT_IS = tf.compat.v1.ConfigProto()
_AS_IT_IS.graph_options.rewrite_options.disable_meta_optimizer = True


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
    with tf.Graph().as_default(), tf.compat.v1.Session(config=_AS_IT_IS) as session:
        inputs = [[tf.constant(y) for y in x] if isinstance(x, list) else tf.constant(x) for x in one.inputs]
        return [np.asarray(item) for item in session.run(call(one, inputs))]


def things() -> dict[str, list[Case]]:
    """Return the cases of each file."""
    found: dict[str, list[Case]] = {}
    for one in CASES:
        found.setdefault(one.thing, []).append(one)
    return found


def incomplete() -> list[str]:
    """Return the files that do not hold what their modules have."""
    return [thing for thing, cases in things().items() if recorded_names(thing) != {one.name for one in cases}]


def recorded_names(thing: str) -> set[str]:
    """Return the names of the cases that a file holds."""
    file = HERE / f"{thing}.npz"
    if not file.exists():
        return set()
    with np.load(file) as arrays:
        return {key.rpartition("/")[0] for key in arrays.files}


def record(chosen: list[str] | None = None) -> list[str]:
    """Write files: those named, or those that are incomplete. Return their names."""
    chosen = chosen or incomplete()
    for thing in chosen:
        arrays = {f"{one.name}/{i}": a for one in things()[thing] for i, a in enumerate(values(one))}
        plain = {}
        for key, array in arrays.items():
            if array.dtype.name == "bfloat16":
                array = array.astype(np.float32)
            plain[key] = array.astype(bytes) if array.dtype == object else array
        np.savez_compressed(HERE / f"{thing}.npz", **plain)
    return chosen


if __name__ == "__main__":
    print(*record(sys.argv[1:]))
