"""Ops that fill a tensor with random numbers, from the session's stream or from a seed that is an input.

Each gives TensorFlow's CPU numbers on every backend: integers and uniform numbers bit for bit, normal ones bit for
bit in types of up to 32 bits (see each adapter's `philox` module).
"""

from math import prod
from typing import Any

import numpy as np

from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.philox import RESERVED, Pair, halves, scramble


def dims(shape: np.ndarray) -> tuple[int, ...]:
    """Return a shape given as a tensor.

    Args:
        shape: A vector of integers.

    Raises:
        InvalidArgumentError: One of them is negative.
    """
    sizes = tuple(np.reshape(shape, -1).tolist())
    if any(size < 0 for size in sizes):
        raise InvalidArgumentError(None, None, f"Dimension {min(sizes)} must be >= 0")
    return sizes


def _drawn(k: Any, fill: str, stream: Any, shape: np.ndarray, *arguments: Any) -> Any:
    """Numbers from the stream, which moves on by what TensorFlow's kernel reserves, not by what was used."""
    sizes = dims(shape)
    count = prod(sizes)
    numbers = getattr(k, fill)(stream.key, stream.high, stream.counter, count, *arguments)
    stream.advance(count * RESERVED)
    return k.reshape(numbers, sizes)


@kernel("RandomUniform", host=("shape",), random=True)
def random_uniform(k: Any, stream: Any, shape: np.ndarray, *, dtype: str) -> Any:
    """Draw from [0, 1)."""
    return _drawn(k, "philox_uniform", stream, shape, dtype)


@kernel("RandomStandardNormal", host=("shape",), random=True)
def random_standard_normal(k: Any, stream: Any, shape: np.ndarray, *, dtype: str) -> Any:
    """Draw from the normal distribution."""
    return _drawn(k, "philox_normal", stream, shape, dtype)


@kernel("TruncatedNormal", host=("shape",), random=True)
def truncated_normal(k: Any, stream: Any, shape: np.ndarray, *, dtype: str) -> Any:
    """Draw from the normal distribution between -2 and 2."""
    return _drawn(k, "philox_truncated_normal", stream, shape, dtype)


def _bounds(minval: np.ndarray, maxval: np.ndarray, count: int) -> tuple[int, int]:
    for name, value in (("minval", minval), ("maxval", maxval)):
        if np.ndim(value):
            raise InvalidArgumentError(None, None, f"{name} must be 0-D, got shape {list(np.shape(value))}")
    low, limit = int(minval), int(maxval)
    if count and low >= limit:
        raise InvalidArgumentError(None, None, f"Need minval < maxval, got {low} >= {limit}")
    return low, max(limit, low + 1)


@kernel("RandomUniformInt", host=("shape", "minval", "maxval"), random=True)
def random_uniform_int(
    k: Any,
    stream: Any,
    shape: np.ndarray,
    minval: np.ndarray,
    maxval: np.ndarray,
    *,
    Tout: str,  # noqa: N803
) -> Any:
    """Draw integers from [minval, maxval)."""
    return _drawn(k, "philox_uniform_int", stream, shape, *_bounds(minval, maxval, prod(dims(shape))), Tout)


# -- stateless -----------------------------------------------------------------------------------------

_PHILOX, _AUTO = 1, 3  # What `alg` may be on a CPU.


def generator(seed: np.ndarray) -> tuple[Pair, Pair]:
    """Return the key and the upper half of the counter for the seed of a stateless op.

    Args:
        seed: Two integers.

    Raises:
        InvalidArgumentError: It has another shape.
    """
    if np.shape(seed) != (2,):
        raise InvalidArgumentError(None, None, f"seed must have shape [2], not {list(np.shape(seed))}")
    return scramble(*np.asarray(seed).tolist())


def _word(pair: Pair) -> int:
    return pair[0] | pair[1] << 32


@kernel("StatelessRandomGetKeyCounter", host=("seed",), infer=lambda seed: [(1,), (2,)])
def get_key_counter(k: Any, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scramble a seed."""
    key, high = generator(seed)
    return np.array([_word(key)], np.uint64), np.array([0, _word(high)], np.uint64)


@kernel("StatelessRandomGetKeyCounterAlg", host=("seed",), infer=lambda seed: [(1,), (2,), ()])
def get_key_counter_alg(k: Any, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scramble a seed, and name the algorithm."""
    return *get_key_counter(k, seed), np.array(_PHILOX, np.int32)


@kernel("StatelessRandomGetAlg", on_host=True, infer=lambda: ())
def get_alg(k: Any) -> np.ndarray:
    """Name the algorithm."""
    return np.array(_PHILOX, np.int32)


def place(key: np.ndarray, counter: np.ndarray, alg: np.ndarray) -> tuple[Pair, Pair, Pair]:
    """Return the key and the two halves of the counter, upper half first, that ops take as tensors.

    Args:
        key: One uint64.
        counter: Two uint64.
        alg: The number of the algorithm.

    Raises:
        InvalidArgumentError: It is not Philox, or the counter is too short for it.
    """
    if int(alg) not in (_PHILOX, _AUTO):
        raise InvalidArgumentError(None, None, f"Unsupported algorithm id: {int(alg)}")
    if np.size(counter) < 2:
        raise InvalidArgumentError(
            None, None,
            "For the Philox algorithm, the size of counter must be at least 2; got " + str(np.size(counter)),
        )  # fmt: skip
    low, high = np.reshape(counter, -1)[:2].tolist()
    return halves(np.reshape(key, -1)[0].item()), halves(high), halves(low)


def _filled(k: Any, fill: str, shape: np.ndarray, where: tuple[Pair, Pair, Pair], *arguments: Any) -> Any:
    sizes = dims(shape)
    key, high, low = where
    numbers = getattr(k, fill)(key, high, k.philox_counter(*low), prod(sizes), *arguments)
    return k.reshape(numbers, sizes)


_V1 = ("shape", "seed")
_V2 = ("shape", "key", "counter", "alg")


def _from_seed(seed: np.ndarray) -> tuple[Pair, Pair, Pair]:
    return *generator(seed), (0, 0)


def _wanted(shape: Any, *rest: Any) -> Any:
    return shape.partial_shape()


def _stateless(op_type: str, fill: str) -> None:
    def from_seed(k: Any, shape: np.ndarray, seed: np.ndarray, *, dtype: str) -> Any:
        return _filled(k, fill, shape, _from_seed(seed), dtype)

    def from_key(
        k: Any, shape: np.ndarray, key: np.ndarray, counter: np.ndarray, alg: np.ndarray, *, dtype: str
    ) -> Any:
        return _filled(k, fill, shape, place(key, counter, alg), dtype)

    kernel(op_type, host=_V1, infer=_wanted)(from_seed)
    kernel(op_type + "V2", host=_V2, infer=_wanted)(from_key)


_stateless("StatelessRandomUniform", "philox_uniform")
_stateless("StatelessRandomNormal", "philox_normal")
_stateless("StatelessTruncatedNormal", "philox_truncated_normal")
_stateless("StatelessRandomUniformFullInt", "philox_bits")


@kernel("StatelessRandomUniformInt", host=(*_V1, "minval", "maxval"), infer=_wanted)
def stateless_random_uniform_int(
    k: Any, shape: np.ndarray, seed: np.ndarray, minval: np.ndarray, maxval: np.ndarray, *, dtype: str
) -> Any:
    """Draw integers from [minval, maxval)."""
    bounds = _bounds(minval, maxval, prod(dims(shape)))
    return _filled(k, "philox_uniform_int", shape, _from_seed(seed), *bounds, dtype)


@kernel("StatelessRandomUniformIntV2", host=(*_V2, "minval", "maxval"), infer=_wanted)
def stateless_random_uniform_int_v2(
    k: Any,
    shape: np.ndarray,
    key: np.ndarray,
    counter: np.ndarray,
    alg: np.ndarray,
    minval: np.ndarray,
    maxval: np.ndarray,
    *,
    dtype: str,
) -> Any:
    """Draw integers from [minval, maxval)."""
    bounds = _bounds(minval, maxval, prod(dims(shape)))
    return _filled(k, "philox_uniform_int", shape, place(key, counter, alg), *bounds, dtype)
