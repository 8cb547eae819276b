"""Write shim/core/op_defs.txt: the signatures in TensorFlow's own op registry, one line each.

Run with TensorFlow 2.21 installed: `python tests/v1/golden/record_op_defs.py`.
The grammar is described where it is read, in shim/core/op_defs.py. Summaries and descriptions are left out:
only the facts that a graph needs are kept.
"""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TARGET = Path(__file__).parents[3] / "shim" / "core" / "op_defs.txt"

FLAGS = {
    "is_stateful": "stateful",
    "is_commutative": "commutative",
    "is_aggregate": "aggregate",
    "allows_uninitialized_input": "uninitialized",
    "is_distributed_communication": "distributed",
}


def registry() -> list[op_def_pb2.OpDef]:
    """All the ops that TensorFlow's C++ registers, by name.

    Returns:
        The protocol buffers.
    """
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return sorted(ops.op, key=lambda op: op.name)


def _type(enum: int) -> str:
    return tf.as_dtype(enum).name


def _string(data: bytes) -> str:
    return json.dumps(data.decode("latin-1"))


def _float(value: float) -> str:
    text = str(np.float32(value))
    return text if any(mark in text for mark in ".einf") else text + ".0"


def _shape(shape) -> str:
    if shape.unknown_rank:
        return "?"
    return "[" + ", ".join("?" if d.size < 0 else str(d.size) for d in shape.dim) + "]"


def _tensor(tensor) -> str:
    array = tf.make_ndarray(tensor)
    return f"tensor({array.dtype.name}, {_shape(tensor.tensor_shape)}, {json.dumps(array.reshape(-1).tolist())})"


WORDS = {
    "s": _string,
    "i": str,
    "f": _float,
    "b": lambda value: "true" if value else "false",
    "type": _type,
    "shape": _shape,
    "tensor": _tensor,
}


def _value(value) -> str:
    field = value.WhichOneof("value")
    if field != "list":
        return WORDS[field](getattr(value, field))
    items = [WORDS[kind](item) for kind in WORDS for item in getattr(value.list, kind)]
    return "[" + ", ".join(items) + "]"


def _arg(arg) -> str:
    if arg.type_list_attr:
        text = "*" + arg.type_list_attr
    else:
        text = arg.type_attr or _type(arg.type)
        if arg.number_attr:
            text = f"{arg.number_attr}*{text}"
    return f"{arg.name}: {'&' if arg.is_ref else ''}{text}"


def _attr(attr) -> str:
    text = f"{attr.name}: {attr.type}"
    if attr.has_minimum:
        text += f" >= {attr.minimum}"
    if attr.HasField("allowed_values"):
        text += f" in {_value(attr.allowed_values)}"
    if attr.HasField("default_value"):
        text += f" = {_value(attr.default_value)}"
    return text


def line(op) -> str:
    """One op's signature.

    Args:
        op: Its protocol buffer.

    Returns:
        The line, without its end.
    """
    inputs, outputs = (", ".join(map(_arg, args)) for args in (op.input_arg, op.output_arg))
    text = f"{op.name}({inputs}) -> ({outputs})"
    if op.attr:
        text += " {" + ", ".join(map(_attr, op.attr)) + "}"
    text += "".join(f" {word}" for field, word in FLAGS.items() if getattr(op, field))
    if op.HasField("deprecation"):
        text += f" deprecated({op.deprecation.version})"
    return text


if __name__ == "__main__":
    TARGET.write_text("\n".join(map(line, registry())) + "\n", encoding="ascii")
