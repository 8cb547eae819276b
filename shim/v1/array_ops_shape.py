"""Shapes, and tensors with another one: `tf.shape`, `tf.reshape`, `tf.concat`, `tf.transpose` and the like."""

import numbers
from contextlib import suppress
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant as make_constant
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import Dimension, TensorShape, broadcast_shape
from onevar.v1.common import dims_of, dtype_of, is_tensor, rank_of, renamed, set_shape, shape_of
from onevar.v1.export import export
from onevar.v1.sparse_types import SparseTensor, SparseTensorValue

_SPARSE = (SparseTensor, SparseTensorValue)


@export("identity")
def identity(input: Any, name: str | None = None) -> Any:
    """Return a tensor with the same contents; see `tf.identity`."""
    if isinstance(input, SparseTensor):
        parts = [identity(part) for part in (input.indices, input.values, input.dense_shape)]
        return SparseTensor(*parts)
    return op("Identity", input=input, name=name)


@export("identity_n")
def identity_n(input: Any, name: str | None = None) -> list[Any]:
    """Return tensors with the same contents; see `tf.identity_n`."""
    return op("IdentityN", input=input, name=name)


@export("reshape", "manip.reshape")
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """Return the elements of a tensor in another shape; see `tf.reshape`."""
    return op("Reshape", tensor=tensor, shape=shape, name=name)


@export("expand_dims")
def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """Return a tensor with a dimension of 1 inserted; see `tf.compat.v1.expand_dims`.

    Raises:
        ValueError: No axis was given, or two.
    """
    axis = renamed("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return op("ExpandDims", input=input, dim=axis, name=name)


@export("squeeze")
def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """Return a tensor without its dimensions of 1; see `tf.compat.v1.squeeze`."""
    axis = renamed("axis", axis, "squeeze_dims", squeeze_dims)
    if np.isscalar(axis):
        axis = [axis]
    return op("Squeeze", input=input, squeeze_dims=[] if axis is None else axis, name=name)


def _index_type(out_type: Any) -> dtypes.DType:
    return dtypes.int32 if out_type is None else as_dtype(out_type)


@export("shape")
def shape(input: Any, name: str | None = None, out_type: Any = None) -> Any:
    """Return the shape of a tensor as a tensor; see `tf.compat.v1.shape`."""
    return shape_internal(input, name, out_type=_index_type(out_type))


def shape_internal(input: Any, name: str | None = None, optimize: bool = True, out_type: Any = None) -> Any:
    """Return the shape of a tensor: a constant if it is known and that is wanted.

    Args:
        input: What `convert_to_tensor` takes.
        name: Of the operation.
        optimize: Whether a known shape becomes a constant.
        out_type: int32 or int64; None takes int32, or what the shape needs.
    """
    kind = _index_type(out_type)
    with name_scope(name, "Shape", [input]) as scope:
        if isinstance(input, _SPARSE):
            return op("Cast", x=input.dense_shape, DstT=kind)
        if executing_eagerly():
            return op("Shape", input=input, out_type=kind)
        input = convert_to_tensor(input)
        dims = dims_of(input)
        if optimize and dims is not None and None not in dims:
            if out_type is None:  # TensorFlow's own calls, where the width is left to the size
                return convert_to_tensor(TensorShape.of(dims), name="shape_as_tensor")
            return make_constant(list(dims), kind, name=scope)
        return op("Shape", input=input, out_type=kind, name=scope)


@export("shape_n")
def shape_n(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> list[Any]:
    """Return the shapes of tensors; see `tf.shape_n`."""
    return op("ShapeN", input=input, out_type=out_type, name=name)


@export("size")
def size(input: Any, name: str | None = None, out_type: Any = None) -> Any:
    """Return the number of a tensor's elements; see `tf.compat.v1.size`."""
    kind = _index_type(out_type)
    with name_scope(name, "Size", [input]) as scope:
        if isinstance(input, _SPARSE):
            return op("Prod", input=op("Cast", x=input.dense_shape, DstT=kind), reduction_indices=0, name=scope)
        if executing_eagerly():
            return op("Size", input=input, out_type=kind)
        input = convert_to_tensor(input)
        dims = dims_of(input)
        if dims is not None and None not in dims:
            return make_constant(TensorShape.of(dims).num_elements(), kind, name=scope)
        if dims is not None and 0 in dims:
            return make_constant(0, kind, name=scope)
        return op("Size", input=input, out_type=kind, name=scope)


@export("rank")
def rank(input: Any, name: str | None = None) -> Any:
    """Return the number of a tensor's dimensions; see `tf.rank`."""
    with name_scope(name, "Rank", [input]) as scope:
        if isinstance(input, _SPARSE):
            return op("Size", input=input.dense_shape, name=scope)
        input = convert_to_tensor(input)
        known = rank_of(input)
        if known is None:
            return op("Rank", input=input, name=scope)
        return (
            convert_to_tensor(known, dtypes.int32)
            if executing_eagerly()
            else make_constant(known, dtypes.int32, name=scope)
        )


@export("transpose")
def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Any:
    """Return a tensor with its dimensions in another order; see `tf.compat.v1.transpose`."""
    with name_scope(name, "transpose", [a]) as scope:
        if not is_tensor(a):
            a = convert_to_tensor(a, name="a")
        kind = "ConjugateTranspose" if conjugate and dtype_of(a).is_complex else "Transpose"
        if perm is None:
            known = rank_of(a)
            if known is None:
                perm = op("Range", start=op("Sub", x=op("Rank", input=a), y=1, name="sub"), limit=-1, delta=-1)
            else:
                perm = np.arange(known - 1, -1, -1, dtype=np.int32)
        return op(kind, x=a, perm=perm, name=scope)


@export("matrix_transpose", "linalg.transpose", "linalg.matrix_transpose")
def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """Return a tensor with its last two dimensions exchanged; see `tf.linalg.matrix_transpose`.

    Raises:
        ValueError: It has fewer than two.
    """
    with name_scope(name, values=[a]):
        a = convert_to_tensor(a, name="a")
        known = rank_of(a)
        perm: Any
        if known is None:
            a_rank = rank(a)
            start = op("Range", start=0, limit=a_rank - 2, delta=1)
            perm = concat((start, [a_rank - 1, a_rank - 2]), 0)
        elif known < 2:
            raise ValueError(
                f"Argument `a` should be a (batch) matrix with rank >= 2.  Received `a` = {a} with shape: {shape_of(a)}"
            )
        else:
            perm = [*range(known - 2), known - 1, known - 2]
        return transpose(a, perm=perm, conjugate=conjugate)


@export("concat")
def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Return tensors joined along a dimension; see `tf.concat`."""
    if not isinstance(values, list | tuple):
        values = [values]
    if len(values) == 1:
        with name_scope(name):
            shape_of(convert_to_tensor(axis, name="concat_dim", dtype=dtypes.int32)).assert_has_rank(0)
            return identity(values[0], name=name)
    return op("ConcatV2", values=values, axis=axis, name=name)


@export("stack")
def stack(values: Any, axis: int = 0, name: str = "stack") -> Any:
    """Return tensors side by side along a new dimension; see `tf.stack`.

    Raises:
        ValueError: There is no such axis.
    """
    if axis == 0:
        with suppress(TypeError, ValueError, NotImplementedError):  # there are tensors that conversion does not take
            return convert_to_tensor(values, name=name)
    first = dims_of(convert_to_tensor(values[0], name=name))
    if first is not None:
        count = len(first) + 1
        if axis < -count or axis >= count:
            raise ValueError(f"Argument `axis` = {axis} not in range [{-count}, {count})")
    return op("Pack", values=values, axis=axis, name=name)


@export("parallel_stack")
def parallel_stack(values: Any, name: str = "parallel_stack") -> Any:
    """Return tensors side by side along a new first dimension; see `tf.parallel_stack`.

    Raises:
        RuntimeError: Eager execution is on.
    """
    if executing_eagerly():
        raise RuntimeError("tf.parallel_stack() is not compatible with eager execution.")
    with name_scope(name):
        first = convert_to_tensor(values[0])
        out_shape = TensorShape([len(values)]).concatenate(shape_of(first))
        return op("ParallelConcat", values=[expand_dims(value, 0) for value in values], shape=out_shape)


@export("unstack")
def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Any]:
    """Return the slices of a tensor along a dimension; see `tf.unstack`.

    Raises:
        ValueError: Their number is not known, or there is no such axis.
    """
    if num is None:
        value = convert_to_tensor(value)
        dims = dims_of(value)
        if dims is not None:
            if axis < -len(dims) or axis >= len(dims):
                raise ValueError(f"Argument `axis` = {axis} not in range [{-len(dims)}, {len(dims)})")
            num = dims[axis]
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {shape_of(value)}")
    return op("Unpack", value=value, num=num, axis=axis, name=name)


@export("split")
def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split") -> list[Any]:
    """Return a tensor in parts along a dimension; see `tf.split`.

    Raises:
        ValueError: The number of parts is not known.
    """
    if isinstance(num_or_size_splits, numbers.Integral | Dimension):
        return op("Split", split_dim=axis, value=value, num_split=int(num_or_size_splits), name=name)
    sizes = convert_to_tensor(num_or_size_splits)
    dims = dims_of(sizes)
    if dims == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            f"Argument provided: {num_or_size_splits}"
        )
    if num is None:
        num = dims[0] if dims else None
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {num_or_size_splits}")
    return op("SplitV", value=value, size_splits=sizes, split_dim=axis, num_split=num, name=name)


@export("tile", "manip.tile")
def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Return a tensor repeated along its dimensions; see `tf.tile`."""
    return op("Tile", input=input, multiples=multiples, name=name)


@export("broadcast_to")
def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Return a tensor broadcast to a shape; see `tf.broadcast_to`."""
    return op("BroadcastTo", input=input, shape=shape, name=name)


@export("broadcast_dynamic_shape")
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """Return the shape that two shapes broadcast to, as a tensor; see `tf.broadcast_dynamic_shape`."""
    return op("BroadcastArgs", s0=shape_x, s1=shape_y)


@export("broadcast_static_shape")
def broadcast_static_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """Return the `TensorShape` that two shapes broadcast to; see `tf.broadcast_static_shape`."""
    return broadcast_shape(shape_x, shape_y)


@export("reverse", "reverse_v2", "manip.reverse")
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Return a tensor with dimensions running backwards; see `tf.reverse`."""
    return op("ReverseV2", tensor=tensor, axis=axis, name=name)


@export("roll", "manip.roll")
def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Return a tensor rolled along dimensions; see `tf.roll`."""
    return op("Roll", input=input, shift=shift, axis=axis, name=name)


@export("pad")
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: Any = 0) -> Any:
    """Return a tensor with a margin; see `tf.compat.v1.pad`.

    Raises:
        ValueError: An unknown mode.
    """
    mode = mode.upper()
    if mode == "CONSTANT":
        if not is_tensor(constant_values) and np.ndim(constant_values) == 0 and not constant_values:
            result = op("Pad", input=tensor, paddings=paddings, name=name)
        else:
            result = op("PadV2", input=tensor, paddings=paddings, constant_values=constant_values, name=name)
    elif mode in ("REFLECT", "SYMMETRIC"):
        result = op("MirrorPad", input=tensor, paddings=paddings, mode=mode, name=name)
    else:
        raise ValueError(
            'Value of argument `mode` expected to be one of "CONSTANT", "REFLECT", or "SYMMETRIC". '
            f"Received `mode` = {mode}"
        )
    if isinstance(result, Tensor) and not result.shape.is_fully_defined():
        _set_padded_shape(result, paddings)
    return result


def _set_padded_shape(result: Tensor, paddings: Any) -> None:
    """Some of the paddings may be known where not all are."""
    dims = dims_of(result.op.inputs[0])
    known = _known_paddings(paddings)
    if dims is None or known is None:
        return
    out = [
        None if dim is None or pair is None or any(p is None for p in pair) else int(sum(pair)) + dim
        for pair, dim in zip(known, dims, strict=False)
    ]
    set_shape(result, out)


def _known_paddings(paddings: Any) -> Any:
    if isinstance(paddings, Tensor):
        return constant_value(paddings)
    if isinstance(paddings, list | tuple):
        return [_known_paddings(item) for item in paddings]
    return paddings


@export("stop_gradient")
def stop_gradient(input: Any, name: str | None = None) -> Any:
    """Return a tensor through which no gradient flows; see `tf.stop_gradient`."""
    return op("StopGradient", input=input, name=name)


@export("guarantee_const")
def guarantee_const(input: Any, name: str | None = None) -> Any:
    """Return a tensor that does not change; see `tf.guarantee_const`."""
    return op("GuaranteeConst", input=input, name=name)


@export("bitcast")
def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """Return the bits of a tensor as another type; see `tf.bitcast`."""
    return op("Bitcast", input=input, type=type, name=name)
