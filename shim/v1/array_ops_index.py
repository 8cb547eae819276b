"""Parts of tensors: `tensor[...]`, `tf.slice`, `tf.gather`, `tf.where`, `tf.boolean_mask`, scattering."""

import numbers
from collections import namedtuple
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant as make_constant
from onevar.core.constant import constant_of, constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Tensor
from onevar.core.tensor_shape import Dimension
from onevar.v1.array_ops_create import ones_like
from onevar.v1.array_ops_shape import concat, reshape, shape, squeeze, stack
from onevar.v1.common import dtype_of, is_tensor, rank_of, renamed, set_shape, shape_of
from onevar.v1.export import export, export_value

export_value("newaxis", None)

Unique = namedtuple("Unique", ["y", "idx"])
UniqueWithCounts = namedtuple("UniqueWithCounts", ["y", "idx", "count"])
ListDiff = namedtuple("ListDiff", ["out", "idx"])

_INDEX_TYPES = (dtypes.int16, dtypes.int32, dtypes.int64)
_BAD_INDEX = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid "
    "indices, got {!r}"
)


@export("slice")
def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """Return the part of a tensor that begins at `begin` and has the shape `size`; see `tf.slice`."""
    return op("Slice", input=input_, begin=begin, size=size, name=name)


slice_.__name__ = "slice"


@export("strided_slice")
def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return a part of a tensor, with steps; see `tf.strided_slice`."""
    if strides is None:
        strides = ones_like(begin)
    masks = {
        "begin_mask": begin_mask, "end_mask": end_mask, "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask, "shrink_axis_mask": shrink_axis_mask,
    }  # fmt: skip
    out = op("StridedSlice", input=input_, begin=begin, end=end, strides=strides, name=name, **masks)
    if var is not None:
        return var._sliced(out, begin, end, strides, masks, name)
    return out


def slice_helper(tensor: Any, slice_spec: Any, var: Any = None) -> Any:
    """Return `tensor[slice_spec]`.

    Args:
        tensor: What is indexed.
        slice_spec: Integers, slices, `...`, None and scalar integer tensors, or one mask of bools.
        var: The Variable that `tensor` is the value of, if the part is to be assigned to.

    Raises:
        TypeError: An index is none of these.
    """
    tensor = convert_to_tensor(tensor)
    if _is_mask(slice_spec):
        return boolean_mask(tensor, slice_spec)
    items = list(slice_spec) if isinstance(slice_spec, list | tuple) else [slice_spec]
    parts = _Parts()
    for position, item in enumerate(items):
        parts.add(1 << position, item)
    values = [tensor, *parts.begin, *parts.end, *parts.strides]
    with name_scope(None, "strided_slice", values) as scope:
        begin, end, strides = _packed(parts)
        return strided_slice(tensor, begin, end, strides, **parts.masks, var=var, name=scope)


def _is_mask(spec: Any) -> bool:
    if isinstance(spec, bool):
        return True
    if isinstance(spec, np.ndarray):
        return spec.dtype == bool
    return is_tensor(spec) and dtype_of(spec) is dtypes.bool


class _Parts:
    """Begin, end and stride of each index, and the masks that say how to read them."""

    def __init__(self) -> None:
        self.begin: list[Any] = []
        self.end: list[Any] = []
        self.strides: list[Any] = []
        names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
        self.masks = dict.fromkeys(names, 0)

    def add(self, bit: int, item: Any) -> None:
        """Add an index whose bit in the masks is `bit`."""
        if isinstance(item, slice):
            self._add_slice(bit, item)
        elif item is Ellipsis or item is None:
            self._put(0, 0, 1)
            self.masks["new_axis_mask" if item is None else "ellipsis_mask"] |= bit
        else:
            _check_index(item)
            wide = is_tensor(item) and dtype_of(item) in (dtypes.int16, dtypes.int64)
            self._put(item, item + 1, _literal(1, dtype_of(item) if wide else None))
            self.masks["shrink_axis_mask"] |= bit

    def _add_slice(self, bit: int, item: slice) -> None:
        kind = _widest([item.start, item.stop, item.step])
        start = self._bound(item.start, "begin_mask", bit, kind)
        stop = self._bound(item.stop, "end_mask", bit, kind)
        if _is_open(item.step):
            step = _literal(1, kind)
        else:
            _check_index(item.step)
            step = item.step
        self._put(start, stop, step)

    def _bound(self, bound: Any, mask: str, bit: int, kind: DType | None) -> Any:
        if _is_open(bound):
            self.masks[mask] |= bit
            return _literal(0, kind)
        _check_index(bound)
        return bound

    def _put(self, begin: Any, end: Any, stride: Any) -> None:
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(stride)


def _is_open(bound: Any) -> bool:
    return bound is None or (isinstance(bound, Dimension) and bound.value is None)


def _literal(value: int, kind: DType | None) -> Any:
    """A bound that nobody gave: of the dtype of the tensors beside it."""
    if kind is None:
        return value
    return convert_to_tensor(value, kind) if executing_eagerly() else make_constant(value, kind)


def _widest(bounds: list[Any]) -> DType | None:
    found = {dtype_of(bound) for bound in bounds if isinstance(bound, Tensor)}
    return next((kind for kind in (dtypes.int64, dtypes.int32, dtypes.int16) if kind in found), None)


def _check_index(index: Any) -> None:
    if isinstance(index, numbers.Integral | Dimension):
        return
    if getattr(index, "dtype", None) is None or not hasattr(index, "shape"):
        raise TypeError(_BAD_INDEX.format(index))
    if dtype_of(index) not in _INDEX_TYPES or rank_of(index) == 1:
        raise TypeError(_BAD_INDEX.format(index))


def _vector(values: list[Any]) -> Any:
    # The usual case is worth a shorter way: indexing is what programs do most.
    if not executing_eagerly() and all(type(v) is int and -(2**31) <= v < 2**31 for v in values):
        return constant_of(np.array(values, np.int32), dtypes.int32, "stack")
    return stack(values)


def _packed(parts: _Parts) -> tuple[Any, Any, Any]:
    if not parts.begin:
        empty = convert_to_tensor([], dtypes.int32) if executing_eagerly() else make_constant([], dtypes.int32)
        return empty, empty, empty
    packed = [_vector(part) for part in (parts.begin, parts.end, parts.strides)]
    if any(dtype_of(part) is dtypes.int64 for part in packed):
        packed = [part if dtype_of(part) is dtypes.int64 else op("Cast", x=part, DstT=dtypes.int64) for part in packed]
    return packed[0], packed[1], packed[2]


@export("gather")
def gather(
    params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: Any = None,
    batch_dims: int = 0,
) -> Any:  # fmt: skip
    """Return the slices of `params` at `indices` along a dimension; see `tf.compat.v1.gather`."""
    if axis is None:
        axis = batch_dims
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if known is not None and known == 0 and hasattr(params, "sparse_read"):
        return params.sparse_read(indices, name=name)
    batch_dims = 0 if known is not None and known == 0 else batch_dims
    return op("GatherV2", params=params, indices=indices, axis=axis, batch_dims=batch_dims, name=name)


@export("gather_nd", "manip.gather_nd")
def gather_nd(
    params: Any, indices: Any, name: str | None = None, batch_dims: Any = 0, bad_indices_policy: str = ""
) -> Any:
    """Return the slices of `params` at the rows of `indices`; see `tf.compat.v1.gather_nd`."""
    if batch_dims == 0:
        if hasattr(params, "gather_nd"):
            return params.gather_nd(indices, name=name)
        return op("GatherNd", params=params, indices=indices, bad_indices_policy=bad_indices_policy, name=name)
    from onevar.v1.array_ops_batch import batch_gather_nd

    return batch_gather_nd(params, indices, int(batch_dims), name)


@export("scatter_nd", "manip.scatter_nd")
def scatter_nd(indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None) -> Any:
    """Return zeros of a shape with `updates` added at `indices`; see `tf.scatter_nd`."""
    arguments = {"indices": indices, "updates": updates, "shape": shape}
    return op("ScatterNd", **arguments, bad_indices_policy=bad_indices_policy, name=name)


@export("tensor_scatter_update", "tensor_scatter_nd_update")
def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """Return a tensor with `updates` put at `indices`; see `tf.tensor_scatter_nd_update`."""
    return op("TensorScatterUpdate", tensor=tensor, indices=indices, updates=updates, name=name)


def _tensor_scatter(op_type: str, verb: str, *names: str) -> None:
    def function(tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None) -> Any:
        arguments = {"tensor": tensor, "indices": indices, "updates": updates}
        return op(op_type, **arguments, bad_indices_policy=bad_indices_policy, name=name)

    function.__name__ = function.__qualname__ = names[0]
    function.__doc__ = f"Return a tensor with `updates` {verb} at `indices`; see `tf.{names[-1]}`."
    export(*names)(function)


_tensor_scatter("TensorScatterAdd", "added", "tensor_scatter_add", "tensor_scatter_nd_add")
_tensor_scatter("TensorScatterSub", "subtracted", "tensor_scatter_sub", "tensor_scatter_nd_sub")
_tensor_scatter("TensorScatterMax", "where they are larger", "tensor_scatter_nd_max")
_tensor_scatter("TensorScatterMin", "where they are smaller", "tensor_scatter_nd_min")


@export("where")
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Return where `condition` holds, or `x` there and `y` elsewhere; see `tf.compat.v1.where`.

    Raises:
        ValueError: Only one of `x` and `y` was given.
    """
    if x is None and y is None:
        return _where(condition, name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    # In TensorFlow's registry the op's other inputs are called t and e.
    return op("Select", condition=condition, t=x, e=y, name=name)


@export("where_v2")
def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """As `where`, with broadcasting; see `tf.where`.

    Raises:
        ValueError: Only one of `x` and `y` was given.
    """
    if x is None and y is None:
        return _where(condition, name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return op("SelectV2", condition=condition, t=x, e=y, name=name)


def _where(condition: Any, name: str | None) -> Any:
    with name_scope(name, "Where", [condition]) as scope:
        condition = convert_to_tensor(condition, preferred_dtype=dtypes.bool, name="condition")
        return op("Where", input=condition, name=scope)


@export("boolean_mask")
def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Any:
    """Return the slices of a tensor for which a mask holds; see `tf.compat.v1.boolean_mask`.

    Raises:
        ValueError: The mask is a scalar, of unknown rank, or does not fit the tensor.
    """
    with name_scope(name, values=[tensor, mask]):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        mask_shape, tensor_shape = shape_of(mask), shape_of(tensor)
        count = mask_shape.rank
        if count == 0:
            raise ValueError("mask cannot be scalar.")
        if count is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None.  "
                "E.g. shape=[None] is ok, but shape=None is not."
            )
        axis = 0 if axis is None else axis
        known = constant_value(axis) if isinstance(axis, Tensor) else axis
        if known is not None:
            axis = int(known)
            tensor_shape[axis : axis + count].assert_is_compatible_with(mask_shape)
        leading = op("Prod", input=shape(tensor)[axis : axis + count], reduction_indices=[0])
        tensor = reshape(tensor, concat([shape(tensor)[:axis], [leading], shape(tensor)[axis + count :]], 0))
        if known is not None:
            first = tensor_shape[axis : axis + count].num_elements()
            set_shape(tensor, tensor_shape[:axis].concatenate([first]).concatenate(tensor_shape[axis + count :]))
        mask = reshape(mask, [-1])
        indices = squeeze(where_v2(mask), axis=[1])
        return gather(tensor, indices, axis=axis)


@export("sparse_mask", "sparse.mask")
def sparse_mask(a: IndexedSlices, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """Return rows without those at `mask_indices`; see `tf.compat.v1.sparse_mask`."""
    with name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        out_indices, to_gather = op("ListDiff", x=a.indices, y=mask_indices)
        return IndexedSlices(gather(a.values, to_gather, name=scope), out_indices, a.dense_shape)


@export("unique")
def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Any:
    """Return the different values of a vector, and which of them each element is; see `tf.unique`."""
    return Unique(*op("Unique", x=x, out_idx=out_idx, name=name))


@export("unique_with_counts")
def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Any:
    """As `unique`, and how often each occurs; see `tf.unique_with_counts`."""
    return UniqueWithCounts(*op("UniqueWithCounts", x=x, out_idx=out_idx, name=name))


@export("setdiff1d")
def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> Any:
    """Return what is in `x` and not in `y`, and where; see `tf.compat.v1.setdiff1d`."""
    return ListDiff(*op("ListDiff", x=x, y=y, out_idx=index_dtype, name=name))


@export("invert_permutation", "math.invert_permutation")
def invert_permutation(x: Any, name: str | None = None) -> Any:
    """Return the inverse of a permutation; see `tf.math.invert_permutation`."""
    return op("InvertPermutation", x=x, name=name)


@export("unravel_index")
def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """Return flat indices as coordinates; see `tf.unravel_index`."""
    return op("UnravelIndex", indices=indices, dims=dims, name=name)


@export("dynamic_partition")
def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Any]:
    """Return the slices of `data` by partition; see `tf.dynamic_partition`."""
    return op("DynamicPartition", data=data, partitions=partitions, num_partitions=num_partitions, name=name)


@export("dynamic_stitch")
def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Any:
    """Return slices put together at indices; see `tf.dynamic_stitch`."""
    return op("DynamicStitch", indices=indices, data=data, name=name)


@export("reverse_sequence")
def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None,
    name: str | None = None, seq_dim: int | None = None, batch_dim: int | None = None,
) -> Any:  # fmt: skip
    """Return a tensor with the beginnings of its slices reversed; see `tf.compat.v1.reverse_sequence`."""
    seq_axis = renamed("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch_axis = renamed("batch_axis", batch_axis, "batch_dim", batch_dim)
    arguments = {"input": input, "seq_lengths": seq_lengths}
    return op("ReverseSequence", **arguments, seq_dim=seq_axis, batch_dim=batch_axis or 0, name=name)
