"""TensorFlow's own operations by op type: for tensors whose sizes are not known while a function is traced."""

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import tensorflow as tf

from onevar.adapters.tensorflow.philox import at


@cache
def raw_op(op_type: str) -> Callable[[Sequence[Any], dict[str, Any]], Any] | None:
    """Return a function of an op's inputs and attributes, or None if TensorFlow does not have the op.

    Args:
        op_type: `"Reshape"`.
    """
    function = getattr(tf.raw_ops, op_type, None)
    if function is None:
        return None
    names = list(inspect.signature(function).parameters)

    def run(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
        own = dict(zip(names, inputs, strict=False))
        own.update({name: value for name, value in attrs.items() if name in names and name not in own})
        return function(**own)

    return run


_DRAWING = {
    "RandomUniform": tf.raw_ops.StatelessRandomUniformV2,
    "RandomStandardNormal": tf.raw_ops.StatelessRandomNormalV2,
    "TruncatedNormal": tf.raw_ops.StatelessTruncatedNormalV2,
}


def drawn(op_type: str, drawing: Any, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Return random numbers of a shape that is a tensor.

    Args:
        op_type: `"RandomUniform"`, say.
        drawing: The stream: its `key`, `high` and `counter`.
        inputs: The op's.
        attrs: The op's.

    Raises:
        NotImplementedError: There is no such op whose shape may be a tensor.
    """
    state = at(drawing.key, drawing.high, drawing.counter)
    if op_type == "RandomUniformInt":
        shape, low, high = inputs
        return tf.raw_ops.StatelessRandomUniformIntV2(shape=shape, minval=low, maxval=high, **state)
    if op_type not in _DRAWING:
        raise NotImplementedError(op_type)
    return _DRAWING[op_type](shape=inputs[0], dtype=attrs["dtype"], **state)
