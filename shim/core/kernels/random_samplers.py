"""Random ops that reject, search or permute: they run on the host, with NumPy, on every backend."""

from math import prod
from typing import Any

import numpy as np

from onevar.adapters.philox import philox_counter
from onevar.adapters.variates import numpy_type
from onevar.core import sampling
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


@kernel("RandomGamma", on_host=True, random=True, infer=_after)
def random_gamma(k: Any, stream: Any, shape: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Draw from gamma distributions."""
    sizes = dims(shape)
    samples = prod(sizes)
    numbers = _gammas(stream.key, stream.high, stream.counter, alpha, samples)
    stream.advance(samples * alpha.size * RESERVED)
    return numbers.reshape(sizes + alpha.shape)


def _gammas(key: Pair, high: Pair, counter: int, alpha: np.ndarray, samples: int) -> np.ndarray:
    return sampling.gamma(key, high, counter, alpha.reshape(-1), samples).astype(alpha.dtype)


def _per_parameter(shape: np.ndarray, parameter: np.ndarray) -> tuple[tuple[int, ...], int]:
    """The shape of a stateless op's samples, and how many there are of each distribution."""
    sizes = dims(shape)
    if sizes[len(sizes) - parameter.ndim :] != parameter.shape:
        raise InvalidArgumentError(None, None, "Shape passed in must end with broadcasted shape.")
    return sizes, prod(sizes[: len(sizes) - parameter.ndim])


@kernel("StatelessRandomGammaV2", on_host=True, infer=_wanted)
def stateless_random_gamma(k: Any, shape: np.ndarray, seed: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Draw from gamma distributions."""
    sizes, samples = _per_parameter(shape, alpha)
    return _gammas(*generator(seed), 0, alpha, samples).reshape(sizes)


@kernel("StatelessRandomGammaV3", on_host=True, infer=_wanted)
def stateless_random_gamma_v3(
    k: Any, shape: np.ndarray, key: np.ndarray, counter: np.ndarray, alg: np.ndarray, alpha: np.ndarray
) -> np.ndarray:
    """Draw from gamma distributions."""
    sizes, samples = _per_parameter(shape, alpha)
    pair, high, low = place(key, counter, alg)
    return _gammas(pair, high, philox_counter(*low), alpha, samples).reshape(sizes)


# -- Poisson ----------------------------------------------------------------------------------------------


@kernel("RandomPoissonV2", on_host=True, random=True, infer=_after)
def random_poisson_v2(k: Any, stream: Any, shape: np.ndarray, rate: np.ndarray, *, dtype: str) -> np.ndarray:
    """Draw from Poisson distributions."""
    sizes = dims(shape)
    samples = prod(sizes)
    numbers = _poissons(stream.key, stream.high, stream.counter, rate, samples, dtype)
    stream.advance(samples * rate.size * RESERVED)
    return numbers.reshape(sizes + rate.shape)


@kernel("RandomPoisson", on_host=True, random=True, infer=_after)
def random_poisson(k: Any, stream: Any, shape: np.ndarray, rate: np.ndarray, *, dtype: str) -> np.ndarray:
    """Draw from Poisson distributions."""
    return random_poisson_v2(k, stream, shape, rate, dtype=dtype)


def _poissons(key: Pair, high: Pair, counter: int, rate: np.ndarray, samples: int, dtype: str) -> np.ndarray:
    numbers = sampling.poisson(key, high, counter, rate.reshape(-1), samples)
    if dtype in ("int32", "int64"):
        numbers = np.nan_to_num(numbers)
    return numbers.astype(numpy_type(dtype))


@kernel("StatelessRandomPoisson", on_host=True, infer=_wanted)
def stateless_random_poisson(k: Any, shape: np.ndarray, seed: np.ndarray, lam: np.ndarray, *, dtype: str) -> np.ndarray:
    """Draw from Poisson distributions."""
    sizes, samples = _per_parameter(shape, lam)
    return _poissons(*generator(seed), 0, lam, samples, dtype).reshape(sizes)


# -- classes and permutations -----------------------------------------------------------------------------


def _samples(logits: Any, num_samples: Any, *seed: Any) -> Any:
    rows = logits.shape[0] if logits.shape else None
    count = num_samples.value
    return (rows, int(count) if isinstance(count, np.ndarray) else None)


def _check_multinomial(logits: np.ndarray, num_samples: np.ndarray) -> int:
    if logits.ndim != 2:
        raise InvalidArgumentError(None, None, f"logits should be a matrix, got shape {list(logits.shape)}")
    if int(num_samples) < 0:
        raise InvalidArgumentError(None, None, f"num_samples should be non-negative, got {int(num_samples)}")
    if not logits.shape[1]:
        raise InvalidArgumentError(None, None, "num_classes should be positive, got 0")
    return int(num_samples)


@kernel("Multinomial", on_host=True, random=True, infer=_samples)
def multinomial(k: Any, stream: Any, logits: np.ndarray, num_samples: np.ndarray, *, output_dtype: str) -> np.ndarray:
    """Draw classes by their logarithmic weights."""
    count = _check_multinomial(logits, num_samples)
    found = sampling.multinomial(stream.key, stream.high, stream.counter, logits, count)
    stream.advance(logits.shape[0] * 2 * ((count + 3) // 4 * 4) * RESERVED)
    return found.astype(output_dtype)


@kernel("StatelessMultinomial", on_host=True, infer=_samples)
def stateless_multinomial(
    k: Any, logits: np.ndarray, num_samples: np.ndarray, seed: np.ndarray, *, output_dtype: str
) -> np.ndarray:
    """Draw classes by their logarithmic weights."""
    count = _check_multinomial(logits, num_samples)
    return sampling.multinomial(*generator(seed), 0, logits, count).astype(output_dtype)


def _same_shape(value: Any, *rest: Any) -> Any:
    return value.shape


@kernel("RandomShuffle", on_host=True, random=True, infer=_same_shape)
def random_shuffle(k: Any, stream: Any, value: np.ndarray) -> np.ndarray:
    """Shuffle along the first axis."""
    if value.size <= 1 or value.shape[0] <= 1:
        return value
    order = sampling.permutation(stream.key, stream.high, stream.counter, len(value))
    stream.advance((len(value) + 2) // 4)
    return value[order]


@kernel("StatelessShuffle", on_host=True, infer=_same_shape)
def stateless_shuffle(k: Any, value: np.ndarray, key: np.ndarray, counter: np.ndarray, alg: np.ndarray) -> np.ndarray:
    """Shuffle along the first axis."""
    if value.size <= 1 or value.shape[0] <= 1:
        return value
    pair, high, low = place(key, counter, alg)
    return value[sampling.permutation(pair, high, philox_counter(*low), len(value))]
