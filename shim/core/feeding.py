"""What `Session.run` is given: keys and values of `feed_dict`, checked as TensorFlow checks them."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from onevar.core.fetching import CONVERSIONS
from onevar.core.graph import Graph
from onevar.core.operation import IndexedSlices, Operation, Tensor


def feeds(graph: Graph, feed_dict: Mapping) -> Iterator[tuple[Tensor, np.ndarray]]:
    """Yield each fed tensor with its value as an array.

    Raises:
        TypeError: A key is no tensor, or a value is one or cannot be of the tensor's dtype.
        ValueError: A value's shape is not the tensor's.
    """
    if not isinstance(feed_dict, Mapping):
        raise TypeError(
            "FlattenDictItems: 'dict' must be a dictionary or collection.Mapping type object, instead of "
            f"'{type(feed_dict).__name__}'."
        )
    for key, value in feed_dict.items():
        for tensor, part in expanded(key, value):
            element = tensor if type(tensor) is Tensor and tensor.op.graph is graph else _element(graph, tensor)
            yield element, array_for(graph, element, part)


def expanded(key: Any, value: Any) -> list[tuple[Any, Any]]:
    """Return the tensors that a key stands for, each with its part of the value."""
    if type(key) is Tensor:
        return [(key, value)]
    for kind, _, expand, _ in CONVERSIONS:
        if isinstance(key, kind) and expand is not None:
            return list(expand(key, value))
    if isinstance(key, IndexedSlices):
        parts = (key.values, key.indices, key.dense_shape)
        return [(part, item) for part, item in zip(parts, tuple(value), strict=False) if part is not None]
    if isinstance(key, tuple):
        return [pair for item, part in zip(key, value, strict=True) for pair in expanded(item, part)]
    return [(key, value)]


def _element(graph: Graph, key: Any) -> Tensor:
    try:
        element = graph.as_graph_element(key, allow_tensor=True, allow_operation=False)
    except (TypeError, ValueError, KeyError) as error:
        text = error.args[0] if error.args else str(error)
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {text}") from None
    return element


def array_for(graph: Graph, tensor: Tensor, value: Any) -> np.ndarray:
    """Return `value` as an array of the tensor's dtype.

    Raises:
        TypeError: It is a tensor, or not of the dtype.
        ValueError: Its shape is not the tensor's, or the tensor may not be fed.
    """
    key = tensor.dtype.key
    if type(value) is not np.ndarray or value.dtype != key:
        value = _converted(tensor, value)
    shape = tensor.spec.shape
    if shape is not None and shape != value.shape:
        fits = len(shape) == value.ndim and all(a is None or a == b for a, b in zip(shape, value.shape, strict=True))
        if not fits:
            raise ValueError(
                f"Cannot feed value of shape {value.shape} for Tensor {tensor.name}, which has shape {tensor.shape}"
            )
    if tensor in graph._unfeedable:
        raise ValueError(f"Tensor {tensor.name} may not be fed.")
    return value


def _converted(tensor: Tensor, value: Any) -> np.ndarray:
    if isinstance(value, Tensor | Operation) or hasattr(value, "_as_graph_element"):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, strings, "
            f"lists, numpy ndarrays, or TensorHandles. For reference, the tensor object was {value!s} which was passed "
            f"to the feed with key {tensor!s}."
        )
    key = tensor.dtype.key
    if key in ("resource", "variant"):
        array = np.empty((), object)
        array[()] = value
        return array
    if key == "string":
        return _strings(value)
    wanted = tensor.dtype.as_numpy_dtype
    if isinstance(value, int) and not isinstance(value, bool) and _overflows(value, wanted):
        raise TypeError(
            f"Type of feed value {value!s} with type {type(value)!s} is not compatible with Tensor type {wanted!s}. "
            "Try explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
        )
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # a torch tensor that requires gradients says no to NumPy
        value = value.detach().cpu()
    return np.asarray(value, dtype=wanted)


def _overflows(value: int, wanted: Any) -> bool:
    if not np.issubdtype(wanted, np.integer):
        return False
    limits = np.iinfo(wanted)
    return not limits.min <= value <= limits.max


def _strings(value: Any) -> np.ndarray:
    raw = np.asarray(value, object)
    out = np.empty(raw.shape, object)
    flat = out.reshape(-1)
    for index, item in enumerate(raw.reshape(-1).tolist()):
        if not isinstance(item, str | bytes):
            raise TypeError(
                f"Type of feed value {item!r} with type {type(item)!s} is not compatible with Tensor type "
                "<class 'object'>. Strings are fed as str or bytes."
            )
        flat[index] = item.encode() if isinstance(item, str) else item
    return out
