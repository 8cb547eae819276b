"""Random ops that reject, search or permute: what each adapter's `samplers` module computes."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from onevar.adapters.samplers import gamma_derivative
from onevar.core.infer import broadcast_shape
from onevar.core.kernel import kernel
from onevar.core.kernels.random import dims, generator, place
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.philox import RESERVED, Pair


def _after(shape: Any, parameter: Any) -> Any:
    """The shape of samples: the wanted shape, then the parameter's."""
    first = shape.partial_shape()
    return None if first is None or parameter.shape is None else first + parameter.shape


def _wanted(shape: Any, *rest: Any) -> Any:
    return shape.partial_shape()


# -- gamma ------------------------------------------------------------------------------------------------


@kernel("RandomGamma", host=("shape",), random=True, infer=_after)
def random_gamma(k: Any, stream: Any, shape: np.ndarray, alpha: Any) -> Any:
    """Draw from gamma distributions."""
    sizes, samples = _of_each(shape)
    numbers = k.philox_gamma(stream.key, stream.high, stream.counter, k.reshape(alpha, (-1,)), samples)
    stream.advance(samples * prod(k.shape(alpha)) * RESERVED)
    return k.reshape(numbers, sizes + k.shape(alpha))


def _of_each(shape: np.ndarray) -> tuple[tuple[int, ...], int]:
    sizes = dims(shape)
    return sizes, prod(sizes)


def _per_parameter(shape: np.ndarray, parameter: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """The shape of a stateless op's samples, and how many there are of each distribution."""
    sizes = dims(shape)
    if sizes[len(sizes) - len(parameter) :] != parameter:
        raise InvalidArgumentError(None, None, "Shape passed in must end with broadcasted shape.")
    return sizes, prod(sizes[: len(sizes) - len(parameter)])


def _gammas(k: Any, shape: np.ndarray, where: tuple[Pair, Pair, Any], alpha: Any) -> Any:
    sizes, samples = _per_parameter(shape, k.shape(alpha))
    return k.reshape(k.philox_gamma(*where, k.reshape(alpha, (-1,)), samples), sizes)


def _seeded(k: Any, seed: np.ndarray) -> tuple[Pair, Pair, Any]:
    return *generator(seed), k.philox_counter(0, 0)


def _placed(k: Any, key: np.ndarray, counter: np.ndarray, alg: np.ndarray) -> tuple[Pair, Pair, Any]:
    pair, high, low = place(key, counter, alg)
    return pair, high, k.philox_counter(*low)


@kernel("StatelessRandomGammaV2", host=("shape", "seed"), infer=_wanted)
def stateless_random_gamma(k: Any, shape: np.ndarray, seed: np.ndarray, alpha: Any) -> Any:
    """Draw from gamma distributions."""
    return _gammas(k, shape, _seeded(k, seed), alpha)


@kernel("StatelessRandomGammaV3", host=("shape", "key", "counter", "alg"), infer=_wanted)
def stateless_random_gamma_v3(
    k: Any, shape: np.ndarray, key: np.ndarray, counter: np.ndarray, alg: np.ndarray, alpha: Any
) -> Any:
    """Draw from gamma distributions."""
    return _gammas(k, shape, _placed(k, key, counter, alg), alpha)


@kernel("RandomGammaGrad", on_host=True, infer=broadcast_shape)
def random_gamma_grad(k: Any, alpha: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Say how much samples move with their parameter."""
    return gamma_derivative(*np.broadcast_arrays(alpha, sample)).astype(alpha.dtype)


# -- Poisson ----------------------------------------------------------------------------------------------


@kernel("RandomPoissonV2", host=("shape",), random=True, infer=_after)
def random_poisson_v2(k: Any, stream: Any, shape: np.ndarray, rate: Any, *, dtype: str) -> Any:
    """Draw from Poisson distributions."""
    sizes, samples = _of_each(shape)
    numbers = k.philox_poisson(stream.key, stream.high, stream.counter, k.reshape(rate, (-1,)), samples, dtype)
    stream.advance(samples * prod(k.shape(rate)) * RESERVED)
    return k.reshape(numbers, sizes + k.shape(rate))


@kernel("RandomPoisson", host=("shape",), random=True, infer=_after)
def random_poisson(k: Any, stream: Any, shape: np.ndarray, rate: Any, *, dtype: str) -> Any:
    """Draw from Poisson distributions."""
    return random_poisson_v2(k, stream, shape, rate, dtype=dtype)


@kernel("StatelessRandomPoisson", host=("shape", "seed"), infer=_wanted)
def stateless_random_poisson(k: Any, shape: np.ndarray, seed: np.ndarray, lam: Any, *, dtype: str) -> Any:
    """Draw from Poisson distributions."""
    sizes, samples = _per_parameter(shape, k.shape(lam))
    return k.reshape(k.philox_poisson(*_seeded(k, seed), k.reshape(lam, (-1,)), samples, dtype), sizes)


# -- classes and permutations -----------------------------------------------------------------------------


def _samples(logits: Any, num_samples: Any, *seed: Any) -> Any:
    rows = logits.shape[0] if logits.shape else None
    count = num_samples.value
    return (rows, int(count) if isinstance(count, np.ndarray) else None)


def _check_multinomial(logits: tuple[int, ...], num_samples: np.ndarray) -> int:
    if len(logits) != 2:
        raise InvalidArgumentError(None, None, f"logits should be a matrix, got shape {list(logits)}")
    if int(num_samples) < 0:
        raise InvalidArgumentError(None, None, f"num_samples should be non-negative, got {int(num_samples)}")
    if not logits[1]:
        raise InvalidArgumentError(None, None, "num_classes should be positive, got 0")
    return int(num_samples)


@kernel("Multinomial", host=("num_samples",), random=True, infer=_samples)
def multinomial(k: Any, stream: Any, logits: Any, num_samples: np.ndarray, *, output_dtype: str) -> Any:
    """Draw classes by their logarithmic weights."""
    shape = k.shape(logits)
    count = _check_multinomial(shape, num_samples)
    found = k.philox_multinomial(stream.key, stream.high, stream.counter, logits, count)
    stream.advance(shape[0] * 2 * ((count + 3) // 4 * 4) * RESERVED)
    return k.astype(found, output_dtype)


@kernel("StatelessMultinomial", host=("num_samples", "seed"), infer=_samples)
def stateless_multinomial(k: Any, logits: Any, num_samples: np.ndarray, seed: np.ndarray, *, output_dtype: str) -> Any:
    """Draw classes by their logarithmic weights."""
    count = _check_multinomial(k.shape(logits), num_samples)
    return k.astype(k.philox_multinomial(*_seeded(k, seed), logits, count), output_dtype)


def _same_shape(value: Any, *rest: Any) -> Any:
    return value.shape


def _shuffled(k: Any, value: Any, where: Callable[[], tuple[Pair, Pair, Any]]) -> Any:
    shape = k.shape(value)
    if prod(shape) <= 1 or shape[0] <= 1:
        return value
    return k.take(value, k.philox_permutation(*where(), shape[0]), axis=0)


@kernel("RandomShuffle", random=True, infer=_same_shape)
def random_shuffle(k: Any, stream: Any, value: Any) -> Any:
    """Shuffle along the first axis."""
    shape = k.shape(value)
    shuffled = _shuffled(k, value, lambda: (stream.key, stream.high, stream.counter))
    if prod(shape) > 1 and shape[0] > 1:
        stream.advance((shape[0] + 2) // 4)
    return shuffled


@kernel("StatelessShuffle", host=("key", "counter", "alg"), infer=_same_shape)
def stateless_shuffle(k: Any, value: Any, key: np.ndarray, counter: np.ndarray, alg: np.ndarray) -> Any:
    """Shuffle along the first axis."""
    return _shuffled(k, value, lambda: _placed(k, key, counter, alg))
