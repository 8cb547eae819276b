"""Random tensors: `tf.random_normal`, `tf.random_uniform`, `tf.multinomial` and the like."""

from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.dimension import dimension_value
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_shape import broadcast_dynamic_shape, broadcast_to
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.check_ops import assert_
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.math_ops_elementwise import add
from onevar.v1.math_ops_reduce import reduce_all
from onevar.v1.random_seed import op_seeds


def shape_tensor(shape: Any) -> Any:
    """Return a shape as a tensor of int32, or of int64 where it is one already or is too large.

    Args:
        shape: A tensor, a TensorShape, or a sequence of integers and Dimensions.
    """
    if isinstance(shape, tuple | list):
        if not shape:
            return convert_to_tensor(shape, dtypes.int32, "shape")
        shape = tuple([dimension_value(size) for size in shape])
    return convert_to_tensor(shape, name="shape")


def _normal(op_type: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any, scope: str) -> Any:
    dtype = dtypes.as_dtype(dtype)
    sizes = shape_tensor(shape)
    mean = convert_to_tensor(mean, dtype, "mean")
    stddev = convert_to_tensor(stddev, dtype, "stddev")
    numbers = op(op_type, shape=sizes, dtype=dtype, **op_seeds(seed))
    return add(op("Mul", "mul", x=numbers, y=stddev), mean, scope)


@export("random.normal", "random_normal")
def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Return numbers from a normal distribution.

    Args:
        shape: Of the result.
        mean: Of the distribution.
        stddev: Its standard deviation.
        dtype: Of the result.
        seed: The op's own seed.
        name: Of the operation.
    """
    with name_scope(name, "random_normal", [shape, mean, stddev]) as scope:
        return _normal("RandomStandardNormal", shape, mean, stddev, dtype, seed, scope)


@export("random.truncated_normal", "truncated_normal")
def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Return numbers from a normal distribution, those dropped that are two standard deviations away or more.

    Args:
        shape: Of the result.
        mean: Of the distribution.
        stddev: Its standard deviation, before numbers are dropped.
        dtype: Of the result.
        seed: The op's own seed.
        name: Of the operation.
    """
    with name_scope(name, "truncated_normal", [shape, mean, stddev]) as scope:
        return _normal("TruncatedNormal", shape, mean, stddev, dtype, seed, scope)


_UNIFORM = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64)


@export("random.uniform", "random_uniform")
def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Return numbers from [minval, maxval), all equally likely.

    Args:
        shape: Of the result.
        minval: The least.
        maxval: The limit; None is 1, but integers need one.
        dtype: Of the result.
        seed: The op's own seed.
        name: Of the operation.

    Raises:
        ValueError: The dtype is none that can be drawn from, or an integer's limit is missing.
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype not in _UNIFORM:
        raise ValueError(f"Argument `dtype` got invalid value {dtype}. Accepted dtypes are {_UNIFORM}.")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        from_zero = isinstance(minval, int) and minval == 0
        to_one = isinstance(maxval, int) and maxval == 1
        if from_zero and to_one and not dtype.is_integer:
            return op("RandomUniform", shape=sizes, dtype=dtype, **op_seeds(seed))
        minval = convert_to_tensor(minval, dtype, "min")
        maxval = convert_to_tensor(maxval, dtype, "max")
        if dtype.is_integer:
            return op("RandomUniformInt", scope, shape=sizes, minval=minval, maxval=maxval, **op_seeds(seed))
        numbers = op("RandomUniform", shape=sizes, dtype=dtype, **op_seeds(seed))
        if from_zero:
            return op("Mul", x=numbers, y=maxval)
        return _stretched(numbers, minval, maxval, scope)


def _stretched(numbers: Any, minval: Any, maxval: Any, scope: str) -> Any:
    span = op("Sub", "sub", x=maxval, y=minval)
    return add(op("Mul", "mul", x=numbers, y=span), minval, scope)


@export("random.shuffle", "random_shuffle")
def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """Return a tensor in random order along its first axis.

    Args:
        value: The tensor.
        seed: The op's own seed.
        name: Of the operation.
    """
    return op("RandomShuffle", name, value=value, **op_seeds(seed))


@export("random.multinomial", "multinomial")
def multinomial(
    logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Any:
    """Return classes drawn by their unnormalised log-probabilities: the older `tf.random.categorical`.

    Args:
        logits: Of shape (rows, classes).
        num_samples: How many of each row.
        seed: The op's own seed.
        name: Of the operations.
        output_dtype: int32 or int64; None is int64.
    """
    with name_scope(name, "multinomial", [logits]):
        return _classes(logits, num_samples, output_dtype, seed)


@export("random.categorical")
def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Return classes drawn by their unnormalised log-probabilities.

    Args:
        logits: Of shape (rows, classes).
        num_samples: How many of each row.
        dtype: int32 or int64; None is int64.
        seed: The op's own seed.
        name: Of the operations.
    """
    with name_scope(name, "categorical", [logits]):
        return _classes(logits, num_samples, dtype, seed)


def class_dtype(dtype: Any) -> dtypes.DType:
    """Return the type of class numbers.

    Args:
        dtype: int32 or int64; None is int64.

    Raises:
        ValueError: It is another.
    """
    found = dtypes.as_dtype(dtype) if dtype else dtypes.int64
    accepted = (dtypes.int32, dtypes.int64)
    if found not in accepted:
        raise ValueError(f"Argument `dtype` got invalid value {found}. Accepted dtypes are {accepted}.")
    return found


def _classes(logits: Any, num_samples: Any, dtype: Any, seed: int | None) -> Any:
    logits = convert_to_tensor(logits, name="logits")
    dtype = class_dtype(dtype)
    return op("Multinomial", logits=logits, num_samples=num_samples, output_dtype=dtype, **op_seeds(seed))


@export("random.gamma", "random_gamma")
def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Return `shape` samples of each of the gamma distributions that `alpha` and `beta` broadcast to.

    Args:
        shape: How many of each: ahead of the parameters' shape.
        alpha: Shape parameters.
        beta: Rates; None is 1.
        dtype: Of the result.
        seed: The op's own seed.
        name: Of the operations.
    """
    with name_scope(name, "random_gamma", [shape, alpha, beta]):
        shape = convert_to_tensor(shape, dtypes.int32, "shape")
        alpha, beta, broadcast = gamma_parameters(alpha, beta, dtype)
        numbers = op("RandomGamma", shape=shape, alpha=broadcast, **op_seeds(seed))
        return at_least_tiny(numbers, beta)


def gamma_parameters(alpha: Any, beta: Any, dtype: Any) -> tuple[Any, Any, Any]:
    """Return both parameters of gamma distributions as tensors, and the first broadcast to both.

    Args:
        alpha: Shape parameters.
        beta: Rates; None is 1.
        dtype: Of both.
    """
    alpha = convert_to_tensor(alpha, dtype, "alpha")
    beta = convert_to_tensor(1 if beta is None else beta, dtype, "beta")
    return alpha, beta, broadcast_to(alpha, broadcast_dynamic_shape(shape_op(alpha), shape_op(beta)))


def at_least_tiny(numbers: Any, beta: Any) -> Any:
    """Return gamma samples divided by their rates, none of them zero.

    Args:
        numbers: The samples for a rate of one.
        beta: The rates.
    """
    kind = dtype_of(beta).as_numpy_dtype
    return op("Maximum", x=np.finfo(kind).tiny, y=op("RealDiv", "truediv", x=numbers, y=beta))


@export("random.poisson", "random_poisson")
def random_poisson(
    lam: Any, shape: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None
) -> Any:
    """Return `shape` samples of each Poisson distribution.

    Args:
        lam: Their rates.
        shape: How many of each: ahead of the rates' shape.
        dtype: Of the result.
        seed: The op's own seed.
        name: Of the operations.
    """
    with name_scope(name, "random_poisson", [lam, shape]):
        shape = convert_to_tensor(shape, dtypes.int32, "shape")
        return op("RandomPoissonV2", shape=shape, rate=lam, dtype=dtypes.as_dtype(dtype), **op_seeds(seed))


@export("random_crop", "image.random_crop")
def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Any:
    """Return a part of a tensor, of a given size and from a random place.

    Args:
        value: The tensor.
        size: Of the part, in every axis.
        seed: The op's own seed.
        name: Of the operation.
    """
    with name_scope(name, "random_crop", [value, size]) as scope:
        value = convert_to_tensor(value, name="value")
        size = convert_to_tensor(size, dtypes.int32, "size")
        shape = shape_op(value)
        check = assert_(
            reduce_all(op("GreaterEqual", x=shape, y=size)),
            ["Need value.shape >= size, got ", shape, size],
            summarize=1000,
        )
        shape = with_dependencies([check], shape)
        limit = add(op("Sub", "sub", x=shape, y=size), 1, "add")
        offset = random_uniform(shape_op(shape), dtype=dtypes.int32, maxval=dtypes.int32.max, seed=seed)
        return slice_(value, op("FloorMod", "mod", x=offset, y=limit), size, scope)
