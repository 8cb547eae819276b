"""Arrays as `TensorProto`s, and back: `tf.make_tensor_proto`, `tf.make_ndarray`."""

from math import prod
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.dtype import DType, as_dtype
from onevar.core.graph_def import protos, shape_proto
from onevar.core.literals import array_of, leaves

#: Types whose memory is written as it is.
_AS_BYTES = frozenset(
    (
        "float16", "float32", "float64", "int32", "uint8", "int16", "int8", "int64", "qint8", "quint8", "qint16",
        "quint16", "qint32", "uint32", "uint64", "float8_e5m2", "float8_e4m3fn",
    )
)  # fmt: skip
#: The repeated field that holds the elements of each type one by one.
_FIELDS = {
    "float16": "half_val", "bfloat16": "half_val", "float32": "float_val", "float64": "double_val",
    "int8": "int_val", "int16": "int_val", "int32": "int_val", "uint8": "int_val", "uint16": "int_val",
    "qint8": "int_val", "quint8": "int_val", "qint16": "int_val", "quint16": "int_val", "qint32": "int_val",
    "int64": "int64_val", "uint32": "uint32_val", "uint64": "uint64_val", "bool": "bool_val",
    "complex64": "scomplex_val", "complex128": "dcomplex_val", "string": "string_val", "int4": "int_val",
    "uint4": "int_val",
}  # fmt: skip
_LARGEST = 1 << 31


def tensor_proto(array: Any, dtype: DType | None = None, shape: Any = None) -> Any:
    """Return an array as a `TensorProto`.

    Args:
        array: The contents; objects are strings.
        dtype: Of the message; None is the array's.
        shape: Of the message; None is the array's. There may be fewer elements: the last one is repeated.

    Raises:
        ValueError: It is larger than a message can be.
    """
    array = np.asarray(array)
    if dtype is None:
        dtype = dtypes.string if array.dtype.kind in "OSU" else as_dtype(array.dtype)
    sizes = array.shape if shape is None else tuple(shape)
    out = protos().TensorProto(dtype=dtype.as_datatype_enum, tensor_shape=shape_proto(sizes))
    if dtype.key in _AS_BYTES and array.size == prod(sizes) > 1:
        if array.size * array.itemsize >= _LARGEST:
            raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")
        out.tensor_content = array.tobytes()
        return out
    getattr(out, _FIELDS[dtype.key]).extend(_items(array, dtype))
    return out


def _items(array: np.ndarray, dtype: DType) -> list[Any]:
    flat = array.ravel()
    if dtype.key == "string":
        return [item.encode() if isinstance(item, str) else bytes(item) for item in flat.tolist()]
    if dtype.key in ("float16", "bfloat16"):
        return flat.view(np.uint16).tolist()
    if dtype.is_complex:
        return flat.view(flat.real.dtype).tolist()
    if dtype.is_quantized:
        return [int(item[0]) for item in flat.tolist()]
    return flat.astype(np.int64).tolist() if dtype.key in ("int4", "uint4") else flat.tolist()


def array_of_proto(message: Any) -> np.ndarray:
    """Return the array that a `TensorProto` holds; strings are objects of `bytes`.

    Raises:
        TypeError: No array holds a tensor of that type.
    """
    shape = [dim.size for dim in message.tensor_shape.dim]
    dtype = as_dtype(message.dtype)
    if message.tensor_content:
        return np.frombuffer(message.tensor_content, dtype=dtype.as_numpy_dtype).copy().reshape(shape)
    field = _FIELDS.get(dtype.key)
    if field is None:
        raise TypeError(
            f"Unsupported tensor type: {message.dtype}. See https://www.tensorflow.org/api_docs/python/tf/dtypes for "
            "more information."
        )
    count = prod(shape)
    items = getattr(message, field)
    if dtype.key == "string":
        return _strings(list(items), count).reshape(shape)
    values = _array(items, dtype)
    if values.size == 0:
        return np.zeros(shape, dtype.as_numpy_dtype)
    if values.size != count:
        values = np.concatenate([values, np.repeat(values[-1:], count - values.size)])
    return values.reshape(shape)


def _array(items: Any, dtype: DType) -> np.ndarray:
    wanted = dtype.as_numpy_dtype
    if dtype.key in ("float16", "bfloat16"):
        return np.array(items, np.uint16).view(wanted)
    if dtype.is_complex:
        return np.array(items, np.float32 if dtype.key == "complex64" else np.float64).view(wanted)
    if dtype.is_quantized:
        return np.array([(item,) for item in items], wanted)
    return np.array(items, wanted)


def _strings(items: list[bytes], count: int) -> np.ndarray:
    items += [items[-1] if items else b""] * (count - len(items))
    out = np.empty(count, object)
    out[:] = items
    return out


def make_tensor_proto(
    values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False, allow_broadcast: bool = False
) -> Any:
    """Return values as a `TensorProto`; see `tf.make_tensor_proto`.

    Args:
        values: A Python value, a nested list of these, or an array.
        dtype: Of the tensor; None leaves it to the values.
        shape: Of the tensor; the last element is repeated where there are fewer.
        verify_shape: Whether the values have to be of that shape.
        allow_broadcast: Whether a single value may fill the shape, and nothing else may be repeated.

    Raises:
        TypeError: The values are not of a kind that `dtype` takes, or not of `shape` where that is asked for.
        ValueError: They are None, no dense tensor, or more than `shape` has.
    """
    if allow_broadcast and verify_shape:
        raise ValueError("allow_broadcast and verify_shape are not both allowed.")
    if isinstance(values, protos().TensorProto):
        return values
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    array = _given(values, wanted, shape)
    found = dtypes.string if array.dtype.kind in "OSU" else as_dtype(array.dtype)
    if wanted is not None and wanted is not found and not wanted.is_quantized:
        raise TypeError(f"Incompatible types: {wanted} vs. {array.dtype}. Value is {values}")
    sizes = array.shape if shape is None else tuple(int(size) for size in shape)
    if shape is not None:
        _check_size(array, sizes, verify_shape, allow_broadcast)
    return tensor_proto(array, wanted or found, sizes)


def _given(values: Any, wanted: DType | None, shape: Any) -> np.ndarray:
    if isinstance(values, np.ndarray | np.generic):
        array = np.asarray(values)
        if wanted is not None and array.dtype.kind not in "OSU":
            return array.astype(wanted.as_numpy_dtype)
        return array
    if values is None:
        raise ValueError("None values not supported.")
    if wanted is not None and wanted.is_quantized:
        return np.array(values, wanted.as_numpy_dtype)
    if shape is not None and wanted is not None and prod(int(size) for size in shape) == 0:
        return np.empty([int(size) for size in shape], wanted.as_numpy_dtype)
    if any(leaf is None for leaf in leaves(values)):
        raise TypeError(
            f"Failed to convert elements of {values} to Tensor. Consider casting elements to a supported type. See "
            "https://www.tensorflow.org/api_docs/python/tf/dtypes for supported TF dtypes."
        )
    return array_of(values, wanted)


def _check_size(array: np.ndarray, sizes: tuple[int, ...], verify_shape: bool, allow_broadcast: bool) -> None:
    size = prod(sizes)
    if allow_broadcast:
        if array.shape not in ((1,), ()) and array.size != size:
            raise TypeError(f"Expected Tensor's shape: {sizes}, but got {array.shape}.")
        return
    if verify_shape and array.shape != sizes:
        raise TypeError(f"Expected Tensor's shape: {sizes}, but got {array.shape}.")
    if array.size > size:
        raise ValueError(f"Too many elements provided. Takes at most {size:d}, but got {array.size:d}")
