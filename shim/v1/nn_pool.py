"""Pools: `tf.nn.max_pool`, `tf.nn.avg_pool`, their relatives of one and three dimensions, `tf.nn.pool`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import expand_dims, squeeze
from onevar.v1.common import renamed, shape_of
from onevar.v1.export import export
from onevar.v1.nn_space import with_space_to_batch
from onevar.v1.nn_windows import convert_padding, given_dims, sequence


def _channel(data_format: str, last: int) -> int:
    return 1 if data_format.startswith("NC") else last


def _refuse_vectors(padding: Any, data_format: str | None) -> None:
    if isinstance(padding, list | tuple) and data_format == "NCHW_VECT_C":
        raise ValueError(
            f"`data_format='NCHW_VECT_C'` is not supported with explicit padding. Received: padding={padding}"
        )


def _windows(ksize: Any, strides: Any, n: int, channel: int) -> dict[str, list[Any]]:
    return {"ksize": sequence(ksize, n, channel, "ksize"), "strides": sequence(strides, n, channel, "strides")}


@export("nn.max_pool")
def max_pool(
    value: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NHWC", name: str | None = None,
    input: Any = None,
) -> Any:  # fmt: skip
    """Return the greatest of each window; see `tf.compat.v1.nn.max_pool`.

    Raises:
        ValueError: A window is of size 0, or padding and format do not go together.
    """
    value = renamed("input", input, "value", value)
    with name_scope(name, "MaxPool", [value]) as scope:
        data_format = data_format or "NHWC"
        windows = _windows(ksize, strides, 2, _channel(data_format, 3))
        _refuse_vectors(padding, data_format)
        padding, explicit = convert_padding(padding)
        if any(n == 0 for n in windows["ksize"]):
            raise ValueError(f"`ksize` cannot be zero. Received: ksize={windows['ksize']}")
        return op(
            "MaxPool", input=value, **windows, padding=padding, explicit_paddings=explicit, data_format=data_format,
            name=scope,
        )  # fmt: skip


@export("nn.max_pool2d")
def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NHWC", name: str | None = None
) -> Any:
    """Return the greatest of each window; see `tf.nn.max_pool2d`."""
    with name_scope(name, "MaxPool2d", [input]) as scope:
        data_format = data_format or "NHWC"
        windows = _windows(ksize, strides, 2, _channel(data_format, 3))
        _refuse_vectors(padding, data_format)
        padding, explicit = convert_padding(padding)
        return op(
            "MaxPool", input=input, **windows, padding=padding, explicit_paddings=explicit, data_format=data_format,
            name=scope,
        )  # fmt: skip


def _one_dimension(
    op_type: str, input: Any, ksize: Any, strides: Any, data_format: str, name: Any, **attributes: Any
) -> Any:
    """A pool over one dimension is one over two of which the first has size 1."""
    windows = {key: [1, *found] for key, found in _windows(ksize, strides, 1, _channel(data_format, 2)).items()}
    last = data_format == "NWC"
    value = expand_dims(input, 1 if last else 2)
    data_format = "NHWC" if last else "NCHW"
    argument = "input" if op_type == "MaxPool" else "value"
    found = op(op_type, **{argument: value}, **windows, **attributes, data_format=data_format, name=name)
    return squeeze(found, 1 if last else 2)


@export("nn.max_pool1d")
def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NWC", name: str | None = None
) -> Any:
    """Return the greatest of each window of one dimension; see `tf.nn.max_pool1d`."""
    with name_scope(name, "MaxPool1d", [input]) as scope:
        _refuse_vectors(padding, data_format)
        padding, explicit = convert_padding(padding, 3)
        explicit = [0, 0, *explicit] if padding == "EXPLICIT" else explicit
        attributes = {"padding": padding, "explicit_paddings": explicit}
        return _one_dimension("MaxPool", input, ksize, strides, data_format or "NWC", scope, **attributes)


@export("nn.max_pool3d")
def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NDHWC", name: str | None = None
) -> Any:
    """Return the greatest of each window of three dimensions; see `tf.nn.max_pool3d`."""
    with name_scope(name, "MaxPool3D", [input]) as scope:
        data_format = data_format or "NDHWC"
        windows = _windows(ksize, strides, 3, _channel(data_format, 4))
        return op("MaxPool3D", input=input, **windows, padding=padding, data_format=data_format, name=scope)


@export("nn.avg_pool", "nn.avg_pool2d")
def avg_pool(
    value: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NHWC", name: str | None = None,
    input: Any = None,
) -> Any:  # fmt: skip
    """Return the mean of each window; see `tf.compat.v1.nn.avg_pool`."""
    with name_scope(name, "AvgPool", [value]) as scope:
        value = renamed("input", input, "value", value)
        data_format = data_format or "NHWC"
        windows = _windows(ksize, strides, 2, _channel(data_format, 3))
        return op("AvgPool", value=value, **windows, padding=padding, data_format=data_format, name=scope)


@export("nn.avg_pool1d")
def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NWC", name: str | None = None
) -> Any:
    """Return the mean of each window of one dimension; see `tf.nn.avg_pool1d`."""
    with name_scope(name, "AvgPool1D", [input]) as scope:
        return _one_dimension("AvgPool", input, ksize, strides, data_format or "NWC", scope, padding=padding)


@export("nn.avg_pool3d")
def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NDHWC", name: str | None = None
) -> Any:
    """Return the mean of each window of three dimensions; see `tf.nn.avg_pool3d`."""
    with name_scope(name, "AvgPool3D", [input]) as scope:
        data_format = data_format or "NDHWC"
        windows = _windows(ksize, strides, 3, _channel(data_format, 3))
        return op("AvgPool3D", input=input, **windows, padding=padding, data_format=data_format, name=scope)


def _dimensions(input: Any, data_format: str | None) -> tuple[int, int]:
    """The number of spatial dimensions, and where the channels are."""
    dims = given_dims(input)
    if dims is not None:
        n = len(dims) - 2
    elif data_format is not None:
        n = len(data_format) - 2
    else:
        raise ValueError(
            "`input` must have a static shape or a data format must be given. "
            f"Received: input.shape={input.shape} and data_format={data_format}"
        )
    if not 1 <= n <= 3:
        raise ValueError(f"`input.shape.rank` must be 3, 4 or 5. Received: input.shape={input.shape} of rank {n + 2}.")
    return n, n + 1 if data_format is None else _channel(data_format, n + 1)


@export("nn.max_pool_v2")
def max_pool_v2(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None, name: str | None = None
) -> Any:
    """Return the greatest of each window, of any number of dimensions; see `tf.nn.max_pool`.

    Raises:
        ValueError: The rank is none of these, or explicit padding is not to be had.
    """
    n, channel = _dimensions(input, data_format)
    _refuse_vectors(padding, data_format)
    windows = _windows(ksize, strides, n, channel)
    if isinstance(padding, list | tuple) and n == 3:
        raise ValueError(
            f"Explicit padding is not supported with an input tensor of rank 5. Received: padding={padding}"
        )
    if n == 3:
        return op("MaxPool3D", input=input, **windows, padding=padding, data_format=data_format or "NDHWC", name=name)
    pool_of = max_pool1d if n == 1 else max_pool2d
    return pool_of(input, **windows, padding=padding, data_format=data_format, name=name)


@export("nn.avg_pool_v2")
def avg_pool_v2(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None, name: str | None = None
) -> Any:
    """Return the mean of each window, of any number of dimensions; see `tf.nn.avg_pool`.

    Raises:
        ValueError: The rank is none of these.
    """
    n, channel = _dimensions(input, data_format)
    windows = _windows(ksize, strides, n, channel)
    if n == 1:
        return avg_pool1d(input, **windows, padding=padding, data_format=data_format, name=name)
    if n == 2:
        return op("AvgPool", value=input, **windows, padding=padding, data_format=data_format or "NHWC", name=name)
    return op("AvgPool3D", input=input, **windows, padding=padding, data_format=data_format or "NDHWC", name=name)


@export("nn.max_pool_with_argmax")
def max_pool_with_argmax(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", Targmax: Any = None,  # noqa: N803 (TensorFlow's name)
    name: str | None = None, output_dtype: Any = None, include_batch_in_index: bool = False,
) -> Any:  # fmt: skip
    """Return the greatest of each window and its flat position; see `tf.compat.v1.nn.max_pool_with_argmax`.

    Raises:
        ValueError: The channels are not last.
    """
    if data_format != "NHWC":
        raise ValueError(
            f"`data_format` values other  than 'NHWC' are not supported. Received: data_format={data_format}"
        )
    wanted = renamed("output_dtype", output_dtype, "Targmax", Targmax)
    return op(
        "MaxPoolWithArgmax", input=input, ksize=ksize, strides=strides, padding=padding,
        Targmax=dtypes.int64 if wanted is None else wanted, include_batch_in_index=include_batch_in_index, name=name,
    )  # fmt: skip


# -- of any number of dimensions --------------------------------------------------------------------


def _positive(values: Any, n: int, name: str) -> np.ndarray:
    if values is None:
        return np.ones(n, np.int32)
    if len(values) != n:
        raise ValueError(f"`len({name})` should be {n}. Received: {name}={values} of length {len(values)}")
    found = np.array(values, dtype=np.int32)
    if np.any(found < 1):
        raise ValueError(f"all values of `{name}` must be positive. Received: {name}={found}")
    return found


def strides_and_dilation_rate(n: int, strides: Any, dilation_rate: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return both, complete.

    Args:
        n: The number of spatial dimensions.
        strides: One for each, or None.
        dilation_rate: The same.

    Raises:
        ValueError: They are not positive, or are used together.
    """
    rate = _positive(dilation_rate, n, "dilation_rate")
    steps = _positive(strides, n, "strides")
    if np.any(steps > 1) and np.any(rate > 1):
        raise ValueError(
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
            f"Received: strides={steps} and dilation_rate={rate}"
        )
    return steps, rate


def _check_pool(padding: Any, rate: np.ndarray, strides: np.ndarray, window_shape: Sequence[int]) -> None:
    if padding == "SAME" and np.any(rate > 1):
        raise ValueError(
            "pooling with 'SAME' padding is not implemented for `dilation_rate` > 1. "
            f"Received: padding={padding} and dilation_rate={rate}"
        )
    if np.any(strides > window_shape):
        raise ValueError(
            "`strides` > `window_shape` not supported due to inconsistency between CPU and GPU implementations. "
            f"Received: strides={strides} and window_shape={window_shape}"
        )


_POOLS = {"MAX": (max_pool, max_pool, max_pool3d), "AVG": (avg_pool, avg_pool, avg_pool3d)}


@export("nn.pool")
def pool(
    input: Any, window_shape: Any, pooling_type: str, padding: Any, dilation_rate: Any = None, strides: Any = None,
    name: str | None = None, data_format: str | None = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """Return pools of one to three dimensions, dilated too; see `tf.compat.v1.nn.pool`.

    Raises:
        ValueError: The arguments contradict each other.
    """
    dilation_rate = renamed("dilations", dilations, "dilation_rate", dilation_rate)
    with name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        input = convert_to_tensor(input, name="input")
        n = len(window_shape)
        if not 1 <= n <= 3:
            raise ValueError(
                "`len(window_shape)` must be 1, 2, or 3. "
                f"Received: window_shape={window_shape} of length {len(window_shape)}"
            )
        shape_of(input).with_rank(n + 2)
        steps, rate = strides_and_dilation_rate(n, strides, dilation_rate)
        _check_pool(padding, rate, steps, window_shape)
        if pooling_type not in _POOLS:
            raise ValueError(f"{n}-D {pooling_type} pooling is not supported.")
        first = data_format is not None and data_format.startswith("NC")
        start = 2 if first else 1
        around: tuple[list[int], list[int]] = ([1, 1], []) if first else ([1], [1])
        window = [*around[0], *window_shape, *around[1]]
        every = [*around[0], *steps.tolist(), *around[1]]
        if n == 1:
            data_format = _of_two_dimensions(data_format)
            window, every = [1, *window], [1, *every]
        pooled = _POOLS[pooling_type][n - 1]

        def call(x: Any, _: int, converted: Any) -> Any:
            if n == 1:
                x = expand_dims(x, start)
            found = pooled(x, window, every, converted, name=scope, data_format=data_format)
            return squeeze(found, [start]) if n == 1 else found

        return with_space_to_batch(input, rate, padding, call, window_shape, range(start, start + n))


def _of_two_dimensions(data_format: str | None) -> str:
    if data_format in (None, "NWC"):
        return "NHWC"
    if data_format == "NCW":
        return "NCHW"
    raise ValueError(f"data_format must be either 'NWC' or 'NCW'. Received: data_format={data_format}")
