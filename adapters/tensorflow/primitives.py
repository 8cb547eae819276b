"""TensorFlow's functions under the names of `contract.PRIMITIVES`, eagerly and inside `tf.function`.

Pure ops of its own registry do not come here: `ops.op` runs them as they are. What is left are
updates of state, composites and other people's definitions. Errors are TensorFlow's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from onevar.adapters.composites import COMPOSITES
from onevar.adapters.contract import Primitives
from onevar.adapters.convolution import CONVOLUTIONS
from onevar.adapters.tensorflow import philox, samplers
from onevar.adapters.tensorflow.kernels import FLOAT_KERNELS, KERNELS, astype

raw = tf.raw_ops
math = tf.math


def _log_base(base: float) -> Callable:
    return lambda x: math.log(x) * tf.constant(1 / np.log(base), x.dtype)


def _trunc(x: tf.Tensor) -> tf.Tensor:
    return tf.where(x < 0, math.ceil(x), math.floor(x)) if x.dtype.is_floating else x


def _sign(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x != 0, x.dtype) if x.dtype.is_unsigned else raw.Sign(x=x)


def _signbit(x: tf.Tensor) -> tf.Tensor:
    bits = {2: tf.int16, 4: tf.int32, 8: tf.int64}
    return (tf.bitcast(x, bits[x.dtype.size]) if x.dtype.is_floating else x) < 0


def _copysign(x: Any, y: Any) -> tf.Tensor:
    size = tf.abs(tf.convert_to_tensor(x))
    return tf.where(_signbit(tf.convert_to_tensor(y, size.dtype)), -size, size)


def _hypot(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    x, y = tf.abs(x), tf.abs(y)
    large, small = tf.maximum(x, y), tf.minimum(x, y)
    ratio = math.divide_no_nan(small, large)
    return tf.where(tf.math.is_inf(large), large, large * tf.sqrt(1 + ratio * ratio))


def _logaddexp(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    x, y = _tensors(x, y)
    # Where both are the same infinity, their difference is nan.
    same = tf.equal(x, y)
    apart = tf.where(same, tf.zeros_like(x - y), x - y)
    return tf.maximum(x, y) + math.log1p(tf.exp(-tf.abs(apart)))


def _tensors(x: Any, y: Any) -> tuple[tf.Tensor, tf.Tensor]:
    like = x if isinstance(x, tf.Tensor) else y
    return tf.convert_to_tensor(x, like.dtype), tf.convert_to_tensor(y, like.dtype)


def _bits(function: Callable, logic: Callable) -> Callable:
    def bitwise(x: Any, y: Any) -> tf.Tensor:
        x, y = _tensors(x, y)
        return logic(x, y) if x.dtype.is_bool else function(x, y)

    return bitwise


def _clip(x: tf.Tensor, min: Any = None, max: Any = None) -> tf.Tensor:
    x = x if min is None else raw.Maximum(x=x, y=min)
    return x if max is None else raw.Minimum(x=x, y=max)


def _predicate(function: Callable, otherwise: bool) -> Callable:
    """The integers are all finite; TensorFlow's own predicate refuses them."""
    return lambda x: function(x) if x.dtype.is_floating else tf.fill(tf.shape(x), otherwise)


def _reduction(function: Callable) -> Callable:
    def reduce(x: tf.Tensor, axis: Any = None, keepdims: bool = False) -> tf.Tensor:
        return function(x, axis=axis, keepdims=keepdims) if axis != () else x

    return reduce


def _position(function: Callable) -> Callable:
    def position(x: tf.Tensor, axis: int | None = None, keepdims: bool = False) -> tf.Tensor:
        x = tf.cast(x, tf.uint8) if x.dtype.is_bool else x
        if axis is None:
            found = function(tf.reshape(x, [-1]), 0)
            return tf.reshape(found, [1] * len(x.shape)) if keepdims else found
        found = function(x, axis)
        return tf.expand_dims(found, axis) if keepdims else found

    return position


def _direction(descending: bool) -> str:
    return "DESCENDING" if descending else "ASCENDING"


def _sort(x: tf.Tensor, axis: int = -1, descending: bool = False) -> tf.Tensor:
    return tf.sort(x, axis, _direction(descending))


def _argsort(x: tf.Tensor, axis: int = -1, descending: bool = False) -> tf.Tensor:
    return tf.cast(tf.argsort(x, axis, _direction(descending), stable=True), tf.int64)


def _searchsorted(x1: tf.Tensor, x2: tf.Tensor, side: str = "left") -> tf.Tensor:
    return tf.reshape(tf.searchsorted(x1, tf.reshape(x2, [-1]), side, tf.int64), tf.shape(x2))


def _squeeze(x: tf.Tensor, axis: Any) -> tf.Tensor:
    # Without axes, TensorFlow takes away all that it can.
    return tf.squeeze(x, axis) if axis != () else x


def _moveaxis(x: tf.Tensor, source: int, destination: int) -> tf.Tensor:
    rank = len(x.shape)
    order = [axis for axis in range(rank) if axis != source % rank]
    order.insert(destination % rank, source % rank)
    return tf.transpose(x, order)


def _broadcast_arrays(*arrays: tf.Tensor) -> tuple[tf.Tensor, ...]:
    shape = tf.shape(arrays[0])
    for x in arrays[1:]:
        shape = tf.broadcast_dynamic_shape(shape, tf.shape(x))
    return tuple(tf.broadcast_to(x, shape) for x in arrays)


def _flip(x: tf.Tensor, axis: Any = None) -> tf.Tensor:
    axes = range(len(x.shape)) if axis is None else ((axis,) if isinstance(axis, int) else axis)
    return tf.reverse(x, list(axes)) if axes else x


def _roll(x: tf.Tensor, shift: Any, axis: Any = None) -> tf.Tensor:
    return tf.reshape(tf.roll(tf.reshape(x, [-1]), shift, 0), tf.shape(x)) if axis is None else tf.roll(x, shift, axis)


def _tile(x: tf.Tensor, repetitions: Sequence[int]) -> tf.Tensor:
    missing = len(repetitions) - len(x.shape)
    x = tf.reshape(x, tf.concat([[1] * missing, tf.shape(x)], 0)) if missing > 0 else x
    return tf.tile(x, [*[1] * -missing, *repetitions])


def _triangle(upper: bool) -> Callable:
    def triangle(x: tf.Tensor, k: int = 0) -> tf.Tensor:
        rows, columns = tf.unstack(tf.shape(x)[-2:])
        above = tf.range(columns)[None, :] - tf.range(rows)[:, None]
        return tf.where(above >= k if upper else above <= k, x, tf.zeros_like(x))

    return triangle


def _pad(x: tf.Tensor, widths: Sequence, mode: str = "constant", value: Any = 0) -> tf.Tensor:
    return tf.pad(x, widths, mode.upper(), tf.cast(value, x.dtype)) if len(x.shape) else x


def _full(shape: Sequence[int], value: Any, dtype: str) -> tf.Tensor:
    return tf.fill(shape, tf.cast(value, dtype))


def _arange(start: Any, stop: Any, step: Any, dtype: str) -> tf.Tensor:
    wide = dtype if dtype in ("int32", "int64", "float32", "float64") else "float32" if "float" in dtype else "int64"
    return tf.cast(tf.range(start, stop, step, wide), dtype)


def _setitem(x: tf.Tensor, index: Any, value: Any) -> tf.Tensor:
    where = np.arange(int(np.prod(x.shape))).reshape(x.shape)[index]
    value = tf.broadcast_to(tf.cast(value, x.dtype), where.shape)
    flat = tf.tensor_scatter_nd_update(tf.reshape(x, [-1]), where.reshape(-1, 1), tf.reshape(value, [-1]))
    return tf.reshape(flat, x.shape)


def _take_along_axis(x: tf.Tensor, indices: tf.Tensor, axis: int = -1) -> tf.Tensor:
    last = len(x.shape) - 1
    found = tf.gather(_moveaxis(x, axis, last), _moveaxis(indices, axis, last), batch_dims=last)
    return _moveaxis(found, last, axis)


_SCATTER = {
    "set": tf.tensor_scatter_nd_update,
    "add": tf.tensor_scatter_nd_add,
    "subtract": tf.tensor_scatter_nd_sub,
    "max": tf.tensor_scatter_nd_max,
    "min": tf.tensor_scatter_nd_min,
}


def _scatter(x: tf.Tensor, indices: tf.Tensor, updates: tf.Tensor, mode: str) -> tf.Tensor:
    if mode in _SCATTER:
        return _SCATTER[mode](x, tf.expand_dims(indices, -1), updates)
    factor = math.unsorted_segment_prod(updates, indices, tf.shape(x)[0])
    return x * factor if mode == "multiply" else raw.Div(x=x, y=factor)


def _segment_sum(x: tf.Tensor, ids: tf.Tensor, count: int) -> tf.Tensor:
    # Negative ids are dropped; larger ones are an error on a CPU.
    return math.unsorted_segment_sum(x, tf.where(ids < count, ids, -tf.ones_like(ids)), count)


def _svd(x: tf.Tensor, full_matrices: bool = True) -> tuple[tf.Tensor, ...]:
    s, u, v = tf.linalg.svd(x, full_matrices)
    return u, s, tf.linalg.adjoint(v)


def _solve(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.linalg.solve(x, y) if len(y.shape) > 1 else tf.linalg.solve(x, y[:, None])[:, 0]


def _triangular_solve(x: tf.Tensor, y: tf.Tensor, lower: bool = True, adjoint: bool = False) -> tf.Tensor:
    return tf.linalg.triangular_solve(x, y, lower, adjoint)


def _complex_input(x: tf.Tensor) -> tf.Tensor:
    return x if x.dtype.is_complex else tf.cast(x, tf.complex128 if x.dtype == tf.float64 else tf.complex64)


def _length(n: int | None) -> list[int] | None:
    return None if n is None else [n]


def _bound(composite: Callable) -> Callable:
    return lambda *arguments: composite(_SELF, *arguments)


_UNARY = {
    name: getattr(math, name)
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "conj", "cos", "cosh", "digamma", "erf", "erfc",
        "erfinv", "exp", "expm1", "floor", "imag", "lgamma", "log", "log1p", "real", "reciprocal", "round", "rsqrt",
        "sigmoid", "sin", "sinh", "softplus", "sqrt", "square", "tan", "tanh", "atan2", "nextafter",
    )
}  # fmt: skip

PRIMITIVES: Mapping[str, Callable] = {
    **{name: function for name, function in KERNELS.items() if name not in ("sum", "mean", "max", "argmax")},
    **_UNARY,
    **{name: FLOAT_KERNELS[name] for name in ("add", "multiply")},
    "asarray": tf.constant,
    "astype": astype,
    "zeros": tf.zeros,
    "ones": tf.ones,
    "full": _full,
    "zeros_like": tf.zeros_like,
    "ones_like": tf.ones_like,
    "arange": _arange,
    "linspace": lambda start, stop, num, dtype: tf.constant(np.linspace(start, stop, num), dtype),
    "eye": lambda n_rows, n_cols, dtype: tf.eye(n_rows, n_cols, dtype=dtype),
    "bitcast": tf.bitcast,
    "shape": lambda x: tuple(x.shape),
    "dtype": lambda x: x.dtype.name,
    "complex": tf.complex,
    "isfinite": _predicate(math.is_finite, True),
    "isinf": _predicate(math.is_inf, False),
    "isnan": _predicate(math.is_nan, False),
    "log2": _log_base(2),
    "log10": _log_base(10),
    "positive": tf.identity,
    "relu": tf.nn.relu,
    "sign": _sign,
    "signbit": _signbit,
    "trunc": _trunc,
    "stop_gradient": tf.stop_gradient,
    "bitwise_and": _bits(tf.bitwise.bitwise_and, tf.logical_and),
    "bitwise_or": _bits(tf.bitwise.bitwise_or, tf.logical_or),
    "bitwise_xor": _bits(tf.bitwise.bitwise_xor, tf.not_equal),
    "bitwise_left_shift": lambda x, y: tf.bitwise.left_shift(*_tensors(x, y)),
    "bitwise_right_shift": lambda x, y: tf.bitwise.right_shift(*_tensors(x, y)),
    "copysign": _copysign,
    "hypot": lambda x, y: _hypot(*_tensors(x, y)),
    "logaddexp": _logaddexp,
    "maximum": lambda x, y: raw.Maximum(x=x, y=y),
    "minimum": lambda x, y: raw.Minimum(x=x, y=y),
    "clip": _clip,
    "sum": _reduction(tf.reduce_sum),
    "prod": _reduction(tf.reduce_prod),
    "max": _reduction(tf.reduce_max),
    "min": _reduction(tf.reduce_min),
    "mean": _reduction(tf.reduce_mean),
    "any": _reduction(tf.reduce_any),
    "all": _reduction(tf.reduce_all),
    "logsumexp": _reduction(tf.reduce_logsumexp),
    "argmax": _position(tf.argmax),
    "argmin": _position(tf.argmin),
    "cumulative_sum": lambda x, axis=0: tf.cumsum(x, axis),
    "cumulative_prod": lambda x, axis=0: math.cumprod(x, axis),
    "softmax": lambda x, axis=-1: tf.nn.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: tf.nn.log_softmax(x, axis),
    "sort": _sort,
    "argsort": _argsort,
    "top_k": lambda x, n: tuple(raw.TopKV2(input=x, k=n, sorted=True)),
    "searchsorted": _searchsorted,
    "expand_dims": lambda x, axis=0: tf.expand_dims(x, axis),
    "squeeze": _squeeze,
    "moveaxis": _moveaxis,
    "broadcast_to": tf.broadcast_to,
    "broadcast_arrays": _broadcast_arrays,
    "concat": lambda arrays, axis=0: tf.concat(arrays, axis),
    "stack": lambda arrays, axis=0: tf.stack(arrays, axis),
    "unstack": lambda x, axis=0: tuple(tf.unstack(x, axis=axis)),
    "flip": _flip,
    "roll": _roll,
    "tile": _tile,
    "repeat": lambda x, repeats, axis=None: tf.repeat(x, repeats, axis),
    "tril": _triangle(False),
    "triu": _triangle(True),
    "pad": _pad,
    "getitem": lambda x, index: x[index],
    "setitem": _setitem,
    "take": lambda x, indices, axis=0: tf.gather(x, indices, axis=axis),
    "take_along_axis": _take_along_axis,
    "scatter": _scatter,
    "segment_sum": _segment_sum,
    "matrix_transpose": tf.linalg.matrix_transpose,
    "tensordot": lambda x, y, axes=2: tf.tensordot(x, y, axes),
    "vecdot": lambda x, y, axis=-1: tf.reduce_sum(math.conj(x) * y, axis),
    # An adapter's own op is asked first: TensorFlow's kernels.
    **{name: _bound(composite) for name, composite in CONVOLUTIONS.items()},
    "cross": lambda x, y, axis=-1: COMPOSITES["cross"](_SELF, x, y, axis),
    "einsum": tf.einsum,
    "linalg_cholesky": tf.linalg.cholesky,
    "linalg_inv": tf.linalg.inv,
    "linalg_det": tf.linalg.det,
    "linalg_slogdet": lambda x: tuple(tf.linalg.slogdet(x)),
    "linalg_solve": _solve,
    "linalg_qr": lambda x, mode="reduced": tuple(tf.linalg.qr(x, mode == "complete")),
    "linalg_svd": _svd,
    "linalg_eigh": lambda x: tuple(tf.linalg.eigh(x)),
    "linalg_triangular_solve": _triangular_solve,
    "fft": lambda x: tf.signal.fft(_complex_input(x)),
    "ifft": lambda x: tf.signal.ifft(_complex_input(x)),
    "rfft": lambda x, n=None: tf.signal.rfft(x, _length(n)),
    "irfft": lambda x, n=None: tf.signal.irfft(x, _length(n)),
    "fft2": lambda x: tf.signal.fft2d(_complex_input(x)),
    "ifft2": lambda x: tf.signal.ifft2d(_complex_input(x)),
    **philox.TABLE,
    **samplers.TABLE,
}
"""`contract.PRIMITIVES` on TensorFlow's tensors."""

_SELF: Primitives = Primitives("tensorflow", PRIMITIVES)
