"""TensorFlow's ops under the names of `contract.KERNELS`.

TensorFlow computes on no bool and on few unsigned types; where a wider type holds the exact result,
the operands go through it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.gen_resource_variable_ops import read_variable_op
from tensorflow.python.ops.resource_variable_ops import variable_accessed

from onevar.adapters.widening import widened
from onevar.dtypes import FLOAT8

raw = tf.raw_ops


def dtype_of(x: Any) -> str | None:
    """Return the dtype's name of a tensor or variable, and None for a Python scalar."""
    dtype = getattr(x, "dtype", None)
    return dtype.name if isinstance(dtype, tf.DType) else None


def astype(x: Any, dtype: str) -> tf.Tensor:
    """Return `x` cast; `x` itself where nothing changes."""
    wanted = tf.as_dtype(dtype)
    if x.dtype == wanted:
        return x
    if dtype in FLOAT8 and not x.dtype.is_floating:
        x = raw.Cast(x=x, DstT=tf.float32)  # Cast knows no other way from integers; float32 holds all float8 can
    return raw.Cast(x=x, DstT=wanted)


# Two's complement: sums, products and bits of uint64 are those of int64.
_UNSIGNED = {"uint8": "int32", "uint16": "int64", "uint32": "int64", "uint64": "int64"}
_SMALL = {**_UNSIGNED, "int8": "int32", "int16": "int32"}


def _widened(kernel: Callable, through: Mapping[str, str], *, back: bool = True) -> Callable:
    return widened(kernel, through, dtype_of, astype, back=back)


def _binary(op: Callable) -> Callable:
    return lambda a, b: op(x=a, y=b)


def _logic_for_bool(kernel: Callable, logic: Callable) -> Callable:
    """Sum and product of truth values are `or` and `and`, as in NumPy."""
    return lambda a, b: logic(x=a, y=b) if dtype_of(a) == "bool" else kernel(a, b)


def _matmul(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    if dtype_of(a) == "bool":
        return astype(_product(astype(a, "float32"), astype(b, "float32")), "bool")
    return _product(a, b)


def _product(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    rank_a, rank_b = len(a.shape), len(b.shape)
    if rank_a == rank_b == 2:
        return raw.MatMul(a=a, b=b)
    if rank_a == 0 or rank_b == 0:
        raise ValueError(f"matmul(a, b): operands need at least one axis. Received: shapes {a.shape} and {b.shape}.")
    # The array API's rule for vectors, which BatchMatMul does not know.
    wide_a = tf.expand_dims(a, 0) if rank_a == 1 else a
    wide_b = tf.expand_dims(b, -1) if rank_b == 1 else b
    out = raw.BatchMatMulV2(x=wide_a, y=wide_b)
    squeezed = ([-2] if rank_a == 1 else []) + ([-1] if rank_b == 1 else [])
    return tf.squeeze(out, squeezed) if squeezed else out


def _compare(op: Callable) -> Callable:
    plain = _binary(op)

    def compare(a: Any, b: Any) -> tf.Tensor:
        if dtype_of(a) == "bool" or dtype_of(b) == "bool":
            return plain(tf.cast(a, tf.uint8), tf.cast(b, tf.uint8))
        return plain(a, b)

    return compare


def _equality(op: Callable) -> Callable:
    # Statically incompatible shapes are an error, not a scalar False.
    return lambda a, b: op(x=a, y=b, incompatible_shape_error=True)


def _logical(op: Callable) -> Callable:
    return lambda a, b: op(x=tf.cast(a, tf.bool), y=tf.cast(b, tf.bool))


def _bitwise_invert(x: tf.Tensor) -> tf.Tensor:
    return raw.LogicalNot(x=x) if dtype_of(x) == "bool" else raw.Invert(x=x)


def _round(x: tf.Tensor, decimals: int = 0) -> tf.Tensor:
    if x.dtype.is_integer and decimals >= 0:
        return tf.identity(x)
    if decimals == 0:
        return raw.Round(x=x)
    wide = tf.cast(x, tf.float64) if x.dtype.is_integer else x
    scale = tf.cast(10.0**decimals, wide.dtype)
    return tf.cast(tf.round(wide * scale) / scale, x.dtype)


def _abs(x: tf.Tensor) -> tf.Tensor:
    return tf.identity(x) if x.dtype.is_unsigned or x.dtype.is_bool else tf.abs(x)


def _pow(a: Any, b: Any) -> tf.Tensor:
    if "uint64" in (dtype_of(a), dtype_of(b)):
        # Powers modulo 2**64 do not know signs; the exponent only has to be below 2**63.
        signed = [tf.bitcast(tf.convert_to_tensor(x, tf.uint64), tf.int64) for x in (a, b)]
        return tf.bitcast(raw.Pow(x=signed[0], y=signed[1]), tf.uint64)
    return _WIDE_POW(a, b)


_WIDE_POW = _widened(_binary(raw.Pow), _SMALL)


def _reduction(function: Callable) -> Callable:
    return lambda x, axis=None, keepdims=False: function(x, axis=axis, keepdims=keepdims)


def _argmax(x: tf.Tensor, axis: int | None = None) -> tf.Tensor:
    return tf.argmax(tf.reshape(x, [-1]) if axis is None else x, axis=0 if axis is None else axis)


KERNELS: Mapping[str, Callable] = {
    "add": _logic_for_bool(_binary(raw.AddV2), raw.LogicalOr),
    "subtract": _binary(raw.Sub),
    "multiply": _logic_for_bool(_binary(raw.Mul), raw.LogicalAnd),
    "divide": _binary(raw.RealDiv),
    "floor_divide": _binary(raw.FloorDiv),
    "remainder": _binary(raw.FloorMod),
    "pow": _pow,
    "matmul": _widened(_matmul, _SMALL),
    "equal": _equality(raw.Equal),
    "not_equal": _equality(raw.NotEqual),
    "less": _compare(raw.Less),
    "less_equal": _compare(raw.LessEqual),
    "greater": _compare(raw.Greater),
    "greater_equal": _compare(raw.GreaterEqual),
    "logical_and": _logical(raw.LogicalAnd),
    "logical_or": _logical(raw.LogicalOr),
    "logical_xor": lambda a, b: raw.NotEqual(x=tf.cast(a, tf.bool), y=tf.cast(b, tf.bool)),
    "negative": _widened(lambda x: raw.Neg(x=x), _UNSIGNED),
    "abs": _abs,
    "bitwise_invert": _bitwise_invert,
    "logical_not": lambda x: raw.LogicalNot(x=tf.cast(x, tf.bool)),
    "round": _round,
    "exp": tf.exp,
    "log": tf.math.log,
    "sqrt": tf.sqrt,
    "tanh": tf.tanh,
    "sin": tf.sin,
    "cos": tf.cos,
    "floor": tf.floor,
    "sum": _reduction(tf.reduce_sum),
    "mean": _reduction(tf.reduce_mean),
    "max": _reduction(tf.reduce_max),
    "argmax": _argmax,
    "reshape": tf.reshape,
    "permute_dims": tf.transpose,
    "where": tf.where,
    "take": lambda x, indices, axis=0: tf.gather(x, indices, axis=axis),
}


def _read(x: Any) -> Any:
    """Return the value of a variable, anything else as it is.

    An op that is given a variable reads it with the interpreter's lock (the GIL) held. A writer that holds the
    variable's own lock may need the GIL to let go of the value before (memory that NumPy lent): a deadlock.
    """
    if type(x) in _VALUES or not isinstance(x, tf.Variable):
        return x
    variable_accessed(x)  # for a tape; `x.value()` does this and more, and takes twice as long
    return read_variable_op(x.handle, x.dtype)


#: What needs no reading; asked first, because `isinstance` with `tf.Variable` is a Python function.
_VALUES = frozenset({tf.__internal__.EagerTensor, float, int})


def _of_values(kernel: Callable) -> Callable:
    return lambda *operands: kernel(*map(_read, operands))


#: Straight to the op.
_PLAIN: Mapping[str, Callable] = {
    "add": _binary(raw.AddV2),
    "subtract": _binary(raw.Sub),
    "multiply": _binary(raw.Mul),
    "divide": _binary(raw.RealDiv),
    "floor_divide": _binary(raw.FloorDiv),
    "remainder": _binary(raw.FloorMod),
    "pow": _binary(raw.Pow),
    "matmul": _product,
    "equal": _equality(raw.Equal),
    "not_equal": _equality(raw.NotEqual),
    "less": _binary(raw.Less),
    "less_equal": _binary(raw.LessEqual),
    "greater": _binary(raw.Greater),
    "greater_equal": _binary(raw.GreaterEqual),
    "negative": lambda x: raw.Neg(x=x),
    "abs": lambda x: raw.Abs(x=x),
}

#: For operands that need no care, and may be variables themselves.
FLOAT_KERNELS: Mapping[str, Callable] = {name: _of_values(fn) for name, fn in {**KERNELS, **_PLAIN}.items()}
