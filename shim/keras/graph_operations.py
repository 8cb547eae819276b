"""Keras's operations, losses and constraints on tensors of a v1 graph, sizes that only a run knows included."""

from collections.abc import Sequence
from typing import Any

import keras

from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import Tensor
from onevar.keras.graph_arguments import Arguments, has_graph_values, is_graph_value
from onevar.keras.graph_calls import Recording, Results
from onevar.keras.graph_functions import call_function
from onevar.keras.native_mode import Native
from onevar.v1.math_ops_elementwise import cast

#: Attributes of operations that are shapes.
_SHAPES = ("newshape", "shape")


def call_operation(operation: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call one of Keras's operations on tensors of the default graph.

    Args:
        operation: A `keras.Operation`.
        args: Its arguments.
        kwargs: Its keyword arguments.
    """
    if type(operation).__name__ == "ConvertToTensor":
        return _converted(args[0], operation.dtype)
    held = {name: value for name, value in vars(operation).items() if name[:1] != "_" and has_graph_values(value)}
    if held:
        return _with_sizes(operation, args, kwargs, held)
    return call_function(operation.call, args, kwargs, operation.name, operation.compute_output_spec)


def _converted(value: Any, dtype: str | None) -> Tensor:
    """Return a value, or a nested list with tensors in it, as a tensor of the graph."""
    tensor = convert_to_tensor(list(value) if isinstance(value, tuple) else value)
    return tensor if dtype is None or tensor.dtype.base_dtype.name == dtype else cast(tensor, dtype)


def _with_sizes(operation: Any, args: tuple, kwargs: dict[str, Any], held: dict[str, Any]) -> Any:
    """Call an operation whose own attributes are partly tensors: sizes that the host has to know in a run."""
    arguments, host = Arguments((args, kwargs)), Arguments(held)

    def function(*args: Any, **kwargs: Any) -> Any:
        return _copied(operation, {name: kwargs.pop(name) for name in held}).call(*args, **kwargs)

    stand_ins = arguments.filled(arguments.stand_ins())
    results = Results(_expected(operation, stand_ins, held))
    recording = Recording(function, arguments, host, [])
    return results.filled(recording.recorded(results.everything(), [], [], operation.name))


def _copied(operation: Any, attributes: dict[str, Any]) -> Any:
    twin = object.__new__(type(operation))  # `copy.copy` would save it and load it
    vars(twin).update(vars(operation), **attributes)
    return twin


def _expected(operation: Any, stand_ins: Any, held: dict[str, Any]) -> Any:
    """Return what an operation returns as far as that is known before the sizes are."""
    args, kwargs = stand_ins
    known = {name: _sizes(value) for name, value in held.items()}
    try:
        twin = _copied(operation, {name: _guess(sizes) for name, sizes in known.items()})
        with Native():
            return twin.compute_output_spec(*args, **kwargs)
    except (TypeError, ValueError):
        shape = next((known[name] for name in _SHAPES if name in known), None)
        if not isinstance(shape, tuple):
            raise
        return keras.KerasTensor(shape, dtype=args[0].dtype)


def _sizes(value: Any) -> Any:
    """Return sizes with None for those that are not known."""
    if is_graph_value(value):
        known = convert_to_tensor(value).spec.value
        return None if known is None else known.tolist() if hasattr(known, "tolist") else tuple(known)
    return tuple(map(_sizes, value)) if isinstance(value, list | tuple) else value


def _guess(sizes: Any) -> Any:
    if not isinstance(sizes, tuple) or sizes.count(None) + sizes.count(-1) != 1:
        return sizes
    return tuple(-1 if size is None else size for size in sizes)


def call_loss(loss: Any, original: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a `keras.Loss` on tensors of the default graph: one operation.

    Args:
        loss: The loss.
        original: `keras.Loss.__call__`.
        args: Labels, predictions and weights.
        kwargs: The same by name.
    """

    def function(*args: Any, **kwargs: Any) -> Any:
        return original(loss, *args, **kwargs)

    return call_function(function, tuple(args), kwargs, loss.name)
