"""`tf.test.compute_gradient`: derivatives as they are computed, beside those that small steps show."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.context import executing_eagerly
from onevar.core.dtype import as_dtype
from onevar.v1 import export

_ALLOWED = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")


def _api(name: str) -> Any:
    return export.exported(name)


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _reals(dtype: Any) -> tuple[Any, int]:
    """Return the real type that a type's numbers consist of, and of how many."""
    array = as_dtype(dtype).base_dtype.as_numpy_dtype
    kind = np.dtype(array)
    return ({"c8": np.float32, "c16": np.float64}[f"c{kind.itemsize}"], 2) if kind.kind == "c" else (array, 1)


def _run(fetch: Any, feeds: dict) -> Any:
    return _api("get_default_session")().run(fetch, feeds)


def _theoretical(
    x: Any, x_shape: Sequence[int], x_data: np.ndarray, dy: Any, dy_shape: Sequence[int], dx: Any, extra: dict
) -> np.ndarray:
    """Return the Jacobian that the gradients give, a row for each real number in `x`."""
    real_x, per_x = _reals(x.dtype)
    real_y, per_y = _reals(dy.dtype)
    jacobian = np.zeros((_size(x_shape) * per_x, _size(dy_shape) * per_y), real_x)
    dy_data = np.zeros(dy_shape, as_dtype(dy.dtype).as_numpy_dtype)
    flat = dy_data.reshape(-1).view(real_y)
    for column in range(jacobian.shape[1]):
        flat[column] = 1
        given = _run(dx, {x: x_data, dy: dy_data, **extra})
        jacobian[:, column] = _dense(given, x_shape, x_data.dtype).reshape(-1).view(real_x)
        flat[column] = 0
    if not jacobian.shape[1]:  # the shapes have to be right all the same
        _dense(_run(dx, {x: x_data, dy: dy_data, **extra}), x_shape, x_data.dtype)
    return jacobian


def _dense(value: Any, shape: Sequence[int], dtype: Any) -> np.ndarray:
    if not hasattr(value, "indices"):
        value = np.ascontiguousarray(np.asarray(value, dtype))
        if value.shape != tuple(shape):
            raise ValueError(f"Empty gradient has wrong shape: expected {tuple(shape)}, got {value.shape}")
        return value
    out = np.zeros(shape, dtype)
    np.add.at(out, np.asarray(value.indices), np.asarray(value.values))
    return out


def _numeric(x: Any, x_data: np.ndarray, y: Any, y_shape: Sequence[int], delta: float, extra: dict) -> np.ndarray:
    """Return the Jacobian that steps of `delta` both ways show."""
    real_x, per_x = _reals(x.dtype)
    real_y, per_y = _reals(y.dtype)
    scale = as_dtype(real_y).as_numpy_dtype(2 * delta)
    jacobian = np.zeros((x_data.size * per_x, _size(y_shape) * per_y), real_x)
    numbers = x_data.reshape(-1).view(real_x)
    for row in range(jacobian.shape[0]):
        before = numbers[row]
        ends = []
        for step in (delta, -delta):
            numbers[row] = before + real_x(step)
            ends.append(np.ascontiguousarray(_run(y, {x: x_data.copy(), **extra})))
        numbers[row] = before
        difference = (ends[0] - ends[1]) / scale
        jacobian[row] = np.ascontiguousarray(difference).reshape(-1).view(real_y)
    return jacobian


def _one(
    x: Any, x_shape: Sequence[int], dx: Any, y: Any, y_shape: Sequence[int], dy: Any, x_init: Any, delta: float,
    extra: dict,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    for tensor in (x, y):
        if as_dtype(tensor.dtype).base_dtype.key not in _ALLOWED:
            raise TypeError(f"compute_gradient: numbers of type {tensor.dtype} have no derivatives.")
    dtype = as_dtype(x.dtype).base_dtype.as_numpy_dtype
    if x_init is None:
        data = np.random.random_sample(x_shape).astype(dtype)
        if np.dtype(dtype).kind == "c":
            data.imag = np.random.random_sample(x_shape)
    else:
        if list(x_shape) != list(np.shape(x_init)):
            raise AssertionError(f"x_shape = {x_shape}, init_data shape = {list(np.shape(x_init))}")
        data = np.array(x_init, dtype)
    theoretical = _theoretical(x, x_shape, data, dy, y_shape, dx, extra)
    return theoretical, _numeric(x, data, y, y_shape, delta, extra)


def _derivatives(x: Any, y: Any, y_shape: Sequence[int]) -> tuple[Any, Any]:
    """Return the gradient of `y` with respect to `x`, and what stands for the derivative that comes from behind."""
    with _api("device")("/cpu:0"):
        start = _api("constant")(1.0, shape=y_shape, dtype=as_dtype(y.dtype).base_dtype)
        dy = _api("identity")(start)
    (dx,) = _api("gradients")([y], [x], [dy])
    if dx is None:
        raise AssertionError(f"compute_gradient: {y} does not depend on {x}.")
    return dx, start


def compute_gradient(
    x: Any, x_shape: Any, y: Any, y_shape: Any, x_init_value: Any = None, delta: float = 1e-3, init_targets: Any = None,
    extra_feed_dict: dict | None = None,
) -> Any:  # fmt: skip
    """Return two Jacobians of `y` with respect to `x`: of the gradients, and of small steps.

    Args:
        x: A tensor, or a list of them.
        x_shape: Its sizes, or a list of them.
        y: A tensor.
        y_shape: Its sizes.
        x_init_value: Where the derivatives are taken; random by default.
        delta: How long the steps are.
        init_targets: Operations to run first.
        extra_feed_dict: What else to feed.

    Returns:
        Two arrays, with a row for each number in `x` and a column for each in `y`; a list of pairs for a list.

    Raises:
        TypeError: Numbers that have no derivatives.
    """
    extra = dict(extra_feed_dict or {})
    for target in [] if init_targets is None else np.atleast_1d(np.array(init_targets, object)):
        target.run()
    if not isinstance(x, list):
        dx, dy = _derivatives(x, y, y_shape)
        return _one(x, x_shape, dx, y, y_shape, dy, x_init_value, delta, extra)
    values = [None] * len(x) if x_init_value is None else x_init_value
    made = [_derivatives(one, y, y_shape) for one in x]
    return [
        _one(one, shape, dx, y, y_shape, dy, value, delta, extra)
        for one, shape, (dx, dy), value in zip(x, x_shape, made, values, strict=True)
    ]


def compute_gradient_error(
    x: Any, x_shape: Any, y: Any, y_shape: Any, x_init_value: Any = None, delta: float = 1e-3, init_targets: Any = None,
    extra_feed_dict: dict | None = None,
) -> float:  # fmt: skip
    """Return how far the two Jacobians of `compute_gradient` are apart at most.

    Args:
        x: A tensor, or a list of them.
        x_shape: Its sizes, or a list of them.
        y: A tensor.
        y_shape: Its sizes.
        x_init_value: Where the derivatives are taken; random by default.
        delta: How long the steps are.
        init_targets: Operations to run first.
        extra_feed_dict: What else to feed.

    Raises:
        TypeError: Numbers that have no derivatives.
    """
    pairs = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    return _worst([pairs] if isinstance(pairs, tuple) else pairs)


def _worst(pairs: Any) -> float:
    error = 0.0
    for one, other in pairs:
        if one.size or other.size:
            error = np.maximum(error, np.fabs(one - other).max())
    return error


def compute_gradient_of(f: Callable[..., Any], x: Any, delta: float | None = None) -> tuple[tuple, tuple]:
    """Return the Jacobians of a function, with a row for each number that it returns.

    `tensorflow.python.ops.gradient_checker_v2.compute_gradient`.

    Args:
        f: A function of tensors.
        x: Its arguments, a list.
        delta: How long the steps are.

    Returns:
        Those of the gradients, and those of small steps, one for each argument.

    Raises:
        ValueError: `x` is no list, or the function's result does not depend on it.
        RuntimeError: Eager execution.
    """
    if not isinstance(x, list | tuple):
        raise ValueError(
            f"`x` must be a list or tuple of values convertible to a Tensor (arguments to `f`), not a {type(x)}"
        )
    if executing_eagerly():
        raise RuntimeError("compute_gradient: gradients are taken in a graph.")
    session = _api("get_default_session")()
    if session is None:
        with _api("Session")() as session:
            return _of(f, x, delta, session)
    return _of(f, x, delta, session)


def _of(f: Callable[..., Any], x: Sequence[Any], delta: float | None, session: Any) -> tuple[tuple, tuple]:
    convert = _api("convert_to_tensor")
    data = session.run([convert(one) for one in x])
    inputs = [_api("placeholder")(np.asarray(one).dtype, np.shape(one)) for one in data]
    y = convert(f(*inputs))
    feeds = dict(zip(inputs, (np.array(one) for one in data), strict=True))
    shape = np.shape(session.run(y, feeds))
    theoretical, numeric = [], []
    for at, one in enumerate(inputs):
        dx, dy = _derivatives(one, y, shape)
        extra = {other: value for other, value in feeds.items() if other is not one}
        step = 1.0 / 1024 if delta is None else delta
        pair = _one(one, np.shape(data[at]), dx, y, shape, dy, data[at], step, extra)
        theoretical.append(pair[0].T)
        numeric.append(pair[1].T)
    return tuple(theoretical), tuple(numeric)


def max_error(grad1: Any, grad2: Any) -> float:
    """Return how far two lists of Jacobians are apart at most.

    Args:
        grad1: One list.
        grad2: The other.
    """
    return _worst(zip(grad1, grad2, strict=True))
