"""TensorFlow's own kernels, as the engine calls an op: `tf.raw_ops`, found once per op type."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from onevar.adapters.tensorflow.convolution import with_channels_first

#: Pure by the registry's word, and still not functions of their inputs: control flow of TensorFlow 1.
_CONTROL = frozenset({
    "Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "ControlTrigger", "Abort", "NoOp",
    "Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "SymbolicGradient", "RemoteCall",
})  # fmt: skip
#: In the registry, and without a kernel: TensorFlow rewrites them before they run.
_WITHOUT_KERNEL = frozenset({"AccumulateNV2"})
#: With a kernel and without a gradient, which `tf.contrib` had.
_WITHOUT_GRADIENT = frozenset({"LSTMBlockCell", "GRUBlockCell"})

#: Ops whose result follows from shapes, and how.
_OF_SHAPES: dict[str, Callable[[tuple[int, ...]], Any]] = {
    "Shape": lambda shape: shape, "ShapeN": lambda shape: shape, "Size": prod, "Rank": len,
}  # fmt: skip


@cache
def op(op_type: str) -> Callable | None:
    """Return a function that runs the op, or None where it has state or is no op that can be called.

    Args:
        op_type: TensorFlow's name, `"Conv2D"`.

    Returns:
        A function of the inputs, in the order of the registry, and of attributes by name. Attributes
        that TensorFlow infers from the inputs, and unknown ones, are left out. Works eagerly and inside `tf.function`.
    """
    definition = op_def_registry.get(op_type)
    function = getattr(tf.raw_ops, op_type, None)
    if definition is None or function is None or not _is_pure(definition):
        return None
    accepted = _parameters(definition, function)
    names = tuple(accepted[argument.name] for argument in definition.input_arg)

    def run(*inputs: Any, **attributes: Any) -> Any:
        if attributes:
            attributes = {accepted[name]: value for name, value in attributes.items() if name in accepted}
        result = function(**dict(zip(names, inputs, strict=True)), **attributes)
        return tuple(result) if isinstance(result, tuple) else result

    run.__name__ = op_type
    if op_type in _OF_SHAPES:
        return _known_while_traced(op_type, run)
    return with_channels_first(op_type, run)


def _known_while_traced(op_type: str, run: Callable) -> Callable:
    """Return an op of shapes that answers with NumPy where it can: sizes are then constants of the trace."""
    of_one = _OF_SHAPES[op_type]

    def answer(inputs: Any, **attributes: Any) -> Any:
        every = inputs if type(inputs) is list else [inputs]
        if not all(isinstance(x, tf.Tensor) and x.shape.is_fully_defined() for x in every):
            return _wide(inputs, attributes) if op_type == "Shape" else run(inputs, **attributes)
        dtype = attributes.get("out_type", "int32")
        answers = [np.array(of_one(tuple(x.shape)), dtype) for x in every]
        return answers if type(inputs) is list else answers[0]

    def _wide(inputs: Any, attributes: dict[str, Any]) -> Any:
        # As a result of a compiled graph an int32 shape is an InternalError (TensorFlow 2.21); an int64 one is not.
        wanted = attributes.get("out_type", "int32")
        return tf.cast(run(inputs, out_type="int64"), tf.as_dtype(wanted))

    answer.__name__ = op_type
    return answer


def _parameters(definition: Any, function: Callable) -> dict[str, str]:
    """Return the registry's names of inputs and attributes, those inferred left out, to the parameters' names.

    Python's names differ for a dozen ops (`axis` for `reduction_indices`), in the same order.
    """
    inferred = {
        name
        for argument in definition.input_arg
        for name in (argument.type_attr, argument.number_attr, argument.type_list_attr)
    }
    names = [argument.name for argument in definition.input_arg]
    names += [attribute.name for attribute in definition.attr if attribute.name not in inferred]
    parameters = [name for name in signature(function).parameters if name != "name"]
    renamed = [name for name in names if name not in parameters]
    others = [name for name in parameters if name not in names]
    return {**dict(zip(names, names, strict=True)), **dict(zip(renamed, others, strict=True))}


def _is_pure(definition: Any) -> bool:
    arguments = [*definition.input_arg, *definition.output_arg]
    return not (
        definition.is_stateful
        or definition.name in _CONTROL
        or definition.name in _WITHOUT_KERNEL | _WITHOUT_GRADIENT
        or any(argument.is_ref or argument.type == tf.resource.as_datatype_enum for argument in arguments)
        or any(attribute.type in ("func", "list(func)") for attribute in definition.attr)
    )
