"""Values as tensors of a graph: `convert_to_tensor` and what can be registered with it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.cell import cell_of
from onevar.core.constant import constant
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import DType, as_dtype
from onevar.core.operation import IndexedSlices, Tensor
from onevar.core.stand_ins import is_foreign, ours
from onevar.core.tensor_shape import Dimension, TensorShape

_registered: list[tuple[int, int, type, Callable]] = []
_PLAIN = (bool, int, float, complex, str, bytes, np.ndarray, np.generic)


def register_tensor_conversion_function(base_type: Any, conversion_func: Callable, priority: int = 100) -> None:
    """Call `conversion_func(value, dtype, name, as_ref)` for values of `base_type`, the lowest priority first.

    Raises:
        TypeError: `base_type` is no type, or the function cannot be called.
    """
    if not callable(conversion_func):
        raise TypeError(f"conversion_func must be callable. Received: {conversion_func!r}.")
    for kind in base_type if isinstance(base_type, tuple) else (base_type,):
        if not isinstance(kind, type):
            raise TypeError(f"base_type must be a type or a tuple of types. Received: {base_type!r}.")
        _registered.append((priority, len(_registered), kind, conversion_func))
    _registered.sort(key=lambda entry: entry[:2])


def convert_to_tensor(
    value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None, as_ref: bool = False
) -> Tensor:
    """Return `value` as a tensor of the default graph.

    Args:
        value: A tensor or Variable, an array, a Python value, or a nested list with any of these.
        dtype: What it has to be; None leaves tensors and arrays as they are.
        name: For operations that are made for it.
        preferred_dtype: What it becomes where `dtype` is None and it can.
        as_ref: Whether a Variable gives a reference.

    Raises:
        TypeError: There is no conversion to `dtype`.
        ValueError: A tensor of another dtype or graph.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if executing_eagerly():
        from onevar.core.eager_values import converted  # frameworks are loaded when they are needed

        preferred = None if preferred_dtype is None else as_dtype(preferred_dtype).base_dtype
        return converted(value, None if wanted is None else wanted.base_dtype, preferred)
    if isinstance(value, Tensor):
        return _checked(value, wanted)
    if wanted is None and preferred_dtype is not None:
        try:
            return _convert(value, as_dtype(preferred_dtype).base_dtype, name, as_ref)
        except (TypeError, ValueError):
            return _convert(value, None, name, as_ref)
    return _convert(value, wanted, name, as_ref)


def _checked(tensor: Tensor, wanted: DType | None) -> Tensor:
    if wanted is not None and not wanted.is_compatible_with(tensor.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype {tensor.dtype.name}: {tensor!r}"
        )
    return get_default_graph().capture(tensor)


def _convert(value: Any, wanted: DType | None, name: str | None, as_ref: bool) -> Tensor:
    value = ours(value)
    if isinstance(value, Tensor):
        return _checked(value, wanted)
    tensor = _adopted(value)
    if tensor is not None:
        return _checked(tensor, wanted)
    # Variables and others that know how to become a tensor.
    convert = getattr(value, "_dense_var_to_tensor", None)
    if convert is not None:
        tensor = convert(dtype=wanted, name=name, as_ref=as_ref)
        if tensor is not NotImplemented:
            return tensor
    for _, _, kind, function in _registered:
        if isinstance(value, kind):
            tensor = function(value, dtype=wanted, name=name, as_ref=as_ref)
            if tensor is not NotImplemented:
                return _checked(tensor, wanted)
    base = None if wanted is None else wanted.base_dtype
    if isinstance(value, list | tuple) and _holds_tensors(value):
        return _packed(value, base, name)
    default = "shape_as_tensor" if isinstance(value, TensorShape) else "Const"
    return constant(_literal(value, base), base, name=name or default)


def _adopted(value: Any) -> Tensor | None:
    """Return what stands for a value in a graph that takes tensors of a framework, if the default one does."""
    graph = get_default_graph()
    while graph.outer is not None:
        graph = graph.outer
    return None if graph.adopt is None or isinstance(value, (*_PLAIN, list, tuple)) else graph.adopt(value)


def _literal(value: Any, wanted: DType | None) -> Any:
    if cell_of(value) is not None:
        raise TypeError(
            f"The Variable {value.name!r} is outside of the graph, where a constant of its value would stay as it is "
            "now, whatever is assigned. Make it in the graph with tf.Variable, feed it through a placeholder, or give "
            "its value of now: numpy()."
        )
    if isinstance(value, TensorShape):
        return _shape_literal(value, wanted)
    if isinstance(value, Dimension):
        if value.value is None:
            raise ValueError("Cannot convert an unknown Dimension to a Tensor: ?")
        return np.array(value.value, _int_type(value.value, wanted))
    if isinstance(value, DType):
        return value.as_datatype_enum
    if isinstance(value, list | tuple):
        if any(isinstance(item, Dimension) for item in value):
            if wanted is None:  # so that tf.stack packs them, as TensorFlow's does
                raise TypeError(
                    f"Failed to convert elements of {value!r} to Tensor. Consider casting elements to a supported type."
                )
            return [item.value if isinstance(item, Dimension) else item for item in value]
        return list(value)
    if not isinstance(value, _PLAIN) and not hasattr(value, "__array__") and value is not None:
        raise TypeError(
            f"Failed to convert object of type {type(value)} to Tensor. Contents: {value!r}. "
            "Consider casting elements to a supported type."
        )
    return value


def _int_type(largest: int, wanted: DType | None) -> Any:
    return wanted.as_numpy_dtype if wanted is not None else (np.int64 if largest >= 2**31 else np.int32)


def _shape_literal(shape: TensorShape, wanted: DType | None) -> np.ndarray:
    if not shape.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape {shape} to a Tensor.")
    if wanted is not None and wanted.key not in ("int32", "int64"):
        raise TypeError(f"Cannot convert {shape} to dtype {wanted.name}.")
    sizes = [size or 0 for size in shape.as_list()]
    return np.array(sizes, _int_type(max(sizes, default=0), wanted))


def _holds_tensors(value: Any) -> bool:
    return any(_is_tensor(item) or (isinstance(item, list | tuple) and _holds_tensors(item)) for item in value)


def _packed(value: Any, wanted: DType | None, name: str | None) -> Tensor:
    """Stack a list with tensors in it, as TensorFlow's automatic packing does."""
    inferred = wanted or _first_dtype(value)
    return _pack_level(value, inferred, name or "packed")


def _pack_level(items: Any, dtype: DType | None, name: str) -> Any:
    """Pack what holds tensors below `name`; a list without any comes back as it is."""
    from onevar.core.build import op  # building converts

    with get_default_graph().name_scope(name) as scope:
        elements = []
        for index, item in enumerate(items):
            if isinstance(item, list | tuple):
                elements.append(_pack_level(item, dtype, str(index)))
            elif isinstance(item, Tensor):
                elements.append(_checked(item, dtype))
            else:
                elements.append(item)
        if not any(_is_tensor(item) for item in elements):
            return elements
        tensors = [
            item if isinstance(item, Tensor) else convert_to_tensor(item, dtype, name=str(index))
            for index, item in enumerate(elements)
        ]
        return op("Pack", values=tensors, axis=0, name=scope)


def _is_tensor(item: Any) -> bool:
    return isinstance(item, Tensor | IndexedSlices) or hasattr(item, "_dense_var_to_tensor") or is_foreign(item)


def _first_dtype(value: Any) -> DType | None:
    for item in value:
        if isinstance(item, list | tuple):
            found = _first_dtype(item)
            if found is not None:
                return found
        elif isinstance(item, Tensor | IndexedSlices) or hasattr(item, "_dense_var_to_tensor"):
            return as_dtype(item.dtype).base_dtype
    return None


def internal_convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return IndexedSlices as they are, everything else as a tensor."""
    return value if isinstance(value, IndexedSlices) else convert_to_tensor(value, dtype, name)
