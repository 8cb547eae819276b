"""Space, depth and batch exchanged: `tf.space_to_batch`, `tf.depth_to_space` and the like; patches of images."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.v1.array_ops_create import zeros
from onevar.v1.array_ops_shape import stack
from onevar.v1.common import dims_of, renamed, set_shape, shape_of
from onevar.v1.export import export


@export("space_to_batch_nd", "manip.space_to_batch_nd")
def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """Return blocks of space as a larger batch; see `tf.space_to_batch_nd`."""
    return op("SpaceToBatchND", input=input, block_shape=block_shape, paddings=paddings, name=name)


@export("batch_to_space_nd", "manip.batch_to_space_nd")
def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Any:
    """Return a batch as blocks of space; see `tf.batch_to_space`."""
    return op("BatchToSpaceND", input=input, block_shape=block_shape, crops=crops, name=name)


def _square(block_size: Any) -> np.ndarray:
    return np.array([block_size, block_size], dtype=np.int64)


@export("space_to_batch", "nn.space_to_batch")
def space_to_batch(
    input: Any, paddings: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Any:
    """Return square blocks of space as a larger batch; see `tf.compat.v1.space_to_batch`."""
    block_size = renamed("block_shape", block_shape, "block_size", block_size)
    result = space_to_batch_nd(input, _square(block_size), paddings, name)
    set_shape(result, shape_of(result).with_rank(4))
    return result


@export("batch_to_space")
def batch_to_space(input: Any, crops: Any, block_size: Any, name: str | None = None, block_shape: Any = None) -> Any:
    """Return a batch as square blocks of space; see `tf.compat.v1.batch_to_space`."""
    block_size = renamed("block_shape", block_shape, "block_size", block_size)
    result = batch_to_space_nd(input, _square(block_size), crops, name)
    set_shape(result, shape_of(result).with_rank(4))
    return result


@export("space_to_depth", "nn.space_to_depth")
def space_to_depth(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Any:
    """Return blocks of space as channels; see `tf.compat.v1.space_to_depth`."""
    return op("SpaceToDepth", input=input, block_size=block_size, data_format=data_format, name=name)


@export("depth_to_space", "nn.depth_to_space")
def depth_to_space(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Any:
    """Return channels as blocks of space; see `tf.compat.v1.depth_to_space`."""
    return op("DepthToSpace", input=input, block_size=block_size, data_format=data_format, name=name)


@export("required_space_to_batch_paddings")
def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """Return the padding that makes a shape a multiple of blocks; see `tf.required_space_to_batch_paddings`."""
    with name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        input_shape = convert_to_tensor(input_shape, dtype=dtypes.int32, name="input_shape")
        block_shape = convert_to_tensor(block_shape, dtype=dtypes.int32, name="block_shape")
        shape_of(block_shape).assert_is_fully_defined()
        shape_of(block_shape).assert_has_rank(1)
        count = (dims_of(block_shape) or (0,))[0] or 0
        if count == 0:
            return zeros([0, 2], dtypes.int32), zeros([0, 2], dtypes.int32)
        shape_of(input_shape).assert_is_compatible_with([count])
        if base_paddings is None:
            base_paddings = zeros([count, 2], dtypes.int32)
        else:
            base_paddings = convert_to_tensor(base_paddings, dtype=dtypes.int32, name="base_paddings")
            shape_of(base_paddings).assert_is_compatible_with([count, 2])
        given = [input_shape, block_shape, base_paddings]
        known = [constant_value(t) if isinstance(t, Tensor) else None for t in given]
        if all(value is not None for value in known):
            given = known
        return _paddings_and_crops(count, *given)


def _paddings_and_crops(count: int, size: Any, block: Any, base: Any) -> tuple[Any, Any]:
    start, base_end = base[:, 0], base[:, 1]
    full = size + start + base_end
    extra = (block - full % block) % block
    end = base_end + extra
    paddings = stack([[start[i], end[i]] for i in range(count)], name="paddings")
    return paddings, stack([[0, extra[i]] for i in range(count)], name="crops")


@export("image.extract_patches")
def extract_image_patches_v2(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Any:
    """Return patches of images as channels; see `tf.image.extract_patches`."""
    shape = {"ksizes": list(sizes), "strides": list(strides), "rates": list(rates)}
    return op("ExtractImagePatches", images=images, **shape, padding=padding, name=name)


@export("extract_image_patches", "image.extract_image_patches")
def extract_image_patches(
    images: Any, ksizes: Any = None, strides: Any = None, rates: Any = None, padding: Any = None,
    name: str | None = None, sizes: Any = None,
) -> Any:  # fmt: skip
    """Return patches of images as channels; see `tf.compat.v1.extract_image_patches`."""
    return extract_image_patches_v2(images, renamed("sizes", sizes, "ksizes", ksizes), strides, rates, padding, name)
