"""How one tensor of a layer lies in each style: the rules for single tensors.

TensorFlow and Keras write a kernel as `(height, width, in, out)` and a dense kernel as `(in, out)`; torch writes
`(out, in, height, width)` and `(out, in)`. The *common* form of a tensor is TensorFlow's. A transposed convolution's is
`(height, width, out, in)` there and `(in, out, height, width)` in torch, which the same permutation takes across.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from onevar.migrate.convert.spec import ConversionError

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A rule for one tensor whose torch form is another than TensorFlow's.

    Attributes:
        summary: What it is for, for the table of rules.
        ranks: The numbers of dimensions that such a tensor has.
        common: From a torch shape to the common one, by which tensors are compared.
        of_common: The same for a shape of TensorFlow's.
        to_torch: The array, from TensorFlow's form.
        from_torch: The array, to TensorFlow's form of this shape.
    """

    summary: str
    ranks: tuple[int, ...]
    common: Callable[[Shape], Shape | None]
    of_common: Callable[[Shape], Shape | None]
    to_torch: Callable[[np.ndarray], np.ndarray]
    from_torch: Callable[[np.ndarray, Shape], np.ndarray]


def _reversed(array: np.ndarray) -> np.ndarray:
    """Return `(spatial.., in, out)` as `(out, in, spatial..)`."""
    rank = array.ndim
    return array.transpose(rank - 1, rank - 2, *range(rank - 2))


def _restored(array: np.ndarray, shape: Shape) -> np.ndarray:
    return array.transpose(*range(2, array.ndim), 1, 0)


def _conv_common(shape: Shape) -> Shape:
    return (*shape[2:], shape[1], shape[0])


def _depthwise_common(shape: Shape) -> Shape | None:
    return (*shape[2:], shape[0]) if shape[1] == 1 else None


def _depthwise_of(shape: Shape) -> Shape:
    return (*shape[:-2], shape[-2] * shape[-1])


def _depthwise_to(array: np.ndarray) -> np.ndarray:
    spatial = array.shape[:-2]
    joined = array.reshape(*spatial, -1)
    return np.moveaxis(joined, -1, 0)[:, None]


def _depthwise_from(array: np.ndarray, shape: Shape) -> np.ndarray:
    return np.moveaxis(array[:, 0], 0, -1).reshape(shape)


def _same(shape: Shape) -> Shape:
    return shape


LAYOUTS: Mapping[str, Layout] = {
    "same": Layout(
        "the tensor as it is: biases, embeddings, statistics, anything between TensorFlow 1 and Keras",
        tuple(range(9)), _same, _same, lambda array: array, lambda array, shape: array,
    ),
    "dense": Layout(
        "a dense kernel: (in, out), and (out, in) in torch", (2,), _conv_common, _same, _reversed, _restored,
    ),
    "conv": Layout(
        "a kernel of a convolution, transposed or not: (height, width, in, out), and (out, in, height, width) in torch",
        (3, 4, 5), _conv_common, _same, _reversed, _restored,
    ),
    "depthwise": Layout(
        "a depthwise kernel: (height, width, in, multiplier), and (in * multiplier, 1, height, width) in torch",
        (3, 4, 5), _depthwise_common, _depthwise_of, _depthwise_to, _depthwise_from,
    ),
}  # fmt: skip


def choices(shape: Shape, style: str) -> dict[str, Shape]:
    """Return the rules that a tensor may fall under, and its common shape under each.

    Args:
        shape: The tensor's.
        style: One of `STYLES`.
    """
    out: dict[str, Shape] = {}
    for name, layout in LAYOUTS.items():
        if len(shape) in layout.ranks:
            common = (layout.common if style == "torch" else layout.of_common)(shape)
            if common is not None:
                out[name] = common
    return out


def crosses(source_style: str, target_style: str) -> bool:
    """Return whether the two styles write kernels differently."""
    return (source_style == "torch") is not (target_style == "torch")


def shape_in(rule: str, shape: Shape, source_style: str, target_style: str) -> Shape:
    """Return the shape that a tensor has in the other style.

    Args:
        rule: A name of `LAYOUTS`.
        shape: In the source's style.
        source_style: One of `STYLES`.
        target_style: One of `STYLES`.

    Raises:
        ConversionError: A depthwise kernel of torch's, which does not say its multiplier.
    """
    if not crosses(source_style, target_style) or rule == "same":
        return shape
    if rule == "depthwise":
        if source_style == "torch":
            return (*shape[2:], shape[0], 1)
        return (shape[-2] * shape[-1], 1, *shape[:-2])
    return (shape[-1], shape[-2], *shape[:-2]) if target_style == "torch" else _conv_common(shape)


def apply(
    rule: str,
    array: np.ndarray,
    shape: Shape,
    source_style: str,
    target_style: str,
    flatten: Shape = (),
    unflatten: Shape = (),
) -> np.ndarray:
    """Return one tensor in the other style.

    Args:
        rule: A name of `LAYOUTS`.
        array: In the source's style.
        shape: That the result must have.
        source_style: One of `STYLES`.
        target_style: One of `STYLES`.
        flatten: For a dense kernel behind a flattened feature map: the map's `(height, width, channels)`.
        unflatten: For a dense kernel or bias whose outputs become a feature map: the map's.

    Raises:
        ConversionError: The rule is not for such a tensor, or its result has another shape.
    """
    layout = LAYOUTS[rule]
    if rule == "dense":
        array = _matrix(array, shape[::-1] if crosses(source_style, target_style) else shape)
    if array.ndim not in layout.ranks:
        ranks = " or ".join(map(str, layout.ranks))
        raise ConversionError(f"rule {rule!r} is for tensors of {ranks} dimensions, not of shape {array.shape}")
    if crosses(source_style, target_style):
        if target_style == "torch":
            array = _channels_first(_channels_first(array, flatten, 0), unflatten, array.ndim - 1)
            out = layout.to_torch(array)
        else:
            out = layout.from_torch(array, shape)
            out = _channels_last(_channels_last(out, flatten, 0), unflatten, out.ndim - 1)
    else:
        out = array
    return fitted(out, shape)


def _matrix(array: np.ndarray, shape: Shape) -> np.ndarray:
    """Return a kernel of more dimensions as a matrix, if ones are left out or `shape` says how to join them."""
    if array.ndim == 2:
        return array
    plain = tuple(length for length in array.shape if length != 1)
    wanted = shape if len(shape) == 2 else plain
    return array.reshape(wanted) if len(wanted) == 2 and regroups(array.shape, wanted) else array


def fitted(array: np.ndarray, shape: Shape) -> np.ndarray:
    """Return an array in a shape with the same elements in the same order, dimensions split, joined or of length 1.

    Raises:
        ConversionError: They are not the same elements.
    """
    if array.shape == shape:
        return array
    if not regroups(array.shape, shape):
        raise ConversionError(f"it comes out with shape {array.shape}, and {shape} is wanted")
    return array.reshape(shape)


def regroups(one: Shape, other: Shape) -> bool:
    """Return whether two shapes are one another's with neighbouring dimensions joined or split, or ones put in."""
    if prod(one) != prod(other):
        return False
    plain_one, plain_other = ([length for length in shape if length != 1] for shape in (one, other))
    fine, coarse = (plain_one, plain_other) if len(plain_one) >= len(plain_other) else (plain_other, plain_one)
    at = 0
    for length in coarse:
        product = 1
        while product < length and at < len(fine):
            product *= fine[at]
            at += 1
        if product != length:
            return False
    return at == len(fine)


def _channels_first(array: np.ndarray, shape: Shape, axis: int) -> np.ndarray:
    """Return an array with one axis from the order (height, width, channels) in (channels, height, width)."""
    return _permuted(array, shape, axis, (len(shape) - 1, *range(len(shape) - 1)))


def _channels_last(array: np.ndarray, shape: Shape, axis: int) -> np.ndarray:
    return _permuted(array, shape[-1:] + shape[:-1], axis, (*range(1, len(shape)), 0))


def _permuted(array: np.ndarray, shape: Shape, axis: int, order: Shape) -> np.ndarray:
    if not shape:
        return array
    if prod(shape) != array.shape[axis]:
        raise ConversionError(f"a feature map of {shape} has {prod(shape)} values, and there are {array.shape[axis]}")
    index = np.arange(prod(shape)).reshape(shape).transpose(order).ravel()
    return np.take(array, index, axis=axis)
