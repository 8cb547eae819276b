"""Tensors made from nothing: `tf.constant`, `tf.zeros`, `tf.placeholder`, `tf.eye` and the like."""

import numbers
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant as make_constant
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType, as_dtype
from onevar.core.literals import array_of
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_shape import concat, rank, reshape, shape_internal, size, stack
from onevar.v1.common import dims_of, dtype_of, is_tensor, rank_of, set_shape
from onevar.v1.export import export

#: Larger ones are not written into the graph, but filled when it runs.
_SMALL = 1000


@export("constant")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False) -> Any:
    """Return a tensor with the contents `value`; see `tf.compat.v1.constant`."""
    if executing_eagerly():
        tensor = convert_to_tensor(array_of(value, None if dtype is None else as_dtype(dtype).base_dtype))
        if shape is None or dims_of(tensor) == TensorShape(shape).tuple:
            return tensor
        return op("Fill", dims=list(TensorShape(shape).as_list()), value=reshape(tensor, []))
    return make_constant(value, dtype, shape, name, verify_shape)


def _constant_if_small(value: Any, shape: Any, dtype: DType, name: str) -> Any:
    if isinstance(shape, numbers.Integral):  # TensorFlow takes only sequences here
        return None
    try:
        if np.prod(shape) < _SMALL:
            return constant(value, shape=shape, dtype=dtype, name=name)
    except (NotImplementedError, TypeError):  # an unknown dimension, or a tensor among them
        return None
    return None


def _filled(shape: Any, value: Any, dtype: DType, name: str) -> Any:
    """The rest of `zeros` and `ones`: a constant, or a Fill."""
    if not is_tensor(shape):
        if not executing_eagerly():
            small = _constant_if_small(value, shape, dtype, name)
            if small is not None:
                return small
        try:
            known = TensorShape(shape)
            shape = convert_to_tensor(known.as_list() if executing_eagerly() else known, name="shape_as_tensor")
        except (TypeError, ValueError):
            shape = convert_to_tensor(shape, dtype=dtypes.int32)
    if not dims_of(shape):
        shape = reshape(shape, [-1])
    return fill(shape, constant(value, dtype=dtype), name=name)


def _plain(value: int, dtype: DType) -> Any:
    if dtype is dtypes.bool:
        return bool(value)
    if dtype.is_quantized:
        return np.full([], value).astype(dtype.as_numpy_dtype)
    return value


@export("zeros")
def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Any:
    """Return a tensor of zeros, of empty strings, or of False; see `tf.compat.v1.zeros`."""
    dtype = as_dtype(dtype).base_dtype
    with name_scope(name, "zeros", [shape]) as scope:
        return _filled(shape, "" if dtype is dtypes.string else _plain(0, dtype), dtype, scope)


@export("ones")
def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Any:
    """Return a tensor of ones, or of True; see `tf.compat.v1.ones`."""
    dtype = as_dtype(dtype).base_dtype
    with name_scope(name, "ones", [shape]) as scope:
        return _filled(shape, _plain(1, dtype), dtype, scope)


@export("fill")
def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Any:
    """Return a tensor of the shape `dims` filled with the scalar `value`; see `tf.fill`."""
    return op("Fill", dims=dims, value=value, name=name)


@export("zeros_like")
def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Return zeros of the shape of `tensor`; see `tf.compat.v1.zeros_like`."""
    with name_scope(name, "zeros_like", [tensor]) as scope:
        if not is_tensor(tensor):
            tensor = convert_to_tensor(tensor, name="tensor")
        own, dims = dtype_of(tensor), dims_of(tensor)
        wanted = own if dtype is None else as_dtype(dtype)
        if executing_eagerly():
            return op("ZerosLike", x=tensor) if wanted is own else zeros(shape_internal(tensor), wanted)
        if optimize and dims is not None and None not in dims and own is not dtypes.variant:
            return zeros(TensorShape.of(dims), wanted, name=scope)
        if wanted is not own and wanted is not dtypes.variant:
            return zeros(shape_internal(tensor, optimize=optimize), wanted, name=scope)
        return op("ZerosLike", x=tensor, name=scope)


@export("ones_like")
def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Return ones of the shape of `tensor`; see `tf.compat.v1.ones_like`."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        shape = shape_internal(tensor, optimize=optimize)
        out = ones(shape, dtype_of(tensor) if dtype is None else dtype, name=scope)
        set_shape(out, dims_of(tensor))
        return out


@export("placeholder")
def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """Return a tensor that is to be fed; see `tf.compat.v1.placeholder`.

    Raises:
        RuntimeError: Eager execution has nothing to feed.
    """
    if executing_eagerly():
        raise RuntimeError("tf.placeholder() is not compatible with eager execution.")
    return op("Placeholder", dtype=dtype, shape=shape, name=name)


@export("placeholder_with_default")
def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Any:
    """Return a tensor that may be fed, and is `input` otherwise; see `tf.compat.v1.placeholder_with_default`."""
    return op("PlaceholderWithDefault", input=input, shape=shape, name=name)


@export("eye", "linalg.eye")
def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return an identity matrix, or a batch of them; see `tf.eye`."""
    with name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        is_square = num_columns is None
        batch_shape = [] if batch_shape is None else batch_shape
        num_columns = num_rows if num_columns is None else num_columns
        if is_tensor(num_rows) or is_tensor(num_columns):
            diagonal_size = op("Minimum", x=num_rows, y=num_columns)
        else:
            is_square = is_square or num_rows == num_columns
            diagonal_size = int(np.minimum(num_rows, num_columns))
        if is_tensor(batch_shape) or is_tensor(diagonal_size):
            batch_shape = convert_to_tensor(batch_shape, name="shape", dtype=dtypes.int32)
            diagonal_shape = concat([batch_shape, [diagonal_size]], axis=0)
            matrix_shape = None if is_square else concat([batch_shape, [num_rows, num_columns]], axis=0)
        else:
            diagonal_shape = [*batch_shape, diagonal_size]
            matrix_shape = None if is_square else [*batch_shape, num_rows, num_columns]
        diagonal = ones(diagonal_shape, dtype=dtype)
        if is_square:
            return _matrix_diag(diagonal)
        return _matrix_set_diag(zeros(matrix_shape, dtype=dtype), diagonal)


def _matrix_diag(diagonal: Any) -> Any:
    padding = False if dtype_of(diagonal) is dtypes.bool else 0
    return op("MatrixDiagV3", diagonal=diagonal, k=0, num_rows=-1, num_cols=-1, padding_value=padding, name="diag")


def _matrix_set_diag(matrix: Any, diagonal: Any) -> Any:
    return op("MatrixSetDiagV3", input=matrix, diagonal=diagonal, k=0, name="set_diag")


@export("one_hot")
def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None,
    dtype: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return rows that are `on_value` at `indices`, else `off_value`; see `tf.one_hot`.

    Raises:
        TypeError: The dtypes of the values do not match each other or `dtype`.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    with name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis, dtype]) as scope:
        given = {"on_value": on_value, "off_value": off_value}
        given = {k: convert_to_tensor(v, preferred_dtype=wanted) for k, v in given.items() if v is not None}
        for key, value in given.items():
            if wanted is not None and dtype_of(value) is not wanted:
                raise TypeError(f"dtype {dtype_of(value)} of {key} does not match dtype parameter {wanted}")
        wanted = wanted or next((dtype_of(value) for value in given.values()), dtypes.float32)
        on = given["on_value"] if "on_value" in given else convert_to_tensor(1, wanted, name="on_value")
        off = given["off_value"] if "off_value" in given else convert_to_tensor(0, wanted, name="off_value")
        if dtype_of(on) is not dtype_of(off):
            raise TypeError(f"dtype {dtype_of(on)} of on_value does not match dtype {dtype_of(off)} of off_value")
        axis = -1 if axis is None else axis
        return op("OneHot", indices=indices, depth=depth, on_value=on, off_value=off, axis=axis, name=scope)


def all_dimensions(tensor: Any) -> Any:
    """Return the numbers of all of a tensor's dimensions, as a constant if the rank is known.

    Args:
        tensor: The tensor.
    """
    known = rank_of(tensor)
    if known is not None:
        return constant(np.arange(known), dtype=dtypes.int32)
    return op("Range", start=0, limit=rank(tensor), delta=1, name="Range")


@export("sequence_mask")
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool, name: str | None = None) -> Any:
    """Return which positions come before each length; see `tf.sequence_mask`.

    Raises:
        ValueError: `maxlen` is no scalar.
    """
    with name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            maxlen = op("Max", input=lengths, reduction_indices=all_dimensions(lengths), keep_dims=False)
            maxlen = op("Maximum", x=constant(0, dtype_of(maxlen)), y=maxlen)
        else:
            maxlen = convert_to_tensor(maxlen)
        if rank_of(maxlen) not in (None, 0):
            raise ValueError(
                f"Argument `maxlen` must be scalar for sequence_mask, received `maxlen` = {maxlen} "
                f"with shape '{TensorShape.of(dims_of(maxlen))}' instead"
            )
        kind = dtype_of(maxlen)
        row = op("Range", start=constant(0, kind), limit=maxlen, delta=constant(1, kind))
        matrix = op("Cast", x=op("ExpandDims", input=lengths, dim=-1), DstT=kind)
        result = op("Less", x=row, y=matrix)
        wanted = dtypes.bool if dtype is None else as_dtype(dtype)
        return result if wanted is dtypes.bool else op("Cast", x=result, DstT=wanted)


@export("meshgrid")
def meshgrid(*args: Any, **kwargs: Any) -> list[Any]:
    """Return the coordinates of a grid; see `tf.meshgrid`.

    Raises:
        TypeError: An unknown keyword.
        ValueError: `indexing` is neither `"xy"` nor `"ij"`.
    """
    indexing, name = kwargs.pop("indexing", "xy"), kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'")
    with name_scope(name, "meshgrid", args):
        count = len(args)
        if not count:
            return []
        output = [reshape(stack(x), (1,) * i + (-1,) + (1,) * (count - i - 1)) for i, x in enumerate(args)]
        shapes = [size(x) for x in args]
        kind = dtype_of(convert_to_tensor(args[0]))
        if indexing == "xy" and count > 1:
            output[0] = reshape(output[0], (1, -1) + (1,) * (count - 2))
            output[1] = reshape(output[1], (-1, 1) + (1,) * (count - 2))
            shapes[0], shapes[1] = shapes[1], shapes[0]
        factor = ones(shapes, kind)
        return [x * factor for x in output]
