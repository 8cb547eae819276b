"""How images differ, from each other and within themselves: PSNR, SSIM, total variation, gradients."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import constant, zeros
from onevar.v1.array_ops_shape import concat, identity, pad, reshape, shape, shape_n, size, stack, tile
from onevar.v1.check_ops import assert_
from onevar.v1.common import dims_of, dtype_of, rank_of, set_shape, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.image_adjusting import convert_image_dtype
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_reduce import reduce_all, reduce_mean, reduce_prod, reduce_sum
from onevar.v1.nn_activations import relu, softmax
from onevar.v1.nn_conv import depthwise_conv2d
from onevar.v1.nn_pool import avg_pool


@export("image.total_variation")
def total_variation(images: Any, name: str | None = None) -> Any:
    """Return how much neighbouring pixels differ, for an image or each of several; see `tf.image.total_variation`.

    Args:
        images: The images.
        name: Of the operations.

    Raises:
        ValueError: They have neither 3 nor 4 dimensions.
    """
    with name_scope(name, "total_variation"):
        images = convert_to_tensor(images)
        count = rank_of(images)
        if count == 3:
            rows = images[1:, :, :] - images[:-1, :, :]
            columns = images[:, 1:, :] - images[:, :-1, :]
            axes = None
        elif count == 4:
            rows = images[:, 1:, :, :] - images[:, :-1, :, :]
            columns = images[:, :, 1:, :] - images[:, :, :-1, :]
            axes = [1, 2, 3]
        else:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        total = reduce_sum(op("Abs", x=rows), axis=axes)
        return total + reduce_sum(op("Abs", x=columns), axis=axes)


@export("image.image_gradients")
def image_gradients(image: Any) -> tuple[Any, Any]:
    """Return how much each pixel differs from the one below and from the one to the right; see `tf.image`.

    Args:
        image: Images, 4 dimensions.

    Raises:
        ValueError: They have not 4 dimensions.
    """
    if rank_of(image) != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {shape_of(image)}.")
    dims = dims_of(image)
    whole = shape(image)
    sizes = op("Unpack", "unstack", value=whole, num=4)
    batch, height, width, depth = sizes
    down = image[:, 1:, :, :] - image[:, :-1, :, :]
    across = image[:, :, 1:, :] - image[:, :, :-1, :]
    down = concat([down, zeros(stack([batch, 1, width, depth]), dtype_of(image))], 1)
    down = reshape(down, whole)
    across = concat([across, zeros(stack([batch, height, 1, depth]), dtype_of(image))], 2)
    across = reshape(across, whole)
    if dims is not None:
        set_shape(down, dims)
        set_shape(across, dims)
    return down, across


_SOBEL = (
    ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
)


@export("image.sobel_edges")
def sobel_edges(image: Any) -> Any:
    """Return the edges of images, down and across, as one more dimension; see `tf.image.sobel_edges`.

    Args:
        image: Images, 4 dimensions.
    """
    static = dims_of(image)
    whole = shape(image)
    filters = np.transpose(np.array(_SOBEL), (1, 2, 0))[:, :, None, :]
    kernels = constant(filters, dtype=dtype_of(image))
    kernels = tile(kernels, [1, 1, whole[-1], 1], name="sobel_filters")
    padded = pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    found = depthwise_conv2d(padded, kernels, [1, 1, 1, 1], "VALID")
    result = reshape(found, concat([whole, [2]], 0))
    if static is not None:
        set_shape(result, [*static, 2])
    return result


# -- PSNR and SSIM -------------------------------------------------------------------------------------


def verified(first: Any, second: Any) -> tuple[Any, Any, list[Any]]:
    """Return the shapes of two images, and the checks that they can be compared.

    Args:
        first: Images.
        second: Others.

    Raises:
        ValueError: They cannot.
    """
    one, other = shape_of(first).with_rank_at_least(3), shape_of(second).with_rank_at_least(3)
    one[-3:].assert_is_compatible_with(other[-3:])
    if one.ndims is not None and other.ndims is not None:
        for a, b in zip(reversed(one[:-3].dims), reversed(other[:-3].dims), strict=False):
            if not (a.value == 1 or b.value == 1 or a.is_compatible_with(b)):
                raise ValueError(f"Two images are not compatible: {one} and {other}")
    shape1, shape2 = shape_n([first, second])
    checks = [
        assert_(op("GreaterEqual", x=size(shape1), y=3), [shape1, shape2], summarize=10),
        assert_(reduce_all(op("Equal", x=shape1[-3:], y=shape2[-3:])), [shape1, shape2], summarize=10),
    ]
    return shape1, shape2, checks


@export("image.psnr")
def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Any:
    """Return the peak signal-to-noise ratio of images, in decibels; see `tf.image.psnr`.

    Args:
        a: Images.
        b: Others.
        max_val: The range of their numbers.
        name: Of the operations.
    """
    with name_scope(name, "PSNR", [a, b]):
        max_val = convert_image_dtype(cast(max_val, dtype_of(convert_to_tensor(a))), dtypes.float32)
        a, b = convert_image_dtype(a, dtypes.float32), convert_image_dtype(b, dtypes.float32)
        error = reduce_mean(op("SquaredDifference", x=a, y=b), [-3, -2, -1])
        peak = 20 * op("Log", x=max_val) / op("Log", x=10.0)
        result = op("Sub", "psnr", x=peak, y=np.float32(10 / np.log(10)) * op("Log", x=error))
        _, _, checks = verified(a, b)
        with control_dependencies(checks):
            return identity(result)


def _gauss(width: Any, sigma: Any) -> Any:
    """A window of weights that add up to one."""
    whole: Any = convert_to_tensor(width, dtypes.int32)
    sigma = convert_to_tensor(sigma)
    at: Any = cast(op("Range", "range", start=0, limit=whole, delta=1), dtype_of(sigma))
    at = at - cast(whole - 1, dtype_of(sigma)) / 2.0
    bell = op("Square", x=at) * (-0.5 / op("Square", x=sigma))
    both = reshape(bell, shape=[1, -1]) + reshape(bell, shape=[-1, 1])
    both = softmax(reshape(both, shape=[1, -1]))
    return reshape(both, shape=[whole, whole, 1, 1])


def _parts(x: Any, y: Any, reducer: Any, max_val: Any, compensation: float, k1: float, k2: float) -> tuple[Any, Any]:
    """Luminance, and contrast times structure."""
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean0, mean1 = reducer(x), reducer(y)
    product = mean0 * mean1 * 2.0
    squares = op("Square", x=mean0) + op("Square", x=mean1)
    luminance = (product + c1) / (squares + c1)
    twice = reducer(x * y) * 2.0
    both = reducer(op("Square", x=x) + op("Square", x=y))
    c2 = c2 * compensation
    return luminance, (twice - product + c2) / (both - squares + c2)


def _per_channel(
    first: Any, second: Any, max_val: Any, width: int, sigma: float, k1: float, k2: float
) -> tuple[Any, Any, Any]:
    """SSIM, and its contrast part, of each channel; the map that both are means of."""
    filter_size = constant(width, dtype=dtypes.int32)
    filter_sigma = constant(sigma, dtype=dtype_of(first))
    shape1, shape2 = shape_n([first, second])
    checks = [
        assert_(reduce_all(op("GreaterEqual", x=s[-3:-1], y=filter_size)), [s, filter_size], summarize=8)
        for s in (shape1, shape2)
    ]
    with control_dependencies(checks):
        first = identity(first)
    kernel = tile(_gauss(filter_size, filter_sigma), multiples=[1, 1, shape1[-1], 1])

    def reducer(x: Any) -> Any:
        whole = shape(x)
        x = reshape(x, shape=concat([[-1], whole[-3:]], 0))
        y = depthwise_conv2d(x, kernel, strides=[1, 1, 1, 1], padding="VALID")
        return reshape(y, concat([whole[:-3], shape(y)[1:]], 0))

    luminance, contrast = _parts(first, second, reducer, max_val, 1.0, k1, k2)
    both = luminance * contrast
    axes = constant([-3, -2], dtype=dtypes.int32)
    return reduce_mean(both, axes), reduce_mean(contrast, axes), both


@export("image.ssim")
def ssim(
    img1: Any, img2: Any, max_val: Any, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03, return_index_map: bool = False,
) -> Any:  # fmt: skip
    """Return the structural similarity of images; see `tf.image.ssim`.

    Args:
        img1: Images.
        img2: Others.
        max_val: The range of their numbers.
        filter_size: Of the window, in pixels.
        filter_sigma: How wide the bell curve in it is.
        k1: For the mean.
        k2: For the variance.
        return_index_map: Whether to return the similarity of each place.
    """
    with name_scope(None, "SSIM", [img1, img2]):
        img1, img2 = convert_to_tensor(img1, name="img1"), convert_to_tensor(img2, name="img2")
        _, _, checks = verified(img1, img2)
        with control_dependencies(checks):
            img1 = identity(img1)
        max_val = convert_image_dtype(cast(max_val, dtype_of(img1)), dtypes.float32)
        img1, img2 = convert_image_dtype(img1, dtypes.float32), convert_image_dtype(img2, dtypes.float32)
        means, _, everywhere = _per_channel(img1, img2, max_val, filter_size, filter_sigma, k1, k2)
        return reduce_mean(everywhere if return_index_map else means, [-1])


_POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@export("image.ssim_multiscale")
def ssim_multiscale(
    img1: Any, img2: Any, max_val: Any, power_factors: Any = _POWERS, filter_size: int = 11,
    filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03,
) -> Any:  # fmt: skip
    """Return the structural similarity of images at several scales; see `tf.image.ssim_multiscale`.

    Args:
        img1: Images.
        img2: Others.
        max_val: The range of their numbers.
        power_factors: The weight of each scale, the largest first.
        filter_size: Of the window, in pixels.
        filter_sigma: How wide the bell curve in it is.
        k1: For the mean.
        k2: For the variance.
    """
    with name_scope(None, "MS-SSIM", [img1, img2]):
        img1, img2 = convert_to_tensor(img1, name="img1"), convert_to_tensor(img2, name="img2")
        shape1, shape2, checks = verified(img1, img2)
        with control_dependencies(checks):
            img1 = identity(img1)
        max_val = convert_image_dtype(cast(max_val, dtype_of(img1)), dtypes.float32)
        images = [convert_image_dtype(img1, dtypes.float32), convert_image_dtype(img2, dtypes.float32)]
        heads, tails = [s[:-3] for s in (shape1, shape2)], [s[-3:] for s in (shape1, shape2)]
        contrasts: list[Any] = []
        per_channel: Any = None
        for scale in range(len(power_factors)):
            with name_scope(None, f"Scale{scale}", images):
                if scale:
                    images, tails = _halved(images, heads, tails)
                per_channel, contrast, _ = _per_channel(
                    images[0], images[1], max_val, filter_size, filter_sigma, k1, k2
                )
                contrasts.append(relu(contrast))
        contrasts.pop()
        stacked = stack([*contrasts, relu(per_channel)], axis=-1)
        return reduce_mean(reduce_prod(op("Pow", "pow", x=stacked, y=list(power_factors)), [-1]), [-1])


def _halved(images: list[Any], heads: list[Any], tails: list[Any]) -> tuple[list[Any], list[Any]]:
    """Images of half the size; a row or column that is left over is repeated."""
    divisor = constant([2, 2, 1], dtype=dtypes.int32)
    flat = [reshape(x, concat([[-1], tail], 0)) for x, tail in zip(images, tails, strict=True)]
    rest = tails[0] % divisor
    odd = op("Any", input=op("NotEqual", x=rest, y=0), reduction_indices=[0])

    def extended(x: Any) -> Any:
        widths = concat([[[0, 0]], stack([zeros_like_vector(rest), rest], -1)], axis=0)
        return pad(x, widths, mode="SYMMETRIC")

    padded = cond(odd, lambda: [extended(x) for x in flat], lambda: list(flat))
    halves = [avg_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID") for x in padded]
    new = [shape(x)[1:] for x in halves]
    return [reshape(x, concat([head, tail], 0)) for x, head, tail in zip(halves, heads, new, strict=True)], new


def zeros_like_vector(x: Any) -> Any:
    """Return a vector of as many zeros.

    Args:
        x: A vector.
    """
    return op("ZerosLike", "zeros_like", x=x)
