"""Random tensors that are functions of a seed: `tf.random.stateless_uniform` and the like."""

import enum
from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.errors import Unsupported
from onevar.v1.array_ops_shape import stack
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import add
from onevar.v1.random_ops import at_least_tiny, class_dtype, gamma_parameters, shape_tensor


@export("random.Algorithm", "random.experimental.Algorithm")
class Algorithm(enum.Enum):
    """How the numbers are made; only Philox, which is what `AUTO_SELECT` selects on a CPU."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


def _algorithm(alg: Any) -> Algorithm:
    if isinstance(alg, str):
        plain = alg.strip().lower().replace("-", "").replace("_", "")
        alg = {"philox": 1, "threefry": 2, "autoselect": 3}.get(plain, alg)
    try:
        return Algorithm.AUTO_SELECT if alg is None else Algorithm(alg)
    except ValueError:
        raise ValueError(
            f"Argument `alg` got unsupported value {alg}. Supported values are philox for the Philox algorithm, "
            "threefry for the ThreeFry algorithm, and auto_select for auto-selection."
        ) from None


def _generator(seed: Any, alg: Any) -> dict[str, Any]:
    """The arguments of an op that say where its numbers start."""
    found = _algorithm(alg)
    if found is Algorithm.THREEFRY:
        raise Unsupported("The ThreeFry algorithm, which TensorFlow has on TPUs alone, is not supported: take philox.")
    # TensorFlow writes the scrambling out in a dozen small ops for 'philox'; they compute what this one does.
    key, counter = op("StatelessRandomGetKeyCounter", seed=seed)
    return {"key": key, "counter": counter, "alg": found.value}


def _normal(op_type: str, shape: Any, seed: Any, mean: Any, stddev: Any, dtype: Any, scope: str, alg: Any) -> Any:
    dtype = dtypes.as_dtype(dtype)
    shape = shape_tensor(shape)
    mean = convert_to_tensor(mean, dtype, "mean")
    stddev = convert_to_tensor(stddev, dtype, "stddev")
    numbers = op(op_type, shape=shape, dtype=dtype, **_generator(seed, alg))
    return add(op("Mul", "mul", x=numbers, y=stddev), mean, scope)


@export("random.stateless_normal")
def stateless_random_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Return numbers from a normal distribution; see `tf.random.stateless_normal`."""
    with name_scope(name, "stateless_random_normal", [shape, seed, mean, stddev]) as scope:
        return _normal("StatelessRandomNormalV2", shape, seed, mean, stddev, dtype, scope, alg)


@export("random.stateless_truncated_normal")
def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Return numbers from a truncated normal distribution; see `tf.random.stateless_truncated_normal`."""
    with name_scope(name, "stateless_truncated_normal", [shape, seed, mean, stddev]) as scope:
        return _normal("StatelessTruncatedNormalV2", shape, seed, mean, stddev, dtype, scope, alg)


_UNSIGNED = (dtypes.uint32, dtypes.uint64)
_UNIFORM = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, *_UNSIGNED)


def _check_uniform(dtype: dtypes.DType, minval: Any, maxval: Any) -> None:
    if dtype not in _UNIFORM:
        raise ValueError(f"Argument `dtype` got invalid value {dtype}. Accepted dtypes are {_UNIFORM}.")
    if not dtype.is_integer:
        return
    if (minval is None) != (maxval is None):
        raise ValueError(
            f"For integer `dtype` argument {dtype}, argument `minval` and `maxval` must be both None or not None. Got "
            f"`minval`={minval} and `maxval`={maxval}."
        )
    if minval is not None and dtype in _UNSIGNED:
        raise ValueError(
            f"Argument `dtype` got invalid value {dtype} when argument `minval` is not None. Please don't use unsigned "
            "integers in this case."
        )


@export("random.stateless_uniform")
def stateless_random_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Return numbers that are equally likely; see `tf.random.stateless_uniform`.

    Args:
        shape: Of the result.
        seed: Two integers.
        minval: The least; None, for integers, takes all values of the type.
        maxval: The limit; None is 1.
        dtype: Of the result.
        name: Of the operation.
        alg: The algorithm.

    Raises:
        ValueError: The dtype is none that can be drawn from, or bounds don't go with it.
    """
    dtype = dtypes.as_dtype(dtype)
    _check_uniform(dtype, minval, maxval)
    maxval = 1 if maxval is None and not dtype.is_integer else maxval
    with name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        shape = shape_tensor(shape)
        if minval is None:
            where = _generator(seed, alg)
            return op("StatelessRandomUniformFullIntV2", scope, shape=shape, dtype=dtype, **where)
        minval = convert_to_tensor(minval, dtype, "min")
        maxval = convert_to_tensor(maxval, dtype, "max")
        where = _generator(seed, alg)
        if dtype.is_integer:
            return op("StatelessRandomUniformIntV2", scope, shape=shape, minval=minval, maxval=maxval, **where)
        numbers = op("StatelessRandomUniformV2", shape=shape, dtype=dtype, **where)
        span = op("Sub", "sub", x=maxval, y=minval)
        return add(op("Mul", "mul", x=numbers, y=span), minval, scope)


@export("random.stateless_gamma")
def stateless_random_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """Return numbers from gamma distributions; see `tf.random.stateless_gamma`."""
    with name_scope(name, "stateless_random_gamma", [shape, seed, alpha, beta]):
        shape = shape_tensor(shape)
        alpha, beta, broadcast = gamma_parameters(alpha, beta, dtype)
        numbers = op("StatelessRandomGammaV3", shape=shape, alpha=broadcast, **_generator(seed, None))
        return at_least_tiny(numbers, beta)


@export("random.stateless_poisson")
def stateless_random_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """Return numbers from Poisson distributions; see `tf.random.stateless_poisson`."""
    with name_scope(name, "stateless_random_poisson", [shape, seed, lam]):
        return op("StatelessRandomPoisson", shape=shape_tensor(shape), seed=seed, lam=lam, dtype=dtypes.as_dtype(dtype))


def _classes(scope: str) -> Callable[..., Any]:
    def draw(logits: Any, num_samples: Any, seed: Any, dtype: Any, name: str | None) -> Any:
        with name_scope(name, scope, [logits, seed]):
            logits = convert_to_tensor(logits, name="logits")
            given = {"num_samples": num_samples, "seed": seed, "output_dtype": class_dtype(dtype)}
            return op("StatelessMultinomial", logits=logits, **given)

    return draw


@export("random.stateless_categorical")
def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = dtypes.int64, name: str | None = None
) -> Any:
    """Return classes drawn by their log-probabilities; see `tf.random.stateless_categorical`."""
    return _classes("stateless_categorical")(logits, num_samples, seed, dtype, name)


@export("random.stateless_multinomial")
def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = dtypes.int64, name: str | None = None
) -> Any:
    """Return classes drawn by their log-probabilities: the older `tf.random.stateless_categorical`."""
    return _classes("stateless_multinomial")(logits, num_samples, seed, output_dtype, name)


@export("random.split", "random.experimental.stateless_split")
def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Any:
    """Return `num` new seeds made from one; see `tf.random.split`."""
    seed = convert_to_tensor(seed)
    return stateless_random_uniform([num, 2], seed, None, None, dtype_of(seed), alg=alg)


@export("random.fold_in", "random.experimental.stateless_fold_in")
def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Any:
    """Return a seed made from a seed and a number; see `tf.random.fold_in`."""
    data = convert_to_tensor(data)
    return stack([stateless_random_uniform([], seed, None, None, dtype_of(data), alg=alg), data])


@export("random.experimental.stateless_shuffle")
def stateless_shuffle(value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None) -> Any:
    """Return a tensor in random order along its first axis; see `tf.random.experimental.stateless_shuffle`."""
    with name_scope(name, "stateless_shuffle", [value, seed]):
        return op("StatelessShuffle", value=value, **_generator(seed, alg))
