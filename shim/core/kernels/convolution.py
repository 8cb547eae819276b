"""Convolutions and their gradient ops."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.shape_rules import Dim
from onevar.core.spec import Shape, ShapeError, Spec

Pads = tuple[tuple[int, int], ...]


def is_first(data_format: str) -> bool:
    """Whether the channels are the second axis.

    Args:
        data_format: TensorFlow's: `"NHWC"`.

    Returns:
        True for `NCHW`, `NCDHW`.
    """
    return data_format.startswith("NC")


def spatial(values: Sequence[Any], data_format: str) -> tuple[Any, ...]:
    """The entries of an attribute, or a shape, that belong to the spatial axes.

    Args:
        values: One entry for each axis.
        data_format: Their order.

    Returns:
        The spatial ones.
    """
    return tuple(values[2:]) if is_first(data_format) else tuple(values[1:-1])


def output_size(size: Dim, window: Dim, stride: int, padding: str, pair: tuple[int, int] = (0, 0)) -> Dim:
    """The number of windows along one axis.

    Args:
        size: The axis's.
        window: The window's extent, dilated.
        stride: From window to window.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        pair: The explicit padding.

    Returns:
        The number, None where it is not known.

    Raises:
        ShapeError: The window is larger than the axis.
    """
    if padding == "SAME":
        return size if size is None or stride == 1 else -(-size // stride)
    if size is None or window is None:
        return size if window == 1 and stride == 1 and not any(pair) else None
    whole = size + sum(pair)
    if whole - window + stride < 0 or (whole < window and (whole - window) // stride + 1 < 0):
        raise ShapeError(f"Negative dimension size caused by subtracting {window} from {whole}")
    return (whole - window + stride) // stride


def pads(
    padding: str, sizes: Sequence[int], windows: Sequence[int], strides: Sequence[int], explicit: Sequence[int] = ()
) -> Pads:
    """The padding before and after each spatial axis.

    Args:
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        sizes: Of the axes.
        windows: The windows' extents, dilated.
        strides: From window to window.
        explicit: The explicit padding of the spatial axes, one number after the other.

    Returns:
        A pair for each axis.
    """
    if padding == "EXPLICIT":
        return tuple((explicit[2 * i], explicit[2 * i + 1]) for i in range(len(sizes)))
    if padding == "VALID":
        return ((0, 0),) * len(sizes)
    found = []
    for size, window, stride in zip(sizes, windows, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
        found.append((total // 2, total - total // 2))
    return tuple(found)


def explicit_pairs(explicit: Sequence[int], data_format: str) -> tuple[int, ...]:
    """The explicit padding of the spatial axes.

    Args:
        explicit: Two numbers for each axis, or nothing.
        data_format: The order of the axes.

    Returns:
        Two numbers for each spatial axis, one after the other.
    """
    if not explicit:
        return ()
    return tuple(explicit[4:]) if is_first(data_format) else tuple(explicit[2:-2])


class Geometry(NamedTuple):
    """How the windows of a convolution lie, in the form that the primitives take."""

    strides: tuple[int, ...]
    padding: Pads
    dilations: tuple[int, ...]
    first: bool


def _geometry(sizes: Sequence[int], kernel_sizes: Sequence[int], attrs: "_Attrs") -> Geometry:
    extents = [(n - 1) * d + 1 for n, d in zip(kernel_sizes, attrs.dilations, strict=True)]
    found = pads(attrs.padding, sizes, extents, attrs.strides, attrs.explicit)
    return Geometry(attrs.strides, found, attrs.dilations, attrs.first)


class _Attrs(NamedTuple):
    """The attributes of a convolution, those of the spatial axes alone."""

    strides: tuple[int, ...]
    padding: str
    explicit: tuple[int, ...]
    dilations: tuple[int, ...]
    first: bool
    data_format: str


def _attrs(
    strides: Sequence[int], padding: str, data_format: str, dilations: Sequence[int], explicit: Sequence[int] = ()
) -> _Attrs:
    return _Attrs(
        spatial(strides, data_format),
        padding,
        explicit_pairs(explicit, data_format),
        spatial(dilations, data_format),
        is_first(data_format),
        data_format,
    )


# -- shapes -----------------------------------------------------------------------------------------


def _convolved(x: Spec, filters: Spec, attrs: _Attrs, count: int, channels: Callable[[tuple, Dim], Dim]) -> Shape:
    shape, weights = rules.with_rank(x.shape, count + 2), rules.with_rank(filters.shape, count + 2)
    sizes = []
    for i, size in enumerate(spatial(shape, attrs.data_format)):
        window = weights[i]
        extent = None if window is None else (window - 1) * attrs.dilations[i] + 1
        pair = attrs.explicit[2 * i : 2 * i + 2] or (0, 0)
        sizes.append(output_size(size, extent, attrs.strides[i], attrs.padding, pair))  # type: ignore[arg-type]
    outer = channels(weights, shape[1 if attrs.first else -1])
    return (shape[0], outer, *sizes) if attrs.first else (shape[0], *sizes, outer)


def _grouped(weights: tuple, depth: Dim) -> Dim:
    inner = weights[-2]
    if depth is not None and inner is not None and (inner == 0 or depth % inner):
        raise ShapeError(f"Depth of input ({depth}) is not a multiple of input depth of filter ({inner})")
    return weights[-1]


def _multiplied(weights: tuple, depth: Dim) -> Dim:
    depth = rules.merge_dim(depth, weights[-2])
    return None if depth is None or weights[-1] is None else depth * weights[-1]


def _conv2d_shape(
    x: Spec, filters: Spec, *, strides: list, padding: str, explicit_paddings: list, data_format: str, dilations: list
) -> Shape:
    return _convolved(x, filters, _attrs(strides, padding, data_format, dilations, explicit_paddings), 2, _grouped)


def _conv3d_shape(x: Spec, filters: Spec, *, strides: list, padding: str, data_format: str, dilations: list) -> Shape:
    return _convolved(x, filters, _attrs(strides, padding, data_format, dilations), 3, _grouped)


def _depthwise_shape(
    x: Spec, filters: Spec, *, strides: list, padding: str, explicit_paddings: list, data_format: str, dilations: list
) -> Shape:
    return _convolved(x, filters, _attrs(strides, padding, data_format, dilations, explicit_paddings), 2, _multiplied)


def _given(at: int, rank: int) -> Callable[..., Shape]:
    """An `infer` of ops whose output has the shape that an input holds."""

    def infer(*specs: Spec) -> Shape:
        shape = specs[at].partial_shape()
        return rules.with_rank(shape, rank)

    return infer


def _conv2d_input_shape(input_sizes: Spec, filters: Spec, gradient: Spec) -> Shape:
    given = input_sizes.partial_shape()
    batch = rules.with_rank(gradient.shape, 4)[0]
    if given is not None and len(given) == 2:
        return (batch, None, None, None)
    given = rules.with_rank(given, 4)
    return (rules.merge_dim(given[0], batch), *given[1:])


# -- computing --------------------------------------------------------------------------------------


def _convolve(k: Any, x: Any, filters: Any, attrs: _Attrs) -> Any:
    shape, weights = k.shape(x), k.shape(filters)
    how = _geometry(spatial(shape, attrs.data_format), weights[:-2], attrs)
    groups = shape[1 if attrs.first else -1] // max(weights[-2], 1)
    return k.conv(x, filters, how.strides, how.padding, how.dilations, groups, how.first)


def _input_gradient(k: Any, shape: Sequence[int], filters: Any, gradient: Any, attrs: _Attrs) -> Any:
    sizes, weights = spatial(shape, attrs.data_format), k.shape(filters)
    how = _geometry(sizes, weights[:-2], attrs)
    groups = shape[1 if attrs.first else -1] // max(weights[-2], 1)
    return k.conv_input_gradient(gradient, filters, sizes, how.strides, how.padding, how.dilations, groups, how.first)


def _filter_gradient(k: Any, x: Any, weights: Sequence[int], gradient: Any, attrs: _Attrs) -> Any:
    shape = k.shape(x)
    how = _geometry(spatial(shape, attrs.data_format), weights[:-2], attrs)
    groups = shape[1 if attrs.first else -1] // max(weights[-2], 1)
    sizes = tuple(weights[:-2])
    return k.conv_filter_gradient(x, gradient, sizes, how.strides, how.padding, how.dilations, groups, how.first)


def _ints(values: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in values)


def _four(sizes: Sequence[int], like: Sequence[int], data_format: str) -> tuple[int, ...]:
    """The sizes of an input: TensorFlow takes the spatial ones alone too."""
    if len(sizes) == 4:
        return tuple(sizes)
    return (like[0], 0, *sizes) if is_first(data_format) else (like[0], *sizes, 0)


@kernel("Conv2D", heavy=True, infer=_conv2d_shape)
def _conv2d(
    k: Any, x: Any, filters: Any, *, strides: list, padding: str, explicit_paddings: list, data_format: str,
    dilations: list,
) -> Any:  # fmt: skip
    return _convolve(k, x, filters, _attrs(strides, padding, data_format, dilations, explicit_paddings))


@kernel("Conv2DBackpropInput", host=("input_sizes",), heavy=True, infer=_conv2d_input_shape)
def _conv2d_input(
    k: Any, input_sizes: Any, filters: Any, gradient: Any, *, strides: list, padding: str, explicit_paddings: list,
    data_format: str, dilations: list,
) -> Any:  # fmt: skip
    attrs = _attrs(strides, padding, data_format, dilations, explicit_paddings)
    shape = _four(_ints(input_sizes), k.shape(gradient), data_format)
    return _input_gradient(k, shape, filters, gradient, attrs)


@kernel("Conv2DBackpropFilter", host=("filter_sizes",), heavy=True, infer=_given(1, 4))
def _conv2d_filter(
    k: Any, x: Any, filter_sizes: Any, gradient: Any, *, strides: list, padding: str, explicit_paddings: list,
    data_format: str, dilations: list,
) -> Any:  # fmt: skip
    attrs = _attrs(strides, padding, data_format, dilations, explicit_paddings)
    return _filter_gradient(k, x, _ints(filter_sizes), gradient, attrs)


@kernel("Conv3D", heavy=True, infer=_conv3d_shape)
def _conv3d(k: Any, x: Any, filters: Any, *, strides: list, padding: str, data_format: str, dilations: list) -> Any:
    return _convolve(k, x, filters, _attrs(strides, padding, data_format, dilations))


@kernel("Conv3DBackpropInputV2", host=("input_sizes",), heavy=True, infer=_given(0, 5))
def _conv3d_input(
    k: Any, input_sizes: Any, filters: Any, gradient: Any, *, strides: list, padding: str, data_format: str,
    dilations: list,
) -> Any:  # fmt: skip
    attrs = _attrs(strides, padding, data_format, dilations)
    return _input_gradient(k, _ints(input_sizes), filters, gradient, attrs)


@kernel("Conv3DBackpropFilterV2", host=("filter_sizes",), heavy=True, infer=_given(1, 5))
def _conv3d_filter(
    k: Any, x: Any, filter_sizes: Any, gradient: Any, *, strides: list, padding: str, data_format: str,
    dilations: list,
) -> Any:  # fmt: skip
    return _filter_gradient(k, x, _ints(filter_sizes), gradient, _attrs(strides, padding, data_format, dilations))


@kernel("Conv3DBackpropInput", heavy=True, infer=lambda x, filters, gradient: rules.with_rank(x.shape, 5))
def _conv3d_input_v1(
    k: Any, x: Any, filters: Any, gradient: Any, *, strides: list, padding: str, dilations: list
) -> Any:
    attrs = _attrs(strides, padding, "NDHWC", dilations)
    return _input_gradient(k, k.shape(x), filters, gradient, attrs)


@kernel("Conv3DBackpropFilter", heavy=True, infer=lambda x, filters, gradient: rules.with_rank(filters.shape, 5))
def _conv3d_filter_v1(
    k: Any, x: Any, filters: Any, gradient: Any, *, strides: list, padding: str, dilations: list
) -> Any:
    return _filter_gradient(k, x, k.shape(filters), gradient, _attrs(strides, padding, "NDHWC", dilations))


def _flat_filters(k: Any, filters: Any) -> Any:
    """Filters of one input channel a group: TensorFlow has the multiplier of each channel last."""
    height, width, depth, times = k.shape(filters)
    return k.reshape(filters, (height, width, 1, depth * times))


@kernel("DepthwiseConv2dNative", heavy=True, infer=_depthwise_shape)
def _depthwise(
    k: Any, x: Any, filters: Any, *, strides: list, padding: str, explicit_paddings: list, data_format: str,
    dilations: list,
) -> Any:  # fmt: skip
    attrs = _attrs(strides, padding, data_format, dilations, explicit_paddings)
    return _convolve(k, x, _flat_filters(k, filters), attrs)


@kernel("DepthwiseConv2dNativeBackpropInput", host=("input_sizes",), heavy=True, infer=_given(0, 4))
def _depthwise_input(
    k: Any, input_sizes: Any, filters: Any, gradient: Any, *, strides: list, padding: str, explicit_paddings: list,
    data_format: str, dilations: list,
) -> Any:  # fmt: skip
    attrs = _attrs(strides, padding, data_format, dilations, explicit_paddings)
    return _input_gradient(k, _ints(input_sizes), _flat_filters(k, filters), gradient, attrs)


@kernel("DepthwiseConv2dNativeBackpropFilter", host=("filter_sizes",), heavy=True, infer=_given(1, 4))
def _depthwise_filter(
    k: Any, x: Any, filter_sizes: Any, gradient: Any, *, strides: list, padding: str, explicit_paddings: list,
    data_format: str, dilations: list,
) -> Any:  # fmt: skip
    attrs = _attrs(strides, padding, data_format, dilations, explicit_paddings)
    height, width, depth, times = _ints(filter_sizes)
    found = _filter_gradient(k, x, (height, width, 1, depth * times), gradient, attrs)
    return k.reshape(found, (height, width, depth, times))
