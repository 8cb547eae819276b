"""Programs that compute shapes from shapes; each runs on TensorFlow's raw ops and on ours.

Each takes `op(type, *inputs, **attrs)`, `placeholder(shape)` and `const(value)` and returns the tensor of which the
static shape counts.
"""

from typing import Any

import numpy as np


def _ints(*items: int) -> np.ndarray:
    return np.array(items, np.int32)


def _slice_of(op: Any, const: Any, x: Any, begin: int, end: int, shrink: bool = False) -> Any:
    return op("StridedSlice", x, const(_ints(begin)), const(_ints(end)), const(_ints(1)), shrink_axis_mask=int(shrink))


def batch_and_constant(op, placeholder, const):
    x = placeholder([None, 2, 2])
    batch = _slice_of(op, const, op("Shape", x), 0, 1, True)
    return op("Reshape", x, op("Pack", [batch, const(np.int32(4))], axis=0))


def flattened_rest(op, placeholder, const):
    x = placeholder([None, 3, 4])
    rest = op("Prod", _slice_of(op, const, op("Shape", x), 1, 3), const(_ints(0)))
    return op("Reshape", x, op("Pack", [const(np.int32(-1)), rest], axis=0))


def known_shape(op, placeholder, const):
    return op("Fill", op("Shape", placeholder([2, 3])), const(np.float32(1)))


def half_of_a_size(op, placeholder, const):
    x = placeholder([None, 6])
    width = _slice_of(op, const, op("Shape", x), 1, 2, True)
    half = op("FloorDiv", width, const(np.int32(2)))
    return op("Fill", op("Pack", [half, const(np.int32(3))], axis=0), const(np.float32(0)))


def concatenated(op, placeholder, const):
    x = placeholder([None, 6])
    both = op("ConcatV2", [_slice_of(op, const, op("Shape", x), 0, 1), const(_ints(2, 3))], const(np.int32(0)))
    return op("Reshape", x, both)


def cast_and_back(op, placeholder, const):
    wide = op("Cast", op("Shape", placeholder([None, 6])), DstT="int64")
    return op("Fill", wide, const(np.float32(0)))


def through_floats(op, placeholder, const):
    n = op("Cast", op("Size", placeholder([3, 5])), DstT="float32")
    half = op("Cast", op("Ceil", op("Mul", n, const(np.float32(0.5)))), DstT="int32")
    return op("Fill", op("Pack", [half], axis=0), const(np.float32(0)))


def ranges(op, placeholder, const):
    rank = op("Rank", placeholder([None, 2, None]))
    return op("Range", const(np.int32(0)), rank, const(np.int32(1)))


def reduced_over_a_range(op, placeholder, const):
    x = placeholder([None, 2, 3])
    axes = op("Range", const(np.int32(1)), op("Rank", x), const(np.int32(1)))
    return op("Sum", x, axes)


def gathered_sizes(op, placeholder, const):
    sizes = op("GatherV2", op("Shape", placeholder([4, None, 6])), const(_ints(2, 0)), const(np.int32(0)))
    return op("Fill", sizes, const(np.float32(0)))


def sliced_by_a_size(op, placeholder, const):
    x = placeholder([None, 8])
    width = _slice_of(op, const, op("Shape", x), 1, 2, True)
    size = op("Pack", [const(np.int32(-1)), op("Sub", width, const(np.int32(3)))], axis=0)
    return op("Slice", x, const(_ints(0, 1)), size)


def unknown_batch_times_time(op, placeholder, const):
    x = placeholder([None, None, 7])
    sizes = op("Shape", x)
    both = op("Mul", _slice_of(op, const, sizes, 0, 1, True), _slice_of(op, const, sizes, 1, 2, True))
    return op("Reshape", x, op("Pack", [both, const(np.int32(7))], axis=0))


def tiled(op, placeholder, const):
    x = placeholder([None, 3])
    times = op("Pack", [const(np.int32(2)), const(np.int32(4))], axis=0)
    return op("Tile", x, times)


def transposed_by_a_computed_permutation(op, placeholder, const):
    x = placeholder([2, 3, None])
    rank, zero, one = op("Rank", x), const(np.int32(0)), const(np.int32(1))
    perm = op("Sub", op("Sub", rank, one), op("Range", zero, rank, one))
    return op("Transpose", x, perm)


def squeezed_sizes(op, placeholder, const):
    sizes = op("ExpandDims", op("Shape", placeholder([5, None])), const(np.int32(0)))
    return op("Fill", op("Squeeze", sizes, squeeze_dims=[0]), const(np.float32(0)))


def broadcast_to_a_shape(op, placeholder, const):
    return op("BroadcastTo", placeholder([1, 4]), op("Shape", placeholder([None, 4])))


def greater_of_two(op, placeholder, const):
    width = _slice_of(op, const, op("Shape", placeholder([None, 6])), 1, 2, True)
    most = op("Maximum", width, const(np.int32(9)))
    return op("Fill", op("Pack", [most], axis=0), const(np.float32(0)))


def not_known_before_it_runs(op, placeholder, const):
    sizes = op("PlaceholderWithDefault", const(_ints(2, 3)), shape=[2])
    return op("Fill", sizes, const(np.float32(0)))


def random_like(op, placeholder, const):
    return op("RandomUniform", op("Shape", placeholder([None, 3])), dtype="float32")


PROGRAMS = [
    item for name, item in list(globals().items()) if getattr(item, "__module__", "") == __name__ and name[0] != "_"
]
